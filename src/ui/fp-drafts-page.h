/* fp-drafts-page.h — the forms that somebody began to fill */
#pragma once

#include <adwaita.h>

#include "engine/fp-engine.h"

G_BEGIN_DECLS

#define FP_TYPE_DRAFTS_PAGE (fp_drafts_page_get_type ())
G_DECLARE_FINAL_TYPE (FpDraftsPage, fp_drafts_page, FP, DRAFTS_PAGE, GtkWidget)

/* To be called once; lists again whenever drafts change. */
void fp_drafts_page_start (FpDraftsPage *self,
                           FpEngine     *engine);

/* Signal "counted" (guint): how many drafts there are, after each listing. */

G_END_DECLS
