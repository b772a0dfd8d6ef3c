#include "form/fp-form-model-private.h"

#include <string.h>

/* Written here and not through a number type, so that a number leaves with the digits that were
 * typed. The contract is data/docs/json-submission.md. */

static void
append_string (GString    *out,
               const char *text)
{
  g_string_append_c (out, '"');
  for (const char *c = text; *c; c++)
    if (*c == '"' || *c == '\\')
      g_string_append_printf (out, "\\%c", *c);
    else if (*c == '\n')
      g_string_append (out, "\\n");
    else if ((guchar) *c < 0x20)
      g_string_append_printf (out, "\\u%04x", (guint) *c);
    else
      g_string_append_c (out, *c);
  g_string_append_c (out, '"');
}

/* "+007.50" -> "7.50"; FALSE if @text is no number. */
static gboolean
append_number (GString    *out,
               const char *text)
{
  gboolean negative = *text == '-';
  gsize whole, fraction = 0;

  if (*text == '-' || *text == '+')
    text++;
  whole = strspn (text, "0123456789");
  if (text[whole] == '.')
    fraction = strspn (text + whole + 1, "0123456789");
  if (whole + fraction == 0 || text[whole + (text[whole] == '.') + fraction] != '\0')
    return FALSE;

  if (negative)
    g_string_append_c (out, '-');
  while (whole > 1 && *text == '0')
    {
      text++;
      whole--;
    }
  if (whole == 0)
    g_string_append_c (out, '0');
  g_string_append_len (out, text, (gssize) whole);
  if (fraction > 0)
    g_string_append_len (out, text + whole, (gssize) fraction + 1);

  return TRUE;
}

static void
append_tokens (GString    *out,
               const char *value)
{
  g_auto(GStrv) tokens = g_strsplit (value, " ", -1);
  guint n = 0;

  g_string_append_c (out, '[');
  for (char **token = tokens; *token; token++)
    {
      if (!**token)
        continue;
      if (n++)
        g_string_append_c (out, ',');
      append_string (out, *token);
    }
  g_string_append_c (out, ']');
}

static void
append_value (GString *out,
              FpField *field,
              FpLive  *live)
{
  const char *value = live->value;

  if (field->multiple)
    append_tokens (out, value);
  else if (*value == '\0')
    g_string_append (out, "null");
  else if (field->type == FP_DATA_BOOLEAN)
    g_string_append (out,
                     strcmp (value, "true") == 0 || strcmp (value, "1") == 0 ? "true" : "false");
  else if ((field->type != FP_DATA_INTEGER && field->type != FP_DATA_DECIMAL)
           || !append_number (out, value))
    append_string (out, value);
}

static gboolean
is_left_out (FpFormModel *self,
             int          number)
{
  FpField *field = fp_form_def_field (self->def, number);

  return !fp_form_model_live (self, number)->relevant || field->foreign || field->only_note
         || field->template
         || (field->parent == 0 && g_str_has_suffix (field->name, "meta")
             && self->def->instance_id > number && self->def->instance_id < field->end);
}

static void
append_children (FpFormModel *self,
                 GString     *out,
                 int          number,
                 guint        n)
{
  int end = fp_form_def_field (self->def, number)->end;

  for (int child = number + 1; child < end; child = fp_form_def_field (self->def, child)->end)
    {
      FpField *field = fp_form_def_field (self->def, child);
      FpLive *live = fp_form_model_live (self, child);

      if (is_left_out (self, child))
        continue;
      if (n++)
        g_string_append_c (out, ',');
      append_string (out, field->name);
      g_string_append_c (out, ':');
      if (fp_live_is_leaf (live))
        append_value (out, field, live);
      else
        {
          g_string_append_c (out, '{');
          append_children (self, out, child, 0);
          g_string_append_c (out, '}');
        }
    }
}

char *
fp_form_model_write_json (FpFormModel *self)
{
  GString *out = g_string_new ("{\"_id\":");

  append_string (out, fp_form_model_get_instance_id (self));
  if (self->deprecated_id)
    {
      g_string_append (out, ",\"_deprecated_id\":");
      append_string (out, self->deprecated_id);
    }
  append_children (self, out, 0, 1);
  g_string_append_c (out, '}');

  return g_string_free (out, FALSE);
}
