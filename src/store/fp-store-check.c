#include "store/fp-store-private.h"

/**
 * fp_store_check:
 *
 * Lets SQLite look through the file: pages, indexes, constraints; some seconds a gigabyte. For a read transaction.
 *
 * Returns: (transfer full) (nullable): the first thing that is wrong; NULL without error if nothing is
 */
char *
fp_store_check (FpStoreTxn *txn,
                GError    **error)
{
  g_autofree char *found = NULL;

  g_return_val_if_fail (txn, NULL);

  found = fp_db_dup_text (txn->db, "PRAGMA quick_check(1)", error);

  return found && !g_str_equal (found, "ok") ? g_steal_pointer (&found) : NULL;
}
