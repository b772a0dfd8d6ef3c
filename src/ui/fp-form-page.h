/* fp-form-page.h — filling one form
 *
 * Shows what FpDraft and FpFormModel say; the draft saves itself. Main context only. */
#pragma once

#include <adwaita.h>

#include "engine/fp-engine.h"

G_BEGIN_DECLS

#define FP_TYPE_FORM_PAGE (fp_form_page_get_type ())
G_DECLARE_FINAL_TYPE (FpFormPage, fp_form_page, FP, FORM_PAGE, GtkWidget)

FpFormPage *fp_form_page_new       (FpEngine   *engine,
                                    FpDraft    *draft);
FpDraft    *fp_form_page_get_draft (FpFormPage *self);
/* Where sentences are shown without hiding the save line. */
AdwToastOverlay *fp_form_page_get_toasts (FpFormPage *self);
/* Moves the focus to where the person was, or to the first question. */
void        fp_form_page_resume    (FpFormPage *self);
/* Hides what a narrow window has no room for. Property "narrow". */
void        fp_form_page_set_narrow (FpFormPage *self,
                                     gboolean    narrow);

/* Signals: "closed": back to the lists, the draft is kept; "submitted": the draft became an item;
 * "discarded": the draft is to be thrown away. */

G_END_DECLS
