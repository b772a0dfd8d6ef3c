#include "store/fp-edit-rows.h"

#include "store/fp-item-rows-private.h"
#include "store/fp-store-private.h"

/* The columns that fp_item_rows_update() does not write. */
static gboolean
replace_fixed (FpStoreTxn   *txn,
               const FpItem *item,
               FpItemState   expected,
               gint64       *changes,
               GError      **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  int i = 1;

  stmt = fp_stmt_new (txn->db,
                      "UPDATE item SET uid = ?, protocol = ?, title = ?, tag = ?, method = ?, url = ?, host = ?,"
                      " reach = ?, headers = ?, boundary = ?, meta = ?, secret_id = ?, instance_id = ?, body_size = ?,"
                      " waits_for = ? WHERE id = ? AND state = ? AND maybe_delivered = 0 AND posts_done = 0",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, i++, item->uid);
  fp_stmt_bind_int (stmt, i++, item->protocol);
  fp_stmt_bind_text (stmt, i++, item->title);
  fp_stmt_bind_text (stmt, i++, item->tag);
  fp_stmt_bind_text (stmt, i++, item->method);
  fp_stmt_bind_text (stmt, i++, item->url);
  fp_stmt_bind_text (stmt, i++, item->host);
  fp_stmt_bind_int (stmt, i++, item->reach);
  fp_stmt_bind_text (stmt, i++, item->headers);
  fp_stmt_bind_text (stmt, i++, item->boundary);
  fp_stmt_bind_text (stmt, i++, item->meta);
  fp_stmt_bind_text (stmt, i++, item->secret_id);
  fp_stmt_bind_text (stmt, i++, item->instance_id);
  fp_stmt_bind_int (stmt, i++, item->body_size);
  fp_stmt_bind_row (stmt, i++, item->waits_for);
  fp_stmt_bind_int (stmt, i++, item->id);
  fp_stmt_bind_int (stmt, i++, expected);

  return fp_stmt_run (stmt, changes, error);
}

static gboolean
remember_uid (FpStoreTxn *txn,
              gint64      item,
              GError    **error)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (txn->db,
                                        "INSERT OR IGNORE INTO replaced (uid, item) SELECT uid, id FROM item"
                                        " WHERE id = ?",
                                        error);

  if (!stmt)
    return FALSE;
  fp_stmt_bind_int (stmt, 1, item);

  return fp_stmt_run (stmt, NULL, error);
}

static gboolean
drop_parts (FpStoreTxn *txn,
            gint64      item,
            GError    **error)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (txn->db, "DELETE FROM item_part WHERE item = ?", error);

  if (!stmt)
    return FALSE;
  fp_stmt_bind_int (stmt, 1, item);

  return fp_stmt_run (stmt, NULL, error);
}

/**
 * fp_edit_rows_replace:
 * @item: with its parts; uid, headers, title and tag are set, id is that of the row; body_size is set here
 * @expected: the state in which the caller believes the row
 *
 * Puts another request into the place of one that was never delivered: the order of the queue stays, and the uid that
 * it had is remembered. CHANGED: the row
 * is in another state, or may have been delivered meanwhile; NOT_FOUND: a blob is not there.
 */
gboolean
fp_edit_rows_replace (FpStoreTxn *txn,
                      FpItem     *item,
                      FpItemState expected,
                      GError    **error)
{
  gint64 changes = 0;

  g_return_val_if_fail (txn && item && item->id && item->parts, FALSE);

  if (!_fp_item_check_parts (txn, item, error))
    return FALSE;
  item->body_size = 0;
  for (guint i = 0; i < item->parts->len; i++)
    item->body_size += ((FpItemPart *) g_ptr_array_index (item->parts, i))->size;

  if (!remember_uid (txn, item->id, error) || !replace_fixed (txn, item, expected, &changes, error))
    return FALSE;
  if (changes == 0)
    {
      g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_CHANGED,
                   "Item %" G_GINT64_FORMAT " is no longer %s, or may have been delivered", item->id,
                   fp_item_state_to_string (expected));
      return FALSE;
    }

  return drop_parts (txn, item->id, error) && _fp_item_insert_parts (txn, item, error)
         && fp_item_rows_update (txn, item, expected, error);
}

char *
fp_edit_rows_find_draft (FpStoreTxn *txn,
                         gint64      item,
                         GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  g_return_val_if_fail (txn, NULL);

  stmt = fp_stmt_new (txn->db, "SELECT uid FROM draft WHERE edits = ? AND discarded = 0 ORDER BY id DESC LIMIT 1",
                      error);
  if (!stmt)
    return NULL;
  fp_stmt_bind_int (stmt, 1, item);

  return fp_stmt_step (stmt, error) == FP_STEP_ROW ? fp_stmt_dup_text (stmt, 0) : NULL;
}

gint64
fp_edit_rows_find_follower (FpStoreTxn *txn,
                            gint64      item,
                            GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  g_return_val_if_fail (txn, -1);

  stmt = fp_stmt_new (txn->db, "SELECT id FROM item WHERE waits_for = ? AND state <> 5 ORDER BY id DESC LIMIT 1", error);
  if (!stmt)
    return -1;
  fp_stmt_bind_int (stmt, 1, item);
  step = fp_stmt_step (stmt, error);
  if (step == FP_STEP_ERROR)
    return -1;

  return step == FP_STEP_ROW ? fp_stmt_get_int (stmt, 0) : 0;
}
