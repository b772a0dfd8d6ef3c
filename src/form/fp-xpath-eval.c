#include "config.h"

#include "form/fp-xpath-eval.h"

#include <glib/gi18n.h>
#include <libxml/xpathInternals.h>
#include <math.h>
#include <string.h>

#include "form/fp-form-def.h"
#include "form/fp-xpath-date.h"
#include "form/fp-xpath-regex.h"

/* Steps that the evaluations after one change may take: far above any real form, and a few seconds.
 */
#define MAX_STEPS 50000000

struct _FpXPathEngine {
  /* Owned. */
  xmlXPathContext *context;
  GHashTable      *regexes; /* pattern -> GRegex or NULL */
  char            *report;  /* what libxml2 complained about last */
  gulong           steps;   /* that are left */

  /* Borrowed. */
  xmlDoc          *doc;
  xmlNode         *current;
  FpXPathWorld     world;
};

static void
report_cb (void       *data,
           xmlErrorPtr report)
{
  FpXPathEngine *self = data;

  g_free (self->report);
  /* libxml2 keeps its sentence on an XPath error to itself. */
  if (report->code == XML_XPATH_EXPRESSION_OK + XPATH_INVALID_TYPE)
    self->report = g_strdup (_("something in it is of the wrong kind"));
  else if (report->code == XML_XPATH_EXPRESSION_OK + XPATH_OP_LIMIT_EXCEEDED)
    self->report = g_strdup (_("it is too much work"));
  else if (report->code == XML_XPATH_EXPRESSION_OK + XPATH_RECURSION_LIMIT_EXCEEDED)
    self->report = g_strdup (_("it is nested too deeply"));
  else
    self->report = g_strdup_printf (_("it is not valid (%d)"), report->code);
}

/* $r is the document, $fN a field. */
static xmlXPathObject *
variable_cb (void          *data,
             const xmlChar *name,
             const xmlChar *ns)
{
  FpXPathEngine *self = data;
  const char *text = (const char *) name;

  if (strcmp (text, "r") == 0)
    return xmlXPathNewNodeSet ((xmlNode *) self->doc);

  return xmlXPathNewNodeSet (self->world.field (self->world.data, atoi (text + 1)));
}

static void
register_prefixes (xmlXPathContext *context,
                   xmlNode         *node,
                   guint            depth)
{
  for (xmlNs *ns = node->nsDef; ns; ns = ns->next)
    if (ns->prefix)
      xmlXPathRegisterNs (context, ns->prefix, ns->href);
  /* html, head, model, instance, root: deeper declarations are not seen by a bind either. */
  if (depth < 4)
    for (xmlNode *child = fp_xml_first (node); child; child = fp_xml_next (child))
      register_prefixes (context, child, depth + 1);
}

/**
 * fp_xpath_engine_new:
 * @doc: (transfer none): the live instance
 * @names: (transfer none): the form, whose namespace prefixes are known in expressions
 * @world: copied
 */
FpXPathEngine *
fp_xpath_engine_new (xmlDoc             *doc,
                     xmlDoc             *names,
                     const FpXPathWorld *world)
{
  FpXPathEngine *self = g_new0 (FpXPathEngine, 1);

  self->doc = doc;
  self->world = *world;
  self->regexes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                         (GDestroyNotify) g_regex_unref);
  self->steps = MAX_STEPS;
  self->context = xmlXPathNewContext (doc);
  self->context->userData = self;
  self->context->error = report_cb;
  register_prefixes (self->context, xmlDocGetRootElement (names), 0);
  xmlXPathRegisterVariableLookup (self->context, variable_cb, self);
  fp_xpath_register_functions (self->context);

  return self;
}

void
fp_xpath_engine_free (FpXPathEngine *self)
{
  xmlXPathFreeContext (self->context);
  g_hash_table_unref (self->regexes);
  g_free (self->report);
  g_free (self);
}

const FpXPathWorld *
fp_xpath_engine_get_world (FpXPathEngine *self)
{
  return &self->world;
}

xmlNode *
fp_xpath_engine_get_current (FpXPathEngine *self)
{
  return self->current;
}

GRegex *
fp_xpath_engine_get_regex (FpXPathEngine *self,
                           const char    *pattern)
{
  gpointer regex;

  if (g_hash_table_lookup_extended (self->regexes, pattern, NULL, &regex))
    return regex;
  /* A computed pattern could be another one each time. */
  if (g_hash_table_size (self->regexes) >= 256)
    g_hash_table_remove_all (self->regexes);
  regex = fp_xpath_regex_new (pattern, NULL);
  g_hash_table_insert (self->regexes, g_strdup (pattern), regex);

  return regex;
}

void
fp_xpath_engine_refill (FpXPathEngine *self)
{
  self->steps = MAX_STEPS;
}

