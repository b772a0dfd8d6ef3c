#include "base/fp-json.h"
#include "fp-engine-fixture.h"

#include <string.h>

/* Submitting. */

static void
submit_moves_the_draft (FpEngineFixture *f,
                        gconstpointer    data)
{
  g_autoptr(FpDraft) draft = fp_engine_fixture_begin (f->engine, PLAIN_FORM, "http://127.0.0.1:9/submission");
  g_autofree char *uid = g_strdup (fp_draft_get_uid (draft));
  g_autofree char *instance_id = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = NULL;
  g_autoptr(FpItem) stored = NULL;
  const FpItemPart *part;

  fp_engine_fixture_answer (draft, "Anna");
  instance_id = g_strdup (fp_form_model_get_instance_id (fp_draft_get_model (draft)));
  item = fp_engine_fixture_submit (f->engine, draft, &error);
  g_assert_no_error (error);

  g_assert_cmpuint (fp_engine_fixture_count_drafts (f->engine), ==, 0);
  g_assert_cmpuint (fp_engine_fixture_count_items (f->engine), ==, 1);
  stored = fp_engine_fixture_get_item (f->engine, item->id);
  g_assert_cmpstr (stored->uid, ==, uid);
  g_assert_cmpstr (stored->instance_id, ==, instance_id);
  g_assert_cmpint (stored->state, ==, FP_ITEM_PENDING);
  g_assert_cmpint (stored->protocol, ==, FP_PROTOCOL_OPENROSA);
  g_assert_cmpstr (stored->host, ==, "http://127.0.0.1:9");
  g_assert_cmpstr (stored->tag, ==, "form-sync");
  g_assert_nonnull (stored->boundary);
  g_assert_cmpuint (stored->parts->len, ==, 1);
  part = g_ptr_array_index (stored->parts, 0);
  g_assert_cmpstr (part->name, ==, "xml_submission_file");
  g_assert_nonnull (g_strstr_len (g_bytes_get_data (part->data, NULL), part->size, instance_id));
  g_assert_nonnull (g_strstr_len (g_bytes_get_data (part->data, NULL), part->size, "Anna"));
}

static void
submit_names_the_first_question (FpEngineFixture *f,
                                 gconstpointer    data)
{
  g_autoptr(FpDraft) draft = fp_engine_fixture_begin (f->engine, PLAIN_FORM, "http://127.0.0.1:9/submission");
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = fp_engine_fixture_submit (f->engine, draft, &error);

  g_assert_null (item);
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_INVALID);
  g_assert_true (g_str_has_prefix (error->message, "Your name: "));
  g_assert_cmpuint (fp_engine_fixture_count_items (f->engine), ==, 0);
}

static void
submit_without_address_keeps_the_draft (FpEngineFixture *f,
                                        gconstpointer    data)
{
  g_autoptr(FpDraft) draft = fp_engine_fixture_begin (f->engine, PLAIN_FORM, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = NULL;

  fp_engine_fixture_answer (draft, "Anna");
  item = fp_engine_fixture_submit (f->engine, draft, &error);
  g_assert_null (item);
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_NO_ADDRESS);
  g_assert_cmpuint (fp_engine_fixture_count_items (f->engine), ==, 0);
  g_assert_cmpuint (fp_engine_fixture_count_drafts (f->engine), ==, 1);
  /* It goes on saving itself. */
  fp_engine_fixture_answer (draft, "Berta");
  fp_engine_fixture_flush (draft);
  g_assert_cmpint (fp_draft_get_state (draft), ==, FP_DRAFT_SAVED);
}

/* A save that comes late must not bring the draft back (design 3.1). */
static void
late_autosave_resurrects_nothing (FpEngineFixture *f,
                                  gconstpointer    data)
{
  g_autoptr(FpDraft) draft = fp_engine_fixture_begin (f->engine, PLAIN_FORM, "http://127.0.0.1:9/submission");
  g_autoptr(FpDraft) other = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = NULL;
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_engine_fixture_answer (draft, "Anna");
  fp_engine_fixture_flush (draft);
  other = fp_engine_fixture_open_draft (f->engine, fp_draft_get_uid (draft), &error);
  g_assert_no_error (error);
  item = fp_engine_fixture_submit (f->engine, draft, &error);
  g_assert_no_error (error);

  fp_engine_fixture_answer (other, "Berta");
  fp_draft_flush_async (other, NULL, fp_test_await_cb, &await);
  fp_draft_flush_finish (other, fp_test_await (&await), NULL);
  g_assert_cmpint (fp_draft_get_state (other), ==, FP_DRAFT_GONE);
  fp_engine_fixture_answer (draft, "Carla");
  g_assert_cmpuint (fp_engine_fixture_count_drafts (f->engine), ==, 0);
  g_assert_cmpuint (fp_engine_fixture_count_items (f->engine), ==, 1);
}

