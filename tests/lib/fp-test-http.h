/* fp-test-http.h — a client, a scripted server and a folder: the fixture of the tests of HTTP */
#pragma once

#include "fp-test-server.h"
#include "fp-test.h"
#include "net/fp-http.h"

G_BEGIN_DECLS

typedef struct {
  FpTestServer *server;
  FpSecrets    *secrets; /* in memory */
  FpHttp       *http;
  char         *folder;
  gint64        progress; /* of the last request */
} FpTestHttp;

#define FP_TEST_HTTP_ADD(path, func)                                                               \
  g_test_add (path, FpTestHttp, NULL, fp_test_http_setup, func, fp_test_http_teardown)

void       fp_test_http_setup              (FpTestHttp          *f,
                                            gconstpointer        data);
void       fp_test_http_teardown           (FpTestHttp          *f,
                                            gconstpointer        data);
/* @body: (nullable) */
FpRequest *fp_test_http_new_request        (FpTestHttp          *f,
                                            const char          *method,
                                            const char          *path,
                                            const char          *body);
FpAnswer  *fp_test_http_send_request       (FpTestHttp          *f,
                                            FpRequest           *request);
FpAnswer  *fp_test_http_send_text          (FpTestHttp          *f,
                                            const char          *method,
                                            const char          *path,
                                            const char          *body);
void       fp_test_http_assert_body        (const FpTestRequest *request,
                                            const char          *text);
void       fp_test_http_assert_answer_body (const FpAnswer      *answer,
                                            const char          *text);
char      *fp_test_http_make_file          (FpTestHttp          *f,
                                            const char          *name,
                                            const char          *text);

G_END_DECLS
