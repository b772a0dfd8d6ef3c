#include "engine/fp-engine-edit.h"
#include "fp-engine-fixture.h"

#include <string.h>

/* Rows as a sender would leave them. */

typedef struct {
  gint64      id;
  FpItemState state;
  gboolean    maybe;
  const char *hold;
  guint       posts_done;
} Force;

static gpointer
force_row (FpStoreTxn  *txn,
           gpointer     data,
           GError     **error)
{
  Force *force = data;
  g_autoptr(FpItem) item = fp_item_rows_get (txn, force->id, FALSE, error);
  FpItemState before = item->state;

  item->state = force->state;
  item->maybe_delivered = force->maybe;
  item->posts_done = force->posts_done;
  g_free (item->hold);
  item->hold = g_strdup (force->hold);
  if (item->state == FP_ITEM_SENT)
    {
      FpReceipt receipt = { item->id, item->uid, item->instance_id, item->url, 201, NULL, NULL, 0 };

      g_assert_true (fp_item_rows_add_receipt (txn, &receipt, NULL));
    }
  g_assert_true (fp_item_rows_update (txn, item, before, NULL));

  return NULL;
}

static void
force_posts (FpEngineFixture *f,
             gint64           id,
             FpItemState      state,
             gboolean         maybe,
             const char      *hold,
             guint            posts_done)
{
  Force what = { id, state, maybe, hold, posts_done };
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  fp_store_write_async (fp_engine_get_store (f->engine), force_row, &what, NULL, NULL, NULL, fp_test_await_cb, &await);
  fp_store_write_finish (fp_engine_get_store (f->engine), fp_test_await (&await), &error);
  g_assert_no_error (error);
}

static void
force (FpEngineFixture *f,
       gint64           id,
       FpItemState      state,
       gboolean         maybe,
       const char      *hold)
{
  force_posts (f, id, state, maybe, hold, 0);
}

static FpItem *
edit (FpEngineFixture  *f,
      gint64            id,
      FpEnqueue        *changes,
      GError          **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_engine_edit_request_async (f->engine, id, changes, FALSE, NULL, fp_test_await_cb, &await);
  return fp_engine_edit_request_finish (f->engine, fp_test_await (&await), error);
}

static char *
reopen (FpEngineFixture  *f,
        gint64            id,
        GError          **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_engine_reopen_async (f->engine, id, NULL, fp_test_await_cb, &await);
  return fp_engine_reopen_finish (f->engine, fp_test_await (&await), error);
}

static void
set_header (FpEnqueue  *request,
            const char *name,
            const char *value)
{
  if (!request->headers)
    request->headers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_insert (request->headers, g_strdup (name), g_strdup (value));
}

static FpItem *
queue (FpEngineFixture *f)
{
  FpEnqueue *request = fp_enqueue_new ("http://example.org/one");
  g_autoptr(GBytes) data = g_bytes_new ("{}", 2);
  g_autoptr(GError) error = NULL;
  FpItem *item;

  fp_enqueue_add_part (request, NULL, NULL, "application/json", data, NULL);
  set_header (request, "X-Kept", "1");
  set_header (request, "X-Gone", "2");
  set_header (request, "Authorization", "Bearer s3cr3t");
  item = fp_engine_fixture_enqueue (f->engine, request, &error);
  g_assert_no_error (error);

  return item;
}

