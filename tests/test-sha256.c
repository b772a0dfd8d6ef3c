#include "base/fp-sha256.h"

#include <string.h>

/* NIST's examples, FIPS 180-4: https://csrc.nist.gov/projects/cryptographic-standards-and-guidelines/example-values */
static void
test_known (void)
{
  const struct {
    const char *text;
    const char *hash;
  } known[] = {
    { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    {
      g_autofree char *hash = fp_sha256_of (known[i].text, strlen (known[i].text));

      g_assert_cmpstr (hash, ==, known[i].hash);
    }
}

static void
test_pieces (void)
{
  g_autofree guint8 *data = g_malloc (300000);
  g_autofree char *whole = NULL;
  g_autoptr(FpSha256) hash = fp_sha256_new ();

  for (guint i = 0; i < 300000; i++)
    data[i] = (guint8) g_test_rand_int ();
  whole = g_compute_checksum_for_data (G_CHECKSUM_SHA256, data, 300000);

  for (gsize done = 0; done < 300000;)
    {
      gsize n = (gsize) g_test_rand_int_range (0, 70000);

      n = MIN (n, 300000 - done);
      fp_sha256_update (hash, data + done, n);
      done += n;
    }
  g_assert_cmpstr (fp_sha256_get_string (hash), ==, whole);
  g_assert_cmpstr (fp_sha256_get_string (hash), ==, whole);
}

static void
test_abandoned (void)
{
  g_autoptr(FpSha256) hash = fp_sha256_new ();

  fp_sha256_update (hash, "half", 4);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/sha256/known", test_known);
  g_test_add_func ("/sha256/pieces-as-the-whole", test_pieces);
  g_test_add_func ("/sha256/abandoned-leaks-nothing", test_abandoned);

  return g_test_run ();
}
