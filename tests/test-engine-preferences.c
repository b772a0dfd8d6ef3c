/* sync-user-preferences: settings, and what another machine said of them. Design section 4. */
#include "fp-engine-fixture.h"

#include <string.h>

#include "engine/fp-engine-preferences.h"
#include "engine/fp-engine-private.h"
#include "fp-test-server.h"
#include "net/fp-http-private.h"

typedef struct {
  FpEngineFixture base;
  FpTestServer *server;
} Fixture;

static void
setup (Fixture       *f,
       gconstpointer  data)
{
  fp_engine_fixture_setup (&f->base, data);
  f->server = fp_test_server_new (NULL);
}

static void
teardown (Fixture       *f,
          gconstpointer  data)
{
  fp_engine_fixture_teardown (&f->base, data);
  fp_test_server_free (f->server);
}

static void
must_set (Fixture    *f,
          const char *name,
          const char *word)
{
  g_autoptr(GError) error = NULL;

  fp_engine_fixture_set (f->base.engine, name, word, &error);
  g_assert_no_error (error);
}

static gboolean
sync_preferences (Fixture  *f,
                  GError  **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_engine_sync_preferences_async (f->base.engine, NULL, fp_test_await_cb, &await);
  return fp_engine_sync_preferences_finish (f->base.engine, fp_test_await (&await), error);
}

static void
must_sync (Fixture *f)
{
  g_autoptr(GError) error = NULL;

  sync_preferences (f, &error);
  g_assert_no_error (error);
}

static void
set_url (Fixture *f)
{
  g_autofree char *url = fp_test_server_dup_url (f->server, "/preferences");

  must_set (f, "preferences-url", url);
}

static void
assert_header (Fixture    *f,
               guint       request,
               const char *method,
               const char *name,
               const char *value)
{
  const FpTestRequest *got = fp_test_server_get_request (f->server, request);
  g_autofree char *header = fp_test_request_dup_header (got, name);

  g_assert_cmpstr (got->method, ==, method);
  g_assert_cmpstr (header, ==, value);
}

static char *
dup_body (Fixture *f,
          guint    request)
{
  gsize size;
  const char *data = g_bytes_get_data (fp_test_server_get_request (f->server, request)->body, &size);

  return g_strndup (data, size);
}

static void
test_settings_are_checked (Fixture       *f,
                           gconstpointer  data)
{
  static const char *const bad[][2] = { { "retention-days", "0" }, { "retention-days", "x" }, { "metered", "perhaps" },
                                        { "diagnostics", "2" },   { "preferences-url", "gopher://x/" },
                                        { "metered-limit", "-1" } };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_false (fp_engine_fixture_set (f->base.engine, bad[i][0], bad[i][1], &error));
      g_assert_nonnull (error);
    }
  fp_engine_fixture_assert_setting (f->base.engine, "retention-days", "7");
  must_set (f, "retention-days", "30");
  fp_engine_fixture_assert_setting (f->base.engine, "retention-days", "30");
  must_set (f, "retention-days", NULL);
  fp_engine_fixture_assert_setting (f->base.engine, "retention-days", "7");
}

static void
test_preferences_first_put (Fixture       *f,
                            gconstpointer  data)
{
  g_autofree char *body = NULL;

  g_assert_false (sync_preferences (f, NULL));
  g_assert_cmpuint (fp_test_server_get_n_requests (f->server), ==, 0);

  set_url (f);
  must_set (f, "metered", "never");
  fp_test_server_answer (f->server, 404, "", "");
  fp_test_server_answer (f->server, 201, "ETag: \"1\"\r\n", "");
  must_sync (f);
  g_assert_cmpuint (fp_test_server_get_n_requests (f->server), ==, 2);
  assert_header (f, 0, "GET", "If-None-Match", NULL);
  assert_header (f, 1, "PUT", "If-None-Match", "*");
  body = dup_body (f, 1);
  g_assert_nonnull (strstr (body, "\"never\""));
  /* Neither addresses nor what is of this machine alone. */
  g_assert_null (strstr (body, "preferences-url"));
  g_assert_null (strstr (body, "paused"));

  fp_test_server_answer (f->server, 304, "", "");
  must_sync (f);
  g_assert_cmpuint (fp_test_server_get_n_requests (f->server), ==, 3);
  assert_header (f, 2, "GET", "If-None-Match", "\"1\"");
}

