/* fp-periodic-rows.h — jobs that are done again and again, at least some time apart */
#pragma once

#include "store/fp-store.h"

G_BEGIN_DECLS

typedef struct {
  char   *name;
  char   *bus_name;     /* (nullable): of another program, told as a registration is */
  gint64  min_interval; /* ms */
  gint64  registered;   /* unix ms */
  gint64  last_run;     /* unix ms when it last began, 0 = never */
  gint64  last_boot;    /* boot ms of that, or of the registration… */
  char   *last_boot_id; /* …in this boot */
  char   *last_result;  /* (nullable): why it failed; NULL = it went well */
} FpPeriodicRow;

FpPeriodicRow *fp_periodic_row_new     (void);
void           fp_periodic_row_free    (FpPeriodicRow       *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FpPeriodicRow, fp_periodic_row_free)

/* Registers, or changes the interval and the bus name of what is registered: when it last ran stays. */
gboolean       fp_periodic_rows_set    (FpStoreTxn          *txn,
                                        const FpPeriodicRow *row,
                                        GError             **error);
/* FpPeriodicRow by name. */
GPtrArray     *fp_periodic_rows_list   (FpStoreTxn          *txn,
                                        GError             **error);
/* NOT_FOUND. */
gboolean       fp_periodic_rows_remove (FpStoreTxn          *txn,
                                        const char          *name,
                                        GError             **error);
/* It begins now: noted before anything is done, so that a job that crashes is not begun again and again. */
gboolean       fp_periodic_rows_begin  (FpStoreTxn          *txn,
                                        const char          *name,
                                        GError             **error);
/* @result: (nullable): why it failed, in words. */
gboolean       fp_periodic_rows_end    (FpStoreTxn          *txn,
                                        const char          *name,
                                        const char          *result,
                                        GError             **error);

G_END_DECLS
