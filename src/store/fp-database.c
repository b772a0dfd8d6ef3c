#include "store/fp-database.h"

#include <string.h>

#include "store/fp-files.h"
#include "store/fp-store-sql.h"

#define SQL_PREFIX "/io/github/fieldpost/Fieldpost/store/"

/* Programs that are not ours (a backup, a shell) may hold SQLite's own lock. */
#define BUSY_MS 10000

/* Script n-1 leads to user_version n. A released script is never edited. */
static const char *const scripts[FP_DATABASE_VERSION] = {
  "0001-first-light.sql",
  "0002-whole-outbox.sql",
};

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

/* A pragma that SQLite does not take is not an error there, so the answer is read back. */
static gboolean
set_pragma (FpDb       *db,
            const char *name,
            gint64      value,
            GError    **error)
{
  g_autofree char *set = g_strdup_printf ("PRAGMA %s = %" G_GINT64_FORMAT, name, value);
  g_autofree char *get = g_strdup_printf ("PRAGMA %s", name);
  gint64 answer = 0;

  if (!fp_db_exec (db, set, error) || !fp_db_get_int (db, get, &answer, error))
    return FALSE;
  if (answer != value)
    {
      g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_FAILED,
                   "SQLite did not take %s: it is %" G_GINT64_FORMAT, set, answer);
      return FALSE;
    }

  return TRUE;
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
         && set_pragma (db, "application_id", FP_DATABASE_APPLICATION_ID, error)
         && set_pragma (db, "user_version", to, error);
}

static gboolean
migrate (FpDb    *db,
         gint64   version,
         GError **error)
{
  /* One transaction a step; both pragmas are part of it. */
  for (; version < FP_DATABASE_VERSION; version++)
    {
      if (!fp_db_exec (db, "BEGIN EXCLUSIVE", error))
        return FALSE;
      if (!run_script (db, version + 1, error) || !fp_db_exec (db, "COMMIT", error))
        {
          g_prefix_error (error, "The store could not be brought to format %" G_GINT64_FORMAT ": ",
                          version + 1);
          if (!sqlite3_get_autocommit (db->handle))
            fp_db_exec (db, "ROLLBACK", NULL);
          return FALSE;
        }
    }

  return TRUE;
}

static gboolean
set_up_writer (FpDb    *db,
               gboolean network,
               GError **error)
{
  gint64 version = 0;

  return config (db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, error)
         && check_identity (db, &version, error)
         && set_journal (db, network, error)
         && set_pragma (db, "synchronous", 2, error) /* FULL */
         && set_pragma (db, "foreign_keys", 1, error)
         && set_pragma (db, "temp_store", 2, error) /* memory: no files elsewhere */
         && migrate (db, version, error);
}

static gboolean
set_up_reader (FpDb    *db,
               GError **error)
{
  return config (db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, error)
         && set_pragma (db, "temp_store", 2, error)
         && set_pragma (db, "query_only", 1, error);
}

FpDb *
fp_database_open (const char    *folder,
                  FpDatabaseRole role,
                  gboolean       network,
                  GError       **error)
{
  g_autofree char *path = g_build_filename (folder, "fieldpost.db", NULL);
  g_autoptr(FpDb) db = NULL;
  sqlite3 *handle = NULL;
  int code;

  /* SQLite gives its other files the mode of this one. */
  if (role == FP_DATABASE_WRITER && !fp_files_touch (path, error))
    return NULL;

  /* The reader opens for writing too: it may have to make the shared memory file; query_only stops it then. */
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
  if (!config (db, SQLITE_DBCONFIG_DEFENSIVE, 1, error)
      || !config (db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, error))
    return NULL;

  fp_db_watch_log (db);
  if (role == FP_DATABASE_WRITER ? !set_up_writer (db, network, error) : !set_up_reader (db, error))
    return NULL;

  return g_steal_pointer (&db);
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
