#include "store/fp-store.h"

#include "store/fp-commit.h"
#include "store/fp-database.h"
#include "store/fp-store-private.h"

/* What one call hands over. */
typedef struct
{
  FpStoreFunc func;
  gpointer data;
  GDestroyNotify data_free;
  GDestroyNotify result_free;
} Job;

static void
job_free (Job *job)
{
  if (job->data_free)
    job->data_free (job->data);
  g_free (job);
}

typedef struct
{
  FpStore *store; /* owned */
  guint topics;
  GArray *ids;    /* owned */
} Announcement;

static void
announcement_free (Announcement *news)
{
  g_object_unref (news->store);
  g_array_unref (news->ids);
  g_free (news);
}

static gboolean
announce_cb (gpointer data)
{
  Announcement *news = data;

  _fp_store_emit_changed (news->store, news->topics, news->ids);
  return G_SOURCE_REMOVE;
}

static void
announce (FpStoreTxn *txn)
{
  g_autoptr(GSource) source = NULL;
  Announcement *news;

  if (txn->topics == 0)
    return;

  news = g_new (Announcement, 1);
  news->store = g_object_ref (txn->store);
  news->topics = txn->topics;
  news->ids = txn->ids ? g_array_ref (txn->ids) : g_array_new (FALSE, FALSE, sizeof (gint64));

  /* The same priority as the task's return, which is attached after it. */
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, announce_cb, news, (GDestroyNotify) announcement_free);
  g_source_attach (source, txn->store->context);
}

/* Runs @job between @begin and COMMIT; on error everything is as before and the result is freed. */
static gboolean
run_transaction (FpStoreTxn *txn,
                 const char *begin,
                 Job        *job,
                 gpointer   *result,
                 GError    **error)
{
  GError *failure = NULL;

  if (!fp_db_exec (txn->db, begin, error))
    return FALSE;

  *result = job->func (txn, job->data, &failure);
  if (!failure && fp_db_commit (txn->db, &failure))
    return TRUE;

  fp_db_roll_back (txn->db);
  if (*result && job->result_free)
    job->result_free (*result);
  *result = NULL;
  g_propagate_error (error, failure);
  return FALSE;
}

static void
return_closed (GTask *task)
{
  g_task_return_new_error (task, FP_STORE_ERROR, FP_STORE_ERROR_CLOSED, "The store is not open");
}

static void
note_changes (FpStore *self,
              gint     changes)
{
  if (changes > g_atomic_int_get (&self->most_changes))
    g_atomic_int_set (&self->most_changes, changes);
}

guint
_fp_store_take_most_changes (FpStore *self)
{
  return (guint) g_atomic_int_exchange (&self->most_changes, 0);
}

static void
write_cb (GTask        *task,
          gpointer      source,
          gpointer      data,
          GCancellable *cancellable)
{
  FpStore *self = source;
  FpStoreTxn txn = { .store = self, .db = self->writer };
  Job *job = data;
  gpointer result = NULL;
  GError *error = NULL;
  gint before;

  if (!self->writer)
    {
      return_closed (task);
      return;
    }
  if (g_task_return_error_if_cancelled (task))
    return;
  if (!fp_turns_begin (&self->turns, cancellable, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  txn.now = fp_clock_get_wall_ms (self->clock);
  before = sqlite3_total_changes (self->writer->handle);
  if (_fp_store_is_in_place (self, &error) && run_transaction (&txn, "BEGIN IMMEDIATE", job, &result, &error))
    {
      note_changes (self, sqlite3_total_changes (self->writer->handle) - before);
      announce (&txn);
      g_task_return_pointer (task, result, job->result_free);
      fp_database_checkpoint (self->writer);
    }
  else
    g_task_return_error (task, error);
  fp_turns_end (&self->turns);
  g_clear_pointer (&txn.ids, g_array_unref);
}

static void
read_cb (GTask        *task,
         gpointer      source,
         gpointer      data,
         GCancellable *cancellable)
{
  FpStore *self = source;
  FpStoreTxn txn = { .store = self, .db = self->reader };
  Job *job = data;
  gpointer result = NULL;
  GError *error = NULL;

  if (!self->reader)
    {
      return_closed (task);
      return;
    }
  if (g_task_return_error_if_cancelled (task))
    return;

  txn.now = fp_clock_get_wall_ms (self->clock);
  if (run_transaction (&txn, "BEGIN", job, &result, &error))
    g_task_return_pointer (task, result, job->result_free);
  else
    g_task_return_error (task, error);
}

static void
hand_over (FpStore *self,
           GTask   *task,
           Job     *job,
           gboolean write)
{
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, job, (GDestroyNotify) job_free);

  if (g_atomic_int_get (&self->state) != FP_STORE_STATE_OPEN)
    return_closed (task);
  else if (write)
    fp_worker_push (self->write_worker, task, write_cb);
  else
    fp_worker_push (self->read_worker, task, read_cb);
}

static Job *
job_new (FpStoreFunc    func,
         gpointer       data,
         GDestroyNotify data_free,
         GDestroyNotify result_free)
{
  Job *job = g_new (Job, 1);

  *job = (Job) { func, data, data_free, result_free };
  return job;
}

/**
 * fp_store_write_async:
 * @func: runs on the writer thread; setting its error rolls everything back
 * @data: (nullable): for @func
 * @data_free: (nullable): for @data, on the caller's thread, after the run
 * @result_free: (nullable): for a result of @func that nobody fetched; any thread
 * @cancellable: (nullable): has effect only before the write starts
 * @callback: (scope async): runs in the caller's thread-default main context
 *
 * Runs @func in one write transaction. Writes finish in call order; success means that the change
 * survives a power cut, an error that nothing was changed.
 */
void
fp_store_write_async (FpStore            *self,
                      FpStoreFunc         func,
                      gpointer            data,
                      GDestroyNotify      data_free,
                      GDestroyNotify      result_free,
                      GCancellable       *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer            user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (FP_IS_STORE (self) && func);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, fp_store_write_async);
  hand_over (self, task, job_new (func, data, data_free, result_free), TRUE);
}

gpointer
fp_store_write_finish (FpStore      *self,
                       GAsyncResult *result,
                       GError      **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * fp_store_read_async:
 *
 * As [method@Store.write_async], on the reader thread: what @func reads is one snapshot, and it cannot
 * write. Reads and writes do not wait for each other.
 */
void
fp_store_read_async (FpStore            *self,
                     FpStoreFunc         func,
                     gpointer            data,
                     GDestroyNotify      data_free,
                     GDestroyNotify      result_free,
                     GCancellable       *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer            user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (FP_IS_STORE (self) && func);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, fp_store_read_async);
  hand_over (self, task, job_new (func, data, data_free, result_free), FALSE);
}

gpointer
fp_store_read_finish (FpStore      *self,
                      GAsyncResult *result,
                      GError      **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
fp_store_txn_touch (FpStoreTxn   *txn,
                    FpStoreTopics topics,
                    gint64        item_id)
{
  g_return_if_fail (txn);

  txn->topics |= topics;
  if (item_id == 0)
    return;
  if (!txn->ids)
    txn->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_array_append_val (txn->ids, item_id);
}

FpStore *
fp_store_txn_get_store (FpStoreTxn *txn)
{
  g_return_val_if_fail (txn, NULL);

  return txn->store;
}

gint64
fp_store_txn_get_now (FpStoreTxn *txn)
{
  g_return_val_if_fail (txn, 0);

  return txn->now;
}
