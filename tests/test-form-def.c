#include "forms/form-test.h"

#include <string.h>

static void
assert_refused (FpFormDef   *def,
                GError      *error,
                FpFormError  code,
                const char  *words)
{
  g_assert_null (def);
  g_assert_error (error, FP_FORM_ERROR, (int) code);
  if (!strstr (error->message, words))
    g_error ("“%s” is not in “%s”", words, error->message);
  g_error_free (error);
}

static void
refuse (const char  *fields,
        const char  *binds,
        const char  *body,
        FpFormError  code,
        const char  *words)
{
  GError *error = NULL;
  FpFormDef *def = form_parse (fields, binds, body, &error);

  assert_refused (def, error, code, words);
}

static void
refuse_text (const char  *text,
             FpFormError  code,
             const char  *words)
{
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));
  GError *error = NULL;
  FpFormDef *def = fp_form_def_parse (bytes, &error);

  assert_refused (def, error, code, words);
}

static void
test_identity (void)
{
  g_autoptr(FpFormDef) def = form_sample ("incident-report");

  g_assert_cmpstr (fp_form_def_get_id (def), ==, "incident-report");
  g_assert_cmpstr (fp_form_def_get_version (def), ==, "2026112201");
  g_assert_cmpstr (fp_form_def_get_title (def), ==, "Incident report");
  g_assert_cmpuint (strlen (fp_form_def_get_md5 (def)), ==, 32);
  g_assert_cmpint (fp_form_def_get_serialization (def), ==, FP_SERIALIZE_JSON);
  g_assert_cmpstr (fp_form_def_get_submit_method (def), ==, "POST");
  g_assert_nonnull (fp_form_def_get_submit_url (def));
  g_assert_null (fp_form_def_get_languages (def)[0]);
  g_assert_null (fp_form_def_get_default_language (def));
}

static void
test_not_a_form (void)
{
  refuse_text ("<a/>", FP_FORM_ERROR_NOT_A_FORM, "not an XForm");
  refuse_text ("<a>", FP_FORM_ERROR_XML, "Line 1");
  refuse_text (
      "<h:html xmlns:h='http://www.w3.org/1999/xhtml' xmlns='http://www.w3.org/2002/xforms'>"
      "<h:head><model/></h:head><h:body/></h:html>",
      FP_FORM_ERROR_NOT_A_FORM, "no instance");
  refuse_text (
      "<h:html xmlns:h='http://www.w3.org/1999/xhtml' xmlns='http://www.w3.org/2002/xforms'>"
      "<h:head><model><instance><data><a/></data></instance></model></h:head><h:body/></h:html>",
      FP_FORM_ERROR_INVALID, "no id");
}

static void
test_mistakes_are_named (void)
{
  refuse ("<a/>", "<bind nodeset='/data/b' type='int'/>", "", FP_FORM_ERROR_INVALID, "/data/b");
  refuse ("<a/>", "<bind type='int'/>", "", FP_FORM_ERROR_INVALID, "line");
  refuse ("<a/>", "", "<input ref='/data/b'/>", FP_FORM_ERROR_INVALID, "/data/b");
  refuse ("<a/>", "", "<input/>", FP_FORM_ERROR_INVALID, "<input>");
  refuse ("<a/>", "", "<select1 ref='/data/a'/>", FP_FORM_ERROR_INVALID, "no choices");
  refuse ("<a/>", "", "<select ref='/data/a'><item><value>a b</value></item></select>",
          FP_FORM_ERROR_INVALID, "space");
  refuse ("<a/>", "", "<input ref='/data/a'><label ref=\"jr:itext('x')\"/></input>",
          FP_FORM_ERROR_INVALID, "“x”");
  refuse ("<a/>", "<bind nodeset='/data/a' relevant='/data/x = 1'/>", "", FP_FORM_ERROR_INVALID,
          "/data/x");
  refuse ("<a/>", "<bind nodeset='/data/a' relevant='1 +'/>", "", FP_FORM_ERROR_INVALID, "/data/a");
  refuse ("<a/>", "<bind nodeset='/data/a' relevant='(1'/>", "", FP_FORM_ERROR_INVALID, "“)”");
  refuse ("<a/>", "<bind nodeset='/data/a' relevant='if(1)'/>", "", FP_FORM_ERROR_INVALID, "if()");
  refuse ("<a/>", "<bind nodeset='/data/a' relevant=\"'open\"/>", "", FP_FORM_ERROR_INVALID,
          "'open");
  refuse ("<a/>", "<bind nodeset='/data/a' constraint=\"regex(., '[a')\"/>", "",
          FP_FORM_ERROR_INVALID, "[a");
  refuse ("<a/>", "<bind nodeset='/data/a' relevant=\"instance('x')/root/item\"/>", "",
          FP_FORM_ERROR_INVALID, "“x”");
  refuse ("<a/>", "", "<input ref='/data/a'><label><output/></label></input>",
          FP_FORM_ERROR_INVALID, "output");
}

