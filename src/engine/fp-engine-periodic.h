/* fp-engine-periodic.h — periodic jobs: the permission, what is registered, and the work of our own
 *
 * Asynchronous as everything of the engine. */
#pragma once

#include "base/fp-json.h"
#include "engine/fp-engine.h"
#include "store/fp-media-rows.h"
#include "store/fp-periodic-rows.h"
#include "sync/fp-periodic.h"

G_BEGIN_DECLS

/* "clean-up": by itself, once a day. "daily-sync": clean-up, preferences, cached content; every 24 h. "check-updates":
 * form lists and new versions; every hour. Jobs of other programs: at least an hour apart, told as a registration of
 * their name is. */

typedef struct {
  GPtrArray *jobs;       /* FpPeriodicRow */
  char      *permission; /* "ask", "granted" or "denied" */
} FpPeriodicList;

void            fp_periodic_list_free                (FpPeriodicList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpPeriodicList, fp_periodic_list_free)
void            fp_engine_list_periodic_async        (FpEngine *self, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
FpPeriodicList *fp_engine_list_periodic_finish       (FpEngine *self, GAsyncResult *res, GError **error);
/* Registers, and asks for the permission to run in the background if it was not granted: the portal inside a sandbox,
 * an autostart file of the agent outside. @min_interval: ms, 0 = that of a job of our own; @bus_name: (nullable), only
 * of another program's. FALSE without error: registered, but jobs may not run. */
void            fp_engine_register_periodic_async    (FpEngine *self, const char *name, const char *bus_name,
                                                      gint64 min_interval,
                                                      GCancellable *c, GAsyncReadyCallback cb, gpointer data);
gboolean        fp_engine_register_periodic_finish   (FpEngine *self, GAsyncResult *res, GError **error);
/* With the last one the permission and the autostart file go too. */
void            fp_engine_unregister_periodic_async  (FpEngine *self, const char *name, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
gboolean        fp_engine_unregister_periodic_finish (FpEngine *self, GAsyncResult *res, GError **error);
/* Now, in this process, whatever the permission; another program's job is told by whoever sends. The error names every
 * part that failed; the others were done. */
void            fp_engine_run_periodic_async         (FpEngine *self, const char *name, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
gboolean        fp_engine_run_periodic_finish        (FpEngine *self, GAsyncResult *res, GError **error);

/* Does the jobs of our own when they are due, and lets those of others be told. After fp_engine_start_sending(). */
void            fp_engine_serve_jobs                 (FpEngine *self);
/* (transfer full): the schema of the command line. */
JsonNode       *fp_periodic_to_json                  (const FpPeriodicRow *row, const char *permission);

/* New and changed files of every server: media and entity lists of its forms, by hash. @server: 0 = all. Returns how
 * many files were downloaded; -1 on error, when the others were done. */
void            fp_engine_update_content_async       (FpEngine *self, gint64 server, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
gint            fp_engine_update_content_finish      (FpEngine *self, GAsyncResult *res, GError **error);
/* FpMediaRow of the files that are here for a form version. */
void            fp_engine_list_media_async           (FpEngine *self, gint64 form, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
GPtrArray      *fp_engine_list_media_finish          (FpEngine *self, GAsyncResult *res, GError **error);

G_END_DECLS
