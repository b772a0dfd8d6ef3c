#include "engine/fp-engine-clean.h"

#include "engine/fp-engine-private.h"
#include "engine/fp-settings.h"
#include "store/fp-blob.h"
#include "store/fp-clean-rows.h"
#include "sync/fp-periodic.h"

#define DAY_MS (24 * 3600 * G_GINT64_CONSTANT (1000))
#define DISCARDED_MS (7 * DAY_MS)

/* Many short transactions, so that nobody who writes waits for long. The order: what an earlier run marked wrongly
 * loses its mark, then what is left of the marks is acted on, then new marks are made. */
typedef gint64 (*Step) (FpStoreTxn *txn, FpCleanKind kind, gint64 keep_ms, GError **error);

static const Step steps[] = { fp_clean_rows_unmark, fp_clean_rows_delete, fp_clean_rows_mark };

typedef struct {
  FpCleaned cleaned;
  guint     step;
  guint     kind;
  gint64    rows;   /* that the last transaction changed */
  char     *after;  /* the last blob of the last transaction; NULL = none is left */
  GPtrArray *strays; /* of the blobs' folder; NULL = not known yet */
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

static gpointer
clean_some (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  Clean *clean = data;

  clean->rows = steps[clean->step] (txn, clean->kind, get_keep_ms (txn, clean->kind), error);

  return clean->rows < 0 ? NULL : clean;
}

static gpointer
clean_blobs (FpStoreTxn  *txn,
             gpointer     data,
             GError     **error)
{
  g_autoptr(GError) local = NULL;
  Clean *clean = data;

  clean->cleaned.files += fp_blob_clean (txn, &clean->after, &local);
  if (!local)
    return clean;
  g_propagate_error (error, g_steal_pointer (&local));

  return NULL;
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

/* The last of it: whoever ran it, the next one is a day away. */
static gpointer
delete_strays (FpStoreTxn  *txn,
               gpointer     data,
               GError     **error)
{
  g_autoptr(GError) local = NULL;
  Clean *clean = data;

  clean->cleaned.files += fp_blob_delete_strays (txn, clean->strays, &local);
  if (local)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }

  return clean->strays->len > 0 || fp_periodic_begin (txn, FP_PERIODIC_CLEAN_UP, error) ? clean : NULL;
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
      gint64 gone = fp_clean_rows_count (txn, clean->kind, keep, FALSE, error);
      gint64 marked = gone < 0 ? -1 : fp_clean_rows_count (txn, clean->kind, keep, TRUE, error);

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

static void next (GTask *task);

static void
step_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Clean *clean = g_task_get_task_data (task);
  GError *error = NULL;

  if (!_fp_engine_finish (FP_ENGINE (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (steps[clean->step] == fp_clean_rows_delete)
    *get_counter (clean) += (guint) clean->rows;
  else if (steps[clean->step] == fp_clean_rows_mark)
    clean->cleaned.marked += (guint) clean->rows;
  if (clean->rows == 0 && ++clean->step == G_N_ELEMENTS (steps))
    {
      clean->step = 0;
      clean->kind++;
    }
  next (g_steal_pointer (&task));
}

static void
strays_deleted_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Clean *clean = g_task_get_task_data (task);
  GError *error = NULL;

  if (!_fp_engine_finish (FP_ENGINE (source), result, &error))
    g_task_return_error (task, error);
  else if (clean->strays->len > 0)
    next (g_steal_pointer (&task));
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
    next (g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

static void
blobs_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Clean *clean = g_task_get_task_data (task);
  GError *error = NULL;

  if (!_fp_engine_finish (FP_ENGINE (source), result, &error))
    g_task_return_error (task, error);
  else if (clean->after)
    next (g_steal_pointer (&task));
  else
    _fp_engine_read (FP_ENGINE (source), blobs_cb, list_strays, clean, NULL, NULL, g_task_get_cancellable (task),
                     strays_listed_cb, g_object_ref (task));
}

/* Takes @task. */
static void
next (GTask *task)
{
  Clean *clean = g_task_get_task_data (task);
  FpStoreFunc func = clean->strays ? delete_strays : clean->kind < FP_CLEAN_N ? clean_some : clean_blobs;
  GAsyncReadyCallback callback = clean->strays ? strays_deleted_cb : clean->kind < FP_CLEAN_N ? step_cb : blobs_cb;

  _fp_engine_write (g_task_get_source_object (task), next, func, clean, NULL, NULL, g_task_get_cancellable (task),
                    callback, task);
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
    next (task);
}

FpCleaned *
fp_engine_clean_finish (FpEngine      *self,
                        GAsyncResult  *result,
                        GError       **error)
{
  return _fp_engine_finish (self, result, error);
}
