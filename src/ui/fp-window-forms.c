#include "config.h"

#include "ui/fp-window-private.h"

#include <glib/gi18n.h>

#include "ui/fp-samples.h"

/* Getting forms, opening them, and the page on which one is filled. */

/* Larger files are no forms (design section 6). */
#define MAX_FORM (16 * 1024 * 1024)

static void
drop_draft_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  FpDraft *draft = FP_DRAFT (source);
  g_autoptr(FpWindow) self = user_data;

  /* What could not be saved is thrown away all the same. */
  fp_draft_flush_finish (draft, result, NULL);
  fp_draft_end (draft);
  if (fp_draft_get_revision (draft) > 0)
    gtk_widget_activate_action (GTK_WIDGET (self), "win.discard-draft", "s", fp_draft_get_uid (draft));
}

static void
form_discarded_cb (FpWindow   *self,
                   FpFormPage *page)
{
  /* A save may be under way: the row is there, or not, only after it. */
  fp_draft_flush_async (fp_form_page_get_draft (page), NULL, drop_draft_cb, g_object_ref (self));
  fp_window_pop (self);
}

static gboolean
is_offline (const FpStatus *status)
{
  return status->paused || status->link == FP_LINK_OFFLINE || status->link == FP_LINK_LIMITED
         || status->link == FP_LINK_PORTAL || status->state == FP_SYNC_OFFLINE || status->state == FP_SYNC_PORTAL
         || status->state == FP_SYNC_PAUSED;
}

static void
form_submitted_cb (FpWindow *self)
{
  fp_window_pop (self);
  if (is_offline (fp_agent_client_get_status (self->client)))
    fp_window_tell (self, _("Your answers will be sent when you're back online"));
  else
    fp_window_tell (self, _("Your answers are in the outbox and on their way"));
}

static gboolean
resume_cb (gpointer data)
{
  FpWindow *self = data;

  if (self->form_page)
    fp_form_page_resume (self->form_page);

  return G_SOURCE_REMOVE;
}

static void
show_draft (FpWindow *self,
            FpDraft  *draft)
{
  FpFormPage *page = fp_form_page_new (self->engine, draft);

  if (self->toast)
    adw_toast_dismiss (self->toast);
  g_signal_connect_object (page, "closed", G_CALLBACK (fp_window_pop), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (page, "submitted", G_CALLBACK (form_submitted_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (page, "discarded", G_CALLBACK (form_discarded_cb), self, G_CONNECT_SWAPPED);
  fp_form_page_set_narrow (page, adw_leaflet_get_folded (self->leaflet));
  fp_window_push (self, GTK_WIDGET (page));
  self->form_page = page;
  /* The place to scroll to is known after the first layout. */
  g_idle_add_full (G_PRIORITY_LOW, resume_cb, g_object_ref (self), g_object_unref);
}

static void
opened (FpWindow *self,
        FpDraft  *draft,
        GError   *error)
{
  self->opening = FALSE;
  fp_window_update (self);
  if (draft)
    show_draft (self, draft);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    fp_window_tell (self, error->message);
}

static void
begun_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(FpWindow) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpDraft) draft = fp_engine_begin_finish (FP_ENGINE (source), result, &error);

  opened (self, draft, error);
}

static void
begin (FpWindow *self,
       gint64    form)
{
  if (self->opening || !fp_window_may_leave (self))
    return;
  fp_window_pop (self);
  self->opening = TRUE;
  fp_window_update (self);
  fp_engine_begin_async (self->engine, form, self->cancellable, begun_cb, g_object_ref (self));
}

static void
draft_opened_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(FpWindow) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpDraft) draft = fp_engine_open_draft_finish (FP_ENGINE (source), result, &error);

  opened (self, draft, error);
}

static void
fill_action (GtkWidget  *widget,
             const char *name,
             GVariant   *parameter)
{
  begin (FP_WINDOW (widget), g_variant_get_int64 (parameter));
}

