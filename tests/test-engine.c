#include "base/fp-json.h"
#include "engine/fp-engine.h"
#include "fp-test-server.h"
#include "fp-test.h"

#include <glib/gstdio.h>
#include <string.h>

#define FORM_HEAD \
  "<h:html xmlns='http://www.w3.org/2002/xforms' xmlns:h='http://www.w3.org/1999/xhtml' " \
  "xmlns:jr='http://openrosa.org/javarosa' xmlns:orx='http://openrosa.org/xforms'>" \
  "<h:head><h:title>Visit</h:title><model><instance><data id='visit' version='1'><name/><photo/>" \
  "<orx:meta><orx:instanceID/></orx:meta></data></instance>" \
  "<bind nodeset='/data/name' type='string' required='true()'/><bind nodeset='/data/photo' type='binary'/>" \
  "<bind nodeset='/data/orx:meta/orx:instanceID' type='string' readonly='true()' jr:preload='uid'/>"
#define FORM_TAIL \
  "</model></h:head><h:body><input ref='/data/name'><label>Your name</label></input>" \
  "<upload ref='/data/photo' mediatype='image/*'><label>Photo</label></upload></h:body></h:html>"
#define PLAIN_FORM FORM_HEAD FORM_TAIL
#define JSON_FORM \
  FORM_HEAD "<submission serialization='application/json' action='https://hook.example/in' method='post'/>" FORM_TAIL

typedef struct {
  char     *folder;
  FpEngine *engine;
} Fixture;

static FpEngine *
open_engine (const char *folder)
{
  FpEngine *engine = fp_engine_new (folder, NULL);
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  fp_engine_open_async (engine, NULL, fp_test_await_cb, &await);
  fp_engine_open_finish (engine, fp_test_await (&await), &error);
  g_assert_no_error (error);

  return engine;
}

static void
close_engine (FpEngine *engine)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  fp_engine_close_async (engine, NULL, fp_test_await_cb, &await);
  fp_engine_close_finish (engine, fp_test_await (&await), &error);
  g_assert_no_error (error);
  fp_test_await_clear (&await);
  fp_test_finalize (engine);
}

static void
setup (Fixture       *f,
       gconstpointer  data)
{
  f->folder = fp_test_make_folder ();
  f->engine = open_engine (f->folder);
}

static void
teardown (Fixture       *f,
          gconstpointer  data)
{
  close_engine (f->engine);
  fp_test_remove_folder (f->folder);
  g_free (f->folder);
}

/* Calls without callbacks. */

static FpFormRow *
add_form (FpEngine    *engine,
          const char  *xml,
          const char  *url,
          GError     **error)
{
  g_autoptr(GBytes) bytes = g_bytes_new (xml, strlen (xml));
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_engine_add_form_async (engine, bytes, url, NULL, fp_test_await_cb, &await);
  return fp_engine_add_form_finish (engine, fp_test_await (&await), error);
}

static FpDraft *
begin (FpEngine   *engine,
       const char *xml,
       const char *url)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(FpFormRow) form = add_form (engine, xml, url, &error);
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  FpDraft *draft;

  g_assert_no_error (error);
  fp_engine_begin_async (engine, form->id, NULL, fp_test_await_cb, &await);
  draft = fp_engine_begin_finish (engine, fp_test_await (&await), &error);
  g_assert_no_error (error);

  return draft;
}

static FpDraft *
open_draft (FpEngine    *engine,
            const char  *uid,
            GError     **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_engine_open_draft_async (engine, uid, NULL, fp_test_await_cb, &await);
  return fp_engine_open_draft_finish (engine, fp_test_await (&await), error);
}

static void
answer (FpDraft    *draft,
        const char *value)
{
  FpFormModel *model = fp_draft_get_model (draft);

  fp_form_model_set_value (model, fp_form_model_find (model, "name"), value);
}

static FpItem *
submit (FpEngine *engine,
        FpDraft  *draft,
        GError  **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_engine_submit_async (engine, draft, NULL, fp_test_await_cb, &await);
  return fp_engine_submit_finish (engine, fp_test_await (&await), error);
}

