#include "form/fp-form-model-private.h"

#include <string.h>

/* The rules to compute are a binary heap of their numbers: what others are computed from comes
 * first, so that a change computes each rule at most once. */

static void
swap (GArray *heap,
      guint   a,
      guint   b)
{
  guint *rules = (guint *) (void *) heap->data;
  guint other = rules[a];

  rules[a] = rules[b];
  rules[b] = other;
}

static void
heap_push (GArray *heap,
           guint   rule)
{
  guint at = heap->len;

  g_array_append_val (heap, rule);
  while (at > 0 && g_array_index (heap, guint, (at - 1) / 2) > g_array_index (heap, guint, at))
    {
      swap (heap, at, (at - 1) / 2);
      at = (at - 1) / 2;
    }
}

static guint
heap_pop (GArray *heap)
{
  guint first = g_array_index (heap, guint, 0);
  guint at = 0;

  swap (heap, 0, heap->len - 1);
  g_array_set_size (heap, heap->len - 1);
  while (at * 2 + 1 < heap->len)
    {
      guint child = at * 2 + 1;

      if (child + 1 < heap->len
          && g_array_index (heap, guint, child + 1) < g_array_index (heap, guint, child))
        child++;
      if (g_array_index (heap, guint, at) <= g_array_index (heap, guint, child))
        break;
      swap (heap, at, child);
      at = child;
    }

  return first;
}

void
fp_form_model_queue_rule (FpFormModel *self,
                          guint        rule)
{
  FpRule *what = g_ptr_array_index (self->def->rules, rule);

  if (self->queued[rule] || (self->frozen && what->kind == FP_RULE_CALCULATE))
    return;
  self->queued[rule] = TRUE;
  heap_push (self->heap, rule);
}

void
fp_form_model_queue_all (FpFormModel *self)
{
  for (guint i = 0; i < self->def->rules->len; i++)
    fp_form_model_queue_rule (self, i);
}

static void
queue_readers (FpFormModel *self,
               int          field)
{
  GArray *readers = self->def->readers[field];

  for (guint i = 0; readers && i < readers->len; i++)
    fp_form_model_queue_rule (self, g_array_index (readers, guint, i));
}

static void
show_text (FpLive *live)
{
  xmlNode *child;

  while ((child = live->element->children))
    {
      xmlUnlinkNode (child);
      xmlFreeNode (child);
    }
  if (live->relevant && *live->value)
    xmlAddChild (live->element, xmlNewDocText (live->element->doc, (const xmlChar *) live->value));
}

gboolean
fp_form_model_put (FpFormModel *self,
                   int          field,
                   const char  *value)
{
  FpLive *live = fp_form_model_live (self, field);

  if (!fp_live_is_leaf (live) || strcmp (live->value, value) == 0)
    return FALSE;

  fp_form_model_record (self, field, live->value, value);
  self->n_bytes += strlen (value) - strlen (live->value);
  g_free (live->value);
  live->value = g_strdup (value);
  self->changed = TRUE;
  if (live->relevant)
    {
      show_text (live);
      queue_readers (self, field);
    }
  for (FpFormNode *node = live->nodes; node; node = node->same)
    fp_form_node_touch (node, FP_NODE_PROP_VALUE);

  return TRUE;
}

/* The nodes below @node, and itself, by their fields and by what is above them in the body. */
static void
refresh_nodes (FpFormModel *self,
               FpFormNode  *node)
{
  int end = fp_form_node_get_item (node)->end;

  for (int i = node->number; i < end; i++)
    {
      FpFormNode *below = g_ptr_array_index (self->nodes, i);
      FpLive *live = fp_form_node_get_live (below);
      gboolean relevant = (!live || live->relevant) && (!below->parent || below->parent->relevant);

      if (below->relevant == relevant)
        continue;
      below->relevant = relevant;
      fp_form_node_touch (below, FP_NODE_PROP_RELEVANT);
      if (!relevant)
        fp_form_node_take_text (below, FP_NODE_PROP_ERROR, NULL);
    }
}

static void
update_relevance (FpFormModel *self,
                  int          field)
{
  int end = fp_form_def_field (self->def, field)->end;

  for (int i = field; i < end; i++)
    {
      FpLive *live = fp_form_model_live (self, i);
      int parent = fp_form_def_field (self->def, i)->parent;
      gboolean relevant
          = live->own_relevant && (parent < 0 || fp_form_model_live (self, parent)->relevant);

      if (live->relevant == relevant)
        continue;
      live->relevant = relevant;
      if (fp_live_is_leaf (live))
        show_text (live);
      queue_readers (self, i);
      for (FpFormNode *node = live->nodes; node; node = node->same)
        refresh_nodes (self, node);
    }
}

/**
 * fp_form_model_eval:
 *
 * Returns: (transfer full) (nullable): %NULL if it could not be evaluated; the first such fault is
 * kept
 */
