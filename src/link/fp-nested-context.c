#include "link/fp-nested-context.h"

typedef struct
{
  GSource source;

  GMainContext *inner; /* owned, and acquired by this thread */
  int priority;

  /* The outer context keeps pointers into @watched, so it is replaced only with its polls removed. */
  GPollFD *watched;
  gint n_watched;
  GPollFD *asked;
  gint n_asked;
} NestedSource;

static gboolean
same_polls (const GPollFD *a,
            const GPollFD *b,
            gint           n)
{
  gint i;

  for (i = 0; i < n; i++)
    if (a[i].fd != b[i].fd || a[i].events != b[i].events)
      return FALSE;

  return TRUE;
}

static void
forget_polls (NestedSource *self)
{
  gint i;

  for (i = 0; i < self->n_watched; i++)
    g_source_remove_poll (&self->source, &self->watched[i]);
  self->n_watched = 0;
}

static void
watch_polls (NestedSource *self,
             gint          n)
{
  gint i;

  if (n == self->n_watched && same_polls (self->asked, self->watched, n))
    return;

  forget_polls (self);
  self->watched = g_renew (GPollFD, self->watched, n);
  self->n_watched = n;
  for (i = 0; i < n; i++)
    {
      self->watched[i] = self->asked[i];
      g_source_add_poll (&self->source, &self->watched[i]);
    }
}

/* Never says "ready" itself: the inner context collects what is ready in g_main_context_check() only. */
static gboolean
prepare (GSource *source,
         int     *timeout)
{
  NestedSource *self = (NestedSource *) source;
  gint n;

  g_main_context_prepare (self->inner, &self->priority);
  while ((n = g_main_context_query (self->inner, self->priority, timeout, self->asked,
                                    self->n_asked))
         > self->n_asked)
    {
      self->asked = g_renew (GPollFD, self->asked, n);
      self->n_asked = n;
    }
  watch_polls (self, n);

  return FALSE;
}

static gboolean
check (GSource *source)
{
  NestedSource *self = (NestedSource *) source;

  return g_main_context_check (self->inner, self->priority, self->watched, self->n_watched);
}

static gboolean
dispatch (GSource     *source,
          GSourceFunc  callback,
          gpointer     user_data)
{
  NestedSource *self = (NestedSource *) source;

  g_main_context_dispatch (self->inner);

  return G_SOURCE_CONTINUE;
}

static void
finalize (GSource *source)
{
  NestedSource *self = (NestedSource *) source;

  g_free (self->watched);
  g_free (self->asked);
  g_main_context_unref (self->inner);
}

static GSourceFuncs nested_funcs = { prepare, check, dispatch, finalize, NULL, NULL };

GSource *
_fp_nested_context_attach (GMainContext *inner)
{
  GSource *source = g_source_new (&nested_funcs, sizeof (NestedSource));
  NestedSource *self = (NestedSource *) source;

  if (!g_main_context_acquire (inner))
    g_assert_not_reached ();
  self->inner = g_main_context_ref (inner);
  g_source_set_name (source, "fieldpost link");
  g_source_attach (source, g_main_context_get_thread_default ());

  return source;
}

void
_fp_nested_context_detach (GSource *source)
{
  NestedSource *self = (NestedSource *) source;

  if (!g_source_is_destroyed (source))
    forget_polls (self);
  g_source_destroy (source);
  g_main_context_release (self->inner);
  g_source_unref (source);
}
