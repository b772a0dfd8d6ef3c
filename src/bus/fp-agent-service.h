/* fp-agent-service.h — the D-Bus interface of the agent, served over an engine */
#pragma once

#include "engine/fp-engine.h"

G_BEGIN_DECLS

#define FP_TYPE_AGENT_SERVICE (fp_agent_service_get_type ())
G_DECLARE_FINAL_TYPE (FpAgentService, fp_agent_service, FP, AGENT_SERVICE, GObject)

/* Exports on @bus. @demo_link: (nullable): a fake link that the Demo interface steers; NULL = no such interface.
 * Signals: "status-changed"; "restart": the process is to end, another will be started. */
FpAgentService *fp_agent_service_new (FpEngine         *engine,
                                      GDBusConnection  *bus,
                                      FpLink           *demo_link,
                                      GError          **error);
/* Reads the status again and emits what changed. */
void            fp_agent_service_refresh (FpAgentService *self);
/* The status it last published; "status-changed" is emitted after each change. */
const FpStatus *fp_agent_service_get_status (FpAgentService *self);

G_END_DECLS
