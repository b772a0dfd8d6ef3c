/* fp-bus-variant.h — between a{sv} and what the engine takes and gives */
#pragma once

#include <gio/gio.h>

#include "base/fp-json.h"
#include "engine/fp-engine.h"

G_BEGIN_DECLS

typedef struct {
  const char *key;
  const char *type; /* D-Bus signature */
} FpBusKey;

/* Every key of @vardict (a{sv}) must be in @keys (ended by {NULL, NULL}) and have its type; the error names the key,
 * preceded by @where. */
gboolean  fp_bus_check_keys (GVariant        *vardict,
                             const FpBusKey  *keys,
                             const char      *where,
                             GError         **error);

/* A JSON object as a{sv}: strings s, numbers x or d, booleans b, objects a{sv}, arrays of objects aa{sv}; null = the
 * key is absent. Floating. */
GVariant *fp_bus_from_json  (JsonObject      *object);

/* The argument of List, or, not @paged, of Count; @query->tag is to be freed. */
gboolean  fp_bus_read_query (GVariant        *vardict,
                             gboolean         paged,
                             FpItemQuery     *query,
                             GError         **error);

G_END_DECLS
