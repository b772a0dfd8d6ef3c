#include "store/fp-item-rows.h"

#include "base/fp-random.h"
#include "store/fp-blob.h"
#include "store/fp-item-rows-private.h"
#include "store/fp-store-private.h"

FpItem *
_fp_item_from_row (FpStmt *stmt)
{
  FpItem *item = fp_item_new ();
  int c = 0;

  item->id = fp_stmt_get_int (stmt, c++);
  item->uid = fp_stmt_dup_text (stmt, c++);
  item->kind = (FpItemKind) fp_stmt_get_int (stmt, c++);
  item->protocol = (FpProtocol) fp_stmt_get_int (stmt, c++);
  item->title = fp_stmt_dup_text (stmt, c++);
  item->tag = fp_stmt_dup_text (stmt, c++);
  item->method = fp_stmt_dup_text (stmt, c++);
  item->url = fp_stmt_dup_text (stmt, c++);
  item->host = fp_stmt_dup_text (stmt, c++);
  item->reach = (FpReach) fp_stmt_get_int (stmt, c++);
  item->headers = fp_stmt_dup_text (stmt, c++);
  item->boundary = fp_stmt_dup_text (stmt, c++);
  item->meta = fp_stmt_dup_text (stmt, c++);
  item->secret_id = fp_stmt_dup_text (stmt, c++);
  item->form = fp_stmt_get_int (stmt, c++);
  item->instance_id = fp_stmt_dup_text (stmt, c++);
  item->body_size = fp_stmt_get_int (stmt, c++);
  item->created = fp_stmt_get_int (stmt, c++);
  item->state = (FpItemState) fp_stmt_get_int (stmt, c++);
  item->state_before = (FpItemState) fp_stmt_get_int (stmt, c++);
  item->reason_code = fp_stmt_dup_text (stmt, c++);
  item->reason = fp_stmt_dup_text (stmt, c++);
  item->status = (gint) fp_stmt_get_int (stmt, c++);
  item->hold = fp_stmt_dup_text (stmt, c++);
  item->attempts = (guint) fp_stmt_get_int (stmt, c++);
  item->slow_step = (guint) fp_stmt_get_int (stmt, c++);
  item->due_boot = fp_stmt_get_int (stmt, c++);
  item->due_boot_id = fp_stmt_dup_text (stmt, c++);
  item->not_before = fp_stmt_get_int (stmt, c++);
  item->next_try = fp_stmt_get_int (stmt, c++);
  item->manual = fp_stmt_get_int (stmt, c++) != 0;
  item->maybe_delivered = fp_stmt_get_int (stmt, c++) != 0;
  item->last_try = fp_stmt_get_int (stmt, c++);
  item->changed = fp_stmt_get_int (stmt, c++);
  item->waits_for = fp_stmt_get_int (stmt, c++);
  item->posts_done = (guint) fp_stmt_get_int (stmt, c++);
  if (item->due_boot_id && item->due_boot_id[0] == '\0')
    g_clear_pointer (&item->due_boot_id, g_free);

  return item;
}

/* The "changed by delivery" columns, in the order of both statements that write them. */
static int
bind_delivery (FpStmt       *stmt,
               int           i,
               const FpItem *item,
               gint64        now)
{
  fp_stmt_bind_int (stmt, i++, item->state);
  fp_stmt_bind_int (stmt, i++, item->state_before);
  fp_stmt_bind_text (stmt, i++, item->reason_code);
  fp_stmt_bind_text (stmt, i++, item->reason);
  fp_stmt_bind_int (stmt, i++, item->status);
  fp_stmt_bind_text (stmt, i++, item->hold);
  fp_stmt_bind_int (stmt, i++, item->attempts);
  fp_stmt_bind_int (stmt, i++, item->slow_step);
  fp_stmt_bind_int (stmt, i++, item->due_boot);
  fp_stmt_bind_text (stmt, i++, item->due_boot_id ? item->due_boot_id : "");
  fp_stmt_bind_int (stmt, i++, item->not_before);
  fp_stmt_bind_int (stmt, i++, item->next_try);
  fp_stmt_bind_int (stmt, i++, item->manual ? 1 : 0);
  fp_stmt_bind_int (stmt, i++, item->maybe_delivered ? 1 : 0);
  fp_stmt_bind_int (stmt, i++, item->last_try);
  fp_stmt_bind_int (stmt, i++, now);
  fp_stmt_bind_int (stmt, i++, item->posts_done);

  return i;
}

