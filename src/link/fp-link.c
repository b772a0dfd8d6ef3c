#include "link/fp-link.h"

#include <string.h>

#include "link/fp-link-private.h"

/* "Full" has to stand this long: NetworkManager says it for a moment on its way elsewhere. */
#define SETTLE_FULL_MS 150

/* Anything else only long enough for properties that change together to arrive. */
#define SETTLE_OTHER_MS 20

typedef struct
{
  /* Owned. */
  FpClock *clock;
  FpTimer *settle;

  FpLinkSource source;
  gboolean known; /* a first reading was taken */
  FpLinkReading now;
  FpLinkReading next; /* while the timer runs */
  gint64 since;
} FpLinkPrivate;

enum
{
  PROP_0,
  PROP_CLOCK,
  N_PROPS,
};

enum
{
  CHANGED,
  N_SIGNALS,
};

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

static const char *const state_words[] = {
  [FP_LINK_UNKNOWN] = "unknown", [FP_LINK_OFFLINE] = "offline", [FP_LINK_LIMITED] = "limited",
  [FP_LINK_PORTAL] = "portal",   [FP_LINK_FULL] = "full",
};

G_DEFINE_TYPE_WITH_PRIVATE (FpLink, fp_link, G_TYPE_OBJECT)

/**
 * fp_link_state_to_string:
 *
 * Returns: a stable word for logs, D-Bus and JSON
 */
const char *
fp_link_state_to_string (FpLinkState state)
{
  g_return_val_if_fail ((guint) state < G_N_ELEMENTS (state_words), "unknown");

  return state_words[state];
}

/**
 * fp_link_state_from_string:
 * @word: what fp_link_state_to_string() gives
 * @state: (out)
 *
 * Returns: FALSE for any other word; @state is unchanged then
 */
gboolean
fp_link_state_from_string (const char  *word,
                           FpLinkState *state)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (state_words); i++)
    if (g_strcmp0 (word, state_words[i]) == 0)
      {
        *state = i;
        return TRUE;
      }

  return FALSE;
}

static gboolean
same_reading (const FpLinkReading *a,
              const FpLinkReading *b)
{
  return a->state == b->state && a->has_link == b->has_link && a->metered == b->metered;
}

static void
publish (FpLink              *self,
         const FpLinkReading *reading,
         gint64               since)
{
  FpLinkPrivate *priv = fp_link_get_instance_private (self);

  if (priv->now.state != reading->state)
    {
      g_debug ("link: %s → %s", fp_link_state_to_string (priv->now.state),
               fp_link_state_to_string (reading->state));
      priv->since = since;
    }
  priv->now = *reading;
  g_signal_emit (self, signals[CHANGED], 0);
}

static gboolean
settled_cb (gpointer user_data)
{
  FpLink *self = user_data;
  FpLinkPrivate *priv = fp_link_get_instance_private (self);
  FpLinkReading next = priv->next;

  publish (self, &next, fp_clock_get_boot_ms (priv->clock));

  return G_SOURCE_REMOVE;
}

/* A change on the way to full waits longer; anything else that comes meanwhile rides along. */
void
_fp_link_take (FpLink              *self,
               const FpLinkReading *reading)
{
  FpLinkPrivate *priv = fp_link_get_instance_private (self);
  gboolean rising = reading->state == FP_LINK_FULL && priv->now.state != FP_LINK_FULL;
  gboolean was_rising = priv->next.state == FP_LINK_FULL && priv->now.state != FP_LINK_FULL;

  if (!priv->known)
    {
      priv->known = TRUE;
      priv->now = *reading;
      priv->since = fp_clock_get_boot_ms (priv->clock);
      return;
    }

  if (same_reading (reading, &priv->now))
    {
      fp_timer_disarm (priv->settle);
      return;
    }

  if (!fp_timer_is_armed (priv->settle) || rising != was_rising)
    fp_timer_arm (priv->settle, fp_clock_get_boot_ms (priv->clock)
                                    + (rising ? SETTLE_FULL_MS : SETTLE_OTHER_MS));
  priv->next = *reading;
}

void
_fp_link_set_source (FpLink       *self,
                     FpLinkSource  source)
{
  FpLinkPrivate *priv = fp_link_get_instance_private (self);

  priv->source = source;
}

static void
check_nothing (FpLink *self)
{
}

static void
fp_link_constructed (GObject *object)
{
  FpLink *self = FP_LINK (object);
  FpLinkPrivate *priv = fp_link_get_instance_private (self);

  G_OBJECT_CLASS (fp_link_parent_class)->constructed (object);

  priv->settle = fp_timer_new (priv->clock, settled_cb, self);
  priv->since = fp_clock_get_boot_ms (priv->clock);
}

static void
fp_link_set_property (GObject      *object,
                      guint         property,
                      const GValue *value,
                      GParamSpec   *pspec)
{
  FpLinkPrivate *priv = fp_link_get_instance_private (FP_LINK (object));

  switch (property)
    {
    case PROP_CLOCK:
      priv->clock = g_value_dup_object (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property, pspec);
    }
}

static void
fp_link_dispose (GObject *object)
{
  FpLinkPrivate *priv = fp_link_get_instance_private (FP_LINK (object));

  g_clear_pointer (&priv->settle, fp_timer_free);
  g_clear_object (&priv->clock);

  G_OBJECT_CLASS (fp_link_parent_class)->dispose (object);
}

