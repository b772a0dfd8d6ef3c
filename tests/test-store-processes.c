/* The store among several programs, and what is left when one of them dies or the disk refuses.
 *
 * The program starts itself as a writer: `test-store-processes --writer FOLDER N` writes rows 1…N, each in a
 * transaction of its own, and prints a row's number when its write was acknowledged. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>
#include <sqlite3.h>

#include "fp-store-fixture.h"
#include "store/fp-blob.h"
#include "store/fp-form-rows.h"
#include "store/fp-store-private.h"

typedef struct
{
  char *folder;
} Fixture;

static void
setup (Fixture      *f,
       gconstpointer data)
{
  f->folder = fp_test_make_folder ();
}

static void
teardown (Fixture      *f,
          gconstpointer data)
{
  fp_test_remove_folder (f->folder);
  g_free (f->folder);
}

typedef struct
{
  const char *writer;
  int number;
} Row;

/* Reads, adds one and writes: two that run at the same time would lose a count. */
static gpointer
write_row (FpStoreTxn *txn,
           gpointer    data,
           GError    **error)
{
  Row *row = data;
  g_autofree char *name = g_strdup_printf ("%s-%d", row->writer, row->number);
  g_autofree char *count = fp_setting_rows_get (txn, "count", NULL);
  g_autofree char *next = g_strdup_printf ("%d", (count ? atoi (count) : 0) + 1);

  if (fp_setting_rows_set (txn, "count", next, error))
    fp_setting_rows_set (txn, name, "x", error);

  return NULL;
}

static int
run_writer (const char *folder,
            int         n)
{
  g_autoptr(FpClock) clock = fp_clock_new ();
  FpStore *store = fp_test_store_open (folder, clock);
  g_autofree char *writer = g_strdup_printf ("w%d", getpid ());
  int i;

  for (i = 1; i <= n; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *line = g_strdup_printf ("%s-%d\n", writer, i);
      Row row = { writer, i };

      fp_test_store_write (store, write_row, &row, &error);
      if (error)
        g_error ("Write %d: %s", i, error->message);
      if (write (STDOUT_FILENO, line, strlen (line)) < 0)
        return 1;
    }
  fp_test_store_close (store);

  return 0;
}

typedef struct
{
  GPid pid;
  int fd;
} Writer;

static Writer
start_writer (Fixture *f,
              int      n)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *count = g_strdup_printf ("%d", n);
  char *argv[] = { self, (char *) "--writer", f->folder, count, NULL };
  g_autoptr(GError) error = NULL;
  Writer writer;

  g_spawn_async_with_pipes (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &writer.pid, NULL,
                            &writer.fd, NULL, &error);
  g_assert_no_error (error);

  return writer;
}

/* Everything that the writer acknowledged; whole lines only. */
static GPtrArray *
end_writer (Writer  *writer,
            gboolean killed)
{
  g_autoptr(GString) text = g_string_new (NULL);
  g_auto(GStrv) lines = NULL;
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  char buffer[4096];
  gssize n;
  int status;
  guint i;

  while ((n = read (writer->fd, buffer, sizeof buffer)) > 0)
    g_string_append_len (text, buffer, n);
  close (writer->fd);
  g_assert_cmpint (waitpid (writer->pid, &status, 0), ==, writer->pid);
  g_assert_true (killed ? WIFSIGNALED (status) || WIFEXITED (status)
                        : WIFEXITED (status) && WEXITSTATUS (status) == 0);
  lines = g_strsplit (text->str, "\n", -1);
  for (i = 0; lines[i] && lines[i + 1]; i++)
    g_ptr_array_add (names, g_strdup (lines[i]));

  return names;
}

static gpointer
read_count (FpStoreTxn *txn,
            gpointer    data,
            GError    **error)
{
  gint64 *numbers = data;

  fp_db_get_int (txn->db, "SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'count'", &numbers[0], NULL);
  fp_db_get_int (txn->db, "SELECT count(*) FROM setting WHERE name <> 'count'", &numbers[1], error);

  return fp_db_dup_text (txn->db, "PRAGMA integrity_check", error);
}

