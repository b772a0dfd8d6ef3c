/* fp-sync-fixture.h — a store in a folder of its own, a fake clock and link, real HTTP, a sink to send to */
#pragma once

#include "fp-sink.h"
#include "fp-test.h"
#include "store/fp-form-rows.h"
#include "sync/fp-sync.h"

G_BEGIN_DECLS

typedef struct {
  char *folder;
  FpClock *clock;
  FpStore *store;
  FpLink *link;
  FpHttp *http;
  FpSync *sync;
  FpSink *sink;
  guint delivered;
  gint64 delivered_ms;   /* of the last one */
  guint failed;
  char *failed_code;     /* of the last one */
} FpSyncFixture;

/* @data: (nullable): the folder to use, which then stays. */
void       fp_sync_fixture_setup    (FpSyncFixture *f,
                                     gconstpointer  data);
void       fp_sync_fixture_teardown (FpSyncFixture *f,
                                     gconstpointer  data);

/* Opens another store on the folder. */
FpStore   *fp_sync_fixture_open     (FpSyncFixture *f);
void       fp_sync_fixture_close    (FpStore       *store);
FpSync    *fp_sync_fixture_new_sync (FpSyncFixture *f,
                                     FpStore       *store);
gboolean   fp_sync_fixture_stop     (FpSync        *sync);

/* A JSON POST to @path of the sink, not inserted yet. */
FpItem    *fp_sync_fixture_item     (FpSyncFixture *f,
                                     const char    *path);
/* Gives it a file of @size bytes that are always the same. */
void       fp_sync_fixture_attach   (FpSyncFixture *f,
                                     FpItem        *item,
                                     const char    *name,
                                     gsize          size);
/* Inserts and frees @item; its id. */
gint64     fp_sync_fixture_insert   (FpSyncFixture *f,
                                     FpItem        *item);
gint64     fp_sync_fixture_add      (FpSyncFixture *f,
                                     const char    *path);
FpItem    *fp_sync_fixture_get      (FpSyncFixture *f,
                                     gint64         id);
FpItemState fp_sync_fixture_get_state (FpSyncFixture *f,
                                       gint64         id);
FpReceipt *fp_sync_fixture_get_receipt (FpSyncFixture *f,
                                        gint64         id);
/* Writes @item where its state is @expected. */
void       fp_sync_fixture_update   (FpSyncFixture *f,
                                     const FpItem  *item,
                                     FpItemState    expected);
void       fp_sync_fixture_set      (FpSyncFixture *f,
                                     const char    *setting,
                                     const char    *value);
FpItemCounts *fp_sync_fixture_count (FpSyncFixture *f);
/* Advances the clock and lets everything run until nothing is in flight. */
void       fp_sync_fixture_pass     (FpSyncFixture *f,
                                     gint64         ms);

#define fp_sync_fixture_await(f, id, state)                                  \
  G_STMT_START                                                               \
  {                                                                          \
    gint64 awaited_ = (id);                                                  \
    fp_test_until (fp_sync_fixture_get_state ((f), awaited_) == (state));    \
  }                                                                          \
  G_STMT_END

G_END_DECLS
