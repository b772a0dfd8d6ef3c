/* The agent as other programs meet it: a real process on a bus of its own, a server that counts what arrives. */
#include "bus/fp-agent-client.h"
#include "fp-sink.h"
#include "fp-test.h"

#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define DEMO_INTERFACE "io.github.fieldpost.Fieldpost.Demo"
#define ERROR_USAGE "io.github.fieldpost.Fieldpost.Error.Usage"

typedef struct {
  char            *folder;
  GTestDBus       *dbus;
  GDBusConnection *bus;
  GSubprocess     *agent;
  FpSink          *sink;
  guint            delivered;
  gint64           delivered_id;
  char            *delivered_uid;
  guint            changed;
  gboolean         changed_all;
  gint64           changed_id;   /* of the last signal that named one */
} Fixture;

static void
signal_cb (GDBusConnection *bus,
           const char      *sender,
           const char      *path,
           const char      *interface,
           const char      *name,
           GVariant        *arguments,
           gpointer         user_data)
{
  Fixture *f = user_data;

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

static void
wait_for_exit (GSubprocess *process)
{
  gboolean exited = FALSE;

  g_subprocess_wait_async (process, NULL, exited_cb, &exited);
  fp_test_until (exited);
}

static GSubprocess *
spawn (Fixture    *f,
       const char *program,
       const char *address,
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
  process = g_subprocess_launcher_spawnv (launcher, (const char * const *) argv->pdata, &error);
  g_assert_no_error (error);

  return process;
}

static char *
read_all (GSubprocess *process)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GDataInputStream) stream = g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));
  char *text = g_data_input_stream_read_upto (stream, "", 0, NULL, NULL, &error);

  g_assert_no_error (error);
  return text ? text : g_strdup ("");
}

static gboolean
has_owner (Fixture *f)
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

static void
start_agent (Fixture *f)
{
  f->agent = spawn (f, "agent/fieldpost-agent", NULL, "--demo", "--no-tray", NULL);
  fp_test_until (has_owner (f));
}

static void
stop_agent (Fixture *f,
            int      with)
{
  g_subprocess_send_signal (f->agent, with);
  wait_for_exit (f->agent);
  if (with == SIGTERM)
    {
      g_assert_true (g_subprocess_get_if_exited (f->agent));
      g_assert_cmpint (g_subprocess_get_exit_status (f->agent), ==, 0);
    }
  g_clear_object (&f->agent);
  fp_test_until (!has_owner (f));
}

static void
setup (Fixture       *f,
       gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  f->folder = fp_test_make_folder ();
  f->dbus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (f->dbus);
  f->bus = g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (f->dbus),
                                                   G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                                   | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                   NULL, NULL, &error);
  g_assert_no_error (error);
  g_dbus_connection_signal_subscribe (f->bus, NULL, "io.github.fieldpost.Fieldpost.Agent", NULL,
                                      FP_AGENT_OBJECT_PATH, NULL, 0, signal_cb, f, NULL);
  f->sink = fp_sink_new ();
  start_agent (f);
}

static void
teardown (Fixture       *f,
          gconstpointer  data)
{
  if (f->agent)
    stop_agent (f, SIGTERM);
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
static GVariant *
call (Fixture      *f,
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

static GVariant *
call_agent (Fixture    *f,
            const char *method,
            GVariant   *arguments)
{
  g_autoptr(GError) error = NULL;
  GVariant *reply = call (f, FP_AGENT_BUS_NAME, method, arguments, NULL, &error);

  g_assert_no_error (error);
  return reply;
}

static GVariant *
get_property (Fixture    *f,
              const char *name)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = call (f, "org.freedesktop.DBus.Properties", "Get",
                                    g_variant_new ("(ss)", FP_AGENT_BUS_NAME, name), NULL, &error);
  GVariant *value = NULL;

  g_assert_no_error (error);
  g_variant_get (reply, "(v)", &value);
  return value;
}

static guint
get_count (Fixture    *f,
           const char *name)
{
  g_autoptr(GVariant) value = get_property (f, name);

  return g_variant_get_uint32 (value);
}

static gboolean
property_is (Fixture    *f,
             const char *name,
             const char *expected)
{
  g_autoptr(GVariant) value = get_property (f, name);

  return g_str_equal (g_variant_get_string (value, NULL), expected);
}

static void
set_link (Fixture    *f,
          const char *word)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = call (f, DEMO_INTERFACE, "SetLink", g_variant_new ("(s)", word), NULL, &error);

  g_assert_no_error (error);
}

