#include "bus/fp-agent-service-private.h"

#include "bus/fp-bus-request.h"
#include "engine/fp-engine-stage.h"

/* What is larger, or a pipe, is copied after the answer. */
#define STAGE_BYTES (1024 * 1024)

/* The pool has four threads, and attachments of drafts need one: a pipe may keep its thread for a minute. */
#define COPIES_AT_ONCE 3
#define PIPES_AT_ONCE  2

/* A process that dies closes its pipe before the bus has noticed. */
#define GONE_MS 300

#define RECOVER_AGAIN_S 30

struct _FpAgentIntake
{
  GQueue      waiting; /* Call: copies that wait for a thread, borrowed */
  GPtrArray  *staged;  /* Call: everything with a stage, borrowed */
  guint       copying;
  guint       pipes;   /* of them */
  guint       recover_id;
};

/* One Enqueue, to its answer and to the end of its copy. */
typedef struct {
  FpAgentService        *service;    /* owned */
  GDBusMethodInvocation *invocation; /* owned; NULL when it was answered */
  char                  *sender;     /* owned */
  FpBusLoad              load;
  gboolean               staged;

  FpStage               *stage;      /* owned; NULL before and after */
  GCancellable          *cancellable; /* owned */
  gboolean               gone;       /* the sender is no longer on the bus */
  guint                  watch_id;
  guint                  gone_id;
} Call;

static Call *
call_new (FpAgentService        *service,
          GDBusMethodInvocation *invocation,
          const FpBusLoad       *load,
          gboolean               staged)
{
  Call *call = g_new0 (Call, 1);
  const char *sender = g_dbus_method_invocation_get_sender (invocation);

  call->service = g_object_ref (service);
  call->invocation = invocation;
  call->sender = g_strdup (sender ? sender : "");
  call->load = *load;
  call->staged = staged;
  call->cancellable = g_cancellable_new ();
  fp_bus_limits_begin_call (service->limits, call->sender, load->memory);
  if (staged)
    {
      fp_bus_limits_begin_copy (service->limits, call->sender);
      g_ptr_array_add (service->intake->staged, call);
    }

  return call;
}

/* @error: (transfer full) (nullable) */
static void
call_answer (Call         *call,
             const FpItem *item,
             GError       *error)
{
  fp_bus_limits_end_call (call->service->limits, call->sender, call->load.memory);
  if (item)
    g_dbus_method_invocation_return_value (call->invocation, g_variant_new ("(xs)", item->id, item->uid));
  else
    fp_bus_error_return (call->invocation, error);
  call->invocation = NULL;
}

static void
call_free (Call *call)
{
  if (call->staged)
    {
      fp_bus_limits_end_copy (call->service->limits, call->sender);
      g_ptr_array_remove (call->service->intake->staged, call);
    }
  if (call->watch_id)
    g_bus_unwatch_name (call->watch_id);
  g_clear_handle_id (&call->gone_id, g_source_remove);
  g_clear_pointer (&call->stage, fp_stage_free);
  g_object_unref (call->cancellable);
  g_free (call->sender);
  g_object_unref (call->service);
  g_free (call);
}

/* Copying. */

static void pump (FpAgentService *self);

static void
settled_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Call *call = user_data;
  g_autoptr(GError) error = NULL;

  if (!fp_engine_stage_settle_finish (FP_ENGINE (source), result, &error))
    g_message ("what was copied could not be noted: %s", error->message);
  call_free (call);
}

/* @words: (nullable): why it was not copied. */
static void
settle (Call       *call,
        const char *words)
{
  FpEngine *engine = call->service->engine;

  /* The agent ends: the next one finds it, and says so. */
  if (!engine)
    {
      call_free (call);
      return;
    }
  fp_engine_stage_settle_async (engine, g_steal_pointer (&call->stage), words, NULL, settled_cb, call);
}

static void
owner_asked_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  Call *call = user_data;
  g_autoptr(GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  gboolean owned = FALSE;

  if (reply)
    g_variant_get (reply, "(b)", &owned);
  settle (call, owned && !call->gone ? NULL : "the program that wrote the pipe ended before it was known to be done");
}

/* The end of a pipe looks the same whether its writer was done or died. */
static gboolean
ask_for_owner_cb (gpointer data)
{
  Call *call = data;
  GDBusInterfaceSkeleton *agent = G_DBUS_INTERFACE_SKELETON (call->service->agent);
  GDBusConnection *bus = agent ? g_dbus_interface_skeleton_get_connection (agent) : NULL;

  call->gone_id = 0;
  if (!bus)
    {
      call_free (call);
      return G_SOURCE_REMOVE;
    }
  g_dbus_connection_call (bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner",
                          g_variant_new ("(s)", call->sender), G_VARIANT_TYPE ("(b)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL,
                          owner_asked_cb, call);

  return G_SOURCE_REMOVE;
}

static void
copied_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Call *call = user_data;
  g_autoptr(FpAgentService) service = g_object_ref (call->service);
  FpAgentIntake *intake = service->intake;
  g_autoptr(GError) error = NULL;
  gboolean copied = fp_engine_stage_copy_finish (FP_ENGINE (source), result, &error);

  intake->copying--;
  intake->pipes -= call->load.pipe;
  if (copied && call->load.vague)
    call->gone_id = g_timeout_add (GONE_MS, ask_for_owner_cb, call);
  else if (call->gone)
    settle (call, "the program that wrote the pipe ended before it was done");
  else
    settle (call, copied ? NULL : error->message);
  pump (service);
}

