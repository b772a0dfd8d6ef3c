#include "sync/fp-sync-private.h"

#include <string.h>

#include "base/fp-json.h"
#include "sync/fp-batch.h"
#include "sync/fp-sync-hold.h"
#include "sync/fp-sync-split.h"

#define RECEIPT_BODY_MAX 4096

/* The few headers a receipt keeps. */
static char *
dup_receipt_headers (const FpAnswer *answer)
{
  static const char *const kept[] = { "date", "location", "etag", "content-type" };
  g_autoptr(GHashTable) map = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    {
      const char *value = fp_answer_peek_header (answer, kept[i]);

      if (value)
        g_hash_table_insert (map, g_strdup (kept[i]), g_utf8_make_valid (value, -1));
    }

  return fp_json_from_string_map (map);
}

/* Text, cut at a character; bytes that are no text come out as U+FFFD. */
static char *
dup_receipt_body (const FpAnswer *answer)
{
  g_autofree char *text = NULL;
  const char *data;
  const char *end;
  gsize size = 0;

  data = answer->body ? g_bytes_get_data (answer->body, &size) : NULL;
  if (size == 0)
    return NULL;

  text = g_utf8_make_valid (data, (gssize) MIN (size, RECEIPT_BODY_MAX));
  if (strlen (text) > RECEIPT_BODY_MAX)
    {
      end = g_utf8_find_prev_char (text, text + RECEIPT_BODY_MAX + 1);
      text[end - text] = '\0';
    }

  return g_steal_pointer (&text);
}

static FpReceipt *
receipt_new (const FpItem   *item,
             const FpAnswer *answer,
             gint64          now_wall)
{
  FpReceipt *receipt = g_new0 (FpReceipt, 1);

  receipt->item = item->id;
  receipt->uid = g_strdup (item->uid);
  receipt->instance_id = g_strdup (item->instance_id);
  receipt->url = g_strdup (item->url);
  receipt->status = (gint) answer->status;
  receipt->headers = dup_receipt_headers (answer);
  receipt->body = dup_receipt_body (answer);
  receipt->time = now_wall;

  return receipt;
}

/* Only for an item that was waiting when the network came, and only for its first attempt since then: everything else
 * measures the server or the person. */
static gint64
ms_since_usable (FpSync         *self,
                 const FpItem   *item,
                 const FpAnswer *answer)
{
  gint64 since = fp_link_get_since (self->link);

  if (self->usable_wall == 0 || !self->usable || item->created > self->usable_wall
      || item->last_try >= self->usable_wall || answer->first_byte_boot == 0)
    return -1;

  return MAX (0, answer->first_byte_boot - since);
}

/* NULL: no account, so that a refusal is the item's. */
static char *
dup_endpoint (const FpItem *item)
{
  return item->secret_id ? g_strconcat (item->secret_id, "\n", item->url, NULL) : NULL;
}

/* TRUE if the item before this one was refused at the same address, with the same credentials. */
static gboolean
was_forbidden (FpSync       *self,
               const FpItem *item)
{
  g_autofree char *endpoint = dup_endpoint (item);
  const gint64 *last = endpoint ? g_hash_table_lookup (self->forbidden, endpoint) : NULL;

  return last && *last != item->id;
}

static void
note_forbidden (FpSync          *self,
                const FpItem    *item,
                const FpVerdict *verdict)
{
  g_autofree char *endpoint = dup_endpoint (item);

  if (endpoint && g_strcmp0 (verdict->code, "item-forbidden") == 0)
    g_hash_table_insert (self->forbidden, g_steal_pointer (&endpoint), g_memdup2 (&item->id, sizeof item->id));
  else if (endpoint && verdict->contacted)
    g_hash_table_remove (self->forbidden, endpoint);
}

/* Any OpenRosa answer may say how large a request the server takes. A turn may be reading the table on its thread. */
static void
note_limit (FpSync         *self,
            const FpItem   *item,
            const FpAnswer *answer)
{
  const char *text = fp_answer_peek_header (answer, "x-openrosa-accept-content-length");
  gint64 limit = text ? g_ascii_strtoll (text, NULL, 10) : 0;
  const gint64 *known = g_hash_table_lookup (self->limits, item->host);
  g_autoptr(GHashTable) limits = NULL;
  GHashTableIter iter;
  gpointer host, bytes;

  if (item->protocol != FP_PROTOCOL_OPENROSA || limit <= 0 || (known && *known == limit))
    return;

  limits = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_iter_init (&iter, self->limits);
  while (g_hash_table_iter_next (&iter, &host, &bytes))
    g_hash_table_insert (limits, g_strdup (host), g_memdup2 (bytes, sizeof (gint64)));
  g_hash_table_insert (limits, g_strdup (item->host), g_memdup2 (&limit, sizeof limit));
  g_hash_table_unref (self->limits);
  self->limits = g_steal_pointer (&limits);
}

/* A batch that is to be halved says nothing about its destination yet: only what cannot be made smaller does. */
static void
note_pause (FpSync          *self,
            const FpItem    *item,
            const FpVerdict *verdict,
            guint            http_status)
{
  if (verdict->kind == FP_VERDICT_ITEM && fp_batch_can_halve (item, http_status))
    fp_pauses_cancelled (self->pauses, item->id);
  else if (fp_pauses_ended (self->pauses, item, verdict, http_status, fp_clock_get_boot_ms (self->clock)))
    fp_sync_wish_to_clear_host (self, item->host);
}

/* Takes the item out of @claim into its outcome. */
static FpSyncOutcome *
outcome_new_from (FpSync      *self,
                  FpSyncClaim *claim)
{
  FpSyncOutcome *outcome = fp_sync_outcome_new ();

  outcome->item = g_steal_pointer (&claim->item);
  g_ptr_array_add (self->outcomes, outcome);

  return outcome;
}

