/* fp-agent-client.h — the agent as the window and the command line see it, and the status they show
 *
 * Counts always come from the store; the agent adds what only it knows (syncing, link). Reads again on the agent's
 * Changed, on the engine's own commits and every 30 s in case a signal was missed. Main context only. */
#pragma once

#include "engine/fp-engine.h"

G_BEGIN_DECLS

#define FP_AGENT_BUS_NAME    "io.github.fieldpost.Fieldpost.Agent"
#define FP_AGENT_OBJECT_PATH "/io/github/fieldpost/Fieldpost/Agent"

typedef enum {
  FP_AGENT_ABSENT,
  FP_AGENT_PRESENT,
  FP_AGENT_OTHER_STORE, /* it works on another file: not used */
} FpAgentPresence;

#define FP_TYPE_AGENT_CLIENT (fp_agent_client_get_type ())
G_DECLARE_FINAL_TYPE (FpAgentClient, fp_agent_client, FP, AGENT_CLIENT, GObject)

/* @bus: (nullable): no session bus; then it only reads the store. @activate: starts the agent if none runs, and ends a
 * "Quit" of the tray. */
FpAgentClient   *fp_agent_client_new          (FpEngine            *engine,
                                               GDBusConnection     *bus,
                                               gboolean             activate);
/* FALSE until it is known whether an agent runs. Property "ready" notifies, once. */
gboolean         fp_agent_client_get_ready    (FpAgentClient       *self);
/* Property "presence" notifies. */
FpAgentPresence  fp_agent_client_get_presence (FpAgentClient       *self);
/* The last status read; never NULL. Property "status" notifies. */
const FpStatus  *fp_agent_client_get_status   (FpAgentClient       *self);
/* Sync Now: by the agent, otherwise by this process if it sends. FALSE finish: nobody could. */
void             fp_agent_client_sync_async   (FpAgentClient       *self,
                                               const char          *tag,
                                               GCancellable        *cancellable,
                                               GAsyncReadyCallback  callback,
                                               gpointer             user_data);
gboolean         fp_agent_client_sync_finish  (FpAgentClient       *self,
                                               GAsyncResult        *result,
                                               GError             **error);
/* An agent that is older than this program makes room for a new one; asked at once, or when it is seen. */
void             fp_agent_client_renew_agent  (FpAgentClient       *self);
/* Demo bar: offline, limited, portal, full. */
void             fp_agent_client_set_demo_link(FpAgentClient       *self,
                                               FpLinkState          state);
/* Signals: "progress" (gint64 id, gint64 done, gint64 total); "delivered" (gint64 id, const char *uid). */

G_END_DECLS
