/* Tags and jobs as other programs meet them on the bus. */
#include "fp-bus-fixture.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "bus/fp-bus-caller.h"
#include "engine/fp-permission.h"

#define WORKER "org.example.Worker"
#define FAILING "org.example.Failing"
#define DYING "org.example.Dying"
#define REFUSED "io.github.fieldpost.Fieldpost.Error.Refused"

typedef struct {
  FpBusFixture base;
  char *services;
  char *log;
  guint fired;
  char *tag;
} Fixture;

static void
fired_cb (GDBusConnection *bus,
          const char      *sender,
          const char      *path,
          const char      *interface,
          const char      *signal,
          GVariant        *arguments,
          gpointer         user_data)
{
  Fixture *f = user_data;

  g_free (f->tag);
  g_variant_get (arguments, "(sb)", &f->tag, NULL);
  f->fired++;
}

static void
add_service (Fixture    *f,
             const char *name,
             const char *answer)
{
  g_autofree char *program = g_build_filename (g_getenv ("FIELDPOST_BUILD"), "tests", "sync-worker", NULL);
  g_autofree char *file = g_strdup_printf ("%s/%s.service", f->services, name);
  g_autofree char *text = g_strdup_printf ("[D-BUS Service]\nName=%s\nExec=%s %s %s %s\n", name, program, name, f->log,
                                           answer);

  g_assert_true (g_file_set_contents (file, text, -1, NULL));
}

static void
setup (Fixture       *f,
       gconstpointer  data)
{
  f->services = fp_test_make_folder ();
  f->log = g_build_filename (f->services, "log", NULL);
  add_service (f, WORKER, "ok");
  add_service (f, FAILING, "fail");
  add_service (f, DYING, "die");
  f->base.services = f->services;
  fp_bus_fixture_setup (&f->base, data);
  g_dbus_connection_signal_subscribe (f->base.bus, NULL, "io.github.fieldpost.Fieldpost.Agent", "SyncFired",
                                      FP_AGENT_OBJECT_PATH, NULL, 0, fired_cb, f, NULL);
}

static void
teardown (Fixture       *f,
          gconstpointer  data)
{
  fp_bus_fixture_teardown (&f->base, data);
  fp_test_remove_folder (f->services);
  g_free (f->services);
  g_free (f->log);
  g_free (f->tag);
}

static void
call (Fixture    *f,
      const char *method,
      GVariant   *arguments)
{
  g_variant_unref (fp_bus_fixture_call_agent (&f->base, method, arguments));
}

static void
assert_error (Fixture    *f,
              const char *method,
              GVariant   *arguments,
              const char *expected)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = fp_bus_fixture_call (&f->base, FP_AGENT_BUS_NAME, method, arguments, NULL, &error);
  g_autofree char *name = NULL;

  g_assert_null (reply);
  name = g_dbus_error_get_remote_error (error);
  g_assert_cmpstr (name, ==, expected);
}

static gboolean
log_is (Fixture    *f,
        const char *expected)
{
  g_autofree char *text = NULL;

  return g_file_get_contents (f->log, &text, NULL, NULL) && g_str_equal (text, expected);
}

static gboolean
log_begins (Fixture    *f,
            const char *expected)
{
  g_autofree char *text = NULL;

  return g_file_get_contents (f->log, &text, NULL, NULL) && g_str_has_prefix (text, expected);
}

/* FALSE: there is no such registration. */
static gboolean
is_registered (Fixture    *f,
               const char *tag)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = fp_bus_fixture_call (&f->base, FP_AGENT_BUS_NAME, "UnregisterSync",
                                                   g_variant_new ("(s)", tag), NULL, &error);

  return reply != NULL;
}

