/* What keeps more than one item: whom a row covers, whom it does not, and the way back. */
#include "fp-store-fixture.h"
#include "store/fp-form-rows.h"
#include "store/fp-hold-rows.h"
#include "store/fp-store-private.h"

typedef FpStoreFixture Fixture;

static gint64
add_form (FpStoreTxn *txn,
          const char *form_id)
{
  g_autoptr(FpFormRow) row = fp_form_row_new ();
  g_autoptr(GBytes) xml = g_bytes_new_static ("<x/>", 4);
  g_autoptr(GError) error = NULL;

  row->form_id = g_strdup (form_id);
  row->version = g_strdup ("1");
  row->title = g_strdup (form_id);
  row->md5 = g_strdup ("00000000000000000000000000000000");
  fp_form_rows_add (txn, row, xml, &error);
  g_assert_no_error (error);

  return row->id;
}

static FpItem *
new_item (const char *secret_id,
          const char *path)
{
  FpItem *item = fp_item_new ();

  item->kind = FP_ITEM_REQUEST;
  item->protocol = FP_PROTOCOL_PLAIN;
  item->method = g_strdup ("POST");
  item->url = g_strconcat ("https://example.org", path, NULL);
  item->host = g_strdup ("https://example.org:443");
  item->secret_id = g_strdup (secret_id);

  return item;
}

