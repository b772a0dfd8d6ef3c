#include "form/fp-form-model-private.h"

#include <string.h>

G_DEFINE_FINAL_TYPE (FpFormModel, fp_form_model, G_TYPE_OBJECT)

static guint changed_signal;

static void
fp_form_model_dispose (GObject *object)
{
  FpFormModel *self = FP_FORM_MODEL (object);

  /* A node that somebody keeps is empty from now on. */
  for (guint i = 0; self->nodes && i < self->nodes->len; i++)
    ((FpFormNode *) g_ptr_array_index (self->nodes, i))->model = NULL;
  g_clear_pointer (&self->notify, g_ptr_array_unref);
  g_clear_pointer (&self->nodes, g_ptr_array_unref);
  G_OBJECT_CLASS (fp_form_model_parent_class)->dispose (object);
}

static void
fp_form_model_finalize (GObject *object)
{
  FpFormModel *self = FP_FORM_MODEL (object);

  for (guint i = 0; self->live && i < self->def->fields->len; i++)
    g_free (self->live[i].value);
  g_free (self->live);
  g_ptr_array_unref (self->undo);
  g_ptr_array_unref (self->redo);
  g_array_unref (self->heap);
  g_free (self->queued);
  g_hash_table_unref (self->compiled);
  g_clear_pointer (&self->engine, fp_xpath_engine_free);
  g_clear_pointer (&self->instances, g_hash_table_unref);
  g_clear_pointer (&self->doc, xmlFreeDoc);
  g_clear_error (&self->fault);
  g_free (self->uid);
  g_free (self->device_id);
  g_free (self->deprecated_id);
  g_free (self->username);
  g_clear_pointer (&self->def, fp_form_def_unref);
  G_OBJECT_CLASS (fp_form_model_parent_class)->finalize (object);
}

static void
fp_form_model_class_init (FpFormModelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = fp_form_model_dispose;
  object_class->finalize = fp_form_model_finalize;

  changed_signal = g_signal_new ("changed", FP_TYPE_FORM_MODEL, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 0);
}

static void
fp_form_model_init (FpFormModel *self)
{
  self->compiled = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) xmlXPathFreeCompExpr);
  self->nodes = g_ptr_array_new_with_free_func (g_object_unref);
  self->heap = g_array_new (FALSE, FALSE, sizeof (guint));
  self->notify = g_ptr_array_new_with_free_func (g_object_unref);
  self->undo = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_step_free);
  self->redo = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_step_free);
}

static gint64
now_ms_cb (gpointer data)
{
  return fp_form_model_now (data);
}

static xmlNode *
field_cb (gpointer data,
          int      field)
{
  return fp_form_model_live (data, field)->element;
}

static xmlDoc *
instance_cb (gpointer    data,
             const char *id)
{
  FpFormModel *self = data;

  return g_hash_table_lookup (self->instances, id);
}

static char *
itext_cb (gpointer    data,
          const char *id)
{
  return fp_form_model_render_itext (data, id);
}

static char *
choice_label_cb (gpointer    data,
                 int         field,
                 const char *value)
{
  return fp_form_model_choice_label (data, field, value);
}

static void
bind_element (FpFormModel *self,
              xmlNode     *element,
              guint       *next)
{
  FpLive *live = fp_form_model_live (self, (int) (*next)++);
  xmlNode *child = fp_xml_first (element);

  live->element = element;
  live->own_relevant = live->relevant = TRUE;
  if (!child)
    {
      live->value = fp_xml_dup_text (element);
      self->n_bytes += strlen (live->value);
    }
  for (; child; child = fp_xml_next (child))
    bind_element (self, child, next);
}

static void
make_nodes (FpFormModel *self)
{
  for (guint i = 0; i < self->def->items->len; i++)
    {
      FpItem *item = fp_form_def_item (self->def, (int) i);
      FpFormNode *parent = item->parent >= 0 ? g_ptr_array_index (self->nodes, item->parent) : NULL;
      FpFormNode *node = fp_form_node_new (self, (int) i, parent);

      g_ptr_array_add (self->nodes, node);
      if (item->field >= 0)
        {
          FpFormNode **at = &fp_form_model_live (self, item->field)->nodes;

          while (*at)
            at = &(*at)->same;
          *at = node;
        }
    }
}

