#include "store/fp-item-rows.h"

#include <string.h>

static const char *const state_words[] = {
  [FP_ITEM_PENDING] = "pending", [FP_ITEM_SENDING] = "sending",     [FP_ITEM_FAILED] = "failed",
  [FP_ITEM_HELD] = "held",       [FP_ITEM_DISCARDED] = "discarded", [FP_ITEM_SENT] = "sent",
};

/**
 * fp_item_state_to_string:
 *
 * Returns: (transfer none): the stable English word for programs; "unknown" for a number that is no state
 */
const char *
fp_item_state_to_string (FpItemState state)
{
  if ((guint) state < G_N_ELEMENTS (state_words) && state_words[state])
    return state_words[state];

  return "unknown";
}

/**
 * fp_item_state_from_string:
 * @word: (nullable): a word of [func@item_state_to_string]
 *
 * Returns: the state, or 0
 */
FpItemState
fp_item_state_from_string (const char *word)
{
  gsize i;

  for (i = FP_ITEM_PENDING; i < G_N_ELEMENTS (state_words); i++)
    if (g_strcmp0 (word, state_words[i]) == 0)
      return (FpItemState) i;

  return (FpItemState) 0;
}

/**
 * fp_item_part_new:
 * @name: (nullable): field name; NULL = the whole body
 * @filename: (nullable)
 * @media_type: (nullable)
 *
 * Returns: (transfer full): a part to which data or sha256 is to be added
 */
FpItemPart *
fp_item_part_new (const char *name,
                  const char *filename,
                  const char *media_type)
{
  FpItemPart *part = g_new0 (FpItemPart, 1);

  part->name = g_strdup (name);
  part->filename = g_strdup (filename);
  part->media_type = g_strdup (media_type);

  return part;
}

static FpItemPart *
part_copy (const FpItemPart *part)
{
  FpItemPart *copy = fp_item_part_new (part->name, part->filename, part->media_type);

  copy->data = part->data ? g_bytes_ref (part->data) : NULL;
  copy->sha256 = g_strdup (part->sha256);
  copy->size = part->size;
  copy->post = part->post;

  return copy;
}

void
fp_item_part_free (FpItemPart *part)
{
  g_return_if_fail (part);

  g_free (part->name);
  g_free (part->filename);
  g_free (part->media_type);
  g_clear_pointer (&part->data, g_bytes_unref);
  g_free (part->sha256);
  g_free (part);
}

/**
 * fp_item_new:
 *
 * Returns: (transfer full): an item with everything 0 and NULL; [func@item_rows_insert] fills in uid, tag,
 *   headers, created and state where they are missing
 */
FpItem *
fp_item_new (void)
{
  return g_new0 (FpItem, 1);
}

/**
 * fp_item_copy:
 *
 * Returns: (transfer full): a deep copy; the bytes of parts are shared, they never change
 */
FpItem *
fp_item_copy (const FpItem *item)
{
  FpItem *copy;
  guint i;

  g_return_val_if_fail (item, NULL);

  copy = g_new (FpItem, 1);
  *copy = *item;
  copy->uid = g_strdup (item->uid);
  copy->title = g_strdup (item->title);
  copy->tag = g_strdup (item->tag);
  copy->method = g_strdup (item->method);
  copy->url = g_strdup (item->url);
  copy->host = g_strdup (item->host);
  copy->headers = g_strdup (item->headers);
  copy->boundary = g_strdup (item->boundary);
  copy->meta = g_strdup (item->meta);
  copy->secret_id = g_strdup (item->secret_id);
  copy->instance_id = g_strdup (item->instance_id);
  copy->reason_code = g_strdup (item->reason_code);
  copy->reason = g_strdup (item->reason);
  copy->hold = g_strdup (item->hold);
  copy->due_boot_id = g_strdup (item->due_boot_id);
  if (item->parts)
    {
      copy->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_item_part_free);
      for (i = 0; i < item->parts->len; i++)
        g_ptr_array_add (copy->parts, part_copy (g_ptr_array_index (item->parts, i)));
    }

  return copy;
}

void
fp_item_free (FpItem *item)
{
  g_return_if_fail (item);

  g_free (item->uid);
  g_free (item->title);
  g_free (item->tag);
  g_free (item->method);
  g_free (item->url);
  g_free (item->host);
  g_free (item->headers);
  g_free (item->boundary);
  g_free (item->meta);
  g_free (item->secret_id);
  g_free (item->instance_id);
  g_free (item->reason_code);
  g_free (item->reason);
  g_free (item->hold);
  g_free (item->due_boot_id);
  g_clear_pointer (&item->parts, g_ptr_array_unref);
  g_free (item);
}

void
fp_receipt_free (FpReceipt *receipt)
{
  g_return_if_fail (receipt);

  g_free (receipt->uid);
  g_free (receipt->instance_id);
  g_free (receipt->url);
  g_free (receipt->headers);
  g_free (receipt->body);
  g_free (receipt);
}

/**
 * fp_item_counts_copy:
 *
 * Returns: (transfer full): a deep copy
 */
FpItemCounts *
fp_item_counts_copy (const FpItemCounts *counts)
{
  FpItemCounts *copy;

  g_return_val_if_fail (counts, NULL);

  copy = g_new (FpItemCounts, 1);
  *copy = *counts;
  copy->held_for = g_strdup (counts->held_for);
  copy->reason_code = g_strdup (counts->reason_code);
  copy->reason = g_strdup (counts->reason);

  return copy;
}

/* Whether an export took it along, wholly ("moved") or not yet ("moving"). */
gboolean
fp_item_is_moved (const FpItem *item)
{
  return item->state == FP_ITEM_HELD
         && (g_strcmp0 (item->hold, "moving") == 0 || g_strcmp0 (item->hold, "moved") == 0);
}

gboolean
fp_item_counts_wait (const FpItemCounts *counts)
{
  g_return_val_if_fail (counts, FALSE);

  return counts->waiting > 0 || counts->events > 0;
}

void
fp_item_counts_free (FpItemCounts *counts)
{
  g_return_if_fail (counts);

  g_free (counts->held_for);
  g_free (counts->reason_code);
  g_free (counts->reason);
  g_free (counts);
}
