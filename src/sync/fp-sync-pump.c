#include "sync/fp-sync-private.h"

/* A disk that is full, a folder that is gone: the receipt in memory is tried again for ever, less and less often. */
#define RETRY_WRITE_MS 2000
#define RETRY_WRITE_MAX_MS 30000

/* So often a full disk is looked at again, while something is due. */
#define LOOK_AT_DISK_MS 30000

/* Remembers which items this process is about to change itself. */
static void
remember_own (FpSync     *self,
              FpSyncTurn *turn)
{
  g_clear_pointer (&self->own_ids, g_hash_table_unref);
  /* Orphans and cleared waits concern items that are not known here, but are looked at in the same turn. */
  if (turn->outcomes->len == 0 && turn->claims->len == 0 && turn->parks->len == 0)
    return;

  self->own_ids = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  for (guint i = 0; i < turn->outcomes->len; i++)
    {
      FpSyncOutcome *outcome = g_ptr_array_index (turn->outcomes, i);

      g_hash_table_add (self->own_ids, g_memdup2 (&outcome->item->id, sizeof (gint64)));
    }
  for (guint i = 0; i < turn->claims->len; i++)
    g_hash_table_add (self->own_ids, g_memdup2 (&g_array_index (turn->claims, gint64, i), sizeof (gint64)));
  for (guint i = 0; i < turn->parks->len; i++)
    g_hash_table_add (self->own_ids, g_memdup2 (&g_array_index (turn->parks, FpSyncPark, i).item, sizeof (gint64)));
}

/* It was chosen, but is not tried: if it was to ask whether its host is back, another may. */
static void
cancel_claim (FpSync *self,
              gint64  id)
{
  GHashTableIter iter;
  gpointer breaker;

  g_hash_table_iter_init (&iter, self->breakers);
  while (g_hash_table_iter_next (&iter, NULL, &breaker))
    fp_breaker_cancelled (breaker, id);
  fp_pauses_cancelled (self->pauses, id);
}

/* Nothing of @turn was written: everything that it was to do is wished again, its outcomes first. */
static void
turn_failed (FpSync       *self,
             FpSyncTurn   *turn,
             const GError *error)
{
  gint64 now = fp_clock_get_boot_ms (self->clock);
  GPtrArray *later = g_steal_pointer (&self->outcomes);
  gboolean full = g_error_matches (error, FP_STORE_ERROR, FP_STORE_ERROR_FULL);

  if (self->retry_write == 0)
    g_message ("The outbox cannot be %s: %s", fp_sync_turn_is_write (turn) ? "written" : "read", error->message);

  self->outcomes = g_steal_pointer (&turn->outcomes);
  g_ptr_array_extend_and_steal (self->outcomes, later);
  turn->outcomes = g_ptr_array_new ();

  for (guint i = 0; i < turn->claims->len; i++)
    cancel_claim (self, g_array_index (turn->claims, gint64, i));
  fp_sync_wishes_repeat (self, turn);

  self->retry_wait = self->retry_wait > 0 ? MIN (self->retry_wait * 2, RETRY_WRITE_MAX_MS) : RETRY_WRITE_MS;
  self->retry_write = now + self->retry_wait;
  if (full)
    self->full_until = now + LOOK_AT_DISK_MS;
  if (full && self->outcomes->len > 0 && !self->dropped_ballast)
    {
      self->want_drop_ballast = TRUE;
      self->retry_write = now;
    }
  g_clear_pointer (&self->due, g_ptr_array_unref);
}

/* Claims that did not come about: the item was no longer there to be claimed. */
static void
release_unclaimed (FpSync     *self,
                   FpSyncTurn *turn)
{
  g_autoptr(GHashTable) claimed = g_hash_table_new (g_int64_hash, g_int64_equal);

  for (guint i = 0; i < turn->claimed->len; i++)
    g_hash_table_add (claimed, &((FpSyncClaim *) g_ptr_array_index (turn->claimed, i))->item->id);
  for (guint i = 0; i < turn->claims->len; i++)
    {
      gint64 id = g_array_index (turn->claims, gint64, i);

      if (!g_hash_table_contains (claimed, &id))
        cancel_claim (self, id);
    }
}

/* Begins with what was claimed, as far as there is room. */
static void
start_claimed (FpSync     *self,
               FpSyncTurn *turn)
{
  g_autoptr(GHashTable) hosts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer host;

  g_ptr_array_set_free_func (turn->claimed, NULL);
  for (guint i = 0; i < turn->claimed->len; i++)
    {
      FpSyncClaim *claim = g_ptr_array_index (turn->claimed, i);

      g_hash_table_add (hosts, g_strdup (claim->item->host));
      fp_reserve_push (self->reserve, claim);
    }
  g_ptr_array_set_size (turn->claimed, 0);

  g_hash_table_iter_init (&iter, hosts);
  while (g_hash_table_iter_next (&iter, &host, NULL))
    fp_sync_fill (self, host);
}

