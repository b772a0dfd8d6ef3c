/* fp-gate.h — may an attempt be made now? (design 5.2, "Gate" and "Metered"), pure */
#pragma once

#include "link/fp-link.h"
#include "net/fp-host.h"
#include "store/fp-item-rows.h"

G_BEGIN_DECLS

typedef enum {
  FP_GATE_OPEN,
  FP_GATE_OFFLINE,
  FP_GATE_PORTAL,
  FP_GATE_LIMITED, /* closed, but the server itself may be asked whether it can be reached */
  FP_GATE_METERED, /* too large for a network that costs */
  FP_GATE_PAUSED,
} FpGate;

/* The network as it is believed to be now. */
typedef struct {
  FpLinkState link;
  gboolean    has_link; /* any link but loopback is up */
  gboolean    paused;   /* Work Offline */
  gint64      largest;  /* bytes of the largest body that may leave here; -1 = none, FP_GATE_ANY_SIZE */
} FpGateNetwork;

#define FP_GATE_ANY_SIZE G_MAXINT64

/* What is known of one host on this network. */
typedef struct {
  FpHostKind kind;   /* by the text of its address */
  gboolean   is_lan; /* its name was looked up and leads to private addresses only */
  gboolean   proven; /* it was asked, and answered for itself */
} FpGateHost;

FpGate   fp_gate_judge               (const FpGateNetwork *network,
                                      const FpGateHost    *host,
                                      FpReach              reach,
                                      gint64               size);

/* How the gate of a host that is closed may be opened by asking. */
typedef enum {
  FP_ASK_NOTHING,
  FP_ASK_NAME   = 1 << 0, /* where its name leads */
  FP_ASK_SERVER = 1 << 1, /* whether it answers for itself */
} FpAsk;

FpAsk    fp_gate_may_ask             (const FpGateNetwork *network,
                                      const FpGateHost    *host,
                                      FpReach              reach);

/* The rule for networks that cost: the setting "metered". */
typedef enum {
  FP_METERED_LIMIT,  /* items up to a size go */
  FP_METERED_NEVER,  /* nothing goes */
  FP_METERED_ALWAYS, /* everything goes */
} FpMetered;

#define FP_METERED_LIMIT_BYTES (G_GINT64_CONSTANT (1) << 20)

gboolean fp_metered_from_string       (const char          *word,
                                      FpMetered           *metered);
gboolean fp_metered_limit_from_string (const char          *word,
                                       gint64              *bytes);

G_END_DECLS
