/* fp-draft-rows.h — drafts: the instance as XML, a revision counter, and the files that were attached */
#pragma once

#include "store/fp-store.h"

G_BEGIN_DECLS

typedef struct {
  char   *name;       /* file name as the instance has it, unique in the draft */
  char   *media_type;
  char   *sha256;
  gint64  size;       /* bytes */
} FpDraftFile;

typedef struct {
  gint64     id;
  char      *uid;        /* UUID: the one of its instanceID, later the item's */
  gint64     form;       /* row of table form */
  char      *form_title; /* filled by get and list */
  char      *title;      /* what a person recognises it by: instanceName or the first answers; may be "" */
  GBytes    *instance;   /* XML; NULL in lists */
  gint64     revision;
  char      *position;   /* (nullable): the question where the person was */
  gint64     created;    /* unix ms */
  gint64     saved;      /* unix ms */
  gint64     edits;      /* item of which it will be a new version; 0 = none. Fixed at create */
  GPtrArray *files;      /* FpDraftFile; NULL in lists */
} FpDraftRow;

FpDraftRow  *fp_draft_row_new   (void);
void         fp_draft_row_free  (FpDraftRow  *row);
void         fp_draft_file_free (FpDraftFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpDraftRow, fp_draft_row_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpDraftFile, fp_draft_file_free)

/* Inserts; only this function ever does. Sets row->id; revision becomes 1. */
gboolean    fp_draft_rows_create (FpStoreTxn       *txn,
                                  FpDraftRow       *row,
                                  GError          **error);
/* UPDATE … WHERE id AND revision = @row->revision - 1, with its files (blobs are checked). NOT_FOUND: submitted or
 * discarded meanwhile; CHANGED: somebody else saved it. */
gboolean    fp_draft_rows_save   (FpStoreTxn       *txn,
                                  const FpDraftRow *row,
                                  GError          **error);
FpDraftRow *fp_draft_rows_get    (FpStoreTxn       *txn,
                                  const char       *uid,
                                  GError          **error);
/* Newest first. */
GPtrArray  *fp_draft_rows_list   (FpStoreTxn       *txn,
                                  GError          **error);
/* Discard keeps the row, hidden, for undo; clean-up deletes it 7 days later. */
gboolean    fp_draft_rows_discard (FpStoreTxn      *txn,
                                   const char      *uid,
                                   GError         **error);
gboolean    fp_draft_rows_undo    (FpStoreTxn      *txn,
                                   const char      *uid,
                                   GError         **error);
/* The end of a draft that became an item. @revision: the one that was frozen; CHANGED if the row has another. */
gboolean    fp_draft_rows_delete (FpStoreTxn       *txn,
                                  const char       *uid,
                                  gint64            revision,
                                  GError          **error);

G_END_DECLS
