/* fp-link.h — "could the network work?"
 *
 * One object says what is believed now; changes are coalesced. Main context only. */
#pragma once

#include <gio/gio.h>

#include "base/fp-clock.h"

G_BEGIN_DECLS

typedef enum {
  FP_LINK_UNKNOWN, /* nobody knows: act as if it may work */
  FP_LINK_OFFLINE, /* no link, or certainly none that leads anywhere */
  FP_LINK_LIMITED, /* a link without the internet: LAN hosts can be reached */
  FP_LINK_PORTAL,  /* a sign-in page stands between */
  FP_LINK_FULL,
} FpLinkState;

const char *fp_link_state_to_string (FpLinkState state); /* "unknown", "offline", "limited", "portal", "full" */
gboolean    fp_link_state_from_string (const char *word, FpLinkState *state);

typedef enum {
  FP_LINK_SOURCE_NM,      /* libnm */
  FP_LINK_SOURCE_MONITOR, /* GNetworkMonitor: no NetworkManager here */
  FP_LINK_SOURCE_FAKE,    /* steered by fp_link_set() */
} FpLinkSource;

#define FP_TYPE_LINK (fp_link_get_type ())
G_DECLARE_DERIVABLE_TYPE (FpLink, fp_link, FP, LINK, GObject)

struct _FpLinkClass
{
  GObjectClass parent_class;

  /* Asks the network to look again now; the answer comes as "changed". */
  void (*check) (FpLink *self);
};

/* libnm where NetworkManager runs or may come; GNetworkMonitor where there is no system bus. Never fails for want of
 * a network. Env FIELDPOST_LINK=nm|monitor forces one. */
void         fp_link_new_async     (FpClock             *clock,
                                    GCancellable        *cancellable,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data);
FpLink      *fp_link_new_finish    (GAsyncResult        *result,
                                    GError             **error);
/* For the demo bar and for unit tests. */
FpLink      *fp_link_new_fake      (FpLinkState          state);
void         fp_link_set           (FpLink              *self,
                                    FpLinkState          state,
                                    gboolean             metered);

/* What is believed now, after storms of changes have settled. */
FpLinkState  fp_link_get_state     (FpLink              *self);
gboolean     fp_link_get_has_link  (FpLink              *self); /* any non-loopback link is up */
gboolean     fp_link_get_metered   (FpLink              *self);
FpLinkSource fp_link_get_source    (FpLink              *self);
/* Wall-clock-free time stamp of the moment the present state began, boot ms: for "full → first byte". */
gint64       fp_link_get_since     (FpLink              *self);
void         fp_link_check         (FpLink              *self);

/* Signal "changed": any of the above is another; coalesced, at most one per settled change. */

G_END_DECLS
