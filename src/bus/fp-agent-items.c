#include "bus/fp-agent-service-private.h"

#include "bus/fp-bus-variant.h"
#include "engine/fp-engine-count.h"
#include "engine/fp-item-json.h"

static void
got_cb (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  GError *error = NULL;
  g_autoptr(FpReceipt) receipt = NULL;
  g_autoptr(FpItem) item = fp_engine_get_item_finish (FP_ENGINE (source), result, &receipt, &error);
  g_autoptr(JsonNode) node = item ? fp_item_to_json (item, receipt) : NULL;

  if (node)
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(@a{sv})",
                                                                      fp_bus_from_json (json_node_get_object (node))));
  else
    fp_bus_error_return (invocation, error);
}

static gboolean
handle_get (FpDbusAgent           *agent,
            GDBusMethodInvocation *invocation,
            gint64                 id,
            FpAgentService        *self)
{
  fp_engine_get_item_async (self->engine, id, NULL, got_cb, invocation);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
listed_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  GError *error = NULL;
  g_autoptr(GPtrArray) items = fp_engine_list_items_finish (FP_ENGINE (source), result, &error);
  GVariantBuilder builder;

  if (!items)
    {
      fp_bus_error_return (invocation, error);
      return;
    }
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < items->len; i++)
    {
      g_autoptr(JsonNode) node = fp_item_to_json (g_ptr_array_index (items, i), NULL);

      g_variant_builder_add_value (&builder, fp_bus_from_json (json_node_get_object (node)));
    }
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(aa{sv})", &builder));
}

static gboolean
handle_list (FpDbusAgent           *agent,
             GDBusMethodInvocation *invocation,
             GVariant              *arguments,
             FpAgentService        *self)
{
  FpItemQuery query = { 0 };
  GError *error = NULL;

  if (fp_bus_read_query (arguments, TRUE, &query, &error))
    fp_engine_list_items_async (self->engine, &query, NULL, listed_cb, invocation);
  else
    fp_bus_error_return (invocation, error);
  g_free (query.tag);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

typedef struct {
  GDBusMethodInvocation *invocation;
  guint                  states;
} Count;

static void
counted_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autofree Count *count = user_data;
  FpCountResult counts;
  GError *error = NULL;

  if (fp_engine_count_finish (FP_ENGINE (source), result, &counts, &error))
    g_dbus_method_invocation_return_value (count->invocation,
                                           g_variant_new ("(u)", fp_count_rows_sum (&counts, count->states)));
  else
    fp_bus_error_return (count->invocation, error);
}

static gboolean
handle_count (FpDbusAgent           *agent,
              GDBusMethodInvocation *invocation,
              GVariant              *arguments,
              FpAgentService        *self)
{
  FpItemQuery query = { 0 };
  FpCountQuery what = { 0 };
  GError *error = NULL;
  Count *count;

  if (!fp_bus_read_query (arguments, FALSE, &query, &error))
    {
      fp_bus_error_return (invocation, error);
      return G_DBUS_METHOD_INVOCATION_HANDLED;
    }
  count = g_new0 (Count, 1);
  count->invocation = invocation;
  count->states = query.states;
  what.tag = query.tag;
  fp_engine_count_async (self->engine, &what, NULL, counted_cb, count);
  g_free (query.tag);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
acted_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  GError *error = NULL;

  if (fp_engine_act_finish (FP_ENGINE (source), result, &error) >= 0)
    g_dbus_method_invocation_return_value (invocation, NULL);
  else
    fp_bus_error_return (invocation, error);
}

static gboolean
act (FpAgentService        *self,
     FpAct                  what,
     GDBusMethodInvocation *invocation,
     GVariant              *ids)
{
  gsize n = 0;
  const gint64 *values = g_variant_get_fixed_array (ids, &n, sizeof *values);
  g_autoptr(GArray) array = g_array_new (FALSE, FALSE, sizeof *values);

  g_array_append_vals (array, values, n);
  fp_engine_act_async (self->engine, what, array, NULL, acted_cb, invocation);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
handle_retry (FpDbusAgent           *agent,
              GDBusMethodInvocation *invocation,
              GVariant              *ids,
              FpAgentService        *self)
{
  return act (self, FP_ACT_RETRY, invocation, ids);
}

static gboolean
handle_discard (FpDbusAgent           *agent,
                GDBusMethodInvocation *invocation,
                GVariant              *ids,
                FpAgentService        *self)
{
  return act (self, FP_ACT_DISCARD, invocation, ids);
}

static gboolean
handle_undo (FpDbusAgent           *agent,
             GDBusMethodInvocation *invocation,
             GVariant              *ids,
             FpAgentService        *self)
{
  return act (self, FP_ACT_UNDO, invocation, ids);
}

static gboolean
handle_hold (FpDbusAgent           *agent,
             GDBusMethodInvocation *invocation,
             GVariant              *ids,
             FpAgentService        *self)
{
  return act (self, FP_ACT_HOLD, invocation, ids);
}

static gboolean
handle_release (FpDbusAgent           *agent,
                GDBusMethodInvocation *invocation,
                GVariant              *ids,
                FpAgentService        *self)
{
  return act (self, FP_ACT_RELEASE, invocation, ids);
}

static gboolean
handle_cancel (FpDbusAgent           *agent,
               GDBusMethodInvocation *invocation,
               GVariant              *ids,
               FpAgentService        *self)
{
  return act (self, FP_ACT_CANCEL, invocation, ids);
}

void
_fp_agent_service_connect_items (FpAgentService *self)
{
  static const FpBusMethod methods[] = {
    { "handle-get", G_CALLBACK (handle_get) },         { "handle-list", G_CALLBACK (handle_list) },
    { "handle-count", G_CALLBACK (handle_count) },
    { "handle-retry", G_CALLBACK (handle_retry) },     { "handle-discard", G_CALLBACK (handle_discard) },
    { "handle-undo", G_CALLBACK (handle_undo) },       { "handle-hold", G_CALLBACK (handle_hold) },
    { "handle-release", G_CALLBACK (handle_release) }, { "handle-cancel", G_CALLBACK (handle_cancel) },
    { NULL },
  };

  _fp_agent_service_connect (self, methods);
}
