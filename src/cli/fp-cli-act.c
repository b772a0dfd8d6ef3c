#include "config.h"

#include "cli/fp-cli.h"

#include <glib/gi18n.h>

/* So long the sender may take to break an attempt off. */
#define BREAK_OFF_MS 10000
#define TICK_MS 100

/* What can hold an item, as in FpItem.hold, and may be released by hand. */
static const char * const reasons[] = {
  "user", "account", "form", "proxy", "moved", "machine", "after", "lost", NULL,
};

static void
print_done (FpAct what,
            gint  n)
{
  switch (what)
    {
    case FP_ACT_DISCARD:
      g_print (ngettext ("Discarded %d item.\n", "Discarded %d items.\n", n), n);
      break;
    case FP_ACT_UNDO:
      g_print (ngettext ("Restored %d item.\n", "Restored %d items.\n", n), n);
      break;
    case FP_ACT_HOLD:
      g_print (ngettext ("%d item is held back.\n", "%d items are held back.\n", n), n);
      break;
    case FP_ACT_RELEASE:
      g_print (ngettext ("Released %d item.\n", "Released %d items.\n", n), n);
      break;
    case FP_ACT_CANCEL:
      g_print (ngettext ("Cancelled %d item. The server may have it all the same.\n",
                         "Cancelled %d items. The server may have them all the same.\n", n), n);
      break;
    case FP_ACT_RETRY:
    default:
      g_print (ngettext ("%d item will be tried again.\n", "%d items will be tried again.\n", n), n);
      break;
    }
}

/* What is taken back here is not taken back there. */
static void
tell_lost_answers (FpCli  *cli,
                   GArray *ids)
{
  guint n = 0;

  for (guint i = 0; i < ids->len; i++)
    {
      g_auto(FpCliAwait) await = { NULL };
      g_autoptr(FpItem) item = NULL;

      fp_engine_get_item_async (cli->engine, g_array_index (ids, gint64, i), NULL, fp_cli_await_cb, &await);
      item = fp_engine_get_item_finish (cli->engine, fp_cli_wait (&await), NULL, NULL);
      n += item && item->maybe_delivered;
    }
  if (n > 0 && n == ids->len)
    g_print (ngettext ("The server may have it all the same.\n", "The server may have them all the same.\n", n));
  else if (n > 0)
    g_print (ngettext ("The server may have %u of them all the same.\n",
                       "The server may have %u of them all the same.\n", n), n);
}

static int
print_result (FpCli *cli,
              FpAct  what,
              gint   n)
{
  if (cli->json)
    {
      JsonObject *object = json_object_new ();

      json_object_set_int_member (object, "items", n);
      fp_cli_print_json (fp_json_take_object (object));
    }
  else
    {
      print_done (what, n);
    }

  return FP_EXIT_OK;
}

/* How many attempts a cancel was too late for; 0 with @error set: it cannot be read. @open: some go on. */
static gint
count_sent (FpCli     *cli,
            GArray    *ids,
            gboolean  *open,
            GError   **error)
{
  gint sent = 0;

  *open = FALSE;
  for (guint i = 0; i < ids->len; i++)
    {
      g_auto(FpCliAwait) await = { NULL };
      g_autoptr(FpItem) item = NULL;

      fp_engine_get_item_async (cli->engine, g_array_index (ids, gint64, i), NULL, fp_cli_await_cb, &await);
      item = fp_engine_get_item_finish (cli->engine, fp_cli_wait (&await), NULL, error);
      if (!item)
        return 0;
      *open |= item->state == FP_ITEM_SENDING;
      sent += item->state == FP_ITEM_SENT;
    }

  return sent;
}

static gboolean
tick_cb (gpointer data)
{
  gboolean *came = data;

  *came = TRUE;

  return G_SOURCE_CONTINUE;
}

/* The sender ends the attempts, in its own time: what became of them is told. */
static int
wait_for_the_sender (FpCli  *cli,
                     FpAct   what,
                     GArray *ids)
{
  gint64 end = fp_clock_get_boot_ms (cli->clock) + BREAK_OFF_MS;
  GError *error = NULL;
  gboolean open = TRUE;
  gboolean came = FALSE;
  gint sent = 0;
  guint tick = g_timeout_add (TICK_MS, tick_cb, &came);

  while (!error && open && fp_clock_get_boot_ms (cli->clock) < end)
    {
      sent = count_sent (cli, ids, &open, &error);
      for (came = FALSE; open && !came;)
        g_main_context_iteration (NULL, TRUE);
    }
  g_source_remove (tick);
  if (error)
    return fp_cli_fail (NULL, error);

  if (open)
    g_printerr (_("fieldpostctl: the process that sends did not answer yet; it will hold them\n"));
  if (sent > 0)
    {
      g_printerr (ngettext ("fieldpostctl: %d was delivered before\n", "fieldpostctl: %d were delivered before\n", sent),
                  sent);
      return FP_EXIT_REFUSED;
    }

  return print_result (cli, what, (gint) ids->len);
}

