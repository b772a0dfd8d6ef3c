#include "store/fp-form-rows.h"

#include "store/fp-store-private.h"

#define SERVER_COLUMNS "id, title, url, protocol, reach, user, secret_id, added, refreshed, success, lost"

FpServerRow *
fp_server_row_new (void)
{
  return g_new0 (FpServerRow, 1);
}

void
fp_server_row_free (FpServerRow *row)
{
  g_return_if_fail (row);

  g_free (row->title);
  g_free (row->url);
  g_free (row->user);
  g_free (row->secret_id);
  g_free (row);
}

static FpServerRow *
server_from_row (FpStmt *stmt)
{
  FpServerRow *row = fp_server_row_new ();

  row->id = fp_stmt_get_int (stmt, 0);
  row->title = fp_stmt_dup_text (stmt, 1);
  row->url = fp_stmt_dup_text (stmt, 2);
  row->protocol = (FpProtocol) fp_stmt_get_int (stmt, 3);
  row->reach = (FpReach) fp_stmt_get_int (stmt, 4);
  row->user = fp_stmt_dup_text (stmt, 5);
  row->secret_id = fp_stmt_dup_text (stmt, 6);
  row->added = fp_stmt_get_int (stmt, 7);
  row->refreshed = fp_stmt_get_int (stmt, 8);
  row->success = (FpSuccess) fp_stmt_get_int (stmt, 9);
  row->lost = (FpLost) fp_stmt_get_int (stmt, 10);

  return row;
}

static void
bind_server (FpStmt            *stmt,
             const FpServerRow *row)
{
  fp_stmt_bind_text (stmt, 1, row->title);
  fp_stmt_bind_text (stmt, 2, row->url);
  fp_stmt_bind_int (stmt, 3, row->protocol);
  fp_stmt_bind_int (stmt, 4, row->reach);
  fp_stmt_bind_text (stmt, 5, row->user);
  fp_stmt_bind_text (stmt, 6, row->secret_id);
  fp_stmt_bind_int (stmt, 7, row->refreshed);
  fp_stmt_bind_int (stmt, 8, row->success);
  fp_stmt_bind_int (stmt, 9, row->lost);
}

static void
set_not_found (GError **error)
{
  g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND, "No such server");
}

/**
 * fp_server_rows_add:
 * @row: title and url; added is filled in where it is missing, id is set
 */
