/* An export of very many rows: nobody who writes waits long for it, and what was broken off is finished. */
#include "fp-engine-fixture.h"

#include "engine/fp-engine-transfer.h"
#include "store/fp-event-rows.h"
#include "store/fp-store-private.h"

enum { MANY = 2 * FP_STORE_SLICE + 7 };

#define UNSENT (1u << FP_ITEM_PENDING | 1u << FP_ITEM_SENDING | 1u << FP_ITEM_FAILED | 1u << FP_ITEM_HELD)
/* A row of an item, two of the numbers that its state changes; and some beside them. */
#define ROWS (FP_STORE_SLICE * 3 + 10)
/* An item of one event: the item, its part, the event, two numbers. */
#define EVENT_ROWS (FP_STORE_SLICE * 5 + 10)

static gpointer
put_items (FpStoreTxn  *txn,
           gpointer     data,
           GError     **error)
{
  for (guint i = 0; i < MANY; i++)
    {
      g_autoptr(FpItem) item = fp_item_new ();

      item->kind = FP_ITEM_REQUEST;
      item->protocol = FP_PROTOCOL_PLAIN;
      item->method = g_strdup ("GET");
      item->title = g_strdup ("one of many");
      item->tag = g_strdup ("data-sync");
      item->url = g_strdup ("http://example.org/");
      item->host = g_strdup ("http://example.org:80");
      item->state = FP_ITEM_PENDING;
      if (!fp_item_rows_insert (txn, item, error))
        return NULL;
    }

  return NULL;
}

static gpointer
put_events (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  g_autoptr(FpTagRow) tag = fp_tag_row_new ();

  tag->name = g_strdup ("clicks");
  tag->url = g_strdup ("http://example.org/");
  tag->headers = g_strdup ("{}");
  tag->batch_max = *(guint *) data;
  tag->added = fp_store_txn_get_now (txn);
  if (!fp_tag_rows_set (txn, tag, error))
    return NULL;
  for (guint i = 0; i < MANY; i++)
    if (!fp_event_rows_add (txn, "clicks", "{\"n\":1}", error))
      return NULL;

  return NULL;
}

static void
store_write (FpEngineFixture *f,
             FpStoreFunc      func,
             gpointer         data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  fp_store_write_async (fp_engine_get_store (f->engine), func, data, NULL, NULL, NULL, fp_test_await_cb, &await);
  fp_store_write_finish (fp_engine_get_store (f->engine), fp_test_await (&await), &error);
  g_assert_no_error (error);
  fp_test_drain ();
  _fp_store_take_most_changes (fp_engine_get_store (f->engine));
}

static FpTransferCount *
export (FpEngineFixture  *f,
        gboolean          move,
        GCancellable     *cancellable,
        GError          **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autofree char *folder = g_build_filename (f->folder, "out", NULL);
  FpTransferQuery query = { .states = UNSENT };

  fp_engine_export_async (f->engine, folder, &query, TRUE, move, cancellable, fp_test_await_cb, &await);

  return fp_engine_export_finish (f->engine, fp_test_await (&await), error);
}

static void
assert_most (FpEngineFixture *f,
             guint            least,
             guint            most)
{
  guint rows = _fp_store_take_most_changes (fp_engine_get_store (f->engine));

  g_assert_cmpuint (rows, >=, least);
  g_assert_cmpuint (rows, <=, most);
}

static void
assert_moved (FpEngineFixture *f,
              guint            moved)
{
  for (guint i = 1; i <= MANY; i++)
    {
      g_autoptr(FpItem) item = fp_engine_fixture_get_item (f->engine, i);

      g_assert_cmpstr (item->hold, ==, i <= moved ? "moved" : NULL);
    }
}

static void
a_move_holds_in_short_transactions (FpEngineFixture *f,
                                    gconstpointer    data)
{
  g_autofree FpTransferCount *count = NULL;
  g_autoptr(GError) error = NULL;

  store_write (f, put_items, NULL);
  count = export (f, TRUE, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count->items, ==, MANY);
  assert_most (f, FP_STORE_SLICE, ROWS);
  assert_moved (f, MANY);
}

/* @data: events an item. */
static void
events_freeze_in_short_transactions (FpEngineFixture *f,
                                     gconstpointer    data)
{
  guint max = GPOINTER_TO_UINT (data);
  g_autofree FpTransferCount *count = NULL;
  g_autoptr(GError) error = NULL;

  store_write (f, put_events, &max);
  count = export (f, FALSE, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count->items, ==, (MANY + max - 1) / max);
  assert_most (f, FP_STORE_SLICE, max == 1 ? EVENT_ROWS : ROWS);
}

