/* fp-submission.h — what the receiver reads out of XML: of a submission its identity, of a form its name */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* @form_id and @instance_id are never empty after success; FP_RECEIVER_ERROR_MALFORMED otherwise. */
gboolean  fp_submission_read      (GBytes      *xml,
                                   char       **form_id,
                                   char       **version,
                                   char       **instance_id,
                                   char       **deprecated_id,
                                   GError     **error);
gboolean  fp_submission_read_form (GBytes      *xml,
                                   char       **form_id,
                                   char       **version,
                                   char       **title,
                                   GError     **error);

G_END_DECLS
