/* fp-xpath.h — an XPath expression of a form, checked and rewritten once, when the form is parsed
 *
 * The rewritten text is plain XPath 1.0 for libxml2 in which
 *  - a path that means one field of the instance is the variable $fN (N = index of the field), so that evaluating it
 *    costs the same in a form of ten and of ten thousand questions;
 *  - an operand that may be a date is wrapped in fp-num(), which counts days, because ODK compares and subtracts dates;
 *  - a function with the prefix jr: is spelled jr-….
 * Pure; knows the form only through FpXPathScope. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define FP_XPATH_ROOT (-1)   /* the document node, above the root element */
#define FP_XPATH_NOWHERE (-2)

/* What an expression may refer to. Fields are numbered from 0. */
typedef struct {
  /* The child @name of @field, or FP_XPATH_NOWHERE; ".." and "*" are handled by the two below. */
  int         (*child)        (gpointer     data,
                               int          field,
                               const char  *name);
  int         (*parent)       (gpointer     data,
                               int          field);
  /* One past the last field below @field; those in between are its descendants in document order. */
  int         (*end)          (gpointer     data,
                               int          field);
  /* Whether the field always holds a plain number. */
  gboolean    (*is_number)    (gpointer     data,
                               int          field);
  /* NULL = an instance of that name can be used; otherwise @error is set. */
  gboolean    (*check_instance) (gpointer     data,
                                 const char  *id,
                                 GError     **error);
  gpointer      data;
  /* How many fields the paths of a form may touch altogether before it is refused; counts down. */
  gint64       *work;
} FpXPathScope;

typedef struct {
  char     *source;   /* as the form has it */
  char     *quoted;   /* its beginning, for a message */
  char     *text;     /* for libxml2 */
  GArray   *reads;    /* int: fields whose values it depends on, each once */
  gboolean  language; /* it shows text in the form's language */
} FpXPath;

/* @context: the field it belongs to, or FP_XPATH_NOWHERE when it is evaluated on an item of another instance, whose
 * relative paths are left alone. @owner: what current() means. Errors are of FP_FORM_ERROR: INVALID for a mistake,
 * UNSUPPORTED for an unknown function. */
FpXPath *fp_xpath_parse (const char          *source,
                         const FpXPathScope  *scope,
                         int                  context,
                         int                  owner,
                         GError             **error);
void     fp_xpath_free  (FpXPath             *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpXPath, fp_xpath_free)

/* The functions Fieldpost has. */
typedef enum {
  FP_XPATH_TEXT,    /* or a date: wrapped where a number is wanted */
  FP_XPATH_NUMBER,
  FP_XPATH_BOOLEAN,
  FP_XPATH_NODES,
} FpXPathResult;

typedef struct {
  const char    *name;
  guint          min_args;
  guint          max_args;
  FpXPathResult  result;
} FpXPathFunction;

const FpXPathFunction *fp_xpath_find_function (const char *name);

G_END_DECLS
