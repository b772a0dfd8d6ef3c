/* Work of the jobs of our own, and the permission to do it. */
#include "fp-engine-fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#include "engine/fp-engine-clean.h"
#include "engine/fp-engine-periodic.h"
#include "engine/fp-permission.h"
#include "fp-test-server.h"
#include "store/fp-store-private.h"

typedef struct {
  FpEngineFixture base;
  FpTestServer *server;
} Fixture;

static void
setup (Fixture       *f,
       gconstpointer  data)
{
  fp_engine_fixture_setup (&f->base, data);
  f->server = fp_test_server_new (NULL);
}

static void
teardown (Fixture       *f,
          gconstpointer  data)
{
  fp_engine_fixture_teardown (&f->base, data);
  fp_test_server_free (f->server);
}

static void
must_set (Fixture    *f,
          const char *name,
          const char *word)
{
  g_autoptr(GError) error = NULL;

  fp_engine_fixture_set (f->base.engine, name, word, &error);
  g_assert_no_error (error);
}

static void
set_url (Fixture *f)
{
  g_autofree char *url = fp_test_server_dup_url (f->server, "/preferences");

  must_set (f, "preferences-url", url);
}

/* The permission. */

static gboolean
ask (gboolean wanted)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  gboolean granted;

  fp_permission_ask_async (NULL, wanted, NULL, fp_test_await_cb, &await);
  granted = fp_permission_ask_finish (fp_test_await (&await), &error);
  g_assert_no_error (error);

  return granted;
}

static gboolean
register_job (Fixture     *f,
              const char  *name,
              gint64       interval,
              GError     **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_engine_register_periodic_async (f->base.engine, name, NULL, interval, NULL, fp_test_await_cb, &await);
  return fp_engine_register_periodic_finish (f->base.engine, fp_test_await (&await), error);
}

static void
unregister (Fixture    *f,
            const char *name)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  fp_engine_unregister_periodic_async (f->base.engine, name, NULL, fp_test_await_cb, &await);
  fp_engine_unregister_periodic_finish (f->base.engine, fp_test_await (&await), &error);
  g_assert_no_error (error);
}

static void
test_permission_is_an_autostart_file (Fixture       *f,
                                      gconstpointer  data)
{
  g_autofree char *path = fp_permission_dup_path ();
  g_autofree char *folder = g_path_get_dirname (path);

  g_assert_true (register_job (f, "daily-sync", 0, NULL));
  g_assert_true (register_job (f, "check-updates", 0, NULL));
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  fp_engine_fixture_assert_setting (f->base.engine, "periodic", "granted");
  unregister (f, "daily-sync");
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  unregister (f, "check-updates");
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  fp_engine_fixture_assert_setting (f->base.engine, "periodic", "ask");

  /* A person said no. */
  g_mkdir_with_parents (folder, 0700);
  g_assert_true (g_file_set_contents (path, "[Desktop Entry]\nType=Application\nHidden=true\n", -1, NULL));
  g_assert_false (register_job (f, "daily-sync", 0, NULL));
  fp_engine_fixture_assert_setting (f->base.engine, "periodic", "denied");
  unregister (f, "daily-sync");
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));

  /* A file of his own stays his. */
  g_assert_true (g_file_set_contents (path, "[Desktop Entry]\nType=Application\nExec=fieldpost-agent\n", -1, NULL));
  g_assert_true (ask (TRUE));
  g_assert_true (ask (FALSE));
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  g_unlink (path);
}

static void
test_intervals_have_a_floor (Fixture       *f,
                             gconstpointer  data)
{
  static const struct {
    const char *name;
    gint64 interval;
  } bad[] = { { "x", 0 }, { "x", FP_PERIODIC_HOUR_MS - 1 }, { "", FP_PERIODIC_HOUR_MS },
              { "data-sync", FP_PERIODIC_HOUR_MS }, { "clean-up", 0 }, { "daily-sync", 1 }, { "x", 400 * FP_PERIODIC_DAY_MS } };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_false (register_job (f, bad[i].name, bad[i].interval, &error));
      g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE);
    }
}

