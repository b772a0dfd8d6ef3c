/* What single answers do to an item, row by row of the table, where more than one request or one row is needed. */
#include "fp-sync-fixture.h"
#include "fp-test-store.h"

#include <string.h>

#include "net/fp-host.h"
#include "sync/fp-policy.h"

typedef FpSyncFixture Fixture;

#define ROSA "X-OpenRosa-Version: 1.0"
#define ROSA_OK                                                                                     \
  "<OpenRosaResponse xmlns=\"http://openrosa.org/http/response\"><message>stored</message>"         \
  "</OpenRosaResponse>"


static gpointer
add_server_func (FpStoreTxn  *txn,
                 gpointer     row,
                 GError     **error)
{
  return fp_server_rows_add (txn, row, error) ? row : NULL;
}

static void
add_endpoint (Fixture    *f,
              const char *path,
              FpSuccess   success,
              FpLost      lost)
{
  g_autoptr(FpServerRow) row = fp_server_row_new ();
  g_autoptr(GError) error = NULL;

  row->title = g_strdup (path);
  row->url = g_strconcat (fp_sink_get_url (f->sink), path, NULL);
  row->protocol = FP_PROTOCOL_PLAIN;
  row->success = success;
  row->lost = lost;
  fp_test_store_write (f->store, add_server_func, row, &error);
  g_assert_no_error (error);
}

static void
assert_item (Fixture     *f,
             gint64       id,
             FpItemState  state,
             const char  *hold,
             const char  *code)
{
  g_autoptr(FpItem) item = NULL;

  fp_sync_fixture_await (f, id, state);
  item = fp_sync_fixture_get (f, id);
  g_assert_cmpstr (item->hold, ==, hold);
  g_assert_cmpstr (item->reason_code, ==, code);
}

static void
release (Fixture *f,
         gint64   id)
{
  g_autoptr(FpItem) item = fp_sync_fixture_get (f, id);
  FpItemState before = item->state;

  g_assert_true (fp_policy_release (item));
  fp_sync_fixture_update (f, item, before);
}

/* The closest address decides. */
static void
test_success (Fixture       *f,
              gconstpointer  data)
{
  static const struct
  {
    const char *path;
    guint status;
    const char *header;
    const char *body;
    gboolean receipt;
  } rows[] = {
    { "/any", 200, NULL, "fine", TRUE },
    { "/any", 302, "Location: /other", NULL, FALSE },
    { "/api/x", 200, NULL, "{\"ok\":true}", TRUE },
    { "/api/x", 200, NULL, "fine", FALSE },
    { "/api/x", 204, NULL, NULL, FALSE },
    { "/api/hook/1", 302, "Location: https://elsewhere.example/done", NULL, TRUE },
    { "/api/hook/1", 303, "Location: /done", NULL, TRUE },
    { "/api/hook/1", 200, NULL, "fine", TRUE },
    { "/api/hook/1", 301, "Location: /done", NULL, FALSE },
    { "/api/hooked", 303, "Location: /done", NULL, FALSE },
  };

  add_endpoint (f, "/api", FP_SUCCESS_JSON, FP_LOST_SEND);
  add_endpoint (f, "/api/hook/", FP_SUCCESS_REDIRECT, FP_LOST_SEND);
  fp_sync_start (f->sync);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gint64 id;
      g_autoptr(FpItem) item = NULL;

      g_test_message ("row %u", i);
      fp_sink_push (f->sink, rows[i].status, rows[i].header, rows[i].body);
      id = fp_sync_fixture_add (f, rows[i].path);
      fp_sync_now (f->sync, NULL);
      fp_test_until (fp_sink_get_n (f->sink) == i + 1);
      fp_sync_fixture_pass (f, 0);
      item = fp_sync_fixture_get (f, id);
      g_assert_cmpint (item->state == FP_ITEM_SENT, ==, rows[i].receipt);
      if (item->state == FP_ITEM_PENDING || item->state == FP_ITEM_FAILED)
        {
          FpItemState before = item->state;

          /* Out of the way of the next row. */
          item->state = FP_ITEM_DISCARDED;
          fp_sync_fixture_update (f, item, before);
        }
    }
}

