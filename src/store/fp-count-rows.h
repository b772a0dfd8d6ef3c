/* fp-count-rows.h — how many items there are of a tag, and whether something is still to be expected of them */
#pragma once

#include "store/fp-item-rows.h"

G_BEGIN_DECLS

typedef struct {
  char   *tag;          /* (nullable): NULL = all */
  gint64  tried_before; /* unix ms: of what is pending, who was tried before it, or never, is open */
  gint64  next_before;  /* unix ms: also who is to be tried before it */
} FpCountQuery;

typedef struct {
  guint    n[FP_ITEM_SENT + 1]; /* by FpItemState */
  guint    moved;               /* of those that are held: another place has them */
  gboolean open;                /* a pending one is, as the query says */
} FpCountResult;

/* From the indexes, without reading the rows; FALSE with @error. */
gboolean fp_count_rows_read (FpStoreTxn          *txn,
                             const FpCountQuery  *query,
                             FpCountResult       *result,
                             GError             **error);
/* @states: bits 1 << FpItemState; 0 = every state but sent and discarded. */
guint    fp_count_rows_sum  (const FpCountResult *result,
                             guint                states);

G_END_DECLS
