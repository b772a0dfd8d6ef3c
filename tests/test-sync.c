/* The sender when things go well, and what decides whether it may begin. */
#include "fp-sync-fixture.h"

#include "store/fp-store-private.h"

typedef FpSyncFixture Fixture;

static gboolean
is_quiet (Fixture *f)
{
  return fp_sync_get_state (f->sync) != FP_SYNC_SYNCING;
}

static void
test_delivers (Fixture       *f,
               gconstpointer  data)
{
  gint64 id = fp_sync_fixture_add (f, "/in");
  g_autoptr(FpItem) before = fp_sync_fixture_get (f, id);
  g_autoptr(FpItem) after = NULL;
  g_autoptr(FpReceipt) receipt = NULL;
  g_autofree char *key = g_strdup_printf ("\"%s\"", before->uid);
  g_autofree char *body = g_strdup_printf ("{\"uid\":\"%s\"}", before->uid);
  FpSinkArrival *arrival;

  fp_sink_push (f->sink, 201, "ETag: \"x1\"", "thanks");
  fp_sync_start (f->sync);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
  fp_test_until (is_quiet (f));

  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 1);
  arrival = fp_sink_get (f->sink, 0);
  g_assert_cmpstr (arrival->method, ==, "POST");
  g_assert_cmpstr (arrival->key, ==, key);
  g_assert_cmpstr (arrival->type, ==, "application/json");
  g_assert_cmpmem (g_bytes_get_data (arrival->body, NULL), g_bytes_get_size (arrival->body), body, strlen (body));

  after = fp_sync_fixture_get (f, id);
  g_assert_cmpuint (after->attempts, ==, 1);
  g_assert_false (after->maybe_delivered);
  receipt = fp_sync_fixture_get_receipt (f, id);
  g_assert_cmpint (receipt->status, ==, 201);
  g_assert_cmpstr (receipt->uid, ==, before->uid);
  g_assert_cmpstr (receipt->body, ==, "thanks");
  g_assert_nonnull (strstr (receipt->headers, "x1"));
  g_assert_cmpuint (f->delivered, ==, 1);
  /* The network was there all along: there is nothing to measure. */
  g_assert_cmpint (f->delivered_ms, ==, -1);
  g_assert_cmpint (fp_sync_get_state (f->sync), ==, FP_SYNC_IDLE);
}

static void
test_item_added_while_running (Fixture       *f,
                               gconstpointer  data)
{
  fp_sync_start (f->sync);
  fp_test_until (fp_sync_get_holding (f->sync));
  fp_test_until (is_quiet (f));
  /* No nudge: the store of this process says "changed". */
  fp_sync_fixture_await (f, fp_sync_fixture_add (f, "/in"), FP_ITEM_SENT);
}

static void
test_item_of_another_process (Fixture       *f,
                              gconstpointer  data)
{
  FpStore *other = fp_sync_fixture_open (f);
  FpStore *own = f->store;
  gint64 id;

  fp_sync_start (f->sync);
  fp_test_until (fp_sync_get_holding (f->sync));
  fp_sync_fixture_pass (f, 0);

  f->store = other;
  id = fp_sync_fixture_add (f, "/in");
  fp_test_drain ();
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 0);
  /* The hint was lost: found within 30 s of the moment at which the kernel tells of the file. */
  fp_test_until (fp_clock_get_n_armed (f->clock) > 0);
  fp_clock_advance (f->clock, 30000);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);

  id = fp_sync_fixture_add (f, "/in");
  fp_sync_nudge (f->sync);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
  f->store = own;
  fp_sync_fixture_close (other);
}

