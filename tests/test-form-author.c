#include "forms/form-test.h"

#include "form/fp-form-author.h"

#include <string.h>

static GPtrArray *
questions (const char *first,
           ...)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_author_question_free);
  va_list args;

  va_start (args, first);
  for (const char *text = first; text; text = va_arg (args, const char *))
    {
      g_autoptr(GError) error = NULL;

      g_ptr_array_add (list, fp_author_question_parse (text, &error));
      g_assert_no_error (error);
    }
  va_end (args);

  return list;
}

static FpFormDef *
author (const char *title,
        const char *url,
        GPtrArray  *list)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = fp_form_author_write (title, url, list, &error);
  FpFormDef *def;

  g_assert_no_error (error);
  def = fp_form_def_parse (bytes, &error);
  g_assert_no_error (error);
  g_assert_null (fp_form_def_get_notes (def)[0]);

  return def;
}

static void
test_all_types (void)
{
  static const FpQuestionType types[] = {
    FP_QUESTION_TEXT,       FP_QUESTION_INTEGER,         FP_QUESTION_DECIMAL, FP_QUESTION_DATE,
    FP_QUESTION_SELECT_ONE, FP_QUESTION_SELECT_MULTIPLE, FP_QUESTION_IMAGE,   FP_QUESTION_NOTE,
  };
  g_autoptr(GPtrArray) list
      = questions ("text:Name!", "integer:Age", "decimal:Weight", "date:Born",
                   "select:Crop=Maize,Beans", "select-multiple:Tools=Hoe, Plough", "image:Photo!",
                   "note:Thank you", NULL);
  g_autoptr(FpFormDef) def = author ("Farm visit", NULL, list);
  g_autoptr(FpFormModel) model = form_begin (def);
  g_autoptr(GPtrArray) nodes = fp_form_model_list_questions (model);
  g_autoptr(GPtrArray) invalid = NULL;

  g_assert_cmpstr (fp_form_def_get_title (def), ==, "Farm visit");
  g_assert_cmpstr (fp_form_def_get_id (def), ==, "farm_visit");
  g_assert_cmpstr (fp_form_def_get_version (def), !=, "");
  g_assert_cmpint (fp_form_def_get_serialization (def), ==, FP_SERIALIZE_OPENROSA);
  g_assert_null (fp_form_def_get_submit_url (def));
  g_assert_cmpuint (nodes->len, ==, G_N_ELEMENTS (types));
  for (guint i = 0; i < nodes->len; i++)
    g_assert_cmpint (fp_form_node_get_question (g_ptr_array_index (nodes, i)), ==, types[i]);
  invalid = fp_form_model_validate (model);
  g_assert_cmpuint (invalid->len, ==, 2);
  form_set (model, "tools", "hoe plough");
  form_assert_error (model, "tools", NULL);
}

static void
test_json_address (void)
{
  g_autoptr(GPtrArray) list = questions ("text:A", NULL);
  g_autoptr(FpFormDef) def = author ("T", "https://example.org/x?a=1&b=\"2\"", list);

  g_assert_cmpint (fp_form_def_get_serialization (def), ==, FP_SERIALIZE_JSON);
  g_assert_cmpstr (fp_form_def_get_submit_url (def), ==, "https://example.org/x?a=1&b=\"2\"");
}

/* Names and values are derived, and never collide. */
static void
test_names (void)
{
  g_autoptr(GPtrArray) list = questions ("text:Größe (cm)", "text:Name", "text:name!", "text:名前",
                                          "text:2nd <b> & \"x\"", "text:meta", "text:name 2",
                                          "select:S=A b,a-b,日本,本", NULL);
  g_autoptr(FpFormDef) def = author ("<Ä & Ö>\x01", NULL, list);
  g_autoptr(FpFormModel) model = form_begin (def);
  g_autoptr(GPtrArray) nodes = fp_form_model_list_questions (model);
  GPtrArray *choices = fp_form_node_get_choices (g_ptr_array_index (nodes, 7));
  g_autoptr(GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  g_assert_cmpstr (fp_form_def_get_title (def), ==, "<Ä & Ö>");
  for (guint i = 0; i < nodes->len; i++)
    {
      const char *name = fp_form_node_get_name (g_ptr_array_index (nodes, i));

      g_assert_true (g_hash_table_add (seen, (gpointer) name));
      g_assert_true (g_str_is_ascii (name));
      g_assert_cmpstr (name, !=, "meta");
      g_assert_nonnull (fp_form_model_find (model, name));
    }
  g_assert_cmpstr (fp_form_node_get_label (g_ptr_array_index (nodes, 4)), ==, "2nd <b> & \"x\"");
  g_assert_cmpuint (choices->len, ==, 4);
  for (guint i = 0; i < choices->len; i++)
    g_assert_true (g_hash_table_add (seen, ((FpChoice *) g_ptr_array_index (choices, i))->value));
}

static void
refuse (const char *text,
        const char *words)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(FpAuthorQuestion) question = fp_author_question_parse (text, &error);

  g_assert_null (question);
  g_assert_nonnull (error);
  if (!strstr (error->message, words))
    g_error ("“%s” is not in “%s”", words, error->message);
}

static void
test_mistakes (void)
{
  refuse ("rhyme:Name", "“rhyme”");
  refuse ("Name", "text:Name");
  refuse (":Name", "“”");
  refuse ("text:", "label");
  refuse ("text: !", "label");
  refuse ("select:Crop", "“Crop”");
  refuse ("select:Crop=, ,", "“Crop”");
  refuse ("", "text:Name");
}

static void
test_empty_forms (void)
{
  g_autoptr(GPtrArray) none = g_ptr_array_new ();
  g_autoptr(GPtrArray) one = questions ("text:A", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) other = NULL;

  g_assert_null (fp_form_author_write ("T", NULL, none, &error));
  g_assert_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID);
  g_assert_null (fp_form_author_write ("  ", NULL, one, &other));
  g_assert_error (other, FP_FORM_ERROR, FP_FORM_ERROR_INVALID);
}

static void
test_signs_in_labels (void)
{
  g_autoptr(FpAuthorQuestion) question = fp_author_question_parse ("text:Is 1+1=2: yes?", NULL);
  g_autoptr(FpAuthorQuestion) crop
      = fp_author_question_parse (" select : Crop ! = Maize , Beans ", NULL);

  g_assert_cmpstr (question->label, ==, "Is 1+1=2: yes?");
  g_assert_cmpstr (crop->label, ==, "Crop");
  g_assert_true (crop->required);
  g_assert_cmpstr (crop->choices[0], ==, "Maize");
  g_assert_cmpstr (crop->choices[1], ==, "Beans");
  g_assert_null (crop->choices[2]);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/form/author/all-types", test_all_types);
  g_test_add_func ("/form/author/json-address", test_json_address);
  g_test_add_func ("/form/author/names-are-ascii-and-unique", test_names);
  g_test_add_func ("/form/author/mistakes-are-told", test_mistakes);
  g_test_add_func ("/form/author/empty-forms-are-refused", test_empty_forms);
  g_test_add_func ("/form/author/signs-in-labels", test_signs_in_labels);

  return g_test_run ();
}
