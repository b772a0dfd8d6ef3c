#include "config.h"

#include "cli/fp-cli.h"

#include <glib/gi18n.h>
#include <unistd.h>

#include "cli/fp-cli-bar.h"
#include "engine/fp-engine-count.h"
#include "engine/fp-engine-tags.h"
#include "store/fp-sender-lock.h"

/* A network that was just asked to look again may say "offline" for a moment longer. */
#define SETTLE_MS 2000
/* The longest quick wait and a little: who waits is not kept for a server that is away for longer. */
#define PATIENCE_MS (35 * 1000)
#define TICK_MS 200
/* A long run is told at most so often. */
#define TELL_MS 1000

typedef struct {
  FpCli       *cli;
  const char  *tag;       /* (nullable) */
  gboolean     wait;
  gint64       began;     /* unix ms */
  gint64       began_boot;

  guint        waiting;   /* of this tag, at the last look */
  guint        held;      /* of those */
  gboolean     busy;      /* something is still to be expected */
  gboolean     failed;    /* this process cannot send: was told */

  gboolean     quiet;     /* no word while it goes on */
  FpCliBar    *bar;       /* owned; NULL: stderr is no terminal */
  char        *told;      /* (nullable): the last line of what goes on */
  gint64       told_boot; /* when */
} Run;

static FpSyncState
get_state (Run *run)
{
  FpSync *sync = fp_engine_get_sync (run->cli->engine);

  if (sync && fp_sync_get_holding (sync))
    return fp_sync_get_state (sync);

  return fp_agent_client_get_status (run->cli->client)->state;
}

/* The network or Work Offline keeps everything, and has done so long enough to believe it. */
static gboolean
is_stuck (Run *run)
{
  FpSyncState state = get_state (run);

  if (fp_clock_get_boot_ms (run->cli->clock) - run->began_boot < SETTLE_MS)
    return state == FP_SYNC_PAUSED;

  return state == FP_SYNC_OFFLINE || state == FP_SYNC_PORTAL || state == FP_SYNC_PAUSED;
}

/* Of the tag, or of everything: how much waits, and whether more is to be expected. */
static gboolean
count (Run     *run,
       GError **error)
{
  gint64 now = fp_clock_get_wall_ms (run->cli->clock);
  FpCountQuery query = { .tag = (char *) run->tag, .tried_before = run->began };
  FpCountResult result;
  g_auto(FpCliAwait) await = { NULL };

  if (run->wait)
    query.next_before = now + PATIENCE_MS;
  fp_engine_count_async (run->cli->engine, &query, NULL, fp_cli_await_cb, &await);
  if (!fp_engine_count_finish (run->cli->engine, fp_cli_wait (&await), &result, error))
    return FALSE;
  run->waiting = fp_count_rows_sum (&result, 0) - result.moved;
  run->held = result.n[FP_ITEM_HELD] - result.moved;
  run->busy = result.n[FP_ITEM_SENDING] > 0 || (result.open && !is_stuck (run));

  return TRUE;
}

/* Whether more is to be expected: while everything is sent, that is known without looking. */
static gboolean
look (Run     *run,
      GError **error)
{
  if (run->tag || get_state (run) != FP_SYNC_SYNCING)
    return count (run, error);
  run->busy = TRUE;

  return TRUE;
}

static gboolean
tick_cb (gpointer data)
{
  gboolean *dirty = data;

  *dirty = TRUE;

  return G_SOURCE_CONTINUE;
}

static void
changed_cb (gboolean *dirty)
{
  *dirty = TRUE;
}

/* Who waits reads what is waited for; on stderr, because it is no result. */
static void
tell (Run *run)
{
  gint64 now = fp_clock_get_boot_ms (run->cli->clock);
  g_autoptr(FpStatus) status = fp_status_copy (fp_agent_client_get_status (run->cli->client));
  g_autofree char *title = NULL;
  g_autofree char *detail = NULL;
  g_autofree char *line = NULL;
  gint64 away;

  if (!run->wait || !run->busy || run->quiet || run->bar || (run->told && now - run->told_boot < TELL_MS))
    return;
  status->state = get_state (run);
  /* Whatever was read last: somebody sends, otherwise nobody would wait. */
  status->sender = TRUE;
  title = fp_status_dup_title (status);
  detail = fp_status_dup_detail (status);
  line = detail ? g_strdup_printf ("%s — %s", title, detail) : g_strdup (title);
  if (!fp_item_counts_wait (status->counts) || g_strcmp0 (line, run->told) == 0)
    return;

  away = status->counts->next_try - fp_clock_get_wall_ms (run->cli->clock);
  /* A later time is not of what is waited for. */
  if (detail && status->state != FP_SYNC_SYNCING && away > 0 && away < PATIENCE_MS)
    g_printerr (_("%s; next try in %d s\n"), line, (int) ((away + 999) / 1000));
  else
    g_printerr ("%s\n", line);
  g_free (run->told);
  run->told = g_steal_pointer (&line);
  run->told_boot = now;
}

