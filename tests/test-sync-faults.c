/* The sender when things go wrong: servers, hosts, answers, disks. */
#include "fp-sync-fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/fp-host.h"
#include "store/fp-blob.h"
#include "sync/fp-item-machine.h"
#include "sync/fp-policy.h"

typedef FpSyncFixture Fixture;

#define OPENROSA_OK                                                                                             \
  "<OpenRosaResponse xmlns=\"http://openrosa.org/http/response\"><message nature=\"submit_success\">stored</message>" \
  "</OpenRosaResponse>"

static void
pass_until_state (Fixture     *f,
                  gint64       id,
                  FpItemState  state,
                  gint64       step)
{
  for (int i = 0; i < 50 && fp_sync_fixture_get_state (f, id) != state; i++)
    fp_sync_fixture_pass (f, step);
  g_assert_cmpint (fp_sync_fixture_get_state (f, id), ==, state);
}

static void
test_busy_then_stored (Fixture       *f,
                       gconstpointer  data)
{
  gint64 id = fp_sync_fixture_add (f, "/in");
  g_autoptr(FpItem) waiting = NULL;

  fp_sink_push (f->sink, 503, NULL, NULL);
  fp_sync_start (f->sync);
  fp_test_until (fp_sync_get_state (f->sync) == FP_SYNC_ERROR);
  waiting = fp_sync_fixture_get (f, id);
  g_assert_cmpint (waiting->state, ==, FP_ITEM_PENDING);
  g_assert_cmpstr (waiting->reason_code, ==, "server-busy");
  g_assert_cmpint (waiting->status, ==, 503);
  g_assert_cmpuint (waiting->attempts, ==, 1);
  g_assert_cmpint (waiting->next_try, >, 0);

  pass_until_state (f, id, FP_ITEM_SENT, 3000);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 2);
  g_assert_cmpint (fp_sync_get_state (f->sync), ==, FP_SYNC_IDLE);
  g_assert_cmpuint (f->failed, ==, 0);
}

static void
test_five_failures_then_slow (Fixture       *f,
                              gconstpointer  data)
{
  gint64 id = fp_sync_fixture_add (f, "/in");
  g_autoptr(FpItem) item = NULL;

  for (int i = 0; i < 5; i++)
    fp_sink_push (f->sink, 500, NULL, "database is down");
  fp_sync_start (f->sync);
  pass_until_state (f, id, FP_ITEM_FAILED, 30000);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 5);
  g_assert_cmpuint (f->failed, ==, 1);
  g_assert_cmpint (fp_sync_get_state (f->sync), ==, FP_SYNC_ERROR);
  item = fp_sync_fixture_get (f, id);
  g_assert_cmpuint (item->attempts, ==, 5);
  g_assert_cmpstr (item->reason_code, ==, "server-error");

  /* Not sooner than a quarter of an hour, and then by itself. */
  fp_sync_fixture_pass (f, 13 * 60000);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 5);
  fp_clock_advance (f->clock, 2 * 60000);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
  g_assert_cmpuint (f->failed, ==, 1);
}

/* Whatever one item does to its server, the others get through. */
static void
poison (Fixture *f,
        guint    status)
{
  gint64 bad = fp_sync_fixture_add (f, "/poison");
  gint64 good[20];

  fp_sink_set_path (f->sink, "/poison", status);
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    good[i] = fp_sync_fixture_add (f, "/good");
  fp_sync_start (f->sync);
  fp_test_until (fp_sync_get_holding (f->sync));
  for (int i = 0; i < 20 && f->delivered < G_N_ELEMENTS (good); i++)
    fp_sync_fixture_pass (f, 1000);

  g_assert_cmpuint (f->delivered, ==, G_N_ELEMENTS (good));
  g_assert_cmpint (fp_sync_fixture_get_state (f, bad), !=, FP_ITEM_SENT);
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_cmpint (fp_sync_fixture_get_state (f, good[i]), ==, FP_ITEM_SENT);
}

static void
test_poison_500 (Fixture       *f,
                 gconstpointer  data)
{
  poison (f, 500);
}

static void
test_poison_503 (Fixture       *f,
                 gconstpointer  data)
{
  poison (f, 503);
}

static void
test_poison_422 (Fixture       *f,
                 gconstpointer  data)
{
  poison (f, 422);
}

