/* fp-exchange-fault.h — which fault an error of the lower layers is */
#pragma once

#include "net/fp-http.h"

G_BEGIN_DECLS

/* How an exchange was ended from our side. */
typedef struct {
  gboolean timed_out; /* nothing moved for too long */
  gboolean aborted;   /* fp_http_abort() */
} FpExchangeEnd;

/* @error: (nullable): none if our own cancelling came first */
FpFault     _fp_exchange_judge_error (const GError        *error,
                                      const FpExchangeEnd *end,
                                      gboolean             sent_any);
const char *_fp_exchange_fault_text  (FpFault              fault,
                                      const GError        *error);

G_END_DECLS
