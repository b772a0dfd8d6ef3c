/* Events of a tag: analytics-sync of design section 4. */
#include "fp-tags-fixture.h"

#include "store/fp-store-private.h"
#include "sync/fp-batch.h"

/* analytics-sync */

static gpointer
count_func (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  *(gint64 *) data = fp_event_rows_count (txn, 1, error);

  return NULL;
}

static void
test_events_go_in_one_post (Fixture       *f,
                            gconstpointer  data)
{
  g_autofree char *body = NULL;
  g_autoptr(FpItemCounts) waiting = NULL;
  g_autoptr(FpItemCounts) none = NULL;
  gint64 left = -1;

  set_tag (f);
  fp_link_set (f->base.link, FP_LINK_OFFLINE, FALSE);
  begin (f);
  add_events (f, 1, 2);
  add_events (f, 3, 1);
  pass (f, HOUR_MS);
  g_assert_cmpuint (fp_sink_get_n (f->base.sink), ==, 0);
  g_assert_cmpuint (count_events (f), ==, 3);
  waiting = fp_sync_fixture_count (&f->base);
  g_assert_cmpuint (waiting->events, ==, 3);
  g_assert_cmpuint (waiting->waiting, ==, 0);

  fp_link_set (f->base.link, FP_LINK_FULL, FALSE);
  fp_test_until (f->base.delivered == 1);
  settle (f);
  g_assert_cmpuint (fp_sink_get_n (f->base.sink), ==, 1);
  body = dup_body (f, 0);
  g_assert_cmpstr (body, ==, "{\"events\":[{\"n\":1},{\"n\":2},{\"n\":3}]}");
  g_assert_cmpstr (fp_sink_get (f->base.sink, 0)->type, ==, "application/json");
  g_assert_cmpuint (count_events (f), ==, 0);
  /* Gone with the receipt, not only out of sight. */
  call (f, count_func, &left);
  g_assert_cmpint (left, ==, 0);
  none = fp_sync_fixture_count (&f->base);
  g_assert_cmpuint (none->events, ==, 0);
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
  /* It waits for what went before it. */
  {
    g_autoptr(FpItemCounts) counts = fp_sync_fixture_count (&f->base);

    g_assert_cmpuint (counts->waiting, ==, 1);
  }
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

/* Three refusals on the way to the one event that is wrong: that is no reason to let the others wait. */
static void
test_halving_pauses_nothing (Fixture       *f,
                             gconstpointer  data)
{
  set_tag (f);
  fp_link_set (f->base.link, FP_LINK_OFFLINE, FALSE);
  begin (f);
  add_events (f, 1, 16);
  settle (f);
  for (guint i = 0; i < 5; i++)
    fp_sink_push (f->base.sink, 422, NULL, NULL);
  fp_link_set (f->base.link, FP_LINK_FULL, FALSE);
  /* 16, 8, 4, 2, then 1 alone is refused; the clock stands still. */
  fp_test_until (f->base.failed == 1);
  fp_test_until (count_events (f) == 1);
}

static void
test_commas_of_events (void)
{
  static const struct {
    const char *body;
    gboolean several;
  } rows[] = { { "{\"events\":[1]}", FALSE },          { "{\"events\":[1,2]}", TRUE },
               { "{\"events\":[[1,2]]}", FALSE },      { "{\"events\":[\"a,\\\",\"]}", FALSE },
               { "{\"events\":[{\"a\":[],\"b\":\"]\"}]}", FALSE }, { "{\"events\":[{},{}]}", TRUE } };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GBytes) body = g_bytes_new_static (rows[i].body, strlen (rows[i].body));

      g_assert_cmpint (fp_event_rows_is_several (body), ==, rows[i].several);
    }
}

static void
pass_until_failed (Fixture *f)
{
  while (f->base.failed == 0)
    pass (f, 31000);
}

