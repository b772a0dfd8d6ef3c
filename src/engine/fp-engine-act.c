#include "engine/fp-engine-private.h"

#include "store/fp-hold-rows.h"
#include "store/fp-sender-lock.h"
#include "sync/fp-item-machine.h"
#include "sync/fp-policy.h"

#define PAGE 500

typedef struct {
  FpAct         act;
  GArray       *ids;  /* NULL = all */
  char         *hold; /* only this reason; NULL = any */

  /* Of the run: whether something was lifted, whether it was asked who sends, and the lock where nobody does. */
  gboolean      lifted;
  gboolean      asked;
  FpSenderLock *nobody;
} Act;

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

/* A try by hand asks the world again, not the person who holds an item back. What was moved may have been sent from
 * there: it is released by that word only. */
static gboolean
check_will (const FpItem  *item,
            const Act     *act,
            GError       **error)
{
  const char *hold = item->state == FP_ITEM_HELD && item->hold ? item->hold : "";

  if (act->hold && !g_str_equal (hold, act->hold))
    return refuse (item, act->act, "is not held for that", error);
  if (g_str_equal (hold, "moved") && !act->hold)
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
      return item->state == FP_ITEM_SENDING ? break_off (txn, act, item)
                                            : fp_item_machine_step (item, FP_EVENT_HOLD);

    case FP_ACT_DISCARD:
      return fp_item_machine_step (item, FP_EVENT_DISCARD);

    case FP_ACT_UNDO:
    default:
      return fp_item_machine_step (item, FP_EVENT_UNDO);
    }
}

/* Whoever lets one of them go says that its account, form or proxy is repaired: what kept it keeps nothing any more,
 * and the others that it kept go too. */
static FpItem *
lift (FpStoreTxn    *txn,
      const FpItem  *item,
      GError       **error)
{
  return fp_hold_rows_lift_for (txn, item, error) ? fp_item_rows_get (txn, item->id, FALSE, error) : NULL;
}

static gboolean
act_on (FpStoreTxn  *txn,
        Act         *act,
        gint64       id,
        GError     **error)
{
  g_autoptr(GError) local = NULL;
  g_autoptr(FpItem) item = fp_item_rows_get (txn, id, FALSE, &local);
  g_autofree char *is = NULL;
  FpItemState before;

  if (g_error_matches (local, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND))
    {
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_NOT_FOUND, "item %" G_GINT64_FORMAT ": there is none", id);
      return FALSE;
    }
  if (!item)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }

  before = item->state;
  /* It went with one before it. */
  if (act->act == FP_ACT_RELEASE && act->lifted && before == FP_ITEM_PENDING)
    return TRUE;
  if (before == rules[act->act].goal)
    {
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED, "item %" G_GINT64_FORMAT " is %s already", id,
                   fp_item_state_to_string (before));
      return FALSE;
    }
  is = g_strdup_printf ("is %s", fp_item_state_to_string (before));
  if (act->act == FP_ACT_DISCARD && before == FP_ITEM_SENDING)
    return refuse (item, act->act, "is sending, has to be cancelled first", error);
  if (!(rules[act->act].states & 1u << before))
    return refuse (item, act->act, is, error);
  if (act->act != FP_ACT_DISCARD && act->act != FP_ACT_UNDO && !check_bytes_and_order (txn, item, act->act, error))
    return FALSE;
  if ((act->act == FP_ACT_RETRY || act->act == FP_ACT_RELEASE) && !check_will (item, act, error))
    return FALSE;
  if (act->act == FP_ACT_RETRY || act->act == FP_ACT_RELEASE)
    {
      g_autoptr(FpItem) lifted = NULL;

      if (!(lifted = lift (txn, item, error)))
        return FALSE;
      before = lifted->state;
      fp_item_free (g_steal_pointer (&item));
      item = g_steal_pointer (&lifted);
      /* Nothing but the hold was in its way. */
      act->lifted |= before == FP_ITEM_PENDING;
      if (act->act == FP_ACT_RELEASE && before == FP_ITEM_PENDING)
        return TRUE;
    }
  if (act->act == FP_ACT_UNDO && !_fp_engine_check_undo (txn, item, error))
    return FALSE;
  if (!change (txn, act, item))
    return refuse (item, act->act, is, error);

  return fp_item_rows_update (txn, item, before, error);
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
    return g_strcmp0 (item->hold, act->hold) == 0;

  return check_will (item, act, NULL) && check_bytes_and_order (txn, item, act->act, NULL);
}

