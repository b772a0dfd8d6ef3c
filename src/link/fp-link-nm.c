#include "link/fp-link-private.h"

#include <NetworkManager.h>

#include "link/fp-nested-context.h"

/* Winding up a client takes a few milliseconds; a bus that hangs must not keep the program from ending. */
#define DRAIN_MS 1000

#define FP_TYPE_LINK_NM (fp_link_nm_get_type ())
G_DECLARE_FINAL_TYPE (FpLinkNm, fp_link_nm, FP, LINK_NM, FpLink)

struct _FpLinkNm
{
  FpLink parent_instance;

  /* Owned. */
  FpClock *clock;
  GMainContext *context; /* the client's own, run inside ours */
  GSource *nested;
  NMClient *client;
  GCancellable *cancellable;
  FpMonitorView *monitor; /* only while NetworkManager has never been seen */

  gboolean was_running;
  gboolean bus_closed;
};

G_DEFINE_FINAL_TYPE (FpLinkNm, fp_link_nm, FP_TYPE_LINK)

/* A real card that somebody else configured. Bridges and the like of virtual machines are links to nowhere. */
static gboolean
is_foreign_link (NMDevice *device)
{
  NMDeviceType type = nm_device_get_device_type (device);

  return nm_device_get_state (device) == NM_DEVICE_STATE_UNMANAGED
         && (type == NM_DEVICE_TYPE_ETHERNET || type == NM_DEVICE_TYPE_WIFI)
         && (nm_device_get_interface_flags (device) & NM_DEVICE_INTERFACE_FLAG_CARRIER);
}

static gboolean
is_link (NMDevice *device)
{
  NMDeviceType type = nm_device_get_device_type (device);

  if (nm_device_get_state (device) != NM_DEVICE_STATE_ACTIVATED)
    return is_foreign_link (device);

  return type != NM_DEVICE_TYPE_LOOPBACK && type != NM_DEVICE_TYPE_DUMMY;
}

static gboolean
any_link (NMClient *client)
{
  const GPtrArray *devices = nm_client_get_devices (client);
  guint i;

  for (i = 0; i < devices->len; i++)
    if (is_link (g_ptr_array_index (devices, i)))
      return TRUE;

  return FALSE;
}

static FpLinkState
judge (NMClient *client,
       gboolean  has_link)
{
  NMState state = nm_client_get_state (client);

  /* Going to sleep, switched off or on the way down: what the last check of connectivity found is over. */
  if (state == NM_STATE_ASLEEP || state == NM_STATE_DISCONNECTING)
    return FP_LINK_OFFLINE;

  /* "Disconnected" together with "full" is what NetworkManager says of a way out that is not its own. On the way down
   * both are true for a moment too, so this is never more than "may work". */
  if (state == NM_STATE_DISCONNECTED)
    return nm_client_get_connectivity (client) == NM_CONNECTIVITY_FULL ? FP_LINK_UNKNOWN
                                                                       : FP_LINK_OFFLINE;

  switch (nm_client_get_connectivity (client))
    {
    case NM_CONNECTIVITY_FULL:
      return FP_LINK_FULL;
    case NM_CONNECTIVITY_PORTAL:
      return FP_LINK_PORTAL;
    case NM_CONNECTIVITY_LIMITED:
      return FP_LINK_LIMITED;
    case NM_CONNECTIVITY_NONE:
      /* No default route; a network cable between two machines still is a LAN. */
      return has_link ? FP_LINK_LIMITED : FP_LINK_OFFLINE;
    case NM_CONNECTIVITY_UNKNOWN:
    default:
      return state == NM_STATE_CONNECTING && !has_link ? FP_LINK_OFFLINE : FP_LINK_UNKNOWN;
    }
}

static void
read_client (FpLinkNm      *self,
             FpLinkReading *reading)
{
  NMMetered metered = nm_client_get_metered (self->client);
  gboolean has_link = any_link (self->client);

  reading->state = judge (self->client, has_link);
  reading->has_link = has_link || reading->state != FP_LINK_OFFLINE;
  reading->metered = metered == NM_METERED_YES || metered == NM_METERED_GUESS_YES;
}

static void
update (FpLinkNm *self)
{
  FpLinkReading reading = { FP_LINK_UNKNOWN, TRUE, FALSE };

  if (!self->client)
    return;

  if (!self->bus_closed && nm_client_get_nm_running (self->client))
    {
      self->was_running = TRUE;
      g_clear_object (&self->monitor);
      read_client (self, &reading);
    }
  else if (self->monitor)
    {
      _fp_monitor_view_read (self->monitor, &reading);
    }
  /* else: NetworkManager has gone. The client still says what was true before, and so does a GNetworkMonitor that
   * listens to it, so nobody knows. */

  _fp_link_take (FP_LINK (self), &reading);
}

