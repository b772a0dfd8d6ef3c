#include "config.h"

#include "engine/fp-export-private.h"

#include <string.h>

#include "engine/fp-transfer-check.h"

/* Before the first file: what leaves is held. */

/* A new version goes with the one before it, or once that is settled: the other place could not tell. */
static gboolean
may_leave (FpStoreTxn   *txn,
           const FpItem *item)
{
  g_autoptr(FpItem) first = NULL;

  if (g_strcmp0 (item->hold, "after") != 0)
    return TRUE;
  first = fp_item_rows_get (txn, item->waits_for, FALSE, NULL);

  return !first || first->state == FP_ITEM_SENT || first->state == FP_ITEM_DISCARDED
         || fp_item_is_moved (first);
}

gboolean
_fp_export_hold_some (FpStoreTxn  *txn,
                      Export      *export,
                      gboolean    *more,
                      GError     **error)
{
  g_autoptr(GArray) ids = fp_transfer_rows_select (txn, &export->query, TRUE, export->after, FP_STORE_SLICE, error);

  if (!ids)
    return FALSE;
  for (guint i = 0; i < ids->len; i++)
    {
      g_autoptr(FpItem) item = NULL;

      export->after = g_array_index (ids, gint64, i);
      item = fp_item_rows_get (txn, export->after, FALSE, error);
      if (!item)
        return FALSE;
      if (may_leave (txn, item) && !fp_transfer_rows_hold (txn, export->manifest->uid, item, error))
        return FALSE;
    }
  *more = ids->len == FP_STORE_SLICE;

  return TRUE;
}

/* After the manifest: what left is not here any more. */

static gboolean
put_away (FpStoreTxn        *txn,
          Export            *export,
          const FpDraftRow  *was,
          GError           **error)
{
  g_autoptr(FpDraftRow) now = fp_draft_rows_get (txn, was->uid, NULL);

  if (now && now->revision == was->revision)
    return fp_draft_rows_discard (txn, was->uid, error);
  export->count->stayed += now != NULL;

  return TRUE;
}

gpointer
_fp_export_settle_some (FpStoreTxn  *txn,
                        gpointer     data,
                        GError     **error)
{
  Export *export = data;
  guint end = MIN (export->drafts->len, export->draft + FP_STORE_SLICE);
  guint n = 0;

  export->bulk.more = TRUE;
  if (export->draft < end)
    {
      for (; export->draft < end; export->draft++)
        if (!put_away (txn, export, g_ptr_array_index (export->drafts, export->draft), error))
          return NULL;
      return export;
    }
  if (!fp_transfer_rows_settle (txn, export->manifest->uid, &export->after, FP_STORE_SLICE, &n, error))
    return NULL;
  export->count->items += n;
  export->bulk.more = n == FP_STORE_SLICE;

  return export;
}

/* Which drafts the folder has, and whether they are here as they are there. */
static gboolean
recall_drafts (FpStoreTxn   *txn,
               Export       *export,
               FpTransferIn *in)
{
  g_autofree char *instance = NULL; /* hash of the one that was listed last: before the draft it belongs to */

  for (;;)
    {
      g_autofree char *path = NULL;
      g_autofree char *sha256 = NULL;
      g_autofree char *folder = NULL;
      g_autoptr(FpDraftRow) row = NULL;
      GError *error = NULL;

      if (!fp_transfer_in_next (in, &path, &sha256, &error))
        {
          gboolean ok = error == NULL;

          g_clear_error (&error);
          return ok;
        }
      if (g_str_has_suffix (path, "/instance.xml"))
        {
          g_free (instance);
          instance = g_steal_pointer (&sha256);
        }
      else if (fp_transfer_kind_of (path, &folder) == FP_TRANSFER_DRAFT
               && (row = fp_draft_rows_get (txn, folder + strlen ("drafts/"), NULL)))
        {
          if (!_fp_export_is_draft (txn, row, instance, sha256))
            row->revision = 0;
          g_ptr_array_add (export->drafts, g_steal_pointer (&row));
        }
    }
}

gboolean
_fp_export_recall (FpStoreTxn *txn,
                   Export     *export)
{
  g_autofree char *begun = export->manifest->moved ? fp_transfer_dup_begun (export->folder, export->manifest) : NULL;
  g_autoptr(FpTransferIn) in = begun ? fp_transfer_in_new (export->folder, NULL) : NULL;
  const FpManifest *there = in ? fp_transfer_in_get_manifest (in) : NULL;

  if (!there || !g_str_equal (there->uid, begun) || !recall_drafts (txn, export, in))
    return FALSE;
  g_free (export->manifest->uid);
  export->manifest->uid = g_steal_pointer (&begun);
  export->count->drafts = (guint) there->drafts;
  export->count->forms = (guint) there->forms;

  return TRUE;
}
