#include "config.h"

#include "ui/fp-window-private.h"

#include <glib/gi18n.h>

#include "ui/fp-format.h"
#include "ui/fp-samples.h"
#include "ui/fp-ui.h"

G_DEFINE_FINAL_TYPE (FpWindow, fp_window, ADW_TYPE_APPLICATION_WINDOW)

enum {
  PROP_0,
  PROP_WORK_OFFLINE,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

/* A sentence that goes away by itself. */
void
fp_window_tell (FpWindow   *self,
                const char *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  fp_window_add_toast (self, adw_toast_new (escaped));
}

/* Where a sentence is in the middle of what is looked at and covers nothing that must be pressed. Folded, the content
 * may be out of sight or slide away; then the whole window shows it. */
static AdwToastOverlay *
find_toasts (FpWindow *self)
{
  if (!gtk_widget_get_mapped (GTK_WIDGET (self->pane)))
    return self->toasts;
  if (self->form_page)
    return fp_form_page_get_toasts (self->form_page);

  return adw_leaflet_get_folded (self->leaflet) ? self->toasts : self->pane;
}

/* A new sentence takes the place of the last one: what it spoke of is over. */
void
fp_window_add_toast (FpWindow *self,
                     AdwToast *toast)
{
  AdwToastOverlay *overlay = find_toasts (self);

  if (self->toast)
    adw_toast_dismiss (self->toast);
  g_set_object (&self->toast, toast);
  adw_toast_overlay_add_toast (overlay, toast);
}

/* The one place that enables actions. */
void
fp_window_update (FpWindow *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  gboolean open = self->engine != NULL && !self->closing;
  const FpStatus *status = self->client ? fp_agent_client_get_status (self->client) : NULL;
  const char *for_store[] = { "win.open-file", "win.add-form", "win.add-sample", "win.discard-draft",
                              "win.restore-draft", "win.retry", "win.release", "win.discard-item",
                              "win.restore-item", "win.show-item", "win.show-page", "win.show-sidebar" };

  for (guint i = 0; i < G_N_ELEMENTS (for_store); i++)
    gtk_widget_action_set_enabled (widget, for_store[i], open);
  gtk_widget_action_set_enabled (widget, "win.fill", open && !self->opening);
  gtk_widget_action_set_enabled (widget, "win.open-draft", open && !self->opening);
  gtk_widget_action_set_enabled (widget, "win.sync-now", open && status && fp_item_counts_wait (status->counts));
  gtk_widget_action_set_enabled (widget, "win.work-offline", open);
}

/**
 * fp_window_may_leave:
 *
 * Returns: %FALSE if a form is open whose last changes cannot be saved now; says so
 */
gboolean
fp_window_may_leave (FpWindow *self)
{
  FpDraft *draft = self->form_page ? fp_form_page_get_draft (self->form_page) : NULL;
  g_autofree char *text = NULL;

  if (!draft || fp_draft_get_state (draft) != FP_DRAFT_FAILED)
    return TRUE;
  text = g_strdup_printf (_("Not saved: %s"), fp_draft_get_error (draft));
  fp_window_tell (self, text);

  return FALSE;
}

void
fp_window_show_page (FpWindow   *self,
                     const char *page)
{
  GtkWidget *child = gtk_stack_get_child_by_name (self->pages, page);

  if (!child || !fp_window_may_leave (self))
    return;
  gtk_stack_set_visible_child (self->pages, child);
  adw_window_title_set_title (self->title, gtk_stack_page_get_title (gtk_stack_get_page (self->pages, child)));
  gtk_widget_set_visible (GTK_WIDGET (self->add_button), child == GTK_WIDGET (self->forms_page));
  fp_sidebar_set_page (self->sidebar, page);
  fp_window_pop (self);
  adw_leaflet_set_visible_child (self->leaflet, GTK_WIDGET (self->pane));
}

/* Puts a page over the lists. */
void
fp_window_push (FpWindow  *self,
                GtkWidget *page)
{
  adw_leaflet_append (self->content, page);
  adw_leaflet_set_visible_child (self->content, page);
  adw_leaflet_set_visible_child (self->leaflet, GTK_WIDGET (self->pane));
}

void
fp_window_pop (FpWindow *self)
{
  self->form_page = NULL;
  adw_leaflet_set_visible_child (self->content, self->lists);
}

/* Takes away what was pushed once nobody sees it any more, also after a swipe back. */
static void
content_changed_cb (FpWindow *self)
{
  GtkWidget *child, *next;

  if (adw_leaflet_get_visible_child (self->content) != self->lists
      || adw_leaflet_get_child_transition_running (self->content))
    return;
  self->form_page = NULL;
  for (child = gtk_widget_get_first_child (GTK_WIDGET (self->content)); child; child = next)
    {
      next = gtk_widget_get_next_sibling (child);
      if (child != self->lists)
        adw_leaflet_remove (self->content, child);
    }
}

static void
folded_cb (FpWindow *self)
{
  gboolean folded = adw_leaflet_get_folded (self->leaflet);

  gtk_widget_set_visible (self->back_button, folded);
  fp_sidebar_set_folded (self->sidebar, folded);
  if (self->form_page)
    fp_form_page_set_narrow (self->form_page, folded);
}

static void
status_changed_cb (FpWindow *self)
{
  const FpStatus *status = fp_agent_client_get_status (self->client);

  fp_sidebar_set_status (self->sidebar, status);
  fp_items_page_set_status (self->outbox_page, status);
  fp_items_page_refresh (self->outbox_page);
  fp_items_page_refresh (self->sent_page);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_WORK_OFFLINE]);
  fp_window_update (self);
}

