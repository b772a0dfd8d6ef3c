/* Programs that ended badly, several of them, and full disks, when a file is to be repaired.
 *
 * The program starts itself as one that is killed while it repairs: `test-salvage-ends --open FOLDER`. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "fp-salvage-fixture.h"
#include "store/fp-mark.h"
#include "store/fp-store-private.h"

static void
copy_to (FpStoreFixture *f,
         const char     *folder,
         const char     *name)
{
  g_autofree char *from = g_build_filename (f->folder, name, NULL);
  g_autofree char *to = g_build_filename (folder, name, NULL);
  g_autoptr(GBytes) bytes = fp_salvage_fixture_read (from);

  fp_salvage_fixture_write (to, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

/* SQLite by itself deletes the log of an empty file. */
static void
test_empty_file_beside_log (FpStoreFixture *f,
                            gconstpointer   data)
{
  g_autofree char *folder = fp_test_make_folder ();
  g_autofree char *file = g_build_filename (folder, "fieldpost.db", NULL);
  FpStoreFixture other = *f;

  fp_salvage_fixture_fill (f);
  copy_to (f, folder, "fieldpost.db-wal");
  fp_salvage_fixture_write (file, "", 0);
  other.folder = folder;
  other.file = file;
  fp_salvage_fixture_open (&other);
  fp_salvage_fixture_assert_whole (&other);
  g_assert_cmpint (fp_salvage_fixture_ask_int (&other, "SELECT count(*) FROM item"), ==, FP_SALVAGE_ITEMS);
  g_assert_cmpint (fp_salvage_fixture_ask_int (&other, "SELECT count(*) FROM draft"), ==, FP_SALVAGE_DRAFTS);
  fp_salvage_fixture_close (&other);
  g_free (fp_salvage_fixture_find_aside (&other, "-wal"));
  fp_test_remove_folder (folder);
}