static gint64
insert (FpStoreTxn *txn,
        FpItem     *item)
{
  g_autoptr(GError) error = NULL;
  gint64 id;

  fp_item_rows_insert (txn, item, &error);
  g_assert_no_error (error);
  id = item->id;
  fp_item_free (item);

  return id;
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
assert_state (FpStoreTxn  *txn,
              gint64       id,
              FpItemState  state,
              const char  *hold)
{
  g_autoptr(FpItem) item = get (txn, id);

  g_assert_cmpint (item->state, ==, state);
  g_assert_cmpstr (item->hold, ==, hold);
}

static FpHoldRow *
put (FpStoreTxn   *txn,
     FpHoldKind    kind,
     const FpItem *item,
     const char   *code)
{
  FpHoldRow *row = fp_hold_row_new (kind, item);
  g_autoptr(GError) error = NULL;

  row->code = g_strdup (code);
  row->words = g_strdup ("no");
  fp_hold_rows_put (txn, row, &error);
  g_assert_no_error (error);

  return row;
}

static void
sweep (FpStoreTxn      *txn,
       const FpHoldRow *row)
{
  g_autoptr(GError) error = NULL;

  fp_hold_rows_sweep (txn, row, 100, &error);
  g_assert_no_error (error);
}

static void
account (FpStoreTxn *txn)
{
  FpItem *bad = new_item ("one", "/a");
  gint64 mine, failed, own, other, nobodys;
  g_autoptr(FpItem) any = new_item ("one", "/b");
  g_autoptr(FpHoldRow) row = NULL;
  g_autoptr(FpHoldRow) found = NULL;
  g_autoptr(FpHoldRow) none = NULL;
  g_autoptr(FpItem) back = NULL;
  g_autoptr(GError) error = NULL;

  bad->state = FP_ITEM_FAILED;
  bad->reason_code = g_strdup ("item-refused");
  own = insert (txn, bad);
  bad = new_item ("one", "/a");
  bad->state = FP_ITEM_FAILED;
  bad->reason_code = g_strdup ("server-error");
  bad->due_boot = 5;
  bad->slow_step = 3;
  failed = insert (txn, bad);
  mine = insert (txn, new_item ("one", "/b"));
  other = insert (txn, new_item ("two", "/b"));
  nobodys = insert (txn, new_item (NULL, "/b"));

  row = put (txn, FP_HOLD_ACCOUNT, any, "account");
  sweep (txn, row);
  assert_state (txn, mine, FP_ITEM_HELD, "account");
  assert_state (txn, failed, FP_ITEM_HELD, "account");
  assert_state (txn, own, FP_ITEM_FAILED, NULL);
  assert_state (txn, other, FP_ITEM_PENDING, NULL);
  assert_state (txn, nobodys, FP_ITEM_PENDING, NULL);

  found = fp_hold_rows_find (txn, any, &error);
  g_assert_nonnull (found);
  g_assert_cmpstr (found->code, ==, "account");
  g_assert_cmpstr (found->words, ==, "no");
  g_assert_cmpint (found->since, ==, 1700000000000);

  g_assert_true (fp_hold_rows_lift (txn, FP_HOLD_ACCOUNT, "one", &error));
  assert_state (txn, mine, FP_ITEM_PENDING, NULL);
  assert_state (txn, failed, FP_ITEM_PENDING, NULL);
  back = get (txn, failed);
  g_assert_cmpint (back->due_boot, ==, 0);
  g_assert_cmpuint (back->slow_step, ==, 0);
  g_assert_null (back->reason_code);
  assert_state (txn, own, FP_ITEM_FAILED, NULL);
  none = fp_hold_rows_find (txn, any, &error);
  g_assert_null (none);
  g_assert_no_error (error);
}

static void
endpoint (FpStoreTxn *txn)
{
  g_autoptr(FpItem) any = new_item ("one", "/a?x=%_'");
  FpItem *first = new_item ("one", "/a?x=%_'");
  gint64 forbidden, same, elsewhere;
  g_autoptr(FpHoldRow) row = NULL;
  g_autoptr(GError) error = NULL;

  first->state = FP_ITEM_FAILED;
  first->reason_code = g_strdup ("item-forbidden");
  forbidden = insert (txn, first);
  same = insert (txn, new_item ("one", "/a?x=%_'"));
  elsewhere = insert (txn, new_item ("one", "/a?x=%__"));
  row = put (txn, FP_HOLD_ENDPOINT, any, "account");
  sweep (txn, row);

  /* The first one's fault was none of its own after all. */
  assert_state (txn, forbidden, FP_ITEM_HELD, "account");
  assert_state (txn, same, FP_ITEM_HELD, "account");
  assert_state (txn, elsewhere, FP_ITEM_PENDING, NULL);

  g_assert_true (fp_hold_rows_repair (txn, "one", &error));
  assert_state (txn, forbidden, FP_ITEM_PENDING, NULL);
  assert_state (txn, same, FP_ITEM_PENDING, NULL);
  g_assert_null (fp_hold_rows_find (txn, any, &error));
}

static void
form (FpStoreTxn *txn)
{
  gint64 one = add_form (txn, "one"), two = add_form (txn, "two");
  gint64 ids[3];
  g_autoptr(FpHoldRow) row = NULL;
  g_autoptr(FpItem) held = NULL;
  g_autoptr(GPtrArray) rows = NULL;
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      FpItem *item = new_item ("one", "/submission");

      item->form = i < 2 ? one : two;
      ids[i] = insert (txn, item);
    }
  held = get (txn, ids[0]);
  row = put (txn, FP_HOLD_FORM, held, "form-access");
  sweep (txn, row);
  assert_state (txn, ids[0], FP_ITEM_HELD, "form");
  assert_state (txn, ids[1], FP_ITEM_HELD, "form");
  assert_state (txn, ids[2], FP_ITEM_PENDING, NULL);
  rows = fp_hold_rows_list (txn, FP_HOLD_FORM, &error);
  g_assert_cmpuint (rows->len, ==, 1);

  g_clear_pointer (&held, fp_item_free);
  held = get (txn, ids[1]);
  g_assert_true (fp_hold_rows_lift_for (txn, held, &error));
  assert_state (txn, ids[0], FP_ITEM_HELD, "form");
  g_assert_true (fp_hold_rows_go_on (txn, &error));
  assert_state (txn, ids[0], FP_ITEM_PENDING, NULL);
  g_assert_null (fp_hold_rows_find (txn, held, &error));

  /* The form was refused to an account, and that is another now. */
  sweep (txn, row);
  fp_hold_rows_put (txn, row, &error);
  g_assert_true (fp_hold_rows_repair (txn, "one", &error));
  assert_state (txn, ids[0], FP_ITEM_PENDING, NULL);
  g_assert_null (fp_hold_rows_find (txn, held, &error));
  g_assert_no_error (error);
}

