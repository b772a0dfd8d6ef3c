#include "sync/fp-policy.h"

#define MINUTE G_GINT64_CONSTANT (60000)
#define HOUR (60 * MINUTE)
#define BOOT G_GINT64_CONSTANT (5000000)
#define WALL G_GINT64_CONSTANT (1700000000000)

static void
clear_item (FpItem *item)
{
  g_clear_pointer (&item->reason_code, g_free);
  g_clear_pointer (&item->reason, g_free);
  g_clear_pointer (&item->hold, g_free);
  g_clear_pointer (&item->due_boot_id, g_free);
}

static void
apply (FpItem        *item,
       FpVerdictKind  kind,
       gboolean       contacted,
       gboolean       definite,
       gint64         retry_after,
       gboolean       maybe_before)
{
  static FpRandom *random;
  FpVerdict verdict = { .kind = kind,
                        .code = kind == FP_VERDICT_ITEM ? "item-refused" : "server-busy",
                        .words = (char *) "the words",
                        .retry_after = retry_after,
                        .contacted = contacted,
                        .definite = definite };

  FpPolicyAttempt attempt = { .maybe_before = maybe_before, .now_boot = BOOT, .boot_id = "boot", .now_wall = WALL };

  if (!random)
    random = fp_random_new_seeded (7);
  item->state = FP_ITEM_SENDING;
  item->maybe_delivered = TRUE;
  fp_policy_apply (item, &verdict, 503, &attempt, random);
}

static void
test_quick_wait_bounds (void)
{
  const gint64 bounds[] = { 1000, 2000, 4000, 8000, 16000, 30000, 30000 };
  g_autoptr(FpRandom) random = fp_random_new_seeded (1);

  for (guint n = 0; n < G_N_ELEMENTS (bounds); n++)
    {
      gint64 least = G_MAXINT64;
      gint64 most = 0;

      for (int i = 0; i < 5000; i++)
        {
          gint64 wait = fp_policy_quick_wait (random, n, -1);

          least = MIN (least, wait);
          most = MAX (most, wait);
        }
      /* The whole range is used, and nothing beyond it. */
      g_assert_cmpint (least, >=, 0);
      g_assert_cmpint (least, <, bounds[n] / 50);
      g_assert_cmpint (most, <=, bounds[n]);
      g_assert_cmpint (most, >, bounds[n] - bounds[n] / 50);
    }
  g_assert_cmpint (fp_policy_quick_wait (random, G_MAXUINT, -1), <=, 30000);
}

static void
test_retry_after_is_a_floor (void)
{
  g_autoptr(FpRandom) random = fp_random_new_seeded (1);

  for (int i = 0; i < 1000; i++)
    {
      g_assert_cmpint (fp_policy_quick_wait (random, 0, 120000), ==, 120000);
      g_assert_cmpint (fp_policy_quick_wait (random, 4, 5000), >=, 5000);
      g_assert_cmpint (fp_policy_quick_wait (random, 4, 5000), <=, 16000);
      g_assert_cmpint (fp_policy_quick_wait (random, 0, G_MAXINT64), ==, 24 * HOUR);
      g_assert_cmpint (fp_policy_quick_wait (random, 0, 0), <=, 1000);
    }
}

static void
test_slow_steps (void)
{
  g_assert_cmpint (fp_policy_slow_wait (0), ==, 15 * MINUTE);
  g_assert_cmpint (fp_policy_slow_wait (1), ==, HOUR);
  g_assert_cmpint (fp_policy_slow_wait (2), ==, 4 * HOUR);
  g_assert_cmpint (fp_policy_slow_wait (3), ==, 12 * HOUR);
  g_assert_cmpint (fp_policy_slow_wait (G_MAXUINT), ==, 12 * HOUR);
}

static void
test_receipt (void)
{
  FpItem item = { .reason_code = g_strdup ("server-busy"),
                  .reason = g_strdup ("x"),
                  .attempts = 2,
                  .manual = TRUE,
                  .due_boot = 9,
                  .not_before = 9,
                  .next_try = 9 };

  apply (&item, FP_VERDICT_RECEIPT, TRUE, FALSE, -1, TRUE);
  g_assert_cmpint (item.state, ==, FP_ITEM_SENT);
  g_assert_null (item.reason_code);
  g_assert_null (item.reason);
  g_assert_false (item.maybe_delivered);
  g_assert_false (item.manual);
  g_assert_cmpuint (item.attempts, ==, 3);
  g_assert_cmpint (item.due_boot, ==, 0);
  g_assert_cmpint (item.not_before, ==, 0);
  g_assert_cmpint (item.next_try, ==, 0);
  g_assert_cmpint (item.last_try, ==, WALL);
  clear_item (&item);
}

