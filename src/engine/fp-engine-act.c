#include "engine/fp-engine-private.h"

#include "store/fp-hold-rows.h"
#include "store/fp-sender-lock.h"
#include "sync/fp-item-machine.h"
#include "sync/fp-policy.h"

typedef struct _Act Act;

/* A part of a phase in one transaction: how many items it was done to, or -1. @more: (out): the phase goes on. */
typedef gint (*Phase) (FpStoreTxn *txn, Act *act, gboolean *more, GError **error);

struct _Act {
  FpBulk        bulk;
  FpAct         act;
  GArray       *ids;  /* NULL = all */
  char         *hold; /* only this reason; NULL = any */

  /* Where the run is: its phase, ending with NULL, how many of @ids are checked, and done, the last item that was looked at. */
  const Phase  *phase;
  guint         checked;
  guint         next;
  gint64        after;

  /* Whether something was lifted; of one transaction: whether it was asked who sends, and the lock where nobody does. */
  gboolean      lifted;
  gboolean      asked;
  FpSenderLock *nobody;
};

typedef struct {
  const char *verb;
  guint       states; /* bits 1 << FpItemState: to what it may be done */
  FpItemState goal;   /* where there is nothing to do; 0 = none */
} Rule;

/* Design 5.1, the columns that a person fills; what then happens to the state is said by the state machine. */
static const Rule rules[] = {
  [FP_ACT_RETRY] = { "retried", 1 << FP_ITEM_PENDING | 1 << FP_ITEM_FAILED | 1 << FP_ITEM_HELD },
  [FP_ACT_DISCARD] = { "discarded", 1 << FP_ITEM_PENDING | 1 << FP_ITEM_FAILED | 1 << FP_ITEM_HELD,
                       FP_ITEM_DISCARDED },
  [FP_ACT_UNDO] = { "brought back", 1 << FP_ITEM_DISCARDED },
  [FP_ACT_HOLD] = { "held", 1 << FP_ITEM_PENDING | 1 << FP_ITEM_FAILED | 1 << FP_ITEM_SENDING, FP_ITEM_HELD },
  [FP_ACT_RELEASE] = { "released", 1 << FP_ITEM_HELD },
  [FP_ACT_CANCEL] = { "cancelled", 1 << FP_ITEM_SENDING },
};

/* Whose no it is that a new try asks again. Every other hold is ended by a person who knows what it stands for. */
static const char * const asked_again[] = { "account", "form", "proxy", NULL };

static void
act_free (gpointer data)
{
  Act *act = data;

  g_clear_pointer (&act->ids, g_array_unref);
  g_free (act->hold);
  g_free (act);
}

static gboolean
refuse (const FpItem  *item,
        FpAct          act,
        const char    *why,
        GError       **error)
{
  g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED, "item %" G_GINT64_FORMAT " %s and cannot be %s",
               item->id, why, rules[act].verb);

  return FALSE;
}

/* A new version overtakes the one before it only where that is settled. */
static gboolean
is_first_settled (FpStoreTxn   *txn,
                  const FpItem *item)
{
  g_autoptr(FpItem) first = fp_item_rows_get (txn, item->waits_for, FALSE, NULL);

  return !first || first->state == FP_ITEM_SENT || first->state == FP_ITEM_DISCARDED;
}

static gboolean
check_bytes_and_order (FpStoreTxn    *txn,
                       const FpItem  *item,
                       FpAct          act,
                       GError       **error)
{
  g_autofree char *waits = NULL;

  /* Its bytes are not here: sent it would be half of what was asked for. */
  if (g_strcmp0 (item->hold, "staging") == 0)
    return refuse (item, act, item->state == FP_ITEM_FAILED ? "has lost its file" : "is still being copied", error);
  if (item->state != FP_ITEM_HELD)
    return TRUE;
  if (g_strcmp0 (item->hold, "after") != 0 || is_first_settled (txn, item))
    return TRUE;

  waits = g_strdup_printf ("waits for item %" G_GINT64_FORMAT, item->waits_for);
  return refuse (item, act, waits, error);
}

/* The word of a person: what is not wholly moved yet is meant by "moved". */
static gboolean
is_held_for (const FpItem *item,
             const char   *hold)
{
  return g_strcmp0 (item->hold, hold) == 0 || (g_str_equal (hold, "moved") && fp_item_is_moved (item));
}

/* A try by hand asks the world again, not the person who holds an item back. What was moved may have been sent from
 * there: it is released by that word only. */
