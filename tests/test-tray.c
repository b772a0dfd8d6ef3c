/* The item against a watcher that comes, goes, restarts and misbehaves. */
#include "fp-test.h"

#include <string.h>

#include "tray/fp-tray-interfaces.h"
#include "tray/fp-tray.h"

static const char watcher_xml[] =
  "<node><interface name='org.kde.StatusNotifierWatcher'>"
  "<property name='IsStatusNotifierHostRegistered' type='b' access='read'/>"
  "<method name='RegisterStatusNotifierItem'><arg type='s'/></method>"
  "<signal name='StatusNotifierHostRegistered'/>"
  "</interface></node>";

/* A panel: the watcher's name, and calls to the item, on a connection of its own. */
typedef struct
{
  GDBusConnection *bus;
  GDBusNodeInfo *info;
  GPtrArray *items;   /* of char *: what was registered */
  GPtrArray *signals; /* of char *: what the item emitted */
  guint own;
  guint object;
  guint subscription;
  guint refuse; /* this many registrations */
  gboolean has_host;
} Panel;

typedef struct
{
  GTestDBus *daemon;
  GDBusConnection *bus;
  FpTray *tray;
  GString *events;
  guint notified;
} Fixture;

static GDBusConnection *
connect_bus (GTestDBus *daemon)
{
  g_autoptr(GError) error = NULL;
  GDBusConnection *bus;

  bus = g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (daemon),
                                                G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                                  | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                NULL, NULL, &error);
  g_assert_no_error (error);

  return bus;
}

