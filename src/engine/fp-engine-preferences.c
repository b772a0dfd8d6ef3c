#include "engine/fp-engine-preferences.h"

#include <string.h>

#include "engine/fp-engine-private.h"
#include "engine/fp-preferences-document.h"

#define SETTING_URL "preferences-url"
#define SETTING_SECRET "preferences-secret"
#define SETTING_ETAG "preferences-etag"     /* of the document that was merged last */
#define SETTING_SYNCED "preferences-synced" /* unix ms of the newest change that it has */
/* Others may write at the same moment; not for ever. */
#define CONFLICTS_MAX 5

typedef struct {
  char     *url;
  char     *secret_id; /* (nullable) */
  char     *etag;      /* (nullable): of the document as it was last seen */
  gint64    synced;
  gint64    changed;   /* newest change here */
  JsonNode *theirs;    /* (nullable): what was read */
  JsonNode *ours;      /* (nullable): what is to be put */
  gboolean  absent;    /* there is no document yet */
  gboolean  differs;
  gboolean  afresh;    /* the next GET is not conditional */
  guint     conflicts;
} Roam;

static void
roam_free (gpointer data)
{
  Roam *roam = data;

  g_free (roam->url);
  g_free (roam->secret_id);
  g_free (roam->etag);
  g_clear_pointer (&roam->theirs, json_node_unref);
  g_clear_pointer (&roam->ours, json_node_unref);
  g_free (roam);
}

static void read_document (GTask *task);

static gpointer
read_state (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  Roam *roam = data;
  g_autofree char *synced = fp_setting_rows_get (txn, SETTING_SYNCED, NULL);

  roam->url = fp_setting_read (txn, fp_settings_find (SETTING_URL), error);
  if (!roam->url)
    return NULL;
  roam->secret_id = fp_setting_rows_get (txn, SETTING_SECRET, NULL);
  roam->etag = fp_setting_rows_get (txn, SETTING_ETAG, NULL);
  roam->synced = synced ? g_ascii_strtoll (synced, NULL, 10) : 0;
  roam->changed = fp_preferences_get_changed (txn);

  return roam;
}

static gboolean
write_state (FpStoreTxn  *txn,
             Roam        *roam,
             GError     **error)
{
  g_autofree char *synced = g_strdup_printf ("%" G_GINT64_FORMAT, roam->changed);

  return fp_setting_rows_set (txn, SETTING_ETAG, roam->etag, error)
         && fp_setting_rows_set (txn, SETTING_SYNCED, synced, error);
}

static gpointer
merge (FpStoreTxn  *txn,
       gpointer     data,
       GError     **error)
{
  Roam *roam = data;

  g_clear_pointer (&roam->ours, json_node_unref);
  roam->ours = fp_preferences_merge (txn, roam->theirs, &roam->differs, error);
  if (!roam->ours)
    return NULL;
  roam->changed = fp_preferences_get_changed (txn);

  return roam->differs || write_state (txn, roam, error) ? roam : NULL;
}

static gpointer
note_put (FpStoreTxn  *txn,
          gpointer     data,
          GError     **error)
{
  return write_state (txn, data, error) ? data : NULL;
}

/* Fails @task where the store did; TRUE if it goes on. */
static gboolean
went_well (GTask        *task,
           GObject      *source,
           GAsyncResult *result)
{
  GError *error = NULL;

  if (_fp_engine_finish (FP_ENGINE (source), result, &error))
    return TRUE;
  g_task_return_error (task, error);

  return FALSE;
}

static void
fail (GTask          *task,
      const FpAnswer *answer)
{
  Roam *roam = g_task_get_task_data (task);
  g_autofree char *place = fp_host_dup_display (roam->url);

  if (answer->fault != FP_FAULT_NONE)
    g_task_return_new_error (task, FP_ENGINE_ERROR, FP_ENGINE_ERROR_SERVER, "%s: %s", place,
                             answer->fault_text ? answer->fault_text : "it cannot be reached");
  else
    g_task_return_new_error (task, FP_ENGINE_ERROR, FP_ENGINE_ERROR_SERVER, "%s: the server answered %u", place,
                             answer->status);
}

static FpRequest *
new_request (Roam       *roam,
             const char *method)
{
  FpRequest *request = fp_request_new (method, roam->url);

  request->secret_id = g_strdup (roam->secret_id);
  /* Whoever typed an http address chose it; a secret never goes over it. */
  request->allow_cleartext = roam->secret_id == NULL;

  return request;
}

static void
noted_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;

  if (went_well (task, source, result))
    g_task_return_boolean (task, TRUE);
}

