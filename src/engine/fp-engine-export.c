#include "config.h"

#include "engine/fp-engine-transfer.h"

#include <glib/gi18n.h>
#include <string.h>

#include "base/fp-random.h"
#include "engine/fp-engine-private.h"
#include "engine/fp-transfer-files.h"
#include "engine/fp-transfer-json.h"
#include "store/fp-blob.h"
#include "sync/fp-batch.h"

/* Items or drafts a transaction. */
#define PAGE 64

typedef struct {
  /* Owned. */
  char            *folder;
  FpTransferQuery  query;
  FpManifest      *manifest;
  FpTransferOut   *out;
  GHashTable      *forms;  /* set of gint64: rows that something exported was begun with */
  GPtrArray       *drafts; /* FpDraftRow without instance: what was exported, with its revision */
  FpTransferCount *count;

  gboolean         with_drafts;
  gboolean         written; /* by a run that was broken off afterwards: only to be settled */
  gint64           after;
} Export;

static void
export_free (gpointer data)
{
  Export *export = data;

  g_free (export->folder);
  g_free (export->query.tag);
  g_clear_pointer (&export->query.ids, g_array_unref);
  g_clear_pointer (&export->manifest, fp_manifest_free);
  g_clear_pointer (&export->out, fp_transfer_out_free);
  g_clear_pointer (&export->forms, g_hash_table_unref);
  g_clear_pointer (&export->drafts, g_ptr_array_unref);
  g_free (export->count);
  g_free (export);
}

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
static gpointer
write_items (FpStoreTxn  *txn,
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

static gboolean
write_draft (Export            *export,
             FpStoreTxn        *txn,
             const char        *uid,
             GError           **error)
{
  g_autoptr(FpDraftRow) row = fp_draft_rows_get (txn, uid, error);
  g_autoptr(FpItem) edits = NULL;
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *folder = g_strdup_printf ("drafts/%s", uid);
  g_autofree char *instance = g_strdup_printf ("%s/instance.xml", folder);

  if (!row || !fp_transfer_out_folder (export->out, folder, error)
      || !fp_transfer_out_write (export->out, instance, g_bytes_get_data (row->instance, NULL),
                                 g_bytes_get_size (row->instance), error))
    return FALSE;
  for (guint i = 0; i < row->files->len; i++)
    {
      const FpDraftFile *file = g_ptr_array_index (row->files, i);
      char *name = dup_file_name (i + 1, file->name);
      g_autofree char *path = g_strdup_printf ("%s/%s", folder, name);
      g_autofree char *blob = fp_blob_dup_path (fp_store_txn_get_store (txn), file->sha256);

      g_ptr_array_add (names, name);
      if (!fp_transfer_out_copy (export->out, path, blob, file->sha256, error))
        return FALSE;
    }
  if (row->edits)
    edits = fp_item_rows_get (txn, row->edits, FALSE, NULL);
  need_form (export, row->form);
  export->manifest->drafts++;
  if (!write_json (export->out, folder, "draft.json", fp_transfer_draft_to_json (row, names, edits ? edits->uid : NULL),
                   error))
    return FALSE;
  g_clear_pointer (&row->instance, g_bytes_unref);
  g_ptr_array_add (export->drafts, g_steal_pointer (&row));

  return TRUE;
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

/* Whether events go along: who chose by number or state did not mean them. */
static gboolean
takes_events (const Export *export)
{
  return !export->query.ids && (export->query.states & 1u << FP_ITEM_PENDING);
}

/* Where the events of later days go. */
static gboolean
write_tags (Export      *export,
            FpStoreTxn  *txn,
            GError     **error)
{
  g_autoptr(GPtrArray) tags = takes_events (export) ? fp_tag_rows_list (txn, error) : g_ptr_array_new ();
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
static gpointer
write_rest (FpStoreTxn  *txn,
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

/* The order. */

static void
finish (GTask *task)
{
  Export *export = g_task_get_task_data (task);

  g_task_return_pointer (task, g_steal_pointer (&export->count), g_free);
}

/* The folder is an export: what is in it is there from now on. */
static gpointer
settle (FpStoreTxn  *txn,
        gpointer     data,
        GError     **error)
{
  Export *export = data;

  if (!fp_transfer_rows_settle (txn, export->manifest->uid, &export->count->items, error))
    return NULL;
  for (guint i = 0; i < export->drafts->len; i++)
    {
      const FpDraftRow *was = g_ptr_array_index (export->drafts, i);
      g_autoptr(FpDraftRow) now = fp_draft_rows_get (txn, was->uid, NULL);

      if (now && now->revision == was->revision)
        {
          if (!fp_draft_rows_discard (txn, was->uid, error))
            return NULL;
        }
      else if (now)
        export->count->stayed++;
    }

  return _FP_ENGINE_DONE;
}

static void
settled_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;

  if (_fp_engine_finish (FP_ENGINE (source), result, &error))
    finish (task);
  else
    g_task_return_error (task, error);
}

/* Takes @task. */
static void
leave (GTask *task)
{
  Export *export = g_task_get_task_data (task);

  _fp_engine_write (g_task_get_source_object (task), fp_engine_export_async, settle, export, NULL, NULL, NULL,
                    settled_cb, task);
}

static void
rest_written_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autoptr(GTask) task = user_data;
  Export *export = g_task_get_task_data (task);
  GError *error = NULL;

  if (!_fp_engine_finish (self, result, &error))
    g_task_return_error (task, error);
  else if (export->manifest->moved)
    leave (g_steal_pointer (&task));
  else
    finish (task);
}

static void
items_written_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autoptr(GTask) task = user_data;
  Export *export = g_task_get_task_data (task);
  GError *error = NULL;
  gboolean more = _fp_engine_finish (self, result, &error) != NULL;

  if (error)
    g_task_return_error (task, error);
  else if (more)
    _fp_engine_read (self, fp_engine_export_async, write_items, export, NULL, NULL, g_task_get_cancellable (task),
                     items_written_cb, g_object_ref (task));
  else
    _fp_engine_read (self, fp_engine_export_async, write_rest, export, NULL, NULL, g_task_get_cancellable (task),
                     rest_written_cb, g_object_ref (task));
}

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

/* All of them in one transaction, before the first byte of the export is written. */
static gpointer
hold_items (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  Export *export = data;
  gint64 after = 0;

  for (;;)
    {
      g_autoptr(GArray) ids = fp_transfer_rows_select (txn, &export->query, TRUE, after, PAGE, error);

      if (!ids)
        return NULL;
      for (guint i = 0; i < ids->len; i++)
        {
          g_autoptr(FpItem) item = NULL;

          after = g_array_index (ids, gint64, i);
          item = fp_item_rows_get (txn, after, FALSE, error);
          if (!item)
            return NULL;
          if (may_leave (txn, item) && !fp_transfer_rows_hold (txn, export->manifest->uid, item, error))
            return NULL;
        }
      if (ids->len < PAGE)
        return _FP_ENGINE_DONE;
    }
}

/* Events go as items, which every store knows by their uid. */
static gpointer
prepare (FpStoreTxn  *txn,
         gpointer     data,
         GError     **error)
{
  Export *export = data;

  if (takes_events (export) && !fp_batch_freeze_all (txn, export->query.tag, error))
    return NULL;

  return export->manifest->moved ? hold_items (txn, export, error) : _FP_ENGINE_DONE;
}

static void
prepared_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autoptr(GTask) task = user_data;
  Export *export = g_task_get_task_data (task);
  GError *error = NULL;

  if (_fp_engine_finish (self, result, &error))
    _fp_engine_read (self, fp_engine_export_async, write_items, export, NULL, NULL, g_task_get_cancellable (task),
                     items_written_cb, g_object_ref (task));
  else
    g_task_return_error (task, error);
}

