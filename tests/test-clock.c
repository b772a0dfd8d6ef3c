#include "base/fp-clock.h"
#include "fp-test.h"

typedef struct
{
  FpClock *clock;
  FpTimer *timer;
  GArray *fired; /* of gint64: boot ms at each run */
  gint64 again;  /* arm again so much later; 0 = not */
  gboolean free_itself;
} Fixture;

static gboolean
fired_cb (gpointer data)
{
  Fixture *f = data;
  gint64 now = fp_clock_get_boot_ms (f->clock);

  g_assert_false (fp_timer_is_armed (f->timer));
  g_array_append_val (f->fired, now);
  if (f->again)
    fp_timer_arm (f->timer, now + f->again);
  if (f->free_itself)
    g_clear_pointer (&f->timer, fp_timer_free);

  return G_SOURCE_REMOVE;
}

static void
setup (Fixture      *f,
       gconstpointer real)
{
  f->clock = real ? fp_clock_new () : fp_clock_new_fake (1000000, 5000);
  f->fired = g_array_new (FALSE, FALSE, sizeof (gint64));
  f->timer = fp_timer_new (f->clock, fired_cb, f);
}

static void
teardown (Fixture      *f,
          gconstpointer data)
{
  g_clear_pointer (&f->timer, fp_timer_free);
  g_array_unref (f->fired);
  g_assert_finalize_object (f->clock);
}

static gint64
nth (Fixture *f,
     guint    n)
{
  return g_array_index (f->fired, gint64, n);
}

static void
test_fake_stands_still (Fixture      *f,
                        gconstpointer data)
{
  g_assert_cmpint (fp_clock_get_wall_ms (f->clock), ==, 1000000);
  g_assert_cmpint (fp_clock_get_boot_ms (f->clock), ==, 5000);
  fp_clock_advance (f->clock, 250);
  g_assert_cmpint (fp_clock_get_wall_ms (f->clock), ==, 1000250);
  g_assert_cmpint (fp_clock_get_boot_ms (f->clock), ==, 5250);
}

static void
test_fake_fires_once_when_due (Fixture      *f,
                               gconstpointer data)
{
  fp_timer_arm (f->timer, 5500);
  fp_clock_advance (f->clock, 499);
  g_assert_cmpuint (f->fired->len, ==, 0);
  g_assert_true (fp_timer_is_armed (f->timer));
  fp_clock_advance (f->clock, 1);
  fp_clock_advance (f->clock, 10000);
  g_assert_cmpuint (f->fired->len, ==, 1);
  g_assert_cmpint (nth (f, 0), ==, 5500);
}

static void
test_fake_rearmed_fires_on_the_way (Fixture      *f,
                                    gconstpointer data)
{
  f->again = 100;
  fp_timer_arm (f->timer, 5100);
  fp_clock_advance (f->clock, 350);
  g_assert_cmpuint (f->fired->len, ==, 3);
  g_assert_cmpint (nth (f, 2), ==, 5300);
  g_assert_cmpint (fp_clock_get_boot_ms (f->clock), ==, 5350);
}

static void
test_fake_keeps_the_order (Fixture      *f,
                           gconstpointer data)
{
  Fixture later = { f->clock, NULL, f->fired, 0, FALSE };

  /* Armed first, due last. */
  later.timer = fp_timer_new (f->clock, fired_cb, &later);
  fp_timer_arm (later.timer, 5300);
  fp_timer_arm (f->timer, 5200);
  fp_clock_advance (f->clock, 1000);
  g_assert_cmpint (nth (f, 0), ==, 5200);
  g_assert_cmpint (nth (f, 1), ==, 5300);
  fp_timer_free (later.timer);
}

static void
test_past_fires_in_the_loop (Fixture      *f,
                             gconstpointer data)
{
  fp_timer_arm (f->timer, 0);
  g_assert_cmpuint (f->fired->len, ==, 0);
  fp_test_until (f->fired->len == 1);
  fp_test_drain ();
  g_assert_cmpuint (f->fired->len, ==, 1);
}

