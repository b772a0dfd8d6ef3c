#include "config.h"

#include "ui/fp-form-page-private.h"

#include <glib/gi18n.h>
#include <string.h>

#include "ui/fp-form-section.h"
#include "ui/fp-format.h"
#include "ui/fp-ui.h"

G_DEFINE_FINAL_TYPE (FpFormPage, fp_form_page, GTK_TYPE_WIDGET)

enum {
  PROP_0,
  PROP_LANGUAGE,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

void
fp_form_page_update_actions (FpFormPage *self)
{
  FpFormModel *model = fp_draft_get_model (self->draft);
  gboolean gone = fp_draft_get_state (self->draft) == FP_DRAFT_GONE;
  gboolean open = !gone && !self->submitting;

  gtk_widget_action_set_enabled (GTK_WIDGET (self), "form.undo", open && fp_form_model_can_undo (model));
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "form.redo", open && fp_form_model_can_redo (model));
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "form.submit", open);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "form.discard", open);
  gtk_widget_set_sensitive (GTK_WIDGET (self->content), open);
}

static void
model_changed_cb (FpFormPage *self)
{
  g_autofree char *text = NULL;
  guint answered, total;

  fp_form_model_get_progress (fp_draft_get_model (self->draft), &answered, &total);
  /* Translators: so many questions are answered */
  text = g_strdup_printf (_("%u of %u"), answered, total);
  gtk_label_set_label (self->progress_label, text);
  gtk_progress_bar_set_fraction (self->progress, total > 0 ? (gdouble) answered / total : 1);
  fp_form_page_update_actions (self);
}

/* Says "Saved" only where the draft does: what it shows is durable then. */
static void
draft_changed_cb (FpFormPage *self)
{
  const char *error = fp_draft_get_error (self->draft);
  const char *icon = "emblem-ok-symbolic";
  g_autofree char *text = NULL;
  g_autofree char *time = NULL;
  gboolean trouble = FALSE;

  switch (fp_draft_get_state (self->draft))
    {
    case FP_DRAFT_EMPTY:
      icon = "document-edit-symbolic";
      text = g_strdup (_("Saves itself as you type"));
      break;
    case FP_DRAFT_SAVED:
      time = fp_format_clock (fp_draft_get_saved_at (self->draft));
      /* Translators: followed by a time, e.g. "Saved 12:04:31" */
      text = g_strdup_printf (_("Saved %s"), time);
      break;
    case FP_DRAFT_DIRTY:
    case FP_DRAFT_SAVING:
      icon = "content-loading-symbolic";
      text = g_strdup (_("Saving…"));
      break;
    case FP_DRAFT_FAILED:
      trouble = TRUE;
      text = g_strdup_printf (_("Not saved: %s"), error ? error : "");
      break;
    case FP_DRAFT_GONE:
    default:
      trouble = TRUE;
      text = g_strdup (error ? error : _("This draft is gone"));
      break;
    }
  gtk_label_set_label (self->save_label, text);
  gtk_image_set_from_icon_name (self->save_icon, trouble ? "dialog-warning-symbolic" : icon);
  if (trouble)
    gtk_widget_add_css_class (self->save_box, "error");
  else
    gtk_widget_remove_css_class (self->save_box, "error");
  fp_form_page_update_actions (self);
}

FpQuestion *
fp_form_page_find_question (FpFormPage *self,
                            FpFormNode *node)
{
  for (guint i = 0; i < self->questions->len; i++)
    if (fp_question_get_node (self->questions->pdata[i]) == node)
      return self->questions->pdata[i];

  return NULL;
}

/* The whole question, not only the field in it. */
static void
scroll_to (FpFormPage *self,
           FpQuestion *question)
{
  GtkAdjustment *adjustment = gtk_scrolled_window_get_vadjustment (self->scroller);
  graphene_rect_t bounds;

  if (!gtk_widget_compute_bounds (GTK_WIDGET (question), GTK_WIDGET (self->content), &bounds)
      || bounds.size.height <= 0)
    return;
  gtk_adjustment_clamp_page (adjustment, bounds.origin.y, bounds.origin.y + bounds.size.height + 24);
}

gboolean
fp_form_page_go_to (FpFormPage *self,
                    FpQuestion *question)
{
  if (!question || !gtk_widget_get_visible (GTK_WIDGET (question)) || !fp_question_focus (question))
    return FALSE;
  scroll_to (self, question);

  return TRUE;
}

