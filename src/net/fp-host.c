#include "config.h"

#include "net/fp-host.h"

#include <arpa/inet.h>
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>

#include "net/fp-host-private.h"

/* Blanks, controls and backslashes are read differently by different parsers, and a trick lives on that. */
static gboolean
has_odd_characters (const char *url)
{
  const char *p;

  for (p = url; *p; p++)
    if ((guchar) *p <= ' ' || *p == 0x7f || *p == '\\')
      return TRUE;

  return !g_utf8_validate (url, -1, NULL);
}

/**
 * _fp_host_parse:
 * @url: an absolute URL
 *
 * Returns: (transfer full): its parts, with lower-case scheme and an explicit port; NULL and error
 *   for anything but http or https with a host
 */
GUri *
_fp_host_parse (const char  *url,
                GError     **error)
{
  g_autoptr(GUri) uri = NULL;
  const char *host;

  if (url && !has_odd_characters (url))
    uri = g_uri_parse (url, FP_HOST_URI_FLAGS, NULL);
  host = uri ? g_uri_get_host (uri) : NULL;

  /* A colon outside brackets, or a placeholder, would make another host of it once it is put together. */
  if (!host || !*host || strpbrk (host, "{}/@#?[]") || g_uri_get_port (uri) == 0
      || (strchr (host, ':') && !g_hostname_is_ip_address (host))
      || (!g_str_equal (g_uri_get_scheme (uri), "http")
          && !g_str_equal (g_uri_get_scheme (uri), "https")))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           _("This is not a complete web address; it has to begin with https:// or "
                             "http:// and name a server"));
      return NULL;
    }

  return g_steal_pointer (&uri);
}

gboolean
_fp_host_is_https (GUri *uri)
{
  return g_str_equal (g_uri_get_scheme (uri), "https");
}

static FpHostKind
classify_ipv4 (const guint8 *b)
{
  /* 0.0.0.0 is this machine; the rest of 0/8 leads nowhere. */
  if (b[0] == 127 || (b[0] | b[1] | b[2] | b[3]) == 0)
    return FP_HOST_LOOPBACK;
  if (b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168)
      || (b[0] == 169 && b[1] == 254) || (b[0] == 100 && (b[1] & 0xc0) == 64))
    return FP_HOST_PRIVATE;

  return FP_HOST_PUBLIC;
}

static FpHostKind
classify_ipv6 (const guint8 *b)
{
  static const guint8 zero[15] = { 0 };
  static const guint8 mapped[12] = { [10] = 0xff, [11] = 0xff };

  if (memcmp (b, zero, 15) == 0 && b[15] <= 1)
    return FP_HOST_LOOPBACK;
  if (memcmp (b, mapped, sizeof mapped) == 0)
    return classify_ipv4 (b + 12);
  if ((b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80))
    return FP_HOST_PRIVATE;

  return FP_HOST_PUBLIC;
}

static FpHostKind
classify_name (const char *host)
{
  g_autofree char *name = g_ascii_strdown (host, -1);

  if (g_str_has_suffix (name, "."))
    name[strlen (name) - 1] = '\0';

  if (g_str_equal (name, "localhost") || g_str_has_suffix (name, ".localhost"))
    return FP_HOST_LOOPBACK;
  if (!strchr (name, '.') || g_str_has_suffix (name, ".local"))
    return FP_HOST_PRIVATE;

  return FP_HOST_PUBLIC;
}

FpHostKind
_fp_host_classify_uri (GUri *uri)
{
  const char *host = g_uri_get_host (uri);
  g_autofree char *plain = g_strndup (host, strcspn (host, "%"));
  struct in6_addr six;
  struct in_addr four;

  if (inet_pton (AF_INET6, plain, &six) == 1)
    return classify_ipv6 (six.s6_addr);

  /* Not inet_pton(): the resolver also takes 127.1, 0x7f000001 and 2130706433. */
  if (inet_aton (plain, &four))
    return classify_ipv4 ((const guint8 *) &four.s_addr);

  return classify_name (plain);
}

/**
 * fp_host_classify:
 * @url: an absolute URL
 *
 * What kind of place it points at, by its text alone: a name is never looked up,
 * since a sign-in page's DNS answers any name with an address of its own network.
 * What cannot be read is public, the kind with the strictest rules. Any thread.
 */
FpHostKind
fp_host_classify (const char *url)
{
  g_autoptr(GUri) uri = _fp_host_parse (url, NULL);

  return uri ? _fp_host_classify_uri (uri) : FP_HOST_PUBLIC;
}

static FpHostKind
classify_address (GInetAddress *address)
{
  const guint8 *bytes = g_inet_address_to_bytes (address);

  return g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV4 ? classify_ipv4 (bytes) : classify_ipv6 (bytes);
}