static void
put_cb (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Roam *roam = g_task_get_task_data (task);
  g_autoptr(FpAnswer) answer = fp_http_send_finish (FP_HTTP (source), result);

  if (answer->fault == FP_FAULT_NONE && answer->status == 412 && ++roam->conflicts <= CONFLICTS_MAX)
    {
      roam->afresh = TRUE;
      read_document (g_steal_pointer (&task));
      return;
    }
  if (answer->fault != FP_FAULT_NONE || answer->status < 200 || answer->status > 299 || !answer->wrote_all)
    {
      fail (task, answer);
      return;
    }
  /* Without a tag in the answer the next GET learns it. */
  g_free (roam->etag);
  roam->etag = g_strdup (fp_answer_peek_header (answer, "etag"));
  _fp_engine_write (g_task_get_source_object (task), put_cb, note_put, roam, NULL, NULL, NULL, noted_cb,
                    g_object_ref (task));
}

/* Takes @task. */
static void
put_document (GTask *task)
{
  FpEngine *self = g_task_get_source_object (task);
  Roam *roam = g_task_get_task_data (task);
  FpRequest *request = new_request (roam, "PUT");
  g_autofree char *text = fp_json_print (roam->ours, TRUE);
  g_autoptr(GBytes) body = g_bytes_new (text, strlen (text));

  fp_request_add_header (request, "Content-Type", "application/json");
  if (roam->absent)
    fp_request_add_header (request, "If-None-Match", "*");
  else if (roam->etag)
    fp_request_add_header (request, "If-Match", roam->etag);
  fp_request_add_bytes (request, body);
  fp_http_send_async (self->http, request, NULL, NULL, g_task_get_cancellable (task), put_cb, task);
}

static void
merged_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Roam *roam = g_task_get_task_data (task);

  if (!went_well (task, source, result))
    return;
  if (roam->differs)
    put_document (g_steal_pointer (&task));
  else
    g_task_return_boolean (task, TRUE);
}

/* Takes @task. */
static void
merge_document (GTask *task)
{
  _fp_engine_write (g_task_get_source_object (task), merge_document, merge, g_task_get_task_data (task), NULL, NULL,
                    g_task_get_cancellable (task), merged_cb, task);
}

static void
got_cb (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Roam *roam = g_task_get_task_data (task);
  g_autoptr(FpAnswer) answer = fp_http_send_finish (FP_HTTP (source), result);
  g_autoptr(GError) error = NULL;

  if (answer->fault != FP_FAULT_NONE || (answer->status != 200 && answer->status != 304 && answer->status != 404))
    {
      fail (task, answer);
      return;
    }
  if (answer->status == 304 && roam->changed <= roam->synced)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  /* Nothing new there, but here: what it holds has to be known to be kept. */
  if (answer->status == 304)
    {
      roam->afresh = TRUE;
      read_document (g_steal_pointer (&task));
      return;
    }

  g_clear_pointer (&roam->theirs, json_node_unref);
  g_clear_pointer (&roam->etag, g_free);
  roam->absent = answer->status == 404;
  if (answer->status == 200)
    {
      gsize size = 0;
      const char *text = answer->body ? g_bytes_get_data (answer->body, &size) : "";

      roam->etag = g_strdup (fp_answer_peek_header (answer, "etag"));
      roam->theirs = answer->body_cut ? NULL : fp_json_parse (text, (gssize) size, &error);
      if (!roam->theirs)
        {
          g_task_return_new_error (task, FP_ENGINE_ERROR, FP_ENGINE_ERROR_SERVER,
                                   "what is there are no preferences of Fieldpost");
          return;
        }
    }
  merge_document (g_steal_pointer (&task));
}

/* Takes @task. */
static void
read_document (GTask *task)
{
  FpEngine *self = g_task_get_source_object (task);
  Roam *roam = g_task_get_task_data (task);
  FpRequest *request = new_request (roam, "GET");

  fp_request_add_header (request, "Accept", "application/json");
  if (roam->etag && !roam->afresh)
    fp_request_add_header (request, "If-None-Match", roam->etag);
  fp_http_send_async (self->http, request, NULL, NULL, g_task_get_cancellable (task), got_cb, task);
}

static void
state_read_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Roam *roam = g_task_get_task_data (task);

  if (!went_well (task, source, result))
    return;
  if (*roam->url)
    read_document (g_steal_pointer (&task));
  else
    g_task_return_boolean (task, FALSE);
}

/**
 * fp_engine_sync_preferences_async:
 *
 * One GET, and a PUT where the document has to change; on a conflict both again. Source: RFC 9110, 13.
 */
void
fp_engine_sync_preferences_async (FpEngine            *self,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Roam *roam = g_new0 (Roam, 1);

  g_task_set_source_tag (task, fp_engine_sync_preferences_async);
  g_task_set_task_data (task, roam, roam_free);
  _fp_engine_read (self, fp_engine_sync_preferences_async, read_state, roam, NULL, NULL, cancellable, state_read_cb,
                   task);
}

gboolean
fp_engine_sync_preferences_finish (FpEngine      *self,
                                   GAsyncResult  *result,
                                   GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
