#include "config.h"

#include "form/fp-xpath.h"

#include <glib/gi18n.h>
#include <string.h>

#include "form/fp-xpath-parser.h"
#include "form/fp-xpath-regex.h"

#define MAX_DEPTH 80
#define MAX_LENGTH (64 * 1024)

/* Counts days where a date may stand, from @start to @end of the output. */
static void
wrap_number (FpXPathParser *p,
             gsize          start,
             gsize          end,
             FpXPathResult  result)
{
  if (result != FP_XPATH_TEXT)
    return;
  g_string_insert_c (p->out, (gssize) end, ')');
  g_string_insert (p->out, (gssize) start, "fp-num(");
}

static void
parse_literal_argument (FpXPathParser *p,
                        const char    *function,
                        char         **text)
{
  if (p->lexer.type != FP_TOKEN_LITERAL)
    {
      fp_xpath_parser_fail (p, FP_FORM_ERROR_UNSUPPORTED,
                            _("“%s” gives %s() something else than a literal text"),
                            p->result->quoted, function);
      return;
    }
  *text = g_strndup (p->lexer.start + 1, p->lexer.length - 2);
}

/* instance('id'): the lists of the form. */
static void
parse_instance (FpXPathParser *p)
{
  g_autofree char *id = NULL;
  GError *error = NULL;

  fp_xpath_parser_expect (p, "(");
  parse_literal_argument (p, "instance", &id);
  if (id && !p->scope->check_instance (p->scope->data, id, &error))
    {
      if (!p->error)
        p->error = error;
      else
        g_error_free (error);
      fp_xpath_lexer_stop (&p->lexer);
      return;
    }
  g_string_append_printf (p->out, "'%s'", id);
  fp_xpath_parser_advance (p);
  fp_xpath_parser_expect (p, ")");
}

/* jr:choice-name(value, 'path'): the path is a text, which becomes the number of the field. */
static void
parse_choice_name (FpXPathParser *p)
{
  g_autofree char *path = NULL;
  g_autoptr(FpXPath) inner = NULL;

  fp_xpath_parser_expect (p, "(");
  fp_xpath_parser_expression (p);
  fp_xpath_parser_expect (p, ",");
  parse_literal_argument (p, "jr:choice-name", &path);
  if (path && !p->error)
    inner = fp_xpath_parse (path, p->scope, p->owner, p->owner, &p->error);
  if (p->error || !inner || inner->reads->len != 1)
    {
      fp_xpath_parser_fail (p, FP_FORM_ERROR_INVALID, _("“%s” names no question"),
                            p->result->quoted);
      return;
    }
  g_string_append_printf (p->out, "%d", g_array_index (inner->reads, int, 0));
  p->result->language = TRUE;
  fp_xpath_parser_advance (p);
  fp_xpath_parser_expect (p, ")");
}

/* A literal pattern is tried now, so that a mistake in it is found when the form comes in. */
static void
check_pattern (FpXPathParser *p)
{
  g_autofree char *pattern = NULL;
  g_autoptr(GRegex) regex = NULL;
  g_autoptr(GError) error = NULL;

  if (p->lexer.type != FP_TOKEN_LITERAL)
    return;
  pattern = g_strndup (p->lexer.start + 1, p->lexer.length - 2);
  regex = fp_xpath_regex_new (pattern, &error);
  if (!regex)
    fp_xpath_parser_fail (p, FP_FORM_ERROR_INVALID, _("The pattern “%s” cannot be used: %s"),
                          pattern, error->message);
}

static guint
parse_arguments (FpXPathParser *p,
                 const char    *name)
{
  guint n = 0;

  fp_xpath_parser_expect (p, "(");
  if (fp_xpath_parser_at (p, ")"))
    {
      fp_xpath_parser_expect (p, ")");
      return 0;
    }
  while (!p->error)
    {
      if (n == 1 && strcmp (name, "regex") == 0)
        check_pattern (p);
      fp_xpath_parser_expression (p);
      n++;
      if (!fp_xpath_parser_at (p, ","))
        break;
      fp_xpath_parser_expect (p, ",");
    }
  fp_xpath_parser_expect (p, ")");

  return n;
}

