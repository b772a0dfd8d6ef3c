/* fp-bench.h — what the benchmarks share: a store to fill, clocks, and one way to print a figure */
#pragma once

#include "store/fp-item-rows.h"

G_BEGIN_DECLS

/* Seconds since some moment. */
double   fp_bench_now    (void);
/* The middle one of @values, which are sorted. */
double   fp_bench_median (GArray     *values);
/* "name: figure unit (reference: figure unit, ratio)"; the ratio is better the larger it is. */
void     fp_bench_print  (const char *name,
                          double      figure,
                          double      reference,
                          const char *unit,
                          double      ratio);

FpStore *fp_bench_open   (const char *folder);
void     fp_bench_close  (FpStore    *store);
/* Runs @func in one write (or read) transaction and waits for it; an error ends the program. */
gpointer fp_bench_write  (FpStore    *store,
                          FpStoreFunc func,
                          gpointer    data);
gpointer fp_bench_read   (FpStore    *store,
                          FpStoreFunc func,
                          gpointer    data);
/* An item that posts @size bytes of JSON to @url. */
FpItem  *fp_bench_item   (const char *url,
                          gsize       size);
/* @n of them, in transactions of 1,000. */
void     fp_bench_fill   (FpStore    *store,
                          const char *url,
                          guint       n);

G_END_DECLS
