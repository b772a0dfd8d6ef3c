#include "fp-salvage-fixture.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "store/fp-draft-rows.h"
#include "store/fp-form-rows.h"
#include "store/fp-item-rows.h"
#include "store/fp-mark.h"

/* Each row is full of its own word, so that the pages on which it lies can be found without knowing the format. */
static char *
dup_filled (const char *word,
            gsize       length)
{
  g_autoptr(GString) text = g_string_new (NULL);

  while (text->len < length)
    g_string_append (text, word);

  return g_string_free (g_steal_pointer (&text), FALSE);
}

static char *
dup_draft_text (int i)
{
  g_autofree char *word = g_strdup_printf ("DRAFT-%04d-", i);

  return dup_filled (word, i % 7 == 0 ? 30000 : 300 + (gsize) i * 20);
}

static char *
dup_item_text (int i)
{
  g_autofree char *word = g_strdup_printf ("ITEM-%04d-", i);

  return dup_filled (word, i % 11 == 0 ? 20000 : 100 + (gsize) i * 5);
}

/* Of items 0…N: sent, pending, sending, failed, held, discarded, and so on. */
static FpItemState
state_of (int i)
{
  static const FpItemState states[] = {
    FP_ITEM_SENT, FP_ITEM_PENDING, FP_ITEM_SENDING, FP_ITEM_FAILED, FP_ITEM_HELD, FP_ITEM_DISCARDED, FP_ITEM_PENDING,
  };

  return states[i % G_N_ELEMENTS (states)];
}

static void
add_item (FpStoreTxn *txn,
          int         i,
          gint64      form,
          GError    **error)
{
  g_autofree char *text = dup_item_text (i);
  g_autoptr(FpItem) item = fp_item_new ();
  FpItemPart *part = fp_item_part_new (NULL, NULL, "text/plain");

  item->kind = FP_ITEM_REQUEST;
  item->protocol = FP_PROTOCOL_PLAIN;
  item->title = g_strdup_printf ("ITEM-%04d-title", i);
  item->method = g_strdup ("POST");
  item->url = g_strdup ("https://a.example/in");
  item->host = g_strdup ("https://a.example:443");
  item->form = i % 2 ? form : 0;
  item->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_item_part_free);
  part->data = g_bytes_new (text, strlen (text));
  g_ptr_array_add (item->parts, part);
  if (!fp_item_rows_insert (txn, item, error))
    return;

  item->state = state_of (i);
  item->status = item->state == FP_ITEM_SENT ? 201 : 0;
  item->maybe_delivered = item->state == FP_ITEM_SENDING;
  item->hold = item->state == FP_ITEM_HELD ? g_strdup ("user") : NULL;
  if (item->state == FP_ITEM_SENT)
    {
      FpReceipt receipt = {
        .item = item->id, .uid = item->uid, .url = item->url, .status = 201, .body = (char *) "ok",
      };

      fp_item_rows_add_receipt (txn, &receipt, error);
    }
  fp_item_rows_update (txn, item, FP_ITEM_PENDING, error);
}

static void
add_draft (FpStoreTxn *txn,
           int         i,
           gint64      form,
           GError    **error)
{
  g_autofree char *text = dup_draft_text (i);
  g_autoptr(FpDraftRow) row = fp_draft_row_new ();

  row->form = form;
  row->uid = g_strdup_printf ("00000000-0000-4000-8000-%012d", i);
  row->title = g_strdup_printf ("DRAFT-%04d-title", i);
  row->instance = g_bytes_new (text, strlen (text));
  fp_draft_rows_create (txn, row, error);
}

static gint64
add_form (FpStoreTxn *txn,
          GError    **error)
{
  g_autofree char *text = dup_filled ("<form/>", 9000);
  g_autoptr(GBytes) xml = g_bytes_new (text, strlen (text));
  g_autoptr(FpFormRow) form = fp_form_row_new ();

  form->form_id = g_strdup ("visit");
  form->title = g_strdup ("Visit");
  fp_form_rows_add (txn, form, xml, error);

  return form->id;
}

