/* fp-engine-clean.h — clean-up: what was sent long ago and what was discarded, in two steps (design 4) */
#pragma once

#include "engine/fp-engine.h"

G_BEGIN_DECLS

typedef struct {
  guint sent;      /* items whose content was deleted; their uid, instanceID and time stay */
  guint discarded; /* items */
  guint drafts;    /* discarded ones */
  guint files;     /* attachments that nothing refers to */
  guint marked;    /* rows that a later run may delete */
} FpCleaned;

/* By hand; the agent does it by itself once a day. @dry_run: only counts; "files" stays 0. Never touches what was not
 * sent. */
void       fp_engine_clean_async  (FpEngine *self, gboolean dry_run, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
FpCleaned *fp_engine_clean_finish (FpEngine *self, GAsyncResult *res, GError **error); /* free with g_free() */

G_END_DECLS
