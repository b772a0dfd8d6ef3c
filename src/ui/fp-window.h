/* fp-window.h — the window: lists on the one side, what is chosen on the other
 *
 * Shown before the store is open; holds no truth. Main context only. */
#pragma once

#include <adwaita.h>

#include "bus/fp-agent-client.h"

G_BEGIN_DECLS

#define FP_TYPE_WINDOW (fp_window_get_type ())
G_DECLARE_FINAL_TYPE (FpWindow, fp_window, FP, WINDOW, AdwApplicationWindow)

GtkWidget *fp_window_new          (AdwApplication *app);
/* The store is open: fills the pages. */
void       fp_window_start        (FpWindow       *self,
                                   FpEngine       *engine,
                                   FpAgentClient  *client);
/* The store cannot be opened. Its button activates "app.open-store". */
void       fp_window_show_trouble (FpWindow       *self,
                                   const GError   *error);
/* @receiver: process of the demo's receiver, or 0. After fp_window_start(). */
void       fp_window_start_demo   (FpWindow       *self,
                                   GPid            receiver);
/* Adds a form and shows it in the list. */
void       fp_window_open_file    (FpWindow       *self,
                                   GFile          *file);
/* Begins to fill the form with this id of its own. */
void       fp_window_fill_by_id   (FpWindow       *self,
                                   const char     *form_id);
/* Saves what is not durable yet; done when it is, or cannot be. */
void       fp_window_flush_async  (FpWindow            *self,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data);
gboolean   fp_window_flush_finish (FpWindow            *self,
                                   GAsyncResult        *result,
                                   GError             **error);

G_END_DECLS