static void
fp_link_class_init (FpLinkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = fp_link_constructed;
  object_class->set_property = fp_link_set_property;
  object_class->dispose = fp_link_dispose;
  klass->check = check_nothing;

  props[PROP_CLOCK]
      = g_param_spec_object ("clock", NULL, NULL, FP_TYPE_CLOCK,
                             G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);

  /**
   * FpLink::changed:
   *
   * The state, the presence of a link or "metered" is another than before. Once a settled change.
   */
  signals[CHANGED] = g_signal_new ("changed", FP_TYPE_LINK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
}

static void
fp_link_init (FpLink *self)
{
}

static void
nm_ready_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GError) error = NULL;
  FpLink *link = _fp_link_nm_new_finish (result, &error);

  if (link)
    {
      g_task_return_pointer (task, link, g_object_unref);
      return;
    }

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
      || g_strcmp0 (g_getenv ("FIELDPOST_LINK"), "nm") == 0)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  g_debug ("link: no NetworkManager to be asked (%s), using the network monitor", error->message);
  g_task_return_pointer (task, _fp_link_monitor_new (g_task_get_task_data (task)), g_object_unref);
}

/**
 * fp_link_new_async:
 * @clock: for time stamps and for the settling of changes
 *
 * Starts watching the network: by NetworkManager where a system bus is there (it may come later),
 * otherwise by GNetworkMonitor. FIELDPOST_LINK=nm or =monitor in the environment forces one.
 */
void
fp_link_new_async (FpClock             *clock,
                   GCancellable        *cancellable,
                   GAsyncReadyCallback  callback,
                   gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_return_if_fail (FP_IS_CLOCK (clock));

  g_task_set_source_tag (task, fp_link_new_async);
  g_task_set_task_data (task, g_object_ref (clock), g_object_unref);

  if (g_strcmp0 (g_getenv ("FIELDPOST_LINK"), "monitor") == 0)
    g_task_return_pointer (task, _fp_link_monitor_new (clock), g_object_unref);
  else
    _fp_link_nm_new_async (clock, cancellable, nm_ready_cb, g_steal_pointer (&task));
}

/**
 * fp_link_new_finish:
 *
 * Returns: (transfer full): the link; NULL and error only when cancelled, or where libnm was
 *   forced and there is no system bus
 */
FpLink *
fp_link_new_finish (GAsyncResult  *result,
                    GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * fp_link_new_fake:
 * @state: what it says until fp_link_set()
 *
 * Returns: (transfer full): a link that watches nothing; it counts as up in every state but offline
 */
FpLink *
fp_link_new_fake (FpLinkState state)
{
  g_autoptr(FpClock) clock = fp_clock_new ();
  FpLink *self = g_object_new (FP_TYPE_LINK, "clock", clock, NULL);
  FpLinkReading reading = { state, state != FP_LINK_OFFLINE, FALSE };

  _fp_link_set_source (self, FP_LINK_SOURCE_FAKE);
  _fp_link_take (self, &reading);

  return self;
}

/**
 * fp_link_set:
 * @self: a fake link
 *
 * Changes what it says; "changed" is emitted before this returns, and not if nothing is another.
 */
void
fp_link_set (FpLink      *self,
             FpLinkState  state,
             gboolean     metered)
{
  FpLinkPrivate *priv = fp_link_get_instance_private (self);
  FpLinkReading reading = { state, state != FP_LINK_OFFLINE, !!metered };

  g_return_if_fail (FP_IS_LINK (self));
  g_return_if_fail (priv->source == FP_LINK_SOURCE_FAKE);

  if (!same_reading (&reading, &priv->now))
    publish (self, &reading, fp_clock_get_boot_ms (priv->clock));
}

FpLinkState
fp_link_get_state (FpLink *self)
{
  FpLinkPrivate *priv = fp_link_get_instance_private (self);

  g_return_val_if_fail (FP_IS_LINK (self), FP_LINK_UNKNOWN);

  return priv->now.state;
}

/**
 * fp_link_get_has_link:
 *
 * Returns: whether any link besides loopback is up, wherever it leads
 */
gboolean
fp_link_get_has_link (FpLink *self)
{
  FpLinkPrivate *priv = fp_link_get_instance_private (self);

  g_return_val_if_fail (FP_IS_LINK (self), TRUE);

  return priv->now.has_link;
}

/**
 * fp_link_get_metered:
 *
 * Returns: whether what is sent costs money, as far as anyone knows
 */
gboolean
fp_link_get_metered (FpLink *self)
{
  FpLinkPrivate *priv = fp_link_get_instance_private (self);

  g_return_val_if_fail (FP_IS_LINK (self), FALSE);

  return priv->now.metered;
}

FpLinkSource
fp_link_get_source (FpLink *self)
{
  FpLinkPrivate *priv = fp_link_get_instance_private (self);

  g_return_val_if_fail (FP_IS_LINK (self), FP_LINK_SOURCE_FAKE);

  return priv->source;
}

/**
 * fp_link_get_since:
 *
 * Returns: boot ms at which the present state was settled on
 */
gint64
fp_link_get_since (FpLink *self)
{
  FpLinkPrivate *priv = fp_link_get_instance_private (self);

  g_return_val_if_fail (FP_IS_LINK (self), 0);

  return priv->since;
}

/**
 * fp_link_check:
 *
 * Asks the network to look again now, e.g. after "Sync Now"; returns at once, news come as "changed".
 */
void
fp_link_check (FpLink *self)
{
  g_return_if_fail (FP_IS_LINK (self));

  FP_LINK_GET_CLASS (self)->check (self);
}
