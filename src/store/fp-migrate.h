/* fp-migrate.h — an older format becomes today's. Stays in this folder.
 *
 * Before the first step the whole file is copied to fieldpost.db.before-N, N being the format it leads to; the copy of
 * the step before goes once this one has succeeded. With the write lock held. */
#pragma once

#include "store/fp-sql.h"

G_BEGIN_DECLS

/* @version: format of the file, 0 = it is empty. On error it is as it was. */
gboolean fp_migrate (FpDb    *db,
                     gint64   version,
                     GError **error);

G_END_DECLS
