/* fp-json.h — JSON in one place: the only file of the tree that includes json-glib */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Parses @text; a syntax error names line and column. */
JsonNode   *fp_json_parse            (const char  *text,
                                      gssize       length,
                                      GError     **error);
/* Whether @text is one JSON value and nothing else, for what is passed on as it was given. */
gboolean    fp_json_check            (const char  *text,
                                      gsize        length,
                                      GError     **error);
/* Compact without @pretty; keys keep their order. */
char       *fp_json_print            (JsonNode    *node,
                                      gboolean     pretty);

/* Members that are absent or of another type read as NULL or the fallback. */
const char *fp_json_peek_string      (JsonObject  *object,
                                      const char  *key);
gint64      fp_json_get_int          (JsonObject  *object,
                                      const char  *key,
                                      gint64       fallback);

/* json_object_set_string_member() writes NULL as null; this leaves the member out. */
void        fp_json_set_given        (JsonObject  *object,
                                      const char  *key,
                                      const char  *value);
/* 0 = never, or not known: null. */
void        fp_json_set_time         (JsonObject  *object,
                                      const char  *key,
                                      gint64       ms);
/* What is complete becomes a value. */
JsonNode   *fp_json_take_object      (JsonObject  *object);
JsonNode   *fp_json_take_array       (JsonArray   *array);
char       *fp_json_print_object     (JsonObject  *object,
                                      gboolean     pretty);

/* A flat map of strings (headers, metadata): {"a":"b"} <-> GHashTable. */
JsonObject *fp_json_object_from_map  (GHashTable  *map);
char       *fp_json_from_string_map  (GHashTable  *map);
GHashTable *fp_json_to_string_map    (const char  *text,
                                      GError     **error);

G_END_DECLS
