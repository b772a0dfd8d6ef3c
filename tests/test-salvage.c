/* Damaged files: nothing that can still be read is lost, and nothing is ever thrown away. */
#include <string.h>
#include <unistd.h>

#include "fp-salvage-fixture.h"
#include "store/fp-mark.h"

#define ROUNDS 200

static void
damage_page (GRand  *rand,
             guint8 *bytes,
             gsize   size)
{
  gsize n_pages = size / FP_SALVAGE_PAGE;
  guint8 *page = bytes + FP_SALVAGE_PAGE * (gsize) g_rand_int_range (rand, 0, (gint32) n_pages);
  guint8 *other = bytes + FP_SALVAGE_PAGE * (gsize) g_rand_int_range (rand, 0, (gint32) n_pages);
  int kind = g_rand_int_range (rand, 0, 4);
  gsize from = 0, to = FP_SALVAGE_PAGE;
  guint8 copy[FP_SALVAGE_PAGE];

  switch (kind)
    {
    case 0:
      memset (page, 0, FP_SALVAGE_PAGE);
      break;
    case 1: /* a page at another's place */
      memcpy (copy, page, FP_SALVAGE_PAGE);
      memcpy (page, other, FP_SALVAGE_PAGE);
      memcpy (other, copy, FP_SALVAGE_PAGE);
      break;
    case 2: /* a piece of it */
      from = (gsize) g_rand_int_range (rand, 0, FP_SALVAGE_PAGE - 16);
      to = MIN (FP_SALVAGE_PAGE, from + (gsize) g_rand_int_range (rand, 16, 600));
      G_GNUC_FALLTHROUGH;
    default:
      for (gsize i = from; i < to; i++)
        page[i] = (guint8) g_rand_int (rand);
    }
}

static void
test_200_rounds (FpStoreFixture *f,
                 gconstpointer   data)
{
  guint32 seed = (guint32) g_test_rand_int ();
  g_autoptr(GBytes) before = NULL;
  int repaired = 0, n_drafts = 0, n_items = 0;

  fp_salvage_fixture_fill (f);
  fp_salvage_fixture_close (f);
  before = fp_salvage_fixture_read (f->file);
  for (guint32 round = 0; round < ROUNDS; round++)
    {
      g_autoptr(GRand) rand = g_rand_new_with_seed (seed + round);
      gsize size = g_bytes_get_size (before);
      g_autofree guint8 *bytes = g_memdup2 (g_bytes_get_data (before, NULL), size);
      g_autoptr(GBytes) after = NULL;
      FpSalvageExpected expected = { .before = before };
      int n = g_rand_int_range (rand, 1, 8);

      g_test_message ("round %u: seed %u, %d pages", round, seed + round, n);
      while (n-- > 0)
        damage_page (rand, bytes, size);
      fp_salvage_fixture_write (f->file, bytes, size);
      after = g_bytes_new_take (g_steal_pointer (&bytes), size);
      expected.after = after;

      fp_salvage_fixture_open_until_whole (f);
      expected.damaged = fp_store_get_repair (f->store, NULL) != NULL;
      fp_test_store_read (f->store, fp_salvage_fixture_check_rows, &expected, NULL);
      fp_salvage_fixture_assert_whole (f);
      if (expected.damaged)
        fp_salvage_fixture_assert_aside (f, after);
      fp_store_fixture_write_setting (f->store, "and goes on");
      fp_salvage_fixture_close (f);
      g_assert_cmpint (fp_mark_get (f->folder, NULL), ==, FP_MARK_NONE);
      repaired += expected.damaged;
      n_drafts += expected.n_drafts;
      n_items += expected.n_items;
      fp_salvage_fixture_remove_asides (f);
    }
  g_test_message ("%d repaired; %d drafts and %d items on undamaged pages", repaired, n_drafts, n_items);
  g_assert_cmpint (repaired, >, ROUNDS / 2);
  g_assert_cmpint (n_drafts, >, ROUNDS * FP_SALVAGE_DRAFTS / 2);
  g_assert_cmpint (n_items, >, ROUNDS * FP_SALVAGE_ITEMS / 2);
}

