#include "engine/fp-engine-stage.h"

#include "engine/fp-engine-private.h"
#include "store/fp-stage-rows.h"
#include "sync/fp-item-machine.h"

struct _FpStage
{
  FpItem      *item;   /* as it was queued, without parts; before that as it is to be queued */
  GPtrArray   *from;   /* FpEnqueuePart */
  GPtrArray   *parts;  /* FpItemPart; NULL until it was copied */
  FpStageLock *lock;   /* says that this process copies */
  char        *words;  /* why not; NULL = it was copied */
};

void
fp_stage_free (FpStage *stage)
{
  g_clear_pointer (&stage->item, fp_item_free);
  g_clear_pointer (&stage->from, g_ptr_array_unref);
  g_clear_pointer (&stage->parts, g_ptr_array_unref);
  g_clear_pointer (&stage->lock, fp_stage_lock_release);
  g_free (stage->words);
  g_free (stage);
}

static void
stage_free_cb (gpointer stage)
{
  fp_stage_free (stage);
}

const FpItem *
fp_stage_get_item (FpStage *stage)
{
  g_return_val_if_fail (stage, NULL);

  return stage->item;
}

/* Queueing. */

static gpointer
insert (FpStoreTxn  *txn,
        gpointer     data,
        GError     **error)
{
  FpStage *stage = data;
  FpItem *row;

  g_clear_pointer (&stage->lock, fp_stage_lock_release);
  stage->lock = fp_stage_lock_share (txn, error);
  if (!stage->lock)
    return NULL;
  stage->item->id = 0;
  row = _fp_engine_insert_request (txn, stage->item, error);
  if (!row)
    return NULL;

  fp_item_free (row);

  return _FP_ENGINE_DONE;
}

static void
inserted_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  FpStage *stage = g_task_get_task_data (task);
  GError *error = NULL;

  if (_fp_engine_finish (FP_ENGINE (source), result, &error))
    {
      g_task_return_pointer (task, stage, stage_free_cb);
      return;
    }
  fp_stage_free (stage);
  g_task_return_error (task, error);
}

static void
prepared_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autoptr(GTask) task = user_data;
  FpStage *stage = g_task_get_task_data (task);
  GError *error = NULL;

  stage->item = _fp_engine_finish (self, result, &error);
  if (!stage->item)
    {
      fp_stage_free (stage);
      g_task_return_error (task, error);
      return;
    }
  stage->item->state = FP_ITEM_HELD;
  stage->item->hold = g_strdup ("staging");
  _fp_engine_write (self, fp_engine_stage_async, insert, stage, NULL, NULL, g_task_get_cancellable (task), inserted_cb,
                    g_object_ref (task));
}

/**
 * fp_engine_stage_async:
 * @request: (transfer full): what to send; its parts are read by fp_engine_stage_copy_async()
 *
 * Puts a request into the outbox durably, held as "staging" and without its parts.
 *
 * Errors: as fp_engine_enqueue_async() has them, but for those of reading.
 */
void
fp_engine_stage_async (FpEngine            *self,
                       FpEnqueue           *request,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  FpStage *stage = g_new0 (FpStage, 1);

  stage->from = g_ptr_array_ref (request->parts);
  request->staged = TRUE;
  g_task_set_source_tag (task, fp_engine_stage_async);
  /* Freed where it fails, given on where it does not. */
  g_task_set_task_data (task, stage, NULL);
  _fp_engine_prepare_async (self, request, NULL, cancellable, prepared_cb, task);
}

FpStage *
fp_engine_stage_finish (FpEngine      *self,
                        GAsyncResult  *result,
                        GError       **error)
{
  return _fp_engine_finish (self, result, error);
}

/* Copying. */

static void
copied_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  FpStage *stage = g_task_get_task_data (task);
  GError *error = NULL;

  stage->parts = _fp_engine_finish (FP_ENGINE (source), result, &error);
  if (stage->parts)
    g_task_return_pointer (task, _FP_ENGINE_DONE, NULL);
  else
    g_task_return_error (task, error);
}

/**
 * fp_engine_stage_copy_async:
 * @stage: borrowed until the call is finished
 *
 * Copies the files on the pool, durably. The item stays as it is.
 */
void
fp_engine_stage_copy_async (FpEngine            *self,
                            FpStage             *stage,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, fp_engine_stage_copy_async);
  g_task_set_task_data (task, stage, NULL);
  _fp_engine_store_parts_async (self, stage->from, cancellable, copied_cb, task);
}

gboolean
fp_engine_stage_copy_finish (FpEngine      *self,
                             GAsyncResult  *result,
                             GError       **error)
{
  return _fp_engine_finish (self, result, error) != NULL;
}

