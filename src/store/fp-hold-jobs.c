#include "store/fp-hold-rows-private.h"

#include <string.h>

#include "store/fp-store-private.h"

/* What is to be done with many items, FP_STORE_SLICE in each transaction. A job is a row of table hold too: it is
 * durable with the change that asks for it, and whoever sends next goes on with it. */

/* What an item that is released looks like: as if nothing had kept it. The pair is one of the outbox's table:
 * held -> pending. */
#define RELEASED                                                                                    \
  "state = 1, hold = NULL, reason_code = NULL, reason = NULL, slow_step = 0, due_boot = 0,"         \
  " due_boot_id = '', not_before = 0, next_try = 0, changed = ?2"

/* By name, so that the index of what is held is used. */
#define EVERY_HOLD "'account', 'form', 'proxy', 'user', 'moving', 'moved', 'machine', 'after', 'lost', 'staging'"

/* Which account an item goes with is said by its row; of these it is not yet. */
#define MOVE "move"
/* Of a form: what has no account gets one. After "lift-", which finds what was held for having none. */
#define OWN "own"
/* Of an account: what waits for a time is due. After the others, when all have it. */
#define WAITS "waits"

/* In hold.kind, before the name of the kind that is lifted. Sorts before the others: an item is found by the account
 * that it was held for. */
#define LIFT "lift-"

/* One of them is an account's, and one of its addresses is held: that stays. */
#define NOT_HELD_BY_ADDRESS                                                                         \
  " AND NOT EXISTS (SELECT 1 FROM hold WHERE kind = 'endpoint' AND subject = item.secret_id || char(10) || item.url)"

#define SEPARATOR "\n"

typedef struct
{
  char *kind;
  char *subject;
  char *words;
  gint64 after;
} Job;

static void
job_clear (Job *job)
{
  g_free (job->kind);
  g_free (job->subject);
  g_free (job->words);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Job, job_clear)

/* ?1 subject, ?2 now, ?3 words, ?4 how many at most. */
static char *
dup_sql (const Job *job)
{
  if (g_str_equal (job->kind, MOVE))
    return g_strdup ("UPDATE item SET secret_id = ?3 WHERE id IN ("
                     "SELECT id FROM item WHERE state IN (1, 3) AND secret_id = ?1"
                     " UNION ALL "
                     "SELECT id FROM item INDEXED BY item_held WHERE state = 4 AND hold IN (" EVERY_HOLD ")"
                     " AND secret_id = ?1 LIMIT ?4)");

  for (guint kind = 0; kind < FP_N_HOLDS; kind++)
    {
      const FpHoldKindInfo *info = _fp_hold_kind_get_info (kind);

      if (g_str_has_prefix (job->kind, LIFT) && g_str_equal (job->kind + strlen (LIFT), info->name))
        return g_strdup_printf ("UPDATE item SET " RELEASED " WHERE id IN (SELECT id FROM item INDEXED BY %s"
                                " WHERE state = 4 AND hold = '%s' AND %s%s LIMIT ?4)",
                                info->held, info->word, info->covers, kind == FP_HOLD_ACCOUNT ? NOT_HELD_BY_ADDRESS : "");
    }

  return NULL;
}

/* FALSE without error: there is none. */
static gboolean
get_first (FpStoreTxn  *txn,
           Job         *job,
           GError     **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  stmt = fp_stmt_new (txn->db,
                      "SELECT kind, subject, words, CAST(code AS INTEGER) FROM hold WHERE kind LIKE '" LIFT "%'"
                      " OR kind IN ('" MOVE "', '" OWN "', '" WAITS "') ORDER BY kind, subject LIMIT 1",
                      error);
  if (!stmt || fp_stmt_step (stmt, error) != FP_STEP_ROW)
    return FALSE;

  job->kind = fp_stmt_dup_text (stmt, 0);
  job->subject = fp_stmt_dup_text (stmt, 1);
  job->words = fp_stmt_dup_text (stmt, 2);
  job->after = fp_stmt_get_int (stmt, 3);
  return TRUE;
}

