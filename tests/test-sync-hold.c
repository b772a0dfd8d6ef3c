/* What one hold, one receipt and one endpoint do to the rows, inside a transaction; nothing is sent. */
#include "sync/fp-sync-hold.h"

#include "fp-sync-fixture.h"
#include "fp-test-store.h"

typedef FpSyncFixture Fixture;

typedef struct {
  FpItem        *item;
  FpHoldRow     *row;
  FpSyncOutcome *outcome;
  gboolean       is;
} Call;

static void
write_now (Fixture     *f,
           FpStoreFunc  func,
           gpointer     data)
{
  g_autoptr(GError) error = NULL;

  fp_test_store_write (f->store, func, data, &error);
  g_assert_no_error (error);
}

static gint64
add (Fixture    *f,
     const char *secret_id)
{
  FpItem *item = fp_sync_fixture_item (f, "/in");

  item->secret_id = g_strdup (secret_id);
  return fp_sync_fixture_insert (f, item);
}

static gpointer
catch_func (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  Call *call = data;

  if (call->row && !fp_hold_rows_put (txn, call->row, error))
    return NULL;
  return fp_sync_hold_catch (txn, call->item, &call->is, error) ? data : NULL;
}

/* One that is about to be claimed brings all others of its account along. */
static void
test_catch (Fixture       *f,
            gconstpointer  data)
{
  gint64 ids[] = { add (f, "one"), add (f, "one"), add (f, "two") };
  g_autoptr(FpItem) item = fp_sync_fixture_get (f, ids[0]);
  g_autoptr(FpHoldRow) row = fp_hold_row_new (FP_HOLD_ACCOUNT, item);
  Call call = { .item = item, .row = row };
  g_autoptr(FpItem) caught = NULL;

  row->code = g_strdup ("account");
  row->words = g_strdup ("who are you");
  item->manual = TRUE;
  item->next_try = 77;
  fp_sync_fixture_update (f, item, FP_ITEM_PENDING);
  write_now (f, catch_func, &call);
  g_assert_true (call.is);
  caught = fp_sync_fixture_get (f, ids[0]);
  g_assert_cmpint (caught->state, ==, FP_ITEM_HELD);
  g_assert_cmpstr (caught->hold, ==, "account");
  g_assert_cmpstr (caught->reason_code, ==, "account");
  g_assert_cmpstr (caught->reason, ==, "who are you");
  /* It is not tried by itself, and a person's wish of before is over. */
  g_assert_cmpint (caught->next_try, ==, 0);
  g_assert_false (caught->manual);
  g_assert_cmpint (fp_sync_fixture_get_state (f, ids[1]), ==, FP_ITEM_HELD);
  g_assert_cmpint (fp_sync_fixture_get_state (f, ids[2]), ==, FP_ITEM_PENDING);
}

static gpointer
check_func (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  Call *call = data;

  return fp_sync_hold_check (txn, call->outcome, error) ? data : NULL;
}

/* The refusal of a password that was changed meanwhile: nobody is told, and it has no place before others. */
static void
test_check (Fixture       *f,
            gconstpointer  data)
{
  static const char * const now[] = { "one", "two" };

  for (guint i = 0; i < G_N_ELEMENTS (now); i++)
    {
      FpSyncOutcome *outcome = fp_sync_outcome_new ();
      Call call = { .outcome = outcome };

      outcome->item = fp_sync_fixture_get (f, add (f, now[i]));
      g_free (outcome->item->secret_id);
      outcome->item->secret_id = g_strdup ("one");
      outcome->item->state = FP_ITEM_HELD;
      outcome->item->hold = g_strdup ("account");
      outcome->hold = fp_hold_row_new (FP_HOLD_ACCOUNT, outcome->item);
      outcome->newly_failed = TRUE;
      write_now (f, check_func, &call);
      g_assert_cmpint (outcome->item->state, ==, i == 0 ? FP_ITEM_HELD : FP_ITEM_PENDING);
      g_assert_cmpint (outcome->newly_failed, ==, i == 0);
      g_assert_cmpint (outcome->hold != NULL, ==, i == 0);
      g_assert_false (outcome->item->manual);
      fp_sync_outcome_free (outcome);
    }
}

