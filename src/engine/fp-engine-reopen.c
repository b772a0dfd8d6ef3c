#include "config.h"

#include "engine/fp-engine-edit.h"

#include <glib/gi18n.h>

#include "base/fp-random.h"
#include "engine/fp-engine-private.h"
#include "store/fp-blob.h"
#include "store/fp-edit-rows.h"
#include "sync/fp-item-machine.h"

typedef struct {
  gint64      id;
  char       *draft;    /* uid of the draft that there is already */
  FpItem     *item;     /* with its parts */
  GBytes     *body;     /* the frozen submission */
  FpDraftRow *row;      /* the draft to be */
} Reopen;

static void
reopen_free (gpointer data)
{
  Reopen *reopen = data;

  g_free (reopen->draft);
  g_clear_pointer (&reopen->item, fp_item_free);
  g_clear_pointer (&reopen->body, g_bytes_unref);
  g_clear_pointer (&reopen->row, fp_draft_row_free);
  g_free (reopen);
}

/* Reading. */

static gboolean
was_cleaned_up (FpStoreTxn *txn,
                gint64      id)
{
  g_autoptr(FpReceipt) receipt = fp_item_rows_get_receipt (txn, id, NULL);

  return receipt != NULL;
}

static gboolean
refuse (gint64       id,
        const char  *why,
        GError     **error)
{
  g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED, _("item %" G_GINT64_FORMAT " %s"), id, why);

  return FALSE;
}

/* At most 16 MiB (FP_XML_MAX_BYTES), on the reader's thread. */
static GBytes *
read_body (FpStoreTxn    *txn,
           const FpItem  *item,
           GError       **error)
{
  const FpItemPart *first = item->parts->len ? g_ptr_array_index (item->parts, 0) : NULL;
  g_autofree char *path = NULL;
  char *text = NULL;
  gsize length = 0;

  if (!first)
    {
      refuse (item->id, _("cannot be edited: what it held was cleaned up after it was sent"), error);
      return NULL;
    }
  if (first->data)
    return g_bytes_ref (first->data);

  path = fp_blob_dup_path (fp_store_txn_get_store (txn), first->sha256);
  if (!fp_blob_check (txn, first->sha256, error) || !g_file_get_contents (path, &text, &length, error))
    return NULL;

  return g_bytes_new_take (text, length);
}

static gpointer
read_submission (FpStoreTxn  *txn,
                 gpointer     data,
                 GError     **error)
{
  Reopen *reopen = data;
  GError *local = NULL;

  reopen->draft = fp_edit_rows_find_draft (txn, reopen->id, &local);
  if (!reopen->draft && !local)
    reopen->item = _fp_engine_get_editable (txn, reopen->id, &local);
  if (g_error_matches (local, FP_ENGINE_ERROR, FP_ENGINE_ERROR_NOT_FOUND) && was_cleaned_up (txn, reopen->id))
    {
      g_clear_error (&local);
      refuse (reopen->id, _("cannot be edited: what it held was cleaned up after it was sent"), &local);
    }
  else if (reopen->item && reopen->item->kind != FP_ITEM_SUBMISSION)
    refuse (reopen->id, _("is no submission of a form"), &local);
  else if (reopen->item && reopen->item->state == FP_ITEM_DISCARDED)
    refuse (reopen->id, _("is discarded; undo that first"), &local);
  else if (reopen->item)
    reopen->body = read_body (txn, reopen->item, &local);

  if (!local)
    return _FP_ENGINE_DONE;
  g_propagate_error (error, local);

  return NULL;
}

/* Opening. */

static FpFormModel *
open_model (FpFormDef   *def,
            GBytes      *body,
            const char  *uid,
            GError     **error)
{
  FpFormEnv env = { .uid = uid };
  FpFormModel *model;

  if (fp_form_def_get_serialization (def) == FP_SERIALIZE_JSON)
    return fp_form_model_load_json (def, body, &env, error);

  model = fp_form_model_load (def, body, &env, error);
  if (model)
    fp_form_model_renew (model, uid);

  return model;
}

