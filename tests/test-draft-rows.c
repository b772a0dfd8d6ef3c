#include "fp-store-fixture.h"
#include "store/fp-blob.h"
#include "store/fp-draft-rows.h"
#include "store/fp-form-rows.h"
#include "store/fp-item-rows.h"

#define DAY G_GINT64_CONSTANT (86400000)

typedef FpStoreFixture Fixture;

/* The row of the form that every draft is of. */
static gint64 form_id;

static gpointer
add_form (FpStoreTxn *txn,
          gpointer    data,
          GError    **error)
{
  g_autoptr(FpFormRow) row = fp_form_row_new ();
  g_autoptr(GBytes) xml = g_bytes_new_static ("<a/>", 4);

  row->form_id = g_strdup ("site");
  row->title = g_strdup ("Site inspection");
  fp_form_rows_add (txn, row, xml, error);
  *(gint64 *) data = row->id;

  return NULL;
}

static void
setup (Fixture      *f,
       gconstpointer data)
{
  fp_store_fixture_setup (f, data);
  fp_test_store_write (f->store, add_form, &form_id, NULL);
}

/* One step against the store; the row goes in and comes out. */
typedef enum {
  CREATE,
  SAVE,
  DISCARD,
  UNDO,
  DELETE,
} Step;

typedef struct
{
  Step step;
  FpDraftRow *row;
} Call;

static gpointer
call_cb (FpStoreTxn *txn,
         gpointer    data,
         GError    **error)
{
  Call *call = data;

  switch (call->step)
    {
    case CREATE:
      fp_draft_rows_create (txn, call->row, error);
      break;
    case SAVE:
      fp_draft_rows_save (txn, call->row, error);
      break;
    case DISCARD:
      fp_draft_rows_discard (txn, call->row->uid, error);
      break;
    case UNDO:
      fp_draft_rows_undo (txn, call->row->uid, error);
      break;
    case DELETE:
      fp_draft_rows_delete (txn, call->row->uid, call->row->revision, error);
      break;
    default:
      g_assert_not_reached ();
    }

  return NULL;
}

static void
run (Fixture    *f,
     Step        step,
     FpDraftRow *row)
{
  g_autoptr(GError) error = NULL;
  Call call = { step, row };

  fp_test_store_write (f->store, call_cb, &call, &error);
  g_assert_no_error (error);
}

static void
assert_fails (Fixture    *f,
              Step        step,
              FpDraftRow *row,
              int         code)
{
  g_autoptr(GError) error = NULL;
  Call call = { step, row };

  fp_test_store_write (f->store, call_cb, &call, &error);
  g_assert_error (error, FP_STORE_ERROR, code);
}

static void
set_instance (FpDraftRow *row,
              const char *text)
{
  g_clear_pointer (&row->instance, g_bytes_unref);
  row->instance = g_bytes_new (text, strlen (text));
}

static FpDraftRow *
make (Fixture    *f,
      const char *uid,
      const char *text)
{
  FpDraftRow *row = fp_draft_row_new ();

  row->uid = g_strdup (uid);
  row->form = form_id;
  row->title = g_strdup ("Mill Lane 4");
  row->position = g_strdup ("/data/name");
  set_instance (row, text);

  return row;
}

static gpointer
get_cb (FpStoreTxn *txn,
        gpointer    uid,
        GError    **error)
{
  return fp_draft_rows_get (txn, uid, error);
}

static void
assert_stored (Fixture    *f,
               const char *uid,
               gint64      revision,
               const char *text)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(FpDraftRow) row = fp_test_store_read (f->store, get_cb, (gpointer) uid, &error);

  g_assert_no_error (error);
  g_assert_cmpint (row->revision, ==, revision);
  g_assert_cmpmem (g_bytes_get_data (row->instance, NULL), g_bytes_get_size (row->instance), text,
                   strlen (text));
}

static void
assert_gone (Fixture    *f,
             const char *uid)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (fp_test_store_read (f->store, get_cb, (gpointer) uid, &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND);
}

static gpointer
list_cb (FpStoreTxn *txn,
         gpointer    data,
         GError    **error)
{
  return fp_draft_rows_list (txn, error);
}

static void
test_everything_comes_back (Fixture      *f,
                            gconstpointer data)
{
  g_autoptr(FpDraftRow) row = make (f, "one", "<data>\xc3\xa9</data>");
  g_autoptr(FpDraftRow) back = NULL;

  run (f, CREATE, row);
  g_assert_cmpint (row->id, >, 0);
  g_assert_cmpint (row->revision, ==, 1);
  g_assert_cmpint (row->created, ==, 1700000000000);
  back = fp_test_store_read (f->store, get_cb, (gpointer) "one", NULL);
  g_assert_cmpint (back->id, ==, row->id);
  g_assert_cmpint (back->form, ==, form_id);
  g_assert_cmpstr (back->form_title, ==, "Site inspection");
  g_assert_cmpstr (back->title, ==, "Mill Lane 4");
  g_assert_cmpstr (back->position, ==, "/data/name");
  g_assert_cmpint (back->saved, ==, 1700000000000);
  g_assert_cmpuint (back->files->len, ==, 0);
  assert_stored (f, "one", 1, "<data>\xc3\xa9</data>");
}

