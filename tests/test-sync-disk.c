/* The sender on a disk that fills up: nothing is claimed, and no receipt is lost. Design 5.1. */
#include <fcntl.h>
#include <unistd.h>

#include "fp-store-fixture.h"
#include "fp-sync-fixture.h"

#define MIB 1048576

/* Leaves so much room, give or take a block. */
static void
fill (const char *folder,
      gsize       leave)
{
  g_autofree char *path = g_build_filename (folder, "other", NULL);
  g_autofree char *block = g_malloc0 (4096);
  int fd = open (path, O_WRONLY | O_CREAT, 0600);
  off_t size = 0;

  while (write (fd, block, 4096) > 0)
    size += 4096;
  g_assert_cmpint (size, >=, leave);
  g_assert_cmpint (ftruncate (fd, size - (off_t) leave), ==, 0);
  close (fd);
}

static void
empty (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "other", NULL);

  g_assert_cmpint (unlink (path), ==, 0);
}

static gboolean
has_ballast (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "ballast", NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static void
nothing_is_claimed (const char *folder)
{
  FpSyncFixture f = { 0 };
  gint64 id;

  fp_sync_fixture_setup (&f, folder);
  fill (folder, 15 * MIB);
  id = fp_sync_fixture_add (&f, "/in");
  fp_sync_start (f.sync);
  fp_test_until (fp_sync_get_state (f.sync) == FP_SYNC_ERROR);
  for (int i = 0; i < 5; i++)
    {
      fp_sync_fixture_pass (&f, 60000);
      fp_sync_now (f.sync, NULL);
      fp_sync_fixture_pass (&f, 0);
    }
  g_assert_cmpuint (fp_sink_get_n (f.sink), ==, 0);
  g_assert_cmpint (fp_sync_fixture_get_state (&f, id), ==, FP_ITEM_PENDING);
  g_assert_cmpint (fp_sync_get_state (f.sync), ==, FP_SYNC_ERROR);

  /* Found out without a person's help, within half a minute. */
  empty (folder);
  fp_sync_fixture_pass (&f, 30000);
  fp_sync_fixture_await (&f, id, FP_ITEM_SENT);
  fp_test_until (fp_sync_get_state (f.sync) == FP_SYNC_IDLE);
  fp_sync_fixture_teardown (&f, folder);
}

static void
receipt_gets_the_ballast (const char *folder)
{
  FpSyncFixture f = { 0 };
  gint64 id;

  fp_sync_fixture_setup (&f, folder);
  g_assert_true (has_ballast (folder));
  id = fp_sync_fixture_add (&f, "/in");
  fp_sink_hold (f.sink, TRUE);
  fp_sync_start (f.sync);
  fp_test_until (fp_sink_get_n (f.sink) == 1);
  fp_sync_fixture_get_state (&f, id);
  fill (folder, 0);
  fp_sink_hold (f.sink, FALSE);
  fp_test_until ((fp_clock_advance (f.clock, 1000), fp_sync_fixture_get_state (&f, id) == FP_ITEM_SENT));
  g_assert_false (has_ballast (folder));
  g_assert_cmpuint (fp_sink_get_n (f.sink), ==, 1);
  g_assert_nonnull (fp_sync_fixture_get_receipt (&f, id));
  fp_sync_fixture_teardown (&f, folder);
}

static void
test_on_small_disk (gconstpointer data)
{
  g_autofree char *folder = fp_test_make_folder ();

  if (!fp_store_fixture_in_child ((void (*) (const char *)) data, folder, "size=100m"))
    g_test_skip ("may not mount a small file system");
  fp_test_remove_folder (folder);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_data_func ("/sync/disk/nothing-is-claimed-below-16-mib", nothing_is_claimed, test_on_small_disk);
  g_test_add_data_func ("/sync/disk/receipt-gets-the-ballast", receipt_gets_the_ballast, test_on_small_disk);

  return g_test_run ();
}
