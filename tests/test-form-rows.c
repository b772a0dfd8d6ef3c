#include "fp-store-fixture.h"
#include "store/fp-draft-rows.h"
#include "store/fp-form-rows.h"

typedef FpStoreFixture Fixture;

static FpFormRow *
add_form (FpStoreTxn *txn,
          const char *form_id,
          const char *version,
          const char *xml,
          gint64      server,
          const char *submit_url)
{
  FpFormRow *row = fp_form_row_new ();
  g_autoptr(GBytes) bytes = g_bytes_new (xml, strlen (xml));
  g_autoptr(GError) error = NULL;

  row->form_id = g_strdup (form_id);
  row->version = g_strdup (version);
  row->title = g_strdup_printf ("Title of %s", form_id);
  row->server = server;
  row->submit_url = g_strdup (submit_url);
  fp_form_rows_add (txn, row, bytes, &error);
  g_assert_no_error (error);

  return row;
}

static gint64
add_server (FpStoreTxn *txn,
            const char *title)
{
  g_autoptr(FpServerRow) row = fp_server_row_new ();
  g_autoptr(GError) error = NULL;

  row->title = g_strdup (title);
  row->url = g_strdup ("https://example.org/{secret}");
  row->protocol = FP_PROTOCOL_OPENROSA;
  row->reach = FP_REACH_LAN;
  row->user = g_strdup ("ada");
  row->secret_id = g_strdup ("key");
  fp_server_rows_add (txn, row, &error);
  g_assert_no_error (error);

  return row->id;
}

static void
add_draft (FpStoreTxn *txn,
           const char *uid,
           gint64      form)
{
  g_autoptr(FpDraftRow) row = fp_draft_row_new ();
  g_autoptr(GError) error = NULL;

  row->uid = g_strdup (uid);
  row->form = form;
  row->instance = g_bytes_new_static ("<data/>", 7);
  fp_draft_rows_create (txn, row, &error);
  g_assert_no_error (error);
}

static void
xml_comes_back_as_it_was (FpStoreTxn *txn)
{
  g_autoptr(FpFormRow) row = add_form (txn, "site", NULL, "<h:html>\n\xc3\xa9</h:html>\r\n", 0, NULL);
  g_autoptr(FpFormRow) back = fp_form_rows_get (txn, row->id, NULL);
  g_autoptr(GBytes) xml = fp_form_rows_get_xml (txn, row->id, NULL);

  g_assert_cmpmem (g_bytes_get_data (xml, NULL), g_bytes_get_size (xml), "<h:html>\n\xc3\xa9</h:html>\r\n",
                   22);
  g_assert_cmpstr (back->form_id, ==, "site");
  g_assert_cmpstr (back->version, ==, "");
  g_assert_cmpstr (back->md5, ==, row->md5);
  g_assert_cmpuint (strlen (back->md5), ==, 32);
  g_assert_cmpint (back->server, ==, 0);
  g_assert_null (back->submit_url);
  g_assert_cmpint (back->added, ==, 1700000000000);
}

static void
same_version_is_one_row (FpStoreTxn *txn)
{
  g_autoptr(FpFormRow) first = add_form (txn, "site", "1", "<a/>", 0, "https://one.example/");
  g_autoptr(FpFormRow) again = add_form (txn, "site", "1", "<a/>", 0, NULL);
  g_autoptr(FpFormRow) moved = add_form (txn, "site", "1", "<a/>", 0, "https://two.example/");
  g_autoptr(GPtrArray) list = fp_form_rows_list (txn, NULL);

  g_assert_cmpint (again->id, ==, first->id);
  g_assert_cmpstr (again->submit_url, ==, "https://one.example/");
  g_assert_cmpint (moved->id, ==, first->id);
  g_assert_cmpstr (moved->submit_url, ==, "https://two.example/");
  g_assert_cmpuint (list->len, ==, 1);
}