static void
test_older_revision_is_refused (Fixture      *f,
                                gconstpointer data)
{
  g_autoptr(FpDraftRow) row = make (f, "one", "1");

  run (f, CREATE, row);
  row->revision = 2;
  set_instance (row, "2");
  run (f, SAVE, row);
  set_instance (row, "late");
  assert_fails (f, SAVE, row, FP_STORE_ERROR_CHANGED); /* again 2 */
  row->revision = 1;
  assert_fails (f, SAVE, row, FP_STORE_ERROR_CHANGED);
  row->revision = 4; /* one was skipped: somebody else's */
  assert_fails (f, SAVE, row, FP_STORE_ERROR_CHANGED);
  assert_stored (f, "one", 2, "2");
}

static void
test_late_save_does_not_resurrect (Fixture      *f,
                                   gconstpointer data)
{
  g_autoptr(FpDraftRow) row = make (f, "one", "1");

  run (f, CREATE, row);
  run (f, DELETE, row);
  row->revision = 2;
  assert_fails (f, SAVE, row, FP_STORE_ERROR_NOT_FOUND);
  assert_gone (f, "one");
  assert_fails (f, DELETE, row, FP_STORE_ERROR_NOT_FOUND);
}

static gpointer
submit_cb (FpStoreTxn *txn,
           gpointer    data,
           GError    **error)
{
  FpDraftRow *row = data;
  g_autoptr(FpItem) item = fp_item_new ();

  item->kind = FP_ITEM_SUBMISSION;
  item->protocol = FP_PROTOCOL_OPENROSA;
  item->uid = g_strdup (row->uid);
  item->method = g_strdup ("POST");
  item->url = g_strdup ("u");
  item->host = g_strdup ("h");
  if (fp_item_rows_insert (txn, item, error))
    fp_draft_rows_delete (txn, row->uid, row->revision, error);

  return NULL;
}

static gpointer
count_cb (FpStoreTxn *txn,
          gpointer    data,
          GError    **error)
{
  g_autoptr(FpItemCounts) counts = fp_item_rows_count (txn, error);

  return GUINT_TO_POINTER (counts->waiting);
}

static void
test_submit_is_both_or_neither (Fixture      *f,
                                gconstpointer data)
{
  g_autoptr(FpDraftRow) row = make (f, "one", "1");
  g_autoptr(GError) error = NULL;

  run (f, CREATE, row);
  row->revision = 7; /* what was frozen is not what is stored */
  fp_test_store_write (f->store, submit_cb, row, &error);
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_CHANGED);
  g_clear_error (&error);
  assert_stored (f, "one", 1, "1");
  g_assert_null (fp_test_store_read (f->store, count_cb, NULL, NULL));

  row->revision = 1;
  fp_test_store_write (f->store, submit_cb, row, &error);
  g_assert_no_error (error);
  assert_gone (f, "one");
  g_assert_cmpuint (GPOINTER_TO_UINT (fp_test_store_read (f->store, count_cb, NULL, NULL)), ==, 1);
  /* Not even a late first save brings it back. */
  row->id = 0;
  assert_fails (f, CREATE, row, FP_STORE_ERROR_NOT_FOUND);
  assert_gone (f, "one");
}

static void
test_create_twice_is_refused (Fixture      *f,
                              gconstpointer data)
{
  g_autoptr(FpDraftRow) row = make (f, "one", "1");
  g_autoptr(FpDraftRow) again = make (f, "one", "2");

  run (f, CREATE, row);
  assert_fails (f, CREATE, again, FP_STORE_ERROR_CHANGED);
  assert_stored (f, "one", 1, "1");
}

static void
test_discard_can_be_undone (Fixture      *f,
                            gconstpointer data)
{
  g_autoptr(FpDraftRow) row = make (f, "one", "1");

  run (f, CREATE, row);
  run (f, DISCARD, row);
  assert_gone (f, "one");
  row->revision = 2;
  assert_fails (f, SAVE, row, FP_STORE_ERROR_NOT_FOUND);
  assert_fails (f, DISCARD, row, FP_STORE_ERROR_NOT_FOUND);
  row->revision = 1;
  assert_fails (f, DELETE, row, FP_STORE_ERROR_NOT_FOUND);
  run (f, UNDO, row);
  assert_stored (f, "one", 1, "1");
  assert_fails (f, UNDO, row, FP_STORE_ERROR_NOT_FOUND);
}

