#include "store/fp-sql.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "store/fp-mark.h"

#define NEARLY_NOTHING   (64 * 1024)

struct _FpStmt
{
  FpDb *db;              /* borrowed */
  sqlite3_stmt *handle;  /* owned while it is in use, the connection's table otherwise */
  int bind_code;         /* the first binding that failed */
};

G_DEFINE_QUARK (fp-store-error-quark, fp_store_error)

static int
wal_grew_cb (void       *data,
             sqlite3    *handle,
             const char *name,
             int         pages)
{
  FpDb *db = data;

  /* The log began anew. */
  if (pages < db->wal_pages)
    db->checkpoint_at = FP_DB_CHECKPOINT_PAGES;
  db->wal_pages = pages;

  return SQLITE_OK;
}

static void
finalize_statement (gpointer handle)
{
  /* Repeats the code of the last step, which was reported then. */
  sqlite3_finalize (handle);
}

/* Statements begin alike; how long they are and how they end tells them apart at less cost than all of their bytes. */
static guint
hash_sql (gconstpointer sql)
{
  const char *text = sql;
  gsize length = strlen (text);
  guint hash = (guint) length;

  for (gsize i = length > 16 ? length - 16 : 0; i < length; i++)
    hash = hash * 33 + (guchar) text[i];

  return hash;
}

FpDb *
fp_db_new (sqlite3    *handle,
           const char *folder)
{
  FpDb *db = g_new0 (FpDb, 1);

  db->handle = handle;
  db->folder = g_strdup (folder);
  db->statements = g_hash_table_new_full (hash_sql, g_str_equal, NULL, finalize_statement);
  db->checkpoint_at = FP_DB_CHECKPOINT_PAGES;

  return db;
}

/* SQLite's own checkpoints are such a hook too: this replaces them, and setting wal_autocheckpoint would replace
 * this. */
void
fp_db_watch_log (FpDb *db)
{
  sqlite3_wal_hook (db->handle, wal_grew_cb, db);
}

void
fp_db_free (FpDb *db)
{
  int code;

  g_return_if_fail (db);

  g_hash_table_unref (db->statements);
  code = sqlite3_close (db->handle);
  if (code != SQLITE_OK)
    g_warning ("Closing the store left something open: %s", sqlite3_errstr (code));
  g_free (db->folder);
  g_free (db);
}

/* The errno of a COMMIT that failed is not passed on, only kept with the log. */
static int
get_errno (FpDb *db,
           int   code)
{
  sqlite3_file *log = NULL;
  int errsv = 0;

  if ((code == SQLITE_IOERR_WRITE || code == SQLITE_IOERR_FSYNC)
      && sqlite3_file_control (db->handle, NULL, SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK && log->pMethods)
    log->pMethods->xFileControl (log, SQLITE_FCNTL_LAST_ERRNO, &errsv);

  return errsv != 0 ? errsv : sqlite3_system_errno (db->handle);
}

static gboolean
is_disk_full (FpDb *db,
              int   errsv)
{
  struct statvfs fs;

  if (errsv == ENOSPC || errsv == EDQUOT || errsv == EFBIG)
    return TRUE;

  /* The shared memory file's errno does not come through. */
  return statvfs (db->folder, &fs) == 0
         && (guint64) fs.f_bavail * fs.f_frsize < NEARLY_NOTHING;
}

static FpStoreError
classify (FpDb *db,
          int   code,
          int   errsv)
{
  switch (code)
    {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return FP_STORE_ERROR_CHANGED;
    case SQLITE_IOERR_SHORT_READ:
    case SQLITE_IOERR_CORRUPTFS:
      return FP_STORE_ERROR_CORRUPT;
    default:
      break;
    }

  switch (code & 0xff)
    {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return FP_STORE_ERROR_BUSY;
    case SQLITE_FULL:
      return FP_STORE_ERROR_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return FP_STORE_ERROR_CORRUPT;
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return FP_STORE_ERROR_READ_ONLY;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      if (is_disk_full (db, errsv))
        return FP_STORE_ERROR_FULL;
      if (errsv == EROFS || errsv == EACCES || errsv == EPERM)
        return FP_STORE_ERROR_READ_ONLY;
      return FP_STORE_ERROR_FAILED;
    default:
      return FP_STORE_ERROR_FAILED;
    }
}

/* For the next start, which finds out whether it is true. */
static void
note_damage (FpDb *db)
{
  g_autoptr(GError) error = NULL;

  if (!db->is_store)
    return;
  db->is_store = FALSE;
  if (fp_mark_get (db->folder, NULL) < FP_MARK_DAMAGED && !fp_mark_set (db->folder, FP_MARK_DAMAGED, NULL, &error))
    g_info ("That the store is damaged could not be noted: %s", error->message);
}

/* (nullable): what SQLite has only a term for. */
static const char *
get_words (FpStoreError kind)
{
  switch (kind)
    {
    case FP_STORE_ERROR_BUSY:
      return "Another program keeps the store locked";
    case FP_STORE_ERROR_FULL:
      return "The disk is full";
    default:
      return NULL;
    }
}

static void
set_damaged (FpDb    *db,
             int      code,
             GError **error)
{
  const char *path = sqlite3_db_filename (db->handle, "main");

  g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_CORRUPT,
               "The file %s is damaged: %s (%d); end every program of Fieldpost: the next one that starts keeps it and "
               "takes over what can be read", path && *path ? path : db->folder, sqlite3_errmsg (db->handle), code);
}

