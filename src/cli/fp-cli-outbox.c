#include "config.h"

#include "cli/fp-cli-table.h"

#include <glib/gi18n.h>

static JsonNode *
item_to_json (gconstpointer row,
              gconstpointer data)
{
  return fp_item_to_json (row, NULL);
}

/* Why it is where it is, and of what failed, whether that changes by itself. */
static char *
dup_why (const FpItem *item)
{
  g_autofree char *words = fp_item_dup_words (item);
  g_autofree char *time = NULL;

  if (item->state != FP_ITEM_FAILED || !words)
    return g_steal_pointer (&words);
  if (item->next_try == 0)
    return g_strdup_printf (_("%s; not tried again by itself: “edit” or “retry”"), words);
  time = fp_time_dup_words (item->next_try);

  /* Translators: why it failed; the time of the next try */
  return g_strdup_printf (_("%s; tried again %s"), words, time);
}

static void
fill_item (gconstpointer   row,
           char          **cells)
{
  const FpItem *item = row;
  g_autofree char *why = dup_why (item);
  gboolean said = why && *why;

  cells[0] = g_strdup_printf ("%6" G_GINT64_FORMAT, item->id);
  cells[1] = g_strdup (fp_item_state_to_string (item->state));
  cells[2] = fp_time_dup_words (item->created);
  cells[3] = g_strdup_printf (ngettext ("%u try", "%u tries", item->attempts), item->attempts);
  cells[4] = g_strconcat (item->title ? item->title : "", said ? " — " : "", said ? why : "", NULL);
}

static const FpCliTable item_table = {
  .columns = {
    { N_("Item"), 7 }, { N_("State"), 10 }, { N_("Created"), 10 }, { N_("Tried"), 9 },
    { N_("What, and why it waits"), 0 },
  },
  .to_json = item_to_json,
  .fill = fill_item,
};

/* Events are in no item until one is made of them. */
static void
print_nothing (FpCli *cli)
{
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(FpStatus) status = NULL;
  guint events;

  fp_engine_read_status_async (cli->engine, NULL, fp_cli_await_cb, &await);
  status = fp_engine_read_status_finish (cli->engine, fp_cli_wait (&await), NULL);
  events = status ? status->counts->events : 0;
  if (events == 0)
    g_printerr ("%s\n", _("Nothing waits."));
  else
    g_printerr (ngettext ("Nothing waits but %u event (“fieldpostctl tag list”).\n",
                          "Nothing waits but %u events (“fieldpostctl tag list”).\n", events), events);
}

static void
print_items (FpCli     *cli,
             GPtrArray *items,
             gboolean   some)
{
  if (!cli->json && items->len == 0 && some)
    g_printerr ("%s\n", _("No such items."));
  else if (!cli->json && items->len == 0)
    print_nothing (cli);
  else
    fp_cli_print_table (cli, &item_table, items, NULL);
}