static gboolean
delete (FpStoreTxn  *txn,
        const char  *kind,
        const char  *subject,
        GError     **error)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (txn->db, "DELETE FROM hold WHERE kind = ? AND subject = ?", error);

  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, kind);
  fp_stmt_bind_text (stmt, 2, subject);

  return fp_stmt_run (stmt, NULL, error);
}

/* The next items of a form; ?1 form, ?6 after which, ?5 how many at most. By state, as they are found, merged. */
#define OWN_PAGE                                                                                    \
  "SELECT id FROM item WHERE form = CAST(?1 AS INTEGER) AND state = 1 AND id > ?6"                  \
  " UNION ALL SELECT id FROM item WHERE form = CAST(?1 AS INTEGER) AND state = 2 AND id > ?6"       \
  " UNION ALL SELECT id FROM item WHERE form = CAST(?1 AS INTEGER) AND state = 3 AND id > ?6"       \
  " UNION ALL SELECT id FROM item WHERE form = CAST(?1 AS INTEGER) AND state = 4 AND id > ?6 ORDER BY id LIMIT ?5"
#define WAITS_PAGE                                                                                  \
  "SELECT id FROM item INDEXED BY item_by_secret WHERE state IN (1, 3) AND secret_id = ?1 AND id > ?6" \
  " AND queue IN (2, 3) ORDER BY id LIMIT ?5"

/* What was changed stays where it is found: the code of such a job is the last item that was looked at. */
typedef struct
{
  const char *kind;
  const char *page;
  const char *change; /* ?1, ?2 the parts of the subject, ?3 words, ?4 now */
} Walk;

static const Walk walks[] = {
  { OWN, OWN_PAGE,
    "UPDATE item SET secret_id = ?3 WHERE id IN (" OWN_PAGE ") AND secret_id IS NULL AND protocol = 2 AND host = ?2" },
  { WAITS, WAITS_PAGE,
    "UPDATE item SET due_boot = 0, due_boot_id = '', not_before = 0, next_try = 0, changed = ?4"
    " WHERE id IN (" WAITS_PAGE ")" },
};

static FpStmt *
prepare_walk (FpStoreTxn *txn,
              const Job  *job,
              const char *sql,
              guint       limit,
              GError    **error)
{
  g_auto(GStrv) parts = g_strsplit (job->subject, SEPARATOR, 2);
  FpStmt *stmt = fp_stmt_new (txn->db, sql, error);

  if (!stmt)
    return NULL;
  fp_stmt_bind_text (stmt, 1, parts[0]);
  fp_stmt_bind_text (stmt, 2, parts[0] ? parts[1] : NULL);
  fp_stmt_bind_text (stmt, 3, job->words);
  fp_stmt_bind_int (stmt, 4, txn->now);
  fp_stmt_bind_int (stmt, 5, limit);
  fp_stmt_bind_int (stmt, 6, job->after);

  return stmt;
}

/* @n: (out): how many were looked at. @last: (out): the last of them. */
static gboolean
look_at_page (FpStoreTxn  *txn,
              const Job   *job,
              const Walk  *walk,
              guint        limit,
              guint       *n,
              char       **last,
              GError     **error)
{
  g_autofree char *sql = g_strdup_printf ("SELECT count(*), CAST(max(id) AS TEXT) FROM (%s)", walk->page);
  g_autoptr(FpStmt) stmt = prepare_walk (txn, job, sql, limit, error);

  if (!stmt || fp_stmt_step (stmt, error) != FP_STEP_ROW)
    return FALSE;

  *n = (guint) fp_stmt_get_int (stmt, 0);
  *last = fp_stmt_dup_text (stmt, 1);
  return TRUE;
}

