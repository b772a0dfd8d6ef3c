#include "config.h"

#include "engine/fp-import-private.h"

#include <glib/gi18n.h>
#include <string.h>

#include "engine/fp-engine-private.h"

gint64
_fp_import_find_uid (FpStoreTxn *txn,
                     const char *uid)
{
  g_autoptr(FpItem) item = uid ? fp_item_rows_find (txn, uid, NULL) : NULL;

  return item ? item->id : 0;
}

void
_fp_import_own_key (const Import  *import,
                    char         **secret_id)
{
  const char *number = *secret_id ? strrchr (*secret_id, '#') : NULL;
  char *key;

  if (import->own || !number || !number[1] || number[1 + strspn (number + 1, "0123456789")])
    return;
  key = g_strdup_printf ("%s@%s", *secret_id, fp_transfer_in_get_manifest (import->in)->store_id);
  g_free (*secret_id);
  *secret_id = key;
}

/* A moved item comes back to where it was. */
static gboolean
take_back (FpStoreTxn  *txn,
           Import      *import,
           FpItem      *item,
           GError     **error)
{
  if (!fp_transfer_in_get_manifest (import->in)->moved || !fp_transfer_rows_restore (item))
    {
      import->count->skipped++;
      return TRUE;
    }
  import->count->released++;

  return fp_item_rows_update (txn, item, FP_ITEM_HELD, error);
}

/* The state in which it begins here: another place's waits, and its refusals by network and account, say nothing. */
static void
settle_state (FpStoreTxn   *txn,
              Import       *import,
              const Entry  *entry,
              FpItem       *item)
{
  static const char * const lasting[] = { "user", "lost", NULL };
  gboolean lasts = item->hold && g_strv_contains (lasting, item->hold);

  if (item->state == FP_ITEM_SENT || item->state == FP_ITEM_DISCARDED)
    {
      item->state_before = FP_ITEM_PENDING;
      return;
    }
  if (item->state == FP_ITEM_SENDING)
    item->maybe_delivered = TRUE;
  if (item->state != FP_ITEM_FAILED && !lasts)
    {
      g_clear_pointer (&item->reason_code, g_free);
      g_clear_pointer (&item->reason, g_free);
    }

  if (item->state == FP_ITEM_HELD && g_strcmp0 (item->hold, "after") == 0 && item->waits_for)
    return;
  if (!lasts)
    g_clear_pointer (&item->hold, g_free);
  if (!item->hold && entry->account)
    item->hold = g_strdup ("account");
  if (!item->hold && !fp_transfer_in_get_manifest (import->in)->moved && !import->send)
    item->hold = g_strdup ("user");
  if (item->hold && g_str_equal (item->hold, "account"))
    item->reason_code = g_strdup ("account-missing");
  if (item->hold)
    item->state = FP_ITEM_HELD;
  else if (item->state != FP_ITEM_FAILED)
    item->state = FP_ITEM_PENDING;
}

static gboolean
write_item (FpStoreTxn  *txn,
            Import      *import,
            Entry       *entry,
            GError     **error)
{
  g_autoptr(FpItem) here = fp_item_rows_find (txn, entry->item->item->uid, NULL);
  /* A copy: the transaction may be refused and tried again. */
  g_autoptr(FpItem) item = NULL;
  FpReceipt *receipt = entry->item->receipt;
  gint64 *form;

  if (here)
    return take_back (txn, import, here, error);
  if (entry->known || fp_transfer_rows_is_done (txn, entry->item->item->uid))
    {
      import->count->skipped++;
      return TRUE;
    }

  item = fp_item_copy (entry->item->item);
  form = g_hash_table_lookup (import->forms, &entry->item->form);
  item->form = form ? *form : 0;
  item->waits_for = _fp_import_find_uid (txn, entry->item->waits_for);
  settle_state (txn, import, entry, item);
  import->count->held += item->state == FP_ITEM_HELD;
  import->count->missing += item->state == FP_ITEM_HELD && g_strcmp0 (item->hold, "account") == 0;
  if (!fp_item_rows_insert (txn, item, error))
    return FALSE;
  import->count->items++;
  if (item->state != FP_ITEM_SENT)
    return TRUE;
  receipt->item = item->id;

  return fp_item_rows_add_receipt (txn, receipt, error);
}

static gboolean
write_draft (FpStoreTxn  *txn,
             Import      *import,
             Entry       *entry,
             GError     **error)
{
  FpDraftRow *row = entry->draft->row;
  g_autoptr(FpDraftRow) here = fp_draft_rows_get (txn, row->uid, NULL);
  gint64 *form = g_hash_table_lookup (import->forms, &entry->draft->form);
  GError *local = NULL;

  if (here || _fp_import_find_uid (txn, row->uid) || fp_transfer_rows_is_done (txn, row->uid))
    {
      import->count->skipped++;
      return TRUE;
    }
  /* It was put away when it was moved from here, or by a person: a move brings it back. */
  if (fp_draft_rows_undo (txn, row->uid, &local))
    {
      import->count->released++;
      return TRUE;
    }
  if (!g_error_matches (local, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, local);
      return FALSE;
    }
  g_clear_error (&local);
  if (!form)
    {
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED, _("%s: its form is not in the export"),
                   entry->folder);
      return FALSE;
    }
  row->form = *form;
  row->edits = _fp_import_find_uid (txn, entry->draft->edits);
  row->id = 0;
  import->count->drafts++;

  return fp_draft_rows_create (txn, row, error);
}

gpointer
_fp_import_write_page (FpStoreTxn  *txn,
                       gpointer     data,
                       GError     **error)
{
  Import *import = data;

  for (guint i = 0; i < import->page->len; i++)
    {
      Entry *entry = g_ptr_array_index (import->page, i);

      if (!(entry->item ? write_item (txn, import, entry, error) : write_draft (txn, import, entry, error)))
        return NULL;
    }

  return _FP_ENGINE_DONE;
}
