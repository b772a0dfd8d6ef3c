#include "store/fp-commit.h"

#include <string.h>

/* SQLite, "WAL-mode File Format", 1.2, 2.1 and 3.1: the header and the frames of the log, the header of its index. */
#define LOG_HEADER_BYTES   32
#define FRAME_HEADER_BYTES 24
#define INDEX_BYTES        32768
#define PAGE_SIZE_AT       14
#define LAST_FRAME_AT      16

/* Where the log ends, as all programs know it by its index. -1: there is none. */
static sqlite3_int64
find_end (sqlite3_file *file)
{
  volatile void *index = NULL;
  guint16 page;
  guint32 last;

  if (!file->pMethods || file->pMethods->iVersion < 2
      || file->pMethods->xShmMap (file, 0, INDEX_BYTES, FALSE, &index) != SQLITE_OK || !index)
    return -1;
  memcpy (&page, (const char *) index + PAGE_SIZE_AT, sizeof page);
  memcpy (&last, (const char *) index + LAST_FRAME_AT, sizeof last);
  if (last == 0)
    return 0;

  /* 1 stands for 65536. */
  return LOG_HEADER_BYTES + (sqlite3_int64) last * (FRAME_HEADER_BYTES + (page == 1 ? 65536 : page));
}

/* The kernel forgets what it could not sync, and yet shows it to all who read. What a commit that failed left behind
 * the end of the log would then count as committed for the program that reads the log next (once no other has it
 * open), be copied into the file, and not be there after a power cut. Through SQLite's own files: closing one of ours
 * would drop its locks. */
static void
cut_log (FpDb *db)
{
  sqlite3_file *file = NULL, *log = NULL;
  sqlite3_int64 size = 0, end;

  if (sqlite3_file_control (db->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK
      || sqlite3_file_control (db->handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK
      || !file || !log || !log->pMethods)
    return;
  end = find_end (file);
  if (end < 0 || log->pMethods->xFileSize (log, &size) != SQLITE_OK || size <= end)
    return;
  if (log->pMethods->xTruncate (log, end) != SQLITE_OK)
    g_info ("What could not be written stays at the end of the log");
}

static gboolean
has_log (FpDb *db)
{
  g_autofree char *mode = fp_db_dup_text (db, "PRAGMA journal_mode", NULL);

  return g_strcmp0 (mode, "wal") == 0;
}

void
fp_db_roll_back (FpDb *db)
{
  if (!sqlite3_get_autocommit (db->handle))
    fp_db_exec (db, "ROLLBACK", NULL);
}

gboolean
fp_db_commit (FpDb    *db,
              GError **error)
{
  if (fp_db_exec (db, "COMMIT", error))
    return TRUE;

  fp_db_roll_back (db);
  /* Programs that are not ours take SQLite's own lock only. */
  if (has_log (db) && fp_db_exec (db, "BEGIN IMMEDIATE", NULL))
    {
      cut_log (db);
      fp_db_roll_back (db);
    }

  return FALSE;
}
