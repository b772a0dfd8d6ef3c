#include "forms/form-test.h"

#include <string.h>

#include "base/fp-json.h"

static void
test_xml (void)
{
  g_autoptr(FpFormModel) model
      = form_model ("<a/><g><b/><c/></g><n/>",
                    "<bind nodeset='/data/g/b' relevant='/data/a = 1'/><bind nodeset='/data/n' "
                    "readonly='true()'/>",
                    "<input ref='/data/a'/><input ref='/data/g/b'/><input ref='/data/g/c'/><input "
                    "ref='/data/n'/>");
  g_autofree char *text = NULL;

  form_set (model, "a", "1");
  form_set (model, "b", "secret");
  form_set (model, "c", "<&\"\n");
  form_set (model, "a", "2");
  text = form_frozen (model);
  g_assert_cmpstr (text, ==,
                   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                   "<data id=\"test\" "
                   "version=\"1\"><a>2</a><g><c>&lt;&amp;&quot;\n</c></g><n/><meta><instanceID>"
                   "uuid:11111111-2222-4333-8444-555555555555</instanceID></meta></data>\n");
}

static void
test_a_hidden_group_goes_whole (void)
{
  g_autoptr(FpFormModel) model
      = form_model ("<a/><g><b>x</b></g>", "<bind nodeset='/data/g' relevant='/data/a = 1'/>",
                    "<input ref='/data/a'/>");
  g_autofree char *text = form_frozen (model);

  g_assert_null (strstr (text, "<g>"));
  g_assert_null (strstr (text, "<b>"));
}

static void
test_namespaces (void)
{
  const char *form
      = "<h:html xmlns='http://www.w3.org/2002/xforms' xmlns:h='http://www.w3.org/1999/xhtml' "
        "xmlns:orx='http://openrosa.org/xforms'>"
        "<h:head><model><instance><site xmlns='http://example.org/site' xmlns:e='urn:e' id='s' "
        "orx:version='3' e:x='&quot;'><a/>"
        "<e:b/><orx:meta><orx:instanceID/></orx:meta></site></instance><bind nodeset='/site/e:b' "
        "calculate='/site/a'/>"
        "<bind nodeset='/site/meta/instanceID' calculate=\"concat('uuid:', "
        "uuid())\"/></model></h:head>"
        "<h:body><input ref='/site/a'/></h:body></h:html>";
  g_autoptr(GBytes) bytes = g_bytes_new (form, strlen (form));
  g_autoptr(GError) error = NULL;
  g_autoptr(FpFormDef) def = fp_form_def_parse (bytes, &error);
  g_autoptr(FpFormModel) model = NULL;
  g_autofree char *text = NULL;
  g_autoptr(FpFormModel) again = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (fp_form_def_get_version (def), ==, "3");
  model = form_begin (def);
  form_set (model, "a", "1");
  text = form_frozen (model);
  g_assert_nonnull (strstr (text, "<site xmlns=\"http://example.org/site\" "));
  g_assert_nonnull (strstr (text, "xmlns:orx=\"http://openrosa.org/xforms\""));
  g_assert_nonnull (strstr (text, "orx:version=\"3\""));
  g_assert_nonnull (strstr (text, "e:x=\"&quot;\""));
  g_assert_nonnull (strstr (text, "<a>1</a><e:b>1</e:b><orx:meta><orx:instanceID>uuid:11111111-"));
  again = form_reload (model);
  form_assert_value (again, "a", "1");
}

static void
test_meta_is_made_where_there_is_none (void)
{
  const char *form = "<h:html xmlns='http://www.w3.org/2002/xforms' "
                     "xmlns:h='http://www.w3.org/1999/xhtml'><h:head><model><instance>"
                     "<d id='s'><a/></d></instance></model></h:head><h:body><input "
                     "ref='/d/a'/></h:body></h:html>";
  g_autoptr(GBytes) bytes = g_bytes_new (form, strlen (form));
  g_autoptr(FpFormDef) def = fp_form_def_parse (bytes, NULL);
  g_autoptr(FpFormModel) model = form_begin (def);
  g_autofree char *text = form_frozen (model);

  g_assert_nonnull (strstr (
      text,
      "<d xmlns:orx=\"http://openrosa.org/xforms\" id=\"s\"><a/><orx:meta><orx:instanceID>uuid:"));
}

static void
test_same_state_same_bytes (void)
{
  g_autoptr(FpFormDef) def = form_sample ("site-inspection");
  g_autoptr(FpFormModel) model = fp_form_model_new (def, NULL, NULL);
  g_autofree char *one = NULL;
  g_autofree char *other = NULL;

  form_set (model, "site", "Harbour wall");
  one = form_frozen (model);
  /* The clock goes on. */
  g_usleep (5000);
  other = form_frozen (model);
  g_assert_cmpstr (one, ==, other);
}

