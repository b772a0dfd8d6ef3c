#include "store/fp-item-rows.h"

#include "store/fp-item-rows-private.h"
#include "store/fp-store-private.h"

/* A Retry-After further away is a wrong clock (or was, when it was written): it does not hold. */
#define MAX_NOT_BEFORE_MS (24 * 3600 * G_GINT64_CONSTANT (1000))

/* Of rows whose wait is over at the same time, at most so many a host are put in order; more than one round takes
 * the rest. They are that many only after days without a network, and then the new chance clears all waits. */
#define MAX_SORTED 1000

#define DEFAULT_LIMIT 100
#define ALL_BUT_DONE  ((1u << FP_ITEM_PENDING) | (1u << FP_ITEM_SENDING) | (1u << FP_ITEM_FAILED)       \
                       | (1u << FP_ITEM_HELD))

static GPtrArray *
read_items (FpStmt  *stmt,
            GError **error)
{
  g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_item_free);
  FpStep step;

  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    g_ptr_array_add (items, _fp_item_from_row (stmt));

  return step == FP_STEP_DONE ? g_steal_pointer (&items) : NULL;
}

/* One index range a state, merged by id, so that neither sent nor skipped rows are read. */
static char *
list_sql (guint    states,
          gboolean tag)
{
  g_autoptr(GString) sql = g_string_new ("SELECT " FP_ITEM_COLUMNS " FROM (");
  const char *glue = "";
  int state;

  for (state = FP_ITEM_PENDING; state <= FP_ITEM_SENT; state++)
    if (states & (1u << state))
      {
        g_string_append_printf (sql, "%sSELECT id FROM item WHERE state = %d AND id < ?1%s", glue, state,
                                tag ? " AND tag = ?4" : "");
        glue = " UNION ALL ";
      }
  g_string_append (sql, " ORDER BY id DESC LIMIT ?2 OFFSET ?3) AS page CROSS JOIN item"
                        " ON item.id = page.id ORDER BY item.id DESC");

  return g_string_free (g_steal_pointer (&sql), FALSE);
}

/**
 * fp_item_rows_list:
 *
 * Returns: (transfer full) (element-type FpItem): a page of items without parts, newest first; what is read
 *   depends on the page, not on how many items there are
 */
GPtrArray *
fp_item_rows_list (FpStoreTxn        *txn,
                   const FpItemQuery *query,
                   GError           **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  g_autofree char *sql = NULL;
  guint all = 0, states;
  int state;

  g_return_val_if_fail (txn && query, NULL);

  for (state = FP_ITEM_PENDING; state <= FP_ITEM_SENT; state++)
    all |= 1u << state;
  states = query->states ? query->states & all : ALL_BUT_DONE;
  if (states == 0)
    return g_ptr_array_new_with_free_func ((GDestroyNotify) fp_item_free);

  sql = list_sql (states, query->tag != NULL);
  stmt = fp_stmt_new (txn->db, sql, error);
  if (!stmt)
    return NULL;
  fp_stmt_bind_int (stmt, 1, query->after ? query->after : G_MAXINT64);
  fp_stmt_bind_int (stmt, 2, query->limit ? query->limit : DEFAULT_LIMIT);
  fp_stmt_bind_int (stmt, 3, query->offset);
  if (query->tag)
    fp_stmt_bind_text (stmt, 4, query->tag);

  return read_items (stmt, error);
}

