/* fp-item-rows.h — the outbox: items, their parts, their receipts */
#pragma once

#include "store/fp-store.h"

G_BEGIN_DECLS

/* States of design section 5.1. The numbers are stored: never change one. */
typedef enum {
  FP_ITEM_PENDING   = 1,
  FP_ITEM_SENDING   = 2,
  FP_ITEM_FAILED    = 3,
  FP_ITEM_HELD      = 4,
  FP_ITEM_DISCARDED = 5,
  FP_ITEM_SENT      = 6,
} FpItemState;

/* "pending", "sending", …: the words of the command line, D-Bus and JSON. 0 for an unknown word. */
const char  *fp_item_state_to_string   (FpItemState  state);
FpItemState  fp_item_state_from_string (const char  *word);

typedef enum {
  FP_ITEM_REQUEST    = 1, /* any HTTP request */
  FP_ITEM_SUBMISSION = 2, /* a submission of a form */
  FP_ITEM_BATCH      = 3, /* events of a tag, frozen into one request */
} FpItemKind;

/* How the answer is read (design 5.3). */
typedef enum {
  FP_PROTOCOL_PLAIN    = 1,
  FP_PROTOCOL_OPENROSA = 2,
} FpProtocol;

/* Design 5.2, "Gate". */
typedef enum {
  FP_REACH_AUTO   = 0,
  FP_REACH_PUBLIC = 1,
  FP_REACH_LAN    = 2,
  FP_REACH_ALWAYS = 3,
} FpReach;

/* A piece of the body. One part with name NULL is the whole body; otherwise the body is multipart/form-data of them
 * in order. Exactly one of @data and @sha256 is set. */
typedef struct {
  char   *name;       /* field name; NULL = the body itself */
  char   *filename;   /* (nullable) */
  char   *media_type; /* (nullable) */
  GBytes *data;       /* (nullable): inline, at most 64 KiB by convention */
  char   *sha256;     /* (nullable): a blob */
  gint64  size;       /* bytes */
  guint   post;       /* in which of its requests it goes, from 0; changed by delivery only */
} FpItemPart;

typedef struct {
  /* Fixed at insert. */
  gint64      id;          /* 0 before the insert */
  char       *uid;         /* UUID; for a submission the one of its instanceID and of its draft */
  FpItemKind  kind;
  FpProtocol  protocol;
  char       *title;       /* shown to people */
  char       *tag;         /* "data-sync", "form-sync", … */
  char       *method;
  char       *url;         /* may hold {secret} */
  char       *host;        /* scheme://host:port, lower case: the unit of breakers and limits */
  FpReach     reach;
  char       *headers;     /* JSON object of strings; may hold {secret} */
  char       *boundary;    /* (nullable): multipart boundary, frozen so that the bytes stay the same */
  char       *meta;        /* (nullable): JSON object of strings; never sent */
  char       *secret_id;   /* (nullable): key of the endpoint's secret */
  gint64      form;        /* row of table form, or 0 */
  char       *instance_id; /* (nullable): "uuid:…" */
  gint64      body_size;   /* bytes of all parts */
  gint64      created;     /* unix ms */
  gint64      waits_for;   /* item of which it is a new version; 0 = none */

  /* Changed by delivery only, with fp_item_rows_update(). */
  FpItemState state;
  FpItemState state_before;  /* of a discarded item: what undo restores */
  char       *reason_code;   /* (nullable): stable word, e.g. "server-busy" */
  char       *reason;        /* (nullable): the server's or the system's own words, English, no secret */
  gint        status;        /* last HTTP status, 0 = none */
  char       *hold;          /* (nullable): "user", "account", "form", "proxy", "moving", "moved", "machine", "after" (waits
                              * for @waits_for), "lost" (ask after a lost answer), "staging" (a file is copied) */
  guint       attempts;      /* contacts with the server */
  guint       slow_step;     /* how many slow tries were scheduled */
  gint64      due_boot;      /* boot ms before which it is not tried, 0 = now; meaningful for due_boot_id only */
  char       *due_boot_id;   /* (nullable) */
  gint64      not_before;    /* unix ms, a server's Retry-After; 0 = none */
  gint64      next_try;      /* unix ms estimate for people; 0 = unknown */
  gboolean    manual;        /* asked for by hand: first in the order */
  gboolean    maybe_delivered;
  gint64      last_try;      /* unix ms, 0 = never */
  gint64      changed;       /* unix ms of the last change */
  guint       posts_done;    /* requests of a split item that are stored */

  GPtrArray  *parts;       /* FpItemPart; NULL unless fetched with its parts */
} FpItem;

FpItemPart *fp_item_part_new       (const char *name,
                                    const char *filename,
                                    const char *media_type);
void        fp_item_part_free      (FpItemPart *part);
FpItem     *fp_item_new            (void);
FpItem     *fp_item_copy           (const FpItem *item);
/* Whether an export with --move took it along, wholly or not yet: it counts as another place's. */
gboolean    fp_item_is_moved       (const FpItem *item);
void        fp_item_free           (FpItem     *item);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpItemPart, fp_item_part_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpItem, fp_item_free)

/* What the server answered, kept for ever as (uid, instance_id, time) and with its words until clean-up. */
typedef struct {
  gint64  item;
  char   *uid;
  char   *instance_id; /* (nullable) */
  char   *url;         /* without secrets */
  gint    status;
  char   *headers;     /* JSON object of the few that matter: Date, Location, ETag, Content-Type */
  char   *body;        /* (nullable): at most 4 KiB, UTF-8 */
  gint64  time;        /* unix ms */
} FpReceipt;

void fp_receipt_free (FpReceipt *receipt);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpReceipt, fp_receipt_free)

