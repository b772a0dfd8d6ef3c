/* fp-engine-stage.h — requests that are queued before their files are copied: what came as a descriptor over D-Bus
 *
 * stage: the item is durable and visible, held as "staging". copy: its files are read to their end. settle: it becomes
 * pending, or failed in words; it is never sent before, nor half. Main context only. */
#pragma once

#include "engine/fp-engine.h"

G_BEGIN_DECLS

typedef struct _FpStage FpStage;

void          fp_engine_stage_async          (FpEngine            *self,
                                              FpEnqueue           *request,
                                              GCancellable        *cancellable,
                                              GAsyncReadyCallback  callback,
                                              gpointer             user_data);
FpStage      *fp_engine_stage_finish         (FpEngine            *self,
                                              GAsyncResult        *result,
                                              GError             **error);
const FpItem *fp_stage_get_item              (FpStage             *stage);
void          fp_stage_free                  (FpStage             *stage);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpStage, fp_stage_free)

/* @stage is borrowed until the call is finished. */
void          fp_engine_stage_copy_async     (FpEngine            *self,
                                              FpStage             *stage,
                                              GCancellable        *cancellable,
                                              GAsyncReadyCallback  callback,
                                              gpointer             user_data);
gboolean      fp_engine_stage_copy_finish    (FpEngine            *self,
                                              GAsyncResult        *result,
                                              GError             **error);
/* @stage: (transfer full). @words: (nullable): why it was not copied; NULL = it was. */
void          fp_engine_stage_settle_async   (FpEngine            *self,
                                              FpStage             *stage,
                                              const char          *words,
                                              GCancellable        *cancellable,
                                              GAsyncReadyCallback  callback,
                                              gpointer             user_data);
gboolean      fp_engine_stage_settle_finish  (FpEngine            *self,
                                              GAsyncResult        *result,
                                              GError             **error);
/* What a process that died was copying becomes failed. */
void          fp_engine_stage_recover_async  (FpEngine            *self,
                                              GCancellable        *cancellable,
                                              GAsyncReadyCallback  callback,
                                              gpointer             user_data);
/* TRUE: done. FALSE without error: some process copies now; to be asked again later. */
gboolean      fp_engine_stage_recover_finish (FpEngine            *self,
                                              GAsyncResult        *result,
                                              GError             **error);

G_END_DECLS
