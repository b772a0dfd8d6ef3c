#include "config.h"

#include <glib/gi18n.h>
#include <sys/stat.h>

#include "store/fp-database.h"
#include "store/fp-files.h"
#include "store/fp-image.h"
#include "store/fp-machine.h"
#include "store/fp-mark.h"
#include "store/fp-salvage.h"
#include "store/fp-store-private.h"

static gint64
size_of (FpStore    *self,
         const char *name)
{
  g_autofree char *path = g_build_filename (self->folder, name, NULL);
  struct stat file;

  return stat (path, &file) == 0 ? file.st_size : 0;
}

/* @file: (out): device and inode; 0 where there is none. */
static void
find_file (FpStore *self,
           guint64  file[2])
{
  g_autofree char *path = g_build_filename (self->folder, "fieldpost.db", NULL);
  struct stat info = { 0 };

  if (stat (path, &info) < 0)
    info = (struct stat){ 0 };
  file[0] = info.st_dev;
  file[1] = info.st_ino;
}

gboolean
_fp_store_is_in_place (FpStore *self,
                       GError **error)
{
  guint64 now[2];

  find_file (self, now);
  if (now[0] == self->file[0] && now[1] == self->file[1])
    return TRUE;

  g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_FAILED,
               now[1] == 0 ? "The file %s/fieldpost.db was deleted while it was in use; nothing more is written"
                           : "The file %s/fieldpost.db was replaced while it was in use; nothing more is written",
               self->folder);
  return FALSE;
}

/* Who has it open would go on with the one that was deleted, and share its log with a new one. */
static gboolean
check_others_file (FpStore *self,
                   GError **error)
{
  if (size_of (self, "fieldpost.db") > 0)
    return TRUE;

  g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_FAILED,
               "The file fieldpost.db was deleted while another program has it open; end that program first");
  return FALSE;
}

/* Whoever closes last leaves the log empty. */
static gboolean
ended_unclean (FpStore *self)
{
  return size_of (self, "fieldpost.db-wal") > 0 || size_of (self, "fieldpost.db-journal") > 0;
}

/* SQLite throws the log away where the file beside it is empty. */
static gboolean
lost_its_file (FpStore *self)
{
  return size_of (self, "fieldpost.db") == 0 && size_of (self, "fieldpost.db-wal") > 0;
}

/* (transfer full) (nullable): what nobody leaves there before the file is durable. */
static char *
find_remains (FpStore *self)
{
  static const char *const prefixes[] = { "ballast", "fieldpost.db.before-", "fieldpost.db.corrupt-" };
  g_autofree char *blobs = g_build_filename (self->folder, "blobs", NULL);
  g_autoptr(GDir) files = g_dir_open (blobs, 0, NULL);
  g_autoptr(GDir) dir = NULL;
  const char *name;

  if (files && g_dir_read_name (files))
    return g_strdup ("blobs");
  dir = g_dir_open (self->folder, 0, NULL);
  while (dir && (name = g_dir_read_name (dir)))
    for (gsize i = 0; i < G_N_ELEMENTS (prefixes); i++)
      if (g_str_has_prefix (name, prefixes[i]))
        return g_strdup (name);

  return NULL;
}

/* An empty store in the place of one that was lost would look as if all was well. */
static gboolean
check_is_not_lost (FpStore *self,
                   GError **error)
{
  g_autofree char *remains = NULL;

  if (size_of (self, "fieldpost.db") > 0 || lost_its_file (self))
    return TRUE;
  remains = find_remains (self);
  if (!remains)
    return TRUE;

  g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_FAILED,
               "The file fieldpost.db is missing or empty, but %s beside it shows that there was a store; restore the "
               "file, or move the folder away to begin a new store", remains);
  return FALSE;
}

/* SQLite would end the log at the damage, and write over what comes after it. */
static gboolean
is_log_damaged (FpStore *self)
{
  g_autofree char *path = g_build_filename (self->folder, "fieldpost.db", NULL);
  g_autoptr(FpImage) image = fp_image_open (path, NULL);

  return image && fp_image_lost_frames (image);
}

static gboolean
salvage (FpStore *self,
         GError **error)
{
  g_autofree char *path = g_build_filename (self->folder, "fieldpost.db", NULL);

  return fp_files_touch (path, error) && fp_salvage (self->folder, fp_clock_get_wall_ms (self->clock), error);
}

/* An error that SQLite met is believed only when the whole file was looked through. */
static gboolean
salvage_if_damaged (FpStore *self,
                    GError **error)
{
  g_autoptr(FpDb) db = fp_database_open (self->folder, FP_DATABASE_READER, FALSE, NULL);
  g_autofree char *found = db ? fp_db_dup_text (db, "PRAGMA integrity_check(1)", NULL) : NULL;

  g_clear_pointer (&db, fp_db_free);
  if (g_strcmp0 (found, "ok") == 0)
    return fp_mark_set (self->folder, FP_MARK_NONE, NULL, error);

  return salvage (self, error);
}

