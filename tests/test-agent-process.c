/* The agent as a process: how it ends, and what it leaves to the next. */
#include "fp-bus-fixture.h"

#include <signal.h>
#include <string.h>

/* What it may take to end, with requests in the air; the machine may be busy. */
#define END_MS 2000

static void
second_agent_leaves (FpBusFixture *f,
                     gconstpointer data)
{
  g_autoptr(GSubprocess) second = fp_bus_fixture_spawn (f, "agent/fieldpost-agent", NULL, "--no-tray", NULL);
  g_autofree char *said = NULL;

  fp_bus_fixture_wait_for_exit (second);
  g_assert_cmpint (g_subprocess_get_exit_status (second), ==, 0);
  said = fp_bus_fixture_read_all (second);
  g_assert_nonnull (strstr (said, "another agent"));
  g_assert_true (fp_bus_fixture_has_owner (f));
}

/* An agent on another bus, or none: the sender lock alone decides who sends. */
static void
two_senders_deliver_once (FpBusFixture *f,
                          gconstpointer data)
{
  g_autoptr(GSubprocess) second = fp_bus_fixture_spawn (f, "agent/fieldpost-agent", "disabled:", "--no-tray", "--verbose",
                                                        NULL);
  g_autoptr(GDataInputStream) said = g_data_input_stream_new (g_subprocess_get_stdout_pipe (second));
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autofree char *line = NULL;

  /* It is up, and hears a signal, when it says something. */
  g_data_input_stream_read_line_async (said, G_PRIORITY_DEFAULT, NULL, fp_test_await_cb, &await);
  line = g_data_input_stream_read_line_finish (said, fp_test_await (&await), NULL, NULL);
  g_assert_nonnull (line);
  for (guint i = 0; i < 20; i++)
    fp_bus_fixture_enqueue (f, "{'url': <'%s/x'>}", NULL);
  fp_test_until (f->delivered == 20);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 20);
  g_subprocess_send_signal (second, SIGTERM);
  fp_bus_fixture_wait_for_exit (second);
  g_assert_cmpint (g_subprocess_get_exit_status (second), ==, 0);
}

static void
works_without_a_bus (FpBusFixture *f,
                     gconstpointer data)
{
  g_autoptr(GSubprocess) alone = NULL;

  fp_bus_fixture_set_link (f, "offline");
  fp_bus_fixture_enqueue (f, "{'url': <'%s/x'>, 'reach': <'public'>}", NULL);
  fp_bus_fixture_enqueue (f, "{'url': <'%s/y'>, 'reach': <'always'>, 'method': <'PUT'>}", NULL);
  fp_test_until (f->delivered == 1);
  fp_bus_fixture_stop_agent (f, SIGTERM);
  alone = fp_bus_fixture_spawn (f, "agent/fieldpost-agent", "disabled:", "--demo", NULL);
  fp_test_until (fp_sink_count_path (f->sink, "/x") == 1);
  g_subprocess_send_signal (alone, SIGTERM);
  fp_bus_fixture_wait_for_exit (alone);
  g_assert_cmpint (g_subprocess_get_exit_status (alone), ==, 0);
}

/* SIGKILL with a request in the air: the next agent sends the same bytes under the same key. */
static void
killed_in_flight_is_delivered_once (FpBusFixture *f,
                                    gconstpointer data)
{
  g_autofree char *uid = NULL;

  fp_sink_hold (f->sink, TRUE);
  fp_bus_fixture_enqueue (f, "{'url': <'%s/x'>, 'body': <b'once'>}", &uid);
  fp_test_until (fp_sink_get_n (f->sink) == 1);
  fp_bus_fixture_stop_agent (f, SIGKILL);
  fp_sink_hold (f->sink, FALSE);
  fp_bus_fixture_start_agent (f);
  fp_test_until (f->delivered == 1);

  g_assert_cmpstr (f->delivered_uid, ==, uid);
  g_assert_cmpuint (fp_sink_get_n_stored (f->sink), ==, 1);
  g_assert_cmpuint (fp_sink_get_n_changed (f->sink), ==, 0);
  /* The bus gathers changes for a moment. */
  fp_test_until (fp_bus_fixture_get_count (f, "Pending") + fp_bus_fixture_get_count (f, "Failed")
                 + fp_bus_fixture_get_count (f, "Held") == 0);
}

