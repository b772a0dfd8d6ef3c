/* fp-link-private.h — what the sources of the link layer share */
#pragma once

#include "link/fp-link.h"

G_BEGIN_DECLS

/* What a source sees at one moment. */
typedef struct {
  FpLinkState state;
  gboolean    has_link;
  gboolean    metered;
} FpLinkReading;

/* Properties of the sources: "clock". */
void     _fp_link_set_source    (FpLink              *self,
                                 FpLinkSource         source);
/* The first reading counts at once and silently; a later one when it has settled. */
void     _fp_link_take          (FpLink              *self,
                                 const FpLinkReading *reading);

/* Does the kernel have an interface besides loopback that runs and has an address? */
gboolean _fp_link_any_interface (void);

void     _fp_link_nm_new_async  (FpClock             *clock,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data);
FpLink  *_fp_link_nm_new_finish (GAsyncResult        *result,
                                 GError             **error);
FpLink  *_fp_link_monitor_new   (FpClock             *clock);

/* GNetworkMonitor's view, also used while NetworkManager is away. Emits "changed" once it may be believed. */
#define FP_TYPE_MONITOR_VIEW (_fp_monitor_view_get_type ())
G_DECLARE_FINAL_TYPE (FpMonitorView, _fp_monitor_view, FP, MONITOR_VIEW, GObject)

FpMonitorView *_fp_monitor_view_new  (FpClock         *clock);
void           _fp_monitor_view_read (FpMonitorView   *self,
                                      FpLinkReading   *reading);

G_END_DECLS
