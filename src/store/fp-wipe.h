/* fp-wipe.h — the end of a store: everything of Fieldpost in its folder is deleted, nothing else */
#pragma once

#include "store/fp-store.h"

G_BEGIN_DECLS

/* Keys of the secrets that some row names: what is in the keyring because of this store. */
GPtrArray *fp_wipe_list_secrets (FpStoreTxn   *txn,
                                 GError      **error);
/* Deletes the database, blobs, forms, password file and locks in @folder, and the folder if nothing else is in it; a
 * link is deleted, never followed. FP_STORE_ERROR_BUSY while any program has the store open. @dry_run: deletes
 * nothing, asks for no lock. Blocking. Returns the names below @folder. */
GPtrArray *fp_wipe_folder       (const char   *folder,
                                 gboolean      dry_run,
                                 GError      **error);

G_END_DECLS
