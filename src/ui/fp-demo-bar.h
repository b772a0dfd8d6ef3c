/* fp-demo-bar.h — makes the network fail at will: for looking at what happens then
 *
 * Steers the stand-in link of an agent started with --demo, and a receiver by signals. */
#pragma once

#include <gtk/gtk.h>

#include "bus/fp-agent-client.h"

G_BEGIN_DECLS

#define FP_TYPE_DEMO_BAR (fp_demo_bar_get_type ())
G_DECLARE_FINAL_TYPE (FpDemoBar, fp_demo_bar, FP, DEMO_BAR, GtkWidget)

/* @receiver: process that closes its port on SIGUSR1 and opens it on SIGUSR2; 0 = none, and no "Server Down". */
void fp_demo_bar_start (FpDemoBar     *self,
                        FpAgentClient *client,
                        GPid           receiver);

G_END_DECLS
