#include "engine/fp-engine-private.h"

#include "store/fp-ballast.h"
#include "store/fp-sender-lock.h"

/* Trying is the only way to ask who holds a flock; on the store's thread, since it touches a file. */
static gboolean
somebody_sends (const char *folder)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(FpSenderLock) lock = fp_sender_lock_try (folder, &error);

  return !lock && !error;
}

static gpointer
read_status (FpStoreTxn  *txn,
             gpointer     data,
             GError     **error)
{
  gboolean own_sender = GPOINTER_TO_INT (data);
  g_autoptr(FpStatus) status = fp_status_new ();
  g_autofree char *paused = NULL;
  FpItemCounts *counts = fp_item_rows_count (txn, error);
  GError *local = NULL;

  if (!counts)
    return NULL;
  fp_item_counts_free (status->counts);
  status->counts = counts;

  paused = fp_setting_rows_get (txn, FP_SETTING_PAUSED, &local);
  if (local)
    {
      g_propagate_error (error, local);
      return NULL;
    }
  status->paused = g_strcmp0 (paused, "1") == 0;
  status->sender = own_sender || somebody_sends (fp_store_get_folder (fp_store_txn_get_store (txn)));

  status->full = fp_ballast_get_free (txn) < FP_BALLAST_CLAIM_BYTES;

  if (status->paused)
    status->state = FP_SYNC_PAUSED;
  else if (counts->sending > 0 && status->sender)
    status->state = FP_SYNC_SYNCING;
  else if (counts->failed + counts->held > 0 || (status->full && fp_item_counts_wait (counts)))
    status->state = FP_SYNC_ERROR;

  return g_steal_pointer (&status);
}

/**
 * fp_engine_read_status_async:
 *
 * Reads the status: counts from the store; what the sender knows, where it is in this process.
 */
void
fp_engine_read_status_async (FpEngine            *self,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  gboolean own_sender = self->sync && fp_sync_get_holding (self->sync);

  _fp_engine_read (self, fp_engine_read_status_async, read_status, GINT_TO_POINTER (own_sender), NULL,
                   (GDestroyNotify) fp_status_free, cancellable, callback, user_data);
}

FpStatus *
fp_engine_read_status_finish (FpEngine      *self,
                              GAsyncResult  *result,
                              GError       **error)
{
  FpStatus *status = _fp_engine_finish (self, result, error);

  if (status && self->sync)
    {
      status->link = fp_link_get_state (fp_sync_get_link (self->sync));
      if (fp_sync_get_holding (self->sync))
        {
          status->state = fp_sync_get_state (self->sync);
          fp_sync_get_run (self->sync, &status->run_done, &status->run_total);
        }
    }

  return status;
}