static void
test_five_tries_then_slow (void)
{
  const gint64 slow[] = { 15 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR, 12 * HOUR };
  FpItem item = { .id = 1 };

  for (guint n = 1; n <= FP_POLICY_QUICK_TRIES; n++)
    {
      apply (&item, FP_VERDICT_RETRY, TRUE, FALSE, -1, FALSE);
      g_assert_cmpuint (item.attempts, ==, n);
      g_assert_cmpint (item.state, ==, n < FP_POLICY_QUICK_TRIES ? FP_ITEM_PENDING : FP_ITEM_FAILED);
      g_assert_cmpstr (item.reason_code, ==, "server-busy");
      g_assert_cmpstr (item.reason, ==, "the words");
      g_assert_cmpint (item.status, ==, 503);
      if (n < FP_POLICY_QUICK_TRIES)
        g_assert_cmpint (item.due_boot, <=, BOOT + (1000 << n));
    }

  for (guint n = 0; n < G_N_ELEMENTS (slow); n++)
    {
      g_assert_cmpint (item.due_boot, ==, BOOT + slow[n]);
      g_assert_cmpint (item.next_try, ==, WALL + slow[n]);
      g_assert_cmpstr (item.due_boot_id, ==, "boot");
      apply (&item, FP_VERDICT_RETRY, TRUE, FALSE, -1, FALSE);
      g_assert_cmpint (item.state, ==, FP_ITEM_FAILED);
    }
  clear_item (&item);
}

static void
test_no_contact_costs_nothing (void)
{
  FpItem item = { .id = 1 };

  for (int i = 0; i < 100; i++)
    {
      apply (&item, FP_VERDICT_RETRY, FALSE, TRUE, -1, FALSE);
      g_assert_cmpint (item.state, ==, FP_ITEM_PENDING);
      g_assert_cmpuint (item.attempts, ==, 0);
      g_assert_cmpuint (item.slow_step, ==, 0);
    }
  apply (&item, FP_VERDICT_BETWEEN, FALSE, FALSE, -1, FALSE);
  g_assert_cmpint (item.state, ==, FP_ITEM_PENDING);
  g_assert_cmpuint (item.attempts, ==, 0);

  /* One that used up its tries stays among the failed, but the slow steps do not move on. */
  item.attempts = FP_POLICY_QUICK_TRIES;
  apply (&item, FP_VERDICT_RETRY, FALSE, TRUE, -1, FALSE);
  g_assert_cmpint (item.state, ==, FP_ITEM_FAILED);
  g_assert_cmpuint (item.slow_step, ==, 0);
  g_assert_cmpint (item.due_boot, <=, BOOT + 30000);
  clear_item (&item);
}

/* What uses up no try is not repeated each second for that: the faults in a row lengthen the wait as tries do. */
static void
test_faults_lengthen_the_wait (void)
{
  FpVerdict verdict = { .kind = FP_VERDICT_RETRY, .code = "network-connect", .retry_after = -1, .definite = TRUE };
  g_autoptr(FpRandom) random = fp_random_new_seeded (7);
  FpItem item = { .id = 1 };
  gint64 longest[] = { 0, 0, 0, 0, 0 };

  for (guint i = 0; i < 200; i++)
    for (guint n = 0; n < G_N_ELEMENTS (longest); n++)
      {
        FpPolicyAttempt attempt = { .faults = n, .now_boot = BOOT, .boot_id = "boot", .now_wall = WALL };

        item.state = FP_ITEM_SENDING;
        fp_policy_apply (&item, &verdict, 0, &attempt, random);
        g_assert_cmpint (item.due_boot, <=, BOOT + (1000 << n));
        longest[n] = MAX (longest[n], item.due_boot - BOOT);
      }
  for (guint n = 0; n < G_N_ELEMENTS (longest); n++)
    g_assert_cmpint (longest[n], >, 1000 << n >> 1);
  clear_item (&item);
}

