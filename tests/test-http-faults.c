/* Broken, slow and missing servers. */
#include "net/fp-http.h"

#include <string.h>

#include "base/fp-sha256.h"
#include "fp-test-http.h"
#include "net/fp-http-private.h"

/* Reading. */

static void
test_limit (FpTestHttp    *f,
            gconstpointer  data)
{
  g_autoptr(FpAnswer) first = NULL;
  g_autoptr(FpAnswer) second = NULL;

  fp_test_server_script (f->server, FP_SERVE_FLOOD, 0,
                         "HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n");
  first = fp_test_http_send_text (f, "POST", "/", "x");
  g_assert_cmpuint (first->status, ==, 200);
  g_assert_true (first->body_cut);
  g_assert_cmpuint (g_bytes_get_size (first->body), ==, 64 * 1024);

  /* The server finds the connection closed, and the next request has another. */
  fp_test_until (fp_test_server_get_n_open (f->server) == 0);
  second = fp_test_http_send_text (f, "POST", "/", "x");
  g_assert_cmpuint (second->status, ==, 200);
  g_assert_cmpuint (fp_test_server_get_n_connections (f->server), ==, 2);
}

static void
test_limit_exactly (FpTestHttp    *f,
                    gconstpointer  data)
{
  g_autofree char *text = g_strnfill (64 * 1024, 'x');
  g_autoptr(FpAnswer) answer = NULL;

  fp_test_server_answer (f->server, 200, "", text);
  answer = fp_test_http_send_text (f, "POST", "/", "x");
  g_assert_false (answer->body_cut);
  fp_test_http_assert_answer_body (answer, text);
}

static void
test_short_answer (FpTestHttp    *f,
                   gconstpointer  data)
{
  static const char *const yes[] = {
    "HTTP/1.1 201 OK\r\nContent-Length: 100\r\n\r\n<OpenRosa",
    "HTTP/1.1 201 OK\r\nConnection: close\r\nContent-Length: 100\r\n\r\n<OpenRosa",
    "HTTP/1.1 201 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n<OpenRosa",
    "HTTP/1.1 201 OK\r\nContent-Len",
    "HTTP/1.1 20",
  };
  g_autoptr(FpAnswer) refusal = NULL;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (yes); i++)
    {
      g_autoptr(FpAnswer) answer = NULL;

      fp_test_server_script (f->server, FP_SERVE_CLOSE, 0, yes[i]);
      answer = fp_test_http_send_text (f, "POST", "/", "x");
      g_assert_cmpint (answer->fault, ==, FP_FAULT_CUT);
      g_assert_cmpuint (answer->status, ==, 0);
      g_assert_true (answer->sent_any);
    }

  fp_test_server_script (f->server, FP_SERVE_CLOSE, 0,
                         "HTTP/1.1 400 No\r\nContent-Length: 100\r\n\r\nwrong");
  refusal = fp_test_http_send_text (f, "POST", "/", "x");
  g_assert_cmpint (refusal->fault, ==, FP_FAULT_NONE);
  g_assert_cmpuint (refusal->status, ==, 400);
  fp_test_http_assert_answer_body (refusal, "wrong");
}

static void
test_rubbish (FpTestHttp    *f,
              gconstpointer  data)
{
  static const char *const rubbish[]
      = { "SSH-2.0-OpenSSH_9.2\r\n\r\n", "\r\n\r\n\r\n", "HTTP/1.1 OK\r\n\r\n", "<html>\r\n\r\n" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rubbish); i++)
    {
      g_autoptr(FpAnswer) answer = NULL;

      fp_test_server_script (f->server, FP_SERVE_CLOSE, 0, rubbish[i]);
      answer = fp_test_http_send_text (f, "POST", "/", "x");
      g_assert_cmpint (answer->fault, ==, FP_FAULT_CUT);
    }
}

/* A connection that ends while the body is on its way: what came back is no receipt. */
static void
test_cut_in_body (FpTestHttp    *f,
                  gconstpointer  data)
{
  g_autofree char *big = g_strnfill (8 * 1024 * 1024, 'x');
  g_autoptr(FpAnswer) answer = NULL;

  fp_test_server_script (f->server, FP_SERVE_CUT, 1000, NULL);
  answer = fp_test_http_send_text (f, "POST", "/", big);
  g_assert_cmpint (answer->fault, ==, FP_FAULT_CUT);
  g_assert_false (answer->wrote_all);
  g_assert_true (answer->sent_any);
}

