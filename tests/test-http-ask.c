/* Large bodies: asked about before they are sent. */
#include "net/fp-http.h"

#include <string.h>

#include "fp-test-http.h"

#define LARGE (8 * 1024 * 1024)

#define TOO_LARGE "HTTP/1.1 413 Too Large\r\nContent-Length: 7\r\n\r\nso much"

static FpAnswer *
send_size (FpTestHttp *f,
           gsize       size)
{
  g_autofree char *text = g_strnfill (size, 'x');

  return fp_test_http_send_text (f, "POST", "/", text);
}

static gboolean
was_asked (FpTestHttp *f,
           guint       index)
{
  g_autofree char *expect = fp_test_request_dup_header (fp_test_server_get_request (f->server, index), "Expect");

  return expect && g_str_equal (expect, "100-continue");
}

/* A server that still waits for the body does not get the next request in its place. */
static void
test_refused (FpTestHttp    *f,
              gconstpointer  data)
{
  g_autoptr(FpAnswer) refused = NULL;
  g_autoptr(FpAnswer) next = NULL;

  fp_test_server_script (f->server, FP_SERVE_EARLY, 0, TOO_LARGE);
  refused = send_size (f, LARGE);
  g_assert_cmpint (refused->fault, ==, FP_FAULT_NONE);
  g_assert_cmpuint (refused->status, ==, 413);
  g_assert_false (refused->wrote_all);
  fp_test_http_assert_answer_body (refused, "so much");

  next = send_size (f, 1);
  g_assert_cmpuint (next->status, ==, 200);
  g_assert_cmpuint (fp_test_server_get_n_connections (f->server), ==, 2);
}

static void
test_wanted (FpTestHttp    *f,
             gconstpointer  data)
{
  g_autoptr(FpAnswer) small = send_size (f, 1024 * 1024);
  g_autoptr(FpAnswer) large = send_size (f, LARGE);

  g_assert_cmpuint (small->status, ==, 200);
  g_assert_cmpuint (large->status, ==, 200);
  g_assert_true (large->wrote_all);
  g_assert_false (was_asked (f, 0));
  g_assert_true (was_asked (f, 1));
  g_assert_cmpint (fp_test_server_get_request (f->server, 1)->body_size, ==, LARGE);
  g_assert_cmpuint (fp_test_server_get_n_connections (f->server), ==, 1);
}

/* An answer to what was not sent is no receipt, whatever it says. */
static void
test_accepted_unseen (FpTestHttp    *f,
                      gconstpointer  data)
{
  g_autoptr(FpAnswer) answer = NULL;

  fp_test_server_script (f->server, FP_SERVE_EARLY, 0, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
  answer = send_size (f, LARGE);
  g_assert_cmpuint (answer->status, ==, 201);
  g_assert_false (answer->wrote_all);
}

/* Once in vain is enough for all that follow. */
static void
test_mute (FpTestHttp    *f,
           gconstpointer  data)
{
  g_autoptr(FpAnswer) first = NULL;
  g_autoptr(FpAnswer) second = NULL;

  fp_test_server_script (f->server, FP_SERVE_MUTE, 0, "HTTP/1.1 500 Never\r\nContent-Length: 0\r\n\r\n");
  first = send_size (f, LARGE);
  g_assert_cmpint (first->fault, ==, FP_FAULT_NONE);
  g_assert_cmpuint (first->status, ==, 200);
  g_assert_true (first->wrote_all);

  second = send_size (f, LARGE);
  g_assert_cmpuint (second->status, ==, 200);
  fp_test_until (fp_test_server_get_n_requests (f->server) == 3);
  g_assert_cmpint (was_asked (f, 0) + was_asked (f, 1) + was_asked (f, 2), ==, 1);
}

static void
test_not_understood (FpTestHttp    *f,
                     gconstpointer  data)
{
  g_autoptr(FpAnswer) answer = NULL;

  fp_test_server_script (f->server, FP_SERVE_EARLY, 0,
                         "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
  answer = send_size (f, LARGE);
  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_true (answer->wrote_all);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  FP_TEST_HTTP_ADD ("/http/ask/what-is-refused-is-not-sent", test_refused);
  FP_TEST_HTTP_ADD ("/http/ask/what-is-wanted-goes-on", test_wanted);
  FP_TEST_HTTP_ADD ("/http/ask/accepted-unseen-is-no-receipt", test_accepted_unseen);
  FP_TEST_HTTP_ADD ("/http/ask/a-server-without-a-word-gets-it-all-the-same", test_mute);
  FP_TEST_HTTP_ADD ("/http/ask/a-server-that-does-not-understand-gets-it-all-the-same", test_not_understood);

  return g_test_run ();
}
