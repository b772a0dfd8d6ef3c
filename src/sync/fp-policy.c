#include "sync/fp-policy.h"

#include "sync/fp-item-machine.h"

#define SECOND_MS G_GINT64_CONSTANT (1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define QUICK_MAX_MS (30 * SECOND_MS)

/* A server cannot silence us for longer (design 5.2). */
#define RETRY_AFTER_MAX_MS (24 * HOUR_MS)

/**
 * fp_policy_quick_wait:
 * @random: source of the jitter
 * @n: number of the try that is waited for; the bound stops growing at 30 s
 * @retry_after: ms the server asked for, clamped to 24 h; -1 = it did not
 *
 * Full jitter, so that a thousand clients of one server that comes back do not
 * knock at the same moment.
 *
 * Returns: ms to wait, 0 to 24 h
 */
gint64
fp_policy_quick_wait (FpRandom *random,
                      guint     n,
                      gint64    retry_after)
{
  gint64 bound = n >= 5 ? QUICK_MAX_MS : MIN (QUICK_MAX_MS, SECOND_MS << n);
  gint64 wait = fp_random_below (random, bound + 1);

  return MAX (wait, MIN (retry_after, RETRY_AFTER_MAX_MS));
}

/**
 * fp_policy_slow_wait:
 * @step: how many slow tries were scheduled before
 *
 * Returns: ms until the next one
 */
gint64
fp_policy_slow_wait (guint step)
{
  static const gint64 steps[] = { 15 * MINUTE_MS, HOUR_MS, 4 * HOUR_MS, 12 * HOUR_MS };

  return steps[MIN (step, G_N_ELEMENTS (steps) - 1)];
}

static void
step (FpItem      *item,
      FpItemEvent  event)
{
  if (!fp_item_machine_step (item, event))
    g_critical ("item %" G_GINT64_FORMAT ": no event %d in state %d", item->id, event, item->state);
}

/* Quick tries left: waits as pending. Otherwise it stays among the failed, whatever it just met. */
static void
step_back (FpItem *item)
{
  step (item, item->attempts < FP_POLICY_QUICK_TRIES ? FP_EVENT_WILL_RETRY : FP_EVENT_FAULT);
}

static void
set_wait (FpItem                *item,
          gint64                 wait,
          const FpPolicyAttempt *attempt)
{
  item->due_boot = attempt->now_boot + wait;
  g_free (item->due_boot_id);
  item->due_boot_id = g_strdup (attempt->boot_id);
  item->next_try = attempt->now_wall + wait;
}

static void
clear_wait (FpItem *item)
{
  item->due_boot = 0;
  g_clear_pointer (&item->due_boot_id, g_free);
  item->not_before = 0;
  item->next_try = 0;
}

static void
hold (FpItem     *item,
      const char *reason)
{
  step (item, FP_EVENT_HOLD);
  g_free (item->hold);
  item->hold = g_strdup (reason);
}

/* Was it perhaps stored? A refusal of the very same bytes answers for every earlier attempt as well. Other answers
 * that are sure ("busy", "not here", "who are you") and a connection that never came about speak of this attempt
 * alone: then the doubt of an earlier one stays. */
static gboolean
still_maybe (const FpVerdict *verdict,
             gboolean         maybe_before)
{
  if (verdict->kind == FP_VERDICT_RECEIPT)
    return FALSE;
  if (!verdict->definite)
    return TRUE;

  return verdict->kind == FP_VERDICT_ITEM && verdict->contacted ? FALSE : maybe_before;
}

static gint64
next_slow_wait (FpItem *item,
                gint64  retry_after)
{
  gint64 wait = fp_policy_slow_wait (item->slow_step++);

  return MAX (wait, MIN (retry_after, RETRY_AFTER_MAX_MS));
}

/* The wait that follows the verdict; -1 = none by itself. */
static gint64
settle_state (FpItem          *item,
              const FpVerdict *verdict,
              guint            faults,
              FpRandom        *random)
{
  switch (verdict->kind)
    {
    case FP_VERDICT_RECEIPT:
      step (item, FP_EVENT_RECEIPT);
      return -1;

    case FP_VERDICT_ITEM:
      step (item, FP_EVENT_FAULT);
      return -1;

    case FP_VERDICT_SLOW:
      step (item, FP_EVENT_FAULT);
      return next_slow_wait (item, verdict->retry_after);

    case FP_VERDICT_HOLD_ACCOUNT:
    case FP_VERDICT_HOLD_ENDPOINT:
      hold (item, "account");
      return -1;

    case FP_VERDICT_HOLD_FORM:
      hold (item, "form");
      return -1;

    case FP_VERDICT_HOLD_PROXY:
      hold (item, "proxy");
      return -1;

    case FP_VERDICT_REPOST:
      step (item, FP_EVENT_WILL_RETRY);
      return FP_POLICY_REPOST_MS + fp_policy_quick_wait (random, 0, verdict->retry_after);

    case FP_VERDICT_RETRY:
    case FP_VERDICT_SPLIT: /* fp_policy_go_on(), unless there is nothing to split */
    case FP_VERDICT_BETWEEN:
    default:
      step_back (item);
      if (item->state == FP_ITEM_FAILED && verdict->contacted)
        return next_slow_wait (item, verdict->retry_after);
      return fp_policy_quick_wait (random, item->attempts + faults, verdict->retry_after);
    }
}