/* SQLite's message may quote a value only where a statement has one in its text; ours bind every value. */
void
fp_db_set_error (FpDb    *db,
                 int      code,
                 GError **error)
{
  int errsv = get_errno (db, code);
  FpStoreError kind = classify (db, code, errsv);
  gboolean has_errno = (code & 0xff) == SQLITE_IOERR && errsv != 0;
  const char *words = get_words (kind);

  if (kind == FP_STORE_ERROR_CORRUPT)
    {
      note_damage (db);
      set_damaged (db, code, error);
      return;
    }
  /* A limit that a person set is no full disk. */
  if (words && !(has_errno && (errsv == EFBIG || errsv == EDQUOT)))
    g_set_error (error, FP_STORE_ERROR, kind, "The store could not be used: %s", words);
  else if (has_errno)
    g_set_error (error, FP_STORE_ERROR, kind, "The store could not be used: %s (%d): %s",
                 sqlite3_errstr (code), code, g_strerror (errsv));
  else
    g_set_error (error, FP_STORE_ERROR, kind, "The store could not be used: %s (%d)",
                 sqlite3_errmsg (db->handle), code);
}

void
fp_store_set_errno (GError    **error,
                    int         errsv,
                    const char *format,
                    ...)
{
  g_autofree char *what = NULL;
  FpStoreError code = FP_STORE_ERROR_FAILED;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);

  if (errsv == ENOSPC || errsv == EDQUOT || errsv == EFBIG)
    code = FP_STORE_ERROR_FULL;
  else if (errsv == EROFS || errsv == EACCES || errsv == EPERM)
    code = FP_STORE_ERROR_READ_ONLY;
  g_set_error (error, FP_STORE_ERROR, code, "%s: %s", what, g_strerror (errsv));
}

gboolean
fp_db_exec (FpDb       *db,
            const char *sql,
            GError    **error)
{
  int code = sqlite3_exec (db->handle, sql, NULL, NULL, NULL);

  if (code != SQLITE_OK)
    fp_db_set_error (db, code, error);

  return code == SQLITE_OK;
}

static gboolean
step_to_first_row (FpStmt  *stmt,
                   GError **error)
{
  FpStep step = fp_stmt_step (stmt, error);

  if (step == FP_STEP_DONE)
    g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND, "No such row");

  return step == FP_STEP_ROW;
}

gboolean
fp_db_get_int (FpDb       *db,
               const char *sql,
               gint64     *value,
               GError    **error)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (db, sql, error);

  if (!stmt || !step_to_first_row (stmt, error))
    return FALSE;
  *value = fp_stmt_get_int (stmt, 0);

  return TRUE;
}

char *
fp_db_dup_text (FpDb       *db,
                const char *sql,
                GError    **error)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (db, sql, error);

  if (!stmt || !step_to_first_row (stmt, error))
    return NULL;

  return fp_stmt_dup_text (stmt, 0);
}

