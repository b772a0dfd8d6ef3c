#include "config.h"

#include "form/fp-form-author.h"

#include <glib/gi18n.h>
#include <string.h>

#include "xml/fp-xml.h"

/* What "type:" may be, and what it becomes. */
static const struct {
  const char     *word;
  FpQuestionType  type;
} words[] = {
  { "text", FP_QUESTION_TEXT },
  { "integer", FP_QUESTION_INTEGER },
  { "decimal", FP_QUESTION_DECIMAL },
  { "date", FP_QUESTION_DATE },
  { "select", FP_QUESTION_SELECT_ONE },
  { "select-multiple", FP_QUESTION_SELECT_MULTIPLE },
  { "image", FP_QUESTION_IMAGE },
  { "note", FP_QUESTION_NOTE },
};

/* A name that XML and every server takes: lower case ASCII letters, digits and "_", not beginning
 * with a digit. */
static char *
dup_token (const char *label,
           const char *otherwise)
{
  g_autofree char *ascii = g_str_to_ascii (label, "C");
  GString *token = g_string_new (NULL);

  for (const char *c = ascii; *c && token->len < 60; c++)
    if (g_ascii_isalnum (*c))
      g_string_append_c (token, g_ascii_tolower (*c));
    else if (token->len > 0 && token->str[token->len - 1] != '_')
      g_string_append_c (token, '_');
  while (token->len > 0 && token->str[token->len - 1] == '_')
    g_string_truncate (token, token->len - 1);
  if (token->len == 0)
    g_string_assign (token, otherwise);
  if (g_ascii_isdigit (*token->str))
    g_string_prepend_c (token, '_');

  return g_string_free (token, FALSE);
}

/* @name, or with the first number that nobody in @taken has. */
static char *
dup_unique (const char *name,
            GHashTable *taken)
{
  char *unique = g_strdup (name);

  for (guint n = 2; !g_hash_table_add (taken, g_strdup (unique)); n++)
    {
      g_free (unique);
      unique = g_strdup_printf ("%s_%u", name, n);
    }

  return unique;
}

void
fp_author_question_free (FpAuthorQuestion *question)
{
  g_free (question->name);
  g_free (question->label);
  g_strfreev (question->choices);
  g_free (question);
}

static gboolean
parse_type (const char     *word,
            FpQuestionType *type,
            GError        **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (strcmp (words[i].word, word) == 0)
      {
        *type = words[i].type;
        return TRUE;
      }
  g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_UNSUPPORTED,
               _("“%s” is not a type of question. There are: text, integer, decimal, date, select, "
                 "select-multiple, image, note"),
               word);

  return FALSE;
}

static gboolean
is_select (FpQuestionType type)
{
  return type == FP_QUESTION_SELECT_ONE || type == FP_QUESTION_SELECT_MULTIPLE;
}

static char **
split_choices (const char *text)
{
  g_auto(GStrv) parts = g_strsplit (text, ",", -1);
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();

  for (char **part = parts; *part; part++)
    if (*g_strstrip (*part))
      g_strv_builder_add (builder, *part);

  return g_strv_builder_end (builder);
}

static gboolean
check_question (const FpAuthorQuestion *question,
                GError                **error)
{
  gboolean choices = question->choices && *question->choices;

  if (!question->label || !*question->label)
    g_set_error_literal (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID, _("A question has no label"));
  else if (is_select (question->type) && !choices)
    g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID,
                 _("“%s” has no choices. Write them like “select:Crop=Maize,Beans”"),
                 question->label);
  else if (!is_select (question->type) && choices)
    g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID,
                 _("“%s” has choices, but nothing is selected there"), question->label);
  else
    return TRUE;

  return FALSE;
}

/**
 * fp_author_question_parse:
 * @text: "TYPE:LABEL", "TYPE:LABEL!" (required) or "select:LABEL=CHOICE,CHOICE"
 *
 * Returns: (transfer full): or %NULL with [error@FormError]: a sentence for the person who typed it
 */
FpAuthorQuestion *
fp_author_question_parse (const char *text,
                          GError    **error)
{
  g_autoptr(FpAuthorQuestion) question = g_new0 (FpAuthorQuestion, 1);
  g_autofree char *type = NULL;
  const char *colon = strchr (text, ':');
  const char *equals;
  gsize length;

  if (!colon)
    {
      g_set_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID,
                   _("“%s” is not a question. Write it like “text:Name” or “integer:Age!”"), text);
      return NULL;
    }
  type = g_strstrip (g_strndup (text, colon - text));
  if (!parse_type (type, &question->type, error))
    return NULL;

  equals = is_select (question->type) ? strchr (colon, '=') : NULL;
  if (equals)
    question->choices = split_choices (equals + 1);
  question->label = equals ? g_strndup (colon + 1, equals - colon - 1) : g_strdup (colon + 1);
  length = strlen (g_strstrip (question->label));
  if (length > 0 && question->label[length - 1] == '!')
    {
      question->required = TRUE;
      question->label[length - 1] = '\0';
      g_strchomp (question->label);
    }
  if (!check_question (question, error))
    return NULL;
  question->name = dup_token (question->label, "question");

  return g_steal_pointer (&question);
}

static void
append_text_element (GString    *out,
                     const char *indent,
                     const char *name,
                     const char *text)
{
  g_autofree char *legal = fp_xml_dup_legal (text);

  g_string_append_printf (out, "%s<%s>", indent, name);
  fp_xml_append_escaped (out, legal);
  g_string_append_printf (out, "</%s>\n", name);
}

