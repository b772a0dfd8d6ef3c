/* fp-sync-private.h — the inside of FpSync, shared by fp-sync*.c only
 *
 * fp-sync.c: the object and its state. fp-sync-wake.c: the lock and what wakes it. fp-sync-pump.c: turns of the store,
 * choosing what goes next. fp-sync-flight.c: one attempt, from the claim to its outcome. */
#pragma once

#include "store/fp-sender-lock.h"
#include "sync/fp-breaker.h"
#include "sync/fp-policy.h"
#include "sync/fp-sync-turn.h"
#include "sync/fp-sync.h"

G_BEGIN_DECLS

#define FP_SYNC_PER_HOST 4
/* So many that some hosts that hang, with all they may have, leave room for the others. */
#define FP_SYNC_AT_ONCE 32

/* One attempt under way. */
typedef struct {
  FpSync       *sync;         /* owned: the sender outlives its attempts */
  FpSyncClaim  *claim;        /* owned */
  GCancellable *cancellable;  /* owned */
  gint64        told;         /* monotonic µs of the last "progress" */
  gboolean      whole;        /* all bytes are written, the answer is awaited */
} FpSyncFlight;

struct _FpSync
{
  GObject parent_instance;

  /* Owned. */
  FpStore *store;
  FpLink *link;
  FpHttp *http;
  FpClock *clock;
  FpRandom *random;
  FpTimer *timer;
  FpSenderLock *lock;         /* NULL: some other process may be sending */
  GCancellable *lock_wait;    /* NULL: not waiting for it */
  GPtrArray *stops;           /* GTask of fp_sync_stop_async() */
  gboolean started;
  gboolean stopping;

  /* Of the link, as last seen. */
  gboolean usable;
  gboolean has_link;
  gint64 usable_wall;         /* unix ms at which it became usable; 0 = it always was */

  /* What the next turn has to do. */
  gboolean want_begin;
  gboolean want_look;
  FpSyncClear want_clear;
  char *want_clear_tag;       /* (nullable), owned */
  GPtrArray *outcomes;        /* FpSyncOutcome that are not yet durable, owned */
  gint64 retry_write;         /* boot ms before which nothing is written, after a failure; 0 = none */

  /* The turn under way, owned; NULL = none. */
  FpSyncTurn *turn;
  /* What it writes: the "changed" of its own commit is no news. Owned; NULL = heard already. */
  GHashTable *own_ids;

  /* What the last look found. */
  GPtrArray *due;             /* FpItem, owned; NULL before */
  GPtrArray *waiting;         /* FpItem, owned; (nullable) */
  GHashTable *rows_left;      /* host -> rows of @due not yet taken, owned */
  FpItemCounts *counts;       /* owned; NULL before */
  gint64 next_due;            /* boot ms */
  gint64 looked_at;           /* boot ms */
  gboolean paused;

  GHashTable *breakers;       /* host -> FpBreaker, owned */
  GHashTable *flights;        /* item -> FpSyncFlight, borrowed: a flight ends itself */
  GHashTable *reposted;       /* set of items that met one 409, owned */

  FpSyncState state;
  guint run_done;
  guint run_gone;             /* finished since the last look */
};

FpGate     fp_sync_gate            (FpSync       *self,
                                    const FpItem *item);
FpBreaker *fp_sync_get_breaker     (FpSync       *self,
                                    const char   *host);
void       fp_sync_update_state    (FpSync       *self);
/* Ends a stop when nothing is under way any more; @error: why something could not be written. */
void       fp_sync_check_stopped   (FpSync       *self,
                                    const GError *error);
void       fp_sync_emit_outcome    (FpSync       *self,
                                    const FpSyncOutcome *outcome);
void       fp_sync_emit_woken      (FpSync       *self);
void       fp_sync_emit_progress   (FpSync       *self,
                                    gint64        item,
                                    gint64        done,
                                    gint64        total);

/* fp-sync-wake.c */
void       fp_sync_wait_for_lock   (FpSync       *self);
void       fp_sync_listen          (FpSync       *self);
void       fp_sync_stop_listening  (FpSync       *self);
gboolean   fp_sync_timer_cb        (gpointer      self);
/* Arms the timer for the next moment at which something is to be done. */
void       fp_sync_arm             (FpSync       *self);
/* Has the next turn clear waits; @tag: (nullable): only of items with it. */
void       fp_sync_wish_to_clear   (FpSync       *self,
                                    FpSyncClear   clear,
                                    const char   *tag);
void       fp_sync_reset_breakers  (FpSync       *self,
                                    gboolean      even_retry_after);

/* Starts the next turn if there is something to do and none is under way. */
void       fp_sync_pump            (FpSync       *self);

/* Sends what was claimed; its outcome comes into @self->outcomes. */
void       fp_sync_flight_start    (FpSync       *self,
                                    FpSyncClaim  *claim);
/* Breaks off the attempts that a person wants held. @ids: a set of gint64. */
void       fp_sync_flights_break_off (FpSync    *self,
                                      GHashTable *ids);
/* Breaks off the attempts for which the gate is closed now, or all. */
void       fp_sync_flights_break   (FpSync       *self,
                                    gboolean      all);

G_END_DECLS
