#include "config.h"

#include "ui/fp-question-private.h"

#include "ui/fp-format.h"

/* One line of text, or a number: the same entry with other parsing. */
struct _FpTextQuestion
{
  FpQuestion parent_instance;

  /* Borrowed: a child. */
  GtkEditable *entry;
};

G_DEFINE_FINAL_TYPE (FpTextQuestion, fp_text_question, FP_TYPE_QUESTION)

static gboolean
is_decimal (FpTextQuestion *self)
{
  return fp_form_node_get_question (fp_question_get_node (FP_QUESTION (self))) == FP_QUESTION_DECIMAL;
}

static gboolean
is_integer (FpTextQuestion *self)
{
  return fp_form_node_get_question (fp_question_get_node (FP_QUESTION (self))) == FP_QUESTION_INTEGER;
}

static char *
dup_canonical (FpTextQuestion *self)
{
  const char *text = gtk_editable_get_text (self->entry);

  if (is_decimal (self))
    return fp_parse_decimal (text);
  if (is_integer (self))
    return g_strstrip (g_strdup (text));

  return g_strdup (text);
}

static void
fp_text_question_show_value (FpQuestion *question)
{
  FpTextQuestion *self = FP_TEXT_QUESTION (question);
  const char *value = fp_form_node_get_value (fp_question_get_node (question));
  g_autofree char *shown = dup_canonical (self);
  g_autofree char *text = NULL;

  /* " 12" already says 12: what somebody types is not changed under the cursor. */
  if (g_strcmp0 (shown, value) == 0)
    return;
  text = is_decimal (self) ? fp_format_decimal (value) : g_strdup (value);
  gtk_editable_set_text (self->entry, text);
  gtk_editable_set_position (self->entry, -1);
}

static void
changed_cb (FpTextQuestion *self)
{
  g_autofree char *value = dup_canonical (self);

  fp_question_answer (FP_QUESTION (self), value);
}

static void
fp_text_question_constructed (GObject *object)
{
  FpTextQuestion *self = FP_TEXT_QUESTION (object);
  GtkWidget *entry = gtk_entry_new ();

  G_OBJECT_CLASS (fp_text_question_parent_class)->constructed (object);

  self->entry = GTK_EDITABLE (entry);
  /* The form has one undo for all its questions. */
  gtk_editable_set_enable_undo (self->entry, FALSE);
  gtk_editable_set_width_chars (self->entry, is_decimal (self) || is_integer (self) ? 12 : 8);
  if (is_decimal (self) || is_integer (self))
    {
      gtk_entry_set_input_purpose (GTK_ENTRY (entry), is_integer (self) ? GTK_INPUT_PURPOSE_DIGITS
                                                                       : GTK_INPUT_PURPOSE_NUMBER);
      gtk_widget_set_halign (entry, GTK_ALIGN_START);
      gtk_widget_add_css_class (entry, "numeric");
    }
  fp_question_set_control (FP_QUESTION (self), entry, entry);
  g_signal_connect_object (entry, "changed", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (entry, "activate", G_CALLBACK (fp_question_next), self, G_CONNECT_SWAPPED);
}

static void
fp_text_question_class_init (FpTextQuestionClass *klass)
{
  FpQuestionClass *question_class = FP_QUESTION_CLASS (klass);

  G_OBJECT_CLASS (klass)->constructed = fp_text_question_constructed;
  question_class->show_value = fp_text_question_show_value;
  question_class->typed = TRUE;
}

static void
fp_text_question_init (FpTextQuestion *self)
{
}
