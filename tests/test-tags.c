/* Registrations and periodic jobs: the rows of design section 4. */
#include "fp-tags-fixture.h"

/* sync.register(tag) */

static void
test_register_fires_when_the_network_is_there (Fixture       *f,
                                               gconstpointer  data)
{
  static const FpLinkState closed[] = { FP_LINK_OFFLINE, FP_LINK_PORTAL, FP_LINK_LIMITED };

  fp_link_set (f->base.link, FP_LINK_OFFLINE, FALSE);
  begin (f);
  register_tag (f, "backup", "org.example.Backup");
  register_tag (f, "backup", "org.example.Backup");
  for (guint i = 0; i < G_N_ELEMENTS (closed); i++)
    {
      fp_link_set (f->base.link, closed[i], FALSE);
      pass (f, MINUTE_MS);
      g_assert_cmpuint (f->fired, ==, 0);
    }
  g_assert_cmpuint (count_registrations (f), ==, 1);

  fp_link_set (f->base.link, FP_LINK_FULL, FALSE);
  fp_test_until (f->fired == 1);
  g_assert_cmpstr (f->tag, ==, "backup");
  g_assert_cmpstr (f->bus_name, ==, "org.example.Backup");
  g_assert_cmpuint (f->last_chances, ==, 0);
  g_assert_true (fp_tags_done (f->tags, "backup", TRUE, NULL));
  /* One answer is all that is waited for. */
  g_assert_false (fp_tags_done (f->tags, "backup", FALSE, NULL));
  settle (f);
  g_assert_cmpuint (count_registrations (f), ==, 0);
  pass (f, HOUR_MS);
  g_assert_cmpuint (f->fired, ==, 1);
}

static void
test_register_fires_at_once (Fixture       *f,
                             gconstpointer  data)
{
  begin (f);
  settle (f);
  register_tag (f, "backup", NULL);
  fp_test_until (f->fired == 1);
  g_assert_null (f->bus_name);
}

static void
test_work_offline_stops_it (Fixture       *f,
                            gconstpointer  data)
{
  fp_sync_fixture_set (&f->base, "paused", "1");
  begin (f);
  register_tag (f, "backup", NULL);
  pass (f, HOUR_MS);
  g_assert_cmpuint (f->fired, ==, 0);
  fp_sync_fixture_set (&f->base, "paused", "0");
  fp_test_until (f->fired == 1);
}

static void
test_no_answer_is_a_failed_try (Fixture       *f,
                                gconstpointer  data)
{
  begin (f);
  register_tag (f, "backup", NULL);
  fp_test_until (f->fired == 1);
  pass (f, FP_TAGS_ANSWER_MS - 1);
  g_assert_cmpuint (get_attempts (f), ==, 0);
  pass (f, 1);
  g_assert_cmpuint (get_attempts (f), ==, 1);
  g_assert_false (fp_tags_done (f->tags, "backup", TRUE, NULL));
  /* The second quick try: at most 2 s away. */
  pass (f, 2001);
  g_assert_cmpuint (f->fired, ==, 2);
}

static void
fail_until_last_chance (Fixture *f)
{
  register_tag (f, "backup", NULL);
  for (guint i = 1; i <= FP_TAGS_TRIES; i++)
    {
      fp_test_until (f->fired == i);
      g_assert_cmpuint (f->last_chances, ==, i == FP_TAGS_TRIES ? 1 : 0);
      g_assert_true (fp_tags_done (f->tags, "backup", FALSE, "no space"));
      settle (f);
      pass (f, 30001);
    }
}

static void
test_last_chance (Fixture       *f,
                  gconstpointer  data)
{
  begin (f);
  fail_until_last_chance (f);

  /* Kept, but left alone. */
  pass (f, 100 * HOUR_MS);
  g_assert_cmpuint (f->fired, ==, 5);
  g_assert_cmpuint (get_attempts (f), ==, 5);

  /* A new chance: the network came. */
  fp_link_set (f->base.link, FP_LINK_OFFLINE, FALSE);
  settle (f);
  fp_link_set (f->base.link, FP_LINK_FULL, FALSE);
  fp_test_until (f->fired == 6);
  g_assert_cmpuint (f->last_chances, ==, 2);
  fp_tags_done (f->tags, "backup", FALSE, NULL);
  settle (f);

  /* Sync Now, of all or of this tag. */
  fp_sync_now (f->base.sync, "other");
  settle (f);
  g_assert_cmpuint (f->fired, ==, 6);
  fp_sync_now (f->base.sync, NULL);
  fp_test_until (f->fired == 7);
  fp_tags_done (f->tags, "backup", TRUE, NULL);
  settle (f);
  g_assert_cmpuint (count_registrations (f), ==, 0);
}

