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

      json_object_set_string_member (object, "name", part->name);
      json_object_set_string_member (object, "filename", part->filename);
      json_object_set_string_member (object, "media_type", part->media_type);
      json_object_set_int_member (object, "size", part->size);
      json_object_set_string_member (object, "sha256", part->sha256);
      json_array_add_object_element (array, object);
    }

  return array;
}

static JsonObject *
receipt_to_json (const FpReceipt *receipt)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "status", receipt->status);
  fp_json_set_time (object, "time", receipt->time);
  json_object_set_string_member (object, "url", receipt->url);
  set_json (object, "headers", receipt->headers);
  json_object_set_string_member (object, "body", receipt->body);

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
  json_object_set_string_member (object, "uid", item->uid);
  json_object_set_string_member (object, "state", fp_item_state_to_string (item->state));
  json_object_set_string_member (object, "reason_code", item->reason_code);
  json_object_set_string_member (object, "reason", words);
  json_object_set_int_member (object, "attempts", item->attempts);
  json_object_set_string_member (object, "method", item->method);
  json_object_set_string_member (object, "url", item->url);
  json_object_set_string_member (object, "tag", item->tag);
  json_object_set_string_member (object, "title", item->title);
  json_object_set_string_member (object, "kind", kind_words[item->kind]);
  json_object_set_string_member (object, "protocol", item->protocol == FP_PROTOCOL_OPENROSA ? "openrosa" : "plain");
  json_object_set_string_member (object, "reach", fp_reach_to_string (item->reach));
  json_object_set_string_member (object, "instance_id", item->instance_id);
  json_object_set_int_member (object, "size", item->body_size);
  json_object_set_int_member (object, "status", item->status);
  json_object_set_string_member (object, "hold", item->hold);
  if (item->waits_for)
    json_object_set_int_member (object, "waits_for", item->waits_for);
  json_object_set_boolean_member (object, "maybe_delivered", item->maybe_delivered);
  fp_json_set_time (object, "created", item->created);
  fp_json_set_time (object, "changed", item->changed);
  fp_json_set_time (object, "last_try", item->last_try);
  fp_json_set_time (object, "next_try", item->next_try);
  set_json (object, "headers", item->headers);
  set_json (object, "meta", item->meta);
  if (item->parts)
    json_object_set_array_member (object, "parts", parts_to_json (item->parts));
  if (receipt)
    json_object_set_object_member (object, "receipt", receipt_to_json (receipt));

  return fp_json_take_object (object);
}

JsonNode *
fp_draft_to_json (const FpDraftRow *draft)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "id", draft->id);
  json_object_set_string_member (object, "uid", draft->uid);
  json_object_set_int_member (object, "form", draft->form);
  json_object_set_string_member (object, "form_title", draft->form_title);
  json_object_set_string_member (object, "title", draft->title);
  json_object_set_int_member (object, "revision", draft->revision);
  fp_json_set_time (object, "created", draft->created);
  fp_json_set_time (object, "saved", draft->saved);

  return fp_json_take_object (object);
}

JsonNode *
fp_form_to_json (const FpFormRow *form)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "id", form->id);
  json_object_set_string_member (object, "form_id", form->form_id);
  json_object_set_string_member (object, "version", form->version);
  json_object_set_string_member (object, "title", form->title);
  json_object_set_string_member (object, "md5", form->md5);
  if (form->server)
    json_object_set_int_member (object, "server", form->server);
  else
    json_object_set_null_member (object, "server");
  json_object_set_string_member (object, "submit_url", form->submit_url);
  json_object_set_int_member (object, "drafts", form->drafts);
  fp_json_set_time (object, "added", form->added);

  return fp_json_take_object (object);
}

JsonNode *
fp_server_to_json (const FpServerRow *server)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "id", server->id);
  json_object_set_string_member (object, "title", server->title);
  json_object_set_string_member (object, "url", server->url);
  json_object_set_string_member (object, "protocol", server->protocol == FP_PROTOCOL_OPENROSA ? "openrosa" : "plain");
  json_object_set_string_member (object, "reach", fp_reach_to_string (server->reach));
  json_object_set_string_member (object, "user", server->user);
  if (server->protocol == FP_PROTOCOL_PLAIN)
    {
      json_object_set_string_member (object, "success", fp_success_to_string (server->success));
      json_object_set_string_member (object, "lost", fp_lost_to_string (server->lost));
    }
  fp_json_set_time (object, "added", server->added);
  fp_json_set_time (object, "refreshed", server->refreshed);

  return fp_json_take_object (object);
}

JsonNode *
fp_status_to_json (const FpStatus *status)
{
  const FpItemCounts *counts = status->counts;
  JsonObject *object = json_object_new ();
  g_autofree char *title = fp_status_dup_title (status);
  g_autofree char *detail = fp_status_dup_detail (status);

  json_object_set_string_member (object, "state", fp_sync_state_to_string (status->state));
  json_object_set_int_member (object, "waiting", counts->waiting);
  json_object_set_int_member (object, "pending", counts->pending);
  json_object_set_int_member (object, "sending", counts->sending);
  json_object_set_int_member (object, "failed", counts->failed);
  json_object_set_int_member (object, "held", counts->held);
  json_object_set_int_member (object, "moved", counts->moved);
  json_object_set_int_member (object, "sent", counts->sent);
  json_object_set_int_member (object, "events", counts->events);
  json_object_set_string_member (object, "connectivity", fp_link_state_to_string (status->link));
  json_object_set_boolean_member (object, "sender", status->sender);
  json_object_set_boolean_member (object, "paused", status->paused);
  fp_json_set_time (object, "next_try", counts->next_try);
  json_object_set_string_member (object, "reason_code", counts->reason_code);
  json_object_set_string_member (object, "title", title);
  json_object_set_string_member (object, "detail", detail);

  return fp_json_take_object (object);
}
