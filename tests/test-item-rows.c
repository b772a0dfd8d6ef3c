#include "fp-store-fixture.h"

#include <string.h>

#include "store/fp-form-rows.h"
#include "store/fp-item-rows.h"
#include "store/fp-store-private.h"

#define HOUR G_GINT64_CONSTANT (3600000)
#define WALL G_GINT64_CONSTANT (1700000000000)
#define BOOT G_GINT64_CONSTANT (1000000)

/* Whatever a case does, it does inside one write transaction and is then rolled back with it, or committed. */
typedef FpStoreFixture Fixture;

static FpItem *
make_item (const char *host)
{
  FpItem *item = fp_item_new ();
  FpItemPart *part = fp_item_part_new (NULL, NULL, "application/json");

  item->kind = FP_ITEM_REQUEST;
  item->protocol = FP_PROTOCOL_PLAIN;
  item->title = g_strdup ("title");
  item->method = g_strdup ("POST");
  item->url = g_strconcat (host, "/in", NULL);
  item->host = g_strdup (host);
  item->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_item_part_free);
  part->data = g_bytes_new_static ("{}", 2);
  g_ptr_array_add (item->parts, part);

  return item;
}

static gint64
insert (FpStoreTxn *txn,
        const char *host)
{
  g_autoptr(FpItem) item = make_item (host);
  g_autoptr(GError) error = NULL;

  fp_item_rows_insert (txn, item, &error);
  g_assert_no_error (error);
  return item->id;
}

static FpItem *
get (FpStoreTxn *txn,
     gint64      id)
{
  g_autoptr(GError) error = NULL;
  FpItem *item = fp_item_rows_get (txn, id, FALSE, &error);

  g_assert_no_error (error);
  return item;
}

static void
update (FpStoreTxn  *txn,
        FpItem      *item,
        FpItemState  expected)
{
  g_autoptr(GError) error = NULL;

  fp_item_rows_update (txn, item, expected, &error);
  g_assert_no_error (error);
}

static void
add_receipt (FpStoreTxn *txn,
             FpItem     *item)
{
  g_autoptr(GError) error = NULL;
  FpReceipt receipt = {
    .item = item->id, .uid = item->uid, .url = item->url, .status = 201, .body = (char *) "ok",
  };

  fp_item_rows_add_receipt (txn, &receipt, &error);
  g_assert_no_error (error);
}

/* "3 1 2": the ids that are due, in order. */
static char *
due (FpStoreTxn *txn,
     gint64      boot_ms,
     const char *boot_id,
     GHashTable *closed,
     guint       limit)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) items = fp_item_rows_due (txn, boot_ms, boot_id, closed, limit, &error);
  g_autoptr(GString) text = g_string_new (NULL);
  guint i;

  g_assert_no_error (error);
  for (i = 0; i < items->len; i++)
    g_string_append_printf (text, "%s%" G_GINT64_FORMAT, i ? " " : "",
                            ((FpItem *) g_ptr_array_index (items, i))->id);

  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
assert_due (FpStoreTxn *txn,
            gint64      boot_ms,
            const char *expected)
{
  g_autofree char *ids = due (txn, boot_ms, "boot", NULL, 10);

  g_assert_cmpstr (ids, ==, expected);
}

static void
assert_next_due (FpStoreTxn *txn,
                 gint64      boot_ms,
                 gint64      expected)
{
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (fp_item_rows_next_due (txn, boot_ms, "boot", &error), ==, expected);
  g_assert_no_error (error);
}

static void
wait_for (FpStoreTxn *txn,
          gint64      id,
          gint64      due_boot,
          const char *boot_id,
          gint64      not_before)
{
  g_autoptr(FpItem) item = get (txn, id);

  item->due_boot = due_boot;
  g_free (item->due_boot_id);
  item->due_boot_id = g_strdup (boot_id);
  item->not_before = not_before;
  update (txn, item, item->state);
}

