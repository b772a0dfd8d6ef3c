/* fp-files.h — the few file operations of the receiver, durable and without surprises in names */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A file name of its own for what a sender called @name: no separator, no control character, no leading dot, at
 * most 200 bytes. NULL with FP_RECEIVER_ERROR_MALFORMED where @name tries to be a path. */
char     *fp_files_safe_name  (const char   *name,
                               GError      **error);
/* @wanted, or the first of "stem-2.ext", "stem-3.ext"… that is not among @names (a set of char *), to which it is
 * added. */
char     *fp_files_take_name  (GHashTable   *names,
                               const char   *wanted);
/* @text as part of a folder name: ASCII letters, digits, "._-", at most 48 characters; never empty. */
char     *fp_files_slug       (const char   *text);

/* All @length bytes, however often the system interrupts; not durable before an fsync. Any thread. */
gboolean  fp_files_write      (int           fd,
                               const guint8 *data,
                               gsize         length,
                               GError      **error);
/* fsync of a file or folder by name. */
gboolean  fp_files_sync       (const char   *path,
                               GError      **error);
/* A new file with @text, durable except for its folder's entry. */
gboolean  fp_files_put        (const char   *path,
                               const char   *text,
                               GError      **error);
/* A folder with the files in it; sub-folders are not followed. */
void      fp_files_remove     (const char   *folder);

G_END_DECLS