/* Skips from host to host in the three queues' indexes. */
static GPtrArray *
list_hosts (FpStoreTxn *txn,
            GError    **error)
{
  g_autoptr(GPtrArray) hosts = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  stmt = fp_stmt_new (txn->db,
                      "WITH RECURSIVE"
                      " now (h) AS (SELECT min(host) FROM item WHERE queue = 1 UNION ALL"
                      "  SELECT (SELECT min(host) FROM item WHERE queue = 1 AND host > h)"
                      "  FROM now WHERE h IS NOT NULL),"
                      " due (h) AS (SELECT min(host) FROM item WHERE queue = 2 UNION ALL"
                      "  SELECT (SELECT min(host) FROM item WHERE queue = 2 AND host > h)"
                      "  FROM due WHERE h IS NOT NULL),"
                      " late (h) AS (SELECT min(host) FROM item WHERE queue = 3 UNION ALL"
                      "  SELECT (SELECT min(host) FROM item WHERE queue = 3 AND host > h)"
                      "  FROM late WHERE h IS NOT NULL)"
                      " SELECT h FROM now WHERE h IS NOT NULL UNION"
                      " SELECT h FROM due WHERE h IS NOT NULL UNION"
                      " SELECT h FROM late WHERE h IS NOT NULL",
                      error);
  if (!stmt)
    return NULL;
  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    g_ptr_array_add (hosts, fp_stmt_dup_text (stmt, 0));

  return step == FP_STEP_DONE ? g_steal_pointer (&hosts) : NULL;
}

/* ?1 host, ?2 boot ms, ?3 boot id, ?4 now, ?5 limit, ?6 MAX_SORTED, ?7 MAX_NOT_BEFORE_MS. A due time of another
 * boot says nothing any more. */
#define DUE_SQL                                                                                     \
  "SELECT " FP_ITEM_COLUMNS " FROM ("                                                               \
  "SELECT * FROM (SELECT id FROM item WHERE queue = 1 AND host = ?1"                                \
  " ORDER BY manual DESC, id LIMIT ?5)"                                                             \
  " UNION ALL "                                                                                     \
  "SELECT * FROM (SELECT id FROM item WHERE queue = 2 AND host = ?1 AND due_boot_id = ?3"           \
  " AND due_boot <= ?2 ORDER BY due_boot LIMIT ?6)"                                                 \
  " UNION ALL "                                                                                     \
  "SELECT * FROM (SELECT id FROM item WHERE queue = 2 AND host = ?1 AND due_boot_id < ?3 LIMIT ?6)" \
  " UNION ALL "                                                                                     \
  "SELECT * FROM (SELECT id FROM item WHERE queue = 2 AND host = ?1 AND due_boot_id > ?3 LIMIT ?6)" \
  " UNION ALL "                                                                                     \
  "SELECT * FROM (SELECT id FROM item WHERE queue = 3 AND host = ?1"                                \
  " AND (not_before <= ?4 OR not_before > ?4 + ?7)"                                                 \
  " AND (due_boot = 0 OR due_boot <= ?2 OR due_boot_id <> ?3) LIMIT ?6)"                            \
  ") AS due CROSS JOIN item ON item.id = due.id ORDER BY manual DESC, item.id LIMIT ?5"

static GPtrArray *
due_of_host (FpStoreTxn *txn,
             const char *host,
             gint64      boot_ms,
             const char *boot_id,
             guint       limit,
             GError    **error)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (txn->db, DUE_SQL, error);

  if (!stmt)
    return NULL;
  fp_stmt_bind_text (stmt, 1, host);
  fp_stmt_bind_int (stmt, 2, boot_ms);
  fp_stmt_bind_text (stmt, 3, boot_id);
  fp_stmt_bind_int (stmt, 4, txn->now);
  fp_stmt_bind_int (stmt, 5, limit);
  fp_stmt_bind_int (stmt, 6, MAX (limit, MAX_SORTED));
  fp_stmt_bind_int (stmt, 7, MAX_NOT_BEFORE_MS);

  return read_items (stmt, error);
}

/* Manual items have no wait. */
static GPtrArray *
manual_of_host (FpStoreTxn *txn,
                const char *host,
                guint       limit,
                GError    **error)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (txn->db,
                                        "SELECT " FP_ITEM_COLUMNS " FROM item WHERE queue = 1 AND host = ?1"
                                        " AND manual = 1 ORDER BY id LIMIT ?2",
                                        error);

  if (!stmt)
    return NULL;
  fp_stmt_bind_text (stmt, 1, host);
  fp_stmt_bind_int (stmt, 2, limit);

  return read_items (stmt, error);
}

