/* Old formats: files that released programs wrote, as dumps, and what is left of them when a change goes wrong.
 *
 * The program starts itself as one that is killed while it changes the format: `test-migrate --open FOLDER`. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>
#include <sqlite3.h>

#include "fp-store-fixture.h"
#include "store/fp-draft-rows.h"
#include "store/fp-form-rows.h"
#include "store/fp-item-rows.h"
#include "store/fp-mark.h"
#include "store/fp-store-private.h"

/* The columns of schema 1, in one line a row: whatever a later format adds, these stay as they are. */
static const struct
{
  const char *table;
  const char *columns;
  int n_rows;
} old_rows[] = {
  { "meta", "name, value", 1 },
  { "setting", "name, value", 1 },
  { "server", "id, title, url, protocol, reach, user, secret_id, added, refreshed", 1 },
  { "form", "id, form_id, version, title, md5, server, submit_url, added, hidden, xml", 2 },
  { "blob", "sha256, size, unused_since", 2 },
  { "draft", "id, uid, form, title, revision, position, created, saved, discarded, instance", 2 },
  { "draft_file", "draft, name, media_type, sha256", 1 },
  { "receipt", "item, uid, instance_id, url, status, headers, body, time", 4 },
  { "item",
    "id, uid, kind, protocol, title, tag, method, url, host, reach, headers, boundary, meta, secret_id, form, instance_id,"
    " body_size, created, state, state_before, reason_code, reason, status, hold, attempts, slow_step, due_boot,"
    " due_boot_id, not_before, next_try, manual, maybe_delivered, last_try, changed, queue, receipt",
    11 },
  { "item_part", "item, position, name, filename, media_type, sha256, size, data", 14 },
  { "item_count", "state, n", 6 },
  { "sqlite_sequence", "name, seq", 4 },
};

static sqlite3 *
open_file (const char *path)
{
  sqlite3 *db = NULL;

  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  sqlite3_db_config (db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);

  return db;
}

static void
run_sql (const char *path,
         const char *sql)
{
  sqlite3 *db = open_file (path);
  char *message = NULL;

  sqlite3_exec (db, sql, NULL, NULL, &message);
  g_assert_cmpstr (message, ==, NULL);
  sqlite3_close (db);
}

/* As a released program left it: with a log. */
static void
load_dump (const char *path)
{
  g_autofree char *dump = g_test_build_filename (G_TEST_DIST, "data", "store-schema-1.sql", NULL);
  g_autofree char *sql = NULL;
  g_autoptr(GError) error = NULL;

  g_file_get_contents (dump, &sql, NULL, &error);
  g_assert_no_error (error);
  run_sql (path, sql);
  run_sql (path, "PRAGMA journal_mode = WAL");
}

static void
assert_rows_of_dump (const char *path)
{
  sqlite3 *db = open_file (path);

  for (gsize i = 0; i < G_N_ELEMENTS (old_rows); i++)
    {
      g_autofree char *sql = g_strconcat ("SELECT count(*) FROM ", old_rows[i].table, NULL);
      sqlite3_stmt *stmt = NULL;

      g_assert_cmpint (sqlite3_prepare_v2 (db, sql, -1, &stmt, NULL), ==, SQLITE_OK);
      g_assert_cmpint (sqlite3_step (stmt), ==, SQLITE_ROW);
      g_assert_cmpint (sqlite3_column_int (stmt, 0), ==, old_rows[i].n_rows);
      sqlite3_finalize (stmt);
    }
  sqlite3_close (db);
}

/* Every value of every old row, as SQL. */
static char *
dup_rows (const char *path)
{
  sqlite3 *db = open_file (path);
  g_autoptr(GString) text = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (old_rows); i++)
    {
      g_auto(GStrv) columns = g_strsplit (old_rows[i].columns, ", ", -1);
      g_autofree char *list = g_strjoinv ("), quote(", columns);
      g_autofree char *sql = NULL;
      sqlite3_stmt *stmt = NULL;

      sql = g_strdup_printf ("SELECT quote(%s) FROM %s WHERE %s ORDER BY 1, 2", list, old_rows[i].table,
                             /* Tables that came later count too. */
                             g_str_equal (old_rows[i].table, "meta")              ? "name = 'store-id'"
                             : g_str_equal (old_rows[i].table, "sqlite_sequence") ? "name IN ('server', 'form', 'draft', 'item')"
                                                                                  : "1");
      g_assert_cmpint (sqlite3_prepare_v2 (db, sql, -1, &stmt, NULL), ==, SQLITE_OK);
      while (sqlite3_step (stmt) == SQLITE_ROW)
        for (int c = 0; c < sqlite3_column_count (stmt); c++)
          g_string_append_printf (text, "%s%c", sqlite3_column_text (stmt, c),
                                  c + 1 < sqlite3_column_count (stmt) ? ' ' : '\n');
      sqlite3_finalize (stmt);
    }
  sqlite3_close (db);

  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
