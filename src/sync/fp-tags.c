#include "sync/fp-tags.h"

#include "net/fp-host.h"
#include "sync/fp-tags-private.h"

/* What came due while the machine was off begins so long after the start, so that a crowd of machines does not. */
#define JOBS_AFTER_MS 30000
#define JOBS_JITTER_MS 90000
#define RETRY_MS 30000

guint _fp_tags_signals[FP_TAGS_N_SIGNALS];

G_DEFINE_FINAL_TYPE (FpTags, fp_tags, G_TYPE_OBJECT)

static void
firing_free (gpointer data)
{
  Firing *firing = data;

  fp_registration_free (firing->row);
  g_free (firing);
}

/* What the network allows. */

gboolean
_fp_tags_is_usable (FpTags *self)
{
  FpLinkState link = fp_link_get_state (self->link);

  return link == FP_LINK_FULL || link == FP_LINK_UNKNOWN;
}

/* As for a public host: other programs' work is out there. */
gboolean
_fp_tags_may_fire (FpTags *self)
{
  return self->look && !self->look->paused && _fp_tags_is_usable (self) && fp_sync_get_holding (self->sync);
}

/* Frozen as late as it makes sense: the more events the better, and what is early is only a smaller item. */
static gboolean
may_freeze (FpTags         *self,
            const FpTagRow *tag)
{
  if (self->look->paused || !fp_sync_get_holding (self->sync))
    return FALSE;
  if (_fp_tags_is_usable (self) || tag->reach == FP_REACH_ALWAYS)
    return TRUE;
  if (tag->reach == FP_REACH_PUBLIC)
    return FALSE;

  return fp_link_get_has_link (self->link) || fp_host_classify (tag->url) == FP_HOST_LOOPBACK;
}

/* The turns of the store. */

static void
op_written (FpTags         *self,
            const FpTagsOp *op)
{
  switch (op->kind)
    {
    case FP_TAGS_OP_SETTLE:
      g_hash_table_remove (self->firing, op->tag);
      break;
    case FP_TAGS_OP_JOB:
      g_signal_emit (self, _fp_tags_signals[FP_TAGS_JOB], 0, op->tag);
      break;
    case FP_TAGS_OP_TELL:
    case FP_TAGS_OP_JOB_END:
      g_hash_table_remove (self->running, op->tag);
      break;
    case FP_TAGS_OP_FREEZE:
    default:
      break;
    }
}

static void
written_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(FpTags) self = user_data;
  g_autoptr(GPtrArray) ops = g_steal_pointer (&self->writing);
  g_autoptr(GError) error = NULL;

  if (!fp_store_write_finish (FP_STORE (source), result, &error))
    {
      g_message ("What became of tags and jobs cannot be written: %s", error->message);
      g_ptr_array_extend_and_steal (ops, g_steal_pointer (&self->ops));
      self->ops = g_steal_pointer (&ops);
      self->retry_at = fp_clock_get_boot_ms (self->clock) + RETRY_MS;
    }
  else
    {
      self->want_look = TRUE;
      for (guint i = 0; i < ops->len; i++)
        op_written (self, g_ptr_array_index (ops, i));
    }
  _fp_tags_pump (self);
}

static void
take_look (FpTags *self)
{
  _fp_tags_give_up_unanswered (self);
  for (guint i = 0; i < self->look->ready->len; i++)
    {
      const FpTagRow *tag = g_ptr_array_index (self->look->ready, i);

      if (may_freeze (self, tag))
        g_ptr_array_add (self->ops, fp_tags_op_new (FP_TAGS_OP_FREEZE, tag->name));
    }
  if (_fp_tags_may_fire (self))
    _fp_tags_fire_due (self);
  _fp_tags_run_due_jobs (self);
}

