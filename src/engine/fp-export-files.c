#include "config.h"

#include "engine/fp-export-private.h"

#include <string.h>

#include "base/fp-sha256.h"
#include "engine/fp-transfer-json.h"
#include "store/fp-blob.h"

/* Items a transaction. */
#define PAGE 64

/* A name that people recognise and that no file system minds. */
static char *
dup_file_name (guint       number,
               const char *name)
{
  g_autofree char *ascii = name ? g_str_to_ascii (name, "C") : g_strdup ("body");

  g_strcanon (ascii, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.", '_');
  if (strlen (ascii) > 100)
    memmove (ascii, ascii + strlen (ascii) - 100, 101);

  return g_strdup_printf ("%u-%s", number, ascii);
}

static void
need_form (Export *export,
           gint64  form)
{
  if (form)
    g_hash_table_add (export->forms, g_memdup2 (&form, sizeof form));
}

static gboolean
write_json (FpTransferOut  *out,
            const char     *folder,
            const char     *name,
            JsonNode       *node,
            GError        **error)
{
  g_autofree char *path = g_strdup_printf ("%s/%s", folder, name);
  g_autofree char *text = fp_json_print (node, TRUE);

  json_node_unref (node);

  return fp_transfer_out_write (out, path, text, strlen (text), error);
}

/* Items. */

static gboolean
write_part (Export            *export,
            FpStoreTxn        *txn,
            const char        *folder,
            const char        *name,
            const FpItemPart  *part,
            GError           **error)
{
  g_autofree char *path = g_strdup_printf ("%s/%s", folder, name);
  g_autofree char *blob = NULL;

  if (part->data)
    return fp_transfer_out_write (export->out, path, g_bytes_get_data (part->data, NULL),
                                  g_bytes_get_size (part->data), error);
  blob = fp_blob_dup_path (fp_store_txn_get_store (txn), part->sha256);

  return fp_transfer_out_copy (export->out, path, blob, part->sha256, error);
}

static gboolean
write_item (Export      *export,
            FpStoreTxn  *txn,
            gint64       id,
            GError     **error)
{
  g_autoptr(FpItem) item = fp_item_rows_get (txn, id, TRUE, error);
  g_autoptr(FpItem) first = NULL;
  g_autoptr(FpReceipt) receipt = NULL;
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *folder = NULL;

  if (!item)
    return FALSE;
  /* What it was before this export held it. */
  fp_transfer_rows_restore (item);
  folder = g_strdup_printf ("items/%08" G_GINT64_FORMAT "-%s", id, item->uid);
  if (!fp_transfer_out_folder (export->out, folder, error))
    return FALSE;
  for (guint i = 0; i < item->parts->len; i++)
    {
      const FpItemPart *part = g_ptr_array_index (item->parts, i);
      char *name = dup_file_name (i + 1, part->filename ? part->filename : part->name);

      g_ptr_array_add (names, name);
      if (!write_part (export, txn, folder, name, part, error))
        return FALSE;
    }
  if (item->waits_for)
    first = fp_item_rows_get (txn, item->waits_for, FALSE, NULL);
  if (item->state == FP_ITEM_SENT)
    receipt = fp_item_rows_get_receipt (txn, id, NULL);
  need_form (export, item->form);
  export->manifest->items++;

  return write_json (export->out, folder, "request.json",
                     fp_transfer_item_to_json (item, names, first ? first->uid : NULL, receipt), error);
}

/* TRUE (as a pointer) while there is more. */
gpointer
_fp_export_write_items (FpStoreTxn  *txn,
                        gpointer     data,
                        GError     **error)
{
  Export *export = data;
  g_autoptr(GArray) ids = export->manifest->moved
    ? fp_transfer_rows_moving (txn, export->manifest->uid, export->after, PAGE, error)
    : fp_transfer_rows_select (txn, &export->query, FALSE, export->after, PAGE, error);

  if (!ids)
    return NULL;
  for (guint i = 0; i < ids->len; i++)
    {
      export->after = g_array_index (ids, gint64, i);
      if (!write_item (export, txn, export->after, error))
        return NULL;
    }

  return ids->len == PAGE ? _FP_ENGINE_DONE : NULL;
}

/* Drafts. */

static GPtrArray *
dup_draft_names (const FpDraftRow *row)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < row->files->len; i++)
    g_ptr_array_add (names, dup_file_name (i + 1, ((FpDraftFile *) g_ptr_array_index (row->files, i))->name));

  return names;
}

static char *
dup_draft_json (FpStoreTxn       *txn,
                const FpDraftRow *row,
                GPtrArray        *names)
{
  g_autoptr(FpItem) edits = row->edits ? fp_item_rows_get (txn, row->edits, FALSE, NULL) : NULL;
  g_autoptr(JsonNode) node = fp_transfer_draft_to_json (row, names, edits ? edits->uid : NULL);

  return fp_json_print (node, TRUE);
}

