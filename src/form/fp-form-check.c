#include "config.h"

#include "form/fp-form-model-private.h"

#include <glib/gi18n.h>
#include <string.h>

#define MAX_FILE_NAME 255

static gboolean
is_integer (const char *text)
{
  char *end;
  gint64 number;

  if (*text == '-' || *text == '+')
    text++;
  if (!g_ascii_isdigit (*text) || strlen (text) > 18)
    return FALSE;
  number = g_ascii_strtoll (text, &end, 10);

  return *end == '\0' && number <= G_MAXINT32;
}

static gboolean
is_decimal (const char *text)
{
  gsize before, after = 0;

  if (*text == '-' || *text == '+')
    text++;
  before = strspn (text, "0123456789");
  text += before;
  if (*text == '.')
    {
      after = strspn (++text, "0123456789");
      text += after;
    }

  return before + after > 0 && *text == '\0';
}

/* What the type keeps of what was typed: blanks around a number or a token mean nothing. */
char *
fp_form_node_dup_canonical (FpFormNode *self,
                            const char *value)
{
  FpQuestionType type = fp_form_node_get_question (self);
  g_autofree char *legal = fp_xml_dup_legal (value);
  g_auto(GStrv) tokens = NULL;
  GString *joined;

  if (type == FP_QUESTION_TEXT || type == FP_QUESTION_UNSUPPORTED || type == FP_QUESTION_NOTE)
    return g_steal_pointer (&legal);
  g_strstrip (legal);
  /* XPath knows no "+7". */
  if ((type == FP_QUESTION_INTEGER || type == FP_QUESTION_DECIMAL) && *legal == '+'
      && is_decimal (legal))
    return g_strdup (legal + 1);
  if (type != FP_QUESTION_SELECT_MULTIPLE)
    return g_steal_pointer (&legal);

  tokens = g_strsplit_set (legal, " \t\r\n", -1);
  joined = g_string_new (NULL);
  for (char **token = tokens; *token; token++)
    if (**token)
      g_string_append_printf (joined, "%s%s", joined->len > 0 ? " " : "", *token);

  return g_string_free (joined, FALSE);
}

static gboolean
is_date (const char *text)
{
  GDate date;
  int year, month, day;
  char rest;

  if (strlen (text) != 10 || text[4] != '-' || text[7] != '-'
      || strspn (text, "0123456789-") != 10
      || sscanf (text, "%4d-%2d-%2d%c", &year, &month, &day, &rest) != 3)
    return FALSE;
  g_date_clear (&date, 1);

  return year > 0 && month > 0 && day > 0 && g_date_valid_dmy (day, month, year);
}

static gboolean
is_choice (FpFormNode *self,
           const char *value)
{
  for (guint i = 0; self->choices && i < self->choices->len; i++)
    if (strcmp (((FpChoice *) g_ptr_array_index (self->choices, i))->value, value) == 0)
      return TRUE;

  return FALSE;
}

static const char *
check_tokens (FpFormNode *self,
              const char *value)
{
  g_auto(GStrv) tokens = g_strsplit (value, " ", -1);
  g_autoptr(GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; tokens[i]; i++)
    {
      if (!is_choice (self, tokens[i]))
        return _("Choose only from the list.");
      if (!g_hash_table_add (seen, tokens[i]))
        return _("The same choice is there twice.");
    }

  return NULL;
}

/* The sentence on what is wrong with @value for the question's type, or NULL. */
static const char *
check_type (FpFormNode *self,
            const char *value)
{
  if (*value == '\0')
    return NULL;
  switch (fp_form_node_get_question (self))
    {
    case FP_QUESTION_INTEGER:
      return is_integer (value) ? NULL : _("Enter a whole number.");
    case FP_QUESTION_DECIMAL:
      return is_decimal (value) ? NULL : _("Enter a number, like 3.5.");
    case FP_QUESTION_DATE:
      return is_date (value) ? NULL : _("Enter a date as year-month-day, like 2026-11-22.");
    case FP_QUESTION_SELECT_ONE:
      return is_choice (self, value) ? NULL : _("Choose one from the list.");
    case FP_QUESTION_SELECT_MULTIPLE:
      return check_tokens (self, value);
    case FP_QUESTION_IMAGE:
      return strchr (value, '/') || strlen (value) > MAX_FILE_NAME
                 ? _("This is not the name of a file.")
                 : NULL;
    case FP_QUESTION_TEXT:
    case FP_QUESTION_NOTE:
    case FP_QUESTION_UNSUPPORTED:
    default:
      return NULL;
    }
}

static char *
dup_message (FpFormNode *self,
             FpWords    *words,
             const char *otherwise)
{
  g_autofree char *text = NULL;

  if (words)
    text = fp_form_model_render (self->model, words, fp_form_node_get_item (self)->field);

  return text && *text ? g_steal_pointer (&text) : g_strdup (otherwise);
}

static gboolean
is_blank (const char *text)
{
  return text[strspn (text, " \t\r\n")] == '\0';
}

static char *
find_error (FpFormNode *self,
            gboolean    also_required)
{
  int number = fp_form_node_get_item (self)->field;
  FpField *field = fp_form_def_field (self->def, number);
  FpLive *live = fp_form_model_live (self->model, number);
  const char *value = live->value ? live->value : "";
  const char *wrong;

  if (!self->relevant || fp_form_node_get_question (self) == FP_QUESTION_UNSUPPORTED)
    return NULL;
  if (is_blank (value))
    return also_required && live->required
             ? dup_message (self, field->required_message, _("This question needs an answer."))
             : NULL;
  wrong = check_type (self, value);
  if (wrong)
    return g_strdup (wrong);
  if (field->logic[FP_RULE_CONSTRAINT]
      && !fp_form_model_test (self->model, field->logic[FP_RULE_CONSTRAINT], number))
    return dup_message (self, field->constraint_message, _("This answer is not allowed."));

  return NULL;
}

/**
 * fp_form_node_check:
 * @also_required: whether an empty answer can be wrong
 *
 * Sets or clears the question's error.
 */
void
fp_form_node_check (FpFormNode *self,
                    gboolean    also_required)
{
  fp_form_node_take_text (self, FP_NODE_PROP_ERROR, find_error (self, also_required));
}

/**
 * fp_form_model_validate:
 *
 * Returns: (transfer container) (element-type FpFormNode): the questions that are wrong, in body
 * order
 */
GPtrArray *
fp_form_model_validate (FpFormModel *self)
{
  GPtrArray *invalid = g_ptr_array_new ();

  fp_xpath_engine_refill (self->engine);
  for (guint i = 0; i < self->nodes->len; i++)
    {
      FpFormNode *node = g_ptr_array_index (self->nodes, i);

      if (fp_form_node_get_kind (node) != FP_NODE_QUESTION)
        continue;
      fp_form_node_check (node, TRUE);
      if (node->error)
        g_ptr_array_add (invalid, node);
    }
  fp_form_model_announce (self);

  return invalid;
}

char *
fp_form_too_long_message (void)
{
  return g_strdup (_("This is more text than a form can hold. It was not taken."));
}
