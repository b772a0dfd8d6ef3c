/* fp-form-section.h — a group of a form: its title, its questions as rows of a card, and the groups in it
 *
 * Hidden while nothing in it is relevant. */
#pragma once

#include "ui/fp-question.h"

G_BEGIN_DECLS

#define FP_TYPE_FORM_SECTION (fp_form_section_get_type ())
G_DECLARE_FINAL_TYPE (FpFormSection, fp_form_section, FP, FORM_SECTION, GtkWidget)

/* @questions: (element-type FpQuestion): gets every question of it in order, borrowed. */
GtkWidget *fp_form_section_new (FpDraft    *draft,
                                FpFormNode *node,
                                guint       depth,
                                GPtrArray  *questions);

G_END_DECLS