static void
test_unknown_functions_are_named_with_their_place (void)
{
  refuse ("<a/>", "<bind nodeset='/data/a' calculate='area(/data/a)'/>", "",
          FP_FORM_ERROR_UNSUPPORTED, "area()");
  refuse ("<a/>", "<bind nodeset='/data/a' calculate='area(1)'/>", "", FP_FORM_ERROR_UNSUPPORTED,
          "/data/a");
  refuse ("<a/>", "<bind nodeset='/data/a' calculate='fp-num(1)'/>", "", FP_FORM_ERROR_UNSUPPORTED,
          "fp-num()");
  refuse ("<a/>", "<bind nodeset='/data/a' calculate='document(1)'/>", "",
          FP_FORM_ERROR_UNSUPPORTED, "document()");
  refuse ("<a/>", "<bind nodeset='/data/a' relevant='/data/meta[1]/preceding::a'/>", "",
          FP_FORM_ERROR_UNSUPPORTED, "preceding");
}

static void
test_cycles (void)
{
  refuse ("<a/><b/><c/>",
          "<bind nodeset='/data/a' calculate='/data/c + 1'/><bind nodeset='/data/b' "
          "calculate='/data/a + 1'/>"
          "<bind nodeset='/data/c' calculate='/data/b + 1'/>",
          "", FP_FORM_ERROR_CYCLE, "/data/a → /data/c → /data/b → /data/a");
  refuse ("<a/>", "<bind nodeset='/data/a' calculate='. + 1'/>", "", FP_FORM_ERROR_CYCLE,
          "/data/a → /data/a");
  refuse ("<a/>", "<bind nodeset='/data/a' relevant='/data/a = 1'/>", "", FP_FORM_ERROR_CYCLE,
          "/data/a");
  /* A group that depends on what is in it. */
  refuse ("<g><a/></g>", "<bind nodeset='/data/g' relevant='/data/g/a = 1'/>", "",
          FP_FORM_ERROR_CYCLE, "/data/g");
  /* Through a relevance: its value reads as empty while it is not relevant. */
  refuse ("<a/><b/>",
          "<bind nodeset='/data/a' relevant='/data/b = 1'/><bind nodeset='/data/b' "
          "calculate='/data/a'/>",
          "", FP_FORM_ERROR_CYCLE, "/data/b");
}

static void
test_constraints_may_refer_to_themselves (void)
{
  g_autoptr(FpFormDef) def
      = form_def ("<a/><b/>",
                  "<bind nodeset='/data/a' constraint='. &gt; 1 and . &lt; /data/b'/>"
                  "<bind nodeset='/data/b' constraint='. &gt; /data/a'"
                  " required='/data/b = 1' readonly='/data/b = 2'/>",
                  "<input ref='/data/a'/><input ref='/data/b'/>");

  g_assert_cmpuint (fp_form_def_get_n_questions (def), ==, 2);
  g_assert_null (fp_form_def_get_notes (def)[0]);
}

static void
test_unsupported_questions_are_noted (void)
{
  g_autoptr(FpFormDef) def = form_def (
      "<where>1 2 0 0</where><sound/><a/>",
      "<bind nodeset='/data/where' type='geopoint'/><bind nodeset='/data/sound' type='binary'/>",
      "<input ref='/data/where'><label>W</label></input>"
      "<upload ref='/data/sound' mediatype='audio/*'/><input ref='/data/a'/>");
  g_autoptr(FpFormModel) model = form_begin (def);
  FpFormNode *where = form_node (model, "where");

  g_assert_nonnull (strstr (fp_form_def_get_notes (def)[0], "/data/where"));
  g_assert_nonnull (strstr (fp_form_def_get_notes (def)[0], "geopoint"));
  g_assert_nonnull (strstr (fp_form_def_get_notes (def)[1], "audio/*"));
  g_assert_null (fp_form_def_get_notes (def)[2]);
  g_assert_cmpint (fp_form_node_get_question (where), ==, FP_QUESTION_UNSUPPORTED);
  g_assert_nonnull (fp_form_node_get_note (where));
  form_set (model, "where", "");
  form_assert_value (model, "where", "1 2 0 0");
}

