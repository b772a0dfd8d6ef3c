/* fp-item-object.h — one place in the outbox list: empty until its page has been read
 *
 * Main context only. */
#pragma once

#include "engine/fp-engine.h"

G_BEGIN_DECLS

#define FP_TYPE_ITEM_OBJECT (fp_item_object_get_type ())
G_DECLARE_FINAL_TYPE (FpItemObject, fp_item_object, FP, ITEM_OBJECT, GObject)

FpItemObject *fp_item_object_new      (void);
/* NULL while the page is being read. Signal "changed" when it is another. */
const FpItem *fp_item_object_get_item (FpItemObject *self);
/* @item: (transfer full) */
void          fp_item_object_set_item (FpItemObject *self,
                                       FpItem       *item);

G_END_DECLS
