#include "sync/fp-sync-private.h"

/* In case a hint was missed: other programs write to the store too. */
#define LOOK_EVERY_MS 30000
#define RETRY_LOCK_MS 30000

/* The next moment at which something is to be done without a hint from outside. */
void
fp_sync_arm (FpSync *self)
{
  gint64 now = fp_clock_get_boot_ms (self->clock);
  gint64 at = self->looked_at + LOOK_EVERY_MS;
  GHashTableIter iter;
  gpointer breaker;

  if (self->stopping || !self->lock)
    return;

  if (self->retry_write > 0)
    {
      fp_timer_arm (self->timer, self->retry_write);
      return;
    }

  /* Something due already is kept by its gate or its host; that opens with a hint or with the breaker's time. */
  if (self->next_due > self->looked_at)
    at = MIN (at, self->next_due);
  g_hash_table_iter_init (&iter, self->breakers);
  while (g_hash_table_iter_next (&iter, NULL, &breaker))
    {
      gint64 until = fp_breaker_get_until (breaker);

      if (until > now)
        at = MIN (at, until);
    }
  fp_timer_arm (self->timer, at);
}

gboolean
fp_sync_timer_cb (gpointer user_data)
{
  FpSync *self = user_data;

  if (!self->lock)
    {
      fp_sync_wait_for_lock (self);
      return G_SOURCE_REMOVE;
    }

  self->want_look = TRUE;
  fp_sync_emit_woken (self);
  fp_sync_pump (self);

  return G_SOURCE_REMOVE;
}

static void
lock_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(FpSync) self = user_data;
  g_autoptr(GError) error = NULL;
  FpSenderLock *lock = fp_sender_lock_wait_finish (result, &error);

  g_clear_object (&self->lock_wait);
  if (self->stopping)
    {
      g_clear_pointer (&lock, fp_sender_lock_release);
      fp_sync_check_stopped (self, NULL);
      return;
    }
  if (!lock)
    {
      g_message ("The sender lock cannot be had: %s", error->message);
      fp_timer_arm (self->timer, fp_clock_get_boot_ms (self->clock) + RETRY_LOCK_MS);
      return;
    }

  self->lock = lock;
  self->want_begin = TRUE;
  self->want_look = TRUE;
  g_object_notify (G_OBJECT (self), "holding");
  fp_sync_pump (self);
}

void
fp_sync_wait_for_lock (FpSync *self)
{
  self->lock_wait = g_cancellable_new ();
  fp_sender_lock_wait_async (fp_store_get_folder (self->store), self->lock_wait, lock_cb, g_object_ref (self));
}

void
fp_sync_wish_to_clear (FpSync      *self,
                       FpSyncClear  clear,
                       const char  *tag)
{
  /* Two wishes become the larger one; of one tag only if nothing else was asked for. */
  if (self->want_clear != FP_SYNC_CLEAR_NONE && g_strcmp0 (self->want_clear_tag, tag) != 0)
    tag = NULL;
  self->want_clear = MAX (self->want_clear, clear);
  if (tag != self->want_clear_tag)
    {
      g_free (self->want_clear_tag);
      self->want_clear_tag = g_strdup (tag);
    }
  self->want_look = TRUE;
}

void
fp_sync_reset_breakers (FpSync   *self,
                        gboolean  even_retry_after)
{
  gint64 now = fp_clock_get_boot_ms (self->clock);
  GHashTableIter iter;
  gpointer breaker;

  g_hash_table_iter_init (&iter, self->breakers);
  while (g_hash_table_iter_next (&iter, NULL, &breaker))
    fp_breaker_reset (breaker, even_retry_after, now);
}

static void
link_changed_cb (FpSync *self)
{
  FpLinkState link = fp_link_get_state (self->link);
  gboolean usable = link == FP_LINK_FULL || link == FP_LINK_UNKNOWN;
  gboolean has_link = fp_link_get_has_link (self->link);
  gboolean chance = (usable && !self->usable) || (has_link && !self->has_link);

  if (usable && !self->usable)
    self->usable_wall = fp_clock_get_wall_ms (self->clock);
  self->usable = usable;
  self->has_link = has_link;

  fp_sync_flights_break (self, FALSE);
  /* Kept connections lead through the old network; those in use end by themselves. */
  if (g_hash_table_size (self->flights) == 0)
    fp_http_abort (self->http);
  if (chance)
    {
      fp_sync_reset_breakers (self, FALSE);
      fp_sync_wish_to_clear (self, FP_SYNC_CLEAR_CHANCE, NULL);
    }
  self->want_look = TRUE;
  fp_sync_pump (self);
}

/* The clock was set or the machine slept: connections are dead, and waits were reckoned in another world. */
static void
clock_jumped_cb (FpSync *self)
{
  fp_sync_flights_break (self, TRUE);
  fp_http_abort (self->http);
  fp_sync_reset_breakers (self, FALSE);
  fp_sync_wish_to_clear (self, FP_SYNC_CLEAR_CHANCE, NULL);
  fp_sync_pump (self);
}

/* TRUE for the commit of our own turn, once: everything in it is known here. */
static gboolean
is_own_change (FpSync *self,
               GArray *ids)
{
  if (!self->own_ids || ids->len == 0)
    return FALSE;
  for (guint i = 0; i < ids->len; i++)
    if (!g_hash_table_contains (self->own_ids, &g_array_index (ids, gint64, i)))
      return FALSE;

  g_clear_pointer (&self->own_ids, g_hash_table_unref);
  return TRUE;
}

static void
store_changed_cb (FpSync *self,
                  guint   topics,
                  GArray *ids)
{
  if (!(topics & (FP_STORE_ITEMS | FP_STORE_SETTINGS)))
    return;
  if (topics == FP_STORE_ITEMS && is_own_change (self, ids))
    return;

  fp_sync_nudge (self);
}

/* What it listens to while it is started. */
void
fp_sync_listen (FpSync *self)
{
  g_signal_connect_object (self->link, "changed", G_CALLBACK (link_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->clock, "jumped", G_CALLBACK (clock_jumped_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->store, "changed", G_CALLBACK (store_changed_cb), self, G_CONNECT_SWAPPED);
}

void
fp_sync_stop_listening (FpSync *self)
{
  g_signal_handlers_disconnect_by_data (self->link, self);
  g_signal_handlers_disconnect_by_data (self->clock, self);
  g_signal_handlers_disconnect_by_data (self->store, self);
}
