/* Cached content: the files of forms, by hash, streamed into the store. */
#include "fp-engine-fixture.h"

#include <glib/gstdio.h>
#include <malloc.h>
#include <string.h>

#include "base/fp-worker.h"
#include "engine/fp-engine-periodic.h"
#include "fp-test-server.h"
#include "store/fp-media-rows.h"

typedef struct {
  FpEngineFixture base;
  FpTestServer *server;
} Fixture;

static void
setup (Fixture       *f,
       gconstpointer  data)
{
  fp_engine_fixture_setup (&f->base, data);
  f->server = fp_test_server_new (NULL);
}

static void
teardown (Fixture       *f,
          gconstpointer  data)
{
  fp_engine_fixture_teardown (&f->base, data);
  fp_test_server_free (f->server);
}

/* Cached content. */

#define FORM "<h:html xmlns=\"http://www.w3.org/2002/xforms\" xmlns:h=\"http://www.w3.org/1999/xhtml\"><h:head>" \
             "<h:title>T</h:title><model><instance><data id=\"t\" version=\"1\"><name/></data></instance>"      \
             "<bind nodeset=\"/data/name\" type=\"string\"/></model></h:head><h:body><input ref=\"/data/name\">"  \
             "<label>Name</label></input></h:body></h:html>"

static char *
dup_list (Fixture *f)
{
  g_autofree char *md5 = g_compute_checksum_for_string (G_CHECKSUM_MD5, FORM, -1);
  g_autofree char *form = fp_test_server_dup_url (f->server, "/form");
  g_autofree char *manifest = fp_test_server_dup_url (f->server, "/manifest");

  return g_strdup_printf ("<xforms xmlns=\"http://openrosa.org/xforms/xformsList\"><xform><formID>t</formID>"
                          "<name>T</name><version>1</version><hash>md5:%s</hash><downloadUrl>%s</downloadUrl>"
                          "<manifestUrl>%s</manifestUrl></xform></xforms>", md5, form, manifest);
}

static char *
dup_manifest (Fixture    *f,
              const char *first,
              const char *second)
{
  g_autofree char *a = g_compute_checksum_for_string (G_CHECKSUM_MD5, first, -1);
  g_autofree char *b = g_compute_checksum_for_string (G_CHECKSUM_MD5, second, -1);
  g_autofree char *url = fp_test_server_dup_url (f->server, "/file");

  return g_strdup_printf ("<manifest xmlns=\"http://openrosa.org/xforms/xformsManifest\"><mediaFile><filename>a.csv"
                          "</filename><hash>md5:%s</hash><downloadUrl>%s</downloadUrl></mediaFile><mediaFile><filename>"
                          "b.png</filename><hash>md5:%s</hash><downloadUrl>%s</downloadUrl></mediaFile><mediaFile>"
                          "<filename>../x</filename><hash>md5:%s</hash><downloadUrl>%s</downloadUrl></mediaFile>"
                          "</manifest>", a, url, b, url, a, url);
}

static gint
update_content (Fixture  *f,
                GError  **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_engine_update_content_async (f->base.engine, 0, NULL, fp_test_await_cb, &await);
  return fp_engine_update_content_finish (f->base.engine, fp_test_await (&await), error);
}

static gpointer
media_func (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  return fp_media_rows_list (txn, 1, error);
}

static guint
count_media (Fixture *f)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) rows = NULL;

  fp_store_read_async (fp_engine_get_store (f->base.engine), media_func, NULL, NULL, NULL, NULL, fp_test_await_cb,
                       &await);
  rows = fp_store_read_finish (fp_engine_get_store (f->base.engine), fp_test_await (&await), &error);
  g_assert_no_error (error);

  return rows->len;
}

