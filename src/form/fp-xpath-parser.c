#include "config.h"

#include "form/fp-xpath-parser.h"

#include <glib/gi18n.h>
#include <string.h>

FpPlaces
fp_places_new (void)
{
  FpPlaces places = { g_array_new (FALSE, FALSE, sizeof (int)), FALSE };

  return places;
}

void
fp_places_clear (FpPlaces *places)
{
  g_clear_pointer (&places->fields, g_array_unref);
}

void
fp_places_add (FpPlaces *places,
               int       field)
{
  if (field != FP_XPATH_NOWHERE)
    g_array_append_val (places->fields, field);
}

static int
compare_field (const void *a,
               const void *b)
{
  return *(const int *) a - *(const int *) b;
}

void
fp_places_keep_once (GArray *fields)
{
  int *at = (int *) (void *) fields->data;
  guint n = 0;

  if (fields->len < 2)
    return;
  g_array_sort (fields, compare_field);
  for (guint i = 0; i < fields->len; i++)
    if (n == 0 || at[n - 1] != at[i])
      at[n++] = at[i];
  g_array_set_size (fields, n);
}

const char *
fp_xpath_parser_rest (FpXPathParser *p)
{
  return g_utf8_strncpy (p->rest, p->lexer.start, FP_XPATH_MAX_QUOTE);
}

void
fp_xpath_parser_fail (FpXPathParser *p,
                      FpFormError    code,
                      const char    *format,
                      ...)
{
  va_list args;

  if (!p->error)
    {
      va_start (args, format);
      p->error = g_error_new_valist (FP_FORM_ERROR, code, format, args);
      va_end (args);
    }
  /* Whoever looks next sees the end. */
  fp_xpath_lexer_stop (&p->lexer);
}

void
fp_xpath_parser_advance (FpXPathParser *p)
{
  fp_xpath_lexer_next (&p->lexer);
  if (p->lexer.type == FP_TOKEN_ERROR)
    fp_xpath_parser_fail (p, FP_FORM_ERROR_INVALID, _("“%s” cannot be read at “%s”"),
                          p->result->quoted, fp_xpath_parser_rest (p));
}

gboolean
fp_xpath_parser_at (FpXPathParser *p,
                    const char    *token)
{
  return fp_xpath_lexer_at (&p->lexer, token);
}

void
fp_xpath_parser_expect (FpXPathParser *p,
                        const char    *token)
{
  if (!fp_xpath_parser_at (p, token))
    {
      fp_xpath_parser_fail (p, FP_FORM_ERROR_INVALID, _("“%s” lacks “%s” at “%s”"),
                            p->result->quoted, token, fp_xpath_parser_rest (p));
      return;
    }
  g_string_append (p->out, token);
  fp_xpath_parser_advance (p);
}
