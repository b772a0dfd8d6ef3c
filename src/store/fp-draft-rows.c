#include "store/fp-draft-rows.h"

#include "store/fp-store-private.h"

#define DRAFT_COLUMNS                                                                               \
  "draft.id, draft.uid, draft.form, form.title, draft.title, draft.revision, draft.position, "      \
  "draft.created, draft.saved, draft.edits"

FpDraftRow *
fp_draft_row_new (void)
{
  return g_new0 (FpDraftRow, 1);
}

void
fp_draft_row_free (FpDraftRow *row)
{
  g_return_if_fail (row);

  g_free (row->uid);
  g_free (row->form_title);
  g_free (row->title);
  g_clear_pointer (&row->instance, g_bytes_unref);
  g_free (row->position);
  g_clear_pointer (&row->files, g_ptr_array_unref);
  g_free (row);
}

void
fp_draft_file_free (FpDraftFile *file)
{
  g_return_if_fail (file);

  g_free (file->name);
  g_free (file->media_type);
  g_free (file->sha256);
  g_free (file);
}

static FpDraftRow *
draft_from_row (FpStmt *stmt)
{
  FpDraftRow *row = fp_draft_row_new ();

  row->id = fp_stmt_get_int (stmt, 0);
  row->uid = fp_stmt_dup_text (stmt, 1);
  row->form = fp_stmt_get_int (stmt, 2);
  row->form_title = fp_stmt_dup_text (stmt, 3);
  row->title = fp_stmt_dup_text (stmt, 4);
  row->revision = fp_stmt_get_int (stmt, 5);
  row->position = fp_stmt_dup_text (stmt, 6);
  row->created = fp_stmt_get_int (stmt, 7);
  row->saved = fp_stmt_get_int (stmt, 8);
  row->edits = fp_stmt_get_int (stmt, 9);

  return row;
}

static GPtrArray *
read_files (FpStoreTxn *txn,
            gint64      draft,
            GError    **error)
{
  g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_draft_file_free);
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  stmt = fp_stmt_new (txn->db,
                      "SELECT name, media_type, sha256, blob.size FROM draft_file JOIN blob USING (sha256)"
                      " WHERE draft = ? ORDER BY name",
                      error);
  if (!stmt)
    return NULL;
  fp_stmt_bind_int (stmt, 1, draft);
  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    {
      FpDraftFile *file = g_new0 (FpDraftFile, 1);

      file->name = fp_stmt_dup_text (stmt, 0);
      file->media_type = fp_stmt_dup_text (stmt, 1);
      file->sha256 = fp_stmt_dup_text (stmt, 2);
      file->size = fp_stmt_get_int (stmt, 3);
      g_ptr_array_add (files, file);
    }

  return step == FP_STEP_DONE ? g_steal_pointer (&files) : NULL;
}

static gboolean
has_file (GPtrArray         *files,
          const FpDraftFile *wanted,
          gboolean           by_name_only)
{
  guint i;

  for (i = 0; files && i < files->len; i++)
    {
      const FpDraftFile *file = g_ptr_array_index (files, i);

      if (g_strcmp0 (file->name, wanted->name) == 0
          && (by_name_only
              || (g_strcmp0 (file->sha256, wanted->sha256) == 0
                  && g_strcmp0 (file->media_type, wanted->media_type) == 0)))
        return TRUE;
    }

  return FALSE;
}

static gboolean
put_file (FpStoreTxn        *txn,
          gint64             draft,
          const FpDraftFile *file,
          GError           **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  GError *missing = NULL;
  gint64 size;

  if (!_fp_blob_check_size (txn, file->sha256, &size, &missing))
    {
      /* NOT_FOUND would say that the draft is gone, and the caller would stop saving. */
      if (g_error_matches (missing, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND))
        missing->code = FP_STORE_ERROR_FAILED;
      g_propagate_prefixed_error (error, missing, "%s: ", file->name);
      return FALSE;
    }
  stmt = fp_stmt_new (txn->db,
                      "INSERT INTO draft_file (draft, name, media_type, sha256) VALUES (?1, ?2, ?3, ?4)"
                      " ON CONFLICT (draft, name) DO UPDATE SET media_type = ?3, sha256 = ?4",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_int (stmt, 1, draft);
  fp_stmt_bind_text (stmt, 2, file->name);
  fp_stmt_bind_text (stmt, 3, file->media_type);
  fp_stmt_bind_text (stmt, 4, file->sha256);

  return fp_stmt_run (stmt, NULL, error);
}

static gboolean
drop_file (FpStoreTxn        *txn,
           gint64             draft,
           const FpDraftFile *file,
           GError           **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  stmt = fp_stmt_new (txn->db, "DELETE FROM draft_file WHERE draft = ? AND name = ?", error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_int (stmt, 1, draft);
  fp_stmt_bind_text (stmt, 2, file->name);

  return fp_stmt_run (stmt, NULL, error);
}

/* Only what differs: a save happens twice a second, and most change no file. */
static gboolean
save_files (FpStoreTxn       *txn,
            const FpDraftRow *row,
            GError          **error)
{
  g_autoptr(GPtrArray) before = read_files (txn, row->id, error);
  guint i;

  if (!before)
    return FALSE;
  for (i = 0; i < before->len; i++)
    if (!has_file (row->files, g_ptr_array_index (before, i), TRUE)
        && !drop_file (txn, row->id, g_ptr_array_index (before, i), error))
      return FALSE;
  for (i = 0; row->files && i < row->files->len; i++)
    if (!has_file (before, g_ptr_array_index (row->files, i), FALSE)
        && !put_file (txn, row->id, g_ptr_array_index (row->files, i), error))
      return FALSE;

  return TRUE;
}

/* What was submitted once must not come back as a draft that would be submitted again. */
static gboolean
refuse_submitted (FpStoreTxn *txn,
                  const char *uid,
                  GError    **error)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (txn->db, "SELECT 1 FROM item WHERE uid = ?", error);
  FpStep step;

  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, uid);
  step = fp_stmt_step (stmt, error);
  if (step == FP_STEP_ROW)
    g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND, "The draft was submitted");

  return step == FP_STEP_DONE;
}

