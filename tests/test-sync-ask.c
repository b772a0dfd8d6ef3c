/* A form was refused, and its form list is asked: was it the form, or the account? Design 5.3. */
#include "fp-sync-fixture.h"

#include <string.h>

#include "fp-test-secret.h"
#include "fp-test-server.h"
#include "fp-test-store.h"
#include "net/fp-host.h"
#include "net/fp-http-private.h"
#include "store/fp-hold-rows.h"
#include "sync/fp-sync-private.h"

typedef FpSyncFixture Fixture;

#define ROSA "X-OpenRosa-Version: 1.0"
#define ROSA_OK                                                                                     \
  "<OpenRosaResponse xmlns=\"http://openrosa.org/http/response\"><message>stored</message>"         \
  "</OpenRosaResponse>"
#define FORM_LIST "<xforms xmlns=\"http://openrosa.org/xforms/xformsList\"/>"

typedef struct {
  FpItem *item;
  const char *server; /* (nullable): URL of that of its form */
  const char *code;
} Question;

static gpointer
open_func (FpStoreTxn  *txn,
           gpointer     data,
           GError     **error)
{
  Question *question = data;
  g_autoptr(FpFormRow) form = fp_form_row_new ();
  g_autoptr(GBytes) xml = g_bytes_new_static ("<x/>", 4);
  g_autoptr(FpHoldRow) row = NULL;

  form->form_id = g_strdup ("visit");
  form->version = g_strdup ("1");
  form->title = g_strdup ("Visit");
  form->md5 = g_strdup ("00000000000000000000000000000000");
  if (question->server)
    {
      FpServerRow server = { .title = (char *) "Server", .url = (char *) question->server,
                             .protocol = FP_PROTOCOL_OPENROSA, .user = (char *) "ana", .secret_id = (char *) "one" };

      if (!fp_server_rows_add (txn, &server, error))
        return NULL;
      form->server = server.id;
    }
  if (!fp_form_rows_add (txn, form, xml, error))
    return NULL;
  question->item->form = form->id;
  row = fp_hold_row_new (FP_HOLD_FORM, question->item);
  row->code = g_strdup ("access");

  return fp_item_rows_insert (txn, question->item, error) && fp_hold_rows_put (txn, row, error) ? data : NULL;
}

/* A submission to @url that was refused just now; its question is open. */
static gint64
open_question (Fixture    *f,
               const char *url,
               const char *server,
               const char *secret_id)
{
  g_autoptr(FpItem) item = fp_sync_fixture_item (f, "/a/submission");
  FpItemPart *part = g_ptr_array_index (item->parts, 0);
  Question question = { .item = item, .server = server };
  g_autoptr(GError) error = NULL;

  if (url)
    {
      g_free (item->url);
      g_free (item->host);
      item->url = g_strdup (url);
      item->host = fp_host_dup_origin (url, NULL);
    }
  item->protocol = FP_PROTOCOL_OPENROSA;
  item->kind = FP_ITEM_SUBMISSION;
  item->secret_id = g_strdup (secret_id);
  item->state = FP_ITEM_HELD;
  item->hold = g_strdup ("form");
  item->reason_code = g_strdup ("access");
  part->name = g_strdup ("xml_submission_file");
  part->filename = g_strdup ("submission.xml");
  fp_test_store_write (f->store, open_func, &question, &error);
  g_assert_no_error (error);

  return item->id;
}

static void
await_code (Fixture    *f,
            gint64      id,
            const char *code)
{
  for (gboolean found = FALSE; !found;)
    {
      g_autoptr(FpItem) item = fp_sync_fixture_get (f, id);

      found = g_strcmp0 (item->reason_code, code) == 0;
    }
}

static gpointer
lift_func (FpStoreTxn  *txn,
           gpointer     item,
           GError     **error)
{
  return fp_hold_rows_lift_for (txn, item, error) ? item : NULL;
}

static gpointer
answer_func (FpStoreTxn  *txn,
             gpointer     item,
             GError     **error)
{
  g_autoptr(FpHoldRow) row = fp_hold_rows_find (txn, item, error);

  g_free (row->code);
  row->code = g_strdup ("form-access");

  return fp_hold_rows_put (txn, row, error) ? item : NULL;
}

/* Whatever was decided while the question was open stays. */
static void
decide_meanwhile (Fixture     *f,
                  gint64       id,
                  FpStoreFunc  func)
{
  g_autoptr(FpItem) item = fp_sync_fixture_get (f, id);
  g_autoptr(GError) error = NULL;

  fp_sink_hold (f->sink, TRUE);
  fp_sink_set_path (f->sink, "/a/formList", 403);
  fp_sink_set_answer (f->sink, "/a/submission", 201, ROSA, ROSA_OK);
  fp_sync_start (f->sync);
  fp_test_until (fp_sink_count_path (f->sink, "/a/formList") == 1);
  fp_test_store_write (f->store, func, item, &error);
  g_assert_no_error (error);
  fp_sink_hold (f->sink, FALSE);
  fp_test_until (f->sync->asking == 0);
  fp_sync_fixture_pass (f, 0);
}

