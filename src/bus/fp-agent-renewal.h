/* fp-agent-renewal.h — an agent that is older than the program which asks it makes room for a new one */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* @version: (nullable): of the agent; one that does not say is left alone, since it knows no Restart either. */
gboolean fp_agent_renewal_is_due (const char      *version);
/* Asks the agent to end, where the bus can start another. What comes of it is seen by its name. */
void     fp_agent_renewal_ask    (GDBusConnection *bus);

G_END_DECLS
