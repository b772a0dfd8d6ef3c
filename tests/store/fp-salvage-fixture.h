/* fp-salvage-fixture.h — a store whose rows can be found in the file without knowing its format; ways to damage it */
#pragma once

#include "fp-store-fixture.h"

G_BEGIN_DECLS

#define FP_SALVAGE_PAGE   4096
#define FP_SALVAGE_DRAFTS 60
#define FP_SALVAGE_ITEMS  160

/* A store with drafts, and items in every state; open. */
void      fp_salvage_fixture_fill             (FpStoreFixture *f);
void      fp_salvage_fixture_open             (FpStoreFixture *f);
void      fp_salvage_fixture_close            (FpStoreFixture *f);
/* Opens as a program does; where damage is found, once more. */
void      fp_salvage_fixture_open_until_whole (FpStoreFixture *f);
/* FpStoreFunc: deletes the second half of the drafts. */
gpointer  fp_salvage_fixture_delete_some      (FpStoreTxn     *txn,
                                               gpointer        data,
                                               GError        **error);

GBytes   *fp_salvage_fixture_read             (const char     *path);
void      fp_salvage_fixture_write            (const char     *path,
                                               gconstpointer   bytes,
                                               gsize           size);
/* Damages the file and lets the next program find it. Gives the damaged bytes. */
GBytes   *fp_salvage_fixture_damage           (FpStoreFixture *f,
                                               gsize           from,
                                               gsize           size);
/* The one file that was put aside; NULL if there is none. Caller frees. */
char     *fp_salvage_fixture_find_aside       (FpStoreFixture *f,
                                               const char     *suffix);
void      fp_salvage_fixture_assert_aside     (FpStoreFixture *f,
                                               GBytes         *damaged);
void      fp_salvage_fixture_remove_asides    (FpStoreFixture *f);
void      fp_salvage_fixture_assert_whole     (FpStoreFixture *f);
gint64    fp_salvage_fixture_ask_int          (FpStoreFixture *f,
                                               const char     *sql);

typedef struct
{
  GBytes *before;
  GBytes *after;    /* the damaged file */
  int n_drafts;     /* (out): that lie on undamaged pages; each was there */
  int n_items;      /* (out) */
  gboolean damaged; /* the store was repaired */
} FpSalvageExpected;

/* FpStoreFunc, @data an FpSalvageExpected. */
gpointer  fp_salvage_fixture_check_rows       (FpStoreTxn     *txn,
                                               gpointer        data,
                                               GError        **error);

G_END_DECLS
