#include "link/fp-link-private.h"

/* How long the first word of GNetworkMonitor is not believed: before its source has answered it says "available". */
#define DISTRUST_MS 1000

struct _FpMonitorView
{
  GObject parent_instance;

  /* Owned. */
  GNetworkMonitor *monitor;
  FpTimer *trust;

  gboolean trusted;
};

enum
{
  CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (FpMonitorView, _fp_monitor_view, G_TYPE_OBJECT)

static void
news (FpMonitorView *self)
{
  self->trusted = TRUE;
  fp_timer_disarm (self->trust);
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
network_changed_cb (FpMonitorView *self)
{
  news (self);
}

static gboolean
trust_cb (gpointer user_data)
{
  news (user_data);

  return G_SOURCE_REMOVE;
}

static void
_fp_monitor_view_dispose (GObject *object)
{
  FpMonitorView *self = FP_MONITOR_VIEW (object);

  g_clear_object (&self->monitor);
  g_clear_pointer (&self->trust, fp_timer_free);

  G_OBJECT_CLASS (_fp_monitor_view_parent_class)->dispose (object);
}

static void
_fp_monitor_view_class_init (FpMonitorViewClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = _fp_monitor_view_dispose;

  signals[CHANGED] = g_signal_new ("changed", FP_TYPE_MONITOR_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 0);
}

static void
_fp_monitor_view_init (FpMonitorView *self)
{
}

FpMonitorView *
_fp_monitor_view_new (FpClock *clock)
{
  FpMonitorView *self = g_object_new (FP_TYPE_MONITOR_VIEW, NULL);

  self->monitor = g_object_ref (g_network_monitor_get_default ());
  self->trust = fp_timer_new (clock, trust_cb, self);
  fp_timer_arm (self->trust, fp_clock_get_boot_ms (clock) + DISTRUST_MS);
  g_signal_connect_object (self->monitor, "network-changed", G_CALLBACK (network_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->monitor, "notify", G_CALLBACK (network_changed_cb), self,
                           G_CONNECT_SWAPPED);

  return self;
}

/* It says "available" behind a sign-in page too, so its yes is never more than "may work". In a sandbox it speaks
 * through the portal, which does know sign-in pages. */
static FpLinkState
judge (GNetworkMonitor *monitor)
{
  switch (g_network_monitor_get_connectivity (monitor))
    {
    case G_NETWORK_CONNECTIVITY_PORTAL:
      return FP_LINK_PORTAL;
    case G_NETWORK_CONNECTIVITY_LIMITED:
      return FP_LINK_LIMITED;
    case G_NETWORK_CONNECTIVITY_LOCAL:
    case G_NETWORK_CONNECTIVITY_FULL:
    default:
      return g_network_monitor_get_network_available (monitor) ? FP_LINK_UNKNOWN : FP_LINK_OFFLINE;
    }
}

void
_fp_monitor_view_read (FpMonitorView *self,
                       FpLinkReading *reading)
{
  reading->state = self->trusted ? judge (self->monitor) : FP_LINK_UNKNOWN;
  reading->has_link = reading->state != FP_LINK_OFFLINE || _fp_link_any_interface ();
  reading->metered = g_network_monitor_get_network_metered (self->monitor);
}

/* The link that knows nothing better. */

#define FP_TYPE_LINK_MONITOR (fp_link_monitor_get_type ())
G_DECLARE_FINAL_TYPE (FpLinkMonitor, fp_link_monitor, FP, LINK_MONITOR, FpLink)

struct _FpLinkMonitor
{
  FpLink parent_instance;

  FpMonitorView *view; /* owned */
};

G_DEFINE_FINAL_TYPE (FpLinkMonitor, fp_link_monitor, FP_TYPE_LINK)

static void
fp_link_monitor_check (FpLink *link)
{
  FpLinkMonitor *self = FP_LINK_MONITOR (link);
  FpLinkReading reading;

  _fp_monitor_view_read (self->view, &reading);
  _fp_link_take (link, &reading);
}

static void
fp_link_monitor_dispose (GObject *object)
{
  FpLinkMonitor *self = FP_LINK_MONITOR (object);

  g_clear_object (&self->view);

  G_OBJECT_CLASS (fp_link_monitor_parent_class)->dispose (object);
}

static void
fp_link_monitor_class_init (FpLinkMonitorClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = fp_link_monitor_dispose;
  FP_LINK_CLASS (klass)->check = fp_link_monitor_check;
}

static void
fp_link_monitor_init (FpLinkMonitor *self)
{
}

FpLink *
_fp_link_monitor_new (FpClock *clock)
{
  FpLinkMonitor *self = g_object_new (FP_TYPE_LINK_MONITOR, "clock", clock, NULL);

  _fp_link_set_source (FP_LINK (self), FP_LINK_SOURCE_MONITOR);
  self->view = _fp_monitor_view_new (clock);
  g_signal_connect_object (self->view, "changed", G_CALLBACK (fp_link_monitor_check), self,
                           G_CONNECT_SWAPPED);
  fp_link_monitor_check (FP_LINK (self));

  return FP_LINK (self);
}
