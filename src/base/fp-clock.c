#include "base/fp-clock.h"

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <glib-unix.h>

#include "base/fp-random.h"

#define FAKE_BOOT_ID "00000000-0000-4000-8000-000000000000"

struct _FpClock
{
  GObject parent_instance;

  gboolean fake;
  char *boot_id;

  /* Owned; real clocks only. */
  int watch_fd;
  GSource *watch;

  /* Fake clocks only. The times are read by other threads, the timers belong to the clock's own. */
  GMutex lock;
  gint64 fake_wall_ms;
  gint64 fake_boot_ms;
  gint64 fake_suspended_ms;
  GList *fake_timers; /* armed FpTimer, borrowed, by due time and then by order of arming */
};

struct _FpTimer
{
  FpClock *clock;  /* owned */
  GSource *source; /* owned, attached */
  int fd;          /* owned; -1 with a fake clock or where none could be had */
  GSourceFunc callback;
  gpointer user_data;
  gint64 due;
  gboolean armed;
};

typedef struct
{
  GSource source;
  FpTimer *timer; /* borrowed; NULL once it was freed */
} TimerSource;

enum
{
  JUMPED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FpClock, fp_clock, G_TYPE_OBJECT)

static gint64
read_clock_ms (clockid_t id)
{
  struct timespec now = { 0 };

  clock_gettime (id, &now);
  return (gint64) now.tv_sec * 1000 + now.tv_nsec / G_GINT64_CONSTANT (1000000);
}

/* Arms the descriptor for a moment that never comes; it becomes readable only by ECANCELED. */
static gboolean
arm_watch (FpClock *self)
{
  struct itimerspec never = { .it_value = { .tv_sec = G_MAXINT32 } };

  never.it_value.tv_sec += read_clock_ms (CLOCK_REALTIME) / 1000;
  return timerfd_settime (self->watch_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL)
         == 0;
}

