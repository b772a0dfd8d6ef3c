#include "config.h"

#include "bus/fp-agent-service-private.h"

#include "bus/fp-agent-client.h"

#define INTERFACE_VERSION 2

/* Changes are told together: a run of a thousand items must not make a thousand signals a second. */
#define GATHER_MS 50
/* Beyond so many ids "look at everything" is cheaper for everybody. */
#define IDS_MAX 200
#define REREAD_S 30

enum { STATUS_CHANGED, RESTART, N_SIGNALS };

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FpAgentService, fp_agent_service, G_TYPE_OBJECT)

/* Status. */

static void
publish (FpAgentService *self)
{
  const FpItemCounts *counts = self->status->counts;
  g_autofree char *words = fp_reason_dup_words (counts->reason_code, counts->reason, counts->next_try);

  g_object_set (self->agent,
                "status", fp_sync_state_to_string (self->status->state),
                "pending", counts->pending,
                "failed", counts->failed,
                "sending", counts->sending,
                "held", counts->held,
                "events", counts->events,
                "connectivity", fp_link_state_to_string (self->status->link),
                "run-done", self->status->run_done,
                "run-total", self->status->run_total,
                "next-attempt", counts->next_try,
                "last-error", words,
                NULL);
  /* At once, not when idle: who calls Get after a signal must not see less than the signal told. */
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (self->agent));
  g_signal_emit (self, signals[STATUS_CHANGED], 0);
}

static void read_status (FpAgentService *self);

static void
status_read_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr(FpAgentService) self = user_data;
  g_autoptr(GError) error = NULL;
  FpStatus *status = fp_engine_read_status_finish (FP_ENGINE (source), result, &error);

  self->reading = FALSE;
  if (g_cancellable_is_cancelled (self->cancellable))
    {
      g_clear_pointer (&status, fp_status_free);
      return;
    }
  if (status)
    {
      fp_status_free (self->status);
      self->status = status;
      publish (self);
    }
  else
    {
      g_message ("the status cannot be read: %s", error->message);
    }
  if (self->read_again)
    read_status (self);
}

static void
read_status (FpAgentService *self)
{
  self->read_again = self->reading;
  if (self->reading)
    return;
  self->reading = TRUE;
  fp_engine_read_status_async (self->engine, self->cancellable, status_read_cb, g_object_ref (self));
}

static void
tell_changed (FpAgentService *self)
{
  GVariantBuilder ids;

  if (!self->changed_any)
    return;

  g_variant_builder_init (&ids, G_VARIANT_TYPE ("ax"));
  for (guint i = 0; !self->changed_all && i < self->changed->len; i++)
    g_variant_builder_add (&ids, "x", g_array_index (self->changed, gint64, i));
  fp_dbus_agent_emit_changed (self->agent, g_variant_builder_end (&ids));
  g_array_set_size (self->changed, 0);
  self->changed_all = FALSE;
  self->changed_any = FALSE;
}

static gboolean
gather_cb (gpointer data)
{
  FpAgentService *self = data;

  self->gather_id = 0;
  tell_changed (self);
  read_status (self);

  return G_SOURCE_REMOVE;
}

void
fp_agent_service_refresh (FpAgentService *self)
{
  g_return_if_fail (FP_IS_AGENT_SERVICE (self));

  if (self->gather_id == 0)
    self->gather_id = g_timeout_add (GATHER_MS, gather_cb, self);
}

const FpStatus *
fp_agent_service_get_status (FpAgentService *self)
{
  g_return_val_if_fail (FP_IS_AGENT_SERVICE (self), NULL);

  return self->status;
}

static gboolean
reread_cb (gpointer data)
{
  fp_agent_service_refresh (data);

  return G_SOURCE_CONTINUE;
}

static void
store_changed_cb (FpStore        *store,
                  guint           topics,
                  GArray         *ids,
                  FpAgentService *self)
{
  self->changed_any = TRUE;
  if (!ids || ids->len == 0 || self->changed->len + ids->len > IDS_MAX)
    self->changed_all = TRUE;
  for (guint i = 0; !self->changed_all && i < ids->len; i++)
    {
      gint64 id = g_array_index (ids, gint64, i);
      gboolean told = FALSE;

      for (guint j = 0; j < self->changed->len && !told; j++)
        told = g_array_index (self->changed, gint64, j) == id;
      if (!told)
        g_array_append_val (self->changed, id);
    }
  fp_agent_service_refresh (self);
}

/* Methods. */