static void
watcher_call_cb (GDBusConnection       *bus,
                 const char            *sender,
                 const char            *path,
                 const char            *interface,
                 const char            *method,
                 GVariant              *args,
                 GDBusMethodInvocation *invocation,
                 gpointer               user_data)
{
  Panel *panel = user_data;
  char *name;

  if (panel->refuse > 0)
    {
      panel->refuse--;
      g_dbus_method_invocation_return_error (invocation, G_DBUS_ERROR, G_DBUS_ERROR_FAILED, "not yet");
      return;
    }
  g_variant_get (args, "(s)", &name);
  g_ptr_array_add (panel->items, name);
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static GVariant *
watcher_get_cb (GDBusConnection  *bus,
                const char       *sender,
                const char       *path,
                const char       *interface,
                const char       *property,
                GError          **error,
                gpointer          user_data)
{
  return g_variant_new_boolean (((Panel *) user_data)->has_host);
}

static void
item_signal_cb (GDBusConnection *bus,
                const char      *sender,
                const char      *path,
                const char      *interface,
                const char      *signal,
                GVariant        *args,
                gpointer         user_data)
{
  g_ptr_array_add (((Panel *) user_data)->signals, g_strdup (signal));
}

static Panel *
panel_new (Fixture *f)
{
  static const GDBusInterfaceVTable vtable = { watcher_call_cb, watcher_get_cb, NULL, { NULL } };
  Panel *panel = g_new0 (Panel, 1);

  panel->bus = connect_bus (f->daemon);
  panel->info = g_dbus_node_info_new_for_xml (watcher_xml, NULL);
  panel->items = g_ptr_array_new_with_free_func (g_free);
  panel->signals = g_ptr_array_new_with_free_func (g_free);
  panel->has_host = TRUE;
  panel->object = g_dbus_connection_register_object (panel->bus, FP_TRAY_WATCHER_PATH, panel->info->interfaces[0],
                                                     &vtable, panel, NULL, NULL);
  panel->subscription = g_dbus_connection_signal_subscribe (panel->bus, NULL, FP_TRAY_ITEM_INTERFACE, NULL,
                                                            FP_TRAY_ITEM_PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
                                                            item_signal_cb, panel, NULL);

  return panel;
}

static void
panel_show (Panel *panel)
{
  panel->own = g_bus_own_name_on_connection (panel->bus, FP_TRAY_WATCHER, G_BUS_NAME_OWNER_FLAGS_NONE, NULL, NULL,
                                             NULL, NULL);
}

static void
panel_free (Panel *panel)
{
  g_clear_handle_id (&panel->own, g_bus_unown_name);
  g_dbus_connection_signal_unsubscribe (panel->bus, panel->subscription);
  g_dbus_connection_unregister_object (panel->bus, panel->object);
  g_dbus_connection_close_sync (panel->bus, NULL, NULL);
  g_clear_object (&panel->bus);
  g_dbus_node_info_unref (panel->info);
  g_ptr_array_unref (panel->items);
  g_ptr_array_unref (panel->signals);
  g_free (panel);
}

static void
open_cb (FpTray     *tray,
         const char *token,
         Fixture    *f)
{
  g_string_append_printf (f->events, "open(%s) ", token ? token : "");
}

static void
sync_now_cb (FpTray  *tray,
             Fixture *f)
{
  g_string_append (f->events, "sync ");
}

static void
work_offline_cb (FpTray   *tray,
                 gboolean  work_offline,
                 Fixture  *f)
{
  g_string_append (f->events, work_offline ? "offline " : "online ");
}

static void
quit_cb (FpTray  *tray,
         Fixture *f)
{
  g_string_append (f->events, "quit ");
}

static void
registered_cb (FpTray     *tray,
               GParamSpec *pspec,
               Fixture    *f)
{
  f->notified++;
}

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  f->daemon = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (f->daemon);
  f->bus = connect_bus (f->daemon);
  f->events = g_string_new (NULL);
  f->tray = fp_tray_new (f->bus);
  g_signal_connect (f->tray, "open", G_CALLBACK (open_cb), f);
  g_signal_connect (f->tray, "sync-now", G_CALLBACK (sync_now_cb), f);
  g_signal_connect (f->tray, "work-offline", G_CALLBACK (work_offline_cb), f);
  g_signal_connect (f->tray, "quit", G_CALLBACK (quit_cb), f);
  g_signal_connect (f->tray, "notify::registered", G_CALLBACK (registered_cb), f);
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  g_assert_finalize_object (f->tray);
  g_dbus_connection_close_sync (f->bus, NULL, NULL);
  g_clear_object (&f->bus);
  fp_test_drain ();
  g_test_dbus_down (f->daemon);
  g_clear_object (&f->daemon);
  g_string_free (f->events, TRUE);
}

static GVariant *
call (Fixture    *f,
      Panel      *panel,
      const char *path,
      const char *interface,
      const char *method,
      GVariant   *args,
      GError    **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  g_dbus_connection_call (panel->bus, g_dbus_connection_get_unique_name (f->bus), path, interface, method, args, NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, fp_test_await_cb, &await);

  return g_dbus_connection_call_finish (panel->bus, fp_test_await (&await), error);
}

static GVariant *
get (Fixture    *f,
     Panel      *panel,
     const char *property)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = NULL;
  GVariant *value;

  answer = call (f, panel, FP_TRAY_ITEM_PATH, "org.freedesktop.DBus.Properties", "Get",
                 g_variant_new ("(ss)", FP_TRAY_ITEM_INTERFACE, property), &error);
  g_assert_no_error (error);
  g_variant_get (answer, "(v)", &value);

  return value;
}

#define assert_property(f, panel, property, expected)                                               \
  G_STMT_START                                                                                      \
  {                                                                                                 \
    g_autoptr(GVariant) value_ = get ((f), (panel), (property));                                    \
    g_autofree char *text_ = g_variant_print (value_, FALSE);                                       \
    g_assert_cmpstr (text_, ==, (expected));                                                        \
  }                                                                                                 \
  G_STMT_END

static void
item_call (Fixture    *f,
           Panel      *panel,
           const char *method,
           GVariant   *args)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer G_GNUC_UNUSED = call (f, panel, FP_TRAY_ITEM_PATH, FP_TRAY_ITEM_INTERFACE, method, args, &error);

  g_assert_no_error (error);
}

