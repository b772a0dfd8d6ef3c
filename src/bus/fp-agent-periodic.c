#include "bus/fp-agent-call.h"

#include <string.h>

#include "bus/fp-bus-variant.h"
#include "engine/fp-engine-periodic.h"

/* The jobs of Fieldpost itself have one name for everybody. */
static char *
dup_job (const FpAgentCall *call)
{
  const char *name = *call->app ? call->name + strlen (call->app) + 1 : call->name;

  return g_strdup (fp_periodic_is_builtin (name) ? name : call->name);
}

/* Whom to tell: of a job of Fieldpost nobody. */
static const char *
get_bus_name (const FpAgentCall *call,
              const char        *job)
{
  return fp_periodic_is_builtin (job) ? NULL : call->bus_name;
}

static void
listed_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  FpAgentCall *call = user_data;
  GError *error = NULL;
  g_autoptr(FpPeriodicList) list = fp_engine_list_periodic_finish (FP_ENGINE (source), result, &error);
  GVariantBuilder builder;

  if (!list)
    {
      fp_agent_call_end (call, error);
      return;
    }
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < list->jobs->len; i++)
    {
      FpPeriodicRow *row = g_ptr_array_index (list->jobs, i);
      gboolean own = g_str_has_prefix (row->name, call->name);
      g_autoptr(JsonNode) node = NULL;

      if (*call->app && !own && !fp_periodic_is_builtin (row->name))
        continue;
      if (*call->app && own)
        {
          g_autofree char *name = g_strdup (row->name + strlen (call->name));

          g_free (row->name);
          row->name = g_steal_pointer (&name);
        }
      node = fp_periodic_to_json (row, list->permission);
      g_variant_builder_add_value (&builder, fp_bus_from_json (json_node_get_object (node)));
    }
  g_dbus_method_invocation_return_value (call->invocation, g_variant_new ("(aa{sv})", &builder));
  fp_agent_call_free (call);
}

static void
list (FpAgentCall *call)
{
  fp_engine_list_periodic_async (call->service->engine, NULL, listed_cb, call);
}

static gboolean
handle_list (FpDbusAgent           *agent,
             GDBusMethodInvocation *invocation,
             FpAgentService        *self)
{
  /* With an empty name: what is left of the caller's own space is "APP/". */
  fp_agent_call_ask (fp_agent_call_new (self, invocation, "", NULL), list);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
registered_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  FpAgentCall *call = user_data;
  GError *error = NULL;
  gboolean granted = fp_engine_register_periodic_finish (FP_ENGINE (source), result, &error);

  if (error)
    {
      fp_agent_call_end (call, error);
      return;
    }
  g_dbus_method_invocation_return_value (call->invocation, g_variant_new ("(b)", granted));
  fp_agent_call_free (call);
}

static void
register_job (FpAgentCall *call)
{
  g_autofree char *job = dup_job (call);

  fp_engine_register_periodic_async (call->service->engine, job, get_bus_name (call, job), call->interval, NULL,
                                     registered_cb, call);
}

static gboolean
handle_register (FpDbusAgent           *agent,
                 GDBusMethodInvocation *invocation,
                 const char            *name,
                 guint                  min_interval,
                 const char            *bus_name,
                 FpAgentService        *self)
{
  FpAgentCall *call = fp_agent_call_new (self, invocation, name, bus_name);

  call->interval = min_interval * G_GINT64_CONSTANT (1000);
  fp_agent_call_ask (call, register_job);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/* A sandbox may not take away what is everybody's. */
static gboolean
is_foreign (FpAgentCall *call,
            const char  *job)
{
  if (!*call->app || !fp_periodic_is_builtin (job))
    return FALSE;
  fp_agent_call_end (call, g_error_new (FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED, "%s is a job of Fieldpost", job));

  return TRUE;
}

static void
unregister (FpAgentCall *call)
{
  g_autofree char *job = dup_job (call);

  call->finish = fp_engine_unregister_periodic_finish;
  if (!is_foreign (call, job))
    fp_engine_unregister_periodic_async (call->service->engine, job, NULL, fp_agent_call_finish_cb, call);
}

static gboolean
handle_unregister (FpDbusAgent           *agent,
                   GDBusMethodInvocation *invocation,
                   const char            *name,
                   FpAgentService        *self)
{
  fp_agent_call_ask (fp_agent_call_new (self, invocation, name, NULL), unregister);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
run (FpAgentCall *call)
{
  g_autofree char *job = dup_job (call);

  call->finish = fp_engine_run_periodic_finish;
  if (!is_foreign (call, job))
    fp_engine_run_periodic_async (call->service->engine, job, NULL, fp_agent_call_finish_cb, call);
}

static gboolean
handle_run (FpDbusAgent           *agent,
            GDBusMethodInvocation *invocation,
            const char            *name,
            FpAgentService        *self)
{
  fp_agent_call_ask (fp_agent_call_new (self, invocation, name, NULL), run);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

void
_fp_agent_service_connect_periodic (FpAgentService *self)
{
  static const FpBusMethod methods[] = {
    { "handle-periodic-list", G_CALLBACK (handle_list) },
    { "handle-periodic-register", G_CALLBACK (handle_register) },
    { "handle-periodic-unregister", G_CALLBACK (handle_unregister) },
    { "handle-periodic-run", G_CALLBACK (handle_run) },
    { NULL },
  };

  _fp_agent_service_connect (self, methods);
}
