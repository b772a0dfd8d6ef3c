#include "config.h"

#include "receiver/fp-receiver-upload.h"

#include <string.h>
#include <sys/socket.h>

#include <glib/gi18n.h>

#include "receiver/fp-receiver-error.h"

#define MAX_KEY 255
/* What comes after a refusal is read and dropped: were the connection closed with bytes unread, the sender would never
 * get to read the answer (RFC 9112, 9.6). But not for ever. */
#define LINGER_US (30 * G_USEC_PER_SEC)

/* What would let somebody in elsewhere is not written down. */
static gboolean
is_secret (const char *name)
{
  static const char *const words[] = { "auth", "cookie", "token", "secret", "passw", "key",
                                       "session", "credential", "signature", NULL };
  g_autofree char *lower = g_ascii_strdown (name, -1);

  if (strcmp (lower, "idempotency-key") == 0)
    return FALSE;
  for (guint i = 0; words[i]; i++)
    {
      if (strstr (lower, words[i]))
        return TRUE;
    }

  return FALSE;
}

static void
keep_header_cb (const char *name,
                const char *value,
                gpointer    user_data)
{
  GHashTable *headers = user_data;

  if (!is_secret (name))
    g_hash_table_insert (headers, g_utf8_make_valid (name, -1), g_utf8_make_valid (value, -1));
}

/* RFC 8941, 3.3.3; without quotes it is taken as it stands, as most services do. */
static char *
parse_key (const char *header)
{
  gsize length = strlen (header);
  gboolean quoted = header[0] == '"';
  g_autoptr(GString) key = g_string_new (NULL);

  if (quoted && (length < 2 || header[length - 1] != '"'))
    return NULL;
  for (gsize i = quoted; i < length - quoted; i++)
    {
      char c = header[i];

      if (quoted && c == '\\' && (header[i + 1] == '\\' || (header[i + 1] == '"' && i + 2 < length)))
        c = header[++i];
      else if (!g_ascii_isprint (c) || c == '"' || (quoted && c == '\\'))
        return NULL;
      g_string_append_c (key, c);
    }
  if (key->len == 0 || key->len > MAX_KEY)
    return NULL;

  return g_string_free (g_steal_pointer (&key), FALSE);
}

static void
refuse (FpReceiverUpload *self,
        FpReceiverError   code,
        const char       *message)
{
  if (!self->error)
    self->error = g_error_new_literal (FP_RECEIVER_ERROR, code, message);
}

static void
refuse_size (FpReceiverUpload *self)
{
  g_autofree char *limit = g_format_size_full (self->limit, G_FORMAT_SIZE_IEC_UNITS);
  /* Translators: %s is a size such as “95.4 MiB”. */
  g_autofree char *message = g_strdup_printf (_("Larger than this receiver takes, which is %s"), limit);

  refuse (self, FP_RECEIVER_ERROR_TOO_LARGE, message);
}

static void
shut (FpReceiverUpload *self)
{
  g_socket_shutdown (soup_server_message_get_socket (self->message), TRUE, TRUE, NULL);
}

static gboolean
read_on_cb (gpointer user_data)
{
  FpReceiverUpload *self = user_data;

  if (!self->gone)
    soup_server_message_unpause (self->message);
  return G_SOURCE_REMOVE;
}

/* What the script wants while the body comes; FALSE: the rest of it is of no use. */
static gboolean
suffer (FpReceiverUpload *self)
{
  const FpFault *fault = self->fault;

  if (fault && fault->act == FP_ACT_SLOW_READ)
    {
      soup_server_message_pause (self->message);
      g_timeout_add_full (G_PRIORITY_DEFAULT, (guint) fault->wait_ms, read_on_cb, fp_receiver_upload_ref (self),
                          (GDestroyNotify) fp_receiver_upload_unref);
    }
  if (fault && fault->act == FP_ACT_CUT_REQUEST && self->got >= fault->bytes)
    {
      self->cut = TRUE;
      shut (self);
    }

  return !self->cut;
}

static void
got_chunk_cb (SoupServerMessage *message,
              GBytes            *chunk,
              gpointer           user_data)
{
  FpReceiverUpload *self = user_data;
  gsize length;
  const guint8 *data = g_bytes_get_data (chunk, &length);

  self->got += length;
  if (!suffer (self))
    return;
  if (self->got > self->limit)
    refuse_size (self);
  if (!self->error)
    fp_arrival_feed (self->arrival, data, length, &self->error);
  else if (self->refused == 0)
    self->refused = g_get_monotonic_time ();
  else if (g_get_monotonic_time () - self->refused > LINGER_US)
    shut (self);
}

/* Any page in a browser can send a form to any address; what it sends is not the user's doing. */
static gboolean
is_foreign (SoupMessageHeaders *headers)
{
  const char *origin = soup_message_headers_get_one (headers, "Origin");
  const char *host = soup_message_headers_get_one (headers, "Host");
  g_autofree char *own = g_strconcat ("http://", host ? host : "", NULL);

  return origin && g_ascii_strcasecmp (origin, own) != 0;
}

static void
read_headers (FpReceiverUpload *self)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (self->message);
  const char *key = soup_message_headers_get_list (headers, "Idempotency-Key");
  FpArrival *arrival = self->arrival;

  arrival->method = g_strdup (soup_server_message_get_method (self->message));
  arrival->from = g_strdup (soup_server_message_get_remote_host (self->message));
  arrival->content_type = g_strdup (soup_message_headers_get_one (headers, "Content-Type"));
  soup_message_headers_foreach (headers, keep_header_cb, arrival->headers);
  if (arrival->content_type && !g_utf8_validate (arrival->content_type, -1, NULL))
    refuse (self, FP_RECEIVER_ERROR_MALFORMED, _("The Content-Type is not a media type"));
  if (key && !(arrival->key = parse_key (key)))
    refuse (self, FP_RECEIVER_ERROR_MALFORMED,
            _("The Idempotency-Key is not one string of 1 to 255 printable characters"));
  if (is_foreign (headers))
    refuse (self, FP_RECEIVER_ERROR_FORBIDDEN, _("Web pages of other sites may not send here"));
  if (soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CONTENT_LENGTH
      && soup_message_headers_get_content_length (headers) > self->limit)
    refuse_size (self);
}

FpReceiverUpload *
fp_receiver_upload_new (SoupServerMessage *message,
                        const char        *path,
                        gboolean           openrosa,
                        const char        *incoming,
                        gint64             limit)
{
  FpReceiverUpload *self = g_atomic_rc_box_new0 (FpReceiverUpload);

  self->message = g_object_ref (message);
  self->limit = limit;
  self->arrival = fp_arrival_new ();
  self->arrival->openrosa = openrosa;
  self->arrival->path = g_utf8_make_valid (path, -1);
  read_headers (self);
  soup_message_body_set_accumulate (soup_server_message_get_request_body (message), FALSE);
  g_signal_connect (message, "got-chunk", G_CALLBACK (got_chunk_cb), self);
  if (!self->error)
    fp_arrival_begin (self->arrival, incoming, &self->error);

  return self;
}

FpReceiverUpload *
fp_receiver_upload_ref (FpReceiverUpload *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  FpReceiverUpload *self = data;

  g_signal_handlers_disconnect_by_data (self->message, self);
  g_clear_object (&self->message);
  g_clear_pointer (&self->arrival, fp_arrival_free);
  g_clear_error (&self->error);
  g_clear_pointer (&self->fault, fp_fault_unref);
}

void
fp_receiver_upload_unref (FpReceiverUpload *self)
{
  g_atomic_rc_box_release_full (self, clear);
}
