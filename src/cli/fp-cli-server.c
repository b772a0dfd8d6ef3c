#include "config.h"

#include "cli/fp-cli.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static JsonNode *
server_to_json (gconstpointer row)
{
  return fp_server_to_json (row);
}

/* One line from the terminal without echo, or from a pipe; never from the arguments, which others can see. */
static char *
read_password (const char *user)
{
  g_autofree char *line = NULL;
  struct termios before, quiet;
  gboolean terminal = tcgetattr (STDIN_FILENO, &before) == 0;
  size_t size = 0;
  ssize_t length;

  if (terminal)
    {
      g_printerr (_("Password for %s: "), user);
      quiet = before;
      quiet.c_lflag &= ~(tcflag_t) ECHO;
      tcsetattr (STDIN_FILENO, TCSAFLUSH, &quiet);
    }
  length = getline (&line, &size, stdin);
  if (terminal)
    {
      tcsetattr (STDIN_FILENO, TCSAFLUSH, &before);
      g_printerr ("\n");
    }
  if (length < 0)
    return NULL;
  line[strcspn (line, "\r\n")] = '\0';

  return *line ? g_steal_pointer (&line) : NULL;
}

static void
print_added (FpCli             *cli,
             const FpServerRow *server)
{
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(GPtrArray) forms = NULL;
  g_autofree char *title = fp_cli_dup_line (server->title);
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, server->id);
  guint n = 0;

  fp_engine_list_forms_async (cli->engine, NULL, fp_cli_await_cb, &await);
  forms = fp_engine_list_forms_finish (cli->engine, fp_cli_wait (&await), NULL);
  for (guint i = 0; forms && i < forms->len; i++)
    n += ((FpFormRow *) g_ptr_array_index (forms, i))->server == server->id;
  g_print (ngettext ("Added %s as server %s: %u form.\n", "Added %s as server %s: %u forms.\n", n), title, id, n);
}

static int
server_add (FpCli  *cli,
            int     argc,
            char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_autofree char *user = NULL;
  g_autofree char *title = NULL;
  g_autofree char *word = NULL;
  g_autofree char *password = NULL;
  g_autoptr(FpServerRow) server = NULL;
  const char * const *refused;
  FpReach reach = FP_REACH_AUTO;
  g_auto(FpCliAwait) await = { NULL };
  GError *error = NULL;
  const GOptionEntry entries[] = {
    { "user", 0, 0, G_OPTION_ARG_STRING, &user, N_("User name; the password is asked for, or read from stdin"),
      N_("NAME") },
    { "title", 0, 0, G_OPTION_ARG_STRING, &title, N_("What the server is called"), N_("TITLE") },
    { "reach", 0, 0, G_OPTION_ARG_STRING, &word, N_("auto, public, lan or always"), N_("REACH") },
    { NULL },
  };

  if (!fp_cli_parse (cli, "URL", entries, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) != 1)
    return fp_cli_usage (_("server add: one URL"));
  if (word && !fp_reach_from_string (word, &reach))
    return fp_cli_usage (_("--reach: “%s” is none of auto, public, lan, always"), word);
  if (user && !(password = read_password (user)))
    return fp_cli_usage (_("server add: no password was given"));

  if (!fp_cli_connect (cli, FALSE))
    return FP_EXIT_STORE;
  fp_engine_add_server_async (cli->engine, rest[0], title, user, password, reach, NULL, fp_cli_await_cb, &await);
  server = fp_engine_add_server_finish (cli->engine, fp_cli_wait (&await), &error);
  if (!server)
    return fp_cli_fail ("server add", error);

  refused = fp_engine_peek_refused_forms (cli->engine, server->id);
  for (guint i = 0; refused && refused[i]; i++)
    g_printerr (_("fieldpostctl: %s: not added: %s\n"), server->title, refused[i]);
  if (cli->json)
    fp_cli_print_json (fp_server_to_json (server));
  else
    print_added (cli, server);

  return FP_EXIT_OK;
}

/* @server: (nullable): NULL = the heading. */
static void
print_line (FpCli             *cli,
            const FpServerRow *server)
{
  g_autofree char *number = server ? g_strdup_printf ("%4" G_GINT64_FORMAT, server->id)
                                   : fp_cli_dup_padded (_("No."), 4);
  g_autofree char *title = fp_cli_dup_padded (server ? server->title : _("Server"), 24);
  g_autofree char *reach = fp_cli_dup_padded (server ? fp_reach_to_string (server->reach) : _("Reach"), 7);
  g_autofree char *url = fp_cli_dup_line (server ? server->url : _("Address"));
  g_autofree char *line = g_strdup_printf ("%s  %s %s %s", number, title, reach, url);

  if (server)
    g_print ("%s\n", line);
  else
    fp_cli_print_heading (cli, line);
}

static int
server_list (FpCli  *cli,
             int     argc,
             char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_autoptr(GPtrArray) servers = NULL;
  g_auto(FpCliAwait) await = { NULL };
  GError *error = NULL;

  if (!fp_cli_parse (cli, NULL, NULL, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (!fp_cli_open (cli))
    return FP_EXIT_STORE;
  fp_engine_list_servers_async (cli->engine, NULL, fp_cli_await_cb, &await);
  servers = fp_engine_list_servers_finish (cli->engine, fp_cli_wait (&await), &error);
  if (!servers)
    return fp_cli_fail ("server list", error);

  if (cli->json)
    fp_cli_print_array (servers, server_to_json);
  else if (servers->len == 0)
    g_printerr ("%s\n", _("No servers yet."));
  else
    print_line (cli, NULL);
  for (guint i = 0; !cli->json && i < servers->len; i++)
    print_line (cli, g_ptr_array_index (servers, i));

  return FP_EXIT_OK;
}

static int
server_remove (FpCli  *cli,
               int     argc,
               char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_autoptr(GArray) ids = NULL;
  g_auto(FpCliAwait) await = { NULL };
  GError *error = NULL;
  gboolean removed;

  if (!fp_cli_parse (cli, "ID", NULL, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) != 1)
    return fp_cli_usage (_("server remove: the number of one server"));
  ids = fp_cli_parse_ids (rest);
  if (!ids)
    return FP_EXIT_USAGE;

  if (!fp_cli_connect (cli, FALSE))
    return FP_EXIT_STORE;
  fp_engine_remove_server_async (cli->engine, g_array_index (ids, gint64, 0), NULL, fp_cli_await_cb, &await);
  removed = fp_engine_remove_server_finish (cli->engine, fp_cli_wait (&await), &error);

  return removed ? FP_EXIT_OK : fp_cli_fail ("server remove", error);
}

int
fp_cli_server (FpCli  *cli,
               int     argc,
               char  **argv)
{
  static const FpCliCommand commands[] = {
    { "add", server_add, "URL [--user NAME] [--reach R]", N_("Add an OpenRosa server and its forms") },
    { "list", server_list, "", N_("List the servers") },
    { "remove", server_remove, "ID", N_("Forget a server and its forms") },
    { NULL },
  };

  return fp_cli_dispatch (cli, "server", commands, argc - 1, argv + 1);
}