static void
take_look (FpSync     *self,
           FpSyncTurn *turn)
{
  g_clear_pointer (&self->due, g_ptr_array_unref);
  g_clear_pointer (&self->waiting, g_ptr_array_unref);
  g_clear_pointer (&self->counts, fp_item_counts_free);
  self->due = g_steal_pointer (&turn->due);
  self->waiting = g_steal_pointer (&turn->waiting);
  self->counts = g_steal_pointer (&turn->counts);
  self->next_due = turn->next_due;
  self->looked_at = turn->boot_ms;
  self->look_at = 0;
  if (turn->unfinished)
    self->want_go_on = self->want_look = TRUE;
  if (turn->metered != self->metered_rule || turn->metered_limit != self->metered_limit)
    self->want_unpark = TRUE;
  self->metered_rule = turn->metered;
  self->metered_limit = turn->metered_limit;

  g_hash_table_remove_all (self->rows_left);
  for (guint i = 0; i < self->due->len; i++)
    {
      const FpItem *item = g_ptr_array_index (self->due, i);
      guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->rows_left, item->host));

      g_hash_table_insert (self->rows_left, g_strdup (item->host), GUINT_TO_POINTER (n + 1));
    }
}

static void
turn_done (FpSync     *self,
           FpSyncTurn *turn)
{
  self->retry_write = 0;
  if (turn->drop_ballast)
    return;

  self->retry_wait = 0;
  if (turn->outcomes->len > 0)
    self->dropped_ballast = FALSE;
  if (turn->claims->len > 0)
    self->full_until = turn->full ? fp_clock_get_boot_ms (self->clock) + LOOK_AT_DISK_MS : 0;
  if (turn->look)
    take_look (self, turn);
  if (turn->more || turn->more_parked)
    fp_sync_wishes_clear_on (self, turn);
  if (turn->paused != self->paused)
    {
      self->paused = turn->paused;
      fp_sync_flights_break (self, FALSE);
    }

  fp_sync_count_run (self, turn);
  for (guint i = 0; i < turn->outcomes->len; i++)
    fp_sync_emit_outcome (self, g_ptr_array_index (turn->outcomes, i));
  if (turn->broken_off)
    fp_sync_flights_break_off (self, turn->broken_off);
  if (turn->wants_to_ask && !self->stopping)
    fp_sync_ask_forms (self);

  release_unclaimed (self, turn);
  start_claimed (self, turn);
}

static void
turn_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(FpSync) self = user_data;
  FpSyncTurn *turn = g_steal_pointer (&self->turn);
  g_autoptr(GError) error = NULL;
  gpointer done;

  /* Its own "changed" came before this call. */
  g_clear_pointer (&self->own_ids, g_hash_table_unref);
  if (fp_sync_turn_is_write (turn))
    done = fp_store_write_finish (FP_STORE (source), result, &error);
  else
    done = fp_store_read_finish (FP_STORE (source), result, &error);

  if (done)
    turn_done (self, turn);
  else
    turn_failed (self, turn, error);
  fp_sync_turn_unref (turn);

  if (self->stopping)
    fp_sync_check_stopped (self, error);
  fp_sync_pump (self);
}

/**
 * fp_sync_pump:
 *
 * The heart: starts one turn of the store if there is a wish and none is under way.
 * Whatever happens ends here; it may be called at any time.
 */
void
fp_sync_pump (FpSync *self)
{
  FpSyncTurn *turn = NULL;

  if (self->turn || !self->lock)
    return;

  if (self->retry_write == 0 || self->stopping || fp_clock_get_boot_ms (self->clock) >= self->retry_write)
    turn = fp_sync_wishes_take (self);
  if (!turn)
    {
      if (!self->stopping)
        fp_sync_probe_ask (self);
      if (fp_sync_is_quiet (self))
        self->metered_allowed = FALSE;
      fp_sync_update_state (self);
      fp_sync_arm (self);
      if (self->stopping)
        fp_sync_check_stopped (self, NULL);
      return;
    }

  self->turn = turn;
  fp_sync_update_state (self);
  if (fp_sync_turn_is_write (turn))
    {
      remember_own (self, turn);
      fp_store_write_async (self->store, fp_sync_turn_run, fp_sync_turn_ref (turn), fp_sync_turn_unref, NULL, NULL,
                            turn_cb, g_object_ref (self));
    }
  else
    {
      fp_store_read_async (self->store, fp_sync_turn_run, fp_sync_turn_ref (turn), fp_sync_turn_unref, NULL, NULL,
                           turn_cb, g_object_ref (self));
    }
}