/* SIGTERM with a request in the air: it is given back and goes out again, unchanged. */
static void
stopped_in_flight_is_given_back (FpBusFixture *f,
                                 gconstpointer data)
{
  fp_sink_hold (f->sink, TRUE);
  fp_bus_fixture_enqueue (f, "{'url': <'%s/x'>, 'body': <b'twice'>}", NULL);
  fp_test_until (fp_sink_get_n (f->sink) == 1);
  fp_bus_fixture_stop_agent (f, SIGTERM);
  fp_sink_hold (f->sink, FALSE);
  fp_bus_fixture_start_agent (f);
  fp_test_until (f->delivered == 1);
  g_assert_cmpuint (fp_sink_get_n_changed (f->sink), ==, 0);
}

/* Reads the store as the next program finds it. */
static FpItem *
read_item (FpBusFixture *f,
           gint64        id)
{
  FpEngine *engine = fp_engine_new (f->folder, NULL);
  g_auto(FpTestAwait) opening = FP_TEST_AWAIT;
  g_auto(FpTestAwait) reading = FP_TEST_AWAIT;
  g_auto(FpTestAwait) closing = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  FpItem *item;

  fp_engine_open_async (engine, NULL, fp_test_await_cb, &opening);
  fp_engine_open_finish (engine, fp_test_await (&opening), &error);
  g_assert_no_error (error);
  fp_engine_get_item_async (engine, id, NULL, fp_test_await_cb, &reading);
  item = fp_engine_get_item_finish (engine, fp_test_await (&reading), NULL, &error);
  g_assert_no_error (error);
  fp_engine_close_async (engine, NULL, fp_test_await_cb, &closing);
  g_assert_true (fp_engine_close_finish (engine, fp_test_await (&closing), NULL));
  fp_test_await_clear (&opening);
  fp_test_await_clear (&reading);
  fp_test_await_clear (&closing);
  fp_test_finalize (engine);

  return item;
}

/* What has its answer has its receipt; what waits for one may have been delivered, and is not lost. */
static void
stopped_in_time (FpBusFixture *f,
                 gconstpointer data)
{
  gint64 done, flying, began, took;
  g_autoptr(FpItem) sent = NULL;
  g_autoptr(FpItem) pending = NULL;

  done = fp_bus_fixture_enqueue (f, "{'url': <'%s/done'>, 'body': <b'1'>}", NULL);
  fp_test_until (fp_sink_get_n_stored (f->sink) == 1);
  fp_sink_hold (f->sink, TRUE);
  flying = fp_bus_fixture_enqueue (f, "{'url': <'%s/flying'>, 'body': <b'2'>}", NULL);
  fp_test_until (fp_sink_count_path (f->sink, "/flying") == 1);
  began = g_get_monotonic_time ();
  fp_bus_fixture_stop_agent (f, SIGTERM);
  took = (g_get_monotonic_time () - began) / G_TIME_SPAN_MILLISECOND;
  g_test_message ("ended in %" G_GINT64_FORMAT " ms", took);
  g_assert_cmpint (took, <, END_MS);

  sent = read_item (f, done);
  g_assert_cmpint (sent->state, ==, FP_ITEM_SENT);
  pending = read_item (f, flying);
  g_assert_cmpint (pending->state, ==, FP_ITEM_PENDING);
  g_assert_true (pending->maybe_delivered);
}

/* SIGTERM while answers come in: whatever the server has is sent once, under one key. */
static void
stopped_in_the_middle (FpBusFixture *f,
                       gconstpointer data)
{
  fp_sink_set_delay (f->sink, 20);
  for (guint i = 0; i < 30; i++)
    fp_bus_fixture_enqueue (f, "{'url': <'%s/x'>, 'body': <b'x'>}", NULL);
  fp_test_until (fp_sink_get_n_stored (f->sink) >= 5);
  fp_bus_fixture_stop_agent (f, SIGTERM);
  fp_bus_fixture_start_agent (f);
  fp_test_until (fp_sink_get_n_stored (f->sink) == 30);
  fp_test_until (fp_bus_fixture_get_count (f, "Pending") + fp_bus_fixture_get_count (f, "Sending") == 0);
  fp_test_until (fp_bus_fixture_get_count (f, "Failed") + fp_bus_fixture_get_count (f, "Held") == 0);
  g_assert_cmpuint (fp_sink_get_n_stored (f->sink), ==, 30);
  g_assert_cmpuint (fp_sink_get_n_changed (f->sink), ==, 0);
}