/**
 * fp_draft_rows_create:
 * @row: uid, form, instance, and title, position, edits and files if there are; id, revision, created and saved
 *   are set
 *
 * CHANGED: a draft with this uid exists; NOT_FOUND: it was submitted; FAILED: a blob is not there.
 */
gboolean
fp_draft_rows_create (FpStoreTxn *txn,
                      FpDraftRow *row,
                      GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  g_return_val_if_fail (txn && row && row->uid && row->instance, FALSE);

  if (!refuse_submitted (txn, row->uid, error))
    return FALSE;
  stmt = fp_stmt_new (txn->db,
                      "INSERT INTO draft (uid, form, title, revision, position, created, saved, discarded,"
                      " instance, edits) VALUES (?1, ?2, ?3, 1, ?4, ?5, ?5, 0, ?6, ?7)",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, row->uid);
  fp_stmt_bind_int (stmt, 2, row->form);
  fp_stmt_bind_text (stmt, 3, row->title ? row->title : "");
  fp_stmt_bind_text (stmt, 4, row->position);
  fp_stmt_bind_int (stmt, 5, txn->now);
  fp_stmt_bind_bytes (stmt, 6, row->instance);
  fp_stmt_bind_row (stmt, 7, row->edits);
  if (!fp_stmt_run (stmt, NULL, error))
    return FALSE;

  row->id = sqlite3_last_insert_rowid (txn->db->handle);
  row->revision = 1;
  row->created = row->saved = txn->now;
  if (!save_files (txn, row, error))
    return FALSE;

  fp_store_txn_touch (txn, FP_STORE_DRAFTS, 0);
  return TRUE;
}

/* Says why a statement found no row. */
static void
explain (FpStoreTxn *txn,
         gint64      id,
         const char *uid,
         GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  stmt = fp_stmt_new (txn->db, "SELECT revision, discarded FROM draft WHERE id = ?1 OR uid = ?2", error);
  if (!stmt)
    return;
  fp_stmt_bind_int (stmt, 1, id);
  fp_stmt_bind_text (stmt, 2, uid);
  step = fp_stmt_step (stmt, error);
  if (step == FP_STEP_DONE)
    g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND, "The draft was submitted or deleted");
  else if (step == FP_STEP_ROW && fp_stmt_get_int (stmt, 1) != 0)
    g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND, "The draft was discarded");
  else if (step == FP_STEP_ROW)
    g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_CHANGED,
                 "The draft was saved elsewhere; its revision is %" G_GINT64_FORMAT,
                 fp_stmt_get_int (stmt, 0));
}

/**
 * fp_draft_rows_save:
 * @row: id, revision (one more than the stored one), instance, title, position, files
 *
 * Never inserts. NOT_FOUND: the draft was submitted or discarded; CHANGED: the stored revision is another;
 * FAILED: a blob is not there. The stored draft is then as it was.
 */
