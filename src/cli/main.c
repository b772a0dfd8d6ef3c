#include "config.h"

#include <glib/gi18n.h>
#include <locale.h>
#include <signal.h>

#include "cli/fp-cli.h"

static const FpCliCommand commands[] = {
  { "add", fp_cli_add, "[OPTION…] URL", N_("Queue an HTTP request") },
  { "upload", fp_cli_upload, "FILE URL", N_("Queue the upload of a file") },
  { "edit", fp_cli_edit, "ID [OPTION…] [URL]", N_("Change a request; open a submission as a draft again") },
  { "list", fp_cli_list, "[--state S] [--tag T]", N_("List the outbox") },
  { "show", fp_cli_show, "ID [--part N]", N_("Show one item with its parts and its receipt") },
  { "retry", fp_cli_retry, "ID…|--all", N_("Try again now") },
  { "discard", fp_cli_discard, "ID…", N_("Take items out of the outbox") },
  { "undo", fp_cli_undo, "ID…", N_("Bring discarded items back") },
  { "hold", fp_cli_hold, "ID…", N_("Hold items back until they are released") },
  { "release", fp_cli_release, "ID…|--all [--reason R]", N_("Let held items wait for their turn again") },
  { "cancel", fp_cli_cancel, "ID…", N_("Break off what is being sent, and hold it") },
  { "sync", fp_cli_sync, "[--wait] [TAG]", N_("Send now") },
  { "status", fp_cli_status, "[--watch]", N_("Show what waits and why") },
  { "pause", fp_cli_pause, "", N_("Work offline: send nothing") },
  { "resume", fp_cli_resume, "", N_("Send again") },
  { "fill", fp_cli_fill, "FORM [--set PATH=VALUE]…", N_("Fill a form and submit it") },
  { "forms", fp_cli_forms, "list|show|add|new|remove|update", N_("Forms: list, look at, add, write, remove, update") },
  { "drafts", fp_cli_drafts, "list|show|discard|undo", N_("Drafts") },
  { "export", fp_cli_export, "[--move] [--to DIR] [ID…]", N_("Write items and drafts to a folder of plain files") },
  { "import", fp_cli_import, "DIR", N_("Take over what was exported") },
  { "server", fp_cli_server, "add|set|test|list|remove", N_("Servers that forms come from, and where requests go") },
  { "event", fp_cli_event, "TAG JSON", N_("Add an event; events of a tag go together") },
  { "tag", fp_cli_tag, "set|list|remove", N_("Tags of events, and registrations") },
  { "periodic", fp_cli_periodic, "list|register|unregister|run", N_("Jobs that are done again and again") },
  { "cleanup", fp_cli_cleanup, "[--dry-run]", N_("Delete what was sent or discarded long ago") },
  { "settings", fp_cli_settings, "list|get|set|reset", N_("Settings that all programs share") },
  { "wipe", fp_cli_wipe, "[--dry-run]", N_("Delete everything of Fieldpost here") },
  { "doctor", fp_cli_doctor, "", N_("Check that everything works, and say what does not") },
  { NULL },
};

/* What was told to the agent has to leave this process before it ends. */
static void
finish (FpCli *cli)
{
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(GError) error = NULL;

  g_clear_object (&cli->client);
  if (cli->bus)
    g_dbus_connection_flush_sync (cli->bus, NULL, NULL);
  if (cli->engine)
    {
      fp_engine_close_async (cli->engine, NULL, fp_cli_await_cb, &await);
      if (!fp_engine_close_finish (cli->engine, fp_cli_wait (&await), &error))
        g_printerr ("fieldpostctl: %s\n", error->message);
    }
  g_clear_object (&cli->engine);
  g_clear_object (&cli->bus);
  g_clear_object (&cli->clock);
}

int
main (int    argc,
      char **argv)
{
  FpCli cli = { NULL };
  int code;

  /* A file that may not grow is an error like any other. */
  signal (SIGXFSZ, SIG_IGN);
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_prgname ("fieldpostctl");

  if (argc == 2 && g_str_equal (argv[1], "--version"))
    {
      g_print ("fieldpostctl " FP_VERSION "\n");
      return FP_EXIT_OK;
    }
  code = fp_cli_dispatch (&cli, NULL, commands, argc - 1, argv + 1);
  finish (&cli);

  return code;
}