static void
test_registered_again_while_fired (Fixture       *f,
                                   gconstpointer  data)
{
  begin (f);
  register_tag (f, "backup", NULL);
  fp_test_until (f->fired == 1);
  register_tag (f, "backup", NULL);
  settle (f);
  g_assert_cmpuint (f->fired, ==, 1);
  fp_tags_done (f->tags, "backup", FALSE, NULL);
  fp_test_until (f->fired == 2);
  /* The failure was that of the registration before. */
  g_assert_cmpuint (get_attempts (f), ==, 0);
  register_tag (f, "backup", NULL);
  fp_tags_done (f->tags, "backup", TRUE, NULL);
  fp_test_until (f->fired == 3);
  fp_tags_done (f->tags, "backup", TRUE, NULL);
  settle (f);
  g_assert_cmpuint (f->fired, ==, 3);
  g_assert_cmpuint (count_registrations (f), ==, 0);
}

static void
test_survives_a_restart (Fixture       *f,
                         gconstpointer  data)
{
  begin (f);
  register_tag (f, "backup", NULL);
  fp_test_until (f->fired == 1);
  end (f);
  /* Nobody knows whether the program did its work: it is told again. */
  begin (f);
  fp_test_until (f->fired == 2);
  g_assert_cmpuint (get_attempts (f), ==, 0);
}

static void
test_builtin_tags_mean_items (Fixture       *f,
                              gconstpointer  data)
{
  static const char *const tags[] = { "data-sync", "form-sync", "image-upload" };

  begin (f);
  for (guint i = 0; i < G_N_ELEMENTS (tags); i++)
    {
      FpItem *item = fp_sync_fixture_item (&f->base, "/in");
      gint64 id;

      g_free (item->tag);
      item->tag = g_strdup (tags[i]);
      item->due_boot = G_MAXINT32 * G_GINT64_CONSTANT (1000);
      item->due_boot_id = g_strdup (fp_clock_get_boot_id (f->base.clock));
      id = fp_sync_fixture_insert (&f->base, item);
      settle (f);
      g_assert_cmpint (fp_sync_fixture_get_state (&f->base, id), ==, FP_ITEM_PENDING);
      register_tag (f, tags[i], NULL);
      fp_sync_fixture_await (&f->base, id, FP_ITEM_SENT);
      settle (f);
    }
  g_assert_cmpuint (count_registrations (f), ==, 0);
  g_assert_cmpuint (f->fired, ==, 0);
}

static void
test_quiet_when_nothing_is_registered (Fixture       *f,
                                       gconstpointer  data)
{
  begin (f);
  fp_tags_set_announce (f->tags, FALSE);
  register_tag (f, "backup", NULL);
  pass (f, HOUR_MS);
  /* Nobody there who could tell. */
  g_assert_cmpuint (f->fired, ==, 0);
  fp_tags_set_announce (f->tags, TRUE);
  fp_test_until (f->fired == 1);
}

/* Periodic jobs. */

static gpointer
set_job_func (FpStoreTxn  *txn,
              gpointer     data,
              GError     **error)
{
  Args *args = data;
  FpPeriodicRow row = { .name = (char *) args->name, .bus_name = (char *) args->text, .min_interval = args->number };

  fp_periodic_rows_set (txn, &row, error);
  return NULL;
}

static void
set_job (Fixture    *f,
         const char *name,
         const char *bus_name,
         gint64      interval)
{
  Args args = { .name = name, .text = bus_name, .number = interval };

  call (f, set_job_func, &args);
}

static void
await_job (Fixture *f,
           guint    n)
{
  fp_test_until (f->jobs == n);
  fp_tags_job_done (f->tags, f->job, NULL);
  settle (f);
}

static void
test_periodic_needs_permission (Fixture       *f,
                                gconstpointer  data)
{
  begin (f);
  set_job (f, "check-updates", NULL, HOUR_MS);
  pass (f, 3 * HOUR_MS);
  g_assert_cmpuint (f->jobs, ==, 0);
  fp_sync_fixture_set (&f->base, FP_SETTING_PERIODIC, "denied");
  pass (f, 3 * HOUR_MS);
  g_assert_cmpuint (f->jobs, ==, 0);
  fp_sync_fixture_set (&f->base, FP_SETTING_PERIODIC, "granted");
  await_job (f, 1);
  g_assert_cmpstr (f->job, ==, "check-updates");
}

