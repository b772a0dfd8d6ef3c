#include "config.h"

#include "cli/fp-cli.h"

#include <glib/gi18n.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "secret/fp-secret.h"
#include "store/fp-wipe.h"

/* How long the agent may take to end. */
#define PATIENCE_S 10

typedef struct {
  char      *folder;
  gint64     unsent;  /* items, events and drafts; -1 = the store cannot be read */
  GPtrArray *secrets; /* (nullable): keys */
} Plan;

static void
plan_clear (Plan *plan)
{
  g_free (plan->folder);
  g_clear_pointer (&plan->secrets, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Plan, plan_clear)

static gpointer
list_secrets (FpStoreTxn  *txn,
              gpointer     data,
              GError     **error)
{
  return fp_wipe_list_secrets (txn, error);
}

/* What there is; a store that cannot be opened may hold anything. */
static void
look (FpCli *cli,
      Plan  *plan)
{
  g_auto(FpCliAwait) drafts_await = { NULL };
  g_auto(FpCliAwait) secrets_await = { NULL };
  g_autoptr(GPtrArray) drafts = NULL;
  FpStore *store;

  plan->folder = fp_engine_dup_default_folder ();
  plan->unsent = -1;
  if (!fp_cli_connect (cli, FALSE))
    return;

  store = fp_engine_get_store (cli->engine);
  fp_engine_list_drafts_async (cli->engine, NULL, fp_cli_await_cb, &drafts_await);
  drafts = fp_engine_list_drafts_finish (cli->engine, fp_cli_wait (&drafts_await), NULL);
  if (drafts)
    {
      const FpItemCounts *counts = fp_agent_client_get_status (cli->client)->counts;

      plan->unsent = (gint64) counts->waiting + counts->moved + counts->events + drafts->len;
    }
  fp_store_read_async (store, list_secrets, NULL, NULL, (GDestroyNotify) g_ptr_array_unref, NULL, fp_cli_await_cb,
                       &secrets_await);
  plan->secrets = fp_store_read_finish (store, fp_cli_wait (&secrets_await), NULL);
}

static char *
read_line (void)
{
  char line[64];

  if (!isatty (STDIN_FILENO) || !fgets (line, sizeof line, stdin))
    return NULL;

  return g_strdup (g_strstrip (line));
}

/* What was not sent is lost for ever: it takes its number, or a word of its own on the command line. */
static gboolean
may_wipe (const Plan *plan,
          gboolean    yes,
          gboolean    unsent)
{
  g_autofree char *number = g_strdup_printf ("%" G_GINT64_FORMAT, plan->unsent);
  g_autofree char *answer = NULL;

  if (plan->unsent < 0 && !unsent)
    {
      g_printerr (_("fieldpostctl: wipe: the store cannot be read and may hold what was never sent; "
                    "--including-unsent deletes it all the same\n"));
      return FALSE;
    }
  if (plan->unsent > 0 && !unsent)
    {
      g_printerr (ngettext ("%s item, event or draft was never sent and would be lost. ",
                            "%s items, events and drafts were never sent and would be lost. ", (gulong) plan->unsent), number);
      g_printerr (_("To delete them type that number, or say --including-unsent: "));
      answer = read_line ();
      g_printerr (answer ? "" : "\n");
      return g_strcmp0 (answer, number) == 0;
    }
  if (yes)
    return TRUE;
  g_printerr (_("Delete everything of Fieldpost in %s? [y/N] "), plan->folder);
  answer = read_line ();
  g_printerr (answer ? "" : "\n");

  return answer && (*answer == 'y' || *answer == 'Y');
}

/* The agent of this very store ends by itself when it is asked to. */
static void
stop_agent (FpCli *cli)
{
  g_autoptr(GVariant) reply = NULL;
  guint pid = 0;

  if (!cli->bus || !cli->client || fp_agent_client_get_presence (cli->client) != FP_AGENT_PRESENT)
    return;
  reply = g_dbus_connection_call_sync (cli->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                       "org.freedesktop.DBus", "GetConnectionUnixProcessID",
                                       g_variant_new ("(s)", FP_AGENT_BUS_NAME), G_VARIANT_TYPE ("(u)"),
                                       G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, NULL);
  if (reply)
    g_variant_get (reply, "(u)", &pid);
  if (pid > 1)
    kill ((pid_t) pid, SIGTERM);
}

static void
close_store (FpCli *cli)
{
  g_auto(FpCliAwait) await = { NULL };

  g_clear_object (&cli->client);
  if (!cli->engine)
    return;
  fp_engine_close_async (cli->engine, NULL, fp_cli_await_cb, &await);
  fp_engine_close_finish (cli->engine, fp_cli_wait (&await), NULL);
  g_clear_object (&cli->engine);
}

static gboolean
tick_cb (gpointer data)
{
  (*(guint *) data)++;

  return G_SOURCE_CONTINUE;
}

/* Until the agent has let go of the store. */
static GPtrArray *
wipe_patiently (const char  *folder,
                gboolean     patient,
                GError     **error)
{
  guint ticks = 0;
  guint source = g_timeout_add (100, tick_cb, &ticks);
  GPtrArray *names = NULL;

  while (!(names = fp_wipe_folder (folder, FALSE, error)) && patient
         && g_error_matches (*error, FP_STORE_ERROR, FP_STORE_ERROR_BUSY) && ticks < PATIENCE_S * 10)
    {
      g_clear_error (error);
      g_main_context_iteration (NULL, TRUE);
    }
  g_source_remove (source);

  return names;
}

/* Those in a file went with the folder. */
static void
forget_secrets (const Plan *plan,
                GPtrArray  *names)
{
  g_autoptr(FpSecrets) secrets = NULL;

  if (!plan->secrets || g_strcmp0 (g_getenv ("FIELDPOST_SECRETS"), "file") == 0)
    return;
  for (guint i = 0; i < names->len; i++)
    if (g_str_equal (g_ptr_array_index (names, i), "secrets.json"))
      return;

  secrets = fp_secrets_new (plan->folder);
  for (guint i = 0; i < plan->secrets->len; i++)
    {
      const char *id = g_ptr_array_index (plan->secrets, i);
      g_auto(FpCliAwait) await = { NULL };
      g_autoptr(GError) error = NULL;

      fp_secrets_remove_async (secrets, id, NULL, fp_cli_await_cb, &await);
      if (!fp_secrets_remove_finish (secrets, fp_cli_wait (&await), &error))
        g_printerr (_("fieldpostctl: a password stays in the keyring: %s\n"), error->message);
    }
}

static void
print_names (FpCli      *cli,
             const Plan *plan,
             GPtrArray  *names,
             gboolean    dry_run)
{
  guint secrets = plan->secrets ? plan->secrets->len : 0;

  if (cli->json)
    {
      JsonArray *array = json_array_new ();

      for (guint i = 0; i < names->len; i++)
        json_array_add_string_element (array, g_ptr_array_index (names, i));
      fp_cli_print_json (fp_json_take_array (array));
      return;
    }
  for (guint i = 0; i < names->len; i++)
    g_print ("%s/%s\n", plan->folder, (const char *) g_ptr_array_index (names, i));
  if (secrets > 0)
    g_print (ngettext ("%u password\n", "%u passwords\n", secrets), secrets);
  g_print ("%s\n", dry_run ? _("This would be deleted.") : _("Deleted."));
}

int
fp_cli_wipe (FpCli  *cli,
             int     argc,
             char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_auto(Plan) plan = { NULL };
  gboolean yes = FALSE, unsent = FALSE, dry_run = FALSE, agent;
  const GOptionEntry entries[] = {
    { "yes", 0, 0, G_OPTION_ARG_NONE, &yes, N_("Do not ask"), NULL },
    { "including-unsent", 0, 0, G_OPTION_ARG_NONE, &unsent, N_("Also what was never sent, and drafts"), NULL },
    { "dry-run", 0, 0, G_OPTION_ARG_NONE, &dry_run, N_("Only list what would be deleted"), NULL },
    { NULL },
  };
  g_autoptr(GPtrArray) names = NULL;
  GError *error = NULL;

  if (!fp_cli_parse (cli, NULL, entries, argc, argv, &rest))
    return FP_EXIT_USAGE;
  look (cli, &plan);
  if (!dry_run && !may_wipe (&plan, yes, unsent))
    return fp_cli_usage (_("wipe: nothing was deleted"));

  agent = cli->client && fp_agent_client_get_presence (cli->client) == FP_AGENT_PRESENT;
  if (!dry_run)
    {
      stop_agent (cli);
      close_store (cli);
    }
  names = dry_run ? fp_wipe_folder (plan.folder, TRUE, &error) : wipe_patiently (plan.folder, agent, &error);
  if (!names)
    return fp_cli_fail ("wipe", error);
  if (!dry_run)
    forget_secrets (&plan, names);
  print_names (cli, &plan, names, dry_run);

  return FP_EXIT_OK;
}
