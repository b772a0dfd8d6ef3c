/* The sender and its clocks: waits, Retry-After, a clock that is set, a machine that sleeps, wake-ups. Design 5.2. */
#include "fp-sync-fixture.h"

#define MINUTE G_GINT64_CONSTANT (60000)
#define HOUR (60 * MINUTE)
#define YEAR (365 * 24 * HOUR)

typedef FpSyncFixture Fixture;

static void
await_quiet (Fixture *f)
{
  fp_sync_fixture_pass (f, 0);
}

/* A busy server that names a time: the item waits for it, however the wall clock is set meanwhile. */
static void
wait_over_jump (Fixture *f,
                gint64   jump)
{
  gint64 id = fp_sync_fixture_add (f, "/in");
  g_autoptr(FpItem) before = NULL;
  g_autoptr(FpItem) after = NULL;

  fp_sink_push (f->sink, 503, "Retry-After: 7200", NULL);
  fp_sync_start (f->sync);
  fp_test_until (fp_sync_get_state (f->sync) == FP_SYNC_ERROR);
  await_quiet (f);
  before = fp_sync_fixture_get (f, id);
  g_assert_cmpint (before->not_before, ==, fp_clock_get_wall_ms (f->clock) + 2 * HOUR);

  fp_clock_set_wall (f->clock, fp_clock_get_wall_ms (f->clock) + jump);
  await_quiet (f);
  after = fp_sync_fixture_get (f, id);
  g_assert_cmpint (after->not_before, ==, before->not_before + jump);
  g_assert_cmpint (after->next_try, ==, before->next_try + jump);

  /* A new chance is none against a server's own word, whatever the calendar says. */
  fp_link_set (f->link, FP_LINK_OFFLINE, FALSE);
  await_quiet (f);
  fp_link_set (f->link, FP_LINK_FULL, FALSE);
  for (int i = 0; i < 11; i++)
    fp_sync_fixture_pass (f, 10 * MINUTE);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 1);
  for (int i = 0; i < 3 && fp_sync_fixture_get_state (f, id) != FP_ITEM_SENT; i++)
    fp_sync_fixture_pass (f, 10 * MINUTE);
  g_assert_cmpint (fp_sync_fixture_get_state (f, id), ==, FP_ITEM_SENT);
}

static void
test_retry_after_set_forward (Fixture       *f,
                              gconstpointer  data)
{
  wait_over_jump (f, YEAR);
}

static void
test_retry_after_set_back (Fixture       *f,
                           gconstpointer  data)
{
  wait_over_jump (f, -YEAR);
}

static void
quick_wait_over_jump (Fixture *f,
                      gint64   jump)
{
  gint64 id = fp_sync_fixture_add (f, "/in");
  g_autoptr(FpItem) item = NULL;

  for (int i = 0; i < 6; i++)
    fp_sink_push (f->sink, 500, NULL, NULL);
  fp_sync_start (f->sync);
  for (int i = 0; i < 20 && fp_sync_fixture_get_state (f, id) != FP_ITEM_FAILED; i++)
    fp_sync_fixture_pass (f, 30000);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 5);

  /* The slow try is in a quarter of an hour of real time; the calendar has no say. */
  fp_clock_set_wall (f->clock, fp_clock_get_wall_ms (f->clock) + jump);
  await_quiet (f);
  item = fp_sync_fixture_get (f, id);
  g_assert_cmpint (item->next_try - fp_clock_get_wall_ms (f->clock), >, 13 * MINUTE);
  g_assert_cmpint (item->next_try - fp_clock_get_wall_ms (f->clock), <=, 15 * MINUTE);
  fp_sync_fixture_pass (f, 13 * MINUTE);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 5);
  fp_sync_fixture_pass (f, 2 * MINUTE);
  fp_test_until (fp_sink_get_n (f->sink) == 6);
}

static void
test_slow_try_set_forward (Fixture       *f,
                           gconstpointer  data)
{
  quick_wait_over_jump (f, YEAR);
}

static void
test_slow_try_set_back (Fixture       *f,
                        gconstpointer  data)
{
  quick_wait_over_jump (f, -YEAR);
}

/* The first second with a network is when the clock is set: what is under way then must not be sent twice. */
static void
test_set_clock_breaks_nothing_off (Fixture       *f,
                                   gconstpointer  data)
{
  gint64 id = fp_sync_fixture_add (f, "/in");

  fp_sink_hold (f->sink, TRUE);
  fp_sync_start (f->sync);
  fp_test_until (fp_sink_get_n (f->sink) == 1);
  fp_clock_set_wall (f->clock, fp_clock_get_wall_ms (f->clock) + YEAR);
  fp_test_drain ();
  g_assert_cmpint (fp_sync_fixture_get_state (f, id), ==, FP_ITEM_SENDING);
  fp_sink_hold (f->sink, FALSE);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 1);
}