static void
test_periodic_intervals (Fixture       *f,
                         gconstpointer  data)
{
  fp_sync_fixture_set (&f->base, FP_SETTING_PERIODIC, "granted");
  begin (f);
  set_job (f, "check-updates", NULL, HOUR_MS);
  pass (f, HOUR_MS - 1);
  g_assert_cmpuint (f->jobs, ==, 0);
  pass (f, MINUTE_MS);
  await_job (f, 1);
  for (guint i = 2; i < 6; i++)
    {
      pass (f, HOUR_MS / 2);
      g_assert_cmpuint (f->jobs, ==, i - 1);
      pass (f, HOUR_MS / 2 + MINUTE_MS);
      await_job (f, i);
    }
}

static void
test_periodic_waits_for_a_free_network (Fixture       *f,
                                        gconstpointer  data)
{
  fp_sync_fixture_set (&f->base, FP_SETTING_PERIODIC, "granted");
  begin (f);
  set_job (f, "check-updates", NULL, HOUR_MS);
  fp_link_set (f->base.link, FP_LINK_FULL, TRUE);
  fp_tags_set_saving (f->tags, TRUE);
  pass (f, 2 * HOUR_MS);
  g_assert_cmpuint (f->jobs, ==, 0);
  fp_sync_fixture_set (&f->base, FP_SETTING_PERIODIC_METERED, "1");
  settle (f);
  g_assert_cmpuint (f->jobs, ==, 0);
  fp_tags_set_saving (f->tags, FALSE);
  await_job (f, 1);
  fp_sync_fixture_set (&f->base, FP_SETTING_PERIODIC_METERED, "0");
  pass (f, 2 * HOUR_MS);
  g_assert_cmpuint (f->jobs, ==, 1);
  fp_link_set (f->base.link, FP_LINK_FULL, FALSE);
  await_job (f, 2);
}

static void
test_periodic_of_others_is_told (Fixture       *f,
                                 gconstpointer  data)
{
  fp_sync_fixture_set (&f->base, FP_SETTING_PERIODIC, "granted");
  begin (f);
  set_job (f, "news", "org.example.News", 2 * HOUR_MS);
  pass (f, 2 * HOUR_MS + MINUTE_MS);
  fp_test_until (f->fired == 1);
  g_assert_cmpstr (f->tag, ==, "news");
  g_assert_cmpstr (f->bus_name, ==, "org.example.News");
  g_assert_cmpuint (f->jobs, ==, 0);
  fp_tags_done (f->tags, "news", TRUE, NULL);
  settle (f);
  pass (f, HOUR_MS);
  g_assert_cmpuint (f->fired, ==, 1);
  pass (f, HOUR_MS + MINUTE_MS);
  fp_test_until (f->fired == 2);
}

static void
test_periodic_clock_jumps (Fixture       *f,
                           gconstpointer  data)
{
  gint64 wall = fp_clock_get_wall_ms (f->base.clock);
  gint64 year = 365 * 24 * HOUR_MS;

  fp_sync_fixture_set (&f->base, FP_SETTING_PERIODIC, "granted");
  begin (f);
  set_job (f, "check-updates", NULL, HOUR_MS);
  /* Ten hours, the clock set back or forward a year every six minutes: ten runs or nearly so. */
  for (guint i = 0; i < 100; i++)
    {
      guint jobs;

      fp_clock_set_wall (f->base.clock, wall + (i % 3 == 0 ? -year : i % 3 == 1 ? year : 0));
      pass (f, 6 * MINUTE_MS);
      jobs = f->jobs;
      if (jobs > 0 && f->job)
        {
          fp_tags_job_done (f->tags, f->job, NULL);
          g_clear_pointer (&f->job, g_free);
          settle (f);
        }
    }
  g_assert_cmpuint (f->jobs, >=, 9);
  g_assert_cmpuint (f->jobs, <=, 10);
}

