/* fp-receiver-log.h — one line an event, for a person or (JSON) for a program */
#pragma once

#include "receiver/fp-fault-script.h"
#include "receiver/fp-receiver-store.h"

G_BEGIN_DECLS

/* Without a line break. Text: "TIME  #NUMBER  WHAT  BYTES bytes  stored|added|duplicate  FOLDER", columns two spaces
 * apart; WHAT is the form or path without spaces. */
char *fp_receiver_log_arrival (const FpArrival         *arrival,
                               const FpReceiverReceipt *receipt,
                               gboolean                 json);
/* "TIME  -  WHAT  BYTES bytes  refused  STATUS REASON" */
char *fp_receiver_log_refusal (const FpArrival         *arrival,
                               const GError            *error,
                               gboolean                 json);
/* "TIME  -  WHAT  BYTES bytes  fault  line NUMBER: ACTS" */
char *fp_receiver_log_fault   (const FpArrival         *arrival,
                               const FpFault           *fault,
                               gboolean                 json);
/* "listening on URL", "closed" */
char *fp_receiver_log_state   (const char              *state,
                               const char              *url,
                               gboolean                 json);

G_END_DECLS
