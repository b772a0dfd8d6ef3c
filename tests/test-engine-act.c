/* What a person does to items: the columns of the state table (design 5.1) that are no delivery. */
#include "fp-engine-fixture.h"

#include <string.h>

#include "store/fp-hold-rows.h"
#include "store/fp-sender-lock.h"
#include "store/fp-store-private.h"

#define STATES 7

/* Rows: states from pending to sent. Columns: FpAct. 0: refused. 2 in the row sending: the wish is noted, the sender
 * does the rest. */
static const FpItemState expected[STATES][FP_ACT_CANCEL + 1] = {
  [FP_ITEM_PENDING] = { [FP_ACT_RETRY] = FP_ITEM_PENDING, [FP_ACT_DISCARD] = FP_ITEM_DISCARDED,
                        [FP_ACT_HOLD] = FP_ITEM_HELD },
  [FP_ITEM_SENDING] = { [FP_ACT_HOLD] = FP_ITEM_SENDING, [FP_ACT_CANCEL] = FP_ITEM_SENDING },
  [FP_ITEM_FAILED] = { [FP_ACT_RETRY] = FP_ITEM_PENDING, [FP_ACT_DISCARD] = FP_ITEM_DISCARDED,
                       [FP_ACT_HOLD] = FP_ITEM_HELD },
  [FP_ITEM_HELD] = { [FP_ACT_RETRY] = FP_ITEM_PENDING, [FP_ACT_DISCARD] = FP_ITEM_DISCARDED,
                     [FP_ACT_RELEASE] = FP_ITEM_PENDING },
  [FP_ITEM_DISCARDED] = { [FP_ACT_UNDO] = FP_ITEM_HELD },
  [FP_ITEM_SENT] = { 0 },
};

typedef struct {
  gint64       id;
  FpItemState  state;
  const char  *hold;
  gint64       waits_for;
} Put;

static gpointer
put (FpStoreTxn  *txn,
     gpointer     data,
     GError     **error)
{
  Put *what = data;
  g_autoptr(FpItem) item = fp_item_new ();
  FpReceipt receipt = { .uid = (char *) "u", .url = (char *) "http://example.org/", .status = 201 };

  item->kind = FP_ITEM_REQUEST;
  item->protocol = FP_PROTOCOL_PLAIN;
  item->method = g_strdup ("GET");
  item->url = g_strdup ("http://example.org/");
  item->host = g_strdup ("http://example.org:80");
  item->state = what->state;
  item->state_before = what->state == FP_ITEM_DISCARDED ? FP_ITEM_HELD : 0;
  item->hold = g_strdup (what->hold);
  item->waits_for = what->waits_for;
  item->maybe_delivered = what->state == FP_ITEM_SENDING;
  if (!fp_item_rows_insert (txn, item, error))
    return NULL;
  receipt.item = item->id;
  what->id = item->id;
  if (what->state == FP_ITEM_SENT)
    fp_item_rows_add_receipt (txn, &receipt, error);

  return NULL;
}

static gint64
add (FpEngineFixture *f,
     FpItemState      state,
     const char      *hold,
     gint64           waits_for)
{
  Put what = { .state = state, .hold = hold, .waits_for = waits_for };
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  fp_store_write_async (fp_engine_get_store (f->engine), put, &what, NULL, NULL, NULL, fp_test_await_cb, &await);
  fp_store_write_finish (fp_engine_get_store (f->engine), fp_test_await (&await), &error);
  g_assert_no_error (error);

  return what.id;
}

static void
assert_item (FpEngineFixture *f,
             gint64           id,
             FpItemState      state,
             const char      *hold)
{
  g_autoptr(FpItem) item = fp_engine_fixture_get_item (f->engine, id);

  g_assert_cmpstr (fp_item_state_to_string (item->state), ==, fp_item_state_to_string (state));
  g_assert_cmpstr (item->hold, ==, hold);
}

static gint
release_all (FpEngineFixture *f,
             const char      *hold)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_engine_release_async (f->engine, NULL, hold, NULL, fp_test_await_cb, &await);
  return fp_engine_act_finish (f->engine, fp_test_await (&await), NULL);
}