static void
others (FpStoreTxn *txn)
{
  FpItem *submission = new_item (NULL, "/submission");
  gint64 without, with, plain, far;
  FpItem *away = new_item (NULL, "/");
  g_autoptr(FpItem) held = NULL;
  g_autoptr(FpHoldRow) anonymous = NULL;
  g_autoptr(FpHoldRow) proxy = NULL;
  g_autoptr(FpHoldRow) none = NULL;
  g_autoptr(GError) error = NULL;

  submission->protocol = FP_PROTOCOL_OPENROSA;
  without = insert (txn, submission);
  submission = new_item ("one", "/submission");
  submission->protocol = FP_PROTOCOL_OPENROSA;
  with = insert (txn, submission);
  plain = insert (txn, new_item (NULL, "/"));
  g_free (away->host);
  away->host = g_strdup ("https://example.net:443");
  far = insert (txn, away);

  held = get (txn, without);
  anonymous = put (txn, FP_HOLD_ANONYMOUS, held, "account");
  sweep (txn, anonymous);
  assert_state (txn, without, FP_ITEM_HELD, "account");
  assert_state (txn, with, FP_ITEM_PENDING, NULL);
  assert_state (txn, plain, FP_ITEM_PENDING, NULL);

  proxy = put (txn, FP_HOLD_PROXY, held, "proxy");
  sweep (txn, proxy);
  assert_state (txn, with, FP_ITEM_HELD, "proxy");
  assert_state (txn, plain, FP_ITEM_HELD, "proxy");
  assert_state (txn, far, FP_ITEM_PENDING, NULL);
  g_assert_true (fp_hold_rows_lift_all (txn, FP_HOLD_PROXY, &error));
  assert_state (txn, with, FP_ITEM_PENDING, NULL);
  assert_state (txn, plain, FP_ITEM_PENDING, NULL);
  assert_state (txn, without, FP_ITEM_HELD, "account");

  /* A plain item without an account is in nobody's hold. */
  g_clear_pointer (&held, fp_item_free);
  held = get (txn, plain);
  none = fp_hold_rows_find (txn, held, &error);
  g_assert_null (none);
  g_assert_null (fp_hold_row_new (FP_HOLD_ACCOUNT, held));
  g_assert_null (fp_hold_row_new (FP_HOLD_FORM, held));
}

enum { MANY = 100000, AT_ONCE = 500 };

/* How many of @before are held still. */
static guint
assert_some_released (FpStoreTxn *txn,
                      guint       before)
{
  g_autoptr(FpItemCounts) counts = fp_item_rows_count (txn, NULL);

  g_assert_cmpuint (counts->held, <, before);
  g_assert_cmpuint (before - counts->held, <=, AT_ONCE);

  return counts->held;
}

/* One more, if the last one ended with the last item. */
static void
assert_finished (FpStoreTxn *txn)
{
  gboolean unfinished;

  g_assert_true (fp_hold_rows_go_on (txn, NULL));
  g_assert_true (fp_hold_rows_is_unfinished (txn, &unfinished, NULL));
  g_assert_false (unfinished);
}

static int
count_cb (void *data)
{
  ++*(guint *) data;

  return 0;
}

/* SQLite's work, in hundreds of its steps, of the next transaction. */
static guint
count_work (FpStoreTxn *txn)
{
  guint n = 0;

  sqlite3_progress_handler (txn->db->handle, 100, count_cb, &n);
  g_assert_true (fp_hold_rows_go_on (txn, NULL));
  sqlite3_progress_handler (txn->db->handle, 0, NULL, NULL);

  return n;
}

/* The work of releasing AT_ONCE of the many that @kind keeps. */
static guint
count_release (FpStoreTxn *txn,
               FpHoldKind  kind,
               gint64      form)
{
  g_autoptr(FpHoldRow) row = NULL;
  guint n;

  for (guint i = 0; i < 2 * AT_ONCE; i++)
    {
      FpItem *item = new_item (kind == FP_HOLD_ANONYMOUS ? NULL : "one", "/submission");

      item->protocol = FP_PROTOCOL_OPENROSA;
      item->form = form;
      item->state = FP_ITEM_HELD;
      item->hold = g_strdup (kind == FP_HOLD_FORM ? "form" : kind == FP_HOLD_PROXY ? "proxy" : "account");
      if (!row)
        row = fp_hold_row_new (kind, item);
      insert (txn, item);
    }
  g_assert_true (fp_hold_rows_lift (txn, kind, row->subject, NULL));
  n = count_work (txn);
  assert_finished (txn);

  return n;
}

/* What is held for something else is not gone through each time. */
static void
steady_beside_others (FpStoreTxn *txn)
{
  gint64 form = add_form (txn, "one");
  guint alone[FP_N_HOLDS];

  for (guint kind = 0; kind < FP_N_HOLDS; kind++)
    alone[kind] = count_release (txn, kind, form);
  for (guint i = 0; i < 40 * AT_ONCE; i++)
    {
      FpItem *item = new_item ("one", "/");

      item->state = FP_ITEM_HELD;
      item->hold = g_strdup ("user");
      insert (txn, item);
    }
  for (guint kind = 0; kind < FP_N_HOLDS; kind++)
    g_assert_cmpuint (count_release (txn, kind, form), <, alone[kind] + alone[kind] / 4);
}

