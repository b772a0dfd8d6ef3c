#include "config.h"

#include "engine/fp-transfer-json.h"

#include <string.h>

#include "engine/fp-item-json.h"
#include "engine/fp-reader.h"
#include "net/fp-host.h"

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

static void
take_part (FpReader *reader,
           gpointer  data)
{
  FpIncomingItem *incoming = data;
  FpItemPart *part = fp_item_part_new (NULL, NULL, NULL);

  part->name = fp_reader_take_text (reader, "name", FALSE, TRUE);
  part->filename = fp_reader_take_text (reader, "filename", FALSE, TRUE);
  part->media_type = fp_reader_take_text (reader, "media_type", FALSE, TRUE);
  part->sha256 = fp_reader_take_sha256 (reader);
  part->size = fp_reader_take_number (reader, "size", SIZE_MAX_BYTES);
  part->post = (guint) fp_reader_take_number (reader, "post", FP_READER_ARRAY_MAX);
  g_ptr_array_add (incoming->item->parts, part);
  g_ptr_array_add (incoming->files, fp_reader_take_file (reader));
}

static FpReceipt *
take_receipt (FpReader     *reader,
              const FpItem *item)
{
  JsonNode *member = json_object_get_member (reader->object, "receipt");
  FpReader inner = { member && JSON_NODE_HOLDS_OBJECT (member) ? json_node_get_object (member) : NULL, NULL };
  FpReceipt *receipt;

  if (!inner.object)
    {
      if (item->state == FP_ITEM_SENT)
        fp_reader_complain (reader, "receipt");
      return NULL;
    }
  receipt = g_new0 (FpReceipt, 1);
  receipt->uid = g_strdup (item->uid);
  receipt->instance_id = g_strdup (item->instance_id);
  receipt->url = fp_reader_take_text (&inner, "url", TRUE, TRUE);
  receipt->status = (gint) fp_reader_take_number (&inner, "status", 999);
  receipt->time = fp_reader_take_number (&inner, "time", TIME_MAX_MS);
  receipt->headers = fp_reader_take_map (&inner, "headers", FALSE);
  receipt->body = fp_reader_take_text (&inner, "body", FALSE, FALSE);
  if (inner.wrong)
    fp_reader_complain (reader, inner.wrong);

  return receipt;
}

