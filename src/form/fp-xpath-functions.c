#include "form/fp-xpath-eval.h"

#include <float.h>
#include <libxml/xpathInternals.h>
#include <math.h>
#include <string.h>

#include "base/fp-random.h"
#include "form/fp-xpath-date.h"
#include "form/fp-xpath-regex.h"

#define MAX_ARGS 64
#define ANY MAX_ARGS

/* Arguments in order; the result is new. NULL = an empty text. */
typedef xmlXPathObject *(*Body) (FpXPathEngine   *engine,
                                 xmlXPathObject **args,
                                 guint            n);

static xmlXPathObject *
new_text (const char *text)
{
  return xmlXPathNewCString (text ? text : "");
}

static xmlXPathObject *
take_text (char *text)
{
  g_autofree char *owned = text;

  return new_text (owned);
}

static xmlXPathObject *
new_boolean (gboolean value)
{
  return xmlXPathNewBoolean (value ? 1 : 0);
}

/* Tokens of a select; an empty text has none. */
static char **
dup_tokens (xmlXPathObject *list)
{
  g_autofree char *text = fp_xpath_dup_text (list);
  g_auto(GStrv) parts = g_strsplit_set (text, " \t\r\n", -1);
  GStrvBuilder *builder = g_strv_builder_new ();
  char **tokens;

  for (char **part = parts; *part; part++)
    if (**part)
      g_strv_builder_add (builder, *part);
  tokens = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);

  return tokens;
}

/* All texts of the arguments: a node-set gives one a node. */
static GPtrArray *
dup_texts (xmlXPathObject **args,
           guint            n)
{
  GPtrArray *texts = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < n; i++)
    {
      xmlNodeSet *nodes = args[i]->type == XPATH_NODESET ? args[i]->nodesetval : NULL;

      if (args[i]->type != XPATH_NODESET)
        g_ptr_array_add (texts, fp_xpath_dup_text (args[i]));
      for (int j = 0; nodes && j < nodes->nodeNr; j++)
        {
          xmlChar *text = xmlXPathCastNodeToString (nodes->nodeTab[j]);

          g_ptr_array_add (texts, g_strdup ((const char *) text));
          xmlFree (text);
        }
    }

  return texts;
}

static xmlXPathObject *
num (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  return xmlXPathNewFloat (n > 0 ? fp_xpath_to_number (a[0])
                                 : xmlXPathCastNodeToNumber (fp_xpath_engine_get_current (e)));
}

static xmlXPathObject *
string (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  xmlChar *text;
  xmlXPathObject *result;

  if (n > 0)
    return take_text (fp_xpath_dup_text (a[0]));
  text = xmlXPathCastNodeToString (fp_xpath_engine_get_current (e));
  result = new_text ((const char *) text);
  xmlFree (text);

  return result;
}

static xmlXPathObject *
concat (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  g_autoptr(GPtrArray) texts = dup_texts (a, n);

  g_ptr_array_add (texts, NULL);

  return take_text (g_strjoinv ("", (char **) texts->pdata));
}

static xmlXPathObject *
join (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  g_autofree char *separator = fp_xpath_dup_text (a[0]);
  g_autoptr(GPtrArray) texts = dup_texts (a + 1, n - 1);

  g_ptr_array_add (texts, NULL);

  return take_text (g_strjoinv (separator, (char **) texts->pdata));
}

static xmlXPathObject *
choose (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  return xmlXPathObjectCopy (fp_xpath_to_boolean (a[0]) ? a[1] : a[2]);
}

static xmlXPathObject *
coalesce (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *text = fp_xpath_dup_text (a[i]);

      if (*text)
        return xmlXPathObjectCopy (a[i]);
    }

  return NULL;
}

