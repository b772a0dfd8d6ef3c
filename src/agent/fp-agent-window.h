/* fp-agent-window.h — brings up the window */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* @bus: (nullable). @token: (nullable): activation token of the click that asked for it. */
void fp_agent_open_window (GDBusConnection *bus,
                           const char      *token);

G_END_DECLS
