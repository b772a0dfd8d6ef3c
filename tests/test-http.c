/* What the client sends, against a scripted server on raw sockets, and what libsoup does by itself. */
#include "net/fp-http.h"

#include <string.h>
#include <unistd.h>

#include "base/fp-clock.h"
#include "fp-test-http.h"

#ifndef __has_feature /* clang's way to say it */
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature (address_sanitizer)
#define RUNNING_ON_SANITIZER 1
#else
#define RUNNING_ON_SANITIZER 0
#endif

/* Sending. */

static void
test_whole (FpTestHttp    *f,
            gconstpointer  data)
{
  g_autofree char *path = fp_test_http_make_file (f, "photo", "JPEG");
  g_autoptr(GBytes) tail = g_bytes_new_static ("--end", 5);
  g_autoptr(GBytes) nothing = g_bytes_new_static ("", 0);
  g_autofree char *length = NULL;
  g_autofree char *custom = NULL;
  g_autofree char *agent = NULL;
  g_autoptr(FpAnswer) answer = NULL;
  g_autoptr(FpClock) clock = fp_clock_new ();
  gint64 before = fp_clock_get_boot_ms (clock);
  FpRequest *request = fp_test_http_new_request (f, "POST", "/submission?a=b%20c", "start--");
  const FpTestRequest *got;

  fp_request_add_file (request, path, 4, NULL, NULL);
  fp_request_add_bytes (request, nothing);
  fp_request_add_bytes (request, tail);
  fp_request_add_header (request, "X-Custom", "v");
  g_assert_cmpint (fp_request_get_length (request), ==, 16);
  fp_test_server_answer (f->server, 201, "X-A: 1\r\nx-a: 2\r\nDate: today\r\n", "made");
  answer = fp_test_http_send_request (f, request);

  g_assert_cmpint (answer->fault, ==, FP_FAULT_NONE);
  g_assert_cmpuint (answer->status, ==, 201);
  g_assert_true (answer->wrote_all);
  g_assert_true (answer->sent_any);
  g_assert_true (answer->same_origin);
  g_assert_true (answer->local_host);
  g_assert_false (answer->secure);
  g_assert_false (answer->body_cut);
  g_assert_cmpint (answer->retry_after, ==, -1);
  g_assert_cmpint (answer->first_byte_boot, >=, before);
  g_assert_cmpint (answer->first_byte_boot, <=, fp_clock_get_boot_ms (clock));
  g_assert_cmpint (f->progress, ==, 16);
  g_assert_cmpstr (fp_answer_peek_header (answer, "x-a"), ==, "1, 2");
  fp_test_http_assert_answer_body (answer, "made");

  got = fp_test_server_get_request (f->server, 0);
  g_assert_cmpstr (got->method, ==, "POST");
  g_assert_cmpstr (got->target, ==, "/submission?a=b%20c");
  fp_test_http_assert_body (got, "start--JPEG--end");
  length = fp_test_request_dup_header (got, "Content-Length");
  custom = fp_test_request_dup_header (got, "X-Custom");
  agent = fp_test_request_dup_header (got, "User-Agent");
  g_assert_cmpstr (length, ==, "16");
  g_assert_cmpstr (custom, ==, "v");
  g_assert_true (g_str_has_prefix (agent, "Fieldpost/"));
  g_assert_null (fp_test_request_dup_header (got, "Transfer-Encoding"));
  g_assert_null (fp_test_request_dup_header (got, "Accept-Encoding"));
}

static void
test_methods (FpTestHttp    *f,
              gconstpointer  data)
{
  static const char *const methods[] = { "GET", "HEAD", "DELETE", "POST", "PUT", "PATCH", "REPORT" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      g_autoptr(FpAnswer) answer = NULL;
      const FpTestRequest *got;
      g_autofree char *length = NULL;

      fp_test_server_script (f->server, FP_SERVE_ANSWER, 0,
                             g_str_equal (methods[i], "HEAD")
                                 ? "HTTP/1.1 204 None\r\nContent-Length: 12\r\n\r\n"
                                 : "HTTP/1.1 204 None\r\nContent-Length: 0\r\n\r\n");
      answer = fp_test_http_send_text (f, methods[i], "/", NULL);
      g_assert_cmpuint (answer->status, ==, 204);
      g_assert_true (answer->wrote_all);
      g_assert_cmpuint (g_bytes_get_size (answer->body), ==, 0);
      got = fp_test_server_get_request (f->server, i);
      g_assert_cmpstr (got->method, ==, methods[i]);
      length = fp_test_request_dup_header (got, "Content-Length");
      g_assert_cmpstr (length, ==, i < 3 ? NULL : "0");
    }
  g_assert_cmpuint (fp_test_server_get_n_connections (f->server), ==, 1);
}