/* A pragma that SQLite does not take is not an error there, so the answer is read back. */
gboolean
fp_db_set_pragma (FpDb       *db,
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

FpStmt *
fp_stmt_new (FpDb       *db,
             const char *sql,
             GError    **error)
{
  sqlite3_stmt *handle = NULL;
  FpStmt *stmt;

  /* Taken out while it is in use: a statement that meets itself is prepared twice. */
  if (!g_hash_table_steal_extended (db->statements, sql, NULL, (gpointer *) &handle))
    {
      int code = sqlite3_prepare_v3 (db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL);

      if (code != SQLITE_OK)
        {
          fp_db_set_error (db, code, error);
          return NULL;
        }
    }

  stmt = g_new0 (FpStmt, 1);
  stmt->db = db;
  stmt->handle = handle;
  return stmt;
}

void
fp_stmt_free (FpStmt *stmt)
{
  g_return_if_fail (stmt);

  /* Repeats the code of the last step, which was reported then. */
  sqlite3_reset (stmt->handle);
  sqlite3_clear_bindings (stmt->handle);
  g_hash_table_replace (stmt->db->statements, (gpointer) sqlite3_sql (stmt->handle), stmt->handle);
  g_free (stmt);
}

static void
note_binding (FpStmt *stmt,
              int     code)
{
  if (stmt->bind_code == SQLITE_OK)
    stmt->bind_code = code;
}

void
fp_stmt_bind_int (FpStmt *stmt,
                  int     index,
                  gint64  value)
{
  note_binding (stmt, sqlite3_bind_int64 (stmt->handle, index, value));
}

void
fp_stmt_bind_text (FpStmt     *stmt,
                   int         index,
                   const char *value)
{
  /* A NULL text binds NULL. */
  note_binding (stmt, sqlite3_bind_text (stmt->handle, index, value, -1, SQLITE_TRANSIENT));
}

void
fp_stmt_bind_bytes (FpStmt *stmt,
                    int     index,
                    GBytes *value)
{
  gsize size = 0;
  gconstpointer data = value ? g_bytes_get_data (value, &size) : NULL;

  /* Empty bytes may have no address, and that would be NULL. */
  if (value && size == 0)
    note_binding (stmt, sqlite3_bind_zeroblob (stmt->handle, index, 0));
  else
    note_binding (stmt, sqlite3_bind_blob64 (stmt->handle, index, data, size, SQLITE_TRANSIENT));
}

void
fp_stmt_bind_row (FpStmt *stmt,
                  int     index,
                  gint64  id)
{
  note_binding (stmt, id ? sqlite3_bind_int64 (stmt->handle, index, id)
                         : sqlite3_bind_null (stmt->handle, index));
}

FpStep
fp_stmt_step (FpStmt  *stmt,
              GError **error)
{
  int code = stmt->bind_code;

  if (code == SQLITE_OK)
    code = sqlite3_step (stmt->handle);
  if (code == SQLITE_ROW)
    return FP_STEP_ROW;
  if (code == SQLITE_DONE)
    return FP_STEP_DONE;

  fp_db_set_error (stmt->db, code, error);
  return FP_STEP_ERROR;
}

gboolean
fp_stmt_run (FpStmt  *stmt,
             gint64  *changes,
             GError **error)
{
  if (fp_stmt_step (stmt, error) != FP_STEP_DONE)
    return FALSE;
  if (changes)
    *changes = sqlite3_changes64 (stmt->db->handle);

  return TRUE;
}

gint64
fp_stmt_get_int (FpStmt *stmt,
                 int     column)
{
  return sqlite3_column_int64 (stmt->handle, column);
}

char *
fp_stmt_dup_text (FpStmt *stmt,
                  int     column)
{
  return g_strdup ((const char *) sqlite3_column_text (stmt->handle, column));
}

GBytes *
fp_stmt_dup_bytes (FpStmt *stmt,
                   int     column)
{
  gconstpointer data;

  if (sqlite3_column_type (stmt->handle, column) == SQLITE_NULL)
    return NULL;

  /* In this order: asking for the blob may convert, and the size is then another. */
  data = sqlite3_column_blob (stmt->handle, column);
  return g_bytes_new (data, (gsize) sqlite3_column_bytes (stmt->handle, column));
}