static void
test_offline_costs_nothing (Fixture       *f,
                            gconstpointer  data)
{
  gint64 id = fp_sync_fixture_add (f, "/in");
  g_autoptr(FpItem) item = NULL;

  fp_link_set (f->link, FP_LINK_OFFLINE, FALSE);
  fp_sync_start (f->sync);
  fp_test_until (fp_sync_get_state (f->sync) == FP_SYNC_OFFLINE);
  for (int i = 0; i < 10; i++)
    fp_sync_fixture_pass (f, 3600000);

  item = fp_sync_fixture_get (f, id);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 0);
  g_assert_cmpint (item->state, ==, FP_ITEM_PENDING);
  g_assert_cmpuint (item->attempts, ==, 0);
  g_assert_null (item->reason_code);
  g_assert_false (item->maybe_delivered);

  fp_link_set (f->link, FP_LINK_FULL, FALSE);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
  fp_test_until (f->delivered == 1);
  g_assert_cmpint (f->delivered_ms, >=, 0);
  g_assert_cmpint (f->delivered_ms, <=, 2000);
}

/* Also where every wait had run up, a second outage later. */
static void
test_back_online_clears_waits (Fixture       *f,
                               gconstpointer  data)
{
  gint64 id = fp_sync_fixture_add (f, "/in");

  for (int i = 0; i < 5; i++)
    fp_sink_push (f->sink, 503, NULL, NULL);
  fp_sync_start (f->sync);
  for (int i = 0; i < 20 && fp_sync_fixture_get_state (f, id) != FP_ITEM_FAILED; i++)
    fp_sync_fixture_pass (f, 30000);
  g_assert_cmpint (fp_sync_fixture_get_state (f, id), ==, FP_ITEM_FAILED);

  fp_link_set (f->link, FP_LINK_OFFLINE, FALSE);
  fp_sync_fixture_pass (f, 1000);
  fp_link_set (f->link, FP_LINK_FULL, FALSE);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
}

static void
test_portal_and_limited (Fixture       *f,
                         gconstpointer  data)
{
  gint64 public = fp_sync_fixture_add (f, "/public");
  FpItem *local = fp_sync_fixture_item (f, "/local");
  gint64 id;

  local->reach = FP_REACH_AUTO;
  fp_link_set (f->link, FP_LINK_PORTAL, FALSE);
  fp_sync_start (f->sync);
  fp_test_until (fp_sync_get_state (f->sync) == FP_SYNC_PORTAL);

  /* A portal does not stand between us and the loopback. */
  id = fp_sync_fixture_insert (f, local);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
  fp_test_until (fp_sync_get_state (f->sync) == FP_SYNC_PORTAL);
  fp_link_set (f->link, FP_LINK_LIMITED, FALSE);
  fp_test_until (fp_sync_get_state (f->sync) == FP_SYNC_OFFLINE);
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/public"), ==, 0);

  fp_link_set (f->link, FP_LINK_UNKNOWN, FALSE);
  fp_sync_fixture_await (f, public, FP_ITEM_SENT);
}

enum { MANY = 2 * FP_STORE_SLICE + 50 };

typedef struct {
  Fixture *f;
  gint64   due_boot;
  gint64   ids[MANY];
} Many;

static gpointer
insert_many (FpStoreTxn  *txn,
             gpointer     data,
             GError     **error)
{
  Many *many = data;

  for (guint i = 0; i < MANY; i++)
    {
      g_autoptr(FpItem) item = fp_sync_fixture_item (many->f, "/in");

      g_free (item->tag);
      item->tag = g_strdup (i == MANY - 1 ? "other" : "many");
      item->due_boot = many->due_boot;
      item->due_boot_id = g_strdup (fp_clock_get_boot_id (many->f->clock));
      if (!fp_item_rows_insert (txn, item, error))
        return NULL;
      many->ids[i] = item->id;
    }

  return NULL;
}

static void
add_many (Fixture *f,
          Many    *many,
          gint64   due_boot)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  many->f = f;
  many->due_boot = due_boot;
  fp_sync_fixture_set (f, "paused", "1");
  fp_store_write_async (f->store, insert_many, many, NULL, NULL, NULL, fp_test_await_cb, &await);
  fp_store_write_finish (f->store, fp_test_await (&await), &error);
  g_assert_no_error (error);
}

static gint64
get_due (Fixture *f,
         gint64   id)
{
  g_autoptr(FpItem) item = fp_sync_fixture_get (f, id);

  return item->due_boot;
}

