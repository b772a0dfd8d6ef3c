#include "store/fp-blob.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fp-random.h"
#include "base/fp-sha256.h"
#include "base/fp-worker.h"
#include "store/fp-files.h"
#include "store/fp-store-private.h"

#define CHUNK_BYTES 65536

void
fp_blob_free (FpBlob *blob)
{
  g_return_if_fail (blob);

  g_free (blob->sha256);
  g_free (blob);
}

static gboolean
is_sha256 (const char *text)
{
  gsize i;

  for (i = 0; i < 64; i++)
    if (!text || !g_ascii_isxdigit (text[i]) || g_ascii_isupper (text[i]))
      return FALSE;

  return text[64] == '\0';
}

/**
 * fp_blob_dup_path:
 * @sha256: 64 lower-case hex digits
 *
 * Returns: (transfer full): where the file is, if it is there. Any thread.
 */
char *
fp_blob_dup_path (FpStore    *store,
                  const char *sha256)
{
  g_return_val_if_fail (FP_IS_STORE (store) && is_sha256 (sha256), NULL);

  return g_build_filename (fp_store_get_folder (store), "blobs", sha256, NULL);
}

static gboolean
write_all (int         fd,
           const char *data,
           gsize       size)
{
  while (size > 0)
    {
      gssize written = write (fd, data, size);

      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0)
        return FALSE;
      data += written;
      size -= (gsize) written;
    }

  return TRUE;
}

/* From @stream to @fd, hashing on the way; constant memory. */
static FpBlob *
copy_stream (GInputStream *stream,
             int           fd,
             GCancellable *cancellable,
             GError      **error)
{
  g_autoptr(FpSha256) checksum = fp_sha256_new ();
  g_autofree char *buffer = g_malloc (CHUNK_BYTES);
  g_autoptr(FpBlob) blob = g_new0 (FpBlob, 1);
  gssize n;

  while ((n = g_input_stream_read (stream, buffer, CHUNK_BYTES, cancellable, error)) > 0)
    {
      /* Not every stream looks itself. */
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      fp_sha256_update (checksum, buffer, n);
      blob->size += n;
      if (!write_all (fd, buffer, (gsize) n))
        {
          fp_store_set_errno (error, errno, "The file could not be kept");
          return NULL;
        }
    }
  if (n < 0)
    {
      g_prefix_error (error, "The file could not be read: ");
      return NULL;
    }
  if (fsync (fd) < 0)
    {
      fp_store_set_errno (error, errno, "The file could not be kept");
      return NULL;
    }
  blob->sha256 = g_strdup (fp_sha256_get_string (checksum));

  return g_steal_pointer (&blob);
}

/* Always renames: that also repairs a file of this name whose bytes were damaged. */
static gboolean
settle (const char *folder,
        const char *temporary,
        FpBlob     *blob,
        GError    **error)
{
  g_autofree char *path = g_build_filename (folder, blob->sha256, NULL);

  if (rename (temporary, path) < 0)
    {
      fp_store_set_errno (error, errno, "The file could not be kept");
      return FALSE;
    }

  return fp_files_sync_folder (folder, error);
}

static FpBlob *
import_file (FpStore      *store,
             GInputStream *stream,
             GCancellable *cancellable,
             GError      **error)
{
  g_autofree char *folder = g_build_filename (fp_store_get_folder (store), "blobs", NULL);
  g_autofree char *uid = fp_uuid_new ();
  g_autofree char *name = g_strconcat ("tmp-", uid, NULL);
  g_autofree char *temporary = g_build_filename (folder, name, NULL);
  g_autoptr(FpBlob) blob = NULL;
  int fd = open (temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

  if (fd < 0)
    {
      fp_store_set_errno (error, errno, "The file could not be kept");
      return NULL;
    }
  blob = copy_stream (stream, fd, cancellable, error);
  if (close (fd) < 0 && blob)
    {
      fp_store_set_errno (error, errno, "The file could not be kept");
      g_clear_pointer (&blob, fp_blob_free);
    }
  if (blob && settle (folder, temporary, blob, error))
    return g_steal_pointer (&blob);

  unlink (temporary);
  return NULL;
}

static void
import_file_cb (GTask        *task,
                gpointer      source,
                gpointer      data,
                GCancellable *cancellable)
{
  GError *error = NULL;
  FpBlob *blob = import_file (source, data, cancellable, &error);

  if (blob)
    g_task_return_pointer (task, blob, (GDestroyNotify) fp_blob_free);
  else
    g_task_return_error (task, error);
}

static gboolean
check_file (FpStoreTxn *txn,
            const char *sha256,
            gint64      size,
            GError    **error)
{
  g_autofree char *path = fp_blob_dup_path (txn->store, sha256);
  struct stat file;

  if (stat (path, &file) < 0 || !S_ISREG (file.st_mode) || file.st_size != size)
    {
      g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND,
                   "An attached file is missing or damaged in the store: %s", sha256);
      return FALSE;
    }

  return TRUE;
}

