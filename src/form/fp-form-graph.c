#include "config.h"

#include "form/fp-form-private.h"

#include <glib/gi18n.h>
#include <string.h>

/* Sorts the rules so that each comes after those that write what it reads.
 *
 * CALCULATE writes the value of its field. RELEVANT writes all values below its field, because a
 * value that is not relevant reads as empty. The other kinds write nothing that a rule could read.
 */
typedef struct {
  FpFormDef  *def;
  GPtrArray  *rules;     /* FpRule, as found */
  int        *calculate; /* per field: number of the rule, or -1 */
  int        *relevant;
  guint8     *state;     /* per rule: NEW, OPEN, DONE */
  GPtrArray  *sorted;    /* FpRule, borrowed */
  GArray     *path;      /* int: rules that are open, for the message */
} Graph;

enum { NEW, OPEN, DONE };

static void
read_into (GArray        *reads,
           const FpXPath *xpath)
{
  if (xpath)
    g_array_append_vals (reads, xpath->reads->data, xpath->reads->len);
}

static FpRule *
add_rule (Graph     *g,
          FpRuleKind kind,
          int        owner)
{
  FpRule *rule = g_new0 (FpRule, 1);

  rule->kind = kind;
  rule->owner = owner;
  rule->reads = g_array_new (FALSE, FALSE, sizeof (int));
  g_ptr_array_add (g->rules, rule);

  return rule;
}

/* Labels of choices that an expression shows are text of the language. */
static void
read_xpath (FpRule        *rule,
            const FpXPath *xpath)
{
  read_into (rule->reads, xpath);
  rule->language |= xpath->language;
}

static void
read_words (FpRule  *rule,
            FpWords *words)
{
  for (guint i = 0; words && i < words->texts->len; i++)
    {
      FpText *text = g_ptr_array_index (words->texts, i);

      for (guint j = 0; text && j < text->parts->len; j++)
        {
          FpTextPart *part = g_ptr_array_index (text->parts, j);

          if (part->output)
            read_xpath (rule, part->output);
        }
    }
}

static void
add_field_rules (Graph *g,
                 int    number)
{
  FpField *field = fp_form_def_field (g->def, number);

  g->calculate[number] = g->relevant[number] = -1;
  for (guint kind = 0; kind < FP_N_LOGIC; kind++)
    {
      if (!field->logic[kind])
        continue;
      if (kind == FP_RULE_CALCULATE)
        g->calculate[number] = (int) g->rules->len;
      if (kind == FP_RULE_RELEVANT)
        g->relevant[number] = (int) g->rules->len;
      read_xpath (add_rule (g, kind, number), field->logic[kind]);
    }
}

static void
read_itext (Graph  *g,
            FpRule *rule)
{
  GHashTableIter iter;
  gpointer words;

  /* Which text it will be is only known when it is evaluated. */
  g_hash_table_iter_init (&iter, g->def->itext);
  while (g_hash_table_iter_next (&iter, NULL, &words))
    read_words (rule, words);
}

static void
add_item_rules (Graph *g,
                int    number)
{
  FpItem *item = fp_form_def_item (g->def, number);

  if (item->label)
    {
      FpRule *rule = add_rule (g, FP_RULE_LABEL, number);

      rule->language = TRUE;
      read_words (rule, item->label);
    }
  if (item->hint)
    {
      FpRule *rule = add_rule (g, FP_RULE_HINT, number);

      rule->language = TRUE;
      read_words (rule, item->hint);
    }
  if (item->choices)
    {
      FpRule *rule = add_rule (g, FP_RULE_CHOICES, number);

      rule->language = TRUE;
      for (guint i = 0; i < item->choices->len; i++)
        read_words (rule, ((FpChoiceDef *) g_ptr_array_index (item->choices, i))->label);
      if (item->itemset)
        {
          read_xpath (rule, item->itemset->nodes);
          read_xpath (rule, item->itemset->value);
          read_xpath (rule, item->itemset->label);
          if (item->itemset->label->language)
            read_itext (g, rule);
        }
    }
}

static const char *
path_of_rule (Graph *g,
              int    number)
{
  FpRule *rule = g_ptr_array_index (g->rules, number);

  return fp_form_def_field (g->def, rule->owner)->path;
}

static void
report_cycle (Graph   *g,
              int      back_to,
              GError **error)
{
  g_autoptr(GString) path = g_string_new (NULL);
  guint from = g->path->len;

  while (from > 0 && g_array_index (g->path, int, from - 1) != back_to)
    from--;
  for (guint i = from > 0 ? from - 1 : 0; i < g->path->len; i++)
    g_string_append_printf (path, "%s → ", path_of_rule (g, g_array_index (g->path, int, i)));
  g_string_append (path, path_of_rule (g, back_to));
  g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_CYCLE,
               _("The form's logic goes round in a circle: %s"), path->str);
}

