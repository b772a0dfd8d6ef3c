#include "config.h"

#include "ui/fp-question-private.h"

/* Several lines of text (appearance "multiline"). */
struct _FpLongTextQuestion
{
  FpQuestion parent_instance;

  /* Borrowed: of a child. */
  GtkTextBuffer *buffer;
};

G_DEFINE_FINAL_TYPE (FpLongTextQuestion, fp_long_text_question, FP_TYPE_QUESTION)

static char *
dup_text (FpLongTextQuestion *self)
{
  GtkTextIter start, end;

  gtk_text_buffer_get_bounds (self->buffer, &start, &end);

  return gtk_text_buffer_get_text (self->buffer, &start, &end, FALSE);
}

static void
fp_long_text_question_show_value (FpQuestion *question)
{
  FpLongTextQuestion *self = FP_LONG_TEXT_QUESTION (question);
  const char *value = fp_form_node_get_value (fp_question_get_node (question));
  g_autofree char *shown = dup_text (self);

  if (g_strcmp0 (shown, value) != 0)
    gtk_text_buffer_set_text (self->buffer, value ? value : "", -1);
}

static void
changed_cb (FpLongTextQuestion *self)
{
  g_autofree char *value = dup_text (self);

  fp_question_answer (FP_QUESTION (self), value);
}

static void
fp_long_text_question_constructed (GObject *object)
{
  FpLongTextQuestion *self = FP_LONG_TEXT_QUESTION (object);
  GtkWidget *view = gtk_text_view_new ();
  GtkWidget *scroller = gtk_scrolled_window_new ();

  G_OBJECT_CLASS (fp_long_text_question_parent_class)->constructed (object);

  self->buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (view));
  gtk_text_buffer_set_enable_undo (self->buffer, FALSE);
  gtk_text_view_set_wrap_mode (GTK_TEXT_VIEW (view), GTK_WRAP_WORD_CHAR);
  /* Tab leaves the field, as everywhere in a form. */
  gtk_text_view_set_accepts_tab (GTK_TEXT_VIEW (view), FALSE);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), view);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_propagate_natural_height (GTK_SCROLLED_WINDOW (scroller), TRUE);
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (scroller), 88);
  gtk_scrolled_window_set_max_content_height (GTK_SCROLLED_WINDOW (scroller), 240);
  gtk_widget_add_css_class (scroller, "long-text");
  fp_question_set_control (FP_QUESTION (self), scroller, view);
  g_signal_connect_object (self->buffer, "changed", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
}

static void
fp_long_text_question_class_init (FpLongTextQuestionClass *klass)
{
  FpQuestionClass *question_class = FP_QUESTION_CLASS (klass);

  G_OBJECT_CLASS (klass)->constructed = fp_long_text_question_constructed;
  question_class->show_value = fp_long_text_question_show_value;
  question_class->typed = TRUE;
}

static void
fp_long_text_question_init (FpLongTextQuestion *self)
{
}
