#include "config.h"

#include "receiver/fp-receiver.h"

#include <string.h>

#include <glib/gi18n.h>
#include <libsoup/soup.h>

#include "base/fp-worker.h"
#include "receiver/fp-receiver-error.h"
#include "receiver/fp-receiver-forms.h"
#include "receiver/fp-receiver-log.h"
#include "receiver/fp-receiver-page.h"
#include "receiver/fp-receiver-store.h"
#include "receiver/fp-receiver-upload.h"

/* Each has a file open. */
#define MAX_UPLOADS 64

typedef enum {
  ROUTE_NONE,
  ROUTE_PAGE,
  ROUTE_FORM_LIST,
  ROUTE_FORM,
  ROUTE_SUBMISSION,
  ROUTE_INBOX,
} Route;

struct _FpReceiver
{
  GObject parent_instance;

  /* Owned. */
  SoupServer *server;
  FpReceiverStore *store;
  GHashTable *uploads; /* SoupServerMessage -> FpReceiverUpload, while the connection lives */
  GHashTable *paused;  /* set of SoupServerMessage: answers being made, while the connection lives */
  char *address;
  char *forms_folder;

  gint64 max_size;
  guint busy;
  guint16 port;
  gboolean known_forms_only;
  gboolean json;
  gboolean is_open;
};

G_DEFINE_FINAL_TYPE (FpReceiver, fp_receiver, G_TYPE_OBJECT)

