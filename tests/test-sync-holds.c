/* What keeps more than one item, row by row of the table of answers, against a server that refuses. */
#include "fp-sync-fixture.h"
#include "fp-test-store.h"
#include "store/fp-hold-rows.h"

typedef FpSyncFixture Fixture;

#define ROSA "X-OpenRosa-Version: 1.0"
#define ROSA_OK                                                                                     \
  "<OpenRosaResponse xmlns=\"http://openrosa.org/http/response\"><message>stored</message>"         \
  "</OpenRosaResponse>"
#define FORM_LIST "<xforms xmlns=\"http://openrosa.org/xforms/xformsList\"/>"

static gint64
add (Fixture    *f,
     const char *path,
     const char *secret_id)
{
  FpItem *item = fp_sync_fixture_item (f, path);

  item->secret_id = g_strdup (secret_id);
  return fp_sync_fixture_insert (f, item);
}

static void
assert_held (Fixture    *f,
             gint64      id,
             const char *hold,
             const char *code)
{
  g_autoptr(FpItem) item = NULL;

  fp_sync_fixture_await (f, id, FP_ITEM_HELD);
  item = fp_sync_fixture_get (f, id);
  g_assert_cmpstr (item->hold, ==, hold);
  g_assert_cmpstr (item->reason_code, ==, code);
}

static gpointer
repair_func (FpStoreTxn  *txn,
             gpointer     secret_id,
             GError     **error)
{
  return fp_hold_rows_repair (txn, secret_id, error) ? secret_id : NULL;
}

static void
repair (Fixture    *f,
        const char *secret_id)
{
  g_autoptr(GError) error = NULL;

  fp_test_store_write (f->store, repair_func, (gpointer) secret_id, &error);
  g_assert_no_error (error);
}

static gpointer
lift_func (FpStoreTxn  *txn,
           gpointer     item,
           GError     **error)
{
  return fp_hold_rows_lift_for (txn, item, error) ? item : NULL;
}

static void
lift_for (Fixture *f,
          gint64   id)
{
  g_autoptr(FpItem) item = fp_sync_fixture_get (f, id);
  g_autoptr(GError) error = NULL;

  fp_test_store_write (f->store, lift_func, item, &error);
  g_assert_no_error (error);
}

/* 401 to credentials. */
static void
test_account (Fixture       *f,
              gconstpointer  data)
{
  gint64 mine[30], late;

  for (guint i = 0; i < G_N_ELEMENTS (mine); i++)
    mine[i] = add (f, "/mine", "one");
  add (f, "/other", "two");
  add (f, "/nobody", NULL);
  fp_sink_set_path (f->sink, "/mine", 401);
  fp_sync_start (f->sync);
  fp_test_until (f->delivered == 2);
  for (guint i = 0; i < G_N_ELEMENTS (mine); i++)
    assert_held (f, mine[i], "account", "account");
  /* Those that were under way at the first refusal, and no other. */
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/mine"), <=, 4);

  /* What is queued later is kept as well, also by the next agent, and however often somebody wants to sync. */
  late = add (f, "/mine", "one");
  assert_held (f, late, "account", "account");
  g_assert_true (fp_sync_fixture_stop (f->sync));
  late = add (f, "/mine", "one");
  fp_sync_start (f->sync);
  assert_held (f, late, "account", "account");
  fp_sync_now (f->sync, NULL);
  fp_sync_fixture_pass (f, 24 * 3600000);
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/mine"), <=, 4);
  /* Other accounts of the host never waited: a refusal that is held is no pattern of the host. */
  add (f, "/other", "two");
  fp_test_until (f->delivered == 3);

  fp_sink_set_path (f->sink, "/mine", 201);
  repair (f, "one");
  fp_test_until (f->delivered == 3 + G_N_ELEMENTS (mine) + 2);
}

/* 401 and 403 to nobody are the item's, however many. */
static void
test_no_credentials (Fixture       *f,
                     gconstpointer  data)
{
  fp_sync_start (f->sync);
  for (guint status = 401; status <= 403; status += 2)
    for (guint i = 0; i < 2; i++)
      {
        g_autoptr(FpItem) item = NULL;
        gint64 id;

        fp_sink_push (f->sink, status, NULL, NULL);
        id = add (f, "/in", NULL);
        fp_sync_fixture_await (f, id, FP_ITEM_FAILED);
        item = fp_sync_fixture_get (f, id);
        g_assert_cmpstr (item->reason_code, ==, status == 401 ? "item-account-missing" : "item-forbidden");
      }
  fp_sync_fixture_await (f, add (f, "/in", NULL), FP_ITEM_SENT);
}