static gboolean
check_will (const FpItem  *item,
            const Act     *act,
            GError       **error)
{
  const char *hold = item->state == FP_ITEM_HELD && item->hold ? item->hold : "";

  if (act->hold && !is_held_for (item, act->hold))
    return refuse (item, act->act, "is not held for that", error);
  if (fp_item_is_moved (item) && !act->hold)
    {
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED,
                   "item %" G_GINT64_FORMAT " was moved to another place, which may have sent it: to send it from here, "
                   "“fieldpostctl release --reason moved %" G_GINT64_FORMAT "”",
                   item->id, item->id);
      return FALSE;
    }
  if (g_str_equal (hold, "user") && act->act == FP_ACT_RETRY)
    {
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED, "item %" G_GINT64_FORMAT " is held; release sends it",
                   item->id);
      return FALSE;
    }

  return TRUE;
}

/* Only the sender may end an attempt: it alone knows what came of it. The row tells it to (held by "user", still
 * sending), and it holds the item once the attempt has ended, unless that brought the receipt. Where nobody holds the
 * sender lock the attempt has ended with the process that made it. */
static gboolean
break_off (FpStoreTxn *txn,
           Act        *act,
           FpItem     *item)
{
  if (!act->asked)
    act->nobody = fp_sender_lock_try (fp_store_get_folder (fp_store_txn_get_store (txn)), NULL);
  act->asked = TRUE;

  return !act->nobody || fp_item_machine_step (item, FP_EVENT_HOLD);
}

static gboolean
change (FpStoreTxn  *txn,
        Act         *act,
        FpItem      *item)
{
  switch (act->act)
    {
    case FP_ACT_RETRY:
      return fp_policy_release (item);

    case FP_ACT_RELEASE:
      if (!fp_policy_release (item))
        return FALSE;
      /* It may go again; that it has to go at once, whatever the link costs, nobody said. */
      item->manual = FALSE;
      return TRUE;

    case FP_ACT_HOLD:
    case FP_ACT_CANCEL:
      g_free (item->hold);
      item->hold = g_strdup ("user");
      item->next_try = 0;
      return item->state == FP_ITEM_SENDING ? break_off (txn, act, item)
                                            : fp_item_machine_step (item, FP_EVENT_HOLD);

    case FP_ACT_DISCARD:
      return fp_item_machine_step (item, FP_EVENT_DISCARD);

    case FP_ACT_UNDO:
    default:
      return fp_item_machine_step (item, FP_EVENT_UNDO);
    }
}

/* Why it cannot be done to @item. */
static gboolean
check (FpStoreTxn   *txn,
       const Act    *act,
       FpItem       *item,
       GError      **error)
{
  g_autofree char *is = NULL;

  if (item->state == rules[act->act].goal)
    {
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED, "item %" G_GINT64_FORMAT " is %s already", item->id,
                   fp_item_state_to_string (item->state));
      return FALSE;
    }
  if (act->act == FP_ACT_DISCARD && item->state == FP_ITEM_SENDING)
    return refuse (item, act->act, "is sending, has to be cancelled first", error);
  is = g_strdup_printf ("is %s", fp_item_state_to_string (item->state));
  if (!(rules[act->act].states & 1u << item->state))
    return refuse (item, act->act, is, error);
  if (act->act == FP_ACT_DISCARD)
    return TRUE;
  if (act->act == FP_ACT_UNDO)
    return _fp_engine_check_undo (txn, item, error);
  if (!check_bytes_and_order (txn, item, act->act, error))
    return FALSE;

  return (act->act != FP_ACT_RETRY && act->act != FP_ACT_RELEASE) || check_will (item, act, error);
}

/* @item: one that was checked. */
static gboolean
act_on (FpStoreTxn  *txn,
        Act         *act,
        FpItem      *item,
        GError     **error)
{
  FpItemState before = item->state;

  if (!change (txn, act, item))
    {
      g_autofree char *is = g_strdup_printf ("is %s", fp_item_state_to_string (before));

      return refuse (item, act->act, is, error);
    }

  return fp_item_rows_update (txn, item, before, error);
}

static FpItem *
get (FpStoreTxn  *txn,
     gint64       id,
     GError     **error)
{
  FpItem *item;
  GError *local = NULL;

  item = fp_item_rows_get (txn, id, FALSE, &local);
  if (g_error_matches (local, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND))
    {
      g_clear_error (&local);
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_NOT_FOUND, "item %" G_GINT64_FORMAT ": there is none", id);
    }
  else if (local)
    {
      g_propagate_error (error, local);
    }

  return item;
}

/* Whoever lets one of them go says that its account, form or proxy is repaired: what kept it keeps nothing any more,
 * and the others that it kept go too, in the last phase. */