static void
test_framing_is_ours (FpTestHttp    *f,
                      gconstpointer  data)
{
  static const char *const names[]
      = { "Content-Length", "transfer-encoding", "Expect", "Connection", "Host" };
  FpRequest *request = fp_test_http_new_request (f, "POST", "/", "four");
  g_autoptr(FpAnswer) answer = NULL;
  const FpTestRequest *got;
  g_autofree char *length = NULL;
  g_autofree char *host = NULL;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (names); i++)
    fp_request_add_header (request, names[i], "100-continue");
  answer = fp_test_http_send_request (f, request);
  g_assert_cmpuint (answer->status, ==, 200);
  got = fp_test_server_get_request (f->server, 0);
  fp_test_http_assert_body (got, "four");
  length = fp_test_request_dup_header (got, "Content-Length");
  host = fp_test_request_dup_header (got, "Host");
  g_assert_cmpstr (length, ==, "4");
  g_assert_true (g_str_has_prefix (host, "127.0.0.1:"));
  g_assert_null (fp_test_request_dup_header (got, "Expect"));
}

static void
test_injection (FpTestHttp    *f,
                gconstpointer  data)
{
  static const struct
  {
    const char *method;
    const char *name;
    const char *value;
  } bad[] = {
    { "POST", "X-A", "1\r\nX-B: 2" }, { "POST", "X-A", "1\n2" },  { "POST", "X A", "1" },
    { "POST", "X-A\r\nX-B", "1" },    { "POST", "", "1" },        { "GET / HTTP/1.1\r\nX:", "A", "1" },
    { "", "A", "1" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      FpRequest *request = fp_test_http_new_request (f, bad[i].method, "/", "x");
      g_autoptr(FpAnswer) answer = NULL;

      fp_request_add_header (request, bad[i].name, bad[i].value);
      answer = fp_test_http_send_request (f, request);
      g_assert_cmpint (answer->fault, ==, FP_FAULT_URL);
      g_assert_nonnull (answer->fault_text);
      g_assert_false (answer->sent_any);
    }
  g_assert_cmpuint (fp_test_server_get_n_connections (f->server), ==, 0);
}

static void
test_reuse (FpTestHttp    *f,
            gconstpointer  data)
{
  guint i;

  for (i = 0; i < 5; i++)
    {
      g_autoptr(FpAnswer) answer = fp_test_http_send_text (f, "POST", "/", "body");

      g_assert_cmpuint (answer->status, ==, 200);
    }
  g_assert_cmpuint (fp_test_server_get_n_connections (f->server), ==, 1);
}

static void
test_many_at_once (FpTestHttp    *f,
                   gconstpointer  data)
{
  FpTestAwait awaits[20] = { FP_TEST_AWAIT };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (awaits); i++)
    {
      FpRequest *request = fp_test_http_new_request (f, "POST", "/", "body");

      request->timeout_s = 1;
      fp_http_send_async (f->http, request, NULL, NULL, NULL, fp_test_await_cb, &awaits[i]);
    }
  for (i = 0; i < G_N_ELEMENTS (awaits); i++)
    {
      g_autoptr(FpAnswer) answer = fp_http_send_finish (f->http, fp_test_await (&awaits[i]));

      g_assert_cmpuint (answer->status, ==, 200);
      g_assert_true (answer->wrote_all);
      fp_test_await_clear (&awaits[i]);
    }
  g_assert_cmpuint (fp_test_server_get_n_connections (f->server), <=, 4);
}

/* What libsoup does by itself. */

static void
test_restart_has_its_body (FpTestHttp    *f,
                           gconstpointer  data)
{
  g_autofree char *path = fp_test_http_make_file (f, "photo", "JPEG");
  FpRequest *request = fp_test_http_new_request (f, "PUT", "/b", "head");
  g_autoptr(FpAnswer) first G_GNUC_UNUSED = fp_test_http_send_text (f, "PUT", "/a", "one");
  g_autoptr(FpAnswer) second = NULL;
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  /* The kept connection ends without a word, after the whole request. */
  fp_test_server_script (f->server, FP_SERVE_DROP, 0, NULL);
  fp_test_server_answer (f->server, 200, "", "ok");
  fp_request_add_file (request, path, 4, NULL, NULL);
  fp_http_send_async (f->http, request, NULL, NULL, NULL, fp_test_await_cb, &await);
  second = fp_http_send_finish (f->http, fp_test_await (&await));

  g_assert_cmpuint (second->status, ==, 200);
  g_assert_true (second->wrote_all);
  g_assert_cmpuint (fp_test_server_get_n_requests (f->server), ==, 3);
  fp_test_http_assert_body (fp_test_server_get_request (f->server, 1), "headJPEG");
  fp_test_http_assert_body (fp_test_server_get_request (f->server, 2), "headJPEG");
  g_assert_cmpuint (fp_test_server_get_request (f->server, 2)->connection, ==, 2);
}

