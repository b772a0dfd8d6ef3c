#include "config.h"

#include "engine/fp-transfer-json.h"

#include <glib/gi18n.h>
#include <string.h>

#include "base/fp-random.h"
#include "engine/fp-engine.h"
#include "engine/fp-item-json.h"
#include "engine/fp-transfer-files.h"
#include "net/fp-host.h"

#define TEXT_MAX (64 * 1024)
#define PARTS_MAX 10000
#define TAG_MAX 200
#define SIZE_MAX_BYTES (G_GINT64_CONSTANT (1) << 50)
/* The year 3000: unix ms. */
#define TIME_MAX_MS G_GINT64_CONSTANT (32503680000000)

void
fp_incoming_item_free (FpIncomingItem *incoming)
{
  g_clear_pointer (&incoming->item, fp_item_free);
  g_clear_pointer (&incoming->receipt, fp_receipt_free);
  g_clear_pointer (&incoming->files, g_ptr_array_unref);
  g_free (incoming->waits_for);
  g_free (incoming);
}

void
fp_incoming_draft_free (FpIncomingDraft *incoming)
{
  g_clear_pointer (&incoming->row, fp_draft_row_free);
  g_clear_pointer (&incoming->files, g_ptr_array_unref);
  g_free (incoming->edits);
  g_free (incoming);
}

/* Writing. */

static JsonArray *
parts_to_json (const FpItem *item,
               GPtrArray    *files)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < item->parts->len; i++)
    {
      const FpItemPart *part = g_ptr_array_index (item->parts, i);
      JsonObject *object = json_object_new ();
      g_autofree char *hash = part->data ? g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, part->data)
                                         : g_strdup (part->sha256);

      fp_json_set_given (object, "file", g_ptr_array_index (files, i));
      fp_json_set_given (object, "name", part->name);
      fp_json_set_given (object, "filename", part->filename);
      fp_json_set_given (object, "media_type", part->media_type);
      json_object_set_int_member (object, "size", part->size);
      fp_json_set_given (object, "sha256", hash);
      json_object_set_int_member (object, "post", part->post);
      json_array_add_object_element (array, object);
    }

  return array;
}

JsonNode *
fp_transfer_item_to_json (const FpItem    *item,
                          GPtrArray       *files,
                          const char      *waits_for,
                          const FpReceipt *receipt)
{
  JsonObject *object = json_object_new ();

  fp_json_set_given (object, "uid", item->uid);
  fp_json_set_given (object, "kind", item->kind == FP_ITEM_SUBMISSION ? "submission" : "request");
  fp_json_set_given (object, "protocol", item->protocol == FP_PROTOCOL_OPENROSA ? "openrosa" : "plain");
  fp_json_set_given (object, "title", item->title);
  fp_json_set_given (object, "tag", item->tag);
  fp_json_set_given (object, "method", item->method);
  fp_json_set_given (object, "url", item->url);
  fp_json_set_given (object, "reach", fp_reach_to_string (item->reach));
  fp_json_set_given (object, "headers", item->headers);
  fp_json_set_given (object, "boundary", item->boundary);
  fp_json_set_given (object, "meta", item->meta);
  fp_json_set_given (object, "account", item->secret_id);
  json_object_set_int_member (object, "form", item->form);
  fp_json_set_given (object, "instance_id", item->instance_id);
  json_object_set_int_member (object, "created", item->created);
  fp_json_set_given (object, "state", fp_item_state_to_string (item->state));
  fp_json_set_given (object, "hold", item->hold);
  fp_json_set_given (object, "reason_code", item->reason_code);
  fp_json_set_given (object, "reason", item->reason);
  json_object_set_int_member (object, "status", item->status);
  json_object_set_int_member (object, "attempts", item->attempts);
  json_object_set_int_member (object, "last_try", item->last_try);
  json_object_set_boolean_member (object, "maybe_delivered", item->maybe_delivered);
  json_object_set_int_member (object, "posts_done", item->posts_done);
  fp_json_set_given (object, "waits_for", waits_for);
  json_object_set_array_member (object, "parts", parts_to_json (item, files));
  if (receipt)
    {
      JsonObject *answer = json_object_new ();

      json_object_set_int_member (answer, "status", receipt->status);
      json_object_set_int_member (answer, "time", receipt->time);
      fp_json_set_given (answer, "url", receipt->url);
      fp_json_set_given (answer, "headers", receipt->headers);
      fp_json_set_given (answer, "body", receipt->body);
      json_object_set_object_member (object, "receipt", answer);
    }

  return fp_json_take_object (object);
}

