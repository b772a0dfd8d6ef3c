/* fp-sync-turn.h — what the sender does in the store in one transaction
 *
 * A turn writes what became of finished attempts, changes waits, claims items and looks what is due next, in this
 * order. One turn is under way at a time; many answers that come in meanwhile share the next commit. */
#pragma once

#include "store/fp-form-rows.h"
#include "store/fp-hold-rows.h"
#include "sync/fp-gate.h"

G_BEGIN_DECLS

typedef enum {
  FP_SYNC_CLEAR_NONE,
  FP_SYNC_CLEAR_CHANCE, /* a new chance: not a server's Retry-After */
  FP_SYNC_CLEAR_ALL,    /* a person asked */
} FpSyncClear;

/* What became of an attempt. */
typedef struct {
  FpItem    *item;         /* owned: as it is to be written */
  FpReceipt *receipt;      /* (nullable), owned */
  gint64     ms;           /* from "usable" to its first byte; -1 = does not apply */
  gboolean   newly_failed; /* it stopped being tried quickly */
  FpHoldRow *hold;         /* (nullable), owned: what keeps others too */
  gboolean   cut;          /* we broke it off after some byte of it was sent */
  gboolean   split;        /* its parts go in other requests than before */
} FpSyncOutcome;

FpSyncOutcome *fp_sync_outcome_new  (void);
void           fp_sync_outcome_free (FpSyncOutcome *outcome);

/* A claimed item, durably in state sending. */
typedef struct {
  FpItem      *item;         /* owned, with parts */
  FpItemState  state_before;
  gboolean     maybe_before;
  char        *user;         /* (nullable): Basic user name of its server */
  FpSuccess    success;      /* of its endpoint… */
  gboolean     asks_if_lost; /* …likewise */
} FpSyncClaim;

void           fp_sync_claim_free   (FpSyncClaim   *claim);

/* An item that is to wait for something else than itself. */
typedef struct {
  gint64 item;
  gint64 until;  /* boot ms; FP_ITEM_PARKED = for a network that does not cost */
} FpSyncPark;

typedef struct {
  /* In. Not touched by others while the turn is under way. */
  gboolean     begin;      /* the first turn with the lock: orphans */
  FpSyncClear  clear;
  gboolean     again;      /* the rest of what a turn before this one began to clear */
  char        *clear_tag;  /* (nullable): only items with this tag… */
  gint64       clear_after; /* …that are older than this one; 0 = from the newest */
  GHashTable  *clear_hosts; /* (nullable): set of char *, hosts that have a new chance of their own */
  gint64       shift;      /* ms by which the wall clock was set; 0 = it was not */
  gboolean     go_on;      /* with what was lifted, see fp_hold_rows_go_on() */
  gboolean     unpark;     /* what waited for a network that does not cost is due */
  gboolean     drop_ballast; /* nothing but that */
  GPtrArray   *outcomes;   /* FpSyncOutcome */
  GArray      *claims;     /* gint64 */
  GArray      *parks;      /* FpSyncPark */
  gboolean     look;
  gboolean     look_at_waiting; /* also what is not yet due: to know for whom the network is missed */
  gint64       boot_ms;
  char        *boot_id;
  GHashTable  *closed;     /* set of hosts */
  GHashTable  *limits;     /* host -> gint64, bytes that one of its requests may have */
  guint        limit;      /* rows a host */

  /* Out. */
  gboolean     paused;     /* Work Offline */
  gboolean     full;       /* the disk: nothing was claimed */
  gboolean     unfinished; /* with @look: there is more to go on with */
  gboolean     more;       /* not all waits were cleared: the same once more */
  gint64       cleared_to; /* with @clear_tag: the last item that was looked at */
  gboolean     more_parked; /* not all is due that was parked */
  gboolean     wants_to_ask; /* a form was refused: whose refusal was it? */
  FpMetered    metered;    /* with @look */
  gint64       metered_limit; /* bytes; with @look */
  GHashTable  *broken_off; /* set of gint64: in flight, and a person wants them held; with @look or outcomes */
  GPtrArray   *claimed;    /* FpSyncClaim */
  GPtrArray   *due;        /* FpItem; with @look */
  GPtrArray   *waiting;    /* FpItem; with @look_at_waiting */
  FpItemCounts *counts;    /* with @look */
  gint64       next_due;   /* boot ms; with @look */
} FpSyncTurn;

FpSyncTurn *fp_sync_turn_new       (void);
void        fp_sync_turn_unref     (gpointer     turn);
FpSyncTurn *fp_sync_turn_ref       (FpSyncTurn  *turn);
/* TRUE if it changes rows: needs a write transaction. */
gboolean    fp_sync_turn_is_write  (FpSyncTurn  *turn);
/* FpStoreFunc; returns @turn or NULL with @error. */
gpointer    fp_sync_turn_run       (FpStoreTxn  *txn,
                                    gpointer     turn,
                                    GError     **error);

G_END_DECLS
