/* fp-host-private.h — the one way this layer reads a URL, so that what is judged is what is contacted */
#pragma once

#include "net/fp-host.h"

G_BEGIN_DECLS

#define FP_HOST_URI_FLAGS                                                                          \
  (G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_ENCODED_PATH | G_URI_FLAGS_ENCODED_QUERY                 \
   | G_URI_FLAGS_ENCODED_FRAGMENT | G_URI_FLAGS_SCHEME_NORMALIZE)

/* An http(s) URL with a host, or NULL with a message that does not repeat the URL. */
GUri       *_fp_host_parse        (const char  *url,
                                   GError     **error);
FpHostKind  _fp_host_classify_uri (GUri        *uri);
char       *_fp_host_dup_origin   (GUri        *uri);
gboolean    _fp_host_is_https     (GUri        *uri);

G_END_DECLS
