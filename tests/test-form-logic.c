#include "forms/form-test.h"

#include <string.h>

#include "form/fp-form-model-private.h"

/* The text that @expression gives as a calculation in a form with some answers. */
static char *
dup_result (const char *expression)
{
  g_autofree char *escaped = g_markup_escape_text (expression, -1);
  g_autofree char *binds
      = g_strdup_printf ("<bind nodeset='/data/n' type='int'/><bind nodeset='/data/d' type='date'/>"
                         "<bind nodeset='/data/r' calculate=\"%s\"/>",
                         escaped);
  g_autoptr(FpFormModel) model = form_model (
      "<t>abc</t><n>7</n><d>2026-11-20</d><m>a c</m><e/><g><x>1</x><x2>2</x2></g><r/>", binds,
      "<input ref='/data/r'/><select "
      "ref='/data/m'><item><label>Maize</label><value>a</value></item></select>");

  return g_strdup (fp_form_node_get_value (form_node (model, "/data/r")));
}

static const struct {
  const char *expression;
  const char *result;
} expressions[] = {
  { "1 + 2 * 3", "7" },
  { "(1 + 2) * 3", "9" },
  { "7 div 2", "3.5" },
  { "-7 mod 4", "-3" },
  { "1 div 3", "0.3333333333333333" },
  { "10000000000 * 10", "100000000000" },
  { "0.0000001", "0.0000001" },
  { "/data/e + 1", "" },
  { "/data/n > 5 and not(/data/n >= 8)", "true" },
  { "count(/data/g/*)", "2" },
  { "sum(/data/g/*)", "3" },
  { "count(/data/g/*[. > 1])", "1" },
  { "../n", "7" },
  { "current()/../n", "7" },
  { "/data/g/*[name() = 'x2']", "2" },
  { "if(/data/n = 7, 'yes', 'no')", "yes" },
  { "if(/data/e = '', /data/t, 1)", "abc" },
  { "if(false(), 1, null)", "" },
  { "coalesce(/data/e, /data/t)", "abc" },
  { "once('x')", "x" },
  { "concat(/data/t, '-', 1.50, '-', true())", "abc-1.5-true" },
  { "join(', ', 'a', 'b')", "a, b" },
  { "join(' ', /data/g/*)", "1 2" },
  { "selected(/data/m, 'c')", "true" },
  { "selected(/data/m, 'b')", "false" },
  { "selected-at(/data/m, 1)", "c" },
  { "selected-at(/data/m, 5)", "" },
  { "count-selected(/data/m)", "2" },
  { "count-selected(/data/e)", "0" },
  { "jr:choice-name('a', '/data/m')", "Maize" },
  { "jr:choice-name('zz', ' /data/m ')", "zz" },
  { "regex('abc', '[a-c]+')", "true" },
  { "regex('abcd', '[a-c]+')", "false" },
  { "regex('a', 'a|b')", "true" },
  { "regex('ab\n', 'ab')", "false" },
  { "today()", "2026-11-22" },
  { "now()", "2026-11-22T10:00:00.000+00:00" },
  { "/data/d < today()", "true" },
  { "/data/d + 2 = today()", "true" },
  { "today() - /data/d", "2" },
  { "int((today() - date('2000-02-29')) div 365.25)", "26" },
  { "date(/data/d + 11)", "2026-12-01" },
  { "date('2026-11-22T23:00:00.000+00:00')", "2026-11-22" },
  { "date('nonsense')", "" },
  { "format-date(/data/d, '%e %b %Y (%a), %y-%m-%n-%d')", "20 Nov 2026 (Fri), 26-11-11-20" },
  { "format-date-time(now(), '%H:%M:%S.%3 %h')", "10:00:00.000 10" },
  { "decimal-date-time('1970-01-02T12:00:00.000+00:00')", "1.5" },
  { "int(-1.9)", "-1" },
  { "round(2.5)", "3" },
  { "round(-2.5)", "-2" },
  { "round(1.005, 2)", "1.01" },
  { "round(1234, -2)", "1200" },
  { "pow(2, 10)", "1024" },
  { "abs(-3)", "3" },
  { "sqrt(9)", "3" },
  { "min(3, 1, 2)", "1" },
  { "max(/data/g/*)", "2" },
  { "max(3, 'x')", "" },
  { "boolean-from-string('1')", "true" },
  { "number('1e3')", "" },
  { "substr('grün', 1, 3)", "rü" },
  { "substr('abc', -2)", "bc" },
  { "substring('abc', 2)", "bc" },
  { "starts-with('abc', 'ab') and ends-with('abc', 'bc') and contains('abc', 'b')", "true" },
  { "normalize-space('  a   b ')", "a b" },
  { "string-length(/data/t)", "3" },
  { "translate('abc', 'b', 'x')", "axc" },
  { "string-length(uuid())", "36" },
  { "floor(1.5) + ceiling(1.5)", "3" },
  { "1 or nothing", "true" },
  { "/data/t != 'abc' or /data/n = '7'", "true" },
};

