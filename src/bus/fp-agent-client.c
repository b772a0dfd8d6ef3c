#include "bus/fp-agent-client.h"

#include "bus/fp-agent-renewal.h"
#include "bus/fp-dbus.h"

#define REREAD_S 30
/* A draft saves itself twice a second: others need not hear of each save. */
#define DRAFTS_S 2
#define DEMO_INTERFACE "io.github.fieldpost.Fieldpost.Demo"
#define AGENT_INTERFACE "io.github.fieldpost.Fieldpost.Agent"
#define ALL_TOPICS                                                                                  \
  (FP_STORE_ITEMS | FP_STORE_DRAFTS | FP_STORE_FORMS | FP_STORE_SERVERS | FP_STORE_SETTINGS | FP_STORE_TAGS)

struct _FpAgentClient
{
  GObject parent_instance;

  /* Owned. */
  FpEngine        *engine;
  GDBusConnection *bus;      /* NULL: no session bus */
  FpDbusAgent     *proxy;    /* NULL until it is ready */
  FpStatus        *status;
  GCancellable    *cancellable;
  GPtrArray       *waiting;  /* GTask: syncs that were asked for before it is ready */

  FpAgentPresence  presence;
  gboolean         activate;
  gboolean         renew;     /* an older agent is to be asked; once, for the bus may start the old one again */
  gboolean         renewing;  /* it was asked: once it is gone another is started */
  gboolean         ready;
  gboolean         reading;
  gboolean         read_again;
  guint            reread_id;
  guint            drafts_id; /* a nudge that waits to be sent */
};

enum { PROP_0, PROP_READY, PROP_PRESENCE, PROP_STATUS, N_PROPS };
enum { PROGRESS, DELIVERED, N_SIGNALS };

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FpAgentClient, fp_agent_client, G_TYPE_OBJECT)

static void run_sync (FpAgentClient *self,
                      GTask         *task);

/* Status. */

/* What only the agent knows: it sees the network and holds the sender. */
static void
merge (FpAgentClient *self,
       FpStatus      *status)
{
  const char *word;

  if (self->presence != FP_AGENT_PRESENT)
    return;

  word = fp_dbus_agent_get_status (self->proxy);
  if (word)
    fp_sync_state_from_string (word, &status->state);
  word = fp_dbus_agent_get_connectivity (self->proxy);
  if (word)
    fp_link_state_from_string (word, &status->link);
  status->run_done = fp_dbus_agent_get_run_done (self->proxy);
  status->run_total = fp_dbus_agent_get_run_total (self->proxy);
  status->sender = TRUE;
}

static void read_status (FpAgentClient *self);

static void
status_read_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr(FpAgentClient) self = user_data;
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
      merge (self, status);
      fp_status_free (self->status);
      self->status = status;
    }
  /* A command that is done closes while this is under way. */
  else if (!g_error_matches (error, FP_STORE_ERROR, FP_STORE_ERROR_CLOSED))
    {
      g_message ("the status cannot be read: %s", error->message);
    }
  /* Also after a failure: somebody may wait for the answer. */
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATUS]);
  if (self->read_again)
    read_status (self);
}

static void
read_status (FpAgentClient *self)
{
  self->read_again = self->reading;
  if (self->reading)
    return;
  self->reading = TRUE;
  fp_engine_read_status_async (self->engine, self->cancellable, status_read_cb, g_object_ref (self));
}

static gboolean
reread_cb (gpointer data)
{
  read_status (data);

  return G_SOURCE_CONTINUE;
}

/* The agent. */

/* The bus starts an agent on the folder of the login, so it helps nobody who works in another one. */
static gboolean
is_home (FpAgentClient *self)
{
  const char *folder = fp_store_get_folder (fp_engine_get_store (self->engine));
  g_autofree char *usual = g_build_filename (g_get_user_data_dir (), "fieldpost", NULL);

  return self->activate && self->bus && g_str_equal (folder, usual);
}

static gboolean
may_activate (FpAgentClient *self)
{
  return self->presence == FP_AGENT_ABSENT && is_home (self);
}

