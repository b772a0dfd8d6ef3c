/* fp-sync-request.h — the HTTP request of an item: the same bytes on every attempt */
#pragma once

#include "net/fp-http.h"
#include "store/fp-item-rows.h"

G_BEGIN_DECLS

/* @item: with its parts. @user: (nullable): Basic user name of the item's server. */
FpRequest *fp_sync_request_new      (FpStore      *store,
                                     const FpItem *item,
                                     const char   *user,
                                     gint64        now_wall,
                                     GError      **error);
/* TRUE if the request says who sends it. */
gboolean   fp_sync_request_is_known (const FpRequest *request);

G_END_DECLS
