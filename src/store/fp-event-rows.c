#include "store/fp-event-rows.h"

#include <string.h>

#include "store/fp-store-private.h"

#define HEAD "{\"events\":["
#define TAIL "]}"

/* One batch of a tag at a time, so that its events arrive in order. One that failed does not keep the others, nor one
 * that waits for a person; what its account or proxy is held for would keep them as well. */
#define READY_SQL                                                                                   \
  "SELECT name FROM tag WHERE EXISTS (SELECT 1 FROM event WHERE event.tag = tag.name AND event.item IS NULL)" \
  " AND NOT EXISTS (SELECT 1 FROM item WHERE item.tag = tag.name AND item.kind = 3"                 \
  "  AND (item.state IN (1, 2) OR (item.state = 4 AND item.hold IN ('account', 'proxy', 'machine'))))"

gboolean
fp_event_rows_add (FpStoreTxn *txn,
                   const char *tag,
                   const char *data,
                   GError    **error)
{
  g_autoptr(FpTagRow) row = NULL;
  g_autoptr(FpStmt) stmt = NULL;

  g_return_val_if_fail (txn && tag && data, FALSE);

  row = fp_tag_rows_get (txn, tag, error);
  if (!row)
    return FALSE;
  stmt = fp_stmt_new (txn->db, "INSERT INTO event (tag, data, created) VALUES (?, ?, ?)", error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, tag);
  fp_stmt_bind_text (stmt, 2, data);
  fp_stmt_bind_int (stmt, 3, txn->now);
  if (!fp_stmt_run (stmt, NULL, error))
    return FALSE;

  fp_store_txn_touch (txn, FP_STORE_TAGS, 0);
  return TRUE;
}

/**
 * fp_event_rows_list_ready:
 *
 * Returns: (transfer full): names
 */
GPtrArray *
fp_event_rows_list_ready (FpStoreTxn *txn,
                          GError    **error)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  g_return_val_if_fail (txn, NULL);

  stmt = fp_stmt_new (txn->db, READY_SQL " ORDER BY name", error);
  if (!stmt)
    return NULL;
  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    g_ptr_array_add (names, fp_stmt_dup_text (stmt, 0));

  return step == FP_STEP_DONE ? g_steal_pointer (&names) : NULL;
}

gboolean
fp_event_rows_is_ready (FpStoreTxn *txn,
                        const char *tag,
                        GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  g_return_val_if_fail (txn && tag, FALSE);

  stmt = fp_stmt_new (txn->db, READY_SQL " AND name = ?", error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, tag);

  return fp_stmt_step (stmt, error) == FP_STEP_ROW;
}

/**
 * fp_event_rows_dup_batch:
 * @max: 1 to FP_BATCH_EVENTS
 *
 * Returns: (transfer full): the body; NULL with an error, or without one where there is no event
 */
GBytes *
fp_event_rows_dup_batch (FpStoreTxn *txn,
                         const char *tag,
                         guint       max,
                         gint64     *last,
                         GError    **error)
{
  g_autoptr(GString) body = g_string_new (HEAD);
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step = FP_STEP_DONE;
  guint n = 0;

  g_return_val_if_fail (txn && tag && last, NULL);

  *last = 0;
  stmt = fp_stmt_new (txn->db, "SELECT id, data FROM event WHERE tag = ? AND item IS NULL ORDER BY id LIMIT ?", error);
  if (!stmt)
    return NULL;
  fp_stmt_bind_text (stmt, 1, tag);
  fp_stmt_bind_int (stmt, 2, max);
  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    {
      g_autofree char *data = fp_stmt_dup_text (stmt, 1);

      if (n > 0 && body->len + 1 + strlen (data) + strlen (TAIL) > FP_BATCH_BYTES)
        break;
      if (n++ > 0)
        g_string_append_c (body, ',');
      g_string_append (body, data);
      *last = fp_stmt_get_int (stmt, 0);
    }
  if (step == FP_STEP_ERROR || n == 0)
    return NULL;

  g_string_append (body, TAIL);
  return g_string_free_to_bytes (g_steal_pointer (&body));
}

/**
 * fp_event_rows_is_several:
 *
 * Every event was checked to be JSON when it came.
 */
gboolean
fp_event_rows_is_several (GBytes *body)
{
  gsize size;
  const char *text = g_bytes_get_data (body, &size);
  gboolean in_string = FALSE;
  guint depth = 0;

  for (gsize i = strlen (HEAD); i < size; i++)
    {
      if (in_string && text[i] == '\\')
        i++;
      else if (text[i] == '"')
        in_string = !in_string;
      else if (!in_string && depth == 0 && text[i] == ',')
        return TRUE;
      else if (!in_string && (text[i] == '{' || text[i] == '['))
        depth++;
      else if (!in_string && (text[i] == '}' || text[i] == ']') && depth-- == 0)
        return FALSE;
    }

  return FALSE;
}

/* @numbers: bound from the first value on, the text after them. */
static gboolean
run (FpStoreTxn *txn,
     const char *sql,
     gint64      first,
     gint64      second,
     const char *text,
     GError    **error)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (txn->db, sql, error);

  if (!stmt)
    return FALSE;
  fp_stmt_bind_int (stmt, 1, first);
  if (text)
    {
      fp_stmt_bind_int (stmt, 2, second);
      fp_stmt_bind_text (stmt, 3, text);
    }

  return fp_stmt_run (stmt, NULL, error);
}

gboolean
fp_event_rows_freeze (FpStoreTxn *txn,
                      const char *tag,
                      gint64      last,
                      gint64      item,
                      GError    **error)
{
  g_return_val_if_fail (txn && tag && item > 0, FALSE);

  fp_store_txn_touch (txn, FP_STORE_TAGS, 0);
  return run (txn, "UPDATE event SET item = ?1 WHERE tag = ?3 AND item IS NULL AND id <= ?2", item, last, tag, error);
}

gint64
fp_event_rows_count (FpStoreTxn *txn,
                     gint64      item,
                     GError    **error)
{
  g_autoptr(FpStmt) stmt = NULL;

  g_return_val_if_fail (txn, -1);

  stmt = fp_stmt_new (txn->db, "SELECT count(*) FROM event WHERE item = ?", error);
  if (!stmt)
    return -1;
  fp_stmt_bind_int (stmt, 1, item);

  return fp_stmt_step (stmt, error) == FP_STEP_ROW ? fp_stmt_get_int (stmt, 0) : -1;
}

gboolean
fp_event_rows_delete (FpStoreTxn *txn,
                      gint64      item,
                      GError    **error)
{
  g_return_val_if_fail (txn, FALSE);

  fp_store_txn_touch (txn, FP_STORE_TAGS, 0);
  return run (txn, "DELETE FROM event WHERE item = ?1", item, 0, NULL, error);
}

gboolean
fp_event_rows_thaw (FpStoreTxn *txn,
                    gint64      item,
                    GError    **error)
{
  g_return_val_if_fail (txn, FALSE);

  fp_store_txn_touch (txn, FP_STORE_TAGS | FP_STORE_ITEMS, item);
  return run (txn, "UPDATE event SET item = NULL WHERE item = ?1", item, 0, NULL, error)
         && run (txn, "DELETE FROM item WHERE id = ?1", item, 0, NULL, error);
}
