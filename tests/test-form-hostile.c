#include "forms/form-test.h"

#include <string.h>

#include "form/fp-form-model-private.h"

/* Slow is a failure too, but a busy machine is not: each of these took minutes or for ever before.
 */
#define SOON (30 * G_USEC_PER_SEC)

static FpFormModel *
try_form (const char  *fields,
          const char  *binds,
          const char  *body,
          GError     **error)
{
  g_autoptr(FpFormDef) def = form_parse (fields, binds, body, error);

  return def ? fp_form_model_new (def, &form_env, error) : NULL;
}

static char *
numbered (const char *format,
          guint       n)
{
  GString *text = g_string_new (NULL);

  for (guint i = 1; i <= n; i++)
    {
      g_auto(GStrv) parts = g_strsplit (format, "#", -1);
      g_autofree char *number = g_strdup_printf ("%u", i);
      g_autofree char *before = g_strdup_printf ("%u", i - 1);
      g_autofree char *one = g_strjoinv (number, parts);
      g_auto(GStrv) others = g_strsplit (one, "~", -1);
      g_autofree char *both = g_strjoinv (before, others);

      g_string_append (text, both);
    }

  return g_string_free (text, FALSE);
}

static void
test_entity_bomb (void)
{
  static const char *const forms[] = {
    "<!DOCTYPE h [<!ENTITY a 'aaaaaaaaaaaaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
    "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d "
    "'&c;&c;&c;&c;&c;&c;&c;&c;'>]><h>&d;</h>",
    "<!DOCTYPE h [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><h>&x;</h>",
    "<!DOCTYPE h [<!ENTITY % x SYSTEM 'http://127.0.0.1:9/x'> %x;]><h/>",
  };

  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      g_autoptr(GBytes) bytes = g_bytes_new_static (forms[i], strlen (forms[i]));
      g_autoptr(GError) error = NULL;

      g_assert_null (fp_form_def_parse (bytes, &error));
      g_assert_error (error, FP_FORM_ERROR, FP_FORM_ERROR_XML);
      g_assert_nonnull (strstr (error->message, "entit"));
    }
}

static void
load_counted (guint  n,
              guint *evaluations,
              guint *after_change)
{
  g_autofree char *fields = numbered ("<q#/>", n);
  g_autofree char *binds = numbered (
      "<bind nodeset='/data/q#' type='int' relevant='/data/q0 != 3' constraint='. &lt; 1000000'"
      " calculate='/data/q~ + 1'/>",
      n);
  g_autofree char *body = numbered (
      "<input ref='/data/q#'><label>Question # after <output value='/data/q~'/></label></input>",
      n);
  g_autofree char *all = g_strconcat ("<q0/>", fields, NULL);
  g_autofree char *controls = g_strconcat ("<input ref='/data/q0'/>", body, NULL);
  g_autofree char *last = g_strdup_printf ("/data/q%u", n);
  g_autofree char *expected = g_strdup_printf ("%u", n + 1);
  g_autoptr(FpFormModel) model = form_model (all, binds, controls);

  *evaluations = fp_form_model_get_n_evaluations (model);
  form_set (model, "/data/q0", "1");
  form_assert_value (model, last, expected);
  *after_change = fp_form_model_get_n_evaluations (model) - *evaluations;
}

/* A chain through ten thousand questions: the work grows with the form and no faster. */
static void
test_ten_thousand_questions (void)
{
  guint small, small_change, large, large_change;

  load_counted (100, &small, &small_change);
  load_counted (10000, &large, &large_change);
  g_assert_cmpuint (small, <=, 300);
  g_assert_cmpuint (large, <=, 30000);
  g_assert_cmpuint (small_change, <=, 301);
  g_assert_cmpuint (large_change, <=, 30001);
}

/* A change at the end of it costs the same whatever is before. */
static void
test_a_change_costs_what_depends_on_it (void)
{
  g_autofree char *fields = numbered ("<q#/>", 10000);
  g_autofree char *binds = numbered ("<bind nodeset='/data/q#' constraint='. != 5'/>", 10000);
  g_autofree char *body = numbered ("<input ref='/data/q#'/>", 10000);
  g_autoptr(FpFormModel) model = form_model (fields, binds, body);
  guint before = fp_form_model_get_n_evaluations (model);

  form_set (model, "/data/q10000", "1");
  g_assert_cmpuint (fp_form_model_get_n_evaluations (model) - before, <=, 1);
}

