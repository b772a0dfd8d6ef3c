/* What other programs hand to the agent: large files, pipes, and too much of everything. */
#include "fp-bus-fixture.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ERROR_PREFIX "io.github.fieldpost.Fieldpost.Error."
#define LARGE (3 * 1024 * 1024)

static int
open_large (FpBusFixture *f,
            gint64        size)
{
  g_autofree char *path = g_build_filename (f->folder, "large.bin", NULL);
  g_autofree char *content = g_malloc (size);
  int fd;

  for (gint64 i = 0; i < size; i++)
    content[i] = (char) (i * 31 >> 3);
  g_assert_true (g_file_set_contents (path, content, size, NULL));
  fd = g_open (path, O_RDONLY | O_CLOEXEC, 0);
  g_unlink (path);

  return fd;
}

/* @parts: text form of the parts. Calls on @bus (nullable: that of the fixture). */
static GVariant *
enqueue (FpBusFixture    *f,
         GDBusConnection *bus,
         const char      *parts,
         int              fd,
         GError         **error)
{
  g_autofree char *text = g_strdup_printf ("{'url': <'%s/large'>, 'parts': <[%s]>}", fp_sink_get_url (f->sink), parts);
  g_autoptr(GUnixFDList) fds = g_unix_fd_list_new ();
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GVariant) request = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, NULL);

  g_assert_cmpint (g_unix_fd_list_append (fds, fd, NULL), ==, 0);
  if (!bus)
    bus = f->bus;
  g_dbus_connection_call_with_unix_fd_list (bus, FP_AGENT_BUS_NAME, FP_AGENT_OBJECT_PATH, FP_AGENT_BUS_NAME, "Enqueue",
                                            g_variant_new ("(@a{sv}@ah)", request, g_variant_new_parsed ("[handle 0]")),
                                            NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, fds, NULL, fp_test_await_cb,
                                            &await);
  return g_dbus_connection_call_with_unix_fd_list_finish (bus, NULL, fp_test_await (&await), error);
}

static gint64
enqueue_fine (FpBusFixture *f,
              const char   *parts,
              int           fd)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = enqueue (f, NULL, parts, fd, &error);
  gint64 id = 0;

  g_assert_no_error (error);
  g_variant_get_child (reply, 0, "x", &id);

  return id;
}

static gboolean
item_is (FpBusFixture *f,
         gint64        id,
         const char   *key,
         const char   *expected)
{
  g_autoptr(GVariant) item = fp_bus_fixture_call_agent (f, "Get", g_variant_new ("(x)", id));
  g_autoptr(GVariant) keys = g_variant_get_child_value (item, 0);
  const char *value = NULL;

  g_variant_lookup (keys, key, "&s", &value);
  return g_strcmp0 (value, expected) == 0;
}

static void
assert_refused (FpBusFixture *f,
                const char   *method,
                gint64        id)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *name = NULL;

  g_assert_null (fp_bus_fixture_call (f, FP_AGENT_BUS_NAME, method, g_variant_new_parsed ("([%x],)", id), NULL, &error));
  name = g_dbus_error_get_remote_error (error);
  g_assert_cmpstr (name, ==, ERROR_PREFIX "Refused");
}

static GDBusConnection *
connect_again (FpBusFixture *f)
{
  return g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (f->dbus),
                                                 G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                                 | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                 NULL, NULL, NULL);
}

/* From where the descriptor stands; twice, since the place is its own; and the sender's stays. */
static void
large_file_is_copied_from_its_offset (FpBusFixture *f,
                                      gconstpointer data)
{
  int fd = open_large (f, LARGE);
  gsize arrived;

  g_assert_cmpint (lseek (fd, 100, SEEK_SET), ==, 100);
  enqueue_fine (f, "{'name': <'a'>, 'file': <handle 0>}, {'name': <'b'>, 'file': <handle 0>}", fd);
  fp_test_until (f->delivered == 1);
  arrived = g_bytes_get_size (fp_sink_get (f->sink, 0)->body);
  g_assert_cmpuint (arrived, >=, 2 * (LARGE - 100));
  g_assert_cmpuint (arrived, <, 2 * (LARGE - 100) + 1000);
  g_assert_cmpint (lseek (fd, 0, SEEK_CUR), ==, 100);
  g_close (fd, NULL);
}