static void
test_released_meanwhile (Fixture       *f,
                         gconstpointer  data)
{
  gint64 id = open_question (f, NULL, NULL, NULL);

  decide_meanwhile (f, id, lift_func);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
}

static void
test_answered_meanwhile (Fixture       *f,
                         gconstpointer  data)
{
  gint64 id = open_question (f, NULL, NULL, NULL);
  g_autoptr(FpItem) item = NULL;

  decide_meanwhile (f, id, answer_func);
  item = fp_sync_fixture_get (f, id);
  g_assert_cmpstr (item->hold, ==, "form");
  g_assert_cmpint (item->state, ==, FP_ITEM_HELD);
}

/* What is longer than any list that we read is one all the same: who gets it may read. */
static void
test_long_list (Fixture       *f,
                gconstpointer  data)
{
  g_autofree char *list = g_strnfill (5 * 1024 * 1024, ' ');
  gint64 id = open_question (f, NULL, NULL, NULL);

  fp_sink_set_answer (f->sink, "/a/formList", 200, ROSA, list);
  fp_sync_start (f->sync);
  await_code (f, id, "form-access");
}

static void
test_not_without_a_network (Fixture       *f,
                            gconstpointer  data)
{
  gint64 id = open_question (f, NULL, NULL, NULL);

  fp_link_set (f->link, FP_LINK_OFFLINE, FALSE);
  fp_sink_set_answer (f->sink, "/a/formList", 200, ROSA, FORM_LIST);
  fp_sync_start (f->sync);
  fp_sync_fixture_pass (f, 3600000);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 0);
  fp_link_set (f->link, FP_LINK_FULL, FALSE);
  await_code (f, id, "form-access");
}

/* Without its user's name the account would seem to be refused. */
static void
test_very_credentials (Fixture       *f,
                       gconstpointer  data)
{
  FpTestServer *server = fp_test_server_new (NULL);
  g_autofree char *base = fp_test_server_dup_url (server, "/key");
  g_autofree char *url = fp_test_server_dup_url (server, "/key/submission");
  g_autofree char *origin = fp_host_dup_origin (url, NULL);
  FpSecrets *secrets = fp_secrets_new_memory ();
  gint64 id = open_question (f, url, base, "one");
  g_autofree char *header = NULL;

  g_assert_true (fp_test_secret_store (secrets, "one", origin, "pa55", NULL));
  g_clear_object (&f->sync->http);
  f->sync->http = fp_http_new (secrets);
  fp_test_server_answer (server, 200, ROSA "\r\n", FORM_LIST);
  fp_sync_start (f->sync);
  await_code (f, id, "form-access");
  g_assert_cmpstr (fp_test_server_get_request (server, 0)->target, ==, "/key/formList");
  header = fp_test_request_dup_header (fp_test_server_get_request (server, 0), "Authorization");
  g_assert_cmpstr (header, ==, "Basic YW5hOnBhNTU=");

  g_assert_true (fp_sync_fixture_stop (f->sync));
  g_object_unref (secrets);
  fp_test_server_free (server);
}

/* The form came from another place than it goes to: that place is not asked, and learns nothing of the account. */
static void
test_beside_the_submission (Fixture       *f,
                            gconstpointer  data)
{
  FpTestServer *elsewhere = fp_test_server_new (NULL);
  g_autofree char *base = fp_test_server_dup_url (elsewhere, "");
  gint64 id = open_question (f, NULL, base, NULL);

  fp_sink_set_answer (f->sink, "/a/formList", 200, ROSA, FORM_LIST);
  fp_sync_start (f->sync);
  await_code (f, id, "form-access");
  g_assert_cmpuint (fp_test_server_get_n_requests (elsewhere), ==, 0);

  g_assert_true (fp_sync_fixture_stop (f->sync));
  fp_test_server_free (elsewhere);
}

static void
queued_cb (guint *n)
{
  ++*n;
}

static void
test_no_secret_in_the_clear (Fixture       *f,
                             gconstpointer  data)
{
  gint64 id = open_question (f, "http://192.0.2.1/submission", NULL, "one");
  guint queued = 0;

  g_signal_connect_swapped (_fp_http_peek_session (f->http), "request-queued", G_CALLBACK (queued_cb), &queued);
  fp_sync_start (f->sync);
  fp_sync_fixture_pass (f, 0);
  fp_test_until (f->sync->asking == 0);
  g_assert_cmpuint (queued, ==, 0);
  await_code (f, id, "access");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define add(path, func) \
  g_test_add ("/sync/ask/" path, Fixture, NULL, fp_sync_fixture_setup, func, fp_sync_fixture_teardown)
  add ("released-meanwhile-stays-released", test_released_meanwhile);
  add ("answered-meanwhile-stays-answered", test_answered_meanwhile);
  add ("list-that-is-too-long-is-one", test_long_list);
  add ("not-without-a-network", test_not_without_a_network);
  add ("with-the-very-credentials", test_very_credentials);
  add ("beside-the-submission", test_beside_the_submission);
  add ("no-secret-in-the-clear", test_no_secret_in_the_clear);
#undef add

  return g_test_run ();
}
