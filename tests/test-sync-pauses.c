/* A destination that refuses everything waits, and nothing else does (design 5.3, invariant 7). */
#include "fp-sync-fixture.h"
#include "fp-test-store.h"

/* More than two looks bring, and more than four turns put off. */
#define MANY 1200

typedef FpSyncFixture Fixture;

static gpointer
insert_many_func (FpStoreTxn  *txn,
                  gpointer     data,
                  GError     **error)
{
  for (guint i = 0; i < MANY; i++)
    {
      g_autoptr(FpItem) item = fp_sync_fixture_item (data, "/dead");

      if (!fp_item_rows_insert (txn, item, error))
        return NULL;
    }

  return data;
}

static void
test_many_hide_nothing (Fixture       *f,
                             gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) waiting = NULL;
  g_autoptr(FpItem) wanted = NULL;
  gint64 alive[20];

  fp_test_store_write (f->store, insert_many_func, f, &error);
  g_assert_no_error (error);
  fp_sink_set_path (f->sink, "/dead", 404);
  for (guint i = 0; i < G_N_ELEMENTS (alive); i++)
    alive[i] = fp_sync_fixture_add (f, "/alive");

  /* Behind many of the same host that wait: no clock has to move. */
  fp_sync_start (f->sync);
  for (guint i = 0; i < G_N_ELEMENTS (alive); i++)
    fp_sync_fixture_await (f, alive[i], FP_ITEM_SENT);
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/dead"), <=, 3 + 3);

  /* Nothing was refused that was not tried; people see when it goes on. */
  waiting = fp_sync_fixture_get (f, MANY);
  g_assert_cmpint (waiting->state, ==, FP_ITEM_PENDING);
  g_assert_cmpuint (waiting->attempts, ==, 0);
  g_assert_null (waiting->reason_code);
  g_assert_false (waiting->maybe_delivered);
  g_assert_cmpint (waiting->next_try, >, fp_clock_get_wall_ms (f->clock));

  /* A person tries one, it is taken: all others go at once, although their time has not come. */
  fp_sink_set_path (f->sink, "/dead", 201);
  wanted = fp_sync_fixture_get (f, MANY / 2);
  wanted->manual = TRUE;
  wanted->due_boot = 0;
  fp_sync_fixture_update (f, wanted, FP_ITEM_PENDING);
  fp_test_until (fp_sink_get_n_stored (f->sink) == MANY + G_N_ELEMENTS (alive));
}

/* When the pause is over one asks, and only one. */
static void
test_one_asks (Fixture       *f,
               gconstpointer  data)
{
  guint before;

  fp_sink_set_path (f->sink, "/dead", 404);
  for (guint i = 0; i < 40; i++)
    fp_sync_fixture_add (f, "/dead");
  fp_sync_start (f->sync);
  fp_sync_fixture_pass (f, 0);
  before = fp_sink_count_path (f->sink, "/dead");
  g_assert_cmpuint (before, >=, 3);
  g_assert_cmpuint (before, <=, 6);
  fp_sync_fixture_pass (f, 29000);
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/dead"), ==, before);

  fp_sync_fixture_pass (f, 1000);
  fp_test_until (fp_sink_count_path (f->sink, "/dead") == before + 1);
  fp_sync_fixture_pass (f, 30000);
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/dead"), ==, before + 1);
  fp_sync_fixture_pass (f, 30000);
  fp_test_until (fp_sink_count_path (f->sink, "/dead") == before + 2);

  fp_sink_set_path (f->sink, "/dead", 201);
  fp_sync_fixture_pass (f, 120000);
  fp_test_until (fp_sink_get_n_stored (f->sink) > 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define add(path, func) \
  g_test_add ("/sync/pauses/" path, Fixture, NULL, fp_sync_fixture_setup, func, fp_sync_fixture_teardown)
  add ("many-of-a-dead-address-hide-nothing", test_many_hide_nothing);
  add ("one-asks-when-the-time-is-over", test_one_asks);
#undef add

  return g_test_run ();
}
