/* fp-secret-private.h — what the backends share */
#pragma once

#include "secret/fp-secret.h"

G_BEGIN_DECLS

/* One operation on one secret; the data of the task that runs it. */
typedef struct {
  char *path;   /* (nullable): secrets.json */
  char *id;
  char *origin;
  char *label;
  char *secret;
} FpSecretJob;

/* Decides between the right secret, a stranger's and none. Takes @secret. */
void _fp_secret_return_bound    (GTask       *task,
                                 const char  *bound_to, /* (nullable): no such secret */
                                 const char  *wanted,
                                 char        *secret);

/* Run on a thread of the pool; each returns through the task. */
void _fp_secret_file_store      (GTask        *task,
                                 gpointer      source,
                                 gpointer      job,
                                 GCancellable *cancellable);
void _fp_secret_file_lookup     (GTask        *task,
                                 gpointer      source,
                                 gpointer      job,
                                 GCancellable *cancellable);
void _fp_secret_file_remove     (GTask        *task,
                                 gpointer      source,
                                 gpointer      job,
                                 GCancellable *cancellable);

/* $CREDENTIALS_DIRECTORY/ID: two lines, the server's origin and the secret. NULL = no such file. */
char *_fp_secret_dup_credential_path (const char *id);
void _fp_secret_credential_lookup    (GTask        *task,
                                      gpointer      source,
                                      gpointer      job,
                                      GCancellable *cancellable);

/* The Secret Service. Each takes the task. */
void _fp_secret_service_store   (GTask *task);
void _fp_secret_service_lookup  (GTask *task);
void _fp_secret_service_remove  (GTask *task);

G_END_DECLS