/* After a lost answer. */
static void
test_lost_asks (Fixture       *f,
                gconstpointer  data)
{
  gint64 asked, unasked;

  add_endpoint (f, "/ask", FP_SUCCESS_2XX, FP_LOST_ASK);
  fp_sync_start (f->sync);
  fp_sink_push (f->sink, 0, NULL, NULL);
  asked = fp_sync_fixture_add (f, "/ask/me");
  assert_item (f, asked, FP_ITEM_HELD, "lost", "network-cut");
  fp_test_until (f->failed == 1);
  fp_sync_now (f->sync, NULL);
  fp_sync_fixture_pass (f, 24 * 3600000);
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/ask/me"), ==, 1);

  /* A plain no is an answer. */
  fp_sink_push (f->sink, 500, NULL, NULL);
  release (f, asked);
  for (guint i = 0; i < 20 && fp_sync_fixture_get_state (f, asked) != FP_ITEM_SENT; i++)
    fp_sync_fixture_pass (f, 30000);
  fp_sync_fixture_await (f, asked, FP_ITEM_SENT);
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/ask/me"), ==, 3);
  g_assert_cmpuint (fp_sink_get_n_changed (f->sink), ==, 0);

  fp_sink_push (f->sink, 0, NULL, NULL);
  unasked = fp_sync_fixture_add (f, "/other");
  for (guint i = 0; i < 20 && fp_sync_fixture_get_state (f, unasked) != FP_ITEM_SENT; i++)
    fp_sync_fixture_pass (f, 3000);
  fp_sync_fixture_await (f, unasked, FP_ITEM_SENT);
}

static void
test_lost_at_stop (Fixture       *f,
                   gconstpointer  data)
{
  gint64 id;

  add_endpoint (f, "/ask", FP_SUCCESS_2XX, FP_LOST_ASK);
  id = fp_sync_fixture_add (f, "/ask");
  fp_sink_hold (f->sink, TRUE);
  fp_sync_start (f->sync);
  fp_test_until (fp_sink_get_n (f->sink) == 1);
  g_assert_true (fp_sync_fixture_stop (f->sync));
  fp_sink_hold (f->sink, FALSE);
  assert_item (f, id, FP_ITEM_HELD, "lost", NULL);
  fp_sync_start (f->sync);
  fp_sync_fixture_pass (f, 3600000);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 1);
}

/* Killed while sending: the next agent finds it so. */
static void
test_lost_orphan (Fixture       *f,
                  gconstpointer  data)
{
  gint64 asked, unasked;
  gint64 ids[2];

  add_endpoint (f, "/ask", FP_SUCCESS_2XX, FP_LOST_ASK);
  ids[0] = asked = fp_sync_fixture_add (f, "/ask");
  ids[1] = unasked = fp_sync_fixture_add (f, "/other");
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autoptr(FpItem) item = fp_sync_fixture_get (f, ids[i]);

      item->state = FP_ITEM_SENDING;
      item->maybe_delivered = TRUE;
      fp_sync_fixture_update (f, item, FP_ITEM_PENDING);
    }
  fp_sync_start (f->sync);
  fp_sync_fixture_await (f, unasked, FP_ITEM_SENT);
  assert_item (f, asked, FP_ITEM_HELD, "lost", NULL);
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/ask"), ==, 0);

  release (f, asked);
  fp_sync_fixture_await (f, asked, FP_ITEM_SENT);
}

/* A connection that never came about lost nothing. */
static void
test_lost_not_sent (Fixture       *f,
                    gconstpointer  data)
{
  FpItem *item = fp_sync_fixture_item (f, "/");
  g_autoptr(FpServerRow) row = fp_server_row_new ();
  g_autoptr(GError) error = NULL;
  gint64 id;

  g_free (item->url);
  g_free (item->host);
  item->url = g_strdup ("http://127.0.0.1:9/");
  item->host = fp_host_dup_origin (item->url, NULL);
  row->title = g_strdup ("discard");
  row->url = g_strdup (item->url);
  row->protocol = FP_PROTOCOL_PLAIN;
  row->lost = FP_LOST_ASK;
  fp_test_store_write (f->store, add_server_func, row, &error);
  g_assert_no_error (error);
  id = fp_sync_fixture_insert (f, item);
  fp_sync_start (f->sync);
  fp_test_until (fp_sync_get_state (f->sync) == FP_SYNC_ERROR);
  assert_item (f, id, FP_ITEM_PENDING, NULL, "network-connect");
}

/* 413. */

static FpItem *
new_submission (Fixture *f,
                guint    n_files)
{
  FpItem *item = fp_sync_fixture_item (f, "/submission");
  FpItemPart *xml = g_ptr_array_index (item->parts, 0);

  item->protocol = FP_PROTOCOL_OPENROSA;
  item->kind = FP_ITEM_SUBMISSION;
  item->boundary = g_strdup ("fixed");
  xml->name = g_strdup ("xml_submission_file");
  xml->filename = g_strdup ("submission.xml");
  for (guint i = 0; i < n_files; i++)
    {
      g_autofree char *name = g_strdup_printf ("photo%u.jpg", i);
      g_autofree char *content = g_strnfill (20000, 'a' + (int) i);
      FpItemPart *part = fp_item_part_new (name, name, "image/jpeg");

      part->data = g_bytes_new (content, 20000);
      part->size = 20000;
      g_ptr_array_add (item->parts, part);
    }

  return item;
}

