#include "engine/fp-engine-periodic.h"

#include <string.h>

#include "engine/fp-engine-private.h"
#include "engine/fp-engine-tags.h"
#include "engine/fp-permission.h"
#include "engine/fp-settings.h"

#define SANDBOX_FILE "/.flatpak-info"

void
fp_periodic_list_free (FpPeriodicList *list)
{
  g_clear_pointer (&list->jobs, g_ptr_array_unref);
  g_free (list->permission);
  g_free (list);
}

static gpointer
list_periodic (FpStoreTxn  *txn,
               gpointer     data,
               GError     **error)
{
  g_autoptr(FpPeriodicList) list = g_new0 (FpPeriodicList, 1);

  list->permission = fp_setting_read (txn, fp_settings_find (FP_SETTING_PERIODIC), error);
  if (list->permission)
    list->jobs = fp_periodic_list (txn, error);

  return list->jobs ? g_steal_pointer (&list) : NULL;
}

void
fp_engine_list_periodic_async (FpEngine            *self,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  _fp_engine_read (self, fp_engine_list_periodic_async, list_periodic, NULL, NULL,
                   (GDestroyNotify) fp_periodic_list_free, cancellable, callback, user_data);
}

FpPeriodicList *
fp_engine_list_periodic_finish (FpEngine      *self,
                                GAsyncResult  *result,
                                GError       **error)
{
  return _fp_engine_finish (self, result, error);
}

/* Registering: the row, then the question, then the answer. */

typedef struct {
  FpPeriodicRow *row;
  gboolean       wanted;     /* or given back */
  gboolean       granted;
  gboolean       is_to_ask;
} Change;

static void
change_free (gpointer data)
{
  Change *change = data;

  fp_periodic_row_free (change->row);
  g_free (change);
}

static gpointer
write_row (FpStoreTxn  *txn,
           gpointer     data,
           GError     **error)
{
  Change *change = data;
  g_autofree char *permission = fp_setting_read (txn, fp_settings_find (FP_SETTING_PERIODIC), error);
  g_autoptr(GPtrArray) left = NULL;

  if (!permission)
    return NULL;
  change->granted = g_str_equal (permission, "granted");
  if (change->wanted)
    {
      change->is_to_ask = !change->granted;
      return fp_periodic_rows_set (txn, change->row, error) ? _FP_ENGINE_DONE : NULL;
    }

  if (!fp_periodic_rows_remove (txn, change->row->name, error))
    return NULL;
  left = fp_periodic_list (txn, error);
  /* Clean-up is always there. */
  change->is_to_ask = left && left->len == 1 && change->granted;

  return left ? _FP_ENGINE_DONE : NULL;
}

static gpointer
write_permission (FpStoreTxn  *txn,
                  gpointer     data,
                  GError     **error)
{
  Change *change = data;
  const char *permission = !change->wanted ? NULL : change->granted ? "granted" : "denied";

  return fp_setting_rows_set (txn, FP_SETTING_PERIODIC, permission, error) ? _FP_ENGINE_DONE : NULL;
}

static void
permission_written_cb (GObject      *source,
                       GAsyncResult *result,
                       gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Change *change = g_task_get_task_data (task);
  GError *error = NULL;

  if (_fp_engine_finish (FP_ENGINE (source), result, &error))
    g_task_return_boolean (task, change->granted);
  else
    g_task_return_error (task, error);
}

static void
permission_asked_cb (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Change *change = g_task_get_task_data (task);
  GError *error = NULL;

  change->granted = fp_permission_ask_finish (result, &error);
  if (error)
    {
      g_prefix_error (&error, "%s is registered, but may not run: ", change->row->name);
      g_task_return_error (task, error);
      return;
    }
  _fp_engine_write (g_task_get_source_object (task), permission_asked_cb, write_permission, change, NULL, NULL, NULL,
                    permission_written_cb, g_object_ref (task));
}

static void
bus_got_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Change *change = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr(GDBusConnection) bus = g_bus_get_finish (result, &error);

  if (bus)
    fp_permission_ask_async (bus, change->wanted, g_task_get_cancellable (task), permission_asked_cb,
                             g_object_ref (task));
  else
    g_task_return_error (task, error);
}

static void
row_written_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Change *change = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  GError *error = NULL;

  if (!_fp_engine_finish (FP_ENGINE (source), result, &error))
    g_task_return_error (task, error);
  else if (!change->is_to_ask)
    g_task_return_boolean (task, change->granted);
  else if (g_file_test (SANDBOX_FILE, G_FILE_TEST_EXISTS))
    g_bus_get (G_BUS_TYPE_SESSION, cancellable, bus_got_cb, g_object_ref (task));
  else
    fp_permission_ask_async (NULL, change->wanted, cancellable, permission_asked_cb, g_object_ref (task));
}

