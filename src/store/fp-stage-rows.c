#include "store/fp-stage-rows.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "store/fp-item-rows-private.h"
#include "store/fp-store-private.h"

struct _FpStageLock
{
  int fd; /* owned */
};

static FpStageLock *
take (FpStoreTxn *txn,
      int         how,
      GError    **error)
{
  g_autofree char *path = g_build_filename (fp_store_get_folder (txn->store), "stage.lock", NULL);
  FpStageLock *lock;
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  if (fd < 0 || flock (fd, how | LOCK_NB) < 0)
    {
      if (fd < 0 || errno != EWOULDBLOCK)
        fp_store_set_errno (error, errno, "The lock file %s could not be locked", path);
      if (fd >= 0)
        close (fd);
      return NULL;
    }

  lock = g_new (FpStageLock, 1);
  lock->fd = fd;
  return lock;
}

/**
 * fp_stage_lock_share:
 *
 * Returns: (transfer full): says that this process copies, until it is released; %NULL with @error
 */
FpStageLock *
fp_stage_lock_share (FpStoreTxn *txn,
                     GError    **error)
{
  FpStageLock *lock;

  g_return_val_if_fail (txn, NULL);

  lock = take (txn, LOCK_SH, error);
  /* Only somebody who locks outside of a transaction. */
  if (!lock && error && !*error)
    g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_BUSY, "Another program keeps stage.lock");

  return lock;
}

/**
 * fp_stage_lock_alone:
 *
 * Returns: (transfer full): nobody copies while it is held; %NULL without @error where somebody does
 */
FpStageLock *
fp_stage_lock_alone (FpStoreTxn *txn,
                     GError    **error)
{
  g_return_val_if_fail (txn, NULL);

  return take (txn, LOCK_EX, error);
}

void
fp_stage_lock_release (FpStageLock *lock)
{
  g_return_if_fail (lock);

  close (lock->fd);
  g_free (lock);
}

/**
 * fp_stage_rows_list:
 *
 * Returns: (transfer full) (element-type gint64): ids
 */
GArray *
fp_stage_rows_list (FpStoreTxn *txn,
                    GError    **error)
{
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  g_return_val_if_fail (txn, NULL);

  stmt = fp_stmt_new (txn->db,
                      "SELECT id FROM item WHERE state = 4 AND hold = 'staging' UNION ALL"
                      " SELECT id FROM item WHERE state = 5 AND state_before = 4 AND hold = 'staging'",
                      error);
  if (!stmt)
    return NULL;
  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    {
      gint64 id = fp_stmt_get_int (stmt, 0);

      g_array_append_val (ids, id);
    }

  return step == FP_STEP_DONE ? g_steal_pointer (&ids) : NULL;
}

/**
 * fp_stage_rows_fill:
 * @item: its parts are checked, their sizes and its body_size set
 *
 * NOT_FOUND: a blob is not there.
 */
gboolean
fp_stage_rows_fill (FpStoreTxn *txn,
                    FpItem     *item,
                    GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  g_return_val_if_fail (txn && item && item->parts, FALSE);

  if (!_fp_item_check_parts (txn, item, error) || !_fp_item_insert_parts (txn, item, error))
    return FALSE;

  item->body_size = 0;
  for (guint i = 0; i < item->parts->len; i++)
    item->body_size += ((FpItemPart *) g_ptr_array_index (item->parts, i))->size;
  stmt = fp_stmt_new (txn->db, "UPDATE item SET body_size = ? WHERE id = ?", error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_int (stmt, 1, item->body_size);
  fp_stmt_bind_int (stmt, 2, item->id);

  return fp_stmt_run (stmt, NULL, error);
}
