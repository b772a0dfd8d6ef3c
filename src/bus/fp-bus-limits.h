/* fp-bus-limits.h — how much of one caller, and of all together, may be under way: who has more waits for answers
 *
 * A call is under way until its answer, a copy until its bytes are durable. Main context only. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _FpBusLimits FpBusLimits;

FpBusLimits *fp_bus_limits_new        (void);
void         fp_bus_limits_free       (FpBusLimits *limits);

/* @sender: (nullable): unique name. Before a request is read: what it holds in memory is bounded by what a message may
 * hold. FP_BUS_ERROR_LIMITS_EXCEEDED otherwise. */
gboolean     fp_bus_limits_check_call (FpBusLimits *limits,
                                       const char  *sender,
                                       GError     **error);
gboolean     fp_bus_limits_check_copy (FpBusLimits *limits,
                                       const char  *sender,
                                       GError     **error);
/* @memory: bytes that the message brought. Each is ended once, with the same numbers. */
void         fp_bus_limits_begin_call (FpBusLimits *limits,
                                       const char  *sender,
                                       gint64       memory);
void         fp_bus_limits_end_call   (FpBusLimits *limits,
                                       const char  *sender,
                                       gint64       memory);
void         fp_bus_limits_begin_copy (FpBusLimits *limits,
                                       const char  *sender);
void         fp_bus_limits_end_copy   (FpBusLimits *limits,
                                       const char  *sender);

G_END_DECLS
