#include "store/fp-clean-rows.h"

#include "store/fp-store-private.h"

#define DAY_MS (24 * 3600 * G_GINT64_CONSTANT (1000))

/* A large row takes long to delete: so many bytes of them are enough for one transaction. */
#define BYTES_MAX (8 * 1024 * 1024)

/* In the conditions: ?1 the time before which a row is old, ?2 now, ?3 boot ms, ?4 boot id, ?5 a day. */
#define MARKED_A_DAY_AGO "marked <= ?2 - ?5 AND (marked_boot_id <> ?4 OR marked_boot <= ?3 - ?5)"
/* A mark is right if the row was old when it was made, and that is not in the future. */
#define RIGHTLY(age) "(marked IS NULL OR (marked <= ?2 AND " age " <= marked - (?2 - ?1)))"

/* Some item or draft still needs to know what became of it. */
#define NOT_NEEDED                                                                                  \
  "NOT EXISTS (SELECT 1 FROM item AS later WHERE later.waits_for = item.id AND later.state IN (1, 2, 3, 4))" \
  " AND NOT EXISTS (SELECT 1 FROM draft WHERE draft.edits = item.id)"

#define OLD_SENT "state = 6 AND changed <= ?1 AND " NOT_NEEDED
#define OLD_DISCARDED "state = 5 AND changed <= ?1 AND " NOT_NEEDED
#define OLD_DRAFT "discarded > 0 AND discarded <= ?1"

/* The rows that a step looks at, by the columns of one index, and which of them are meant. */
typedef struct {
  const char *from;
  const char *key;
  const char *where;
  const char *are_meant;
} Walk;

typedef struct {
  const char *table;
  const char *size;      /* bytes in the row */
  const char *before;    /* (nullable): what makes a row ready to be deleted; ?6 its id */
  Walk        walks[FP_CLEAN_N_STEPS];
} Kind;

#define MARKED "item INDEXED BY item_marked", "marked", "marked IS NOT NULL"
#define SETTLED "item INDEXED BY item_settled", "changed"
#define DISCARDED "draft INDEXED BY draft_by_saved", "discarded", "discarded > 0"

static const Kind kinds[FP_CLEAN_N] = {
  [FP_CLEAN_SENT] = {
    "item", "body_size", "UPDATE receipt SET url = '', headers = '{}', body = NULL WHERE item = ?6",
    { [FP_CLEAN_UNMARK] = { MARKED, "state <> 5 AND NOT (" OLD_SENT " AND " RIGHTLY ("changed") ")" },
      [FP_CLEAN_DELETE] = { MARKED, MARKED_A_DAY_AGO " AND " OLD_SENT " AND " RIGHTLY ("changed") },
      [FP_CLEAN_MARK] = { SETTLED, "state IN (5, 6) AND state = 6 AND changed <= ?1",
                          "marked IS NULL AND " OLD_SENT } },
  },
  [FP_CLEAN_DISCARDED] = {
    "item", "body_size", "DELETE FROM event WHERE item = ?6",
    { [FP_CLEAN_UNMARK] = { MARKED, "state = 5 AND NOT (" OLD_DISCARDED " AND " RIGHTLY ("changed") ")" },
      [FP_CLEAN_DELETE] = { MARKED, MARKED_A_DAY_AGO " AND " OLD_DISCARDED " AND " RIGHTLY ("changed") },
      [FP_CLEAN_MARK] = { SETTLED, "state IN (5, 6) AND state = 5 AND changed <= ?1",
                          "marked IS NULL AND " OLD_DISCARDED } },
  },
  [FP_CLEAN_DRAFTS] = {
    "draft", "length(instance)", NULL,
    { [FP_CLEAN_UNMARK] = { DISCARDED, "marked IS NOT NULL AND NOT (" OLD_DRAFT " AND " RIGHTLY ("discarded") ")" },
      [FP_CLEAN_DELETE] = { DISCARDED, MARKED_A_DAY_AGO " AND " OLD_DRAFT " AND " RIGHTLY ("discarded") },
      [FP_CLEAN_MARK] = { DISCARDED, "marked IS NULL AND " OLD_DRAFT } },
  },
};

static FpStmt *
prepare (FpStoreTxn *txn,
         gint64      keep_ms,
         const char *sql,
         GError    **error)
{
  FpClock *clock = fp_store_get_clock (txn->store);
  FpStmt *stmt = fp_stmt_new (txn->db, sql, error);

  if (!stmt)
    return NULL;
  fp_stmt_bind_int (stmt, 1, txn->now - keep_ms);
  fp_stmt_bind_int (stmt, 2, txn->now);
  fp_stmt_bind_int (stmt, 3, fp_clock_get_boot_ms (clock));
  fp_stmt_bind_text (stmt, 4, fp_clock_get_boot_id (clock));
  fp_stmt_bind_int (stmt, 5, DAY_MS);

  return stmt;
}