static void
test_retry_after_is_kept_apart (void)
{
  FpItem item = { .id = 1 };

  apply (&item, FP_VERDICT_RETRY, TRUE, FALSE, 90000, FALSE);
  g_assert_cmpint (item.due_boot, ==, BOOT + 90000);
  g_assert_cmpint (item.not_before, ==, WALL + 90000);
  g_assert_cmpint (item.next_try, ==, WALL + 90000);

  apply (&item, FP_VERDICT_RETRY, TRUE, FALSE, -1, FALSE);
  g_assert_cmpint (item.not_before, ==, 0);

  apply (&item, FP_VERDICT_SLOW, TRUE, FALSE, 2 * HOUR, FALSE);
  g_assert_cmpint (item.state, ==, FP_ITEM_FAILED);
  g_assert_cmpint (item.due_boot, ==, BOOT + 2 * HOUR);

  /* No server silences us for longer than a day, nor by the time that is kept across a restart. */
  apply (&item, FP_VERDICT_SLOW, TRUE, FALSE, 48 * HOUR, FALSE);
  g_assert_cmpint (item.due_boot, ==, BOOT + 24 * HOUR);
  g_assert_cmpint (item.not_before, ==, WALL + 24 * HOUR);
  clear_item (&item);
}

static void
test_own_fault_has_no_wait (void)
{
  FpItem item = { .id = 1, .due_boot = 77, .next_try = 77, .manual = TRUE };

  apply (&item, FP_VERDICT_ITEM, TRUE, TRUE, 1000, TRUE);
  g_assert_cmpint (item.state, ==, FP_ITEM_FAILED);
  g_assert_true (g_str_has_prefix (item.reason_code, "item-"));
  g_assert_cmpint (item.next_try, ==, 0);
  g_assert_cmpint (item.not_before, ==, 0);
  g_assert_false (item.manual);
  clear_item (&item);
}

static void
test_holds (void)
{
  FpItem item = { .id = 1 };

  apply (&item, FP_VERDICT_HOLD_ACCOUNT, TRUE, TRUE, -1, FALSE);
  g_assert_cmpint (item.state, ==, FP_ITEM_HELD);
  g_assert_cmpstr (item.hold, ==, "account");
  apply (&item, FP_VERDICT_HOLD_FORM, TRUE, TRUE, -1, FALSE);
  g_assert_cmpstr (item.hold, ==, "form");
  apply (&item, FP_VERDICT_HOLD_PROXY, TRUE, TRUE, -1, FALSE);
  g_assert_cmpstr (item.hold, ==, "proxy");

  g_assert_true (fp_policy_release (&item));
  g_assert_cmpint (item.state, ==, FP_ITEM_PENDING);
  g_assert_null (item.hold);
  g_assert_true (item.manual);
  clear_item (&item);
}

static void
test_repost_waits_five_seconds (void)
{
  FpItem item = { .id = 1, .attempts = 4 };

  apply (&item, FP_VERDICT_REPOST, TRUE, FALSE, -1, FALSE);
  g_assert_cmpint (item.state, ==, FP_ITEM_PENDING);
  g_assert_cmpint (item.due_boot, >=, BOOT + 5000);
  g_assert_cmpint (item.due_boot, <=, BOOT + 6000);
  g_assert_true (item.maybe_delivered);
  clear_item (&item);
}

