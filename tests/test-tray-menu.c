/* The menu as hosts read it: any filter, any depth, any nonsense. */
#include "fp-test.h"

#include "tray/fp-tray-interfaces.h"
#include "tray/fp-tray-menu.h"

typedef struct
{
  GTestDBus *daemon;
  GDBusConnection *bus;  /* ours */
  GDBusConnection *host; /* the panel's */
  FpTrayMenu *menu;
  GString *clicks;
  GPtrArray *updates; /* of GVariant */
  guint revision;     /* of the last LayoutUpdated */
  guint subscription;
} Fixture;

static void
clicked_cb (FpTrayMenu *menu,
            guint       item,
            Fixture    *f)
{
  g_string_append_printf (f->clicks, "%u ", item);
}

static void
signal_cb (GDBusConnection *bus,
           const char      *sender,
           const char      *path,
           const char      *interface,
           const char      *signal,
           GVariant        *args,
           gpointer         user_data)
{
  Fixture *f = user_data;

  if (g_str_equal (signal, "ItemsPropertiesUpdated"))
    g_ptr_array_add (f->updates, g_variant_ref (args));
  else
    g_variant_get (args, "(ui)", &f->revision, NULL);
}

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
set_up (Fixture      *f,
        gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  const FpTrayStatus status = { FP_TRAY_WAITING, 3, "3 waiting_to be sent", NULL, FALSE, TRUE };

  f->daemon = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (f->daemon);
  f->bus = connect_bus (f->daemon);
  f->host = connect_bus (f->daemon);
  f->clicks = g_string_new (NULL);
  f->updates = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  f->menu = fp_tray_menu_new ();
  g_signal_connect (f->menu, "clicked", G_CALLBACK (clicked_cb), f);
  fp_tray_menu_set_status (f->menu, &status);
  g_assert_true (fp_tray_menu_export (f->menu, f->bus, &error));
  g_assert_no_error (error);
  fp_tray_menu_announce (f->menu);
  f->subscription = g_dbus_connection_signal_subscribe (f->host, g_dbus_connection_get_unique_name (f->bus),
                                                        FP_TRAY_MENU_INTERFACE, NULL, FP_TRAY_MENU_PATH, NULL,
                                                        G_DBUS_SIGNAL_FLAGS_NONE, signal_cb, f, NULL);
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  fp_tray_menu_unexport (f->menu);
  g_assert_finalize_object (f->menu);
  g_dbus_connection_signal_unsubscribe (f->host, f->subscription);
  g_dbus_connection_close_sync (f->host, NULL, NULL);
  g_dbus_connection_close_sync (f->bus, NULL, NULL);
  g_clear_object (&f->host);
  g_clear_object (&f->bus);
  fp_test_drain ();
  g_test_dbus_down (f->daemon);
  g_clear_object (&f->daemon);
  g_string_free (f->clicks, TRUE);
  g_ptr_array_unref (f->updates);
}

static void
call_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  fp_test_await_cb (source, result, user_data);
}

static GVariant *
call (Fixture    *f,
      const char *method,
      GVariant   *args,
      GError    **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  g_dbus_connection_call (f->host, g_dbus_connection_get_unique_name (f->bus), FP_TRAY_MENU_PATH,
                          FP_TRAY_MENU_INTERFACE, method, args, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, call_cb,
                          &await);

  return g_dbus_connection_call_finish (f->host, fp_test_await (&await), error);
}

/* Empty containers are printed with or without their type: both mean the same. */
static char *
print (GVariant *value)
{
  g_autofree char *text = g_variant_print (value, FALSE);
  g_autoptr(GString) out = g_string_new (text);

  g_string_replace (out, "@a{sv} ", "", 0);
  g_string_replace (out, "@av ", "", 0);
  g_string_replace (out, "@ai ", "", 0);

  return g_strdup (out->str);
}

static char *
ask (Fixture    *f,
     const char *method,
     GVariant   *args)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = call (f, method, args, &error);

  return answer ? print (answer) : g_strdup ("error");
}

#define assert_answer(f, method, args, expected)                                                    \
  G_STMT_START                                                                                      \
  {                                                                                                 \
    g_autofree char *answer_ = ask ((f), (method), (args));                                         \
    g_assert_cmpstr (answer_, ==, (expected));                                                      \
  }                                                                                                 \
  G_STMT_END

