/* fp-receiver-page.h — what the receiver says: its page, and the bodies of its answers */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* HTML; @base: "http://host:port" as the visitor called it; @forms: of FpReceiverForm. */
char *fp_receiver_page_html     (const char *base,
                                 GPtrArray  *forms,
                                 guint       count);
char *fp_receiver_page_openrosa (const char *nature,
                                 const char *message);
/* {"ok":true,"id":17,"folder":"…","duplicate":false} */
char *fp_receiver_page_stored   (guint64     number,
                                 const char *folder,
                                 gboolean    duplicate);
/* {"ok":false,"error":"…"} */
char *fp_receiver_page_refused  (const char *message);

G_END_DECLS
