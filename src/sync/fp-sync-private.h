/* fp-sync-private.h — the inside of FpSync, shared by fp-sync*.c only
 *
 * fp-sync.c: the object. fp-sync-stop.c: its end. fp-sync-state.c: what it tells of itself. fp-sync-wake.c: the lock
 * and what wakes it. fp-sync-pump.c: turns of the store. fp-sync-wishes.c: what the next one has to do.
 * fp-sync-choose.c: what goes next. fp-sync-probe.c: hosts that may be reached although the internet is not.
 * fp-sync-ask.c: whose refusal it was. fp-sync-flight.c: one attempt. fp-sync-settle.c: what came of it. */
#pragma once

#include "store/fp-sender-lock.h"
#include "sync/fp-breaker.h"
#include "sync/fp-pauses.h"
#include "sync/fp-policy.h"
#include "sync/fp-reserve.h"
#include "sync/fp-sync-turn.h"
#include "sync/fp-sync.h"

G_BEGIN_DECLS

#define FP_SYNC_PER_HOST 4
/* The second to fourth of a host wait while so many are under way… */
#define FP_SYNC_AT_ONCE 32
/* …the first one of a host only while these are: hosts that hang do not starve the others. */
#define FP_SYNC_HOSTS_AT_ONCE 128

/* One attempt under way. */
typedef struct {
  FpSync       *sync;         /* owned: the sender outlives its attempts */
  FpSyncClaim  *claim;        /* owned */
  GCancellable *cancellable;  /* owned */
  gint64        told;         /* monotonic µs of the last "progress" */
  gboolean      any_told;     /* a "progress" was emitted */
  gboolean      whole;        /* all bytes are written, the answer is awaited */
  gboolean      known;        /* it carries credentials */
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
  gboolean metered;
  gint64 usable_wall;         /* unix ms at which it became usable; 0 = it always was */

  /* What the next turn has to do. */
  gboolean want_begin;
  gboolean want_look;
  FpSyncClear want_clear;
  char *want_clear_tag;       /* (nullable), owned */
  gint64 clear_after;         /* of the tag's items those that are older; 0 = all */
  GHashTable *want_clear_hosts; /* (nullable): set of char *, owned */
  gboolean clearing;          /* what is to be cleared is the rest of what the last turn began with */
  gint64 want_shift;          /* ms */
  gboolean want_unpark;
  gboolean want_go_on;
  gboolean want_drop_ballast;
  GPtrArray *outcomes;        /* FpSyncOutcome that are not yet durable, owned */
  gint64 retry_write;         /* boot ms before which nothing is written, after a failure; 0 = none */
  gint64 retry_wait;          /* ms of the last such wait; 0 = none */
  gboolean dropped_ballast;   /* since the last write that went well */
  gint64 full_until;          /* boot ms before which nothing is claimed, since the disk is full; 0 = it is not */

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
  FpMetered metered_rule;
  gint64 metered_limit;       /* bytes */

  /* What a person allowed on a network that costs. */
  gboolean metered_allowed;   /* Sync Now: until the link changes or the run ends */
  GHashTable *asked_for;      /* set of items tried by hand, until the link changes, owned */

  /* What would have us look at the store without a hint. */
  GFileMonitor *watch;        /* of its folder, owned; NULL: not to be had */
  gint64 look_at;             /* boot ms; 0 = nobody wrote since the last look */

  /* Clocks, as last seen. */
  gint64 wall_offset;         /* wall time - boot time, ms */
  gint64 suspended;           /* ms since boot */
  gint64 resumed_at;          /* boot ms of the last resume that was heard of; 0 = none */

  GHashTable *places;         /* host -> FpSyncPlace, owned by fp-sync-probe.c */
  guint asking;               /* questions under way */

  GHashTable *breakers;       /* host -> FpBreaker, owned */
  FpPauses *pauses;           /* owned */
  FpReserve *reserve;         /* owned: claimed, not yet begun; empty while a host has room */
  GHashTable *flights;        /* item -> FpSyncFlight, borrowed: a flight ends itself */

  /* Of answers. Not durable: what is forgotten by a restart is told again by the next answer. */
  GHashTable *forbidden;      /* account and address -> the item that had a 403 last, owned */
  GHashTable *limits;         /* host -> bytes that one of its requests may have; never changed, replaced; owned */
  GHashTable *forms_asked;    /* form -> GCancellable of its question, owned */

  FpSyncState state;
  guint run_done;
  gint left;                  /* pending and sending */
};

FpBreaker *fp_sync_get_breaker     (FpSync       *self,
                                    const char   *host);
void       fp_sync_update_state    (FpSync       *self);
void       fp_sync_emit_outcome    (FpSync       *self,
                                    const FpSyncOutcome *outcome);
