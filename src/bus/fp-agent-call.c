#include "bus/fp-agent-call.h"

FpAgentCall *
fp_agent_call_new (FpAgentService        *service,
                   GDBusMethodInvocation *invocation,
                   const char            *name,
                   const char            *bus_name)
{
  FpAgentCall *call = g_new0 (FpAgentCall, 1);

  call->service = g_object_ref (service);
  call->invocation = invocation;
  call->name = g_strdup (name);
  call->bus_name = bus_name && *bus_name ? g_strdup (bus_name) : NULL;

  return call;
}

void
fp_agent_call_free (FpAgentCall *call)
{
  g_object_unref (call->service);
  g_free (call->app);
  g_free (call->name);
  g_free (call->bus_name);
  g_free (call->text);
  g_free (call);
}

void
fp_agent_call_end (FpAgentCall *call,
                   GError      *error)
{
  if (error)
    fp_bus_error_return (call->invocation, error);
  else
    g_dbus_method_invocation_return_value (call->invocation, NULL);
  fp_agent_call_free (call);
}

void
fp_agent_call_finish_cb (GObject      *source,
                         GAsyncResult *result,
                         gpointer      user_data)
{
  FpAgentCall *call = user_data;
  GError *error = NULL;

  call->finish (FP_ENGINE (source), result, &error);
  fp_agent_call_end (call, error);
}

static void
asked_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  FpAgentCall *call = user_data;
  g_autofree char *name = call->name;
  GError *error = NULL;

  call->name = NULL;
  call->app = fp_bus_caller_ask_finish (result, &error);
  if (!call->app)
    {
      fp_agent_call_end (call, error);
      return;
    }
  if (call->bus_name && !fp_bus_caller_owns (call->app, call->bus_name))
    {
      fp_agent_call_end (call, g_error_new (FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED,
                                            "bus name: “%s” does not belong to %s", call->bus_name, call->app));
      return;
    }
  /* What a sandbox does is nobody else's concern: it is told itself or nobody is. */
  if (*call->app && !call->bus_name)
    call->bus_name = g_strdup (call->app);
  call->name = fp_bus_caller_dup_own (call->app, name);
  call->run (call);
}

void
fp_agent_call_ask (FpAgentCall *call,
                   void       (*run) (FpAgentCall *call))
{
  call->run = run;
  fp_bus_caller_ask_async (call->invocation, NULL, asked_cb, call);
}
