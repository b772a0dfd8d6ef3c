/* fp-engine-repair.h — that the store was repaired, told once by each program */
#pragma once

#include "engine/fp-engine.h"

G_BEGIN_DECLS

/* @program: names who tells it. The result: words about what was saved and lost (caller frees); NULL without error =
 * there was no repair, or this program has told of it. */
void  fp_engine_take_repair_async  (FpEngine             *self,
                                    const char           *program,
                                    GCancellable         *cancellable,
                                    GAsyncReadyCallback   callback,
                                    gpointer              user_data);
char *fp_engine_take_repair_finish (FpEngine             *self,
                                    GAsyncResult         *result,
                                    GError              **error);

G_END_DECLS
