#include "sync/fp-sync-private.h"

/* A hint was missed: another program wrote to the store and could not tell. */
#define LOOK_EVERY_MS 30000
#define RETRY_LOCK_MS 30000

/* A clock that is set by less is being kept right. */
#define SHIFT_MS 1000

/* Two clocks are not read in one instant. */
#define SLEPT_MS 100

/* The kernel and the session both tell of one resume, some time apart. */
#define SAME_RESUME_MS 10000

/* Reckoned from the last look, which left out the hosts that were closed then. */
static gint64
next_breaker (FpSync *self)
{
  gint64 at = G_MAXINT64;
  GHashTableIter iter;
  gpointer breaker;

  g_hash_table_iter_init (&iter, self->breakers);
  while (g_hash_table_iter_next (&iter, NULL, &breaker))
    {
      gint64 until = fp_breaker_get_until (breaker);

      if (until > self->looked_at)
        at = MIN (at, until);
    }

  return at;
}

static gboolean
something_waits (FpSync *self)
{
  return !self->counts || self->counts->pending + self->counts->failed > 0;
}

/* The next moment at which something is to be done without a hint from outside. None where nothing waits. */
void
fp_sync_arm (FpSync *self)
{
  gint64 at = self->look_at > 0 ? self->look_at : G_MAXINT64;

  if (self->stopping || !self->lock)
    return;

  if (self->retry_write > 0)
    {
      fp_timer_arm (self->timer, self->retry_write);
      return;
    }

  if (!self->watch)
    at = MIN (at, self->looked_at + LOOK_EVERY_MS);
  if (something_waits (self))
    {
      /* Something due already is kept by its gate or its host; that opens with a hint or with the breaker's time. */
      if (self->next_due > self->looked_at && self->next_due < FP_ITEM_PARKED)
        at = MIN (at, self->next_due);
      if (self->full_until > self->looked_at)
        at = MIN (at, self->full_until);
      at = MIN (at, next_breaker (self));
      at = MIN (at, fp_sync_probe_get_next (self));
    }

  if (at < G_MAXINT64)
    fp_timer_arm (self->timer, at);
  else
    fp_timer_disarm (self->timer);
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
  self->clear_after = 0;
  if (tag != self->want_clear_tag)
    {
      g_free (self->want_clear_tag);
      self->want_clear_tag = g_strdup (tag);
    }
  self->want_look = TRUE;
}

void
fp_sync_add_host_to_clear (FpSync     *self,
                           const char *host)
{
  if (!self->want_clear_hosts)
    self->want_clear_hosts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_add (self->want_clear_hosts, g_strdup (host));
}

void
fp_sync_wish_to_clear_host (FpSync     *self,
                            const char *host)
{
  fp_sync_add_host_to_clear (self, host);
  fp_breaker_reset (fp_sync_get_breaker (self, host), FALSE, fp_clock_get_boot_ms (self->clock));
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
  fp_pauses_reset (self->pauses);
}

static void
link_changed_cb (FpSync *self)
{
  FpLinkState link = fp_link_get_state (self->link);
  gboolean usable = link == FP_LINK_FULL || link == FP_LINK_UNKNOWN;
  gboolean has_link = fp_link_get_has_link (self->link);
  gboolean metered = fp_link_get_metered (self->link);
  gboolean chance = (usable && !self->usable) || (has_link && !self->has_link);

  if (self->metered && !metered)
    self->want_unpark = TRUE;
  if (usable && !self->usable)
    self->usable_wall = fp_clock_get_wall_ms (self->clock);
  self->usable = usable;
  self->has_link = has_link;
  self->metered = metered;
  self->metered_allowed = FALSE;
  g_hash_table_remove_all (self->asked_for);
  fp_sync_probe_forget (self);

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

void
fp_sync_note_clocks (FpSync *self)
{
  self->wall_offset = fp_clock_get_wall_ms (self->clock) - fp_clock_get_boot_ms (self->clock);
  self->suspended = fp_clock_get_suspended_ms (self->clock);
}

/**
 * fp_sync_resume:
 *
 * The machine slept: connections are dead although nobody told, so what is in flight
 * is broken off, new ones are opened, and every wait that is not a server's is over.
 * The kernel's word comes by the clock; this is for whoever hears it from elsewhere
 * too. Of two within ten seconds the second one is the same.
 */
void
fp_sync_resume (FpSync *self)
{
  gint64 now = fp_clock_get_boot_ms (self->clock);

  g_return_if_fail (FP_IS_SYNC (self));

  if (self->resumed_at > 0 && now - self->resumed_at < SAME_RESUME_MS)
    return;

  self->resumed_at = now;
  fp_sync_flights_break (self, TRUE);
  fp_http_abort (self->http);
  fp_sync_probe_forget (self);
  fp_sync_reset_breakers (self, FALSE);
  fp_sync_wish_to_clear (self, FP_SYNC_CLEAR_CHANCE, NULL);
  fp_link_check (self->link);
  fp_sync_pump (self);
}

/* The machine slept, or somebody set the clock. Waits go by boot time and hold; what was reckoned by the wall clock, a
 * server's Retry-After and the time that people see, goes along with it. A request under way is no worse for that. */
static void
clock_jumped_cb (FpSync *self)
{
  gint64 offset = self->wall_offset;
  gint64 suspended = self->suspended;
  gint64 shift;

  fp_sync_note_clocks (self);
  shift = self->wall_offset - offset;
  if (ABS (shift) < SHIFT_MS)
    {
      self->wall_offset = offset;
    }
  else
    {
      self->want_shift += shift;
      self->want_look = TRUE;
      if (self->usable_wall > 0)
        self->usable_wall += shift;
    }

  if (self->suspended > suspended + SLEPT_MS)
    fp_sync_resume (self);
  else
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

/* Some program wrote. Whoever did has most likely told us already, so there is no hurry. */
static void
folder_changed_cb (FpSync *self)
{
  if (self->look_at > 0 || self->stopping)
    return;

  self->look_at = fp_clock_get_boot_ms (self->clock) + LOOK_EVERY_MS;
  if (!self->turn)
    fp_sync_arm (self);
}

static void
watch_folder (FpSync *self)
{
  g_autoptr(GFile) folder = g_file_new_for_path (fp_store_get_folder (self->store));
  g_autoptr(GError) error = NULL;

  self->watch = g_file_monitor_directory (folder, G_FILE_MONITOR_NONE, NULL, &error);
  if (!self->watch)
    {
      g_debug ("sync: the store's folder cannot be watched: %s", error->message);
      return;
    }
  g_file_monitor_set_rate_limit (self->watch, LOOK_EVERY_MS);
  g_signal_connect_object (self->watch, "changed", G_CALLBACK (folder_changed_cb), self, G_CONNECT_SWAPPED);
}

/* What it listens to while it is started. */
void
fp_sync_listen (FpSync *self)
{
  g_signal_connect_object (self->link, "changed", G_CALLBACK (link_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->clock, "jumped", G_CALLBACK (clock_jumped_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->store, "changed", G_CALLBACK (store_changed_cb), self, G_CONNECT_SWAPPED);
  watch_folder (self);
}

void
fp_sync_stop_listening (FpSync *self)
{
  g_signal_handlers_disconnect_by_data (self->link, self);
  g_signal_handlers_disconnect_by_data (self->clock, self);
  g_signal_handlers_disconnect_by_data (self->store, self);
  g_clear_object (&self->watch);
}