xmlXPathObject *
fp_form_model_eval (FpFormModel   *self,
                    const FpXPath *xpath,
                    xmlNode       *context,
                    xmlNode       *current)
{
  xmlXPathCompExpr *compiled = g_hash_table_lookup (self->compiled, xpath);
  g_autoptr(GError) error = NULL;
  xmlXPathObject *object = NULL;

  self->n_evaluations++;
  if (!compiled)
    {
      compiled = fp_xpath_engine_compile (self->engine, xpath, &error);
      if (compiled)
        g_hash_table_insert (self->compiled, (gpointer) xpath, compiled);
    }
  if (compiled)
    object = fp_xpath_engine_eval (self->engine, compiled, xpath, context, current, &error);
  if (error && !self->fault)
    self->fault = g_steal_pointer (&error);

  return object;
}

gboolean
fp_form_model_test (FpFormModel   *self,
                    const FpXPath *xpath,
                    int            field)
{
  xmlNode *element = fp_form_model_live (self, field)->element;
  g_autoptr(xmlXPathObject) object = fp_form_model_eval (self, xpath, element, element);

  return object && fp_xpath_to_boolean (object);
}

static void
compute_value (FpFormModel   *self,
               const FpXPath *xpath,
               int            field)
{
  xmlNode *element = fp_form_model_live (self, field)->element;
  g_autoptr(xmlXPathObject) object = NULL;
  g_autofree char *value = NULL;

  /* It identifies the submission and never changes. */
  if (field == self->def->instance_id)
    return;
  object = fp_form_model_eval (self, xpath, element, element);
  value = object ? fp_form_model_cast (self, field, object) : g_strdup ("");
  fp_form_model_put (self, field, value);
}

static void
touch_readonly (FpFormNode *node)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (node->children));

  fp_form_node_touch (node, FP_NODE_PROP_READONLY);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr(FpFormNode) child = g_list_model_get_item (G_LIST_MODEL (node->children), i);

      touch_readonly (child);
    }
}

/* What a person has not been told about yet stays untold until they check the form. */
static void
recheck (FpFormNode *node)
{
  if (node->error)
    fp_form_node_check (node, TRUE);
}

static void
compute_field (FpFormModel *self,
               FpRule      *rule)
{
  const FpXPath *xpath = fp_form_def_field (self->def, rule->owner)->logic[rule->kind];
  FpLive *live = fp_form_model_live (self, rule->owner);
  gboolean result;

  if (rule->kind == FP_RULE_CALCULATE)
    {
      compute_value (self, xpath, rule->owner);
      return;
    }
  if (rule->kind == FP_RULE_CONSTRAINT)
    {
      for (FpFormNode *node = live->nodes; node; node = node->same)
        recheck (node);
      return;
    }

  result = fp_form_model_test (self, xpath, rule->owner);
  if (rule->kind == FP_RULE_RELEVANT && live->own_relevant != result)
    {
      live->own_relevant = result;
      update_relevance (self, rule->owner);
    }
  else if (rule->kind == FP_RULE_REQUIRED && live->required != result)
    {
      live->required = result;
      for (FpFormNode *node = live->nodes; node; node = node->same)
        {
          fp_form_node_touch (node, FP_NODE_PROP_REQUIRED);
          recheck (node);
        }
    }
  else if (rule->kind == FP_RULE_READONLY && live->readonly != result)
    {
      live->readonly = result;
      for (FpFormNode *node = live->nodes; node; node = node->same)
        touch_readonly (node);
    }
}

static void
compute_item (FpFormModel *self,
              FpRule      *rule)
{
  FpFormNode *node = g_ptr_array_index (self->nodes, rule->owner);
  FpItem *item = fp_form_node_get_item (node);

  if (rule->kind == FP_RULE_LABEL)
    fp_form_node_take_text (node, FP_NODE_PROP_LABEL,
                            fp_form_model_render (self, item->label, item->field));
  else if (rule->kind == FP_RULE_HINT)
    fp_form_node_take_text (node, FP_NODE_PROP_HINT,
                            fp_form_model_render (self, item->hint, item->field));
  else
    fp_form_model_load_choices (self, node);
}

/**
 * fp_form_model_settle:
 *
 * Computes what is queued, and what that changes, until nothing is left. No listener runs
 * meanwhile.
 */
void
fp_form_model_settle (FpFormModel *self)
{
  fp_xpath_engine_refill (self->engine);
  while (self->heap->len > 0)
    {
      guint number = heap_pop (self->heap);
      FpRule *rule = g_ptr_array_index (self->def->rules, number);

      self->queued[number] = FALSE;
      if (rule->kind < FP_N_LOGIC)
        compute_field (self, rule);
      else
        compute_item (self, rule);
    }
}

void
fp_form_model_announce (FpFormModel *self)
{
  g_autoptr(GPtrArray) nodes = g_steal_pointer (&self->notify);
  gboolean changed = self->changed;

  /* A listener may change the model again: it finds a new list, and is announced first. */
  self->notify = g_ptr_array_new_with_free_func (g_object_unref);
  self->changed = FALSE;
  g_object_ref (self);
  for (guint i = 0; i < nodes->len; i++)
    fp_form_node_notify (g_ptr_array_index (nodes, i));
  if (changed)
    g_signal_emit_by_name (self, "changed");
  g_object_unref (self);
}