static gboolean
clock_was_set_cb (int          fd,
                  GIOCondition condition,
                  gpointer     user_data)
{
  FpClock *self = user_data;
  guint64 expirations;
  gboolean set = read (fd, &expirations, sizeof expirations) < 0 && errno == ECANCELED;
  gboolean armed = arm_watch (self);

  /* The handler may drop the last reference, so this comes last. */
  if (set)
    g_signal_emit (self, signals[JUMPED], 0);

  return armed ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* The kernel cancels such timers both when the clock is set and on resume (timerfd_resume()). Without a
 * descriptor to be had the clock works, but does not tell. */
static void
start_watch (FpClock *self)
{
  self->watch_fd = timerfd_create (CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
  if (self->watch_fd < 0 || !arm_watch (self))
    return;

  self->watch = g_unix_fd_source_new (self->watch_fd, G_IO_IN);
  g_source_set_callback (self->watch, G_SOURCE_FUNC (clock_was_set_cb), self, NULL);
  g_source_attach (self->watch, g_main_context_get_thread_default ());
}

static void
fp_clock_finalize (GObject *object)
{
  FpClock *self = FP_CLOCK (object);

  /* A timer holds its clock, so none is left. */
  g_assert (self->fake_timers == NULL);

  if (self->watch)
    g_source_destroy (self->watch);
  g_clear_pointer (&self->watch, g_source_unref);
  if (self->watch_fd >= 0)
    close (self->watch_fd);
  g_free (self->boot_id);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (fp_clock_parent_class)->finalize (object);
}

static void
fp_clock_class_init (FpClockClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = fp_clock_finalize;

  /**
   * FpClock::jumped:
   *
   * The wall clock was set or the machine resumed: what was computed from wall time is void.
   */
  signals[JUMPED] = g_signal_new ("jumped", FP_TYPE_CLOCK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 0);
}

static void
fp_clock_init (FpClock *self)
{
  self->watch_fd = -1;
  g_mutex_init (&self->lock);
}

/* A container may count its boot time from another moment (time_namespaces(7)): that is another clock, although the
 * machine booted once. NULL = from the same. */
static char *
dup_boot_offset (void)
{
  g_autofree char *offsets = NULL;
  g_autofree char *line = NULL;
  const char *boot;

  if (!g_file_get_contents ("/proc/self/timens_offsets", &offsets, NULL, NULL)
      || !(boot = strstr (offsets, "boottime")))
    return NULL;
  boot += strlen ("boottime");
  line = g_strndup (boot, strcspn (boot, "\n"));

  return strpbrk (line, "123456789") ? g_strdelimit (g_strdup (g_strstrip (line)), " \t", '.') : NULL;
}

static char *
dup_boot_id (void)
{
  g_autofree char *id = NULL;
  g_autofree char *offset = NULL;

  /* Where /proc is hidden, an id of our own: waits of another process are then void, which is the safe side. */
  if (!g_file_get_contents ("/proc/sys/kernel/random/boot_id", &id, NULL, NULL))
    return fp_uuid_new ();
  offset = dup_boot_offset ();

  return g_strconcat (g_strstrip (id), offset ? "+" : NULL, offset, NULL);
}

/**
 * fp_clock_new:
 *
 * The system's clocks. Times may be read from any thread; "jumped" is emitted in the caller's
 * thread-default main context.
 *
 * Returns: (transfer full): a clock
 */
FpClock *
fp_clock_new (void)
{
  FpClock *self = g_object_new (FP_TYPE_CLOCK, NULL);

  self->boot_id = dup_boot_id ();
  start_watch (self);

  return self;
}

/**
 * fp_clock_new_fake:
 * @wall_ms: unix ms at which it stands
 * @boot_ms: ms since boot at which it stands
 *
 * A clock that stands still until [method@Clock.advance].
 *
 * Returns: (transfer full): a clock
 */
FpClock *
fp_clock_new_fake (gint64 wall_ms,
                   gint64 boot_ms)
{
  FpClock *self = g_object_new (FP_TYPE_CLOCK, NULL);

  self->fake = TRUE;
  self->boot_id = g_strdup (FAKE_BOOT_ID);
  self->fake_wall_ms = wall_ms;
  self->fake_boot_ms = boot_ms;

  return self;
}

/**
 * fp_clock_get_wall_ms:
 *
 * Returns: unix time in ms; may jump. Any thread.
 */
gint64
fp_clock_get_wall_ms (FpClock *self)
{
  gint64 ms;

  g_return_val_if_fail (FP_IS_CLOCK (self), 0);

  if (!self->fake)
    return read_clock_ms (CLOCK_REALTIME);

  g_mutex_lock (&self->lock);
  ms = self->fake_wall_ms;
  g_mutex_unlock (&self->lock);

  return ms;
}

/**
 * fp_clock_get_boot_ms:
 *
 * Returns: ms since boot, suspend included; never goes back. Any thread.
 */
gint64
fp_clock_get_boot_ms (FpClock *self)
{
  gint64 ms;

  g_return_val_if_fail (FP_IS_CLOCK (self), 0);

  if (!self->fake)
    return read_clock_ms (CLOCK_BOOTTIME);

  g_mutex_lock (&self->lock);
  ms = self->fake_boot_ms;
  g_mutex_unlock (&self->lock);

  return ms;
}

/**
 * fp_clock_get_boot_id:
 *
 * Returns: (transfer none): the boot that boot times count from; another id makes them void. Any thread.
 */
const char *
fp_clock_get_boot_id (FpClock *self)
{
  g_return_val_if_fail (FP_IS_CLOCK (self), NULL);

  return self->boot_id;
}

/**
 * fp_clock_get_suspended_ms:
 *
 * Returns: ms since boot that the machine slept; grows only by that. Any thread.
 */
gint64
fp_clock_get_suspended_ms (FpClock *self)
{
  g_return_val_if_fail (FP_IS_CLOCK (self), 0);

  return self->fake ? self->fake_suspended_ms : read_clock_ms (CLOCK_BOOTTIME) - read_clock_ms (CLOCK_MONOTONIC);
}

static void
set_fake_times (FpClock *self,
                gint64   wall_ms,
                gint64   boot_ms)
{
  g_mutex_lock (&self->lock);
  self->fake_wall_ms = wall_ms;
  self->fake_boot_ms = boot_ms;
  g_mutex_unlock (&self->lock);
}

static void
fire (FpTimer *timer)
{
  GSourceFunc callback = timer->callback;
  gpointer user_data = timer->user_data;

  fp_timer_disarm (timer);
  /* The callback may arm or free the timer: it is not touched afterwards. */
  callback (user_data);
}

/**
 * fp_clock_advance:
 * @ms: at least 0
 *
 * Moves both times of a fake clock forward, stopping at each timer on the way to run it. A timer that
 * arms itself again within the span runs again.
 */
void
fp_clock_advance (FpClock *self,
                  gint64   ms)
{
  gint64 end;

  g_return_if_fail (FP_IS_CLOCK (self) && self->fake && ms >= 0);

  g_object_ref (self);
  end = self->fake_boot_ms + ms;
  while (self->fake_timers && ((FpTimer *) self->fake_timers->data)->due <= end)
    {
      FpTimer *timer = self->fake_timers->data;
      gint64 step = MAX (timer->due - self->fake_boot_ms, 0);

      set_fake_times (self, self->fake_wall_ms + step, self->fake_boot_ms + step);
      fire (timer);
    }
  if (end > self->fake_boot_ms)
    set_fake_times (self, self->fake_wall_ms + end - self->fake_boot_ms, end);
  g_object_unref (self);
}

/**
 * fp_clock_set_wall:
 * @wall_ms: unix ms
 *
 * Sets the wall time of a fake clock as a person or NTP would, and emits "jumped".
 */
void
fp_clock_set_wall (FpClock *self,
                   gint64   wall_ms)
{
  g_return_if_fail (FP_IS_CLOCK (self) && self->fake);

  set_fake_times (self, wall_ms, self->fake_boot_ms);
  g_signal_emit (self, signals[JUMPED], 0);
}

/**
 * fp_clock_suspend:
 * @ms: at least 0
 *
 * Has a machine with a fake clock sleep: both times move on, "jumped" is emitted, and timers that became due meanwhile
 * run in the next iteration, as the kernel's do.
 */
void
fp_clock_suspend (FpClock *self,
                  gint64   ms)
{
  GList *timers;

  g_return_if_fail (FP_IS_CLOCK (self) && self->fake && ms >= 0);

  set_fake_times (self, self->fake_wall_ms + ms, self->fake_boot_ms + ms);
  self->fake_suspended_ms += ms;
  timers = g_list_copy (self->fake_timers);
  for (GList *l = timers; l; l = l->next)
    fp_timer_arm (l->data, ((FpTimer *) l->data)->due);
  g_list_free (timers);
  g_signal_emit (self, signals[JUMPED], 0);
}

/**
 * fp_clock_get_n_armed:
 *
 * Returns: how many timers of a fake clock would wake the program some time
 */
guint
fp_clock_get_n_armed (FpClock *self)
{
  g_return_val_if_fail (FP_IS_CLOCK (self) && self->fake, 0);

  return g_list_length (self->fake_timers);
}

static gboolean
timer_source_dispatch (GSource    *source,
                       GSourceFunc callback,
                       gpointer    user_data)
{
  FpTimer *timer = ((TimerSource *) source)->timer;

  if (timer && timer->armed)
    fire (timer);

  return G_SOURCE_CONTINUE;
}

static GSourceFuncs timer_source_funcs = { .dispatch = timer_source_dispatch };

/**
 * fp_timer_new:
 * @clock: what it goes by
 * @callback: runs in the caller's thread-default main context, once for each [func@Timer.arm]; what it
 *   returns is ignored; it may arm or free the timer
 * @user_data: for @callback
 *
 * A one-shot timer on boot time, not armed.
 *
 * Returns: (transfer full): a timer
 */
FpTimer *
fp_timer_new (FpClock    *clock,
              GSourceFunc callback,
              gpointer    user_data)
{
  FpTimer *self;

  g_return_val_if_fail (FP_IS_CLOCK (clock) && callback, NULL);

  self = g_new0 (FpTimer, 1);
  self->clock = g_object_ref (clock);
  self->callback = callback;
  self->user_data = user_data;
  self->fd = clock->fake ? -1 : timerfd_create (CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
  self->source = g_source_new (&timer_source_funcs, sizeof (TimerSource));
  ((TimerSource *) self->source)->timer = self;
  g_source_set_static_name (self->source, "FpTimer");
  if (self->fd >= 0)
    g_source_add_unix_fd (self->source, self->fd, G_IO_IN);
  g_source_attach (self->source, g_main_context_get_thread_default ());

  return self;
}

static int
compare_due (gconstpointer a,
             gconstpointer b)
{
  gint64 due_a = ((const FpTimer *) a)->due, due_b = ((const FpTimer *) b)->due;

  /* Never equal: g_list_insert_sorted() would put the later one first. */
  return due_a >= due_b ? 1 : -1;
}

/**
 * fp_timer_arm:
 * @boot_ms: when to run, ms since boot; a time that is over runs it in the next iteration, G_MAXINT64 never
 *
 * Arms the timer, or moves it if it is armed.
 */
void
fp_timer_arm (FpTimer *self,
              gint64   boot_ms)
{
  struct itimerspec at = { 0 };
  gint64 now;

  g_return_if_fail (self);

  fp_timer_disarm (self);
  now = fp_clock_get_boot_ms (self->clock);
  self->due = boot_ms;
  self->armed = TRUE;

  if (boot_ms <= now)
    {
      g_source_set_ready_time (self->source, 0);
      return;
    }
  if (self->clock->fake)
    {
      self->clock->fake_timers = g_list_insert_sorted (self->clock->fake_timers, self, compare_due);
      return;
    }

  at.it_value.tv_sec = boot_ms / 1000;
  at.it_value.tv_nsec = boot_ms % 1000 * 1000000;
  /* Out of descriptors: monotonic time is late after a suspend, but better than never. */
  if (self->fd < 0 || timerfd_settime (self->fd, TFD_TIMER_ABSTIME, &at, NULL) < 0)
    {
      gint64 wait = MIN (boot_ms - now, G_MAXINT64 / 4000);

      g_source_set_ready_time (self->source, g_get_monotonic_time () + wait * 1000);
    }
}

/**
 * fp_timer_disarm:
 *
 * After this the callback does not run, also if the time was over already.
 */
void
fp_timer_disarm (FpTimer *self)
{
  static const struct itimerspec off;

  g_return_if_fail (self);

  if (!self->armed)
    return;

  self->armed = FALSE;
  g_source_set_ready_time (self->source, -1);
  if (self->clock->fake)
    self->clock->fake_timers = g_list_remove (self->clock->fake_timers, self);
  /* Setting a timer also clears an expiration that nobody has read. */
  if (self->fd >= 0)
    timerfd_settime (self->fd, 0, &off, NULL);
}

/**
 * fp_timer_is_armed:
 *
 * Returns: TRUE from arming until just before the callback runs
 */
gboolean
fp_timer_is_armed (FpTimer *self)
{
  g_return_val_if_fail (self, FALSE);

  return self->armed;
}

/**
 * fp_timer_free:
 *
 * Disarms and frees; allowed within the timer's own callback.
 */
void
fp_timer_free (FpTimer *self)
{
  g_return_if_fail (self);

  fp_timer_disarm (self);
  ((TimerSource *) self->source)->timer = NULL;
  g_source_destroy (self->source);
  g_source_unref (self->source);
  if (self->fd >= 0)
    close (self->fd);
  g_object_unref (self->clock);
  g_free (self);
}
