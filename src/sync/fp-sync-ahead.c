#include "sync/fp-sync-private.h"

/**
 * fp_sync_fill:
 * @host: where an attempt ended or something was claimed
 *
 * Starts what is claimed of @host while there is room. Where the gate was closed
 * meanwhile, that gives it back.
 */
void
fp_sync_fill (FpSync     *self,
              const char *host)
{
  while (fp_sync_count_flights (self, host) < FP_SYNC_PER_HOST)
    {
      FpSyncClaim *claim = fp_reserve_pop (self->reserve, host);

      if (claim)
        {
          fp_sync_flight_start (self, claim);
          continue;
        }
      if (g_hash_table_lookup (self->rows_left, host))
        fp_reserve_ran_dry (self->reserve, host);
      return;
    }
}

/**
 * fp_sync_return_host:
 *
 * Something else than a receipt came from @host: its account may be held now, or the
 * host closed. What is claimed ahead waits again as if it had not been chosen.
 */
void
fp_sync_return_host (FpSync     *self,
                     const char *host)
{
  FpSyncClaim *claim;

  fp_reserve_slow_down (self->reserve, host);
  while ((claim = fp_reserve_pop (self->reserve, host)))
    fp_sync_flight_return (self, claim);
}

/**
 * fp_sync_return_all:
 *
 * The same for every host: the network or a person's wish is another than when it
 * was claimed.
 */
void
fp_sync_return_all (FpSync *self)
{
  FpSyncClaim *claim;

  while ((claim = fp_reserve_pop_any (self->reserve)))
    fp_sync_flight_return (self, claim);
}