enum {
  SIGNAL_EVENT,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
emit (FpReceiver *self,
      char       *line,
      gboolean    is_state)
{
  g_signal_emit (self, signals[SIGNAL_EVENT], 0, line, is_state);
  g_free (line);
}

static gboolean
is_below (const char *path,
          const char *folder)
{
  gsize length = strlen (folder);

  return strncmp (path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static Route
find_route (const char *path)
{
  if (strcmp (path, "/") == 0)
    return ROUTE_PAGE;
  if (strcmp (path, "/formList") == 0)
    return ROUTE_FORM_LIST;
  if (strcmp (path, "/submission") == 0)
    return ROUTE_SUBMISSION;
  if (g_str_has_prefix (path, "/forms/") && g_str_has_suffix (path, ".xml"))
    return ROUTE_FORM;
  if (is_below (path, "/json") || is_below (path, "/inbox"))
    return ROUTE_INBOX;

  return ROUTE_NONE;
}

static gboolean
speaks_openrosa (Route route)
{
  return route == ROUTE_FORM_LIST || route == ROUTE_FORM || route == ROUTE_SUBMISSION;
}

/* What the methods of a route are; the first is what a person would try. */
static const char *
allowed (Route route)
{
  switch (route)
    {
    case ROUTE_SUBMISSION:
      return "POST, HEAD";
    case ROUTE_INBOX:
      return "POST, PUT, PATCH, GET, HEAD";
    case ROUTE_NONE:
    case ROUTE_PAGE:
    case ROUTE_FORM_LIST:
    case ROUTE_FORM:
    default:
      return "GET, HEAD";
    }
}

static gboolean
is_allowed (Route       route,
            const char *method)
{
  g_auto(GStrv) methods = g_strsplit (allowed (route), ", ", -1);

  return g_strv_contains ((const char * const *) methods, method);
}

static gboolean
has_upload (Route       route,
            const char *method)
{
  return (route == ROUTE_SUBMISSION || route == ROUTE_INBOX) && is_allowed (route, method)
         && !g_str_equal (method, "GET") && !g_str_equal (method, "HEAD");
}

/* @body: (transfer full) */
static void
answer (FpReceiver        *self,
        SoupServerMessage *message,
        guint              status,
        const char        *type,
        char              *body)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  const char *path = g_uri_get_path (soup_server_message_get_uri (message));

  if (speaks_openrosa (find_route (path)))
    {
      g_autofree char *size = g_strdup_printf ("%" G_GINT64_FORMAT, self->max_size);

      soup_message_headers_replace (headers, "X-OpenRosa-Version", "1.0");
      soup_message_headers_replace (headers, "X-OpenRosa-Accept-Content-Length", size);
    }
  soup_message_headers_replace (headers, "X-Content-Type-Options", "nosniff");
  soup_message_headers_replace (headers, "Cache-Control", "no-cache");
  soup_server_message_set_status (message, status, NULL);
  if (body)
    soup_server_message_set_response (message, type, SOUP_MEMORY_TAKE, body, strlen (body));
}

static void
refuse (FpReceiver        *self,
        SoupServerMessage *message,
        const GError      *error)
{
  Route route = find_route (g_uri_get_path (soup_server_message_get_uri (message)));
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  guint status = error->domain == FP_RECEIVER_ERROR ? (guint) error->code : 500;

  if (status == FP_RECEIVER_ERROR_METHOD)
    soup_message_headers_replace (headers, "Allow", allowed (route));
  if (status == FP_RECEIVER_ERROR_BUSY)
    soup_message_headers_replace (headers, "Retry-After", "5");
  if (speaks_openrosa (route))
    answer (self, message, status, "text/xml; charset=utf-8",
            fp_receiver_page_openrosa ("submit_error", error->message));
  else
    answer (self, message, status, "application/json",
            fp_receiver_page_refused (error->message));
}

static void
refuse_with (FpReceiver        *self,
             SoupServerMessage *message,
             FpReceiverError    code,
             const char        *text)
{
  g_autoptr(GError) error = g_error_new_literal (FP_RECEIVER_ERROR, code, text);

  refuse (self, message, error);
}

static void
hold (FpReceiver        *self,
      SoupServerMessage *message)
{
  g_hash_table_add (self->paused, message);
  soup_server_message_pause (message);
}

/* The connection may have gone meanwhile, and a message without one must not be touched. */
static void
resume (FpReceiver        *self,
        SoupServerMessage *message)
{
  if (g_hash_table_remove (self->paused, message))
    soup_server_message_unpause (message);
}

/* Forms and pages: read on the pool, answered here. */

static GPtrArray *
read_forms (FpReceiver  *self,
            gboolean     report,
            GError     **error)
{
  g_autoptr(GError) lower = NULL;
  GPtrArray *forms;

  if (!self->forms_folder)
    return g_ptr_array_new ();
  if (!(forms = fp_receiver_forms_read (self->forms_folder, report, &lower)))
    g_set_error_literal (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_FAILED, lower->message);

  return forms;
}

static void
read_forms_on_pool (GTask        *task,
                    gpointer      source,
                    gpointer      data,
                    GCancellable *cancellable)
{
  GError *error = NULL;
  GPtrArray *forms = read_forms (source, FALSE, &error);

  if (forms)
    g_task_return_pointer (task, forms, (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_error (task, error);
}

static char *
dup_base (FpReceiver        *self,
          SoupServerMessage *message)
{
  GUri *uri = soup_server_message_get_uri (message);
  g_autoptr(GUri) base = NULL;

  base = g_uri_build (G_URI_FLAGS_NONE, "http", NULL, g_uri_get_host (uri), g_uri_get_port (uri), "", NULL,
                      NULL);
  return g_uri_to_string (base);
}

static void
answer_form (FpReceiver        *self,
             SoupServerMessage *message,
             GPtrArray         *forms)
{
  g_autofree char *path = g_uri_unescape_string (g_uri_get_path (soup_server_message_get_uri (message)), NULL);
  const char *name = path ? path + strlen ("/forms/") : "";
  g_autofree char *id = g_strndup (name, strlen (name) - MIN (strlen (name), strlen (".xml")));
  FpReceiverForm *form = fp_receiver_forms_find (forms, id);
  gsize length;
  const char *xml;

  if (!form)
    {
      refuse_with (self, message, FP_RECEIVER_ERROR_NOT_FOUND, _("There is no form of this name here"));
      return;
    }
  xml = g_bytes_get_data (form->xml, &length);
  answer (self, message, SOUP_STATUS_OK, NULL, NULL);
  soup_server_message_set_response (message, "text/xml; charset=utf-8", SOUP_MEMORY_COPY, xml, length);
}

static void
answer_page (FpReceiver        *self,
             SoupServerMessage *message,
             GPtrArray         *forms)
{
  g_autofree char *base = dup_base (self, message);

  soup_message_headers_replace (soup_server_message_get_response_headers (message),
                                "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
  answer (self, message, SOUP_STATUS_OK, "text/html; charset=utf-8",
          fp_receiver_page_html (base, forms, fp_receiver_store_get_count (self->store)));
}

static void
forms_read_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  FpReceiver *self = FP_RECEIVER (source);
  g_autoptr(SoupServerMessage) message = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) forms = g_task_propagate_pointer (G_TASK (result), &error);
  Route route = find_route (g_uri_get_path (soup_server_message_get_uri (message)));

  if (!g_hash_table_contains (self->paused, message))
    return;
  if (!forms)
    refuse (self, message, error);
  else if (route == ROUTE_FORM)
    answer_form (self, message, forms);
  else if (route == ROUTE_PAGE)
    answer_page (self, message, forms);
  else
    {
      g_autofree char *base = dup_base (self, message);

      answer (self, message, SOUP_STATUS_OK, "text/xml; charset=utf-8", fp_receiver_forms_list (forms, base));
    }
  resume (self, message);
}

/* Submissions and the rest: streamed, checked on the pool, decided by the store. */

static void
finish_upload (FpReceiver        *self,
               FpReceiverUpload  *upload,
               FpReceiverReceipt *receipt,
               const GError      *error)
{
  const char *thanks = _("Stored. Thank you.");
  gboolean again = receipt && receipt->outcome != FP_RECEIVER_STORED;

  if (error)
    emit (self, fp_receiver_log_refusal (upload->arrival, error, self->json), FALSE);
  else
    emit (self, fp_receiver_log_arrival (upload->arrival, receipt, self->json), FALSE);
  if (upload->gone)
    return;

  if (error)
    refuse (self, upload->message, error);
  else if (upload->arrival->openrosa)
    answer (self, upload->message, SOUP_STATUS_CREATED, "text/xml; charset=utf-8",
            fp_receiver_page_openrosa ("submit_success", again ? _("Already stored. Thank you.") : thanks));
  else
    answer (self, upload->message, SOUP_STATUS_CREATED, "application/json",
            fp_receiver_page_stored (receipt->number, receipt->folder, again));
}

static void
stored_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  FpReceiver *self = g_task_get_source_object (task);
  FpReceiverUpload *upload = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;
  g_autoptr(FpReceiverReceipt) receipt = fp_receiver_store_add_finish (FP_RECEIVER_STORE (source), result,
                                                                       &error);

  self->busy--;
  finish_upload (self, upload, receipt, error);
  resume (self, upload->message);
}

static void
complete_on_pool (GTask        *task,
                  gpointer      source,
                  gpointer      data,
                  GCancellable *cancellable)
{
  FpReceiver *self = source;
  FpReceiverUpload *upload = data;
  g_autoptr(GPtrArray) forms = NULL;
  GError *error = NULL;
  gboolean ok = fp_arrival_complete (upload->arrival, &error);

  if (ok && self->known_forms_only && upload->arrival->openrosa)
    {
      forms = read_forms (self, FALSE, &error);
      ok = forms != NULL;
      if (ok && !fp_receiver_forms_find (forms, upload->arrival->form_id))
        {
          ok = FALSE;
          g_set_error_literal (&error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_NOT_FOUND,
                               _("There is no form of this name here"));
        }
    }
  if (ok)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
completed_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  FpReceiver *self = FP_RECEIVER (source);
  FpReceiverUpload *upload = g_task_get_task_data (G_TASK (result));
  g_autoptr(GError) error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    {
      fp_receiver_store_add_async (self->store, upload->arrival, stored_cb, g_object_ref (result));
      return;
    }
  self->busy--;
  finish_upload (self, upload, NULL, error);
  resume (self, upload->message);
}

static void
take_upload (FpReceiver       *self,
             FpReceiverUpload *upload)
{
  g_autoptr(GTask) task = NULL;

  if (upload->error)
    {
      finish_upload (self, upload, NULL, upload->error);
      return;
    }
  task = g_task_new (self, NULL, completed_cb, NULL);
  g_task_set_source_tag (task, take_upload);
  g_task_set_task_data (task, fp_receiver_upload_ref (upload), (GDestroyNotify) fp_receiver_upload_unref);
  self->busy++;
  hold (self, upload->message);
  fp_pool_push (task, complete_on_pool);
}

static void
finished_cb (SoupServerMessage *message,
             gpointer           user_data)
{
  FpReceiver *self = FP_RECEIVER (user_data);
  FpReceiverUpload *upload = g_hash_table_lookup (self->uploads, message);

  g_signal_handlers_disconnect_by_func (message, finished_cb, self);
  g_hash_table_remove (self->paused, message);
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
  Route route = find_route (path);
  FpReceiverUpload *upload;

  g_signal_connect_object (message, "finished", G_CALLBACK (finished_cb), self, 0);
  if (!has_upload (route, method))
    {
      soup_message_body_set_accumulate (soup_server_message_get_request_body (message), FALSE);
      return;
    }
  if (g_hash_table_size (self->uploads) >= MAX_UPLOADS)
    {
      soup_message_body_set_accumulate (soup_server_message_get_request_body (message), FALSE);
      refuse_with (self, message, FP_RECEIVER_ERROR_BUSY, _("Too many uploads at once: try again"));
      return;
    }
  upload = fp_receiver_upload_new (message, path, route == ROUTE_SUBMISSION,
                                   fp_receiver_store_get_incoming (self->store), self->max_size);
  g_hash_table_insert (self->uploads, message, upload);
  /* Answered before the body: who waits for “100 Continue” need not send it. */
  if (upload->error)
    take_upload (self, upload);
}

static void
request_cb (SoupServer        *server,
            SoupServerMessage *message,
            const char        *path,
            GHashTable        *query,
            gpointer           user_data)
{
  FpReceiver *self = FP_RECEIVER (user_data);
  const char *method = soup_server_message_get_method (message);
  Route route = find_route (path);
  FpReceiverUpload *upload = g_hash_table_lookup (self->uploads, message);

  if (upload)
    take_upload (self, upload);
  else if (route == ROUTE_NONE)
    refuse_with (self, message, FP_RECEIVER_ERROR_NOT_FOUND, _("There is nothing at this address"));
  else if (!is_allowed (route, method))
    refuse_with (self, message, FP_RECEIVER_ERROR_METHOD, _("This address takes other methods"));
  else if (route == ROUTE_SUBMISSION)
    answer (self, message, SOUP_STATUS_NO_CONTENT, NULL, NULL);
  else if (route == ROUTE_INBOX)
    answer (self, message, SOUP_STATUS_OK, "application/json",
            g_strdup ("{\"ok\":true,\"accepts\":[\"POST\",\"PUT\",\"PATCH\"]}\n"));
  else
    {
      g_autoptr(GTask) task = g_task_new (self, NULL, forms_read_cb, g_object_ref (message));

      hold (self, message);
      fp_pool_push (task, read_forms_on_pool);
    }
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
  if (!(forms = read_forms (self, TRUE, error)))
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
  emit (self, fp_receiver_log_state ("listening", url, self->json), TRUE);

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
  emit (self, fp_receiver_log_state ("closed", NULL, self->json), TRUE);
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
  self->server = soup_server_new ("server-header", "fieldpost-receiver ", NULL);
  soup_server_add_early_handler (self->server, NULL, early_cb, self, NULL);
  soup_server_add_handler (self->server, NULL, request_cb, self, NULL);
}