typedef struct {
  guint  states;  /* bit 1 << FpItemState; 0 = every state but sent and discarded */
  char  *tag;     /* (nullable) */
  gint64 after;   /* rows with a smaller id (newest first), 0 = from the newest */
  guint  limit;   /* at most so many rows, 0 = 100 */
  guint  offset;  /* rows to skip first, newest first: pages of a long list */
} FpItemQuery;

typedef struct {
  guint  pending, sending, failed, discarded, sent;
  guint  held;    /* but for the moved ones */
  guint  moved;   /* held, because another place has them */
  guint  waiting; /* THE count: pending + sending + failed + held */
  guint  events;  /* beside it: not yet frozen into an item */
  gint64 next_try;       /* unix ms, earliest of the waiting ones; 0 = unknown */
  char  *held_for;       /* (nullable): what holds all that are held, as in FpItem.hold; NULL = different things */
  /* (nullable): of the failed item that changed last, otherwise of one that waits for its turn or for an account */
  char  *reason_code;
  char  *reason;         /* (nullable) */
} FpItemCounts;

FpItemCounts *fp_item_counts_copy (const FpItemCounts *counts);
void          fp_item_counts_free (FpItemCounts       *counts);
/* Whether something is still to be sent from here: an item or an event. */
gboolean      fp_item_counts_wait (const FpItemCounts *counts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpItemCounts, fp_item_counts_free)

/* Inserts item and parts, checking that each blob is there; sets item->id. */
gboolean      fp_item_rows_insert   (FpStoreTxn        *txn,
                                     FpItem            *item,
                                     GError           **error);
FpItem       *fp_item_rows_get      (FpStoreTxn        *txn,
                                     gint64             id,
                                     gboolean           with_parts,
                                     GError           **error);
FpItem       *fp_item_rows_find     (FpStoreTxn        *txn,
                                     const char        *uid,
                                     GError           **error);
/* The id of the one whose uid begins with @prefix (lower case); 0 with NOT_FOUND: there is none, or several. */
gint64        fp_item_rows_find_prefix (FpStoreTxn     *txn,
                                        const char     *prefix,
                                        GError        **error);
/* Array of FpItem without parts, newest first. */
GPtrArray    *fp_item_rows_list     (FpStoreTxn        *txn,
                                     const FpItemQuery *query,
                                     GError           **error);
/* Candidates in due order (manual first, then oldest): pending and failed items whose waits are over at
 * @boot_ms / now, at most @limit a host; of the hosts in @closed_hosts (nullable, a set) only manual ones. */
GPtrArray    *fp_item_rows_due      (FpStoreTxn        *txn,
                                     gint64             boot_ms,
                                     const char        *boot_id,
                                     GHashTable        *closed_hosts,
                                     guint              limit,
                                     GError           **error);
/* Earliest boot ms at which something becomes due; G_MAXINT64 = nothing waits for a time. */
gint64        fp_item_rows_next_due (FpStoreTxn        *txn,
                                     gint64             boot_ms,
                                     const char        *boot_id,
                                     GError           **error);
/* Writes the "changed by delivery" columns of @item where its state is still @expected;
 * FP_STORE_ERROR_CHANGED if it is not. */
gboolean      fp_item_rows_update   (FpStoreTxn        *txn,
                                     const FpItem      *item,
                                     FpItemState        expected,
                                     GError           **error);
/* Clears the waits of at most @limit pending and failed items (never a server's Retry-After unless
 * @even_retry_after); @host NULL = all. Items whose failure is their own fault (reason_code "item-…") stay.
 * @more: (out): there may be others. */
gboolean      fp_item_rows_clear_some_waits (FpStoreTxn *txn,
                                        const char     *host,
                                        gboolean        even_retry_after,
                                        guint           limit,
                                        gboolean       *more,
                                        GError        **error);
/* Set of gint64: items in state sending with a hold: a person broke the attempt off, and they are to be held when it
 * has ended. */
GHashTable   *fp_item_rows_broken_off (FpStoreTxn      *txn,
                                       GError         **error);
/* A due_boot that no clock reaches: the item waits for an event, a network that does not cost. */
#define FP_ITEM_PARKED (G_MAXINT64 / 4)
#define FP_ITEM_REASON_METERED "metered"
/* What is parked is due, @limit items at most; @more: (out): there may be others. */
gboolean      fp_item_rows_unpark   (FpStoreTxn        *txn,
                                     guint              limit,
                                     gboolean          *more,
                                     GError           **error);
/* The wall clock was set by @ms: what was reckoned by it, a server's Retry-After and the time shown, goes along. */
gboolean      fp_item_rows_shift    (FpStoreTxn        *txn,
                                     gint64             ms,
                                     GError           **error);
/* Array of FpItem without parts: what waits_for @item, oldest first. */
GPtrArray    *fp_item_rows_list_followers (FpStoreTxn  *txn,
                                           gint64       item,
                                           GError     **error);
/* Writes FpItemPart.post of the parts of @item. */
gboolean      fp_item_rows_set_posts (FpStoreTxn       *txn,
                                      const FpItem     *item,
                                      GError          **error);
/* How many are held for @hold. */
guint         fp_item_rows_count_held (FpStoreTxn      *txn,
                                       const char      *hold,
                                       GError         **error);
FpItemCounts *fp_item_rows_count    (FpStoreTxn        *txn,
                                     GError           **error);
gboolean      fp_item_rows_add_receipt (FpStoreTxn      *txn,
                                        const FpReceipt *receipt,
                                        GError         **error);
FpReceipt    *fp_item_rows_get_receipt (FpStoreTxn      *txn,
                                        gint64           item,
                                        GError         **error);

G_END_DECLS