/* A person's typing waits for no more than a part of them, and all of them are reached. */
static void
test_now_of_a_large_tag (Fixture       *f,
                         gconstpointer  data)
{
  Many many = { 0 };
  gint64 due = fp_clock_get_boot_ms (f->clock) + 3600000;
  g_autofree char *now = g_strdup_printf ("%" G_GINT64_FORMAT, fp_clock_get_wall_ms (f->clock));

  /* No new chance at the start. */
  fp_sync_fixture_set (f, "waits-cleared", now);
  add_many (f, &many, due);
  fp_sync_start (f->sync);
  fp_test_until (fp_sync_get_state (f->sync) == FP_SYNC_PAUSED);
  _fp_store_take_most_changes (f->store);
  fp_sync_now (f->sync, "many");
  for (guint i = 0; i < MANY - 1; i++)
    fp_test_until (get_due (f, many.ids[i]) == 0);
  g_assert_cmpuint (_fp_store_take_most_changes (f->store), ==, FP_STORE_SLICE);
  g_assert_cmpint (get_due (f, many.ids[MANY - 1]), ==, due);
}

static void
test_many_that_were_parked (Fixture       *f,
                            gconstpointer  data)
{
  Many many = { 0 };

  add_many (f, &many, FP_ITEM_PARKED);
  _fp_store_take_most_changes (f->store);
  fp_sync_start (f->sync);
  for (guint i = 0; i < MANY; i++)
    fp_test_until (get_due (f, many.ids[i]) == 0);
  /* One part is unparked, another has a new chance, and that it had is noted. */
  g_assert_cmpuint (_fp_store_take_most_changes (f->store), <=, 2 * FP_STORE_SLICE + 2);
}

static void
test_offline_with_nothing_waiting_is_idle (Fixture       *f,
                                           gconstpointer  data)
{
  fp_link_set (f->link, FP_LINK_OFFLINE, FALSE);
  fp_sync_start (f->sync);
  fp_test_until (fp_sync_get_holding (f->sync));
  fp_sync_fixture_pass (f, 30000);
  g_assert_cmpint (fp_sync_get_state (f->sync), ==, FP_SYNC_IDLE);
}

static void
test_work_offline (Fixture       *f,
                   gconstpointer  data)
{
  gint64 id;

  fp_sync_fixture_set (f, "paused", "1");
  id = fp_sync_fixture_add (f, "/in");
  fp_sync_start (f->sync);
  fp_test_until (fp_sync_get_state (f->sync) == FP_SYNC_PAUSED);
  fp_sync_now (f->sync, NULL);
  fp_sync_fixture_pass (f, 3600000);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 0);

  fp_sync_fixture_set (f, "paused", "0");
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
  fp_test_until (fp_sync_get_state (f->sync) == FP_SYNC_IDLE);
}

static void
test_never_twice_in_flight (Fixture       *f,
                            gconstpointer  data)
{
  gint64 id = fp_sync_fixture_add (f, "/in");
  g_autoptr(FpItem) item = NULL;

  fp_sink_hold (f->sink, TRUE);
  fp_sync_start (f->sync);
  fp_test_until (fp_sink_get_n (f->sink) == 1);
  g_assert_cmpint (fp_sync_get_state (f->sync), ==, FP_SYNC_SYNCING);
  for (int i = 0; i < 5; i++)
    {
      g_autoptr(FpItemCounts) counts = NULL;

      fp_sync_nudge (f->sync);
      fp_sync_now (f->sync, NULL);
      fp_clock_advance (f->clock, 31000);
      counts = fp_sync_fixture_count (f);
      g_assert_cmpuint (counts->sending, ==, 1);
    }

  /* If the power went now, the next start would have to know that it may have arrived. */
  item = fp_sync_fixture_get (f, id);
  g_assert_true (item->maybe_delivered);
  fp_sink_hold (f->sink, FALSE);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 1);
}

