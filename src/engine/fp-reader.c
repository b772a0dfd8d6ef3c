#include "config.h"

#include "engine/fp-reader.h"

#include <glib/gi18n.h>
#include <string.h>

#include "base/fp-random.h"
#include "engine/fp-engine.h"
#include "engine/fp-transfer-files.h"

#define TEXT_MAX (64 * 1024)

JsonNode *
fp_reader_parse (GBytes  *json,
                 GError **error)
{
  gsize length = 0;
  const char *text = g_bytes_get_data (json, &length);
  g_autoptr(JsonNode) node = fp_json_parse (text, (gssize) length, error);

  if (node && JSON_NODE_HOLDS_OBJECT (node))
    return g_steal_pointer (&node);
  if (node)
    g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED, _("no JSON object"));

  return NULL;
}

gboolean
fp_reader_judge (const FpReader  *reader,
                 GError         **error)
{
  if (reader->wrong)
    g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED, _("“%s” makes no sense"), reader->wrong);

  return reader->wrong == NULL;
}

void
fp_reader_complain (FpReader   *reader,
                    const char *key)
{
  if (!reader->wrong)
    reader->wrong = key;
}

static gboolean
is_line (const char *text)
{
  for (const char *c = text; *c; c++)
    if (g_ascii_iscntrl (*c))
      return FALSE;

  return TRUE;
}

char *
fp_reader_take_text (FpReader   *reader,
                     const char *key,
                     gboolean    needed,
                     gboolean    line)
{
  const char *text = fp_json_peek_string (reader->object, key);

  if (!text)
    {
      if (needed || json_object_has_member (reader->object, key))
        fp_reader_complain (reader, key);
      return NULL;
    }
  if (strlen (text) > TEXT_MAX || !g_utf8_validate (text, -1, NULL) || (line && !is_line (text)))
    fp_reader_complain (reader, key);

  return g_strdup (text);
}

gint64
fp_reader_take_number (FpReader   *reader,
                       const char *key,
                       gint64      max)
{
  gint64 number = fp_json_get_int (reader->object, key, json_object_has_member (reader->object, key) ? -1 : 0);

  if (number < 0 || number > max)
    {
      fp_reader_complain (reader, key);
      return 0;
    }

  return number;
}

gboolean
fp_reader_take_flag (FpReader   *reader,
                     const char *key)
{
  JsonNode *member = json_object_get_member (reader->object, key);

  if (!member)
    return FALSE;
  if (!JSON_NODE_HOLDS_VALUE (member) || json_node_get_value_type (member) != G_TYPE_BOOLEAN)
    {
      fp_reader_complain (reader, key);
      return FALSE;
    }

  return json_node_get_boolean (member);
}

char *
fp_reader_take_map (FpReader   *reader,
                    const char *key,
                    gboolean    line)
{
  g_autofree char *text = fp_reader_take_text (reader, key, FALSE, FALSE);
  g_autoptr(GHashTable) map = text ? fp_json_to_string_map (text, NULL) : NULL;
  GHashTableIter iter;
  gpointer name, value;

  if (!text)
    return NULL;
  if (!map)
    {
      fp_reader_complain (reader, key);
      return NULL;
    }
  g_hash_table_iter_init (&iter, map);
  while (g_hash_table_iter_next (&iter, &name, &value))
    if (!*(char *) name || (line && (!is_line (name) || !is_line (value) || strpbrk (name, ": \t"))))
      fp_reader_complain (reader, key);

  return g_steal_pointer (&text);
}

char *
fp_reader_take_uid (FpReader   *reader,
                    const char *key,
                    gboolean    needed)
{
  char *uid = fp_reader_take_text (reader, key, needed, TRUE);

  if (uid && !fp_uuid_is_valid (uid))
    fp_reader_complain (reader, key);

  return uid;
}

char *
fp_reader_take_sha256 (FpReader *reader)
{
  char *hash = fp_reader_take_text (reader, "sha256", TRUE, TRUE);

  if (hash && (strlen (hash) != 64 || strspn (hash, "0123456789abcdef") != 64))
    fp_reader_complain (reader, "sha256");

  return hash;
}

char *
fp_reader_take_file (FpReader *reader)
{
  char *file = fp_reader_take_text (reader, "file", TRUE, TRUE);

  if (file && (!fp_transfer_path_is_safe (file) || strchr (file, '/')))
    fp_reader_complain (reader, "file");

  return file;
}

void
fp_reader_take_array (FpReader   *reader,
                      const char *key,
                      void      (*take) (FpReader *reader, gpointer data),
                      gpointer    data)
{
  JsonNode *member = json_object_get_member (reader->object, key);
  JsonArray *array = member && JSON_NODE_HOLDS_ARRAY (member) ? json_node_get_array (member) : NULL;
  guint n = array ? json_array_get_length (array) : 0;

  if (!array || n > FP_READER_ARRAY_MAX)
    {
      fp_reader_complain (reader, key);
      return;
    }
  for (guint i = 0; i < n; i++)
    {
      JsonNode *element = json_array_get_element (array, i);
      FpReader inner = { JSON_NODE_HOLDS_OBJECT (element) ? json_node_get_object (element) : NULL, NULL };

      if (!inner.object)
        {
          fp_reader_complain (reader, key);
          return;
        }
      take (&inner, data);
      if (inner.wrong)
        fp_reader_complain (reader, inner.wrong);
    }
}
