#include "store/fp-migrate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/fp-commit.h"
#include "store/fp-database.h"
#include "store/fp-files.h"
#include "store/fp-store-private.h"
#include "store/fp-store-sql.h"

#define SQL_PREFIX  "/io/github/fieldpost/Fieldpost/store/"
#define COPY_PREFIX "fieldpost.db.before-"

/* Script n-1 leads to user_version n. A released script is never edited. */
static const char *const scripts[FP_DATABASE_VERSION] = {
  "0001-first-light.sql",
  "0002-whole-outbox.sql",
};

static gboolean
run_script (FpDb    *db,
            gint64   to,
            GError **error)
{
  g_autofree char *path = g_strconcat (SQL_PREFIX, scripts[to - 1], NULL);
  g_autoptr(GBytes) script = NULL;

  script = g_resource_lookup_data (fp_store_sql_get_resource (), path, G_RESOURCE_LOOKUP_FLAGS_NONE,
                                   error);
  /* Resources end with a null byte that does not count. */
  return script && fp_db_exec (db, g_bytes_get_data (script, NULL), error)
         && fp_db_set_pragma (db, "application_id", FP_DATABASE_APPLICATION_ID, error)
         && fp_db_set_pragma (db, "user_version", to, error);
}

/* All steps in one transaction, both pragmas with them: an older Fieldpost goes on with the file if one fails. */
static gboolean
run_scripts (FpDb    *db,
             gint64   version,
             GError **error)
{
  gboolean done;

  if (!fp_db_exec (db, "BEGIN EXCLUSIVE", error))
    return FALSE;
  for (done = TRUE; done && version < FP_DATABASE_VERSION; version++)
    done = run_script (db, version + 1, error);
  if (done && fp_db_commit (db, error))
    return TRUE;

  g_prefix_error (error, "The store could not be brought to format %" G_GINT64_FORMAT ": ", version);
  fp_db_roll_back (db);
  return FALSE;
}

/* The copy, and what the new columns and indexes take. */
static gboolean
check_space (FpDb    *db,
             GError **error)
{
  gint64 pages = 0, page_size = 0, needed, is_free = _fp_ballast_get_free (db->folder);

  if (!fp_db_get_int (db, "PRAGMA page_count", &pages, error)
      || !fp_db_get_int (db, "PRAGMA page_size", &page_size, error))
    return FALSE;
  needed = pages * page_size * 2 + 1048576;
  if (is_free >= needed)
    return TRUE;

  g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_FULL,
               "To bring the store to format %d %" G_GINT64_FORMAT " MiB have to be free, and %" G_GINT64_FORMAT
               " MiB are; nothing was changed",
               FP_DATABASE_VERSION, needed / 1048576 + 1, is_free / 1048576);
  return FALSE;
}

/* SQLite does not wait for the disk here. */
static gboolean
sync_file (const char *path,
           GError    **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  gboolean ok = fd >= 0 && fsync (fd) == 0;

  if (!ok)
    fp_store_set_errno (error, errno, "The copy %s could not be written", path);
  if (fd >= 0)
    close (fd);

  return ok;
}

/* With what is still in the log. Under its own name only when it is complete. */
static gboolean
write_copy (FpDb       *db,
            const char *temporary,
            GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  unlink (temporary);
  /* Nobody else may read it; SQLite takes an empty file. */
  if (!fp_files_touch (temporary, error))
    return FALSE;
  stmt = fp_stmt_new (db, "VACUUM INTO ?", error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, temporary);

  return fp_stmt_run (stmt, NULL, error) && sync_file (temporary, error);
}

static gboolean
keep_copy (FpDb       *db,
           const char *path,
           GError    **error)
{
  g_autofree char *temporary = g_strconcat (path, ".tmp", NULL);

  if (!check_space (db, error))
    return FALSE;
  if (!write_copy (db, temporary, error))
    {
      g_prefix_error (error, "The store could not be copied before its format changes: ");
      unlink (temporary);
      return FALSE;
    }
  if (rename (temporary, path) < 0)
    {
      fp_store_set_errno (error, errno, "The copy %s could not be written", path);
      unlink (temporary);
      return FALSE;
    }

  return fp_files_sync_folder (db->folder, error);
}

/* Copies of earlier steps. */
static void
delete_older_copies (const char *folder,
                     const char *keep)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (g_str_has_prefix (name, COPY_PREFIX) && !g_str_equal (path, keep))
        unlink (path);
    }
}

gboolean
fp_migrate (FpDb    *db,
            gint64   version,
            GError **error)
{
  g_autofree char *name = g_strdup_printf (COPY_PREFIX "%d", FP_DATABASE_VERSION);
  g_autofree char *path = g_build_filename (db->folder, name, NULL);

  if (version == FP_DATABASE_VERSION)
    return TRUE;
  if (version == 0)
    return run_scripts (db, version, error);
  if (!keep_copy (db, path, error) || !run_scripts (db, version, error))
    return FALSE;
  delete_older_copies (db->folder, path);

  return TRUE;
}
