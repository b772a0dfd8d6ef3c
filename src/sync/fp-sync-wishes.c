#include "sync/fp-sync-private.h"

/* Rows a host that one look brings. More where the gate is closed for most: what may go must not stand behind. */
#define ROWS_A_HOST 32
#define ROWS_A_HOST_BLOCKED 512

static GHashTable *
dup_closed_hosts (FpSync *self)
{
  g_autoptr(GHashTable) closed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  gint64 now = fp_clock_get_boot_ms (self->clock);
  GHashTableIter iter;
  gpointer host, breaker;

  g_hash_table_iter_init (&iter, self->breakers);
  while (g_hash_table_iter_next (&iter, &host, &breaker))
    if (fp_breaker_is_closed_to_all (breaker, now))
      g_hash_table_add (closed, g_strdup (host));

  return g_steal_pointer (&closed);
}

/* After a delivery the last look still holds. After anything else there is a new wait and a new reason; and when
 * nothing is left under way the whole is told anew. */
static gboolean
needs_look (FpSync     *self,
            FpSyncTurn *turn)
{
  if (turn->outcomes->len == 0)
    return FALSE;
  for (guint i = 0; i < turn->outcomes->len; i++)
    if (((FpSyncOutcome *) g_ptr_array_index (turn->outcomes, i))->item->state != FP_ITEM_SENT)
      return TRUE;

  return g_hash_table_size (self->flights) == 0 && turn->claims->len == 0;
}

/* Is anything to be changed about waits before something can be chosen? */
static gboolean
has_wish (FpSync *self)
{
  return self->want_begin || self->want_clear != FP_SYNC_CLEAR_NONE || self->want_clear_hosts || self->want_unpark
         || self->want_shift != 0;
}

static void
hand_over_wishes (FpSync     *self,
                  FpSyncTurn *turn)
{
  if (!has_wish (self) || self->clearing)
    fp_sync_choose (self, turn);
  turn->begin = self->want_begin;
  turn->clear = self->want_clear;
  turn->clear_tag = g_steal_pointer (&self->want_clear_tag);
  turn->clear_after = self->clear_after;
  turn->again = self->clearing;
  turn->clear_hosts = g_steal_pointer (&self->want_clear_hosts);
  turn->shift = self->want_shift;
  turn->unpark = self->want_unpark;
  turn->go_on = self->want_go_on;
  turn->look = self->want_look || needs_look (self, turn);

  self->clearing = FALSE;
  self->clear_after = 0;
  self->want_begin = FALSE;
  self->want_clear = FP_SYNC_CLEAR_NONE;
  self->want_shift = 0;
  self->want_unpark = FALSE;
  self->want_go_on = FALSE;
  self->want_look = FALSE;
}

/* Room for what is to be written; until then everything else waits. */
static FpSyncTurn *
drop_turn_new (FpSync *self)
{
  FpSyncTurn *turn = fp_sync_turn_new ();

  turn->drop_ballast = TRUE;
  self->want_drop_ballast = FALSE;
  self->dropped_ballast = TRUE;

  return turn;
}

FpSyncTurn *
fp_sync_wishes_take (FpSync *self)
{
  FpSyncTurn *turn;

  if (self->want_drop_ballast)
    return drop_turn_new (self);

  turn = fp_sync_turn_new ();
  g_ptr_array_extend_and_steal (turn->outcomes, g_steal_pointer (&self->outcomes));
  self->outcomes = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_sync_outcome_free);
  if (!self->stopping)
    hand_over_wishes (self, turn);
  if (!fp_sync_turn_is_write (turn) && !turn->look)
    {
      fp_sync_turn_unref (turn);
      return NULL;
    }

  turn->look_at_waiting = !self->usable;
  turn->boot_ms = fp_clock_get_boot_ms (self->clock);
  turn->boot_id = g_strdup (fp_clock_get_boot_id (self->clock));
  turn->limits = g_hash_table_ref (self->limits);
  turn->closed = dup_closed_hosts (self);
  turn->limit = self->usable && !fp_pauses_any (self->pauses) ? ROWS_A_HOST + 2 * fp_reserve_get_most (self->reserve)
                                                              : ROWS_A_HOST_BLOCKED;

  return turn;
}

static void
clear_host_cb (gpointer host,
               gpointer value,
               gpointer self)
{
  fp_sync_wish_to_clear_host (self, host);
}

static void
clear_on_host_cb (gpointer host,
                  gpointer value,
                  gpointer self)
{
  fp_sync_add_host_to_clear (self, host);
}

void
fp_sync_wishes_repeat (FpSync     *self,
                       FpSyncTurn *turn)
{
  self->want_begin |= turn->begin;
  self->want_unpark |= turn->unpark;
  self->want_shift += turn->shift;
  self->want_look = TRUE;
  if (turn->clear_hosts)
    g_hash_table_foreach (turn->clear_hosts, clear_host_cb, self);
  if (turn->clear != FP_SYNC_CLEAR_NONE)
    fp_sync_wish_to_clear (self, turn->clear, turn->clear_tag);
}

void
fp_sync_wishes_clear_on (FpSync     *self,
                         FpSyncTurn *turn)
{
  gboolean others = has_wish (self);

  self->want_unpark |= turn->more_parked;
  if (turn->more && turn->clear_hosts)
    g_hash_table_foreach (turn->clear_hosts, clear_on_host_cb, self);
  if (turn->more && (turn->begin || turn->clear != FP_SYNC_CLEAR_NONE))
    fp_sync_wish_to_clear (self, MAX (turn->clear, FP_SYNC_CLEAR_CHANCE), turn->clear_tag);
  self->clearing = !others;
  self->clear_after = turn->more && !others ? turn->cleared_to : 0;
  self->want_look = TRUE;
}
