#include "config.h"

#include "ui/fp-forms-page.h"

#include <glib/gi18n.h>

#include "ui/fp-samples.h"
#include "ui/fp-ui.h"

struct _FpFormsPage
{
  GtkWidget parent_instance;

  /* Template widgets. */
  GtkStack            *stack;
  GtkListBox          *list;
  AdwPreferencesGroup *samples;

  /* Owned. */
  FpEngine     *engine;
  GCancellable *cancellable;

  gboolean      listing;
  gboolean      again;
};

G_DEFINE_FINAL_TYPE (FpFormsPage, fp_forms_page, GTK_TYPE_WIDGET)

static void
add_button (AdwActionRow *row,
            const char   *label,
            const char   *icon_name)
{
  GtkWidget *image = gtk_image_new_from_icon_name (icon_name);

  gtk_accessible_update_property (GTK_ACCESSIBLE (image), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  gtk_widget_set_tooltip_text (image, label);
  gtk_widget_add_css_class (image, "dim-label");
  adw_action_row_add_suffix (row, image);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), TRUE);
}

static GtkWidget *
make_row (const FpFormRow *form)
{
  AdwActionRow *row = ADW_ACTION_ROW (adw_action_row_new ());
  g_autoptr(GString) subtitle = g_string_new (form->form_id);

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), form->title);
  /* Translators: version of a form */
  if (form->version && *form->version)
    g_string_append_printf (subtitle, _(" · version %s"), form->version);
  adw_action_row_set_subtitle (row, subtitle->str);
  if (form->drafts > 0)
    {
      g_autofree char *text = g_strdup_printf (ngettext ("%u draft", "%u drafts", form->drafts), form->drafts);
      GtkWidget *label = gtk_label_new (text);

      gtk_widget_add_css_class (label, "dim-label");
      gtk_widget_add_css_class (label, "caption");
      adw_action_row_add_suffix (row, label);
    }
  add_button (row, _("Fill In"), "go-next-symbolic");
  gtk_actionable_set_action_name (GTK_ACTIONABLE (row), "win.fill");
  gtk_actionable_set_action_target (GTK_ACTIONABLE (row), "x", form->id);

  return GTK_WIDGET (row);
}

static void list_again (FpFormsPage *self);

static void
listed_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(FpFormsPage) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) forms = fp_engine_list_forms_finish (FP_ENGINE (source), result, &error);
  GtkWidget *child;

  self->listing = FALSE;
  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  if (!forms)
    {
      g_debug ("The forms could not be listed: %s", error->message);
      return;
    }
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->list))))
    gtk_list_box_remove (self->list, child);
  for (guint i = 0; i < forms->len; i++)
    gtk_list_box_append (self->list, make_row (forms->pdata[i]));
  gtk_stack_set_visible_child_name (self->stack, forms->len > 0 ? "list" : "empty");
  if (self->again)
    list_again (self);
}

static void
list_again (FpFormsPage *self)
{
  self->again = self->listing;
  if (self->listing)
    return;
  self->listing = TRUE;
  fp_engine_list_forms_async (self->engine, self->cancellable, listed_cb, g_object_ref (self));
}

static void
engine_changed_cb (FpFormsPage *self,
                   guint        topics)
{
  if (topics & (FP_STORE_FORMS | FP_STORE_DRAFTS))
    list_again (self);
}

static gboolean
drop_cb (GtkDropTarget *target,
         const GValue  *value,
         gdouble        x,
         gdouble        y,
         FpFormsPage   *self)
{
  g_autofree char *uri = g_file_get_uri (g_value_get_object (value));

  return gtk_widget_activate_action (GTK_WIDGET (self), "win.add-form", "s", uri);
}

static void
add_samples (FpFormsPage *self)
{
  g_auto(GStrv) names = fp_samples_list ();

  for (guint i = 0; names[i]; i++)
    {
      AdwActionRow *row = ADW_ACTION_ROW (adw_action_row_new ());
      g_autofree char *title = fp_sample_dup_title (names[i]);

      adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
      adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title ? title : names[i]);
      add_button (row, _("Try It"), "go-next-symbolic");
      gtk_actionable_set_action_name (GTK_ACTIONABLE (row), "win.add-sample");
      gtk_actionable_set_action_target (GTK_ACTIONABLE (row), "s", names[i]);
      adw_preferences_group_add (self->samples, GTK_WIDGET (row));
    }
  gtk_widget_set_visible (GTK_WIDGET (self->samples), names[0] != NULL);
}

void
fp_forms_page_start (FpFormsPage *self,
                     FpEngine    *engine)
{
  self->engine = g_object_ref (engine);
  g_signal_connect_object (engine, "changed", G_CALLBACK (engine_changed_cb), self, G_CONNECT_SWAPPED);
  add_samples (self);
  list_again (self);
}

static void
fp_forms_page_dispose (GObject *object)
{
  FpFormsPage *self = FP_FORMS_PAGE (object);

  g_cancellable_cancel (self->cancellable);
  fp_ui_dispose_template (GTK_WIDGET (self), FP_TYPE_FORMS_PAGE);
  g_clear_object (&self->engine);

  G_OBJECT_CLASS (fp_forms_page_parent_class)->dispose (object);
}

static void
fp_forms_page_finalize (GObject *object)
{
  g_clear_object (&FP_FORMS_PAGE (object)->cancellable);

  G_OBJECT_CLASS (fp_forms_page_parent_class)->finalize (object);
}

static void
fp_forms_page_class_init (FpFormsPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = fp_forms_page_dispose;
  G_OBJECT_CLASS (klass)->finalize = fp_forms_page_finalize;
  gtk_widget_class_set_template_from_resource (widget_class, FP_UI_TEMPLATE ("fp-forms-page"));
  gtk_widget_class_bind_template_child (widget_class, FpFormsPage, stack);
  gtk_widget_class_bind_template_child (widget_class, FpFormsPage, list);
  gtk_widget_class_bind_template_child (widget_class, FpFormsPage, samples);
  gtk_widget_class_bind_template_callback (widget_class, drop_cb);
}

static void
fp_forms_page_init (FpFormsPage *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}
