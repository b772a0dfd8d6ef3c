#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "draft/fp-draft.h"
#include "fp-test-store.h"
#include "store/fp-form-rows.h"

static const char form_xml[]
    = "<h:html xmlns='http://www.w3.org/2002/xforms' xmlns:h='http://www.w3.org/1999/xhtml'"
      " xmlns:orx='http://openrosa.org/xforms'>"
      "<h:head><h:title>Site</h:title><model>"
      "<instance><data id='site' version='1'><name/><damaged/><photo/><plan/>"
      "<meta><orx:instanceID/></meta></data></instance>"
      "<bind nodeset='/data/name' type='string'/>"
      "<bind nodeset='/data/damaged' type='string'/>"
      "<bind nodeset='/data/photo' type='binary' relevant=\"/data/damaged = 'yes'\"/>"
      "<bind nodeset='/data/plan' type='binary'/>"
      "<bind nodeset='/data/meta/orx:instanceID' type='string' preload='uid'/>"
      "</model></h:head><h:body>"
      "<input ref='/data/name'><label>Name</label></input>"
      "<input ref='/data/damaged'><label>Damaged</label></input>"
      "<upload ref='/data/photo' mediatype='image/*'><label>Photo</label></upload>"
      "<upload ref='/data/plan' mediatype='image/*'><label>Plan</label></upload>"
      "</h:body></h:html>";

typedef struct
{
  char *folder;
  FpClock *clock;
  FpStore *store;
  FpFormDef *def;
  gint64 form;
  FpDraft *draft;
} Fixture;

static gpointer
add_form (FpStoreTxn *txn,
          gpointer    data,
          GError    **error)
{
  g_autoptr(FpFormRow) row = fp_form_row_new ();
  g_autoptr(GBytes) xml = g_bytes_new_static (form_xml, strlen (form_xml));

  row->form_id = g_strdup ("site");
  row->title = g_strdup ("Site");
  fp_form_rows_add (txn, row, xml, error);
  *(gint64 *) data = row->id;

  return NULL;
}

static void
setup (Fixture      *f,
       gconstpointer data)
{
  g_autoptr(GBytes) xml = g_bytes_new_static (form_xml, strlen (form_xml));
  g_autoptr(GError) error = NULL;

  f->folder = fp_test_make_folder ();
  f->clock = fp_clock_new_fake (1700000000000, 1000000);
  f->store = fp_test_store_open (f->folder, f->clock);
  fp_test_store_write (f->store, add_form, &f->form, &error);
  g_assert_no_error (error);
  f->def = fp_form_def_parse (xml, &error);
  g_assert_no_error (error);
  f->draft = fp_draft_new (f->store, f->form, f->def, &error);
  g_assert_no_error (error);
}

static void
teardown (Fixture      *f,
          gconstpointer data)
{
  g_clear_pointer (&f->draft, fp_test_finalize);
  fp_form_def_unref (f->def);
  fp_test_store_close (f->store);
  fp_test_finalize (f->clock);
  fp_test_remove_folder (f->folder);
  g_free (f->folder);
}

static FpFormNode *
node (FpDraft    *draft,
      const char *path)
{
  FpFormNode *found = fp_form_model_find (fp_draft_get_model (draft), path);

  g_assert_nonnull (found);
  return found;
}

static void
type (FpDraft    *draft,
      const char *text)
{
  fp_form_model_set_value (fp_draft_get_model (draft), node (draft, "/data/name"), text);
}

static void
wait_state (FpDraft     *draft,
            FpDraftState state)
{
  fp_test_until (fp_draft_get_state (draft) == state);
}

/* Types and lets the timer pass. */
static void
type_and_save (Fixture    *f,
               const char *text)
{
  type (f->draft, text);
  fp_clock_advance (f->clock, 500);
  wait_state (f->draft, FP_DRAFT_SAVED);
}

static gpointer
get_cb (FpStoreTxn *txn,
        gpointer    uid,
        GError    **error)
{
  return fp_draft_rows_get (txn, uid, error);
}

static FpDraftRow *
stored (Fixture *f,
        GError **error)
{
  return fp_test_store_read (f->store, get_cb, (gpointer) fp_draft_get_uid (f->draft), error);
}