/* What is done already is not gone through again each time. */
static void
steady (FpStoreTxn *txn)
{
  FpServerRow second = { .secret_id = (char *) "second" };
  g_autoptr(GError) error = NULL;
  guint most = 0, first;
  gboolean unfinished = TRUE;

  for (guint i = 0; i < 40 * AT_ONCE; i++)
    {
      FpItem *item = new_item ("one", "/");

      item->state = i % 2 ? FP_ITEM_FAILED : FP_ITEM_HELD;
      item->hold = g_strdup (i % 2 ? NULL : "user");
      item->due_boot = 1000;
      item->due_boot_id = g_strdup ("boot");
      insert (txn, item);
    }
  g_assert_true (fp_hold_rows_change_account (txn, &second, "one", "", &error));
  first = count_work (txn);
  while (unfinished)
    {
      most = MAX (most, count_work (txn));
      g_assert_true (fp_hold_rows_is_unfinished (txn, &unfinished, &error));
    }
  g_test_message ("%u hundred steps, at most %u", first, most);
  /* To end a wait costs twice as much as to change the account. */
  g_assert_cmpuint (most, <, 4 * first);
}

/* Waits of the account that was are not the new one's: also of those that are reached by a later transaction. */
static void
moved_waits (FpStoreTxn *txn)
{
  FpServerRow second = { .secret_id = (char *) "second" };
  g_autoptr(GError) error = NULL;
  gboolean unfinished = TRUE;
  gint64 id = 0;

  for (guint i = 0; i < 2 * AT_ONCE; i++)
    {
      FpItem *item = new_item ("one", "/");

      item->state = FP_ITEM_FAILED;
      item->reason_code = g_strdup ("server-error");
      item->due_boot = 1000;
      item->due_boot_id = g_strdup ("boot");
      item->next_try = 5000;
      id = insert (txn, item);
    }
  g_assert_true (fp_hold_rows_change_account (txn, &second, "one", "", &error));
  for (guint rounds = 0; unfinished && rounds < 20; rounds++)
    {
      g_assert_true (fp_hold_rows_go_on (txn, &error));
      g_assert_true (fp_hold_rows_is_unfinished (txn, &unfinished, &error));
    }
  g_assert_false (unfinished);
  for (gint64 each = id - 2 * AT_ONCE + 1; each <= id; each++)
    {
      g_autoptr(FpItem) item = get (txn, each);

      g_assert_cmpstr (item->secret_id, ==, "second");
      g_assert_cmpint (item->due_boot, ==, 0);
      g_assert_cmpint (item->next_try, ==, 0);
    }
}

/* Another account for many: an item that is not reached yet follows by itself, also two changes on. */
static void
moved (FpStoreTxn *txn)
{
  FpServerRow second = { .secret_id = (char *) "second" }, third = { .secret_id = (char *) "third" };
  g_autoptr(FpItem) last = NULL;
  g_autoptr(GError) error = NULL;
  gboolean unfinished = TRUE;
  guint rounds = 0;
  gint64 id = 0;

  for (guint i = 0; i < 4 * AT_ONCE; i++)
    id = insert (txn, new_item ("one", "/"));
  g_assert_true (fp_hold_rows_change_account (txn, &second, "one", "", &error));
  g_assert_true (fp_hold_rows_change_account (txn, &third, "second", "", &error));
  last = get (txn, id);
  g_assert_cmpstr (last->secret_id, ==, "one");
  g_assert_true (fp_hold_rows_follow (txn, last, &error));
  g_assert_cmpstr (last->secret_id, ==, "third");

  while (unfinished && rounds++ < 20)
    {
      g_assert_true (fp_hold_rows_go_on (txn, &error));
      g_assert_true (fp_hold_rows_is_unfinished (txn, &unfinished, &error));
    }
  g_assert_false (unfinished);
  for (gint64 each = id - 4 * AT_ONCE + 1; each <= id; each++)
    {
      g_autoptr(FpItem) item = get (txn, each);

      g_assert_cmpstr (item->secret_id, ==, "third");
    }
}

