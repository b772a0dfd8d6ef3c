/* fp-engine.h — the core as one object: what the window, the agent, the command line and the bus call
 *
 * Every operation is asynchronous, works on the store directly and needs no agent. Main context only. */
#pragma once

#include "draft/fp-draft.h"
#include "form/fp-form-def.h"
#include "link/fp-link.h"
#include "net/fp-host.h"
#include "net/fp-http.h"
#include "store/fp-form-rows.h"
#include "store/fp-item-rows.h"
#include "sync/fp-sync.h"

G_BEGIN_DECLS

typedef enum {
  FP_ENGINE_ERROR_INVALID,    /* answers are missing or wrong; the message names the first question */
  FP_ENGINE_ERROR_NO_ADDRESS, /* the form does not say where its submissions go */
  FP_ENGINE_ERROR_USAGE,      /* an argument that makes no sense; the message names it */
  FP_ENGINE_ERROR_NOT_FOUND,
  FP_ENGINE_ERROR_REFUSED,    /* the item's state does not allow that */
  FP_ENGINE_ERROR_SERVER,     /* a server answered something else than expected */
} FpEngineError;

#define FP_ENGINE_ERROR (fp_engine_error_quark ())
GQuark fp_engine_error_quark (void);

/* The one status that window, tray, notification, command line and D-Bus show. */
typedef struct {
  FpSyncState   state;
  FpItemCounts *counts;
  FpLinkState   link;
  gboolean      sender;   /* some process sends (sender lock is held) */
  gboolean      paused;   /* Work Offline */
  gboolean      full;     /* the disk: nothing is sent, since its receipt could find no room */
  guint         run_done; /* of a running sync */
  guint         run_total;
} FpStatus;

FpStatus *fp_status_new      (void);
FpStatus *fp_status_copy     (const FpStatus *status);
void      fp_status_free     (FpStatus       *status);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpStatus, fp_status_free)
/* Translated: "3 waiting to be sent", "Everything is sent"; and the second line: "No network", "Sign in to the
 * network", "Server asked to wait until 14:05", "1 could not be sent", or NULL. */
char     *fp_status_dup_title  (const FpStatus *status);
char     *fp_status_dup_detail (const FpStatus *status);
/* The sentence for a reason code of an item (translated), with the server's words where they help. */
char     *fp_reason_dup_words  (const char     *reason_code,
                                const char     *reason,
                                gint64          next_try);
/* The sentence on an item: why it is held, otherwise what went wrong last; NULL = there is nothing to say. */
char     *fp_item_dup_words    (const FpItem   *item);
/* Local time of @ms (unix): "14:05" today, "Tue 14:05" within a week, otherwise the date. */
char     *fp_time_dup_words   (gint64          ms);

#define FP_TYPE_ENGINE (fp_engine_get_type ())
G_DECLARE_FINAL_TYPE (FpEngine, fp_engine, FP, ENGINE, GObject)

/* NULL: $FIELDPOST_DATA or $XDG_DATA_HOME/fieldpost. Caller frees. */
char      *fp_engine_dup_default_folder (void);