setup (FpStoreFixture *f,
       gconstpointer   data)
{
  fp_store_fixture_setup_closed (f, data);
  load_dump (f->file);
  /* A dump that is empty or was cut would make every comparison true. */
  assert_rows_of_dump (f->file);
}

static gpointer
check_drafts (FpStoreTxn *txn,
              gpointer    data,
              GError    **error)
{
  g_autoptr(GPtrArray) rows = fp_draft_rows_list (txn, error);
  guint n_files = 0;

  g_assert_cmpuint (rows->len, ==, 2);
  for (guint i = 0; i < rows->len; i++)
    {
      g_autoptr(FpDraftRow) row = fp_draft_rows_get (txn, ((FpDraftRow *) rows->pdata[i])->uid, error);
      g_autoptr(GBytes) form = fp_form_rows_get_xml (txn, row->form, error);

      g_assert_nonnull (g_strstr_len (g_bytes_get_data (row->instance, NULL), (gssize) g_bytes_get_size (row->instance),
                                      "<name>"));
      g_assert_cmpuint (g_bytes_get_size (form), >, 500);
      n_files += row->files->len;
      /* It goes on. */
      row->revision++;
      g_ptr_array_set_size (row->files, 0);
      g_assert_true (fp_draft_rows_save (txn, row, error));
    }
  g_assert_cmpuint (n_files, ==, 1);

  return NULL;
}

/* The queue as schema 1 had it: 8 waits for its time, 7 for its slow try, 10 is next; the others do not go by
 * themselves. */
static gpointer
check_queue (FpStoreTxn *txn,
             gpointer    data,
             GError    **error)
{
  g_autoptr(GPtrArray) now = fp_item_rows_due (txn, 0, "the boot after", NULL, 100, error);
  g_autoptr(FpItem) item = NULL;
  g_autoptr(FpItemCounts) counts = NULL;
  g_autoptr(FpReceipt) receipt = NULL;
  g_autoptr(GString) ids = g_string_new (NULL);

  for (guint i = 0; i < now->len; i++)
    g_string_append_printf (ids, "%d ", (int) ((FpItem *) now->pdata[i])->id);
  g_assert_cmpstr (ids->str, ==, "7 8 10 ");

  item = fp_item_rows_get (txn, 10, TRUE, error);
  g_assert_cmpuint (item->parts->len, ==, 2);
  g_assert_cmpint (item->waits_for, ==, 0);
  g_assert_cmpuint (item->posts_done, ==, 0);
  receipt = fp_item_rows_get_receipt (txn, 1, error);
  g_assert_cmpint (receipt->status, ==, 201);

  /* The triggers count on. */
  item->state = FP_ITEM_DISCARDED;
  g_assert_true (fp_item_rows_update (txn, item, FP_ITEM_PENDING, error));
  counts = fp_item_rows_count (txn, error);
  g_assert_cmpuint (counts->pending, ==, 1);
  g_assert_cmpuint (counts->discarded, ==, 2);
  g_assert_cmpuint (counts->sent, ==, 4);

  return NULL;
}

static void
test_old_rows_are_all_there (FpStoreFixture *f,
                             gconstpointer   data)
{
  g_autofree char *before = dup_rows (f->file);
  g_autofree char *after = NULL;
  g_autoptr(GError) error = NULL;

  f->store = fp_test_store_open (f->folder, f->clock);
  after = dup_rows (f->file);
  g_assert_cmpstr (after, ==, before);
  g_assert_cmpstr (fp_store_get_id (f->store), ==, "9a69a468058f47de446dfec4c4f50a37");
  fp_store_fixture_assert_answer (f, "PRAGMA user_version", "2");
  fp_store_fixture_assert_answer (f, "PRAGMA integrity_check", "ok");
  fp_test_store_write (f->store, check_drafts, NULL, &error);
  g_assert_no_error (error);
  fp_test_store_write (f->store, check_queue, NULL, &error);
  g_assert_no_error (error);
}

static void
test_copy_is_kept (FpStoreFixture *f,
                   gconstpointer   data)
{
  g_autofree char *copy = g_strconcat (f->file, ".before-2", NULL);
  g_autofree char *older = g_strconcat (f->file, ".before-1", NULL);
  g_autofree char *before = NULL;
  g_autofree char *kept = NULL;
  FpStoreFixture of_copy = *f;
  struct stat file;

  /* What is only in the log is in the copy too. */
  run_sql (f->file, "UPDATE item SET title = 'only in the log' WHERE id = 10");
  before = dup_rows (f->file);
  g_assert_nonnull (strstr (before, "only in the log"));
  g_assert_true (g_file_set_contents (older, "x", -1, NULL));
  f->store = fp_test_store_open (f->folder, f->clock);

  kept = dup_rows (copy);
  g_assert_cmpstr (kept, ==, before);
  g_assert_cmpint (stat (copy, &file), ==, 0);
  g_assert_cmpuint (file.st_mode & 0777, ==, 0600);
  of_copy.file = copy;
  fp_store_fixture_assert_answer (&of_copy, "PRAGMA user_version", "1");
  fp_store_fixture_assert_answer (&of_copy, "PRAGMA application_id", "1179677556");
  g_assert_false (g_file_test (older, G_FILE_TEST_EXISTS));
}