gboolean
fp_draft_rows_save (FpStoreTxn       *txn,
                    const FpDraftRow *row,
                    GError          **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  gint64 changes = 0;

  g_return_val_if_fail (txn && row && row->id && row->instance, FALSE);

  stmt = fp_stmt_new (txn->db,
                      "UPDATE draft SET title = ?3, revision = ?2, position = ?4, saved = ?5, instance = ?6"
                      " WHERE id = ?1 AND revision = ?2 - 1 AND discarded = 0",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_int (stmt, 1, row->id);
  fp_stmt_bind_int (stmt, 2, row->revision);
  fp_stmt_bind_text (stmt, 3, row->title ? row->title : "");
  fp_stmt_bind_text (stmt, 4, row->position);
  fp_stmt_bind_int (stmt, 5, txn->now);
  fp_stmt_bind_bytes (stmt, 6, row->instance);
  if (!fp_stmt_run (stmt, &changes, error))
    return FALSE;
  if (changes == 0)
    {
      explain (txn, row->id, NULL, error);
      return FALSE;
    }
  if (!save_files (txn, row, error))
    return FALSE;

  fp_store_txn_touch (txn, FP_STORE_DRAFTS, 0);
  return TRUE;
}

/**
 * fp_draft_rows_get:
 *
 * Returns: (transfer full): the draft with instance and files; NULL with NOT_FOUND, also where it is discarded
 */
FpDraftRow *
fp_draft_rows_get (FpStoreTxn *txn,
                   const char *uid,
                   GError    **error)
{
  g_autoptr(FpDraftRow) row = NULL;
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  g_return_val_if_fail (txn && uid, NULL);

  stmt = fp_stmt_new (txn->db,
                      "SELECT " DRAFT_COLUMNS ", draft.instance FROM draft JOIN form ON form.id = draft.form"
                      " WHERE uid = ? AND discarded = 0",
                      error);
  if (!stmt)
    return NULL;
  fp_stmt_bind_text (stmt, 1, uid);
  step = fp_stmt_step (stmt, error);
  if (step == FP_STEP_DONE)
    g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND, "No such draft");
  if (step != FP_STEP_ROW)
    return NULL;

  row = draft_from_row (stmt);
  row->instance = fp_stmt_dup_bytes (stmt, 10);
  row->files = read_files (txn, row->id, error);

  return row->files ? g_steal_pointer (&row) : NULL;
}

/**
 * fp_draft_rows_list:
 *
 * Returns: (transfer full) (element-type FpDraftRow): without instance and files, last saved first
 */
GPtrArray *
fp_draft_rows_list (FpStoreTxn *txn,
                    GError    **error)
{
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_draft_row_free);
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  g_return_val_if_fail (txn, NULL);

  stmt = fp_stmt_new (txn->db,
                      "SELECT " DRAFT_COLUMNS " FROM draft JOIN form ON form.id = draft.form"
                      " WHERE discarded = 0 ORDER BY saved DESC, draft.id DESC",
                      error);
  if (!stmt)
    return NULL;
  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    g_ptr_array_add (rows, draft_from_row (stmt));

  return step == FP_STEP_DONE ? g_steal_pointer (&rows) : NULL;
}

static gboolean
set_discarded (FpStoreTxn *txn,
               const char *uid,
               gint64      when,
               const char *sql,
               GError    **error)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (txn->db, sql, error);
  gint64 changes = 0;

  if (!stmt)
    return FALSE;
  fp_stmt_bind_int (stmt, 1, when);
  fp_stmt_bind_text (stmt, 2, uid);
  if (!fp_stmt_run (stmt, &changes, error))
    return FALSE;
  if (changes == 0)
    {
      g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND, "No such draft");
      return FALSE;
    }

  fp_store_txn_touch (txn, FP_STORE_DRAFTS, 0);
  return TRUE;
}

/**
 * fp_draft_rows_discard:
 *
 * Hides the draft. NOT_FOUND: there is none, or it is discarded already.
 */
gboolean
fp_draft_rows_discard (FpStoreTxn *txn,
                       const char *uid,
                       GError    **error)
{
  g_return_val_if_fail (txn && uid, FALSE);

  return set_discarded (txn, uid, txn->now,
                        "UPDATE draft SET discarded = ? WHERE uid = ? AND discarded = 0", error);
}

/**
 * fp_draft_rows_undo:
 *
 * Brings a discarded draft back. NOT_FOUND: there is none that is discarded.
 */
gboolean
fp_draft_rows_undo (FpStoreTxn *txn,
                    const char *uid,
                    GError    **error)
{
  g_return_val_if_fail (txn && uid, FALSE);

  return set_discarded (txn, uid, 0,
                        "UPDATE draft SET discarded = ? WHERE uid = ? AND discarded <> 0", error);
}

/**
 * fp_draft_rows_delete:
 * @revision: the one whose bytes became the item
 *
 * To be called in the transaction that inserts the item. CHANGED: the draft has another revision;
 * NOT_FOUND: it is gone or discarded.
 */
gboolean
fp_draft_rows_delete (FpStoreTxn *txn,
                      const char *uid,
                      gint64      revision,
                      GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  gint64 changes = 0;

  g_return_val_if_fail (txn && uid, FALSE);

  stmt = fp_stmt_new (txn->db, "DELETE FROM draft WHERE uid = ? AND revision = ? AND discarded = 0", error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, uid);
  fp_stmt_bind_int (stmt, 2, revision);
  if (!fp_stmt_run (stmt, &changes, error))
    return FALSE;
  if (changes == 0)
    {
      explain (txn, 0, uid, error);
      return FALSE;
    }

  fp_store_txn_touch (txn, FP_STORE_DRAFTS, 0);
  return TRUE;
}