static void
test_program_is_started_and_told (Fixture       *f,
                                  gconstpointer  data)
{
  fp_bus_fixture_set_link (&f->base, "offline");
  call (f, "RegisterSync", g_variant_new ("(ss)", "backup", WORKER));
  g_assert_false (g_file_test (f->log, G_FILE_TEST_EXISTS));
  fp_bus_fixture_set_link (&f->base, "full");
  fp_test_until (log_is (f, "backup 0\n"));
  /* It alone was told, and its answer counted: after it there is nothing to be answered. */
  g_assert_cmpuint (f->fired, ==, 0);
  call (f, "RegisterSync", g_variant_new ("(ss)", "backup", WORKER));
  fp_test_until (log_is (f, "backup 0\nbackup 0\n"));
}

static void
test_failing_program_gets_its_last_chance (Fixture       *f,
                                           gconstpointer  data)
{
  call (f, "RegisterSync", g_variant_new ("(ss)", "backup", FAILING));
  /* Waits of at most 2, 4, 8, 16 s are real ones here: a new chance each time instead. */
  for (guint i = 1; i <= 5; i++)
    {
      g_autofree char *text = NULL;
      guint lines = 0;

      while (lines < i)
        {
          g_clear_pointer (&text, g_free);
          lines = 0;
          if (g_file_get_contents (f->log, &text, NULL, NULL))
            for (const char *at = strchr (text, '\n'); at; at = strchr (at + 1, '\n'))
              lines++;
          if (lines < i)
            call (f, "Sync", g_variant_new ("(s)", ""));
        }
    }
  {
    g_autofree char *text = NULL;

    g_assert_true (g_file_get_contents (f->log, &text, NULL, NULL));
    g_assert_true (g_str_has_prefix (text, "backup 0\nbackup 0\nbackup 0\nbackup 0\nbackup 1\n"));
  }
  g_assert_true (is_registered (f, "backup"));
}

/* Its end is its answer: the next try comes after a second or two, not after five minutes. */
static void
test_dying_program_has_failed (Fixture       *f,
                               gconstpointer  data)
{
  call (f, "RegisterSync", g_variant_new ("(ss)", "backup", DYING));
  fp_test_until (log_begins (f, "backup 0\nbackup 0\n"));
  g_assert_true (is_registered (f, "backup"));
}

static void
test_whoever_listens (Fixture       *f,
                      gconstpointer  data)
{
  call (f, "RegisterSync", g_variant_new ("(ss)", "anything", ""));
  fp_test_until (f->fired == 1);
  g_assert_cmpstr (f->tag, ==, "anything");
  call (f, "SyncDone", g_variant_new ("(sb)", "anything", TRUE));
  fp_test_until (!is_registered (f, "anything"));
  assert_error (f, "SyncDone", g_variant_new ("(sb)", "anything", TRUE),
                "io.github.fieldpost.Fieldpost.Error.NotFound");
}

static void
test_only_the_owner_answers (Fixture       *f,
                             gconstpointer  data)
{
  fp_bus_fixture_set_link (&f->base, "offline");
  call (f, "RegisterSync", g_variant_new ("(ss)", "backup", "org.example.Nobody"));
  assert_error (f, "SyncDone", g_variant_new ("(sb)", "backup", TRUE), REFUSED);
  fp_bus_fixture_set_link (&f->base, "full");
  /* What cannot be started is a failed try, and stays. */
  assert_error (f, "SyncDone", g_variant_new ("(sb)", "backup", TRUE), REFUSED);
  g_assert_true (is_registered (f, "backup"));
  assert_error (f, "RegisterSync", g_variant_new ("(ss)", "x", "no name"),
                "io.github.fieldpost.Fieldpost.Error.Usage");
}

static void
test_survives_the_agent (Fixture       *f,
                         gconstpointer  data)
{
  fp_bus_fixture_set_link (&f->base, "offline");
  call (f, "RegisterSync", g_variant_new ("(ss)", "backup", WORKER));
  fp_bus_fixture_stop_agent (&f->base, SIGKILL);
  fp_bus_fixture_start_agent (&f->base);
  fp_test_until (log_is (f, "backup 0\n"));
}

