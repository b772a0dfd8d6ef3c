#include "config.h"

#include "net/fp-exchange-private.h"

#include <glib/gi18n.h>
#include <string.h>

#include "net/fp-fill.h"
#include "net/fp-host-private.h"

#define READ_BYTES (16 * 1024)
/* So much of an answer is taken in one go, where it is there already. */
#define READS_AT_ONCE 8

static void read_answer (FpExchange *self);
static void go_on (FpExchange *self);

static void
add_answer_header (const char *name,
                   const char *value,
                   gpointer    user_data)
{
  FpExchange *self = user_data;
  GHashTable *headers = self->answer->headers;
  char *lower = g_ascii_strdown (name, -1);
  const char *before = g_hash_table_lookup (headers, lower);
  g_autofree char *valid = _fp_fill_mask (g_utf8_make_valid (value, -1), self->secret);

  g_hash_table_replace (headers, lower,
                        before ? g_strconcat (before, ", ", valid, NULL)
                               : g_steal_pointer (&valid));
}

static void
take_headers (FpExchange *self)
{
  FpAnswer *answer = self->answer;
  GTlsCertificate *certificate = soup_message_get_tls_peer_certificate (self->message);

  answer->status = soup_message_get_status (self->message);
  g_clear_pointer (&answer->headers, g_hash_table_unref);
  answer->headers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  soup_message_headers_foreach (soup_message_get_response_headers (self->message),
                                add_answer_header, self);
  answer->retry_after = _fp_retry_after_parse (
      fp_answer_peek_header (answer, "retry-after"), fp_answer_peek_header (answer, "date"),
      fp_clock_get_wall_ms (_fp_http_peek_clock (self->http)));

  /* An answer of the proxy to CONNECT comes without a certificate. */
  answer->secure = _fp_host_is_https (self->target) && certificate
                   && soup_message_get_tls_peer_certificate_errors (self->message) == 0;
  answer->local_host = _fp_host_classify_uri (self->target) != FP_HOST_PUBLIC;
  answer->same_origin = TRUE;
}

/* A server that closes early may leave libsoup content with less than was announced. */
static gboolean
is_short (FpExchange *self)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (self->message);

  return soup_message_headers_get_one (headers, "Content-Length")
         && !soup_message_headers_get_one (headers, "Transfer-Encoding")
         && !g_str_equal (self->request->method, "HEAD") && self->answer->status != 204
         && self->answer->status != 304 && !self->answer->body_cut
         && self->taken < (guint64) soup_message_headers_get_content_length (headers);
}

static gboolean
is_announced_too_long (FpExchange *self)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (self->message);

  return soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CONTENT_LENGTH
         && soup_message_headers_get_content_length (headers) > (goffset) self->limit;
}

/* Servers repeat the token they refuse, and answers are kept and shown. */
static GBytes *
dup_body (FpExchange *self)
{
  g_autoptr(GBytes) raw = g_byte_array_free_to_bytes (g_steal_pointer (&self->body));
  g_autofree char *text = NULL;
  gsize size;
  const char *bytes = g_bytes_get_data (raw, &size);

  if (self->is_document || !self->secret || !*self->secret || size == 0)
    return g_steal_pointer (&raw);

  /* What is no text is nothing to show either. */
  if (memchr (bytes, 0, size))
    return memmem (bytes, size, self->secret, strlen (self->secret)) ? g_bytes_new (NULL, 0)
                                                                     : g_steal_pointer (&raw);

  text = _fp_fill_mask (g_strndup (bytes, size), self->secret);
  size = strlen (text);
  return g_bytes_new_take (g_steal_pointer (&text), size);
}

static void
body_ended (FpExchange   *self,
            const GError *error)
{
  gboolean broken = error || is_short (self);

  if (self->end.timed_out || self->end.aborted || g_cancellable_is_cancelled (self->cancellable)
      || (broken && self->answer->status / 100 == 2))
    {
      g_autoptr(GError) cut = error ? g_error_copy (error)
                                    : g_error_new_literal (G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
                                                           _("The answer broke off"));

      _fp_exchange_finish_with_error (self, cut);
      return;
    }

  /* A refusal is one, even if its explanation broke off. */
  self->answer->body = dup_body (self);
  _fp_exchange_finish (self);
}

