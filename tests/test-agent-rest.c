/* When the agent gives memory back. */
#include "agent/fp-agent-rest.h"
#include "fp-test.h"

static guint given;

static void
give_back (void)
{
  given++;
}

static gboolean
has_timer (FpAgentRest *rest)
{
  return g_main_context_find_source_by_user_data (NULL, rest) != NULL;
}

static void
once_after_each_work (void)
{
  FpAgentRest *rest;

  given = 0;
  rest = fp_agent_rest_new (5, give_back);
  fp_test_until (given == 1);
  /* Nothing wakes it up where nothing was done. */
  fp_agent_rest_set_busy (rest, FALSE);
  g_assert_false (has_timer (rest));
  fp_agent_rest_set_busy (rest, TRUE);
  g_assert_false (has_timer (rest));
  fp_agent_rest_set_busy (rest, FALSE);
  fp_agent_rest_set_busy (rest, FALSE);
  fp_test_until (given == 2);
  g_assert_false (has_timer (rest));
  fp_agent_rest_free (rest);
}

static void
work_in_between_is_waited_for (void)
{
  FpAgentRest *rest;
  gpointer address;

  given = 0;
  rest = fp_agent_rest_new (60000, give_back);
  address = rest;
  g_assert_true (has_timer (rest));
  fp_agent_rest_set_busy (rest, TRUE);
  g_assert_false (has_timer (rest));
  fp_agent_rest_set_busy (rest, FALSE);
  g_assert_true (has_timer (rest));
  fp_agent_rest_free (rest);
  g_assert_null (g_main_context_find_source_by_user_data (NULL, address));
  g_assert_cmpuint (given, ==, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent/rest/once-after-each-work", once_after_each_work);
  g_test_add_func ("/agent/rest/work-in-between-is-waited-for", work_in_between_is_waited_for);

  return g_test_run ();
}
