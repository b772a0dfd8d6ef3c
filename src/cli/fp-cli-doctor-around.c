#include "config.h"

#include "cli/fp-cli-doctor-private.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "secret/fp-secret.h"

#define WATCHER "org.kde.StatusNotifierWatcher"

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

void
_fp_doctor_look_at_sender (FpDoctor *doctor)
{
  FpStore *store = fp_engine_get_store (doctor->cli->engine);
  g_autofree char *path = g_build_filename (fp_store_get_folder (store), "sender.lock", NULL);
  gboolean held = fp_agent_client_get_status (doctor->cli->client)->sender;
  int pid = held ? find_holder (path) : 0;
  g_autofree char *comm = g_strdup_printf ("/proc/%d/comm", pid);
  g_autofree char *name = NULL;

  if (!held)
    {
      _fp_doctor_tell (doctor, "sender", FP_DOCTOR_WARN,
                       _("no process sends; start fieldpost-agent, or run “fieldpostctl sync”"));
      return;
    }
  if (pid > 0 && g_file_get_contents (comm, &name, NULL, NULL))
    _fp_doctor_tell (doctor, "sender", FP_DOCTOR_OK, _("%s sends (process %d)"), g_strchomp (name), pid);
  else
    _fp_doctor_tell (doctor, "sender", FP_DOCTOR_OK, _("a process sends"));
}

void
_fp_doctor_look_at_agent (FpDoctor *doctor)
{
  FpCli *cli = doctor->cli;

  if (!cli->bus)
    {
      _fp_doctor_tell (doctor, "bus", FP_DOCTOR_WARN,
                       _("there is no session bus: no tray, no notifications, no other programs"));
      return;
    }
  _fp_doctor_tell (doctor, "bus", FP_DOCTOR_OK, _("the session bus answers"));

  switch (fp_agent_client_get_presence (cli->client))
    {
    case FP_AGENT_PRESENT:
      _fp_doctor_tell (doctor, "agent", FP_DOCTOR_OK, _("the agent runs and works on this store"));
      break;
    case FP_AGENT_OTHER_STORE:
      _fp_doctor_tell (doctor, "agent", FP_DOCTOR_WARN, _("the agent works on another store than %s"),
                       fp_store_get_folder (fp_engine_get_store (cli->engine)));
      break;
    case FP_AGENT_ABSENT:
    default:
      _fp_doctor_tell (doctor, "agent", FP_DOCTOR_WARN, _("no agent runs: nothing is sent in the background"));
      break;
    }
}

void
_fp_doctor_look_at_link (FpDoctor *doctor)
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
      _fp_doctor_tell (doctor, "network", FP_DOCTOR_FAIL, _("the network cannot be watched: %s"), error->message);
      doctor->code = doctor->code ? doctor->code : FP_EXIT_NETWORK;
      return;
    }

  source = sources[fp_link_get_source (link)];
  switch (fp_link_get_state (link))
    {
    case FP_LINK_FULL:
      _fp_doctor_tell (doctor, "network", FP_DOCTOR_OK, _("the internet can be reached (by %s)"), source);
      break;
    case FP_LINK_UNKNOWN:
      if (fp_link_get_source (link) == FP_LINK_SOURCE_MONITOR)
        _fp_doctor_tell (doctor, "network", FP_DOCTOR_OK,
                         _("a link is up; whether the internet is behind it is found out by trying (%s)"), source);
      else
        _fp_doctor_tell (doctor, "network", FP_DOCTOR_OK,
                         _("nobody knows whether the internet can be reached, so it is tried (by %s)"), source);
      break;
    case FP_LINK_LIMITED:
      _fp_doctor_tell (doctor, "network", FP_DOCTOR_WARN, _("only the local network can be reached (by %s)"), source);
      break;
    case FP_LINK_PORTAL:
      _fp_doctor_tell (doctor, "network", FP_DOCTOR_FAIL,
                       _("a sign-in page stands before the internet (by %s)"), source);
      doctor->code = doctor->code ? doctor->code : FP_EXIT_NETWORK;
      break;
    case FP_LINK_OFFLINE:
    default:
      _fp_doctor_tell (doctor, "network", FP_DOCTOR_FAIL, _("there is no network (by %s)"), source);
      doctor->code = doctor->code ? doctor->code : FP_EXIT_NETWORK;
      break;
    }
}

/* Asking for something that is not there shows whether the keyring answers. */
void
_fp_doctor_look_at_secrets (FpDoctor *doctor)
{
  FpSecrets *secrets = fp_http_get_secrets (fp_engine_get_http (doctor->cli->engine));
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(GError) error = NULL;
  g_autofree char *secret = NULL;

  fp_secrets_lookup_async (secrets, "doctor", "https://localhost:443", NULL, fp_cli_await_cb, &await);
  secret = fp_secrets_lookup_finish (secrets, fp_cli_wait (&await), &error);
  if (secret || g_error_matches (error, FP_SECRET_ERROR, FP_SECRET_ERROR_NOT_FOUND))
    _fp_doctor_tell (doctor, "secrets", FP_DOCTOR_OK, _("passwords can be kept"));
  else
    _fp_doctor_tell (doctor, "secrets", FP_DOCTOR_WARN, _("passwords cannot be kept: %s"), error->message);
}

void
_fp_doctor_look_at_tray (FpDoctor *doctor)
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
    _fp_doctor_tell (doctor, "tray", FP_DOCTOR_OK, _("the desktop shows tray icons"));
  else
    _fp_doctor_tell (doctor, "tray", FP_DOCTOR_WARN,
                     _("this desktop shows no tray icons; GNOME needs an extension for it"));
}
