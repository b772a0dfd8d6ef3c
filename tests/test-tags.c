/* Registrations, batches and periodic jobs of the sender: the rows of design section 4. */
#include "fp-sync-fixture.h"

#include <string.h>

#include "store/fp-event-rows.h"
#include "sync/fp-periodic.h"
#include "sync/fp-tags.h"

#define HOUR_MS FP_PERIODIC_HOUR_MS
#define MINUTE_MS (60 * G_GINT64_CONSTANT (1000))

typedef struct {
  FpSyncFixture base;
  FpTags *tags;
  guint fired;
  guint last_chances;
  char *tag;       /* of the last "fired" */
  char *bus_name;
  guint jobs;
  char *job;
} Fixture;

static void
fired_cb (FpTags     *tags,
          const char *tag,
          const char *bus_name,
          gboolean    last_chance,
          Fixture    *f)
{
  f->fired++;
  f->last_chances += last_chance;
  g_free (f->tag);
  f->tag = g_strdup (tag);
  g_free (f->bus_name);
  f->bus_name = g_strdup (bus_name);
}

static void
job_cb (FpTags     *tags,
        const char *name,
        Fixture    *f)
{
  f->jobs++;
  g_free (f->job);
  f->job = g_strdup (name);
}

static void
begin (Fixture *f)
{
  f->tags = fp_tags_new (f->base.store, f->base.sync, fp_random_new_seeded (7));
  g_signal_connect (f->tags, "fired", G_CALLBACK (fired_cb), f);
  g_signal_connect (f->tags, "job", G_CALLBACK (job_cb), f);
  fp_tags_set_announce (f->tags, TRUE);
  fp_tags_set_jobs (f->tags, TRUE);
  fp_tags_start (f->tags);
}

static void
end (Fixture *f)
{
  fp_tags_stop (f->tags);
  fp_test_drain ();
  fp_test_finalize (g_steal_pointer (&f->tags));
}

static void
setup (Fixture       *f,
       gconstpointer  data)
{
  fp_sync_fixture_setup (&f->base, data);
  fp_sync_start (f->base.sync);
  fp_test_until (fp_sync_get_holding (f->base.sync));
}

static void
teardown (Fixture       *f,
          gconstpointer  data)
{
  if (f->tags)
    end (f);
  fp_sync_fixture_teardown (&f->base, data);
  g_free (f->tag);
  g_free (f->bus_name);
  g_free (f->job);
}

/* The store without callbacks. */

typedef struct {
  const char *name;
  const char *text;
  gint64 number;
  gint64 count;
} Args;

static gpointer
call (Fixture     *f,
      FpStoreFunc  func,
      gpointer     data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  gpointer result;

  fp_store_write_async (f->base.store, func, data, NULL, NULL, NULL, fp_test_await_cb, &await);
  result = fp_store_write_finish (f->base.store, fp_test_await (&await), &error);
  g_assert_no_error (error);

  return result;
}

/* Everything that was begun is through: the store works in order. */
static void
settle (Fixture *f)
{
  for (guint i = 0; i < 4; i++)
    fp_sync_fixture_pass (&f->base, 0);
  fp_test_drain ();
}

static void
pass (Fixture *f,
      gint64   ms)
{
  fp_clock_advance (f->base.clock, ms);
  settle (f);
}

static gpointer
register_func (FpStoreTxn  *txn,
               gpointer     data,
               GError     **error)
{
  Args *args = data;

  fp_registration_rows_add (txn, args->name, args->text, error);
  return NULL;
}

static void
register_tag (Fixture    *f,
              const char *tag,
              const char *bus_name)
{
  Args args = { .name = tag, .text = bus_name };

  call (f, register_func, &args);
}

static gpointer
registrations_func (FpStoreTxn  *txn,
                    gpointer     data,
                    GError     **error)
{
  return fp_registration_rows_list (txn, error);
}

