#include "config.h"

#include "cli/fp-cli-table.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "engine/fp-engine-endpoints.h"

static JsonNode *
server_to_json (gconstpointer row,
                gconstpointer data)
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
      g_printerr (_("Password for %s: "), user ? user : "stdin");
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

/* What is said about a server on the command line. */
typedef struct {
  char *user;
  char *title;
  char *reach;
  char *success;
  char *lost;
  char *secret_file; /* "-" = standard input */
} Words;

static void
words_clear (Words *words)
{
  g_free (words->user);
  g_free (words->title);
  g_free (words->reach);
  g_free (words->success);
  g_free (words->lost);
  g_free (words->secret_file);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Words, words_clear)

static void
changes_clear (FpServerChanges *changes)
{
  g_free (changes->secret);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (FpServerChanges, changes_clear)

#define SERVER_ENTRIES(words)                                                                                       \
    { "user", 0, 0, G_OPTION_ARG_STRING, &(words).user, N_("User name; the password is asked for, or read from stdin"), \
      N_("NAME") },                                                                                                 \
    { "secret-file", 0, 0, G_OPTION_ARG_FILENAME, &(words).secret_file,                                              \
      N_("Read the password from the first line of FILE, “-” for stdin"), N_("FILE") },                              \
    { "title", 0, 0, G_OPTION_ARG_STRING, &(words).title, N_("What the server is called"), N_("TITLE") },            \
    { "reach", 0, 0, G_OPTION_ARG_STRING, &(words).reach, N_("auto, public, lan or always"), N_("REACH") },          \
    { "success", 0, 0, G_OPTION_ARG_STRING, &(words).success,                                                        \
      N_("What a plain server's yes is: 2xx, json (2xx with JSON) or redirect (also 302 and 303)"), N_("WHAT") },    \
    { "lost", 0, 0, G_OPTION_ARG_STRING, &(words).lost,                                                              \
      N_("After a lost answer of a plain server: send (again) or ask"), N_("WHAT") }

/* The first line of @path; NULL: was told. */
static char *
read_secret_file (const char *path)
{
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;

  if (g_str_equal (path, "-"))
    text = read_password (NULL);
  else if (!g_file_get_contents (path, &text, NULL, &error))
    {
      fp_cli_usage ("--secret-file: %s", error->message);
      return NULL;
    }
  if (text)
    text[strcspn (text, "\r\n")] = '\0';
  if (!text || !*text)
    {
      fp_cli_usage (_("--secret-file: no password was given"));
      return NULL;
    }

  return g_steal_pointer (&text);
}

/* @ask: for the password of a user, where no file is named. FALSE: was told. */
static gboolean
take_words (const Words      *words,
            gboolean          ask,
            FpServerChanges  *changes)
{
  changes->user = words->user;
  changes->title = words->title;
  changes->has_reach = words->reach != NULL;
  changes->has_success = words->success != NULL;
  changes->has_lost = words->lost != NULL;
  if (words->reach && !fp_reach_from_string (words->reach, &changes->reach))
    fp_cli_usage (_("--reach: “%s” is none of auto, public, lan, always"), words->reach);
  else if (words->success && !fp_success_from_string (words->success, &changes->success))
    fp_cli_usage (_("--success: “%s” is none of 2xx, json, redirect"), words->success);
  else if (words->lost && !fp_lost_from_string (words->lost, &changes->lost))
    fp_cli_usage (_("--lost: “%s” is none of send, ask"), words->lost);
  else if (words->secret_file)
    return (changes->secret = read_secret_file (words->secret_file)) != NULL;
  else if (ask && words->user && *words->user && !(changes->secret = read_password (words->user)))
    fp_cli_usage (_("%s: no password was given"), "--user");
  else
    return TRUE;

  return FALSE;
}

static int
add_openrosa (FpCli                  *cli,
              const char             *url,
              const FpServerChanges  *changes)
{
  g_autoptr(FpServerRow) server = NULL;
  const char * const *refused;
  g_auto(FpCliAwait) await = { NULL };
  GError *error = NULL;

  fp_engine_add_server_async (cli->engine, url, changes->title, changes->user, changes->secret, changes->reach, NULL,
                              fp_cli_await_cb, &await);
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

static int
add_plain (FpCli                  *cli,
           const char             *url,
           const FpServerChanges  *changes)
{
  g_autoptr(FpServerRow) server = NULL;
  g_auto(FpCliAwait) await = { NULL };
  GError *error = NULL;

  fp_engine_add_endpoint_async (cli->engine, url, changes, NULL, fp_cli_await_cb, &await);
  server = fp_engine_add_endpoint_finish (cli->engine, fp_cli_wait (&await), &error);
  if (!server)
    return fp_cli_fail ("server add", error);

  if (cli->json)
    fp_cli_print_json (fp_server_to_json (server));
  else
    g_print (_("Added %s as server %" G_GINT64_FORMAT ". “fieldpostctl server test %" G_GINT64_FORMAT
               "” sends it a sample.\n"), server->title, server->id, server->id);

  return FP_EXIT_OK;
}

static int
server_add (FpCli  *cli,
            int     argc,
            char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_auto(Words) words = { NULL };
  g_auto(FpServerChanges) changes = { NULL };
  gboolean plain = FALSE, cleartext = FALSE;
  const GOptionEntry entries[] = {
    SERVER_ENTRIES (words),
    { "plain", 0, 0, G_OPTION_ARG_NONE, &plain, N_("Any web address that takes requests, no OpenRosa server"), NULL },
    { "cleartext", 0, 0, G_OPTION_ARG_NONE, &cleartext,
      N_("Unencrypted to a public address, where everybody on the way can read it"), NULL },
    { NULL },
  };

  if (!fp_cli_parse (cli, "URL", entries, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) != 1)
    return fp_cli_usage (_("server add: one URL"));
  if (!plain && (words.success || words.lost))
    return fp_cli_usage (_("server add: --success and --lost are for a plain server (--plain)"));
  if (words.secret_file && !words.user)
    return fp_cli_usage (_("server add: --secret-file needs --user"));
  if (!cleartext && g_ascii_strncasecmp (rest[0], "http:", 5) == 0 && fp_host_classify (rest[0]) == FP_HOST_PUBLIC)
    return fp_cli_usage (_("server add: %s is not encrypted; use https, or say --cleartext if everybody may read what "
                           "is sent"), rest[0]);
  if (!take_words (&words, TRUE, &changes))
    return FP_EXIT_USAGE;
  if (!fp_cli_connect (cli, FALSE))
    return FP_EXIT_STORE;

  return plain ? add_plain (cli, rest[0], &changes) : add_openrosa (cli, rest[0], &changes);
}

static int
server_set (FpCli  *cli,
            int     argc,
            char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_auto(Words) words = { NULL };
  static const Words nothing;
  g_auto(FpServerChanges) changes = { NULL };
  const GOptionEntry entries[] = { SERVER_ENTRIES (words), { NULL } };
  g_autoptr(GArray) ids = NULL;
  g_autoptr(FpServerRow) server = NULL;
  g_auto(FpCliAwait) await = { NULL };
  GError *error = NULL;

  if (!fp_cli_parse (cli, "ID", entries, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) != 1)
    return fp_cli_usage (_("server set: the number of one server"));
  ids = fp_cli_parse_ids (rest);
  if (!ids)
    return FP_EXIT_USAGE;
  if (memcmp (&words, &nothing, sizeof words) == 0)
    return fp_cli_usage (_("server set: what is to be changed? “fieldpostctl server set --help” lists it"));
  if (!take_words (&words, TRUE, &changes))
    return FP_EXIT_USAGE;
  if (!fp_cli_connect (cli, TRUE))
    return FP_EXIT_STORE;

  fp_engine_set_server_async (cli->engine, g_array_index (ids, gint64, 0), &changes, NULL, fp_cli_await_cb, &await);
  server = fp_engine_set_server_finish (cli->engine, fp_cli_wait (&await), &error);
  if (!server)
    return fp_cli_fail ("server set", error);
  if (cli->json)
    fp_cli_print_json (fp_server_to_json (server));
  else if (changes.secret)
    g_print (_("Changed %s. What was held for its password goes again.\n"), server->title);
  else
    g_print (_("Changed %s.\n"), server->title);

  return FP_EXIT_OK;
}

static void
fill_server (gconstpointer   row,
             char          **cells)
{
  const FpServerRow *server = row;

  cells[0] = g_strdup_printf ("%4" G_GINT64_FORMAT, server->id);
  cells[1] = g_strdup (server->title);
  cells[2] = g_strdup (fp_reach_to_string (server->reach));
  cells[3] = g_strdup (server->url);
}

static const FpCliTable server_table = {
  .columns = { { N_("No."), 5 }, { N_("Server"), 24 }, { N_("Reach"), 7 }, { N_("Address"), 0 } },
  .empty = N_("No servers yet."),
  .to_json = server_to_json,
  .fill = fill_server,
};

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

  fp_cli_print_table (cli, &server_table, servers, NULL);

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
  if (!removed)
    return fp_cli_fail ("server remove", error);
  if (cli->json)
    fp_cli_print_member ("id", json_node_init_int (json_node_alloc (), g_array_index (ids, gint64, 0)));
  else
    g_print (_("Removed server %" G_GINT64_FORMAT ".\n"), g_array_index (ids, gint64, 0));

  return FP_EXIT_OK;
}

int
fp_cli_server (FpCli  *cli,
               int     argc,
               char  **argv)
{
  static const FpCliCommand commands[] = {
    { "add", server_add, "URL [--plain] [--user NAME]", N_("Add an OpenRosa server and its forms, or a plain one") },
    { "set", server_set, "ID [OPTION…]", N_("Change a server, its password or what its answers mean") },
    { "test", fp_cli_server_test, "ID [--yes]", N_("Ask a server, and say what it answers") },
    { "list", server_list, "", N_("List the servers") },
    { "remove", server_remove, "ID", N_("Forget a server and its forms") },
    { NULL },
  };

  return fp_cli_dispatch (cli, "server", commands, argc - 1, argv + 1);
}
