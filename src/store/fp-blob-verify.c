#include "store/fp-blob.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fp-sha256.h"
#include "store/fp-store-private.h"

#define BUFFER_BYTES (128 * 1024)

/* TRUE if the bytes are others than its name says. What cannot be read now may be read later, and says so when it is
 * to be sent. */
static gboolean
is_damaged (int          fd,
            const char  *sha256,
            const gint  *stop)
{
  g_autoptr(FpSha256) checksum = fp_sha256_new ();
  g_autofree guint8 *buffer = g_malloc (BUFFER_BYTES);
  gssize n;

  while ((n = read (fd, buffer, BUFFER_BYTES)) > 0)
    {
      if (stop && g_atomic_int_get (stop))
        return FALSE;
      fp_sha256_update (checksum, buffer, n);
    }

  return n == 0 && !g_str_equal (fp_sha256_get_string (checksum), sha256);
}

/* An import may have put the right bytes in its place meanwhile. */
static gboolean
is_still (int         fd,
          const char *path)
{
  struct stat opened, there;

  return fstat (fd, &opened) == 0 && stat (path, &there) == 0 && opened.st_ino == there.st_ino
         && opened.st_dev == there.st_dev;
}

static gboolean
verify_one (const char *folder,
            const char *sha256,
            const gint *stop)
{
  g_autofree char *path = g_build_filename (folder, "blobs", sha256, NULL);
  g_autofree char *aside = g_strconcat (path, FP_BLOB_ASIDE, NULL);
  int fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
  gboolean damaged = fd >= 0 && is_damaged (fd, sha256, stop) && is_still (fd, path);

  if (damaged && g_rename (path, aside) < 0)
    g_message ("The damaged file %s cannot be put aside: %s", path, g_strerror (errno));
  if (fd >= 0)
    close (fd);

  return damaged;
}

char *
_fp_blob_verify (FpDb        *db,
                 gint64       larger_than,
                 const gint  *stop,
                 GError     **error)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (db, "SELECT sha256 FROM blob WHERE size > ? ORDER BY sha256", error);
  g_autofree char *first = NULL;
  FpStep step = FP_STEP_DONE;

  if (!stmt)
    return NULL;
  fp_stmt_bind_int (stmt, 1, larger_than);
  while (!(stop && g_atomic_int_get (stop)) && (step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    {
      g_autofree char *sha256 = fp_stmt_dup_text (stmt, 0);

      if (verify_one (db->folder, sha256, stop) && !first)
        first = g_strconcat (sha256, FP_BLOB_ASIDE, NULL);
    }

  return step == FP_STEP_ERROR ? NULL : g_steal_pointer (&first);
}

/**
 * fp_blob_verify:
 *
 * Reads every attachment: some seconds a gigabyte. One whose bytes changed on the disk is put aside, so that no server
 * gets it; what it belongs to says that it is missing. For a read transaction.
 *
 * Returns: (transfer full) (nullable): the new name of the first one in blobs/; NULL without error if all are right
 */
char *
fp_blob_verify (FpStoreTxn  *txn,
                GError     **error)
{
  g_return_val_if_fail (txn, NULL);

  return _fp_blob_verify (txn->db, -1, NULL, error);
}
