#include "forms/form-test.h"

#include <string.h>

static void
count_cb (gpointer  object,
          GParamSpec *pspec,
          guint    *count)
{
  (*count)++;
}

static void
changed_cb (FpFormModel *model,
            guint       *count)
{
  (*count)++;
}

static void
test_a_new_filling (void)
{
  g_autoptr(FpFormModel) model = form_model (
      "<start/><day/><dev/><who/><a>x</a><b/>",
      "<bind nodeset='/data/start' jr:preload='timestamp' jr:preloadParams='start'/>"
      "<bind nodeset='/data/day' type='date' jr:preload='date' jr:preloadParams='today'/>"
      "<bind nodeset='/data/dev' jr:preload='property' jr:preloadParams='deviceid'/>"
      "<bind nodeset='/data/who' jr:preload='property' jr:preloadParams='username'/>"
      "<setvalue event='odk-instance-first-load' ref='/data/b' value=\"concat(/data/a, 'y')\"/>",
      "<input ref='/data/start'/><input ref='/data/day'/><input ref='/data/dev'/><input "
      "ref='/data/who'/>"
      "<input ref='/data/a'/><input ref='/data/b'/>");

  form_assert_value (model, "start", "2026-11-22T10:00:00.000+00:00");
  form_assert_value (model, "day", "2026-11-22");
  form_assert_value (model, "dev", "fieldpost:test");
  form_assert_value (model, "who", "ada");
  form_assert_value (model, "a", "x");
  form_assert_value (model, "b", "xy");
  g_assert_cmpstr (fp_form_model_get_instance_id (model), ==,
                   "uuid:11111111-2222-4333-8444-555555555555");
}

static void
test_instance_ids_differ (void)
{
  g_autoptr(FpFormDef) def = form_def ("<a/>", "", "");
  g_autoptr(FpFormModel) one = fp_form_model_new (def, NULL, NULL);
  g_autoptr(FpFormModel) other = fp_form_model_new (def, NULL, NULL);

  g_assert_cmpstr (fp_form_model_get_instance_id (one), !=, fp_form_model_get_instance_id (other));
}

static void
test_tree (void)
{
  g_autoptr(FpFormModel) model
      = form_model ("<g><a/></g><b/>", "",
                    "<group ref='/data/g'><label>G</label><input ref='a'/></group>"
                    "<group><input ref='/data/b'/></group>");
  GListModel *top = fp_form_node_get_children (fp_form_model_get_root (model));
  g_autoptr(FpFormNode) group = g_list_model_get_item (top, 0);
  g_autoptr(FpFormNode) bare = g_list_model_get_item (top, 1);
  g_autoptr(FpFormNode) a = g_list_model_get_item (fp_form_node_get_children (group), 0);

  g_assert_cmpuint (g_list_model_get_n_items (top), ==, 2);
  g_assert_cmpint (fp_form_node_get_kind (group), ==, FP_NODE_GROUP);
  g_assert_cmpstr (fp_form_node_get_label (group), ==, "G");
  g_assert_cmpstr (fp_form_node_get_path (a), ==, "/data/g/a");
  g_assert_cmpstr (fp_form_node_get_name (a), ==, "a");
  g_assert_true (fp_form_node_get_parent (a) == group);
  g_assert_null (fp_form_node_get_path (bare));
  g_assert_cmpint (fp_form_node_get_kind (fp_form_model_get_root (model)), ==, FP_NODE_ROOT);
}

static void
test_find (void)
{
  g_autoptr(FpFormModel) model
      = form_model ("<g><a/></g><h><a/></h><c/>", "",
                    "<input ref='/data/g/a'/><input ref='/data/h/a'/><input ref='/data/c'/>");

  g_assert_nonnull (fp_form_model_find (model, "c"));
  g_assert_nonnull (fp_form_model_find (model, "/data/h/a"));
  g_assert_null (fp_form_model_find (model, "a"));
  g_assert_null (fp_form_model_find (model, "/data/x"));
  g_assert_null (fp_form_model_find (model, ""));
}

