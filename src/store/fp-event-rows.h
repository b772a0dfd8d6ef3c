/* fp-event-rows.h — events of a tag: each waits until it is frozen into an item, and goes with that item's receipt */
#pragma once

#include "store/fp-tag-rows.h"

G_BEGIN_DECLS

/* Bytes of an item of events at most, and so of one event alone. */
#define FP_BATCH_BYTES (1024 * 1024)

/* @data: one JSON value as text; NOT_FOUND: no such tag. */
gboolean  fp_event_rows_add        (FpStoreTxn *txn,
                                    const char *tag,
                                    const char *data,
                                    GError    **error);
/* Names of the tags of which an event could be frozen now: some wait, and no earlier item is still on its way. */
GPtrArray *fp_event_rows_list_ready (FpStoreTxn *txn,
                                     GError    **error);
/* Whether that holds for @tag; FALSE with or without error. */
gboolean  fp_event_rows_is_ready   (FpStoreTxn *txn,
                                    const char *tag,
                                    GError    **error);
/* The oldest events of @tag, at most @max and FP_BATCH_BYTES together, as {"events":[…]}; @last: (out): the id of the
 * last of them, 0 = there is none. */
GBytes   *fp_event_rows_dup_batch  (FpStoreTxn *txn,
                                    const char *tag,
                                    guint       max,
                                    gint64     *last,
                                    GError    **error);
/* Whether @body, such a one, has more than one event. */
gboolean  fp_event_rows_is_several (GBytes     *body);
/* Those events, up to @last, are frozen into @item. */
gboolean  fp_event_rows_freeze     (FpStoreTxn *txn,
                                    const char *tag,
                                    gint64      last,
                                    gint64      item,
                                    GError    **error);
/* How many events are in @item; -1 on error. */
gint64    fp_event_rows_count      (FpStoreTxn *txn,
                                    gint64      item,
                                    GError    **error);
/* @item was delivered: its events go. */
gboolean  fp_event_rows_delete     (FpStoreTxn *txn,
                                    gint64      item,
                                    GError    **error);
/* @item goes, its events wait again. Only for an item that certainly was not stored by its server. */
gboolean  fp_event_rows_thaw       (FpStoreTxn *txn,
                                    gint64      item,
                                    GError    **error);

G_END_DECLS
