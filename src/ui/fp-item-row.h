/* fp-item-row.h — one item of the outbox, or of what was sent */
#pragma once

#include <gtk/gtk.h>

#include "ui/fp-item-object.h"

G_BEGIN_DECLS

#define FP_TYPE_ITEM_ROW (fp_item_row_get_type ())
G_DECLARE_FINAL_TYPE (FpItemRow, fp_item_row, FP, ITEM_ROW, GtkWidget)

/* Property "hindrance" (string, nullable, write-only): what keeps all that was never tried from being sent. */
GtkWidget *fp_item_row_new        (void);
/* @object: (nullable). Follows its changes. */
void       fp_item_row_set_object (FpItemRow    *self,
                                   FpItemObject *object);

/* Shared with the page of one item. */
char *fp_item_dup_state (const FpItem *item);

G_END_DECLS