static void
assert_stored (Fixture    *f,
               const char *text)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(FpDraftRow) row = stored (f, &error);
  g_autofree char *wanted = g_strdup_printf ("<name>%s</name>", text);
  g_autofree char *xml = NULL;

  g_assert_no_error (error);
  xml = g_strndup (g_bytes_get_data (row->instance, NULL), g_bytes_get_size (row->instance));
  g_assert_nonnull (strstr (xml, wanted));
}

static void
assert_nothing_stored (Fixture *f)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (stored (f, &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND);
}

static int
hold_write_lock (Fixture *f)
{
  g_autofree char *path = g_build_filename (f->folder, "write.lock", NULL);
  int fd = open (path, O_RDWR | O_CLOEXEC);

  fp_test_until (flock (fd, LOCK_EX | LOCK_NB) == 0);
  return fd;
}

static void
test_untouched_stores_nothing (Fixture      *f,
                               gconstpointer data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_clock_advance (f->clock, 100000);
  fp_draft_set_position (f->draft, "/data/name");
  fp_draft_flush_async (f->draft, NULL, fp_test_await_cb, &await);
  g_assert_true (fp_draft_flush_finish (f->draft, fp_test_await (&await), NULL));
  g_assert_cmpint (fp_draft_get_state (f->draft), ==, FP_DRAFT_EMPTY);
  g_assert_cmpint (fp_draft_get_revision (f->draft), ==, 0);
  assert_nothing_stored (f);
}

static void
test_timer_is_not_rearmed (Fixture      *f,
                           gconstpointer data)
{
  int i;

  for (i = 0; i < 10; i++)
    {
      g_autofree char *text = g_strdup_printf ("typed %d", i);

      type (f->draft, text);
      g_assert_cmpint (fp_draft_get_state (f->draft), ==, FP_DRAFT_DIRTY);
      fp_clock_advance (f->clock, 49);
    }
  /* 490 ms after the first one. */
  fp_test_drain ();
  g_assert_cmpint (fp_draft_get_state (f->draft), ==, FP_DRAFT_DIRTY);
  assert_nothing_stored (f);
  fp_clock_advance (f->clock, 10);
  g_assert_cmpint (fp_draft_get_state (f->draft), ==, FP_DRAFT_SAVING);
  wait_state (f->draft, FP_DRAFT_SAVED);
  assert_stored (f, "typed 9");
  g_assert_cmpint (fp_draft_get_revision (f->draft), ==, 1);
  g_assert_cmpint (fp_draft_get_saved_at (f->draft), ==, fp_clock_get_wall_ms (f->clock));
  /* And not again without a change. */
  fp_clock_advance (f->clock, 100000);
  g_assert_cmpint (fp_draft_get_state (f->draft), ==, FP_DRAFT_SAVED);
}

static void
test_saved_is_shown_only_when_it_is (Fixture      *f,
                                     gconstpointer data)
{
  int fd = hold_write_lock (f);

  type (f->draft, "one");
  fp_clock_advance (f->clock, 500);
  g_usleep (20000); /* the writer waits for the lock */
  fp_test_drain ();
  g_assert_cmpint (fp_draft_get_state (f->draft), ==, FP_DRAFT_SAVING);
  type (f->draft, "two"); /* not part of the running save */
  g_assert_cmpint (fp_draft_get_state (f->draft), ==, FP_DRAFT_SAVING);
  close (fd);
  wait_state (f->draft, FP_DRAFT_DIRTY);
  g_assert_cmpint (fp_draft_get_revision (f->draft), ==, 1);
  assert_stored (f, "one");
  /* Its own 500 ms began when it was typed. */
  fp_clock_advance (f->clock, 500);
  wait_state (f->draft, FP_DRAFT_SAVED);
  assert_stored (f, "two");
}

static void
test_timer_during_a_save_saves_again (Fixture      *f,
                                      gconstpointer data)
{
  int fd = hold_write_lock (f);

  type (f->draft, "one");
  fp_clock_advance (f->clock, 500);
  type (f->draft, "two");
  fp_clock_advance (f->clock, 500); /* the first save still runs */
  close (fd);
  wait_state (f->draft, FP_DRAFT_SAVED);
  assert_stored (f, "two");
  g_assert_cmpint (fp_draft_get_revision (f->draft), ==, 2);
}