static void
flush (FpDraft *draft)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  fp_draft_flush_async (draft, NULL, fp_test_await_cb, &await);
  fp_draft_flush_finish (draft, fp_test_await (&await), &error);
  g_assert_no_error (error);
}

static FpItem *
enqueue (FpEngine  *engine,
         FpEnqueue *request,
         GError   **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_engine_enqueue_async (engine, request, NULL, fp_test_await_cb, &await);
  return fp_engine_enqueue_finish (engine, fp_test_await (&await), error);
}

static FpItem *
get_item (FpEngine *engine,
          gint64    id)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  FpItem *item;

  fp_engine_get_item_async (engine, id, NULL, fp_test_await_cb, &await);
  item = fp_engine_get_item_finish (engine, fp_test_await (&await), NULL, &error);
  g_assert_no_error (error);

  return item;
}

static guint
count_items (FpEngine *engine)
{
  FpItemQuery query = { .states = ~0u };
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) items = NULL;

  fp_engine_list_items_async (engine, &query, NULL, fp_test_await_cb, &await);
  items = fp_engine_list_items_finish (engine, fp_test_await (&await), &error);
  g_assert_no_error (error);

  return items->len;
}

static guint
count_drafts (FpEngine *engine)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) drafts = NULL;

  fp_engine_list_drafts_async (engine, NULL, fp_test_await_cb, &await);
  drafts = fp_engine_list_drafts_finish (engine, fp_test_await (&await), &error);
  g_assert_no_error (error);

  return drafts->len;
}

static guint
count_forms (FpEngine *engine)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) forms = NULL;

  fp_engine_list_forms_async (engine, NULL, fp_test_await_cb, &await);
  forms = fp_engine_list_forms_finish (engine, fp_test_await (&await), &error);
  g_assert_no_error (error);

  return forms->len;
}

static gint
act (FpEngine    *engine,
     FpAct        what,
     gint64       first,
     gint64       second,
     GError     **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  g_array_append_val (ids, first);
  if (second)
    g_array_append_val (ids, second);
  fp_engine_act_async (engine, what, ids, NULL, fp_test_await_cb, &await);

  return fp_engine_act_finish (engine, fp_test_await (&await), error);
}

/* TRUE if some file of the store holds @text. */
static gboolean
store_holds (const char *folder,
             const char *text)
{
  static const char * const names[] = { "fieldpost.db", "fieldpost.db-wal" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (folder, names[i], NULL);
      g_autofree char *bytes = NULL;
      gsize length = 0;

      if (g_file_get_contents (path, &bytes, &length, NULL) && memmem (bytes, length, text, strlen (text)))
        return TRUE;
    }

  return FALSE;
}

/* Submitting. */

static void
submit_moves_the_draft (Fixture       *f,
                        gconstpointer  data)
{
  g_autoptr(FpDraft) draft = begin (f->engine, PLAIN_FORM, "http://127.0.0.1:9/submission");
  g_autofree char *uid = g_strdup (fp_draft_get_uid (draft));
  g_autofree char *instance_id = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = NULL;
  g_autoptr(FpItem) stored = NULL;
  const FpItemPart *part;

  answer (draft, "Anna");
  instance_id = g_strdup (fp_form_model_get_instance_id (fp_draft_get_model (draft)));
  item = submit (f->engine, draft, &error);
  g_assert_no_error (error);

  g_assert_cmpuint (count_drafts (f->engine), ==, 0);
  g_assert_cmpuint (count_items (f->engine), ==, 1);
  stored = get_item (f->engine, item->id);
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
submit_names_the_first_question (Fixture       *f,
                                 gconstpointer  data)
{
  g_autoptr(FpDraft) draft = begin (f->engine, PLAIN_FORM, "http://127.0.0.1:9/submission");
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = submit (f->engine, draft, &error);

  g_assert_null (item);
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_INVALID);
  g_assert_true (g_str_has_prefix (error->message, "Your name: "));
  g_assert_cmpuint (count_items (f->engine), ==, 0);
}

