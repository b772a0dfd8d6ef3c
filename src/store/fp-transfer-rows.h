/* fp-transfer-rows.h — what leaves for another place and what comes from one */
#pragma once

#include "store/fp-form-rows.h"

G_BEGIN_DECLS

/* Which items. */
typedef struct {
  guint   states; /* bits 1 << FpItemState */
  char   *tag;    /* (nullable) */
  GArray *ids;    /* (nullable): only these, gint64 */
} FpTransferQuery;

/* Ids greater than @after in their order, at most @limit. What was moved away or is being copied is left out, with
 * @move what is being sent or was settled, too. */
GArray   *fp_transfer_rows_select   (FpStoreTxn             *txn,
                                     const FpTransferQuery  *query,
                                     gboolean                move,
                                     gint64                  after,
                                     guint                   limit,
                                     GError                **error);
/* Ids greater than @after of what the export @uid has not wholly written. */
GArray   *fp_transfer_rows_moving   (FpStoreTxn             *txn,
                                     const char             *uid,
                                     gint64                  after,
                                     guint                   limit,
                                     GError                **error);
/* Holds an item as "moving" by the export @uid; what it was before is kept with it. */
gboolean  fp_transfer_rows_hold     (FpStoreTxn             *txn,
                                     const char             *uid,
                                     FpItem                 *item,
                                     GError                **error);
/* The export @uid is whole: at most @limit of its items with ids greater than @after are "moved". @after: (inout): the
 * last of them. @n: (out): how many; fewer than @limit: there are no more. */
gboolean  fp_transfer_rows_settle   (FpStoreTxn             *txn,
                                     const char             *uid,
                                     gint64                 *after,
                                     guint                   limit,
                                     guint                  *n,
                                     GError                **error);
/* A moved item as it was before: state, hold and reason. FALSE: it is not held so. */
gboolean  fp_transfer_rows_restore  (FpItem                 *item);
/* TRUE if a receipt says that it was sent from here, and may be cleaned up since, or an edit put another in its place. */
gboolean  fp_transfer_rows_is_done  (FpStoreTxn             *txn,
                                     const char             *uid);
/* The row with the same form and bytes, also a hidden one; otherwise adds it, hidden where another version is visible.
 * Sets row->id. */
gboolean  fp_transfer_rows_add_form (FpStoreTxn             *txn,
                                     FpFormRow              *row,
                                     GBytes                 *xml,
                                     GError                **error);

G_END_DECLS
