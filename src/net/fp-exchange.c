#include "config.h"

#include "net/fp-http-private.h"

#include <glib/gi18n.h>
#include <string.h>

#include "net/fp-body-stream.h"
#include "net/fp-exchange-fault.h"
#include "net/fp-fill.h"
#include "net/fp-host-private.h"

#define DEFAULT_TIMEOUT_SECONDS 60
#define MAX_REDIRECTS 3
#define READ_BYTES (16 * 1024)
/* So much of an answer is taken in one go, where it is there already. */
#define READS_AT_ONCE 8

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
  gboolean is_document; /* its content is wanted as it is */
  gint64 total;   /* bytes of the request's body */
  gint64 written; /* of it, in this attempt */
  gboolean wrote_body;
  guint redirects;
};

static void send_message (FpExchange *self);
static void read_answer (FpExchange *self);

static void
exchange_free (FpExchange *self)
{
  g_source_destroy (self->watchdog);
  g_source_unref (self->watchdog);
  if (self->message)
    g_signal_handlers_disconnect_by_data (self->message, self);
  g_clear_object (&self->message);
  g_clear_object (&self->stream);
  g_clear_pointer (&self->body, g_byte_array_unref);
  g_clear_pointer (&self->uri, g_uri_unref);
  g_clear_pointer (&self->target, g_uri_unref);
  g_clear_pointer (&self->answer, fp_answer_free);
  g_free (self->secret);
  g_free (self->basic);
  fp_request_free (self->request);
  g_object_unref (self->cancellable);
  g_object_unref (self->task);
  g_free (self);
}

/* The one way out. */
static void
finish (FpExchange *self)
{
  FpAnswer *answer = g_steal_pointer (&self->answer);

  _fp_http_leave (self->http, self);
  g_cancellable_disconnect (g_task_get_cancellable (self->task), self->outer);
  answer->wrote_all = self->wrote_body && self->written == self->total;
  if (!answer->final_url)
    answer->final_url = g_strdup (self->request->url);
  answer->fault_text = _fp_fill_mask (answer->fault_text, self->secret);

  g_task_return_pointer (self->task, answer, (GDestroyNotify) fp_answer_free);
  exchange_free (self);
}

static void
finish_with_fault (FpExchange *self,
                   FpFault     fault,
                   const char *text)
{
  self->answer->fault = fault;
  self->answer->fault_text = g_strdup (text);
  self->answer->status = 0;
  finish (self);
}

static void
finish_with_error (FpExchange   *self,
                   const GError *error)
{
  FpFault fault = _fp_exchange_judge_error (error, &self->end, self->answer->sent_any);

  finish_with_fault (self, fault, _fp_exchange_fault_text (fault, error));
}

/* Silence. */

static gint64
get_timeout (FpExchange *self)
{
  return (self->request->timeout_s ? self->request->timeout_s : DEFAULT_TIMEOUT_SECONDS) * G_USEC_PER_SEC;
}

/* Fires a timeout after it was set; whether there was a sign of life meanwhile is only then looked at. Moving the source
 * at each sign would wake the loop as often. */
static gboolean
silence_cb (gpointer user_data)
{
  FpExchange *self = user_data;
  gint64 now = g_get_monotonic_time ();

  if (now < self->silent_at)
    {
      g_source_set_ready_time (self->watchdog, MIN (self->silent_at, now + get_timeout (self)));
      return G_SOURCE_CONTINUE;
    }

  self->end.timed_out = TRUE;
  g_source_set_ready_time (self->watchdog, -1);
  g_cancellable_cancel (self->cancellable);

  return G_SOURCE_CONTINUE;
}

static void
note_progress (FpExchange *self)
{
  self->silent_at = g_get_monotonic_time () + get_timeout (self);
}

/* While nothing is expected from the network: looking things up here, or waiting for one of the host's connections. */
static void
expect_nothing (FpExchange *self)
{
  self->silent_at = G_MAXINT64;
}

/* Writing. */

static void
starting_cb (FpExchange *self)
{
  self->answer->sent_any = TRUE;
  note_progress (self);
}

