#include "config.h"

#include "ui/fp-item-page.h"

#include <glib/gi18n.h>

#include "ui/fp-format.h"
#include "ui/fp-item-row.h"
#include "ui/fp-ui.h"

/* So much of a text is shown: a label of megabytes would stop the window. */
#define MAX_TEXT (16 * 1024)

struct _FpItemPage
{
  GtkWidget parent_instance;

  /* Template widgets. */
  AdwWindowTitle      *title;
  AdwPreferencesPage  *page;
  AdwPreferencesGroup *delivery;
  AdwPreferencesGroup *answer;
  AdwPreferencesGroup *contents;

  /* Owned. */
  FpEngine     *engine;
  GCancellable *cancellable;
  GPtrArray    *rows; /* GtkWidget of the groups, borrowed */

  gint64        id;
};

G_DEFINE_FINAL_TYPE (FpItemPage, fp_item_page, GTK_TYPE_WIDGET)

enum {
  SIGNAL_CLOSED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
add_row (FpItemPage          *self,
         AdwPreferencesGroup *group,
         const char          *title,
         const char          *text)
{
  GtkWidget *row;

  if (!text || !*text)
    return;
  row = adw_action_row_new ();
  gtk_widget_add_css_class (row, "property");
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), text);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 0);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
  adw_preferences_group_add (group, row);
  g_ptr_array_add (self->rows, row);
}

static void
add_time (FpItemPage          *self,
          AdwPreferencesGroup *group,
          const char          *title,
          gint64               ms)
{
  g_autofree char *text = ms > 0 ? fp_format_time (ms) : NULL;

  add_row (self, group, title, text);
}

static void
add_text (FpItemPage          *self,
          AdwPreferencesGroup *group,
          const char          *name,
          const char          *text)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_selectable (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_set_margin_top (label, 6);
  gtk_widget_add_css_class (label, "card");
  gtk_widget_add_css_class (label, "monospace");
  gtk_widget_add_css_class (label, "caption");
  gtk_widget_add_css_class (label, "server-words");
  gtk_accessible_update_property (GTK_ACCESSIBLE (label), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, name, -1);
  adw_preferences_group_add (group, label);
  g_ptr_array_add (self->rows, label);
}

static char *
dup_part_text (const FpItemPart *part)
{
  gsize size = 0;
  const char *data = part->data ? g_bytes_get_data (part->data, &size) : NULL;
  const char *end = NULL;

  if (!data)
    return NULL;
  /* A cut in the middle of a character is no reason to call it binary. */
  if (!g_utf8_validate (data, (gssize) MIN (size, MAX_TEXT), &end) && MIN (size, MAX_TEXT) - (gsize) (end - data) > 3)
    return NULL;

  return g_strdup_printf ("%.*s%s", (gint) (end - data), data, size > MAX_TEXT ? "\n…" : "");
}

static void
show_parts (FpItemPage   *self,
            const FpItem *item)
{
  for (guint i = 0; item->parts && i < item->parts->len; i++)
    {
      const FpItemPart *part = item->parts->pdata[i];
      const char *name = part->filename ? part->filename : part->name ? part->name : item->title;
      g_autofree char *size = g_format_size ((guint64) part->size);
      g_autofree char *about = g_strdup_printf ("%s · %s", part->media_type ? part->media_type : "?", size);
      g_autofree char *text = dup_part_text (part);

      add_row (self, self->contents, name, about);
      if (text && *text)
        add_text (self, self->contents, name, text);
    }
}

static void
show_receipt (FpItemPage      *self,
              const FpReceipt *receipt)
{
  g_autofree char *status = NULL;

  gtk_widget_set_visible (GTK_WIDGET (self->answer), receipt != NULL);
  if (!receipt)
    return;
  status = g_strdup_printf ("%d", receipt->status);
  add_time (self, self->answer, _("Received"), receipt->time);
  add_row (self, self->answer, _("Status"), status);
  if (receipt->body && *receipt->body)
    add_text (self, self->answer, _("Answer of the Server"), receipt->body);
}