static FpDraftRow *
make_draft (Reopen     *reopen,
            FpFormDef  *def,
            GError    **error)
{
  g_autoptr(FpDraftRow) row = fp_draft_row_new ();
  g_autoptr(FpFormModel) model = NULL;

  row->uid = fp_uuid_new ();
  model = open_model (def, reopen->body, row->uid, error);
  if (!model)
    return NULL;

  row->form = reopen->item->form;
  row->edits = reopen->id;
  row->title = fp_form_model_dup_summary (model);
  row->instance = fp_form_model_dup_instance (model);
  row->files = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_draft_file_free);
  for (guint i = 1; i < reopen->item->parts->len; i++)
    {
      const FpItemPart *part = g_ptr_array_index (reopen->item->parts, i);
      FpDraftFile *file;

      if (!part->sha256 || !part->filename)
        continue;
      file = g_new0 (FpDraftFile, 1);
      file->name = g_strdup (part->filename);
      file->media_type = g_strdup (part->media_type);
      file->sha256 = g_strdup (part->sha256);
      file->size = part->size;
      g_ptr_array_add (row->files, file);
    }

  return g_steal_pointer (&row);
}

/* Writing. */

static gboolean
discard_edited (FpStoreTxn  *txn,
                FpItem      *item,
                GError     **error)
{
  FpItemState before = item->state;

  if (!fp_item_machine_step (item, FP_EVENT_DISCARD))
    return refuse (item->id, _("was changed meanwhile; try again"), error);
  g_free (item->reason_code);
  g_free (item->reason);
  item->reason_code = g_strdup (FP_REASON_EDITED);
  item->reason = NULL;

  return fp_item_rows_update (txn, item, before, error);
}

static gpointer
write_draft (FpStoreTxn  *txn,
             gpointer     data,
             GError     **error)
{
  Reopen *reopen = data;
  GError *local = NULL;
  g_autofree char *draft = fp_edit_rows_find_draft (txn, reopen->id, &local);
  g_autoptr(FpItem) now = NULL;

  if (draft)
    return g_steal_pointer (&draft); /* another process was quicker */
  if (!local)
    now = _fp_engine_get_editable (txn, reopen->id, &local);
  if (now && now->state == FP_ITEM_DISCARDED)
    refuse (reopen->id, _("was discarded meanwhile"), &local);
  else if (now && (!_fp_engine_is_undelivered (now) || discard_edited (txn, now, &local)))
    fp_draft_rows_create (txn, reopen->row, &local);
  if (!local)
    return g_strdup (reopen->row->uid);

  g_propagate_error (error, local);
  return NULL;
}

static void
written_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  char *uid = _fp_engine_finish (FP_ENGINE (source), result, &error);

  if (uid)
    g_task_return_pointer (task, uid, g_free);
  else
    g_task_return_error (task, error);
}

static void
loaded_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autoptr(GTask) task = user_data;
  Reopen *reopen = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr(FpFormDef) def = fp_engine_load_form_finish (self, result, &error);

  reopen->row = def ? make_draft (reopen, def, &error) : NULL;
  if (reopen->row)
    _fp_engine_write (self, fp_engine_reopen_async, write_draft, reopen, NULL, g_free, g_task_get_cancellable (task),
                      written_cb, g_object_ref (task));
  else
    g_task_return_error (task, error);
}

static void
read_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autoptr(GTask) task = user_data;
  Reopen *reopen = g_task_get_task_data (task);
  GError *error = NULL;

  if (!_fp_engine_finish (self, result, &error))
    g_task_return_error (task, error);
  else if (reopen->draft)
    g_task_return_pointer (task, g_steal_pointer (&reopen->draft), g_free);
  else
    fp_engine_load_form_async (self, reopen->item->form, g_task_get_cancellable (task), loaded_cb,
                               g_object_ref (task));
}

/**
 * fp_engine_reopen_async:
 * @id: a submission
 *
 * Opens it as a draft with the form version that it was begun with, its files, and an identity of its own. What was
 * certainly not delivered is discarded in the same transaction (reason "edited"); anything else stays, and the draft
 * becomes a new version of it: see _fp_engine_get_predecessor().
 *
 * Errors: FP_ENGINE_ERROR_NOT_FOUND; FP_ENGINE_ERROR_REFUSED in words, also where the answers were cleaned up.
 */
