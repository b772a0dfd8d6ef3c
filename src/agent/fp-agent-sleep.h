/* fp-agent-sleep.h — login1 says that the machine woke up
 *
 * Some kernels and containers do not cancel a timer on resume; where login1 can be reached, its word counts too. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _FpAgentSleep FpAgentSleep;

typedef void (*FpAgentSleepFunc) (gpointer user_data);

/* @woke runs in the caller's main context after each resume. Without a system bus or login1 it never does. */
FpAgentSleep *fp_agent_sleep_new  (FpAgentSleepFunc  woke,
                                   gpointer          user_data);
void          fp_agent_sleep_free (FpAgentSleep     *self);

G_END_DECLS
