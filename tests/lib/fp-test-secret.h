/* fp-test-secret.h — secrets, waited for, and what holds wherever they are kept */
#pragma once

#include "secret/fp-secret.h"

G_BEGIN_DECLS

#define HERE "https://here.org:443"
#define THERE "https://there.org:443"

/* Drops the last reference and waits until a thread of the pool has sent its own home. */
void      fp_test_secret_end              (FpSecrets      *secrets);
gboolean  fp_test_secret_store            (FpSecrets      *secrets,
                                           const char     *id,
                                           const char     *origin,
                                           const char     *secret,
                                           GError        **error);
char     *fp_test_secret_look_up          (FpSecrets      *secrets,
                                           const char     *id,
                                           const char     *origin,
                                           GError        **error);
gboolean  fp_test_secret_forget           (FpSecrets      *secrets,
                                           const char     *id,
                                           GError        **error);
void      fp_test_secret_assert_secret    (FpSecrets      *secrets,
                                           const char     *id,
                                           const char     *origin,
                                           const char     *expected);
void      fp_test_secret_assert_no_secret (FpSecrets      *secrets,
                                           const char     *id,
                                           const char     *origin,
                                           FpSecretError   code);
/* Starts from nothing; leaves secret "b" of THERE, "pa552". */
void      fp_test_secret_check_contract   (FpSecrets      *secrets);

G_END_DECLS
