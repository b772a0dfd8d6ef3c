#include "config.h"

#include "cli/fp-cli-bar.h"

#include <glib/gi18n.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DRAW_US (G_USEC_PER_SEC / 10)
#define CELLS 20
#define USUAL_WIDTH 80

struct _FpCliBar
{
  FpCli  *cli;      /* borrowed */
  guint   before;
  gint64  drawn;    /* likewise; 0 = never */

  /* The item that told its bytes last. */
  gint64  item;
  gint64  done;
  gint64  total;
  gint64  first;    /* bytes at its first word… */
  gint64  first_at; /* …and when, monotonic µs: from there the rate is reckoned */
  gulong  handlers[2];
};

static void
progress_cb (FpCliBar *bar,
             gint64    item,
             gint64    done,
             gint64    total)
{
  if (item != bar->item)
    {
      bar->first = done;
      bar->first_at = g_get_monotonic_time ();
    }
  bar->item = item;
  bar->done = done;
  bar->total = total;
  fp_cli_bar_draw (bar);
}

FpCliBar *
fp_cli_bar_new (FpCli *cli,
                guint  before)
{
  FpCliBar *bar = g_new0 (FpCliBar, 1);

  bar->cli = cli;
  bar->before = before;
  bar->handlers[0] = g_signal_connect_swapped (cli->client, "progress", G_CALLBACK (progress_cb), bar);
  if (fp_engine_get_sync (cli->engine))
    fp_cli_bar_follow (bar);

  return bar;
}

void
fp_cli_bar_follow (FpCliBar *bar)
{
  bar->handlers[1] = g_signal_connect_swapped (fp_engine_get_sync (bar->cli->engine), "progress",
                                               G_CALLBACK (progress_cb), bar);
}

static guint
get_width (void)
{
  struct winsize size = { 0 };

  return ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : USUAL_WIDTH;
}

/* " · 3.1 MB of 12 MB · 1.2 MB/s", or "" where no large item is under way. */
static char *
dup_bytes (FpCliBar *bar)
{
  gint64 took = g_get_monotonic_time () - bar->first_at;
  g_autofree char *done = g_format_size ((guint64) bar->done);
  g_autofree char *total = g_format_size ((guint64) bar->total);
  g_autofree char *rate = NULL;

  if (bar->total == 0 || bar->done >= bar->total)
    return g_strdup ("");
  if (took < G_USEC_PER_SEC / 4)
    return g_strdup_printf (_(" · %s of %s"), done, total);
  rate = g_format_size ((guint64) ((bar->done - bar->first) * G_USEC_PER_SEC / took));

  return g_strdup_printf (_(" · %s of %s · %s/s"), done, total, rate);
}

static char *
dup_line (FpCliBar *bar,
          guint     width)
{
  const FpStatus *status = fp_agent_client_get_status (bar->cli->client);
  guint total = MAX (bar->before, status->counts->waiting);
  guint done = total - status->counts->waiting;
  guint cells = total > 0 ? (guint) ((guint64) CELLS * done / total) : 0;
  g_autofree char *full = g_strnfill (cells, '#');
  g_autofree char *empty = g_strnfill (CELLS - cells, '.');
  g_autofree char *bytes = dup_bytes (bar);
  g_autofree char *detail = fp_status_dup_detail (status);
  g_autofree char *words = g_strdup_printf (_("%u of %u"), done, total);
  g_autofree char *line = g_strdup_printf ("[%s%s] %s%s%s%s", full, empty, words, bytes,
                                           detail && !*bytes ? " — " : "", detail && !*bytes ? detail : "");
  g_autofree char *safe = fp_cli_dup_line (line);

  /* A line that wraps could not be taken away. */
  return g_utf8_substring (safe, 0, MIN (g_utf8_strlen (safe, -1), (glong) width - 1));
}

void
fp_cli_bar_draw (FpCliBar *bar)
{
  gint64 now = g_get_monotonic_time ();
  g_autofree char *line = NULL;

  if (bar->drawn != 0 && now - bar->drawn < DRAW_US)
    return;
  bar->drawn = now;
  line = dup_line (bar, get_width ());
  g_printerr ("\r%s\033[K", line);
}

void
fp_cli_bar_free (FpCliBar *bar)
{
  FpSync *sync = fp_engine_get_sync (bar->cli->engine);

  g_signal_handler_disconnect (bar->cli->client, bar->handlers[0]);
  if (sync && bar->handlers[1])
    g_signal_handler_disconnect (sync, bar->handlers[1]);
  if (bar->drawn != 0)
    g_printerr ("\r\033[K");
  g_free (bar);
}
