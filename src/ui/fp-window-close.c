#include "config.h"

#include "ui/fp-window-private.h"

#include <glib/gi18n.h>

/* How the window ends: its look is kept, and what was typed is saved first. */

#define SETTINGS_SCHEMA "io.github.fieldpost.Fieldpost"

void
fp_window_restore_look (FpWindow *self)
{
  GSettingsSchemaSource *source = g_settings_schema_source_get_default ();
  g_autoptr(GSettingsSchema) schema = source ? g_settings_schema_source_lookup (source, SETTINGS_SCHEMA, TRUE) : NULL;
  g_autofree char *page = NULL;

  if (!schema)
    return;
  self->settings = g_settings_new (SETTINGS_SCHEMA);
  gtk_window_set_default_size (GTK_WINDOW (self), g_settings_get_int (self->settings, "window-width"),
                               g_settings_get_int (self->settings, "window-height"));
  if (g_settings_get_boolean (self->settings, "window-maximized"))
    gtk_window_maximize (GTK_WINDOW (self));
  page = g_settings_get_string (self->settings, "page");
  fp_window_show_page (self, page);
}

static void
keep_look (FpWindow *self)
{
  gint width, height;

  if (!self->settings)
    return;
  gtk_window_get_default_size (GTK_WINDOW (self), &width, &height);
  g_settings_set_int (self->settings, "window-width", width);
  g_settings_set_int (self->settings, "window-height", height);
  g_settings_set_boolean (self->settings, "window-maximized", gtk_window_is_maximized (GTK_WINDOW (self)));
  g_settings_set_string (self->settings, "page", gtk_stack_get_visible_child_name (self->pages));
}

static void
close_response_cb (FpWindow   *self,
                   const char *response)
{
  if (g_str_equal (response, "close"))
    gtk_window_destroy (GTK_WINDOW (self));
}

/* What could not be saved is worth a question; everything else just goes. */
static void
close_flushed_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  FpWindow *self = FP_WINDOW (source);
  g_autoptr(GError) error = NULL;
  GtkWidget *dialog;

  self->closing = FALSE;
  if (fp_window_flush_finish (self, result, &error))
    {
      gtk_window_destroy (GTK_WINDOW (self));
      return;
    }
  gtk_widget_set_visible (GTK_WIDGET (self), TRUE);
  fp_window_update (self);
  dialog = adw_message_dialog_new (GTK_WINDOW (self), _("Your Last Changes Are Not Saved"), NULL);
  adw_message_dialog_format_body (ADW_MESSAGE_DIALOG (dialog), "%s", error->message);
  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "stay", _("_Keep Open"), "close",
                                    _("_Lose Changes"), NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "close", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "stay");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "stay");
  g_signal_connect_object (dialog, "response", G_CALLBACK (close_response_cb), self, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
}

gboolean
fp_window_close_request (GtkWindow *window)
{
  FpWindow *self = FP_WINDOW (window);

  keep_look (self);
  if (self->closing)
    return TRUE;
  if (!self->form_page)
    return FALSE; /* goes at once */
  self->closing = TRUE;
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
  fp_window_flush_async (self, close_flushed_cb, NULL);

  return TRUE;
}

/* Another window or a locked screen: whoever typed looks away. */
void
fp_window_active_changed_cb (FpWindow *self)
{
  if (!gtk_window_is_active (GTK_WINDOW (self)) && self->form_page)
    fp_window_flush_async (self, NULL, NULL);
}

static void
flushed_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;

  if (fp_draft_flush_finish (FP_DRAFT (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
fp_window_flush_async (FpWindow            *self,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, fp_window_flush_async);
  if (self->form_page)
    fp_draft_flush_async (fp_form_page_get_draft (self->form_page), NULL, flushed_cb, g_steal_pointer (&task));
  else
    g_task_return_boolean (task, TRUE);
}

gboolean
fp_window_flush_finish (FpWindow      *self,
                        GAsyncResult  *result,
                        GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
