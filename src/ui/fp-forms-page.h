/* fp-forms-page.h — the forms that can be filled in, or how to get one */
#pragma once

#include <adwaita.h>

#include "engine/fp-engine.h"

G_BEGIN_DECLS

#define FP_TYPE_FORMS_PAGE (fp_forms_page_get_type ())
G_DECLARE_FINAL_TYPE (FpFormsPage, fp_forms_page, FP, FORMS_PAGE, GtkWidget)

/* To be called once; lists again whenever forms or drafts change. */
void fp_forms_page_start (FpFormsPage *self,
                          FpEngine    *engine);

G_END_DECLS
