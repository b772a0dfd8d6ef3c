/* fp-host.h — what kind of place a URL points at (design 5.2, "Gate", reach = auto) */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum {
  FP_HOST_LOOPBACK,
  FP_HOST_PRIVATE, /* RFC 1918, ULA, link-local, 100.64/10, .local, single label */
  FP_HOST_PUBLIC,
} FpHostKind;

/* By the literal text only, no look-up. */
FpHostKind  fp_host_classify      (const char  *url);
/* Do all these addresses of a name (GInetAddress) lie on this machine or in the LAN? FALSE for none. */
gboolean    fp_host_are_private   (GList       *addresses);
/* "https://host:443", lower case, default port made explicit; NULL and error if @url is no http(s) URL. */
char       *fp_host_dup_origin    (const char  *url,
                                   GError     **error);
/* How much of @url the address @base covers: the same origin and the longest path; 0 = it does not. For picking the
 * closest of several. */
gsize       fp_host_covers        (const char  *base,
                                   const char  *url);
/* For logs and people: no user info, no query, and known token path segments (/key/…, /collector/…) as "…". */
char       *fp_host_dup_display   (const char  *url);

G_END_DECLS
