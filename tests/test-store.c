#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <glib/gstdio.h>
#include <sqlite3.h>

#include "fp-store-fixture.h"
#include "store/fp-form-rows.h"
#include "store/fp-store-private.h"

static guint n_freed;

static void
count_free (gpointer data)
{
  g_atomic_int_inc (&n_freed);
}

static gpointer
write_then_fail (FpStoreTxn  *txn,
                 gpointer     data,
                 GError     **error)
{
  fp_setting_rows_set (txn, "test", "half", NULL);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "No");
  return &n_freed;
}

static void
count_changed (FpStore *store,
               guint    topics,
               GArray  *ids,
               guint   *n)
{
  (*n)++;
}

static void
test_error_rolls_back (FpStoreFixture *f,
                       gconstpointer   data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  guint changed = 0;

  fp_store_fixture_write_setting (f->store, "whole");
  fp_test_drain ();
  g_signal_connect (f->store, "changed", G_CALLBACK (count_changed), &changed);
  n_freed = 0;
  fp_store_write_async (f->store, write_then_fail, NULL, NULL, count_free, NULL, fp_test_await_cb, &await);
  g_assert_null (fp_store_write_finish (f->store, fp_test_await (&await), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_cmpuint (n_freed, ==, 1);
  fp_store_fixture_assert_setting (f->store, "whole");
  fp_test_drain ();
  g_assert_cmpuint (changed, ==, 0);
  g_signal_handlers_disconnect_by_data (f->store, &changed);
}

typedef struct
{
  guint topics;
  gint64 id;
  gboolean returned;
  gboolean was_first;
} News;

static gpointer
touch (FpStoreTxn  *txn,
       gpointer     data,
       GError     **error)
{
  fp_store_txn_touch (txn, FP_STORE_DRAFTS, 0);
  fp_store_txn_touch (txn, FP_STORE_ITEMS, 42);
  return NULL;
}

static void
news_cb (FpStore *store,
         guint    topics,
         GArray  *ids,
         News    *news)
{
  news->topics = topics;
  g_assert_cmpuint (ids->len, ==, 1);
  news->id = g_array_index (ids, gint64, 0);
  news->was_first = !news->returned;
}

static void
returned_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      data)
{
  ((News *) data)->returned = TRUE;
}

static void
test_changed_names_what_was_touched (FpStoreFixture *f,
                                     gconstpointer   data)
{
  News news = { 0 };

  g_signal_connect (f->store, "changed", G_CALLBACK (news_cb), &news);
  fp_store_write_async (f->store, touch, NULL, NULL, NULL, NULL, returned_cb, &news);
  fp_test_until (news.returned);
  g_assert_cmpuint (news.topics, ==, FP_STORE_DRAFTS | FP_STORE_ITEMS);
  g_assert_cmpint (news.id, ==, 42);
  g_assert_true (news.was_first);
  g_signal_handlers_disconnect_by_data (f->store, &news);
}

static void
test_reader_cannot_write (FpStoreFixture *f,
                          gconstpointer   data)
{
  g_autoptr(GError) error = NULL;

  fp_test_store_read (f->store, fp_store_fixture_set_setting, (gpointer) "sneaked", &error);
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_READ_ONLY);
  fp_store_fixture_assert_setting (f->store, NULL);
}

static gpointer
add_stray_row (FpStoreTxn  *txn,
               gpointer     data,
               GError     **error)
{
  fp_db_exec (txn->db, "INSERT INTO draft_file (draft, name, sha256) VALUES (7, 'x', 'none')", error);
  return NULL;
}

static void
test_foreign_keys_hold (FpStoreFixture *f,
                        gconstpointer   data)
{
  g_autoptr(GError) error = NULL;

  fp_test_store_write (f->store, add_stray_row, NULL, &error);
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_FAILED);
}

static void
test_writes_finish_in_order (FpStoreFixture *f,
                             gconstpointer   data)
{
  g_auto(FpTestAwait) first = FP_TEST_AWAIT;
  g_auto(FpTestAwait) last = FP_TEST_AWAIT;
  int i;

  fp_store_write_async (f->store, fp_store_fixture_set_setting, (gpointer) "first", NULL, NULL, NULL, fp_test_await_cb,
                        &first);
  for (i = 0; i < 50; i++)
    fp_store_write_async (f->store, fp_store_fixture_set_setting, (gpointer) (i % 2 ? "a" : "b"), NULL, NULL, NULL, NULL,
                          NULL);
  fp_store_write_async (f->store, fp_store_fixture_set_setting, (gpointer) "last", NULL, NULL, NULL, fp_test_await_cb, &last);
  fp_test_await (&last);
  g_assert_nonnull (first.result);
  fp_store_fixture_assert_setting (f->store, "last");
}

