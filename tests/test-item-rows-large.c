#include <sqlite3.h>

#include "fp-store-fixture.h"
#include "store/fp-item-rows.h"
#include "store/fp-store-private.h"
#include "store/fp-transfer-rows.h"

#define WALL G_GINT64_CONSTANT (1700000000000)
#define BOOT G_GINT64_CONSTANT (1000000)

typedef FpStoreFixture Fixture;

static gint64 steps;

static int
profile_cb (unsigned mask,
            void    *data,
            void    *stmt,
            void    *time)
{
  g_assert_cmpint (sqlite3_stmt_status (stmt, SQLITE_STMTSTATUS_SORT, TRUE), <=, 8);
  steps += sqlite3_stmt_status (stmt, SQLITE_STMTSTATUS_VM_STEP, TRUE);

  return 0;
}

/* 100,000 rows of one host in each situation; a call that read them all would take a million steps. */
static gpointer
fill (FpStoreTxn *txn,
      gpointer    sql,
      GError    **error)
{
  static const char insert_sql[]
      = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
        " INSERT INTO item (uid, kind, protocol, title, tag, method, url, host, reach, headers, body_size,"
        " created, state, state_before, status, attempts, slow_step, due_boot, due_boot_id, not_before,"
        " next_try, manual, maybe_delivered, last_try, changed) SELECT 'u' || i, 1, 1, 't', 'data-sync',"
        " 'POST', 'u', 'https://a:443', 0, '{}', 0, 0, 1, 0, 0, 0, 0, 0, '', 0, 0, 0, 0, 0, i FROM n";

  fp_db_exec (txn->db, insert_sql, error);
  if (((const char *) sql)[0])
    fp_db_exec (txn->db, sql, error);

  return NULL;
}

static gpointer
measure (FpStoreTxn *txn,
         gpointer    data,
         GError    **error)
{
  g_autoptr(GPtrArray) due_items = NULL;
  g_autoptr(GPtrArray) page = NULL;
  g_autoptr(GPtrArray) sent = NULL;
  g_autoptr(FpItemCounts) counts = NULL;
  FpItemQuery query = { 0 };
  FpItemQuery sent_query = { .states = 1u << FP_ITEM_SENT, .tag = (char *) "none" };

  steps = 0;
  sqlite3_trace_v2 (txn->db->handle, SQLITE_TRACE_PROFILE, profile_cb, NULL);
  due_items = fp_item_rows_due (txn, BOOT, "boot", NULL, 4, error);
  fp_item_rows_next_due (txn, BOOT, "boot", error);
  page = fp_item_rows_list (txn, &query, error);
  sent = fp_item_rows_list (txn, &sent_query, error);
  counts = fp_item_rows_count (txn, error);
  sqlite3_trace_v2 (txn->db->handle, 0, NULL, NULL);
  g_assert_cmpuint (due_items->len, <=, 4);
  g_test_message ("%" G_GINT64_FORMAT " steps", steps);

  return NULL;
}

static void
test_large_is_not_scanned (Fixture      *f,
                           gconstpointer sql)
{
  g_autoptr(GError) error = NULL;

  fp_test_store_write (f->store, fill, (gpointer) sql, &error);
  g_assert_no_error (error);
  fp_test_store_read (f->store, measure, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (steps, >, 0);
  g_assert_cmpint (steps, <, 100000);
}

static void
add_one (FpStoreTxn  *txn,
         FpItemState  state)
{
  g_autoptr(FpItem) item = fp_item_new ();

  item->kind = FP_ITEM_REQUEST;
  item->protocol = FP_PROTOCOL_PLAIN;
  item->method = g_strdup ("POST");
  item->url = g_strdup ("https://a/in");
  item->host = g_strdup ("https://a:443");
  item->state = state;
  item->hold = g_strdup (state == FP_ITEM_HELD ? "user" : NULL);
  g_assert_true (fp_item_rows_insert (txn, item, NULL));
}

static int
count_cb (void *data)
{
  ++*(guint *) data;

  return 0;
}

/* The work, in hundreds of SQLite's steps, of finding the two that are named. */
static guint
count_select (FpStoreTxn            *txn,
              const FpTransferQuery *query)
{
  g_autoptr(GArray) found = NULL;
  guint n = 0;

  sqlite3_progress_handler (txn->db->handle, 100, count_cb, &n);
  found = fp_transfer_rows_select (txn, query, FALSE, 0, 500, NULL);
  sqlite3_progress_handler (txn->db->handle, 0, NULL, NULL);
  g_assert_cmpuint (found->len, ==, 2);
  g_assert_cmpint (g_array_index (found, gint64, 0), ==, 2);
  g_assert_cmpint (g_array_index (found, gint64, 1), ==, 3);

  return n;
}

/* Those that are named are looked up, not looked for: of the rows that there are none is gone through. */
static void
named_ones_are_looked_up (FpStoreTxn *txn)
{
  static const gint64 ids[] = { 3, 2, 4, 3 };
  FpTransferQuery query = { .states = 1 << FP_ITEM_PENDING };
  guint few;

  query.ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_array_append_vals (query.ids, ids, G_N_ELEMENTS (ids));
  for (guint i = 0; i < 4; i++)
    add_one (txn, i == 3 ? FP_ITEM_HELD : FP_ITEM_PENDING);
  few = count_select (txn, &query);
  for (guint i = 0; i < 3000; i++)
    add_one (txn, FP_ITEM_PENDING);
  g_assert_cmpuint (count_select (txn, &query), <=, few + 1);
  g_array_unref (query.ids);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD_LARGE(path, sql) fp_store_fixture_add ("/store/item/large/" path, sql, test_large_is_not_scanned)
  ADD_LARGE ("all-ready", "");
  ADD_LARGE ("all-waiting", "UPDATE item SET due_boot = 9000000 + id, due_boot_id = 'boot', state = 3");
  ADD_LARGE ("all-over", "UPDATE item SET due_boot = id, due_boot_id = 'boot', state = 3");
  ADD_LARGE ("all-of-another-boot", "UPDATE item SET due_boot = id, due_boot_id = 'other', state = 3");
  ADD_LARGE ("all-own-fault", "UPDATE item SET state = 3, reason_code = 'item-refused'");
  ADD_LARGE ("all-sent-but-few", "INSERT INTO receipt SELECT id, uid, NULL, 'u', 201, '{}', NULL, 0 FROM item"
                                 " WHERE id > 3; UPDATE item SET state = 6 WHERE id > 3");

  fp_store_fixture_add ("/store/item/export/named-ones-are-looked-up", named_ones_are_looked_up,
                        fp_store_fixture_in_transaction);

  return g_test_run ();
}
