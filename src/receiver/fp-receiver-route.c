#include "receiver/fp-receiver-route.h"

#include <string.h>

static gboolean
is_below (const char *path,
          const char *folder)
{
  gsize length = strlen (folder);

  return strncmp (path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

FpRoute
fp_route_find (const char *path)
{
  if (strcmp (path, "/") == 0)
    return FP_ROUTE_PAGE;
  if (strcmp (path, "/formList") == 0)
    return FP_ROUTE_FORM_LIST;
  if (strcmp (path, "/submission") == 0)
    return FP_ROUTE_SUBMISSION;
  if (g_str_has_prefix (path, "/forms/") && g_str_has_suffix (path, ".xml"))
    return FP_ROUTE_FORM;
  if (is_below (path, "/json") || is_below (path, "/inbox"))
    return FP_ROUTE_INBOX;

  return FP_ROUTE_NONE;
}

gboolean
fp_route_is_openrosa (FpRoute route)
{
  return route == FP_ROUTE_FORM_LIST || route == FP_ROUTE_FORM || route == FP_ROUTE_SUBMISSION;
}

const char *
fp_route_get_methods (FpRoute route)
{
  switch (route)
    {
    case FP_ROUTE_SUBMISSION:
      return "POST, HEAD";
    case FP_ROUTE_INBOX:
      return "POST, PUT, PATCH, GET, HEAD";
    case FP_ROUTE_NONE:
    case FP_ROUTE_PAGE:
    case FP_ROUTE_FORM_LIST:
    case FP_ROUTE_FORM:
    default:
      return "GET, HEAD";
    }
}

gboolean
fp_route_takes (FpRoute     route,
                const char *method)
{
  g_auto(GStrv) methods = g_strsplit (fp_route_get_methods (route), ", ", -1);

  return g_strv_contains ((const char * const *) methods, method);
}

gboolean
fp_route_stores (FpRoute     route,
                 const char *method)
{
  return (route == FP_ROUTE_SUBMISSION || route == FP_ROUTE_INBOX) && fp_route_takes (route, method)
         && !g_str_equal (method, "GET") && !g_str_equal (method, "HEAD");
}