/**
 * fp_policy_apply:
 * @item: an item in state sending
 * @verdict: what the answer means
 * @http_status: of the answer, 0 = none
 * @attempt: when it was, and what was known before it
 * @random: source of the jitter
 *
 * Brings the item from sending to what follows from the answer. Only a contacted
 * server uses up a try; the fifth contacted failure makes it failed, with slow
 * tries from then on; its own fault is never retried by itself.
 */
void
fp_policy_apply (FpItem                *item,
                 const FpVerdict       *verdict,
                 guint                  http_status,
                 const FpPolicyAttempt *attempt,
                 FpRandom              *random)
{
  gboolean received = verdict->kind == FP_VERDICT_RECEIPT;
  gint64 wait;

  g_return_if_fail (item->state == FP_ITEM_SENDING);

  g_clear_pointer (&item->reason_code, g_free);
  g_clear_pointer (&item->reason, g_free);
  if (!received)
    {
      item->reason_code = g_strdup (verdict->code);
      item->reason = g_strdup (verdict->words);
    }
  item->status = (gint) http_status;
  item->last_try = attempt->now_wall;
  item->changed = attempt->now_wall;
  item->manual = FALSE;
  item->maybe_delivered = still_maybe (verdict, attempt->maybe_before);
  if (verdict->contacted)
    item->attempts++;

  clear_wait (item);
  if (verdict->lost && attempt->asks_if_lost)
    {
      hold (item, "lost");
      return;
    }

  wait = settle_state (item, verdict, attempt->faults, random);
  if (wait >= 0)
    set_wait (item, wait, attempt);
  if (wait >= 0 && verdict->retry_after > 0)
    item->not_before = attempt->now_wall + MIN (verdict->retry_after, RETRY_AFTER_MAX_MS);
}

/**
 * fp_policy_go_on:
 * @item: a submission in state sending that takes several requests
 *
 * The server took a part, or a part was too large for it and is spread anew.
 */
void
fp_policy_go_on (FpItem                *item,
                 guint                  http_status,
                 const FpPolicyAttempt *attempt)
{
  g_return_if_fail (item->state == FP_ITEM_SENDING);

  step (item, FP_EVENT_WILL_RETRY);
  g_clear_pointer (&item->reason_code, g_free);
  g_clear_pointer (&item->reason, g_free);
  item->status = (gint) http_status;
  item->last_try = attempt->now_wall;
  item->changed = attempt->now_wall;
  item->attempts = 0;
  item->slow_step = 0;
  item->maybe_delivered = attempt->maybe_before || item->posts_done > 0;
  clear_wait (item);
}

void
fp_policy_hold_lost (FpItem *item)
{
  g_return_if_fail (item->state == FP_ITEM_SENDING);

  hold (item, "lost");
  item->maybe_delivered = TRUE;
  item->manual = FALSE;
}

/**
 * fp_policy_give_back:
 * @item: an item in state sending
 * @maybe_delivered: whether some byte of it may have reached the server
 *
 * Ends an attempt that we broke off ourselves: no try is used up, no wait is set,
 * and what was known of the item stays.
 */
void
fp_policy_give_back (FpItem   *item,
                     gboolean  maybe_delivered)
{
  g_return_if_fail (item->state == FP_ITEM_SENDING);

  step_back (item);
  item->maybe_delivered = maybe_delivered;
}

/**
 * fp_policy_park:
 * @item: pending or failed
 * @boot_id: of this boot
 *
 * It is too large for a network that costs: no try is used up, and it waits until
 * fp_item_rows_unpark(). What a server said of a failed item stays its reason.
 */
void
fp_policy_park (FpItem     *item,
                const char *boot_id)
{
  item->due_boot = FP_ITEM_PARKED;
  g_free (item->due_boot_id);
  item->due_boot_id = g_strdup (boot_id);
  item->next_try = 0;
  if (item->state != FP_ITEM_PENDING)
    return;

  g_free (item->reason_code);
  item->reason_code = g_strdup (FP_ITEM_REASON_METERED);
  g_clear_pointer (&item->reason, g_free);
}

/**
 * fp_policy_postpone:
 * @item: pending or failed
 * @until: boot ms
 * @now: the clocks; nothing else of it is read
 *
 * Others with the same destination were refused: no try is used up. It keeps its own reason, if it has one.
 */
void
fp_policy_postpone (FpItem                *item,
                    gint64                 until,
                    const FpPolicyAttempt *now)
{
  item->due_boot = until;
  g_free (item->due_boot_id);
  item->due_boot_id = g_strdup (now->boot_id);
  item->next_try = MAX (item->not_before, now->now_wall + until - now->now_boot);
}

/**
 * fp_policy_release:
 * @item: pending, failed or held
 *
 * What "retry" by a person means: first in the order, no wait (not even a
 * server's), no hold, and slow tries begin anew. The count of contacts stays.
 *
 * Returns: FALSE if the state of the item does not allow it; it is unchanged then
 */
gboolean
fp_policy_release (FpItem *item)
{
  if (!fp_item_machine_step (item, FP_EVENT_RELEASE))
    return FALSE;

  clear_wait (item);
  g_clear_pointer (&item->hold, g_free);
  item->manual = TRUE;
  item->slow_step = 0;

  return TRUE;
}