JsonNode *
fp_transfer_draft_to_json (const FpDraftRow *row,
                           GPtrArray        *files,
                           const char       *edits)
{
  JsonObject *object = json_object_new ();
  JsonArray *array = json_array_new ();

  fp_json_set_given (object, "uid", row->uid);
  fp_json_set_given (object, "title", row->title);
  json_object_set_int_member (object, "form", row->form);
  fp_json_set_given (object, "position", row->position);
  json_object_set_int_member (object, "created", row->created);
  json_object_set_int_member (object, "saved", row->saved);
  fp_json_set_given (object, "edits", edits);
  for (guint i = 0; i < row->files->len; i++)
    {
      const FpDraftFile *file = g_ptr_array_index (row->files, i);
      JsonObject *entry = json_object_new ();

      fp_json_set_given (entry, "file", g_ptr_array_index (files, i));
      fp_json_set_given (entry, "name", file->name);
      fp_json_set_given (entry, "media_type", file->media_type);
      fp_json_set_given (entry, "sha256", file->sha256);
      json_object_set_int_member (entry, "size", file->size);
      json_array_add_object_element (array, entry);
    }
  json_object_set_array_member (object, "files", array);

  return fp_json_take_object (object);
}

JsonNode *
fp_transfer_form_to_json (const FpFormRow   *row,
                          const FpServerRow *server)
{
  JsonObject *object = json_object_new ();

  fp_json_set_given (object, "form_id", row->form_id);
  fp_json_set_given (object, "version", row->version);
  fp_json_set_given (object, "title", row->title);
  fp_json_set_given (object, "submit_url", row->submit_url);
  if (server)
    {
      JsonObject *home = json_object_new ();

      fp_json_set_given (home, "title", server->title);
      fp_json_set_given (home, "url", server->url);
      fp_json_set_given (home, "reach", fp_reach_to_string (server->reach));
      fp_json_set_given (home, "user", server->user);
      fp_json_set_given (home, "account", server->secret_id);
      json_object_set_object_member (object, "server", home);
    }

  return fp_json_take_object (object);
}

/* Reading. A reader notes the first member that makes no sense and goes on. */

typedef struct {
  JsonObject *object; /* borrowed */
  const char *wrong;  /* static text */
} Reader;

