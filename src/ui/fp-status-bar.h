/* fp-status-bar.h — the sync status at the foot of the sidebar; hidden while nothing waits */
#pragma once

#include <gtk/gtk.h>

#include "engine/fp-engine.h"

G_BEGIN_DECLS

#define FP_TYPE_STATUS_BAR (fp_status_bar_get_type ())
G_DECLARE_FINAL_TYPE (FpStatusBar, fp_status_bar, FP, STATUS_BAR, GtkWidget)

void fp_status_bar_set_status (FpStatusBar    *self,
                               const FpStatus *status);

G_END_DECLS
