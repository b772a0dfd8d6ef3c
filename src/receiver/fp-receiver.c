#include "config.h"

#include "receiver/fp-receiver-private.h"

#include <string.h>

#include <glib/gi18n.h>

#include "receiver/fp-receiver-log.h"

/* Each has a file open. */
#define MAX_UPLOADS 64

G_DEFINE_FINAL_TYPE (FpReceiver, fp_receiver, G_TYPE_OBJECT)

enum {
  SIGNAL_EVENT,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

void
_fp_receiver_emit (FpReceiver *self,
                   char       *line,
                   gboolean    is_state)
{
  g_signal_emit (self, signals[SIGNAL_EVENT], 0, line, is_state);
  g_free (line);
}

static void
finished_cb (SoupServerMessage *message,
             gpointer           user_data)
{
  FpReceiver *self = FP_RECEIVER (user_data);
  FpReceiverUpload *upload = g_hash_table_lookup (self->uploads, message);

  g_signal_handlers_disconnect_by_func (message, finished_cb, self);
  g_hash_table_remove (self->paused, message);
  g_hash_table_remove (self->faults, message);
  if (!upload)
    return;
  upload->gone = TRUE;
  g_hash_table_remove (self->uploads, message);
}

/* The headers are here, the body is not. */
static void
early_cb (SoupServer        *server,
          SoupServerMessage *message,
          const char        *path,
          GHashTable        *query,
          gpointer           user_data)
{
  FpReceiver *self = FP_RECEIVER (user_data);
  const char *method = soup_server_message_get_method (message);
  FpRoute route = fp_route_find (path);
  FpReceiverUpload *upload;
  FpFault *fault;

  g_signal_connect_object (message, "finished", G_CALLBACK (finished_cb), self, 0);
  if (!fp_route_stores (route, method))
    {
      soup_message_body_set_accumulate (soup_server_message_get_request_body (message), FALSE);
      return;
    }
  if (g_hash_table_size (self->uploads) >= MAX_UPLOADS)
    {
      soup_message_body_set_accumulate (soup_server_message_get_request_body (message), FALSE);
      _fp_receiver_refuse_with (self, message, FP_RECEIVER_ERROR_BUSY, _("Too many uploads at once: try again"));
      return;
    }
  upload = fp_receiver_upload_new (message, path, route == FP_ROUTE_SUBMISSION,
                                   fp_receiver_store_get_incoming (self->store), self->max_size);
  g_hash_table_insert (self->uploads, message, upload);
  /* Answered before the body: who waits for “100 Continue” need not send it. */
  if (upload->error)
    {
      _fp_receiver_take (self, upload);
      return;
    }
  fault = _fp_receiver_choose (self, message, FP_FAULT_BY_HEAD, upload->arrival);
  upload->fault = fault ? fp_fault_ref (fault) : NULL;
}

static void
answer_plainly (FpReceiver        *self,
                SoupServerMessage *message)
{
  FpRoute route = fp_route_find (g_uri_get_path (soup_server_message_get_uri (message)));

  if (route == FP_ROUTE_NONE)
    _fp_receiver_refuse_with (self, message, FP_RECEIVER_ERROR_NOT_FOUND, _("There is nothing at this address"));
  else if (!fp_route_takes (route, soup_server_message_get_method (message)))
    _fp_receiver_refuse_with (self, message, FP_RECEIVER_ERROR_METHOD, _("This address takes other methods"));
  else if (route == FP_ROUTE_SUBMISSION)
    _fp_receiver_answer (self, message, SOUP_STATUS_NO_CONTENT, NULL, NULL);
  else if (route == FP_ROUTE_INBOX)
    _fp_receiver_answer (self, message, SOUP_STATUS_OK, "application/json",
                         g_strdup ("{\"ok\":true,\"accepts\":[\"POST\",\"PUT\",\"PATCH\"]}\n"));
}

/* Of a held message that brings nothing to store. */
static void
serve (FpReceiver        *self,
       SoupServerMessage *message)
{
  const FpFault *fault = g_hash_table_lookup (self->faults, message);
  FpRoute route = fp_route_find (g_uri_get_path (soup_server_message_get_uri (message)));
  gboolean offers = route == FP_ROUTE_PAGE || route == FP_ROUTE_FORM_LIST || route == FP_ROUTE_FORM;

  if (!g_hash_table_contains (self->paused, message))
    return;
  if (offers && fp_route_takes (route, soup_server_message_get_method (message))
      && !(fault && _fp_fault_replaces (fault)))
    {
      _fp_receiver_offer (self, message);
      return;
    }
  if (!fault || !_fp_fault_replaces (fault))
    answer_plainly (self, message);
  _fp_receiver_end (self, message, fault);
}

typedef struct
{
  FpReceiver *receiver;       /* owned */
  SoupServerMessage *message; /* owned */
} Wait;

static void
wait_free (Wait *wait)
{
  g_object_unref (wait->message);
  g_object_unref (wait->receiver);
  g_free (wait);
}

static gboolean
waited_cb (gpointer user_data)
{
  Wait *wait = user_data;

  serve (wait->receiver, wait->message);
  return G_SOURCE_REMOVE;
}

static void
request_cb (SoupServer        *server,
            SoupServerMessage *message,
            const char        *path,
            GHashTable        *query,
            gpointer           user_data)
{
  FpReceiver *self = FP_RECEIVER (user_data);
  FpReceiverUpload *upload = g_hash_table_lookup (self->uploads, message);
  FpFault *fault;
  Wait *wait;

  if (upload)
    {
      if (!upload->cut)
        _fp_receiver_take (self, upload);
      return;
    }
  fault = _fp_receiver_choose (self, message, FP_FAULT_BY_BODY, NULL);
  _fp_receiver_hold (self, message);
  if (!fault || fault->wait_ms == 0)
    {
      serve (self, message);
      return;
    }
  wait = g_new (Wait, 1);
  wait->receiver = g_object_ref (self);
  wait->message = g_object_ref (message);
  g_timeout_add_full (G_PRIORITY_DEFAULT, (guint) fault->wait_ms, waited_cb, wait, (GDestroyNotify) wait_free);
}
/**
 * fp_receiver_new:
 * @options: (transfer none)
 *
 * Opens the store, blocking. Does not listen yet.
 *
 * Returns: (transfer full): the receiver; NULL with a FP_RECEIVER_ERROR where the store cannot be used
 */
FpReceiver *
fp_receiver_new (const FpReceiverOptions  *options,
                 GError                  **error)
{
  g_autoptr(FpReceiver) self = g_object_new (FP_TYPE_RECEIVER, NULL);
  g_autoptr(GPtrArray) forms = NULL;

  self->address = g_strdup (options->address);
  self->port = options->port;
  self->forms_folder = g_strdup (options->forms_folder);
  self->known_forms_only = options->known_forms_only;
  self->json = options->json;
  self->max_size = options->max_size;
  /* Read for its mistakes: each request reads the folder anew, and would only repeat them. */
  if (!(forms = _fp_receiver_read_forms (self, TRUE, error)))
    return NULL;
  if (!(self->store = fp_receiver_store_open (options->folder, !options->store_all, error)))
    return NULL;

  return g_steal_pointer (&self);
}

/**
 * fp_receiver_listen:
 *
 * Opens the port; the second time the same one.
 *
 * Returns: FALSE with the system's reason where the address or port cannot be had
 */
gboolean
fp_receiver_listen (FpReceiver  *self,
                    GError     **error)
{
  g_autoptr(GInetAddress) host = g_inet_address_new_from_string (self->address);
  g_autoptr(GSocketAddress) address = NULL;
  g_autofree char *url = NULL;
  GSList *uris;

  if (!host)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, _("“%s” is not an IP address"),
                   self->address);
      return FALSE;
    }
  address = g_inet_socket_address_new (host, self->port);
  if (!soup_server_listen (self->server, address, 0, error))
    return FALSE;

  self->is_open = TRUE;
  uris = soup_server_get_uris (self->server);
  self->port = g_uri_get_port (uris->data);
  g_slist_free_full (uris, (GDestroyNotify) g_uri_unref);
  url = g_strdup_printf (strchr (self->address, ':') ? "http://[%s]:%u" : "http://%s:%u", self->address,
                         self->port);
  _fp_receiver_emit (self, fp_receiver_log_state ("listening", url, self->json), TRUE);

  return TRUE;
}

