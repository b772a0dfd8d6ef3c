#include "engine/fp-engine-preferences.h"

#include "engine/fp-engine-private.h"

#define SETTING_SECRET "preferences-secret"

static void
value_free (gpointer data)
{
  FpSettingValue *value = data;

  g_free (value->stored);
  g_free (value);
}

static gpointer
list_settings (FpStoreTxn  *txn,
               gpointer     data,
               GError     **error)
{
  g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func (value_free);

  for (const FpSettingKind *kind = fp_settings_list (); kind->name; kind++)
    {
      FpSettingValue *value = g_new0 (FpSettingValue, 1);

      value->kind = kind;
      g_ptr_array_add (values, value);
      value->stored = fp_setting_read (txn, kind, error);
      if (!value->stored)
        return NULL;
      value->changed = kind->roams ? fp_setting_get_changed (txn, kind) : 0;
    }

  return g_steal_pointer (&values);
}

void
fp_engine_list_settings_async (FpEngine            *self,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  _fp_engine_read (self, fp_engine_list_settings_async, list_settings, NULL, NULL, (GDestroyNotify) g_ptr_array_unref,
                   cancellable, callback, user_data);
}

GPtrArray *
fp_engine_list_settings_finish (FpEngine      *self,
                                GAsyncResult  *result,
                                GError       **error)
{
  return _fp_engine_finish (self, result, error);
}

typedef struct {
  const FpSettingKind *kind;
  char                *stored;    /* (nullable) */
  char                *secret;    /* (nullable): of a URL */
  char                *secret_id; /* (nullable) */
} Set;

static void
set_free (gpointer data)
{
  Set *set = data;

  g_free (set->stored);
  g_free (set->secret);
  g_free (set->secret_id);
  g_free (set);
}

static gpointer
write_setting (FpStoreTxn  *txn,
               gpointer     data,
               GError     **error)
{
  Set *set = data;

  if (!fp_setting_write (txn, set->kind, set->stored, fp_store_txn_get_now (txn), error))
    return NULL;
  /* Another document has another state. */
  if (set->kind->type == FP_SETTING_URL
      && (!fp_setting_rows_set (txn, SETTING_SECRET, set->secret_id, error)
          || !fp_setting_rows_set (txn, "preferences-etag", NULL, error)
          || !fp_setting_rows_set (txn, "preferences-synced", NULL, error)))
    return NULL;

  return _FP_ENGINE_DONE;
}

static void
written_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;

  if (_fp_engine_finish (FP_ENGINE (source), result, &error))
    g_task_return_pointer (task, _FP_ENGINE_DONE, NULL);
  else
    g_task_return_error (task, error);
}

/* Takes @task. */
static void
write_set (GTask *task)
{
  _fp_engine_write (g_task_get_source_object (task), write_set, write_setting, g_task_get_task_data (task), NULL, NULL,
                    g_task_get_cancellable (task), written_cb, task);
}

static void
secret_kept_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Set *set = g_task_get_task_data (task);
  GError *error = NULL;

  set->secret_id = _fp_engine_finish (FP_ENGINE (source), result, &error);
  if (set->secret_id)
    write_set (g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

static gboolean
fill_set (Set         *set,
          const char  *name,
          const char  *word,
          GError     **error)
{
  g_autofree char *url = NULL;

  set->kind = fp_settings_find (name);
  if (!set->kind)
    {
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_NOT_FOUND, "there is no setting “%s”", name);
      return FALSE;
    }
  if (word && set->kind->type == FP_SETTING_URL && *word)
    {
      url = fp_secret_split_url (word, &set->secret);
      word = url;
    }
  set->stored = word ? fp_setting_parse (set->kind, word, error) : NULL;

  return !word || set->stored;
}

/**
 * fp_engine_set_setting_async:
 * @word: (nullable): as a person types it; a token in an address goes to the keyring
 */
void
fp_engine_set_setting_async (FpEngine            *self,
                             const char          *name,
                             const char          *word,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  Set *set = g_new0 (Set, 1);
  GError *error = NULL;

  g_task_set_source_tag (task, fp_engine_set_setting_async);
  g_task_set_task_data (task, set, set_free);
  if (!fill_set (set, name, word, &error))
    g_task_return_error (task, error);
  else if (set->secret)
    _fp_engine_keep_secret_async (self, set->stored, set->secret, cancellable, secret_kept_cb,
                                  g_steal_pointer (&task));
  else
    write_set (g_steal_pointer (&task));
}

gboolean
fp_engine_set_setting_finish (FpEngine      *self,
                              GAsyncResult  *result,
                              GError       **error)
{
  return _fp_engine_finish (self, result, error) != NULL;
}
