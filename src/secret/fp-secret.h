/* fp-secret.h — tokens and passwords: libsecret, or a stand-in by explicit choice
 *
 * A secret is bound to the origin it was given for and is never handed out for another. Backends: the Secret Service;
 * $CREDENTIALS_DIRECTORY (read only); a 0600 file secrets.json in the data folder, only if the setting says so or
 * FIELDPOST_SECRETS=file; memory for tests. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum {
  FP_SECRET_ERROR_UNAVAILABLE, /* no keyring here; the message says what to do */
  FP_SECRET_ERROR_LOCKED,
  FP_SECRET_ERROR_NOT_FOUND,
  FP_SECRET_ERROR_ORIGIN,      /* it belongs to another origin */
  FP_SECRET_ERROR_FAILED,
} FpSecretError;

#define FP_SECRET_ERROR (fp_secret_error_quark ())
GQuark fp_secret_error_quark (void);

#define FP_TYPE_SECRETS (fp_secrets_get_type ())
G_DECLARE_FINAL_TYPE (FpSecrets, fp_secrets, FP, SECRETS, GObject)

/* @folder: where the file stand-in would live. */
FpSecrets *fp_secrets_new           (const char          *folder);
FpSecrets *fp_secrets_new_memory    (void);
void       fp_secrets_store_async   (FpSecrets           *self,
                                     const char          *id,
                                     const char          *origin,
                                     const char          *label,
                                     const char          *secret,
                                     GCancellable        *cancellable,
                                     GAsyncReadyCallback  callback,
                                     gpointer             user_data);
gboolean   fp_secrets_store_finish  (FpSecrets           *self,
                                     GAsyncResult        *result,
                                     GError             **error);
void       fp_secrets_lookup_async  (FpSecrets           *self,
                                     const char          *id,
                                     const char          *origin,
                                     GCancellable        *cancellable,
                                     GAsyncReadyCallback  callback,
                                     gpointer             user_data);
char      *fp_secrets_lookup_finish (FpSecrets           *self,
                                     GAsyncResult        *result,
                                     GError             **error);
void       fp_secrets_remove_async  (FpSecrets           *self,
                                     const char          *id,
                                     GCancellable        *cancellable,
                                     GAsyncReadyCallback  callback,
                                     gpointer             user_data);
gboolean   fp_secrets_remove_finish (FpSecrets           *self,
                                     GAsyncResult        *result,
                                     GError             **error);

/* Splits a pasted URL: tokens of Central (/key/TOKEN/, ?st=TOKEN) and Kobo (/collector/TOKEN/) become {secret}; of
 * user info the password is the secret and the user's name stays: https://anna:{secret}@host/.
 * Returns the URL to store; *@secret is NULL where there was none. */
char      *fp_secret_split_url      (const char          *url,
                                     char               **secret);

G_END_DECLS
