/* fp-http.h — one HTTP exchange: stream a request, read at most 64 KiB of the answer; no retries, no judgement
 *
 * Covers what libsoup does behind one's back (design 5.2): restarted requests get their body again and count only if
 * that attempt wrote it whole; redirects are followed only for 307/308 on the same origin, at most 3; no cookies, no
 * HTTP authentication of its own. Main context only. */
#pragma once

#include <gio/gio.h>

#include "secret/fp-secret.h"

G_BEGIN_DECLS

/* A piece of a body: bytes or a file. */
typedef struct {
  GBytes *data; /* or */
  char   *path;
  gint64  size;   /* bytes; a file of another size fails the request before anything is sent… */
  char   *sha256; /* (nullable): …and so does one with other bytes; a large one before its last byte is sent */
  char   *name;   /* (nullable): of a file, for people */
} FpSegment;

typedef struct {
  char       *method;
  char       *url;          /* may hold {secret} */
  GPtrArray  *headers;      /* FpHeader in order; values may hold {secret}; Content-Length is set by us */
  GPtrArray  *segments;     /* FpSegment; empty = no body */
  char       *secret_id;    /* (nullable): resolved at send time, for this URL's origin only */
  char       *user;         /* (nullable): pre-emptive Basic with the secret as password; https or loopback only */
  GOutputStream *into;      /* (nullable): where the body of a 200 goes as it comes, instead of into the answer; never
                             * more than 16 KiB of it are held; not closed */
  guint       timeout_s;    /* without progress; 0 = 60 */
  gboolean    no_redirects; /* not even to the same origin */
  gboolean    allow_cleartext; /* http to a public host: by the person's explicit choice only */
} FpRequest;

typedef struct {
  char *name;
  char *value;
} FpHeader;

FpRequest  *fp_request_new         (const char *method,
                                    const char *url);
void        fp_request_add_header  (FpRequest  *request,
                                    const char *name,
                                    const char *value);
void        fp_request_add_bytes   (FpRequest  *request,
                                    GBytes     *data);
void        fp_request_add_file    (FpRequest  *request,
                                    const char *path,
                                    gint64      size,
                                    const char *sha256,
                                    const char *name);
gint64      fp_request_get_length  (FpRequest  *request);
void        fp_request_free        (FpRequest  *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpRequest, fp_request_free)

/* Why there was no usable answer. */
typedef enum {
  FP_FAULT_NONE = 0,
  FP_FAULT_RESOLVE,    /* DNS */
  FP_FAULT_CONNECT,    /* refused, unreachable: nothing was sent */
  FP_FAULT_TLS,
  FP_FAULT_TIMEOUT,
  FP_FAULT_CUT,        /* the connection ended in the middle */
  FP_FAULT_BODY,       /* our own body could not be read (a blob is missing) */
  FP_FAULT_CANCELLED,
  FP_FAULT_SECRET,     /* there is no such secret, or it belongs to another origin */
  FP_FAULT_URL,        /* not an http(s) URL, or cleartext to a public host without an explicit choice */
  FP_FAULT_KEYRING,    /* the keyring is locked or absent; fault_text says what to do */
  FP_FAULT_OPEN_FILES, /* this process may open no more of them now */
} FpFault;

typedef struct {
  FpFault     fault;
  char       *fault_text;    /* (nullable): the system's words, no URL in it */
  guint       status;        /* 0 with a fault */
  GHashTable *headers;       /* lower-case name -> value */
  GBytes     *body;          /* at most 64 KiB */
  gboolean    body_cut;      /* there was more */
  gboolean    wrote_all;     /* this attempt wrote exactly the request's bytes */
  gboolean    sent_any;      /* some byte of the request may have reached the server */
  char       *final_url;     /* after followed redirects */
  gboolean    same_origin;   /* final_url has the request's origin */
  gboolean    secure;        /* verified https */
  gboolean    local_host;    /* loopback or LAN address */
  gint64      retry_after;   /* ms, clamped to 24 h; -1 = none */
  gint64      first_byte_boot; /* boot ms when the first byte of the request was written; 0 = none */
} FpAnswer;

const char *fp_answer_peek_header  (const FpAnswer *answer,
                                    const char     *lower_name);
void        fp_answer_free         (FpAnswer       *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpAnswer, fp_answer_free)

/* Why fp_http_get_async() has no document. */
typedef enum {
  FP_HTTP_ERROR_NETWORK,   /* it was not reached, or the answer broke off */
  FP_HTTP_ERROR_TLS,       /* no trusted encrypted connection */
  FP_HTTP_ERROR_ACCESS,    /* 401, 403 */
  FP_HTTP_ERROR_NOT_FOUND, /* 404, 410 */
  FP_HTTP_ERROR_MOVED,     /* a redirect that is not followed */
  FP_HTTP_ERROR_STATUS,    /* any other status but 200 */
  FP_HTTP_ERROR_TOO_LARGE,
  FP_HTTP_ERROR_SECRET,    /* the keyring does not give the secret */
  FP_HTTP_ERROR_URL,
  FP_HTTP_ERROR_CANCELLED,
} FpHttpError;

#define FP_HTTP_ERROR (fp_http_error_quark ())
GQuark fp_http_error_quark (void);

#define FP_TYPE_HTTP (fp_http_get_type ())
G_DECLARE_FINAL_TYPE (FpHttp, fp_http, FP, HTTP, GObject)

/* Bytes of the request written so far. */
typedef void (*FpProgress) (gint64 done, gint64 total, gpointer user_data);

FpHttp   *fp_http_new          (FpSecrets           *secrets); /* (nullable) */
FpSecrets*fp_http_get_secrets  (FpHttp              *self);
void      fp_http_send_async   (FpHttp              *self,
                                FpRequest           *request, /* (transfer full) */
                                FpProgress           progress, /* (nullable) */
                                gpointer             progress_data,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data);
/* Never fails: what went wrong is in the answer. */
FpAnswer *fp_http_send_finish  (FpHttp              *self,
                                GAsyncResult        *result);
/* GET of a whole document of at most @limit bytes (forms, lists); FP_HTTP_ERROR for anything but a complete 200. */
void      fp_http_get_async    (FpHttp              *self,
                                FpRequest           *request, /* (transfer full) */
                                gsize                limit,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data);
GBytes   *fp_http_get_finish   (FpHttp              *self,
                                GAsyncResult        *result,
                                GError             **error);
/* Drops every connection: after resume, and when the link changed. What is in flight ends with FP_FAULT_CANCELLED. */
void      fp_http_abort        (FpHttp              *self);

G_END_DECLS
