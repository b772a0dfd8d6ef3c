/* fp-bus-error.h — the only place where errors become D-Bus names */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define FP_BUS_ERROR_PREFIX "io.github.fieldpost.Fieldpost.Error."

/* "…Error.Usage", ".Invalid", ".NoAddress", ".NotFound", ".Refused", ".Server", ".Secret", ".Store" or ".Failed". */
const char *fp_bus_error_get_name (const GError          *error);
/* Answers @invocation (transfer full) with @error (transfer full). */
void        fp_bus_error_return   (GDBusMethodInvocation *invocation,
                                   GError                *error);

G_END_DECLS
