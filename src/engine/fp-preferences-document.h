/* fp-preferences-document.h — the settings as JSON, and what two changes of them come to (pure but for the rows) */
#pragma once

#include "engine/fp-settings.h"

G_BEGIN_DECLS

/* {"fieldpost-preferences": 1, "settings": {"metered": {"value": "never", "changed": 1700000000000}, …}}: of the
 * settings that roam and were ever set; value null = set back. What a newer Fieldpost has there stays. No secret. */

/* Takes over what is newer in @theirs (nullable: there is no document yet), checked as if it had been typed, and gives
 * the document that the server should have. @differs: (out): it has another now. */
JsonNode *fp_preferences_merge (FpStoreTxn  *txn,
                                JsonNode    *theirs,
                                gboolean    *differs,
                                GError     **error);
/* unix ms of the newest change here; 0 = none. */
gint64    fp_preferences_get_changed (FpStoreTxn *txn);

G_END_DECLS
