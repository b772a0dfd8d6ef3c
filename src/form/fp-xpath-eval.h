/* fp-xpath-eval.h — evaluates rewritten expressions on a live instance with libxml2 */
#pragma once

#include "form/fp-xpath.h"
#include "xml/fp-xml.h"

G_BEGIN_DECLS

/* What expressions may ask of the model. */
typedef struct {
  gint64    (*now_ms)       (gpointer    data);
  xmlNode  *(*field)        (gpointer    data,
                             int         field);
  xmlDoc   *(*instance)     (gpointer    data,
                             const char *id);
  char     *(*itext)        (gpointer    data,
                             const char *id);
  char     *(*choice_label) (gpointer    data,
                             int         field,
                             const char *value);
  gpointer    data;
} FpXPathWorld;

typedef struct _FpXPathEngine FpXPathEngine;

/* @doc is borrowed and must outlive the engine; @names: elements whose namespace prefixes expressions may use. */
FpXPathEngine  *fp_xpath_engine_new   (xmlDoc             *doc,
                                       xmlDoc             *names,
                                       const FpXPathWorld *world);
void            fp_xpath_engine_free  (FpXPathEngine      *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpXPathEngine, fp_xpath_engine_free)

xmlXPathCompExpr *fp_xpath_engine_compile (FpXPathEngine    *self,
                                           const FpXPath    *xpath,
                                           GError          **error);
/* Grants the steps that all evaluations together may take until the next call. */
void            fp_xpath_engine_refill (FpXPathEngine      *self);
/* @context: what relative paths start from; @current: what current() gives. */
xmlXPathObject *fp_xpath_engine_eval  (FpXPathEngine       *self,
                                       xmlXPathCompExpr    *compiled,
                                       const FpXPath       *xpath,
                                       xmlNode             *context,
                                       xmlNode             *current,
                                       GError             **error);

/* Conversions as ODK makes them. A number has no exponent; a date is a count of days where a number is wanted. */
char     *fp_xpath_dup_text    (xmlXPathObject *object);
double    fp_xpath_to_number   (xmlXPathObject *object);
/* NaN for what is no decimal number. */
double    fp_xpath_text_to_number (const char  *text);
gboolean  fp_xpath_to_boolean  (xmlXPathObject *object);
char     *fp_xpath_dup_number  (double          number);

/* For the functions. */
const FpXPathWorld *fp_xpath_engine_get_world   (FpXPathEngine *self);
xmlNode            *fp_xpath_engine_get_current (FpXPathEngine *self);
/* Compiled once an engine; NULL for a pattern that is none. */
GRegex             *fp_xpath_engine_get_regex   (FpXPathEngine *self,
                                                 const char    *pattern);
void                fp_xpath_register_functions (xmlXPathContext *context);

G_END_DECLS
