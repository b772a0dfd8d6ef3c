#include "store/fp-periodic-rows.h"

#include "store/fp-store-private.h"

FpPeriodicRow *
fp_periodic_row_new (void)
{
  return g_new0 (FpPeriodicRow, 1);
}

void
fp_periodic_row_free (FpPeriodicRow *row)
{
  g_free (row->name);
  g_free (row->bus_name);
  g_free (row->last_boot_id);
  g_free (row->last_result);
  g_free (row);
}

/**
 * fp_periodic_rows_set:
 * @row: name, bus_name and min_interval are looked at
 */
gboolean
fp_periodic_rows_set (FpStoreTxn          *txn,
                      const FpPeriodicRow *row,
                      GError             **error)
{
  FpClock *clock = fp_store_get_clock (txn->store);
  g_autoptr(FpStmt) stmt = NULL;

  g_return_val_if_fail (row && row->name && row->min_interval > 0, FALSE);

  stmt = fp_stmt_new (txn->db,
                      "INSERT INTO periodic (name, bus_name, min_interval, registered, last_run, last_boot,"
                      " last_boot_id) VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6) ON CONFLICT (name)"
                      " DO UPDATE SET bus_name = ?2, min_interval = ?3",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, row->name);
  fp_stmt_bind_text (stmt, 2, row->bus_name);
  fp_stmt_bind_int (stmt, 3, row->min_interval);
  fp_stmt_bind_int (stmt, 4, txn->now);
  fp_stmt_bind_int (stmt, 5, fp_clock_get_boot_ms (clock));
  fp_stmt_bind_text (stmt, 6, fp_clock_get_boot_id (clock));
  if (!fp_stmt_run (stmt, NULL, error))
    return FALSE;

  fp_store_txn_touch (txn, FP_STORE_TAGS, 0);
  return TRUE;
}

/**
 * fp_periodic_rows_list:
 *
 * Returns: (transfer full): FpPeriodicRow by name
 */
GPtrArray *
fp_periodic_rows_list (FpStoreTxn *txn,
                       GError    **error)
{
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_periodic_row_free);
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  g_return_val_if_fail (txn, NULL);

  stmt = fp_stmt_new (txn->db,
                      "SELECT name, bus_name, min_interval, registered, last_run, last_boot, last_boot_id,"
                      " last_result FROM periodic ORDER BY name",
                      error);
  if (!stmt)
    return NULL;
  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    {
      FpPeriodicRow *row = fp_periodic_row_new ();

      row->name = fp_stmt_dup_text (stmt, 0);
      row->bus_name = fp_stmt_dup_text (stmt, 1);
      row->min_interval = fp_stmt_get_int (stmt, 2);
      row->registered = fp_stmt_get_int (stmt, 3);
      row->last_run = fp_stmt_get_int (stmt, 4);
      row->last_boot = fp_stmt_get_int (stmt, 5);
      row->last_boot_id = fp_stmt_dup_text (stmt, 6);
      row->last_result = fp_stmt_dup_text (stmt, 7);
      g_ptr_array_add (rows, row);
    }

  return step == FP_STEP_DONE ? g_steal_pointer (&rows) : NULL;
}

gboolean
fp_periodic_rows_remove (FpStoreTxn *txn,
                         const char *name,
                         GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  gint64 changes = 0;

  g_return_val_if_fail (txn && name, FALSE);

  stmt = fp_stmt_new (txn->db, "DELETE FROM periodic WHERE name = ?", error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, name);
  if (!fp_stmt_run (stmt, &changes, error))
    return FALSE;
  if (changes == 0)
    {
      g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND, "No job “%s” is registered", name);
      return FALSE;
    }

  fp_store_txn_touch (txn, FP_STORE_TAGS, 0);
  return TRUE;
}

gboolean
fp_periodic_rows_begin (FpStoreTxn *txn,
                        const char *name,
                        GError    **error)
{
  FpClock *clock = fp_store_get_clock (txn->store);
  g_autoptr(FpStmt) stmt = NULL;

  g_return_val_if_fail (name, FALSE);

  stmt = fp_stmt_new (txn->db,
                      "UPDATE periodic SET last_run = ?2, last_boot = ?3, last_boot_id = ?4, last_result = NULL"
                      " WHERE name = ?1",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, name);
  fp_stmt_bind_int (stmt, 2, txn->now);
  fp_stmt_bind_int (stmt, 3, fp_clock_get_boot_ms (clock));
  fp_stmt_bind_text (stmt, 4, fp_clock_get_boot_id (clock));
  fp_store_txn_touch (txn, FP_STORE_TAGS, 0);

  return fp_stmt_run (stmt, NULL, error);
}

gboolean
fp_periodic_rows_end (FpStoreTxn *txn,
                      const char *name,
                      const char *result,
                      GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  g_return_val_if_fail (txn && name, FALSE);

  stmt = fp_stmt_new (txn->db, "UPDATE periodic SET last_result = ?2 WHERE name = ?1", error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, name);
  fp_stmt_bind_text (stmt, 2, result);
  fp_store_txn_touch (txn, FP_STORE_TAGS, 0);

  return fp_stmt_run (stmt, NULL, error);
}