static void
click (Fixture *f,
       Panel   *panel,
       int      id)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = NULL;

  answer = call (f, panel, FP_TRAY_MENU_PATH, FP_TRAY_MENU_INTERFACE, "Event",
                 g_variant_new ("(isvu)", id, "clicked", g_variant_new_string (""), 0), &error);
  g_assert_no_error (error);
}

static Panel *
show_panel (Fixture *f)
{
  Panel *panel = panel_new (f);

  panel_show (panel);
  fp_test_until (fp_tray_get_registered (f->tray));

  return panel;
}

static void
test_registers (Fixture      *f,
                gconstpointer data)
{
  Panel *panel;

  g_assert_false (fp_tray_get_registered (f->tray));
  panel = show_panel (f);
  g_assert_cmpuint (panel->items->len, ==, 1);
  g_assert_cmpstr (panel->items->pdata[0], ==, g_dbus_connection_get_unique_name (f->bus));
  g_assert_cmpuint (f->notified, ==, 1);
  panel_free (panel);
  fp_test_until (!fp_tray_get_registered (f->tray));
  g_assert_cmpuint (f->notified, ==, 2);
}

static void
test_comes_back (Fixture      *f,
                 gconstpointer data)
{
  for (int i = 0; i < 5; i++)
    {
      Panel *panel = show_panel (f);

      g_assert_cmpuint (panel->items->len, ==, 1);
      panel_free (panel);
      fp_test_until (!fp_tray_get_registered (f->tray));
    }
}

/* The new owner takes the name before the old one has gone: the bus never says that it vanished. */
static void
test_replaced (Fixture      *f,
               gconstpointer data)
{
  Panel *first = show_panel (f);
  Panel *second = panel_new (f);

  panel_show (second);
  fp_test_drain ();
  panel_free (first);
  fp_test_until (second->items->len == 1);
  fp_test_until (fp_tray_get_registered (f->tray));
  panel_free (second);
}

static void
test_refused (Fixture      *f,
              gconstpointer data)
{
  Panel *panel = panel_new (f);

  panel->refuse = 2;
  panel_show (panel);
  fp_test_until (fp_tray_get_registered (f->tray));
  g_assert_cmpuint (panel->items->len, ==, 1);
  panel_free (panel);
}

static void
test_no_host (Fixture      *f,
              gconstpointer data)
{
  Panel *panel = panel_new (f);

  panel->has_host = FALSE;
  panel_show (panel);
  fp_test_until (panel->items->len == 1);
  fp_test_drain ();
  g_assert_false (fp_tray_get_registered (f->tray));

  panel->has_host = TRUE;
  g_dbus_connection_emit_signal (panel->bus, NULL, FP_TRAY_WATCHER_PATH, FP_TRAY_WATCHER,
                                 "StatusNotifierHostRegistered", NULL, NULL);
  fp_test_until (fp_tray_get_registered (f->tray));
  panel_free (panel);
}

static void
assert_pixmaps (GVariant *pixmaps)
{
  static const int sizes[] = { 16, 22, 24, 32, 48, 64 };

  g_assert_cmpuint (g_variant_n_children (pixmaps), ==, G_N_ELEMENTS (sizes));
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr(GVariant) bytes = NULL;
      const guint8 *data;
      guint solid = 0;
      gsize length;
      int width;
      int height;

      g_variant_get_child (pixmaps, i, "(ii@ay)", &width, &height, &bytes);
      data = g_variant_get_fixed_array (bytes, &length, 1);
      g_assert_cmpint (width, ==, sizes[i]);
      g_assert_cmpint (height, ==, sizes[i]);
      g_assert_cmpuint (length, ==, (gsize) width * height * 4);
      for (gsize p = 0; p < length; p += 4)
        solid += data[p] == 255;
      g_assert_cmpuint (solid, >, (guint) (width * height) / 4);
      g_assert_cmpuint (solid, <, (guint) (width * height));
    }
}

