/* A window that is newer than the agent: the agent makes room, and another is started. */
#include "config.h"

#include "bus/fp-agent-client.h"
#include "bus/fp-agent-renewal.h"
#include "fp-test.h"

#include <signal.h>

#define BUS_NAME "org.freedesktop.DBus"

typedef struct {
  char            *services;
  char            *folder;  /* of the store */
  GTestDBus       *dbus;
  GDBusConnection *bus;     /* of the client */
  GDBusConnection *old_bus; /* of an agent that the test plays */
  GDBusNodeInfo   *node;
  FpEngine        *engine;
  FpAgentClient   *client;
  guint            name_id;
  const char      *version;
  guint            restarts;
} Fixture;

typedef struct {
  const char *version; /* that the agent says */
  gboolean    knows;   /* whether it has the method */
  gboolean    service; /* whether the bus can start another */
  gboolean    home;    /* whether the store is where that one works */
  gboolean    renewed;
} Case;

static void
method_cb (GDBusConnection       *bus,
           const char            *sender,
           const char            *path,
           const char            *interface,
           const char            *method,
           GVariant              *arguments,
           GDBusMethodInvocation *invocation,
           gpointer               user_data)
{
  Fixture *f = user_data;

  g_dbus_method_invocation_return_value (invocation, NULL);
  if (!g_str_equal (method, "Restart"))
    return;
  f->restarts++;
  g_clear_handle_id (&f->name_id, g_bus_unown_name);
}

static GVariant *
property_cb (GDBusConnection  *bus,
             const char       *sender,
             const char       *path,
             const char       *interface,
             const char       *name,
             GError          **error,
             gpointer          user_data)
{
  Fixture *f = user_data;

  return g_variant_new_string (g_str_equal (name, "StoreId") ? fp_store_get_id (fp_engine_get_store (f->engine))
                                                             : f->version);
}

static void
owned_cb (GDBusConnection *bus,
          const char      *name,
          gpointer         user_data)
{
  *(gboolean *) user_data = TRUE;
}

static void
play_agent (Fixture    *f,
            const Case *c)
{
  static const GDBusInterfaceVTable vtable = { .method_call = method_cb, .get_property = property_cb };
  g_autofree char *xml = g_strdup_printf ("<node><interface name='" FP_AGENT_BUS_NAME "'><method name='Nudge'/>%s"
                                          "<property name='StoreId' type='s' access='read'/>"
                                          "<property name='ProgramVersion' type='s' access='read'/></interface></node>",
                                          c->knows ? "<method name='Restart'/>" : "");
  g_autoptr(GError) error = NULL;
  gboolean owned = FALSE;

  f->version = c->version;
  f->node = g_dbus_node_info_new_for_xml (xml, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_dbus_connection_register_object (f->old_bus, FP_AGENT_OBJECT_PATH, f->node->interfaces[0], &vtable,
                                                       f, NULL, NULL), >, 0);
  f->name_id = g_bus_own_name_on_connection (f->old_bus, FP_AGENT_BUS_NAME, 0, owned_cb, NULL, &owned, NULL);
  fp_test_until (owned);
}

static GDBusConnection *
connect_to (GTestDBus *dbus)
{
  g_autoptr(GError) error = NULL;
  GDBusConnection *bus = g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (dbus),
                                                                 G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                                                 | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                                 NULL, NULL, &error);

  g_assert_no_error (error);
  return bus;
}

static void
setup (Fixture       *f,
       gconstpointer  data)
{
  const Case *c = data;
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  g_autofree char *file = NULL;
  g_autofree char *text = g_strdup_printf ("[D-BUS Service]\nName=" FP_AGENT_BUS_NAME "\nExec=%s/src/agent/fieldpost-agent"
                                           " --no-tray\n", g_getenv ("FIELDPOST_BUILD"));

  f->services = fp_test_make_folder ();
  file = g_build_filename (f->services, "agent.service", NULL);
  if (c->service)
    g_assert_true (g_file_set_contents (file, text, -1, NULL));
  f->folder = c->home ? g_build_filename (g_get_user_data_dir (), "fieldpost", NULL) : fp_test_make_folder ();
  f->dbus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_add_service_dir (f->dbus, f->services);
  g_test_dbus_up (f->dbus);
  f->bus = connect_to (f->dbus);
  f->old_bus = connect_to (f->dbus);
  f->engine = fp_engine_new (f->folder, NULL);
  fp_engine_open_async (f->engine, NULL, fp_test_await_cb, &await);
  fp_engine_open_finish (f->engine, fp_test_await (&await), &error);
  g_assert_no_error (error);
  play_agent (f, c);
  f->client = fp_agent_client_new (f->engine, f->bus, TRUE);
  fp_agent_client_renew_agent (f->client);
}

static void
teardown (Fixture       *f,
          gconstpointer  data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  g_clear_handle_id (&f->name_id, g_bus_unown_name);
  fp_test_finalize (f->client);
  fp_engine_close_async (f->engine, NULL, fp_test_await_cb, &await);
  g_assert_true (fp_engine_close_finish (f->engine, fp_test_await (&await), NULL));
  fp_test_await_clear (&await);
  fp_test_finalize (f->engine);
  g_dbus_connection_close_sync (f->bus, NULL, NULL);
  g_dbus_connection_close_sync (f->old_bus, NULL, NULL);
  g_clear_object (&f->bus);
  g_clear_object (&f->old_bus);
  fp_test_drain ();
  g_dbus_node_info_unref (f->node);
  g_test_dbus_down (f->dbus);
  g_object_unref (f->dbus);
  fp_test_remove_folder (f->services);
  fp_test_remove_folder (f->folder);
  g_free (f->services);
  g_free (f->folder);
}

