/* The agent as other programs meet it. */
#include "fp-bus-fixture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define ERROR_USAGE "io.github.fieldpost.Fieldpost.Error.Usage"

static void
assert_refused (FpBusFixture *f,
                const char   *request,
                const char   *names)
{
  g_autoptr(GVariant) vardict = fp_bus_fixture_parse (f, request);
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = fp_bus_fixture_call (f, FP_AGENT_BUS_NAME, "Enqueue", g_variant_new ("(@a{sv}ah)", vardict, NULL),
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
enqueued_is_delivered (FpBusFixture *f,
                       gconstpointer data)
{
  g_autofree char *uid = NULL;
  gint64 id = fp_bus_fixture_enqueue (f, "{'url': <'%s/hook'>, 'body': <b'{}'>, 'media-type': <'application/json'>,"
                       " 'headers': <{'X-A': 'b'}>, 'meta': <{'note': 'x'}>, 'tag': <'mine'>}", &uid);
  FpSinkArrival *arrival;

  fp_test_until (f->delivered == 1);
  g_assert_cmpint (f->delivered_id, ==, id);
  g_assert_cmpstr (f->delivered_uid, ==, uid);
  g_assert_true (fp_sink_has_stored (f->sink, uid));
  arrival = fp_sink_get (f->sink, 0);
  g_assert_cmpstr (arrival->method, ==, "POST");
  g_assert_cmpstr (arrival->type, ==, "application/json");
  /* Where the start of the agent was told in the same breath: everything. */
  fp_test_until (f->changed_all || f->changed_id == id);
}

static void
descriptor_is_sent (FpBusFixture *f,
                    gconstpointer data)
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

  request = fp_bus_fixture_parse (f, "{'url': <'%s/photo'>, 'parts': <[{'name': <'image'>, 'filename': <'a.jpg'>, 'media-type':"
                   " <'image/jpeg'>, 'file': <handle 0>}, {'name': <'k'>, 'data': <b'v'>}]>}");
  reply = fp_bus_fixture_call (f, FP_AGENT_BUS_NAME, "Enqueue", g_variant_new ("(@a{sv}@ah)", request,
                                                                g_variant_new_parsed ("[handle 0]")), fds, &error);
  g_assert_no_error (error);
  fp_test_until (f->delivered == 1);
  arrival = fp_sink_get (f->sink, 0);
  g_assert_true (g_str_has_prefix (arrival->type, "multipart/form-data; boundary="));
  g_assert_cmpuint (g_bytes_get_size (arrival->body), >, 300000);
  g_assert_nonnull (g_strstr_len (g_bytes_get_data (arrival->body, NULL), 400, "filename=\"a.jpg\""));
}

static void
bad_requests_name_the_key (FpBusFixture *f,
                           gconstpointer data)
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
  g_assert_cmpuint (fp_bus_fixture_get_count (f, "Pending"), ==, 0);
}

static void
bad_query_names_the_key (FpBusFixture *f,
                         gconstpointer data)
{
  static const struct { const char *query, *names; } bad[] = {
    { "{'state': <'lost'>}", "lost" }, { "{'colour': <'red'>}", "colour" }, { "{'limit': <'3'>}", "limit" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GVariant) query = fp_bus_fixture_parse (f, bad[i].query);
      g_autoptr(GVariant) reply = fp_bus_fixture_call (f, FP_AGENT_BUS_NAME, "List", g_variant_new ("(@a{sv})", query), NULL, &error);

      g_assert_null (reply);
      g_assert_nonnull (strstr (error->message, bad[i].names));
    }
}

static void
offline_waits_and_says_so (FpBusFixture *f,
                           gconstpointer data)
{
  fp_bus_fixture_set_link (f, "offline");
  fp_bus_fixture_enqueue (f, "{'url': <'%s/1'>, 'reach': <'public'>}", NULL);
  fp_bus_fixture_enqueue (f, "{'url': <'%s/2'>, 'reach': <'public'>}", NULL);
  fp_test_until (fp_bus_fixture_property_is (f, "Status", "offline"));
  fp_test_until (fp_bus_fixture_get_count (f, "Pending") == 2);
  g_assert_true (fp_bus_fixture_property_is (f, "Connectivity", "offline"));
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 0);

  fp_bus_fixture_set_link (f, "portal");
  fp_test_until (fp_bus_fixture_property_is (f, "Status", "portal"));
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 0);

  fp_bus_fixture_set_link (f, "full");
  fp_test_until (f->delivered == 2);
  fp_test_until (fp_bus_fixture_get_count (f, "Pending") + fp_bus_fixture_get_count (f, "Sending") == 0);
  fp_test_until (fp_bus_fixture_property_is (f, "Status", "idle"));
}

