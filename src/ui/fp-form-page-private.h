/* fp-form-page-private.h — the form page's fields, for its two files */
#pragma once

#include "ui/fp-form-page.h"
#include "ui/fp-question.h"

G_BEGIN_DECLS

struct _FpFormPage
{
  GtkWidget parent_instance;

  /* Template widgets. */
  AdwWindowTitle    *title;
  GtkWidget         *undo_button;
  GtkWidget         *redo_button;
  GtkMenuButton     *language_button;
  AdwToastOverlay   *toasts;
  GtkScrolledWindow *scroller;
  GtkBox            *content;
  GtkWidget         *notes_box;
  GtkLabel          *notes_label;
  GtkWidget         *save_box;
  GtkImage          *save_icon;
  GtkLabel          *save_label;
  GtkProgressBar    *progress;
  GtkLabel          *progress_label;

  /* Owned. */
  FpEngine  *engine;
  FpDraft   *draft;
  GPtrArray *questions; /* FpQuestion in order, borrowed from the widget tree */

  /* Borrowed: a child of content. */
  GtkWidget *section;

  gboolean   narrow; /* the window is folded */
  gboolean   submitting;
};

/* fp-form-page.c */
void        fp_form_page_update_actions  (FpFormPage     *self);
FpQuestion *fp_form_page_find_question   (FpFormPage     *self,
                                          FpFormNode     *node);
/* FALSE if it cannot take the focus. @question: (nullable) */
gboolean    fp_form_page_go_to           (FpFormPage     *self,
                                          FpQuestion     *question);

/* fp-form-page-actions.c */
void        fp_form_page_install_actions (GtkWidgetClass *widget_class);

G_END_DECLS