/* Keeps the first value: what the question has counts more than the expression. */
static xmlXPathObject *
once (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  xmlNode *current = fp_xpath_engine_get_current (e);
  xmlChar *text = current ? xmlXPathCastNodeToString (current) : NULL;
  xmlXPathObject *result;

  if (text && *text)
    result = new_text ((const char *) text);
  else
    result = xmlXPathObjectCopy (a[0]);
  if (text)
    xmlFree (text);

  return result;
}

static xmlXPathObject *
selected (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  g_auto(GStrv) tokens = dup_tokens (a[0]);
  g_autofree char *wanted = g_strstrip (fp_xpath_dup_text (a[1]));

  return new_boolean (g_strv_contains ((const char *const *) tokens, wanted)
                      || (*wanted == '\0' && *tokens == NULL));
}

static xmlXPathObject *
selected_at (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  g_auto(GStrv) tokens = dup_tokens (a[0]);
  double index = fp_xpath_to_number (a[1]);

  if (!(index >= 0 && index < g_strv_length (tokens)))
    return NULL;

  return new_text (tokens[(guint) index]);
}

static xmlXPathObject *
count_selected (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  g_auto(GStrv) tokens = dup_tokens (a[0]);

  return xmlXPathNewFloat (g_strv_length (tokens));
}

static xmlXPathObject *
count_non_empty (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  g_autoptr(GPtrArray) texts = dup_texts (a, n);
  guint count = 0;

  for (guint i = 0; i < texts->len; i++)
    count += *(const char *) texts->pdata[i] != '\0';

  return xmlXPathNewFloat (count);
}

static xmlXPathObject *
regex (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  g_autofree char *text = fp_xpath_dup_text (a[0]);
  g_autofree char *pattern = fp_xpath_dup_text (a[1]);
  GRegex *compiled = fp_xpath_engine_get_regex (e, pattern);

  return new_boolean (compiled && fp_xpath_regex_matches (compiled, text));
}

static GDateTime *
dup_now (FpXPathEngine *e)
{
  const FpXPathWorld *world = fp_xpath_engine_get_world (e);
  gint64 ms = world->now_ms (world->data);
  g_autoptr(GDateTime) second = g_date_time_new_from_unix_local (ms / 1000);

  return g_date_time_add (second, ms % 1000 * 1000);
}

static xmlXPathObject *
today (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  g_autoptr(GDateTime) time = dup_now (e);

  return take_text (fp_xpath_date_dup_date (time));
}

static xmlXPathObject *
now (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  g_autoptr(GDateTime) time = dup_now (e);

  return take_text (fp_xpath_date_dup_time (time));
}

/* A date as text, or a count of days. NULL if it is neither. */
static GDateTime *
dup_time (xmlXPathObject *object)
{
  g_autofree char *text = fp_xpath_dup_text (object);
  GDateTime *time;
  gboolean has_time;

  if (fp_xpath_date_parse (text, &time, &has_time))
    return time;

  return fp_xpath_date_from_days (fp_xpath_text_to_number (text));
}

static xmlXPathObject *
date (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  g_autoptr(GDateTime) time = dup_time (a[0]);

  return time ? take_text (fp_xpath_date_dup_date (time)) : NULL;
}

static xmlXPathObject *
date_time (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  g_autoptr(GDateTime) time = dup_time (a[0]);

  return time ? take_text (fp_xpath_date_dup_time (time)) : NULL;
}

static xmlXPathObject *
format_date (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  g_autoptr(GDateTime) time = dup_time (a[0]);
  g_autofree char *format = fp_xpath_dup_text (a[1]);

  return time ? take_text (fp_xpath_date_format (time, format)) : NULL;
}

static xmlXPathObject *
decimal_date_time (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  g_autoptr(GDateTime) time = dup_time (a[0]);

  return xmlXPathNewFloat (time ? fp_xpath_date_to_days (time) : NAN);
}

static xmlXPathObject *
integer (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  return xmlXPathNewFloat (trunc (fp_xpath_to_number (a[0])));
}

