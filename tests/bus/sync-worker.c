/* A program of somebody else: the bus starts it, the agent tells it, it does its work and answers.
 *
 *   sync-worker NAME FILE ok|fail|die     appends a line a call to FILE; ends with the bus, or instead of answering */
#include <gio/gio.h>
#include <stdio.h>
#include <stdlib.h>

#define AGENT "io.github.fieldpost.Fieldpost.Agent"
#define PATH "/io/github/fieldpost/Fieldpost/Agent"

typedef struct {
  const char *file;
  gboolean    ok;
  gboolean    dies;
} Worker;

static void
fired_cb (GDBusConnection *bus,
          const char      *sender,
          const char      *path,
          const char      *interface,
          const char      *signal,
          GVariant        *arguments,
          gpointer         user_data)
{
  Worker *worker = user_data;
  FILE *file = fopen (worker->file, "a");
  const char *tag;
  gboolean last_chance;

  g_variant_get (arguments, "(&sb)", &tag, &last_chance);
  fprintf (file, "%s %d\n", tag, last_chance);
  fclose (file);
  if (worker->dies)
    exit (EXIT_FAILURE);
  g_dbus_connection_call (bus, AGENT, PATH, AGENT, "SyncDone", g_variant_new ("(sb)", tag, worker->ok), NULL, 0, -1,
                          NULL, NULL, NULL);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(GDBusConnection) bus = g_bus_get_sync (G_BUS_TYPE_STARTER, NULL, NULL);
  Worker worker = { NULL };

  if (argc != 4 || !bus)
    return EXIT_FAILURE;
  worker.file = argv[2];
  worker.ok = g_str_equal (argv[3], "ok");
  worker.dies = g_str_equal (argv[3], "die");
  /* Listening before the name is owned: the signal comes right after. */
  g_dbus_connection_signal_subscribe (bus, AGENT, AGENT, "SyncFired", PATH, NULL, 0, fired_cb, &worker, NULL);
  g_bus_own_name_on_connection (bus, argv[1], 0, NULL, NULL, NULL, NULL);
  g_main_loop_run (loop);

  return EXIT_SUCCESS;
}