static void
send_quietly (FpAgentClient *self,
              const char    *interface,
              const char    *method,
              GVariant      *arguments)
{
  g_autoptr(GDBusMessage) message = g_dbus_message_new_method_call (FP_AGENT_BUS_NAME, FP_AGENT_OBJECT_PATH,
                                                                    interface, method);
  GDBusMessageFlags flags = G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED;

  if (!may_activate (self))
    flags |= G_DBUS_MESSAGE_FLAGS_NO_AUTO_START;
  g_dbus_message_set_flags (message, flags);
  if (arguments)
    g_dbus_message_set_body (message, arguments);
  g_dbus_connection_send_message (self->bus, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
}

/* Tells the agent that the store was written. A hint: the agent also looks by itself. */
static void
nudge (FpAgentClient *self)
{
  if (self->bus && self->presence != FP_AGENT_OTHER_STORE)
    send_quietly (self, AGENT_INTERFACE, "Nudge", NULL);
}

static gboolean
drafts_cb (gpointer data)
{
  FpAgentClient *self = data;

  self->drafts_id = 0;
  nudge (self);

  return G_SOURCE_REMOVE;
}

static void
store_changed_cb (FpAgentClient *self,
                  guint          topics)
{
  if (topics != FP_STORE_DRAFTS)
    nudge (self);
  else if (self->drafts_id == 0)
    self->drafts_id = g_timeout_add_seconds (DRAFTS_S, drafts_cb, self);
}

/**
 * fp_agent_client_set_demo_link:
 * @state: what the stand-in network of a demo is to be from now on
 *
 * Does nothing where the agent is no demo.
 */
void
fp_agent_client_set_demo_link (FpAgentClient *self,
                               FpLinkState    state)
{
  g_return_if_fail (FP_IS_AGENT_CLIENT (self));

  if (self->bus && self->presence == FP_AGENT_PRESENT)
    send_quietly (self, DEMO_INTERFACE, "SetLink", g_variant_new ("(s)", fp_link_state_to_string (state)));
}

static void
set_ready (FpAgentClient *self)
{
  g_autoptr(GPtrArray) waiting = NULL;

  if (self->ready)
    return;
  self->ready = TRUE;
  waiting = g_steal_pointer (&self->waiting);
  for (guint i = 0; i < waiting->len; i++)
    run_sync (self, g_object_ref (g_ptr_array_index (waiting, i)));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_READY]);
}

static void
renew_agent (FpAgentClient *self)
{
  if (self->renew && self->presence == FP_AGENT_PRESENT && is_home (self)
      && fp_agent_renewal_is_due (fp_dbus_agent_get_program_version (self->proxy)))
    {
      self->renew = FALSE;
      self->renewing = TRUE;
      fp_agent_renewal_ask (self->bus);
    }
  else if (self->renewing && self->presence == FP_AGENT_ABSENT)
    {
      self->renewing = FALSE;
      nudge (self);
    }
}

/**
 * fp_agent_client_renew_agent:
 *
 * An agent that is older than this program is asked to end, and another is started once it has: what is being sent is
 * given back and sent again. For a program that stays; only where the bus can start the other one.
 */
void
fp_agent_client_renew_agent (FpAgentClient *self)
{
  g_return_if_fail (FP_IS_AGENT_CLIENT (self));

  self->renew = TRUE;
  renew_agent (self);
}

static void
look_at_agent (FpAgentClient *self)
{
  g_autofree char *owner = g_dbus_proxy_get_name_owner (G_DBUS_PROXY (self->proxy));
  const char *store_id = fp_dbus_agent_get_store_id (self->proxy);
  FpAgentPresence presence;

  if (!owner || !store_id)
    presence = FP_AGENT_ABSENT;
  else if (g_strcmp0 (store_id, fp_store_get_id (fp_engine_get_store (self->engine))) == 0)
    presence = FP_AGENT_PRESENT;
  else
    presence = FP_AGENT_OTHER_STORE;

  if (presence != self->presence)
    {
      self->presence = presence;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PRESENCE]);
    }
  renew_agent (self);
  read_status (self);
}

static void
agent_changed_cb (FpDbusAgent   *proxy,
                  GVariant      *ids,
                  FpAgentClient *self)
{
  if (self->presence == FP_AGENT_PRESENT)
    fp_engine_poke (self->engine, ALL_TOPICS);
}

static void
agent_progress_cb (FpDbusAgent   *proxy,
                   gint64         id,
                   guint64        done,
                   guint64        total,
                   FpAgentClient *self)
{
  if (self->presence == FP_AGENT_PRESENT)
    g_signal_emit (self, signals[PROGRESS], 0, id, (gint64) done, (gint64) total);
}