typedef struct {
  guint   n;
  guint64 first, last, total;
} Told;

static void
progress_cb (GDBusConnection *bus,
             const char      *sender,
             const char      *path,
             const char      *interface,
             const char      *name,
             GVariant        *arguments,
             gpointer         user_data)
{
  Told *told = user_data;

  g_variant_get (arguments, "(xtt)", NULL, &told->last, &told->total);
  if (told->n++ == 0)
    told->first = told->last;
}

static void
large_upload_tells_first_and_last (FpBusFixture *f,
                                   gconstpointer data)
{
  Told told = { 0 };
  guint id = g_dbus_connection_signal_subscribe (f->bus, NULL, FP_AGENT_BUS_NAME, "Progress", FP_AGENT_OBJECT_PATH, NULL,
                                                 0, progress_cb, &told, NULL);
  int fd = open_large (f, LARGE);

  enqueue_fine (f, "{'name': <'a'>, 'file': <handle 0>}", fd);
  fp_test_until (f->delivered == 1);
  fp_test_until (told.n > 0 && told.last == told.total);
  g_assert_cmpuint (told.n, >=, 2);
  g_assert_cmpuint (told.first, <, told.total);
  g_assert_cmpuint (told.total, >, LARGE);
  g_dbus_connection_signal_unsubscribe (f->bus, id);
  g_close (fd, NULL);
}

static void
pipe_is_staged_until_its_end (FpBusFixture *f,
                              gconstpointer data)
{
  g_autofree char *content = g_strnfill (2000, 'p');
  gint64 id;
  int fds[2];

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  id = enqueue_fine (f, "{'name': <'a'>, 'file': <handle 0>}", fds[0]);
  g_close (fds[0], NULL);
  g_assert_true (item_is (f, id, "state", "held"));
  g_assert_true (item_is (f, id, "hold", "staging"));
  g_assert_true (item_is (f, id, "reason", "Being copied"));
  assert_refused (f, "Release", id);
  assert_refused (f, "Retry", id);
  assert_refused (f, "Hold", id);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (write (fds[1], content, 2000), ==, 2000);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 0);
  g_close (fds[1], NULL);
  fp_test_until (f->delivered == 1);
  g_assert_cmpuint (g_bytes_get_size (fp_sink_get (f->sink, 0)->body), >, 6000);
}

/* @data: whether the pipe ends before its writer leaves the bus. */
static void
vanished_writer_is_said (FpBusFixture *f,
                         gconstpointer data)
{
  g_autoptr(GDBusConnection) other = connect_again (f);
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = NULL;
  gint64 id = 0;
  int fds[2];

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  reply = enqueue (f, other, "{'name': <'a'>, 'file': <handle 0>}", fds[0], &error);
  g_assert_no_error (error);
  g_variant_get_child (reply, 0, "x", &id);
  g_assert_cmpint (write (fds[1], "half", 4), ==, 4);
  if (data)
    g_close (fds[1], NULL);
  g_dbus_connection_close_sync (other, NULL, NULL);
  fp_test_until (item_is (f, id, "state", "failed"));
  g_assert_true (item_is (f, id, "reason_code", "item-file-missing"));
  /* Half of it is never sent: not by hand either. */
  assert_refused (f, "Retry", id);
  assert_refused (f, "Hold", id);
  g_clear_pointer (&reply, g_variant_unref);
  reply = fp_bus_fixture_call_agent (f, "Sync", g_variant_new ("(s)", ""));
  fp_bus_fixture_enqueue (f, "{'url': <'%s/other'>}", NULL);
  fp_test_until (f->delivered == 1);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 1);
  if (!data)
    g_close (fds[1], NULL);
  g_close (fds[0], NULL);
}

