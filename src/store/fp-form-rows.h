/* fp-form-rows.h — form definitions and servers, as rows; the store does not look inside a form */
#pragma once

#include "store/fp-item-rows.h"

G_BEGIN_DECLS

typedef struct {
  gint64  id;
  char   *form_id;     /* the XForm's own id */
  char   *version;     /* "" where it has none */
  char   *title;
  char   *md5;         /* of the XML, as OpenRosa form lists state it */
  gint64  server;      /* row of table server; 0 = added from a file */
  char   *submit_url;  /* (nullable): overrides the form's own; set by "forms add --post" */
  gint64  added;       /* unix ms */
  gboolean hidden;     /* removed, or an older version: kept for the drafts that were begun with it */
  guint   drafts;      /* how many drafts; filled by list */
} FpFormRow;

/* What counts as the yes of a plain server. The numbers are stored. */
typedef enum {
  FP_SUCCESS_2XX      = 0,
  FP_SUCCESS_JSON     = 1, /* 2xx with a JSON body */
  FP_SUCCESS_REDIRECT = 2, /* also 302 and 303: some webhooks */
} FpSuccess;

/* What to do where it may have arrived and no answer told. The numbers are stored. */
typedef enum {
  FP_LOST_SEND = 0, /* again, with the same key */
  FP_LOST_ASK  = 1, /* hold it: a person decides */
} FpLost;

typedef struct {
  gint64     id;
  char      *title;
  char      *url;        /* base; may hold {secret} */
  FpProtocol protocol;
  FpReach    reach;
  char      *user;       /* (nullable): Basic user name */
  char      *secret_id;  /* (nullable) */
  gint64     added;      /* unix ms */
  gint64     refreshed;  /* unix ms of the last good form list, 0 = never */
  FpSuccess  success;    /* what its yes is; FP_PROTOCOL_PLAIN only */
  FpLost     lost;       /* after a lost answer; FP_PROTOCOL_PLAIN only */
} FpServerRow;

FpFormRow   *fp_form_row_new    (void);
void         fp_form_row_free   (FpFormRow   *row);
FpServerRow *fp_server_row_new  (void);
void         fp_server_row_free (FpServerRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpFormRow, fp_form_row_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpServerRow, fp_server_row_free)

/* Adds the version, or finds the row with the same form_id, version and md5 (also one from a file where @row is from a
 * server, and the other way round: it then is the server's); hides other versions of form_id of the same server. The
 * XML is kept durably with the row. Sets row->id. */
gboolean     fp_form_rows_add    (FpStoreTxn   *txn,
                                  FpFormRow    *row,
                                  GBytes       *xml,
                                  GError      **error);
FpFormRow   *fp_form_rows_get    (FpStoreTxn   *txn,
                                  gint64        id,
                                  GError      **error);
/* Newest visible row of that form id; NOT_FOUND otherwise. */
FpFormRow   *fp_form_rows_find   (FpStoreTxn   *txn,
                                  const char   *form_id,
                                  GError      **error);
GBytes      *fp_form_rows_get_xml(FpStoreTxn   *txn,
                                  gint64        id,
                                  GError      **error);
/* Visible forms by title, FpFormRow. */
GPtrArray   *fp_form_rows_list   (FpStoreTxn   *txn,
                                  GError      **error);
gboolean     fp_form_rows_hide   (FpStoreTxn   *txn,
                                  gint64        id,
                                  GError      **error);

gboolean     fp_server_rows_add  (FpStoreTxn   *txn,
                                  FpServerRow  *row,
                                  GError      **error);
gboolean     fp_server_rows_update (FpStoreTxn        *txn,
                                    const FpServerRow *row,
                                    GError           **error);
FpServerRow *fp_server_rows_get  (FpStoreTxn   *txn,
                                  gint64        id,
                                  GError      **error);
GPtrArray   *fp_server_rows_list (FpStoreTxn   *txn,
                                  GError      **error);
/* Refused (FP_STORE_ERROR_CHANGED) while unsent items or drafts of its forms exist. */
gboolean     fp_server_rows_remove (FpStoreTxn *txn,
                                    gint64      id,
                                    GError    **error);

/* Settings that every program shares (Work Offline, metered, retention): small texts by name. */
char        *fp_setting_rows_get (FpStoreTxn   *txn,
                                  const char   *name,
                                  GError      **error);
gboolean     fp_setting_rows_set (FpStoreTxn   *txn,
                                  const char   *name,
                                  const char   *value,
                                  GError      **error);

G_END_DECLS
