/* fieldpost-receiver — a small server that stores what it gets in a folder */
#include "config.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <glib-unix.h>
#include <glib/gi18n.h>

#include "receiver/fp-receiver.h"

#define EXIT_USAGE 2
#define MEGABYTE 1000000
/* Stays the same over restarts, so that what was queued for it finds it again. */
#define DEFAULT_PORT 8180

typedef struct
{
  GMainLoop *loop;
  FpReceiver *receiver;
  const char *faults; /* borrowed (nullable): file */
  gboolean quiet;
  int status;
} Program;

typedef struct
{
  char *address;
  char *folder;
  char *forms;
  char *port_file;
  char *faults;
  gint64 max_size;
  int port;
  gboolean known_forms_only;
  gboolean no_dedupe;
  gboolean quiet;
  gboolean json;
  gboolean version;
} Arguments;

static void
event_cb (FpReceiver *receiver,
          const char *line,
          gboolean    is_state,
          gpointer    user_data)
{
  Program *program = user_data;

  if (program->quiet && !is_state)
    return;
  fputs (line, stdout);
  fputc ('\n', stdout);
  /* Scripts wait for the line. */
  fflush (stdout);
}

static gboolean
quit_cb (gpointer user_data)
{
  Program *program = user_data;

  g_main_loop_quit (program->loop);
  return G_SOURCE_REMOVE;
}

static gboolean
close_cb (gpointer user_data)
{
  Program *program = user_data;

  fp_receiver_close (program->receiver);
  return G_SOURCE_CONTINUE;
}

static gboolean
open_cb (gpointer user_data)
{
  Program *program = user_data;
  g_autoptr(GError) error = NULL;

  /* Opened twice there would be two listeners. */
  fp_receiver_close (program->receiver);
  if (!fp_receiver_listen (program->receiver, &error))
    g_printerr ("fieldpost-receiver: %s\n", error->message);

  return G_SOURCE_CONTINUE;
}

/* A script that cannot be read changes nothing. */
static gboolean
read_faults (Program  *program,
             GError  **error)
{
  g_autofree char *text = NULL;
  FpFaultScript *script;
  gsize length;

  if (!program->faults)
    return TRUE;
  if (!g_file_get_contents (program->faults, &text, &length, error))
    return FALSE;
  if (!g_utf8_validate_len (text, length, NULL))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _("%s: not text"), program->faults);
      return FALSE;
    }
  if (!(script = fp_fault_script_parse (text, error)))
    {
      g_prefix_error (error, "%s: ", program->faults);
      return FALSE;
    }
  fp_receiver_set_faults (program->receiver, script);

  return TRUE;
}

static gboolean
hang_up_cb (gpointer user_data)
{
  g_autoptr(GError) error = NULL;

  if (!read_faults (user_data, &error))
    g_printerr ("fieldpost-receiver: %s\n", error->message);

  return G_SOURCE_CONTINUE;
}

static gboolean
parse_arguments (int         *argc,
                 char      ***argv,
                 Arguments   *args,
                 GError     **error)
{
  const GOptionEntry entries[] = {
    { "port", 'p', 0, G_OPTION_ARG_INT, &args->port, N_("Listen on port N (default: 8180; 0: any free one)"), "N" },
    { "address", 'a', 0, G_OPTION_ARG_STRING, &args->address,
      N_("Listen on this IP address (default: 127.0.0.1, this computer only; 0.0.0.0 for the whole network)"),
      N_("ADDRESS") },
    { "dir", 'd', 0, G_OPTION_ARG_FILENAME, &args->folder, N_("Store arrivals in FOLDER (default: ~/.local/share/fieldpost-receiver)"),
      N_("FOLDER") },
    { "forms", 'f', 0, G_OPTION_ARG_FILENAME, &args->forms, N_("Offer the XForms (*.xml) in FOLDER"),
      N_("FOLDER") },
    { "known-forms-only", 0, 0, G_OPTION_ARG_NONE, &args->known_forms_only,
      N_("Refuse submissions of forms that are not offered"), NULL },
    { "no-dedupe", 0, 0, G_OPTION_ARG_NONE, &args->no_dedupe,
      N_("Store every arrival, also what was stored before"), NULL },
    { "max-size", 0, 0, G_OPTION_ARG_INT64, &args->max_size,
      N_("Refuse bodies larger than BYTES (default: 100000000)"), N_("BYTES") },
    { "port-file", 0, 0, G_OPTION_ARG_FILENAME, &args->port_file, N_("Write the port to FILE once it is open"),
      N_("FILE") },
    { "fault", 0, 0, G_OPTION_ARG_FILENAME, &args->faults,
      N_("Treat requests badly as the script in FILE says, to test who sends; read again on SIGHUP"), N_("FILE") },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &args->quiet, N_("Print no line for each arrival"), NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &args->json, N_("Print events as JSON, one object a line"), NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &args->version, N_("Print the version"), NULL },
    { NULL }
  };
  g_autoptr(GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (context, _("Takes OpenRosa submissions at /submission, and anything at /json/… "
                                           "and /inbox/…, and keeps each in a folder of its own."));
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc > 1 || args->port < 0 || args->port > G_MAXUINT16 || args->max_size < 1)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _("Unknown argument, or a number out of range; see --help"));
      return FALSE;
    }

  return TRUE;
}

