#include "sync/fp-sync-turn-private.h"

#include "store/fp-form-rows.h"
#include "sync/fp-policy.h"

#define PAGE 100

/* An agent that is started again and again does not knock at a failing server each time. */
#define CLEAR_AT_START_EVERY_MS (10 * 60 * G_GINT64_CONSTANT (1000))
#define SETTING_CLEARED "waits-cleared"

gboolean
_fp_sync_turn_is_stale (const GError *error)
{
  return g_error_matches (error, FP_STORE_ERROR, FP_STORE_ERROR_CHANGED)
         || g_error_matches (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND);
}

gboolean
_fp_sync_turn_update (FpStoreTxn    *txn,
                      const FpItem  *item,
                      FpItemState    expected,
                      gboolean      *stale,
                      GError       **error)
{
  g_autoptr(GError) local = NULL;

  *stale = FALSE;
  if (fp_item_rows_update (txn, item, expected, &local))
    return TRUE;
  if (!_fp_sync_turn_is_stale (local))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }

  *stale = TRUE;
  return TRUE;
}

gboolean
_fp_sync_turn_for_each (FpStoreTxn      *txn,
                        guint            states,
                        char            *tag,
                        FpSyncTurnFunc   each,
                        GError         **error)
{
  FpItemQuery query = { .states = states, .tag = tag, .limit = PAGE };

  for (;;)
    {
      g_autoptr(GPtrArray) items = fp_item_rows_list (txn, &query, error);

      if (!items)
        return FALSE;
      for (guint i = 0; i < items->len; i++)
        {
          FpItem *item = g_ptr_array_index (items, i);

          query.after = item->id;
          if (!each (txn, item, error))
            return FALSE;
        }
      if (items->len < PAGE)
        return TRUE;
    }
}

static gboolean
clear_one_wait (FpStoreTxn  *txn,
                FpItem      *item,
                GError     **error)
{
  gboolean stale;

  if (item->due_boot == 0 && item->not_before == 0 && item->next_try == 0)
    return TRUE;
  /* Its own fault: only a person can say that it may go again. */
  if (item->state == FP_ITEM_FAILED && item->reason_code && g_str_has_prefix (item->reason_code, "item-"))
    return TRUE;

  item->due_boot = 0;
  item->not_before = 0;
  item->next_try = 0;
  return _fp_sync_turn_update (txn, item, item->state, &stale, error);
}

/* The newest first, page by page. */
static gboolean
clear_waits_of_tag (FpStoreTxn  *txn,
                    FpSyncTurn  *turn,
                    GError     **error)
{
  FpItemQuery query = { .states = 1 << FP_ITEM_PENDING | 1 << FP_ITEM_FAILED, .tag = turn->clear_tag,
                        .after = turn->clear_after, .limit = FP_STORE_SLICE };
  g_autoptr(GPtrArray) items = fp_item_rows_list (txn, &query, error);

  if (!items)
    return FALSE;
  for (guint i = 0; i < items->len; i++)
    {
      FpItem *item = g_ptr_array_index (items, i);

      turn->cleared_to = item->id;
      if (!clear_one_wait (txn, item, error))
        return FALSE;
    }
  turn->more |= items->len == FP_STORE_SLICE;

  return TRUE;
}

static gboolean
clear_some (FpStoreTxn  *txn,
            FpSyncTurn  *turn,
            const char  *host,
            gboolean     even_retry_after,
            GError     **error)
{
  gboolean more = FALSE;

  if (!fp_item_rows_clear_some_waits (txn, host, even_retry_after, FP_STORE_SLICE, &more, error))
    return FALSE;

  turn->more |= more;
  return TRUE;
}

static gboolean
clear_waits (FpStoreTxn   *txn,
             FpSyncTurn   *turn,
             GError      **error)
{
  if (turn->clear == FP_SYNC_CLEAR_NONE)
    return TRUE;
  if (turn->clear_tag)
    return clear_waits_of_tag (txn, turn, error);

  return clear_some (txn, turn, NULL, turn->clear == FP_SYNC_CLEAR_ALL, error);
}

static gboolean
clear_waits_of_hosts (FpStoreTxn  *txn,
                      FpSyncTurn  *turn,
                      GError     **error)
{
  GHashTableIter iter;
  gpointer host;

  if (!turn->clear_hosts)
    return TRUE;
  g_hash_table_iter_init (&iter, turn->clear_hosts);
  while (g_hash_table_iter_next (&iter, &host, NULL))
    if (!clear_some (txn, turn, host, FALSE, error))
      return FALSE;

  return TRUE;
}

gboolean
_fp_sync_turn_clear_at_start (FpStoreTxn  *txn,
                              FpSyncTurn  *turn,
                              GError     **error)
{
  gint64 now = fp_store_txn_get_now (txn);
  g_autoptr(GError) local = NULL;
  g_autofree char *last_text = fp_setting_rows_get (txn, SETTING_CLEARED, &local);
  g_autofree char *now_text = NULL;
  gint64 last = last_text ? g_ascii_strtoll (last_text, NULL, 10) : 0;

  if (local && !_fp_sync_turn_is_stale (local))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  /* A time in the future was written before the clock was set back. */
  if (last <= now && now - last < CLEAR_AT_START_EVERY_MS)
    return TRUE;

  now_text = g_strdup_printf ("%" G_GINT64_FORMAT, now);
  return clear_some (txn, turn, NULL, FALSE, error)
         && fp_setting_rows_set (txn, SETTING_CLEARED, now_text, error);
}

/* Too large for the network that there is, or its destination is paused: no try is used up. */
static gboolean
park (FpStoreTxn        *txn,
      FpSyncTurn        *turn,
      const FpSyncPark  *park,
      GError           **error)
{
  FpPolicyAttempt now = { .now_boot = turn->boot_ms,
                          .boot_id = turn->boot_id,
                          .now_wall = fp_store_txn_get_now (txn) };
  g_autoptr(GError) local = NULL;
  g_autoptr(FpItem) item = fp_item_rows_get (txn, park->item, FALSE, &local);
  gboolean stale;

  if (!item && !_fp_sync_turn_is_stale (local))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (!item || item->manual || (item->state != FP_ITEM_PENDING && item->state != FP_ITEM_FAILED))
    return TRUE;

  if (park->until == FP_ITEM_PARKED)
    fp_policy_park (item, turn->boot_id);
  else
    fp_policy_postpone (item, park->until, &now);
  return _fp_sync_turn_update (txn, item, item->state, &stale, error);
}

gboolean
_fp_sync_turn_change_waits (FpStoreTxn  *txn,
                            FpSyncTurn  *turn,
                            GError     **error)
{
  if (turn->shift != 0 && !fp_item_rows_shift (txn, turn->shift, error))
    return FALSE;
  if ((turn->begin || turn->unpark) && !fp_item_rows_unpark (txn, FP_STORE_SLICE, &turn->more_parked, error))
    return FALSE;
  if (!clear_waits (txn, turn, error) || !clear_waits_of_hosts (txn, turn, error))
    return FALSE;
  for (guint i = 0; i < turn->parks->len; i++)
    if (!park (txn, turn, &g_array_index (turn->parks, FpSyncPark, i), error))
      return FALSE;

  return TRUE;
}