static void
agent_delivered_cb (FpDbusAgent   *proxy,
                    gint64         id,
                    const char    *uid,
                    FpAgentClient *self)
{
  if (self->presence == FP_AGENT_PRESENT)
    g_signal_emit (self, signals[DELIVERED], 0, id, uid);
}

static void
quit_cleared_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  if (!fp_engine_write_setting_finish (FP_ENGINE (source), result, &error))
    g_message ("that the agent may run again could not be noted: %s", error->message);
}

static void
quit_read_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autofree char *quit = fp_engine_read_setting_finish (FP_ENGINE (source), result, NULL);

  if (g_strcmp0 (quit, "1") == 0)
    fp_engine_write_setting_async (FP_ENGINE (source), FP_SETTING_AGENT_QUIT, "0", NULL, quit_cleared_cb, NULL);
}

static void
proxy_ready_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr(FpAgentClient) self = user_data;
  g_autoptr(GError) error = NULL;
  FpDbusAgent *proxy = fp_dbus_agent_proxy_new_finish (result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (!proxy)
    {
      g_message ("no talk with the agent: %s", error->message);
      g_clear_object (&self->bus);
      set_ready (self);
      return;
    }

  self->proxy = proxy;
  g_signal_connect_object (proxy, "notify::g-name-owner", G_CALLBACK (look_at_agent), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (proxy, "g-properties-changed", G_CALLBACK (look_at_agent), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (proxy, "changed", G_CALLBACK (agent_changed_cb), self, 0);
  g_signal_connect_object (proxy, "progress", G_CALLBACK (agent_progress_cb), self, 0);
  g_signal_connect_object (proxy, "delivered", G_CALLBACK (agent_delivered_cb), self, 0);
  look_at_agent (self);
  if (may_activate (self))
    nudge (self);
  set_ready (self);
}

/* Sync Now. */

static void
synced_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  g_autoptr(GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (!reply)
    {
      g_dbus_error_strip_remote_error (error);
      g_task_return_new_error (task, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED, "the agent cannot send: %s",
                               error->message);
      g_error_free (error);
      return;
    }
  g_task_return_boolean (task, TRUE);
}

/* Takes @task. */
static void
run_sync (FpAgentClient *self,
          GTask         *task)
{
  g_autoptr(GTask) owned = task;
  const char *tag = g_task_get_task_data (task);
  FpSync *sync = fp_engine_get_sync (self->engine);

  if (sync && fp_sync_get_holding (sync))
    {
      fp_sync_now (sync, *tag ? tag : NULL);
      g_task_return_boolean (task, TRUE);
      return;
    }
  if (self->presence == FP_AGENT_PRESENT || may_activate (self))
    {
      g_dbus_connection_call (self->bus, FP_AGENT_BUS_NAME, FP_AGENT_OBJECT_PATH, AGENT_INTERFACE, "Sync",
                              g_variant_new ("(s)", tag), NULL, G_DBUS_CALL_FLAGS_NONE, -1,
                              g_task_get_cancellable (task), synced_cb, g_steal_pointer (&owned));
      return;
    }
  g_task_return_new_error (task, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED, "no agent runs that could send");
}

/**
 * fp_agent_client_sync_async:
 * @tag: (nullable): only what has this tag; %NULL = everything
 *
 * Sync Now: by this process if it sends, otherwise by the agent. Success means that it was begun.
 *
 * Errors: FP_ENGINE_ERROR_REFUSED: nobody here can send.
 */
void
fp_agent_client_sync_async (FpAgentClient       *self,
                            const char          *tag,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, fp_agent_client_sync_async);
  g_task_set_task_data (task, g_strdup (tag ? tag : ""), g_free);
  if (self->ready)
    run_sync (self, task);
  else
    g_ptr_array_add (self->waiting, task);
}

gboolean
fp_agent_client_sync_finish (FpAgentClient  *self,
                             GAsyncResult   *result,
                             GError        **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* The object. */

static void
fp_agent_client_get_property (GObject    *object,
                              guint       id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  FpAgentClient *self = FP_AGENT_CLIENT (object);

  switch (id)
    {
    case PROP_READY:
      g_value_set_boolean (value, self->ready);
      break;
    case PROP_PRESENCE:
      g_value_set_uint (value, self->presence);
      break;
    case PROP_STATUS:
      g_value_set_pointer (value, self->status);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
fp_agent_client_dispose (GObject *object)
{
  FpAgentClient *self = FP_AGENT_CLIENT (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->reread_id, g_source_remove);
  if (self->drafts_id != 0)
    {
      g_clear_handle_id (&self->drafts_id, g_source_remove);
      nudge (self);
    }
  g_clear_pointer (&self->waiting, g_ptr_array_unref);
  g_clear_object (&self->proxy);
  g_clear_object (&self->bus);
  g_clear_object (&self->engine);

  G_OBJECT_CLASS (fp_agent_client_parent_class)->dispose (object);
}

static void
fp_agent_client_finalize (GObject *object)
{
  FpAgentClient *self = FP_AGENT_CLIENT (object);

  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->status, fp_status_free);

  G_OBJECT_CLASS (fp_agent_client_parent_class)->finalize (object);
}

static void
fp_agent_client_class_init (FpAgentClientClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = fp_agent_client_get_property;
  object_class->dispose = fp_agent_client_dispose;
  object_class->finalize = fp_agent_client_finalize;

  properties[PROP_READY] = g_param_spec_boolean ("ready", NULL, NULL, FALSE,
                                                 G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_PRESENCE] = g_param_spec_uint ("presence", NULL, NULL, 0, FP_AGENT_OTHER_STORE, FP_AGENT_ABSENT,
                                                 G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_STATUS] = g_param_spec_pointer ("status", NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[PROGRESS] = g_signal_new ("progress", FP_TYPE_AGENT_CLIENT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                    G_TYPE_NONE, 3, G_TYPE_INT64, G_TYPE_INT64, G_TYPE_INT64);
  signals[DELIVERED] = g_signal_new ("delivered", FP_TYPE_AGENT_CLIENT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                     G_TYPE_NONE, 2, G_TYPE_INT64, G_TYPE_STRING);
}

static void
fp_agent_client_init (FpAgentClient *self)
{
  self->cancellable = g_cancellable_new ();
  self->status = fp_status_new ();
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
}

/**
 * fp_agent_client_new:
 * @engine: open
 * @bus: (nullable): session bus; %NULL: there is none, and only the store is read
 * @activate: start the agent where none runs, and forget that it was quit
 *
 * Returns: (transfer full): a client whose first status is still to be read
 */
FpAgentClient *
fp_agent_client_new (FpEngine        *engine,
                     GDBusConnection *bus,
                     gboolean         activate)
{
  FpAgentClient *self = g_object_new (FP_TYPE_AGENT_CLIENT, NULL);

  self->engine = g_object_ref (engine);
  self->activate = activate;
  /* Not the engine's "changed": that also tells what other processes wrote, and a nudge would come back to us. */
  g_signal_connect_object (fp_engine_get_store (engine), "changed", G_CALLBACK (store_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (engine, "changed", G_CALLBACK (read_status), self, G_CONNECT_SWAPPED);
  self->reread_id = g_timeout_add_seconds (REREAD_S, reread_cb, self);
  if (activate)
    fp_engine_read_setting_async (engine, FP_SETTING_AGENT_QUIT, NULL, quit_read_cb, NULL);
  if (bus)
    {
      self->bus = g_object_ref (bus);
      fp_dbus_agent_proxy_new (bus, G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START, FP_AGENT_BUS_NAME, FP_AGENT_OBJECT_PATH,
                               self->cancellable, proxy_ready_cb, g_object_ref (self));
    }
  else
    {
      set_ready (self);
    }
  read_status (self);

  return self;
}

gboolean
fp_agent_client_get_ready (FpAgentClient *self)
{
  g_return_val_if_fail (FP_IS_AGENT_CLIENT (self), FALSE);

  return self->ready;
}

FpAgentPresence
fp_agent_client_get_presence (FpAgentClient *self)
{
  g_return_val_if_fail (FP_IS_AGENT_CLIENT (self), FP_AGENT_ABSENT);

  return self->presence;
}

const FpStatus *
fp_agent_client_get_status (FpAgentClient *self)
{
  g_return_val_if_fail (FP_IS_AGENT_CLIENT (self), NULL);

  return self->status;
}