/* A frame that was damaged spoils itself alone: what was written after it counts. */
static void
test_damaged_log (FpStoreFixture *f,
                  gconstpointer   data)
{
  g_autofree char *folder = fp_test_make_folder ();
  g_autofree char *file = g_build_filename (folder, "fieldpost.db", NULL);
  g_autofree char *log = g_strconcat (file, "-wal", NULL);
  g_autoptr(GBytes) bytes = NULL;
  g_autofree guint8 *copy = NULL;
  FpStoreFixture other = *f;
  gsize n_frames;

  fp_salvage_fixture_fill (f);
  fp_store_fixture_write_setting (f->store, "the last word");
  copy_to (f, folder, "fieldpost.db-wal");
  copy_to (f, folder, "fieldpost.db");
  bytes = fp_salvage_fixture_read (log);
  copy = g_memdup2 (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  n_frames = g_bytes_get_size (bytes) / (FP_SALVAGE_PAGE + 24);
  memset (copy + 32 + (n_frames / 2) * (FP_SALVAGE_PAGE + 24) + 24, 0xa5, FP_SALVAGE_PAGE);
  fp_salvage_fixture_write (log, copy, g_bytes_get_size (bytes));

  /* SQLite reads up to the damage, calls it whole, and would write over the rest. */
  other.folder = folder;
  other.file = file;
  fp_salvage_fixture_open (&other);
  fp_salvage_fixture_assert_whole (&other);
  fp_store_fixture_assert_setting (other.store, "the last word");
  g_assert_cmpint (fp_salvage_fixture_ask_int (&other, "SELECT count(*) FROM item"), >, FP_SALVAGE_ITEMS * 8 / 10);
  /* Nobody can tell what was lost: the server is asked rather than the row believed. */
  g_assert_cmpint (fp_salvage_fixture_ask_int (&other, "SELECT count(*) FROM item WHERE state BETWEEN 1 AND 4 AND NOT maybe_delivered"), ==, 0);
  fp_salvage_fixture_close (&other);
  fp_test_remove_folder (folder);
}

/* A power cut at the very first start: nothing that could be saved was ever there, and it goes on. */
static void
test_damaged_first_log (FpStoreFixture *f,
                        gconstpointer   data)
{
  g_autofree char *folder = fp_test_make_folder ();
  g_autofree char *file = g_build_filename (folder, "fieldpost.db", NULL);
  g_autofree char *log = g_strconcat (file, "-wal", NULL);
  g_autofree guint8 *copy = NULL;
  g_autofree char *aside = NULL;
  g_autoptr(GBytes) bytes = NULL;
  FpStoreFixture other = *f;
  gsize size;

  fp_salvage_fixture_open (f);
  fp_store_fixture_write_setting (f->store, "never told");
  copy_to (f, folder, "fieldpost.db-wal");
  copy_to (f, folder, "fieldpost.db");
  bytes = fp_salvage_fixture_read (log);
  size = g_bytes_get_size (bytes);
  copy = g_memdup2 (g_bytes_get_data (bytes, NULL), size);
  g_assert_cmpuint (size, >, 3 * (FP_SALVAGE_PAGE + 24));
  /* A half of the first commit. */
  for (gsize at = 32; at < size / 2; at += FP_SALVAGE_PAGE + 24)
    memset (copy + at + 24, 0xa5, FP_SALVAGE_PAGE);
  fp_salvage_fixture_write (log, copy, size);

  other.folder = folder;
  other.file = file;
  fp_salvage_fixture_open (&other);
  fp_salvage_fixture_assert_whole (&other);
  fp_store_fixture_write_setting (other.store, "the first word");
  g_assert_nonnull (fp_store_get_repair (other.store, NULL));
  aside = fp_salvage_fixture_find_aside (&other, "-wal");
  g_assert_nonnull (aside);
  fp_salvage_fixture_close (&other);
  fp_test_remove_folder (folder);
}

/* While another program has the file open nobody exchanges it. */
static void
test_waits_until_it_is_alone (FpStoreFixture *f,
                              gconstpointer   data)
{
  g_autoptr(GBytes) damaged = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *aside = NULL;
  FpStore *other;

  fp_salvage_fixture_fill (f);
  fp_salvage_fixture_close (f);
  fp_salvage_fixture_open (f);
  other = fp_store_new (f->folder, f->clock);
  damaged = fp_salvage_fixture_damage (f, 60 * FP_SALVAGE_PAGE, 20 * FP_SALVAGE_PAGE);
  fp_test_store_try_open (other, &error);
  g_assert_no_error (error);
  aside = fp_salvage_fixture_find_aside (f, "");
  g_assert_null (aside);
  g_assert_cmpint (fp_mark_get (f->folder, NULL), ==, FP_MARK_DAMAGED);
  fp_salvage_fixture_close (f);
  fp_test_store_close (other);

  fp_salvage_fixture_open (f);
  fp_salvage_fixture_assert_whole (f);
  aside = fp_salvage_fixture_find_aside (f, "");
  g_assert_nonnull (aside);
}

/* Only one of them repairs; all of them work with the result. */
static void
test_several_at_once (FpStoreFixture *f,
                      gconstpointer   data)
{
  g_autoptr(GBytes) damaged = NULL;
  g_autofree char *aside = NULL;
  FpStore *stores[4];
  FpTestAwait awaits[4] = { 0 };

  fp_salvage_fixture_fill (f);
  fp_salvage_fixture_close (f);
  damaged = fp_salvage_fixture_damage (f, 0, FP_SALVAGE_PAGE);
  for (gsize i = 0; i < G_N_ELEMENTS (stores); i++)
    {
      stores[i] = fp_store_new (f->folder, f->clock);
      fp_store_open_async (stores[i], NULL, fp_test_await_cb, &awaits[i]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (stores); i++)
    {
      g_autoptr(GError) error = NULL;

      fp_store_open_finish (stores[i], fp_test_await (&awaits[i]), &error);
      g_assert_no_error (error);
      fp_test_await_clear (&awaits[i]);
      g_assert_nonnull (fp_store_get_repair (stores[i], NULL));
      fp_store_fixture_write_setting (stores[i], "x");
    }
  fp_salvage_fixture_assert_whole (f);
  aside = fp_salvage_fixture_find_aside (f, "");
  g_assert_nonnull (aside);
  for (gsize i = 0; i < G_N_ELEMENTS (stores); i++)
    fp_test_store_close (stores[i]);
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
start_opener (FpStoreFixture *f)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  char *argv[] = { self, (char *) "--open", f->folder, NULL };
  g_autoptr(GError) error = NULL;
  GPid pid;

  g_spawn_async (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, &error);
  g_assert_no_error (error);

  return pid;
}

static void
test_killed_while_it_repairs (FpStoreFixture *f,
                              gconstpointer   data)
{
  g_autoptr(GBytes) before = NULL;
  gint64 start, took;
  int n_died = 0;

  fp_salvage_fixture_fill (f);
  fp_salvage_fixture_close (f);
  before = fp_salvage_fixture_read (f->file);
  start = g_get_monotonic_time ();
  g_bytes_unref (fp_salvage_fixture_damage (f, 0, FP_SALVAGE_PAGE));
  g_assert_cmpint (waitpid (start_opener (f), NULL, 0), >, 0);
  took = g_get_monotonic_time () - start;
  fp_salvage_fixture_remove_asides (f);

  for (int round = 0; round < 40; round++)
    {
      g_autoptr(GBytes) damaged = NULL;
      GPid pid;
      int status;

      fp_salvage_fixture_write (f->file, g_bytes_get_data (before, NULL), g_bytes_get_size (before));
      damaged = fp_salvage_fixture_damage (f, 0, FP_SALVAGE_PAGE);
      pid = start_opener (f);
      g_usleep ((gulong) g_test_rand_int_range (0, (gint32) took));
      kill (pid, SIGKILL);
      g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
      n_died += WIFSIGNALED (status);

      fp_salvage_fixture_open (f);
      fp_salvage_fixture_assert_whole (f);
      fp_salvage_fixture_assert_aside (f, damaged);
      g_assert_cmpint (fp_salvage_fixture_ask_int (f, "SELECT count(*) FROM item"), ==, FP_SALVAGE_ITEMS);
      g_assert_cmpint (fp_salvage_fixture_ask_int (f, "SELECT count(*) FROM draft"), ==, FP_SALVAGE_DRAFTS);
      fp_salvage_fixture_close (f);
      fp_salvage_fixture_remove_asides (f);
    }
  g_test_message ("killed %d of 40", n_died);
  g_assert_cmpint (n_died, >, 5);
}

/* Every point between "complete" and "in place". */
static void
test_resumes_the_exchange (FpStoreFixture *f,
                           gconstpointer   data)
{
  g_autofree char *new = g_build_filename (f->folder, "fieldpost.db.new", NULL);
  g_autofree char *log = g_build_filename (f->folder, "fieldpost.db-wal", NULL);
  g_autofree char *aside = g_build_filename (f->folder, "fieldpost.db.corrupt-x", NULL);
  g_autofree char *aside_log = g_build_filename (f->folder, "fieldpost.db.corrupt-x-wal", NULL);
  g_autoptr(GBytes) whole = NULL;

  fp_salvage_fixture_fill (f);
  fp_salvage_fixture_close (f);
  whole = fp_salvage_fixture_read (f->file);
  for (int step = 0; step < 4; step++)
    {
      fp_salvage_fixture_write (new, g_bytes_get_data (whole, NULL), g_bytes_get_size (whole));
      fp_salvage_fixture_write (step < 2 ? f->file : aside, "old", 3);
      fp_salvage_fixture_write (step < 1 ? log : aside_log, "log", 3);
      if (step >= 2)
        g_remove (f->file);
      if (step == 3)
        g_rename (new, f->file);
      g_assert_true (fp_mark_set (f->folder, FP_MARK_REPLACE, "fieldpost.db.corrupt-x", NULL));

      fp_salvage_fixture_open (f);
      g_assert_cmpint (fp_salvage_fixture_ask_int (f, "SELECT count(*) FROM item"), ==, FP_SALVAGE_ITEMS);
      fp_salvage_fixture_close (f);
      g_assert_true (g_file_test (aside, G_FILE_TEST_EXISTS));
      g_assert_true (g_file_test (aside_log, G_FILE_TEST_EXISTS));
      g_assert_cmpint (fp_mark_get (f->folder, NULL), ==, FP_MARK_NONE);
      g_remove (aside);
      g_remove (aside_log);
    }
}

static void
repair_without_room (const char *folder)
{
  FpStoreFixture f = { .folder = (char *) folder, .clock = fp_clock_new () };
  g_autoptr(FpStore) store = fp_store_new (folder, f.clock);
  g_autofree char *other = g_build_filename (folder, "other", NULL);
  g_autoptr(GBytes) damaged = NULL;
  g_autoptr(GBytes) after = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *block = g_malloc0 (4096);
  int fd;

  f.file = g_build_filename (folder, "fieldpost.db", NULL);
  fp_salvage_fixture_fill (&f);
  fp_salvage_fixture_close (&f);
  damaged = fp_salvage_fixture_damage (&f, 0, FP_SALVAGE_PAGE);
  fd = open (other, O_WRONLY | O_CREAT, 0600);
  while (write (fd, block, 4096) > 0)
    ;
  close (fd);
  g_assert_false (fp_test_store_try_open (store, &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_FULL);
  g_clear_error (&error);
  after = fp_salvage_fixture_read (f.file);
  g_assert_true (g_bytes_equal (after, damaged));
  g_remove (other);
  g_assert_true (fp_test_store_try_open (store, &error));
  f.store = g_steal_pointer (&store);
  g_assert_cmpint (fp_salvage_fixture_ask_int (&f, "SELECT count(*) FROM item"), ==, FP_SALVAGE_ITEMS);
  fp_salvage_fixture_close (&f);
}

static void
test_without_room_nothing_changes (FpStoreFixture *f,
                                   gconstpointer   data)
{
  if (!fp_store_fixture_in_child (repair_without_room, f->folder, "size=6m"))
    g_test_skip ("needs the right to mount");
}

static void
test_network_file_system (FpStoreFixture *f,
                          gconstpointer   data)
{
  g_autoptr(GBytes) damaged = NULL;
  g_autoptr(GError) error = NULL;

  fp_salvage_fixture_fill (f);
  fp_salvage_fixture_close (f);
  damaged = fp_salvage_fixture_damage (f, 0, FP_SALVAGE_PAGE);
  f->store = fp_store_new (f->folder, f->clock);
  _fp_store_pretend_network (f->store);
  fp_test_store_try_open (f->store, &error);
  g_assert_no_error (error);
  fp_store_fixture_assert_answer (f, "PRAGMA journal_mode", "delete");
  fp_salvage_fixture_assert_whole (f);
  fp_salvage_fixture_assert_aside (f, damaged);
  g_assert_cmpint (fp_salvage_fixture_ask_int (f, "SELECT count(*) FROM item"), ==, FP_SALVAGE_ITEMS);
}

/* A program that was killed leaves the log; the next one looks through the file, and only then all is well. */
static void
test_unclean_end_is_looked_through (FpStoreFixture *f,
                                    gconstpointer   data)
{
  g_autofree char *folder = fp_test_make_folder ();
  g_autofree char *file = g_build_filename (folder, "fieldpost.db", NULL);
  FpStoreFixture other = *f;

  fp_salvage_fixture_fill (f);
  copy_to (f, folder, "fieldpost.db");
  copy_to (f, folder, "fieldpost.db-wal");
  fp_salvage_fixture_close (f);
  fp_salvage_fixture_open (f);
  g_assert_cmpint (fp_mark_get (f->folder, NULL), ==, FP_MARK_NONE);

  other.folder = folder;
  other.file = file;
  fp_salvage_fixture_open (&other);
  fp_test_until (fp_mark_get (folder, NULL) == FP_MARK_NONE);
  fp_salvage_fixture_close (&other);
  /* The mark is there as soon as it is open. */
  copy_to (f, folder, "fieldpost.db");
  fp_salvage_fixture_write (file, "", 0);
  fp_test_remove_folder (folder);
}

/* A short command is over before the look is. What was not looked at is neither damaged nor well. */
static void
test_broken_off_look_says_nothing (FpStoreFixture *f,
                                   gconstpointer   data)
{
  fp_salvage_fixture_fill (f);
  fp_salvage_fixture_close (f);
  for (guint i = 0; i < 60; i++)
    {
      g_assert_true (fp_mark_set (f->folder, FP_MARK_UNCLEAN, NULL, NULL));
      fp_salvage_fixture_open (f);
      /* Each time a little later. */
      for (guint j = 0; j < i * 50; j++)
        g_thread_yield ();
      fp_salvage_fixture_close (f);
      g_assert_cmpint (fp_mark_get (f->folder, NULL), <=, FP_MARK_UNCLEAN);
    }
}

static void
test_damage_after_unclean_end_is_found (FpStoreFixture *f,
                                        gconstpointer   data)
{
  g_autoptr(GBytes) damaged = NULL;

  fp_salvage_fixture_fill (f);
  fp_salvage_fixture_close (f);
  damaged = fp_salvage_fixture_damage (f, 60 * FP_SALVAGE_PAGE, 20 * FP_SALVAGE_PAGE);
  g_assert_true (fp_mark_set (f->folder, FP_MARK_UNCLEAN, NULL, NULL));
  fp_salvage_fixture_open (f);
  fp_test_until (fp_mark_get (f->folder, NULL) == FP_MARK_DAMAGED);
  fp_salvage_fixture_close (f);
  fp_salvage_fixture_open (f);
  fp_salvage_fixture_assert_whole (f);
  fp_salvage_fixture_assert_aside (f, damaged);
}

static gpointer
read_all (FpStoreTxn *txn,
          gpointer    data,
          GError    **error)
{
  gint64 sum = 0;

  fp_db_get_int (txn->db, "SELECT sum(length(data)) FROM item_part", &sum, error);
  return NULL;
}

static void
test_damage_that_is_met_is_noted (FpStoreFixture *f,
                                  gconstpointer   data)
{
  g_autoptr(GBytes) damaged = NULL;
  g_autoptr(GError) error = NULL;

  fp_salvage_fixture_fill (f);
  fp_salvage_fixture_close (f);
  damaged = fp_salvage_fixture_damage (f, 60 * FP_SALVAGE_PAGE, 100 * FP_SALVAGE_PAGE);
  g_assert_true (fp_mark_set (f->folder, FP_MARK_NONE, NULL, NULL));
  fp_salvage_fixture_open (f);
  fp_test_store_read (f->store, read_all, NULL, &error);
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_CORRUPT);
  g_assert_cmpint (fp_mark_get (f->folder, NULL), ==, FP_MARK_DAMAGED);
}

int
main (int    argc,
      char **argv)
{
  if (argc == 3 && g_str_equal (argv[1], "--open"))
    return run_opener (argv[2]);

  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add ("/store/salvage/" path, FpStoreFixture, NULL, fp_store_fixture_setup_closed, func, fp_store_fixture_teardown)
  ADD ("empty-file-beside-log", test_empty_file_beside_log);
  ADD ("damaged-log", test_damaged_log);
  ADD ("damaged-first-log", test_damaged_first_log);
  ADD ("waits-until-it-is-alone", test_waits_until_it_is_alone);
  ADD ("several-at-once", test_several_at_once);
  ADD ("killed-while-it-repairs", test_killed_while_it_repairs);
  ADD ("resumes-the-exchange", test_resumes_the_exchange);
  ADD ("without-room-nothing-changes", test_without_room_nothing_changes);
  ADD ("network-file-system", test_network_file_system);
  ADD ("unclean-end-is-looked-through", test_unclean_end_is_looked_through);
  ADD ("broken-off-look-says-nothing", test_broken_off_look_says_nothing);
  ADD ("damage-after-unclean-end-is-found", test_damage_after_unclean_end_is_found);
  ADD ("damage-that-is-met-is-noted", test_damage_that_is_met_is_noted);

  return g_test_run ();
}
