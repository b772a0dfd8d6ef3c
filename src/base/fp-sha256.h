/* fp-sha256.h — SHA-256 by GnuTLS, which uses the processor's own instructions; GChecksum takes five times as long
 *
 * An object belongs to one thread at a time. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _FpSha256 FpSha256;

FpSha256   *fp_sha256_new        (void);
void        fp_sha256_free       (FpSha256   *self);
/* Not after fp_sha256_get_string(). */
void        fp_sha256_update     (FpSha256   *self,
                                  const void *data,
                                  gsize       length);
/* 64 lower-case hexadecimal digits, owned by @self. */
const char *fp_sha256_get_string (FpSha256   *self);

/* The same of bytes that are all there (transfer full). */
char       *fp_sha256_of         (const void *data,
                                  gsize       length);
char       *fp_sha256_of_bytes   (GBytes     *bytes);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpSha256, fp_sha256_free)

G_END_DECLS