static void
test_close_waits_then_refuses (FpStoreFixture *f,
                               gconstpointer   data)
{
  g_auto(FpTestAwait) write = FP_TEST_AWAIT;
  g_auto(FpTestAwait) late = FP_TEST_AWAIT;
  g_auto(FpTestAwait) closed = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  fp_store_write_async (f->store, fp_store_fixture_set_setting, (gpointer) "in time", NULL, NULL, NULL, fp_test_await_cb,
                        &write);
  fp_store_close_async (f->store, NULL, fp_test_await_cb, &closed);
  n_freed = 0;
  fp_store_write_async (f->store, fp_store_fixture_set_setting, (gpointer) "too late", count_free, NULL, NULL,
                        fp_test_await_cb, &late);
  fp_store_close_finish (f->store, fp_test_await (&closed), &error);
  g_assert_no_error (error);
  fp_store_write_finish (f->store, fp_test_await (&write), &error);
  g_assert_no_error (error);
  fp_store_write_finish (f->store, fp_test_await (&late), &error);
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_CLOSED);
  fp_test_await_clear (&late);
  fp_test_until (n_freed == 1);
  fp_store_fixture_assert_answer (f, "SELECT value FROM setting", "in time");
}

static int
hold_lock (FpStoreFixture *f,
           const char     *name)
{
  g_autofree char *path = g_build_filename (f->folder, name, NULL);
  int fd = open (path, O_RDWR | O_CLOEXEC);

  g_assert_cmpint (flock (fd, LOCK_EX | LOCK_NB), ==, 0);
  return fd;
}

