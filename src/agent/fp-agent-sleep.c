#include "agent/fp-agent-sleep.h"

struct _FpAgentSleep
{
  /* Owned. */
  GCancellable    *cancellable;
  GDBusConnection *bus; /* NULL: not there, or not yet */

  guint            subscription;
  FpAgentSleepFunc woke;
  gpointer         user_data;
};

/* Source: org.freedesktop.login1(5), "PrepareForSleep": TRUE before the machine sleeps, FALSE when it woke up. */
static void
prepare_for_sleep_cb (GDBusConnection *bus,
                      const char      *sender,
                      const char      *path,
                      const char      *interface,
                      const char      *signal,
                      GVariant        *parameters,
                      gpointer         user_data)
{
  FpAgentSleep *self = user_data;
  gboolean begins = TRUE;

  if (g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(b)")))
    g_variant_get (parameters, "(b)", &begins);
  if (!begins)
    self->woke (self->user_data);
}

static void
bus_got_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  GDBusConnection *bus = g_bus_get_finish (result, &error);
  FpAgentSleep *self;

  if (!bus)
    {
      /* Also when it was freed meanwhile. */
      g_debug ("sleep: no system bus: %s", error->message);
      return;
    }

  self = user_data;
  self->bus = bus;
  g_dbus_connection_set_exit_on_close (bus, FALSE);
  self->subscription = g_dbus_connection_signal_subscribe (
      bus, "org.freedesktop.login1", "org.freedesktop.login1.Manager", "PrepareForSleep", "/org/freedesktop/login1",
      NULL, G_DBUS_SIGNAL_FLAGS_NONE, prepare_for_sleep_cb, self, NULL);
}

FpAgentSleep *
fp_agent_sleep_new (FpAgentSleepFunc woke,
                    gpointer         user_data)
{
  FpAgentSleep *self = g_new0 (FpAgentSleep, 1);

  self->woke = woke;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  g_bus_get (G_BUS_TYPE_SYSTEM, self->cancellable, bus_got_cb, self);

  return self;
}

void
fp_agent_sleep_free (FpAgentSleep *self)
{
  g_cancellable_cancel (self->cancellable);
  if (self->subscription != 0)
    g_dbus_connection_signal_unsubscribe (self->bus, self->subscription);
  g_clear_object (&self->bus);
  g_object_unref (self->cancellable);
  g_free (self);
}
