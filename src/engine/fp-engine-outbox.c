#include "engine/fp-engine-private.h"

#include "sync/fp-item-machine.h"
#include "sync/fp-policy.h"

#define PAGE 500

/* Listing. */

static void
query_free (gpointer data)
{
  FpItemQuery *query = data;

  g_free (query->tag);
  g_free (query);
}

static gpointer
list_items (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  return fp_item_rows_list (txn, data, error);
}

/**
 * fp_engine_list_items_async:
 * @query: copied
 */
void
fp_engine_list_items_async (FpEngine            *self,
                            const FpItemQuery   *query,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  FpItemQuery *copy = g_memdup2 (query, sizeof *query);

  copy->tag = g_strdup (query->tag);
  _fp_engine_read (self, fp_engine_list_items_async, list_items, copy, query_free, (GDestroyNotify) g_ptr_array_unref,
                   cancellable, callback, user_data);
}

/**
 * fp_engine_list_items_finish:
 *
 * Returns: (transfer full) (element-type FpItem): without parts, newest first
 */
GPtrArray *
fp_engine_list_items_finish (FpEngine      *self,
                             GAsyncResult  *result,
                             GError       **error)
{
  return _fp_engine_finish (self, result, error);
}

/* One item. */

typedef struct {
  FpItem    *item;
  FpReceipt *receipt;
} ItemAndReceipt;

static void
item_and_receipt_free (gpointer data)
{
  ItemAndReceipt *both = data;

  g_clear_pointer (&both->item, fp_item_free);
  g_clear_pointer (&both->receipt, fp_receipt_free);
  g_free (both);
}

static gpointer
get_item (FpStoreTxn  *txn,
          gpointer     data,
          GError     **error)
{
  gint64 *id = data;
  ItemAndReceipt *both = g_new0 (ItemAndReceipt, 1);
  GError *local = NULL;

  both->item = fp_item_rows_get (txn, *id, TRUE, &local);
  if (both->item && both->item->state == FP_ITEM_SENT)
    both->receipt = fp_item_rows_get_receipt (txn, *id, &local);
  if (!local)
    return both;

  item_and_receipt_free (both);
  if (g_error_matches (local, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND))
    g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_NOT_FOUND, "item %" G_GINT64_FORMAT ": there is none", *id);
  else
    g_propagate_error (error, g_steal_pointer (&local));
  g_clear_error (&local);

  return NULL;
}

void
fp_engine_get_item_async (FpEngine            *self,
                          gint64               id,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  _fp_engine_read (self, fp_engine_get_item_async, get_item, g_memdup2 (&id, sizeof id), g_free,
                   item_and_receipt_free, cancellable, callback, user_data);
}

/**
 * fp_engine_get_item_finish:
 * @receipt: (out) (optional) (nullable) (transfer full): of a sent item
 *
 * Returns: (transfer full): the item with its parts
 */
FpItem *
fp_engine_get_item_finish (FpEngine      *self,
                           GAsyncResult  *result,
                           FpReceipt    **receipt,
                           GError       **error)
{
  ItemAndReceipt *both = _fp_engine_finish (self, result, error);
  FpItem *item;

  if (receipt)
    *receipt = NULL;
  if (!both)
    return NULL;

  item = g_steal_pointer (&both->item);
  if (receipt)
    *receipt = g_steal_pointer (&both->receipt);
  item_and_receipt_free (both);

  return item;
}

/* Retry, discard, undo. */

typedef struct {
  FpAct   act;
  GArray *ids; /* NULL = all */
} Act;

static void
act_free (gpointer data)
{
  Act *act = data;

  g_clear_pointer (&act->ids, g_array_unref);
  g_free (act);
}

