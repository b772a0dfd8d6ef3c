#include "bus/fp-agent-service-private.h"

#include "bus/fp-bus-request.h"

static void
enqueued_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  GError *error = NULL;
  g_autoptr(FpItem) item = fp_engine_enqueue_finish (FP_ENGINE (source), result, &error);

  if (item)
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(xs)", item->id, item->uid));
  else
    fp_bus_error_return (invocation, error);
}

static gboolean
handle_enqueue (FpDbusAgent           *agent,
                GDBusMethodInvocation *invocation,
                GUnixFDList           *fds,
                GVariant              *request,
                GVariant              *files,
                FpAgentService        *self)
{
  GError *error = NULL;
  FpEnqueue *enqueue = fp_bus_read_request (request, fds, &error);

  if (enqueue)
    fp_engine_enqueue_async (self->engine, enqueue, NULL, enqueued_cb, invocation);
  else
    fp_bus_error_return (invocation, error);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

void
_fp_agent_service_connect_enqueue (FpAgentService *self)
{
  static const FpBusMethod methods[] = {
    { "handle-enqueue", G_CALLBACK (handle_enqueue) },
    { NULL },
  };

  _fp_agent_service_connect (self, methods);
}
