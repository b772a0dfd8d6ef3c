/* fp-bus-caller.h — who calls: the app id of a sandbox, or a program of the host */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The app id of the sandbox in which @invocation's sender runs; "" = in none. An error means: not known, so nothing
 * may be done for it. */
void   fp_bus_caller_ask_async  (GDBusMethodInvocation *invocation,
                                 GCancellable          *cancellable,
                                 GAsyncReadyCallback    callback,
                                 gpointer               user_data);
char  *fp_bus_caller_ask_finish (GAsyncResult          *result,
                                 GError               **error);

/* The same for a process, by the root folder that it sees: "/proc/PID/root". Blocks. */
char  *fp_bus_caller_read_root  (const char            *root,
                                 GError               **error);

/* A name of @app's own space: "APP/name"; of the host's as it is. */
char  *fp_bus_caller_dup_own    (const char            *app,
                                 const char            *name);
/* Back: what the program with @bus_name calls it. Borrowed from @name. */
const char *fp_bus_caller_strip (const char            *name,
                                 const char            *bus_name);
/* A sandbox may have its own names activated and nobody else's. */
gboolean    fp_bus_caller_owns  (const char            *app,
                                 const char            *bus_name);

G_END_DECLS