FpEngine  *fp_engine_new            (const char *folder, FpClock *clock); /* both nullable */
void       fp_engine_open_async     (FpEngine *self, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
gboolean   fp_engine_open_finish    (FpEngine *self, GAsyncResult *res, GError **error);
/* Flushes drafts, stops sending, closes the store. */
void       fp_engine_close_async    (FpEngine *self, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
gboolean   fp_engine_close_finish   (FpEngine *self, GAsyncResult *res, GError **error);
FpStore   *fp_engine_get_store      (FpEngine *self);
FpHttp    *fp_engine_get_http       (FpEngine *self);

/* Signal "changed" (guint FpStoreTopics): this process committed something, or fp_engine_poke() was called. */
void       fp_engine_poke           (FpEngine *self, FpStoreTopics topics);

/* Settings that all programs share; NULL = never set. */
#define FP_SETTING_PAUSED     "paused"     /* "1": Work Offline */
#define FP_SETTING_AGENT_QUIT "agent-quit" /* "1": the person quit the agent: nothing starts it but the window */
void       fp_engine_read_setting_async   (FpEngine *self, const char *name, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
char      *fp_engine_read_setting_finish  (FpEngine *self, GAsyncResult *res, GError **error);
void       fp_engine_write_setting_async  (FpEngine *self, const char *name, const char *value, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
gboolean   fp_engine_write_setting_finish (FpEngine *self, GAsyncResult *res, GError **error);

/* Forms. */
void       fp_engine_add_form_async    (FpEngine *self, GBytes *xml, const char *submit_url,
                                        GCancellable *c, GAsyncReadyCallback cb, gpointer data);
FpFormRow *fp_engine_add_form_finish   (FpEngine *self, GAsyncResult *res, GError **error);
void       fp_engine_list_forms_async  (FpEngine *self, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
GPtrArray *fp_engine_list_forms_finish (FpEngine *self, GAsyncResult *res, GError **error);
void       fp_engine_load_form_async   (FpEngine *self, gint64 form, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
FpFormDef *fp_engine_load_form_finish  (FpEngine *self, GAsyncResult *res, GError **error);
void       fp_engine_remove_form_async (FpEngine *self, gint64 form, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
gboolean   fp_engine_remove_form_finish(FpEngine *self, GAsyncResult *res, GError **error);
/* Where the answers of a form go: the address given with it, its own, or its server's (design 6, "Output"). @home: the
 * row of form->server (nullable). NULL = it does not say. May hold {secret}. */
char      *fp_form_dup_destination     (const FpFormRow *form, FpFormDef *def, const FpServerRow *home);

/* Servers. @secret: (nullable): password, or NULL where @url holds its token. Adds and downloads the forms. */
void         fp_engine_add_server_async     (FpEngine *self, const char *url, const char *title, const char *user,
                                             const char *secret, FpReach reach,
                                             GCancellable *c, GAsyncReadyCallback cb, gpointer data);
FpServerRow *fp_engine_add_server_finish    (FpEngine *self, GAsyncResult *res, GError **error);
/* Downloads new and changed forms; returns how many, -1 on error. */
void         fp_engine_refresh_server_async (FpEngine *self, gint64 server, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
gint         fp_engine_refresh_server_finish(FpEngine *self, GAsyncResult *res, GError **error);
/* Sentences on the forms that the last refresh in this process could not add; NULL = all were fine. Borrowed. */
const char * const *fp_engine_peek_refused_forms (FpEngine *self, gint64 server);
void         fp_engine_list_servers_async   (FpEngine *self, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
GPtrArray   *fp_engine_list_servers_finish  (FpEngine *self, GAsyncResult *res, GError **error);
void         fp_engine_remove_server_async  (FpEngine *self, gint64 server, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
gboolean     fp_engine_remove_server_finish (FpEngine *self, GAsyncResult *res, GError **error);

/* Drafts. */
void       fp_engine_begin_async         (FpEngine *self, gint64 form, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
FpDraft   *fp_engine_begin_finish        (FpEngine *self, GAsyncResult *res, GError **error);
void       fp_engine_open_draft_async    (FpEngine *self, const char *uid, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
FpDraft   *fp_engine_open_draft_finish   (FpEngine *self, GAsyncResult *res, GError **error);
void       fp_engine_list_drafts_async   (FpEngine *self, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
GPtrArray *fp_engine_list_drafts_finish  (FpEngine *self, GAsyncResult *res, GError **error);
void       fp_engine_discard_draft_async (FpEngine *self, const char *uid, gboolean undo, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
gboolean   fp_engine_discard_draft_finish(FpEngine *self, GAsyncResult *res, GError **error);
/* Validates, flushes, freezes, then in one transaction: item + parts + draft removed. No network. */
void       fp_engine_submit_async        (FpEngine *self, FpDraft *draft, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
FpItem    *fp_engine_submit_finish       (FpEngine *self, GAsyncResult *res, GError **error);

/* Any HTTP request. */
typedef struct {
  char   *name;       /* NULL = the whole body */
  char   *filename;
  char   *media_type;
  GBytes *data;       /* or */
  char   *path;       /* a file, copied durably before the item is queued; or */
  GInputStream *stream; /* read to its end, likewise */
} FpEnqueuePart;

typedef struct {
  char       *method;  /* NULL = POST with a body, GET without */
  char       *url;
  GHashTable *headers; /* (nullable) string -> string */
  GHashTable *meta;    /* (nullable) */
  char       *tag;     /* NULL = "data-sync" */
  char       *title;   /* NULL = method and host */
  FpReach     reach;
  GPtrArray  *parts;   /* FpEnqueuePart; (nullable) */
  gboolean    staged;  /* its parts are stored after it is queued: set by fp_engine_stage_async() */
} FpEnqueue;

FpEnqueue *fp_enqueue_new          (const char *url);
void       fp_enqueue_add_part     (FpEnqueue *enqueue, const char *name, const char *filename, const char *media_type,
                                    GBytes *data, const char *path);
/* The same with a stream instead of data or a path: a file descriptor that came over D-Bus. */
void       fp_enqueue_add_stream   (FpEnqueue *enqueue, const char *name, const char *filename, const char *media_type,
                                    GInputStream *stream);
void       fp_enqueue_free         (FpEnqueue *enqueue);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpEnqueue, fp_enqueue_free)
void       fp_engine_enqueue_async (FpEngine *self, FpEnqueue *enqueue /* (transfer full) */,
                                    GCancellable *c, GAsyncReadyCallback cb, gpointer data);
FpItem    *fp_engine_enqueue_finish(FpEngine *self, GAsyncResult *res, GError **error);

/* Outbox. */
void       fp_engine_list_items_async  (FpEngine *self, const FpItemQuery *query, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
GPtrArray *fp_engine_list_items_finish (FpEngine *self, GAsyncResult *res, GError **error);
/* With parts. */
void       fp_engine_get_item_async    (FpEngine *self, gint64 id, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
FpItem    *fp_engine_get_item_finish   (FpEngine *self, GAsyncResult *res, FpReceipt **receipt, GError **error);

typedef enum {
  FP_ACT_RETRY,   /* by hand: at once, before all others; pending, failed, held but by a person or a move */
  FP_ACT_DISCARD, /* pending, failed, held; what is being sent is cancelled first */
  FP_ACT_UNDO,    /* discarded: as it was before */
  FP_ACT_HOLD,    /* pending, failed; of what is being sent the attempt is broken off */
  FP_ACT_RELEASE, /* held: waits for its turn again; what was moved only by fp_engine_release_async() */
  FP_ACT_CANCEL,  /* sending: the attempt is broken off and the item held */
} FpAct;

/* REFUSED names the first item that cannot: then nothing is done, also of many. @ids: array of gint64, copied. More than
 * FP_STORE_SLICE go that many at a time; where that is interrupted, the error tells how many are done. NULL with RETRY =
 * all that waits for its time, has failed, or is kept by the no of a server or proxy. What is held for another reason
 * takes fp_engine_release_async(). */
void       fp_engine_act_async         (FpEngine *self, FpAct act, GArray *ids, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
gint       fp_engine_act_finish        (FpEngine *self, GAsyncResult *res, GError **error);
/* Releases @ids (NULL = all) that are held for the reason @hold (a word of FpItem.hold), or NULL = whatever can be; what
 * was moved only by that word. Ends with fp_engine_act_finish(). */
void       fp_engine_release_async     (FpEngine *self, GArray *ids, const char *hold, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
/* Work Offline. */
void       fp_engine_set_paused_async  (FpEngine *self, gboolean paused, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
gboolean   fp_engine_set_paused_finish (FpEngine *self, GAsyncResult *res, GError **error);

/* Counts from the store; state from the sender in this process if it has one, otherwise what the counts tell. */
void       fp_engine_read_status_async (FpEngine *self, GCancellable *c, GAsyncReadyCallback cb, gpointer data);
FpStatus  *fp_engine_read_status_finish(FpEngine *self, GAsyncResult *res, GError **error);

/* Sending in this process. Borrow of the sender: NULL until started. */
void       fp_engine_start_sending     (FpEngine *self, FpLink *link);
FpSync    *fp_engine_get_sync          (FpEngine *self);

G_END_DECLS