static void
test_content_by_hash (Fixture       *f,
                      gconstpointer  data)
{
  g_autofree char *list = dup_list (f);
  g_autofree char *manifest = dup_manifest (f, "one", "two");
  g_autofree char *changed = dup_manifest (f, "one", "three");
  g_autofree char *url = fp_test_server_dup_url (f->server, "");
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpServerRow) row = NULL;

  fp_test_server_answer (f->server, 200, "", list);
  fp_test_server_answer (f->server, 200, "", FORM);
  fp_engine_add_server_async (f->base.engine, url, "S", NULL, NULL, FP_REACH_AUTO, NULL, fp_test_await_cb, &await);
  row = fp_engine_add_server_finish (f->base.engine, fp_test_await (&await), &error);
  g_assert_no_error (error);
  g_assert_nonnull (row);

  /* List, list, manifest, then its files, the last first. */
  fp_test_server_answer (f->server, 200, "", list);
  fp_test_server_answer (f->server, 200, "", list);
  fp_test_server_answer (f->server, 200, "", manifest);
  fp_test_server_answer (f->server, 200, "", "two");
  fp_test_server_answer (f->server, 200, "", "one");
  g_assert_cmpint (update_content (f, &error), ==, 2);
  g_assert_no_error (error);
  g_assert_cmpuint (count_media (f), ==, 2);
  g_assert_cmpuint (fp_test_server_get_n_requests (f->server), ==, 7);

  /* Nothing new: neither form nor files are downloaded. */
  fp_test_server_answer (f->server, 200, "", list);
  fp_test_server_answer (f->server, 200, "", list);
  fp_test_server_answer (f->server, 200, "", manifest);
  g_assert_cmpint (update_content (f, &error), ==, 0);
  g_assert_no_error (error);
  g_assert_cmpuint (fp_test_server_get_n_requests (f->server), ==, 10);

  /* One is another, and what comes is not it: the old one stays, and that is said. */
  fp_test_server_answer (f->server, 200, "", list);
  fp_test_server_answer (f->server, 200, "", list);
  fp_test_server_answer (f->server, 200, "", changed);
  fp_test_server_answer (f->server, 200, "", "a sign-in page");
  g_assert_cmpint (update_content (f, &error), ==, -1);
  g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_SERVER);
  g_assert_nonnull (strstr (error->message, "b.png"));
  g_assert_cmpuint (count_media (f), ==, 2);
}

/* A manifest of one file, with the hash of @whole. Answers what comes before the file. */
static void
offer (Fixture    *f,
       const char *md5)
{
  g_autofree char *list = dup_list (f);
  g_autofree char *url = fp_test_server_dup_url (f->server, "/file");
  g_autofree char *manifest
      = g_strdup_printf ("<manifest xmlns='http://openrosa.org/xforms/xformsManifest'><mediaFile><filename>a.csv</filename>"
                         "<hash>md5:%s</hash><downloadUrl>%s</downloadUrl></mediaFile></manifest>", md5, url);

  fp_test_server_answer (f->server, 200, "", list);
  fp_test_server_answer (f->server, 200, "", list);
  fp_test_server_answer (f->server, 200, "", manifest);
}

static void
add_server (Fixture *f)
{
  g_autofree char *list = dup_list (f);
  g_autofree char *url = fp_test_server_dup_url (f->server, "");
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpServerRow) row = NULL;

  fp_test_server_answer (f->server, 200, "", list);
  fp_test_server_answer (f->server, 200, "", FORM);
  fp_engine_add_server_async (f->base.engine, url, "S", NULL, NULL, FP_REACH_AUTO, NULL, fp_test_await_cb, &await);
  row = fp_engine_add_server_finish (f->base.engine, fp_test_await (&await), &error);
  g_assert_no_error (error);
}

