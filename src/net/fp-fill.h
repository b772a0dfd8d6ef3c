/* fp-fill.h — puts the secret where "{secret}" stands, at the moment of sending, and takes it out of texts again */
#pragma once

#include "net/fp-http.h"

G_BEGIN_DECLS

/* Does the request name a place for a secret at all? */
gboolean  _fp_fill_needs_secret   (const FpRequest *request);
/* The URL as it goes over the wire: no user info, no fragment, every odd byte escaped. @secret: (nullable) */
GUri     *_fp_fill_uri            (GUri            *uri,
                                   const char      *secret);
/* A header's value; NULL and error if it cannot be sent as one line. */
char     *_fp_fill_value          (const char      *value,
                                   const char      *secret,
                                   GError         **error);
/* "Basic …" of the request's user, or of the URL's user info; NULL if it has neither. */
char     *_fp_fill_basic          (const FpRequest *request,
                                   GUri            *uri,
                                   const char      *secret);
/* @text with "{secret}" in place of the secret; takes @text, which may be NULL. */
char     *_fp_fill_mask           (char            *text,
                                   const char      *secret);

G_END_DECLS