static void
take_request (FpReader *reader,
              FpItem   *item)
{
  const char *kind = fp_json_peek_string (reader->object, "kind");
  const char *protocol = fp_json_peek_string (reader->object, "protocol");
  const char *reach = fp_json_peek_string (reader->object, "reach");

  item->uid = fp_reader_take_uid (reader, "uid", TRUE);
  if (g_strcmp0 (kind, "submission") != 0 && g_strcmp0 (kind, "request") != 0)
    fp_reader_complain (reader, "kind");
  item->kind = g_strcmp0 (kind, "submission") == 0 ? FP_ITEM_SUBMISSION : FP_ITEM_REQUEST;
  if (g_strcmp0 (protocol, "openrosa") != 0 && g_strcmp0 (protocol, "plain") != 0)
    fp_reader_complain (reader, "protocol");
  item->protocol = g_strcmp0 (protocol, "openrosa") == 0 ? FP_PROTOCOL_OPENROSA : FP_PROTOCOL_PLAIN;
  item->title = fp_reader_take_text (reader, "title", TRUE, FALSE);
  item->tag = fp_reader_take_text (reader, "tag", TRUE, TRUE);
  item->method = fp_reader_take_text (reader, "method", TRUE, TRUE);
  if (item->method && (!*item->method || strspn (item->method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") != strlen (item->method)
                       || g_str_equal (item->method, "CONNECT") || g_str_equal (item->method, "TRACE")))
    fp_reader_complain (reader, "method");
  item->url = fp_reader_take_text (reader, "url", TRUE, TRUE);
  item->host = item->url ? fp_host_dup_origin (item->url, NULL) : NULL;
  if (!item->host)
    fp_reader_complain (reader, "url");
  if (!reach || !fp_reach_from_string (reach, &item->reach))
    fp_reader_complain (reader, "reach");
  item->headers = fp_reader_take_map (reader, "headers", TRUE);
  item->boundary = fp_reader_take_text (reader, "boundary", FALSE, TRUE);
  if (item->boundary && (!*item->boundary || strlen (item->boundary) > 70
                         || strspn (item->boundary, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
                              != strlen (item->boundary)))
    fp_reader_complain (reader, "boundary");
  item->meta = fp_reader_take_map (reader, "meta", FALSE);
  item->secret_id = fp_reader_take_text (reader, "account", FALSE, TRUE);
  item->instance_id = fp_reader_take_text (reader, "instance_id", item->kind == FP_ITEM_SUBMISSION, TRUE);
  item->created = fp_reader_take_number (reader, "created", TIME_MAX_MS);
}

static void
take_delivery (FpReader *reader,
               FpItem   *item)
{
  item->state = fp_item_state_from_string (fp_json_peek_string (reader->object, "state"));
  if (item->state == 0)
    fp_reader_complain (reader, "state");
  item->hold = fp_reader_take_text (reader, "hold", FALSE, TRUE);
  /* Half of a request: whatever wrote that, it is not to be sent. */
  if (g_strcmp0 (item->hold, "staging") == 0)
    fp_reader_complain (reader, "hold");
  item->reason_code = fp_reader_take_text (reader, "reason_code", FALSE, TRUE);
  item->reason = fp_reader_take_text (reader, "reason", FALSE, FALSE);
  item->status = (gint) fp_reader_take_number (reader, "status", 999);
  item->attempts = (guint) fp_reader_take_number (reader, "attempts", G_MAXINT32);
  item->last_try = fp_reader_take_number (reader, "last_try", TIME_MAX_MS);
  item->maybe_delivered = fp_reader_take_flag (reader, "maybe_delivered");
  item->posts_done = (guint) fp_reader_take_number (reader, "posts_done", FP_READER_ARRAY_MAX);
}

FpIncomingItem *
fp_transfer_item_from_json (GBytes  *json,
                            GError **error)
{
  g_autoptr(JsonNode) node = fp_reader_parse (json, error);
  g_autoptr(FpIncomingItem) incoming = NULL;
  FpReader reader;

  if (!node)
    return NULL;
  reader = (FpReader) { json_node_get_object (node), NULL };
  incoming = g_new0 (FpIncomingItem, 1);
  incoming->item = fp_item_new ();
  incoming->item->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_item_part_free);
  incoming->files = g_ptr_array_new_with_free_func (g_free);
  take_request (&reader, incoming->item);
  take_delivery (&reader, incoming->item);
  incoming->form = fp_reader_take_number (&reader, "form", G_MAXINT32);
  if (incoming->item->kind == FP_ITEM_SUBMISSION && !incoming->form)
    fp_reader_complain (&reader, "form");
  incoming->waits_for = fp_reader_take_uid (&reader, "waits_for", FALSE);
  fp_reader_take_array (&reader, "parts", take_part, incoming);
  incoming->receipt = take_receipt (&reader, incoming->item);

  return fp_reader_judge (&reader, error) ? g_steal_pointer (&incoming) : NULL;
}

static void
take_draft_file (FpReader *reader,
                 gpointer  data)
{
  FpIncomingDraft *incoming = data;
  FpDraftFile *file = g_new0 (FpDraftFile, 1);

  file->name = fp_reader_take_text (reader, "name", TRUE, TRUE);
  file->media_type = fp_reader_take_text (reader, "media_type", FALSE, TRUE);
  file->sha256 = fp_reader_take_sha256 (reader);
  file->size = fp_reader_take_number (reader, "size", SIZE_MAX_BYTES);
  g_ptr_array_add (incoming->row->files, file);
  g_ptr_array_add (incoming->files, fp_reader_take_file (reader));
}

FpIncomingDraft *
fp_transfer_draft_from_json (GBytes  *json,
                             GError **error)
{
  g_autoptr(JsonNode) node = fp_reader_parse (json, error);
  g_autoptr(FpIncomingDraft) incoming = NULL;
  FpReader reader;

  if (!node)
    return NULL;
  reader = (FpReader) { json_node_get_object (node), NULL };
  incoming = g_new0 (FpIncomingDraft, 1);
  incoming->row = fp_draft_row_new ();
  incoming->row->files = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_draft_file_free);
  incoming->files = g_ptr_array_new_with_free_func (g_free);
  incoming->row->uid = fp_reader_take_uid (&reader, "uid", TRUE);
  incoming->row->title = fp_reader_take_text (&reader, "title", FALSE, FALSE);
  incoming->row->position = fp_reader_take_text (&reader, "position", FALSE, TRUE);
  incoming->edits = fp_reader_take_uid (&reader, "edits", FALSE);
  incoming->form = fp_reader_take_number (&reader, "form", G_MAXINT32);
  if (!incoming->form)
    fp_reader_complain (&reader, "form");
  fp_reader_take_array (&reader, "files", take_draft_file, incoming);

  return fp_reader_judge (&reader, error) ? g_steal_pointer (&incoming) : NULL;
}

