#include "sync/fp-sync-private.h"

/* A larger one takes longer than a commit: it is not claimed ahead, nor what comes after it. */
#define AHEAD_MAX_BYTES 65536

/* So many of a paused destination are put off in one turn. */
#define PARKS_MAX 256

/* What is known of a host while a turn is filled. */
typedef struct {
  FpBreaker *breaker;   /* borrowed */
  guint      in_flight; /* with what was taken for this turn */
  guint      room;      /* how many more may go */
  guint      ahead;     /* how many more may be claimed besides */
  gboolean   half_open; /* one may go: the one with the fewest tries */
  GPtrArray *askers;    /* FpItem, borrowed from self->due */
} Host;

typedef struct {
  FpSync     *sync;
  FpSyncTurn *turn;
  GHashTable *hosts;     /* name -> Host */
  guint       in_flight; /* of all hosts, with what was taken for this turn */
  gint64      now;       /* boot ms */
} Choice;

static void
host_free (gpointer data)
{
  Host *host = data;

  g_ptr_array_unref (host->askers);
  g_free (host);
}

guint
fp_sync_count_flights (FpSync     *self,
                       const char *host)
{
  GHashTableIter iter;
  gpointer value;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->flights);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (g_str_equal (((FpSyncFlight *) value)->claim->item->host, host))
      n++;

  return n;
}

static Host *
get_host (Choice     *choice,
          const char *name)
{
  Host *host = g_hash_table_lookup (choice->hosts, name);

  if (!host)
    {
      host = g_new0 (Host, 1);
      host->breaker = fp_sync_get_breaker (choice->sync, name);
      host->in_flight = fp_sync_count_flights (choice->sync, name);
      host->room = fp_breaker_get_room (host->breaker, choice->now, host->in_flight, FP_SYNC_PER_HOST);
      host->ahead = fp_breaker_get_until (host->breaker) == 0 ? fp_reserve_get_ahead (choice->sync->reserve, name) : 0;
      host->half_open = fp_breaker_is_half_open (host->breaker, choice->now);
      host->askers = g_ptr_array_new ();
      g_hash_table_insert (choice->hosts, g_strdup (name), host);
    }

  return host;
}

/* The first of a host nearly always has its place, so that hosts that hang with all they may have starve no other. */
static gboolean
has_place (Choice     *choice,
           const Host *host)
{
  return choice->in_flight < (host->in_flight == 0 ? FP_SYNC_HOSTS_AT_ONCE : FP_SYNC_AT_ONCE);
}

/* One row less of the last look; the last one of its host makes us look for more. */
static void
use_row (FpSync       *self,
         const FpItem *item)
{
  guint left = GPOINTER_TO_UINT (g_hash_table_lookup (self->rows_left, item->host));

  if (left <= 1)
    self->want_look = TRUE;
  g_hash_table_insert (self->rows_left, g_strdup (item->host), GUINT_TO_POINTER (left > 0 ? left - 1 : 0));
}

static void
take (Choice       *choice,
      Host         *host,
      const FpItem *item)
{
  fp_breaker_began (host->breaker, item->id, choice->now);
  fp_pauses_began (choice->sync->pauses, item);
  g_array_append_val (choice->turn->claims, item->id);
  use_row (choice->sync, item);
  choice->in_flight++;
  host->in_flight++;
  host->room--;
}

/* It starts when one of its host has ended. */
static void
take_ahead (Choice       *choice,
            Host         *host,
            const FpItem *item)
{
  if (host->ahead == 0 || item->body_size > AHEAD_MAX_BYTES)
    {
      host->ahead = 0;
      return;
    }

  fp_pauses_began (choice->sync->pauses, item);
  g_array_append_val (choice->turn->claims, item->id);
  use_row (choice->sync, item);
  host->ahead--;
}

