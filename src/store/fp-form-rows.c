#include "store/fp-form-rows.h"

#include "store/fp-form-rows-private.h"
#include "store/fp-store-private.h"

#define FORM_COLUMNS                                                                                \
  "form.id, form.form_id, form.version, form.title, form.md5, form.server, form.submit_url, "       \
  "form.added, form.hidden"

FpFormRow *
fp_form_row_new (void)
{
  return g_new0 (FpFormRow, 1);
}

void
fp_form_row_free (FpFormRow *row)
{
  g_return_if_fail (row);

  g_free (row->form_id);
  g_free (row->version);
  g_free (row->title);
  g_free (row->md5);
  g_free (row->submit_url);
  g_free (row);
}

static FpFormRow *
form_from_row (FpStmt *stmt)
{
  FpFormRow *row = fp_form_row_new ();

  row->id = fp_stmt_get_int (stmt, 0);
  row->form_id = fp_stmt_dup_text (stmt, 1);
  row->version = fp_stmt_dup_text (stmt, 2);
  row->title = fp_stmt_dup_text (stmt, 3);
  row->md5 = fp_stmt_dup_text (stmt, 4);
  row->server = fp_stmt_get_int (stmt, 5);
  row->submit_url = fp_stmt_dup_text (stmt, 6);
  row->added = fp_stmt_get_int (stmt, 7);
  row->hidden = fp_stmt_get_int (stmt, 8) != 0;

  return row;
}

/* @row's id if the same version is there, 0 otherwise. The same bytes from a file and from a server are one form: it
 * would stand twice in every list, and nobody could tell which is meant. */
static gboolean
find_same (FpStoreTxn *txn,
           FpFormRow  *row,
           GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  stmt = fp_stmt_new (txn->db,
                      "SELECT id FROM form WHERE form_id = ?1 AND version = ?3 AND md5 = ?4"
                      " AND (server IS ?2 OR server IS NULL OR ?2 IS NULL) ORDER BY server IS ?2 DESC, id LIMIT 1",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, row->form_id);
  fp_stmt_bind_row (stmt, 2, row->server);
  fp_stmt_bind_text (stmt, 3, row->version);
  fp_stmt_bind_text (stmt, 4, row->md5);
  step = fp_stmt_step (stmt, error);
  row->id = step == FP_STEP_ROW ? fp_stmt_get_int (stmt, 0) : 0;

  return step != FP_STEP_ERROR;
}

gboolean
_fp_form_rows_insert (FpStoreTxn *txn,
                      FpFormRow  *row,
                      GBytes     *xml,
                      GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  stmt = fp_stmt_new (txn->db,
                      "INSERT INTO form (form_id, version, title, md5, server, submit_url, added, hidden,"
                      " xml) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, row->form_id);
  fp_stmt_bind_text (stmt, 2, row->version);
  fp_stmt_bind_text (stmt, 3, row->title);
  fp_stmt_bind_text (stmt, 4, row->md5);
  fp_stmt_bind_row (stmt, 5, row->server);
  fp_stmt_bind_text (stmt, 6, row->submit_url);
  fp_stmt_bind_int (stmt, 7, row->added);
  fp_stmt_bind_int (stmt, 8, row->hidden ? 1 : 0);
  fp_stmt_bind_bytes (stmt, 9, xml);
  if (!fp_stmt_run (stmt, NULL, error))
    return FALSE;
  row->id = sqlite3_last_insert_rowid (txn->db->handle);
  fp_store_txn_touch (txn, FP_STORE_FORMS, 0);

  return TRUE;
}

/* A form that comes again shows again, with the address it was given now, if any. */
static gboolean
refresh_form (FpStoreTxn *txn,
              FpFormRow  *row,
              GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  stmt = fp_stmt_new (txn->db,
                      "UPDATE form SET hidden = 0, title = ?, submit_url = coalesce(?, submit_url),"
                      " server = coalesce(?, server) WHERE id = ? RETURNING submit_url, added, server",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, row->title);
  fp_stmt_bind_text (stmt, 2, row->submit_url);
  fp_stmt_bind_row (stmt, 3, row->server);
  fp_stmt_bind_int (stmt, 4, row->id);
  step = fp_stmt_step (stmt, error);
  if (step != FP_STEP_ROW)
    return FALSE;
  g_free (row->submit_url);
  row->submit_url = fp_stmt_dup_text (stmt, 0);
  row->added = fp_stmt_get_int (stmt, 1);
  row->server = fp_stmt_get_int (stmt, 2);

  return fp_stmt_step (stmt, error) == FP_STEP_DONE;
}

static gboolean
hide_others (FpStoreTxn *txn,
             FpFormRow  *row,
             GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  stmt = fp_stmt_new (txn->db,
                      "UPDATE form SET hidden = 1 WHERE form_id = ? AND server IS ? AND id <> ?"
                      " AND hidden = 0",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, row->form_id);
  fp_stmt_bind_row (stmt, 2, row->server);
  fp_stmt_bind_int (stmt, 3, row->id);

  return fp_stmt_run (stmt, NULL, error);
}

/**
 * fp_form_rows_add:
 * @row: form_id, title; version, md5 and added are filled in where they are missing; id, submit_url, added
 *   and hidden are those of the row afterwards
 * @xml: the definition, kept in the row
 *
 * Adds a version of a form or finds it, shows it, and hides the other versions from the same server.
 */
gboolean
fp_form_rows_add (FpStoreTxn *txn,
                  FpFormRow  *row,
                  GBytes     *xml,
                  GError    **error)
{
  g_return_val_if_fail (txn && row && row->form_id && row->title && xml, FALSE);

  if (!row->version)
    row->version = g_strdup ("");
  if (!row->md5)
    row->md5 = g_compute_checksum_for_bytes (G_CHECKSUM_MD5, xml);
  if (row->added == 0)
    row->added = txn->now;

  row->hidden = FALSE;
  if (!find_same (txn, row, error))
    return FALSE;
  if (row->id ? !refresh_form (txn, row, error) : !_fp_form_rows_insert (txn, row, xml, error))
    return FALSE;
  if (!hide_others (txn, row, error))
    return FALSE;

  fp_store_txn_touch (txn, FP_STORE_FORMS, 0);
  return TRUE;
}

static FpFormRow *
read_form (FpStmt  *stmt,
           GError **error)
{
  FpStep step = fp_stmt_step (stmt, error);

  if (step == FP_STEP_ROW)
    return form_from_row (stmt);
  if (step == FP_STEP_DONE)
    g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND, "No such form");

  return NULL;
}