static void
test_flush_saves_at_once (Fixture      *f,
                          gconstpointer data)
{
  g_auto(FpTestAwait) first = FP_TEST_AWAIT;
  g_auto(FpTestAwait) second = FP_TEST_AWAIT;
  int fd = hold_write_lock (f);

  type (f->draft, "one");
  fp_draft_flush_async (f->draft, NULL, fp_test_await_cb, &first);
  type (f->draft, "two");
  fp_draft_flush_async (f->draft, NULL, fp_test_await_cb, &second);
  fp_test_drain ();
  g_assert_null (first.result);
  close (fd);
  g_assert_true (fp_draft_flush_finish (f->draft, fp_test_await (&first), NULL));
  g_assert_true (fp_draft_flush_finish (f->draft, fp_test_await (&second), NULL));
  g_assert_cmpint (fp_draft_get_state (f->draft), ==, FP_DRAFT_SAVED);
  assert_stored (f, "two");
}

static void
test_flush_keeps_the_position (Fixture      *f,
                               gconstpointer data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(FpDraftRow) row = NULL;

  type_and_save (f, "one");
  fp_draft_set_position (f->draft, "/data/photo");
  g_assert_cmpint (fp_draft_get_state (f->draft), ==, FP_DRAFT_SAVED);
  fp_draft_flush_async (f->draft, NULL, fp_test_await_cb, &await);
  g_assert_true (fp_draft_flush_finish (f->draft, fp_test_await (&await), NULL));
  row = stored (f, NULL);
  g_assert_cmpstr (row->position, ==, "/data/photo");
}

static void
close_store (Fixture *f)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_store_close_async (f->store, NULL, fp_test_await_cb, &await);
  fp_store_close_finish (f->store, fp_test_await (&await), NULL);
}

