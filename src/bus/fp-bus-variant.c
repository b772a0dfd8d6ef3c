#include "bus/fp-bus-variant.h"

gboolean
fp_bus_check_keys (GVariant        *vardict,
                   const FpBusKey  *keys,
                   const char      *where,
                   GError         **error)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, vardict);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      const FpBusKey *known = keys;

      while (known->key && !g_str_equal (known->key, key))
        known++;
      if (!known->key)
        g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE, "%sunknown key \"%s\"", where, key);
      else if (!g_variant_is_of_type (value, G_VARIANT_TYPE (known->type)))
        g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE, "%skey \"%s\": is of type %s, must be %s", where,
                     key, g_variant_get_type_string (value), known->type);
      else
        continue;

      g_variant_unref (value);
      return FALSE;
    }

  return TRUE;
}

static GVariant *
array_from_json (JsonArray *array)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < json_array_get_length (array); i++)
    g_variant_builder_add_value (&builder, fp_bus_from_json (json_array_get_object_element (array, i)));

  return g_variant_builder_end (&builder);
}

static GVariant *
value_from_json (JsonNode *node)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    return fp_bus_from_json (json_node_get_object (node));
  if (JSON_NODE_HOLDS_ARRAY (node))
    return array_from_json (json_node_get_array (node));
  if (JSON_NODE_HOLDS_NULL (node))
    return NULL;

  switch (json_node_get_value_type (node))
    {
    case G_TYPE_STRING:
      return g_variant_new_string (json_node_get_string (node));
    case G_TYPE_INT64:
      return g_variant_new_int64 (json_node_get_int (node));
    case G_TYPE_BOOLEAN:
      return g_variant_new_boolean (json_node_get_boolean (node));
    default:
      return g_variant_new_double (json_node_get_double (node));
    }
}

GVariant *
fp_bus_from_json (JsonObject *object)
{
  GVariantBuilder builder;
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &name, &node))
    {
      GVariant *value = value_from_json (node);

      if (value)
        g_variant_builder_add (&builder, "{sv}", name, value);
    }

  return g_variant_builder_end (&builder);
}

gboolean
fp_bus_read_query (GVariant     *vardict,
                   gboolean      paged,
                   FpItemQuery  *query,
                   GError      **error)
{
  static const FpBusKey keys[] = { { "after", "x" }, { "limit", "u" }, { "state", "s" }, { "tag", "s" }, { NULL } };
  const char *state = NULL;

  if (!fp_bus_check_keys (vardict, paged ? keys : keys + 2, "", error))
    return FALSE;

  g_variant_lookup (vardict, "state", "&s", &state);
  if (state && fp_item_state_from_string (state) == 0)
    {
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE, "key \"state\": there is no state \"%s\"", state);
      return FALSE;
    }
  query->states = state ? 1u << fp_item_state_from_string (state) : 0;
  g_variant_lookup (vardict, "tag", "s", &query->tag);
  g_variant_lookup (vardict, "after", "x", &query->after);
  g_variant_lookup (vardict, "limit", "u", &query->limit);

  return TRUE;
}
