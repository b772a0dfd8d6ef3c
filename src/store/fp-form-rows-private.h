/* fp-form-rows-private.h — a row of table form, as it is. Stays in this folder. */
#pragma once

#include "store/fp-form-rows.h"

G_BEGIN_DECLS

/* Inserts @row with all that is in it, also whether it is hidden; sets its id. No other row is looked at. */
gboolean _fp_form_rows_insert (FpStoreTxn  *txn,
                               FpFormRow   *row,
                               GBytes      *xml,
                               GError     **error);

G_END_DECLS