static GVariant *
layout_args (int         id,
             int         depth,
             const char *name)
{
  const char *names[] = { name, NULL };

  return g_variant_new ("(ii^as)", id, depth, names);
}

static void
test_layout (Fixture      *f,
             gconstpointer data)
{
  assert_answer (f, "GetLayout", layout_args (0, 0, NULL), "(2, (0, {'children-display': <'submenu'>}, []))");
  assert_answer (f, "GetLayout", layout_args (0, 1, "type"),
                 "(2, (0, {}, [<(1, {}, [])>, <(2, {}, [])>, <(3, {}, [])>, "
                 "<(4, {'type': <'separator'>}, [])>, <(5, {}, [])>, <(6, {}, [])>, "
                 "<(7, {'type': <'separator'>}, [])>, <(8, {}, [])>]))");
  assert_answer (f, "GetLayout", layout_args (0, -1, "label"),
                 "(2, (0, {}, [<(1, {'label': <'_Open Fieldpost'>}, [])>, "
                 "<(2, {'label': <'3 waiting__to be sent'>}, [])>, <(3, {'label': <''>}, [])>, <(4, {}, [])>, "
                 "<(5, {'label': <'_Sync Now'>}, [])>, <(6, {'label': <'_Work Offline'>}, [])>, <(7, {}, [])>, "
                 "<(8, {'label': <'_Quit'>}, [])>]))");
  assert_answer (f, "GetLayout", layout_args (8, -1, NULL), "(2, (8, {'label': <'_Quit'>}, []))");
  assert_answer (f, "GetLayout", layout_args (99, -1, NULL), "error");
  assert_answer (f, "GetLayout", layout_args (-1, G_MININT, NULL), "error");
}

static void
test_properties (Fixture      *f,
                 gconstpointer data)
{
  const char *none[] = { NULL };
  const char *both[] = { "label", "enabled", NULL };

  assert_answer (f, "GetGroupProperties", g_variant_new_parsed ("([5, 5, 77, -1, 2], %^as)", both),
                 "([(2, {'label': <'3 waiting__to be sent'>, 'enabled': <false>}), (5, {'label': <'_Sync Now'>})],)");
  assert_answer (f, "GetGroupProperties", g_variant_new_parsed ("([6], %^as)", none),
                 "([(6, {'label': <'_Work Offline'>, 'toggle-type': <'checkmark'>, 'toggle-state': <0>})],)");
  assert_answer (f, "GetGroupProperties", g_variant_new_parsed ("(@ai [], ['children-display'])"),
                 "([(0, {'children-display': <'submenu'>}), (1, {}), (2, {}), (3, {}), (4, {}), (5, {}), (6, {}), "
                 "(7, {}), (8, {})],)");
  assert_answer (f, "GetProperty", g_variant_new ("(is)", 2, "enabled"), "(<false>,)");
  assert_answer (f, "GetProperty", g_variant_new ("(is)", 1, "enabled"), "(<true>,)");
  assert_answer (f, "GetProperty", g_variant_new ("(is)", 3, "visible"), "(<false>,)");
  assert_answer (f, "GetProperty", g_variant_new ("(is)", 1, "nonsense"), "error");
  assert_answer (f, "GetProperty", g_variant_new ("(is)", 1000, "label"), "error");
}

static void
test_clicks (Fixture      *f,
             gconstpointer data)
{
  assert_answer (f, "Event", g_variant_new_parsed ("(5, 'clicked', <''>, @u 0)"), "()");
  assert_answer (f, "Event", g_variant_new_parsed ("(5, 'hovered', <''>, @u 0)"), "()");
  assert_answer (f, "Event", g_variant_new_parsed ("(2, 'clicked', <''>, @u 0)"), "()");
  assert_answer (f, "Event", g_variant_new_parsed ("(0, 'clicked', <''>, @u 0)"), "()");
  assert_answer (f, "Event", g_variant_new_parsed ("(9, 'clicked', <''>, @u 0)"), "error");
  g_assert_cmpstr (f->clicks->str, ==, "5 ");

  assert_answer (f, "EventGroup",
                 g_variant_new_parsed ("([(1, 'clicked', <1>, @u 0), (-7, 'clicked', <''>, 0), "
                                       "(8, 'clicked', <@as []>, 0)],)"),
                 "([-7],)");
  g_assert_cmpstr (f->clicks->str, ==, "5 1 8 ");
  assert_answer (f, "EventGroup", g_variant_new_parsed ("([(-7, 'clicked', <''>, @u 0)],)"), "error");
  assert_answer (f, "EventGroup", g_variant_new_parsed ("(@a(isvu) [],)"), "([],)");
}