static gboolean
act_on_id (FpStoreTxn  *txn,
           Act         *act,
           gint64       id,
           GError     **error)
{
  g_autoptr(FpItem) item = get (txn, id, error);

  if (!item)
    return FALSE;
  /* It went with one before it. */
  if (act->act == FP_ACT_RELEASE && act->lifted && item->state == FP_ITEM_PENDING)
    return TRUE;
  if (!check (txn, act, item, error))
    return FALSE;
  if (item->state == FP_ITEM_HELD && (act->act == FP_ACT_RETRY || act->act == FP_ACT_RELEASE))
    {
      act->lifted |= item->hold && g_strv_contains (asked_again, item->hold);
      if (!fp_hold_rows_lift_for (txn, item, error))
        return FALSE;
    }

  return act_on (txn, act, item, error);
}

/* Whether "all" means it too. */
static gboolean
is_meant (FpStoreTxn   *txn,
          const Act    *act,
          const FpItem *item)
{
  if (act->act == FP_ACT_RETRY)
    return item->hold ? g_strv_contains (asked_again, item->hold) : item->state == FP_ITEM_FAILED;
  if (act->hold)
    return is_held_for (item, act->hold);

  return check_will (item, act, NULL) && check_bytes_and_order (txn, item, act->act, NULL);
}

/* What kept them keeps nothing any more; they themselves follow. */
static gint
lift_all (FpStoreTxn  *txn,
          Act         *act,
          gboolean    *more,
          GError     **error)
{
  g_autoptr(FpItemCounts) counts = NULL;

  if (!fp_hold_rows_forget (txn, act->hold, error))
    return -1;
  if (act->act != FP_ACT_RETRY)
    return 0;

  /* They wait for a time only, which the phase of the waits ends. */
  counts = fp_item_rows_count (txn, error);
  return counts ? (gint) counts->pending : -1;
}

/* The newest first; those that come meanwhile are not meant. */
static gint
act_on_next (FpStoreTxn  *txn,
             Act         *act,
             gboolean    *more,
             GError     **error)
{
  FpItemQuery query = { .states = 1 << FP_ITEM_HELD, .after = act->after, .limit = FP_STORE_SLICE };
  g_autoptr(GPtrArray) items = NULL;
  gint n = 0;

  if (act->act == FP_ACT_RETRY)
    query.states |= 1 << FP_ITEM_FAILED;
  items = fp_item_rows_list (txn, &query, error);
  if (!items)
    return -1;
  for (guint i = 0; i < items->len; i++)
    {
      FpItem *item = g_ptr_array_index (items, i);

      act->after = item->id;
      if (!is_meant (txn, act, item))
        continue;
      if (!check (txn, act, item, error) || !act_on (txn, act, item, error))
        return -1;
      n++;
    }
  *more = items->len == FP_STORE_SLICE;

  return n;
}

static gint
clear_waits (FpStoreTxn  *txn,
             Act         *act,
             gboolean    *more,
             GError     **error)
{
  return fp_item_rows_clear_some_waits (txn, NULL, TRUE, FP_STORE_SLICE, more, error) ? 0 : -1;
}

/* Of several, those before the one that cannot are as they were, too. */
static void
tell_none (const Act *act,
           GError    *error)
{
  char *message = error->message;

  if (act->ids->len < 2 || error->domain != FP_ENGINE_ERROR)
    return;
  error->message = g_strdup_printf ("%s; nothing was %s", message, rules[act->act].verb);
  g_free (message);
}

/* It ended between two transactions. */
static void
tell_some (const Act *act,
           GError    *error)
{
  char *message = error->message;

  error->message = g_strdup_printf ("%s; %u were %s before that", message, act->bulk.done, rules[act->act].verb);
  g_free (message);
}

static gint
act_on_ids (FpStoreTxn  *txn,
            Act         *act,
            gboolean    *more,
            GError     **error)
{
  guint first = act->next;
  guint end = MIN (act->ids->len, first + FP_STORE_SLICE);

  for (; act->next < end; act->next++)
    {
      GError *local = NULL;

      if (act_on_id (txn, act, g_array_index (act->ids, gint64, act->next), &local))
        continue;
      if (first == 0)
        tell_none (act, local);
      g_propagate_error (error, local);
      return -1;
    }
  *more = end < act->ids->len;

  return (gint) (end - first);
}

/* The others that were kept by what was lifted. */
static gint
release_others (FpStoreTxn  *txn,
                Act         *act,
                gboolean    *more,
                GError     **error)
{
  if (!act->lifted)
    return 0;

  return fp_hold_rows_go_on (txn, error) && fp_hold_rows_is_unfinished (txn, more, error) ? 0 : -1;
}

/* More than one transaction takes: first whether it can be done to all of them. */
static gint
check_ids (FpStoreTxn  *txn,
           Act         *act,
           gboolean    *more,
           GError     **error)
{
  guint end = MIN (act->ids->len, act->checked + FP_STORE_SLICE);

  for (; act->checked < end; act->checked++)
    {
      g_autoptr(FpItem) item = NULL;
      GError *local = NULL;

      item = get (txn, g_array_index (act->ids, gint64, act->checked), &local);
      if (item && check (txn, act, item, &local))
        continue;
      tell_none (act, local);
      g_propagate_error (error, local);
      return -1;
    }
  *more = end < act->ids->len;

  return 0;
}

