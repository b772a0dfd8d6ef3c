/* fp-item-rows-private.h — the columns of table item in one place. Stays in this folder. */
#pragma once

#include "store/fp-item-rows.h"
#include "store/fp-sql.h"

G_BEGIN_DECLS

/* In the order in which _fp_item_from_row() reads them. */
#define FP_ITEM_COLUMNS                                                                             \
  "item.id, uid, kind, protocol, title, tag, method, url, host, reach, headers, boundary, meta, "   \
  "secret_id, form, instance_id, body_size, created, state, state_before, reason_code, reason, "    \
  "status, hold, attempts, slow_step, due_boot, due_boot_id, not_before, next_try, manual, "        \
  "maybe_delivered, last_try, changed, waits_for, posts_done"

FpItem  *_fp_item_from_row     (FpStmt        *stmt);
/* Each part has bytes, or a blob that is there; sets the sizes. */
gboolean _fp_item_check_parts  (FpStoreTxn    *txn,
                                FpItem        *item,
                                GError       **error);
gboolean _fp_item_insert_parts (FpStoreTxn    *txn,
                                const FpItem  *item,
                                GError       **error);

G_END_DECLS
