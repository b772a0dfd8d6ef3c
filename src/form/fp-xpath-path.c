#include "config.h"

#include "form/fp-xpath-parser.h"

#include <glib/gi18n.h>
#include <string.h>

/* The step led from @places to @next. */
static void
step_to (FpXPathParser *p,
         FpPlaces      *places,
         FpPlaces      *next)
{
  fp_places_keep_once (next->fields);
  *p->scope->work -= places->fields->len + next->fields->len;
  if (*p->scope->work < 0)
    fp_xpath_parser_fail (p, FP_FORM_ERROR_INVALID,
                          _("The form's expressions refer to too many elements at once"));
  g_array_set_size (places->fields, 0);
  g_array_append_vals (places->fields, next->fields->data, next->fields->len);
}

static void
child_places (FpXPathParser *p,
              FpPlaces      *places,
              const char    *name)
{
  const FpXPathScope *scope = p->scope;
  g_auto(FpPlaces) next = fp_places_new ();

  for (guint i = 0; i < places->fields->len; i++)
    {
      int field = g_array_index (places->fields, int, i);

      if (!g_str_has_suffix (name, "*"))
        fp_places_add (&next, scope->child (scope->data, field, name));
      else if (field == FP_XPATH_ROOT)
        fp_places_add (&next, 0);
      else
        for (int child = field + 1; child < scope->end (scope->data, field);
             child = scope->end (scope->data, child))
          fp_places_add (&next, child);
    }
  step_to (p, places, &next);
}

static void
parent_places (FpXPathParser *p,
               FpPlaces      *places)
{
  const FpXPathScope *scope = p->scope;
  g_auto(FpPlaces) next = fp_places_new ();

  for (guint i = 0; i < places->fields->len; i++)
    {
      int field = g_array_index (places->fields, int, i);

      fp_places_add (&next, field < 0 ? FP_XPATH_NOWHERE : scope->parent (scope->data, field));
    }
  step_to (p, places, &next);
}

static void
descendant_places (FpXPathParser *p,
                   FpPlaces      *places)
{
  const FpXPathScope *scope = p->scope;
  g_auto(FpPlaces) next = fp_places_new ();
  int end = FP_XPATH_NOWHERE;

  /* In document order: what lies below one that was taken is there already. */
  for (guint i = 0; i < places->fields->len; i++)
    {
      int field = g_array_index (places->fields, int, i);

      fp_places_add (&next, field);
      if (field < end)
        continue;
      end = scope->end (scope->data, MAX (field, 0));
      for (int below = field + 1; below < end; below++)
        fp_places_add (&next, below);
    }
  step_to (p, places, &next);
}

void
fp_xpath_parser_predicates (FpXPathParser *p,
                            FpPlaces      *places,
                            gboolean      *simple)
{
  while (fp_xpath_parser_at (p, "["))
    {
      const FpPlaces *outer = p->context;

      *simple = FALSE;
      p->context = places;
      p->predicates++;
      fp_xpath_parser_expect (p, "[");
      fp_xpath_parser_expression (p);
      fp_xpath_parser_expect (p, "]");
      p->predicates--;
      p->context = outer;
    }
}

/* The axis of a step, or "child". */
static const char *
parse_axis (FpXPathParser *p,
            gboolean       foreign)
{
  static const char *const known[] = { "child", "parent", "self", "descendant",
                                       "descendant-or-self", "attribute" };
  g_autofree char *name = NULL;

  if (p->lexer.type != FP_TOKEN_NAME || !fp_xpath_lexer_followed_by (&p->lexer, "::"))
    return "child";

  name = fp_xpath_lexer_dup (&p->lexer);
  g_string_append (p->out, name);
  fp_xpath_parser_advance (p);
  fp_xpath_parser_expect (p, "::");
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (strcmp (known[i], name) == 0)
      return known[i];
  if (!foreign)
    fp_xpath_parser_fail (p, FP_FORM_ERROR_UNSUPPORTED,
                          _("“%s” uses the axis “%s”, which Fieldpost does not have"),
                          p->result->quoted, name);

  return "other";
}