static void
test_failure_is_retried (Fixture      *f,
                         gconstpointer data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  type_and_save (f, "one");
  close_store (f);
  type (f->draft, "two");
  fp_draft_flush_async (f->draft, NULL, fp_test_await_cb, &await);
  g_assert_false (fp_draft_flush_finish (f->draft, fp_test_await (&await), &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_CLOSED);
  g_assert_cmpint (fp_draft_get_state (f->draft), ==, FP_DRAFT_FAILED);
  g_assert_nonnull (fp_draft_get_error (f->draft));
  g_assert_cmpint (fp_draft_get_revision (f->draft), ==, 1);

  /* Still closed: the retry fails too and is tried again. */
  fp_clock_advance (f->clock, 2000);
  fp_test_drain ();
  g_assert_cmpint (fp_draft_get_state (f->draft), ==, FP_DRAFT_FAILED);
  g_clear_error (&error);
  fp_test_store_try_open (f->store, &error);
  g_assert_no_error (error);
  fp_clock_advance (f->clock, 1999);
  fp_test_drain ();
  g_assert_cmpint (fp_draft_get_state (f->draft), ==, FP_DRAFT_FAILED);
  fp_clock_advance (f->clock, 1);
  wait_state (f->draft, FP_DRAFT_SAVED);
  g_assert_null (fp_draft_get_error (f->draft));
  assert_stored (f, "two");
}

static void
test_failure_is_retried_at_a_change (Fixture      *f,
                                     gconstpointer data)
{
  g_autoptr(GError) error = NULL;

  close_store (f);
  type (f->draft, "one");
  fp_clock_advance (f->clock, 500);
  wait_state (f->draft, FP_DRAFT_FAILED);
  fp_test_store_try_open (f->store, &error);
  g_assert_no_error (error);
  type (f->draft, "two");
  wait_state (f->draft, FP_DRAFT_SAVED);
  assert_stored (f, "two");
  g_assert_cmpint (fp_draft_get_revision (f->draft), ==, 1);
}

static gpointer
submit_elsewhere (FpStoreTxn *txn,
                  gpointer    uid,
                  GError    **error)
{
  fp_draft_rows_delete (txn, uid, 1, error);
  return NULL;
}

static void
test_late_autosave_does_not_resurrect (Fixture      *f,
                                       gconstpointer data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  type_and_save (f, "one");
  type (f->draft, "two");
  fp_test_store_write (f->store, submit_elsewhere, (gpointer) fp_draft_get_uid (f->draft), &error);
  g_assert_no_error (error);
  fp_clock_advance (f->clock, 500);
  wait_state (f->draft, FP_DRAFT_GONE);
  g_assert_nonnull (fp_draft_get_error (f->draft));
  assert_nothing_stored (f);

  type (f->draft, "three");
  fp_clock_advance (f->clock, 10000);
  fp_draft_flush_async (f->draft, NULL, fp_test_await_cb, &await);
  g_assert_false (fp_draft_flush_finish (f->draft, fp_test_await (&await), &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND);
  assert_nothing_stored (f);
}

static void
test_second_window_is_told (Fixture      *f,
                            gconstpointer data)
{
  g_autoptr(FpDraftRow) row = NULL;
  g_autoptr(GError) error = NULL;
  FpDraft *other;

  type_and_save (f, "one");
  row = stored (f, NULL);
  other = fp_draft_new_from_row (f->store, row, f->def, &error);
  g_assert_no_error (error);
  type_and_save (f, "two");
  type (other, "theirs");
  fp_clock_advance (f->clock, 500);
  wait_state (other, FP_DRAFT_GONE);
  g_assert_nonnull (fp_draft_get_error (other));
  assert_stored (f, "two");
  type_and_save (f, "three"); /* the first one goes on */
  fp_test_finalize (other);
}

static void
test_ended_saves_no_more (Fixture      *f,
                          gconstpointer data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  int fd;

  type_and_save (f, "one");
  fd = hold_write_lock (f);
  type (f->draft, "two");
  fp_clock_advance (f->clock, 500); /* runs, and will come too late */
  fp_draft_end (f->draft);
  type (f->draft, "three");
  fp_clock_advance (f->clock, 5000);
  fp_draft_flush_async (f->draft, NULL, fp_test_await_cb, &await);
  close (fd);
  g_assert_true (fp_draft_flush_finish (f->draft, fp_test_await (&await), NULL));
  assert_stored (f, "two");
  fp_test_drain ();
  assert_stored (f, "two");
}

static void
test_running_save_of_an_ended_one_is_no_failure (Fixture      *f,
                                                 gconstpointer data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  type_and_save (f, "one");
  fp_store_write_async (f->store, submit_elsewhere, (gpointer) fp_draft_get_uid (f->draft), NULL, NULL, NULL,
                        NULL, NULL);
  type (f->draft, "two");
  fp_draft_flush_async (f->draft, NULL, fp_test_await_cb, &await);
  fp_draft_end (f->draft);
  g_assert_true (fp_draft_flush_finish (f->draft, fp_test_await (&await), &error));
  g_assert_null (fp_draft_get_error (f->draft));
  assert_nothing_stored (f);
}

static void
test_dropped_dirty_is_saved (Fixture      *f,
                             gconstpointer data)
{
  g_autofree char *uid = g_strdup (fp_draft_get_uid (f->draft));
  g_autoptr(FpDraftRow) row = NULL;
  g_autoptr(FpDraft) again = NULL;
  g_autoptr(GError) error = NULL;

  type (f->draft, "typed just now");
  g_clear_pointer (&f->draft, fp_test_finalize);
  close_store (f); /* waits for what was handed over */
  g_assert_true (fp_test_store_try_open (f->store, NULL));
  row = fp_test_store_read (f->store, get_cb, uid, &error);
  g_assert_no_error (error);
  again = fp_draft_new_from_row (f->store, row, f->def, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (fp_form_node_get_value (node (again, "/data/name")), ==, "typed just now");
}

static void
test_stored_draft_goes_on (Fixture      *f,
                           gconstpointer data)
{
  g_autofree char *uid = g_strdup (fp_draft_get_uid (f->draft));
  g_autofree char *instance_id
      = g_strdup (fp_form_model_get_instance_id (fp_draft_get_model (f->draft)));
  g_autofree char *expected = g_strconcat ("uuid:", uid, NULL);
  g_autoptr(FpDraftRow) row = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_cmpstr (instance_id, ==, expected);
  fp_draft_set_position (f->draft, "/data/name");
  type_and_save (f, "one");
  row = stored (f, NULL);
  fp_test_finalize (f->draft);
  f->draft = fp_draft_new_from_row (f->store, row, f->def, &error);
  g_assert_no_error (error);
  g_assert_cmpint (fp_draft_get_state (f->draft), ==, FP_DRAFT_SAVED);
  g_assert_cmpint (fp_draft_get_form (f->draft), ==, f->form);
  g_assert_cmpstr (fp_draft_get_uid (f->draft), ==, uid);
  g_assert_cmpstr (fp_form_model_get_instance_id (fp_draft_get_model (f->draft)), ==, instance_id);
  g_assert_cmpstr (fp_draft_get_position (f->draft), ==, "/data/name");
  g_assert_cmpint (fp_draft_get_saved_at (f->draft), ==, row->saved);
  fp_clock_advance (f->clock, 10000);
  g_assert_cmpint (fp_draft_get_state (f->draft), ==, FP_DRAFT_SAVED); /* a load is no change */
  type_and_save (f, "two");
  g_assert_cmpint (fp_draft_get_revision (f->draft), ==, 2);
  assert_stored (f, "two");
}

static gboolean
attach (Fixture    *f,
        const char *path,
        const char *name,
        const char *text,
        GError    **error)
{
  g_autoptr(GInputStream) stream = g_memory_input_stream_new_from_data (text, -1, NULL);
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_draft_attach_async (f->draft, node (f->draft, path), stream, name, "image/jpeg", NULL, fp_test_await_cb,
                         &await);
  return fp_draft_attach_finish (f->draft, fp_test_await (&await), error);
}

static void
assert_attached (Fixture    *f,
                 const char *path,
                 const char *name,
                 const char *text)
{
  g_autofree char *file = fp_draft_dup_file_path (f->draft, node (f->draft, path));
  g_autofree char *found = NULL;

  g_assert_cmpstr (fp_form_node_get_value (node (f->draft, path)), ==, name);
  g_assert_nonnull (file);
  g_assert_true (g_file_get_contents (file, &found, NULL, NULL));
  g_assert_cmpstr (found, ==, text);
}

static void
test_attached_file_is_kept (Fixture      *f,
                            gconstpointer data)
{
  g_autoptr(FpDraftRow) row = NULL;
  g_autoptr(GError) error = NULL;
  FpDraftFile *file;

  g_assert_null (fp_draft_dup_file_path (f->draft, node (f->draft, "/data/plan")));
  attach (f, "/data/plan", "some/where/plan.jpg", "bytes", &error);
  g_assert_no_error (error);
  assert_attached (f, "/data/plan", "plan.jpg", "bytes");
  wait_state (f->draft, FP_DRAFT_SAVED); /* without waiting for the timer */
  row = stored (f, NULL);
  g_assert_cmpuint (row->files->len, ==, 1);
  file = g_ptr_array_index (row->files, 0);
  g_assert_cmpstr (file->name, ==, "plan.jpg");
  g_assert_cmpstr (file->media_type, ==, "image/jpeg");
  g_assert_cmpint (file->size, ==, 5);

  fp_test_finalize (f->draft);
  f->draft = fp_draft_new_from_row (f->store, row, f->def, &error);
  g_assert_no_error (error);
  assert_attached (f, "/data/plan", "plan.jpg", "bytes");
}

static void
test_name_never_means_another_file (Fixture      *f,
                                    gconstpointer data)
{
  g_assert_true (attach (f, "/data/plan", "a.jpg", "first", NULL));
  g_assert_true (attach (f, "/data/plan", "a.jpg", "second", NULL));
  assert_attached (f, "/data/plan", "a-2.jpg", "second");
  g_assert_nonnull (fp_form_model_undo (fp_draft_get_model (f->draft)));
  if (g_str_equal (fp_form_node_get_value (node (f->draft, "/data/plan")), "a.jpg"))
    assert_attached (f, "/data/plan", "a.jpg", "first");
  g_assert_true (attach (f, "/data/plan", "a.jpg", "third", NULL));
  assert_attached (f, "/data/plan", "a-3.jpg", "third");
}

static void
test_names_are_made_harmless (Fixture      *f,
                              gconstpointer data)
{
  g_autofree char *endless = g_strnfill (5000, 'n');
  const char *value;

  g_assert_true (attach (f, "/data/plan", "../../..", "x", NULL));
  assert_attached (f, "/data/plan", "file", "x");
  g_assert_true (attach (f, "/data/plan", "a\"b\r\nX: y\\.jpg", "x", NULL));
  assert_attached (f, "/data/plan", "a_b__X_ y_.jpg", "x");
  g_assert_true (attach (f, "/data/plan", "\xff.png", "x", NULL));
  g_assert_true (g_utf8_validate (fp_form_node_get_value (node (f->draft, "/data/plan")), -1, NULL));
  g_assert_true (attach (f, "/data/plan", "Größe 1.jpg", "x", NULL));
  assert_attached (f, "/data/plan", "Größe 1.jpg", "x");
  g_assert_true (attach (f, "/data/plan", endless, "x", NULL));
  value = fp_form_node_get_value (node (f->draft, "/data/plan"));
  g_assert_cmpuint (strlen (value), <=, 255);
}

static void
test_file_of_a_hidden_question_stays (Fixture      *f,
                                      gconstpointer data)
{
  FpFormModel *model = fp_draft_get_model (f->draft);
  FpFormNode *damaged = node (f->draft, "/data/damaged");
  g_autoptr(FpDraftRow) row = NULL;

  fp_form_model_set_value (model, damaged, "yes");
  g_assert_true (attach (f, "/data/photo", "p.jpg", "photo", NULL));
  g_assert_cmpuint (fp_draft_list_files (f->draft)->len, ==, 1);
  fp_form_model_set_value (model, damaged, "no");
  g_assert_cmpuint (fp_draft_list_files (f->draft)->len, ==, 0); /* not submitted */
  fp_clock_advance (f->clock, 500);
  wait_state (f->draft, FP_DRAFT_SAVED);
  row = stored (f, NULL);
  g_assert_cmpuint (row->files->len, ==, 1); /* but kept: "yes" brings it back */
  fp_form_model_set_value (model, damaged, "yes");
  g_assert_cmpuint (fp_draft_list_files (f->draft)->len, ==, 1);
}

static void
test_attach_to_an_ended_draft_fails (Fixture      *f,
                                     gconstpointer data)
{
  g_autoptr(GError) error = NULL;

  fp_draft_end (f->draft);
  g_assert_false (attach (f, "/data/plan", "a.jpg", "x", &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND);
  g_assert_cmpstr (fp_form_node_get_value (node (f->draft, "/data/plan")), ==, "");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add ("/draft/" path, Fixture, NULL, setup, func, teardown)
  ADD ("untouched-stores-nothing", test_untouched_stores_nothing);
  ADD ("timer-is-not-rearmed", test_timer_is_not_rearmed);
  ADD ("saved-is-shown-only-when-it-is", test_saved_is_shown_only_when_it_is);
  ADD ("timer-during-a-save-saves-again", test_timer_during_a_save_saves_again);
  ADD ("flush/saves-at-once", test_flush_saves_at_once);
  ADD ("flush/keeps-the-position", test_flush_keeps_the_position);
  ADD ("failure/is-retried", test_failure_is_retried);
  ADD ("failure/is-retried-at-a-change", test_failure_is_retried_at_a_change);
  ADD ("late-autosave-does-not-resurrect", test_late_autosave_does_not_resurrect);
  ADD ("second-window-is-told", test_second_window_is_told);
  ADD ("ended/saves-no-more", test_ended_saves_no_more);
  ADD ("ended/running-save-is-no-failure", test_running_save_of_an_ended_one_is_no_failure);
  ADD ("dropped-dirty-is-saved", test_dropped_dirty_is_saved);
  ADD ("stored-goes-on", test_stored_draft_goes_on);
  ADD ("attach/file-is-kept", test_attached_file_is_kept);
  ADD ("attach/name-never-means-another-file", test_name_never_means_another_file);
  ADD ("attach/names-are-made-harmless", test_names_are_made_harmless);
  ADD ("attach/file-of-a-hidden-question-stays", test_file_of_a_hidden_question_stays);
  ADD ("attach/ended-fails", test_attach_to_an_ended_draft_fails);

  return g_test_run ();
}