/* @request: an a{sv} in text form, "%s" = the sink's URL. */
static GVariant *
parse (Fixture    *f,
       const char *request)
{
  g_autoptr(GString) text = g_string_new (request);
  g_autoptr(GError) error = NULL;
  GVariant *parsed;

  g_string_replace (text, "%s", fp_sink_get_url (f->sink), 0);
  parsed = g_variant_parse (G_VARIANT_TYPE_VARDICT, text->str, NULL, NULL, &error);
  g_assert_no_error (error);

  return parsed;
}

static gint64
enqueue (Fixture     *f,
         const char  *request,
         char       **uid)
{
  g_autoptr(GVariant) vardict = parse (f, request);
  g_autoptr(GVariant) reply = call_agent (f, "Enqueue", g_variant_new ("(@a{sv}ah)", vardict, NULL));
  g_autofree char *word = NULL;
  gint64 id = 0;

  g_variant_get (reply, "(xs)", &id, &word);
  g_assert_cmpint (id, >, 0);
  if (uid)
    *uid = g_steal_pointer (&word);

  return id;
}

static void
assert_refused (Fixture    *f,
                const char *request,
                const char *names)
{
  g_autoptr(GVariant) vardict = parse (f, request);
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = call (f, FP_AGENT_BUS_NAME, "Enqueue", g_variant_new ("(@a{sv}ah)", vardict, NULL),
                                    NULL, &error);
  g_autofree char *name = NULL;

  g_assert_null (reply);
  name = g_dbus_error_get_remote_error (error);
  g_assert_cmpstr (name, ==, ERROR_USAGE);
  if (!strstr (error->message, names))
    g_error ("“%s” does not name “%s”", error->message, names);
}

/* Tests. */

static void
enqueued_is_delivered (Fixture       *f,
                       gconstpointer  data)
{
  g_autofree char *uid = NULL;
  gint64 id = enqueue (f, "{'url': <'%s/hook'>, 'body': <b'{}'>, 'media-type': <'application/json'>,"
                       " 'headers': <{'X-A': 'b'}>, 'meta': <{'note': 'x'}>, 'tag': <'mine'>}", &uid);
  FpSinkArrival *arrival;

  fp_test_until (f->delivered == 1);
  g_assert_cmpint (f->delivered_id, ==, id);
  g_assert_cmpstr (f->delivered_uid, ==, uid);
  g_assert_true (fp_sink_has_stored (f->sink, uid));
  arrival = fp_sink_get (f->sink, 0);
  g_assert_cmpstr (arrival->method, ==, "POST");
  g_assert_cmpstr (arrival->type, ==, "application/json");
  fp_test_until (f->changed_id == id);
}

static void
descriptor_is_sent (Fixture       *f,
                    gconstpointer  data)
{
  g_autoptr(GUnixFDList) fds = g_unix_fd_list_new ();
  g_autofree char *path = g_build_filename (f->folder, "photo.bin", NULL);
  g_autofree char *content = g_strnfill (300000, 'p');
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = NULL;
  g_autoptr(GVariant) request = NULL;
  FpSinkArrival *arrival;
  int fd;

  g_assert_true (g_file_set_contents (path, content, 300000, NULL));
  fd = g_open (path, O_RDONLY, 0);
  g_assert_cmpint (g_unix_fd_list_append (fds, fd, &error), ==, 0);
  g_close (fd, NULL);
  /* Who has the descriptor needs no file any more. */
  g_unlink (path);

  request = parse (f, "{'url': <'%s/photo'>, 'parts': <[{'name': <'image'>, 'filename': <'a.jpg'>, 'media-type':"
                   " <'image/jpeg'>, 'file': <handle 0>}, {'name': <'k'>, 'data': <b'v'>}]>}");
  reply = call (f, FP_AGENT_BUS_NAME, "Enqueue", g_variant_new ("(@a{sv}@ah)", request,
                                                                g_variant_new_parsed ("[handle 0]")), fds, &error);
  g_assert_no_error (error);
  fp_test_until (f->delivered == 1);
  arrival = fp_sink_get (f->sink, 0);
  g_assert_true (g_str_has_prefix (arrival->type, "multipart/form-data; boundary="));
  g_assert_cmpuint (g_bytes_get_size (arrival->body), >, 300000);
  g_assert_nonnull (g_strstr_len (g_bytes_get_data (arrival->body, NULL), 400, "filename=\"a.jpg\""));
}

