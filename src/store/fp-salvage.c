#include "store/fp-salvage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/fp-database.h"
#include "store/fp-files.h"
#include "store/fp-mark.h"
#include "store/fp-salvage-private.h"
#include "store/fp-store-private.h"

#define NEW_NAME "fieldpost.db.new"

/* Of every store. */
#define PAGE_BYTES 4096

static char *
dup_path (const char *folder,
          const char *name,
          const char *suffix)
{
  g_autofree char *file = g_strconcat (name, suffix, NULL);

  return g_build_filename (folder, file, NULL);
}

static gboolean
exists (const char *path)
{
  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* fieldpost.db.corrupt-20260131-174502, or the first one after it that is not there yet. */
static char *
dup_aside_name (const char *folder,
                gint64      now)
{
  g_autoptr(GDateTime) when = g_date_time_new_from_unix_local (now / 1000);
  g_autofree char *time = when ? g_date_time_format (when, "%Y%m%d-%H%M%S") : g_strdup ("0");

  for (int i = 1;; i++)
    {
      g_autofree char *number = i > 1 ? g_strdup_printf ("-%d", i) : g_strdup ("");
      g_autofree char *name = g_strconcat ("fieldpost.db.corrupt-", time, number, NULL);
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *log = g_strconcat (path, "-wal", NULL);

      if (!exists (path) && !exists (log))
        return g_steal_pointer (&name);
    }
}

/* An empty log is nothing to keep. */
static gboolean
move (const char *from,
      const char *to,
      GError    **error)
{
  struct stat file;

  if (stat (from, &file) == 0 && file.st_size == 0 && g_str_has_suffix (from, "-wal"))
    return unlink (from) == 0;
  if (rename (from, to) == 0 || errno == ENOENT)
    return TRUE;

  fp_store_set_errno (error, errno, "The file %s could not be put aside", from);
  return FALSE;
}

/* The log goes first: beside the new file it would be taken for its own. Each step may have been done before. */
gboolean
fp_salvage_finish (const char *folder,
                   const char *name,
                   GError    **error)
{
  static const char *const suffixes[] = { "-wal", "-journal", "" };
  g_autofree char *new = g_build_filename (folder, NEW_NAME, NULL);
  g_autofree char *file = g_build_filename (folder, "fieldpost.db", NULL);
  g_autofree char *shared = g_strconcat (file, "-shm", NULL);

  if (exists (new))
    {
      unlink (shared);
      for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++)
        {
          g_autofree char *from = g_strconcat (file, suffixes[i], NULL);
          g_autofree char *to = dup_path (folder, name, suffixes[i]);

          if (!move (from, to, error))
            return FALSE;
        }
      if (!fp_files_sync_folder (folder, error) || !move (new, file, error))
        return FALSE;
    }

  return fp_files_sync_folder (folder, error) && fp_mark_set (folder, FP_MARK_NONE, NULL, error);
}

static gboolean
check_identity (FpSalvage *self,
                GError   **error)
{
  g_autofree guint8 *page = g_malloc (fp_image_get_page_size (self->image));
  guint32 application, version;

  if (!fp_image_read (self->image, 1, page) || memcmp (page, "SQLite format 3", 16) != 0)
    return TRUE;
  /* SQLite's file format, "The Database Header". */
  application = (guint32) page[68] << 24 | (guint32) page[69] << 16 | (guint32) page[70] << 8 | page[71];
  version = (guint32) page[60] << 24 | (guint32) page[61] << 16 | (guint32) page[62] << 8 | page[63];
  self->ours = application == FP_DATABASE_APPLICATION_ID;
  if (self->ours && version > FP_DATABASE_VERSION)
    {
      g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_TOO_NEW,
                   "The store has format %u of a later Fieldpost; this one knows %d", version, FP_DATABASE_VERSION);
      return FALSE;
    }
  if (self->ours || application == 0)
    return TRUE;

  g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_FAILED, "The file is a database of another program");
  return FALSE;
}

static gboolean
check_space (FpSalvage *self,
             GError   **error)
{
  gint64 needed = (gint64) fp_image_get_n_pages (self->image) * fp_image_get_page_size (self->image) * 5 / 4 + 1048576;
  gint64 is_free = _fp_ballast_get_free (self->folder);

  if (is_free >= needed)
    return TRUE;

  g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_FULL,
               "The store is damaged; to repair it %" G_GINT64_FORMAT " MiB have to be free, and %" G_GINT64_FORMAT
               " MiB are", needed / 1048576 + 1, is_free / 1048576);
  return FALSE;
}

