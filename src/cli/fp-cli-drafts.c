#include "config.h"

#include "cli/fp-cli-table.h"

#include <glib/gi18n.h>

static JsonNode *
draft_to_json (gconstpointer row,
               gconstpointer data)
{
  return fp_draft_to_json (row);
}

static void
fill_draft (gconstpointer   row,
            char          **cells)
{
  const FpDraftRow *draft = row;
  gboolean titled = draft->title && *draft->title;

  cells[0] = g_strdup (draft->uid);
  cells[1] = fp_time_dup_words (draft->saved);
  cells[2] = g_strconcat (draft->form_title ? draft->form_title : "", titled ? " · " : "",
                          titled ? draft->title : "", NULL);
}

static const FpCliTable draft_table = {
  .columns = { { N_("Draft"), 37 }, { N_("Saved"), 10 }, { N_("Form"), 0 } },
  .empty = N_("No drafts."),
  .to_json = draft_to_json,
  .fill = fill_draft,
};

static int
drafts_list (FpCli  *cli,
             int     argc,
             char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_autoptr(GPtrArray) drafts = NULL;
  g_auto(FpCliAwait) await = { NULL };
  GError *error = NULL;

  if (!fp_cli_parse (cli, NULL, NULL, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (!fp_cli_open (cli))
    return FP_EXIT_STORE;
  fp_engine_list_drafts_async (cli->engine, NULL, fp_cli_await_cb, &await);
  drafts = fp_engine_list_drafts_finish (cli->engine, fp_cli_wait (&await), &error);
  if (!drafts)
    return fp_cli_fail ("drafts list", error);

  fp_cli_print_table (cli, &draft_table, drafts, NULL);

  return FP_EXIT_OK;
}

static JsonNode *
answers_to_json (FpDraft *draft)
{
  g_autoptr(GPtrArray) questions = fp_form_model_list_questions (fp_draft_get_model (draft));
  JsonObject *object = json_object_new ();
  JsonObject *answers = json_object_new ();

  for (guint i = 0; i < questions->len; i++)
    {
      FpFormNode *question = g_ptr_array_index (questions, i);

      if (fp_form_node_get_path (question))
        json_object_set_string_member (answers, fp_form_node_get_path (question), fp_form_node_get_value (question));
    }
  json_object_set_string_member (object, "uid", fp_draft_get_uid (draft));
  json_object_set_int_member (object, "form", fp_draft_get_form (draft));
  json_object_set_int_member (object, "revision", fp_draft_get_revision (draft));
  json_object_set_int_member (object, "saved", fp_draft_get_saved_at (draft));
  json_object_set_object_member (object, "answers", answers);

  return fp_json_take_object (object);
}

static void
print_answers (FpDraft *draft)
{
  g_autoptr(GPtrArray) questions = fp_form_model_list_questions (fp_draft_get_model (draft));

  for (guint i = 0; i < questions->len; i++)
    {
      FpFormNode *question = g_ptr_array_index (questions, i);
      g_autofree char *value = fp_cli_dup_line (fp_form_node_get_value (question));

      if (*value && fp_form_node_get_relevant (question))
        g_print ("%s=%s\n", fp_form_node_get_path (question), value);
    }
}

static int
drafts_show (FpCli  *cli,
             int     argc,
             char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_autoptr(FpDraft) draft = NULL;
  g_auto(FpCliAwait) await = { NULL };
  GError *error = NULL;

  if (!fp_cli_parse (cli, "UID", NULL, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) != 1)
    return fp_cli_usage (_("drafts show: one draft"));
  if (!fp_cli_open (cli))
    return FP_EXIT_STORE;
  fp_engine_open_draft_async (cli->engine, rest[0], NULL, fp_cli_await_cb, &await);
  draft = fp_engine_open_draft_finish (cli->engine, fp_cli_wait (&await), &error);
  if (!draft)
    return fp_cli_fail (rest[0], error);

  if (cli->json)
    fp_cli_print_json (answers_to_json (draft));
  else
    print_answers (draft);

  return FP_EXIT_OK;
}

static int
discard (FpCli     *cli,
         gboolean   undo,
         int        argc,
         char     **argv)
{
  g_auto(GStrv) rest = NULL;
  int code = FP_EXIT_OK;
  guint n = 0;

  if (!fp_cli_parse (cli, "UID…", NULL, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (!*rest)
    return fp_cli_usage (_("drafts %s: which drafts?"), argv[0]);
  if (!fp_cli_connect (cli, FALSE))
    return FP_EXIT_STORE;

  for (guint i = 0; code == FP_EXIT_OK && rest[i]; i++)
    {
      g_auto(FpCliAwait) await = { NULL };
      GError *error = NULL;

      fp_engine_discard_draft_async (cli->engine, rest[i], undo, NULL, fp_cli_await_cb, &await);
      if (!fp_engine_discard_draft_finish (cli->engine, fp_cli_wait (&await), &error))
        code = fp_cli_fail (rest[i], error);
      else
        n++;
    }
  if (cli->json && n > 0)
    fp_cli_print_member ("drafts", json_node_init_int (json_node_alloc (), n));
  else if (n > 0 && undo)
    g_print (ngettext ("Restored %u draft.\n", "Restored %u drafts.\n", n), n);
  else if (n > 0)
    g_print (ngettext ("Discarded %u draft.\n", "Discarded %u drafts.\n", n), n);

  return code;
}

static int
drafts_discard (FpCli  *cli,
                int     argc,
                char  **argv)
{
  return discard (cli, FALSE, argc, argv);
}

static int
drafts_undo (FpCli  *cli,
             int     argc,
             char  **argv)
{
  return discard (cli, TRUE, argc, argv);
}

int
fp_cli_drafts (FpCli  *cli,
               int     argc,
               char  **argv)
{
  static const FpCliCommand commands[] = {
    { "list", drafts_list, "", N_("List the drafts") },
    { "show", drafts_show, "UID", N_("Show the answers of a draft") },
    { "discard", drafts_discard, "UID…", N_("Put drafts away") },
    { "undo", drafts_undo, "UID…", N_("Bring drafts back that were put away") },
    { NULL },
  };

  return fp_cli_dispatch (cli, "drafts", commands, argc - 1, argv + 1);
}