static void
complain (Reader     *reader,
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

/* @needed: an absent one is wrong. @line: without control characters. */
static char *
take_text (Reader     *reader,
           const char *key,
           gboolean    needed,
           gboolean    line)
{
  const char *text = fp_json_peek_string (reader->object, key);

  if (!text)
    {
      if (needed || json_object_has_member (reader->object, key))
        complain (reader, key);
      return NULL;
    }
  if (strlen (text) > TEXT_MAX || !g_utf8_validate (text, -1, NULL) || (line && !is_line (text)))
    complain (reader, key);

  return g_strdup (text);
}

static gint64
take_number (Reader     *reader,
             const char *key,
             gint64      max)
{
  gint64 number = fp_json_get_int (reader->object, key, json_object_has_member (reader->object, key) ? -1 : 0);

  if (number < 0 || number > max)
    {
      complain (reader, key);
      return 0;
    }

  return number;
}

static gboolean
take_flag (Reader     *reader,
           const char *key)
{
  JsonNode *member = json_object_get_member (reader->object, key);

  if (!member)
    return FALSE;
  if (!JSON_NODE_HOLDS_VALUE (member) || json_node_get_value_type (member) != G_TYPE_BOOLEAN)
    {
      complain (reader, key);
      return FALSE;
    }

  return json_node_get_boolean (member);
}

/* JSON within JSON: a flat map of strings without control characters. */
static char *
take_map (Reader     *reader,
          const char *key,
          gboolean    line)
{
  g_autofree char *text = take_text (reader, key, FALSE, FALSE);
  g_autoptr(GHashTable) map = text ? fp_json_to_string_map (text, NULL) : NULL;
  GHashTableIter iter;
  gpointer name, value;

  if (!text)
    return NULL;
  if (!map)
    {
      complain (reader, key);
      return NULL;
    }
  g_hash_table_iter_init (&iter, map);
  while (g_hash_table_iter_next (&iter, &name, &value))
    if (!*(char *) name || (line && (!is_line (name) || !is_line (value) || strpbrk (name, ": \t"))))
      complain (reader, key);

  return g_steal_pointer (&text);
}

static char *
take_uid (Reader     *reader,
          const char *key,
          gboolean    needed)
{
  char *uid = take_text (reader, key, needed, TRUE);

  if (uid && !fp_uuid_is_valid (uid))
    complain (reader, key);

  return uid;
}

static char *
take_sha256 (Reader *reader)
{
  char *hash = take_text (reader, "sha256", TRUE, TRUE);

  if (hash && (strlen (hash) != 64 || strspn (hash, "0123456789abcdef") != 64))
    complain (reader, "sha256");

  return hash;
}

static char *
take_file (Reader *reader)
{
  char *file = take_text (reader, "file", TRUE, TRUE);

  if (file && (!fp_transfer_path_is_safe (file) || strchr (file, '/')))
    complain (reader, "file");

  return file;
}

/* Each object of an array through @take. */
static void
take_array (Reader     *reader,
            const char *key,
            void      (*take) (Reader *reader, gpointer data),
            gpointer    data)
{
  JsonNode *member = json_object_get_member (reader->object, key);
  JsonArray *array = member && JSON_NODE_HOLDS_ARRAY (member) ? json_node_get_array (member) : NULL;
  guint n = array ? json_array_get_length (array) : 0;

  if (!array || n > PARTS_MAX)
    {
      complain (reader, key);
      return;
    }
  for (guint i = 0; i < n; i++)
    {
      JsonNode *element = json_array_get_element (array, i);
      Reader inner = { JSON_NODE_HOLDS_OBJECT (element) ? json_node_get_object (element) : NULL, NULL };

      if (!inner.object)
        {
          complain (reader, key);
          return;
        }
      take (&inner, data);
      if (inner.wrong)
        complain (reader, inner.wrong);
    }
}

static void
take_part (Reader   *reader,
           gpointer  data)
{
  FpIncomingItem *incoming = data;
  FpItemPart *part = fp_item_part_new (NULL, NULL, NULL);

  part->name = take_text (reader, "name", FALSE, TRUE);
  part->filename = take_text (reader, "filename", FALSE, TRUE);
  part->media_type = take_text (reader, "media_type", FALSE, TRUE);
  part->sha256 = take_sha256 (reader);
  part->size = take_number (reader, "size", SIZE_MAX_BYTES);
  part->post = (guint) take_number (reader, "post", PARTS_MAX);
  g_ptr_array_add (incoming->item->parts, part);
  g_ptr_array_add (incoming->files, take_file (reader));
}

static FpReceipt *
take_receipt (Reader       *reader,
              const FpItem *item)
{
  JsonNode *member = json_object_get_member (reader->object, "receipt");
  Reader inner = { member && JSON_NODE_HOLDS_OBJECT (member) ? json_node_get_object (member) : NULL, NULL };
  FpReceipt *receipt;

  if (!inner.object)
    {
      if (item->state == FP_ITEM_SENT)
        complain (reader, "receipt");
      return NULL;
    }
  receipt = g_new0 (FpReceipt, 1);
  receipt->uid = g_strdup (item->uid);
  receipt->instance_id = g_strdup (item->instance_id);
  receipt->url = take_text (&inner, "url", TRUE, TRUE);
  receipt->status = (gint) take_number (&inner, "status", 999);
  receipt->time = take_number (&inner, "time", TIME_MAX_MS);
  receipt->headers = take_map (&inner, "headers", FALSE);
  receipt->body = take_text (&inner, "body", FALSE, FALSE);
  if (inner.wrong)
    complain (reader, inner.wrong);

  return receipt;
}

static void
take_request (Reader *reader,
              FpItem *item)
{
  const char *kind = fp_json_peek_string (reader->object, "kind");
  const char *protocol = fp_json_peek_string (reader->object, "protocol");
  const char *reach = fp_json_peek_string (reader->object, "reach");

  item->uid = take_uid (reader, "uid", TRUE);
  if (g_strcmp0 (kind, "submission") != 0 && g_strcmp0 (kind, "request") != 0)
    complain (reader, "kind");
  item->kind = g_strcmp0 (kind, "submission") == 0 ? FP_ITEM_SUBMISSION : FP_ITEM_REQUEST;
  if (g_strcmp0 (protocol, "openrosa") != 0 && g_strcmp0 (protocol, "plain") != 0)
    complain (reader, "protocol");
  item->protocol = g_strcmp0 (protocol, "openrosa") == 0 ? FP_PROTOCOL_OPENROSA : FP_PROTOCOL_PLAIN;
  item->title = take_text (reader, "title", TRUE, FALSE);
  item->tag = take_text (reader, "tag", TRUE, TRUE);
  item->method = take_text (reader, "method", TRUE, TRUE);
  if (item->method && (!*item->method || strspn (item->method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") != strlen (item->method)
                       || g_str_equal (item->method, "CONNECT") || g_str_equal (item->method, "TRACE")))
    complain (reader, "method");
  item->url = take_text (reader, "url", TRUE, TRUE);
  item->host = item->url ? fp_host_dup_origin (item->url, NULL) : NULL;
  if (!item->host)
    complain (reader, "url");
  if (!reach || !fp_reach_from_string (reach, &item->reach))
    complain (reader, "reach");
  item->headers = take_map (reader, "headers", TRUE);
  item->boundary = take_text (reader, "boundary", FALSE, TRUE);
  if (item->boundary && (!*item->boundary || strlen (item->boundary) > 70
                         || strspn (item->boundary, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
                              != strlen (item->boundary)))
    complain (reader, "boundary");
  item->meta = take_map (reader, "meta", FALSE);
  item->secret_id = take_text (reader, "account", FALSE, TRUE);
  item->instance_id = take_text (reader, "instance_id", item->kind == FP_ITEM_SUBMISSION, TRUE);
  item->created = take_number (reader, "created", TIME_MAX_MS);
}

static void
take_delivery (Reader *reader,
               FpItem *item)
{
  item->state = fp_item_state_from_string (fp_json_peek_string (reader->object, "state"));
  if (item->state == 0)
    complain (reader, "state");
  item->hold = take_text (reader, "hold", FALSE, TRUE);
  /* Half of a request: whatever wrote that, it is not to be sent. */
  if (g_strcmp0 (item->hold, "staging") == 0)
    complain (reader, "hold");
  item->reason_code = take_text (reader, "reason_code", FALSE, TRUE);
  item->reason = take_text (reader, "reason", FALSE, FALSE);
  item->status = (gint) take_number (reader, "status", 999);
  item->attempts = (guint) take_number (reader, "attempts", G_MAXINT32);
  item->last_try = take_number (reader, "last_try", TIME_MAX_MS);
  item->maybe_delivered = take_flag (reader, "maybe_delivered");
  item->posts_done = (guint) take_number (reader, "posts_done", PARTS_MAX);
}

static JsonNode *
parse (GBytes  *json,
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

static gboolean
judge (const Reader  *reader,
       GError       **error)
{
  if (reader->wrong)
    g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED, _("“%s” makes no sense"), reader->wrong);

  return reader->wrong == NULL;
}

FpIncomingItem *
fp_transfer_item_from_json (GBytes  *json,
                            GError **error)
{
  g_autoptr(JsonNode) node = parse (json, error);
  g_autoptr(FpIncomingItem) incoming = NULL;
  Reader reader;

  if (!node)
    return NULL;
  reader = (Reader) { json_node_get_object (node), NULL };
  incoming = g_new0 (FpIncomingItem, 1);
  incoming->item = fp_item_new ();
  incoming->item->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_item_part_free);
  incoming->files = g_ptr_array_new_with_free_func (g_free);
  take_request (&reader, incoming->item);
  take_delivery (&reader, incoming->item);
  incoming->form = take_number (&reader, "form", G_MAXINT32);
  if (incoming->item->kind == FP_ITEM_SUBMISSION && !incoming->form)
    complain (&reader, "form");
  incoming->waits_for = take_uid (&reader, "waits_for", FALSE);
  take_array (&reader, "parts", take_part, incoming);
  incoming->receipt = take_receipt (&reader, incoming->item);

  return judge (&reader, error) ? g_steal_pointer (&incoming) : NULL;
}

static void
take_draft_file (Reader   *reader,
                 gpointer  data)
{
  FpIncomingDraft *incoming = data;
  FpDraftFile *file = g_new0 (FpDraftFile, 1);

  file->name = take_text (reader, "name", TRUE, TRUE);
  file->media_type = take_text (reader, "media_type", FALSE, TRUE);
  file->sha256 = take_sha256 (reader);
  file->size = take_number (reader, "size", SIZE_MAX_BYTES);
  g_ptr_array_add (incoming->row->files, file);
  g_ptr_array_add (incoming->files, take_file (reader));
}

FpIncomingDraft *
fp_transfer_draft_from_json (GBytes  *json,
                             GError **error)
{
  g_autoptr(JsonNode) node = parse (json, error);
  g_autoptr(FpIncomingDraft) incoming = NULL;
  Reader reader;

  if (!node)
    return NULL;
  reader = (Reader) { json_node_get_object (node), NULL };
  incoming = g_new0 (FpIncomingDraft, 1);
  incoming->row = fp_draft_row_new ();
  incoming->row->files = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_draft_file_free);
  incoming->files = g_ptr_array_new_with_free_func (g_free);
  incoming->row->uid = take_uid (&reader, "uid", TRUE);
  incoming->row->title = take_text (&reader, "title", FALSE, FALSE);
  incoming->row->position = take_text (&reader, "position", FALSE, TRUE);
  incoming->edits = take_uid (&reader, "edits", FALSE);
  incoming->form = take_number (&reader, "form", G_MAXINT32);
  if (!incoming->form)
    complain (&reader, "form");
  take_array (&reader, "files", take_draft_file, incoming);

  return judge (&reader, error) ? g_steal_pointer (&incoming) : NULL;
}

gboolean
fp_transfer_form_from_json (GBytes       *json,
                            FpFormRow    *row,
                            FpServerRow **server,
                            GError      **error)
{
  g_autoptr(JsonNode) node = parse (json, error);
  g_autoptr(FpServerRow) home = NULL;
  JsonNode *member;
  Reader reader;

  if (!node)
    return FALSE;
  reader = (Reader) { json_node_get_object (node), NULL };
  row->submit_url = take_text (&reader, "submit_url", FALSE, TRUE);
  member = json_object_get_member (reader.object, "server");
  if (member && JSON_NODE_HOLDS_OBJECT (member))
    {
      Reader inner = { json_node_get_object (member), NULL };
      const char *reach = fp_json_peek_string (inner.object, "reach");
      g_autofree char *origin = NULL;

      home = fp_server_row_new ();
      home->protocol = FP_PROTOCOL_OPENROSA;
      home->title = take_text (&inner, "title", TRUE, TRUE);
      home->url = take_text (&inner, "url", TRUE, TRUE);
      home->user = take_text (&inner, "user", FALSE, TRUE);
      home->secret_id = take_text (&inner, "account", FALSE, TRUE);
      origin = home->url ? fp_host_dup_origin (home->url, NULL) : NULL;
      if (!origin || !reach || !fp_reach_from_string (reach, &home->reach))
        complain (&inner, "server");
      if (inner.wrong)
        complain (&reader, inner.wrong);
    }
  if (!judge (&reader, error))
    return FALSE;
  *server = g_steal_pointer (&home);

  return TRUE;
}

/* Tags of events. */

JsonNode *
fp_transfer_tags_to_json (GPtrArray *tags)
{
  JsonObject *object = json_object_new ();
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < tags->len; i++)
    {
      const FpTagRow *row = g_ptr_array_index (tags, i);
      JsonObject *tag = json_object_new ();

      fp_json_set_given (tag, "name", row->name);
      fp_json_set_given (tag, "url", row->url);
      fp_json_set_given (tag, "headers", row->headers);
      fp_json_set_given (tag, "account", row->secret_id);
      fp_json_set_given (tag, "reach", fp_reach_to_string (row->reach));
      json_object_set_int_member (tag, "batch_max", row->batch_max);
      json_array_add_object_element (array, tag);
    }
  json_object_set_array_member (object, "tags", array);

  return fp_json_take_object (object);
}

