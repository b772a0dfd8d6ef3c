#include "store/fp-tag-rows.h"

#include "store/fp-store-private.h"

#define TAG_COLUMNS "name, url, headers, secret_id, reach, batch_max, added"
#define REGISTRATION_COLUMNS                                                                        \
  "tag, bus_name, created, revision, attempts, last_try, last_result, due_boot, due_boot_id, next_try"

FpTagRow *
fp_tag_row_new (void)
{
  return g_new0 (FpTagRow, 1);
}

void
fp_tag_row_free (FpTagRow *row)
{
  g_free (row->name);
  g_free (row->url);
  g_free (row->headers);
  g_free (row->secret_id);
  g_free (row);
}

FpRegistration *
fp_registration_new (void)
{
  return g_new0 (FpRegistration, 1);
}

void
fp_registration_free (FpRegistration *registration)
{
  g_free (registration->tag);
  g_free (registration->bus_name);
  g_free (registration->last_result);
  g_free (registration->due_boot_id);
  g_free (registration);
}

static FpTagRow *
tag_from_row (FpStmt *stmt)
{
  FpTagRow *row = fp_tag_row_new ();

  row->name = fp_stmt_dup_text (stmt, 0);
  row->url = fp_stmt_dup_text (stmt, 1);
  row->headers = fp_stmt_dup_text (stmt, 2);
  row->secret_id = fp_stmt_dup_text (stmt, 3);
  row->reach = (FpReach) fp_stmt_get_int (stmt, 4);
  row->batch_max = (guint) fp_stmt_get_int (stmt, 5);
  row->added = fp_stmt_get_int (stmt, 6);

  return row;
}

/**
 * fp_tag_rows_set:
 * @row: added 0 = now; events is not looked at
 */
gboolean
fp_tag_rows_set (FpStoreTxn     *txn,
                 const FpTagRow *row,
                 GError        **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  g_return_val_if_fail (txn && row && row->name && row->url && row->headers, FALSE);

  stmt = fp_stmt_new (txn->db,
                      "INSERT INTO tag (" TAG_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (name)"
                      " DO UPDATE SET url = ?2, headers = ?3, secret_id = ?4, reach = ?5, batch_max = ?6",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, row->name);
  fp_stmt_bind_text (stmt, 2, row->url);
  fp_stmt_bind_text (stmt, 3, row->headers);
  fp_stmt_bind_text (stmt, 4, row->secret_id);
  fp_stmt_bind_int (stmt, 5, row->reach);
  fp_stmt_bind_int (stmt, 6, CLAMP (row->batch_max, 1, FP_BATCH_EVENTS));
  fp_stmt_bind_int (stmt, 7, row->added ? row->added : txn->now);
  if (!fp_stmt_run (stmt, NULL, error))
    return FALSE;

  fp_store_txn_touch (txn, FP_STORE_TAGS, 0);
  return TRUE;
}

/**
 * fp_tag_rows_get:
 *
 * Returns: (transfer full): the tag without its count of events; NULL with NOT_FOUND
 */
FpTagRow *
fp_tag_rows_get (FpStoreTxn *txn,
                 const char *name,
                 GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  g_return_val_if_fail (txn && name, NULL);

  stmt = fp_stmt_new (txn->db, "SELECT " TAG_COLUMNS " FROM tag WHERE name = ?", error);
  if (!stmt)
    return NULL;
  fp_stmt_bind_text (stmt, 1, name);
  step = fp_stmt_step (stmt, error);
  if (step == FP_STEP_DONE)
    g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND, "No tag “%s” that collects events", name);

  return step == FP_STEP_ROW ? tag_from_row (stmt) : NULL;
}

/**
 * fp_tag_rows_list:
 *
 * Returns: (transfer full): FpTagRow by name
 */
GPtrArray *
fp_tag_rows_list (FpStoreTxn *txn,
                  GError    **error)
{
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_tag_row_free);
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  g_return_val_if_fail (txn, NULL);

  stmt = fp_stmt_new (txn->db,
                      "SELECT " TAG_COLUMNS ","
                      " (SELECT count(*) FROM event WHERE event.tag = tag.name AND event.item IS NULL)"
                      " + (SELECT count(*) FROM item JOIN event ON event.item = item.id WHERE item.tag = tag.name"
                      "    AND item.state IN (1, 2, 3, 4))"
                      " FROM tag ORDER BY name",
                      error);
  if (!stmt)
    return NULL;
  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    {
      FpTagRow *row = tag_from_row (stmt);

      row->events = (guint) fp_stmt_get_int (stmt, 7);
      g_ptr_array_add (rows, row);
    }

  return step == FP_STEP_DONE ? g_steal_pointer (&rows) : NULL;
}

/* One statement with one text; *changes: rows it changed. */
static gboolean
run_with_name (FpStoreTxn *txn,
               const char *sql,
               const char *name,
               gint64     *changes,
               GError    **error)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (txn->db, sql, error);

  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, name);

  return fp_stmt_run (stmt, changes, error);
}

gboolean
fp_tag_rows_remove (FpStoreTxn *txn,
                    const char *name,
                    GError    **error)
{
  g_autoptr(FpTagRow) row = NULL;
  gint64 changes = 0;

  g_return_val_if_fail (txn && name, FALSE);

  row = fp_tag_rows_get (txn, name, error);
  if (!row
      || !run_with_name (txn,
                         "DELETE FROM tag WHERE name = ?1"
                         " AND NOT EXISTS (SELECT 1 FROM event WHERE tag = ?1 AND item IS NULL)",
                         name, &changes, error))
    return FALSE;
  if (changes == 0)
    {
      g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_CHANGED, "Events of the tag “%s” still wait", name);
      return FALSE;
    }

  fp_store_txn_touch (txn, FP_STORE_TAGS, 0);
  return TRUE;
}

