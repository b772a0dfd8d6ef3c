#include "config.h"

#include "draft/fp-draft-private.h"

#include <glib/gi18n.h>

#include "base/fp-random.h"

#define AUTOSAVE_MS 500
#define RETRY_MS    2000

enum
{
  PROP_0,
  PROP_STATE,
  PROP_SAVED_AT,
  PROP_ERROR,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (FpDraft, fp_draft, G_TYPE_OBJECT)

/* A flush: done when so many changes are durable. */
typedef struct
{
  GTask *task; /* owned */
  guint64 changes;
} Waiter;

typedef struct
{
  gint64 id;
  gint64 revision;
  gint64 saved;
} Saved;

static void
set_state (FpDraft     *self,
           FpDraftState state)
{
  if (self->state == state)
    return;
  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
}

static void
set_error (FpDraft *self,
           GError  *error)
{
  if (!self->error && !error)
    return;
  g_clear_error (&self->error);
  self->error = error;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ERROR]);
}

/* The store's words are for a log; these are for the person at the form. */
static void
put_in_words (GError *error)
{
  const char *words = NULL;

  if (error->domain != FP_STORE_ERROR)
    return;
  if (error->code == FP_STORE_ERROR_NOT_FOUND)
    words = _("This draft was submitted or discarded elsewhere.");
  else if (error->code == FP_STORE_ERROR_CHANGED)
    words = _("This draft was changed in another window.");
  else if (error->code == FP_STORE_ERROR_FULL)
    words = _("The disk is full.");
  else if (error->code == FP_STORE_ERROR_READ_ONLY)
    words = _("The data folder cannot be written.");
  else if (error->code == FP_STORE_ERROR_BUSY)
    words = _("Another program keeps the data locked.");
  else if (error->code == FP_STORE_ERROR_CORRUPT)
    words = _("The data file is damaged.");
  if (!words)
    return;

  g_free (error->message);
  error->message = g_strdup (words);
}

static void
waiter_free (Waiter *waiter)
{
  g_object_unref (waiter->task);
  g_free (waiter);
}

/* @error: (nullable): given to all; otherwise those whose changes are durable are done. */
static void
settle_waiters (FpDraft *self,
                GError  *error)
{
  /* In order of their counts. A callback may flush again, so each is taken out first. */
  while (!g_queue_is_empty (&self->waiters))
    {
      Waiter *waiter = g_queue_peek_head (&self->waiters);

      if (!error && waiter->changes > self->changes_saved)
        break;
      g_queue_pop_head (&self->waiters);
      if (error)
        g_task_return_error (waiter->task, g_error_copy (error));
      else
        g_task_return_boolean (waiter->task, TRUE);
      waiter_free (waiter);
    }
}

static FpDraftRow *
snapshot (FpDraft *self)
{
  FpDraftRow *row = fp_draft_row_new ();

  row->id = self->row;
  row->uid = g_strdup (self->uid);
  row->form = self->form;
  row->title = fp_form_model_dup_summary (self->model);
  row->instance = fp_form_model_dup_instance (self->model);
  row->revision = self->revision + 1;
  row->position = g_strdup (self->position);
  row->files = _fp_draft_dup_files (self);

  return row;
}

/* Only a draft that was never stored inserts: a late save of one that was submitted finds no row. */
static gpointer
save_row (FpStoreTxn *txn,
          gpointer    data,
          GError    **error)
{
  FpDraftRow *row = data;
  Saved *saved;

  if (row->id ? !fp_draft_rows_save (txn, row, error) : !fp_draft_rows_create (txn, row, error))
    return NULL;

  saved = g_new (Saved, 1);
  *saved = (Saved) { row->id, row->revision, fp_store_txn_get_now (txn) };
  return saved;
}

static void
arm (FpDraft *self,
     gint64   ms)
{
  fp_timer_arm (self->timer, fp_clock_get_boot_ms (fp_store_get_clock (self->store)) + ms);
}

