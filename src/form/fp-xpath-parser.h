/* fp-xpath-parser.h — the state of reading one expression; for fp-xpath.c and fp-xpath-path.c */
#pragma once

#include "form/fp-form-def.h"
#include "form/fp-xpath-lexer.h"
#include "form/fp-xpath.h"

G_BEGIN_DECLS

#define FP_XPATH_MAX_QUOTE 120 /* characters of the expression in a message */

/* What a path means so far: fields of the instance, or something that is not part of it. */
typedef struct {
  GArray  *fields;  /* int */
  gboolean foreign; /* another instance, an attribute, the result of a function */
} FpPlaces;

typedef struct {
  FpXPathLexer         lexer;
  GString             *out;
  const FpXPathScope  *scope;
  FpXPath             *result;
  const FpPlaces      *context; /* of relative paths */
  int                  owner;
  guint                depth;
  guint                predicates; /* how many are open */
  GError              *error;
  char                 rest[4 * FP_XPATH_MAX_QUOTE + 1];
} FpXPathParser;

FpPlaces      fp_places_new            (void);
void          fp_places_clear          (FpPlaces      *places);
void          fp_places_add            (FpPlaces      *places,
                                        int            field);
/* Each field once, in document order. */
void          fp_places_keep_once      (GArray        *fields);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (FpPlaces, fp_places_clear)

/* The first error counts; after it the parser sees the end. */
void          fp_xpath_parser_fail     (FpXPathParser *p,
                                        FpFormError    code,
                                        const char    *format,
                                        ...) G_GNUC_PRINTF (3, 4);
/* What is not read yet, as far as a message can show it. */
const char   *fp_xpath_parser_rest     (FpXPathParser *p);
void          fp_xpath_parser_advance  (FpXPathParser *p);
gboolean      fp_xpath_parser_at       (FpXPathParser *p,
                                        const char    *token);
/* Copies the token to the output, or fails. */
void          fp_xpath_parser_expect   (FpXPathParser *p,
                                        const char    *token);

/* fp-xpath.c */
FpXPathResult fp_xpath_parser_expression (FpXPathParser *p);

/* fp-xpath-path.c */
FpXPathResult fp_xpath_parser_location   (FpXPathParser *p);
void          fp_xpath_parser_predicates (FpXPathParser *p,
                                          FpPlaces      *places,
                                          gboolean      *simple);
/* Steps behind a filter expression, from "/" or "//" on. */
FpXPathResult fp_xpath_parser_continue   (FpXPathParser *p,
                                          FpPlaces      *places,
                                          gboolean       simple,
                                          gsize          start,
                                          const char    *source);

G_END_DECLS