static void
test_resume_begins_anew (Fixture       *f,
                         gconstpointer  data)
{
  gint64 in_flight = fp_sync_fixture_add (f, "/in");
  gint64 waiting;
  g_autoptr(FpItem) item = NULL;

  fp_sink_set_path (f->sink, "/waits", 500);
  waiting = fp_sync_fixture_add (f, "/waits");
  fp_sink_hold (f->sink, TRUE);
  fp_sync_start (f->sync);
  fp_test_until (fp_sink_get_n (f->sink) == 2);

  fp_clock_suspend (f->clock, 8 * HOUR);
  fp_test_until (fp_sink_get_n (f->sink) == 4);
  fp_sink_hold (f->sink, FALSE);
  fp_sync_fixture_await (f, in_flight, FP_ITEM_SENT);
  g_assert_cmpuint (fp_sink_get_n_stored (f->sink), ==, 1);
  item = fp_sync_fixture_get (f, in_flight);
  g_assert_cmpuint (item->attempts, ==, 1);

  /* A wait of hours ends with the next resume, before its time. */
  for (int i = 0; i < 20 && fp_sync_fixture_get_state (f, waiting) != FP_ITEM_FAILED; i++)
    fp_sync_fixture_pass (f, 30000);
  fp_sink_set_path (f->sink, "/waits", 201);
  fp_clock_suspend (f->clock, MINUTE);
  fp_sync_fixture_await (f, waiting, FP_ITEM_SENT);
}

static void
test_resume_keeps_retry_after (Fixture       *f,
                               gconstpointer  data)
{
  gint64 id = fp_sync_fixture_add (f, "/in");

  fp_sink_push (f->sink, 503, "Retry-After: 7200", NULL);
  fp_sync_start (f->sync);
  fp_test_until (fp_sync_get_state (f->sync) == FP_SYNC_ERROR);
  fp_clock_suspend (f->clock, HOUR);
  await_quiet (f);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 1);
  fp_clock_suspend (f->clock, HOUR + MINUTE);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
}

/* The kernel and the session tell of the same resume: the second one must not break off what the first one began. */
static void
test_two_words_of_one_resume (Fixture       *f,
                              gconstpointer  data)
{
  gint64 id = fp_sync_fixture_add (f, "/in");

  fp_sink_hold (f->sink, TRUE);
  fp_sync_start (f->sync);
  fp_test_until (fp_sink_get_n (f->sink) == 1);
  fp_clock_suspend (f->clock, HOUR);
  fp_test_until (fp_sink_get_n (f->sink) == 2);
  fp_sync_resume (f->sync);
  fp_test_drain ();
  fp_sink_hold (f->sink, FALSE);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 2);

  /* Alone it counts: not every kernel tells. */
  fp_clock_advance (f->clock, MINUTE);
  id = fp_sync_fixture_add (f, "/in");
  fp_sink_hold (f->sink, TRUE);
  fp_test_until (fp_sink_get_n (f->sink) == 3);
  fp_sync_resume (f->sync);
  fp_test_until (fp_sink_get_n (f->sink) == 4);
  fp_sink_hold (f->sink, FALSE);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
}

/* At the start at most once in ten minutes, so that a program that crashes does not knock each time. */
static void
test_start_is_a_chance_once_in_ten_minutes (Fixture       *f,
                                            gconstpointer  data)
{
  gint64 id = fp_sync_fixture_add (f, "/in");

  fp_sink_set_path (f->sink, "/in", 500);
  fp_sync_start (f->sync);
  for (int i = 0; i < 20 && fp_sync_fixture_get_state (f, id) != FP_ITEM_FAILED; i++)
    fp_sync_fixture_pass (f, 30000);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 5);
  fp_clock_advance (f->clock, 5 * MINUTE);
  await_quiet (f);
  g_assert_true (fp_sync_fixture_stop (f->sync));

  /* The first start was one; by now ten minutes are over. */
  fp_clock_advance (f->clock, 5 * MINUTE);
  fp_sync_start (f->sync);
  fp_test_until (fp_sink_get_n (f->sink) == 6);
  await_quiet (f);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (fp_sync_fixture_stop (f->sync));
      fp_sync_start (f->sync);
      await_quiet (f);
    }
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 6);
}