static void
bad_requests_name_the_key (Fixture       *f,
                           gconstpointer  data)
{
  assert_refused (f, "{'url': <'%s/x'>, 'colour': <'red'>}", "\"colour\"");
  assert_refused (f, "{'url': <'%s/x'>, 'method': <uint32 3>}", "\"method\"");
  assert_refused (f, "{'method': <'POST'>}", "\"url\"");
  assert_refused (f, "{'url': <'gopher://x'>}", "web address");
  assert_refused (f, "{'url': <'%s/x'>, 'reach': <'moon'>}", "\"reach\"");
  assert_refused (f, "{'url': <'%s/x'>, 'body': <b'a'>, 'parts': <[{'name': <'a'>, 'data': <b'v'>}]>}", "\"parts\"");
  assert_refused (f, "{'url': <'%s/x'>, 'parts': <[{'name': <'a'>, 'data': <b'v'>, 'size': <1>}]>}", "parts[0]");
  assert_refused (f, "{'url': <'%s/x'>, 'parts': <[{'data': <b'v'>}]>}", "\"name\"");
  assert_refused (f, "{'url': <'%s/x'>, 'parts': <[{'name': <'a'>}]>}", "\"file\"");
  assert_refused (f, "{'url': <'%s/x'>, 'parts': <[{'name': <'a'>, 'file': <handle 7>}]>}", "\"file\"");
  assert_refused (f, "{'url': <'%s/x'>, 'media-type': <'text/plain'>}", "\"media-type\"");
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 0);
  g_assert_cmpuint (get_count (f, "Pending"), ==, 0);
}

static void
bad_query_names_the_key (Fixture       *f,
                         gconstpointer  data)
{
  static const struct { const char *query, *names; } bad[] = {
    { "{'state': <'lost'>}", "lost" }, { "{'colour': <'red'>}", "colour" }, { "{'limit': <'3'>}", "limit" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GVariant) query = parse (f, bad[i].query);
      g_autoptr(GVariant) reply = call (f, FP_AGENT_BUS_NAME, "List", g_variant_new ("(@a{sv})", query), NULL, &error);

      g_assert_null (reply);
      g_assert_nonnull (strstr (error->message, bad[i].names));
    }
}

static void
offline_waits_and_says_so (Fixture       *f,
                           gconstpointer  data)
{
  set_link (f, "offline");
  enqueue (f, "{'url': <'%s/1'>, 'reach': <'public'>}", NULL);
  enqueue (f, "{'url': <'%s/2'>, 'reach': <'public'>}", NULL);
  fp_test_until (property_is (f, "Status", "offline"));
  fp_test_until (get_count (f, "Pending") == 2);
  g_assert_true (property_is (f, "Connectivity", "offline"));
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 0);

  set_link (f, "portal");
  fp_test_until (property_is (f, "Status", "portal"));
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 0);

  set_link (f, "full");
  fp_test_until (f->delivered == 2);
  fp_test_until (get_count (f, "Pending") + get_count (f, "Sending") == 0);
  fp_test_until (property_is (f, "Status", "idle"));
}

static void
pause_is_kept_over_a_restart (Fixture       *f,
                              gconstpointer  data)
{
  g_autoptr(GVariant) paused = call_agent (f, "Pause", NULL);
  g_autoptr(GVariant) resumed = NULL;

  enqueue (f, "{'url': <'%s/x'>}", NULL);
  fp_test_until (property_is (f, "Status", "paused"));
  stop_agent (f, SIGTERM);
  start_agent (f);
  fp_test_until (property_is (f, "Status", "paused"));
  fp_test_until (get_count (f, "Pending") == 1);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 0);

  resumed = call_agent (f, "Resume", NULL);
  fp_test_until (f->delivered == 1);
}

static void
acts_over_the_bus (Fixture       *f,
                   gconstpointer  data)
{
  g_autoptr(GVariant) paused = call_agent (f, "Pause", NULL);
  gint64 id = enqueue (f, "{'url': <'%s/x'>}", NULL);
  g_autoptr(GVariant) discarded = call_agent (f, "Discard", g_variant_new_parsed ("([%x],)", id));
  g_autoptr(GVariant) again = NULL;
  g_autoptr(GVariant) undone = NULL;
  g_autoptr(GVariant) item = NULL;
  g_autoptr(GVariant) keys = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *name = NULL;
  const char *state = NULL;

  again = call (f, FP_AGENT_BUS_NAME, "Discard", g_variant_new_parsed ("([%x],)", id), NULL, &error);
  g_assert_null (again);
  name = g_dbus_error_get_remote_error (error);
  g_assert_cmpstr (name, ==, "io.github.fieldpost.Fieldpost.Error.Refused");
  g_clear_error (&error);
  g_assert_null (call (f, FP_AGENT_BUS_NAME, "Get", g_variant_new ("(x)", (gint64) 4711), NULL, &error));
  g_clear_pointer (&name, g_free);
  name = g_dbus_error_get_remote_error (error);
  g_assert_cmpstr (name, ==, "io.github.fieldpost.Fieldpost.Error.NotFound");

  undone = call_agent (f, "Undo", g_variant_new_parsed ("([%x],)", id));
  item = call_agent (f, "Get", g_variant_new ("(x)", id));
  keys = g_variant_get_child_value (item, 0);
  g_assert_true (g_variant_lookup (keys, "state", "&s", &state));
  g_assert_cmpstr (state, ==, "pending");
}