/* @data: what is written of the 4 bytes that are announced. The writer is gone before it is read. */
static void
announced_size_is_exact (FpBusFixture *f,
                         gconstpointer data)
{
  g_autoptr(GDBusConnection) other = connect_again (f);
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = NULL;
  const char *written = data;
  gint64 id = 0;
  int fds[2];

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  reply = enqueue (f, other, "{'name': <'a'>, 'file': <handle 0>, 'size': <uint64 4>}", fds[0], &error);
  g_assert_no_error (error);
  g_variant_get_child (reply, 0, "x", &id);
  g_assert_cmpint (write (fds[1], written, strlen (written)), ==, (gssize) strlen (written));
  g_close (fds[1], NULL);
  g_dbus_connection_close_sync (other, NULL, NULL);
  if (strlen (written) == 4)
    {
      fp_test_until (f->delivered == 1);
      g_assert_nonnull (g_strstr_len (g_bytes_get_data (fp_sink_get (f->sink, 0)->body, NULL),
                                     (gssize) g_bytes_get_size (fp_sink_get (f->sink, 0)->body), written));
    }
  else
    {
      fp_test_until (item_is (f, id, "state", "failed"));
      g_assert_true (item_is (f, id, "reason_code", "item-file-missing"));
      assert_refused (f, "Retry", id);
      g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 0);
    }
  g_close (fds[0], NULL);
}

static void
wrong_size_of_a_file_is_refused (FpBusFixture *f,
                                 gconstpointer data)
{
  int fd = open_large (f, LARGE);
  g_autofree char *right = g_strdup_printf ("{'name': <'a'>, 'file': <handle 0>, 'size': <uint64 %d>}", LARGE);
  static const char * const wrong[] = { "{'name': <'a'>, 'file': <handle 0>, 'size': <uint64 4>}",
                                        "{'name': <'a'>, 'file': <handle 0>, 'size': <uint64 0xffffffffffffffff>}",
                                        "{'name': <'a'>, 'data': <b'abc'>, 'size': <uint64 4>}" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (enqueue (f, NULL, wrong[i], fd, &error));
      g_assert_nonnull (strstr (error->message, "parts[0]: key \"size\""));
    }
  enqueue_fine (f, right, fd);
  fp_test_until (f->delivered == 1);
  g_close (fd, NULL);
}

/* The next agent finds what the one that was killed had half copied. */
static void
killed_while_copying_is_said (FpBusFixture *f,
                              gconstpointer data)
{
  gint64 id, discarded;
  int fds[2];

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  id = enqueue_fine (f, "{'name': <'a'>, 'file': <handle 0>}", fds[0]);
  discarded = enqueue_fine (f, "{'name': <'a'>, 'file': <handle 0>}", fds[0]);
  g_variant_unref (fp_bus_fixture_call_agent (f, "Discard", g_variant_new_parsed ("([%x],)", discarded)));
  g_assert_cmpint (write (fds[1], "half", 4), ==, 4);
  fp_bus_fixture_stop_agent (f, data ? SIGTERM : SIGKILL);
  fp_bus_fixture_start_agent (f);
  fp_test_until (item_is (f, id, "state", "failed"));
  g_assert_true (item_is (f, id, "reason_code", "item-file-missing"));
  g_variant_unref (fp_bus_fixture_call_agent (f, "Undo", g_variant_new_parsed ("([%x],)", discarded)));
  g_assert_true (item_is (f, discarded, "state", "failed"));
  assert_refused (f, "Retry", discarded);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 0);
  g_close (fds[0], NULL);
  g_close (fds[1], NULL);
}

static void
discarded_while_copying_can_come_back (FpBusFixture *f,
                                       gconstpointer data)
{
  gint64 id;
  int fds[2];

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  id = enqueue_fine (f, "{'name': <'a'>, 'file': <handle 0>}", fds[0]);
  g_close (fds[0], NULL);
  g_variant_unref (fp_bus_fixture_call_agent (f, "Discard", g_variant_new_parsed ("([%x],)", id)));
  g_assert_cmpint (write (fds[1], "whole", 5), ==, 5);
  g_close (fds[1], NULL);
  fp_test_until (item_is (f, id, "hold", NULL));
  g_assert_true (item_is (f, id, "state", "discarded"));
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 0);
  g_variant_unref (fp_bus_fixture_call_agent (f, "Undo", g_variant_new_parsed ("([%x],)", id)));
  fp_test_until (f->delivered == 1);
}