void       fp_sync_emit_woken      (FpSync       *self);
void       fp_sync_emit_progress   (FpSync       *self,
                                    gint64        item,
                                    gint64        done,
                                    gint64        total);

/* fp-sync-stop.c */
/* Ends a stop when nothing is under way any more; @error: why something could not be written. */
void       fp_sync_check_stopped   (FpSync       *self,
                                    const GError *error);

/* fp-sync-state.c */
FpGateNetwork fp_sync_get_network  (FpSync       *self);
FpGate     fp_sync_gate            (FpSync       *self,
                                    const FpItem *item);
FpSyncState fp_sync_compute_state  (FpSync       *self);
/* Nothing is under way or waits to be written: what a run was allowed ends with it. */
gboolean   fp_sync_is_quiet        (FpSync       *self);
/* Keeps done and total of the run right over @turn, which was committed, and whose look was taken. */
void       fp_sync_count_run       (FpSync       *self,
                                    FpSyncTurn   *turn);

/* fp-sync-wishes.c */
/* Hands the wishes over to a new turn; NULL if there are none. */
FpSyncTurn *fp_sync_wishes_take    (FpSync       *self);
/* Nothing of @turn came about: wishes it all once more. */
void       fp_sync_wishes_repeat   (FpSync       *self,
                                    FpSyncTurn   *turn);
/* Wishes for the rest of many waits; what is due meanwhile goes already. */
void       fp_sync_wishes_clear_on (FpSync       *self,
                                    FpSyncTurn   *turn);

/* fp-sync-choose.c */
void       fp_sync_choose          (FpSync       *self,
                                    FpSyncTurn   *turn);

/* fp-sync-probe.c */
void       fp_sync_probe_init      (FpSync       *self);
const FpGateHost *fp_sync_probe_get (FpSync      *self,
                                     const char  *host);
/* Asks for the hosts of due items that are closed and whose time has come. */
void       fp_sync_probe_ask       (FpSync       *self);
/* Boot ms at which some host is to be asked again; G_MAXINT64 = none. */
gint64     fp_sync_probe_get_next  (FpSync       *self);
/* Another network: nothing that was found holds. */
void       fp_sync_probe_forget    (FpSync       *self);
/* A person wants to know now. */
void       fp_sync_probe_hurry     (FpSync       *self);

/* fp-sync-ask.c */
void       fp_sync_ask_forms       (FpSync       *self);
void       fp_sync_ask_stop        (FpSync       *self);

/* fp-sync-wake.c */
/* Takes note of the clocks without a consequence. */
void       fp_sync_note_clocks     (FpSync       *self);
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
/* The same for one host; its breaker stays as it is. */
void       fp_sync_add_host_to_clear (FpSync     *self,
                                      const char *host);
/* The same for one host that can be reached now. */
void       fp_sync_wish_to_clear_host (FpSync    *self,
                                       const char *host);
void       fp_sync_reset_breakers  (FpSync       *self,
                                    gboolean      even_retry_after);

/* Starts the next turn if there is something to do and none is under way. */
void       fp_sync_pump            (FpSync       *self);

/* Sends what was claimed; its outcome comes into @self->outcomes. */
guint      fp_sync_count_flights   (FpSync       *self,
                                    const char   *host);
void       fp_sync_fill            (FpSync       *self,
                                    const char   *host);
void       fp_sync_return_host     (FpSync       *self,
                                    const char   *host);
void       fp_sync_return_all      (FpSync       *self);
/* fp-sync-settle.c: the outcome takes the item out of the claim. */
void       fp_sync_settle_answer   (FpSyncFlight *flight,
                                    const FpAnswer *answer);
/* The row cannot be turned into a request: nothing can be sent, now or later, and a person is told. */
void       fp_sync_settle_unreadable (FpSyncFlight *flight,
                                      const GError *error);
/* It waits again: nothing was sent, or it was broken off by us. */
void       fp_sync_give_back       (FpSync       *self,
                                    FpSyncClaim  *claim,
                                    gboolean      sent_any);
/* fp-sync-flight.c */
/* Ends a claim of which nothing was sent. */
void       fp_sync_flight_return   (FpSync       *self,
                                    FpSyncClaim  *claim);
void       fp_sync_flight_start    (FpSync       *self,
                                    FpSyncClaim  *claim);
/* Breaks off the attempts that a person wants held. @ids: a set of gint64. */
void       fp_sync_flights_break_off (FpSync    *self,
                                      GHashTable *ids);
/* Breaks off the attempts for which the gate is closed now, or all. */
void       fp_sync_flights_break   (FpSync       *self,
                                    gboolean      all);

G_END_DECLS