static void
test_expressions (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (expressions); i++)
    {
      g_autofree char *result = dup_result (expressions[i].expression);

      if (strcmp (result, expressions[i].result) != 0)
        g_error ("%s gives “%s”, not “%s”", expressions[i].expression, result, expressions[i].result);
    }
}

/* 29 March 2026 has 23 hours in Berlin. */
static void
test_days_are_whole_across_summer_time (void)
{
  g_autofree char *days = NULL;

  g_setenv ("TZ", "Europe/Berlin", TRUE);
  days = dup_result ("date('2026-04-10') - date('2026-03-20')");
  g_assert_cmpstr (days, ==, "21");
  g_setenv ("TZ", "UTC", TRUE);
}

static void
test_relevance_is_inherited (void)
{
  g_autoptr(FpFormModel) model
      = form_model ("<a/><g><h><b/></h></g><c/>",
                    "<bind nodeset='/data/g' relevant='/data/a = 1'/><bind nodeset='/data/g/h' "
                    "relevant='/data/a &lt; 5'/>"
                    "<bind nodeset='/data/c' calculate=\"concat('[', /data/g/h/b, ']')\"/>",
                    "<input ref='/data/a'/><group ref='/data/g'><group ref='/data/g/h'><input "
                    "ref='/data/g/h/b'/></group></group>"
                    "<input ref='/data/c'/>");

  form_assert_relevant (model, "b", FALSE);
  form_set (model, "a", "1");
  form_assert_relevant (model, "b", TRUE);
  form_set (model, "b", "x");
  form_assert_value (model, "c", "[x]");
  form_set (model, "a", "2");
  form_assert_relevant (model, "b", FALSE);
  form_assert_relevant (model, "/data/g/h", FALSE);
  /* Not relevant reads as empty, and comes back. */
  form_assert_value (model, "c", "[]");
  form_set (model, "a", "1");
  form_assert_value (model, "c", "[x]");
}

static void
test_a_body_group_hides_what_is_in_it (void)
{
  g_autoptr(FpFormModel) model
      = form_model ("<a/><g/><b/>", "<bind nodeset='/data/g' relevant='/data/a = 1'/>",
                    "<input ref='/data/a'/><group ref='/data/g'><input ref='/data/b'/></group>");
  g_autoptr(GPtrArray) invalid = NULL;

  form_assert_relevant (model, "b", FALSE);
  form_set (model, "a", "1");
  form_assert_relevant (model, "b", TRUE);
  invalid = fp_form_model_validate (model);
  g_assert_cmpuint (invalid->len, ==, 0);
}

static void
test_required_is_only_told_by_validation (void)
{
  g_autoptr(FpFormModel) model
      = form_model ("<a/><b/>",
                    "<bind nodeset='/data/a' required='/data/b = 1' jr:requiredMsg='Say a.'/>",
                    "<input ref='/data/a'/><input ref='/data/b'/>");
  g_autoptr(GPtrArray) none = fp_form_model_validate (model);
  g_autoptr(GPtrArray) one = NULL;

  g_assert_cmpuint (none->len, ==, 0);
  form_set (model, "b", "1");
  g_assert_true (fp_form_node_get_required (form_node (model, "a")));
  form_set (model, "a", "x");
  form_set (model, "a", "");
  form_assert_error (model, "a", NULL);
  one = fp_form_model_validate (model);
  g_assert_cmpuint (one->len, ==, 1);
  g_assert_true (g_ptr_array_index (one, 0) == form_node (model, "a"));
  form_assert_error (model, "a", "Say a.");
  /* It goes when it is no longer true. */
  form_set (model, "b", "2");
  form_assert_error (model, "a", NULL);
}

static void
test_constraint (void)
{
  g_autoptr(FpFormModel) model = form_model ("<a/><b>5</b>",
                                              "<bind nodeset='/data/a' type='int' constraint='. "
                                              "&lt;= /data/b' jr:constraintMsg='Too much.'/>",
                                              "<input ref='/data/a'/><input ref='/data/b'/>");

  form_set (model, "a", "6");
  form_assert_error (model, "a", "Too much.");
  form_assert_value (model, "a", "6");
  /* What it refers to changed. */
  form_set (model, "b", "10");
  form_assert_error (model, "a", NULL);
  form_set (model, "b", "1");
  form_assert_error (model, "a", NULL);
  form_set (model, "a", "");
  form_assert_error (model, "a", NULL);
}

