#include "config.h"

#include "net/fp-exchange-fault.h"

#include <glib/gi18n.h>
#include <libsoup/soup.h>

#include "net/fp-body-stream.h"

static FpFault
judge_secret_error (const GError *error)
{
  switch ((FpSecretError) error->code)
    {
    case FP_SECRET_ERROR_NOT_FOUND:
    case FP_SECRET_ERROR_ORIGIN:
      return FP_FAULT_SECRET;
    case FP_SECRET_ERROR_UNAVAILABLE:
    case FP_SECRET_ERROR_LOCKED:
    case FP_SECRET_ERROR_FAILED:
    default:
      return FP_FAULT_KEYRING;
    }
}

/* The network's own words for "took too long" count like ours. */
FpFault
_fp_exchange_judge_error (const GError        *error,
                          const FpExchangeEnd *end,
                          gboolean             sent_any)
{
  if (end->timed_out)
    return FP_FAULT_TIMEOUT;
  if (end->aborted || !error || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return FP_FAULT_CANCELLED;
  if (error->domain == FP_BODY_ERROR)
    return FP_FAULT_BODY;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES))
    return FP_FAULT_OPEN_FILES;
  if (error->domain == FP_SECRET_ERROR)
    return judge_secret_error (error);
  if (error->domain == G_RESOLVER_ERROR)
    return FP_FAULT_RESOLVE;
  if (error->domain == G_TLS_ERROR)
    return sent_any ? FP_FAULT_CUT : FP_FAULT_TLS;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return FP_FAULT_TIMEOUT;

  return sent_any ? FP_FAULT_CUT : FP_FAULT_CONNECT;
}

const char *
_fp_exchange_fault_text (FpFault       fault,
                         const GError *error)
{
  if (fault == FP_FAULT_TIMEOUT)
    return _("Nothing moved for too long");
  if (fault == FP_FAULT_CANCELLED || !error)
    return _("The attempt was broken off");

  return error->message;
}