/* Where a visit stands: its reads, for each of them the calculation, then the relevance of it and
 * all above. */
typedef struct {
  int   rule;
  guint read;
  int   above; /* FP_XPATH_ROOT - 1 = the calculation comes next */
} Visit;

#define AT_CALCULATION (-3)

/* The next rule that @visit depends on, or -1. Steps @visit on. */
static int
next_source (Graph *g,
             Visit *visit)
{
  FpRule *rule = g_ptr_array_index (g->rules, visit->rule);

  while (visit->read < rule->reads->len)
    {
      int field = g_array_index (rule->reads, int, visit->read);
      int source;

      if (visit->above == AT_CALCULATION)
        {
          visit->above = field;
          source = g->calculate[field];
        }
      else if (visit->above < 0)
        {
          visit->above = AT_CALCULATION;
          visit->read++;
          continue;
        }
      else
        {
          source = g->relevant[visit->above];
          visit->above = fp_form_def_field (g->def, visit->above)->parent;
        }
      if (source >= 0)
        return source;
    }

  return -1;
}

/* Depth first with a stack of our own: a chain of ten thousand calculations must not use the
 * thread's. */
static gboolean
visit_rule (Graph   *g,
            int      first,
            GError **error)
{
  g_autoptr(GArray) stack = g_array_new (FALSE, FALSE, sizeof (Visit));
  Visit begin = { first, 0, AT_CALCULATION };

  g_array_append_val (stack, begin);
  g->state[first] = OPEN;
  g_array_append_val (g->path, first);
  while (stack->len > 0)
    {
      Visit *visit = &g_array_index (stack, Visit, stack->len - 1);
      int source = next_source (g, visit);

      if (source < 0)
        {
          g->state[visit->rule] = DONE;
          g_ptr_array_add (g->sorted, g_ptr_array_index (g->rules, visit->rule));
          g_array_set_size (stack, stack->len - 1);
          g_array_set_size (g->path, g->path->len - 1);
        }
      else if (g->state[source] == OPEN)
        {
          report_cycle (g, source, error);
          return FALSE;
        }
      else if (g->state[source] == NEW)
        {
          Visit next = { source, 0, AT_CALCULATION };

          g->state[source] = OPEN;
          g_array_append_val (stack, next);
          g_array_append_val (g->path, source);
        }
    }

  return TRUE;
}

static gboolean
sort_rules (Graph   *g,
            GError **error)
{
  for (guint i = 0; i < g->rules->len; i++)
    if (g->state[i] == NEW && !visit_rule (g, (int) i, error))
      return FALSE;

  return TRUE;
}

static void
index_readers (FpFormDef *def)
{
  def->readers = g_new0 (GArray *, def->fields->len);
  for (guint i = 0; i < def->rules->len; i++)
    {
      FpRule *rule = g_ptr_array_index (def->rules, i);

      for (guint j = 0; j < rule->reads->len; j++)
        {
          GArray **readers = &def->readers[g_array_index (rule->reads, int, j)];

          if (!*readers)
            *readers = g_array_new (FALSE, FALSE, sizeof (guint));
          g_array_append_val (*readers, i);
        }
    }
}

/**
 * fp_form_build_graph:
 *
 * Finds what depends on what, once. Cost: linear in the form.
 *
 * Returns: %FALSE with %FP_FORM_ERROR_CYCLE naming the path of a circle
 */
gboolean
fp_form_build_graph (FpFormDef *def,
                     GError   **error)
{
  g_autofree int *calculate = g_new (int, def->fields->len);
  g_autofree int *relevant = g_new (int, def->fields->len);
  g_autofree guint8 *state = NULL;
  g_autoptr(GPtrArray) found = g_ptr_array_new ();
  g_autoptr(GPtrArray) sorted = g_ptr_array_new ();
  g_autoptr(GArray) path = g_array_new (FALSE, FALSE, sizeof (int));
  Graph g = { def, found, calculate, relevant, NULL, sorted, path };
  gboolean ok;

  for (guint i = 0; i < def->fields->len; i++)
    add_field_rules (&g, (int) i);
  for (guint i = 0; i < def->items->len; i++)
    add_item_rules (&g, (int) i);
  state = g_new0 (guint8, found->len + 1);
  g.state = state;
  ok = sort_rules (&g, error);

  /* The rules belong to the form, also those of a refused one. */
  g_ptr_array_extend (def->rules, ok ? sorted : found, NULL, NULL);
  if (ok)
    index_readers (def);

  return ok;
}
