#include "store/fp-hold-rows-private.h"

#include "store/fp-store-private.h"

/* Between the two halves of an endpoint's subject; it is in no URL. */
#define SEPARATOR "\n"

static const FpHoldKindInfo kinds[FP_N_HOLDS] = {
  [FP_HOLD_ACCOUNT] = { "account", "account", "secret_id = ?1", "0", "item_held" },
  [FP_HOLD_ENDPOINT] = { "endpoint", "account",
                         "secret_id = substr(?1, 1, instr(?1, char(10)) - 1)"
                         " AND url = substr(?1, instr(?1, char(10)) + 1)",
                         "reason_code = 'item-forbidden'", "item_held" },
  [FP_HOLD_ANONYMOUS] = { "anonymous", "account", "host = ?1 AND secret_id IS NULL AND protocol = 2", "0", "item_held" },
  [FP_HOLD_FORM] = { "form", "form", "form = CAST(?1 AS INTEGER)", "0", "item_by_form" },
  [FP_HOLD_PROXY] = { "proxy", "proxy", "host = ?1", "0", "item_held" },
};

/* NULL: @item has nothing that a hold of this kind could be about. */
static char *
dup_subject (FpHoldKind    kind,
             const FpItem *item)
{
  switch (kind)
    {
    case FP_HOLD_ACCOUNT:
      return g_strdup (item->secret_id);
    case FP_HOLD_ENDPOINT:
      return item->secret_id ? g_strconcat (item->secret_id, SEPARATOR, item->url, NULL) : NULL;
    case FP_HOLD_ANONYMOUS:
      return !item->secret_id && item->protocol == FP_PROTOCOL_OPENROSA ? g_strdup (item->host) : NULL;
    case FP_HOLD_FORM:
      return item->form ? g_strdup_printf ("%" G_GINT64_FORMAT, item->form) : NULL;
    case FP_HOLD_PROXY:
      return g_strdup (item->host);
    case FP_N_HOLDS:
    default:
      g_return_val_if_reached (NULL);
    }
}

/**
 * fp_hold_row_new:
 * @item: one of the items that are to be kept
 *
 * Returns: (transfer full) (nullable): a row without code and words; NULL where @item can only be held alone: it has
 *   no account, no form
 */
FpHoldRow *
fp_hold_row_new (FpHoldKind    kind,
                 const FpItem *item)
{
  g_autofree char *subject = dup_subject (kind, item);
  FpHoldRow *row;

  if (!subject)
    return NULL;

  row = g_new0 (FpHoldRow, 1);
  row->kind = kind;
  row->subject = g_steal_pointer (&subject);

  return row;
}

void
fp_hold_row_free (FpHoldRow *row)
{
  g_free (row->subject);
  g_free (row->code);
  g_free (row->words);
  g_free (row);
}

const FpHoldKindInfo *
_fp_hold_kind_get_info (FpHoldKind kind)
{
  return &kinds[kind];
}

const char *
fp_hold_kind_get_word (FpHoldKind kind)
{
  g_return_val_if_fail ((guint) kind < FP_N_HOLDS, NULL);

  return kinds[kind].word;
}

gboolean
fp_hold_rows_put (FpStoreTxn       *txn,
                  const FpHoldRow  *row,
                  GError          **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  g_return_val_if_fail (txn && row && row->subject, FALSE);

  stmt = fp_stmt_new (txn->db,
                      "INSERT INTO hold (kind, subject, code, words, since) VALUES (?1, ?2, ?3, ?4, ?5)"
                      " ON CONFLICT (kind, subject) DO UPDATE SET code = ?3, words = ?4",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, kinds[row->kind].name);
  fp_stmt_bind_text (stmt, 2, row->subject);
  fp_stmt_bind_text (stmt, 3, row->code);
  fp_stmt_bind_text (stmt, 4, row->words);
  fp_stmt_bind_int (stmt, 5, row->since ? row->since : txn->now);

  return fp_stmt_run (stmt, NULL, error) && _fp_hold_jobs_forget (txn, row->kind, row->subject, error);
}