static void
new_version_hides_the_old (FpStoreTxn *txn)
{
  gint64 server = add_server (txn, "s");
  g_autoptr(FpFormRow) first = add_form (txn, "site", "1", "<a/>", 0, NULL);
  g_autoptr(FpFormRow) other G_GNUC_UNUSED = add_form (txn, "site", "1", "<s/>", server, NULL);
  g_autoptr(FpFormRow) second = NULL;
  g_autoptr(FpFormRow) old = NULL;
  g_autoptr(FpFormRow) found = NULL;
  g_autoptr(FpFormRow) back = NULL;
  g_autoptr(GPtrArray) list = NULL;

  add_draft (txn, "uid", first->id);
  second = add_form (txn, "site", "1", "<b/>", 0, NULL); /* changed without a new version */
  g_assert_cmpint (second->id, !=, first->id);
  old = fp_form_rows_get (txn, first->id, NULL);
  g_assert_true (old->hidden);
  found = fp_form_rows_find (txn, "site", NULL);
  g_assert_cmpint (found->id, ==, second->id);

  list = fp_form_rows_list (txn, NULL);
  g_assert_cmpuint (list->len, ==, 2); /* the server's own stays */
  g_assert_cmpuint (((FpFormRow *) g_ptr_array_index (list, 0))->drafts, ==, 0);
  g_assert_cmpuint (((FpFormRow *) g_ptr_array_index (list, 1))->drafts, ==, 1);

  /* The old one comes back. */
  back = add_form (txn, "site", "1", "<a/>", 0, NULL);
  g_assert_cmpint (back->id, ==, first->id);
  g_clear_pointer (&found, fp_form_row_free);
  found = fp_form_rows_get (txn, second->id, NULL);
  g_assert_true (found->hidden);
}

static void
same_from_file_and_server_is_one_form (FpStoreTxn *txn)
{
  gint64 one = add_server (txn, "s"), two = add_server (txn, "t");
  g_autoptr(FpFormRow) file = add_form (txn, "site", "1", "<a/>", 0, NULL);
  g_autoptr(FpFormRow) offered = add_form (txn, "site", "1", "<a/>", one, NULL);
  g_autoptr(FpFormRow) again = add_form (txn, "site", "1", "<a/>", 0, "https://one.example/");
  g_autoptr(FpFormRow) other = add_form (txn, "site", "1", "<a/>", two, NULL);
  g_autoptr(GPtrArray) list = fp_form_rows_list (txn, NULL);

  g_assert_cmpint (offered->id, ==, file->id);
  g_assert_cmpint (offered->server, ==, one);
  g_assert_cmpint (again->id, ==, file->id);
  g_assert_cmpint (again->server, ==, one);
  /* Two servers are two places to send to. */
  g_assert_cmpint (other->id, !=, file->id);
  g_assert_cmpuint (list->len, ==, 2);
}

