#include "sync/fp-item-machine.h"

#define N_STATES (FP_ITEM_SENT + 1)

/* Not a state: "whatever it was before it was discarded". */
#define BEFORE 0xff

/* Design 5.1, row by row; 0 is a pair that does not exist.
 *
 *   pending --claim--> sending --receipt--> sent
 *      ^                 |  |  \--fault---> failed --claim--> sending
 *      |<---will retry---+  +------hold---> held
 *      |<---orphan-------+
 *      +<---release--- pending, failed, held --discard--> discarded --undo--> the state before
 *                                       held --fault----> failed
 */
static const guint8 next_state[N_STATES][FP_N_EVENTS] = {
  [FP_ITEM_PENDING] = {
    [FP_EVENT_CLAIM] = FP_ITEM_SENDING,
    [FP_EVENT_HOLD] = FP_ITEM_HELD,
    [FP_EVENT_RELEASE] = FP_ITEM_PENDING,
    [FP_EVENT_DISCARD] = FP_ITEM_DISCARDED,
  },
  [FP_ITEM_SENDING] = {
    [FP_EVENT_RECEIPT] = FP_ITEM_SENT,
    [FP_EVENT_WILL_RETRY] = FP_ITEM_PENDING,
    [FP_EVENT_FAULT] = FP_ITEM_FAILED,
    [FP_EVENT_HOLD] = FP_ITEM_HELD,
    [FP_EVENT_ORPHAN] = FP_ITEM_PENDING,
  },
  [FP_ITEM_FAILED] = {
    [FP_EVENT_CLAIM] = FP_ITEM_SENDING,
    [FP_EVENT_HOLD] = FP_ITEM_HELD,
    [FP_EVENT_RELEASE] = FP_ITEM_PENDING,
    [FP_EVENT_DISCARD] = FP_ITEM_DISCARDED,
  },
  [FP_ITEM_HELD] = {
    [FP_EVENT_FAULT] = FP_ITEM_FAILED, /* of a copy that did not come to its end */
    [FP_EVENT_RELEASE] = FP_ITEM_PENDING,
    [FP_EVENT_DISCARD] = FP_ITEM_DISCARDED,
  },
  [FP_ITEM_DISCARDED] = {
    [FP_EVENT_UNDO] = BEFORE,
  },
};

/* An undo may only restore what can be discarded: a damaged row must not become "sent" or "sending" by it. */
static gboolean
can_come_back (FpItemState state)
{
  return state == FP_ITEM_PENDING || state == FP_ITEM_FAILED || state == FP_ITEM_HELD;
}

/**
 * fp_item_machine_step:
 * @item: changed only where TRUE is returned
 * @event: what happened to it
 *
 * The one place that changes the state of an item. Sets @item->state; a discard
 * remembers the state in @item->state_before, an undo restores it from there.
 * Touches nothing else.
 *
 * Returns: FALSE if the pair is not in the table of design 5.1; the caller says so
 */
gboolean
fp_item_machine_step (FpItem      *item,
                      FpItemEvent  event)
{
  guint8 next;

  g_return_val_if_fail (item != NULL, FALSE);
  g_return_val_if_fail ((guint) event < FP_N_EVENTS, FALSE);

  if ((guint) item->state >= N_STATES)
    return FALSE;

  next = next_state[item->state][event];
  if (next == BEFORE)
    next = can_come_back (item->state_before) ? item->state_before : 0;
  if (next == 0)
    return FALSE;

  if (next == FP_ITEM_DISCARDED)
    item->state_before = item->state;
  item->state = next;

  return TRUE;
}
