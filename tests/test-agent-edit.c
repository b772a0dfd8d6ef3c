/* What waits is changed and counted over the bus. */
#include "fp-bus-fixture.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define ERROR_PREFIX "io.github.fieldpost.Fieldpost.Error."

/* @request: "%s" = the sink's URL. The id that comes back, or 0 with @error. @fd: -1 = none. */
static gint64
edit (FpBusFixture *f,
      gint64        id,
      const char   *request,
      int           fd,
      GError      **error)
{
  g_autoptr(GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr(GVariant) vardict = fp_bus_fixture_parse (f, request);
  g_autoptr(GVariant) reply = NULL;
  gint64 edited = 0;

  if (fd >= 0)
    g_assert_cmpint (g_unix_fd_list_append (fds, fd, NULL), ==, 0);
  reply = fp_bus_fixture_call (f, FP_AGENT_BUS_NAME, "Edit", g_variant_new ("(x@a{sv})", id, vardict), fds, error);
  if (reply)
    g_variant_get (reply, "(x)", &edited);

  return edited;
}

static gint64
edit_fine (FpBusFixture *f,
           gint64        id,
           const char   *request,
           int           fd)
{
  g_autoptr(GError) error = NULL;
  gint64 edited = edit (f, id, request, fd, &error);

  g_assert_no_error (error);
  return edited;
}

static void
assert_refused (FpBusFixture *f,
                gint64        id,
                const char   *request,
                int           fd,
                const char   *code,
                const char   *names)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *name = NULL;
  g_autofree char *expected = g_strconcat (ERROR_PREFIX, code, NULL);

  g_assert_cmpint (edit (f, id, request, fd, &error), ==, 0);
  name = g_dbus_error_get_remote_error (error);
  g_assert_cmpstr (name, ==, expected);
  if (!strstr (error->message, names))
    g_error ("“%s” does not name “%s”", error->message, names);
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
call (FpBusFixture *f,
      const char   *method,
      GVariant     *arguments)
{
  g_variant_unref (fp_bus_fixture_call_agent (f, method, arguments));
}

/* The text form of bytes ends with a zero byte. */
static gboolean
body_is (FpBusFixture *f,
         guint         arrival,
         const char   *expected)
{
  GBytes *body = fp_sink_get (f->sink, arrival)->body;

  return g_bytes_get_size (body) == strlen (expected) + 1
         && memcmp (g_bytes_get_data (body, NULL), expected, strlen (expected) + 1) == 0;
}

static void
waiting_is_replaced (FpBusFixture *f,
                     gconstpointer data)
{
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  gint64 id;

  call (f, "Pause", NULL);
  id = fp_bus_fixture_enqueue (f, "{'url': <'%s/old'>, 'body': <b'old'>, 'meta': <{'note': 'x', 'who': 'y'}>,"
                                  " 'tag': <'mine'>}", &before);
  g_assert_cmpint (edit_fine (f, id, "{'url': <'%s/new'>, 'body': <b'new'>, 'meta': <{'note': ''}>,"
                                     " 'reach': <'always'>, 'method': <'PUT'>}", -1), ==, id);
  after = dup_item_string (f, id, "uid");
  g_assert_cmpstr (after, !=, before);
  g_assert_true (item_is (f, id, "tag", "mine"));
  g_assert_true (item_is (f, id, "state", "pending"));
  call (f, "Resume", NULL);
  fp_test_until (f->delivered == 1);
  g_assert_cmpstr (f->delivered_uid, ==, after);
  g_assert_cmpstr (fp_sink_get (f->sink, 0)->method, ==, "PUT");
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/new"), ==, 1);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 1);
  g_assert_true (body_is (f, 0, "new"));
}

/* reach alone, and nothing at all: the rest stays. */
static void
what_is_not_given_stays (FpBusFixture *f,
                         gconstpointer data)
{
  gint64 id;

  fp_bus_fixture_set_link (f, "offline");
  id = fp_bus_fixture_enqueue (f, "{'url': <'%s/x'>, 'body': <b'same'>, 'reach': <'public'>}", NULL);
  g_assert_cmpint (edit_fine (f, id, "{'title': <'other'>}", -1), ==, id);
  g_assert_true (item_is (f, id, "title", "other"));
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 0);
  g_assert_cmpint (edit_fine (f, id, "{'reach': <'always'>}", -1), ==, id);
  fp_test_until (f->delivered == 1);
  g_assert_true (item_is (f, id, "title", "other"));
  g_assert_true (body_is (f, 0, "same"));
}