/* Registrations. */

static FpRegistration *
registration_from_row (FpStmt *stmt)
{
  FpRegistration *row = fp_registration_new ();

  row->tag = fp_stmt_dup_text (stmt, 0);
  row->bus_name = fp_stmt_dup_text (stmt, 1);
  row->created = fp_stmt_get_int (stmt, 2);
  row->revision = fp_stmt_get_int (stmt, 3);
  row->attempts = (guint) fp_stmt_get_int (stmt, 4);
  row->last_try = fp_stmt_get_int (stmt, 5);
  row->last_result = fp_stmt_dup_text (stmt, 6);
  row->due_boot = fp_stmt_get_int (stmt, 7);
  row->due_boot_id = fp_stmt_dup_text (stmt, 8);
  row->next_try = fp_stmt_get_int (stmt, 9);

  return row;
}

gboolean
fp_registration_rows_add (FpStoreTxn *txn,
                          const char *tag,
                          const char *bus_name,
                          GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  g_return_val_if_fail (txn && tag, FALSE);

  stmt = fp_stmt_new (txn->db,
                      "INSERT INTO registration (" REGISTRATION_COLUMNS ")"
                      " VALUES (?1, ?2, ?3, 1, 0, 0, NULL, 0, '', 0) ON CONFLICT (tag) DO UPDATE SET bus_name = ?2,"
                      " revision = revision + 1, attempts = 0, due_boot = 0, due_boot_id = '', next_try = 0",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, tag);
  fp_stmt_bind_text (stmt, 2, bus_name);
  fp_stmt_bind_int (stmt, 3, txn->now);
  if (!fp_stmt_run (stmt, NULL, error))
    return FALSE;

  fp_store_txn_touch (txn, FP_STORE_TAGS, 0);
  return TRUE;
}

/**
 * fp_registration_rows_get:
 *
 * Returns: (transfer full): the registration; NULL with NOT_FOUND
 */
FpRegistration *
fp_registration_rows_get (FpStoreTxn *txn,
                          const char *tag,
                          GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  g_return_val_if_fail (txn && tag, NULL);

  stmt = fp_stmt_new (txn->db, "SELECT " REGISTRATION_COLUMNS " FROM registration WHERE tag = ?", error);
  if (!stmt)
    return NULL;
  fp_stmt_bind_text (stmt, 1, tag);
  step = fp_stmt_step (stmt, error);
  if (step == FP_STEP_DONE)
    g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND, "“%s” is not registered", tag);

  return step == FP_STEP_ROW ? registration_from_row (stmt) : NULL;
}

/**
 * fp_registration_rows_list:
 *
 * Returns: (transfer full): FpRegistration by tag
 */
GPtrArray *
fp_registration_rows_list (FpStoreTxn *txn,
                           GError    **error)
{
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_registration_free);
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  g_return_val_if_fail (txn, NULL);

  stmt = fp_stmt_new (txn->db, "SELECT " REGISTRATION_COLUMNS " FROM registration ORDER BY tag", error);
  if (!stmt)
    return NULL;
  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    g_ptr_array_add (rows, registration_from_row (stmt));

  return step == FP_STEP_DONE ? g_steal_pointer (&rows) : NULL;
}

gboolean
fp_registration_rows_remove (FpStoreTxn *txn,
                             const char *tag,
                             GError    **error)
{
  gint64 changes = 0;

  g_return_val_if_fail (txn && tag, FALSE);

  if (!run_with_name (txn, "DELETE FROM registration WHERE tag = ?", tag, &changes, error))
    return FALSE;
  if (changes == 0)
    {
      g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND, "“%s” is not registered", tag);
      return FALSE;
    }

  fp_store_txn_touch (txn, FP_STORE_TAGS, 0);
  return TRUE;
}

gboolean
fp_registration_rows_settle (FpStoreTxn           *txn,
                             const char           *tag,
                             gint64                revision,
                             const FpRegistration *row,
                             GError              **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  g_return_val_if_fail (txn && tag, FALSE);

  stmt = fp_stmt_new (txn->db,
                      row ? "UPDATE registration SET attempts = ?3, last_try = ?4, last_result = ?5, due_boot = ?6,"
                            " due_boot_id = ?7, next_try = ?8 WHERE tag = ?1 AND revision = ?2"
                          : "DELETE FROM registration WHERE tag = ?1 AND revision = ?2",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, tag);
  fp_stmt_bind_int (stmt, 2, revision);
  if (row)
    {
      fp_stmt_bind_int (stmt, 3, row->attempts);
      fp_stmt_bind_int (stmt, 4, row->last_try);
      fp_stmt_bind_text (stmt, 5, row->last_result);
      fp_stmt_bind_int (stmt, 6, row->due_boot);
      fp_stmt_bind_text (stmt, 7, row->due_boot_id ? row->due_boot_id : "");
      fp_stmt_bind_int (stmt, 8, row->next_try);
    }
  if (!fp_stmt_run (stmt, NULL, error))
    return FALSE;

  fp_store_txn_touch (txn, FP_STORE_TAGS, 0);
  return TRUE;
}
