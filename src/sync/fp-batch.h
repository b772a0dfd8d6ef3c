/* fp-batch.h — events of a tag, frozen into ordinary items: the same bytes and the same key on every try */
#pragma once

#include "store/fp-event-rows.h"

G_BEGIN_DECLS

/* Freezes the oldest events of @tag into an item, if some wait and no earlier item of them is on its way.
 * @item: (out) (optional): its id, 0 = there was nothing to do. */
gboolean fp_batch_freeze (FpStoreTxn   *txn,
                          const char   *tag,
                          gint64       *item,
                          GError      **error);
/* Events that wait, of @tag (nullable: of all tags), into items: they are to leave, whatever is on its way before them.
 * A transaction takes some FP_STORE_SLICE or FP_BATCH_BYTES of them; @more: (out): others may wait. */
gboolean fp_batch_freeze_some (FpStoreTxn  *txn,
                               const char  *tag,
                               gboolean    *more,
                               GError     **error);
/* Whether @item, a batch with its part, would be frozen anew in two if it was refused with @http_status. */
gboolean fp_batch_can_halve (const FpItem *item,
                             guint         http_status);
/* What the outcome of an attempt, written in the same transaction, does to the events of @item: a receipt takes them
 * away and freezes the next; where the server refused them they are frozen anew, half as many, unless it was only one.
 * One that failed keeps its events, and the next are frozen: they are not to wait for it.
 * @replaced: (out): @item is no more, others stand for it. */
gboolean fp_batch_settle (FpStoreTxn   *txn,
                          const FpItem *item,
                          gboolean     *replaced,
                          GError      **error);

G_END_DECLS
