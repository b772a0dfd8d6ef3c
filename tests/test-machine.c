/* A store that comes from another machine holds what it has to send. */
#include "fp-store-fixture.h"
#include "store/fp-item-rows.h"
#include "store/fp-store-private.h"

#define HERE  "0123456789abcdef0123456789abcdef\n"
#define THERE "fedcba9876543210fedcba9876543210\n"

static void
open_on (FpStoreFixture *f,
         const char     *id)
{
  g_autoptr(GError) error = NULL;

  g_clear_pointer (&f->store, fp_test_store_close);
  f->store = fp_store_new (f->folder, f->clock);
  _fp_store_pretend_machine (f->store, id);
  fp_test_store_try_open (f->store, &error);
  g_assert_no_error (error);
}

static gpointer
add_items (FpStoreTxn *txn,
           gpointer    data,
           GError    **error)
{
  static const struct
  {
    FpItemState state;
    const char *hold;
  } items[] = {
    { FP_ITEM_PENDING, NULL },   { FP_ITEM_SENDING, NULL },   { FP_ITEM_FAILED, NULL }, { FP_ITEM_HELD, "account" },
    { FP_ITEM_HELD, "user" },    { FP_ITEM_DISCARDED, NULL }, { FP_ITEM_HELD, "lost" }, { FP_ITEM_HELD, "after" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (items); i++)
    {
      g_autoptr(FpItem) item = fp_item_new ();

      item->kind = FP_ITEM_REQUEST;
      item->protocol = FP_PROTOCOL_PLAIN;
      item->method = g_strdup ("POST");
      item->url = g_strdup ("https://a.example/");
      item->host = g_strdup ("https://a.example:443");
      item->state = items[i].state;
      item->hold = g_strdup (items[i].hold);
      g_assert_true (fp_item_rows_insert (txn, item, error));
    }

  return NULL;
}

static void
fill (FpStoreFixture *f)
{
  g_autoptr(GError) error = NULL;

  fp_test_store_write (f->store, add_items, NULL, &error);
  g_assert_no_error (error);
}

static void
assert_states (FpStoreFixture *f,
               const char     *expected)
{
  fp_store_fixture_assert_answer (f, "SELECT group_concat(state || coalesce(':' || hold, ''), ' ') FROM"
                                     " (SELECT * FROM item ORDER BY id)", expected);
}

#define AS_FILLED "1 2 3 4:account 4:user 5 4:lost 4:after"
#define AS_HELD   "4:machine 4:machine 4:machine 4:machine 4:user 5 4:lost 4:after"

static void
test_same_machine_changes_nothing (FpStoreFixture *f,
                                   gconstpointer   data)
{
  open_on (f, HERE);
  fill (f);
  open_on (f, HERE);
  assert_states (f, AS_FILLED);
  /* The id itself is nobody's business. */
  fp_store_fixture_assert_answer (f, "SELECT value LIKE '%0123456789abcdef%' FROM meta WHERE name = 'machine'", "0");
}

static gpointer
count_held (FpStoreTxn *txn,
            gpointer    data,
            GError    **error)
{
  return GUINT_TO_POINTER (fp_item_rows_count_held (txn, "machine", error));
}

static void
test_other_machine_holds (FpStoreFixture *f,
                          gconstpointer   data)
{
  g_autofree char *id = NULL;

  open_on (f, HERE);
  fill (f);
  id = g_strdup (fp_store_get_id (f->store));
  open_on (f, THERE);
  assert_states (f, AS_HELD);
  g_assert_cmpstr (fp_store_get_id (f->store), ==, id);
  g_assert_cmpuint (GPOINTER_TO_UINT (fp_test_store_read (f->store, count_held, NULL, NULL)), ==, 4);
  /* What was in flight over there may have arrived. */
  fp_store_fixture_assert_answer (f, "SELECT group_concat(id) FROM item WHERE maybe_delivered", "2");
  fp_store_fixture_assert_answer (f, "SELECT n FROM item_count WHERE state = 4", "7");
}

/* It asks once: what was released, or added since, is this machine's. */
static void
test_question_is_asked_once (FpStoreFixture *f,
                             gconstpointer   data)
{
  open_on (f, HERE);
  fill (f);
  open_on (f, THERE);
  fp_store_fixture_ask (f, "UPDATE item SET state = 1, hold = NULL WHERE id = 1");
  fill (f);
  open_on (f, THERE);
  assert_states (f, "1 4:machine 4:machine 4:machine 4:user 5 4:lost 4:after " AS_FILLED);
}

static void
test_no_machine_id_no_rule (FpStoreFixture *f,
                            gconstpointer   data)
{
  open_on (f, HERE);
  fill (f);
  open_on (f, "");
  assert_states (f, AS_FILLED);
  open_on (f, "uninitialized\n");
  assert_states (f, AS_FILLED);
  open_on (f, HERE);
  assert_states (f, AS_FILLED);
}

/* Schema 1 knew of no machine. */
static void
test_first_machine_takes_it (FpStoreFixture *f,
                             gconstpointer   data)
{
  open_on (f, HERE);
  fill (f);
  fp_store_fixture_ask (f, "DELETE FROM meta WHERE name = 'machine'");
  open_on (f, THERE);
  assert_states (f, AS_FILLED);
  open_on (f, HERE);
  assert_states (f, AS_HELD);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add ("/store/machine/" path, FpStoreFixture, NULL, fp_store_fixture_setup_closed, func, fp_store_fixture_teardown)
  ADD ("same-changes-nothing", test_same_machine_changes_nothing);
  ADD ("other-holds", test_other_machine_holds);
  ADD ("question-is-asked-once", test_question_is_asked_once);
  ADD ("no-machine-id-no-rule", test_no_machine_id_no_rule);
  ADD ("first-takes-it", test_first_machine_takes_it);

  return g_test_run ();
}
