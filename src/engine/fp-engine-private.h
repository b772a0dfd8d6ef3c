/* fp-engine-private.h — what the files of the engine share; never leaves the folder */
#pragma once

#include "engine/fp-engine.h"
#include "secret/fp-secret.h"
#include "sync/fp-tags.h"

G_BEGIN_DECLS

struct _FpEngine
{
  GObject parent_instance;

  /* Owned. */
  FpStore    *store;
  FpSecrets  *secrets;
  FpHttp     *http;
  FpSync     *sync;    /* NULL until sending was started */
  FpTags     *tags;    /* likewise */
  GPtrArray  *drafts;  /* GWeakRef to FpDraft: what is flushed on close */
  GQueue     *keeping; /* GTask, owned: secrets that are put into the keyring, one after the other */
  GHashTable *refused; /* server id -> sentences on its forms that could not be added */
};

/* One transaction as a whole operation of the engine: a task whose result is what @func returned. Arguments as those
 * of fp_store_write_async(). */
void      _fp_engine_write        (FpEngine            *self,
                                   gpointer             tag,
                                   FpStoreFunc          func,
                                   gpointer             data,
                                   GDestroyNotify       data_free,
                                   GDestroyNotify       result_free,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data);
void      _fp_engine_read         (FpEngine            *self,
                                   gpointer             tag,
                                   FpStoreFunc          func,
                                   gpointer             data,
                                   GDestroyNotify       data_free,
                                   GDestroyNotify       result_free,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data);
gpointer  _fp_engine_finish       (FpEngine            *self,
                                   GAsyncResult        *result,
                                   GError             **error);
/* What a bulk act keeps from one transaction to the next: the first member of its data. */
typedef struct {
  guint    done;  /* in the transactions that are committed */
  /* Said by each run: how much it did, and whether there is more to do. */
  guint    n;
  gboolean more;
} FpBulk;

/* One transaction after the other, each with a part of the work, so that nobody who writes waits for long. @func: each
 * run changes some FP_STORE_SLICE rows at most; returns @data, or NULL with @error, which ends it: what was committed
 * stays. @data: begins with an FpBulk. Cancelled between two transactions. */
void      _fp_engine_bulk         (FpEngine            *self,
                                   gpointer             tag,
                                   FpStoreFunc          func,
                                   gpointer             data,
                                   GDestroyNotify       data_free,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data);
/* @data, which is the task's, also with @error. */
gpointer  _fp_engine_bulk_finish  (FpEngine            *self,
                                   GAsyncResult        *result,
                                   GError             **error);
/* What a transaction function returns where there is nothing to say but "done". */
#define   _FP_ENGINE_DONE         GINT_TO_POINTER (TRUE)
/* Flushes @draft when the engine closes. */
void      _fp_engine_track_draft  (FpEngine            *self,
                                   FpDraft             *draft);

/* Parses a form on the pool: FpFormDef from _fp_engine_finish(). */
void      _fp_engine_parse_async  (FpEngine            *self,
                                   GBytes              *xml,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data);

/* FpStoreFunc: inserts the FpItem @data, with what is known of its server; gives the row as a new FpItem. */
gpointer  _fp_engine_insert_request (FpStoreTxn        *txn,
                                     gpointer           data,
                                     GError           **error);

/* Fetches a document of at most @limit bytes into a blob, in constant memory. @request: (transfer full). @md5: of the
 * document, in hex. A document with another one, or one that breaks off, leaves nothing. Result: FpBlob. Errors:
 * FP_HTTP_ERROR; FP_ENGINE_ERROR_SERVER: it is another document; FP_STORE_ERROR: it cannot be kept. */
void      _fp_engine_download_async (FpEngine            *self,
                                     FpRequest           *request,
                                     gsize                limit,
                                     const char          *md5,
                                     GCancellable        *cancellable,
                                     GAsyncReadyCallback  callback,
                                     gpointer             user_data);

/* Turns FpEnqueuePart into FpItemPart: files and large data become blobs. Result: GPtrArray of FpItemPart. */
void      _fp_engine_store_parts_async (FpEngine            *self,
                                        GPtrArray           *parts,
                                        GCancellable        *cancellable,
                                        GAsyncReadyCallback  callback,
                                        gpointer             user_data);
