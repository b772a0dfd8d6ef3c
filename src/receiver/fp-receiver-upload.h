/* fp-receiver-upload.h — one request with a body while it comes in: headers judged, bytes to disk, limits kept
 *
 * Reference counted, because a task may go on with it after the connection is gone. The last reference is dropped
 * on the main context. */
#pragma once

#include <libsoup/soup.h>

#include "receiver/fp-arrival.h"
#include "receiver/fp-fault-script.h"

G_BEGIN_DECLS

typedef struct {
  SoupServerMessage *message; /* owned */
  FpArrival         *arrival; /* owned */
  GError            *error;   /* owned (nullable): why it is refused */
  FpFault           *fault;   /* owned (nullable): what the script wants of it */
  gint64             limit;   /* bytes of the body */
  gint64             got;
  gint64             refused; /* monotonic µs: since when what comes is dropped; 0 = it is not */
  gboolean           cut;     /* closed by the script before it was whole */
  gboolean           gone;    /* the connection ended: nothing more may be said */
} FpReceiverUpload;

/* Starts to take the body of @message; sets error where it is to be refused. */
FpReceiverUpload *fp_receiver_upload_new   (SoupServerMessage *message,
                                            const char        *path,
                                            gboolean           openrosa,
                                            const char        *incoming,
                                            gint64             limit);
FpReceiverUpload *fp_receiver_upload_ref   (FpReceiverUpload  *self);
void              fp_receiver_upload_unref (FpReceiverUpload  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpReceiverUpload, fp_receiver_upload_unref)

G_END_DECLS