static gboolean
has_owner (GDBusConnection *bus)
{
  g_autoptr(GVariant) reply = g_dbus_connection_call_sync (bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                                           "org.freedesktop.DBus", "NameHasOwner",
                                                           g_variant_new ("(s)", FP_AGENT_BUS_NAME),
                                                           G_VARIANT_TYPE ("(b)"), 0, -1, NULL, NULL);
  gboolean owned = FALSE;

  g_variant_get (reply, "(b)", &owned);
  return owned;
}

/* Two logins on one store: the second waits for the lock, and goes on when the first is killed. */
static void
second_takes_over (FpBusFixture *f,
                   gconstpointer data)
{
  GTestDBus *dbus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_autoptr(GDBusConnection) bus = NULL;
  g_autoptr(GSubprocess) second = NULL;

  g_test_dbus_up (dbus);
  bus = g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (dbus),
                                                G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                                | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                NULL, NULL, NULL);
  fp_bus_fixture_set_link (f, "offline");
  fp_bus_fixture_enqueue (f, "{'url': <'%s/waits'>, 'reach': <'public'>}", NULL);
  /* To it the network is there: only the lock keeps it from sending. */
  second = fp_bus_fixture_spawn (f, "agent/fieldpost-agent", g_test_dbus_get_bus_address (dbus), "--demo", "--no-tray",
                                 NULL);
  fp_test_until (has_owner (bus));
  fp_bus_fixture_enqueue (f, "{'url': <'%s/first'>, 'reach': <'always'>}", NULL);
  fp_test_until (f->delivered == 1);
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/waits"), ==, 0);

  fp_bus_fixture_stop_agent (f, SIGKILL);
  fp_test_until (fp_sink_count_path (f->sink, "/waits") == 1);
  g_subprocess_send_signal (second, SIGTERM);
  fp_bus_fixture_wait_for_exit (second);
  g_assert_cmpint (g_subprocess_get_exit_status (second), ==, 0);
  g_dbus_connection_close_sync (bus, NULL, NULL);
  g_clear_object (&bus);
  fp_test_drain ();
  g_test_dbus_down (dbus);
  g_object_unref (dbus);
}

static void
restarted_on_request (FpBusFixture *f,
                      gconstpointer data)
{
  g_autoptr(GVariant) reply = NULL;

  fp_sink_hold (f->sink, TRUE);
  fp_bus_fixture_enqueue (f, "{'url': <'%s/x'>, 'body': <b'twice'>}", NULL);
  fp_test_until (fp_sink_get_n (f->sink) == 1);
  reply = fp_bus_fixture_call_agent (f, "Restart", NULL);
  fp_bus_fixture_wait_for_exit (f->agent);
  g_assert_cmpint (g_subprocess_get_exit_status (f->agent), ==, 0);
  g_clear_object (&f->agent);
  fp_test_until (!fp_bus_fixture_has_owner (f));
  fp_sink_hold (f->sink, FALSE);
  fp_bus_fixture_start_agent (f);
  fp_test_until (f->delivered == 1);
  g_assert_cmpuint (fp_sink_get_n_changed (f->sink), ==, 0);
}

/* Tray. */

