#include "config.h"

#include "ui/fp-window-private.h"

#include <glib/gi18n.h>

#include "ui/fp-item-page.h"

/* What a person does with the lists and with items. */

static void
tell_action (GtkWidget  *widget,
             const char *name,
             GVariant   *parameter)
{
  fp_window_tell (FP_WINDOW (widget), g_variant_get_string (parameter, NULL));
}

static void
show_page_action (GtkWidget  *widget,
                  const char *name,
                  GVariant   *parameter)
{
  fp_window_show_page (FP_WINDOW (widget), g_variant_get_string (parameter, NULL));
}

static void
show_sidebar_action (GtkWidget  *widget,
                     const char *name,
                     GVariant   *parameter)
{
  FpWindow *self = FP_WINDOW (widget);

  adw_leaflet_set_visible_child (self->leaflet, GTK_WIDGET (self->sidebar));
}

/* Whoever asked for sending while nothing can be sent is told why nothing happens. */
static void
tell_hindrance (FpWindow *self)
{
  const FpStatus *status = fp_agent_client_get_status (self->client);
  g_autofree char *detail = NULL;

  if (!fp_item_counts_wait (status->counts))
    return;
  if (!status->paused && status->state == FP_SYNC_OFFLINE && status->link != FP_LINK_LIMITED)
    fp_window_tell (self, _("There is no network; it will be sent as soon as there is"));
  else if (status->paused || status->state == FP_SYNC_PAUSED || status->state == FP_SYNC_OFFLINE
           || status->state == FP_SYNC_PORTAL)
    {
      detail = fp_status_dup_detail (status);
      if (detail)
        fp_window_tell (self, detail);
    }
}

static void
synced_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(FpWindow) self = user_data;
  g_autoptr(GError) error = NULL;

  if (!fp_agent_client_sync_finish (FP_AGENT_CLIENT (source), result, &error))
    fp_window_tell (self, error ? error->message : _("Nothing is there that could send"));
  else
    tell_hindrance (self);
}

static void
sync_now_action (GtkWidget  *widget,
                 const char *name,
                 GVariant   *parameter)
{
  FpWindow *self = FP_WINDOW (widget);

  fp_agent_client_sync_async (self->client, NULL, NULL, synced_cb, g_object_ref (self));
}

typedef struct {
  FpWindow *window;
  FpAct     act;
  gint64    id;
} Act;

static void
offer_undo (FpWindow *self,
            gint64    id)
{
  AdwToast *toast = adw_toast_new (_("Discarded from the outbox"));

  adw_toast_set_button_label (toast, _("_Undo"));
  adw_toast_set_action_name (toast, "win.restore-item");
  adw_toast_set_action_target (toast, "x", id);
  adw_toast_set_timeout (toast, 10);
  fp_window_add_toast (self, toast);
}

static void
acted_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Act *act = user_data;
  g_autoptr(FpWindow) self = act->window;
  g_autoptr(GError) error = NULL;

  if (fp_engine_act_finish (FP_ENGINE (source), result, &error) < 0)
    fp_window_tell (self, error->message);
  else if (act->act == FP_ACT_DISCARD)
    offer_undo (self, act->id);
  else if (act->act == FP_ACT_RETRY || act->act == FP_ACT_RELEASE)
    tell_hindrance (self);
  g_free (act);
}

static void
act_action (GtkWidget  *widget,
            const char *name,
            GVariant   *parameter)
{
  FpWindow *self = FP_WINDOW (widget);
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  Act *act = g_new0 (Act, 1);

  act->window = g_object_ref (self);
  act->id = g_variant_get_int64 (parameter);
  act->act = g_str_equal (name, "win.retry")          ? FP_ACT_RETRY
             : g_str_equal (name, "win.release")      ? FP_ACT_RELEASE
             : g_str_equal (name, "win.discard-item") ? FP_ACT_DISCARD
                                                      : FP_ACT_UNDO;
  g_array_append_val (ids, act->id);
  fp_engine_act_async (self->engine, act->act, ids, NULL, acted_cb, act);
}

static void
show_item_action (GtkWidget  *widget,
                  const char *name,
                  GVariant   *parameter)
{
  FpWindow *self = FP_WINDOW (widget);
  GtkWidget *page = fp_item_page_new (self->engine, g_variant_get_int64 (parameter));

  g_signal_connect_object (page, "closed", G_CALLBACK (fp_window_pop), self, G_CONNECT_SWAPPED);
  fp_window_push (self, page);
}

static void
about_action (GtkWidget  *widget,
              const char *name,
              GVariant   *parameter)
{
  const char *developers[] = { "Fieldpost", NULL };

  adw_show_about_window (GTK_WINDOW (widget), "application-name", _("Fieldpost"), "application-icon", FP_APP_ID,
                         "version", FP_VERSION, "developers", developers, "license-type", GTK_LICENSE_GPL_3_0,
                         "comments", _("Forms that save themselves, and an outbox that delivers itself"), NULL);
}

void
fp_window_install_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "win.tell", "s", tell_action);
  gtk_widget_class_install_action (widget_class, "win.show-page", "s", show_page_action);
  gtk_widget_class_install_action (widget_class, "win.show-sidebar", NULL, show_sidebar_action);
  gtk_widget_class_install_action (widget_class, "win.sync-now", NULL, sync_now_action);
  gtk_widget_class_install_action (widget_class, "win.retry", "x", act_action);
  gtk_widget_class_install_action (widget_class, "win.release", "x", act_action);
  gtk_widget_class_install_action (widget_class, "win.discard-item", "x", act_action);
  gtk_widget_class_install_action (widget_class, "win.restore-item", "x", act_action);
  gtk_widget_class_install_action (widget_class, "win.show-item", "x", show_item_action);
  gtk_widget_class_install_action (widget_class, "win.about", NULL, about_action);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_1, GDK_ALT_MASK, "win.show-page", "s", "forms");
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_2, GDK_ALT_MASK, "win.show-page", "s", "drafts");
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_3, GDK_ALT_MASK, "win.show-page", "s", "outbox");
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_4, GDK_ALT_MASK, "win.show-page", "s", "sent");
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F5, 0, "win.sync-now", NULL);
}