/* The store is the truth: what another process wrote is sent once the agent hears of it. */
static void
nudge_wakes_it (Fixture       *f,
                gconstpointer  data)
{
  g_autofree char *url = g_strconcat (fp_sink_get_url (f->sink), "/other", NULL);
  g_autoptr(GSubprocess) other = spawn (f, "cli/fieldpostctl", NULL, "add", "-X", "POST", url, NULL);

  wait_for_exit (other);
  g_assert_cmpint (g_subprocess_get_exit_status (other), ==, 0);
  fp_test_until (f->delivered == 1);
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/other"), ==, 1);
  g_assert_true (f->changed_all);
}

static void
second_agent_leaves (Fixture       *f,
                     gconstpointer  data)
{
  g_autoptr(GSubprocess) second = spawn (f, "agent/fieldpost-agent", NULL, "--no-tray", NULL);
  g_autofree char *said = NULL;

  wait_for_exit (second);
  g_assert_cmpint (g_subprocess_get_exit_status (second), ==, 0);
  said = read_all (second);
  g_assert_nonnull (strstr (said, "another agent"));
  g_assert_true (has_owner (f));
}

/* An agent on another bus, or none: the sender lock alone decides who sends. */
static void
two_senders_deliver_once (Fixture       *f,
                          gconstpointer  data)
{
  g_autoptr(GSubprocess) second = spawn (f, "agent/fieldpost-agent", "disabled:", "--no-tray", NULL);

  for (guint i = 0; i < 20; i++)
    enqueue (f, "{'url': <'%s/x'>}", NULL);
  fp_test_until (f->delivered == 20);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 20);
  g_subprocess_send_signal (second, SIGTERM);
  wait_for_exit (second);
  g_assert_cmpint (g_subprocess_get_exit_status (second), ==, 0);
}

static void
works_without_a_bus (Fixture       *f,
                     gconstpointer  data)
{
  g_autoptr(GSubprocess) alone = NULL;

  set_link (f, "offline");
  enqueue (f, "{'url': <'%s/x'>, 'reach': <'public'>}", NULL);
  enqueue (f, "{'url': <'%s/y'>, 'reach': <'always'>, 'method': <'PUT'>}", NULL);
  fp_test_until (f->delivered == 1);
  stop_agent (f, SIGTERM);
  alone = spawn (f, "agent/fieldpost-agent", "disabled:", "--demo", NULL);
  fp_test_until (fp_sink_count_path (f->sink, "/x") == 1);
  g_subprocess_send_signal (alone, SIGTERM);
  wait_for_exit (alone);
  g_assert_cmpint (g_subprocess_get_exit_status (alone), ==, 0);
}

/* SIGKILL with a request in the air: the next agent sends the same bytes under the same key. */
static void
killed_in_flight_is_delivered_once (Fixture       *f,
                                    gconstpointer  data)
{
  g_autofree char *uid = NULL;

  fp_sink_hold (f->sink, TRUE);
  enqueue (f, "{'url': <'%s/x'>, 'body': <b'once'>}", &uid);
  fp_test_until (fp_sink_get_n (f->sink) == 1);
  stop_agent (f, SIGKILL);
  fp_sink_hold (f->sink, FALSE);
  start_agent (f);
  fp_test_until (f->delivered == 1);

  g_assert_cmpstr (f->delivered_uid, ==, uid);
  g_assert_cmpuint (fp_sink_get_n_stored (f->sink), ==, 1);
  g_assert_cmpuint (fp_sink_get_n_changed (f->sink), ==, 0);
  g_assert_cmpuint (get_count (f, "Pending") + get_count (f, "Failed") + get_count (f, "Held"), ==, 0);
}

