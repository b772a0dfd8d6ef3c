#include "config.h"

#include "cli/fp-cli.h"

#include <glib/gi18n.h>
#include <string.h>

/* More choices than a line shows are not named. */
#define CHOICES_TOLD 10

/* "PATH=VALUE": the question and the value; NULL: was told. */
static FpFormNode *
find_question (FpFormModel  *model,
               const char   *text,
               const char   *option,
               const char  **value)
{
  const char *at = strchr (text, '=');
  g_autofree char *path = at ? g_strndup (text, at - text) : NULL;
  FpFormNode *node;

  if (!path)
    {
      fp_cli_usage (_("%s: “%s” has no “=”"), option, text);
      return NULL;
    }
  node = fp_form_model_find (model, path);
  if (!node || fp_form_node_get_kind (node) != FP_NODE_QUESTION)
    {
      g_printerr (_("fieldpostctl: %s: the form has no question “%s”; “fieldpostctl forms show” lists them\n"), option,
                  path);
      return NULL;
    }
  *value = at + 1;

  return node;
}

/* "; the choices are a, b, c" or nothing. Caller frees. */
static char *
dup_choices (FpFormNode *node)
{
  GPtrArray *choices = fp_form_node_get_choices (node);
  g_autoptr(GString) names = g_string_new (NULL);

  if (!choices || choices->len == 0)
    return g_strdup ("");
  for (guint i = 0; i < choices->len && i < CHOICES_TOLD; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", ((FpChoice *) g_ptr_array_index (choices, i))->value);
  if (choices->len > CHOICES_TOLD)
    g_string_append (names, ", …");

  /* Translators: follows what is wrong with an answer; %s is a list of words. */
  return g_strdup_printf (_(" The choices: %s"), names->str);
}

static int
refuse_value (FpFormNode *node,
              const char *value)
{
  g_autofree char *choices = dup_choices (node);
  g_autofree char *text = g_strdup_printf ("%s: “%s”: %s%s", fp_form_node_get_path (node), value,
                                           fp_form_node_get_error (node), choices);
  g_autofree char *line = fp_cli_dup_line (text);

  g_printerr ("fieldpostctl: %s\n", line);

  return FP_EXIT_REFUSED;
}

static int
set_value (FpFormModel *model,
           const char  *text)
{
  const char *value = NULL;
  FpFormNode *node = find_question (model, text, "--set", &value);

  if (!node)
    return FP_EXIT_USAGE;
  /* The name of a file is no answer: the file itself has to come along. */
  if (fp_form_node_get_question (node) == FP_QUESTION_IMAGE && *value)
    return fp_cli_usage (_("%s is an image: use --attach %s=FILE"), fp_form_node_get_name (node),
                         fp_form_node_get_name (node));
  if (fp_form_node_get_readonly (node))
    {
      g_printerr (_("fieldpostctl: %s: can only be read\n"), fp_form_node_get_path (node));
      return FP_EXIT_REFUSED;
    }
  fp_form_model_set_value (model, node, value);

  return fp_form_node_get_error (node) ? refuse_value (node, value) : FP_EXIT_OK;
}

/* Whether a file of this type is an answer to a question that takes @wanted, a pattern. */
static gboolean
fits (const char *type,
      const char *wanted)
{
  g_autofree char *mime = g_content_type_get_mime_type (type);

  return mime && g_pattern_match_simple (wanted, mime);
}

/* The media type of a file by its first bytes; its name counts where the bytes do not speak against it: an SVG picture
 * without a marker looks like any text. NULL: was told. */
static char *
guess_media_type (FpFormNode           *node,
                  GBufferedInputStream *stream,
                  const char           *name,
                  const char           *path)
{
  const char *wanted = fp_form_node_get_media_type (node);
  gsize size = 0;
  const void *bytes;
  g_autofree char *by_bytes = NULL;
  g_autofree char *by_name = g_content_type_guess (name, NULL, 0, NULL);
  g_autofree char *mime = NULL;
  g_autofree char *line = NULL;
  GError *error = NULL;

  if (g_buffered_input_stream_fill (stream, -1, NULL, &error) < 0)
    {
      fp_cli_fail (path, error);
      return NULL;
    }
  bytes = g_buffered_input_stream_peek_buffer (stream, &size);
  by_bytes = g_content_type_guess (NULL, bytes, size, NULL);
  if (!wanted || !*wanted)
    wanted = "image/*";
  if (fits (by_bytes, wanted))
    return g_content_type_get_mime_type (by_bytes);
  if (fits (by_name, wanted) && g_content_type_is_a (by_name, by_bytes))
    return g_content_type_get_mime_type (by_name);

  mime = g_content_type_get_mime_type (by_bytes);
  line = fp_cli_dup_line (path);
  g_printerr (_("fieldpostctl: %s takes %s, but “%s” is %s\n"), fp_form_node_get_path (node), wanted, line,
              mime ? mime : by_bytes);

  return NULL;
}

static int
attach (FpDraft    *draft,
        const char *text)
{
  const char *path = NULL;
  FpFormNode *node = find_question (fp_draft_get_model (draft), text, "--attach", &path);
  g_autoptr(GFile) file = NULL;
  g_autoptr(GFileInputStream) bare = NULL;
  g_autoptr(GInputStream) stream = NULL;
  g_autofree char *name = NULL;
  g_autofree char *mime = NULL;
  g_auto(FpCliAwait) await = { NULL };
  GError *error = NULL;
  gboolean attached;

  if (!node)
    return FP_EXIT_USAGE;
  if (fp_form_node_get_question (node) != FP_QUESTION_IMAGE)
    {
      g_printerr (_("fieldpostctl: %s: takes no file; use --set\n"), fp_form_node_get_path (node));
      return FP_EXIT_REFUSED;
    }
  file = g_file_new_for_commandline_arg (path);
  bare = g_file_read (file, NULL, &error);
  if (!bare)
    return fp_cli_fail (path, error);

  stream = g_buffered_input_stream_new (G_INPUT_STREAM (bare));
  name = g_file_get_basename (file);
  mime = guess_media_type (node, G_BUFFERED_INPUT_STREAM (stream), name, path);
  if (!mime)
    return FP_EXIT_REFUSED;
  fp_draft_attach_async (draft, node, stream, name, mime, NULL, fp_cli_await_cb, &await);
  attached = fp_draft_attach_finish (draft, fp_cli_wait (&await), &error);

  return attached ? FP_EXIT_OK : fp_cli_fail (path, error);
}

static int
save (FpCli   *cli,
      FpDraft *draft)
{
  g_auto(FpCliAwait) await = { NULL };
  GError *error = NULL;
  gboolean saved;

  fp_draft_flush_async (draft, NULL, fp_cli_await_cb, &await);
  saved = fp_draft_flush_finish (draft, fp_cli_wait (&await), &error);
  if (!saved)
    return fp_cli_fail (_("the draft"), error);
  if (fp_draft_get_state (draft) == FP_DRAFT_EMPTY)
    return fp_cli_usage (_("fill: nothing to save; answer something with --set"));

  if (cli->json)
    {
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "draft", fp_draft_get_uid (draft));
      json_object_set_int_member (object, "revision", fp_draft_get_revision (draft));
      fp_cli_print_json (fp_json_take_object (object));
    }
  else
    {
      g_print (_("Saved as draft %s.\n"), fp_draft_get_uid (draft));
    }

  return FP_EXIT_OK;
}

