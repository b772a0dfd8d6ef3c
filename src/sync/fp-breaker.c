#include "sync/fp-breaker.h"

#define FIRST_OPEN_MS G_GINT64_CONSTANT (1000)
#define LONGEST_OPEN_MS G_GINT64_CONSTANT (300000)

/* So long a Retry-After of one item binds the others; then one of them may ask by itself. The item that got it waits
 * to the end. */
#define LONGEST_ASKED_MS G_GINT64_CONSTANT (900000)

#define NOBODY G_GINT64_CONSTANT (0)

struct _FpBreaker
{
  gboolean    open;
  gint64      until;        /* boot ms */
  gint64      asked_until;  /* boot ms: the part of @until that the server asked for */
  guint       opened;       /* how many times in a row */
  gint64      probe;        /* the item that asks, or NOBODY */

  gint64      broken_item;  /* the last one with a 5xx */

  GHashTable *faults;       /* item -> how many attempts in a row without an answer */
};

FpBreaker *
fp_breaker_new (void)
{
  FpBreaker *self = g_new0 (FpBreaker, 1);

  self->faults = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  return self;
}

void
fp_breaker_free (FpBreaker *self)
{
  g_hash_table_unref (self->faults);
  g_free (self);
}

gboolean
fp_breaker_is_closed_to_all (FpBreaker *self,
                             gint64     now)
{
  return self->open && (self->probe != NOBODY || now < self->until);
}

gboolean
fp_breaker_is_half_open (FpBreaker *self,
                         gint64     now)
{
  return self->open && self->probe == NOBODY && now >= self->until;
}

gboolean
fp_breaker_let_ask (FpBreaker *self,
                    gint64     now)
{
  if (!self->open || self->probe != NOBODY)
    return FALSE;

  self->until = MIN (self->until, now);
  return TRUE;
}

gint64
fp_breaker_get_until (FpBreaker *self)
{
  return self->open ? self->until : 0;
}

guint
fp_breaker_get_room (FpBreaker *self,
                     gint64     now,
                     guint      in_flight,
                     guint      limit)
{
  if (fp_breaker_is_closed_to_all (self, now))
    return 0;
  if (self->open)
    return 1;

  return in_flight < limit ? limit - in_flight : 0;
}

guint
fp_breaker_get_faults (FpBreaker *self,
                       gint64     item)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->faults, &item));
}

guint
fp_breaker_pick (FpBreaker *self,
                 GPtrArray *items)
{
  guint best = 0;
  guint fewest = G_MAXUINT;

  g_return_val_if_fail (items->len > 0, 0);

  for (guint i = 0; i < items->len; i++)
    {
      const FpItem *item = g_ptr_array_index (items, i);
      guint tries = item->attempts + fp_breaker_get_faults (self, item->id);

      if (tries < fewest)
        {
          fewest = tries;
          best = i;
        }
    }

  return best;
}

void
fp_breaker_began (FpBreaker *self,
                  gint64     item,
                  gint64     now)
{
  if (fp_breaker_is_half_open (self, now))
    self->probe = item;
}

void
fp_breaker_cancelled (FpBreaker *self,
                      gint64     item)
{
  if (self->probe == item)
    self->probe = NOBODY;
}

static void
close_it (FpBreaker *self)
{
  self->open = FALSE;
  self->until = 0;
  self->asked_until = 0;
  self->opened = 0;
  self->probe = NOBODY;
}

static gint64
doubled (gint64 first,
         guint  times,
         gint64 longest)
{
  return times >= 16 ? longest : MIN (longest, first << times);
}

static void
open_for (FpBreaker *self,
          gint64     wait,
          gint64     now)
{
  self->open = TRUE;
  self->probe = NOBODY;
  self->until = MAX (now + wait, self->asked_until);
}

/* Requests that were under way when it opened fail too; they tell nothing new and do not lengthen the wait. */
static void
open_for_fault (FpBreaker *self,
                gboolean   was_probe,
                gint64     retry_after,
                FpRandom  *random,
                gint64     now)
{
  if (retry_after > 0)
    self->asked_until = MAX (self->asked_until, now + MIN (retry_after, LONGEST_ASKED_MS));

  if (!self->open || was_probe)
    {
      gint64 wait = doubled (FIRST_OPEN_MS, self->opened++, LONGEST_OPEN_MS);

      open_for (self, wait / 2 + fp_random_below (random, wait / 2 + 1), now);
    }
  else
    {
      self->until = MAX (self->until, self->asked_until);
    }
}

static void
note_fault (FpBreaker *self,
            gint64     item)
{
  guint faults = fp_breaker_get_faults (self, item) + 1;

  g_hash_table_insert (self->faults, g_memdup2 (&item, sizeof item), GUINT_TO_POINTER (faults));
}

/* Server errors: one item alone may be what breaks the server, two are the server. */
static void
ended_with_error (FpBreaker       *self,
                  gint64           item,
                  const FpVerdict *verdict,
                  gboolean         was_probe,
                  FpRandom        *random,
                  gint64           now)
{
  gboolean another = self->broken_item != NOBODY && self->broken_item != item;

  self->broken_item = item;
  if (another || was_probe)
    open_for_fault (self, was_probe, verdict->retry_after, random, now);
}

/**
 * fp_breaker_ended:
 * @item: the item that was tried
 * @verdict: what came of it
 * @http_status: of the answer, 0 = none
 * @random: source of the jitter
 * @now: boot ms
 *
 * Takes note of how an attempt ended. Opens on connection faults, 429 and 503, on
 * something that answered in the server's place, and on a 5xx of two different items;
 * closes when the server accepts something or answers the asking item. What a server
 * refuses is no fault of the host: see fp-pauses.h.
 */
void
fp_breaker_ended (FpBreaker       *self,
                  gint64           item,
                  const FpVerdict *verdict,
                  guint            http_status,
                  FpRandom        *random,
                  gint64           now)
{
  gboolean was_probe = self->probe == item;

  if (verdict->kind == FP_VERDICT_RECEIPT)
    {
      close_it (self);
      self->broken_item = NOBODY;
    }
  else if (verdict->opens_breaker || verdict->kind == FP_VERDICT_BETWEEN)
    {
      if (!verdict->contacted)
        note_fault (self, item);
      open_for_fault (self, was_probe, verdict->retry_after, random, now);
    }
  else if (http_status >= 500)
    {
      ended_with_error (self, item, verdict, was_probe, random, now);
    }
  else if (http_status == 0)
    {
      /* Nothing was sent (a missing file, a locked keyring): the host was not asked. */
      note_fault (self, item);
      fp_breaker_cancelled (self, item);
    }
  else if (was_probe)
    {
      close_it (self);
    }

  if (http_status != 0 && verdict->contacted)
    g_hash_table_remove (self->faults, &item);
}

void
fp_breaker_reset (FpBreaker *self,
                  gboolean   even_retry_after,
                  gint64     now)
{
  gint64 asked = self->asked_until;

  close_it (self);
  self->broken_item = NOBODY;
  g_hash_table_remove_all (self->faults);

  if (!even_retry_after && asked > now)
    {
      self->asked_until = asked;
      open_for (self, 0, now);
    }
}