static void
test_deep_groups (void)
{
  g_autoptr(GString) fields = g_string_new (NULL);
  g_autoptr(GString) body = g_string_new (NULL);
  g_autoptr(FpFormModel) model = NULL;

  for (guint i = 0; i < 80; i++)
    {
      g_string_append (fields, "<g>");
      g_string_append (body, "<group ref='g'>");
    }
  g_string_append (fields, "<a>x</a>");
  g_string_append (body, "<input ref='a'/>");
  for (guint i = 0; i < 80; i++)
    {
      g_string_append (fields, "</g>");
      g_string_append (body, "</group>");
    }
  model = form_model (fields->str, "<bind nodeset='/data/g' relevant='1 = 1'/>", body->str);
  form_assert_value (model, "a", "x");
}

static void
assert_ends (const char *expression)
{
  g_autofree char *fields = numbered ("<q#><x/></q#>", 5000);
  g_autofree char *all = g_strconcat ("<r/><g>", fields, "</g>", NULL);
  g_autofree char *escaped = g_markup_escape_text (expression, -1);
  g_autofree char *bind = g_strdup_printf ("<bind nodeset='/data/r' calculate=\"%s\"/>", escaped);
  g_autoptr(GError) error = NULL;
  gint64 start = g_get_monotonic_time ();
  g_autoptr(FpFormModel) model = try_form (all, bind, "", &error);

  g_assert_cmpint (g_get_monotonic_time () - start, <, SOON);
  if (!model)
    g_assert_true (g_error_matches (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID)
                   || g_error_matches (error, FP_FORM_ERROR, FP_FORM_ERROR_CYCLE));
}

static void
test_expensive_expressions (void)
{
  g_autofree char *plus = numbered ("1 + ", 15000);
  g_autofree char *sum = g_strconcat (plus, "1", NULL);
  g_autofree char *open = numbered ("(", 50000);
  g_autofree char *minus = numbered ("-", 50000);
  g_autofree char *negative = g_strconcat (minus, "1", NULL);
  g_autofree char *calls = numbered ("not(", 10000);
  g_autofree char *long_text = g_strnfill (200000, '1');

  assert_ends ("count(/data/g//*[count(/data/g//*[count(/data/g//*) > 1]) > 1])");
  assert_ends ("count(/data/g/*/x/../x/../x/../x[. = /data/g/*/x])");
  assert_ends (sum);
  assert_ends (open);
  assert_ends (negative);
  assert_ends (calls);
  assert_ends (long_text);
}

/* Every one of many expressions touches everything. */
static void
test_everything_refers_to_everything (void)
{
  g_autofree char *fields = numbered ("<q#/>", 10000);
  g_autofree char *all = g_strconcat ("<g>", fields, "</g>", NULL);
  g_autofree char *results = numbered ("<r#/>", 10000);
  g_autofree char *both = g_strconcat (all, results, NULL);
  g_autofree char *binds
      = numbered ("<bind nodeset='/data/r#' calculate='count(/data/g/*)'/>", 10000);
  g_autoptr(GError) error = NULL;
  gint64 start = g_get_monotonic_time ();

  g_assert_null (try_form (both, binds, "", &error));
  g_assert_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID);
  g_assert_cmpint (g_get_monotonic_time () - start, <, SOON);
}

static void
test_evil_patterns (void)
{
  static const char *const patterns[] = {
    "(a+)+b", "(a|aa)+b", "(.*)*b", "((a*)*)*b", "(a?){40}a{40}b", "([a-z]+)*[0-9]",
  };
  gint64 start = g_get_monotonic_time ();

  for (guint i = 0; i < G_N_ELEMENTS (patterns); i++)
    {
      g_autofree char *bind
          = g_strdup_printf ("<bind nodeset='/data/a' constraint=\"regex(., '%s')\"/>",
                             patterns[i]);
      g_autoptr(FpFormModel) model = form_model ("<a/>", bind, "<input ref='/data/a'/>");
      g_autofree char *text = g_strnfill (5000, 'a');

      form_set (model, "a", text);
      g_assert_nonnull (fp_form_node_get_error (form_node (model, "a")));
    }
  g_assert_cmpint (g_get_monotonic_time () - start, <, SOON);
}

