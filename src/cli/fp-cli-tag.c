#include "config.h"

#include "cli/fp-cli.h"

#include <glib/gi18n.h>
#include <string.h>

#include "engine/fp-engine-tags.h"

static int
set_tag (FpCli     *cli,
         FpEnqueue *request) /* (transfer full) */
{
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(FpTagRow) tag = NULL;
  GError *error = NULL;

  if (!fp_cli_connect (cli, FALSE))
    {
      fp_enqueue_free (request);
      return FP_EXIT_STORE;
    }
  fp_engine_set_tag_async (cli->engine, request, NULL, fp_cli_await_cb, &await);
  tag = fp_engine_set_tag_finish (cli->engine, fp_cli_wait (&await), &error);
  if (!tag)
    return fp_cli_fail ("tag set", error);

  if (cli->json)
    fp_cli_print_json (fp_tag_to_json (tag));
  else
    g_print (_("Events of the tag “%s” go together to %s\n"), tag->name, tag->url);

  return FP_EXIT_OK;
}

static int
tag_set (FpCli  *cli,
         int     argc,
         char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_auto(GStrv) headers = NULL;
  g_autofree char *kind = NULL;
  g_autofree char *url = NULL;
  g_autofree char *word = NULL;
  g_autoptr(FpEnqueue) request = NULL;
  FpReach reach = FP_REACH_AUTO;
  const GOptionEntry entries[] = {
    { "kind", 0, 0, G_OPTION_ARG_STRING, &kind, N_("batch: events that go together"), N_("KIND") },
    { "url", 0, 0, G_OPTION_ARG_STRING, &url, N_("Where they go, by POST"), N_("URL") },
    { "header", 'H', 0, G_OPTION_ARG_STRING_ARRAY, &headers, N_("Header of the request"), N_("'NAME: VALUE'") },
    { "reach", 0, 0, G_OPTION_ARG_STRING, &word, N_("auto, public, lan or always"), N_("REACH") },
    { NULL },
  };

  if (!fp_cli_parse (cli, "TAG", entries, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) != 1 || !*rest[0])
    return fp_cli_usage (_("tag set: the name of one tag"));
  if (kind && !g_str_equal (kind, "batch"))
    return fp_cli_usage (_("--kind: “%s” is not “batch”"), kind);
  if (!url)
    return fp_cli_usage (_("tag set: --url is missing"));
  if (word && !fp_reach_from_string (word, &reach))
    return fp_cli_usage (_("--reach: “%s” is none of auto, public, lan, always"), word);

  request = fp_enqueue_new (url);
  request->tag = g_strdup (rest[0]);
  request->reach = reach;
  request->headers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  if (!fp_cli_take_pairs (headers, ':', "--header", request->headers))
    return FP_EXIT_USAGE;

  return set_tag (cli, g_steal_pointer (&request));
}

static void
print_line (const char *tag,
            const char *kind,
            const char *number,
            const char *rest,
            FpCli      *heading)
{
  g_autofree char *tag_column = fp_cli_dup_padded (tag, 24);
  g_autofree char *kind_column = fp_cli_dup_padded (kind, 13);
  g_autofree char *number_column = fp_cli_dup_padded (number, 8);
  g_autofree char *rest_column = fp_cli_dup_line (rest);
  g_autofree char *line = g_strdup_printf ("%s %s %s %s", tag_column, kind_column, number_column, rest_column);

  if (heading)
    fp_cli_print_heading (heading, line);
  else
    g_print ("%s\n", line);
}

static void
print_registration (const FpRegistration *row)
{
  g_autofree char *tries = g_strdup_printf ("%u", row->attempts);
  const char *state = row->attempts >= FP_TAGS_TRIES ? _("failed; tried again when the network comes, or on sync")
                                                     : _("waits for the network or an answer");
  g_autofree char *rest = g_strdup_printf ("%s%s%s", state, row->last_result ? ": " : "",
                                           row->last_result ? row->last_result : "");

  print_line (row->tag, _("registration"), tries, rest, NULL);
}

