#include "store/fp-count-rows.h"

#include "store/fp-store-private.h"

static gboolean
count (FpStoreTxn          *txn,
       const FpCountQuery  *query,
       FpCountResult       *result,
       GError             **error)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (txn->db,
                                        query->tag ? "SELECT state, count(*) FROM item WHERE tag = ? GROUP BY state"
                                                   : "SELECT state, count(*) FROM item GROUP BY state",
                                        error);
  FpStep step;

  if (!stmt)
    return FALSE;
  if (query->tag)
    fp_stmt_bind_text (stmt, 1, query->tag);
  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    result->n[CLAMP (fp_stmt_get_int (stmt, 0), 0, FP_ITEM_SENT)] = (guint) fp_stmt_get_int (stmt, 1);

  return step == FP_STEP_DONE;
}

static gboolean
count_moved (FpStoreTxn          *txn,
             const FpCountQuery  *query,
             FpCountResult       *result,
             GError             **error)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (txn->db,
                                        "SELECT count(*) FROM item INDEXED BY item_held WHERE state = 4"
                                        " AND hold = 'moved' AND (?1 IS NULL OR tag = ?1)",
                                        error);
  FpStep step;

  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, query->tag);
  step = fp_stmt_step (stmt, error);
  if (step == FP_STEP_ROW)
    result->moved = (guint) fp_stmt_get_int (stmt, 0);

  return step != FP_STEP_ERROR;
}

/* Ends at the first. */
static gboolean
look_for_open (FpStoreTxn          *txn,
               const FpCountQuery  *query,
               FpCountResult       *result,
               GError             **error)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (txn->db,
                                        query->tag ? "SELECT 1 FROM item WHERE tag = ?3 AND state = 1"
                                                     " AND (last_try < ?1 OR next_try < ?2) LIMIT 1"
                                                   : "SELECT 1 FROM item WHERE state = 1"
                                                     " AND (last_try < ?1 OR next_try < ?2) LIMIT 1",
                                        error);
  FpStep step;

  if (!stmt)
    return FALSE;
  fp_stmt_bind_int (stmt, 1, query->tried_before);
  fp_stmt_bind_int (stmt, 2, query->next_before);
  if (query->tag)
    fp_stmt_bind_text (stmt, 3, query->tag);
  step = fp_stmt_step (stmt, error);
  result->open = step == FP_STEP_ROW;

  return step != FP_STEP_ERROR;
}

gboolean
fp_count_rows_read (FpStoreTxn          *txn,
                    const FpCountQuery  *query,
                    FpCountResult       *result,
                    GError             **error)
{
  g_return_val_if_fail (txn && query && result, FALSE);

  *result = (FpCountResult) { 0 };

  return count (txn, query, result, error) && count_moved (txn, query, result, error)
         && look_for_open (txn, query, result, error);
}

guint
fp_count_rows_sum (const FpCountResult *result,
                   guint                states)
{
  guint sum = 0;

  if (states == 0)
    states = 1u << FP_ITEM_PENDING | 1u << FP_ITEM_SENDING | 1u << FP_ITEM_FAILED | 1u << FP_ITEM_HELD;
  for (guint state = FP_ITEM_PENDING; state <= FP_ITEM_SENT; state++)
    if (states & 1u << state)
      sum += result->n[state];

  return sum;
}
