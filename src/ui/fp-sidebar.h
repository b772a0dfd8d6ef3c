/* fp-sidebar.h — the pages to choose from, their numbers, and the sync status */
#pragma once

#include <adwaita.h>

#include "engine/fp-engine.h"

G_BEGIN_DECLS

#define FP_TYPE_SIDEBAR (fp_sidebar_get_type ())
G_DECLARE_FINAL_TYPE (FpSidebar, fp_sidebar, FP, SIDEBAR, GtkWidget)

/* Activates "win.show-page" with "forms", "drafts", "outbox" or "sent". */
void fp_sidebar_set_page   (FpSidebar      *self,
                            const char     *page);
void fp_sidebar_set_drafts (FpSidebar      *self,
                            guint           n_drafts);
void fp_sidebar_set_status (FpSidebar      *self,
                            const FpStatus *status);
/* It is the only thing in a narrow window: window buttons are here then. */
void fp_sidebar_set_folded (FpSidebar      *self,
                            gboolean        folded);

G_END_DECLS