static void
test_json_golden (void)
{
  g_autoptr(FpFormDef) def = form_sample ("incident-report");
  g_autoptr(FpFormModel) model = form_begin (def);
  g_autofree char *text = NULL;
  g_autofree char *doc = NULL;
  g_autofree char *file
      = g_strdup_printf ("%s/../data/docs/json-submission.md", g_getenv ("G_TEST_SRCDIR"));
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) shown = NULL;
  g_autoptr(JsonNode) ours = NULL;
  g_autofree char *expected = NULL;
  const char *start;
  g_autoptr(GBytes) bytes = NULL;
  const char *media_type;

  form_set (model, "when", "2026-11-21");
  form_set (model, "where", "Hall 3, loading bay");
  form_set (model, "severity", "damage");
  form_set (model, "cost", "12.50");
  form_set (model, "severity", "first_aid");
  form_set (model, "people_hurt", "2");
  form_set (model, "causes", "slip weather");
  form_set (model, "what", "Ice on the ramp: \"two\" fell.\nBoth went home.");
  form_set (model, "/data/reporter/name", "Ada");
  text = form_frozen (model);
  g_assert_cmpstr (text, ==,
                   "{\"_id\":\"uuid:11111111-2222-4333-8444-555555555555\",\"when\":\"2026-11-21\","
                   "\"where\":\"Hall 3, loading bay\",\"severity\":\"first_aid\",\"people_hurt\":2,"
                   "\"causes\":[\"slip\",\"weather\"],\"what\":\"Ice on the ramp: \\\"two\\\" "
                   "fell.\\nBoth went home.\","
                   "\"reporter\":{\"name\":\"Ada\",\"phone\":null}}");
  bytes = fp_form_model_freeze (model, &media_type, &error);
  g_assert_cmpstr (media_type, ==, "application/json");

  /* The example of the documentation is this one. */
  g_file_get_contents (file, &doc, NULL, &error);
  g_assert_no_error (error);
  start = strstr (doc, "```json\n") + strlen ("```json\n");
  shown = fp_json_parse (start, strstr (start, "```") - start, &error);
  g_assert_no_error (error);
  ours = fp_json_parse (text, -1, &error);
  g_assert_no_error (error);
  expected = fp_json_print (shown, FALSE);
  g_assert_true (json_node_equal (shown, ours));
  g_assert_cmpstr (expected, ==, text);
}

static void
test_json_types (void)
{
  g_autoptr(FpFormModel) model = form_model (
      "<i/><d/><e/><b/><s/><m/><n/><t/><g><x/></g><h><y/></h>",
      "<submission serialization='application/json' action='http://127.0.0.1/'/><bind "
      "nodeset='/data/i' type='int'/>"
      "<bind nodeset='/data/d' type='decimal'/><bind nodeset='/data/e' type='decimal'/>"
      "<bind nodeset='/data/b' type='boolean' calculate='/data/i &gt; 1'/><bind nodeset='/data/n' "
      "readonly='true()'/>"
      "<bind nodeset='/data/h' relevant='false()'/>",
      "<input ref='/data/i'/><input ref='/data/d'/><input ref='/data/e'/><input ref='/data/s'/>"
      "<select ref='/data/m'><item><value>a</value></item><item><value>b</value></item></select>"
      "<input ref='/data/n'/><input ref='/data/t'/>");
  g_autofree char *text = NULL;
  g_autoptr(JsonNode) node = NULL;
  g_autoptr(GError) error = NULL;

  form_set (model, "i", "+007");
  form_set (model, "d", "-.50");
  form_set (model, "e", "12.");
  form_set (model, "s", "12");
  form_set (model, "m", "b");
  form_set (model, "t", "\t\"\\/\x7f é😀\xe2\x80\xa8");
  text = form_frozen (model);
  g_assert_cmpstr (text, ==,
                   "{\"_id\":\"uuid:11111111-2222-4333-8444-555555555555\",\"i\":7,\"d\":-0.50,"
                   "\"e\":12,\"b\":true,"
                   "\"s\":\"12\",\"m\":[\"b\"],\"t\":\"\\u0009\\\"\\\\/\x7f "
                   "é😀\xe2\x80\xa8\",\"g\":{\"x\":null}}");
  node = fp_json_parse (text, -1, &error);
  g_assert_no_error (error);
}

/* A wrong number never becomes broken JSON. */
static void
test_json_of_a_wrong_answer (void)
{
  g_autoptr(FpFormModel) model
      = form_model ("<i/>",
                    "<submission serialization='application/json' "
                    "action='http://127.0.0.1/'/><bind nodeset='/data/i' type='int'/>",
                    "<input ref='/data/i'/>");
  g_autofree char *text = NULL;

  form_set (model, "i", "1e5}");
  text = form_frozen (model);
  g_assert_cmpstr (text, ==,
                   "{\"_id\":\"uuid:11111111-2222-4333-8444-555555555555\",\"i\":\"1e5}\"}");
}