static void
test_manual_first (Fixture       *f,
                   gconstpointer  data)
{
  gint64 last = 0;
  FpItem *manual;

  for (int i = 0; i < 10; i++)
    last = fp_sync_fixture_add (f, "/in");
  manual = fp_sync_fixture_item (f, "/manual");
  manual->manual = TRUE;
  fp_sync_fixture_insert (f, manual);
  fp_sync_start (f->sync);
  fp_sync_fixture_await (f, last, FP_ITEM_SENT);
  fp_test_until (is_quiet (f));
  /* Four connections: which of the first four is read first is the server's affair. */
  for (guint i = 0; i < fp_sink_get_n (f->sink); i++)
    if (g_str_equal (fp_sink_get (f->sink, i)->path, "/manual"))
      g_assert_cmpuint (i, <, 4);
}

static void
test_thousand_in_order (Fixture       *f,
                        gconstpointer  data)
{
  enum { N = 1000 };
  g_autoptr(GHashTable) order = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint done, total;

  fp_link_set (f->link, FP_LINK_OFFLINE, FALSE);
  fp_sync_start (f->sync);
  for (guint i = 0; i < N; i++)
    {
      FpItem *item = fp_sync_fixture_item (f, "/in");

      g_hash_table_insert (order, g_strdup_printf ("\"%s\"", item->uid), GUINT_TO_POINTER (i));
      fp_sync_fixture_insert (f, item);
    }
  fp_sink_hold (f->sink, TRUE);
  fp_link_set (f->link, FP_LINK_FULL, FALSE);
  fp_test_until (fp_sink_get_n (f->sink) == 4);
  fp_clock_advance (f->clock, 60000);
  for (int i = 0; i < 10; i++)
    {
      g_autoptr(FpItemCounts) counts = fp_sync_fixture_count (f);

      g_assert_cmpuint (counts->sending, ==, 4);
    }
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 4);
  fp_sink_hold (f->sink, FALSE);
  fp_test_until (f->delivered == N);
  fp_test_until (is_quiet (f));

  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, N);
  g_assert_cmpuint (fp_sink_get_n_stored (f->sink), ==, N);
  g_assert_cmpuint (fp_sink_get_most (f->sink), <=, 4);
  for (guint i = 0; i < N; i++)
    {
      guint place = GPOINTER_TO_UINT (g_hash_table_lookup (order, fp_sink_get (f->sink, i)->key));

      g_assert_cmpuint (ABS ((int) place - (int) i), <=, 8);
    }
  fp_sync_get_run (f->sync, &done, &total);
  g_assert_cmpuint (done, ==, N);
  g_assert_cmpuint (total, ==, N);
}

static void
test_one_sender (Fixture       *f,
                 gconstpointer  data)
{
  FpStore *other_store = fp_sync_fixture_open (f);
  FpSync *other = fp_sync_fixture_new_sync (f, other_store);
  gint64 id;

  fp_sync_start (f->sync);
  fp_test_until (fp_sync_get_holding (f->sync));
  fp_sync_start (other);
  for (int i = 0; i < 20; i++)
    {
      id = fp_sync_fixture_add (f, "/in");
      fp_sync_nudge (other);
      fp_sync_now (other, NULL);
      fp_sync_fixture_await (f, id, FP_ITEM_SENT);
    }
  g_assert_false (fp_sync_get_holding (other));
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 20);

  /* The other takes over as soon as the first one goes. */
  g_assert_true (fp_sync_fixture_stop (f->sync));
  g_assert_false (fp_sync_get_holding (f->sync));
  fp_test_until (fp_sync_get_holding (other));
  id = fp_sync_fixture_add (f, "/in");
  fp_sync_nudge (other);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);

  g_assert_true (fp_sync_fixture_stop (other));
  fp_test_drain ();
  g_assert_finalize_object (other);
  fp_sync_fixture_close (other_store);
}

