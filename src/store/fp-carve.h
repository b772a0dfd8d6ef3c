/* fp-carve.h — the rows of a damaged database, page by page. Stays in this folder.
 *
 * A tree is followed as far as its pages can be believed; what hangs below a damaged page is found by looking at every
 * page that no tree has reached. */
#pragma once

#include "store/fp-image.h"

G_BEGIN_DECLS

#define FP_CARVE_COLUMNS 64

typedef enum {
  FP_CARVE_NULL,
  FP_CARVE_INT,
  FP_CARVE_REAL,
  FP_CARVE_TEXT, /* not checked to be UTF-8 */
  FP_CARVE_BLOB,
} FpCarveType;

typedef struct
{
  FpCarveType type;
  gint64 number;      /* of an INT */
  const guint8 *data; /* borrowed from the row */
  gsize size;
} FpCarveValue;

typedef struct
{
  gint64 rowid;  /* 0 in the tree of an index or of a table without rowid */
  guint n;       /* columns that were stored */
  FpCarveValue values[FP_CARVE_COLUMNS];
  GByteArray *payload; /* owned */
} FpCarveRow;

typedef enum {
  FP_CARVE_TABLE, /* rows with a rowid */
  FP_CARVE_INDEX, /* indexes, and tables without rowid */
} FpCarveKind;

/* TRUE: the row belongs where it was found. */
typedef gboolean (*FpCarveFunc) (const FpCarveRow *row,
                                 gpointer          data);

typedef struct _FpCarve FpCarve;

FpCarve *fp_carve_new        (FpImage     *image);
void     fp_carve_free       (FpCarve     *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpCarve, fp_carve_free)

/* Every row that can be reached from page @root. FALSE: something below it could not be read, or did not belong. */
gboolean fp_carve_walk       (FpCarve     *self,
                              FpCarveKind  kind,
                              guint32      root,
                              FpCarveFunc  func,
                              gpointer     data);
/* Pages that are free are looked at no more; FALSE: which ones they are cannot be read. */
gboolean fp_carve_leave_free (FpCarve     *self);
/* TRUE if a page of a table that no walk has reached names others: a root may have been displaced by a leaf that looks
 * whole. */
gboolean fp_carve_has_stray_trees (FpCarve *self);
/* Leaf pages of @kind that no walk has reached, if @test takes every row that can be read; then each to @func. */
void     fp_carve_strays     (FpCarve     *self,
                              FpCarveKind  kind,
                              FpCarveFunc  test,
                              FpCarveFunc  func,
                              gpointer     data);

G_END_DECLS