static gboolean
handle_sync (FpDbusAgent           *agent,
             GDBusMethodInvocation *invocation,
             const char            *tag,
             FpAgentService        *self)
{
  FpSync *sync = fp_engine_get_sync (self->engine);

  if (!sync)
    {
      fp_bus_error_return (invocation, g_error_new (FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED,
                                                    "this process does not send"));
      return G_DBUS_METHOD_INVOCATION_HANDLED;
    }
  fp_sync_now (sync, *tag ? tag : NULL);
  fp_dbus_agent_complete_sync (agent, invocation);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
handle_nudge (FpDbusAgent           *agent,
              GDBusMethodInvocation *invocation,
              FpAgentService        *self)
{
  self->changed_any = TRUE;
  self->changed_all = TRUE;
  fp_agent_service_refresh (self);
  fp_engine_poke (self->engine, FP_STORE_ITEMS | FP_STORE_DRAFTS | FP_STORE_FORMS | FP_STORE_SERVERS
                                | FP_STORE_SETTINGS | FP_STORE_TAGS);
  fp_dbus_agent_complete_nudge (agent, invocation);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
paused_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  GError *error = NULL;

  if (fp_engine_set_paused_finish (FP_ENGINE (source), result, &error))
    g_dbus_method_invocation_return_value (invocation, NULL);
  else
    fp_bus_error_return (invocation, error);
}

static gboolean
handle_pause (FpDbusAgent           *agent,
              GDBusMethodInvocation *invocation,
              FpAgentService        *self)
{
  fp_engine_set_paused_async (self->engine, TRUE, NULL, paused_cb, invocation);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
handle_resume (FpDbusAgent           *agent,
               GDBusMethodInvocation *invocation,
               FpAgentService        *self)
{
  fp_engine_set_paused_async (self->engine, FALSE, NULL, paused_cb, invocation);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
flushed_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(FpAgentService) self = user_data;

  g_dbus_connection_flush_finish (G_DBUS_CONNECTION (source), result, NULL);
  g_signal_emit (self, signals[RESTART], 0);
}

static gboolean
handle_restart (FpDbusAgent           *agent,
                GDBusMethodInvocation *invocation,
                FpAgentService        *self)
{
  GDBusConnection *bus = g_dbus_method_invocation_get_connection (invocation);

  fp_dbus_agent_complete_restart (agent, invocation);
  /* The answer first: who asked waits for it. */
  g_dbus_connection_flush (bus, NULL, flushed_cb, g_object_ref (self));

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
handle_set_link (FpDbusDemo            *demo,
                 GDBusMethodInvocation *invocation,
                 const char            *word,
                 FpAgentService        *self)
{
  FpLinkState state;

  if (!fp_link_state_from_string (word, &state))
    {
      fp_bus_error_return (invocation, g_error_new (FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE,
                                                    "there is no link state \"%s\"", word));
      return G_DBUS_METHOD_INVOCATION_HANDLED;
    }
  fp_link_set (self->demo_link, state, FALSE);
  fp_dbus_demo_complete_set_link (demo, invocation);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/* Signals of the sender. */

static void
progress_cb (FpSync         *sync,
             gint64          id,
             gint64          done,
             gint64          total,
             FpAgentService *self)
{
  fp_dbus_agent_emit_progress (self->agent, id, done, total);
}

static void
delivered_cb (FpSync         *sync,
              gint64          id,
              const char     *uid,
              gint64          ms,
              FpAgentService *self)
{
  fp_dbus_agent_emit_delivered (self->agent, id, uid);
}

/* The object. */

static void
fp_agent_service_dispose (GObject *object)
{
  FpAgentService *self = FP_AGENT_SERVICE (object);

  g_cancellable_cancel (self->cancellable);
  _fp_agent_service_stop_intake (self);
  g_clear_handle_id (&self->gather_id, g_source_remove);
  g_clear_handle_id (&self->reread_id, g_source_remove);
  if (self->agent && g_dbus_interface_skeleton_get_connection (G_DBUS_INTERFACE_SKELETON (self->agent)))
    g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (self->agent));
  if (self->demo && g_dbus_interface_skeleton_get_connection (G_DBUS_INTERFACE_SKELETON (self->demo)))
    g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (self->demo));
  g_clear_object (&self->agent);
  g_clear_object (&self->demo);
  g_clear_object (&self->demo_link);
  g_clear_pointer (&self->told, g_hash_table_unref);
  g_clear_object (&self->engine);

  G_OBJECT_CLASS (fp_agent_service_parent_class)->dispose (object);
}

static void
fp_agent_service_finalize (GObject *object)
{
  FpAgentService *self = FP_AGENT_SERVICE (object);

  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->status, fp_status_free);
  g_clear_pointer (&self->changed, g_array_unref);
  g_clear_pointer (&self->intake, _fp_agent_intake_free);
  g_clear_pointer (&self->limits, fp_bus_limits_free);

  G_OBJECT_CLASS (fp_agent_service_parent_class)->finalize (object);
}

static void
fp_agent_service_class_init (FpAgentServiceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = fp_agent_service_dispose;
  object_class->finalize = fp_agent_service_finalize;

  signals[STATUS_CHANGED] = g_signal_new ("status-changed", FP_TYPE_AGENT_SERVICE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                          NULL, G_TYPE_NONE, 0);
  signals[RESTART] = g_signal_new ("restart", FP_TYPE_AGENT_SERVICE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
}

static void
fp_agent_service_init (FpAgentService *self)
{
  self->cancellable = g_cancellable_new ();
  self->status = fp_status_new ();
  self->limits = fp_bus_limits_new ();
  self->changed = g_array_new (FALSE, FALSE, sizeof (gint64));
}

void
_fp_agent_service_connect (FpAgentService    *self,
                           const FpBusMethod *methods)
{
  for (; methods->signal; methods++)
    g_signal_connect_object (self->agent, methods->signal, methods->handler, self, 0);
}

static void
connect_methods (FpAgentService *self)
{
  static const FpBusMethod methods[] = {
    { "handle-sync", G_CALLBACK (handle_sync) },
    { "handle-nudge", G_CALLBACK (handle_nudge) },
    { "handle-pause", G_CALLBACK (handle_pause) },
    { "handle-resume", G_CALLBACK (handle_resume) },
    { "handle-restart", G_CALLBACK (handle_restart) },
    { NULL },
  };

  _fp_agent_service_connect (self, methods);
  _fp_agent_service_connect_enqueue (self);
  _fp_agent_service_connect_edit (self);
  _fp_agent_service_connect_items (self);
  _fp_agent_service_connect_tags (self);
  _fp_agent_service_connect_periodic (self);
}

static void
watch_engine (FpAgentService *self)
{
  FpSync *sync = fp_engine_get_sync (self->engine);

  g_signal_connect_object (fp_engine_get_store (self->engine), "changed", G_CALLBACK (store_changed_cb), self, 0);
  g_signal_connect_object (self->engine, "changed", G_CALLBACK (fp_agent_service_refresh), self, G_CONNECT_SWAPPED);
  if (!sync)
    return;
  g_signal_connect_object (sync, "notify", G_CALLBACK (fp_agent_service_refresh), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (sync, "progress", G_CALLBACK (progress_cb), self, 0);
  g_signal_connect_object (sync, "delivered", G_CALLBACK (delivered_cb), self, 0);
  g_signal_connect_object (fp_sync_get_link (sync), "changed", G_CALLBACK (fp_agent_service_refresh), self,
                           G_CONNECT_SWAPPED);
}

/**
 * fp_agent_service_new:
 * @engine: open; sending was started, if this process is to send
 * @bus: where to export, before the bus name is owned
 * @demo_link: (nullable): a fake link that the Demo interface steers
 *
 * Serves the D-Bus interface until the object is disposed of. Main context only.
 *
 * Returns: (transfer full): the service, or %NULL if the object path is taken
 */
FpAgentService *
fp_agent_service_new (FpEngine         *engine,
                      GDBusConnection  *bus,
                      FpLink           *demo_link,
                      GError          **error)
{
  g_autoptr(FpAgentService) self = g_object_new (FP_TYPE_AGENT_SERVICE, NULL);

  self->engine = g_object_ref (engine);
  self->agent = fp_dbus_agent_skeleton_new ();
  fp_dbus_agent_set_version (self->agent, INTERFACE_VERSION);
  fp_dbus_agent_set_program_version (self->agent, FP_VERSION);
  fp_dbus_agent_set_store_id (self->agent, fp_store_get_id (fp_engine_get_store (engine)));
  connect_methods (self);
  watch_engine (self);
  publish (self);
  if (!g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->agent), bus, FP_AGENT_OBJECT_PATH, error))
    return NULL;
  if (demo_link)
    {
      self->demo_link = g_object_ref (demo_link);
      self->demo = fp_dbus_demo_skeleton_new ();
      g_signal_connect_object (self->demo, "handle-set-link", G_CALLBACK (handle_set_link), self, 0);
      if (!g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->demo), bus, FP_AGENT_OBJECT_PATH,
                                             error))
        return NULL;
    }
  self->reread_id = g_timeout_add_seconds (REREAD_S, reread_cb, self);
  read_status (self);

  return g_steal_pointer (&self);
}
