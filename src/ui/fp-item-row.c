#include "config.h"

#include "ui/fp-item-row.h"

#include <glib/gi18n.h>

#include "ui/fp-format.h"
#include "ui/fp-ui.h"

struct _FpItemRow
{
  GtkWidget parent_instance;

  /* Template widgets. */
  GtkImage  *icon;
  GtkLabel  *title;
  GtkLabel  *place;
  GtkLabel  *reason;
  GtkWidget *retry;
  GtkWidget *discard;

  /* Owned. */
  FpItemObject *object;
  GSignalGroup *object_signals;
};

G_DEFINE_FINAL_TYPE (FpItemRow, fp_item_row, GTK_TYPE_WIDGET)

const char *
fp_item_get_icon_name (const FpItem *item)
{
  switch (item->state)
    {
    case FP_ITEM_SENDING:
      return "network-transmit-symbolic";
    case FP_ITEM_FAILED:
      return "dialog-warning-symbolic";
    case FP_ITEM_HELD:
      return "media-playback-pause-symbolic";
    case FP_ITEM_DISCARDED:
      return "user-trash-symbolic";
    case FP_ITEM_SENT:
      return "emblem-ok-symbolic";
    case FP_ITEM_PENDING:
    default:
      return "content-loading-symbolic";
    }
}

char *
fp_item_dup_state (const FpItem *item)
{
  switch (item->state)
    {
    case FP_ITEM_SENDING:
      return g_strdup (_("Sending…"));
    case FP_ITEM_FAILED:
      return g_strdup (_("Could not be sent"));
    case FP_ITEM_HELD:
      return g_strdup (_("Held back"));
    case FP_ITEM_DISCARDED:
      return g_strdup (_("Discarded"));
    case FP_ITEM_SENT:
      return g_strdup (_("Sent"));
    case FP_ITEM_PENDING:
    default:
      return g_strdup (_("Waiting to be sent"));
    }
}

/* "The server is busy · 3 tries · next try 14:05" */
static char *
dup_reason (const FpItem *item)
{
  g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func (g_free);
  gint64 now = g_get_real_time () / 1000;

  if (item->state == FP_ITEM_SENT)
    return g_strdup ("");
  if (item->state == FP_ITEM_SENDING)
    g_ptr_array_add (parts, fp_item_dup_state (item));
  else if (item->reason_code)
    g_ptr_array_add (parts, fp_reason_dup_words (item->reason_code, item->reason, item->next_try));
  if (item->attempts > 0)
    g_ptr_array_add (parts, g_strdup_printf (ngettext ("%u try", "%u tries", item->attempts), item->attempts));
  if (item->next_try > now && (item->state == FP_ITEM_PENDING || item->state == FP_ITEM_FAILED))
    {
      g_autofree char *time = fp_format_time (item->next_try);

      g_ptr_array_add (parts, g_strdup_printf (_("next try %s"), time));
    }
  g_ptr_array_add (parts, NULL);

  return g_strjoinv (" · ", (char **) parts->pdata);
}

static void
show_item (FpItemRow    *self,
           const FpItem *item)
{
  g_autofree char *state = fp_item_dup_state (item);
  g_autofree char *server = fp_host_dup_display (item->url);
  g_autofree char *time = fp_format_time (item->state == FP_ITEM_SENT ? item->changed : item->created);
  g_autofree char *place = g_strdup_printf ("%s · %s", time, server ? server : item->host);
  g_autofree char *reason = dup_reason (item);
  g_autofree char *spoken = g_strdup_printf ("%s, %s, %s", item->title, state, place);
  gboolean failed = item->state == FP_ITEM_FAILED;
  GtkWidget *row = gtk_widget_get_parent (GTK_WIDGET (self));

  gtk_image_set_from_icon_name (self->icon, fp_item_get_icon_name (item));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->icon), state);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->icon), GTK_ACCESSIBLE_PROPERTY_LABEL, state, -1);
  /* GTK 4.8 has no other way to name a row of a list view. */
  if (row)
    gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
  gtk_label_set_label (self->title, item->title);
  gtk_label_set_label (self->place, place);
  gtk_label_set_label (self->reason, reason);
  gtk_widget_set_visible (GTK_WIDGET (self->reason), *reason != '\0');
  if (failed)
    {
      gtk_widget_add_css_class (GTK_WIDGET (self->icon), "error");
      gtk_widget_add_css_class (GTK_WIDGET (self->reason), "error");
    }
  /* The name comes second: without a target the action would be called with the wrong type. */
  gtk_actionable_set_action_target (GTK_ACTIONABLE (self->retry), "x", item->id);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->retry), "win.retry");
  gtk_actionable_set_action_target (GTK_ACTIONABLE (self->discard), "x", item->id);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->discard), "win.discard-item");
}