static void
assert_refused (FpStoreFixture *f,
                FpStoreError    code,
                const char     *before)
{
  g_autoptr(FpStore) store = fp_store_new (f->folder, f->clock);
  g_autofree char *after = NULL;
  g_autofree char *temporary = g_strconcat (f->file, ".before-2.tmp", NULL);
  g_autoptr(GError) error = NULL;

  g_assert_false (fp_test_store_try_open (store, &error));
  g_assert_error (error, FP_STORE_ERROR, (int) code);
  g_assert_nonnull (strstr (error->message, "format 2"));
  after = dup_rows (f->file);
  g_assert_cmpstr (after, ==, before);
  fp_store_fixture_assert_answer (f, "PRAGMA user_version", "1");
  fp_store_fixture_assert_answer (f, "SELECT count(*) FROM pragma_table_info('item') WHERE name = 'waits_for'", "0");
  g_assert_false (g_file_test (temporary, G_FILE_TEST_EXISTS));
}

static void
test_failure_leaves_the_old_file (FpStoreFixture *f,
                                  gconstpointer   data)
{
  g_autofree char *before = dup_rows (f->file);
  g_autofree char *after = NULL;

  /* In the way of the script, when half of it is done. */
  run_sql (f->file, "CREATE TABLE registration (x)");
  assert_refused (f, FP_STORE_ERROR_FAILED, before);
  run_sql (f->file, "DROP TABLE registration");
  f->store = fp_test_store_open (f->folder, f->clock);
  after = dup_rows (f->file);
  g_assert_cmpstr (after, ==, before);
}

static void
migrate_without_room (const char *folder)
{
  FpStoreFixture f = { .folder = (char *) folder, .clock = fp_clock_new () };
  g_autofree char *other = g_build_filename (folder, "other", NULL);
  g_autofree char *block = g_malloc0 (4096);
  g_autofree char *before = NULL;
  int fd;

  f.file = g_build_filename (folder, "fieldpost.db", NULL);
  load_dump (f.file);
  before = dup_rows (f.file);
  fd = open (other, O_WRONLY | O_CREAT, 0600);
  for (int i = 0; i < 900 && write (fd, block, 4096) > 0; i++)
    ;
  close (fd);
  assert_refused (&f, FP_STORE_ERROR_FULL, before);
  g_remove (other);
  f.store = fp_test_store_open (folder, f.clock);
  fp_test_store_close (f.store);
}

static void
test_without_room_nothing_changes (FpStoreFixture *f,
                                   gconstpointer   data)
{
  if (!fp_store_fixture_in_child (migrate_without_room, f->folder, "size=4m"))
    g_test_skip ("needs the right to mount");
}

static int
run_opener (const char *folder)
{
  g_autoptr(FpClock) clock = fp_clock_new ();
  FpStore *store = fp_test_store_open (folder, clock);

  fp_test_store_close (store);
  return 0;
}

static GPid
start_opener (const char *folder)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  char *argv[] = { self, (char *) "--open", (char *) folder, NULL };
  g_autoptr(GError) error = NULL;
  GPid pid;

  g_spawn_async (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, &error);
  g_assert_no_error (error);

  return pid;
}

/* Enough to be met in the middle. */
static void
make_large (const char *path)
{
  run_sql (path, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8000)"
                 " INSERT INTO receipt (item, uid, url, status, headers, body, time)"
                 " SELECT 1000 + i, 'u' || i, 'http://a', 201, '{}', hex(zeroblob(100)), i FROM n");
  run_sql (path, "PRAGMA wal_checkpoint(TRUNCATE)");
}

