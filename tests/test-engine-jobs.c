/* Work of the jobs of our own: preferences, cached content, and the permission to do it. */
#include "fp-engine-fixture.h"

#include <glib/gstdio.h>
#include <malloc.h>
#include <string.h>

#include "engine/fp-engine-clean.h"
#include "engine/fp-engine-periodic.h"
#include "engine/fp-engine-preferences.h"
#include "engine/fp-permission.h"
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

/* Settings and preferences. */

static gboolean
set (Fixture     *f,
     const char  *name,
     const char  *word,
     GError     **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_engine_set_setting_async (f->base.engine, name, word, NULL, fp_test_await_cb, &await);
  return fp_engine_set_setting_finish (f->base.engine, fp_test_await (&await), error);
}

static void
must_set (Fixture    *f,
          const char *name,
          const char *word)
{
  g_autoptr(GError) error = NULL;

  set (f, name, word, &error);
  g_assert_no_error (error);
}

static void
assert_setting (Fixture    *f,
                const char *name,
                const char *stored)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) values = NULL;

  fp_engine_list_settings_async (f->base.engine, NULL, fp_test_await_cb, &await);
  values = fp_engine_list_settings_finish (f->base.engine, fp_test_await (&await), &error);
  g_assert_no_error (error);
  for (guint i = 0; i < values->len; i++)
    {
      const FpSettingValue *value = g_ptr_array_index (values, i);

      if (g_str_equal (value->kind->name, name))
        g_assert_cmpstr (value->stored, ==, stored);
    }
}

static gboolean
sync_preferences (Fixture  *f,
                  GError  **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_engine_sync_preferences_async (f->base.engine, NULL, fp_test_await_cb, &await);
  return fp_engine_sync_preferences_finish (f->base.engine, fp_test_await (&await), error);
}

static void
must_sync (Fixture *f)
{
  g_autoptr(GError) error = NULL;

  sync_preferences (f, &error);
  g_assert_no_error (error);
}

static void
set_url (Fixture *f)
{
  g_autofree char *url = fp_test_server_dup_url (f->server, "/preferences");

  must_set (f, "preferences-url", url);
}

static void
assert_header (Fixture    *f,
               guint       request,
               const char *method,
               const char *name,
               const char *value)
{
  const FpTestRequest *got = fp_test_server_get_request (f->server, request);
  g_autofree char *header = fp_test_request_dup_header (got, name);

  g_assert_cmpstr (got->method, ==, method);
  g_assert_cmpstr (header, ==, value);
}

static char *
dup_body (Fixture *f,
          guint    request)
{
  gsize size;
  const char *data = g_bytes_get_data (fp_test_server_get_request (f->server, request)->body, &size);

  return g_strndup (data, size);
}

static void
test_settings_are_checked (Fixture       *f,
                           gconstpointer  data)
{
  static const char *const bad[][2] = { { "retention-days", "0" }, { "retention-days", "x" }, { "metered", "perhaps" },
                                        { "diagnostics", "2" },   { "preferences-url", "gopher://x/" },
                                        { "metered-limit", "-1" } };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_false (set (f, bad[i][0], bad[i][1], &error));
      g_assert_nonnull (error);
    }
  assert_setting (f, "retention-days", "7");
  must_set (f, "retention-days", "30");
  assert_setting (f, "retention-days", "30");
  must_set (f, "retention-days", NULL);
  assert_setting (f, "retention-days", "7");
}

static void
test_preferences_first_put (Fixture       *f,
                            gconstpointer  data)
{
  g_autofree char *body = NULL;

  g_assert_false (sync_preferences (f, NULL));
  g_assert_cmpuint (fp_test_server_get_n_requests (f->server), ==, 0);

  set_url (f);
  must_set (f, "metered", "never");
  fp_test_server_answer (f->server, 404, "", "");
  fp_test_server_answer (f->server, 201, "ETag: \"1\"\r\n", "");
  must_sync (f);
  g_assert_cmpuint (fp_test_server_get_n_requests (f->server), ==, 2);
  assert_header (f, 0, "GET", "If-None-Match", NULL);
  assert_header (f, 1, "PUT", "If-None-Match", "*");
  body = dup_body (f, 1);
  g_assert_nonnull (strstr (body, "\"never\""));
  /* Neither addresses nor what is of this machine alone. */
  g_assert_null (strstr (body, "preferences-url"));
  g_assert_null (strstr (body, "paused"));

  fp_test_server_answer (f->server, 304, "", "");
  must_sync (f);
  g_assert_cmpuint (fp_test_server_get_n_requests (f->server), ==, 3);
  assert_header (f, 2, "GET", "If-None-Match", "\"1\"");
}

