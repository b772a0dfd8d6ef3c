#include "bus/fp-agent-service-private.h"

#include "bus/fp-bus-request.h"
#include "engine/fp-engine-edit.h"

/* One Edit, to its answer. */
typedef struct {
  FpAgentService        *service;    /* owned */
  GDBusMethodInvocation *invocation; /* owned */
  FpBusLoad              load;
} Call;

static void
edited_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autofree Call *call = user_data;
  g_autoptr(FpAgentService) self = call->service;
  const char *sender = g_dbus_method_invocation_get_sender (call->invocation);
  GError *error = NULL;
  g_autoptr(FpItem) item = fp_engine_edit_request_finish (FP_ENGINE (source), result, &error);

  fp_bus_limits_end_call (self->limits, sender, call->load.memory);
  if (call->load.files > 0)
    fp_bus_limits_end_copy (self->limits, sender);
  if (item)
    g_dbus_method_invocation_return_value (call->invocation, g_variant_new ("(x)", item->id));
  else
    fp_bus_error_return (call->invocation, error);
}

/* An item keeps what it has until all that is new is durable: so files are copied before the answer. */
static gboolean
handle_edit (FpDbusAgent           *agent,
             GDBusMethodInvocation *invocation,
             GUnixFDList           *fds,
             gint64                 id,
             GVariant              *request,
             FpAgentService        *self)
{
  const char *sender = g_dbus_method_invocation_get_sender (invocation);
  FpBusLoad load = { 0 };
  GError *error = NULL;
  g_autoptr(FpEnqueue) changes = NULL;
  gboolean reach = FALSE;
  Call *call;

  if (fp_bus_limits_check_call (self->limits, sender, &error))
    changes = fp_bus_read_changes (request, fds, &reach, &load, &error);
  if (!changes || (load.files > 0 && !fp_bus_limits_check_copy (self->limits, sender, &error)))
    {
      fp_bus_error_return (invocation, error);
      return G_DBUS_METHOD_INVOCATION_HANDLED;
    }

  fp_bus_limits_begin_call (self->limits, sender, load.memory);
  if (load.files > 0)
    fp_bus_limits_begin_copy (self->limits, sender);
  call = g_new0 (Call, 1);
  call->service = g_object_ref (self);
  call->invocation = invocation;
  call->load = load;
  fp_engine_edit_request_async (self->engine, id, g_steal_pointer (&changes), reach, NULL, edited_cb, call);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

void
_fp_agent_service_connect_edit (FpAgentService *self)
{
  static const FpBusMethod methods[] = {
    { "handle-edit", G_CALLBACK (handle_edit) },
    { NULL },
  };

  _fp_agent_service_connect (self, methods);
}
