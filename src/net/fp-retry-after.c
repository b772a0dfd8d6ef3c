#include "net/fp-http-private.h"

#define MAX_MS (24 * 60 * 60 * G_GINT64_CONSTANT (1000))

static gint64
unix_ms (const char *http_date)
{
  g_autoptr(GDateTime) time = http_date ? soup_date_time_new_from_http_string (http_date) : NULL;

  return time ? g_date_time_to_unix (time) * 1000 : -1;
}

/* Source: RFC 9110, 10.2.3. */
gint64
_fp_retry_after_parse (const char *value,
                       const char *date,
                       gint64      now_wall)
{
  g_autofree char *text = value ? g_strstrip (g_strdup (value)) : NULL;
  gint64 until;
  gint64 from;
  guint64 seconds;

  if (!text || !*text)
    return -1;

  /* Too many digits are many seconds; a sign, a fraction or a word is nothing that was agreed on. */
  if (g_ascii_isdigit (*text))
    {
      char *end = NULL;

      seconds = g_ascii_strtoull (text, &end, 10);
      if (*end == '\0')
        return MIN (seconds, (guint64) MAX_MS / 1000) * 1000;
    }

  until = unix_ms (text);
  if (until < 0)
    return -1;
  from = unix_ms (date);

  return CLAMP (until - (from >= 0 ? from : now_wall), 0, MAX_MS);
}