/* Nobody registers or allows anything, there is no network, and sending is stopped. */
static void
test_clean_up_needs_nothing (Fixture       *f,
                             gconstpointer  data)
{
  fp_sync_fixture_set (&f->base, "paused", "1");
  fp_link_set (f->base.link, FP_LINK_OFFLINE, TRUE);
  begin (f);
  fp_tags_set_saving (f->tags, TRUE);
  /* Not in the rush of the start. */
  pass (f, 29999);
  g_assert_cmpuint (f->clean_ups, ==, 0);
  pass (f, 3 * MINUTE_MS);
  g_assert_cmpuint (f->clean_ups, ==, 1);
  for (guint i = 2; i < 5; i++)
    {
      pass (f, 23 * HOUR_MS);
      g_assert_cmpuint (f->clean_ups, ==, i - 1);
      pass (f, HOUR_MS + MINUTE_MS);
      g_assert_cmpuint (f->clean_ups, ==, i);
    }

  /* Another process within the day: it is known in the store. */
  end (f);
  begin (f);
  pass (f, 12 * HOUR_MS);
  g_assert_cmpuint (f->clean_ups, ==, 4);
  pass (f, 12 * HOUR_MS + MINUTE_MS);
  g_assert_cmpuint (f->clean_ups, ==, 5);
  g_assert_cmpuint (f->jobs, ==, 0);
}

/* The pure rule, with random boots and clocks: never before its time within a boot, never later than its interval
 * after the machine is up, and not twice in a row. */
static void
test_periodic_rule (void)
{
  g_autoptr(FpRandom) random = fp_random_new_seeded (11);

  for (guint i = 0; i < 20000; i++)
    {
      FpPeriodicRow row = { .min_interval = HOUR_MS * (1 + fp_random_below (random, 48)),
                            .registered = fp_random_below (random, 4) == 0 ? 0 : fp_random_below (random, G_MAXINT64 / 4),
                            .last_run = fp_random_below (random, G_MAXINT64 / 4),
                            .last_boot = fp_random_below (random, 1000 * HOUR_MS),
                            .last_boot_id = (char *) "a" };
      gboolean same = fp_random_below (random, 2) == 0;
      FpPeriodicNow now = { .wall = fp_random_below (random, G_MAXINT64 / 4),
                            .boot = (same ? row.last_boot : 0) + fp_random_below (random, 100 * HOUR_MS),
                            .boot_id = same ? "a" : "b" };
      gint64 wait = fp_periodic_get_wait (&row, &now);

      g_assert_cmpint (wait, >=, 0);
      g_assert_cmpint (wait, <=, row.min_interval);
      if (same)
        g_assert_cmpint (wait, ==, MAX (0, row.last_boot + row.min_interval - now.boot));
      if (now.boot >= row.min_interval && !same)
        g_assert_cmpint (wait, ==, 0);

      /* It runs, and is not due again at once whatever the clock then says. */
      row.last_run = now.wall;
      row.last_boot = now.boot;
      row.last_boot_id = (char *) now.boot_id;
      now.wall = fp_random_below (random, G_MAXINT64 / 4);
      g_assert_cmpint (fp_periodic_get_wait (&row, &now), ==, row.min_interval);
    }
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, setup, func, teardown)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/tags/sync-register/fires-when-the-network-is-there", test_register_fires_when_the_network_is_there);
  ADD ("/tags/sync-register/fires-at-once", test_register_fires_at_once);
  ADD ("/tags/sync-register/work-offline-stops-it", test_work_offline_stops_it);
  ADD ("/tags/sync-register/no-answer-is-a-failed-try", test_no_answer_is_a_failed_try);
  ADD ("/tags/sync-register/last-chance", test_last_chance);
  ADD ("/tags/sync-register/again-while-fired", test_registered_again_while_fired);
  ADD ("/tags/sync-register/survives-a-restart", test_survives_a_restart);
  ADD ("/tags/sync-register/needs-somebody-who-tells", test_quiet_when_nothing_is_registered);
  ADD ("/tags/data-sync-form-sync-image-upload/mean-their-items", test_builtin_tags_mean_items);
  ADD ("/tags/periodic/needs-permission", test_periodic_needs_permission);
  ADD ("/tags/periodic/intervals", test_periodic_intervals);
  ADD ("/tags/periodic/metered-and-power-saver", test_periodic_waits_for_a_free_network);
  ADD ("/tags/periodic/of-others-is-told", test_periodic_of_others_is_told);
  ADD ("/tags/periodic/clock-jumps", test_periodic_clock_jumps);
  ADD ("/tags/periodic/clean-up-needs-nothing", test_clean_up_needs_nothing);
  g_test_add_func ("/tags/periodic/rule", test_periodic_rule);

  return g_test_run ();
}
