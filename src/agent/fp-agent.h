/* fp-agent.h — the background process: engine, link, bus, tray and notifications wired together */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
  gboolean demo;    /* a stand-in network that the Demo interface steers */
  gboolean no_tray;
  gboolean verbose; /* one line an event on stdout */
} FpAgentOptions;

#define FP_TYPE_AGENT (fp_agent_get_type ())
G_DECLARE_FINAL_TYPE (FpAgent, fp_agent, FP, AGENT, GObject)

FpAgent *fp_agent_new           (const FpAgentOptions *options);
/* Begins; "stopped" is emitted when it cannot, or when another agent runs. */
void     fp_agent_start         (FpAgent              *self);
/* Aborts what is in flight, gives the rows back, closes the store; then "stopped". */
void     fp_agent_stop          (FpAgent              *self);
/* After "stopped": 0, or 4 for trouble with the store, or 1. */
int      fp_agent_get_exit_code (FpAgent              *self);

/* Signal "stopped": the process may end. */

G_END_DECLS