static gpointer
fill (FpStoreTxn *txn,
      gpointer    data,
      GError    **error)
{
  gint64 form = add_form (txn, error);
  GError *failure = NULL;

  for (int i = 0; i < FP_SALVAGE_ITEMS && !failure; i++)
    {
      add_item (txn, i, form, &failure);
      if (i < FP_SALVAGE_DRAFTS && !failure)
        add_draft (txn, i, form, &failure);
    }
  if (failure)
    g_propagate_error (error, failure);
  fp_setting_rows_set (txn, "test", "kept", NULL);

  return NULL;
}

/* Long gone, but their bytes are still in the file. */
gpointer
fp_salvage_fixture_delete_some (FpStoreTxn *txn,
                                gpointer    data,
                                GError    **error)
{
  for (int i = FP_SALVAGE_DRAFTS / 2; i < FP_SALVAGE_DRAFTS && !*error; i++)
    {
      g_autofree char *uid = g_strdup_printf ("00000000-0000-4000-8000-%012d", i);

      fp_draft_rows_delete (txn, uid, 1, error);
    }

  return NULL;
}

void
fp_salvage_fixture_fill (FpStoreFixture *f)
{
  g_autoptr(GError) error = NULL;

  f->store = fp_test_store_open (f->folder, f->clock);
  fp_test_store_write (f->store, fill, NULL, &error);
  g_assert_no_error (error);
}

void
fp_salvage_fixture_close (FpStoreFixture *f)
{
  g_clear_pointer (&f->store, fp_test_store_close);
}

void
fp_salvage_fixture_open (FpStoreFixture *f)
{
  f->store = fp_test_store_open (f->folder, f->clock);
}

GBytes *
fp_salvage_fixture_read (const char *path)
{
  char *bytes = NULL;
  gsize size = 0;
  g_autoptr(GError) error = NULL;

  g_file_get_contents (path, &bytes, &size, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (bytes, size);
}

void
fp_salvage_fixture_write (const char   *path,
                          gconstpointer bytes,
                          gsize         size)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

  g_assert_cmpint (write (fd, bytes, size), ==, (gssize) size);
  close (fd);
}

/* TRUE if @word lies on no page that differs. */
static gboolean
is_undamaged (GBytes     *before,
              GBytes     *after,
              const char *word)
{
  gsize size, size_after;
  const char *bytes = g_bytes_get_data (before, &size);
  const char *damaged = g_bytes_get_data (after, &size_after);

  for (gsize at = 0; at + FP_SALVAGE_PAGE <= size; at += FP_SALVAGE_PAGE)
    if (memmem (bytes + at, FP_SALVAGE_PAGE, word, strlen (word))
        && (at + FP_SALVAGE_PAGE > size_after || memcmp (bytes + at, damaged + at, FP_SALVAGE_PAGE) != 0))
      return FALSE;

  return TRUE;
}

