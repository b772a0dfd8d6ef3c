/* fp-nested-context.h — a main context of one's own that runs inside the caller's
 *
 * An object bound to its own context can be wound up in dispose by running that context alone: no other source of the
 * program is dispatched on the way. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Returns: (transfer full): a source for the outer context; it is attached already, to the thread-default one */
GSource *_fp_nested_context_attach (GMainContext *inner);
void     _fp_nested_context_detach (GSource      *source);

G_END_DECLS
