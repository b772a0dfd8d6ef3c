#include "config.h"

#include "ui/fp-question-private.h"

#include <glib/gi18n.h>

/* Something to read: a note of the form, or what is said about a question that Fieldpost cannot ask yet. */
struct _FpNoteQuestion
{
  FpQuestion parent_instance;
};

G_DEFINE_FINAL_TYPE (FpNoteQuestion, fp_note_question, FP_TYPE_QUESTION)

static void
fp_note_question_constructed (GObject *object)
{
  FpQuestion *self = FP_QUESTION (object);
  FpFormNode *node;
  GtkWidget *box, *icon, *label;
  const char *note;

  G_OBJECT_CLASS (fp_note_question_parent_class)->constructed (object);

  node = fp_question_get_node (self);
  gtk_widget_add_css_class (GTK_WIDGET (self), "note");
  if (fp_form_node_get_question (node) != FP_QUESTION_UNSUPPORTED)
    return;
  note = fp_form_node_get_note (node);
  box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  icon = gtk_image_new_from_icon_name ("dialog-information-symbolic");
  gtk_widget_set_valign (icon, GTK_ALIGN_START);
  label = gtk_label_new (note ? note : _("This kind of question cannot be asked yet. Its answer is kept as it is."));
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_add_css_class (label, "caption");
  gtk_widget_add_css_class (box, "dim-label");
  gtk_box_append (GTK_BOX (box), icon);
  gtk_box_append (GTK_BOX (box), label);
  fp_question_set_control (self, box, box);
}

static void
fp_note_question_class_init (FpNoteQuestionClass *klass)
{
  G_OBJECT_CLASS (klass)->constructed = fp_note_question_constructed;
}

static void
fp_note_question_init (FpNoteQuestion *self)
{
}