static gboolean
run_walk (FpStoreTxn  *txn,
          const Job   *job,
          const Walk  *walk,
          guint       *left,
          GError     **error)
{
  g_autofree char *last = NULL;
  g_autoptr(FpStmt) change = NULL;
  g_autoptr(FpStmt) note = NULL;
  gint64 changes = 0;
  guint n = 0;

  if (!look_at_page (txn, job, walk, *left, &n, &last, error))
    return FALSE;
  change = prepare_walk (txn, job, walk->change, *left, error);
  if (!change || !fp_stmt_run (change, &changes, error))
    return FALSE;
  if (changes > 0)
    fp_store_txn_touch (txn, FP_STORE_ITEMS, 0);
  *left -= n;
  if (*left > 0)
    return delete (txn, job->kind, job->subject, error);

  note = fp_stmt_new (txn->db, "UPDATE hold SET code = ? WHERE kind = ? AND subject = ?", error);
  if (!note)
    return FALSE;
  fp_stmt_bind_text (note, 1, last);
  fp_stmt_bind_text (note, 2, job->kind);
  fp_stmt_bind_text (note, 3, job->subject);

  return fp_stmt_run (note, NULL, error);
}

static gboolean
run (FpStoreTxn  *txn,
     const Job   *job,
     guint       *left,
     GError     **error)
{
  g_autofree char *sql = NULL;
  g_autoptr(FpStmt) stmt = NULL;
  gint64 changes = 0;

  for (guint i = 0; i < G_N_ELEMENTS (walks); i++)
    if (g_str_equal (job->kind, walks[i].kind))
      return run_walk (txn, job, &walks[i], left, error);
  sql = dup_sql (job);
  /* No kind of ours keeps anything. */
  if (!sql)
    return delete (txn, job->kind, job->subject, error);

  stmt = fp_stmt_new (txn->db, sql, error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, job->subject);
  fp_stmt_bind_int (stmt, 2, txn->now);
  fp_stmt_bind_text (stmt, 3, job->words);
  fp_stmt_bind_int (stmt, 4, *left);
  if (!fp_stmt_run (stmt, &changes, error))
    return FALSE;
  if (changes > 0)
    fp_store_txn_touch (txn, FP_STORE_ITEMS, 0);

  *left -= (guint) changes;
  return *left == 0 || delete (txn, job->kind, job->subject, error);
}

gboolean
fp_hold_rows_go_on (FpStoreTxn  *txn,
                    GError     **error)
{
  guint left = FP_STORE_SLICE;

  g_return_val_if_fail (txn, FALSE);

  while (left > 0)
    {
      g_auto(Job) job = { 0 };
      g_autoptr(GError) local = NULL;

      if (get_first (txn, &job, &local) && run (txn, &job, &left, &local))
        continue;
      if (local)
        g_propagate_error (error, g_steal_pointer (&local));
      return local == NULL;
    }

  return TRUE;
}

gboolean
fp_hold_rows_is_unfinished (FpStoreTxn  *txn,
                            gboolean    *unfinished,
                            GError     **error)
{
  g_autoptr(GError) local = NULL;
  g_auto(Job) job = { 0 };

  g_return_val_if_fail (txn && unfinished, FALSE);

  *unfinished = get_first (txn, &job, &local);
  if (local)
    g_propagate_error (error, g_steal_pointer (&local));

  return local == NULL;
}

static gboolean
add (FpStoreTxn  *txn,
     const char  *kind,
     const char  *subject,
     const char  *words,
     GError     **error)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (txn->db,
                                        "INSERT OR REPLACE INTO hold (kind, subject, code, words, since)"
                                        " VALUES (?1, ?2, '', ?3, ?4)",
                                        error);

  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, kind);
  fp_stmt_bind_text (stmt, 2, subject);
  fp_stmt_bind_text (stmt, 3, words);
  fp_stmt_bind_int (stmt, 4, txn->now);
  if (!fp_stmt_run (stmt, NULL, error))
    return FALSE;

  /* Whoever sends hears of it, and goes on with it. */
  fp_store_txn_touch (txn, FP_STORE_ITEMS, 0);
  return TRUE;
}

gboolean
_fp_hold_jobs_release (FpStoreTxn  *txn,
                       FpHoldKind   kind,
                       const char  *subject,
                       GError     **error)
{
  g_autofree char *name = g_strconcat (LIFT, _fp_hold_kind_get_info (kind)->name, NULL);

  return add (txn, name, subject, NULL, error);
}

gboolean
_fp_hold_jobs_forget (FpStoreTxn  *txn,
                      FpHoldKind   kind,
                      const char  *subject,
                      GError     **error)
{
  g_autofree char *name = g_strconcat (LIFT, _fp_hold_kind_get_info (kind)->name, NULL);

  return delete (txn, name, subject, error);
}