static void
pause_is_kept_over_a_restart (FpBusFixture *f,
                              gconstpointer data)
{
  g_autoptr(GVariant) paused G_GNUC_UNUSED = fp_bus_fixture_call_agent (f, "Pause", NULL);
  g_autoptr(GVariant) resumed = NULL;

  fp_bus_fixture_enqueue (f, "{'url': <'%s/x'>}", NULL);
  fp_test_until (fp_bus_fixture_property_is (f, "Status", "paused"));
  fp_bus_fixture_stop_agent (f, SIGTERM);
  fp_bus_fixture_start_agent (f);
  fp_test_until (fp_bus_fixture_property_is (f, "Status", "paused"));
  fp_test_until (fp_bus_fixture_get_count (f, "Pending") == 1);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 0);

  resumed = fp_bus_fixture_call_agent (f, "Resume", NULL);
  fp_test_until (f->delivered == 1);
}

static void
acts_over_the_bus (FpBusFixture *f,
                   gconstpointer data)
{
  g_autoptr(GVariant) paused G_GNUC_UNUSED = fp_bus_fixture_call_agent (f, "Pause", NULL);
  gint64 id = fp_bus_fixture_enqueue (f, "{'url': <'%s/x'>}", NULL);
  g_autoptr(GVariant) discarded G_GNUC_UNUSED = fp_bus_fixture_call_agent (f, "Discard", g_variant_new_parsed ("([%x],)", id));
  g_autoptr(GVariant) again = NULL;
  g_autoptr(GVariant) undone = NULL;
  g_autoptr(GVariant) item = NULL;
  g_autoptr(GVariant) keys = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *name = NULL;
  const char *state = NULL;

  again = fp_bus_fixture_call (f, FP_AGENT_BUS_NAME, "Discard", g_variant_new_parsed ("([%x],)", id), NULL, &error);
  g_assert_null (again);
  name = g_dbus_error_get_remote_error (error);
  g_assert_cmpstr (name, ==, "io.github.fieldpost.Fieldpost.Error.Refused");
  g_clear_error (&error);
  g_assert_null (fp_bus_fixture_call (f, FP_AGENT_BUS_NAME, "Get", g_variant_new ("(x)", (gint64) 4711), NULL, &error));
  g_clear_pointer (&name, g_free);
  name = g_dbus_error_get_remote_error (error);
  g_assert_cmpstr (name, ==, "io.github.fieldpost.Fieldpost.Error.NotFound");

  undone = fp_bus_fixture_call_agent (f, "Undo", g_variant_new_parsed ("([%x],)", id));
  item = fp_bus_fixture_call_agent (f, "Get", g_variant_new ("(x)", id));
  keys = g_variant_get_child_value (item, 0);
  g_assert_true (g_variant_lookup (keys, "state", "&s", &state));
  g_assert_cmpstr (state, ==, "pending");
}

static char *
dup_item_string (FpBusFixture *f,
                 gint64        id,
                 const char   *key)
{
  g_autoptr(GVariant) item = fp_bus_fixture_call_agent (f, "Get", g_variant_new ("(x)", id));
  g_autoptr(GVariant) keys = g_variant_get_child_value (item, 0);
  char *value = NULL;

  g_variant_lookup (keys, key, "s", &value);
  return value;
}

static gboolean
item_is (FpBusFixture *f,
         gint64        id,
         const char   *key,
         const char   *expected)
{
  g_autofree char *value = dup_item_string (f, id, key);

  return g_strcmp0 (value, expected) == 0;
}

