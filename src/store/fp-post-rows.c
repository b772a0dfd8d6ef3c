#include "store/fp-item-rows.h"

#include "store/fp-item-rows-private.h"
#include "store/fp-store-private.h"

/**
 * fp_item_rows_set_posts:
 * @item: with its parts, all of them in their order
 *
 * Writes in which of its requests each part goes. Nothing else of a part ever changes.
 */
gboolean
fp_item_rows_set_posts (FpStoreTxn    *txn,
                        const FpItem  *item,
                        GError       **error)
{
  g_return_val_if_fail (txn && item && item->parts, FALSE);

  for (guint i = 0; i < item->parts->len; i++)
    {
      const FpItemPart *part = g_ptr_array_index (item->parts, i);
      g_autoptr(FpStmt) stmt = NULL;

      stmt = fp_stmt_new (txn->db, "UPDATE item_part SET post = ?1 WHERE item = ?2 AND position = ?3 AND post <> ?1",
                          error);
      if (!stmt)
        return FALSE;
      fp_stmt_bind_int (stmt, 1, part->post);
      fp_stmt_bind_int (stmt, 2, item->id);
      fp_stmt_bind_int (stmt, 3, i);
      if (!fp_stmt_run (stmt, NULL, error))
        return FALSE;
    }

  return TRUE;
}

/**
 * fp_item_rows_list_followers:
 *
 * Returns: (transfer full) (element-type FpItem): the newer versions of @item, in whatever state, oldest first
 */
GPtrArray *
fp_item_rows_list_followers (FpStoreTxn  *txn,
                             gint64       item,
                             GError     **error)
{
  g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_item_free);
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  g_return_val_if_fail (txn, NULL);

  stmt = fp_stmt_new (txn->db, "SELECT " FP_ITEM_COLUMNS " FROM item WHERE waits_for = ? ORDER BY item.id", error);
  if (!stmt)
    return NULL;
  fp_stmt_bind_int (stmt, 1, item);
  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    g_ptr_array_add (items, _fp_item_from_row (stmt));

  return step == FP_STEP_DONE ? g_steal_pointer (&items) : NULL;
}
