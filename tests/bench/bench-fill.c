/* bench-fill.c — fills a store for the benchmarks: bench-fill FOLDER URL N [FILE]; with FILE each item uploads it */
#include "fp-bench.h"

#include <stdlib.h>

#include "store/fp-blob.h"

typedef struct {
  const char *url;
  FpBlob *blob;
  guint n;
} Uploads;

static gpointer
uploads_func (FpStoreTxn  *txn,
              gpointer     data,
              GError     **error)
{
  Uploads *uploads = data;

  for (guint i = 0; i < uploads->n; i++)
    {
      g_autoptr(FpItem) item = fp_bench_item (uploads->url, 0);
      FpItemPart *part = g_ptr_array_index (item->parts, 0);

      g_clear_pointer (&part->data, g_bytes_unref);
      part->sha256 = g_strdup (uploads->blob->sha256);
      part->size = uploads->blob->size;
      if (!fp_item_rows_insert (txn, item, error))
        return NULL;
    }

  return uploads;
}

static void
imported_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  *(FpBlob **) user_data = fp_blob_import_finish (FP_STORE (source), result, NULL);
}

static FpBlob *
import (FpStore    *store,
        const char *path)
{
  g_autoptr(GFile) file = g_file_new_for_path (path);
  g_autoptr(GFileInputStream) stream = g_file_read (file, NULL, NULL);
  FpBlob *blob = NULL;

  fp_blob_import_async (store, G_INPUT_STREAM (stream), NULL, imported_cb, &blob);
  while (!blob)
    g_main_context_iteration (NULL, TRUE);

  return blob;
}

int
main (int    argc,
      char **argv)
{
  FpStore *store;
  guint n;

  if (argc < 4 || argc > 5)
    return 2;

  n = (guint) atoi (argv[3]);
  store = fp_bench_open (argv[1]);
  if (argc == 4)
    {
      fp_bench_fill (store, argv[2], n);
    }
  else
    {
      g_autoptr(FpBlob) blob = import (store, argv[4]);

      fp_bench_write (store, uploads_func, &(Uploads){ argv[2], blob, n });
    }
  fp_bench_close (store);

  return 0;
}