static void
drafts_counted_cb (FpWindow *self,
                   guint     count)
{
  fp_sidebar_set_drafts (self->sidebar, count);
}

static void
add_sample_menu (FpWindow *self)
{
  g_autoptr(GMenu) menu = g_menu_new ();
  g_autoptr(GMenu) samples = g_menu_new ();
  g_auto(GStrv) names = fp_samples_list ();

  g_menu_append (menu, _("_Open a File…"), "win.open-file");
  for (guint i = 0; names[i]; i++)
    {
      g_autofree char *title = fp_sample_dup_title (names[i]);
      g_autoptr(GMenuItem) item = g_menu_item_new (title ? title : names[i], NULL);

      g_menu_item_set_action_and_target (item, "win.add-sample", "s", names[i]);
      g_menu_append_item (samples, item);
    }
  if (names[0])
    g_menu_append_section (menu, _("Samples"), G_MENU_MODEL (samples));
  gtk_menu_button_set_menu_model (self->add_button, G_MENU_MODEL (menu));
}

static void
fp_window_get_property (GObject    *object,
                        guint       prop_id,
                        GValue     *value,
                        GParamSpec *pspec)
{
  FpWindow *self = FP_WINDOW (object);

  if (prop_id == PROP_WORK_OFFLINE)
    g_value_set_boolean (value, self->client && fp_agent_client_get_status (self->client)->paused);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
paused_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(FpWindow) self = user_data;
  g_autoptr(GError) error = NULL;

  if (!fp_engine_set_paused_finish (FP_ENGINE (source), result, &error))
    fp_window_tell (self, error->message);
}