static void
replaced_in_its_place (FpEngineFixture *f,
                       gconstpointer    data)
{
  g_autoptr(FpItem) first = queue (f);
  g_autoptr(FpItem) second = queue (f);
  FpEnqueue *changes = fp_enqueue_new ("http://example.org/two");
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) edited = NULL;
  g_autoptr(FpItem) stored = NULL;
  const FpItemPart *part;

  force (f, first->id, FP_ITEM_FAILED, FALSE, NULL);
  set_header (changes, "x-gone", "");
  set_header (changes, "X-New", "3");
  edited = edit (f, first->id, changes, &error);
  g_assert_no_error (error);
  stored = fp_engine_fixture_get_item (f->engine, first->id);
  g_assert_cmpint (edited->id, ==, first->id);
  g_assert_cmpint (stored->state, ==, FP_ITEM_PENDING);
  g_assert_cmpstr (stored->uid, !=, first->uid);
  g_assert_cmpstr (stored->url, ==, "http://example.org/two");
  g_assert_cmpstr (stored->method, ==, "POST");
  g_assert_nonnull (strstr (stored->headers, "X-Kept"));
  g_assert_nonnull (strstr (stored->headers, "X-New"));
  g_assert_null (strstr (stored->headers, "X-Gone"));
  g_assert_null (strstr (stored->headers, "x-gone"));
  /* The same account, still only by reference. */
  g_assert_nonnull (strstr (stored->headers, "Bearer {secret}"));
  g_assert_cmpstr (stored->secret_id, ==, first->secret_id);
  g_assert_cmpuint (stored->parts->len, ==, 1);
  part = g_ptr_array_index (stored->parts, 0);
  g_assert_cmpmem (g_bytes_get_data (part->data, NULL), g_bytes_get_size (part->data), "{}", 2);
  g_assert_cmpstr (part->media_type, ==, "application/json");
  g_assert_cmpuint (fp_engine_fixture_count_items (f->engine), ==, 2);
}

static void
body_is_replaced (FpEngineFixture *f,
                  gconstpointer    data)
{
  g_autoptr(FpItem) first = queue (f);
  FpEnqueue *changes = fp_enqueue_new (NULL);
  g_autoptr(GBytes) value = g_bytes_new ("v", 1);
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) edited = NULL;
  g_autoptr(FpItem) stored = NULL;

  fp_enqueue_add_part (changes, "k", NULL, NULL, value, NULL);
  fp_enqueue_add_part (changes, "l", NULL, NULL, value, NULL);
  edited = edit (f, first->id, changes, &error);
  g_assert_no_error (error);
  stored = fp_engine_fixture_get_item (f->engine, first->id);
  g_assert_cmpuint (stored->parts->len, ==, 2);
  g_assert_cmpint (stored->body_size, ==, 2);
  g_assert_nonnull (strstr (stored->boundary, stored->uid));
  g_assert_cmpstr (stored->url, ==, first->url);
}

/* What had no body and gets one is sent as one that has; a method that was chosen stays. */
static void
a_body_makes_it_a_post (FpEngineFixture *f,
                        gconstpointer    data)
{
  static const char * const methods[][2] = { { NULL, "POST" }, { "PUT", "PUT" } };

  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      g_autoptr(GBytes) body = g_bytes_new ("{}", 2);
      g_autoptr(GError) error = NULL;
      g_autoptr(FpItem) item = fp_engine_fixture_enqueue (f->engine, fp_enqueue_new ("http://example.org/one"), &error);
      FpEnqueue *changes = fp_enqueue_new ("http://example.org/two");
      g_autoptr(FpItem) edited = NULL;

      g_assert_no_error (error);
      g_assert_cmpstr (item->method, ==, "GET");
      changes->method = g_strdup (methods[i][0]);
      fp_enqueue_add_part (changes, NULL, NULL, "application/json", body, NULL);
      edited = edit (f, item->id, changes, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (edited->method, ==, methods[i][1]);
    }
}

