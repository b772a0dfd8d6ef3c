/* fp-engine-count.h — how many items there are of a tag, however many: counted where they are, not listed */
#pragma once

#include "engine/fp-engine.h"
#include "store/fp-count-rows.h"

G_BEGIN_DECLS

/* @query: copied. */
void     fp_engine_count_async  (FpEngine            *self,
                                 const FpCountQuery  *query,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data);
gboolean fp_engine_count_finish (FpEngine            *self,
                                 GAsyncResult        *result,
                                 FpCountResult       *counts,
                                 GError             **error);

G_END_DECLS
