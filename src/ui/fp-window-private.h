/* fp-window-private.h — the window's fields, for its three files */
#pragma once

#include "ui/fp-window.h"

#include "ui/fp-demo-bar.h"
#include "ui/fp-drafts-page.h"
#include "ui/fp-form-page.h"
#include "ui/fp-forms-page.h"
#include "ui/fp-items-page.h"
#include "ui/fp-sidebar.h"

G_BEGIN_DECLS

struct _FpWindow
{
  AdwApplicationWindow parent_instance;

  /* Template widgets. */
  AdwToastOverlay *toasts; /* over all of the window */
  FpDemoBar       *demo_bar;
  GtkStack        *screens;
  AdwStatusPage   *trouble;
  AdwLeaflet      *leaflet;
  FpSidebar       *sidebar;
  AdwToastOverlay *pane;   /* over the content, without the sidebar */
  AdwLeaflet      *content;
  GtkWidget       *lists;
  AdwHeaderBar    *header;
  AdwWindowTitle  *title;
  GtkWidget       *back_button;
  GtkMenuButton   *add_button;
  GtkStack        *pages;
  FpFormsPage     *forms_page;
  FpDraftsPage    *drafts_page;
  FpItemsPage     *outbox_page;
  FpItemsPage     *sent_page;

  /* Owned. */
  FpEngine             *engine; /* NULL until the store is open */
  FpAgentClient        *client; /* NULL until then */
  GSettings            *settings; /* NULL where the schema is not installed */
  GtkFileChooserNative *chooser;
  GCancellable         *cancellable;
  AdwToast             *toast; /* the last one shown; may be gone from the screen */

  /* Borrowed: a child of content, NULL while no form is open. */
  FpFormPage *form_page;

  gboolean    opening; /* a form or draft is being read */
  gboolean    closing;
};

/* fp-window.c */
void fp_window_tell         (FpWindow   *self,
                             const char *text);
/* @toast: (transfer full) */
void fp_window_add_toast    (FpWindow   *self,
                             AdwToast   *toast);
gboolean fp_window_may_leave (FpWindow  *self);
void fp_window_show_page    (FpWindow   *self,
                             const char *page);
void fp_window_push         (FpWindow   *self,
                             GtkWidget  *page);
/* Back to the lists; what was pushed goes away after its transition. */
void fp_window_pop          (FpWindow   *self);
void fp_window_update       (FpWindow   *self);

/* fp-window-close.c */
void     fp_window_restore_look      (FpWindow  *self);
gboolean fp_window_close_request     (GtkWindow *window);
void     fp_window_active_changed_cb (FpWindow  *self);

/* fp-window-forms.c */
void fp_window_install_form_actions (GtkWidgetClass *widget_class);
/* fp-window-actions.c */
void fp_window_install_actions      (GtkWidgetClass *widget_class);

G_END_DECLS