static gpointer
check_names (FpStoreTxn *txn,
             gpointer    data,
             GError    **error)
{
  GPtrArray *names = data;
  guint i;

  for (i = 0; i < names->len; i++)
    {
      g_autofree char *value = fp_setting_rows_get (txn, g_ptr_array_index (names, i), error);

      if (!value)
        g_error ("Acknowledged and lost: %s", (char *) g_ptr_array_index (names, i));
    }

  return NULL;
}

static void
test_no_write_is_lost (Fixture      *f,
                       gconstpointer data)
{
  g_autoptr(FpClock) clock = fp_clock_new ();
  Writer writers[4];
  gint64 numbers[2] = { 0 };
  g_autofree char *integrity = NULL;
  FpStore *store;
  gsize i;

  /* All at once, also in making the file. */
  for (i = 0; i < G_N_ELEMENTS (writers); i++)
    writers[i] = start_writer (f, 150);
  for (i = 0; i < G_N_ELEMENTS (writers); i++)
    {
      g_autoptr(GPtrArray) names = end_writer (&writers[i], FALSE);

      g_assert_cmpuint (names->len, ==, 150);
    }
  store = fp_test_store_open (f->folder, clock);
  integrity = fp_test_store_read (store, read_count, numbers, NULL);
  g_assert_cmpint (numbers[0], ==, 600);
  g_assert_cmpint (numbers[1], ==, 600);
  g_assert_cmpstr (integrity, ==, "ok");
  fp_test_store_close (store);
}

/* Whoever types must not wait for those that write all the time. */
static void
test_nobody_starves (Fixture      *f,
                     gconstpointer data)
{
  g_autoptr(FpClock) clock = fp_clock_new ();
  FpStore *store = fp_test_store_open (f->folder, clock);
  Writer writers[4];
  gint64 longest = 0, total = 0;
  gsize i;
  int n;

  for (i = 0; i < G_N_ELEMENTS (writers); i++)
    {
      char byte;

      writers[i] = start_writer (f, 1000000);
      g_assert_cmpint (read (writers[i].fd, &byte, 1), ==, 1); /* it writes */
      /* What it says is not read; a full pipe must not hold it up. */
      fcntl (writers[i].fd, F_SETPIPE_SZ, 1024 * 1024);
    }
  for (n = 0; n < 50; n++)
    {
      Row row = { "me", n };
      gint64 start = g_get_monotonic_time (), took;

      fp_test_store_write (store, write_row, &row, NULL);
      took = (g_get_monotonic_time () - start) / 1000;
      longest = MAX (longest, took);
      total += took;
    }
  g_test_message ("among 4 busy writers: %" G_GINT64_FORMAT " ms on average, %" G_GINT64_FORMAT
                  " ms at most", total / 50, longest);
  for (i = 0; i < G_N_ELEMENTS (writers); i++)
    {
      kill (writers[i].pid, SIGKILL);
      g_ptr_array_unref (end_writer (&writers[i], TRUE));
    }
  fp_test_store_close (store);
  g_assert_cmpint (longest, <, 5000);
  g_assert_cmpint (total / 50, <, 500);
}

/* µs from the start of a writer to the first write that it acknowledges: under a sanitizer it takes its time. The
 * folder it makes is another, so that the first of the killed ones have a file to make. */
static gint32
time_to_first_write (Fixture *f)
{
  Fixture other = { .folder = fp_test_make_folder () };
  gint64 start = g_get_monotonic_time ();
  Writer writer = start_writer (&other, 1);
  char byte;
  gint32 took;

  g_assert_cmpint (read (writer.fd, &byte, 1), ==, 1);
  took = (gint32) (g_get_monotonic_time () - start);
  g_ptr_array_unref (end_writer (&writer, FALSE));
  fp_test_remove_folder (other.folder);
  g_free (other.folder);

  return took;
}