static void
submit_without_address_keeps_the_draft (Fixture       *f,
                                        gconstpointer  data)
{
  g_autoptr(FpDraft) draft = begin (f->engine, PLAIN_FORM, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = NULL;

  answer (draft, "Anna");
  item = submit (f->engine, draft, &error);
  g_assert_null (item);
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_NO_ADDRESS);
  g_assert_cmpuint (count_items (f->engine), ==, 0);
  g_assert_cmpuint (count_drafts (f->engine), ==, 1);
  /* It goes on saving itself. */
  answer (draft, "Berta");
  flush (draft);
  g_assert_cmpint (fp_draft_get_state (draft), ==, FP_DRAFT_SAVED);
}

/* A save that comes late must not bring the draft back (design 3.1). */
static void
late_autosave_resurrects_nothing (Fixture       *f,
                                  gconstpointer  data)
{
  g_autoptr(FpDraft) draft = begin (f->engine, PLAIN_FORM, "http://127.0.0.1:9/submission");
  g_autoptr(FpDraft) other = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = NULL;
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  answer (draft, "Anna");
  flush (draft);
  other = open_draft (f->engine, fp_draft_get_uid (draft), &error);
  g_assert_no_error (error);
  item = submit (f->engine, draft, &error);
  g_assert_no_error (error);

  answer (other, "Berta");
  fp_draft_flush_async (other, NULL, fp_test_await_cb, &await);
  fp_draft_flush_finish (other, fp_test_await (&await), NULL);
  g_assert_cmpint (fp_draft_get_state (other), ==, FP_DRAFT_GONE);
  answer (draft, "Carla");
  g_assert_cmpuint (count_drafts (f->engine), ==, 0);
  g_assert_cmpuint (count_items (f->engine), ==, 1);
}

/* Two windows on one draft: one submission, and the second is told. */
static void
one_draft_is_submitted_once (Fixture       *f,
                             gconstpointer  data)
{
  g_autoptr(FpDraft) draft = begin (f->engine, PLAIN_FORM, "http://127.0.0.1:9/submission");
  g_autoptr(FpDraft) other = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = NULL;
  g_autoptr(FpItem) second = NULL;

  answer (draft, "Anna");
  flush (draft);
  other = open_draft (f->engine, fp_draft_get_uid (draft), &error);
  g_assert_no_error (error);
  item = submit (f->engine, draft, &error);
  g_assert_no_error (error);
  second = submit (f->engine, other, &error);
  g_assert_null (second);
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND);
  g_assert_cmpuint (count_items (f->engine), ==, 1);
}

/* An autosave by another window between freeze and commit: neither text is lost, nothing is submitted. */
static void
newer_save_elsewhere_stops_submit (Fixture       *f,
                                   gconstpointer  data)
{
  g_autoptr(FpDraft) draft = begin (f->engine, PLAIN_FORM, "http://127.0.0.1:9/submission");
  g_autoptr(FpDraft) other = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = NULL;

  answer (draft, "Anna");
  flush (draft);
  other = open_draft (f->engine, fp_draft_get_uid (draft), &error);
  g_assert_no_error (error);
  answer (other, "Berta");
  flush (other);

  item = submit (f->engine, draft, &error);
  g_assert_null (item);
  g_assert_nonnull (error);
  g_assert_cmpuint (count_items (f->engine), ==, 0);
  g_assert_cmpuint (count_drafts (f->engine), ==, 1);
}