static void
everything_comes_back (FpStoreTxn *txn)
{
  g_autoptr(FpItem) item = make_item ("https://a:443");
  g_autoptr(FpItem) back = NULL;
  g_autoptr(GError) error = NULL;
  FpItemPart *part;

  item->kind = FP_ITEM_SUBMISSION;
  item->protocol = FP_PROTOCOL_OPENROSA;
  item->uid = g_strdup ("0f1e2d3c-4b5a-4978-8a9b-0c1d2e3f4a5b");
  item->tag = g_strdup ("form-sync");
  item->reach = FP_REACH_LAN;
  item->headers = g_strdup ("{\"a\":\"b\"}");
  item->boundary = g_strdup ("bound");
  item->meta = g_strdup ("{\"m\":\"n\"}");
  item->secret_id = g_strdup ("secret");
  item->instance_id = g_strdup ("uuid:1");
  item->created = 77;
  part = fp_item_part_new ("file", "naïve \"'; DROP TABLE item.jpg", NULL);
  part->data = g_bytes_new (NULL, 0);
  g_ptr_array_add (item->parts, part);
  g_assert_true (fp_item_rows_insert (txn, item, &error));

  back = fp_item_rows_get (txn, item->id, TRUE, &error);
  g_assert_no_error (error);
  g_assert_cmpint (back->kind, ==, FP_ITEM_SUBMISSION);
  g_assert_cmpint (back->protocol, ==, FP_PROTOCOL_OPENROSA);
  g_assert_cmpstr (back->uid, ==, item->uid);
  g_assert_cmpstr (back->tag, ==, "form-sync");
  g_assert_cmpint (back->reach, ==, FP_REACH_LAN);
  g_assert_cmpstr (back->headers, ==, item->headers);
  g_assert_cmpstr (back->boundary, ==, "bound");
  g_assert_cmpstr (back->meta, ==, item->meta);
  g_assert_cmpstr (back->secret_id, ==, "secret");
  g_assert_cmpstr (back->instance_id, ==, "uuid:1");
  g_assert_cmpint (back->body_size, ==, 2);
  g_assert_cmpint (back->created, ==, 77);
  g_assert_cmpint (back->changed, ==, WALL);
  g_assert_cmpint (back->state, ==, FP_ITEM_PENDING);
  g_assert_cmpint (back->form, ==, 0);
  g_assert_null (back->due_boot_id);
  g_assert_cmpuint (back->parts->len, ==, 2);
  part = g_ptr_array_index (back->parts, 0);
  g_assert_null (part->name);
  g_assert_cmpmem (g_bytes_get_data (part->data, NULL), g_bytes_get_size (part->data), "{}", 2);
  part = g_ptr_array_index (back->parts, 1);
  g_assert_cmpstr (part->filename, ==, "naïve \"'; DROP TABLE item.jpg");
  g_assert_nonnull (part->data);
  g_assert_cmpuint (g_bytes_get_size (part->data), ==, 0);
  g_assert_null (part->sha256);
}

static void
delivery_columns_come_back (FpStoreTxn *txn)
{
  gint64 id = insert (txn, "https://a:443");
  g_autoptr(FpItem) item = get (txn, id);
  g_autoptr(FpItem) back = NULL;

  item->state = FP_ITEM_FAILED;
  item->state_before = FP_ITEM_HELD;
  item->reason_code = g_strdup ("server-busy");
  item->reason = g_strdup ("Come back later");
  item->status = 503;
  item->hold = g_strdup ("user");
  item->attempts = 4;
  item->slow_step = 2;
  item->due_boot = 5;
  item->due_boot_id = g_strdup ("boot");
  item->not_before = 6;
  item->next_try = 7;
  item->manual = TRUE;
  item->maybe_delivered = TRUE;
  item->last_try = 8;
  g_free (item->title);
  item->title = g_strdup ("not written");
  update (txn, item, FP_ITEM_PENDING);

  back = get (txn, id);
  g_assert_cmpint (back->state, ==, FP_ITEM_FAILED);
  g_assert_cmpint (back->state_before, ==, FP_ITEM_HELD);
  g_assert_cmpstr (back->reason_code, ==, "server-busy");
  g_assert_cmpstr (back->reason, ==, "Come back later");
  g_assert_cmpint (back->status, ==, 503);
  g_assert_cmpstr (back->hold, ==, "user");
  g_assert_cmpuint (back->attempts, ==, 4);
  g_assert_cmpuint (back->slow_step, ==, 2);
  g_assert_cmpint (back->due_boot, ==, 5);
  g_assert_cmpstr (back->due_boot_id, ==, "boot");
  g_assert_cmpint (back->not_before, ==, 6);
  g_assert_cmpint (back->next_try, ==, 7);
  g_assert_true (back->manual);
  g_assert_true (back->maybe_delivered);
  g_assert_cmpint (back->last_try, ==, 8);
  g_assert_cmpstr (back->title, ==, "title");
}

