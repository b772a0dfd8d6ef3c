#include "config.h"

#include "cli/fp-cli.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "engine/fp-engine-periodic.h"
#include "engine/fp-engine-tags.h"
#include "secret/fp-secret.h"
#include "store/fp-blob.h"

/* The sender claims nothing below it (design 5.1). */
#define SPACE_FAIL (16 * G_GINT64_CONSTANT (1048576))
#define SPACE_WARN (256 * G_GINT64_CONSTANT (1048576))

#define WATCHER "org.kde.StatusNotifierWatcher"

typedef enum {
  OK,
  WARN,
  FAIL,
} Level;

typedef struct {
  FpCli     *cli;
  JsonArray *found; /* NULL for people */
  int        code;
} Doctor;

static void
tell (Doctor     *doctor,
      const char *check,
      Level       level,
      const char *format,
      ...) G_GNUC_PRINTF (4, 5);

static void
tell (Doctor     *doctor,
      const char *check,
      Level       level,
      const char *format,
      ...)
{
  static const char * const words[] = { "ok", "warn", "FAIL" };
  g_autofree char *text = NULL;
  g_autofree char *line = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  line = fp_cli_dup_line (text);
  if (doctor->found)
    {
      JsonObject *object = json_object_new ();
      g_autofree char *word = g_ascii_strdown (words[level], -1);

      json_object_set_string_member (object, "check", check);
      json_object_set_string_member (object, "level", word);
      json_object_set_string_member (object, "text", line);
      json_array_add_object_element (doctor->found, object);
    }
  else
    {
      g_print ("%-4s %-8s — %s\n", words[level], check, line);
    }
}

static gpointer
check_file (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  return fp_store_check (txn, error);
}

static gpointer
write_nothing (FpStoreTxn  *txn,
               gpointer     data,
               GError     **error)
{
  return NULL;
}

static void
look_at_file (Doctor  *doctor,
              FpStore *store)
{
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(GError) error = NULL;
  g_autofree char *damage = NULL;

  fp_store_read_async (store, check_file, NULL, NULL, g_free, NULL, fp_cli_await_cb, &await);
  damage = fp_store_read_finish (store, fp_cli_wait (&await), &error);
  g_clear_object (&await.result);
  if (damage || error)
    {
      tell (doctor, "store", FAIL,
            _("the file in %s is damaged; it is repaired when every program of Fieldpost was closed and one is started "
              "again: %s"),
            fp_store_get_folder (store), damage ? damage : error->message);
      doctor->code = FP_EXIT_STORE;
      return;
    }

  fp_store_write_async (store, write_nothing, NULL, NULL, NULL, NULL, fp_cli_await_cb, &await);
  fp_store_write_finish (store, fp_cli_wait (&await), &error);
  if (error)
    {
      tell (doctor, "store", FAIL, _("%s cannot be written: %s"), fp_store_get_folder (store), error->message);
      doctor->code = FP_EXIT_STORE;
      return;
    }
  if (fp_store_get_warning (store))
    tell (doctor, "store", WARN, "%s", fp_store_get_warning (store));
  else
    tell (doctor, "store", OK, _("%s is whole and can be written"), fp_store_get_folder (store));
}

static gpointer
verify_files (FpStoreTxn  *txn,
              gpointer     data,
              GError     **error)
{
  return fp_blob_verify (txn, error);
}

static void
look_at_attachments (Doctor  *doctor,
                     FpStore *store)
{
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(GError) error = NULL;
  g_autofree char *damaged = NULL;

  fp_store_read_async (store, verify_files, NULL, NULL, g_free, NULL, fp_cli_await_cb, &await);
  damaged = fp_store_read_finish (store, fp_cli_wait (&await), &error);
  if (!damaged && !error)
    return;

  tell (doctor, "files", FAIL, _("%s in %s is damaged and is not sent: attach the file again"),
        damaged ? damaged : error->message, fp_store_get_folder (store));
  doctor->code = FP_EXIT_STORE;
}

static gpointer
count_foreign (FpStoreTxn  *txn,
               gpointer     data,
               GError     **error)
{
  return GUINT_TO_POINTER (fp_item_rows_count_held (txn, "machine", error));
}

