/* Against a stand-in login1 (python3-dbusmock) on a private bus. */
#include "agent/fp-agent-sleep.h"
#include "fp-test.h"

#include <stdlib.h>

typedef struct {
  GTestDBus *bus;
  GSubprocess *mock;
  GDBusConnection *connection;
  FpAgentSleep *sleep;
  guint woke;
} Fixture;

static void
woke_cb (gpointer user_data)
{
  ((Fixture *) user_data)->woke++;
}

static gboolean
has_login (Fixture *f)
{
  g_autoptr(GVariant) reply = g_dbus_connection_call_sync (
      f->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner",
      g_variant_new ("(s)", "org.freedesktop.login1"), G_VARIANT_TYPE ("(b)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
  gboolean owned = FALSE;

  g_variant_get (reply, "(b)", &owned);
  return owned;
}

static void
setup (Fixture       *f,
       gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  f->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (f->bus);
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", g_test_dbus_get_bus_address (f->bus), TRUE);
  f->mock = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE, &error, "/usr/bin/python3", "-m", "dbusmock",
                              "--system", "--template", "logind", NULL);
  g_assert_no_error (error);
  f->connection = g_dbus_connection_new_for_address_sync (
      g_test_dbus_get_bus_address (f->bus),
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL, NULL,
      &error);
  g_assert_no_error (error);
  fp_test_until (has_login (f));
  f->sleep = fp_agent_sleep_new (woke_cb, f);
}

static void
teardown (Fixture       *f,
          gconstpointer  data)
{
  if (f->sleep)
    fp_agent_sleep_free (f->sleep);
  fp_test_drain ();
  g_subprocess_force_exit (f->mock);
  g_subprocess_wait (f->mock, NULL, NULL);
  g_object_unref (f->mock);
  g_dbus_connection_close_sync (f->connection, NULL, NULL);
  g_object_unref (f->connection);
  g_test_dbus_stop (f->bus);
  g_object_unref (f->bus);
  g_unsetenv ("DBUS_SYSTEM_BUS_ADDRESS");
}

static void
emit (Fixture  *f,
      gboolean  begins)
{
  GVariant *argument = g_variant_new_variant (g_variant_new_boolean (begins));
  g_autoptr(GVariant) reply = NULL;
  g_autoptr(GError) error = NULL;

  reply = g_dbus_connection_call_sync (
      f->connection, "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.DBus.Mock", "EmitSignal",
      g_variant_new ("(sss@av)", "org.freedesktop.login1.Manager", "PrepareForSleep", "b",
                     g_variant_new_array (G_VARIANT_TYPE_VARIANT, &argument, 1)),
      NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);
}

/* Going to sleep is none; each waking up is one. */
static void
test_woke (Fixture       *f,
           gconstpointer  data)
{
  /* Subscribed as soon as the bus was had; signals before are not heard. */
  fp_test_until ((emit (f, TRUE), emit (f, FALSE), f->woke > 0));
  fp_test_drain ();
  f->woke = 0;
  emit (f, TRUE);
  emit (f, FALSE);
  fp_test_until (f->woke == 1);
  emit (f, TRUE);
  emit (f, FALSE);
  fp_test_until (f->woke == 2);
}

static void
test_freed_at_once (Fixture       *f,
                    gconstpointer  data)
{
  fp_agent_sleep_free (g_steal_pointer (&f->sleep));
  emit (f, FALSE);
  fp_test_drain ();
  g_assert_cmpuint (f->woke, ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  g_autofree char *daemon = g_find_program_in_path ("dbus-daemon");
  int status = 0;

  if (!daemon
      || !g_spawn_command_line_sync ("/usr/bin/python3 -c 'import dbusmock'", NULL, NULL, &status, NULL) || status != 0)
    {
      g_print ("1..0 # SKIP missing: dbus-daemon or python3-dbusmock\n");
      return EXIT_SUCCESS;
    }

  g_test_init (&argc, &argv, NULL);
  g_test_add ("/agent/sleep/waking-up-is-heard", Fixture, NULL, setup, test_woke, teardown);
  g_test_add ("/agent/sleep/freed-at-once", Fixture, NULL, setup, test_freed_at_once, teardown);

  return g_test_run ();
}
