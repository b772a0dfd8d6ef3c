/* fp-agent-notices.h — notifications: how many were sent, how many could not be; never one for each */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _FpAgentNotices FpAgentNotices;

/* @application: registered; its action "app.open" brings up the window. Borrowed. */
FpAgentNotices *fp_agent_notices_new       (GApplication   *application);
/* One more item was delivered, or gave up its quick tries. */
void            fp_agent_notices_sent      (FpAgentNotices *self);
void            fp_agent_notices_failed    (FpAgentNotices *self);
void            fp_agent_notices_free      (FpAgentNotices *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpAgentNotices, fp_agent_notices_free)

G_END_DECLS