static void
watch_device (FpLinkNm *self,
              NMDevice *device)
{
  g_signal_connect_object (device, "notify::" NM_DEVICE_STATE, G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (device, "notify::" NM_DEVICE_INTERFACE_FLAGS, G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
}

static void
device_added_cb (FpLinkNm *self,
                 NMDevice *device)
{
  watch_device (self, device);
  update (self);
}

static void
bus_closed_cb (FpLinkNm *self)
{
  self->bus_closed = TRUE;
  update (self);
}

static void
watch_client (FpLinkNm *self)
{
  static const char *const watched[] = {
    "notify::" NM_CLIENT_NM_RUNNING,         "notify::" NM_CLIENT_CONNECTIVITY,
    "notify::" NM_CLIENT_STATE,              "notify::" NM_CLIENT_METERED,
    "notify::" NM_CLIENT_PRIMARY_CONNECTION, "device-removed",
  };
  const GPtrArray *devices = nm_client_get_devices (self->client);
  GDBusConnection *bus = nm_client_get_dbus_connection (self->client);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (watched); i++)
    g_signal_connect_object (self->client, watched[i], G_CALLBACK (update), self,
                             G_CONNECT_SWAPPED);
  g_signal_connect_object (self->client, "device-added", G_CALLBACK (device_added_cb), self,
                           G_CONNECT_SWAPPED);
  for (i = 0; i < devices->len; i++)
    watch_device (self, g_ptr_array_index (devices, i));

  /* Without the system bus one thing less is known; that is no reason to end the program. */
  g_dbus_connection_set_exit_on_close (bus, FALSE);
  g_signal_connect_object (bus, "closed", G_CALLBACK (bus_closed_cb), self, G_CONNECT_SWAPPED);
}

static void
checked_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  /* The answer itself comes as a change of the property. */
  if (nm_client_check_connectivity_finish (NM_CLIENT (source), result, &error)
          == NM_CONNECTIVITY_UNKNOWN
      && error)
    g_debug ("link: no check of connectivity: %s", error->message);
}

static void
fp_link_nm_check (FpLink *link)
{
  FpLinkNm *self = FP_LINK_NM (link);

  update (self);
  if (self->client && !self->bus_closed && nm_client_get_nm_running (self->client))
    nm_client_check_connectivity_async (self->client, self->cancellable, checked_cb, NULL);
}

static gboolean
give_up_cb (gpointer user_data)
{
  gboolean *given_up = user_data;

  *given_up = TRUE;
  return G_SOURCE_REMOVE;
}

/* An NMClient leaves calls in its context when it goes and holds memory until they have come back. The context is
 * its alone, so running it here reaches nobody else. */
static void
wind_up (FpLinkNm *self)
{
  g_autoptr(GSource) limit = g_timeout_source_new (DRAIN_MS);
  GObject *busy = nm_client_get_context_busy_watcher (self->client);
  gboolean given_up = FALSE;

  g_object_add_weak_pointer (busy, (gpointer *) &busy);
  g_clear_object (&self->client);

  g_source_set_callback (limit, give_up_cb, &given_up, NULL);
  g_source_attach (limit, self->context);
  while (busy && !given_up)
    g_main_context_iteration (self->context, TRUE);
  if (busy)
    g_object_remove_weak_pointer (busy, (gpointer *) &busy);
  g_source_destroy (limit);
}

static void
fp_link_nm_dispose (GObject *object)
{
  FpLinkNm *self = FP_LINK_NM (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->monitor);
  if (self->client)
    wind_up (self);
  g_clear_pointer (&self->nested, _fp_nested_context_detach);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_object (&self->clock);

  G_OBJECT_CLASS (fp_link_nm_parent_class)->dispose (object);
}

static void
fp_link_nm_class_init (FpLinkNmClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = fp_link_nm_dispose;
  FP_LINK_CLASS (klass)->check = fp_link_nm_check;
}

static void
fp_link_nm_init (FpLinkNm *self)
{
  self->cancellable = g_cancellable_new ();
}

static void
client_ready_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GError) error = NULL;
  FpLinkNm *self = g_task_get_task_data (task);

  self->client = nm_client_new_finish (result, &error);
  if (!self->client)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  if (!nm_client_get_nm_running (self->client))
    {
      self->monitor = _fp_monitor_view_new (self->clock);
      g_signal_connect_object (self->monitor, "changed", G_CALLBACK (update), self,
                               G_CONNECT_SWAPPED);
    }
  watch_client (self);
  update (self);
  g_task_return_pointer (task, g_object_ref (self), g_object_unref);
}

void
_fp_link_nm_new_async (FpClock             *clock,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  FpLinkNm *self = g_object_new (FP_TYPE_LINK_NM, "clock", clock, NULL);

  _fp_link_set_source (FP_LINK (self), FP_LINK_SOURCE_NM);
  g_task_set_source_tag (task, _fp_link_nm_new_async);
  g_task_set_task_data (task, self, g_object_unref);

  self->clock = g_object_ref (clock);
  self->context = g_main_context_new ();
  self->nested = _fp_nested_context_attach (self->context);

  g_main_context_push_thread_default (self->context);
  nm_client_new_async (cancellable, client_ready_cb, task);
  g_main_context_pop_thread_default (self->context);
}

FpLink *
_fp_link_nm_new_finish (GAsyncResult  *result,
                        GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
