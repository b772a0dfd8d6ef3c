/* fp-bus-request.h — the argument of Enqueue and Edit */
#pragma once

#include <gio/gunixfdlist.h>

#include "engine/fp-engine.h"

G_BEGIN_DECLS

/* What its copying means for the agent. */
typedef struct {
  gint64   memory; /* bytes that the message itself brought */
  gint64   files;  /* bytes of files, and of a pipe that are announced */
  gboolean pipe;   /* a part comes through a pipe: nobody knows when */
  gboolean vague;  /* nor how much */
} FpBusLoad;

/* @fds: (nullable): what the message carried; a "file" of a part is an index into it. (transfer full); the error
 * names the key. */
FpEnqueue *fp_bus_read_request (GVariant     *request,
                                GUnixFDList  *fds,
                                FpBusLoad    *load,
                                GError      **error);
/* The same for Edit: nothing is required, a pipe is refused. @reach: (out): whether there is that key. */
FpEnqueue *fp_bus_read_changes (GVariant     *request,
                                GUnixFDList  *fds,
                                gboolean     *reach,
                                FpBusLoad    *load,
                                GError      **error);

G_END_DECLS
