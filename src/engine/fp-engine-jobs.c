#include "engine/fp-engine-periodic.h"

#include "engine/fp-engine-clean.h"
#include "engine/fp-engine-preferences.h"
#include "engine/fp-engine-private.h"
#include "engine/fp-engine-tags.h"

/* A job is steps one after the other; one that fails does not keep the others, and all reasons are told. */

typedef struct {
  const char *what; /* in front of its reason */
  void      (*begin) (FpEngine *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
  void      (*end) (FpEngine *self, GAsyncResult *result, GError **error);
} Step;

typedef struct {
  const Step *step;    /* the next one; "what" NULL = the end */
  GPtrArray  *servers; /* FpServerRow whose form lists are still to be looked at */
  GString    *reasons;
  char       *name;
} Job;

static void
job_free (gpointer data)
{
  Job *job = data;

  g_clear_pointer (&job->servers, g_ptr_array_unref);
  g_string_free (job->reasons, TRUE);
  g_free (job->name);
  g_free (job);
}

static void
add_reason (Job        *job,
            const char *what,
            GError     *error) /* (transfer full) */
{
  g_string_append_printf (job->reasons, "%s%s: %s", job->reasons->len > 0 ? "; " : "", what, error->message);
  g_error_free (error);
}

static void
begin_clean (FpEngine            *self,
             GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             user_data)
{
  fp_engine_clean_async (self, FALSE, cancellable, callback, user_data);
}

static void
end_clean (FpEngine      *self,
           GAsyncResult  *result,
           GError       **error)
{
  g_free (fp_engine_clean_finish (self, result, error));
}

static void
end_preferences (FpEngine      *self,
                 GAsyncResult  *result,
                 GError       **error)
{
  fp_engine_sync_preferences_finish (self, result, error);
}

static void
begin_content (FpEngine            *self,
               GCancellable        *cancellable,
               GAsyncReadyCallback  callback,
               gpointer             user_data)
{
  fp_engine_update_content_async (self, 0, cancellable, callback, user_data);
}

static void
end_content (FpEngine      *self,
             GAsyncResult  *result,
             GError       **error)
{
  fp_engine_update_content_finish (self, result, error);
}

static const Step daily[] = {
  { "clean-up", begin_clean, end_clean },
  { "preferences", fp_engine_sync_preferences_async, end_preferences },
  { "cached content", begin_content, end_content },
  { NULL },
};
static const Step clean_up[] = { { "clean-up", begin_clean, end_clean }, { NULL } };
static const Step none[] = { { NULL } };

static void next (GTask *task);

/* Also when a person asked for it: it is not due again at once. */
static gpointer
note_run (FpStoreTxn  *txn,
          gpointer     data,
          GError     **error)
{
  Job *job = data;
  const char *reasons = job->reasons->len > 0 ? job->reasons->str : NULL;

  return fp_periodic_begin (txn, job->name, error) && fp_periodic_rows_end (txn, job->name, reasons, error)
           ? _FP_ENGINE_DONE : NULL;
}

static void
noted_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Job *job = g_task_get_task_data (task);
  GError *error = NULL;

  if (!_fp_engine_finish (FP_ENGINE (source), result, &error))
    g_task_return_error (task, error);
  else if (job->reasons->len > 0)
    g_task_return_new_error (task, FP_ENGINE_ERROR, FP_ENGINE_ERROR_SERVER, "%s", job->reasons->str);
  else
    g_task_return_boolean (task, TRUE);
}

static void
refreshed_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Job *job = g_task_get_task_data (task);
  const FpServerRow *server = g_ptr_array_index (job->servers, job->servers->len - 1);
  GError *error = NULL;

  if (fp_engine_refresh_server_finish (FP_ENGINE (source), result, &error) < 0)
    add_reason (job, server->title, error);
  g_ptr_array_set_size (job->servers, (int) job->servers->len - 1);
  next (g_steal_pointer (&task));
}

