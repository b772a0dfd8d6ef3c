#include "receiver/fp-receiver-private.h"

#include <string.h>

#include "receiver/fp-receiver-page.h"

/* What something between the sender and this server would not know of. */
static void
add_openrosa_headers (FpReceiver        *self,
                      SoupServerMessage *message)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  const FpFault *fault = g_hash_table_lookup (self->faults, message);
  g_autofree char *size = g_strdup_printf ("%" G_GINT64_FORMAT, self->max_size);

  if (fault && (fault->no_openrosa || fault->act == FP_ACT_PORTAL))
    return;
  soup_message_headers_replace (headers, "X-OpenRosa-Version", "1.0");
  soup_message_headers_replace (headers, "X-OpenRosa-Accept-Content-Length", size);
}

/* @body: (transfer full) (nullable) */
void
_fp_receiver_answer (FpReceiver        *self,
                     SoupServerMessage *message,
                     guint              status,
                     const char        *type,
                     char              *body)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  const char *path = g_uri_get_path (soup_server_message_get_uri (message));

  if (fp_route_is_openrosa (fp_route_find (path)))
    add_openrosa_headers (self, message);
  soup_message_headers_replace (headers, "X-Content-Type-Options", "nosniff");
  soup_message_headers_replace (headers, "Cache-Control", "no-cache");
  soup_server_message_set_status (message, status, NULL);
  if (body)
    soup_server_message_set_response (message, type, SOUP_MEMORY_TAKE, body, strlen (body));
}

void
_fp_receiver_refuse (FpReceiver        *self,
                     SoupServerMessage *message,
                     const GError      *error)
{
  FpRoute route = fp_route_find (g_uri_get_path (soup_server_message_get_uri (message)));
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  guint status = error->domain == FP_RECEIVER_ERROR ? (guint) error->code : 500;

  if (status == FP_RECEIVER_ERROR_METHOD)
    soup_message_headers_replace (headers, "Allow", fp_route_get_methods (route));
  if (status == FP_RECEIVER_ERROR_BUSY)
    soup_message_headers_replace (headers, "Retry-After", "5");
  if (fp_route_is_openrosa (route))
    _fp_receiver_answer (self, message, status, "text/xml; charset=utf-8",
                         fp_receiver_page_openrosa ("submit_error", error->message));
  else
    _fp_receiver_answer (self, message, status, "application/json",
                         fp_receiver_page_refused (error->message));
}

void
_fp_receiver_refuse_with (FpReceiver        *self,
                          SoupServerMessage *message,
                          FpReceiverError    code,
                          const char        *text)
{
  g_autoptr(GError) error = g_error_new_literal (FP_RECEIVER_ERROR, code, text);

  _fp_receiver_refuse (self, message, error);
}

void
_fp_receiver_hold (FpReceiver        *self,
                   SoupServerMessage *message)
{
  g_hash_table_add (self->paused, message);
  soup_server_message_pause (message);
}

/* The connection may have gone meanwhile, and a message without one must not be touched. */
void
_fp_receiver_resume (FpReceiver        *self,
                     SoupServerMessage *message)
{
  if (g_hash_table_remove (self->paused, message))
    soup_server_message_unpause (message);
}
