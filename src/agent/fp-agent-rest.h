/* fp-agent-rest.h — memory that work needed goes back to the system once there has been none for a while
 *
 * One timer after the last work, none while nothing happens. Main context only. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _FpAgentRest FpAgentRest;

/* @give_back: (nullable): NULL = the memory of malloc(). Runs once @rest_ms after this, since starting is work, and
 * @rest_ms after each end of work. */
FpAgentRest *fp_agent_rest_new      (guint         rest_ms,
                                     void        (*give_back) (void));
void         fp_agent_rest_set_busy (FpAgentRest  *rest,
                                     gboolean      busy);
void         fp_agent_rest_free     (FpAgentRest  *rest);

G_END_DECLS