static gboolean
check_part (FpStoreTxn *txn,
            FpItemPart *part,
            GError    **error)
{
  if ((part->data == NULL) == (part->sha256 == NULL))
    {
      g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_FAILED,
                   "A part of an item has to have either bytes or a blob");
      return FALSE;
    }
  if (part->data)
    {
      part->size = (gint64) g_bytes_get_size (part->data);
      return TRUE;
    }

  if (_fp_blob_check_size (txn, part->sha256, &part->size, error))
    return TRUE;

  if (part->filename)
    g_prefix_error (error, "%s: ", part->filename);
  return FALSE;
}

static gboolean
insert_part (FpStoreTxn       *txn,
             gint64            item,
             guint             position,
             const FpItemPart *part,
             GError          **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  stmt = fp_stmt_new (txn->db,
                      "INSERT INTO item_part (item, position, name, filename, media_type, sha256, size,"
                      " data, post) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_int (stmt, 1, item);
  fp_stmt_bind_int (stmt, 2, position);
  fp_stmt_bind_text (stmt, 3, part->name);
  fp_stmt_bind_text (stmt, 4, part->filename);
  fp_stmt_bind_text (stmt, 5, part->media_type);
  fp_stmt_bind_text (stmt, 6, part->sha256);
  fp_stmt_bind_int (stmt, 7, part->size);
  fp_stmt_bind_bytes (stmt, 8, part->data);
  fp_stmt_bind_int (stmt, 9, part->post);

  return fp_stmt_run (stmt, NULL, error);
}

gboolean
_fp_item_check_parts (FpStoreTxn *txn,
                      FpItem     *item,
                      GError    **error)
{
  for (guint i = 0; item->parts && i < item->parts->len; i++)
    if (!check_part (txn, g_ptr_array_index (item->parts, i), error))
      return FALSE;

  return TRUE;
}

gboolean
_fp_item_insert_parts (FpStoreTxn   *txn,
                       const FpItem *item,
                       GError      **error)
{
  for (guint i = 0; item->parts && i < item->parts->len; i++)
    if (!insert_part (txn, item->id, i, g_ptr_array_index (item->parts, i), error))
      return FALSE;

  return TRUE;
}

static void
fill_in (FpStoreTxn *txn,
         FpItem     *item)
{
  guint i;

  if (!item->uid)
    item->uid = fp_uuid_new ();
  if (!item->tag)
    item->tag = g_strdup ("data-sync");
  if (!item->headers)
    item->headers = g_strdup ("{}");
  if (!item->title)
    item->title = g_strdup ("");
  if (item->created == 0)
    item->created = txn->now;
  if (item->state == 0)
    item->state = FP_ITEM_PENDING;
  item->changed = txn->now;
  item->body_size = 0;
  for (i = 0; item->parts && i < item->parts->len; i++)
    item->body_size += ((FpItemPart *) g_ptr_array_index (item->parts, i))->size;
}

static gboolean
insert_item (FpStoreTxn *txn,
             FpItem     *item,
             GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  int i = 1;

  stmt = fp_stmt_new (txn->db,
                      "INSERT INTO item (uid, kind, protocol, title, tag, method, url, host, reach,"
                      " headers, boundary, meta, secret_id, form, instance_id, body_size, created,"
                      " waits_for,"
                      " state, state_before, reason_code, reason, status, hold, attempts, slow_step,"
                      " due_boot, due_boot_id, not_before, next_try, manual, maybe_delivered,"
                      " last_try, changed, posts_done) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
                      " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, i++, item->uid);
  fp_stmt_bind_int (stmt, i++, item->kind);
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
  fp_stmt_bind_row (stmt, i++, item->form);
  fp_stmt_bind_text (stmt, i++, item->instance_id);
  fp_stmt_bind_int (stmt, i++, item->body_size);
  fp_stmt_bind_int (stmt, i++, item->created);
  fp_stmt_bind_row (stmt, i++, item->waits_for);
  bind_delivery (stmt, i, item, txn->now);

  if (!fp_stmt_run (stmt, NULL, error))
    return FALSE;
  item->id = sqlite3_last_insert_rowid (txn->db->handle);

  return TRUE;
}

/**
 * fp_item_rows_insert:
 * @item: uid, tag, headers, title, created and state are filled in where they are missing; id, changed,
 *   body_size and the sizes of the parts are set
 *
 * Adds an item with its parts. CHANGED: there is one with this uid; NOT_FOUND: a blob is not there.
 */
gboolean
fp_item_rows_insert (FpStoreTxn *txn,
                     FpItem     *item,
                     GError    **error)
{
  g_return_val_if_fail (txn && item && item->id == 0, FALSE);

  if (!_fp_item_check_parts (txn, item, error))
    return FALSE;
  fill_in (txn, item);
  if (!insert_item (txn, item, error) || !_fp_item_insert_parts (txn, item, error))
    return FALSE;

  fp_store_txn_touch (txn, FP_STORE_ITEMS, item->id);
  return TRUE;
}

static gboolean
read_parts (FpStoreTxn *txn,
            FpItem     *item,
            GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  stmt = fp_stmt_new (txn->db,
                      "SELECT name, filename, media_type, sha256, size, data, post FROM item_part"
                      " WHERE item = ? ORDER BY position",
                      error);
  if (!stmt)
    return FALSE;

  item->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_item_part_free);
  fp_stmt_bind_int (stmt, 1, item->id);
  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    {
      FpItemPart *part = fp_item_part_new (NULL, NULL, NULL);

      part->name = fp_stmt_dup_text (stmt, 0);
      part->filename = fp_stmt_dup_text (stmt, 1);
      part->media_type = fp_stmt_dup_text (stmt, 2);
      part->sha256 = fp_stmt_dup_text (stmt, 3);
      part->size = fp_stmt_get_int (stmt, 4);
      part->data = fp_stmt_dup_bytes (stmt, 5);
      part->post = (guint) fp_stmt_get_int (stmt, 6);
      g_ptr_array_add (item->parts, part);
    }

  return step == FP_STEP_DONE;
}

static FpItem *
read_one (FpStmt  *stmt,
          GError **error)
{
  FpStep step = fp_stmt_step (stmt, error);

  if (step == FP_STEP_ROW)
    return _fp_item_from_row (stmt);
  if (step == FP_STEP_DONE)
    g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND, "No such item");

  return NULL;
}

