#include "bus/fp-agent-call.h"
#include "bus/fp-agent-client.h"
#include "engine/fp-engine-tags.h"

/* AddEvent. */

static void
event_added_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  GError *error = NULL;

  fp_engine_add_event_finish (FP_ENGINE (source), result, &error);
  fp_agent_call_end (user_data, error);
}

static void
add_event (FpAgentCall *call)
{
  fp_engine_add_event_async (call->service->engine, call->name, call->text, NULL, event_added_cb, call);
}

static gboolean
handle_add_event (FpDbusAgent           *agent,
                  GDBusMethodInvocation *invocation,
                  const char            *tag,
                  const char            *json,
                  FpAgentService        *self)
{
  FpAgentCall *call = fp_agent_call_new (self, invocation, tag, NULL);

  call->text = g_strdup (json);
  fp_agent_call_ask (call, add_event);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/* RegisterSync, UnregisterSync. */

static void
registered_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  GError *error = NULL;

  fp_engine_register_finish (FP_ENGINE (source), result, &error);
  fp_agent_call_end (user_data, error);
}

static void
register_sync (FpAgentCall *call)
{
  fp_engine_register_async (call->service->engine, call->name, call->bus_name, NULL, registered_cb, call);
}

static gboolean
handle_register_sync (FpDbusAgent           *agent,
                      GDBusMethodInvocation *invocation,
                      const char            *tag,
                      const char            *bus_name,
                      FpAgentService        *self)
{
  fp_agent_call_ask (fp_agent_call_new (self, invocation, *tag ? tag : "data-sync", bus_name), register_sync);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
unregistered_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  GError *error = NULL;

  fp_engine_unregister_finish (FP_ENGINE (source), result, &error);
  fp_agent_call_end (user_data, error);
}

static void
unregister (FpAgentCall *call)
{
  fp_engine_unregister_async (call->service->engine, call->name, NULL, unregistered_cb, call);
}

static gboolean
handle_unregister_sync (FpDbusAgent           *agent,
                        GDBusMethodInvocation *invocation,
                        const char            *tag,
                        FpAgentService        *self)
{
  fp_agent_call_ask (fp_agent_call_new (self, invocation, *tag ? tag : "data-sync", NULL), unregister);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/* SyncDone: from the owner of the name that was told, if one was. */

static void
settle (FpAgentCall *call)
{
  FpTags *tags = fp_engine_get_tags (call->service->engine);
  GError *error = NULL;

  if (!tags || !fp_tags_done (tags, call->name, call->ok, NULL))
    g_set_error (&error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED, "nobody waits for an answer of “%s”", call->name);
  fp_agent_call_end (call, error);
}

static void
owner_got_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  FpAgentCall *call = user_data;
  g_autoptr(GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  const char *owner = NULL;

  if (reply)
    g_variant_get (reply, "(&s)", &owner);
  if (g_strcmp0 (owner, g_dbus_method_invocation_get_sender (call->invocation)) == 0)
    settle (call);
  else
    fp_agent_call_end (call, g_error_new (FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED,
                                          "“%s” is another program's to answer", call->name));
}

static void
registration_got_cb (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  FpAgentCall *call = user_data;
  GError *error = NULL;
  g_autoptr(FpRegistration) row = fp_engine_get_registration_finish (FP_ENGINE (source), result, &error);

  if (!row)
    fp_agent_call_end (call, error);
  else if (!row->bus_name)
    settle (call);
  else
    g_dbus_connection_call (g_dbus_method_invocation_get_connection (call->invocation), "org.freedesktop.DBus",
                            "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetNameOwner",
                            g_variant_new ("(s)", row->bus_name), G_VARIANT_TYPE ("(s)"), G_DBUS_CALL_FLAGS_NONE, -1,
                            NULL, owner_got_cb, call);
}

static void
sync_done (FpAgentCall *call)
{
  fp_engine_get_registration_async (call->service->engine, call->name, NULL, registration_got_cb, call);
}

static gboolean
handle_sync_done (FpDbusAgent           *agent,
                  GDBusMethodInvocation *invocation,
                  const char            *tag,
                  gboolean               ok,
                  FpAgentService        *self)
{
  FpAgentCall *call = fp_agent_call_new (self, invocation, tag, NULL);

  call->ok = ok;
  fp_agent_call_ask (call, sync_done);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/* SyncFired. */

typedef struct {
  FpAgentService *service; /* owned */
  char           *tag;
  char           *bus_name;
  gboolean        last_chance;
} Fired;

static void
fired_free (Fired *fired)
{
  g_object_unref (fired->service);
  g_free (fired->tag);
  g_free (fired->bus_name);
  g_free (fired);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fired, fired_free)

static void
started_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  GDBusConnection *bus = G_DBUS_CONNECTION (source);
  g_autoptr(Fired) fired = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = g_dbus_connection_call_finish (bus, result, &error);
  FpTags *tags = fired->service->engine ? fp_engine_get_tags (fired->service->engine) : NULL;

  if (!tags)
    return;
  if (!reply)
    {
      g_autofree char *why = NULL;

      g_dbus_error_strip_remote_error (error);
      why = g_strdup_printf ("%s cannot be started: %s", fired->bus_name, error->message);
      fp_tags_done (tags, fired->tag, FALSE, why);
      return;
    }
  g_dbus_connection_emit_signal (bus, fired->bus_name, FP_AGENT_OBJECT_PATH, FP_AGENT_BUS_NAME, "SyncFired",
                                 g_variant_new ("(sb)", fp_bus_caller_strip (fired->tag, fired->bus_name),
                                                fired->last_chance),
                                 NULL);
}

static void
fired_cb (FpTags         *tags,
          const char     *tag,
          const char     *bus_name,
          gboolean        last_chance,
          FpAgentService *self)
{
  GDBusConnection *bus = g_dbus_interface_skeleton_get_connection (G_DBUS_INTERFACE_SKELETON (self->agent));
  Fired *fired;

  if (!bus_name)
    {
      fp_dbus_agent_emit_sync_fired (self->agent, tag, last_chance);
      return;
    }
  fired = g_new0 (Fired, 1);
  fired->service = g_object_ref (self);
  fired->tag = g_strdup (tag);
  fired->bus_name = g_strdup (bus_name);
  fired->last_chance = last_chance;
  g_dbus_connection_call (bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                          "StartServiceByName", g_variant_new ("(su)", bus_name, 0), G_VARIANT_TYPE ("(u)"),
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, started_cb, fired);
}

void
_fp_agent_service_connect_tags (FpAgentService *self)
{
  static const FpBusMethod methods[] = {
    { "handle-add-event", G_CALLBACK (handle_add_event) },
    { "handle-register-sync", G_CALLBACK (handle_register_sync) },
    { "handle-unregister-sync", G_CALLBACK (handle_unregister_sync) },
    { "handle-sync-done", G_CALLBACK (handle_sync_done) },
    { NULL },
  };
  FpTags *tags = fp_engine_get_tags (self->engine);

  _fp_agent_service_connect (self, methods);
  if (!tags)
    return;
  g_signal_connect_object (tags, "fired", G_CALLBACK (fired_cb), self, 0);
  fp_tags_set_announce (tags, TRUE);
}
