/* fp-clock.h — wall time, boot time and one-shot timers, injectable
 *
 * Wall time (CLOCK_REALTIME) is only shown to people and written to rows; what is waited for is boot time
 * (CLOCK_BOOTTIME), which goes on during suspend and never jumps. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define FP_TYPE_CLOCK (fp_clock_get_type ())
G_DECLARE_FINAL_TYPE (FpClock, fp_clock, FP, CLOCK, GObject)

FpClock    *fp_clock_new          (void);
FpClock    *fp_clock_new_fake     (gint64       wall_ms,
                                   gint64       boot_ms);
gint64      fp_clock_get_wall_ms  (FpClock     *self);
gint64      fp_clock_get_boot_ms  (FpClock     *self);
const char *fp_clock_get_boot_id  (FpClock     *self);
/* Ms since boot that the machine slept: what tells a resume from a clock that was set. */
gint64      fp_clock_get_suspended_ms (FpClock *self);

/* Fake clocks only. Advancing runs the timers that become due, in order, in the caller's context. */
void        fp_clock_advance      (FpClock     *self,
                                   gint64       ms);
void        fp_clock_set_wall     (FpClock     *self,
                                   gint64       wall_ms);
void        fp_clock_suspend      (FpClock     *self,
                                   gint64       ms);
guint       fp_clock_get_n_armed  (FpClock     *self);

/* Signal "jumped": the wall clock was set (CLOCK_REALTIME with CANCEL_ON_SET), or the machine resumed. */

typedef struct _FpTimer FpTimer;

FpTimer    *fp_timer_new          (FpClock     *clock,
                                   GSourceFunc  callback,
                                   gpointer     user_data);
void        fp_timer_arm          (FpTimer     *self,
                                   gint64       boot_ms);
void        fp_timer_disarm       (FpTimer     *self);
gboolean    fp_timer_is_armed     (FpTimer     *self);
void        fp_timer_free         (FpTimer     *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpTimer, fp_timer_free)

G_END_DECLS