static void
test_post_is_not_repeated (FpTestHttp    *f,
                           gconstpointer  data)
{
  g_autoptr(FpAnswer) first G_GNUC_UNUSED = fp_test_http_send_text (f, "POST", "/", "one");
  g_autoptr(FpAnswer) second = NULL;

  fp_test_server_script (f->server, FP_SERVE_DROP, 0, NULL);
  second = fp_test_http_send_text (f, "POST", "/", "two");
  g_assert_cmpint (second->fault, ==, FP_FAULT_CUT);
  g_assert_cmpuint (second->status, ==, 0);
  g_assert_true (second->sent_any);
  g_assert_cmpuint (fp_test_server_get_n_requests (f->server), ==, 2);
}

static void
test_redirect_is_not_followed (FpTestHttp    *f,
                               gconstpointer  data)
{
  static const guint statuses[] = { 301, 302, 303 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (statuses); i++)
    {
      g_autoptr(FpAnswer) answer = NULL;

      fp_test_server_answer (f->server, statuses[i], "Location: /login\r\n", "");
      answer = fp_test_http_send_text (f, "POST", "/submission", "x");
      g_assert_cmpuint (answer->status, ==, statuses[i]);
      g_assert_cmpstr (fp_answer_peek_header (answer, "location"), ==, "/login");
      g_assert_cmpuint (fp_test_server_get_n_requests (f->server), ==, i + 1);
    }
}

static void
test_redirect_same_origin (FpTestHttp    *f,
                           gconstpointer  data)
{
  g_autofree char *absolute = fp_test_server_dup_url (f->server, "/c");
  g_autofree char *location = g_strdup_printf ("Location: %s\r\n", absolute);
  g_autoptr(FpAnswer) answer = NULL;
  guint i;

  fp_test_server_answer (f->server, 307, "Location: b?x=1\r\n", "");
  fp_test_server_answer (f->server, 308, location, "");
  fp_test_server_answer (f->server, 201, "", "made");
  answer = fp_test_http_send_text (f, "POST", "/a", "body");

  g_assert_cmpuint (answer->status, ==, 201);
  g_assert_true (answer->same_origin);
  g_assert_true (answer->wrote_all);
  g_assert_cmpstr (answer->final_url, ==, absolute);
  g_assert_cmpuint (fp_test_server_get_n_requests (f->server), ==, 3);
  for (i = 0; i < 3; i++)
    {
      g_assert_cmpstr (fp_test_server_get_request (f->server, i)->method, ==, "POST");
      fp_test_http_assert_body (fp_test_server_get_request (f->server, i), "body");
    }
  g_assert_cmpstr (fp_test_server_get_request (f->server, 1)->target, ==, "/b?x=1");
}

static void
test_redirect_ends (FpTestHttp    *f,
                    gconstpointer  data)
{
  g_autoptr(FpAnswer) answer = NULL;
  guint i;

  for (i = 0; i < 6; i++)
    fp_test_server_answer (f->server, 307, "Location: /again\r\n", "");
  answer = fp_test_http_send_text (f, "POST", "/", "x");
  g_assert_cmpuint (answer->status, ==, 307);
  g_assert_cmpuint (fp_test_server_get_n_requests (f->server), ==, 4);
}

static void
test_redirect_elsewhere (FpTestHttp    *f,
                         gconstpointer  data)
{
  g_autoptr(FpTestServer) other = fp_test_server_new (NULL);
  g_autofree char *url = fp_test_server_dup_url (other, "/");
  const char *locations[] = { url, "//localhost/", "https://127.0.0.1/", "ftp://127.0.0.1/", "http://" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (locations); i++)
    {
      g_autofree char *header = g_strdup_printf ("Location: %s\r\n", locations[i]);
      g_autoptr(FpAnswer) answer = NULL;

      fp_test_server_answer (f->server, 308, header, "");
      answer = fp_test_http_send_text (f, "POST", "/", "x");
      g_assert_cmpuint (answer->status, ==, 308);
    }
  g_assert_cmpuint (fp_test_server_get_n_connections (other), ==, 0);
  g_assert_cmpuint (fp_test_server_get_n_requests (f->server), ==, G_N_ELEMENTS (locations));
}

