/* fp-form-author.h — writes a standard XForm from a list of questions ("forms new" and the New Form page) */
#pragma once

#include "form/fp-form-def.h"

G_BEGIN_DECLS

typedef struct {
  char           *name;     /* element name, derived from the label */
  char           *label;
  FpQuestionType  type;
  gboolean        required;
  char          **choices;  /* labels of a select, NULL-terminated; NULL otherwise */
} FpAuthorQuestion;

/* "integer:Age!", "select:Crop=Maize,Beans" ("!" after the label = required). An unknown type is refused by name. */
FpAuthorQuestion *fp_author_question_parse (const char        *text,
                                            GError           **error);
void              fp_author_question_free  (FpAuthorQuestion  *question);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpAuthorQuestion, fp_author_question_free)

/* @submit_url: (nullable): a plain JSON endpoint; NULL = an OpenRosa form. The result parses with
 * fp_form_def_parse(). */
GBytes           *fp_form_author_write     (const char        *title,
                                            const char        *submit_url,
                                            GPtrArray         *questions,
                                            GError           **error);

G_END_DECLS
