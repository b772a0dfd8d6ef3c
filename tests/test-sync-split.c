/* A submission in several requests: what goes where, and that what was sent stays where it is. */
#include <gio/gio.h>

#include "sync/fp-sync-split.h"

#define MB G_GINT64_CONSTANT (1000000)

static FpItem *
new_item (const gint64 *sizes,
          guint         n)
{
  FpItem *item = fp_item_new ();
  FpItemPart *xml = fp_item_part_new ("xml_submission_file", "submission.xml", "text/xml");

  item->protocol = FP_PROTOCOL_OPENROSA;
  item->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_item_part_free);
  xml->size = 2000;
  g_ptr_array_add (item->parts, xml);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u.jpg", i);
      FpItemPart *part = fp_item_part_new (name, name, "image/jpeg");

      part->size = sizes[i];
      g_ptr_array_add (item->parts, part);
    }

  return item;
}

/* "0 0 1": the posts of the attachments. */
static void
assert_posts (const FpItem *item,
              const char   *expected)
{
  g_autoptr(GString) posts = g_string_new (NULL);

  for (guint i = 1; i < item->parts->len; i++)
    g_string_append_printf (posts, "%s%u", i > 1 ? " " : "", ((FpItemPart *) g_ptr_array_index (item->parts, i))->post);
  g_assert_cmpstr (posts->str, ==, expected);
}

static void
test_halves (void)
{
  const gint64 sizes[] = { MB, MB, MB, MB, MB };
  g_autoptr(FpItem) item = new_item (sizes, G_N_ELEMENTS (sizes));
  g_autofree char *words = NULL;

  g_assert_cmpuint (fp_sync_split_count (item), ==, 1);
  g_assert_cmpuint (fp_sync_split_n_files (item), ==, 5);
  g_assert_false (fp_sync_split_goes_on (item));

  g_assert_true (fp_sync_split (item, 0));
  assert_posts (item, "0 0 1 1 2");
  g_assert_cmpuint (fp_sync_split_count (item), ==, 3);
  g_assert_true (fp_sync_split_goes_on (item));
  g_assert_true (fp_sync_split_has_part (item, 0));
  g_assert_true (fp_sync_split_has_part (item, 2));
  g_assert_false (fp_sync_split_has_part (item, 3));

  /* Still too large: the later ones make room. */
  g_assert_true (fp_sync_split (item, 0));
  assert_posts (item, "0 1 2 2 3");
  g_assert_false (fp_sync_split (item, 0));
  assert_posts (item, "0 1 2 2 3");
  words = fp_sync_split_dup_words (item);
  g_assert_cmpstr (words, ==, "0.jpg (1.0\302\240MB)");
}

/* What is stored already never moves. */
static void
test_later_only (void)
{
  const gint64 sizes[] = { MB, MB, MB, MB };
  g_autoptr(FpItem) item = new_item (sizes, G_N_ELEMENTS (sizes));

  g_assert_true (fp_sync_split (item, 0));
  assert_posts (item, "0 0 1 1");
  item->posts_done = 1;
  g_assert_false (fp_sync_split_goes_on (item));
  g_assert_false (fp_sync_split_has_part (item, 1));
  g_assert_true (fp_sync_split_has_part (item, 0));
  g_assert_true (fp_sync_split (item, 0));
  assert_posts (item, "0 0 1 2");
  g_assert_true (fp_sync_split_goes_on (item));
  item->posts_done = 2;
  g_assert_cmpuint (fp_sync_split_n_files (item), ==, 1);
  g_assert_false (fp_sync_split_goes_on (item));
}

static void
test_limit (void)
{
  const gint64 sizes[] = { 4 * MB, 3 * MB, 5 * MB, 20 * MB, MB };
  g_autoptr(FpItem) item = new_item (sizes, G_N_ELEMENTS (sizes));

  g_assert_false (fp_sync_split (item, 100 * MB));
  assert_posts (item, "0 0 0 0 0");
  g_assert_true (fp_sync_split (item, 10 * MB));
  assert_posts (item, "0 0 1 2 3");
  /* A limit that is smaller than the form itself leaves one file a request. */
  g_assert_true (fp_sync_split (item, 1));
  assert_posts (item, "0 1 2 3 4");
}

static void
test_uneven (void)
{
  const gint64 small_last[] = { 50 * MB, 1, 1 };
  const gint64 small_first[] = { 1, 1, 50 * MB };
  g_autoptr(FpItem) first = new_item (small_first, 3);
  g_autoptr(FpItem) last = new_item (small_last, 3);
  g_autoptr(FpItem) one = new_item (small_last, 1);
  g_autoptr(FpItem) none = new_item (NULL, 0);

  g_assert_true (fp_sync_split (first, 0));
  assert_posts (first, "0 0 1");
  g_assert_true (fp_sync_split (last, 0));
  assert_posts (last, "0 1 1");
  g_assert_false (fp_sync_split (one, 0));
  g_assert_false (fp_sync_split (none, 0));
  g_assert_null (fp_sync_split_dup_words (none));
}

/* A plain request is what it is. */
static void
test_plain (void)
{
  const gint64 sizes[] = { MB, MB };
  g_autoptr(FpItem) item = new_item (sizes, 2);

  item->protocol = FP_PROTOCOL_PLAIN;
  g_assert_true (fp_sync_split_has_part (item, 1));
  g_assert_true (fp_sync_split_has_part (item, 2));
  g_assert_false (fp_sync_split_goes_on (item));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/sync/split/by-half-until-one-is-left", test_halves);
  g_test_add_func ("/sync/split/what-is-stored-stays", test_later_only);
  g_test_add_func ("/sync/split/by-the-limit-of-the-server", test_limit);
  g_test_add_func ("/sync/split/uneven-files", test_uneven);
  g_test_add_func ("/sync/split/plain-requests-are-whole", test_plain);

  return g_test_run ();
}
