#include "base/fp-json.h"

#include <string.h>

#include <gio/gio.h>

/* The parser recurses: without a limit a text of brackets alone would overflow the stack. */
#define MAX_DEPTH 512

/* Finds what would get past the depth count: the parser also takes comments and 'strings', JSON does not. */
static gboolean
check_shape (const char *text,
             gsize       length,
             GError    **error)
{
  gboolean in_string = FALSE;
  guint depth = 0;
  gsize i;

  for (i = 0; i < length; i++)
    {
      char c = text[i];

      if (in_string && c == '\\')
        i++;
      else if (c == '"')
        in_string = !in_string;
      else if (in_string)
        continue;
      else if (c == '/' || c == '\'' || c == '#')
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "JSON has no \"%c\" at byte %"
                       G_GSIZE_FORMAT, c, i);
          return FALSE;
        }
      else if (c == ']' || c == '}')
        depth -= depth > 0;
      else if ((c == '[' || c == '{') && ++depth > MAX_DEPTH)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                       "JSON is nested more than %d levels", MAX_DEPTH);
          return FALSE;
        }
    }

  return TRUE;
}

/**
 * fp_json_parse:
 * @text: UTF-8
 * @length: bytes, or -1 where @text ends with a null byte
 *
 * Parses one JSON value of at most 512 levels. Any thread.
 *
 * Returns: (transfer full): the value; on a syntax error NULL with line and column in the message
 */
JsonNode *
fp_json_parse (const char  *text,
               gssize       length,
               GError     **error)
{
  g_autoptr(JsonParser) parser = NULL;
  gsize bytes;

  g_return_val_if_fail (text, NULL);

  bytes = length < 0 ? strlen (text) : (gsize) length;
  if (!g_utf8_validate_len (text, bytes, NULL))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "JSON is not UTF-8");
      return NULL;
    }
  if (!check_shape (text, bytes, error))
    return NULL;

  parser = json_parser_new_immutable ();
  if (!json_parser_load_from_data (parser, text, (gssize) bytes, error))
    return NULL;
  if (!json_parser_get_root (parser))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "1:1: JSON is empty");
      return NULL;
    }

  return json_parser_steal_root (parser);
}

/**
 * fp_json_print:
 * @node: what to print
 * @pretty: one member a line, indented by 2
 *
 * Returns: (transfer full): JSON, UTF-8, without a line break at its end
 */
char *
fp_json_print (JsonNode *node,
               gboolean  pretty)
{
  g_return_val_if_fail (node, NULL);

  return json_to_string (node, pretty);
}

static JsonNode *
peek_value (JsonObject *object,
            const char *key,
            GType       type)
{
  JsonNode *node = json_object_get_member (object, key);

  if (node && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == type)
    return node;

  return NULL;
}

/**
 * fp_json_peek_string:
 *
 * Returns: (transfer none) (nullable): the member's text; NULL where it is absent or no string
 */
const char *
fp_json_peek_string (JsonObject *object,
                     const char *key)
{
  JsonNode *node;

  g_return_val_if_fail (object && key, NULL);

  node = peek_value (object, key, G_TYPE_STRING);
  return node ? json_node_get_string (node) : NULL;
}

/**
 * fp_json_get_int:
 *
 * Returns: the member's number; @fallback where it is absent or no whole number
 */
gint64
fp_json_get_int (JsonObject *object,
                 const char *key,
                 gint64      fallback)
{
  JsonNode *node;

  g_return_val_if_fail (object && key, fallback);

  node = peek_value (object, key, G_TYPE_INT64);
  return node ? json_node_get_int (node) : fallback;
}

/**
 * fp_json_set_given:
 * @value: (nullable): UTF-8
 *
 * Sets a member to a string; where there is none, @object does not get the member.
 */
void
fp_json_set_given (JsonObject *object,
                   const char *key,
                   const char *value)
{
  if (value)
    json_object_set_string_member (object, key, value);
}

/**
 * fp_json_set_time:
 * @ms: unix ms; 0 or less = never, or not known
 *
 * Sets a member to a time, or to null.
 */
void
fp_json_set_time (JsonObject *object,
                  const char *key,
                  gint64      ms)
{
  if (ms > 0)
    json_object_set_int_member (object, key, ms);
  else
    json_object_set_null_member (object, key);
}

/**
 * fp_json_take_object:
 * @object: (transfer full): all its members are set
 *
 * Returns: (transfer full): a value that holds @object
 */
JsonNode *
fp_json_take_object (JsonObject *object)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, object);

  return node;
}

/**
 * fp_json_take_array:
 * @array: (transfer full): it has all its elements
 *
 * Returns: (transfer full): a value that holds @array
 */
JsonNode *
fp_json_take_array (JsonArray *array)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  json_node_take_array (node, array);

  return node;
}

/**
 * fp_json_print_object:
 * @object: (transfer full): what to print
 * @pretty: as of fp_json_print()
 *
 * Returns: (transfer full): JSON, UTF-8, without a line break at its end
 */
char *
fp_json_print_object (JsonObject *object,
                      gboolean    pretty)
{
  g_autoptr(JsonNode) node = fp_json_take_object (object);

  return fp_json_print (node, pretty);
}

/**
 * fp_json_object_from_map:
 * @map: (nullable) (element-type utf8 utf8): names and values
 *
 * Returns: (transfer full): an object, keys sorted
 */
JsonObject *
fp_json_object_from_map (GHashTable *map)
{
  JsonObject *object = json_object_new ();
  g_autoptr(GList) keys = map ? g_list_sort (g_hash_table_get_keys (map), (GCompareFunc) strcmp) : NULL;

  for (GList *l = keys; l; l = l->next)
    json_object_set_string_member (object, l->data, g_hash_table_lookup (map, l->data));

  return object;
}

/**
 * fp_json_from_string_map:
 * @map: (nullable) (element-type utf8 utf8): names and values
 *
 * Returns: (transfer full): a compact object, keys sorted, so that the same map gives the same bytes
 */
char *
fp_json_from_string_map (GHashTable *map)
{
  return fp_json_print_object (fp_json_object_from_map (map), FALSE);
}

/**
 * fp_json_to_string_map:
 * @text: (nullable): a JSON object whose members are strings; NULL = empty
 *
 * Returns: (transfer full) (element-type utf8 utf8): names and values; NULL with the member's name in the
 *   message where one is no string
 */
GHashTable *
fp_json_to_string_map (const char  *text,
                       GError     **error)
{
  g_autoptr(GHashTable) map = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr(JsonNode) node = NULL;
  JsonObjectIter iter;
  const char *key;
  JsonNode *value;

  if (!text)
    return g_steal_pointer (&map);
  if (!(node = fp_json_parse (text, -1, error)))
    return NULL;
  if (!JSON_NODE_HOLDS_OBJECT (node))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "JSON is not an object");
      return NULL;
    }

  json_object_iter_init (&iter, json_node_get_object (node));
  while (json_object_iter_next (&iter, &key, &value))
    {
      if (!JSON_NODE_HOLDS_VALUE (value) || json_node_get_value_type (value) != G_TYPE_STRING)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "\"%s\" is not a string", key);
          return NULL;
        }
      g_hash_table_insert (map, g_strdup (key), g_strdup (json_node_get_string (value)));
    }

  return g_steal_pointer (&map);
}