static void
looked_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(FpTags) self = user_data;
  g_autoptr(GError) error = NULL;
  FpTagsLook *look = fp_store_read_finish (FP_STORE (source), result, &error);

  self->reading = FALSE;
  if (look)
    {
      g_clear_pointer (&self->look, fp_tags_look_free);
      self->look = look;
      if (self->started)
        take_look (self);
    }
  else if (self->started)
    {
      g_message ("Tags and jobs cannot be read: %s", error->message);
      self->want_look = TRUE;
      self->retry_at = fp_clock_get_boot_ms (self->clock) + RETRY_MS;
    }
  _fp_tags_pump (self);
}

static void
arm (FpTags *self)
{
  gint64 at = self->retry_at > 0 ? self->retry_at : MIN (_fp_tags_get_next_fire (self), _fp_tags_get_next_job (self));

  if (at == G_MAXINT64)
    fp_timer_disarm (self->timer);
  else
    fp_timer_arm (self->timer, at);
}

/* Whatever happens ends here: one turn of the store at a time. */
void
_fp_tags_pump (FpTags *self)
{
  if (self->writing || self->reading)
    return;
  if (!self->started)
    {
      fp_timer_disarm (self->timer);
      return;
    }
  if (self->retry_at > fp_clock_get_boot_ms (self->clock))
    {
      arm (self);
      return;
    }
  self->retry_at = 0;
  if (self->ops->len > 0)
    {
      self->writing = g_steal_pointer (&self->ops);
      self->ops = g_ptr_array_new_with_free_func (fp_tags_op_free);
      fp_store_write_async (self->store, fp_tags_write, g_ptr_array_ref (self->writing),
                            (GDestroyNotify) g_ptr_array_unref, NULL, NULL, written_cb, g_object_ref (self));
    }
  else if (self->want_look)
    {
      self->want_look = FALSE;
      self->reading = TRUE;
      fp_store_read_async (self->store, fp_tags_read, NULL, NULL, fp_tags_look_free, NULL, looked_cb,
                           g_object_ref (self));
    }
  else
    {
      arm (self);
    }
}

void
fp_tags_nudge (FpTags *self)
{
  g_return_if_fail (FP_IS_TAGS (self));

  self->want_look = TRUE;
  _fp_tags_pump (self);
}

/* What wakes it. */

static gboolean
timer_cb (gpointer user_data)
{
  fp_tags_nudge (user_data);

  return G_SOURCE_REMOVE;
}

static void
store_changed_cb (FpTags *self,
                  guint   topics)
{
  if (topics & (FP_STORE_TAGS | FP_STORE_SETTINGS))
    fp_tags_nudge (self);
}

static void
link_changed_cb (FpTags *self)
{
  gboolean usable = _fp_tags_is_usable (self);

  self->chance |= usable && !self->usable;
  self->usable = usable;
  fp_tags_nudge (self);
}

static void
jumped_cb (FpTags *self)
{
  self->chance = TRUE;
  fp_tags_nudge (self);
}

static void
asked_cb (FpTags     *self,
          const char *tag)
{
  /* Our own asking for the items of a tag. */
  if (tag && g_hash_table_contains (self->firing, tag))
    return;
  if (!self->chance || !tag)
    {
      g_free (self->chance_tag);
      self->chance_tag = g_strdup (tag);
    }
  self->chance = TRUE;
  fp_tags_nudge (self);
}