/* Silence. */

static void
test_timeout (FpTestHttp    *f,
              gconstpointer  data)
{
  FpRequest *request = fp_test_http_new_request (f, "POST", "/", "x");
  g_autoptr(FpAnswer) answer = NULL;

  request->timeout_s = 1;
  fp_test_server_script (f->server, FP_SERVE_HANG, 0, NULL);
  answer = fp_test_http_send_request (f, request);
  g_assert_cmpint (answer->fault, ==, FP_FAULT_TIMEOUT);
  g_assert_true (answer->sent_any);
  g_assert_true (answer->wrote_all);
}

/* A byte of the body every 20 ms. */
static FpRequest *
drip (FpTestHttp *f,
      guint       size,
      guint       timeout_s)
{
  g_autofree char *text = g_strnfill (size, 'x');
  g_autofree char *raw = g_strdup_printf ("HTTP/1.1 200 OK\r\nContent-Length: %u\r\n\r\n%s", size, text);
  FpRequest *request = fp_test_http_new_request (f, "GET", "/", NULL);

  fp_test_server_script (f->server, FP_SERVE_DRIP, 0, raw);
  request->timeout_s = timeout_s;

  return request;
}

static void
test_slow_is_not_silent (FpTestHttp    *f,
                         gconstpointer  data)
{
  gint64 start = g_get_monotonic_time ();
  g_autoptr(FpAnswer) answer = fp_test_http_send_request (f, drip (f, 120, 2));

  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_cmpuint (g_bytes_get_size (answer->body), ==, 120);
  g_assert_cmpint (g_get_monotonic_time () - start, >, 2 * G_USEC_PER_SEC);
}

/* Nobody listened for longer than that; what was said meanwhile counts. */
static void
test_own_pause_is_not_silence (FpTestHttp    *f,
                               gconstpointer  data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(FpAnswer) answer = NULL;

  fp_http_send_async (f->http, drip (f, 60, 1), NULL, NULL, NULL, fp_test_await_cb, &await);
  fp_test_until (fp_test_server_get_n_requests (f->server) == 1);
  while (fp_test_server_get_n_open (f->server) > 0)
    g_usleep (1000);
  answer = fp_http_send_finish (f->http, fp_test_await (&await));
  g_assert_cmpint (answer->fault, ==, FP_FAULT_NONE);
  g_assert_cmpuint (g_bytes_get_size (answer->body), ==, 60);
}

static void
test_abort (FpTestHttp    *f,
            gconstpointer  data)
{
  FpTestAwait awaits[3] = { FP_TEST_AWAIT };
  g_autoptr(FpAnswer) after = NULL;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (awaits); i++)
    {
      fp_test_server_script (f->server, FP_SERVE_HANG, 0, NULL);
      fp_http_send_async (f->http, fp_test_http_new_request (f, "POST", "/", "x"), NULL, NULL, NULL,
                          fp_test_await_cb, &awaits[i]);
    }
  fp_test_until (fp_test_server_get_n_requests (f->server) == 3);
  fp_http_abort (f->http);
  for (i = 0; i < G_N_ELEMENTS (awaits); i++)
    {
      g_autoptr(FpAnswer) answer = fp_http_send_finish (f->http, fp_test_await (&awaits[i]));

      g_assert_cmpint (answer->fault, ==, FP_FAULT_CANCELLED);
      fp_test_await_clear (&awaits[i]);
    }
  fp_test_until (fp_test_server_get_n_open (f->server) == 0);

  after = fp_test_http_send_text (f, "POST", "/", "x");
  g_assert_cmpuint (after->status, ==, 200);
}