static FpXPathResult
parse_call (FpXPathParser *p,
            FpPlaces      *places)
{
  g_autofree char *name = fp_xpath_lexer_dup (&p->lexer);
  const FpXPathFunction *function = fp_xpath_find_function (name);
  guint n;

  if (!function)
    {
      fp_xpath_parser_fail (p, FP_FORM_ERROR_UNSUPPORTED,
            _("“%s” uses the function %s(), which Fieldpost does not have"), p->result->quoted,
            name);
      return FP_XPATH_TEXT;
    }
  g_string_append (p->out, name);
  /* No prefixes for libxml2: our functions have no namespace. */
  g_strdelimit (p->out->str + p->out->len - strlen (name), ":", '-');
  fp_xpath_parser_advance (p);

  places->foreign = TRUE;
  if (strcmp (name, "instance") == 0)
    {
      parse_instance (p);
      return FP_XPATH_NODES;
    }
  if (strcmp (name, "jr:choice-name") == 0)
    {
      parse_choice_name (p);
      return FP_XPATH_TEXT;
    }
  if (strcmp (name, "jr:itext") == 0)
    p->result->language = TRUE;
  if (strcmp (name, "current") == 0)
    {
      places->foreign = p->owner == FP_XPATH_NOWHERE;
      fp_places_add (places, p->owner);
    }
  n = parse_arguments (p, name);
  if (n < function->min_args || n > function->max_args)
    fp_xpath_parser_fail (p, FP_FORM_ERROR_INVALID, _("“%s” gives %s() %u arguments"),
                          p->result->quoted, name, n);

  return function->result;
}

static FpXPathResult
parse_primary (FpXPathParser *p,
               FpPlaces      *places)
{
  FpXPathResult result = FP_XPATH_TEXT;

  places->foreign = TRUE;
  if (p->lexer.type == FP_TOKEN_LITERAL || p->lexer.type == FP_TOKEN_NUMBER)
    {
      result = p->lexer.type == FP_TOKEN_NUMBER ? FP_XPATH_NUMBER : FP_XPATH_TEXT;
      g_string_append_len (p->out, p->lexer.start, p->lexer.length);
      fp_xpath_parser_advance (p);
    }
  else if (fp_xpath_parser_at (p, "("))
    {
      fp_xpath_parser_expect (p, "(");
      result = fp_xpath_parser_expression (p);
      fp_xpath_parser_expect (p, ")");
    }
  else
    result = parse_call (p, places);

  return result;
}

static gboolean
at_primary (FpXPathParser *p)
{
  static const char *const types[] = { "node", "text", "comment", "processing-instruction" };

  if (p->lexer.type == FP_TOKEN_LITERAL || p->lexer.type == FP_TOKEN_NUMBER
      || fp_xpath_parser_at (p, "("))
    return TRUE;
  if (p->lexer.type != FP_TOKEN_NAME || !fp_xpath_lexer_followed_by (&p->lexer, "("))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (fp_xpath_parser_at (p, types[i]))
      return FALSE;

  return TRUE;
}

static FpXPathResult
parse_path (FpXPathParser *p)
{
  g_auto(FpPlaces) places = fp_places_new ();
  gsize start = p->out->len;
  const char *source = p->lexer.start;
  gboolean simple = TRUE;
  FpXPathResult result;

  if (!at_primary (p))
    return fp_xpath_parser_location (p);

  result = parse_primary (p, &places);
  fp_xpath_parser_predicates (p, &places, &simple);
  if (!places.foreign || fp_xpath_parser_at (p, "/") || fp_xpath_parser_at (p, "//"))
    return fp_xpath_parser_continue (p, &places, simple, start, source);

  return result;
}

static FpXPathResult
parse_union (FpXPathParser *p)
{
  FpXPathResult result = parse_path (p);

  while (fp_xpath_parser_at (p, "|"))
    {
      fp_xpath_parser_expect (p, "|");
      parse_path (p);
      result = FP_XPATH_NODES;
    }

  return result;
}

static FpXPathResult
parse_unary (FpXPathParser *p)
{
  gboolean negative = FALSE;
  gsize start;
  FpXPathResult result;

  while (fp_xpath_parser_at (p, "-"))
    {
      g_string_append (p->out, " -");
      fp_xpath_parser_advance (p);
      negative = TRUE;
    }
  start = p->out->len;
  result = parse_union (p);
  if (!negative)
    return result;
  wrap_number (p, start, p->out->len, result);

  return FP_XPATH_NUMBER;
}

/* Lowest first. Each row is one level of precedence. */
static const struct {
  const char    *operators[5];
  gboolean       numbers; /* its operands are to be numbers */
  FpXPathResult  result;
} levels[] = {
  { { "or" }, FALSE, FP_XPATH_BOOLEAN },
  { { "and" }, FALSE, FP_XPATH_BOOLEAN },
  { { "=", "!=" }, FALSE, FP_XPATH_BOOLEAN },
  { { "<", "<=", ">", ">=" }, TRUE, FP_XPATH_BOOLEAN },
  { { "+", "-" }, TRUE, FP_XPATH_NUMBER },
  { { "*", "div", "mod" }, TRUE, FP_XPATH_NUMBER },
};