void      _fp_enqueue_part_free   (FpEnqueuePart       *part);
/* Checks @request: the item that it would become, without parts. @secret: (out): for the keyring, or NULL. */
FpItem   *_fp_engine_check_request (FpEnqueue          *request,
                                    char              **secret,
                                    GError            **error);
/* Checks @request (transfer full), keeps its secret and its files: an FpItem with its parts that is in no table yet.
 * @known_id: (nullable): the secret for which "{secret}" stands in an address or header that was stored before. */
void      _fp_engine_prepare_async (FpEngine           *self,
                                    FpEnqueue          *request,
                                    const char         *known_id,
                                    GCancellable       *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer            user_data);
/* What a request without a title is called. */
char     *_fp_engine_dup_title    (const FpItem        *item);

/* Keeps @secret for the origin of @url and gives the id under which it is found; the same secret keeps its id. */
void      _fp_engine_keep_secret_async (FpEngine            *self,
                                        const char          *url,
                                        const char          *secret,
                                        GCancellable        *cancellable,
                                        GAsyncReadyCallback  callback,
                                        gpointer             user_data);

/* An item that may be edited, with its parts; NOT_FOUND, or REFUSED in words. */
FpItem   *_fp_engine_get_editable (FpStoreTxn          *txn,
                                   gint64               id,
                                   GError             **error);
/* TRUE where it is certain that no server has it, and no attempt is on its way. */
gboolean  _fp_engine_is_undelivered (const FpItem      *item);

/* FpItem.reason_code of what was discarded because it goes on as a draft. */
#define FP_REASON_EDITED "edited"

/* The item of which a draft is a new version, and what submitting the draft means for both. */
typedef struct {
  gint64   item;        /* 0 = the draft is no new version */
  char    *instance_id; /* (nullable): what the server has, or may have: the new version names it */
  gboolean waits;       /* it is not settled: the new version waits for it */
  gboolean discards;    /* no server has it: the new version takes its place */
} FpPredecessor;

void           _fp_predecessor_free          (FpPredecessor       *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpPredecessor, _fp_predecessor_free)
gboolean       _fp_predecessor_equal         (const FpPredecessor *a,
                                              const FpPredecessor *b);
/* @draft: its uid. NULL: REFUSED in words. */
FpPredecessor *_fp_engine_get_predecessor    (FpStoreTxn          *txn,
                                              const char          *draft,
                                              GError             **error);
/* In the transaction that inserts @item, before it does. */
gboolean       _fp_engine_follow_predecessor (FpStoreTxn          *txn,
                                              const FpPredecessor *predecessor,
                                              FpItem              *item,
                                              GError             **error);
/* FALSE and REFUSED where the discarded @item goes on as a draft or a newer item; otherwise forgets that it did. */
gboolean       _fp_engine_check_undo         (FpStoreTxn          *txn,
                                              FpItem              *item,
                                              GError             **error);

/* Name of the setting that keeps the secret id of a form's own submission address. */
char     *_fp_engine_form_secret_setting (gint64             form);

/* Row of the server with the origin of @url, or NULL: it knows reach and secret of that place. */
FpServerRow *_fp_engine_find_server (FpStoreTxn        *txn,
                                     const char        *url,
                                     GError           **error);

/* A GET of something that @server offers. Its credentials go to its own origin only, and not over cleartext. */
FpRequest   *_fp_engine_new_get     (const FpServerRow *server,
                                     const char        *url);
/* The form list of @row, which the caller keeps alive; adds the server itself where @row has no id yet. */
void         _fp_engine_refresh_async (FpEngine            *self,
                                       FpServerRow         *row,
                                       GCancellable        *cancellable,
                                       GAsyncReadyCallback  callback,
                                       gpointer             user_data);
FpServerRow *_fp_engine_refresh_finish (FpEngine           *self,
                                        GAsyncResult       *result,
                                        guint              *n_forms,
                                        GError            **error);

G_END_DECLS
