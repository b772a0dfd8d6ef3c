#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fp-test.h"
#include "store/fp-sender-lock.h"

typedef struct
{
  char *folder;
} Fixture;

static void
setup (Fixture      *f,
       gconstpointer data)
{
  f->folder = fp_test_make_folder ();
}

static void
teardown (Fixture      *f,
          gconstpointer data)
{
  fp_test_remove_folder (f->folder);
  g_free (f->folder);
}

static FpSenderLock *
take (Fixture *f)
{
  g_autoptr(GError) error = NULL;
  FpSenderLock *lock = fp_sender_lock_try (f->folder, &error);

  g_assert_no_error (error);
  return lock;
}

static void
test_only_one_holds_it (Fixture      *f,
                        gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->folder, "sender.lock", NULL);
  FpSenderLock *lock = take (f);
  struct stat file;

  g_assert_nonnull (lock);
  g_assert_null (take (f));
  g_assert_cmpint (stat (path, &file), ==, 0);
  g_assert_cmpuint (file.st_mode & 0777, ==, 0600);
  fp_sender_lock_release (lock);
  lock = take (f);
  g_assert_nonnull (lock);
  fp_sender_lock_release (lock);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_wait_gets_it_after_release (Fixture      *f,
                                 gconstpointer data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  FpSenderLock *lock = take (f);

  fp_sender_lock_wait_async (f->folder, NULL, fp_test_await_cb, &await);
  g_usleep (20000); /* it is then waiting, most often */
  fp_test_drain ();
  g_assert_null (await.result);
  fp_sender_lock_release (lock);
  lock = fp_sender_lock_wait_finish (fp_test_await (&await), &error);
  g_assert_no_error (error);
  g_assert_nonnull (lock);
  g_assert_null (take (f));
  fp_sender_lock_release (lock);
}

static void
test_wait_is_cancelled (Fixture      *f,
                        gconstpointer data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  FpSenderLock *lock = take (f);

  fp_sender_lock_wait_async (f->folder, cancellable, fp_test_await_cb, &await);
  g_usleep (20000);
  g_cancellable_cancel (cancellable);
  g_assert_null (fp_sender_lock_wait_finish (fp_test_await (&await), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  fp_sender_lock_release (lock);
  lock = take (f); /* the wait left nothing behind */
  g_assert_nonnull (lock);
  fp_sender_lock_release (lock);
}

static void
test_kill_frees_it (Fixture      *f,
                    gconstpointer data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  FpSenderLock *lock;
  int ready[2];
  char byte;
  pid_t pid;

  g_assert_cmpint (pipe (ready), ==, 0);
  pid = fork ();
  if (pid == 0)
    {
      lock = fp_sender_lock_try (f->folder, NULL);
      if (lock && write (ready[1], "x", 1) == 1)
        pause ();
      _exit (1);
    }
  g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
  g_assert_null (take (f));
  fp_sender_lock_wait_async (f->folder, NULL, fp_test_await_cb, &await);
  kill (pid, SIGKILL);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
  lock = fp_sender_lock_wait_finish (fp_test_await (&await), NULL);
  g_assert_nonnull (lock);
  fp_sender_lock_release (lock);
  close (ready[0]);
  close (ready[1]);
}

/* A program that the holder starts must not keep the lock when the holder is gone. */
static void
test_is_not_inherited (Fixture      *f,
                       gconstpointer data)
{
  FpSenderLock *lock = take (f);
  pid_t pid = fork ();

  if (pid == 0)
    {
      execlp ("sleep", "sleep", "60", NULL);
      _exit (1);
    }
  /* Until the other program runs, the copy of this one holds the lock too. */
  fp_sender_lock_release (lock);
  fp_test_until ((lock = take (f)) != NULL);
  fp_sender_lock_release (lock);
  kill (pid, SIGKILL);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
}

static void
test_bad_folder_is_an_error (Fixture      *f,
                             gconstpointer data)
{
  g_autofree char *file = g_build_filename (f->folder, "file", NULL);
  g_autofree char *below = g_build_filename (file, "store", NULL);
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  g_assert_true (g_file_set_contents (file, "", 0, NULL));
  g_assert_null (fp_sender_lock_try (below, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  fp_sender_lock_wait_async (below, NULL, fp_test_await_cb, &await);
  g_assert_null (fp_sender_lock_wait_finish (fp_test_await (&await), &error));
  g_assert_nonnull (error);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add ("/store/sender-lock/" path, Fixture, NULL, setup, func, teardown)
  ADD ("only-one-holds-it", test_only_one_holds_it);
  ADD ("wait-gets-it-after-release", test_wait_gets_it_after_release);
  ADD ("wait-is-cancelled", test_wait_is_cancelled);
  ADD ("kill-frees-it", test_kill_frees_it);
  ADD ("is-not-inherited", test_is_not_inherited);
  ADD ("bad-folder-is-an-error", test_bad_folder_is_an_error);

  return g_test_run ();
}