static void
json_form_is_one_body (Fixture       *f,
                       gconstpointer  data)
{
  g_autoptr(FpDraft) draft = begin (f->engine, JSON_FORM, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = NULL;
  g_autoptr(FpItem) stored = NULL;
  g_autoptr(JsonNode) node = NULL;
  const FpItemPart *part;

  answer (draft, "Anna");
  item = submit (f->engine, draft, &error);
  g_assert_no_error (error);
  stored = get_item (f->engine, item->id);
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
files_are_named_by_the_answer (Fixture       *f,
                               gconstpointer  data)
{
  g_autoptr(FpDraft) draft = begin (f->engine, data, "http://127.0.0.1:9/submission");
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = NULL;
  g_autoptr(FpItem) stored = NULL;
  const FpItemPart *first, *file;

  answer (draft, "Anna");
  attach (draft, "not really a photo");
  item = submit (f->engine, draft, &error);
  g_assert_no_error (error);
  stored = get_item (f->engine, item->id);
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

static void
closing_saves_what_was_typed (Fixture       *f,
                              gconstpointer  data)
{
  g_autoptr(FpDraft) draft = begin (f->engine, PLAIN_FORM, NULL);
  g_autofree char *uid = g_strdup (fp_draft_get_uid (draft));
  g_autoptr(FpDraft) again = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  answer (draft, "typed a moment ago");
  fp_engine_close_async (f->engine, NULL, fp_test_await_cb, &await);
  fp_engine_close_finish (f->engine, fp_test_await (&await), &error);
  g_assert_no_error (error);
  fp_test_await_clear (&await);
  g_clear_object (&draft);
  fp_test_finalize (f->engine);

  f->engine = open_engine (f->folder);
  again = open_draft (f->engine, uid, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (fp_form_node_get_value (fp_form_model_find (fp_draft_get_model (again), "name")), ==,
                   "typed a moment ago");
}

/* Any request. */

static void
bad_request_changes_nothing (Fixture       *f,
                             gconstpointer  data)
{
  static const struct {
    const char *url, *method, *header, *value, *tag, *names;
  } bad[] = {
    { "ftp://example.org/x", NULL, NULL, NULL, NULL, "web address" },
    { "http://example.org/x", "GE T", NULL, NULL, NULL, "GE T" },
    { "http://example.org/x", "CONNECT", NULL, NULL, NULL, "CONNECT" },
    { "http://example.org/x", NULL, "X-A\r\nHost", "x", NULL, "header" },
    { "http://example.org/x", NULL, "X-A", "x\r\nX-B: y", NULL, "X-A" },
    { "http://example.org/x", NULL, "Content-Length", "3", NULL, "Content-Length" },
    { "http://example.org/x", NULL, "Host", "evil.example", NULL, "Host" },
    { "http://example.org/x", NULL, NULL, NULL, "a\nb", "tag" },
    { "http://example.org/x", NULL, NULL, NULL, "", "tag" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      FpEnqueue *request = fp_enqueue_new (bad[i].url);
      g_autoptr(GError) error = NULL;
      g_autoptr(FpItem) item = NULL;

      request->method = g_strdup (bad[i].method);
      request->tag = g_strdup (bad[i].tag);
      request->headers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
      if (bad[i].header)
        g_hash_table_insert (request->headers, g_strdup (bad[i].header), g_strdup (bad[i].value));
      item = enqueue (f->engine, request, &error);
      g_assert_null (item);
      g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE);
      if (!strstr (error->message, bad[i].names))
        g_error ("“%s” does not name “%s”", error->message, bad[i].names);
    }
  g_assert_cmpuint (count_items (f->engine), ==, 0);
}

static void
missing_file_is_named (Fixture       *f,
                       gconstpointer  data)
{
  FpEnqueue *request = fp_enqueue_new ("http://example.org/x");
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = NULL;

  fp_enqueue_add_part (request, "file", "a", NULL, NULL, "/nonexistent/photo.jpg");
  item = enqueue (f->engine, request, &error);
  g_assert_null (item);
  g_assert_nonnull (strstr (error->message, "/nonexistent/photo.jpg"));
  g_assert_cmpuint (count_items (f->engine), ==, 0);
}

static void
secrets_never_reach_the_store (Fixture       *f,
                               gconstpointer  data)
{
  FpEnqueue *request = fp_enqueue_new ("https://example.org/v1/key/"
                                       "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz01/submission");
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = enqueue (f->engine, request, &error);
  g_autoptr(FpItem) bearer = NULL;
  g_autoptr(FpItem) both = NULL;
  g_autoptr(FpItem) again = NULL;

  g_assert_no_error (error);
  g_assert_nonnull (strstr (item->url, "{secret}"));
  g_assert_nonnull (item->secret_id);
  g_assert_false (store_holds (f->folder, "abcdefghijklmnopqrstuvwxyz0123456789"));

  for (guint i = 0; i < 2; i++)
    {
      request = fp_enqueue_new ("https://example.org/hook");
      request->headers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
      g_hash_table_insert (request->headers, g_strdup ("Authorization"), g_strdup ("Bearer s3cr3t-of-anna"));
      g_clear_pointer (&again, fp_item_free);
      again = g_steal_pointer (&bearer);
      bearer = enqueue (f->engine, request, &error);
      g_assert_no_error (error);
    }
  g_assert_cmpstr (bearer->headers, ==, "{\"Authorization\":\"Bearer {secret}\"}");
  g_assert_false (store_holds (f->folder, "s3cr3t-of-anna"));
  /* The same secret is one entry; another one of the same origin is another. */
  g_assert_cmpstr (bearer->secret_id, ==, again->secret_id);
  g_assert_cmpstr (bearer->secret_id, !=, item->secret_id);

  request = fp_enqueue_new ("https://anna:pass@example.org/hook");
  request->headers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_insert (request->headers, g_strdup ("X-API-Key"), g_strdup ("other"));
  both = enqueue (f->engine, request, &error);
  g_assert_null (both);
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE);
}

static void
large_body_goes_to_a_file (Fixture       *f,
                           gconstpointer  data)
{
  g_autofree char *bytes = g_strnfill (200000, 'x');
  g_autoptr(GBytes) body = g_bytes_new (bytes, 200000);
  FpEnqueue *request = fp_enqueue_new ("http://example.org/x");
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = NULL;
  g_autoptr(FpItem) stored = NULL;
  const FpItemPart *part;

  fp_enqueue_add_part (request, NULL, NULL, "text/plain", body, NULL);
  item = enqueue (f->engine, request, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (item->method, ==, "POST");
  stored = get_item (f->engine, item->id);
  part = g_ptr_array_index (stored->parts, 0);
  g_assert_null (part->data);
  g_assert_nonnull (part->sha256);
  g_assert_cmpint (stored->body_size, ==, 200000);
}

/* Acts. */

static void
acts_are_all_or_nothing (Fixture       *f,
                         gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) first = enqueue (f->engine, fp_enqueue_new ("http://example.org/1"), &error);
  g_autoptr(FpItem) second = enqueue (f->engine, fp_enqueue_new ("http://example.org/2"), &error);
  g_autoptr(FpItem) stored = NULL;
  g_autofree char *number = g_strdup_printf ("item %" G_GINT64_FORMAT, second->id);

  g_assert_cmpint (act (f->engine, FP_ACT_DISCARD, second->id, 0, &error), ==, 1);
  g_assert_no_error (error);
  g_assert_cmpint (act (f->engine, FP_ACT_DISCARD, first->id, second->id, &error), ==, -1);
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED);
  g_assert_nonnull (strstr (error->message, number));
  g_clear_error (&error);
  stored = get_item (f->engine, first->id);
  g_assert_cmpint (stored->state, ==, FP_ITEM_PENDING);

  g_assert_cmpint (act (f->engine, FP_ACT_RETRY, first->id, 4711, &error), ==, -1);
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "4711"));
  g_clear_error (&error);

  g_assert_cmpint (act (f->engine, FP_ACT_UNDO, second->id, 0, &error), ==, 1);
  g_assert_no_error (error);
}

