#include "fp-test.h"

#include <glib/gstdio.h>

void
fp_test_await_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      await)
{
  FpTestAwait *self = await;

  g_assert_null (self->result);
  self->result = g_object_ref (result);
}

static gboolean
wake_cb (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

void
fp_test_iterate (gint64      deadline,
                 const char *what,
                 const char *file,
                 int         line)
{
  /* A blocked iteration could not see the deadline. */
  guint wake = g_timeout_add (50, wake_cb, NULL);

  g_main_context_iteration (NULL, TRUE);
  g_source_remove (wake);
  if (g_get_monotonic_time () > deadline)
    g_error ("%s:%d: never came true: %s", file, line, what);
}

static void
finalized_cb (gpointer data,
              GObject *was)
{
  *(gboolean *) data = TRUE;
}

void
fp_test_finalize (gpointer object)
{
  gboolean finalized = FALSE;

  g_object_weak_ref (object, finalized_cb, &finalized);
  g_object_unref (object);
  fp_test_until (finalized);
}

void
fp_test_drain (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

GAsyncResult *
fp_test_await (FpTestAwait *await)
{
  /* A second wait on the same struct is for a second call. */
  fp_test_until (await->result != NULL);

  return await->result;
}

void
fp_test_await_clear (FpTestAwait *await)
{
  g_clear_object (&await->result);
}

char *
fp_test_make_folder (void)
{
  g_autoptr(GError) error = NULL;
  char *folder = g_dir_make_tmp ("fieldpost-XXXXXX", &error);

  g_assert_no_error (error);
  return folder;
}

void
fp_test_remove_folder (const char *folder)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
        fp_test_remove_folder (path);
      else
        g_remove (path);
    }
  g_rmdir (folder);
}