static void
test_daily_sync_does_all_it_can (Fixture       *f,
                                 gconstpointer  data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpPeriodicList) list = NULL;
  const FpPeriodicRow *row;

  register_job (f, "daily-sync", 0, NULL);
  set_url (f);
  fp_test_server_answer (f->server, 500, "", "");
  fp_engine_run_periodic_async (f->base.engine, "daily-sync", NULL, fp_test_await_cb, &await);
  g_assert_false (fp_engine_run_periodic_finish (f->base.engine, fp_test_await (&await), &error));
  g_assert_nonnull (strstr (error->message, "preferences: "));
  fp_test_await_clear (&await);

  fp_engine_list_periodic_async (f->base.engine, NULL, fp_test_await_cb, &await);
  list = fp_engine_list_periodic_finish (f->base.engine, fp_test_await (&await), NULL);
  g_assert_cmpuint (list->jobs->len, ==, 2);
  row = g_ptr_array_index (list->jobs, 0);
  g_assert_cmpstr (row->name, ==, FP_PERIODIC_CLEAN_UP);
  g_assert_cmpint (row->last_run, >, 0);
  g_assert_null (row->last_result);
  row = g_ptr_array_index (list->jobs, 1);
  g_assert_cmpint (row->last_run, >, 0);
  g_assert_nonnull (row->last_result);
  unregister (f, "daily-sync");
}

/* Clean-up. */

static gpointer
settle_func (FpStoreTxn  *txn,
             gpointer     sql,
             GError     **error)
{
  return fp_db_exec (txn->db, sql, error) ? sql : NULL;
}

/* So many hours ago. */
static void
assert_marked (Fixture *f,
               guint    hours,
               guint    marked)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autofree char *sql = g_strdup_printf ("UPDATE item SET changed = unixepoch () * 1000 - %u * 3600000", hours);
  g_autofree FpCleaned *cleaned = NULL;
  g_autoptr(GError) error = NULL;

  fp_store_write_async (fp_engine_get_store (f->base.engine), settle_func, sql, NULL, NULL, NULL, fp_test_await_cb,
                        &await);
  fp_store_write_finish (fp_engine_get_store (f->base.engine), fp_test_await (&await), &error);
  g_assert_no_error (error);
  fp_test_await_clear (&await);
  fp_engine_clean_async (f->base.engine, TRUE, NULL, fp_test_await_cb, &await);
  cleaned = fp_engine_clean_finish (f->base.engine, fp_test_await (&await), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (cleaned->marked, ==, marked);
  g_assert_cmpuint (cleaned->discarded + cleaned->sent, ==, 0);
}

/* An undo is possible for a week, however long or short what was sent is kept. */
static void
test_discarded_stays_for_a_week (Fixture       *f,
                                 gconstpointer  data)
{
  static const char * const retentions[] = { "1", "30" };
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = fp_engine_fixture_enqueue (f->base.engine, fp_enqueue_new ("http://example.org/"), &error);

  g_assert_no_error (error);
  g_assert_cmpint (fp_engine_fixture_act (f->base.engine, FP_ACT_DISCARD, item->id, 0, NULL), ==, 1);
  for (guint i = 0; i < G_N_ELEMENTS (retentions); i++)
    {
      must_set (f, "retention-days", retentions[i]);
      assert_marked (f, 7 * 24 - 1, 0);
      assert_marked (f, 7 * 24 + 1, 1);
    }
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, setup, func, teardown)

int
main (int    argc,
      char **argv)
{
  g_autofree char *config = fp_test_make_folder ();
  int failed;

  /* Not that of whoever runs this; not isolated as a whole: the proxy's settings are read from the system's schemas. */
  g_setenv ("XDG_CONFIG_HOME", config, TRUE);
  g_test_init (&argc, &argv, NULL);

  ADD ("/jobs/clean-up/discarded-stays-for-a-week", test_discarded_stays_for_a_week);
  ADD ("/jobs/permission/autostart-file", test_permission_is_an_autostart_file);
  ADD ("/jobs/permission/intervals-have-a-floor", test_intervals_have_a_floor);
  ADD ("/jobs/daily-sync/does-all-it-can", test_daily_sync_does_all_it_can);

  failed = g_test_run ();
  fp_test_remove_folder (config);

  return failed;
}