static void
open_draft_action (GtkWidget  *widget,
                   const char *name,
                   GVariant   *parameter)
{
  FpWindow *self = FP_WINDOW (widget);

  if (!fp_window_may_leave (self))
    return;
  fp_window_pop (self);
  self->opening = TRUE;
  fp_window_update (self);
  fp_engine_open_draft_async (self->engine, g_variant_get_string (parameter, NULL), self->cancellable,
                              draft_opened_cb, g_object_ref (self));
}

typedef struct {
  FpWindow *window;
  char     *uid;
  gboolean  undo;
} Discard;

static void
discarded_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  Discard *discard = user_data;
  g_autoptr(FpWindow) self = discard->window;
  g_autoptr(GError) error = NULL;

  if (!fp_engine_discard_draft_finish (FP_ENGINE (source), result, &error))
    fp_window_tell (self, error->message);
  else if (!discard->undo)
    {
      AdwToast *toast = adw_toast_new (_("Draft discarded"));

      adw_toast_set_button_label (toast, _("_Undo"));
      adw_toast_set_action_name (toast, "win.restore-draft");
      adw_toast_set_action_target (toast, "s", discard->uid);
      adw_toast_set_timeout (toast, 10);
      fp_window_add_toast (self, toast);
    }
  g_free (discard->uid);
  g_free (discard);
}

static void
discard_draft_action (GtkWidget  *widget,
                      const char *name,
                      GVariant   *parameter)
{
  FpWindow *self = FP_WINDOW (widget);
  Discard *discard = g_new0 (Discard, 1);

  discard->window = g_object_ref (self);
  discard->uid = g_variant_dup_string (parameter, NULL);
  discard->undo = g_str_equal (name, "win.restore-draft");
  fp_engine_discard_draft_async (self->engine, discard->uid, discard->undo, NULL, discarded_cb, discard);
}

static void
tell_added (FpWindow        *self,
            const FpFormRow *form)
{
  g_autofree char *title = g_markup_escape_text (form->title, -1);
  AdwToast *toast = adw_toast_new ("");
  g_autofree char *text = g_strdup_printf (_("“%s” was added"), title);

  adw_toast_set_title (toast, text);
  adw_toast_set_button_label (toast, _("_Fill In"));
  adw_toast_set_action_name (toast, "win.fill");
  adw_toast_set_action_target (toast, "x", form->id);
  fp_window_add_toast (self, toast);
}

static void
form_added_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(FpWindow) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpFormRow) form = fp_engine_add_form_finish (FP_ENGINE (source), result, &error);
  GtkWidget *dialog;

  if (form)
    {
      fp_window_show_page (self, "forms");
      tell_added (self, form);
      return;
    }
  dialog = adw_message_dialog_new (GTK_WINDOW (self), _("The Form Cannot Be Used"), NULL);
  adw_message_dialog_format_body (ADW_MESSAGE_DIALOG (dialog), "%s", error->message);
  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "close", _("_Close"));
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
sample_added_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(FpWindow) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpFormRow) form = fp_engine_add_form_finish (FP_ENGINE (source), result, &error);

  if (form)
    begin (self, form->id);
  else
    fp_window_tell (self, error->message);
}

static void
add_sample_action (GtkWidget  *widget,
                   const char *name,
                   GVariant   *parameter)
{
  FpWindow *self = FP_WINDOW (widget);
  const char *sample = g_variant_get_string (parameter, NULL);
  g_autoptr(GBytes) xml = fp_sample_dup_xml (sample);
  g_autofree char *address = fp_sample_dup_address (sample);

  if (xml)
    fp_engine_add_form_async (self->engine, xml, address, NULL, sample_added_cb, g_object_ref (self));
}

static void
file_read_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(FpWindow) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) xml = g_file_load_bytes_finish (G_FILE (source), result, NULL, &error);

  if (!xml)
    fp_window_tell (self, error->message);
  else
    fp_engine_add_form_async (self->engine, xml, NULL, NULL, form_added_cb, g_object_ref (self));
}