static void
test_doubt (void)
{
  static const struct
  {
    FpVerdictKind kind;
    gboolean contacted, definite, before, after;
  } rows[] = {
    /* A lost answer leaves a doubt. */
    { FP_VERDICT_RETRY, FALSE, FALSE, FALSE, TRUE },
    { FP_VERDICT_RETRY, TRUE, FALSE, FALSE, TRUE },
    /* A connection that never came about leaves none, but does not take away an older one. */
    { FP_VERDICT_RETRY, FALSE, TRUE, FALSE, FALSE },
    { FP_VERDICT_RETRY, FALSE, TRUE, TRUE, TRUE },
    { FP_VERDICT_RETRY, TRUE, TRUE, TRUE, TRUE },
    { FP_VERDICT_SLOW, TRUE, TRUE, TRUE, TRUE },
    { FP_VERDICT_HOLD_ACCOUNT, TRUE, TRUE, TRUE, TRUE },
    { FP_VERDICT_HOLD_ACCOUNT, TRUE, TRUE, FALSE, FALSE },
    /* The server refused these very bytes: it does not have them. */
    { FP_VERDICT_ITEM, TRUE, TRUE, TRUE, FALSE },
    /* A missing file says nothing about earlier attempts. */
    { FP_VERDICT_ITEM, FALSE, TRUE, TRUE, TRUE },
    { FP_VERDICT_ITEM, TRUE, FALSE, FALSE, TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      FpItem item = { .id = 1 };

      g_test_message ("row %u", i);
      apply (&item, rows[i].kind, rows[i].contacted, rows[i].definite, -1, rows[i].before);
      g_assert_cmpint (item.maybe_delivered, ==, rows[i].after);
      clear_item (&item);
    }
}

static void
test_give_back (void)
{
  FpItem item = { .id = 1,
                  .state = FP_ITEM_SENDING,
                  .attempts = 3,
                  .reason_code = g_strdup ("server-busy"),
                  .manual = TRUE,
                  .maybe_delivered = TRUE };

  fp_policy_give_back (&item, FALSE);
  g_assert_cmpint (item.state, ==, FP_ITEM_PENDING);
  g_assert_cmpuint (item.attempts, ==, 3);
  g_assert_cmpstr (item.reason_code, ==, "server-busy");
  g_assert_false (item.maybe_delivered);
  g_assert_true (item.manual);
  g_assert_cmpint (item.due_boot, ==, 0);

  item.state = FP_ITEM_SENDING;
  item.attempts = FP_POLICY_QUICK_TRIES;
  fp_policy_give_back (&item, TRUE);
  g_assert_cmpint (item.state, ==, FP_ITEM_FAILED);
  g_assert_true (item.maybe_delivered);
  clear_item (&item);
}

/* Of a submission in several requests one is stored: the next begins with all its tries, and no edit may replace what
 * the server holds a part of. */
static void
test_go_on (void)
{
  FpPolicyAttempt attempt = { .now_boot = BOOT, .boot_id = "boot", .now_wall = WALL };
  FpItem item = { .id = 1, .state = FP_ITEM_SENDING, .attempts = 4, .slow_step = 2, .due_boot = 9, .not_before = 9,
                  .next_try = 9, .maybe_delivered = TRUE, .posts_done = 1,
                  .reason_code = g_strdup ("server-busy"), .reason = g_strdup ("x") };

  fp_policy_go_on (&item, 201, &attempt);
  g_assert_cmpint (item.state, ==, FP_ITEM_PENDING);
  g_assert_cmpuint (item.attempts, ==, 0);
  g_assert_cmpuint (item.slow_step, ==, 0);
  g_assert_cmpint (item.due_boot, ==, 0);
  g_assert_cmpint (item.not_before, ==, 0);
  g_assert_cmpint (item.next_try, ==, 0);
  g_assert_cmpint (item.status, ==, 201);
  g_assert_cmpint (item.last_try, ==, WALL);
  g_assert_null (item.reason_code);
  g_assert_null (item.reason);
  g_assert_true (item.maybe_delivered);

  /* Too large, spread anew: nothing of it is there, unless an earlier answer was lost. */
  item.state = FP_ITEM_SENDING;
  item.posts_done = 0;
  fp_policy_go_on (&item, 413, &attempt);
  g_assert_false (item.maybe_delivered);
  item.state = FP_ITEM_SENDING;
  attempt.maybe_before = TRUE;
  fp_policy_go_on (&item, 413, &attempt);
  g_assert_true (item.maybe_delivered);
  clear_item (&item);
}

static void
test_hold_lost (void)
{
  FpItem item = { .id = 1, .state = FP_ITEM_SENDING, .manual = TRUE };

  fp_policy_hold_lost (&item);
  g_assert_cmpint (item.state, ==, FP_ITEM_HELD);
  g_assert_cmpstr (item.hold, ==, "lost");
  g_assert_true (item.maybe_delivered);
  g_assert_false (item.manual);
  clear_item (&item);
}

static void
test_release (void)
{
  FpItem item = { .id = 1, .state = FP_ITEM_FAILED, .attempts = 7, .slow_step = 2, .due_boot = 5, .not_before = 5 };
  FpItem sending = { .id = 2, .state = FP_ITEM_SENDING };

  g_assert_true (fp_policy_release (&item));
  g_assert_cmpint (item.state, ==, FP_ITEM_PENDING);
  g_assert_cmpuint (item.attempts, ==, 7);
  g_assert_cmpuint (item.slow_step, ==, 0);
  g_assert_cmpint (item.due_boot, ==, 0);
  g_assert_cmpint (item.not_before, ==, 0);
  g_assert_true (item.manual);

  g_assert_false (fp_policy_release (&sending));
  g_assert_false (sending.manual);
}

static void
test_release_own_fault (void)
{
  FpItem item = { .id = 1, .state = FP_ITEM_FAILED, .reason_code = g_strdup ("item-refused") };

  g_assert_true (fp_policy_release (&item));
  g_assert_cmpint (item.state, ==, FP_ITEM_PENDING);
  g_assert_true (item.manual);
  clear_item (&item);
}

static void
test_park (void)
{
  FpItem pending = { .id = 1, .state = FP_ITEM_PENDING, .attempts = 2, .reason_code = g_strdup ("server-busy"),
                     .reason = g_strdup ("later"), .next_try = 7, .slow_step = 1 };
  FpItem failed = { .id = 2, .state = FP_ITEM_FAILED, .attempts = 5, .reason_code = g_strdup ("server-error") };

  fp_policy_park (&pending, "boot");
  g_assert_cmpint (pending.state, ==, FP_ITEM_PENDING);
  g_assert_cmpint (pending.due_boot, ==, FP_ITEM_PARKED);
  g_assert_cmpstr (pending.due_boot_id, ==, "boot");
  g_assert_cmpstr (pending.reason_code, ==, "metered");
  g_assert_null (pending.reason);
  g_assert_cmpint (pending.next_try, ==, 0);
  g_assert_cmpuint (pending.attempts, ==, 2);
  g_assert_cmpuint (pending.slow_step, ==, 1);

  /* What made it fail is still the thing to know of it. */
  fp_policy_park (&failed, "boot");
  g_assert_cmpint (failed.state, ==, FP_ITEM_FAILED);
  g_assert_cmpstr (failed.reason_code, ==, "server-error");
  clear_item (&pending);
  clear_item (&failed);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/sync/policy/quick-wait/full-jitter-within-bounds", test_quick_wait_bounds);
  g_test_add_func ("/sync/policy/quick-wait/retry-after-is-a-floor", test_retry_after_is_a_floor);
  g_test_add_func ("/sync/policy/slow-steps", test_slow_steps);
  g_test_add_func ("/sync/policy/apply/receipt-ends-everything", test_receipt);
  g_test_add_func ("/sync/policy/apply/five-tries-then-slow-ones", test_five_tries_then_slow);
  g_test_add_func ("/sync/policy/apply/no-contact-costs-nothing", test_no_contact_costs_nothing);
  g_test_add_func ("/sync/policy/apply/faults-in-a-row-lengthen-the-wait", test_faults_lengthen_the_wait);
  g_test_add_func ("/sync/policy/apply/retry-after-is-kept-apart", test_retry_after_is_kept_apart);
  g_test_add_func ("/sync/policy/apply/own-fault-is-not-retried", test_own_fault_has_no_wait);
  g_test_add_func ("/sync/policy/apply/holds", test_holds);
  g_test_add_func ("/sync/policy/apply/repost-waits-five-seconds", test_repost_waits_five_seconds);
  g_test_add_func ("/sync/policy/apply/doubt-is-cleared-by-a-refusal-only", test_doubt);
  g_test_add_func ("/sync/policy/go-on/begins-anew-and-keeps-the-doubt", test_go_on);
  g_test_add_func ("/sync/policy/hold-lost/asks-and-keeps-the-doubt", test_hold_lost);
  g_test_add_func ("/sync/policy/give-back-costs-nothing", test_give_back);
  g_test_add_func ("/sync/policy/park-costs-nothing-and-says-why", test_park);
  g_test_add_func ("/sync/policy/release-by-hand", test_release);
  g_test_add_func ("/sync/policy/release-by-hand/also-what-failed-by-its-own-fault", test_release_own_fault);

  return g_test_run ();
}