static void
run_ctl (Fixture    *f,
         const char *first,
         const char *second,
         const char *third,
         const char *url)
{
  g_autoptr(GSubprocess) ctl = fp_bus_fixture_spawn (&f->base, "cli/fieldpostctl", NULL, first, second, third,
                                                     "--kind", "batch", "--url", url, NULL);

  fp_bus_fixture_wait_for_exit (ctl);
  g_assert_true (g_subprocess_get_successful (ctl));
}

static void
test_add_event (Fixture       *f,
                gconstpointer  data)
{
  g_autofree char *url = g_strconcat (fp_sink_get_url (f->base.sink), "/events", NULL);

  assert_error (f, "AddEvent", g_variant_new ("(ss)", "clicks", "1"), "io.github.fieldpost.Fieldpost.Error.NotFound");
  run_ctl (f, "tag", "set", "clicks", url);
  assert_error (f, "AddEvent", g_variant_new ("(ss)", "clicks", "{,}"), "io.github.fieldpost.Fieldpost.Error.Usage");
  call (f, "Pause", NULL);
  call (f, "AddEvent", g_variant_new ("(ss)", "clicks", "{\"n\": 1}"));
  call (f, "AddEvent", g_variant_new ("(ss)", "clicks", "{\"n\": 2}"));
  fp_test_until (fp_bus_fixture_get_count (&f->base, "Events") == 2);
  g_assert_cmpuint (fp_bus_fixture_get_count (&f->base, "Pending"), ==, 0);
  call (f, "Resume", NULL);
  fp_test_until (f->base.delivered == 1);
  g_assert_cmpuint (fp_sink_count_path (f->base.sink, "/events"), ==, 1);
  fp_test_until (fp_bus_fixture_get_count (&f->base, "Events") == 0);
}

static void
test_periodic (Fixture       *f,
               gconstpointer  data)
{
  g_autoptr(GVariant) reply = NULL;
  g_autoptr(GVariant) jobs = NULL;
  g_autoptr(GVariant) granted = NULL;

  assert_error (f, "PeriodicRegister", g_variant_new ("(sus)", "news", 60, ""),
                "io.github.fieldpost.Fieldpost.Error.Usage");
  granted = fp_bus_fixture_call_agent (&f->base, "PeriodicRegister", g_variant_new ("(sus)", "news", 7200, WORKER));
  reply = fp_bus_fixture_call_agent (&f->base, "PeriodicList", NULL);
  jobs = g_variant_get_child_value (reply, 0);
  /* It, and clean-up, which is always there. */
  g_assert_cmpuint (g_variant_n_children (jobs), ==, 2);
  call (f, "PeriodicRun", g_variant_new ("(s)", "news"));
  fp_test_until (log_is (f, "news 0\n"));
  call (f, "PeriodicRun", g_variant_new ("(s)", "daily-sync"));
  assert_error (f, "PeriodicRun", g_variant_new ("(s)", "nothing"), "io.github.fieldpost.Fieldpost.Error.NotFound");
  call (f, "PeriodicUnregister", g_variant_new ("(s)", "news"));
  assert_error (f, "PeriodicUnregister", g_variant_new ("(s)", "news"),
                "io.github.fieldpost.Fieldpost.Error.NotFound");
}

/* Whose names they are. */

static void
test_sandbox_is_known_by_its_root (void)
{
  g_autofree char *root = fp_test_make_folder ();
  g_autofree char *info = g_build_filename (root, ".flatpak-info", NULL);
  g_autofree char *host = fp_bus_caller_read_root (root, NULL);
  g_autofree char *app = NULL;
  static const char *const bad[] = { "", "[Application]\nname=../x\n", "[Runtime]\nname=org.example.X\n", "no file" };

  g_assert_cmpstr (host, ==, "");
  g_assert_true (g_file_set_contents (info, "[Application]\nname=org.example.App\n", -1, NULL));
  app = fp_bus_caller_read_root (root, NULL);
  g_assert_cmpstr (app, ==, "org.example.App");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_true (g_file_set_contents (info, bad[i], -1, NULL));
      g_assert_null (fp_bus_caller_read_root (root, &error));
      g_assert_nonnull (error);
    }
  g_unlink (info);
  g_assert_cmpint (g_mkdir (info, 0700), ==, 0);
  g_assert_null (fp_bus_caller_read_root (root, NULL));
  g_assert_null (fp_bus_caller_read_root ("/nowhere", NULL));
  fp_test_remove_folder (root);
}