static gboolean
act_on (FpStoreTxn  *txn,
        FpAct        act,
        gint64       id,
        GError     **error)
{
  static const char * const verbs[] = {
    [FP_ACT_RETRY] = "retried", [FP_ACT_DISCARD] = "discarded", [FP_ACT_UNDO] = "brought back",
  };
  g_autoptr(GError) local = NULL;
  g_autoptr(FpItem) item = fp_item_rows_get (txn, id, FALSE, &local);
  FpItemState before;
  gboolean allowed;

  if (g_error_matches (local, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND))
    {
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_NOT_FOUND, "item %" G_GINT64_FORMAT ": there is none", id);
      return FALSE;
    }
  if (!item)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }

  before = item->state;
  if (act == FP_ACT_RETRY)
    allowed = fp_policy_release (item);
  else
    allowed = fp_item_machine_step (item, act == FP_ACT_DISCARD ? FP_EVENT_DISCARD : FP_EVENT_UNDO);
  if (!allowed)
    {
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED, "item %" G_GINT64_FORMAT
                   " is %s and cannot be %s", id, fp_item_state_to_string (before), verbs[act]);
      return FALSE;
    }

  return fp_item_rows_update (txn, item, before, error);
}

/* Every failed and held item one by one, the waits of the pending ones by one statement; the number of all, or -1. */
static gint
retry_all (FpStoreTxn  *txn,
           GError     **error)
{
  FpItemQuery query = { .states = 1 << FP_ITEM_FAILED | 1 << FP_ITEM_HELD, .limit = PAGE };
  g_autoptr(FpItemCounts) counts = fp_item_rows_count (txn, error);
  gint n;

  if (!counts)
    return -1;

  n = counts->pending;
  for (;;)
    {
      g_autoptr(GPtrArray) items = fp_item_rows_list (txn, &query, error);

      if (!items)
        return -1;
      for (guint i = 0; i < items->len; i++)
        if (!act_on (txn, FP_ACT_RETRY, ((FpItem *) g_ptr_array_index (items, i))->id, error))
          return -1;
      n += items->len;
      if (items->len < PAGE)
        break;
      query.after = ((FpItem *) g_ptr_array_index (items, items->len - 1))->id;
    }

  return fp_item_rows_clear_waits (txn, NULL, TRUE, error) ? n : -1;
}

static gpointer
run_act (FpStoreTxn  *txn,
         gpointer     data,
         GError     **error)
{
  Act *act = data;

  if (!act->ids)
    {
      gint n = retry_all (txn, error);

      /* One more than the number: zero is no error. */
      return n < 0 ? NULL : GINT_TO_POINTER (n + 1);
    }
  for (guint i = 0; i < act->ids->len; i++)
    if (!act_on (txn, act->act, g_array_index (act->ids, gint64, i), error))
      return NULL;

  return GINT_TO_POINTER ((gint) act->ids->len + 1);
}

/**
 * fp_engine_act_async:
 * @ids: (nullable) (element-type gint64): copied; %NULL with FP_ACT_RETRY = all
 *
 * All or nothing. Errors: FP_ENGINE_ERROR_NOT_FOUND and FP_ENGINE_ERROR_REFUSED name the first item that cannot.
 */
void
fp_engine_act_async (FpEngine            *self,
                     FpAct                act,
                     GArray              *ids,
                     GCancellable        *cancellable,
                     GAsyncReadyCallback  callback,
                     gpointer             user_data)
{
  Act *what = g_new0 (Act, 1);

  g_return_if_fail (ids || act == FP_ACT_RETRY);

  what->act = act;
  what->ids = ids ? g_array_copy (ids) : NULL;
  _fp_engine_write (self, fp_engine_act_async, run_act, what, act_free, NULL, cancellable, callback, user_data);
}

/**
 * fp_engine_act_finish:
 *
 * Returns: how many items it was done to, or -1 on error
 */
gint
fp_engine_act_finish (FpEngine      *self,
                      GAsyncResult  *result,
                      GError       **error)
{
  return GPOINTER_TO_INT (_fp_engine_finish (self, result, error)) - 1;
}
