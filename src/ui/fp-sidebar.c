#include "config.h"

#include "ui/fp-sidebar.h"

#include <glib/gi18n.h>

#include "ui/fp-status-bar.h"
#include "ui/fp-ui.h"

struct _FpSidebar
{
  GtkWidget parent_instance;

  /* Template widgets. */
  AdwHeaderBar  *header;
  GtkListBox    *list;
  GtkListBoxRow *forms_row;
  GtkListBoxRow *drafts_row;
  GtkListBoxRow *outbox_row;
  GtkListBoxRow *sent_row;
  GtkLabel      *drafts_count;
  GtkLabel      *outbox_count;
  FpStatusBar   *status_bar;

  /* Borrowed: the row of the page that is shown. */
  GtkListBoxRow *current;
};

G_DEFINE_FINAL_TYPE (FpSidebar, fp_sidebar, GTK_TYPE_WIDGET)

static void
row_activated_cb (FpSidebar     *self,
                  GtkListBoxRow *row)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "win.show-page", "s", gtk_widget_get_name (GTK_WIDGET (row)));
}

/* Arrow keys only move the focus: what is marked is the page that is shown. */
static void
row_selected_cb (FpSidebar     *self,
                 GtkListBoxRow *row)
{
  if (self->current && row != self->current)
    gtk_list_box_select_row (self->list, self->current);
}

void
fp_sidebar_set_page (FpSidebar  *self,
                     const char *page)
{
  GtkListBoxRow *rows[] = { self->forms_row, self->drafts_row, self->outbox_row, self->sent_row };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_strcmp0 (gtk_widget_get_name (GTK_WIDGET (rows[i])), page) == 0)
      {
        self->current = rows[i];
        gtk_list_box_select_row (self->list, rows[i]);
      }
}

static void
set_count (GtkListBoxRow *row,
           GtkLabel      *label,
           const char    *name,
           guint          count)
{
  g_autofree char *text = g_strdup_printf ("%u", count);
  /* Translators: name of a page and how many things are on it, as a screen reader says it */
  g_autofree char *spoken = count > 0 ? g_strdup_printf (_("%s, %u"), name, count) : g_strdup (name);

  gtk_label_set_label (label, text);
  gtk_widget_set_visible (GTK_WIDGET (label), count > 0);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
}

void
fp_sidebar_set_drafts (FpSidebar *self,
                       guint      n_drafts)
{
  set_count (self->drafts_row, self->drafts_count, _("Drafts"), n_drafts);
}

void
fp_sidebar_set_status (FpSidebar      *self,
                       const FpStatus *status)
{
  set_count (self->outbox_row, self->outbox_count, _("Outbox"), status->counts->waiting);
  if (status->counts->failed > 0)
    gtk_widget_add_css_class (GTK_WIDGET (self->outbox_count), "failed");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->outbox_count), "failed");
  fp_status_bar_set_status (self->status_bar, status);
}

void
fp_sidebar_set_folded (FpSidebar *self,
                       gboolean   folded)
{
  adw_header_bar_set_show_end_title_buttons (self->header, folded);
}

static void
fp_sidebar_dispose (GObject *object)
{
  FP_SIDEBAR (object)->current = NULL;
  fp_ui_dispose_template (GTK_WIDGET (object), FP_TYPE_SIDEBAR);

  G_OBJECT_CLASS (fp_sidebar_parent_class)->dispose (object);
}

static void
fp_sidebar_class_init (FpSidebarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = fp_sidebar_dispose;
  g_type_ensure (FP_TYPE_STATUS_BAR);
  gtk_widget_class_set_template_from_resource (widget_class, FP_UI_TEMPLATE ("fp-sidebar"));
  gtk_widget_class_bind_template_child (widget_class, FpSidebar, header);
  gtk_widget_class_bind_template_child (widget_class, FpSidebar, list);
  gtk_widget_class_bind_template_child (widget_class, FpSidebar, forms_row);
  gtk_widget_class_bind_template_child (widget_class, FpSidebar, drafts_row);
  gtk_widget_class_bind_template_child (widget_class, FpSidebar, outbox_row);
  gtk_widget_class_bind_template_child (widget_class, FpSidebar, sent_row);
  gtk_widget_class_bind_template_child (widget_class, FpSidebar, drafts_count);
  gtk_widget_class_bind_template_child (widget_class, FpSidebar, outbox_count);
  gtk_widget_class_bind_template_child (widget_class, FpSidebar, status_bar);
  gtk_widget_class_bind_template_callback (widget_class, row_activated_cb);
  gtk_widget_class_bind_template_callback (widget_class, row_selected_cb);
}

static void
fp_sidebar_init (FpSidebar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
