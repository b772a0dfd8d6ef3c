#include "engine/fp-engine-private.h"

G_DEFINE_FINAL_TYPE (FpEngine, fp_engine, G_TYPE_OBJECT)
G_DEFINE_QUARK (fp-engine-error-quark, fp_engine_error)

enum { CHANGED, N_SIGNALS };

static guint signals[N_SIGNALS];

static void
store_changed_cb (FpStore  *store,
                  guint     topics,
                  GArray   *item_ids,
                  gpointer  user_data)
{
  g_signal_emit (user_data, signals[CHANGED], 0, topics);
}

static void
weak_ref_free (gpointer data)
{
  GWeakRef *ref = data;

  g_weak_ref_clear (ref);
  g_free (ref);
}

static void
fp_engine_dispose (GObject *object)
{
  FpEngine *self = FP_ENGINE (object);

  g_clear_object (&self->tags);
  g_clear_object (&self->sync);
  g_clear_object (&self->http);
  g_clear_object (&self->secrets);
  g_clear_object (&self->store);
  g_clear_pointer (&self->drafts, g_ptr_array_unref);
  g_clear_pointer (&self->keeping, g_queue_free);
  g_clear_pointer (&self->refused, g_hash_table_unref);

  G_OBJECT_CLASS (fp_engine_parent_class)->dispose (object);
}

static void
fp_engine_class_init (FpEngineClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = fp_engine_dispose;

  signals[CHANGED] = g_signal_new ("changed", FP_TYPE_ENGINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 1, G_TYPE_UINT);
}

static void
fp_engine_init (FpEngine *self)
{
  self->drafts = g_ptr_array_new_with_free_func (weak_ref_free);
  self->keeping = g_queue_new ();
  self->refused = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, (GDestroyNotify) g_strfreev);
}

/**
 * fp_engine_dup_default_folder:
 *
 * Returns: (transfer full): where the store lives unless told otherwise: `$FIELDPOST_DATA`, or `fieldpost` in the
 *   user's data folder
 */
char *
fp_engine_dup_default_folder (void)
{
  const char *folder = g_getenv ("FIELDPOST_DATA");

  if (folder && *folder)
    return g_canonicalize_filename (folder, NULL);

  return g_build_filename (g_get_user_data_dir (), "fieldpost", NULL);
}

/**
 * fp_engine_new:
 * @folder: (nullable): folder of the store; %NULL = fp_engine_dup_default_folder()
 * @clock: (nullable): %NULL = the system's
 *
 * Makes an engine that is not open yet; touches no file.
 */
FpEngine *
fp_engine_new (const char *folder,
               FpClock    *clock)
{
  FpEngine *self = g_object_new (FP_TYPE_ENGINE, NULL);
  g_autofree char *path = folder ? g_strdup (folder) : fp_engine_dup_default_folder ();
  g_autoptr(FpClock) used = clock ? g_object_ref (clock) : fp_clock_new ();

  self->store = fp_store_new (path, used);
  self->secrets = fp_secrets_new (path);
  self->http = fp_http_new (self->secrets);
  g_signal_connect_object (self->store, "changed", G_CALLBACK (store_changed_cb), self, 0);

  return self;
}

FpStore *
fp_engine_get_store (FpEngine *self)
{
  g_return_val_if_fail (FP_IS_ENGINE (self), NULL);

  return self->store;
}

FpHttp *
fp_engine_get_http (FpEngine *self)
{
  g_return_val_if_fail (FP_IS_ENGINE (self), NULL);

  return self->http;
}

FpSync *
fp_engine_get_sync (FpEngine *self)
{
  g_return_val_if_fail (FP_IS_ENGINE (self), NULL);

  return self->sync;
}

/**
 * fp_engine_poke:
 * @topics: what another process is believed to have written
 *
 * Says that the store may have been written by another process: emits "changed" and looks for due items.
 */
void
fp_engine_poke (FpEngine      *self,
                FpStoreTopics  topics)
{
  g_return_if_fail (FP_IS_ENGINE (self));

  g_signal_emit (self, signals[CHANGED], 0, (guint) topics);
  /* Commits of this process it hears of by itself. */
  if (self->sync)
    fp_sync_nudge (self->sync);
  if (self->tags)
    fp_tags_nudge (self->tags);
}

/**
 * fp_engine_start_sending:
 * @link: what tells whether the network could work
 *
 * Begins to send as soon as this process gets the sender lock. To be called once, on an open engine.
 */
void
fp_engine_start_sending (FpEngine *self,
                         FpLink   *link)
{
  g_return_if_fail (FP_IS_ENGINE (self));
  g_return_if_fail (self->sync == NULL);

  self->sync = fp_sync_new (self->store, link, self->http, fp_random_new ());
  self->tags = fp_tags_new (self->store, self->sync, fp_random_new ());
  fp_sync_start (self->sync);
  fp_tags_start (self->tags);
}

/* Transactions. */

typedef struct {
  gboolean       write;
  GDestroyNotify result_free;
} Transaction;

static void
transaction_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Transaction *transaction = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;
  gpointer value = transaction->write ? fp_store_write_finish (FP_STORE (source), result, &error)
                                      : fp_store_read_finish (FP_STORE (source), result, &error);

  if (error)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  g_task_return_pointer (task, value, transaction->result_free);
}