static void
holding_cb (FpSync     *sync,
            GParamSpec *spec,
            const char *tag)
{
  if (fp_sync_get_holding (sync))
    fp_sync_now (sync, tag);
}

/* Sends from this process, as soon as no other one does. FALSE: was told. */
static gboolean
start_sending (Run *run)
{
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(FpLink) link = NULL;
  GError *error = NULL;

  fp_link_new_async (run->cli->clock, NULL, fp_cli_await_cb, &await);
  link = fp_link_new_finish (fp_cli_wait (&await), &error);
  if (!link)
    {
      fp_cli_fail (_("the network cannot be watched"), error);
      run->failed = TRUE;
      return FALSE;
    }
  fp_engine_start_sending (run->cli->engine, link);
  g_signal_connect_data (fp_engine_get_sync (run->cli->engine), "notify::holding", G_CALLBACK (holding_cb),
                         g_strdup (run->tag), (GClosureNotify) (GCallback) g_free, 0);

  return TRUE;
}

/* Asks the lock, which goes with the process that holds it: a killed agent says no word, and without a bus there is
 * none to miss. */
static gboolean
nobody_sends (Run *run)
{
  g_autoptr(FpSenderLock) lock = NULL;

  if (fp_engine_get_sync (run->cli->engine))
    return FALSE;
  lock = fp_sender_lock_try (fp_store_get_folder (fp_engine_get_store (run->cli->engine)), NULL);

  return lock != NULL;
}

/* The process that was waited for is gone: this one goes on in its place. */
static gboolean
take_over (Run *run)
{
  if (!start_sending (run))
    return FALSE;
  /* The network of the new sender may need its moment as well. */
  run->began_boot = fp_clock_get_boot_ms (run->cli->clock);
  if (run->bar)
    fp_cli_bar_follow (run->bar);

  return TRUE;
}

/* Looks after every change, and now and then for what another process does. */
static gboolean
run_until_settled (Run     *run,
                   guint    before,
                   gint64   timeout_ms,
                   GError **error)
{
  gint64 end = run->began_boot + timeout_ms;
  gboolean dirty = TRUE;
  gboolean ok = TRUE;
  guint tick = g_timeout_add (TICK_MS, tick_cb, &dirty);
  gulong handler = g_signal_connect_swapped (run->cli->client, "notify::status", G_CALLBACK (changed_cb), &dirty);

  run->busy = TRUE;
  if (run->wait && !run->quiet && !run->cli->json && isatty (STDERR_FILENO))
    run->bar = fp_cli_bar_new (run->cli, before);
  while (ok && run->busy && fp_clock_get_boot_ms (run->cli->clock) < end)
    {
      while (!dirty)
        g_main_context_iteration (NULL, TRUE);
      dirty = FALSE;
      ok = (!nobody_sends (run) || take_over (run)) && look (run, error);
      if (run->bar)
        fp_cli_bar_draw (run->bar);
      tell (run);
    }
  g_signal_handler_disconnect (run->cli->client, handler);
  g_source_remove (tick);
  g_clear_pointer (&run->bar, fp_cli_bar_free);

  return ok;
}

static void
print_result (Run   *run,
              guint  before)
{
  g_autoptr(FpStatus) status = fp_status_copy (fp_agent_client_get_status (run->cli->client));
  g_autofree char *title = NULL;
  g_autofree char *detail = NULL;

  status->state = get_state (run);
  title = fp_status_dup_title (status);
  detail = fp_status_dup_detail (status);
  if (run->cli->json)
    {
      JsonObject *object = json_object_new ();

      json_object_set_int_member (object, "sent", before > run->waiting ? before - run->waiting : 0);
      json_object_set_int_member (object, "waiting", run->waiting);
      json_object_set_string_member (object, "state", fp_sync_state_to_string (status->state));
      fp_cli_print_json (fp_json_take_object (object));
      return;
    }
  if (before > run->waiting)
    g_print (ngettext ("%u sent.\n", "%u sent.\n", before - run->waiting), before - run->waiting);
  if (run->waiting > 0 && detail)
    g_print ("%s — %s\n", title, detail);
  else if (run->waiting > 0 || before == 0)
    g_print ("%s\n", title);
}

/* Asks the agent; TRUE if it took it over. */
static gboolean
ask_agent (Run *run)
{
  g_auto(FpCliAwait) await = { NULL };
  gboolean asked;

  if (fp_agent_client_get_presence (run->cli->client) != FP_AGENT_PRESENT)
    return FALSE;
  fp_agent_client_sync_async (run->cli->client, run->tag, NULL, fp_cli_await_cb, &await);
  asked = fp_agent_client_sync_finish (run->cli->client, fp_cli_wait (&await), NULL);

  return asked;
}

