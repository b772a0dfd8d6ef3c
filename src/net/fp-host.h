/* fp-host.h — what kind of place a URL points at (design 5.2, "Gate", reach = auto) */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  FP_HOST_LOOPBACK,
  FP_HOST_PRIVATE, /* RFC 1918, ULA, link-local, 100.64/10, .local, single label */
  FP_HOST_PUBLIC,
} FpHostKind;

/* By the literal text only, no look-up. */
FpHostKind  fp_host_classify      (const char  *url);
/* "https://host:443", lower case, default port made explicit; NULL and error if @url is no http(s) URL. */
char       *fp_host_dup_origin    (const char  *url,
                                   GError     **error);
/* For logs and people: no user info, no query, and known token path segments (/key/…, /collector/…) as "…". */
char       *fp_host_dup_display   (const char  *url);

G_END_DECLS
