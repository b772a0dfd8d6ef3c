#include "config.h"

#include "receiver/fp-receiver-private.h"

#include <string.h>

#include <glib/gi18n.h>

#include "receiver/fp-receiver-log.h"
#include "receiver/fp-receiver-meta.h"
#include "receiver/fp-receiver-page.h"

#define PORTAL_PAGE                                                                                 \
  "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>"                                      \
  "<body><h1>Welcome</h1><form action=\"/login\"><button>Sign in</button></form></body></html>\n"
/* In the words of ODK Central, by which senders know it. */
#define CLOSED_FORM                                                                                 \
  "This form is not currently accepting submissions. Please talk to your program manager if this "  \
  "is unexpected."

static char *
dup_identity (const FpArrival *arrival)
{
  char *key = fp_receiver_meta_key (arrival);

  return key ? key : g_strdup (arrival->path);
}

/* NULL: nothing special. */
FpFault *
_fp_receiver_choose (FpReceiver        *self,
                     SoupServerMessage *message,
                     FpFaultStage       stage,
                     const FpArrival   *arrival)
{
  g_autoptr(FpArrival) bare = NULL;
  g_autofree char *identity = NULL;
  FpFault *fault;

  if (!self->script)
    return NULL;
  if (!arrival)
    {
      bare = fp_arrival_new ();
      bare->method = g_strdup (soup_server_message_get_method (message));
      bare->path = g_utf8_make_valid (g_uri_get_path (soup_server_message_get_uri (message)), -1);
      arrival = bare;
    }
  if (stage == FP_FAULT_BY_BODY)
    identity = dup_identity (arrival);
  fault = fp_fault_script_choose (self->script, stage, arrival->method, arrival->path, identity);
  if (!fault)
    return NULL;

  _fp_receiver_emit (self, fp_receiver_log_fault (arrival, fault, self->json), FALSE);
  g_hash_table_replace (self->faults, message, fault);

  return fault;
}

gboolean
_fp_fault_replaces (const FpFault *fault)
{
  return fault->act != FP_ACT_NONE && fault->act != FP_ACT_CUT_ANSWER && !fault->after_accept;
}

static void
shut (SoupServerMessage *message)
{
  g_socket_shutdown (soup_server_message_get_socket (message), TRUE, TRUE, NULL);
}

/* Says how long the answer would be, and closes before its end. */
static void
cut (SoupServerMessage *message,
     gint64             keep)
{
  SoupMessageBody *body = soup_server_message_get_response_body (message);
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  g_autoptr(GBytes) whole = soup_message_body_flatten (body);
  g_autoptr(GBytes) part = NULL;
  gsize size = g_bytes_get_size (whole);

  if ((guint64) keep >= size)
    return;
  soup_message_body_truncate (body);
  if (keep > 0)
    {
      part = g_bytes_new_from_bytes (whole, 0, (gsize) keep);
      soup_message_body_append_bytes (body, part);
    }
  soup_message_headers_set_content_length (headers, (goffset) size);
  g_signal_connect (message, keep > 0 ? "wrote-chunk" : "wrote-headers", G_CALLBACK (shut), NULL);
}

static void
set_retry (SoupServerMessage *message,
           const FpFault     *fault)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr(GDateTime) then = g_date_time_add_seconds (now, (double) fault->retry_after);
  g_autofree char *value = fault->retry_date ? soup_date_time_to_string (then, SOUP_DATE_HTTP)
                                             : g_strdup_printf ("%" G_GINT64_FORMAT, fault->retry_after);

  soup_message_headers_replace (soup_server_message_get_response_headers (message), "Retry-After", value);
}

static void
answer_status (FpReceiver        *self,
               SoupServerMessage *message,
               guint              status,
               const char        *words)
{
  FpRoute route = fp_route_find (g_uri_get_path (soup_server_message_get_uri (message)));

  if (fp_route_is_openrosa (route))
    _fp_receiver_answer (self, message, status, "text/xml; charset=utf-8",
                         fp_receiver_page_openrosa (status < 300 ? "submit_success" : "submit_error", words));
  else
    _fp_receiver_answer (self, message, status, "application/json", fp_receiver_page_refused (words));
}