/* Of the next rows those that are meant, as an array of ids. What is only passed over counts too: the file is locked
 * meanwhile. */
static GArray *
walk (FpStoreTxn    *txn,
      FpCleanStep    step,
      FpCleanKind    kind,
      gint64         keep_ms,
      FpCleanCursor *cursor,
      GError       **error)
{
  const Walk *way = &kinds[kind].walks[step];
  g_autofree char *sql = g_strdup_printf ("SELECT id, %1$s, %2$s, %3$s FROM %4$s WHERE %5$s AND (%1$s, id) > (?6, ?7)"
                                          " ORDER BY %1$s, id LIMIT ?8",
                                          way->key, way->are_meant, kinds[kind].size, way->from, way->where);
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr(FpStmt) stmt = prepare (txn, keep_ms, sql, error);
  FpStep found = FP_STEP_ROW;
  gint64 bytes = 0;
  guint seen;

  if (!stmt)
    return NULL;
  fp_stmt_bind_int (stmt, 6, cursor->key);
  fp_stmt_bind_int (stmt, 7, cursor->id);
  fp_stmt_bind_int (stmt, 8, FP_STORE_SLICE);
  for (seen = 0; bytes < BYTES_MAX && (found = fp_stmt_step (stmt, error)) == FP_STEP_ROW; seen++)
    {
      cursor->id = fp_stmt_get_int (stmt, 0);
      cursor->key = fp_stmt_get_int (stmt, 1);
      if (!fp_stmt_get_int (stmt, 2))
        continue;
      g_array_append_val (ids, cursor->id);
      bytes += step == FP_CLEAN_DELETE ? fp_stmt_get_int (stmt, 3) : 0;
    }
  cursor->more = seen == FP_STORE_SLICE || bytes >= BYTES_MAX;

  return found == FP_STEP_ERROR ? NULL : g_steal_pointer (&ids);
}

/* @sql: (nullable): ?6 the id. */
static gboolean
change (FpStoreTxn *txn,
        const char *sql,
        gint64      id,
        GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  if (!sql)
    return TRUE;
  stmt = prepare (txn, 0, sql, error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_int (stmt, 6, id);

  return fp_stmt_run (stmt, NULL, error);
}

/**
 * fp_clean_rows_step:
 *
 * Unmark: a row that was brought back, that is old no longer since the retention was made longer or the clock set back,
 * or whose mark lies in the future, begins anew.
 */
gint64
fp_clean_rows_step (FpStoreTxn     *txn,
                    FpCleanStep     step,
                    FpCleanKind     kind,
                    gint64          keep_ms,
                    FpCleanCursor  *cursor,
                    GError        **error)
{
  static const struct
  {
    const char *verb, *what;
  } statements[] = {
    [FP_CLEAN_UNMARK] = { "UPDATE ", " SET marked = NULL, marked_boot = NULL, marked_boot_id = NULL WHERE id = ?6" },
    [FP_CLEAN_DELETE] = { "DELETE FROM ", " WHERE id = ?6" },
    [FP_CLEAN_MARK] = { "UPDATE ", " SET marked = ?2, marked_boot = ?3, marked_boot_id = ?4 WHERE id = ?6" },
  };
  g_autoptr(GArray) ids = NULL;
  g_autofree char *sql = NULL;

  g_return_val_if_fail (txn && cursor && step < FP_CLEAN_N_STEPS && kind < FP_CLEAN_N, -1);

  ids = walk (txn, step, kind, keep_ms, cursor, error);
  if (!ids)
    return -1;
  sql = g_strconcat (statements[step].verb, kinds[kind].table, statements[step].what, NULL);
  for (guint i = 0; i < ids->len; i++)
    {
      gint64 id = g_array_index (ids, gint64, i);

      if ((step == FP_CLEAN_DELETE && !change (txn, kinds[kind].before, id, error)) || !change (txn, sql, id, error))
        return -1;
    }
  if (ids->len > 0 && step == FP_CLEAN_DELETE)
    fp_store_txn_touch (txn, kind == FP_CLEAN_DRAFTS ? FP_STORE_DRAFTS : FP_STORE_ITEMS, 0);

  return ids->len;
}

gint64
fp_clean_rows_count (FpStoreTxn     *txn,
                     FpCleanStep     step,
                     FpCleanKind     kind,
                     gint64          keep_ms,
                     GError        **error)
{
  const Walk *way = &kinds[kind].walks[step];
  g_autofree char *sql = g_strdup_printf ("SELECT count(*) FROM %s WHERE %s AND %s AND ?5 IS NOT NULL", way->from,
                                          way->where, way->are_meant);
  g_autoptr(FpStmt) stmt = prepare (txn, keep_ms, sql, error);

  return stmt && fp_stmt_step (stmt, error) == FP_STEP_ROW ? fp_stmt_get_int (stmt, 0) : -1;
}