static GVariant *
call (Fixture    *f,
      const char *name,
      const char *path,
      const char *interface,
      const char *method,
      GVariant   *arguments)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  g_dbus_connection_call (f->bus, name, path, interface, method, arguments, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1,
                          NULL, fp_test_await_cb, &await);
  return g_dbus_connection_call_finish (f->bus, fp_test_await (&await), NULL);
}

static gboolean
is_version (Fixture    *f,
            const char *expected)
{
  g_autoptr(GVariant) reply = call (f, FP_AGENT_BUS_NAME, FP_AGENT_OBJECT_PATH, "org.freedesktop.DBus.Properties", "Get",
                                    g_variant_new ("(ss)", FP_AGENT_BUS_NAME, "ProgramVersion"));
  g_autoptr(GVariant) value = NULL;

  if (!reply)
    return FALSE;
  g_variant_get (reply, "(v)", &value);
  return g_str_equal (g_variant_get_string (value, NULL), expected);
}

/* What the client asked for before has been answered after these. */
static void
settle (Fixture *f)
{
  for (guint i = 0; i < 2; i++)
    g_variant_unref (call (f, BUS_NAME, "/org/freedesktop/DBus", BUS_NAME, "ListActivatableNames", NULL));
  g_variant_unref (call (f, FP_AGENT_BUS_NAME, FP_AGENT_OBJECT_PATH, "org.freedesktop.DBus.Peer", "Ping", NULL));
}

static void
agent_of_a_version (Fixture       *f,
                    gconstpointer  data)
{
  const Case *c = data;
  g_autoptr(GVariant) reply = NULL;
  g_autoptr(GVariant) process = NULL;
  guint pid = 0;

  fp_test_until (fp_agent_client_get_ready (f->client));
  if (!c->renewed)
    {
      g_assert_cmpint (fp_agent_client_get_presence (f->client), ==, FP_AGENT_PRESENT);
      settle (f);
      g_assert_cmpuint (f->restarts, ==, 0);
      return;
    }
  fp_test_until (f->restarts == 1);
  fp_test_until (is_version (f, FP_VERSION));
  fp_test_until (fp_agent_client_get_presence (f->client) == FP_AGENT_PRESENT);
  process = call (f, BUS_NAME, "/org/freedesktop/DBus", BUS_NAME, "GetConnectionUnixProcessID",
                  g_variant_new ("(s)", FP_AGENT_BUS_NAME));
  g_variant_get (process, "(u)", &pid);
  /* The real one ends as well, on the same word. */
  reply = call (f, FP_AGENT_BUS_NAME, FP_AGENT_OBJECT_PATH, FP_AGENT_BUS_NAME, "Restart", NULL);
  g_assert_nonnull (reply);
  fp_test_until (fp_agent_client_get_presence (f->client) == FP_AGENT_ABSENT);
  fp_test_until (kill ((pid_t) pid, 0) != 0);
}

static void
versions_are_compared (void)
{
  g_assert_false (fp_agent_renewal_is_due (NULL));
  g_assert_false (fp_agent_renewal_is_due (""));
  g_assert_false (fp_agent_renewal_is_due (FP_VERSION));
  g_assert_false (fp_agent_renewal_is_due ("99.0"));
  g_assert_true (fp_agent_renewal_is_due ("0.0.9"));
}

int
main (int    argc,
      char **argv)
{
  static const Case cases[] = {
    { "0.0.1", TRUE, TRUE, TRUE, TRUE },     { "0.0.1", FALSE, TRUE, TRUE, FALSE }, { "", TRUE, TRUE, TRUE, FALSE },
    { FP_VERSION, TRUE, TRUE, TRUE, FALSE }, { "99.0", TRUE, TRUE, TRUE, FALSE },   { "0.0.1", TRUE, FALSE, TRUE, FALSE },
    { "0.0.1", TRUE, TRUE, FALSE, FALSE },
  };
  g_autofree char *home = fp_test_make_folder ();
  int result;

  g_setenv ("FIELDPOST_SECRETS", "file", TRUE);
  g_setenv ("FIELDPOST_LINK", "monitor", TRUE);
  g_setenv ("XDG_DATA_HOME", home, TRUE);
  g_unsetenv ("FIELDPOST_DATA");
  g_test_init (&argc, &argv, NULL);

#define ADD(path, number) g_test_add ("/agent/renewal/" path, Fixture, &cases[number], setup, agent_of_a_version, teardown)
  g_test_add_func ("/agent/renewal/versions-are-compared", versions_are_compared);
  ADD ("older-makes-room", 0);
  ADD ("without-the-method-is-left-alone", 1);
  ADD ("without-a-version-is-left-alone", 2);
  ADD ("same-is-left-alone", 3);
  ADD ("newer-is-left-alone", 4);
  ADD ("none-that-could-follow-is-left-alone", 5);
  ADD ("of-another-folder-is-left-alone", 6);
#undef ADD
  result = g_test_run ();
  fp_test_remove_folder (home);

  return result;
}
