#include "secret/fp-secret.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fp-test-secret.h"
#include "fp-test.h"

typedef struct
{
  char *folder;
  char *path;
} Fixture;

static void
setup (Fixture       *f,
       gconstpointer  data)
{
  f->folder = fp_test_make_folder ();
  f->path = g_build_filename (f->folder, "secrets.json", NULL);
}

static void
teardown (Fixture       *f,
          gconstpointer  data)
{
  g_unsetenv ("FIELDPOST_SECRETS");
  g_unsetenv ("CREDENTIALS_DIRECTORY");
  fp_test_remove_folder (f->folder);
  g_free (f->folder);
  g_free (f->path);
}

static void
test_memory (void)
{
  FpSecrets *secrets = fp_secrets_new_memory ();

  fp_test_secret_check_contract (secrets);
  fp_test_secret_end (secrets);
}

static void
test_file (Fixture       *f,
           gconstpointer  data)
{
  FpSecrets *secrets;
  FpSecrets *again;
  GStatBuf info;

  g_setenv ("FIELDPOST_SECRETS", "file", TRUE);
  secrets = fp_secrets_new (f->folder);
  fp_test_secret_check_contract (secrets);
  fp_test_secret_end (secrets);
  g_assert_cmpint (g_stat (f->path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);

  /* The file itself is the choice from now on. */
  g_unsetenv ("FIELDPOST_SECRETS");
  again = fp_secrets_new (f->folder);
  fp_test_secret_assert_secret (again, "b", THERE, "pa552");
  fp_test_secret_end (again);
}

static void
test_file_of_others (Fixture       *f,
                     gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  FpSecrets *secrets = fp_secrets_new (f->folder);

  g_file_set_contents (f->path, "{}", -1, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (f->path, 0644), ==, 0);
  fp_test_secret_assert_no_secret (secrets, "a", HERE, FP_SECRET_ERROR_FAILED);
  g_assert_false (fp_test_secret_store (secrets, "a", HERE, "pa55", &error));
  g_assert_error (error, FP_SECRET_ERROR, FP_SECRET_ERROR_FAILED);
  fp_test_secret_end (secrets);
}

/* A file that cannot be understood is never written over. */
static void
test_file_damaged (Fixture       *f,
                   gconstpointer  data)
{
  static const char *const texts[] = { "{\"a\":", "[]", "" };
  FpSecrets *secrets = fp_secrets_new (f->folder);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *after = NULL;

      g_file_set_contents_full (f->path, texts[i], -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error);
      g_chmod (f->path, 0600);
      g_assert_no_error (error);
      g_assert_false (fp_test_secret_store (secrets, "a", HERE, "pa55", &error));
      g_assert_nonnull (error);
      g_assert_true (g_file_get_contents (f->path, &after, NULL, NULL));
      g_assert_cmpstr (after, ==, texts[i]);
    }
  fp_test_secret_end (secrets);
}

/* Two programs that store at once must not lose each other's secrets. */
static void
test_file_together (Fixture       *f,
                    gconstpointer  data)
{
  FpTestAwait awaits[24] = { FP_TEST_AWAIT };
  FpSecrets *both[2];
  guint i;

  g_setenv ("FIELDPOST_SECRETS", "file", TRUE);
  both[0] = fp_secrets_new (f->folder);
  both[1] = fp_secrets_new (f->folder);
  for (i = 0; i < G_N_ELEMENTS (awaits); i++)
    {
      g_autofree char *id = g_strdup_printf ("id-%u", i);

      fp_secrets_store_async (both[i % 2], id, HERE, "label", id, NULL, fp_test_await_cb,
                              &awaits[i]);
    }
  for (i = 0; i < G_N_ELEMENTS (awaits); i++)
    {
      g_assert_true (fp_secrets_store_finish (both[i % 2], fp_test_await (&awaits[i]), NULL));
      fp_test_await_clear (&awaits[i]);
    }
  for (i = 0; i < G_N_ELEMENTS (awaits); i++)
    {
      g_autofree char *id = g_strdup_printf ("id-%u", i);

      fp_test_secret_assert_secret (both[0], id, HERE, id);
    }
  fp_test_secret_end (both[0]);
  fp_test_secret_end (both[1]);
}

static void
test_credentials (Fixture       *f,
                  gconstpointer  data)
{
  static const struct
  {
    const char *text;
    const char *origin; /* for which it is given out */
  } rows[] = {
    { "https://here.org\npa55\n", HERE },
    { "https://HERE.org/\npa55", HERE },
    { "https://here.org:443\npa55\r\n", HERE },
    { "http://[::1]\npa55\n", "http://[::1]:80" },
    { "http://[::1]:8080\npa55\n", "http://[::1]:8080" },
    { "http://box\npa55\n", "http://box:80" },
  };
  g_autofree char *file = g_build_filename (f->folder, "a", NULL);
  FpSecrets *secrets = fp_secrets_new (f->folder);
  guint i;

  g_setenv ("CREDENTIALS_DIRECTORY", f->folder, TRUE);
  for (i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_file_set_contents (file, rows[i].text, -1, NULL);
      fp_test_secret_assert_secret (secrets, "a", rows[i].origin, "pa55");
      fp_test_secret_assert_no_secret (secrets, "a", THERE, FP_SECRET_ERROR_ORIGIN);
    }
  g_file_set_contents (file, "pa55", -1, NULL);
  fp_test_secret_assert_no_secret (secrets, "a", HERE, FP_SECRET_ERROR_FAILED);
  fp_test_secret_end (secrets);
}