/**
 * fp_host_are_private:
 * @addresses: (nullable) (element-type GInetAddress): what a name was looked up to
 *
 * One public address makes the name public: nobody knows which one will be used.
 * 0.0.0.0 is what filters answer for names that they block, and is nowhere.
 *
 * Returns: TRUE if there are some, and all of them are private
 */
gboolean
fp_host_are_private (GList *addresses)
{
  for (GList *l = addresses; l; l = l->next)
    if (g_inet_address_get_is_any (l->data) || classify_address (l->data) == FP_HOST_PUBLIC)
      return FALSE;

  return addresses != NULL;
}

static char *
dup_authority (GUri *uri)
{
  g_autofree char *host = g_ascii_strdown (g_uri_get_host (uri), -1);

  return strchr (host, ':') ? g_strdup_printf ("[%s]", host) : g_steal_pointer (&host);
}

static int
get_port (GUri *uri)
{
  int port = g_uri_get_port (uri);

  return port > 0 ? port : _fp_host_is_https (uri) ? 443 : 80;
}

char *
_fp_host_dup_origin (GUri *uri)
{
  g_autofree char *authority = dup_authority (uri);

  return g_strdup_printf ("%s://%s:%d", g_uri_get_scheme (uri), authority, get_port (uri));
}

/**
 * fp_host_dup_origin:
 * @url: an absolute URL
 *
 * The unit that secrets, breakers and limits belong to. Any thread.
 *
 * Returns: (transfer full): "https://host:443", lower case, the port always given; NULL and error
 *   if @url is no http(s) URL
 */
char *
fp_host_dup_origin (const char  *url,
                    GError     **error)
{
  g_autoptr(GUri) uri = _fp_host_parse (url, error);

  return uri ? _fp_host_dup_origin (uri) : NULL;
}

/**
 * fp_host_covers:
 * @base: (nullable): address of a server or endpoint
 * @url: where something goes
 *
 * Whole path segments only: "/api" covers "/api/v1" and not "/apiary". The query of
 * @base is not looked at. Any thread.
 *
 * Returns: 1 and the bytes of path that they share, or 0
 */
gsize
fp_host_covers (const char *base,
                const char *url)
{
  g_autoptr(GUri) outer = base ? _fp_host_parse (base, NULL) : NULL;
  g_autoptr(GUri) inner = _fp_host_parse (url, NULL);
  g_autofree char *one = outer ? _fp_host_dup_origin (outer) : NULL;
  g_autofree char *other = inner ? _fp_host_dup_origin (inner) : NULL;
  const char *path, *whole;
  gsize length;

  if (!one || !other || !g_str_equal (one, other))
    return 0;

  path = g_uri_get_path (outer);
  whole = g_uri_get_path (inner);
  for (length = strlen (path); length > 0 && path[length - 1] == '/'; length--)
    ;
  if (strncmp (path, whole, length) != 0 || (whole[length] != '\0' && whole[length] != '/'))
    return 0;

  return length + 1;
}

static gboolean
is_before_token (const char *segment)
{
  static const char *const words[] = { "key", "collector", "test", NULL };

  return g_strv_contains (words, segment);
}

static char *
dup_display_path (const char *path)
{
  g_auto(GStrv) segments = g_strsplit (path, "/", -1);
  gsize i;

  for (i = 0; segments[i]; i++)
    {
      gboolean token = i > 0 && is_before_token (segments[i - 1]) && *segments[i];

      if (token || strstr (segments[i], "{secret}") || strstr (segments[i], "%7Bsecret%7D"))
        {
          g_free (segments[i]);
          segments[i] = g_strdup ("…");
        }
    }

  return g_strjoinv ("/", segments);
}

/**
 * fp_host_dup_display:
 * @url: an absolute URL
 *
 * The URL as it may be shown and logged: no user info, no query, no fragment, and
 * "…" in place of what is known to be a token. Any thread.
 *
 * Returns: (transfer full): "…" for what is no http(s) URL
 */
char *
fp_host_dup_display (const char *url)
{
  g_autoptr(GUri) uri = _fp_host_parse (url, NULL);
  g_autofree char *authority = NULL;
  g_autofree char *path = NULL;

  if (!uri)
    return g_strdup ("…");

  authority = dup_authority (uri);
  path = dup_display_path (g_uri_get_path (uri));
  if (get_port (uri) == (_fp_host_is_https (uri) ? 443 : 80))
    return g_strdup_printf ("%s://%s%s", g_uri_get_scheme (uri), authority, path);

  return g_strdup_printf ("%s://%s:%d%s", g_uri_get_scheme (uri), authority, get_port (uri), path);
}
