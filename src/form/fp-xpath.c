#include "config.h"

#include "form/fp-xpath.h"

#include <glib/gi18n.h>
#include <string.h>

#include "form/fp-form-def.h"
#include "form/fp-xpath-lexer.h"
#include "form/fp-xpath-regex.h"

#define MAX_DEPTH 80
#define MAX_LENGTH (64 * 1024)

/* What a path means so far: fields of the instance, or something that is not part of it. */
typedef struct {
  GArray  *fields;  /* int */
  gboolean foreign; /* another instance, an attribute, the result of a function */
} Places;

typedef struct {
  FpXPathLexer         lexer;
  GString             *out;
  const FpXPathScope  *scope;
  FpXPath             *result;
  const Places        *context; /* of relative paths */
  int                  owner;
  guint                depth;
  guint                predicates; /* how many are open */
  GError              *error;
} Parser;

static FpXPathResult parse_expression (Parser *p);

static Places
places_new (void)
{
  Places places = { g_array_new (FALSE, FALSE, sizeof (int)), FALSE };

  return places;
}

static void
places_clear (Places *places)
{
  g_clear_pointer (&places->fields, g_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Places, places_clear)

static void
places_add (Places *places,
            int     field)
{
  if (field == FP_XPATH_NOWHERE)
    return;
  for (guint i = 0; i < places->fields->len; i++)
    if (g_array_index (places->fields, int, i) == field)
      return;
  g_array_append_val (places->fields, field);
}

G_GNUC_PRINTF (3, 4)
static void
fail (Parser      *p,
      FpFormError  code,
      const char  *format,
      ...)
{
  va_list args;

  if (!p->error)
    {
      va_start (args, format);
      p->error = g_error_new_valist (FP_FORM_ERROR, code, format, args);
      va_end (args);
    }
  /* Whoever looks next sees the end. */
  fp_xpath_lexer_stop (&p->lexer);
}

static void
advance (Parser *p)
{
  fp_xpath_lexer_next (&p->lexer);
  if (p->lexer.type == FP_TOKEN_ERROR)
    fail (p, FP_FORM_ERROR_INVALID, _("“%s” cannot be read at “%s”"), p->result->source,
          p->lexer.start);
}

static gboolean
at (Parser     *p,
    const char *token)
{
  return fp_xpath_lexer_at (&p->lexer, token);
}

static void
expect (Parser     *p,
        const char *token)
{
  if (!at (p, token))
    {
      fail (p, FP_FORM_ERROR_INVALID, _("“%s” lacks “%s” at “%s”"), p->result->source, token,
            p->lexer.start);
      return;
    }
  g_string_append (p->out, token);
  advance (p);
}

/* Counts days where a date may stand, from @start of the output on. */
static void
wrap_number (Parser        *p,
             gsize          start,
             FpXPathResult  result)
{
  if (result != FP_XPATH_TEXT)
    return;
  g_string_insert (p->out, start, "fp-num(");
  g_string_append_c (p->out, ')');
}

static void
read_field (Parser *p,
            int     field)
{
  GArray *reads = p->result->reads;

  if (field < 0)
    return;
  for (guint i = 0; i < reads->len; i++)
    if (g_array_index (reads, int, i) == field)
      return;
  g_array_append_val (reads, field);
}

static void
child_places (Parser     *p,
              Places     *places,
              const char *name)
{
  const FpXPathScope *scope = p->scope;
  g_auto(Places) next = places_new ();

  for (guint i = 0; i < places->fields->len; i++)
    {
      int field = g_array_index (places->fields, int, i);

      if (!g_str_has_suffix (name, "*"))
        places_add (&next, scope->child (scope->data, field, name));
      else if (field == FP_XPATH_ROOT)
        places_add (&next, 0);
      else
        for (int child = field + 1; child < scope->end (scope->data, field);
             child = scope->end (scope->data, child))
          places_add (&next, child);
    }
  g_array_set_size (places->fields, 0);
  g_array_append_vals (places->fields, next.fields->data, next.fields->len);
}

static void
parent_places (Parser *p,
               Places *places)
{
  const FpXPathScope *scope = p->scope;
  g_auto(Places) next = places_new ();

  for (guint i = 0; i < places->fields->len; i++)
    {
      int field = g_array_index (places->fields, int, i);

      places_add (&next, field < 0 ? FP_XPATH_NOWHERE : scope->parent (scope->data, field));
    }
  g_array_set_size (places->fields, 0);
  g_array_append_vals (places->fields, next.fields->data, next.fields->len);
}

static void
descendant_places (Parser *p,
                   Places *places)
{
  const FpXPathScope *scope = p->scope;
  guint n = places->fields->len;

  for (guint i = 0; i < n; i++)
    {
      int field = g_array_index (places->fields, int, i);
      int first = field < 0 ? 0 : field + 1;

      /* All fields lie below the root, so nothing is in twice then. */
      for (int below = first; below < scope->end (scope->data, MAX (field, 0)); below++)
        if (n == 1)
          g_array_append_val (places->fields, below);
        else
          places_add (places, below);
    }
}

static void
parse_predicates (Parser *p,
                  Places *places,
                  gboolean *simple)
{
  while (at (p, "["))
    {
      const Places *outer = p->context;

      *simple = FALSE;
      p->context = places;
      p->predicates++;
      expect (p, "[");
      parse_expression (p);
      expect (p, "]");
      p->predicates--;
      p->context = outer;
    }
}

/* The axis of a step, or "child". */
static const char *
parse_axis (Parser   *p,
            gboolean  foreign)
{
  static const char *const known[] = { "child", "parent", "self", "descendant",
                                       "descendant-or-self", "attribute" };
  g_autofree char *name = NULL;

  if (p->lexer.type != FP_TOKEN_NAME || !fp_xpath_lexer_followed_by (&p->lexer, "::"))
    return "child";

  name = fp_xpath_lexer_dup (&p->lexer);
  g_string_append (p->out, name);
  advance (p);
  expect (p, "::");
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (strcmp (known[i], name) == 0)
      return known[i];
  if (!foreign)
    fail (p, FP_FORM_ERROR_UNSUPPORTED, _("“%s” uses the axis “%s”, which Fieldpost does not have"),
          p->result->source, name);

  return "other";
}

static void
follow_axis (Parser     *p,
             Places     *places,
             const char *axis,
             const char *name)
{
  gboolean node_type = g_str_has_suffix (name, "()");

  if (places->foreign)
    return;
  if (strcmp (axis, "attribute") == 0)
    {
      places->foreign = TRUE;
      return;
    }
  if (strcmp (axis, "parent") == 0)
    parent_places (p, places);
  else if (strcmp (axis, "child") == 0 && !node_type)
    child_places (p, places, name);
  else if (g_str_has_prefix (axis, "descendant"))
    descendant_places (p, places);
}

static void
parse_step (Parser   *p,
            Places   *places,
            gboolean *simple)
{
  const char *axis;
  g_autofree char *name = NULL;

  if (at (p, ".") || at (p, ".."))
    {
      if (at (p, "..") && !places->foreign)
        parent_places (p, places);
      expect (p, at (p, "..") ? ".." : ".");
      return;
    }
  if (at (p, "@"))
    {
      expect (p, "@");
      axis = "attribute";
    }
  else
    axis = parse_axis (p, places->foreign);

  if (p->lexer.type != FP_TOKEN_NAME && !at (p, "*"))
    {
      fail (p, FP_FORM_ERROR_INVALID, _("“%s” lacks a name at “%s”"), p->result->source,
            p->lexer.start);
      return;
    }
  name = fp_xpath_lexer_dup (&p->lexer);
  g_string_append (p->out, name);
  advance (p);
  if (at (p, "("))
    {
      g_autofree char *type = g_steal_pointer (&name);

      expect (p, "(");
      expect (p, ")");
      name = g_strconcat (type, "()", NULL);
    }
  if (strcmp (axis, "child") != 0 || g_str_has_suffix (name, ")"))
    *simple = FALSE;
  follow_axis (p, places, axis, name);
  parse_predicates (p, places, simple);
}

static void
parse_steps (Parser   *p,
             Places   *places,
             gboolean *simple)
{
  while (!p->error)
    {
      parse_step (p, places, simple);
      if (at (p, "//"))
        {
          *simple = FALSE;
          if (!places->foreign)
            descendant_places (p, places);
          expect (p, "//");
        }
      else if (at (p, "/"))
        expect (p, "/");
      else
        break;
    }
}

/* Notes what the path from @source to here reads, and shortens it to a variable where it means one field. */
static FpXPathResult
finish_path (Parser     *p,
             Places     *places,
             gboolean    simple,
             gsize       start,
             const char *source)
{
  GArray *fields = places->fields;

  if (p->error || places->foreign)
    return FP_XPATH_NODES;
  if (fields->len == 0)
    {
      g_autofree char *path = g_strndup (source, p->lexer.end_of_previous - source);

      /* A bare word, as in if(…, 1, null): nothing, by XPath and by what forms mean with it. */
      if (!strpbrk (g_strstrip (path), "/.@"))
        return FP_XPATH_NODES;
      fail (p, FP_FORM_ERROR_INVALID, _("“%s” refers to %s, which the form does not have"),
            p->result->source, path);
      return FP_XPATH_NODES;
    }
  for (guint i = 0; i < fields->len; i++)
    read_field (p, g_array_index (fields, int, i));
  if (simple && fields->len == 1 && g_array_index (fields, int, 0) >= 0)
    {
      int field = g_array_index (fields, int, 0);

      g_string_truncate (p->out, start);
      g_string_append_printf (p->out, "$f%d", field);
      return p->scope->is_number (p->scope->data, field) ? FP_XPATH_NUMBER : FP_XPATH_TEXT;
    }

  return FP_XPATH_NODES;
}

static FpXPathResult
parse_location (Parser *p)
{
  g_auto(Places) places = places_new ();
  gsize start = p->out->len;
  const char *source = p->lexer.start;
  gboolean simple = TRUE;

  if (at (p, "/") || at (p, "//"))
    {
      gboolean deep = at (p, "//");
      int root = FP_XPATH_ROOT;

      g_array_append_val (places.fields, root);
      /* libxml2 takes "/" for the document of the item at hand, inside a predicate too. */
      g_string_append (p->out, "$r");
      if (deep)
        {
          simple = FALSE;
          descendant_places (p, &places);
        }
      advance (p);
      if (!deep && p->lexer.type != FP_TOKEN_NAME && !at (p, "*") && !at (p, ".") && !at (p, "..")
          && !at (p, "@"))
        return FP_XPATH_NODES;
      g_string_append (p->out, deep ? "//" : "/");
    }
  else
    {
      places.foreign = p->context->foreign;
      g_array_append_vals (places.fields, p->context->fields->data, p->context->fields->len);
      /* Inside a predicate it means another node for each candidate. */
      simple = p->predicates == 0;
    }
  parse_steps (p, &places, &simple);

  return finish_path (p, &places, simple, start, source);
}

static void
parse_literal_argument (Parser     *p,
                        const char *function,
                        char      **text)
{
  if (p->lexer.type != FP_TOKEN_LITERAL)
    {
      fail (p, FP_FORM_ERROR_UNSUPPORTED, _("“%s” gives %s() something else than a literal text"),
            p->result->source, function);
      return;
    }
  *text = g_strndup (p->lexer.start + 1, p->lexer.length - 2);
}

/* instance('id'): the lists of the form. */
static void
parse_instance (Parser *p)
{
  g_autofree char *id = NULL;
  GError *error = NULL;

  expect (p, "(");
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
  advance (p);
  expect (p, ")");
}

/* jr:choice-name(value, 'path'): the path is a text, which becomes the number of the field. */
static void
parse_choice_name (Parser *p)
{
  g_autofree char *path = NULL;
  g_autoptr(FpXPath) inner = NULL;

  expect (p, "(");
  parse_expression (p);
  expect (p, ",");
  parse_literal_argument (p, "jr:choice-name", &path);
  if (path && !p->error)
    inner = fp_xpath_parse (path, p->scope, p->owner, p->owner, &p->error);
  if (p->error || !inner || inner->reads->len != 1)
    {
      fail (p, FP_FORM_ERROR_INVALID, _("“%s” names no question"), p->result->source);
      return;
    }
  g_string_append_printf (p->out, "%d", g_array_index (inner->reads, int, 0));
  g_array_append_vals (p->result->chosen, inner->reads->data, 1);
  p->result->language = TRUE;
  advance (p);
  expect (p, ")");
}

/* A literal pattern is tried now, so that a mistake in it is found when the form comes in. */
static void
check_pattern (Parser *p)
{
  g_autofree char *pattern = NULL;
  g_autoptr(GRegex) regex = NULL;
  g_autoptr(GError) error = NULL;

  if (p->lexer.type != FP_TOKEN_LITERAL)
    return;
  pattern = g_strndup (p->lexer.start + 1, p->lexer.length - 2);
  regex = fp_xpath_regex_new (pattern, &error);
  if (!regex)
    fail (p, FP_FORM_ERROR_INVALID, _("The pattern “%s” cannot be used: %s"), pattern,
          error->message);
}

static guint
parse_arguments (Parser     *p,
                 const char *name)
{
  guint n = 0;

  expect (p, "(");
  if (at (p, ")"))
    {
      expect (p, ")");
      return 0;
    }
  while (!p->error)
    {
      if (n == 1 && strcmp (name, "regex") == 0)
        check_pattern (p);
      parse_expression (p);
      n++;
      if (!at (p, ","))
        break;
      expect (p, ",");
    }
  expect (p, ")");

  return n;
}

static FpXPathResult
parse_call (Parser *p,
            Places *places)
{
  g_autofree char *name = fp_xpath_lexer_dup (&p->lexer);
  const FpXPathFunction *function = fp_xpath_find_function (name);
  guint n;

  if (!function)
    {
      fail (p, FP_FORM_ERROR_UNSUPPORTED,
            _("“%s” uses the function %s(), which Fieldpost does not have"), p->result->source,
            name);
      return FP_XPATH_TEXT;
    }
  g_string_append (p->out, name);
  /* No prefixes for libxml2: our functions have no namespace. */
  g_strdelimit (p->out->str + p->out->len - strlen (name), ":", '-');
  advance (p);

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
      places_add (places, p->owner);
    }
  n = parse_arguments (p, name);
  if (n < function->min_args || n > function->max_args)
    fail (p, FP_FORM_ERROR_INVALID, _("“%s” gives %s() %u arguments"), p->result->source, name, n);

  return function->result;
}

