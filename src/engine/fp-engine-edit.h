/* fp-engine-edit.h — what waits is changed: a request in its place, a submission as a draft again
 *
 * What was certainly not delivered is replaced. What may have arrived stays as it is and is settled first: the edit is
 * a new version that waits for it. Main context only. */
#pragma once

#include "engine/fp-engine.h"

G_BEGIN_DECLS

/* @changes: (transfer full): what is given replaces what the request has: url (NULL stays), method, tag, title; each
 * header and each piece of metadata by its name ("" takes it away); parts: the whole body. @reach: whether
 * @changes->reach is given. */
void      fp_engine_edit_request_async   (FpEngine            *self,
                                          gint64               id,
                                          FpEnqueue           *changes,
                                          gboolean             reach,
                                          GCancellable        *cancellable,
                                          GAsyncReadyCallback  callback,
                                          gpointer             user_data);
FpItem   *fp_engine_edit_request_finish  (FpEngine            *self,
                                          GAsyncResult        *result,
                                          GError             **error);

/* Opens a submission as a draft; uid of the draft, the same one if it was opened before. */
void      fp_engine_reopen_async         (FpEngine            *self,
                                          gint64               id,
                                          GCancellable        *cancellable,
                                          GAsyncReadyCallback  callback,
                                          gpointer             user_data);
char     *fp_engine_reopen_finish        (FpEngine            *self,
                                          GAsyncResult        *result,
                                          GError             **error);

G_END_DECLS
