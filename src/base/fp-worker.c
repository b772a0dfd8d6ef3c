#include "base/fp-worker.h"

#define POOL_THREADS 4

struct _FpWorker
{
  GThread *thread;    /* owned */
  GAsyncQueue *queue; /* owned, of Job */

  GMutex lock;
  gboolean closed;
};

typedef struct
{
  GTask *task; /* owned; NULL = the end of the queue */
  GTaskThreadFunc func;
} Job;

static gboolean
nothing_cb (gpointer data)
{
  return G_SOURCE_REMOVE;
}

/* The worker must never drop the last reference: it would finalize the
 * task's source object here, and that object joins this very thread. */
static void
send_home (GTask *task)
{
  g_autoptr(GSource) source = g_idle_source_new ();

  g_source_set_priority (source, g_task_get_priority (task));
  g_source_set_callback (source, nothing_cb, task, g_object_unref);
  g_source_attach (source, g_task_get_context (task));
}

static void
run_job (Job *job)
{
  job->func (job->task, g_task_get_source_object (job->task), g_task_get_task_data (job->task),
             g_task_get_cancellable (job->task));
  send_home (job->task);
  g_free (job);
}

static Job *
job_new (GTask          *task,
         GTaskThreadFunc func)
{
  Job *job = g_new0 (Job, 1);

  job->task = task ? g_object_ref (task) : NULL;
  job->func = func;
  return job;
}

static gpointer
worker_thread (gpointer data)
{
  GAsyncQueue *queue = data;
  Job *job;

  while ((job = g_async_queue_pop (queue))->task)
    run_job (job);
  g_free (job);

  return NULL;
}

/**
 * fp_worker_new:
 * @name: of the thread, at most 15 bytes are shown by tools
 *
 * Starts a thread.
 *
 * Returns: (transfer full): a worker
 */
FpWorker *
fp_worker_new (const char *name)
{
  FpWorker *self = g_new0 (FpWorker, 1);

  g_mutex_init (&self->lock);
  self->queue = g_async_queue_new ();
  self->thread = g_thread_new (name, worker_thread, self->queue);

  return self;
}

/**
 * fp_worker_push:
 * @task: (transfer none): what to run; the worker gives its reference back in the task's own main context
 * @func: runs on the worker's thread, after everything that was pushed before, and must return through @task
 *
 * Hands a task over. Any thread. A task whose cancellable fired is run all the same: @func decides.
 */
void
fp_worker_push (FpWorker       *self,
                GTask          *task,
                GTaskThreadFunc func)
{
  gboolean closed;

  g_return_if_fail (self && G_IS_TASK (task) && func);

  /* Under the lock, so that nothing gets in behind the end of the queue. */
  g_mutex_lock (&self->lock);
  closed = self->closed;
  if (!closed)
    g_async_queue_push (self->queue, job_new (task, func));
  g_mutex_unlock (&self->lock);

  if (closed)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CLOSED, "The worker was closed");
}

/**
 * fp_worker_free:
 *
 * Blocks until everything that was pushed has run. Never from the worker's own thread.
 */
void
fp_worker_free (FpWorker *self)
{
  g_return_if_fail (self && g_thread_self () != self->thread);

  g_mutex_lock (&self->lock);
  self->closed = TRUE;
  g_async_queue_push (self->queue, job_new (NULL, NULL));
  g_mutex_unlock (&self->lock);

  g_thread_join (self->thread);
  g_async_queue_unref (self->queue);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static void
pool_thread (gpointer data,
             gpointer user_data)
{
  run_job (data);
}

/**
 * fp_pool_push:
 * @task: (transfer none): what to run
 * @func: runs on one of the pool's threads, in no order, and must return through @task
 *
 * For work that waits for the disk or hashes. Any thread.
 */
void
fp_pool_push (GTask          *task,
              GTaskThreadFunc func)
{
  static gsize once;
  static GThreadPool *pool;

  g_return_if_fail (G_IS_TASK (task) && func);

  if (g_once_init_enter (&once))
    {
      /* Not exclusive: the threads are started by the first task and end when idle. */
      pool = g_thread_pool_new (pool_thread, NULL, POOL_THREADS, FALSE, NULL);
      g_once_init_leave (&once, 1);
    }
  /* An error only says that no new thread could be started; the job is queued. */
  g_thread_pool_push (pool, job_new (task, func), NULL);
}
