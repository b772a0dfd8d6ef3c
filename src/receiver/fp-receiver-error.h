/* fp-receiver-error.h — why an arrival was not stored: the code is the HTTP status the sender gets */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  FP_RECEIVER_ERROR_MALFORMED = 400, /* not what its Content-Type says, or not a submission */
  FP_RECEIVER_ERROR_FORBIDDEN = 403, /* a web page of another site sent it */
  FP_RECEIVER_ERROR_NOT_FOUND = 404, /* no such form or page */
  FP_RECEIVER_ERROR_METHOD = 405,    /* this address takes other methods */
  FP_RECEIVER_ERROR_CONFLICT = 409,  /* the same instanceID was stored with other content */
  FP_RECEIVER_ERROR_TOO_LARGE = 413,
  FP_RECEIVER_ERROR_KEY_REUSED = 422, /* the same Idempotency-Key was stored with another body */
  FP_RECEIVER_ERROR_FAILED = 500,    /* the disk refused; nothing was kept */
  FP_RECEIVER_ERROR_BUSY = 503,      /* too many uploads at once; try again */
  FP_RECEIVER_ERROR_FULL = 507,      /* disk full; nothing was kept */
} FpReceiverError;

#define FP_RECEIVER_ERROR (fp_receiver_error_quark ())
GQuark fp_receiver_error_quark (void);

/* Sets FULL or FAILED from errno; @doing is an English phrase for the log: "write a file". Returns FALSE. */
gboolean fp_receiver_set_errno (GError     **error,
                                int          number,
                                const char  *doing);

G_END_DECLS
