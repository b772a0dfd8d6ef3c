/* What an attempt that ended leaves behind, on the item and on what else waits; answers by hand, nothing is sent. */
#include "fp-sync-fixture.h"

#include <string.h>

#include "sync/fp-sync-private.h"

typedef FpSyncFixture Fixture;

/* Items have their numbers from the test: they are in no store. */
static FpSyncClaim *
claim_new (Fixture    *f,
           gint64      id,
           const char *path)
{
  FpSyncClaim *claim = g_new0 (FpSyncClaim, 1);

  claim->item = fp_sync_fixture_item (f, path);
  claim->item->id = id;
  claim->item->state = FP_ITEM_SENDING;
  claim->state_before = FP_ITEM_PENDING;

  return claim;
}

/* Of the server itself, over an encrypted connection. */
static FpAnswer *
answer_new (guint status)
{
  FpAnswer *answer = g_new0 (FpAnswer, 1);

  answer->status = status;
  answer->headers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  answer->wrote_all = TRUE;
  answer->sent_any = TRUE;
  answer->same_origin = TRUE;
  answer->secure = TRUE;
  answer->retry_after = -1;

  return answer;
}

static FpSyncOutcome *
take (Fixture *f)
{
  g_assert_cmpuint (f->sync->outcomes->len, >, 0);

  return g_ptr_array_steal_index (f->sync->outcomes, 0);
}

/* Frees both. */
static FpSyncOutcome *
settle (Fixture     *f,
        FpSyncClaim *claim,
        FpAnswer    *answer)
{
  FpSyncFlight flight = { .sync = f->sync, .claim = claim, .known = TRUE };

  fp_sync_settle_answer (&flight, answer);
  fp_sync_claim_free (claim);
  fp_answer_free (answer);

  return take (f);
}

static FpSyncOutcome *
give_back (Fixture     *f,
           FpSyncClaim *claim,
           gboolean     sent_any)
{
  fp_sync_give_back (f->sync, claim, sent_any);
  fp_sync_claim_free (claim);

  return take (f);
}

/* Frees @outcome. */
static void
assert_item (FpSyncOutcome *outcome,
             FpItemState    state,
             const char    *code)
{
  g_assert_cmpint (outcome->item->state, ==, state);
  g_assert_cmpstr (outcome->item->reason_code, ==, code);
  fp_sync_outcome_free (outcome);
}

/* Broken off by us. */

static void
test_doubt_stays (Fixture       *f,
                  gconstpointer  data)
{
  for (guint i = 0; i < 4; i++)
    {
      gboolean before = (i & 1) != 0;
      gboolean sent_any = (i & 2) != 0;
      FpSyncClaim *claim = claim_new (f, 1, "/in");
      FpSyncOutcome *outcome;

      claim->maybe_before = before;
      claim->item->maybe_delivered = TRUE;
      outcome = give_back (f, claim, sent_any);
      g_assert_cmpint (outcome->item->maybe_delivered, ==, before || sent_any);
      g_assert_false (outcome->newly_failed);
      assert_item (outcome, FP_ITEM_PENDING, NULL);
    }
}

static void
test_asks_of_what_was_sent (Fixture       *f,
                            gconstpointer  data)
{
  for (guint sent_any = 0; sent_any < 2; sent_any++)
    {
      FpSyncClaim *claim = claim_new (f, 1, "/in");
      FpSyncOutcome *outcome;

      claim->asks_if_lost = TRUE;
      outcome = give_back (f, claim, sent_any);
      g_assert_cmpstr (outcome->item->hold, ==, sent_any ? "lost" : NULL);
      g_assert_cmpint (outcome->newly_failed, ==, sent_any);
      assert_item (outcome, sent_any ? FP_ITEM_HELD : FP_ITEM_PENDING, NULL);
    }
}

/* The one that asked whether its host is back was broken off: another may ask. */
static void
test_another_may_probe (Fixture       *f,
                        gconstpointer  data)
{
  FpSyncClaim *claim = claim_new (f, 2, "/in");
  FpBreaker *breaker = fp_sync_get_breaker (f->sync, claim->item->host);
  FpVerdict busy = { .kind = FP_VERDICT_RETRY, .opens_breaker = TRUE, .contacted = TRUE, .retry_after = -1 };
  gint64 now;

  fp_breaker_ended (breaker, 1, &busy, 503, f->sync->random, fp_clock_get_boot_ms (f->clock));
  fp_clock_advance (f->clock, 1000);
  now = fp_clock_get_boot_ms (f->clock);
  fp_breaker_began (breaker, 2, now);
  g_assert_true (fp_breaker_is_closed_to_all (breaker, now));
  fp_sync_outcome_free (give_back (f, claim, FALSE));
  g_assert_true (fp_breaker_is_half_open (breaker, now));
}

/* Three refusals pause it, the pause runs out, and @claim goes to ask. */
static void
pause_until_asked (Fixture     *f,
                   FpSyncClaim *claim)
{
  for (gint64 id = 1; id <= 3; id++)
    fp_sync_outcome_free (settle (f, claim_new (f, id, "/in"), answer_new (422)));
  fp_clock_advance (f->clock, 30000);
  fp_pauses_began (f->sync->pauses, claim->item);
}