static void
work_offline_is_kept (Fixture       *f,
                      gconstpointer  data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(FpStatus) status = NULL;
  g_autoptr(GError) error = NULL;

  fp_engine_set_paused_async (f->engine, TRUE, NULL, fp_test_await_cb, &await);
  g_assert_true (fp_engine_set_paused_finish (f->engine, fp_test_await (&await), &error));
  fp_test_await_clear (&await);
  close_engine (f->engine);
  f->engine = open_engine (f->folder);

  fp_engine_read_status_async (f->engine, NULL, fp_test_await_cb, &await);
  status = fp_engine_read_status_finish (f->engine, fp_test_await (&await), &error);
  g_assert_no_error (error);
  g_assert_true (status->paused);
  g_assert_cmpint (status->state, ==, FP_SYNC_PAUSED);
  g_assert_false (status->sender);
}

/* Servers. */

static FpServerRow *
add_server (FpEngine   *engine,
            const char *url,
            FpReach     reach,
            GError    **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_engine_add_server_async (engine, url, NULL, NULL, NULL, reach, NULL, fp_test_await_cb, &await);
  return fp_engine_add_server_finish (engine, fp_test_await (&await), error);
}

static void
serve_list (FpTestServer *server,
            const char   *md5)
{
  g_autofree char *form = fp_test_server_dup_url (server, "/form.xml");
  g_autofree char *list = g_strdup_printf ("<xforms xmlns='http://openrosa.org/xforms/xformsList'><xform>"
                                           "<formID>visit</formID><name>Visit</name><version>1</version>"
                                           "<hash>md5:%s</hash><downloadUrl>%s</downloadUrl></xform></xforms>",
                                           md5, form);

  fp_test_server_answer (server, 200, "Content-Type: text/xml\r\nX-OpenRosa-Version: 1.0\r\n", list);
  fp_test_server_answer (server, 200, "Content-Type: text/xml\r\n", PLAIN_FORM);
}

