/* One turn of the store by itself: what a claim knows of its item, and what an outcome makes of it. Design 5.1. */
#include "sync/fp-sync-turn.h"

#include "fp-sync-fixture.h"
#include "fp-test-store.h"
#include "store/fp-hold-rows.h"

/* More than one step of a change of account takes. */
#define MANY 1200

typedef FpSyncFixture Fixture;

static void
run (Fixture    *f,
     FpSyncTurn *turn)
{
  g_autoptr(GError) error = NULL;

  turn->boot_ms = fp_clock_get_boot_ms (f->clock);
  turn->boot_id = g_strdup (fp_clock_get_boot_id (f->clock));
  turn->limits = g_hash_table_new (g_str_hash, g_str_equal);
  turn->closed = g_hash_table_new (g_str_hash, g_str_equal);
  fp_test_store_write (f->store, fp_sync_turn_run, turn, &error);
  g_assert_no_error (error);
}

/* The only one that was claimed; NULL = it was not. It lives as long as @turn. */
static FpSyncClaim *
claim (Fixture    *f,
       FpSyncTurn *turn,
       gint64      id)
{
  g_array_append_val (turn->claims, id);
  run (f, turn);

  return turn->claimed->len > 0 ? g_ptr_array_index (turn->claimed, 0) : NULL;
}

static void
clear_turn (FpSyncTurn **turn)
{
  if (*turn)
    fp_sync_turn_unref (*turn);
}

#define TURN __attribute__ ((cleanup (clear_turn))) FpSyncTurn *

static void
test_claim_keeps_what_was (Fixture       *f,
                           gconstpointer  data)
{
  static const FpItemState states[] = { FP_ITEM_PENDING, FP_ITEM_FAILED };

  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    for (gboolean maybe = FALSE; maybe <= TRUE; maybe++)
      {
        TURN turn = fp_sync_turn_new ();
        FpItem *item = fp_sync_fixture_item (f, "/in");
        g_autoptr(FpItem) row = NULL;
        FpSyncClaim *claimed;
        gint64 id;

        item->state = states[i];
        item->maybe_delivered = maybe;
        id = fp_sync_fixture_insert (f, item);
        claimed = claim (f, turn, id);
        g_assert_cmpint (claimed->item->id, ==, id);
        g_assert_cmpint (claimed->maybe_before, ==, maybe);
        g_assert_cmpint (claimed->state_before, ==, states[i]);

        /* From the commit on nobody can know. */
        row = fp_sync_fixture_get (f, id);
        g_assert_cmpint (row->state, ==, FP_ITEM_SENDING);
        g_assert_true (row->maybe_delivered);
      }
}

static void
test_claim_not_while_paused (Fixture       *f,
                             gconstpointer  data)
{
  TURN turn = fp_sync_turn_new ();
  gint64 id = fp_sync_fixture_add (f, "/in");

  fp_sync_fixture_set (f, "paused", "1");
  g_assert_null (claim (f, turn, id));
  g_assert_true (turn->paused);
  g_assert_cmpint (fp_sync_fixture_get_state (f, id), ==, FP_ITEM_PENDING);
}

static gpointer
add_server_func (FpStoreTxn  *txn,
                 gpointer     data,
                 GError     **error)
{
  return fp_server_rows_add (txn, data, error) ? data : NULL;
}

/* The name of one account beside the password of another would tell the server both. */
static void
test_claim_takes_the_user_of_its_account (Fixture       *f,
                                          gconstpointer  data)
{
  static const struct
  {
    const char *secret_id, *user;
  } rows[] = { { "one", "ana" }, { "two", NULL }, { NULL, NULL } };
  g_autofree char *url = g_strconcat (fp_sink_get_url (f->sink), "/", NULL);
  FpServerRow server = { .title = (char *) "Inbox", .url = url, .protocol = FP_PROTOCOL_PLAIN,
                         .user = (char *) "ana", .secret_id = (char *) "one" };
  g_autoptr(GError) error = NULL;

  fp_test_store_write (f->store, add_server_func, &server, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      TURN turn = fp_sync_turn_new ();
      FpItem *item = fp_sync_fixture_item (f, "/in");

      item->secret_id = g_strdup (rows[i].secret_id);
      g_assert_cmpstr (claim (f, turn, fp_sync_fixture_insert (f, item))->user, ==, rows[i].user);
    }
}

static gpointer
add_many_func (FpStoreTxn  *txn,
               gpointer     data,
               GError     **error)
{
  FpServerRow second = { .secret_id = (char *) "two" };
  gint64 *last = data;

  for (guint i = 0; i < MANY; i++)
    {
      g_autoptr(FpItem) item = fp_item_new ();

      item->kind = FP_ITEM_REQUEST;
      item->protocol = FP_PROTOCOL_PLAIN;
      item->method = g_strdup ("POST");
      item->url = g_strdup ("http://127.0.0.1/in");
      item->host = g_strdup ("http://127.0.0.1:80");
      item->secret_id = g_strdup ("one");
      if (!fp_item_rows_insert (txn, item, error))
        return NULL;
      *last = item->id;
    }

  return fp_hold_rows_change_account (txn, &second, "one", "", error) ? data : NULL;
}

