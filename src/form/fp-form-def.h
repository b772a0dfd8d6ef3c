/* fp-form-def.h — an XForm, parsed and checked: everything that does not change while it is filled
 *
 * Pure: bytes in, definition out. Immutable after parsing and reference counted, so it may be shared by threads. */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

typedef enum {
  FP_FORM_ERROR_XML,         /* not well-formed, or refused by the hardened reader (entities, depth, size) */
  FP_FORM_ERROR_NOT_A_FORM,  /* well-formed, but no XForm */
  FP_FORM_ERROR_INVALID,     /* an XForm with a mistake: the message names the element or path */
  FP_FORM_ERROR_CYCLE,       /* calculations depend on each other in a circle; the message names the path */
  FP_FORM_ERROR_UNSUPPORTED, /* uses something without which it would be filled wrongly */
  FP_FORM_ERROR_INSTANCE,    /* a saved instance does not belong to this form */
} FpFormError;

#define FP_FORM_ERROR (fp_form_error_quark ())
GQuark fp_form_error_quark (void);

/* What the question stores and which widget shows it. */
typedef enum {
  FP_QUESTION_UNSUPPORTED, /* shown with a note; its value is kept */
  FP_QUESTION_TEXT,
  FP_QUESTION_INTEGER,
  FP_QUESTION_DECIMAL,
  FP_QUESTION_DATE,
  FP_QUESTION_SELECT_ONE,
  FP_QUESTION_SELECT_MULTIPLE,
  FP_QUESTION_IMAGE,
  FP_QUESTION_NOTE,        /* a label to read: an input bound readonly, without a calculate result to show */
} FpQuestionType;

/* How a submission leaves (design section 6, "Output"). */
typedef enum {
  FP_SERIALIZE_OPENROSA, /* xml_submission_file + files, to an OpenRosa server */
  FP_SERIALIZE_JSON,     /* application/json; with files multipart/form-data with the JSON in part "data" */
} FpSerialization;

typedef struct _FpFormDef FpFormDef;

#define FP_TYPE_FORM_DEF (fp_form_def_get_type ())
GType            fp_form_def_get_type          (void);

/* @xml: at most 16 MiB. */
FpFormDef       *fp_form_def_parse             (GBytes           *xml,
                                                GError          **error);
FpFormDef       *fp_form_def_ref               (FpFormDef        *self);
void             fp_form_def_unref             (FpFormDef        *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpFormDef, fp_form_def_unref)

const char      *fp_form_def_get_id            (FpFormDef        *self);
const char      *fp_form_def_get_version       (FpFormDef        *self); /* "" = none */
const char      *fp_form_def_get_title         (FpFormDef        *self);
const char      *fp_form_def_get_md5           (FpFormDef        *self); /* hex, of the bytes */
/* NULL-terminated; empty where the form has no translations. */
const char * const *fp_form_def_get_languages  (FpFormDef        *self);
const char      *fp_form_def_get_default_language (FpFormDef     *self);
/* The form's own <submission action/resource>, or NULL; a relative one is meant from the server the form came from. */
const char      *fp_form_def_get_submit_url    (FpFormDef        *self);
const char      *fp_form_def_get_submit_method (FpFormDef        *self); /* "POST" by default */
FpSerialization  fp_form_def_get_serialization (FpFormDef        *self);
/* Sentences on what this form uses that Fieldpost does not have yet, each naming what and where; empty = all is
 * supported. NULL-terminated. */
const char * const *fp_form_def_get_notes      (FpFormDef        *self);
guint            fp_form_def_get_n_questions   (FpFormDef        *self);

G_END_DECLS
