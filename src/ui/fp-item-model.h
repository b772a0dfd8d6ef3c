/* fp-item-model.h — the outbox, or what was sent, as a list of any length
 *
 * get_item() gives an empty place at once and has its page read in the background. Main context only. */
#pragma once

#include "engine/fp-engine.h"

G_BEGIN_DECLS

#define FP_TYPE_ITEM_MODEL (fp_item_model_get_type ())
G_DECLARE_FINAL_TYPE (FpItemModel, fp_item_model, FP, ITEM_MODEL, GObject)

/* A GListModel of FpItemObject, newest first. @states: bits 1 << FpItemState. */
FpItemModel *fp_item_model_new     (FpEngine    *engine,
                                    guint        states);
/* Reads number and visible pages again; calls while it reads are one. Done by itself when the engine commits. */
void         fp_item_model_refresh (FpItemModel *self);

G_END_DECLS