static FpReceiver *
make_receiver (const Arguments  *args,
               GError          **error)
{
  g_autofree char *usual = g_build_filename (g_get_user_data_dir (), "fieldpost-receiver", NULL);
  g_autofree char *folder = g_canonicalize_filename (args->folder ? args->folder : usual, NULL);
  FpReceiverOptions options = {
    .address = args->address ? args->address : "127.0.0.1",
    .port = args->port,
    .folder = folder,
    .forms_folder = args->forms,
    .known_forms_only = args->known_forms_only,
    .store_all = args->no_dedupe,
    .json = args->json,
    .max_size = args->max_size,
  };

  return fp_receiver_new (&options, error);
}

static gboolean
write_port (const char  *path,
            guint16      port,
            GError     **error)
{
  g_autofree char *text = g_strdup_printf ("%u\n", port);

  return !path || g_file_set_contents (path, text, -1, error);
}

static int
run (const Arguments *args)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(FpReceiver) receiver = make_receiver (args, &error);
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Program program = { loop, receiver, args->faults, args->quiet, EXIT_SUCCESS };

  if (receiver)
    g_signal_connect (receiver, "event", G_CALLBACK (event_cb), &program);
  /* Before the port is told: whoever has read it may send them, and by default they end the process. */
  g_unix_signal_add (SIGTERM, quit_cb, &program);
  g_unix_signal_add (SIGINT, quit_cb, &program);
  g_unix_signal_add (SIGHUP, hang_up_cb, &program);
  g_unix_signal_add (SIGUSR1, close_cb, &program);
  g_unix_signal_add (SIGUSR2, open_cb, &program);
  if (!receiver || !read_faults (&program, &error) || !fp_receiver_listen (receiver, &error)
      || !write_port (args->port_file, fp_receiver_get_port (receiver), &error))
    {
      g_printerr ("fieldpost-receiver: %s\n", error->message);
      return EXIT_FAILURE;
    }
  g_main_loop_run (loop);

  fp_receiver_close (receiver);
  while (fp_receiver_is_busy (receiver))
    g_main_context_iteration (NULL, TRUE);

  return program.status;
}

int
main (int    argc,
      char **argv)
{
  Arguments args = { .port = DEFAULT_PORT, .max_size = 100 * MEGABYTE };
  g_autoptr(GError) error = NULL;
  int status = EXIT_USAGE;

  /* A file that may not grow is an error like any other. */
  signal (SIGXFSZ, SIG_IGN);
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  /* Who read our lines may have gone; arrivals are stored all the same. */
  signal (SIGPIPE, SIG_IGN);

  if (!parse_arguments (&argc, &argv, &args, &error))
    g_printerr ("fieldpost-receiver: %s\n", error->message);
  else if (args.version)
    status = printf ("fieldpost-receiver %s\n", FP_VERSION) > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
  else
    status = run (&args);

  g_free (args.address);
  g_free (args.folder);
  g_free (args.forms);
  g_free (args.port_file);
  g_free (args.faults);

  return status;
}