static void
test_stop_gives_back (Fixture       *f,
                      gconstpointer  data)
{
  gint64 id = fp_sync_fixture_add (f, "/in");
  g_autoptr(FpItem) item = NULL;

  fp_sink_hold (f->sink, TRUE);
  fp_sync_start (f->sync);
  fp_test_until (fp_sink_get_n (f->sink) == 1);
  g_assert_true (fp_sync_fixture_stop (f->sync));

  item = fp_sync_fixture_get (f, id);
  g_assert_cmpint (item->state, ==, FP_ITEM_PENDING);
  g_assert_true (item->maybe_delivered);
  g_assert_cmpuint (item->attempts, ==, 0);
  g_assert_false (fp_sync_get_holding (f->sync));

  fp_sink_hold (f->sink, FALSE);
  fp_sync_start (f->sync);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
  g_assert_cmpuint (fp_sink_get_n_stored (f->sink), ==, 1);
  g_assert_cmpuint (fp_sink_get_n_changed (f->sink), ==, 0);
}

static void
test_lost_network_breaks_off (Fixture       *f,
                              gconstpointer  data)
{
  gint64 id = fp_sync_fixture_add (f, "/in");
  g_autoptr(FpItem) item = NULL;

  fp_sink_hold (f->sink, TRUE);
  fp_sync_start (f->sync);
  fp_test_until (fp_sink_get_n (f->sink) == 1);

  /* Worse, but not gone: let it end. */
  fp_link_set (f->link, FP_LINK_LIMITED, FALSE);
  fp_test_drain ();
  g_assert_cmpint (fp_sync_fixture_get_state (f, id), ==, FP_ITEM_SENDING);

  fp_link_set (f->link, FP_LINK_OFFLINE, FALSE);
  fp_sync_fixture_await (f, id, FP_ITEM_PENDING);
  item = fp_sync_fixture_get (f, id);
  g_assert_true (item->maybe_delivered);
  g_assert_cmpuint (item->attempts, ==, 0);
  fp_test_until (fp_sync_get_state (f->sync) == FP_SYNC_OFFLINE);

  fp_sink_hold (f->sink, FALSE);
  fp_link_set (f->link, FP_LINK_FULL, FALSE);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
  g_assert_cmpuint (fp_sink_get_n_changed (f->sink), ==, 0);
}

static void
test_same_bytes (Fixture       *f,
                 gconstpointer  data)
{
  FpItem *item = fp_sync_fixture_item (f, "/form");
  FpItemPart *first = g_ptr_array_index (item->parts, 0);
  FpSinkArrival *arrival;
  const char *body;
  gsize size;
  gint64 id;

  /* A quote and a line end in a name, a file of many reads. */
  first->name = g_strdup ("da\"ta\r\n");
  item->boundary = g_strdup ("frozen-boundary-7");
  fp_sync_fixture_attach (f, item, "Foto ü 1.jpg", 300000);
  id = fp_sync_fixture_insert (f, item);

  for (int i = 0; i < 4; i++)
    fp_sink_push (f->sink, i % 2 ? 503 : 0, NULL, NULL);
  for (int i = 0; i < 20 && fp_sync_fixture_get_state (f, id) != FP_ITEM_SENT; i++)
    {
      fp_sync_start (f->sync);
      fp_test_until (fp_sync_get_holding (f->sync));
      fp_sync_fixture_pass (f, 60000);
      g_assert_true (fp_sync_fixture_stop (f->sync));
    }
  g_assert_cmpint (fp_sync_fixture_get_state (f, id), ==, FP_ITEM_SENT);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 5);
  g_assert_cmpuint (fp_sink_get_n_changed (f->sink), ==, 0);

  arrival = fp_sink_get (f->sink, 4);
  g_assert_cmpstr (arrival->type, ==, "multipart/form-data; boundary=frozen-boundary-7");
  body = g_bytes_get_data (arrival->body, &size);
  g_assert_cmpuint (size, >, 300000);
  g_assert_true (g_str_has_prefix (body, "--frozen-boundary-7\r\nContent-Disposition: form-data; "
                                         "name=\"da%22ta%0D%0A\"\r\nContent-Type: application/json\r\n\r\n{"));
  g_assert_nonnull (g_strstr_len (body, (gssize) size, "name=\"Foto ü 1.jpg\"; filename=\"Foto ü 1.jpg\"\r\n"));
  g_assert_true (memcmp (body + size - 25, "\r\n--frozen-boundary-7--\r\n", 25) == 0);
}