/* A server that disconnects does not emit "finished" for what was under way. */
static void
drop_messages (FpReceiver *self)
{
  GHashTableIter iter;
  gpointer upload;

  g_hash_table_iter_init (&iter, self->uploads);
  while (g_hash_table_iter_next (&iter, NULL, &upload))
    {
      ((FpReceiverUpload *) upload)->gone = TRUE;
      g_hash_table_iter_remove (&iter);
    }
  g_hash_table_remove_all (self->paused);
  g_hash_table_remove_all (self->faults);
}

/**
 * fp_receiver_close:
 *
 * Closes the port and all connections, where they are open. What has wholly arrived is still stored.
 */
void
fp_receiver_close (FpReceiver *self)
{
  if (!self->is_open)
    return;
  self->is_open = FALSE;
  soup_server_disconnect (self->server);
  drop_messages (self);
  _fp_receiver_emit (self, fp_receiver_log_state ("closed", NULL, self->json), TRUE);
}

/**
 * fp_receiver_set_faults:
 * @script: (transfer full) (nullable): NULL = none any more
 *
 * From the next request on; what is under way goes on as it was.
 */
void
fp_receiver_set_faults (FpReceiver    *self,
                        FpFaultScript *script)
{
  g_clear_pointer (&self->script, fp_fault_script_free);
  self->script = script;
}