static void
object_changed_cb (FpItemRow *self)
{
  const FpItem *item = self->object ? fp_item_object_get_item (self->object) : NULL;
  gboolean waits = item && (item->state == FP_ITEM_PENDING || item->state == FP_ITEM_FAILED
                            || item->state == FP_ITEM_HELD);

  gtk_widget_remove_css_class (GTK_WIDGET (self->icon), "error");
  gtk_widget_remove_css_class (GTK_WIDGET (self->reason), "error");
  gtk_widget_set_visible (self->retry, waits);
  gtk_widget_set_visible (self->discard, waits);
  if (item)
    {
      show_item (self, item);
      return;
    }
  /* A place whose page is being read: as high as the others, so that nothing jumps. */
  gtk_image_set_from_icon_name (self->icon, "content-loading-symbolic");
  gtk_label_set_label (self->title, "…");
  gtk_label_set_label (self->place, "");
  gtk_widget_set_visible (GTK_WIDGET (self->reason), FALSE);
}

void
fp_item_row_set_object (FpItemRow    *self,
                        FpItemObject *object)
{
  g_return_if_fail (FP_IS_ITEM_ROW (self));

  if (!g_set_object (&self->object, object))
    return;
  g_signal_group_set_target (self->object_signals, object);
  object_changed_cb (self);
}

static void
fp_item_row_dispose (GObject *object)
{
  FpItemRow *self = FP_ITEM_ROW (object);

  g_signal_group_set_target (self->object_signals, NULL);
  fp_ui_dispose_template (GTK_WIDGET (self), FP_TYPE_ITEM_ROW);
  g_clear_object (&self->object);

  G_OBJECT_CLASS (fp_item_row_parent_class)->dispose (object);
}

static void
fp_item_row_finalize (GObject *object)
{
  g_clear_object (&FP_ITEM_ROW (object)->object_signals);

  G_OBJECT_CLASS (fp_item_row_parent_class)->finalize (object);
}

static void
fp_item_row_class_init (FpItemRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = fp_item_row_dispose;
  G_OBJECT_CLASS (klass)->finalize = fp_item_row_finalize;
  gtk_widget_class_set_template_from_resource (widget_class, FP_UI_TEMPLATE ("fp-item-row"));
  gtk_widget_class_bind_template_child (widget_class, FpItemRow, icon);
  gtk_widget_class_bind_template_child (widget_class, FpItemRow, title);
  gtk_widget_class_bind_template_child (widget_class, FpItemRow, place);
  gtk_widget_class_bind_template_child (widget_class, FpItemRow, reason);
  gtk_widget_class_bind_template_child (widget_class, FpItemRow, retry);
  gtk_widget_class_bind_template_child (widget_class, FpItemRow, discard);
}

static void
fp_item_row_init (FpItemRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->object_signals = g_signal_group_new (FP_TYPE_ITEM_OBJECT);
  g_signal_group_connect_swapped (self->object_signals, "changed", G_CALLBACK (object_changed_cb), self);
}

GtkWidget *
fp_item_row_new (void)
{
  return g_object_new (FP_TYPE_ITEM_ROW, NULL);
}