static void
every_pair_of_the_table (FpEngineFixture *f,
                         gconstpointer    data)
{
  g_autoptr(FpSenderLock) sender = fp_sender_lock_try (f->folder, NULL);

  for (FpItemState state = FP_ITEM_PENDING; state <= FP_ITEM_SENT; state++)
    for (FpAct act = FP_ACT_RETRY; act <= FP_ACT_CANCEL; act++)
      {
        gint64 id = add (f, state, state == FP_ITEM_HELD || state == FP_ITEM_DISCARDED ? "account" : NULL, 0);
        g_autoptr(GError) error = NULL;
        gint n = fp_engine_fixture_act (f->engine, act, id, 0, &error);
        g_autoptr(FpItem) after = fp_engine_fixture_get_item (f->engine, id);
        g_autofree char *name = g_strdup_printf ("item %" G_GINT64_FORMAT " ", id);

        if (expected[state][act] == 0)
          {
            g_assert_cmpint (n, ==, -1);
            g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED);
            g_assert_true (g_str_has_prefix (error->message, name));
            g_assert_cmpint (after->state, ==, state);
            continue;
          }
        g_assert_no_error (error);
        g_assert_cmpint (n, ==, 1);
        g_assert_cmpint (after->state, ==, expected[state][act]);
        if (act == FP_ACT_HOLD || act == FP_ACT_CANCEL)
          g_assert_cmpstr (after->hold, ==, "user");
        if (after->state == FP_ITEM_PENDING)
          g_assert_null (after->hold);
        /* Only a retry jumps the queue. */
        g_assert_cmpint (after->manual, ==, act == FP_ACT_RETRY);
      }
}

static void
one_that_cannot_changes_none (FpEngineFixture *f,
                              gconstpointer    data)
{
  gint64 first = add (f, FP_ITEM_PENDING, NULL, 0);
  gint64 second = add (f, FP_ITEM_HELD, "user", 0);
  g_autofree char *name = g_strdup_printf ("item %" G_GINT64_FORMAT " is held already; nothing was held", second);
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (fp_engine_fixture_act (f->engine, FP_ACT_HOLD, first, second, &error), ==, -1);
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED);
  g_assert_cmpstr (error->message, ==, name);
  assert_item (f, first, FP_ITEM_PENDING, NULL);
  g_clear_error (&error);
  g_assert_cmpint (fp_engine_fixture_act (f->engine, FP_ACT_HOLD, first, 4711, &error), ==, -1);
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_NOT_FOUND);
  assert_item (f, first, FP_ITEM_PENDING, NULL);
}

static void
discard_of_what_is_sent_says_cancel (FpEngineFixture *f,
                                     gconstpointer    data)
{
  gint64 id = add (f, FP_ITEM_SENDING, NULL, 0);
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (fp_engine_fixture_act (f->engine, FP_ACT_DISCARD, id, 0, &error), ==, -1);
  g_assert_nonnull (strstr (error->message, "cancelled first"));
}

/* Nobody holds the sender lock: the attempt ended with its process, and nothing has to be waited for. */
static void
cancel_without_a_sender_is_at_once (FpEngineFixture *f,
                                    gconstpointer    data)
{
  gint64 id = add (f, FP_ITEM_SENDING, NULL, 0);
  g_autoptr(FpItem) item = NULL;
  g_autoptr(FpSenderLock) lock = NULL;

  g_assert_cmpint (fp_engine_fixture_act (f->engine, FP_ACT_CANCEL, id, 0, NULL), ==, 1);
  assert_item (f, id, FP_ITEM_HELD, "user");
  item = fp_engine_fixture_get_item (f->engine, id);
  g_assert_true (item->maybe_delivered);
  /* And the lock is free again. */
  lock = fp_sender_lock_try (f->folder, NULL);
  g_assert_nonnull (lock);
}

static void
a_new_version_does_not_overtake (FpEngineFixture *f,
                                 gconstpointer    data)
{
  gint64 first = add (f, FP_ITEM_FAILED, NULL, 0);
  gint64 second = add (f, FP_ITEM_HELD, "after", first);
  g_autofree char *name = g_strdup_printf ("waits for item %" G_GINT64_FORMAT " ", first);
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (fp_engine_fixture_act (f->engine, FP_ACT_RELEASE, second, 0, &error), ==, -1);
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED);
  g_assert_nonnull (strstr (error->message, name));
  g_assert_cmpint (fp_engine_fixture_act (f->engine, FP_ACT_RETRY, second, 0, NULL), ==, -1);
  g_assert_cmpint (release_all (f, NULL), ==, 0);
  assert_item (f, second, FP_ITEM_HELD, "after");
  g_assert_cmpint (fp_engine_fixture_act (f->engine, FP_ACT_DISCARD, first, 0, NULL), ==, 1);
  g_assert_cmpint (fp_engine_fixture_act (f->engine, FP_ACT_RELEASE, second, 0, NULL), ==, 1);
}

