#include "sync/fp-tags-private.h"

#include "store/fp-form-rows.h"
#include "sync/fp-batch.h"

#define SETTING_PAUSED "paused"

FpTagsOp *
fp_tags_op_new (FpTagsOpKind  kind,
                const char   *tag)
{
  FpTagsOp *op = g_new0 (FpTagsOp, 1);

  op->kind = kind;
  op->tag = g_strdup (tag);

  return op;
}

void
fp_tags_op_free (gpointer data)
{
  FpTagsOp *op = data;

  g_free (op->tag);
  g_free (op->bus_name);
  g_free (op->why);
  g_clear_pointer (&op->row, fp_registration_free);
  g_free (op);
}

void
fp_tags_look_free (gpointer data)
{
  FpTagsLook *look = data;

  g_clear_pointer (&look->registrations, g_ptr_array_unref);
  g_clear_pointer (&look->batches, g_hash_table_unref);
  g_clear_pointer (&look->ready, g_ptr_array_unref);
  g_clear_pointer (&look->jobs, g_ptr_array_unref);
  g_free (look);
}

/* Reading. */

static gboolean
setting_is (FpStoreTxn  *txn,
            const char  *name,
            const char  *expected,
            gboolean    *is,
            GError     **error)
{
  g_autoptr(GError) local = NULL;
  g_autofree char *value = fp_setting_rows_get (txn, name, &local);

  *is = g_strcmp0 (value, expected) == 0;
  if (!local)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));

  return FALSE;
}

static gboolean
read_ready (FpStoreTxn  *txn,
            FpTagsLook  *look,
            GError     **error)
{
  g_autoptr(GPtrArray) names = fp_event_rows_list_ready (txn, error);

  look->ready = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_tag_row_free);
  for (guint i = 0; names && i < names->len; i++)
    {
      FpTagRow *row = fp_tag_rows_get (txn, g_ptr_array_index (names, i), error);

      if (!row)
        return FALSE;
      g_ptr_array_add (look->ready, row);
    }

  return names != NULL;
}

static gboolean
read_registrations (FpStoreTxn  *txn,
                    FpTagsLook  *look,
                    GError     **error)
{
  look->registrations = fp_registration_rows_list (txn, error);
  look->batches = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; look->registrations && i < look->registrations->len; i++)
    {
      const char *name = ((FpRegistration *) g_ptr_array_index (look->registrations, i))->tag;
      g_autoptr(GError) local = NULL;
      g_autoptr(FpTagRow) row = fp_tag_rows_get (txn, name, &local);

      if (row)
        g_hash_table_add (look->batches, g_strdup (name));
      else if (!g_error_matches (local, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
    }

  return look->registrations != NULL;
}

gpointer
fp_tags_read (FpStoreTxn  *txn,
              gpointer     unused,
              GError     **error)
{
  FpTagsLook *look = g_new0 (FpTagsLook, 1);

  if (setting_is (txn, SETTING_PAUSED, "1", &look->paused, error)
      && setting_is (txn, FP_SETTING_PERIODIC, "granted", &look->granted, error)
      && setting_is (txn, FP_SETTING_PERIODIC_METERED, "1", &look->metered_jobs, error)
      && read_registrations (txn, look, error) && read_ready (txn, look, error)
      && (look->jobs = fp_periodic_list (txn, error)))
    return look;

  fp_tags_look_free (look);
  return NULL;
}

/* Writing. */

static gboolean
write_op (FpStoreTxn      *txn,
          const FpTagsOp  *op,
          GError         **error)
{
  switch (op->kind)
    {
    case FP_TAGS_OP_FREEZE:
      return fp_batch_freeze (txn, op->tag, NULL, error);
    case FP_TAGS_OP_SETTLE:
      return fp_registration_rows_settle (txn, op->tag, op->revision, op->row, error);
    case FP_TAGS_OP_JOB:
      return fp_periodic_begin (txn, op->tag, error);
    case FP_TAGS_OP_TELL:
      return fp_periodic_rows_begin (txn, op->tag, error)
             && fp_registration_rows_add (txn, op->tag, op->bus_name, error);
    case FP_TAGS_OP_JOB_END:
    default:
      return fp_periodic_rows_end (txn, op->tag, op->why, error);
    }
}

gpointer
fp_tags_write (FpStoreTxn  *txn,
               gpointer     data,
               GError     **error)
{
  GPtrArray *ops = data;

  for (guint i = 0; i < ops->len; i++)
    if (!write_op (txn, g_ptr_array_index (ops, i), error))
      return NULL;

  return ops;
}
