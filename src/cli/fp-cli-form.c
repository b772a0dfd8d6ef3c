#include "config.h"

#include "cli/fp-cli.h"

#include <glib/gi18n.h>

#include "engine/fp-engine-periodic.h"
#include "form/fp-form-model.h"

static const char * const types[] = {
  [FP_QUESTION_UNSUPPORTED] = "unsupported",
  [FP_QUESTION_TEXT] = "text",
  [FP_QUESTION_INTEGER] = "integer",
  [FP_QUESTION_DECIMAL] = "decimal",
  [FP_QUESTION_DATE] = "date",
  [FP_QUESTION_SELECT_ONE] = "select",
  [FP_QUESTION_SELECT_MULTIPLE] = "select-multiple",
  [FP_QUESTION_IMAGE] = "image",
  [FP_QUESTION_NOTE] = "note",
};

char *
fp_cli_dup_destination (FpCli           *cli,
                        const FpFormRow *form,
                        FpFormDef       *def)
{
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(GPtrArray) servers = NULL;
  const FpServerRow *home = NULL;
  g_autofree char *address = NULL;
  g_autofree char *origin = NULL;

  fp_engine_list_servers_async (cli->engine, NULL, fp_cli_await_cb, &await);
  servers = fp_engine_list_servers_finish (cli->engine, fp_cli_wait (&await), NULL);
  for (guint i = 0; servers && i < servers->len; i++)
    if (((FpServerRow *) g_ptr_array_index (servers, i))->id == form->server)
      home = g_ptr_array_index (servers, i);

  address = fp_form_dup_destination (form, def, home);
  /* A relative address without a server is none. */
  origin = address ? fp_host_dup_origin (address, NULL) : NULL;

  return origin ? fp_host_dup_display (address) : NULL;
}

FpFormDef *
fp_cli_load_form (FpCli           *cli,
                  const FpFormRow *form,
                  GError         **error)
{
  g_auto(FpCliAwait) await = { NULL };
  FpFormDef *def;

  fp_engine_load_form_async (cli->engine, form->id, NULL, fp_cli_await_cb, &await);
  def = fp_engine_load_form_finish (cli->engine, fp_cli_wait (&await), error);

  return def;
}

static JsonObject *
question_to_json (FpFormNode *question)
{
  GPtrArray *choices = fp_form_node_get_choices (question);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "path", fp_form_node_get_path (question));
  json_object_set_string_member (object, "type", types[fp_form_node_get_question (question)]);
  json_object_set_boolean_member (object, "required", fp_form_node_get_required (question));
  json_object_set_string_member (object, "label", fp_form_node_get_label (question));
  if (choices)
    {
      JsonArray *array = json_array_new ();

      for (guint i = 0; i < choices->len; i++)
        {
          const FpChoice *choice = g_ptr_array_index (choices, i);
          JsonObject *element = json_object_new ();

          json_object_set_string_member (element, "value", choice->value);
          json_object_set_string_member (element, "label", choice->label);
          json_array_add_object_element (array, element);
        }
      json_object_set_array_member (object, "choices", array);
    }

  return object;
}

static JsonArray *
files_to_json (GPtrArray *media)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < media->len; i++)
    {
      const FpMediaRow *row = g_ptr_array_index (media, i);
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "name", row->name);
      json_object_set_int_member (object, "size", row->size);
      json_object_set_string_member (object, "md5", row->hash);
      json_object_set_string_member (object, "sha256", row->sha256);
      json_array_add_object_element (array, object);
    }

  return array;
}

static void
print_json (const FpFormRow *form,
            const char      *address,
            GPtrArray       *questions,
            GPtrArray       *media)
{
  JsonNode *node = fp_form_to_json (form);
  JsonObject *object = json_node_get_object (node);
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < questions->len; i++)
    if (fp_form_node_get_path (g_ptr_array_index (questions, i)))
      json_array_add_object_element (array, question_to_json (g_ptr_array_index (questions, i)));
  json_object_set_string_member (object, "address", address);
  json_object_set_array_member (object, "questions", array);
  json_object_set_array_member (object, "files", files_to_json (media));
  fp_cli_print_json (node);
}

static void
print_question (FpFormNode *question)
{
  GPtrArray *choices = fp_form_node_get_choices (question);
  const char *required = fp_form_node_get_required (question) ? _("required") : "";
  g_autofree char *path = fp_cli_dup_padded (fp_form_node_get_path (question), 28);
  g_autofree char *type = fp_cli_dup_padded (types[fp_form_node_get_question (question)], 15);
  g_autofree char *mark = fp_cli_dup_padded (required, (int) g_utf8_strlen (_("required"), -1));
  g_autoptr(GString) text = g_string_new (fp_form_node_get_label (question));
  g_autofree char *line = NULL;

  for (guint i = 0; choices && i < choices->len; i++)
    {
      const FpChoice *choice = g_ptr_array_index (choices, i);

      g_string_append_printf (text, "%s%s=%s", i > 0 ? ", " : ": ", choice->value, choice->label);
    }
  line = fp_cli_dup_line (text->str);
  g_print ("%s  %s  %s  %s\n", path, type, mark, line);
}

static void
print_text (const FpFormRow *form,
            const char      *address,
            GPtrArray       *questions,
            GPtrArray       *media)
{
  fp_cli_print_field (_("title"), form->title);
  fp_cli_print_field (_("form"), form->form_id);
  fp_cli_print_field (_("version"), form->version);
  fp_cli_print_field (_("answers go"), address ? address : _("nowhere yet: it has no address"));
  g_print ("\n");
  for (guint i = 0; i < questions->len; i++)
    if (fp_form_node_get_path (g_ptr_array_index (questions, i)))
      print_question (g_ptr_array_index (questions, i));
  if (media->len > 0)
    g_print ("\n");
  for (guint i = 0; i < media->len; i++)
    {
      const FpMediaRow *row = g_ptr_array_index (media, i);
      g_autofree char *size = g_format_size ((guint64) row->size);
      g_autofree char *text = g_strdup_printf ("%s, %s", row->name, size);

      fp_cli_print_field (_("file"), text);
    }
}

int
fp_cli_forms_show (FpCli  *cli,
                   int     argc,
                   char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_autoptr(FpFormRow) form = NULL;
  g_autoptr(FpFormDef) def = NULL;
  g_autoptr(FpFormModel) model = NULL;
  g_autoptr(GPtrArray) questions = NULL;
  g_autoptr(GPtrArray) media = NULL;
  g_auto(FpCliAwait) await = { NULL };
  g_autofree char *address = NULL;
  GError *error = NULL;

  if (!fp_cli_parse (cli, "FORM", NULL, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) != 1)
    return fp_cli_usage (_("forms show: one form"));
  if (!fp_cli_open (cli))
    return FP_EXIT_STORE;
  form = fp_cli_find_form (cli, rest[0]);
  if (!form)
    return FP_EXIT_REFUSED;
  def = fp_cli_load_form (cli, form, &error);
  model = def ? fp_form_model_new (def, NULL, &error) : NULL;
  if (!model)
    return fp_cli_fail (rest[0], error);

  fp_engine_list_media_async (cli->engine, form->id, NULL, fp_cli_await_cb, &await);
  media = fp_engine_list_media_finish (cli->engine, fp_cli_wait (&await), &error);
  if (!media)
    return fp_cli_fail (rest[0], error);
  questions = fp_form_model_list_questions (model);
  address = fp_cli_dup_destination (cli, form, def);
  if (cli->json)
    print_json (form, address, questions, media);
  else
    print_text (form, address, questions, media);

  return FP_EXIT_OK;
}
