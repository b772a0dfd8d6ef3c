/* fp-exchange-private.h — one exchange: fp-exchange.c sends, fp-exchange-answer.c reads; never leaves the two */
#pragma once

#include "net/fp-exchange-fault.h"
#include "net/fp-http-private.h"

G_BEGIN_DECLS

struct _FpExchange
{
  /* Owned. */
  GTask *task;
  FpRequest *request;
  FpAnswer *answer;
  GCancellable *cancellable; /* of everything that is under way */
  GUri *uri;                 /* the request's, with placeholders and user info */
  GUri *target;              /* as it goes over the wire */
  char *secret;
  char *basic;
  SoupMessage *message;
  GInputStream *stream;
  GByteArray *body;
  GSource *watchdog;
  gint64 silent_at; /* monotonic µs from which on it has been silent too long; G_MAXINT64 = nothing is expected */
  FpExchangeEnd end;

  /* Borrowed. */
  FpHttp *http; /* the task's source object */
  FpProgress progress;
  gpointer progress_data;

  gulong outer;
  gsize limit;
  gsize taken;    /* bytes of the answer's body */
  gboolean is_document; /* its content is wanted as it is */
  gint64 total;   /* bytes of the request's body */
  gint64 written; /* of it, in this attempt */
  gboolean wrote_body;
  guint redirects;
};

/* The ways out: @self is gone then. */
void _fp_exchange_finish            (FpExchange   *self);
void _fp_exchange_finish_with_error (FpExchange   *self,
                                     const GError *error);
/* A sign of life; and that none is to be expected for now. */
void _fp_exchange_note_progress     (FpExchange   *self);
void _fp_exchange_expect_nothing    (FpExchange   *self);

/* From the headers, which are there, to the way out. */
void _fp_exchange_read_answer       (FpExchange   *self);
/* Closes what is read; where it has more to give its connection is dropped. */
void _fp_exchange_drop_stream       (FpExchange   *self);

G_END_DECLS
