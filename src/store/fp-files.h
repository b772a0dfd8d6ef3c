/* fp-files.h — folders and files that survive a power cut. Stays in this folder. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Makes @path and what is missing above it, 0700, durably; an existing folder stays as it is, but an empty one is
 * made durable too. */
gboolean fp_files_make_folder (const char  *path,
                               GError     **error);
/* Makes the names in @path durable. */
gboolean fp_files_sync_folder (const char  *path,
                               GError     **error);
/* Makes an empty file, 0600, if there is none. */
gboolean fp_files_touch       (const char  *path,
                               GError     **error);
/* TRUE where shared memory and locks of several machines cannot be trusted with a write-ahead log. */
gboolean fp_files_is_network  (const char  *path);

G_END_DECLS
