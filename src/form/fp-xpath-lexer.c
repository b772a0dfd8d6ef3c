#include "form/fp-xpath-lexer.h"

#include <string.h>

static gboolean
is_space (char c)
{
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static gboolean
starts_name (char c)
{
  return g_ascii_isalpha (c) || c == '_' || (guchar) c >= 0x80;
}

static gboolean
continues_name (char c)
{
  return starts_name (c) || g_ascii_isdigit (c) || c == '-' || c == '.';
}

static gsize
name_length (const char *text)
{
  gsize length = 1;

  while (continues_name (text[length]))
    length++;
  /* One prefix, and not the "::" of an axis. */
  if (text[length] == ':' && text[length + 1] == '*')
    return length + 2;
  if (text[length] == ':' && starts_name (text[length + 1]))
    {
      length += 2;
      while (continues_name (text[length]))
        length++;
    }

  return length;
}

static gsize
number_length (const char *text)
{
  gsize length = 0;

  while (g_ascii_isdigit (text[length]))
    length++;
  if (text[length] == '.')
    length++;
  while (g_ascii_isdigit (text[length]))
    length++;

  return length;
}

static gsize
sign_length (const char *text)
{
  static const char *const two[] = { "//", "..", "::", "!=", "<=", ">=" };

  for (guint i = 0; i < G_N_ELEMENTS (two); i++)
    if (strncmp (text, two[i], 2) == 0)
      return 2;

  return strchr ("()[]/.@,|+-=<>*", *text) ? 1 : 0;
}

void
fp_xpath_lexer_init (FpXPathLexer *self,
                     const char   *text)
{
  self->type = FP_TOKEN_ERROR;
  self->start = self->end_of_previous = text;
  self->length = 0;
}

void
fp_xpath_lexer_next (FpXPathLexer *self)
{
  const char *text = self->start + self->length;

  self->end_of_previous = text;
  while (is_space (*text))
    text++;
  self->start = text;
  if (*text == '\0')
    {
      self->type = FP_TOKEN_END;
      self->length = 0;
    }
  else if (starts_name (*text))
    {
      self->type = FP_TOKEN_NAME;
      self->length = name_length (text);
    }
  else if (g_ascii_isdigit (*text) || (*text == '.' && g_ascii_isdigit (text[1])))
    {
      self->type = FP_TOKEN_NUMBER;
      self->length = number_length (text);
    }
  else if (*text == '\'' || *text == '"')
    {
      const char *close = strchr (text + 1, *text);

      self->type = close ? FP_TOKEN_LITERAL : FP_TOKEN_ERROR;
      self->length = close ? (gsize) (close + 1 - text) : 0;
    }
  else
    {
      self->length = sign_length (text);
      self->type = self->length > 0 ? FP_TOKEN_SIGN : FP_TOKEN_ERROR;
    }
}

/* From now on there is only the end. */
void
fp_xpath_lexer_stop (FpXPathLexer *self)
{
  self->start += strlen (self->start);
  self->end_of_previous = self->start;
  self->length = 0;
  self->type = FP_TOKEN_END;
}

gboolean
fp_xpath_lexer_at (const FpXPathLexer *self,
                   const char         *token)
{
  return (self->type == FP_TOKEN_SIGN || self->type == FP_TOKEN_NAME)
         && self->length == strlen (token) && strncmp (self->start, token, self->length) == 0;
}

gboolean
fp_xpath_lexer_followed_by (const FpXPathLexer *self,
                            const char         *sign)
{
  const char *text = self->start + self->length;

  while (is_space (*text))
    text++;

  return g_str_has_prefix (text, sign);
}

char *
fp_xpath_lexer_dup (const FpXPathLexer *self)
{
  return g_strndup (self->start, self->length);
}
