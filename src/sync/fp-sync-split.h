/* fp-sync-split.h — a submission in several requests (design 5.3, 413), pure
 *
 * Each request repeats the same XML with some of the attachments; all but the last say that more follows. Which
 * attachment goes in which is kept with the item (FpItemPart.post), so that a request that is tried again is the same
 * bytes; the first FpItem.posts_done are stored by the server. Source: OpenRosa, "Form Submission API". */
#pragma once

#include "store/fp-item-rows.h"

G_BEGIN_DECLS

/* How many requests the item takes. */
guint       fp_sync_split_count     (const FpItem  *item);
/* Whether part @i goes in the request that is next. */
gboolean    fp_sync_split_has_part  (const FpItem  *item,
                                     guint          i);
/* Attachments in the next request. */
guint       fp_sync_split_n_files   (const FpItem  *item);
/* "photo.jpg (3.2 MB)": the largest of them; NULL = none. */
char       *fp_sync_split_dup_words (const FpItem  *item);
/* TRUE if more requests follow the next one. */
gboolean    fp_sync_split_goes_on   (const FpItem  *item);
/* Spreads the attachments of the next request over more: so that each is at most @limit bytes where that is known,
 * otherwise (0) by half. FALSE: there is nothing to spread; unchanged. */
gboolean    fp_sync_split           (FpItem        *item,
                                     gint64         limit);

G_END_DECLS
