/* fp-receiver-store.h — what the receiver has: one folder an arrival, and the knowledge of what came before
 *
 * The folders are the only truth; the index in memory is read from their meta.json at the start. One thread
 * decides about arrivals one after another, so that of equal ones sent in parallel exactly one is stored. */
#pragma once

#include <gio/gio.h>

#include "receiver/fp-arrival.h"

G_BEGIN_DECLS

typedef enum {
  FP_RECEIVER_STORED,    /* a new folder */
  FP_RECEIVER_ADDED,     /* known, but some of its files were not: they are now in its folder */
  FP_RECEIVER_DUPLICATE, /* known: nothing was written */
} FpReceiverOutcome;

typedef struct {
  FpReceiverOutcome outcome;
  guint64 number;
  char *folder; /* absolute path; owned */
} FpReceiverReceipt;

void fp_receiver_receipt_free (FpReceiverReceipt *receipt);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpReceiverReceipt, fp_receiver_receipt_free)

#define FP_TYPE_RECEIVER_STORE (fp_receiver_store_get_type ())
G_DECLARE_FINAL_TYPE (FpReceiverStore, fp_receiver_store, FP, RECEIVER_STORE, GObject)

FpReceiverStore   *fp_receiver_store_open         (const char           *folder,
                                                   gboolean              dedupe,
                                                   GError              **error);
void               fp_receiver_store_add_async    (FpReceiverStore      *self,
                                                   FpArrival            *arrival,
                                                   GAsyncReadyCallback   callback,
                                                   gpointer              user_data);
FpReceiverReceipt *fp_receiver_store_add_finish   (FpReceiverStore      *self,
                                                   GAsyncResult         *result,
                                                   GError              **error);
/* Where arrivals make their folders until they are stored. */
const char        *fp_receiver_store_get_incoming (FpReceiverStore      *self);
guint              fp_receiver_store_get_count    (FpReceiverStore      *self);

G_END_DECLS
