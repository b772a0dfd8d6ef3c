/* Secrets on the wire and nowhere else; documents; Retry-After. */
#include "net/fp-http.h"

#include <string.h>

#include "fp-test-http.h"
#include "net/fp-host.h"
#include "net/fp-http-private.h"

#define TOKEN "s!cr$t-%2Fok"

static void
keep (FpTestHttp *f,
      const char *id,
      const char *origin,
      const char *secret)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  fp_secrets_store_async (f->secrets, id, origin, "label", secret, NULL, fp_test_await_cb, &await);
  g_assert_true (fp_secrets_store_finish (f->secrets, fp_test_await (&await), &error));
  g_assert_no_error (error);
}

static void
keep_for_server (FpTestHttp *f,
                 const char *secret)
{
  g_autofree char *url = fp_test_server_dup_url (f->server, "/");
  g_autofree char *origin = fp_host_dup_origin (url, NULL);

  keep (f, "id", origin, secret);
}

static FpRequest *
secret_request (FpTestHttp *f,
                const char *path)
{
  FpRequest *request = fp_test_http_new_request (f, "POST", path, "x");

  request->secret_id = g_strdup ("id");
  return request;
}

static void
test_filled_in (FpTestHttp    *f,
                gconstpointer  data)
{
  FpRequest *request = secret_request (f, "/v1/key/{secret}/f?st={secret}&b=\"{x}\303\274");
  g_autoptr(FpAnswer) answer = NULL;
  const FpTestRequest *got;
  g_autofree char *header = NULL;

  keep_for_server (f, TOKEN);
  fp_request_add_header (request, "Authorization", "Token {secret}");
  answer = fp_test_http_send_request (f, request);
  g_assert_cmpuint (answer->status, ==, 200);
  got = fp_test_server_get_request (f->server, 0);
  g_assert_cmpstr (got->target, ==,
                   "/v1/key/" TOKEN "/f?st=" TOKEN "&b=%22%7Bx%7D%C3%BC");
  header = fp_test_request_dup_header (got, "Authorization");
  g_assert_cmpstr (header, ==, "Token " TOKEN);
  g_assert_null (strstr (answer->final_url, TOKEN));
}

/* A secret cannot lead the request elsewhere. */
static void
test_stays_in_its_place (FpTestHttp    *f,
                         gconstpointer  data)
{
  g_autoptr(FpAnswer) answer = NULL;
  g_autoptr(FpAnswer) smuggled = NULL;
  FpRequest *request = secret_request (f, "/");

  keep_for_server (f, "a/../b?c#d&e %\r\nX-A: 1");
  answer = fp_test_http_send_request (f, secret_request (f, "/key/{secret}/f"));
  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_cmpstr (fp_test_server_get_request (f->server, 0)->target, ==,
                   "/key/a%2F..%2Fb%3Fc%23d%26e%20%25%0D%0AX-A:%201/f");

  fp_request_add_header (request, "Authorization", "{secret}");
  smuggled = fp_test_http_send_request (f, request);
  g_assert_cmpint (smuggled->fault, ==, FP_FAULT_URL);
  g_assert_cmpuint (fp_test_server_get_n_requests (f->server), ==, 1);
}

static void
test_basic (FpTestHttp    *f,
            gconstpointer  data)
{
  g_autofree char *url
      = g_strdup_printf ("http://an%%3Ana:{secret}@127.0.0.1:%u/", fp_test_server_get_port (f->server));
  FpRequest *by_url = fp_request_new ("POST", url);
  FpRequest *by_user = secret_request (f, "/");
  g_autoptr(FpAnswer) first = NULL;
  g_autoptr(FpAnswer) second = NULL;
  g_autofree char *header = NULL;
  g_autofree char *of_user = NULL;

  keep_for_server (f, "p:w");
  by_url->secret_id = g_strdup ("id");
  first = fp_test_http_send_request (f, by_url);
  header = fp_test_request_dup_header (fp_test_server_get_request (f->server, 0), "Authorization");
  g_assert_cmpstr (header, ==, "Basic YW46bmE6cDp3");
  g_assert_null (strstr (fp_test_server_get_request (f->server, 0)->head, "@"));

  by_user->user = g_strdup ("anna");
  second = fp_test_http_send_request (f, by_user);
  of_user = fp_test_request_dup_header (fp_test_server_get_request (f->server, 1), "Authorization");
  g_assert_cmpstr (of_user, ==, "Basic YW5uYTpwOnc=");
  g_assert_cmpuint (first->status, ==, 200);
  g_assert_cmpuint (second->status, ==, 200);
}

