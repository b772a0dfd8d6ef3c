#include "form/fp-form-model-private.h"

#include <string.h>

/* The entry of the language, or of the default one, or of any that has one. */
static gpointer
pick (FpFormModel *self,
      GPtrArray   *entries)
{
  guint order[] = { self->language, self->def->default_language };

  if (entries->len == 1)
    return g_ptr_array_index (entries, 0);
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    if (order[i] < entries->len && g_ptr_array_index (entries, order[i]))
      return g_ptr_array_index (entries, order[i]);
  for (guint i = 0; i < entries->len; i++)
    if (g_ptr_array_index (entries, i))
      return g_ptr_array_index (entries, i);

  return NULL;
}

static char *
render (FpFormModel   *self,
        const FpWords *words,
        xmlNode       *context)
{
  FpText *text = words ? pick (self, words->texts) : NULL;
  GString *out = g_string_new (NULL);

  for (guint i = 0; text && i < text->parts->len; i++)
    {
      FpTextPart *part = g_ptr_array_index (text->parts, i);

      if (part->literal)
        g_string_append (out, part->literal);
      else
        {
          g_autoptr(xmlXPathObject) object
              = fp_form_model_eval (self, part->output, context, context);
          g_autofree char *value = object ? fp_xpath_dup_text (object) : NULL;

          if (value && strcmp (value, "NaN") != 0)
            g_string_append (out, value);
        }
    }

  return g_string_free (out, FALSE);
}

/**
 * fp_form_model_render:
 * @field: context of relative outputs; %FP_XPATH_NOWHERE = the root element
 *
 * Returns: (transfer full): the text in the model's language, with its outputs filled in
 */
char *
fp_form_model_render (FpFormModel   *self,
                      const FpWords *words,
                      int            field)
{
  return render (self, words, fp_form_model_live (self, MAX (field, 0))->element);
}

static const char *
peek_image (FpFormModel   *self,
            const FpWords *words)
{
  return words && words->images->len > 0 ? pick (self, words->images) : NULL;
}

char *
fp_form_model_render_itext (FpFormModel *self,
                            const char  *id)
{
  return fp_form_model_render (self, g_hash_table_lookup (self->def->itext, id), FP_XPATH_NOWHERE);
}

static char *
dup_item_text (FpFormModel   *self,
               const FpXPath *xpath,
               xmlNode       *item,
               xmlNode       *question)
{
  g_autoptr(xmlXPathObject) object = fp_form_model_eval (self, xpath, item, question);

  return object ? fp_xpath_dup_text (object) : g_strdup ("");
}

static void
add_itemset (FpFormModel *self,
             FpItem      *item,
             GPtrArray   *choices)
{
  xmlNode *question = fp_form_model_live (self, item->field)->element;
  g_autoptr(xmlXPathObject) object
      = fp_form_model_eval (self, item->itemset->nodes, question, question);
  xmlNodeSet *nodes = object && object->type == XPATH_NODESET ? object->nodesetval : NULL;

  for (int i = 0; nodes && i < nodes->nodeNr; i++)
    {
      FpChoice *choice = g_new0 (FpChoice, 1);

      choice->value = dup_item_text (self, item->itemset->value, nodes->nodeTab[i], question);
      choice->label = dup_item_text (self, item->itemset->label, nodes->nodeTab[i], question);
      g_ptr_array_add (choices, choice);
    }
}

static GPtrArray *
build_choices (FpFormModel *self,
               FpItem      *item)
{
  GPtrArray *choices = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_choice_free);

  for (guint i = 0; i < item->choices->len; i++)
    {
      FpChoiceDef *def = g_ptr_array_index (item->choices, i);
      FpChoice *choice = g_new0 (FpChoice, 1);

      choice->value = g_strdup (def->value);
      choice->label = fp_form_model_render (self, def->label, item->field);
      choice->image = g_strdup (peek_image (self, def->label));
      g_ptr_array_add (choices, choice);
    }
  if (item->itemset)
    add_itemset (self, item, choices);

  return choices;
}

