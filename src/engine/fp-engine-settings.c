#include "engine/fp-engine-private.h"

typedef struct {
  char *name;
  char *value;
} Setting;

static void
setting_free (gpointer data)
{
  Setting *setting = data;

  g_free (setting->name);
  g_free (setting->value);
  g_free (setting);
}

static gpointer
read_setting (FpStoreTxn  *txn,
              gpointer     data,
              GError     **error)
{
  return fp_setting_rows_get (txn, data, error);
}

static gpointer
write_setting (FpStoreTxn  *txn,
               gpointer     data,
               GError     **error)
{
  Setting *setting = data;

  if (!fp_setting_rows_set (txn, setting->name, setting->value, error))
    return NULL;

  return _FP_ENGINE_DONE;
}

/**
 * fp_engine_read_setting_async:
 * @name: one of the `FP_SETTING_*` names
 *
 * Reads a setting that all programs share.
 */
void
fp_engine_read_setting_async (FpEngine            *self,
                              const char          *name,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  _fp_engine_read (self, fp_engine_read_setting_async, read_setting, g_strdup (name), g_free, g_free,
                   cancellable, callback, user_data);
}

/**
 * fp_engine_read_setting_finish:
 *
 * Returns: (transfer full) (nullable): its text; %NULL without error = never set
 */
char *
fp_engine_read_setting_finish (FpEngine      *self,
                               GAsyncResult  *result,
                               GError       **error)
{
  return _fp_engine_finish (self, result, error);
}

/**
 * fp_engine_write_setting_async:
 * @name: one of the `FP_SETTING_*` names
 * @value: (nullable): %NULL = as if it never was set
 */
void
fp_engine_write_setting_async (FpEngine            *self,
                               const char          *name,
                               const char          *value,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  Setting *setting = g_new0 (Setting, 1);

  setting->name = g_strdup (name);
  setting->value = g_strdup (value);
  _fp_engine_write (self, fp_engine_write_setting_async, write_setting, setting, setting_free, NULL,
                    cancellable, callback, user_data);
}

gboolean
fp_engine_write_setting_finish (FpEngine      *self,
                                GAsyncResult  *result,
                                GError       **error)
{
  return _fp_engine_finish (self, result, error) != NULL;
}

/**
 * fp_engine_set_paused_async:
 * @paused: %TRUE = Work Offline: nothing is sent until it is switched off again, also after a restart
 */
void
fp_engine_set_paused_async (FpEngine            *self,
                            gboolean             paused,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  fp_engine_write_setting_async (self, FP_SETTING_PAUSED, paused ? "1" : "0", cancellable, callback, user_data);
}

gboolean
fp_engine_set_paused_finish (FpEngine      *self,
                             GAsyncResult  *result,
                             GError       **error)
{
  return fp_engine_write_setting_finish (self, result, error);
}
