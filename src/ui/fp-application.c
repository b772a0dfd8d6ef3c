#include "config.h"

#include "ui/fp-application.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <stdlib.h>

#include "ui/fp-ui.h"
#include "ui/fp-window.h"

/* Seconds in which the bus may start the agent before the window sends by itself. */
#define AGENT_SECONDS 4

struct _FpApplication
{
  AdwApplication parent_instance;

  /* Owned. */
  FpEngine      *engine;
  FpAgentClient *client;
  GPtrArray     *files;   /* GFile that wait for the store */
  char          *form_id; /* to be filled as soon as the store is open */

  guint          agent_timer;
  guint          term_source;
  guint          int_source;
  gboolean       opening;
  gboolean       ending;
  gboolean       demo;
  GPid           receiver;
};

G_DEFINE_FINAL_TYPE (FpApplication, fp_application, ADW_TYPE_APPLICATION)

static FpWindow *
get_window (FpApplication *self)
{
  GList *windows = gtk_application_get_windows (GTK_APPLICATION (self));

  for (GList *l = windows; l; l = l->next)
    if (FP_IS_WINDOW (l->data))
      return l->data;

  return NULL;
}

static void
link_ready_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(FpApplication) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpLink) link = fp_link_new_finish (result, &error);

  if (!link)
    g_debug ("The network cannot be watched: %s", error->message);
  else if (!self->ending && self->engine && !fp_engine_get_sync (self->engine))
    fp_engine_start_sending (self->engine, link);
}

/* Whoever has the sender lock sends; this process only steps in where the bus has no agent for this store. */
static gboolean
agent_timer_cb (gpointer data)
{
  FpApplication *self = data;

  self->agent_timer = 0;
  if (fp_agent_client_get_presence (self->client) != FP_AGENT_PRESENT)
    fp_link_new_async (fp_store_get_clock (fp_engine_get_store (self->engine)), NULL, link_ready_cb,
                       g_object_ref (self));

  return G_SOURCE_REMOVE;
}

static void
do_waiting (FpApplication *self)
{
  FpWindow *window = get_window (self);
  g_autofree char *form_id = g_steal_pointer (&self->form_id);

  if (!window || !self->client)
    {
      self->form_id = g_steal_pointer (&form_id);
      return;
    }
  for (guint i = 0; i < self->files->len; i++)
    fp_window_open_file (window, self->files->pdata[i]);
  g_ptr_array_set_size (self->files, 0);
  if (form_id)
    fp_window_fill_by_id (window, form_id);
}

static void
opened_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(FpApplication) self = user_data;
  FpWindow *window = get_window (self);
  g_autoptr(GError) error = NULL;
  gboolean open = fp_engine_open_finish (FP_ENGINE (source), result, &error);

  self->opening = FALSE;
  if (!open)
    {
      g_clear_object (&self->engine);
      if (window)
        fp_window_show_trouble (window, error);
      return;
    }
  if (!window)
    return;
  self->client = fp_agent_client_new (self->engine, g_application_get_dbus_connection (G_APPLICATION (self)), TRUE);
  fp_agent_client_renew_agent (self->client);
  fp_window_start (window, self->engine, self->client);
  if (self->demo)
    fp_window_start_demo (window, self->receiver);
  self->agent_timer = g_timeout_add_seconds (AGENT_SECONDS, agent_timer_cb, self);
  do_waiting (self);
}

static void
open_store (FpApplication *self)
{
  if (self->engine || self->opening)
    return;
  self->opening = TRUE;
  self->engine = fp_engine_new (NULL, NULL);
  fp_engine_open_async (self->engine, NULL, opened_cb, g_object_ref (self));
}

static void
open_store_action (GSimpleAction *action,
                   GVariant      *parameter,
                   gpointer       user_data)
{
  open_store (user_data);
}

static void
fill_form_action (GSimpleAction *action,
                  GVariant      *parameter,
                  gpointer       user_data)
{
  FpApplication *self = user_data;

  g_free (self->form_id);
  self->form_id = g_variant_dup_string (parameter, NULL);
  g_application_activate (G_APPLICATION (self));
}

static void
quit_action (GSimpleAction *action,
             GVariant      *parameter,
             gpointer       user_data)
{
  FpWindow *window = get_window (user_data);

  if (window)
    gtk_window_close (GTK_WINDOW (window));
  else
    g_application_quit (user_data);
}

static void
closed_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  GApplication *app = user_data;
  g_autoptr(GError) error = NULL;

  if (!fp_engine_close_finish (FP_ENGINE (source), result, &error))
    g_debug ("The store was not closed well: %s", error->message);
  g_application_release (app);
  g_application_quit (app);
}

/* Saves and closes while the process is kept; then it ends. */
static void
end (FpApplication *self)
{
  if (self->ending)
    return;
  self->ending = TRUE;
  g_clear_handle_id (&self->agent_timer, g_source_remove);
  if (!self->engine || self->opening)
    {
      g_application_quit (G_APPLICATION (self));
      return;
    }
  g_application_hold (G_APPLICATION (self));
  fp_engine_close_async (self->engine, NULL, closed_cb, self);
}

static void
term_flushed_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  /* Nobody can be asked now. */
  if (!fp_window_flush_finish (FP_WINDOW (source), result, &error))
    g_debug ("The last changes were not saved: %s", error->message);
  end (user_data);
}

static gboolean
signal_cb (gpointer data)
{
  FpApplication *self = data;
  FpWindow *window = get_window (self);

  if (window)
    fp_window_flush_async (window, term_flushed_cb, self);
  else
    end (self);

  return G_SOURCE_CONTINUE;
}