/* What may have arrived is settled first; the edit waits for it. */
static void
in_flight_is_followed (FpBusFixture *f,
                       gconstpointer data)
{
  gint64 id, edited;

  fp_sink_hold (f->sink, TRUE);
  id = fp_bus_fixture_enqueue (f, "{'url': <'%s/x'>, 'body': <b'first'>}", NULL);
  fp_test_until (fp_sink_get_n (f->sink) == 1);
  edited = edit_fine (f, id, "{'body': <b'second'>}", -1);
  g_assert_cmpint (edited, !=, id);
  g_assert_true (item_is (f, edited, "hold", "after"));
  g_assert_true (item_is (f, id, "state", "sending"));
  /* The newest version is the one to be edited. */
  assert_refused (f, id, "{'body': <b'third'>}", -1, "Refused", "newer version");
  fp_sink_hold (f->sink, FALSE);
  fp_test_until (f->delivered == 2);
  g_assert_true (body_is (f, 0, "first"));
  g_assert_true (body_is (f, fp_sink_get_n (f->sink) - 1, "second"));
}

static void
descriptor_becomes_the_body (FpBusFixture *f,
                             gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->folder, "new.bin", NULL);
  g_autofree char *content = g_strnfill (2 * 1024 * 1024, 'n');
  gint64 id;
  int fd;

  g_assert_true (g_file_set_contents (path, content, -1, NULL));
  fd = g_open (path, O_RDONLY | O_CLOEXEC, 0);
  g_unlink (path);
  call (f, "Pause", NULL);
  id = fp_bus_fixture_enqueue (f, "{'url': <'%s/x'>, 'body': <b'old'>}", NULL);
  g_assert_cmpint (edit_fine (f, id, "{'parts': <[{'name': <'a'>, 'file': <handle 0>}]>}", fd), ==, id);
  g_close (fd, NULL);
  call (f, "Resume", NULL);
  fp_test_until (f->delivered == 1);
  g_assert_cmpuint (g_bytes_get_size (fp_sink_get (f->sink, 0)->body), >, 2 * 1024 * 1024);
}

/* Nothing changes on an error: the old bytes go out. */
static void
refusals_name_what_is_wrong (FpBusFixture *f,
                             gconstpointer data)
{
  g_autofree char *uid = NULL;
  gint64 id;
  int fds[2];

  call (f, "Pause", NULL);
  id = fp_bus_fixture_enqueue (f, "{'url': <'%s/x'>, 'body': <b'old'>}", &uid);
  assert_refused (f, id, "{'colour': <'red'>}", -1, "Usage", "\"colour\"");
  assert_refused (f, id, "{'method': <uint32 3>}", -1, "Usage", "\"method\"");
  assert_refused (f, id, "{'reach': <'moon'>}", -1, "Usage", "\"reach\"");
  assert_refused (f, id, "{'url': <'gopher://x'>}", -1, "Usage", "web address");
  assert_refused (f, 4711, "{'tag': <'a'>}", -1, "NotFound", "4711");
  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  assert_refused (f, id, "{'parts': <[{'name': <'a'>, 'file': <handle 0>}]>}", fds[0], "Usage", "pipe");
  g_close (fds[0], NULL);
  g_close (fds[1], NULL);
  g_assert_true (item_is (f, id, "uid", uid));
  call (f, "Resume", NULL);
  fp_test_until (f->delivered == 1);
  g_assert_true (body_is (f, 0, "old"));
  assert_refused (f, id, "{'tag': <'a'>}", -1, "Refused", "is sent");
}

