/* fp-sync-turn-private.h — what the parts of a turn share; all of it on the store's thread
 *
 * fp-sync-turn.c: outcomes, the look. fp-sync-claim.c: items that are to be sent. fp-sync-waits.c: what items wait for. */
#pragma once

#include "sync/fp-sync-turn.h"

G_BEGIN_DECLS

typedef gboolean (*FpSyncTurnFunc) (FpStoreTxn *txn, FpItem *item, GError **error);

/* The row is no longer what we believed: nothing to write, and no reason to give up the rest of the turn. */
gboolean _fp_sync_turn_is_stale       (const GError   *error);
/* Writes @item where its state is still @expected; otherwise that is @stale, and no error. */
gboolean _fp_sync_turn_update         (FpStoreTxn     *txn,
                                       const FpItem   *item,
                                       FpItemState     expected,
                                       gboolean       *stale,
                                       GError        **error);
/* Calls @each for every item in one of @states, newest first; @tag: (nullable): only with this tag. */
gboolean _fp_sync_turn_for_each       (FpStoreTxn     *txn,
                                       guint           states,
                                       char           *tag,
                                       FpSyncTurnFunc  each,
                                       GError        **error);
/* Claims item @id into @turn->claimed. Where it is no longer there to be claimed, or some hold keeps it, that is no
 * error. */
gboolean _fp_sync_turn_claim          (FpStoreTxn     *txn,
                                       FpSyncTurn     *turn,
                                       gint64          id,
                                       GError        **error);
/* A start is a new chance, at most once in ten minutes. */
gboolean _fp_sync_turn_clear_at_start (FpStoreTxn     *txn,
                                       FpSyncTurn     *turn,
                                       GError        **error);
/* Moves, clears and sets the waits that @turn asks for. */
gboolean _fp_sync_turn_change_waits   (FpStoreTxn     *txn,
                                       FpSyncTurn     *turn,
                                       GError        **error);

G_END_DECLS
