#include "fp-bus-fixture.h"

#include <signal.h>
#include <sys/prctl.h>

#define DEMO_INTERFACE "io.github.fieldpost.Fieldpost.Demo"

static void
signal_cb (GDBusConnection *bus,
           const char      *sender,
           const char      *path,
           const char      *interface,
           const char      *name,
           GVariant        *arguments,
           gpointer         user_data)
{
  FpBusFixture *f = user_data;

  if (g_str_equal (name, "Delivered"))
    {
      g_free (f->delivered_uid);
      g_variant_get (arguments, "(xs)", &f->delivered_id, &f->delivered_uid);
      f->delivered++;
    }
  else if (g_str_equal (name, "Changed"))
    {
      g_autoptr(GVariant) ids = g_variant_get_child_value (arguments, 0);

      f->changed++;
      f->changed_all |= g_variant_n_children (ids) == 0;
      if (g_variant_n_children (ids) > 0)
        g_variant_get_child (ids, 0, "x", &f->changed_id);
    }
}

static void
exited_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  gboolean *exited = user_data;
  g_autoptr(GError) error = NULL;

  g_subprocess_wait_finish (G_SUBPROCESS (source), result, &error);
  g_assert_no_error (error);
  *exited = TRUE;
}

void
fp_bus_fixture_wait_for_exit (GSubprocess *process)
{
  gboolean exited = FALSE;

  g_subprocess_wait_async (process, NULL, exited_cb, &exited);
  fp_test_until (exited);
}

/* A test that fails must leave no process behind. */
static void
die_with_parent (gpointer data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

GSubprocess *
fp_bus_fixture_spawn (FpBusFixture *f,
                      const char   *program,
                      const char   *address,
                      ...)
{
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GError) error = NULL;
  GSubprocess *process;
  const char *word;
  va_list args;

  g_ptr_array_add (argv, g_build_filename (g_getenv ("FIELDPOST_BUILD"), "src", program, NULL));
  va_start (args, address);
  while ((word = va_arg (args, const char *)))
    g_ptr_array_add (argv, g_strdup (word));
  va_end (args);
  g_ptr_array_add (argv, NULL);

  g_subprocess_launcher_setenv (launcher, "FIELDPOST_DATA", f->folder, TRUE);
  g_subprocess_launcher_setenv (launcher, "FIELDPOST_SECRETS", "file", TRUE);
  g_subprocess_launcher_setenv (launcher, "FIELDPOST_LINK", "monitor", TRUE);
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C.UTF-8", TRUE);
  if (address)
    g_subprocess_launcher_setenv (launcher, "DBUS_SESSION_BUS_ADDRESS", address, TRUE);
  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  process = g_subprocess_launcher_spawnv (launcher, (const char * const *) argv->pdata, &error);
  g_assert_no_error (error);

  return process;
}

char *
fp_bus_fixture_read_all (GSubprocess *process)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GDataInputStream) stream = g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));
  char *text = g_data_input_stream_read_upto (stream, "", 0, NULL, NULL, &error);

  g_assert_no_error (error);
  return text ? text : g_strdup ("");
}

gboolean
fp_bus_fixture_has_owner (FpBusFixture *f)
{
  g_autoptr(GVariant) reply = g_dbus_connection_call_sync (f->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                                           "org.freedesktop.DBus", "NameHasOwner",
                                                           g_variant_new ("(s)", FP_AGENT_BUS_NAME),
                                                           G_VARIANT_TYPE ("(b)"), 0, -1, NULL, NULL);
  gboolean owned = FALSE;

  g_assert_nonnull (reply);
  g_variant_get (reply, "(b)", &owned);
  return owned;
}

void
fp_bus_fixture_start_agent (FpBusFixture *f)
{
  f->agent = fp_bus_fixture_spawn (f, "agent/fieldpost-agent", NULL, "--demo", "--no-tray", NULL);
  fp_test_until (fp_bus_fixture_has_owner (f));
}

void
fp_bus_fixture_stop_agent (FpBusFixture *f,
                           int           with)
{
  g_subprocess_send_signal (f->agent, with);
  fp_bus_fixture_wait_for_exit (f->agent);
  if (with == SIGTERM)
    {
      g_assert_true (g_subprocess_get_if_exited (f->agent));
      g_assert_cmpint (g_subprocess_get_exit_status (f->agent), ==, 0);
    }
  g_clear_object (&f->agent);
  fp_test_until (!fp_bus_fixture_has_owner (f));
}