/* A person's wish, written by any process: the row of what is being sent says "user". */
static void
wish_to_hold (Fixture *f,
              gint64   id)
{
  g_autoptr(FpItem) item = fp_sync_fixture_get (f, id);

  g_assert_cmpint (item->state, ==, FP_ITEM_SENDING);
  item->hold = g_strdup ("user");
  fp_sync_fixture_update (f, item, FP_ITEM_SENDING);
}

static void
test_broken_off (Fixture      *f,
                 gconstpointer data)
{
  g_autoptr(FpItem) item = NULL;
  gint64 id, other;

  fp_sink_hold (f->sink, TRUE);
  id = fp_sync_fixture_add (f, "/slow");
  fp_sync_start (f->sync);
  fp_test_until (fp_sink_get_n (f->sink) == 1);
  wish_to_hold (f, id);
  fp_sync_fixture_await (f, id, FP_ITEM_HELD);
  item = fp_sync_fixture_get (f, id);
  g_assert_cmpstr (item->hold, ==, "user");
  g_assert_true (item->maybe_delivered);
  g_assert_cmpuint (item->attempts, ==, 1);

  /* It stays: others go, a new chance comes, and even Sync Now does not touch it. */
  fp_sink_hold (f->sink, FALSE);
  other = fp_sync_fixture_add (f, "/other");
  fp_sync_fixture_await (f, other, FP_ITEM_SENT);
  fp_sync_now (f->sync, NULL);
  fp_sync_fixture_pass (f, 3600 * 1000);
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/slow"), ==, 1);
  fp_sync_fixture_await (f, id, FP_ITEM_HELD);
}

/* The wish of a person is not lost with the sender. */
static void
test_broken_off_orphan (Fixture      *f,
                        gconstpointer data)
{
  FpItem *item = fp_sync_fixture_item (f, "/orphan");
  gint64 id;

  item->state = FP_ITEM_SENDING;
  item->hold = g_strdup ("user");
  id = fp_sync_fixture_insert (f, item);
  fp_sync_start (f->sync);
  fp_sync_fixture_await (f, id, FP_ITEM_HELD);
  fp_sync_fixture_pass (f, 3600 * 1000);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define add(path, func) \
  g_test_add (path, Fixture, NULL, fp_sync_fixture_setup, func, fp_sync_fixture_teardown)
  add ("/sync/delivers-and-keeps-the-receipt", test_delivers);
  add ("/sync/item-added-while-running-goes-at-once", test_item_added_while_running);
  add ("/sync/item-of-another-process-is-found", test_item_of_another_process);
  add ("/sync/offline-costs-nothing-and-full-delivers", test_offline_costs_nothing);
  add ("/sync/back-online-clears-waits", test_back_online_clears_waits);
  add ("/sync/portal-and-limited-keep-public-hosts", test_portal_and_limited);
  add ("/sync/offline-with-nothing-waiting-is-idle", test_offline_with_nothing_waiting_is_idle);
  add ("/sync/now-of-a-large-tag-takes-short-turns", test_now_of_a_large_tag);
  add ("/sync/many-that-were-parked-take-short-turns", test_many_that_were_parked);
  add ("/sync/work-offline-stops-all", test_work_offline);
  add ("/sync/never-twice-in-flight", test_never_twice_in_flight);
  add ("/sync/manual-first", test_manual_first);
  add ("/sync/thousand-items-in-order-four-at-once", test_thousand_in_order);
  add ("/sync/only-the-holder-of-the-lock-sends", test_one_sender);
  add ("/sync/stop-gives-items-back", test_stop_gives_back);
  add ("/sync/lost-network-breaks-off", test_lost_network_breaks_off);
  add ("/sync/same-bytes-on-every-attempt", test_same_bytes);
  add ("/sync/broken-off-is-held", test_broken_off);
  add ("/sync/broken-off-orphan-is-held", test_broken_off_orphan);
#undef add

  return g_test_run ();
}
