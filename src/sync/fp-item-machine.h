/* fp-item-machine.h — the state table of the outbox (design 5.1), pure */
#pragma once

#include "store/fp-item-rows.h"

G_BEGIN_DECLS

typedef enum {
  FP_EVENT_CLAIM,
  FP_EVENT_RECEIPT,
  FP_EVENT_WILL_RETRY,
  FP_EVENT_FAULT,   /* the fault of the item, or its quick tries are used up */
  FP_EVENT_HOLD,
  FP_EVENT_RELEASE, /* also: retry by hand */
  FP_EVENT_DISCARD,
  FP_EVENT_UNDO,
  FP_EVENT_ORPHAN,
  FP_N_EVENTS,
} FpItemEvent;

/* Sets item->state (and state_before); FALSE leaves the item alone: the pair is not in the table. */
gboolean fp_item_machine_step (FpItem      *item,
                               FpItemEvent  event);

G_END_DECLS