/* 403: the item's fault until a second one has it too. */
static void
test_forbidden (Fixture       *f,
                gconstpointer  data)
{
  gint64 first, second, elsewhere, third;

  fp_sync_start (f->sync);
  fp_sink_push (f->sink, 403, NULL, NULL);
  first = add (f, "/in", "one");
  fp_sync_fixture_await (f, first, FP_ITEM_FAILED);

  /* A yes in between: it was that item after all. */
  fp_sync_fixture_await (f, add (f, "/in", "one"), FP_ITEM_SENT);
  fp_sink_set_path (f->sink, "/in", 403);
  second = add (f, "/in", "one");
  fp_sync_fixture_await (f, second, FP_ITEM_FAILED);
  g_assert_cmpint (fp_sync_fixture_get_state (f, first), ==, FP_ITEM_FAILED);

  third = add (f, "/in", "one");
  assert_held (f, third, "account", "account-forbidden");
  assert_held (f, second, "account", "account-forbidden");
  elsewhere = add (f, "/other", "one");
  fp_sync_fixture_await (f, elsewhere, FP_ITEM_SENT);
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/in"), ==, 4);
  assert_held (f, add (f, "/in", "one"), "account", "account-forbidden");
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/in"), ==, 4);

  fp_sink_set_path (f->sink, "/in", 201);
  lift_for (f, third);
  fp_sync_fixture_await (f, third, FP_ITEM_SENT);
  fp_sync_fixture_await (f, second, FP_ITEM_SENT);
}

/* 407. */
static void
test_proxy (Fixture       *f,
            gconstpointer  data)
{
  gint64 first, later;

  fp_sink_set_path (f->sink, "/in", 407);
  first = add (f, "/in", NULL);
  fp_sync_start (f->sync);
  assert_held (f, first, "proxy", "proxy");
  later = add (f, "/in", NULL);
  assert_held (f, later, "proxy", "proxy");
  fp_sync_fixture_pass (f, 24 * 3600000);
  g_assert_cmpuint (fp_sink_get_n (f->sink), ==, 1);

  /* Another network may have another proxy, or none. */
  fp_sink_set_path (f->sink, "/in", 201);
  fp_link_set (f->link, FP_LINK_OFFLINE, FALSE);
  fp_sync_fixture_pass (f, 1000);
  g_assert_cmpint (fp_sync_fixture_get_state (f, first), ==, FP_ITEM_HELD);
  fp_link_set (f->link, FP_LINK_FULL, FALSE);
  fp_sync_fixture_await (f, first, FP_ITEM_SENT);
  fp_sync_fixture_await (f, later, FP_ITEM_SENT);
}

/* OpenRosa: the form or the account? */

static gpointer
add_form_func (FpStoreTxn  *txn,
               gpointer     name,
               GError     **error)
{
  g_autoptr(FpFormRow) row = fp_form_row_new ();
  g_autoptr(GBytes) xml = g_bytes_new_static ("<x/>", 4);

  row->form_id = g_strdup (name);
  row->version = g_strdup ("1");
  row->title = g_strdup (name);
  row->md5 = g_strdup ("00000000000000000000000000000000");

  return fp_form_rows_add (txn, row, xml, error) ? GINT_TO_POINTER ((gint) row->id) : NULL;
}

static gint64
add_form (Fixture    *f,
          const char *name)
{
  g_autoptr(GError) error = NULL;
  gint64 id = GPOINTER_TO_INT (fp_test_store_write (f->store, add_form_func, (gpointer) name, &error));

  g_assert_no_error (error);
  return id;
}

/* Every form has an address of its own, so that the sink can tell them apart. */
static gint64
add_submission (Fixture    *f,
                const char *path,
                gint64      form,
                const char *secret_id)
{
  FpItem *item = fp_sync_fixture_item (f, path);
  FpItemPart *part = g_ptr_array_index (item->parts, 0);

  item->protocol = FP_PROTOCOL_OPENROSA;
  item->kind = FP_ITEM_SUBMISSION;
  item->form = form;
  item->secret_id = g_strdup (secret_id);
  part->name = g_strdup ("xml_submission_file");
  part->filename = g_strdup ("submission.xml");

  return fp_sync_fixture_insert (f, item);
}

static void
await_code (Fixture    *f,
            gint64      id,
            const char *code)
{
  for (gboolean found = FALSE; !found;)
    {
      g_autoptr(FpItem) item = fp_sync_fixture_get (f, id);

      found = g_strcmp0 (item->reason_code, code) == 0;
      if (!found)
        g_main_context_iteration (NULL, FALSE);
    }
}

