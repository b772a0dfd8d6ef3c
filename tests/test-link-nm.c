/* Against a stand-in NetworkManager (tests/lib/mock-nm.py) on a private bus. */
#include "link/fp-link.h"

#include <string.h>

#include "fp-test.h"

typedef struct
{
  GTestDBus *bus;
  GSubprocess *mock;
  GDataInputStream *answers;
  FpClock *clock;
  FpLink *link;
  gboolean bus_stopped;
  GArray *seen; /* FpLinkState at each "changed" */
} Fixture;

/* Numbers of NMState and NMConnectivityState. */
#define GLOBAL "70"
#define SITE "60"
#define LOCAL "50"
#define DISCONNECTED "20"
#define ASLEEP "10"
#define C_NONE "1"
#define C_PORTAL "2"
#define C_LIMITED "3"
#define C_FULL "4"

static void
tell (Fixture    *f,
      const char *line)
{
  g_autofree char *text = g_strconcat (line, "\n", NULL);
  g_autofree char *answer = NULL;
  g_autoptr(GError) error = NULL;

  g_output_stream_write_all (g_subprocess_get_stdin_pipe (f->mock), text, strlen (text), NULL, NULL,
                             &error);
  g_assert_no_error (error);
  answer = g_data_input_stream_read_line (f->answers, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (answer, ==, "done");
}

static void
changed_cb (Fixture *f)
{
  FpLinkState state = fp_link_get_state (f->link);

  g_array_append_val (f->seen, state);
}

static void
start_mock (Fixture *f)
{
  g_autofree char *script
      = g_build_filename (g_getenv ("G_TEST_SRCDIR"), "lib", "mock-nm.py", NULL);
  g_autoptr(GError) error = NULL;

  f->mock = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error,
                              "/usr/bin/python3", script, NULL);
  g_assert_no_error (error);
  f->answers = g_data_input_stream_new (g_subprocess_get_stdout_pipe (f->mock));
}

static void
start_link (Fixture *f)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  fp_link_new_async (f->clock, NULL, fp_test_await_cb, &await);
  f->link = fp_link_new_finish (fp_test_await (&await), &error);
  g_assert_no_error (error);
  g_assert_cmpint (fp_link_get_source (f->link), ==, FP_LINK_SOURCE_NM);
  g_signal_connect_swapped (f->link, "changed", G_CALLBACK (changed_cb), f);
}

static void
setup (Fixture       *f,
       gconstpointer  data)
{
  gboolean running = data == NULL;

  f->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (f->bus);
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", g_test_dbus_get_bus_address (f->bus), TRUE);
  f->seen = g_array_new (FALSE, FALSE, sizeof (FpLinkState));
  f->clock = fp_clock_new ();
  start_mock (f);
  if (running)
    tell (f, "return");
  start_link (f);
}

static void
teardown (Fixture       *f,
          gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_assert_finalize_object (f->link);
  g_assert_finalize_object (f->clock);
  g_output_stream_close (g_subprocess_get_stdin_pipe (f->mock), NULL, NULL);
  g_subprocess_wait (f->mock, NULL, &error);
  g_assert_no_error (error);
  g_clear_object (&f->answers);
  g_clear_object (&f->mock);
  g_array_unref (f->seen);
  /* Not g_test_dbus_down(): it waits for every connection of this process, and libnm's is shared. */
  if (!f->bus_stopped)
    g_test_dbus_stop (f->bus);
  fp_test_drain ();
  g_clear_object (&f->bus);
}

static gboolean
saw (Fixture     *f,
     FpLinkState  state)
{
  guint i;

  for (i = 0; i < f->seen->len; i++)
    if (g_array_index (f->seen, FpLinkState, i) == state)
      return TRUE;

  return FALSE;
}

static void
test_states (Fixture       *f,
             gconstpointer  data)
{
  static const struct
  {
    const char *line;
    FpLinkState state;
    gboolean has_link;
  } steps[] = {
    { "set " DISCONNECTED " " C_NONE, FP_LINK_OFFLINE, FALSE },
    { "set " SITE " " C_PORTAL, FP_LINK_PORTAL, TRUE },
    { "set " SITE " " C_LIMITED, FP_LINK_LIMITED, TRUE },
    { "set " GLOBAL " " C_FULL, FP_LINK_FULL, TRUE },
    /* Asleep although the last check said "full". */
    { "set " ASLEEP " " C_FULL, FP_LINK_OFFLINE, FALSE },
    { "turn " C_FULL " " GLOBAL, FP_LINK_FULL, TRUE },
    { "turn " C_NONE " " DISCONNECTED, FP_LINK_OFFLINE, FALSE },
    { "set 0 0", FP_LINK_UNKNOWN, TRUE },
  };
  guint i;

  g_assert_cmpint (fp_link_get_state (f->link), ==, FP_LINK_FULL);
  for (i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      tell (f, steps[i].line);
      fp_test_until (fp_link_get_state (f->link) == steps[i].state);
      g_assert_true (fp_link_get_has_link (f->link) == steps[i].has_link);
    }
}

