/* fp-form-private.h — what a parsed form is made of; for the files of this folder and their tests
 *
 * A *field* is an element of the primary instance, an *item* an element of the body, a *rule* one thing to compute.
 * All three are numbered; fields and items in document order, so that what is below one is a range; rules so that
 * one that is computed from another has the higher number. */
#pragma once

#include "form/fp-form-def.h"
#include "form/fp-form-model.h"
#include "form/fp-xpath.h"
#include "xml/fp-xml.h"

G_BEGIN_DECLS

#define FP_NS_XFORMS "http://www.w3.org/2002/xforms"
#define FP_NS_XHTML "http://www.w3.org/1999/xhtml"
#define FP_NS_JAVAROSA "http://openrosa.org/javarosa"
#define FP_NS_OPENROSA "http://openrosa.org/xforms"
#define FP_NS_ODK "http://www.opendatakit.org/xforms"

typedef enum {
  FP_DATA_TEXT,
  FP_DATA_INTEGER,
  FP_DATA_DECIMAL,
  FP_DATA_BOOLEAN,
  FP_DATA_DATE,
  FP_DATA_OTHER, /* kept as text */
} FpDataType;

/* The first five belong to a field and are expressions of its bind; the others to an item. */
typedef enum {
  FP_RULE_CALCULATE,
  FP_RULE_RELEVANT,
  FP_RULE_REQUIRED,
  FP_RULE_READONLY,
  FP_RULE_CONSTRAINT,
  FP_RULE_LABEL,
  FP_RULE_HINT,
  FP_RULE_CHOICES,
} FpRuleKind;

#define FP_N_LOGIC (FP_RULE_CONSTRAINT + 1)

/* Literal pieces and <output>s, in order. */
typedef struct {
  char    *literal; /* or */
  FpXPath *output;
} FpTextPart;

typedef struct {
  GPtrArray *parts; /* FpTextPart */
} FpText;

/* A text in every language of the form (just one where it has none). Entries may be NULL. */
typedef struct {
  GPtrArray *texts;  /* FpText */
  GPtrArray *images; /* char *: jr:// URI */
} FpWords;

typedef struct {
  char         *name;      /* as in the form, with its prefix */
  char         *path;
  int           parent;    /* FP_XPATH_ROOT for the root element */
  int           end;       /* one past the last field below */
  FpDataType    type;
  char         *type_name; /* as in the bind; NULL = none */
  gboolean      multiple;  /* holds tokens */
  gboolean      shown;     /* some question or unsupported control holds it */
  gboolean      only_note;
  gboolean      has_default;
  gboolean      template;  /* jr:template: never part of a submission */
  gboolean      foreign;   /* inside a repeat, which is not filled */
  FpXPath      *logic[FP_N_LOGIC];
  FpWords      *constraint_message;
  FpWords      *required_message;
  char         *preload;
  char         *preload_params;
} FpField;

typedef struct {
  char    *value;
  FpWords *label;
} FpChoiceDef;

typedef struct {
  FpXPath *nodes;
  FpXPath *value; /* on a node of them */
  FpXPath *label;
} FpItemset;

typedef struct {
  FpNodeKind      kind;
  FpQuestionType  question;
  int             field;  /* FP_XPATH_NOWHERE for a group without ref */
  int             parent; /* -1 for the root, which is item 0 */
  int             end;
  FpWords        *label;
  FpWords        *hint;
  char          **appearance;
  char           *media_type;
  char           *note;
  GPtrArray      *choices; /* FpChoiceDef; NULL where there are none */
  FpItemset      *itemset;
} FpItem;

typedef struct {
  FpRuleKind  kind;
  int         owner;    /* field or item, by the kind */
  GArray     *reads;    /* int: fields */
  gboolean    language; /* shows the form's language */
} FpRule;

typedef struct {
  int      field;
  FpXPath *value;
} FpAction;

struct _FpFormDef {
  gatomicrefcount  ref_count;
  char            *id;
  char            *version;
  char            *title;
  char            *md5;
  GPtrArray       *languages; /* char *, NULL-terminated */
  guint            default_language;
  char            *submit_url;
  char            *submit_method;
  FpSerialization  serialization;
  GPtrArray       *notes;     /* char *, NULL-terminated */
  guint            n_questions;

