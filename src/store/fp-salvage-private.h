/* fp-salvage-private.h — the steps of a salvage */
#pragma once

#include "store/fp-carve.h"
#include "store/fp-sql.h"

G_BEGIN_DECLS

typedef struct
{
  const char *folder; /* borrowed */
  char *aside;        /* owned: name under which the damaged file is kept */
  gint64 now;         /* unix ms */
  FpDb *db;           /* owned: the new file */
  FpImage *image;     /* owned: the damaged one */
  FpCarve *carve;     /* owned */
  GPtrArray *tables;  /* owned */
  GHashTable *roots;  /* owned: name of a table or index -> its first page */
  GHashTable *ids;    /* owned, gint64: drafts that an index names */
  gboolean ours;      /* something in it was certainly written by Fieldpost */
  gboolean certain;   /* no row can be one that had been deleted or changed since */
  gint64 expected;    /* unsent items by the counts; -1 = they cannot be read */
  gint64 incomplete;  /* items of which a part was lost */
  GError *error;      /* the new file could not be written */
} FpSalvage;

/* Every row that can be read, into the new file. */
gboolean _fp_salvage_rows   (FpSalvage *self,
                             GError   **error);
/* Makes the rows agree with each other again; then what refers to nothing in blobs/ is put aside too. */
gboolean _fp_salvage_repair (FpSalvage *self,
                             GError   **error);
/* Notes in the new file what was saved and what was lost. */
gboolean _fp_salvage_report (FpSalvage *self,
                             GError   **error);

G_END_DECLS
