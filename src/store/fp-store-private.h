/* fp-store-private.h — the store's inside, for its own files and the row files. Stays in this folder. */
#pragma once

#include "base/fp-worker.h"
#include "store/fp-sql.h"
#include "store/fp-turns.h"

G_BEGIN_DECLS

/* One connection belongs to each worker. The state is read by all threads. */
enum
{
  FP_STORE_STATE_CLOSED,
  FP_STORE_STATE_OPENING,
  FP_STORE_STATE_OPEN,
};

struct _FpStore
{
  GObject parent_instance;

  /* Owned. */
  char *folder;
  FpClock *clock;
  GMainContext *context; /* where "changed" is emitted */
  FpWorker *write_worker;
  FpWorker *read_worker;

  gint state; /* atomic */
  gboolean pretend_network;

  /* Owned; set by the opening task, constant while the store is open. */
  char *id;
  char *warning;

  /* Owned; only the writer thread touches these two, and the opening task the third. */
  FpTurns turns;
  FpDb *writer;
  FpDb *reader;
};

struct _FpStoreTxn
{
  FpStore *store; /* borrowed */
  FpDb *db;       /* borrowed */
  gint64 now;     /* unix ms */
  guint topics;
  GArray *ids;    /* owned, gint64; NULL until the first */
};

void _fp_store_emit_changed    (FpStore *self,
                                guint    topics,
                                GArray  *ids);
/* As fp_blob_check(), also for the size in bytes. */
gboolean _fp_blob_check_size   (FpStoreTxn  *txn,
                                const char  *sha256,
                                gint64      *size,
                                GError     **error);
/* fp-ballast.h without a transaction; with the write lock held. */
gint64   _fp_ballast_get_free  (const char  *folder);
/* Makes the ballast where there is much room and none yet. */
void     _fp_ballast_keep      (const char  *folder);
/* For tests: behaves as on a network file system. Before opening. */
void _fp_store_pretend_network (FpStore *self);

G_END_DECLS