/**
 * fp_form_rows_get:
 *
 * Returns: (transfer full): the form, also a hidden one; NULL with NOT_FOUND
 */
FpFormRow *
fp_form_rows_get (FpStoreTxn *txn,
                  gint64      id,
                  GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  g_return_val_if_fail (txn, NULL);

  stmt = fp_stmt_new (txn->db, "SELECT " FORM_COLUMNS " FROM form WHERE id = ?", error);
  if (!stmt)
    return NULL;
  fp_stmt_bind_int (stmt, 1, id);

  return read_form (stmt, error);
}

/**
 * fp_form_rows_find:
 * @form_id: the XForm's own id
 *
 * Returns: (transfer full): the newest visible form of that id, from whichever server; NULL with NOT_FOUND
 */
FpFormRow *
fp_form_rows_find (FpStoreTxn *txn,
                   const char *form_id,
                   GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  g_return_val_if_fail (txn && form_id, NULL);

  stmt = fp_stmt_new (txn->db,
                      "SELECT " FORM_COLUMNS " FROM form WHERE form_id = ? AND hidden = 0"
                      " ORDER BY id DESC LIMIT 1",
                      error);
  if (!stmt)
    return NULL;
  fp_stmt_bind_text (stmt, 1, form_id);

  return read_form (stmt, error);
}

/**
 * fp_form_rows_get_xml:
 *
 * Returns: (transfer full): exactly the bytes that were added; NULL with NOT_FOUND
 */
GBytes *
fp_form_rows_get_xml (FpStoreTxn *txn,
                      gint64      id,
                      GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  g_return_val_if_fail (txn, NULL);

  stmt = fp_stmt_new (txn->db, "SELECT xml FROM form WHERE id = ?", error);
  if (!stmt)
    return NULL;
  fp_stmt_bind_int (stmt, 1, id);
  step = fp_stmt_step (stmt, error);
  if (step == FP_STEP_ROW)
    return fp_stmt_dup_bytes (stmt, 0);
  if (step == FP_STEP_DONE)
    g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND, "No such form");

  return NULL;
}

/**
 * fp_form_rows_list:
 *
 * Returns: (transfer full) (element-type FpFormRow): visible forms by title, with the drafts of all versions
 */
GPtrArray *
fp_form_rows_list (FpStoreTxn *txn,
                   GError    **error)
{
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_form_row_free);
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  g_return_val_if_fail (txn, NULL);

  stmt = fp_stmt_new (txn->db,
                      "SELECT " FORM_COLUMNS ", (SELECT count(*) FROM form AS begun JOIN draft"
                      " ON draft.form = begun.id WHERE begun.form_id = form.form_id"
                      " AND begun.server IS form.server AND draft.discarded = 0)"
                      " FROM form WHERE hidden = 0 ORDER BY title COLLATE NOCASE, id",
                      error);
  if (!stmt)
    return NULL;
  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    {
      FpFormRow *row = form_from_row (stmt);

      row->drafts = (guint) fp_stmt_get_int (stmt, 9);
      g_ptr_array_add (rows, row);
    }

  return step == FP_STEP_DONE ? g_steal_pointer (&rows) : NULL;
}

/**
 * fp_form_rows_hide:
 *
 * Removes a form from the list; its row stays for drafts and items. NOT_FOUND: there is none.
 */
gboolean
fp_form_rows_hide (FpStoreTxn *txn,
                   gint64      id,
                   GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  gint64 changes = 0;

  g_return_val_if_fail (txn, FALSE);

  stmt = fp_stmt_new (txn->db, "UPDATE form SET hidden = 1 WHERE id = ?", error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_int (stmt, 1, id);
  if (!fp_stmt_run (stmt, &changes, error))
    return FALSE;
  if (changes == 0)
    {
      g_set_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND, "No such form");
      return FALSE;
    }

  fp_store_txn_touch (txn, FP_STORE_FORMS, 0);
  return TRUE;
}
