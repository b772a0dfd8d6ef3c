/* fp-permission.h — may the agent run in the background? The portal inside a sandbox, an autostart file outside */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* @wanted: FALSE gives the permission back. @portal: (nullable): the session bus of a sandbox; NULL = outside of one.
 * TRUE: granted; FALSE without error: a person said no. */
void     fp_permission_ask_async  (GDBusConnection     *portal,
                                   gboolean             wanted,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data);
gboolean fp_permission_ask_finish (GAsyncResult        *result,
                                   GError             **error);
/* The file that starts the agent with the session. */
char    *fp_permission_dup_path   (void);

G_END_DECLS