static void
append_bind (GString                *out,
             const FpAuthorQuestion *question,
             const char             *name)
{
  static const char *const types[] = {
    [FP_QUESTION_TEXT] = "string",          [FP_QUESTION_INTEGER] = "int",
    [FP_QUESTION_DECIMAL] = "decimal",      [FP_QUESTION_DATE] = "date",
    [FP_QUESTION_SELECT_ONE] = "string",    [FP_QUESTION_SELECT_MULTIPLE] = "string",
    [FP_QUESTION_IMAGE] = "binary",         [FP_QUESTION_NOTE] = "string",
  };

  g_string_append_printf (out, "      <bind nodeset=\"/data/%s\" type=\"%s\"", name,
                          types[question->type]);
  if (question->type == FP_QUESTION_NOTE)
    g_string_append (out, " readonly=\"true()\"");
  else if (question->required)
    g_string_append (out, " required=\"true()\"");
  g_string_append (out, "/>\n");
}

static void
append_choices (GString                *out,
                const FpAuthorQuestion *question)
{
  g_autoptr(GHashTable) taken = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (char **choice = question->choices; *choice; choice++)
    {
      g_autofree char *token = dup_token (*choice, "choice");
      g_autofree char *value = dup_unique (token, taken);

      g_string_append (out, "      <item>\n");
      append_text_element (out, "        ", "label", *choice);
      append_text_element (out, "        ", "value", value);
      g_string_append (out, "      </item>\n");
    }
}

static void
append_control (GString                *out,
                const FpAuthorQuestion *question,
                const char             *name)
{
  const char *element = question->type == FP_QUESTION_SELECT_ONE        ? "select1"
                        : question->type == FP_QUESTION_SELECT_MULTIPLE ? "select"
                        : question->type == FP_QUESTION_IMAGE           ? "upload"
                                                                        : "input";

  g_string_append_printf (out, "    <%s ref=\"/data/%s\"%s>\n", element, name,
                          question->type == FP_QUESTION_IMAGE ? " mediatype=\"image/*\"" : "");
  append_text_element (out, "      ", "label", question->label);
  if (is_select (question->type))
    append_choices (out, question);
  g_string_append_printf (out, "    </%s>\n", element);
}

static void
append_submission (GString    *out,
                   const char *submit_url)
{
  if (!submit_url)
    return;
  g_string_append (
      out, "      <submission method=\"post\" serialization=\"application/json\" action=\"");
  fp_xml_append_escaped (out, submit_url);
  g_string_append (out, "\"/>\n");
}

static void
append_model (GString    *out,
              const char *id,
              const char *submit_url,
              GPtrArray  *questions,
              char      **names)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *version = g_date_time_format (now, "%Y%m%d%H");

  g_string_append (out, "    <model>\n");
  append_submission (out, submit_url);
  g_string_append_printf (out, "      <instance>\n        <data id=\"%s\" version=\"%s\">\n", id,
                          version);
  for (guint i = 0; i < questions->len; i++)
    g_string_append_printf (out, "          <%s/>\n", names[i]);
  g_string_append (out, "          <meta>\n            <instanceID/>\n          </meta>\n"
                        "        </data>\n      </instance>\n");
  for (guint i = 0; i < questions->len; i++)
    append_bind (out, g_ptr_array_index (questions, i), names[i]);
  g_string_append (
      out, "      <bind nodeset=\"/data/meta/instanceID\" type=\"string\" readonly=\"true()\" "
           "jr:preload=\"uid\"/>\n    </model>\n");
}

static char **
dup_names (GPtrArray *questions)
{
  g_autoptr(GHashTable) taken = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  char **names = g_new0 (char *, questions->len + 1);

  g_hash_table_add (taken, g_strdup ("meta"));
  for (guint i = 0; i < questions->len; i++)
    {
      const FpAuthorQuestion *question = g_ptr_array_index (questions, i);
      g_autofree char *token
          = dup_token (question->name ? question->name : question->label, "question");

      names[i] = dup_unique (token, taken);
    }

  return names;
}

static gboolean
check_form (const char *title,
            GPtrArray  *questions,
            GError    **error)
{
  if (title[strspn (title, " \t\r\n")] == '\0')
    {
      g_set_error_literal (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID, _("The form has no title"));
      return FALSE;
    }
  if (questions->len == 0)
    {
      g_set_error_literal (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID,
                           _("The form has no questions"));
      return FALSE;
    }
  for (guint i = 0; i < questions->len; i++)
    if (!check_question (g_ptr_array_index (questions, i), error))
      return FALSE;

  return TRUE;
}

/**
 * fp_form_author_write:
 * @questions: (element-type FpAuthorQuestion): at least one
 *
 * Writes an XForm that Fieldpost, Central and every other ODK tool read.
 *
 * Returns: (transfer full): or %NULL with [error@FormError]
 */
GBytes *
fp_form_author_write (const char *title,
                      const char *submit_url,
                      GPtrArray  *questions,
                      GError    **error)
{
  g_autoptr(GString) out = NULL;
  g_autofree char *id = NULL;
  g_auto(GStrv) names = NULL;

  if (!check_form (title, questions, error))
    return NULL;
  id = dup_token (title, "form");
  names = dup_names (questions);
  out = g_string_new ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                      "<h:html xmlns=\""
                      "http://www.w3.org/2002/xforms"
                      "\" xmlns:h=\"http://www.w3.org/1999/xhtml\"\n"
                      "        xmlns:jr=\"http://openrosa.org/javarosa\">\n  <h:head>\n");
  append_text_element (out, "    ", "h:title", title);
  append_model (out, id, submit_url, questions, names);
  g_string_append (out, "  </h:head>\n  <h:body>\n");
  for (guint i = 0; i < questions->len; i++)
    append_control (out, g_ptr_array_index (questions, i), names[i]);
  g_string_append (out, "  </h:body>\n</h:html>\n");

  return g_string_free_to_bytes (g_steal_pointer (&out));
}