static gint64
add_form_of (FpStoreTxn *txn,
             const char *form_id,
             gint64      server)
{
  g_autoptr(FpFormRow) row = fp_form_row_new ();
  g_autoptr(GBytes) xml = g_bytes_new_static ("<x/>", 4);
  g_autoptr(GError) error = NULL;

  row->form_id = g_strdup (form_id);
  row->version = g_strdup ("");
  row->title = g_strdup ("");
  row->md5 = g_strdup ("0");
  row->server = server;
  fp_form_rows_add (txn, row, xml, &error);
  g_assert_no_error (error);

  return row->id;
}

static gint64
insert_submission (FpStoreTxn  *txn,
                   gint64       form,
                   FpItemState  state,
                   const char  *secret_id)
{
  FpItem *item = new_item (secret_id, "/submission");

  item->protocol = FP_PROTOCOL_OPENROSA;
  item->form = form;
  item->state = state;

  return insert (txn, item);
}

/* A server is given an account that it had none of: many submissions wait for it. */
static void
given (FpStoreTxn *txn)
{
  FpServerRow server = { .title = (char *) "S", .url = (char *) "https://example.org", .protocol = FP_PROTOCOL_OPENROSA };
  g_autoptr(FpItem) last = NULL;
  g_autoptr(GError) error = NULL;
  gint64 other = add_form (txn, "two");
  gint64 form, sending, others, own, id = 0;
  gboolean unfinished = TRUE;
  guint rounds = 0;

  g_assert_true (fp_server_rows_add (txn, &server, &error));
  form = add_form_of (txn, "three", server.id);
  sending = insert_submission (txn, form, FP_ITEM_SENDING, NULL);
  others = insert_submission (txn, other, FP_ITEM_PENDING, NULL);
  own = insert_submission (txn, form, FP_ITEM_PENDING, "its own");
  for (guint i = 0; i < 4 * AT_ONCE; i++)
    id = insert_submission (txn, form, i % 2 ? FP_ITEM_PENDING : FP_ITEM_FAILED, NULL);

  server.secret_id = (char *) "first";
  g_assert_true (fp_hold_rows_change_account (txn, &server, NULL, "https://example.org:443", &error));
  server.secret_id = (char *) "second";
  g_assert_true (fp_hold_rows_change_account (txn, &server, "first", "https://example.org:443", &error));
  last = get (txn, sending);
  g_assert_cmpstr (last->secret_id, ==, "second");
  g_clear_pointer (&last, fp_item_free);
  last = get (txn, id);
  g_assert_null (last->secret_id);
  g_assert_true (fp_hold_rows_follow (txn, last, &error));
  g_assert_cmpstr (last->secret_id, ==, "second");

  for (; unfinished && rounds < 20; rounds++)
    {
      g_assert_true (fp_hold_rows_go_on (txn, &error));
      g_assert_true (fp_hold_rows_is_unfinished (txn, &unfinished, &error));
    }
  g_assert_false (unfinished);
  g_assert_cmpuint (rounds, >=, 3);
  for (gint64 each = id - 4 * AT_ONCE + 1; each <= id; each++)
    {
      g_autoptr(FpItem) item = get (txn, each);

      g_assert_cmpstr (item->secret_id, ==, "second");
    }
  g_clear_pointer (&last, fp_item_free);
  last = get (txn, own);
  g_assert_cmpstr (last->secret_id, ==, "its own");
  g_clear_pointer (&last, fp_item_free);
  last = get (txn, others);
  g_assert_null (last->secret_id);
  g_assert_no_error (error);
}

/* So many forms that none of them fills a transaction. */
static void
given_to_forms (FpStoreTxn *txn)
{
  FpServerRow server = { .title = (char *) "S", .url = (char *) "https://example.org", .protocol = FP_PROTOCOL_OPENROSA };
  g_autoptr(GError) error = NULL;
  gboolean unfinished = TRUE;
  gint64 first = 0, last = 0;
  guint before = 0;

  g_assert_true (fp_server_rows_add (txn, &server, &error));
  for (guint i = 0; i < 12; i++)
    {
      g_autofree char *name = g_strdup_printf ("form %u", i);
      gint64 form = add_form_of (txn, name, server.id);

      for (guint item = 0; item < AT_ONCE / 4; item++)
        {
          last = insert_submission (txn, form, FP_ITEM_PENDING, NULL);
          first = first ? first : last;
        }
    }

  server.secret_id = (char *) "account";
  g_assert_true (fp_hold_rows_change_account (txn, &server, NULL, "https://example.org:443", &error));
  for (guint rounds = 0; unfinished && rounds < 20; rounds++)
    {
      guint has = 0;

      for (gint64 id = first; id <= last; id++)
        {
          g_autoptr(FpItem) item = get (txn, id);

          has += item->secret_id != NULL;
        }
      g_assert_cmpuint (has - before, <=, AT_ONCE);
      before = has;
      g_assert_true (fp_hold_rows_go_on (txn, &error));
      g_assert_true (fp_hold_rows_is_unfinished (txn, &unfinished, &error));
    }
  g_assert_false (unfinished);
  for (gint64 id = first; id <= last; id++)
    {
      g_autoptr(FpItem) item = get (txn, id);

      g_assert_cmpstr (item->secret_id, ==, "account");
    }
}