/* Whatever it failed for: what came later goes, what failed keeps its events and goes when it can. */
static void
fail_first_batch (Fixture *f,
                  guint    status,
                  guint    tries)
{
  g_autoptr(FpItemCounts) counts = NULL;
  g_autofree char *body = NULL;

  set_tag (f);
  begin (f);
  for (guint i = 0; i < tries; i++)
    fp_sink_push (f->base.sink, status, NULL, NULL);
  add_events (f, 1, 2);
  fp_test_until (fp_sink_get_n (f->base.sink) == 1);
  /* While it is still to be tried they wait behind it, in order. */
  add_events (f, 3, 2);
  pass_until_failed (f);
  fp_test_until (f->base.delivered == 1);
  settle (f);
  g_assert_cmpuint (fp_sink_get_n (f->base.sink), ==, tries + 1);
  body = dup_body (f, tries);
  g_assert_cmpstr (body, ==, "{\"events\":[{\"n\":3},{\"n\":4}]}");
  g_assert_cmpuint (count_events (f), ==, 2);
  counts = fp_sync_fixture_count (&f->base);
  g_assert_cmpuint (counts->failed, ==, 1);

  add_events (f, 5, 1);
  fp_test_until (f->base.delivered == 2);
  fp_sync_now (f->base.sync, NULL);
  fp_test_until (f->base.delivered == 3);
  settle (f);
  g_assert_cmpuint (count_events (f), ==, 0);
  g_assert_cmpuint (fp_sink_get_n_changed (f->base.sink), ==, 0);
}

static void
test_refused_batch_blocks_nothing (Fixture       *f,
                                   gconstpointer  data)
{
  fail_first_batch (f, 405, 1);
}

