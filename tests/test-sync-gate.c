/* The sender and the network: limited with its probe, sign-in pages, names of the LAN, networks that cost. Design 5.2. */
#include "fp-sync-fixture.h"

#include "fp-test-server.h"
#include "net/fp-host.h"
#include "net/fp-http-private.h"

#define MINUTE G_GINT64_CONSTANT (60000)
#define MIB 1048576

/* A resolver that knows one address for every name, and counts. */
#define TEST_TYPE_NAMES (test_names_get_type ())
G_DECLARE_FINAL_TYPE (TestNames, test_names, TEST, NAMES, GResolver)

struct _TestNames
{
  GResolver parent_instance;

  const char *address; /* NULL: no such name */
  guint n;
};

G_DEFINE_FINAL_TYPE (TestNames, test_names, G_TYPE_RESOLVER)

static void
test_names_lookup_async (GResolver                *resolver,
                         const char               *name,
                         GResolverNameLookupFlags  flags,
                         GCancellable             *cancellable,
                         GAsyncReadyCallback       callback,
                         gpointer                  user_data)
{
  g_autoptr(GTask) task = g_task_new (resolver, cancellable, callback, user_data);
  TestNames *self = TEST_NAMES (resolver);

  self->n++;
  if (self->address)
    g_task_return_pointer (task, g_list_append (NULL, g_inet_address_new_from_string (self->address)),
                           (GDestroyNotify) g_resolver_free_addresses);
  else
    g_task_return_new_error (task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "no such name");
}

