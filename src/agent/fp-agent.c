#include "config.h"

#include "agent/fp-agent.h"

#include <glib/gi18n.h>

#include "agent/fp-agent-notices.h"
#include "agent/fp-agent-rest.h"
#include "agent/fp-agent-sleep.h"
#include "agent/fp-agent-window.h"
#include "bus/fp-agent-client.h"
#include "bus/fp-agent-service.h"
#include "engine/fp-engine-repair.h"
#include "engine/fp-engine-periodic.h"
#include "engine/fp-engine-tags.h"
#include "tray/fp-tray.h"

#define EXIT_STORE 4
/* So long after a run of sending memory goes back. */
#define REST_MS    10000

struct _FpAgent
{
  GObject parent_instance;

  /* Owned. */
  FpClock         *clock;
  FpEngine        *engine;
  FpLink          *link;
  GDBusConnection *bus;         /* NULL: no session bus; it sends all the same */
  FpAgentService  *service;     /* NULL without a bus */
  GApplication    *application; /* owns the bus name, shows notifications */
  FpAgentNotices  *notices;
  FpTray          *tray;
  FpAgentSleep    *resumes;
  FpAgentRest     *rest;
  GPowerProfileMonitor *power;

  FpAgentOptions   options;
  int              exit_code;
  gboolean         opened;
  gboolean         stopping;
};

enum { STOPPED, N_SIGNALS };

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FpAgent, fp_agent, G_TYPE_OBJECT)

/* One line an event; nothing that a person typed, no address. */
static void
say (FpAgent    *self,
     const char *format,
     ...) G_GNUC_PRINTF (2, 3);

static void
say (FpAgent    *self,
     const char *format,
     ...)
{
  g_autofree char *line = NULL;
  va_list args;

  if (!self->options.verbose)
    return;
  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);
  g_print ("%s\n", line);
}

/* @what: (nullable): where the error names it itself. */
static void
fail (FpAgent    *self,
      int         exit_code,
      const char *what,
      GError     *error)
{
  g_printerr ("fieldpost-agent: %s%s%s\n", what ? what : "", what ? ": " : "", error->message);
  self->exit_code = exit_code;
  fp_agent_stop (self);
}

/* Tray. */

static FpTrayIcon
tray_icon (const FpStatus *status)
{
  if (status->state == FP_SYNC_SYNCING)
    return FP_TRAY_SYNCING;
  if (status->counts->failed > 0)
    return FP_TRAY_FAILED;
  if (status->paused || status->state == FP_SYNC_OFFLINE || status->state == FP_SYNC_PORTAL)
    return FP_TRAY_OFFLINE;

  return fp_item_counts_wait (status->counts) ? FP_TRAY_WAITING : FP_TRAY_IDLE;
}

static void
show_status (FpAgent *self)
{
  const FpStatus *status = fp_agent_service_get_status (self->service);
  g_autofree char *title = fp_status_dup_title (status);
  g_autofree char *detail = fp_status_dup_detail (status);
  FpTrayStatus shown = {
    .icon = tray_icon (status),
    .count = status->counts->waiting,
    .title = title,
    .detail = detail,
    .work_offline = status->paused,
    .can_sync = fp_item_counts_wait (status->counts) && !status->paused,
  };

  fp_tray_set_status (self->tray, &shown);
}

static void
open_cb (FpAgent    *self,
         const char *token)
{
  fp_agent_open_window (self->bus, token);
}

static void
sync_now_cb (FpAgent *self)
{
  fp_sync_now (fp_engine_get_sync (self->engine), NULL);
}

static void
paused_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  if (!fp_engine_set_paused_finish (FP_ENGINE (source), result, &error))
    g_message ("Work Offline could not be set: %s", error->message);
}

static void
work_offline_cb (FpAgent  *self,
                 gboolean  offline)
{
  fp_engine_set_paused_async (self->engine, offline, NULL, paused_cb, NULL);
}

static void
quit_noted_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(FpAgent) self = user_data;
  g_autoptr(GError) error = NULL;

  if (!fp_engine_write_setting_finish (FP_ENGINE (source), result, &error))
    g_message ("that the agent was quit could not be noted: %s", error->message);
  fp_agent_stop (self);
}

static void
quit_cb (FpAgent *self)
{
  fp_engine_write_setting_async (self->engine, FP_SETTING_AGENT_QUIT, "1", NULL, quit_noted_cb, g_object_ref (self));
}

