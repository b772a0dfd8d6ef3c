#include "sync/fp-sync-private.h"

static const char *const state_words[] = {
  [FP_SYNC_IDLE] = "idle",     [FP_SYNC_SYNCING] = "syncing", [FP_SYNC_OFFLINE] = "offline",
  [FP_SYNC_PORTAL] = "portal", [FP_SYNC_PAUSED] = "paused",   [FP_SYNC_ERROR] = "error",
};

/**
 * fp_sync_state_to_string:
 *
 * Returns: the word of the D-Bus property Status and of JSON
 */
const char *
fp_sync_state_to_string (FpSyncState state)
{
  g_return_val_if_fail ((guint) state < G_N_ELEMENTS (state_words), NULL);

  return state_words[state];
}

/**
 * fp_sync_state_from_string:
 * @state: (out): set where TRUE is returned
 *
 * Returns: FALSE for a word that is none of them
 */
gboolean
fp_sync_state_from_string (const char  *word,
                           FpSyncState *state)
{
  for (guint i = 0; word && i < G_N_ELEMENTS (state_words); i++)
    if (g_str_equal (word, state_words[i]))
      {
        *state = i;
        return TRUE;
      }

  return FALSE;
}

static gint64
get_largest (FpSync *self)
{
  if (!fp_link_get_metered (self->link) || self->metered_allowed || self->metered_rule == FP_METERED_ALWAYS)
    return FP_GATE_ANY_SIZE;

  return self->metered_rule == FP_METERED_NEVER ? -1 : self->metered_limit;
}

FpGateNetwork
fp_sync_get_network (FpSync *self)
{
  return (FpGateNetwork){ .link = fp_link_get_state (self->link),
                          .has_link = fp_link_get_has_link (self->link),
                          .paused = self->paused,
                          .largest = get_largest (self) };
}

FpGate
fp_sync_gate (FpSync       *self,
              const FpItem *item)
{
  FpGateNetwork network = fp_sync_get_network (self);
  gboolean by_hand = item->manual || g_hash_table_contains (self->asked_for, &item->id);

  return fp_gate_judge (&network, fp_sync_probe_get (self, item->host), item->reach, by_hand ? -1 : item->body_size);
}

/* What keeps @items from going: FP_GATE_OPEN if nothing does. A sign-in page is said first: there a person can act.
 * A network that costs keeps only some, and those say so themselves. */
static FpGate
common_gate (FpSync    *self,
             GPtrArray *items)
{
  FpGate found = FP_GATE_OPEN;

  for (guint i = 0; items && i < items->len; i++)
    {
      FpGate gate = fp_sync_gate (self, g_ptr_array_index (items, i));

      if (gate == FP_GATE_PORTAL)
        return gate;
      if (gate != FP_GATE_OPEN && gate != FP_GATE_METERED)
        found = gate;
    }

  return found;
}

static gboolean
is_busy (FpSync *self)
{
  return g_hash_table_size (self->flights) > 0 || self->outcomes->len > 0
         || (self->turn && (self->turn->claims->len > 0 || self->turn->outcomes->len > 0));
}

gboolean
fp_sync_is_quiet (FpSync *self)
{
  return !is_busy (self) && !self->turn && self->asking == 0 && self->retry_write == 0;
}

FpSyncState
fp_sync_compute_state (FpSync *self)
{
  FpGate gate;

  if (!self->lock)
    return FP_SYNC_IDLE;
  if (self->paused)
    return FP_SYNC_PAUSED;
  /* What arrived cannot be written down: nothing goes on until it can. */
  if (self->retry_write > 0 && g_hash_table_size (self->flights) == 0)
    return FP_SYNC_ERROR;
  if (is_busy (self))
    return FP_SYNC_SYNCING;
  /* The last look is being renewed: no flicker in between. */
  if (!self->counts || (self->turn && self->turn->look && self->state == FP_SYNC_SYNCING))
    return self->state;

  gate = common_gate (self, self->due);
  if (gate == FP_GATE_OPEN)
    gate = common_gate (self, self->waiting);
  if (gate == FP_GATE_PORTAL)
    return FP_SYNC_PORTAL;
  if (gate != FP_GATE_OPEN)
    return FP_SYNC_OFFLINE;

  if (self->counts->failed > 0 || (self->counts->waiting > 0 && self->full_until > 0))
    return FP_SYNC_ERROR;
  /* To wait for a network that does not cost is no fault. */
  if (self->counts->waiting > 0 && self->counts->reason_code
      && !g_str_equal (self->counts->reason_code, FP_ITEM_REASON_METERED))
    return FP_SYNC_ERROR;

  return FP_SYNC_IDLE;
}

/* A look counts after the changes of its turn; between looks those are reckoned on. */
void
fp_sync_count_run (FpSync     *self,
                   FpSyncTurn *turn)
{
  for (guint i = 0; i < turn->outcomes->len; i++)
    if (((FpSyncOutcome *) g_ptr_array_index (turn->outcomes, i))->item->state != FP_ITEM_PENDING)
      {
        self->run_done++;
        self->left--;
      }
  /* What had failed was not among those left. */
  for (guint i = 0; i < turn->claimed->len; i++)
    if (((FpSyncClaim *) g_ptr_array_index (turn->claimed, i))->state_before == FP_ITEM_FAILED)
      self->left++;
  if (turn->look)
    self->left = (gint) (self->counts->pending + self->counts->sending);
}

/**
 * fp_sync_get_run:
 * @done: (out): items delivered or given up since the state became syncing
 * @total: (out): those, and what is pending or under way
 *
 * Right after each commit of the sender; items that other programs added meanwhile
 * count from the next look at the store on. One that is tried again counts once.
 */
void
fp_sync_get_run (FpSync *self,
                 guint  *done,
                 guint  *total)
{
  g_return_if_fail (FP_IS_SYNC (self) && done && total);

  *done = self->run_done;
  *total = self->run_done + (guint) MAX (self->left, 0);
}
