/* fp-test-store.h — the store without callbacks, for tests; header only, so that the library links no layer */
#pragma once

#include "fp-test.h"
#include "store/fp-store.h"

G_BEGIN_DECLS

static inline gboolean
fp_test_store_try_open (FpStore  *store,
                        GError  **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_store_open_async (store, NULL, fp_test_await_cb, &await);
  return fp_store_open_finish (store, fp_test_await (&await), error);
}

static inline FpStore *
fp_test_store_open (const char *folder,
                    FpClock    *clock)
{
  g_autoptr(GError) error = NULL;
  FpStore *store = fp_store_new (folder, clock);

  fp_test_store_try_open (store, &error);
  g_assert_no_error (error);
  return store;
}

static inline gpointer
fp_test_store_write (FpStore      *store,
                     FpStoreFunc   func,
                     gpointer      data,
                     GError      **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_store_write_async (store, func, data, NULL, NULL, NULL, fp_test_await_cb, &await);
  return fp_store_write_finish (store, fp_test_await (&await), error);
}

static inline gpointer
fp_test_store_read (FpStore      *store,
                    FpStoreFunc   func,
                    gpointer      data,
                    GError      **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_store_read_async (store, func, data, NULL, NULL, NULL, fp_test_await_cb, &await);
  return fp_store_read_finish (store, fp_test_await (&await), error);
}

/* Closes, and waits until the worker has given its references back and the store is gone. */
static inline void
fp_test_store_close (FpStore *store)
{
  g_autoptr(GError) error = NULL;
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_store_close_async (store, NULL, fp_test_await_cb, &await);
  fp_store_close_finish (store, fp_test_await (&await), &error);
  g_assert_no_error (error);
  fp_test_await_clear (&await);
  fp_test_finalize (store);
}

G_END_DECLS