static int
compare_due (gconstpointer a,
             gconstpointer b)
{
  const FpItem *x = *(FpItem *const *) a, *y = *(FpItem *const *) b;

  if (x->manual != y->manual)
    return x->manual ? -1 : 1;

  return x->id < y->id ? -1 : x->id > y->id;
}

/**
 * fp_item_rows_due:
 * @boot_ms: now, ms since boot
 * @boot_id: of this boot; due times of another one are over
 * @closed_hosts: (nullable) (element-type utf8 utf8): a set of hosts of which only manual items count
 * @limit: at most so many a host
 *
 * Pending items, and failed ones that are tried again by themselves, whose waits are over. A not_before
 * further away than 24 h does not hold. Reads as many rows as it returns, not all that wait.
 *
 * Returns: (transfer full) (element-type FpItem): without parts; manual ones first, then the oldest
 */
GPtrArray *
fp_item_rows_due (FpStoreTxn *txn,
                  gint64      boot_ms,
                  const char *boot_id,
                  GHashTable *closed_hosts,
                  guint       limit,
                  GError    **error)
{
  g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_item_free);
  g_autoptr(GPtrArray) hosts = NULL;
  guint i;

  g_return_val_if_fail (txn && boot_id, NULL);

  hosts = list_hosts (txn, error);
  if (!hosts)
    return NULL;
  for (i = 0; i < hosts->len; i++)
    {
      const char *host = g_ptr_array_index (hosts, i);
      g_autoptr(GPtrArray) some = NULL;

      if (closed_hosts && g_hash_table_contains (closed_hosts, host))
        some = manual_of_host (txn, host, limit, error);
      else
        some = due_of_host (txn, host, boot_ms, boot_id, limit, error);
      if (!some)
        return NULL;
      g_ptr_array_extend_and_steal (items, g_steal_pointer (&some));
    }
  g_ptr_array_sort (items, compare_due);

  return g_steal_pointer (&items);
}

/* ?1 host, ?2 boot ms, ?3 boot id, ?4 now, ?5 MAX_NOT_BEFORE_MS. Rows that are due by now do not count. */
#define NEXT_DUE_SQL                                                                                \
  "SELECT min(t) FROM ("                                                                            \
  "SELECT * FROM (SELECT due_boot AS t FROM item WHERE queue = 2 AND host = ?1"                     \
  " AND due_boot_id = ?3 AND due_boot > ?2 ORDER BY due_boot LIMIT 1)"                              \
  " UNION ALL "                                                                                     \
  "SELECT max(CASE WHEN due_boot_id = ?3 THEN due_boot ELSE 0 END,"                                 \
  " CASE WHEN not_before <= ?4 + ?5 THEN ?2 + not_before - ?4 ELSE 0 END) AS t"                     \
  " FROM item WHERE queue = 3 AND host = ?1) WHERE t > ?2"

/**
 * fp_item_rows_next_due:
 * @boot_ms: now, ms since boot
 * @boot_id: of this boot
 *
 * Returns: ms since boot, later than @boot_ms, at which the next wait is over; G_MAXINT64 where nothing
 *   waits for a time, and on error
 */
gint64
fp_item_rows_next_due (FpStoreTxn *txn,
                       gint64      boot_ms,
                       const char *boot_id,
                       GError    **error)
{
  g_autoptr(GPtrArray) hosts = NULL;
  gint64 next = G_MAXINT64;
  guint i;

  g_return_val_if_fail (txn && boot_id, G_MAXINT64);

  hosts = list_hosts (txn, error);
  if (!hosts)
    return G_MAXINT64;
  for (i = 0; i < hosts->len; i++)
    {
      g_autoptr(FpStmt) stmt = fp_stmt_new (txn->db, NEXT_DUE_SQL, error);
      gint64 due;

      if (!stmt)
        return G_MAXINT64;
      fp_stmt_bind_text (stmt, 1, g_ptr_array_index (hosts, i));
      fp_stmt_bind_int (stmt, 2, boot_ms);
      fp_stmt_bind_text (stmt, 3, boot_id);
      fp_stmt_bind_int (stmt, 4, txn->now);
      fp_stmt_bind_int (stmt, 5, MAX_NOT_BEFORE_MS);
      if (fp_stmt_step (stmt, error) != FP_STEP_ROW)
        return G_MAXINT64;
      due = fp_stmt_get_int (stmt, 0); /* 0 = NULL: nothing waits */
      if (due > 0)
        next = MIN (next, due);
    }

  return next;
}