/* The answer that @fault wants in place of the one that may be there. */
static void
answer_badly (FpReceiver        *self,
              SoupServerMessage *message,
              const FpFault     *fault)
{
  soup_message_body_truncate (soup_server_message_get_response_body (message));
  switch (fault->act)
    {
    case FP_ACT_PORTAL:
      soup_message_headers_clear (soup_server_message_get_response_headers (message));
      _fp_receiver_answer (self, message, SOUP_STATUS_OK, "text/html; charset=utf-8", g_strdup (PORTAL_PAGE));
      break;
    case FP_ACT_CLOSED_FORM:
      answer_status (self, message, SOUP_STATUS_CONFLICT, CLOSED_FORM);
      break;
    case FP_ACT_REDIRECT:
      soup_message_headers_replace (soup_server_message_get_response_headers (message), "Location", fault->location);
      answer_status (self, message, fault->status, _("It is elsewhere, says the fault script"));
      break;
    case FP_ACT_STATUS:
      if (fault->retry_after >= 0)
        set_retry (message, fault);
      answer_status (self, message, fault->status, _("The fault script wants this answer"));
      break;
    case FP_ACT_NONE:
    case FP_ACT_DROP:
    case FP_ACT_HANG:
    case FP_ACT_CUT_ANSWER:
    case FP_ACT_CUT_REQUEST:
    case FP_ACT_SLOW_READ:
    default:
      g_return_if_reached ();
    }
}

typedef struct
{
  FpReceiver *receiver;       /* owned */
  SoupServerMessage *message; /* owned */
} Hang;

static void
hang_free (Hang *hang)
{
  g_object_unref (hang->message);
  g_object_unref (hang->receiver);
  g_free (hang);
}

static gboolean
left_cb (GSocket      *socket,
         GIOCondition  condition,
         gpointer      user_data)
{
  Hang *hang = user_data;

  _fp_receiver_resume (hang->receiver, hang->message);
  return G_SOURCE_REMOVE;
}

/* A held message is not looked at: that its sender went would never be noticed. */
static void
hang_on (FpReceiver        *self,
         SoupServerMessage *message)
{
  g_autoptr(GSource) source = g_socket_create_source (soup_server_message_get_socket (message),
                                                      G_IO_IN | G_IO_HUP | G_IO_ERR, NULL);
  Hang *hang = g_new (Hang, 1);

  hang->receiver = g_object_ref (self);
  hang->message = g_object_ref (message);
  g_source_set_callback (source, G_SOURCE_FUNC (left_cb), hang, (GDestroyNotify) hang_free);
  g_source_attach (source, NULL);
}

void
_fp_receiver_end (FpReceiver        *self,
                  SoupServerMessage *message,
                  const FpFault     *fault)
{
  FpAct act = fault ? fault->act : FP_ACT_NONE;

  if (!g_hash_table_contains (self->paused, message))
    return;

  switch (act)
    {
    case FP_ACT_HANG:
      hang_on (self, message);
      return;
    case FP_ACT_DROP:
      soup_server_message_set_status (message, SOUP_STATUS_INTERNAL_SERVER_ERROR, NULL);
      shut (message);
      break;
    case FP_ACT_CUT_ANSWER:
      cut (message, fault->bytes);
      break;
    case FP_ACT_STATUS:
    case FP_ACT_PORTAL:
    case FP_ACT_REDIRECT:
    case FP_ACT_CLOSED_FORM:
      answer_badly (self, message, fault);
      break;
    case FP_ACT_NONE:
    case FP_ACT_CUT_REQUEST:
    case FP_ACT_SLOW_READ:
    default:
      break;
    }
  _fp_receiver_resume (self, message);
}
