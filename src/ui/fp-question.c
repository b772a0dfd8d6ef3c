#include "config.h"

#include "ui/fp-question.h"

#include <glib/gi18n.h>

#include "ui/fp-question-private.h"
#include "ui/fp-ui.h"

/* From so many choices on a list of radio buttons is longer than a screen of a phone. */
#define LONG_LIST 12

typedef struct {
  /* Template widgets. */
  GtkWidget   *header;
  GtkLabel    *label;
  GtkWidget   *required;
  GtkLabel    *hint;
  GtkBox      *slot;
  GtkRevealer *error_revealer;
  GtkLabel    *error_label;

  /* Owned. */
  FpDraft     *draft;
  FpFormNode  *node;
  char        *refusal; /* (nullable): why what was offered last was not taken */

  /* Borrowed: a child. */
  GtkWidget   *control;

  gboolean     has_focus;
} FpQuestionPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (FpQuestion, fp_question, GTK_TYPE_WIDGET)

enum {
  PROP_0,
  PROP_DRAFT,
  PROP_NODE,
  N_PROPS
};

enum {
  SIGNAL_NEXT,
  SIGNAL_ENTERED,
  SIGNAL_LEFT,
  N_SIGNALS
};

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

static void
set_invalid (FpQuestion *self,
             const char *error)
{
  FpQuestionPrivate *priv = fp_question_get_instance_private (self);

  if (priv->refusal)
    error = priv->refusal;
  if (error)
    gtk_label_set_label (priv->error_label, error);
  gtk_revealer_set_reveal_child (priv->error_revealer, error != NULL);
  if (error)
    gtk_widget_add_css_class (GTK_WIDGET (self), "invalid");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self), "invalid");
  if (!priv->control)
    return;
  gtk_accessible_update_state (GTK_ACCESSIBLE (priv->control), GTK_ACCESSIBLE_STATE_INVALID,
                               error ? GTK_ACCESSIBLE_INVALID_TRUE : GTK_ACCESSIBLE_INVALID_FALSE, -1);
  /* A screen reader says the description when the focus comes, so the sentence must be in it. */
  if (error)
    gtk_accessible_update_property (GTK_ACCESSIBLE (priv->control), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, error, -1);
  else if (fp_form_node_get_hint (priv->node))
    gtk_accessible_update_property (GTK_ACCESSIBLE (priv->control), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                    fp_form_node_get_hint (priv->node), -1);
  else
    gtk_accessible_reset_property (GTK_ACCESSIBLE (priv->control), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION);
}

static void
error_changed_cb (FpQuestion *self)
{
  FpQuestionPrivate *priv = fp_question_get_instance_private (self);
  const char *error = fp_form_node_get_error (priv->node);
  gboolean shown = gtk_revealer_get_reveal_child (priv->error_revealer);

  /* Half a date is an error only when its writer has gone on. */
  if (error && !shown && priv->has_focus && FP_QUESTION_GET_CLASS (self)->typed)
    return;
  set_invalid (self, error);
}

/**
 * fp_question_show_error:
 *
 * Shows what the model says of the answer without waiting for the focus to leave: after a submit.
 */
void
fp_question_show_error (FpQuestion *self)
{
  FpQuestionPrivate *priv = fp_question_get_instance_private (self);

  g_return_if_fail (FP_IS_QUESTION (self));

  g_clear_pointer (&priv->refusal, g_free);
  set_invalid (self, fp_form_node_get_error (priv->node));
}

static void
label_changed_cb (FpQuestion *self)
{
  FpQuestionPrivate *priv = fp_question_get_instance_private (self);
  const char *label = fp_form_node_get_label (priv->node);

  gtk_label_set_label (priv->label, label && *label ? label : fp_form_node_get_name (priv->node));
}

static void
hint_changed_cb (FpQuestion *self)
{
  FpQuestionPrivate *priv = fp_question_get_instance_private (self);
  const char *hint = fp_form_node_get_hint (priv->node);

  gtk_label_set_label (priv->hint, hint ? hint : "");
  gtk_widget_set_visible (GTK_WIDGET (priv->hint), hint && *hint);
  set_invalid (self, gtk_revealer_get_reveal_child (priv->error_revealer)
                       ? fp_form_node_get_error (priv->node) : NULL);
}

static void
required_changed_cb (FpQuestion *self)
{
  FpQuestionPrivate *priv = fp_question_get_instance_private (self);
  gboolean required = fp_form_node_get_required (priv->node);

  gtk_widget_set_visible (priv->required, required);
  if (priv->control)
    gtk_accessible_update_property (GTK_ACCESSIBLE (priv->control), GTK_ACCESSIBLE_PROPERTY_REQUIRED, required, -1);
}

static void
value_changed_cb (FpQuestion *self)
{
  FpQuestionClass *klass = FP_QUESTION_GET_CLASS (self);

  if (klass->show_value)
    klass->show_value (self);
}

