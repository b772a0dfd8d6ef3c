/* fp-sync-hold.h — what keeps items apart from their own waits: holds, lost answers, earlier versions (design 5.3)
 *
 * All of it runs on the store's thread inside a turn. */
#pragma once

#include "net/fp-verdict.h"
#include "store/fp-form-rows.h"
#include "store/fp-hold-rows.h"
#include "sync/fp-sync-turn.h"

G_BEGIN_DECLS

/* The row that @verdict means for @item and for others like it; NULL = it says nothing of others. */
FpHoldRow   *fp_sync_hold_new        (const FpVerdict *verdict,
                                      const FpItem    *item);
/* Writes that row, and holds what it covers. The items come after it where they are many: each when its turn comes. */
gboolean     fp_sync_hold_write      (FpStoreTxn      *txn,
                                      const FpHoldRow *row,
                                      GError         **error);
/* Before @outcome is written: a hold that the account has outlived is none. */
gboolean     fp_sync_hold_check      (FpStoreTxn      *txn,
                                      FpSyncOutcome   *outcome,
                                      GError         **error);
/* After @outcome was written: the hold of others, which parts go when, what waits for the item. */
gboolean     fp_sync_hold_settle     (FpStoreTxn      *txn,
                                      const FpSyncOutcome *outcome,
                                      GError         **error);
/* Is @item kept by some row? Then it is held, and @caught. Not of what is claimed already. */
gboolean     fp_sync_hold_catch      (FpStoreTxn      *txn,
                                      FpItem          *item,
                                      gboolean        *caught,
                                      GError         **error);

/* The server that covers @url most closely; NULL without error where none does. */
FpServerRow *fp_sync_find_endpoint   (FpStoreTxn      *txn,
                                      const char      *url,
                                      GError         **error);
/* Does whoever set up its endpoint want to be asked before @item is sent a second time? */
gboolean     fp_sync_asks_if_lost    (FpStoreTxn      *txn,
                                      const FpItem    *item,
                                      gboolean        *asks,
                                      GError         **error);

G_END_DECLS