static const Phase phases_of_ids[] = { act_on_ids, release_others, NULL };
static const Phase phases_of_many[] = { check_ids, act_on_ids, release_others, NULL };
static const Phase phases_of_all[] = { lift_all, act_on_next, NULL };
static const Phase phases_of_retry[] = { lift_all, act_on_next, clear_waits, NULL };

static gpointer
run_act (FpStoreTxn  *txn,
         gpointer     data,
         GError     **error)
{
  Act *act = data;
  gboolean more = FALSE;
  gint n;

  act->asked = FALSE;
  n = (*act->phase) (txn, act, &more, error);
  /* A sender that takes it now waits for this commit. */
  g_clear_pointer (&act->nobody, fp_sender_lock_release);
  if (n < 0)
    return NULL;

  act->bulk.n = (guint) n;
  act->phase += more ? 0 : 1;
  act->bulk.more = *act->phase != NULL;

  return act;
}

/* Each once, in the order that they were named in. */
static GArray *
copy_ids (const GArray *ids)
{
  g_autoptr(GHashTable) seen = g_hash_table_new (g_int64_hash, g_int64_equal);
  GArray *copy = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; i < ids->len; i++)
    if (g_hash_table_add (seen, &g_array_index (ids, gint64, i)))
      g_array_append_val (copy, g_array_index (ids, gint64, i));

  return copy;
}

static void
begin (FpEngine            *self,
       FpAct                act,
       GArray              *ids,
       const char          *hold,
       GCancellable        *cancellable,
       GAsyncReadyCallback  callback,
       gpointer             user_data)
{
  Act *what = g_new0 (Act, 1);

  what->act = act;
  what->ids = ids ? copy_ids (ids) : NULL;
  what->hold = g_strdup (hold);
  what->phase = ids ? (what->ids->len > FP_STORE_SLICE ? phases_of_many : phases_of_ids)
                    : act == FP_ACT_RETRY ? phases_of_retry : phases_of_all;
  _fp_engine_bulk (self, fp_engine_act_async, run_act, what, act_free, cancellable, callback, user_data);
}

/**
 * fp_engine_act_async:
 * @ids: (nullable) (element-type gint64): copied, one that is there twice counts once; %NULL with FP_ACT_RETRY = all
 *
 * Of up to FP_STORE_SLICE items all or nothing, in one transaction; more are checked and then go that many at a time,
 * and an error tells how many are done. All: in transactions of that size too; one that was interrupted is finished by
 * asking again. What is being sent is only told to be broken off here: its sender, in whatever process, then holds it,
 * or writes the receipt that was quicker.
 *
 * A release lets an item wait for its turn again, whatever it was held for: "user" was a person's wish; "account",
 * "form" and "proxy" are asked again; "lost" is sent again although the lost answer may have been a receipt; "machine"
 * is sent from here although another computer may send it too. "moved" only by fp_engine_release_async(), "after" only
 * where the item before it is settled, "staging" never.
 *
 * Errors: FP_ENGINE_ERROR_NOT_FOUND and FP_ENGINE_ERROR_REFUSED name the first item that cannot.
 */
void
fp_engine_act_async (FpEngine            *self,
                     FpAct                act,
                     GArray              *ids,
                     GCancellable        *cancellable,
                     GAsyncReadyCallback  callback,
                     gpointer             user_data)
{
  g_return_if_fail (ids || act == FP_ACT_RETRY);

  begin (self, act, ids, NULL, cancellable, callback, user_data);
}

/**
 * fp_engine_release_async:
 * @ids: (nullable) (element-type gint64): copied, one that is there twice counts once; %NULL = all
 * @hold: (nullable): why they are held, a word of FpItem.hold; %NULL = whatever can be released, but what was moved
 *
 * Errors: FP_ENGINE_ERROR_REFUSED where one that is held for @hold cannot be released; nothing is released then.
 */
void
fp_engine_release_async (FpEngine            *self,
                         GArray              *ids,
                         const char          *hold,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  begin (self, FP_ACT_RELEASE, ids, hold, cancellable, callback, user_data);
}

/**
 * fp_engine_act_finish:
 *
 * Returns: how many items it was done to, or -1 on error
 */
gint
fp_engine_act_finish (FpEngine      *self,
                      GAsyncResult  *result,
                      GError       **error)
{
  GError *local = NULL;
  Act *act = _fp_engine_bulk_finish (self, result, &local);

  if (!local)
    return (gint) act->bulk.done;
  if (act->bulk.done > 0)
    tell_some (act, local);
  g_propagate_error (error, local);

  return -1;
}
