#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>
#include <sqlite3.h>

#include "fp-store-fixture.h"
#include "store/fp-form-rows.h"
#include "store/fp-store-private.h"

static guint
mode_of (FpStoreFixture *f,
         const char     *name)
{
  g_autofree char *path = g_build_filename (f->folder, name, NULL);
  struct stat file;

  g_assert_cmpint (stat (path, &file), ==, 0);
  return file.st_mode & 0777;
}

static void
test_fresh_file_is_private_and_marked (FpStoreFixture *f,
                                       gconstpointer   data)
{
  mode_t mask = umask (0);
  g_autofree char *above = f->folder;

  f->folder = g_build_filename (above, "not", "there", NULL);
  g_free (f->file);
  f->file = g_build_filename (f->folder, "fieldpost.db", NULL);
  f->store = fp_test_store_open (f->folder, f->clock);
  fp_store_fixture_write_setting (f->store, "x");
  umask (mask);

  g_assert_cmpuint (mode_of (f, ""), ==, 0700);
  g_assert_cmpuint (mode_of (f, "blobs"), ==, 0700);
  g_assert_cmpuint (mode_of (f, "fieldpost.db"), ==, 0600);
  g_assert_cmpuint (mode_of (f, "fieldpost.db-wal"), ==, 0600);
  g_assert_cmpuint (mode_of (f, "turn.lock"), ==, 0600);
  g_assert_cmpuint (mode_of (f, "write.lock"), ==, 0600);
  fp_store_fixture_assert_answer (f, "PRAGMA journal_mode", "wal");
  fp_store_fixture_assert_answer (f, "PRAGMA application_id", "1179677556");
  fp_store_fixture_assert_answer (f, "PRAGMA user_version", "2");
  fp_store_fixture_assert_answer (f, "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
                    " AND name NOT LIKE 'sqlite_%' AND strict = 0",
                 "0");
  g_assert_null (fp_store_get_warning (f->store));

  g_clear_pointer (&f->store, fp_test_store_close);
  fp_test_remove_folder (above);
}

static gpointer
read_pragmas (FpStoreTxn  *txn,
              gpointer     data,
              GError     **error)
{
  gint64 *values = data;

  fp_db_get_int (txn->db, "PRAGMA synchronous", &values[0], NULL);
  fp_db_get_int (txn->db, "PRAGMA foreign_keys", &values[1], NULL);
  fp_db_get_int (txn->db, "PRAGMA wal_autocheckpoint", &values[2], NULL);

  return NULL;
}

static void
test_writer_is_durable (FpStoreFixture *f,
                        gconstpointer   data)
{
  gint64 values[3] = { -1, -1, -1 };

  fp_test_store_write (f->store, read_pragmas, values, NULL);
  g_assert_cmpint (values[0], ==, 2);
  g_assert_cmpint (values[1], ==, 1);
  g_assert_cmpint (values[2], ==, 0);
}

static void
test_reopened_is_the_same (FpStoreFixture *f,
                           gconstpointer   data)
{
  g_autofree char *id = g_strdup (fp_store_get_id (f->store));

  g_assert_cmpuint (strlen (id), ==, 32);
  fp_store_fixture_write_setting (f->store, "kept");
  fp_test_store_close (f->store);
  f->store = fp_test_store_open (f->folder, f->clock);
  g_assert_cmpstr (fp_store_get_id (f->store), ==, id);
  fp_store_fixture_assert_setting (f->store, "kept");
}

static void
test_may_be_opened_again_by_itself (FpStoreFixture *f,
                                    gconstpointer   data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  fp_store_fixture_write_setting (f->store, "kept");
  fp_store_close_async (f->store, NULL, fp_test_await_cb, &await);
  g_assert_true (fp_store_close_finish (f->store, fp_test_await (&await), NULL));
  fp_test_store_try_open (f->store, &error);
  g_assert_no_error (error);
  fp_store_fixture_assert_setting (f->store, "kept");
}

static void
test_network_file_system_has_no_log (FpStoreFixture *f,
                                     gconstpointer   data)
{
  g_autoptr(GError) error = NULL;

  f->store = fp_store_new (f->folder, f->clock);
  _fp_store_pretend_network (f->store);
  fp_test_store_try_open (f->store, &error);
  g_assert_no_error (error);
  fp_store_fixture_write_setting (f->store, "x");
  fp_store_fixture_assert_setting (f->store, "x");
  fp_store_fixture_assert_answer (f, "PRAGMA journal_mode", "delete"); /* not wal: nothing but WAL is kept in the file */
  g_assert_nonnull (fp_store_get_warning (f->store));
}

