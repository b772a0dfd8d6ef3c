/* fp-hold-rows-private.h — what fp-hold-rows.c and fp-hold-jobs.c share */
#pragma once

#include "store/fp-hold-rows.h"

G_BEGIN_DECLS

typedef struct {
  const char *name;   /* in hold.kind */
  const char *word;   /* in item.hold */
  const char *covers; /* rows of item; ?1 is the subject */
  const char *also;   /* what of its own fault is of this kind after all */
  const char *held;   /* the index by which what is held for it is found: the planner may take item_by_state, and then
                         goes through all that is held for anything else */
} FpHoldKindInfo;

const FpHoldKindInfo *_fp_hold_kind_get_info (FpHoldKind    kind);

/* Has what the kind covers released, some now and the others by fp_hold_rows_go_on(). */
gboolean _fp_hold_jobs_release (FpStoreTxn   *txn,
                                FpHoldKind    kind,
                                const char   *subject,
                                GError      **error);
/* The same for waits that are over. */
gboolean _fp_hold_jobs_clear_waits (FpStoreTxn  *txn,
                                    const char  *secret_id,
                                    GError     **error);
/* The same for unsent items with the secret id @from, which have @to from now on. */
gboolean _fp_hold_jobs_move    (FpStoreTxn   *txn,
                                const char   *from,
                                const char   *to,
                                GError      **error);
/* The same for unsent submissions of @form to @host that have no secret id: @to. */
gboolean _fp_hold_jobs_give    (FpStoreTxn   *txn,
                                const char   *form,
                                const char   *host,
                                const char   *to,
                                GError      **error);
/* It is held again: what was not released yet stays. */
gboolean _fp_hold_jobs_forget  (FpStoreTxn   *txn,
                                FpHoldKind    kind,
                                const char   *subject,
                                GError      **error);

G_END_DECLS