static void
test_poison_batch_blocks_nothing (Fixture       *f,
                                  gconstpointer  data)
{
  fail_first_batch (f, 500, 5);
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

/* An answer was lost, and the bytes are refused later: perhaps they are there. Halved, under other keys, they would be
 * there twice. */
static void
test_perhaps_stored_is_not_halved (Fixture       *f,
                                   gconstpointer  data)
{
  g_autofree char *first = NULL;
  g_autofree char *last = NULL;

  set_tag (f);
  begin (f);
  fp_sink_push (f->base.sink, 0, NULL, NULL);
  /* Of a proxy: it says nothing of what the server has. */
  fp_sink_push (f->base.sink, 413, NULL, NULL);
  add_events (f, 1, 2);
  fp_test_until (fp_sink_get_n (f->base.sink) == 1);
  while (f->base.failed == 0 && fp_sink_get_n (f->base.sink) < 3)
    pass (f, 31000);
  settle (f);
  g_assert_cmpuint (fp_sink_get_n (f->base.sink), ==, 2);
  g_assert_cmpuint (count_events (f), ==, 2);

  fp_sync_now (f->base.sync, NULL);
  fp_test_until (f->base.delivered == 1);
  settle (f);
  first = dup_body (f, 0);
  last = dup_body (f, 2);
  g_assert_cmpstr (first, ==, last);
  g_assert_cmpstr (fp_sink_get (f->base.sink, 0)->key, ==, fp_sink_get (f->base.sink, 2)->key);
  g_assert_cmpuint (count_events (f), ==, 0);
}

/* The rows, with nobody who sends. */

static gpointer
freeze_func (FpStoreTxn  *txn,
             gpointer     id,
             GError     **error)
{
  fp_batch_freeze (txn, "clicks", id, error);

  return NULL;
}

static gint64
freeze (Fixture *f)
{
  gint64 id = -1;

  call (f, freeze_func, &id);
  return id;
}

static gpointer
set_row_func (FpStoreTxn  *txn,
              gpointer     row,
              GError     **error)
{
  fp_tag_rows_set (txn, row, error);

  return NULL;
}

static void
test_goes_as_its_tag_says (Fixture       *f,
                           gconstpointer  data)
{
  FpTagRow row = { .name = (char *) "clicks", .url = (char *) "https://example.org:8443/in?x={secret}",
                   .headers = (char *) "{\"X-A\":\"b\"}", .secret_id = (char *) "one", .reach = FP_REACH_LAN,
                   .batch_max = FP_BATCH_EVENTS };
  g_autoptr(FpItem) item = NULL;

  fp_link_set (f->base.link, FP_LINK_OFFLINE, FALSE);
  call (f, set_row_func, &row);
  add_events (f, 1, 1);
  item = fp_sync_fixture_get (&f->base, freeze (f));
  g_assert_cmpstr (item->url, ==, row.url);
  g_assert_cmpstr (item->host, ==, "https://example.org:8443");
  g_assert_cmpstr (item->headers, ==, row.headers);
  g_assert_cmpstr (item->secret_id, ==, "one");
  g_assert_cmpint (item->reach, ==, FP_REACH_LAN);
}

static void
test_one_at_a_time (Fixture       *f,
                    gconstpointer  data)
{
  fp_link_set (f->base.link, FP_LINK_OFFLINE, FALSE);
  set_tag (f);
  g_assert_cmpint (freeze (f), ==, 0);
  add_events (f, 1, 1);
  g_assert_cmpint (freeze (f), >, 0);
  add_events (f, 2, 1);
  g_assert_cmpint (freeze (f), ==, 0);
}

typedef struct {
  FpItem *item;
  gboolean replaced;
} Refusal;

static gpointer
refuse_without_tag_func (FpStoreTxn  *txn,
                         gpointer     data,
                         GError     **error)
{
  Refusal *refusal = data;

  if (fp_tag_rows_remove (txn, "clicks", error))
    fp_batch_settle (txn, refusal->item, &refusal->replaced, error);

  return NULL;
}

/* Nobody would freeze them again: they stay in what was refused. */
static void
test_removed_tag_is_not_halved (Fixture       *f,
                                gconstpointer  data)
{
  Refusal refusal = { .replaced = TRUE };
  g_autoptr(FpItem) item = NULL;
  gint64 left = -1;

  fp_link_set (f->base.link, FP_LINK_OFFLINE, FALSE);
  set_tag (f);
  add_events (f, 1, 2);
  item = fp_sync_fixture_get (&f->base, freeze (f));
  g_assert_cmpint (item->id, ==, 1);
  item->state = FP_ITEM_FAILED;
  item->status = 422;
  refusal.item = item;
  call (f, refuse_without_tag_func, &refusal);
  g_assert_false (refusal.replaced);
  call (f, count_func, &left);
  g_assert_cmpint (left, ==, 2);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, setup, func, teardown)

/* Many wait: they go one batch after the other, and no transaction has more than those of two in hand, that which a
 * receipt takes away and the next. An event, and its number. */
static void
test_thousands_go_in_short_transactions (Fixture       *f,
                                         gconstpointer  data)
{
  enum { BATCHES = 8 };

  set_tag (f);
  fp_link_set (f->base.link, FP_LINK_OFFLINE, FALSE);
  add_events (f, 1, BATCHES * FP_BATCH_EVENTS);
  _fp_store_take_most_changes (f->base.store);
  begin (f);
  fp_link_set (f->base.link, FP_LINK_FULL, FALSE);
  fp_test_until (f->base.delivered == BATCHES);
  settle (f);
  g_assert_cmpuint (count_events (f), ==, 0);
  g_assert_cmpuint (_fp_store_take_most_changes (f->base.store), <=, 3 * FP_BATCH_EVENTS + 20);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/batch/analytics-sync/one-post-cleared-on-ok", test_events_go_in_one_post);
  ADD ("/batch/analytics-sync/same-bytes-and-key-on-every-try", test_events_are_the_same_on_every_try);
  ADD ("/batch/analytics-sync/lost-answer-keeps-the-key", test_lost_answer_keeps_the_key);
  ADD ("/batch/analytics-sync/500-events-or-1-mib", test_events_500_or_1_mib);
  ADD ("/batch/analytics-sync/thousands-in-short-transactions", test_thousands_go_in_short_transactions);
  ADD ("/batch/analytics-sync/refused-is-halved", test_refused_events_are_halved);
  ADD ("/batch/analytics-sync/one-bad-event-stays", test_one_bad_event_stays);
  ADD ("/batch/analytics-sync/halving-pauses-nothing", test_halving_pauses_nothing);
  g_test_add_func ("/batch/analytics-sync/commas-of-events", test_commas_of_events);
  ADD ("/batch/analytics-sync/refused-blocks-nothing", test_refused_batch_blocks_nothing);
  ADD ("/batch/analytics-sync/poison-blocks-nothing", test_poison_batch_blocks_nothing);
  ADD ("/batch/analytics-sync/perhaps-stored-is-not-halved", test_perhaps_stored_is_not_halved);
  ADD ("/batch/analytics-sync/goes-as-its-tag-says", test_goes_as_its_tag_says);
  ADD ("/batch/analytics-sync/one-batch-at-a-time", test_one_at_a_time);
  ADD ("/batch/analytics-sync/removed-tag-is-not-halved", test_removed_tag_is_not_halved);
  ADD ("/batch/analytics-sync/survives-stops", test_events_survive_stops);

  return g_test_run ();
}