/* What an edit does not speak of stays. */
static void
the_rest_stays (FpEngineFixture *f,
                gconstpointer    data)
{
  FpEnqueue *request = fp_enqueue_new ("http://example.org/one");
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = NULL;
  g_autoptr(FpItem) edited = NULL;
  FpEnqueue *changes;

  request->method = g_strdup ("DELETE");
  request->reach = FP_REACH_LAN;
  item = fp_engine_fixture_enqueue (f->engine, request, &error);
  g_assert_no_error (error);
  force (f, item->id, FP_ITEM_HELD, FALSE, "machine");
  edited = edit (f, item->id, fp_enqueue_new ("http://example.org/two"), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (edited->method, ==, "DELETE");
  g_assert_cmpint (edited->reach, ==, FP_REACH_LAN);
  g_assert_cmpint (edited->created, ==, item->created);
  /* Another computer may send it too: that is as true as before. */
  g_assert_cmpint (edited->state, ==, FP_ITEM_HELD);
  g_assert_cmpstr (edited->hold, ==, "machine");

  changes = fp_enqueue_new ("http://example.org/two");
  changes->reach = FP_REACH_ALWAYS;
  fp_item_free (g_steal_pointer (&edited));
  fp_engine_edit_request_async (f->engine, item->id, changes, TRUE, NULL, fp_test_await_cb, &await);
  edited = fp_engine_edit_request_finish (f->engine, fp_test_await (&await), &error);
  g_assert_no_error (error);
  g_assert_cmpint (edited->reach, ==, FP_REACH_ALWAYS);
}

/* The header that held it is taken away: nothing is left for it to be put into, or to be refused. */
static void
secret_goes_with_its_header (FpEngineFixture *f,
                             gconstpointer    data)
{
  g_autoptr(FpItem) item = queue (f);
  FpEnqueue *changes = fp_enqueue_new ("http://example.org/one");
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) edited = NULL;

  g_assert_nonnull (item->secret_id);
  set_header (changes, "authorization", "");
  edited = edit (f, item->id, changes, &error);
  g_assert_no_error (error);
  g_assert_null (edited->secret_id);
  g_assert_null (strstr (edited->headers, "{secret}"));
}

static void
secret_stays_with_its_host (FpEngineFixture *f,
                            gconstpointer    data)
{
  g_autoptr(FpItem) first = queue (f);
  FpEnqueue *changes = fp_enqueue_new ("http://evil.example/");
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) edited = edit (f, first->id, changes, &error);
  g_autoptr(FpItem) stored = fp_engine_fixture_get_item (f->engine, first->id);

  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE);
  g_assert_null (edited);
  g_assert_cmpstr (stored->uid, ==, first->uid);
  g_assert_cmpstr (stored->url, ==, first->url);

  g_clear_error (&error);
  changes = fp_enqueue_new ("http://other.example/");
  set_header (changes, "Authorization", "Bearer another");
  edited = edit (f, first->id, changes, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (edited->secret_id, !=, first->secret_id);
}

static void
what_may_have_arrived_is_settled_first (FpEngineFixture *f,
                                        gconstpointer    data)
{
  g_autoptr(FpItem) first = queue (f);
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) edited = NULL;
  g_autoptr(FpItem) again = NULL;
  g_autoptr(FpItem) stored = NULL;

  force (f, first->id, FP_ITEM_PENDING, TRUE, NULL);
  edited = edit (f, first->id, fp_enqueue_new ("http://example.org/two"), &error);
  g_assert_no_error (error);
  g_assert_cmpint (edited->id, !=, first->id);
  g_assert_cmpint (edited->waits_for, ==, first->id);
  g_assert_cmpint (edited->state, ==, FP_ITEM_HELD);
  g_assert_cmpstr (edited->hold, ==, "after");
  stored = fp_engine_fixture_get_item (f->engine, first->id);
  g_assert_cmpstr (stored->uid, ==, first->uid);
  g_assert_cmpstr (stored->url, ==, first->url);

  /* The edit is what is edited next, and stays behind the first. */
  again = edit (f, first->id, fp_enqueue_new ("http://example.org/three"), &error);
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED);
  g_clear_error (&error);
  again = edit (f, edited->id, fp_enqueue_new ("http://example.org/three"), &error);
  g_assert_no_error (error);
  g_assert_cmpint (again->id, ==, edited->id);
  g_assert_cmpint (again->waits_for, ==, first->id);
  g_assert_cmpstr (again->hold, ==, "after");
}

static void
not_everything_is_edited (FpEngineFixture *f,
                          gconstpointer    data)
{
  static const struct {
    FpItemState state;
    const char *hold;
  } refused[] = { { FP_ITEM_DISCARDED, NULL }, { FP_ITEM_SENT, NULL }, { FP_ITEM_HELD, "moved" },
                { FP_ITEM_HELD, "staging" }, { FP_ITEM_FAILED, "staging" } };

  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autoptr(FpItem) item = queue (f);
      g_autoptr(GError) error = NULL;
      g_autoptr(FpItem) edited = NULL;

      force (f, item->id, refused[i].state, FALSE, refused[i].hold);
      edited = edit (f, item->id, fp_enqueue_new ("http://example.org/two"), &error);
      g_assert_null (edited);
      g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED);
    }
}

