/* fp-bus-error.h — the only place where errors become D-Bus names */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define FP_BUS_ERROR_PREFIX "io.github.fieldpost.Fieldpost.Error."

typedef enum {
  FP_BUS_ERROR_LIMITS_EXCEEDED, /* the caller has too much under way: wait for answers, then go on */
} FpBusError;

#define FP_BUS_ERROR (fp_bus_error_quark ())
GQuark      fp_bus_error_quark    (void);

/* Answers @invocation (transfer full) with @error (transfer full) under its name of the table; "…Error.Failed" where it
 * has none there. */
void        fp_bus_error_return   (GDBusMethodInvocation *invocation,
                                   GError                *error);

G_END_DECLS
