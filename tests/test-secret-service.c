/* The keyring, by a real gnome-keyring on a private bus. */
#include <string.h>

#include "fp-test-secret.h"
#include "fp-test.h"

/* Never freed: that waits for the process's connection to go, and libsecret keeps it for good. */
static GTestDBus *bus_daemon;

typedef struct
{
  GSubprocess *keyring;
  char *folder;
  FpSecrets *secrets;
} Fixture;

static gboolean
has_owner (void)
{
  g_autoptr(GDBusConnection) bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, NULL);
  g_autoptr(GVariant) answer = g_dbus_connection_call_sync (
      bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner",
      g_variant_new ("(s)", "org.freedesktop.secrets"), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
      NULL);
  gboolean owned = FALSE;

  if (answer)
    g_variant_get (answer, "(b)", &owned);
  return owned;
}

static void
setup (Fixture       *f,
       gconstpointer  data)
{
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE
      | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autoptr(GError) error = NULL;
  GOutputStream *in;

  f->folder = fp_test_make_folder ();
  bus_daemon = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (bus_daemon);
  g_subprocess_launcher_setenv (launcher, "DBUS_SESSION_BUS_ADDRESS",
                                g_test_dbus_get_bus_address (bus_daemon), TRUE);
  g_subprocess_launcher_setenv (launcher, "HOME", f->folder, TRUE);
  g_subprocess_launcher_setenv (launcher, "XDG_DATA_HOME", f->folder, TRUE);
  g_subprocess_launcher_setenv (launcher, "XDG_RUNTIME_DIR", f->folder, TRUE);
  f->keyring = g_subprocess_launcher_spawn (launcher, &error, "gnome-keyring-daemon",
                                            "--foreground", "--unlock", "--components=secrets",
                                            NULL);
  g_assert_no_error (error);
  in = g_subprocess_get_stdin_pipe (f->keyring);
  g_output_stream_write_all (in, "unlock", strlen ("unlock"), NULL, NULL, &error);
  g_assert_no_error (error);
  g_output_stream_close (in, NULL, NULL);
  fp_test_until (has_owner ());
  f->secrets = fp_secrets_new (f->folder);
}

static void
teardown (Fixture       *f,
          gconstpointer  data)
{
  g_autoptr(GDBusConnection) bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, NULL);

  fp_test_secret_end (f->secrets);
  g_subprocess_send_signal (f->keyring, 15);
  g_subprocess_wait (f->keyring, NULL, NULL);
  g_object_unref (f->keyring);
  g_dbus_connection_set_exit_on_close (bus, FALSE);
  g_test_dbus_stop (bus_daemon);
  fp_test_remove_folder (f->folder);
  g_free (f->folder);
}

static void
lock_everything (void)
{
  g_autoptr(GDBusConnection) bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = g_dbus_connection_call_sync (
      bus, "org.freedesktop.secrets", "/org/freedesktop/secrets",
      "org.freedesktop.Secret.Service", "Lock",
      g_variant_new_parsed ("([objectpath '/org/freedesktop/secrets/collection/login'],)"), NULL,
      G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (answer);
}

/* One test: libsecret holds on to the first service that it meets in a process. */
static void
test_contract_and_lock (Fixture       *f,
                        gconstpointer  data)
{
  gint64 start;

  fp_test_secret_check_contract (f->secrets);

  /* In the background nobody may be asked for the keyring's password, nor waited for. */
  lock_everything ();
  start = g_get_monotonic_time ();
  fp_test_secret_assert_no_secret (f->secrets, "b", THERE, FP_SECRET_ERROR_LOCKED);
  fp_test_secret_assert_no_secret (f->secrets, "b", HERE, FP_SECRET_ERROR_ORIGIN);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 2 * G_USEC_PER_SEC);
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *daemon = g_find_program_in_path ("gnome-keyring-daemon");

  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("FIELDPOST_SECRETS");
  g_unsetenv ("CREDENTIALS_DIRECTORY");
  g_setenv ("SECRET_BACKEND", "service", TRUE);
  if (!daemon)
    {
      g_print ("1..0 # SKIP needs gnome-keyring\n");
      return 0;
    }

  g_test_add ("/secret-service/is-bound-to-its-origin-and-never-prompts", Fixture, NULL, setup,
              test_contract_and_lock, teardown);

  return g_test_run ();
}
