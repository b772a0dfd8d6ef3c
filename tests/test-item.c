#include "store/fp-item-rows.h"

static void
test_words_round_trip (void)
{
  int state;

  for (state = FP_ITEM_PENDING; state <= FP_ITEM_SENT; state++)
    g_assert_cmpint (fp_item_state_from_string (fp_item_state_to_string ((FpItemState) state)), ==, state);
  g_assert_cmpint (fp_item_state_from_string (NULL), ==, 0);
  g_assert_cmpint (fp_item_state_from_string ("unknown"), ==, 0);
  g_assert_cmpint (fp_item_state_from_string (""), ==, 0);
  g_assert_cmpstr (fp_item_state_to_string ((FpItemState) 0), ==, "unknown");
  g_assert_cmpstr (fp_item_state_to_string ((FpItemState) -1), ==, "unknown");
}

static void
test_copy_is_deep (void)
{
  FpItem *item = fp_item_new ();
  g_autoptr(FpItem) copy = NULL;
  FpItemPart *part = fp_item_part_new (NULL, NULL, "application/json");

  item->host = g_strdup ("https://a:443");
  item->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_item_part_free);
  part->data = g_bytes_new_static ("{}", 2);
  g_ptr_array_add (item->parts, part);
  copy = fp_item_copy (item);
  fp_item_free (item);

  part = g_ptr_array_index (copy->parts, 0);
  g_assert_cmpstr (copy->host, ==, "https://a:443");
  g_assert_cmpstr (part->media_type, ==, "application/json");
  g_assert_cmpuint (g_bytes_get_size (part->data), ==, 2);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/store/item/words-round-trip", test_words_round_trip);
  g_test_add_func ("/store/item/copy-is-deep", test_copy_is_deep);

  return g_test_run ();
}