static void
hidden_form_is_not_found (FpStoreTxn *txn)
{
  g_autoptr(FpFormRow) row = add_form (txn, "site", "1", "<a/>", 0, NULL);
  g_autoptr(GPtrArray) list = NULL;
  g_autoptr(GBytes) xml = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (fp_form_rows_hide (txn, row->id, NULL));
  list = fp_form_rows_list (txn, NULL);
  g_assert_cmpuint (list->len, ==, 0);
  g_assert_null (fp_form_rows_find (txn, "site", &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND);
  g_clear_error (&error);
  xml = fp_form_rows_get_xml (txn, row->id, NULL); /* drafts still need it */
  g_assert_nonnull (xml);
  g_assert_false (fp_form_rows_hide (txn, 99, &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (fp_form_rows_get (txn, 99, &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (fp_form_rows_get_xml (txn, 99, &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND);
}

static void
server_comes_back (FpStoreTxn *txn)
{
  gint64 id = add_server (txn, "zeta");
  g_autoptr(FpServerRow) row = fp_server_rows_get (txn, id, NULL);
  g_autoptr(FpServerRow) back = NULL;
  g_autoptr(GPtrArray) list = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_cmpstr (row->url, ==, "https://example.org/{secret}");
  g_assert_cmpint (row->protocol, ==, FP_PROTOCOL_OPENROSA);
  g_assert_cmpint (row->reach, ==, FP_REACH_LAN);
  g_assert_cmpstr (row->user, ==, "ada");
  g_assert_cmpstr (row->secret_id, ==, "key");
  row->refreshed = 5;
  g_clear_pointer (&row->user, g_free);
  g_assert_true (fp_server_rows_update (txn, row, NULL));
  back = fp_server_rows_get (txn, id, NULL);
  g_assert_cmpint (back->refreshed, ==, 5);
  g_assert_null (back->user);
  add_server (txn, "Alpha");
  list = fp_server_rows_list (txn, NULL);
  g_assert_cmpstr (((FpServerRow *) g_ptr_array_index (list, 0))->title, ==, "Alpha");
  row->id = 99;
  g_assert_false (fp_server_rows_update (txn, row, &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND);
}

static void
assert_not_removed (FpStoreTxn *txn,
                    gint64      server,
                    int         code)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (fp_server_rows_remove (txn, server, &error));
  g_assert_error (error, FP_STORE_ERROR, code);
}

static void
server_in_use_is_not_removed (FpStoreTxn *txn)
{
  gint64 server = add_server (txn, "s");
  g_autoptr(FpFormRow) form = add_form (txn, "site", "1", "<a/>", server, NULL);
  g_autoptr(FpItem) item = fp_item_new ();
  g_autoptr(FpFormRow) hidden = NULL;
  FpReceipt receipt = { 0 };

  add_draft (txn, "uid", form->id);
  assert_not_removed (txn, server, FP_STORE_ERROR_CHANGED);
  g_assert_true (fp_draft_rows_discard (txn, "uid", NULL));

  item->kind = FP_ITEM_SUBMISSION;
  item->method = g_strdup ("POST");
  item->url = g_strdup ("u");
  item->host = g_strdup ("h");
  item->form = form->id;
  g_assert_true (fp_item_rows_insert (txn, item, NULL));
  assert_not_removed (txn, server, FP_STORE_ERROR_CHANGED);
  receipt = (FpReceipt) { .item = item->id, .uid = item->uid, .url = item->url };
  g_assert_true (fp_item_rows_add_receipt (txn, &receipt, NULL));
  item->state = FP_ITEM_SENT;
  g_assert_true (fp_item_rows_update (txn, item, FP_ITEM_PENDING, NULL));

  g_assert_true (fp_server_rows_remove (txn, server, NULL));
  assert_not_removed (txn, server, FP_STORE_ERROR_NOT_FOUND);
  hidden = fp_form_rows_get (txn, form->id, NULL);
  g_assert_true (hidden->hidden);
}

static void
setting_may_be_forgotten (FpStoreTxn *txn)
{
  g_autoptr(GError) error = NULL;
  char *value;

  g_assert_null (fp_setting_rows_get (txn, "paused", &error));
  g_assert_no_error (error);
  g_assert_true (fp_setting_rows_set (txn, "paused", "1", NULL));
  g_assert_true (fp_setting_rows_set (txn, "paused", "", NULL));
  value = fp_setting_rows_get (txn, "paused", NULL);
  g_assert_cmpstr (value, ==, "");
  g_free (value);
  g_assert_true (fp_setting_rows_set (txn, "paused", NULL, NULL));
  g_assert_null (fp_setting_rows_get (txn, "paused", NULL));
}

static void
count_cb (FpStore *store,
          guint    topics,
          GArray  *ids,
          guint   *n)
{
  g_assert_cmpuint (topics, ==, FP_STORE_SETTINGS);
  (*n)++;
}

static gpointer
pause_it (FpStoreTxn *txn,
          gpointer    data,
          GError    **error)
{
  fp_setting_rows_set (txn, "paused", "1", error);
  return NULL;
}

static void
test_same_setting_is_no_change (Fixture      *f,
                                gconstpointer data)
{
  guint n = 0;

  g_signal_connect (f->store, "changed", G_CALLBACK (count_cb), &n);
  fp_test_store_write (f->store, pause_it, NULL, NULL);
  fp_test_store_write (f->store, pause_it, NULL, NULL);
  fp_test_drain ();
  g_assert_cmpuint (n, ==, 1);
  g_signal_handlers_disconnect_by_data (f->store, &n);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) fp_store_fixture_add ("/store/" path, func, fp_store_fixture_in_transaction)
  ADD ("form/xml-comes-back-as-it-was", xml_comes_back_as_it_was);
  ADD ("form/same-version-is-one-row", same_version_is_one_row);
  ADD ("form/new-version-hides-the-old", new_version_hides_the_old);
  ADD ("form/same-from-file-and-server-is-one", same_from_file_and_server_is_one_form);
  ADD ("form/hidden-is-not-found", hidden_form_is_not_found);
  ADD ("server/comes-back", server_comes_back);
  ADD ("server/in-use-is-not-removed", server_in_use_is_not_removed);
  ADD ("setting/may-be-forgotten", setting_may_be_forgotten);
  fp_store_fixture_add ("/store/setting/same-is-no-change", NULL, test_same_setting_is_no_change);

  return g_test_run ();
}
