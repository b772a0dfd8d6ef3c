/* fp-pauses.h — destinations that refuse one item after another (design 5.3), pure
 *
 * A destination is where items go: an address without its query; of an OpenRosa server one form of it. The same refusal
 * three times in a row looks like the destination, not like three bad items: the others wait. Then one of them asks,
 * at longer and longer intervals. Other destinations of the same host go on meanwhile. */
#pragma once

#include "net/fp-verdict.h"
#include "store/fp-item-rows.h"

G_BEGIN_DECLS

typedef struct _FpPauses FpPauses;

FpPauses *fp_pauses_new       (void);
void      fp_pauses_free      (FpPauses        *self);

/* Is any destination paused? */
gboolean  fp_pauses_any       (FpPauses        *self);
/* Boot ms before which @item is not to go; 0 = it may. What a person wants tried may always. */
gint64    fp_pauses_get_until (FpPauses        *self,
                               const FpItem    *item,
                               gint64           now);
void      fp_pauses_began     (FpPauses        *self,
                               const FpItem    *item);
/* The attempt was not made or was broken off by us: another may ask. */
void      fp_pauses_cancelled (FpPauses        *self,
                               gint64           item);
/* @now: boot ms. TRUE if a pause is over that other items wait for. */
gboolean  fp_pauses_ended     (FpPauses        *self,
                               const FpItem    *item,
                               const FpVerdict *verdict,
                               guint            http_status,
                               gint64           now);
/* A new chance: nothing is paused. */
void      fp_pauses_reset     (FpPauses        *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpPauses, fp_pauses_free)

G_END_DECLS