static void
test_credentials_stay_inside (Fixture       *f,
                              gconstpointer  data)
{
  g_autofree char *inner = g_build_filename (f->folder, "inner", NULL);
  g_autofree char *outside = g_build_filename (f->folder, "outside", NULL);
  FpSecrets *secrets;

  g_mkdir (inner, 0700);
  g_file_set_contents (outside, HERE "\npa55\n", -1, NULL);
  g_setenv ("CREDENTIALS_DIRECTORY", inner, TRUE);
  g_setenv ("FIELDPOST_SECRETS", "file", TRUE);
  secrets = fp_secrets_new (f->folder);
  fp_test_secret_assert_no_secret (secrets, "../outside", HERE, FP_SECRET_ERROR_NOT_FOUND);
  fp_test_secret_assert_no_secret (secrets, "", HERE, FP_SECRET_ERROR_NOT_FOUND);
  fp_test_secret_end (secrets);
}

static void
test_no_keyring (Fixture       *f,
                 gconstpointer  data)
{
  FpSecrets *secrets = fp_secrets_new (f->folder);
  g_autoptr(GError) error = NULL;
  gint64 start = g_get_monotonic_time ();

  fp_test_secret_assert_no_secret (secrets, "a", HERE, FP_SECRET_ERROR_UNAVAILABLE);
  g_assert_false (fp_test_secret_store (secrets, "a", HERE, "pa55", &error));
  g_assert_error (error, FP_SECRET_ERROR, FP_SECRET_ERROR_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, "FIELDPOST_SECRETS=file"));
  g_clear_error (&error);
  g_assert_false (fp_test_secret_forget (secrets, "a", &error));
  g_assert_error (error, FP_SECRET_ERROR, FP_SECRET_ERROR_UNAVAILABLE);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 3 * G_USEC_PER_SEC);
  fp_test_secret_end (secrets);
}

static void
test_split (void)
{
  static const struct
  {
    const char *pasted;
    const char *stored;
    const char *secret;
  } rows[] = {
    { "https://h.org/v1/key/a!b$c/projects/1", "https://h.org/v1/key/{secret}/projects/1", "a!b$c" },
    { "https://h.org/v1/key/abc", "https://h.org/v1/key/{secret}", "abc" },
    { "https://h.org/v1/test/abc/projects/1/forms/f/draft",
      "https://h.org/v1/test/{secret}/projects/1/forms/f/draft", "abc" },
    { "https://h.org/collector/a%2Fb/submission?x=1", "https://h.org/collector/{secret}/submission?x=1",
      "a%2Fb" },
    { "https://h.org/f?a=1&st=abc&b=2#c", "https://h.org/f?a=1&st={secret}&b=2#c", "abc" },
    { "https://h.org/f?st=abc", "https://h.org/f?st={secret}", "abc" },
    { "https://anna:p%40w@h.org/x", "https://anna:{secret}@h.org/x", "p@w" },
    { "https://anna:p@w@h.org/x", "https://anna:{secret}@h.org/x", "p@w" },
    { "https://anna:pw@h.org/v1/key/abc/x", "https://h.org/v1/key/{secret}/x", "abc" },
    { "https://h.org/v1/key/{secret}/x", "https://h.org/v1/key/{secret}/x", NULL },
    { "https://anna@h.org/x", "https://anna@h.org/x", NULL },
    { "https://anna:@h.org/x", "https://anna:@h.org/x", NULL },
    { "https://h.org/v1/key/", "https://h.org/v1/key/", NULL },
    { "https://h.org/v1/keys/abc", "https://h.org/v1/keys/abc", NULL },
    { "https://h.org/test/abc", "https://h.org/test/abc", NULL },
    { "https://h.org/x?test=abc&last=1&st=", "https://h.org/x?test=abc&last=1&st=", NULL },
    { "https://h.org/x#?st=abc", "https://h.org/x#?st=abc", NULL },
    { "https://h.org/x/a:b@c", "https://h.org/x/a:b@c", NULL },
    { "https://h.org", "https://h.org", NULL },
    { "no url", "no url", NULL },
    { "", "", NULL },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *secret = NULL;
      g_autofree char *stored = fp_secret_split_url (rows[i].pasted, &secret);

      g_assert_cmpstr (stored, ==, rows[i].stored);
      g_assert_cmpstr (secret, ==, rows[i].secret);
    }
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, setup, func, teardown)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus", TRUE);
  g_unsetenv ("FIELDPOST_SECRETS");
  g_unsetenv ("CREDENTIALS_DIRECTORY");

  g_test_add_func ("/secret/memory/is-bound-to-its-origin", test_memory);
  ADD ("/secret/file/is-bound-to-its-origin-and-private", test_file);
  ADD ("/secret/file/that-others-can-read-is-refused", test_file_of_others);
  ADD ("/secret/file/damaged-is-not-written-over", test_file_damaged);
  ADD ("/secret/file/two-programs-lose-nothing", test_file_together);
  ADD ("/secret/credentials/are-bound-to-their-origin", test_credentials);
  ADD ("/secret/credentials/stay-in-their-folder", test_credentials_stay_inside);
  ADD ("/secret/keyring/absent-says-what-to-do", test_no_keyring);
  g_test_add_func ("/secret/url/is-split", test_split);

  return g_test_run ();
}
