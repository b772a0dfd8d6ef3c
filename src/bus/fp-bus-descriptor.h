/* fp-bus-descriptor.h — a file descriptor that came over D-Bus, as a stream that can be copied without trust */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* An item is at most so large; a pipe is refused when it has brought more. */
#define FP_BUS_DESCRIPTOR_MAX (8 * G_GINT64_CONSTANT (1024) * 1024 * 1024)

/* Takes @fd. A regular file is read from where the descriptor stands, as many bytes as it has now; a pipe to its end.
 * Everything else is refused by name. @where: precedes the error. @announced: how many bytes the sender says that there
 * are, -1 = it does not say; fewer or more are an error, of a file here, of a pipe when it is read. @size: (out): bytes,
 * -1 = nobody knows. */
GInputStream *fp_bus_descriptor_open (int          fd,
                                      const char  *where,
                                      gint64       announced,
                                      gint64      *size,
                                      gboolean    *pipe,
                                      GError     **error);

G_END_DECLS
