#include "xml/fp-xml-scan.h"

#include <string.h>

/* The byte after @close, or @end. */
static const char *
skip_past (const char *at,
           const char *end,
           const char *close)
{
  const char *found = memmem (at, end - at, close, strlen (close));

  return found ? found + strlen (close) : end;
}

/* Counts the attributes of the tag that begins at @at and moves behind it. */
static gsize
scan_tag (const char **at,
          const char  *end)
{
  gsize n = 0;
  char quote = 0;
  const char *c;

  for (c = *at; c < end; c++)
    {
      if (quote)
        quote = *c == quote ? 0 : quote;
      else if (*c == '"' || *c == '\'')
        quote = *c;
      else if (*c == '=')
        n++;
      else if (*c == '>')
        break;
    }
  *at = c;

  return n;
}

gsize
fp_xml_scan_attributes (const char *text,
                        gsize       length)
{
  const char *end = text + length;
  const char *at = text;
  gsize most = 0;

  while (at < end && (at = memchr (at, '<', end - at)))
    {
      gsize left = end - at;

      if (left >= 4 && memcmp (at, "<!--", 4) == 0)
        at = skip_past (at + 4, end, "-->");
      else if (left >= 9 && memcmp (at, "<![CDATA[", 9) == 0)
        at = skip_past (at + 9, end, "]]>");
      else if (left >= 2 && at[1] == '?')
        at = skip_past (at + 2, end, "?>");
      else
        {
          gsize n;

          at++;
          n = scan_tag (&at, end);
          most = MAX (most, n);
        }
    }

  return most;
}
