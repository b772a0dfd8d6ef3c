#include "config.h"

#include "bus/fp-agent-renewal.h"

#include <string.h>

#include "bus/fp-agent-client.h"

gboolean
fp_agent_renewal_is_due (const char *version)
{
  return version && *version && strverscmp (version, FP_VERSION) < 0;
}

static void
asked_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (!reply)
    g_message ("the agent is older and does not restart: %s", error->message);
}

static void
names_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  GDBusConnection *bus = G_DBUS_CONNECTION (source);
  g_autoptr(GVariant) reply = g_dbus_connection_call_finish (bus, result, NULL);
  g_autofree const char **names = NULL;

  if (reply)
    g_variant_get (reply, "(^a&s)", &names);
  if (names && g_strv_contains (names, FP_AGENT_BUS_NAME))
    g_dbus_connection_call (bus, FP_AGENT_BUS_NAME, FP_AGENT_OBJECT_PATH, FP_AGENT_BUS_NAME, "Restart", NULL, NULL,
                            G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, asked_cb, NULL);
}

void
fp_agent_renewal_ask (GDBusConnection *bus)
{
  g_dbus_connection_call (bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                          "ListActivatableNames", NULL, G_VARIANT_TYPE ("(as)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL,
                          names_cb, NULL);
}
