#include "sync/fp-sync-split.h"

#include <gio/gio.h>

/* Lines of a part, generously: boundary, two names, a media type. */
#define HEAD_BYTES(part) (256 + 6 * (gint64) strlen ((part)->name ? (part)->name : ""))

static const FpItemPart *
get_part (const FpItem *item,
          guint         i)
{
  return g_ptr_array_index (item->parts, i);
}

guint
fp_sync_split_count (const FpItem *item)
{
  guint last = 0;

  for (guint i = 1; i < item->parts->len; i++)
    last = MAX (last, get_part (item, i)->post);

  return last + 1;
}

gboolean
fp_sync_split_has_part (const FpItem *item,
                        guint         i)
{
  /* The first part is the submission itself; of anything else all parts go in the one request there is. */
  return item->protocol != FP_PROTOCOL_OPENROSA || i == 0 || get_part (item, i)->post == item->posts_done;
}

guint
fp_sync_split_n_files (const FpItem *item)
{
  guint n = 0;

  for (guint i = 1; i < item->parts->len; i++)
    n += fp_sync_split_has_part (item, i);

  return n;
}

char *
fp_sync_split_dup_words (const FpItem *item)
{
  const FpItemPart *largest = NULL;
  g_autofree char *size = NULL;

  for (guint i = 1; i < item->parts->len; i++)
    if (fp_sync_split_has_part (item, i) && (!largest || get_part (item, i)->size > largest->size))
      largest = get_part (item, i);
  if (!largest)
    return NULL;

  size = g_format_size ((guint64) largest->size);
  return g_strdup_printf ("%s (%s)", largest->name, size);
}

gboolean
fp_sync_split_goes_on (const FpItem *item)
{
  return item->protocol == FP_PROTOCOL_OPENROSA && item->posts_done + 1 < fp_sync_split_count (item);
}

/* Bytes of attachments that one request may have. */
static gint64
get_budget (const FpItem *item,
            gint64        limit)
{
  const FpItemPart *xml = get_part (item, 0);
  gint64 total = 0;

  if (limit > 0)
    return MAX (limit - xml->size - 2 * HEAD_BYTES (xml), 0);

  for (guint i = 1; i < item->parts->len; i++)
    if (fp_sync_split_has_part (item, i))
      total += get_part (item, i)->size + HEAD_BYTES (get_part (item, i));

  return total / 2;
}

/* How many requests the attachments of the next one come to, in their order; with @write they are told which. */
static guint
spread (FpItem   *item,
        gint64    budget,
        gboolean  write)
{
  guint base = item->posts_done;
  gint64 filled = 0;
  guint n = 0;

  for (guint i = 1; i < item->parts->len; i++)
    {
      FpItemPart *part = g_ptr_array_index (item->parts, i);
      gint64 bytes = part->size + HEAD_BYTES (part);

      if (part->post != base)
        continue;
      if (n == 0 || filled + bytes > budget)
        {
          n++;
          filled = 0;
        }
      filled += bytes;
      if (write)
        part->post = base + n - 1;
    }

  return n;
}

/**
 * fp_sync_split:
 * @item: a submission with its parts
 * @limit: bytes that one request may have; 0 = not known
 *
 * To be called before the next request is sent, or when it was refused: what may
 * be stored already never changes.
 */
gboolean
fp_sync_split (FpItem *item,
               gint64  limit)
{
  gint64 budget = get_budget (item, limit);
  guint more;

  g_return_val_if_fail (item->protocol == FP_PROTOCOL_OPENROSA, FALSE);

  if (fp_sync_split_n_files (item) < 2)
    return FALSE;
  more = spread (item, budget, FALSE) - 1;
  if (more == 0)
    return FALSE;

  for (guint i = 1; i < item->parts->len; i++)
    {
      FpItemPart *part = g_ptr_array_index (item->parts, i);

      if (part->post > item->posts_done)
        part->post += more;
    }
  spread (item, budget, TRUE);

  return TRUE;
}
