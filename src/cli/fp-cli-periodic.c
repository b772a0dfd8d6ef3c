#include "config.h"

#include "cli/fp-cli-table.h"

#include <glib/gi18n.h>

#include "engine/fp-engine-periodic.h"
#include "sync/fp-periodic.h"

static FpPeriodicList *
list_jobs (FpCli   *cli,
           GError **error)
{
  g_auto(FpCliAwait) await = { NULL };

  fp_engine_list_periodic_async (cli->engine, NULL, fp_cli_await_cb, &await);

  return fp_engine_list_periodic_finish (cli->engine, fp_cli_wait (&await), error);
}

static void
print_permission (const char *permission)
{
  if (g_str_equal (permission, "granted"))
    g_print ("%s\n", _("Permission: granted; jobs run in the background."));
  else if (g_str_equal (permission, "denied"))
    g_print ("%s\n", _("Permission: denied; no job but clean-up runs. “periodic register” asks again."));
  else
    g_print ("%s\n", _("Permission: not asked yet; no job but clean-up runs. “periodic register” asks."));
}

static char *
dup_interval (gint64 ms)
{
  gint64 hours = ms / FP_PERIODIC_HOUR_MS;

  if (ms % FP_PERIODIC_HOUR_MS != 0)
    return g_strdup_printf (_("%.1f h"), (double) ms / FP_PERIODIC_HOUR_MS);

  return g_strdup_printf (_("%d h"), (int) hours);
}

static JsonNode *
job_to_json (gconstpointer row,
             gconstpointer permission)
{
  return fp_periodic_to_json (row, permission);
}

static void
fill_job (gconstpointer   data,
          char          **cells)
{
  const FpPeriodicRow *row = data;

  cells[0] = g_strdup (row->name);
  cells[1] = dup_interval (row->min_interval);
  cells[2] = row->last_run > 0 ? fp_time_dup_words (row->last_run) : g_strdup (_("never"));
  cells[3] = g_strdup (row->last_result);
}

static const FpCliTable job_table = {
  .columns = { { NULL, 24 }, { NULL, 8 }, { NULL, 16 }, { NULL, 0 } },
  .to_json = job_to_json,
  .fill = fill_job,
};

/* As in the list, of one job. */
static int
print_one (FpCli      *cli,
           const char *command,
           const char *name)
{
  GError *error = NULL;
  g_autoptr(FpPeriodicList) list = list_jobs (cli, &error);

  if (!list)
    return fp_cli_fail (command, error);
  for (guint i = 0; i < list->jobs->len; i++)
    {
      const FpPeriodicRow *row = g_ptr_array_index (list->jobs, i);

      if (g_str_equal (row->name, name))
        fp_cli_print_json (fp_periodic_to_json (row, list->permission));
    }

  return FP_EXIT_OK;
}

static int
periodic_list (FpCli  *cli,
               int     argc,
               char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_autoptr(FpPeriodicList) list = NULL;
  GError *error = NULL;

  if (!fp_cli_parse (cli, NULL, NULL, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (!fp_cli_open (cli))
    return FP_EXIT_STORE;
  list = list_jobs (cli, &error);
  if (!list)
    return fp_cli_fail ("periodic list", error);

  if (!cli->json)
    print_permission (list->permission);
  fp_cli_print_table (cli, &job_table, list->jobs, list->permission);

  return FP_EXIT_OK;
}

static int
periodic_register (FpCli  *cli,
                   int     argc,
                   char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_autofree char *bus_name = NULL;
  g_auto(FpCliAwait) await = { NULL };
  gint64 seconds = 0;
  GError *error = NULL;
  gboolean granted;
  int code;
  const GOptionEntry entries[] = {
    { "interval", 0, 0, G_OPTION_ARG_INT64, &seconds,
      N_("Least time between two runs, at least 3600; not needed for daily-sync and check-updates"), N_("SECONDS") },
    { "bus-name", 0, 0, G_OPTION_ARG_STRING, &bus_name, N_("Program on the session bus that is started and told"),
      N_("NAME") },
    { NULL },
  };

  if (!fp_cli_parse (cli, "NAME", entries, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) != 1)
    return fp_cli_usage (_("periodic register: the name of one job"));
  if (seconds < 0 || seconds > G_MAXINT32)
    return fp_cli_usage (_("--interval: that is no time in seconds"));
  if (!fp_cli_connect (cli, FALSE))
    return FP_EXIT_STORE;
  fp_engine_register_periodic_async (cli->engine, rest[0], bus_name, seconds * 1000, NULL, fp_cli_await_cb, &await);
  granted = fp_engine_register_periodic_finish (cli->engine, fp_cli_wait (&await), &error);
  if (error)
    return fp_cli_fail ("periodic register", error);
  if (!cli->json)
    print_permission (granted ? "granted" : "denied");
  else if ((code = print_one (cli, "periodic register", rest[0])) != FP_EXIT_OK)
    return code;

  return granted ? FP_EXIT_OK : FP_EXIT_REFUSED;
}

static int
periodic_unregister (FpCli  *cli,
                     int     argc,
                     char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_auto(FpCliAwait) await = { NULL };
  GError *error = NULL;

  if (!fp_cli_parse (cli, "NAME", NULL, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) != 1)
    return fp_cli_usage (_("periodic unregister: the name of one job"));
  if (!fp_cli_connect (cli, FALSE))
    return FP_EXIT_STORE;
  fp_engine_unregister_periodic_async (cli->engine, rest[0], NULL, fp_cli_await_cb, &await);
  if (!fp_engine_unregister_periodic_finish (cli->engine, fp_cli_wait (&await), &error))
    return fp_cli_fail ("periodic unregister", error);
  if (cli->json)
    {
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "name", rest[0]);
      fp_cli_print_json (fp_json_take_object (object));
    }
  else
    {
      g_print (_("“%s” is removed: it will not run again.\n"), rest[0]);
    }

  return FP_EXIT_OK;
}

static int
periodic_run (FpCli  *cli,
              int     argc,
              char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_auto(FpCliAwait) await = { NULL };
  GError *error = NULL;

  if (!fp_cli_parse (cli, "NAME", NULL, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) != 1)
    return fp_cli_usage (_("periodic run: the name of one job"));
  if (!fp_cli_connect (cli, FALSE))
    return FP_EXIT_STORE;
  fp_engine_run_periodic_async (cli->engine, rest[0], NULL, fp_cli_await_cb, &await);
  if (!fp_engine_run_periodic_finish (cli->engine, fp_cli_wait (&await), &error))
    return fp_cli_fail (rest[0], error);
  if (cli->json)
    return print_one (cli, "periodic run", rest[0]);
  if (fp_periodic_is_builtin (rest[0]))
    g_print (_("“%s” is done.\n"), rest[0]);
  else
    g_print (_("The program of “%s” is told to run it as soon as there is a network.\n"), rest[0]);

  return FP_EXIT_OK;
}

int
fp_cli_periodic (FpCli  *cli,
                 int     argc,
                 char  **argv)
{
  static const FpCliCommand commands[] = {
    { "list", periodic_list, "", N_("List periodic jobs, and whether they may run") },
    { "register", periodic_register, "NAME [--interval SECONDS] [--bus-name NAME]",
      N_("Register daily-sync, check-updates or another program's job") },
    { "unregister", periodic_unregister, "NAME", N_("Remove a job") },
    { "run", periodic_run, "NAME", N_("Do a job now") },
    { NULL },
  };

  return fp_cli_dispatch (cli, "periodic", commands, argc - 1, argv + 1);
}
