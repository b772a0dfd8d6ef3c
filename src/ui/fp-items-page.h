/* fp-items-page.h — the outbox, or what was sent: a list of any length */
#pragma once

#include <adwaita.h>

#include "ui/fp-item-model.h"

G_BEGIN_DECLS

#define FP_TYPE_ITEMS_PAGE (fp_items_page_get_type ())
G_DECLARE_FINAL_TYPE (FpItemsPage, fp_items_page, FP, ITEMS_PAGE, GtkWidget)

/* To be called once. @sent: what was sent; otherwise what waits. */
void fp_items_page_start      (FpItemsPage    *self,
                               FpEngine       *engine,
                               gboolean        sent);
/* Reads again: another program wrote. */
void fp_items_page_refresh    (FpItemsPage    *self);
/* What keeps all from being sent is shown at what was never tried. */
void fp_items_page_set_status (FpItemsPage    *self,
                               const FpStatus *status);

G_END_DECLS
