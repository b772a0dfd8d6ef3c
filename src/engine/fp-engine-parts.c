#include "engine/fp-engine-private.h"

#include "store/fp-blob.h"

/* What is larger goes to a file: rows stay small, and a body is streamed from disk. */
#define INLINE_MAX (64 * 1024)

typedef struct {
  GPtrArray *from; /* FpEnqueuePart */
  GPtrArray *to;   /* FpItemPart */
} StoreParts;

static void
store_parts_free (gpointer data)
{
  StoreParts *parts = data;

  g_ptr_array_unref (parts->from);
  g_ptr_array_unref (parts->to);
  g_free (parts);
}

static void next_part (GTask *task);

static void
imported_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  StoreParts *parts = g_task_get_task_data (task);
  FpEnqueuePart *from = g_ptr_array_index (parts->from, parts->to->len);
  FpItemPart *to;
  GError *error = NULL;
  g_autoptr(FpBlob) blob = fp_blob_import_finish (FP_STORE (source), result, &error);

  if (!blob)
    {
      g_prefix_error (&error, "%s: ", from->path ? from->path : from->name ? from->name : "body");
      g_task_return_error (task, error);
      return;
    }
  to = fp_item_part_new (from->name, from->filename, from->media_type);
  to->sha256 = g_strdup (blob->sha256);
  to->size = blob->size;
  g_ptr_array_add (parts->to, to);
  next_part (g_steal_pointer (&task));
}

static void
import (GTask        *task,
        GInputStream *stream)
{
  FpEngine *self = g_task_get_source_object (task);

  fp_blob_import_async (self->store, stream, g_task_get_cancellable (task), imported_cb, task);
}

static void
opened_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  g_autoptr(GFileInputStream) stream = g_file_read_finish (G_FILE (source), result, &error);

  if (!stream)
    g_task_return_error (task, error);
  else
    import (g_steal_pointer (&task), G_INPUT_STREAM (stream));
}

/* Takes @task. */
static void
next_part (GTask *task)
{
  StoreParts *parts = g_task_get_task_data (task);

  while (parts->to->len < parts->from->len)
    {
      FpEnqueuePart *from = g_ptr_array_index (parts->from, parts->to->len);
      FpItemPart *to;

      if (from->path)
        {
          g_autoptr(GFile) file = g_file_new_for_path (from->path);

          g_file_read_async (file, G_PRIORITY_DEFAULT, g_task_get_cancellable (task), opened_cb, task);
          return;
        }
      if (from->stream)
        {
          import (task, from->stream);
          return;
        }
      if (g_bytes_get_size (from->data) > INLINE_MAX)
        {
          g_autoptr(GInputStream) stream = g_memory_input_stream_new_from_bytes (from->data);

          import (task, stream);
          return;
        }
      to = fp_item_part_new (from->name, from->filename, from->media_type);
      to->data = g_bytes_ref (from->data);
      to->size = g_bytes_get_size (from->data);
      g_ptr_array_add (parts->to, to);
    }
  g_task_return_pointer (task, g_ptr_array_ref (parts->to), (GDestroyNotify) g_ptr_array_unref);
  g_object_unref (task);
}

void
_fp_engine_store_parts_async (FpEngine            *self,
                              GPtrArray           *from,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  StoreParts *parts = g_new0 (StoreParts, 1);

  parts->from = g_ptr_array_ref (from);
  parts->to = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_item_part_free);
  g_task_set_source_tag (task, _fp_engine_store_parts_async);
  g_task_set_task_data (task, parts, store_parts_free);
  next_part (task);
}