static void
test_header_destroyed (FpStoreFixture *f,
                       gconstpointer   data)
{
  g_autoptr(GBytes) damaged = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *id = NULL;

  fp_salvage_fixture_fill (f);
  id = g_strdup (fp_store_get_id (f->store));
  fp_test_store_write (f->store, fp_salvage_fixture_delete_some, NULL, &error);
  g_assert_no_error (error);
  fp_salvage_fixture_close (f);
  damaged = fp_salvage_fixture_damage (f, 0, FP_SALVAGE_PAGE);

  fp_salvage_fixture_open (f);
  fp_salvage_fixture_assert_whole (f);
  fp_salvage_fixture_assert_aside (f, damaged);
  g_assert_cmpstr (fp_store_get_id (f->store), ==, id);
  g_assert_cmpint (fp_salvage_fixture_ask_int (f, "SELECT count(*) FROM item"), ==, FP_SALVAGE_ITEMS);
  g_assert_cmpint (fp_salvage_fixture_ask_int (f, "SELECT count(*) FROM item_part"), ==, FP_SALVAGE_ITEMS);
  /* What was deleted stays so, though its bytes are still in the old file. */
  g_assert_cmpint (fp_salvage_fixture_ask_int (f, "SELECT count(*) FROM draft"), ==, FP_SALVAGE_DRAFTS / 2);
  g_assert_cmpint (fp_salvage_fixture_ask_int (f, "SELECT count(*) FROM item WHERE state = 6"), ==, (FP_SALVAGE_ITEMS + 6) / 7);
  g_assert_cmpint (fp_salvage_fixture_ask_int (f, "SELECT count(*) FROM item WHERE state = 2"), ==, 0);
  fp_store_fixture_assert_setting (f->store, "kept");
}

/* Ids stay unique, also those of drafts that are gone. */
static void
test_ids_go_on (FpStoreFixture *f,
                gconstpointer   data)
{
  g_autoptr(GBytes) damaged = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *expected = g_strdup_printf ("%d", FP_SALVAGE_DRAFTS);

  fp_salvage_fixture_fill (f);
  fp_test_store_write (f->store, fp_salvage_fixture_delete_some, NULL, &error);
  fp_salvage_fixture_close (f);
  damaged = fp_salvage_fixture_damage (f, 0, FP_SALVAGE_PAGE);
  fp_salvage_fixture_open (f);
  fp_store_fixture_assert_answer (f, "SELECT seq FROM sqlite_sequence WHERE name = 'draft'", expected);
}

static void
test_truncated (FpStoreFixture *f,
                gconstpointer   data)
{
  FpSalvageExpected expected = { 0 };
  g_autoptr(GBytes) before = NULL;
  g_autoptr(GBytes) after = NULL;
  gsize size;

  fp_salvage_fixture_fill (f);
  fp_salvage_fixture_close (f);
  before = fp_salvage_fixture_read (f->file);
  size = g_bytes_get_size (before) / 2 + 1000;
  after = g_bytes_new_from_bytes (before, 0, size);
  g_assert_cmpint (truncate (f->file, (off_t) size), ==, 0);

  fp_salvage_fixture_open_until_whole (f);
  fp_salvage_fixture_assert_whole (f);
  fp_salvage_fixture_assert_aside (f, after);
  expected = (FpSalvageExpected) { before, after, 0, 0, TRUE };
  fp_test_store_read (f->store, fp_salvage_fixture_check_rows, &expected, NULL);
  g_assert_cmpint (expected.n_items, >, 0);
  g_assert_cmpint (expected.n_items, <, FP_SALVAGE_ITEMS);
  g_assert_nonnull (strstr (fp_store_get_repair (f->store, NULL), "Lost"));
}

static void
assert_refused (FpStoreFixture *f,
                FpStoreError    code)
{
  g_autoptr(FpStore) store = fp_store_new (f->folder, f->clock);
  g_autoptr(GBytes) before = fp_salvage_fixture_read (f->file);
  g_autoptr(GBytes) after = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *aside = NULL;

  for (int i = 0; i < 2; i++)
    {
      g_assert_false (fp_test_store_try_open (store, &error));
      g_assert_error (error, FP_STORE_ERROR, (int) code);
      g_clear_error (&error);
    }
  after = fp_salvage_fixture_read (f->file);
  aside = fp_salvage_fixture_find_aside (f, "");
  g_assert_true (g_bytes_equal (before, after));
  g_assert_null (aside);
}

static void
test_another_programs_file_is_refused (FpStoreFixture *f,
                                       gconstpointer   data)
{
  g_autoptr(GBytes) damaged = NULL;
  g_autofree guint8 *noise = g_malloc (300000);

  g_free (fp_store_fixture_ask (f, "CREATE TABLE setting (name TEXT, value TEXT)"));
  g_free (fp_store_fixture_ask (f, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
                                   " INSERT INTO setting SELECT i, hex(randomblob(30)) FROM n"));
  damaged = fp_salvage_fixture_damage (f, 10 * FP_SALVAGE_PAGE, FP_SALVAGE_PAGE);
  assert_refused (f, FP_STORE_ERROR_CORRUPT);

  for (gsize i = 0; i < 300000; i++)
    noise[i] = (guint8) g_test_rand_int ();
  fp_salvage_fixture_write (f->file, noise, 300000);
  assert_refused (f, FP_STORE_ERROR_CORRUPT);
}

static void
test_newer_format_is_refused (FpStoreFixture *f,
                              gconstpointer   data)
{
  g_autoptr(GBytes) damaged = NULL;

  fp_salvage_fixture_fill (f);
  fp_salvage_fixture_close (f);
  g_free (fp_store_fixture_ask (f, "PRAGMA user_version = 99"));
  g_free (fp_store_fixture_ask (f, "PRAGMA wal_checkpoint(TRUNCATE)"));
  damaged = fp_salvage_fixture_damage (f, 20 * FP_SALVAGE_PAGE, FP_SALVAGE_PAGE);
  assert_refused (f, FP_STORE_ERROR_TOO_NEW);
}

