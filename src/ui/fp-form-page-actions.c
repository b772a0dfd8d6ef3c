#include "config.h"

#include "ui/fp-form-page-private.h"

#include <glib/gi18n.h>

/* What a person does with the form as a whole. */

static void
undo_action (GtkWidget  *widget,
             const char *name,
             GVariant   *parameter)
{
  FpFormPage *self = FP_FORM_PAGE (widget);
  FpFormNode *node = g_str_equal (name, "form.undo") ? fp_form_model_undo (fp_draft_get_model (self->draft))
                                                     : fp_form_model_redo (fp_draft_get_model (self->draft));

  if (node)
    fp_form_page_go_to (self, fp_form_page_find_question (self, node));
  fp_form_page_update_actions (self);
}

static void
leave_response_cb (FpFormPage *self,
                   const char *response)
{
  if (g_str_equal (response, "leave"))
    g_signal_emit_by_name (self, "closed");
}

/* Whoever goes back believes that the draft is kept, so it must be. */
static void
close_flushed_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autoptr(FpFormPage) self = user_data;
  g_autoptr(GError) error = NULL;
  GtkWidget *dialog;

  if (!gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  if (fp_draft_flush_finish (FP_DRAFT (source), result, &error)
      || fp_draft_get_state (self->draft) == FP_DRAFT_GONE)
    {
      g_signal_emit_by_name (self, "closed");
      return;
    }
  dialog = adw_message_dialog_new (GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))),
                                   _("Your Last Changes Are Not Saved"), NULL);
  adw_message_dialog_format_body (ADW_MESSAGE_DIALOG (dialog), "%s", error->message);
  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "stay", _("_Keep Open"), "leave",
                                    _("_Lose Changes"), NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "leave", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "stay");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "stay");
  g_signal_connect_object (dialog, "response", G_CALLBACK (leave_response_cb), self, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
close_action (GtkWidget  *widget,
              const char *name,
              GVariant   *parameter)
{
  FpFormPage *self = FP_FORM_PAGE (widget);

  fp_draft_flush_async (self->draft, NULL, close_flushed_cb, g_object_ref (self));
}

static void
discard_action (GtkWidget  *widget,
                const char *name,
                GVariant   *parameter)
{
  g_signal_emit_by_name (widget, "discarded");
}

/* TRUE if there was something to correct; the focus is on the first such question then. */
static gboolean
show_invalid (FpFormPage *self)
{
  g_autoptr(GPtrArray) invalid = fp_form_model_validate (fp_draft_get_model (self->draft));
  g_autofree char *text = NULL;

  for (guint i = 0; i < self->questions->len; i++)
    fp_question_show_error (self->questions->pdata[i]);
  if (invalid->len == 0)
    return FALSE;
  fp_form_page_go_to (self, fp_form_page_find_question (self, invalid->pdata[0]));
  text = g_strdup_printf (ngettext ("%u answer is missing or not right yet",
                                    "%u answers are missing or not right yet", invalid->len), invalid->len);
  gtk_widget_activate_action (GTK_WIDGET (self), "win.tell", "s", text);

  return TRUE;
}

static void
submit_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(FpFormPage) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = fp_engine_submit_finish (FP_ENGINE (source), result, &error);
  GtkWidget *dialog;

  self->submitting = FALSE;
  if (item)
    {
      g_signal_emit_by_name (self, "submitted");
      return;
    }
  fp_form_page_update_actions (self);
  if (g_error_matches (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_INVALID) && show_invalid (self))
    return;
  dialog = adw_message_dialog_new (GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), _("Not Submitted"), NULL);
  adw_message_dialog_format_body (ADW_MESSAGE_DIALOG (dialog), _("Your answers are kept as a draft.\n\n%s"),
                                  error->message);
  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "close", _("_Close"));
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
submit_action (GtkWidget  *widget,
               const char *name,
               GVariant   *parameter)
{
  FpFormPage *self = FP_FORM_PAGE (widget);

  if (show_invalid (self))
    return;
  self->submitting = TRUE;
  fp_form_page_update_actions (self);
  fp_engine_submit_async (self->engine, self->draft, NULL, submit_cb, g_object_ref (self));
}

void
fp_form_page_install_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "form.undo", NULL, undo_action);
  gtk_widget_class_install_action (widget_class, "form.redo", NULL, undo_action);
  gtk_widget_class_install_action (widget_class, "form.submit", NULL, submit_action);
  gtk_widget_class_install_action (widget_class, "form.close", NULL, close_action);
  gtk_widget_class_install_action (widget_class, "form.discard", NULL, discard_action);
}