/* Evaluating sorts and counts in a document, so each model has its own of the lists, too. */
static void
copy_instances (FpFormModel *self)
{
  GHashTableIter iter;
  gpointer id, doc;

  self->instances
      = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) xmlFreeDoc);
  g_hash_table_iter_init (&iter, self->def->instances);
  while (g_hash_table_iter_next (&iter, &id, &doc))
    g_hash_table_insert (self->instances, id, xmlCopyDoc (doc, 1));
}

static FpFormModel *
model_new (FpFormDef       *def,
           const FpFormEnv *env)
{
  FpFormModel *self = g_object_new (FP_TYPE_FORM_MODEL, NULL);
  FpXPathWorld world = { now_ms_cb, field_cb, instance_cb, itext_cb, choice_label_cb, self };
  guint next = 0;

  self->def = fp_form_def_ref (def);
  self->language = def->default_language;
  if (env)
    {
      self->now = env->now;
      self->uid = g_strdup (env->uid);
      self->device_id = g_strdup (env->device_id);
      self->username = g_strdup (env->username);
    }
  self->doc = xmlCopyDoc (def->primary, 1);
  self->engine = fp_xpath_engine_new (self->doc, def->names, &world);
  self->queued = g_new0 (guint8, def->rules->len + 1);
  self->live = g_new0 (FpLive, def->fields->len);
  copy_instances (self);
  bind_element (self, xmlDocGetRootElement (self->doc), &next);
  make_nodes (self);

  return self;
}

/* An expression that fails at the very beginning is a mistake of the form. */
static FpFormModel *
begin (FpFormModel *self,
       GError     **error)
{
  g_autoptr(FpFormModel) owned = self;

  fp_form_model_queue_all (self);
  fp_form_model_settle (self);
  if (self->fault)
    {
      g_propagate_error (error, g_steal_pointer (&self->fault));
      return NULL;
    }
  self->frozen = FALSE;
  self->changed = FALSE;
  fp_form_model_announce (self);

  return g_steal_pointer (&owned);
}

/**
 * fp_form_model_new:
 * @def: (transfer none):
 * @env: (nullable): copied
 *
 * Begins a filling. The thread that calls it owns the model.
 *
 * Returns: (transfer full): or %NULL with [error@FormError] where an expression of the form fails
 */
FpFormModel *
fp_form_model_new (FpFormDef       *def,
                   const FpFormEnv *env,
                   GError         **error)
{
  FpFormModel *self = model_new (def, env);

  fp_form_model_preload (self);
  fp_form_model_run_actions (self);

  return begin (self, error);
}

/**
 * fp_form_model_load:
 * @instance: what [method@FormModel.dup_instance] gave
 * @env: (nullable): its uid is not used
 *
 * Goes on with a filling. Nothing is calculated anew: the values are exactly those that were
 * stored.
 *
 * Returns: (transfer full): or %NULL with %FP_FORM_ERROR_INSTANCE where @instance is not of this
 * form
 */
FpFormModel *
fp_form_model_load (FpFormDef       *def,
                    GBytes          *instance,
                    const FpFormEnv *env,
                    GError         **error)
{
  g_autoptr(FpFormModel) self = NULL;
  g_autoptr(xmlDoc) doc = NULL;
  g_autoptr(GError) local = NULL;

  doc = fp_xml_parse (instance, &local);
  if (!doc)
    {
      g_set_error_literal (error, FP_FORM_ERROR, FP_FORM_ERROR_INSTANCE, local->message);
      return NULL;
    }
  self = model_new (def, env);
  self->frozen = TRUE;
  if (!fp_form_model_read (self, xmlDocGetRootElement (doc), error))
    return NULL;

  return begin (g_steal_pointer (&self), error);
}

FpFormDef *
fp_form_model_get_def (FpFormModel *self)
{
  return self->def;
}

FpFormNode *
fp_form_model_get_root (FpFormModel *self)
{
  return g_ptr_array_index (self->nodes, 0);
}

static FpFormNode *
find_by_name (FpFormModel *self,
              const char  *name)
{
  FpFormNode *found = NULL;

  for (guint i = 0; i < self->nodes->len; i++)
    {
      FpFormNode *node = g_ptr_array_index (self->nodes, i);

      if (fp_form_node_get_kind (node) != FP_NODE_QUESTION
          || strcmp (fp_form_node_get_name (node), name) != 0)
        continue;
      if (found && fp_form_node_get_live (found) != fp_form_node_get_live (node))
        return NULL;
      if (!found)
        found = node;
    }

  return found;
}