/* What the last time has left to do; nobody else has the file open. */
static gboolean
settle_marks (FpStore *self,
              GError **error)
{
  g_autofree char *name = NULL;
  FpMark mark = fp_mark_get (self->folder, &name);

  if (mark == FP_MARK_REPLACE && !fp_salvage_finish (self->folder, name ? name : "fieldpost.db.corrupt", error))
    return FALSE;
  if (!check_is_not_lost (self, error))
    return FALSE;
  if (mark == FP_MARK_DAMAGED)
    return is_log_damaged (self) ? salvage (self, error) : salvage_if_damaged (self, error);
  if (!ended_unclean (self))
    return TRUE;

  return lost_its_file (self) || is_log_damaged (self) ? salvage (self, error)
                                                       : fp_mark_set (self->folder, FP_MARK_UNCLEAN, NULL, error);
}

/* Every store has one from the beginning. */
static char *
dup_store_id (FpDb    *db,
              GError **error)
{
  GError *failure = NULL;
  char *id = fp_db_dup_text (db, "SELECT value FROM meta WHERE name = 'store-id'", &failure);

  if (g_error_matches (failure, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND))
    {
      g_clear_error (&failure);
      g_set_error (&failure, FP_STORE_ERROR, FP_STORE_ERROR_CORRUPT, "The store is damaged: it has no id");
    }
  if (failure)
    g_propagate_error (error, failure);

  return id;
}

static gboolean
open_connections (FpStore *self,
                  gboolean network,
                  GError **error)
{
  g_autoptr(FpDb) writer = fp_database_open (self->folder, FP_DATABASE_WRITER, network, error);
  g_autoptr(FpDb) reader = NULL;
  g_autofree char *id = NULL;

  if (!writer)
    return FALSE;
  id = dup_store_id (writer, error);
  if (!id || !fp_machine_claim (writer, self->pretend_machine, error))
    return FALSE;
  reader = fp_database_open (self->folder, FP_DATABASE_READER, network, error);
  if (!reader)
    return FALSE;

  g_free (self->repair);
  self->repair = fp_salvage_dup_words (writer, &self->repair_time);
  self->writer = g_steal_pointer (&writer);
  self->reader = g_steal_pointer (&reader);
  find_file (self, self->file);
  g_free (self->id);
  self->id = g_steal_pointer (&id);
  g_clear_pointer (&self->warning, g_free);
  if (network)
    self->warning = g_strdup (_("Your data is on a network file system: do not use it from two "
                                "computers at the same time."));

  return TRUE;
}

static gboolean
open_file (FpStore *self,
           gboolean alone,
           GError **error)
{
  gboolean network = self->pretend_network || fp_files_is_network (self->folder);
  g_autoptr(GError) failure = NULL;

  if (alone ? !settle_marks (self, error) : !check_others_file (self, error))
    return FALSE;
  if (open_connections (self, network, &failure))
    return TRUE;
  if (alone && g_error_matches (failure, FP_STORE_ERROR, FP_STORE_ERROR_CORRUPT))
    return salvage (self, error) && open_connections (self, network, error);

  /* Those who have it open have to go first. */
  if (g_error_matches (failure, FP_STORE_ERROR, FP_STORE_ERROR_CORRUPT))
    fp_mark_set (self->folder, FP_MARK_DAMAGED, NULL, NULL);
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

/* A repair may take longer than a write. */
static gboolean
wait_for_turn (FpStore      *self,
               GCancellable *cancellable,
               GError      **error)
{
  GError *failure = NULL;

  while (!fp_turns_begin (&self->turns, cancellable, &failure))
    {
      if (!g_error_matches (failure, FP_STORE_ERROR, FP_STORE_ERROR_BUSY)
          || fp_mark_get (self->folder, NULL) < FP_MARK_DAMAGED)
        {
          g_propagate_error (error, failure);
          return FALSE;
        }
      g_clear_error (&failure);
    }

  return TRUE;
}

static gboolean
open_locked (FpStore *self,
             GError **error)
{
  gboolean alone;

  self->use = fp_use_begin (self->folder, &alone, error);
  if (self->use < 0)
    return FALSE;
  if (!open_file (self, alone, error) || !fp_files_sync_folder (self->folder, error))
    return FALSE;
  fp_use_share (self->use);
  _fp_ballast_keep (self->folder);

  return TRUE;
}

gboolean
_fp_store_open (FpStore      *self,
                GCancellable *cancellable,
                GError      **error)
{
  g_autofree char *blobs = g_build_filename (self->folder, "blobs", NULL);
  gboolean opened = FALSE;

  if (fp_files_make_folder (self->folder, error) && fp_files_make_folder (blobs, error)
      && fp_turns_open (&self->turns, self->folder, error) && wait_for_turn (self, cancellable, error))
    {
      opened = open_locked (self, error);
      if (!opened)
        {
          g_clear_pointer (&self->reader, fp_db_free);
          g_clear_pointer (&self->writer, fp_db_free);
        }
      fp_turns_end (&self->turns);
    }
  if (!opened)
    {
      fp_turns_close (&self->turns);
      fp_use_end (self->use);
      self->use = -1;
    }

  return opened;
}