static guint
count_registrations (Fixture *f)
{
  g_autoptr(GPtrArray) rows = call (f, registrations_func, NULL);

  return rows->len;
}

static guint
get_attempts (Fixture *f)
{
  g_autoptr(GPtrArray) rows = call (f, registrations_func, NULL);

  g_assert_cmpuint (rows->len, ==, 1);
  return ((FpRegistration *) g_ptr_array_index (rows, 0))->attempts;
}

static gpointer
set_tag_func (FpStoreTxn  *txn,
              gpointer     data,
              GError     **error)
{
  Args *args = data;
  FpTagRow row = { .name = (char *) args->name, .url = (char *) args->text, .headers = (char *) "{}",
                   .reach = FP_REACH_PUBLIC, .batch_max = FP_BATCH_EVENTS };

  fp_tag_rows_set (txn, &row, error);
  return NULL;
}

static void
set_tag (Fixture *f)
{
  g_autofree char *url = g_strconcat (fp_sink_get_url (f->base.sink), "/events", NULL);
  Args args = { .name = "clicks", .text = url };

  call (f, set_tag_func, &args);
}

static gpointer
add_events_func (FpStoreTxn  *txn,
                 gpointer     data,
                 GError     **error)
{
  Args *args = data;

  for (gint64 i = 0; i < args->count; i++)
    {
      g_autofree char *json = args->text ? g_strdup (args->text)
                                         : g_strdup_printf ("{\"n\":%" G_GINT64_FORMAT "}", args->number + i);

      if (!fp_event_rows_add (txn, "clicks", json, error))
        break;
    }

  return NULL;
}

static void
add_events (Fixture *f,
            gint64   first,
            gint64   count)
{
  Args args = { .number = first, .count = count };

  call (f, add_events_func, &args);
}

static gpointer
tags_func (FpStoreTxn  *txn,
           gpointer     data,
           GError     **error)
{
  return fp_tag_rows_list (txn, error);
}

static guint
count_events (Fixture *f)
{
  g_autoptr(GPtrArray) rows = call (f, tags_func, NULL);

  g_assert_cmpuint (rows->len, ==, 1);
  return ((FpTagRow *) g_ptr_array_index (rows, 0))->events;
}

static char *
dup_body (Fixture *f,
          guint    i)
{
  gsize size;
  const char *data = g_bytes_get_data (fp_sink_get (f->base.sink, i)->body, &size);

  return g_strndup (data, size);
}

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
  fp_tags_done (f->tags, "backup", TRUE, NULL);
  fp_test_until (f->fired == 2);
  fp_tags_done (f->tags, "backup", TRUE, NULL);
  settle (f);
  g_assert_cmpuint (f->fired, ==, 2);
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

/* analytics-sync */

static void
test_events_go_in_one_post (Fixture       *f,
                            gconstpointer  data)
{
  g_autofree char *body = NULL;

  set_tag (f);
  fp_link_set (f->base.link, FP_LINK_OFFLINE, FALSE);
  begin (f);
  add_events (f, 1, 2);
  add_events (f, 3, 1);
  pass (f, HOUR_MS);
  g_assert_cmpuint (fp_sink_get_n (f->base.sink), ==, 0);
  g_assert_cmpuint (count_events (f), ==, 3);

  fp_link_set (f->base.link, FP_LINK_FULL, FALSE);
  fp_test_until (f->base.delivered == 1);
  settle (f);
  g_assert_cmpuint (fp_sink_get_n (f->base.sink), ==, 1);
  body = dup_body (f, 0);
  g_assert_cmpstr (body, ==, "{\"events\":[{\"n\":1},{\"n\":2},{\"n\":3}]}");
  g_assert_cmpstr (fp_sink_get (f->base.sink, 0)->type, ==, "application/json");
  g_assert_cmpuint (count_events (f), ==, 0);
}