void
fp_sync_give_back (FpSync      *self,
                   FpSyncClaim *claim,
                   gboolean     sent_any)
{
  FpSyncOutcome *outcome = outcome_new_from (self, claim);

  outcome->cut = sent_any;
  outcome->newly_failed = claim->asks_if_lost && sent_any;
  if (outcome->newly_failed)
    fp_policy_hold_lost (outcome->item);
  else
    fp_policy_give_back (outcome->item, sent_any || claim->maybe_before);
  fp_breaker_cancelled (fp_sync_get_breaker (self, outcome->item->host), outcome->item->id);
  fp_pauses_cancelled (self->pauses, outcome->item->id);
}

/* A submission whose last part the server does not have yet. TRUE: it goes on, and needs no verdict. */
static gboolean
go_on (FpSync                *self,
       FpSyncOutcome         *outcome,
       const FpVerdict       *verdict,
       guint                  http_status,
       const FpPolicyAttempt *attempt)
{
  FpItem *item = outcome->item;

  if (verdict->kind == FP_VERDICT_RECEIPT && fp_sync_split_goes_on (item))
    {
      item->posts_done++;
    }
  else if (verdict->kind == FP_VERDICT_SPLIT)
    {
      const gint64 *limit = g_hash_table_lookup (self->limits, item->host);

      outcome->split = (limit && fp_sync_split (item, *limit)) || fp_sync_split (item, 0);
      if (!outcome->split)
        return FALSE;
    }
  else
    {
      return FALSE;
    }

  fp_policy_go_on (item, http_status, attempt);
  return TRUE;
}

static void
settle (FpSyncFlight   *flight,
        const FpAnswer *answer,
        FpVerdict      *verdict)
{
  FpSync *self = flight->sync;
  FpSyncOutcome *outcome = outcome_new_from (self, flight->claim);
  FpItem *item = outcome->item;
  FpBreaker *breaker = fp_sync_get_breaker (self, item->host);
  FpPolicyAttempt attempt = { .maybe_before = flight->claim->maybe_before,
                              .asks_if_lost = flight->claim->asks_if_lost,
                              .now_boot = fp_clock_get_boot_ms (self->clock),
                              .boot_id = fp_clock_get_boot_id (self->clock),
                              .now_wall = fp_clock_get_wall_ms (self->clock) };
  gint64 until;

  outcome->ms = ms_since_usable (self, item, answer);
  fp_breaker_ended (breaker, item->id, verdict, answer->status, self->random, attempt.now_boot);
  attempt.faults = fp_breaker_get_faults (breaker, item->id);
  note_pause (self, item, verdict, answer->status);
  note_forbidden (self, item, verdict);
  if (go_on (self, outcome, verdict, answer->status, &attempt))
    return;

  fp_policy_apply (item, verdict, answer->status, &attempt, self->random);
  if (verdict->kind != FP_VERDICT_RECEIPT)
    fp_sync_return_host (self, item->host);

  /* For people: the host or the destination may be waited for longer than the item. */
  until = MAX (fp_breaker_get_until (breaker), fp_pauses_get_until (self->pauses, item, attempt.now_boot));
  if (item->next_try)
    item->next_try = MAX (item->next_try, attempt.now_wall + until - attempt.now_boot);

  if (verdict->kind == FP_VERDICT_RECEIPT)
    outcome->receipt = receipt_new (item, answer, attempt.now_wall);
  outcome->newly_failed = (item->state == FP_ITEM_FAILED && flight->claim->state_before != FP_ITEM_FAILED)
                          || item->state == FP_ITEM_HELD;
  outcome->hold = fp_sync_hold_new (verdict, item);
}

/* Of a submission it can only be the file: which one, and how large, helps more than the server's words. */
static void
name_file (const FpItem *item,
           FpVerdict    *verdict)
{
  g_autofree char *words = NULL;

  if (item->protocol != FP_PROTOCOL_OPENROSA || g_strcmp0 (verdict->code, "item-too-large") != 0)
    return;

  words = fp_sync_split_dup_words (item);
  if (words)
    {
      g_free (verdict->words);
      verdict->words = g_steal_pointer (&words);
    }
}

void
fp_sync_settle_answer (FpSyncFlight   *flight,
                       const FpAnswer *answer)
{
  const FpItem *item = flight->claim->item;
  FpVerdictContext context = { .openrosa = item->protocol == FP_PROTOCOL_OPENROSA,
                               .has_credentials = flight->known,
                               .has_key = item->protocol == FP_PROTOCOL_PLAIN,
                               /* Its last answer, kept with the item: also over a restart. */
                               .reposted = g_strcmp0 (item->reason_code, "server-conflict") == 0,
                               .forbidden = was_forbidden (flight->sync, item),
                               .wants_json = flight->claim->success == FP_SUCCESS_JSON,
                               .takes_redirect = flight->claim->success == FP_SUCCESS_REDIRECT,
                               .n_files = fp_sync_split_n_files (item) };
  FpVerdict verdict = { 0 };

  note_limit (flight->sync, item, answer);
  fp_verdict_judge (answer, &context, &verdict);
  name_file (item, &verdict);
  settle (flight, answer, &verdict);
  fp_verdict_clear (&verdict);
}

void
fp_sync_settle_unreadable (FpSyncFlight *flight,
                           const GError *error)
{
  FpAnswer answer = { .retry_after = -1 };
  FpVerdict verdict = { .kind = FP_VERDICT_ITEM,
                        .code = "item-file-missing",
                        .words = error->message,
                        .retry_after = -1,
                        .definite = TRUE };

  settle (flight, &answer, &verdict);
}
