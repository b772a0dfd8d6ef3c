#include "base/fp-json.h"

#include <gio/gio.h>

static void
test_syntax_error_says_where (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) node = fp_json_parse ("{\n  \"a\": }", -1, &error);

  g_assert_null (node);
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "2:"));
}

static void
assert_refused (const char *text,
                gssize      length)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) node = fp_json_parse (text, length, &error);

  g_assert_null (node);
  g_assert_nonnull (error);
}

static void
test_hostile_is_refused (void)
{
  g_autofree char *deep = g_strnfill (10000000, '[');
  g_autofree char *hidden = g_strconcat ("/* \" */ ", deep, NULL);
  g_autofree char *quoted = g_strconcat ("['\"',", deep, NULL);

  assert_refused (deep, -1);
  assert_refused (hidden, -1);
  assert_refused (quoted, -1);
  assert_refused ("", -1);
  assert_refused ("  ", -1);
  assert_refused ("{\"a\":\"\xff\"}", -1);
  assert_refused ("[1,\0]", 5);
  assert_refused ("[1,2", -1);
}

static void
test_brackets_in_strings_do_not_count (void)
{
  g_autofree char *many = g_strnfill (5000, '[');
  g_autofree char *text = g_strdup_printf ("{\"a\":\"\\\"%s\"}", many);
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) node = fp_json_parse (text, -1, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (strlen (fp_json_peek_string (json_node_get_object (node), "a")), ==, 5001);
}

static void
test_other_type_is_absent (void)
{
  g_autoptr(JsonNode) node = fp_json_parse ("{\"s\":\"x\",\"i\":7,\"d\":1.5,\"n\":null}", -1, NULL);
  JsonObject *object = json_node_get_object (node);

  g_assert_cmpstr (fp_json_peek_string (object, "s"), ==, "x");
  g_assert_null (fp_json_peek_string (object, "i"));
  g_assert_null (fp_json_peek_string (object, "n"));
  g_assert_null (fp_json_peek_string (object, "none"));
  g_assert_cmpint (fp_json_get_int (object, "i", 1), ==, 7);
  g_assert_cmpint (fp_json_get_int (object, "s", 1), ==, 1);
  g_assert_cmpint (fp_json_get_int (object, "d", 1), ==, 1);
  g_assert_cmpint (fp_json_get_int (object, "none", 1), ==, 1);
}

static void
test_map_round_trip (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GHashTable) map
      = fp_json_to_string_map ("{\"b\":\"2\",\"a\":\"\\u00e9\\n\"}", &error);
  g_autoptr(GHashTable) empty = fp_json_to_string_map (NULL, &error);
  g_autofree char *text = fp_json_from_string_map (map);
  g_autofree char *none = fp_json_from_string_map (empty);

  g_assert_no_error (error);
  g_assert_cmpstr (g_hash_table_lookup (map, "a"), ==, "é\n");
  g_assert_cmpstr (text, ==, "{\"a\":\"é\\n\",\"b\":\"2\"}");
  g_assert_cmpstr (none, ==, "{}");
}

static void
test_map_names_the_wrong_member (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GHashTable) map = fp_json_to_string_map ("{\"a\":\"x\",\"count\":3}", &error);
  g_autoptr(GHashTable) array = fp_json_to_string_map ("[]", NULL);

  g_assert_null (map);
  g_assert_null (array);
  g_assert_nonnull (strstr (error->message, "\"count\""));
}

static void
test_print_keeps_the_order (void)
{
  g_autoptr(JsonNode) node = fp_json_parse ("{\"z\": 1, \"a\": [true, null]}", -1, NULL);
  g_autofree char *compact = fp_json_print (node, FALSE);
  g_autofree char *pretty = fp_json_print (node, TRUE);

  g_assert_cmpstr (compact, ==, "{\"z\":1,\"a\":[true,null]}");
  g_assert_nonnull (strchr (pretty, '\n'));
}

static void
test_what_is_not_there (void)
{
  g_autoptr(GHashTable) map = g_hash_table_new (g_str_hash, g_str_equal);
  JsonObject *object = json_object_new ();
  g_autofree char *text = NULL;

  g_hash_table_insert (map, (char *) "k", (char *) "v");
  json_object_set_string_member (object, "null", NULL);
  fp_json_set_given (object, "absent", NULL);
  fp_json_set_given (object, "empty", "");
  fp_json_set_time (object, "never", 0);
  fp_json_set_time (object, "once", G_GINT64_CONSTANT (1700000000000));
  json_object_set_object_member (object, "map", fp_json_object_from_map (map));
  json_object_set_object_member (object, "none", fp_json_object_from_map (NULL));
  text = fp_json_print_object (object, FALSE);

  g_assert_cmpstr (text, ==, "{\"null\":null,\"empty\":\"\",\"never\":null,\"once\":1700000000000,"
                             "\"map\":{\"k\":\"v\"},\"none\":{}}");
}

static void
test_taken_is_owned (void)
{
  JsonArray *array = json_array_new ();
  g_autofree char *text = NULL;
  JsonNode *node;

  json_array_add_element (array, fp_json_take_object (json_object_new ()));
  json_array_ref (array);
  node = fp_json_take_array (array);
  text = fp_json_print (node, FALSE);
  json_node_unref (node);

  g_assert_cmpstr (text, ==, "[{}]");
  g_assert_cmpuint (json_array_get_length (array), ==, 1);
  json_array_unref (array);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/base/json/syntax-error-says-where", test_syntax_error_says_where);
  g_test_add_func ("/base/json/hostile-is-refused", test_hostile_is_refused);
  g_test_add_func ("/base/json/brackets-in-strings-do-not-count",
                   test_brackets_in_strings_do_not_count);
  g_test_add_func ("/base/json/other-type-is-absent", test_other_type_is_absent);
  g_test_add_func ("/base/json/map-round-trip", test_map_round_trip);
  g_test_add_func ("/base/json/map-names-the-wrong-member", test_map_names_the_wrong_member);
  g_test_add_func ("/base/json/print-keeps-the-order", test_print_keeps_the_order);
  g_test_add_func ("/base/json/what-is-not-there", test_what_is_not_there);
  g_test_add_func ("/base/json/taken-is-owned", test_taken_is_owned);

  return g_test_run ();
}