static gboolean
same_choices (GPtrArray *a,
              GPtrArray *b)
{
  if (!a || a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++)
    {
      FpChoice *one = g_ptr_array_index (a, i);
      FpChoice *other = g_ptr_array_index (b, i);

      if (strcmp (one->value, other->value) != 0 || strcmp (one->label, other->label) != 0
          || g_strcmp0 (one->image, other->image) != 0)
        return FALSE;
    }

  return TRUE;
}

static FpChoice *
find_choice (GPtrArray  *choices,
             const char *value)
{
  for (guint i = 0; choices && i < choices->len; i++)
    {
      FpChoice *choice = g_ptr_array_index (choices, i);

      if (strcmp (choice->value, value) == 0)
        return choice;
    }

  return NULL;
}

/* The answers of a select; those of a select1 may have spaces in them. */
static char **
dup_answers (FpFormNode *node)
{
  const char *value = fp_form_node_get_value (node);

  return g_strsplit (value,
                     fp_form_node_get_question (node) == FP_QUESTION_SELECT_MULTIPLE ? " " : "\n",
                     -1);
}

/* An answer that can no longer be chosen goes: "Kampala" must not stay when the country is another.
 */
static void
drop_lost (FpFormModel *self,
           FpFormNode  *node)
{
  FpItem *item = fp_form_node_get_item (node);
  g_auto(GStrv) tokens = dup_answers (node);
  g_autoptr(GString) kept = g_string_new (NULL);

  for (char **token = tokens; *token; token++)
    if (find_choice (node->choices, *token))
      g_string_append_printf (kept, "%s%s", kept->len > 0 ? " " : "", *token);
  if (fp_form_model_put (self, item->field, kept->str))
    fp_form_node_take_text (node, FP_NODE_PROP_ERROR, NULL);
}

/**
 * fp_form_model_load_choices:
 *
 * Builds the list of a select anew. Where it changes, choices that are gone are taken out of the
 * answer.
 */
void
fp_form_model_load_choices (FpFormModel *self,
                            FpFormNode  *node)
{
  FpItem *item = fp_form_node_get_item (node);
  GPtrArray *choices = build_choices (self, item);
  gboolean first = node->choices == NULL;

  if (same_choices (node->choices, choices))
    {
      g_ptr_array_unref (choices);
      return;
    }
  g_clear_pointer (&node->choices, g_ptr_array_unref);
  node->choices = choices;
  fp_form_node_touch (node, FP_NODE_PROP_CHOICES);
  if (item->itemset && !first)
    drop_lost (self, node);
}

/* What @node holds as a person reads it: labels for the tokens of a select. */
char *
fp_form_model_dup_shown (FpFormModel *self,
                         FpFormNode  *node)
{
  g_auto(GStrv) tokens = NULL;

  if (!node->choices)
    return g_strdup (fp_form_node_get_value (node));
  tokens = dup_answers (node);
  for (char **token = tokens; *token; token++)
    {
      char *label = fp_form_model_choice_label (self, fp_form_node_get_item (node)->field, *token);

      g_free (*token);
      *token = label;
    }

  return g_strjoinv (", ", tokens);
}

/* The label of @value among the choices of @field, or the value itself. */
char *
fp_form_model_choice_label (FpFormModel *self,
                            int          field,
                            const char  *value)
{
  for (FpFormNode *node = fp_form_model_live (self, field)->nodes; node; node = node->same)
    {
      FpItem *item = fp_form_node_get_item (node);
      FpChoice *choice;

      if (!item->choices)
        continue;
      /* Another rule may ask before it is this list's turn. */
      if (!node->choices)
        {
          node->choices = build_choices (self, item);
          fp_form_node_touch (node, FP_NODE_PROP_CHOICES);
        }
      choice = find_choice (node->choices, value);
      if (choice)
        return g_strdup (choice->label);
    }

  return g_strdup (value);
}
