/* fp-xpath-regex.h — patterns of forms, bounded in the work they may cause */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Matches a whole text, as ODK's regex() does. */
GRegex  *fp_xpath_regex_new     (const char   *pattern,
                                 GError      **error);
/* A text on which the pattern would work for ever does not match. */
gboolean fp_xpath_regex_matches (GRegex       *regex,
                                 const char   *text);

G_END_DECLS