static void
start_tray (FpAgent *self)
{
  if (self->options.no_tray)
    return;

  self->tray = fp_tray_new (self->bus);
  g_signal_connect_object (self->tray, "open", G_CALLBACK (open_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->tray, "sync-now", G_CALLBACK (sync_now_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->tray, "work-offline", G_CALLBACK (work_offline_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->tray, "quit", G_CALLBACK (quit_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->service, "status-changed", G_CALLBACK (show_status), self, G_CONNECT_SWAPPED);
  show_status (self);
}

/* What happens. */

static void
link_changed_cb (FpAgent *self)
{
  say (self, "link %s", fp_link_state_to_string (fp_link_get_state (self->link)));
}

static void
holding_cb (FpAgent *self)
{
  if (fp_sync_get_holding (fp_engine_get_sync (self->engine)))
    say (self, "sending: this process holds the sender lock");
}

static void
delivered_cb (FpAgent    *self,
              gint64      id,
              const char *uid,
              gint64      ms)
{
  if (ms >= 0)
    say (self, "sent %" G_GINT64_FORMAT " %s, first byte %" G_GINT64_FORMAT " ms after full", id, uid, ms);
  else
    say (self, "sent %" G_GINT64_FORMAT " %s", id, uid);
  if (self->notices)
    fp_agent_notices_sent (self->notices);
}

static void
failed_cb (FpAgent    *self,
           gint64      id,
           const char *reason_code)
{
  say (self, "failed %" G_GINT64_FORMAT " %s", id, reason_code);
  if (self->notices)
    fp_agent_notices_failed (self->notices);
}

static void
state_cb (FpAgent    *self,
          GParamSpec *pspec,
          FpSync     *sync)
{
  fp_agent_rest_set_busy (self->rest, fp_sync_get_state (sync) == FP_SYNC_SYNCING);
}

static void
woke_cb (gpointer user_data)
{
  FpAgent *self = user_data;

  say (self, "resumed");
  fp_sync_resume (fp_engine_get_sync (self->engine));
}

/* Starting, one step after the other. */

static void
open_action_cb (GSimpleAction *action,
                GVariant      *parameter,
                gpointer       user_data)
{
  FpAgent *self = user_data;

  fp_agent_open_window (self->bus, NULL);
}

static void
activate_cb (GApplication *application)
{
  /* Being there is all that the agent does when it is activated. */
}

/* Owns the name, when everything that is behind it is there. */
static gboolean
own_name (FpAgent *self)
{
  static const GActionEntry entries[] = { { .name = "open", .activate = open_action_cb } };
  g_autoptr(GError) error = NULL;

  self->application = g_application_new (FP_AGENT_BUS_NAME, G_APPLICATION_DEFAULT_FLAGS);
  g_signal_connect (self->application, "activate", G_CALLBACK (activate_cb), NULL);
  g_action_map_add_action_entries (G_ACTION_MAP (self->application), entries, G_N_ELEMENTS (entries), self);
  if (!g_application_register (self->application, NULL, &error))
    {
      fail (self, EXIT_FAILURE, "no place on the session bus", error);
      return FALSE;
    }
  if (g_application_get_is_remote (self->application))
    {
      g_print ("fieldpost-agent: another agent runs already\n");
      fp_agent_stop (self);
      return FALSE;
    }
  self->notices = fp_agent_notices_new (self->application);

  return TRUE;
}

static void
power_cb (FpAgent *self)
{
  fp_tags_set_saving (fp_engine_get_tags (self->engine),
                      g_power_profile_monitor_get_power_saver_enabled (self->power));
}

static void
start_jobs (FpAgent *self)
{
  fp_engine_serve_jobs (self->engine);
  self->power = g_power_profile_monitor_dup_default ();
  g_signal_connect_object (self->power, "notify::power-saver-enabled", G_CALLBACK (power_cb), self,
                           G_CONNECT_SWAPPED);
  power_cb (self);
}

static void
serve (FpAgent *self)
{
  g_autoptr(GError) error = NULL;
  FpSync *sync;

  self->rest = fp_agent_rest_new (REST_MS, NULL);
  fp_engine_start_sending (self->engine, self->link);
  sync = fp_engine_get_sync (self->engine);
  g_signal_connect_object (self->link, "changed", G_CALLBACK (link_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (sync, "notify::holding", G_CALLBACK (holding_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (sync, "notify::state", G_CALLBACK (state_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (sync, "delivered", G_CALLBACK (delivered_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (sync, "failed", G_CALLBACK (failed_cb), self, G_CONNECT_SWAPPED);
  link_changed_cb (self);
  start_jobs (self);
  self->resumes = fp_agent_sleep_new (woke_cb, self);
  if (!self->bus)
    {
      say (self, "no session bus: sending without it");
      return;
    }

  self->service = fp_agent_service_new (self->engine, self->bus, self->options.demo ? self->link : NULL, &error);
  if (!self->service)
    fail (self, EXIT_FAILURE, "the D-Bus interface cannot be served", error);
  else if (own_name (self))
    start_tray (self);
  if (self->service)
    g_signal_connect_object (self->service, "restart", G_CALLBACK (fp_agent_stop), self, G_CONNECT_SWAPPED);
}

static void
link_ready_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(FpAgent) self = user_data;
  g_autoptr(GError) error = NULL;

  self->link = fp_link_new_finish (result, &error);
  if (self->stopping)
    return;
  if (!self->link)
    fail (self, EXIT_FAILURE, "the network cannot be watched", error);
  else
    serve (self);
}

static void
repair_told_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autofree char *words = fp_engine_take_repair_finish (FP_ENGINE (source), result, NULL);

  if (words)
    g_printerr ("fieldpost-agent: %s\n", words);
}

static void
opened_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(FpAgent) self = user_data;
  g_autoptr(GError) error = NULL;

  self->opened = fp_engine_open_finish (self->engine, result, &error);
  if (!self->opened)
    {
      fail (self, EXIT_STORE, NULL, error);
      return;
    }
  if (fp_store_get_repair (fp_engine_get_store (self->engine), NULL))
    fp_engine_take_repair_async (self->engine, "fieldpost-agent", NULL, repair_told_cb, NULL);
  if (self->options.demo)
    {
      self->link = fp_link_new_fake (FP_LINK_FULL);
      serve (self);
      return;
    }
  fp_link_new_async (self->clock, NULL, link_ready_cb, g_object_ref (self));
}

static void
open_engine (FpAgent *self)
{
  fp_engine_open_async (self->engine, NULL, opened_cb, g_object_ref (self));
}

static void
owner_asked_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr(FpAgent) self = user_data;
  g_autoptr(GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  gboolean owned = FALSE;

  if (reply)
    g_variant_get (reply, "(b)", &owned);
  if (owned)
    {
      g_print ("fieldpost-agent: another agent runs already\n");
      fp_agent_stop (self);
      return;
    }
  open_engine (self);
}

static void
bus_got_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(FpAgent) self = user_data;
  g_autoptr(GError) error = NULL;

  self->bus = g_bus_get_finish (result, &error);
  if (!self->bus)
    {
      g_debug ("no session bus: %s", error->message);
      open_engine (self);
      return;
    }
  g_dbus_connection_call (self->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                          "NameHasOwner", g_variant_new ("(s)", FP_AGENT_BUS_NAME), G_VARIANT_TYPE ("(b)"),
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, owner_asked_cb, g_object_ref (self));
}

void
fp_agent_start (FpAgent *self)
{
  g_return_if_fail (FP_IS_AGENT (self));

  g_bus_get (G_BUS_TYPE_SESSION, NULL, bus_got_cb, g_object_ref (self));
}

/* Stopping. */

static void
closed_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(FpAgent) self = user_data;
  g_autoptr(GError) error = NULL;

  if (!fp_engine_close_finish (FP_ENGINE (source), result, &error))
    {
      g_printerr ("fieldpost-agent: %s\n", error->message);
      self->exit_code = EXIT_STORE;
    }
  say (self, "stopped");
  g_signal_emit (self, signals[STOPPED], 0);
}

void
fp_agent_stop (FpAgent *self)
{
  g_return_if_fail (FP_IS_AGENT (self));

  if (self->stopping)
    return;
  self->stopping = TRUE;

  g_clear_pointer (&self->resumes, fp_agent_sleep_free);
  g_clear_object (&self->tray);
  g_clear_pointer (&self->notices, fp_agent_notices_free);
  /* A call that is under way keeps it for a moment, and its news have nowhere to go. */
  if (self->service)
    g_signal_handlers_disconnect_by_data (self->service, self);
  g_clear_object (&self->service);
  g_clear_object (&self->application);
  if (self->opened)
    fp_engine_close_async (self->engine, NULL, closed_cb, g_object_ref (self));
  else
    g_signal_emit (self, signals[STOPPED], 0);
}

int
fp_agent_get_exit_code (FpAgent *self)
{
  g_return_val_if_fail (FP_IS_AGENT (self), EXIT_FAILURE);

  return self->exit_code;
}

static void
fp_agent_dispose (GObject *object)
{
  FpAgent *self = FP_AGENT (object);

  g_clear_pointer (&self->resumes, fp_agent_sleep_free);
  g_clear_object (&self->tray);
  g_clear_pointer (&self->notices, fp_agent_notices_free);
  g_clear_object (&self->service);
  g_clear_object (&self->application);
  g_clear_object (&self->bus);
  g_clear_object (&self->power);
  g_clear_object (&self->engine);
  g_clear_pointer (&self->rest, fp_agent_rest_free);
  g_clear_object (&self->link);
  g_clear_object (&self->clock);

  G_OBJECT_CLASS (fp_agent_parent_class)->dispose (object);
}

static void
fp_agent_class_init (FpAgentClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = fp_agent_dispose;

  signals[STOPPED] = g_signal_new ("stopped", FP_TYPE_AGENT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
fp_agent_init (FpAgent *self)
{
  self->clock = fp_clock_new ();
  self->engine = fp_engine_new (NULL, self->clock);
}

FpAgent *
fp_agent_new (const FpAgentOptions *options)
{
  FpAgent *self = g_object_new (FP_TYPE_AGENT, NULL);

  self->options = *options;

  return self;
}