static void
save_failed (FpDraft *self,
             GError  *error)
{
  gboolean gone = g_error_matches (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND)
                  || g_error_matches (error, FP_STORE_ERROR, FP_STORE_ERROR_CHANGED);

  self->position_dirty = TRUE;
  self->save_again = FALSE;
  put_in_words (error);
  set_error (self, error);
  set_state (self, gone ? FP_DRAFT_GONE : FP_DRAFT_FAILED);
  if (gone)
    fp_timer_disarm (self->timer);
  else
    arm (self, RETRY_MS);
  settle_waiters (self, error);
}

static void
save_succeeded (FpDraft *self,
                Saved   *saved)
{
  self->row = saved->id;
  self->revision = saved->revision;
  self->changes_saved = self->changes_saving;
  self->saved_at = saved->saved;
  set_error (self, NULL);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SAVED_AT]);
  set_state (self, self->changes == self->changes_saved ? FP_DRAFT_SAVED : FP_DRAFT_DIRTY);
  settle_waiters (self, NULL);
  if (self->save_again)
    _fp_draft_save_now (self);
}

static void
saved_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(FpDraft) self = user_data;
  GError *error = NULL;
  g_autofree Saved *saved = fp_store_write_finish (FP_STORE (source), result, &error);

  self->saving = FALSE;
  if (saved)
    save_succeeded (self, saved);
  else if (!self->ended)
    save_failed (self, error);
  else
    {
      /* The row became an item meanwhile: what it had is safe there. */
      g_clear_error (&error);
      self->changes_saved = self->changes_saving;
      settle_waiters (self, NULL);
    }
}

void
_fp_draft_save_now (FpDraft *self)
{
  if (self->ended || self->state == FP_DRAFT_GONE)
    return;
  if (self->saving)
    {
      self->save_again = self->changes > self->changes_saving;
      return;
    }

  self->save_again = FALSE;
  if (self->changes == self->changes_saved)
    return;
  fp_timer_disarm (self->timer);
  self->saving = TRUE;
  self->changes_saving = self->changes;
  self->position_dirty = FALSE;
  /* What failed stays failed until it is known to be good. */
  if (self->state != FP_DRAFT_FAILED)
    set_state (self, FP_DRAFT_SAVING);
  fp_store_write_async (self->store, save_row, snapshot (self), (GDestroyNotify) fp_draft_row_free, g_free,
                        NULL, saved_cb, g_object_ref (self));
}

static gboolean
timer_cb (gpointer data)
{
  _fp_draft_save_now (data);
  return G_SOURCE_REMOVE;
}

static void
model_changed_cb (FpFormModel *model,
                  FpDraft     *self)
{
  if (self->ended)
    return;

  self->changes++;
  if (self->state == FP_DRAFT_GONE)
    return;
  if (self->state == FP_DRAFT_FAILED)
    {
      _fp_draft_save_now (self);
      return;
    }
  /* Only the first change arms it: however fast one types, at most 500 ms can be lost. */
  if (!fp_timer_is_armed (self->timer))
    arm (self, AUTOSAVE_MS);
  if (!self->saving)
    set_state (self, FP_DRAFT_DIRTY);
}

