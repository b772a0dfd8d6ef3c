/* fp-engine-tags.h — tags, events and registrations, as the command line and the bus ask for them
 *
 * Asynchronous as everything of the engine; needs neither an agent nor a network. */
#pragma once

#include "base/fp-json.h"
#include "engine/fp-engine.h"
#include "store/fp-tag-rows.h"
#include "sync/fp-tags.h"

G_BEGIN_DECLS

/* Works beside the sender; NULL until sending was started. */
FpTags    *fp_engine_get_tags            (FpEngine *self);

/* A tag whose events go to the URL of @request, with its headers, tag and reach; it has no parts. USAGE names what is
 * wrong. */
void       fp_engine_set_tag_async       (FpEngine *self, FpEnqueue *request /* (transfer full) */,
                                          GCancellable *c, GAsyncReadyCallback cb, gpointer data);
FpTagRow  *fp_engine_set_tag_finish      (FpEngine *self, GAsyncResult *res, GError **error);
/* REFUSED while events wait. */
void       fp_engine_remove_tag_async    (FpEngine *self, const char *tag, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
gboolean   fp_engine_remove_tag_finish   (FpEngine *self, GAsyncResult *res, GError **error);
/* One JSON value of at most 1 MiB, kept durably until a receipt covers it. */
void       fp_engine_add_event_async     (FpEngine *self, const char *tag, const char *json,
                                          GCancellable *c, GAsyncReadyCallback cb, gpointer data);
gboolean   fp_engine_add_event_finish    (FpEngine *self, GAsyncResult *res, GError **error);
/* Events that wait become items, where none of their tag is on its way. @tag: (nullable). */
void       fp_engine_freeze_events_async (FpEngine *self, const char *tag, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
gboolean   fp_engine_freeze_events_finish (FpEngine *self, GAsyncResult *res, GError **error);

/* To be told once the network is there. @bus_name: (nullable). */
void       fp_engine_register_async      (FpEngine *self, const char *tag, const char *bus_name,
                                          GCancellable *c, GAsyncReadyCallback cb, gpointer data);
gboolean   fp_engine_register_finish     (FpEngine *self, GAsyncResult *res, GError **error);
void       fp_engine_unregister_async    (FpEngine *self, const char *tag, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
gboolean   fp_engine_unregister_finish   (FpEngine *self, GAsyncResult *res, GError **error);
/* NOT_FOUND. */
void       fp_engine_get_registration_async (FpEngine *self, const char *tag, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
FpRegistration *fp_engine_get_registration_finish (FpEngine *self, GAsyncResult *res, GError **error);

typedef struct {
  GPtrArray *tags;          /* FpTagRow */
  GPtrArray *registrations; /* FpRegistration */
} FpTagList;

void       fp_tag_list_free              (FpTagList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpTagList, fp_tag_list_free)
/* By name; the list is the caller's. */
void       fp_engine_list_tags_async     (FpEngine *self, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
FpTagList *fp_engine_list_tags_finish    (FpEngine *self, GAsyncResult *res, GError **error);
/* (transfer full): the schema of the command line. */
JsonNode  *fp_tag_to_json                (const FpTagRow *tag);
JsonNode  *fp_registration_to_json       (const FpRegistration *registration);

G_END_DECLS