/* Clean-up may have run since the file was renamed, so it is looked at again under the lock. */
static gpointer
add_row (FpStoreTxn *txn,
         gpointer    data,
         GError    **error)
{
  const FpBlob *blob = data;
  g_autoptr(FpStmt) stmt = NULL;

  if (!check_file (txn, blob->sha256, blob->size, error))
    return NULL;
  stmt = fp_stmt_new (txn->db,
                      "INSERT INTO blob (sha256, size) VALUES (?1, ?2) ON CONFLICT (sha256) DO UPDATE"
                      " SET size = ?2, unused_since = NULL, unused_since_boot = NULL,"
                      " unused_boot_id = NULL",
                      error);
  if (!stmt)
    return NULL;
  fp_stmt_bind_text (stmt, 1, blob->sha256);
  fp_stmt_bind_int (stmt, 2, blob->size);
  fp_stmt_run (stmt, NULL, error);

  return NULL;
}

static void
row_added_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  FpBlob **holder;

  fp_store_write_finish (FP_STORE (source), result, &error);
  if (error)
    {
      g_task_return_error (task, error);
      return;
    }

  holder = g_task_get_task_data (task);
  g_task_return_pointer (task, g_steal_pointer (holder), (GDestroyNotify) fp_blob_free);
}

static void
file_kept_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  FpBlob *blob = g_task_propagate_pointer (G_TASK (result), &error);

  if (!blob)
    {
      g_task_return_error (task, error);
      return;
    }

  *(FpBlob **) g_task_get_task_data (task) = blob;
  fp_store_write_async (FP_STORE (source), add_row, blob, NULL, NULL,
                        g_task_get_cancellable (task), row_added_cb, g_object_ref (task));
}

static void
holder_free (FpBlob **holder)
{
  g_clear_pointer (holder, fp_blob_free);
  g_free (holder);
}

/**
 * fp_blob_import_async:
 * @stream: (transfer none): read on a thread to its end, not closed; not to be used meanwhile
 * @cancellable: (nullable): has effect until the row is written
 * @callback: (scope async): runs in the caller's thread-default main context
 *
 * Copies a file into the blob folder durably, in constant memory. The blob has no reference yet; clean-up
 * leaves it alone for 24 h. Errors of reading keep their own domain.
 */
void
fp_blob_import_async (FpStore            *store,
                      GInputStream       *stream,
                      GCancellable       *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer            user_data)
{
  g_autoptr(GTask) task = NULL;
  g_autoptr(GTask) copy = NULL;

  g_return_if_fail (FP_IS_STORE (store) && G_IS_INPUT_STREAM (stream));

  task = g_task_new (store, cancellable, callback, user_data);
  g_task_set_source_tag (task, fp_blob_import_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, g_new0 (FpBlob *, 1), (GDestroyNotify) holder_free);

  copy = g_task_new (store, cancellable, file_kept_cb, g_object_ref (task));
  g_task_set_check_cancellable (copy, FALSE);
  g_task_set_task_data (copy, g_object_ref (stream), g_object_unref);
  fp_pool_push (copy, import_file_cb);
}

FpBlob *
fp_blob_import_finish (FpStore      *store,
                       GAsyncResult *result,
                       GError      **error)
{
  g_return_val_if_fail (g_task_is_valid (result, store), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

gboolean
_fp_blob_check_size (FpStoreTxn *txn,
                     const char *sha256,
                     gint64     *size,
                     GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  if (!is_sha256 (sha256))
    {
      g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND, "This is no name of a blob");
      return FALSE;
    }
  stmt = fp_stmt_new (txn->db, "SELECT size FROM blob WHERE sha256 = ?", error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, sha256);
  step = fp_stmt_step (stmt, error);
  if (step == FP_STEP_DONE)
    g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND,
                 "An attached file is not in the store: %s", sha256);
  if (step != FP_STEP_ROW)
    return FALSE;
  *size = fp_stmt_get_int (stmt, 0);

  return check_file (txn, sha256, *size, error);
}

/**
 * fp_blob_check:
 * @sha256: a blob that is to be referred to in this transaction
 *
 * Returns: TRUE if row and file are there with the right size; otherwise FALSE with NOT_FOUND
 */
gboolean
fp_blob_check (FpStoreTxn *txn,
               const char *sha256,
               GError    **error)
{
  gint64 size;

  g_return_val_if_fail (txn && sha256, FALSE);

  return _fp_blob_check_size (txn, sha256, &size, error);
}
