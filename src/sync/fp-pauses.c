#include "sync/fp-pauses.h"

#include <string.h>

#define REFUSALS_TO_PAUSE 3
#define FIRST_PAUSE_MS G_GINT64_CONSTANT (30000)
#define LONGEST_PAUSE_MS G_GINT64_CONSTANT (3600000)

#define NOBODY G_GINT64_CONSTANT (0)

/* One destination; there is none before its first refusal and after its first receipt. */
typedef struct
{
  guint  status;    /* the last 4xx… */
  guint  refusals;  /* …how many items in a row got it… */
  gint64 refused;   /* …the last of them */
  gint64 until;     /* boot ms; 0 = it is not paused */
  guint  times;     /* how many pauses in a row */
  gint64 asker;     /* the item under way that asks whether it is over, or NOBODY */
} Destination;

struct _FpPauses
{
  GHashTable *destinations; /* key -> Destination */
  guint       n_paused;
};

FpPauses *
fp_pauses_new (void)
{
  FpPauses *self = g_new0 (FpPauses, 1);

  self->destinations = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  return self;
}

void
fp_pauses_free (FpPauses *self)
{
  g_hash_table_unref (self->destinations);
  g_free (self);
}

/* A newline is in no URL. */
static char *
dup_key (const FpItem *item)
{
  int length = (int) strcspn (item->url, "?#");
  gint64 form = item->protocol == FP_PROTOCOL_OPENROSA ? item->form : 0;

  return g_strdup_printf ("%.*s\n%" G_GINT64_FORMAT, length, item->url, form);
}

static Destination *
find (FpPauses     *self,
      const FpItem *item)
{
  g_autofree char *key = NULL;

  /* Nearly always, and asked for every item that is looked at. */
  if (g_hash_table_size (self->destinations) == 0)
    return NULL;

  key = dup_key (item);
  return g_hash_table_lookup (self->destinations, key);
}

gboolean
fp_pauses_any (FpPauses *self)
{
  return self->n_paused > 0;
}

/**
 * fp_pauses_get_until:
 *
 * While one asks, how long is not known: the others wait for the shortest pause.
 */
gint64
fp_pauses_get_until (FpPauses     *self,
                     const FpItem *item,
                     gint64        now)
{
  const Destination *destination = item->manual ? NULL : find (self, item);

  if (!destination || destination->until == 0)
    return 0;
  if (destination->asker != NOBODY && destination->asker != item->id)
    return MAX (destination->until, now + FIRST_PAUSE_MS);

  return destination->until > now ? destination->until : 0;
}

void
fp_pauses_began (FpPauses     *self,
                 const FpItem *item)
{
  Destination *destination = find (self, item);

  if (destination && destination->until > 0 && destination->asker == NOBODY)
    destination->asker = item->id;
}

void
fp_pauses_cancelled (FpPauses *self,
                     gint64    item)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->destinations);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((Destination *) value)->asker == item)
      ((Destination *) value)->asker = NOBODY;
}

/* What a hold keeps is kept already, and only that: other accounts and forms go on. */
static gboolean
is_refusal (const FpVerdict *verdict,
            guint            http_status)
{
  return http_status >= 400 && http_status <= 499
         && (verdict->kind == FP_VERDICT_ITEM || verdict->kind == FP_VERDICT_SLOW);
}

static Destination *
get (FpPauses     *self,
     const FpItem *item)
{
  Destination *destination = find (self, item);

  if (!destination)
    {
      destination = g_new0 (Destination, 1);
      g_hash_table_insert (self->destinations, dup_key (item), destination);
    }

  return destination;
}

static gboolean
lift (FpPauses    *self,
      Destination *destination)
{
  gboolean was_paused = destination->until > 0;

  if (was_paused)
    self->n_paused--;
  destination->until = 0;
  destination->times = 0;
  destination->asker = NOBODY;

  return was_paused;
}

static void
pause_it (FpPauses    *self,
          Destination *destination,
          gint64       now)
{
  gint64 wait = LONGEST_PAUSE_MS;

  if (destination->times < 16)
    wait = MIN (wait, FIRST_PAUSE_MS << destination->times);
  if (destination->until == 0)
    self->n_paused++;
  destination->times++;
  destination->until = now + wait;
  destination->asker = NOBODY;
}

/* Those that were under way when it was paused tell nothing new: they neither lengthen the pause nor end it. */
static gboolean
refused (FpPauses     *self,
         const FpItem *item,
         guint         http_status,
         gint64        now)
{
  Destination *destination = get (self, item);
  gboolean asked = destination->asker == item->id;

  if (destination->status != http_status)
    destination->refusals = 0;
  if (destination->refusals == 0 || destination->refused != item->id)
    destination->refusals++;
  destination->status = http_status;
  destination->refused = item->id;

  if (destination->refusals < REFUSALS_TO_PAUSE)
    return asked && lift (self, destination);
  if (destination->until == 0 || asked)
    pause_it (self, destination, now);

  return FALSE;
}

/**
 * fp_pauses_ended:
 * @item: what was tried
 *
 * Takes note of how an attempt ended. A receipt, or another refusal than the one
 * before, ends the pause. What says nothing about the destination lets another ask.
 */
gboolean
fp_pauses_ended (FpPauses        *self,
                 const FpItem    *item,
                 const FpVerdict *verdict,
                 guint            http_status,
                 gint64           now)
{
  g_autofree char *key = NULL;
  Destination *destination;
  gboolean was_paused;

  if (is_refusal (verdict, http_status))
    return refused (self, item, http_status, now);

  destination = find (self, item);
  if (!destination)
    return FALSE;
  if (verdict->kind != FP_VERDICT_RECEIPT)
    {
      if (destination->asker == item->id)
        destination->asker = NOBODY;
      return FALSE;
    }

  was_paused = lift (self, destination);
  key = dup_key (item);
  g_hash_table_remove (self->destinations, key);

  return was_paused;
}

void
fp_pauses_reset (FpPauses *self)
{
  g_hash_table_remove_all (self->destinations);
  self->n_paused = 0;
}