static gboolean
is_paused (Fixture *f)
{
  g_autoptr(FpItem) other = fp_sync_fixture_item (f, "/in");

  other->id = 99;
  return fp_pauses_get_until (f->sync->pauses, other, fp_clock_get_boot_ms (f->clock)) > 0;
}

static void
test_another_may_ask (Fixture       *f,
                      gconstpointer  data)
{
  FpSyncClaim *claim = claim_new (f, 4, "/in");

  pause_until_asked (f, claim);
  g_assert_true (is_paused (f));
  fp_sync_outcome_free (give_back (f, claim, FALSE));
  g_assert_false (is_paused (f));
}

/* A batch that is to be halved says nothing of its destination. */
static void
test_halved_batch_is_no_refusal (Fixture       *f,
                                 gconstpointer  data)
{
  FpSyncClaim *claim = claim_new (f, 4, "/in");
  FpItemPart *part = g_ptr_array_index (claim->item->parts, 0);

  claim->item->kind = FP_ITEM_BATCH;
  g_bytes_unref (part->data);
  part->data = g_bytes_new_static ("{\"events\":[1,2]}", 16);
  pause_until_asked (f, claim);
  g_assert_true (is_paused (f));
  fp_sync_outcome_free (settle (f, claim, answer_new (422)));
  g_assert_false (is_paused (f));
}

/* Answers. */

/* Nobody was contacted, no try is used up; yet it is tried less and less often. */
static void
test_faults_lengthen_the_wait (Fixture       *f,
                               gconstpointer  data)
{
  gint64 longest = 0;

  for (guint i = 0; i < 30; i++)
    {
      FpAnswer *answer = answer_new (0);
      FpSyncOutcome *outcome;

      answer->fault = FP_FAULT_CONNECT;
      answer->sent_any = FALSE;
      outcome = settle (f, claim_new (f, 1, "/in"), answer);
      g_assert_cmpuint (outcome->item->attempts, ==, 0);
      longest = MAX (longest, outcome->item->due_boot - fp_clock_get_boot_ms (f->clock));
      assert_item (outcome, FP_ITEM_PENDING, "network-connect");
    }
  g_assert_cmpint (longest, >, 2000);
}

/* What was claimed ahead for the host goes back, unless all is well. */
static void
test_ahead_only_while_well (Fixture       *f,
                            gconstpointer  data)
{
  static const guint answers[] = { 201, 500, 422, 401 };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      FpSyncClaim *ahead = claim_new (f, 100, "/other");
      g_autofree char *host = g_strdup (ahead->item->host);

      fp_reserve_push (f->sync->reserve, ahead);
      fp_sync_outcome_free (settle (f, claim_new (f, i + 1, "/in"), answer_new (answers[i])));
      ahead = fp_reserve_pop (f->sync->reserve, host);
      g_assert_cmpint (ahead != NULL, ==, answers[i] == 201);
      if (ahead)
        fp_sync_claim_free (ahead);
      else
        assert_item (take (f), FP_ITEM_PENDING, NULL);
    }
}

/* People see when it can go, not when it might. */
static void
test_next_try_is_that_of_the_host (Fixture       *f,
                                   gconstpointer  data)
{
  gint64 now = fp_clock_get_wall_ms (f->clock);
  FpAnswer *busy = answer_new (503);
  FpSyncOutcome *outcome;

  outcome = settle (f, claim_new (f, 1, "/in"), answer_new (500));
  g_assert_cmpint (outcome->item->next_try, <=, now + 1000);
  fp_sync_outcome_free (outcome);

  /* Its destination is paused for half a minute… */
  for (gint64 id = 2; id <= 4; id++)
    fp_sync_outcome_free (settle (f, claim_new (f, id, "/in"), answer_new (422)));
  outcome = settle (f, claim_new (f, 1, "/in"), answer_new (500));
  g_assert_cmpint (outcome->item->next_try, ==, now + 30000);
  fp_sync_outcome_free (outcome);

  /* …and the whole host asked for a minute. */
  busy->retry_after = 60000;
  fp_sync_outcome_free (settle (f, claim_new (f, 5, "/busy"), busy));
  outcome = settle (f, claim_new (f, 1, "/other"), answer_new (500));
  g_assert_cmpint (outcome->item->next_try, ==, now + 60000);
  fp_sync_outcome_free (outcome);

  /* What is not tried by itself has no time. */
  outcome = settle (f, claim_new (f, 6, "/other"), answer_new (422));
  g_assert_cmpint (outcome->item->next_try, ==, 0);
  fp_sync_outcome_free (outcome);
}

/* 409 with our key: the first request is still running. */
static void
test_conflict_of_our_key (Fixture       *f,
                          gconstpointer  data)
{
  assert_item (settle (f, claim_new (f, 1, "/in"), answer_new (409)), FP_ITEM_PENDING, "server-running");
}

static FpSyncOutcome *
forbid (Fixture    *f,
        gint64      id,
        const char *path,
        const char *secret_id)
{
  FpSyncClaim *claim = claim_new (f, id, path);

  claim->item->secret_id = g_strdup (secret_id);
  return settle (f, claim, answer_new (403));
}