static gpointer
put_batch (FpStoreTxn  *txn,
           gpointer     id,
           GError     **error)
{
  g_autoptr(FpItem) item = fp_item_new ();

  item->kind = FP_ITEM_BATCH;
  item->protocol = FP_PROTOCOL_PLAIN;
  item->method = g_strdup ("POST");
  item->url = g_strdup ("http://example.org/events");
  item->host = g_strdup ("http://example.org:80");
  if (!fp_item_rows_insert (txn, item, error))
    return NULL;
  *(gint64 *) id = item->id;

  return id;
}

/* Its events are counted by what it holds. */
static void
a_batch_is_not_edited (FpEngineFixture *f,
                       gconstpointer    data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) edited = NULL;
  gint64 id = 0;

  fp_store_write_async (fp_engine_get_store (f->engine), put_batch, &id, NULL, NULL, NULL, fp_test_await_cb, &await);
  fp_store_write_finish (fp_engine_get_store (f->engine), fp_test_await (&await), &error);
  g_assert_no_error (error);
  edited = edit (f, id, fp_enqueue_new ("http://example.org/two"), &error);
  g_assert_null (edited);
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED);
}

/* Submissions. */

static FpItem *
submit (FpEngineFixture *f,
        FpDraft         *draft,
        const char      *name)
{
  g_autoptr(GError) error = NULL;
  FpItem *item;

  fp_engine_fixture_answer (draft, name);
  item = fp_engine_fixture_submit (f->engine, draft, &error);
  g_assert_no_error (error);

  return item;
}

static char *
body_of (FpEngineFixture *f,
         gint64           id)
{
  g_autoptr(FpItem) item = fp_engine_fixture_get_item (f->engine, id);
  const FpItemPart *part = g_ptr_array_index (item->parts, 0);

  return g_strndup (g_bytes_get_data (part->data, NULL), g_bytes_get_size (part->data));
}

static void
undelivered_becomes_a_draft (FpEngineFixture *f,
                             gconstpointer    data)
{
  g_autoptr(FpDraft) draft = fp_engine_fixture_begin (f->engine, PLAIN_FORM, "http://example.org/in");
  g_autoptr(FpItem) item = submit (f, draft, "Ada");
  g_autoptr(GError) error = NULL;
  g_autofree char *uid = reopen (f, item->id, &error);
  g_autofree char *same = NULL;
  g_autofree char *body = NULL;
  g_autoptr(FpItem) old = NULL;
  g_autoptr(FpDraft) again = NULL;
  g_autoptr(FpItem) next = NULL;

  g_assert_no_error (error);
  old = fp_engine_fixture_get_item (f->engine, item->id);
  g_assert_cmpint (old->state, ==, FP_ITEM_DISCARDED);
  g_assert_cmpstr (old->reason_code, ==, "edited");
  same = reopen (f, item->id, &error);
  g_assert_cmpstr (same, ==, uid);
  g_assert_cmpuint (fp_engine_fixture_count_drafts (f->engine), ==, 1);
  g_assert_cmpint (fp_engine_fixture_act (f->engine, FP_ACT_UNDO, item->id, 0, &error), ==, -1);
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED);
  g_assert_nonnull (strstr (error->message, uid));
  g_clear_error (&error);

  again = fp_engine_fixture_open_draft (f->engine, uid, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (fp_form_node_get_value (fp_form_model_find (fp_draft_get_model (again), "name")), ==, "Ada");
  next = submit (f, again, "Bea");
  g_assert_cmpint (next->state, ==, FP_ITEM_PENDING);
  g_assert_cmpstr (next->instance_id, !=, item->instance_id);
  body = body_of (f, next->id);
  g_assert_nonnull (strstr (body, next->instance_id));
  g_assert_null (strstr (body, item->instance_id));
  g_assert_null (strstr (body, "deprecatedID"));
  /* Both would be records at the server. */
  g_assert_cmpint (fp_engine_fixture_act (f->engine, FP_ACT_UNDO, item->id, 0, &error), ==, -1);
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED);
}

