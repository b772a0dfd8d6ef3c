#include "store/fp-form-rows.h"

#include "store/fp-store-private.h"

/**
 * fp_setting_rows_get:
 *
 * Returns: (transfer full) (nullable): the text; NULL without error where it was never set
 */
char *
fp_setting_rows_get (FpStoreTxn *txn,
                     const char *name,
                     GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  g_return_val_if_fail (txn && name, NULL);

  stmt = fp_stmt_new (txn->db, "SELECT value FROM setting WHERE name = ?", error);
  if (!stmt)
    return NULL;
  fp_stmt_bind_text (stmt, 1, name);
  if (fp_stmt_step (stmt, error) != FP_STEP_ROW)
    return NULL;

  return fp_stmt_dup_text (stmt, 0);
}

/**
 * fp_setting_rows_set:
 * @value: (nullable): NULL forgets the setting
 *
 * Touches only when the value is another.
 */
gboolean
fp_setting_rows_set (FpStoreTxn *txn,
                     const char *name,
                     const char *value,
                     GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  gint64 changes = 0;

  g_return_val_if_fail (txn && name, FALSE);

  stmt = fp_stmt_new (txn->db,
                      value ? "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name)"
                              " DO UPDATE SET value = ?2 WHERE value <> ?2"
                            : "DELETE FROM setting WHERE name = ?1",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, name);
  if (value)
    fp_stmt_bind_text (stmt, 2, value);
  if (!fp_stmt_run (stmt, &changes, error))
    return FALSE;
  if (changes > 0)
    fp_store_txn_touch (txn, FP_STORE_SETTINGS, 0);

  return TRUE;
}