static void
hold_and_release (FpBusFixture *f,
                  gconstpointer data)
{
  g_autoptr(GVariant) paused G_GNUC_UNUSED = fp_bus_fixture_call_agent (f, "Pause", NULL);
  gint64 id = fp_bus_fixture_enqueue (f, "{'url': <'%s/x'>}", NULL);
  g_autoptr(GVariant) held G_GNUC_UNUSED = fp_bus_fixture_call_agent (f, "Hold", g_variant_new_parsed ("([%x],)", id));
  g_autoptr(GVariant) resumed G_GNUC_UNUSED = fp_bus_fixture_call_agent (f, "Resume", NULL);
  g_autoptr(GVariant) released = NULL;
  gint64 other = fp_bus_fixture_enqueue (f, "{'url': <'%s/other'>}", NULL);

  fp_test_until (f->delivered == 1);
  g_assert_cmpint (f->delivered_id, ==, other);
  g_assert_true (item_is (f, id, "hold", "user"));
  fp_test_until (fp_bus_fixture_get_count (f, "Held") == 1);
  released = fp_bus_fixture_call_agent (f, "Release", g_variant_new_parsed ("([%x],)", id));
  fp_test_until (f->delivered == 2);
}

/* By this process over the bus, and by the command line, which only writes the store. */
static void
cancel_breaks_off (FpBusFixture *f,
                   gconstpointer data)
{
  g_autoptr(GVariant) cancelled = NULL;
  g_autoptr(GSubprocess) other = NULL;
  g_autofree char *number = NULL;
  gint64 ids[2];

  fp_sink_hold (f->sink, TRUE);
  ids[0] = fp_bus_fixture_enqueue (f, "{'url': <'%s/a'>, 'body': <b'a'>}", NULL);
  ids[1] = fp_bus_fixture_enqueue (f, "{'url': <'%s/b'>, 'body': <b'b'>}", NULL);
  fp_test_until (fp_sink_get_n (f->sink) == 2);
  cancelled = fp_bus_fixture_call_agent (f, "Cancel", g_variant_new_parsed ("([%x],)", ids[0]));
  fp_test_until (item_is (f, ids[0], "state", "held"));

  number = g_strdup_printf ("%" G_GINT64_FORMAT, ids[1]);
  other = fp_bus_fixture_spawn (f, "cli/fieldpostctl", NULL, "cancel", number, NULL);
  fp_bus_fixture_wait_for_exit (other);
  g_assert_cmpint (g_subprocess_get_exit_status (other), ==, 0);
  g_assert_true (item_is (f, ids[1], "state", "held"));
  g_assert_true (item_is (f, ids[1], "hold", "user"));
  fp_sink_hold (f->sink, FALSE);
  fp_bus_fixture_enqueue (f, "{'url': <'%s/c'>}", NULL);
  fp_test_until (f->delivered == 1);
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/a") + fp_sink_count_path (f->sink, "/b"), ==, 2);
}

/* The store is the truth: what another process wrote is sent once the agent hears of it. */
static void
nudge_wakes_it (FpBusFixture *f,
                gconstpointer data)
{
  g_autofree char *url = g_strconcat (fp_sink_get_url (f->sink), "/other", NULL);
  g_autoptr(GSubprocess) other = fp_bus_fixture_spawn (f, "cli/fieldpostctl", NULL, "add", "-X", "POST", url, NULL);

  fp_bus_fixture_wait_for_exit (other);
  g_assert_cmpint (g_subprocess_get_exit_status (other), ==, 0);
  fp_test_until (f->delivered == 1);
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/other"), ==, 1);
  /* Gathered for a moment, so it may come after the delivery. */
  fp_test_until (f->changed_all);
}

int
main (int    argc,
      char **argv)
{
  g_setenv ("FIELDPOST_SECRETS", "file", TRUE);
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add ("/agent/" path, FpBusFixture, NULL, fp_bus_fixture_setup, func, \
                               fp_bus_fixture_teardown)
  ADD ("enqueue/is-delivered", enqueued_is_delivered);
  ADD ("enqueue/descriptor-is-sent", descriptor_is_sent);
  ADD ("enqueue/bad-requests-name-the-key", bad_requests_name_the_key);
  ADD ("list/bad-query-names-the-key", bad_query_names_the_key);
  ADD ("link/offline-waits-and-says-so", offline_waits_and_says_so);
  ADD ("pause/is-kept-over-a-restart", pause_is_kept_over_a_restart);
  ADD ("act/over-the-bus", acts_over_the_bus);
  ADD ("act/hold-and-release", hold_and_release);
  ADD ("act/cancel-breaks-off", cancel_breaks_off);
  ADD ("nudge/wakes-it", nudge_wakes_it);
#undef ADD

  return g_test_run ();
}
