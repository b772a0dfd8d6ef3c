/* fp-export-private.h — an export on its way. Stays in its three files: the order, the files, and what a move changes. */
#pragma once

#include "engine/fp-engine-private.h"
#include "engine/fp-engine-transfer.h"
#include "engine/fp-transfer-files.h"

G_BEGIN_DECLS

typedef struct {
  FpBulk           bulk;

  /* Owned. */
  char            *folder;
  FpTransferQuery  query;
  FpManifest      *manifest;
  FpTransferOut   *out;
  GHashTable      *forms;  /* set of gint64: rows that something exported was begun with */
  GPtrArray       *drafts; /* FpDraftRow without instance: what was exported, with its revision; 0: it changed since */
  FpTransferCount *count;

  gboolean         with_drafts;
  gboolean         with_events;
  gboolean         frozen;  /* all events that wait */
  gboolean         written; /* by a run that was broken off afterwards: only to be settled */
  gint64           after;   /* item: the step that runs is behind it */
  guint            draft;   /* index into drafts: the next to be put away */
} Export;

/* FpStoreFunc, to read, @data: Export. The next items into the folder; TRUE (as a pointer) while there is more. */
gpointer _fp_export_write_items (FpStoreTxn        *txn,
                                 gpointer           data,
                                 GError           **error);
/* The same. Drafts, forms, settings of tags, and the manifest. */
gpointer _fp_export_write_rest  (FpStoreTxn        *txn,
                                 gpointer           data,
                                 GError           **error);
/* Whether @row is the draft of which an export wrote files with these hashes. */
gboolean _fp_export_is_draft    (FpStoreTxn        *txn,
                                 const FpDraftRow  *row,
                                 const char        *instance,
                                 const char        *json);

/* A move that was broken off between its manifest and its last transaction: what it wrote is what is to be settled. */
gboolean _fp_export_recall      (FpStoreTxn        *txn,
                                 Export            *export);
/* Holds some more items as moving. @more: (out): there may be others. */
gboolean _fp_export_hold_some   (FpStoreTxn        *txn,
                                 Export            *export,
                                 gboolean          *more,
                                 GError           **error);
/* Run of a bulk act, @data: Export. The folder is an export: what is in it is there from now on. */
gpointer _fp_export_settle_some (FpStoreTxn        *txn,
                                 gpointer           data,
                                 GError           **error);

G_END_DECLS