/* Two windows on one draft: one submission, and the second is told. */
static void
one_draft_is_submitted_once (FpEngineFixture *f,
                             gconstpointer    data)
{
  g_autoptr(FpDraft) draft = fp_engine_fixture_begin (f->engine, PLAIN_FORM, "http://127.0.0.1:9/submission");
  g_autoptr(FpDraft) other = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = NULL;
  g_autoptr(FpItem) second = NULL;

  fp_engine_fixture_answer (draft, "Anna");
  fp_engine_fixture_flush (draft);
  other = fp_engine_fixture_open_draft (f->engine, fp_draft_get_uid (draft), &error);
  g_assert_no_error (error);
  item = fp_engine_fixture_submit (f->engine, draft, &error);
  g_assert_no_error (error);
  second = fp_engine_fixture_submit (f->engine, other, &error);
  g_assert_null (second);
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND);
  g_assert_cmpuint (fp_engine_fixture_count_items (f->engine), ==, 1);
}

/* An autosave by another window between freeze and commit: neither text is lost, nothing is submitted. */
static void
newer_save_elsewhere_stops_submit (FpEngineFixture *f,
                                   gconstpointer    data)
{
  g_autoptr(FpDraft) draft = fp_engine_fixture_begin (f->engine, PLAIN_FORM, "http://127.0.0.1:9/submission");
  g_autoptr(FpDraft) other = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = NULL;

  fp_engine_fixture_answer (draft, "Anna");
  fp_engine_fixture_flush (draft);
  other = fp_engine_fixture_open_draft (f->engine, fp_draft_get_uid (draft), &error);
  g_assert_no_error (error);
  fp_engine_fixture_answer (other, "Berta");
  fp_engine_fixture_flush (other);

  item = fp_engine_fixture_submit (f->engine, draft, &error);
  g_assert_null (item);
  g_assert_nonnull (error);
  g_assert_cmpuint (fp_engine_fixture_count_items (f->engine), ==, 0);
  g_assert_cmpuint (fp_engine_fixture_count_drafts (f->engine), ==, 1);
}

static void
json_form_is_one_body (FpEngineFixture *f,
                       gconstpointer    data)
{
  g_autoptr(FpDraft) draft = fp_engine_fixture_begin (f->engine, JSON_FORM, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = NULL;
  g_autoptr(FpItem) stored = NULL;
  g_autoptr(JsonNode) node = NULL;
  const FpItemPart *part;

  fp_engine_fixture_answer (draft, "Anna");
  item = fp_engine_fixture_submit (f->engine, draft, &error);
  g_assert_no_error (error);
  stored = fp_engine_fixture_get_item (f->engine, item->id);
  g_assert_cmpint (stored->protocol, ==, FP_PROTOCOL_PLAIN);
  g_assert_cmpstr (stored->url, ==, "https://hook.example/in");
  g_assert_null (stored->boundary);
  g_assert_cmpuint (stored->parts->len, ==, 1);
  part = g_ptr_array_index (stored->parts, 0);
  g_assert_null (part->name);
  g_assert_cmpstr (part->media_type, ==, "application/json");
  node = fp_json_parse (g_bytes_get_data (part->data, NULL), part->size, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (fp_json_peek_string (json_node_get_object (node), "name"), ==, "Anna");
}

static void
attach (FpDraft    *draft,
        const char *content)
{
  FpFormModel *model = fp_draft_get_model (draft);
  g_autoptr(GInputStream) stream = g_memory_input_stream_new_from_data (content, -1, NULL);
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  fp_draft_attach_async (draft, fp_form_model_find (model, "photo"), stream, "site.jpg", "image/jpeg", NULL,
                         fp_test_await_cb, &await);
  fp_draft_attach_finish (draft, fp_test_await (&await), &error);
  g_assert_no_error (error);
}

/* OpenRosa servers go by the field name (Central) or by the file name (Kobo). */
static void
files_are_named_by_the_answer (FpEngineFixture *f,
                               gconstpointer    data)
{
  g_autoptr(FpDraft) draft = fp_engine_fixture_begin (f->engine, data, "http://127.0.0.1:9/submission");
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = NULL;
  g_autoptr(FpItem) stored = NULL;
  const FpItemPart *first, *file;

  fp_engine_fixture_answer (draft, "Anna");
  attach (draft, "not really a photo");
  item = fp_engine_fixture_submit (f->engine, draft, &error);
  g_assert_no_error (error);
  stored = fp_engine_fixture_get_item (f->engine, item->id);
  g_assert_cmpuint (stored->parts->len, ==, 2);
  first = g_ptr_array_index (stored->parts, 0);
  file = g_ptr_array_index (stored->parts, 1);
  g_assert_cmpstr (first->name, ==,
                   stored->protocol == FP_PROTOCOL_OPENROSA ? "xml_submission_file" : "data");
  g_assert_cmpstr (file->name, ==, file->filename);
  g_assert_cmpstr (file->media_type, ==, "image/jpeg");
  g_assert_nonnull (file->sha256);
  g_assert_nonnull (g_strstr_len (g_bytes_get_data (first->data, NULL), first->size, file->name));
  g_assert_cmpint (stored->body_size, ==, first->size + file->size);
}

/* A server would take the name alone, and say yes. */
static void
named_file_must_be_attached (FpEngineFixture *f,
                             gconstpointer    data)
{
  g_autoptr(FpDraft) draft = fp_engine_fixture_begin (f->engine, data, "http://127.0.0.1:9/submission");
  FpFormModel *model = fp_draft_get_model (draft);
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = NULL;

  fp_engine_fixture_answer (draft, "Anna");
  fp_form_model_set_value (model, fp_form_model_find (model, "photo"), "site.jpg");
  item = fp_engine_fixture_submit (f->engine, draft, &error);
  g_assert_null (item);
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "site.jpg"));
  g_assert_cmpuint (fp_engine_fixture_count_items (f->engine), ==, 0);
  g_assert_cmpuint (fp_engine_fixture_count_drafts (f->engine), ==, 1);
}

