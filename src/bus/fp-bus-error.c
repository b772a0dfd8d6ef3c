#include "bus/fp-bus-error.h"

#include "engine/fp-engine.h"

G_DEFINE_QUARK (fp-bus-error-quark, fp_bus_error)

#define ANY -1

typedef struct {
  GQuark    (*domain) (void);
  int         code;
  const char *name;
} Name;

/* data/docs/dbus.md says what each means to a caller. The first line that fits. */
static const Name names[] = {
  { fp_engine_error_quark, FP_ENGINE_ERROR_INVALID, FP_BUS_ERROR_PREFIX "Invalid" },
  { fp_engine_error_quark, FP_ENGINE_ERROR_NO_ADDRESS, FP_BUS_ERROR_PREFIX "NoAddress" },
  { fp_engine_error_quark, FP_ENGINE_ERROR_USAGE, FP_BUS_ERROR_PREFIX "Usage" },
  { fp_engine_error_quark, FP_ENGINE_ERROR_NOT_FOUND, FP_BUS_ERROR_PREFIX "NotFound" },
  { fp_engine_error_quark, FP_ENGINE_ERROR_REFUSED, FP_BUS_ERROR_PREFIX "Refused" },
  { fp_engine_error_quark, FP_ENGINE_ERROR_SERVER, FP_BUS_ERROR_PREFIX "Server" },
  { fp_store_error_quark, FP_STORE_ERROR_NOT_FOUND, FP_BUS_ERROR_PREFIX "NotFound" },
  { fp_store_error_quark, FP_STORE_ERROR_CHANGED, FP_BUS_ERROR_PREFIX "Refused" },
  { fp_store_error_quark, FP_STORE_ERROR_FULL, FP_BUS_ERROR_PREFIX "Full" },
  { fp_store_error_quark, FP_STORE_ERROR_BUSY, FP_BUS_ERROR_PREFIX "Busy" },
  { fp_store_error_quark, ANY, FP_BUS_ERROR_PREFIX "Store" },
  { fp_secret_error_quark, ANY, FP_BUS_ERROR_PREFIX "Secret" },
  { fp_bus_error_quark, FP_BUS_ERROR_LIMITS_EXCEEDED, FP_BUS_ERROR_PREFIX "LimitsExceeded" },
};

static const char *
get_name (const GError *error)
{
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (error->domain == names[i].domain () && (names[i].code == ANY || names[i].code == error->code))
      return names[i].name;

  return FP_BUS_ERROR_PREFIX "Failed";
}

void
fp_bus_error_return (GDBusMethodInvocation *invocation,
                     GError                *error)
{
  g_dbus_method_invocation_return_dbus_error (invocation, get_name (error), error->message);
  g_error_free (error);
}