static gboolean
write_draft (Export      *export,
             FpStoreTxn  *txn,
             const char  *uid,
             GError     **error)
{
  g_autoptr(FpDraftRow) row = fp_draft_rows_get (txn, uid, error);
  g_autoptr(GPtrArray) names = row ? dup_draft_names (row) : NULL;
  g_autofree char *folder = g_strdup_printf ("drafts/%s", uid);
  g_autofree char *instance = g_strdup_printf ("%s/instance.xml", folder);
  g_autofree char *json = g_strdup_printf ("%s/draft.json", folder);
  g_autofree char *text = NULL;

  if (!row || !fp_transfer_out_folder (export->out, folder, error)
      || !fp_transfer_out_write (export->out, instance, g_bytes_get_data (row->instance, NULL),
                                 g_bytes_get_size (row->instance), error))
    return FALSE;
  for (guint i = 0; i < row->files->len; i++)
    {
      const FpDraftFile *file = g_ptr_array_index (row->files, i);
      g_autofree char *path = g_strdup_printf ("%s/%s", folder, (char *) g_ptr_array_index (names, i));
      g_autofree char *blob = fp_blob_dup_path (fp_store_txn_get_store (txn), file->sha256);

      if (!fp_transfer_out_copy (export->out, path, blob, file->sha256, error))
        return FALSE;
    }
  need_form (export, row->form);
  export->manifest->drafts++;
  text = dup_draft_json (txn, row, names);
  if (!fp_transfer_out_write (export->out, json, text, strlen (text), error))
    return FALSE;
  g_clear_pointer (&row->instance, g_bytes_unref);
  g_ptr_array_add (export->drafts, g_steal_pointer (&row));

  return TRUE;
}

gboolean
_fp_export_is_draft (FpStoreTxn       *txn,
                     const FpDraftRow *row,
                     const char       *instance,
                     const char       *json)
{
  g_autoptr(GPtrArray) names = dup_draft_names (row);
  g_autofree char *text = dup_draft_json (txn, row, names);
  g_autofree char *text_now = fp_sha256_of (text, strlen (text));
  g_autofree char *instance_now = fp_sha256_of_bytes (row->instance);

  return g_strcmp0 (instance_now, instance) == 0 && g_strcmp0 (text_now, json) == 0;
}

static gboolean
write_form (Export      *export,
            FpStoreTxn  *txn,
            gint64       id,
            GError     **error)
{
  g_autoptr(FpFormRow) row = fp_form_rows_get (txn, id, error);
  g_autoptr(GBytes) xml = row ? fp_form_rows_get_xml (txn, id, error) : NULL;
  g_autoptr(FpServerRow) server = NULL;
  g_autofree char *folder = g_strdup_printf ("forms/%" G_GINT64_FORMAT, id);
  g_autofree char *path = g_strdup_printf ("%s/form.xml", folder);

  if (!xml)
    return FALSE;
  if (row->server)
    server = fp_server_rows_get (txn, row->server, NULL);
  export->manifest->forms++;

  return fp_transfer_out_folder (export->out, folder, error)
         && fp_transfer_out_write (export->out, path, g_bytes_get_data (xml, NULL), g_bytes_get_size (xml), error)
         && write_json (export->out, folder, "form.json", fp_transfer_form_to_json (row, server), error);
}

/* Where the events of later days go. */
static gboolean
write_tags (Export      *export,
            FpStoreTxn  *txn,
            GError     **error)
{
  g_autoptr(GPtrArray) tags = export->with_events ? fp_tag_rows_list (txn, error) : g_ptr_array_new ();
  g_autoptr(JsonNode) node = NULL;
  g_autofree char *text = NULL;

  if (!tags)
    return FALSE;
  for (guint i = export->query.tag ? tags->len : 0; i > 0; i--)
    if (!g_str_equal (((FpTagRow *) g_ptr_array_index (tags, i - 1))->name, export->query.tag))
      g_ptr_array_remove_index (tags, i - 1);
  export->count->tags = tags->len;
  if (tags->len == 0)
    return TRUE;
  node = fp_transfer_tags_to_json (tags);
  text = fp_json_print (node, TRUE);

  return fp_transfer_out_write (export->out, "tags.json", text, strlen (text), error);
}

/* Drafts are few and forms fewer: one snapshot. Then the manifest. */
gpointer
_fp_export_write_rest (FpStoreTxn  *txn,
                       gpointer     data,
                       GError     **error)
{
  Export *export = data;
  g_autoptr(GPtrArray) drafts = export->with_drafts ? fp_draft_rows_list (txn, error) : g_ptr_array_new ();
  GHashTableIter iter;
  gpointer form;

  if (!drafts)
    return NULL;
  for (guint i = 0; i < drafts->len; i++)
    if (!write_draft (export, txn, ((FpDraftRow *) g_ptr_array_index (drafts, i))->uid, error))
      return NULL;
  g_hash_table_iter_init (&iter, export->forms);
  while (g_hash_table_iter_next (&iter, &form, NULL))
    if (!write_form (export, txn, *(gint64 *) form, error))
      return NULL;
  if (!write_tags (export, txn, error) || !fp_transfer_out_finish (export->out, export->manifest, error))
    return NULL;

  export->count->items = (guint) export->manifest->items;
  export->count->drafts = (guint) export->manifest->drafts;
  export->count->forms = (guint) export->manifest->forms;

  return _FP_ENGINE_DONE;
}