/* "02+": photos 0 and 2, and more follows. */
static char *
dup_contents (Fixture *f,
              guint    i)
{
  GString *out = g_string_new (NULL);
  g_autofree char *text = NULL;
  gsize size;
  const char *body = g_bytes_get_data (fp_sink_get (f->sink, i)->body, &size);

  text = g_strndup (body, size);
  g_assert_nonnull (strstr (text, "name=\"xml_submission_file\""));
  g_assert_nonnull (strstr (text, "{\"uid\":"));
  for (guint j = 0; j < 9; j++)
    {
      g_autofree char *part = g_strdup_printf ("name=\"photo%u.jpg\"; filename=\"photo%u.jpg\"", j, j);

      if (strstr (text, part))
        g_string_append_printf (out, "%u", j);
    }
  if (strstr (text, "name=\"*isIncomplete*\"\r\n\r\nyes\r\n--fixed--"))
    g_string_append_c (out, '+');

  return g_string_free (out, FALSE);
}

static void
assert_contents (Fixture    *f,
                 const char *expected)
{
  g_autoptr(GString) all = g_string_new (NULL);

  for (guint i = 0; i < fp_sink_get_n (f->sink); i++)
    {
      g_autofree char *contents = dup_contents (f, i);

      g_string_append_printf (all, "%s%s", i ? " " : "", contents);
    }
  g_assert_cmpstr (all->str, ==, expected);
}

static void
test_split (Fixture       *f,
            gconstpointer  data)
{
  gint64 id = fp_sync_fixture_insert (f, new_submission (f, 4));
  g_autoptr(FpItem) item = NULL;
  g_autoptr(FpReceipt) receipt = NULL;

  fp_sink_push (f->sink, 413, NULL, "<html>too large</html>");
  fp_sink_push (f->sink, 201, ROSA, ROSA_OK);
  fp_sink_push (f->sink, 413, ROSA, NULL);
  fp_sink_push (f->sink, 201, ROSA, ROSA_OK);
  fp_sink_push (f->sink, 202, ROSA, ROSA_OK);
  fp_sync_start (f->sync);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
  assert_contents (f, "0123 01+ 23 2+ 3");
  item = fp_sync_fixture_get (f, id);
  g_assert_cmpuint (item->posts_done, ==, 2);
  g_assert_cmpuint (f->delivered, <=, 1);
  receipt = fp_sync_fixture_get_receipt (f, id);
  g_assert_cmpint (receipt->status, ==, 202);
}

/* Whatever happens between the parts: none is left out, each is the same bytes on every try. */
static void
test_split_survives (Fixture       *f,
                     gconstpointer  data)
{
  gint64 id = fp_sync_fixture_insert (f, new_submission (f, 3));
  g_autoptr(FpItem) item = NULL;

  fp_sink_push (f->sink, 413, ROSA, NULL);
  fp_sink_push (f->sink, 201, ROSA, ROSA_OK);
  fp_sink_push (f->sink, 0, NULL, NULL);
  fp_sync_start (f->sync);
  fp_test_until (fp_sink_get_n (f->sink) == 3);
  fp_sync_fixture_pass (f, 0);
  g_assert_true (fp_sync_fixture_stop (f->sync));
  item = fp_sync_fixture_get (f, id);
  g_assert_cmpint (item->state, ==, FP_ITEM_PENDING);
  g_assert_cmpuint (item->posts_done, ==, 1);
  g_assert_true (item->maybe_delivered);

  /* As if it had been killed there. */
  item->state = FP_ITEM_SENDING;
  fp_sync_fixture_update (f, item, FP_ITEM_PENDING);
  for (guint i = 0; i < 2; i++)
    fp_sink_push (f->sink, 201, ROSA, ROSA_OK);
  fp_sync_start (f->sync);
  for (guint i = 0; i < 20 && fp_sync_fixture_get_state (f, id) != FP_ITEM_SENT; i++)
    fp_sync_fixture_pass (f, 30000);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
  assert_contents (f, "012 0+ 1+ 1+ 2");
  g_assert_true (g_bytes_equal (fp_sink_get (f->sink, 2)->body, fp_sink_get (f->sink, 3)->body));
}

