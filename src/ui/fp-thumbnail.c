#include "ui/fp-thumbnail.h"

typedef struct {
  char *path;
  gint  pixels;
} Load;

static void
load_free (Load *load)
{
  g_free (load->path);
  g_free (load);
}

static void
load_thread (GTask        *task,
             gpointer      source,
             gpointer      data,
             GCancellable *cancellable)
{
  Load *load = data;
  GError *error = NULL;
  g_autoptr(GdkPixbuf) turned = NULL;
  g_autoptr(GdkPixbuf) pixbuf = gdk_pixbuf_new_from_file_at_size (load->path, load->pixels, load->pixels, &error);

  if (!pixbuf)
    {
      g_task_return_error (task, error);
      return;
    }
  /* Cameras store how they were held. */
  turned = gdk_pixbuf_apply_embedded_orientation (pixbuf);
  g_task_return_pointer (task, gdk_texture_new_for_pixbuf (turned), g_object_unref);
}

/**
 * fp_thumbnail_load_async:
 * @path: of an image file
 * @pixels: device pixels of the longest side
 *
 * Decodes at that size on a thread of GTask's pool. Fails with the errors of gdk-pixbuf.
 */
void
fp_thumbnail_load_async (const char          *path,
                         gint                 pixels,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Load *load = g_new0 (Load, 1);

  g_task_set_source_tag (task, fp_thumbnail_load_async);
  load->path = g_strdup (path);
  load->pixels = pixels;
  g_task_set_task_data (task, load, (GDestroyNotify) load_free);
  g_task_run_in_thread (task, load_thread);
}

GdkTexture *
fp_thumbnail_load_finish (GAsyncResult  *result,
                          GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
encode_thread (GTask        *task,
               gpointer      source,
               gpointer      data,
               GCancellable *cancellable)
{
  g_task_return_pointer (task, gdk_texture_save_to_png_bytes (data), (GDestroyNotify) g_bytes_unref);
}

/**
 * fp_texture_encode_async:
 * @texture: one in main memory, as the clipboard gives it; textures are immutable and may cross threads
 */
void
fp_texture_encode_async (GdkTexture          *texture,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, fp_texture_encode_async);
  g_task_set_task_data (task, g_object_ref (texture), g_object_unref);
  g_task_run_in_thread (task, encode_thread);
}

GBytes *
fp_texture_encode_finish (GAsyncResult  *result,
                          GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