static void
update_compares_the_state (FpStoreTxn *txn)
{
  gint64 id = insert (txn, "https://a:443");
  g_autoptr(FpItem) item = get (txn, id);
  g_autoptr(FpItem) back = NULL;
  g_autoptr(GError) error = NULL;

  item->state = FP_ITEM_DISCARDED;
  g_assert_false (fp_item_rows_update (txn, item, FP_ITEM_FAILED, &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_CHANGED);
  g_clear_error (&error);
  back = get (txn, id);
  g_assert_cmpint (back->state, ==, FP_ITEM_PENDING);

  item->id = 999;
  g_assert_false (fp_item_rows_update (txn, item, FP_ITEM_PENDING, &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND);
}

static void
uid_is_unique (FpStoreTxn *txn)
{
  g_autoptr(FpItem) first = make_item ("https://a:443");
  g_autoptr(FpItem) second = make_item ("https://a:443");
  g_autoptr(FpItem) found = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (fp_item_rows_insert (txn, first, NULL));
  second->uid = g_strdup (first->uid);
  g_assert_false (fp_item_rows_insert (txn, second, &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_CHANGED);
  found = fp_item_rows_find (txn, first->uid, NULL);
  g_assert_cmpint (found->id, ==, first->id);
}

static void
missing_blob_is_refused (FpStoreTxn *txn)
{
  g_autoptr(FpItem) item = make_item ("https://a:443");
  g_autoptr(GPtrArray) none = NULL;
  g_autoptr(GError) error = NULL;
  FpItemQuery query = { 0 };
  FpItemPart *part = fp_item_part_new ("image", "a.jpg", "image/jpeg");

  part->sha256 = g_strnfill (64, 'a');
  g_ptr_array_add (item->parts, part);
  g_assert_false (fp_item_rows_insert (txn, item, &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_free (part->sha256);
  part->sha256 = g_strdup ("../../../etc/passwd");
  g_assert_false (fp_item_rows_insert (txn, item, &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND);
  none = fp_item_rows_list (txn, &query, NULL);
  g_assert_cmpuint (none->len, ==, 0);
}

/* Bytes of its own or a file's: with both, which of them were meant? */
static void
a_part_is_one_thing (FpStoreTxn *txn)
{
  g_autofree char *sha256 = g_strnfill (64, 'a');

  for (guint both = 0; both < 2; both++)
    {
      g_autoptr(FpItem) item = make_item ("https://a:443");
      g_autoptr(GError) error = NULL;
      FpItemPart *part = g_ptr_array_index (item->parts, 0);

      if (both)
        part->sha256 = g_strdup (sha256);
      else
        g_clear_pointer (&part->data, g_bytes_unref);
      g_assert_false (fp_item_rows_insert (txn, item, &error));
      g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_FAILED);
      g_assert_nonnull (strstr (error->message, "either bytes or a blob"));
    }
}

static gpointer
send_without_receipt (FpStoreTxn *txn,
                      gpointer    data,
                      GError    **error)
{
  g_autoptr(FpItem) item = get (txn, insert (txn, "https://a:443"));

  item->state = FP_ITEM_SENT;
  update (txn, item, FP_ITEM_PENDING);
  if (data)
    add_receipt (txn, item); /* after the update: what counts is the commit */

  return NULL;
}

static void
test_sent_needs_a_receipt (Fixture      *f,
                           gconstpointer data)
{
  g_autoptr(GError) error = NULL;

  fp_test_store_write (f->store, send_without_receipt, NULL, &error);
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_FAILED);
  g_clear_error (&error);
  fp_test_store_write (f->store, send_without_receipt, f, &error);
  g_assert_no_error (error);
}

/* That of the answer, not of when there was room to write it. */
static void
receipt_keeps_its_time (FpStoreTxn *txn)
{
  static const gint64 times[] = { 77, 0 };

  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    {
      g_autoptr(FpItem) item = get (txn, insert (txn, "https://a:443"));
      FpReceipt receipt = { .item = item->id, .uid = item->uid, .url = item->url, .status = 201, .time = times[i] };
      g_autoptr(FpReceipt) back = NULL;

      g_assert_true (fp_item_rows_add_receipt (txn, &receipt, NULL));
      back = fp_item_rows_get_receipt (txn, item->id, NULL);
      g_assert_cmpint (back->time, ==, times[i] ? times[i] : WALL);
    }
}

static void
receipt_is_one (FpStoreTxn *txn)
{
  g_autoptr(FpItem) item = get (txn, insert (txn, "https://a:443"));
  g_autoptr(FpReceipt) back = NULL;
  g_autoptr(GError) error = NULL;
  FpReceipt again = { .item = item->id, .uid = (char *) "other", .url = (char *) "u" };

  g_assert_null (fp_item_rows_get_receipt (txn, item->id, &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND);
  g_clear_error (&error);
  add_receipt (txn, item);
  g_assert_false (fp_item_rows_add_receipt (txn, &again, &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_CHANGED);
  back = fp_item_rows_get_receipt (txn, item->id, NULL);
  g_assert_cmpstr (back->uid, ==, item->uid);
  g_assert_cmpint (back->status, ==, 201);
  g_assert_cmpstr (back->headers, ==, "{}");
  g_assert_cmpstr (back->body, ==, "ok");
  g_assert_cmpint (back->time, ==, WALL);
}

static void
due_order_is_manual_then_oldest (FpStoreTxn *txn)
{
  g_autoptr(FpItem) third = NULL;
  int i;

  for (i = 0; i < 4; i++)
    insert (txn, i % 2 ? "https://a:443" : "https://b:443");
  third = get (txn, 3);
  third->manual = TRUE;
  update (txn, third, FP_ITEM_PENDING);
  /* A wait that is over takes its old place. */
  wait_for (txn, 1, BOOT - 5, "boot", 0);
  assert_due (txn, BOOT, "3 1 2 4");
}

static void
due_takes_a_limit_of_each_host (FpStoreTxn *txn)
{
  g_autoptr(GHashTable) closed = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree char *two = NULL, *open = NULL;
  int i;

  for (i = 0; i < 9; i++)
    insert (txn, i % 3 == 0 ? "https://a:443" : i % 3 == 1 ? "https://b:443" : "http://c:80");
  two = due (txn, BOOT, "boot", NULL, 2);
  g_assert_cmpstr (two, ==, "1 2 3 4 5 6");
  g_hash_table_add (closed, (gpointer) "https://b:443");
  open = due (txn, BOOT, "boot", closed, 2);
  g_assert_cmpstr (open, ==, "1 3 4 6");
}

static void
clear_waits (FpStoreTxn *txn,
             const char *host,
             gboolean    even_retry_after)
{
  gboolean more;

  g_assert_true (fp_item_rows_clear_some_waits (txn, host, even_retry_after, FP_STORE_SLICE, &more, NULL));
  g_assert_false (more);
}

static void
due_leaves_out_what_is_not_to_be_tried (FpStoreTxn *txn)
{
  static const FpItemState others[] = { FP_ITEM_SENDING, FP_ITEM_HELD, FP_ITEM_DISCARDED, FP_ITEM_SENT };
  g_autoptr(FpItem) failed = NULL;
  g_autoptr(FpItem) own_fault = NULL;
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr(FpItem) item = get (txn, insert (txn, "https://a:443"));

      item->state = others[i];
      update (txn, item, FP_ITEM_PENDING);
      if (others[i] == FP_ITEM_SENT)
        add_receipt (txn, item);
    }
  failed = get (txn, insert (txn, "https://a:443"));
  failed->state = FP_ITEM_FAILED;
  failed->reason_code = g_strdup ("server-error");
  update (txn, failed, FP_ITEM_PENDING);
  own_fault = get (txn, insert (txn, "https://a:443"));
  own_fault->state = FP_ITEM_FAILED;
  own_fault->reason_code = g_strdup ("item-refused");
  update (txn, own_fault, FP_ITEM_PENDING);

  assert_due (txn, BOOT, "5");
  clear_waits (txn, NULL, TRUE);
  assert_due (txn, BOOT, "5");
  /* Asked for by hand it is pending again, with its reason, and is tried. */
  own_fault->state = FP_ITEM_PENDING;
  own_fault->manual = TRUE;
  update (txn, own_fault, FP_ITEM_FAILED);
  assert_due (txn, BOOT, "6 5");
}

static void
due_waits_for_boot_time (FpStoreTxn *txn)
{
  gint64 id = insert (txn, "https://a:443");

  wait_for (txn, id, BOOT + 500, "boot", 0);
  assert_due (txn, BOOT, "");
  assert_next_due (txn, BOOT, BOOT + 500);
  assert_due (txn, BOOT + 499, "");
  assert_due (txn, BOOT + 500, "1");
  assert_next_due (txn, BOOT + 500, G_MAXINT64);

  /* Another boot: its time says nothing. */
  wait_for (txn, id, BOOT + HOUR, "the boot before", 0);
  assert_due (txn, BOOT, "1");
  assert_next_due (txn, BOOT, G_MAXINT64);
  wait_for (txn, id, BOOT + HOUR, "a boot before", 0);
  assert_due (txn, BOOT, "1");
  wait_for (txn, id, BOOT + HOUR, NULL, 0);
  assert_due (txn, BOOT, "1");
}

static void
due_waits_for_retry_after (FpStoreTxn *txn)
{
  gint64 id = insert (txn, "https://a:443");

  /* txn now is WALL. */
  wait_for (txn, id, 0, NULL, WALL + HOUR);
  assert_due (txn, BOOT, "");
  assert_next_due (txn, BOOT, BOOT + HOUR);
  wait_for (txn, id, 0, NULL, WALL);
  assert_due (txn, BOOT, "1");
  /* Both have to be over. */
  wait_for (txn, id, BOOT + 7, "boot", WALL - 1);
  assert_due (txn, BOOT, "");
  assert_next_due (txn, BOOT, BOOT + 7);
  wait_for (txn, id, BOOT - 7, "boot", WALL + 9);
  assert_due (txn, BOOT, "");
  assert_next_due (txn, BOOT, BOOT + 9);
  /* Further away than a day it was written by a clock that was wrong. */
  wait_for (txn, id, 0, NULL, WALL + 24 * HOUR);
  assert_due (txn, BOOT, "");
  assert_next_due (txn, BOOT, BOOT + 24 * HOUR);
  wait_for (txn, id, 0, NULL, WALL + 24 * HOUR + 1);
  assert_due (txn, BOOT, "1");
  assert_next_due (txn, BOOT, G_MAXINT64);
  wait_for (txn, id, 0, NULL, G_MAXINT64);
  assert_due (txn, BOOT, "1");
}

static void
new_chance_clears_waits (FpStoreTxn *txn)
{
  g_autoptr(FpItem) asked = NULL;
  g_autoptr(FpItem) cleared = NULL;

  wait_for (txn, insert (txn, "https://a:443"), BOOT + HOUR, "boot", 0);
  wait_for (txn, insert (txn, "https://a:443"), BOOT + HOUR, "boot", WALL + HOUR);
  wait_for (txn, insert (txn, "https://b:443"), BOOT + HOUR, "boot", 0);

  clear_waits (txn, "https://a:443", FALSE);
  assert_due (txn, BOOT, "1");
  asked = get (txn, 2);
  g_assert_cmpint (asked->due_boot, ==, 0);
  g_assert_cmpint (asked->not_before, ==, WALL + HOUR);
  g_assert_cmpint (asked->next_try, ==, WALL + HOUR);
  clear_waits (txn, NULL, FALSE);
  assert_due (txn, BOOT, "1 3");
  clear_waits (txn, NULL, TRUE);
  assert_due (txn, BOOT, "1 2 3");
  cleared = get (txn, 2);
  g_assert_cmpint (cleared->next_try, ==, 0);
}

static void
list_pages_newest_first (FpStoreTxn *txn)
{
  FpItemQuery query = { 0 };
  g_autoptr(GPtrArray) all = NULL;
  GPtrArray *page;
  g_autoptr(FpItem) sent = NULL;
  int i;

  for (i = 0; i < 10; i++)
    {
      g_autoptr(FpItem) item = make_item ("https://a:443");

      item->tag = g_strdup (i % 2 ? "odd" : "even");
      g_assert_true (fp_item_rows_insert (txn, item, NULL));
    }
  sent = get (txn, 4);
  sent->state = FP_ITEM_SENT;
  update (txn, sent, FP_ITEM_PENDING);
  add_receipt (txn, sent);
  g_clear_pointer (&sent, fp_item_free);
  sent = get (txn, 6);
  sent->state = FP_ITEM_HELD;
  update (txn, sent, FP_ITEM_PENDING);

#define IDS(index) (((FpItem *) g_ptr_array_index (page, index))->id)
  all = fp_item_rows_list (txn, &query, NULL);
  g_assert_cmpuint (all->len, ==, 9);
  query.limit = 3;
  query.offset = 3;
  page = fp_item_rows_list (txn, &query, NULL);
  g_assert_cmpuint (page->len, ==, 3);
  g_assert_cmpint (IDS (0), ==, 7);
  g_assert_cmpint (IDS (1), ==, 6);
  g_assert_cmpint (IDS (2), ==, 5);
  g_ptr_array_unref (page);
  query = (FpItemQuery) { .after = 6, .limit = 2 };
  page = fp_item_rows_list (txn, &query, NULL);
  g_assert_cmpint (IDS (0), ==, 5);
  g_assert_cmpint (IDS (1), ==, 3);
  g_ptr_array_unref (page);
  query = (FpItemQuery) { .states = 1 << FP_ITEM_SENT };
  page = fp_item_rows_list (txn, &query, NULL);
  g_assert_cmpuint (page->len, ==, 1);
  g_assert_cmpint (IDS (0), ==, 4);
  g_ptr_array_unref (page);
  query = (FpItemQuery) { .tag = (char *) "odd" };
  page = fp_item_rows_list (txn, &query, NULL);
  g_assert_cmpuint (page->len, ==, 4); /* 10, 8, 6, 2: 4 is sent */
  g_assert_cmpint (IDS (3), ==, 2);
  g_ptr_array_unref (page);
  query = (FpItemQuery) { .states = 1u << 31 };
  page = fp_item_rows_list (txn, &query, NULL);
  g_assert_cmpuint (page->len, ==, 0);
  g_ptr_array_unref (page);
#undef IDS
}

static void
counts_say_the_last_reason (FpStoreTxn *txn)
{
  g_autoptr(FpItemCounts) none = fp_item_rows_count (txn, NULL);
  g_autoptr(FpItemCounts) counts = NULL;
  g_autoptr(FpItem) item = NULL;
  g_autoptr(FpItem) later = NULL;
  int i;

  g_assert_cmpuint (none->waiting, ==, 0);
  g_assert_cmpint (none->next_try, ==, 0);
  g_assert_null (none->reason_code);
  for (i = 0; i < 3; i++)
    insert (txn, "https://a:443");
  item = get (txn, 2);
  item->state = FP_ITEM_FAILED;
  item->reason_code = g_strdup ("server-busy");
  item->reason = g_strdup ("Busy");
  item->next_try = WALL + 50;
  update (txn, item, FP_ITEM_PENDING);
  /* What only waits has a reason too, but it is the failure that is told. */
  later = get (txn, 3);
  later->reason_code = g_strdup ("network-cut");
  update (txn, later, FP_ITEM_PENDING);

  counts = fp_item_rows_count (txn, NULL);
  g_assert_cmpuint (counts->pending, ==, 2);
  g_assert_cmpuint (counts->failed, ==, 1);
  g_assert_cmpuint (counts->waiting, ==, 3);
  g_assert_cmpint (counts->next_try, ==, WALL + 50);
  g_assert_cmpstr (counts->reason_code, ==, "server-busy");
  g_assert_cmpstr (counts->reason, ==, "Busy");
}

/* The counts are kept by triggers: whatever happens, they equal what is there. */
static void
counts_always_equal_the_rows (FpStoreTxn *txn)
{
  gint64 ids[40];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (ids); i++)
    ids[i] = insert (txn, "https://a:443");
  for (i = 0; i < 2000; i++)
    {
      gint64 id = ids[g_test_rand_int_range (0, G_N_ELEMENTS (ids))];
      g_autoptr(FpItem) item = get (txn, id);
      FpItemState expected = item->state;

      item->state = (FpItemState) g_test_rand_int_range (FP_ITEM_PENDING, FP_ITEM_SENT);
      if (g_test_rand_int_range (0, 4) == 0)
        expected = FP_ITEM_SENDING; /* often wrong, and then nothing may change */
      fp_item_rows_update (txn, item, expected, NULL);
      if (i % 100 == 0)
        {
          g_autoptr(FpItemCounts) counts = fp_item_rows_count (txn, NULL);
          gint64 wrong = -1;

          fp_db_get_int (txn->db,
                         "SELECT count(*) FROM item_count WHERE n <> (SELECT count(*) FROM item"
                         " WHERE item.state = item_count.state)",
                         &wrong, NULL);
          g_assert_cmpint (wrong, ==, 0);
          g_assert_cmpuint (counts->waiting + counts->discarded + counts->sent, ==, G_N_ELEMENTS (ids));
        }
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) fp_store_fixture_add ("/store/item/" path, func, fp_store_fixture_in_transaction)
  ADD ("everything-comes-back", everything_comes_back);
  ADD ("delivery-columns-come-back", delivery_columns_come_back);
  ADD ("update-compares-the-state", update_compares_the_state);
  ADD ("uid-is-unique", uid_is_unique);
  ADD ("missing-blob-is-refused", missing_blob_is_refused);
  fp_store_fixture_add ("/store/item/sent-needs-a-receipt", NULL, test_sent_needs_a_receipt);
  ADD ("a-part-is-one-thing", a_part_is_one_thing);
  ADD ("receipt-is-one", receipt_is_one);
  ADD ("receipt-keeps-its-time", receipt_keeps_its_time);
  ADD ("due/order-is-manual-then-oldest", due_order_is_manual_then_oldest);
  ADD ("due/takes-a-limit-of-each-host", due_takes_a_limit_of_each_host);
  ADD ("due/leaves-out-what-is-not-to-be-tried", due_leaves_out_what_is_not_to_be_tried);
  ADD ("due/waits-for-boot-time", due_waits_for_boot_time);
  ADD ("due/waits-for-retry-after", due_waits_for_retry_after);
  ADD ("due/new-chance-clears-waits", new_chance_clears_waits);
  ADD ("list/pages-newest-first", list_pages_newest_first);
  ADD ("counts/say-the-last-reason", counts_say_the_last_reason);
  ADD ("counts/always-equal-the-rows", counts_always_equal_the_rows);

  return g_test_run ();
}