static int
submit (FpCli   *cli,
        FpDraft *draft)
{
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(FpItem) item = NULL;
  GError *error = NULL;
  int code;

  fp_engine_submit_async (cli->engine, draft, NULL, fp_cli_await_cb, &await);
  item = fp_engine_submit_finish (cli->engine, fp_cli_wait (&await), &error);
  if (item)
    {
      if (cli->json)
        fp_cli_print_json (fp_item_to_json (item, NULL));
      else
        g_print (_("Queued as %" G_GINT64_FORMAT ".\n"), item->id);
      return FP_EXIT_OK;
    }

  code = fp_cli_fail (NULL, error);
  /* What was answered is not lost for one question that was forgotten. */
  g_clear_object (&await.result);
  fp_draft_flush_async (draft, NULL, fp_cli_await_cb, &await);
  if (fp_draft_flush_finish (draft, fp_cli_wait (&await), NULL) && fp_draft_get_state (draft) == FP_DRAFT_SAVED)
    g_printerr (_("fieldpostctl: the answers are kept as draft %s\n"), fp_draft_get_uid (draft));

  return code;
}

static int
fill (FpCli   *cli,
      FpDraft *draft,
      char   **sets,
      char   **attachments,
      gboolean keep)
{
  int code = FP_EXIT_OK;

  for (guint i = 0; code == FP_EXIT_OK && sets && sets[i]; i++)
    code = set_value (fp_draft_get_model (draft), sets[i]);
  for (guint i = 0; code == FP_EXIT_OK && attachments && attachments[i]; i++)
    code = attach (draft, attachments[i]);
  if (code != FP_EXIT_OK)
    {
      /* A mistake on the command line leaves nothing behind, unless a file was attached before it. */
      if (fp_draft_get_revision (draft) > 0)
        g_printerr (_("fieldpostctl: the answers are kept as draft %s\n"), fp_draft_get_uid (draft));
      fp_draft_end (draft);
      return code;
    }

  return keep ? save (cli, draft) : submit (cli, draft);
}

