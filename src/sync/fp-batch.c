#include "sync/fp-batch.h"

#include "net/fp-host.h"

static FpItem *
item_new (const FpTagRow *tag,
          GBytes         *body)
{
  g_autoptr(FpItem) item = fp_item_new ();
  FpItemPart *part = fp_item_part_new (NULL, NULL, "application/json");

  item->kind = FP_ITEM_BATCH;
  item->protocol = FP_PROTOCOL_PLAIN;
  item->title = g_strdup (tag->name);
  item->tag = g_strdup (tag->name);
  item->method = g_strdup ("POST");
  item->url = g_strdup (tag->url);
  item->host = fp_host_dup_origin (tag->url, NULL);
  item->reach = tag->reach;
  item->headers = g_strdup (tag->headers);
  item->secret_id = g_strdup (tag->secret_id);
  item->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_item_part_free);
  part->data = g_bytes_ref (body);
  g_ptr_array_add (item->parts, part);

  return g_steal_pointer (&item);
}

/* @id: 0 = there was none. @size: (out) (optional): bytes of it. */
static gboolean
freeze_next (FpStoreTxn  *txn,
             const char  *tag,
             gint64      *id,
             gsize       *size,
             GError     **error)
{
  g_autoptr(GError) local = NULL;
  g_autoptr(FpTagRow) row = fp_tag_rows_get (txn, tag, &local);
  g_autoptr(GBytes) body = NULL;
  g_autoptr(FpItem) item = NULL;
  gint64 last;

  *id = 0;
  if (row)
    body = fp_event_rows_dup_batch (txn, tag, row->batch_max, &last, &local);
  if (local)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (!body)
    return TRUE;

  item = item_new (row, body);
  if (!fp_item_rows_insert (txn, item, error) || !fp_event_rows_freeze (txn, tag, last, item->id, error))
    return FALSE;
  *id = item->id;
  if (size)
    *size = g_bytes_get_size (body);

  return TRUE;
}

gboolean
fp_batch_freeze (FpStoreTxn  *txn,
                 const char  *tag,
                 gint64      *id,
                 GError     **error)
{
  GError *local = NULL;
  gint64 frozen = 0;
  gboolean ok = !fp_event_rows_is_ready (txn, tag, &local) || freeze_next (txn, tag, &frozen, NULL, &local);

  if (local)
    g_propagate_error (error, local);
  if (id)
    *id = frozen;

  return ok && !local;
}

gboolean
fp_batch_freeze_some (FpStoreTxn *txn,
                      const char *tag,
                      gboolean   *more,
                      GError    **error)
{
  g_autoptr(GPtrArray) rows = fp_tag_rows_list (txn, error);
  guint events = 0;
  gsize bytes = 0;

  *more = FALSE;
  for (guint i = 0; rows && i < rows->len && !*more; i++)
    {
      const FpTagRow *row = g_ptr_array_index (rows, i);
      gint64 id = tag == NULL || g_str_equal (row->name, tag);
      gsize size;

      while (id > 0 && !*more)
        {
          if (!freeze_next (txn, row->name, &id, &size, error))
            return FALSE;
          if (id == 0)
            break;
          events += row->batch_max;
          bytes += size;
          *more = events >= FP_STORE_SLICE || bytes >= FP_BATCH_BYTES;
        }
    }

  return rows != NULL;
}

/* So many at a time from now on; a tag that was removed meanwhile has nothing to remember. */
static gboolean
set_max (FpStoreTxn  *txn,
         const char  *tag,
         guint        max,
         GError     **error)
{
  g_autoptr(GError) local = NULL;
  g_autoptr(FpTagRow) row = fp_tag_rows_get (txn, tag, &local);

  if (!row)
    {
      if (g_error_matches (local, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (row->batch_max == max)
    return TRUE;
  row->batch_max = max;

  return fp_tag_rows_set (txn, row, error);
}

static gboolean
has_tag (FpStoreTxn *txn,
         const char *tag)
{
  g_autoptr(FpTagRow) row = fp_tag_rows_get (txn, tag, NULL);

  return row != NULL;
}

static gboolean
is_of_size_or_content (guint http_status)
{
  return http_status == 400 || http_status == 413 || http_status == 422;
}

gboolean
fp_batch_can_halve (const FpItem *item,
                    guint         http_status)
{
  const FpItemPart *part;

  if (item->kind != FP_ITEM_BATCH || !is_of_size_or_content (http_status) || !item->parts || item->parts->len != 1)
    return FALSE;

  part = g_ptr_array_index (item->parts, 0);
  return part->data && fp_event_rows_is_several (part->data);
}

/* The bytes themselves were refused, and certainly are nowhere: then fewer may pass. What may have been stored under
 * its key would be there twice. */
static gboolean
was_refused (const FpItem *item)
{
  return item->state == FP_ITEM_FAILED && !item->maybe_delivered && is_of_size_or_content ((guint) item->status);
}

gboolean
fp_batch_settle (FpStoreTxn   *txn,
                 const FpItem *item,
                 gboolean     *replaced,
                 GError      **error)
{
  gint64 n;

  *replaced = FALSE;
  if (item->kind != FP_ITEM_BATCH || (item->state != FP_ITEM_SENT && item->state != FP_ITEM_FAILED))
    return TRUE;

  n = fp_event_rows_count (txn, item->id, error);
  if (n < 0)
    return FALSE;
  if (item->state == FP_ITEM_SENT)
    return set_max (txn, item->tag, (guint) MAX (n, 1) * 2, error)
           && fp_event_rows_delete (txn, item->id, error) && fp_batch_freeze (txn, item->tag, NULL, error);

  /* What cannot be made smaller stays, as a failed item; the others go on. Without its tag nothing can be frozen. */
  if (was_refused (item) && n > 1 && has_tag (txn, item->tag))
    {
      *replaced = TRUE;
      return set_max (txn, item->tag, (guint) n / 2, error) && fp_event_rows_thaw (txn, item->id, error)
             && fp_batch_freeze (txn, item->tag, NULL, error);
    }

  return fp_batch_freeze (txn, item->tag, NULL, error);
}
