#include "engine/fp-item-json.h"

#include "engine/fp-engine-endpoints.h"

static const char * const reaches[] = {
  [FP_REACH_AUTO] = "auto", [FP_REACH_PUBLIC] = "public", [FP_REACH_LAN] = "lan", [FP_REACH_ALWAYS] = "always",
};

const char *
fp_reach_to_string (FpReach reach)
{
  return (guint) reach < G_N_ELEMENTS (reaches) ? reaches[reach] : reaches[FP_REACH_AUTO];
}

gboolean
fp_reach_from_string (const char *word,
                      FpReach    *reach)
{
  for (guint i = 0; i < G_N_ELEMENTS (reaches); i++)
    if (g_str_equal (reaches[i], word))
      {
        *reach = i;
        return TRUE;
      }

  return FALSE;
}

static void
set_string (JsonObject *object,
            const char *key,
            const char *value)
{
  if (value)
    json_object_set_string_member (object, key, value);
  else
    json_object_set_null_member (object, key);
}

/* 0 = never or unknown: null. */
static void
set_time (JsonObject *object,
          const char *key,
          gint64      ms)
{
  if (ms > 0)
    json_object_set_int_member (object, key, ms);
  else
    json_object_set_null_member (object, key);
}

static JsonNode *
to_node (JsonObject *object)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, object);

  return node;
}

/* A column that holds JSON itself; what cannot be read is left out. */
static void
set_json (JsonObject *object,
          const char *key,
          const char *text)
{
  JsonNode *node = text ? fp_json_parse (text, -1, NULL) : NULL;

  if (node)
    json_object_set_member (object, key, node);
  else
    json_object_set_object_member (object, key, json_object_new ());
}

static JsonArray *
parts_to_json (GPtrArray *parts)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < parts->len; i++)
    {
      const FpItemPart *part = g_ptr_array_index (parts, i);
      JsonObject *object = json_object_new ();

      set_string (object, "name", part->name);
      set_string (object, "filename", part->filename);
      set_string (object, "media_type", part->media_type);
      json_object_set_int_member (object, "size", part->size);
      set_string (object, "sha256", part->sha256);
      json_array_add_object_element (array, object);
    }

  return array;
}

static JsonObject *
receipt_to_json (const FpReceipt *receipt)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "status", receipt->status);
  set_time (object, "time", receipt->time);
  set_string (object, "url", receipt->url);
  set_json (object, "headers", receipt->headers);
  set_string (object, "body", receipt->body);

  return object;
}

static const char *const kind_words[] = {
  [FP_ITEM_REQUEST] = "request", [FP_ITEM_SUBMISSION] = "submission", [FP_ITEM_BATCH] = "batch",
};

JsonNode *
fp_item_to_json (const FpItem    *item,
                 const FpReceipt *receipt)
{
  JsonObject *object = json_object_new ();
  g_autofree char *words = fp_item_dup_words (item);

  json_object_set_int_member (object, "id", item->id);
  set_string (object, "uid", item->uid);
  set_string (object, "state", fp_item_state_to_string (item->state));
  set_string (object, "reason_code", item->reason_code);
  set_string (object, "reason", words);
  json_object_set_int_member (object, "attempts", item->attempts);
  set_string (object, "method", item->method);
  set_string (object, "url", item->url);
  set_string (object, "tag", item->tag);
  set_string (object, "title", item->title);
  set_string (object, "kind", kind_words[item->kind]);
  set_string (object, "protocol", item->protocol == FP_PROTOCOL_OPENROSA ? "openrosa" : "plain");
  set_string (object, "reach", fp_reach_to_string (item->reach));
  set_string (object, "instance_id", item->instance_id);
  json_object_set_int_member (object, "size", item->body_size);
  json_object_set_int_member (object, "status", item->status);
  set_string (object, "hold", item->hold);
  if (item->waits_for)
    json_object_set_int_member (object, "waits_for", item->waits_for);
  json_object_set_boolean_member (object, "maybe_delivered", item->maybe_delivered);
  set_time (object, "created", item->created);
  set_time (object, "changed", item->changed);
  set_time (object, "last_try", item->last_try);
  set_time (object, "next_try", item->next_try);
  set_json (object, "headers", item->headers);
  set_json (object, "meta", item->meta);
  if (item->parts)
    json_object_set_array_member (object, "parts", parts_to_json (item->parts));
  if (receipt)
    json_object_set_object_member (object, "receipt", receipt_to_json (receipt));

  return to_node (object);
}

JsonNode *
fp_draft_to_json (const FpDraftRow *draft)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "id", draft->id);
  set_string (object, "uid", draft->uid);
  json_object_set_int_member (object, "form", draft->form);
  set_string (object, "form_title", draft->form_title);
  set_string (object, "title", draft->title);
  json_object_set_int_member (object, "revision", draft->revision);
  set_time (object, "created", draft->created);
  set_time (object, "saved", draft->saved);

  return to_node (object);
}

JsonNode *
fp_form_to_json (const FpFormRow *form)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "id", form->id);
  set_string (object, "form_id", form->form_id);
  set_string (object, "version", form->version);
  set_string (object, "title", form->title);
  set_string (object, "md5", form->md5);
  if (form->server)
    json_object_set_int_member (object, "server", form->server);
  else
    json_object_set_null_member (object, "server");
  set_string (object, "submit_url", form->submit_url);
  json_object_set_int_member (object, "drafts", form->drafts);
  set_time (object, "added", form->added);

  return to_node (object);
}

JsonNode *
fp_server_to_json (const FpServerRow *server)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "id", server->id);
  set_string (object, "title", server->title);
  set_string (object, "url", server->url);
  set_string (object, "protocol", server->protocol == FP_PROTOCOL_OPENROSA ? "openrosa" : "plain");
  set_string (object, "reach", fp_reach_to_string (server->reach));
  set_string (object, "user", server->user);
  if (server->protocol == FP_PROTOCOL_PLAIN)
    {
      set_string (object, "success", fp_success_to_string (server->success));
      set_string (object, "lost", fp_lost_to_string (server->lost));
    }
  set_time (object, "added", server->added);
  set_time (object, "refreshed", server->refreshed);

  return to_node (object);
}

JsonNode *
fp_status_to_json (const FpStatus *status)
{
  const FpItemCounts *counts = status->counts;
  JsonObject *object = json_object_new ();
  g_autofree char *title = fp_status_dup_title (status);
  g_autofree char *detail = fp_status_dup_detail (status);

  set_string (object, "state", fp_sync_state_to_string (status->state));
  json_object_set_int_member (object, "waiting", counts->waiting);
  json_object_set_int_member (object, "pending", counts->pending);
  json_object_set_int_member (object, "sending", counts->sending);
  json_object_set_int_member (object, "failed", counts->failed);
  json_object_set_int_member (object, "held", counts->held);
  json_object_set_int_member (object, "sent", counts->sent);
  json_object_set_int_member (object, "events", counts->events);
  set_string (object, "connectivity", fp_link_state_to_string (status->link));
  json_object_set_boolean_member (object, "sender", status->sender);
  json_object_set_boolean_member (object, "paused", status->paused);
  set_time (object, "next_try", counts->next_try);
  set_string (object, "reason_code", counts->reason_code);
  set_string (object, "title", title);
  set_string (object, "detail", detail);

  return to_node (object);
}
