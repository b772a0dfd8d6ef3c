/* fp-http-private.h — what the client and its exchanges share */
#pragma once

#include <libsoup/soup.h>

#include "base/fp-clock.h"
#include "net/fp-http.h"

G_BEGIN_DECLS

SoupSession *_fp_http_peek_session (FpHttp       *self);
FpClock     *_fp_http_peek_clock   (FpHttp       *self);

/* One request from its check to its answer. Belongs to itself: it ends by returning an FpAnswer through the task. */
typedef struct _FpExchange FpExchange;

/* @request, @task: (transfer full); @limit: bytes of the answer that are read; @is_document: its bytes are left as
 * they are, also where they hold the secret */
void         _fp_exchange_start    (FpRequest    *request,
                                    gsize         limit,
                                    gboolean      is_document,
                                    FpProgress    progress,
                                    gpointer      progress_data,
                                    GTask        *task);
void         _fp_exchange_abort    (FpExchange   *exchange);

/* Whether @text can be a method or the name of a header; and whether a header of that name is ours to set. */
gboolean     _fp_request_is_token  (const char   *text);
gboolean     _fp_request_is_framing_header (const char *name);

/* The list of what is in flight. */
void         _fp_http_enter        (FpHttp       *self,
                                    FpExchange   *exchange);
void         _fp_http_leave        (FpHttp       *self,
                                    FpExchange   *exchange);

/* ms a Retry-After header asks for, 0 to 24 h; -1 = nothing that can be understood. @date: (nullable): the Date
 * header, so that a wrong clock here does not matter. */
gint64       _fp_retry_after_parse (const char   *value,
                                    const char   *date,
                                    gint64        now_wall);

G_END_DECLS