static int
tag_list (FpCli  *cli,
          int     argc,
          char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_autoptr(FpTagList) list = NULL;
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(GPtrArray) nodes = NULL;
  GError *error = NULL;

  if (!fp_cli_parse (cli, NULL, NULL, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (!fp_cli_open (cli))
    return FP_EXIT_STORE;
  fp_engine_list_tags_async (cli->engine, NULL, fp_cli_await_cb, &await);
  list = fp_engine_list_tags_finish (cli->engine, fp_cli_wait (&await), &error);
  if (!list)
    return fp_cli_fail ("tag list", error);

  if (cli->json)
    {
      JsonArray *array = json_array_new ();

      for (guint i = 0; i < list->tags->len; i++)
        json_array_add_element (array, fp_tag_to_json (g_ptr_array_index (list->tags, i)));
      for (guint i = 0; i < list->registrations->len; i++)
        json_array_add_element (array, fp_registration_to_json (g_ptr_array_index (list->registrations, i)));
      fp_cli_print_json (fp_json_take_array (array));
      return FP_EXIT_OK;
    }
  if (list->tags->len + list->registrations->len == 0)
    g_printerr ("%s\n", _("No tags yet."));
  else
    print_line (_("Tag"), _("Kind"), _("Events"), _("Address, or state"), cli);
  for (guint i = 0; i < list->tags->len; i++)
    {
      const FpTagRow *tag = g_ptr_array_index (list->tags, i);
      g_autofree char *events = g_strdup_printf ("%u", tag->events);

      print_line (tag->name, _("batch"), events, tag->url, NULL);
    }
  for (guint i = 0; i < list->registrations->len; i++)
    print_registration (g_ptr_array_index (list->registrations, i));

  return FP_EXIT_OK;
}

/* @line: what was done, for people. */
static int
tell_tag (FpCli      *cli,
          const char *tag,
          const char *line)
{
  if (cli->json)
    fp_cli_print_member ("tag", json_node_init_string (json_node_alloc (), tag));
  else
    g_print ("%s\n", line);

  return FP_EXIT_OK;
}

static int
tag_remove (FpCli  *cli,
            int     argc,
            char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_autofree char *line = NULL;
  g_auto(FpCliAwait) await = { NULL };
  GError *error = NULL;

  if (!fp_cli_parse (cli, "TAG", NULL, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) != 1)
    return fp_cli_usage (_("tag remove: the name of one tag"));
  if (!fp_cli_connect (cli, FALSE))
    return FP_EXIT_STORE;
  fp_engine_remove_tag_async (cli->engine, rest[0], NULL, fp_cli_await_cb, &await);
  if (!fp_engine_remove_tag_finish (cli->engine, fp_cli_wait (&await), &error))
    return fp_cli_fail ("tag remove", error);
  line = g_strdup_printf (_("The tag “%s” is forgotten."), rest[0]);

  return tell_tag (cli, rest[0], line);
}

int
fp_cli_tag (FpCli  *cli,
            int     argc,
            char  **argv)
{
  static const FpCliCommand commands[] = {
    { "set", tag_set, "TAG [--kind batch] --url URL [-H 'NAME: VALUE']…", N_("Say where the events of a tag go") },
    { "list", tag_list, "", N_("List tags of events, and registrations") },
    { "remove", tag_remove, "TAG", N_("Forget a tag of which no event waits") },
    { NULL },
  };

  return fp_cli_dispatch (cli, "tag", commands, argc - 1, argv + 1);
}

/* Where the event went: it is no item of the list until one is made of those that wait. */
static int
tell_event (FpCli      *cli,
            const char *name)
{
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(FpTagList) list = NULL;
  GError *error = NULL;

  fp_engine_list_tags_async (cli->engine, NULL, fp_cli_await_cb, &await);
  list = fp_engine_list_tags_finish (cli->engine, fp_cli_wait (&await), &error);
  if (!list)
    return fp_cli_fail ("event", error);
  for (guint i = 0; i < list->tags->len; i++)
    {
      const FpTagRow *tag = g_ptr_array_index (list->tags, i);

      if (!g_str_equal (tag->name, name))
        continue;
      if (cli->json)
        fp_cli_print_json (fp_tag_to_json (tag));
      else
        g_print (ngettext ("Added to the tag “%s”, of which %u event waits (“fieldpostctl tag list”).\n",
                           "Added to the tag “%s”, of which %u events wait (“fieldpostctl tag list”).\n", tag->events),
                 name, tag->events);
    }

  return FP_EXIT_OK;
}

/* Where they go is said once, by another command. */
static int
fail_event (const char *tag,
            GError     *error)
{
  gboolean unknown = g_error_matches (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND);
  g_autofree char *line = fp_cli_dup_line (tag);
  int code = fp_cli_fail ("event", error);

  if (unknown)
    g_printerr (_("fieldpostctl: “fieldpostctl tag set %s --url URL” says where its events go\n"), line);

  return code;
}

int
fp_cli_event (FpCli  *cli,
              int     argc,
              char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_auto(FpCliAwait) await = { NULL };
  GError *error = NULL;

  if (!fp_cli_parse (cli, "TAG JSON", NULL, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) != 2)
    return fp_cli_usage (_("event: a tag and one JSON value"));
  if (!fp_cli_connect (cli, TRUE))
    return FP_EXIT_STORE;
  fp_engine_add_event_async (cli->engine, rest[0], rest[1], NULL, fp_cli_await_cb, &await);
  if (!fp_engine_add_event_finish (cli->engine, fp_cli_wait (&await), &error))
    return fail_event (rest[0], error);

  return tell_event (cli, rest[0]);
}

/* Registrations. */

int
fp_cli_sync_register (FpCli  *cli,
                      int     argc,
                      char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_autofree char *bus_name = NULL;
  g_autofree char *line = NULL;
  g_auto(FpCliAwait) await = { NULL };
  GError *error = NULL;
  const char *tag;
  const GOptionEntry entries[] = {
    { "bus-name", 0, 0, G_OPTION_ARG_STRING, &bus_name, N_("Program on the session bus that is started and told"),
      N_("NAME") },
    { NULL },
  };

  cli->details = NULL;
  if (!fp_cli_parse (cli, "[TAG]", entries, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) > 1)
    return fp_cli_usage (_("sync register: at most one tag"));
  tag = rest[0] ? rest[0] : "data-sync";
  if (!fp_cli_connect (cli, TRUE))
    return FP_EXIT_STORE;
  fp_engine_register_async (cli->engine, tag, bus_name, NULL, fp_cli_await_cb, &await);
  if (!fp_engine_register_finish (cli->engine, fp_cli_wait (&await), &error))
    return fp_cli_fail (tag, error);
  line = g_strdup_printf (_("“%s” is told once the network is there."), tag);

  return tell_tag (cli, tag, line);
}

int
fp_cli_sync_unregister (FpCli  *cli,
                        int     argc,
                        char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_autofree char *line = NULL;
  g_auto(FpCliAwait) await = { NULL };
  GError *error = NULL;
  const char *tag;

  cli->details = NULL;
  if (!fp_cli_parse (cli, "[TAG]", NULL, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) > 1)
    return fp_cli_usage (_("sync unregister: at most one tag"));
  tag = rest[0] ? rest[0] : "data-sync";
  if (!fp_cli_connect (cli, FALSE))
    return FP_EXIT_STORE;
  fp_engine_unregister_async (cli->engine, tag, NULL, fp_cli_await_cb, &await);
  if (!fp_engine_unregister_finish (cli->engine, fp_cli_wait (&await), &error))
    return fp_cli_fail ("sync unregister", error);
  line = g_strdup_printf (_("“%s” is told no more."), tag);

  return tell_tag (cli, tag, line);
}