static void
test_list_is_newest_first (Fixture      *f,
                           gconstpointer data)
{
  g_autoptr(FpDraftRow) one = make (f, "one", "1");
  g_autoptr(FpDraftRow) two = make (f, "two", "1");
  g_autoptr(FpDraftRow) three = make (f, "three", "1");
  g_autoptr(GPtrArray) list = NULL;

  run (f, CREATE, one);
  fp_clock_advance (f->clock, 5);
  run (f, CREATE, two);
  run (f, CREATE, three);
  fp_clock_advance (f->clock, 5);
  one->revision = 2;
  run (f, SAVE, one);
  run (f, DISCARD, three);
  list = fp_test_store_read (f->store, list_cb, NULL, NULL);
  g_assert_cmpuint (list->len, ==, 2);
  g_assert_cmpstr (((FpDraftRow *) g_ptr_array_index (list, 0))->uid, ==, "one");
  g_assert_cmpstr (((FpDraftRow *) g_ptr_array_index (list, 0))->form_title, ==, "Site inspection");
  g_assert_null (((FpDraftRow *) g_ptr_array_index (list, 0))->instance);
  g_assert_cmpstr (((FpDraftRow *) g_ptr_array_index (list, 1))->uid, ==, "two");
}

static void
add_file (Fixture    *f,
          FpDraftRow *row,
          const char *name,
          const char *text)
{
  g_autoptr(GInputStream) stream = g_memory_input_stream_new_from_data (text, -1, NULL);
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(FpBlob) blob = NULL;
  FpDraftFile *file = g_new0 (FpDraftFile, 1);

  fp_blob_import_async (f->store, stream, NULL, fp_test_await_cb, &await);
  blob = fp_blob_import_finish (f->store, fp_test_await (&await), NULL);
  file->name = g_strdup (name);
  file->sha256 = g_strdup (blob->sha256);
  if (!row->files)
    row->files = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_draft_file_free);
  g_ptr_array_add (row->files, file);
}

/* "a.jpg:3 b.jpg:5": names and sizes. */
static void
assert_files (Fixture    *f,
              const char *expected)
{
  g_autoptr(FpDraftRow) row = fp_test_store_read (f->store, get_cb, (gpointer) "one", NULL);
  g_autoptr(GString) text = g_string_new (NULL);
  guint i;

  for (i = 0; i < row->files->len; i++)
    {
      FpDraftFile *file = g_ptr_array_index (row->files, i);

      g_string_append_printf (text, "%s%s:%" G_GINT64_FORMAT, i ? " " : "", file->name, file->size);
    }
  g_assert_cmpstr (text->str, ==, expected);
}

static void
test_files_follow_the_row (Fixture      *f,
                           gconstpointer data)
{
  g_autoptr(FpDraftRow) row = make (f, "one", "1");
  FpDraftFile *bad;

  add_file (f, row, "a.jpg", "aaa");
  run (f, CREATE, row);
  assert_files (f, "a.jpg:3");
  add_file (f, row, "b.jpg", "bbbbb");
  row->revision = 2;
  run (f, SAVE, row);
  assert_files (f, "a.jpg:3 b.jpg:5");
  /* Other bytes under the same name. */
  g_ptr_array_remove_index (row->files, 0);
  add_file (f, row, "a.jpg", "aaaaaaa");
  row->revision = 3;
  run (f, SAVE, row);
  assert_files (f, "a.jpg:7 b.jpg:5");
  g_ptr_array_set_size (row->files, 0);
  row->revision = 4;
  run (f, SAVE, row);
  assert_files (f, "");

  /* A blob that is not there is no reason to stop saving for ever, so it is not NOT_FOUND. */
  bad = g_new0 (FpDraftFile, 1);
  bad->name = g_strdup ("c.jpg");
  bad->sha256 = g_strnfill (64, 'c');
  g_ptr_array_add (row->files, bad);
  row->revision = 5;
  assert_fails (f, SAVE, row, FP_STORE_ERROR_FAILED);
  assert_stored (f, "one", 4, "1");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add ("/store/draft/" path, Fixture, NULL, setup, func, fp_store_fixture_teardown)
  ADD ("everything-comes-back", test_everything_comes_back);
  ADD ("older-revision-is-refused", test_older_revision_is_refused);
  ADD ("late-save-does-not-resurrect", test_late_save_does_not_resurrect);
  ADD ("submit-is-both-or-neither", test_submit_is_both_or_neither);
  ADD ("create-twice-is-refused", test_create_twice_is_refused);
  ADD ("discard-can-be-undone", test_discard_can_be_undone);
  ADD ("list-is-newest-first", test_list_is_newest_first);
  ADD ("files-follow-the-row", test_files_follow_the_row);

  return g_test_run ();
}
