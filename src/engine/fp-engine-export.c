#include "config.h"

#include "engine/fp-export-private.h"

#include <glib/gi18n.h>

#include "base/fp-random.h"
#include "sync/fp-batch.h"

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

static void
finish (GTask *task)
{
  Export *export = g_task_get_task_data (task);

  g_task_return_pointer (task, g_steal_pointer (&export->count), g_free);
}

static void
forgotten_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;

  _fp_engine_finish (FP_ENGINE (source), result, NULL);
  finish (task);
}

/* Nothing of the move is left to do, which is committed. */
static gpointer
forget (FpStoreTxn  *txn,
        gpointer     data,
        GError     **error)
{
  fp_transfer_out_settled (((Export *) data)->folder);

  return _FP_ENGINE_DONE;
}

static void
settled_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;

  _fp_engine_bulk_finish (self, result, &error);
  if (error)
    g_task_return_error (task, error);
  else
    _fp_engine_read (self, fp_engine_export_async, forget, g_task_get_task_data (task), NULL, NULL, NULL, forgotten_cb,
                     g_object_ref (task));
}

/* Takes @task. */
static void
leave (GTask *task)
{
  Export *export = g_task_get_task_data (task);

  export->after = 0;
  export->count->items = 0;
  _fp_engine_bulk (g_task_get_source_object (task), fp_engine_export_async, _fp_export_settle_some, export, NULL, NULL,
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
    _fp_engine_read (self, fp_engine_export_async, _fp_export_write_items, export, NULL, NULL,
                     g_task_get_cancellable (task), items_written_cb, g_object_ref (task));
  else
    _fp_engine_read (self, fp_engine_export_async, _fp_export_write_rest, export, NULL, NULL,
                     g_task_get_cancellable (task), rest_written_cb, g_object_ref (task));
}

/* Events go as items, which every store knows by their uid. */
static gpointer
prepare_some (FpStoreTxn  *txn,
              gpointer     data,
              GError     **error)
{
  Export *export = data;
  gboolean more = FALSE;

  if (!export->frozen)
    {
      if (export->with_events && !fp_batch_freeze_some (txn, export->query.tag, &more, error))
        return NULL;
      export->frozen = !more;
      export->bulk.more = more || export->manifest->moved;
      return export;
    }
  if (!_fp_export_hold_some (txn, export, &more, error))
    return NULL;
  export->bulk.more = more;

  return export;
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

  _fp_engine_bulk_finish (self, result, &error);
  if (error)
    {
      g_task_return_error (task, error);
      return;
    }
  export->after = 0;
  _fp_engine_read (self, fp_engine_export_async, _fp_export_write_items, export, NULL, NULL,
                   g_task_get_cancellable (task), items_written_cb, g_object_ref (task));
}

/* Why what a person named by its number is not exported; NULL: it is. @begun: (nullable): the move that goes on. */
static char *
dup_obstacle (const Export *export,
              const char   *begun,
              const FpItem *item)
{
  const guint unmoved = 1u << FP_ITEM_SENDING | 1u << FP_ITEM_SENT | 1u << FP_ITEM_DISCARDED;
  const char *hold = item->hold ? item->hold : "";

  if (g_str_equal (hold, "staging"))
    return g_strdup_printf (item->state == FP_ITEM_HELD ? _("item %" G_GINT64_FORMAT " is still being copied")
                                                        : _("item %" G_GINT64_FORMAT " has lost its file: queue it again"),
                            item->id);
  if (g_str_equal (hold, "moved"))
    return g_strdup_printf (_("item %" G_GINT64_FORMAT " was moved to another place already"), item->id);
  if (g_str_equal (hold, "moving") && !(begun && item->reason && g_str_has_prefix (item->reason, begun)))
    return g_strdup_printf (_("item %" G_GINT64_FORMAT " belongs to a move that was broken off; run that export again"),
                            item->id);
  if (export->manifest->moved && unmoved & 1u << item->state)
    return g_strdup_printf (_("item %" G_GINT64_FORMAT " is %s and cannot be moved"), item->id,
                            fp_item_state_to_string (item->state));
  if (!(export->query.states & 1u << item->state))
    return g_strdup_printf (_("item %" G_GINT64_FORMAT " is %s, which was not chosen"), item->id,
                            fp_item_state_to_string (item->state));

  return NULL;
}

/* What a person named is exported or refused by its number; what nobody named is left out. */
static gboolean
check_named (FpStoreTxn    *txn,
             const Export  *export,
             const char    *begun,
             gint64         id,
             GError       **error)
{
  GError *local = NULL;
  g_autoptr(FpItem) item = fp_item_rows_get (txn, id, FALSE, &local);
  g_autofree char *obstacle = item ? dup_obstacle (export, begun, item) : NULL;

  if (g_error_matches (local, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND))
    {
      g_clear_error (&local);
      g_set_error (&local, FP_ENGINE_ERROR, FP_ENGINE_ERROR_NOT_FOUND, _("item %" G_GINT64_FORMAT ": there is none"), id);
    }
  if (obstacle)
    g_set_error (&local, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED, "%s", obstacle);
  if (local)
    g_propagate_error (error, local);

  return local == NULL;
}

static gpointer
begin (FpStoreTxn  *txn,
       gpointer     data,
       GError     **error)
{
  Export *export = data;
  g_autofree char *begun = NULL;

  export->written = _fp_export_recall (txn, export);
  if (export->written)
    return _FP_ENGINE_DONE;
  begun = fp_transfer_dup_begun (export->folder, export->manifest);
  for (guint i = 0; export->query.ids && i < export->query.ids->len; i++)
    if (!check_named (txn, export, begun, g_array_index (export->query.ids, gint64, i), error))
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
    _fp_engine_bulk (self, fp_engine_export_async, prepare_some, export, NULL, g_task_get_cancellable (task),
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
 * names the export; (2) events that wait become items, and every item is held as moving by that name; (3) their files;
 * (4) the manifest, which makes the folder an export; (5) the drafts are put away here as if they were discarded, the
 * items are held as moved, and count no more; (6) the note goes. (2) and (5) take a transaction for every FP_STORE_SLICE
 * of them, so that nobody who writes waits for long. Broken off before (4) the folder cannot be imported and the items
 * wait here: the same call goes on. Broken off after (4) the same call does the rest of (5); a draft that is not as it
 * was exported stays.
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
  /* Who chose by number or state did not mean them. */
  export->with_events = !query->ids && query->states & 1u << FP_ITEM_PENDING;
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
