#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include <glib/gstdio.h>

#include "fp-store-fixture.h"
#include "store/fp-blob.h"
#include "store/fp-draft-rows.h"
#include "store/fp-form-rows.h"

#define DAY   G_GINT64_CONSTANT (86400000)
#define HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

typedef FpStoreFixture Fixture;

static void
setup (Fixture      *f,
       gconstpointer data)
{
  fp_store_fixture_setup_closed (f, data);
  /* In the files' own time, since clean-up compares with it. */
  fp_test_finalize (f->clock);
  f->clock = fp_clock_new_fake (g_get_real_time () / 1000, 10 * DAY);
  f->store = fp_test_store_open (f->folder, f->clock);
}

static FpBlob *
import (Fixture    *f,
        const char *text,
        GError    **error)
{
  g_autoptr(GInputStream) stream = g_memory_input_stream_new_from_data (text, -1, NULL);
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_blob_import_async (f->store, stream, NULL, fp_test_await_cb, &await);
  return fp_blob_import_finish (f->store, fp_test_await (&await), error);
}

static char *
import_hello (Fixture *f)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(FpBlob) blob = import (f, "hello", &error);

  g_assert_no_error (error);
  g_assert_cmpstr (blob->sha256, ==, HELLO);
  g_assert_cmpint (blob->size, ==, 5);
  return fp_blob_dup_path (f->store, blob->sha256);
}

static guint
count_files (Fixture *f)
{
  g_autofree char *path = g_build_filename (f->folder, "blobs", NULL);
  g_autoptr(GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  return n;
}

static gpointer
check (FpStoreTxn *txn,
       gpointer    sha256,
       GError    **error)
{
  return GINT_TO_POINTER (fp_blob_check (txn, sha256, error));
}

static gpointer
clean (FpStoreTxn *txn,
       gpointer    data,
       GError    **error)
{
  g_autofree char *after = NULL;
  g_autoptr(GPtrArray) strays = NULL;
  guint n = 0;

  do
    n += fp_blob_clean (txn, &after, error);
  while (after);
  strays = fp_blob_list_strays (txn, error);
  while (strays && strays->len > 0)
    n += fp_blob_delete_strays (txn, strays, error);

  return GUINT_TO_POINTER (n);
}

static void
assert_clean (Fixture *f,
              guint    expected)
{
  g_autoptr(GError) error = NULL;
  gpointer n = fp_test_store_write (f->store, clean, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (GPOINTER_TO_UINT (n), ==, expected);
}

static gpointer
refer (FpStoreTxn *txn,
       gpointer    data,
       GError    **error)
{
  g_autoptr(FpFormRow) form = fp_form_row_new ();
  g_autoptr(FpDraftRow) draft = fp_draft_row_new ();
  g_autoptr(GBytes) xml = g_bytes_new_static ("<a/>", 4);
  FpDraftFile *file = g_new0 (FpDraftFile, 1);

  form->form_id = g_strdup ("f");
  form->title = g_strdup ("f");
  draft->uid = g_strdup ("uid");
  draft->instance = g_bytes_ref (xml);
  draft->files = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_draft_file_free);
  file->name = g_strdup ("a.txt");
  file->sha256 = g_strdup (HELLO);
  g_ptr_array_add (draft->files, file);
  if (fp_form_rows_add (txn, form, xml, error))
    {
      draft->form = form->id;
      fp_draft_rows_create (txn, draft, error);
    }

  return NULL;
}

static gpointer
unrefer (FpStoreTxn *txn,
         gpointer    data,
         GError    **error)
{
  fp_draft_rows_delete (txn, "uid", 1, error);
  return NULL;
}

static void
test_import_is_there_whole (Fixture      *f,
                            gconstpointer data)
{
  g_autofree char *path = import_hello (f);
  g_autofree char *again = import_hello (f);
  g_autofree char *text = NULL;
  struct stat file;

  g_assert_cmpstr (path, ==, again);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "hello");
  g_assert_cmpint (stat (path, &file), ==, 0);
  g_assert_cmpuint (file.st_mode & 0777, ==, 0600);
  g_assert_cmpuint (count_files (f), ==, 1);
  g_assert_nonnull (fp_test_store_read (f->store, check, (gpointer) HELLO, NULL));
}

