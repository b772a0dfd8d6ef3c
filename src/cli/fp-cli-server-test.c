#include "config.h"

#include "cli/fp-cli.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <unistd.h>

#include "engine/fp-engine-endpoints.h"

/* NULL: was told. */
static FpServerRow *
find_server (FpCli  *cli,
             gint64  id,
             int    *code)
{
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(GPtrArray) servers = NULL;
  GError *error = NULL;

  fp_engine_list_servers_async (cli->engine, NULL, fp_cli_await_cb, &await);
  servers = fp_engine_list_servers_finish (cli->engine, fp_cli_wait (&await), &error);
  if (!servers)
    {
      *code = fp_cli_fail ("server test", error);
      return NULL;
    }
  for (guint i = 0; i < servers->len; i++)
    if (((FpServerRow *) g_ptr_array_index (servers, i))->id == id)
      {
        FpServerRow *found = g_ptr_array_steal_index (servers, i);

        return found;
      }
  *code = FP_EXIT_REFUSED;
  g_printerr (_("fieldpostctl: server test: there is no server %" G_GINT64_FORMAT "\n"), id);

  return NULL;
}

/* The setting under which this answer would be a receipt; FALSE: none. */
static gboolean
propose (const FpAnswer *answer,
         FpSuccess      *success)
{
  const char *type = fp_answer_peek_header (answer, "content-type");

  if (answer->status == 302 || answer->status == 303)
    *success = FP_SUCCESS_REDIRECT;
  else if (answer->status < 200 || answer->status > 299)
    return FALSE;
  else
    *success = type && (g_strstr_len (type, -1, "/json") || g_strstr_len (type, -1, "+json")) ? FP_SUCCESS_JSON
                                                                                               : FP_SUCCESS_2XX;

  return TRUE;
}

/* Whether the server, as it is set, has said yes. */
static gboolean
is_yes (const FpServerRow *server,
        const FpAnswer    *answer)
{
  FpSuccess success;

  if (server->protocol == FP_PROTOCOL_OPENROSA)
    return answer->status == 200;
  if (!propose (answer, &success))
    return FALSE;

  return success == server->success || (success == FP_SUCCESS_JSON && server->success != FP_SUCCESS_JSON)
         || (success == FP_SUCCESS_2XX && server->success == FP_SUCCESS_REDIRECT);
}

static void
print_answer (const FpServerRow *server,
              const FpAnswer    *answer,
              gint64             ms)
{
  g_autofree char *status = g_strdup_printf ("%u", answer->status);
  g_autofree char *took = g_strdup_printf (_("%" G_GINT64_FORMAT " ms"), ms);
  FpSuccess success;

  fp_cli_print_field (_("answer"), status);
  fp_cli_print_field (_("encrypted"), answer->secure ? _("yes, and the certificate is trusted") : _("no"));
  fp_cli_print_field (_("time"), took);
  if (answer->status == 401 || answer->status == 403)
    g_print (_("The server asks for another user name or password: fieldpostctl server set %" G_GINT64_FORMAT
               " --user NAME\n"), server->id);
  else if (is_yes (server, answer))
    g_print ("%s\n", server->protocol == FP_PROTOCOL_OPENROSA ? _("The server lists its forms.")
                                                              : _("That is a yes, as this server is set."));
  else if (server->protocol == FP_PROTOCOL_PLAIN && propose (answer, &success))
    g_print (_("As this server is set that is no yes. If it means one: fieldpostctl server set %" G_GINT64_FORMAT
               " --success %s\n"), server->id, fp_success_to_string (success));
  else
    g_print (_("That is no yes.\n"));
}

static JsonNode *
answer_to_json (const FpServerRow *server,
                const FpAnswer    *answer,
                gint64             ms)
{
  JsonObject *object = json_object_new ();
  FpSuccess success;

  json_object_set_int_member (object, "server", server->id);
  json_object_set_boolean_member (object, "reached", answer->fault == FP_FAULT_NONE);
  json_object_set_int_member (object, "status", answer->status);
  json_object_set_boolean_member (object, "secure", answer->secure);
  json_object_set_int_member (object, "ms", ms);
  json_object_set_boolean_member (object, "yes", answer->fault == FP_FAULT_NONE && is_yes (server, answer));
  if (server->protocol == FP_PROTOCOL_PLAIN && answer->fault == FP_FAULT_NONE && propose (answer, &success))
    json_object_set_string_member (object, "success", fp_success_to_string (success));
  else
    json_object_set_null_member (object, "success");

  return fp_json_take_object (object);
}

static int
test (FpCli             *cli,
      const FpServerRow *server)
{
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(FpAnswer) answer = NULL;
  GError *error = NULL;
  gint64 began = g_get_monotonic_time (), ms;

  fp_engine_test_server_async (cli->engine, server->id, NULL, fp_cli_await_cb, &await);
  answer = fp_engine_test_server_finish (cli->engine, fp_cli_wait (&await), &error);
  if (!answer)
    return fp_cli_fail ("server test", error);
  ms = (g_get_monotonic_time () - began) / 1000;

  if (cli->json)
    fp_cli_print_json (answer_to_json (server, answer, ms));
  if (answer->fault != FP_FAULT_NONE)
    {
      g_printerr (_("fieldpostctl: %s was not reached: %s\n"), server->title,
                  answer->fault_text ? answer->fault_text : _("no answer"));
      return FP_EXIT_NETWORK;
    }
  if (!cli->json)
    print_answer (server, answer, ms);

  return is_yes (server, answer) ? FP_EXIT_OK : FP_EXIT_REFUSED;
}

static gboolean
ask (const FpServerRow *server)
{
  char answer[16];

  if (!isatty (STDIN_FILENO))
    return FALSE;
  g_printerr (_("A small sample, marked as a test, is posted to %s. Go on? [y/N] "), server->url);

  return fgets (answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

int
fp_cli_server_test (FpCli  *cli,
                    int     argc,
                    char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_autoptr(GArray) ids = NULL;
  g_autoptr(FpServerRow) server = NULL;
  gboolean yes = FALSE;
  int code = FP_EXIT_OK;
  const GOptionEntry entries[] = {
    { "yes", 0, 0, G_OPTION_ARG_NONE, &yes, N_("Post the sample to a plain server without asking"), NULL }, { NULL },
  };

  if (!fp_cli_parse (cli, "ID", entries, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) != 1)
    return fp_cli_usage (_("server test: the number of one server"));
  ids = fp_cli_parse_ids (rest);
  if (!ids)
    return FP_EXIT_USAGE;
  if (!fp_cli_connect (cli, FALSE))
    return FP_EXIT_STORE;
  server = find_server (cli, g_array_index (ids, gint64, 0), &code);
  if (!server)
    return code;
  if (server->protocol == FP_PROTOCOL_PLAIN && !yes && !ask (server))
    return fp_cli_usage (_("server test: it posts a sample to a plain server; --yes says that it may"));

  return test (cli, server);
}
