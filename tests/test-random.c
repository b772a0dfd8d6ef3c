#include "base/fp-random.h"

static void
test_below_stays_below (void)
{
  g_autoptr(FpRandom) random = fp_random_new ();
  guint seen[3] = { 0 };
  int i;

  for (i = 0; i < 30000; i++)
    {
      gint64 value = fp_random_below (random, 3);

      g_assert_cmpint (value, >=, 0);
      g_assert_cmpint (value, <, 3);
      seen[value]++;
    }
  /* 10,000 each is expected; 9,000 is more than ten standard deviations away. */
  for (i = 0; i < 3; i++)
    g_assert_cmpuint (seen[i], >, 9000);
}

static void
test_odd_bounds (void)
{
  g_autoptr(FpRandom) random = fp_random_new_seeded (1);
  gboolean large = FALSE;
  int i;

  g_assert_cmpint (fp_random_below (random, 0), ==, 0);
  g_assert_cmpint (fp_random_below (random, G_MININT64), ==, 0);
  g_assert_cmpint (fp_random_below (random, 1), ==, 0);
  for (i = 0; i < 1000; i++)
    {
      gint64 value = fp_random_below (random, G_MAXINT64);

      g_assert_cmpint (value, >=, 0);
      g_assert_cmpint (value, <, G_MAXINT64);
      large |= value > G_MAXINT64 / 2;
    }
  g_assert_true (large);
}

static void
test_seed_repeats (void)
{
  g_autoptr(FpRandom) a = fp_random_new_seeded (42);
  g_autoptr(FpRandom) b = fp_random_new_seeded (42);
  g_autoptr(FpRandom) c = fp_random_new_seeded (43);
  gboolean other = FALSE;
  int i;

  for (i = 0; i < 20; i++)
    {
      gint64 value = fp_random_below (a, 1000000);

      g_assert_cmpint (value, ==, fp_random_below (b, 1000000));
      other |= value != fp_random_below (c, 1000000);
    }
  g_assert_true (other);
}

static void
test_uuid_is_version_4 (void)
{
  g_autofree char *one = fp_uuid_new ();
  g_autofree char *two = fp_uuid_new ();

  g_assert_true (fp_uuid_is_valid (one));
  g_assert_true (fp_uuid_is_valid (two));
  g_assert_cmpstr (one, !=, two);
}

static void
test_uuid_wrong_is_refused (void)
{
  g_assert_true (fp_uuid_is_valid ("0f1e2d3c-4b5a-4978-8a9b-0c1d2e3f4a5b"));
  g_assert_false (fp_uuid_is_valid (NULL));
  g_assert_false (fp_uuid_is_valid (""));
  g_assert_false (fp_uuid_is_valid ("0F1e2d3c-4b5a-4978-8a9b-0c1d2e3f4a5b"));
  g_assert_false (fp_uuid_is_valid ("0f1e2d3c-4b5a-1978-8a9b-0c1d2e3f4a5b"));
  g_assert_false (fp_uuid_is_valid ("0f1e2d3c-4b5a-4978-ca9b-0c1d2e3f4a5b"));
  g_assert_false (fp_uuid_is_valid ("0f1e2d3c-4b5a-4978-8a9b-0c1d2e3f4a5"));
  g_assert_false (fp_uuid_is_valid ("0f1e2d3c-4b5a-4978-8a9b-0c1d2e3f4a5b "));
  g_assert_false (fp_uuid_is_valid ("../../etc/passwd-4978-8a9b-0c1d2e3f4"));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/base/random/below-stays-below", test_below_stays_below);
  g_test_add_func ("/base/random/odd-bounds", test_odd_bounds);
  g_test_add_func ("/base/random/seed-repeats", test_seed_repeats);
  g_test_add_func ("/base/random/uuid-is-version-4", test_uuid_is_version_4);
  g_test_add_func ("/base/random/uuid-wrong-is-refused", test_uuid_wrong_is_refused);

  return g_test_run ();
}
