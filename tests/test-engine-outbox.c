#include "fp-engine-fixture.h"
#include "fp-test-server.h"

#include <string.h>

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

/* Any request. */

static void
bad_request_changes_nothing (FpEngineFixture *f,
                             gconstpointer    data)
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
      item = fp_engine_fixture_enqueue (f->engine, request, &error);
      g_assert_null (item);
      g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE);
      if (!strstr (error->message, bad[i].names))
        g_error ("“%s” does not name “%s”", error->message, bad[i].names);
    }
  g_assert_cmpuint (fp_engine_fixture_count_items (f->engine), ==, 0);
}

static void
missing_file_is_named (FpEngineFixture *f,
                       gconstpointer    data)
{
  FpEnqueue *request = fp_enqueue_new ("http://example.org/x");
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = NULL;

  fp_enqueue_add_part (request, "file", "a", NULL, NULL, "/nonexistent/photo.jpg");
  item = fp_engine_fixture_enqueue (f->engine, request, &error);
  g_assert_null (item);
  g_assert_nonnull (strstr (error->message, "/nonexistent/photo.jpg"));
  g_assert_cmpuint (fp_engine_fixture_count_items (f->engine), ==, 0);
}

static void
secrets_never_reach_the_store (FpEngineFixture *f,
                               gconstpointer    data)
{
  FpEnqueue *request = fp_enqueue_new ("https://example.org/v1/key/"
                                       "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz01/submission");
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = fp_engine_fixture_enqueue (f->engine, request, &error);
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
      bearer = fp_engine_fixture_enqueue (f->engine, request, &error);
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
  both = fp_engine_fixture_enqueue (f->engine, request, &error);
  g_assert_null (both);
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE);
}

static void
large_body_goes_to_a_file (FpEngineFixture *f,
                           gconstpointer    data)
{
  g_autofree char *bytes = g_strnfill (200000, 'x');
  g_autoptr(GBytes) body = g_bytes_new (bytes, 200000);
  FpEnqueue *request = fp_enqueue_new ("http://example.org/x");
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = NULL;
  g_autoptr(FpItem) stored = NULL;
  const FpItemPart *part;

  fp_enqueue_add_part (request, NULL, NULL, "text/plain", body, NULL);
  item = fp_engine_fixture_enqueue (f->engine, request, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (item->method, ==, "POST");
  stored = fp_engine_fixture_get_item (f->engine, item->id);
  part = g_ptr_array_index (stored->parts, 0);
  g_assert_null (part->data);
  g_assert_nonnull (part->sha256);
  g_assert_cmpint (stored->body_size, ==, 200000);
}

/* Acts. */

static void
acts_are_all_or_nothing (FpEngineFixture *f,
                         gconstpointer    data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) first = fp_engine_fixture_enqueue (f->engine, fp_enqueue_new ("http://example.org/1"), &error);
  g_autoptr(FpItem) second = fp_engine_fixture_enqueue (f->engine, fp_enqueue_new ("http://example.org/2"), &error);
  g_autoptr(FpItem) stored = NULL;
  g_autofree char *number = g_strdup_printf ("item %" G_GINT64_FORMAT, second->id);

  g_assert_cmpint (fp_engine_fixture_act (f->engine, FP_ACT_DISCARD, second->id, 0, &error), ==, 1);
  g_assert_no_error (error);
  g_assert_cmpint (fp_engine_fixture_act (f->engine, FP_ACT_DISCARD, first->id, second->id, &error), ==, -1);
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED);
  g_assert_nonnull (strstr (error->message, number));
  g_clear_error (&error);
  stored = fp_engine_fixture_get_item (f->engine, first->id);
  g_assert_cmpint (stored->state, ==, FP_ITEM_PENDING);

  g_assert_cmpint (fp_engine_fixture_act (f->engine, FP_ACT_RETRY, first->id, 4711, &error), ==, -1);
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "4711"));
  g_clear_error (&error);

  g_assert_cmpint (fp_engine_fixture_act (f->engine, FP_ACT_UNDO, second->id, 0, &error), ==, 1);
  g_assert_no_error (error);
}