/**
 * fp_item_rows_get:
 * @with_parts: also the parts, with the inline bytes
 *
 * Returns: (transfer full): the item; NULL with NOT_FOUND
 */
FpItem *
fp_item_rows_get (FpStoreTxn *txn,
                  gint64      id,
                  gboolean    with_parts,
                  GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  g_autoptr(FpItem) item = NULL;

  g_return_val_if_fail (txn, NULL);

  stmt = fp_stmt_new (txn->db, "SELECT " FP_ITEM_COLUMNS " FROM item WHERE id = ?", error);
  if (!stmt)
    return NULL;
  fp_stmt_bind_int (stmt, 1, id);
  item = read_one (stmt, error);
  if (!item || (with_parts && !read_parts (txn, item, error)))
    return NULL;

  return g_steal_pointer (&item);
}

/**
 * fp_item_rows_find:
 *
 * Returns: (transfer full): the item without parts; NULL with NOT_FOUND
 */
FpItem *
fp_item_rows_find (FpStoreTxn *txn,
                   const char *uid,
                   GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  g_return_val_if_fail (txn && uid, NULL);

  stmt = fp_stmt_new (txn->db, "SELECT " FP_ITEM_COLUMNS " FROM item WHERE uid = ?", error);
  if (!stmt)
    return NULL;
  fp_stmt_bind_text (stmt, 1, uid);

  return read_one (stmt, error);
}

/**
 * fp_item_rows_update:
 * @item: all "changed by delivery" columns are written but changed, which becomes the transaction's time
 * @expected: the state in which the caller believes the row
 *
 * Compare-and-set. CHANGED: the row is in another state; NOT_FOUND: there is none. An item that becomes
 * sent needs its receipt in the same transaction, or the commit fails.
 */