/* Events that wait for company go as well. */
static gboolean
freeze_events (Run     *run,
               GError **error)
{
  g_auto(FpCliAwait) await = { NULL };

  fp_engine_freeze_events_async (run->cli->engine, run->tag, NULL, fp_cli_await_cb, &await);

  return fp_engine_freeze_events_finish (run->cli->engine, fp_cli_wait (&await), error);
}

/* What only a person lets go. TRUE: was told, and nothing is to be waited for. */
static gboolean
tell_what_stops (Run *run)
{
  const FpStatus *status = fp_agent_client_get_status (run->cli->client);
  gboolean held = run->waiting > 0 && run->waiting == run->held;

  if (run->waiting == 0 || (!held && !status->paused))
    return FALSE;
  if (run->cli->json)
    print_result (run, run->waiting);
  else if (held)
    g_print (ngettext ("%u is held: “fieldpostctl release” sends it.\n",
                       "%u are held: “fieldpostctl release” sends them.\n", run->held), run->held);
  else
    g_print (_("Work Offline is on: nothing is sent. “fieldpostctl resume” ends it.\n"));

  return TRUE;
}

static int
sync_and_tell (Run    *run,
               gint64  timeout_ms)
{
  FpCli *cli = run->cli;
  GError *error = NULL;
  gboolean asked;
  guint before;

  if (!freeze_events (run, &error) || !count (run, &error))
    return fp_cli_fail ("sync", error);
  before = run->waiting;
  if (before == 0 && run->tag && !cli->json)
    {
      g_print (_("Nothing with the tag “%s” waits.\n"), run->tag);
      return FP_EXIT_OK;
    }
  fp_cli_read_status (cli);
  /* What stops these items stops neither registered tags nor the hosts of those that come next. */
  asked = ask_agent (run);
  if (tell_what_stops (run))
    return FP_EXIT_QUEUED;

  if (!asked)
    {
      asked = fp_agent_client_get_status (cli->client)->sender;
      if (!asked && before > 0 && !start_sending (run))
        return FP_EXIT_NETWORK;
    }
  if (asked && !run->wait)
    {
      if (!cli->json)
        g_print (_("The agent sends.\n"));
      return FP_EXIT_OK;
    }
  if (before > 0 && !run_until_settled (run, before, timeout_ms, &error))
    return run->failed ? FP_EXIT_NETWORK : fp_cli_fail ("sync", error);

  if (!count (run, &error))
    return fp_cli_fail ("sync", error);
  fp_cli_read_status (cli);
  print_result (run, before);
  if (run->wait)
    return run->waiting > 0 ? FP_EXIT_QUEUED : FP_EXIT_OK;

  return run->waiting > 0 && (get_state (run) == FP_SYNC_OFFLINE || get_state (run) == FP_SYNC_PORTAL)
           ? FP_EXIT_NETWORK : FP_EXIT_OK;
}

int
fp_cli_sync (FpCli  *cli,
             int     argc,
             char  **argv)
{
  g_auto(GStrv) rest = NULL;
  Run run = { .cli = cli };
  int timeout = 300;
  int code;
  const GOptionEntry entries[] = {
    { "wait", 'w', 0, G_OPTION_ARG_NONE, &run.wait, N_("Wait until it is delivered, or cannot be for now"), NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &run.quiet, N_("With --wait: say nothing while it goes on"), NULL },
    { "timeout", 0, 0, G_OPTION_ARG_INT, &timeout, N_("Wait at most so long; 300 by default"), N_("SECONDS") },
    { NULL },
  };

  cli->details = _("“fieldpostctl sync register [TAG]” asks to be told once the network is there, “sync unregister TAG”\n"
                   "takes that back; each has its own --help.");
  if (argc > 1 && g_str_equal (argv[1], "register"))
    return fp_cli_sync_register (cli, argc - 1, argv + 1);
  if (argc > 1 && g_str_equal (argv[1], "unregister"))
    return fp_cli_sync_unregister (cli, argc - 1, argv + 1);
  if (!fp_cli_parse (cli, "[TAG]", entries, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (g_strv_length (rest) > 1)
    return fp_cli_usage (_("sync: at most one tag"));
  if (timeout < 0)
    return fp_cli_usage (_("--timeout: “%d” is no time in seconds"), timeout);
  if (!fp_cli_connect (cli, FALSE))
    return FP_EXIT_STORE;
  fp_cli_tell_other_store (cli);

  run.tag = rest[0];
  run.began = fp_clock_get_wall_ms (cli->clock);
  run.began_boot = fp_clock_get_boot_ms (cli->clock);

  code = sync_and_tell (&run, timeout * G_GINT64_CONSTANT (1000));
  g_free (run.told);

  return code;
}