FpFormNode *
fp_form_model_find (FpFormModel *self,
                    const char  *path)
{
  int field;

  if (*path != '/')
    return find_by_name (self, path);
  field = fp_form_def_find_field (self->def, path);

  return field >= 0 ? fp_form_model_live (self, field)->nodes : NULL;
}

GPtrArray *
fp_form_model_list_questions (FpFormModel *self)
{
  GPtrArray *questions = g_ptr_array_new ();

  for (guint i = 0; i < self->nodes->len; i++)
    if (fp_form_node_get_kind (g_ptr_array_index (self->nodes, i)) == FP_NODE_QUESTION)
      g_ptr_array_add (questions, g_ptr_array_index (self->nodes, i));

  return questions;
}

const char *
fp_form_model_get_language (FpFormModel *self)
{
  return g_ptr_array_index (self->def->languages, self->language);
}

void
fp_form_model_set_language (FpFormModel *self,
                            const char  *language)
{
  guint number = fp_form_def_find_language (self->def, language);

  if (number == self->language)
    return;
  self->language = number;
  /* A calculation may ask for a label before it is its list's turn. */
  for (guint i = 0; i < self->nodes->len; i++)
    g_clear_pointer (&((FpFormNode *) g_ptr_array_index (self->nodes, i))->choices,
                     g_ptr_array_unref);
  for (guint i = 0; i < self->def->rules->len; i++)
    if (((FpRule *) g_ptr_array_index (self->def->rules, i))->language)
      fp_form_model_queue_rule (self, i);
  fp_form_model_settle (self);
  for (guint i = 0; i < self->nodes->len; i++)
    {
      FpFormNode *node = g_ptr_array_index (self->nodes, i);

      if (node->error)
        fp_form_node_check (node, TRUE);
    }
  fp_form_model_announce (self);
}

void
fp_form_model_get_progress (FpFormModel *self,
                            guint       *answered,
                            guint       *total)
{
  *answered = *total = 0;
  for (guint i = 0; i < self->nodes->len; i++)
    {
      FpFormNode *node = g_ptr_array_index (self->nodes, i);
      FpQuestionType type = fp_form_node_get_question (node);

      if (fp_form_node_get_kind (node) != FP_NODE_QUESTION || type == FP_QUESTION_NOTE
          || type == FP_QUESTION_UNSUPPORTED || !node->relevant || fp_form_node_get_readonly (node))
        continue;
      (*total)++;
      *answered += *fp_form_node_get_value (node) != '\0';
    }
}

const char *
fp_form_model_get_instance_id (FpFormModel *self)
{
  return fp_form_model_live (self, self->def->instance_id)->value;
}

char *
fp_form_model_dup_summary (FpFormModel *self)
{
  GString *summary = g_string_new (NULL);
  int name = self->def->instance_name;
  guint n = 0;

  if (name >= 0)
    g_string_append (summary, fp_form_model_live (self, name)->value);
  g_strstrip (summary->str);
  if (*summary->str)
    return g_string_free (summary, FALSE);
  g_string_truncate (summary, 0);
  for (guint i = 0; i < self->nodes->len && n < 2; i++)
    {
      FpFormNode *node = g_ptr_array_index (self->nodes, i);
      FpQuestionType type = fp_form_node_get_question (node);
      g_autofree char *shown = NULL;

      if (fp_form_node_get_kind (node) != FP_NODE_QUESTION || type == FP_QUESTION_UNSUPPORTED
          || type == FP_QUESTION_NOTE || type == FP_QUESTION_IMAGE || !node->relevant
          || *fp_form_node_get_value (node) == '\0')
        continue;
      shown = fp_form_model_dup_shown (self, node);
      g_string_append_printf (summary, "%s%s", n++ ? ", " : "", shown);
    }

  return g_string_free (summary, FALSE);
}

char **
fp_form_model_list_files (FpFormModel *self)
{
  g_autoptr(GStrvBuilder) files = g_strv_builder_new ();

  for (guint i = 0; i < self->nodes->len; i++)
    {
      FpFormNode *node = g_ptr_array_index (self->nodes, i);

      if (fp_form_node_get_question (node) == FP_QUESTION_IMAGE
          && fp_form_node_get_live (node)->relevant && *fp_form_node_get_value (node))
        g_strv_builder_add (files, fp_form_node_get_value (node));
    }

  return g_strv_builder_end (files);
}

guint
fp_form_model_get_n_evaluations (FpFormModel *self)
{
  return self->n_evaluations;
}
