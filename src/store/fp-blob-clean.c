#include "store/fp-blob.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/fp-files.h"
#include "store/fp-store-private.h"

#define DAY_MS (24 * 3600 * G_GINT64_CONSTANT (1000))

#define REFERRED_SQL                                                                                \
  "(EXISTS (SELECT 1 FROM draft_file WHERE draft_file.sha256 = blob.sha256)"                        \
  " OR EXISTS (SELECT 1 FROM item_part WHERE item_part.sha256 = blob.sha256)"                       \
  " OR EXISTS (SELECT 1 FROM form_media WHERE form_media.sha256 = blob.sha256))"

/* ?1 now, ?2 boot ms, ?3 boot id. A mark in the future was made by a clock that was wrong: it is made anew. */
static gboolean
mark (FpStoreTxn *txn,
      const char *sql,
      GError    **error)
{
  FpClock *clock = fp_store_get_clock (txn->store);
  g_autoptr(FpStmt) stmt = fp_stmt_new (txn->db, sql, error);

  if (!stmt)
    return FALSE;
  fp_stmt_bind_int (stmt, 1, txn->now);
  fp_stmt_bind_int (stmt, 2, fp_clock_get_boot_ms (clock));
  fp_stmt_bind_text (stmt, 3, fp_clock_get_boot_id (clock));

  return fp_stmt_run (stmt, NULL, error);
}

/* Old by the wall clock and, within one boot, by boot time too: a clock set forward deletes nothing early. */
static GPtrArray *
list_old (FpStoreTxn *txn,
          GError    **error)
{
  FpClock *clock = fp_store_get_clock (txn->store);
  g_autoptr(GPtrArray) old = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  stmt = fp_stmt_new (txn->db,
                      "SELECT sha256 FROM blob WHERE unused_since <= ?1 - ?4"
                      " AND (unused_boot_id <> ?3 OR unused_since_boot <= ?2 - ?4)",
                      error);
  if (!stmt)
    return NULL;
  fp_stmt_bind_int (stmt, 1, txn->now);
  fp_stmt_bind_int (stmt, 2, fp_clock_get_boot_ms (clock));
  fp_stmt_bind_text (stmt, 3, fp_clock_get_boot_id (clock));
  fp_stmt_bind_int (stmt, 4, DAY_MS);
  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    g_ptr_array_add (old, fp_stmt_dup_text (stmt, 0));

  return step == FP_STEP_DONE ? g_steal_pointer (&old) : NULL;
}

/* The file first: should the commit fail, a row without a file refers to nothing, and the next import of the same
 * bytes brings the file back. The other way round it would stay for ever. */
static gboolean
delete_blob (FpStoreTxn *txn,
             const char *sha256,
             GError    **error)
{
  g_autofree char *path = fp_blob_dup_path (txn->store, sha256);
  g_autoptr(FpStmt) stmt = NULL;

  if (unlink (path) < 0 && errno != ENOENT)
    {
      fp_store_set_errno (error, errno, "The file %s could not be deleted", path);
      return FALSE;
    }
  stmt = fp_stmt_new (txn->db, "DELETE FROM blob WHERE sha256 = ?", error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, sha256);

  return fp_stmt_run (stmt, NULL, error);
}

static gboolean
has_row (FpStoreTxn *txn,
         const char *name,
         gboolean   *has,
         GError    **error)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (txn->db, "SELECT 1 FROM blob WHERE sha256 = ?", error);
  FpStep step;

  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, name);
  step = fp_stmt_step (stmt, error);
  *has = step == FP_STEP_ROW;

  return step != FP_STEP_ERROR;
}

/* What an import left behind when the program died: a temporary file, or one that has no row. */
static gboolean
delete_strays (FpStoreTxn *txn,
               guint      *deleted,
               GError    **error)
{
  g_autofree char *folder = g_build_filename (fp_store_get_folder (txn->store), "blobs", NULL);
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      gboolean known = FALSE;
      struct stat file;
      gint64 written;

      if (stat (path, &file) < 0 || !S_ISREG (file.st_mode))
        continue;
      written = (gint64) file.st_mtim.tv_sec * 1000;
      if (written > txn->now - DAY_MS)
        continue;
      if (!has_row (txn, name, &known, error))
        return FALSE;
      if (!known && unlink (path) == 0)
        (*deleted)++;
    }

  return TRUE;
}

/**
 * fp_blob_clean:
 *
 * Marks the blobs to which nothing refers and deletes those that were marked 24 h ago, with files that an
 * interrupted import left. Only in a write transaction.
 *
 * Returns: how many files were deleted; 0 with an error
 */
guint
fp_blob_clean (FpStoreTxn *txn,
               GError    **error)
{
  g_autoptr(GPtrArray) old = NULL;
  guint deleted = 0, i;

  g_return_val_if_fail (txn, 0);

  if (!mark (txn,
             "UPDATE blob SET unused_since = NULL, unused_since_boot = NULL, unused_boot_id = NULL"
             " WHERE unused_since IS NOT NULL AND (unused_since > ?1 OR " REFERRED_SQL ")"
             " AND ?2 IS NOT NULL AND ?3 IS NOT NULL",
             error)
      || !mark (txn,
                "UPDATE blob SET unused_since = ?1, unused_since_boot = ?2, unused_boot_id = ?3"
                " WHERE unused_since IS NULL AND NOT " REFERRED_SQL,
                error))
    return 0;

  old = list_old (txn, error);
  for (i = 0; old && i < old->len; i++, deleted++)
    if (!delete_blob (txn, g_ptr_array_index (old, i), error))
      return 0;
  if (!old || !delete_strays (txn, &deleted, error))
    return 0;

  return deleted;
}
