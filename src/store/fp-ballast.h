/* fp-ballast.h — room on the disk: what is free, and 8 MiB that are kept back for receipts
 *
 * Whoever sends asks fp_ballast_allows_claim() in the transaction of the claim. A receipt that found no room has
 * fp_ballast_drop() run in a write transaction (which itself needs no room) and is then written again. */
#pragma once

#include "store/fp-store.h"

G_BEGIN_DECLS

/* Nothing is claimed while less is free: its receipt could find no room (design 5.1). */
#define FP_BALLAST_CLAIM_BYTES (16 * G_GINT64_CONSTANT (1048576))

/* Bytes that this user can still write into the store's folder; G_MAXINT64 where the system does not tell. */
gint64   fp_ballast_get_free     (FpStoreTxn *txn);
/* TRUE while a claim may be made. Makes the ballast again once there is much room. */
gboolean fp_ballast_allows_claim (FpStoreTxn *txn);
/* Gives the ballast's 8 MiB back to the disk; FALSE if there was none. */
gboolean fp_ballast_drop         (FpStoreTxn *txn);

G_END_DECLS