gboolean
fp_server_rows_add (FpStoreTxn  *txn,
                    FpServerRow *row,
                    GError     **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  g_return_val_if_fail (txn && row && row->title && row->url, FALSE);

  if (row->added == 0)
    row->added = txn->now;
  stmt = fp_stmt_new (txn->db,
                      "INSERT INTO server (title, url, protocol, reach, user, secret_id, refreshed, success, lost,"
                      " added) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                      error);
  if (!stmt)
    return FALSE;
  bind_server (stmt, row);
  fp_stmt_bind_int (stmt, 10, row->added);
  if (!fp_stmt_run (stmt, NULL, error))
    return FALSE;

  row->id = sqlite3_last_insert_rowid (txn->db->handle);
  fp_store_txn_touch (txn, FP_STORE_SERVERS, 0);
  return TRUE;
}

/**
 * fp_server_rows_update:
 * @row: everything but added is written; NOT_FOUND where there is no such id
 */
gboolean
fp_server_rows_update (FpStoreTxn        *txn,
                       const FpServerRow *row,
                       GError           **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  gint64 changes = 0;

  g_return_val_if_fail (txn && row && row->title && row->url, FALSE);

  stmt = fp_stmt_new (txn->db,
                      "UPDATE server SET title = ?, url = ?, protocol = ?, reach = ?, user = ?,"
                      " secret_id = ?, refreshed = ?, success = ?, lost = ? WHERE id = ?",
                      error);
  if (!stmt)
    return FALSE;
  bind_server (stmt, row);
  fp_stmt_bind_int (stmt, 10, row->id);
  if (!fp_stmt_run (stmt, &changes, error))
    return FALSE;
  if (changes == 0)
    {
      set_not_found (error);
      return FALSE;
    }

  fp_store_txn_touch (txn, FP_STORE_SERVERS, 0);
  return TRUE;
}

/**
 * fp_server_rows_get:
 *
 * Returns: (transfer full): the server; NULL with NOT_FOUND
 */
FpServerRow *
fp_server_rows_get (FpStoreTxn *txn,
                    gint64      id,
                    GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  g_return_val_if_fail (txn, NULL);

  stmt = fp_stmt_new (txn->db, "SELECT " SERVER_COLUMNS " FROM server WHERE id = ?", error);
  if (!stmt)
    return NULL;
  fp_stmt_bind_int (stmt, 1, id);
  step = fp_stmt_step (stmt, error);
  if (step == FP_STEP_ROW)
    return server_from_row (stmt);
  if (step == FP_STEP_DONE)
    set_not_found (error);

  return NULL;
}

/**
 * fp_server_rows_list:
 *
 * Returns: (transfer full) (element-type FpServerRow): all servers by title
 */
GPtrArray *
fp_server_rows_list (FpStoreTxn *txn,
                     GError    **error)
{
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_server_row_free);
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  g_return_val_if_fail (txn, NULL);

  stmt = fp_stmt_new (txn->db,
                      "SELECT " SERVER_COLUMNS " FROM server ORDER BY title COLLATE NOCASE, id", error);
  if (!stmt)
    return NULL;
  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    g_ptr_array_add (rows, server_from_row (stmt));

  return step == FP_STEP_DONE ? g_steal_pointer (&rows) : NULL;
}

static gboolean
run_with_id (FpStoreTxn *txn,
             const char *sql,
             gint64      id,
             gint64     *changes,
             GError    **error)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (txn->db, sql, error);

  if (!stmt)
    return FALSE;
  fp_stmt_bind_int (stmt, 1, id);

  return fp_stmt_run (stmt, changes, error);
}

static gboolean
is_in_use (FpStoreTxn *txn,
           gint64      id,
           gboolean   *in_use,
           GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  stmt = fp_stmt_new (txn->db,
                      "SELECT EXISTS (SELECT 1 FROM form JOIN draft ON draft.form = form.id"
                      " WHERE form.server = ?1 AND draft.discarded = 0)"
                      " OR EXISTS (SELECT 1 FROM form JOIN item ON item.form = form.id"
                      " WHERE form.server = ?1 AND item.state IN (1, 2, 3, 4))",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_int (stmt, 1, id);
  if (fp_stmt_step (stmt, error) != FP_STEP_ROW)
    return FALSE;
  *in_use = fp_stmt_get_int (stmt, 0) != 0;

  return TRUE;
}

/**
 * fp_server_rows_remove:
 *
 * Removes a server. Its forms are hidden and stay for what was sent. CHANGED: drafts or unsent items of its
 * forms exist; NOT_FOUND: there is none.
 */
gboolean
fp_server_rows_remove (FpStoreTxn *txn,
                       gint64      id,
                       GError    **error)
{
  gboolean in_use = FALSE;
  gint64 changes = 0;

  g_return_val_if_fail (txn, FALSE);

  if (!is_in_use (txn, id, &in_use, error))
    return FALSE;
  if (in_use)
    {
      g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_CHANGED,
                   "The server still has drafts or unsent items");
      return FALSE;
    }
  if (!run_with_id (txn, "UPDATE form SET hidden = 1, server = NULL WHERE server = ?", id, NULL, error)
      || !run_with_id (txn, "DELETE FROM server WHERE id = ?", id, &changes, error))
    return FALSE;
  if (changes == 0)
    {
      set_not_found (error);
      return FALSE;
    }

  fp_store_txn_touch (txn, FP_STORE_SERVERS | FP_STORE_FORMS, 0);
  return TRUE;
}
