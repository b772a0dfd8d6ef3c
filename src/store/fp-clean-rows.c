#include "store/fp-clean-rows.h"

#include "store/fp-store-private.h"

#define DAY_MS (24 * 3600 * G_GINT64_CONSTANT (1000))

/* In all statements: ?1 the time before which a row is old, ?2 now, ?3 boot ms, ?4 boot id, ?5 a day. */
#define MARKED_A_DAY_AGO "marked <= ?2 - ?5 AND (marked_boot_id <> ?4 OR marked_boot <= ?3 - ?5)"
/* A mark is right if the row was old when it was made, and that is not in the future. */
#define RIGHTLY(age) " AND (marked IS NULL OR (marked <= ?2 AND " age " <= marked - (?2 - ?1)))"

/* Some item or draft still needs to know what became of it. The drafts are read once, not for every item. */
#define NOT_NEEDED                                                                                  \
  "NOT EXISTS (SELECT 1 FROM item AS later WHERE later.waits_for = item.id AND later.state IN (1, 2, 3, 4))"      \
  " AND item.id NOT IN (SELECT draft.edits FROM draft WHERE draft.edits IS NOT NULL)"

typedef struct {
  const char *table;
  const char *is_old;
  const char *is_right; /* of its mark, if it has one */
  /* Statements that make a row ready to be deleted; ?1 its id. */
  const char *before[2];
} Kind;

static const Kind kinds[FP_CLEAN_N] = {
  [FP_CLEAN_SENT] = { "item", "state = 6 AND changed <= ?1 AND " NOT_NEEDED, RIGHTLY ("changed"),
                      { "UPDATE receipt SET url = '', headers = '{}', body = NULL WHERE item = ?1" } },
  [FP_CLEAN_DISCARDED] = { "item", "state = 5 AND changed <= ?1 AND " NOT_NEEDED, RIGHTLY ("changed"),
                           { "DELETE FROM event WHERE item = ?1" } },
  [FP_CLEAN_DRAFTS] = { "draft", "discarded > 0 AND discarded <= ?1", RIGHTLY ("discarded"), { NULL } },
};

static FpStmt *
prepare (FpStoreTxn *txn,
         gint64      keep_ms,
         char       *sql, /* (transfer full) */
         GError    **error)
{
  g_autofree char *text = sql;
  FpClock *clock = fp_store_get_clock (txn->store);
  FpStmt *stmt = fp_stmt_new (txn->db, text, error);

  if (!stmt)
    return NULL;
  fp_stmt_bind_int (stmt, 1, txn->now - keep_ms);
  fp_stmt_bind_int (stmt, 2, txn->now);
  fp_stmt_bind_int (stmt, 3, fp_clock_get_boot_ms (clock));
  fp_stmt_bind_text (stmt, 4, fp_clock_get_boot_id (clock));
  fp_stmt_bind_int (stmt, 5, DAY_MS);

  return stmt;
}


static gint64
run (FpStoreTxn *txn,
     gint64      keep_ms,
     char       *sql,
     GError    **error)
{
  g_autoptr(FpStmt) stmt = prepare (txn, keep_ms, sql, error);
  gint64 changes = 0;

  if (!stmt || !fp_stmt_run (stmt, &changes, error))
    return -1;

  return changes;
}

/**
 * fp_clean_rows_unmark:
 *
 * A row that was brought back, that is old no longer since the retention was made longer or the clock set back, or
 * whose mark lies in the future, begins anew.
 */
gint64
fp_clean_rows_unmark (FpStoreTxn  *txn,
                      FpCleanKind  kind,
                      gint64       keep_ms,
                      GError     **error)
{
  const char *others = kind == FP_CLEAN_SENT ? " AND state <> 5" : kind == FP_CLEAN_DISCARDED ? " AND state = 5" : "";

  g_return_val_if_fail (txn && kind < FP_CLEAN_N, -1);

  return run (txn, keep_ms,
              g_strdup_printf ("UPDATE %1$s SET marked = NULL, marked_boot = NULL, marked_boot_id = NULL WHERE id IN"
                               " (SELECT id FROM %1$s WHERE marked IS NOT NULL%2$s AND NOT (%3$s%4$s)"
                               " AND ?3 IS NOT NULL AND ?4 IS NOT NULL AND ?5 IS NOT NULL LIMIT %5$d)",
                               kinds[kind].table, others, kinds[kind].is_old, kinds[kind].is_right, FP_CLEAN_ROWS),
              error);
}

