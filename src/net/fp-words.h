/* fp-words.h — what an answer says for people */
#pragma once

#include "net/fp-http.h"

G_BEGIN_DECLS

gboolean  _fp_words_is_html  (const FpAnswer *answer);
gboolean  _fp_words_is_empty (const FpAnswer *answer);
/* One JSON value, by its content. */
gboolean  _fp_words_is_json  (const FpAnswer *answer);
/* The server's own words, one short line; NULL where it has none that a person could read. */
char     *_fp_words_dup      (const FpAnswer *answer);

G_END_DECLS
