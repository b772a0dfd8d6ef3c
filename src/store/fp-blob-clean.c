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

/* Many short transactions, so that nobody who writes waits for long. */
#define ROWS 100

/* The blobs of one transaction. */
typedef struct {
  const char *after; /* NULL = from the first on */
  char       *last;  /* owned; NULL = there is none */
  gboolean    is_end;
} Page;

static gboolean
read_page (FpStoreTxn *txn,
           Page       *page,
           GError    **error)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (txn->db, "SELECT sha256 FROM blob WHERE sha256 > ? ORDER BY sha256 LIMIT ?",
                                        error);
  FpStep step;
  guint n = 0;

  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, page->after ? page->after : "");
  fp_stmt_bind_int (stmt, 2, ROWS);
  for (; (step = fp_stmt_step (stmt, error)) == FP_STEP_ROW; n++)
    {
      g_free (page->last);
      page->last = fp_stmt_dup_text (stmt, 0);
    }
  page->is_end = n < ROWS;

  return step == FP_STEP_DONE;
}

/* Of the blobs of @page; ?1 now, ?2 boot ms, ?3 boot id, ?4 a day. */
static FpStmt *
prepare (FpStoreTxn *txn,
         const Page *page,
         const char *sql,
         GError    **error)
{
  g_autofree char *text = g_strconcat (sql, " AND sha256 > ?5 AND sha256 <= ?6 AND ?2 IS NOT NULL AND ?3 IS NOT NULL"
                                       " AND ?4 IS NOT NULL", NULL);
  FpClock *clock = fp_store_get_clock (txn->store);
  FpStmt *stmt = fp_stmt_new (txn->db, text, error);

  if (!stmt)
    return NULL;
  fp_stmt_bind_int (stmt, 1, txn->now);
  fp_stmt_bind_int (stmt, 2, fp_clock_get_boot_ms (clock));
  fp_stmt_bind_text (stmt, 3, fp_clock_get_boot_id (clock));
  fp_stmt_bind_int (stmt, 4, DAY_MS);
  fp_stmt_bind_text (stmt, 5, page->after ? page->after : "");
  fp_stmt_bind_text (stmt, 6, page->last);

  return stmt;
}

static gboolean
mark (FpStoreTxn *txn,
      const Page *page,
      const char *sql,
      GError    **error)
{
  g_autoptr(FpStmt) stmt = prepare (txn, page, sql, error);

  return stmt && fp_stmt_run (stmt, NULL, error);
}

/* Old by the wall clock and, within one boot, by boot time too: a clock set forward deletes nothing early. */
static GPtrArray *
list_old (FpStoreTxn *txn,
          const Page *page,
          GError    **error)
{
  g_autoptr(GPtrArray) old = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  stmt = prepare (txn, page,
                  "SELECT sha256 FROM blob WHERE unused_since <= ?1 - ?4"
                  " AND (unused_boot_id <> ?3 OR unused_since_boot <= ?2 - ?4)",
                  error);
  if (!stmt)
    return NULL;
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

static guint
clean_page (FpStoreTxn *txn,
            const Page *page,
            GError    **error)
{
  g_autoptr(GPtrArray) old = NULL;
  guint deleted = 0;

  /* A mark in the future was made by a clock that was wrong: it is made anew. */
  if (!mark (txn, page,
             "UPDATE blob SET unused_since = NULL, unused_since_boot = NULL, unused_boot_id = NULL"
             " WHERE unused_since IS NOT NULL AND (unused_since > ?1 OR " REFERRED_SQL ")",
             error)
      || !mark (txn, page,
                "UPDATE blob SET unused_since = ?1, unused_since_boot = ?2, unused_boot_id = ?3"
                " WHERE unused_since IS NULL AND NOT " REFERRED_SQL,
                error))
    return 0;

  old = list_old (txn, page, error);
  for (; old && deleted < old->len; deleted++)
    if (!delete_blob (txn, g_ptr_array_index (old, deleted), error))
      return 0;

  return deleted;
}

/**
 * fp_blob_clean:
 * @after: (inout): NULL for the first call and after the last one
 *
 * Of some blobs, marks those to which nothing refers and deletes those that were marked 24 h ago. Only in a write
 * transaction.
 *
 * Returns: how many files were deleted; 0 with an error
 */
guint
fp_blob_clean (FpStoreTxn  *txn,
               char       **after,
               GError     **error)
{
  Page page = { .after = *after };
  guint deleted = 0;
  g_autofree char *last = NULL;

  g_return_val_if_fail (txn, 0);

  if (read_page (txn, &page, error) && page.last)
    deleted = clean_page (txn, &page, error);
  last = g_steal_pointer (&page.last);
  g_free (*after);
  *after = page.is_end ? NULL : g_steal_pointer (&last);

  return deleted;
}

/**
 * fp_blob_list_strays:
 *
 * Looks for what an import left behind when the program died: a temporary file, or one that has no row. In any
 * transaction; a folder of many files takes its time.
 *
 * Returns: (transfer full): names
 */
GPtrArray *
fp_blob_list_strays (FpStoreTxn *txn,
                     GError    **error)
{
  g_autofree char *folder = g_build_filename (fp_store_get_folder (txn->store), "blobs", NULL);
  g_autoptr(GPtrArray) strays = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      gboolean known = FALSE;
      struct stat file;

      if (stat (path, &file) < 0 || !S_ISREG (file.st_mode) || g_str_has_suffix (name, FP_BLOB_ASIDE)
          || (gint64) file.st_mtim.tv_sec * 1000 > txn->now - DAY_MS)
        continue;
      if (!has_row (txn, name, &known, error))
        return NULL;
      if (!known)
        g_ptr_array_add (strays, g_strdup (name));
    }

  return g_steal_pointer (&strays);
}

/**
 * fp_blob_delete_strays:
 * @strays: names; those that were looked at leave it
 *
 * Deletes some, where they still have no row. Only in a write transaction.
 *
 * Returns: how many files were deleted; 0 with an error
 */
guint
fp_blob_delete_strays (FpStoreTxn *txn,
                       GPtrArray  *strays,
                       GError    **error)
{
  guint deleted = 0;

  for (guint i = 0; i < ROWS && strays->len > 0; i++)
    {
      const char *name = g_ptr_array_index (strays, strays->len - 1);
      g_autofree char *path = g_build_filename (fp_store_get_folder (txn->store), "blobs", name, NULL);
      gboolean known = FALSE;

      if (!has_row (txn, name, &known, error))
        return 0;
      if (!known && unlink (path) == 0)
        deleted++;
      g_ptr_array_set_size (strays, (int) strays->len - 1);
    }

  return deleted;
}