static void
assert_draft (FpStoreTxn *txn,
              int         i)
{
  g_autofree char *uid = g_strdup_printf ("00000000-0000-4000-8000-%012d", i);
  g_autofree char *text = dup_draft_text (i);
  g_autofree char *title = g_strdup_printf ("DRAFT-%04d-title", i);
  g_autoptr(GError) error = NULL;
  g_autoptr(FpDraftRow) row = fp_draft_rows_get (txn, uid, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (row->title, ==, title);
  g_assert_cmpmem (g_bytes_get_data (row->instance, NULL), g_bytes_get_size (row->instance), text, strlen (text));
}

static void
assert_item (FpStoreTxn *txn,
             int         i,
             gboolean    repaired)
{
  FpItemState state = state_of (i);
  g_autofree char *text = dup_item_text (i);
  g_autoptr(GError) error = NULL;
  g_autoptr(FpItem) item = fp_item_rows_get (txn, i + 1, TRUE, &error);
  FpItemPart *part;

  g_assert_no_error (error);
  g_assert_cmpuint (item->parts->len, ==, 1);
  part = item->parts->pdata[0];
  g_assert_cmpmem (g_bytes_get_data (part->data, NULL), g_bytes_get_size (part->data), text, strlen (text));
  if (state == FP_ITEM_SENDING && repaired)
    {
      g_assert_true (item->maybe_delivered);
      state = FP_ITEM_PENDING;
    }
  g_assert_cmpint (item->state, ==, state);
}

gpointer
fp_salvage_fixture_check_rows (FpStoreTxn *txn,
                               gpointer    data,
                               GError    **error)
{
  FpSalvageExpected *expected = data;

  for (int i = 0; i < FP_SALVAGE_ITEMS; i++)
    {
      g_autofree char *draft = g_strdup_printf ("DRAFT-%04d-", i);
      g_autofree char *item = g_strdup_printf ("ITEM-%04d-", i);

      if (i < FP_SALVAGE_DRAFTS && is_undamaged (expected->before, expected->after, draft))
        {
          assert_draft (txn, i);
          expected->n_drafts++;
        }
      if (is_undamaged (expected->before, expected->after, item))
        {
          assert_item (txn, i, expected->damaged);
          expected->n_items++;
        }
    }

  return NULL;
}

void
fp_salvage_fixture_assert_whole (FpStoreFixture *f)
{
  fp_store_fixture_assert_answer (f, "PRAGMA integrity_check", "ok");
  fp_store_fixture_assert_answer (f, "SELECT count(*) FROM pragma_foreign_key_check", "0");
  fp_store_fixture_assert_answer (f, "SELECT count(*) FROM item_count WHERE n <>"
                                     " (SELECT count(*) FROM item WHERE item.state = item_count.state)", "0");
  fp_store_fixture_assert_answer (f, "SELECT n = (SELECT count(*) FROM event WHERE item IS NULL) FROM event_count", "1");
}

/* The one file that was put aside; NULL if there is none. */
char *
fp_salvage_fixture_find_aside (FpStoreFixture *f,
                               const char     *suffix)
{
  g_autoptr(GDir) dir = g_dir_open (f->folder, 0, NULL);
  char *found = NULL;
  const char *name;

  while ((name = g_dir_read_name (dir)))
    if (g_str_has_prefix (name, "fieldpost.db.corrupt-") && g_str_has_suffix (name, suffix)
        && (*suffix || (!g_str_has_suffix (name, "-wal") && !g_str_has_suffix (name, ".blobs"))))
      {
        g_assert_null (found);
        found = g_build_filename (f->folder, name, NULL);
      }

  return found;
}

void
fp_salvage_fixture_assert_aside (FpStoreFixture *f,
                                 GBytes         *damaged)
{
  g_autofree char *path = fp_salvage_fixture_find_aside (f, "");
  g_autoptr(GBytes) kept = NULL;

  g_assert_nonnull (path);
  kept = fp_salvage_fixture_read (path);
  g_assert_true (g_bytes_equal (kept, damaged));
}

static gpointer
look_for_damage (FpStoreTxn *txn,
                 gpointer    data,
                 GError    **error)
{
  return fp_store_check (txn, error);
}

/* Opens as a program does; where damage is found, once more. */
void
fp_salvage_fixture_open_until_whole (FpStoreFixture *f)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *damage = NULL;

  f->store = fp_store_new (f->folder, f->clock);
  fp_test_store_try_open (f->store, &error);
  g_assert_no_error (error);
  damage = fp_test_store_read (f->store, look_for_damage, NULL, &error);
  if (!damage && !error)
    return;
  fp_salvage_fixture_close (f);
  fp_salvage_fixture_open (f);
}

void
fp_salvage_fixture_remove_asides (FpStoreFixture *f)
{
  g_autofree char *aside = fp_salvage_fixture_find_aside (f, "");
  g_autofree char *blobs = fp_salvage_fixture_find_aside (f, ".blobs");

  if (aside)
    g_remove (aside);
  g_assert_null (blobs);
}

/* Damages the file and lets the next program find it. */
GBytes *
fp_salvage_fixture_damage (FpStoreFixture *f,
                           gsize           from,
                           gsize           size)
{
  g_autoptr(GBytes) before = fp_salvage_fixture_read (f->file);
  g_autofree guint8 *bytes = g_memdup2 (g_bytes_get_data (before, NULL), g_bytes_get_size (before));

  memset (bytes + from, 0xa5, size);
  fp_salvage_fixture_write (f->file, bytes, g_bytes_get_size (before));
  g_assert_true (fp_mark_set (f->folder, FP_MARK_DAMAGED, NULL, NULL));

  return g_bytes_new (bytes, g_bytes_get_size (before));
}

gint64
fp_salvage_fixture_ask_int (FpStoreFixture *f,
                            const char     *sql)
{
  g_autofree char *answer = fp_store_fixture_ask (f, sql);

  return g_ascii_strtoll (answer, NULL, 10);
}