void
fp_tags_start (FpTags *self)
{
  g_return_if_fail (FP_IS_TAGS (self) && !self->started);

  self->started = TRUE;
  self->at_start = TRUE;
  self->usable = _fp_tags_is_usable (self);
  self->jobs_after = fp_clock_get_boot_ms (self->clock) + JOBS_AFTER_MS
                     + fp_random_below (self->random, JOBS_JITTER_MS);
  g_signal_connect_object (self->store, "changed", G_CALLBACK (store_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->link, "changed", G_CALLBACK (link_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->clock, "jumped", G_CALLBACK (jumped_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->sync, "notify::holding", G_CALLBACK (fp_tags_nudge), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->sync, "asked", G_CALLBACK (asked_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->sync, "woken", G_CALLBACK (fp_tags_nudge), self, G_CONNECT_SWAPPED);
  fp_tags_nudge (self);
}

void
fp_tags_stop (FpTags *self)
{
  g_return_if_fail (FP_IS_TAGS (self));

  if (!self->started)
    return;
  self->started = FALSE;
  g_signal_handlers_disconnect_by_data (self->store, self);
  g_signal_handlers_disconnect_by_data (self->link, self);
  g_signal_handlers_disconnect_by_data (self->clock, self);
  g_signal_handlers_disconnect_by_data (self->sync, self);
  _fp_tags_pump (self);
}

void
fp_tags_set_announce (FpTags   *self,
                      gboolean  announce)
{
  g_return_if_fail (FP_IS_TAGS (self));

  self->announce = announce;
  fp_tags_nudge (self);
}

void
fp_tags_set_jobs (FpTags   *self,
                  gboolean  jobs)
{
  g_return_if_fail (FP_IS_TAGS (self));

  self->jobs = jobs;
  fp_tags_nudge (self);
}

void
fp_tags_set_saving (FpTags   *self,
                    gboolean  saving)
{
  g_return_if_fail (FP_IS_TAGS (self));

  self->saving = saving;
  fp_tags_nudge (self);
}

static void
fp_tags_dispose (GObject *object)
{
  FpTags *self = FP_TAGS (object);

  g_clear_pointer (&self->timer, fp_timer_free);
  g_clear_object (&self->store);
  g_clear_object (&self->sync);
  g_clear_object (&self->link);
  g_clear_object (&self->clock);

  G_OBJECT_CLASS (fp_tags_parent_class)->dispose (object);
}

static void
fp_tags_finalize (GObject *object)
{
  FpTags *self = FP_TAGS (object);

  g_clear_pointer (&self->look, fp_tags_look_free);
  g_hash_table_unref (self->firing);
  g_hash_table_unref (self->running);
  g_ptr_array_unref (self->ops);
  g_free (self->chance_tag);
  g_clear_pointer (&self->random, fp_random_free);

  G_OBJECT_CLASS (fp_tags_parent_class)->finalize (object);
}

static void
fp_tags_class_init (FpTagsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = fp_tags_dispose;
  object_class->finalize = fp_tags_finalize;

  /**
   * FpTags::fired:
   * @tag: a registration
   * @bus_name: (nullable): who is to be told; NULL = whoever listens
   * @last_chance: it is not told again by itself if this fails
   *
   * To be answered with fp_tags_done() within five minutes.
   */
  _fp_tags_signals[FP_TAGS_FIRED] = g_signal_new ("fired", FP_TYPE_TAGS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 3,
                                 G_TYPE_STRING, G_TYPE_STRING, G_TYPE_BOOLEAN);
  /**
   * FpTags::job:
   * @name: a built-in job
   *
   * To be ended with fp_tags_job_done().
   */
  _fp_tags_signals[FP_TAGS_JOB] = g_signal_new ("job", FP_TYPE_TAGS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                               G_TYPE_STRING);
}

static void
fp_tags_init (FpTags *self)
{
  self->firing = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, firing_free);
  self->running = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->ops = g_ptr_array_new_with_free_func (fp_tags_op_free);
}

/**
 * fp_tags_new:
 * @store: (transfer none): open
 * @sync: (transfer none): the sender beside which it works
 * @random: (transfer full): source of the jitter
 *
 * Returns: (transfer full): does nothing before fp_tags_start()
 */
FpTags *
fp_tags_new (FpStore  *store,
             FpSync   *sync,
             FpRandom *random)
{
  FpTags *self;

  g_return_val_if_fail (FP_IS_STORE (store) && FP_IS_SYNC (sync) && random, NULL);

  self = g_object_new (FP_TYPE_TAGS, NULL);
  self->store = g_object_ref (store);
  self->sync = g_object_ref (sync);
  self->link = g_object_ref (fp_sync_get_link (sync));
  self->clock = g_object_ref (fp_store_get_clock (store));
  self->random = random;
  self->timer = fp_timer_new (self->clock, timer_cb, self);

  return self;
}