static void
what_is_no_file_is_named (FpBusFixture *f,
                          gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->folder, "w", NULL);
  int pair[2];
  struct { int fd; const char *names; } bad[5];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  bad[0].fd = g_open (f->folder, O_RDONLY | O_CLOEXEC, 0);
  bad[0].names = "a folder";
  bad[1].fd = g_open ("/dev/zero", O_RDONLY | O_CLOEXEC, 0);
  bad[1].names = "a device";
  bad[2].fd = g_open (f->folder, O_PATH | O_CLOEXEC, 0);
  bad[2].names = "O_PATH";
  bad[3].fd = g_open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  bad[3].names = "not open for reading";
  bad[4].fd = pair[0];
  bad[4].names = "a socket";
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *name = NULL;

      g_assert_null (enqueue (f, NULL, "{'name': <'a'>, 'file': <handle 0>}", bad[i].fd, &error));
      name = g_dbus_error_get_remote_error (error);
      g_assert_cmpstr (name, ==, ERROR_PREFIX "Usage");
      g_assert_nonnull (strstr (error->message, "parts[0]"));
      if (!strstr (error->message, bad[i].names))
        g_error ("“%s” does not name “%s”", error->message, bad[i].names);
      g_close (bad[i].fd, NULL);
    }
  g_close (pair[1], NULL);
  g_assert_cmpuint (fp_bus_fixture_get_count (f, "Held") + fp_bus_fixture_get_count (f, "Pending"), ==, 0);
}

static void
pipes_of_one_sender_are_limited (FpBusFixture *f,
                                 gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *name = NULL;
  int fds[2];

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  g_assert_null (enqueue (f, NULL, "{'name': <'a'>, 'file': <handle 0>}, {'name': <'b'>, 'file': <handle 0>}", fds[0],
                          &error));
  g_assert_nonnull (strstr (error->message, "second pipe"));
  g_clear_error (&error);
  for (guint i = 0; i < 16; i++)
    enqueue_fine (f, "{'name': <'a'>, 'file': <handle 0>}", fds[0]);
  g_assert_null (enqueue (f, NULL, "{'name': <'a'>, 'file': <handle 0>}", fds[0], &error));
  name = g_dbus_error_get_remote_error (error);
  g_assert_cmpstr (name, ==, ERROR_PREFIX "LimitsExceeded");
  /* Small things still go. */
  fp_bus_fixture_enqueue (f, "{'url': <'%s/other'>}", NULL);
  fp_test_until (f->delivered == 1);
  g_close (fds[0], NULL);
  g_close (fds[1], NULL);
  fp_test_until (f->delivered == 17);
}

typedef struct {
  guint answers, fine, limited, other;
} Flood;

static void
flood_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Flood *flood = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autofree char *name = error ? g_dbus_error_get_remote_error (error) : NULL;

  flood->answers++;
  if (reply)
    flood->fine++;
  else if (name && g_str_has_suffix (name, ".Error.LimitsExceeded"))
    flood->limited++; /* by the agent, or by a bus that allows fewer calls */
  else
    flood->other++;
}

/* Thirty times as many as may be: each is answered, what was said to be queued is, and another caller is served
 * meanwhile. */
#define FLOOD 3000