/* Halves go up, as in XPath 1.0; with a count of places away from zero, as in ODK. */
static xmlXPathObject *
round_to (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  double number = fp_xpath_to_number (a[0]);
  double places = n > 1 ? trunc (fp_xpath_to_number (a[1])) : 0;
  double scale = pow (10, fabs (places));
  double shifted = places < 0 ? number / scale : number * scale;
  double rounded;

  if (n == 1)
    return xmlXPathNewFloat (isfinite (number) ? floor (number + 0.5) : number);
  if (!isfinite (shifted) || !(scale < 1e15))
    return xmlXPathNewFloat (number);
  /* 1.005 is a little less than that in binary; what was meant is a half. */
  rounded = round (shifted * (1 + DBL_EPSILON));

  return xmlXPathNewFloat (places < 0 ? rounded * scale : rounded / scale);
}

/* The smallest (-1) or largest (1); an empty answer makes it unknown. */
static xmlXPathObject *
extreme (xmlXPathObject **args,
         guint            n,
         int              sign)
{
  g_autoptr(GPtrArray) texts = dup_texts (args, n);
  double best = NAN;

  for (guint i = 0; i < texts->len; i++)
    {
      double number = fp_xpath_text_to_number (texts->pdata[i]);

      if (isnan (number))
        return xmlXPathNewFloat (NAN);
      if (isnan (best) || (number - best) * sign > 0)
        best = number;
    }

  return xmlXPathNewFloat (best);
}

static xmlXPathObject *
min (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  return extreme (a, n, -1);
}

static xmlXPathObject *
max (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  return extreme (a, n, 1);
}

static xmlXPathObject *
power (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  return xmlXPathNewFloat (pow (fp_xpath_to_number (a[0]), fp_xpath_to_number (a[1])));
}

static xmlXPathObject *
absolute (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  return xmlXPathNewFloat (fabs (fp_xpath_to_number (a[0])));
}

static xmlXPathObject *
square_root (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  return xmlXPathNewFloat (sqrt (fp_xpath_to_number (a[0])));
}

static xmlXPathObject *
boolean_from_string (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  g_autofree char *text = fp_xpath_dup_text (a[0]);

  return new_boolean (strcmp (text, "1") == 0 || strcmp (text, "true") == 0);
}

static xmlXPathObject *
uuid (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  return take_text (fp_uuid_new ());
}

static xmlXPathObject *
ends_with (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  g_autofree char *text = fp_xpath_dup_text (a[0]);
  g_autofree char *end = fp_xpath_dup_text (a[1]);

  return new_boolean (g_str_has_suffix (text, end));
}

/* substr(text, first, end): from 0, negative from the end, @end not included. */
static xmlXPathObject *
substr (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  g_autofree char *text = fp_xpath_dup_text (a[0]);
  glong length = g_utf8_strlen (text, -1);
  double first = trunc (fp_xpath_to_number (a[1]));
  double end = n > 2 ? trunc (fp_xpath_to_number (a[2])) : length;

  if (isnan (first) || isnan (end))
    return NULL;
  first = CLAMP (first < 0 ? first + length : first, 0, length);
  end = CLAMP (end < 0 ? end + length : end, 0, length);
  if (first >= end)
    return NULL;

  return take_text (g_utf8_substring (text, (glong) first, (glong) end));
}

static xmlXPathObject *
current (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  return xmlXPathNewNodeSet (fp_xpath_engine_get_current (e));
}

static xmlXPathObject *
instance (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  const FpXPathWorld *world = fp_xpath_engine_get_world (e);
  g_autofree char *id = fp_xpath_dup_text (a[0]);
  xmlDoc *doc = world->instance (world->data, id);

  /* The document, because instance('x')/root is to be the root element. */
  return xmlXPathNewNodeSet ((xmlNode *) doc);
}

