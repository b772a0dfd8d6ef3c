#include "sync/fp-sync-private.h"

#include "sync/fp-sync-request.h"

#define LARGE_BYTES (1024 * 1024)
#define PROGRESS_EVERY_US (G_USEC_PER_SEC / 4)

static void
flight_free (FpSyncFlight *flight)
{
  fp_sync_claim_free (flight->claim);
  g_object_unref (flight->cancellable);
  g_object_unref (flight->sync);
  g_free (flight);
}

/* Of what is large the first and the last word are always told, however quick it is. */
static void
progress_cb (gint64   done,
             gint64   total,
             gpointer user_data)
{
  FpSyncFlight *flight = user_data;
  gint64 now = g_get_monotonic_time ();
  gboolean ends = done >= total && !flight->whole;
  gboolean edge = total >= LARGE_BYTES && (ends || !flight->any_told);

  flight->whole = done >= total;
  if (now - flight->told < PROGRESS_EVERY_US && !edge)
    return;

  flight->told = now;
  flight->any_told = TRUE;
  fp_sync_emit_progress (flight->sync, flight->claim->item->id, done, total);
}

static void
end_flight (FpSyncFlight *flight,
            gint64        id,
            const char   *host)
{
  FpSync *self = flight->sync;

  g_hash_table_remove (self->flights, &id);
  fp_sync_fill (self, host);
  fp_sync_pump (self);
  flight_free (flight);
}

static void
sent_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  FpSyncFlight *flight = user_data;
  const FpItem *item = flight->claim->item;
  gint64 id = item->id;
  g_autofree char *host = g_strdup (item->host);
  g_autoptr(FpAnswer) answer = fp_http_send_finish (FP_HTTP (source), result);

  if (answer->fault == FP_FAULT_CANCELLED)
    fp_sync_give_back (flight->sync, flight->claim, answer->sent_any);
  else
    fp_sync_settle_answer (flight, answer);

  end_flight (flight, id, host);
}

/**
 * fp_sync_flight_return:
 * @claim: (transfer full): nothing of it was sent
 *
 * Its item waits again, as if it had not been claimed.
 */
void
fp_sync_flight_return (FpSync      *self,
                       FpSyncClaim *claim)
{
  fp_sync_give_back (self, claim, FALSE);
  fp_sync_claim_free (claim);
}

/**
 * fp_sync_flight_start:
 * @claim: (transfer full): what was claimed, with its parts
 *
 * Sends it, unless the gate was closed or its destination paused since it was
 * chosen. The outcome is added to the outcomes that wait to be written.
 */
void
fp_sync_flight_start (FpSync      *self,
                      FpSyncClaim *claim)
{
  g_autoptr(FpRequest) request = NULL;
  g_autoptr(GError) error = NULL;
  FpSyncFlight *flight;

  if (self->stopping || fp_sync_gate (self, claim->item) != FP_GATE_OPEN
      || fp_pauses_get_until (self->pauses, claim->item, fp_clock_get_boot_ms (self->clock)) > 0)
    {
      fp_sync_flight_return (self, claim);
      return;
    }

  flight = g_new0 (FpSyncFlight, 1);
  flight->sync = g_object_ref (self);
  flight->claim = claim;
  flight->cancellable = g_cancellable_new ();
  flight->told = g_get_monotonic_time ();
  request = fp_sync_request_new (self->store, claim->item, claim->user, fp_clock_get_wall_ms (self->clock), &error);
  if (!request)
    {
      fp_sync_settle_unreadable (flight, error);
      flight_free (flight);
      return;
    }

  flight->known = fp_sync_request_is_known (request);
  if (claim->item->manual)
    g_hash_table_add (self->asked_for, g_memdup2 (&claim->item->id, sizeof (gint64)));
  g_hash_table_insert (self->flights, g_memdup2 (&claim->item->id, sizeof (gint64)), flight);
  fp_http_send_async (self->http, g_steal_pointer (&request), progress_cb, flight, flight->cancellable, sent_cb,
                      flight);
}

/* Work Offline, or a network that costs, lets a request that is wholly written hear its answer: breaking it off would
 * only make its delivery uncertain. Where the network is gone no answer comes: left alone it would look like sending
 * for a minute, and stay stuck on a dead connection when the network is back. */
static gboolean
is_to_break (FpSync       *self,
             FpSyncFlight *flight)
{
  FpGate gate = fp_sync_gate (self, flight->claim->item);

  return gate == FP_GATE_OFFLINE || ((gate == FP_GATE_PAUSED || gate == FP_GATE_METERED) && !flight->whole);
}

/**
 * fp_sync_flights_break:
 * @all: or only those that can no longer succeed, or that Work Offline stops
 *
 * Breaks attempts off; their items wait again, with maybe_delivered where some byte
 * had gone out.
 */
void
fp_sync_flights_break (FpSync   *self,
                       gboolean  all)
{
  g_autoptr(GPtrArray) broken = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer value;

  fp_sync_return_all (self);
  g_hash_table_iter_init (&iter, self->flights);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      FpSyncFlight *flight = value;

      if (all || is_to_break (self, flight))
        g_ptr_array_add (broken, g_object_ref (flight->cancellable));
    }

  /* An attempt may end inside the call, so not while the table is walked. */
  for (guint i = 0; i < broken->len; i++)
    g_cancellable_cancel (g_ptr_array_index (broken, i));
}

/**
 * fp_sync_flights_break_off:
 * @ids: (element-type gint64): a set of items that a person wants held
 *
 * Breaks their attempts off, also those that only wait for the answer: who cancels does not want to wait. Whether the
 * server has it is then not known, and the item says so.
 */
void
fp_sync_flights_break_off (FpSync     *self,
                           GHashTable *ids)
{
  GHashTableIter iter;
  gpointer id;

  if (g_hash_table_size (ids) > 0)
    fp_sync_return_all (self);
  g_hash_table_iter_init (&iter, ids);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    {
      FpSyncFlight *flight = g_hash_table_lookup (self->flights, id);
      g_autoptr(GCancellable) cancellable = flight ? g_object_ref (flight->cancellable) : NULL;

      /* It may end inside the call. */
      g_cancellable_cancel (cancellable);
    }
}
