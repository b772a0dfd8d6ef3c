#include "link/fp-link-private.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

static gboolean
is_up (const struct ifaddrs *entry)
{
  const guint wanted = IFF_UP | IFF_RUNNING;

  return entry->ifa_addr && (entry->ifa_flags & wanted) == wanted
         && !(entry->ifa_flags & IFF_LOOPBACK)
         && (entry->ifa_addr->sa_family == AF_INET || entry->ifa_addr->sa_family == AF_INET6);
}

/* One question to the kernel, microseconds; no packet leaves. An answer that fails counts as yes: a broken hint must
 * not stop what could be sent. */
gboolean
_fp_link_any_interface (void)
{
  struct ifaddrs *list = NULL;
  struct ifaddrs *entry;
  gboolean any = FALSE;

  if (getifaddrs (&list) < 0)
    return TRUE;

  for (entry = list; entry && !any; entry = entry->ifa_next)
    any = is_up (entry);
  freeifaddrs (list);

  return any;
}