gint64
fp_clean_rows_mark (FpStoreTxn  *txn,
                    FpCleanKind  kind,
                    gint64       keep_ms,
                    GError     **error)
{
  g_return_val_if_fail (txn && kind < FP_CLEAN_N, -1);

  return run (txn, keep_ms,
              g_strdup_printf ("UPDATE %1$s SET marked = ?2, marked_boot = ?3, marked_boot_id = ?4 WHERE id IN"
                               " (SELECT id FROM %1$s WHERE marked IS NULL AND %2$s AND ?5 IS NOT NULL LIMIT %3$d)",
                               kinds[kind].table, kinds[kind].is_old, FP_CLEAN_ROWS),
              error);
}

static gboolean
delete_row (FpStoreTxn  *txn,
            const Kind  *kind,
            gint64       id,
            GError     **error)
{
  g_autofree char *remove = g_strdup_printf ("DELETE FROM %s WHERE id = ?1", kind->table);
  const char *const statements[] = { kind->before[0], kind->before[1], remove };

  for (guint i = 0; i < G_N_ELEMENTS (statements); i++)
    {
      g_autoptr(FpStmt) stmt = statements[i] ? fp_stmt_new (txn->db, statements[i], error) : NULL;

      if (!statements[i])
        continue;
      if (!stmt)
        return FALSE;
      fp_stmt_bind_int (stmt, 1, id);
      if (!fp_stmt_run (stmt, NULL, error))
        return FALSE;
    }

  return TRUE;
}

gint64
fp_clean_rows_delete (FpStoreTxn  *txn,
                      FpCleanKind  kind,
                      gint64       keep_ms,
                      GError     **error)
{
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  g_return_val_if_fail (txn && kind < FP_CLEAN_N, -1);

  stmt = prepare (txn, keep_ms,
                  g_strdup_printf ("SELECT id FROM %s WHERE %s AND %s%s LIMIT %d", kinds[kind].table, MARKED_A_DAY_AGO,
                                   kinds[kind].is_old, kinds[kind].is_right, FP_CLEAN_ROWS),
                  error);
  if (!stmt)
    return -1;
  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    {
      gint64 id = fp_stmt_get_int (stmt, 0);

      g_array_append_val (ids, id);
    }
  if (step == FP_STEP_ERROR)
    return -1;
  for (guint i = 0; i < ids->len; i++)
    if (!delete_row (txn, &kinds[kind], g_array_index (ids, gint64, i), error))
      return -1;
  if (ids->len > 0)
    fp_store_txn_touch (txn, kind == FP_CLEAN_DRAFTS ? FP_STORE_DRAFTS : FP_STORE_ITEMS, 0);

  return ids->len;
}

gint64
fp_clean_rows_count (FpStoreTxn  *txn,
                     FpCleanKind  kind,
                     gint64       keep_ms,
                     gboolean     to_mark,
                     GError     **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  g_return_val_if_fail (txn && kind < FP_CLEAN_N, -1);

  stmt = prepare (txn, keep_ms,
                  g_strdup_printf ("SELECT count(*) FROM %s WHERE %s AND %s%s AND ?2 IS NOT NULL AND ?3 IS NOT NULL"
                                   " AND ?4 IS NOT NULL AND ?5 IS NOT NULL",
                                   kinds[kind].table, to_mark ? "marked IS NULL" : MARKED_A_DAY_AGO,
                                   kinds[kind].is_old, kinds[kind].is_right),
                  error);

  return stmt && fp_stmt_step (stmt, error) == FP_STEP_ROW ? fp_stmt_get_int (stmt, 0) : -1;
}