static void
test_preferences_newest_change_counts (Fixture       *f,
                                       gconstpointer  data)
{
  set_url (f);
  must_set (f, "metered", "never");
  /* Theirs are old where ours is new, good, wrong, unknown and in the far future. */
  fp_test_server_answer (f->server, 200, "ETag: \"5\"\r\n",
                         "{\"fieldpost-preferences\": 1, \"settings\": {"
                         "\"metered\": {\"value\": \"always\", \"changed\": 1000},"
                         "\"retention-days\": {\"value\": \"14\", \"changed\": 2000},"
                         "\"metered-limit\": {\"value\": \"lots\", \"changed\": 2000},"
                         "\"periodic\": {\"value\": \"granted\", \"changed\": 2000},"
                         "\"preferences-url\": {\"value\": \"http://evil.example/\", \"changed\": 2000},"
                         "\"new-thing\": {\"value\": \"kept\", \"changed\": 2000}}}");
  fp_test_server_answer (f->server, 412, "", "");
  fp_test_server_answer (f->server, 200, "ETag: \"6\"\r\n",
                         "{\"fieldpost-preferences\": 1, \"settings\": {"
                         "\"retention-days\": {\"value\": \"21\", \"changed\": 3000},"
                         "\"new-thing\": {\"value\": \"kept\", \"changed\": 2000}}}");
  fp_test_server_answer (f->server, 204, "", "");
  must_sync (f);

  fp_engine_fixture_assert_setting (f->base.engine, "metered", "never");
  fp_engine_fixture_assert_setting (f->base.engine, "retention-days", "21");
  fp_engine_fixture_assert_setting (f->base.engine, "metered-limit", "1048576");
  fp_engine_fixture_assert_setting (f->base.engine, "periodic", "ask");
  g_assert_cmpuint (fp_test_server_get_n_requests (f->server), ==, 4);
  assert_header (f, 1, "PUT", "If-Match", "\"5\"");
  /* What is there now, whatever it is. */
  assert_header (f, 2, "GET", "If-None-Match", NULL);
  assert_header (f, 3, "PUT", "If-Match", "\"6\"");
  {
    g_autofree char *body = dup_body (f, 3);

    g_assert_nonnull (strstr (body, "new-thing"));
    g_assert_nonnull (strstr (body, "\"never\""));
    g_assert_nonnull (strstr (body, "\"21\""));
  }
}

/* Nothing is new there, but here: it is read to be kept, and put. */
static void
test_preferences_only_ours_changed (Fixture       *f,
                                    gconstpointer  data)
{
  g_autofree char *body = NULL;

  set_url (f);
  must_set (f, "metered", "never");
  fp_test_server_answer (f->server, 404, "", "");
  fp_test_server_answer (f->server, 201, "ETag: \"1\"\r\n", "");
  must_sync (f);

  must_set (f, "metered", "always");
  fp_test_server_answer (f->server, 304, "", "");
  fp_test_server_answer (f->server, 200, "ETag: \"1\"\r\n",
                         "{\"fieldpost-preferences\": 1, \"settings\": {"
                         "\"metered\": {\"value\": \"never\", \"changed\": 1000},"
                         "\"new-thing\": {\"value\": \"kept\", \"changed\": 2000}}}");
  fp_test_server_answer (f->server, 204, "", "");
  must_sync (f);
  g_assert_cmpuint (fp_test_server_get_n_requests (f->server), ==, 5);
  assert_header (f, 2, "GET", "If-None-Match", "\"1\"");
  assert_header (f, 3, "GET", "If-None-Match", NULL);
  assert_header (f, 4, "PUT", "If-Match", "\"1\"");
  body = dup_body (f, 4);
  g_assert_nonnull (strstr (body, "\"always\""));
  g_assert_nonnull (strstr (body, "new-thing"));
}

/* Somebody else writes each time: not for ever. */
static void
test_preferences_conflicts_end (Fixture       *f,
                                gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  set_url (f);
  must_set (f, "metered", "never");
  for (guint i = 0; i < 20; i++)
    {
      fp_test_server_answer (f->server, 200, "ETag: \"5\"\r\n", "{\"fieldpost-preferences\": 1, \"settings\": {}}");
      fp_test_server_answer (f->server, 412, "", "");
    }
  g_assert_false (sync_preferences (f, &error));
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_SERVER);
  g_assert_cmpuint (fp_test_server_get_n_requests (f->server), ==, 12);
}

static void
test_preferences_from_the_future (Fixture       *f,
                                  gconstpointer  data)
{
  set_url (f);
  must_set (f, "retention-days", "30");
  fp_test_server_answer (f->server, 200, "ETag: \"5\"\r\n",
                         "{\"fieldpost-preferences\": 1, \"settings\": {"
                         "\"retention-days\": {\"value\": \"1\", \"changed\": 9000000000000}}}");
  fp_test_server_answer (f->server, 204, "", "");
  must_sync (f);
  fp_engine_fixture_assert_setting (f->base.engine, "retention-days", "30");
}

static void
test_preferences_no_document (Fixture       *f,
                              gconstpointer  data)
{
  static const char *const bodies[] = { "<html>sign in</html>", "[]", "{\"settings\": {}}" };

  set_url (f);
  must_set (f, "metered", "never");
  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autoptr(GError) error = NULL;

      fp_test_server_answer (f->server, 200, "", bodies[i]);
      g_assert_false (sync_preferences (f, &error));
      g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_SERVER);
      /* It is not overwritten. */
      g_assert_cmpuint (fp_test_server_get_n_requests (f->server), ==, i + 1);
    }
}

