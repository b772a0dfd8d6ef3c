#include "fp-sync-fixture.h"

#include "base/fp-random.h"
#include "net/fp-host.h"
#include "store/fp-blob.h"
#include "sync/fp-sync-private.h"

#define WALL G_GINT64_CONSTANT (1700000000000)
#define BOOT G_GINT64_CONSTANT (100000000)

static void
delivered_cb (FpSync        *sync,
              gint64         id,
              const char    *uid,
              gint64         ms,
              FpSyncFixture *f)
{
  f->delivered++;
  f->delivered_ms = ms;
}

static void
failed_cb (FpSync        *sync,
           gint64         id,
           const char    *code,
           FpSyncFixture *f)
{
  f->failed++;
  g_free (f->failed_code);
  f->failed_code = g_strdup (code);
}

FpStore *
fp_sync_fixture_open (FpSyncFixture *f)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  FpStore *store = fp_store_new (f->folder, f->clock);

  fp_store_open_async (store, NULL, fp_test_await_cb, &await);
  fp_store_open_finish (store, fp_test_await (&await), &error);
  g_assert_no_error (error);

  return store;
}

void
fp_sync_fixture_close (FpStore *store)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  FpStore *weak = store;

  fp_store_close_async (store, NULL, fp_test_await_cb, &await);
  fp_store_close_finish (store, fp_test_await (&await), &error);
  g_assert_no_error (error);
  fp_test_await_clear (&await);

  /* The worker sends its reference home after the call has returned. */
  g_object_add_weak_pointer (G_OBJECT (store), (gpointer *) &weak);
  g_object_unref (store);
  fp_test_until (weak == NULL);
}

FpSync *
fp_sync_fixture_new_sync (FpSyncFixture *f,
                          FpStore       *store)
{
  return fp_sync_new (store, f->link, f->http, fp_random_new_seeded (42));
}

gboolean
fp_sync_fixture_stop (FpSync *sync)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_sync_stop_async (sync, NULL, fp_test_await_cb, &await);
  return fp_sync_stop_finish (sync, fp_test_await (&await), NULL);
}

void
fp_sync_fixture_setup (FpSyncFixture *f,
                       gconstpointer  data)
{
  f->folder = data ? g_strdup (data) : fp_test_make_folder ();
  f->clock = fp_clock_new_fake (WALL, BOOT);
  f->store = fp_sync_fixture_open (f);
  f->link = fp_link_new_fake (FP_LINK_FULL);
  f->http = fp_http_new (NULL);
  f->sync = fp_sync_fixture_new_sync (f, f->store);
  f->sink = fp_sink_new ();
  f->delivered_ms = -2;
  g_signal_connect (f->sync, "delivered", G_CALLBACK (delivered_cb), f);
  g_signal_connect (f->sync, "failed", G_CALLBACK (failed_cb), f);
}

void
fp_sync_fixture_teardown (FpSyncFixture *f,
                          gconstpointer  data)
{
  g_assert_true (fp_sync_fixture_stop (f->sync));
  fp_test_drain ();
  g_assert_finalize_object (f->sync);
  fp_sync_fixture_close (f->store);
  g_clear_object (&f->http);
  /* Lets the server see that its connections were closed; SoupServer leaks those it still has at the end. */
  fp_test_drain ();
  fp_sink_free (f->sink);
  fp_test_drain ();
  g_assert_finalize_object (f->link);
  g_clear_object (&f->clock);
  if (!data)
    fp_test_remove_folder (f->folder);
  g_free (f->folder);
  g_free (f->failed_code);
}

FpItem *
fp_sync_fixture_item (FpSyncFixture *f,
                      const char    *path)
{
  FpItem *item = fp_item_new ();
  FpItemPart *part = fp_item_part_new (NULL, NULL, "application/json");
  g_autofree char *body = NULL;

  item->uid = fp_uuid_new ();
  item->kind = FP_ITEM_REQUEST;
  item->protocol = FP_PROTOCOL_PLAIN;
  item->title = g_strdup ("A report");
  item->tag = g_strdup ("data-sync");
  item->method = g_strdup ("POST");
  item->url = g_strconcat (fp_sink_get_url (f->sink), path, NULL);
  item->host = fp_host_dup_origin (item->url, NULL);
  item->reach = FP_REACH_PUBLIC;
  item->headers = g_strdup ("{}");
  item->created = fp_clock_get_wall_ms (f->clock);
  item->state = FP_ITEM_PENDING;

  body = g_strdup_printf ("{\"uid\":\"%s\"}", item->uid);
  part->data = g_bytes_new (body, strlen (body));
  part->size = (gint64) strlen (body);
  item->body_size = part->size;
  if (!item->parts)
    item->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_item_part_free);
  g_ptr_array_add (item->parts, part);

  return item;
}

static gpointer
insert_func (FpStoreTxn  *txn,
             gpointer     data,
             GError     **error)
{
  return fp_item_rows_insert (txn, data, error) ? data : NULL;
}