static void
test_killed_in_the_middle (FpStoreFixture *f,
                           gconstpointer   data)
{
  g_autofree char *copy = g_strconcat (f->file, ".before-2", NULL);
  g_autofree char *before = NULL;
  g_autofree char *bytes = NULL;
  gsize size;
  gint64 start, took;
  int n_old = 0, n_new = 0;

  make_large (f->file);
  before = dup_rows (f->file);
  g_assert_true (g_file_get_contents (f->file, &bytes, &size, NULL));
  start = g_get_monotonic_time ();
  g_assert_cmpint (waitpid (start_opener (f->folder), NULL, 0), >, 0);
  took = g_get_monotonic_time () - start;

  for (int round = 0; round < 40; round++)
    {
      static const char *const beside[] = { "", "-wal", "-shm", ".before-2", ".before-2.tmp", ".mark" };
      g_autofree char *after = NULL;
      g_autofree char *version = NULL;
      GPid pid;

      for (gsize i = 0; i < G_N_ELEMENTS (beside); i++)
        {
          g_autofree char *path = g_strconcat (f->file, beside[i], NULL);

          g_remove (path);
        }
      g_assert_true (g_file_set_contents (f->file, bytes, (gssize) size, NULL));
      pid = start_opener (f->folder);
      g_usleep ((gulong) g_test_rand_int_range (0, (gint32) took));
      kill (pid, SIGKILL);
      g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);

      after = dup_rows (f->file);
      g_assert_cmpstr (after, ==, before);
      version = fp_store_fixture_ask (f, "PRAGMA user_version");
      n_old += g_str_equal (version, "1");
      n_new += g_str_equal (version, "2");
      /* A copy that has its name is whole. */
      if (g_file_test (copy, G_FILE_TEST_EXISTS))
        {
          g_autofree char *kept = dup_rows (copy);

          g_assert_cmpstr (kept, ==, before);
        }
      f->store = fp_test_store_open (f->folder, f->clock);
      g_clear_pointer (&f->store, fp_test_store_close);
      fp_store_fixture_assert_answer (f, "PRAGMA user_version", "2");
      fp_store_fixture_assert_answer (f, "PRAGMA integrity_check", "ok");
    }
  g_test_message ("killed: %d before, %d after the change", n_old, n_new);
  g_assert_cmpint (n_old + n_new, ==, 40);
  g_assert_cmpint (n_old, >, 0);
}

static void
test_several_at_once (FpStoreFixture *f,
                      gconstpointer   data)
{
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  GPid pids[4];

  make_large (f->file);
  before = dup_rows (f->file);
  for (gsize i = 0; i < G_N_ELEMENTS (pids); i++)
    pids[i] = start_opener (f->folder);
  for (gsize i = 0; i < G_N_ELEMENTS (pids); i++)
    {
      int status;

      g_assert_cmpint (waitpid (pids[i], &status, 0), ==, pids[i]);
      g_assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 0);
    }
  after = dup_rows (f->file);
  g_assert_cmpstr (after, ==, before);
  fp_store_fixture_assert_answer (f, "PRAGMA user_version", "2");
}

/* A damaged file of an old format is saved into today's. */
static void
test_damaged_old_file_is_saved (FpStoreFixture *f,
                                gconstpointer   data)
{
  g_autofree char *before = NULL;
  char garbage[4096];
  int fd;

  run_sql (f->file, "UPDATE item SET state = 1 WHERE id = 9");
  run_sql (f->file, "PRAGMA wal_checkpoint(TRUNCATE)");
  before = dup_rows (f->file);
  memset (garbage, 0x5a, sizeof garbage);
  fd = open (f->file, O_WRONLY);
  g_assert_cmpint (pwrite (fd, garbage, sizeof garbage, 0), ==, sizeof garbage);
  close (fd);

  f->store = fp_test_store_open (f->folder, f->clock);
  g_assert_nonnull (fp_store_get_repair (f->store, NULL));
  fp_store_fixture_assert_answer (f, "PRAGMA user_version", "2");
  fp_store_fixture_assert_answer (f, "SELECT count(*) FROM item WHERE posts_done = 0 AND waits_for IS NULL", "11");
  {
    g_autofree char *after = dup_rows (f->file);

    g_assert_cmpstr (after, ==, before);
  }
}

int
main (int    argc,
      char **argv)
{
  if (argc == 3 && g_str_equal (argv[1], "--open"))
    return run_opener (argv[2]);

  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add ("/store/migrate/" path, FpStoreFixture, NULL, setup, func, fp_store_fixture_teardown)
#define ADD_CLOSED(path, func) g_test_add ("/store/migrate/" path, FpStoreFixture, NULL, fp_store_fixture_setup_closed, func, fp_store_fixture_teardown)
  ADD ("old-rows-are-all-there", test_old_rows_are_all_there);
  ADD ("copy-is-kept", test_copy_is_kept);
  ADD ("failure-leaves-the-old-file", test_failure_leaves_the_old_file);
  ADD_CLOSED ("without-room-nothing-changes", test_without_room_nothing_changes);
  ADD ("killed-in-the-middle", test_killed_in_the_middle);
  ADD ("several-at-once", test_several_at_once);
  ADD ("damaged-old-file-is-saved", test_damaged_old_file_is_saved);

  return g_test_run ();
}