/* Loopback aside, a password needs https; a token in a LAN's URL is the server's own way. */
static void
test_password_needs_https (FpTestHttp    *f,
                           gconstpointer  data)
{
  FpRequest *request = fp_request_new ("POST", "http://10.255.255.1/");
  FpRequest *chosen = fp_request_new ("POST", "http://anna:pw@example.org/");
  g_autoptr(FpAnswer) lan = NULL;
  g_autoptr(FpAnswer) wide = NULL;

  keep (f, "id", "http://10.255.255.1:80", "pw");
  request->secret_id = g_strdup ("id");
  request->user = g_strdup ("anna");
  lan = fp_test_http_send_request (f, request);
  g_assert_cmpint (lan->fault, ==, FP_FAULT_URL);

  chosen->allow_cleartext = TRUE;
  wide = fp_test_http_send_request (f, chosen);
  g_assert_cmpint (wide->fault, ==, FP_FAULT_URL);
}

static void
test_bound_to_origin (FpTestHttp    *f,
                      gconstpointer  data)
{
  FpRequest *nobody = fp_test_http_new_request (f, "POST", "/{secret}", "x");
  FpHttp *keyless = fp_http_new (NULL);
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(FpAnswer) other = NULL;
  g_autoptr(FpAnswer) none = NULL;
  g_autoptr(FpAnswer) without = NULL;
  g_autoptr(FpAnswer) unknown = NULL;

  keep (f, "id", "https://elsewhere.org:443", TOKEN);
  other = fp_test_http_send_request (f, secret_request (f, "/{secret}"));
  g_assert_cmpint (other->fault, ==, FP_FAULT_SECRET);
  g_assert_null (strstr (other->fault_text, TOKEN));

  nobody->secret_id = g_strdup ("nobody");
  unknown = fp_test_http_send_request (f, nobody);
  g_assert_cmpint (unknown->fault, ==, FP_FAULT_SECRET);

  none = fp_test_http_send_request (f, fp_test_http_new_request (f, "POST", "/{secret}", "x"));
  g_assert_cmpint (none->fault, ==, FP_FAULT_SECRET);

  fp_http_send_async (keyless, secret_request (f, "/{secret}"), NULL, NULL, NULL, fp_test_await_cb,
                      &await);
  without = fp_http_send_finish (keyless, fp_test_await (&await));
  g_assert_cmpint (without->fault, ==, FP_FAULT_SECRET);
  fp_test_await_clear (&await);
  fp_test_drain ();
  g_assert_finalize_object (keyless);
  g_assert_cmpuint (fp_test_server_get_n_connections (f->server), ==, 0);
}

/* A server that repeats the token must not get it into receipts and reasons. */
static void
test_masked (FpTestHttp    *f,
             gconstpointer  data)
{
  g_autoptr(FpAnswer) answer = NULL;
  g_autoptr(FpAnswer) empty = NULL;

  keep_for_server (f, TOKEN);
  fp_test_server_answer (f->server, 307, "Location: /moved/" TOKEN "/x\r\n", "");
  fp_test_server_answer (f->server, 403, "Location: /" TOKEN "\r\nX-A: " TOKEN "\r\n",
                         "Token " TOKEN " is not known");
  answer = fp_test_http_send_request (f, secret_request (f, "/{secret}"));
  g_assert_cmpuint (answer->status, ==, 403);
  g_assert_cmpstr (fp_test_server_get_request (f->server, 1)->target, ==, "/moved/" TOKEN "/x");
  fp_test_http_assert_answer_body (answer, "Token {secret} is not known");
  g_assert_cmpstr (fp_answer_peek_header (answer, "location"), ==, "/{secret}");
  g_assert_cmpstr (fp_answer_peek_header (answer, "x-a"), ==, "{secret}");
  g_assert_null (strstr (answer->final_url, TOKEN));
  g_assert_true (g_str_has_suffix (answer->final_url, "/moved/{secret}/x"));

  fp_test_server_answer (f->server, 403, "", "");
  empty = fp_test_http_send_request (f, secret_request (f, "/{secret}"));
  g_assert_cmpuint (empty->status, ==, 403);
  fp_test_http_assert_answer_body (empty, "");
}

/* Documents. */

static GBytes *
get (FpTestHttp  *f,
     FpRequest   *request,
     gsize        limit,
     GError     **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_http_get_async (f->http, request, limit, NULL, fp_test_await_cb, &await);
  return fp_http_get_finish (f->http, fp_test_await (&await), error);
}

static void
test_document (FpTestHttp    *f,
               gconstpointer  data)
{
  g_autofree char *big = g_strnfill (300 * 1024, 'x');
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) whole = NULL;
  g_autoptr(GBytes) secret = NULL;
  FpRequest *request = secret_request (f, "/{secret}");

  fp_test_server_answer (f->server, 200, "", big);
  whole = get (f, fp_test_http_new_request (f, "GET", "/", NULL), 300 * 1024, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (whole), ==, 300 * 1024);

  /* Lists of forms hold URLs with the token; they are wanted as they are. */
  keep_for_server (f, TOKEN);
  fp_test_server_answer (f->server, 200, "", "list " TOKEN);
  secret = get (f, request, 1000, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (secret), ==, strlen ("list " TOKEN));
}

