#include "engine/fp-engine-repair.h"

#include "engine/fp-engine-private.h"

/* Of the last repair; the setting keeps the time of the one that was told. */
static gpointer
take (FpStoreTxn  *txn,
      gpointer     data,
      GError     **error)
{
  gint64 time = 0;
  const char *words = fp_store_get_repair (fp_store_txn_get_store (txn), &time);
  g_autofree char *name = g_strconcat ("repair-told-", data, NULL);
  g_autofree char *now = g_strdup_printf ("%" G_GINT64_FORMAT, time);
  g_autofree char *told = words ? fp_setting_rows_get (txn, name, NULL) : NULL;

  if (!words || g_strcmp0 (told, now) == 0 || !fp_setting_rows_set (txn, name, now, error))
    return NULL;

  return g_strdup (words);
}

/**
 * fp_engine_take_repair_async:
 * @program: "fieldpostctl", "fieldpost-agent", …
 *
 * To be called after opening: where the store was damaged and repaired, the person has to hear what is lost.
 */
void
fp_engine_take_repair_async (FpEngine            *self,
                             const char          *program,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  g_return_if_fail (FP_IS_ENGINE (self) && program);

  _fp_engine_write (self, fp_engine_take_repair_async, take, g_strdup (program), g_free, g_free, cancellable, callback,
                    user_data);
}

char *
fp_engine_take_repair_finish (FpEngine      *self,
                              GAsyncResult  *result,
                              GError       **error)
{
  return _fp_engine_finish (self, result, error);
}