static Call *
take_next (FpAgentIntake *intake)
{
  for (GList *link = intake->waiting.head; link && intake->copying < COPIES_AT_ONCE; link = link->next)
    {
      Call *call = link->data;

      if (call->load.pipe && intake->pipes >= PIPES_AT_ONCE)
        continue;
      g_queue_delete_link (&intake->waiting, link);
      return call;
    }

  return NULL;
}

static void
pump (FpAgentService *self)
{
  FpAgentIntake *intake = self->intake;
  Call *call;

  while (self->engine && (call = take_next (intake)))
    {
      intake->copying++;
      intake->pipes += call->load.pipe;
      fp_engine_stage_copy_async (self->engine, call->stage, call->cancellable, copied_cb, call);
    }
}

static void
vanished_cb (GDBusConnection *bus,
             const char      *name,
             gpointer         user_data)
{
  Call *call = user_data;

  call->gone = TRUE;
  g_cancellable_cancel (call->cancellable);
}

/* Answering. */

static void
staged_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Call *call = user_data;
  FpAgentService *self = call->service;
  GDBusConnection *bus = g_dbus_method_invocation_get_connection (call->invocation);
  GError *error = NULL;

  call->stage = fp_engine_stage_finish (FP_ENGINE (source), result, &error);
  /* What is announced is told from its bytes alone: its writer may leave when it has written them. */
  if (call->stage && call->load.vague)
    call->watch_id = g_bus_watch_name_on_connection (bus, call->sender, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL,
                                                     vanished_cb, call, NULL);
  call_answer (call, call->stage ? fp_stage_get_item (call->stage) : NULL, error);
  if (!call->stage || !self->engine)
    {
      call_free (call);
      return;
    }
  g_queue_push_tail (&self->intake->waiting, call);
  pump (self);
}

static void
enqueued_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Call *call = user_data;
  GError *error = NULL;
  g_autoptr(FpItem) item = fp_engine_enqueue_finish (FP_ENGINE (source), result, &error);

  call_answer (call, item, error);
  call_free (call);
}

static gboolean
handle_enqueue (FpDbusAgent           *agent,
                GDBusMethodInvocation *invocation,
                GUnixFDList           *fds,
                GVariant              *request,
                GVariant              *files,
                FpAgentService        *self)
{
  const char *sender = g_dbus_method_invocation_get_sender (invocation);
  FpBusLoad load = { 0 };
  GError *error = NULL;
  g_autoptr(FpEnqueue) enqueue = NULL;
  gboolean staged;

  if (fp_bus_limits_check_call (self->limits, sender, &error))
    enqueue = fp_bus_read_request (request, fds, &load, &error);
  staged = load.pipe || load.files > STAGE_BYTES;
  if (!enqueue || (staged && !fp_bus_limits_check_copy (self->limits, sender, &error)))
    {
      fp_bus_error_return (invocation, error);
      return G_DBUS_METHOD_INVOCATION_HANDLED;
    }
  if (staged)
    fp_engine_stage_async (self->engine, g_steal_pointer (&enqueue), NULL, staged_cb,
                           call_new (self, invocation, &load, TRUE));
  else
    fp_engine_enqueue_async (self->engine, g_steal_pointer (&enqueue), NULL, enqueued_cb,
                             call_new (self, invocation, &load, FALSE));

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/* What an agent left that died. */

static gboolean recover_cb (gpointer data);

static void
recovered_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(FpAgentService) self = user_data;
  g_autoptr(GError) error = NULL;

  if (fp_engine_stage_recover_finish (FP_ENGINE (source), result, &error) || !self->engine)
    return;
  if (error)
    g_message ("what was left half copied could not be looked at: %s", error->message);
  self->intake->recover_id = g_timeout_add_seconds (RECOVER_AGAIN_S, recover_cb, self);
}

static gboolean
recover_cb (gpointer data)
{
  FpAgentService *self = data;

  self->intake->recover_id = 0;
  fp_engine_stage_recover_async (self->engine, self->cancellable, recovered_cb, g_object_ref (self));

  return G_SOURCE_REMOVE;
}

void
_fp_agent_service_stop_intake (FpAgentService *self)
{
  FpAgentIntake *intake = self->intake;
  Call *call;

  g_clear_handle_id (&intake->recover_id, g_source_remove);
  while ((call = g_queue_pop_head (&intake->waiting)))
    call_free (call);
  for (guint i = 0; i < intake->staged->len; i++)
    g_cancellable_cancel (((Call *) g_ptr_array_index (intake->staged, i))->cancellable);
}

void
_fp_agent_intake_free (FpAgentIntake *intake)
{
  g_ptr_array_unref (intake->staged);
  g_free (intake);
}

void
_fp_agent_service_connect_enqueue (FpAgentService *self)
{
  static const FpBusMethod methods[] = {
    { "handle-enqueue", G_CALLBACK (handle_enqueue) },
    { NULL },
  };

  self->intake = g_new0 (FpAgentIntake, 1);
  self->intake->staged = g_ptr_array_new ();
  _fp_agent_service_connect (self, methods);
  recover_cb (self);
}