static void
test_events_are_the_same_on_every_try (Fixture       *f,
                                       gconstpointer  data)
{
  set_tag (f);
  begin (f);
  fp_sink_set_path (f->base.sink, "/events", 503);
  add_events (f, 1, 2);
  fp_test_until (fp_sink_get_n (f->base.sink) == 1);
  /* What comes meanwhile does not get into what was frozen. */
  add_events (f, 3, 1);
  settle (f);
  g_assert_cmpuint (count_events (f), ==, 3);
  fp_sink_set_path (f->base.sink, "/events", 201);
  fp_sync_now (f->base.sync, NULL);
  fp_test_until (f->base.delivered == 2);
  settle (f);
  g_assert_cmpuint (fp_sink_get_n_changed (f->base.sink), ==, 0);
  g_assert_cmpuint (fp_sink_get_n_stored (f->base.sink), ==, 2);
  g_assert_cmpuint (count_events (f), ==, 0);
}

static void
test_lost_answer_keeps_the_key (Fixture       *f,
                                gconstpointer  data)
{
  set_tag (f);
  begin (f);
  fp_sink_set_path (f->base.sink, "/events", 0);
  add_events (f, 1, 4);
  fp_test_until (fp_sink_get_n (f->base.sink) >= 1);
  settle (f);
  fp_sink_set_path (f->base.sink, "/events", 201);
  fp_sync_now (f->base.sync, NULL);
  fp_test_until (f->base.delivered == 1);
  g_assert_cmpuint (fp_sink_get_n_changed (f->base.sink), ==, 0);
  g_assert_cmpuint (fp_sink_get_n_stored (f->base.sink), ==, 1);
}

static void
test_events_500_or_1_mib (Fixture       *f,
                          gconstpointer  data)
{
  g_autofree char *large = g_strnfill (300 * 1024, 'x');
  g_autofree char *json = g_strdup_printf ("\"%s\"", large);
  Args args = { .text = json, .count = 5 };

  set_tag (f);
  add_events (f, 0, 1201);
  begin (f);
  fp_test_until (f->base.delivered == 3);
  settle (f);
  call (f, add_events_func, &args);
  fp_test_until (f->base.delivered == 5);
  settle (f);
  g_assert_cmpuint (fp_sink_get_n (f->base.sink), ==, 5);
  for (guint i = 0; i < 5; i++)
    g_assert_cmpuint (g_bytes_get_size (fp_sink_get (f->base.sink, i)->body), <=, FP_BATCH_BYTES);
  g_assert_cmpuint (count_events (f), ==, 0);
}

static void
test_refused_events_are_halved (Fixture       *f,
                                gconstpointer  data)
{
  guint refusals[] = { 400, 413, 422 };
  guint tries = 0;

  set_tag (f);
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      guint before = f->base.delivered;

      fp_link_set (f->base.link, FP_LINK_OFFLINE, FALSE);
      if (!f->tags)
        begin (f);
      fp_sink_push (f->base.sink, refusals[i], NULL, NULL);
      add_events (f, 1, 4);
      settle (f);
      fp_link_set (f->base.link, FP_LINK_FULL, FALSE);
      fp_test_until (f->base.delivered == before + 2);
      settle (f);
      tries += 3;
      g_assert_cmpuint (fp_sink_get_n (f->base.sink), ==, tries);
      g_assert_cmpuint (count_events (f), ==, 0);
      g_assert_cmpuint (f->base.failed, ==, 0);
    }
}

static void
test_one_bad_event_stays (Fixture       *f,
                          gconstpointer  data)
{
  g_autoptr(FpItemCounts) counts = NULL;

  set_tag (f);
  fp_link_set (f->base.link, FP_LINK_OFFLINE, FALSE);
  begin (f);
  add_events (f, 1, 2);
  settle (f);
  /* 1 and 2, then 1 alone; 2 is taken. */
  fp_sink_push (f->base.sink, 422, NULL, NULL);
  fp_sink_push (f->base.sink, 422, NULL, NULL);
  fp_link_set (f->base.link, FP_LINK_FULL, FALSE);
  fp_test_until (f->base.delivered == 1 && f->base.failed == 1);
  settle (f);
  g_assert_cmpuint (count_events (f), ==, 1);
  counts = fp_sync_fixture_count (&f->base);
  g_assert_cmpuint (counts->failed, ==, 1);
  g_assert_cmpuint (counts->waiting, ==, 1);

  /* Others go on past it. */
  add_events (f, 3, 5);
  fp_test_until (count_events (f) == 1);
}

