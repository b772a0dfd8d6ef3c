#include "store/fp-files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "store/fp-sql.h"

/* Not in every linux/magic.h. */
#define CIFS_MAGIC   0xff534d42u
#define SMB2_MAGIC   0xfe534d42u
#define LUSTRE_MAGIC 0x0bd00bd0u
#define CEPH_MAGIC   0x00c36400u
#define FUSE_MAGIC   0x65735546u /* sshfs, GlusterFS, rclone, … */

gboolean
fp_files_sync_folder (const char *path,
                      GError    **error)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean ok = fd >= 0 && fsync (fd) == 0;

  /* EINVAL: a file system on which folders need no fsync. */
  if (!ok && errno == EINVAL)
    ok = TRUE;
  if (!ok)
    fp_store_set_errno (error, errno, "The folder %s could not be written", path);
  if (fd >= 0)
    close (fd);

  return ok;
}

/* TRUE if there are at most @most names in it. */
static gboolean
holds_at_most (const char *path,
               guint       most)
{
  g_autoptr(GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (dir && n <= most && g_dir_read_name (dir))
    n++;

  return dir && n <= most;
}

/* Makes the name of @path durable, and those above it that somebody may just have made. */
static gboolean
sync_above (const char *path,
            GError    **error)
{
  g_autofree char *parent = g_path_get_dirname (path);

  if (!fp_files_sync_folder (parent, error))
    return FALSE;

  return g_str_equal (parent, path) || !holds_at_most (parent, 1) || sync_above (parent, error);
}

static gboolean
make_missing (const char *path,
              GError    **error)
{
  g_autofree char *parent = g_path_get_dirname (path);
  int made = mkdir (path, 0700);

  if (made < 0 && errno == ENOENT && !g_str_equal (parent, path))
    {
      if (!make_missing (parent, error))
        return FALSE;
      made = mkdir (path, 0700);
    }
  if (made == 0 || (errno == EEXIST && g_file_test (path, G_FILE_TEST_IS_DIR)))
    return TRUE;

  fp_store_set_errno (error, errno, "The folder %s could not be made", path);
  return FALSE;
}

/* An empty folder that is found may have been made a moment ago by a program that was killed before it could sync
 * it; nobody puts something into one before its name is durable. */
gboolean
fp_files_make_folder (const char *path,
                      GError    **error)
{
  return make_missing (path, error) && (!holds_at_most (path, 0) || sync_above (path, error));
}

gboolean
fp_files_touch (const char *path,
                GError    **error)
{
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  if (fd < 0)
    {
      fp_store_set_errno (error, errno, "The file %s could not be opened", path);
      return FALSE;
    }
  close (fd);

  return TRUE;
}

gboolean
fp_files_is_network (const char *path)
{
  static const guint32 network[] = {
    NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, CIFS_MAGIC,      SMB2_MAGIC,        AFS_SUPER_MAGIC,
    AFS_FS_MAGIC,    CEPH_MAGIC,      NCP_SUPER_MAGIC, CODA_SUPER_MAGIC,  V9FS_MAGIC,
    LUSTRE_MAGIC,    OCFS2_SUPER_MAGIC, FUSE_MAGIC,
  };
  struct statfs fs;
  gsize i;

  if (statfs (path, &fs) < 0)
    return FALSE;
  for (i = 0; i < G_N_ELEMENTS (network); i++)
    if ((guint32) fs.f_type == network[i])
      return TRUE;

  return FALSE;
}
