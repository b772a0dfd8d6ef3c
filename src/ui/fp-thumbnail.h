/* fp-thumbnail.h — a small picture of an image file, decoded on another thread */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* @pixels: the longest side the result has. */
void        fp_thumbnail_load_async  (const char           *path,
                                      gint                  pixels,
                                      GCancellable         *cancellable,
                                      GAsyncReadyCallback   callback,
                                      gpointer              user_data);
GdkTexture *fp_thumbnail_load_finish (GAsyncResult         *result,
                                      GError              **error);

/* PNG bytes of a pasted picture; encoding takes long. */
void        fp_texture_encode_async  (GdkTexture           *texture,
                                      GCancellable         *cancellable,
                                      GAsyncReadyCallback   callback,
                                      gpointer              user_data);
GBytes     *fp_texture_encode_finish (GAsyncResult         *result,
                                      GError              **error);

G_END_DECLS