static void
follow_axis (FpXPathParser *p,
             FpPlaces      *places,
             const char    *axis,
             const char    *name)
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
parse_step (FpXPathParser *p,
            FpPlaces      *places,
            gboolean      *simple)
{
  const char *axis;
  g_autofree char *name = NULL;

  if (fp_xpath_parser_at (p, ".") || fp_xpath_parser_at (p, ".."))
    {
      if (fp_xpath_parser_at (p, "..") && !places->foreign)
        parent_places (p, places);
      fp_xpath_parser_expect (p, fp_xpath_parser_at (p, "..") ? ".." : ".");
      return;
    }
  if (fp_xpath_parser_at (p, "@"))
    {
      fp_xpath_parser_expect (p, "@");
      axis = "attribute";
    }
  else
    axis = parse_axis (p, places->foreign);

  if (p->lexer.type != FP_TOKEN_NAME && !fp_xpath_parser_at (p, "*"))
    {
      fp_xpath_parser_fail (p, FP_FORM_ERROR_INVALID, _("“%s” lacks a name at “%s”"),
                            p->result->quoted, fp_xpath_parser_rest (p));
      return;
    }
  name = fp_xpath_lexer_dup (&p->lexer);
  g_string_append (p->out, name);
  fp_xpath_parser_advance (p);
  if (fp_xpath_parser_at (p, "("))
    {
      g_autofree char *type = g_steal_pointer (&name);

      fp_xpath_parser_expect (p, "(");
      fp_xpath_parser_expect (p, ")");
      name = g_strconcat (type, "()", NULL);
    }
  if (strcmp (axis, "child") != 0 || g_str_has_suffix (name, ")"))
    *simple = FALSE;
  follow_axis (p, places, axis, name);
  fp_xpath_parser_predicates (p, places, simple);
}

static void
parse_steps (FpXPathParser *p,
             FpPlaces      *places,
             gboolean      *simple)
{
  while (!p->error)
    {
      parse_step (p, places, simple);
      if (fp_xpath_parser_at (p, "//"))
        {
          *simple = FALSE;
          if (!places->foreign)
            descendant_places (p, places);
          fp_xpath_parser_expect (p, "//");
        }
      else if (fp_xpath_parser_at (p, "/"))
        fp_xpath_parser_expect (p, "/");
      else
        break;
    }
}

/* Notes what the path from @source to here reads, and shortens it to a variable where it means one
 * field. */
static FpXPathResult
finish_path (FpXPathParser *p,
             FpPlaces      *places,
             gboolean       simple,
             gsize          start,
             const char    *source)
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
      fp_xpath_parser_fail (p, FP_FORM_ERROR_INVALID,
                            _("“%s” refers to %s, which the form does not have"),
                            p->result->quoted, path);
      return FP_XPATH_NODES;
    }
  for (guint i = 0; i < fields->len; i++)
    if (g_array_index (fields, int, i) >= 0)
      g_array_append_val (p->result->reads, g_array_index (fields, int, i));
  if (simple && fields->len == 1 && g_array_index (fields, int, 0) >= 0)
    {
      int field = g_array_index (fields, int, 0);

      g_string_truncate (p->out, start);
      g_string_append_printf (p->out, "$f%d", field);
      return p->scope->is_number (p->scope->data, field) ? FP_XPATH_NUMBER : FP_XPATH_TEXT;
    }

  return FP_XPATH_NODES;
}

FpXPathResult
fp_xpath_parser_continue (FpXPathParser *p,
                          FpPlaces      *places,
                          gboolean       simple,
                          gsize          start,
                          const char    *source)
{
  if (fp_xpath_parser_at (p, "//"))
    {
      simple = FALSE;
      if (!places->foreign)
        descendant_places (p, places);
      fp_xpath_parser_expect (p, "//");
      parse_steps (p, places, &simple);
    }
  else if (fp_xpath_parser_at (p, "/"))
    {
      fp_xpath_parser_expect (p, "/");
      parse_steps (p, places, &simple);
    }

  return finish_path (p, places, simple, start, source);
}

FpXPathResult
fp_xpath_parser_location (FpXPathParser *p)
{
  g_auto(FpPlaces) places = fp_places_new ();
  gsize start = p->out->len;
  const char *source = p->lexer.start;
  gboolean simple = TRUE;

  if (fp_xpath_parser_at (p, "/") || fp_xpath_parser_at (p, "//"))
    {
      gboolean deep = fp_xpath_parser_at (p, "//");
      int root = FP_XPATH_ROOT;

      g_array_append_val (places.fields, root);
      /* libxml2 takes "/" for the document of the item at hand, inside a predicate too. */
      g_string_append (p->out, "$r");
      if (deep)
        {
          simple = FALSE;
          descendant_places (p, &places);
        }
      fp_xpath_parser_advance (p);
      if (!deep && p->lexer.type != FP_TOKEN_NAME && !fp_xpath_parser_at (p, "*")
          && !fp_xpath_parser_at (p, ".") && !fp_xpath_parser_at (p, "..")
          && !fp_xpath_parser_at (p, "@"))
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