static void
test_names_of_a_sandbox (void)
{
  g_autofree char *own = fp_bus_caller_dup_own ("org.example.App", "backup");
  g_autofree char *host = fp_bus_caller_dup_own ("", "backup");

  g_assert_cmpstr (own, ==, "org.example.App/backup");
  g_assert_cmpstr (host, ==, "backup");
  g_assert_cmpstr (fp_bus_caller_strip (own, "org.example.App"), ==, "backup");
  g_assert_cmpstr (fp_bus_caller_strip (own, "org.example.App.Worker"), ==, "backup");
  g_assert_cmpstr (fp_bus_caller_strip (own, "org.example.Apple"), ==, own);
  g_assert_cmpstr (fp_bus_caller_strip ("a/b", "a"), ==, "a/b");
  g_assert_true (fp_bus_caller_owns ("org.example.App", "org.example.App"));
  g_assert_true (fp_bus_caller_owns ("org.example.App", "org.example.App.X"));
  g_assert_false (fp_bus_caller_owns ("org.example.App", "org.example.Apple"));
  g_assert_false (fp_bus_caller_owns ("org.example.App", "org.example"));
  g_assert_true (fp_bus_caller_owns ("", "org.example.Any"));
}

/* The background portal. */

typedef struct {
  GTestDBus *dbus;
  GDBusConnection *bus;
  guint32 response;
  gboolean background;
  gboolean late;       /* the answer comes after the reply to the call */
  gboolean autostart;  /* as it was asked for */
  guint asked;
} Portal;

static gboolean
respond (Portal     *portal,
         const char *handle)
{
  GVariantBuilder results;

  g_variant_builder_init (&results, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&results, "{sv}", "background", g_variant_new_boolean (portal->background));

  return g_dbus_connection_emit_signal (portal->bus, NULL, handle, "org.freedesktop.portal.Request", "Response",
                                        g_variant_new ("(ua{sv})", portal->response, &results), NULL);
}

static void
portal_cb (GDBusConnection       *bus,
           const char            *sender,
           const char            *path,
           const char            *interface,
           const char            *method,
           GVariant              *arguments,
           GDBusMethodInvocation *invocation,
           gpointer               user_data)
{
  Portal *portal = user_data;
  g_autoptr(GVariant) options = g_variant_get_child_value (arguments, 1);
  g_autofree char *client = g_strdelimit (g_strdup (sender + 1), ".", '_');
  g_autofree char *handle = NULL;
  const char *token = NULL;

  portal->asked++;
  g_assert_true (g_variant_lookup (options, "handle_token", "&s", &token));
  g_assert_true (g_variant_lookup (options, "autostart", "b", &portal->autostart));
  handle = g_strdup_printf ("/org/freedesktop/portal/desktop/request/%s/%s", client, token);
  if (!portal->late)
    respond (portal, handle);
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(o)", handle));
  if (portal->late)
    respond (portal, handle);
}

static gboolean
ask_portal (Portal   *portal,
            gboolean  wanted,
            GError  **error)
{
  g_autoptr(GDBusConnection) client
      = g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (portal->dbus),
                                                G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                                    | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                NULL, NULL, NULL);
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  gboolean granted;

  fp_permission_ask_async (client, wanted, NULL, fp_test_await_cb, &await);
  granted = fp_permission_ask_finish (fp_test_await (&await), error);
  g_dbus_connection_close_sync (client, NULL, NULL);

  return granted;
}