static void
file_size_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(FpWindow) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GFileInfo) info = g_file_query_info_finish (G_FILE (source), result, &error);

  if (!info)
    fp_window_tell (self, error->message);
  else if (g_file_info_get_size (info) > MAX_FORM)
    fp_window_tell (self, _("This file is too large for a form"));
  else
    g_file_load_bytes_async (G_FILE (source), NULL, file_read_cb, g_object_ref (self));
}

void
fp_window_open_file (FpWindow *self,
                     GFile    *file)
{
  g_return_if_fail (self->engine != NULL);

  g_file_query_info_async (file, G_FILE_ATTRIBUTE_STANDARD_SIZE, G_FILE_QUERY_INFO_NONE, G_PRIORITY_DEFAULT, NULL,
                           file_size_cb, g_object_ref (self));
}

static void
add_form_action (GtkWidget  *widget,
                 const char *name,
                 GVariant   *parameter)
{
  g_autoptr(GFile) file = g_file_new_for_uri (g_variant_get_string (parameter, NULL));

  fp_window_open_file (FP_WINDOW (widget), file);
}

static void
chooser_response_cb (FpWindow *self,
                     gint      response)
{
  if (response == GTK_RESPONSE_ACCEPT)
    {
      g_autoptr(GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (self->chooser));

      fp_window_open_file (self, file);
    }
  g_clear_object (&self->chooser);
}

static void
open_file_action (GtkWidget  *widget,
                  const char *name,
                  GVariant   *parameter)
{
  FpWindow *self = FP_WINDOW (widget);
  g_autoptr(GtkFileFilter) filter = gtk_file_filter_new ();

  gtk_file_filter_set_name (filter, _("Forms (XML)"));
  gtk_file_filter_add_pattern (filter, "*.xml");
  gtk_file_filter_add_pattern (filter, "*.xhtml");
  g_clear_object (&self->chooser);
  self->chooser = gtk_file_chooser_native_new (_("Open a Form"), GTK_WINDOW (self), GTK_FILE_CHOOSER_ACTION_OPEN,
                                               _("_Open"), NULL);
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (self->chooser), filter);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (self->chooser), TRUE);
  g_signal_connect_object (self->chooser, "response", G_CALLBACK (chooser_response_cb), self, G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

typedef struct {
  FpWindow *window;
  char     *form_id;
} FillById;

static void
forms_for_id_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  FillById *fill = user_data;
  g_autoptr(FpWindow) self = fill->window;
  g_autofree char *form_id = fill->form_id;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) forms = fp_engine_list_forms_finish (FP_ENGINE (source), result, &error);
  g_autofree char *text = NULL;

  g_free (fill);
  for (guint i = 0; forms && i < forms->len; i++)
    {
      const FpFormRow *form = forms->pdata[i];

      if (g_strcmp0 (form->form_id, form_id) == 0)
        {
          begin (self, form->id);
          return;
        }
    }
  text = g_strdup_printf (_("There is no form “%s”"), form_id);
  fp_window_tell (self, error ? error->message : text);
}

void
fp_window_fill_by_id (FpWindow   *self,
                      const char *form_id)
{
  FillById *fill = g_new0 (FillById, 1);

  g_return_if_fail (self->engine != NULL);

  fill->window = g_object_ref (self);
  fill->form_id = g_strdup (form_id);
  fp_engine_list_forms_async (self->engine, self->cancellable, forms_for_id_cb, fill);
}

void
fp_window_install_form_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "win.open-file", NULL, open_file_action);
  gtk_widget_class_install_action (widget_class, "win.add-form", "s", add_form_action);
  gtk_widget_class_install_action (widget_class, "win.add-sample", "s", add_sample_action);
  gtk_widget_class_install_action (widget_class, "win.fill", "x", fill_action);
  gtk_widget_class_install_action (widget_class, "win.open-draft", "s", open_draft_action);
  gtk_widget_class_install_action (widget_class, "win.discard-draft", "s", discard_draft_action);
  gtk_widget_class_install_action (widget_class, "win.restore-draft", "s", discard_draft_action);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_o, GDK_CONTROL_MASK, "win.open-file", NULL);
}