static gpointer
settle_func (FpStoreTxn  *txn,
             gpointer     data,
             GError     **error)
{
  Call *call = data;

  return fp_sync_hold_settle (txn, call->outcome, error) ? data : NULL;
}

static gint64
add_follower (Fixture    *f,
              gint64      first,
              const char *hold)
{
  FpItem *item = fp_sync_fixture_item (f, "/in");

  item->waits_for = first;
  item->state = FP_ITEM_HELD;
  item->hold = g_strdup (hold);
  return fp_sync_fixture_insert (f, item);
}

/* A receipt releases what waits for it, and no other hold. */
static void
test_followers (Fixture       *f,
                gconstpointer  data)
{
  gint64 first = add (f, NULL);
  gint64 after = add_follower (f, first, "after");
  gint64 user = add_follower (f, first, "user");
  FpSyncOutcome *outcome = fp_sync_outcome_new ();
  Call call = { .outcome = outcome };
  g_autoptr(FpItem) item = NULL;

  outcome->item = fp_sync_fixture_get (f, first);
  write_now (f, settle_func, &call);
  g_assert_cmpint (fp_sync_fixture_get_state (f, after), ==, FP_ITEM_HELD);

  outcome->receipt = g_new0 (FpReceipt, 1);
  write_now (f, settle_func, &call);
  item = fp_sync_fixture_get (f, after);
  g_assert_cmpint (item->state, ==, FP_ITEM_PENDING);
  /* Nobody asked for it now. */
  g_assert_false (item->manual);
  g_assert_cmpint (fp_sync_fixture_get_state (f, user), ==, FP_ITEM_HELD);
  fp_sync_outcome_free (outcome);
}

static gpointer
endpoints_func (FpStoreTxn  *txn,
                gpointer     data,
                GError     **error)
{
  static const struct {
    const char *url;
    FpLost lost;
  } rows[] = { { "https://hook.example/a/b", FP_LOST_ASK }, { "https://hook.example/a", FP_LOST_SEND } };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      FpServerRow row = { .title = (char *) "Hook", .url = (char *) rows[i].url, .protocol = FP_PROTOCOL_PLAIN,
                          .lost = rows[i].lost };

      if (!fp_server_rows_add (txn, &row, error))
        return NULL;
    }

  return data;
}

static gpointer
asks_func (FpStoreTxn  *txn,
           gpointer     data,
           GError     **error)
{
  Call *call = data;

  return fp_sync_asks_if_lost (txn, call->item, &call->is, error) ? data : NULL;
}

/* The closest address decides, wherever it stands in the list; an OpenRosa server tells a second time from a first. */
static void
test_asks_if_lost (Fixture       *f,
                   gconstpointer  data)
{
  static const struct {
    const char *url;
    FpProtocol protocol;
    gboolean asks;
  } rows[] = { { "https://hook.example/a/b/c", FP_PROTOCOL_PLAIN, TRUE },
               { "https://hook.example/a/b/c", FP_PROTOCOL_OPENROSA, FALSE },
               { "https://hook.example/a/c", FP_PROTOCOL_PLAIN, FALSE },
               { "https://hook.example/", FP_PROTOCOL_PLAIN, FALSE } };

  write_now (f, endpoints_func, f);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(FpItem) item = fp_sync_fixture_item (f, "/in");
      Call call = { .item = item };

      g_free (item->url);
      item->url = g_strdup (rows[i].url);
      item->protocol = rows[i].protocol;
      write_now (f, asks_func, &call);
      g_assert_cmpint (call.is, ==, rows[i].asks);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define add_test(path, func) \
  g_test_add ("/sync/hold/" path, Fixture, NULL, fp_sync_fixture_setup, func, fp_sync_fixture_teardown)
  add_test ("catch/brings-its-like-along", test_catch);
  add_test ("check/account-changed-meanwhile", test_check);
  add_test ("settle/receipt-releases-what-waits-for-it", test_followers);
  add_test ("endpoint/closest-asks-if-lost", test_asks_if_lost);
#undef add_test

  return g_test_run ();
}
