/* fp-import-private.h — an import on its way. Stays in its two files. */
#pragma once

#include "engine/fp-engine-transfer.h"
#include "engine/fp-transfer-check.h"

G_BEGIN_DECLS

/* One of the page. */
typedef struct {
  char            *folder;
  FpIncomingItem  *item;
  FpIncomingDraft *draft;
  gboolean         known;   /* nothing of it is to be written but perhaps its state */
  gboolean         account; /* its account is missing here */
} Entry;

/* A file that is to become a blob. */
typedef struct {
  char *path;
  char *sha256; /* borrowed */
} Wanted;

typedef struct {
  /* Owned. */
  char            *folder;
  FpTransferIn    *in;
  GHashTable      *forms;    /* gint64 number in the export -> gint64 row here */
  GHashTable      *accounts; /* "id\nhost" -> TRUE where it is missing */
  GPtrArray       *page;     /* Entry */
  GPtrArray       *wanted;   /* Wanted */
  FpTransferCount *count;

  gboolean         own;      /* exported by this very store */
  gboolean         send;
  gboolean         more;
  guint            at;       /* index into page or wanted: the step that runs */
} Import;

/* Row of the item with @uid (nullable); 0 = there is none. */
gint64   _fp_import_find_uid   (FpStoreTxn  *txn,
                                const char  *uid);
/* Early versions counted the keys of an origin in each store anew: in another store such a key may be of another
 * person. It gets the name of its store, which no secret here has. */
void     _fp_import_own_key    (const Import *import,
                                char        **secret_id);
/* FpStoreFunc: everything of the page, one transaction. @data: Import. */
gpointer _fp_import_write_page (FpStoreTxn  *txn,
                                gpointer     data,
                                GError     **error);

G_END_DECLS