static void
take_tag (Reader   *reader,
          gpointer  data)
{
  FpTagRow *row = fp_tag_row_new ();
  const char *reach = fp_json_peek_string (reader->object, "reach");
  g_autofree char *origin = NULL;

  row->name = take_text (reader, "name", TRUE, TRUE);
  if (row->name && (!*row->name || strlen (row->name) > TAG_MAX))
    complain (reader, "name");
  row->url = take_text (reader, "url", TRUE, TRUE);
  origin = row->url ? fp_host_dup_origin (row->url, NULL) : NULL;
  if (!origin)
    complain (reader, "url");
  row->headers = take_map (reader, "headers", TRUE);
  if (!row->headers)
    complain (reader, "headers");
  row->secret_id = take_text (reader, "account", FALSE, TRUE);
  if (!reach || !fp_reach_from_string (reach, &row->reach))
    complain (reader, "reach");
  row->batch_max = (guint) take_number (reader, "batch_max", FP_BATCH_EVENTS);
  if (row->batch_max == 0)
    complain (reader, "batch_max");
  g_ptr_array_add (data, row);
}

GPtrArray *
fp_transfer_tags_from_json (GBytes  *json,
                            GError **error)
{
  g_autoptr(JsonNode) node = parse (json, error);
  g_autoptr(GPtrArray) tags = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_tag_row_free);
  Reader reader;

  if (!node)
    return NULL;
  reader = (Reader) { json_node_get_object (node), NULL };
  take_array (&reader, "tags", take_tag, tags);

  return judge (&reader, error) ? g_steal_pointer (&tags) : NULL;
}