/* A form begins a draft; the uid of a draft goes on with that one. NULL: was told, and @code is set. */
static FpDraft *
open_draft (FpCli      *cli,
            const char *name,
            int        *code)
{
  g_autoptr(FpFormRow) form = NULL;
  g_auto(FpCliAwait) await = { NULL };
  GError *error = NULL;
  FpDraft *draft;

  if (g_uuid_string_is_valid (name))
    {
      fp_engine_open_draft_async (cli->engine, name, NULL, fp_cli_await_cb, &await);
      draft = fp_engine_open_draft_finish (cli->engine, fp_cli_wait (&await), &error);
    }
  else
    {
      *code = FP_EXIT_REFUSED;
      form = fp_cli_find_form (cli, name);
      if (!form)
        return NULL;
      fp_engine_begin_async (cli->engine, form->id, NULL, fp_cli_await_cb, &await);
      draft = fp_engine_begin_finish (cli->engine, fp_cli_wait (&await), &error);
    }
  if (!draft)
    *code = fp_cli_fail (name, error);

  return draft;
}

int
fp_cli_fill (FpCli  *cli,
             int     argc,
             char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_auto(GStrv) sets = NULL;
  g_auto(GStrv) attachments = NULL;
  gboolean keep = FALSE, send = FALSE;
  const GOptionEntry entries[] = {
    { "set", 's', 0, G_OPTION_ARG_STRING_ARRAY, &sets, N_("Answer a question: its path or name"), N_("PATH=VALUE") },
    { "attach", 'a', 0, G_OPTION_ARG_FILENAME_ARRAY, &attachments, N_("Answer with a file"), N_("PATH=FILE") },
    { "draft", 0, 0, G_OPTION_ARG_NONE, &keep, N_("Save as a draft"), NULL },
    { "submit", 0, 0, G_OPTION_ARG_NONE, &send, N_("Submit; so it is without --draft"), NULL },
    { NULL },
  };
  g_autoptr(FpDraft) draft = NULL;
  int code = FP_EXIT_OK;

  if (!fp_cli_parse (cli, "FORM|DRAFT", entries, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) != 1)
    return fp_cli_usage (_("fill: one form, or the uid of a draft"));
  if (keep && send)
    return fp_cli_usage (_("fill: either --draft or --submit"));
  if (!fp_cli_connect (cli, !keep))
    return FP_EXIT_STORE;
  draft = open_draft (cli, rest[0], &code);

  return draft ? fill (cli, draft, sets, attachments, keep) : code;
}