static void
work_offline_is_kept (FpEngineFixture *f,
                      gconstpointer    data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(FpStatus) status = NULL;
  g_autoptr(GError) error = NULL;

  fp_engine_set_paused_async (f->engine, TRUE, NULL, fp_test_await_cb, &await);
  g_assert_true (fp_engine_set_paused_finish (f->engine, fp_test_await (&await), &error));
  fp_test_await_clear (&await);
  fp_engine_fixture_close (f->engine);
  f->engine = fp_engine_fixture_open (f->folder);

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
server_brings_its_forms (FpEngineFixture *f,
                         gconstpointer    data)
{
  g_autoptr(FpTestServer) server = fp_test_server_new (NULL);
  g_autofree char *url = fp_test_server_dup_url (server, "/project/formList");
  g_autofree char *base = fp_test_server_dup_url (server, "/project");
  g_autofree char *submission = fp_test_server_dup_url (server, "/project/submission");
  g_autofree char *md5 = g_compute_checksum_for_string (G_CHECKSUM_MD5, PLAIN_FORM, -1);
  g_autofree char *version = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpServerRow) row = NULL;
  g_autoptr(FpFormRow) form G_GNUC_UNUSED = NULL;
  g_autoptr(FpDraft) draft = NULL;
  g_autoptr(FpItem) item = NULL;
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  serve_list (server, md5);
  row = add_server (f->engine, url, FP_REACH_PUBLIC, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (row->url, ==, base);
  g_assert_cmpuint (fp_engine_fixture_count_forms (f->engine), ==, 1);
  g_assert_cmpstr (fp_test_server_get_request (server, 0)->target, ==, "/project/formList");
  version = fp_test_request_dup_header (fp_test_server_get_request (server, 0), "X-OpenRosa-Version");
  g_assert_cmpstr (version, ==, "1.0");

  /* Its form goes to it, and is reached as it is. */
  fp_engine_begin_async (f->engine, 1, NULL, fp_test_await_cb, &await);
  draft = fp_engine_begin_finish (f->engine, fp_test_await (&await), &error);
  g_assert_no_error (error);
  fp_engine_fixture_answer (draft, "Anna");
  item = fp_engine_fixture_submit (f->engine, draft, &error);
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
damaged_download_is_left_out (FpEngineFixture *f,
                              gconstpointer    data)
{
  g_autoptr(FpTestServer) server = fp_test_server_new (NULL);
  g_autofree char *url = fp_test_server_dup_url (server, "");
  g_autoptr(GError) error = NULL;
  g_autoptr(FpServerRow) row = NULL;
  const char * const *refused;

  serve_list (server, "00000000000000000000000000000000");
  row = add_server (f->engine, url, FP_REACH_AUTO, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (fp_engine_fixture_count_forms (f->engine), ==, 0);
  refused = fp_engine_peek_refused_forms (f->engine, row->id);
  g_assert_nonnull (refused);
  g_assert_true (g_str_has_prefix (refused[0], "Visit: "));
  g_assert_null (refused[1]);
}

static void
no_list_no_server (FpEngineFixture *f,
                   gconstpointer    data)
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
reach_comes_from_the_server_of_the_origin (FpEngineFixture *f,
                                           gconstpointer    data)
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

  item = fp_engine_fixture_enqueue (f->engine, fp_enqueue_new (hook), &error);
  g_assert_cmpint (item->reach, ==, FP_REACH_PUBLIC);
  request = fp_enqueue_new (hook);
  request->reach = FP_REACH_ALWAYS;
  own = fp_engine_fixture_enqueue (f->engine, request, &error);
  g_assert_cmpint (own->reach, ==, FP_REACH_ALWAYS);
  stranger = fp_engine_fixture_enqueue (f->engine, fp_enqueue_new ("http://example.org/hook"), &error);
  g_assert_cmpint (stranger->reach, ==, FP_REACH_AUTO);
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