/* Its bytes are not here, while they are copied and when that failed. */
static void
staged_is_refused (FpBusFixture *f,
                   gconstpointer data)
{
  g_autoptr(GUnixFDList) list = g_unix_fd_list_new ();
  g_autoptr(GVariant) reply = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) request = fp_bus_fixture_parse (f, "{'url': <'%s/x'>, 'parts': <[{'name': <'a'>, 'file': <handle 0>}]>}");
  gint64 id = 0;
  int fds[2];

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  g_assert_cmpint (g_unix_fd_list_append (list, fds[0], NULL), ==, 0);
  reply = fp_bus_fixture_call (f, FP_AGENT_BUS_NAME, "Enqueue", g_variant_new ("(@a{sv}@ah)", request,
                                                                g_variant_new_parsed ("[handle 0]")), list, &error);
  g_assert_no_error (error);
  g_variant_get_child (reply, 0, "x", &id);
  assert_refused (f, id, "{'body': <b'new'>}", -1, "Refused", "still being copied");
  g_clear_object (&list);
  fp_bus_fixture_stop_agent (f, SIGKILL);
  fp_bus_fixture_start_agent (f);
  fp_test_until (item_is (f, id, "state", "failed"));
  assert_refused (f, id, "{'tag': <'new'>}", -1, "Refused", "lost its file");
  g_close (fds[0], NULL);
  g_close (fds[1], NULL);
}

static guint
count (FpBusFixture *f,
       const char   *query)
{
  g_autoptr(GVariant) vardict = fp_bus_fixture_parse (f, query);
  g_autoptr(GVariant) reply = fp_bus_fixture_call_agent (f, "Count", g_variant_new ("(@a{sv})", vardict));
  guint n = 0;

  g_variant_get (reply, "(u)", &n);
  return n;
}

/* Many more than a page of List. */
static void
count_is_of_all (FpBusFixture *f,
                 gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) bad = NULL;
  gint64 id = 0;

  call (f, "Pause", NULL);
  for (guint i = 0; i < 130; i++)
    id = fp_bus_fixture_enqueue (f, i % 13 ? "{'url': <'%s/x'>}" : "{'url': <'%s/x'>, 'tag': <'mine'>}", NULL);
  call (f, "Discard", g_variant_new_parsed ("([%x],)", id));
  g_assert_cmpuint (count (f, "{}"), ==, 129);
  g_assert_cmpuint (count (f, "{'tag': <'mine'>}"), ==, 10);
  g_assert_cmpuint (count (f, "{'tag': <'mine'>, 'state': <'sent'>}"), ==, 0);
  g_assert_cmpuint (count (f, "{'state': <'discarded'>}"), ==, 1);
  bad = fp_bus_fixture_parse (f, "{'limit': <uint32 3>}");
  g_assert_null (fp_bus_fixture_call (f, FP_AGENT_BUS_NAME, "Count", g_variant_new ("(@a{sv})", bad), NULL, &error));
  g_assert_nonnull (strstr (error->message, "\"limit\""));
}

int
main (int    argc,
      char **argv)
{
  g_setenv ("FIELDPOST_SECRETS", "file", TRUE);
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add ("/agent/edit/" path, FpBusFixture, NULL, fp_bus_fixture_setup, func, \
                                    fp_bus_fixture_teardown)
  ADD ("waiting-is-replaced", waiting_is_replaced);
  ADD ("what-is-not-given-stays", what_is_not_given_stays);
  ADD ("in-flight-is-followed", in_flight_is_followed);
  ADD ("descriptor-becomes-the-body", descriptor_becomes_the_body);
  ADD ("refusals-name-what-is-wrong", refusals_name_what_is_wrong);
  ADD ("staged-is-refused", staged_is_refused);
#undef ADD
  g_test_add ("/agent/count/is-of-all", FpBusFixture, NULL, fp_bus_fixture_setup, count_is_of_all, fp_bus_fixture_teardown);

  return g_test_run ();
}