static void
all_means_what_it_says (FpEngineFixture *f,
                        gconstpointer    data)
{
  static const char * const holds[] = {
    "user", "account", "form", "proxy", "moved", "machine", "lost", "staging",
  };
  gint64 ids[G_N_ELEMENTS (holds)];

  for (guint i = 0; i < G_N_ELEMENTS (holds); i++)
    ids[i] = add (f, FP_ITEM_HELD, holds[i], 0);

  /* Only what a new try asks again. */
  {
    g_auto(FpTestAwait) await = FP_TEST_AWAIT;

    fp_engine_act_async (f->engine, FP_ACT_RETRY, NULL, NULL, fp_test_await_cb, &await);
    g_assert_cmpint (fp_engine_act_finish (f->engine, fp_test_await (&await), NULL), ==, 3);
  }
  assert_item (f, ids[0], FP_ITEM_HELD, "user");
  assert_item (f, ids[1], FP_ITEM_PENDING, NULL);
  assert_item (f, ids[4], FP_ITEM_HELD, "moved");

  g_assert_cmpint (release_all (f, "machine"), ==, 1);
  assert_item (f, ids[4], FP_ITEM_HELD, "moved");
  assert_item (f, ids[5], FP_ITEM_PENDING, NULL);
  /* What is being copied is not released by "all", and not by name. */
  g_assert_cmpint (release_all (f, "staging"), ==, -1);
  g_assert_cmpint (release_all (f, NULL), ==, 2);
  /* What may have been sent from elsewhere takes its word. */
  assert_item (f, ids[4], FP_ITEM_HELD, "moved");
  g_assert_cmpint (fp_engine_fixture_act (f->engine, FP_ACT_RELEASE, ids[4], 0, NULL), ==, -1);
  g_assert_cmpint (fp_engine_fixture_act (f->engine, FP_ACT_RETRY, ids[4], 0, NULL), ==, -1);
  assert_item (f, ids[4], FP_ITEM_HELD, "moved");
  g_assert_cmpint (release_all (f, "moved"), ==, 1);
  assert_item (f, ids[7], FP_ITEM_HELD, "staging");
}

/* What cannot go can still be thrown away; and what was before it may be gone altogether. */
static void
what_cannot_go_can_be_discarded (FpEngineFixture *f,
                                 gconstpointer    data)
{
  gint64 first = add (f, FP_ITEM_FAILED, NULL, 0);
  gint64 second = add (f, FP_ITEM_HELD, "after", first);
  gint64 copied = add (f, FP_ITEM_HELD, "staging", 0);
  gint64 lost = add (f, FP_ITEM_FAILED, "staging", 0);
  gint64 moved = add (f, FP_ITEM_HELD, "moved", 0);
  gint64 alone = add (f, FP_ITEM_HELD, "after", 0);

  g_assert_cmpint (fp_engine_fixture_act (f->engine, FP_ACT_DISCARD, second, copied, NULL), ==, 2);
  g_assert_cmpint (fp_engine_fixture_act (f->engine, FP_ACT_DISCARD, lost, moved, NULL), ==, 2);
  assert_item (f, second, FP_ITEM_DISCARDED, "after");
  assert_item (f, lost, FP_ITEM_DISCARDED, "staging");
  g_assert_cmpint (fp_engine_fixture_act (f->engine, FP_ACT_RELEASE, alone, 0, NULL), ==, 1);
}

/* Who says why names a wish; what is held for something else is not meant by it. */
static void
a_reason_has_to_be_the_right_one (FpEngineFixture *f,
                                  gconstpointer    data)
{
  gint64 id = add (f, FP_ITEM_HELD, "user", 0);
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  g_array_append_val (ids, id);
  fp_engine_release_async (f->engine, ids, "machine", NULL, fp_test_await_cb, &await);
  g_assert_cmpint (fp_engine_act_finish (f->engine, fp_test_await (&await), &error), ==, -1);
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED);
  assert_item (f, id, FP_ITEM_HELD, "user");
}