static gboolean
run_on_items (FpStoreTxn *txn,
              FpStmt     *stmt,
              gint64     *changes,
              GError    **error)
{
  if (!fp_stmt_run (stmt, changes, error))
    return FALSE;
  if (*changes > 0)
    fp_store_txn_touch (txn, FP_STORE_ITEMS, 0);

  return TRUE;
}

/**
 * fp_item_rows_clear_some_waits:
 * @host: (nullable): only of this one
 * @even_retry_after: also what a server asked for
 * @limit: items at most, more than 0: the file is locked meanwhile
 * @more: (out): there may be others, with waits that are not cleared yet
 *
 * A new chance: what waits for a time is due now. Items that failed by their own fault stay.
 */
gboolean
fp_item_rows_clear_some_waits (FpStoreTxn *txn,
                               const char *host,
                               gboolean    even_retry_after,
                               guint       limit,
                               gboolean   *more,
                               GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  gint64 changes = 0;

  g_return_val_if_fail (txn && limit > 0 && more, FALSE);

  stmt = fp_stmt_new (txn->db,
                      "UPDATE item SET due_boot = 0, due_boot_id = '',"
                      " next_try = CASE WHEN ?2 THEN 0 ELSE not_before END,"
                      " not_before = CASE WHEN ?2 THEN 0 ELSE not_before END WHERE id IN ("
                      "SELECT id FROM item WHERE queue = 2 AND (?1 IS NULL OR host = ?1)"
                      " UNION ALL "
                      "SELECT id FROM item WHERE queue = 3 AND (?1 IS NULL OR host = ?1)"
                      " AND (due_boot <> 0 OR ?2) LIMIT ?3)",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, host);
  fp_stmt_bind_int (stmt, 2, even_retry_after ? 1 : 0);
  fp_stmt_bind_int (stmt, 3, limit);
  if (!run_on_items (txn, stmt, &changes, error))
    return FALSE;

  *more = changes == limit;
  return TRUE;
}

/**
 * fp_item_rows_broken_off:
 *
 * Returns: (transfer full) (element-type gint64): a set of the items in state sending that are to be held when their
 *   attempt has ended; reads the few rows in that state
 */
GHashTable *
fp_item_rows_broken_off (FpStoreTxn *txn,
                         GError    **error)
{
  g_autoptr(GHashTable) ids = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  g_return_val_if_fail (txn, NULL);

  stmt = fp_stmt_new (txn->db, "SELECT id FROM item WHERE state = 2 AND hold IS NOT NULL", error);
  if (!stmt)
    return NULL;
  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    {
      gint64 id = fp_stmt_get_int (stmt, 0);

      g_hash_table_add (ids, g_memdup2 (&id, sizeof id));
    }

  return step == FP_STEP_DONE ? g_steal_pointer (&ids) : NULL;
}

