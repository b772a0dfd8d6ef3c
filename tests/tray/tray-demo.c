/* tray-demo — the tray alone, for tests/tray/panel-test and for looking at it
 *
 * Reads lines "STATE COUNT TITLE" (state: idle waiting syncing failed offline) from the pipe that its argument names,
 * or from standard input, and prints what happens: "registered yes|no", "open TOKEN|-", "sync-now",
 * "work-offline yes|no", "quit". */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <glib/gstdio.h>

#include "tray/fp-tray.h"

typedef struct
{
  GMainLoop *loop;
  FpTray *tray;
  FpTrayIcon icon;
  guint count;
  char title[200];
  gboolean work_offline;
} Demo;

static void
show (Demo *demo)
{
  FpTrayStatus status = {
    .icon = demo->icon,
    .count = demo->count,
    .title = demo->title,
    .detail = demo->work_offline ? "You are working offline" : NULL,
    .work_offline = demo->work_offline,
    .can_sync = demo->count > 0,
  };

  fp_tray_set_status (demo->tray, &status);
}

static void
say (const char *what,
     const char *more)
{
  printf ("%s%s%s\n", what, more ? " " : "", more ? more : "");
  fflush (stdout);
}

static void
read_line (Demo       *demo,
           const char *line)
{
  static const char *const names[] = { "idle", "waiting", "syncing", "failed", "offline", NULL };
  char state[20];

  demo->title[0] = '\0';
  if (sscanf (line, "%19s %u %199[^\n]", state, &demo->count, demo->title) < 2)
    return;
  for (guint i = 0; names[i]; i++)
    {
      if (g_str_equal (names[i], state))
        demo->icon = i;
    }
  show (demo);
}

static void
line_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Demo *demo = user_data;
  g_autofree char *line = g_data_input_stream_read_line_finish_utf8 (G_DATA_INPUT_STREAM (source), result, NULL,
                                                                     NULL);

  /* Whoever started us has gone. */
  if (!line)
    {
      g_main_loop_quit (demo->loop);
      return;
    }
  read_line (demo, line);
  g_data_input_stream_read_line_async (G_DATA_INPUT_STREAM (source), G_PRIORITY_DEFAULT, NULL, line_cb, demo);
}

static void
registered_cb (FpTray *tray)
{
  say ("registered", fp_tray_get_registered (tray) ? "yes" : "no");
}

static void
open_cb (FpTray     *tray,
         const char *token)
{
  say ("open", token ? token : "-");
}

static void
sync_now_cb (FpTray *tray)
{
  say ("sync-now", NULL);
}

static void
work_offline_cb (FpTray  *tray,
                 gboolean work_offline,
                 Demo    *demo)
{
  say ("work-offline", work_offline ? "yes" : "no");
  demo->work_offline = work_offline;
  show (demo);
}

static void
quit_cb (FpTray *tray,
         Demo   *demo)
{
  say ("quit", NULL);
  g_main_loop_quit (demo->loop);
}

int
main (int    argc,
      char **argv)
{
  Demo demo = { NULL };
  /* Open for writing too, a named pipe never ends. */
  int fd = argc > 1 ? g_open (argv[1], O_RDWR | O_CLOEXEC, 0) : 0;
  g_autoptr(GError) error = NULL;
  g_autoptr(GDBusConnection) bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, &error);
  g_autoptr(GInputStream) input = g_unix_input_stream_new (fd, FALSE);
  g_autoptr(GDataInputStream) lines = g_data_input_stream_new (input);
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(FpTray) tray = NULL;

  if (!bus || fd < 0)
    {
      g_printerr ("tray-demo: %s\n", bus ? g_strerror (errno) : error->message);
      return 1;
    }
  demo.loop = loop;
  demo.tray = tray = fp_tray_new (bus);
  g_signal_connect (tray, "notify::registered", G_CALLBACK (registered_cb), NULL);
  g_signal_connect (tray, "open", G_CALLBACK (open_cb), NULL);
  g_signal_connect (tray, "sync-now", G_CALLBACK (sync_now_cb), NULL);
  g_signal_connect (tray, "work-offline", G_CALLBACK (work_offline_cb), &demo);
  g_signal_connect (tray, "quit", G_CALLBACK (quit_cb), &demo);
  g_data_input_stream_read_line_async (lines, G_PRIORITY_DEFAULT, NULL, line_cb, &demo);
  g_main_loop_run (loop);

  return 0;
}