static void
test_preferences_newest_change_counts (Fixture       *f,
                                       gconstpointer  data)
{
  set_url (f);
  must_set (f, "metered", "never");
  /* Theirs are old where ours is new, good, wrong, unknown and in the far future. */
  fp_test_server_answer (f->server, 200, "ETag: \"5\"\r\n",
                         "{\"fieldpost-preferences\": 1, \"settings\": {"
                         "\"metered\": {\"value\": \"always\", \"changed\": 1000},"
                         "\"retention-days\": {\"value\": \"14\", \"changed\": 2000},"
                         "\"metered-limit\": {\"value\": \"lots\", \"changed\": 2000},"
                         "\"periodic\": {\"value\": \"granted\", \"changed\": 2000},"
                         "\"preferences-url\": {\"value\": \"http://evil.example/\", \"changed\": 2000},"
                         "\"new-thing\": {\"value\": \"kept\", \"changed\": 2000}}}");
  fp_test_server_answer (f->server, 412, "", "");
  fp_test_server_answer (f->server, 200, "ETag: \"6\"\r\n",
                         "{\"fieldpost-preferences\": 1, \"settings\": {"
                         "\"retention-days\": {\"value\": \"21\", \"changed\": 3000},"
                         "\"new-thing\": {\"value\": \"kept\", \"changed\": 2000}}}");
  fp_test_server_answer (f->server, 204, "", "");
  must_sync (f);

  assert_setting (f, "metered", "never");
  assert_setting (f, "retention-days", "21");
  assert_setting (f, "metered-limit", "1048576");
  assert_setting (f, "periodic", "ask");
  g_assert_cmpuint (fp_test_server_get_n_requests (f->server), ==, 4);
  assert_header (f, 1, "PUT", "If-Match", "\"5\"");
  assert_header (f, 3, "PUT", "If-Match", "\"6\"");
  {
    g_autofree char *body = dup_body (f, 3);

    g_assert_nonnull (strstr (body, "new-thing"));
    g_assert_nonnull (strstr (body, "\"never\""));
    g_assert_nonnull (strstr (body, "\"21\""));
  }
}

static void
test_preferences_from_the_future (Fixture       *f,
                                  gconstpointer  data)
{
  set_url (f);
  must_set (f, "retention-days", "30");
  fp_test_server_answer (f->server, 200, "ETag: \"5\"\r\n",
                         "{\"fieldpost-preferences\": 1, \"settings\": {"
                         "\"retention-days\": {\"value\": \"1\", \"changed\": 9000000000000}}}");
  fp_test_server_answer (f->server, 204, "", "");
  must_sync (f);
  assert_setting (f, "retention-days", "30");
}

static void
test_preferences_no_document (Fixture       *f,
                              gconstpointer  data)
{
  static const char *const bodies[] = { "<html>sign in</html>", "[]", "{\"settings\": {}}" };

  set_url (f);
  must_set (f, "metered", "never");
  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autoptr(GError) error = NULL;

      fp_test_server_answer (f->server, 200, "", bodies[i]);
      g_assert_false (sync_preferences (f, &error));
      g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_SERVER);
      /* It is not overwritten. */
      g_assert_cmpuint (fp_test_server_get_n_requests (f->server), ==, i + 1);
    }
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

  add_server (f);
  g_assert_cmpint (g_rename (blobs, away), ==, 0);
  offer (f, md5);
  fp_test_server_script (f->server, FP_SERVE_FLOOD, 0, "HTTP/1.1 200 OK\r\n\r\n");
  g_assert_cmpint (update_content (f, &error), ==, -1);
  g_assert_cmpint (error->domain, ==, FP_STORE_ERROR);
  g_assert_true (g_str_has_prefix (error->message, "a.csv: The file could not be kept"));

  g_assert_cmpint (g_rename (away, blobs), ==, 0);
  g_assert_cmpuint (count_blobs (f), ==, 0);
  offer (f, md5);
  fp_test_server_answer (f->server, 200, "", "0123456789");
  g_assert_cmpint (update_content (f, NULL), ==, 1);
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

/* The permission. */

static gboolean
ask (gboolean wanted)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  gboolean granted;

  fp_permission_ask_async (NULL, wanted, NULL, fp_test_await_cb, &await);
  granted = fp_permission_ask_finish (fp_test_await (&await), &error);
  g_assert_no_error (error);

  return granted;
}

static gboolean
register_job (Fixture     *f,
              const char  *name,
              gint64       interval,
              GError     **error)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;

  fp_engine_register_periodic_async (f->base.engine, name, NULL, interval, NULL, fp_test_await_cb, &await);
  return fp_engine_register_periodic_finish (f->base.engine, fp_test_await (&await), error);
}

static void
unregister (Fixture    *f,
            const char *name)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;

  fp_engine_unregister_periodic_async (f->base.engine, name, NULL, fp_test_await_cb, &await);
  fp_engine_unregister_periodic_finish (f->base.engine, fp_test_await (&await), &error);
  g_assert_no_error (error);
}

