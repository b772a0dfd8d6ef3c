#include "config.h"

#include "ui/fp-question-private.h"

#include <glib/gi18n.h>

/* With more choices than this they can be searched. */
#define SEARCH_FROM 8

/* One of many choices, folded away (appearance "minimal"); a long list can be searched. */
struct _FpDropDownQuestion
{
  FpQuestion parent_instance;

  /* Borrowed: a child. */
  GtkDropDown *drop_down;

  gboolean     showing;
};

G_DEFINE_FINAL_TYPE (FpDropDownQuestion, fp_drop_down_question, FP_TYPE_QUESTION)

/* The first row is "no answer". */
static void
fp_drop_down_question_show_value (FpQuestion *question)
{
  FpDropDownQuestion *self = FP_DROP_DOWN_QUESTION (question);
  FpFormNode *node = fp_question_get_node (question);
  GPtrArray *choices = fp_form_node_get_choices (node);
  guint selected = 0;

  for (guint i = 0; choices && i < choices->len; i++)
    if (g_strcmp0 (((FpChoice *) choices->pdata[i])->value, fp_form_node_get_value (node)) == 0)
      selected = i + 1;
  self->showing = TRUE;
  gtk_drop_down_set_selected (self->drop_down, selected);
  self->showing = FALSE;
}

static void
selected_cb (FpDropDownQuestion *self)
{
  GPtrArray *choices = fp_form_node_get_choices (fp_question_get_node (FP_QUESTION (self)));
  guint selected = gtk_drop_down_get_selected (self->drop_down);

  if (self->showing || selected == GTK_INVALID_LIST_POSITION)
    return;
  fp_question_answer (FP_QUESTION (self),
                      selected == 0 ? "" : ((FpChoice *) choices->pdata[selected - 1])->value);
}

static void
setup_cb (GtkListItemFactory *factory,
          GtkListItem        *row)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_list_item_set_child (row, label);
}

static void
setup_wrapped_cb (GtkListItemFactory *factory,
                  GtkListItem        *row)
{
  GtkWidget *label;

  setup_cb (factory, row);
  label = gtk_list_item_get_child (row);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_NONE);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 36);
}

static void
bind_cb (GtkListItemFactory *factory,
         GtkListItem        *row)
{
  gtk_label_set_label (GTK_LABEL (gtk_list_item_get_child (row)),
                       gtk_string_object_get_string (gtk_list_item_get_item (row)));
}

static GtkListItemFactory *
make_factory (GCallback setup)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();

  g_signal_connect (factory, "setup", setup, NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_cb), NULL);

  return factory;
}

/* Choices can depend on other answers. */
static void
choices_changed_cb (FpDropDownQuestion *self)
{
  GPtrArray *choices = fp_form_node_get_choices (fp_question_get_node (FP_QUESTION (self)));
  g_autoptr(GtkStringList) strings = gtk_string_list_new (NULL);

  gtk_string_list_append (strings, _("No answer"));
  for (guint i = 0; choices && i < choices->len; i++)
    {
      const FpChoice *choice = choices->pdata[i];

      gtk_string_list_append (strings, choice->label && *choice->label ? choice->label : choice->value);
    }
  self->showing = TRUE;
  gtk_drop_down_set_model (self->drop_down, G_LIST_MODEL (strings));
  gtk_drop_down_set_enable_search (self->drop_down, choices && choices->len > SEARCH_FROM);
  self->showing = FALSE;
  fp_drop_down_question_show_value (FP_QUESTION (self));
}

static void
fp_drop_down_question_constructed (GObject *object)
{
  FpDropDownQuestion *self = FP_DROP_DOWN_QUESTION (object);
  g_autoptr(GtkListItemFactory) folded = make_factory (G_CALLBACK (setup_cb));
  g_autoptr(GtkListItemFactory) unfolded = make_factory (G_CALLBACK (setup_wrapped_cb));
  GtkWidget *drop_down = gtk_drop_down_new (NULL, gtk_property_expression_new (GTK_TYPE_STRING_OBJECT, NULL, "string"));

  G_OBJECT_CLASS (fp_drop_down_question_parent_class)->constructed (object);

  self->drop_down = GTK_DROP_DOWN (drop_down);
  gtk_drop_down_set_factory (self->drop_down, folded);
  gtk_drop_down_set_list_factory (self->drop_down, unfolded);
  choices_changed_cb (self);
  fp_question_set_control (FP_QUESTION (self), drop_down, drop_down);
  g_signal_connect_object (drop_down, "notify::selected", G_CALLBACK (selected_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (fp_question_get_node (FP_QUESTION (self)), "notify::choices",
                           G_CALLBACK (choices_changed_cb), self, G_CONNECT_SWAPPED);
}

static void
fp_drop_down_question_class_init (FpDropDownQuestionClass *klass)
{
  G_OBJECT_CLASS (klass)->constructed = fp_drop_down_question_constructed;
  FP_QUESTION_CLASS (klass)->show_value = fp_drop_down_question_show_value;
}

static void
fp_drop_down_question_init (FpDropDownQuestion *self)
{
}
