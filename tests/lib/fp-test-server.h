/* fp-test-server.h — a scripted HTTP server on a loopback port, on raw sockets so that it can misbehave
 *
 * Each request takes the next step of the script; without one it is answered 200 "ok". It runs on threads of its own:
 * what it got may be read once the client has its answer. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum {
  FP_SERVE_ANSWER,    /* and keep the connection */
  FP_SERVE_CLOSE,     /* answer, then close */
  FP_SERVE_DROP,      /* read the request, close without a word */
  FP_SERVE_CUT,       /* close after @after bytes of the body */
  FP_SERVE_HANG,      /* read the request, then nothing until the server ends */
  FP_SERVE_DRIP,      /* the head, then a byte of the body every 20 ms, then close */
  FP_SERVE_FLOOD,     /* the answer's body without an end */
} FpServe;

typedef struct {
  char   *method;
  char   *target;
  char   *head;       /* request line and headers as they came */
  GBytes *body;       /* its first MiB */
  gint64  body_size;
  guint   connection; /* 1, 2, … in order of arrival */
} FpTestRequest;

typedef struct _FpTestServer FpTestServer;

/* @certificate: (nullable): TLS */
FpTestServer        *fp_test_server_new             (GTlsCertificate *certificate);
void                 fp_test_server_free            (FpTestServer    *self);
guint16              fp_test_server_get_port        (FpTestServer    *self);
/* "http://127.0.0.1:port" + @path */
char                *fp_test_server_dup_url         (FpTestServer    *self,
                                                     const char      *path);

/* @raw: (nullable): the whole answer, status line and all */
void                 fp_test_server_script          (FpTestServer    *self,
                                                     FpServe          how,
                                                     gint64           after,
                                                     const char      *raw);
/* Whatever was scripted and not asked for: a request may be broken off before it is sent. */
void                 fp_test_server_forget          (FpTestServer    *self);
/* A well-formed answer that keeps the connection. @headers: "" or lines that each end with "\r\n" */
void                 fp_test_server_answer          (FpTestServer    *self,
                                                     guint            status,
                                                     const char      *headers,
                                                     const char      *body);

guint                fp_test_server_get_n_requests    (FpTestServer  *self);
guint                fp_test_server_get_n_connections (FpTestServer  *self);
/* How many connections are open now. */
guint                fp_test_server_get_n_open        (FpTestServer  *self);
const FpTestRequest *fp_test_server_get_request       (FpTestServer  *self,
                                                       guint          index);
/* (nullable): the value of a header of the request; free with g_free() */
char                *fp_test_request_dup_header       (const FpTestRequest *request,
                                                       const char    *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpTestServer, fp_test_server_free)

G_END_DECLS