static void
test_not_relevant_is_not_checked (void)
{
  g_autoptr(FpFormModel) model
      = form_model ("<a/><b/>",
                    "<bind nodeset='/data/b' type='int' required='true()' relevant='/data/a = 1'/>",
                    "<input ref='/data/a'/><input ref='/data/b'/>");
  g_autoptr(GPtrArray) invalid = NULL;

  form_set (model, "a", "1");
  form_set (model, "b", "x");
  g_assert_nonnull (fp_form_node_get_error (form_node (model, "b")));
  form_set (model, "a", "2");
  form_assert_error (model, "b", NULL);
  invalid = fp_form_model_validate (model);
  g_assert_cmpuint (invalid->len, ==, 0);
}

static void
test_outputs (void)
{
  g_autoptr(FpFormModel) model
      = form_model ("<name/><n/>", "<bind nodeset='/data/n' type='int'/>",
                    "<input ref='/data/name'/><input ref='/data/n'><label>  How old is <output "
                    "value='/data/name'/>"
                    " in <output value='1 + 1'/> years?\n</label><hint>Dear <output "
                    "value='../name'/></hint></input>");
  guint count = 0;

  g_signal_connect_swapped (form_node (model, "n"), "notify::label", G_CALLBACK (g_atomic_int_inc),
                            &count);
  form_set (model, "name", "Ada");
  g_assert_cmpstr (fp_form_node_get_label (form_node (model, "n")), ==,
                   "How old is Ada in 2 years?");
  g_assert_cmpstr (fp_form_node_get_hint (form_node (model, "n")), ==, "Dear Ada");
  g_assert_cmpuint (count, ==, 1);
  form_set (model, "n", "3");
  g_assert_cmpuint (count, ==, 1);
}

static const char *const itext
    = "<itext><translation lang='en' default='true()'><text id='q'><value>Colour of <output "
      "value='/data/b'/></value>"
      "<value form='image'>jr://images/q.png</value></text><text id='r'><value>Red</value><value "
      "form='image'>jr://images/r.png</value></text>"
      "<text id='g'><value>Green</value></text><text id='m'><value>No.</value></text></translation>"
      "<translation lang='de'><text id='q'><value>Farbe von <output "
      "value='/data/b'/></value></text><text id='r'><value>Rot</value></text>"
      "<text id='m'><value>Nein.</value></text></translation></itext>"
      "<bind nodeset='/data/a' constraint=\". != 'r'\" jr:constraintMsg=\"jr:itext('m')\"/>"
      "<bind nodeset='/data/c' calculate=\"jr:choice-name(/data/a, '/data/a')\"/>";

static void
test_languages (void)
{
  g_autoptr(FpFormModel) model = form_model (
      "<a/><b>x</b><c/>", itext,
      "<input ref='/data/c'/><select1 ref='/data/a'><label ref=\"jr:itext('q')\"/><item><label "
      "ref=\"jr:itext('r')\"/>"
      "<value>r</value></item><item><label "
      "ref=\"jr:itext('g')\"/><value>g</value></item></select1><input ref='/data/b'/>");
  FpFormNode *a = form_node (model, "a");
  FpChoice *red = g_ptr_array_index (fp_form_node_get_choices (a), 0);

  g_assert_cmpstr (fp_form_model_get_language (model), ==, "en");
  g_assert_cmpstr (fp_form_node_get_label (a), ==, "Colour of x");
  g_assert_cmpstr (red->label, ==, "Red");
  g_assert_cmpstr (red->image, ==, "jr://images/r.png");
  form_set (model, "a", "r");
  form_assert_error (model, "a", "No.");
  form_assert_value (model, "c", "Red");
  fp_form_model_set_language (model, "de");
  g_assert_cmpstr (fp_form_model_get_language (model), ==, "de");
  red = g_ptr_array_index (fp_form_node_get_choices (a), 0);
  g_assert_cmpstr (fp_form_node_get_label (a), ==, "Farbe von x");
  g_assert_cmpstr (red->label, ==, "Rot");
  /* What has no translation is shown in the default language. */
  g_assert_cmpstr (((FpChoice *) g_ptr_array_index (fp_form_node_get_choices (a), 1))->label, ==,
                   "Green");
  form_assert_error (model, "a", "Nein.");
  form_assert_value (model, "c", "Rot");
  form_set (model, "b", "y");
  g_assert_cmpstr (fp_form_node_get_label (a), ==, "Farbe von y");
  fp_form_model_set_language (model, "xx");
  g_assert_cmpstr (fp_form_model_get_language (model), ==, "en");
}

