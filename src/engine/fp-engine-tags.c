#include "engine/fp-engine-tags.h"

#include <string.h>

#include "engine/fp-engine-private.h"
#include "engine/fp-item-json.h"
#include "store/fp-event-rows.h"
#include "sync/fp-batch.h"

#define TAG_MAX 200
/* A batch of this one event alone is within the limit. */
#define EVENT_MAX (FP_BATCH_BYTES - 16)

typedef struct {
  char *tag;
  char *text; /* (nullable): the event, or the bus name */
} Args;

static void
args_free (gpointer data)
{
  Args *args = data;

  g_free (args->tag);
  g_free (args->text);
  g_free (args);
}

static Args *
args_new (const char *tag,
          const char *text)
{
  Args *args = g_new0 (Args, 1);

  args->tag = g_strdup (tag);
  args->text = g_strdup (text);

  return args;
}

static gboolean
check_tag (const char  *tag,
           GError     **error)
{
  gboolean good = *tag && strlen (tag) <= TAG_MAX && g_utf8_validate (tag, -1, NULL);

  for (const char *c = tag; good && *c; c++)
    good = !g_ascii_iscntrl (*c);
  if (!good)
    g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE,
                 "tag: 1 to %d bytes of text without control characters", TAG_MAX);

  return good;
}

/* An operation that failed before it touched the store. */
static void
return_error (FpEngine            *self,
              gpointer             source_tag,
              GError              *error,
              GAsyncReadyCallback  callback,
              gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, source_tag);
  g_task_return_error (task, error);
}

FpTags *
fp_engine_get_tags (FpEngine *self)
{
  g_return_val_if_fail (FP_IS_ENGINE (self), NULL);

  return self->tags;
}

/* Tags of events. */

typedef struct {
  FpTagRow *row;
  char     *secret;
} SetTag;

static void
set_tag_free (gpointer data)
{
  SetTag *set = data;

  g_clear_pointer (&set->row, fp_tag_row_free);
  g_free (set->secret);
  g_free (set);
}

static gpointer
write_tag (FpStoreTxn  *txn,
           gpointer     data,
           GError     **error)
{
  FpTagRow *row = data;

  if (row->reach == FP_REACH_AUTO)
    {
      GError *local = NULL;
      g_autoptr(FpServerRow) server = _fp_engine_find_server (txn, row->url, &local);

      if (local)
        {
          g_propagate_error (error, local);
          return NULL;
        }
      row->reach = server ? server->reach : FP_REACH_AUTO;
    }
  if (!fp_tag_rows_set (txn, row, error))
    return NULL;

  return fp_tag_rows_get (txn, row->name, error);
}

static void
tag_written_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  FpTagRow *row = _fp_engine_finish (FP_ENGINE (source), result, &error);

  if (row)
    g_task_return_pointer (task, row, (GDestroyNotify) fp_tag_row_free);
  else
    g_task_return_error (task, error);
}

/* Takes @task. */
static void
write_set_tag (GTask *task)
{
  SetTag *set = g_task_get_task_data (task);

  _fp_engine_write (g_task_get_source_object (task), write_set_tag, write_tag, set->row, NULL,
                    (GDestroyNotify) fp_tag_row_free, g_task_get_cancellable (task), tag_written_cb, task);
}

