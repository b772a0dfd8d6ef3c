#include "config.h"

#include "tray/fp-tray.h"

#include <string.h>

#include <glib/gi18n.h>

#include "tray/fp-tray-art.h"
#include "tray/fp-tray-interfaces.h"
#include "tray/fp-tray-menu.h"

/* Hosts read the whole item again after each change, and wait 10 to 30 ms themselves. */
#define ANNOUNCE_MS 50
/* A watcher may have its name on the bus before it answers. */
#define RETRY_MS 500
#define MAX_RETRIES 10
#define MAX_TOKEN 512

struct _FpTray
{
  GObject parent_instance;

  /* Owned. */
  GDBusConnection *bus;
  FpTrayMenu *menu;
  GCancellable *cancellable; /* of the calls to the watcher that is there now */
  GVariant *pixmaps;         /* (nullable): of icon and count; made when first asked for */
  char *watcher;             /* (nullable): unique name */
  char *title;
  char *detail;
  char *token;               /* (nullable): what a host gave for the next "open" */

  FpTrayIcon icon;
  guint count;
  guint registration;
  guint watch;
  guint subscription;
  guint announce_source;
  guint retry_source;
  guint retries;
  gboolean registered;
  gboolean item_changed; /* since the last announcement */
};

G_DEFINE_FINAL_TYPE (FpTray, fp_tray, G_TYPE_OBJECT)

enum {
  PROP_0,
  PROP_REGISTERED,
  N_PROPS
};

enum {
  SIGNAL_OPEN,
  SIGNAL_SYNC_NOW,
  SIGNAL_WORK_OFFLINE,
  SIGNAL_QUIT,
  N_SIGNALS
};

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

static void register_item (FpTray *self);

/* What the item says. */

/* Some hosts read a tooltip as markup and do not escape it. */
static char *
without_markup (const char *text)
{
  GString *out = g_string_new (NULL);

  for (const char *p = text; *p; p++)
    {
      if (*p == '&')
        g_string_append_c (out, '+');
      else if (*p == '<')
        g_string_append (out, "‹");
      else if (*p == '>')
        g_string_append (out, "›");
      else
        g_string_append_c (out, *p);
    }

  return g_string_free (out, FALSE);
}

static GVariant *
get_tooltip (FpTray *self)
{
  g_autofree char *title = without_markup (*self->title ? self->title : _("Fieldpost"));
  g_autofree char *detail = without_markup (self->detail);

  return g_variant_new ("(s@a(iiay)ss)", "", g_variant_new ("a(iiay)", NULL), title, detail);
}

static GVariant *
get_title (FpTray *self)
{
  g_autofree char *title = NULL;

  if (!*self->title)
    return g_variant_new_string (_("Fieldpost"));
  /* Translators: %s is the state, such as “3 waiting to be sent”. */
  title = g_strdup_printf (_("Fieldpost: %s"), self->title);

  return g_variant_new_string (title);
}

static GVariant *
get_label (FpTray *self)
{
  return g_variant_new_take_string (self->count > 0 ? g_strdup_printf ("%u", self->count) : g_strdup (""));
}

/* Never "Passive": some hosts then hide the item without a way to it. */
static const char *
get_status (FpTray *self)
{
  return self->icon == FP_TRAY_FAILED ? "NeedsAttention" : "Active";
}

static GVariant *
get_pixmaps (FpTray *self)
{
  if (!self->pixmaps)
    self->pixmaps = g_variant_ref_sink (fp_tray_art_make (self->icon, self->count));

  return g_variant_ref (self->pixmaps);
}

static GVariant *
get_property_cb (GDBusConnection  *bus,
                 const char       *sender,
                 const char       *path,
                 const char       *interface,
                 const char       *property,
                 GError          **error,
                 gpointer          user_data)
{
  FpTray *self = FP_TRAY (user_data);

  if (g_str_equal (property, "Category"))
    return g_variant_new_string ("Communications");
  if (g_str_equal (property, "Id"))
    return g_variant_new_string (FP_APP_ID);
  if (g_str_equal (property, "Title") || g_str_equal (property, "IconAccessibleDesc")
      || g_str_equal (property, "AttentionAccessibleDesc"))
    return get_title (self);
  if (g_str_equal (property, "Status"))
    return g_variant_new_string (get_status (self));
  if (g_str_equal (property, "WindowId"))
    return g_variant_new_int32 (0);
  if (g_str_equal (property, "IconPixmap") || g_str_equal (property, "AttentionIconPixmap"))
    return get_pixmaps (self);
  if (g_str_equal (property, "OverlayIconPixmap"))
    return g_variant_new ("a(iiay)", NULL);
  if (g_str_equal (property, "ToolTip"))
    return get_tooltip (self);
  if (g_str_equal (property, "ItemIsMenu"))
    return g_variant_new_boolean (FALSE);
  if (g_str_equal (property, "Menu"))
    return g_variant_new_object_path (FP_TRAY_MENU_PATH);
  if (g_str_equal (property, "XAyatanaLabel"))
    return get_label (self);
  if (g_str_equal (property, "XAyatanaLabelGuide"))
    return g_variant_new_string ("999");
  if (g_str_equal (property, "XAyatanaOrderingIndex"))
    return g_variant_new_uint32 (0);

  /* All names of icons and themes: the pixels say it. */
  return g_variant_new_string ("");
}

