#include "agent/fp-agent-rest.h"

#include <stdlib.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

struct _FpAgentRest
{
  guint    rest_ms;
  void   (*give_back) (void);
  gboolean worked; /* since memory was given back */
  guint    timer;
};

/* glibc keeps what is freed: a third of the agent after one delivery over https. */
static void
give_memory_back (void)
{
#ifdef __GLIBC__
  malloc_trim (0);
#endif
}

static gboolean
rested_cb (gpointer data)
{
  FpAgentRest *rest = data;

  rest->timer = 0;
  rest->worked = FALSE;
  rest->give_back ();

  return G_SOURCE_REMOVE;
}

void
fp_agent_rest_set_busy (FpAgentRest *rest,
                        gboolean     busy)
{
  g_return_if_fail (rest);

  rest->worked |= busy;
  if (busy)
    g_clear_handle_id (&rest->timer, g_source_remove);
  else if (rest->worked && rest->timer == 0)
    rest->timer = g_timeout_add (rest->rest_ms, rested_cb, rest);
}

FpAgentRest *
fp_agent_rest_new (guint   rest_ms,
                   void  (*give_back) (void))
{
  FpAgentRest *rest = g_new0 (FpAgentRest, 1);

  rest->rest_ms = rest_ms;
  rest->give_back = give_back ? give_back : give_memory_back;
  rest->worked = TRUE;
  fp_agent_rest_set_busy (rest, FALSE);

  return rest;
}

void
fp_agent_rest_free (FpAgentRest *rest)
{
  g_clear_handle_id (&rest->timer, g_source_remove);
  g_free (rest);
}
