/* fp-engine-endpoints.h — places that requests go to: what is said about them, their account, and whether they answer
 *
 * Main context only. */
#pragma once

#include "engine/fp-engine.h"

G_BEGIN_DECLS

/* What is said about a server; what is not given stays. */
typedef struct {
  char       *title;   /* (nullable) */
  char       *user;    /* (nullable): "" = none */
  char       *secret;  /* (nullable): another password */
  gboolean    has_reach, has_success, has_lost;
  FpReach     reach;
  FpSuccess   success; /* plain ones only, as lost */
  FpLost      lost;
} FpServerChanges;

/* Adds a plain endpoint; asks nobody. @url: everything below it is sent by these rules. */
void         fp_engine_add_endpoint_async  (FpEngine               *self,
                                            const char             *url,
                                            const FpServerChanges  *changes,
                                            GCancellable           *cancellable,
                                            GAsyncReadyCallback     callback,
                                            gpointer                user_data);
FpServerRow *fp_engine_add_endpoint_finish (FpEngine               *self,
                                            GAsyncResult           *result,
                                            GError                **error);
/* With another password everything goes again that was held for the old one. */
void         fp_engine_set_server_async    (FpEngine               *self,
                                            gint64                  server,
                                            const FpServerChanges  *changes,
                                            GCancellable           *cancellable,
                                            GAsyncReadyCallback     callback,
                                            gpointer                user_data);
FpServerRow *fp_engine_set_server_finish   (FpEngine               *self,
                                            GAsyncResult           *result,
                                            GError                **error);
/* OpenRosa: asks for the list of forms. Plain: posts a small JSON object that is marked as a test in its header
 * (X-Fieldpost-Test: 1) and its body. The answer is not judged here. */
void         fp_engine_test_server_async   (FpEngine               *self,
                                            gint64                  server,
                                            GCancellable           *cancellable,
                                            GAsyncReadyCallback     callback,
                                            gpointer                user_data);
FpAnswer    *fp_engine_test_server_finish  (FpEngine               *self,
                                            GAsyncResult           *result,
                                            GError                **error);

/* "2xx", "json", "redirect"; "send", "ask". */
const char  *fp_success_to_string          (FpSuccess               success);
gboolean     fp_success_from_string        (const char             *word,
                                            FpSuccess              *success);
const char  *fp_lost_to_string             (FpLost                  lost);
gboolean     fp_lost_from_string           (const char             *word,
                                            FpLost                 *lost);

G_END_DECLS
