/* fp-image.h — the pages of a damaged database, without SQLite: the file with what its log still holds. Stays in this
 * folder.
 *
 * Nothing that is read is believed: every number is checked against the size of what is there. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _FpImage FpImage;

/* @path: the database; its log is beside it with "-wal". Changes neither. */
FpImage *fp_image_open          (const char  *path,
                                 GError     **error);
void     fp_image_free          (FpImage     *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpImage, fp_image_free)

guint    fp_image_get_page_size (FpImage     *self);
/* Bytes of a page that SQLite uses. */
guint    fp_image_get_usable    (FpImage     *self);
/* Pages are counted from 1. */
guint32  fp_image_get_n_pages   (FpImage     *self);
/* The log had frames that could not be read: what was committed last may be missing. */
gboolean fp_image_lost_frames   (FpImage     *self);
/* FALSE if the page is not there whole; @page holds page-size bytes. */
gboolean fp_image_read          (FpImage     *self,
                                 guint32      number,
                                 guint8      *page);

G_END_DECLS