static xmlXPathObject *
itext (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  const FpXPathWorld *world = fp_xpath_engine_get_world (e);
  g_autofree char *id = fp_xpath_dup_text (a[0]);

  return take_text (world->itext (world->data, id));
}

static xmlXPathObject *
choice_name (FpXPathEngine *e, xmlXPathObject **a, guint n)
{
  const FpXPathWorld *world = fp_xpath_engine_get_world (e);
  g_autofree char *value = fp_xpath_dup_text (a[0]);

  return take_text (world->choice_label (world->data, (int) a[1]->floatval, value));
}

/* Sorted by name. Without a body: libxml2's own. */
static const struct {
  FpXPathFunction about;
  Body            body;
} functions[] = {
  { { "abs", 1, 1, FP_XPATH_NUMBER }, absolute },
  { { "boolean", 1, 1, FP_XPATH_BOOLEAN }, NULL },
  { { "boolean-from-string", 1, 1, FP_XPATH_BOOLEAN }, boolean_from_string },
  { { "ceiling", 1, 1, FP_XPATH_NUMBER }, NULL },
  { { "coalesce", 1, ANY, FP_XPATH_TEXT }, coalesce },
  { { "concat", 0, ANY, FP_XPATH_TEXT }, concat },
  { { "contains", 2, 2, FP_XPATH_BOOLEAN }, NULL },
  { { "count", 1, 1, FP_XPATH_NUMBER }, NULL },
  { { "count-non-empty", 1, 1, FP_XPATH_NUMBER }, count_non_empty },
  { { "count-selected", 1, 1, FP_XPATH_NUMBER }, count_selected },
  { { "current", 0, 0, FP_XPATH_NODES }, current },
  { { "date", 1, 1, FP_XPATH_TEXT }, date },
  { { "date-time", 1, 1, FP_XPATH_TEXT }, date_time },
  { { "decimal-date-time", 1, 1, FP_XPATH_NUMBER }, decimal_date_time },
  { { "ends-with", 2, 2, FP_XPATH_BOOLEAN }, ends_with },
  { { "false", 0, 0, FP_XPATH_BOOLEAN }, NULL },
  { { "floor", 1, 1, FP_XPATH_NUMBER }, NULL },
  { { "format-date", 2, 2, FP_XPATH_TEXT }, format_date },
  { { "format-date-time", 2, 2, FP_XPATH_TEXT }, format_date },
  { { "fp-num", 1, 1, FP_XPATH_NUMBER }, num },
  { { "if", 3, 3, FP_XPATH_TEXT }, choose },
  { { "instance", 1, 1, FP_XPATH_NODES }, instance },
  { { "int", 1, 1, FP_XPATH_NUMBER }, integer },
  { { "join", 1, ANY, FP_XPATH_TEXT }, join },
  { { "jr:choice-name", 2, 2, FP_XPATH_TEXT }, choice_name },
  { { "jr:itext", 1, 1, FP_XPATH_TEXT }, itext },
  { { "last", 0, 0, FP_XPATH_NUMBER }, NULL },
  { { "local-name", 0, 1, FP_XPATH_TEXT }, NULL },
  { { "max", 1, ANY, FP_XPATH_NUMBER }, max },
  { { "min", 1, ANY, FP_XPATH_NUMBER }, min },
  { { "name", 0, 1, FP_XPATH_TEXT }, NULL },
  { { "namespace-uri", 0, 1, FP_XPATH_TEXT }, NULL },
  { { "normalize-space", 0, 1, FP_XPATH_TEXT }, NULL },
  { { "not", 1, 1, FP_XPATH_BOOLEAN }, NULL },
  { { "now", 0, 0, FP_XPATH_TEXT }, now },
  { { "number", 0, 1, FP_XPATH_NUMBER }, num },
  { { "once", 1, 1, FP_XPATH_TEXT }, once },
  { { "position", 0, 0, FP_XPATH_NUMBER }, NULL },
  { { "pow", 2, 2, FP_XPATH_NUMBER }, power },
  { { "regex", 2, 2, FP_XPATH_BOOLEAN }, regex },
  { { "round", 1, 2, FP_XPATH_NUMBER }, round_to },
  { { "selected", 2, 2, FP_XPATH_BOOLEAN }, selected },
  { { "selected-at", 2, 2, FP_XPATH_TEXT }, selected_at },
  { { "sqrt", 1, 1, FP_XPATH_NUMBER }, square_root },
  { { "starts-with", 2, 2, FP_XPATH_BOOLEAN }, NULL },
  { { "string", 0, 1, FP_XPATH_TEXT }, string },
  { { "string-length", 0, 1, FP_XPATH_NUMBER }, NULL },
  { { "substr", 2, 3, FP_XPATH_TEXT }, substr },
  { { "substring", 2, 3, FP_XPATH_TEXT }, NULL },
  { { "substring-after", 2, 2, FP_XPATH_TEXT }, NULL },
  { { "substring-before", 2, 2, FP_XPATH_TEXT }, NULL },
  { { "sum", 1, 1, FP_XPATH_NUMBER }, NULL },
  { { "today", 0, 0, FP_XPATH_TEXT }, today },
  { { "translate", 3, 3, FP_XPATH_TEXT }, NULL },
  { { "true", 0, 0, FP_XPATH_BOOLEAN }, NULL },
  { { "uuid", 0, 0, FP_XPATH_TEXT }, uuid },
};

