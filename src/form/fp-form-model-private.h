/* fp-form-model-private.h — the inside of a model and its nodes; for the files of this folder and their tests */
#pragma once

#include "form/fp-form-private.h"
#include "form/fp-xpath-eval.h"

G_BEGIN_DECLS

typedef enum {
  FP_NODE_PROP_LABEL = 1,
  FP_NODE_PROP_HINT,
  FP_NODE_PROP_VALUE,
  FP_NODE_PROP_RELEVANT,
  FP_NODE_PROP_REQUIRED,
  FP_NODE_PROP_READONLY,
  FP_NODE_PROP_ERROR,
  FP_NODE_PROP_CHOICES,
  FP_N_NODE_PROPS,
} FpNodeProp;

struct _FpFormNode {
  GObject parent_instance;

  /* Owned. */
  FpFormDef   *def;
  GListStore  *children;
  char        *label;
  char        *hint;
  char        *error;
  GPtrArray   *choices; /* FpChoice; NULL for what is no select */

  /* Borrowed. */
  FpFormModel *model;   /* NULL once it is gone */
  FpFormNode  *parent;
  FpFormNode  *same;    /* the next node of the same field */

  int          number;  /* of the item */
  gboolean     relevant;
  guint        pending; /* bits of FpNodeProp that changed since the last notify */
};

/* One field of this filling. */
typedef struct {
  xmlNode    *element;      /* its text is what expressions see: empty while not relevant */
  char       *value;        /* what was typed or computed; NULL for what has elements below */
  FpFormNode *nodes;        /* list through "same" */
  gboolean    own_relevant;
  gboolean    relevant;
  gboolean    required;
  gboolean    readonly;
} FpLive;

typedef struct {
  int   field;
  char *before;
  char *after;
} FpEdit;

typedef struct {
  GArray *edits; /* FpEdit; the first is what a person typed */
  gint64  at;    /* monotonic us of the last one */
} FpStep;

struct _FpFormModel {
  GObject parent_instance;

  /* Owned. */
  FpFormDef     *def;
  xmlDoc        *doc;
  FpXPathEngine *engine;
  GHashTable    *instances; /* id -> xmlDoc; the ids are borrowed from def */
  GHashTable    *compiled; /* FpXPath -> xmlXPathCompExpr */
  FpLive        *live;     /* per field */
  GPtrArray     *nodes;    /* FpFormNode, per item */
  GArray        *heap;     /* guint: rules to compute, lowest first */
  guint8        *queued;   /* per rule */
  GPtrArray     *notify;   /* FpFormNode, with pending bits */
  GPtrArray     *undo;     /* FpStep */
  GPtrArray     *redo;
  FpStep        *step;     /* (borrowed) what edits are recorded in now; NULL = not recorded */
  GError        *fault;    /* the first expression that could not be evaluated */
  char          *uid;
  char          *device_id;
  char          *username;
  char          *deprecated_id; /* (nullable): of the submission that this one replaces */

  gint64         now;
  guint          language;
  gboolean       frozen;   /* while a stored instance is read: values are as they are */
  gboolean       changed;
  gsize          n_bytes;  /* of all values */
  guint          n_evaluations;
};

static inline FpLive *
fp_form_model_live (FpFormModel *self,
                    int          field)
{
  return &self->live[field];
}

static inline gboolean
fp_live_is_leaf (const FpLive *live)
{
  return live->value != NULL;
}

/* Nodes. */
FpFormNode *fp_form_node_new           (FpFormModel *model, int number, FpFormNode *parent);
void        fp_form_node_touch         (FpFormNode *self, FpNodeProp prop);
void        fp_form_node_take_text     (FpFormNode *self, FpNodeProp prop, char *text);
void        fp_form_node_notify        (FpFormNode *self);
FpItem     *fp_form_node_get_item      (FpFormNode *self);
FpLive     *fp_form_node_get_live      (FpFormNode *self); /* NULL for a group without ref */

/* Recalculation. */
void        fp_form_model_queue_rule   (FpFormModel *self, guint rule);
void        fp_form_model_queue_all    (FpFormModel *self);
void        fp_form_model_settle       (FpFormModel *self);
/* Tells listeners what changed since the last time; they may change the model again. */
void        fp_form_model_announce     (FpFormModel *self);
/* FALSE if it had that value already. */
gboolean    fp_form_model_put          (FpFormModel *self, int field, const char *value);
xmlXPathObject *fp_form_model_eval     (FpFormModel *self, const FpXPath *xpath, xmlNode *context, xmlNode *current);
gboolean    fp_form_model_test         (FpFormModel *self, const FpXPath *xpath, int field);
char       *fp_form_model_cast         (FpFormModel *self, int field, xmlXPathObject *object);

/* Texts. */
char       *fp_form_model_render       (FpFormModel *self, const FpWords *words, int field);
char       *fp_form_model_render_itext (FpFormModel *self, const char *id);
void        fp_form_model_load_choices (FpFormModel *self, FpFormNode *node);
char       *fp_form_model_dup_shown    (FpFormModel *self, FpFormNode *node);
char       *fp_form_model_choice_label (FpFormModel *self, int field, const char *value);

/* Checks. */
char       *fp_form_too_long_message   (void);
char       *fp_form_node_dup_canonical (FpFormNode *self, const char *value);
void        fp_form_node_check         (FpFormNode *self, gboolean also_required);

/* A new filling. */
void        fp_form_model_preload      (FpFormModel *self);
void        fp_form_model_stamp_end    (FpFormModel *self);
void        fp_form_model_run_actions  (FpFormModel *self);
gint64      fp_form_model_now          (FpFormModel *self);

/* A stored filling: puts the values of @root into the model. */
gboolean    fp_form_model_read         (FpFormModel *self, xmlNode *root, GError **error);

void        fp_step_free               (FpStep *step);
void        fp_form_model_record       (FpFormModel *self, int field, const char *before, const char *after);

/* Serialization. */
char       *fp_form_model_write_json   (FpFormModel *self);

/* For tests: how many expressions were evaluated so far. */
guint       fp_form_model_get_n_evaluations (FpFormModel *self);

G_END_DECLS
