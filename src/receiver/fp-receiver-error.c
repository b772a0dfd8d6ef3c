#include "config.h"

#include "receiver/fp-receiver-error.h"

#include <errno.h>

#include <glib/gi18n.h>

G_DEFINE_QUARK (fp-receiver-error-quark, fp_receiver_error)

gboolean
fp_receiver_set_errno (GError     **error,
                       int          number,
                       const char  *doing)
{
  g_message ("Could not %s: %s", doing, g_strerror (number));
  if (number == ENOSPC || number == EDQUOT)
    g_set_error_literal (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_FULL,
                         _("The receiver’s disk is full"));
  else
    g_set_error (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_FAILED,
                 /* Translators: %s is the system's reason, such as “Permission denied”. */
                 _("The receiver could not write to its folder: %s"), g_strerror (number));

  return FALSE;
}
