/* drain.c — sends the outbox of a folder until nothing waits, then exits 0: what test-sync-crash kills */
#include "base/fp-random.h"
#include "store/fp-item-rows.h"
#include "sync/fp-sync.h"

typedef struct {
  GMainLoop *loop;
  FpStore *store;
  FpSync *sync;
  gboolean counting;
} Drain;

static void
count_if_quiet (Drain *drain);

static gpointer
count_func (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  return fp_item_rows_count (txn, error);
}

static void
counted_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Drain *drain = user_data;
  g_autoptr(FpItemCounts) counts = fp_store_read_finish (FP_STORE (source), result, NULL);

  drain->counting = FALSE;
  if (counts && counts->waiting == 0)
    g_main_loop_quit (drain->loop);
}

static void
count_if_quiet (Drain *drain)
{
  if (drain->counting || !fp_sync_get_holding (drain->sync))
    return;

  drain->counting = TRUE;
  fp_store_read_async (drain->store, count_func, NULL, NULL, (GDestroyNotify) fp_item_counts_free, NULL, counted_cb,
                       drain);
}

static gboolean
poll_cb (gpointer user_data)
{
  count_if_quiet (user_data);

  return G_SOURCE_CONTINUE;
}

static void
quit_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_main_loop_quit (user_data);
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr(FpClock) clock = fp_clock_new ();
  g_autoptr(FpLink) link = fp_link_new_fake (FP_LINK_FULL);
  g_autoptr(FpHttp) http = fp_http_new (NULL);
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Drain drain = { .loop = loop };

  if (argc != 2)
    return 2;

  drain.store = fp_store_new (argv[1], clock);
  fp_store_open_async (drain.store, NULL, quit_cb, loop);
  g_main_loop_run (loop);

  drain.sync = fp_sync_new (drain.store, link, http, fp_random_new ());
  fp_sync_start (drain.sync);
  g_timeout_add (20, poll_cb, &drain);
  g_main_loop_run (loop);

  fp_sync_stop_async (drain.sync, NULL, quit_cb, loop);
  g_main_loop_run (loop);
  fp_store_close_async (drain.store, NULL, quit_cb, loop);
  g_main_loop_run (loop);

  return 0;
}
