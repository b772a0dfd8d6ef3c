/* fp-receiver-route.h — which address is what, and which methods it takes (pure) */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  FP_ROUTE_NONE,
  FP_ROUTE_PAGE,
  FP_ROUTE_FORM_LIST,
  FP_ROUTE_FORM,
  FP_ROUTE_SUBMISSION,
  FP_ROUTE_INBOX,
} FpRoute;

/* @path: of the URL of a request, from "/" on, without the query. */
FpRoute     fp_route_find        (const char *path);
/* Whether it is answered with the headers of OpenRosa. */
gboolean    fp_route_is_openrosa (FpRoute     route);
/* "POST, HEAD": the first is what a person would try. */
const char *fp_route_get_methods (FpRoute     route);
gboolean    fp_route_takes       (FpRoute     route,
                                  const char *method);
/* Whether what comes with @method is stored. */
gboolean    fp_route_stores      (FpRoute     route,
                                  const char *method);

G_END_DECLS