/* At any point the sender is stopped and begun anew, and answers get lost: nothing lost, nothing doubled. */
static void
test_events_survive_stops (Fixture       *f,
                           gconstpointer  data)
{
  g_autoptr(GHashTable) seen = g_hash_table_new (NULL, NULL);
  g_autoptr(GHashTable) keys = g_hash_table_new (g_str_hash, g_str_equal);
  guint n = 0;

  set_tag (f);
  for (guint round = 0; round < 20; round++)
    {
      guint before = fp_sink_get_n (f->base.sink);

      fp_sink_push (f->base.sink, round % 3 == 0 ? 0 : round % 3 == 1 ? 503 : 201, NULL, NULL);
      begin (f);
      add_events (f, n, 7);
      n += 7;
      fp_sync_now (f->base.sync, NULL);
      if (round % 2 == 0)
        fp_test_until (fp_sink_get_n (f->base.sink) > before);
      end (f);
      g_assert_true (fp_sync_fixture_stop (f->base.sync));
      fp_sync_start (f->base.sync);
      fp_test_until (fp_sync_get_holding (f->base.sync));
    }
  begin (f);
  do
    {
      fp_sync_now (f->base.sync, NULL);
      settle (f);
    }
  while (count_events (f) > 0);

  for (guint i = 0; i < fp_sink_get_n (f->base.sink); i++)
    {
      const FpSinkArrival *arrival = fp_sink_get (f->base.sink, i);
      g_autofree char *body = dup_body (f, i);
      g_autofree char *uid = g_strndup (arrival->key + 1, strlen (arrival->key) - 2);

      if (!fp_sink_has_stored (f->base.sink, uid) || !g_hash_table_add (keys, arrival->key))
        continue;
      for (const char *at = strstr (body, "\"n\":"); at; at = strstr (at + 1, "\"n\":"))
        g_assert_true (g_hash_table_add (seen, GUINT_TO_POINTER (1 + atoi (at + 4))));
    }
  g_assert_cmpuint (fp_sink_get_n_changed (f->base.sink), ==, 0);
  g_assert_cmpuint (g_hash_table_size (seen), ==, n);
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
  ADD ("/tags/analytics-sync/one-post-cleared-on-ok", test_events_go_in_one_post);
  ADD ("/tags/analytics-sync/same-bytes-and-key-on-every-try", test_events_are_the_same_on_every_try);
  ADD ("/tags/analytics-sync/lost-answer-keeps-the-key", test_lost_answer_keeps_the_key);
  ADD ("/tags/analytics-sync/500-events-or-1-mib", test_events_500_or_1_mib);
  ADD ("/tags/analytics-sync/refused-is-halved", test_refused_events_are_halved);
  ADD ("/tags/analytics-sync/one-bad-event-stays", test_one_bad_event_stays);
  ADD ("/tags/analytics-sync/survives-stops", test_events_survive_stops);
  ADD ("/tags/periodic/needs-permission", test_periodic_needs_permission);
  ADD ("/tags/periodic/intervals", test_periodic_intervals);
  ADD ("/tags/periodic/metered-and-power-saver", test_periodic_waits_for_a_free_network);
  ADD ("/tags/periodic/of-others-is-told", test_periodic_of_others_is_told);
  ADD ("/tags/periodic/clock-jumps", test_periodic_clock_jumps);
  g_test_add_func ("/tags/periodic/rule", test_periodic_rule);

  return g_test_run ();
}