static void
set_error (FpXPathEngine *self,
           const FpXPath *xpath,
           GError       **error)
{
  g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID, _("“%s” cannot be evaluated: %s"),
               xpath->quoted, self->report ? self->report : "");
}

xmlXPathCompExpr *
fp_xpath_engine_compile (FpXPathEngine *self,
                         const FpXPath *xpath,
                         GError       **error)
{
  xmlXPathCompExpr *compiled;

  g_clear_pointer (&self->report, g_free);
  compiled = xmlXPathCtxtCompile (self->context, (const xmlChar *) xpath->text);
  if (!compiled)
    set_error (self, xpath, error);

  return compiled;
}

/**
 * fp_xpath_engine_eval:
 *
 * Returns: (transfer full): or %NULL with [error@FormError]; an error in it is the form's
 */
xmlXPathObject *
fp_xpath_engine_eval (FpXPathEngine    *self,
                      xmlXPathCompExpr *compiled,
                      const FpXPath    *xpath,
                      xmlNode          *context,
                      xmlNode          *current,
                      GError          **error)
{
  xmlXPathObject *object;

  g_clear_pointer (&self->report, g_free);
  self->current = current;
  self->context->doc = context->doc;
  self->context->node = context;
  self->context->contextSize = self->context->proximityPosition = 1;
  /* No limit is what 0 means to libxml2. */
  self->context->opLimit = MAX (self->steps, 1);
  self->context->opCount = 0;
  object = xmlXPathCompiledEval (compiled, self->context);
  self->steps -= MIN (self->steps, self->context->opCount);
  if (!object)
    set_error (self, xpath, error);

  return object;
}

/* Writes the digits of "1.5e-07" out. */
static char *
expand_exponent (const char *text)
{
  const char *e = strchr (text, 'e');
  g_autofree char *mantissa = g_strndup (text, e - text);
  const char *digits = *mantissa == '-' ? mantissa + 1 : mantissa;
  int point = (int) strcspn (digits, ".") + atoi (e + 1);
  GString *all = g_string_new (NULL);
  GString *out = g_string_new (*mantissa == '-' ? "-" : "");

  for (const char *c = digits; *c; c++)
    if (*c != '.')
      g_string_append_c (all, *c);
  if (point <= 0)
    g_string_append (out, "0.");
  for (int i = point; i < 0; i++)
    g_string_append_c (out, '0');
  for (int i = 0; i < MAX ((int) all->len, point); i++)
    {
      if (i == point && i > 0)
        g_string_append_c (out, '.');
      g_string_append_c (out, i < (int) all->len ? all->str[i] : '0');
    }
  g_string_free (all, TRUE);

  return g_string_free (out, FALSE);
}

/**
 * fp_xpath_dup_number:
 *
 * The shortest decimal text that reads back as @number, without an exponent. Source: XPath 1.0, 4.2
 * (string).
 */
char *
fp_xpath_dup_number (double number)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  if (isnan (number))
    return g_strdup ("NaN");
  if (isinf (number))
    return g_strdup (number > 0 ? "Infinity" : "-Infinity");
  if (number == 0)
    return g_strdup ("0");

  for (int precision = 15; precision <= 17; precision++)
    {
      char format[8];

      g_snprintf (format, sizeof format, "%%.%dg", precision);
      g_ascii_formatd (text, sizeof text, format, number);
      if (g_ascii_strtod (text, NULL) == number)
        break;
    }

  return strchr (text, 'e') ? expand_exponent (text) : g_strdup (text);
}

char *
fp_xpath_dup_text (xmlXPathObject *object)
{
  xmlChar *text;
  char *copy;

  if (object->type == XPATH_NUMBER)
    return fp_xpath_dup_number (object->floatval);
  text = xmlXPathCastToString (object);
  copy = g_strdup (text ? (const char *) text : "");
  xmlFree (text);

  return copy;
}

double
fp_xpath_text_to_number (const char *text)
{
  /* libxml2 reads exponents, which XPath 1.0 does not have. */
  return strpbrk (text, "eE") ? NAN : xmlXPathCastStringToNumber ((const xmlChar *) text);
}

double
fp_xpath_to_number (xmlXPathObject *object)
{
  g_autofree char *text = NULL;
  g_autoptr(GDateTime) time = NULL;
  gboolean has_time;

  if (object->type == XPATH_NUMBER || object->type == XPATH_BOOLEAN)
    return xmlXPathCastToNumber (object);
  text = fp_xpath_dup_text (object);
  if (fp_xpath_date_parse (text, &time, &has_time))
    return fp_xpath_date_to_days (time);

  return fp_xpath_text_to_number (text);
}

gboolean
fp_xpath_to_boolean (xmlXPathObject *object)
{
  return xmlXPathCastToBoolean (object) != 0;
}
