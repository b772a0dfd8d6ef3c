/* fp-form-model.h — one filling of a form: the live instance, its logic, and what it becomes
 *
 * Synchronous and not thread-safe: owned by the thread that made it (the window's main thread; a change costs what
 * depends on it). Nodes are GObjects whose properties notify, so that widgets bind to them. */
#pragma once

#include <gio/gio.h>

#include "form/fp-form-def.h"

G_BEGIN_DECLS

/* What the model may know of the world; everything is optional. */
typedef struct {
  gint64      now;       /* unix ms used for today() and now(); 0 = ask the system each time */
  const char *uid;       /* instanceID to use for a new instance, without "uuid:"; NULL = random */
  const char *device_id; /* for the deviceid preload */
  const char *username;
} FpFormEnv;

typedef enum {
  FP_NODE_ROOT,
  FP_NODE_GROUP,
  FP_NODE_QUESTION,
} FpNodeKind;

typedef struct {
  char *value; /* the token stored */
  char *label; /* in the model's language */
  char *image; /* (nullable): jr:// URI */
} FpChoice;

/* An element of the form's body: a question, or a group with children. Order and number never change in a model
 * without repeats; what is not relevant is to be hidden. */
#define FP_TYPE_FORM_NODE (fp_form_node_get_type ())
G_DECLARE_FINAL_TYPE (FpFormNode, fp_form_node, FP, FORM_NODE, GObject)

FpNodeKind      fp_form_node_get_kind        (FpFormNode *self);
FpQuestionType  fp_form_node_get_question    (FpFormNode *self);
/* Absolute path in the instance, e.g. "/data/site/name"; NULL for a group without a ref. */
const char     *fp_form_node_get_path        (FpFormNode *self);
/* Last step of the path: the question's name; "" for a group without a ref. */
const char     *fp_form_node_get_name        (FpFormNode *self);
FpFormNode     *fp_form_node_get_parent      (FpFormNode *self); /* borrowed; NULL for the root */
/* FpFormNode children in body order; empty for a question. Never changes here: safe to build widgets from. */
GListModel     *fp_form_node_get_children    (FpFormNode *self);
/* Tokens of the appearance attribute; never NULL. */
gboolean        fp_form_node_has_appearance  (FpFormNode *self,
                                              const char *token);
const char     *fp_form_node_get_media_type  (FpFormNode *self); /* of an upload, as the form says it */
/* FpChoice of a select, in order; NULL for others. */
GPtrArray      *fp_form_node_get_choices     (FpFormNode *self);
/* What is unsupported about this node, in words, or NULL. */
const char     *fp_form_node_get_note        (FpFormNode *self);

/* Properties that notify: "label", "hint" (strings, the model's language), "value" (the canonical XForms text,
 * "" = empty), "relevant" (also by ancestors), "required", "readonly", "error" (nullable: the sentence to show),
 * "choices" (a list that follows other answers, or the language: the array is another one then). */
const char     *fp_form_node_get_label       (FpFormNode *self);
const char     *fp_form_node_get_hint        (FpFormNode *self); /* (nullable) */
const char     *fp_form_node_get_value       (FpFormNode *self);
gboolean        fp_form_node_get_relevant    (FpFormNode *self);
gboolean        fp_form_node_get_required    (FpFormNode *self);
gboolean        fp_form_node_get_readonly    (FpFormNode *self);
const char     *fp_form_node_get_error       (FpFormNode *self); /* (nullable) */

#define FP_TYPE_FORM_MODEL (fp_form_model_get_type ())
G_DECLARE_FINAL_TYPE (FpFormModel, fp_form_model, FP, FORM_MODEL, GObject)

/* A new instance: defaults, preloads, instanceID, first calculations. @env may be NULL. */
FpFormModel    *fp_form_model_new            (FpFormDef        *def,
                                              const FpFormEnv  *env,
                                              GError          **error);
/* A draft: the exact instance that fp_form_model_dup_instance() gave. */
FpFormModel    *fp_form_model_load           (FpFormDef        *def,
                                              GBytes           *instance,
                                              const FpFormEnv  *env,
                                              GError          **error);
/* A submission in JSON as fp_form_model_freeze() wrote it; what it left out is as in a new filling. @env: its uid is
 * the new identity. */
FpFormModel    *fp_form_model_load_json      (FpFormDef        *def,
                                              GBytes           *json,
                                              const FpFormEnv  *env,
                                              GError          **error);
FpFormDef      *fp_form_model_get_def        (FpFormModel      *self);
FpFormNode     *fp_form_model_get_root       (FpFormModel      *self);
/* Instance path ("/data/site/name") or question name if unique; NULL if none. Borrowed. */
FpFormNode     *fp_form_model_find           (FpFormModel      *self,
                                              const char       *path);
/* All questions in body order, borrowed nodes in a new array. */
GPtrArray      *fp_form_model_list_questions (FpFormModel      *self);

const char     *fp_form_model_get_language   (FpFormModel      *self);
void            fp_form_model_set_language   (FpFormModel      *self,
                                              const char       *language);

/* Sets what a person typed: canonical text ("2026-11-22", "3.5", "a b"). A text that the type cannot hold is kept as
 * the node's value with an "error", so that nothing typed is lost, and makes validation fail. A readonly node is
 * left alone. Emits "changed" if the value is another. */
void            fp_form_model_set_value      (FpFormModel      *self,
                                              FpFormNode       *node,
                                              const char       *value);
/* Undo and redo of set_value in this session: consecutive edits of one question within 1 s are one step. */
gboolean        fp_form_model_can_undo       (FpFormModel      *self);
gboolean        fp_form_model_can_redo       (FpFormModel      *self);
FpFormNode     *fp_form_model_undo           (FpFormModel      *self); /* the node it touched, borrowed */
FpFormNode     *fp_form_model_redo           (FpFormModel      *self);

/* Checks every relevant question; sets and clears "error". Returns the invalid nodes in body order (empty = valid).
 * Errors of untouched questions are otherwise not shown: after a change only that question's type and constraint
 * are checked, "required" only here. */
GPtrArray      *fp_form_model_validate       (FpFormModel      *self);

/* Answered and answerable: relevant questions that are neither notes nor readonly. */
void            fp_form_model_get_progress   (FpFormModel      *self,
                                              guint            *answered,
                                              guint            *total);

/* The whole instance as XML, non-relevant nodes too: what a draft keeps. */
GBytes         *fp_form_model_dup_instance   (FpFormModel      *self);
/* Another identity for the answers of a submission that is opened again. */
void            fp_form_model_renew          (FpFormModel      *self,
                                              const char       *uid);
/* The submission that this one replaces at the server; NULL = none. */
void            fp_form_model_set_deprecated_id (FpFormModel   *self,
                                                 const char    *instance_id);
/* "uuid:…" of meta/instanceID. */
const char     *fp_form_model_get_instance_id(FpFormModel      *self);
/* meta/instanceName, or the first two answers joined; "" where nothing is answered. */
char           *fp_form_model_dup_summary    (FpFormModel      *self);
/* Names of the files that relevant upload questions hold, NULL-terminated. */
char          **fp_form_model_list_files     (FpFormModel      *self);
/* The submission: non-relevant nodes left out; XML as ODK serializes it, or JSON by the form's serialization.
 * Checked to be well-formed and to have an instanceID. The same model state gives the same bytes. */
GBytes         *fp_form_model_freeze         (FpFormModel      *self,
                                              const char      **media_type,
                                              GError          **error);

/* Signal "changed": some value is another than before: a draft is to be saved. */

G_END_DECLS