static void
emit_item (FpTray     *self,
           const char *signal,
           GVariant   *args)
{
  g_dbus_connection_emit_signal (self->bus, NULL, FP_TRAY_ITEM_PATH, FP_TRAY_ITEM_INTERFACE, signal, args, NULL);
}

static void
announce_item (FpTray *self)
{
  emit_item (self, "NewTitle", NULL);
  emit_item (self, "NewIcon", NULL);
  emit_item (self, "NewAttentionIcon", NULL);
  emit_item (self, "NewToolTip", NULL);
  emit_item (self, "NewStatus", g_variant_new ("(s)", get_status (self)));
  emit_item (self, "XAyatanaNewLabel", g_variant_new ("(@ss)", get_label (self), "999"));
  self->item_changed = FALSE;
}

static gboolean
announce_cb (gpointer user_data)
{
  FpTray *self = FP_TRAY (user_data);

  self->announce_source = 0;
  if (self->item_changed)
    announce_item (self);
  fp_tray_menu_announce (self->menu);

  return G_SOURCE_REMOVE;
}

/* What hosts ask for. */

static void
open_window (FpTray *self)
{
  g_autofree char *token = g_steal_pointer (&self->token);

  g_signal_emit (self, signals[SIGNAL_OPEN], 0, token);
}

/* Any program on the bus may call: what is kept is short and plain. */
static void
keep_token (FpTray     *self,
            const char *token)
{
  gsize length = strlen (token);

  g_clear_pointer (&self->token, g_free);
  if (length == 0 || length > MAX_TOKEN)
    return;
  for (const char *p = token; *p; p++)
    {
      if (!g_ascii_isgraph (*p))
        return;
    }
  self->token = g_strdup (token);
}

static void
method_call_cb (GDBusConnection       *bus,
                const char            *sender,
                const char            *path,
                const char            *interface,
                const char            *method,
                GVariant              *args,
                GDBusMethodInvocation *invocation,
                gpointer               user_data)
{
  g_autoptr(FpTray) self = g_object_ref (FP_TRAY (user_data));

  if (g_str_equal (method, "ProvideXdgActivationToken"))
    {
      const char *token;

      g_variant_get (args, "(&s)", &token);
      keep_token (self, token);
    }
  g_dbus_method_invocation_return_value (invocation, NULL);

  /* Hosts open the menu and scroll by themselves. A middle click is the quick way to what the tray is for. */
  if (g_str_equal (method, "Activate"))
    open_window (self);
  else if (g_str_equal (method, "SecondaryActivate") || g_str_equal (method, "XAyatanaSecondaryActivate"))
    fp_tray_menu_activate (self->menu, FP_TRAY_MENU_SYNC);
}

static void
menu_clicked_cb (FpTrayMenu *menu,
                 guint       item,
                 gpointer    user_data)
{
  FpTray *self = FP_TRAY (user_data);

  if (item == FP_TRAY_MENU_OPEN)
    open_window (self);
  else if (item == FP_TRAY_MENU_SYNC)
    g_signal_emit (self, signals[SIGNAL_SYNC_NOW], 0);
  else if (item == FP_TRAY_MENU_OFFLINE)
    g_signal_emit (self, signals[SIGNAL_WORK_OFFLINE], 0, !fp_tray_menu_get_work_offline (menu));
  else if (item == FP_TRAY_MENU_QUIT)
    g_signal_emit (self, signals[SIGNAL_QUIT], 0);
}

/* The watcher. */

static void
set_registered (FpTray   *self,
                gboolean  registered)
{
  if (self->registered == registered)
    return;
  self->registered = registered;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_REGISTERED]);
}