static void
test_what_would_be_wrong_is_refused (void)
{
  refuse ("<a/>", "<bind nodeset='/data/a' type='geopoint' required='true()'/>",
          "<input ref='/data/a'/>", FP_FORM_ERROR_UNSUPPORTED, "geopoint");
  refuse ("<r><a/></r>", "<bind nodeset='/data/r/a' calculate='1'/>",
          "<group><repeat nodeset='/data/r'><input ref='/data/r/a'/></repeat></group>",
          FP_FORM_ERROR_UNSUPPORTED, "/data/r/a");
  refuse ("<r><a/></r><n/>", "<bind nodeset='/data/n' calculate='count(/data/r)'/>",
          "<group><repeat nodeset='/data/r'><input ref='/data/r/a'/></repeat></group>",
          FP_FORM_ERROR_UNSUPPORTED, "/data/r");
  refuse ("<a/>", "<submission base64RsaPublicKey='AAAA'/>", "", FP_FORM_ERROR_UNSUPPORTED,
          "encrypted");
  refuse ("<a/>", "<submission serialization='text/csv'/>", "", FP_FORM_ERROR_UNSUPPORTED,
          "text/csv");
  refuse ("<a x=''/>", "<bind nodeset='/data/a/@x' calculate='1'/>", "", FP_FORM_ERROR_UNSUPPORTED,
          "@x");
  refuse ("<a/>", "<setvalue event='xforms-value-changed' ref='/data/a' value='1'/>", "",
          FP_FORM_ERROR_UNSUPPORTED, "xforms-value-changed");
  refuse ("<a/>",
          "<instance id='l' src='jr://file-csv/l.csv'/><bind nodeset='/data/a' "
          "calculate=\"instance('l')/root/x\"/>",
          "", FP_FORM_ERROR_UNSUPPORTED, "l.csv");
}

static void
test_repeats_without_logic_are_kept (void)
{
  g_autoptr(FpFormDef) def
      = form_def ("<n/><r jr:template=''><a>t</a></r><r><a>1</a></r>",
                  "<bind nodeset='/data/r/a' type='string'/>",
                  "<input ref='/data/n'/><group ref='/data/r'><label>R</label>"
                  "<repeat nodeset='/data/r'><input ref='/data/r/a'/></repeat></group>");
  g_autoptr(FpFormModel) model = form_begin (def);
  g_autofree char *frozen = NULL;

  form_set (model, "n", "x");
  frozen = form_frozen (model);
  g_assert_nonnull (strstr (fp_form_def_get_notes (def)[0], "/data/r"));
  g_assert_nonnull (strstr (frozen, "<n>x</n><r><a>1</a></r>"));
  g_assert_null (strstr (frozen, "template"));
}

static void
test_lists_from_files_are_noted (void)
{
  g_autoptr(FpFormDef) def = form_def (
      "<a/><b/>", "<instance id='l' src='jr://file-csv/l.csv'/>",
      "<select1 ref='/data/a'><itemset nodeset=\"instance('l')/root/item\">"
      "<value ref='name'/><label ref='label'/></itemset></select1><input ref='/data/b'/>");

  g_assert_nonnull (strstr (fp_form_def_get_notes (def)[0], "l.csv"));
}

static void
test_unknown_appearance_is_harmless (void)
{
  g_autoptr(FpFormModel) model
      = form_model ("<a/>", "", "<input ref='/data/a' appearance='  rainbow w4 '/>");

  g_assert_true (fp_form_node_has_appearance (form_node (model, "a"), "w4"));
  g_assert_false (fp_form_node_has_appearance (form_node (model, "a"), "w"));
  g_assert_null (fp_form_def_get_notes (fp_form_model_get_def (model))[0]);
}

static gpointer
use_def (gpointer data)
{
  for (guint i = 0; i < 20; i++)
    {
      g_autoptr(FpFormModel) model = form_begin (data);

      form_set (model, "site", "Harbour");
      form_assert_value (model, "site", "Harbour");
    }

  return NULL;
}

static void
test_shared_by_threads (void)
{
  g_autoptr(FpFormDef) def = form_sample ("site-inspection");
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("form", use_def, def);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/form/def/identity", test_identity);
  g_test_add_func ("/form/def/what-is-no-form-is-refused", test_not_a_form);
  g_test_add_func ("/form/def/mistakes-are-named", test_mistakes_are_named);
  g_test_add_func ("/form/def/unknown-functions-are-named-with-their-place",
                   test_unknown_functions_are_named_with_their_place);
  g_test_add_func ("/form/def/cycles-are-refused-with-their-path", test_cycles);
  g_test_add_func ("/form/def/constraints-may-refer-to-themselves",
                   test_constraints_may_refer_to_themselves);
  g_test_add_func ("/form/def/unsupported-questions-are-noted",
                   test_unsupported_questions_are_noted);
  g_test_add_func ("/form/def/what-would-be-wrong-is-refused", test_what_would_be_wrong_is_refused);
  g_test_add_func ("/form/def/repeats-without-logic-are-kept", test_repeats_without_logic_are_kept);
  g_test_add_func ("/form/def/lists-from-files-are-noted", test_lists_from_files_are_noted);
  g_test_add_func ("/form/def/unknown-appearance-is-harmless", test_unknown_appearance_is_harmless);
  g_test_add_func ("/form/def/shared-by-threads", test_shared_by_threads);

  return g_test_run ();
}