static void
test_an_edit_names_what_it_replaces (void)
{
  static const char *const metas[] = { "", "<deprecatedID>old</deprecatedID>" };

  for (guint i = 0; i < G_N_ELEMENTS (metas); i++)
    {
      g_autofree char *form = g_strdup_printf (
          "<h:html xmlns='http://www.w3.org/2002/xforms' xmlns:h='http://www.w3.org/1999/xhtml'><h:head><model>"
          "<instance><data id='s'><a/><meta><instanceID/>%s</meta></data></instance></model></h:head>"
          "<h:body><input ref='/data/a'/></h:body></h:html>",
          metas[i]);
      g_autoptr(GBytes) source = g_bytes_new (form, strlen (form));
      g_autoptr(FpFormDef) def = fp_form_def_parse (source, NULL);
      g_autoptr(FpFormModel) model = form_begin (def);
      g_autoptr(FpFormModel) again = NULL;
      g_autoptr(GBytes) bytes = NULL;
      g_autofree char *text = NULL;
      g_autofree char *plain = NULL;

      fp_form_model_renew (model, "99999999-2222-4333-8444-555555555555");
      fp_form_model_set_deprecated_id (model, "uuid:<old>");
      text = form_frozen (model);
      g_assert_nonnull (strstr (text, "<instanceID>uuid:99999999-2222-4333-8444-555555555555</instanceID>"
                                      "<deprecatedID>uuid:&lt;old&gt;</deprecatedID></meta>"));
      /* What is edited once more opens, though the form has no such question. */
      bytes = g_bytes_new (text, strlen (text));
      again = fp_form_model_load (fp_form_model_get_def (model), bytes, NULL, NULL);
      g_assert_nonnull (again);
      fp_form_model_set_deprecated_id (model, NULL);
      plain = form_frozen (model);
      g_assert_null (strstr (plain, "old&gt;"));
    }
}

static void
test_json_opens_again (void)
{
  static const FpFormEnv env = { .uid = "99999999-2222-4333-8444-555555555555" };
  g_autoptr(FpFormDef) def = form_sample ("incident-report");
  g_autoptr(FpFormModel) model = form_begin (def);
  g_autoptr(FpFormModel) again = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *one = NULL;
  g_autofree char *other = NULL;
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GBytes) junk = g_bytes_new_static ("[1]", 3);

  form_set (model, "where", "Hall \"3\"");
  form_set (model, "severity", "first_aid");
  form_set (model, "people_hurt", "2");
  form_set (model, "causes", "slip weather");
  form_set (model, "/data/reporter/name", "Ada");
  one = form_frozen (model);
  bytes = g_bytes_new (one, strlen (one));
  again = fp_form_model_load_json (def, bytes, &env, &error);
  g_assert_no_error (error);
  form_assert_value (again, "causes", "slip weather");
  form_assert_value (again, "people_hurt", "2");
  fp_form_model_set_deprecated_id (again, fp_form_model_get_instance_id (model));
  other = form_frozen (again);
  g_assert_true (g_str_has_prefix (other, "{\"_id\":\"uuid:99999999-2222-4333-8444-555555555555\","
                                          "\"_deprecated_id\":\"uuid:11111111-"));
  g_assert_cmpstr (strchr (strchr (other, ',') + 1, ','), ==, strchr (one, ','));

  g_clear_object (&again);
  again = fp_form_model_load_json (def, junk, &env, &error);
  g_assert_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INSTANCE);
}

int
main (int    argc,
      char **argv)
{
  g_setenv ("TZ", "UTC", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/form/freeze/xml-leaves-out-what-is-not-relevant", test_xml);
  g_test_add_func ("/form/freeze/a-hidden-group-goes-whole", test_a_hidden_group_goes_whole);
  g_test_add_func ("/form/freeze/namespaces-are-kept", test_namespaces);
  g_test_add_func ("/form/freeze/meta-is-made-where-there-is-none",
                   test_meta_is_made_where_there_is_none);
  g_test_add_func ("/form/freeze/same-state-same-bytes", test_same_state_same_bytes);
  g_test_add_func ("/form/freeze/json-is-as-documented", test_json_golden);
  g_test_add_func ("/form/freeze/json-types", test_json_types);
  g_test_add_func ("/form/freeze/json-of-a-wrong-answer-is-json", test_json_of_a_wrong_answer);
  g_test_add_func ("/form/freeze/an-edit-names-what-it-replaces", test_an_edit_names_what_it_replaces);
  g_test_add_func ("/form/freeze/json-opens-again", test_json_opens_again);

  return g_test_run ();
}