/* Settling. */

/* Failed: the hold stays, and says that its bytes are not here (fp-engine-act.c). A discarded item gets the same
 * where an undo would find it. */
static gboolean
settle_one (FpStoreTxn  *txn,
            FpItem      *item,
            const char  *words,
            GError     **error)
{
  FpItemState before = item->state;

  if (words)
    {
      g_free (item->reason_code);
      g_free (item->reason);
      item->reason_code = g_strdup ("item-file-missing");
      item->reason = g_strdup (words);
    }
  else
    {
      g_clear_pointer (&item->hold, g_free);
      if (!fp_stage_rows_fill (txn, item, error))
        return FALSE;
    }
  if (item->state == FP_ITEM_DISCARDED)
    item->state_before = words ? FP_ITEM_FAILED : FP_ITEM_PENDING;
  else
    fp_item_machine_step (item, words ? FP_EVENT_FAULT : FP_EVENT_RELEASE);

  return fp_item_rows_update (txn, item, before, error);
}

static gboolean
is_staged (const FpItem *item)
{
  return g_strcmp0 (item->hold, "staging") == 0
         && (item->state == FP_ITEM_HELD
             || (item->state == FP_ITEM_DISCARDED && item->state_before == FP_ITEM_HELD));
}

static gpointer
settle (FpStoreTxn  *txn,
        gpointer     data,
        GError     **error)
{
  FpStage *stage = data;
  GError *local = NULL;
  g_autoptr(FpItem) item = fp_item_rows_get (txn, stage->item->id, FALSE, &local);

  if (g_error_matches (local, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND))
    {
      g_error_free (local);
      return _FP_ENGINE_DONE;
    }
  if (!item)
    {
      g_propagate_error (error, local);
      return NULL;
    }
  if (!is_staged (item))
    return _FP_ENGINE_DONE;
  item->parts = stage->parts ? g_ptr_array_ref (stage->parts) : NULL;

  return settle_one (txn, item, stage->words, error) ? _FP_ENGINE_DONE : NULL;
}

/**
 * fp_engine_stage_settle_async:
 * @stage: (transfer full)
 * @words: (nullable): what hindered the copy, for a person; %NULL = it was copied
 *
 * One transaction: the item gets its parts and waits for its turn, or is failed as "item-file-missing". What was
 * discarded meanwhile stays so; what is gone is no error.
 */
void
fp_engine_stage_settle_async (FpEngine            *self,
                              FpStage             *stage,
                              const char          *words,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  g_return_if_fail (words || stage->parts);

  stage->words = g_strdup (words);
  _fp_engine_write (self, fp_engine_stage_settle_async, settle, stage, stage_free_cb, NULL, cancellable, callback,
                    user_data);
}

gboolean
fp_engine_stage_settle_finish (FpEngine      *self,
                               GAsyncResult  *result,
                               GError       **error)
{
  return _fp_engine_finish (self, result, error) != NULL;
}

/* What is left over. */

static gboolean
recover_all (FpStoreTxn  *txn,
             GError     **error)
{
  g_autoptr(GArray) ids = fp_stage_rows_list (txn, error);

  for (guint i = 0; ids && i < ids->len; i++)
    {
      g_autoptr(FpItem) item = fp_item_rows_get (txn, g_array_index (ids, gint64, i), FALSE, error);

      if (!item || !settle_one (txn, item, "the program that copied it ended before it was done", error))
        return FALSE;
    }

  return ids != NULL;
}

static gpointer
recover (FpStoreTxn  *txn,
         gpointer     data,
         GError     **error)
{
  GError *local = NULL;
  g_autoptr(FpStageLock) lock = fp_stage_lock_alone (txn, &local);

  if (local)
    {
      g_propagate_error (error, local);
      return NULL;
    }
  if (!lock)
    return GINT_TO_POINTER (2);

  return recover_all (txn, error) ? _FP_ENGINE_DONE : NULL;
}

/**
 * fp_engine_stage_recover_async:
 *
 * To be called when the process that serves descriptors starts: what such a process left half copied when it died
 * becomes failed in words.
 */
void
fp_engine_stage_recover_async (FpEngine            *self,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  _fp_engine_write (self, fp_engine_stage_recover_async, recover, NULL, NULL, NULL, cancellable, callback, user_data);
}

gboolean
fp_engine_stage_recover_finish (FpEngine      *self,
                                GAsyncResult  *result,
                                GError       **error)
{
  return GPOINTER_TO_INT (_fp_engine_finish (self, result, error)) == GPOINTER_TO_INT (_FP_ENGINE_DONE);
}
