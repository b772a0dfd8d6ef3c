#include "fp-test-secret.h"

#include <string.h>

#include "fp-test.h"

/* Not at once: a thread of the pool may be about to send its reference home. */
void
fp_test_secret_end (FpSecrets *secrets)
{
  g_object_add_weak_pointer (G_OBJECT (secrets), (gpointer *) &secrets);
  g_object_unref (secrets);
  fp_test_until (secrets == NULL);
}

gboolean
fp_test_secret_store (FpSecrets   *secrets,
                      const char  *id,
                      const char  *origin,
                      const char  *secret,
                      GError     **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_secrets_store_async (secrets, id, origin, "label", secret, NULL, fp_test_await_cb, &await);
  return fp_secrets_store_finish (secrets, fp_test_await (&await), error);
}

char *
fp_test_secret_look_up (FpSecrets   *secrets,
                        const char  *id,
                        const char  *origin,
                        GError     **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_secrets_lookup_async (secrets, id, origin, NULL, fp_test_await_cb, &await);
  return fp_secrets_lookup_finish (secrets, fp_test_await (&await), error);
}

gboolean
fp_test_secret_forget (FpSecrets   *secrets,
                       const char  *id,
                       GError     **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_secrets_remove_async (secrets, id, NULL, fp_test_await_cb, &await);
  return fp_secrets_remove_finish (secrets, fp_test_await (&await), error);
}

void
fp_test_secret_assert_secret (FpSecrets  *secrets,
                              const char *id,
                              const char *origin,
                              const char *expected)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *secret = fp_test_secret_look_up (secrets, id, origin, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (secret, ==, expected);
}

void
fp_test_secret_assert_no_secret (FpSecrets     *secrets,
                                 const char    *id,
                                 const char    *origin,
                                 FpSecretError  code)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (fp_test_secret_look_up (secrets, id, origin, &error));
  g_assert_error (error, FP_SECRET_ERROR, (int) code);
  g_assert_null (strstr (error->message, "pa55"));
}

/* What holds wherever the secrets are. */
void
fp_test_secret_check_contract (FpSecrets *secrets)
{
  g_autoptr(GError) error = NULL;

  fp_test_secret_assert_no_secret (secrets, "a", HERE, FP_SECRET_ERROR_NOT_FOUND);
  g_assert_true (fp_test_secret_store (secrets, "a", HERE, "pa55 \"1\" \303\274", &error));
  g_assert_true (fp_test_secret_store (secrets, "b", THERE, "pa552", &error));
  g_assert_no_error (error);
  fp_test_secret_assert_secret (secrets, "a", HERE, "pa55 \"1\" \303\274");
  fp_test_secret_assert_secret (secrets, "b", THERE, "pa552");

  fp_test_secret_assert_no_secret (secrets, "a", THERE, FP_SECRET_ERROR_ORIGIN);
  fp_test_secret_assert_no_secret (secrets, "a", "http://here.org:443", FP_SECRET_ERROR_ORIGIN);
  fp_test_secret_assert_no_secret (secrets, "a", "https://here.org:444", FP_SECRET_ERROR_ORIGIN);
  fp_test_secret_assert_no_secret (secrets, "a", "", FP_SECRET_ERROR_ORIGIN);

  /* Moving to another server takes it from the old one. */
  g_assert_true (fp_test_secret_store (secrets, "a", THERE, "pa553", &error));
  fp_test_secret_assert_secret (secrets, "a", THERE, "pa553");
  fp_test_secret_assert_no_secret (secrets, "a", HERE, FP_SECRET_ERROR_ORIGIN);

  g_assert_true (fp_test_secret_forget (secrets, "a", &error));
  g_assert_true (fp_test_secret_forget (secrets, "a", &error));
  g_assert_no_error (error);
  fp_test_secret_assert_no_secret (secrets, "a", THERE, FP_SECRET_ERROR_NOT_FOUND);
  fp_test_secret_assert_secret (secrets, "b", THERE, "pa552");
}

