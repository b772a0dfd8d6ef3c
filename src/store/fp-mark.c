#include "store/fp-mark.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "store/fp-files.h"
#include "store/fp-sql.h"

static const char *const words[] = {
  [FP_MARK_UNCLEAN] = "unclean",
  [FP_MARK_DAMAGED] = "damaged",
  [FP_MARK_REPLACE] = "replace",
};

static char *
dup_path (const char *folder)
{
  return g_build_filename (folder, "fieldpost.db.mark", NULL);
}

FpMark
fp_mark_get (const char *folder,
             char      **name)
{
  g_autofree char *path = dup_path (folder);
  g_autofree char *text = NULL;
  g_auto(GStrv) parts = NULL;

  if (name)
    *name = NULL;
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return FP_MARK_NONE;
  parts = g_strsplit (g_strchomp (text), " ", 2);
  for (gsize i = FP_MARK_UNCLEAN; parts[0] && i < G_N_ELEMENTS (words); i++)
    if (g_str_equal (parts[0], words[i]))
      {
        if (name)
          *name = g_strdup (parts[1]);
        return (FpMark) i;
      }

  /* It was being written. */
  return FP_MARK_DAMAGED;
}

gboolean
fp_mark_set (const char *folder,
             FpMark      mark,
             const char *name,
             GError    **error)
{
  g_autofree char *path = dup_path (folder);
  g_autofree char *text = NULL;

  if (mark == FP_MARK_NONE)
    {
      if (unlink (path) < 0 && errno != ENOENT)
        {
          fp_store_set_errno (error, errno, "The file %s could not be deleted", path);
          return FALSE;
        }
      return fp_files_sync_folder (folder, error);
    }

  text = g_strconcat (words[mark], name ? " " : "\n", name, name ? "\n" : NULL, NULL);
  return g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                   error)
         && fp_files_sync_folder (folder, error);
}

int
fp_use_begin (const char *folder,
              gboolean   *alone,
              GError    **error)
{
  g_autofree char *path = g_build_filename (folder, "use.lock", NULL);
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  if (fd < 0)
    {
      fp_store_set_errno (error, errno, "The lock file %s could not be opened", path);
      return -1;
    }
  *alone = flock (fd, LOCK_EX | LOCK_NB) == 0;
  /* Held alone only with the write lock, which is ours. */
  if (!*alone && flock (fd, LOCK_SH | LOCK_NB) < 0)
    {
      fp_store_set_errno (error, errno, "The lock file %s could not be locked", path);
      close (fd);
      return -1;
    }

  return fd;
}

void
fp_use_share (int use)
{
  /* Cannot fail: nobody else can hold it. */
  flock (use, LOCK_SH);
}

void
fp_use_end (int use)
{
  if (use >= 0)
    close (use);
}
