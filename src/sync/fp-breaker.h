/* fp-breaker.h — keeps a failing host from being knocked at (design 5.2), one object a host, pure
 *
 * Closed: everything may go. Open: nothing until a time. After it, half open: one item asks whether the host is back,
 * the one with the fewest tries, so that an item that brings the host down cannot keep it closed for the others. */
#pragma once

#include "base/fp-random.h"
#include "net/fp-verdict.h"
#include "store/fp-item-rows.h"

G_BEGIN_DECLS

typedef struct _FpBreaker FpBreaker;

FpBreaker *fp_breaker_new          (void);
void       fp_breaker_free         (FpBreaker       *self);

/* How many more requests may be started at @now (boot ms), @in_flight being under way and @limit the most. */
guint      fp_breaker_get_room     (FpBreaker       *self,
                                    gint64           now,
                                    guint            in_flight,
                                    guint            limit);
/* TRUE while open or while the asking item is under way: no other item may go. */
gboolean   fp_breaker_is_closed_to_all (FpBreaker   *self,
                                        gint64       now);
/* TRUE where the next item to go is the one that asks: choose it with fp_breaker_pick(). */
gboolean   fp_breaker_is_half_open (FpBreaker       *self,
                                    gint64           now);
/* Makes it half open before its time, for an item that a person wants tried; FALSE: another item asks already. */
gboolean   fp_breaker_let_ask      (FpBreaker       *self,
                                    gint64           now);
/* Boot ms at which it becomes half open; 0 = it is not open. */
gint64     fp_breaker_get_until    (FpBreaker       *self);

/* Index of the item with the fewest tries; the earlier one wins a draw. @items: FpItem, not empty. */
guint      fp_breaker_pick         (FpBreaker       *self,
                                    GPtrArray       *items);
/* Attempts of this item in a row that the server had no part in. */
guint      fp_breaker_get_faults   (FpBreaker       *self,
                                    gint64           item);

void       fp_breaker_began        (FpBreaker       *self,
                                    gint64           item,
                                    gint64           now);
/* The attempt was not made or was broken off by us: says nothing about the host. Another may ask in its place, unless
 * the server named a time to one of those that were under way. */
void       fp_breaker_cancelled    (FpBreaker       *self,
                                    gint64           item);
void       fp_breaker_ended        (FpBreaker       *self,
                                    gint64           item,
                                    const FpVerdict *verdict,
                                    guint            http_status,
                                    FpRandom        *random,
                                    gint64           now);
/* A new chance: closed again. A time that the server itself named stays unless @even_retry_after. */
void       fp_breaker_reset        (FpBreaker       *self,
                                    gboolean         even_retry_after,
                                    gint64           now);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpBreaker, fp_breaker_free)

G_END_DECLS