static void
test_poison_cuts (Fixture       *f,
                  gconstpointer  data)
{
  poison (f, 0);
}

/* A port on which nobody listens. */
static char *
dup_dead_url (void)
{
  g_autoptr(GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, 0, NULL);
  g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr(GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr(GSocketAddress) bound = NULL;

  g_assert_true (g_socket_bind (socket, any, FALSE, NULL));
  bound = g_socket_get_local_address (socket, NULL);
  return g_strdup_printf ("http://127.0.0.1:%u/in", g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound)));
}

static gint64
add_dead (Fixture *f)
{
  FpItem *item = fp_sync_fixture_item (f, "/in");

  g_free (item->url);
  g_free (item->host);
  item->url = dup_dead_url ();
  item->host = fp_host_dup_origin (item->url, NULL);

  return fp_sync_fixture_insert (f, item);
}

static void
test_dead_host_does_not_block (Fixture       *f,
                               gconstpointer  data)
{
  gint64 dead = add_dead (f);
  g_autoptr(FpItem) item = NULL;

  for (int i = 0; i < 10; i++)
    fp_sync_fixture_add (f, "/in");
  fp_sync_start (f->sync);
  fp_test_until (f->delivered == 10);
  for (int i = 0; i < 30; i++)
    fp_sync_fixture_pass (f, 60000);

  /* Nobody was contacted: no try is used up, however long it lasts; and it is said why. */
  item = fp_sync_fixture_get (f, dead);
  g_assert_cmpint (item->state, ==, FP_ITEM_PENDING);
  g_assert_cmpuint (item->attempts, ==, 0);
  g_assert_cmpstr (item->reason_code, ==, "network-connect");
  g_assert_false (item->maybe_delivered);
  g_assert_cmpint (fp_sync_get_state (f->sync), ==, FP_SYNC_ERROR);
}

static void
test_retry_after (Fixture       *f,
                  gconstpointer  data)
{
  gint64 id = fp_sync_fixture_add (f, "/in");

  fp_sink_push (f->sink, 503, "Retry-After: 60", NULL);
  fp_sync_start (f->sync);
  fp_test_until (fp_sync_get_state (f->sync) == FP_SYNC_ERROR);
  fp_sync_fixture_pass (f, 58000);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 1);

  /* A network that comes back is no reason to overrule the server. */
  fp_link_set (f->link, FP_LINK_OFFLINE, FALSE);
  fp_sync_fixture_pass (f, 0);
  fp_link_set (f->link, FP_LINK_FULL, FALSE);
  fp_sync_fixture_pass (f, 0);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 1);

  fp_clock_advance (f->clock, 2000);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
}

static void
test_sync_now_overrules (Fixture       *f,
                         gconstpointer  data)
{
  gint64 one = fp_sync_fixture_add (f, "/one");
  gint64 two;

  fp_sink_push (f->sink, 503, "Retry-After: 3600", NULL);
  fp_sync_start (f->sync);
  fp_test_until (fp_sync_get_state (f->sync) == FP_SYNC_ERROR);

  /* Another tag is another matter. */
  fp_sync_now (f->sync, "other-tag");
  fp_sync_fixture_pass (f, 0);
  g_assert_cmpint (fp_sync_fixture_get_state (f, one), ==, FP_ITEM_PENDING);
  fp_sync_now (f->sync, "data-sync");
  fp_sync_fixture_await (f, one, FP_ITEM_SENT);

  fp_sink_push (f->sink, 503, "Retry-After: 3600", NULL);
  two = fp_sync_fixture_add (f, "/two");
  fp_test_until (fp_sync_get_state (f->sync) == FP_SYNC_ERROR);
  fp_sync_now (f->sync, NULL);
  fp_sync_fixture_await (f, two, FP_ITEM_SENT);
}

static gint64
add_openrosa (Fixture *f)
{
  FpItem *item = fp_sync_fixture_item (f, "/submission");
  FpItemPart *part = g_ptr_array_index (item->parts, 0);

  item->protocol = FP_PROTOCOL_OPENROSA;
  item->kind = FP_ITEM_SUBMISSION;
  item->instance_id = g_strconcat ("uuid:", item->uid, NULL);
  part->name = g_strdup ("xml_submission_file");
  part->filename = g_strdup ("submission.xml");

  return fp_sync_fixture_insert (f, item);
}