static void
watcher_cb (GDBusConnection       *bus,
            const char            *sender,
            const char            *path,
            const char            *interface,
            const char            *method,
            GVariant              *arguments,
            GDBusMethodInvocation *invocation,
            gpointer               user_data)
{
  (*(guint *) user_data)++;
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static GVariant *
watcher_property_cb (GDBusConnection  *bus,
                     const char       *sender,
                     const char       *path,
                     const char       *interface,
                     const char       *name,
                     GError          **error,
                     gpointer          user_data)
{
  return g_variant_new_boolean (TRUE);
}

static void
owned_cb (GDBusConnection *bus,
          const char      *name,
          gpointer         user_data)
{
  *(gboolean *) user_data = TRUE;
}

static void
tray_only_where_wanted (FpBusFixture *f,
                        gconstpointer data)
{
  static const GDBusInterfaceVTable vtable = { .method_call = watcher_cb, .get_property = watcher_property_cb };
  static const char xml[] = "<node><interface name='org.kde.StatusNotifierWatcher'><method name='RegisterStatusNotifierItem'>"
                            "<arg type='s' name='service' direction='in'/></method>"
                            "<property name='IsStatusNotifierHostRegistered' type='b' access='read'/></interface></node>";
  g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (xml, NULL);
  gboolean owned = FALSE;
  guint registered = 0;
  guint name, object;

  fp_bus_fixture_stop_agent (f, SIGTERM);
  object = g_dbus_connection_register_object (f->bus, "/StatusNotifierWatcher", node->interfaces[0], &vtable, &registered,
                                              NULL, NULL);
  name = g_bus_own_name_on_connection (f->bus, "org.kde.StatusNotifierWatcher", 0, owned_cb, NULL, &owned, NULL);
  fp_test_until (owned);
  /* With --no-tray, as the fixture starts it; something is done, so that it had the time. */
  fp_bus_fixture_start_agent (f);
  fp_bus_fixture_enqueue (f, "{'url': <'%s/x'>}", NULL);
  fp_test_until (f->delivered == 1);
  g_assert_cmpuint (registered, ==, 0);
  fp_bus_fixture_stop_agent (f, SIGTERM);

  f->agent = fp_bus_fixture_spawn (f, "agent/fieldpost-agent", NULL, "--demo", NULL);
  fp_test_until (registered == 1);
  fp_test_until (fp_bus_fixture_has_owner (f));
  g_bus_unown_name (name);
  g_dbus_connection_unregister_object (f->bus, object);
}

/* The command line on another store than that of the agent. */

static char *
run_elsewhere (FpBusFixture *f,
               const char   *folder,
               const char   *words,
               int           code)
{
  g_autoptr(GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
  g_autofree char *program = g_build_filename (g_getenv ("FIELDPOST_BUILD"), "src", "cli", "fieldpostctl", NULL);
  g_autofree char *line = g_strdup_printf ("%s %s", program, words);
  g_auto(GStrv) argv = g_strsplit (line, " ", -1);
  g_autoptr(GSubprocess) process = NULL;
  g_autoptr(GError) error = NULL;

  g_subprocess_launcher_setenv (launcher, "FIELDPOST_DATA", folder, TRUE);
  g_subprocess_launcher_setenv (launcher, "FIELDPOST_LINK", "monitor", TRUE);
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C.UTF-8", TRUE);
  process = g_subprocess_launcher_spawnv (launcher, (const char * const *) argv, &error);
  g_assert_no_error (error);
  fp_bus_fixture_wait_for_exit (process);
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, code);

  return fp_bus_fixture_read_all (process);
}

static void
other_store_is_told (FpBusFixture *f,
                     gconstpointer data)
{
  g_autofree char *folder = fp_test_make_folder ();
  g_autofree char *add = g_strdup_printf ("add -X POST %s/mine", fp_sink_get_url (f->sink));
  g_autofree char *added = NULL;
  g_autofree char *status = NULL;
  g_autofree char *synced = NULL;
  g_autofree char *same = NULL;

  fp_bus_fixture_set_link (f, "offline");
  fp_bus_fixture_enqueue (f, "{'url': <'%s/of-the-agent'>, 'reach': <'public'>}", NULL);
  added = run_elsewhere (f, folder, add, 0);
  status = run_elsewhere (f, folder, "status", 0);
  g_assert_nonnull (strstr (status, "another store"));
  g_assert_nonnull (strstr (status, folder));
  synced = run_elsewhere (f, folder, "sync --wait", 0);
  g_assert_nonnull (strstr (synced, "another store"));
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/mine"), ==, 1);
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/of-the-agent"), ==, 0);
  same = run_elsewhere (f, f->folder, "status", 0);
  g_assert_null (strstr (same, "another store"));
  fp_test_remove_folder (folder);
}

int
main (int    argc,
      char **argv)
{
  g_setenv ("FIELDPOST_SECRETS", "file", TRUE);
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add ("/agent/" path, FpBusFixture, NULL, fp_bus_fixture_setup, func, \
                               fp_bus_fixture_teardown)
  ADD ("process/second-agent-leaves", second_agent_leaves);
  ADD ("process/two-senders-deliver-once", two_senders_deliver_once);
  ADD ("process/works-without-a-bus", works_without_a_bus);
  ADD ("process/killed-in-flight-is-delivered-once", killed_in_flight_is_delivered_once);
  ADD ("process/stopped-in-flight-is-given-back", stopped_in_flight_is_given_back);
  ADD ("process/stopped-in-time", stopped_in_time);
  ADD ("process/stopped-in-the-middle", stopped_in_the_middle);
  ADD ("process/second-takes-over", second_takes_over);
  ADD ("process/restarted-on-request", restarted_on_request);
  ADD ("process/tray-only-where-wanted", tray_only_where_wanted);
  ADD ("store/other-store-is-told", other_store_is_told);
#undef ADD

  return g_test_run ();
}
