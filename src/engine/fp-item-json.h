/* fp-item-json.h — rows as JSON objects: the one schema of the command line and of D-Bus (data/docs/cli-json.md) */
#pragma once

#include "base/fp-json.h"
#include "engine/fp-engine.h"

G_BEGIN_DECLS

/* (transfer full). @receipt: (nullable). The parts are in it where the item was fetched with them. */
JsonNode *fp_item_to_json   (const FpItem      *item,
                             const FpReceipt   *receipt);
JsonNode *fp_draft_to_json  (const FpDraftRow  *draft);
JsonNode *fp_form_to_json   (const FpFormRow   *form);
JsonNode *fp_server_to_json (const FpServerRow *server);
JsonNode *fp_status_to_json (const FpStatus    *status);

/* "auto", "public", "lan", "always"; FALSE for another word. */
const char *fp_reach_to_string   (FpReach     reach);
gboolean    fp_reach_from_string (const char *word,
                                  FpReach    *reach);

G_END_DECLS