static void
cancel_cb (FpEngine     *engine,
           guint         topics,
           GCancellable *cancellable)
{
  g_cancellable_cancel (cancellable);
}

static void
interrupt (FpEngineFixture *f,
           gboolean         move)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autofree FpTransferCount *count = NULL;
  g_autoptr(GError) error = NULL;
  gulong handler = g_signal_connect (f->engine, "changed", G_CALLBACK (cancel_cb), cancellable);

  count = export (f, move, cancellable, &error);
  g_signal_handler_disconnect (f->engine, handler);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (count);
}

/* Some are held by then: none of them is lost, and all arrive in one folder. */
static void
a_move_interrupted_between_two_transactions_goes_on (FpEngineFixture *f,
                                                     gconstpointer    data)
{
  g_autofree FpTransferCount *count = NULL;
  g_autoptr(FpItem) first = NULL;
  g_autoptr(FpItem) last = NULL;
  g_autoptr(GError) error = NULL;

  store_write (f, put_items, NULL);
  interrupt (f, TRUE);
  first = fp_engine_fixture_get_item (f->engine, 1);
  last = fp_engine_fixture_get_item (f->engine, MANY);
  g_assert_cmpstr (first->hold, ==, "moving");
  g_assert_cmpint (last->state, ==, FP_ITEM_PENDING);
  count = export (f, TRUE, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count->items, ==, MANY);
  assert_moved (f, MANY);
}

static void
a_copy_interrupted_while_events_freeze_goes_on (FpEngineFixture *f,
                                                gconstpointer    data)
{
  guint max = 1;
  g_autofree FpTransferCount *count = NULL;
  g_autoptr(GError) error = NULL;

  store_write (f, put_events, &max);
  interrupt (f, FALSE);
  g_assert_cmpuint (fp_engine_fixture_count_items (f->engine), <, MANY);
  count = export (f, FALSE, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count->items, ==, MANY);
}

/* As a kill in the middle of the last step leaves them. */
static gpointer
unsettle (FpStoreTxn  *txn,
          gpointer     data,
          GError     **error)
{
  for (guint i = FP_STORE_SLICE; i < MANY; i++)
    {
      g_autoptr(FpItem) item = fp_item_rows_get (txn, i + 1, FALSE, error);

      g_free (item->hold);
      item->hold = g_strdup ("moving");
      if (!fp_item_rows_update (txn, item, FP_ITEM_HELD, error))
        return NULL;
    }

  return NULL;
}

static void
a_move_half_settled_is_settled (FpEngineFixture *f,
                                gconstpointer    data)
{
  g_autofree char *manifest = g_build_filename (f->folder, "out", "manifest.json", NULL);
  g_autofree char *note = g_build_filename (f->folder, "out", "partial.json", NULL);
  g_autofree char *text = NULL;
  g_autofree FpTransferCount *count = NULL;
  g_autofree FpTransferCount *rest = NULL;
  g_autoptr(GError) error = NULL;

  store_write (f, put_items, NULL);
  count = export (f, TRUE, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (manifest, &text, NULL, NULL));
  g_assert_true (g_file_set_contents (note, text, -1, NULL));
  store_write (f, unsettle, NULL);
  rest = export (f, TRUE, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rest->items, ==, MANY - FP_STORE_SLICE);
  assert_most (f, FP_STORE_SLICE, FP_STORE_SLICE);
  assert_moved (f, MANY);
  g_assert_false (g_file_test (note, G_FILE_TEST_EXISTS));
}

#define ADD(path, data, func) \
  g_test_add ("/engine/transfer/" path, FpEngineFixture, data, fp_engine_fixture_setup, func, \
              fp_engine_fixture_teardown)

int
main (int    argc,
      char **argv)
{
  g_setenv ("FIELDPOST_SECRETS", "file", TRUE);
  g_test_init (&argc, &argv, NULL);

  ADD ("a-move-holds-in-short-transactions", NULL, a_move_holds_in_short_transactions);
  ADD ("events-freeze-in-short-transactions", GUINT_TO_POINTER (FP_BATCH_EVENTS), events_freeze_in_short_transactions);
  ADD ("single-events-freeze-in-short-transactions", GUINT_TO_POINTER (1), events_freeze_in_short_transactions);
  ADD ("a-move-interrupted-between-two-transactions-goes-on", NULL, a_move_interrupted_between_two_transactions_goes_on);
  ADD ("a-copy-interrupted-while-events-freeze-goes-on", NULL, a_copy_interrupted_while_events_freeze_goes_on);
  ADD ("a-move-half-settled-is-settled", NULL, a_move_half_settled_is_settled);

  return g_test_run ();
}
