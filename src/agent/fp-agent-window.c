#include "config.h"

#include "agent/fp-agent-window.h"

#define WINDOW_PATH "/io/github/fieldpost/Fieldpost"

/* A window that the bus cannot start: not installed, or there is no bus. */
static void
spawn (const char *token)
{
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr(GSubprocess) process = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = self ? g_path_get_dirname (self) : g_strdup (FP_BINDIR);
  g_autofree char *beside = g_build_filename (folder, "fieldpost", NULL);

  if (token)
    {
      g_subprocess_launcher_setenv (launcher, "XDG_ACTIVATION_TOKEN", token, TRUE);
      g_subprocess_launcher_setenv (launcher, "DESKTOP_STARTUP_ID", token, TRUE);
    }
  process = g_subprocess_launcher_spawn (launcher, &error,
                                         g_file_test (beside, G_FILE_TEST_IS_EXECUTABLE) ? beside : "fieldpost", NULL);
  if (!process)
    g_message ("the window cannot be opened: %s", error->message);
}

static void
activated_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autofree char *token = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN)
      || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER))
    spawn (token);
  else if (!reply)
    g_message ("the window cannot be opened: %s", error->message);
}

void
fp_agent_open_window (GDBusConnection *bus,
                      const char      *token)
{
  GVariantBuilder platform;

  if (!bus)
    {
      spawn (token);
      return;
    }
  g_variant_builder_init (&platform, G_VARIANT_TYPE_VARDICT);
  if (token)
    {
      g_variant_builder_add (&platform, "{sv}", "activation-token", g_variant_new_string (token));
      g_variant_builder_add (&platform, "{sv}", "desktop-startup-id", g_variant_new_string (token));
    }
  g_dbus_connection_call (bus, FP_APP_ID, WINDOW_PATH, "org.freedesktop.Application", "Activate",
                          g_variant_new ("(a{sv})", &platform), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, activated_cb,
                          g_strdup (token));
}