/* The change of many goes step by step; what is claimed before its step is sent with the new password all the same. */
static void
test_claim_follows_its_account (Fixture       *f,
                                gconstpointer  data)
{
  TURN turn = fp_sync_turn_new ();
  g_autoptr(FpItem) row = NULL;
  g_autoptr(GError) error = NULL;
  gint64 last = 0;

  fp_test_store_write (f->store, add_many_func, &last, &error);
  g_assert_no_error (error);
  row = fp_sync_fixture_get (f, last);
  g_assert_cmpstr (row->secret_id, ==, "one");
  g_assert_cmpstr (claim (f, turn, last)->item->secret_id, ==, "two");
  fp_item_free (g_steal_pointer (&row));
  row = fp_sync_fixture_get (f, last);
  g_assert_cmpstr (row->secret_id, ==, "two");
}

/* An attempt came to @state while a person's wish to break it off was on its way. */
static FpItem *
settle_wished (Fixture     *f,
               FpItemState  state)
{
  TURN turn = fp_sync_turn_new ();
  FpSyncOutcome *outcome = fp_sync_outcome_new ();
  FpItem *item = fp_sync_fixture_item (f, "/in");
  gint64 id;

  item->state = FP_ITEM_SENDING;
  item->hold = g_strdup ("user");
  id = fp_sync_fixture_insert (f, item);
  outcome->item = fp_sync_fixture_get (f, id);
  outcome->item->state = state;
  g_clear_pointer (&outcome->item->hold, g_free);
  if (state == FP_ITEM_SENT)
    {
      outcome->receipt = g_new0 (FpReceipt, 1);
      outcome->receipt->item = id;
      outcome->receipt->uid = g_strdup (outcome->item->uid);
      outcome->receipt->url = g_strdup (outcome->item->url);
      outcome->receipt->status = 201;
    }
  g_ptr_array_add (turn->outcomes, outcome);
  run (f, turn);

  return fp_sync_fixture_get (f, id);
}

static void
test_wish_to_hold (Fixture       *f,
                   gconstpointer  data)
{
  static const FpItemState states[] = { FP_ITEM_PENDING, FP_ITEM_FAILED, FP_ITEM_SENT };

  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    {
      g_autoptr(FpItem) row = settle_wished (f, states[i]);
      gboolean sent = states[i] == FP_ITEM_SENT;

      g_assert_cmpint (row->state, ==, sent ? FP_ITEM_SENT : FP_ITEM_HELD);
      g_assert_cmpstr (row->hold, ==, sent ? NULL : "user");
    }
}

static gpointer
put_proxy_func (FpStoreTxn  *txn,
                gpointer     data,
                GError     **error)
{
  g_autoptr(FpHoldRow) row = fp_hold_row_new (FP_HOLD_PROXY, data);

  row->code = g_strdup ("proxy");
  return fp_hold_rows_put (txn, row, error) ? data : NULL;
}

static gpointer
list_proxies_func (FpStoreTxn  *txn,
                   gpointer     data,
                   GError     **error)
{
  return fp_hold_rows_list (txn, FP_HOLD_PROXY, error);
}

/* Another network, or a person: then proxies are tried and open questions asked again. Who asks for one tag means its
 * items, and the second half of a long clearing is no second chance. */
static void
test_new_chance (Fixture       *f,
                 gconstpointer  data)
{
  static const struct
  {
    gboolean begin, clear, again;
    const char *tag;
    gboolean chance;
  } rows[] = {
    { TRUE, FALSE, FALSE, NULL, TRUE },
    { FALSE, TRUE, FALSE, NULL, TRUE },
    { FALSE, TRUE, FALSE, "data-sync", FALSE },
    { FALSE, TRUE, TRUE, NULL, FALSE },
    { FALSE, FALSE, FALSE, NULL, FALSE },
  };
  g_autoptr(FpItem) item = fp_sync_fixture_item (f, "/in");

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      TURN turn = fp_sync_turn_new ();
      g_autoptr(GPtrArray) left = NULL;

      g_test_message ("row %u", i);
      fp_test_store_write (f->store, put_proxy_func, item, NULL);
      turn->begin = rows[i].begin;
      turn->clear = rows[i].clear ? FP_SYNC_CLEAR_CHANCE : FP_SYNC_CLEAR_NONE;
      turn->again = rows[i].again;
      turn->clear_tag = g_strdup (rows[i].tag);
      run (f, turn);
      left = fp_test_store_read (f->store, list_proxies_func, NULL, NULL);
      g_assert_cmpuint (left->len, ==, rows[i].chance ? 0 : 1);
      g_assert_cmpint (turn->wants_to_ask, ==, rows[i].chance);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define add(path, func)                                                                                                \
  g_test_add ("/sync/turn/" path, Fixture, NULL, fp_sync_fixture_setup, func, fp_sync_fixture_teardown)
  add ("claim/knows-what-was-and-leaves-a-doubt", test_claim_keeps_what_was);
  add ("claim/none-while-working-offline", test_claim_not_while_paused);
  add ("claim/user-of-its-own-account-only", test_claim_takes_the_user_of_its_account);
  add ("claim/follows-its-account", test_claim_follows_its_account);
  add ("outcome/wish-to-hold-yields-to-a-receipt-only", test_wish_to_hold);
  add ("new-chance/for-proxies-and-open-questions", test_new_chance);
#undef add

  return g_test_run ();
}
