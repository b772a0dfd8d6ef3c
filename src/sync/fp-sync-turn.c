#include "sync/fp-sync-turn-private.h"

#include "store/fp-ballast.h"
#include "store/fp-form-rows.h"
#include "sync/fp-batch.h"
#include "sync/fp-item-machine.h"
#include "sync/fp-sync-hold.h"

#define SETTING_PAUSED "paused"
#define SETTING_METERED "metered"
#define SETTING_METERED_LIMIT "metered-limit"

FpSyncOutcome *
fp_sync_outcome_new (void)
{
  FpSyncOutcome *outcome = g_new0 (FpSyncOutcome, 1);

  outcome->ms = -1;

  return outcome;
}

void
fp_sync_outcome_free (FpSyncOutcome *outcome)
{
  g_clear_pointer (&outcome->item, fp_item_free);
  g_clear_pointer (&outcome->receipt, fp_receipt_free);
  g_clear_pointer (&outcome->hold, fp_hold_row_free);
  g_free (outcome);
}

FpSyncTurn *
fp_sync_turn_new (void)
{
  FpSyncTurn *turn = g_atomic_rc_box_new0 (FpSyncTurn);

  turn->outcomes = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_sync_outcome_free);
  turn->claims = g_array_new (FALSE, FALSE, sizeof (gint64));
  turn->parks = g_array_new (FALSE, FALSE, sizeof (FpSyncPark));
  turn->next_due = G_MAXINT64;

  return turn;
}

FpSyncTurn *
fp_sync_turn_ref (FpSyncTurn *turn)
{
  return g_atomic_rc_box_acquire (turn);
}

static void
clear_results (FpSyncTurn *turn)
{
  turn->more = FALSE;
  turn->more_parked = FALSE;
  g_clear_pointer (&turn->broken_off, g_hash_table_unref);
  g_clear_pointer (&turn->claimed, g_ptr_array_unref);
  g_clear_pointer (&turn->due, g_ptr_array_unref);
  g_clear_pointer (&turn->waiting, g_ptr_array_unref);
  g_clear_pointer (&turn->counts, fp_item_counts_free);
}

static void
clear_turn (gpointer data)
{
  FpSyncTurn *turn = data;

  clear_results (turn);
  g_clear_pointer (&turn->outcomes, g_ptr_array_unref);
  g_clear_pointer (&turn->claims, g_array_unref);
  g_clear_pointer (&turn->parks, g_array_unref);
  g_clear_pointer (&turn->clear_hosts, g_hash_table_unref);
  g_clear_pointer (&turn->closed, g_hash_table_unref);
  g_clear_pointer (&turn->limits, g_hash_table_unref);
  g_free (turn->clear_tag);
  g_free (turn->boot_id);
}

void
fp_sync_turn_unref (gpointer turn)
{
  g_atomic_rc_box_release_full (turn, clear_turn);
}

gboolean
fp_sync_turn_is_write (FpSyncTurn *turn)
{
  return turn->begin || turn->clear != FP_SYNC_CLEAR_NONE || turn->clear_hosts || turn->unpark || turn->go_on
         || turn->shift != 0
         || turn->drop_ballast || turn->outcomes->len > 0 || turn->claims->len > 0 || turn->parks->len > 0;
}

/* The lock was the lease: its last holder is gone, so nobody sends these any more. What it had begun may have
 * arrived; maybe_delivered says so since the claim. What a person had broken off stays with him. */
static gboolean
orphan (FpStoreTxn  *txn,
        FpItem      *item,
        GError     **error)
{
  gboolean stale;
  gboolean asks;

  if (!fp_sync_asks_if_lost (txn, item, &asks, error))
    return FALSE;
  if (!item->hold && asks)
    item->hold = g_strdup ("lost");
  if (!fp_item_machine_step (item, item->hold ? FP_EVENT_HOLD : FP_EVENT_ORPHAN))
    return TRUE;

  return _fp_sync_turn_update (txn, item, FP_ITEM_SENDING, &stale, error);
}

static gboolean
begin (FpStoreTxn  *txn,
       FpSyncTurn  *turn,
       GError     **error)
{
  return _fp_sync_turn_for_each (txn, 1 << FP_ITEM_SENDING, NULL, orphan, error)
         && _fp_sync_turn_clear_at_start (txn, turn, error);
}

/* What a person broke off is his, whatever the attempt came to, unless the server has it. It is a try, too: unlike what
 * we break off for the network, it does not go on by itself, so that none of the quick tries is lost. */
static void
hold_if_broken_off (FpSyncOutcome *outcome,
                    GHashTable    *broken_off)
{
  FpItem *item = outcome->item;

  if (item->state == FP_ITEM_SENT || !g_hash_table_contains (broken_off, &item->id))
    return;

  if (item->state != FP_ITEM_HELD)
    fp_item_machine_step (item, FP_EVENT_HOLD);
  g_free (item->hold);
  item->hold = g_strdup ("user");
  item->next_try = 0;
  /* Once, also where the transaction is tried again. */
  item->attempts += outcome->cut ? 1 : 0;
  outcome->cut = FALSE;
}

/* A batch that was refused and frozen anew is no item that failed. */
static gboolean
settle_batch (FpStoreTxn     *txn,
              FpSyncOutcome  *outcome,
              GError        **error)
{
  gboolean replaced;

  if (!fp_batch_settle (txn, outcome->item, &replaced, error))
    return FALSE;
  if (replaced)
    outcome->newly_failed = FALSE;

  return TRUE;
}