gboolean
fp_transfer_form_from_json (GBytes       *json,
                            FpFormRow    *row,
                            FpServerRow **server,
                            GError      **error)
{
  g_autoptr(JsonNode) node = fp_reader_parse (json, error);
  g_autoptr(FpServerRow) home = NULL;
  JsonNode *member;
  FpReader reader;

  if (!node)
    return FALSE;
  reader = (FpReader) { json_node_get_object (node), NULL };
  row->submit_url = fp_reader_take_text (&reader, "submit_url", FALSE, TRUE);
  member = json_object_get_member (reader.object, "server");
  if (member && JSON_NODE_HOLDS_OBJECT (member))
    {
      FpReader inner = { json_node_get_object (member), NULL };
      const char *reach = fp_json_peek_string (inner.object, "reach");
      g_autofree char *origin = NULL;

      home = fp_server_row_new ();
      home->protocol = FP_PROTOCOL_OPENROSA;
      home->title = fp_reader_take_text (&inner, "title", TRUE, TRUE);
      home->url = fp_reader_take_text (&inner, "url", TRUE, TRUE);
      home->user = fp_reader_take_text (&inner, "user", FALSE, TRUE);
      home->secret_id = fp_reader_take_text (&inner, "account", FALSE, TRUE);
      origin = home->url ? fp_host_dup_origin (home->url, NULL) : NULL;
      if (!origin || !reach || !fp_reach_from_string (reach, &home->reach))
        fp_reader_complain (&inner, "server");
      if (inner.wrong)
        fp_reader_complain (&reader, inner.wrong);
    }
  if (!fp_reader_judge (&reader, error))
    return FALSE;
  *server = g_steal_pointer (&home);

  return TRUE;
}

static void
take_tag (FpReader *reader,
          gpointer  data)
{
  FpTagRow *row = fp_tag_row_new ();
  const char *reach = fp_json_peek_string (reader->object, "reach");
  g_autofree char *origin = NULL;

  row->name = fp_reader_take_text (reader, "name", TRUE, TRUE);
  if (row->name && (!*row->name || strlen (row->name) > TAG_MAX))
    fp_reader_complain (reader, "name");
  row->url = fp_reader_take_text (reader, "url", TRUE, TRUE);
  origin = row->url ? fp_host_dup_origin (row->url, NULL) : NULL;
  if (!origin)
    fp_reader_complain (reader, "url");
  row->headers = fp_reader_take_map (reader, "headers", TRUE);
  if (!row->headers)
    fp_reader_complain (reader, "headers");
  row->secret_id = fp_reader_take_text (reader, "account", FALSE, TRUE);
  if (!reach || !fp_reach_from_string (reach, &row->reach))
    fp_reader_complain (reader, "reach");
  row->batch_max = (guint) fp_reader_take_number (reader, "batch_max", FP_BATCH_EVENTS);
  if (row->batch_max == 0)
    fp_reader_complain (reader, "batch_max");
  g_ptr_array_add (data, row);
}

GPtrArray *
fp_transfer_tags_from_json (GBytes  *json,
                            GError **error)
{
  g_autoptr(JsonNode) node = fp_reader_parse (json, error);
  g_autoptr(GPtrArray) tags = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_tag_row_free);
  FpReader reader;

  if (!node)
    return NULL;
  reader = (FpReader) { json_node_get_object (node), NULL };
  fp_reader_take_array (&reader, "tags", take_tag, tags);

  return fp_reader_judge (&reader, error) ? g_steal_pointer (&tags) : NULL;
}
