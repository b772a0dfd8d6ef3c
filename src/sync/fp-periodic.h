/* fp-periodic.h — when a job is due again (pure) */
#pragma once

#include "store/fp-periodic-rows.h"

G_BEGIN_DECLS

/* The least time between two runs: of jobs of other programs, and of our own. */
#define FP_PERIODIC_HOUR_MS (3600 * G_GINT64_CONSTANT (1000))
#define FP_PERIODIC_DAY_MS (24 * FP_PERIODIC_HOUR_MS)

/* "daily-sync" and "check-updates": what Fieldpost does itself. */
gboolean fp_periodic_is_builtin (const char *name);

typedef struct {
  gint64      wall;    /* unix ms */
  gint64      boot;    /* boot ms… */
  const char *boot_id; /* …of this boot */
} FpPeriodicNow;

/* ms until @row is due; 0 = it is. */
gint64 fp_periodic_get_wait (const FpPeriodicRow *row,
                             const FpPeriodicNow *now);

G_END_DECLS
