/* fp-database.h — opening the file: pragmas, schema, checkpoints. Stays in this folder.
 *
 * Everything here runs with the write lock held: SQLite before 3.51.3 can corrupt a file when two connections commit
 * and checkpoint at once. */
#pragma once

#include "store/fp-sql.h"

G_BEGIN_DECLS

/* "FPst": names the file as ours. */
#define FP_DATABASE_APPLICATION_ID 0x46507374
#define FP_DATABASE_VERSION        2

typedef enum {
  FP_DATABASE_WRITER,
  FP_DATABASE_READER, /* the file exists and has its schema */
} FpDatabaseRole;

/* @network: the file system does not carry a write-ahead log. */
FpDb     *fp_database_open       (const char      *folder,
                                  FpDatabaseRole   role,
                                  gboolean         network,
                                  GError         **error);
/* A new file with today's schema and no log, for one who fills it alone; foreign keys are not looked at. */
FpDb     *fp_database_create     (const char      *folder,
                                  const char      *name,
                                  GError         **error);
/* After a commit: copies the log back into the file once it is long. */
void      fp_database_checkpoint (FpDb            *db);
/* Before closing: all of it, as far as other programs' readers let. */
void      fp_database_finish     (FpDb            *db);

G_END_DECLS
