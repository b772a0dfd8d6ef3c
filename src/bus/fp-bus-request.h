/* fp-bus-request.h — the argument of Enqueue */
#pragma once

#include <gio/gunixfdlist.h>

#include "engine/fp-engine.h"

G_BEGIN_DECLS

/* @fds: (nullable): what the message carried; a "file" of a part is an index into it. (transfer full); the error
 * names the key. */
FpEnqueue *fp_bus_read_request (GVariant     *request,
                                GUnixFDList  *fds,
                                GError      **error);

G_END_DECLS
