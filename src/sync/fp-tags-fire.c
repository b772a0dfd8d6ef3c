#include "sync/fp-tags-private.h"

#include "sync/fp-policy.h"

/* Registrations: who is told when, and what becomes of it. */

/* A process that is started again and again does not tell a program that failed each time. */
#define START_EVERY_MS (10 * 60 * G_GINT64_CONSTANT (1000))

gboolean
fp_tags_is_builtin (const char *tag)
{
  static const char *const names[] = { "data-sync", "form-sync", "image-upload", NULL };

  return g_strv_contains (names, tag);
}

static void
settle (FpTags         *self,
        Firing         *firing,
        FpRegistration *row) /* (transfer full) (nullable) */
{
  FpTagsOp *op = fp_tags_op_new (FP_TAGS_OP_SETTLE, firing->row->tag);

  firing->settled = TRUE;
  op->revision = firing->row->revision;
  op->row = row;
  g_ptr_array_add (self->ops, op);
}

static void
settle_failed (FpTags     *self,
               Firing     *firing,
               const char *why)
{
  FpRegistration *row = fp_registration_new ();
  gint64 wait;

  row->tag = g_strdup (firing->row->tag);
  row->attempts = MIN (firing->row->attempts + 1, FP_TAGS_TRIES);
  row->last_try = fp_clock_get_wall_ms (self->clock);
  row->last_result = g_strdup (why);
  if (row->attempts < FP_TAGS_TRIES)
    {
      wait = fp_policy_quick_wait (self->random, row->attempts, -1);
      row->due_boot = fp_clock_get_boot_ms (self->clock) + wait;
      row->due_boot_id = g_strdup (fp_clock_get_boot_id (self->clock));
      row->next_try = row->last_try + wait;
    }
  settle (self, firing, row);
}

static gboolean
is_due (FpTags               *self,
        const FpRegistration *row)
{
  gint64 wall = fp_clock_get_wall_ms (self->clock);

  if (self->chance && (!self->chance_tag || g_str_equal (self->chance_tag, row->tag)))
    return TRUE;
  if (row->attempts >= FP_TAGS_TRIES)
    return self->at_start && (row->last_try > wall || wall - row->last_try >= START_EVERY_MS);

  return row->due_boot == 0 || g_strcmp0 (row->due_boot_id, fp_clock_get_boot_id (self->clock)) != 0
         || row->due_boot <= fp_clock_get_boot_ms (self->clock);
}

/* Takes @row. */
static void
fire (FpTags         *self,
      FpRegistration *row,
      gboolean        batch)
{
  Firing *firing = g_new0 (Firing, 1);
  g_autofree char *tag = g_strdup (row->tag);

  firing->row = row;
  firing->deadline = fp_clock_get_boot_ms (self->clock) + FP_TAGS_ANSWER_MS;
  g_hash_table_insert (self->firing, g_strdup (row->tag), firing);

  /* The items wait in the outbox by themselves: asking for them is all there is to do. */
  if (batch || fp_tags_is_builtin (row->tag))
    {
      settle (self, firing, NULL);
      fp_sync_now (self->sync, tag);
      return;
    }
  g_signal_emit (self, _fp_tags_signals[FP_TAGS_FIRED], 0, tag, row->bus_name, row->attempts + 1 >= FP_TAGS_TRIES);
}

void
_fp_tags_fire_due (FpTags *self)
{
  g_autoptr(GPtrArray) rows = g_steal_pointer (&self->look->registrations);
  GHashTable *batches = self->look->batches;

  self->look->registrations = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_registration_free);
  while (rows->len > 0)
    {
      FpRegistration *row = g_ptr_array_steal_index (rows, 0);
      gboolean batch = g_hash_table_contains (batches, row->tag);

      if (is_due (self, row) && !g_hash_table_contains (self->firing, row->tag)
          && (self->announce || batch || fp_tags_is_builtin (row->tag)))
        fire (self, row, batch);
      else
        g_ptr_array_add (self->look->registrations, row);
    }
  self->chance = FALSE;
  self->at_start = FALSE;
  g_clear_pointer (&self->chance_tag, g_free);
}

void
_fp_tags_give_up_unanswered (FpTags *self)
{
  gint64 now = fp_clock_get_boot_ms (self->clock);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->firing);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Firing *firing = value;

      if (!firing->settled && firing->deadline <= now)
        settle_failed (self, firing, "no answer within 5 minutes");
    }
}

/* When one is to be told, or told no longer, without a hint from outside; G_MAXINT64 = none is. */
gint64
_fp_tags_get_next_fire (FpTags *self)
{
  gint64 at = G_MAXINT64;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->firing);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (!((Firing *) value)->settled)
      at = MIN (at, ((Firing *) value)->deadline);
  if (!_fp_tags_may_fire (self))
    return at;

  for (guint i = 0; self->announce && i < self->look->registrations->len; i++)
    {
      const FpRegistration *row = g_ptr_array_index (self->look->registrations, i);

      if (row->attempts < FP_TAGS_TRIES && !g_hash_table_contains (self->firing, row->tag))
        at = MIN (at, MAX (row->due_boot, fp_clock_get_boot_ms (self->clock)));
    }

  return at;
}

/**
 * fp_tags_done:
 * @tag: what was told by "fired"
 * @ok: it succeeded: the registration ends, unless it was made again meanwhile
 * @why: (nullable): otherwise, in English
 *
 * Returns: FALSE if nobody waits for that answer
 */
gboolean
fp_tags_done (FpTags     *self,
              const char *tag,
              gboolean    ok,
              const char *why)
{
  Firing *firing;

  g_return_val_if_fail (FP_IS_TAGS (self) && tag, FALSE);

  firing = g_hash_table_lookup (self->firing, tag);
  if (!firing || firing->settled)
    return FALSE;
  if (ok)
    settle (self, firing, NULL);
  else
    settle_failed (self, firing, why ? why : "the program said that it did not succeed");
  _fp_tags_pump (self);

  return TRUE;
}
