#include "store/fp-transfer-rows.h"

#include <string.h>

#include "store/fp-form-rows-private.h"
#include "store/fp-store-private.h"

#define UID_LENGTH 36

static GArray *
read_ids (FpStmt  *stmt,
          GError **error)
{
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  FpStep step;

  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    {
      gint64 id = fp_stmt_get_int (stmt, 0);

      g_array_append_val (ids, id);
    }

  return step == FP_STEP_DONE ? g_steal_pointer (&ids) : NULL;
}

/* "[1,3,4]", or NULL. */
static char *
dup_ids (GArray *ids)
{
  GString *list = ids ? g_string_new ("[") : NULL;

  for (guint i = 0; ids && i < ids->len; i++)
    g_string_append_printf (list, "%s%" G_GINT64_FORMAT, i ? "," : "", g_array_index (ids, gint64, i));

  return list ? g_string_free (g_string_append_c (list, ']'), FALSE) : NULL;
}

/* "1, 3, 4" of the bits. */
static char *
dup_states (guint states)
{
  GString *list = g_string_new (NULL);

  for (guint state = FP_ITEM_PENDING; state <= FP_ITEM_SENT; state++)
    if (states & 1u << state)
      g_string_append_printf (list, "%s%u", list->len ? ", " : "", state);

  return g_string_free (list, FALSE);
}

GArray *
fp_transfer_rows_select (FpStoreTxn             *txn,
                         const FpTransferQuery  *query,
                         gboolean                move,
                         gint64                  after,
                         guint                   limit,
                         GError                **error)
{
  guint states = move ? query->states & ~(1u << FP_ITEM_SENDING | 1u << FP_ITEM_SENT | 1u << FP_ITEM_DISCARDED)
                      : query->states;
  g_autofree char *list = dup_states (states);
  g_autofree char *ids = dup_ids (query->ids);
  g_autofree char *sql = NULL;
  g_autoptr(FpStmt) stmt = NULL;

  /* Those that are named are looked up by their number; the "+" keeps the planner from the index of the states. */
  sql = g_strdup_printf ("SELECT id FROM item WHERE id > ?1 AND %s IN (%s) AND (?2 IS NULL OR tag = ?2)"
                         " AND coalesce(hold, '') NOT IN ('staging', 'moving', 'moved')%s ORDER BY id LIMIT ?4",
                         ids ? "+state" : "state", list, ids ? " AND id IN (SELECT value FROM json_each(?3))" : "");
  stmt = fp_stmt_new (txn->db, sql, error);
  if (!stmt)
    return NULL;
  fp_stmt_bind_int (stmt, 1, after);
  fp_stmt_bind_text (stmt, 2, query->tag);
  fp_stmt_bind_text (stmt, 3, ids);
  fp_stmt_bind_int (stmt, 4, limit);

  return read_ids (stmt, error);
}

GArray *
fp_transfer_rows_moving (FpStoreTxn  *txn,
                        const char  *uid,
                        gint64       after,
                        guint        limit,
                        GError     **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  stmt = fp_stmt_new (txn->db,
                      "SELECT id FROM item WHERE state = 4 AND hold = 'moving' AND id > ?1"
                      " AND substr(reason, 1, 36) = ?2 ORDER BY id LIMIT ?3",
                      error);
  if (!stmt)
    return NULL;
  fp_stmt_bind_int (stmt, 1, after);
  fp_stmt_bind_text (stmt, 2, uid);
  fp_stmt_bind_int (stmt, 3, limit);

  return read_ids (stmt, error);
}

/* "UID state hold", and in lines below it the code and the words of the reason that the item had. */
gboolean
fp_transfer_rows_hold (FpStoreTxn  *txn,
                       const char  *uid,
                       FpItem      *item,
                       GError     **error)
{
  FpItemState before = item->state;
  g_autofree char *note = g_strdup_printf ("%s %s %s\n%s\n%s", uid, fp_item_state_to_string (before),
                                           before == FP_ITEM_HELD && item->hold ? item->hold : "",
                                           item->reason_code ? item->reason_code : "", item->reason ? item->reason : "");

  g_clear_pointer (&item->reason_code, g_free);
  g_free (item->reason);
  item->reason = g_steal_pointer (&note);
  item->state = FP_ITEM_HELD;
  g_free (item->hold);
  item->hold = g_strdup ("moving");

  return fp_item_rows_update (txn, item, before, error);
}