static void
wrote_headers_cb (FpExchange *self)
{
  self->answer->first_byte_boot = fp_clock_get_boot_ms (_fp_http_peek_clock (self->http));
  note_progress (self);
}

static void
wrote_body_data_cb (FpExchange *self,
                    guint       size)
{
  self->written += size;
  note_progress (self);
  if (self->progress)
    self->progress (self->written, self->total, self->progress_data);
}

static void
wrote_body_cb (FpExchange *self)
{
  self->wrote_body = TRUE;
  note_progress (self);
}

static void
set_body (FpExchange *self)
{
  SoupMessageHeaders *headers = soup_message_get_request_headers (self->message);
  const char *method = self->request->method;

  self->written = 0;
  self->wrote_body = FALSE;

  if (self->request->segments->len > 0)
    {
      g_autoptr(GInputStream) body = _fp_body_stream_new (self->request->segments);

      soup_message_set_request_body (self->message, NULL, body, self->total);
    }
  else if (!g_str_equal (method, "GET") && !g_str_equal (method, "HEAD")
           && !g_str_equal (method, "DELETE") && !g_str_equal (method, "OPTIONS"))
    {
      soup_message_headers_set_content_length (headers, 0);
    }
}

/* libsoup goes on with a new connection and, left alone, without the body. */
static void
restarted_cb (FpExchange *self)
{
  expect_nothing (self);
  set_body (self);
}

/* Headers that are ours to set, since a wrong one would break the framing. */
static gboolean
is_framing_header (const char *name)
{
  static const char *const names[]
      = { "connection",   "content-length",    "expect", "host", "keep-alive", "te", "trailer",
          "transfer-encoding", "upgrade", NULL };
  g_autofree char *lower = g_ascii_strdown (name, -1);

  return g_strv_contains (names, lower);
}

/* Source: RFC 9110, 5.6.2. */
static gboolean
is_token (const char *text)
{
  const char *p;

  for (p = text; *p; p++)
    if (!g_ascii_isalnum (*p) && !strchr ("!#$%&'*+-.^_`|~", *p))
      return FALSE;

  return p > text;
}

static gboolean
add_headers (FpExchange  *self,
             GError     **error)
{
  SoupMessageHeaders *headers = soup_message_get_request_headers (self->message);
  guint i;

  for (i = 0; i < self->request->headers->len; i++)
    {
      const FpHeader *header = g_ptr_array_index (self->request->headers, i);
      g_autofree char *value = _fp_fill_value (header->value, self->secret, error);

      if (!value)
        return FALSE;
      if (!is_token (header->name))
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                               _("A header has a name that cannot be sent"));
          return FALSE;
        }
      if (!is_framing_header (header->name))
        soup_message_headers_append (headers, header->name, value);
    }
  if (self->basic)
    soup_message_headers_replace (headers, "Authorization", self->basic);

  return TRUE;
}

/* Reading. */

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
         && self->body->len < (guint64) soup_message_headers_get_content_length (headers);
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

      finish_with_error (self, cut);
      return;
    }

  /* A refusal is one, even if its explanation broke off. */
  self->answer->body = dup_body (self);
  finish (self);
}

static void
closed_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_input_stream_close_finish (G_INPUT_STREAM (source), result, NULL);
}

/* FALSE: that was the last of it, and @self is gone. */
static gboolean
take_chunk (FpExchange   *self,
            const guint8 *bytes,
            gsize         size,
            const GError *error)
{
  gsize room = self->limit - self->body->len;

  note_progress (self);
  g_byte_array_append (self->body, bytes, MIN (size, room));
  self->answer->body_cut = size > room;
  if (size > 0 && !self->answer->body_cut)
    return TRUE;

  /* Closing a stream that has more to give also drops its connection. One at its end is closed already; asking for it
   * anyway costs a thread. */
  if (error || self->answer->body_cut)
    g_input_stream_close_async (self->stream, G_PRIORITY_DEFAULT, NULL, closed_cb, NULL);
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
    read_answer (self);
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
    }

  g_input_stream_read_bytes_async (self->stream, READ_BYTES, G_PRIORITY_DEFAULT, self->cancellable, read_cb, self);
}

