/* fp-agent-service-private.h — the inside of FpAgentService, shared by the files that serve its methods
 *
 * A file serves one group of methods and connects them; never leaves the folder. */
#pragma once

#include "bus/fp-agent-service.h"
#include "bus/fp-bus-error.h"
#include "bus/fp-bus-limits.h"
#include "bus/fp-dbus.h"

G_BEGIN_DECLS

typedef struct _FpAgentIntake FpAgentIntake;

struct _FpAgentService
{
  GObject parent_instance;

  /* Owned. */
  FpEngine    *engine;
  FpDbusAgent *agent;
  FpDbusDemo  *demo;      /* NULL without a demo */
  FpLink      *demo_link;
  FpStatus    *status;
  GArray      *changed;   /* ids that were not told yet */
  GCancellable *cancellable;

  FpBusLimits   *limits;
  FpAgentIntake *intake;  /* what Enqueue has under way */
  GHashTable    *told;    /* tag -> which program was told and has not answered (fp-agent-tags.c) */

  gboolean     changed_all;
  gboolean     changed_any;
  gboolean     reading;
  gboolean     read_again;
  guint        gather_id;
  guint        reread_id;
};

typedef struct {
  const char *signal;  /* "handle-…" of the skeleton */
  GCallback   handler; /* its last argument is the FpAgentService */
} FpBusMethod;

/* Connects @methods, ended by { NULL }. */
void _fp_agent_service_connect         (FpAgentService    *self,
                                        const FpBusMethod *methods);
/* fp-agent-enqueue.c */
void _fp_agent_service_connect_enqueue (FpAgentService    *self);
/* What is being copied ends here; the next agent finds it and says so. */
void _fp_agent_service_stop_intake     (FpAgentService    *self);
void _fp_agent_intake_free             (FpAgentIntake     *intake);
/* fp-agent-edit.c */
void _fp_agent_service_connect_edit    (FpAgentService    *self);
/* fp-agent-items.c */
void _fp_agent_service_connect_items   (FpAgentService    *self);
/* fp-agent-tags.c, fp-agent-periodic.c */
void _fp_agent_service_connect_tags    (FpAgentService    *self);
void _fp_agent_service_connect_periodic (FpAgentService   *self);

G_END_DECLS