static void
test_healthy_file_is_left_alone (FpStoreFixture *f,
                                 gconstpointer   data)
{
  g_autofree char *aside = NULL;

  fp_salvage_fixture_fill (f);
  fp_salvage_fixture_close (f);
  g_assert_true (fp_mark_set (f->folder, FP_MARK_DAMAGED, NULL, NULL));
  fp_salvage_fixture_open (f);
  aside = fp_salvage_fixture_find_aside (f, "");
  g_assert_null (aside);
  g_assert_null (fp_store_get_repair (f->store, NULL));
  g_assert_cmpint (fp_mark_get (f->folder, NULL), ==, FP_MARK_NONE);
}

/* A body that lost a piece is never sent. */
static void
test_lost_part_fails_its_item (FpStoreFixture *f,
                               gconstpointer   data)
{
  g_autoptr(GBytes) damaged = NULL;
  g_autoptr(GBytes) before = NULL;
  const guint8 *bytes, *found;
  gsize size;

  fp_salvage_fixture_fill (f);
  fp_salvage_fixture_close (f);
  before = fp_salvage_fixture_read (f->file);
  bytes = g_bytes_get_data (before, &size);
  /* The 20 kB of item 12 (ITEM-0011) lie on pages of their own. */
  found = memmem (bytes, size, "ITEM-0011-ITEM-0011-", 20);
  g_assert_nonnull (found);
  damaged = fp_salvage_fixture_damage (f, ((gsize) (found - bytes) / FP_SALVAGE_PAGE + 2) * FP_SALVAGE_PAGE, FP_SALVAGE_PAGE);
  fp_salvage_fixture_open (f);
  fp_salvage_fixture_assert_whole (f);
  fp_store_fixture_assert_answer (f, "SELECT state || reason_code FROM item WHERE id = 12", "3item-file-missing");
  fp_store_fixture_assert_answer (f, "SELECT body_size = (SELECT sum(size) FROM item_part WHERE item = 12) FROM item"
                                     " WHERE id = 12", "1");
  g_assert_nonnull (strstr (fp_store_get_repair (f->store, NULL), "a part of 1 item"));
}

/* Blobs to which a lost row may have referred are not for clean-up. */
static void
test_blobs_are_kept (FpStoreFixture *f,
                     gconstpointer   data)
{
  static const char *const names[] = {
    "1111111111111111111111111111111111111111111111111111111111111111",
    "2222222222222222222222222222222222222222222222222222222222222222",
  };
  g_autoptr(GBytes) damaged = NULL;
  g_autofree char *aside = NULL;
  g_autofree char *stray = NULL;
  g_autofree char *used = NULL;

  fp_salvage_fixture_fill (f);
  fp_salvage_fixture_close (f);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (f->folder, "blobs", names[i], NULL);

      fp_salvage_fixture_write (path, "1234567", 7);
    }
  g_free (fp_store_fixture_ask (f, "PRAGMA foreign_keys = 0"));
  g_free (fp_store_fixture_ask (f, "INSERT INTO draft_file (draft, name, sha256) VALUES (1, 'a.jpg',"
                                   " '1111111111111111111111111111111111111111111111111111111111111111')"));
  g_free (fp_store_fixture_ask (f, "PRAGMA wal_checkpoint(TRUNCATE)"));
  damaged = fp_salvage_fixture_damage (f, 0, FP_SALVAGE_PAGE);
  fp_salvage_fixture_open (f);
  fp_salvage_fixture_assert_whole (f);
  fp_store_fixture_assert_answer (f, "SELECT size FROM blob", "7");
  aside = fp_salvage_fixture_find_aside (f, ".blobs");
  stray = g_build_filename (aside, names[1], NULL);
  used = g_build_filename (f->folder, "blobs", names[0], NULL);
  g_assert_true (g_file_test (stray, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (used, G_FILE_TEST_EXISTS));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add ("/store/salvage/" path, FpStoreFixture, NULL, fp_store_fixture_setup_closed, func, fp_store_fixture_teardown)
  ADD ("200-rounds", test_200_rounds);
  ADD ("header-destroyed", test_header_destroyed);
  ADD ("ids-go-on", test_ids_go_on);
  ADD ("truncated", test_truncated);
  ADD ("another-programs-file-is-refused", test_another_programs_file_is_refused);
  ADD ("newer-format-is-refused", test_newer_format_is_refused);
  ADD ("healthy-file-is-left-alone", test_healthy_file_is_left_alone);
  ADD ("lost-part-fails-its-item", test_lost_part_fails_its_item);
  ADD ("blobs-are-kept", test_blobs_are_kept);

  return g_test_run ();
}
