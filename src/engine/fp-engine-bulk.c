#include "engine/fp-engine-private.h"

typedef struct {
  FpStoreFunc    func;
  gpointer       data;
  GDestroyNotify data_free;
} Work;

static void
work_free (gpointer data)
{
  Work *work = data;

  if (work->data_free)
    work->data_free (work->data);
  g_free (work);
}

static void next (GTask *task);

static void
part_done_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  FpBulk *bulk = ((Work *) g_task_get_task_data (task))->data;
  GError *error = NULL;

  if (!fp_store_write_finish (FP_STORE (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  bulk->done += bulk->n;
  if (bulk->more)
    next (g_steal_pointer (&task));
  else
    g_task_return_boolean (task, TRUE);
}

/* Takes @task. */
static void
next (GTask *task)
{
  FpEngine *self = g_task_get_source_object (task);
  Work *work = g_task_get_task_data (task);

  fp_store_write_async (self->store, work->func, work->data, NULL, NULL, g_task_get_cancellable (task), part_done_cb,
                        task);
}

void
_fp_engine_bulk (FpEngine            *self,
                 gpointer             tag,
                 FpStoreFunc          func,
                 gpointer             data,
                 GDestroyNotify       data_free,
                 GCancellable        *cancellable,
                 GAsyncReadyCallback  callback,
                 gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Work *work = g_new (Work, 1);

  *work = (Work) { func, data, data_free };
  g_task_set_source_tag (task, tag);
  /* What was committed is committed: a late cancellation must not turn it into an error. */
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, work, work_free);
  next (task);
}

gpointer
_fp_engine_bulk_finish (FpEngine      *self,
                        GAsyncResult  *result,
                        GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  g_task_propagate_boolean (G_TASK (result), error);

  return ((Work *) g_task_get_task_data (G_TASK (result)))->data;
}
