#include "config.h"

#include "net/fp-exchange-private.h"

/* From here on a body is worth a question; a smaller one is there sooner than the answer to it. */
#define ASK_BYTES (1024 * 1024)
/* Some servers never say "100 Continue". Whoever asked one of them in vain begins anew without asking. */
#define WAIT_US (3 * G_USEC_PER_SEC)

static void
got_informational_cb (FpExchange *self)
{
  self->asking = FALSE;
  _fp_exchange_note_progress (self);
}

/**
 * _fp_exchange_ask:
 *
 * Lets the headers go ahead of a large body, so that a server can refuse it before it was
 * sent and the refusal be read. Source: RFC 9110, 10.1.1.
 */
void
_fp_exchange_ask (FpExchange *self)
{
  self->asked = self->total > ASK_BYTES && !self->in_vain && !_fp_http_is_mute (self->http, self->target);
  if (!self->asked)
    return;

  soup_message_headers_set_expectations (soup_message_get_request_headers (self->message),
                                         SOUP_EXPECTATION_CONTINUE);
  g_signal_connect_swapped (self->message, "got-informational", G_CALLBACK (got_informational_cb), self);
}

/* The question is out. */
void
_fp_exchange_await_go (FpExchange *self)
{
  if (!self->asked)
    return;

  self->asking = TRUE;
  self->silent_at = MIN (self->silent_at, g_get_monotonic_time () + WAIT_US);
  g_source_set_ready_time (self->watchdog, self->silent_at);
}

/* Nothing came. FALSE: nothing was asked. */
gboolean
_fp_exchange_stop_asking (FpExchange *self)
{
  if (!self->asking)
    return FALSE;

  self->asking = FALSE;
  self->in_vain = TRUE;

  return TRUE;
}

/* The answer's headers are here. Does the server still expect the body that it need not have? Nobody can know: the next
 * request has another connection. Said any earlier, libsoup would read the answer up to the connection's end. */
void
_fp_exchange_was_told (FpExchange *self)
{
  self->asking = FALSE;
  if (self->asked && !self->wrote_body)
    soup_message_headers_replace (soup_message_get_request_headers (self->message), "Connection", "close");
}

/* Left to itself libsoup would wait, and in the way of everything else, for a body that is never sent. */
void
_fp_exchange_end_question (FpExchange *self)
{
  g_autoptr(GCancellable) at_once = g_cancellable_new ();

  if (!self->asked || self->wrote_body || !self->stream)
    return;
  g_cancellable_cancel (at_once);
  g_input_stream_close (self->stream, at_once, NULL);
}

/**
 * _fp_exchange_is_to_begin_anew:
 *
 * Whether the request, none of whose body has left, ended only because it was asked about:
 * the server said nothing, or that it knows no such question (417).
 */
gboolean
_fp_exchange_is_to_begin_anew (FpExchange *self)
{
  GCancellable *outer = g_task_get_cancellable (self->task);

  if (self->asked && self->stream && soup_message_get_status (self->message) == SOUP_STATUS_EXPECTATION_FAILED)
    self->in_vain = TRUE;
  if (!self->asked || !self->in_vain || self->written > 0 || self->end.aborted
      || (outer && g_cancellable_is_cancelled (outer)))
    return FALSE;

  _fp_http_note_mute (self->http, self->target);
  g_cancellable_reset (self->cancellable);
  self->answer->sent_any = FALSE;

  return TRUE;
}