static void
test_newer_is_refused_untouched (FpStoreFixture *f,
                                 gconstpointer   data)
{
  g_autoptr(FpStore) store = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *before = NULL, *after = NULL;
  gsize size_before, size_after;

  g_clear_pointer (&f->store, fp_test_store_close);
  g_free (fp_store_fixture_ask (f, "PRAGMA user_version = 3"));
  g_free (fp_store_fixture_ask (f, "PRAGMA wal_checkpoint(TRUNCATE)"));
  g_file_get_contents (f->file, &before, &size_before, NULL);

  store = fp_store_new (f->folder, f->clock);
  g_assert_false (fp_test_store_try_open (store, &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_TOO_NEW);
  g_assert_nonnull (strstr (error->message, "format 3"));
  g_file_get_contents (f->file, &after, &size_after, NULL);
  g_assert_cmpmem (before, size_before, after, size_after);
}

static void
test_database_of_another_is_refused (FpStoreFixture *f,
                                     gconstpointer   data)
{
  g_autoptr(FpStore) store = fp_store_new (f->folder, f->clock);
  g_autoptr(GError) error = NULL;

  g_free (fp_store_fixture_ask (f, "CREATE TABLE bookmarks (x)"));
  g_assert_false (fp_test_store_try_open (store, &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_FAILED);
  fp_store_fixture_assert_answer (f, "SELECT count(*) FROM sqlite_schema", "1");
  fp_store_fixture_assert_answer (f, "PRAGMA journal_mode", "delete");
}

static void
test_garbage_is_corrupt_and_kept (FpStoreFixture *f,
                                  gconstpointer   data)
{
  g_autoptr(FpStore) store = fp_store_new (f->folder, f->clock);
  g_autofree char *garbage = g_strnfill (20000, '#');
  g_autofree char *after = NULL;
  g_autoptr(GError) error = NULL;

  g_file_set_contents (f->file, garbage, -1, NULL);
  g_assert_false (fp_test_store_try_open (store, &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_CORRUPT);
  g_file_get_contents (f->file, &after, NULL, NULL);
  g_assert_cmpstr (after, ==, garbage);
  g_clear_error (&error);

  /* The file is put right: the same object opens it. */
  g_remove (f->file);
  g_assert_true (fp_test_store_try_open (store, &error));
  f->store = g_steal_pointer (&store);
}

/* Each name is what only a store that was open leaves there. */
static void
test_lost_file_is_not_begun_anew (FpStoreFixture *f,
                                  gconstpointer   data)
{
  static const char *const remains[] = { "blobs/00", "ballast", "fieldpost.db.before-2", "fieldpost.db.corrupt-1" };
  g_autofree char *kept = g_build_filename (f->folder, "kept", NULL);
  g_autofree char *ballast = g_build_filename (f->folder, "ballast", NULL);

  fp_store_fixture_write_setting (f->store, "kept");
  g_clear_pointer (&f->store, fp_test_store_close);
  g_remove (ballast);
  g_assert_cmpint (g_rename (f->file, kept), ==, 0);
  for (gsize i = 0; i < 2 * G_N_ELEMENTS (remains); i++)
    {
      g_autoptr(FpStore) store = fp_store_new (f->folder, f->clock);
      g_autofree char *path = g_build_filename (f->folder, remains[i / 2], NULL);
      g_autofree char *name = g_path_get_dirname (remains[i / 2]);
      g_autoptr(GError) error = NULL;

      g_file_set_contents (path, "x", 1, NULL);
      if (i % 2)
        g_file_set_contents (f->file, "", 0, NULL);
      g_assert_false (fp_test_store_try_open (store, &error));
      g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_FAILED);
      g_assert_nonnull (strstr (error->message, "The file fieldpost.db is missing or empty"));
      g_assert_nonnull (strstr (error->message, *name == '.' ? remains[i / 2] : name));
      g_assert_cmpint (g_file_test (f->file, G_FILE_TEST_EXISTS), ==, i % 2);
      g_remove (path);
      g_remove (f->file);
    }

  g_assert_cmpint (g_rename (kept, f->file), ==, 0);
  f->store = fp_test_store_open (f->folder, f->clock);
  fp_store_fixture_assert_setting (f->store, "kept");
}

/* As far as a program came that was killed while it made the store, and what else may lie there. */
static void
test_first_start_goes_on (FpStoreFixture *f,
                          gconstpointer   data)
{
  static const char *const names[] = { "turn.lock", "write.lock", "use.lock", "sender.lock", "secrets.json", "notes.txt",
                                       "fieldpost.db-wal", "fieldpost.db" };
  g_autofree char *blobs = g_build_filename (f->folder, "blobs", NULL);

  g_assert_cmpint (g_mkdir (blobs, 0700), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (f->folder, names[i], NULL);

      g_assert_true (g_file_set_contents (path, "", 0, NULL));
    }
  f->store = fp_test_store_open (f->folder, f->clock);
  fp_store_fixture_write_setting (f->store, "x");
}

static void
test_failed_open_leaves_no_descriptor (FpStoreFixture *f,
                                       gconstpointer   data)
{
  g_autoptr(FpStore) store = NULL;
  int before, after, i;

  g_file_set_contents (f->file, "no database, but long enough", -1, NULL);
  before = open ("/dev/null", O_RDONLY);
  close (before);
  store = fp_store_new (f->folder, f->clock);
  for (i = 0; i < 5; i++)
    g_assert_false (fp_test_store_try_open (store, NULL));
  after = open ("/dev/null", O_RDONLY);
  close (after);
  g_assert_cmpint (after, ==, before);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) fp_store_fixture_add ("/store/" path, NULL, func)
#define ADD_CLOSED(path, func) g_test_add ("/store/" path, FpStoreFixture, NULL, fp_store_fixture_setup_closed, func, fp_store_fixture_teardown)
  ADD_CLOSED ("open/fresh-file-is-private-and-marked", test_fresh_file_is_private_and_marked);
  ADD ("open/writer-is-durable", test_writer_is_durable);
  ADD ("open/reopened-is-the-same", test_reopened_is_the_same);
  ADD ("open/may-be-opened-again-by-itself", test_may_be_opened_again_by_itself);
  ADD ("open/newer-is-refused-untouched", test_newer_is_refused_untouched);
  ADD_CLOSED ("open/database-of-another-is-refused", test_database_of_another_is_refused);
  ADD_CLOSED ("open/garbage-is-corrupt-and-kept", test_garbage_is_corrupt_and_kept);
  ADD ("open/lost-file-is-not-begun-anew", test_lost_file_is_not_begun_anew);
  ADD_CLOSED ("open/first-start-goes-on", test_first_start_goes_on);
  ADD_CLOSED ("open/failed-leaves-no-descriptor", test_failed_open_leaves_no_descriptor);
  ADD_CLOSED ("open/network-file-system-has-no-log", test_network_file_system_has_no_log);

  return g_test_run ();
}