static void
undo_comes_back_with_the_draft_gone (FpEngineFixture *f,
                                     gconstpointer    data)
{
  g_autoptr(FpDraft) draft = fp_engine_fixture_begin (f->engine, PLAIN_FORM, "http://example.org/in");
  g_autoptr(FpItem) item = submit (f, draft, "Ada");
  g_autoptr(GError) error = NULL;
  g_autofree char *uid = reopen (f, item->id, &error);
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(FpItem) back = NULL;

  fp_engine_discard_draft_async (f->engine, uid, FALSE, NULL, fp_test_await_cb, &await);
  g_assert_true (fp_engine_discard_draft_finish (f->engine, fp_test_await (&await), NULL));
  g_assert_cmpint (fp_engine_fixture_act (f->engine, FP_ACT_UNDO, item->id, 0, &error), ==, 1);
  g_assert_no_error (error);
  back = fp_engine_fixture_get_item (f->engine, item->id);
  g_assert_cmpint (back->state, ==, FP_ITEM_PENDING);
  g_assert_null (back->reason_code);
}

typedef struct {
  FpItemState state;
  gboolean    maybe;
  FpItemState next;   /* of the new version */
  gboolean    names;  /* it has a deprecatedID */
  FpItemState first;  /* what becomes of the one before */
  guint       posts_done;
} Version;

/* What happened to the first version between the edit and the submit. */
static void
new_version (FpEngineFixture *f,
             gconstpointer    data)
{
  static const Version versions[] = {
    { FP_ITEM_SENT, FALSE, FP_ITEM_PENDING, TRUE, FP_ITEM_SENT },
    { FP_ITEM_PENDING, TRUE, FP_ITEM_HELD, TRUE, FP_ITEM_PENDING },
    { FP_ITEM_SENDING, TRUE, FP_ITEM_HELD, TRUE, FP_ITEM_SENDING },
    { FP_ITEM_FAILED, TRUE, FP_ITEM_HELD, TRUE, FP_ITEM_FAILED },
    { FP_ITEM_FAILED, FALSE, FP_ITEM_PENDING, FALSE, FP_ITEM_DISCARDED },
    /* The server has a part of it, and refused another. */
    { FP_ITEM_FAILED, FALSE, FP_ITEM_HELD, TRUE, FP_ITEM_FAILED, 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (versions); i++)
    {
      const Version *version = &versions[i];
      g_autoptr(FpDraft) draft = fp_engine_fixture_begin (f->engine, data, "http://example.org/in");
      g_autoptr(FpItem) item = submit (f, draft, "Ada");
      g_autoptr(GError) error = NULL;
      g_autofree char *uid = NULL;
      g_autofree char *body = NULL;
      g_autofree char *named = NULL;
      g_autoptr(FpDraft) again = NULL;
      g_autoptr(FpItem) next = NULL;
      g_autoptr(FpItem) first = NULL;

      force (f, item->id, FP_ITEM_PENDING, TRUE, NULL);
      uid = reopen (f, item->id, &error);
      g_assert_no_error (error);
      force_posts (f, item->id, version->state, version->maybe, NULL, version->posts_done);
      again = fp_engine_fixture_open_draft (f->engine, uid, &error);
      g_assert_no_error (error);
      next = submit (f, again, "Bea");
      g_assert_cmpint (next->state, ==, version->next);
      g_assert_cmpint (next->waits_for, ==, item->id);
      g_assert_cmpstr (next->hold, ==, version->next == FP_ITEM_HELD ? "after" : NULL);
      body = body_of (f, next->id);
      named = g_strdup_printf (data == (gconstpointer) JSON_FORM ? "\"_deprecated_id\":\"%s\""
                                                                 : "<orx:deprecatedID>%s</orx:deprecatedID>",
                               item->instance_id);
      g_assert_cmpint (strstr (body, named) != NULL, ==, version->names);
      g_assert_nonnull (strstr (body, "Bea"));
      first = fp_engine_fixture_get_item (f->engine, item->id);
      g_assert_cmpint (first->state, ==, version->first);
      g_assert_cmpstr (first->uid, ==, item->uid);
    }
}

/* It may have arrived, and nobody will find out: neither a new record nor a new version would be right. */
static void
a_discarded_first_is_asked_for (FpEngineFixture *f,
                                gconstpointer    data)
{
  g_autoptr(FpDraft) draft = fp_engine_fixture_begin (f->engine, PLAIN_FORM, "http://example.org/in");
  g_autoptr(FpItem) item = submit (f, draft, "Ada");
  g_autoptr(GError) error = NULL;
  g_autofree char *uid = NULL;
  g_autoptr(FpDraft) again = NULL;
  g_autoptr(FpItem) next = NULL;

  force (f, item->id, FP_ITEM_PENDING, TRUE, NULL);
  uid = reopen (f, item->id, &error);
  force (f, item->id, FP_ITEM_DISCARDED, TRUE, NULL);
  again = fp_engine_fixture_open_draft (f->engine, uid, NULL);
  next = fp_engine_fixture_submit (f->engine, again, &error);
  g_assert_null (next);
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED);
  g_assert_cmpuint (fp_engine_fixture_count_drafts (f->engine), ==, 1);
}