static void
test_sign_in_page_is_no_receipt (Fixture       *f,
                                 gconstpointer  data)
{
  gint64 id = add_openrosa (f);
  g_autoptr(FpItem) item = NULL;

  fp_sink_push (f->sink, 200, "Content-Type: text/html", "<html>Welcome to our hotel</html>");
  fp_sync_start (f->sync);
  fp_test_until (fp_sync_get_state (f->sync) == FP_SYNC_ERROR);
  item = fp_sync_fixture_get (f, id);
  g_assert_cmpint (item->state, ==, FP_ITEM_PENDING);
  g_assert_cmpstr (item->reason_code, ==, "not-the-server");
  g_assert_cmpuint (item->attempts, ==, 0);

  fp_sink_push (f->sink, 201, "X-OpenRosa-Version: 1.0", OPENROSA_OK);
  pass_until_state (f, id, FP_ITEM_SENT, 2000);
  g_assert_cmpuint (fp_sink_get_n_changed (f->sink), ==, 0);
}

static void
test_conflict_is_posted_once_more (Fixture       *f,
                                   gconstpointer  data)
{
  gint64 id = add_openrosa (f);
  gint64 other;
  g_autoptr(FpItem) item = NULL;

  fp_sink_push (f->sink, 409, "X-OpenRosa-Version: 1.0", "This submission has been deleted.");
  fp_sync_start (f->sync);
  fp_test_until (fp_sync_get_state (f->sync) == FP_SYNC_ERROR);
  fp_sync_fixture_pass (f, 4900);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 1);
  fp_sink_push (f->sink, 201, "X-OpenRosa-Version: 1.0", OPENROSA_OK);
  fp_clock_advance (f->clock, 1200);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);

  /* Twice is an answer. */
  fp_sink_push (f->sink, 409, "X-OpenRosa-Version: 1.0", "already exists with this ID");
  fp_sink_push (f->sink, 409, "X-OpenRosa-Version: 1.0", "already exists with this ID");
  other = add_openrosa (f);
  fp_test_until (fp_sync_get_state (f->sync) == FP_SYNC_ERROR);
  pass_until_state (f, other, FP_ITEM_FAILED, 6100);
  item = fp_sync_fixture_get (f, other);
  g_assert_true (g_str_has_prefix (item->reason_code, "item-"));
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 4);
}

static void
test_own_fault_waits_for_a_person (Fixture       *f,
                                   gconstpointer  data)
{
  gint64 id = fp_sync_fixture_add (f, "/in");
  g_autoptr(FpItem) item = NULL;

  fp_sink_push (f->sink, 422, NULL, "age must be a number");
  fp_sync_start (f->sync);
  fp_sync_fixture_await (f, id, FP_ITEM_FAILED);
  fp_sync_now (f->sync, NULL);
  for (int i = 0; i < 5; i++)
    fp_sync_fixture_pass (f, 24 * 3600000);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 1);
  item = fp_sync_fixture_get (f, id);
  g_assert_cmpint (item->state, ==, FP_ITEM_FAILED);
  g_assert_false (item->maybe_delivered);
  g_assert_nonnull (strstr (item->reason, "age must be a number"));
  g_assert_cmpuint (f->failed, ==, 1);

  g_assert_true (fp_policy_release (item));
  fp_sync_fixture_update (f, item, FP_ITEM_FAILED);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
}

#define PHOTO_BYTES (2 * 1048576)

static FpItem *
new_with_photo (Fixture *f)
{
  FpItem *item = fp_sync_fixture_item (f, "/photo");
  FpItemPart *first = g_ptr_array_index (item->parts, 0);

  first->name = g_strdup ("data");
  item->boundary = g_strdup ("frozen-boundary");
  fp_sync_fixture_attach (f, item, "photo.jpg", PHOTO_BYTES);

  return item;
}

/* One byte, and neither its size nor its time. */
static void
rot (Fixture      *f,
     const FpItem *item)
{
  const FpItemPart *photo = g_ptr_array_index (item->parts, 1);
  g_autofree char *path = fp_blob_dup_path (f->store, photo->sha256);
  int fd = open (path, O_RDWR | O_CLOEXEC);
  struct stat file;
  guint8 byte;

  g_assert_cmpint (fstat (fd, &file), ==, 0);
  g_assert_cmpint (pread (fd, &byte, 1, PHOTO_BYTES / 2), ==, 1);
  byte ^= 1;
  g_assert_cmpint (pwrite (fd, &byte, 1, PHOTO_BYTES / 2), ==, 1);
  g_assert_cmpint (futimens (fd, (struct timespec[]){ file.st_atim, file.st_mtim }), ==, 0);
  close (fd);
}