static gpointer
write_now (FpSyncFixture *f,
           FpStoreFunc    func,
           gpointer       data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  gpointer result;

  fp_store_write_async (f->store, func, data, NULL, NULL, NULL, fp_test_await_cb, &await);
  result = fp_store_write_finish (f->store, fp_test_await (&await), &error);
  g_assert_no_error (error);

  return result;
}

static gpointer
read_now (FpSyncFixture *f,
          FpStoreFunc    func,
          gpointer       data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  gpointer result;

  fp_store_read_async (f->store, func, data, NULL, NULL, NULL, fp_test_await_cb, &await);
  result = fp_store_read_finish (f->store, fp_test_await (&await), &error);
  g_assert_no_error (error);

  return result;
}

void
fp_sync_fixture_attach (FpSyncFixture *f,
                        FpItem        *item,
                        const char    *name,
                        gsize          size)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  g_autofree char *bytes = g_malloc (size);
  g_autoptr(GInputStream) stream = NULL;
  g_autoptr(FpBlob) blob = NULL;
  FpItemPart *part = fp_item_part_new (name, name, "image/jpeg");

  for (gsize i = 0; i < size; i++)
    bytes[i] = (char) (i * 31 + i / 251);
  stream = g_memory_input_stream_new_from_data (bytes, (gssize) size, NULL);
  fp_blob_import_async (f->store, stream, NULL, fp_test_await_cb, &await);
  blob = fp_blob_import_finish (f->store, fp_test_await (&await), &error);
  g_assert_no_error (error);
  part->sha256 = g_strdup (blob->sha256);
  part->size = blob->size;
  item->body_size += blob->size;
  g_ptr_array_add (item->parts, part);
}

gint64
fp_sync_fixture_insert (FpSyncFixture *f,
                        FpItem        *item)
{
  gint64 id;

  write_now (f, insert_func, item);
  id = item->id;
  fp_item_free (item);

  return id;
}

gint64
fp_sync_fixture_add (FpSyncFixture *f,
                     const char    *path)
{
  return fp_sync_fixture_insert (f, fp_sync_fixture_item (f, path));
}

static gpointer
get_func (FpStoreTxn  *txn,
          gpointer     data,
          GError     **error)
{
  return fp_item_rows_get (txn, *(gint64 *) data, FALSE, error);
}

FpItem *
fp_sync_fixture_get (FpSyncFixture *f,
                     gint64         id)
{
  return read_now (f, get_func, &id);
}

FpItemState
fp_sync_fixture_get_state (FpSyncFixture *f,
                           gint64         id)
{
  g_autoptr(FpItem) item = fp_sync_fixture_get (f, id);

  return item->state;
}

static gpointer
receipt_func (FpStoreTxn  *txn,
              gpointer     data,
              GError     **error)
{
  return fp_item_rows_get_receipt (txn, *(gint64 *) data, error);
}

FpReceipt *
fp_sync_fixture_get_receipt (FpSyncFixture *f,
                             gint64         id)
{
  return read_now (f, receipt_func, &id);
}

typedef struct {
  const FpItem *item;
  FpItemState expected;
  const char *setting;
  const char *value;
} Change;

static gpointer
update_func (FpStoreTxn  *txn,
             gpointer     data,
             GError     **error)
{
  Change *change = data;

  return fp_item_rows_update (txn, change->item, change->expected, error) ? data : NULL;
}

void
fp_sync_fixture_update (FpSyncFixture *f,
                        const FpItem  *item,
                        FpItemState    expected)
{
  Change change = { .item = item, .expected = expected };

  write_now (f, update_func, &change);
}

static gpointer
set_func (FpStoreTxn  *txn,
          gpointer     data,
          GError     **error)
{
  Change *change = data;

  return fp_setting_rows_set (txn, change->setting, change->value, error) ? data : NULL;
}

void
fp_sync_fixture_set (FpSyncFixture *f,
                     const char    *setting,
                     const char    *value)
{
  Change change = { .setting = setting, .value = value };

  write_now (f, set_func, &change);
}

static gpointer
count_func (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  return fp_item_rows_count (txn, error);
}

FpItemCounts *
fp_sync_fixture_count (FpSyncFixture *f)
{
  return read_now (f, count_func, NULL);
}

static gpointer
nothing_func (FpStoreTxn  *txn,
              gpointer     data,
              GError     **error)
{
  return data;
}

/* Nothing under way, or nothing until a full disk can be written again. */
static gboolean
is_settled (FpSync *sync)
{
  return fp_sync_is_quiet (sync)
         || (sync->retry_write > 0 && !sync->turn && g_hash_table_size (sync->flights) == 0);
}

void
fp_sync_fixture_pass (FpSyncFixture *f,
                      gint64         ms)
{
  fp_test_until (fp_sync_get_holding (f->sync));
  fp_clock_advance (f->clock, ms);

  /* A look, a claim, an outcome and the look after it: the store's threads work in order, so what the sender had
   * asked of them is done when we are served. */
  for (int i = 0; i < 4; i++)
    {
      write_now (f, nothing_func, NULL);
      fp_item_counts_free (fp_sync_fixture_count (f));
      fp_test_drain ();
      fp_test_until (is_settled (f->sync));
    }
}