static void
form_access (Fixture *f,
             guint    status)
{
  gint64 closed = add_form (f, "closed");
  gint64 open = add_form (f, "open");
  gint64 refused[6], good[3];

  fp_sink_set_answer (f->sink, "/a/submission", status, ROSA, NULL);
  fp_sink_set_answer (f->sink, "/b/submission", 201, ROSA, ROSA_OK);
  fp_sink_set_answer (f->sink, "/a/formList", 200, ROSA, FORM_LIST);
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    refused[i] = add_submission (f, "/a/submission", closed, "one");
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    good[i] = add_submission (f, "/b/submission", open, "one");
  fp_sync_start (f->sync);
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    fp_sync_fixture_await (f, good[i], FP_ITEM_SENT);
  fp_test_until (fp_sink_count_path (f->sink, "/a/formList") == 1);
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      await_code (f, refused[i], "form-access");
      assert_held (f, refused[i], "form", "form-access");
    }
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/a/submission"), <=, 4);
  assert_held (f, add_submission (f, "/a/submission", closed, "one"), "form", "form-access");
  fp_sync_fixture_await (f, add_submission (f, "/b/submission", open, "one"), FP_ITEM_SENT);
  /* It was asked once. */
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/a/formList"), ==, 1);

  /* An administrator gave access, and a person says so. */
  fp_sink_set_answer (f->sink, "/a/submission", 201, ROSA, ROSA_OK);
  lift_for (f, refused[0]);
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    fp_sync_fixture_await (f, refused[i], FP_ITEM_SENT);
}

static void
test_form_401 (Fixture       *f,
               gconstpointer  data)
{
  form_access (f, 401);
}

static void
test_form_403 (Fixture       *f,
               gconstpointer  data)
{
  form_access (f, 403);
}

/* The form list is refused too: it is the account. */
static void
test_form_list_refused (Fixture       *f,
                        gconstpointer  data)
{
  gint64 one = add_form (f, "one"), two = add_form (f, "two");
  gint64 refused, other;

  fp_sink_set_path (f->sink, "/a/submission", 403);
  fp_sink_set_path (f->sink, "/a/formList", 403);
  refused = add_submission (f, "/a/submission", one, "one");
  fp_sync_start (f->sync);
  await_code (f, refused, "account");
  assert_held (f, refused, "account", "account");

  /* So the other forms of the account are not even tried; another account is. */
  other = add_submission (f, "/b/submission", two, "one");
  assert_held (f, other, "account", "account");
  fp_sink_set_answer (f->sink, "/b/submission", 201, ROSA, ROSA_OK);
  fp_sync_fixture_await (f, add_submission (f, "/b/submission", two, "two"), FP_ITEM_SENT);
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/b/submission"), ==, 1);

  fp_sink_set_answer (f->sink, "/a/submission", 201, ROSA, ROSA_OK);
  repair (f, "one");
  fp_sync_fixture_await (f, refused, FP_ITEM_SENT);
  fp_sync_fixture_await (f, other, FP_ITEM_SENT);
}

static void
test_form_without_account (Fixture       *f,
                           gconstpointer  data)
{
  gint64 form = add_form (f, "one");
  gint64 refused, later;

  fp_sink_set_path (f->sink, "/a/submission", 401);
  fp_sink_set_path (f->sink, "/a/formList", 401);
  refused = add_submission (f, "/a/submission", form, NULL);
  fp_sync_start (f->sync);
  await_code (f, refused, "account-none");
  later = add_submission (f, "/b/submission", form, NULL);
  assert_held (f, later, "account", "account-none");
  /* Plain requests to the host have nothing to do with it. */
  fp_sync_fixture_await (f, add (f, "/plain", NULL), FP_ITEM_SENT);
}

/* No answer leaves the question open; it is asked again with the next chance, also by the next agent. */
static void
test_form_list_unreachable (Fixture       *f,
                            gconstpointer  data)
{
  gint64 form = add_form (f, "one");
  gint64 refused;

  fp_sink_set_path (f->sink, "/a/submission", 401);
  fp_sink_set_answer (f->sink, "/a/formList", 200, "Content-Type: text/html", "<html>Sign in</html>");
  refused = add_submission (f, "/a/submission", form, "one");
  fp_sync_start (f->sync);
  fp_test_until (fp_sink_count_path (f->sink, "/a/formList") == 1);
  assert_held (f, refused, "form", "access");
  fp_sync_fixture_pass (f, 24 * 3600000);
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/a/formList"), ==, 1);
  assert_held (f, refused, "form", "access");

  g_assert_true (fp_sync_fixture_stop (f->sync));
  fp_sink_set_answer (f->sink, "/a/formList", 200, ROSA, FORM_LIST);
  fp_sync_start (f->sync);
  await_code (f, refused, "form-access");
  g_assert_cmpuint (fp_sink_count_path (f->sink, "/a/submission"), ==, 1);
}

