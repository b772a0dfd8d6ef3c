/* fp-clean-rows.h — clean-up in two steps: what is old is marked, and deleted by a run a day later
 *
 * Never touches an unsent item. What is left of a sent one is its receipt without words: uid, instanceID, time. */
#pragma once

#include "store/fp-store.h"

G_BEGIN_DECLS

/* Rows that one call changes at most: a transaction that long does not keep an autosave waiting. */
#define FP_CLEAN_ROWS 500

typedef enum {
  FP_CLEAN_SENT,      /* sent items: bodies, and the words of their receipts */
  FP_CLEAN_DISCARDED, /* discarded items, with the events in them */
  FP_CLEAN_DRAFTS,    /* discarded drafts */
  FP_CLEAN_N,
} FpCleanKind;

/* In each of them: rows that an earlier run marked and for which that is no longer right lose their mark; old rows get
 * one; what was marked a day of running time before goes. @keep_ms: how old is old. Each returns how many rows it
 * changed, at most FP_CLEAN_ROWS: to be called in transactions of their own until it is 0. -1 on error. */
gint64 fp_clean_rows_unmark (FpStoreTxn  *txn,
                             FpCleanKind  kind,
                             gint64       keep_ms,
                             GError     **error);
gint64 fp_clean_rows_delete (FpStoreTxn  *txn,
                             FpCleanKind  kind,
                             gint64       keep_ms,
                             GError     **error);
gint64 fp_clean_rows_mark   (FpStoreTxn  *txn,
                             FpCleanKind  kind,
                             gint64       keep_ms,
                             GError     **error);
/* What fp_clean_rows_delete() would delete, or with @to_mark what fp_clean_rows_mark() would mark; changes nothing. */
gint64 fp_clean_rows_count  (FpStoreTxn  *txn,
                             FpCleanKind  kind,
                             gint64       keep_ms,
                             gboolean     to_mark,
                             GError     **error);

G_END_DECLS
