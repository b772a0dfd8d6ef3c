#include "config.h"

#include "ui/fp-item-row.h"

#include <glib/gi18n.h>
#include <string.h>

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
  char         *hindrance; /* (nullable) */
};

G_DEFINE_FINAL_TYPE (FpItemRow, fp_item_row, GTK_TYPE_WIDGET)

enum {
  PROP_0,
  PROP_HINDRANCE,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

static gboolean
needs_sign_in (const FpItem *item)
{
  return g_strcmp0 (item->hold, "account") == 0 || g_strcmp0 (item->hold, "proxy") == 0;
}

static const char *
get_icon_name (const FpItem *item)
{
  switch (item->state)
    {
    case FP_ITEM_SENDING:
      return "emblem-synchronizing-symbolic";
    case FP_ITEM_FAILED:
      return "dialog-warning-symbolic";
    case FP_ITEM_HELD:
      return needs_sign_in (item) ? "dialog-password-symbolic" : "media-playback-pause-symbolic";
    case FP_ITEM_DISCARDED:
      return "user-trash-symbolic";
    case FP_ITEM_SENT:
      return "emblem-ok-symbolic";
    case FP_ITEM_PENDING:
    default:
      return "document-open-recent-symbolic";
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

/* "2 tries, next 14:05"; the time only where @words do not say it. NULL if there is nothing to say: a server that was
 * not reached was not tried. */
static char *
dup_tries (const FpItem *item,
           const char   *words)
{
  g_autofree char *tries = item->attempts > 0 ? g_strdup_printf (ngettext ("%u try", "%u tries", item->attempts),
                                                                 item->attempts) : NULL;
  g_autofree char *time = NULL;
  gboolean again = item->state == FP_ITEM_PENDING || item->state == FP_ITEM_FAILED;

  if (!again || item->next_try <= g_get_real_time () / 1000)
    return g_steal_pointer (&tries);
  time = fp_format_time (item->next_try);
  if (strstr (words, time))
    return g_steal_pointer (&tries);
  if (!tries)
    return g_strdup_printf (_("next try %s"), time);

  /* Translators: how often it was tried, and the time of the next try: "2 tries, next 14:05" */
  return g_strdup_printf (_("%s, next %s"), tries, time);
}

static gboolean
is_held_for (const FpItem *item,
             const char   *hold)
{
  return item->state == FP_ITEM_HELD && g_strcmp0 (item->hold, hold) == 0;
}

/* "The server is busy · 2 tries, next 14:05"; "Waits: No network" */
static char *
dup_words (FpItemRow    *self,
           const FpItem *item)
{
  g_autofree char *words = NULL;
  g_autofree char *tries = NULL;

  if (item->state == FP_ITEM_SENT)
    {
      g_autofree char *time = fp_format_time (item->changed);

      if (item->status == 0)
        return g_strdup_printf (_("Received %s"), time);
      /* Translators: when the server confirmed it, and the number of its answer: "Received 14:05 · answer 201" */
      return g_strdup_printf (_("Received %s · answer %d"), time, item->status);
    }
  if (item->state != FP_ITEM_SENDING)
    words = fp_item_dup_words (item);
  if (!words && item->state == FP_ITEM_PENDING && self->hindrance)
    /* Translators: followed by what it waits for: "Waits: No network" */
    words = g_strdup_printf (_("Waits: %s"), self->hindrance);
  if (!words)
    words = fp_item_dup_state (item);
  tries = dup_tries (item, words);
  if (!tries)
    return g_steal_pointer (&words);

  return g_strdup_printf ("%s · %s", words, tries);
}

static void
show_item (FpItemRow    *self,
           const FpItem *item)
{
  g_autofree char *state = fp_item_dup_state (item);
  g_autofree char *server = fp_format_host (item->host);
  g_autofree char *time = fp_format_time (item->created);
  g_autofree char *place = g_strdup_printf ("%s · %s", server, time);
  g_autofree char *reason = dup_words (self, item);
  g_autofree char *spoken = g_strdup_printf ("%s, %s, %s", item->title, reason, place);
  gboolean failed = item->state == FP_ITEM_FAILED;
  gboolean kept = is_held_for (item, "user");
  GtkWidget *row = gtk_widget_get_parent (GTK_WIDGET (self));

  gtk_image_set_from_icon_name (self->icon, get_icon_name (item));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->icon), state);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->icon), GTK_ACCESSIBLE_PROPERTY_LABEL, state, -1);
  /* GTK 4.8 has no other way to name a row of a list view. */
  if (row)
    gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
  gtk_label_set_label (self->title, item->title);
  gtk_label_set_label (self->place, place);
  gtk_label_set_label (self->reason, reason);
  if (failed)
    {
      gtk_widget_add_css_class (GTK_WIDGET (self->icon), "error");
      gtk_widget_add_css_class (GTK_WIDGET (self->reason), "error");
    }
  /* The name comes second: without a target the action would be called with the wrong type. */
  gtk_actionable_set_action_target (GTK_ACTIONABLE (self->retry), "x", item->id);
  /* What a person holds is no fault that a try could mend. */
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->retry), kept ? "win.release" : "win.retry");
  gtk_widget_set_tooltip_text (self->retry, kept ? _("Release") : _("Retry Now"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->retry), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  kept ? _("Release") : _("Retry Now"), -1);
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
  gtk_widget_set_visible (self->retry, waits && !fp_item_is_moved (item));
  gtk_widget_set_visible (self->discard, waits);
  if (item)
    {
      show_item (self, item);
      return;
    }
  /* A place whose page is being read: as high as the others, so that nothing jumps. */
  gtk_image_clear (self->icon);
  gtk_label_set_label (self->title, "…");
  gtk_label_set_label (self->place, "");
  gtk_label_set_label (self->reason, "");
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
fp_item_row_set_property (GObject      *object,
                          guint         prop_id,
                          const GValue *value,
                          GParamSpec   *pspec)
{
  FpItemRow *self = FP_ITEM_ROW (object);

  if (prop_id != PROP_HINDRANCE)
    {
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      return;
    }
  g_free (self->hindrance);
  self->hindrance = g_value_dup_string (value);
  if (self->object)
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
  FpItemRow *self = FP_ITEM_ROW (object);

  g_clear_object (&self->object_signals);
  g_free (self->hindrance);

  G_OBJECT_CLASS (fp_item_row_parent_class)->finalize (object);
}

static void
fp_item_row_class_init (FpItemRowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->set_property = fp_item_row_set_property;
  object_class->dispose = fp_item_row_dispose;
  object_class->finalize = fp_item_row_finalize;
  props[PROP_HINDRANCE] = g_param_spec_string ("hindrance", NULL, NULL, NULL,
                                               G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
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