/* NULL without error where there is no row. */
static FpHoldRow *
get (FpStoreTxn  *txn,
     FpHoldKind   kind,
     const char  *subject,
     GError     **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  FpHoldRow *row;

  stmt = fp_stmt_new (txn->db, "SELECT code, words, since FROM hold WHERE kind = ? AND subject = ?", error);
  if (!stmt)
    return NULL;
  fp_stmt_bind_text (stmt, 1, kinds[kind].name);
  fp_stmt_bind_text (stmt, 2, subject);
  if (fp_stmt_step (stmt, error) != FP_STEP_ROW)
    return NULL;

  row = g_new0 (FpHoldRow, 1);
  row->kind = kind;
  row->subject = g_strdup (subject);
  row->code = fp_stmt_dup_text (stmt, 0);
  row->words = fp_stmt_dup_text (stmt, 1);
  row->since = fp_stmt_get_int (stmt, 2);

  return row;
}

FpHoldRow *
fp_hold_rows_find (FpStoreTxn    *txn,
                   const FpItem  *item,
                   GError       **error)
{
  g_return_val_if_fail (txn && item, NULL);

  for (guint kind = 0; kind < FP_N_HOLDS; kind++)
    {
      g_autofree char *subject = dup_subject (kind, item);
      g_autoptr(GError) local = NULL;
      FpHoldRow *row = subject ? get (txn, kind, subject, &local) : NULL;

      if (row)
        return row;
      if (local)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return NULL;
        }
    }

  return NULL;
}

/**
 * fp_hold_rows_list:
 *
 * Returns: (transfer full) (element-type FpHoldRow): the rows of one kind
 */
GPtrArray *
fp_hold_rows_list (FpStoreTxn  *txn,
                   FpHoldKind   kind,
                   GError     **error)
{
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_hold_row_free);
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  g_return_val_if_fail (txn && (guint) kind < FP_N_HOLDS, NULL);

  stmt = fp_stmt_new (txn->db, "SELECT subject, code, words, since FROM hold WHERE kind = ? ORDER BY subject", error);
  if (!stmt)
    return NULL;
  fp_stmt_bind_text (stmt, 1, kinds[kind].name);
  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    {
      FpHoldRow *row = g_new0 (FpHoldRow, 1);

      row->kind = kind;
      row->subject = fp_stmt_dup_text (stmt, 0);
      row->code = fp_stmt_dup_text (stmt, 1);
      row->words = fp_stmt_dup_text (stmt, 2);
      row->since = fp_stmt_get_int (stmt, 3);
      g_ptr_array_add (rows, row);
    }

  return step == FP_STEP_DONE ? g_steal_pointer (&rows) : NULL;
}

FpItem *
fp_hold_rows_get_one (FpStoreTxn       *txn,
                      const FpHoldRow  *row,
                      GError          **error)
{
  const FpHoldKindInfo *kind = &kinds[row->kind];
  g_autofree char *sql = NULL;
  g_autoptr(FpStmt) stmt = NULL;
  gint64 id;

  g_return_val_if_fail (txn && row, NULL);

  sql = g_strdup_printf ("SELECT id FROM item INDEXED BY %s WHERE state = 4 AND hold = ?2 AND %s LIMIT 1", kind->held,
                         kind->covers);
  stmt = fp_stmt_new (txn->db, sql, error);
  if (!stmt)
    return NULL;
  fp_stmt_bind_text (stmt, 1, row->subject);
  fp_stmt_bind_text (stmt, 2, kind->word);
  if (fp_stmt_step (stmt, error) != FP_STEP_ROW)
    return NULL;

  id = fp_stmt_get_int (stmt, 0);
  g_clear_pointer (&stmt, fp_stmt_free);
  return fp_item_rows_get (txn, id, FALSE, error);
}

/**
 * fp_hold_rows_sweep:
 * @limit: items at most: the file is locked meanwhile
 *
 * What failed by its own fault stays with its reason. The pairs are of the outbox's table: pending or failed -> held.
 */
