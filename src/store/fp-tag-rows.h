/* fp-tag-rows.h — tags: where batches of events go, and wishes to be told when the network is there */
#pragma once

#include "store/fp-item-rows.h"

G_BEGIN_DECLS

/* Events in one item at most. */
#define FP_BATCH_EVENTS 500

/* Where the events of a tag go. */
typedef struct {
  char   *name;
  char   *url;       /* may hold {secret} */
  char   *headers;   /* JSON object of strings; may hold {secret} */
  char   *secret_id; /* (nullable) */
  FpReach reach;
  guint   batch_max; /* events in the next item; smaller after a server refused one */
  gint64  added;     /* unix ms */
  guint   events;    /* not delivered yet; filled by list */
} FpTagRow;

/* One a tag. */
typedef struct {
  char   *tag;
  char   *bus_name;    /* (nullable): activated and told; NULL = whoever listens */
  gint64  created;     /* unix ms */
  gint64  revision;    /* grows when it is registered again */
  guint   attempts;    /* announcements that failed */
  gint64  last_try;    /* unix ms, 0 = never */
  char   *last_result; /* (nullable): why the last one failed */
  gint64  due_boot;    /* as in FpItem */
  char   *due_boot_id; /* "" = none */
  gint64  next_try;    /* unix ms estimate; 0 = unknown */
} FpRegistration;

FpTagRow       *fp_tag_row_new         (void);
void            fp_tag_row_free        (FpTagRow       *row);
FpRegistration *fp_registration_new    (void);
void            fp_registration_free   (FpRegistration *registration);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpTagRow, fp_tag_row_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpRegistration, fp_registration_free)

/* Adds or replaces; events that wait stay. */
gboolean        fp_tag_rows_set        (FpStoreTxn     *txn,
                                        const FpTagRow *row,
                                        GError        **error);
FpTagRow       *fp_tag_rows_get        (FpStoreTxn     *txn,
                                        const char     *name,
                                        GError        **error);
/* FpTagRow by name. */
GPtrArray      *fp_tag_rows_list       (FpStoreTxn     *txn,
                                        GError        **error);
/* CHANGED while events wait; NOT_FOUND. */
gboolean        fp_tag_rows_remove     (FpStoreTxn     *txn,
                                        const char     *name,
                                        GError        **error);

/* Registers @tag, or registers it again: its tries begin anew. @bus_name: (nullable). */
gboolean        fp_registration_rows_add    (FpStoreTxn           *txn,
                                             const char           *tag,
                                             const char           *bus_name,
                                             GError              **error);
FpRegistration *fp_registration_rows_get    (FpStoreTxn           *txn,
                                             const char           *tag,
                                             GError              **error);
/* FpRegistration by tag. */
GPtrArray      *fp_registration_rows_list   (FpStoreTxn           *txn,
                                             GError              **error);
/* NOT_FOUND. */
gboolean        fp_registration_rows_remove (FpStoreTxn           *txn,
                                             const char           *tag,
                                             GError              **error);
/* Writes what a try changed, or, with @row NULL, ends the registration; nothing where it was registered again since
 * @revision. */
gboolean        fp_registration_rows_settle (FpStoreTxn           *txn,
                                             const char           *tag,
                                             gint64                revision,
                                             const FpRegistration *row,
                                             GError              **error);

G_END_DECLS