/* A person wants it now: it is what asks whether the host is back. */
static void
open_for_manual (Choice       *choice,
                 Host         *host,
                 const FpItem *item)
{
  if (!item->manual || host->room > 0 || !fp_breaker_let_ask (host->breaker, choice->now))
    return;

  host->room = 1;
  host->half_open = TRUE;
}

/* What is not to go for a while is not to stand before what may. */
static void
park (Choice       *choice,
      const FpItem *item,
      gint64        until)
{
  FpSyncPark park = { item->id, until };

  g_array_append_val (choice->turn->parks, park);
  use_row (choice->sync, item);
}

/* TRUE if its destination is paused. That it is due again at some time is to be heard of by the next look. */
static gboolean
postpone (Choice       *choice,
          const FpItem *item)
{
  gint64 until = fp_pauses_get_until (choice->sync->pauses, item, choice->now);

  if (until == 0)
    return FALSE;
  if (choice->turn->parks->len < PARKS_MAX)
    park (choice, item, until);

  choice->sync->want_look = TRUE;
  return TRUE;
}

static void
consider (Choice       *choice,
          const FpItem *item)
{
  FpGate gate = fp_sync_gate (choice->sync, item);
  Host *host;

  if (g_hash_table_contains (choice->sync->flights, &item->id))
    return;
  if (gate == FP_GATE_METERED)
    park (choice, item, FP_ITEM_PARKED);
  if (gate != FP_GATE_OPEN || postpone (choice, item))
    return;

  host = get_host (choice, item->host);
  open_for_manual (choice, host, item);
  if (host->room == 0)
    take_ahead (choice, host, item);
  else if (host->half_open)
    g_ptr_array_add (host->askers, (gpointer) item);
  else if (has_place (choice, host))
    take (choice, host, item);
}

static void
choose_askers (Choice *choice)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, choice->hosts);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Host *host = value;

      if (host->askers->len > 0 && has_place (choice, host))
        take (choice, host, g_ptr_array_index (host->askers, fp_breaker_pick (host->breaker, host->askers)));
    }
}

static void
forget_used (FpSync     *self,
             FpSyncTurn *turn)
{
  g_autoptr(GHashTable) used = g_hash_table_new (g_int64_hash, g_int64_equal);
  g_autoptr(GPtrArray) before = NULL;

  if (turn->claims->len + turn->parks->len == 0)
    return;

  before = g_steal_pointer (&self->due);
  for (guint i = 0; i < turn->claims->len; i++)
    g_hash_table_add (used, &g_array_index (turn->claims, gint64, i));
  for (guint i = 0; i < turn->parks->len; i++)
    g_hash_table_add (used, &g_array_index (turn->parks, FpSyncPark, i).item);
  self->due = g_ptr_array_new_full (before->len, (GDestroyNotify) fp_item_free);
  g_ptr_array_set_free_func (before, NULL);
  for (guint i = 0; i < before->len; i++)
    {
      FpItem *item = g_ptr_array_index (before, i);

      if (g_hash_table_contains (used, &item->id))
        fp_item_free (item);
      else
        g_ptr_array_add (self->due, item);
    }
}

/**
 * fp_sync_choose:
 *
 * Fills @turn with what may go now, in due order: hosts are independent, an open
 * gate and a closed breaker given; and with what has to wait for another network.
 */
void
fp_sync_choose (FpSync     *self,
                FpSyncTurn *turn)
{
  Choice choice = { .sync = self,
                    .turn = turn,
                    .in_flight = g_hash_table_size (self->flights),
                    .now = fp_clock_get_boot_ms (self->clock) };

  if (!self->due || self->paused || choice.now < self->full_until)
    return;

  choice.hosts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, host_free);
  for (guint i = 0; i < self->due->len && choice.in_flight < FP_SYNC_HOSTS_AT_ONCE; i++)
    consider (&choice, g_ptr_array_index (self->due, i));
  choose_askers (&choice);
  forget_used (self, turn);
  g_hash_table_unref (choice.hosts);
}