/* No server gets it, nobody takes it for delivered, and the others go; once the file is right again so does it. */
static void
test_rotten_file_is_not_sent (Fixture       *f,
                              gconstpointer  data)
{
  FpItem *fresh = new_with_photo (f);
  FpItem *again;
  gint64 id, other;
  g_autoptr(FpItem) item = NULL;

  rot (f, fresh);
  id = fp_sync_fixture_insert (f, fresh);
  other = fp_sync_fixture_add (f, "/in");
  fp_sync_start (f->sync);
  fp_sync_fixture_await (f, id, FP_ITEM_FAILED);
  fp_sync_fixture_await (f, other, FP_ITEM_SENT);
  item = fp_sync_fixture_get (f, id);
  g_assert_cmpstr (item->reason_code, ==, "item-file-missing");
  g_assert_nonnull (strstr (item->reason, "photo.jpg"));
  g_assert_false (item->maybe_delivered);
  g_assert_cmpuint (item->attempts, ==, 0);
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/photo"), ==, 0);

  again = new_with_photo (f);
  fp_item_free (again);
  g_assert_true (fp_policy_release (item));
  fp_sync_fixture_update (f, item, FP_ITEM_FAILED);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/photo"), ==, 1);
}

static void
test_hold_and_release (Fixture       *f,
                       gconstpointer  data)
{
  FpItem *fresh = fp_sync_fixture_item (f, "/in");
  gint64 id;
  g_autoptr(FpItem) item = NULL;

  g_free (fresh->headers);
  fresh->headers = g_strdup ("{\"Authorization\":\"Bearer old\"}");
  id = fp_sync_fixture_insert (f, fresh);
  fp_sink_push (f->sink, 401, NULL, NULL);
  fp_sync_start (f->sync);
  fp_sync_fixture_await (f, id, FP_ITEM_HELD);
  fp_sync_now (f->sync, NULL);
  fp_sync_fixture_pass (f, 24 * 3600000);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 1);
  item = fp_sync_fixture_get (f, id);
  g_assert_cmpstr (item->hold, ==, "account");
  g_assert_cmpuint (f->failed, ==, 1);
  g_assert_cmpint (fp_sync_get_state (f->sync), ==, FP_SYNC_ERROR);

  g_assert_true (fp_policy_release (item));
  fp_sync_fixture_update (f, item, FP_ITEM_HELD);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
}

/* The process died between the claim and the receipt; the server has the bytes already. */
static void
test_orphan_is_sent_again (Fixture       *f,
                           gconstpointer  data)
{
  gint64 id = fp_sync_fixture_add (f, "/in");
  g_autoptr(FpItem) item = NULL;

  fp_sink_hold (f->sink, TRUE);
  fp_sync_start (f->sync);
  fp_test_until (fp_sink_get_n (f->sink) == 1);
  g_assert_true (fp_sync_fixture_stop (f->sync));
  fp_sink_hold (f->sink, FALSE);
  g_assert_cmpuint (fp_sink_get_n_stored (f->sink), ==, 1);

  /* As if the claim had been the last commit. */
  item = fp_sync_fixture_get (f, id);
  item->state = FP_ITEM_SENDING;
  fp_sync_fixture_update (f, item, FP_ITEM_PENDING);

  fp_sync_start (f->sync);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 2);
  g_assert_cmpuint (fp_sink_get_n_stored (f->sink), ==, 1);
  g_assert_cmpuint (fp_sink_get_n_changed (f->sink), ==, 0);
}

/* No file of this process can grow: what a full disk looks like from inside. */
static void
fill_disk (gboolean full)
{
  static struct rlimit before;
  struct rlimit limit;

  if (full)
    {
      signal (SIGXFSZ, SIG_IGN);
      getrlimit (RLIMIT_FSIZE, &before);
      limit = before;
      limit.rlim_cur = 0;
      g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
    }
  else
    {
      g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);
    }
}

