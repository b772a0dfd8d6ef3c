/* fp-verdict.h — what an answer means: the table of design 5.3, pure */
#pragma once

#include "net/fp-http.h"

G_BEGIN_DECLS

typedef enum {
  FP_VERDICT_RECEIPT,      /* the server has it */
  FP_VERDICT_RETRY,        /* network or server: quick tries, then slow ones */
  FP_VERDICT_SLOW,         /* state of the server that an administrator repairs: slow tries */
  FP_VERDICT_ITEM,         /* the item's own fault: failed, never retried by itself */
  FP_VERDICT_BETWEEN,      /* something between answered (portal, proxy): keep, stop the host */
  FP_VERDICT_REPOST,       /* OpenRosa 409: the same bytes once more after >= 5 s */
  FP_VERDICT_HOLD_ACCOUNT,
  FP_VERDICT_HOLD_FORM,
  FP_VERDICT_HOLD_PROXY,
} FpVerdictKind;

typedef struct {
  FpVerdictKind  kind;
  const char    *code;         /* static, stable: "server-busy", "item-refused", "not-the-server", … ; "item-" prefix = ITEM */
  char          *words;        /* the server's own words or the system's, short, UTF-8; (nullable) */
  gint64         retry_after;  /* ms; -1 = none */
  gboolean       contacted;    /* the server itself answered: uses up a try, keeps the breaker closed unless busy */
  gboolean       opens_breaker;/* connection faults, 429, 503 */
  gboolean       definite;     /* certainly not stored: clears maybe_delivered */
} FpVerdict;

typedef struct {
  gboolean openrosa;
  gboolean has_credentials; /* the request carried some */
  gboolean has_key;         /* the request carried our Idempotency-Key */
  gboolean reposted;        /* this was the second post after a 409 */
} FpVerdictContext;

void        fp_verdict_judge   (const FpAnswer         *answer,
                                const FpVerdictContext *context,
                                FpVerdict              *verdict);
void        fp_verdict_clear   (FpVerdict              *verdict);

G_END_DECLS
