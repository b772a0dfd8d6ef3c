#include "config.h"

#include "receiver/fp-receiver-private.h"

#include <string.h>

#include <glib/gi18n.h>

#include "base/fp-worker.h"
#include "receiver/fp-receiver-forms.h"
#include "receiver/fp-receiver-page.h"

GPtrArray *
_fp_receiver_read_forms (FpReceiver  *self,
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
  GPtrArray *forms = _fp_receiver_read_forms (source, FALSE, &error);

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

  if (!form)
    {
      _fp_receiver_refuse_with (self, message, FP_RECEIVER_ERROR_NOT_FOUND, _("There is no form of this name here"));
      return;
    }
  _fp_receiver_answer (self, message, SOUP_STATUS_OK, NULL, NULL);
  soup_server_message_set_response (message, "text/xml; charset=utf-8", SOUP_MEMORY_COPY,
                                    g_bytes_get_data (form->xml, NULL), g_bytes_get_size (form->xml));
}

static void
answer_page (FpReceiver        *self,
             SoupServerMessage *message,
             GPtrArray         *forms)
{
  g_autofree char *base = dup_base (self, message);

  soup_message_headers_replace (soup_server_message_get_response_headers (message),
                                "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
  _fp_receiver_answer (self, message, SOUP_STATUS_OK, "text/html; charset=utf-8",
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
  FpRoute route = fp_route_find (g_uri_get_path (soup_server_message_get_uri (message)));

  if (!g_hash_table_contains (self->paused, message))
    return;
  if (!forms)
    _fp_receiver_refuse (self, message, error);
  else if (route == FP_ROUTE_FORM)
    answer_form (self, message, forms);
  else if (route == FP_ROUTE_PAGE)
    answer_page (self, message, forms);
  else
    {
      g_autofree char *base = dup_base (self, message);

      _fp_receiver_answer (self, message, SOUP_STATUS_OK, "text/xml; charset=utf-8",
                           fp_receiver_forms_list (forms, base));
    }
  _fp_receiver_end (self, message, g_hash_table_lookup (self->faults, message));
}

/**
 * _fp_receiver_offer:
 * @message: held; a GET of a form, the list of forms or the page
 *
 * Reads the forms on the pool and answers with them.
 */
void
_fp_receiver_offer (FpReceiver        *self,
                    SoupServerMessage *message)
{
  g_autoptr(GTask) task = g_task_new (self, NULL, forms_read_cb, g_object_ref (message));

  g_task_set_source_tag (task, _fp_receiver_offer);
  fp_pool_push (task, read_forms_on_pool);
}