static void
test_cancel (FpTestHttp    *f,
             gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(FpAnswer) answer = NULL;
  g_autoptr(FpAnswer) late = NULL;
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_test_server_script (f->server, FP_SERVE_HANG, 0, NULL);
  fp_http_send_async (f->http, fp_test_http_new_request (f, "POST", "/", "x"), NULL, NULL, cancellable,
                      fp_test_await_cb, &await);
  fp_test_until (fp_test_server_get_n_requests (f->server) == 1);
  g_cancellable_cancel (cancellable);
  answer = fp_http_send_finish (f->http, fp_test_await (&await));
  g_assert_cmpint (answer->fault, ==, FP_FAULT_CANCELLED);
  g_assert_true (answer->sent_any);

  fp_test_await_clear (&await);
  fp_http_send_async (f->http, fp_test_http_new_request (f, "POST", "/", "x"), NULL, NULL, cancellable,
                      fp_test_await_cb, &await);
  late = fp_http_send_finish (f->http, fp_test_await (&await));
  g_assert_cmpint (late->fault, ==, FP_FAULT_CANCELLED);
  g_assert_false (late->sent_any);
  g_assert_cmpuint (fp_test_server_get_n_requests (f->server), ==, 1);
}

/* Not reaching it. */

static void
test_refused (FpTestHttp    *f,
              gconstpointer  data)
{
  FpTestServer *gone = fp_test_server_new (NULL);
  g_autofree char *url = fp_test_server_dup_url (gone, "/");
  g_autoptr(FpAnswer) answer = NULL;

  fp_test_server_free (gone);
  answer = fp_test_http_send_request (f, fp_request_new ("POST", url));
  g_assert_cmpint (answer->fault, ==, FP_FAULT_CONNECT);
  g_assert_false (answer->sent_any);
  g_assert_false (answer->wrote_all);
  g_assert_cmpint (answer->first_byte_boot, ==, 0);
  g_assert_nonnull (answer->fault_text);
}

/* A resolver that knows nobody, so that the test needs no network. */

#define TEST_TYPE_RESOLVER (test_resolver_get_type ())
G_DECLARE_FINAL_TYPE (TestResolver, test_resolver, TEST, RESOLVER, GResolver)

struct _TestResolver
{
  GResolver parent_instance;
};

G_DEFINE_FINAL_TYPE (TestResolver, test_resolver, G_TYPE_RESOLVER)

static void
test_resolver_lookup_async (GResolver                *resolver,
                            const char               *host,
                            GResolverNameLookupFlags  flags,
                            GCancellable             *cancellable,
                            GAsyncReadyCallback       callback,
                            gpointer                  user_data)
{
  g_task_report_new_error (resolver, callback, user_data, NULL, G_RESOLVER_ERROR,
                           G_RESOLVER_ERROR_NOT_FOUND, "Nobody knows “%s”", host);
}

