#include "config.h"

#include "net/fp-http-private.h"

#include <glib/gi18n.h>
#include <string.h>

#include "net/fp-body-stream.h"
#include "net/fp-exchange-private.h"
#include "net/fp-fill.h"
#include "net/fp-host-private.h"

#define DEFAULT_TIMEOUT_SECONDS 60
#define MAX_REDIRECTS 3

static void send_message (FpExchange *self);

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
void
_fp_exchange_finish (FpExchange *self)
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
  _fp_exchange_finish (self);
}

void
_fp_exchange_finish_with_error (FpExchange   *self,
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

void
_fp_exchange_note_progress (FpExchange *self)
{
  self->silent_at = g_get_monotonic_time () + get_timeout (self);
}

/* While nothing is expected from the network: looking things up here, or waiting for one of the host's connections. */
void
_fp_exchange_expect_nothing (FpExchange *self)
{
  self->silent_at = G_MAXINT64;
}

/* Writing. */

static void
starting_cb (FpExchange *self)
{
  self->answer->sent_any = TRUE;
  _fp_exchange_note_progress (self);
}

static void
wrote_headers_cb (FpExchange *self)
{
  self->answer->first_byte_boot = fp_clock_get_boot_ms (_fp_http_peek_clock (self->http));
  _fp_exchange_note_progress (self);
}

static void
wrote_body_data_cb (FpExchange *self,
                    guint       size)
{
  self->written += size;
  _fp_exchange_note_progress (self);
  if (self->progress)
    self->progress (self->written, self->total, self->progress_data);
}

static void
wrote_body_cb (FpExchange *self)
{
  self->wrote_body = TRUE;
  _fp_exchange_note_progress (self);
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
  _fp_exchange_expect_nothing (self);
  set_body (self);
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
      if (!_fp_request_is_token (header->name))
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                               _("A header has a name that cannot be sent"));
          return FALSE;
        }
      if (!_fp_request_is_framing_header (header->name))
        soup_message_headers_append (headers, header->name, value);
    }
  if (self->basic)
    soup_message_headers_replace (headers, "Authorization", self->basic);

  return TRUE;
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
      _fp_exchange_finish_with_error (self, error);
      return;
    }

  _fp_exchange_note_progress (self);
  redirect = dup_redirect (self);
  if (redirect)
    {
      _fp_exchange_drop_stream (self);
      follow (self, redirect);
      return;
    }

  _fp_exchange_read_answer (self);
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
  g_signal_connect_swapped (self->message, "network-event", G_CALLBACK (_fp_exchange_note_progress), self);
  g_signal_connect_swapped (self->message, "starting", G_CALLBACK (starting_cb), self);
  g_signal_connect_swapped (self->message, "wrote-headers", G_CALLBACK (wrote_headers_cb), self);
  g_signal_connect_swapped (self->message, "wrote-body-data", G_CALLBACK (wrote_body_data_cb),
                            self);
  g_signal_connect_swapped (self->message, "wrote-body", G_CALLBACK (wrote_body_cb), self);
  g_signal_connect_swapped (self->message, "restarted", G_CALLBACK (restarted_cb), self);
  _fp_exchange_expect_nothing (self);
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
    _fp_exchange_finish_with_error (self, error);
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
    _fp_exchange_finish_with_error (self, error);
  else
    look_up_secret (self);
}

static void
check_body (FpExchange *self)
{
  if (_fp_body_has_file (self->request->segments))
    _fp_body_check_async (self->request->segments, self->cancellable, checked_cb, self);
  else if (g_cancellable_is_cancelled (self->cancellable))
    _fp_exchange_finish_with_error (self, NULL);
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
  /* Behind what has come: a program that was stopped for so long finds it there when it goes on. */
  g_source_set_priority (self->watchdog, G_PRIORITY_DEFAULT + 1);
  _fp_exchange_expect_nothing (self);
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
  else if (!_fp_request_is_token (request->method))
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
