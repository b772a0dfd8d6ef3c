#include "forms/form-test.h"

#include <string.h>

static const char *const names[] = { "site-inspection", "water-point", "incident-report" };

static void
test_all_is_supported (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr(FpFormDef) def = form_sample (names[i]);
      g_autoptr(FpFormModel) model = form_begin (def);
      g_autoptr(GPtrArray) questions = fp_form_model_list_questions (model);

      g_assert_cmpstr (fp_form_def_get_id (def), ==, names[i]);
      g_assert_null (fp_form_def_get_notes (def)[0]);
      for (guint j = 0; j < questions->len; j++)
        {
          FpFormNode *node = g_ptr_array_index (questions, j);

          g_assert_cmpint (fp_form_node_get_question (node), !=, FP_QUESTION_UNSUPPORTED);
          g_assert_cmpstr (fp_form_node_get_label (node), !=, "");
        }
    }
}

/* Every label of the German version is another than the English one. */
static void
test_both_languages_are_whole (void)
{
  g_autoptr(FpFormDef) def = form_sample ("site-inspection");
  g_autoptr(FpFormModel) english = form_begin (def);
  g_autoptr(FpFormModel) german = form_begin (def);
  g_autoptr(GPtrArray) one = fp_form_model_list_questions (english);
  g_autoptr(GPtrArray) other = fp_form_model_list_questions (german);

  g_assert_cmpuint (g_strv_length ((char **) fp_form_def_get_languages (def)), ==, 2);
  fp_form_model_set_language (german, "Deutsch (de)");
  for (guint i = 0; i < one->len; i++)
    {
      FpFormNode *a = g_ptr_array_index (one, i);
      FpFormNode *b = g_ptr_array_index (other, i);

      g_assert_cmpstr (fp_form_node_get_label (a), !=, fp_form_node_get_label (b));
      g_assert_cmpint (fp_form_node_get_hint (a) != NULL, ==, fp_form_node_get_hint (b) != NULL);
    }
}

static void
assert_valid (FpFormModel *model)
{
  g_autoptr(GPtrArray) invalid = fp_form_model_validate (model);

  for (guint i = 0; i < invalid->len; i++)
    g_error ("%s: %s", fp_form_node_get_path (g_ptr_array_index (invalid, i)),
             fp_form_node_get_error (g_ptr_array_index (invalid, i)));
}

static void
test_a_bad_site (void)
{
  g_autoptr(FpFormDef) def = form_sample ("site-inspection");
  g_autoptr(FpFormModel) model = form_begin (def);
  g_autofree char *summary = NULL;
  g_autofree char *text = NULL;

  form_set (model, "site", "Harbour wall");
  form_set (model, "inspector", "Ada");
  form_set (model, "reason", "complaint");
  form_set (model, "case_number", "BA-26-1");
  form_assert_error (model, "case_number", "A case number looks like BA-2026-041.");
  form_set (model, "case_number", "BA-2026-041");
  form_set (model, "fence", "no");
  form_set (model, "fence_gap", "North side");
  form_set (model, "ways", "no");
  form_set (model, "first_aid", "yes");
  form_set (model, "workers", "12");
  form_set (model, "without_helmet", "13");
  g_assert_nonnull (fp_form_node_get_error (form_node (model, "without_helmet")));
  form_set (model, "without_helmet", "3");
  form_set (model, "present", "yes");
  form_set (model, "height", "8.5");
  form_set (model, "tag", "red");
  form_assert_relevant (model, "closed_note", TRUE);
  form_set (model, "guard_rails", "no");
  form_set (model, "hazards", "none edge");
  form_assert_error (model, "hazards", "“None” does not go together with a hazard.");
  form_set (model, "hazards", "edge");
  form_assert_relevant (model, "photo", TRUE);
  form_set (model, "photo", "edge.jpg");
  g_assert_cmpstr (fp_form_node_get_label (form_node (model, "score_note")), ==,
                   "Score: 25 of 100.");
  form_assert_relevant (model, "stop", TRUE);
  form_set (model, "stop", "part");
  form_set (model, "deadline", "2026-11-01");
  g_assert_nonnull (fp_form_node_get_error (form_node (model, "deadline")));
  form_set (model, "deadline", "2026-12-01");
  form_set (model, "told", "Mr Moss, Wall & Sons");
  assert_valid (model);
  summary = fp_form_model_dup_summary (model);
  g_assert_cmpstr (summary, ==, "Harbour wall · 2026-11-22");
  text = form_frozen (model);
  g_assert_nonnull (strstr (text, "<rating>poor</rating>"));
  g_assert_nonnull (strstr (text, "<photo>edge.jpg</photo>"));
}

static void
test_a_good_site_asks_little (void)
{
  g_autoptr(FpFormDef) def = form_sample ("site-inspection");
  g_autoptr(FpFormModel) model = form_begin (def);

  form_set (model, "site", "School roof");
  form_set (model, "inspector", "Ada");
  form_set (model, "reason", "routine");
  form_set (model, "fence", "yes");
  form_set (model, "ways", "yes");
  form_set (model, "first_aid", "yes");
  form_set (model, "workers", "0");
  form_set (model, "present", "no");
  form_set (model, "hazards", "none");
  form_assert_relevant (model, "photo", FALSE);
  form_assert_relevant (model, "deadline", FALSE);
  g_assert_cmpstr (fp_form_node_get_label (form_node (model, "score_note")), ==,
                   "Score: 100 of 100.");
  assert_valid (model);
}

