/* fp-stage-rows.h — items that are queued before their files are copied: held as "staging", without parts
 *
 * Whoever copies holds a shared lock on stage.lock from the transaction that adds the row until the copy is settled:
 * the kernel drops it with the process, so what is left over is told from what is under way. */
#pragma once

#include "store/fp-item-rows.h"

G_BEGIN_DECLS

typedef struct _FpStageLock FpStageLock;

/* Both only inside a write transaction, so that they never meet. */
FpStageLock *fp_stage_lock_share   (FpStoreTxn    *txn,
                                    GError       **error);
/* NULL without error where some process copies. */
FpStageLock *fp_stage_lock_alone   (FpStoreTxn    *txn,
                                    GError       **error);
void         fp_stage_lock_release (FpStageLock   *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpStageLock, fp_stage_lock_release)

/* gint64: items whose copy was begun and not settled, also discarded ones. */
GArray      *fp_stage_rows_list    (FpStoreTxn    *txn,
                                    GError       **error);
/* Adds @item->parts to the row, which has none, and sets its size. */
gboolean     fp_stage_rows_fill    (FpStoreTxn    *txn,
                                    FpItem        *item,
                                    GError       **error);

G_END_DECLS