/* What differs nowhere is known from then on; what is yet to be put is not, until it was. */
static void
test_preferences_state_is_that_of_the_server (Fixture       *f,
                                              gconstpointer  data)
{
  static const char *const document = "{\"fieldpost-preferences\": 1, \"settings\": {}}";

  set_url (f);
  fp_test_server_answer (f->server, 200, "ETag: \"5\"\r\n", document);
  must_sync (f);
  fp_test_server_answer (f->server, 304, "", "");
  must_sync (f);
  g_assert_cmpuint (fp_test_server_get_n_requests (f->server), ==, 2);
  assert_header (f, 1, "GET", "If-None-Match", "\"5\"");

  must_set (f, "metered", "never");
  fp_test_server_answer (f->server, 200, "ETag: \"6\"\r\n", document);
  fp_test_server_answer (f->server, 500, "", "");
  g_assert_false (sync_preferences (f, NULL));
  fp_test_server_answer (f->server, 200, "ETag: \"6\"\r\n", document);
  fp_test_server_answer (f->server, 204, "", "");
  must_sync (f);
  assert_header (f, 4, "GET", "If-None-Match", "\"5\"");
  assert_header (f, 5, "PUT", "If-Match", "\"6\"");
}

/* libsoup sends less than it was given, as it does by itself where it repeats a PUT. */
static void
shorten_cb (SoupSession *session,
            SoupMessage *message)
{
  g_autoptr(GBytes) body = g_bytes_new_static ("{}", 2);

  if (g_str_equal (soup_message_get_method (message), "PUT"))
    soup_message_set_request_body_from_bytes (message, NULL, body);
}

static void
test_preferences_wholly_written (Fixture       *f,
                                 gconstpointer  data)
{
  SoupSession *session = _fp_http_peek_session (f->base.engine->http);
  gulong handler = g_signal_connect (session, "request-queued", G_CALLBACK (shorten_cb), NULL);
  g_autoptr(GError) error = NULL;
  g_autofree char *body = NULL;

  set_url (f);
  must_set (f, "metered", "never");
  fp_test_server_answer (f->server, 404, "", "");
  fp_test_server_answer (f->server, 201, "ETag: \"1\"\r\n", "");
  g_assert_false (sync_preferences (f, &error));
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_SERVER);
  g_signal_handler_disconnect (session, handler);

  fp_test_server_answer (f->server, 404, "", "");
  fp_test_server_answer (f->server, 201, "ETag: \"2\"\r\n", "");
  must_sync (f);
  body = dup_body (f, 3);
  g_assert_nonnull (strstr (body, "\"never\""));
}

/* The end of it was not read: what can be read of it is not what is there. */
static void
test_preferences_too_large (Fixture       *f,
                            gconstpointer  data)
{
  g_autofree char *blank = g_strnfill (70000, ' ');
  g_autofree char *document = g_strconcat ("{\"fieldpost-preferences\": 1, \"settings\": {}}", blank, "<", NULL);
  g_autoptr(GError) error = NULL;

  set_url (f);
  must_set (f, "metered", "never");
  fp_test_server_answer (f->server, 200, "", document);
  g_assert_false (sync_preferences (f, &error));
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_SERVER);
  g_assert_cmpuint (fp_test_server_get_n_requests (f->server), ==, 1);
}

/* Nothing is sent there; it is nobody's address. */
static void
test_preferences_secret_in_the_clear (Fixture       *f,
                                      gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  must_set (f, "preferences-url", "http://ann:s3cret@192.0.2.1/preferences");
  g_assert_false (sync_preferences (f, &error));
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_SERVER);
  g_assert_nonnull (strstr (error->message, "use https://"));
  g_assert_null (strstr (error->message, "s3cret"));
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, setup, func, teardown)

int
main (int    argc,
      char **argv)
{
  g_setenv ("FIELDPOST_SECRETS", "file", TRUE);
  g_test_init (&argc, &argv, NULL);

  ADD ("/preferences/settings/are-checked", test_settings_are_checked);
  ADD ("/preferences/sync-user-preferences/first-put", test_preferences_first_put);
  ADD ("/preferences/sync-user-preferences/newest-change-counts", test_preferences_newest_change_counts);
  ADD ("/preferences/sync-user-preferences/only-ours-changed", test_preferences_only_ours_changed);
  ADD ("/preferences/sync-user-preferences/conflicts-end", test_preferences_conflicts_end);
  ADD ("/preferences/sync-user-preferences/from-the-future", test_preferences_from_the_future);
  ADD ("/preferences/sync-user-preferences/no-document", test_preferences_no_document);
  ADD ("/preferences/sync-user-preferences/state-is-that-of-the-server", test_preferences_state_is_that_of_the_server);
  ADD ("/preferences/sync-user-preferences/wholly-written", test_preferences_wholly_written);
  ADD ("/preferences/sync-user-preferences/too-large", test_preferences_too_large);
  ADD ("/preferences/sync-user-preferences/secret-in-the-clear", test_preferences_secret_in_the_clear);

  return g_test_run ();
}