static void
test_a_weak_pump (void)
{
  g_autoptr(FpFormDef) def = form_sample ("water-point");
  g_autoptr(FpFormModel) model = form_begin (def);
  g_autofree char *summary = NULL;

  form_set (model, "code", "WP0417");
  form_set (model, "district", "gulu");
  g_assert_cmpuint (fp_form_node_get_choices (form_node (model, "village"))->len, ==, 3);
  form_set (model, "village", "bobi");
  form_set (model, "kind", "borehole");
  form_set (model, "built", "2027");
  g_assert_nonnull (fp_form_node_get_error (form_node (model, "built")));
  form_set (model, "built", "1998");
  form_set (model, "users", "households school");
  form_set (model, "families", "80");
  form_set (model, "working", "weak");
  form_set (model, "parts", "handle cylinder");
  form_set (model, "repair", "mechanic");
  form_set (model, "seconds", "96");
  g_assert_cmpstr (fp_form_node_get_label (form_node (model, "flow_note")), ==,
                   "Flow: 12.5 litres a minute.");
  form_set (model, "ph", "2");
  form_assert_error (model, "ph",
                     "A pH from 3 to 11. Rinse the probe and measure again if it is outside.");
  form_set (model, "ph", "6.8");
  form_set (model, "contact", "+256700123456");
  assert_valid (model);
  summary = fp_form_model_dup_summary (model);
  g_assert_cmpstr (summary, ==, "WP0417 Bobi");
  form_set (model, "district", "arua");
  form_assert_value (model, "village", "");
}

/* Something that a person could have done to @node. */
static char *
dup_random_answer (FpFormNode *node)
{
  static const char *const texts[] = { "",          "x",      "<&>\"'",       "é😀\r\n\t",   "12",
                                       "-3.5",      "WP0001", "BA-2026-001",  "2026-11-20", " 7 ",
                                       "none edge", "\x01",   "+256700123456" };
  GPtrArray *choices = fp_form_node_get_choices (node);
  GString *tokens;

  if (!choices || choices->len == 0 || g_test_rand_int_range (0, 5) == 0)
    return g_strdup (texts[g_test_rand_int_range (0, G_N_ELEMENTS (texts))]);
  tokens = g_string_new (NULL);
  for (gint32 n = g_test_rand_int_range (1, 3); n > 0; n--)
    g_string_append_printf (
        tokens, "%s ",
        ((FpChoice *) g_ptr_array_index (choices, g_test_rand_int_range (0, (gint32) choices->len)))
            ->value);

  return g_string_free (tokens, FALSE);
}

static void
assert_round_trip (FpFormModel *model)
{
  g_autoptr(FpFormModel) again = form_reload (model);
  g_autoptr(GBytes) before = fp_form_model_dup_instance (model);
  g_autoptr(GBytes) after = fp_form_model_dup_instance (again);
  g_autofree char *frozen = form_frozen (model);
  g_autofree char *frozen_again = form_frozen (again);

  g_assert_true (g_bytes_equal (before, after));
  g_assert_cmpstr (frozen, ==, frozen_again);
}

static void
step_randomly (FpFormModel *model,
               GPtrArray   *questions)
{
  FpFormNode *node
      = g_ptr_array_index (questions, g_test_rand_int_range (0, (gint32) questions->len));
  g_autofree char *answer = dup_random_answer (node);
  g_autoptr(GPtrArray) invalid = NULL;
  guint answered, total;

  switch (g_test_rand_int_range (0, 10))
    {
    case 0:
      fp_form_model_undo (model);
      break;
    case 1:
      fp_form_model_redo (model);
      break;
    case 2:
      invalid = fp_form_model_validate (model);
      break;
    case 3:
      fp_form_model_set_language (model, g_test_rand_bit () ? "Deutsch (de)" : "English (en)");
      break;
    default:
      fp_form_model_set_value (model, node, answer);
    }
  fp_form_model_get_progress (model, &answered, &total);
  g_assert_cmpuint (answered, <=, total);
}

/* Whatever is done, a draft is what was there, and so is the submission. */
static void
test_random_filling (void)
{
  guint rounds = g_test_slow () ? 200 : 20;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    for (guint round = 0; round < rounds; round++)
      {
        g_autoptr(FpFormDef) def = form_sample (names[i]);
        g_autoptr(FpFormModel) model = form_begin (def);
        g_autoptr(GPtrArray) questions = fp_form_model_list_questions (model);

        for (guint step = 0; step < 60; step++)
          {
            step_randomly (model, questions);
            if (step % 10 == 0)
              assert_round_trip (model);
          }
        assert_round_trip (model);
        g_clear_pointer (&questions, g_ptr_array_unref);
        g_assert_finalize_object (g_steal_pointer (&model));
      }
}

int
main (int    argc,
      char **argv)
{
  g_setenv ("TZ", "UTC", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sample-forms/all-is-supported", test_all_is_supported);
  g_test_add_func ("/sample-forms/both-languages-are-whole", test_both_languages_are_whole);
  g_test_add_func ("/sample-forms/a-bad-site", test_a_bad_site);
  g_test_add_func ("/sample-forms/a-good-site-asks-little", test_a_good_site_asks_little);
  g_test_add_func ("/sample-forms/a-weak-pump", test_a_weak_pump);
  g_test_add_func ("/sample-forms/random-filling-round-trips", test_random_filling);

  return g_test_run ();
}
