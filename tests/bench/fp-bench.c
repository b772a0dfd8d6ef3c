#include "fp-bench.h"

#include <stdlib.h>
#include <string.h>

#include "base/fp-random.h"
#include "net/fp-host.h"

#define BATCH 1000

double
fp_bench_now (void)
{
  return (double) g_get_monotonic_time () / G_USEC_PER_SEC;
}

static int
compare (gconstpointer a,
         gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

double
fp_bench_median (GArray *values)
{
  g_array_sort (values, compare);

  return g_array_index (values, double, values->len / 2);
}

void
fp_bench_print (const char *name,
                double      figure,
                double      reference,
                const char *unit,
                double      ratio)
{
  g_print ("%s: %.4g %s (reference: %.4g %s, ratio %.2f)\n", name, figure, unit, reference, unit, ratio);
}

static void
done_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static GAsyncResult *
wait_for (GAsyncResult **result)
{
  while (!*result)
    g_main_context_iteration (NULL, TRUE);

  return *result;
}

static void
check (GError *error)
{
  if (!error)
    return;

  g_printerr ("%s\n", error->message);
  exit (1);
}

FpStore *
fp_bench_open (const char *folder)
{
  g_autoptr(FpClock) clock = fp_clock_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  FpStore *store = fp_store_new (folder, clock);

  fp_store_open_async (store, NULL, done_cb, &result);
  fp_store_open_finish (store, wait_for (&result), &error);
  check (error);

  return store;
}

void
fp_bench_close (FpStore *store)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  fp_store_close_async (store, NULL, done_cb, &result);
  fp_store_close_finish (store, wait_for (&result), &error);
  check (error);
  g_object_unref (store);
}

gpointer
fp_bench_write (FpStore    *store,
                FpStoreFunc func,
                gpointer    data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  gpointer value;

  fp_store_write_async (store, func, data, NULL, NULL, NULL, done_cb, &result);
  value = fp_store_write_finish (store, wait_for (&result), &error);
  check (error);

  return value;
}

gpointer
fp_bench_read (FpStore    *store,
               FpStoreFunc func,
               gpointer    data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  gpointer value;

  fp_store_read_async (store, func, data, NULL, NULL, NULL, done_cb, &result);
  value = fp_store_read_finish (store, wait_for (&result), &error);
  check (error);

  return value;
}

FpItem *
fp_bench_item (const char *url,
               gsize       size)
{
  FpItem *item = fp_item_new ();
  FpItemPart *part = fp_item_part_new (NULL, NULL, "application/json");
  g_autofree char *filler = g_strnfill (size > 32 ? size - 32 : 0, 'x');
  g_autofree char *body = g_strdup_printf ("{\"answers\":\"%s\"}", filler);

  item->uid = fp_uuid_new ();
  item->kind = FP_ITEM_REQUEST;
  item->protocol = FP_PROTOCOL_PLAIN;
  item->title = g_strdup ("A report");
  item->method = g_strdup ("POST");
  item->url = g_strdup (url);
  item->host = fp_host_dup_origin (url, NULL);
  item->state = FP_ITEM_PENDING;
  part->data = g_bytes_new (body, strlen (body));
  item->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_item_part_free);
  g_ptr_array_add (item->parts, part);

  return item;
}

typedef struct {
  const char *url;
  guint n;
} Fill;

static gpointer
fill_func (FpStoreTxn  *txn,
           gpointer     data,
           GError     **error)
{
  Fill *fill = data;

  for (guint i = 0; i < fill->n; i++)
    {
      g_autoptr(FpItem) item = fp_bench_item (fill->url, 200);

      if (!fp_item_rows_insert (txn, item, error))
        return NULL;
    }

  return fill;
}

void
fp_bench_fill (FpStore    *store,
               const char *url,
               guint       n)
{
  for (guint done = 0; done < n; done += BATCH)
    fp_bench_write (store, fill_func, &(Fill){ url, MIN (BATCH, n - done) });
}