/* Refused again before all were released: those stay, and nothing goes back and forth. */
static void
again (FpStoreTxn *txn)
{
  g_autoptr(FpItem) any = new_item ("one", "/");
  g_autoptr(FpHoldRow) row = NULL;
  g_autoptr(FpItemCounts) counts = NULL;
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < 4 * AT_ONCE; i++)
    insert (txn, new_item ("one", "/"));
  row = put (txn, FP_HOLD_ACCOUNT, any, "account");
  for (guint i = 0; i < 4; i++)
    fp_hold_rows_sweep (txn, row, AT_ONCE, &error);
  g_assert_true (fp_hold_rows_lift (txn, FP_HOLD_ACCOUNT, "one", &error));
  g_assert_true (fp_hold_rows_put (txn, row, &error));
  assert_finished (txn);
  counts = fp_item_rows_count (txn, &error);
  g_assert_cmpuint (counts->held, ==, 3 * AT_ONCE);
}

static void
many (FpStoreTxn *txn)
{
  g_autoptr(FpItem) any = new_item ("one", "/");
  g_autoptr(FpHoldRow) row = NULL;
  g_autoptr(FpItemCounts) counts = NULL;
  g_autoptr(GError) error = NULL;
  gint64 begin;
  guint left;

  for (guint i = 0; i < MANY; i++)
    insert (txn, new_item (i % 10 ? "one" : "two", "/"));
  row = put (txn, FP_HOLD_ACCOUNT, any, "account");

  begin = g_get_monotonic_time ();
  for (guint i = 0; i < MANY * 9 / 10 / AT_ONCE; i++)
    fp_hold_rows_sweep (txn, row, AT_ONCE, &error);
  g_test_message ("%d held: %.1f ms a sweep", MANY * 9 / 10,
                  (g_get_monotonic_time () - begin) / 1000.0 / (MANY * 9 / 10 / AT_ONCE));
  counts = fp_item_rows_count (txn, &error);
  g_assert_cmpuint (counts->held, ==, MANY * 9 / 10);

  /* Back again: some at once, the others in transactions of the sender. */
  begin = g_get_monotonic_time ();
  g_assert_true (fp_hold_rows_repair (txn, "one", &error));
  g_assert_null (fp_hold_rows_find (txn, any, &error));
  left = assert_some_released (txn, MANY * 9 / 10);
  while (left > 0)
    {
      gboolean unfinished;

      g_assert_true (fp_hold_rows_is_unfinished (txn, &unfinished, &error));
      g_assert_true (unfinished);
      g_assert_true (fp_hold_rows_go_on (txn, &error));
      left = assert_some_released (txn, left);
    }
  g_test_message ("%d released: %.1f ms at once", MANY * 9 / 10,
                  (g_get_monotonic_time () - begin) / 1000.0 / (MANY * 9 / 10 / AT_ONCE));
  assert_finished (txn);
  g_assert_no_error (error);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define add(path, func) fp_store_fixture_add (path, (gconstpointer) func, fp_store_fixture_in_transaction)
  add ("/store/hold/account-keeps-what-is-sent-with-it", account);
  add ("/store/hold/endpoint-keeps-one-address-of-an-account", endpoint);
  add ("/store/hold/form-keeps-its-submissions", form);
  add ("/store/hold/a-new-account-is-given-to-many", given);
  add ("/store/hold/a-new-account-is-given-to-many-forms", given_to_forms);
  add ("/store/hold/anonymous-and-proxy-keep-a-host", others);
  add ("/store/hold/another-account-for-thousands", moved);
  add ("/store/hold/another-account-need-not-wait", moved_waits);
  add ("/store/hold/thousands-cost-the-same-to-the-last", steady);
  add ("/store/hold/thousands-cost-the-same-beside-others", steady_beside_others);
  add ("/store/hold/refused-again-while-it-is-released", again);
  add ("/store/hold/a-hundred-thousand", many);
#undef add

  return g_test_run ();
}