static guint
count_blobs (Fixture *f)
{
  g_autofree char *path = g_build_filename (f->base.folder, "blobs", NULL);
  g_autoptr(GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (dir && g_dir_read_name (dir))
    n++;

  return n;
}

/* Whatever goes wrong, nothing of it stays. */
static void
test_content_that_is_not_whole (Fixture       *f,
                                gconstpointer  data)
{
  static const struct
  {
    FpServe how;
    const char *raw;
    const char *words;
  } rows[] = {
    { FP_SERVE_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n01234", "a.csv" },
    { FP_SERVE_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n0123456789", "checksum" },
    { FP_SERVE_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n012345678", "checksum" },
    { FP_SERVE_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 900000000\r\n\r\n0123456789", "more than is accepted" },
    { FP_SERVE_CLOSE, "HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\n\r\n0123456789", "404" },
    { FP_SERVE_DROP, NULL, "a.csv" },
  };
  g_autofree char *md5 = g_compute_checksum_for_string (G_CHECKSUM_MD5, "0123456789", -1);

  add_server (f);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GError) error = NULL;

      offer (f, md5);
      /* libsoup asks again where a connection that was kept ends. */
      for (guint again = 0; again < (rows[i].how == FP_SERVE_DROP ? 2 : 1); again++)
        fp_test_server_script (f->server, rows[i].how, 0, rows[i].raw);
      g_assert_cmpint (update_content (f, &error), ==, -1);
      g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_SERVER);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, rows[i].words));
      g_assert_true (g_str_has_prefix (error->message, "a.csv: "));
      g_assert_cmpuint (count_media (f), ==, 0);
      g_assert_cmpuint (count_blobs (f), ==, 0);
    }

  offer (f, md5);
  fp_test_server_answer (f->server, 200, "", "0123456789");
  g_assert_cmpint (update_content (f, NULL), ==, 1);
  g_assert_cmpuint (count_blobs (f), ==, 1);
}

/* The request is ended for it, and the disk's words are told. */
static void
test_content_that_cannot_be_kept (Fixture       *f,
                                  gconstpointer  data)
{
  g_autofree char *md5 = g_compute_checksum_for_string (G_CHECKSUM_MD5, "0123456789", -1);
  g_autofree char *blobs = g_build_filename (f->base.folder, "blobs", NULL);
  g_autofree char *away = g_build_filename (f->base.folder, "away", NULL);
  g_autoptr(GError) error = NULL;
  gint updated = -1;

  add_server (f);
  g_assert_cmpint (g_rename (blobs, away), ==, 0);
  offer (f, md5);
  fp_test_server_script (f->server, FP_SERVE_FLOOD, 0, "HTTP/1.1 200 OK\r\n\r\n");
  g_assert_cmpint (update_content (f, &error), ==, -1);
  g_assert_cmpint (error->domain, ==, FP_STORE_ERROR);
  g_assert_true (g_str_has_prefix (error->message, "a.csv: The file could not be kept"));

  g_assert_cmpint (g_rename (away, blobs), ==, 0);
  g_assert_cmpuint (count_blobs (f), ==, 0);
  /* The request that was broken off may come late and take the answer to another. */
  for (guint i = 0; i < 3 && updated != 1; i++)
    {
      fp_test_server_forget (f->server);
      offer (f, md5);
      fp_test_server_answer (f->server, 200, "", "0123456789");
      updated = update_content (f, NULL);
    }
  g_assert_cmpint (updated, ==, 1);
}

typedef struct {
  gsize least;
  gsize most;
} Memory;

/* Large pieces are mapped one by one. */
static gboolean
note_memory_cb (gpointer data)
{
  Memory *memory = data;
  struct mallinfo2 now = mallinfo2 ();

  memory->least = MIN (memory->least, now.hblkhd + now.uordblks);
  memory->most = MAX (memory->most, now.hblkhd + now.uordblks);

  return G_SOURCE_CONTINUE;
}