static void
test_killed_writer_keeps_its_word (Fixture      *f,
                                   gconstpointer data)
{
  g_autoptr(FpClock) clock = fp_clock_new ();
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *integrity = NULL;
  gint64 numbers[2] = { 0 };
  gint32 start = time_to_first_write (f);
  FpStore *store;
  int round;

  for (round = 0; round < 100; round++)
    {
      Writer writer = start_writer (f, 1000000);

      /* Sometimes while it opens or even makes the file, mostly between two of its steps. */
      g_usleep ((gulong) g_test_rand_int_range (0, start + 60000));
      kill (writer.pid, SIGKILL);
      g_ptr_array_extend_and_steal (all, end_writer (&writer, TRUE));
    }
  store = fp_test_store_open (f->folder, clock);
  fp_test_store_read (store, check_names, all, NULL);
  integrity = fp_test_store_read (store, read_count, numbers, NULL);
  g_test_message ("%u acknowledged, %" G_GINT64_FORMAT " there", all->len, numbers[1]);
  g_assert_cmpuint (all->len, >, 100);
  g_assert_cmpint (numbers[0], ==, numbers[1]); /* each transaction whole or not at all */
  /* At most the one write that was not yet acknowledged is there too. */
  g_assert_cmpint (numbers[1], >=, all->len);
  g_assert_cmpint (numbers[1], <=, all->len + 100);
  g_assert_cmpstr (integrity, ==, "ok");
  fp_test_store_close (store);
}

static gpointer
fill_up (FpStoreTxn *txn,
         gpointer    data,
         GError    **error)
{
  g_autofree char *text = g_strnfill (300000, 'x');
  g_autofree char *name = g_strdup_printf ("fill-%d", GPOINTER_TO_INT (data));

  if (fp_setting_rows_set (txn, "small", name, error))
    fp_setting_rows_set (txn, name, text, error);
  return NULL;
}

static gpointer
read_small (FpStoreTxn *txn,
            gpointer    data,
            GError    **error)
{
  return fp_setting_rows_get (txn, "small", error);
}