/* A pattern cannot escape from its anchors or lift the limits. */
static void
test_patterns_stay_inside (void)
{
  static const char *const patterns[] = { "a)|(.*", "(*LIMIT_MATCH=999999999)a", "(", "a{99999}" };

  for (guint i = 0; i < G_N_ELEMENTS (patterns); i++)
    {
      g_autofree char *bind
          = g_strdup_printf ("<bind nodeset='/data/a' constraint=\"regex(., '%s')\"/>",
                             patterns[i]);
      g_autoptr(GError) error = NULL;

      g_assert_null (form_parse ("<a/>", bind, "<input ref='/data/a'/>", &error));
      g_assert_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INVALID);
    }
}

/* What a person types is never a pattern's or a path's business. */
static void
test_typed_text_is_only_text (void)
{
  static const char *const typed[]
      = { "'", "\"", "') or ('1'='1", "]]>", "<a/>", "&x;", "$f0", "%s%n", "../b", "\\" };
  g_autoptr(FpFormModel) model
      = form_model ("<a/><b>secret</b><c/>",
                    "<bind nodeset='/data/c' calculate='concat(/data/a, \"!\")'/>",
                    "<input ref='/data/a'><label>You said <output "
                    "value='/data/a'/></label></input><input ref='/data/c'/>");

  for (guint i = 0; i < G_N_ELEMENTS (typed); i++)
    {
      g_autofree char *expected = g_strconcat (typed[i], "!", NULL);
      g_autofree char *label = g_strconcat ("You said ", typed[i], NULL);
      g_autoptr(FpFormModel) again = NULL;

      form_set (model, "a", typed[i]);
      form_assert_value (model, "c", expected);
      g_assert_cmpstr (fp_form_node_get_label (form_node (model, "a")), ==, label);
      again = form_reload (model);
      form_assert_value (again, "c", expected);
    }
}

/* Cut and bent copies of the sample forms: refused or opened, never a crash. */
static void
test_mutations (void)
{
  static const char *const names[] = { "site-inspection", "water-point", "incident-report" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *file
          = g_strdup_printf ("%s/../data/forms/%s.xml", g_getenv ("G_TEST_SRCDIR"), names[i]);
      g_autofree char *text = NULL;
      gsize length;

      g_assert_true (g_file_get_contents (file, &text, &length, NULL));
      for (guint round = 0; round < 300; round++)
        {
          g_autofree char *bent = g_memdup2 (text, length);
          guint n = (guint) g_test_rand_int_range (1, 6);
          g_autoptr(GBytes) bytes = NULL;
          g_autoptr(FpFormDef) def = NULL;
          g_autoptr(FpFormModel) model = NULL;

          for (guint j = 0; j < n; j++)
            bent[g_test_rand_int_range (0, (gint32) length)]
                = "</>'\"=()[]*+-.:@$|aZ09 \n&;"[g_test_rand_int_range (0, 27)];
          bytes = g_bytes_new (bent, length);
          def = fp_form_def_parse (bytes, NULL);
          model = def ? fp_form_model_new (def, NULL, NULL) : NULL;
          if (model)
            g_ptr_array_unref (fp_form_model_validate (model));
        }
    }
}

int
main (int    argc,
      char **argv)
{
  g_setenv ("TZ", "UTC", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/form/hostile/entity-bombs-are-refused", test_entity_bomb);
  g_test_add_func ("/form/hostile/ten-thousand-questions-grow-no-faster",
                   test_ten_thousand_questions);
  g_test_add_func ("/form/hostile/a-change-costs-what-depends-on-it",
                   test_a_change_costs_what_depends_on_it);
  g_test_add_func ("/form/hostile/deep-groups", test_deep_groups);
  g_test_add_func ("/form/hostile/expensive-expressions-end", test_expensive_expressions);
  g_test_add_func ("/form/hostile/everything-refers-to-everything",
                   test_everything_refers_to_everything);
  g_test_add_func ("/form/hostile/evil-patterns-end", test_evil_patterns);
  g_test_add_func ("/form/hostile/patterns-stay-inside", test_patterns_stay_inside);
  g_test_add_func ("/form/hostile/typed-text-is-only-text", test_typed_text_is_only_text);
  g_test_add_func ("/form/hostile/bent-forms-do-not-crash", test_mutations);

  return g_test_run ();
}
