/* Room for receipts, on file systems of some megabytes. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fp-store-fixture.h"
#include "store/fp-ballast.h"

#define MIB 1048576

static gpointer
allows_claim (FpStoreTxn  *txn,
              gpointer     data,
              GError     **error)
{
  return GINT_TO_POINTER (fp_ballast_allows_claim (txn));
}

static gpointer
drop (FpStoreTxn  *txn,
      gpointer     data,
      GError     **error)
{
  return GINT_TO_POINTER (fp_ballast_drop (txn));
}

static gpointer
get_free (FpStoreTxn  *txn,
          gpointer     mib,
          GError     **error)
{
  *(gint64 *) mib = fp_ballast_get_free (txn) / MIB;

  return NULL;
}

/* FALSE: the write itself was refused. */
static gboolean
ask (FpStore     *store,
     FpStoreFunc  func)
{
  g_autoptr(GError) error = NULL;
  gpointer answer = fp_test_store_write (store, func, NULL, &error);

  g_assert_no_error (error);
  return GPOINTER_TO_INT (answer);
}

static gint64
blocks_of_ballast (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "ballast", NULL);
  struct stat file;

  return stat (path, &file) == 0 ? (gint64) file.st_blocks * 512 / MIB : 0;
}

/* Leaves @mib free. */
static void
fill (const char *folder,
      FpStore    *store,
      gint64      mib)
{
  g_autofree char *path = g_build_filename (folder, "other", NULL);
  gint64 is_free = 0;
  int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

  fp_test_store_read (store, get_free, &is_free, NULL);
  g_assert_cmpint (is_free, >=, mib);
  if (is_free > mib)
    g_assert_cmpint (posix_fallocate (fd, 0, (is_free - mib) * MIB), ==, 0);
  close (fd);
}

static void
empty (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "other", NULL);

  g_assert_cmpint (unlink (path), ==, 0);
}

static void
ballast_is_real_and_comes_back (const char *folder)
{
  g_autoptr(FpClock) clock = fp_clock_new ();
  FpStore *store = fp_test_store_open (folder, clock);
  g_autofree char *path = g_build_filename (folder, "ballast", NULL);

  g_assert_cmpint (blocks_of_ballast (folder), ==, 8);
  fill (folder, store, 20);
  g_assert_true (ask (store, drop));
  g_assert_cmpint (blocks_of_ballast (folder), ==, 0);
  g_assert_false (ask (store, drop));

  /* 28 MiB are free: enough to claim, too little to take 8 away again. */
  g_assert_true (ask (store, allows_claim));
  g_assert_cmpint (blocks_of_ballast (folder), ==, 0);
  empty (folder);
  g_assert_true (ask (store, allows_claim));
  g_assert_cmpint (blocks_of_ballast (folder), ==, 8);

  /* A copy of the folder has a hole there: it holds no room. */
  g_assert_cmpint (truncate (path, 0), ==, 0);
  g_assert_cmpint (truncate (path, 8 * MIB), ==, 0);
  g_assert_cmpint (blocks_of_ballast (folder), ==, 0);
  fp_test_store_close (store);
  store = fp_test_store_open (folder, clock);
  g_assert_cmpint (blocks_of_ballast (folder), ==, 8);
  fp_test_store_close (store);
}

static void
no_claim_below_16_mib (const char *folder)
{
  g_autoptr(FpClock) clock = fp_clock_new ();
  FpStore *store = fp_test_store_open (folder, clock);

  fill (folder, store, 16);
  g_assert_true (ask (store, allows_claim));
  empty (folder);
  fill (folder, store, 15);
  g_assert_false (ask (store, allows_claim));
  /* The ballast is no room to claim in. */
  g_assert_true (ask (store, drop));
  empty (folder);
  fill (folder, store, 15);
  g_assert_false (ask (store, allows_claim));
  fp_test_store_close (store);
}

static void
small_disk_has_none (const char *folder)
{
  g_autoptr(FpClock) clock = fp_clock_new ();
  FpStore *store = fp_test_store_open (folder, clock);

  g_assert_cmpint (blocks_of_ballast (folder), ==, 0);
  g_assert_true (ask (store, allows_claim));
  g_assert_cmpint (blocks_of_ballast (folder), ==, 0);
  fp_test_store_close (store);
}

/* What it is for. */
static void
full_disk_takes_a_receipt_again (const char *folder)
{
  g_autoptr(FpClock) clock = fp_clock_new ();
  FpStore *store = fp_test_store_open (folder, clock);
  g_autofree char *path = g_build_filename (folder, "other", NULL);
  g_autofree char *block = g_malloc0 (4096);
  g_autofree char *large = g_strnfill (1000000, 'r');
  g_autoptr(GError) error = NULL;
  int fd = open (path, O_WRONLY | O_CREAT, 0600);

  while (write (fd, block, 4096) > 0)
    ;
  close (fd);
  fp_test_store_write (store, fp_store_fixture_set_setting, large, &error);
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_FULL);
  g_clear_error (&error);

  g_assert_false (ask (store, allows_claim));
  g_assert_true (ask (store, drop));
  fp_test_store_write (store, fp_store_fixture_set_setting, large, &error);
  g_assert_no_error (error);
  fp_store_fixture_assert_setting (store, large);
  fp_test_store_close (store);
}

typedef struct
{
  void (*func) (const char *folder);
  const char *options;
} Case;

static void
test_on_small_disk (gconstpointer data)
{
  const Case *test = data;
  g_autofree char *folder = fp_test_make_folder ();

  if (!fp_store_fixture_in_child (test->func, folder, test->options))
    g_test_skip ("needs the right to mount");
  fp_test_remove_folder (folder);
}

int
main (int    argc,
      char **argv)
{
  static const Case real = { ballast_is_real_and_comes_back, "size=100m" };
  static const Case claim = { no_claim_below_16_mib, "size=100m" };
  static const Case none = { small_disk_has_none, "size=40m" };
  static const Case full = { full_disk_takes_a_receipt_again, "size=100m" };

  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/store/ballast/is-real-and-comes-back", &real, test_on_small_disk);
  g_test_add_data_func ("/store/ballast/no-claim-below-16-mib", &claim, test_on_small_disk);
  g_test_add_data_func ("/store/ballast/small-disk-has-none", &none, test_on_small_disk);
  g_test_add_data_func ("/store/ballast/full-disk-takes-a-receipt-again", &full, test_on_small_disk);

  return g_test_run ();
}
