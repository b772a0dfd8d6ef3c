#include "ui/fp-demo-bar.h"

#include <signal.h>

#include "ui/fp-ui.h"

struct _FpDemoBar
{
  GtkWidget parent_instance;

  /* Template widgets. */
  GtkWidget       *handle;
  GtkToggleButton *online;
  GtkToggleButton *offline;
  GtkToggleButton *portal;
  GtkToggleButton *down;

  /* Owned. */
  FpAgentClient *client;

  GPid           receiver;
  gboolean       is_down;
};

G_DEFINE_FINAL_TYPE (FpDemoBar, fp_demo_bar, GTK_TYPE_WIDGET)

static void
toggled_cb (FpDemoBar       *self,
            GtkToggleButton *button)
{
  gboolean down = button == self->down;

  if (!gtk_toggle_button_get_active (button) || !self->client)
    return;
  if (self->receiver > 0 && down != self->is_down)
    kill (self->receiver, down ? SIGUSR1 : SIGUSR2);
  self->is_down = down;
  fp_agent_client_set_demo_link (self->client, button == self->offline  ? FP_LINK_OFFLINE
                                               : button == self->portal ? FP_LINK_PORTAL
                                                                        : FP_LINK_FULL);
}

/**
 * fp_demo_bar_start:
 * @receiver: a process id, or 0
 *
 * Shows the bar. The first state is *Online*, as the agent's stand-in link begins.
 */
void
fp_demo_bar_start (FpDemoBar     *self,
                   FpAgentClient *client,
                   GPid           receiver)
{
  g_set_object (&self->client, client);
  self->receiver = receiver;
  gtk_widget_set_visible (GTK_WIDGET (self->down), receiver > 0);
  gtk_widget_set_visible (GTK_WIDGET (self), TRUE);
}

static void
fp_demo_bar_dispose (GObject *object)
{
  FpDemoBar *self = FP_DEMO_BAR (object);

  fp_ui_dispose_template (GTK_WIDGET (self), FP_TYPE_DEMO_BAR);
  g_clear_object (&self->client);

  G_OBJECT_CLASS (fp_demo_bar_parent_class)->dispose (object);
}

static void
fp_demo_bar_class_init (FpDemoBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = fp_demo_bar_dispose;
  gtk_widget_class_set_template_from_resource (widget_class, FP_UI_TEMPLATE ("fp-demo-bar"));
  gtk_widget_class_bind_template_child (widget_class, FpDemoBar, handle);
  gtk_widget_class_bind_template_child (widget_class, FpDemoBar, online);
  gtk_widget_class_bind_template_child (widget_class, FpDemoBar, offline);
  gtk_widget_class_bind_template_child (widget_class, FpDemoBar, portal);
  gtk_widget_class_bind_template_child (widget_class, FpDemoBar, down);
  gtk_widget_class_bind_template_callback (widget_class, toggled_cb);
}

static void
fp_demo_bar_init (FpDemoBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
