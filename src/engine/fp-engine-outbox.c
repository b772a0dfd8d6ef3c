#include "engine/fp-engine-private.h"

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