gboolean
fp_item_rows_unpark (FpStoreTxn *txn,
                     guint       limit,
                     gboolean   *more,
                     GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  gint64 changes = 0;

  g_return_val_if_fail (txn && more, FALSE);

  stmt = fp_stmt_new (txn->db,
                      "UPDATE item SET due_boot = 0, due_boot_id = '',"
                      " reason_code = CASE reason_code WHEN '" FP_ITEM_REASON_METERED "' THEN NULL"
                      " ELSE reason_code END WHERE id IN ("
                      "SELECT id FROM item WHERE queue = 2 AND due_boot = ?1"
                      " UNION ALL "
                      "SELECT id FROM item WHERE queue = 3 AND due_boot = ?1 LIMIT ?2)",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_int (stmt, 1, FP_ITEM_PARKED);
  fp_stmt_bind_int (stmt, 2, limit);
  if (!run_on_items (txn, stmt, &changes, error))
    return FALSE;

  *more = changes == limit;
  return TRUE;
}

gboolean
fp_item_rows_shift (FpStoreTxn *txn,
                    gint64      ms,
                    GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  gint64 changes = 0;

  g_return_val_if_fail (txn, FALSE);

  stmt = fp_stmt_new (txn->db,
                      "UPDATE item SET next_try = CASE WHEN next_try > 0 THEN max(1, next_try + ?1) ELSE 0 END,"
                      " not_before = CASE WHEN not_before > 0 THEN max(1, not_before + ?1) ELSE 0 END WHERE id IN ("
                      "SELECT id FROM item WHERE state IN (1, 3) AND next_try > 0"
                      " UNION "
                      "SELECT id FROM item WHERE queue = 3)",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_int (stmt, 1, ms);

  return run_on_items (txn, stmt, &changes, error);
}

/* Of what is held without a reason of its own so much is passed over to find one. */
#define REASONS_SEEN "1000"

static gboolean
read_numbers (FpStoreTxn   *txn,
              FpItemCounts *counts,
              GError      **error)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (txn->db, "SELECT state, n FROM item_count", error);
  guint n[FP_ITEM_SENT + 1] = { 0 };
  FpStep step = FP_STEP_ERROR;

  while (stmt && (step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    {
      gint64 state = fp_stmt_get_int (stmt, 0);

      if (state >= FP_ITEM_PENDING && state <= FP_ITEM_SENT)
        n[state] = (guint) fp_stmt_get_int (stmt, 1);
    }
  counts->pending = n[FP_ITEM_PENDING];
  counts->sending = n[FP_ITEM_SENDING];
  counts->failed = n[FP_ITEM_FAILED];
  counts->moved = MIN (fp_item_rows_count_held (txn, "moved", NULL), n[FP_ITEM_HELD]);
  counts->held = n[FP_ITEM_HELD] - counts->moved;
  counts->discarded = n[FP_ITEM_DISCARDED];
  counts->sent = n[FP_ITEM_SENT];
  counts->waiting = counts->pending + counts->sending + counts->failed + counts->held;

  return step == FP_STEP_DONE;
}

static gboolean
read_events (FpStoreTxn   *txn,
             FpItemCounts *counts,
             GError      **error)
{
  gint64 n = 0;

  if (!fp_db_get_int (txn->db, "SELECT n FROM event_count", &n, error))
    return FALSE;
  counts->events = (guint) n;

  return TRUE;
}

/* The first and the last of the index: the same word, or different things hold them. */
static gboolean
read_what_holds (FpStoreTxn   *txn,
                 FpItemCounts *counts,
                 GError      **error)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (txn->db,
                                        "SELECT nullif(min(hold), '') FROM ("
                                        "SELECT * FROM (SELECT hold FROM item INDEXED BY item_held WHERE state = 4"
                                        " AND hold IS NOT 'moved' ORDER BY hold LIMIT 1)"
                                        " UNION "
                                        "SELECT * FROM (SELECT hold FROM item INDEXED BY item_held WHERE state = 4"
                                        " AND hold IS NOT 'moved' ORDER BY hold DESC LIMIT 1)) HAVING count(*) = 1",
                                        error);
  FpStep step = stmt ? fp_stmt_step (stmt, error) : FP_STEP_ERROR;

  if (step == FP_STEP_ROW)
    counts->held_for = fp_stmt_dup_text (stmt, 0);

  return step != FP_STEP_ERROR;
}

static gboolean
read_next_try (FpStoreTxn   *txn,
               FpItemCounts *counts,
               GError      **error)
{
  /* NULL, where nothing has a time, reads as 0. The planner would rather sort. */
  return fp_db_get_int (txn->db,
                        "SELECT min(next_try) FROM item INDEXED BY item_next_try"
                        " WHERE state IN (1, 3) AND next_try > 0",
                        &counts->next_try, error);
}

/* Of what is held by hand, or to be sent from elsewhere, an old error explains nothing. */
static gboolean
read_reason (FpStoreTxn   *txn,
             FpItemCounts *counts,
             GError      **error)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (txn->db,
                                        "SELECT reason_code, reason,"
                                        " state <> 4 OR hold IN ('account', 'form', 'proxy')"
                                        " FROM item INDEXED BY item_reason"
                                        " WHERE state < 5 AND reason_code IS NOT NULL"
                                        " ORDER BY state = 3 DESC, changed DESC, id DESC LIMIT " REASONS_SEEN,
                                        error);
  FpStep step = FP_STEP_ERROR;

  while (stmt && (step = fp_stmt_step (stmt, error)) == FP_STEP_ROW && !counts->reason_code)
    if (fp_stmt_get_int (stmt, 2))
      {
        counts->reason_code = fp_stmt_dup_text (stmt, 0);
        counts->reason = fp_stmt_dup_text (stmt, 1);
      }

  return step != FP_STEP_ERROR;
}

/**
 * fp_item_rows_count:
 *
 * Returns: (transfer full): how many items are in each state, and what to tell about those that wait; costs
 *   the same however many there are, but for those that were moved away: they are counted in their index
 */
FpItemCounts *
fp_item_rows_count (FpStoreTxn *txn,
                    GError    **error)
{
  g_autoptr(FpItemCounts) counts = g_new0 (FpItemCounts, 1);

  g_return_val_if_fail (txn, NULL);

  if (!read_numbers (txn, counts, error) || !read_events (txn, counts, error)
      || !read_what_holds (txn, counts, error) || !read_next_try (txn, counts, error)
      || !read_reason (txn, counts, error))
    return NULL;

  return g_steal_pointer (&counts);
}

guint
fp_item_rows_count_held (FpStoreTxn *txn,
                         const char *hold,
                         GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  g_return_val_if_fail (txn && hold, 0);

  stmt = fp_stmt_new (txn->db, "SELECT count(*) FROM item WHERE state = 4 AND hold = ?", error);
  if (!stmt)
    return 0;
  fp_stmt_bind_text (stmt, 1, hold);

  return fp_stmt_step (stmt, error) == FP_STEP_ROW ? (guint) fp_stmt_get_int (stmt, 0) : 0;
}

gint64
fp_item_rows_find_prefix (FpStoreTxn *txn,
                          const char *prefix,
                          GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  g_autofree char *first = NULL;
  FpStep step;
  gint64 id = 0;

  g_return_val_if_fail (txn && prefix, 0);

  stmt = fp_stmt_new (txn->db, "SELECT id, uid FROM item WHERE uid >= ?1 AND uid < ?1 || 'g' ORDER BY uid LIMIT 2", error);
  if (!stmt)
    return 0;
  fp_stmt_bind_text (stmt, 1, prefix);
  step = fp_stmt_step (stmt, error);
  if (step == FP_STEP_ROW)
    {
      id = fp_stmt_get_int (stmt, 0);
      first = fp_stmt_dup_text (stmt, 1);
      step = fp_stmt_step (stmt, error);
    }
  if (step == FP_STEP_ROW)
    {
      g_autofree char *second = fp_stmt_dup_text (stmt, 1);

      g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND,
                   "%s may be item %" G_GINT64_FORMAT " (%s) or item %" G_GINT64_FORMAT " (%s)", prefix, id, first,
                   fp_stmt_get_int (stmt, 0), second);
    }
  else if (step == FP_STEP_DONE && id == 0)
    g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND, "item %s: there is none", prefix);

  return step == FP_STEP_DONE ? id : 0;
}
