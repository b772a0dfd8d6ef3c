/* fp-policy.h — when to try: waits, slow steps (design 5.2), pure */
#pragma once

#include "base/fp-random.h"
#include "net/fp-verdict.h"
#include "store/fp-item-rows.h"

G_BEGIN_DECLS

#define FP_POLICY_QUICK_TRIES 5

/* A false 409 of OpenRosa servers is over by then (design 5.3). */
#define FP_POLICY_REPOST_MS 5000

/* Wait in ms before quick try @n (0…4): U(0, min(30 s, 1 s * 2^n)), never below @retry_after (ms, -1 = none). */
gint64   fp_policy_quick_wait (FpRandom *random,
                               guint     n,
                               gint64    retry_after);
/* 15 min, 1 h, 4 h, then every 12 h. */
gint64   fp_policy_slow_wait  (guint     step);

typedef struct {
  gboolean    maybe_before; /* maybe_delivered before this attempt was claimed */
  gboolean    asks_if_lost; /* a person wants to be asked after a lost answer */
  guint       faults;       /* attempts in a row, this one included, that the server had no part in */
  gint64      now_boot;     /* boot ms… */
  const char *boot_id;      /* …of this boot */
  gint64      now_wall;     /* unix ms */
} FpPolicyAttempt;

/* What a verdict does to an item in state sending: state, reason, attempts, waits, maybe_delivered. */
void     fp_policy_apply      (FpItem                *item,
                               const FpVerdict       *verdict,
                               guint                  http_status,
                               const FpPolicyAttempt *attempt,
                               FpRandom              *random);

/* Some of it is stored, or it goes in other requests than it did: the rest goes on at once, and no try is used up. */
void     fp_policy_go_on      (FpItem                *item,
                               guint                  http_status,
                               const FpPolicyAttempt *attempt);

/* Nobody can know whether it arrived, and a person is to be asked. */
void     fp_policy_hold_lost  (FpItem          *item);

/* The attempt was given up by us (network gone, stop, resume): the item waits again as if nothing had been tried. */
void     fp_policy_give_back  (FpItem          *item,
                               gboolean         maybe_delivered);

/* It waits for a network that does not cost, not for a time. */
void     fp_policy_park       (FpItem          *item,
                               const char      *boot_id);

/* Its destination is paused until @until, boot ms. */
void     fp_policy_postpone   (FpItem          *item,
                               gint64           until,
                               const FpPolicyAttempt *now);

/* Retry by hand, also of an item that failed by its own fault or is held; FALSE: its state does not allow that. */
gboolean fp_policy_release    (FpItem          *item);

G_END_DECLS
