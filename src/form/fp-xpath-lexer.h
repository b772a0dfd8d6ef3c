/* fp-xpath-lexer.h — the words of an XPath expression
 *
 * Whether "div" or "*" is an operator depends on what stands before; the parser knows, the lexer does not ask. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  FP_TOKEN_END,
  FP_TOKEN_NAME,    /* also with a prefix, also "prefix:*" */
  FP_TOKEN_NUMBER,
  FP_TOKEN_LITERAL, /* with its quotes */
  FP_TOKEN_SIGN,    /* ( ) [ ] / // . .. @ , :: | + - = != < <= > >= * */
  FP_TOKEN_ERROR,
} FpTokenType;

typedef struct {
  FpTokenType  type;
  const char  *start; /* in the text; at its end for FP_TOKEN_END */
  gsize        length;
  const char  *end_of_previous;
} FpXPathLexer;

/* @text must outlive the lexer. Before the first fp_xpath_lexer_next() there is no token. */
void     fp_xpath_lexer_init        (FpXPathLexer       *self,
                                     const char         *text);
void     fp_xpath_lexer_next        (FpXPathLexer       *self);
void     fp_xpath_lexer_stop        (FpXPathLexer       *self);
/* Whether the token at hand is the sign or name @token. */
gboolean fp_xpath_lexer_at          (const FpXPathLexer *self,
                                     const char         *token);
gboolean fp_xpath_lexer_followed_by (const FpXPathLexer *self,
                                     const char         *sign);
char    *fp_xpath_lexer_dup         (const FpXPathLexer *self);

G_END_DECLS
