/* fp-sink.h — a server on loopback that counts what arrives, for the tests of the sender
 *
 * Deduplicates by Idempotency-Key and notes every key that came with two different bodies. Answers by a script: first
 * what was queued with fp_sink_push(), then what the path was given with fp_sink_set_path(), else 201. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
  char   *method;
  char   *path;
  char   *key;    /* (nullable): Idempotency-Key */
  char   *type;   /* (nullable): Content-Type */
  GBytes *body;
} FpSinkArrival;

typedef struct _FpSink FpSink;

FpSink        *fp_sink_new          (void);
void           fp_sink_free         (FpSink     *self);
/* "http://127.0.0.1:PORT" */
const char    *fp_sink_get_url      (FpSink     *self);

/* The next answer to anything. @header: "Name: value" or NULL; @body: (nullable). */
void           fp_sink_push         (FpSink     *self,
                                     guint       status,
                                     const char *header,
                                     const char *body);
/* Every answer to @path; 0 cuts the connection after the request was read. */
void           fp_sink_set_path     (FpSink     *self,
                                     const char *path,
                                     guint       status);
/* The same with more to it. @header and @body as above. */
void           fp_sink_set_answer   (FpSink     *self,
                                     const char *path,
                                     guint       status,
                                     const char *header,
                                     const char *body);
/* While held, requests are read and wait for their answers. */
void           fp_sink_hold         (FpSink     *self,
                                     gboolean    hold);
/* Answers come after a random time below @ms. */
void           fp_sink_set_delay    (FpSink     *self,
                                     guint       ms);

/* Every request, in order of arrival. */
guint          fp_sink_get_n        (FpSink     *self);
FpSinkArrival *fp_sink_get          (FpSink     *self,
                                     guint       i);
guint          fp_sink_count_path   (FpSink     *self,
                                     const char *path);
/* Keys that were answered with 2xx. */
guint          fp_sink_get_n_stored (FpSink     *self);
gboolean       fp_sink_has_stored   (FpSink     *self,
                                     const char *uid);
/* Requests whose key had come with another body before. */
guint          fp_sink_get_n_changed (FpSink    *self);
/* Most requests that were open at once. */
guint          fp_sink_get_most     (FpSink     *self);
guint          fp_sink_get_n_open   (FpSink     *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpSink, fp_sink_free)

G_END_DECLS
