/* fp-sql.h — the fence around SQLite: connection, statements, errors. Stays in this folder.
 *
 * An FpDb is used by one thread at a time. Statements are kept prepared by their text; binding errors are remembered
 * and reported by the step, so that a chain of bindings needs no check of each. */
#pragma once

#include <sqlite3.h>

#include "store/fp-store.h"

G_BEGIN_DECLS

/* About 4 MB: copied back in some milliseconds. */
#define FP_DB_CHECKPOINT_PAGES 1000

typedef struct
{
  sqlite3 *handle;
  char *folder;           /* for free space */
  GHashTable *statements; /* its own text -> idle sqlite3_stmt */
  int wal_pages;          /* pages in the write-ahead log after this connection's last commit */
  int checkpoint_at;      /* pages at which to try the next checkpoint */
  gboolean is_store;      /* damage that is met is noted for the next start */
} FpDb;

typedef struct _FpStmt FpStmt;

typedef enum {
  FP_STEP_ERROR,
  FP_STEP_ROW,
  FP_STEP_DONE,
} FpStep;

FpDb     *fp_db_new         (sqlite3      *handle,
                             const char   *folder);
void      fp_db_free        (FpDb         *db);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpDb, fp_db_free)

/* Keeps wal_pages up to date and turns SQLite's own checkpoints off. */
void      fp_db_watch_log   (FpDb         *db);

/* Runs statements without values and without rows. */
gboolean  fp_db_exec        (FpDb         *db,
                             const char   *sql,
                             GError      **error);
/* First column of the first row; NOT_FOUND without a row. */
gboolean  fp_db_get_int     (FpDb         *db,
                             const char   *sql,
                             gint64       *value,
                             GError      **error);
char     *fp_db_dup_text    (FpDb         *db,
                             const char   *sql,
                             GError      **error);
/* A pragma that SQLite does not take is not an error there, so the answer is read back. */
gboolean  fp_db_set_pragma  (FpDb         *db,
                             const char   *name,
                             gint64        value,
                             GError      **error);
/* What SQLite said about the last call on @handle, as an FpStoreError. */
void      fp_db_set_error   (FpDb         *db,
                             int           code,
                             GError      **error);
/* What the system said, as an FpStoreError: "…: No space left on device". */
void      fp_store_set_errno (GError     **error,
                              int          errsv,
                              const char  *format,
                              ...) G_GNUC_PRINTF (3, 4);

/* NULL on error. The bindings count from 1, the columns from 0, as in SQLite. */
FpStmt   *fp_stmt_new       (FpDb         *db,
                             const char   *sql,
                             GError      **error);
void      fp_stmt_free      (FpStmt       *stmt);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpStmt, fp_stmt_free)

void      fp_stmt_bind_int   (FpStmt      *stmt,
                              int          index,
                              gint64       value);
/* NULL binds NULL. */
void      fp_stmt_bind_text  (FpStmt      *stmt,
                              int          index,
                              const char  *value);
void      fp_stmt_bind_bytes (FpStmt      *stmt,
                              int          index,
                              GBytes      *value);
/* 0 binds NULL: a reference to no row. */
void      fp_stmt_bind_row   (FpStmt      *stmt,
                              int          index,
                              gint64       id);
FpStep    fp_stmt_step       (FpStmt      *stmt,
                              GError     **error);
/* A statement without rows, to its end; @changes: (out) (optional): rows it changed. */
gboolean  fp_stmt_run        (FpStmt      *stmt,
                              gint64      *changes,
                              GError     **error);
gint64    fp_stmt_get_int    (FpStmt      *stmt,
                              int          column);
/* NULL for NULL. */
char     *fp_stmt_dup_text   (FpStmt      *stmt,
                              int          column);
GBytes   *fp_stmt_dup_bytes  (FpStmt      *stmt,
                              int          column);

G_END_DECLS
