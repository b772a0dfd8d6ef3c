#include "config.h"

#include "cli/fp-cli.h"

#include <glib-unix.h>
#include <glib/gi18n.h>

static void
print_status (FpCli          *cli,
              const FpStatus *status)
{
  g_autofree char *title = fp_status_dup_title (status);
  g_autofree char *detail = fp_status_dup_detail (status);

  if (detail)
    g_print ("%s — %s\n", title, detail);
  else
    g_print ("%s\n", title);
}

/* One line a change; JSON as one object a line. */
typedef struct {
  FpCli    *cli;
  char     *last;
  gboolean  stop;
} Watch;

static void
watch_cb (Watch *watch)
{
  const FpStatus *status = fp_agent_client_get_status (watch->cli->client);
  g_autoptr(JsonNode) node = fp_status_to_json (status);
  g_autofree char *line = fp_json_print (node, FALSE);

  if (g_strcmp0 (line, watch->last) == 0)
    return;
  g_free (watch->last);
  watch->last = g_steal_pointer (&line);
  if (watch->cli->json)
    g_print ("%s\n", watch->last);
  else
    print_status (watch->cli, status);
}

static gboolean
stop_cb (gpointer data)
{
  Watch *watch = data;

  watch->stop = TRUE;

  return G_SOURCE_CONTINUE;
}

/* What to do where things wait and nothing sends them. */
static void
print_advice (const FpStatus *status)
{
  const FpItemCounts *counts = status->counts;

  if (!status->sender && !status->paused && counts->waiting + counts->events > counts->held)
    g_print (_("Nothing sends: start fieldpost-agent, or run “fieldpostctl sync”.\n"));
}

static int
watch_status (FpCli *cli)
{
  Watch watch = { .cli = cli };
  guint on_int = g_unix_signal_add (SIGINT, stop_cb, &watch);
  guint on_term = g_unix_signal_add (SIGTERM, stop_cb, &watch);
  gulong handler = g_signal_connect_swapped (cli->client, "notify::status", G_CALLBACK (watch_cb), &watch);

  while (!watch.stop)
    g_main_context_iteration (NULL, TRUE);

  g_signal_handler_disconnect (cli->client, handler);
  g_source_remove (on_int);
  g_source_remove (on_term);
  g_free (watch.last);

  return FP_EXIT_OK;
}

int
fp_cli_status (FpCli  *cli,
               int     argc,
               char  **argv)
{
  g_auto(GStrv) rest = NULL;
  gboolean watch = FALSE;
  const GOptionEntry entries[] = {
    { "watch", 'w', 0, G_OPTION_ARG_NONE, &watch, N_("Print a line at each change, until interrupted"), NULL },
    { NULL },
  };

  if (!fp_cli_parse (cli, NULL, entries, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (!fp_cli_connect (cli, FALSE))
    return FP_EXIT_STORE;
  fp_cli_tell_other_store (cli);
  if (watch)
    return watch_status (cli);

  fp_cli_read_status (cli);
  if (cli->json)
    {
      fp_cli_print_json (fp_status_to_json (fp_agent_client_get_status (cli->client)));
    }
  else
    {
      print_status (cli, fp_agent_client_get_status (cli->client));
      print_advice (fp_agent_client_get_status (cli->client));
    }

  return FP_EXIT_OK;
}

static int
set_paused (FpCli     *cli,
            gboolean   paused,
            int        argc,
            char     **argv)
{
  g_auto(GStrv) rest = NULL;
  g_auto(FpCliAwait) await = { NULL };
  GError *error = NULL;
  gboolean done;

  if (!fp_cli_parse (cli, NULL, NULL, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (!fp_cli_connect (cli, FALSE))
    return FP_EXIT_STORE;

  fp_engine_set_paused_async (cli->engine, paused, NULL, fp_cli_await_cb, &await);
  done = fp_engine_set_paused_finish (cli->engine, fp_cli_wait (&await), &error);
  if (!done)
    return fp_cli_fail (argv[0], error);
  if (cli->json)
    fp_cli_print_member ("paused", json_node_init_boolean (json_node_alloc (), paused));
  else
    g_print ("%s\n", paused ? _("Work Offline is on: nothing is sent.") : _("Work Offline is off."));

  return FP_EXIT_OK;
}

int
fp_cli_pause (FpCli  *cli,
              int     argc,
              char  **argv)
{
  return set_paused (cli, TRUE, argc, argv);
}

int
fp_cli_resume (FpCli  *cli,
               int     argc,
               char  **argv)
{
  return set_paused (cli, FALSE, argc, argv);
}
