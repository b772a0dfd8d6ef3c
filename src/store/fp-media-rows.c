#include "store/fp-media-rows.h"

#include "store/fp-blob.h"
#include "store/fp-store-private.h"

FpMediaRow *
fp_media_row_new (void)
{
  return g_new0 (FpMediaRow, 1);
}

void
fp_media_row_free (FpMediaRow *row)
{
  g_free (row->name);
  g_free (row->hash);
  g_free (row->sha256);
  g_free (row->url);
  g_free (row);
}

/**
 * fp_media_rows_list:
 *
 * Returns: (transfer full): FpMediaRow by name
 */
GPtrArray *
fp_media_rows_list (FpStoreTxn *txn,
                    gint64      form,
                    GError    **error)
{
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_media_row_free);
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  g_return_val_if_fail (txn, NULL);

  stmt = fp_stmt_new (txn->db,
                      "SELECT name, hash, form_media.sha256, url, size FROM form_media"
                      " JOIN blob ON blob.sha256 = form_media.sha256 WHERE form = ? ORDER BY name",
                      error);
  if (!stmt)
    return NULL;
  fp_stmt_bind_int (stmt, 1, form);
  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    {
      g_autoptr(FpMediaRow) row = fp_media_row_new ();

      row->name = fp_stmt_dup_text (stmt, 0);
      row->hash = fp_stmt_dup_text (stmt, 1);
      row->sha256 = fp_stmt_dup_text (stmt, 2);
      row->url = fp_stmt_dup_text (stmt, 3);
      row->size = fp_stmt_get_int (stmt, 4);
      if (fp_blob_check (txn, row->sha256, NULL))
        g_ptr_array_add (rows, g_steal_pointer (&row));
    }

  return step == FP_STEP_DONE ? g_steal_pointer (&rows) : NULL;
}

static gboolean
insert (FpStoreTxn       *txn,
        gint64            form,
        const FpMediaRow *row,
        GError          **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  if (!fp_blob_check (txn, row->sha256, error))
    return FALSE;
  stmt = fp_stmt_new (txn->db,
                      "INSERT OR REPLACE INTO form_media (form, name, hash, sha256, url) VALUES (?, ?, ?, ?, ?)",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_int (stmt, 1, form);
  fp_stmt_bind_text (stmt, 2, row->name);
  fp_stmt_bind_text (stmt, 3, row->hash);
  fp_stmt_bind_text (stmt, 4, row->sha256);
  fp_stmt_bind_text (stmt, 5, row->url);

  return fp_stmt_run (stmt, NULL, error);
}

gboolean
fp_media_rows_replace (FpStoreTxn *txn,
                       gint64      form,
                       GPtrArray  *rows,
                       GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  g_return_val_if_fail (txn && rows, FALSE);

  stmt = fp_stmt_new (txn->db, "DELETE FROM form_media WHERE form = ?", error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_int (stmt, 1, form);
  if (!fp_stmt_run (stmt, NULL, error))
    return FALSE;
  for (guint i = 0; i < rows->len; i++)
    if (!insert (txn, form, g_ptr_array_index (rows, i), error))
      return FALSE;

  fp_store_txn_touch (txn, FP_STORE_FORMS, 0);
  return TRUE;
}