/* SIGTERM with a request in the air: it is given back and goes out again, unchanged. */
static void
stopped_in_flight_is_given_back (Fixture       *f,
                                 gconstpointer  data)
{
  fp_sink_hold (f->sink, TRUE);
  enqueue (f, "{'url': <'%s/x'>, 'body': <b'twice'>}", NULL);
  fp_test_until (fp_sink_get_n (f->sink) == 1);
  stop_agent (f, SIGTERM);
  fp_sink_hold (f->sink, FALSE);
  start_agent (f);
  fp_test_until (f->delivered == 1);
  g_assert_cmpuint (fp_sink_get_n_changed (f->sink), ==, 0);
}

/* The client of window and command line. */

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
client_follows_the_agent (Fixture       *f,
                          gconstpointer  data)
{
  FpEngine *engine = open_engine (f->folder);
  FpAgentClient *client = fp_agent_client_new (engine, f->bus, FALSE);

  fp_test_until (fp_agent_client_get_presence (client) == FP_AGENT_PRESENT);
  fp_agent_client_set_demo_link (client, FP_LINK_OFFLINE);
  enqueue (f, "{'url': <'%s/x'>, 'reach': <'public'>}", NULL);
  fp_test_until (fp_agent_client_get_status (client)->state == FP_SYNC_OFFLINE);
  fp_test_until (fp_agent_client_get_status (client)->counts->waiting == 1);
  g_assert_cmpint (fp_agent_client_get_status (client)->link, ==, FP_LINK_OFFLINE);
  g_assert_true (fp_agent_client_get_status (client)->sender);

  fp_agent_client_set_demo_link (client, FP_LINK_FULL);
  fp_test_until (fp_agent_client_get_status (client)->counts->sent == 1);

  stop_agent (f, SIGKILL);
  fp_test_until (fp_agent_client_get_presence (client) == FP_AGENT_ABSENT);
  fp_test_until (!fp_agent_client_get_status (client)->sender);
  fp_test_finalize (client);
  close_engine (engine);
}

static void
client_leaves_another_store_alone (Fixture       *f,
                                   gconstpointer  data)
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

/* One commit in the window must not echo between it and the agent for ever. */
static void
nudges_do_not_echo (Fixture       *f,
                    gconstpointer  data)
{
  FpEngine *engine = open_engine (f->folder);
  FpAgentClient *client = fp_agent_client_new (engine, f->bus, FALSE);
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  gint64 end;
  guint told;

  fp_test_until (fp_agent_client_get_presence (client) == FP_AGENT_PRESENT);
  fp_engine_write_setting_async (engine, "test", "1", NULL, fp_test_await_cb, &await);
  g_assert_true (fp_engine_write_setting_finish (engine, fp_test_await (&await), NULL));
  fp_test_until (f->changed > 0);
  told = f->changed;
  end = g_get_monotonic_time () + 500 * G_TIME_SPAN_MILLISECOND;
  while (g_get_monotonic_time () < end)
    fp_test_iterate (end + G_USEC_PER_SEC, "half a second", __FILE__, __LINE__);
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

#define ADD(path, func) g_test_add ("/agent/" path, Fixture, NULL, setup, func, teardown)
  ADD ("enqueue/is-delivered", enqueued_is_delivered);
  ADD ("enqueue/descriptor-is-sent", descriptor_is_sent);
  ADD ("enqueue/bad-requests-name-the-key", bad_requests_name_the_key);
  ADD ("list/bad-query-names-the-key", bad_query_names_the_key);
  ADD ("link/offline-waits-and-says-so", offline_waits_and_says_so);
  ADD ("pause/is-kept-over-a-restart", pause_is_kept_over_a_restart);
  ADD ("act/over-the-bus", acts_over_the_bus);
  ADD ("nudge/wakes-it", nudge_wakes_it);
  ADD ("process/second-agent-leaves", second_agent_leaves);
  ADD ("process/two-senders-deliver-once", two_senders_deliver_once);
  ADD ("process/works-without-a-bus", works_without_a_bus);
  ADD ("process/killed-in-flight-is-delivered-once", killed_in_flight_is_delivered_once);
  ADD ("process/stopped-in-flight-is-given-back", stopped_in_flight_is_given_back);
  ADD ("client/follows-the-agent", client_follows_the_agent);
  ADD ("client/leaves-another-store-alone", client_leaves_another_store_alone);
  ADD ("client/nudges-do-not-echo", nudges_do_not_echo);
#undef ADD

  return g_test_run ();
}