/* Retry-After as a date, and one that is over. */
static void
test_retry_after_dates (Fixture       *f,
                        gconstpointer  data)
{
  gint64 id = fp_sync_fixture_add (f, "/in");
  g_autoptr(GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr(GDateTime) in_two_hours = g_date_time_add_hours (now, 2);
  g_autofree char *header = g_date_time_format (in_two_hours, "Retry-After: %a, %d %b %Y %H:%M:%S GMT");
  g_autoptr(FpItem) item = NULL;
  g_autoptr(FpItem) past = NULL;

  fp_sink_push (f->sink, 503, header, NULL);
  fp_sink_push (f->sink, 503, "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT", NULL);
  fp_sync_start (f->sync);
  fp_test_until (fp_sync_get_state (f->sync) == FP_SYNC_ERROR);
  await_quiet (f);
  item = fp_sync_fixture_get (f, id);
  g_assert_cmpint (item->not_before - fp_clock_get_wall_ms (f->clock), >, 2 * HOUR - MINUTE);
  g_assert_cmpint (item->not_before - fp_clock_get_wall_ms (f->clock), <=, 2 * HOUR + MINUTE);

  for (int i = 0; i < 13 && fp_sink_get_n (f->sink) < 2; i++)
    fp_sync_fixture_pass (f, 10 * MINUTE);
  await_quiet (f);
  past = fp_sync_fixture_get (f, id);
  g_assert_cmpuint (past->attempts, ==, 2);
  g_assert_cmpint (past->not_before, ==, 0);
  for (int i = 0; i < 5 && fp_sync_fixture_get_state (f, id) != FP_ITEM_SENT; i++)
    fp_sync_fixture_pass (f, 5000);
  g_assert_cmpint (fp_sync_fixture_get_state (f, id), ==, FP_ITEM_SENT);
}

static void
test_sync_now_clears_retry_after (Fixture       *f,
                                  gconstpointer  data)
{
  gint64 id = fp_sync_fixture_add (f, "/in");

  fp_sink_push (f->sink, 503, "Retry-After: 86400", NULL);
  fp_sync_start (f->sync);
  fp_test_until (fp_sync_get_state (f->sync) == FP_SYNC_ERROR);
  await_quiet (f);
  fp_sync_now (f->sync, NULL);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
}

/* The kernel tells of a commit when it likes; each word of it leads to one more look. */
static gboolean
is_at_rest (Fixture *f)
{
  fp_sync_fixture_pass (f, 30000);
  return fp_clock_get_n_armed (f->clock) == 0;
}

/* What the kernel tells of our own commits leads to one more look, and then there is silence. */
static void
test_nothing_wakes_where_nothing_waits (Fixture       *f,
                                        gconstpointer  data)
{
  gint64 id = fp_sync_fixture_add (f, "/in");

  fp_sync_start (f->sync);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
  fp_test_until (fp_clock_get_n_armed (f->clock) > 0);
  fp_test_until (is_at_rest (f));
}

/* Behind a closed gate only its opening counts: hours pass without a wake-up. */
static void
test_nothing_wakes_while_offline (Fixture       *f,
                                  gconstpointer  data)
{
  fp_sync_fixture_add (f, "/in");
  fp_link_set (f->link, FP_LINK_OFFLINE, FALSE);
  fp_sync_start (f->sync);
  fp_test_until (fp_sync_get_state (f->sync) == FP_SYNC_OFFLINE);
  fp_test_until (is_at_rest (f));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define add(path, func) \
  g_test_add (path, Fixture, NULL, fp_sync_fixture_setup, func, fp_sync_fixture_teardown)
  add ("/sync/clock/set-a-year-forward/retry-after-holds", test_retry_after_set_forward);
  add ("/sync/clock/set-a-year-back/retry-after-holds", test_retry_after_set_back);
  add ("/sync/clock/set-a-year-forward/slow-try-in-time", test_slow_try_set_forward);
  add ("/sync/clock/set-a-year-back/slow-try-in-time", test_slow_try_set_back);
  add ("/sync/clock/set/breaks-nothing-off", test_set_clock_breaks_nothing_off);
  add ("/sync/clock/resume/begins-anew", test_resume_begins_anew);
  add ("/sync/clock/resume/keeps-retry-after", test_resume_keeps_retry_after);
  add ("/sync/clock/resume/told-twice-is-one", test_two_words_of_one_resume);
  add ("/sync/clock/start/a-chance-once-in-ten-minutes", test_start_is_a_chance_once_in_ten_minutes);
  add ("/sync/clock/retry-after/dates", test_retry_after_dates);
  add ("/sync/clock/sync-now/clears-retry-after", test_sync_now_clears_retry_after);
  add ("/sync/clock/wake-ups/none-where-nothing-waits", test_nothing_wakes_where_nothing_waits);
  add ("/sync/clock/wake-ups/none-while-offline", test_nothing_wakes_while_offline);
#undef add

  return g_test_run ();
}