static void
test_empty_is_a_blob (Fixture      *f,
                      gconstpointer data)
{
  g_autoptr(FpBlob) blob = import (f, "", NULL);

  g_assert_cmpint (blob->size, ==, 0);
  g_assert_nonnull (fp_test_store_read (f->store, check, blob->sha256, NULL));
}

static void
assert_check_fails (Fixture    *f,
                    const char *sha256)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (fp_test_store_read (f->store, check, (gpointer) sha256, &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND);
}

static void
test_missing_is_refused (Fixture      *f,
                         gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autoptr(GError) error = NULL;

  assert_check_fails (f, HELLO);
  path = import_hello (f);
  g_assert_true (g_file_set_contents (path, "hell", -1, NULL));
  assert_check_fails (f, HELLO);
  fp_test_store_write (f->store, refer, NULL, &error);
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_FAILED);
  g_remove (path);
  assert_check_fails (f, HELLO);
  g_free (path);
  path = import_hello (f); /* the same bytes repair it */
  g_assert_nonnull (fp_test_store_read (f->store, check, (gpointer) HELLO, NULL));
}

static void
test_bad_names_are_refused (Fixture      *f,
                            gconstpointer data)
{
  assert_check_fails (f, "");
  assert_check_fails (f, "../fieldpost.db");
  assert_check_fails (f, "2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824");
  assert_check_fails (f, HELLO "0");
}

/* 64 MiB of zeros from nowhere: the process must not grow with it. */
static void
test_large_needs_little_memory (Fixture      *f,
                                gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->folder, "large", NULL);
  g_autoptr(GFile) file = g_file_new_for_path (path);
  g_autoptr(GFileInputStream) stream = NULL;
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(FpBlob) blob = NULL;
  struct rusage before, after;

  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  g_assert_cmpint (truncate (path, 64 * 1024 * 1024), ==, 0);
  stream = g_file_read (file, NULL, NULL);
  getrusage (RUSAGE_SELF, &before);
  fp_blob_import_async (f->store, G_INPUT_STREAM (stream), NULL, fp_test_await_cb, &await);
  blob = fp_blob_import_finish (f->store, fp_test_await (&await), NULL);
  getrusage (RUSAGE_SELF, &after);
  g_assert_cmpint (blob->size, ==, 64 * 1024 * 1024);
  g_assert_cmpint (after.ru_maxrss - before.ru_maxrss, <, 8 * 1024);
}

