#include "config.h"

#include "ui/fp-items-page.h"

#include <glib/gi18n.h>

#include "ui/fp-item-row.h"
#include "ui/fp-ui.h"

struct _FpItemsPage
{
  GtkWidget parent_instance;

  /* Template widgets. */
  GtkStack      *stack;
  AdwStatusPage *empty;
  GtkListView   *list;

  /* Owned. */
  FpItemModel *model;
  char        *hindrance; /* (nullable) */
};

G_DEFINE_FINAL_TYPE (FpItemsPage, fp_items_page, GTK_TYPE_WIDGET)

enum {
  PROP_0,
  PROP_HINDRANCE,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

static void
setup_cb (FpItemsPage *self,
          GtkListItem *row)
{
  GtkWidget *child = fp_item_row_new ();

  g_object_bind_property (self, "hindrance", child, "hindrance", G_BINDING_SYNC_CREATE);
  gtk_list_item_set_child (row, child);
}

static void
bind_cb (GtkListItemFactory *factory,
         GtkListItem        *row)
{
  fp_item_row_set_object (FP_ITEM_ROW (gtk_list_item_get_child (row)), gtk_list_item_get_item (row));
}

static void
unbind_cb (GtkListItemFactory *factory,
           GtkListItem        *row)
{
  fp_item_row_set_object (FP_ITEM_ROW (gtk_list_item_get_child (row)), NULL);
}

static void
activate_cb (FpItemsPage *self,
             guint        position)
{
  g_autoptr(FpItemObject) object = g_list_model_get_item (G_LIST_MODEL (self->model), position);
  const FpItem *item = object ? fp_item_object_get_item (object) : NULL;

  if (item)
    gtk_widget_activate_action (GTK_WIDGET (self), "win.show-item", "x", item->id);
}

static void
items_changed_cb (FpItemsPage *self)
{
  gboolean any = g_list_model_get_n_items (G_LIST_MODEL (self->model)) > 0;

  gtk_stack_set_visible_child_name (self->stack, any ? "list" : "empty");
}

void
fp_items_page_refresh (FpItemsPage *self)
{
  if (self->model)
    fp_item_model_refresh (self->model);
}

/* What stands in the way of everything. Other details of the status speak of single items, which say it themselves. */
static char *
dup_hindrance (const FpStatus *status)
{
  gboolean hindered = status->paused || status->state == FP_SYNC_PAUSED || status->state == FP_SYNC_OFFLINE
                      || status->state == FP_SYNC_PORTAL;

  return hindered ? fp_status_dup_detail (status) : NULL;
}

void
fp_items_page_set_status (FpItemsPage    *self,
                          const FpStatus *status)
{
  g_autofree char *hindrance = dup_hindrance (status);

  if (g_strcmp0 (hindrance, self->hindrance) == 0)
    return;
  g_free (self->hindrance);
  self->hindrance = g_steal_pointer (&hindrance);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_HINDRANCE]);
}

void
fp_items_page_start (FpItemsPage *self,
                     FpEngine    *engine,
                     gboolean     sent)
{
  guint states = sent ? 1u << FP_ITEM_SENT
                      : 1u << FP_ITEM_PENDING | 1u << FP_ITEM_SENDING | 1u << FP_ITEM_FAILED | 1u << FP_ITEM_HELD;
  g_autoptr(GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();
  GtkSelectionModel *selection;

  adw_status_page_set_icon_name (self->empty, sent ? "emblem-ok-symbolic" : "mail-send-symbolic");
  adw_status_page_set_title (self->empty, sent ? _("Nothing Sent Yet") : _("The Outbox Is Empty"));
  adw_status_page_set_description (self->empty,
                                   sent ? _("What the server has confirmed is listed here, with its answer.")
                                        : _("What you submit waits here until the server has confirmed it."));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->list), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  sent ? _("Sent") : _("Outbox"), -1);
  g_signal_connect_object (factory, "setup", G_CALLBACK (setup_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_cb), NULL);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_cb), NULL);
  self->model = fp_item_model_new (engine, states);
  g_signal_connect_object (self->model, "items-changed", G_CALLBACK (items_changed_cb), self, G_CONNECT_SWAPPED);
  gtk_list_view_set_factory (self->list, factory);
  selection = GTK_SELECTION_MODEL (gtk_no_selection_new (g_object_ref (G_LIST_MODEL (self->model))));
  gtk_list_view_set_model (self->list, selection);
  g_object_unref (selection);
}

static void
fp_items_page_get_property (GObject    *object,
                            guint       prop_id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  if (prop_id == PROP_HINDRANCE)
    g_value_set_string (value, FP_ITEMS_PAGE (object)->hindrance);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
fp_items_page_finalize (GObject *object)
{
  g_free (FP_ITEMS_PAGE (object)->hindrance);

  G_OBJECT_CLASS (fp_items_page_parent_class)->finalize (object);
}

static void
fp_items_page_dispose (GObject *object)
{
  FpItemsPage *self = FP_ITEMS_PAGE (object);

  fp_ui_dispose_template (GTK_WIDGET (self), FP_TYPE_ITEMS_PAGE);
  if (self->model)
    g_object_run_dispose (G_OBJECT (self->model));
  g_clear_object (&self->model);

  G_OBJECT_CLASS (fp_items_page_parent_class)->dispose (object);
}

static void
fp_items_page_class_init (FpItemsPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = fp_items_page_get_property;
  object_class->dispose = fp_items_page_dispose;
  object_class->finalize = fp_items_page_finalize;
  props[PROP_HINDRANCE] = g_param_spec_string ("hindrance", NULL, NULL, NULL,
                                               G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
  gtk_widget_class_set_template_from_resource (widget_class, FP_UI_TEMPLATE ("fp-items-page"));
  gtk_widget_class_bind_template_child (widget_class, FpItemsPage, stack);
  gtk_widget_class_bind_template_child (widget_class, FpItemsPage, empty);
  gtk_widget_class_bind_template_child (widget_class, FpItemsPage, list);
  gtk_widget_class_bind_template_callback (widget_class, activate_cb);
}

static void
fp_items_page_init (FpItemsPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