/* @ids: (nullable): NULL = all; with @hold (nullable) what is held for that. */
static int
act (FpCli      *cli,
     FpAct       what,
     GArray     *ids,
     const char *hold)
{
  g_auto(FpCliAwait) await = { NULL };
  GError *error = NULL;
  gint n;

  if (what == FP_ACT_RELEASE)
    fp_engine_release_async (cli->engine, ids, hold, NULL, fp_cli_await_cb, &await);
  else
    fp_engine_act_async (cli->engine, what, ids, NULL, fp_cli_await_cb, &await);
  n = fp_engine_act_finish (cli->engine, fp_cli_wait (&await), &error);
  if (n < 0)
    return fp_cli_fail (NULL, error);

  if (what == FP_ACT_CANCEL || what == FP_ACT_HOLD)
    return wait_for_the_sender (cli, what, ids);
  print_result (cli, what, n);
  if (what == FP_ACT_DISCARD && !cli->json)
    tell_lost_answers (cli, ids);

  return FP_EXIT_OK;
}

static int
act_on_arguments (FpCli  *cli,
                  FpAct   what,
                  int     argc,
                  char  **argv)
{
  g_auto(GStrv) rest = NULL;
  g_autoptr(GArray) ids = NULL;
  g_autofree char *reason = NULL;
  gboolean all = FALSE;
  int code;
  const GOptionEntry none[] = { { NULL } };
  const GOptionEntry retry[] = {
    { "all", 0, 0, G_OPTION_ARG_NONE, &all, N_("Everything that waits or has failed"), NULL }, { NULL },
  };
  const GOptionEntry release[] = {
    { "all", 0, 0, G_OPTION_ARG_NONE, &all, N_("Everything that is held and can be released"), NULL },
    { "reason", 0, 0, G_OPTION_ARG_STRING, &reason,
      N_("Only what is held for this: user, account, form, proxy, moved, machine, after or lost"),
      N_("R") },
    { NULL },
  };

  if (!fp_cli_parse (cli, "ID…", what == FP_ACT_RETRY ? retry : what == FP_ACT_RELEASE ? release : none, argc, argv,
                     &rest))
    return FP_EXIT_USAGE;
  if (all && *rest)
    return fp_cli_usage (_("%s: either numbers of items or --all"), argv[0]);
  if (!all && !*rest)
    return fp_cli_usage (_("%s: which items?"), argv[0]);
  if (reason && !g_strv_contains (reasons, reason))
    return fp_cli_usage (_("--reason: “%s” is none of user, account, form, proxy, moved, machine, after, lost"),
                         reason);
  if (!fp_cli_connect (cli, TRUE))
    return FP_EXIT_STORE;
  ids = fp_cli_find_items (cli, rest, &code);
  if (!ids)
    return code;

  return act (cli, what, all ? NULL : ids, reason);
}

int
fp_cli_retry (FpCli  *cli,
              int     argc,
              char  **argv)
{
  return act_on_arguments (cli, FP_ACT_RETRY, argc, argv);
}

int
fp_cli_discard (FpCli  *cli,
                int     argc,
                char  **argv)
{
  return act_on_arguments (cli, FP_ACT_DISCARD, argc, argv);
}

int
fp_cli_undo (FpCli  *cli,
             int     argc,
             char  **argv)
{
  return act_on_arguments (cli, FP_ACT_UNDO, argc, argv);
}

int
fp_cli_hold (FpCli  *cli,
             int     argc,
             char  **argv)
{
  return act_on_arguments (cli, FP_ACT_HOLD, argc, argv);
}

int
fp_cli_release (FpCli  *cli,
                int     argc,
                char  **argv)
{
  return act_on_arguments (cli, FP_ACT_RELEASE, argc, argv);
}

int
fp_cli_cancel (FpCli  *cli,
               int     argc,
               char  **argv)
{
  return act_on_arguments (cli, FP_ACT_CANCEL, argc, argv);
}