static void
fp_application_window_removed (GtkApplication *app,
                               GtkWindow      *window)
{
  GTK_APPLICATION_CLASS (fp_application_parent_class)->window_removed (app, window);

  if (FP_IS_WINDOW (window))
    end (FP_APPLICATION (app));
}

static void
fp_application_activate (GApplication *app)
{
  FpApplication *self = FP_APPLICATION (app);
  FpWindow *window = get_window (self);

  if (!window)
    window = FP_WINDOW (fp_window_new (ADW_APPLICATION (app)));
  open_store (self);
  gtk_window_present (GTK_WINDOW (window));
  do_waiting (self);
}

static void
fp_application_open (GApplication  *app,
                     GFile        **files,
                     gint           n_files,
                     const char    *hint)
{
  FpApplication *self = FP_APPLICATION (app);

  for (gint i = 0; i < n_files; i++)
    g_ptr_array_add (self->files, g_object_ref (files[i]));
  g_application_activate (app);
}

static gint
fp_application_handle_local_options (GApplication *app,
                                     GVariantDict *options)
{
  FpApplication *self = FP_APPLICATION (app);
  g_autofree char *form_id = NULL;
  g_autoptr(GError) error = NULL;
  gint receiver = 0;

  if (g_variant_dict_contains (options, "version"))
    {
      g_print ("fieldpost %s\n", FP_VERSION);
      return EXIT_SUCCESS;
    }
  self->demo = g_variant_dict_contains (options, "demo");
  if (g_variant_dict_lookup (options, "receiver-pid", "i", &receiver))
    self->receiver = receiver;
  if (!g_variant_dict_lookup (options, "form", "s", &form_id))
    return -1;
  if (!g_application_register (app, NULL, &error))
    {
      g_printerr ("%s\n", error->message);
      return EXIT_FAILURE;
    }
  if (!g_application_get_is_remote (app))
    {
      self->form_id = g_steal_pointer (&form_id);
      return -1;
    }
  g_action_group_activate_action (G_ACTION_GROUP (app), "fill-form", g_variant_new_string (form_id));

  return EXIT_SUCCESS;
}

static void
fp_application_startup (GApplication *app)
{
  FpApplication *self = FP_APPLICATION (app);
  const GActionEntry entries[] = {
    { .name = "quit", .activate = quit_action },
    { .name = "open-store", .activate = open_store_action },
    { .name = "fill-form", .activate = fill_form_action, .parameter_type = "s" },
  };
  const char *quit[] = { "<Control>q", NULL }, *close[] = { "<Control>w", NULL };

  G_APPLICATION_CLASS (fp_application_parent_class)->startup (app);

  gtk_window_set_default_icon_name (FP_APP_ID);
  g_action_map_add_action_entries (G_ACTION_MAP (app), entries, G_N_ELEMENTS (entries), app);
  gtk_application_set_accels_for_action (GTK_APPLICATION (app), "app.quit", quit);
  gtk_application_set_accels_for_action (GTK_APPLICATION (app), "window.close", close);
  self->term_source = g_unix_signal_add (SIGTERM, signal_cb, self);
  self->int_source = g_unix_signal_add (SIGINT, signal_cb, self);
}

static void
fp_application_shutdown (GApplication *app)
{
  FpApplication *self = FP_APPLICATION (app);

  g_clear_handle_id (&self->agent_timer, g_source_remove);
  g_clear_handle_id (&self->term_source, g_source_remove);
  g_clear_handle_id (&self->int_source, g_source_remove);

  G_APPLICATION_CLASS (fp_application_parent_class)->shutdown (app);

  g_clear_object (&self->client);
  g_clear_object (&self->engine);
}

static void
fp_application_finalize (GObject *object)
{
  FpApplication *self = FP_APPLICATION (object);

  g_ptr_array_unref (self->files);
  g_free (self->form_id);

  G_OBJECT_CLASS (fp_application_parent_class)->finalize (object);
}

static void
fp_application_class_init (FpApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = fp_application_finalize;
  application_class->activate = fp_application_activate;
  application_class->open = fp_application_open;
  application_class->startup = fp_application_startup;
  application_class->shutdown = fp_application_shutdown;
  application_class->handle_local_options = fp_application_handle_local_options;
  GTK_APPLICATION_CLASS (klass)->window_removed = fp_application_window_removed;
}

static void
fp_application_init (FpApplication *self)
{
  const GOptionEntry options[] = {
    { "form", 0, 0, G_OPTION_ARG_STRING, NULL, N_("Fill in the form with this id"), N_("ID") },
    { "demo", 0, 0, G_OPTION_ARG_NONE, NULL, N_("Show a bar that makes the network fail"), NULL },
    { "receiver-pid", 0, 0, G_OPTION_ARG_INT, NULL, N_("Process of the demo's receiver"), N_("PID") },
    { "version", 0, 0, G_OPTION_ARG_NONE, NULL, N_("Print the version"), NULL },
    G_OPTION_ENTRY_NULL
  };

  self->files = g_ptr_array_new_with_free_func (g_object_unref);
  g_application_add_main_option_entries (G_APPLICATION (self), options);
  g_application_set_option_context_parameter_string (G_APPLICATION (self), _("[FORM FILE…]"));
}

AdwApplication *
fp_application_new (void)
{
  return g_object_new (FP_TYPE_APPLICATION, "application-id", FP_APP_ID, "resource-base-path", FP_UI_PATH, "flags",
                       G_APPLICATION_HANDLES_OPEN, NULL);
}
