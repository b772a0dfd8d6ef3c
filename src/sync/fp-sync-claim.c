#include "sync/fp-sync-turn-private.h"

#include "store/fp-form-rows.h"
#include "sync/fp-item-machine.h"
#include "sync/fp-sync-hold.h"
#include "sync/fp-sync-split.h"

void
fp_sync_claim_free (FpSyncClaim *claim)
{
  g_clear_pointer (&claim->item, fp_item_free);
  g_free (claim->user);
  g_free (claim);
}

static char *
dup_user (FpStoreTxn   *txn,
          const FpItem *item)
{
  g_autoptr(FpFormRow) form = NULL;
  g_autoptr(FpServerRow) server = NULL;

  if (!item->form || !item->secret_id)
    return NULL;

  /* A form or server that is gone has no user: the server will say what it misses. */
  form = fp_form_rows_get (txn, item->form, NULL);
  if (form && form->server)
    server = fp_server_rows_get (txn, form->server, NULL);

  return server ? g_strdup (server->user) : NULL;
}

/* Of plain endpoints; an OpenRosa server answers in one way and tells a second time from a first one. */
static gboolean
read_endpoint (FpStoreTxn   *txn,
               FpSyncClaim  *claimed,
               GError      **error)
{
  g_autoptr(GError) local = NULL;
  g_autoptr(FpServerRow) server = NULL;

  if (claimed->item->protocol == FP_PROTOCOL_PLAIN)
    server = fp_sync_find_endpoint (txn, claimed->item->url, &local);
  if (local)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }

  claimed->success = server ? server->success : FP_SUCCESS_2XX;
  claimed->asks_if_lost = server && server->lost == FP_LOST_ASK;
  if (server && !claimed->user && claimed->item->secret_id
      && g_strcmp0 (server->secret_id, claimed->item->secret_id) == 0)
    claimed->user = g_strdup (server->user);
  return TRUE;
}

/* What the server said it takes is kept to before it has to refuse. In the transaction of the claim: the bytes of a
 * request are known before the first of them goes. */
static gboolean
split (FpStoreTxn  *txn,
       FpSyncTurn  *turn,
       FpItem      *item,
       GError     **error)
{
  const gint64 *limit = g_hash_table_lookup (turn->limits, item->host);

  if (item->protocol != FP_PROTOCOL_OPENROSA || !limit || !fp_sync_split (item, *limit))
    return TRUE;

  return fp_item_rows_set_posts (txn, item, error);
}

/* The item if it may be claimed; NULL without error if it is not what it was, or is kept by some hold. */
static FpItem *
get_claimable (FpStoreTxn  *txn,
               gint64       id,
               GError     **error)
{
  g_autoptr(GError) local = NULL;
  g_autoptr(FpItem) item = fp_item_rows_get (txn, id, TRUE, &local);
  gboolean caught = FALSE;

  if (item && (item->state == FP_ITEM_PENDING || item->state == FP_ITEM_FAILED)
      && fp_hold_rows_follow (txn, item, &local) && fp_sync_hold_catch (txn, item, &caught, &local))
    return caught ? NULL : g_steal_pointer (&item);
  if (local && !_fp_sync_turn_is_stale (local))
    g_propagate_error (error, g_steal_pointer (&local));

  return NULL;
}

gboolean
_fp_sync_turn_claim (FpStoreTxn  *txn,
                     FpSyncTurn  *turn,
                     gint64       id,
                     GError     **error)
{
  g_autoptr(GError) local = NULL;
  g_autoptr(FpItem) item = get_claimable (txn, id, &local);
  FpSyncClaim *claimed;
  FpItemState before;
  gboolean maybe_before;
  gboolean stale;

  if (!item)
    {
      gboolean fine = local == NULL;

      if (local)
        g_propagate_error (error, g_steal_pointer (&local));
      return fine;
    }

  before = item->state;
  maybe_before = item->maybe_delivered;
  if (!fp_item_machine_step (item, FP_EVENT_CLAIM))
    return TRUE;

  /* From this commit on nobody can know whether it arrives, until an answer says so. */
  item->maybe_delivered = TRUE;
  if (!_fp_sync_turn_update (txn, item, before, &stale, error))
    return FALSE;
  if (stale)
    return TRUE;

  claimed = g_new0 (FpSyncClaim, 1);
  g_ptr_array_add (turn->claimed, claimed);
  claimed->user = dup_user (txn, item);
  claimed->item = g_steal_pointer (&item);
  claimed->state_before = before;
  claimed->maybe_before = maybe_before;

  return read_endpoint (txn, claimed, error) && split (txn, turn, claimed->item, error);
}
