#include "config.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <locale.h>
#include <signal.h>

#include "agent/fp-agent.h"

static gboolean
signal_cb (gpointer data)
{
  fp_agent_stop (data);

  return G_SOURCE_CONTINUE;
}

int
main (int    argc,
      char **argv)
{
  FpAgentOptions options = { 0 };
  gboolean version = FALSE;
  const GOptionEntry entries[] = {
    { "demo", 0, 0, G_OPTION_ARG_NONE, &options.demo, N_("Use a stand-in network that the window's demo bar steers"),
      NULL },
    { "no-tray", 0, 0, G_OPTION_ARG_NONE, &options.no_tray, N_("Show no tray icon"), NULL },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &options.verbose, N_("Print one line for each event"), NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &version, N_("Print the version"), NULL },
    { NULL },
  };
  static const int stop_signals[] = { SIGTERM, SIGHUP, SIGINT };
  g_autoptr(GOptionContext) context = g_option_context_new (NULL);
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(FpAgent) agent = NULL;
  g_autoptr(GError) error = NULL;

  /* A file that may not grow is an error like any other. */
  signal (SIGXFSZ, SIG_IGN);
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  /* Under this name notifications and the tray know it. */
  g_set_prgname ("fieldpost-agent");
  g_set_application_name ("Fieldpost");

  g_option_context_set_summary (context, _("Sends what waits in the outbox of Fieldpost, in the background."));
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc > 1)
    {
      g_printerr ("fieldpost-agent: %s\n", error ? error->message : _("it takes no arguments"));
      return 2;
    }
  if (version)
    {
      g_print ("fieldpost-agent " FP_VERSION "\n");
      return 0;
    }

  agent = fp_agent_new (&options);
  g_signal_connect_swapped (agent, "stopped", G_CALLBACK (g_main_loop_quit), loop);
  for (guint i = 0; i < G_N_ELEMENTS (stop_signals); i++)
    g_unix_signal_add (stop_signals[i], signal_cb, agent);
  fp_agent_start (agent);
  g_main_loop_run (loop);

  return fp_agent_get_exit_code (agent);
}