void
fp_engine_reopen_async (FpEngine            *self,
                        gint64               id,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Reopen *reopen = g_new0 (Reopen, 1);

  reopen->id = id;
  g_task_set_source_tag (task, fp_engine_reopen_async);
  g_task_set_task_data (task, reopen, reopen_free);
  _fp_engine_read (self, fp_engine_reopen_async, read_submission, reopen, NULL, NULL, cancellable, read_cb, task);
}

/**
 * fp_engine_reopen_finish:
 *
 * Returns: (transfer full): uid of the draft
 */
char *
fp_engine_reopen_finish (FpEngine      *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  return _fp_engine_finish (self, result, error);
}

/* Submitting the new version. */

void
_fp_predecessor_free (FpPredecessor *self)
{
  g_free (self->instance_id);
  g_free (self);
}

gboolean
_fp_predecessor_equal (const FpPredecessor *a,
                       const FpPredecessor *b)
{
  return a->item == b->item && a->waits == b->waits && a->discards == b->discards
         && g_strcmp0 (a->instance_id, b->instance_id) == 0;
}

static gboolean
judge (FpStoreTxn     *txn,
       FpPredecessor  *self,
       GError        **error)
{
  GError *local = NULL;
  g_autoptr(FpItem) item = fp_item_rows_get (txn, self->item, FALSE, &local);
  g_autoptr(FpReceipt) receipt = NULL;

  if (g_error_matches (local, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND))
    {
      g_clear_error (&local);
      receipt = fp_item_rows_get_receipt (txn, self->item, NULL);
      self->instance_id = receipt ? g_strdup (receipt->instance_id) : NULL;
      return TRUE;
    }
  if (!item)
    {
      g_propagate_error (error, local);
      return FALSE;
    }
  if (item->state == FP_ITEM_DISCARDED && (item->maybe_delivered || item->posts_done > 0))
    return refuse (self->item, _("is discarded, but may have arrived; undo that first, so that it is settled"), error);
  if (item->state == FP_ITEM_DISCARDED)
    return TRUE;

  self->discards = _fp_engine_is_undelivered (item);
  self->waits = !self->discards && item->state != FP_ITEM_SENT;
  self->instance_id = self->discards ? NULL : g_strdup (item->instance_id);

  return TRUE;
}

FpPredecessor *
_fp_engine_get_predecessor (FpStoreTxn  *txn,
                            const char  *draft,
                            GError     **error)
{
  FpPredecessor *self = g_new0 (FpPredecessor, 1);
  g_autoptr(FpDraftRow) row = fp_draft_rows_get (txn, draft, NULL);

  /* A draft that is gone is told by the transaction that would delete it. */
  self->item = row ? row->edits : 0;
  if (self->item == 0 || judge (txn, self, error))
    return self;

  _fp_predecessor_free (self);
  return NULL;
}

gboolean
_fp_engine_follow_predecessor (FpStoreTxn           *txn,
                               const FpPredecessor  *predecessor,
                               FpItem               *item,
                               GError              **error)
{
  g_autoptr(FpItem) first = NULL;

  item->waits_for = predecessor->item;
  item->state = predecessor->waits ? FP_ITEM_HELD : FP_ITEM_PENDING;
  g_free (item->hold);
  item->hold = predecessor->waits ? g_strdup ("after") : NULL;
  if (!predecessor->discards)
    return TRUE;

  first = fp_item_rows_get (txn, predecessor->item, FALSE, error);

  return first && discard_edited (txn, first, error);
}

gboolean
_fp_engine_check_undo (FpStoreTxn  *txn,
                       FpItem      *item,
                       GError     **error)
{
  GError *local = NULL;
  g_autofree char *draft = NULL;
  gint64 follower;

  if (g_strcmp0 (item->reason_code, FP_REASON_EDITED) != 0)
    return TRUE;

  draft = fp_edit_rows_find_draft (txn, item->id, &local);
  follower = local ? -1 : fp_edit_rows_find_follower (txn, item->id, &local);
  if (local)
    {
      g_propagate_error (error, local);
      return FALSE;
    }
  if (draft)
    g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED,
                 _("item %" G_GINT64_FORMAT " is being edited as draft %s; discard that draft first"), item->id, draft);
  else if (follower > 0)
    g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED,
                 _("item %" G_GINT64_FORMAT " was replaced by item %" G_GINT64_FORMAT), item->id, follower);
  else
    g_clear_pointer (&item->reason_code, g_free);

  return !draft && follower == 0;
}