static GList *
test_resolver_lookup_finish (GResolver     *resolver,
                             GAsyncResult  *result,
                             GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
test_resolver_class_init (TestResolverClass *klass)
{
  GResolverClass *resolver_class = G_RESOLVER_CLASS (klass);

  resolver_class->lookup_by_name_with_flags_async = test_resolver_lookup_async;
  resolver_class->lookup_by_name_with_flags_finish = test_resolver_lookup_finish;
}

static void
test_resolver_init (TestResolver *self)
{
}

static void
test_unknown_name (FpTestHttp    *f,
                   gconstpointer  data)
{
  g_autoptr(GResolver) before = g_resolver_get_default ();
  g_autoptr(GResolver) nobody = g_object_new (TEST_TYPE_RESOLVER, NULL);
  FpRequest *request = fp_request_new ("POST", "http://fieldpost.invalid/");
  g_autoptr(FpAnswer) answer = NULL;

  g_resolver_set_default (nobody);
  request->allow_cleartext = TRUE;
  answer = fp_test_http_send_request (f, request);
  g_resolver_set_default (before);
  g_assert_cmpint (answer->fault, ==, FP_FAULT_RESOLVE);
  g_assert_false (answer->sent_any);
  g_assert_false (answer->local_host);
}

static void
test_tls_is_verified (FpTestHttp    *f,
                      gconstpointer  data)
{
  g_autofree char *file = g_build_filename (g_getenv ("G_TEST_SRCDIR"), "data", "loopback.pem", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(GTlsCertificate) certificate = g_tls_certificate_new_from_file (file, &error);
  g_autoptr(GTlsDatabase) trust = NULL;
  g_autoptr(FpTestServer) server = NULL;
  g_autofree char *url = NULL;
  g_autoptr(FpAnswer) untrusted = NULL;
  g_autoptr(FpAnswer) trusted = NULL;
  FpRequest *request;

  g_assert_no_error (error);
  server = fp_test_server_new (certificate);
  url = fp_test_server_dup_url (server, "/");
  untrusted = fp_test_http_send_request (f, fp_request_new ("POST", url));
  g_assert_cmpint (untrusted->fault, ==, FP_FAULT_TLS);
  g_assert_false (untrusted->sent_any);
  g_assert_false (untrusted->secure);
  g_assert_cmpuint (fp_test_server_get_n_requests (server), ==, 0);

  trust = g_tls_file_database_new (file, &error);
  g_assert_no_error (error);
  soup_session_set_tls_database (_fp_http_peek_session (f->http), trust);
  request = fp_request_new ("POST", url);
  fp_request_add_header (request, "X-A", "1");
  trusted = fp_test_http_send_request (f, request);
  g_assert_cmpuint (trusted->status, ==, 200);
  g_assert_true (trusted->secure);
}

/* Of "PNG.": as long, but other bytes. */
#define SHA256_OF_OTHERS "40e1ae95190fff993bf9291e1172809d15f2950686982d839e9612040520a59b"

static void
test_body_is_checked_first (FpTestHttp    *f,
                            gconstpointer  data)
{
  g_autofree char *path = fp_test_http_make_file (f, "photo", "JPEG");
  g_autofree char *missing = g_build_filename (f->folder, "missing", NULL);
  const struct
  {
    const char *path;
    gint64 size;
    const char *sha256;
  } bad[] = { { missing, 4, NULL }, { path, 3, NULL }, { path, 5, NULL }, { f->folder, 4096, NULL },
              { "/dev/zero", 0, NULL }, { path, 4, SHA256_OF_OTHERS } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      FpRequest *request = fp_test_http_new_request (f, "POST", "/", "x");
      g_autoptr(FpAnswer) answer = NULL;

      fp_request_add_file (request, bad[i].path, bad[i].size, bad[i].sha256, NULL);
      answer = fp_test_http_send_request (f, request);
      g_assert_cmpint (answer->fault, ==, FP_FAULT_BODY);
      g_assert_false (answer->sent_any);
      g_assert_null (strstr (answer->fault_text, f->folder));
    }
  g_assert_cmpuint (fp_test_server_get_n_connections (f->server), ==, 0);
}

/* Right bytes go, and are not looked at again. */
static void
test_small_files_are_verified (FpTestHttp    *f,
                               gconstpointer  data)
{
  g_autofree char *path = fp_test_http_make_file (f, "photo", "JPEG");
  g_autofree char *sha256 = fp_sha256_of ("JPEG", strlen ("JPEG"));

  for (guint i = 0; i < 2; i++)
    {
      FpRequest *request = fp_test_http_new_request (f, "POST", "/", NULL);
      g_autoptr(FpAnswer) answer = NULL;

      fp_test_server_answer (f->server, 200, "", "fine");
      fp_request_add_file (request, path, 4, sha256, NULL);
      answer = fp_test_http_send_request (f, request);
      g_assert_cmpint (answer->fault, ==, FP_FAULT_NONE);
    }
}

#define LARGE (3 * 1048576 + 1)

static FpAnswer *
send_large (FpTestHttp *f,
            const char *path,
            const char *sha256,
            const char *tail)
{
  FpRequest *request = fp_test_http_new_request (f, "POST", "/", "head");
  g_autoptr(GBytes) end = g_bytes_new (tail, strlen (tail));

  fp_request_add_file (request, path, LARGE, sha256, "photo.jpg");
  fp_request_add_bytes (request, end);
  return fp_test_http_send_request (f, request);
}

/* On its way, and the end of it never leaves: no server has a whole request. */
static void
test_large_files_are_verified (FpTestHttp    *f,
                               gconstpointer  data)
{
  static const gsize places[] = { 0, LARGE / 2, LARGE - 1 };
  g_autofree char *text = g_strnfill (LARGE, 'x');
  g_autofree char *sha256 = fp_sha256_of (text, LARGE);

  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autofree char *path = NULL;
      g_autoptr(FpAnswer) answer = NULL;

      text[places[i]] ^= 1;
      path = fp_test_http_make_file (f, "photo", text);
      text[places[i]] ^= 1;
      answer = send_large (f, path, sha256, i % 2 ? "tail" : "");
      g_assert_cmpint (answer->fault, ==, FP_FAULT_BODY);
      g_assert_true (answer->sent_any);
      g_assert_false (answer->wrote_all);
      g_assert_cmpint (f->progress, <, 4 + LARGE);
      g_assert_nonnull (strstr (answer->fault_text, "photo.jpg"));
      g_assert_null (strstr (answer->fault_text, f->folder));
    }
  /* The server may come to one that was dropped only now. */
  fp_test_until (fp_test_server_get_n_requests (f->server) == G_N_ELEMENTS (places));
  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    g_assert_cmpint (fp_test_server_get_request (f->server, i)->body_size, <, 4 + LARGE);
}

/* Which an attempt that was cut does not spare; one that went to its end does. */
static void
test_large_files_are_verified_once (FpTestHttp    *f,
                                    gconstpointer  data)
{
  static const FpFault expected[] = { FP_FAULT_CUT, FP_FAULT_NONE, FP_FAULT_NONE };
  g_autofree char *text = g_strnfill (LARGE, 'y');
  g_autofree char *sha256 = fp_sha256_of (text, LARGE);
  g_autofree char *path = fp_test_http_make_file (f, "photo", text);

  fp_test_server_script (f->server, FP_SERVE_CUT, LARGE / 2, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_autoptr(FpAnswer) answer = send_large (f, path, sha256, "tail");

      g_assert_cmpint (answer->fault, ==, expected[i]);
      if (i == 1)
        {
          g_assert_cmpint (fp_test_server_get_request (f->server, 1)->body_size, ==, 4 + LARGE + 4);
          /* From now on its size is all that is looked at. */
          text[1] = 'z';
          g_free (fp_test_http_make_file (f, "photo", text));
        }
    }
}

static void
test_addresses (FpTestHttp    *f,
                gconstpointer  data)
{
  static const char *const refused[]
      = { "ftp://127.0.0.1/", "example.org", "http://example.org/", "http://8.8.8.8/", "" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autoptr(FpAnswer) answer = fp_test_http_send_request (f, fp_request_new ("POST", refused[i]));

      g_assert_cmpint (answer->fault, ==, FP_FAULT_URL);
      g_assert_false (answer->sent_any);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  FP_TEST_HTTP_ADD ("/http/answer/at-most-64-kib-are-read", test_limit);
  FP_TEST_HTTP_ADD ("/http/answer/exactly-64-kib-are-whole", test_limit_exactly);
  FP_TEST_HTTP_ADD ("/http/answer/short-yes-is-no-answer", test_short_answer);
  FP_TEST_HTTP_ADD ("/http/answer/rubbish-is-no-answer", test_rubbish);
  FP_TEST_HTTP_ADD ("/http/answer/cut-while-writing", test_cut_in_body);
  FP_TEST_HTTP_ADD ("/http/silence/ends-the-attempt", test_timeout);
  FP_TEST_HTTP_ADD ("/http/silence/slow-is-not-silent", test_slow_is_not_silent);
  FP_TEST_HTTP_ADD ("/http/silence/own-pause-is-not-silence", test_own_pause_is_not_silence);
  FP_TEST_HTTP_ADD ("/http/abort/ends-everything-and-works-again", test_abort);
  FP_TEST_HTTP_ADD ("/http/abort/cancelled-one", test_cancel);
  FP_TEST_HTTP_ADD ("/http/fault/refused-connection-sent-nothing", test_refused);
  FP_TEST_HTTP_ADD ("/http/fault/unknown-name-sent-nothing", test_unknown_name);
  FP_TEST_HTTP_ADD ("/http/fault/certificates-are-verified", test_tls_is_verified);
  FP_TEST_HTTP_ADD ("/http/fault/body-is-checked-first", test_body_is_checked_first);
  FP_TEST_HTTP_ADD ("/http/fault/small-files-are-verified", test_small_files_are_verified);
  FP_TEST_HTTP_ADD ("/http/fault/large-files-are-verified", test_large_files_are_verified);
  FP_TEST_HTTP_ADD ("/http/fault/large-files-are-verified-once", test_large_files_are_verified_once);
  FP_TEST_HTTP_ADD ("/http/fault/addresses-that-are-not-contacted", test_addresses);

  return g_test_run ();
}
