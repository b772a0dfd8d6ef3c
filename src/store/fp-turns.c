#include "store/fp-turns.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "store/fp-sql.h"

#define WAIT_USEC (30 * G_USEC_PER_SEC)

static int
open_lock_file (const char *folder,
                const char *name,
                GError    **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  if (fd < 0)
    fp_store_set_errno (error, errno, "The lock file %s could not be opened", path);

  return fd;
}

gboolean
fp_turns_open (FpTurns    *turns,
               const char *folder,
               GError    **error)
{
  if (turns->turn < 0)
    turns->turn = open_lock_file (folder, "turn.lock", error);
  if (turns->turn >= 0 && turns->write < 0)
    turns->write = open_lock_file (folder, "write.lock", error);

  return turns->turn >= 0 && turns->write >= 0;
}

void
fp_turns_close (FpTurns *turns)
{
  if (turns->turn >= 0)
    close (turns->turn);
  if (turns->write >= 0)
    close (turns->write);
  turns->turn = turns->write = -1;
}

/* Polls: a blocking flock() can neither be given a deadline nor be cancelled. A write takes some milliseconds, so
 * the first tries are close together. */
static gboolean
take (int           fd,
      gint64        deadline,
      GCancellable *cancellable,
      GError      **error)
{
  gulong pause = 100;

  while (flock (fd, LOCK_EX | LOCK_NB) < 0)
    {
      if (errno != EWOULDBLOCK && errno != EINTR)
        {
          fp_store_set_errno (error, errno, "The store could not be locked");
          return FALSE;
        }
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (g_get_monotonic_time () >= deadline)
        {
          g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_BUSY,
                       "Another program kept the store locked");
          return FALSE;
        }
      g_usleep (pause);
      pause = MIN (pause * 3 / 2, 4000);
    }

  return TRUE;
}

gboolean
fp_turns_begin (FpTurns      *turns,
                GCancellable *cancellable,
                GError      **error)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_USEC;
  gboolean taken;

  if (!take (turns->turn, deadline, cancellable, error))
    return FALSE;
  taken = take (turns->write, deadline, cancellable, error);
  /* Cannot fail on a descriptor that is open. */
  flock (turns->turn, LOCK_UN);

  return taken;
}

void
fp_turns_end (FpTurns *turns)
{
  flock (turns->write, LOCK_UN);
}