static void
test_no_cookies_no_auth (FpTestHttp    *f,
                         gconstpointer  data)
{
  g_autoptr(FpAnswer) first = NULL;
  g_autoptr(FpAnswer) second = NULL;

  fp_test_server_answer (f->server, 401,
                         "Set-Cookie: a=b\r\nWWW-Authenticate: Basic realm=\"x\"\r\n", "");
  first = fp_test_http_send_text (f, "POST", "/", "x");
  second = fp_test_http_send_text (f, "POST", "/", "x");
  g_assert_cmpuint (first->status, ==, 401);
  g_assert_cmpuint (second->status, ==, 200);
  g_assert_cmpuint (fp_test_server_get_n_requests (f->server), ==, 2);
  g_assert_null (fp_test_request_dup_header (fp_test_server_get_request (f->server, 1), "Cookie"));
  g_assert_null (
      fp_test_request_dup_header (fp_test_server_get_request (f->server, 1), "Authorization"));
}

static void
test_content_is_not_decoded (FpTestHttp    *f,
                             gconstpointer  data)
{
  g_autoptr(FpAnswer) answer = NULL;

  fp_test_server_answer (f->server, 200, "Content-Encoding: gzip\r\n", "not gzip at all");
  answer = fp_test_http_send_text (f, "GET", "/", NULL);
  g_assert_cmpuint (answer->status, ==, 200);
  fp_test_http_assert_answer_body (answer, "not gzip at all");
}

static void
test_informational (FpTestHttp    *f,
                    gconstpointer  data)
{
  g_autoptr(FpAnswer) answer = NULL;

  fp_test_server_script (f->server, FP_SERVE_ANSWER, 0,
                         "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nX-A: 1\r\n\r\n"
                         "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok");
  answer = fp_test_http_send_text (f, "POST", "/", "x");
  g_assert_cmpuint (answer->status, ==, 201);
  g_assert_null (fp_answer_peek_header (answer, "x-a"));
}

/* Constant memory. */

static gint64
peak_kib (void)
{
  g_autofree char *status = NULL;
  const char *line;

  g_file_get_contents ("/proc/self/status", &status, NULL, NULL);
  line = status ? strstr (status, "VmHWM:") : NULL;
  return line ? g_ascii_strtoll (line + strlen ("VmHWM:"), NULL, 10) : 0;
}

static void
test_huge_file (FpTestHttp    *f,
                gconstpointer  data)
{
  /* 2 GiB, and one byte that is no multiple of anything. */
  const gint64 size = (G_GINT64_CONSTANT (1) << 31) + 1;
  g_autofree char *path = fp_test_http_make_file (f, "video", "");
  FpRequest *request = fp_test_http_new_request (f, "POST", "/", "head");
  g_autoptr(FpAnswer) answer = NULL;
  gint64 before = peak_kib ();

  g_assert_cmpint (truncate (path, size), ==, 0);
  fp_request_add_file (request, path, size, NULL, NULL);
  answer = fp_test_http_send_request (f, request);
  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_true (answer->wrote_all);
  g_assert_cmpint (fp_test_server_get_request (f->server, 0)->body_size, ==, size + 4);
  g_test_message ("peak memory grew by %" G_GINT64_FORMAT " KiB", peak_kib () - before);
  if (!RUNNING_ON_SANITIZER)
    g_assert_cmpint (peak_kib () - before, <, 8 * 1024);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  FP_TEST_HTTP_ADD ("/http/send/arrives-whole", test_whole);
  FP_TEST_HTTP_ADD ("/http/send/any-method", test_methods);
  FP_TEST_HTTP_ADD ("/http/send/framing-is-ours", test_framing_is_ours);
  FP_TEST_HTTP_ADD ("/http/send/no-line-can-be-smuggled-in", test_injection);
  FP_TEST_HTTP_ADD ("/http/send/connections-are-kept", test_reuse);
  FP_TEST_HTTP_ADD ("/http/send/at-most-four-connections-a-host", test_many_at_once);
  FP_TEST_HTTP_ADD ("/http/send/huge-file-in-constant-memory", test_huge_file);
  FP_TEST_HTTP_ADD ("/http/soup/restarted-request-has-its-body", test_restart_has_its_body);
  FP_TEST_HTTP_ADD ("/http/soup/post-is-not-repeated-by-itself", test_post_is_not_repeated);
  FP_TEST_HTTP_ADD ("/http/soup/no-cookies-no-authentication", test_no_cookies_no_auth);
  FP_TEST_HTTP_ADD ("/http/soup/content-is-not-decoded", test_content_is_not_decoded);
  FP_TEST_HTTP_ADD ("/http/soup/informational-answers-are-passed-over", test_informational);
  FP_TEST_HTTP_ADD ("/http/redirect/changing-the-method-is-not-followed", test_redirect_is_not_followed);
  FP_TEST_HTTP_ADD ("/http/redirect/same-origin-keeps-method-and-body", test_redirect_same_origin);
  FP_TEST_HTTP_ADD ("/http/redirect/at-most-three", test_redirect_ends);
  FP_TEST_HTTP_ADD ("/http/redirect/elsewhere-is-not-followed", test_redirect_elsewhere);

  return g_test_run ();
}
