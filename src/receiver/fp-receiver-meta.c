#include "receiver/fp-receiver-meta.h"

#include <string.h>

#include <gio/gio.h>

#include "base/fp-json.h"

static char *
make_key (gboolean    openrosa,
          const char *scope,
          const char *id)
{
  /* Neither part can hold a line break: ids are stripped text of one line in practice, and the first word tells
   * the two kinds apart. */
  return id ? g_strjoin ("\n", openrosa ? "form" : "key", scope, id, NULL) : NULL;
}

char *
fp_receiver_meta_key (const FpArrival *arrival)
{
  return arrival->openrosa ? make_key (TRUE, arrival->form_id, arrival->instance_id)
                           : make_key (FALSE, arrival->path, arrival->key);
}

static FpReceiverEntry *
entry_new (guint64     number,
           const char *folder)
{
  FpReceiverEntry *entry = g_new0 (FpReceiverEntry, 1);

  entry->number = number;
  entry->folder = g_strdup (folder);
  entry->files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  entry->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_add (entry->names, g_strdup (FP_RECEIVER_META));
  g_hash_table_add (entry->names, g_strdup (FP_RECEIVER_META_NEW));

  return entry;
}

FpReceiverEntry *
fp_receiver_entry_new (guint64          number,
                       const char      *folder,
                       const FpArrival *arrival)
{
  FpReceiverEntry *entry = entry_new (number, folder);

  entry->key = fp_receiver_meta_key (arrival);
  entry->sha256 = g_strdup (arrival->sha256);
  for (guint i = 0; i < arrival->files->len; i++)
    {
      const FpArrivalFile *file = arrival->files->pdata[i];

      g_hash_table_insert (entry->files, g_strdup (file->name), g_strdup (file->sha256));
      g_hash_table_add (entry->names, g_strdup (file->file));
    }

  return entry;
}

void
fp_receiver_entry_free (FpReceiverEntry *entry)
{
  g_free (entry->folder);
  g_free (entry->key);
  g_free (entry->sha256);
  g_hash_table_unref (entry->files);
  g_hash_table_unref (entry->names);
  g_free (entry);
}

static JsonObject *
file_to_json (const FpArrivalFile *file)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "field", file->field);
  json_object_set_string_member (object, "name", file->name);
  json_object_set_string_member (object, "file", file->file);
  fp_json_set_given (object, "type", file->type);
  json_object_set_int_member (object, "bytes", file->bytes);
  json_object_set_string_member (object, "sha256", file->sha256);

  return object;
}

/* An array of pairs, not an object: a field may come twice, and order tells. */
static JsonArray *
fields_to_json (GPtrArray *fields)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < fields->len; i++)
    {
      const FpArrivalField *field = fields->pdata[i];
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "name", field->name);
      json_object_set_string_member (object, "value", field->value);
      json_array_add_object_element (array, object);
    }

  return array;
}

static char *
print (JsonObject *object)
{
  g_autofree char *text = fp_json_print_object (object, TRUE);

  return g_strconcat (text, "\n", NULL);
}

char *
fp_receiver_meta_write (const FpArrival *arrival,
                        guint64          number,
                        GDateTime       *time)
{
  JsonObject *object = json_object_new ();
  g_autofree char *when = g_date_time_format_iso8601 (time);
  JsonArray *files = json_array_new ();

  json_object_set_int_member (object, "number", number);
  json_object_set_string_member (object, "time", when);
  json_object_set_string_member (object, "kind", arrival->openrosa ? "submission" : "request");
  fp_json_set_given (object, "method", arrival->method);
  fp_json_set_given (object, "path", arrival->path);
  fp_json_set_given (object, "from", arrival->from);
  fp_json_set_given (object, "form", arrival->form_id);
  fp_json_set_given (object, "version", arrival->version);
  fp_json_set_given (object, "instance_id", arrival->instance_id);
  fp_json_set_given (object, "deprecated_id", arrival->deprecated_id);
  fp_json_set_given (object, "key", arrival->key);
  json_object_set_int_member (object, "bytes", arrival->bytes);
  fp_json_set_given (object, "sha256", arrival->sha256);
  json_object_set_object_member (object, "headers", fp_json_object_from_map (arrival->headers));
  if (arrival->fields->len > 0)
    json_object_set_array_member (object, "fields", fields_to_json (arrival->fields));
  for (guint i = 0; i < arrival->files->len; i++)
    json_array_add_object_element (files, file_to_json (arrival->files->pdata[i]));
  json_object_set_array_member (object, "files", files);

  return print (object);
}

static JsonArray *
peek_array (JsonObject *object,
            const char *key)
{
  JsonNode *node = json_object_get_member (object, key);

  return node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

char *
fp_receiver_meta_extend (const char *old,
                         GPtrArray  *added)
{
  g_autoptr(JsonNode) node = fp_json_parse (old, -1, NULL);
  g_autoptr(GList) names = NULL;
  JsonObject *read, *object;
  JsonArray *known, *files;

  if (!node || !JSON_NODE_HOLDS_OBJECT (node))
    return NULL;
  read = json_node_get_object (node);
  if (!(known = peek_array (read, "files")))
    return NULL;

  /* What was parsed cannot be changed: the members are set again in an object of our own. */
  object = json_object_new ();
  names = json_object_get_members (read);
  for (GList *l = names; l; l = l->next)
    json_object_set_member (object, l->data, json_object_dup_member (read, l->data));
  files = json_array_new ();
  for (guint i = 0; i < json_array_get_length (known); i++)
    json_array_add_element (files, json_array_dup_element (known, i));
  for (guint i = 0; i < added->len; i++)
    json_array_add_object_element (files, file_to_json (added->pdata[i]));
  json_object_set_array_member (object, "files", files);

  return print (object);
}

static void
read_files (FpReceiverEntry *entry,
            JsonArray       *files)
{
  for (guint i = 0; files && i < json_array_get_length (files); i++)
    {
      JsonNode *node = json_array_get_element (files, i);
      JsonObject *file = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
      const char *name = file ? fp_json_peek_string (file, "name") : NULL;
      const char *sha256 = file ? fp_json_peek_string (file, "sha256") : NULL;
      const char *on_disk = file ? fp_json_peek_string (file, "file") : NULL;

      if (name && sha256)
        g_hash_table_insert (entry->files, g_strdup (name), g_strdup (sha256));
      if (on_disk)
        g_hash_table_add (entry->names, g_strdup (on_disk));
    }
}

FpReceiverEntry *
fp_receiver_meta_read (const char  *text,
                       const char  *folder,
                       GError     **error)
{
  g_autoptr(JsonNode) node = fp_json_parse (text, -1, error);
  g_autoptr(FpReceiverEntry) entry = NULL;
  JsonObject *object;
  gboolean openrosa;

  if (!node)
    return NULL;
  object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  if (!object || !fp_json_peek_string (object, "sha256") || !fp_json_peek_string (object, "kind")
      || fp_json_get_int (object, "number", 0) <= 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "it is not a note of an arrival");
      return NULL;
    }

  entry = entry_new (fp_json_get_int (object, "number", 0), folder);
  entry->sha256 = g_strdup (fp_json_peek_string (object, "sha256"));
  openrosa = strcmp (fp_json_peek_string (object, "kind"), "submission") == 0;
  entry->key = make_key (openrosa, fp_json_peek_string (object, openrosa ? "form" : "path"),
                         fp_json_peek_string (object, openrosa ? "instance_id" : "key"));
  read_files (entry, peek_array (object, "files"));

  return g_steal_pointer (&entry);
}
