#include "base/fp-sha256.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

enum {
  SIZE = 32,
};

struct _FpSha256
{
  gnutls_hash_hd_t hash; /* NULL: ended */
  char text[2 * SIZE + 1];
};

FpSha256 *
fp_sha256_new (void)
{
  FpSha256 *self = g_new0 (FpSha256, 1);
  int failed = gnutls_hash_init (&self->hash, GNUTLS_DIG_SHA256);

  /* Out of memory, as with g_new(): there is no library without this algorithm. */
  if (failed)
    g_error ("SHA-256: %s", gnutls_strerror (failed));

  return self;
}

void
fp_sha256_free (FpSha256 *self)
{
  if (self->hash)
    gnutls_hash_deinit (self->hash, NULL);
  g_free (self);
}

void
fp_sha256_update (FpSha256   *self,
                  const void *data,
                  gsize       length)
{
  g_return_if_fail (self->hash);

  gnutls_hash (self->hash, data, length);
}

const char *
fp_sha256_get_string (FpSha256 *self)
{
  if (self->hash)
    {
      guint8 digest[SIZE];

      gnutls_hash_deinit (g_steal_pointer (&self->hash), digest);
      for (guint i = 0; i < SIZE; i++)
        g_snprintf (self->text + 2 * i, 3, "%02x", digest[i]);
    }

  return self->text;
}

char *
fp_sha256_of (const void *data,
              gsize       length)
{
  g_autoptr(FpSha256) self = fp_sha256_new ();

  fp_sha256_update (self, data, length);

  return g_strdup (fp_sha256_get_string (self));
}

char *
fp_sha256_of_bytes (GBytes *bytes)
{
  gsize length;
  const void *data = g_bytes_get_data (bytes, &length);

  return fp_sha256_of (data, length);
}
