/* bench-lists.c — what window and command line read all the time, with few and with many items
 *
 * bench-lists FOLDER. The reference is the same rows read by raw SQLite, without making anything of them; and growth:
 * the same with 1,000 items. */
#include "fp-bench.h"

#include <sqlite3.h>

#define ROUNDS 201
#define URL "http://127.0.0.1:9/report"

static gpointer
list_func (FpStoreTxn  *txn,
           gpointer     data,
           GError     **error)
{
  return fp_item_rows_list (txn, data, error);
}

static gpointer
count_func (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  return fp_item_rows_count (txn, error);
}

static double
time_list (FpStore *store)
{
  g_autoptr(GArray) times = g_array_new (FALSE, FALSE, sizeof (double));
  FpItemQuery query = { .limit = 100 };

  for (guint i = 0; i < ROUNDS; i++)
    {
      double t = fp_bench_now ();
      g_autoptr(GPtrArray) items = fp_bench_read (store, list_func, &query);

      t = (fp_bench_now () - t) * 1e6;
      g_array_append_val (times, t);
    }

  return fp_bench_median (times);
}

static double
time_counts (FpStore *store)
{
  g_autoptr(GArray) times = g_array_new (FALSE, FALSE, sizeof (double));

  for (guint i = 0; i < ROUNDS; i++)
    {
      double t = fp_bench_now ();
      g_autoptr(FpItemCounts) counts = fp_bench_read (store, count_func, NULL);

      t = (fp_bench_now () - t) * 1e6;
      g_array_append_val (times, t);
    }

  return fp_bench_median (times);
}

static double
time_raw (const char *folder,
          const char *sql)
{
  g_autofree char *path = g_build_filename (folder, "fieldpost.db", NULL);
  g_autoptr(GArray) times = g_array_new (FALSE, FALSE, sizeof (double));
  sqlite3 *db = NULL;
  sqlite3_stmt *stmt = NULL;

  sqlite3_open_v2 (path, &db, SQLITE_OPEN_READONLY, NULL);
  sqlite3_prepare_v2 (db, sql, -1, &stmt, NULL);
  for (guint i = 0; i < ROUNDS; i++)
    {
      double t = fp_bench_now ();

      while (sqlite3_step (stmt) == SQLITE_ROW)
        for (int c = 0; c < sqlite3_column_count (stmt); c++)
          sqlite3_column_text (stmt, c);
      sqlite3_reset (stmt);
      t = (fp_bench_now () - t) * 1e6;
      g_array_append_val (times, t);
    }
  sqlite3_finalize (stmt);
  sqlite3_close (db);

  return fp_bench_median (times);
}

static void
measure (const char *folder,
         FpStore    *store,
         guint       n)
{
  static const char page[] = "SELECT * FROM item WHERE state IN (1, 2, 3, 4) ORDER BY id DESC LIMIT 100";
  static const char counts[] = "SELECT state, n FROM item_count";
  g_autofree char *list_name = g_strdup_printf ("page of 100 out of %u", n);
  g_autofree char *count_name = g_strdup_printf ("status of %u", n);
  double list = time_list (store), list_raw = time_raw (folder, page);
  double count = time_counts (store), count_raw = time_raw (folder, counts);

  fp_bench_print (list_name, list, list_raw, "us", list_raw / list);
  fp_bench_print (count_name, count, count_raw, "us", count_raw / count);
}

int
main (int    argc,
      char **argv)
{
  FpStore *store;

  if (argc != 2)
    return 2;

  store = fp_bench_open (argv[1]);
  fp_bench_fill (store, URL, 1000);
  measure (argv[1], store, 1000);
  fp_bench_fill (store, URL, 99000);
  measure (argv[1], store, 100000);
  fp_bench_close (store);

  return 0;
}