static void
test_says (Fixture      *f,
           gconstpointer data)
{
  Panel *panel = show_panel (f);
  FpTrayStatus status = { FP_TRAY_WAITING, 3, "3 <b>waiting</b> & more", "next at 12:00", FALSE, TRUE };
  g_autoptr(GVariant) three = NULL;
  g_autoptr(GVariant) four = NULL;

  fp_tray_set_status (f->tray, &status);
  assert_property (f, panel, "Title", "'Fieldpost: 3 <b>waiting</b> & more'");
  assert_property (f, panel, "ToolTip", "('', [], '3 ‹b›waiting‹/b› + more', 'next at 12:00')");
  assert_property (f, panel, "XAyatanaLabel", "'3'");
  assert_property (f, panel, "Status", "'Active'");
  assert_property (f, panel, "IconName", "''");
  assert_property (f, panel, "ItemIsMenu", "false");
  assert_property (f, panel, "Menu", "'/MenuBar'");
  three = get (f, panel, "IconPixmap");
  assert_pixmaps (three);

  status.count = 4;
  status.icon = FP_TRAY_FAILED;
  fp_tray_set_status (f->tray, &status);
  assert_property (f, panel, "Status", "'NeedsAttention'");
  four = get (f, panel, "AttentionIconPixmap");
  assert_pixmaps (four);
  g_assert_false (g_variant_equal (three, four));

  /* Nothing waits: still there to be seen. */
  status = (FpTrayStatus) { FP_TRAY_IDLE, 0, NULL, NULL, FALSE, FALSE };
  fp_tray_set_status (f->tray, &status);
  assert_property (f, panel, "Status", "'Active'");
  assert_property (f, panel, "Title", "'Fieldpost'");
  assert_property (f, panel, "XAyatanaLabel", "''");
  panel_free (panel);
}

static guint
count_signals (Panel      *panel,
               const char *name)
{
  guint n = 0;

  for (guint i = 0; i < panel->signals->len; i++)
    n += g_str_equal (panel->signals->pdata[i], name);

  return n;
}

static void
test_announces (Fixture      *f,
                gconstpointer data)
{
  Panel *panel = show_panel (f);
  FpTrayStatus status = { FP_TRAY_SYNCING, 0, "sending", NULL, FALSE, TRUE };

  for (guint i = 1; i <= 1000; i++)
    {
      status.count = i;
      fp_tray_set_status (f->tray, &status);
    }
  fp_test_until (count_signals (panel, "XAyatanaNewLabel") > 0);
  g_assert_cmpuint (count_signals (panel, "NewIcon"), ==, 1);
  g_assert_cmpuint (count_signals (panel, "NewStatus"), ==, 1);
  assert_property (f, panel, "XAyatanaLabel", "'1000'");
  panel_free (panel);
}

static void
test_clicks (Fixture      *f,
             gconstpointer data)
{
  Panel *panel = show_panel (f);
  FpTrayStatus status = { FP_TRAY_WAITING, 1, "1 waiting", NULL, FALSE, TRUE };

  item_call (f, panel, "SecondaryActivate", g_variant_new ("(ii)", 0, 0));
  g_assert_cmpstr (f->events->str, ==, "");
  fp_tray_set_status (f->tray, &status);
  item_call (f, panel, "SecondaryActivate", g_variant_new ("(ii)", 0, 0));
  item_call (f, panel, "Activate", g_variant_new ("(ii)", -5, 70000));
  click (f, panel, 1);
  click (f, panel, 5);
  click (f, panel, 6);
  status.work_offline = TRUE;
  fp_tray_set_status (f->tray, &status);
  click (f, panel, 6);
  click (f, panel, 8);
  g_assert_cmpstr (f->events->str, ==, "sync open() open() sync offline online quit ");
  panel_free (panel);
}