static void
focus_enter_cb (FpQuestion *self)
{
  FpQuestionPrivate *priv = fp_question_get_instance_private (self);

  priv->has_focus = TRUE;
  g_signal_emit (self, signals[SIGNAL_ENTERED], 0);
}

static void
focus_leave_cb (FpQuestion *self)
{
  FpQuestionPrivate *priv = fp_question_get_instance_private (self);

  priv->has_focus = FALSE;
  error_changed_cb (self);
  value_changed_cb (self);
  g_signal_emit (self, signals[SIGNAL_LEFT], 0);
}

static gboolean
readonly_to_sensitive (GBinding     *binding,
                       const GValue *from,
                       GValue       *to,
                       gpointer      user_data)
{
  g_value_set_boolean (to, !g_value_get_boolean (from));

  return TRUE;
}

static void
fp_question_constructed (GObject *object)
{
  FpQuestion *self = FP_QUESTION (object);
  FpQuestionPrivate *priv = fp_question_get_instance_private (self);

  G_OBJECT_CLASS (fp_question_parent_class)->constructed (object);

  gtk_widget_set_name (GTK_WIDGET (self), fp_form_node_get_name (priv->node));
  g_object_bind_property (priv->node, "relevant", self, "visible", G_BINDING_SYNC_CREATE);
  g_object_bind_property_full (priv->node, "readonly", priv->slot, "sensitive", G_BINDING_SYNC_CREATE,
                               readonly_to_sensitive, NULL, NULL, NULL);
  g_signal_connect_object (priv->node, "notify::label", G_CALLBACK (label_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (priv->node, "notify::hint", G_CALLBACK (hint_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (priv->node, "notify::required", G_CALLBACK (required_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (priv->node, "notify::error", G_CALLBACK (error_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (priv->node, "notify::value", G_CALLBACK (value_changed_cb), self, G_CONNECT_SWAPPED);
  label_changed_cb (self);
  hint_changed_cb (self);
  required_changed_cb (self);
  error_changed_cb (self);
}

static void
fp_question_set_property (GObject      *object,
                          guint         prop_id,
                          const GValue *value,
                          GParamSpec   *pspec)
{
  FpQuestionPrivate *priv = fp_question_get_instance_private (FP_QUESTION (object));

  switch (prop_id)
    {
    case PROP_DRAFT:
      priv->draft = g_value_dup_object (value);
      break;
    case PROP_NODE:
      priv->node = g_value_dup_object (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
fp_question_dispose (GObject *object)
{
  FpQuestionPrivate *priv = fp_question_get_instance_private (FP_QUESTION (object));

  priv->control = NULL;
  fp_ui_dispose_template (GTK_WIDGET (object), FP_TYPE_QUESTION);

  G_OBJECT_CLASS (fp_question_parent_class)->dispose (object);
}

static void
fp_question_finalize (GObject *object)
{
  FpQuestionPrivate *priv = fp_question_get_instance_private (FP_QUESTION (object));

  g_clear_object (&priv->draft);
  g_clear_object (&priv->node);
  g_free (priv->refusal);

  G_OBJECT_CLASS (fp_question_parent_class)->finalize (object);
}

static void
fp_question_class_init (FpQuestionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags flags = G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  object_class->constructed = fp_question_constructed;
  object_class->set_property = fp_question_set_property;
  object_class->dispose = fp_question_dispose;
  object_class->finalize = fp_question_finalize;

  props[PROP_DRAFT] = g_param_spec_object ("draft", NULL, NULL, FP_TYPE_DRAFT, flags);
  props[PROP_NODE] = g_param_spec_object ("node", NULL, NULL, FP_TYPE_FORM_NODE, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
  signals[SIGNAL_NEXT] = g_signal_new ("next", FP_TYPE_QUESTION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 0);
  signals[SIGNAL_ENTERED] = g_signal_new ("entered", FP_TYPE_QUESTION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                          G_TYPE_NONE, 0);
  signals[SIGNAL_LEFT] = g_signal_new ("left", FP_TYPE_QUESTION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 0);

  gtk_widget_class_set_css_name (widget_class, "question");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
  gtk_widget_class_set_template_from_resource (widget_class, FP_UI_TEMPLATE ("fp-question"));
  gtk_widget_class_bind_template_child_private (widget_class, FpQuestion, header);
  gtk_widget_class_bind_template_child_private (widget_class, FpQuestion, label);
  gtk_widget_class_bind_template_child_private (widget_class, FpQuestion, required);
  gtk_widget_class_bind_template_child_private (widget_class, FpQuestion, hint);
  gtk_widget_class_bind_template_child_private (widget_class, FpQuestion, slot);
  gtk_widget_class_bind_template_child_private (widget_class, FpQuestion, error_revealer);
  gtk_widget_class_bind_template_child_private (widget_class, FpQuestion, error_label);
  gtk_widget_class_bind_template_callback (widget_class, focus_enter_cb);
  gtk_widget_class_bind_template_callback (widget_class, focus_leave_cb);
}

static void
fp_question_init (FpQuestion *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

FpQuestion *
fp_question_new_for_node (FpDraft    *draft,
                          FpFormNode *node)
{
  GPtrArray *choices = fp_form_node_get_choices (node);
  GType type = FP_TYPE_NOTE_QUESTION;

  switch (fp_form_node_get_question (node))
    {
    case FP_QUESTION_TEXT:
      type = fp_form_node_has_appearance (node, "multiline") ? FP_TYPE_LONG_TEXT_QUESTION : FP_TYPE_TEXT_QUESTION;
      break;
    case FP_QUESTION_INTEGER:
    case FP_QUESTION_DECIMAL:
      type = FP_TYPE_TEXT_QUESTION;
      break;
    case FP_QUESTION_DATE:
      type = FP_TYPE_DATE_QUESTION;
      break;
    case FP_QUESTION_SELECT_ONE:
      type = fp_form_node_has_appearance (node, "minimal") || fp_form_node_has_appearance (node, "autocomplete")
                 || (choices && choices->len > LONG_LIST)
               ? FP_TYPE_DROP_DOWN_QUESTION : FP_TYPE_CHOICES_QUESTION;
      break;
    case FP_QUESTION_SELECT_MULTIPLE:
      type = FP_TYPE_CHOICES_QUESTION;
      break;
    case FP_QUESTION_IMAGE:
      type = FP_TYPE_IMAGE_QUESTION;
      break;
    case FP_QUESTION_NOTE:
    case FP_QUESTION_UNSUPPORTED:
      break;
    }

  return g_object_new (type, "draft", draft, "node", node, NULL);
}

FpFormNode *
fp_question_get_node (FpQuestion *self)
{
  FpQuestionPrivate *priv = fp_question_get_instance_private (self);

  return priv->node;
}

FpDraft *
fp_question_get_draft (FpQuestion *self)
{
  FpQuestionPrivate *priv = fp_question_get_instance_private (self);

  return priv->draft;
}

gboolean
fp_question_focus (FpQuestion *self)
{
  FpQuestionPrivate *priv = fp_question_get_instance_private (self);

  /* child_focus() would move on if the focus were here already. */
  if (priv->has_focus)
    return TRUE;

  if (!priv->control || !gtk_widget_child_focus (priv->control, GTK_DIR_TAB_FORWARD))
    return FALSE;
  /* Selected text would be gone with the next key; whoever comes back wants to go on. */
  if (GTK_IS_EDITABLE (priv->control))
    gtk_editable_set_position (GTK_EDITABLE (priv->control), -1);

  return TRUE;
}

/**
 * fp_question_set_control:
 * @child: (transfer floating): what is shown below label and hint
 * @control: @child or a widget in it
 *
 * To be called once, in the subclass' constructed().
 */
void
fp_question_set_control (FpQuestion *self,
                         GtkWidget  *child,
                         GtkWidget  *control)
{
  FpQuestionPrivate *priv = fp_question_get_instance_private (self);

  priv->control = control;
  gtk_box_append (priv->slot, child);
  gtk_label_set_mnemonic_widget (priv->label, control);
  gtk_accessible_update_relation (GTK_ACCESSIBLE (control), GTK_ACCESSIBLE_RELATION_LABELLED_BY, priv->label, NULL,
                                  GTK_ACCESSIBLE_RELATION_ERROR_MESSAGE, priv->error_label, -1);
  required_changed_cb (self);
  hint_changed_cb (self);
  value_changed_cb (self);
}

void
fp_question_answer (FpQuestion *self,
                    const char *value)
{
  FpQuestionPrivate *priv = fp_question_get_instance_private (self);

  fp_question_refuse (self, NULL);
  if (g_strcmp0 (value, fp_form_node_get_value (priv->node)) != 0)
    fp_form_model_set_value (fp_draft_get_model (priv->draft), priv->node, value);
}

/**
 * fp_question_refuse:
 * @reason: (nullable): a sentence for people
 *
 * The answer stays as it was.
 */
void
fp_question_refuse (FpQuestion *self,
                    const char *reason)
{
  FpQuestionPrivate *priv = fp_question_get_instance_private (self);
  gboolean shown = gtk_revealer_get_reveal_child (priv->error_revealer);

  if (!reason && !priv->refusal)
    return;
  g_free (priv->refusal);
  priv->refusal = g_strdup (reason);
  set_invalid (self, shown ? fp_form_node_get_error (priv->node) : NULL);
}

void
fp_question_next (FpQuestion *self)
{
  g_signal_emit (self, signals[SIGNAL_NEXT], 0);
}