static void
test_cancel_ends_the_wait (FpStoreFixture *f,
                           gconstpointer   lock)
{
  g_auto(FpTestAwait) cancelled = FP_TEST_AWAIT;
  g_auto(FpTestAwait) waits = FP_TEST_AWAIT;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  int fd = hold_lock (f, lock);

  fp_store_write_async (f->store, fp_store_fixture_set_setting, (gpointer) "cancelled", NULL, NULL, cancellable,
                        fp_test_await_cb, &cancelled);
  fp_store_write_async (f->store, fp_store_fixture_set_setting, (gpointer) "waited", NULL, NULL, NULL, fp_test_await_cb,
                        &waits);
  g_usleep (20000); /* most often it is then waiting; cancelling earlier is right as well */
  g_cancellable_cancel (cancellable);
  fp_store_write_finish (f->store, fp_test_await (&cancelled), &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (waits.result);
  close (fd);
  fp_test_await (&waits);
  fp_store_fixture_assert_setting (f->store, "waited");
}

static void
test_cancelled_does_not_start (FpStoreFixture *f,
                               gconstpointer   data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  g_cancellable_cancel (cancellable);
  fp_store_write_async (f->store, fp_store_fixture_set_setting, (gpointer) "x", NULL, NULL, cancellable, fp_test_await_cb,
                        &await);
  fp_store_write_finish (f->store, fp_test_await (&await), &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  fp_store_fixture_assert_setting (f->store, NULL);
}

static gpointer
append_to_setting (FpStoreTxn  *txn,
                   gpointer     value,
                   GError     **error)
{
  g_autofree char *before = fp_setting_rows_get (txn, "test", error);
  g_autofree char *after = g_strconcat (before, value, NULL);

  fp_setting_rows_set (txn, "test", after, error);
  return NULL;
}

/* A backup or a shell knows nothing of our lock files. What it writes meanwhile is not overwritten. */
static void
test_waits_for_a_program_that_is_not_ours (FpStoreFixture *f,
                                           gconstpointer   data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  sqlite3 *db = NULL;

  fp_store_fixture_write_setting (f->store, "a");
  g_assert_cmpint (sqlite3_open (f->file, &db), ==, SQLITE_OK);
  sqlite3_db_config (db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  g_assert_cmpint (sqlite3_exec (db, "BEGIN IMMEDIATE; UPDATE setting SET value = value || 'b'", NULL, NULL,
                                 NULL),
                   ==, SQLITE_OK);
  fp_store_write_async (f->store, append_to_setting, (gpointer) "c", NULL, NULL, NULL, fp_test_await_cb,
                        &await);
  g_usleep (20000); /* it waits by then, most often */
  g_assert_null (await.result);
  g_assert_cmpint (sqlite3_exec (db, "COMMIT", NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (db);
  fp_store_write_finish (f->store, fp_test_await (&await), &error);
  g_assert_no_error (error);
  fp_store_fixture_assert_setting (f->store, "abc");
}

static gpointer
cancel_myself (FpStoreTxn  *txn,
               gpointer     cancellable,
               GError     **error)
{
  g_cancellable_cancel (cancellable);
  fp_setting_rows_set (txn, "test", "done", error);
  return GINT_TO_POINTER (1);
}

static void
test_cancel_is_too_late_inside (FpStoreFixture *f,
                                gconstpointer   data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  fp_store_write_async (f->store, cancel_myself, cancellable, NULL, NULL, cancellable, fp_test_await_cb,
                        &await);
  g_assert_nonnull (fp_store_write_finish (f->store, fp_test_await (&await), &error));
  g_assert_no_error (error);
  fp_store_fixture_assert_setting (f->store, "done");
}

static void
test_busy_after_30_seconds (FpStoreFixture *f,
                            gconstpointer   data)
{
  g_autoptr(GError) error = NULL;
  int fd;

  if (!g_test_slow ())
    {
      g_test_skip ("takes 30 s; run with -m slow");
      return;
    }
  fd = hold_lock (f, "write.lock");
  fp_test_store_write (f->store, fp_store_fixture_set_setting, (gpointer) "never", &error);
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_BUSY);
  close (fd);
  fp_store_fixture_assert_setting (f->store, NULL);
}

typedef struct
{
  GMutex lock;
  GCond cond;
  gboolean reading, written;
  char *before, *after;
} Snapshot;

static gpointer
read_twice (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  Snapshot *s = data;

  s->before = fp_setting_rows_get (txn, "test", error);
  g_mutex_lock (&s->lock);
  s->reading = TRUE;
  g_cond_signal (&s->cond);
  while (!s->written)
    g_cond_wait (&s->cond, &s->lock);
  g_mutex_unlock (&s->lock);
  s->after = fp_setting_rows_get (txn, "test", error);

  return NULL;
}

static void
test_read_is_a_snapshot_and_blocks_no_write (FpStoreFixture *f,
                                             gconstpointer   data)
{
  g_auto(FpTestAwait) read = FP_TEST_AWAIT;
  Snapshot s = { 0 };

  fp_store_fixture_write_setting (f->store, "old");
  fp_store_read_async (f->store, read_twice, &s, NULL, NULL, NULL, fp_test_await_cb, &read);
  g_mutex_lock (&s.lock);
  while (!s.reading)
    g_cond_wait (&s.cond, &s.lock);
  g_mutex_unlock (&s.lock);
  fp_store_fixture_write_setting (f->store, "new");
  g_mutex_lock (&s.lock);
  s.written = TRUE;
  g_cond_signal (&s.cond);
  g_mutex_unlock (&s.lock);
  fp_test_await (&read);
  g_assert_cmpstr (s.before, ==, "old");
  g_assert_cmpstr (s.after, ==, "old");
  fp_store_fixture_assert_setting (f->store, "new");
  g_free (s.before);
  g_free (s.after);
}

static gpointer
write_much (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  g_autofree char *text = g_strnfill (400000, 'x');
  g_autofree char *name = g_strdup_printf ("much-%d", GPOINTER_TO_INT (data));

  fp_setting_rows_set (txn, name, text, error);
  return NULL;
}

static void
test_log_is_copied_back (FpStoreFixture *f,
                         gconstpointer   data)
{
  g_autofree char *wal = g_strconcat (f->file, "-wal", NULL);
  GStatBuf file;
  int i;

  for (i = 0; i < 60; i++)
    fp_test_store_write (f->store, write_much, GINT_TO_POINTER (i), NULL);
  g_stat (wal, &file);
  g_assert_cmpint (file.st_size, <, 8 * 1000 * 1000); /* of 24 MB written */
  g_clear_pointer (&f->store, fp_test_store_close);
  g_stat (wal, &file);
  g_assert_cmpint (file.st_size, ==, 0);
  fp_store_fixture_assert_answer (f, "PRAGMA integrity_check", "ok");
  fp_store_fixture_assert_answer (f, "SELECT count(*) FROM setting", "60");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) fp_store_fixture_add ("/store/" path, NULL, func)
  ADD ("write/error-rolls-back", test_error_rolls_back);
  ADD ("write/changed-names-what-was-touched", test_changed_names_what_was_touched);
  ADD ("write/foreign-keys-hold", test_foreign_keys_hold);
  ADD ("write/finish-in-order", test_writes_finish_in_order);
  fp_store_fixture_add ("/store/write/cancel-ends-the-wait-for-the-turn", "turn.lock", test_cancel_ends_the_wait);
  fp_store_fixture_add ("/store/write/cancel-ends-the-wait-for-the-writer", "write.lock", test_cancel_ends_the_wait);
  ADD ("write/cancelled-does-not-start", test_cancelled_does_not_start);
  ADD ("write/waits-for-a-program-that-is-not-ours", test_waits_for_a_program_that_is_not_ours);
  ADD ("write/cancel-is-too-late-inside", test_cancel_is_too_late_inside);
  ADD ("write/busy-after-30-seconds", test_busy_after_30_seconds);
  ADD ("write/log-is-copied-back", test_log_is_copied_back);
  ADD ("read/cannot-write", test_reader_cannot_write);
  ADD ("read/is-a-snapshot-and-blocks-no-write", test_read_is_a_snapshot_and_blocks_no_write);
  ADD ("close/waits-then-refuses", test_close_waits_then_refuses);

  return g_test_run ();
}