static void
test_disabled (Fixture      *f,
               gconstpointer data)
{
  const FpTrayStatus status = { FP_TRAY_IDLE, 0, "All sent", NULL, FALSE, FALSE };

  fp_tray_menu_set_status (f->menu, &status);
  assert_answer (f, "Event", g_variant_new_parsed ("(5, 'clicked', <''>, @u 0)"), "()");
  g_assert_cmpstr (f->clicks->str, ==, "");
}

static void
test_about_to_show (Fixture      *f,
                    gconstpointer data)
{
  assert_answer (f, "AboutToShow", g_variant_new ("(i)", 0), "(false,)");
  assert_answer (f, "AboutToShow", g_variant_new ("(i)", 12), "error");
  assert_answer (f, "AboutToShowGroup", g_variant_new_parsed ("([0, 12, 5],)"), "([], [12])");
}

static void
test_wrong_types (Fixture      *f,
                  gconstpointer data)
{
  assert_answer (f, "GetLayout", g_variant_new ("(s)", "x"), "error");
  assert_answer (f, "Event", g_variant_new ("(s)", "x"), "error");
  assert_answer (f, "EventGroup", g_variant_new_parsed ("([1, 2],)"), "error");
  assert_answer (f, "Destroy", NULL, "error");
  g_assert_cmpstr (f->clicks->str, ==, "");
}

static void
test_updates (Fixture      *f,
              gconstpointer data)
{
  FpTrayStatus status = { FP_TRAY_OFFLINE, 3, "3 waiting", "No network", TRUE, FALSE };
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  guint revision;

  /* Before the subscription is known to the daemon nothing of it arrives. */
  assert_answer (f, "AboutToShow", g_variant_new ("(i)", 0), "(false,)");
  g_ptr_array_set_size (f->updates, 0);

  fp_tray_menu_set_status (f->menu, &status);
  fp_tray_menu_announce (f->menu);
  fp_test_until (f->updates->len == 1 && f->revision > 2);
  revision = f->revision;
  first = print (f->updates->pdata[0]);
  g_assert_cmpstr (first, ==,
                   "([(2, {'label': <'3 waiting'>, 'enabled': <false>}), "
                   "(3, {'label': <'No network'>, 'enabled': <false>}), "
                   "(5, {'label': <'_Sync Now'>, 'enabled': <false>}), "
                   "(6, {'label': <'_Work Offline'>, 'toggle-type': <'checkmark'>, 'toggle-state': <1>})], "
                   "[(3, ['visible'])])");

  /* The same again is no news. */
  fp_tray_menu_announce (f->menu);
  status.can_sync = TRUE;
  fp_tray_menu_set_status (f->menu, &status);
  fp_tray_menu_announce (f->menu);
  fp_test_until (f->updates->len == 2 && f->revision > revision);
  g_assert_cmpuint (f->revision, ==, revision + 1);
  second = print (f->updates->pdata[1]);
  g_assert_cmpstr (second, ==, "([(5, {'label': <'_Sync Now'>})], [(5, ['enabled'])])");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/tray/menu/layout-honours-depth-and-filter", test_layout);
  ADD ("/tray/menu/properties-honour-filter-and-defaults", test_properties);
  ADD ("/tray/menu/only-enabled-entries-are-clicked", test_clicks);
  ADD ("/tray/menu/late-click-on-disabled-entry-is-dropped", test_disabled);
  ADD ("/tray/menu/about-to-show-names-unknown-ids", test_about_to_show);
  ADD ("/tray/menu/wrong-types-are-errors", test_wrong_types);
  ADD ("/tray/menu/only-differences-are-announced", test_updates);

  return g_test_run ();
}
