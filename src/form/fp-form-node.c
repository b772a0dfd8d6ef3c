#include "form/fp-form-model-private.h"

#include <string.h>

G_DEFINE_FINAL_TYPE (FpFormNode, fp_form_node, G_TYPE_OBJECT)

static GParamSpec *props[FP_N_NODE_PROPS];

static void
fp_form_node_get_property (GObject    *object,
                           guint       id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  FpFormNode *self = FP_FORM_NODE (object);

  switch ((FpNodeProp) id)
    {
    case FP_NODE_PROP_LABEL:
      g_value_set_string (value, fp_form_node_get_label (self));
      break;
    case FP_NODE_PROP_HINT:
      g_value_set_string (value, fp_form_node_get_hint (self));
      break;
    case FP_NODE_PROP_VALUE:
      g_value_set_string (value, fp_form_node_get_value (self));
      break;
    case FP_NODE_PROP_RELEVANT:
      g_value_set_boolean (value, fp_form_node_get_relevant (self));
      break;
    case FP_NODE_PROP_REQUIRED:
      g_value_set_boolean (value, fp_form_node_get_required (self));
      break;
    case FP_NODE_PROP_READONLY:
      g_value_set_boolean (value, fp_form_node_get_readonly (self));
      break;
    case FP_NODE_PROP_ERROR:
      g_value_set_string (value, fp_form_node_get_error (self));
      break;
    case FP_NODE_PROP_CHOICES:
      g_value_set_boxed (value, self->choices);
      break;
    case FP_N_NODE_PROPS:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
fp_form_node_dispose (GObject *object)
{
  FpFormNode *self = FP_FORM_NODE (object);

  /* A child that somebody keeps must not look up to a parent that is gone. */
  for (guint i = 0; self->children && i < g_list_model_get_n_items (G_LIST_MODEL (self->children));
       i++)
    {
      g_autoptr(FpFormNode) child = g_list_model_get_item (G_LIST_MODEL (self->children), i);

      child->parent = NULL;
    }
  g_clear_object (&self->children);
  G_OBJECT_CLASS (fp_form_node_parent_class)->dispose (object);
}

static void
fp_form_node_finalize (GObject *object)
{
  FpFormNode *self = FP_FORM_NODE (object);

  g_clear_pointer (&self->choices, g_ptr_array_unref);
  g_free (self->label);
  g_free (self->hint);
  g_free (self->error);
  fp_form_def_unref (self->def);
  G_OBJECT_CLASS (fp_form_node_parent_class)->finalize (object);
}

static void
fp_form_node_class_init (FpFormNodeClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = fp_form_node_get_property;
  object_class->dispose = fp_form_node_dispose;
  object_class->finalize = fp_form_node_finalize;

  props[FP_NODE_PROP_LABEL] = g_param_spec_string ("label", NULL, NULL, "", flags);
  props[FP_NODE_PROP_HINT] = g_param_spec_string ("hint", NULL, NULL, NULL, flags);
  props[FP_NODE_PROP_VALUE] = g_param_spec_string ("value", NULL, NULL, "", flags);
  props[FP_NODE_PROP_RELEVANT] = g_param_spec_boolean ("relevant", NULL, NULL, TRUE, flags);
  props[FP_NODE_PROP_REQUIRED] = g_param_spec_boolean ("required", NULL, NULL, FALSE, flags);
  props[FP_NODE_PROP_READONLY] = g_param_spec_boolean ("readonly", NULL, NULL, FALSE, flags);
  props[FP_NODE_PROP_ERROR] = g_param_spec_string ("error", NULL, NULL, NULL, flags);
  props[FP_NODE_PROP_CHOICES] = g_param_spec_boxed ("choices", NULL, NULL, G_TYPE_PTR_ARRAY, flags);
  g_object_class_install_properties (object_class, FP_N_NODE_PROPS, props);
}

static void
fp_form_node_init (FpFormNode *self)
{
  self->children = g_list_store_new (FP_TYPE_FORM_NODE);
  self->relevant = TRUE;
}

FpFormNode *
fp_form_node_new (FpFormModel *model,
                  int          number,
                  FpFormNode  *parent)
{
  FpFormNode *self = g_object_new (FP_TYPE_FORM_NODE, NULL);

  self->model = model;
  self->def = fp_form_def_ref (model->def);
  self->number = number;
  self->parent = parent;
  if (parent)
    g_list_store_append (parent->children, self);

  return self;
}

FpItem *
fp_form_node_get_item (FpFormNode *self)
{
  return fp_form_def_item (self->def, self->number);
}

FpLive *
fp_form_node_get_live (FpFormNode *self)
{
  int field = fp_form_node_get_item (self)->field;

  return self->model && field >= 0 ? fp_form_model_live (self->model, field) : NULL;
}

/* Notes that @prop changed; it is told when all is settled. */
void
fp_form_node_touch (FpFormNode *self,
                    FpNodeProp  prop)
{
  if (!self->pending)
    g_ptr_array_add (self->model->notify, g_object_ref (self));
  self->pending |= 1u << prop;
}

void
fp_form_node_take_text (FpFormNode *self,
                        FpNodeProp  prop,
                        char       *text)
{
  char **at = prop == FP_NODE_PROP_LABEL ? &self->label
              : prop == FP_NODE_PROP_HINT ? &self->hint
                                          : &self->error;

  if (g_strcmp0 (*at, text) == 0)
    {
      g_free (text);
      return;
    }
  g_free (*at);
  *at = text;
  fp_form_node_touch (self, prop);
}

void
fp_form_node_notify (FpFormNode *self)
{
  guint pending = self->pending;

  self->pending = 0;
  for (guint prop = 1; prop < FP_N_NODE_PROPS; prop++)
    if (pending & (1u << prop))
      g_object_notify_by_pspec (G_OBJECT (self), props[prop]);
}

FpNodeKind
fp_form_node_get_kind (FpFormNode *self)
{
  return fp_form_node_get_item (self)->kind;
}

FpQuestionType
fp_form_node_get_question (FpFormNode *self)
{
  return fp_form_node_get_item (self)->question;
}

const char *
fp_form_node_get_path (FpFormNode *self)
{
  int field = fp_form_node_get_item (self)->field;

  return field >= 0 ? fp_form_def_field (self->def, field)->path : NULL;
}

/**
 * fp_form_node_get_name:
 *
 * Returns: (transfer none): "" for a group without a ref
 */
const char *
fp_form_node_get_name (FpFormNode *self)
{
  int field = fp_form_node_get_item (self)->field;

  return field >= 0 ? fp_form_def_field (self->def, field)->name : "";
}

FpFormNode *
fp_form_node_get_parent (FpFormNode *self)
{
  return self->parent;
}

GListModel *
fp_form_node_get_children (FpFormNode *self)
{
  return G_LIST_MODEL (self->children);
}

gboolean
fp_form_node_has_appearance (FpFormNode *self,
                             const char *token)
{
  return g_strv_contains ((const char *const *) fp_form_node_get_item (self)->appearance, token);
}

const char *
fp_form_node_get_media_type (FpFormNode *self)
{
  return fp_form_node_get_item (self)->media_type;
}

GPtrArray *
fp_form_node_get_choices (FpFormNode *self)
{
  return self->choices;
}

const char *
fp_form_node_get_note (FpFormNode *self)
{
  return fp_form_node_get_item (self)->note;
}

const char *
fp_form_node_get_label (FpFormNode *self)
{
  return self->label ? self->label : "";
}

const char *
fp_form_node_get_hint (FpFormNode *self)
{
  return self->hint;
}

const char *
fp_form_node_get_value (FpFormNode *self)
{
  FpLive *live = fp_form_node_get_live (self);

  return live && live->value ? live->value : "";
}

gboolean
fp_form_node_get_relevant (FpFormNode *self)
{
  return self->relevant;
}

gboolean
fp_form_node_get_required (FpFormNode *self)
{
  FpLive *live = fp_form_node_get_live (self);

  return live && live->required;
}

/* A group's readonly holds for all in it. */
gboolean
fp_form_node_get_readonly (FpFormNode *self)
{
  for (FpFormNode *node = self; node; node = node->parent)
    {
      FpLive *live = fp_form_node_get_live (node);

      if (live && live->readonly)
        return TRUE;
    }

  return FALSE;
}

const char *
fp_form_node_get_error (FpFormNode *self)
{
  return self->error;
}
