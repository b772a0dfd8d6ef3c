#include "link/fp-link.h"

#include "fp-test.h"
#include "link/fp-link-private.h"

typedef struct
{
  FpClock *clock;
  FpLink *link;
  guint changes;
} Fixture;

static void
changed_cb (Fixture *f)
{
  f->changes++;
}

static void
take (Fixture     *f,
      FpLinkState  state)
{
  FpLinkReading reading = { state, state != FP_LINK_OFFLINE, FALSE };

  _fp_link_take (f->link, &reading);
}

static void
setup (Fixture       *f,
       gconstpointer  data)
{
  f->clock = fp_clock_new_fake (1000, 5000);
  f->link = g_object_new (FP_TYPE_LINK, "clock", f->clock, NULL);
  take (f, GPOINTER_TO_INT (data));
  g_signal_connect_swapped (f->link, "changed", G_CALLBACK (changed_cb), f);
}

static void
teardown (Fixture       *f,
          gconstpointer  data)
{
  g_assert_finalize_object (f->link);
  g_assert_finalize_object (f->clock);
}

static void
test_words (void)
{
  FpLinkState state = FP_LINK_PORTAL;
  guint i;

  for (i = FP_LINK_UNKNOWN; i <= FP_LINK_FULL; i++)
    {
      FpLinkState back;

      g_assert_true (fp_link_state_from_string (fp_link_state_to_string (i), &back));
      g_assert_cmpint (back, ==, i);
    }
  g_assert_false (fp_link_state_from_string ("Full", &state));
  g_assert_false (fp_link_state_from_string (NULL, &state));
  g_assert_cmpint (state, ==, FP_LINK_PORTAL);
}

static void
test_full_has_to_stand (Fixture       *f,
                        gconstpointer  data)
{
  g_assert_cmpint (fp_link_get_since (f->link), ==, 5000);
  take (f, FP_LINK_FULL);
  fp_clock_advance (f->clock, 149);
  g_assert_cmpint (fp_link_get_state (f->link), ==, FP_LINK_OFFLINE);
  fp_clock_advance (f->clock, 1);
  g_assert_cmpint (fp_link_get_state (f->link), ==, FP_LINK_FULL);
  g_assert_cmpint (fp_link_get_since (f->link), ==, 5150);
  g_assert_cmpuint (f->changes, ==, 1);
}

static void
test_full_that_goes_is_not_told (Fixture       *f,
                                 gconstpointer  data)
{
  take (f, FP_LINK_FULL);
  fp_clock_advance (f->clock, 140);
  take (f, FP_LINK_OFFLINE);
  fp_clock_advance (f->clock, 10000);
  g_assert_cmpuint (f->changes, ==, 0);
  g_assert_cmpint (fp_link_get_since (f->link), ==, 5000);
}

/* What a restart of NetworkManager looks like: unknown → none → full within 10 ms. */
static void
test_restart_is_one_change (Fixture       *f,
                            gconstpointer  data)
{
  take (f, FP_LINK_OFFLINE);
  fp_clock_advance (f->clock, 5);
  take (f, FP_LINK_FULL);
  fp_clock_advance (f->clock, 5);
  take (f, FP_LINK_FULL);
  fp_clock_advance (f->clock, 145);
  g_assert_cmpint (fp_link_get_state (f->link), ==, FP_LINK_FULL);
  g_assert_cmpuint (f->changes, ==, 1);
}

static void
test_down_is_told_at_once (Fixture       *f,
                           gconstpointer  data)
{
  take (f, FP_LINK_OFFLINE);
  fp_clock_advance (f->clock, 20);
  g_assert_cmpint (fp_link_get_state (f->link), ==, FP_LINK_OFFLINE);
  g_assert_cmpuint (f->changes, ==, 1);
}

/* A flood of other news must not put the good ones off for ever. */
static void
test_other_news_do_not_delay_full (Fixture       *f,
                                   gconstpointer  data)
{
  FpLinkReading reading = { FP_LINK_FULL, TRUE, FALSE };
  guint i;

  for (i = 0; i < 30; i++)
    {
      reading.metered = i % 2;
      _fp_link_take (f->link, &reading);
      fp_clock_advance (f->clock, 10);
    }
  g_assert_cmpint (fp_link_get_state (f->link), ==, FP_LINK_FULL);
  g_assert_cmpint (fp_link_get_since (f->link), ==, 5150);
}

static void
test_since_is_of_the_state (Fixture       *f,
                            gconstpointer  data)
{
  FpLinkReading reading = { FP_LINK_FULL, TRUE, TRUE };

  _fp_link_take (f->link, &reading);
  fp_clock_advance (f->clock, 100);
  g_assert_true (fp_link_get_metered (f->link));
  g_assert_cmpuint (f->changes, ==, 1);
  g_assert_cmpint (fp_link_get_since (f->link), ==, 5000);
}

static void
drop_cb (FpLink   *link,
         gpointer  user_data)
{
  g_object_unref (link);
}