/* What became of the store: a repair, and a copy of another machine's. */
static void
look_at_history (Doctor  *doctor,
                 FpStore *store)
{
  g_auto(FpCliAwait) await = { NULL };
  guint foreign;

  if (fp_store_get_repair (store, NULL))
    tell (doctor, "repair", WARN, "%s", fp_store_get_repair (store, NULL));

  fp_store_read_async (store, count_foreign, NULL, NULL, NULL, NULL, fp_cli_await_cb, &await);
  foreign = GPOINTER_TO_UINT (fp_store_read_finish (store, fp_cli_wait (&await), NULL));
  if (foreign > 0)
    tell (doctor, "machine", WARN,
          ngettext ("%u item came with the store from another computer, which may send it too, and is held; “fieldpostctl "
                    "release --all --reason machine” sends it from here",
                    "%u items came with the store from another computer, which may send them too, and are held; "
                    "“fieldpostctl release --all --reason machine” sends them from here", foreign),
          foreign);
}

static void
look_at_events (Doctor *doctor)
{
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(FpTagList) list = NULL;
  guint sum = 0;

  fp_engine_list_tags_async (doctor->cli->engine, NULL, fp_cli_await_cb, &await);
  list = fp_engine_list_tags_finish (doctor->cli->engine, fp_cli_wait (&await), NULL);
  for (guint i = 0; list && i < list->tags->len; i++)
    {
      const FpTagRow *tag = g_ptr_array_index (list->tags, i);

      sum += tag->events;
      if (tag->events > 0)
        tell (doctor, "events", WARN,
              ngettext ("%u of the tag “%s” was not sent yet; “fieldpostctl sync” sends it, or says what stops it",
                        "%u of the tag “%s” were not sent yet; “fieldpostctl sync” sends them, or says what stops it",
                        tag->events), tag->events, tag->name);
    }
  if (list && sum == 0)
    tell (doctor, "events", OK, _("none waits"));
}

/* What does not go by itself. */
static void
look_at_outbox (Doctor *doctor)
{
  const FpItemCounts *counts = fp_agent_client_get_status (doctor->cli->client)->counts;

  if (counts->failed > 0)
    tell (doctor, "failed", WARN,
          ngettext ("%u could not be sent: “fieldpostctl list --state failed” says why",
                    "%u could not be sent: “fieldpostctl list --state failed” says why", counts->failed), counts->failed);
  else
    tell (doctor, "failed", OK, _("nothing has failed"));

  if (counts->held > 0)
    tell (doctor, "held", WARN,
          ngettext ("%u is held back: “fieldpostctl list --state held” says why, “release” sends it",
                    "%u are held back: “fieldpostctl list --state held” says why, “release” sends them",
                    counts->held), counts->held);
  else
    tell (doctor, "held", OK, _("nothing is held back"));
  if (counts->moved > 0)
    tell (doctor, "moved", OK,
          ngettext ("%u was moved to another place and is kept here; “discard” ends that",
                    "%u were moved to another place and are kept here; “discard” ends that", counts->moved),
          counts->moved);
  look_at_events (doctor);
}

static void
look_at_space (Doctor  *doctor,
               FpStore *store)
{
  struct statvfs file_system;
  g_autofree char *size = NULL;
  gint64 free_bytes;

  if (statvfs (fp_store_get_folder (store), &file_system) != 0)
    return;

  free_bytes = (gint64) file_system.f_bavail * (gint64) file_system.f_frsize;
  size = g_format_size (free_bytes);
  if (free_bytes < SPACE_FAIL)
    {
      tell (doctor, "space", FAIL, _("only %s are free: nothing is sent before there is room for receipts"), size);
      doctor->code = FP_EXIT_STORE;
    }
  else if (free_bytes < SPACE_WARN)
    {
      tell (doctor, "space", WARN, _("only %s are free"), size);
    }
  else
    {
      tell (doctor, "space", OK, _("%s are free"), size);
    }
}

