#include "secret/fp-secret.h"

#include <string.h>

#define PLACEHOLDER "{secret}"

/* Where a token lies in a URL. */
typedef struct
{
  const char *start;
  gsize length;
} Span;

static gboolean
is_word (const char *segment,
         gsize       length,
         const char *word)
{
  return length == strlen (word) && strncmp (segment, word, length) == 0;
}

/* What a path segment has to follow to be a token: v1/key and v1/test are Central's, collector is Kobo's. */
static gboolean
opens_token (const char *before,
             gsize       before_length,
             const char *segment,
             gsize       length)
{
  if (is_word (segment, length, "collector"))
    return TRUE;

  return (is_word (segment, length, "key") || is_word (segment, length, "test"))
         && is_word (before, before_length, "v1");
}

static Span
find_in_path (const char *path)
{
  const char *before = "";
  gsize before_length = 0;
  gboolean open = FALSE;
  Span none = { NULL, 0 };

  while (*path == '/')
    {
      const char *segment = path + 1;
      gsize length = strcspn (segment, "/?#");

      if (open && length > 0)
        return (Span){ segment, length };
      open = opens_token (before, before_length, segment, length);
      before = segment;
      before_length = length;
      path = segment + length;
    }

  return none;
}

static Span
find_in_query (const char *query)
{
  Span none = { NULL, 0 };

  while (*query == '?' || *query == '&')
    {
      const char *field = query + 1;
      gsize length = strcspn (field, "&#");

      if (g_str_has_prefix (field, "st=") && length > 3)
        return (Span){ field + 3, length - 3 };
      query = field + length;
    }

  return none;
}

static char *
replace (const char *url,
         Span        span)
{
  g_autofree char *head = g_strndup (url, span.start - url);

  return g_strconcat (head, PLACEHOLDER, span.start + span.length, NULL);
}

/* The password of "https://anna:password@host"; "@" may stand in it, so the last one counts. */
static Span
find_password (const char *authority)
{
  g_autofree char *part = g_strndup (authority, strcspn (authority, "/?#"));
  const char *at = strrchr (part, '@');
  const char *colon = strchr (part, ':');
  Span none = { NULL, 0 };

  if (!at || !colon || colon > at || colon + 1 == at)
    return none;

  return (Span){ authority + (colon + 1 - part), at - colon - 1 };
}

static char *
without_user_info (const char *url,
                   const char *authority)
{
  g_autofree char *part = g_strndup (authority, strcspn (authority, "/?#"));
  g_autofree char *head = g_strndup (url, authority - url);
  const char *at = strrchr (part, '@');

  return g_strconcat (head, at ? authority + (at + 1 - part) : authority, NULL);
}

/**
 * fp_secret_split_url:
 * @url: as it was pasted
 * @secret: (out) (nullable) (transfer full): the token as it stands in the URL, or the password
 *   with its percent escapes resolved
 *
 * One secret a URL: next to a token, user info means nothing to the servers that
 * have tokens, and is dropped. A URL that holds "{secret}" already comes back as it is. Any thread.
 *
 * Returns: (transfer full): the URL to store
 */
char *
fp_secret_split_url (const char  *url,
                     char       **secret)
{
  const char *authority = strstr (url, "://");
  const char *path;
  Span password;
  Span token;

  *secret = NULL;
  if (!authority || strstr (url, PLACEHOLDER))
    return g_strdup (url);

  authority += strlen ("://");
  path = authority + strcspn (authority, "/?#");
  password = find_password (authority);
  token = find_in_path (path);
  if (!token.start)
    token = find_in_query (path + strcspn (path, "?#"));

  if (token.start)
    {
      g_autofree char *stored = replace (url, token);

      *secret = g_strndup (token.start, token.length);
      return without_user_info (stored, stored + (authority - url));
    }
  if (password.start)
    {
      *secret = g_uri_unescape_segment (password.start, password.start + password.length, NULL);
      if (!*secret)
        *secret = g_strndup (password.start, password.length);
      return replace (url, password);
    }

  return g_strdup (url);
}
