/* fp-receiver-private.h — what the parts of the receiver share; main context only unless said */
#pragma once

#include <libsoup/soup.h>

#include "receiver/fp-fault-script.h"
#include "receiver/fp-receiver-error.h"
#include "receiver/fp-receiver-route.h"
#include "receiver/fp-receiver-store.h"
#include "receiver/fp-receiver-upload.h"
#include "receiver/fp-receiver.h"

G_BEGIN_DECLS

struct _FpReceiver
{
  GObject parent_instance;

  /* Owned. */
  SoupServer *server;
  FpReceiverStore *store;
  GHashTable *uploads; /* SoupServerMessage -> FpReceiverUpload, while the connection lives */
  GHashTable *paused;  /* set of SoupServerMessage: answers being made, while the connection lives */
  GHashTable *faults;  /* SoupServerMessage -> FpFault, while the connection lives */
  FpFaultScript *script; /* NULL = all is well */
  char *address;
  char *forms_folder;

  gint64 max_size;
  guint busy;
  guint16 port;
  gboolean known_forms_only;
  gboolean json;
  gboolean is_open;
};

/* @line: (transfer full) */
void       _fp_receiver_emit        (FpReceiver         *self,
                                     char               *line,
                                     gboolean            is_state);

/* fp-receiver-answer.c. @body: (transfer full) (nullable) */
void       _fp_receiver_answer      (FpReceiver         *self,
                                     SoupServerMessage  *message,
                                     guint               status,
                                     const char         *type,
                                     char               *body);
void       _fp_receiver_refuse      (FpReceiver         *self,
                                     SoupServerMessage  *message,
                                     const GError       *error);
void       _fp_receiver_refuse_with (FpReceiver         *self,
                                     SoupServerMessage  *message,
                                     FpReceiverError     code,
                                     const char         *text);
void       _fp_receiver_hold        (FpReceiver         *self,
                                     SoupServerMessage  *message);
void       _fp_receiver_resume      (FpReceiver         *self,
                                     SoupServerMessage  *message);

/* fp-receiver-offer.c: forms and pages. Reading blocks, any thread. */
GPtrArray *_fp_receiver_read_forms  (FpReceiver         *self,
                                     gboolean            report,
                                     GError            **error);
void       _fp_receiver_offer       (FpReceiver         *self,
                                     SoupServerMessage  *message);

/* fp-receiver-take.c: what is stored, once its body is here */
void       _fp_receiver_take        (FpReceiver         *self,
                                     FpReceiverUpload   *upload);

/* fp-receiver-fault.c. @arrival: (nullable): what is known of the request beyond its first line.
 * Returns: (transfer none) (nullable): what the script wants; it was told to the log */
FpFault   *_fp_receiver_choose      (FpReceiver         *self,
                                     SoupServerMessage  *message,
                                     FpFaultStage        stage,
                                     const FpArrival    *arrival);
/* Whether it comes in place of what is asked for. */
gboolean   _fp_fault_replaces       (const FpFault      *fault);
/* Ends a held @message as @fault (nullable) wants; without one as it was answered. */
void       _fp_receiver_end         (FpReceiver         *self,
                                     SoupServerMessage  *message,
                                     const FpFault      *fault);

G_END_DECLS