guint16
fp_receiver_get_port (FpReceiver *self)
{
  return self->port;
}

gboolean
fp_receiver_is_busy (FpReceiver *self)
{
  return self->busy > 0;
}

static void
fp_receiver_dispose (GObject *object)
{
  FpReceiver *self = FP_RECEIVER (object);

  if (self->server)
    soup_server_disconnect (self->server);
  g_clear_object (&self->server);
  g_clear_pointer (&self->uploads, g_hash_table_unref);
  g_clear_pointer (&self->paused, g_hash_table_unref);
  g_clear_pointer (&self->faults, g_hash_table_unref);
  g_clear_pointer (&self->script, fp_fault_script_free);
  g_clear_object (&self->store);

  G_OBJECT_CLASS (fp_receiver_parent_class)->dispose (object);
}

static void
fp_receiver_finalize (GObject *object)
{
  FpReceiver *self = FP_RECEIVER (object);

  g_free (self->address);
  g_free (self->forms_folder);

  G_OBJECT_CLASS (fp_receiver_parent_class)->finalize (object);
}

static void
fp_receiver_class_init (FpReceiverClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = fp_receiver_dispose;
  object_class->finalize = fp_receiver_finalize;
  signals[SIGNAL_EVENT] = g_signal_new ("event", FP_TYPE_RECEIVER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_BOOLEAN);
}

static void
fp_receiver_init (FpReceiver *self)
{
  self->uploads = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) fp_receiver_upload_unref);
  self->paused = g_hash_table_new (NULL, NULL);
  self->faults = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) fp_fault_unref);
  self->server = soup_server_new ("server-header", "fieldpost-receiver ", NULL);
  soup_server_add_early_handler (self->server, NULL, early_cb, self, NULL);
  soup_server_add_handler (self->server, NULL, request_cb, self, NULL);
}