static void
a_retry_does_not_overrule_a_person (FpEngineFixture *f,
                                    gconstpointer    data)
{
  gint64 id = add (f, FP_ITEM_HELD, "user", 0);
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (fp_engine_fixture_act (f->engine, FP_ACT_RETRY, id, 0, &error), ==, -1);
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED);
  g_assert_nonnull (strstr (error->message, "is held; release sends it"));
  assert_item (f, id, FP_ITEM_HELD, "user");
  g_assert_cmpint (fp_engine_fixture_act (f->engine, FP_ACT_RELEASE, id, 0, NULL), ==, 1);
}

/* Many. */

enum { MANY = 3 * FP_STORE_SLICE + 7 };

/* A row of an item, two of the numbers that its state changes; and some beside them. */
#define ROWS (FP_STORE_SLICE * 3 + 10)

typedef struct {
  FpItemState  state;
  const char  *hold;
  gint64       first;
} Many;

static gpointer
put_many (FpStoreTxn  *txn,
          gpointer     data,
          GError     **error)
{
  Many *many = data;

  for (guint i = 0; i < MANY; i++)
    {
      Put what = { .state = many->state, .hold = many->hold };

      put (txn, &what, error);
      many->first = i == 0 ? what.id : many->first;
    }

  return NULL;
}

static gint64
add_many (FpEngineFixture *f,
          FpItemState      state,
          const char      *hold)
{
  Many many = { .state = state, .hold = hold };
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  fp_store_write_async (fp_engine_get_store (f->engine), put_many, &many, NULL, NULL, NULL, fp_test_await_cb, &await);
  fp_store_write_finish (fp_engine_get_store (f->engine), fp_test_await (&await), &error);
  g_assert_no_error (error);
  _fp_store_take_most_changes (fp_engine_get_store (f->engine));

  return many.first;
}

static void
assert_short (FpEngineFixture *f)
{
  guint rows = _fp_store_take_most_changes (fp_engine_get_store (f->engine));

  g_assert_cmpuint (rows, >, FP_STORE_SLICE);
  g_assert_cmpuint (rows, <=, ROWS);
}

static gint
act (FpEngineFixture  *f,
     FpAct             what,
     GArray           *ids,
     GCancellable     *cancellable,
     GError          **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  if (what == FP_ACT_RELEASE)
    fp_engine_release_async (f->engine, ids, NULL, cancellable, fp_test_await_cb, &await);
  else
    fp_engine_act_async (f->engine, what, ids, cancellable, fp_test_await_cb, &await);

  return fp_engine_act_finish (f->engine, fp_test_await (&await), error);
}

static FpItemCounts *
count (FpEngineFixture *f)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpStatus) status = NULL;

  fp_engine_read_status_async (f->engine, NULL, fp_test_await_cb, &await);
  status = fp_engine_read_status_finish (f->engine, fp_test_await (&await), &error);
  g_assert_no_error (error);

  return fp_item_counts_copy (status->counts);
}

static void
all_in_short_transactions (FpEngineFixture *f,
                           gconstpointer    data)
{
  g_autoptr(GError) error = NULL;

  add_many (f, FP_ITEM_HELD, "user");
  g_assert_cmpint (act (f, FP_ACT_RELEASE, NULL, NULL, &error), ==, MANY);
  g_assert_no_error (error);
  assert_short (f);
  add_many (f, FP_ITEM_FAILED, NULL);
  /* Those that wait already, and those that had failed. */
  g_assert_cmpint (act (f, FP_ACT_RETRY, NULL, NULL, &error), ==, 2 * MANY);
  assert_short (f);
  g_assert_cmpint (act (f, FP_ACT_RELEASE, NULL, NULL, &error), ==, 0);
}

static gpointer
wait_func (FpStoreTxn  *txn,
           gpointer     first,
           GError     **error)
{
  for (guint i = 0; i < MANY; i++)
    {
      g_autoptr(FpItem) item = fp_item_rows_get (txn, *(gint64 *) first + i, FALSE, error);

      item->due_boot = FP_ITEM_PARKED;
      fp_item_rows_update (txn, item, item->state, error);
    }

  return NULL;
}

