#include "form/fp-form-model-private.h"

#include <string.h>

#define MERGE_US G_USEC_PER_SEC
#define MAX_STEPS 1000

static void
edit_clear (gpointer data)
{
  FpEdit *edit = data;

  g_free (edit->before);
  g_free (edit->after);
}

static FpStep *
step_new (void)
{
  FpStep *step = g_new0 (FpStep, 1);

  step->edits = g_array_new (FALSE, FALSE, sizeof (FpEdit));
  g_array_set_clear_func (step->edits, edit_clear);

  return step;
}

void
fp_step_free (FpStep *step)
{
  g_array_unref (step->edits);
  g_free (step);
}

/* Called for each value that changes; what is computed is computed again and not recorded. */
void
fp_form_model_record (FpFormModel *self,
                      int          field,
                      const char  *before,
                      const char  *after)
{
  FpEdit edit = { field, g_strdup (before), g_strdup (after) };

  /* The first one is what a person typed, and that counts even where a calculation may overwrite
   * it. */
  if (!self->step
      || (self->step->edits->len > 0
          && fp_form_def_field (self->def, field)->logic[FP_RULE_CALCULATE]))
    {
      edit_clear (&edit);
      return;
    }
  for (guint i = 0; i < self->step->edits->len; i++)
    {
      FpEdit *earlier = &g_array_index (self->step->edits, FpEdit, i);

      if (earlier->field == field)
        {
          g_free (earlier->after);
          earlier->after = g_steal_pointer (&edit.after);
          edit_clear (&edit);
          return;
        }
    }
  g_array_append_val (self->step->edits, edit);
}

static FpStep *
open_step (FpFormModel *self,
           int          field)
{
  FpStep *last = self->undo->len ? g_ptr_array_index (self->undo, self->undo->len - 1) : NULL;
  gint64 now = g_get_monotonic_time ();

  g_ptr_array_set_size (self->redo, 0);
  if (!last || g_array_index (last->edits, FpEdit, 0).field != field || now - last->at > MERGE_US)
    {
      if (self->undo->len >= MAX_STEPS)
        g_ptr_array_remove_index (self->undo, 0);
      last = step_new ();
      g_ptr_array_add (self->undo, last);
    }
  last->at = now;

  return last;
}

/* Values that fit in a draft, and in what libxml2 reads back. */
#define MAX_VALUE (1024 * 1024)
#define MAX_VALUES (12 * 1024 * 1024)

static gboolean
fits (FpFormModel *self,
      FpLive      *live,
      const char  *value)
{
  gsize length = strlen (value);

  return length <= MAX_VALUE && self->n_bytes - strlen (live->value) + length <= MAX_VALUES;
}

static void
refuse (FpFormModel *self,
        FpFormNode  *node)
{
  fp_form_node_take_text (node, FP_NODE_PROP_ERROR, fp_form_too_long_message ());
  fp_form_model_announce (self);
}

void
fp_form_model_set_value (FpFormModel *self,
                         FpFormNode  *node,
                         const char  *value)
{
  FpLive *live = fp_form_node_get_live (node);
  int field = fp_form_node_get_item (node)->field;
  g_autofree char *canonical = NULL;

  g_return_if_fail (FP_IS_FORM_MODEL (self) && node->model == self && value);

  if (!live || !fp_live_is_leaf (live) || fp_form_node_get_readonly (node)
      || fp_form_node_get_question (node) == FP_QUESTION_UNSUPPORTED)
    return;
  canonical = fp_form_node_dup_canonical (node, value);
  if (!fits (self, live, canonical))
    {
      refuse (self, node);
      return;
    }
  if (strcmp (canonical, live->value) != 0)
    {
      self->step = open_step (self, field);
      fp_form_model_put (self, field, canonical);
      fp_form_model_settle (self);
      self->step = NULL;
      fp_form_model_stamp_end (self);
      fp_form_model_settle (self);
    }
  for (FpFormNode *same = live->nodes; same; same = same->same)
    fp_form_node_check (same, FALSE);
  fp_form_model_announce (self);
}

gboolean
fp_form_model_can_undo (FpFormModel *self)
{
  return self->undo->len > 0;
}

gboolean
fp_form_model_can_redo (FpFormModel *self)
{
  return self->redo->len > 0;
}

/* Moves the last step of @from to @to and puts its values back, the later ones last. */
static FpFormNode *
replay (FpFormModel *self,
        GPtrArray   *from,
        GPtrArray   *to,
        gboolean     backwards)
{
  FpStep *step;
  FpLive *first;

  if (from->len == 0)
    return NULL;
  step = g_ptr_array_steal_index (from, from->len - 1);
  /* The next edit is a step of its own. */
  step->at = G_MININT64 / 2;
  g_ptr_array_add (to, step);
  first = fp_form_model_live (self, g_array_index (step->edits, FpEdit, 0).field);

  /* All of them before anything is computed: a list must find the answer that it had taken away. */
  for (guint i = 0; i < step->edits->len; i++)
    {
      FpEdit *edit = &g_array_index (step->edits, FpEdit, i);

      fp_form_model_put (self, edit->field, backwards ? edit->before : edit->after);
    }
  fp_form_model_settle (self);
  fp_form_model_stamp_end (self);
  fp_form_model_settle (self);
  for (FpFormNode *node = first->nodes; node; node = node->same)
    fp_form_node_check (node, FALSE);
  fp_form_model_announce (self);

  return first->nodes;
}

FpFormNode *
fp_form_model_undo (FpFormModel *self)
{
  return replay (self, self->undo, self->redo, TRUE);
}

FpFormNode *
fp_form_model_redo (FpFormModel *self)
{
  return replay (self, self->redo, self->undo, FALSE);
}