/* Writes until the disk is full; what was acknowledged last must be what is there. */
static void
fill_the_disk (const char *folder)
{
  g_autoptr(FpClock) clock = fp_clock_new ();
  FpStore *store = fp_test_store_open (folder, clock);
  g_autoptr(GInputStream) stream = NULL;
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autofree char *large = g_strnfill (8000000, 'y');
  g_autofree char *expected = NULL;
  g_autofree char *small = NULL;
  g_autofree char *integrity = NULL;
  g_autoptr(GError) error = NULL;
  gint64 numbers[2];
  int i;

  for (i = 0; i < 1000 && !error; i++)
    fp_test_store_write (store, fill_up, GINT_TO_POINTER (i), &error);
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_FULL);
  g_clear_error (&error);
  expected = g_strdup_printf ("fill-%d", i - 2);
  small = fp_test_store_read (store, read_small, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (small, ==, expected);

  stream = g_memory_input_stream_new_from_data (large, 8000000, NULL);
  fp_blob_import_async (store, stream, NULL, fp_test_await_cb, &await);
  g_assert_null (fp_blob_import_finish (store, fp_test_await (&await), &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_FULL);
  g_clear_error (&error);
  fp_test_await_clear (&await);

  integrity = fp_test_store_read (store, read_count, numbers, &error);
  g_assert_cmpstr (integrity, ==, "ok");
  fp_test_store_close (store);
}

static void
test_full_disk_changes_nothing (Fixture      *f,
                                gconstpointer data)
{
  if (!fp_store_fixture_in_child (fill_the_disk, f->folder, "size=6m"))
    g_test_skip ("needs the right to mount");
}

static void
limit_and_fill (const char *folder)
{
  struct rlimit limit = { 5000000, 5000000 };

  signal (SIGXFSZ, SIG_IGN);
  setrlimit (RLIMIT_FSIZE, &limit);
  fill_the_disk (folder);
}

static void
test_file_limit_changes_nothing (Fixture      *f,
                                 gconstpointer data)
{
  fp_store_fixture_in_child (limit_and_fill, f->folder, NULL);
}

static void
open_full (const char *folder)
{
  g_autofree char *other = g_build_filename (folder, "other", NULL);
  g_autoptr(FpClock) clock = fp_clock_new ();
  FpStore *store = fp_store_new (folder, clock);
  g_autofree char *block = g_malloc0 (65536);
  g_autoptr(GError) error = NULL;
  int fd = open (other, O_WRONLY | O_CREAT, 0600);

  while (write (fd, block, 65536) > 0)
    ;
  close (fd);
  g_assert_false (fp_test_store_try_open (store, &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_FULL);
  g_clear_error (&error);
  g_remove (other);
  g_assert_true (fp_test_store_try_open (store, &error));
  g_assert_no_error (error);
  fp_test_store_close (store);
}

static void
test_full_disk_at_first_start (Fixture      *f,
                               gconstpointer data)
{
  if (!fp_store_fixture_in_child (open_full, f->folder, "size=6m"))
    g_test_skip ("needs the right to mount");
}

static void
open_read_only (const char *folder)
{
  g_autoptr(FpClock) clock = fp_clock_new ();
  FpStore *store = fp_store_new (folder, clock);
  g_autoptr(GError) error = NULL;

  if (mount (NULL, folder, NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0)
    _exit (77);
  g_assert_false (fp_test_store_try_open (store, &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_READ_ONLY);
  g_clear_error (&error);
  fp_test_finalize (store);

  /* Also where everything is there already. */
  g_assert_cmpint (mount (NULL, folder, NULL, MS_REMOUNT, NULL), ==, 0);
  store = fp_test_store_open (folder, clock);
  fp_test_store_close (store);
  g_assert_cmpint (mount (NULL, folder, NULL, MS_REMOUNT | MS_RDONLY, NULL), ==, 0);
  store = fp_store_new (folder, clock);
  g_assert_false (fp_test_store_try_open (store, &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_READ_ONLY);
  fp_test_finalize (store);
}

static void
test_read_only_folder_is_an_error (Fixture      *f,
                                   gconstpointer data)
{
  if (!fp_store_fixture_in_child (open_read_only, f->folder, "size=6m"))
    g_test_skip ("needs the right to mount");
}

static void
open_forbidden (const char *folder)
{
  g_autoptr(FpClock) clock = fp_clock_new ();
  g_autofree char *below = g_build_filename (folder, "store", NULL);
  FpStore *store = fp_store_new (below, clock);
  g_autoptr(GError) error = NULL;

  chmod (folder, 0500);
  if (geteuid () == 0 && (setgid (65534) < 0 || setuid (65534) < 0))
    _exit (77);
  g_assert_false (fp_test_store_try_open (store, &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_READ_ONLY);
  g_assert_nonnull (strstr (error->message, below));
  fp_test_finalize (store);
}

static void
test_forbidden_folder_is_an_error (Fixture      *f,
                                   gconstpointer data)
{
  fp_store_fixture_in_child (open_forbidden, f->folder, NULL);
  chmod (f->folder, 0700);
}

int
main (int    argc,
      char **argv)
{
  if (argc == 4 && g_str_equal (argv[1], "--writer"))
    return run_writer (argv[2], atoi (argv[3]));

  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add ("/store/processes/" path, Fixture, NULL, setup, func, teardown)
  ADD ("no-write-is-lost", test_no_write_is_lost);
  ADD ("nobody-starves", test_nobody_starves);
  ADD ("killed-writer-keeps-its-word", test_killed_writer_keeps_its_word);
  ADD ("full-disk-changes-nothing", test_full_disk_changes_nothing);
  ADD ("file-limit-changes-nothing", test_file_limit_changes_nothing);
  ADD ("full-disk-at-first-start", test_full_disk_at_first_start);
  ADD ("read-only-folder-is-an-error", test_read_only_folder_is_an_error);
  ADD ("forbidden-folder-is-an-error", test_forbidden_folder_is_an_error);

  return g_test_run ();
}
