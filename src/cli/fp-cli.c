#include "config.h"

#include "cli/fp-cli.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "engine/fp-engine-repair.h"
#include "form/fp-form-def.h"
#include "secret/fp-secret.h"

void
fp_cli_await_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      await)
{
  FpCliAwait *self = await;

  self->result = g_object_ref (result);
}

void
fp_cli_await_clear (FpCliAwait *await)
{
  g_clear_object (&await->result);
}

GAsyncResult *
fp_cli_wait (FpCliAwait *await)
{
  while (!await->result)
    g_main_context_iteration (NULL, TRUE);

  return await->result;
}

/* On stderr, so that a program that reads the results is not disturbed. */
static void
tell_repair (FpCli *cli)
{
  g_auto(FpCliAwait) await = { NULL };
  g_autofree char *words = NULL;

  if (!fp_store_get_repair (fp_engine_get_store (cli->engine), NULL))
    return;
  fp_engine_take_repair_async (cli->engine, "fieldpostctl", NULL, fp_cli_await_cb, &await);
  words = fp_engine_take_repair_finish (cli->engine, fp_cli_wait (&await), NULL);
  if (words)
    g_printerr ("fieldpostctl: %s\n", words);
}

gboolean
fp_cli_open (FpCli *cli)
{
  g_auto(FpCliAwait) await = { NULL };
  GError *error = NULL;
  gboolean opened;

  cli->clock = fp_clock_new ();
  cli->engine = fp_engine_new (NULL, cli->clock);
  fp_engine_open_async (cli->engine, NULL, fp_cli_await_cb, &await);
  opened = fp_engine_open_finish (cli->engine, fp_cli_wait (&await), &error);
  if (!opened)
    {
      /* It names the folder. */
      fp_cli_fail (NULL, error);
      g_clear_object (&cli->engine);
    }
  else
    tell_repair (cli);

  return opened;
}

/* The person quit the agent: only the window starts it again. */
static gboolean
was_quit (FpCli *cli)
{
  g_auto(FpCliAwait) await = { NULL };
  g_autofree char *quit = NULL;

  fp_engine_read_setting_async (cli->engine, FP_SETTING_AGENT_QUIT, NULL, fp_cli_await_cb, &await);
  quit = fp_engine_read_setting_finish (cli->engine, fp_cli_wait (&await), NULL);

  return g_strcmp0 (quit, "1") == 0;
}

void
fp_cli_tell_other_store (FpCli *cli)
{
  if (fp_agent_client_get_presence (cli->client) == FP_AGENT_OTHER_STORE)
    g_printerr (_("fieldpostctl: the agent that runs works on another store; %s is used without it\n"),
                fp_store_get_folder (fp_engine_get_store (cli->engine)));
}

gboolean
fp_cli_connect (FpCli    *cli,
                gboolean  wake)
{
  g_auto(FpCliAwait) await = { NULL };

  if (!fp_cli_open (cli))
    return FALSE;

  g_bus_get (G_BUS_TYPE_SESSION, NULL, fp_cli_await_cb, &await);
  cli->bus = g_bus_get_finish (fp_cli_wait (&await), NULL);
  if (cli->bus)
    g_dbus_connection_set_exit_on_close (cli->bus, FALSE);
  cli->client = fp_agent_client_new (cli->engine, cli->bus, wake && !was_quit (cli));
  while (!fp_agent_client_get_ready (cli->client))
    g_main_context_iteration (NULL, TRUE);
  /* What is begun now waits for a sender. */
  if (wake)
    fp_cli_tell_other_store (cli);

  return TRUE;
}

static void
status_cb (gboolean *came)
{
  *came = TRUE;
}

void
fp_cli_read_status (FpCli *cli)
{
  gboolean came = FALSE;
  gulong handler = g_signal_connect_swapped (cli->client, "notify::status", G_CALLBACK (status_cb), &came);

  fp_engine_poke (cli->engine, FP_STORE_ITEMS);
  while (!came)
    g_main_context_iteration (NULL, TRUE);
  g_signal_handler_disconnect (cli->client, handler);
}