static void
next_cb (FpQuestion *question,
         FpFormPage *self)
{
  guint at;

  if (!g_ptr_array_find (self->questions, question, &at))
    return;
  for (at++; at < self->questions->len; at++)
    if (fp_form_page_go_to (self, self->questions->pdata[at]))
      return;
  gtk_widget_child_focus (GTK_WIDGET (self), GTK_DIR_TAB_FORWARD);
}

static void
entered_cb (FpQuestion *question,
            FpFormPage *self)
{
  const char *path = fp_form_node_get_path (fp_question_get_node (question));

  if (g_strcmp0 (path, fp_draft_get_position (self->draft)) != 0)
    fp_draft_set_position (self->draft, path);
}

static void
flush_now (FpFormPage *self)
{
  /* How it went is shown by the draft's state. */
  fp_draft_flush_async (self->draft, NULL, NULL, NULL);
}

static void
build (FpFormPage *self)
{
  FpFormNode *root = fp_form_model_get_root (fp_draft_get_model (self->draft));

  if (self->section)
    gtk_box_remove (self->content, self->section);
  g_ptr_array_set_size (self->questions, 0);
  self->section = fp_form_section_new (self->draft, root, 0, self->questions);
  gtk_box_append (self->content, self->section);
  for (guint i = 0; i < self->questions->len; i++)
    {
      g_signal_connect_object (self->questions->pdata[i], "next", G_CALLBACK (next_cb), self, 0);
      g_signal_connect_object (self->questions->pdata[i], "entered", G_CALLBACK (entered_cb), self, 0);
      g_signal_connect_object (self->questions->pdata[i], "left", G_CALLBACK (flush_now), self, G_CONNECT_SWAPPED);
    }
}

static void
add_notes (FpFormPage *self)
{
  const char *const *notes = fp_form_def_get_notes (fp_form_model_get_def (fp_draft_get_model (self->draft)));
  g_autofree char *text = g_strjoinv ("\n", (char **) notes);

  gtk_label_set_label (self->notes_label, text);
  gtk_widget_set_visible (self->notes_box, *text != '\0');
}

/* "English (en)" is "English" where there is room, and "EN" in a narrow window. */
static void
show_language (FpFormPage *self)
{
  const char *language = fp_form_model_get_language (fp_draft_get_model (self->draft));
  g_auto(GStrv) parts = g_strsplit (language ? language : "", " (", 2);
  g_autofree char *code = NULL;
  g_autofree char *spoken = NULL;

  if (!parts[0])
    return;
  if (self->narrow && parts[1])
    code = g_utf8_strup (parts[1], (gssize) strcspn (parts[1], ")"));
  else if (self->narrow)
    code = g_utf8_substring (parts[0], 0, MIN (2, g_utf8_strlen (parts[0], -1)));
  gtk_menu_button_set_label (self->language_button, code ? code : parts[0]);
  /* The button in the button has the focus, and would be read as "English" alone. */
  spoken = g_strdup_printf (_("Language: %s"), parts[0]);
  gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_first_child (GTK_WIDGET (self->language_button))),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, spoken, -1);
}

static void
add_languages (FpFormPage *self)
{
  const char *const *languages = fp_form_def_get_languages (fp_form_model_get_def (fp_draft_get_model (self->draft)));
  g_autoptr(GMenu) menu = g_menu_new ();

  for (guint i = 0; languages[i]; i++)
    {
      g_autoptr(GMenuItem) item = g_menu_item_new (languages[i], NULL);

      g_menu_item_set_action_and_target (item, "form.language", "s", languages[i]);
      g_menu_append_item (menu, item);
    }
  gtk_menu_button_set_menu_model (self->language_button, G_MENU_MODEL (menu));
  gtk_widget_set_visible (GTK_WIDGET (self->language_button), g_strv_length ((char **) languages) > 1);
  show_language (self);
}

