#include "config.h"

#include "store/fp-store.h"

#include "store/fp-database.h"
#include "store/fp-mark.h"
#include "store/fp-store-private.h"

enum
{
  CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FpStore, fp_store, G_TYPE_OBJECT)

/* Each task holds the store, so nothing is running here any more. */
static void
fp_store_finalize (GObject *object)
{
  FpStore *self = FP_STORE (object);

  fp_worker_free (self->write_worker);
  fp_worker_free (self->read_worker);
  _fp_store_stop_check (self);
  g_clear_pointer (&self->reader, fp_db_free);
  g_clear_pointer (&self->writer, fp_db_free);
  fp_turns_close (&self->turns);
  fp_use_end (self->use);
  g_mutex_clear (&self->check_lock);
  g_main_context_unref (self->context);
  g_object_unref (self->clock);
  g_free (self->folder);
  g_free (self->id);
  g_free (self->warning);
  g_free (self->repair);
  g_free (self->pretend_machine);

  G_OBJECT_CLASS (fp_store_parent_class)->finalize (object);
}

static void
fp_store_class_init (FpStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = fp_store_finalize;

  /**
   * FpStore::changed:
   * @topics: what was touched, #FpStoreTopics
   * @item_ids: (element-type gint64): items that were named; may be empty
   *
   * This process committed something. Emitted in the main context in which the store was made, before
   * the callback of the write runs.
   */
  signals[CHANGED] = g_signal_new ("changed", FP_TYPE_STORE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_ARRAY);
}

static void
fp_store_init (FpStore *self)
{
  self->turns = (FpTurns) FP_TURNS_INIT;
  self->use = -1;
  g_mutex_init (&self->check_lock);
  self->context = g_main_context_ref_thread_default ();
  self->write_worker = fp_worker_new ("fp-writer");
  self->read_worker = fp_worker_new ("fp-reader");
}

/**
 * fp_store_new:
 * @folder: where everything lives; made when opening
 * @clock: (transfer none): for the times of rows
 *
 * Touches nothing yet.
 *
 * Returns: (transfer full): a closed store
 */
FpStore *
fp_store_new (const char *folder,
              FpClock    *clock)
{
  FpStore *self;

  g_return_val_if_fail (folder && FP_IS_CLOCK (clock), NULL);

  self = g_object_new (FP_TYPE_STORE, NULL);
  self->folder = g_strdup (folder);
  self->clock = g_object_ref (clock);

  return self;
}

void
_fp_store_emit_changed (FpStore *self,
                        guint    topics,
                        GArray  *ids)
{
  g_signal_emit (self, signals[CHANGED], 0, topics, ids);
}

void
_fp_store_pretend_network (FpStore *self)
{
  self->pretend_network = TRUE;
}

void
_fp_store_pretend_machine (FpStore    *self,
                           const char *id)
{
  g_free (self->pretend_machine);
  self->pretend_machine = g_strdup (id);
}

static void
open_cb (GTask        *task,
         gpointer      source,
         gpointer      data,
         GCancellable *cancellable)
{
  FpStore *self = source;
  GError *error = NULL;

  if (_fp_store_open (self, cancellable, &error))
    {
      _fp_store_start_check (self);
      /* A close that was asked for meanwhile is queued behind this and closes both. */
      g_atomic_int_compare_and_exchange (&self->state, FP_STORE_STATE_OPENING, FP_STORE_STATE_OPEN);
      g_task_return_boolean (task, TRUE);
      return;
    }

  g_atomic_int_set (&self->state, FP_STORE_STATE_CLOSED);
  g_prefix_error (&error, "%s: ", self->folder);
  g_task_return_error (task, error);
}

/**
 * fp_store_open_async:
 * @cancellable: (nullable): ends the wait for another program
 * @callback: (scope async): runs in the caller's thread-default main context
 *
 * Makes what is missing (folder 0700, files 0600), brings the schema up to date and opens. On failure
 * nothing was changed, the files are kept, and it may be tried again.
 */
void
fp_store_open_async (FpStore            *self,
                     GCancellable       *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer            user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (FP_IS_STORE (self));
  g_return_if_fail (g_atomic_int_get (&self->state) == FP_STORE_STATE_CLOSED);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, fp_store_open_async);
  g_task_set_check_cancellable (task, FALSE);
  g_atomic_int_set (&self->state, FP_STORE_STATE_OPENING);
  fp_worker_push (self->write_worker, task, open_cb);
}

gboolean
fp_store_open_finish (FpStore      *self,
                      GAsyncResult *result,
                      GError      **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
close_writer_cb (GTask        *task,
                 gpointer      source,
                 gpointer      data,
                 GCancellable *cancellable)
{
  FpStore *self = source;

  if (self->writer)
    {
      /* Without the lock the log simply stays for the next program. */
      if (fp_turns_begin (&self->turns, NULL, NULL))
        {
          if (_fp_store_is_in_place (self, NULL))
            fp_database_finish (self->writer);
          g_clear_pointer (&self->writer, fp_db_free);
          fp_turns_end (&self->turns);
        }
      g_clear_pointer (&self->writer, fp_db_free);
    }
  fp_turns_close (&self->turns);
  fp_use_end (self->use);
  self->use = -1;
  g_task_return_boolean (task, TRUE);
}

static void
close_reader_cb (GTask        *task,
                 gpointer      source,
                 gpointer      data,
                 GCancellable *cancellable)
{
  FpStore *self = source;

  g_clear_pointer (&self->reader, fp_db_free);
  fp_worker_push (self->write_worker, task, close_writer_cb);
}

/* Behind the writes, so that an opening task is over too; then behind the reads. */
static void
close_cb (GTask        *task,
          gpointer      source,
          gpointer      data,
          GCancellable *cancellable)
{
  FpStore *self = source;

  _fp_store_stop_check (self);
  fp_worker_push (self->read_worker, task, close_reader_cb);
}

/**
 * fp_store_close_async:
 * @cancellable: (nullable): ignored
 * @callback: (scope async): runs in the caller's thread-default main context
 *
 * Later calls fail with CLOSED; what was handed over before is finished first.
 */
void
fp_store_close_async (FpStore            *self,
                      GCancellable       *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer            user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (FP_IS_STORE (self));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, fp_store_close_async);
  g_atomic_int_set (&self->state, FP_STORE_STATE_CLOSED);
  fp_worker_push (self->write_worker, task, close_cb);
}

gboolean
fp_store_close_finish (FpStore      *self,
                       GAsyncResult *result,
                       GError      **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

const char *
fp_store_get_folder (FpStore *self)
{
  g_return_val_if_fail (FP_IS_STORE (self), NULL);

  return self->folder;
}

const char *
fp_store_get_id (FpStore *self)
{
  g_return_val_if_fail (FP_IS_STORE (self), NULL);

  return self->id;
}

FpClock *
fp_store_get_clock (FpStore *self)
{
  g_return_val_if_fail (FP_IS_STORE (self), NULL);

  return self->clock;
}

const char *
fp_store_get_warning (FpStore *self)
{
  g_return_val_if_fail (FP_IS_STORE (self), NULL);

  return self->warning;
}

const char *
fp_store_get_repair (FpStore *self,
                     gint64  *time)
{
  g_return_val_if_fail (FP_IS_STORE (self), NULL);

  if (time)
    *time = self->repair_time;
  return self->repair;
}
