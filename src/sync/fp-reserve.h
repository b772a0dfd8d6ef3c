/* fp-reserve.h — items that are claimed ahead, a queue a host
 *
 * A claim is a durable write, and so is a receipt: some milliseconds each. Where a host answers faster than that, its
 * next items are claimed together with the receipts of the last ones, and start as soon as there is room. */
#pragma once

#include "sync/fp-sync-turn.h"

G_BEGIN_DECLS

typedef struct _FpReserve FpReserve;

FpReserve   *fp_reserve_new       (void);
void         fp_reserve_free      (FpReserve   *self);

void         fp_reserve_push      (FpReserve   *self,
                                   FpSyncClaim *claim);
/* The next one of @host (transfer full); NULL = there is none. */
FpSyncClaim *fp_reserve_pop       (FpReserve   *self,
                                   const char  *host);
/* Any one; NULL = there is none at all. */
FpSyncClaim *fp_reserve_pop_any   (FpReserve   *self);
/* How many more items of @host may be claimed beyond those that start at once. */
guint        fp_reserve_get_ahead (FpReserve   *self,
                                   const char  *host);
/* The most that any host may have. */
guint        fp_reserve_get_most  (FpReserve   *self);
/* There was room for an item of @host and none was claimed. */
void         fp_reserve_ran_dry   (FpReserve   *self,
                                   const char  *host);
/* Something else than a receipt came: nothing ahead until it runs dry again. */
void         fp_reserve_slow_down (FpReserve   *self,
                                   const char  *host);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpReserve, fp_reserve_free)

G_END_DECLS
