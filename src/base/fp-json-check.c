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
  gboolean    too_deep;
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
      if ((guchar) *r->at < 0x20)
        return FALSE;
      if (*r->at++ == '\\' && !read_escape (r))
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
  r->too_deep = r->depth >= DEPTH_MAX;
  if (r->at >= r->end || r->too_deep)
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

/* "line 2, column 5: …", as an editor counts. */
static void
set_error (GError     **error,
           const char  *text,
           const char  *at,
           const char  *what)
{
  guint line = 1, column = 1;

  for (const char *c = text; c < at; c = g_utf8_next_char (c))
    {
      line += *c == '\n';
      column = *c == '\n' ? 1 : column + 1;
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "no JSON: line %u, column %u: %s", line, column, what);
}

/* What is wrong where the reader stopped. */
static char *
dup_fault (const Reader *r)
{
  if (r->at >= r->end)
    return g_strdup ("it ends too early");
  if (r->too_deep)
    return g_strdup ("nested too deep");
  if (g_ascii_iscntrl (*r->at) || r->at[0] == '\0')
    return g_strdup ("a control character cannot stand here");

  return g_strdup_printf ("“%.*s” cannot stand here", (int) (g_utf8_next_char (r->at) - r->at), r->at);
}

/**
 * fp_json_check:
 * @text: to be passed on as it is
 *
 * Any thread. Whether @text is one JSON value, nested at most 200 deep, in UTF-8. The error names line and column.
 */
gboolean
fp_json_check (const char  *text,
               gsize        length,
               GError     **error)
{
  Reader r = { .at = text, .end = text + length };
  g_autofree char *fault = NULL;
  const char *bad;

  if (!g_utf8_validate_len (text, length, &bad))
    {
      set_error (error, text, bad, "not UTF-8");
      return FALSE;
    }
  if (read_value (&r) && r.at == r.end)
    return TRUE;
  fault = dup_fault (&r);
  set_error (error, text, r.at, fault);

  return FALSE;
}