static void
test_permission_is_an_autostart_file (Fixture       *f,
                                      gconstpointer  data)
{
  g_autofree char *path = fp_permission_dup_path ();
  g_autofree char *folder = g_path_get_dirname (path);

  g_assert_true (register_job (f, "daily-sync", 0, NULL));
  g_assert_true (register_job (f, "check-updates", 0, NULL));
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  assert_setting (f, "periodic", "granted");
  unregister (f, "daily-sync");
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  unregister (f, "check-updates");
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  assert_setting (f, "periodic", "ask");

  /* A person said no. */
  g_mkdir_with_parents (folder, 0700);
  g_assert_true (g_file_set_contents (path, "[Desktop Entry]\nType=Application\nHidden=true\n", -1, NULL));
  g_assert_false (register_job (f, "daily-sync", 0, NULL));
  assert_setting (f, "periodic", "denied");
  unregister (f, "daily-sync");
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));

  /* A file of his own stays his. */
  g_assert_true (g_file_set_contents (path, "[Desktop Entry]\nType=Application\nExec=fieldpost-agent\n", -1, NULL));
  g_assert_true (ask (TRUE));
  g_assert_true (ask (FALSE));
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  g_unlink (path);
}

static void
test_intervals_have_a_floor (Fixture       *f,
                             gconstpointer  data)
{
  static const struct {
    const char *name;
    gint64 interval;
  } bad[] = { { "x", 0 }, { "x", FP_PERIODIC_HOUR_MS - 1 }, { "", FP_PERIODIC_HOUR_MS },
              { "data-sync", FP_PERIODIC_HOUR_MS }, { "clean-up", 0 }, { "daily-sync", 1 }, { "x", 400 * FP_PERIODIC_DAY_MS } };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_false (register_job (f, bad[i].name, bad[i].interval, &error));
      g_assert_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE);
    }
}

static void
test_daily_sync_does_all_it_can (Fixture       *f,
                                 gconstpointer  data)
{
  g_auto(FpTestAwait) await = FP_TEST_AWAIT;
  g_autoptr(GError) error = NULL;
  g_autoptr(FpPeriodicList) list = NULL;
  const FpPeriodicRow *row;

  register_job (f, "daily-sync", 0, NULL);
  set_url (f);
  fp_test_server_answer (f->server, 500, "", "");
  fp_engine_run_periodic_async (f->base.engine, "daily-sync", NULL, fp_test_await_cb, &await);
  g_assert_false (fp_engine_run_periodic_finish (f->base.engine, fp_test_await (&await), &error));
  g_assert_nonnull (strstr (error->message, "preferences: "));
  fp_test_await_clear (&await);

  fp_engine_list_periodic_async (f->base.engine, NULL, fp_test_await_cb, &await);
  list = fp_engine_list_periodic_finish (f->base.engine, fp_test_await (&await), NULL);
  g_assert_cmpuint (list->jobs->len, ==, 2);
  row = g_ptr_array_index (list->jobs, 0);
  g_assert_cmpstr (row->name, ==, FP_PERIODIC_CLEAN_UP);
  g_assert_cmpint (row->last_run, >, 0);
  g_assert_null (row->last_result);
  row = g_ptr_array_index (list->jobs, 1);
  g_assert_cmpint (row->last_run, >, 0);
  g_assert_nonnull (row->last_result);
  unregister (f, "daily-sync");
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, setup, func, teardown)

int
main (int    argc,
      char **argv)
{
  g_autofree char *config = fp_test_make_folder ();
  int failed;

  /* Not that of whoever runs this; not isolated as a whole: the proxy's settings are read from the system's schemas. */
  g_setenv ("XDG_CONFIG_HOME", config, TRUE);
  g_test_init (&argc, &argv, NULL);

  ADD ("/jobs/settings/are-checked", test_settings_are_checked);
  ADD ("/jobs/sync-user-preferences/first-put", test_preferences_first_put);
  ADD ("/jobs/sync-user-preferences/newest-change-counts", test_preferences_newest_change_counts);
  ADD ("/jobs/sync-user-preferences/from-the-future", test_preferences_from_the_future);
  ADD ("/jobs/sync-user-preferences/no-document", test_preferences_no_document);
  ADD ("/jobs/update-cached-content/by-hash", test_content_by_hash);
  ADD ("/jobs/update-cached-content/not-whole-leaves-nothing", test_content_that_is_not_whole);
  ADD ("/jobs/update-cached-content/cannot-be-kept", test_content_that_cannot_be_kept);
  ADD ("/jobs/update-cached-content/without-an-end-is-not-held", test_content_without_an_end);
  ADD ("/jobs/permission/autostart-file", test_permission_is_an_autostart_file);
  ADD ("/jobs/permission/intervals-have-a-floor", test_intervals_have_a_floor);
  ADD ("/jobs/daily-sync/does-all-it-can", test_daily_sync_does_all_it_can);

  failed = g_test_run ();
  fp_test_remove_folder (config);

  return failed;
}