static GTask *
transaction_task (FpEngine            *self,
                  gpointer             tag,
                  gboolean             write,
                  GDestroyNotify       result_free,
                  GCancellable        *cancellable,
                  GAsyncReadyCallback  callback,
                  gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Transaction *transaction = g_new (Transaction, 1);

  transaction->write = write;
  transaction->result_free = result_free;
  g_task_set_source_tag (task, tag);
  /* What was committed is committed: a late cancellation must not turn it into an error. */
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, transaction, g_free);

  return task;
}

void
_fp_engine_write (FpEngine            *self,
                  gpointer             tag,
                  FpStoreFunc          func,
                  gpointer             data,
                  GDestroyNotify       data_free,
                  GDestroyNotify       result_free,
                  GCancellable        *cancellable,
                  GAsyncReadyCallback  callback,
                  gpointer             user_data)
{
  GTask *task = transaction_task (self, tag, TRUE, result_free, cancellable, callback, user_data);

  fp_store_write_async (self->store, func, data, data_free, result_free, cancellable, transaction_cb, task);
}

void
_fp_engine_read (FpEngine            *self,
                 gpointer             tag,
                 FpStoreFunc          func,
                 gpointer             data,
                 GDestroyNotify       data_free,
                 GDestroyNotify       result_free,
                 GCancellable        *cancellable,
                 GAsyncReadyCallback  callback,
                 gpointer             user_data)
{
  GTask *task = transaction_task (self, tag, FALSE, result_free, cancellable, callback, user_data);

  fp_store_read_async (self->store, func, data, data_free, result_free, cancellable, transaction_cb, task);
}

gpointer
_fp_engine_finish (FpEngine      *self,
                   GAsyncResult  *result,
                   GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Opening and closing. */

static void
opened_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GError) error = NULL;

  if (!fp_store_open_finish (FP_STORE (source), result, &error))
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_boolean (task, TRUE);
}

/**
 * fp_engine_open_async:
 *
 * Opens the store, making it where there is none. Errors: those of the store.
 */
void
fp_engine_open_async (FpEngine            *self,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, fp_engine_open_async);
  fp_store_open_async (self->store, cancellable, opened_cb, g_steal_pointer (&task));
}

gboolean
fp_engine_open_finish (FpEngine      *self,
                       GAsyncResult  *result,
                       GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
_fp_engine_track_draft (FpEngine *self,
                        FpDraft  *draft)
{
  GWeakRef *ref = g_new0 (GWeakRef, 1);

  for (guint i = self->drafts->len; i > 0; i--)
    {
      g_autoptr(GObject) alive = g_weak_ref_get (g_ptr_array_index (self->drafts, i - 1));

      if (!alive)
        g_ptr_array_remove_index_fast (self->drafts, i - 1);
    }
  g_weak_ref_init (ref, draft);
  g_ptr_array_add (self->drafts, ref);
}

static void
closed_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GError) error = NULL;
  GError *earlier = g_task_get_task_data (task);

  if (!fp_store_close_finish (FP_STORE (source), result, &error))
    g_task_return_error (task, g_steal_pointer (&error));
  else if (earlier)
    g_task_return_error (task, g_error_copy (earlier));
  else
    g_task_return_boolean (task, TRUE);
}

static void
stopped_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GError) error = NULL;
  FpEngine *self = g_task_get_source_object (task);

  /* The store is closed all the same: what could not be written is an orphan that the next sender finds. */
  if (!fp_sync_stop_finish (FP_SYNC (source), result, &error))
    g_task_set_task_data (task, g_steal_pointer (&error), (GDestroyNotify) g_error_free);
  fp_store_close_async (self->store, NULL, closed_cb, g_steal_pointer (&task));
}

static void flush_next (GTask *task);

static void
flushed_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GError) error = NULL;

  if (!fp_draft_flush_finish (FP_DRAFT (source), result, &error)
      && fp_draft_get_state (FP_DRAFT (source)) != FP_DRAFT_GONE)
    g_task_set_task_data (task, g_steal_pointer (&error), (GDestroyNotify) g_error_free);
  flush_next (g_steal_pointer (&task));
}

/* Flushes the drafts one after the other, then goes on to the sender and the store. Takes @task. */
static void
flush_next (GTask *task)
{
  FpEngine *self = g_task_get_source_object (task);

  while (self->drafts->len > 0)
    {
      g_autoptr(FpDraft) draft = g_weak_ref_get (g_ptr_array_index (self->drafts, self->drafts->len - 1));

      g_ptr_array_remove_index (self->drafts, self->drafts->len - 1);
      if (!draft)
        continue;
      fp_draft_flush_async (draft, NULL, flushed_cb, task);
      return;
    }
  if (self->tags)
    fp_tags_stop (self->tags);
  if (self->sync)
    fp_sync_stop_async (self->sync, NULL, stopped_cb, task);
  else
    fp_store_close_async (self->store, NULL, closed_cb, task);
}

/**
 * fp_engine_close_async:
 *
 * Flushes every draft that is open, aborts requests in flight (their rows go back to the queue), and closes the
 * store. An error tells that something was not written; everything is closed all the same.
 */
void
fp_engine_close_async (FpEngine            *self,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, fp_engine_close_async);
  flush_next (task);
}

gboolean
fp_engine_close_finish (FpEngine      *self,
                        GAsyncResult  *result,
                        GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
