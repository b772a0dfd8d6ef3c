/* Who goes when: hosts beside each other, items by hand, how far a run is. Design 5.2, "Due order". */
#include "fp-sync-fixture.h"

#include "fp-test-server.h"
#include "net/fp-host.h"

#define HOSTS 40

typedef FpSyncFixture Fixture;

static FpItem *
item_to (Fixture    *f,
         const char *base,
         const char *path)
{
  FpItem *item = fp_sync_fixture_item (f, path);

  g_free (item->url);
  g_free (item->host);
  item->url = g_strconcat (base, path, NULL);
  item->host = fp_host_dup_origin (item->url, NULL);

  return item;
}

/* Older, and more than all places: yet the healthy host's item is sent while they hang. */
static void
test_hanging_hosts_starve_nobody (Fixture       *f,
                                  gconstpointer  data)
{
  FpTestServer *servers[HOSTS];
  gint64 healthy;
  guint reached = 0;

  for (guint i = 0; i < HOSTS; i++)
    {
      servers[i] = fp_test_server_new (NULL);
      for (guint j = 0; j < 5; j++)
        {
          g_autofree char *base = fp_test_server_dup_url (servers[i], "");

          fp_test_server_script (servers[i], FP_SERVE_HANG, 0, NULL);
          fp_sync_fixture_insert (f, item_to (f, base, "/hangs"));
        }
    }
  healthy = fp_sync_fixture_add (f, "/in");
  fp_sync_start (f->sync);
  fp_sync_fixture_await (f, healthy, FP_ITEM_SENT);
  for (guint i = 0; i < HOSTS; i++)
    fp_test_until (fp_test_server_get_n_requests (servers[i]) > 0);
  for (guint i = 0; i < HOSTS; i++)
    {
      g_assert_cmpuint (fp_test_server_get_n_requests (servers[i]), <=, 4);
      reached += fp_test_server_get_n_requests (servers[i]);
    }
  g_assert_cmpuint (reached, <=, 128);
  for (guint i = 0; i < 20; i++)
    fp_sync_fixture_await (f, fp_sync_fixture_add (f, "/in"), FP_ITEM_SENT);

  g_assert_true (fp_sync_fixture_stop (f->sync));
  for (guint i = 0; i < HOSTS; i++)
    fp_test_server_free (servers[i]);
}

/* Its host is being left alone for minutes; a person who presses Retry is heard at once. */
static void
test_by_hand_passes_an_open_breaker (Fixture       *f,
                                     gconstpointer  data)
{
  gint64 others[3], manual;
  FpItem *item = NULL;

  fp_sink_set_path (f->sink, "/down", 503);
  for (int i = 0; i < 3; i++)
    others[i] = fp_sync_fixture_add (f, "/down");
  fp_sync_start (f->sync);
  for (int i = 0; i < 12; i++)
    fp_sync_fixture_pass (f, 60000);
  while (fp_sync_get_state (f->sync) == FP_SYNC_SYNCING)
    fp_sync_fixture_pass (f, 0);

  /* Just now it failed again, so the host is closed. */
  item = fp_sync_fixture_item (f, "/in");
  item->manual = TRUE;
  manual = fp_sync_fixture_insert (f, item);
  fp_sync_fixture_await (f, manual, FP_ITEM_SENT);
  g_assert_cmpint (fp_sync_fixture_get_state (f, others[0]), !=, FP_ITEM_SENT);
}

static void
assert_run (Fixture *f,
            guint    done,
            guint    total)
{
  guint now_done, now_total;

  fp_sync_get_run (f->sync, &now_done, &now_total);
  g_assert_cmpuint (now_done, ==, done);
  g_assert_cmpuint (now_total, ==, total);
}

static guint
done_of (Fixture *f)
{
  guint done, total;

  fp_sync_get_run (f->sync, &done, &total);
  return done;
}

static guint
total_of (Fixture *f)
{
  guint done, total;

  fp_sync_get_run (f->sync, &done, &total);
  return total;
}