gboolean
_fp_hold_jobs_clear_waits (FpStoreTxn  *txn,
                           const char  *secret_id,
                           GError     **error)
{
  return add (txn, WAITS, secret_id, NULL, error);
}

/* Those in flight are few, and the answer to the old account is to hold nothing. */
static gboolean
move_sending (FpStoreTxn  *txn,
              const char  *from,
              const char  *to,
              GError     **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  stmt = fp_stmt_new (txn->db, "UPDATE item SET secret_id = ?2 WHERE state = 2 AND secret_id = ?1", error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, from);
  fp_stmt_bind_text (stmt, 2, to);

  return fp_stmt_run (stmt, NULL, error);
}

gboolean
_fp_hold_jobs_move (FpStoreTxn  *txn,
                    const char  *from,
                    const char  *to,
                    GError     **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  /* What is still on its way to the account that changes now has a longer way. */
  stmt = fp_stmt_new (txn->db, "UPDATE hold SET words = ?2 WHERE kind IN ('" MOVE "', '" OWN "') AND words = ?1", error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, from);
  fp_stmt_bind_text (stmt, 2, to);

  return fp_stmt_run (stmt, NULL, error) && add (txn, MOVE, from, to, error) && move_sending (txn, from, to, error);
}

/* In flight without one: the refusal that this may bring says nothing of the account. */
static gboolean
give_sending (FpStoreTxn  *txn,
              const char  *form,
              const char  *host,
              const char  *to,
              GError     **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  stmt = fp_stmt_new (txn->db,
                      "UPDATE item SET secret_id = ?3 WHERE form = CAST(?1 AS INTEGER) AND state = 2"
                      " AND secret_id IS NULL AND protocol = 2 AND host = ?2",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, form);
  fp_stmt_bind_text (stmt, 2, host);
  fp_stmt_bind_text (stmt, 3, to);

  return fp_stmt_run (stmt, NULL, error);
}

gboolean
_fp_hold_jobs_give (FpStoreTxn  *txn,
                    const char  *form,
                    const char  *host,
                    const char  *to,
                    GError     **error)
{
  g_autofree char *subject = g_strconcat (form, SEPARATOR, host, NULL);

  return add (txn, OWN, subject, to, error) && give_sending (txn, form, host, to, error);
}

/* The job that will change the account of @item, as kind and subject in hold; NULL: none could. */
static const char *
find_job (const FpItem  *item,
          char         **subject)
{
  if (item->secret_id)
    {
      *subject = g_strdup (item->secret_id);
      return MOVE;
    }
  if (item->form && item->protocol == FP_PROTOCOL_OPENROSA)
    {
      *subject = g_strdup_printf ("%" G_GINT64_FORMAT SEPARATOR "%s", item->form, item->host);
      return OWN;
    }

  return NULL;
}

gboolean
fp_hold_rows_follow (FpStoreTxn  *txn,
                     FpItem      *item,
                     GError     **error)
{
  g_autofree char *subject = NULL;
  const char *kind;
  g_autoptr(FpStmt) find = NULL;
  g_autoptr(FpStmt) write = NULL;
  FpStep step;

  g_return_val_if_fail (txn && item, FALSE);

  kind = find_job (item, &subject);
  if (!kind)
    return TRUE;
  find = fp_stmt_new (txn->db, "SELECT words FROM hold WHERE kind = ? AND subject = ?", error);
  if (!find)
    return FALSE;
  fp_stmt_bind_text (find, 1, kind);
  fp_stmt_bind_text (find, 2, subject);
  step = fp_stmt_step (find, error);
  if (step != FP_STEP_ROW)
    return step == FP_STEP_DONE;

  g_free (item->secret_id);
  item->secret_id = fp_stmt_dup_text (find, 0);
  write = fp_stmt_new (txn->db, "UPDATE item SET secret_id = ? WHERE id = ?", error);
  if (!write)
    return FALSE;
  fp_stmt_bind_text (write, 1, item->secret_id);
  fp_stmt_bind_int (write, 2, item->id);

  return fp_stmt_run (write, NULL, error);
}
