/* fp-store.h — one SQLite file that holds forms, drafts, the outbox and receipts
 *
 * All programs open the same file. A process has one writer thread and one reader thread, each alone with its
 * connection. Callers hand over a function that runs there inside one transaction; the row functions of
 * fp-*-rows.h take the transaction. Nothing here blocks the caller's thread.
 */
#pragma once

#include <gio/gio.h>

#include "base/fp-clock.h"

G_BEGIN_DECLS

typedef enum {
  FP_STORE_ERROR_FAILED,    /* anything SQLite did not classify */
  FP_STORE_ERROR_BUSY,      /* another program kept the file locked past the timeout: try again */
  FP_STORE_ERROR_FULL,      /* disk full; nothing was changed */
  FP_STORE_ERROR_READ_ONLY, /* the folder or the file cannot be written */
  FP_STORE_ERROR_CORRUPT,   /* the file is damaged; it is kept, and repaired at the next start */
  FP_STORE_ERROR_TOO_NEW,   /* written by a later Fieldpost */
  FP_STORE_ERROR_NOT_FOUND, /* no such row */
  FP_STORE_ERROR_CHANGED,   /* compare-and-set failed: the row is no longer what the caller believed */
  FP_STORE_ERROR_CLOSED,    /* the store was closed */
} FpStoreError;

#define FP_STORE_ERROR (fp_store_error_quark ())
GQuark fp_store_error_quark (void);

/* What a committed transaction touched; several may be set. */
typedef enum {
  FP_STORE_ITEMS    = 1 << 0,
  FP_STORE_DRAFTS   = 1 << 1,
  FP_STORE_FORMS    = 1 << 2,
  FP_STORE_SERVERS  = 1 << 3,
  FP_STORE_SETTINGS = 1 << 4,
  FP_STORE_TAGS     = 1 << 5, /* tags, events, registrations, periodic jobs */
} FpStoreTopics;

#define FP_TYPE_STORE (fp_store_get_type ())
G_DECLARE_FINAL_TYPE (FpStore, fp_store, FP, STORE, GObject)

/* A running transaction; lives on the store's thread for the length of one FpStoreFunc. */
typedef struct _FpStoreTxn FpStoreTxn;

/* Items that a bulk act changes in one transaction at most: whoever else writes, and be it what a person types, waits no
 * longer than that takes. */
#define FP_STORE_SLICE 500

/* Runs on the store's thread inside one transaction. Setting @error rolls everything back. The returned pointer is
 * handed to *_finish() (NULL is allowed). */
typedef gpointer (*FpStoreFunc) (FpStoreTxn *txn, gpointer data, GError **error);

FpStore    *fp_store_new           (const char          *folder,
                                    FpClock             *clock);
void        fp_store_open_async    (FpStore             *self,
                                    GCancellable        *cancellable,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data);
gboolean    fp_store_open_finish   (FpStore             *self,
                                    GAsyncResult        *result,
                                    GError             **error);
/* Waits for what was handed over, checkpoints and closes. */
void        fp_store_close_async   (FpStore             *self,
                                    GCancellable        *cancellable,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data);
gboolean    fp_store_close_finish  (FpStore             *self,
                                    GAsyncResult        *result,
                                    GError             **error);

const char *fp_store_get_folder    (FpStore             *self);
/* The random StoreId of the file; NULL before it is open. */
const char *fp_store_get_id        (FpStore             *self);
FpClock    *fp_store_get_clock     (FpStore             *self);
/* Something a person should know about where the file lives (network file system), or NULL. */
const char *fp_store_get_warning   (FpStore             *self);

/* What was saved and what was lost when the file was repaired the last time, for people; NULL = it never was. @time:
 * (out) (optional): when, unix ms. */
const char *fp_store_get_repair    (FpStore             *self,
                                    gint64              *time);

/* One write transaction: flock turn, BEGIN IMMEDIATE, @func, COMMIT. Writes finish in call order and success means
 * the change survives a power cut. @data is freed with @data_free after the run, on the caller's thread; a result
 * that nobody fetched with @result_free. */
void        fp_store_write_async   (FpStore             *self,
                                    FpStoreFunc          func,
                                    gpointer             data,
                                    GDestroyNotify       data_free,
                                    GDestroyNotify       result_free,
                                    GCancellable        *cancellable,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data);
gpointer    fp_store_write_finish  (FpStore             *self,
                                    GAsyncResult        *result,
                                    GError             **error);

/* One read transaction on the reader thread: a consistent snapshot. */
void        fp_store_read_async    (FpStore             *self,
                                    FpStoreFunc          func,
                                    gpointer             data,
                                    GDestroyNotify       data_free,
                                    GDestroyNotify       result_free,
                                    GCancellable        *cancellable,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data);
gpointer    fp_store_read_finish   (FpStore             *self,
                                    GAsyncResult        *result,
                                    GError             **error);

/* For row functions: notes what the transaction touches; announced by "changed" after the commit. @item_id 0 = none. */
void        fp_store_txn_touch     (FpStoreTxn          *txn,
                                    FpStoreTopics        topics,
                                    gint64               item_id);
FpStore    *fp_store_txn_get_store (FpStoreTxn          *txn);
/* Wall time at which the transaction began, unix ms. */
gint64      fp_store_txn_get_now   (FpStoreTxn          *txn);

/* For doctor: the first damage that SQLite finds in the file, or NULL. The next start repairs it. */
char       *fp_store_check         (FpStoreTxn          *txn,
                                    GError             **error);

/* Signal "changed" (guint topics, GArray<gint64> *item_ids): a commit of this process, in the main context. */

G_END_DECLS