static gpointer
clean (FpStoreTxn  *txn,
       gpointer     data,
       GError     **error)
{
  FpReceipt receipt = { 77, (char *) "u", NULL, (char *) "http://x/", 201, NULL, NULL, 0 };

  g_assert_true (fp_item_rows_add_receipt (txn, &receipt, NULL));
  return NULL;
}

static void
cleaned_up_is_said (FpEngineFixture *f,
                    gconstpointer    data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  g_autofree char *uid = NULL;

  fp_store_write_async (fp_engine_get_store (f->engine), clean, NULL, NULL, NULL, NULL, fp_test_await_cb, &await);
  fp_store_write_finish (fp_engine_get_store (f->engine), fp_test_await (&await), &error);
  g_assert_no_error (error);
  uid = reopen (f, 77, &error);
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED);
  g_assert_nonnull (strstr (error->message, "cleaned up"));
  g_clear_error (&error);
  uid = reopen (f, 78, &error);
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_NOT_FOUND);
}

#define TEST(path, func, data) \
  g_test_add (path, FpEngineFixture, data, fp_engine_fixture_setup, func, fp_engine_fixture_teardown)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_setenv ("FIELDPOST_SECRETS", "file", TRUE);

  TEST ("/engine/edit/request/replaced-in-its-place", replaced_in_its_place, NULL);
  TEST ("/engine/edit/request/body-is-replaced", body_is_replaced, NULL);
  TEST ("/engine/edit/request/a-body-makes-it-a-post", a_body_makes_it_a_post, NULL);
  TEST ("/engine/edit/request/the-rest-stays", the_rest_stays, NULL);
  TEST ("/engine/edit/request/secret-goes-with-its-header", secret_goes_with_its_header, NULL);
  TEST ("/engine/edit/request/secret-stays-with-its-host", secret_stays_with_its_host, NULL);
  TEST ("/engine/edit/request/what-may-have-arrived-is-settled-first", what_may_have_arrived_is_settled_first, NULL);
  TEST ("/engine/edit/request/not-everything-is-edited", not_everything_is_edited, NULL);
  TEST ("/engine/edit/request/a-batch-is-not-edited", a_batch_is_not_edited, NULL);
  TEST ("/engine/edit/submission/undelivered-becomes-a-draft", undelivered_becomes_a_draft, NULL);
  TEST ("/engine/edit/submission/undo-once-the-draft-is-gone", undo_comes_back_with_the_draft_gone, NULL);
  TEST ("/engine/edit/submission/new-version", new_version, PLAIN_FORM);
  TEST ("/engine/edit/submission/new-version-in-json", new_version, JSON_FORM);
  TEST ("/engine/edit/submission/discarded-though-it-may-have-arrived", a_discarded_first_is_asked_for, NULL);
  TEST ("/engine/edit/submission/cleaned-up-is-said", cleaned_up_is_said, NULL);

  return g_test_run ();
}
