#include "sync/fp-sync-private.h"

enum
{
  PROP_STATE = 1,
  PROP_HOLDING,
  N_PROPS,
};

enum
{
  PROGRESS,
  DELIVERED,
  FAILED,
  ASKED,
  WOKEN,
  N_SIGNALS,
};

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FpSync, fp_sync, G_TYPE_OBJECT)

FpBreaker *
fp_sync_get_breaker (FpSync     *self,
                     const char *host)
{
  FpBreaker *breaker = g_hash_table_lookup (self->breakers, host);

  if (!breaker)
    {
      breaker = fp_breaker_new ();
      g_hash_table_insert (self->breakers, g_strdup (host), breaker);
    }

  return breaker;
}

void
fp_sync_update_state (FpSync *self)
{
  FpSyncState state = fp_sync_compute_state (self);

  if (state == self->state)
    return;
  if (state == FP_SYNC_SYNCING)
    self->run_done = 0;
  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
}

void
fp_sync_emit_woken (FpSync *self)
{
  g_signal_emit (self, signals[WOKEN], 0);
}

void
fp_sync_emit_progress (FpSync *self,
                       gint64  item,
                       gint64  done,
                       gint64  total)
{
  g_signal_emit (self, signals[PROGRESS], 0, item, done, total);
}

void
fp_sync_emit_outcome (FpSync              *self,
                      const FpSyncOutcome *outcome)
{
  const FpItem *item = outcome->item;

  if (item->state == FP_ITEM_SENT)
    g_hash_table_remove (self->asked_for, &item->id);
  if (item->state == FP_ITEM_SENT)
    g_signal_emit (self, signals[DELIVERED], 0, item->id, item->uid, outcome->ms);
  else if (outcome->newly_failed)
    g_signal_emit (self, signals[FAILED], 0, item->id, item->reason_code ? item->reason_code : "");
}

