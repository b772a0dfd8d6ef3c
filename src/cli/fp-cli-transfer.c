#include "config.h"

#include "cli/fp-cli.h"

#include <glib/gi18n.h>

#include "engine/fp-engine-transfer.h"

static JsonNode *
count_to_json (const FpTransferCount *count,
               const char            *folder)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "folder", folder);
  json_object_set_int_member (object, "items", count->items);
  json_object_set_int_member (object, "drafts", count->drafts);
  json_object_set_int_member (object, "forms", count->forms);
  json_object_set_int_member (object, "tags", count->tags);
  json_object_set_int_member (object, "skipped", count->skipped);
  json_object_set_int_member (object, "released", count->released);
  json_object_set_int_member (object, "held", count->held);
  json_object_set_int_member (object, "missing", count->missing);

  return fp_json_take_object (object);
}

/* "3 items and 1 draft" */
static char *
dup_amount (const FpTransferCount *count)
{
  g_autofree char *items = g_strdup_printf (ngettext ("%u item", "%u items", count->items), count->items);
  g_autofree char *drafts = g_strdup_printf (ngettext ("%u draft", "%u drafts", count->drafts), count->drafts);

  return g_strdup_printf (_("%s and %s"), items, drafts);
}

static void
print_exported (const FpTransferCount *count,
                const char            *folder,
                gboolean               move)
{
  g_autofree char *amount = dup_amount (count);

  if (move)
    g_print (_("Moved %s to %s. They are no longer sent from here; “fieldpostctl import” of that folder goes on with "
               "them, here or on another computer.\n"), amount, folder);
  else
    g_print (_("Exported %s to %s.\n"), amount, folder);
  if (count->stayed > 0)
    g_print (ngettext ("%u draft was changed meanwhile and is still here, too.\n",
                       "%u drafts were changed meanwhile and are still here, too.\n", count->stayed), count->stayed);
}

/* The bits of one --state; 0: was told. */
static guint
parse_state (const char *word)
{
  if (g_str_equal (word, "all"))
    return 1u << FP_ITEM_PENDING | 1u << FP_ITEM_SENDING | 1u << FP_ITEM_FAILED | 1u << FP_ITEM_HELD
           | 1u << FP_ITEM_DISCARDED | 1u << FP_ITEM_SENT;
  if (fp_item_state_from_string (word) == 0)
    {
      fp_cli_usage (_("--state: “%s” is none of pending, sending, failed, held, discarded, sent, all"), word);
      return 0;
    }

  return 1u << fp_item_state_from_string (word);
}

static char *
dup_default_folder (void)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_local ();

  return g_date_time_format (now, "fieldpost-export-%Y%m%d-%H%M%S");
}

static int
export (FpCli            *cli,
        const char       *folder,
        FpTransferQuery  *query,
        gboolean          drafts,
        gboolean          move)
{
  g_auto(FpCliAwait) await = { NULL };
  g_autofree FpTransferCount *count = NULL;
  GError *error = NULL;

  fp_engine_export_async (cli->engine, folder, query, drafts, move, NULL, fp_cli_await_cb, &await);
  count = fp_engine_export_finish (cli->engine, fp_cli_wait (&await), &error);
  if (!count)
    return fp_cli_fail ("export", error);

  if (cli->json)
    fp_cli_print_json (count_to_json (count, folder));
  else
    print_exported (count, folder, move);

  return FP_EXIT_OK;
}

int
fp_cli_export (FpCli  *cli,
               int     argc,
               char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_autofree char *folder = NULL;
  g_autofree char *state = NULL;
  g_autofree char *tag = NULL;
  g_autoptr(GArray) ids = NULL;
  gboolean move = FALSE;
  int code;
  FpTransferQuery query = { 0 };
  const GOptionEntry entries[] = {
    { "to", 0, 0, G_OPTION_ARG_FILENAME, &folder, N_("Folder; a new one in this folder by default"), N_("DIR") },
    { "move", 0, 0, G_OPTION_ARG_NONE, &move, N_("What is exported is no longer sent from here"), NULL },
    { "state", 0, 0, G_OPTION_ARG_STRING, &state, N_("Only items in this state, or “all”; by default what is not sent"),
      N_("STATE") },
    { "tag", 0, 0, G_OPTION_ARG_STRING, &tag, N_("Only items with this tag"), N_("TAG") },
    { NULL },
  };

  cli->details = _("Drafts go along where nothing is chosen by state, tag or number. Passwords never do.");
  if (!fp_cli_parse (cli, "[ID…]", entries, argc, argv, &rest))
    return FP_EXIT_USAGE;
  query.states = state ? parse_state (state)
                       : 1u << FP_ITEM_PENDING | 1u << FP_ITEM_SENDING | 1u << FP_ITEM_FAILED | 1u << FP_ITEM_HELD;
  if (query.states == 0)
    return FP_EXIT_USAGE;
  if (!fp_cli_connect (cli, FALSE))
    return FP_EXIT_STORE;
  ids = fp_cli_find_items (cli, rest, &code);
  if (!ids)
    return code;
  query.tag = tag;
  query.ids = ids->len > 0 ? ids : NULL;
  if (!folder)
    folder = dup_default_folder ();

  return export (cli, folder, &query, !state && !tag && ids->len == 0, move);
}

static void
print_imported (const FpTransferCount *count)
{
  g_autofree char *amount = dup_amount (count);

  g_print (_("Imported %s.\n"), amount);
  if (count->tags > 0)
    g_print (ngettext ("The settings of %u tag of events came along.\n",
                       "The settings of %u tags of events came along.\n", count->tags), count->tags);
  if (count->released > 0)
    g_print (ngettext ("%u that was moved from here is back.\n", "%u that were moved from here are back.\n",
                       count->released), count->released);
  if (count->skipped > 0)
    g_print (ngettext ("%u was known here already.\n", "%u were known here already.\n", count->skipped), count->skipped);
  if (count->held > 0)
    g_print (ngettext ("%u is held: “fieldpostctl list --state held” says why.\n",
                       "%u are held: “fieldpostctl list --state held” says why.\n", count->held),
             count->held);
  if (count->missing > 0)
    g_print (ngettext ("The password of %u is missing here: “edit ID -H” or “server set” gives it.\n",
                       "The passwords of %u are missing here: “edit ID -H” or “server set” gives them.\n",
                       count->missing),
             count->missing);
  if (count->held > count->missing)
    g_print ("%s\n", _("“release” sends what is only a copy, or was held before."));
}

int
fp_cli_import (FpCli  *cli,
               int     argc,
               char  **argv)
{
  g_auto(GStrv) rest = NULL;
  gboolean send = FALSE;
  const GOptionEntry entries[] = {
    { "send", 0, 0, G_OPTION_ARG_NONE, &send, N_("Send also what is only a copy, and may be sent elsewhere, too"), NULL },
    { NULL },
  };
  g_auto(FpCliAwait) await = { NULL };
  g_autofree FpTransferCount *count = NULL;
  GError *error = NULL;

  if (!fp_cli_parse (cli, "DIR", entries, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) != 1)
    return fp_cli_usage (_("import: the folder of one export"));
  if (!fp_cli_connect (cli, TRUE))
    return FP_EXIT_STORE;
  fp_engine_import_async (cli->engine, rest[0], send, NULL, fp_cli_await_cb, &await);
  count = fp_engine_import_finish (cli->engine, fp_cli_wait (&await), &error);
  if (!count)
    return fp_cli_fail ("import", error);

  if (cli->json)
    fp_cli_print_json (count_to_json (count, rest[0]));
  else
    print_imported (count);

  return FP_EXIT_OK;
}