/* Item by item, page by page. */
static gboolean
act_on_each (FpStoreTxn  *txn,
             Act         *act,
             GError     **error)
{
  FpItemQuery query = { .states = 1 << FP_ITEM_HELD, .limit = PAGE };

  if (act->act == FP_ACT_RETRY)
    query.states |= 1 << FP_ITEM_FAILED;
  for (;;)
    {
      g_autoptr(GPtrArray) items = fp_item_rows_list (txn, &query, error);

      if (!items)
        return FALSE;
      for (guint i = 0; i < items->len; i++)
        {
          const FpItem *item = g_ptr_array_index (items, i);

          query.after = item->id;
          if (is_meant (txn, act, item) && !act_on (txn, act, item->id, error))
            return FALSE;
        }
      if (items->len < PAGE)
        return TRUE;
    }
}

/* The number of those that it was done to, also with one before them; or -1. */
static gint
act_on_all (FpStoreTxn  *txn,
            Act         *act,
            GError     **error)
{
  g_autoptr(FpItemCounts) before = fp_item_rows_count (txn, error);
  g_autoptr(FpItemCounts) after = NULL;

  if (!before || !act_on_each (txn, act, error))
    return -1;

  after = fp_item_rows_count (txn, error);
  return after ? (gint) (before->held + before->failed) - (gint) (after->held + after->failed) : -1;
}

/* The waits of the pending ones by one statement; the number of all, or -1. */
static gint
retry_all (FpStoreTxn  *txn,
           Act         *act,
           GError     **error)
{
  g_autoptr(FpItemCounts) counts = fp_item_rows_count (txn, error);
  gint n = counts ? act_on_all (txn, act, error) : -1;

  return n >= 0 && fp_item_rows_clear_waits (txn, NULL, TRUE, error) ? n + (gint) counts->pending : -1;
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

static gint
run (FpStoreTxn  *txn,
     Act         *act,
     GError     **error)
{
  if (!act->ids)
    return act->act == FP_ACT_RETRY ? retry_all (txn, act, error) : act_on_all (txn, act, error);

  for (guint i = 0; i < act->ids->len; i++)
    {
      GError *local = NULL;

      if (act_on (txn, act, g_array_index (act->ids, gint64, i), &local))
        continue;
      tell_none (act, local);
      g_propagate_error (error, local);
      return -1;
    }

  return (gint) act->ids->len;
}

static gpointer
run_act (FpStoreTxn  *txn,
         gpointer     data,
         GError     **error)
{
  Act *act = data;
  gint n;

  act->asked = FALSE;
  act->lifted = FALSE;
  n = run (txn, act, error);
  /* A sender that takes it now waits for this commit. */
  g_clear_pointer (&act->nobody, fp_sender_lock_release);

  /* One more than the number: zero is no error. */
  return n < 0 ? NULL : GINT_TO_POINTER (n + 1);
}

/**
 * fp_engine_act_async:
 * @ids: (nullable) (element-type gint64): copied; %NULL with FP_ACT_RETRY = all
 *
 * All or nothing, one transaction. What is being sent is only told to be broken off here: its sender, in whatever
 * process, then holds it, or writes the receipt that was quicker.
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
  Act *what = g_new0 (Act, 1);

  g_return_if_fail (ids || act == FP_ACT_RETRY);

  what->act = act;
  what->ids = ids ? g_array_copy (ids) : NULL;
  _fp_engine_write (self, fp_engine_act_async, run_act, what, act_free, NULL, cancellable, callback, user_data);
}

/**
 * fp_engine_release_async:
 * @ids: (nullable) (element-type gint64): copied; %NULL = all
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
  Act *what = g_new0 (Act, 1);

  what->act = FP_ACT_RELEASE;
  what->ids = ids ? g_array_copy (ids) : NULL;
  what->hold = g_strdup (hold);
  _fp_engine_write (self, fp_engine_act_async, run_act, what, act_free, NULL, cancellable, callback, user_data);
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
  return GPOINTER_TO_INT (_fp_engine_finish (self, result, error)) - 1;
}
