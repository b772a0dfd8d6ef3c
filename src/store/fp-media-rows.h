/* fp-media-rows.h — files that a form version needs beside itself */
#pragma once

#include "store/fp-store.h"

G_BEGIN_DECLS

typedef struct {
  char   *name;
  char   *hash;   /* MD5 in hex, as its server says */
  char   *sha256; /* a blob */
  char   *url;
  gint64  size;   /* bytes; filled by list */
} FpMediaRow;

FpMediaRow *fp_media_row_new       (void);
void        fp_media_row_free      (FpMediaRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpMediaRow, fp_media_row_free)

/* FpMediaRow by name; rows whose blob is gone are left out. */
GPtrArray  *fp_media_rows_list     (FpStoreTxn *txn,
                                    gint64      form,
                                    GError    **error);
/* Exactly @rows from now on. NOT_FOUND: a blob is not there. */
gboolean    fp_media_rows_replace  (FpStoreTxn *txn,
                                    gint64      form,
                                    GPtrArray  *rows,
                                    GError    **error);

G_END_DECLS
