/* fp-engine-preferences.h — shared settings by name, and keeping them in step with a document on a server
 *
 * Asynchronous as everything of the engine. */
#pragma once

#include "engine/fp-engine.h"
#include "engine/fp-settings.h"

G_BEGIN_DECLS

typedef struct {
  const FpSettingKind *kind;
  char                *stored;  /* the fallback where it was not set */
  gint64               changed; /* unix ms, of a setting that roams; 0 = never */
} FpSettingValue;

/* FpSettingValue of every setting. */
void       fp_engine_list_settings_async  (FpEngine *self, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
GPtrArray *fp_engine_list_settings_finish (FpEngine *self, GAsyncResult *res, GError **error);
/* @word: as a person types it; NULL = back to the fallback. NOT_FOUND, USAGE. */
void       fp_engine_set_setting_async    (FpEngine *self, const char *name, const char *word,
                                           GCancellable *c, GAsyncReadyCallback cb, gpointer data);
gboolean   fp_engine_set_setting_finish   (FpEngine *self, GAsyncResult *res, GError **error);

/* Merges the document at "preferences-url" with the settings here, the newest change of each counts, and puts it back
 * if it is another then. FALSE without error: no address is set. */
void       fp_engine_sync_preferences_async  (FpEngine *self, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
gboolean   fp_engine_sync_preferences_finish (FpEngine *self, GAsyncResult *res, GError **error);

G_END_DECLS
