#include "engine/fp-engine-private.h"

void
_fp_enqueue_part_free (FpEnqueuePart *part)
{
  g_free (part->name);
  g_free (part->filename);
  g_free (part->media_type);
  g_clear_pointer (&part->data, g_bytes_unref);
  g_free (part->path);
  g_clear_object (&part->stream);
  g_free (part);
}

/**
 * fp_enqueue_new:
 * @url: http or https; checked when it is queued
 *
 * Returns: (transfer full): a request without headers and body
 */
FpEnqueue *
fp_enqueue_new (const char *url)
{
  FpEnqueue *enqueue = g_new0 (FpEnqueue, 1);

  enqueue->url = g_strdup (url);
  enqueue->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) _fp_enqueue_part_free);

  return enqueue;
}

static FpEnqueuePart *
add_part (FpEnqueue  *enqueue,
          const char *name,
          const char *filename,
          const char *media_type)
{
  FpEnqueuePart *part = g_new0 (FpEnqueuePart, 1);

  part->name = g_strdup (name);
  part->filename = g_strdup (filename);
  part->media_type = g_strdup (media_type);
  g_ptr_array_add (enqueue->parts, part);

  return part;
}

/**
 * fp_enqueue_add_part:
 * @name: (nullable): field name; %NULL = this part is the whole body
 * @filename: (nullable): the file's name as the server sees it
 * @media_type: (nullable)
 * @data: (nullable): the part, or
 * @path: (nullable): a file that holds it
 */
void
fp_enqueue_add_part (FpEnqueue  *enqueue,
                     const char *name,
                     const char *filename,
                     const char *media_type,
                     GBytes     *data,
                     const char *path)
{
  FpEnqueuePart *part = add_part (enqueue, name, filename, media_type);

  g_return_if_fail ((data == NULL) != (path == NULL));

  part->data = data ? g_bytes_ref (data) : NULL;
  part->path = g_strdup (path);
}

void
fp_enqueue_add_stream (FpEnqueue    *enqueue,
                       const char   *name,
                       const char   *filename,
                       const char   *media_type,
                       GInputStream *stream)
{
  FpEnqueuePart *part = add_part (enqueue, name, filename, media_type);

  part->stream = g_object_ref (stream);
}

void
fp_enqueue_free (FpEnqueue *enqueue)
{
  g_free (enqueue->method);
  g_free (enqueue->url);
  g_clear_pointer (&enqueue->headers, g_hash_table_unref);
  g_clear_pointer (&enqueue->meta, g_hash_table_unref);
  g_free (enqueue->tag);
  g_free (enqueue->title);
  g_ptr_array_unref (enqueue->parts);
  g_free (enqueue);
}