static void
test_one_file_too_large (Fixture       *f,
                         gconstpointer  data)
{
  gint64 id = fp_sync_fixture_insert (f, new_submission (f, 2));
  g_autoptr(FpItem) item = NULL;

  fp_sink_push (f->sink, 413, ROSA, NULL);
  fp_sink_push (f->sink, 201, ROSA, ROSA_OK);
  fp_sink_push (f->sink, 413, NULL, "<html>too large</html>");
  fp_sync_start (f->sync);
  assert_item (f, id, FP_ITEM_FAILED, NULL, "item-too-large");
  item = fp_sync_fixture_get (f, id);
  g_assert_cmpstr (item->reason, ==, "photo1.jpg (20.0\302\240kB)");
  fp_sync_fixture_pass (f, 24 * 3600000);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 3);

  /* A person may still try; only what is missing goes. */
  fp_sink_push (f->sink, 201, ROSA, ROSA_OK);
  release (f, id);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
  assert_contents (f, "01 0+ 1 1");
}

/* What the server says that it takes is kept to from then on. */
static void
test_known_limit (Fixture       *f,
                  gconstpointer  data)
{
  gint64 id;

  fp_sync_start (f->sync);
  fp_sink_push (f->sink, 503, "X-OpenRosa-Accept-Content-Length: 50000", NULL);
  id = fp_sync_fixture_insert (f, new_submission (f, 3));
  fp_test_until (fp_sink_get_n (f->sink) == 1);
  for (guint i = 0; i < 2; i++)
    fp_sink_push (f->sink, 201, ROSA, ROSA_OK);
  for (guint i = 0; i < 20 && fp_sync_fixture_get_state (f, id) != FP_ITEM_SENT; i++)
    fp_sync_fixture_pass (f, 3000);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
  assert_contents (f, "012 01+ 2");
}

/* Of a plain request there is nothing to spread. */
static void
test_plain_too_large (Fixture       *f,
                      gconstpointer  data)
{
  gint64 proxy, server;

  fp_sync_start (f->sync);
  fp_sink_push (f->sink, 413, NULL, "<html>too large</html>");
  proxy = fp_sync_fixture_add (f, "/in");
  assert_item (f, proxy, FP_ITEM_FAILED, NULL, "server-too-large");
  fp_sink_push (f->sink, 413, NULL, "{\"error\":\"at most 1 MB\"}");
  server = fp_sync_fixture_add (f, "/in");
  assert_item (f, server, FP_ITEM_FAILED, NULL, "item-too-large");
  fp_sync_fixture_pass (f, 16 * 60000);
  fp_sync_fixture_await (f, proxy, FP_ITEM_SENT);
  g_assert_cmpint (fp_sync_fixture_get_state (f, server), ==, FP_ITEM_FAILED);
}

/* 409 of OpenRosa: the one more post is not forgotten by a restart. */
static void
test_conflict_over_restart (Fixture       *f,
                            gconstpointer  data)
{
  gint64 id = fp_sync_fixture_insert (f, new_submission (f, 0));
  g_autoptr(FpItem) item = NULL;

  for (guint i = 0; i < 2; i++)
    fp_sink_push (f->sink, 409, ROSA, "already exists with this ID, but with different XML");
  fp_sync_start (f->sync);
  fp_test_until (fp_sink_get_n (f->sink) == 1);
  fp_sync_fixture_pass (f, 0);
  assert_item (f, id, FP_ITEM_PENDING, NULL, "server-conflict");
  g_assert_true (fp_sync_fixture_stop (f->sync));
  fp_sync_start (f->sync);
  fp_sync_fixture_pass (f, 6100);
  assert_item (f, id, FP_ITEM_FAILED, NULL, "item-conflict");
  item = fp_sync_fixture_get (f, id);
  g_assert_nonnull (strstr (item->reason, "different XML"));
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 2);
}

static void
test_closed_form (Fixture       *f,
                  gconstpointer  data)
{
  gint64 id = fp_sync_fixture_insert (f, new_submission (f, 0));

  fp_sink_push (f->sink, 409, ROSA, "This form is not currently accepting submissions.");
  fp_sync_start (f->sync);
  assert_item (f, id, FP_ITEM_FAILED, NULL, "form-closed");
  fp_sink_push (f->sink, 201, ROSA, ROSA_OK);
  fp_sync_fixture_pass (f, 16 * 60000);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
}