static FpXPathResult
parse_primary (Parser *p,
               Places *places)
{
  FpXPathResult result = FP_XPATH_TEXT;

  places->foreign = TRUE;
  if (p->lexer.type == FP_TOKEN_LITERAL || p->lexer.type == FP_TOKEN_NUMBER)
    {
      result = p->lexer.type == FP_TOKEN_NUMBER ? FP_XPATH_NUMBER : FP_XPATH_TEXT;
      g_string_append_len (p->out, p->lexer.start, p->lexer.length);
      advance (p);
    }
  else if (at (p, "("))
    {
      expect (p, "(");
      result = parse_expression (p);
      expect (p, ")");
    }
  else
    result = parse_call (p, places);

  return result;
}

static gboolean
at_primary (Parser *p)
{
  static const char *const types[] = { "node", "text", "comment", "processing-instruction" };

  if (p->lexer.type == FP_TOKEN_LITERAL || p->lexer.type == FP_TOKEN_NUMBER || at (p, "("))
    return TRUE;
  if (p->lexer.type != FP_TOKEN_NAME || !fp_xpath_lexer_followed_by (&p->lexer, "("))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (at (p, types[i]))
      return FALSE;

  return TRUE;
}

static FpXPathResult
parse_path (Parser *p)
{
  g_auto(Places) places = places_new ();
  gsize start = p->out->len;
  const char *source = p->lexer.start;
  gboolean simple = TRUE;
  FpXPathResult result;

  if (!at_primary (p))
    return parse_location (p);

  result = parse_primary (p, &places);
  parse_predicates (p, &places, &simple);
  if (at (p, "/") || at (p, "//"))
    {
      if (at (p, "//"))
        {
          simple = FALSE;
          if (!places.foreign)
            descendant_places (p, &places);
        }
      expect (p, at (p, "//") ? "//" : "/");
      parse_steps (p, &places, &simple);
      return finish_path (p, &places, simple, start, source);
    }
  if (!places.foreign)
    return finish_path (p, &places, simple, start, source);

  return result;
}