static void
test_read_error_leaves_nothing (Fixture      *f,
                                gconstpointer data)
{
  g_autoptr(GInputStream) stream = g_memory_input_stream_new_from_data ("hello", -1, NULL);
  g_autoptr(GCancellable) cancelled = g_cancellable_new ();
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  g_cancellable_cancel (cancelled);
  fp_blob_import_async (f->store, stream, cancelled, fp_test_await_cb, &await);
  g_assert_null (fp_blob_import_finish (f->store, fp_test_await (&await), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  fp_test_await_clear (&await);
  g_clear_error (&error);
  g_input_stream_close (stream, NULL, NULL);
  fp_blob_import_async (f->store, stream, NULL, fp_test_await_cb, &await);
  g_assert_null (fp_blob_import_finish (f->store, fp_test_await (&await), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpuint (count_files (f), ==, 0);
}

static void
test_clean_waits_a_day (Fixture      *f,
                        gconstpointer data)
{
  g_autofree char *path = import_hello (f);

  assert_clean (f, 0); /* marks */
  fp_clock_advance (f->clock, DAY - 1);
  assert_clean (f, 0);
  fp_clock_advance (f->clock, 1);
  assert_clean (f, 1);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  assert_check_fails (f, HELLO);
  assert_clean (f, 0);
}

static void
test_clean_leaves_what_is_referred_to (Fixture      *f,
                                       gconstpointer data)
{
  g_autofree char *path = import_hello (f);
  g_autoptr(GError) error = NULL;

  assert_clean (f, 0);
  fp_test_store_write (f->store, refer, NULL, &error);
  g_assert_no_error (error);
  fp_clock_advance (f->clock, 10 * DAY);
  assert_clean (f, 0);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  /* Its time begins when the last reference goes. */
  fp_test_store_write (f->store, unrefer, NULL, &error);
  g_assert_no_error (error);
  assert_clean (f, 0);
  fp_clock_advance (f->clock, DAY);
  assert_clean (f, 1);
}

static void
test_clean_does_not_trust_a_jump (Fixture      *f,
                                  gconstpointer data)
{
  g_autofree char *path = import_hello (f);
  gint64 now = fp_clock_get_wall_ms (f->clock);

  assert_clean (f, 0);
  fp_clock_set_wall (f->clock, now + 365 * DAY);
  assert_clean (f, 0);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  /* Marked in the future, then the clock is put right: the mark is made anew. */
  fp_clock_set_wall (f->clock, now);
  fp_clock_advance (f->clock, 2 * DAY);
  assert_clean (f, 1);
}

static void
test_import_again_is_fresh (Fixture      *f,
                            gconstpointer data)
{
  g_autofree char *path = import_hello (f);
  g_autofree char *again = NULL;

  assert_clean (f, 0);
  fp_clock_advance (f->clock, 2 * DAY);
  again = import_hello (f);
  assert_clean (f, 0);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_clean_takes_strays (Fixture      *f,
                         gconstpointer data)
{
  g_autofree char *temporary = g_build_filename (f->folder, "blobs", "tmp-crashed", NULL);
  g_autofree char *fresh = g_build_filename (f->folder, "blobs", "tmp-running", NULL);
  g_autofree char *known = import_hello (f);
  struct utimbuf old = { 1000000000, 1000000000 };

  g_assert_true (g_file_set_contents (temporary, "half", -1, NULL));
  g_assert_true (g_file_set_contents (fresh, "half", -1, NULL));
  utime (temporary, &old);
  utime (known, &old);
  assert_clean (f, 1);
  g_assert_false (g_file_test (temporary, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (fresh, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (known, G_FILE_TEST_EXISTS));
}

static gpointer
verify (FpStoreTxn  *txn,
        gpointer     data,
        GError     **error)
{
  return fp_blob_verify (txn, error);
}

/* As long as before, and other bytes: only a look at all of them tells. */
static void
test_damage_is_put_aside (Fixture      *f,
                          gconstpointer data)
{
  g_autofree char *path = import_hello (f);
  g_autofree char *aside = g_strconcat (path, ".damaged", NULL);
  g_autofree char *again = NULL;
  g_autofree char *found = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_null (fp_test_store_read (f->store, verify, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_set_contents (path, "hellp", -1, NULL));
  found = fp_test_store_read (f->store, verify, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (found, ==, HELLO ".damaged");
  g_assert_true (g_file_test (aside, G_FILE_TEST_EXISTS));
  assert_check_fails (f, HELLO);

  /* Attached again it is whole. */
  again = import_hello (f);
  g_assert_nonnull (fp_test_store_read (f->store, check, HELLO, NULL));
  g_assert_null (fp_test_store_read (f->store, verify, NULL, NULL));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add ("/store/blob/" path, Fixture, NULL, setup, func, fp_store_fixture_teardown)
  ADD ("import-is-there-whole", test_import_is_there_whole);
  ADD ("empty-is-a-blob", test_empty_is_a_blob);
  ADD ("missing-is-refused", test_missing_is_refused);
  ADD ("damage-is-put-aside", test_damage_is_put_aside);
  ADD ("bad-names-are-refused", test_bad_names_are_refused);
  ADD ("large-needs-little-memory", test_large_needs_little_memory);
  ADD ("read-error-leaves-nothing", test_read_error_leaves_nothing);
  ADD ("import-again-is-fresh", test_import_again_is_fresh);
  ADD ("clean/waits-a-day", test_clean_waits_a_day);
  ADD ("clean/leaves-what-is-referred-to", test_clean_leaves_what_is_referred_to);
  ADD ("clean/does-not-trust-a-jump", test_clean_does_not_trust_a_jump);
  ADD ("clean/takes-strays", test_clean_takes_strays);

  return g_test_run ();
}
