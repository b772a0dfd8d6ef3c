/* fp-blob.h — attachments and large bodies: files named by their SHA-256 under blobs/
 *
 * Import: temporary file, fsync, rename, fsync of the folder, row in table blob. A reference is counted by the rows
 * that name the blob (draft_file, item_part); clean-up deletes what was unreferenced for 24 h. */
#pragma once

#include <gio/gio.h>

#include "store/fp-store.h"

G_BEGIN_DECLS

typedef struct {
  char   *sha256; /* 64 lower-case hex digits */
  gint64  size;   /* bytes */
} FpBlob;

void    fp_blob_free          (FpBlob              *blob);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpBlob, fp_blob_free)

/* Copies @stream to its end into the blob folder on the pool, durably. */
void    fp_blob_import_async  (FpStore             *store,
                               GInputStream        *stream,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data);
FpBlob *fp_blob_import_finish (FpStore             *store,
                               GAsyncResult        *result,
                               GError             **error);
/* Path of a blob's file; does not look whether it is there. */
char   *fp_blob_dup_path      (FpStore             *store,
                               const char          *sha256);
/* TRUE if row and file are there with the right size; to be asked before a reference is added. */
gboolean fp_blob_check        (FpStoreTxn          *txn,
                               const char          *sha256,
                               GError             **error);
/* The first one that is damaged, put aside like every other; NULL = none. */
char   *fp_blob_verify        (FpStoreTxn          *txn,
                               GError             **error);
/* Deletes rows and files that were unreferenced for 24 h, of some blobs: to be called in transactions of their own
 * until @after (inout) is NULL again. Returns how many. */
guint   fp_blob_clean         (FpStoreTxn          *txn,
                               char               **after,
                               GError             **error);
/* Names of files that an interrupted import left more than 24 h ago; to be handed to fp_blob_delete_strays(), in
 * transactions of their own until none is left. */
GPtrArray *fp_blob_list_strays (FpStoreTxn         *txn,
                               GError             **error);
guint   fp_blob_delete_strays (FpStoreTxn          *txn,
                               GPtrArray           *strays,
                               GError             **error);

G_END_DECLS
