/* What window and command line see of the agent. */
#include "fp-bus-fixture.h"

#include <signal.h>

static FpEngine *
open_engine (const char *folder)
{
  FpEngine *engine = fp_engine_new (folder, NULL);
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  fp_engine_open_async (engine, NULL, fp_test_await_cb, &await);
  fp_engine_open_finish (engine, fp_test_await (&await), &error);
  g_assert_no_error (error);

  return engine;
}

static void
close_engine (FpEngine *engine)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  fp_engine_close_async (engine, NULL, fp_test_await_cb, &await);
  fp_engine_close_finish (engine, fp_test_await (&await), &error);
  g_assert_no_error (error);
  fp_test_await_clear (&await);
  fp_test_finalize (engine);
}

static void
client_follows_the_agent (FpBusFixture *f,
                          gconstpointer data)
{
  FpEngine *engine = open_engine (f->folder);
  FpAgentClient *client = fp_agent_client_new (engine, f->bus, FALSE);

  fp_test_until (fp_agent_client_get_presence (client) == FP_AGENT_PRESENT);
  fp_agent_client_set_demo_link (client, FP_LINK_OFFLINE);
  fp_bus_fixture_enqueue (f, "{'url': <'%s/x'>, 'reach': <'public'>}", NULL);
  fp_test_until (fp_agent_client_get_status (client)->state == FP_SYNC_OFFLINE);
  fp_test_until (fp_agent_client_get_status (client)->counts->waiting == 1);
  g_assert_cmpint (fp_agent_client_get_status (client)->link, ==, FP_LINK_OFFLINE);
  g_assert_true (fp_agent_client_get_status (client)->sender);

  fp_agent_client_set_demo_link (client, FP_LINK_FULL);
  fp_test_until (fp_agent_client_get_status (client)->counts->sent == 1);

  fp_bus_fixture_stop_agent (f, SIGKILL);
  fp_test_until (fp_agent_client_get_presence (client) == FP_AGENT_ABSENT);
  fp_test_until (!fp_agent_client_get_status (client)->sender);
  fp_test_finalize (client);
  close_engine (engine);
}

static void
client_leaves_another_store_alone (FpBusFixture *f,
                                   gconstpointer data)
{
  g_autofree char *folder = fp_test_make_folder ();
  FpEngine *engine = open_engine (folder);
  FpAgentClient *client = fp_agent_client_new (engine, f->bus, TRUE);
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  fp_test_until (fp_agent_client_get_ready (client));
  g_assert_cmpint (fp_agent_client_get_presence (client), ==, FP_AGENT_OTHER_STORE);
  fp_agent_client_sync_async (client, NULL, NULL, fp_test_await_cb, &await);
  g_assert_false (fp_agent_client_sync_finish (client, fp_test_await (&await), &error));
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED);
  fp_test_await_clear (&await);
  g_assert_false (fp_agent_client_get_status (client)->sender);
  fp_test_finalize (client);
  close_engine (engine);
  fp_test_remove_folder (folder);
}

static void
wait_half_a_second (void)
{
  gint64 end = g_get_monotonic_time () + 500 * G_TIME_SPAN_MILLISECOND;

  while (g_get_monotonic_time () < end)
    fp_test_iterate (end + G_USEC_PER_SEC, "half a second", __FILE__, __LINE__);
}

/* One commit in the window must not echo between it and the agent for ever. */
static void
nudges_do_not_echo (FpBusFixture *f,
                    gconstpointer data)
{
  FpEngine *engine = open_engine (f->folder);
  FpAgentClient *client = fp_agent_client_new (engine, f->bus, FALSE);
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  guint told;

  fp_test_until (fp_agent_client_get_presence (client) == FP_AGENT_PRESENT);
  fp_engine_write_setting_async (engine, "test", "1", NULL, fp_test_await_cb, &await);
  g_assert_true (fp_engine_write_setting_finish (engine, fp_test_await (&await), NULL));
  fp_test_until (f->changed > 0);
  told = f->changed;
  wait_half_a_second ();
  /* A slow agent tells the write and what it did about it apart; an echo would come some hundred times. */
  g_assert_cmpuint (f->changed, <=, told + 1);
  told = f->changed;
  wait_half_a_second ();
  g_assert_cmpuint (f->changed, ==, told);
  fp_test_await_clear (&await);
  fp_test_finalize (client);
  close_engine (engine);
}

int
main (int    argc,
      char **argv)
{
  g_setenv ("FIELDPOST_SECRETS", "file", TRUE);
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add ("/agent/" path, FpBusFixture, NULL, fp_bus_fixture_setup, func, \
                               fp_bus_fixture_teardown)
  ADD ("client/follows-the-agent", client_follows_the_agent);
  ADD ("client/leaves-another-store-alone", client_leaves_another_store_alone);
  ADD ("client/nudges-do-not-echo", nudges_do_not_echo);
#undef ADD

  return g_test_run ();
}
