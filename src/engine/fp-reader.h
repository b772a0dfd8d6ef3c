/* fp-reader.h — members of the JSON of an export, each with every doubt checked
 *
 * A reader notes the first member that makes no sense and goes on; fp_reader_judge() tells at the end. Pure. */
#pragma once

#include "base/fp-json.h"

G_BEGIN_DECLS

/* Elements of an array at most. */
#define FP_READER_ARRAY_MAX 10000

typedef struct {
  JsonObject *object; /* borrowed */
  const char *wrong;  /* static text */
} FpReader;

/* The document, an object. */
JsonNode *fp_reader_parse       (GBytes          *json,
                                 GError         **error);
/* REFUSED names the member that makes no sense. */
gboolean  fp_reader_judge       (const FpReader  *reader,
                                 GError         **error);
/* @key: static. */
void      fp_reader_complain    (FpReader        *reader,
                                 const char      *key);

/* @needed: an absent one is wrong. @line: without control characters. */
char     *fp_reader_take_text   (FpReader        *reader,
                                 const char      *key,
                                 gboolean         needed,
                                 gboolean         line);
/* 0 to @max; 0 where it is absent. */
gint64    fp_reader_take_number (FpReader        *reader,
                                 const char      *key,
                                 gint64           max);
gboolean  fp_reader_take_flag   (FpReader        *reader,
                                 const char      *key);
/* JSON within JSON: a flat map of strings, with @line one that can be header lines. */
char     *fp_reader_take_map    (FpReader        *reader,
                                 const char      *key,
                                 gboolean         line);
char     *fp_reader_take_uid    (FpReader        *reader,
                                 const char      *key,
                                 gboolean         needed);
/* Of the members "sha256" and "file". */
char     *fp_reader_take_sha256 (FpReader        *reader);
char     *fp_reader_take_file   (FpReader        *reader);
/* Each object of an array through @take. */
void      fp_reader_take_array  (FpReader        *reader,
                                 const char      *key,
                                 void           (*take) (FpReader *reader, gpointer data),
                                 gpointer         data);

G_END_DECLS
