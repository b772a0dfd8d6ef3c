/* fp-openrosa.h — OpenRosa documents: the answer to a submission, the form list */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The message of an OpenRosaResponse, or NULL if @body is none. */
char      *fp_openrosa_dup_message (GBytes  *body);

typedef struct {
  char *form_id;
  char *name;
  char *version;      /* "" = none */
  char *hash;         /* 32 hex digits, without "md5:" */
  char *download_url;
  char *manifest_url; /* (nullable) */
} FpFormListEntry;

void       fp_form_list_entry_free (FpFormListEntry *entry);
/* FpFormListEntry; unknown elements are ignored, an entry without id, hash or URL is left out. */
GPtrArray *fp_openrosa_parse_list  (GBytes  *body,
                                    GError **error);

/* A file that a form needs beside itself. */
typedef struct {
  char *name;
  char *hash; /* 32 hex digits, without "md5:" */
  char *download_url;
} FpMediaEntry;

void       fp_media_entry_free     (FpMediaEntry *entry);
/* FpMediaEntry; an entry without a plain file name, hash or URL is left out. */
GPtrArray *fp_openrosa_parse_manifest (GBytes  *body,
                                       GError **error);

G_END_DECLS
