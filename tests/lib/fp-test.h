/* fp-test.h — what every test program uses: waiting for async calls, a folder of its own
 *
 * Run one by hand: build/tests/test-store -p /store/…; G_TEST seeds are printed; no test sleeps. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
  GAsyncResult *result;
} FpTestAwait;

#define FP_TEST_AWAIT { NULL }

/* fp_store_open_async (store, NULL, fp_test_await_cb, &w);
 * fp_store_open_finish (store, fp_test_await (&w), &error);
 * The result lives until the next await on the same struct or fp_test_await_clear(). Fails after 60 s. */
void          fp_test_await_cb    (GObject      *source,
                                   GAsyncResult *result,
                                   gpointer      await);
GAsyncResult *fp_test_await       (FpTestAwait  *await);
void          fp_test_await_clear (FpTestAwait  *await);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (FpTestAwait, fp_test_await_clear)

/* Iterates the main context until @condition holds; fails naming it after 300 s, which a loaded machine under
 * sanitizers does not reach. */
#define fp_test_until(condition)                                                        \
  G_STMT_START                                                                          \
  {                                                                                     \
    gint64 fp_test_end_ = g_get_monotonic_time () + 300 * G_USEC_PER_SEC;               \
    while (!(condition))                                                                \
      fp_test_iterate (fp_test_end_, #condition, __FILE__, __LINE__);                   \
  }                                                                                     \
  G_STMT_END

void          fp_test_iterate     (gint64        deadline,
                                   const char   *what,
                                   const char   *file,
                                   int           line);
/* As g_assert_finalize_object(), for objects whose last references a thread gives back through the main context. */
void          fp_test_finalize    (gpointer      object);
/* Runs what is ready and returns. */
void          fp_test_drain       (void);

/* A new folder under the temporary directory, and its removal with everything in it. */
char         *fp_test_make_folder (void);
void          fp_test_remove_folder (const char *folder);

G_END_DECLS
