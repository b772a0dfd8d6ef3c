#include "config.h"

#include "ui/fp-status-bar.h"

#include <glib/gi18n.h>
#include <string.h>

#include "ui/fp-format.h"
#include "ui/fp-ui.h"

struct _FpStatusBar
{
  GtkWidget parent_instance;

  /* Template widgets. */
  GtkStack   *icons;
  GtkImage   *icon;
  GtkSpinner *spinner;
  GtkLabel   *title;
  GtkLabel   *detail;
  GtkWidget  *sync_button;
};

G_DEFINE_FINAL_TYPE (FpStatusBar, fp_status_bar, GTK_TYPE_WIDGET)

static const char *
get_icon_name (const FpStatus *status)
{
  if (status->paused)
    return "media-playback-pause-symbolic";
  switch (status->state)
    {
    case FP_SYNC_OFFLINE:
      return "network-offline-symbolic";
    case FP_SYNC_PORTAL:
      return "dialog-password-symbolic";
    case FP_SYNC_PAUSED:
      return "media-playback-pause-symbolic";
    case FP_SYNC_ERROR:
      return "dialog-warning-symbolic";
    case FP_SYNC_IDLE:
    case FP_SYNC_SYNCING:
    default:
      return fp_item_counts_wait (status->counts) ? "mail-send-symbolic" : "emblem-ok-symbolic";
    }
}

/* The reason, and when it is tried again, where that is known and not said yet. */
static char *
dup_detail (const FpStatus *status)
{
  g_autofree char *detail = fp_status_dup_detail (status);
  g_autofree char *time = NULL;
  gint64 now = g_get_real_time () / 1000;
  gboolean waits = status->state == FP_SYNC_IDLE || status->state == FP_SYNC_ERROR;

  if (!waits || status->counts->next_try <= now)
    return g_steal_pointer (&detail);
  time = fp_format_time (status->counts->next_try);
  if (detail && strstr (detail, time))
    return g_steal_pointer (&detail);
  if (!detail)
    return g_strdup_printf (_("Next try %s"), time);

  /* Translators: the reason why something waits, and the time of the next try */
  return g_strdup_printf (_("%s · Next try %s"), detail, time);
}

/**
 * fp_status_bar_set_status:
 *
 * Shows @status; hidden when nothing waits and nothing is going on, unless Work Offline is on.
 */
void
fp_status_bar_set_status (FpStatusBar    *self,
                          const FpStatus *status)
{
  g_autofree char *title = fp_status_dup_title (status);
  g_autofree char *detail = dup_detail (status);
  gboolean syncing = status->state == FP_SYNC_SYNCING;

  gtk_label_set_label (self->title, title);
  gtk_label_set_label (self->detail, detail ? detail : "");
  gtk_widget_set_visible (GTK_WIDGET (self->detail), detail != NULL);
  gtk_image_set_from_icon_name (self->icon, get_icon_name (status));
  gtk_stack_set_visible_child_name (self->icons, syncing ? "spinner" : "icon");
  gtk_spinner_set_spinning (self->spinner, syncing);
  gtk_widget_set_visible (self->sync_button, fp_item_counts_wait (status->counts));
  if (status->counts->failed > 0)
    gtk_widget_add_css_class (GTK_WIDGET (self->icons), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->icons), "error");
  gtk_widget_set_visible (GTK_WIDGET (self), fp_item_counts_wait (status->counts) || syncing || status->paused);
}

static void
fp_status_bar_dispose (GObject *object)
{
  fp_ui_dispose_template (GTK_WIDGET (object), FP_TYPE_STATUS_BAR);

  G_OBJECT_CLASS (fp_status_bar_parent_class)->dispose (object);
}

static void
fp_status_bar_class_init (FpStatusBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = fp_status_bar_dispose;
  gtk_widget_class_set_template_from_resource (widget_class, FP_UI_TEMPLATE ("fp-status-bar"));
  gtk_widget_class_bind_template_child (widget_class, FpStatusBar, icons);
  gtk_widget_class_bind_template_child (widget_class, FpStatusBar, icon);
  gtk_widget_class_bind_template_child (widget_class, FpStatusBar, spinner);
  gtk_widget_class_bind_template_child (widget_class, FpStatusBar, title);
  gtk_widget_class_bind_template_child (widget_class, FpStatusBar, detail);
  gtk_widget_class_bind_template_child (widget_class, FpStatusBar, sync_button);
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
fp_status_bar_init (FpStatusBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