static int
exit_code_of (const GError *error)
{
  if (error->domain == FP_ENGINE_ERROR)
    switch ((FpEngineError) error->code)
      {
      case FP_ENGINE_ERROR_USAGE:
        return FP_EXIT_USAGE;
      case FP_ENGINE_ERROR_SERVER:
        return FP_EXIT_NETWORK;
      default:
        return FP_EXIT_REFUSED;
      }
  if (g_error_matches (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND)
      || g_error_matches (error, FP_STORE_ERROR, FP_STORE_ERROR_CHANGED))
    return FP_EXIT_REFUSED;
  if (error->domain == FP_STORE_ERROR)
    return FP_EXIT_STORE;
  if (error->domain == G_RESOLVER_ERROR || error->domain == G_TLS_ERROR)
    return FP_EXIT_NETWORK;

  return FP_EXIT_REFUSED;
}

int
fp_cli_fail (const char *what,
             GError     *error)
{
  int code = exit_code_of (error);
  g_autofree char *line = fp_cli_dup_line (error->message);

  if (what)
    g_printerr ("fieldpostctl: %s: %s\n", what, line);
  else
    g_printerr ("fieldpostctl: %s\n", line);
  g_error_free (error);

  return code;
}

int
fp_cli_usage (const char *format,
              ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_printerr ("fieldpostctl: %s\n", message);

  return FP_EXIT_USAGE;
}

gboolean
fp_cli_parse (FpCli               *cli,
              const char          *arguments,
              const GOptionEntry  *entries,
              int                  argc,
              char               **argv,
              char              ***rest)
{
  g_autoptr(GOptionContext) context = g_option_context_new (arguments);
  g_autofree char **copy = g_new0 (char *, argc + 1);
  g_autoptr(GError) error = NULL;
  const GOptionEntry json[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &cli->json, N_("Print JSON for programs"), NULL }, { NULL },
  };
  const GOptionEntry remaining[] = {
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, rest, NULL, NULL }, { NULL },
  };
  gboolean own_json = FALSE;
  const char *command;

  for (int i = 0; i < argc; i++)
    copy[i] = argv[i];
  for (const GOptionEntry *entry = entries; entry && entry->long_name; entry++)
    own_json |= g_str_equal (entry->long_name, "json");
  if (entries)
    g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!own_json)
    g_option_context_add_main_entries (context, json, GETTEXT_PACKAGE);
  g_option_context_add_main_entries (context, remaining, GETTEXT_PACKAGE);
  g_option_context_set_description (context, cli->details);
  command = strchr (g_get_prgname (), ' ');
  command = command ? command + 1 : argv[0];
  if (!g_option_context_parse (context, &argc, &copy, &error))
    {
      fp_cli_usage ("%s: %s", command, error->message);
      return FALSE;
    }
  if (!*rest)
    *rest = g_new0 (char *, 1);
  if (!arguments && **rest)
    {
      fp_cli_usage (_("%s: what is “%s”?"), command, **rest);
      return FALSE;
    }

  return TRUE;
}

void
fp_cli_print_member (const char *key,
                     JsonNode   *value)
{
  JsonObject *object = json_object_new ();

  json_object_set_member (object, key, value);
  fp_cli_print_json (fp_json_take_object (object));
}

void
fp_cli_print_json (JsonNode *node)
{
  g_autofree char *text = fp_json_print (node, TRUE);

  g_print ("%s\n", text);
  json_node_unref (node);
}

char *
fp_cli_dup_line (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text ? text : "", -1);
  GString *line = g_string_new (NULL);

  for (const char *c = valid; *c; c = g_utf8_next_char (c))
    {
      gunichar character = g_utf8_get_char (c);

      g_string_append_unichar (line, g_unichar_iscntrl (character) ? ' ' : character);
    }

  return g_string_free (line, FALSE);
}

