#include "store/fp-sender-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "store/fp-files.h"
#include "store/fp-sql.h"

/* A wait lasts for hours where two agents run; it must not wake the machine often. */
#define FIRST_PAUSE_MS 50
#define LAST_PAUSE_MS  1000

struct _FpSenderLock
{
  int fd; /* owned */
};

/**
 * fp_sender_lock_try:
 * @folder: of the store; made if it is missing
 *
 * Does not wait.
 *
 * Returns: (transfer full): the lock; NULL without error where somebody else holds it
 */
FpSenderLock *
fp_sender_lock_try (const char *folder,
                    GError    **error)
{
  g_autofree char *path = NULL;
  FpSenderLock *lock;
  int fd;

  g_return_val_if_fail (folder, NULL);

  if (!fp_files_make_folder (folder, error))
    return NULL;
  path = g_build_filename (folder, "sender.lock", NULL);
  fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || flock (fd, LOCK_EX | LOCK_NB) < 0)
    {
      if (fd < 0 || errno != EWOULDBLOCK)
        fp_store_set_errno (error, errno, "The lock file %s could not be locked", path);
      if (fd >= 0)
        close (fd);
      return NULL;
    }

  lock = g_new (FpSenderLock, 1);
  lock->fd = fd;
  return lock;
}

/* Polls: a blocking flock() cannot be cancelled. */
static gpointer
wait_thread (gpointer data)
{
  g_autoptr(GTask) task = data;
  GCancellable *cancellable = g_task_get_cancellable (task);
  const char *folder = g_task_get_task_data (task);
  GError *error = NULL;
  FpSenderLock *lock;
  GPollFD cancelled;
  gint pause = FIRST_PAUSE_MS;
  gboolean pollable = g_cancellable_make_pollfd (cancellable, &cancelled);

  while (!(lock = fp_sender_lock_try (folder, &error)) && !error
         && !g_cancellable_set_error_if_cancelled (cancellable, &error))
    {
      g_poll (&cancelled, pollable ? 1 : 0, pause);
      pause = MIN (pause * 2, LAST_PAUSE_MS);
    }
  if (pollable)
    g_cancellable_release_fd (cancellable);

  if (lock)
    g_task_return_pointer (task, lock, (GDestroyNotify) fp_sender_lock_release);
  else
    g_task_return_error (task, error);

  return NULL;
}

/**
 * fp_sender_lock_wait_async:
 * @cancellable: (nullable): ends the wait; a lock that was taken at that moment is dropped again
 * @callback: (scope async): runs in the caller's thread-default main context
 *
 * Waits on a thread of its own, for ever; gets the lock at most 1 s after it is free.
 */
void
fp_sender_lock_wait_async (const char         *folder,
                           GCancellable       *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer            user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (folder);

  /* No source object that the thread could finalize. */
  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, fp_sender_lock_wait_async);
  g_task_set_task_data (task, g_strdup (folder), g_free);
  g_thread_unref (g_thread_new ("fp-sender-lock", wait_thread, g_object_ref (task)));
}

FpSenderLock *
fp_sender_lock_wait_finish (GAsyncResult *result,
                            GError      **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * fp_sender_lock_release:
 *
 * Somebody else may send from now on.
 */
void
fp_sender_lock_release (FpSenderLock *lock)
{
  g_return_if_fail (lock);

  close (lock->fd);
  g_free (lock);
}
