/* fp-mark.h — what the next start has to do about the file, noted beside it; and who has it open. Stays in this folder.
 *
 * The mark is a file of its own, since the database is what may be damaged. Without one everything is well. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum {
  FP_MARK_NONE,
  FP_MARK_UNCLEAN, /* a program died with the log in use: let SQLite look through the file */
  FP_MARK_DAMAGED, /* damage was met: look, and take over what can be saved */
  FP_MARK_REPLACE, /* the new file is complete: put it in the place of the damaged one, which is called @name */
} FpMark;

/* @name: (out) (optional) (transfer full): of FP_MARK_REPLACE, otherwise NULL. */
FpMark   fp_mark_get     (const char *folder,
                          char      **name);
/* Durably. FP_MARK_NONE takes it away. */
gboolean fp_mark_set     (const char *folder,
                          FpMark      mark,
                          const char *name,
                          GError    **error);

/* Shares the file with those who have it open too; only with the write lock held. @alone: (out): nobody has, and
 * nobody can before fp_use_share(). Gives a descriptor for fp_use_end(), -1 on error. */
int      fp_use_begin    (const char *folder,
                          gboolean   *alone,
                          GError    **error);
void     fp_use_share    (int         use);
void     fp_use_end      (int         use);

G_END_DECLS
