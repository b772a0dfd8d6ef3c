#include "sync/fp-reserve.h"

#define FIRST 4
/* At 5,000 requests a second and 10 ms a commit, twice over and some more. */
#define MOST 256

typedef struct {
  GQueue claims; /* FpSyncClaim */
  guint ahead;   /* how many may be in it */
  gboolean asks; /* not to be sent twice without asking: nothing is claimed that is not begun */
} Host;

struct _FpReserve
{
  GHashTable *hosts; /* name -> Host */
};

static void
host_free (gpointer data)
{
  Host *host = data;

  g_queue_clear_full (&host->claims, (GDestroyNotify) fp_sync_claim_free);
  g_free (host);
}

static Host *
get_host (FpReserve  *self,
          const char *name)
{
  Host *host = g_hash_table_lookup (self->hosts, name);

  if (!host)
    {
      host = g_new0 (Host, 1);
      g_hash_table_insert (self->hosts, g_strdup (name), host);
    }

  return host;
}

FpReserve *
fp_reserve_new (void)
{
  FpReserve *self = g_new0 (FpReserve, 1);

  self->hosts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, host_free);

  return self;
}

void
fp_reserve_free (FpReserve *self)
{
  g_hash_table_unref (self->hosts);
  g_free (self);
}

void
fp_reserve_push (FpReserve   *self,
                 FpSyncClaim *claim)
{
  Host *host = get_host (self, claim->item->host);

  host->asks |= claim->asks_if_lost;
  g_queue_push_tail (&host->claims, claim);
}

FpSyncClaim *
fp_reserve_pop (FpReserve  *self,
                const char *host)
{
  return g_queue_pop_head (&get_host (self, host)->claims);
}

FpSyncClaim *
fp_reserve_pop_any (FpReserve *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->hosts);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (!g_queue_is_empty (&((Host *) value)->claims))
      return g_queue_pop_head (&((Host *) value)->claims);

  return NULL;
}

guint
fp_reserve_get_ahead (FpReserve  *self,
                      const char *name)
{
  Host *host = get_host (self, name);
  guint n = g_queue_get_length (&host->claims);

  return host->ahead > n ? host->ahead - n : 0;
}

guint
fp_reserve_get_most (FpReserve *self)
{
  GHashTableIter iter;
  gpointer host;
  guint most = 0;

  g_hash_table_iter_init (&iter, self->hosts);
  while (g_hash_table_iter_next (&iter, NULL, &host))
    most = MAX (most, ((Host *) host)->ahead);

  return most;
}

void
fp_reserve_ran_dry (FpReserve  *self,
                    const char *name)
{
  Host *host = get_host (self, name);

  if (!host->asks)
    host->ahead = CLAMP (host->ahead * 2, FIRST, MOST);
}

void
fp_reserve_slow_down (FpReserve  *self,
                      const char *name)
{
  get_host (self, name)->ahead = 0;
}
