/* fp-worker.h — one thread that runs tasks in order and never drops their last reference */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _FpWorker FpWorker;

FpWorker *fp_worker_new   (const char      *name);

/* Runs @func on the worker's thread; @func must return through @task. */
void      fp_worker_push  (FpWorker        *self,
                           GTask           *task,
                           GTaskThreadFunc  func);

/* Waits for what was pushed, then joins the thread. Tasks pushed later fail with G_IO_ERROR_CLOSED. */
void      fp_worker_free  (FpWorker        *self);

/* A shared small pool (4 threads) for hashing, copying and fsync of files, with the same promise. */
void      fp_pool_push    (GTask           *task,
                           GTaskThreadFunc  func);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpWorker, fp_worker_free)

G_END_DECLS