gboolean
fp_item_rows_update (FpStoreTxn   *txn,
                     const FpItem *item,
                     FpItemState   expected,
                     GError      **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  g_autoptr(FpItem) row = NULL;
  gint64 changes = 0;
  int i;

  g_return_val_if_fail (txn && item, FALSE);

  stmt = fp_stmt_new (txn->db,
                      "UPDATE item SET state = ?, state_before = ?, reason_code = ?, reason = ?,"
                      " status = ?, hold = ?, attempts = ?, slow_step = ?, due_boot = ?,"
                      " due_boot_id = ?, not_before = ?, next_try = ?, manual = ?,"
                      " maybe_delivered = ?, last_try = ?, changed = ?, posts_done = ? WHERE id = ? AND state = ?",
                      error);
  if (!stmt)
    return FALSE;
  i = bind_delivery (stmt, 1, item, txn->now);
  fp_stmt_bind_int (stmt, i++, item->id);
  fp_stmt_bind_int (stmt, i++, expected);
  if (!fp_stmt_run (stmt, &changes, error))
    return FALSE;
  if (changes == 1)
    {
      fp_store_txn_touch (txn, FP_STORE_ITEMS, item->id);
      return TRUE;
    }

  row = fp_item_rows_get (txn, item->id, FALSE, error);
  if (row)
    g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_CHANGED, "Item %" G_GINT64_FORMAT " is %s, not %s",
                 item->id, fp_item_state_to_string (row->state), fp_item_state_to_string (expected));

  return FALSE;
}

/**
 * fp_item_rows_add_receipt:
 *
 * Adds the one receipt of an item. CHANGED: it has one.
 */
gboolean
fp_item_rows_add_receipt (FpStoreTxn      *txn,
                          const FpReceipt *receipt,
                          GError         **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  g_return_val_if_fail (txn && receipt, FALSE);

  stmt = fp_stmt_new (txn->db,
                      "INSERT INTO receipt (item, uid, instance_id, url, status, headers, body, time)"
                      " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_int (stmt, 1, receipt->item);
  fp_stmt_bind_text (stmt, 2, receipt->uid);
  fp_stmt_bind_text (stmt, 3, receipt->instance_id);
  fp_stmt_bind_text (stmt, 4, receipt->url);
  fp_stmt_bind_int (stmt, 5, receipt->status);
  fp_stmt_bind_text (stmt, 6, receipt->headers ? receipt->headers : "{}");
  fp_stmt_bind_text (stmt, 7, receipt->body);
  fp_stmt_bind_int (stmt, 8, receipt->time ? receipt->time : txn->now);
  if (!fp_stmt_run (stmt, NULL, error))
    return FALSE;

  fp_store_txn_touch (txn, FP_STORE_ITEMS, receipt->item);
  return TRUE;
}

/**
 * fp_item_rows_get_receipt:
 *
 * Returns: (transfer full): the receipt; NULL with NOT_FOUND
 */
FpReceipt *
fp_item_rows_get_receipt (FpStoreTxn *txn,
                          gint64      item,
                          GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  FpReceipt *receipt;
  FpStep step;

  g_return_val_if_fail (txn, NULL);

  stmt = fp_stmt_new (txn->db,
                      "SELECT item, uid, instance_id, url, status, headers, body, time FROM receipt"
                      " WHERE item = ?",
                      error);
  if (!stmt)
    return NULL;
  fp_stmt_bind_int (stmt, 1, item);
  step = fp_stmt_step (stmt, error);
  if (step == FP_STEP_DONE)
    g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND, "No receipt");
  if (step != FP_STEP_ROW)
    return NULL;

  receipt = g_new0 (FpReceipt, 1);
  receipt->item = fp_stmt_get_int (stmt, 0);
  receipt->uid = fp_stmt_dup_text (stmt, 1);
  receipt->instance_id = fp_stmt_dup_text (stmt, 2);
  receipt->url = fp_stmt_dup_text (stmt, 3);
  receipt->status = (gint) fp_stmt_get_int (stmt, 4);
  receipt->headers = fp_stmt_dup_text (stmt, 5);
  receipt->body = fp_stmt_dup_text (stmt, 6);
  receipt->time = fp_stmt_get_int (stmt, 7);

  return receipt;
}