static void
test_no_document (FpTestHttp    *f,
                  gconstpointer  data)
{
  static const struct
  {
    const char *raw;
    FpHttpError code;
  } rows[] = {
    { "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890", FP_HTTP_ERROR_TOO_LARGE },
    { "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n012", FP_HTTP_ERROR_NETWORK },
    { "HTTP/1.1 201 OK\r\nContent-Length: 1\r\n\r\n0", FP_HTTP_ERROR_STATUS },
    { "HTTP/1.1 302 No\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n", FP_HTTP_ERROR_MOVED },
    { "HTTP/1.1 304 No\r\nContent-Length: 0\r\n\r\n", FP_HTTP_ERROR_MOVED },
    { "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", FP_HTTP_ERROR_ACCESS },
    { "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", FP_HTTP_ERROR_ACCESS },
    { "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", FP_HTTP_ERROR_NOT_FOUND },
    { "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", FP_HTTP_ERROR_STATUS },
    { "rubbish\r\n\r\n", FP_HTTP_ERROR_NETWORK },
  };
  g_autoptr(GError) url_error = NULL;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GError) error = NULL;

      fp_test_server_script (f->server, FP_SERVE_CLOSE, 0, rows[i].raw);
      g_assert_null (get (f, fp_test_http_new_request (f, "GET", "/", NULL), 10, &error));
      g_assert_error (error, FP_HTTP_ERROR, (int) rows[i].code);
    }

  g_assert_null (get (f, fp_request_new ("GET", "nothing"), 10, &url_error));
  g_assert_error (url_error, FP_HTTP_ERROR, FP_HTTP_ERROR_URL);
}

/* Retry-After. */

static void
test_retry_after (void)
{
  static const struct
  {
    const char *value;
    const char *date;
    gint64 ms;
  } rows[] = {
    { NULL, NULL, -1 },
    { "", NULL, -1 },
    { "soon", NULL, -1 },
    { "-1", NULL, -1 },
    { "1.5", NULL, -1 },
    { "0", NULL, 0 },
    { " 120 ", NULL, 120000 },
    { "86400", NULL, 86400000 },
    { "86401", NULL, 86400000 },
    { "99999999999999999999999999", NULL, 86400000 },
    /* 2015-10-21 07:28:00 UTC is 1445412480. */
    { "Wed, 21 Oct 2015 07:28:30 GMT", NULL, 30000 },
    { "Wed, 21 Oct 2015 07:27:30 GMT", NULL, 0 },
    { "Fri, 21 Oct 2016 07:28:00 GMT", NULL, 86400000 },
    { "Wed, 21 Oct 2015 07:28:30 GMT", "Wed, 21 Oct 2015 07:28:20 GMT", 10000 },
    /* A clock here that is years off does not matter. */
    { "Mon, 21 Oct 2030 07:28:30 GMT", "Mon, 21 Oct 2030 07:28:00 GMT", 30000 },
    { "Wed, 21 Oct 2015 07:28:30 GMT", "yesterday", 30000 },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (_fp_retry_after_parse (rows[i].value, rows[i].date,
                                            G_GINT64_CONSTANT (1445412480000)),
                     ==, rows[i].ms);
}

static void
test_retry_after_is_read (FpTestHttp    *f,
                          gconstpointer  data)
{
  g_autoptr(FpAnswer) answer = NULL;

  fp_test_server_answer (f->server, 503, "Retry-After: 7\r\n", "");
  answer = fp_test_http_send_text (f, "POST", "/", "x");
  g_assert_cmpint (answer->retry_after, ==, 7000);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  FP_TEST_HTTP_ADD ("/http/secret/is-filled-in-when-sent", test_filled_in);
  FP_TEST_HTTP_ADD ("/http/secret/stays-in-its-place", test_stays_in_its_place);
  FP_TEST_HTTP_ADD ("/http/secret/basic-is-sent-unasked", test_basic);
  FP_TEST_HTTP_ADD ("/http/secret/password-needs-https", test_password_needs_https);
  FP_TEST_HTTP_ADD ("/http/secret/is-not-sent-to-another-origin", test_bound_to_origin);
  FP_TEST_HTTP_ADD ("/http/secret/is-masked-in-what-comes-back", test_masked);
  FP_TEST_HTTP_ADD ("/http/document/is-whole-and-unchanged", test_document);
  FP_TEST_HTTP_ADD ("/http/document/anything-else-is-an-error", test_no_document);
  FP_TEST_HTTP_ADD ("/http/retry-after/is-read", test_retry_after_is_read);
  g_test_add_func ("/http/retry-after/seconds-or-date-up-to-a-day", test_retry_after);

  return g_test_run ();
}