/* Takes @row. */
static GTask *
change_task (FpEngine            *self,
             FpPeriodicRow       *row,
             gboolean             wanted,
             gpointer             tag,
             GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Change *change = g_new0 (Change, 1);

  change->row = row;
  change->wanted = wanted;
  g_task_set_source_tag (task, tag);
  g_task_set_task_data (task, change, change_free);

  return task;
}

static gboolean
check_name (const char  *name,
            GError     **error)
{
  if (!g_str_equal (name, FP_PERIODIC_CLEAN_UP))
    return TRUE;
  g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE, "%s needs no registration: the agent does it once a day",
               name);

  return FALSE;
}

/* What a job of our own may not be given, and what one of others needs. */
static gboolean
check_job (FpPeriodicRow  *row,
           GError        **error)
{
  gboolean builtin = fp_periodic_is_builtin (row->name);
  gint64 least = g_str_equal (row->name, "daily-sync") ? FP_PERIODIC_DAY_MS : FP_PERIODIC_HOUR_MS;

  if (!check_name (row->name, error))
    return FALSE;
  if (builtin && row->min_interval == 0)
    row->min_interval = least;
  if (!*row->name || strlen (row->name) > 200 || !g_utf8_validate (row->name, -1, NULL))
    g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE, "name: 1 to 200 bytes of text");
  else if (fp_tags_is_builtin (row->name))
    g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE, "“%s” is the tag of requests, which need no job",
                 row->name);
  else if (builtin && row->bus_name)
    g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE, "%s is a job of Fieldpost: nobody else is told of it",
                 row->name);
  else if (row->bus_name && (!g_dbus_is_name (row->bus_name) || g_dbus_is_unique_name (row->bus_name)))
    g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE, "bus name: “%s” is no well-known name",
                 row->bus_name);
  else if (row->min_interval < FP_PERIODIC_HOUR_MS)
    g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE, "%s: at least an hour lies between two runs",
                 row->name);
  else if (row->min_interval > 366 * FP_PERIODIC_DAY_MS)
    g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE, "%s: at most a year lies between two runs", row->name);
  else
    return TRUE;

  return FALSE;
}

void
fp_engine_register_periodic_async (FpEngine            *self,
                                   const char          *name,
                                   const char          *bus_name,
                                   gint64               min_interval,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data)
{
  FpPeriodicRow *row = fp_periodic_row_new ();
  g_autoptr(GTask) task = NULL;
  GError *error = NULL;

  row->name = g_strdup (name);
  row->bus_name = g_strdup (bus_name);
  row->min_interval = min_interval;
  task = change_task (self, row, TRUE, fp_engine_register_periodic_async, cancellable, callback, user_data);
  if (check_job (row, &error))
    _fp_engine_write (self, fp_engine_register_periodic_async, write_row, g_task_get_task_data (task), NULL, NULL,
                      cancellable, row_written_cb, g_object_ref (task));
  else
    g_task_return_error (task, error);
}

gboolean
fp_engine_register_periodic_finish (FpEngine      *self,
                                    GAsyncResult  *result,
                                    GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
fp_engine_unregister_periodic_async (FpEngine            *self,
                                     const char          *name,
                                     GCancellable        *cancellable,
                                     GAsyncReadyCallback  callback,
                                     gpointer             user_data)
{
  FpPeriodicRow *row = fp_periodic_row_new ();
  g_autoptr(GTask) task = NULL;
  GError *error = NULL;

  row->name = g_strdup (name);
  task = change_task (self, row, FALSE, fp_engine_unregister_periodic_async, cancellable, callback, user_data);
  if (check_name (name, &error))
    _fp_engine_write (self, fp_engine_unregister_periodic_async, write_row, g_task_get_task_data (task), NULL, NULL,
                      cancellable, row_written_cb, g_object_ref (task));
  else
    g_task_return_error (task, error);
}

gboolean
fp_engine_unregister_periodic_finish (FpEngine      *self,
                                      GAsyncResult  *result,
                                      GError       **error)
{
  GError *local = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  g_task_propagate_boolean (G_TASK (result), &local);
  if (!local)
    return TRUE;
  g_propagate_error (error, local);

  return FALSE;
}

JsonNode *
fp_periodic_to_json (const FpPeriodicRow *row,
                     const char          *permission)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", row->name);
  json_object_set_boolean_member (object, "builtin", fp_periodic_is_builtin (row->name));
  json_object_set_int_member (object, "min_interval", row->min_interval);
  json_object_set_string_member (object, "bus_name", row->bus_name);
  fp_json_set_time (object, "last_run", row->last_run);
  json_object_set_string_member (object, "reason", row->last_result);
  json_object_set_string_member (object, "permission",
                                 g_str_equal (row->name, FP_PERIODIC_CLEAN_UP) ? "granted" : permission);

  return fp_json_take_object (object);
}