/* The process that holds the flock on @path, by the kernel's own list; 0 = none, or it cannot be seen from here. */
static int
find_holder (const char *path)
{
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;
  g_autofree char *inode = NULL;
  struct stat file;

  if (stat (path, &file) != 0 || !g_file_get_contents ("/proc/locks", &text, NULL, NULL))
    return 0;

  inode = g_strdup_printf (":%lu ", (gulong) file.st_ino);
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i]; i++)
    {
      int pid = 0;

      if (strstr (lines[i], inode) && strstr (lines[i], "FLOCK") && !strstr (lines[i], "->")
          && sscanf (lines[i], "%*s %*s %*s %*s %d", &pid) == 1)
        return pid;
    }

  return 0;
}

static void
look_at_sender (Doctor  *doctor,
                FpStore *store)
{
  g_autofree char *path = g_build_filename (fp_store_get_folder (store), "sender.lock", NULL);
  gboolean held = fp_agent_client_get_status (doctor->cli->client)->sender;
  int pid = held ? find_holder (path) : 0;
  g_autofree char *comm = g_strdup_printf ("/proc/%d/comm", pid);
  g_autofree char *name = NULL;

  if (!held)
    {
      tell (doctor, "sender", WARN, _("no process sends; start fieldpost-agent, or run “fieldpostctl sync”"));
      return;
    }
  if (pid > 0 && g_file_get_contents (comm, &name, NULL, NULL))
    tell (doctor, "sender", OK, _("%s sends (process %d)"), g_strchomp (name), pid);
  else
    tell (doctor, "sender", OK, _("a process sends"));
}

static void
look_at_agent (Doctor *doctor)
{
  FpCli *cli = doctor->cli;

  if (!cli->bus)
    {
      tell (doctor, "bus", WARN, _("there is no session bus: no tray, no notifications, no other programs"));
      return;
    }
  tell (doctor, "bus", OK, _("the session bus answers"));

  switch (fp_agent_client_get_presence (cli->client))
    {
    case FP_AGENT_PRESENT:
      tell (doctor, "agent", OK, _("the agent runs and works on this store"));
      break;
    case FP_AGENT_OTHER_STORE:
      tell (doctor, "agent", WARN, _("the agent works on another store than %s"),
            fp_store_get_folder (fp_engine_get_store (cli->engine)));
      break;
    case FP_AGENT_ABSENT:
    default:
      tell (doctor, "agent", WARN, _("no agent runs: nothing is sent in the background"));
      break;
    }
}

static void
look_at_link (Doctor *doctor)
{
  static const char * const sources[] = {
    [FP_LINK_SOURCE_NM] = "NetworkManager", [FP_LINK_SOURCE_MONITOR] = "GNetworkMonitor",
    [FP_LINK_SOURCE_FAKE] = "demo",
  };
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(GError) error = NULL;
  g_autoptr(FpLink) link = NULL;
  const char *source;

  fp_link_new_async (doctor->cli->clock, NULL, fp_cli_await_cb, &await);
  link = fp_link_new_finish (fp_cli_wait (&await), &error);
  if (!link)
    {
      tell (doctor, "network", FAIL, _("the network cannot be watched: %s"), error->message);
      doctor->code = doctor->code ? doctor->code : FP_EXIT_NETWORK;
      return;
    }

  source = sources[fp_link_get_source (link)];
  switch (fp_link_get_state (link))
    {
    case FP_LINK_FULL:
      tell (doctor, "network", OK, _("the internet can be reached (by %s)"), source);
      break;
    case FP_LINK_UNKNOWN:
      if (fp_link_get_source (link) == FP_LINK_SOURCE_MONITOR)
        tell (doctor, "network", OK,
              _("a link is up; whether the internet is behind it is found out by trying (%s)"), source);
      else
        tell (doctor, "network", OK, _("nobody knows whether the internet can be reached, so it is tried (by %s)"),
              source);
      break;
    case FP_LINK_LIMITED:
      tell (doctor, "network", WARN, _("only the local network can be reached (by %s)"), source);
      break;
    case FP_LINK_PORTAL:
      tell (doctor, "network", FAIL, _("a sign-in page stands before the internet (by %s)"), source);
      doctor->code = doctor->code ? doctor->code : FP_EXIT_NETWORK;
      break;
    case FP_LINK_OFFLINE:
    default:
      tell (doctor, "network", FAIL, _("there is no network (by %s)"), source);
      doctor->code = doctor->code ? doctor->code : FP_EXIT_NETWORK;
      break;
    }
}

