/* fp-question.h — one question of a form: its label, hint, error, and the control that a subclass gives it
 *
 * Holds no answer: the control shows the node's value and hands each change to the model. Main context only. */
#pragma once

#include <gtk/gtk.h>

#include "engine/fp-engine.h"

G_BEGIN_DECLS

#define FP_TYPE_QUESTION (fp_question_get_type ())
G_DECLARE_DERIVABLE_TYPE (FpQuestion, fp_question, FP, QUESTION, GtkWidget)

struct _FpQuestionClass
{
  GtkWidgetClass parent_class;

  /* Shows the node's value where the control shows another. */
  void (*show_value) (FpQuestion *self);
  /* Somebody types here letter by letter: an error waits until the focus leaves. */
  gboolean typed;
};

/* The question class for the node's type and appearance. */
FpQuestion  *fp_question_new_for_node (FpDraft     *draft,
                                       FpFormNode  *node);
FpFormNode  *fp_question_get_node     (FpQuestion  *self);
FpDraft     *fp_question_get_draft    (FpQuestion  *self);
/* Moves the focus to the control; FALSE if there is none to move it to. */
gboolean     fp_question_focus        (FpQuestion  *self);
/* Shows the node's error now, though the focus is still here. */
void         fp_question_show_error   (FpQuestion  *self);

/* For subclasses. Puts @child below the label; @control is what gets focus, name, description and error state. */
void         fp_question_set_control  (FpQuestion  *self,
                                       GtkWidget   *child,
                                       GtkWidget   *control);
/* What a person entered, in the model's form. */
void         fp_question_answer       (FpQuestion  *self,
                                       const char  *value);
/* Says below the question why what was offered is not taken; NULL takes it back, as does every new answer. */
void         fp_question_refuse       (FpQuestion  *self,
                                       const char  *reason);
/* Enter was pressed: on to the next question. */
void         fp_question_next         (FpQuestion  *self);

/* Signals: "next"; "entered": the focus came; "left": it went. */

G_END_DECLS