/* What was typed stays, with the reason why it is wrong. */
static void
test_wrong_types_are_kept_with_an_error (void)
{
  static const struct {
    const char *type;
    const char *right[6];
    const char *wrong[8];
  } rows[] = {
    { "int",
      { "0", "-5", "007", "2147483647" },
      { "x", "1.5", "1e3", "2147483648", "99999999999999999999", "0x1", "--1" } },
    { "decimal", { "0", "-5.25", ".5", "7." }, { "x", "1,5", "1e3", "NaN", ".", "1.2.3", "-" } },
    { "date",
      { "2026-02-28", "2024-02-29" },
      { "x", "2026-02-29", "2026-13-01", "22.11.2026", "2026-1-1", "2026-02-28T10:00" } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *bind = g_strdup_printf ("<bind nodeset='/data/a' type='%s'/>", rows[i].type);
      g_autoptr(FpFormModel) model = form_model ("<a/>", bind, "<input ref='/data/a'/>");

      for (const char *const *text = rows[i].right; *text; text++)
        {
          form_set (model, "a", *text);
          form_assert_value (model, "a", *text);
          form_assert_error (model, "a", NULL);
        }
      for (const char *const *text = rows[i].wrong; *text; text++)
        {
          g_autoptr(GPtrArray) invalid = NULL;

          form_set (model, "a", *text);
          form_assert_value (model, "a", *text);
          g_assert_nonnull (fp_form_node_get_error (form_node (model, "a")));
          invalid = fp_form_model_validate (model);
          g_assert_cmpuint (invalid->len, ==, 1);
        }
      form_set (model, "a", "");
      form_assert_error (model, "a", NULL);
    }
}

static void
test_numbers_are_trimmed (void)
{
  g_autoptr(FpFormModel) model = form_model (
      "<a/><b/>",
      "<bind nodeset='/data/a' type='int'/><bind nodeset='/data/b' calculate='/data/a + 1'/>",
      "<input ref='/data/a'/><input ref='/data/b'/>");

  form_set (model, "a", " +7 ");
  form_assert_value (model, "a", "7");
  form_assert_value (model, "b", "8");
}

static void
test_selects (void)
{
  const char *items = "<item><label>A</label><value>a</value></item><item><label>B</"
                      "label><value>b</value></item>";
  g_autofree char *body = g_strdup_printf (
      "<select1 ref='/data/one'>%s</select1><select ref='/data/many'>%s</select>", items, items);
  g_autoptr(FpFormModel) model = form_model ("<one/><many/>", "", body);

  form_set (model, "one", "b");
  form_assert_error (model, "one", NULL);
  form_set (model, "one", "c");
  g_assert_nonnull (fp_form_node_get_error (form_node (model, "one")));
  form_set (model, "one", "a b");
  g_assert_nonnull (fp_form_node_get_error (form_node (model, "one")));
  form_set (model, "many", "  b   a ");
  form_assert_value (model, "many", "b a");
  form_assert_error (model, "many", NULL);
  form_set (model, "many", "a a");
  g_assert_nonnull (fp_form_node_get_error (form_node (model, "many")));
  g_assert_cmpuint (fp_form_node_get_choices (form_node (model, "one"))->len, ==, 2);
}

static void
test_text_that_xml_cannot_hold (void)
{
  g_autoptr(FpFormModel) model = form_model ("<a/>", "", "<input ref='/data/a'/>");
  g_autoptr(FpFormModel) again = NULL;

  form_set (model, "a", "x\x02y \xff <&>]]>\r\n\t ");
  again = form_reload (model);
  form_assert_value (again, "a", fp_form_node_get_value (form_node (model, "a")));
  g_assert_true (g_str_has_prefix (fp_form_node_get_value (form_node (model, "a")), "xy "));
}

static void
test_too_much_text_is_refused_aloud (void)
{
  g_autoptr(FpFormModel) model = form_model ("<a/>", "", "<input ref='/data/a'/>");
  g_autofree char *large = g_strnfill (2 * 1024 * 1024, 'x');

  form_set (model, "a", "before");
  form_set (model, "a", large);
  form_assert_value (model, "a", "before");
  g_assert_nonnull (fp_form_node_get_error (form_node (model, "a")));
}

static void
test_readonly_is_left_alone (void)
{
  g_autoptr(FpFormModel) model
      = form_model ("<g><a>1</a></g><b/>", "<bind nodeset='/data/g' readonly='/data/b = 1'/>",
                    "<group ref='/data/g'><input ref='/data/g/a'/></group><input ref='/data/b'/>");
  guint count = 0;

  g_signal_connect (form_node (model, "a"), "notify::readonly", G_CALLBACK (count_cb), &count);
  form_set (model, "b", "1");
  g_assert_cmpuint (count, ==, 1);
  g_assert_true (fp_form_node_get_readonly (form_node (model, "a")));
  form_set (model, "a", "2");
  form_assert_value (model, "a", "1");
}

static void
test_notes (void)
{
  g_autoptr(FpFormModel) model = form_model (
      "<n/><shown>x</shown><c/>",
      "<bind nodeset='/data/n' readonly='true()'/><bind nodeset='/data/shown' readonly='true()'/>"
      "<bind nodeset='/data/c' readonly='true()' calculate='1 + 1'/>",
      "<input ref='/data/n'/><input ref='/data/shown'/><input ref='/data/c'/>");

  g_assert_cmpint (fp_form_node_get_question (form_node (model, "n")), ==, FP_QUESTION_NOTE);
  g_assert_cmpint (fp_form_node_get_question (form_node (model, "shown")), ==, FP_QUESTION_TEXT);
  g_assert_cmpint (fp_form_node_get_question (form_node (model, "c")), ==, FP_QUESTION_TEXT);
  form_assert_value (model, "c", "2");
}

static void
test_signals (void)
{
  g_autoptr(FpFormModel) model
      = form_model ("<a/><b/>", "<bind nodeset='/data/b' calculate='/data/a'/>",
                    "<input ref='/data/a'/><input ref='/data/b'/>");
  guint changed = 0, a = 0, b = 0;

  g_signal_connect (model, "changed", G_CALLBACK (changed_cb), &changed);
  g_signal_connect (form_node (model, "a"), "notify::value", G_CALLBACK (count_cb), &a);
  g_signal_connect (form_node (model, "b"), "notify::value", G_CALLBACK (count_cb), &b);
  form_set (model, "a", "1");
  form_set (model, "a", "1");
  g_assert_cmpuint (changed, ==, 1);
  g_assert_cmpuint (a, ==, 1);
  g_assert_cmpuint (b, ==, 1);
}

/* A widget may answer a change with another one. */
static void
follow_cb (FpFormNode  *node,
           GParamSpec  *pspec,
           FpFormModel *model)
{
  form_set (model, "b", fp_form_node_get_value (node));
  form_assert_value (model, "c", fp_form_node_get_value (node));
}

static void
test_listeners_may_change_the_model (void)
{
  g_autoptr(FpFormModel) model
      = form_model ("<a/><b/><c/>", "<bind nodeset='/data/c' calculate='/data/b'/>",
                    "<input ref='/data/a'/><input ref='/data/b'/><input ref='/data/c'/>");

  g_signal_connect (form_node (model, "a"), "notify::value", G_CALLBACK (follow_cb), model);
  form_set (model, "a", "7");
  form_assert_value (model, "c", "7");
}

static void
test_undo (void)
{
  g_autoptr(FpFormModel) model
      = form_model ("<a/><b/><c/>",
                    "<bind nodeset='/data/c' calculate='concat(/data/a, /data/b)'/>",
                    "<input ref='/data/a'/><input ref='/data/b'/><input ref='/data/c'/>");

  g_assert_false (fp_form_model_can_undo (model));
  g_assert_null (fp_form_model_undo (model));
  form_set (model, "a", "x");
  form_set (model, "a", "xy");
  form_set (model, "b", "z");
  form_assert_value (model, "c", "xyz");
  g_assert_true (fp_form_model_undo (model) == form_node (model, "b"));
  form_assert_value (model, "c", "xy");
  /* Typing in one go is one step. */
  g_assert_true (fp_form_model_undo (model) == form_node (model, "a"));
  form_assert_value (model, "a", "");
  form_assert_value (model, "c", "");
  g_assert_false (fp_form_model_can_undo (model));
  g_assert_true (fp_form_model_redo (model) == form_node (model, "a"));
  form_assert_value (model, "c", "xy");
  form_set (model, "b", "q");
  g_assert_false (fp_form_model_can_redo (model));
}

static void
test_draft_comes_back (void)
{
  g_autoptr(FpFormModel) model
      = form_model ("<a/><b/><t/>",
                    "<bind nodeset='/data/b' relevant='/data/a = 1'/><bind nodeset='/data/t' "
                    "calculate='concat(uuid(), /data/a)'/>",
                    "<input ref='/data/a'/><input ref='/data/b'/>");
  g_autoptr(FpFormModel) again = NULL;
  g_autoptr(GBytes) before = NULL;
  g_autoptr(GBytes) after = NULL;

  form_set (model, "a", "1");
  form_set (model, "b", "  kept while hidden  ");
  form_set (model, "a", "2");
  before = fp_form_model_dup_instance (model);
  again = form_reload (model);
  after = fp_form_model_dup_instance (again);
  g_assert_true (g_bytes_equal (before, after));
  form_assert_relevant (again, "b", FALSE);
  g_assert_cmpstr (fp_form_model_get_instance_id (again), ==,
                   fp_form_model_get_instance_id (model));
  form_set (again, "a", "1");
  form_assert_relevant (again, "b", TRUE);
  form_assert_value (again, "b", "  kept while hidden  ");
}

static void
assert_not_loaded (FpFormDef  *def,
                   const char *text)
{
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr(GError) error = NULL;
  g_autoptr(FpFormModel) model = fp_form_model_load (def, bytes, NULL, &error);

  g_assert_null (model);
  g_assert_error (error, FP_FORM_ERROR, FP_FORM_ERROR_INSTANCE);
}

static void
test_a_stranger_is_not_loaded (void)
{
  g_autoptr(FpFormDef) def = form_def ("<a/>", "", "");

  assert_not_loaded (def, "<data id='other'><a/></data>");
  assert_not_loaded (def, "<x id='test'><a/></x>");
  assert_not_loaded (def,
                     "<data id='test'><a/><b/><meta><instanceID>uuid:1</instanceID></meta></data>");
  assert_not_loaded (def,
                     "<data id='test'><a/><a/><meta><instanceID>uuid:1</instanceID></meta></data>");
  assert_not_loaded (def, "<data id='test'><a/></data>");
  assert_not_loaded (def, "<data");
}

static void
test_progress_summary_and_files (void)
{
  g_autoptr(FpFormModel) model = form_model (
      "<a/><s/><n/><p/><h/>",
      "<bind nodeset='/data/n' readonly='true()'/><bind nodeset='/data/h' relevant=\"/data/a = "
      "'x'\"/>"
      "<bind nodeset='/data/p' relevant=\"/data/a != 'none'\"/>",
      "<input ref='/data/a'/><select1 "
      "ref='/data/s'><item><label>Blue</label><value>b</value></item></select1>"
      "<input ref='/data/n'/><upload ref='/data/p' mediatype='image/*'/><input ref='/data/h'/>");
  guint answered, total;
  g_autofree char *empty = fp_form_model_dup_summary (model);
  g_autofree char *summary = NULL;
  g_auto(GStrv) files = NULL;
  g_auto(GStrv) none = NULL;

  g_assert_cmpstr (empty, ==, "");
  fp_form_model_get_progress (model, &answered, &total);
  g_assert_cmpuint (answered, ==, 0);
  g_assert_cmpuint (total, ==, 3);
  form_set (model, "p", "photo.jpg");
  form_set (model, "a", "x");
  form_set (model, "s", "b");
  fp_form_model_get_progress (model, &answered, &total);
  g_assert_cmpuint (answered, ==, 3);
  g_assert_cmpuint (total, ==, 4);
  summary = fp_form_model_dup_summary (model);
  g_assert_cmpstr (summary, ==, "x, Blue");
  files = fp_form_model_list_files (model);
  g_assert_cmpstr (files[0], ==, "photo.jpg");
  g_assert_null (files[1]);
  form_set (model, "a", "none");
  none = fp_form_model_list_files (model);
  g_assert_null (none[0]);
}

static void
test_nodes_outlive_the_model (void)
{
  FpFormModel *model = form_model ("<a>x</a>", "", "<input ref='/data/a'/>");
  g_autoptr(FpFormNode) node = g_object_ref (form_node (model, "a"));

  g_assert_finalize_object (model);
  g_assert_cmpstr (fp_form_node_get_value (node), ==, "");
  g_assert_cmpstr (fp_form_node_get_path (node), ==, "/data/a");
  g_assert_null (fp_form_node_get_parent (node));
}

int
main (int    argc,
      char **argv)
{
  g_setenv ("TZ", "UTC", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/form/model/a-new-filling-knows-what-it-can", test_a_new_filling);
  g_test_add_func ("/form/model/instance-ids-differ", test_instance_ids_differ);
  g_test_add_func ("/form/model/tree", test_tree);
  g_test_add_func ("/form/model/find", test_find);
  g_test_add_func ("/form/model/wrong-types-are-kept-with-an-error",
                   test_wrong_types_are_kept_with_an_error);
  g_test_add_func ("/form/model/numbers-are-trimmed", test_numbers_are_trimmed);
  g_test_add_func ("/form/model/selects", test_selects);
  g_test_add_func ("/form/model/text-that-xml-cannot-hold", test_text_that_xml_cannot_hold);
  g_test_add_func ("/form/model/too-much-text-is-refused-aloud",
                   test_too_much_text_is_refused_aloud);
  g_test_add_func ("/form/model/readonly-is-left-alone", test_readonly_is_left_alone);
  g_test_add_func ("/form/model/notes", test_notes);
  g_test_add_func ("/form/model/signals-come-once", test_signals);
  g_test_add_func ("/form/model/listeners-may-change-the-model",
                   test_listeners_may_change_the_model);
  g_test_add_func ("/form/model/undo-and-redo", test_undo);
  g_test_add_func ("/form/model/draft-comes-back", test_draft_comes_back);
  g_test_add_func ("/form/model/a-stranger-is-not-loaded", test_a_stranger_is_not_loaded);
  g_test_add_func ("/form/model/progress-summary-and-files", test_progress_summary_and_files);
  g_test_add_func ("/form/model/nodes-outlive-the-model", test_nodes_outlive_the_model);

  return g_test_run ();
}