static void
flood_is_bounded (FpBusFixture *f,
                  gconstpointer data)
{
  g_autoptr(GVariant) paused G_GNUC_UNUSED = fp_bus_fixture_call_agent (f, "Pause", NULL);
  g_autoptr(GDBusConnection) other = connect_again (f);
  g_autoptr(GVariant) request = fp_bus_fixture_parse (f, "{'url': <'%s/x'>, 'body': <b'flood'>}");
  Flood flood = { 0 };

  for (guint i = 0; i < FLOOD; i++)
    g_dbus_connection_call (other, FP_AGENT_BUS_NAME, FP_AGENT_OBJECT_PATH, FP_AGENT_BUS_NAME, "Enqueue",
                            g_variant_new ("(@a{sv}ah)", request, NULL), NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START,
                            G_MAXINT, NULL, flood_cb, &flood);
  fp_bus_fixture_enqueue (f, "{'url': <'%s/mine'>}", NULL);
  fp_test_until (flood.answers == FLOOD);
  g_test_message ("%u queued, %u told to wait", flood.fine, flood.limited);
  g_assert_cmpuint (flood.other, ==, 0);
  g_assert_cmpuint (flood.limited, >, 0);
  g_assert_cmpuint (flood.fine, >=, 100);
  fp_test_until (fp_bus_fixture_get_count (f, "Pending") == flood.fine + 1);
  g_dbus_connection_close_sync (other, NULL, NULL);
}

static void
huge_dictionaries_are_answered (FpBusFixture *f,
                                gconstpointer data)
{
  GVariantBuilder request;
  g_autoptr(GError) error = NULL;
  g_autofree char *name = NULL;

  g_variant_builder_init (&request, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; i < 50000; i++)
    {
      g_autofree char *key = g_strdup_printf ("key-%u", i);

      g_variant_builder_add (&request, "{sv}", key, g_variant_new_string ("x"));
    }
  g_assert_null (fp_bus_fixture_call (f, FP_AGENT_BUS_NAME, "Enqueue",
                                      g_variant_new ("(@a{sv}ah)", g_variant_builder_end (&request), NULL), NULL,
                                      &error));
  name = g_dbus_error_get_remote_error (error);
  g_assert_cmpstr (name, ==, ERROR_PREFIX "Usage");
  g_assert_nonnull (strstr (error->message, "key-0"));
}

int
main (int    argc,
      char **argv)
{
  g_setenv ("FIELDPOST_SECRETS", "file", TRUE);
  g_test_init (&argc, &argv, NULL);

#define ADD(path, data, func) g_test_add ("/agent/enqueue/" path, FpBusFixture, data, fp_bus_fixture_setup, func, \
                                          fp_bus_fixture_teardown)
  ADD ("large-file-is-copied-from-its-offset", NULL, large_file_is_copied_from_its_offset);
  ADD ("large-upload-tells-first-and-last", NULL, large_upload_tells_first_and_last);
  ADD ("pipe-is-staged-until-its-end", NULL, pipe_is_staged_until_its_end);
  ADD ("vanished-writer-is-said/pipe-open", NULL, vanished_writer_is_said);
  ADD ("vanished-writer-is-said/pipe-ended", "ended", vanished_writer_is_said);
  ADD ("announced-size-is-exact/as-many", "1234", announced_size_is_exact);
  ADD ("announced-size-is-exact/fewer", "123", announced_size_is_exact);
  ADD ("announced-size-is-exact/more", "12345", announced_size_is_exact);
  ADD ("announced-size-is-exact/none", "", announced_size_is_exact);
  ADD ("wrong-size-of-a-file-is-refused", NULL, wrong_size_of_a_file_is_refused);
  ADD ("killed-while-copying-is-said", NULL, killed_while_copying_is_said);
  ADD ("stopped-while-copying-is-said", "SIGTERM", killed_while_copying_is_said);
  ADD ("discarded-while-copying-can-come-back", NULL, discarded_while_copying_can_come_back);
  ADD ("what-is-no-file-is-named", NULL, what_is_no_file_is_named);
  ADD ("pipes-of-one-sender-are-limited", NULL, pipes_of_one_sender_are_limited);
  ADD ("flood-is-bounded", NULL, flood_is_bounded);
  ADD ("huge-dictionaries-are-answered", NULL, huge_dictionaries_are_answered);
#undef ADD

  return g_test_run ();
}
