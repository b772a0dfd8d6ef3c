/* fp-salvage.h — what can be saved of a damaged database goes into a new one; the damaged one is kept. Stays in this
 * folder.
 *
 * Only with the write lock held and nobody else having the file open. A crash at any point loses nothing: until the new
 * file is complete the old one stays where it is, and from then on the mark says what is to be done. */
#pragma once

#include "store/fp-sql.h"

G_BEGIN_DECLS

/* Builds the new file and puts it in place. CORRUPT, and nothing was changed, where nothing of ours is in the file;
 * FULL likewise. @now: unix ms, for the name under which the damaged file is kept. */
gboolean fp_salvage        (const char *folder,
                            gint64      now,
                            GError    **error);
/* The rest of it, after a crash: the mark says REPLACE @name. */
gboolean fp_salvage_finish (const char *folder,
                            const char *name,
                            GError    **error);
/* Words about the last salvage, for people; NULL = there was none. @time: (out): when, unix ms. */
char    *fp_salvage_dup_words (FpDb    *db,
                               gint64  *time);

G_END_DECLS
