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
  char *pretend_machine; /* owned, nullable */

  /* Owned; set by the opening task, constant while the store is open. */
  char *id;
  char *warning;
  char *repair;
  gint64 repair_time;

  /* Owned; by the opening and the closing task. */
  int use;          /* that this process has the file open; -1 */
  guint64 file[2];  /* device and inode of the file */
  GThread *check;   /* looks through the file after an unclean end; NULL */
  gint stop_check;  /* atomic */
  GMutex check_lock;
  sqlite3 *checking; /* borrowed, under the lock: what @check looks with; NULL: it does not */

  /* Owned; only the writer thread touches these two, and the opening task the third. */
  FpTurns turns;
  FpDb *writer;
  FpDb *reader;

  gint most_changes; /* atomic; see _fp_store_take_most_changes() */
};

struct _FpStoreTxn
{
  FpStore *store; /* borrowed */
  FpDb *db;       /* borrowed */
  gint64 now;     /* unix ms */
  guint topics;
  GArray *ids;    /* owned, gint64; NULL until the first */
};

/* On the writer thread: everything between a folder that may not be there and two connections. */
gboolean _fp_store_open        (FpStore      *self,
                                GCancellable *cancellable,
                                GError      **error);
/* A look through the file on a thread of its own, if one is due; on the writer thread. */
/* After the name of a damaged file, which stays: somebody may want what is left of it. */
#define FP_BLOB_ASIDE ".damaged"
/* As fp_blob_verify(), of files above a size; ends early when @stop (nullable) is set. */
char *_fp_blob_verify          (FpDb        *db,
                                gint64       larger_than,
                                const gint  *stop,
                                GError     **error);
/* FALSE, naming the file: it was deleted, or another is in its place. What is written would be lost, and copying the log
 * back would empty what may be all that is left. */
gboolean _fp_store_is_in_place (FpStore     *self,
                                GError     **error);
void _fp_store_start_check     (FpStore *self);
void _fp_store_stop_check      (FpStore *self);
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
/* For tests: the rows that one write transaction changed at most since the last call, those of triggers counted too. */
guint _fp_store_take_most_changes (FpStore *store);
/* For tests: behaves as on a network file system. Before opening. */
void _fp_store_pretend_network (FpStore *self);
/* For tests: as on the machine whose machine-id file holds @id. Before opening. */
void _fp_store_pretend_machine (FpStore    *self,
                                const char *id);

G_END_DECLS
