/* The sender is killed again and again while it drains a queue: nothing is lost, nothing arrives as something else. */
#include <sqlite3.h>

#include "fp-sync-fixture.h"

enum {
  ITEMS = 200,
  KILLS = 30,
};

typedef FpSyncFixture Fixture;

static void
exited_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
  *(gboolean *) user_data = TRUE;
}

static GSubprocess *
spawn (Fixture  *f,
       gboolean *exited)
{
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "crash-drain", NULL);
  g_autoptr(GError) error = NULL;
  GSubprocess *process = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, program, f->folder, NULL);

  g_assert_no_error (error);
  *exited = FALSE;
  g_subprocess_wait_async (process, NULL, exited_cb, exited);

  return process;
}

static gboolean
time_is_over (gint64 end)
{
  return g_get_monotonic_time () >= end;
}

static gboolean
wake_cb (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* Half of the kills come at a random time of its life, also while it opens the store; half after a random number of
 * arrivals and a moment, which is where claim, answer and receipt are. */
static void
kill_one (Fixture *f,
          guint    i)
{
  gboolean exited;
  g_autoptr(GSubprocess) process = spawn (f, &exited);
  guint wake = g_timeout_add (1, wake_cb, NULL);

  if (i % 2)
    {
      for (gint64 end = g_get_monotonic_time () + g_test_rand_int_range (1, 80) * 1000; !time_is_over (end) && !exited;)
        g_main_context_iteration (NULL, TRUE);
    }
  else
    {
      guint n = fp_sink_get_n (f->sink) + (guint) g_test_rand_int_range (1, 8);
      gint64 end;

      fp_test_until (fp_sink_get_n (f->sink) >= n || exited);
      for (end = g_get_monotonic_time () + g_test_rand_int_range (0, 6000); !time_is_over (end) && !exited;)
        g_main_context_iteration (NULL, FALSE);
    }
  g_subprocess_force_exit (process);
  fp_test_until (exited);
  g_source_remove (wake);
  /* What it had put into the sockets arrives now, before the next one sends. */
  fp_test_drain ();
}

/* Notes of each item whose receipt is durable now how many requests had come by then; 0 = not yet. */
static void
note_received (Fixture      *f,
               const gint64 *ids,
               guint        *received_at)
{
  for (guint i = 0; i < ITEMS; i++)
    if (received_at[i] == 0 && fp_sync_fixture_get_state (f, ids[i]) == FP_ITEM_SENT)
      received_at[i] = fp_sink_get_n (f->sink);
}

static void
assert_not_posted_since (Fixture    *f,
                         const char *uid,
                         guint       received_at)
{
  for (guint i = received_at; i < fp_sink_get_n (f->sink); i++)
    g_assert_cmpstr (fp_sink_get (f->sink, i)->key, !=, uid);
}

static void
assert_integrity (Fixture *f)
{
  g_autofree char *path = g_build_filename (f->folder, "fieldpost.db", NULL);
  sqlite3 *db = NULL;
  sqlite3_stmt *stmt = NULL;

  g_assert_cmpint (sqlite3_open_v2 (path, &db, SQLITE_OPEN_READWRITE, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_prepare_v2 (db, "PRAGMA integrity_check", -1, &stmt, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_step (stmt), ==, SQLITE_ROW);
  g_assert_cmpstr ((const char *) sqlite3_column_text (stmt, 0), ==, "ok");
  sqlite3_finalize (stmt);
  sqlite3_close (db);
}

static void
test_killed_while_draining (Fixture       *f,
                            gconstpointer  data)
{
  gint64 ids[ITEMS];
  guint received_at[ITEMS] = { 0 };
  g_autoptr(GPtrArray) uids = g_ptr_array_new_with_free_func (g_free);
  gboolean exited;
  g_autoptr(GSubprocess) process = NULL;

  for (guint i = 0; i < ITEMS; i++)
    {
      FpItem *item = fp_sync_fixture_item (f, "/in");

      g_ptr_array_add (uids, g_strdup (item->uid));
      ids[i] = fp_sync_fixture_insert (f, item);
    }

  fp_sink_set_delay (f->sink, 60);
  for (guint i = 0; i < KILLS; i++)
    {
      kill_one (f, i);
      note_received (f, ids, received_at);
    }
  fp_sink_set_delay (f->sink, 0);
  g_test_message ("stored before the last run: %u of %d, in %u requests", fp_sink_get_n_stored (f->sink), ITEMS,
                  fp_sink_get_n (f->sink));

  process = spawn (f, &exited);
  fp_test_until (exited);
  g_assert_true (g_subprocess_get_successful (process));
  note_received (f, ids, received_at);

  for (guint i = 0; i < ITEMS; i++)
    {
      g_autoptr(FpReceipt) receipt = fp_sync_fixture_get_receipt (f, ids[i]);

      g_assert_cmpint (fp_sync_fixture_get_state (f, ids[i]), ==, FP_ITEM_SENT);
      g_assert_nonnull (receipt);
      g_assert_true (fp_sink_has_stored (f->sink, g_ptr_array_index (uids, i)));
      assert_not_posted_since (f, g_ptr_array_index (uids, i), received_at[i]);
    }
  g_assert_cmpuint (fp_sink_get_n_stored (f->sink), ==, ITEMS);
  g_assert_cmpuint (fp_sink_get_n_changed (f->sink), ==, 0);
  g_test_message ("%u requests for %d items", fp_sink_get_n (f->sink), ITEMS);
  assert_integrity (f);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/sync/crash/killed-thirty-times-nothing-lost-nothing-twice", Fixture, NULL, fp_sync_fixture_setup,
              test_killed_while_draining, fp_sync_fixture_teardown);

  return g_test_run ();
}
