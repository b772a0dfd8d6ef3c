#include "config.h"

#include "ui/fp-drafts-page.h"

#include <glib/gi18n.h>

#include "ui/fp-format.h"
#include "ui/fp-ui.h"

struct _FpDraftsPage
{
  GtkWidget parent_instance;

  /* Template widgets. */
  GtkStack   *stack;
  GtkListBox *list;

  /* Owned. */
  FpEngine     *engine;
  GCancellable *cancellable;

  gboolean      listing;
  gboolean      again;
};

G_DEFINE_FINAL_TYPE (FpDraftsPage, fp_drafts_page, GTK_TYPE_WIDGET)

enum {
  SIGNAL_COUNTED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
fill_row (AdwActionRow     *row,
          const FpDraftRow *draft)
{
  gboolean named = draft->title && *draft->title;
  const char *title = named ? draft->title : draft->form_title;
  g_autofree char *time = fp_format_time (draft->saved);
  /* Translators: when a draft was saved */
  g_autofree char *saved = g_strdup_printf (_("Saved %s"), time);
  g_autofree char *subtitle = named ? g_strdup_printf ("%s · %s", draft->form_title, saved) : g_strdup (saved);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (row, subtitle);
}

static GtkWidget *
make_row (const FpDraftRow *draft)
{
  AdwActionRow *row = ADW_ACTION_ROW (adw_action_row_new ());
  GtkWidget *discard = gtk_button_new_from_icon_name ("user-trash-symbolic");
  GtkWidget *arrow = gtk_image_new_from_icon_name ("go-next-symbolic");

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_action_row_set_title_lines (row, 2);
  fill_row (row, draft);
  gtk_widget_add_css_class (discard, "flat");
  gtk_widget_set_valign (discard, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (discard, _("Discard Draft"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (discard), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Discard Draft"), -1);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (discard), "win.discard-draft");
  gtk_actionable_set_action_target (GTK_ACTIONABLE (discard), "s", draft->uid);
  adw_action_row_add_suffix (row, discard);
  gtk_widget_add_css_class (arrow, "dim-label");
  gtk_widget_set_tooltip_text (arrow, _("Go On"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (arrow), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Go On"), -1);
  adw_action_row_add_suffix (row, arrow);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), TRUE);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (row), "win.open-draft");
  gtk_actionable_set_action_target (GTK_ACTIONABLE (row), "s", draft->uid);

  return GTK_WIDGET (row);
}

static void list_again (FpDraftsPage *self);

static void
listed_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(FpDraftsPage) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) drafts = fp_engine_list_drafts_finish (FP_ENGINE (source), result, &error);
  GtkWidget *child;

  self->listing = FALSE;
  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  if (!drafts)
    {
      g_debug ("The drafts could not be listed: %s", error->message);
      return;
    }
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->list))))
    gtk_list_box_remove (self->list, child);
  for (guint i = 0; i < drafts->len; i++)
    gtk_list_box_append (self->list, make_row (drafts->pdata[i]));
  gtk_stack_set_visible_child_name (self->stack, drafts->len > 0 ? "list" : "empty");
  g_signal_emit (self, signals[SIGNAL_COUNTED], 0, drafts->len);
  if (self->again)
    list_again (self);
}

static void
list_again (FpDraftsPage *self)
{
  self->again = self->listing;
  if (self->listing)
    return;
  self->listing = TRUE;
  fp_engine_list_drafts_async (self->engine, self->cancellable, listed_cb, g_object_ref (self));
}

static void
engine_changed_cb (FpDraftsPage *self,
                   guint         topics)
{
  if (topics & (FP_STORE_DRAFTS | FP_STORE_FORMS))
    list_again (self);
}

void
fp_drafts_page_start (FpDraftsPage *self,
                      FpEngine     *engine)
{
  self->engine = g_object_ref (engine);
  g_signal_connect_object (engine, "changed", G_CALLBACK (engine_changed_cb), self, G_CONNECT_SWAPPED);
  list_again (self);
}

static void
fp_drafts_page_dispose (GObject *object)
{
  FpDraftsPage *self = FP_DRAFTS_PAGE (object);

  g_cancellable_cancel (self->cancellable);
  fp_ui_dispose_template (GTK_WIDGET (self), FP_TYPE_DRAFTS_PAGE);
  g_clear_object (&self->engine);

  G_OBJECT_CLASS (fp_drafts_page_parent_class)->dispose (object);
}

static void
fp_drafts_page_finalize (GObject *object)
{
  g_clear_object (&FP_DRAFTS_PAGE (object)->cancellable);

  G_OBJECT_CLASS (fp_drafts_page_parent_class)->finalize (object);
}

static void
fp_drafts_page_class_init (FpDraftsPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = fp_drafts_page_dispose;
  G_OBJECT_CLASS (klass)->finalize = fp_drafts_page_finalize;
  signals[SIGNAL_COUNTED] = g_signal_new ("counted", FP_TYPE_DRAFTS_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 1, G_TYPE_UINT);
  gtk_widget_class_set_template_from_resource (widget_class, FP_UI_TEMPLATE ("fp-drafts-page"));
  gtk_widget_class_bind_template_child (widget_class, FpDraftsPage, stack);
  gtk_widget_class_bind_template_child (widget_class, FpDraftsPage, list);
}

static void
fp_drafts_page_init (FpDraftsPage *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}