/* Up to the limit and beyond it; held is never more than a piece. */
static void
test_content_without_an_end (Fixture       *f,
                             gconstpointer  data)
{
  Memory memory = { .least = G_MAXSIZE };
  g_autoptr(GError) error = NULL;
  guint source;

  add_server (f);
  offer (f, "00000000000000000000000000000000");
  fp_test_server_script (f->server, FP_SERVE_FLOOD, 0, "HTTP/1.1 200 OK\r\n\r\n");
  source = g_idle_add (note_memory_cb, &memory);
  g_assert_cmpint (update_content (f, &error), ==, -1);
  g_source_remove (source);
  g_assert_nonnull (strstr (error->message, "a.csv: "));
  g_assert_nonnull (strstr (error->message, "more than is accepted"));
  g_assert_cmpuint (memory.most - memory.least, <, 4 * 1024 * 1024);
  g_assert_cmpuint (count_blobs (f), ==, 0);
}

#define HELD_BY 8
#define TURNS 10000

/* A disk that does not answer for a while: what would read is not begun. */
typedef struct {
  GMutex lock;
  GCond let;
  gboolean go;
  gboolean gave_up;
  guint through; /* atomic: those that need this struct no more */
  FpTestServer *server;
  guint turns;
} Disk;

static void
wait_for_disk (GTask        *task,
               gpointer      source,
               gpointer      data,
               GCancellable *cancellable)
{
  Disk *disk = data;
  gint64 end = g_get_monotonic_time () + 60 * G_TIME_SPAN_SECOND;

  g_mutex_lock (&disk->lock);
  while (!disk->go && !disk->gave_up)
    disk->gave_up = !g_cond_wait_until (&disk->let, &disk->lock, end);
  g_mutex_unlock (&disk->lock);
  g_task_return_boolean (task, TRUE);
  g_atomic_int_inc (&disk->through);
}

/* What came from the server had many turns to be taken. */
static gboolean
let_go_cb (gpointer data)
{
  Disk *disk = data;

  if (fp_test_server_get_n_requests (disk->server) < 6 || ++disk->turns < TURNS)
    return G_SOURCE_CONTINUE;
  g_mutex_lock (&disk->lock);
  disk->go = TRUE;
  g_cond_broadcast (&disk->let);
  g_mutex_unlock (&disk->lock);

  return G_SOURCE_REMOVE;
}

static void
test_content_on_a_slow_disk (Fixture       *f,
                             gconstpointer  data)
{
  Disk disk = { .server = f->server };
  g_autofree char *body = g_strnfill (1024 * 1024, 'x');
  g_autofree char *md5 = g_compute_checksum_for_string (G_CHECKSUM_MD5, body, -1);
  g_autoptr(GError) error = NULL;

  g_mutex_init (&disk.lock);
  g_cond_init (&disk.let);
  add_server (f);
  offer (f, md5);
  fp_test_server_answer (f->server, 200, "", body);
  for (guint i = 0; i < HELD_BY; i++)
    {
      g_autoptr(GTask) task = g_task_new (NULL, NULL, NULL, NULL);

      g_task_set_task_data (task, &disk, NULL);
      fp_pool_push (task, wait_for_disk);
    }
  g_idle_add_full (G_PRIORITY_LOW, let_go_cb, &disk, NULL);
  g_assert_cmpint (update_content (f, &error), ==, 1);
  g_assert_no_error (error);
  g_assert_true (disk.go);
  g_assert_false (disk.gave_up);
  fp_test_until (g_atomic_int_get (&disk.through) == HELD_BY);
  g_mutex_clear (&disk.lock);
  g_cond_clear (&disk.let);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add (path, Fixture, NULL, setup, func, teardown)
  ADD ("/jobs/update-cached-content/by-hash", test_content_by_hash);
  ADD ("/jobs/update-cached-content/not-whole-leaves-nothing", test_content_that_is_not_whole);
  ADD ("/jobs/update-cached-content/cannot-be-kept", test_content_that_cannot_be_kept);
  ADD ("/jobs/update-cached-content/without-an-end-is-not-held", test_content_without_an_end);
  ADD ("/jobs/update-cached-content/main-loop-goes-on-while-the-disk-does-not", test_content_on_a_slow_disk);
#undef ADD

  return g_test_run ();
}