/* 403: a second item, at the same address, with the same credentials. */
static void
test_forbidden_by_address_and_item (Fixture       *f,
                                    gconstpointer  data)
{
  assert_item (forbid (f, 1, "/a", "one"), FP_ITEM_FAILED, "item-forbidden");
  assert_item (forbid (f, 2, "/b", "one"), FP_ITEM_FAILED, "item-forbidden");
  assert_item (forbid (f, 3, "/a", "two"), FP_ITEM_FAILED, "item-forbidden");
  /* A person tries the same one again. */
  assert_item (forbid (f, 1, "/a", "one"), FP_ITEM_FAILED, "item-forbidden");
  assert_item (forbid (f, 4, "/a", "one"), FP_ITEM_HELD, "account-forbidden");
}

/* The refusal itself may say how much is taken: spread by that, not by half. */
static void
test_split_by_the_limit (Fixture       *f,
                         gconstpointer  data)
{
  FpSyncClaim *claim = claim_new (f, 1, "/submission");
  FpAnswer *answer = answer_new (413);
  FpSyncOutcome *outcome;

  claim->item->protocol = FP_PROTOCOL_OPENROSA;
  for (guint i = 0; i < 4; i++)
    {
      FpItemPart *part = fp_item_part_new ("photo", "photo.jpg", "image/jpeg");

      part->size = 20000;
      g_ptr_array_add (claim->item->parts, part);
    }
  g_hash_table_insert (answer->headers, g_strdup ("x-openrosa-accept-content-length"), g_strdup ("75000"));
  outcome = settle (f, claim, answer);
  g_assert_true (outcome->split);
  for (guint i = 1; i <= 4; i++)
    g_assert_cmpuint (((FpItemPart *) g_ptr_array_index (outcome->item->parts, i))->post, ==, i == 4);
  assert_item (outcome, FP_ITEM_PENDING, NULL);
}

/* People hear once of an item that failed. */
static void
test_fails_once (Fixture       *f,
                 gconstpointer  data)
{
  static const FpItemState before[] = { FP_ITEM_PENDING, FP_ITEM_FAILED };

  for (guint i = 0; i < G_N_ELEMENTS (before); i++)
    {
      FpSyncClaim *claim = claim_new (f, i + 1, "/in");
      FpSyncOutcome *outcome;

      claim->state_before = before[i];
      outcome = settle (f, claim, answer_new (422));
      g_assert_cmpint (outcome->newly_failed, ==, before[i] == FP_ITEM_PENDING);
      assert_item (outcome, FP_ITEM_FAILED, "item-refused");
    }
}

/* The time from "usable" to the first byte is that of what waited for it, and had no try since. */
static void
test_ms_of_what_waited (Fixture       *f,
                        gconstpointer  data)
{
  gint64 now = fp_clock_get_wall_ms (f->clock);
  static const struct {
    gint64 created;  /* after it became usable */
    gint64 last_try; /* likewise */
    gint64 ms;
  } rows[] = { { -1000, -500, 120 }, { 0, -1, 120 }, { 1, -500, -1 }, { -1000, 0, -1 }, { -1000, 10, -1 } };

  f->sync->usable = TRUE;
  f->sync->usable_wall = now;
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      FpSyncClaim *claim = claim_new (f, i + 1, "/in");
      FpAnswer *answer = answer_new (201);
      FpSyncOutcome *outcome;

      claim->item->created = now + rows[i].created;
      claim->item->last_try = now + rows[i].last_try;
      answer->first_byte_boot = fp_link_get_since (f->link) + 120;
      outcome = settle (f, claim, answer);
      g_assert_cmpint (outcome->ms, ==, rows[i].ms);
      g_assert_nonnull (outcome->receipt);
      assert_item (outcome, FP_ITEM_SENT, NULL);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define add(path, func) \
  g_test_add ("/sync/settle/" path, Fixture, NULL, fp_sync_fixture_setup, func, fp_sync_fixture_teardown)
  add ("given-back/doubt-stays", test_doubt_stays);
  add ("given-back/asks-of-what-was-sent", test_asks_of_what_was_sent);
  add ("given-back/another-may-probe-the-host", test_another_may_probe);
  add ("given-back/another-may-ask-the-destination", test_another_may_ask);
  add ("answer/halved-batch-is-no-refusal", test_halved_batch_is_no_refusal);
  add ("answer/faults-lengthen-the-wait", test_faults_lengthen_the_wait);
  add ("answer/ahead-only-while-well", test_ahead_only_while_well);
  add ("answer/next-try-is-that-of-the-host", test_next_try_is_that_of_the_host);
  add ("answer/409-of-our-key-still-runs", test_conflict_of_our_key);
  add ("answer/403-by-address-and-item", test_forbidden_by_address_and_item);
  add ("answer/413-spread-by-the-limit", test_split_by_the_limit);
  add ("answer/fails-once", test_fails_once);
  add ("answer/ms-of-what-waited", test_ms_of_what_waited);
#undef add

  return g_test_run ();
}
