#include "config.h"

#include "cli/fp-cli.h"

#include <glib/gi18n.h>

#include "engine/fp-engine-clean.h"

static JsonNode *
cleaned_to_json (const FpCleaned *cleaned)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "sent", cleaned->sent);
  json_object_set_int_member (object, "discarded", cleaned->discarded);
  json_object_set_int_member (object, "drafts", cleaned->drafts);
  json_object_set_int_member (object, "files", cleaned->files);
  json_object_set_int_member (object, "marked", cleaned->marked);

  return fp_json_take_object (object);
}

int
fp_cli_cleanup (FpCli  *cli,
                int     argc,
                char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_auto(FpCliAwait) await = { NULL };
  g_autofree FpCleaned *cleaned = NULL;
  gboolean dry_run = FALSE;
  GError *error = NULL;
  const GOptionEntry entries[] = {
    { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run, N_("Only say what would be done"), NULL },
    { NULL },
  };

  if (!fp_cli_parse (cli, NULL, entries, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (!fp_cli_connect (cli, FALSE))
    return FP_EXIT_STORE;
  fp_engine_clean_async (cli->engine, dry_run, NULL, fp_cli_await_cb, &await);
  cleaned = fp_engine_clean_finish (cli->engine, fp_cli_wait (&await), &error);
  if (!cleaned)
    return fp_cli_fail ("cleanup", error);

  if (cli->json)
    {
      fp_cli_print_json (cleaned_to_json (cleaned));
      return FP_EXIT_OK;
    }
  g_print (dry_run ? _("Would delete: %u sent, %u discarded, %u drafts.\n")
                   : _("Deleted: %u sent, %u discarded, %u drafts.\n"),
           cleaned->sent, cleaned->discarded, cleaned->drafts);
  if (cleaned->files > 0)
    g_print (ngettext ("Deleted: %u file.\n", "Deleted: %u files.\n", cleaned->files), cleaned->files);
  if (cleaned->marked > 0)
    g_print (ngettext ("%u more is old; a run a day from now deletes it.\n",
                       "%u more are old; a run a day from now deletes them.\n", cleaned->marked),
             cleaned->marked);

  return FP_EXIT_OK;
}
