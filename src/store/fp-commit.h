/* fp-commit.h — the end of a transaction. Stays in this folder. */
#pragma once

#include "store/fp-sql.h"

G_BEGIN_DECLS

/**
 * fp_db_commit:
 *
 * Commits durably; with the write lock held, where something was written. What was only read ends with it as well, on
 * a connection of its own and without the lock. On error the transaction is rolled back and nothing of it is in the log.
 * Errors: those of fp_db_exec()
 */
gboolean  fp_db_commit    (FpDb    *db,
                           GError **error);
/* Rolls back what is still open: SQLite does so by itself where the disk is full, or a commit failed. */
void      fp_db_roll_back (FpDb    *db);

G_END_DECLS