static void
host_read_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autoptr(GVariant) value = NULL;
  FpTray *self;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  self = FP_TRAY (user_data);
  if (answer)
    g_variant_get (answer, "(v)", &value);
  set_registered (self, value && g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN)
                          && g_variant_get_boolean (value));
}

static void
read_host (FpTray *self)
{
  g_dbus_connection_call (self->bus, self->watcher, FP_TRAY_WATCHER_PATH, "org.freedesktop.DBus.Properties", "Get",
                          g_variant_new ("(ss)", FP_TRAY_WATCHER, "IsStatusNotifierHostRegistered"),
                          G_VARIANT_TYPE ("(v)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, self->cancellable,
                          host_read_cb, self);
}

static void
watcher_signal_cb (GDBusConnection *bus,
                   const char      *sender,
                   const char      *path,
                   const char      *interface,
                   const char      *signal,
                   GVariant        *args,
                   gpointer         user_data)
{
  FpTray *self = FP_TRAY (user_data);

  if (!g_str_has_prefix (signal, "StatusNotifierHost"))
    return;
  read_host (self);
  /* A host that comes late may have read nothing of us yet. */
  announce_item (self);
}

static gboolean
retry_cb (gpointer user_data)
{
  FpTray *self = FP_TRAY (user_data);

  self->retry_source = 0;
  register_item (self);

  return G_SOURCE_REMOVE;
}

static void
registered_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  FpTray *self;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  self = FP_TRAY (user_data);
  if (answer)
    {
      self->retries = 0;
      read_host (self);
      return;
    }
  g_debug ("The tray's watcher refused: %s", error->message);
  if (self->retries++ < MAX_RETRIES)
    self->retry_source = g_timeout_add (RETRY_MS, retry_cb, self);
}

/* By our unique name: it needs no name of our own on the bus, which a sandbox would not let us have. */
static void
register_item (FpTray *self)
{
  g_dbus_connection_call (self->bus, self->watcher, FP_TRAY_WATCHER_PATH, FP_TRAY_WATCHER,
                          "RegisterStatusNotifierItem",
                          g_variant_new ("(s)", g_dbus_connection_get_unique_name (self->bus)), NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, self->cancellable, registered_cb, self);
}

static void
forget_watcher (FpTray *self)
{
  if (self->subscription != 0)
    g_dbus_connection_signal_unsubscribe (self->bus, self->subscription);
  self->subscription = 0;
  g_clear_handle_id (&self->retry_source, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->watcher, g_free);
}

static void
watcher_appeared_cb (GDBusConnection *bus,
                     const char      *name,
                     const char      *owner,
                     gpointer         user_data)
{
  FpTray *self = FP_TRAY (user_data);

  forget_watcher (self);
  self->cancellable = g_cancellable_new ();
  self->watcher = g_strdup (owner);
  self->retries = 0;
  self->subscription = g_dbus_connection_signal_subscribe (bus, owner, FP_TRAY_WATCHER, NULL, FP_TRAY_WATCHER_PATH,
                                                           NULL, G_DBUS_SIGNAL_FLAGS_NONE, watcher_signal_cb,
                                                           self, NULL);
  register_item (self);
}

static void
watcher_vanished_cb (GDBusConnection *bus,
                     const char      *name,
                     gpointer         user_data)
{
  FpTray *self = FP_TRAY (user_data);

  forget_watcher (self);
  set_registered (self, FALSE);
}

/* The object. */

static void
export_item (FpTray *self)
{
  static const GDBusInterfaceVTable vtable = { method_call_cb, get_property_cb, NULL, { NULL } };
  g_autoptr(GError) error = NULL;

  self->registration = g_dbus_connection_register_object (self->bus, FP_TRAY_ITEM_PATH,
                                                          fp_tray_interfaces_get_item (), &vtable, self, NULL,
                                                          &error);
  if (self->registration == 0 || !fp_tray_menu_export (self->menu, self->bus, &error))
    {
      g_warning ("The tray cannot be exported: %s", error->message);
      return;
    }
  self->watch = g_bus_watch_name_on_connection (self->bus, FP_TRAY_WATCHER, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                                watcher_appeared_cb, watcher_vanished_cb, self, NULL);
}

/**
 * fp_tray_new:
 * @bus: the session bus; one tray a connection
 *
 * Exports the item and shows it wherever a watcher is or comes; without one nothing happens, quietly.
 *
 * A host drops the item when the connection leaves the bus, not before: the tray is meant to live as long as its
 * process.
 *
 * Returns: (transfer full): a tray that is idle
 */