  xmlDoc          *names;     /* the form's outermost elements: namespace prefixes */
  xmlDoc          *primary;   /* the instance as a new filling begins with it */
  char            *namespace; /* of the root's unprefixed elements; NULL = none */
  GHashTable      *instances; /* id -> xmlDoc */
  GHashTable      *external;  /* id -> URI, of those that are not in the form */
  GHashTable      *itext;     /* id -> FpWords */
  GPtrArray       *fields;    /* FpField */
  GHashTable      *by_path;   /* path -> number of the field + 1 */
  GHashTable      *by_local;  /* path without prefixes -> the same; its keys are owned */
  GPtrArray       *items;     /* FpItem */
  GPtrArray       *actions;   /* FpAction: what happens once, in a new filling */
  GPtrArray       *rules;     /* FpRule, in an order in which they can be computed */
  GArray         **readers;   /* per field: guint numbers of the rules that read it; NULL = none */
  int              instance_id;   /* field, or FP_XPATH_NOWHERE */
  int              instance_name;
};

static inline FpField *
fp_form_def_field (FpFormDef *self,
                   int        field)
{
  return g_ptr_array_index (self->fields, field);
}

static inline FpItem *
fp_form_def_item (FpFormDef *self,
                  int        item)
{
  return g_ptr_array_index (self->items, item);
}

/* FP_XPATH_NOWHERE where there is none. A prefix that the form uses in one place and not in the other is forgiven. */
int         fp_form_def_find_field   (FpFormDef           *self,
                                      const char          *path);
/* As a bind or control refers to it: relative to the root element, or to @base. */
int         fp_form_def_find_ref     (FpFormDef           *self,
                                      int                  base,
                                      const char          *ref);
char       *fp_form_dup_local_path   (const char          *path);
guint       fp_form_def_find_language(FpFormDef           *self,
                                      const char          *language);
void        fp_form_def_add_note     (FpFormDef           *self,
                                      const char          *note);

/* Texts. */
void        fp_words_free            (FpWords             *self);
void        fp_choice_def_free       (FpChoiceDef         *self);
void        fp_itemset_free          (FpItemset           *self);
void        fp_choice_free           (FpChoice            *self);

/* While a form is parsed. */
typedef struct {
  FpFormDef    *def;
  xmlDoc       *doc;
  xmlNode      *model;
  xmlNode      *body;
  GHashTable   *itext_nodes; /* id -> GPtrArray of xmlNode <text>, one a language */
  FpXPathScope  scope;
  gint64        work; /* see FpXPathScope */
} FpFormParser;

/* Each reads its part of the form into @p->def; FALSE with @error. */
gboolean    fp_form_parse_instances  (FpFormParser *p, GError **error);
gboolean    fp_form_parse_types      (FpFormParser *p, GError **error);
gboolean    fp_form_parse_itext      (FpFormParser *p, GError **error);
gboolean    fp_form_parse_binds      (FpFormParser *p, GError **error);
gboolean    fp_form_parse_body       (FpFormParser *p, GError **error);
gboolean    fp_form_parse_actions    (FpFormParser *p, GError **error);
gboolean    fp_form_build_graph      (FpFormDef *def, GError **error);

/* An expression of @field; the error names it as @what of the field. */
FpXPath    *fp_form_parse_xpath      (FpFormParser *p, const char *source, int field, const char *what, GError **error);
/* A label, hint or message: text with outputs, or a reference to itext. @out stays NULL where @node is NULL. */
gboolean    fp_form_parse_words      (FpFormParser *p, xmlNode *node, int field, FpWords **out, GError **error);
gboolean    fp_form_parse_message    (FpFormParser *p, const char *text, int field, FpWords **out, GError **error);
/* The questions that are lists: inline items or an itemset. */
gboolean    fp_form_parse_choices    (FpFormParser *p, xmlNode *node, FpItem *item, GError **error);

G_END_DECLS
