/* fp-sync.h — the sender: claims due items, sends them, writes receipts
 *
 * Runs only while this process holds the sender lock; waits for it otherwise. Main context only. */
#pragma once

#include "link/fp-link.h"
#include "net/fp-http.h"
#include "store/fp-store.h"
#include "base/fp-random.h"

G_BEGIN_DECLS

typedef enum {
  FP_SYNC_IDLE,
  FP_SYNC_SYNCING,
  FP_SYNC_OFFLINE,
  FP_SYNC_PORTAL,
  FP_SYNC_PAUSED,
  FP_SYNC_ERROR,   /* something failed or waits after a failure; counts and reason tell */
} FpSyncState;

const char *fp_sync_state_to_string   (FpSyncState  state); /* "idle", "syncing", … as on D-Bus */
gboolean    fp_sync_state_from_string (const char  *word,
                                       FpSyncState *state);

#define FP_TYPE_SYNC (fp_sync_get_type ())
G_DECLARE_FINAL_TYPE (FpSync, fp_sync, FP, SYNC, GObject)

FpSync      *fp_sync_new          (FpStore             *store,
                                   FpLink              *link,
                                   FpHttp              *http,
                                   FpRandom            *random);  /* (transfer full) */
/* Takes the lock now or waits for it; then orphans go back to pending and sending begins. Asynchronous; "holding"
 * notifies. */
void         fp_sync_start        (FpSync              *self);
gboolean     fp_sync_get_holding  (FpSync              *self);
/* Aborts requests in flight (their rows become pending with maybe_delivered), writes receipts that wait to be
 * written, drops the lock. */
void         fp_sync_stop_async   (FpSync              *self,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data);
gboolean     fp_sync_stop_finish  (FpSync              *self,
                                   GAsyncResult        *result,
                                   GError             **error);
/* Somebody wrote to the store: look for due items soon. */
void         fp_sync_nudge        (FpSync              *self);
/* Sync Now: clears every wait, even a Retry-After, asks the link to look again, opens breakers. */
void         fp_sync_now          (FpSync              *self,
                                   const char          *tag); /* NULL = all */
/* The machine woke up, and somebody else than the clock says so. */
void         fp_sync_resume       (FpSync              *self);
FpSyncState  fp_sync_get_state    (FpSync              *self); /* property "state" notifies */
FpLink      *fp_sync_get_link     (FpSync              *self);
/* Done and total of the present run: items delivered or given up since it began, and those plus what is left. */
void         fp_sync_get_run      (FpSync              *self,
                                   guint               *done,
                                   guint               *total);

/* Signals: "progress" (gint64 id, gint64 done, gint64 total) at most 4 times a second an item;
 * "delivered" (gint64 id, const char *uid, gint64 ms from the link becoming usable to this item's first byte, or -1);
 * "failed" (gint64 id, const char *reason_code): an item stopped being tried quickly;
 * "asked" (const char *tag): fp_sync_now() was called; "woken" (): its timer woke it. */

G_END_DECLS