/* Where a 307 or 308 leads, if that is where it may lead; NULL leaves the answer as it is. */
static GUri *
dup_redirect (FpExchange *self)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (self->message);
  const char *location = soup_message_headers_get_one (headers, "Location");
  guint status = soup_message_get_status (self->message);
  g_autoptr(GUri) relative = NULL;
  g_autoptr(GUri) target = NULL;
  g_autofree char *text = NULL;
  g_autofree char *from = NULL;
  g_autofree char *to = NULL;

  if ((status != 307 && status != 308) || !location || self->redirects == MAX_REDIRECTS
      || self->request->no_redirects)
    return NULL;

  relative = g_uri_parse_relative (self->target, location, FP_HOST_URI_FLAGS, NULL);
  text = relative ? g_uri_to_string (relative) : NULL;
  target = text ? _fp_host_parse (text, NULL) : NULL;
  if (!target)
    return NULL;

  from = _fp_host_dup_origin (self->target);
  to = _fp_host_dup_origin (target);

  return g_str_equal (from, to) ? _fp_fill_uri (target, NULL) : NULL;
}

static void
follow (FpExchange *self,
        GUri       *target)
{
  self->redirects++;
  g_uri_unref (self->target);
  self->target = g_uri_ref (target);
  g_free (self->answer->final_url);
  self->answer->final_url = _fp_fill_mask (g_uri_to_string (target), self->secret);
  g_signal_handlers_disconnect_by_data (self->message, self);
  g_clear_object (&self->message);
  g_clear_object (&self->stream);
  send_message (self);
}

static void
sent_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  FpExchange *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GUri) redirect = NULL;

  self->stream = soup_session_send_finish (SOUP_SESSION (source), result, &error);
  if (!self->stream)
    {
      finish_with_error (self, error);
      return;
    }

  note_progress (self);
  redirect = dup_redirect (self);
  if (redirect)
    {
      g_input_stream_close_async (self->stream, G_PRIORITY_DEFAULT, NULL, closed_cb, NULL);
      follow (self, redirect);
      return;
    }

  take_headers (self);
  self->body = g_byte_array_new ();
  read_answer (self);
}

static void
send_message (FpExchange *self)
{
  g_autoptr(GError) error = NULL;

  self->message = soup_message_new_from_uri (self->request->method, self->target);
  /* "Idempotent" only lets it use a connection that is open; it restarts no POST for that. */
  soup_message_add_flags (self->message, SOUP_MESSAGE_NO_REDIRECT | SOUP_MESSAGE_IDEMPOTENT);
  if (!add_headers (self, &error))
    {
      finish_with_fault (self, FP_FAULT_URL, error->message);
      return;
    }

  set_body (self);
  g_signal_connect_swapped (self->message, "network-event", G_CALLBACK (note_progress), self);
  g_signal_connect_swapped (self->message, "starting", G_CALLBACK (starting_cb), self);
  g_signal_connect_swapped (self->message, "wrote-headers", G_CALLBACK (wrote_headers_cb), self);
  g_signal_connect_swapped (self->message, "wrote-body-data", G_CALLBACK (wrote_body_data_cb),
                            self);
  g_signal_connect_swapped (self->message, "wrote-body", G_CALLBACK (wrote_body_cb), self);
  g_signal_connect_swapped (self->message, "restarted", G_CALLBACK (restarted_cb), self);
  expect_nothing (self);
  soup_session_send_async (_fp_http_peek_session (self->http), self->message, G_PRIORITY_DEFAULT,
                           self->cancellable, sent_cb, self);
}

/* Before sending. */

static gboolean
may_carry_password (FpExchange *self)
{
  return _fp_host_is_https (self->uri) || _fp_host_classify_uri (self->uri) == FP_HOST_LOOPBACK;
}

static void
go (FpExchange *self)
{
  self->basic = _fp_fill_basic (self->request, self->uri, self->secret);
  if (self->basic && !may_carry_password (self))
    {
      finish_with_fault (self, FP_FAULT_URL,
                         _("A password is not sent over an unencrypted connection; the address has "
                           "to begin with https://"));
      return;
    }

  self->target = _fp_fill_uri (self->uri, self->secret);
  send_message (self);
}