gboolean
fp_hold_rows_sweep (FpStoreTxn       *txn,
                    const FpHoldRow  *row,
                    guint             limit,
                    GError          **error)
{
  const FpHoldKindInfo *kind = &kinds[row->kind];
  g_autofree char *sql = NULL;
  g_autoptr(FpStmt) stmt = NULL;
  gint64 changes = 0;

  g_return_val_if_fail (txn && row, FALSE);

  sql = g_strdup_printf ("UPDATE item SET state = 4, hold = ?3, reason_code = ?4, reason = ?5, due_boot = 0,"
                         " due_boot_id = '', not_before = 0, next_try = 0, manual = 0, changed = ?2"
                         " WHERE id IN (SELECT id FROM item WHERE state IN (1, 3) AND %s"
                         " AND (queue IS NOT NULL OR %s) LIMIT ?6)",
                         kind->covers, kind->also);
  stmt = fp_stmt_new (txn->db, sql, error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, row->subject);
  fp_stmt_bind_int (stmt, 2, txn->now);
  fp_stmt_bind_text (stmt, 3, kind->word);
  fp_stmt_bind_text (stmt, 4, row->code);
  fp_stmt_bind_text (stmt, 5, row->words);
  fp_stmt_bind_int (stmt, 6, limit);
  if (!fp_stmt_run (stmt, &changes, error))
    return FALSE;
  if (changes > 0)
    fp_store_txn_touch (txn, FP_STORE_ITEMS, 0);

  return TRUE;
}

/* What it covers is released by the job. */
static gboolean
lift (FpStoreTxn  *txn,
      FpHoldKind   kind,
      const char  *subject,
      GError     **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  stmt = fp_stmt_new (txn->db, "DELETE FROM hold WHERE kind = ? AND subject = ?", error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, kinds[kind].name);
  fp_stmt_bind_text (stmt, 2, subject);

  return fp_stmt_run (stmt, NULL, error) && _fp_hold_jobs_release (txn, kind, subject, error);
}

gboolean
fp_hold_rows_lift (FpStoreTxn  *txn,
                   FpHoldKind   kind,
                   const char  *subject,
                   GError     **error)
{
  g_return_val_if_fail (txn && subject && (guint) kind < FP_N_HOLDS, FALSE);

  return lift (txn, kind, subject, error) && fp_hold_rows_go_on (txn, error);
}

gboolean
fp_hold_rows_lift_all (FpStoreTxn  *txn,
                       FpHoldKind   kind,
                       GError     **error)
{
  g_autoptr(GPtrArray) rows = fp_hold_rows_list (txn, kind, error);

  if (!rows)
    return FALSE;
  for (guint i = 0; i < rows->len; i++)
    if (!lift (txn, kind, ((FpHoldRow *) g_ptr_array_index (rows, i))->subject, error))
      return FALSE;

  return rows->len == 0 || fp_hold_rows_go_on (txn, error);
}

gboolean
fp_hold_rows_forget (FpStoreTxn  *txn,
                     const char  *word,
                     GError     **error)
{
  g_return_val_if_fail (txn, FALSE);

  for (guint kind = 0; kind < FP_N_HOLDS; kind++)
    {
      g_autoptr(FpStmt) stmt = NULL;

      if (word && !g_str_equal (kinds[kind].word, word))
        continue;
      stmt = fp_stmt_new (txn->db, "DELETE FROM hold WHERE kind = ?", error);
      if (!stmt)
        return FALSE;
      fp_stmt_bind_text (stmt, 1, kinds[kind].name);
      if (!fp_stmt_run (stmt, NULL, error))
        return FALSE;
    }

  return TRUE;
}

gboolean
fp_hold_rows_lift_for (FpStoreTxn    *txn,
                       const FpItem  *item,
                       GError       **error)
{
  g_return_val_if_fail (txn && item, FALSE);

  for (guint kind = 0; kind < FP_N_HOLDS; kind++)
    {
      g_autofree char *subject = NULL;

      if (g_strcmp0 (item->hold, kinds[kind].word) != 0)
        continue;
      subject = dup_subject (kind, item);
      if (subject && !lift (txn, kind, subject, error))
        return FALSE;
    }

  return TRUE;
}

