#include "base/fp-json.h"

#include <gio/gio.h>
#include <string.h>

/* json-glib takes more than JSON (comments, for one), and changes numbers that it reads. What is passed on as it was
 * given is checked here. Source: RFC 8259. */

#define DEPTH_MAX 200

typedef struct {
  const char *at;
  const char *end;
  guint       depth;
} Reader;

static gboolean read_value (Reader *r);

static void
skip_space (Reader *r)
{
  while (r->at < r->end && strchr (" \t\r\n", *r->at))
    r->at++;
}

static gboolean
take (Reader     *r,
      const char *text)
{
  gsize length = strlen (text);

  if ((gsize) (r->end - r->at) < length || memcmp (r->at, text, length) != 0)
    return FALSE;
  r->at += length;

  return TRUE;
}

static gboolean
read_digits (Reader *r)
{
  const char *start = r->at;

  while (r->at < r->end && g_ascii_isdigit (*r->at))
    r->at++;

  return r->at > start;
}

static gboolean
read_number (Reader *r)
{
  take (r, "-");
  if (!take (r, "0") && !read_digits (r))
    return FALSE;
  if (take (r, ".") && !read_digits (r))
    return FALSE;
  if (take (r, "e") || take (r, "E"))
    {
      if (!take (r, "+"))
        take (r, "-");
      return read_digits (r);
    }

  return TRUE;
}

static gboolean
read_escape (Reader *r)
{
  if (r->at < r->end && strchr ("\"\\/bfnrt", *r->at) && *r->at)
    {
      r->at++;
      return TRUE;
    }
  if (!take (r, "u"))
    return FALSE;
  for (guint i = 0; i < 4; i++, r->at++)
    if (r->at >= r->end || !g_ascii_isxdigit (*r->at))
      return FALSE;

  return TRUE;
}

static gboolean
read_string (Reader *r)
{
  if (!take (r, "\""))
    return FALSE;
  while (r->at < r->end && *r->at != '"')
    {
      char c = *r->at++;

      if ((guchar) c < 0x20 || (c == '\\' && !read_escape (r)))
        return FALSE;
    }

  return take (r, "\"");
}

static gboolean
read_members (Reader     *r,
              gboolean    named,
              const char *close)
{
  skip_space (r);
  if (take (r, close))
    return TRUE;
  do
    {
      skip_space (r);
      if (named)
        {
          if (!read_string (r))
            return FALSE;
          skip_space (r);
          if (!take (r, ":"))
            return FALSE;
        }
      if (!read_value (r))
        return FALSE;
    }
  while (take (r, ","));

  return take (r, close);
}

static gboolean
read_value (Reader *r)
{
  gboolean good;

  skip_space (r);
  if (r->at >= r->end || r->depth >= DEPTH_MAX)
    return FALSE;

  r->depth++;
  if (take (r, "{"))
    good = read_members (r, TRUE, "}");
  else if (take (r, "["))
    good = read_members (r, FALSE, "]");
  else if (*r->at == '"')
    good = read_string (r);
  else
    good = take (r, "true") || take (r, "false") || take (r, "null") || read_number (r);
  r->depth--;
  skip_space (r);

  return good;
}

/**
 * fp_json_check:
 * @text: to be passed on as it is
 *
 * Any thread. Whether @text is one JSON value, nested at most 200 deep, in UTF-8. The error names the byte.
 */
gboolean
fp_json_check (const char  *text,
               gsize        length,
               GError     **error)
{
  Reader r = { .at = text, .end = text + length };
  const char *bad;

  if (!g_utf8_validate_len (text, length, &bad))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "byte %td is not UTF-8", bad - text + 1);
      return FALSE;
    }
  if (read_value (&r) && r.at == r.end)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "no JSON value: not understood at byte %td",
               r.at - text + 1);

  return FALSE;
}