static int
compare_name (const void *key,
              const void *row)
{
  return strcmp (key, *(const char *const *) row);
}

const FpXPathFunction *
fp_xpath_find_function (const char *name)
{
  /* FpXPathFunction comes first in a row, and its name first in it. */
  const char *const *row = bsearch (name, functions, G_N_ELEMENTS (functions),
                                    sizeof functions[0], compare_name);

  /* What our own rewriting puts in is not for forms. */
  if (!row || g_str_has_prefix (name, "fp-"))
    return NULL;

  return (const FpXPathFunction *) row;
}

static Body
body_of (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (functions); i++)
    if (functions[i].body && strcmp (functions[i].about.name, name) == 0)
      return functions[i].body;

  return NULL;
}

/* One door for all of them: libxml2 says in the context which function it calls. */
static void
call_cb (xmlXPathParserContext *parser,
         int                    n)
{
  FpXPathEngine *engine = parser->context->userData;
  g_autofree char *name = g_strdup ((const char *) parser->context->function);
  xmlXPathObject *args[MAX_ARGS] = { NULL };
  xmlXPathObject *result;
  Body body;

  if (g_str_has_prefix (name, "jr-"))
    name[2] = ':';
  body = body_of (name);
  if (n > MAX_ARGS || !body)
    {
      xmlXPathSetArityError (parser);
      return;
    }
  for (int i = n - 1; i >= 0; i--)
    args[i] = valuePop (parser);
  for (int i = 0; i < n; i++)
    if (!args[i])
      xmlXPathSetError (parser, XPATH_INVALID_OPERAND);
  if (parser->error == XPATH_EXPRESSION_OK)
    {
      result = body (engine, args, n);
      valuePush (parser, result ? result : new_text (""));
    }
  for (int i = 0; i < n; i++)
    if (args[i])
      xmlXPathFreeObject (args[i]);
}

void
fp_xpath_register_functions (xmlXPathContext *context)
{
  for (guint i = 0; i < G_N_ELEMENTS (functions); i++)
    {
      g_autofree char *name = g_strdelimit (g_strdup (functions[i].about.name), ":", '-');

      if (!functions[i].body)
        continue;
      /* A name that is taken, as "round" is, stays with its first owner unless that one is removed.
       */
      xmlXPathRegisterFunc (context, (const xmlChar *) name, NULL);
      xmlXPathRegisterFunc (context, (const xmlChar *) name, call_cb);
    }
}