static void
a_retry_ends_waits_in_short_transactions (FpEngineFixture *f,
                                          gconstpointer    data)
{
  gint64 first = add_many (f, FP_ITEM_PENDING, NULL);
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(FpItem) item = NULL;

  fp_store_write_async (fp_engine_get_store (f->engine), wait_func, &first, NULL, NULL, NULL, fp_test_await_cb, &await);
  fp_store_write_finish (fp_engine_get_store (f->engine), fp_test_await (&await), NULL);
  _fp_store_take_most_changes (fp_engine_get_store (f->engine));
  g_assert_cmpint (act (f, FP_ACT_RETRY, NULL, NULL, NULL), ==, MANY);
  g_assert_cmpuint (_fp_store_take_most_changes (fp_engine_get_store (f->engine)), ==, FP_STORE_SLICE);
  for (guint i = 0; i < MANY; i++)
    {
      g_clear_pointer (&item, fp_item_free);
      item = fp_engine_fixture_get_item (f->engine, first + i);
      g_assert_cmpint (item->due_boot, ==, 0);
    }
}

static void
cancel_cb (FpEngine     *engine,
           guint         topics,
           GCancellable *cancellable)
{
  g_cancellable_cancel (cancellable);
}

/* What is done is done, the number told is the true one, and asking again finishes. */
static void
interrupted_between_two_transactions (FpEngineFixture *f,
                                      gconstpointer    data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(FpItemCounts) counts = NULL;
  g_autofree char *told = NULL;
  g_autoptr(GError) error = NULL;
  gulong handler;

  add_many (f, FP_ITEM_HELD, "user");
  fp_test_drain ();
  handler = g_signal_connect (f->engine, "changed", G_CALLBACK (cancel_cb), cancellable);
  g_assert_cmpint (act (f, FP_ACT_RELEASE, NULL, cancellable, &error), ==, -1);
  g_signal_handler_disconnect (f->engine, handler);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  counts = count (f);
  g_assert_cmpuint (counts->pending % FP_STORE_SLICE, ==, 0);
  g_assert_cmpuint (counts->pending, <, MANY);
  told = g_strdup_printf ("; %u were released before that", counts->pending);
  g_assert_true (g_str_has_suffix (error->message, told));
  g_assert_cmpint (act (f, FP_ACT_RELEASE, NULL, NULL, NULL), ==, MANY - (gint) counts->pending);
}

static void
a_long_list_is_checked_first (FpEngineFixture *f,
                              gconstpointer    data)
{
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  gint64 first = add_many (f, FP_ITEM_PENDING, NULL);
  gint64 none = first + MANY;
  g_autoptr(GError) error = NULL;

  for (gint64 id = first; id <= none; id++)
    g_array_append_val (ids, id);
  g_assert_cmpint (act (f, FP_ACT_DISCARD, ids, NULL, &error), ==, -1);
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_NOT_FOUND);
  g_assert_true (g_str_has_suffix (error->message, "there is none; nothing was discarded"));
  assert_item (f, first, FP_ITEM_PENDING, NULL);

  g_array_set_size (ids, MANY);
  g_assert_cmpint (act (f, FP_ACT_DISCARD, ids, NULL, NULL), ==, MANY);
  assert_short (f);
  assert_item (f, first + MANY - 1, FP_ITEM_DISCARDED, NULL);
  /* And back. */
  g_assert_cmpint (act (f, FP_ACT_UNDO, ids, NULL, NULL), ==, MANY);
  assert_short (f);
  assert_item (f, first + MANY - 1, FP_ITEM_PENDING, NULL);
}

/* One that is named twice is meant once: of a few, and of more than one transaction takes, far from each other. */
static void
named_twice_is_meant_once (FpEngineFixture *f,
                           gconstpointer    data)
{
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  gint64 first = add_many (f, FP_ITEM_PENDING, NULL);
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < 3; i++)
    g_array_append_val (ids, first);
  g_assert_cmpint (act (f, FP_ACT_HOLD, ids, NULL, &error), ==, 1);
  g_assert_no_error (error);
  g_assert_cmpint (act (f, FP_ACT_RELEASE, ids, NULL, &error), ==, 1);
  g_assert_no_error (error);

  g_array_set_size (ids, 0);
  for (gint64 id = first; id < first + MANY; id++)
    g_array_append_val (ids, id);
  g_array_append_val (ids, first);
  g_assert_cmpint (act (f, FP_ACT_DISCARD, ids, NULL, &error), ==, MANY);
  g_assert_no_error (error);
  assert_item (f, first, FP_ITEM_DISCARDED, NULL);
  assert_item (f, first + MANY - 1, FP_ITEM_DISCARDED, NULL);
}

