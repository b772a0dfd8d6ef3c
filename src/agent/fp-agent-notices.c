#include "config.h"

#include "agent/fp-agent-notices.h"

#include <glib/gi18n.h>

/* So long nothing more has to happen before it is told: a run ends in one notification. */
#define QUIET_MS 2000

struct _FpAgentNotices
{
  /* Borrowed. */
  GApplication *application;

  /* Owned. */
  GCancellable *cancellable;

  guint         sent;
  guint         failed;
  guint         quiet_id;
};

static void
show (FpAgentNotices *self)
{
  if (self->sent > 0)
    {
      g_autofree char *title = g_strdup_printf (ngettext ("%u submission sent", "%u submissions sent", self->sent),
                                                self->sent);
      g_autoptr(GNotification) notice = g_notification_new (title);

      g_notification_set_priority (notice, G_NOTIFICATION_PRIORITY_LOW);
      g_notification_set_default_action (notice, "app.open");
      g_application_send_notification (self->application, "sent", notice);
    }
  if (self->failed > 0)
    {
      g_autofree char *title = g_strdup_printf (ngettext ("%u could not be sent", "%u could not be sent",
                                                          self->failed), self->failed);
      g_autoptr(GNotification) notice = g_notification_new (title);

      g_notification_set_body (notice, _("It is kept in the outbox."));
      g_notification_set_default_action (notice, "app.open");
      g_notification_add_button (notice, _("Open Outbox"), "app.open");
      g_application_send_notification (self->application, "failed", notice);
    }
  self->sent = 0;
  self->failed = 0;
}

/* GLib warns on stderr where nobody shows notifications: ask first. */
static void
server_asked_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  FpAgentNotices *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (reply)
    show (self);
  self->sent = 0;
  self->failed = 0;
}

static gboolean
quiet_cb (gpointer data)
{
  FpAgentNotices *self = data;
  GDBusConnection *bus = g_application_get_dbus_connection (self->application);

  self->quiet_id = 0;
  if (bus)
    g_dbus_connection_call (bus, "org.freedesktop.Notifications", "/org/freedesktop/Notifications",
                            "org.freedesktop.Notifications", "GetServerInformation", NULL, NULL,
                            G_DBUS_CALL_FLAGS_NONE, -1, self->cancellable, server_asked_cb, self);

  return G_SOURCE_REMOVE;
}

static void
wait_for_quiet (FpAgentNotices *self)
{
  g_clear_handle_id (&self->quiet_id, g_source_remove);
  self->quiet_id = g_timeout_add (QUIET_MS, quiet_cb, self);
}

void
fp_agent_notices_sent (FpAgentNotices *self)
{
  self->sent++;
  wait_for_quiet (self);
}

void
fp_agent_notices_failed (FpAgentNotices *self)
{
  self->failed++;
  wait_for_quiet (self);
}

FpAgentNotices *
fp_agent_notices_new (GApplication *application)
{
  FpAgentNotices *self = g_new0 (FpAgentNotices, 1);

  self->application = application;
  self->cancellable = g_cancellable_new ();

  return self;
}

void
fp_agent_notices_free (FpAgentNotices *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_handle_id (&self->quiet_id, g_source_remove);
  g_free (self);
}