static void
test_may_be_dropped_by_its_news (void)
{
  g_autoptr(FpClock) clock = fp_clock_new_fake (0, 0);
  FpLink *link = g_object_new (FP_TYPE_LINK, "clock", clock, NULL);
  FpLinkReading offline = { FP_LINK_OFFLINE, FALSE, FALSE };
  FpLinkReading full = { FP_LINK_FULL, TRUE, FALSE };

  _fp_link_take (link, &offline);
  _fp_link_take (link, &full);
  g_signal_connect (link, "changed", G_CALLBACK (drop_cb), NULL);
  g_object_add_weak_pointer (G_OBJECT (link), (gpointer *) &link);
  fp_clock_advance (clock, 1000);
  g_assert_null (link);
}

static void
count_cb (FpLink *link,
          guint  *changes)
{
  (*changes)++;
}

static void
test_fake (void)
{
  FpLink *link = fp_link_new_fake (FP_LINK_OFFLINE);
  gint64 since = fp_link_get_since (link);
  guint changes = 0;

  g_signal_connect (link, "changed", G_CALLBACK (count_cb), &changes);
  g_assert_cmpint (fp_link_get_source (link), ==, FP_LINK_SOURCE_FAKE);
  g_assert_false (fp_link_get_has_link (link));

  fp_link_set (link, FP_LINK_FULL, TRUE);
  g_assert_cmpuint (changes, ==, 1);
  g_assert_cmpint (fp_link_get_state (link), ==, FP_LINK_FULL);
  g_assert_true (fp_link_get_has_link (link));
  g_assert_true (fp_link_get_metered (link));
  g_assert_cmpint (fp_link_get_since (link), >=, since);

  fp_link_set (link, FP_LINK_FULL, TRUE);
  fp_link_check (link);
  g_assert_cmpuint (changes, ==, 1);
  g_assert_finalize_object (link);
}

static FpLink *
new_link (FpClock  *clock,
          GError  **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_link_new_async (clock, NULL, fp_test_await_cb, &await);
  return fp_link_new_finish (fp_test_await (&await), error);
}

/* The first word of GNetworkMonitor is often wrong, and its "full" always. */
static void
test_monitor (void)
{
  FpClock *clock = fp_clock_new_fake (0, 0);
  g_autoptr(GError) error = NULL;
  FpLink *link;

  g_setenv ("FIELDPOST_LINK", "monitor", TRUE);
  link = new_link (clock, &error);
  g_assert_no_error (error);
  g_assert_cmpint (fp_link_get_source (link), ==, FP_LINK_SOURCE_MONITOR);
  g_assert_cmpint (fp_link_get_state (link), ==, FP_LINK_UNKNOWN);
  g_assert_true (fp_link_get_has_link (link));
  fp_link_check (link);
  fp_clock_advance (clock, 500);
  g_assert_cmpint (fp_link_get_state (link), ==, FP_LINK_UNKNOWN);

  fp_clock_advance (clock, 1000);
  fp_clock_advance (clock, 1000);
  g_assert_cmpint (fp_link_get_state (link), !=, FP_LINK_FULL);
  if (g_network_monitor_get_network_available (g_network_monitor_get_default ()))
    g_assert_cmpint (fp_link_get_state (link), !=, FP_LINK_OFFLINE);
  else
    g_assert_cmpint (fp_link_get_state (link), ==, FP_LINK_OFFLINE);

  g_assert_finalize_object (link);
  g_assert_finalize_object (clock);
  g_unsetenv ("FIELDPOST_LINK");
}

static void
test_no_bus (void)
{
  FpClock *clock = fp_clock_new_fake (0, 0);
  g_autoptr(GError) error = NULL;
  FpLink *link = new_link (clock, &error);

  g_assert_no_error (error);
  g_assert_cmpint (fp_link_get_source (link), ==, FP_LINK_SOURCE_MONITOR);
  g_assert_finalize_object (link);

  g_setenv ("FIELDPOST_LINK", "nm", TRUE);
  g_assert_null (new_link (clock, &error));
  g_assert_nonnull (error);
  g_unsetenv ("FIELDPOST_LINK");
  g_assert_finalize_object (clock);
}

#define ADD(path, state, func)                                                                     \
  g_test_add (path, Fixture, GINT_TO_POINTER (state), setup, func, teardown)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("FIELDPOST_LINK");
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", TRUE);

  g_test_add_func ("/link/state/words-go-both-ways", test_words);
  ADD ("/link/settle/full-has-to-stand", FP_LINK_OFFLINE, test_full_has_to_stand);
  ADD ("/link/settle/a-flash-of-full-is-not-told", FP_LINK_OFFLINE,
       test_full_that_goes_is_not_told);
  ADD ("/link/settle/a-restart-is-one-change", FP_LINK_UNKNOWN, test_restart_is_one_change);
  ADD ("/link/settle/down-is-told-at-once", FP_LINK_FULL, test_down_is_told_at_once);
  ADD ("/link/settle/other-news-do-not-delay-full", FP_LINK_OFFLINE,
       test_other_news_do_not_delay_full);
  ADD ("/link/settle/since-is-of-the-state-alone", FP_LINK_FULL, test_since_is_of_the_state);
  g_test_add_func ("/link/settle/may-be-dropped-by-its-news", test_may_be_dropped_by_its_news);
  g_test_add_func ("/link/fake/changes-at-once", test_fake);
  g_test_add_func ("/link/monitor/never-decides-on-its-first-read", test_monitor);
  g_test_add_func ("/link/no-bus/falls-back-unless-forced", test_no_bus);

  return g_test_run ();
}