/* Refused before the server's own part was reached: no header, and JSON. */
static void
test_openrosa_json_error (Fixture       *f,
                          gconstpointer  data)
{
  gint64 id = fp_sync_fixture_insert (f, new_submission (f, 0));
  g_autoptr(FpItem) item = NULL;

  fp_sink_push (f->sink, 400, "Content-Type: application/json", "{\"message\":\"Bad boundary\",\"code\":400.39}");
  fp_sync_start (f->sync);
  assert_item (f, id, FP_ITEM_FAILED, NULL, "item-refused");
  item = fp_sync_fixture_get (f, id);
  g_assert_cmpstr (item->reason, ==, "Bad boundary");
}

/* Versions. */

static gint64
add_follower (Fixture *f,
              gint64   first)
{
  FpItem *item = fp_sync_fixture_item (f, "/second");

  item->waits_for = first;
  item->state = FP_ITEM_HELD;
  item->hold = g_strdup ("after");

  return fp_sync_fixture_insert (f, item);
}

static void
test_order (Fixture       *f,
            gconstpointer  data)
{
  gint64 first, second, third;

  fp_sink_hold (f->sink, TRUE);
  fp_sync_start (f->sync);
  first = fp_sync_fixture_add (f, "/first");
  second = add_follower (f, first);
  third = add_follower (f, second);
  fp_test_until (fp_sink_get_n (f->sink) == 1);
  g_assert_cmpint (fp_sync_fixture_get_state (f, second), ==, FP_ITEM_HELD);
  fp_sink_hold (f->sink, FALSE);
  fp_sync_fixture_await (f, third, FP_ITEM_SENT);
  fp_sync_fixture_await (f, second, FP_ITEM_SENT);
  g_assert_cmpstr (fp_sink_get (f->sink, 0)->path, ==, "/first");
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/second"), ==, 2);
}

static void
test_order_discarded (Fixture       *f,
                      gconstpointer  data)
{
  gint64 first, second;
  g_autoptr(FpItem) item = NULL;

  fp_sink_set_path (f->sink, "/first", 422);
  fp_sync_start (f->sync);
  first = fp_sync_fixture_add (f, "/first");
  second = add_follower (f, first);
  fp_sync_fixture_await (f, first, FP_ITEM_FAILED);
  item = fp_sync_fixture_get (f, first);
  item->state = FP_ITEM_DISCARDED;
  fp_sync_fixture_update (f, item, FP_ITEM_FAILED);
  fp_sync_now (f->sync, NULL);
  fp_sync_fixture_pass (f, 24 * 3600000);
  assert_item (f, second, FP_ITEM_HELD, "after", NULL);
  release (f, second);
  fp_sync_fixture_await (f, second, FP_ITEM_SENT);
}

/* 4 KiB of an answer are kept. */
static void
test_kept (Fixture       *f,
           gconstpointer  data)
{
  g_autofree char *body = g_strnfill (200000, 'x');
  gint64 id = fp_sync_fixture_add (f, "/in");
  g_autoptr(FpReceipt) receipt = NULL;

  fp_sink_push (f->sink, 200, NULL, body);
  fp_sync_start (f->sync);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
  receipt = fp_sync_fixture_get_receipt (f, id);
  g_assert_cmpuint (strlen (receipt->body), ==, 4096);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define add_test(path, func) \
  g_test_add (path, Fixture, NULL, fp_sync_fixture_setup, func, fp_sync_fixture_teardown)
  add_test ("/sync/answers/success-of-the-closest-endpoint", test_success);
  add_test ("/sync/answers/lost-answer-is-asked-about", test_lost_asks);
  add_test ("/sync/answers/lost-by-a-stop-is-asked-about", test_lost_at_stop);
  add_test ("/sync/answers/lost-by-a-kill-is-asked-about", test_lost_orphan);
  add_test ("/sync/answers/not-sent-is-not-lost", test_lost_not_sent);
  add_test ("/sync/answers/413-openrosa-goes-in-parts", test_split);
  add_test ("/sync/answers/413-parts-survive-a-kill", test_split_survives);
  add_test ("/sync/answers/413-one-file-is-the-item", test_one_file_too_large);
  add_test ("/sync/answers/413-known-limit-is-kept-to", test_known_limit);
  add_test ("/sync/answers/413-plain-proxy-is-slow-server-is-the-item", test_plain_too_large);
  add_test ("/sync/answers/409-once-more-over-a-restart", test_conflict_over_restart);
  add_test ("/sync/answers/409-closed-form-is-slow", test_closed_form);
  add_test ("/sync/answers/400-openrosa-json-without-header", test_openrosa_json_error);
  add_test ("/sync/answers/versions-keep-their-order", test_order);
  add_test ("/sync/answers/version-after-a-discarded-one-waits-for-a-person", test_order_discarded);
  add_test ("/sync/answers/four-kib-are-kept", test_kept);
#undef add_test

  return g_test_run ();
}