/* Without a default route NetworkManager says "none", and a LAN is still a LAN. */
static void
test_lan (Fixture       *f,
          gconstpointer  data)
{
  tell (f, "set " LOCAL " " C_NONE);
  fp_test_until (fp_link_get_state (f->link) == FP_LINK_OFFLINE);
  g_assert_false (fp_link_get_has_link (f->link));

  tell (f, "device eth0 100");
  fp_test_until (fp_link_get_state (f->link) == FP_LINK_LIMITED);
  g_assert_true (fp_link_get_has_link (f->link));

  tell (f, "device-state eth0 30");
  fp_test_until (fp_link_get_state (f->link) == FP_LINK_OFFLINE);
  g_assert_false (fp_link_get_has_link (f->link));
}

/* "Disconnected" and "full" at once: a way out that NetworkManager does not manage. */
static void
test_foreign (Fixture       *f,
              gconstpointer  data)
{
  tell (f, "set " DISCONNECTED " " C_FULL);
  fp_test_until (fp_link_get_state (f->link) == FP_LINK_UNKNOWN);
  g_assert_true (fp_link_get_has_link (f->link));

  tell (f, "set " DISCONNECTED " " C_NONE);
  fp_test_until (fp_link_get_state (f->link) == FP_LINK_OFFLINE);
  g_assert_false (fp_link_get_has_link (f->link));

  /* A cable in a card that it does not manage may lead to a LAN. */
  tell (f, "device eth0 10");
  tell (f, "carrier eth0");
  fp_test_until (fp_link_get_has_link (f->link));
  g_assert_cmpint (fp_link_get_state (f->link), ==, FP_LINK_OFFLINE);
}

static void
test_metered (Fixture       *f,
              gconstpointer  data)
{
  g_assert_false (fp_link_get_metered (f->link));
  tell (f, "metered 1");
  fp_test_until (fp_link_get_metered (f->link));
  tell (f, "metered 2");
  fp_test_until (!fp_link_get_metered (f->link));
  tell (f, "metered 3");
  fp_test_until (fp_link_get_metered (f->link));
  g_assert_cmpint (fp_link_get_state (f->link), ==, FP_LINK_FULL);
}

/* libnm keeps saying "full" when NetworkManager dies. */
static void
test_vanish (Fixture       *f,
             gconstpointer  data)
{
  tell (f, "vanish");
  fp_test_until (fp_link_get_state (f->link) == FP_LINK_UNKNOWN);
  g_assert_true (fp_link_get_has_link (f->link));

  fp_link_check (f->link);
  fp_test_drain ();
  g_assert_cmpint (fp_link_get_state (f->link), ==, FP_LINK_UNKNOWN);

  tell (f, "return");
  fp_test_until (fp_link_get_state (f->link) == FP_LINK_FULL);
  g_assert_false (saw (f, FP_LINK_OFFLINE));
}

static void
test_vanish_while_offline (Fixture       *f,
                           gconstpointer  data)
{
  tell (f, "set " DISCONNECTED " " C_NONE);
  fp_test_until (fp_link_get_state (f->link) == FP_LINK_OFFLINE);

  /* Nobody watches any more, so nobody may keep items from being sent. */
  tell (f, "vanish");
  fp_test_until (fp_link_get_state (f->link) == FP_LINK_UNKNOWN);
  tell (f, "return");
  fp_test_until (fp_link_get_state (f->link) == FP_LINK_FULL);
}

static void
test_comes_later (Fixture       *f,
                  gconstpointer  data)
{
  g_assert_cmpint (fp_link_get_state (f->link), ==, FP_LINK_UNKNOWN);
  tell (f, "return");
  fp_test_until (fp_link_get_state (f->link) == FP_LINK_FULL);
  tell (f, "set " DISCONNECTED " " C_NONE);
  fp_test_until (fp_link_get_state (f->link) == FP_LINK_OFFLINE);
}