static gpointer
keep (FpStoreTxn  *txn,
      gpointer     first,
      GError     **error)
{
  g_autoptr(FpItem) any = fp_item_rows_get (txn, *(gint64 *) first, FALSE, error);
  g_autoptr(FpHoldRow) row = fp_hold_row_new (FP_HOLD_PROXY, any);

  row->code = g_strdup ("proxy");
  for (guint i = 0; i < MANY; i += FP_STORE_SLICE)
    if (!fp_hold_rows_put (txn, row, error) || !fp_hold_rows_sweep (txn, row, FP_STORE_SLICE, error))
      return NULL;

  return NULL;
}

/* One that is let go says that the proxy is repaired: all the others go with it, and not in its transaction. */
static void
one_takes_the_others_along (FpEngineFixture *f,
                            gconstpointer    data)
{
  gint64 first = add_many (f, FP_ITEM_PENDING, NULL);
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(FpItemCounts) counts = NULL;

  fp_store_write_async (fp_engine_get_store (f->engine), keep, &first, NULL, NULL, NULL, fp_test_await_cb, &await);
  fp_store_write_finish (fp_engine_get_store (f->engine), fp_test_await (&await), NULL);
  _fp_store_take_most_changes (fp_engine_get_store (f->engine));
  assert_item (f, first, FP_ITEM_HELD, "proxy");
  g_assert_cmpint (fp_engine_fixture_act (f->engine, FP_ACT_RELEASE, first, first + MANY - 1, NULL), ==, 2);
  assert_short (f);
  counts = count (f);
  g_assert_cmpuint (counts->held, ==, 0);
  g_assert_cmpuint (counts->pending, ==, MANY);
}

static void
every_hold_has_words (void)
{
  static const char * const holds[] = { "user", "moved", "machine", "after", "lost", "staging" };

  for (guint i = 0; i < G_N_ELEMENTS (holds); i++)
    {
      FpItem item = { .state = FP_ITEM_HELD, .hold = (char *) holds[i] };
      g_autofree char *words = fp_item_dup_words (&item);

      g_assert_nonnull (words);
    }
}

int
main (int    argc,
      char **argv)
{
  g_setenv ("FIELDPOST_SECRETS", "file", TRUE);
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add ("/engine/act/" path, FpEngineFixture, NULL, fp_engine_fixture_setup, func, \
                                    fp_engine_fixture_teardown)
  ADD ("every-pair-of-the-table", every_pair_of_the_table);
  ADD ("one-that-cannot-changes-none", one_that_cannot_changes_none);
  ADD ("discard-of-what-is-sent-says-cancel", discard_of_what_is_sent_says_cancel);
  ADD ("cancel-without-a-sender-is-at-once", cancel_without_a_sender_is_at_once);
  ADD ("what-cannot-go-can-be-discarded", what_cannot_go_can_be_discarded);
  ADD ("a-reason-has-to-be-the-right-one", a_reason_has_to_be_the_right_one);
  ADD ("a-retry-does-not-overrule-a-person", a_retry_does_not_overrule_a_person);
  ADD ("a-new-version-does-not-overtake", a_new_version_does_not_overtake);
  ADD ("all-means-what-it-says", all_means_what_it_says);
  ADD ("all-in-short-transactions", all_in_short_transactions);
  ADD ("a-retry-ends-waits-in-short-transactions", a_retry_ends_waits_in_short_transactions);
  ADD ("interrupted-between-two-transactions", interrupted_between_two_transactions);
  ADD ("a-long-list-is-checked-first", a_long_list_is_checked_first);
  ADD ("named-twice-is-meant-once", named_twice_is_meant_once);
  ADD ("one-takes-the-others-along", one_takes_the_others_along);
#undef ADD
  g_test_add_func ("/engine/act/every-hold-has-words", every_hold_has_words);

  return g_test_run ();
}