int
fp_cli_list (FpCli  *cli,
             int     argc,
             char  **argv)
{
  g_autofree char *state = NULL;
  g_autofree char *tag = NULL;
  g_auto(GStrv) rest = NULL;
  int limit = 1000;
  const GOptionEntry entries[] = {
    { "state", 0, 0, G_OPTION_ARG_STRING, &state,
      N_("pending, sending, failed, held, discarded, sent or all; by default what is not sent"), N_("STATE") },
    { "tag", 0, 0, G_OPTION_ARG_STRING, &tag, N_("Only items with this tag"), N_("TAG") },
    { "limit", 0, 0, G_OPTION_ARG_INT, &limit, N_("At most so many, the newest; 1000 by default"), N_("N") },
    { NULL },
  };
  FpItemQuery query = { 0 };
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(GPtrArray) items = NULL;
  GError *error = NULL;

  if (!fp_cli_parse (cli, NULL, entries, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (limit < 1)
    return fp_cli_usage (_("--limit: “%d” is no number of items"), limit);
  if (state && g_str_equal (state, "all"))
    query.states = ~0u;
  else if (state && fp_item_state_from_string (state) == 0)
    return fp_cli_usage (_("--state: “%s” is none of pending, sending, failed, held, discarded, sent, all"), state);
  else if (state)
    query.states = 1u << fp_item_state_from_string (state);
  query.tag = tag;
  query.limit = (guint) limit;

  if (!fp_cli_open (cli))
    return FP_EXIT_STORE;
  fp_engine_list_items_async (cli->engine, &query, NULL, fp_cli_await_cb, &await);
  items = fp_engine_list_items_finish (cli->engine, fp_cli_wait (&await), &error);
  if (!items)
    return fp_cli_fail ("list", error);

  print_items (cli, items, state || tag);

  return FP_EXIT_OK;
}

static void
print_time (const char *name,
            gint64      ms)
{
  g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc (ms / 1000);
  g_autoptr(GDateTime) local = utc ? g_date_time_to_local (utc) : NULL;
  g_autofree char *text = local ? g_date_time_format (local, "%F %T") : NULL;

  if (ms > 0)
    fp_cli_print_field (name, text);
}

/* @json: (nullable): an object of texts, one line each. */
static void
print_pairs (const char *name,
             const char *json)
{
  g_autoptr(JsonNode) node = json ? fp_json_parse (json, -1, NULL) : NULL;
  g_autoptr(GList) keys = NULL;
  JsonObject *object;

  if (!node || !JSON_NODE_HOLDS_OBJECT (node))
    return;
  object = json_node_get_object (node);
  keys = json_object_get_members (object);
  for (GList *key = keys; key; key = key->next)
    {
      const char *value = json_object_get_string_member_with_default (object, key->data, "");
      g_autofree char *text = g_strdup_printf ("%s: %s", (const char *) key->data, value);

      fp_cli_print_field (name, text);
    }
}

/* Only a server that was met uses up a try. */
static char *
dup_attempts (const FpItem *item)
{
  gboolean unmet = item->attempts == 0 && !item->maybe_delivered && item->reason_code
                   && g_str_has_prefix (item->reason_code, "network-");

  return unmet ? g_strdup (_("0 (the server was not reached)")) : g_strdup_printf ("%u", item->attempts);
}

/* What the server said last: of what was sent, the receipt. */
static void
print_answer (const FpItem    *item,
              const FpReceipt *receipt)
{
  g_autofree char *status = g_strdup_printf ("HTTP %d", receipt ? receipt->status : item->status);

  if (receipt)
    {
      print_time (_("delivered"), receipt->time);
      fp_cli_print_field (_("receipt"), status);
      fp_cli_print_field ("", receipt->body);
    }
  else if (item->status > 0)
    {
      fp_cli_print_field (_("answer"), status);
    }
}

static void
print_item (const FpItem    *item,
            const FpReceipt *receipt)
{
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, item->id);
  g_autofree char *attempts = dup_attempts (item);
  g_autofree char *words = dup_why (item);
  g_autofree char *request = g_strdup_printf ("%s %s", item->method, item->url);

  fp_cli_print_field (_("item"), id);
  fp_cli_print_field (_("uid"), item->uid);
  fp_cli_print_field (_("title"), item->title);
  fp_cli_print_field (_("state"), fp_item_state_to_string (item->state));
  fp_cli_print_field (_("reason"), words);
  if (item->maybe_delivered && item->state != FP_ITEM_SENT && item->state != FP_ITEM_SENDING)
    fp_cli_print_field ("", _("may have arrived already"));
  fp_cli_print_field (_("request"), request);
  print_pairs (_("header"), item->headers);
  print_pairs (_("metadata"), item->meta);
  fp_cli_print_field (_("tag"), item->tag);
  fp_cli_print_field (_("attempts"), attempts);
  print_time (_("created"), item->created);
  print_time (_("last try"), item->last_try);
  print_time (_("next try"), item->next_try);
  fp_cli_print_parts (item);
  print_answer (item, receipt);
}

int
fp_cli_show (FpCli  *cli,
             int     argc,
             char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_autoptr(GArray) ids = NULL;
  g_autoptr(FpItem) item = NULL;
  g_autoptr(FpReceipt) receipt = NULL;
  g_autofree char *word = NULL;
  gint64 part = 0;
  const GOptionEntry entries[] = {
    { "part", 0, 0, G_OPTION_ARG_STRING, &word, N_("Only the bytes of this part, as they are sent; the first is 1"),
      N_("N") },
    { NULL },
  };
  g_auto(FpCliAwait) await = { NULL };
  GError *error = NULL;
  int code;

  if (!fp_cli_parse (cli, "ID", entries, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) != 1)
    return fp_cli_usage (_("show: the number of one item"));
  if (word && cli->json)
    return fp_cli_usage (_("show: either --part or --json"));
  if (word && !g_ascii_string_to_signed (word, 10, 1, G_MAXINT, &part, NULL))
    return fp_cli_usage (_("--part: “%s” is no number of a part"), word);
  if (!fp_cli_open (cli))
    return FP_EXIT_STORE;
  ids = fp_cli_find_items (cli, rest, &code);
  if (!ids)
    return code;
  fp_engine_get_item_async (cli->engine, g_array_index (ids, gint64, 0), NULL, fp_cli_await_cb, &await);
  item = fp_engine_get_item_finish (cli->engine, fp_cli_wait (&await), &receipt, &error);
  if (!item)
    return fp_cli_fail (NULL, error);

  if (part > 0)
    return fp_cli_write_part (cli, item, (int) part);
  if (cli->json)
    fp_cli_print_json (fp_item_to_json (item, receipt));
  else
    print_item (item, receipt);

  return FP_EXIT_OK;
}