/* Receipt and state in one transaction (design 3.3). */
static gboolean
write_outcome (FpStoreTxn           *txn,
               FpSyncOutcome        *outcome,
               GHashTable           *broken_off,
               GError              **error)
{
  gboolean stale;

  /* The receipt first: a sent item without one would have SQLite look through all items for more of the kind. */
  if (!fp_sync_hold_check (txn, outcome, error)
      || (outcome->receipt && !fp_item_rows_add_receipt (txn, outcome->receipt, error)))
    return FALSE;
  hold_if_broken_off (outcome, broken_off);
  if (!_fp_sync_turn_update (txn, outcome->item, FP_ITEM_SENDING, &stale, error))
    return FALSE;
  if (stale)
    {
      g_message ("item %" G_GINT64_FORMAT " was changed while it was sent", outcome->item->id);
      return TRUE;
    }

  return fp_sync_hold_settle (txn, outcome, error) && settle_batch (txn, outcome, error);
}

/* The text of a setting, NULL where it was never set; FALSE on error. */
static gboolean
read_setting (FpStoreTxn  *txn,
              const char  *name,
              char       **text,
              GError     **error)
{
  g_autoptr(GError) local = NULL;

  *text = fp_setting_rows_get (txn, name, &local);
  if (!local || _fp_sync_turn_is_stale (local))
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static gboolean
read_paused (FpStoreTxn  *txn,
             FpSyncTurn  *turn,
             GError     **error)
{
  g_autofree char *paused = NULL;

  if (!read_setting (txn, SETTING_PAUSED, &paused, error))
    return FALSE;

  turn->paused = g_strcmp0 (paused, "1") == 0;
  return TRUE;
}

/* What is no rule was not written by us, and is as if it never was set. */
static gboolean
read_metered (FpStoreTxn  *txn,
              FpSyncTurn  *turn,
              GError     **error)
{
  g_autofree char *rule = NULL;
  g_autofree char *limit = NULL;

  if (!read_setting (txn, SETTING_METERED, &rule, error)
      || !read_setting (txn, SETTING_METERED_LIMIT, &limit, error))
    return FALSE;

  if (!fp_metered_from_string (rule, &turn->metered))
    turn->metered = FP_METERED_LIMIT;
  if (!fp_metered_limit_from_string (limit, &turn->metered_limit))
    turn->metered_limit = FP_METERED_LIMIT_BYTES;

  return TRUE;
}

static gboolean
look (FpStoreTxn  *txn,
      FpSyncTurn  *turn,
      GError     **error)
{
  g_autoptr(GError) local = NULL;

  if (!read_metered (txn, turn, error) || !fp_hold_rows_is_unfinished (txn, &turn->unfinished, error))
    return FALSE;
  turn->due = fp_item_rows_due (txn, turn->boot_ms, turn->boot_id, turn->closed, turn->limit, error);
  if (!turn->due)
    return FALSE;

  if (turn->look_at_waiting)
    {
      turn->waiting = fp_item_rows_due (txn, G_MAXINT64 - 1, turn->boot_id, NULL, 1, error);
      if (!turn->waiting)
        return FALSE;
    }

  turn->next_due = fp_item_rows_next_due (txn, turn->boot_ms, turn->boot_id, &local);
  if (local)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }

  turn->counts = fp_item_rows_count (txn, error);
  return turn->counts != NULL;
}

static gboolean
is_new_chance (const FpSyncTurn *turn)
{
  return turn->begin || (turn->clear != FP_SYNC_CLEAR_NONE && !turn->clear_tag && !turn->again);
}

/* Another network may have another proxy, or none. */
static gboolean
lift_proxies (FpStoreTxn  *txn,
              FpSyncTurn  *turn,
              GError     **error)
{
  return !is_new_chance (turn) || fp_hold_rows_lift_all (txn, FP_HOLD_PROXY, error);
}

static gboolean
wants_to_ask (const FpSyncTurn *turn)
{
  for (guint i = 0; i < turn->outcomes->len; i++)
    {
      const FpSyncOutcome *outcome = g_ptr_array_index (turn->outcomes, i);

      if (outcome->hold && outcome->hold->kind == FP_HOLD_FORM)
        return TRUE;
    }

  return is_new_chance (turn);
}

gpointer
fp_sync_turn_run (FpStoreTxn  *txn,
                  gpointer     data,
                  GError     **error)
{
  FpSyncTurn *turn = data;

  /* The store may run it again after a rollback. */
  clear_results (turn);
  turn->claimed = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_sync_claim_free);

  /* Alone, since it is to succeed on a full disk. */
  if (turn->drop_ballast)
    {
      fp_ballast_drop (txn);
      return turn;
    }
  if (turn->begin && !begin (txn, turn, error))
    return NULL;
  if (turn->look || turn->outcomes->len > 0)
    {
      turn->broken_off = fp_item_rows_broken_off (txn, error);
      if (!turn->broken_off)
        return NULL;
    }
  for (guint i = 0; i < turn->outcomes->len; i++)
    if (!write_outcome (txn, g_ptr_array_index (turn->outcomes, i), turn->broken_off, error))
      return NULL;
  if (!_fp_sync_turn_change_waits (txn, turn, error) || !lift_proxies (txn, turn, error)
      || (turn->go_on && !fp_hold_rows_go_on (txn, error)) || !read_paused (txn, turn, error))
    return NULL;
  turn->wants_to_ask = wants_to_ask (turn);
  turn->full = turn->claims->len > 0 && !fp_ballast_allows_claim (txn);
  for (guint i = 0; i < turn->claims->len && !turn->paused && !turn->full; i++)
    if (!_fp_sync_turn_claim (txn, turn, g_array_index (turn->claims, gint64, i), error))
      return NULL;
  if (turn->look && !look (txn, turn, error))
    return NULL;

  return turn;
}
