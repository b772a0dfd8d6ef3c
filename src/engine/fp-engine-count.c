#include "engine/fp-engine-count.h"

#include "engine/fp-engine-private.h"

static void
query_free (gpointer data)
{
  FpCountQuery *query = data;

  g_free (query->tag);
  g_free (query);
}

static gpointer
count (FpStoreTxn  *txn,
       gpointer     data,
       GError     **error)
{
  g_autofree FpCountResult *result = g_new0 (FpCountResult, 1);

  return fp_count_rows_read (txn, data, result, error) ? g_steal_pointer (&result) : NULL;
}

void
fp_engine_count_async (FpEngine            *self,
                       const FpCountQuery  *query,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  FpCountQuery *copy = g_memdup2 (query, sizeof *query);

  copy->tag = g_strdup (query->tag);
  _fp_engine_read (self, fp_engine_count_async, count, copy, query_free, g_free, cancellable, callback, user_data);
}

/**
 * fp_engine_count_finish:
 * @counts: (out): how many are in each state
 */
gboolean
fp_engine_count_finish (FpEngine       *self,
                        GAsyncResult   *result,
                        FpCountResult  *counts,
                        GError        **error)
{
  g_autofree FpCountResult *own = _fp_engine_finish (self, result, error);

  if (own)
    *counts = *own;

  return own != NULL;
}
