#include "config.h"

#include "engine/fp-transfer-json.h"

#include "base/fp-sha256.h"
#include "engine/fp-item-json.h"

static JsonArray *
parts_to_json (const FpItem *item,
               GPtrArray    *files)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < item->parts->len; i++)
    {
      const FpItemPart *part = g_ptr_array_index (item->parts, i);
      JsonObject *object = json_object_new ();
      g_autofree char *hash = part->data ? fp_sha256_of_bytes (part->data)
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