static void
looked_up_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  FpExchange *self = user_data;
  g_autoptr(GError) error = NULL;

  self->secret = fp_secrets_lookup_finish (FP_SECRETS (source), result, &error);
  if (!self->secret || g_cancellable_is_cancelled (self->cancellable))
    finish_with_error (self, error);
  else
    go (self);
}

static void
look_up_secret (FpExchange *self)
{
  FpSecrets *secrets = fp_http_get_secrets (self->http);
  g_autofree char *origin = NULL;

  if (!_fp_fill_needs_secret (self->request))
    {
      go (self);
      return;
    }
  if (!secrets || !self->request->secret_id)
    {
      finish_with_fault (self, FP_FAULT_SECRET, _("No password is stored for this server"));
      return;
    }

  origin = _fp_host_dup_origin (self->uri);
  fp_secrets_lookup_async (secrets, self->request->secret_id, origin, self->cancellable,
                           looked_up_cb, self);
}

static void
checked_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  FpExchange *self = user_data;
  g_autoptr(GError) error = NULL;

  if (!_fp_body_check_finish (result, &error) || g_cancellable_is_cancelled (self->cancellable))
    finish_with_error (self, error);
  else
    look_up_secret (self);
}

static void
check_body (FpExchange *self)
{
  if (_fp_body_has_file (self->request->segments))
    _fp_body_check_async (self->request->segments, self->cancellable, checked_cb, self);
  else if (g_cancellable_is_cancelled (self->cancellable))
    finish_with_error (self, NULL);
  else
    look_up_secret (self);
}

static void
outer_cancelled_cb (GCancellable *outer,
                    gpointer      inner)
{
  g_cancellable_cancel (inner);
}

static gboolean
watchdog_dispatch (GSource     *source,
                   GSourceFunc  callback,
                   gpointer     user_data)
{
  return callback (user_data);
}

static GSourceFuncs watchdog_funcs = { NULL, NULL, watchdog_dispatch, NULL, NULL, NULL };

static void
start_watchdog (FpExchange *self)
{
  self->watchdog = g_source_new (&watchdog_funcs, sizeof (GSource));
  g_source_set_callback (self->watchdog, silence_cb, self, NULL);
  expect_nothing (self);
  g_source_set_ready_time (self->watchdog, g_get_monotonic_time () + get_timeout (self));
  g_source_attach (self->watchdog, g_main_context_get_thread_default ());
}

void
_fp_exchange_start (FpRequest  *request,
                    gsize       limit,
                    gboolean    is_document,
                    FpProgress  progress,
                    gpointer    progress_data,
                    GTask      *task)
{
  FpExchange *self = g_new0 (FpExchange, 1);
  g_autoptr(GError) error = NULL;

  self->task = task;
  self->http = g_task_get_source_object (task);
  self->request = request;
  self->limit = limit;
  self->is_document = is_document;
  self->progress = progress;
  self->progress_data = progress_data;
  self->total = fp_request_get_length (request);
  self->answer = g_new0 (FpAnswer, 1);
  self->answer->retry_after = -1;
  self->cancellable = g_cancellable_new ();
  start_watchdog (self);
  _fp_http_enter (self->http, self);
  if (g_task_get_cancellable (task))
    self->outer = g_cancellable_connect (g_task_get_cancellable (task),
                                         G_CALLBACK (outer_cancelled_cb),
                                         g_object_ref (self->cancellable), g_object_unref);

  self->uri = _fp_host_parse (request->url, &error);
  if (!self->uri)
    finish_with_fault (self, FP_FAULT_URL, error->message);
  else if (!is_token (request->method))
    finish_with_fault (self, FP_FAULT_URL, _("The method cannot be sent"));
  else if (!_fp_host_is_https (self->uri) && !request->allow_cleartext
           && _fp_host_classify_uri (self->uri) == FP_HOST_PUBLIC)
    finish_with_fault (self, FP_FAULT_URL,
                       _("The address begins with http://, so anybody on the way could read what "
                         "is sent; use https://"));
  else
    check_body (self);
}

void
_fp_exchange_abort (FpExchange *self)
{
  self->end.aborted = TRUE;
  g_cancellable_cancel (self->cancellable);
}