static void
closing_saves_what_was_typed (FpEngineFixture *f,
                              gconstpointer    data)
{
  g_autoptr(FpDraft) draft = fp_engine_fixture_begin (f->engine, PLAIN_FORM, NULL);
  g_autofree char *uid = g_strdup (fp_draft_get_uid (draft));
  g_autoptr(FpDraft) again = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_engine_fixture_answer (draft, "typed a moment ago");
  fp_engine_close_async (f->engine, NULL, fp_test_await_cb, &await);
  fp_engine_close_finish (f->engine, fp_test_await (&await), &error);
  g_assert_no_error (error);
  fp_test_await_clear (&await);
  g_clear_object (&draft);
  fp_test_finalize (f->engine);

  f->engine = fp_engine_fixture_open (f->folder);
  again = fp_engine_fixture_open_draft (f->engine, uid, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (fp_form_node_get_value (fp_form_model_find (fp_draft_get_model (again), "name")), ==,
                   "typed a moment ago");
}

int
main (int    argc,
      char **argv)
{
  /* No keyring in tests. */
  g_setenv ("FIELDPOST_SECRETS", "file", TRUE);
  g_test_init (&argc, &argv, NULL);

#define ADD(path, data, func) g_test_add ("/engine/" path, FpEngineFixture, data, fp_engine_fixture_setup, func, \
                                     fp_engine_fixture_teardown)
  ADD ("submit/moves-the-draft", NULL, submit_moves_the_draft);
  ADD ("submit/names-the-first-question", NULL, submit_names_the_first_question);
  ADD ("submit/without-address-keeps-the-draft", NULL, submit_without_address_keeps_the_draft);
  ADD ("submit/late-autosave-resurrects-nothing", NULL, late_autosave_resurrects_nothing);
  ADD ("submit/one-draft-is-submitted-once", NULL, one_draft_is_submitted_once);
  ADD ("submit/newer-save-elsewhere-stops-it", NULL, newer_save_elsewhere_stops_submit);
  ADD ("submit/json-form-is-one-body", NULL, json_form_is_one_body);
  ADD ("submit/openrosa-files-are-named-by-the-answer", PLAIN_FORM, files_are_named_by_the_answer);
  ADD ("submit/named-file-must-be-attached", PLAIN_FORM, named_file_must_be_attached);
  ADD ("submit/json-files-are-named-by-the-answer", JSON_FORM, files_are_named_by_the_answer);
  ADD ("close/saves-what-was-typed", NULL, closing_saves_what_was_typed);
#undef ADD

  return g_test_run ();
}