char *
fp_cli_dup_padded (const char *text,
                   int         width)
{
  g_autofree char *line = fp_cli_dup_line (text);

  return g_strdup_printf ("%s%*s", line, MAX (0, width - (int) g_utf8_strlen (line, -1)), "");
}

void
fp_cli_print_field (const char *name,
                    const char *value)
{
  g_autofree char *line = fp_cli_dup_line (value);
  g_autofree char *padded = fp_cli_dup_padded (name, 12);

  if (*line)
    g_print ("%s %s\n", padded, line);
}

void
fp_cli_print_heading (FpCli      *cli,
                      const char *line)
{
  if (!cli->json && isatty (STDOUT_FILENO))
    g_print ("%s\n", line);
}

GArray *
fp_cli_parse_ids (char **arguments)
{
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; arguments[i]; i++)
    {
      gint64 id;

      if (!g_ascii_string_to_signed (arguments[i], 10, 1, G_MAXINT64, &id, NULL))
        {
          fp_cli_usage (_("“%s” is no number of an item"), arguments[i]);
          return NULL;
        }
      g_array_append_val (ids, id);
    }

  return g_steal_pointer (&ids);
}

/* Of a uid. */
#define PREFIX_MIN 8

static gpointer
find_item (FpStoreTxn  *txn,
           gpointer     data,
           GError     **error)
{
  gint64 id = fp_item_rows_find_prefix (txn, data, error);

  return id ? g_memdup2 (&id, sizeof id) : NULL;
}

GArray *
fp_cli_find_items (FpCli  *cli,
                   char  **arguments,
                   int    *code)
{
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; arguments[i]; i++)
    {
      g_autofree char *uid = g_ascii_strdown (arguments[i], -1);
      g_auto(FpCliAwait) await = { NULL };
      g_autofree gint64 *found = NULL;
      GError *error = NULL;
      gint64 id;

      if (g_ascii_string_to_signed (uid, 10, 1, G_MAXINT64, &id, NULL))
        {
          g_array_append_val (ids, id);
          continue;
        }
      if (strlen (uid) < PREFIX_MIN || strspn (uid, "0123456789abcdef-") != strlen (uid))
        {
          *code = fp_cli_usage (_("“%s” is no number of an item, and no uid or 8 characters of one"), arguments[i]);
          return NULL;
        }
      fp_store_read_async (fp_engine_get_store (cli->engine), find_item, uid, NULL, g_free, NULL, fp_cli_await_cb,
                           &await);
      found = fp_store_read_finish (fp_engine_get_store (cli->engine), fp_cli_wait (&await), &error);
      if (!found)
        {
          *code = fp_cli_fail (NULL, error);
          return NULL;
        }
      g_array_append_val (ids, *found);
    }

  return g_steal_pointer (&ids);
}

static gboolean
is_taken (GHashTable *table,
          const char *name,
          gboolean    fold)
{
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    if (fold ? g_ascii_strcasecmp (key, name) == 0 : g_str_equal (key, name))
      return TRUE;

  return FALSE;
}

gboolean
fp_cli_take_pairs (char       **texts,
                   char         separator,
                   const char  *option,
                   GHashTable  *table)
{
  for (guint i = 0; texts && texts[i]; i++)
    {
      const char *at = strchr (texts[i], separator);
      g_autofree char *name = at ? g_strndup (texts[i], at - texts[i]) : NULL;

      if (!name || !*name)
        {
          /* Not the text itself: a header may hold a password. */
          fp_cli_usage (_("%s: number %u has no “%c” after a name"), option, i + 1, separator);
          return FALSE;
        }
      if (is_taken (table, name, separator == ':'))
        {
          fp_cli_usage (_("%s: “%s” is given twice"), option, name);
          return FALSE;
        }
      g_hash_table_insert (table, g_steal_pointer (&name), g_strstrip (g_strdup (at + 1)));
    }

  return TRUE;
}
