/* fp-store-fixture.h — a store in a folder of its own, and a look at its file past it */
#pragma once

#include "fp-test-store.h"

G_BEGIN_DECLS

typedef struct
{
  char *folder;
  char *file; /* the database */
  FpClock *clock; /* a fake one */
  FpStore *store; /* (nullable) */
} FpStoreFixture;

/* For g_test_add(): with the store open, or without one. */
void     fp_store_fixture_setup          (FpStoreFixture  *f,
                                          gconstpointer    data);
void     fp_store_fixture_setup_closed   (FpStoreFixture  *f,
                                          gconstpointer    data);
void     fp_store_fixture_teardown       (FpStoreFixture  *f,
                                          gconstpointer    data);
#define fp_store_fixture_add(path, data, func) \
  g_test_add (path, FpStoreFixture, data, fp_store_fixture_setup, func, fp_store_fixture_teardown)
/* For g_test_add(): one write transaction that runs @func, a void (*) (FpStoreTxn *). */
void     fp_store_fixture_in_transaction (FpStoreFixture  *f,
                                          gconstpointer    func);

/* What a connection that is not the store's own gets for @sql: the first value, or NULL. Caller frees. */
char    *fp_store_fixture_ask            (FpStoreFixture  *f,
                                          const char      *sql);
void     fp_store_fixture_assert_answer  (FpStoreFixture  *f,
                                          const char      *sql,
                                          const char      *expected);

/* One setting, as the smallest thing that a store can hold; the first two are FpStoreFunc. */
gpointer fp_store_fixture_set_setting    (FpStoreTxn      *txn,
                                          gpointer         value,
                                          GError         **error);
gpointer fp_store_fixture_get_setting    (FpStoreTxn      *txn,
                                          gpointer         data,
                                          GError         **error);
void     fp_store_fixture_write_setting  (FpStore         *store,
                                          const char      *value);
void     fp_store_fixture_assert_setting (FpStore         *store,
                                          const char      *expected);

/* Runs @func in a child whose @folder is a small file system of its own (@options as for mount -t tmpfs -o), or with
 * NULL on the ordinary one. FALSE: the system does not let us mount. */
gboolean fp_store_fixture_in_child       (void           (*func) (const char *folder),
                                          const char      *folder,
                                          const char      *options);

G_END_DECLS
