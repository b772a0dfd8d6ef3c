/* fp-periodic.h — when a job is due again, and clean-up, the one that nobody needs to register */
#pragma once

#include "store/fp-periodic-rows.h"

G_BEGIN_DECLS

/* The least time between two runs: of jobs of other programs, and of our own. */
#define FP_PERIODIC_HOUR_MS (3600 * G_GINT64_CONSTANT (1000))
#define FP_PERIODIC_DAY_MS (24 * FP_PERIODIC_HOUR_MS)

/* What is old or of no use goes, once a day: only in the store, so it needs neither a permission nor the network. */
#define FP_PERIODIC_CLEAN_UP "clean-up"

/* That, "daily-sync" and "check-updates": what Fieldpost does itself. */
gboolean fp_periodic_is_builtin (const char *name);

typedef struct {
  gint64      wall;    /* unix ms */
  gint64      boot;    /* boot ms… */
  const char *boot_id; /* …of this boot */
} FpPeriodicNow;

/* ms until @row is due; 0 = it is. */
gint64 fp_periodic_get_wait (const FpPeriodicRow *row,
                             const FpPeriodicNow *now);

/* (transfer full): FpPeriodicRow by name: what is registered, and clean-up also where it never ran. */
GPtrArray *fp_periodic_list  (FpStoreTxn          *txn,
                              GError             **error);
/* As fp_periodic_rows_begin(). */
gboolean   fp_periodic_begin (FpStoreTxn          *txn,
                              const char          *name,
                              GError             **error);

G_END_DECLS