/* What a person named is exported or refused by its number; what nobody named is left out. */
static gboolean
check_named (FpStoreTxn  *txn,
             gint64       id,
             GError     **error)
{
  GError *local = NULL;
  g_autoptr(FpItem) item = fp_item_rows_get (txn, id, FALSE, &local);

  if (item && g_strcmp0 (item->hold, "staging") != 0 && g_strcmp0 (item->hold, "moved") != 0)
    return TRUE;
  if (item && fp_item_is_moved (item))
    g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED,
                 _("item %" G_GINT64_FORMAT " was moved to another place already"), id);
  else if (item)
    g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED,
                 item->state == FP_ITEM_HELD ? _("item %" G_GINT64_FORMAT " is still being copied")
                                             : _("item %" G_GINT64_FORMAT " has lost its file: queue it again"),
                 id);
  else if (g_error_matches (local, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND))
    g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_NOT_FOUND, _("item %" G_GINT64_FORMAT ": there is none"), id);
  else
    g_propagate_error (error, g_steal_pointer (&local));
  g_clear_error (&local);

  return FALSE;
}

/* A move that was broken off between its last file and its last transaction. */
static gboolean
is_written (FpStoreTxn *txn,
            Export     *export)
{
  g_autoptr(FpTransferIn) in = export->manifest->moved ? fp_transfer_in_new (export->folder, NULL) : NULL;
  const FpManifest *there = in ? fp_transfer_in_get_manifest (in) : NULL;
  g_autoptr(GArray) ids = NULL;

  if (!there || !there->moved || g_strcmp0 (there->store_id, export->manifest->store_id) != 0)
    return FALSE;
  ids = fp_transfer_rows_moving (txn, there->uid, 0, 1, NULL);
  if (!ids || ids->len == 0)
    return FALSE;
  g_free (export->manifest->uid);
  export->manifest->uid = g_strdup (there->uid);
  export->count->drafts = (guint) there->drafts;
  export->count->forms = (guint) there->forms;

  return TRUE;
}

