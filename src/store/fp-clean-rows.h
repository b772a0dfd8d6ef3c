/* fp-clean-rows.h — clean-up in two steps: what is old is marked, and deleted by a run a day later
 *
 * Never touches an unsent item. What is left of a sent one is its receipt without words: uid, instanceID, time. */
#pragma once

#include "store/fp-store.h"

G_BEGIN_DECLS

typedef enum {
  FP_CLEAN_SENT,      /* sent items: bodies, and the words of their receipts */
  FP_CLEAN_DISCARDED, /* discarded items, with the events in them */
  FP_CLEAN_DRAFTS,    /* discarded drafts */
  FP_CLEAN_N,
} FpCleanKind;

/* In this order: rows that an earlier run marked and for which that is no longer right lose their mark; what was marked
 * a day of running time before goes; old rows get a mark. */
typedef enum {
  FP_CLEAN_UNMARK,
  FP_CLEAN_DELETE,
  FP_CLEAN_MARK,
  FP_CLEAN_N_STEPS,
} FpCleanStep;

/* Where a step is in the rows that it looks at, in their order; all 0 to begin with. */
typedef struct {
  gint64   key;
  gint64   id;
  gboolean more; /* there are others */
} FpCleanCursor;

/* One step with the next FP_STORE_SLICE rows; fewer where large ones are deleted. In transactions of their own until
 * nothing is left. @keep_ms: how old is old. Returns how many rows it changed; -1 on error. */
gint64 fp_clean_rows_step   (FpStoreTxn     *txn,
                             FpCleanStep     step,
                             FpCleanKind     kind,
                             gint64          keep_ms,
                             FpCleanCursor  *cursor,
                             GError        **error);
/* How many rows @step, one of the last two, would change; changes nothing. */
gint64 fp_clean_rows_count  (FpStoreTxn     *txn,
                             FpCleanStep     step,
                             FpCleanKind     kind,
                             gint64          keep_ms,
                             GError        **error);

G_END_DECLS
