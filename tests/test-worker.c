#include "base/fp-worker.h"
#include "fp-test.h"

/* An object that must be finalized on the main thread, and joins its worker there. */
#define TEST_TYPE_OWNER (test_owner_get_type ())
G_DECLARE_FINAL_TYPE (TestOwner, test_owner, TEST, OWNER, GObject)

struct _TestOwner
{
  GObject parent_instance;
  FpWorker *worker;
};

G_DEFINE_FINAL_TYPE (TestOwner, test_owner, G_TYPE_OBJECT)

static GThread *main_thread;
static guint n_finalized, n_elsewhere;

static void
test_owner_finalize (GObject *object)
{
  n_finalized++;
  if (g_thread_self () != main_thread)
    g_atomic_int_inc (&n_elsewhere);
  fp_worker_free (((TestOwner *) object)->worker);
  G_OBJECT_CLASS (test_owner_parent_class)->finalize (object);
}

static void
test_owner_class_init (TestOwnerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_owner_finalize;
}

static void
test_owner_init (TestOwner *self)
{
  self->worker = fp_worker_new ("test");
}

static void
return_cb (GTask        *task,
           gpointer      source,
           gpointer      data,
           GCancellable *cancellable)
{
  g_task_return_boolean (task, TRUE);
}

static void
return_then_linger_cb (GTask        *task,
                       gpointer      source,
                       gpointer      data,
                       GCancellable *cancellable)
{
  g_task_return_boolean (task, TRUE);
  /* Gives the main thread time to drop its references first. */
  g_usleep (2000);
}

static void
test_last_reference_is_dropped_at_home (void)
{
  guint i;

  main_thread = g_thread_self ();
  n_finalized = n_elsewhere = 0;
  for (i = 0; i < 100; i++)
    {
      TestOwner *owner = g_object_new (TEST_TYPE_OWNER, NULL);
      g_autoptr(GTask) task = g_task_new (owner, NULL, NULL, NULL);

      fp_worker_push (owner->worker, task, return_then_linger_cb);
      g_object_unref (owner);
    }
  fp_test_until (n_finalized == 100);
  g_assert_cmpuint (n_elsewhere, ==, 0);
}

typedef struct
{
  GArray *order; /* of int, written by the worker alone */
  int number;
} Step;

static void
step_cb (GTask        *task,
         gpointer      source,
         gpointer      data,
         GCancellable *cancellable)
{
  Step *step = data;

  if (step->number == 0)
    g_usleep (20000); /* the work itself: whatever comes later must wait for it */
  g_array_append_val (step->order, step->number);
  g_task_return_boolean (task, TRUE);
}

static void
test_free_runs_everything_in_order (void)
{
  g_autoptr(GArray) order = g_array_new (FALSE, FALSE, sizeof (int));
  FpWorker *worker = fp_worker_new ("test");
  int i;

  for (i = 0; i < 100; i++)
    {
      g_autoptr(GTask) task = g_task_new (NULL, NULL, NULL, NULL);
      Step *step = g_new (Step, 1);

      *step = (Step) { order, i };
      g_task_set_task_data (task, step, g_free);
      fp_worker_push (worker, task, step_cb);
    }
  fp_worker_free (worker);

  g_assert_cmpuint (order->len, ==, 100);
  for (i = 0; i < 100; i++)
    g_assert_cmpint (g_array_index (order, int, i), ==, i);
  fp_test_drain ();
}

typedef struct
{
  FpWorker *worker;
  GTask *late;  /* pushed by the worker itself, while the main thread is in fp_worker_free() */
  gint freeing; /* atomic */
} Late;

static void
push_late_cb (GTask        *task,
              gpointer      source,
              gpointer      data,
              GCancellable *cancellable)
{
  Late *late = data;

  while (!g_atomic_int_get (&late->freeing))
    g_thread_yield ();
  /* The main thread has at most a lock to take between the flag and closing. */
  g_usleep (50000);
  fp_worker_push (late->worker, late->late, return_cb);
  g_task_return_boolean (task, TRUE);
}

static void
test_late_task_fails_with_closed (void)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GTask) first = g_task_new (NULL, NULL, NULL, NULL);
  g_autoptr(GTask) late_task = g_task_new (NULL, NULL, fp_test_await_cb, &await);
  g_autoptr(GError) error = NULL;
  Late late = { fp_worker_new ("test"), late_task, 0 };

  g_task_set_task_data (first, &late, NULL);
  fp_worker_push (late.worker, first, push_late_cb);
  g_atomic_int_set (&late.freeing, 1);
  fp_worker_free (late.worker);

  g_assert_false (g_task_propagate_boolean (G_TASK (fp_test_await (&await)), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  fp_test_drain ();
}

static void
count_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      data)
{
  (*(guint *) data)++;
}

static void
test_pool_runs_all_and_drops_at_home (void)
{
  guint done = 0, i;

  n_finalized = n_elsewhere = 0;
  for (i = 0; i < 100; i++)
    {
      TestOwner *owner = g_object_new (TEST_TYPE_OWNER, NULL);
      g_autoptr(GTask) task = g_task_new (owner, NULL, count_cb, &done);

      fp_pool_push (task, return_then_linger_cb);
      g_object_unref (owner);
    }
  fp_test_until (n_finalized == 100);
  g_assert_cmpuint (done, ==, 100);
  g_assert_cmpuint (n_elsewhere, ==, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/base/worker/last-reference-is-dropped-at-home",
                   test_last_reference_is_dropped_at_home);
  g_test_add_func ("/base/worker/free-runs-everything-in-order",
                   test_free_runs_everything_in_order);
  g_test_add_func ("/base/worker/late-task-fails-with-closed", test_late_task_fails_with_closed);
  g_test_add_func ("/base/worker/pool-runs-all-and-drops-at-home",
                   test_pool_runs_all_and_drops_at_home);

  return g_test_run ();
}