/* A new file that contradicts itself would be worse than none. */
static gboolean
check_result (FpSalvage *self,
              GError   **error)
{
  g_autofree char *whole = fp_db_dup_text (self->db, "PRAGMA integrity_check(1)", error);
  gint64 dangling = 0;

  if (!whole
      || !fp_db_get_int (self->db, "SELECT count(*) FROM pragma_foreign_key_check", &dangling, error))
    return FALSE;
  if (g_str_equal (whole, "ok") && dangling == 0)
    return TRUE;

  g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_CORRUPT,
               "The store is damaged and could not be repaired: %s, %" G_GINT64_FORMAT " dangling", whole, dangling);
  return FALSE;
}

/* As the first program leaves the file until its log is copied back. A power cut may leave nothing whole of a log that
 * nobody was yet told of. SQLite's file format, "The Database Header", "B-tree Pages". */
static gboolean
holds_nothing (FpSalvage *self)
{
  g_autofree char *path = g_build_filename (self->folder, "fieldpost.db", NULL);
  guint8 page[PAGE_BYTES + 1];
  FILE *file = fopen (path, "re");
  gsize size = file ? fread (page, 1, sizeof page, file) : 0;

  if (file)
    fclose (file);

  return size == PAGE_BYTES && memcmp (page, "SQLite format 3", 16) == 0
         && page[100] == 13 && page[103] == 0 && page[104] == 0;
}

static gboolean
fill (FpSalvage *self,
      GError   **error)
{
  gint64 n = 0;

  if (!fp_db_exec (self->db, "BEGIN EXCLUSIVE", error) || !_fp_salvage_rows (self, error)
      || !fp_db_get_int (self->db, "SELECT (SELECT count(*) FROM item) + (SELECT count(*) FROM draft)", &n, error))
    return FALSE;
  if (!self->ours && n == 0 && !holds_nothing (self))
    {
      g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_CORRUPT,
                   "The file fieldpost.db is damaged, or was never one of Fieldpost: nothing in it can be read; restore it, "
                   "or move the folder away to begin a new store");
      return FALSE;
    }

  return _fp_salvage_repair (self, error) && _fp_salvage_report (self, error) && fp_db_exec (self->db, "COMMIT", error)
         && check_result (self, error);
}

static gboolean
build (FpSalvage *self,
       GError   **error)
{
  g_autofree char *file = g_build_filename (self->folder, "fieldpost.db", NULL);

  self->image = fp_image_open (file, error);
  if (!self->image || !check_identity (self, error) || !check_space (self, error))
    return FALSE;
  self->carve = fp_carve_new (self->image);
  self->db = fp_database_create (self->folder, NEW_NAME, error);

  return self->db && fill (self, error);
}

static void
remove_new (const char *folder)
{
  static const char *const suffixes[] = { "", "-journal" };

  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *path = dup_path (folder, NEW_NAME, suffixes[i]);

      unlink (path);
    }
}

gboolean
fp_salvage (const char *folder,
            gint64      now,
            GError    **error)
{
  FpSalvage self = { .folder = folder, .now = now, .expected = -1 };
  gboolean built;

  remove_new (folder);
  self.aside = dup_aside_name (folder, now);
  self.roots = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self.ids = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  built = build (&self, error);
  g_clear_pointer (&self.db, fp_db_free);
  g_clear_pointer (&self.carve, fp_carve_free);
  g_clear_pointer (&self.image, fp_image_free);
  g_clear_pointer (&self.tables, g_ptr_array_unref);
  g_clear_error (&self.error);
  g_hash_table_unref (self.roots);
  g_hash_table_unref (self.ids);

  /* From here on the new file is the store, whatever happens. */
  built = built && fp_files_sync_folder (folder, error) && fp_mark_set (folder, FP_MARK_REPLACE, self.aside, error);
  if (!built)
    remove_new (folder);
  built = built && fp_salvage_finish (folder, self.aside, error);
  if (built)
    g_info ("The store was damaged: what could be saved was taken over; the damaged file is kept as %s", self.aside);
  g_free (self.aside);

  return built;
}
