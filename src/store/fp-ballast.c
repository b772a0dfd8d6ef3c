#include "store/fp-ballast.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/fp-store-private.h"

#define BALLAST_BYTES (8 * 1048576)
/* Below, the room is worth more to the person than to us. */
#define MUCH_BYTES    (64 * G_GINT64_CONSTANT (1048576))
#define CHUNK_BYTES   65536

static char *
dup_path (const char *folder)
{
  return g_build_filename (folder, "ballast", NULL);
}

gint64
_fp_ballast_get_free (const char *folder)
{
  struct statvfs fs;

  if (statvfs (folder, &fs) < 0)
    return G_MAXINT64;

  return (gint64) fs.f_bavail * (gint64) fs.f_frsize;
}

/* Copying a folder may have left a hole in its place. */
static gboolean
is_there (const char *path)
{
  struct stat file;

  return stat (path, &file) == 0 && file.st_size >= BALLAST_BYTES
         && (gint64) file.st_blocks * 512 >= BALLAST_BYTES;
}

/* Noise: a file system without fallocate() may keep zeros without a block. */
static gboolean
write_noise (int fd)
{
  g_autofree guint64 *chunk = g_malloc (CHUNK_BYTES);
  guint64 noise = 1;

  for (gsize done = 0; done < BALLAST_BYTES; done += CHUNK_BYTES)
    {
      for (gsize i = 0; i < CHUNK_BYTES / sizeof *chunk; i++)
        chunk[i] = noise = noise * G_GUINT64_CONSTANT (6364136223846793005) + G_GUINT64_CONSTANT (1442695040888963407);
      if (pwrite (fd, chunk, CHUNK_BYTES, (off_t) done) != CHUNK_BYTES)
        return FALSE;
    }

  return TRUE;
}

/* Real blocks, or no file at all: half of one would only take room away. */
void
_fp_ballast_keep (const char *folder)
{
  g_autofree char *path = dup_path (folder);
  gboolean made;
  int fd;

  if (is_there (path) || _fp_ballast_get_free (folder) <= MUCH_BYTES)
    return;
  fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return;

  made = fallocate (fd, 0, 0, BALLAST_BYTES) == 0 || (errno == EOPNOTSUPP && write_noise (fd));
  made = made && fsync (fd) == 0;
  close (fd);
  if (!made)
    unlink (path);
}

/**
 * fp_ballast_get_free:
 *
 * Asks the file system, so never on the main loop; any transaction.
 *
 * Returns: bytes; 0 is a full disk
 */
gint64
fp_ballast_get_free (FpStoreTxn *txn)
{
  g_return_val_if_fail (txn, 0);

  return _fp_ballast_get_free (txn->store->folder);
}

/**
 * fp_ballast_allows_claim:
 *
 * Some microseconds, so that it may be asked at every claim. In a write transaction.
 *
 * Returns: FALSE where less than %FP_BALLAST_CLAIM_BYTES are free
 */
gboolean
fp_ballast_allows_claim (FpStoreTxn *txn)
{
  g_return_val_if_fail (txn, FALSE);

  _fp_ballast_keep (txn->store->folder);

  return _fp_ballast_get_free (txn->store->folder) >= FP_BALLAST_CLAIM_BYTES;
}

/**
 * fp_ballast_drop:
 *
 * For a receipt that was refused with %FP_STORE_ERROR_FULL. In a write transaction that writes nothing else, so that
 * it succeeds on a full disk.
 *
 * Returns: TRUE if there is room now that was not there before
 */
gboolean
fp_ballast_drop (FpStoreTxn *txn)
{
  g_autofree char *path = NULL;

  g_return_val_if_fail (txn, FALSE);

  path = dup_path (txn->store->folder);
  return unlink (path) == 0;
}