static gpointer
begin (FpStoreTxn  *txn,
       gpointer     data,
       GError     **error)
{
  Export *export = data;

  export->written = is_written (txn, export);
  if (export->written)
    return _FP_ENGINE_DONE;
  for (guint i = 0; export->query.ids && i < export->query.ids->len; i++)
    if (!check_named (txn, g_array_index (export->query.ids, gint64, i), error))
      return NULL;
  export->out = fp_transfer_out_new (export->folder, export->manifest, error);

  return export->out ? _FP_ENGINE_DONE : NULL;
}

static void
begun_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autoptr(GTask) task = user_data;
  Export *export = g_task_get_task_data (task);
  GError *error = NULL;

  if (!_fp_engine_finish (self, result, &error))
    g_task_return_error (task, error);
  else if (export->written)
    leave (g_steal_pointer (&task));
  else
    _fp_engine_write (self, fp_engine_export_async, prepare, export, NULL, NULL, g_task_get_cancellable (task),
                      prepared_cb, g_object_ref (task));
}

/**
 * fp_engine_export_async:
 * @folder: made if it is missing; empty, or one in which the same export was broken off
 * @query: which items; copied
 * @drafts: the drafts, too
 * @move: what is exported is no longer sent from here
 *
 * Writes plain files, page by page on the store's reading thread. The order of a move: (1) a note in the folder that
 * names the export; (2) events that wait become items, and every item is held as moving by that name, in one
 * transaction; (3) their files; (4) the manifest, which makes the folder an export; (5) the items are held as moved,
 * and count no more, the drafts are put away here as if they were discarded, in one transaction. Broken off
 * before (4) the folder cannot be imported and the items wait here: the same call goes on. Broken off after (4) the
 * same call settles the items; the drafts are in both places.
 *
 * What is still being copied into the outbox, and what lost its file at that, is no whole request and is left out.
 *
 * Errors: FP_ENGINE_ERROR_REFUSED where the folder holds something else, or one of @query's ids is no whole request;
 * FP_ENGINE_ERROR_NOT_FOUND; those of the disk and of the store.
 */
void
fp_engine_export_async (FpEngine               *self,
                        const char             *folder,
                        const FpTransferQuery  *query,
                        gboolean                drafts,
                        gboolean                move,
                        GCancellable           *cancellable,
                        GAsyncReadyCallback     callback,
                        gpointer                user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Export *export = g_new0 (Export, 1);

  export->folder = g_canonicalize_filename (folder, NULL);
  export->query.states = query->states;
  export->query.tag = g_strdup (query->tag);
  export->query.ids = query->ids ? g_array_copy (query->ids) : NULL;
  export->with_drafts = drafts;
  export->manifest = g_new0 (FpManifest, 1);
  export->manifest->uid = fp_uuid_new ();
  export->manifest->store_id = g_strdup (fp_store_get_id (self->store));
  export->manifest->moved = move;
  export->forms = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  export->drafts = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_draft_row_free);
  export->count = g_new0 (FpTransferCount, 1);
  g_task_set_source_tag (task, fp_engine_export_async);
  g_task_set_task_data (task, export, export_free);
  _fp_engine_read (self, fp_engine_export_async, begin, export, NULL, NULL, cancellable, begun_cb, task);
}

FpTransferCount *
fp_engine_export_finish (FpEngine      *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  return _fp_engine_finish (self, result, error);
}