FpTray *
fp_tray_new (GDBusConnection *bus)
{
  FpTray *self;

  g_return_val_if_fail (G_IS_DBUS_CONNECTION (bus), NULL);

  self = g_object_new (FP_TYPE_TRAY, NULL);
  self->bus = g_object_ref (bus);
  export_item (self);

  return self;
}

/**
 * fp_tray_set_status:
 * @status: (transfer none)
 *
 * Shows a state. May be called as often as it changes: the bus hears of it at most every 50 ms, and only of what is
 * different.
 */
void
fp_tray_set_status (FpTray             *self,
                    const FpTrayStatus *status)
{
  const char *title;
  const char *detail;
  gboolean same_picture;

  g_return_if_fail (FP_IS_TRAY (self) && status);

  title = status->title ? status->title : "";
  detail = status->detail ? status->detail : "";
  same_picture = self->icon == status->icon && self->count == status->count;
  fp_tray_menu_set_status (self->menu, status);
  if (!same_picture)
    g_clear_pointer (&self->pixmaps, g_variant_unref);
  self->icon = status->icon;
  self->count = status->count;
  if (!same_picture || !g_str_equal (self->title, title) || !g_str_equal (self->detail, detail))
    {
      g_free (self->title);
      g_free (self->detail);
      self->title = g_utf8_make_valid (title, -1);
      self->detail = g_utf8_make_valid (detail, -1);
      self->item_changed = TRUE;
    }
  if (self->announce_source == 0)
    self->announce_source = g_timeout_add (ANNOUNCE_MS, announce_cb, self);
}

gboolean
fp_tray_get_registered (FpTray *self)
{
  g_return_val_if_fail (FP_IS_TRAY (self), FALSE);

  return self->registered;
}

static void
fp_tray_get_property (GObject    *object,
                      guint       id,
                      GValue     *value,
                      GParamSpec *pspec)
{
  if (id == PROP_REGISTERED)
    g_value_set_boolean (value, FP_TRAY (object)->registered);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
fp_tray_dispose (GObject *object)
{
  FpTray *self = FP_TRAY (object);

  g_clear_handle_id (&self->announce_source, g_source_remove);
  g_clear_handle_id (&self->watch, g_bus_unwatch_name);
  forget_watcher (self);
  if (self->registration != 0)
    g_dbus_connection_unregister_object (self->bus, self->registration);
  self->registration = 0;
  if (self->menu)
    {
      fp_tray_menu_unexport (self->menu);
      g_signal_handlers_disconnect_by_data (self->menu, self);
    }
  g_clear_object (&self->menu);
  g_clear_object (&self->bus);

  G_OBJECT_CLASS (fp_tray_parent_class)->dispose (object);
}

static void
fp_tray_finalize (GObject *object)
{
  FpTray *self = FP_TRAY (object);

  g_clear_pointer (&self->pixmaps, g_variant_unref);
  g_free (self->title);
  g_free (self->detail);
  g_free (self->token);

  G_OBJECT_CLASS (fp_tray_parent_class)->finalize (object);
}

static void
fp_tray_class_init (FpTrayClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = fp_tray_get_property;
  object_class->dispose = fp_tray_dispose;
  object_class->finalize = fp_tray_finalize;

  /**
   * FpTray:registered:
   *
   * A host shows the item.
   */
  props[PROP_REGISTERED] = g_param_spec_boolean ("registered", NULL, NULL, FALSE,
                                                 G_PARAM_READABLE | G_PARAM_STATIC_STRINGS
                                                   | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPS, props);

  signals[SIGNAL_OPEN] = g_signal_new ("open", FP_TYPE_TRAY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                       1, G_TYPE_STRING);
  signals[SIGNAL_SYNC_NOW] = g_signal_new ("sync-now", FP_TYPE_TRAY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                           G_TYPE_NONE, 0);
  signals[SIGNAL_WORK_OFFLINE] = g_signal_new ("work-offline", FP_TYPE_TRAY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                               G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
  signals[SIGNAL_QUIT] = g_signal_new ("quit", FP_TYPE_TRAY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                       0);
}

static void
fp_tray_init (FpTray *self)
{
  self->title = g_strdup ("");
  self->detail = g_strdup ("");
  self->menu = fp_tray_menu_new ();
  g_signal_connect (self->menu, "clicked", G_CALLBACK (menu_clicked_cb), self);
}
