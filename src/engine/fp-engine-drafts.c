#include "engine/fp-engine-private.h"

typedef struct {
  gint64      form; /* row of a new draft's form */
  char       *uid;
  FpDraftRow *row;  /* of a stored one */
} OpenDraft;

static void
open_draft_free (gpointer data)
{
  OpenDraft *open = data;

  g_free (open->uid);
  g_clear_pointer (&open->row, fp_draft_row_free);
  g_free (open);
}

static void
def_loaded_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autoptr(GTask) task = user_data;
  OpenDraft *open = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr(FpFormDef) def = fp_engine_load_form_finish (self, result, &error);
  FpDraft *draft = NULL;

  if (def && open->row)
    draft = fp_draft_new_from_row (self->store, open->row, def, &error);
  else if (def)
    draft = fp_draft_new (self->store, open->form, def, &error);

  if (!draft)
    {
      g_task_return_error (task, error);
      return;
    }
  _fp_engine_track_draft (self, draft);
  g_task_return_pointer (task, draft, g_object_unref);
}

/**
 * fp_engine_begin_async:
 * @form: row of table form
 *
 * Begins to fill a form. Nothing is stored before something is typed.
 */
void
fp_engine_begin_async (FpEngine            *self,
                       gint64               form,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  OpenDraft *open = g_new0 (OpenDraft, 1);

  open->form = form;
  g_task_set_source_tag (task, fp_engine_begin_async);
  g_task_set_task_data (task, open, open_draft_free);
  fp_engine_load_form_async (self, form, cancellable, def_loaded_cb, task);
}

FpDraft *
fp_engine_begin_finish (FpEngine      *self,
                        GAsyncResult  *result,
                        GError       **error)
{
  return _fp_engine_finish (self, result, error);
}

static gpointer
get_draft (FpStoreTxn  *txn,
           gpointer     data,
           GError     **error)
{
  return fp_draft_rows_get (txn, data, error);
}

static void
draft_read_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autoptr(GTask) task = user_data;
  OpenDraft *open = g_task_get_task_data (task);
  GError *error = NULL;

  open->row = _fp_engine_finish (self, result, &error);
  if (open->row)
    fp_engine_load_form_async (self, open->row->form, g_task_get_cancellable (task), def_loaded_cb,
                               g_object_ref (task));
  else
    g_task_return_error (task, error);
}

/**
 * fp_engine_open_draft_async:
 * @uid: of the draft
 *
 * Opens a stored draft with the form version that it was begun with.
 */
void
fp_engine_open_draft_async (FpEngine            *self,
                            const char          *uid,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  OpenDraft *open = g_new0 (OpenDraft, 1);

  open->uid = g_strdup (uid);
  g_task_set_source_tag (task, fp_engine_open_draft_async);
  g_task_set_task_data (task, open, open_draft_free);
  _fp_engine_read (self, fp_engine_open_draft_async, get_draft, open->uid, NULL,
                   (GDestroyNotify) fp_draft_row_free, cancellable, draft_read_cb, task);
}

FpDraft *
fp_engine_open_draft_finish (FpEngine      *self,
                             GAsyncResult  *result,
                             GError       **error)
{
  return _fp_engine_finish (self, result, error);
}

static gpointer
list_drafts (FpStoreTxn  *txn,
             gpointer     data,
             GError     **error)
{
  return fp_draft_rows_list (txn, error);
}

void
fp_engine_list_drafts_async (FpEngine            *self,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  _fp_engine_read (self, fp_engine_list_drafts_async, list_drafts, NULL, NULL, (GDestroyNotify) g_ptr_array_unref,
                   cancellable, callback, user_data);
}

/**
 * fp_engine_list_drafts_finish:
 *
 * Returns: (transfer full) (element-type FpDraftRow): without instance and files, newest first
 */
GPtrArray *
fp_engine_list_drafts_finish (FpEngine      *self,
                              GAsyncResult  *result,
                              GError       **error)
{
  return _fp_engine_finish (self, result, error);
}

static gpointer
discard_draft (FpStoreTxn  *txn,
               gpointer     data,
               GError     **error)
{
  return fp_draft_rows_discard (txn, data, error) ? _FP_ENGINE_DONE : NULL;
}

static gpointer
undo_discard (FpStoreTxn  *txn,
              gpointer     data,
              GError     **error)
{
  return fp_draft_rows_undo (txn, data, error) ? _FP_ENGINE_DONE : NULL;
}

/**
 * fp_engine_discard_draft_async:
 * @undo: %FALSE hides the draft, %TRUE brings it back
 */
void
fp_engine_discard_draft_async (FpEngine            *self,
                               const char          *uid,
                               gboolean             undo,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  _fp_engine_write (self, fp_engine_discard_draft_async, undo ? undo_discard : discard_draft, g_strdup (uid), g_free,
                    NULL, cancellable, callback, user_data);
}

gboolean
fp_engine_discard_draft_finish (FpEngine      *self,
                                GAsyncResult  *result,
                                GError       **error)
{
  return _fp_engine_finish (self, result, error) != NULL;
}