void
fp_bus_fixture_setup (FpBusFixture *f,
                      gconstpointer data)
{
  g_autoptr(GError) error = NULL;

  f->folder = fp_test_make_folder ();
  f->dbus = g_test_dbus_new (G_TEST_DBUS_NONE);
  if (f->services)
    g_test_dbus_add_service_dir (f->dbus, f->services);
  g_test_dbus_up (f->dbus);
  f->bus = g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (f->dbus),
                                                   G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                                   | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                   NULL, NULL, &error);
  g_assert_no_error (error);
  g_dbus_connection_signal_subscribe (f->bus, NULL, "io.github.fieldpost.Fieldpost.Agent", NULL,
                                      FP_AGENT_OBJECT_PATH, NULL, 0, signal_cb, f, NULL);
  f->sink = fp_sink_new ();
  fp_bus_fixture_start_agent (f);
}

void
fp_bus_fixture_teardown (FpBusFixture *f,
                         gconstpointer data)
{
  if (f->agent)
    fp_bus_fixture_stop_agent (f, SIGTERM);
  g_dbus_connection_close_sync (f->bus, NULL, NULL);
  g_clear_object (&f->bus);
  fp_test_drain ();
  g_test_dbus_down (f->dbus);
  g_object_unref (f->dbus);
  fp_sink_free (f->sink);
  fp_test_remove_folder (f->folder);
  g_free (f->folder);
  g_free (f->delivered_uid);
}

/* Asynchronous, since the sink runs in the same context. */
GVariant *
fp_bus_fixture_call (FpBusFixture *f,
                     const char   *interface,
                     const char   *method,
                     GVariant     *arguments,
                     GUnixFDList  *fds,
                     GError      **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  g_dbus_connection_call_with_unix_fd_list (f->bus, FP_AGENT_BUS_NAME, FP_AGENT_OBJECT_PATH, interface, method,
                                            arguments, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, fds, NULL,
                                            fp_test_await_cb, &await);
  return g_dbus_connection_call_with_unix_fd_list_finish (f->bus, NULL, fp_test_await (&await), error);
}

GVariant *
fp_bus_fixture_call_agent (FpBusFixture *f,
                           const char   *method,
                           GVariant     *arguments)
{
  g_autoptr(GError) error = NULL;
  GVariant *reply = fp_bus_fixture_call (f, FP_AGENT_BUS_NAME, method, arguments, NULL, &error);

  g_assert_no_error (error);
  return reply;
}

static GVariant *
get_property (FpBusFixture *f,
              const char   *name)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = fp_bus_fixture_call (f, "org.freedesktop.DBus.Properties", "Get",
                                    g_variant_new ("(ss)", FP_AGENT_BUS_NAME, name), NULL, &error);
  GVariant *value = NULL;

  g_assert_no_error (error);
  g_variant_get (reply, "(v)", &value);
  return value;
}

guint
fp_bus_fixture_get_count (FpBusFixture *f,
                          const char   *name)
{
  g_autoptr(GVariant) value = get_property (f, name);

  return g_variant_get_uint32 (value);
}

gboolean
fp_bus_fixture_property_is (FpBusFixture *f,
                            const char   *name,
                            const char   *expected)
{
  g_autoptr(GVariant) value = get_property (f, name);

  return g_str_equal (g_variant_get_string (value, NULL), expected);
}

void
fp_bus_fixture_set_link (FpBusFixture *f,
                         const char   *word)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply G_GNUC_UNUSED = fp_bus_fixture_call (f, DEMO_INTERFACE, "SetLink", g_variant_new ("(s)", word), NULL, &error);

  g_assert_no_error (error);
}

/* @request: an a{sv} in text form, "%s" = the sink's URL. */
GVariant *
fp_bus_fixture_parse (FpBusFixture *f,
                      const char   *request)
{
  g_autoptr(GString) text = g_string_new (request);
  g_autoptr(GError) error = NULL;
  GVariant *parsed;

  g_string_replace (text, "%s", fp_sink_get_url (f->sink), 0);
  parsed = g_variant_parse (G_VARIANT_TYPE_VARDICT, text->str, NULL, NULL, &error);
  g_assert_no_error (error);

  return parsed;
}

gint64
fp_bus_fixture_enqueue (FpBusFixture *f,
                        const char   *request,
                        char        **uid)
{
  g_autoptr(GVariant) vardict = fp_bus_fixture_parse (f, request);
  g_autoptr(GVariant) reply = fp_bus_fixture_call_agent (f, "Enqueue", g_variant_new ("(@a{sv}ah)", vardict, NULL));
  g_autofree char *word = NULL;
  gint64 id = 0;

  g_variant_get (reply, "(xs)", &id, &word);
  g_assert_cmpint (id, >, 0);
  if (uid)
    *uid = g_steal_pointer (&word);

  return id;
}