static void
step_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Job *job = g_task_get_task_data (task);
  GError *error = NULL;

  job->step->end (FP_ENGINE (source), result, &error);
  if (error)
    add_reason (job, job->step->what, error);
  job->step++;
  next (g_steal_pointer (&task));
}

/* Takes @task. */
static void
next (GTask *task)
{
  FpEngine *self = g_task_get_source_object (task);
  Job *job = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);

  while (job->servers && job->servers->len > 0)
    {
      const FpServerRow *server = g_ptr_array_index (job->servers, job->servers->len - 1);

      if (server->protocol == FP_PROTOCOL_OPENROSA)
        {
          fp_engine_refresh_server_async (self, server->id, cancellable, refreshed_cb, task);
          return;
        }
      g_ptr_array_set_size (job->servers, (int) job->servers->len - 1);
    }
  if (job->step->what)
    {
      job->step->begin (self, cancellable, step_cb, task);
      return;
    }
  _fp_engine_write (self, next, note_run, job, NULL, NULL, NULL, noted_cb, task);
}

static void
servers_listed_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Job *job = g_task_get_task_data (task);
  GError *error = NULL;

  job->servers = fp_engine_list_servers_finish (FP_ENGINE (source), result, &error);
  if (job->servers)
    next (g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

static void
told_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;

  if (fp_engine_register_finish (FP_ENGINE (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
listed_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autoptr(GTask) task = user_data;
  const char *name = ((Job *) g_task_get_task_data (task))->name;
  GError *error = NULL;
  g_autoptr(FpPeriodicList) list = fp_engine_list_periodic_finish (self, result, &error);

  for (guint i = 0; list && i < list->jobs->len; i++)
    {
      const FpPeriodicRow *row = g_ptr_array_index (list->jobs, i);

      if (g_str_equal (row->name, name))
        {
          fp_engine_register_async (self, name, row->bus_name, g_task_get_cancellable (task), told_cb,
                                    g_object_ref (task));
          return;
        }
    }
  if (!error)
    g_set_error (&error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_NOT_FOUND, "no job “%s” is registered", name);
  g_task_return_error (task, error);
}

void
fp_engine_run_periodic_async (FpEngine            *self,
                              const char          *name,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Job *job = g_new0 (Job, 1);

  g_task_set_source_tag (task, fp_engine_run_periodic_async);
  g_task_set_task_data (task, job, job_free);
  job->reasons = g_string_new (NULL);
  job->name = g_strdup (name);
  job->step = g_str_equal (name, "daily-sync") ? daily : g_str_equal (name, FP_PERIODIC_CLEAN_UP) ? clean_up : none;
  if (job->step != none)
    {
      next (task);
    }
  else if (g_str_equal (name, "check-updates"))
    {
      fp_engine_list_servers_async (self, cancellable, servers_listed_cb, task);
    }
  else
    {
      fp_engine_list_periodic_async (self, cancellable, listed_cb, task);
    }
}

gboolean
fp_engine_run_periodic_finish (FpEngine      *self,
                               GAsyncResult  *result,
                               GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* By itself. */

static void
job_ran_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autofree char *name = user_data;
  g_autoptr(GError) error = NULL;

  fp_engine_run_periodic_finish (self, result, &error);
  fp_tags_job_done (self->tags, name, error ? error->message : NULL);
}

static void
job_cb (FpTags     *tags,
        const char *name,
        FpEngine   *self)
{
  fp_engine_run_periodic_async (self, name, NULL, job_ran_cb, g_strdup (name));
}

/**
 * fp_engine_serve_jobs:
 *
 * From now on this process runs what is due. To be called once, after fp_engine_start_sending().
 */
void
fp_engine_serve_jobs (FpEngine *self)
{
  g_return_if_fail (FP_IS_ENGINE (self) && self->tags);

  g_signal_connect_object (self->tags, "job", G_CALLBACK (job_cb), self, 0);
  fp_tags_set_jobs (self->tags, TRUE);
}
