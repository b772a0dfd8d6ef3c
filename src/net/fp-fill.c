#include "config.h"

#include "net/fp-fill.h"

#include <glib/gi18n.h>
#include <string.h>

#include "net/fp-host-private.h"

#define PLACEHOLDER "{secret}"

gboolean
_fp_fill_needs_secret (const FpRequest *request)
{
  guint i;

  if (request->user || strstr (request->url, PLACEHOLDER))
    return TRUE;

  for (i = 0; i < request->headers->len; i++)
    if (strstr (((const FpHeader *) g_ptr_array_index (request->headers, i))->value, PLACEHOLDER))
      return TRUE;

  return FALSE;
}

static char *
replace_all (const char *text,
             const char *what,
             const char *by)
{
  g_auto(GStrv) pieces = g_strsplit (text, what, -1);

  return g_strjoinv (by, pieces);
}

/* A token is put in as it stood in the pasted URL; what would end a path segment or a field cannot have stood there. */
static char *
escape_token (const char *token)
{
  GString *out = g_string_new (NULL);
  const char *p;

  for (p = token; *p; p++)
    {
      gboolean escape = *p == '%' && g_ascii_isxdigit (p[1]) && g_ascii_isxdigit (p[2]);

      if (strchr ("/?#&", *p) || (*p == '%' && !escape))
        g_string_append_printf (out, "%%%02X", (guchar) *p);
      else
        g_string_append_c (out, *p);
    }

  return g_string_free (out, FALSE);
}

/* What may not stand raw in a request line. */
static char *
escape_odd (const char *text)
{
  GString *out = g_string_new (NULL);
  const char *p;

  for (p = text; *p; p++)
    if ((guchar) *p <= ' ' || (guchar) *p >= 0x7f || strchr ("\"<>\\^`{|}", *p))
      g_string_append_printf (out, "%%%02X", (guchar) *p);
    else
      g_string_append_c (out, *p);

  return g_string_free (out, FALSE);
}

static char *
fill_part (const char *part,
           const char *secret)
{
  g_autofree char *token = secret ? escape_token (secret) : NULL;
  g_autofree char *filled = token ? replace_all (part, PLACEHOLDER, token) : g_strdup (part);

  return escape_odd (filled);
}

GUri *
_fp_fill_uri (GUri       *uri,
              const char *secret)
{
  const char *query = g_uri_get_query (uri);
  g_autofree char *path = fill_part (g_uri_get_path (uri), secret);
  g_autofree char *full_query = query ? fill_part (query, secret) : NULL;

  return g_uri_build (FP_HOST_URI_FLAGS, g_uri_get_scheme (uri), NULL, g_uri_get_host (uri),
                      g_uri_get_port (uri), *path ? path : "/", full_query, NULL);
}

char *
_fp_fill_value (const char  *value,
                const char  *secret,
                GError     **error)
{
  g_autofree char *filled = secret ? replace_all (value, PLACEHOLDER, secret) : g_strdup (value);

  if (strpbrk (filled, "\r\n"))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           _("A header has a line break in its value"));
      return NULL;
    }

  return g_steal_pointer (&filled);
}

char *
_fp_fill_basic (const FpRequest *request,
                GUri            *uri,
                const char      *secret)
{
  const char *user = request->user ? request->user : g_uri_get_user (uri);
  const char *template = request->user ? PLACEHOLDER : g_uri_get_password (uri);
  g_autofree char *password = NULL;
  g_autofree char *pair = NULL;
  g_autofree char *encoded = NULL;

  if (!user || (!request->user && !template && !*user))
    return NULL;

  password = replace_all (template ? template : "", PLACEHOLDER, secret ? secret : "");
  pair = g_strconcat (user, ":", password, NULL);
  encoded = g_base64_encode ((const guchar *) pair, strlen (pair));
  explicit_bzero (pair, strlen (pair));

  return g_strconcat ("Basic ", encoded, NULL);
}

char *
_fp_fill_mask (char       *text,
               const char *secret)
{
  g_autofree char *owned = text;
  g_autofree char *token = NULL;
  g_autofree char *wire = NULL;
  g_autofree char *plain = NULL;

  if (!text || !secret || !*secret)
    return g_steal_pointer (&owned);

  token = escape_token (secret);
  wire = escape_odd (token);
  plain = replace_all (text, wire, PLACEHOLDER);

  return replace_all (plain, secret, PLACEHOLDER);
}
