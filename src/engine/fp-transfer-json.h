/* fp-transfer-json.h — rows as the JSON of an export, and back with every doubt checked; pure */
#pragma once

#include "base/fp-json.h"
#include "store/fp-draft-rows.h"
#include "store/fp-tag-rows.h"
#include "store/fp-transfer-rows.h"

G_BEGIN_DECLS

/* An item on its way in. The sha256 of a part that has a file is not yet a blob here. */
typedef struct {
  FpItem    *item;
  FpReceipt *receipt;   /* (nullable): of a sent one */
  GPtrArray *files;     /* names within the folder, one a part */
  gint64     form;      /* number of the form's folder, 0 = none */
  char      *waits_for; /* (nullable): uid */
} FpIncomingItem;

typedef struct {
  FpDraftRow *row;
  GPtrArray  *files;
  gint64      form;
  char       *edits;    /* (nullable): uid */
} FpIncomingDraft;

void fp_incoming_item_free  (FpIncomingItem  *incoming);
void fp_incoming_draft_free (FpIncomingDraft *incoming);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpIncomingItem, fp_incoming_item_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpIncomingDraft, fp_incoming_draft_free)

/* @files: name of each part's file. */
JsonNode        *fp_transfer_item_to_json   (const FpItem      *item,
                                             GPtrArray         *files,
                                             const char        *waits_for,
                                             const FpReceipt   *receipt);
JsonNode        *fp_transfer_draft_to_json  (const FpDraftRow  *row,
                                             GPtrArray         *files,
                                             const char        *edits);
JsonNode        *fp_transfer_form_to_json   (const FpFormRow   *row,
                                             const FpServerRow *server);

/* @tags: FpTagRow. */
JsonNode        *fp_transfer_tags_to_json   (GPtrArray         *tags);

/* REFUSED names the member that makes no sense. */
FpIncomingItem  *fp_transfer_item_from_json  (GBytes           *json,
                                              GError          **error);
FpIncomingDraft *fp_transfer_draft_from_json (GBytes           *json,
                                              GError          **error);
/* Address and server of a form; the rest is in its XML. */
gboolean         fp_transfer_form_from_json  (GBytes           *json,
                                              FpFormRow        *row,
                                              FpServerRow     **server,
                                              GError          **error);
/* FpTagRow. */
GPtrArray       *fp_transfer_tags_from_json  (GBytes           *json,
                                              GError          **error);

G_END_DECLS
