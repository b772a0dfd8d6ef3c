#include "bus/fp-bus-error.h"

#include "engine/fp-engine.h"

const char *
fp_bus_error_get_name (const GError *error)
{
  static const char * const engine_names[] = {
    [FP_ENGINE_ERROR_INVALID] = FP_BUS_ERROR_PREFIX "Invalid",
    [FP_ENGINE_ERROR_NO_ADDRESS] = FP_BUS_ERROR_PREFIX "NoAddress",
    [FP_ENGINE_ERROR_USAGE] = FP_BUS_ERROR_PREFIX "Usage",
    [FP_ENGINE_ERROR_NOT_FOUND] = FP_BUS_ERROR_PREFIX "NotFound",
    [FP_ENGINE_ERROR_REFUSED] = FP_BUS_ERROR_PREFIX "Refused",
    [FP_ENGINE_ERROR_SERVER] = FP_BUS_ERROR_PREFIX "Server",
  };

  if (error->domain == FP_ENGINE_ERROR && (guint) error->code < G_N_ELEMENTS (engine_names))
    return engine_names[error->code];
  if (g_error_matches (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND))
    return FP_BUS_ERROR_PREFIX "NotFound";
  if (g_error_matches (error, FP_STORE_ERROR, FP_STORE_ERROR_CHANGED))
    return FP_BUS_ERROR_PREFIX "Refused";
  if (error->domain == FP_STORE_ERROR)
    return FP_BUS_ERROR_PREFIX "Store";
  if (error->domain == FP_SECRET_ERROR)
    return FP_BUS_ERROR_PREFIX "Secret";

  return FP_BUS_ERROR_PREFIX "Failed";
}

void
fp_bus_error_return (GDBusMethodInvocation *invocation,
                     GError                *error)
{
  g_dbus_method_invocation_return_dbus_error (invocation, fp_bus_error_get_name (error), error->message);
  g_error_free (error);
}