/* A stop while the question is open ends at once, and nothing is decided. */
static void
test_form_list_stopped (Fixture       *f,
                        gconstpointer  data)
{
  gint64 form = add_form (f, "one");
  gint64 refused;

  fp_sink_set_path (f->sink, "/a/submission", 401);
  refused = add_submission (f, "/a/submission", form, "one");
  fp_sync_start (f->sync);
  fp_sync_fixture_await (f, refused, FP_ITEM_SENDING);
  fp_sink_hold (f->sink, TRUE);
  fp_test_until (fp_sink_get_n (f->sink) >= 1);
  fp_sink_hold (f->sink, FALSE);
  fp_sync_fixture_await (f, refused, FP_ITEM_HELD);
  g_assert_true (fp_sync_fixture_stop (f->sync));
  assert_held (f, refused, "form", "access");
}

static gpointer
move_func (FpStoreTxn  *txn,
           gpointer     data,
           GError     **error)
{
  const FpServerRow *server = data;

  return fp_hold_rows_change_account (txn, server, "one", "", error) ? data : NULL;
}

/* The password was changed while the old one was on its way to be refused. */
static void
test_repaired_meanwhile (Fixture       *f,
                         gconstpointer  data)
{
  gint64 id = add (f, "/in", "one");
  FpServerRow server = { .secret_id = (char *) "two" };
  g_autoptr(FpItem) item = NULL;
  g_autoptr(GError) error = NULL;

  fp_sink_hold (f->sink, TRUE);
  fp_sink_push (f->sink, 401, NULL, NULL);
  fp_sync_start (f->sync);
  fp_test_until (fp_sink_get_n (f->sink) == 1);
  fp_test_store_write (f->store, move_func, &server, &error);
  g_assert_no_error (error);
  fp_sink_hold (f->sink, FALSE);
  fp_sync_fixture_await (f, id, FP_ITEM_SENT);
  item = fp_sync_fixture_get (f, id);
  g_assert_cmpstr (item->secret_id, ==, "two");
}

enum { MANY = 3000 };

static void
test_many (Fixture       *f,
           gconstpointer  data)
{
  g_autoptr(FpItemCounts) counts = NULL;
  gint64 last = 0;

  for (guint i = 0; i < MANY; i++)
    last = add (f, "/mine", "one");
  fp_sink_set_path (f->sink, "/mine", 401);
  fp_sync_start (f->sync);
  assert_held (f, last, "account", "account");
  do
    {
      fp_test_drain ();
      g_clear_pointer (&counts, fp_item_counts_free);
      counts = fp_sync_fixture_count (f);
    }
  while (counts->held < MANY);
  g_assert_cmpuint (fp_sink_get_n (f->sink), <=, 4);

  /* The way back is durable with its first step, whoever goes on with it. */
  g_assert_true (fp_sync_fixture_stop (f->sync));
  fp_sink_set_path (f->sink, "/mine", 201);
  repair (f, "one");
  g_clear_pointer (&counts, fp_item_counts_free);
  counts = fp_sync_fixture_count (f);
  g_assert_cmpuint (counts->held, ==, MANY - 500);
  fp_sync_start (f->sync);
  fp_test_until (f->delivered == MANY);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define add_test(path, func) \
  g_test_add (path, Fixture, NULL, fp_sync_fixture_setup, func, fp_sync_fixture_teardown)
  add_test ("/sync/holds/plain-401-holds-the-account", test_account);
  add_test ("/sync/holds/plain-401-403-without-credentials-is-the-item", test_no_credentials);
  add_test ("/sync/holds/plain-403-of-a-second-item-holds-the-endpoint", test_forbidden);
  add_test ("/sync/holds/407-holds-the-proxy-until-another-network", test_proxy);
  add_test ("/sync/holds/openrosa-401-with-form-list-is-the-form", test_form_401);
  add_test ("/sync/holds/openrosa-403-with-form-list-is-the-form", test_form_403);
  add_test ("/sync/holds/openrosa-403-of-the-form-list-is-the-account", test_form_list_refused);
  add_test ("/sync/holds/openrosa-401-without-account", test_form_without_account);
  add_test ("/sync/holds/openrosa-form-list-without-answer-is-asked-again", test_form_list_unreachable);
  add_test ("/sync/holds/openrosa-stop-while-asking", test_form_list_stopped);
  add_test ("/sync/holds/repaired-while-the-old-password-was-refused", test_repaired_meanwhile);
  add_test ("/sync/holds/thousands-follow", test_many);
#undef add_test

  return g_test_run ();
}