static void
test_receipt_that_cannot_be_written (Fixture       *f,
                                     gconstpointer  data)
{
  gint64 id = fp_sync_fixture_add (f, "/in");
  gint64 other;

  fp_sink_hold (f->sink, TRUE);
  fp_sync_start (f->sync);
  fp_test_until (fp_sink_get_n (f->sink) == 1);
  other = fp_sync_fixture_add (f, "/other");
  fp_test_until (fp_sink_get_n (f->sink) == 2);

  fill_disk (TRUE);
  fp_sink_hold (f->sink, FALSE);
  fp_test_until (fp_sink_get_n_open (f->sink) == 0);
  for (int i = 0; i < 20; i++)
    {
      fp_clock_advance (f->clock, 2000);
      g_assert_cmpint (fp_sync_fixture_get_state (f, id), ==, FP_ITEM_SENDING);
      fp_sync_now (f->sync, NULL);
      fp_sync_nudge (f->sync);
    }
  g_assert_cmpuint (f->delivered, ==, 0);
  fp_test_until (fp_sync_get_state (f->sync) == FP_SYNC_ERROR);
  fill_disk (FALSE);

  /* A try that was under way may still fail. */
  fp_test_until ((fp_clock_advance (f->clock, 2000), fp_sync_fixture_get_state (f, id) == FP_ITEM_SENT));
  fp_sync_fixture_await (f, other, FP_ITEM_SENT);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 2);
  fp_test_until (f->delivered == 2);
}

static void
test_waits_at_start (Fixture       *f,
                     gconstpointer  data)
{
  gint64 id = fp_sync_fixture_add (f, "/in");

  fp_sink_set_path (f->sink, "/in", 404);
  fp_sync_start (f->sync);
  fp_sync_fixture_await (f, id, FP_ITEM_FAILED);
  fp_test_until (fp_sync_get_state (f->sync) == FP_SYNC_ERROR);
  g_assert_true (fp_sync_fixture_stop (f->sync));

  /* Started over and over: the server is not knocked at each time… */
  for (int i = 0; i < 5; i++)
    {
      fp_sync_start (f->sync);
      fp_test_until (fp_sync_get_holding (f->sync));
      fp_sync_fixture_pass (f, 60000);
      g_assert_true (fp_sync_fixture_stop (f->sync));
    }
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 1);

  /* …but a start after ten minutes is a new chance. */
  fp_clock_advance (f->clock, 6 * 60000);
  fp_sink_set_path (f->sink, "/in", 200);
  fp_sync_start (f->sync);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define add(path, func) \
  g_test_add (path, Fixture, NULL, fp_sync_fixture_setup, func, fp_sync_fixture_teardown)
  add ("/sync/faults/busy-then-stored", test_busy_then_stored);
  add ("/sync/faults/five-failures-then-slow-tries", test_five_failures_then_slow);
  add ("/sync/faults/poison-500-does-not-block", test_poison_500);
  add ("/sync/faults/poison-503-does-not-block", test_poison_503);
  add ("/sync/faults/poison-422-does-not-block", test_poison_422);
  add ("/sync/faults/poison-that-cuts-does-not-block", test_poison_cuts);
  add ("/sync/faults/dead-host-does-not-block-another", test_dead_host_does_not_block);
  add ("/sync/faults/retry-after-is-honoured", test_retry_after);
  add ("/sync/faults/sync-now-overrules-retry-after", test_sync_now_overrules);
  add ("/sync/faults/sign-in-page-is-no-receipt", test_sign_in_page_is_no_receipt);
  add ("/sync/faults/conflict-is-posted-once-more", test_conflict_is_posted_once_more);
  add ("/sync/faults/own-fault-waits-for-a-person", test_own_fault_waits_for_a_person);
  add ("/sync/faults/rotten-file-is-not-sent", test_rotten_file_is_not_sent);
  add ("/sync/faults/hold-and-release", test_hold_and_release);
  add ("/sync/faults/orphan-is-sent-again-and-counted-once", test_orphan_is_sent_again);
  add ("/sync/faults/receipt-that-cannot-be-written", test_receipt_that_cannot_be_written);
  add ("/sync/faults/waits-are-cleared-at-start-once-in-ten-minutes", test_waits_at_start);
#undef add

  return g_test_run ();
}