static void
fp_draft_get_property (GObject    *object,
                       guint       id,
                       GValue     *value,
                       GParamSpec *pspec)
{
  FpDraft *self = FP_DRAFT (object);

  switch (id)
    {
    case PROP_STATE:
      g_value_set_uint (value, self->state);
      break;
    case PROP_SAVED_AT:
      g_value_set_int64 (value, self->saved_at);
      break;
    case PROP_ERROR:
      g_value_set_string (value, fp_draft_get_error (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

/* Whoever drops a draft that is not saved yet loses nothing: the last save needs the store only. */
static void
fp_draft_dispose (GObject *object)
{
  FpDraft *self = FP_DRAFT (object);

  g_clear_pointer (&self->timer, fp_timer_free);
  if (self->model)
    {
      g_signal_handlers_disconnect_by_data (self->model, self);
      if (!self->ended && self->state != FP_DRAFT_GONE && self->changes > self->changes_saved)
        fp_store_write_async (self->store, save_row, snapshot (self), (GDestroyNotify) fp_draft_row_free,
                              g_free, NULL, NULL, NULL);
    }
  self->ended = TRUE;
  g_clear_object (&self->model);

  G_OBJECT_CLASS (fp_draft_parent_class)->dispose (object);
}

static void
fp_draft_finalize (GObject *object)
{
  FpDraft *self = FP_DRAFT (object);

  /* A waiter's task holds the draft. */
  g_assert (g_queue_is_empty (&self->waiters));
  g_clear_object (&self->store);
  g_free (self->uid);
  g_free (self->position);
  g_ptr_array_unref (self->listed);
  g_ptr_array_unref (self->files);
  g_clear_error (&self->error);

  G_OBJECT_CLASS (fp_draft_parent_class)->finalize (object);
}

static void
fp_draft_class_init (FpDraftClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = fp_draft_get_property;
  object_class->dispose = fp_draft_dispose;
  object_class->finalize = fp_draft_finalize;

  properties[PROP_STATE] = g_param_spec_uint ("state", NULL, NULL, FP_DRAFT_EMPTY, FP_DRAFT_GONE,
                                              FP_DRAFT_EMPTY, flags);
  properties[PROP_SAVED_AT] = g_param_spec_int64 ("saved-at", NULL, NULL, 0, G_MAXINT64, 0, flags);
  properties[PROP_ERROR] = g_param_spec_string ("error", NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
fp_draft_init (FpDraft *self)
{
  self->files = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_draft_file_free);
  self->listed = g_ptr_array_new ();
  g_queue_init (&self->waiters);
}

static FpDraft *
draft_new (FpStore     *store,
           gint64       form,
           const char  *uid,
           FpFormModel *model)
{
  FpDraft *self = g_object_new (FP_TYPE_DRAFT, NULL);

  self->store = g_object_ref (store);
  self->form = form;
  self->uid = g_strdup (uid);
  self->model = model;
  self->timer = fp_timer_new (fp_store_get_clock (store), timer_cb, self);
  g_signal_connect (model, "changed", G_CALLBACK (model_changed_cb), self);

  return self;
}

/**
 * fp_draft_new:
 * @form: row of table form
 * @def: (transfer none): its definition
 *
 * Begins a filling. Nothing is stored before the first change.
 *
 * Returns: (transfer full): a draft in state EMPTY; NULL with the form's error
 */
FpDraft *
fp_draft_new (FpStore   *store,
              gint64     form,
              FpFormDef *def,
              GError   **error)
{
  g_autofree char *uid = fp_uuid_new ();
  FpFormEnv env = { .uid = uid };
  FpFormModel *model;

  g_return_val_if_fail (FP_IS_STORE (store) && def, NULL);

  model = fp_form_model_new (def, &env, error);
  return model ? draft_new (store, form, uid, model) : NULL;
}

static FpDraftFile *
file_copy (const FpDraftFile *file)
{
  FpDraftFile *copy = g_new0 (FpDraftFile, 1);

  copy->name = g_strdup (file->name);
  copy->media_type = g_strdup (file->media_type);
  copy->sha256 = g_strdup (file->sha256);
  copy->size = file->size;

  return copy;
}

/**
 * fp_draft_new_from_row:
 * @row: (transfer none): with instance and files
 * @def: (transfer none): of the form version in @row
 *
 * Goes on with a stored draft.
 *
 * Returns: (transfer full): a draft in state SAVED; NULL with the form's error
 */
FpDraft *
fp_draft_new_from_row (FpStore          *store,
                       const FpDraftRow *row,
                       FpFormDef        *def,
                       GError          **error)
{
  FpFormEnv env = { .uid = row->uid };
  FpFormModel *model;
  FpDraft *self;
  guint i;

  g_return_val_if_fail (FP_IS_STORE (store) && row->instance && def, NULL);

  model = fp_form_model_load (def, row->instance, &env, error);
  if (!model)
    return NULL;

  self = draft_new (store, row->form, row->uid, model);
  self->row = row->id;
  self->revision = row->revision;
  self->saved_at = row->saved;
  self->position = g_strdup (row->position);
  self->state = FP_DRAFT_SAVED;
  for (i = 0; row->files && i < row->files->len; i++)
    g_ptr_array_add (self->files, file_copy (g_ptr_array_index (row->files, i)));

  return self;
}

FpFormModel *
fp_draft_get_model (FpDraft *self)
{
  g_return_val_if_fail (FP_IS_DRAFT (self), NULL);

  return self->model;
}

const char *
fp_draft_get_uid (FpDraft *self)
{
  g_return_val_if_fail (FP_IS_DRAFT (self), NULL);

  return self->uid;
}

gint64
fp_draft_get_form (FpDraft *self)
{
  g_return_val_if_fail (FP_IS_DRAFT (self), 0);

  return self->form;
}

gint64
fp_draft_get_revision (FpDraft *self)
{
  g_return_val_if_fail (FP_IS_DRAFT (self), 0);

  return self->revision;
}

const char *
fp_draft_get_position (FpDraft *self)
{
  g_return_val_if_fail (FP_IS_DRAFT (self), NULL);

  return self->position;
}

/**
 * fp_draft_set_position:
 * @path: (nullable): the question where the person is
 *
 * Kept with the next save or flush; moving about is no change by itself.
 */
void
fp_draft_set_position (FpDraft    *self,
                       const char *path)
{
  g_return_if_fail (FP_IS_DRAFT (self));

  if (g_strcmp0 (self->position, path) == 0)
    return;
  g_free (self->position);
  self->position = g_strdup (path);
  self->position_dirty = TRUE;
}

FpDraftState
fp_draft_get_state (FpDraft *self)
{
  g_return_val_if_fail (FP_IS_DRAFT (self), FP_DRAFT_EMPTY);

  return self->state;
}

gint64
fp_draft_get_saved_at (FpDraft *self)
{
  g_return_val_if_fail (FP_IS_DRAFT (self), 0);

  return self->saved_at;
}

const char *
fp_draft_get_error (FpDraft *self)
{
  g_return_val_if_fail (FP_IS_DRAFT (self), NULL);

  return self->error ? self->error->message : NULL;
}

/**
 * fp_draft_flush_async:
 * @cancellable: (nullable): ignored: what was typed is saved
 * @callback: (scope async): runs in the caller's thread-default main context
 *
 * Fails with the store's error where a save failed; the draft then goes on trying.
 */
void
fp_draft_flush_async (FpDraft            *self,
                      GCancellable       *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer            user_data)
{
  g_autoptr(GTask) task = NULL;
  Waiter *waiter;

  g_return_if_fail (FP_IS_DRAFT (self));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, fp_draft_flush_async);
  if (self->position_dirty && self->row && !self->ended)
    {
      self->changes++;
      self->position_dirty = FALSE;
    }
  if (self->state == FP_DRAFT_GONE && !self->ended)
    {
      g_task_return_error (task, g_error_copy (self->error));
      return;
    }
  if (self->changes == self->changes_saved || (self->ended && !self->saving))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }

  waiter = g_new (Waiter, 1);
  waiter->task = g_object_ref (task);
  waiter->changes = self->ended ? self->changes_saving : self->changes;
  g_queue_push_tail (&self->waiters, waiter);
  _fp_draft_save_now (self);
}

gboolean
fp_draft_flush_finish (FpDraft      *self,
                       GAsyncResult *result,
                       GError      **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * fp_draft_end:
 *
 * To be called when the draft became an item, or was discarded. A save that is running finds no row; that
 * is no failure any more.
 */
void
fp_draft_end (FpDraft *self)
{
  g_return_if_fail (FP_IS_DRAFT (self));

  self->ended = TRUE;
  self->save_again = FALSE;
  fp_timer_disarm (self->timer);
}
