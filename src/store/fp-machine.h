/* fp-machine.h — a store belongs to one machine: a copy of it would send everything a second time
 *
 * Stays in this folder. */
#pragma once

#include "store/fp-sql.h"

G_BEGIN_DECLS

/* FpItem.hold of what came from another machine, until a person says that this one sends it. */
#define FP_MACHINE_HOLD "machine"

/* Where the store was last opened on another machine: holds what is unsent. @id: contents of the machine-id file, NULL
 * = the system's; without one there is no rule. With the write lock held. */
gboolean fp_machine_claim (FpDb        *db,
                           const char  *id,
                           GError     **error);

G_END_DECLS
