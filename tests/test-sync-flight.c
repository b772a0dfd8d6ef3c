/* Attempts under way when the network or a person's wish changes. */
#include "fp-sync-fixture.h"

#include "sync/fp-sync-private.h"

typedef FpSyncFixture Fixture;

/* An item whose bytes are all with the server, which does not answer yet. */
static gint64
send_whole (Fixture *f)
{
  gint64 id;

  fp_sync_fixture_set (f, "metered", "never");
  fp_sink_hold (f->sink, TRUE);
  id = fp_sync_fixture_add (f, "/in");
  fp_sync_start (f->sync);
  fp_test_until (fp_sink_get_n (f->sink) == 1);
  fp_test_until (((FpSyncFlight *) g_hash_table_lookup (f->sync->flights, &id))->whole);

  return id;
}

static void
work_offline (Fixture *f)
{
  fp_sync_fixture_set (f, "paused", "1");
  fp_test_until (f->sync->paused);
}

static void
begin_to_cost (Fixture *f)
{
  fp_link_set (f->link, FP_LINK_FULL, TRUE);
  fp_test_until (f->sync->metered);
}

/* Broken off it would only be uncertain. */
static void
hears_its_answer (Fixture *f,
                  void   (*change) (Fixture *f))
{
  gint64 id = send_whole (f);

  change (f);
  fp_test_drain ();
  fp_sink_hold (f->sink, FALSE);
  fp_sync_fixture_pass (f, 0);
  g_assert_cmpint (fp_sync_fixture_get_state (f, id), ==, FP_ITEM_SENT);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 1);
}

static void
test_whole_while_paused (Fixture       *f,
                         gconstpointer  data)
{
  hears_its_answer (f, work_offline);
}

static void
test_whole_while_it_costs (Fixture       *f,
                           gconstpointer  data)
{
  hears_its_answer (f, begin_to_cost);
}

static void
is_broken_off (Fixture *f,
               void   (*change) (Fixture *f))
{
  gint64 id = send_whole (f);
  g_autoptr(FpItem) item = NULL;

  /* As if some were still to be written. */
  ((FpSyncFlight *) g_hash_table_lookup (f->sync->flights, &id))->whole = FALSE;
  change (f);
  fp_sync_fixture_await (f, id, FP_ITEM_PENDING);
  item = fp_sync_fixture_get (f, id);
  g_assert_true (item->maybe_delivered);
  g_assert_cmpuint (item->attempts, ==, 0);
}

static void
test_rest_while_paused (Fixture       *f,
                        gconstpointer  data)
{
  is_broken_off (f, work_offline);
}

static void
test_rest_while_it_costs (Fixture       *f,
                          gconstpointer  data)
{
  is_broken_off (f, begin_to_cost);
}

/* Who asked for one item, whatever it costs, asked for its delivery and not for a single try. */
static void
test_asked_for_until_the_link_changes (Fixture       *f,
                                       gconstpointer  data)
{
  gint64 ids[2];

  fp_link_set (f->link, FP_LINK_FULL, TRUE);
  fp_sync_fixture_set (f, "metered", "never");
  fp_sync_start (f->sync);
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      FpItem *item = fp_sync_fixture_item (f, "/in");

      item->manual = TRUE;
      fp_sink_push (f->sink, 503, NULL, NULL);
      ids[i] = fp_sync_fixture_insert (f, item);
      fp_test_until (fp_sink_get_n (f->sink) == 2 * i + 1);
      if (i == 1)
        break;
      for (guint n = 0; n < 20 && fp_sync_fixture_get_state (f, ids[i]) != FP_ITEM_SENT; n++)
        fp_sync_fixture_pass (f, 30000);
      g_assert_cmpint (fp_sync_fixture_get_state (f, ids[i]), ==, FP_ITEM_SENT);
    }

  /* Another network, another price. */
  fp_sync_fixture_await (f, ids[1], FP_ITEM_PENDING);
  fp_link_set (f->link, FP_LINK_OFFLINE, FALSE);
  fp_sync_fixture_pass (f, 1000);
  fp_link_set (f->link, FP_LINK_FULL, TRUE);
  for (guint n = 0; n < 5; n++)
    fp_sync_fixture_pass (f, 30000);
  g_assert_cmpint (fp_sync_fixture_get_state (f, ids[1]), ==, FP_ITEM_PENDING);
}

/* What a turn was to do that could not be written, beside what was asked for meanwhile. */
static void
test_repeated_wish (Fixture       *f,
                    gconstpointer  data)
{
  static const struct
  {
    const char *failed, *meanwhile, *both;
  } rows[] = {
    { NULL, "photos", NULL }, { "photos", NULL, NULL }, { "photos", "letters", NULL }, { "photos", "photos", "photos" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      FpSyncTurn *turn = fp_sync_turn_new ();

      f->sync->want_clear = FP_SYNC_CLEAR_NONE;
      g_clear_pointer (&f->sync->want_clear_tag, g_free);
      turn->clear = FP_SYNC_CLEAR_ALL;
      turn->clear_tag = g_strdup (rows[i].failed);
      fp_sync_wish_to_clear (f->sync, FP_SYNC_CLEAR_ALL, rows[i].meanwhile);
      fp_sync_wishes_repeat (f->sync, turn);
      g_assert_cmpint (f->sync->want_clear, ==, FP_SYNC_CLEAR_ALL);
      g_assert_cmpstr (f->sync->want_clear_tag, ==, rows[i].both);
      fp_sync_turn_unref (turn);
    }
}

/* A host that answers again and again, before a turn can be written, and after one that could not. */
static void
test_wish_for_a_host (Fixture       *f,
                      gconstpointer  data)
{
  FpSyncTurn *turn = fp_sync_turn_new ();

  g_clear_pointer (&f->sync->want_clear_hosts, g_hash_table_unref);
  for (guint i = 0; i < 3; i++)
    fp_sync_wish_to_clear_host (f->sync, "https://one.example:443");
  g_assert_cmpuint (g_hash_table_size (f->sync->want_clear_hosts), ==, 1);

  turn->clear_hosts = g_steal_pointer (&f->sync->want_clear_hosts);
  fp_sync_wish_to_clear_host (f->sync, "https://one.example:443");
  fp_sync_wish_to_clear_host (f->sync, "https://two.example:443");
  fp_sync_wishes_repeat (f->sync, turn);
  g_assert_cmpuint (g_hash_table_size (f->sync->want_clear_hosts), ==, 2);
  turn->more = TRUE;
  fp_sync_wishes_clear_on (f->sync, turn);
  g_assert_cmpuint (g_hash_table_size (f->sync->want_clear_hosts), ==, 2);
  fp_sync_turn_unref (turn);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define add(path, func) \
  g_test_add ("/sync/flight/" path, Fixture, NULL, fp_sync_fixture_setup, func, fp_sync_fixture_teardown)
  add ("whole-hears-its-answer/work-offline", test_whole_while_paused);
  add ("whole-hears-its-answer/network-that-costs", test_whole_while_it_costs);
  add ("rest-is-broken-off/work-offline", test_rest_while_paused);
  add ("rest-is-broken-off/network-that-costs", test_rest_while_it_costs);
  add ("failed-turn-is-wished-again-beside-the-new-wish", test_repeated_wish);
  add ("host-that-answers-again-is-wished-once", test_wish_for_a_host);
  add ("asked-for-until-the-link-changes", test_asked_for_until_the_link_changes);
#undef add

  return g_test_run ();
}