static void
fp_form_page_get_property (GObject    *object,
                           guint       prop_id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  FpFormPage *self = FP_FORM_PAGE (object);

  if (prop_id == PROP_LANGUAGE)
    {
      const char *language = self->draft ? fp_form_model_get_language (fp_draft_get_model (self->draft)) : NULL;

      /* The state of an action is never nothing. */
      g_value_set_string (value, language ? language : "");
    }
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
fp_form_page_set_property (GObject      *object,
                           guint         prop_id,
                           const GValue *value,
                           GParamSpec   *pspec)
{
  FpFormPage *self = FP_FORM_PAGE (object);

  if (prop_id != PROP_LANGUAGE)
    {
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      return;
    }
  fp_form_model_set_language (fp_draft_get_model (self->draft), g_value_get_string (value));
  /* The labels of choices do not notify, so the questions are made anew. */
  build (self);
  show_language (self);
  fp_form_page_resume (self);
}

static void
fp_form_page_unmap (GtkWidget *widget)
{
  flush_now (FP_FORM_PAGE (widget));

  GTK_WIDGET_CLASS (fp_form_page_parent_class)->unmap (widget);
}

static void
fp_form_page_dispose (GObject *object)
{
  FpFormPage *self = FP_FORM_PAGE (object);

  fp_ui_dispose_template (GTK_WIDGET (self), FP_TYPE_FORM_PAGE);
  g_clear_object (&self->engine);
  g_clear_object (&self->draft);
  g_clear_pointer (&self->questions, g_ptr_array_unref);

  G_OBJECT_CLASS (fp_form_page_parent_class)->dispose (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class, FP_UI_TEMPLATE ("fp-form-page"));
  gtk_widget_class_bind_template_child (widget_class, FpFormPage, title);
  gtk_widget_class_bind_template_child (widget_class, FpFormPage, undo_button);
  gtk_widget_class_bind_template_child (widget_class, FpFormPage, redo_button);
  gtk_widget_class_bind_template_child (widget_class, FpFormPage, language_button);
  gtk_widget_class_bind_template_child (widget_class, FpFormPage, toasts);
  gtk_widget_class_bind_template_child (widget_class, FpFormPage, scroller);
  gtk_widget_class_bind_template_child (widget_class, FpFormPage, content);
  gtk_widget_class_bind_template_child (widget_class, FpFormPage, notes_box);
  gtk_widget_class_bind_template_child (widget_class, FpFormPage, notes_label);
  gtk_widget_class_bind_template_child (widget_class, FpFormPage, save_box);
  gtk_widget_class_bind_template_child (widget_class, FpFormPage, save_icon);
  gtk_widget_class_bind_template_child (widget_class, FpFormPage, save_label);
  gtk_widget_class_bind_template_child (widget_class, FpFormPage, progress);
  gtk_widget_class_bind_template_child (widget_class, FpFormPage, progress_label);
}

static void
fp_form_page_class_init (FpFormPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = fp_form_page_get_property;
  object_class->set_property = fp_form_page_set_property;
  object_class->dispose = fp_form_page_dispose;
  widget_class->unmap = fp_form_page_unmap;

  props[PROP_LANGUAGE] = g_param_spec_string ("language", NULL, NULL, NULL,
                                              G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
  g_signal_new ("closed", FP_TYPE_FORM_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  g_signal_new ("submitted", FP_TYPE_FORM_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  g_signal_new ("discarded", FP_TYPE_FORM_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);

  bind_template (widget_class);
  fp_form_page_install_actions (widget_class);
  gtk_widget_class_install_property_action (widget_class, "form.language", "language");
}

static void
fp_form_page_init (FpFormPage *self)
{
  self->questions = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

FpFormPage *
fp_form_page_new (FpEngine *engine,
                  FpDraft  *draft)
{
  FpFormPage *self = g_object_new (FP_TYPE_FORM_PAGE, NULL);
  FpFormModel *model = fp_draft_get_model (draft);

  self->engine = g_object_ref (engine);
  self->draft = g_object_ref (draft);
  adw_window_title_set_title (self->title, fp_form_def_get_title (fp_form_model_get_def (model)));
  add_notes (self);
  add_languages (self);
  build (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LANGUAGE]);
  g_signal_connect_object (draft, "notify", G_CALLBACK (draft_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (model, "changed", G_CALLBACK (model_changed_cb), self, G_CONNECT_SWAPPED);
  model_changed_cb (self);
  draft_changed_cb (self);

  return self;
}

FpDraft *
fp_form_page_get_draft (FpFormPage *self)
{
  return self->draft;
}

AdwToastOverlay *
fp_form_page_get_toasts (FpFormPage *self)
{
  return self->toasts;
}

void
fp_form_page_resume (FpFormPage *self)
{
  const char *position = fp_draft_get_position (self->draft);
  FpFormNode *node = position ? fp_form_model_find (fp_draft_get_model (self->draft), position) : NULL;

  if (node && fp_form_page_go_to (self, fp_form_page_find_question (self, node)))
    return;
  for (guint i = 0; i < self->questions->len; i++)
    if (fp_form_page_go_to (self, self->questions->pdata[i]))
      return;
}

void
fp_form_page_set_narrow (FpFormPage *self,
                         gboolean    narrow)
{
  gtk_widget_set_visible (self->undo_button, !narrow);
  gtk_widget_set_visible (self->redo_button, !narrow);
  self->narrow = narrow;
  show_language (self);
}