gboolean
fp_transfer_rows_settle (FpStoreTxn  *txn,
                         const char  *uid,
                         gint64      *after,
                         guint        limit,
                         guint       *n,
                         GError     **error)
{
  g_autoptr(GArray) ids = fp_transfer_rows_moving (txn, uid, *after, limit, error);
  g_autoptr(FpStmt) stmt = NULL;

  *n = 0;
  if (!ids || ids->len == 0)
    return ids != NULL;
  stmt = fp_stmt_new (txn->db,
                      "UPDATE item SET hold = 'moved' WHERE id > ?1 AND id <= ?2 AND state = 4 AND hold = 'moving'"
                      " AND substr(reason, 1, 36) = ?3",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_int (stmt, 1, *after);
  *after = g_array_index (ids, gint64, ids->len - 1);
  fp_stmt_bind_int (stmt, 2, *after);
  fp_stmt_bind_text (stmt, 3, uid);
  if (!fp_stmt_run (stmt, NULL, error))
    return FALSE;
  *n = ids->len;
  fp_store_txn_touch (txn, FP_STORE_ITEMS, 0);

  return TRUE;
}

static char *
dup_word (const char *word)
{
  return word && *word ? g_strdup (word) : NULL;
}

gboolean
fp_transfer_rows_restore (FpItem *item)
{
  g_auto(GStrv) lines = NULL;
  g_auto(GStrv) words = NULL;
  FpItemState state;

  if (!fp_item_is_moved (item) || !item->reason || strlen (item->reason) <= UID_LENGTH)
    return FALSE;
  lines = g_strsplit (item->reason + UID_LENGTH + 1, "\n", 3);
  words = g_strsplit (lines[0] ? lines[0] : "", " ", 2);
  state = words[0] ? fp_item_state_from_string (words[0]) : 0;
  if (state == 0)
    return FALSE;

  item->state = state;
  g_free (item->hold);
  item->hold = dup_word (words[1]);
  g_free (item->reason_code);
  item->reason_code = dup_word (lines[1]);
  g_free (item->reason);
  item->reason = lines[1] ? dup_word (lines[2]) : NULL;

  return TRUE;
}

gboolean
fp_transfer_rows_is_done (FpStoreTxn *txn,
                           const char *uid)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (txn->db,
                                        "SELECT 1 FROM receipt WHERE uid = ?1"
                                        " UNION ALL SELECT 1 FROM replaced WHERE uid = ?1",
                                        NULL);

  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, uid);

  return fp_stmt_step (stmt, NULL) == FP_STEP_ROW;
}

static gboolean
find_form (FpStoreTxn  *txn,
           FpFormRow   *row,
           GError     **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  stmt = fp_stmt_new (txn->db,
                      "SELECT id FROM form WHERE form_id = ?1 AND version = ?2 AND md5 = ?3"
                      " ORDER BY server IS ?4 DESC, hidden, id LIMIT 1",
                      error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, row->form_id);
  fp_stmt_bind_text (stmt, 2, row->version);
  fp_stmt_bind_text (stmt, 3, row->md5);
  fp_stmt_bind_row (stmt, 4, row->server);
  step = fp_stmt_step (stmt, error);
  row->id = step == FP_STEP_ROW ? fp_stmt_get_int (stmt, 0) : 0;

  return step != FP_STEP_ERROR;
}

static gboolean
is_any_shown (FpStoreTxn  *txn,
              const char  *form_id,
              gboolean    *shown,
              GError     **error)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (txn->db, "SELECT 1 FROM form WHERE form_id = ? AND hidden = 0", error);
  FpStep step;

  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, form_id);
  step = fp_stmt_step (stmt, error);
  *shown = step == FP_STEP_ROW;

  return step != FP_STEP_ERROR;
}

gboolean
fp_transfer_rows_add_form (FpStoreTxn  *txn,
                           FpFormRow   *row,
                           GBytes      *xml,
                           GError     **error)
{
  gboolean shown;

  if (!find_form (txn, row, error))
    return FALSE;
  if (row->id)
    return TRUE;
  if (!is_any_shown (txn, row->form_id, &shown, error))
    return FALSE;
  row->added = txn->now;
  row->hidden = shown;

  return _fp_form_rows_insert (txn, row, xml, error);
}