static FpXPathResult
parse_union (Parser *p)
{
  FpXPathResult result = parse_path (p);

  while (at (p, "|"))
    {
      expect (p, "|");
      parse_path (p);
      result = FP_XPATH_NODES;
    }

  return result;
}

static FpXPathResult
parse_unary (Parser *p)
{
  gboolean negative = FALSE;
  gsize start;
  FpXPathResult result;

  while (at (p, "-"))
    {
      g_string_append (p->out, " -");
      advance (p);
      negative = TRUE;
    }
  start = p->out->len;
  result = parse_union (p);
  if (!negative)
    return result;
  wrap_number (p, start, result);

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

static const char *
operator_of (Parser *p,
             guint   level)
{
  for (const char *const *operator = levels[level].operators; *operator; operator++)
    if (at (p, *operator))
      return *operator;

  return NULL;
}

static FpXPathResult
parse_level (Parser *p,
             guint   level)
{
  gsize start = p->out->len;
  FpXPathResult result;
  const char *operator;

  if (level == G_N_ELEMENTS (levels))
    return parse_unary (p);

  result = parse_level (p, level + 1);
  while (!p->error && (operator = operator_of (p, level)))
    {
      if (levels[level].numbers)
        wrap_number (p, start, result);
      g_string_append_printf (p->out, " %s ", operator);
      advance (p);
      gsize right = p->out->len;

      result = parse_level (p, level + 1);
      if (levels[level].numbers)
        wrap_number (p, right, result);
      result = levels[level].result;
    }

  return result;
}

static FpXPathResult
parse_expression (Parser *p)
{
  FpXPathResult result;

  if (p->depth >= MAX_DEPTH)
    {
      fail (p, FP_FORM_ERROR_INVALID, _("An expression is nested deeper than %d levels"), MAX_DEPTH);
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
  self->reads = g_array_new (FALSE, FALSE, sizeof (int));
  self->chosen = g_array_new (FALSE, FALSE, sizeof (int));

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
fp_xpath_parse (const char          *source,
                const FpXPathScope  *scope,
                int                  context,
                int                  owner,
                GError             **error)
{
  g_autoptr(FpXPath) self = xpath_new (source);
  g_auto(Places) places = places_new ();
  Parser p = { .scope = scope, .owner = owner, .result = self, .context = &places };

  if (strlen (self->source) > MAX_LENGTH)
    {
      g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID,
                   _("An expression is longer than %d characters"), MAX_LENGTH);
      return NULL;
    }
  places.foreign = context == FP_XPATH_NOWHERE;
  places_add (&places, context);
  p.out = g_string_new (NULL);
  fp_xpath_lexer_init (&p.lexer, self->source);
  advance (&p);
  parse_expression (&p);
  if (p.lexer.type != FP_TOKEN_END)
    fail (&p, FP_FORM_ERROR_INVALID, _("“%s” cannot be read at “%s”"), self->source, p.lexer.start);
  self->text = g_string_free (p.out, FALSE);
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
  g_free (self->text);
  g_array_unref (self->reads);
  g_array_unref (self->chosen);
  g_free (self);
}