static void
closed_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_input_stream_close_finish (G_INPUT_STREAM (source), result, NULL);
}

void
_fp_exchange_drop_stream (FpExchange *self)
{
  g_input_stream_close_async (self->stream, G_PRIORITY_DEFAULT, NULL, closed_cb, NULL);
}

/* What is no answer to the question is not what is poured away either. */
static gboolean
is_poured (FpExchange *self)
{
  return self->request->into && self->answer->status == 200;
}

/* FALSE: that was the last of it, and @self is gone. */
static gboolean
take_chunk (FpExchange   *self,
            const guint8 *bytes,
            gsize         size,
            const GError *error)
{
  gsize room = self->limit - self->taken;

  _fp_exchange_note_progress (self);
  self->taken += MIN (size, room);
  if (is_poured (self))
    g_byte_array_set_size (self->body, 0);
  g_byte_array_append (self->body, bytes, MIN (size, room));
  self->answer->body_cut = size > room;
  if (size > 0 && !self->answer->body_cut)
    return TRUE;

  /* Closing a stream that has more to give also drops its connection. One at its end is closed already; asking for it
   * anyway costs a thread. */
  if (error || self->answer->body_cut)
    _fp_exchange_drop_stream (self);
  body_ended (self, error);

  return FALSE;
}

static void
read_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  FpExchange *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) chunk = g_input_stream_read_bytes_finish (self->stream, result, &error);
  gsize size = 0;
  const guint8 *bytes = chunk ? g_bytes_get_data (chunk, &size) : NULL;

  if (take_chunk (self, bytes, size, error))
    go_on (self);
}

static void
poured_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  FpExchange *self = user_data;
  g_autoptr(GError) error = NULL;

  if (g_output_stream_write_all_finish (self->request->into, result, NULL, &error))
    {
      _fp_exchange_note_progress (self);
      read_answer (self);
      return;
    }
  _fp_exchange_drop_stream (self);
  _fp_exchange_finish_with_error (self, error);
}

/* With what was taken; nothing more is read before it is where it belongs. */
static void
go_on (FpExchange *self)
{
  if (!is_poured (self))
    {
      read_answer (self);
      return;
    }
  _fp_exchange_expect_nothing (self);
  g_output_stream_write_all_async (self->request->into, self->body->data, self->body->len, G_PRIORITY_DEFAULT,
                                   self->cancellable, poured_cb, self);
}

/* Nearly every answer came in one piece with its headers: then no turn of the loop is waited for. */
static void
read_answer (FpExchange *self)
{
  GPollableInputStream *pollable = G_IS_POLLABLE_INPUT_STREAM (self->stream)
                                           && g_pollable_input_stream_can_poll (G_POLLABLE_INPUT_STREAM (self->stream))
                                       ? G_POLLABLE_INPUT_STREAM (self->stream)
                                       : NULL;

  for (guint i = 0; pollable && i < READS_AT_ONCE; i++)
    {
      guint8 bytes[READ_BYTES];
      g_autoptr(GError) error = NULL;
      gssize n = g_pollable_input_stream_read_nonblocking (pollable, bytes, sizeof bytes, self->cancellable, &error);

      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        break;
      if (!take_chunk (self, bytes, (gsize) MAX (n, 0), error))
        return;
      if (is_poured (self))
        {
          go_on (self);
          return;
        }
    }

  g_input_stream_read_bytes_async (self->stream, READ_BYTES, G_PRIORITY_DEFAULT, self->cancellable, read_cb, self);
}

void
_fp_exchange_read_answer (FpExchange *self)
{
  take_headers (self);
  self->body = g_byte_array_new ();
  if (!is_poured (self) || !is_announced_too_long (self))
    {
      read_answer (self);
      return;
    }

  self->answer->body_cut = TRUE;
  _fp_exchange_drop_stream (self);
  body_ended (self, NULL);
}
