/* fp-receiver.h — the receiver's HTTP server: forms out, submissions and anything else in
 *
 * data/docs/receiver.md describes what it answers. Main context only. */
#pragma once

#include <gio/gio.h>

#include "receiver/fp-fault-script.h"

G_BEGIN_DECLS

typedef struct {
  const char *address;          /* an IP address; "127.0.0.1" keeps it on this machine */
  guint16     port;             /* 0 = any free one */
  const char *folder;           /* absolute: where arrivals are stored */
  const char *forms_folder;     /* (nullable): XForms to offer */
  gboolean    known_forms_only; /* submissions of other forms get 404 */
  gboolean    store_all;        /* no deduplication */
  gboolean    json;             /* lines are JSON objects */
  gint64      max_size;         /* bytes of one request's body */
} FpReceiverOptions;

#define FP_TYPE_RECEIVER (fp_receiver_get_type ())
G_DECLARE_FINAL_TYPE (FpReceiver, fp_receiver, FP, RECEIVER, GObject)

FpReceiver *fp_receiver_new      (const FpReceiverOptions *options,
                                  GError                 **error);
gboolean    fp_receiver_listen   (FpReceiver              *self,
                                  GError                 **error);
void        fp_receiver_close    (FpReceiver              *self);
void        fp_receiver_set_faults
                                 (FpReceiver              *self,
                                  FpFaultScript           *script);
guint16     fp_receiver_get_port (FpReceiver              *self);
/* TRUE while an arrival is being stored. */
gboolean    fp_receiver_is_busy  (FpReceiver              *self);

/* Signal "event" (const char *line, gboolean is_state): something happened; @is_state: it opened or closed. */

G_END_DECLS
