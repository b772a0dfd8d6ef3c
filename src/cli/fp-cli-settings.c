#include "config.h"

#include "cli/fp-cli-table.h"

#include <glib/gi18n.h>

#include "engine/fp-engine-preferences.h"

static void
set_value (JsonObject          *object,
           const char          *key,
           const FpSettingKind *kind,
           const char          *stored)
{
  g_autofree char *word = fp_setting_dup_word (kind, stored);

  if (kind->type == FP_SETTING_SWITCH)
    json_object_set_boolean_member (object, key, g_str_equal (stored, "1"));
  else if (kind->type == FP_SETTING_NUMBER)
    json_object_set_int_member (object, key, g_ascii_strtoll (stored, NULL, 10));
  else
    json_object_set_string_member (object, key, word);
}

static JsonNode *
value_to_json (gconstpointer row,
               gconstpointer data)
{
  const FpSettingValue *value = row;
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", value->kind->name);
  set_value (object, "value", value->kind, value->stored);
  set_value (object, "default", value->kind, value->kind->fallback);
  json_object_set_boolean_member (object, "shared", value->kind->roams);
  fp_json_set_time (object, "changed", value->changed);

  return fp_json_take_object (object);
}

static void
fill_value (gconstpointer   row,
            char          **cells)
{
  const FpSettingValue *value = row;

  cells[0] = g_strdup (value->kind->name);
  cells[1] = fp_setting_dup_word (value->kind, value->stored);
  cells[2] = g_strdup (_(value->kind->help));
}

static const FpCliTable value_table = {
  .columns = { { NULL, 17 }, { NULL, 12 }, { NULL, 0 } },
  .to_json = value_to_json,
  .fill = fill_value,
};

static GPtrArray *
list_values (FpCli   *cli,
             GError **error)
{
  g_auto(FpCliAwait) await = { NULL };

  fp_engine_list_settings_async (cli->engine, NULL, fp_cli_await_cb, &await);

  return fp_engine_list_settings_finish (cli->engine, fp_cli_wait (&await), error);
}

static int
settings_list (FpCli  *cli,
               int     argc,
               char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_autoptr(GPtrArray) values = NULL;
  GError *error = NULL;

  if (!fp_cli_parse (cli, NULL, NULL, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (!fp_cli_open (cli))
    return FP_EXIT_STORE;
  values = list_values (cli, &error);
  if (!values)
    return fp_cli_fail ("settings list", error);

  fp_cli_print_table (cli, &value_table, values, NULL);

  return FP_EXIT_OK;
}

/* @changed: what was just done is said, too. */
static int
print_value (FpCli      *cli,
             const char *command,
             const char *name,
             gboolean    changed)
{
  GError *error = NULL;
  g_autoptr(GPtrArray) values = list_values (cli, &error);

  if (!values)
    return fp_cli_fail (command, error);
  for (guint i = 0; i < values->len; i++)
    {
      const FpSettingValue *value = g_ptr_array_index (values, i);
      g_autofree char *word = fp_setting_dup_word (value->kind, value->stored);

      if (!g_str_equal (value->kind->name, name))
        continue;
      if (cli->json)
        fp_cli_print_json (value_to_json (value, NULL));
      else if (changed && *word)
        g_print (_("%s is now %s.\n"), name, word);
      else if (changed)
        g_print (_("%s is now empty.\n"), name);
      else
        g_print ("%s\n", word);
      return FP_EXIT_OK;
    }

  return fp_cli_fail (command, g_error_new (FP_ENGINE_ERROR, FP_ENGINE_ERROR_NOT_FOUND,
                                            _("there is no setting “%s”"), name));
}

static int
settings_get (FpCli  *cli,
              int     argc,
              char  **argv)
{
  g_auto(GStrv) rest = NULL;

  if (!fp_cli_parse (cli, "NAME", NULL, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) != 1)
    return fp_cli_usage (_("settings get: the name of one setting"));
  if (!fp_cli_open (cli))
    return FP_EXIT_STORE;

  return print_value (cli, "settings get", rest[0], FALSE);
}

/* @word: (nullable): NULL = as if it never was set. */
static int
change (FpCli      *cli,
        const char *command,
        const char *name,
        const char *word)
{
  g_auto(FpCliAwait) await = { NULL };
  GError *error = NULL;

  if (!fp_cli_connect (cli, FALSE))
    return FP_EXIT_STORE;
  fp_engine_set_setting_async (cli->engine, name, word, NULL, fp_cli_await_cb, &await);
  if (!fp_engine_set_setting_finish (cli->engine, fp_cli_wait (&await), &error))
    return fp_cli_fail (command, error);

  return print_value (cli, command, name, TRUE);
}

static int
settings_set (FpCli  *cli,
              int     argc,
              char  **argv)
{
  g_auto(GStrv) rest = NULL;

  if (!fp_cli_parse (cli, "NAME VALUE", NULL, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) != 2)
    return fp_cli_usage (_("settings set: a name and a value"));

  return change (cli, "settings set", rest[0], rest[1]);
}

static int
settings_reset (FpCli  *cli,
                int     argc,
                char  **argv)
{
  g_auto(GStrv) rest = NULL;

  if (!fp_cli_parse (cli, "NAME", NULL, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) != 1)
    return fp_cli_usage (_("settings reset: the name of one setting"));

  return change (cli, "settings reset", rest[0], NULL);
}

int
fp_cli_settings (FpCli  *cli,
                 int     argc,
                 char  **argv)
{
  static const FpCliCommand commands[] = {
    { "list", settings_list, "", N_("List the settings with their values") },
    { "get", settings_get, "NAME", N_("Show one setting") },
    { "set", settings_set, "NAME VALUE", N_("Change a setting") },
    { "reset", settings_reset, "NAME", N_("Set it back") },
    { NULL },
  };

  return fp_cli_dispatch (cli, "settings", commands, argc - 1, argv + 1);
}
