#include "config.h"

#include "ui/fp-question-private.h"

#include <glib/gi18n.h>
#include <string.h>

/* Choices as a list of radio buttons (one answer) or check buttons (several). */
struct _FpChoicesQuestion
{
  FpQuestion parent_instance;

  /* Owned. */
  GPtrArray *buttons; /* GtkCheckButton in the order of the choices, borrowed from the widget tree */

  /* Borrowed: children. */
  GtkWidget *list;
  GtkWidget *clear; /* NULL where several may be chosen */

  gboolean   one;
  gboolean   showing;
};

G_DEFINE_FINAL_TYPE (FpChoicesQuestion, fp_choices_question, FP_TYPE_QUESTION)

static void
fp_choices_question_show_value (FpQuestion *question)
{
  FpChoicesQuestion *self = FP_CHOICES_QUESTION (question);
  FpFormNode *node = fp_question_get_node (question);
  GPtrArray *choices = fp_form_node_get_choices (node);
  const char *value = fp_form_node_get_value (node);
  g_auto(GStrv) tokens = g_strsplit (value ? value : "", " ", -1);
  gboolean any = FALSE;

  if (!choices || choices->len != self->buttons->len)
    return;
  self->showing = TRUE;
  for (guint i = 0; i < self->buttons->len; i++)
    {
      const FpChoice *choice = choices->pdata[i];
      gboolean chosen = self->one ? g_strcmp0 (choice->value, value) == 0
                                  : g_strv_contains ((const char *const *) tokens, choice->value);

      any |= chosen;
      gtk_check_button_set_active (self->buttons->pdata[i], chosen);
    }
  self->showing = FALSE;
  if (self->clear)
    gtk_widget_set_visible (self->clear, any && !fp_form_node_get_required (node)
                                           && !fp_form_node_get_readonly (node));
}

static void
toggled_cb (FpChoicesQuestion *self)
{
  GPtrArray *choices = fp_form_node_get_choices (fp_question_get_node (FP_QUESTION (self)));
  g_autoptr(GString) value = g_string_new (NULL);

  if (self->showing)
    return;
  for (guint i = 0; i < self->buttons->len; i++)
    {
      const FpChoice *choice = choices->pdata[i];

      if (!gtk_check_button_get_active (self->buttons->pdata[i]))
        continue;
      if (value->len > 0)
        g_string_append_c (value, ' ');
      g_string_append (value, choice->value);
    }
  /* Between the old radio button going off and the new one going on nothing is chosen: no answer. */
  if (self->one && (value->len == 0 || strchr (value->str, ' ')))
    return;
  fp_question_answer (FP_QUESTION (self), value->str);
}

static void
clear_cb (FpChoicesQuestion *self)
{
  /* The button goes away; the focus should not go to the end of the page with it. */
  gtk_widget_grab_focus (self->buttons->pdata[0]);
  fp_question_answer (FP_QUESTION (self), "");
}

static GtkWidget *
make_button (FpChoicesQuestion *self,
             const FpChoice    *choice)
{
  GtkWidget *button = gtk_check_button_new ();
  const char *label = choice->label && *choice->label ? choice->label : choice->value;

  gtk_check_button_set_label (GTK_CHECK_BUTTON (button), label);
  /* GtkCheckButton 4.8 neither wraps its label nor takes another one. */
  for (GtkWidget *child = gtk_widget_get_first_child (button); child; child = gtk_widget_get_next_sibling (child))
    if (GTK_IS_LABEL (child))
      {
        gtk_label_set_wrap (GTK_LABEL (child), TRUE);
        gtk_label_set_wrap_mode (GTK_LABEL (child), PANGO_WRAP_WORD_CHAR);
        gtk_label_set_xalign (GTK_LABEL (child), 0);
        gtk_widget_set_hexpand (child, TRUE);
      }
  if (self->one && self->buttons->len > 0)
    gtk_check_button_set_group (GTK_CHECK_BUTTON (button), self->buttons->pdata[0]);
  g_signal_connect_object (button, "toggled", G_CALLBACK (toggled_cb), self, G_CONNECT_SWAPPED);
  g_ptr_array_add (self->buttons, button);

  return button;
}

/* Choices can depend on other answers. */
static void
fill_list (FpChoicesQuestion *self)
{
  GPtrArray *choices = fp_form_node_get_choices (fp_question_get_node (FP_QUESTION (self)));

  for (guint i = 0; i < self->buttons->len; i++)
    gtk_box_remove (GTK_BOX (self->list), self->buttons->pdata[i]);
  g_ptr_array_set_size (self->buttons, 0);
  for (guint i = 0; choices && i < choices->len; i++)
    gtk_box_append (GTK_BOX (self->list), make_button (self, choices->pdata[i]));
}

static void
choices_changed_cb (FpChoicesQuestion *self)
{
  fill_list (self);
  fp_choices_question_show_value (FP_QUESTION (self));
}

static void
fp_choices_question_constructed (GObject *object)
{
  FpChoicesQuestion *self = FP_CHOICES_QUESTION (object);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  FpFormNode *node;

  G_OBJECT_CLASS (fp_choices_question_parent_class)->constructed (object);

  node = fp_question_get_node (FP_QUESTION (self));
  self->one = fp_form_node_get_question (node) == FP_QUESTION_SELECT_ONE;
  self->list = g_object_new (GTK_TYPE_BOX, "orientation", GTK_ORIENTATION_VERTICAL, "accessible-role",
                             self->one ? GTK_ACCESSIBLE_ROLE_RADIO_GROUP : GTK_ACCESSIBLE_ROLE_GROUP, NULL);
  gtk_widget_add_css_class (self->list, "choices");
  gtk_box_append (GTK_BOX (box), self->list);
  fill_list (self);
  if (self->one)
    {
      self->clear = gtk_button_new_with_label (_("Clear Answer"));
      gtk_widget_set_halign (self->clear, GTK_ALIGN_START);
      gtk_widget_add_css_class (self->clear, "flat");
      gtk_widget_add_css_class (self->clear, "clear-answer");
      g_signal_connect_object (self->clear, "clicked", G_CALLBACK (clear_cb), self, G_CONNECT_SWAPPED);
      gtk_box_append (GTK_BOX (box), self->clear);
    }
  fp_question_set_control (FP_QUESTION (self), box, self->list);
  g_signal_connect_object (node, "notify::choices", G_CALLBACK (choices_changed_cb), self, G_CONNECT_SWAPPED);
}

static void
fp_choices_question_finalize (GObject *object)
{
  g_ptr_array_unref (FP_CHOICES_QUESTION (object)->buttons);

  G_OBJECT_CLASS (fp_choices_question_parent_class)->finalize (object);
}

static void
fp_choices_question_class_init (FpChoicesQuestionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = fp_choices_question_constructed;
  object_class->finalize = fp_choices_question_finalize;
  FP_QUESTION_CLASS (klass)->show_value = fp_choices_question_show_value;
}

static void
fp_choices_question_init (FpChoicesQuestion *self)
{
  self->buttons = g_ptr_array_new ();
}
