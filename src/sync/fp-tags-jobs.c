#include "sync/fp-tags-private.h"

/* Periodic jobs: which are due, and whether they may run now. */

/* Wakes for what is not urgent are rounded up to this, so that they come together. */
#define SLOT_MS 30000

/* Clean-up stays in the store: it needs nobody's leave. */
static gboolean
is_allowed (FpTags              *self,
            const FpPeriodicRow *row)
{
  if (!self->jobs || !self->look || !fp_sync_get_holding (self->sync))
    return FALSE;

  return g_str_equal (row->name, FP_PERIODIC_CLEAN_UP) || (self->look->granted && _fp_tags_may_fire (self));
}

static gboolean
may_run (FpTags              *self,
         const FpPeriodicRow *row)
{
  if (!is_allowed (self, row) || fp_clock_get_boot_ms (self->clock) < self->jobs_after)
    return FALSE;

  return g_str_equal (row->name, FP_PERIODIC_CLEAN_UP)
         || (!self->saving && (!fp_link_get_metered (self->link) || self->look->metered_jobs));
}

static gint64
get_wait (FpTags              *self,
          const FpPeriodicRow *row)
{
  FpPeriodicNow now = { .wall = fp_clock_get_wall_ms (self->clock),
                        .boot = fp_clock_get_boot_ms (self->clock),
                        .boot_id = fp_clock_get_boot_id (self->clock) };

  return fp_periodic_get_wait (row, &now);
}

void
_fp_tags_run_due_jobs (FpTags *self)
{
  for (guint i = 0; i < self->look->jobs->len; i++)
    {
      const FpPeriodicRow *row = g_ptr_array_index (self->look->jobs, i);
      FpTagsOp *op;

      if (!may_run (self, row) || get_wait (self, row) > 0 || g_hash_table_contains (self->running, row->name))
        continue;
      g_hash_table_add (self->running, g_strdup (row->name));
      op = fp_tags_op_new (fp_periodic_is_builtin (row->name) ? FP_TAGS_OP_JOB : FP_TAGS_OP_TELL, row->name);
      op->bus_name = g_strdup (row->bus_name);
      g_ptr_array_add (self->ops, op);
    }
}

/* When one is due without a hint from outside, rounded up so that they come together; G_MAXINT64 = none is. */
gint64
_fp_tags_get_next_job (FpTags *self)
{
  gint64 now = fp_clock_get_boot_ms (self->clock);
  gint64 at = G_MAXINT64;

  for (guint i = 0; self->look && i < self->look->jobs->len; i++)
    {
      const FpPeriodicRow *row = g_ptr_array_index (self->look->jobs, i);
      gint64 wait = get_wait (self, row);

      /* What is due and does not run waits for a hint: the network, the power, a setting. */
      if (is_allowed (self, row) && !g_hash_table_contains (self->running, row->name)
          && (wait > 0 || now < self->jobs_after))
        at = MIN (at, MAX (now + wait, self->jobs_after));
    }

  return at == G_MAXINT64 ? at : (MAX (at, now + SLOT_MS) + SLOT_MS - 1) / SLOT_MS * SLOT_MS;
}

void
fp_tags_job_done (FpTags     *self,
                  const char *name,
                  const char *why)
{
  FpTagsOp *op;

  g_return_if_fail (FP_IS_TAGS (self) && name);

  op = fp_tags_op_new (FP_TAGS_OP_JOB_END, name);
  op->why = g_strdup (why);
  g_ptr_array_add (self->ops, op);
  _fp_tags_pump (self);
}