static void
fp_sync_get_property (GObject    *object,
                      guint       id,
                      GValue     *value,
                      GParamSpec *pspec)
{
  FpSync *self = FP_SYNC (object);

  switch (id)
    {
    case PROP_STATE:
      g_value_set_int (value, (int) self->state);
      break;
    case PROP_HOLDING:
      g_value_set_boolean (value, self->lock != NULL);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
fp_sync_dispose (GObject *object)
{
  FpSync *self = FP_SYNC (object);

  g_clear_pointer (&self->timer, fp_timer_free);
  g_clear_pointer (&self->lock, fp_sender_lock_release);
  g_clear_pointer (&self->due, g_ptr_array_unref);
  g_clear_pointer (&self->waiting, g_ptr_array_unref);
  g_clear_pointer (&self->outcomes, g_ptr_array_unref);
  g_clear_pointer (&self->stops, g_ptr_array_unref);
  g_clear_pointer (&self->want_clear_hosts, g_hash_table_unref);
  g_clear_object (&self->watch);
  g_clear_object (&self->store);
  g_clear_object (&self->link);
  g_clear_object (&self->http);
  g_clear_object (&self->clock);

  G_OBJECT_CLASS (fp_sync_parent_class)->dispose (object);
}

static void
fp_sync_finalize (GObject *object)
{
  FpSync *self = FP_SYNC (object);

  g_hash_table_unref (self->breakers);
  g_hash_table_unref (self->flights);
  fp_pauses_free (self->pauses);
  fp_reserve_free (self->reserve);
  g_hash_table_unref (self->forbidden);
  g_hash_table_unref (self->limits);
  g_hash_table_unref (self->forms_asked);
  g_hash_table_unref (self->rows_left);
  g_hash_table_unref (self->asked_for);
  g_hash_table_unref (self->places);
  g_clear_pointer (&self->own_ids, g_hash_table_unref);
  g_clear_pointer (&self->counts, fp_item_counts_free);
  g_free (self->want_clear_tag);
  g_clear_pointer (&self->random, fp_random_free);

  G_OBJECT_CLASS (fp_sync_parent_class)->finalize (object);
}

static void
install_signals (void)
{
  /**
   * FpSync::progress:
   * @id: the item
   * @done: bytes of its request written
   * @total: bytes of its request
   *
   * At most four times a second an item.
   */
  signals[PROGRESS] = g_signal_new ("progress", FP_TYPE_SYNC, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 3,
                                    G_TYPE_INT64, G_TYPE_INT64, G_TYPE_INT64);
  /**
   * FpSync::delivered:
   * @id: the item; its receipt is durable
   * @uid: its UUID
   * @ms: from the network becoming usable to its first byte; -1 where that says nothing
   */
  signals[DELIVERED] = g_signal_new ("delivered", FP_TYPE_SYNC, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 3,
                                     G_TYPE_INT64, G_TYPE_STRING, G_TYPE_INT64);
  /**
   * FpSync::failed:
   * @id: the item, failed or held
   * @reason_code: see fp-verdict.h
   *
   * It stopped being tried quickly; told once until it is tried quickly again.
   */
  signals[FAILED] = g_signal_new ("failed", FP_TYPE_SYNC, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                  G_TYPE_INT64, G_TYPE_STRING);
  /**
   * FpSync::asked:
   * @tag: (nullable): NULL = everything
   *
   * Sync Now, for what goes along with the outbox.
   */
  signals[ASKED] = g_signal_new ("asked", FP_TYPE_SYNC, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                                 G_TYPE_STRING);
  /**
   * FpSync::woken:
   *
   * The timer woke it, which it does now and then in case a hint was missed: others need no timer of their own for
   * that.
   */
  signals[WOKEN] = g_signal_new ("woken", FP_TYPE_SYNC, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
fp_sync_class_init (FpSyncClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = fp_sync_get_property;
  object_class->dispose = fp_sync_dispose;
  object_class->finalize = fp_sync_finalize;

  /* For the status of window, tray and bus: an FpSyncState. */
  props[PROP_STATE] = g_param_spec_int ("state", NULL, NULL, FP_SYNC_IDLE, FP_SYNC_ERROR, FP_SYNC_IDLE,
                                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  /* Whether this process is the one that sends. */
  props[PROP_HOLDING] = g_param_spec_boolean ("holding", NULL, NULL, FALSE,
                                              G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPS, props);
  install_signals ();
}

static void
fp_sync_init (FpSync *self)
{
  self->breakers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) fp_breaker_free);
  self->pauses = fp_pauses_new ();
  self->reserve = fp_reserve_new ();
  self->flights = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->forbidden = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->limits = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->forms_asked = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_object_unref);
  self->rows_left = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->asked_for = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->outcomes = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_sync_outcome_free);
  fp_sync_probe_init (self);
  self->stops = g_ptr_array_new_with_free_func (g_object_unref);
  self->next_due = G_MAXINT64;
  self->metered_limit = FP_METERED_LIMIT_BYTES;
}

/**
 * fp_sync_new:
 * @store: (transfer none): open before fp_sync_start()
 * @link: (transfer none): what is believed of the network
 * @http: (transfer none): what sends
 * @random: (transfer full): source of the jitter
 *
 * Main context only, like every function here.
 *
 * Returns: (transfer full): a sender that does nothing yet
 */
FpSync *
fp_sync_new (FpStore  *store,
             FpLink   *link,
             FpHttp   *http,
             FpRandom *random)
{
  FpSync *self;

  g_return_val_if_fail (FP_IS_STORE (store) && FP_IS_LINK (link) && FP_IS_HTTP (http) && random, NULL);

  self = g_object_new (FP_TYPE_SYNC, NULL);
  self->store = g_object_ref (store);
  self->link = g_object_ref (link);
  self->http = g_object_ref (http);
  self->clock = g_object_ref (fp_store_get_clock (store));
  self->random = random;
  self->timer = fp_timer_new (self->clock, fp_sync_timer_cb, self);

  return self;
}

/**
 * fp_sync_start:
 *
 * Takes the sender lock as soon as no other process holds it, then sends what is
 * due. "holding" notifies.
 */
void
fp_sync_start (FpSync *self)
{
  FpLinkState link;

  g_return_if_fail (FP_IS_SYNC (self));
  g_return_if_fail (!self->started);

  link = fp_link_get_state (self->link);
  self->started = TRUE;
  self->usable = link == FP_LINK_FULL || link == FP_LINK_UNKNOWN;
  self->has_link = fp_link_get_has_link (self->link);
  self->metered = fp_link_get_metered (self->link);
  self->usable_wall = 0;
  fp_sync_note_clocks (self);
  fp_sync_listen (self);
  fp_sync_wait_for_lock (self);
}

/**
 * fp_sync_get_holding:
 *
 * Returns: TRUE while this process is the one that may send
 */
gboolean
fp_sync_get_holding (FpSync *self)
{
  g_return_val_if_fail (FP_IS_SYNC (self), FALSE);

  return self->lock != NULL;
}

/**
 * fp_sync_nudge:
 *
 * A hint that the store was written: it is looked at as soon as nothing else is
 * under way. Cheap; many hints become one look.
 */
void
fp_sync_nudge (FpSync *self)
{
  g_return_if_fail (FP_IS_SYNC (self));

  self->want_look = TRUE;
  fp_sync_pump (self);
}

/**
 * fp_sync_now:
 * @tag: (nullable): only items with this tag; NULL = all
 *
 * Sync Now: clears every wait, even a server's Retry-After, lets every host be asked
 * again, allows what is too large for a network that costs until this run ends, and
 * has the network looked at. What failed by its own fault stays.
 */
void
fp_sync_now (FpSync     *self,
             const char *tag)
{
  g_return_if_fail (FP_IS_SYNC (self));

  fp_sync_reset_breakers (self, TRUE);
  fp_sync_wish_to_clear (self, FP_SYNC_CLEAR_ALL, tag && *tag ? tag : NULL);
  fp_sync_probe_hurry (self);
  self->metered_allowed = TRUE;
  self->full_until = 0;
  fp_link_check (self->link);
  g_signal_emit (self, signals[ASKED], 0, tag && *tag ? tag : NULL);
  fp_sync_pump (self);
}

FpSyncState
fp_sync_get_state (FpSync *self)
{
  g_return_val_if_fail (FP_IS_SYNC (self), FP_SYNC_IDLE);

  return self->state;
}

/**
 * fp_sync_get_link:
 *
 * Returns: (transfer none): the link it goes by
 */
FpLink *
fp_sync_get_link (FpSync *self)
{
  g_return_val_if_fail (FP_IS_SYNC (self), NULL);

  return self->link;
}