static void
server_brings_its_forms (Fixture       *f,
                         gconstpointer  data)
{
  g_autoptr(FpTestServer) server = fp_test_server_new (NULL);
  g_autofree char *url = fp_test_server_dup_url (server, "/project/formList");
  g_autofree char *base = fp_test_server_dup_url (server, "/project");
  g_autofree char *submission = fp_test_server_dup_url (server, "/project/submission");
  g_autofree char *md5 = g_compute_checksum_for_string (G_CHECKSUM_MD5, PLAIN_FORM, -1);
  g_autofree char *version = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpServerRow) row = NULL;
  g_autoptr(FpFormRow) form = NULL;
  g_autoptr(FpDraft) draft = NULL;
  g_autoptr(FpItem) item = NULL;
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  serve_list (server, md5);
  row = add_server (f->engine, url, FP_REACH_PUBLIC, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (row->url, ==, base);
  g_assert_cmpuint (count_forms (f->engine), ==, 1);
  g_assert_cmpstr (fp_test_server_get_request (server, 0)->target, ==, "/project/formList");
  version = fp_test_request_dup_header (fp_test_server_get_request (server, 0), "X-OpenRosa-Version");
  g_assert_cmpstr (version, ==, "1.0");

  /* Its form goes to it, and is reached as it is. */
  fp_engine_begin_async (f->engine, 1, NULL, fp_test_await_cb, &await);
  draft = fp_engine_begin_finish (f->engine, fp_test_await (&await), &error);
  g_assert_no_error (error);
  answer (draft, "Anna");
  item = submit (f->engine, draft, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (item->url, ==, submission);
  g_assert_cmpint (item->reach, ==, FP_REACH_PUBLIC);

  /* The same list again: nothing is downloaded twice. */
  fp_test_await_clear (&await);
  serve_list (server, md5);
  fp_engine_refresh_server_async (f->engine, row->id, NULL, fp_test_await_cb, &await);
  g_assert_cmpint (fp_engine_refresh_server_finish (f->engine, fp_test_await (&await), &error), ==, 0);
  g_assert_no_error (error);
  g_assert_cmpuint (fp_test_server_get_n_requests (server), ==, 3);
}

static void
damaged_download_is_left_out (Fixture       *f,
                              gconstpointer  data)
{
  g_autoptr(FpTestServer) server = fp_test_server_new (NULL);
  g_autofree char *url = fp_test_server_dup_url (server, "");
  g_autoptr(GError) error = NULL;
  g_autoptr(FpServerRow) row = NULL;
  const char * const *refused;

  serve_list (server, "00000000000000000000000000000000");
  row = add_server (f->engine, url, FP_REACH_AUTO, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count_forms (f->engine), ==, 0);
  refused = fp_engine_peek_refused_forms (f->engine, row->id);
  g_assert_nonnull (refused);
  g_assert_true (g_str_has_prefix (refused[0], "Visit: "));
  g_assert_null (refused[1]);
}

static void
no_list_no_server (Fixture       *f,
                   gconstpointer  data)
{
  g_autoptr(FpTestServer) server = fp_test_server_new (NULL);
  g_autofree char *url = fp_test_server_dup_url (server, "");
  g_autoptr(GPtrArray) servers = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_test_server_answer (server, 200, "Content-Type: text/html\r\n", "<html><body>Sign in</body></html>");
  g_assert_null (add_server (f->engine, url, FP_REACH_AUTO, &error));
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_SERVER);
  g_clear_error (&error);
  fp_engine_list_servers_async (f->engine, NULL, fp_test_await_cb, &await);
  servers = fp_engine_list_servers_finish (f->engine, fp_test_await (&await), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (servers->len, ==, 0);
}

/* A request to a known place is reached as that place is; its own word wins. */
static void
reach_comes_from_the_server_of_the_origin (Fixture       *f,
                                           gconstpointer  data)
{
  g_autoptr(FpTestServer) server = fp_test_server_new (NULL);
  g_autofree char *url = fp_test_server_dup_url (server, "");
  g_autofree char *hook = fp_test_server_dup_url (server, "/hook");
  g_autoptr(GError) error = NULL;
  g_autoptr(FpServerRow) row = NULL;
  g_autoptr(FpItem) item = NULL;
  g_autoptr(FpItem) own = NULL;
  g_autoptr(FpItem) stranger = NULL;
  FpEnqueue *request;

  fp_test_server_answer (server, 200, "Content-Type: text/xml\r\n",
                         "<xforms xmlns='http://openrosa.org/xforms/xformsList'/>");
  row = add_server (f->engine, url, FP_REACH_PUBLIC, &error);
  g_assert_no_error (error);

  item = enqueue (f->engine, fp_enqueue_new (hook), &error);
  g_assert_cmpint (item->reach, ==, FP_REACH_PUBLIC);
  request = fp_enqueue_new (hook);
  request->reach = FP_REACH_ALWAYS;
  own = enqueue (f->engine, request, &error);
  g_assert_cmpint (own->reach, ==, FP_REACH_ALWAYS);
  stranger = enqueue (f->engine, fp_enqueue_new ("http://example.org/hook"), &error);
  g_assert_cmpint (stranger->reach, ==, FP_REACH_AUTO);
}

int
main (int    argc,
      char **argv)
{
  /* No keyring in tests. */
  g_setenv ("FIELDPOST_SECRETS", "file", TRUE);
  g_test_init (&argc, &argv, NULL);

#define ADD(path, data, func) g_test_add ("/engine/" path, Fixture, data, setup, func, teardown)
  ADD ("submit/moves-the-draft", NULL, submit_moves_the_draft);
  ADD ("submit/names-the-first-question", NULL, submit_names_the_first_question);
  ADD ("submit/without-address-keeps-the-draft", NULL, submit_without_address_keeps_the_draft);
  ADD ("submit/late-autosave-resurrects-nothing", NULL, late_autosave_resurrects_nothing);
  ADD ("submit/one-draft-is-submitted-once", NULL, one_draft_is_submitted_once);
  ADD ("submit/newer-save-elsewhere-stops-it", NULL, newer_save_elsewhere_stops_submit);
  ADD ("submit/json-form-is-one-body", NULL, json_form_is_one_body);
  ADD ("submit/openrosa-files-are-named-by-the-answer", PLAIN_FORM, files_are_named_by_the_answer);
  ADD ("submit/json-files-are-named-by-the-answer", JSON_FORM, files_are_named_by_the_answer);
  ADD ("close/saves-what-was-typed", NULL, closing_saves_what_was_typed);
  ADD ("enqueue/bad-request-changes-nothing", NULL, bad_request_changes_nothing);
  ADD ("enqueue/missing-file-is-named", NULL, missing_file_is_named);
  ADD ("enqueue/secrets-never-reach-the-store", NULL, secrets_never_reach_the_store);
  ADD ("enqueue/large-body-goes-to-a-file", NULL, large_body_goes_to_a_file);
  ADD ("act/all-or-nothing", NULL, acts_are_all_or_nothing);
  ADD ("status/work-offline-is-kept", NULL, work_offline_is_kept);
  ADD ("server/brings-its-forms", NULL, server_brings_its_forms);
  ADD ("server/damaged-download-is-left-out", NULL, damaged_download_is_left_out);
  ADD ("server/no-list-no-server", NULL, no_list_no_server);
  ADD ("server/reach-of-its-origin", NULL, reach_comes_from_the_server_of_the_origin);
#undef ADD

  return g_test_run ();
}