static void
show_item (FpItemPage   *self,
           const FpItem *item)
{
  g_autofree char *state = fp_item_dup_state (item);
  g_autofree char *server = fp_host_dup_display (item->url);
  g_autofree char *tries = g_strdup_printf ("%u", item->attempts);
  g_autofree char *reason = item->state != FP_ITEM_SENT ? fp_item_dup_words (item) : NULL;
  gint64 now = g_get_real_time () / 1000;

  adw_window_title_set_title (self->title, item->title);
  add_row (self, self->delivery, _("State"), state);
  add_row (self, self->delivery, _("Reason"), reason);
  add_row (self, self->delivery, _("Server"), server ? server : item->host);
  add_time (self, self->delivery, _("Submitted"), item->created);
  add_row (self, self->delivery, _("Tries"), tries);
  if (item->next_try > now && item->state != FP_ITEM_SENT)
    add_time (self, self->delivery, _("Next Try"), item->next_try);
  add_row (self, self->delivery, _("Identifier"), item->uid);
}

static void
read_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(FpItemPage) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpReceipt) receipt = NULL;
  g_autoptr(FpItem) item = fp_engine_get_item_finish (FP_ENGINE (source), result, &receipt, &error);

  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  if (!item)
    {
      adw_window_title_set_title (self->title, error->message);
      return;
    }
  for (guint i = 0; i < self->rows->len; i++)
    {
      GtkWidget *row = self->rows->pdata[i];
      AdwPreferencesGroup *group = ADW_PREFERENCES_GROUP (gtk_widget_get_ancestor (row, ADW_TYPE_PREFERENCES_GROUP));

      adw_preferences_group_remove (group, row);
    }
  g_ptr_array_set_size (self->rows, 0);
  show_item (self, item);
  show_receipt (self, receipt);
  show_parts (self, item);
}

static void
read_again (FpItemPage *self,
            guint       topics)
{
  if (topics & FP_STORE_ITEMS)
    fp_engine_get_item_async (self->engine, self->id, self->cancellable, read_cb, g_object_ref (self));
}

static void
close_action (GtkWidget  *widget,
              const char *name,
              GVariant   *parameter)
{
  g_signal_emit (widget, signals[SIGNAL_CLOSED], 0);
}

static void
fp_item_page_dispose (GObject *object)
{
  FpItemPage *self = FP_ITEM_PAGE (object);

  g_cancellable_cancel (self->cancellable);
  fp_ui_dispose_template (GTK_WIDGET (self), FP_TYPE_ITEM_PAGE);
  g_clear_object (&self->engine);

  G_OBJECT_CLASS (fp_item_page_parent_class)->dispose (object);
}

static void
fp_item_page_finalize (GObject *object)
{
  FpItemPage *self = FP_ITEM_PAGE (object);

  g_clear_object (&self->cancellable);
  g_ptr_array_unref (self->rows);

  G_OBJECT_CLASS (fp_item_page_parent_class)->finalize (object);
}

static void
fp_item_page_class_init (FpItemPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = fp_item_page_dispose;
  G_OBJECT_CLASS (klass)->finalize = fp_item_page_finalize;
  signals[SIGNAL_CLOSED] = g_signal_new ("closed", FP_TYPE_ITEM_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 0);
  gtk_widget_class_set_template_from_resource (widget_class, FP_UI_TEMPLATE ("fp-item-page"));
  gtk_widget_class_bind_template_child (widget_class, FpItemPage, title);
  gtk_widget_class_bind_template_child (widget_class, FpItemPage, page);
  gtk_widget_class_bind_template_child (widget_class, FpItemPage, delivery);
  gtk_widget_class_bind_template_child (widget_class, FpItemPage, answer);
  gtk_widget_class_bind_template_child (widget_class, FpItemPage, contents);
  gtk_widget_class_install_action (widget_class, "item.close", NULL, close_action);
}

static void
fp_item_page_init (FpItemPage *self)
{
  self->cancellable = g_cancellable_new ();
  self->rows = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
fp_item_page_new (FpEngine *engine,
                  gint64    id)
{
  FpItemPage *self = g_object_new (FP_TYPE_ITEM_PAGE, NULL);

  self->engine = g_object_ref (engine);
  self->id = id;
  g_signal_connect_object (engine, "changed", G_CALLBACK (read_again), self, G_CONNECT_SWAPPED);
  read_again (self, FP_STORE_ITEMS);

  return GTK_WIDGET (self);
}
