#include "ui/fp-form-section.h"

struct _FpFormSection
{
  GtkWidget parent_instance;

  /* Owned. */
  FpFormNode *node;
};

G_DEFINE_FINAL_TYPE (FpFormSection, fp_form_section, GTK_TYPE_WIDGET)

/* A card without a visible row would be a grey line, and a title without anything below it a riddle. */
static void
update_visible (GtkWidget *box)
{
  gboolean any = FALSE;

  for (GtkWidget *child = gtk_widget_get_first_child (box); child && !any; child = gtk_widget_get_next_sibling (child))
    any = gtk_widget_get_visible (child) && !gtk_widget_has_css_class (child, "section-title");
  gtk_widget_set_visible (box, any);
}

static void
child_visible_cb (GtkWidget *box)
{
  update_visible (box);
}

static void
label_changed_cb (FpFormNode *node,
                  GParamSpec *pspec,
                  GtkLabel   *title)
{
  const char *label = fp_form_node_get_label (node);

  gtk_label_set_label (title, label ? label : "");
  gtk_widget_set_visible (GTK_WIDGET (title), label && *label);
}

static void
add_title (FpFormSection *self,
           guint          depth)
{
  GtkWidget *title = gtk_label_new (NULL);

  gtk_label_set_wrap (GTK_LABEL (title), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (title), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_xalign (GTK_LABEL (title), 0);
  gtk_widget_add_css_class (title, "section-title");
  gtk_widget_add_css_class (title, depth > 1 ? "heading" : "title-4");
  gtk_widget_set_parent (title, GTK_WIDGET (self));
  g_signal_connect_object (self->node, "notify::label", G_CALLBACK (label_changed_cb), title, 0);
  label_changed_cb (self->node, NULL, GTK_LABEL (title));
  gtk_accessible_update_relation (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_RELATION_LABELLED_BY, title, NULL, -1);
}

static void
add_child (GtkWidget *box,
           GtkWidget *child)
{
  gtk_widget_set_parent (child, box);
  g_signal_connect_object (child, "notify::visible", G_CALLBACK (child_visible_cb), box, G_CONNECT_SWAPPED);
}

static void
fp_form_section_dispose (GObject *object)
{
  FpFormSection *self = FP_FORM_SECTION (object);
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))))
    gtk_widget_unparent (child);
  g_clear_object (&self->node);

  G_OBJECT_CLASS (fp_form_section_parent_class)->dispose (object);
}

static void
fp_form_section_class_init (FpFormSectionClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = fp_form_section_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BOX_LAYOUT);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "formsection");
  gtk_widget_class_set_accessible_role (GTK_WIDGET_CLASS (klass), GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
fp_form_section_init (FpFormSection *self)
{
  GtkLayoutManager *layout = gtk_widget_get_layout_manager (GTK_WIDGET (self));

  gtk_orientable_set_orientation (GTK_ORIENTABLE (layout), GTK_ORIENTATION_VERTICAL);
  gtk_box_layout_set_spacing (GTK_BOX_LAYOUT (layout), 12);
}

/**
 * fp_form_section_new:
 * @node: a group, or the root
 * @depth: 0 for the root
 * @questions: gets what was made
 *
 * Questions that follow each other share a card; a group in between is a section of its own.
 */
GtkWidget *
fp_form_section_new (FpDraft    *draft,
                     FpFormNode *node,
                     guint       depth,
                     GPtrArray  *questions)
{
  FpFormSection *self = g_object_new (FP_TYPE_FORM_SECTION, NULL);
  GListModel *children = fp_form_node_get_children (node);
  GtkWidget *card = NULL;

  self->node = g_object_ref (node);
  if (depth > 0)
    add_title (self, depth);
  for (guint i = 0; i < g_list_model_get_n_items (children); i++)
    {
      g_autoptr(FpFormNode) child = g_list_model_get_item (children, i);
      GtkWidget *question;

      if (fp_form_node_get_kind (child) != FP_NODE_QUESTION)
        {
          if (card)
            update_visible (card);
          card = NULL;
          add_child (GTK_WIDGET (self), fp_form_section_new (draft, child, depth + 1, questions));
          continue;
        }
      if (!card)
        {
          card = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
          gtk_widget_add_css_class (card, "card");
          gtk_widget_add_css_class (card, "questions");
          add_child (GTK_WIDGET (self), card);
        }
      question = GTK_WIDGET (fp_question_new_for_node (draft, child));
      gtk_box_append (GTK_BOX (card), question);
      g_signal_connect_object (question, "notify::visible", G_CALLBACK (child_visible_cb), card, G_CONNECT_SWAPPED);
      g_ptr_array_add (questions, question);
    }
  if (card)
    update_visible (card);
  update_visible (GTK_WIDGET (self));

  return GTK_WIDGET (self);
}
