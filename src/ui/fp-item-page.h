/* fp-item-page.h — one item: where it stands, what the server answered, what is in it */
#pragma once

#include <adwaita.h>

#include "engine/fp-engine.h"

G_BEGIN_DECLS

#define FP_TYPE_ITEM_PAGE (fp_item_page_get_type ())
G_DECLARE_FINAL_TYPE (FpItemPage, fp_item_page, FP, ITEM_PAGE, GtkWidget)

/* Reads the item again when it changes. */
GtkWidget *fp_item_page_new (FpEngine *engine,
                             gint64    id);

/* Signal "closed": back to the lists. */

G_END_DECLS
