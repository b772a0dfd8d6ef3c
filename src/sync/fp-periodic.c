#include "sync/fp-periodic.h"

gboolean
fp_periodic_is_builtin (const char *name)
{
  return g_str_equal (name, FP_PERIODIC_CLEAN_UP) || g_str_equal (name, "daily-sync") || g_str_equal (name, "check-updates");
}

/**
 * fp_periodic_get_wait:
 * @row: a job
 * @now: what the clocks say
 *
 * Within one boot only boot time counts, which never jumps. Across boots the wall clock is all there is: if it says
 * that the last run is still to come it was set back, and waiting for it could take years; then it is due, once, since
 * a run is noted by the clocks of its own time.
 *
 * Returns: ms, 0 to the job's interval
 */
gint64
fp_periodic_get_wait (const FpPeriodicRow *row,
                      const FpPeriodicNow *now)
{
  gint64 last = MAX (row->last_run, row->registered);
  gint64 passed;

  if (g_strcmp0 (row->last_boot_id, now->boot_id) == 0)
    passed = now->boot - row->last_boot;
  else if (now->wall < last)
    passed = row->min_interval;
  else
    passed = MAX (now->wall - last, now->boot);

  return CLAMP (row->min_interval - passed, 0, row->min_interval);
}

static FpPeriodicRow *
clean_up_new (void)
{
  FpPeriodicRow *row = fp_periodic_row_new ();

  row->name = g_strdup (FP_PERIODIC_CLEAN_UP);
  row->min_interval = FP_PERIODIC_DAY_MS;

  return row;
}

GPtrArray *
fp_periodic_list (FpStoreTxn  *txn,
                  GError     **error)
{
  GPtrArray *rows = fp_periodic_rows_list (txn, error);
  int order = -1;
  guint i;

  for (i = 0; rows && order < 0 && i < rows->len; i++)
    {
      order = g_strcmp0 (((FpPeriodicRow *) g_ptr_array_index (rows, i))->name, FP_PERIODIC_CLEAN_UP);
      if (order > 0)
        break;
    }
  if (rows && order != 0)
    g_ptr_array_insert (rows, (int) i, clean_up_new ());

  return rows;
}

gboolean
fp_periodic_begin (FpStoreTxn  *txn,
                   const char  *name,
                   GError     **error)
{
  g_autoptr(FpPeriodicRow) clean_up = g_str_equal (name, FP_PERIODIC_CLEAN_UP) ? clean_up_new () : NULL;

  return (!clean_up || fp_periodic_rows_set (txn, clean_up, error)) && fp_periodic_rows_begin (txn, name, error);
}
