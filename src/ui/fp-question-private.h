/* fp-question-private.h — the kinds of questions */
#pragma once

#include "ui/fp-question.h"

G_BEGIN_DECLS

#define FP_TYPE_TEXT_QUESTION (fp_text_question_get_type ())
G_DECLARE_FINAL_TYPE (FpTextQuestion, fp_text_question, FP, TEXT_QUESTION, FpQuestion)

#define FP_TYPE_LONG_TEXT_QUESTION (fp_long_text_question_get_type ())
G_DECLARE_FINAL_TYPE (FpLongTextQuestion, fp_long_text_question, FP, LONG_TEXT_QUESTION, FpQuestion)

#define FP_TYPE_DATE_QUESTION (fp_date_question_get_type ())
G_DECLARE_FINAL_TYPE (FpDateQuestion, fp_date_question, FP, DATE_QUESTION, FpQuestion)

#define FP_TYPE_CHOICES_QUESTION (fp_choices_question_get_type ())
G_DECLARE_FINAL_TYPE (FpChoicesQuestion, fp_choices_question, FP, CHOICES_QUESTION, FpQuestion)

#define FP_TYPE_DROP_DOWN_QUESTION (fp_drop_down_question_get_type ())
G_DECLARE_FINAL_TYPE (FpDropDownQuestion, fp_drop_down_question, FP, DROP_DOWN_QUESTION, FpQuestion)

#define FP_TYPE_IMAGE_QUESTION (fp_image_question_get_type ())
G_DECLARE_FINAL_TYPE (FpImageQuestion, fp_image_question, FP, IMAGE_QUESTION, FpQuestion)

#define FP_TYPE_NOTE_QUESTION (fp_note_question_get_type ())
G_DECLARE_FINAL_TYPE (FpNoteQuestion, fp_note_question, FP, NOTE_QUESTION, FpQuestion)

G_END_DECLS