static void
test_itemsets_follow (void)
{
  g_autoptr(FpFormModel) model = form_model (
      "<country/><city/>",
      "<instance id='cities'><root><item><name>kla</name><label>Kampala</label><in>ug</in></item>"
      "<item><name>nbo</name><label>Nairobi</label><in>ke</in></item></root></instance>",
      "<select1 "
      "ref='/data/country'><item><label>U</label><value>ug</value></item><item><label>K</label>"
      "<value>ke</value></item></select1>"
      "<select1 ref='/data/city'><itemset nodeset=\"instance('cities')/root/item[in = "
      "/data/country]\">"
      "<value ref='name'/><label ref='label'/></itemset></select1>");
  FpFormNode *city = form_node (model, "city");
  guint count = 0;

  g_signal_connect_swapped (city, "notify::choices", G_CALLBACK (g_atomic_int_inc), &count);
  g_assert_cmpuint (fp_form_node_get_choices (city)->len, ==, 0);
  form_set (model, "country", "ug");
  g_assert_cmpuint (count, ==, 1);
  g_assert_cmpuint (fp_form_node_get_choices (city)->len, ==, 1);
  g_assert_cmpstr (((FpChoice *) g_ptr_array_index (fp_form_node_get_choices (city), 0))->label, ==,
                   "Kampala");
  form_set (model, "city", "kla");
  form_assert_error (model, "city", NULL);
  /* An answer that cannot be chosen any more goes, and undo brings it back. */
  form_set (model, "country", "ke");
  form_assert_value (model, "city", "");
  fp_form_model_undo (model);
  form_assert_value (model, "country", "ug");
  form_assert_value (model, "city", "kla");
  fp_form_model_redo (model);
  form_assert_value (model, "city", "");
}

static void
test_only_what_depends_is_evaluated (void)
{
  g_autoptr(FpFormModel) model
      = form_model ("<a/><b/><c/><d/><e/>",
                    "<bind nodeset='/data/b' calculate='/data/a + 1'/><bind nodeset='/data/c' "
                    "calculate='/data/b + /data/a'/>"
                    "<bind nodeset='/data/d' relevant='/data/c &gt; 3'/><bind nodeset='/data/e' "
                    "calculate='/data/d + 1'/>",
                    "<input ref='/data/a'/><input ref='/data/d'/><input ref='/data/c'/>");
  guint before = fp_form_model_get_n_evaluations (model);

  g_assert_cmpuint (before, ==, 4);
  form_set (model, "a", "1");
  form_assert_value (model, "c", "3");
  /* b, c, the relevance of d, each once; d did not change, so e is not. */
  g_assert_cmpuint (fp_form_model_get_n_evaluations (model) - before, ==, 3);
  form_set (model, "d", "x");
  g_assert_cmpuint (fp_form_model_get_n_evaluations (model) - before, ==, 3);
}

/* Neither the order of the fields nor that of the binds says what comes first. */
static void
test_order_is_by_dependency (void)
{
  g_autoptr(FpFormModel) model
    = form_model ("<e/><d/><c/><b/><a/>",
                  "<bind nodeset='/data/e' calculate='/data/d + /data/b'/>"
                  "<bind nodeset='/data/d' calculate='/data/c + /data/b'/>"
                  "<bind nodeset='/data/c' calculate='/data/b + /data/a'/>"
                  "<bind nodeset='/data/b' calculate='/data/a + 1'/>",
                  "<input ref='/data/e'/><input ref='/data/a'/>");
  guint before = fp_form_model_get_n_evaluations (model);

  g_assert_cmpuint (before, ==, 4);
  form_set (model, "a", "1");
  form_assert_value (model, "e", "7");
  g_assert_cmpuint (fp_form_model_get_n_evaluations (model) - before, ==, 4);
}

int
main (int    argc,
      char **argv)
{
  g_setenv ("TZ", "UTC", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/form/logic/expressions", test_expressions);
  g_test_add_func ("/form/logic/days-are-whole-across-summer-time",
                   test_days_are_whole_across_summer_time);
  g_test_add_func ("/form/logic/relevance-is-inherited", test_relevance_is_inherited);
  g_test_add_func ("/form/logic/a-body-group-hides-what-is-in-it",
                   test_a_body_group_hides_what_is_in_it);
  g_test_add_func ("/form/logic/required-is-only-told-by-validation",
                   test_required_is_only_told_by_validation);
  g_test_add_func ("/form/logic/constraint", test_constraint);
  g_test_add_func ("/form/logic/not-relevant-is-not-checked", test_not_relevant_is_not_checked);
  g_test_add_func ("/form/logic/outputs-follow", test_outputs);
  g_test_add_func ("/form/logic/languages", test_languages);
  g_test_add_func ("/form/logic/itemsets-follow", test_itemsets_follow);
  g_test_add_func ("/form/logic/order-is-by-dependency", test_order_is_by_dependency);
  g_test_add_func ("/form/logic/only-what-depends-is-evaluated",
                   test_only_what_depends_is_evaluated);

  return g_test_run ();
}
