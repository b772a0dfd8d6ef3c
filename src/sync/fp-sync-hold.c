#include "sync/fp-sync-hold.h"

#include "net/fp-host.h"
#include "sync/fp-item-machine.h"
#include "sync/fp-policy.h"

/**
 * fp_sync_hold_new:
 *
 * Returns: (transfer full) (nullable): what else @verdict keeps. An item that has no account or form to name is
 *   held alone.
 */
FpHoldRow *
fp_sync_hold_new (const FpVerdict *verdict,
                  const FpItem    *item)
{
  static const struct
  {
    FpVerdictKind verdict;
    FpHoldKind hold;
  } rows[] = {
    { FP_VERDICT_HOLD_ACCOUNT, FP_HOLD_ACCOUNT },
    { FP_VERDICT_HOLD_ENDPOINT, FP_HOLD_ENDPOINT },
    { FP_VERDICT_HOLD_FORM, FP_HOLD_FORM },
    { FP_VERDICT_HOLD_PROXY, FP_HOLD_PROXY },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].verdict == verdict->kind)
      {
        FpHoldRow *row = fp_hold_row_new (rows[i].hold, item);

        if (!row)
          return NULL;
        row->code = g_strdup (verdict->code);
        row->words = g_strdup (verdict->words);
        return row;
      }

  return NULL;
}

gboolean
fp_sync_hold_write (FpStoreTxn       *txn,
                    const FpHoldRow  *row,
                    GError          **error)
{
  return fp_hold_rows_put (txn, row, error) && fp_hold_rows_sweep (txn, row, FP_STORE_SLICE, error);
}

/**
 * fp_sync_hold_catch:
 * @item: pending or failed, about to be claimed
 * @caught: (out): it is held now, and so are more of its like
 *
 * A person who wants one tried first lifts the hold; so there is no exception here.
 */
gboolean
fp_sync_hold_catch (FpStoreTxn  *txn,
                    FpItem      *item,
                    gboolean    *caught,
                    GError     **error)
{
  g_autoptr(GError) local = NULL;
  g_autoptr(FpHoldRow) row = fp_hold_rows_find (txn, item, &local);
  FpItemState before = item->state;

  *caught = FALSE;
  if (local)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (!row || !fp_item_machine_step (item, FP_EVENT_HOLD))
    return TRUE;

  g_free (item->hold);
  item->hold = g_strdup (fp_hold_kind_get_word (row->kind));
  g_free (item->reason_code);
  item->reason_code = g_strdup (row->code);
  g_free (item->reason);
  item->reason = g_strdup (row->words);
  item->next_try = 0;
  item->manual = FALSE;
  *caught = TRUE;

  return fp_item_rows_update (txn, item, before, error)
         && fp_hold_rows_sweep (txn, row, FP_STORE_SLICE, error);
}

/* The account was given another password while the old one was refused: that says nothing of the new one. */
gboolean
fp_sync_hold_check (FpStoreTxn     *txn,
                    FpSyncOutcome  *outcome,
                    GError        **error)
{
  g_autoptr(GError) local = NULL;
  g_autoptr(FpItem) row = NULL;

  if (!outcome->hold || outcome->item->state != FP_ITEM_HELD)
    return TRUE;

  row = fp_item_rows_get (txn, outcome->item->id, FALSE, &local);
  if (local && !g_error_matches (local, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (!row || g_strcmp0 (row->secret_id, outcome->item->secret_id) == 0)
    return TRUE;

  fp_policy_release (outcome->item);
  outcome->item->manual = FALSE;
  outcome->newly_failed = FALSE;
  g_clear_pointer (&outcome->hold, fp_hold_row_free);

  return TRUE;
}

/* In the transaction of the receipt: what follows never waits for something that is done. */
static gboolean
release_followers (FpStoreTxn  *txn,
                   gint64       item,
                   GError     **error)
{
  g_autoptr(GPtrArray) followers = fp_item_rows_list_followers (txn, item, error);

  if (!followers)
    return FALSE;
  for (guint i = 0; i < followers->len; i++)
    {
      FpItem *follower = g_ptr_array_index (followers, i);

      if (g_strcmp0 (follower->hold, "after") != 0 || !fp_policy_release (follower))
        continue;
      follower->manual = FALSE;
      if (!fp_item_rows_update (txn, follower, FP_ITEM_HELD, error))
        return FALSE;
    }

  return TRUE;
}

gboolean
fp_sync_hold_settle (FpStoreTxn           *txn,
                     const FpSyncOutcome  *outcome,
                     GError              **error)
{
  if (outcome->hold && !fp_sync_hold_write (txn, outcome->hold, error))
    return FALSE;
  if (outcome->split && !fp_item_rows_set_posts (txn, outcome->item, error))
    return FALSE;

  return !outcome->receipt || release_followers (txn, outcome->item->id, error);
}

/**
 * fp_sync_find_endpoint:
 *
 * Returns: (transfer full) (nullable): the server whose address covers most of @url
 */
FpServerRow *
fp_sync_find_endpoint (FpStoreTxn  *txn,
                       const char  *url,
                       GError     **error)
{
  g_autoptr(GPtrArray) servers = fp_server_rows_list (txn, error);
  guint best = G_MAXUINT;
  gsize most = 0;

  for (guint i = 0; servers && i < servers->len; i++)
    {
      gsize shared = fp_host_covers (((FpServerRow *) g_ptr_array_index (servers, i))->url, url);

      if (shared > most)
        {
          most = shared;
          best = i;
        }
    }
  if (best == G_MAXUINT)
    return NULL;

  return g_ptr_array_steal_index (servers, best);
}

gboolean
fp_sync_asks_if_lost (FpStoreTxn    *txn,
                      const FpItem  *item,
                      gboolean      *asks,
                      GError       **error)
{
  g_autoptr(GError) local = NULL;
  g_autoptr(FpServerRow) server = NULL;

  /* OpenRosa servers tell a second time from a first one by themselves. */
  if (item->protocol == FP_PROTOCOL_PLAIN)
    server = fp_sync_find_endpoint (txn, item->url, &local);
  *asks = server && server->lost == FP_LOST_ASK;
  if (local)
    g_propagate_error (error, g_steal_pointer (&local));

  return local == NULL;
}
