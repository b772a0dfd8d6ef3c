/* fp-transfer-files.h — the folder of an export: plain files, their hashes, and a manifest that makes them valid
 *
 *   manifest.json   written last: format, where it comes from, the hash of SHA256SUMS
 *   SHA256SUMS      one line a file, as sha256sum -c reads it
 *   partial.json    while the export is being written; of a move, until it is settled where it comes from
 *   taken.json      which store has imported a moved export
 *
 * Blocking; for threads of the pool and of the store. A path is relative and of [A-Za-z0-9._-] between slashes. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define FP_TRANSFER_FORMAT 1

typedef struct {
  char    *uid;      /* of the export */
  char    *store_id; /* where it comes from */
  gboolean moved;
  gint64   items, drafts, forms;
} FpManifest;

void fp_manifest_free (FpManifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpManifest, fp_manifest_free)

typedef struct _FpTransferOut FpTransferOut;

/* Makes @folder, or goes on in one whose export with the same @moved and store was broken off: @manifest->uid becomes
 * that one's. */
FpTransferOut *fp_transfer_out_new    (const char     *folder,
                                       FpManifest     *manifest,
                                       GError        **error);
gboolean       fp_transfer_out_folder (FpTransferOut  *self,
                                       const char     *path,
                                       GError        **error);
gboolean       fp_transfer_out_write  (FpTransferOut  *self,
                                       const char     *path,
                                       const char     *data,
                                       gsize           length,
                                       GError        **error);
/* Copies the file @from, whose hash is known. */
gboolean       fp_transfer_out_copy   (FpTransferOut  *self,
                                       const char     *path,
                                       const char     *from,
                                       const char     *sha256,
                                       GError        **error);
/* Name of the export that was begun in @folder and is not finished, of @manifest's store and as much a move as that;
 * NULL: none. */
char          *fp_transfer_dup_begun  (const char        *folder,
                                       const FpManifest  *manifest);
/* Everything durable, then the manifest. A move is not finished by that, but by fp_transfer_out_settled(). */
gboolean       fp_transfer_out_finish (FpTransferOut     *self,
                                       const FpManifest  *manifest,
                                       GError           **error);
/* The move in @folder is no longer one that was begun. */
void           fp_transfer_out_settled (const char       *folder);
void           fp_transfer_out_free   (FpTransferOut  *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpTransferOut, fp_transfer_out_free)

typedef struct _FpTransferIn FpTransferIn;

/* Checks manifest and SHA256SUMS. */
FpTransferIn     *fp_transfer_in_new          (const char     *folder,
                                               GError        **error);
const FpManifest *fp_transfer_in_get_manifest (FpTransferIn   *self);
/* The next line of SHA256SUMS; FALSE without error at the end. */
gboolean          fp_transfer_in_next         (FpTransferIn   *self,
                                               char          **path,
                                               char          **sha256,
                                               GError        **error);
gboolean          fp_transfer_in_rewind       (FpTransferIn   *self,
                                               GError        **error);
/* A regular file, no link, within the folder, of at most @max bytes; with @sha256 (nullable) its hash is checked. */
GBytes           *fp_transfer_in_read         (FpTransferIn   *self,
                                               const char     *path,
                                               gsize           max,
                                               const char     *sha256,
                                               GError        **error);
/* The same as a stream. */
GInputStream     *fp_transfer_in_open         (FpTransferIn   *self,
                                               const char     *path,
                                               GError        **error);
gboolean          fp_transfer_in_check        (FpTransferIn   *self,
                                               const char     *path,
                                               gint64          size,
                                               const char     *sha256,
                                               GError        **error);
/* Notes that @store_id has it; REFUSED if another store has. On a medium that cannot be written nothing is noted. */
gboolean          fp_transfer_in_take         (FpTransferIn   *self,
                                               const char     *store_id,
                                               GError        **error);
void              fp_transfer_in_free         (FpTransferIn   *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpTransferIn, fp_transfer_in_free)

/* TRUE for a path that an export may hold. */
gboolean          fp_transfer_path_is_safe    (const char     *path);

G_END_DECLS