static GList *
test_names_lookup_finish (GResolver     *resolver,
                          GAsyncResult  *result,
                          GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
test_names_lookup_plain_async (GResolver           *resolver,
                               const char          *name,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  test_names_lookup_async (resolver, name, G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT, cancellable, callback, user_data);
}

static void
test_names_class_init (TestNamesClass *klass)
{
  GResolverClass *resolver_class = G_RESOLVER_CLASS (klass);

  resolver_class->lookup_by_name_async = test_names_lookup_plain_async;
  resolver_class->lookup_by_name_finish = test_names_lookup_finish;
  resolver_class->lookup_by_name_with_flags_async = test_names_lookup_async;
  resolver_class->lookup_by_name_with_flags_finish = test_names_lookup_finish;
}

static void
test_names_init (TestNames *self)
{
}

typedef struct {
  FpSyncFixture base; /* first: its functions take it */
  FpTestServer *secure; /* its certificate is trusted for 127.0.0.1 */
  TestNames *names;
  GResolver *before;
} Fixture;

static void
setup (Fixture       *f,
       gconstpointer  data)
{
  g_autofree char *file = g_build_filename (g_getenv ("G_TEST_SRCDIR"), "data", "loopback.pem", NULL);
  g_autoptr(GTlsCertificate) certificate = g_tls_certificate_new_from_file (file, NULL);
  g_autoptr(GTlsDatabase) trust = g_tls_file_database_new (file, NULL);

  fp_sync_fixture_setup (&f->base, data);
  f->secure = fp_test_server_new (certificate);
  soup_session_set_tls_database (_fp_http_peek_session (f->base.http), trust);
  f->before = g_resolver_get_default ();
  f->names = g_object_new (TEST_TYPE_NAMES, NULL);
  g_resolver_set_default (G_RESOLVER (f->names));
}

static void
teardown (Fixture       *f,
          gconstpointer  data)
{
  fp_sync_fixture_teardown (&f->base, data);
  fp_test_server_free (f->secure);
  g_resolver_set_default (f->before);
  g_object_unref (f->before);
  g_object_unref (f->names);
}

static FpItem *
item_to (Fixture    *f,
         const char *url)
{
  FpItem *item = fp_sync_fixture_item (&f->base, "/in");

  g_free (item->url);
  g_free (item->host);
  item->url = g_strdup (url);
  item->host = fp_host_dup_origin (url, NULL);
  item->reach = FP_REACH_AUTO;

  return item;
}

static gint64
add_secure (Fixture    *f,
            const char *path)
{
  g_autofree char *url = fp_test_server_dup_url (f->secure, path);
  FpItem *item = item_to (f, url);

  /* Its address is the loopback's; it is to be taken for a public one. */
  item->reach = FP_REACH_PUBLIC;

  return fp_sync_fixture_insert (&f->base, item);
}

static guint
count_method (FpTestServer *server,
              const char   *method)
{
  guint n = 0;

  for (guint i = 0; i < fp_test_server_get_n_requests (server); i++)
    if (g_str_equal (fp_test_server_get_request (server, i)->method, method))
      n++;

  return n;
}

static void
test_limited_probe_opens (Fixture       *f,
                          gconstpointer  data)
{
  const FpTestRequest *probe;
  g_autofree char *authorization = NULL;
  gint64 id;

  fp_link_set (f->base.link, FP_LINK_LIMITED, FALSE);
  fp_test_server_answer (f->secure, 405, "", "");
  id = add_secure (f, "/in?token=s3cret");
  fp_sync_start (f->base.sync);
  fp_sync_fixture_await (&f->base, id, FP_ITEM_SENT);

  probe = fp_test_server_get_request (f->secure, 0);
  authorization = fp_test_request_dup_header (probe, "Authorization");
  g_assert_cmpstr (probe->method, ==, "HEAD");
  g_assert_cmpstr (probe->target, ==, "/");
  g_assert_cmpint (probe->body_size, ==, 0);
  g_assert_null (authorization);
  g_assert_null (strstr (probe->head, "s3cret"));

  /* One probe a host: it stays open until the link changes. */
  fp_sync_fixture_pass (&f->base, 60 * MINUTE);
  fp_sync_fixture_await (&f->base, add_secure (f, "/in"), FP_ITEM_SENT);
  g_assert_cmpuint (count_method (f->secure, "HEAD"), ==, 1);

  fp_link_set (f->base.link, FP_LINK_OFFLINE, FALSE);
  fp_link_set (f->base.link, FP_LINK_LIMITED, FALSE);
  fp_sync_fixture_await (&f->base, add_secure (f, "/in"), FP_ITEM_SENT);
  g_assert_cmpuint (count_method (f->secure, "HEAD"), ==, 2);
}

/* Lets time pass until the secure server was asked so often. When an answer arrives is the kernel's affair. */
static void
pass_until_asked (Fixture *f,
                  guint    n)
{
  while (count_method (f->secure, "HEAD") < n)
    {
      fp_sync_fixture_pass (&f->base, MINUTE / 2);
      g_assert_cmpuint (count_method (f->secure, "HEAD"), <=, n);
    }
}

static void
test_limited_untrue_answers (Fixture       *f,
                             gconstpointer  data)
{
  gint64 id;

  fp_link_set (f->base.link, FP_LINK_LIMITED, FALSE);
  fp_test_server_answer (f->secure, 511, "", "");
  fp_test_server_answer (f->secure, 511, "", "");
  fp_test_server_answer (f->secure, 307, "Location: /login\r\n", "");
  id = add_secure (f, "/in");
  fp_sync_start (f->base.sync);
  fp_test_until (count_method (f->secure, "HEAD") == 1);
  fp_test_until (fp_sync_get_state (f->base.sync) == FP_SYNC_OFFLINE);

  /* Every five minutes, not before. */
  fp_sync_fixture_pass (&f->base, 4 * MINUTE);
  g_assert_cmpuint (count_method (f->secure, "HEAD"), ==, 1);
  pass_until_asked (f, 2);
  g_assert_cmpuint (count_method (f->secure, "POST"), ==, 0);
  fp_sync_fixture_pass (&f->base, 4 * MINUTE);
  g_assert_cmpint (fp_sync_fixture_get_state (&f->base, id), ==, FP_ITEM_PENDING);

  /* And on Sync Now. That the server redirects is an answer of its own; nobody follows it. */
  fp_sync_now (f->base.sync, NULL);
  fp_sync_fixture_await (&f->base, id, FP_ITEM_SENT);
  g_assert_cmpuint (count_method (f->secure, "HEAD"), ==, 3);
}

/* Who cannot show the certificate of the name is not the server, and what comes in the clear anybody may have said. */
static void
test_limited_needs_proof (Fixture       *f,
                          gconstpointer  data)
{
  g_autoptr(GTlsDatabase) nobody = NULL;
  gint64 untrusted, clear;
  g_autoptr(FpItem) item = NULL;

  soup_session_set_tls_database (_fp_http_peek_session (f->base.http), NULL);
  fp_link_set (f->base.link, FP_LINK_LIMITED, FALSE);
  untrusted = add_secure (f, "/in");
  clear = fp_sync_fixture_add (&f->base, "/clear");
  fp_sync_start (f->base.sync);
  fp_test_until (fp_test_server_get_n_connections (f->secure) > 0);
  fp_sync_fixture_pass (&f->base, 6 * MINUTE);
  fp_sync_fixture_pass (&f->base, 6 * MINUTE);
  g_assert_cmpuint (fp_sink_get_n (f->base.sink), ==, 0);
  g_assert_cmpuint (fp_test_server_get_n_requests (f->secure), ==, 0);
  g_assert_cmpint (fp_sync_fixture_get_state (&f->base, clear), ==, FP_ITEM_PENDING);
  item = fp_sync_fixture_get (&f->base, untrusted);
  g_assert_cmpint (item->state, ==, FP_ITEM_PENDING);
  g_assert_cmpuint (item->attempts, ==, 0);
  g_assert_cmpint (fp_sync_get_state (f->base.sync), ==, FP_SYNC_OFFLINE);
}

static gint64
add_openrosa (Fixture    *f,
              const char *path)
{
  g_autofree char *url = fp_test_server_dup_url (f->secure, path);
  FpItem *item = item_to (f, url);

  item->reach = FP_REACH_PUBLIC;
  item->protocol = FP_PROTOCOL_OPENROSA;

  return fp_sync_fixture_insert (&f->base, item);
}

/* Something between that answers yes to everything is not an OpenRosa server; a refusal over its certificate is. */
static void
test_limited_openrosa (Fixture       *f,
                       gconstpointer  data)
{
  const FpTestRequest *probe;

  fp_link_set (f->base.link, FP_LINK_LIMITED, FALSE);
  fp_test_server_answer (f->secure, 200, "Content-Type: text/html\r\n", "");
  fp_test_server_answer (f->secure, 204, "X-OpenRosa-Version: 1.0\r\n", "");
  add_openrosa (f, "/v1/key/{secret}/projects/1/submission?x=1");
  fp_sync_start (f->base.sync);
  fp_test_until (count_method (f->secure, "HEAD") == 1);
  fp_sync_fixture_pass (&f->base, 4 * MINUTE);
  g_assert_cmpint (fp_sync_get_state (f->base.sync), ==, FP_SYNC_OFFLINE);
  pass_until_asked (f, 2);
  fp_test_until (fp_sync_get_state (f->base.sync) != FP_SYNC_OFFLINE);

  /* Where submissions go, as far as that is no secret. */
  probe = fp_test_server_get_request (f->secure, 0);
  g_assert_cmpstr (probe->target, ==, "/v1/key/");
}

/* A refusal may come from before the part that knows of OpenRosa. */
static void
test_limited_openrosa_refusal (Fixture       *f,
                               gconstpointer  data)
{
  fp_link_set (f->base.link, FP_LINK_LIMITED, FALSE);
  fp_test_server_answer (f->secure, 401, "", "");
  add_openrosa (f, "/submission");
  fp_sync_start (f->base.sync);
  fp_test_until (count_method (f->secure, "POST") == 1);
  g_assert_cmpuint (count_method (f->secure, "HEAD"), ==, 1);
}

static void
test_probe_only_while_something_waits (Fixture       *f,
                                       gconstpointer  data)
{
  fp_link_set (f->base.link, FP_LINK_LIMITED, FALSE);
  fp_sync_start (f->base.sync);
  fp_test_until (fp_sync_get_holding (f->base.sync));
  for (int i = 0; i < 5; i++)
    fp_sync_fixture_pass (&f->base, 6 * MINUTE);
  fp_sync_now (f->base.sync, NULL);
  fp_sync_fixture_pass (&f->base, 0);
  g_assert_cmpuint (fp_test_server_get_n_requests (f->secure), ==, 0);
  g_assert_cmpuint (f->names->n, ==, 0);
}

/* Work Offline is no network at all. */
static void
test_probe_not_while_paused (Fixture       *f,
                             gconstpointer  data)
{
  fp_sync_fixture_set (&f->base, "paused", "1");
  fp_link_set (f->base.link, FP_LINK_LIMITED, FALSE);
  add_secure (f, "/in");
  fp_sync_start (f->base.sync);
  fp_test_until (fp_sync_get_state (f->base.sync) == FP_SYNC_PAUSED);
  fp_sync_now (f->base.sync, NULL);
  fp_sync_fixture_pass (&f->base, 6 * MINUTE);
  g_assert_cmpuint (fp_test_server_get_n_requests (f->secure), ==, 0);
}

static gint64
add_named (Fixture *f)
{
  g_autofree char *url = g_strdup_printf ("http://lab.example.org:%s/in",
                                          strrchr (fp_sink_get_url (f->base.sink), ':') + 1);

  return fp_sync_fixture_insert (&f->base, item_to (f, url));
}

/* A name that leads into the LAN goes with any link, and is looked up again when the answer has grown old. */
static void
test_name_of_the_lan (Fixture       *f,
                      gconstpointer  data)
{
  guint looked_up;

  f->names->address = "127.0.0.1";
  fp_link_set (f->base.link, FP_LINK_LIMITED, FALSE);
  fp_sync_start (f->base.sync);
  fp_sync_fixture_await (&f->base, add_named (f), FP_ITEM_SENT);
  fp_sync_fixture_pass (&f->base, 6 * MINUTE);
  looked_up = f->names->n;
  f->names->address = "93.184.216.34";
  add_named (f);
  fp_test_until (f->names->n > looked_up);
  fp_test_until (fp_sync_get_state (f->base.sync) == FP_SYNC_OFFLINE);
  g_assert_cmpuint (fp_sink_get_n (f->base.sink), ==, 1);
}

static void
test_name_not_looked_up_when_full (Fixture       *f,
                                   gconstpointer  data)
{
  /* An address needs no resolver, so whatever is counted was asked by the gate. */
  fp_sync_start (f->base.sync);
  fp_sync_fixture_await (&f->base, add_secure (f, "/in"), FP_ITEM_SENT);
  fp_link_set (f->base.link, FP_LINK_OFFLINE, FALSE);
  add_named (f);
  fp_sync_fixture_pass (&f->base, 6 * MINUTE);
  g_assert_cmpuint (f->names->n, ==, 0);
}

/* The DNS of a sign-in page leads any name to itself. */
static void
test_portal_lies_about_names (Fixture       *f,
                              gconstpointer  data)
{
  gint64 id;

  f->names->address = "127.0.0.1";
  fp_link_set (f->base.link, FP_LINK_PORTAL, FALSE);
  id = add_named (f);
  fp_sync_start (f->base.sync);
  fp_test_until (fp_sync_get_state (f->base.sync) == FP_SYNC_PORTAL);
  fp_sync_now (f->base.sync, NULL);
  for (int i = 0; i < 4; i++)
    fp_sync_fixture_pass (&f->base, 6 * MINUTE);
  g_assert_cmpuint (fp_sink_get_n (f->base.sink), ==, 0);
  g_assert_cmpint (fp_sync_fixture_get_state (&f->base, id), ==, FP_ITEM_PENDING);
  g_assert_cmpint (fp_sync_get_state (f->base.sync), ==, FP_SYNC_PORTAL);
}

static FpItem *
item_of_size (Fixture *f,
              gsize    size)
{
  FpItem *item = fp_sync_fixture_item (&f->base, "/large");
  FpItemPart *part = g_ptr_array_index (item->parts, 0);
  g_autofree char *bytes = g_strnfill (size, 'x');

  g_bytes_unref (part->data);
  part->data = g_bytes_new (bytes, size);
  part->size = (gint64) size;
  item->body_size = part->size;

  return item;
}

static gint64
add_large (Fixture *f)
{
  return fp_sync_fixture_insert (&f->base, item_of_size (f, MIB + 1));
}

static void
test_metered_waits_and_says_why (Fixture       *f,
                                 gconstpointer  data)
{
  gint64 large, small;
  g_autoptr(FpItem) item = NULL;

  fp_link_set (f->base.link, FP_LINK_FULL, TRUE);
  large = add_large (f);
  small = fp_sync_fixture_add (&f->base, "/in");
  fp_sync_start (f->base.sync);
  fp_sync_fixture_await (&f->base, small, FP_ITEM_SENT);
  fp_sync_fixture_pass (&f->base, 0);
  item = fp_sync_fixture_get (&f->base, large);
  g_assert_cmpint (item->state, ==, FP_ITEM_PENDING);
  g_assert_cmpstr (item->reason_code, ==, "metered");
  g_assert_cmpuint (item->attempts, ==, 0);
  g_assert_false (item->maybe_delivered);
  g_assert_cmpint (fp_sync_get_state (f->base.sync), ==, FP_SYNC_IDLE);
  for (int i = 0; i < 5; i++)
    fp_sync_fixture_pass (&f->base, 12 * 60 * MINUTE);
  g_assert_cmpuint (fp_sink_get_n (f->base.sink), ==, 1);

  fp_link_set (f->base.link, FP_LINK_FULL, FALSE);
  fp_sync_fixture_await (&f->base, large, FP_ITEM_SENT);
}

/* More large ones than a look brings of one host. */
static void
test_metered_blocks_no_smaller_ones (Fixture       *f,
                                     gconstpointer  data)
{
  gint64 small;
  g_autoptr(FpItemCounts) counts = NULL;

  fp_link_set (f->base.link, FP_LINK_FULL, TRUE);
  fp_sync_fixture_set (&f->base, "metered-limit", "60");
  for (int i = 0; i < 100; i++)
    fp_sync_fixture_insert (&f->base, item_of_size (f, 61));
  small = fp_sync_fixture_add (&f->base, "/small");
  fp_sync_start (f->base.sync);
  fp_sync_fixture_await (&f->base, small, FP_ITEM_SENT);
  counts = fp_sync_fixture_count (&f->base);
  g_assert_cmpuint (counts->pending, ==, 100);
  g_assert_cmpuint (fp_sink_get_n (f->base.sink), ==, 1);

  /* The setting is obeyed at once. */
  fp_sync_fixture_set (&f->base, "metered-limit", "61");
  fp_test_until (fp_sink_get_n (f->base.sink) == 101);
}

static void
test_metered_settings (Fixture       *f,
                       gconstpointer  data)
{
  gint64 large, small;

  fp_link_set (f->base.link, FP_LINK_FULL, TRUE);
  fp_sync_fixture_set (&f->base, "metered", "never");
  large = add_large (f);
  small = fp_sync_fixture_add (&f->base, "/in");
  fp_sync_start (f->base.sync);
  fp_test_until (fp_sync_get_holding (f->base.sync));
  fp_sync_fixture_pass (&f->base, MINUTE);
  g_assert_cmpuint (fp_sink_get_n (f->base.sink), ==, 0);
  fp_sync_fixture_set (&f->base, "metered", "limit");
  fp_sync_fixture_await (&f->base, small, FP_ITEM_SENT);
  fp_sync_fixture_pass (&f->base, MINUTE);
  g_assert_cmpint (fp_sync_fixture_get_state (&f->base, large), ==, FP_ITEM_PENDING);
  fp_sync_fixture_set (&f->base, "metered", "always");
  fp_sync_fixture_await (&f->base, large, FP_ITEM_SENT);
}

/* A person may want it all the same: this time, not for ever. */
static void
test_metered_sync_now (Fixture       *f,
                       gconstpointer  data)
{
  gint64 large;

  fp_link_set (f->base.link, FP_LINK_FULL, TRUE);
  large = add_large (f);
  fp_sync_start (f->base.sync);
  fp_test_until (fp_sync_get_holding (f->base.sync));
  fp_sync_fixture_pass (&f->base, MINUTE);
  fp_sync_now (f->base.sync, NULL);
  fp_sync_fixture_await (&f->base, large, FP_ITEM_SENT);
  fp_sync_fixture_pass (&f->base, MINUTE);

  large = add_large (f);
  fp_sync_fixture_pass (&f->base, MINUTE);
  g_assert_cmpint (fp_sync_fixture_get_state (&f->base, large), ==, FP_ITEM_PENDING);
  g_assert_cmpuint (fp_sink_get_n (f->base.sink), ==, 1);
}

static void
test_metered_manual (Fixture       *f,
                     gconstpointer  data)
{
  FpItem *item = item_of_size (f, MIB + 1);
  gint64 other;

  item->manual = TRUE;
  fp_link_set (f->base.link, FP_LINK_FULL, TRUE);
  other = add_large (f);
  fp_sync_start (f->base.sync);
  fp_sync_fixture_await (&f->base, fp_sync_fixture_insert (&f->base, item), FP_ITEM_SENT);
  fp_sync_fixture_pass (&f->base, MINUTE);
  g_assert_cmpint (fp_sync_fixture_get_state (&f->base, other), ==, FP_ITEM_PENDING);
}

/* What had to wait for another network does not wait on in the next process. */
static void
test_metered_over_a_restart (Fixture       *f,
                             gconstpointer  data)
{
  gint64 large;

  fp_link_set (f->base.link, FP_LINK_FULL, TRUE);
  large = add_large (f);
  fp_sync_start (f->base.sync);
  fp_test_until (fp_sync_get_holding (f->base.sync));
  fp_sync_fixture_pass (&f->base, MINUTE);
  g_assert_true (fp_sync_fixture_stop (f->base.sync));
  fp_link_set (f->base.link, FP_LINK_FULL, FALSE);
  fp_sync_start (f->base.sync);
  fp_sync_fixture_await (&f->base, large, FP_ITEM_SENT);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define add(path, func) g_test_add (path, Fixture, NULL, setup, func, teardown)
  add ("/sync/limited/true-answer-opens-until-the-link-changes", test_limited_probe_opens);
  add ("/sync/limited/asked-every-five-minutes-and-on-sync-now", test_limited_untrue_answers);
  add ("/sync/limited/without-proof-nothing-opens", test_limited_needs_proof);
  add ("/sync/limited/openrosa-needs-its-header", test_limited_openrosa);
  add ("/sync/limited/openrosa-refusal-needs-no-header", test_limited_openrosa_refusal);
  add ("/sync/limited/nobody-is-asked-where-nothing-waits", test_probe_only_while_something_waits);
  add ("/sync/limited/nobody-is-asked-while-working-offline", test_probe_not_while_paused);
  add ("/sync/reach/auto/name-of-a-private-address", test_name_of_the_lan);
  add ("/sync/reach/auto/no-look-up-when-full-or-offline", test_name_not_looked_up_when_full);
  add ("/sync/portal/its-names-are-not-believed", test_portal_lies_about_names);
  add ("/sync/metered/large-ones-wait-and-say-why", test_metered_waits_and_says_why);
  add ("/sync/metered/large-ones-block-no-smaller-ones", test_metered_blocks_no_smaller_ones);
  add ("/sync/metered/settings", test_metered_settings);
  add ("/sync/metered/sync-now-allows-one-run", test_metered_sync_now);
  add ("/sync/metered/by-hand-allows-one-item", test_metered_manual);
  add ("/sync/metered/a-restart-looks-again", test_metered_over_a_restart);
#undef add

  return g_test_run ();
}
