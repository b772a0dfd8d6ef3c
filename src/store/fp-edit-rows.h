/* fp-edit-rows.h — items that are edited: replaced in their place, or followed by a new version */
#pragma once

#include "store/fp-item-rows.h"

G_BEGIN_DECLS

/* Writes every column of @item but id, kind, form and created, and its parts, where the row is still in @expected and
 * certainly not delivered; FP_STORE_ERROR_CHANGED if it is not. */
gboolean  fp_edit_rows_replace       (FpStoreTxn    *txn,
                                      FpItem        *item,
                                      FpItemState    expected,
                                      GError       **error);
/* uid of the draft that will be a new version of @item; NULL without error where there is none. */
char     *fp_edit_rows_find_draft    (FpStoreTxn    *txn,
                                      gint64         item,
                                      GError       **error);
/* Row of the newest item that is a new version of @item and was not discarded; 0 = none, -1 on error. */
gint64    fp_edit_rows_find_follower (FpStoreTxn    *txn,
                                      gint64         item,
                                      GError       **error);

G_END_DECLS
