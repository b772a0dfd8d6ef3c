#include "sync/fp-sync-private.h"

void
fp_sync_check_stopped (FpSync       *self,
                       const GError *error)
{
  g_autoptr(GPtrArray) stops = NULL;

  /* The rest that cannot be written stays "sending": whoever has the lock next finds orphans. */
  if (self->turn || self->lock_wait || self->asking > 0 || g_hash_table_size (self->flights) > 0
      || (self->outcomes->len > 0 && !error))
    return;

  stops = g_steal_pointer (&self->stops);
  self->stops = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_set_size (self->outcomes, 0);
  self->started = FALSE;
  self->stopping = FALSE;
  if (self->lock)
    {
      g_clear_pointer (&self->lock, fp_sender_lock_release);
      g_object_notify (G_OBJECT (self), "holding");
    }
  fp_sync_update_state (self);

  for (guint i = 0; i < stops->len; i++)
    {
      GTask *task = g_ptr_array_index (stops, i);

      if (error)
        g_task_return_error (task, g_error_copy (error));
      else
        g_task_return_boolean (task, TRUE);
    }
}

/**
 * fp_sync_stop_async:
 * @cancellable: (nullable): not used: a stop that has begun ends
 * @callback: (scope async): when the lock is dropped
 *
 * Breaks off what is in flight (those items wait again, with maybe_delivered),
 * writes what came of the others, and drops the lock. Fails only if something
 * could not be written; the next sender then finds it as an orphan.
 */
void
fp_sync_stop_async (FpSync              *self,
                    GCancellable        *cancellable,
                    GAsyncReadyCallback  callback,
                    gpointer             user_data)
{
  GTask *task;

  g_return_if_fail (FP_IS_SYNC (self));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, fp_sync_stop_async);
  g_ptr_array_add (self->stops, task);
  if (self->stopping)
    return;

  self->stopping = TRUE;
  if (self->started)
    fp_sync_stop_listening (self);
  fp_timer_disarm (self->timer);
  if (self->lock_wait)
    g_cancellable_cancel (self->lock_wait);
  fp_sync_flights_break (self, TRUE);
  fp_sync_probe_forget (self);
  fp_sync_ask_stop (self);

  if (self->lock)
    fp_sync_pump (self);
  else
    fp_sync_check_stopped (self, NULL);
}

gboolean
fp_sync_stop_finish (FpSync        *self,
                     GAsyncResult  *result,
                     GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
