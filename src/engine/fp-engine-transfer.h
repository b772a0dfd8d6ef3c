/* fp-engine-transfer.h — the outbox and the drafts to another place: export to a folder of plain files, and import
 *
 * The format is data/docs/export.md. Passwords are never in it. Main context only. */
#pragma once

#include "engine/fp-engine.h"
#include "store/fp-transfer-rows.h"

G_BEGIN_DECLS

typedef struct {
  guint items, drafts, forms;
  guint tags;     /* of events, whose settings went along; import: that were not known here */
  guint skipped;  /* import: known here already, or sent from here */
  guint released; /* import: moved from here, and back */
  guint held;     /* import: held because the account is missing, or because a copy may be sent elsewhere too */
  guint missing;  /* import: those of the held whose account is missing */
  guint stayed;   /* export --move: drafts that were changed meanwhile and stay here, too */
} FpTransferCount;

/* @query: copied. @drafts: the drafts, too. @move: what is exported is held here as moved; its drafts are put away. */
void             fp_engine_export_async  (FpEngine               *self,
                                          const char             *folder,
                                          const FpTransferQuery  *query,
                                          gboolean                drafts,
                                          gboolean                move,
                                          GCancellable           *cancellable,
                                          GAsyncReadyCallback     callback,
                                          gpointer                user_data);
FpTransferCount *fp_engine_export_finish (FpEngine               *self,
                                          GAsyncResult           *result,
                                          GError                **error);
/* @send: also what is a copy is sent from here at once; otherwise it is held. */
void             fp_engine_import_async  (FpEngine               *self,
                                          const char             *folder,
                                          gboolean                send,
                                          GCancellable           *cancellable,
                                          GAsyncReadyCallback     callback,
                                          gpointer                user_data);
FpTransferCount *fp_engine_import_finish (FpEngine               *self,
                                          GAsyncResult           *result,
                                          GError                **error);

G_END_DECLS