static void
tag_secret_kept_cb (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  SetTag *set = g_task_get_task_data (task);
  GError *error = NULL;

  set->row->secret_id = _fp_engine_finish (FP_ENGINE (source), result, &error);
  if (set->row->secret_id)
    write_set_tag (g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

/**
 * fp_engine_set_tag_async:
 * @request: (transfer full): tag, url, headers and reach
 *
 * Says where the events of a tag go, or says it anew; events that wait go there too. A token in the URL or in a header
 * that holds credentials goes to the keyring.
 */
void
fp_engine_set_tag_async (FpEngine            *self,
                         FpEnqueue           *request,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  SetTag *set = g_new0 (SetTag, 1);
  g_autoptr(FpItem) item = NULL;
  GError *error = NULL;

  g_task_set_source_tag (task, fp_engine_set_tag_async);
  g_task_set_task_data (task, set, set_tag_free);
  g_free (request->method);
  request->method = g_strdup ("POST");
  if (check_tag (request->tag ? request->tag : "", &error))
    item = _fp_engine_check_request (request, &set->secret, &error);
  if (item && fp_tags_is_builtin (request->tag))
    {
      g_set_error (&error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE, "tag: “%s” is that of requests, not of events",
                   request->tag);
      g_clear_pointer (&item, fp_item_free);
    }
  fp_enqueue_free (request);
  if (!item)
    {
      g_task_return_error (task, error);
      return;
    }

  set->row = fp_tag_row_new ();
  set->row->name = g_steal_pointer (&item->tag);
  set->row->url = g_steal_pointer (&item->url);
  set->row->headers = g_steal_pointer (&item->headers);
  set->row->reach = item->reach;
  set->row->batch_max = FP_BATCH_EVENTS;
  if (set->secret)
    _fp_engine_keep_secret_async (self, set->row->url, set->secret, cancellable, tag_secret_kept_cb,
                                  g_steal_pointer (&task));
  else
    write_set_tag (g_steal_pointer (&task));
}

FpTagRow *
fp_engine_set_tag_finish (FpEngine      *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  return _fp_engine_finish (self, result, error);
}

static gpointer
remove_tag (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  return fp_tag_rows_remove (txn, data, error) ? _FP_ENGINE_DONE : NULL;
}

void
fp_engine_remove_tag_async (FpEngine            *self,
                            const char          *tag,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  _fp_engine_write (self, fp_engine_remove_tag_async, remove_tag, g_strdup (tag), g_free, NULL, cancellable, callback,
                    user_data);
}

gboolean
fp_engine_remove_tag_finish (FpEngine      *self,
                             GAsyncResult  *result,
                             GError       **error)
{
  return _fp_engine_finish (self, result, error) != NULL;
}

static gpointer
add_event (FpStoreTxn  *txn,
           gpointer     data,
           GError     **error)
{
  Args *args = data;

  return fp_event_rows_add (txn, args->tag, args->text, error) ? _FP_ENGINE_DONE : NULL;
}

void
fp_engine_add_event_async (FpEngine            *self,
                           const char          *tag,
                           const char          *json,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  gsize length = strlen (json);
  g_autoptr(GError) local = NULL;
  GError *error = NULL;

  if (length > EVENT_MAX)
    g_set_error (&error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE, "event: larger than 1 MiB");
  else if (!fp_json_check (json, length, &local))
    g_set_error (&error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE, "event: %s", local->message);
  if (error)
    return_error (self, fp_engine_add_event_async, error, callback, user_data);
  else
    _fp_engine_write (self, fp_engine_add_event_async, add_event, args_new (tag, json), args_free, NULL, cancellable,
                      callback, user_data);
}

gboolean
fp_engine_add_event_finish (FpEngine      *self,
                            GAsyncResult  *result,
                            GError       **error)
{
  return _fp_engine_finish (self, result, error) != NULL;
}

static gpointer
freeze_events (FpStoreTxn  *txn,
               gpointer     tag,
               GError     **error)
{
  g_autoptr(GPtrArray) names = fp_event_rows_list_ready (txn, error);

  for (guint i = 0; names && i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);

      if ((!tag || g_str_equal (name, tag)) && !fp_batch_freeze (txn, name, NULL, error))
        return NULL;
    }

  return names ? _FP_ENGINE_DONE : NULL;
}

/**
 * fp_engine_freeze_events_async:
 * @tag: (nullable): NULL = all
 *
 * What a sender does by itself once the network is there, for somebody who wants them sent now.
 */
void
fp_engine_freeze_events_async (FpEngine            *self,
                               const char          *tag,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  _fp_engine_write (self, fp_engine_freeze_events_async, freeze_events, g_strdup (tag), g_free, NULL, cancellable,
                    callback, user_data);
}

gboolean
fp_engine_freeze_events_finish (FpEngine      *self,
                                GAsyncResult  *result,
                                GError       **error)
{
  return _fp_engine_finish (self, result, error) != NULL;
}

/* Registrations. */

static gpointer
add_registration (FpStoreTxn  *txn,
                  gpointer     data,
                  GError     **error)
{
  Args *args = data;

  return fp_registration_rows_add (txn, args->tag, args->text, error) ? _FP_ENGINE_DONE : NULL;
}

void
fp_engine_register_async (FpEngine            *self,
                          const char          *tag,
                          const char          *bus_name,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  GError *error = NULL;

  if (check_tag (tag, &error) && bus_name && (!g_dbus_is_name (bus_name) || g_dbus_is_unique_name (bus_name)))
    g_set_error (&error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE, "bus name: “%s” is no well-known name", bus_name);
  if (error)
    return_error (self, fp_engine_register_async, error, callback, user_data);
  else
    _fp_engine_write (self, fp_engine_register_async, add_registration, args_new (tag, bus_name), args_free, NULL,
                      cancellable, callback, user_data);
}

gboolean
fp_engine_register_finish (FpEngine      *self,
                           GAsyncResult  *result,
                           GError       **error)
{
  return _fp_engine_finish (self, result, error) != NULL;
}

static gpointer
remove_registration (FpStoreTxn  *txn,
                     gpointer     data,
                     GError     **error)
{
  return fp_registration_rows_remove (txn, data, error) ? _FP_ENGINE_DONE : NULL;
}

void
fp_engine_unregister_async (FpEngine            *self,
                            const char          *tag,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  _fp_engine_write (self, fp_engine_unregister_async, remove_registration, g_strdup (tag), g_free, NULL, cancellable,
                    callback, user_data);
}

gboolean
fp_engine_unregister_finish (FpEngine      *self,
                             GAsyncResult  *result,
                             GError       **error)
{
  return _fp_engine_finish (self, result, error) != NULL;
}

static gpointer
get_registration (FpStoreTxn  *txn,
                  gpointer     data,
                  GError     **error)
{
  return fp_registration_rows_get (txn, data, error);
}

void
fp_engine_get_registration_async (FpEngine            *self,
                                  const char          *tag,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  _fp_engine_read (self, fp_engine_get_registration_async, get_registration, g_strdup (tag), g_free,
                   (GDestroyNotify) fp_registration_free, cancellable, callback, user_data);
}

FpRegistration *
fp_engine_get_registration_finish (FpEngine      *self,
                                   GAsyncResult  *result,
                                   GError       **error)
{
  return _fp_engine_finish (self, result, error);
}

/* Listing. */

void
fp_tag_list_free (FpTagList *list)
{
  g_clear_pointer (&list->tags, g_ptr_array_unref);
  g_clear_pointer (&list->registrations, g_ptr_array_unref);
  g_free (list);
}

static gpointer
list_tags (FpStoreTxn  *txn,
           gpointer     data,
           GError     **error)
{
  g_autoptr(FpTagList) list = g_new0 (FpTagList, 1);

  list->tags = fp_tag_rows_list (txn, error);
  if (list->tags)
    list->registrations = fp_registration_rows_list (txn, error);

  return list->registrations ? g_steal_pointer (&list) : NULL;
}

void
fp_engine_list_tags_async (FpEngine            *self,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  _fp_engine_read (self, fp_engine_list_tags_async, list_tags, NULL, NULL, (GDestroyNotify) fp_tag_list_free,
                   cancellable, callback, user_data);
}

FpTagList *
fp_engine_list_tags_finish (FpEngine      *self,
                            GAsyncResult  *result,
                            GError       **error)
{
  return _fp_engine_finish (self, result, error);
}

JsonNode *
fp_tag_to_json (const FpTagRow *tag)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "tag", tag->name);
  json_object_set_string_member (object, "kind", "batch");
  json_object_set_string_member (object, "url", tag->url);
  json_object_set_string_member (object, "reach", fp_reach_to_string (tag->reach));
  json_object_set_int_member (object, "events", tag->events);
  json_object_set_int_member (object, "batch_max", tag->batch_max);
  fp_json_set_time (object, "added", tag->added);

  return fp_json_take_object (object);
}

JsonNode *
fp_registration_to_json (const FpRegistration *registration)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "tag", registration->tag);
  json_object_set_string_member (object, "kind", "registration");
  json_object_set_string_member (object, "state", registration->attempts < FP_TAGS_TRIES ? "pending" : "failed");
  json_object_set_string_member (object, "bus_name", registration->bus_name);
  json_object_set_int_member (object, "attempts", registration->attempts);
  json_object_set_string_member (object, "reason", registration->last_result);
  fp_json_set_time (object, "last_try", registration->last_try);
  fp_json_set_time (object, "next_try", registration->next_try);
  fp_json_set_time (object, "added", registration->created);

  return fp_json_take_object (object);
}
