/* fp-agent-call.h — a call about names that belong to somebody: who calls is found out before anything is done */
#pragma once

#include "bus/fp-agent-service-private.h"
#include "bus/fp-bus-caller.h"

G_BEGIN_DECLS

typedef struct _FpAgentCall FpAgentCall;

struct _FpAgentCall {
  FpAgentService        *service;    /* owned */
  GDBusMethodInvocation *invocation; /* answered by whoever runs last */
  void                 (*run) (FpAgentCall *call);
  char                  *app;        /* "" = no sandbox */
  char                  *name;       /* of the caller's own space */
  char                  *bus_name;   /* (nullable): whom to tell; that of a sandbox is its own */
  char                  *text;       /* (nullable) */
  gboolean               ok;
  gint64                 interval;   /* ms */
  /* Of the engine's call that is under way, for fp_agent_call_finish_cb(). */
  gboolean             (*finish) (FpEngine *engine, GAsyncResult *result, GError **error);
};

/* @bus_name: (nullable), "" as well: nobody named. Runs @run when the caller is known, or answers with an error. */
FpAgentCall *fp_agent_call_new  (FpAgentService        *service,
                                 GDBusMethodInvocation *invocation,
                                 const char            *name,
                                 const char            *bus_name);
void         fp_agent_call_ask  (FpAgentCall           *call,
                                 void                 (*run) (FpAgentCall *call));
/* Answers without a value, or with @error (transfer full), and ends the call. */
void         fp_agent_call_end  (FpAgentCall           *call,
                                 GError                *error);
/* Ends the call with what its finish() says; the engine's callback where nothing but success comes back. */
void         fp_agent_call_finish_cb (GObject          *source,
                                      GAsyncResult     *result,
                                      gpointer          call);
void         fp_agent_call_free (FpAgentCall           *call);

G_END_DECLS
