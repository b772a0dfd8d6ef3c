/* Counts by tag, and whether something is still to be expected. */
#include <sqlite3.h>

#include "fp-store-fixture.h"
#include "store/fp-count-rows.h"
#include "store/fp-store-private.h"

typedef FpStoreFixture Fixture;

static gpointer
fill (FpStoreTxn  *txn,
      gpointer     data,
      GError     **error)
{
  /* 6,000 rows: states 1 to 5 in turns, every third of the tag "mine". */
  fp_db_exec (txn->db,
              "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)"
              " INSERT INTO item (uid, kind, protocol, title, tag, method, url, host, reach, headers, body_size,"
              " created, state, state_before, status, attempts, slow_step, due_boot, due_boot_id, not_before,"
              " next_try, manual, maybe_delivered, last_try, changed) SELECT 'u' || i, 1, 1, 't',"
              " iif (i % 3 = 0, 'mine', 'data-sync'), 'POST', 'u', 'https://a:443', 0, '{}', 0, 0, 1 + i % 5, 1, 0, 0,"
              " 0, 0, '', 0, 5000, 0, 0, 2000, i FROM n",
              error);

  return NULL;
}

static void
setup (Fixture      *f,
       gconstpointer data)
{
  g_autoptr(GError) error = NULL;

  fp_store_fixture_setup (f, data);
  fp_test_store_write (f->store, fill, NULL, &error);
  g_assert_no_error (error);
}

typedef struct {
  FpCountQuery  query;
  FpCountResult result;
} Question;

/* Of the index alone: a table is told by its scan. */
static int
profile_cb (unsigned  mask,
            void     *data,
            void     *stmt,
            void     *time)
{
  g_assert_cmpint (sqlite3_stmt_status (stmt, SQLITE_STMTSTATUS_SORT, TRUE), ==, 0);
  g_assert_cmpint (sqlite3_stmt_status (stmt, SQLITE_STMTSTATUS_AUTOINDEX, TRUE), ==, 0);
  if (strstr (sqlite3_sql (stmt), "tag = "))
    g_assert_cmpint (sqlite3_stmt_status (stmt, SQLITE_STMTSTATUS_FULLSCAN_STEP, TRUE), ==, 0);

  return 0;
}

static gpointer
read_counts (FpStoreTxn  *txn,
             gpointer     data,
             GError     **error)
{
  Question *question = data;

  sqlite3_trace_v2 (txn->db->handle, SQLITE_TRACE_PROFILE, profile_cb, NULL);
  g_assert_true (fp_count_rows_read (txn, &question->query, &question->result, error));
  sqlite3_trace_v2 (txn->db->handle, 0, NULL, NULL);

  return NULL;
}

static FpCountResult
ask (Fixture    *f,
     const char *tag,
     gint64      tried_before,
     gint64      next_before)
{
  Question question = { .query = { (char *) tag, tried_before, next_before } };
  g_autoptr(GError) error = NULL;

  fp_test_store_read (f->store, read_counts, &question, &error);
  g_assert_no_error (error);

  return question.result;
}

static void
states_of_a_tag (Fixture      *f,
                 gconstpointer data)
{
  FpCountResult all = ask (f, NULL, 0, 0);
  FpCountResult mine = ask (f, "mine", 0, 0);
  FpCountResult none = ask (f, "none", G_MAXINT64, G_MAXINT64);

  for (guint state = FP_ITEM_PENDING; state <= FP_ITEM_DISCARDED; state++)
    {
      g_assert_cmpuint (all.n[state], ==, 1200);
      g_assert_cmpuint (mine.n[state], ==, 400);
    }
  g_assert_cmpuint (fp_count_rows_sum (&mine, 0), ==, 1600);
  g_assert_cmpuint (fp_count_rows_sum (&mine, 1u << FP_ITEM_DISCARDED | 1u << FP_ITEM_FAILED), ==, 800);
  g_assert_cmpuint (fp_count_rows_sum (&none, 0), ==, 0);
  g_assert_false (none.open);
}

static void
open_until_it_was_tried (Fixture      *f,
                         gconstpointer data)
{
  const char *tags[] = { NULL, "mine" };

  for (guint i = 0; i < G_N_ELEMENTS (tags); i++)
    {
      g_assert_true (ask (f, tags[i], 2001, 0).open);
      g_assert_false (ask (f, tags[i], 2000, 0).open);
      g_assert_true (ask (f, tags[i], 0, 5001).open);
      g_assert_false (ask (f, tags[i], 0, 5000).open);
    }
}

static gpointer
run_sql (FpStoreTxn  *txn,
         gpointer     sql,
         GError     **error)
{
  fp_db_exec (txn->db, sql, error);

  return NULL;
}

static gpointer
read_all (FpStoreTxn  *txn,
          gpointer     data,
          GError     **error)
{
  return fp_item_rows_count (txn, error);
}

static void
assert_held (Fixture    *f,
             const char *sql,
             const char *held_for,
             const char *reason_code)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItemCounts) counts = NULL;

  fp_test_store_write (f->store, run_sql, (gpointer) sql, &error);
  g_assert_no_error (error);
  counts = fp_test_store_write (f->store, read_all, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (counts->held_for, ==, held_for);
  g_assert_cmpstr (counts->reason_code, ==, reason_code);
}

/* What is held does not go by itself: its old error is no reason why others wait. */
static void
say_what_holds (Fixture      *f,
                gconstpointer data)
{
  assert_held (f, "UPDATE item SET state = 1 WHERE state IN (2, 3, 4)", NULL, NULL);
  assert_held (f, "UPDATE item SET state = 4, hold = 'moving', reason_code = 'network-cut' WHERE id IN (1, 2)", "moving",
               NULL);
  assert_held (f, "UPDATE item SET hold = 'user' WHERE id = 2", NULL, NULL);
  assert_held (f, "UPDATE item SET hold = 'account' WHERE id IN (1, 2)", "account", "network-cut");
}

/* What was moved away waits elsewhere. */
static void
moved_is_counted_apart (Fixture      *f,
                        gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItemCounts) before = fp_test_store_write (f->store, read_all, NULL, &error);
  g_autoptr(FpItemCounts) counts = NULL;

  g_assert_no_error (error);
  fp_test_store_write (f->store, run_sql, "UPDATE item SET state = 4, hold = 'user' WHERE state IN (1, 2, 3, 4)", &error);
  g_assert_no_error (error);
  fp_test_store_write (f->store, run_sql, "UPDATE item SET hold = 'moved' WHERE id = 2", &error);
  g_assert_no_error (error);
  counts = fp_test_store_write (f->store, read_all, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (counts->moved, ==, 1);
  g_assert_cmpuint (ask (f, NULL, 0, 0).moved, ==, 1);
  g_assert_cmpuint (ask (f, "no-such-tag", 0, 0).moved, ==, 0);
  g_assert_cmpstr (counts->held_for, ==, "user");
  g_assert_cmpuint (counts->waiting, ==, before->waiting - 1);
  g_assert_cmpuint (counts->waiting, ==, counts->pending + counts->sending + counts->failed + counts->held);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add ("/store/count/" path, Fixture, NULL, setup, func, fp_store_fixture_teardown)
  ADD ("states-of-a-tag", states_of_a_tag);
  ADD ("open-until-it-was-tried", open_until_it_was_tried);
  ADD ("say-what-holds", say_what_holds);
  ADD ("moved-is-counted-apart", moved_is_counted_apart);
#undef ADD

  return g_test_run ();
}
