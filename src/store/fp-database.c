#include "store/fp-database.h"

#include "store/fp-files.h"
#include "store/fp-migrate.h"

/* Programs that are not ours (a backup, a shell) may hold SQLite's own lock. */
#define BUSY_MS 10000

static gboolean
config (FpDb    *db,
        int      option,
        int      value,
        GError **error)
{
  int code = sqlite3_db_config (db->handle, option, value, NULL);

  if (code != SQLITE_OK)
    fp_db_set_error (db, code, error);

  return code == SQLITE_OK;
}

static gboolean
set_journal (FpDb    *db,
             gboolean network,
             GError **error)
{
  g_autofree char *mode = NULL;

  mode = fp_db_dup_text (db, network ? "PRAGMA journal_mode = TRUNCATE" : "PRAGMA journal_mode = WAL",
                         error);
  if (!mode)
    return FALSE;
  if (g_strcmp0 (mode, network ? "truncate" : "wal") != 0)
    {
      g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_FAILED,
                   "SQLite keeps its journal in mode \"%s\"", mode);
      return FALSE;
    }

  return TRUE;
}

/* Reads only: a file that is not ours or not for us stays as it is. */
static gboolean
check_identity (FpDb    *db,
                gint64  *version,
                GError **error)
{
  gint64 application = 0, n_tables = 0;

  if (!fp_db_get_int (db, "PRAGMA application_id", &application, error)
      || !fp_db_get_int (db, "PRAGMA user_version", version, error)
      || !fp_db_get_int (db, "SELECT count(*) FROM sqlite_schema", &n_tables, error))
    return FALSE;

  if (application != FP_DATABASE_APPLICATION_ID && (application != 0 || n_tables > 0))
    {
      g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_FAILED,
                   "The file is a database of another program");
      return FALSE;
    }
  if (*version > FP_DATABASE_VERSION)
    {
      g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_TOO_NEW,
                   "The store has format %" G_GINT64_FORMAT " of a later Fieldpost; this one knows %d",
                   *version, FP_DATABASE_VERSION);
      return FALSE;
    }

  return TRUE;
}

static gboolean
set_up_writer (FpDb    *db,
               gboolean network,
               GError **error)
{
  gint64 version = 0;

  return check_identity (db, &version, error)
         && set_journal (db, network, error)
         && fp_db_set_pragma (db, "synchronous", 2, error) /* FULL */
         && fp_db_set_pragma (db, "foreign_keys", 1, error)
         && fp_db_set_pragma (db, "temp_store", 2, error) /* memory: no files elsewhere */
         && fp_migrate (db, version, error);
}

static gboolean
set_up_reader (FpDb    *db,
               GError **error)
{
  return fp_db_set_pragma (db, "temp_store", 2, error)
         && fp_db_set_pragma (db, "query_only", 1, error);
}

/* Nobody asks SQLite how much memory it has; counting takes a lock at each piece, and there are hundreds in a write.
 * Refused where some library has used SQLite before: then it counts. */
static void
count_no_memory (void)
{
  static gsize once;

  if (g_once_init_enter (&once))
    {
      sqlite3_config (SQLITE_CONFIG_MEMSTATUS, 0);
      g_once_init_leave (&once, 1);
    }
}

/* Made if it is missing: SQLite gives its other files the mode of this one. */
static FpDb *
open_file (const char *folder,
           const char *name,
           gboolean    make,
           GError    **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr(FpDb) db = NULL;
  sqlite3 *handle = NULL;
  int code;

  if (make && !fp_files_touch (path, error))
    return NULL;
  count_no_memory ();
  code = sqlite3_open_v2 (path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
  if (!handle)
    {
      g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_FAILED, "Out of memory");
      return NULL;
    }
  db = fp_db_new (handle, folder);
  if (code == SQLITE_OK)
    code = sqlite3_extended_result_codes (handle, 1);
  if (code == SQLITE_OK)
    code = sqlite3_busy_timeout (handle, BUSY_MS);
  if (code != SQLITE_OK)
    {
      fp_db_set_error (db, code, error);
      return NULL;
    }

  return config (db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, error) && config (db, SQLITE_DBCONFIG_DEFENSIVE, 1, error)
                 && config (db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, error)
             ? g_steal_pointer (&db)
             : NULL;
}

FpDb *
fp_database_open (const char    *folder,
                  FpDatabaseRole role,
                  gboolean       network,
                  GError       **error)
{
  /* The reader opens for writing too: it may have to make the shared memory file; query_only stops it then. */
  g_autoptr(FpDb) db = open_file (folder, "fieldpost.db", role == FP_DATABASE_WRITER, error);

  if (!db)
    return NULL;
  fp_db_watch_log (db);
  if (role == FP_DATABASE_WRITER ? !set_up_writer (db, network, error) : !set_up_reader (db, error))
    return NULL;
  db->is_store = TRUE;

  return g_steal_pointer (&db);
}

FpDb *
fp_database_create (const char *folder,
                    const char *name,
                    GError    **error)
{
  g_autoptr(FpDb) db = open_file (folder, name, TRUE, error);

  return db && fp_db_set_pragma (db, "synchronous", 2, error) && fp_db_set_pragma (db, "foreign_keys", 0, error)
                 && fp_db_set_pragma (db, "temp_store", 2, error) && fp_migrate (db, 0, error)
             ? g_steal_pointer (&db)
             : NULL;
}

/* What was committed is durable in the log; a checkpoint that fails is tried again later. */
static void
checkpoint (FpDb *db,
            int   mode)
{
  int in_log = -1, copied = -1;
  int code = sqlite3_wal_checkpoint_v2 (db->handle, NULL, mode, &in_log, &copied);

  if (code != SQLITE_OK)
    g_info ("The log was not copied back: %s", sqlite3_errmsg (db->handle));
  /* A reader of an old snapshot keeps the log long: do not try at each commit. */
  if (code == SQLITE_OK && copied == in_log)
    db->checkpoint_at = FP_DB_CHECKPOINT_PAGES;
  else
    db->checkpoint_at = db->wal_pages + FP_DB_CHECKPOINT_PAGES;
}

void
fp_database_checkpoint (FpDb *db)
{
  if (db->wal_pages >= db->checkpoint_at)
    checkpoint (db, SQLITE_CHECKPOINT_PASSIVE);
}

void
fp_database_finish (FpDb *db)
{
  /* Not to wait for other programs' readers. */
  sqlite3_busy_timeout (db->handle, 0);
  checkpoint (db, SQLITE_CHECKPOINT_TRUNCATE);
}
