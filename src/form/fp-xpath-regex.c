#include "form/fp-xpath-regex.h"

/* Backtracks, and bytes of pattern: far above any real check of an answer, and some milliseconds at
 * most. */
#define LIMITS "(*LIMIT_MATCH=200000)(*LIMIT_DEPTH=5000)"
#define MAX_PATTERN 4096

/**
 * fp_xpath_regex_new:
 * @pattern: a regular expression
 *
 * The pattern is tried alone first: what is only correct inside our anchors ("a)|(b") is not a
 * pattern.
 *
 * Returns: (transfer full): or %NULL with [error@GLib.RegexError]
 */
GRegex *
fp_xpath_regex_new (const char *pattern,
                    GError    **error)
{
  g_autoptr(GRegex) alone = NULL;
  g_autofree char *anchored = NULL;

  if (strlen (pattern) > MAX_PATTERN)
    {
      g_set_error_literal (error, G_REGEX_ERROR, G_REGEX_ERROR_EXPRESSION_TOO_LARGE, "too long");
      return NULL;
    }
  alone = g_regex_new (pattern, G_REGEX_DOLLAR_ENDONLY, 0, error);
  if (!alone)
    return NULL;
  anchored = g_strdup_printf (LIMITS "\\A(?:%s)\\z", pattern);

  return g_regex_new (anchored, G_REGEX_DOLLAR_ENDONLY, 0, error);
}

gboolean
fp_xpath_regex_matches (GRegex     *regex,
                        const char *text)
{
  g_autoptr(GError) error = NULL;

  if (!g_regex_match_full (regex, text, -1, 0, 0, NULL, &error))
    {
      if (error)
        g_debug ("A pattern was given up: %s", error->message);
      return FALSE;
    }

  return TRUE;
}