/* Additions while it runs, one that is refused, one that is to be tried again, two hosts. */
static void
test_run_counts (Fixture       *f,
                 gconstpointer  data)
{
  FpSink *other = fp_sink_new ();
  gint64 retried;

  fp_sink_hold (f->sink, TRUE);
  fp_sink_hold (other, TRUE);
  fp_sync_start (f->sync);
  fp_test_until (fp_sync_get_holding (f->sync));
  fp_sync_fixture_pass (f, 0);

  fp_sink_set_path (f->sink, "/refused", 422);
  fp_sink_set_path (f->sink, "/busy", 500);
  fp_sync_fixture_add (f, "/in");
  fp_sync_fixture_add (f, "/refused");
  retried = fp_sync_fixture_add (f, "/busy");
  fp_sync_fixture_insert (f, item_to (f, fp_sink_get_url (other), "/in"));
  fp_test_until (fp_sink_get_n (f->sink) == 3 && fp_sink_get_n (other) == 1);
  fp_test_until (total_of (f) == 4);
  assert_run (f, 0, 4);

  fp_sync_fixture_insert (f, item_to (f, fp_sink_get_url (other), "/in"));
  fp_test_until (total_of (f) == 5);
  assert_run (f, 0, 5);

  /* Delivered and refused are done; what is tried again is not, and counts once. */
  fp_sink_hold (f->sink, FALSE);
  fp_test_until (done_of (f) == 2);
  fp_sync_fixture_await (f, retried, FP_ITEM_PENDING);
  fp_test_until (total_of (f) == 5);
  assert_run (f, 2, 5);
  fp_sink_hold (other, FALSE);
  fp_test_until (done_of (f) == 4);
  fp_test_until (fp_sync_get_state (f->sync) != FP_SYNC_SYNCING);
  assert_run (f, 4, 5);

  /* The next try is a run of its own. */
  fp_sink_set_path (f->sink, "/busy", 201);
  for (int i = 0; i < 10 && fp_sync_fixture_get_state (f, retried) != FP_ITEM_SENT; i++)
    fp_sync_fixture_pass (f, 2000);
  fp_test_until (fp_sync_get_state (f->sync) != FP_SYNC_SYNCING);
  assert_run (f, 1, 1);

  g_assert_true (fp_sync_fixture_stop (f->sync));
  fp_sink_free (other);
}

/* One that had failed was not counted as left: its slow try must not count twice or not at all. */
static void
test_run_counts_slow_tries (Fixture       *f,
                            gconstpointer  data)
{
  gint64 id = fp_sync_fixture_add (f, "/in");

  fp_sink_set_path (f->sink, "/in", 500);
  fp_sync_start (f->sync);
  for (int i = 0; i < 20 && fp_sync_fixture_get_state (f, id) != FP_ITEM_FAILED; i++)
    fp_sync_fixture_pass (f, 30000);
  fp_sink_set_path (f->sink, "/in", 201);
  fp_sink_hold (f->sink, TRUE);
  fp_clock_advance (f->clock, 15 * 60000);
  fp_test_until (fp_sink_get_n (f->sink) == 6);
  assert_run (f, 0, 1);
  fp_sink_hold (f->sink, FALSE);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
  fp_test_until (fp_sync_get_state (f->sync) != FP_SYNC_SYNCING);
  assert_run (f, 1, 1);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define add(path, func) \
  g_test_add (path, Fixture, NULL, fp_sync_fixture_setup, func, fp_sync_fixture_teardown)
  add ("/sync/order/forty-hanging-hosts-starve-nobody", test_hanging_hosts_starve_nobody);
  add ("/sync/order/by-hand-passes-an-open-breaker", test_by_hand_passes_an_open_breaker);
  add ("/sync/run/additions-failures-retries-and-hosts", test_run_counts);
  add ("/sync/run/slow-tries", test_run_counts_slow_tries);
#undef add

  return g_test_run ();
}