/* The forms that were refused to the account. */
static gboolean
lift_forms (FpStoreTxn  *txn,
            const char  *secret_id,
            GError     **error)
{
  g_autoptr(GPtrArray) forms = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  stmt = fp_stmt_new (txn->db,
                      "SELECT DISTINCT CAST(form AS TEXT) FROM item"
                      " WHERE state = 4 AND hold = 'form' AND secret_id = ? AND form IS NOT NULL",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, secret_id);
  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    g_ptr_array_add (forms, fp_stmt_dup_text (stmt, 0));
  if (step != FP_STEP_DONE)
    return FALSE;

  for (guint i = 0; i < forms->len; i++)
    if (!lift (txn, FP_HOLD_FORM, g_ptr_array_index (forms, i), error))
      return FALSE;

  return TRUE;
}

/* Their items are the account's too. */
static gboolean
forget_endpoints (FpStoreTxn  *txn,
                  const char  *secret_id,
                  GError     **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  stmt = fp_stmt_new (txn->db,
                      "DELETE FROM hold WHERE kind = 'endpoint'"
                      " AND substr(subject, 1, length(?1) + 1) = ?1 || char(10)",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, secret_id);

  return fp_stmt_run (stmt, NULL, error);
}

gboolean
fp_hold_rows_repair (FpStoreTxn  *txn,
                     const char  *secret_id,
                     GError     **error)
{
  g_return_val_if_fail (txn && secret_id, FALSE);

  if (!forget_endpoints (txn, secret_id, error) || !_fp_hold_jobs_clear_waits (txn, secret_id, error)
      || !lift_forms (txn, secret_id, error) || !lift (txn, FP_HOLD_ACCOUNT, secret_id, error)
      || !fp_hold_rows_go_on (txn, error))
    return FALSE;

  fp_store_txn_touch (txn, FP_STORE_ITEMS, 0);
  return TRUE;
}

/* Also what is in flight: its next attempt is with the new one, and the answer to the old one holds nothing. Waits are
 * ended when all have the new one. */
static gboolean
move_account (FpStoreTxn  *txn,
              const char  *from,
              const char  *to,
              GError     **error)
{
  if (!g_str_equal (from, to)
      && (!_fp_hold_jobs_move (txn, from, to, error) || !_fp_hold_jobs_clear_waits (txn, to, error)))
    return FALSE;

  return fp_hold_rows_repair (txn, from, error);
}

/* Submissions of the forms of the server that were queued while it had none. What was refused to nobody is another
 * matter now. */
static gboolean
give_account (FpStoreTxn  *txn,
              gint64       server,
              const char  *host,
              const char  *to,
              GError     **error)
{
  g_autoptr(GPtrArray) forms = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  if (!lift (txn, FP_HOLD_ANONYMOUS, host, error))
    return FALSE;
  stmt = fp_stmt_new (txn->db, "SELECT CAST(id AS TEXT) FROM form WHERE server = ?", error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_int (stmt, 1, server);
  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    g_ptr_array_add (forms, fp_stmt_dup_text (stmt, 0));
  if (step != FP_STEP_DONE)
    return FALSE;

  for (guint i = 0; i < forms->len; i++)
    if (!lift (txn, FP_HOLD_FORM, g_ptr_array_index (forms, i), error)
        || !_fp_hold_jobs_give (txn, g_ptr_array_index (forms, i), host, to, error))
      return FALSE;

  return fp_hold_rows_repair (txn, to, error);
}

gboolean
fp_hold_rows_change_account (FpStoreTxn         *txn,
                             const FpServerRow  *server,
                             const char         *from,
                             const char         *host,
                             GError            **error)
{
  g_return_val_if_fail (txn && server && server->secret_id && host, FALSE);

  return from ? move_account (txn, from, server->secret_id, error)
              : give_account (txn, server->id, host, server->secret_id, error);
}
