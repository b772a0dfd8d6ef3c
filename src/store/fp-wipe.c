#include "store/fp-wipe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "store/fp-store-private.h"

#define DEPTH_MAX 8

/* Last, so that nobody opens what is half gone. */
static const char * const locks[] = { "use.lock", "write.lock", "turn.lock", "sender.lock" };

typedef struct {
  const char *folder;
  GPtrArray  *names;   /* owned by the caller */
  gboolean    dry_run;
} Wipe;

GPtrArray *
fp_wipe_list_secrets (FpStoreTxn  *txn,
                      GError     **error)
{
  g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  stmt = fp_stmt_new (txn->db,
                      "SELECT secret_id FROM server WHERE secret_id IS NOT NULL"
                      " UNION SELECT secret_id FROM item WHERE secret_id IS NOT NULL"
                      " UNION SELECT secret_id FROM tag WHERE secret_id IS NOT NULL"
                      " UNION SELECT value FROM setting WHERE name LIKE 'form-secret-%'",
                      error);
  if (!stmt)
    return NULL;
  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    g_ptr_array_add (ids, fp_stmt_dup_text (stmt, 0));

  return step == FP_STEP_DONE ? g_steal_pointer (&ids) : NULL;
}

static gboolean
is_ours (const char *name)
{
  return g_str_has_prefix (name, "fieldpost.db") || g_str_has_prefix (name, "secrets.json")
         || g_str_equal (name, "ballast") || g_str_equal (name, "blobs") || g_str_equal (name, "forms");
}

/* The database before what belongs to it and after its log: what is half gone is not opened. */
static int
compare_backwards (gconstpointer a,
                   gconstpointer b)
{
  return strcmp (*(const char *const *) b, *(const char *const *) a);
}

static gboolean
drop (Wipe        *wipe,
      int          fd,
      const char  *below,
      const char  *name,
      int          flags,
      GError     **error)
{
  if (!wipe->dry_run && unlinkat (fd, name, flags) < 0 && errno != ENOENT)
    {
      fp_store_set_errno (error, errno, "%s/%s%s could not be deleted", wipe->folder, below, name);
      return FALSE;
    }
  g_ptr_array_add (wipe->names, g_strconcat (below, name, NULL));

  return TRUE;
}

/* At the top only what is ours by name; below that everything is. */
static gboolean
drop_below (Wipe        *wipe,
            int          fd,
            const char  *below,
            guint        depth,
            GError     **error)
{
  int again = openat (fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = again < 0 ? NULL : fdopendir (again);
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  struct dirent *entry;
  gboolean ok = dir != NULL;

  while (dir && (entry = readdir (dir)))
    if (!g_str_equal (entry->d_name, ".") && !g_str_equal (entry->d_name, "..")
        && (depth > 0 || is_ours (entry->d_name)))
      g_ptr_array_add (names, g_strdup (entry->d_name));
  if (dir)
    closedir (dir);
  g_ptr_array_sort (names, compare_backwards);
  for (guint i = 0; ok && i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      int folder = openat (fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

      if (folder >= 0)
        {
          g_autofree char *path = g_strconcat (below, name, "/", NULL);

          ok = depth < DEPTH_MAX && drop_below (wipe, folder, path, depth + 1, error);
          close (folder);
        }
      ok = ok && drop (wipe, fd, below, name, folder >= 0 ? AT_REMOVEDIR : 0, error);
    }
  if (!ok && error && !*error)
    fp_store_set_errno (error, errno ? errno : ELOOP, "%s/%s could not be read", wipe->folder, below);

  return ok;
}

/* FALSE: somebody holds one. */
static gboolean
lock_all (int          fd,
          int         *held,
          GError     **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (locks); i++)
    {
      held[i] = openat (fd, locks[i], O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
      if (held[i] >= 0 && flock (held[i], LOCK_EX | LOCK_NB) == 0)
        continue;
      if (held[i] >= 0 && errno == EWOULDBLOCK)
        g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_BUSY,
                     "Another program has the store open; close the window, and stop fieldpost-agent");
      else
        fp_store_set_errno (error, errno, "The lock file %s could not be locked", locks[i]);
      return FALSE;
    }

  return TRUE;
}

static gboolean
wipe_all (Wipe    *wipe,
          int      fd,
          GError **error)
{
  if (!drop_below (wipe, fd, "", 0, error))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (locks); i++)
    if (faccessat (fd, locks[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0 && !drop (wipe, fd, "", locks[i], 0, error))
      return FALSE;
  if (!wipe->dry_run)
    rmdir (wipe->folder);

  return TRUE;
}

GPtrArray *
fp_wipe_folder (const char  *folder,
                gboolean     dry_run,
                GError     **error)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  Wipe wipe = { folder, names, dry_run };
  int held[G_N_ELEMENTS (locks)] = { -1, -1, -1, -1 };
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean ok;

  if (fd < 0 && errno == ENOENT)
    return g_steal_pointer (&names);
  if (fd < 0)
    {
      fp_store_set_errno (error, errno, "The folder %s could not be opened", folder);
      return NULL;
    }
  ok = (dry_run || lock_all (fd, held, error)) && wipe_all (&wipe, fd, error);
  for (gsize i = 0; i < G_N_ELEMENTS (locks); i++)
    if (held[i] >= 0)
      close (held[i]);
  close (fd);

  return ok ? g_steal_pointer (&names) : NULL;
}
