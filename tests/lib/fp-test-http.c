#include "fp-test-http.h"

#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
/* LeakSanitizer stumbles over the thread-local storage that GnuTLS leaves in threads that have ended. */
const char *__asan_default_options (void);

const char *
__asan_default_options (void)
{
  return "intercept_tls_get_addr=0";
}
#endif

void
fp_test_http_setup (FpTestHttp    *f,
                    gconstpointer  data)
{
  f->server = fp_test_server_new (NULL);
  f->secrets = fp_secrets_new_memory ();
  f->http = fp_http_new (f->secrets);
  f->folder = fp_test_make_folder ();
}

void
fp_test_http_teardown (FpTestHttp    *f,
                       gconstpointer  data)
{
  fp_test_drain ();
  g_assert_finalize_object (f->http);
  g_assert_finalize_object (f->secrets);
  fp_test_server_free (f->server);
  fp_test_remove_folder (f->folder);
  g_free (f->folder);
}

FpRequest *
fp_test_http_new_request (FpTestHttp *f,
                          const char *method,
                          const char *path,
                          const char *body)
{
  g_autofree char *url = fp_test_server_dup_url (f->server, path);
  FpRequest *request = fp_request_new (method, url);

  if (body)
    {
      g_autoptr(GBytes) bytes = g_bytes_new (body, strlen (body));

      fp_request_add_bytes (request, bytes);
    }

  return request;
}

static void
progress_cb (gint64   done,
             gint64   total,
             gpointer user_data)
{
  FpTestHttp *f = user_data;

  /* It begins anew with a redirect. */
  g_assert_cmpint (done, >, 0);
  g_assert_cmpint (done, <=, total);
  f->progress = done;
}

FpAnswer *
fp_test_http_send_request (FpTestHttp *f,
                           FpRequest  *request)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  f->progress = 0;
  fp_http_send_async (f->http, request, progress_cb, f, NULL, fp_test_await_cb, &await);
  return fp_http_send_finish (f->http, fp_test_await (&await));
}

FpAnswer *
fp_test_http_send_text (FpTestHttp *f,
                        const char *method,
                        const char *path,
                        const char *body)
{
  return fp_test_http_send_request (f, fp_test_http_new_request (f, method, path, body));
}

void
fp_test_http_assert_body (const FpTestRequest *request,
                          const char          *text)
{
  gsize size;
  const char *bytes = g_bytes_get_data (request->body, &size);

  g_assert_cmpmem (bytes, size, text, strlen (text));
}

void
fp_test_http_assert_answer_body (const FpAnswer *answer,
                                 const char     *text)
{
  gsize size;
  const char *bytes = g_bytes_get_data (answer->body, &size);

  g_assert_cmpmem (bytes, size, text, strlen (text));
}

char *
fp_test_http_make_file (FpTestHttp *f,
                        const char *name,
                        const char *text)
{
  char *path = g_build_filename (f->folder, name, NULL);
  g_autoptr(GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  return path;
}