static void
test_storm (Fixture       *f,
            gconstpointer  data)
{
  guint i;

  tell (f, "set " DISCONNECTED " " C_NONE);
  fp_test_until (fp_link_get_state (f->link) == FP_LINK_OFFLINE);
  g_array_set_size (f->seen, 0);
  for (i = 0; i < 20; i++)
    {
      tell (f, "set " GLOBAL " " C_FULL);
      tell (f, "turn " C_NONE " " DISCONNECTED);
    }
  tell (f, "set " SITE " " C_PORTAL);
  fp_test_until (fp_link_get_state (f->link) == FP_LINK_PORTAL);

  /* No flash of "full" was told, and the rest at most once. */
  g_assert_false (saw (f, FP_LINK_FULL));
  g_assert_cmpuint (f->seen->len, <=, 4);
}

static void
test_quick (Fixture       *f,
            gconstpointer  data)
{
  gint64 slowest = 0;
  guint i;

  for (i = 0; i < 20; i++)
    {
      gint64 start;

      tell (f, "set " DISCONNECTED " " C_NONE);
      fp_test_until (fp_link_get_state (f->link) == FP_LINK_OFFLINE);
      start = fp_clock_get_boot_ms (f->clock);
      tell (f, "set " GLOBAL " " C_FULL);
      fp_test_until (fp_link_get_state (f->link) == FP_LINK_FULL);
      slowest = MAX (slowest, fp_clock_get_boot_ms (f->clock) - start);
      g_assert_cmpint (fp_link_get_since (f->link), >=, start);
      g_assert_cmpint (fp_link_get_since (f->link), <=, fp_clock_get_boot_ms (f->clock));
    }
  g_test_message ("slowest: %" G_GINT64_FORMAT " ms", slowest);
  g_assert_cmpint (slowest, <, 1500);
}

static void
test_bus_goes (Fixture       *f,
               gconstpointer  data)
{
  g_test_dbus_stop (f->bus);
  f->bus_stopped = TRUE;
  fp_test_until (fp_link_get_state (f->link) == FP_LINK_UNKNOWN);
  fp_link_check (f->link);
  fp_test_drain ();
  g_assert_true (fp_link_get_has_link (f->link));
}

static void
test_cancelled (Fixture       *f,
                gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  fp_link_new_async (f->clock, cancellable, fp_test_await_cb, &await);
  g_cancellable_cancel (cancellable);
  g_assert_null (fp_link_new_finish (fp_test_await (&await), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_ends_in_the_middle (Fixture       *f,
                         gconstpointer  data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  FpLink *link;

  fp_link_new_async (f->clock, NULL, fp_test_await_cb, &await);
  link = fp_link_new_finish (fp_test_await (&await), &error);
  g_assert_no_error (error);
  fp_link_check (link);
  tell (f, "set " DISCONNECTED " " C_NONE);
  fp_test_await_clear (&await);
  g_assert_finalize_object (link);
}

#define ADD(path, data, func) g_test_add (path, Fixture, data, setup, func, teardown)

int
main (int    argc,
      char **argv)
{
  g_autofree char *daemon = g_find_program_in_path ("dbus-daemon");
  int status;

  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("FIELDPOST_LINK");
  if (!daemon
      || !g_spawn_command_line_sync ("/usr/bin/python3 -c 'import dbusmock'", NULL, NULL, &status,
                                     NULL)
      || status != 0)
    {
      g_print ("1..0 # SKIP needs dbus-daemon and python3-dbusmock\n");
      return 0;
    }

  ADD ("/link-nm/each-state-is-understood", NULL, test_states);
  ADD ("/link-nm/a-lan-without-a-way-out-is-limited", NULL, test_lan);
  ADD ("/link-nm/a-link-of-somebody-else-may-work", NULL, test_foreign);
  ADD ("/link-nm/metered-is-passed-on", NULL, test_metered);
  ADD ("/link-nm/full-is-not-believed-of-the-dead", NULL, test_vanish);
  ADD ("/link-nm/offline-is-not-believed-of-the-dead", NULL, test_vanish_while_offline);
  ADD ("/link-nm/network-manager-may-come-later", "absent", test_comes_later);
  ADD ("/link-nm/storms-are-settled", NULL, test_storm);
  ADD ("/link-nm/full-is-told-soon", NULL, test_quick);
  ADD ("/link-nm/outlives-the-system-bus", NULL, test_bus_goes);
  ADD ("/link-nm/cancelled-start-leaves-nothing", NULL, test_cancelled);
  ADD ("/link-nm/may-end-while-things-change", NULL, test_ends_in_the_middle);

  return g_test_run ();
}