static void
test_portal (void)
{
  static const char *const xml
      = "<node><interface name='org.freedesktop.portal.Background'><method name='RequestBackground'>"
        "<arg type='s' direction='in'/><arg type='a{sv}' direction='in'/><arg type='o' direction='out'/></method>"
        "</interface></node>";
  static const GDBusInterfaceVTable vtable = { .method_call = portal_cb };
  g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (xml, NULL);
  g_autoptr(GError) error = NULL;
  Portal portal = { .dbus = g_test_dbus_new (G_TEST_DBUS_NONE), .background = TRUE };
  gboolean owned = FALSE;

  g_test_dbus_up (portal.dbus);
  portal.bus = g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (portal.dbus),
                                                       G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                                           | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                       NULL, NULL, NULL);
  g_assert_false (ask_portal (&portal, TRUE, &error));
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED);
  g_clear_error (&error);

  g_dbus_connection_register_object (portal.bus, "/org/freedesktop/portal/desktop", node->interfaces[0], &vtable,
                                     &portal, NULL, NULL);
  g_bus_own_name_on_connection (portal.bus, "org.freedesktop.portal.Desktop", 0, NULL, NULL, NULL, NULL);
  while (!owned)
    {
      g_autoptr(GVariant) reply = g_dbus_connection_call_sync (portal.bus, "org.freedesktop.DBus",
                                                               "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                                               "NameHasOwner",
                                                               g_variant_new ("(s)", "org.freedesktop.portal.Desktop"),
                                                               NULL, 0, -1, NULL, NULL);

      g_variant_get (reply, "(b)", &owned);
    }
  for (guint late = 0; late < 2; late++)
    {
      portal.late = late;
      portal.response = 0;
      portal.background = TRUE;
      g_assert_true (ask_portal (&portal, TRUE, &error));
      g_assert_no_error (error);
      g_assert_true (portal.autostart);
      portal.background = FALSE;
      g_assert_false (ask_portal (&portal, TRUE, &error));
      portal.background = TRUE;
      portal.response = 1;
      g_assert_false (ask_portal (&portal, TRUE, &error));
      g_assert_no_error (error);
      portal.response = 0;
      ask_portal (&portal, FALSE, &error);
      g_assert_false (portal.autostart);
    }
  g_assert_cmpuint (portal.asked, ==, 8);

  g_dbus_connection_close_sync (portal.bus, NULL, NULL);
  g_object_unref (portal.bus);
  fp_test_drain ();
  g_test_dbus_down (portal.dbus);
  g_object_unref (portal.dbus);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, setup, func, teardown)

int
main (int    argc,
      char **argv)
{
  g_autofree char *config = fp_test_make_folder ();
  int failed;

  g_setenv ("XDG_CONFIG_HOME", config, TRUE);
  g_test_init (&argc, &argv, NULL);

  ADD ("/agent-tags/generic-tag/program-is-started-and-told", test_program_is_started_and_told);
  ADD ("/agent-tags/generic-tag/last-chance", test_failing_program_gets_its_last_chance);
  ADD ("/agent-tags/generic-tag/a-program-that-ends-has-failed", test_dying_program_has_failed);
  ADD ("/agent-tags/generic-tag/whoever-listens", test_whoever_listens);
  ADD ("/agent-tags/generic-tag/only-the-owner-answers", test_only_the_owner_answers);
  ADD ("/agent-tags/sync-register/survives-the-agent", test_survives_the_agent);
  ADD ("/agent-tags/analytics-sync/add-event", test_add_event);
  ADD ("/agent-tags/periodic/list-register-run", test_periodic);
  g_test_add_func ("/agent-tags/sandbox/known-by-its-root", test_sandbox_is_known_by_its_root);
  g_test_add_func ("/agent-tags/sandbox/names", test_names_of_a_sandbox);
  g_test_add_func ("/agent-tags/permission/portal", test_portal);

  failed = g_test_run ();
  fp_test_remove_folder (config);

  return failed;
}