static void
fp_window_set_property (GObject      *object,
                        guint         prop_id,
                        const GValue *value,
                        GParamSpec   *pspec)
{
  FpWindow *self = FP_WINDOW (object);

  /* The menu shows what the store says: it changes when the write is done. */
  if (prop_id == PROP_WORK_OFFLINE)
    fp_engine_set_paused_async (self->engine, g_value_get_boolean (value), NULL, paused_cb, g_object_ref (self));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
fp_window_dispose (GObject *object)
{
  FpWindow *self = FP_WINDOW (object);

  g_cancellable_cancel (self->cancellable);
  self->form_page = NULL;
  gtk_widget_dispose_template (GTK_WIDGET (self), FP_TYPE_WINDOW);
  g_clear_object (&self->chooser);
  g_clear_object (&self->toast);
  g_clear_object (&self->client);
  g_clear_object (&self->engine);
  g_clear_object (&self->settings);

  G_OBJECT_CLASS (fp_window_parent_class)->dispose (object);
}

static void
fp_window_finalize (GObject *object)
{
  g_clear_object (&FP_WINDOW (object)->cancellable);

  G_OBJECT_CLASS (fp_window_parent_class)->finalize (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  g_type_ensure (FP_TYPE_DEMO_BAR);
  g_type_ensure (FP_TYPE_SIDEBAR);
  g_type_ensure (FP_TYPE_FORMS_PAGE);
  g_type_ensure (FP_TYPE_DRAFTS_PAGE);
  g_type_ensure (FP_TYPE_ITEMS_PAGE);
  gtk_widget_class_set_template_from_resource (widget_class, FP_UI_TEMPLATE ("fp-window"));
  gtk_widget_class_bind_template_child (widget_class, FpWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, FpWindow, demo_bar);
  gtk_widget_class_bind_template_child (widget_class, FpWindow, screens);
  gtk_widget_class_bind_template_child (widget_class, FpWindow, trouble);
  gtk_widget_class_bind_template_child (widget_class, FpWindow, leaflet);
  gtk_widget_class_bind_template_child (widget_class, FpWindow, sidebar);
  gtk_widget_class_bind_template_child (widget_class, FpWindow, pane);
  gtk_widget_class_bind_template_child (widget_class, FpWindow, content);
  gtk_widget_class_bind_template_child (widget_class, FpWindow, lists);
  gtk_widget_class_bind_template_child (widget_class, FpWindow, header);
  gtk_widget_class_bind_template_child (widget_class, FpWindow, title);
  gtk_widget_class_bind_template_child (widget_class, FpWindow, back_button);
  gtk_widget_class_bind_template_child (widget_class, FpWindow, add_button);
  gtk_widget_class_bind_template_child (widget_class, FpWindow, pages);
  gtk_widget_class_bind_template_child (widget_class, FpWindow, forms_page);
  gtk_widget_class_bind_template_child (widget_class, FpWindow, drafts_page);
  gtk_widget_class_bind_template_child (widget_class, FpWindow, outbox_page);
  gtk_widget_class_bind_template_child (widget_class, FpWindow, sent_page);
  gtk_widget_class_bind_template_callback (widget_class, content_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, folded_cb);
}

static void
fp_window_class_init (FpWindowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = fp_window_get_property;
  object_class->set_property = fp_window_set_property;
  object_class->dispose = fp_window_dispose;
  object_class->finalize = fp_window_finalize;
  GTK_WINDOW_CLASS (klass)->close_request = fp_window_close_request;
  props[PROP_WORK_OFFLINE] = g_param_spec_boolean ("work-offline", NULL, NULL, FALSE,
                                                   G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
  bind_template (widget_class);
  gtk_widget_class_install_property_action (widget_class, "win.work-offline", "work-offline");
  fp_window_install_actions (widget_class);
  fp_window_install_form_actions (widget_class);
}

static void
fp_window_init (FpWindow *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  fp_window_show_page (self, "forms");
  fp_window_restore_look (self);
  g_signal_connect (self, "notify::is-active", G_CALLBACK (fp_window_active_changed_cb), NULL);
  fp_window_update (self);
}

GtkWidget *
fp_window_new (AdwApplication *app)
{
  return g_object_new (FP_TYPE_WINDOW, "application", app, NULL);
}

void
fp_window_start (FpWindow      *self,
                 FpEngine      *engine,
                 FpAgentClient *client)
{
  const char *warning = fp_store_get_warning (fp_engine_get_store (engine));

  self->engine = g_object_ref (engine);
  self->client = g_object_ref (client);
  g_signal_connect_object (self->drafts_page, "counted", G_CALLBACK (drafts_counted_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (client, "notify::status", G_CALLBACK (status_changed_cb), self, G_CONNECT_SWAPPED);
  add_sample_menu (self);
  fp_forms_page_start (self->forms_page, engine);
  fp_drafts_page_start (self->drafts_page, engine);
  fp_items_page_start (self->outbox_page, engine, FALSE);
  fp_items_page_start (self->sent_page, engine, TRUE);
  status_changed_cb (self);
  gtk_stack_set_visible_child_name (self->screens, "main");
  if (warning)
    fp_window_tell (self, warning);
}

void
fp_window_start_demo (FpWindow *self,
                      GPid      receiver)
{
  fp_demo_bar_start (self->demo_bar, self->client, receiver);
}

void
fp_window_show_trouble (FpWindow     *self,
                        const GError *error)
{
  g_autofree char *text = fp_format_store_text (error);
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  adw_status_page_set_title (self->trouble, fp_format_store_title (error));
  adw_status_page_set_description (self->trouble, escaped);
  gtk_stack_set_visible_child_name (self->screens, "trouble");
}