/* Asking for something that is not there shows whether the keyring answers. */
static void
look_at_secrets (Doctor *doctor)
{
  FpSecrets *secrets = fp_http_get_secrets (fp_engine_get_http (doctor->cli->engine));
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(GError) error = NULL;
  g_autofree char *secret = NULL;

  fp_secrets_lookup_async (secrets, "doctor", "https://localhost:443", NULL, fp_cli_await_cb, &await);
  secret = fp_secrets_lookup_finish (secrets, fp_cli_wait (&await), &error);
  if (secret || g_error_matches (error, FP_SECRET_ERROR, FP_SECRET_ERROR_NOT_FOUND))
    tell (doctor, "secrets", OK, _("passwords can be kept"));
  else
    tell (doctor, "secrets", WARN, _("passwords cannot be kept: %s"), error->message);
}

static void
look_at_clean_up (Doctor *doctor)
{
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(FpPeriodicList) list = NULL;

  fp_engine_list_periodic_async (doctor->cli->engine, NULL, fp_cli_await_cb, &await);
  list = fp_engine_list_periodic_finish (doctor->cli->engine, fp_cli_wait (&await), NULL);
  for (guint i = 0; list && i < list->jobs->len; i++)
    {
      const FpPeriodicRow *row = g_ptr_array_index (list->jobs, i);
      g_autofree char *when = fp_time_dup_words (row->last_run);

      if (!g_str_equal (row->name, FP_PERIODIC_CLEAN_UP))
        continue;
      if (row->last_run == 0)
        tell (doctor, "clean-up", OK, _("what is old was never cleaned up; the agent does it once a day"));
      else if (row->last_result)
        tell (doctor, "clean-up", WARN, _("the last one, %s, failed: %s"), when, row->last_result);
      else
        tell (doctor, "clean-up", OK, _("the last one was %s"), when);
    }
}

static void
look_at_tray (Doctor *doctor)
{
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(GVariant) reply = NULL;
  g_autoptr(GVariant) value = NULL;

  if (!doctor->cli->bus)
    return;
  g_dbus_connection_call (doctor->cli->bus, WATCHER, "/StatusNotifierWatcher", "org.freedesktop.DBus.Properties",
                          "Get", g_variant_new ("(ss)", WATCHER, "IsStatusNotifierHostRegistered"),
                          G_VARIANT_TYPE ("(v)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, 2000, NULL, fp_cli_await_cb,
                          &await);
  reply = g_dbus_connection_call_finish (doctor->cli->bus, fp_cli_wait (&await), NULL);
  if (reply)
    g_variant_get (reply, "(v)", &value);

  if (value && g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN) && g_variant_get_boolean (value))
    tell (doctor, "tray", OK, _("the desktop shows tray icons"));
  else
    tell (doctor, "tray", WARN, _("this desktop shows no tray icons; GNOME needs an extension for it"));
}

int
fp_cli_doctor (FpCli  *cli,
               int     argc,
               char  **argv)
{
  g_auto(GStrv) rest = NULL;
  Doctor doctor = { .cli = cli };
  gboolean opened;

  if (!fp_cli_parse (cli, NULL, NULL, argc, argv, &rest))
    return FP_EXIT_USAGE;
  if (*rest)
    return fp_cli_usage (_("doctor: what is “%s”?"), *rest);
  if (cli->json)
    doctor.found = json_array_new ();

  opened = fp_cli_connect (cli, FALSE);
  if (opened)
    {
      FpStore *store = fp_engine_get_store (cli->engine);

      fp_cli_read_status (cli);
      look_at_file (&doctor, store);
      look_at_attachments (&doctor, store);
      look_at_history (&doctor, store);
      look_at_outbox (&doctor);
      look_at_space (&doctor, store);
      look_at_clean_up (&doctor);
      look_at_sender (&doctor, store);
      look_at_agent (&doctor);
      look_at_link (&doctor);
      look_at_secrets (&doctor);
      look_at_tray (&doctor);
    }
  else
    {
      tell (&doctor, "store", FAIL, _("it cannot be opened"));
      doctor.code = FP_EXIT_STORE;
    }
  if (doctor.found)
    {

      fp_cli_print_json (fp_json_take_array (doctor.found));
    }

  return doctor.code;
}
