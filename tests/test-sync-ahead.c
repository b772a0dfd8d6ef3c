/* What is claimed ahead, while one commit carries many receipts: it is never in flight, and costs nothing when it does
 * not go. */
#include "fp-sync-fixture.h"

#define MANY 600

typedef FpSyncFixture Fixture;

static guint
count_sending (Fixture *f)
{
  g_autoptr(FpItemCounts) counts = fp_sync_fixture_count (f);

  return counts->sending;
}

/* Sends until more is claimed than may be in flight, and keeps the answers back. */
static void
run_ahead (Fixture *f)
{
  for (guint i = 0; i < MANY; i++)
    fp_sync_fixture_add (f, "/in");
  fp_sync_start (f->sync);
  fp_test_until (f->delivered > 50);
  fp_sink_hold (f->sink, TRUE);
  fp_test_until (count_sending (f) > 4 && fp_sink_get_n_open (f->sink) == 4);
}

/* The items that were not begun wait as before; only of those in flight nobody can know. */
static void
assert_given_back (Fixture *f)
{
  guint maybe = 0;

  g_assert_cmpuint (count_sending (f), ==, 0);
  for (gint64 id = 1; id <= MANY; id++)
    {
      g_autoptr(FpItem) item = fp_sync_fixture_get (f, id);

      if (item->state == FP_ITEM_SENT)
        continue;
      g_assert_cmpint (item->state, ==, FP_ITEM_PENDING);
      g_assert_cmpuint (item->attempts, ==, 0);
      g_assert_null (item->reason_code);
      maybe += item->maybe_delivered;
    }
  g_assert_cmpuint (maybe, <=, 4);
}

static void
test_at_most_four_in_flight (Fixture       *f,
                             gconstpointer  data)
{
  run_ahead (f);
  fp_sink_hold (f->sink, FALSE);
  fp_test_until (f->delivered == MANY);

  g_assert_cmpuint (fp_sink_get_most (f->sink), <=, 4);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, MANY);
  g_assert_cmpuint (fp_sink_get_n_stored (f->sink), ==, MANY);
}

static void
test_stop_gives_back (Fixture       *f,
                      gconstpointer  data)
{
  run_ahead (f);
  g_assert_true (fp_sync_fixture_stop (f->sync));
  assert_given_back (f);
  fp_sink_hold (f->sink, FALSE);
}

static void
test_lost_network_gives_back (Fixture       *f,
                              gconstpointer  data)
{
  run_ahead (f);
  fp_link_set (f->link, FP_LINK_OFFLINE, FALSE);
  fp_test_until (count_sending (f) == 0);
  assert_given_back (f);

  fp_sink_hold (f->sink, FALSE);
  fp_link_set (f->link, FP_LINK_FULL, FALSE);
  fp_test_until (f->delivered == MANY);
  g_assert_cmpuint (fp_sink_get_n_stored (f->sink), ==, MANY);
  g_assert_cmpuint (fp_sink_get_n_changed (f->sink), ==, 0);
}

/* A refusal may have held the account, or be the first of many: what was claimed behind it is asked anew. */
static void
test_refusal_gives_back (Fixture       *f,
                         gconstpointer  data)
{
  run_ahead (f);
  fp_sink_push (f->sink, 503, "Retry-After: 3600", NULL);
  fp_sink_hold (f->sink, FALSE);
  fp_test_until (count_sending (f) == 0);

  /* The one that was answered, and the three that were in flight beside it. */
  fp_test_until (fp_sink_get_n (f->sink) <= f->delivered + 4);
  g_assert_cmpuint (f->delivered, <, MANY);
}

static gpointer
add_server_func (FpStoreTxn  *txn,
                 gpointer     data,
                 GError     **error)
{
  FpServerRow row = { .title = (char *) "Asks", .url = data, .protocol = FP_PROTOCOL_PLAIN, .lost = FP_LOST_ASK };

  return fp_server_rows_add (txn, &row, error) ? data : NULL;
}

static gboolean
all_are_there (Fixture *f,
               guint    all)
{
  g_assert_cmpuint (count_sending (f), <=, 4);
  return f->delivered == all;
}

/* A claim counts as begun when the program dies: where that means a question, nothing is claimed that is not begun. */
static void
test_not_where_a_person_is_asked (Fixture       *f,
                                  gconstpointer  data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autofree char *url = g_strconcat (fp_sink_get_url (f->sink), "/", NULL);

  fp_store_write_async (f->store, add_server_func, url, NULL, NULL, NULL, fp_test_await_cb, &await);
  g_assert_nonnull (fp_store_write_finish (f->store, fp_test_await (&await), NULL));
  for (guint i = 0; i < 100; i++)
    fp_sync_fixture_add (f, "/in");
  fp_sync_start (f->sync);
  fp_test_until (all_are_there (f, 100));
}

/* What is large takes longer than a commit, so it waits for its turn where a change can still reach it. */
static void
test_large_ones_are_not (Fixture       *f,
                         gconstpointer  data)
{
  g_autofree char *text = g_strnfill (100000, 'x');
  g_autoptr(GBytes) bytes = g_bytes_new (text, 100000);

  for (guint i = 0; i < 220; i++)
    {
      FpItem *item = fp_sync_fixture_item (f, "/in");

      if (i >= 200)
        {
          FpItemPart *part = g_ptr_array_index (item->parts, 0);

          g_bytes_unref (part->data);
          part->data = g_bytes_ref (bytes);
        }
      fp_sync_fixture_insert (f, item);
    }
  fp_sync_start (f->sync);
  fp_test_until (f->delivered >= 200);
  fp_test_until (all_are_there (f, 220));
}

/* Nobody knows yet whether its host is back: behind the one that asks nothing is claimed. */
static void
test_not_behind_the_one_that_asks (Fixture       *f,
                                   gconstpointer  data)
{
  for (guint i = 0; i < 20; i++)
    fp_sync_fixture_add (f, "/in");
  fp_sink_set_path (f->sink, "/in", 503);
  fp_sync_start (f->sync);
  fp_test_until (fp_sink_get_n (f->sink) > 0);
  fp_sync_fixture_pass (f, 0);

  fp_sink_hold (f->sink, TRUE);
  fp_clock_advance (f->clock, 60000);
  fp_test_until (fp_sink_get_n_open (f->sink) > 0);
  /* The writer works in order: what the sender asked of it before this is done. */
  fp_sync_fixture_set (f, "metered", "limit");
  g_assert_cmpuint (count_sending (f), ==, 1);
  fp_sink_hold (f->sink, FALSE);
}

#define ADD(path, func)                                                                                                \
  g_test_add (path, Fixture, NULL, fp_sync_fixture_setup, func, fp_sync_fixture_teardown)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/sync/ahead/at-most-four-in-flight", test_at_most_four_in_flight);
  ADD ("/sync/ahead/stop-gives-back", test_stop_gives_back);
  ADD ("/sync/ahead/lost-network-gives-back", test_lost_network_gives_back);
  ADD ("/sync/ahead/refusal-gives-back", test_refusal_gives_back);
  ADD ("/sync/ahead/not-where-a-person-is-asked", test_not_where_a_person_is_asked);
  ADD ("/sync/ahead/large-ones-are-not", test_large_ones_are_not);
  ADD ("/sync/ahead/not-behind-the-one-that-asks", test_not_behind_the_one_that_asks);

  return g_test_run ();
}