static void
test_disarmed_does_not_fire (Fixture      *f,
                             gconstpointer real)
{
  fp_timer_arm (f->timer, 0);
  fp_timer_disarm (f->timer);
  g_assert_false (fp_timer_is_armed (f->timer));
  fp_test_drain ();
  fp_timer_arm (f->timer, fp_clock_get_boot_ms (f->clock) + 5);
  fp_timer_disarm (f->timer);
  if (real)
    g_usleep (10000); /* lets the kernel's timer pass, if it was left on */
  else
    fp_clock_advance (f->clock, 100);
  fp_test_drain ();
  g_assert_cmpuint (f->fired->len, ==, 0);
}

static void
test_may_free_itself (Fixture      *f,
                      gconstpointer real)
{
  f->free_itself = TRUE;
  fp_timer_arm (f->timer, fp_clock_get_boot_ms (f->clock) + 5);
  if (!real)
    fp_clock_advance (f->clock, 5);
  fp_test_until (f->fired->len == 1);
  g_assert_null (f->timer);
  fp_test_drain ();
}

static void
test_real_fires_not_before (Fixture      *f,
                            gconstpointer data)
{
  gint64 start = fp_clock_get_boot_ms (f->clock);

  fp_timer_arm (f->timer, G_MAXINT64);
  fp_timer_arm (f->timer, start + 30);
  fp_test_until (f->fired->len == 1);
  g_assert_cmpint (nth (f, 0), >=, start + 30);
  fp_test_drain ();
  g_assert_cmpuint (f->fired->len, ==, 1);
}

static void
test_real_follows_the_system (Fixture      *f,
                              gconstpointer data)
{
  gint64 wall = fp_clock_get_wall_ms (f->clock);

  g_assert_cmpint (ABS (wall - g_get_real_time () / 1000), <, 1000);
  g_assert_cmpint (fp_clock_get_boot_ms (f->clock), >, 0);
  g_assert_cmpstr (fp_clock_get_boot_id (f->clock), !=, "");
  g_assert_null (strchr (fp_clock_get_boot_id (f->clock), '\n'));
}

static void
jumped_cb (FpClock *clock,
           guint   *jumps)
{
  (*jumps)++;
}

static void
test_set_wall_jumps (Fixture      *f,
                     gconstpointer data)
{
  guint jumps = 0;

  g_signal_connect (f->clock, "jumped", G_CALLBACK (jumped_cb), &jumps);
  fp_clock_advance (f->clock, 3600000);
  g_assert_cmpuint (jumps, ==, 0);
  fp_clock_set_wall (f->clock, 77);
  g_assert_cmpuint (jumps, ==, 1);
  g_assert_cmpint (fp_clock_get_wall_ms (f->clock), ==, 77);
  g_assert_cmpint (fp_clock_get_boot_ms (f->clock), ==, 3605000);
}

int
main (int    argc,
      char **argv)
{
  gconstpointer real = GINT_TO_POINTER (TRUE);

  g_test_init (&argc, &argv, NULL);

#define ADD(path, data, func) g_test_add (path, Fixture, data, setup, func, teardown)
  ADD ("/base/clock/fake/stands-still", NULL, test_fake_stands_still);
  ADD ("/base/clock/fake/fires-once-when-due", NULL, test_fake_fires_once_when_due);
  ADD ("/base/clock/fake/rearmed-fires-on-the-way", NULL, test_fake_rearmed_fires_on_the_way);
  ADD ("/base/clock/fake/keeps-the-order", NULL, test_fake_keeps_the_order);
  ADD ("/base/clock/fake/past-fires-in-the-loop", NULL, test_past_fires_in_the_loop);
  ADD ("/base/clock/fake/disarmed-does-not-fire", NULL, test_disarmed_does_not_fire);
  ADD ("/base/clock/fake/may-free-itself", NULL, test_may_free_itself);
  ADD ("/base/clock/fake/set-wall-jumps", NULL, test_set_wall_jumps);
  ADD ("/base/clock/real/past-fires-in-the-loop", real, test_past_fires_in_the_loop);
  ADD ("/base/clock/real/disarmed-does-not-fire", real, test_disarmed_does_not_fire);
  ADD ("/base/clock/real/may-free-itself", real, test_may_free_itself);
  ADD ("/base/clock/real/fires-not-before", real, test_real_fires_not_before);
  ADD ("/base/clock/real/follows-the-system", real, test_real_follows_the_system);

  return g_test_run ();
}
