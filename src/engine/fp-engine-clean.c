#include "engine/fp-engine-clean.h"

#include "engine/fp-engine-private.h"
#include "engine/fp-settings.h"
#include "store/fp-blob.h"
#include "store/fp-clean-rows.h"
#include "sync/fp-periodic.h"

#define DAY_MS (24 * 3600 * G_GINT64_CONSTANT (1000))
#define DISCARDED_MS (7 * DAY_MS)

typedef struct {
  FpBulk        bulk;
  FpCleaned     cleaned;
  FpCleanKind   kind;
  FpCleanStep   step;
  FpCleanCursor cursor; /* of the step */
  gboolean      no_blob; /* is left to look at */
  char         *after;  /* the last blob of the last transaction */
  GPtrArray    *strays; /* of the blobs' folder */
} Clean;

static void
clean_free (gpointer data)
{
  Clean *clean = data;

  g_free (clean->after);
  g_clear_pointer (&clean->strays, g_ptr_array_unref);
  g_free (clean);
}

static gint64
get_keep_ms (FpStoreTxn  *txn,
             FpCleanKind  kind)
{
  return kind == FP_CLEAN_SENT ? fp_setting_read_int (txn, "retention-days") * DAY_MS : DISCARDED_MS;
}

static guint *
get_counter (Clean *clean)
{
  guint *counters[FP_CLEAN_N] = { &clean->cleaned.sent, &clean->cleaned.discarded, &clean->cleaned.drafts };

  return counters[clean->kind];
}

static gboolean
clean_rows (FpStoreTxn  *txn,
            Clean       *clean,
            GError     **error)
{
  gint64 n = fp_clean_rows_step (txn, clean->step, clean->kind, get_keep_ms (txn, clean->kind), &clean->cursor, error);

  if (n < 0)
    return FALSE;
  if (clean->step == FP_CLEAN_DELETE)
    *get_counter (clean) += (guint) n;
  else if (clean->step == FP_CLEAN_MARK)
    clean->cleaned.marked += (guint) n;
  if (clean->cursor.more)
    return TRUE;

  clean->cursor = (FpCleanCursor) { 0 };
  if (++clean->step == FP_CLEAN_N_STEPS)
    {
      clean->step = 0;
      clean->kind++;
    }

  return TRUE;
}

static gboolean
clean_blobs (FpStoreTxn  *txn,
             Clean       *clean,
             GError     **error)
{
  g_autoptr(GError) local = NULL;

  clean->cleaned.files += fp_blob_clean (txn, &clean->after, &local);
  clean->no_blob = clean->after == NULL;
  if (local)
    g_propagate_error (error, g_steal_pointer (&local));

  return local == NULL;
}

/* The last of it: whoever ran it, the next one is a day away. */
static gboolean
delete_strays (FpStoreTxn  *txn,
               Clean       *clean,
               GError     **error)
{
  g_autoptr(GError) local = NULL;

  clean->cleaned.files += fp_blob_delete_strays (txn, clean->strays, &local);
  clean->bulk.more = clean->strays->len > 0;
  if (local)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }

  return clean->bulk.more || fp_periodic_begin (txn, FP_PERIODIC_CLEAN_UP, error);
}

static gpointer
clean_some (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  Clean *clean = data;
  gboolean ok;

  clean->bulk.more = TRUE;
  if (clean->kind < FP_CLEAN_N)
    ok = clean_rows (txn, clean, error);
  else if (!clean->no_blob)
    ok = clean_blobs (txn, clean, error);
  else
    ok = delete_strays (txn, clean, error);

  return ok ? clean : NULL;
}

static gpointer
list_strays (FpStoreTxn  *txn,
             gpointer     data,
             GError     **error)
{
  Clean *clean = data;

  clean->strays = fp_blob_list_strays (txn, error);

  return clean->strays ? clean : NULL;
}

static gpointer
count_all (FpStoreTxn  *txn,
           gpointer     data,
           GError     **error)
{
  Clean *clean = data;

  for (clean->kind = 0; clean->kind < FP_CLEAN_N; clean->kind++)
    {
      gint64 keep = get_keep_ms (txn, clean->kind);
      gint64 gone = fp_clean_rows_count (txn, FP_CLEAN_DELETE, clean->kind, keep, error);
      gint64 marked = gone < 0 ? -1 : fp_clean_rows_count (txn, FP_CLEAN_MARK, clean->kind, keep, error);

      if (marked < 0)
        return NULL;
      *get_counter (clean) = (guint) gone;
      clean->cleaned.marked += (guint) marked;
    }

  return clean;
}

static void
return_cleaned (GTask *task)
{
  Clean *clean = g_task_get_task_data (task);

  g_task_return_pointer (task, g_memdup2 (&clean->cleaned, sizeof clean->cleaned), g_free);
}

static void
cleaned_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;

  _fp_engine_bulk_finish (FP_ENGINE (source), result, &error);
  if (error)
    g_task_return_error (task, error);
  else
    return_cleaned (task);
}

static void
strays_listed_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;

  if (_fp_engine_finish (FP_ENGINE (source), result, &error))
    _fp_engine_bulk (FP_ENGINE (source), fp_engine_clean_async, clean_some, g_task_get_task_data (task), NULL,
                     g_task_get_cancellable (task), cleaned_cb, g_object_ref (task));
  else
    g_task_return_error (task, error);
}

static void
counted_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;

  if (_fp_engine_finish (FP_ENGINE (source), result, &error))
    return_cleaned (task);
  else
    g_task_return_error (task, error);
}

void
fp_engine_clean_async (FpEngine            *self,
                       gboolean             dry_run,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Clean *clean = g_new0 (Clean, 1);

  g_task_set_source_tag (task, fp_engine_clean_async);
  g_task_set_task_data (task, clean, clean_free);
  if (dry_run)
    _fp_engine_read (self, fp_engine_clean_async, count_all, clean, NULL, NULL, cancellable, counted_cb, task);
  else
    _fp_engine_read (self, fp_engine_clean_async, list_strays, clean, NULL, NULL, cancellable, strays_listed_cb, task);
}

FpCleaned *
fp_engine_clean_finish (FpEngine      *self,
                        GAsyncResult  *result,
                        GError       **error)
{
  return _fp_engine_finish (self, result, error);
}