#define EQUALITY 2

static const char *
operator_of (FpXPathParser *p,
             guint          level)
{
  for (const char *const *operator = levels[level].operators; *operator; operator++)
    if (fp_xpath_parser_at (p, *operator))
      return *operator;

  return NULL;
}

static FpXPathResult
parse_level (FpXPathParser *p,
             guint          level)
{
  gsize start = p->out->len;
  FpXPathResult result;
  const char *operator;

  if (level == G_N_ELEMENTS (levels))
    return parse_unary (p);

  result = parse_level (p, level + 1);
  while (!p->error && (operator = operator_of (p, level)))
    {
      GString *out = p->out;
      gsize sign, right;
      FpXPathResult other;

      sign = out->len;
      g_string_append_printf (out, " %s ", operator);
      fp_xpath_parser_advance (p);
      right = out->len;
      other = parse_level (p, level + 1);
      /* "=" compares texts, unless one side is a number. The right side first: it does not move the
       * left one. */
      if (levels[level].numbers || (level == EQUALITY && result == FP_XPATH_NUMBER))
        wrap_number (p, right, out->len, other);
      if (levels[level].numbers || (level == EQUALITY && other == FP_XPATH_NUMBER))
        wrap_number (p, start, sign, result);
      result = levels[level].result;
    }

  return result;
}

FpXPathResult
fp_xpath_parser_expression (FpXPathParser *p)
{
  FpXPathResult result;

  if (p->depth >= MAX_DEPTH)
    {
      fp_xpath_parser_fail (p, FP_FORM_ERROR_INVALID,
                            _("An expression is nested deeper than %d levels"), MAX_DEPTH);
      return FP_XPATH_TEXT;
    }
  p->depth++;
  result = parse_level (p, 0);
  p->depth--;

  return result;
}

static FpXPath *
xpath_new (const char *source)
{
  FpXPath *self = g_new0 (FpXPath, 1);

  self->source = g_strstrip (g_strdup (source));
  if (g_utf8_strlen (self->source, -1) > FP_XPATH_MAX_QUOTE)
    {
      g_autofree char *start = g_utf8_substring (self->source, 0, FP_XPATH_MAX_QUOTE);

      self->quoted = g_strconcat (start, "…", NULL);
    }
  else
    self->quoted = g_strdup (self->source);
  self->reads = g_array_new (FALSE, FALSE, sizeof (int));

  return self;
}

/**
 * fp_xpath_parse:
 * @source: XPath 1.0 with the functions of ODK XForms
 * @scope: what it may refer to
 * @context: field that it belongs to, or %FP_XPATH_NOWHERE
 * @owner: field that current() means, or %FP_XPATH_NOWHERE
 *
 * Source: XPath 1.0, 2 and 3; ODK XForms, "XPath evaluation".
 *
 * Returns: (transfer full): or %NULL with [error@FormError], a sentence with the expression in it
 */
FpXPath *
fp_xpath_parse (const char         *source,
                const FpXPathScope *scope,
                int                 context,
                int                 owner,
                GError            **error)
{
  g_autoptr(FpXPath) self = xpath_new (source);
  g_auto(FpPlaces) places = fp_places_new ();
  FpXPathParser p = { .scope = scope, .owner = owner, .result = self, .context = &places };

  if (strlen (self->source) > MAX_LENGTH)
    {
      g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID,
                   _("An expression is longer than %d characters"), MAX_LENGTH);
      return NULL;
    }
  places.foreign = context == FP_XPATH_NOWHERE;
  fp_places_add (&places, context);
  p.out = g_string_new (NULL);
  fp_xpath_lexer_init (&p.lexer, self->source);
  fp_xpath_parser_advance (&p);
  fp_xpath_parser_expression (&p);
  if (p.lexer.type != FP_TOKEN_END)
    fp_xpath_parser_fail (&p, FP_FORM_ERROR_INVALID, _("“%s” cannot be read at “%s”"),
                          self->quoted, fp_xpath_parser_rest (&p));
  self->text = g_string_free (p.out, FALSE);
  fp_places_keep_once (self->reads);
  if (p.error)
    {
      g_propagate_error (error, p.error);
      return NULL;
    }

  return g_steal_pointer (&self);
}

void
fp_xpath_free (FpXPath *self)
{
  g_free (self->source);
  g_free (self->quoted);
  g_free (self->text);
  g_array_unref (self->reads);
  g_free (self);
}
