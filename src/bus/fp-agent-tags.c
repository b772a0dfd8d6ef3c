#include "bus/fp-agent-call.h"
#include "bus/fp-agent-client.h"
#include "engine/fp-engine-tags.h"

/* AddEvent. */

static void
add_event (FpAgentCall *call)
{
  call->finish = fp_engine_add_event_finish;
  fp_engine_add_event_async (call->service->engine, call->name, call->text, NULL, fp_agent_call_finish_cb, call);
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
register_sync (FpAgentCall *call)
{
  call->finish = fp_engine_register_finish;
  fp_engine_register_async (call->service->engine, call->name, call->bus_name, NULL, fp_agent_call_finish_cb, call);
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
unregister (FpAgentCall *call)
{
  call->finish = fp_engine_unregister_finish;
  fp_engine_unregister_async (call->service->engine, call->name, NULL, fp_agent_call_finish_cb, call);
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

/* SyncFired, to a program that is started for it. */

typedef struct {
  FpAgentService *service; /* borrowed: it goes with its table */
  char           *tag;
  char           *bus_name;
  char           *owner;   /* (nullable): who was told */
  char           *why;     /* (nullable): it cannot be started */
  gboolean        last_chance;
  guint           watch;   /* 0: it is being started */
} Told;

static void
told_free (gpointer data)
{
  Told *told = data;

  g_free (told->tag);
  g_free (told->bus_name);
  g_free (told->owner);
  g_free (told->why);
  g_free (told);
}

/* Of a table. */
static void
told_drop (gpointer data)
{
  Told *told = data;

  if (told->watch > 0)
    g_bus_unwatch_name (told->watch);
  else
    told_free (told);
}

static void
fail (Told       *told,
      const char *why)
{
  FpTags *tags = fp_engine_get_tags (told->service->engine);
  g_autofree char *text = g_strdup_printf ("%s %s", told->bus_name, why);

  if (tags)
    fp_tags_done (tags, told->tag, FALSE, text);
  g_hash_table_remove (told->service->told, told->tag);
}

static void
appeared_cb (GDBusConnection *bus,
             const char      *name,
             const char      *owner,
             gpointer         user_data)
{
  Told *told = user_data;

  told->owner = g_strdup (owner);
  g_dbus_connection_emit_signal (bus, told->bus_name, FP_AGENT_OBJECT_PATH, FP_AGENT_BUS_NAME, "SyncFired",
                                 g_variant_new ("(sb)", fp_bus_caller_strip (told->tag, told->bus_name),
                                                told->last_chance),
                                 NULL);
}

static void
vanished_cb (GDBusConnection *bus,
             const char      *name,
             gpointer         user_data)
{
  Told *told = user_data;

  fail (told, told->why && !told->owner ? told->why : "ended without an answer");
}

typedef struct {
  FpAgentService *service; /* owned */
  char           *tag;
} Start;

static void
start_free (Start *start)
{
  g_object_unref (start->service);
  g_free (start->tag);
  g_free (start);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Start, start_free)

static void
started_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  GDBusConnection *bus = G_DBUS_CONNECTION (source);
  g_autoptr(Start) start = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = g_dbus_connection_call_finish (bus, result, &error);
  Told *told = g_hash_table_lookup (start->service->told, start->tag);

  if (!told || told->watch > 0)
    return;
  /* The bus does not look who is there before it looks for a file that says how to start it. */
  if (!reply)
    {
      g_dbus_error_strip_remote_error (error);
      told->why = g_strconcat ("cannot be started: ", error->message, NULL);
    }
  told->watch = g_bus_watch_name_on_connection (bus, told->bus_name, G_BUS_NAME_WATCHER_FLAGS_NONE, appeared_cb,
                                                vanished_cb, told, told_free);
}

static void
fired_cb (FpTags         *tags,
          const char     *tag,
          const char     *bus_name,
          gboolean        last_chance,
          FpAgentService *self)
{
  GDBusConnection *bus = g_dbus_interface_skeleton_get_connection (G_DBUS_INTERFACE_SKELETON (self->agent));
  Told *told;
  Start *start;

  if (!bus_name)
    {
      fp_dbus_agent_emit_sync_fired (self->agent, tag, last_chance);
      return;
    }
  told = g_new0 (Told, 1);
  told->service = self;
  told->tag = g_strdup (tag);
  told->bus_name = g_strdup (bus_name);
  told->last_chance = last_chance;
  g_hash_table_replace (self->told, told->tag, told);
  start = g_new0 (Start, 1);
  start->service = g_object_ref (self);
  start->tag = g_strdup (tag);
  g_dbus_connection_call (bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                          "StartServiceByName", g_variant_new ("(su)", bus_name, 0), G_VARIANT_TYPE ("(u)"),
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, started_cb, start);
}

/* SyncDone: from the program that was told, if one was. */

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
registration_got_cb (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  FpAgentCall *call = user_data;
  GError *error = NULL;
  g_autoptr(FpRegistration) row = fp_engine_get_registration_finish (FP_ENGINE (source), result, &error);

  if (row && row->bus_name)
    g_set_error (&error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED, "“%s” is another program's to answer", call->name);
  if (error)
    fp_agent_call_end (call, error);
  else
    settle (call);
}

static void
sync_done (FpAgentCall *call)
{
  fp_engine_get_registration_async (call->service->engine, call->name, NULL, registration_got_cb, call);
}

/* Who was told is known without asking anybody; it may end right after its answer. */
static Told *
find_told (FpAgentService *self,
           const char     *sender,
           const char     *tag)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->told);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Told *told = value;

      if (g_strcmp0 (told->owner, sender) == 0
          && g_str_equal (fp_bus_caller_strip (told->tag, told->bus_name), tag))
        return told;
    }

  return NULL;
}

static gboolean
handle_sync_done (FpDbusAgent           *agent,
                  GDBusMethodInvocation *invocation,
                  const char            *tag,
                  gboolean               ok,
                  FpAgentService        *self)
{
  Told *told = find_told (self, g_dbus_method_invocation_get_sender (invocation), tag);
  FpAgentCall *call = fp_agent_call_new (self, invocation, told ? told->tag : tag, NULL);

  call->ok = ok;
  if (told)
    {
      g_hash_table_remove (self->told, told->tag);
      settle (call);
    }
  else
    {
      fp_agent_call_ask (call, sync_done);
    }

  return G_DBUS_METHOD_INVOCATION_HANDLED;
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

  self->told = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, told_drop);
  _fp_agent_service_connect (self, methods);
  if (!tags)
    return;
  g_signal_connect_object (tags, "fired", G_CALLBACK (fired_cb), self, 0);
  fp_tags_set_announce (tags, TRUE);
}