static void
test_token (Fixture      *f,
            gconstpointer data)
{
  Panel *panel = show_panel (f);
  g_autofree char *huge = g_strnfill (100000, 'x');

  item_call (f, panel, "ProvideXdgActivationToken", g_variant_new ("(s)", "gnome-shell/1-2_TIME3"));
  item_call (f, panel, "Activate", g_variant_new ("(ii)", 0, 0));
  item_call (f, panel, "Activate", g_variant_new ("(ii)", 0, 0));
  item_call (f, panel, "ProvideXdgActivationToken", g_variant_new ("(s)", huge));
  item_call (f, panel, "Activate", g_variant_new ("(ii)", 0, 0));
  item_call (f, panel, "ProvideXdgActivationToken", g_variant_new ("(s)", "a\nb"));
  item_call (f, panel, "Activate", g_variant_new ("(ii)", 0, 0));
  item_call (f, panel, "ProvideXdgActivationToken", g_variant_new ("(s)", "again"));
  click (f, panel, 1);
  g_assert_cmpstr (f->events->str, ==, "open(gnome-shell/1-2_TIME3) open() open() open() open(again) ");
  panel_free (panel);
}

static void
test_hostile (Fixture      *f,
              gconstpointer data)
{
  Panel *panel = show_panel (f);
  g_autoptr(GError) type_error = NULL;
  g_autoptr(GError) method_error = NULL;
  g_autoptr(GError) write_error = NULL;

  g_assert_null (call (f, panel, FP_TRAY_ITEM_PATH, FP_TRAY_ITEM_INTERFACE, "Activate", g_variant_new ("(s)", "x"),
                       &type_error));
  g_assert_error (type_error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS);
  g_assert_null (call (f, panel, FP_TRAY_ITEM_PATH, FP_TRAY_ITEM_INTERFACE, "Explode", NULL, &method_error));
  g_assert_error (method_error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD);
  g_assert_null (call (f, panel, FP_TRAY_ITEM_PATH, "org.freedesktop.DBus.Properties", "Set",
                       g_variant_new ("(ssv)", FP_TRAY_ITEM_INTERFACE, "Title", g_variant_new_string ("x")),
                       &write_error));
  g_assert_error (write_error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS);
  item_call (f, panel, "Scroll", g_variant_new ("(is)", G_MININT, "sideways"));
  g_assert_cmpstr (f->events->str, ==, "");
  panel_free (panel);
}

/* Calls and answers are on their way while the tray goes. */
static void
test_goes_in_flight (Fixture      *f,
                     gconstpointer data)
{
  Panel *panel = panel_new (f);
  FpTrayStatus status = { FP_TRAY_WAITING, 1, "1 waiting", NULL, FALSE, TRUE };

  panel_show (panel);
  fp_test_until (panel->items->len == 1);
  fp_tray_set_status (f->tray, &status);
  g_assert_finalize_object (f->tray);
  fp_test_drain ();
  panel_free (panel);

  f->tray = fp_tray_new (f->bus);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/tray/registers-by-its-unique-name", test_registers);
  ADD ("/tray/registers-again-with-each-watcher", test_comes_back);
  ADD ("/tray/registers-again-when-the-watcher-is-replaced", test_replaced);
  ADD ("/tray/a-watcher-that-is-not-ready-is-asked-again", test_refused);
  ADD ("/tray/without-a-host-it-is-not-registered", test_no_host);
  ADD ("/tray/says-the-status-everywhere", test_says);
  ADD ("/tray/a-thousand-changes-are-one-announcement", test_announces);
  ADD ("/tray/clicks-become-signals", test_clicks);
  ADD ("/tray/activation-token-is-used-once", test_token);
  ADD ("/tray/hostile-calls-are-errors", test_hostile);
  ADD ("/tray/goes-while-calls-are-in-flight", test_goes_in_flight);

  return g_test_run ();
}
