#include "fp-store-fixture.h"

#include <sched.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/fp-form-rows.h"

void
fp_store_fixture_setup_closed (FpStoreFixture *f,
                               gconstpointer   data)
{
  f->folder = fp_test_make_folder ();
  f->file = g_build_filename (f->folder, "fieldpost.db", NULL);
  f->clock = fp_clock_new_fake (1700000000000, 1000000);
}

void
fp_store_fixture_setup (FpStoreFixture *f,
                        gconstpointer   data)
{
  fp_store_fixture_setup_closed (f, data);
  f->store = fp_test_store_open (f->folder, f->clock);
}

void
fp_store_fixture_teardown (FpStoreFixture *f,
                           gconstpointer   data)
{
  g_clear_pointer (&f->store, fp_test_store_close);
  fp_test_finalize (f->clock);
  fp_test_remove_folder (f->folder);
  g_free (f->folder);
  g_free (f->file);
}

static gpointer
call_with_txn (FpStoreTxn  *txn,
               gpointer     func,
               GError     **error)
{
  ((void (*) (FpStoreTxn *)) func) (txn);

  return NULL;
}

void
fp_store_fixture_in_transaction (FpStoreFixture *f,
                                 gconstpointer   func)
{
  g_autoptr(GError) error = NULL;

  fp_test_store_write (f->store, call_with_txn, (gpointer) func, &error);
  g_assert_no_error (error);
}

/* A connection that is not the store's own. */
char *
fp_store_fixture_ask (FpStoreFixture *f,
                      const char     *sql)
{
  sqlite3 *db = NULL;
  sqlite3_stmt *stmt = NULL;
  char *answer;

  g_assert_cmpint (sqlite3_open (f->file, &db), ==, SQLITE_OK);
  sqlite3_db_config (db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  g_assert_cmpint (sqlite3_prepare_v2 (db, sql, -1, &stmt, NULL), ==, SQLITE_OK);
  answer = sqlite3_step (stmt) == SQLITE_ROW ? g_strdup ((char *) sqlite3_column_text (stmt, 0)) : NULL;
  sqlite3_finalize (stmt);
  sqlite3_close (db);

  return answer;
}

void
fp_store_fixture_assert_answer (FpStoreFixture *f,
                                const char     *sql,
                                const char     *expected)
{
  g_autofree char *answer = fp_store_fixture_ask (f, sql);

  g_assert_cmpstr (answer, ==, expected);
}

gpointer
fp_store_fixture_set_setting (FpStoreTxn  *txn,
                              gpointer     value,
                              GError     **error)
{
  fp_setting_rows_set (txn, "test", value, error);
  return NULL;
}

gpointer
fp_store_fixture_get_setting (FpStoreTxn  *txn,
                              gpointer     data,
                              GError     **error)
{
  return fp_setting_rows_get (txn, "test", error);
}

void
fp_store_fixture_assert_setting (FpStore    *store,
                                 const char *expected)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *value = fp_test_store_read (store, fp_store_fixture_get_setting, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (value, ==, expected);
}

void
fp_store_fixture_write_setting (FpStore    *store,
                                const char *value)
{
  g_autoptr(GError) error = NULL;

  fp_test_store_write (store, fp_store_fixture_set_setting, (gpointer) value, &error);
  g_assert_no_error (error);
}

gboolean
fp_store_fixture_in_child (void      (*func) (const char *folder),
                           const char *folder,
                           const char *options)
{
  int status;
  pid_t pid = fork ();

  if (pid == 0)
    {
      if (options
          && (unshare (CLONE_NEWNS) < 0 || mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0
              || mount ("tmpfs", folder, "tmpfs", 0, options) < 0))
        _exit (77);
      func (folder);
      _exit (0);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  if (WIFEXITED (status) && WEXITSTATUS (status) == 77)
    return FALSE;
  g_assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 0);

  return TRUE;
}
