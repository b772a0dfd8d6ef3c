/* fp-hold-rows.h — what keeps more than one item: an account that was refused, a form without access, a proxy
 *
 * A row keeps every item that it covers, also those that are queued later. The row is the truth; the items follow it,
 * some hundred in a transaction where there are many: fp_hold_rows_sweep() there, fp_hold_rows_go_on() back again. */
#pragma once

#include "store/fp-form-rows.h"

G_BEGIN_DECLS

/* What is kept, and what tells it: the subject. */
typedef enum {
  FP_HOLD_ACCOUNT,   /* a secret id: everything that is sent with it */
  FP_HOLD_ENDPOINT,  /* a secret id and an address: what is sent there with it */
  FP_HOLD_ANONYMOUS, /* a host: submissions that go there without an account */
  FP_HOLD_FORM,      /* a row of table form */
  FP_HOLD_PROXY,     /* a host that this network's proxy does not lead to */
  FP_N_HOLDS,
} FpHoldKind;

typedef struct {
  FpHoldKind kind;
  char      *subject;
  char      *code;    /* as FpItem.reason_code, also of the items */
  char      *words;   /* (nullable): as FpItem.reason */
  gint64     since;   /* unix ms */
} FpHoldRow;

FpHoldRow  *fp_hold_row_new        (FpHoldKind       kind,
                                    const FpItem    *item);
void        fp_hold_row_free       (FpHoldRow       *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpHoldRow, fp_hold_row_free)

/* The word in FpItem.hold of the items it keeps. */
const char *fp_hold_kind_get_word  (FpHoldKind       kind);

/* Adds the row, or gives the one there is another code and words. */
gboolean    fp_hold_rows_put       (FpStoreTxn      *txn,
                                    const FpHoldRow *row,
                                    GError         **error);
/* The row that keeps @item; NULL without error where none does. */
FpHoldRow  *fp_hold_rows_find      (FpStoreTxn      *txn,
                                    const FpItem    *item,
                                    GError         **error);
/* FpHoldRow of one kind. */
GPtrArray  *fp_hold_rows_list      (FpStoreTxn      *txn,
                                    FpHoldKind       kind,
                                    GError         **error);
/* One of the items that @row keeps, without parts; NULL without error where none is left. */
FpItem     *fp_hold_rows_get_one   (FpStoreTxn      *txn,
                                    const FpHoldRow *row,
                                    GError         **error);
/* Holds at most @limit more of the items that @row covers: pending ones, and failed ones that are tried again. */
gboolean    fp_hold_rows_sweep     (FpStoreTxn      *txn,
                                    const FpHoldRow *row,
                                    guint            limit,
                                    GError         **error);
/* Removes the row, if there is one, and releases what it covers; waits are over. The first 500 at once. */
gboolean    fp_hold_rows_lift      (FpStoreTxn      *txn,
                                    FpHoldKind       kind,
                                    const char      *subject,
                                    GError         **error);
gboolean    fp_hold_rows_lift_all  (FpStoreTxn      *txn,
                                    FpHoldKind       kind,
                                    GError         **error);
/* Removes every row whose items have the word @word (nullable: any): whoever calls releases the items. */
gboolean    fp_hold_rows_forget    (FpStoreTxn      *txn,
                                    const char      *word,
                                    GError         **error);
/* What keeps the held item @item: a person says that it is repaired. The items are released by fp_hold_rows_go_on(). */
gboolean    fp_hold_rows_lift_for  (FpStoreTxn      *txn,
                                    const FpItem    *item,
                                    GError         **error);
/* The account has another password: everything that is kept for it, also the forms that were refused to it, goes
 * again, and what waits for a time is due. */
gboolean    fp_hold_rows_repair    (FpStoreTxn      *txn,
                                    const char      *secret_id,
                                    GError         **error);

/* The next 500 items of what was lifted, repaired or given another account. Who sends goes on until nothing is
 * unfinished. */
gboolean    fp_hold_rows_go_on     (FpStoreTxn      *txn,
                                    GError         **error);
gboolean    fp_hold_rows_is_unfinished (FpStoreTxn  *txn,
                                    gboolean        *unfinished,
                                    GError         **error);
/* The account of @item is another meanwhile: it goes with that. */
gboolean    fp_hold_rows_follow    (FpStoreTxn      *txn,
                                    FpItem          *item,
                                    GError         **error);

/* @server has another account, row->secret_id, than @from (nullable: it had none). What is unsent is sent with it from
 * now on, and what was kept for the old one goes. @host: origin of the server. */
gboolean    fp_hold_rows_change_account (FpStoreTxn        *txn,
                                         const FpServerRow *server,
                                         const char        *from,
                                         const char        *host,
                                         GError           **error);

G_END_DECLS
