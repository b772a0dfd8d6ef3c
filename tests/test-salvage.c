/* Damaged files: nothing that can still be read is lost, and nothing is ever thrown away.
 *
 * The program starts itself as one that is killed while it repairs: `test-salvage --open FOLDER`. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>
#include <sqlite3.h>

#include "fp-store-fixture.h"
#include "store/fp-blob.h"
#include "store/fp-draft-rows.h"
#include "store/fp-form-rows.h"
#include "store/fp-item-rows.h"
#include "store/fp-mark.h"
#include "store/fp-store-private.h"

#define PAGE     4096
#define N_DRAFTS 60
#define N_ITEMS  160
#define ROUNDS   200

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

  for (int i = 0; i < N_ITEMS && !failure; i++)
    {
      add_item (txn, i, form, &failure);
      if (i < N_DRAFTS && !failure)
        add_draft (txn, i, form, &failure);
    }
  if (failure)
    g_propagate_error (error, failure);
  fp_setting_rows_set (txn, "test", "kept", NULL);

  return NULL;
}

/* Long gone, but their bytes are still in the file. */
static gpointer
delete_some (FpStoreTxn *txn,
             gpointer    data,
             GError    **error)
{
  for (int i = N_DRAFTS / 2; i < N_DRAFTS && !*error; i++)
    {
      g_autofree char *uid = g_strdup_printf ("00000000-0000-4000-8000-%012d", i);

      fp_draft_rows_delete (txn, uid, 1, error);
    }

  return NULL;
}

static void
fill_store (FpStoreFixture *f)
{
  g_autoptr(GError) error = NULL;

  f->store = fp_test_store_open (f->folder, f->clock);
  fp_test_store_write (f->store, fill, NULL, &error);
  g_assert_no_error (error);
}

static void
close_store (FpStoreFixture *f)
{
  g_clear_pointer (&f->store, fp_test_store_close);
}

static void
open_store (FpStoreFixture *f)
{
  f->store = fp_test_store_open (f->folder, f->clock);
}

static GBytes *
read_file (const char *path)
{
  char *bytes = NULL;
  gsize size = 0;
  g_autoptr(GError) error = NULL;

  g_file_get_contents (path, &bytes, &size, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (bytes, size);
}

static void
write_file (const char   *path,
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

  for (gsize at = 0; at + PAGE <= size; at += PAGE)
    if (memmem (bytes + at, PAGE, word, strlen (word))
        && (at + PAGE > size_after || memcmp (bytes + at, damaged + at, PAGE) != 0))
      return FALSE;

  return TRUE;
}

typedef struct
{
  GBytes *before;
  GBytes *after;
  int n_drafts;     /* that must be there */
  int n_items;
  gboolean damaged; /* the store was repaired */
} Expected;

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

static gpointer
check_rows (FpStoreTxn *txn,
            gpointer    data,
            GError    **error)
{
  Expected *expected = data;

  for (int i = 0; i < N_ITEMS; i++)
    {
      g_autofree char *draft = g_strdup_printf ("DRAFT-%04d-", i);
      g_autofree char *item = g_strdup_printf ("ITEM-%04d-", i);

      if (i < N_DRAFTS && is_undamaged (expected->before, expected->after, draft))
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

static void
assert_whole (FpStoreFixture *f)
{
  fp_store_fixture_assert_answer (f, "PRAGMA integrity_check", "ok");
  fp_store_fixture_assert_answer (f, "SELECT count(*) FROM pragma_foreign_key_check", "0");
  fp_store_fixture_assert_answer (f, "SELECT count(*) FROM item_count WHERE n <>"
                                     " (SELECT count(*) FROM item WHERE item.state = item_count.state)", "0");
}

/* The one file that was put aside; NULL if there is none. */
static char *
find_aside (FpStoreFixture *f,
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

static void
assert_aside (FpStoreFixture *f,
              GBytes         *damaged)
{
  g_autofree char *path = find_aside (f, "");
  g_autoptr(GBytes) kept = NULL;

  g_assert_nonnull (path);
  kept = read_file (path);
  g_assert_true (g_bytes_equal (kept, damaged));
}

static gpointer
look_for_damage (FpStoreTxn *txn,
                 gpointer    data,
                 GError    **error)
{
  return fp_store_check (txn, error);
}

static void
damage_page (GRand  *rand,
             guint8 *bytes,
             gsize   size)
{
  gsize n_pages = size / PAGE;
  guint8 *page = bytes + PAGE * (gsize) g_rand_int_range (rand, 0, (gint32) n_pages);
  guint8 *other = bytes + PAGE * (gsize) g_rand_int_range (rand, 0, (gint32) n_pages);
  int kind = g_rand_int_range (rand, 0, 4);
  gsize from = 0, to = PAGE;
  guint8 copy[PAGE];

  switch (kind)
    {
    case 0:
      memset (page, 0, PAGE);
      break;
    case 1: /* a page at another's place */
      memcpy (copy, page, PAGE);
      memcpy (page, other, PAGE);
      memcpy (other, copy, PAGE);
      break;
    case 2: /* a piece of it */
      from = (gsize) g_rand_int_range (rand, 0, PAGE - 16);
      to = MIN (PAGE, from + (gsize) g_rand_int_range (rand, 16, 600));
      G_GNUC_FALLTHROUGH;
    default:
      for (gsize i = from; i < to; i++)
        page[i] = (guint8) g_rand_int (rand);
    }
}

/* Opens as a program does; where damage is found, once more. */
static void
open_until_whole (FpStoreFixture *f)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *damage = NULL;

  f->store = fp_store_new (f->folder, f->clock);
  fp_test_store_try_open (f->store, &error);
  g_assert_no_error (error);
  damage = fp_test_store_read (f->store, look_for_damage, NULL, &error);
  if (!damage && !error)
    return;
  close_store (f);
  open_store (f);
}

static void
remove_asides (FpStoreFixture *f)
{
  g_autofree char *aside = find_aside (f, "");
  g_autofree char *blobs = find_aside (f, ".blobs");

  if (aside)
    g_remove (aside);
  g_assert_null (blobs);
}

static void
test_200_rounds (FpStoreFixture *f,
                 gconstpointer   data)
{
  guint32 seed = (guint32) g_test_rand_int ();
  g_autoptr(GBytes) before = NULL;
  int repaired = 0, n_drafts = 0, n_items = 0;

  fill_store (f);
  close_store (f);
  before = read_file (f->file);
  for (guint32 round = 0; round < ROUNDS; round++)
    {
      g_autoptr(GRand) rand = g_rand_new_with_seed (seed + round);
      gsize size = g_bytes_get_size (before);
      g_autofree guint8 *bytes = g_memdup2 (g_bytes_get_data (before, NULL), size);
      g_autoptr(GBytes) after = NULL;
      Expected expected = { .before = before };
      int n = g_rand_int_range (rand, 1, 8);

      g_test_message ("round %u: seed %u, %d pages", round, seed + round, n);
      while (n-- > 0)
        damage_page (rand, bytes, size);
      write_file (f->file, bytes, size);
      after = g_bytes_new_take (g_steal_pointer (&bytes), size);
      expected.after = after;

      open_until_whole (f);
      expected.damaged = fp_store_get_repair (f->store, NULL) != NULL;
      fp_test_store_read (f->store, check_rows, &expected, NULL);
      assert_whole (f);
      if (expected.damaged)
        assert_aside (f, after);
      fp_store_fixture_write_setting (f->store, "and goes on");
      close_store (f);
      g_assert_cmpint (fp_mark_get (f->folder, NULL), ==, FP_MARK_NONE);
      repaired += expected.damaged;
      n_drafts += expected.n_drafts;
      n_items += expected.n_items;
      remove_asides (f);
    }
  g_test_message ("%d repaired; %d drafts and %d items on undamaged pages", repaired, n_drafts, n_items);
  g_assert_cmpint (repaired, >, ROUNDS / 2);
  g_assert_cmpint (n_drafts, >, ROUNDS * N_DRAFTS / 2);
  g_assert_cmpint (n_items, >, ROUNDS * N_ITEMS / 2);
}

/* Damages the file and lets the next program find it. */
static GBytes *
damage (FpStoreFixture *f,
        gsize           from,
        gsize           size)
{
  g_autoptr(GBytes) before = read_file (f->file);
  g_autofree guint8 *bytes = g_memdup2 (g_bytes_get_data (before, NULL), g_bytes_get_size (before));

  memset (bytes + from, 0xa5, size);
  write_file (f->file, bytes, g_bytes_get_size (before));
  g_assert_true (fp_mark_set (f->folder, FP_MARK_DAMAGED, NULL, NULL));

  return g_bytes_new (bytes, g_bytes_get_size (before));
}

static gint64
ask_int (FpStoreFixture *f,
         const char     *sql)
{
  g_autofree char *answer = fp_store_fixture_ask (f, sql);

  return g_ascii_strtoll (answer, NULL, 10);
}

static void
test_header_destroyed (FpStoreFixture *f,
                       gconstpointer   data)
{
  g_autoptr(GBytes) damaged = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *id = NULL;

  fill_store (f);
  id = g_strdup (fp_store_get_id (f->store));
  fp_test_store_write (f->store, delete_some, NULL, &error);
  g_assert_no_error (error);
  close_store (f);
  damaged = damage (f, 0, PAGE);

  open_store (f);
  assert_whole (f);
  assert_aside (f, damaged);
  g_assert_cmpstr (fp_store_get_id (f->store), ==, id);
  g_assert_cmpint (ask_int (f, "SELECT count(*) FROM item"), ==, N_ITEMS);
  g_assert_cmpint (ask_int (f, "SELECT count(*) FROM item_part"), ==, N_ITEMS);
  /* What was deleted stays so, though its bytes are still in the old file. */
  g_assert_cmpint (ask_int (f, "SELECT count(*) FROM draft"), ==, N_DRAFTS / 2);
  g_assert_cmpint (ask_int (f, "SELECT count(*) FROM item WHERE state = 6"), ==, (N_ITEMS + 6) / 7);
  g_assert_cmpint (ask_int (f, "SELECT count(*) FROM item WHERE state = 2"), ==, 0);
  fp_store_fixture_assert_setting (f->store, "kept");
}

/* Ids stay unique, also those of drafts that are gone. */
static void
test_ids_go_on (FpStoreFixture *f,
                gconstpointer   data)
{
  g_autoptr(GBytes) damaged = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *expected = g_strdup_printf ("%d", N_DRAFTS);

  fill_store (f);
  fp_test_store_write (f->store, delete_some, NULL, &error);
  close_store (f);
  damaged = damage (f, 0, PAGE);
  open_store (f);
  fp_store_fixture_assert_answer (f, "SELECT seq FROM sqlite_sequence WHERE name = 'draft'", expected);
}

static void
test_truncated (FpStoreFixture *f,
                gconstpointer   data)
{
  Expected expected = { 0 };
  g_autoptr(GBytes) before = NULL;
  g_autoptr(GBytes) after = NULL;
  gsize size;

  fill_store (f);
  close_store (f);
  before = read_file (f->file);
  size = g_bytes_get_size (before) / 2 + 1000;
  after = g_bytes_new_from_bytes (before, 0, size);
  g_assert_cmpint (truncate (f->file, (off_t) size), ==, 0);

  open_until_whole (f);
  assert_whole (f);
  assert_aside (f, after);
  expected = (Expected) { before, after, 0, 0, TRUE };
  fp_test_store_read (f->store, check_rows, &expected, NULL);
  g_assert_cmpint (expected.n_items, >, 0);
  g_assert_cmpint (expected.n_items, <, N_ITEMS);
  g_assert_nonnull (strstr (fp_store_get_repair (f->store, NULL), "Lost"));
}

static void
copy_to (FpStoreFixture *f,
         const char     *folder,
         const char     *name)
{
  g_autofree char *from = g_build_filename (f->folder, name, NULL);
  g_autofree char *to = g_build_filename (folder, name, NULL);
  g_autoptr(GBytes) bytes = read_file (from);

  write_file (to, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

/* SQLite by itself deletes the log of an empty file. */
static void
test_empty_file_beside_log (FpStoreFixture *f,
                            gconstpointer   data)
{
  g_autofree char *folder = fp_test_make_folder ();
  g_autofree char *file = g_build_filename (folder, "fieldpost.db", NULL);
  FpStoreFixture other = *f;

  fill_store (f);
  copy_to (f, folder, "fieldpost.db-wal");
  write_file (file, "", 0);
  other.folder = folder;
  other.file = file;
  open_store (&other);
  assert_whole (&other);
  g_assert_cmpint (ask_int (&other, "SELECT count(*) FROM item"), ==, N_ITEMS);
  g_assert_cmpint (ask_int (&other, "SELECT count(*) FROM draft"), ==, N_DRAFTS);
  close_store (&other);
  g_free (find_aside (&other, "-wal"));
  fp_test_remove_folder (folder);
}

/* A frame that was damaged spoils itself alone: what was written after it counts. */
static void
test_damaged_log (FpStoreFixture *f,
                  gconstpointer   data)
{
  g_autofree char *folder = fp_test_make_folder ();
  g_autofree char *file = g_build_filename (folder, "fieldpost.db", NULL);
  g_autofree char *log = g_strconcat (file, "-wal", NULL);
  g_autoptr(GBytes) bytes = NULL;
  g_autofree guint8 *copy = NULL;
  FpStoreFixture other = *f;
  gsize n_frames;

  fill_store (f);
  fp_store_fixture_write_setting (f->store, "the last word");
  copy_to (f, folder, "fieldpost.db-wal");
  copy_to (f, folder, "fieldpost.db");
  bytes = read_file (log);
  copy = g_memdup2 (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  n_frames = g_bytes_get_size (bytes) / (PAGE + 24);
  memset (copy + 32 + (n_frames / 2) * (PAGE + 24) + 24, 0xa5, PAGE);
  write_file (log, copy, g_bytes_get_size (bytes));

  /* SQLite reads up to the damage, calls it whole, and would write over the rest. */
  other.folder = folder;
  other.file = file;
  open_store (&other);
  assert_whole (&other);
  fp_store_fixture_assert_setting (other.store, "the last word");
  g_assert_cmpint (ask_int (&other, "SELECT count(*) FROM item"), >, N_ITEMS * 8 / 10);
  /* Nobody can tell what was lost: the server is asked rather than the row believed. */
  g_assert_cmpint (ask_int (&other, "SELECT count(*) FROM item WHERE state BETWEEN 1 AND 4 AND NOT maybe_delivered"), ==, 0);
  close_store (&other);
  fp_test_remove_folder (folder);
}

static void
assert_refused (FpStoreFixture *f,
                FpStoreError    code)
{
  g_autoptr(FpStore) store = fp_store_new (f->folder, f->clock);
  g_autoptr(GBytes) before = read_file (f->file);
  g_autoptr(GBytes) after = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *aside = NULL;

  for (int i = 0; i < 2; i++)
    {
      g_assert_false (fp_test_store_try_open (store, &error));
      g_assert_error (error, FP_STORE_ERROR, (int) code);
      g_clear_error (&error);
    }
  after = read_file (f->file);
  aside = find_aside (f, "");
  g_assert_true (g_bytes_equal (before, after));
  g_assert_null (aside);
}

static void
test_another_programs_file_is_refused (FpStoreFixture *f,
                                       gconstpointer   data)
{
  g_autoptr(GBytes) damaged = NULL;
  g_autofree guint8 *noise = g_malloc (300000);

  g_free (fp_store_fixture_ask (f, "CREATE TABLE setting (name TEXT, value TEXT)"));
  g_free (fp_store_fixture_ask (f, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
                                   " INSERT INTO setting SELECT i, hex(randomblob(30)) FROM n"));
  damaged = damage (f, 10 * PAGE, PAGE);
  assert_refused (f, FP_STORE_ERROR_CORRUPT);

  for (gsize i = 0; i < 300000; i++)
    noise[i] = (guint8) g_test_rand_int ();
  write_file (f->file, noise, 300000);
  assert_refused (f, FP_STORE_ERROR_CORRUPT);
}

static void
test_newer_format_is_refused (FpStoreFixture *f,
                              gconstpointer   data)
{
  g_autoptr(GBytes) damaged = NULL;

  fill_store (f);
  close_store (f);
  g_free (fp_store_fixture_ask (f, "PRAGMA user_version = 99"));
  g_free (fp_store_fixture_ask (f, "PRAGMA wal_checkpoint(TRUNCATE)"));
  damaged = damage (f, 20 * PAGE, PAGE);
  assert_refused (f, FP_STORE_ERROR_TOO_NEW);
}

static void
test_healthy_file_is_left_alone (FpStoreFixture *f,
                                 gconstpointer   data)
{
  g_autofree char *aside = NULL;

  fill_store (f);
  close_store (f);
  g_assert_true (fp_mark_set (f->folder, FP_MARK_DAMAGED, NULL, NULL));
  open_store (f);
  aside = find_aside (f, "");
  g_assert_null (aside);
  g_assert_null (fp_store_get_repair (f->store, NULL));
  g_assert_cmpint (fp_mark_get (f->folder, NULL), ==, FP_MARK_NONE);
}

/* A body that lost a piece is never sent. */
static void
test_lost_part_fails_its_item (FpStoreFixture *f,
                               gconstpointer   data)
{
  g_autoptr(GBytes) damaged = NULL;
  g_autoptr(GBytes) before = NULL;
  const guint8 *bytes, *found;
  gsize size;

  fill_store (f);
  close_store (f);
  before = read_file (f->file);
  bytes = g_bytes_get_data (before, &size);
  /* The 20 kB of item 12 (ITEM-0011) lie on pages of their own. */
  found = memmem (bytes, size, "ITEM-0011-ITEM-0011-", 20);
  g_assert_nonnull (found);
  damaged = damage (f, ((gsize) (found - bytes) / PAGE + 2) * PAGE, PAGE);
  open_store (f);
  assert_whole (f);
  fp_store_fixture_assert_answer (f, "SELECT state || reason_code FROM item WHERE id = 12", "3item-file-missing");
  fp_store_fixture_assert_answer (f, "SELECT body_size = (SELECT sum(size) FROM item_part WHERE item = 12) FROM item"
                                     " WHERE id = 12", "1");
  g_assert_nonnull (strstr (fp_store_get_repair (f->store, NULL), "a part of 1 item"));
}

/* Blobs to which a lost row may have referred are not for clean-up. */
static void
test_blobs_are_kept (FpStoreFixture *f,
                     gconstpointer   data)
{
  static const char *const names[] = {
    "1111111111111111111111111111111111111111111111111111111111111111",
    "2222222222222222222222222222222222222222222222222222222222222222",
  };
  g_autoptr(GBytes) damaged = NULL;
  g_autofree char *aside = NULL;
  g_autofree char *stray = NULL;
  g_autofree char *used = NULL;

  fill_store (f);
  close_store (f);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (f->folder, "blobs", names[i], NULL);

      write_file (path, "1234567", 7);
    }
  g_free (fp_store_fixture_ask (f, "PRAGMA foreign_keys = 0"));
  g_free (fp_store_fixture_ask (f, "INSERT INTO draft_file (draft, name, sha256) VALUES (1, 'a.jpg',"
                                   " '1111111111111111111111111111111111111111111111111111111111111111')"));
  g_free (fp_store_fixture_ask (f, "PRAGMA wal_checkpoint(TRUNCATE)"));
  damaged = damage (f, 0, PAGE);
  open_store (f);
  assert_whole (f);
  fp_store_fixture_assert_answer (f, "SELECT size FROM blob", "7");
  aside = find_aside (f, ".blobs");
  stray = g_build_filename (aside, names[1], NULL);
  used = g_build_filename (f->folder, "blobs", names[0], NULL);
  g_assert_true (g_file_test (stray, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (used, G_FILE_TEST_EXISTS));
}

/* While another program has the file open nobody exchanges it. */
static void
test_waits_until_it_is_alone (FpStoreFixture *f,
                              gconstpointer   data)
{
  g_autoptr(GBytes) damaged = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *aside = NULL;
  FpStore *other;

  fill_store (f);
  close_store (f);
  open_store (f);
  other = fp_store_new (f->folder, f->clock);
  damaged = damage (f, 60 * PAGE, 20 * PAGE);
  fp_test_store_try_open (other, &error);
  g_assert_no_error (error);
  aside = find_aside (f, "");
  g_assert_null (aside);
  g_assert_cmpint (fp_mark_get (f->folder, NULL), ==, FP_MARK_DAMAGED);
  close_store (f);
  fp_test_store_close (other);

  open_store (f);
  assert_whole (f);
  aside = find_aside (f, "");
  g_assert_nonnull (aside);
}

/* Only one of them repairs; all of them work with the result. */
static void
test_several_at_once (FpStoreFixture *f,
                      gconstpointer   data)
{
  g_autoptr(GBytes) damaged = NULL;
  g_autofree char *aside = NULL;
  FpStore *stores[4];
  FpTestAwait awaits[4] = { 0 };

  fill_store (f);
  close_store (f);
  damaged = damage (f, 0, PAGE);
  for (gsize i = 0; i < G_N_ELEMENTS (stores); i++)
    {
      stores[i] = fp_store_new (f->folder, f->clock);
      fp_store_open_async (stores[i], NULL, fp_test_await_cb, &awaits[i]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (stores); i++)
    {
      g_autoptr(GError) error = NULL;

      fp_store_open_finish (stores[i], fp_test_await (&awaits[i]), &error);
      g_assert_no_error (error);
      fp_test_await_clear (&awaits[i]);
      g_assert_nonnull (fp_store_get_repair (stores[i], NULL));
      fp_store_fixture_write_setting (stores[i], "x");
    }
  assert_whole (f);
  aside = find_aside (f, "");
  g_assert_nonnull (aside);
  for (gsize i = 0; i < G_N_ELEMENTS (stores); i++)
    fp_test_store_close (stores[i]);
}

static int
run_opener (const char *folder)
{
  g_autoptr(FpClock) clock = fp_clock_new ();
  FpStore *store = fp_test_store_open (folder, clock);

  fp_test_store_close (store);
  return 0;
}

static GPid
start_opener (FpStoreFixture *f)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  char *argv[] = { self, (char *) "--open", f->folder, NULL };
  g_autoptr(GError) error = NULL;
  GPid pid;

  g_spawn_async (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, &error);
  g_assert_no_error (error);

  return pid;
}

static void
test_killed_while_it_repairs (FpStoreFixture *f,
                              gconstpointer   data)
{
  g_autoptr(GBytes) before = NULL;
  gint64 start, took;
  int n_died = 0;

  fill_store (f);
  close_store (f);
  before = read_file (f->file);
  start = g_get_monotonic_time ();
  g_bytes_unref (damage (f, 0, PAGE));
  g_assert_cmpint (waitpid (start_opener (f), NULL, 0), >, 0);
  took = g_get_monotonic_time () - start;
  remove_asides (f);

  for (int round = 0; round < 40; round++)
    {
      g_autoptr(GBytes) damaged = NULL;
      GPid pid;
      int status;

      write_file (f->file, g_bytes_get_data (before, NULL), g_bytes_get_size (before));
      damaged = damage (f, 0, PAGE);
      pid = start_opener (f);
      g_usleep ((gulong) g_test_rand_int_range (0, (gint32) took));
      kill (pid, SIGKILL);
      g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
      n_died += WIFSIGNALED (status);

      open_store (f);
      assert_whole (f);
      assert_aside (f, damaged);
      g_assert_cmpint (ask_int (f, "SELECT count(*) FROM item"), ==, N_ITEMS);
      g_assert_cmpint (ask_int (f, "SELECT count(*) FROM draft"), ==, N_DRAFTS);
      close_store (f);
      remove_asides (f);
    }
  g_test_message ("killed %d of 40", n_died);
  g_assert_cmpint (n_died, >, 5);
}

/* Every point between "complete" and "in place". */
static void
test_resumes_the_exchange (FpStoreFixture *f,
                           gconstpointer   data)
{
  g_autofree char *new = g_build_filename (f->folder, "fieldpost.db.new", NULL);
  g_autofree char *log = g_build_filename (f->folder, "fieldpost.db-wal", NULL);
  g_autofree char *aside = g_build_filename (f->folder, "fieldpost.db.corrupt-x", NULL);
  g_autofree char *aside_log = g_build_filename (f->folder, "fieldpost.db.corrupt-x-wal", NULL);
  g_autoptr(GBytes) whole = NULL;

  fill_store (f);
  close_store (f);
  whole = read_file (f->file);
  for (int step = 0; step < 4; step++)
    {
      write_file (new, g_bytes_get_data (whole, NULL), g_bytes_get_size (whole));
      write_file (step < 2 ? f->file : aside, "old", 3);
      write_file (step < 1 ? log : aside_log, "log", 3);
      if (step >= 2)
        g_remove (f->file);
      if (step == 3)
        g_rename (new, f->file);
      g_assert_true (fp_mark_set (f->folder, FP_MARK_REPLACE, "fieldpost.db.corrupt-x", NULL));

      open_store (f);
      g_assert_cmpint (ask_int (f, "SELECT count(*) FROM item"), ==, N_ITEMS);
      close_store (f);
      g_assert_true (g_file_test (aside, G_FILE_TEST_EXISTS));
      g_assert_true (g_file_test (aside_log, G_FILE_TEST_EXISTS));
      g_assert_cmpint (fp_mark_get (f->folder, NULL), ==, FP_MARK_NONE);
      g_remove (aside);
      g_remove (aside_log);
    }
}

static void
repair_without_room (const char *folder)
{
  FpStoreFixture f = { .folder = (char *) folder, .clock = fp_clock_new () };
  g_autoptr(FpStore) store = fp_store_new (folder, f.clock);
  g_autofree char *other = g_build_filename (folder, "other", NULL);
  g_autoptr(GBytes) damaged = NULL;
  g_autoptr(GBytes) after = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *block = g_malloc0 (4096);
  int fd;

  f.file = g_build_filename (folder, "fieldpost.db", NULL);
  fill_store (&f);
  close_store (&f);
  damaged = damage (&f, 0, PAGE);
  fd = open (other, O_WRONLY | O_CREAT, 0600);
  while (write (fd, block, 4096) > 0)
    ;
  close (fd);
  g_assert_false (fp_test_store_try_open (store, &error));
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_FULL);
  g_clear_error (&error);
  after = read_file (f.file);
  g_assert_true (g_bytes_equal (after, damaged));
  g_remove (other);
  g_assert_true (fp_test_store_try_open (store, &error));
  f.store = g_steal_pointer (&store);
  g_assert_cmpint (ask_int (&f, "SELECT count(*) FROM item"), ==, N_ITEMS);
  close_store (&f);
}

static void
test_without_room_nothing_changes (FpStoreFixture *f,
                                   gconstpointer   data)
{
  if (!fp_store_fixture_in_child (repair_without_room, f->folder, "size=6m"))
    g_test_skip ("needs the right to mount");
}

static void
test_network_file_system (FpStoreFixture *f,
                          gconstpointer   data)
{
  g_autoptr(GBytes) damaged = NULL;
  g_autoptr(GError) error = NULL;

  fill_store (f);
  close_store (f);
  damaged = damage (f, 0, PAGE);
  f->store = fp_store_new (f->folder, f->clock);
  _fp_store_pretend_network (f->store);
  fp_test_store_try_open (f->store, &error);
  g_assert_no_error (error);
  fp_store_fixture_assert_answer (f, "PRAGMA journal_mode", "delete");
  assert_whole (f);
  assert_aside (f, damaged);
  g_assert_cmpint (ask_int (f, "SELECT count(*) FROM item"), ==, N_ITEMS);
}

/* A program that was killed leaves the log; the next one looks through the file, and only then all is well. */
static void
test_unclean_end_is_looked_through (FpStoreFixture *f,
                                    gconstpointer   data)
{
  g_autofree char *folder = fp_test_make_folder ();
  g_autofree char *file = g_build_filename (folder, "fieldpost.db", NULL);
  FpStoreFixture other = *f;

  fill_store (f);
  copy_to (f, folder, "fieldpost.db");
  copy_to (f, folder, "fieldpost.db-wal");
  close_store (f);
  open_store (f);
  g_assert_cmpint (fp_mark_get (f->folder, NULL), ==, FP_MARK_NONE);

  other.folder = folder;
  other.file = file;
  open_store (&other);
  fp_test_until (fp_mark_get (folder, NULL) == FP_MARK_NONE);
  close_store (&other);
  /* The mark is there as soon as it is open. */
  copy_to (f, folder, "fieldpost.db");
  write_file (file, "", 0);
  fp_test_remove_folder (folder);
}

static void
test_damage_after_unclean_end_is_found (FpStoreFixture *f,
                                        gconstpointer   data)
{
  g_autoptr(GBytes) damaged = NULL;

  fill_store (f);
  close_store (f);
  damaged = damage (f, 60 * PAGE, 20 * PAGE);
  g_assert_true (fp_mark_set (f->folder, FP_MARK_UNCLEAN, NULL, NULL));
  open_store (f);
  fp_test_until (fp_mark_get (f->folder, NULL) == FP_MARK_DAMAGED);
  close_store (f);
  open_store (f);
  assert_whole (f);
  assert_aside (f, damaged);
}

static gpointer
read_all (FpStoreTxn *txn,
          gpointer    data,
          GError    **error)
{
  gint64 sum = 0;

  fp_db_get_int (txn->db, "SELECT sum(length(data)) FROM item_part", &sum, error);
  return NULL;
}

static void
test_damage_that_is_met_is_noted (FpStoreFixture *f,
                                  gconstpointer   data)
{
  g_autoptr(GBytes) damaged = NULL;
  g_autoptr(GError) error = NULL;

  fill_store (f);
  close_store (f);
  damaged = damage (f, 60 * PAGE, 100 * PAGE);
  g_assert_true (fp_mark_set (f->folder, FP_MARK_NONE, NULL, NULL));
  open_store (f);
  fp_test_store_read (f->store, read_all, NULL, &error);
  g_assert_error (error, FP_STORE_ERROR, FP_STORE_ERROR_CORRUPT);
  g_assert_cmpint (fp_mark_get (f->folder, NULL), ==, FP_MARK_DAMAGED);
}

int
main (int    argc,
      char **argv)
{
  if (argc == 3 && g_str_equal (argv[1], "--open"))
    return run_opener (argv[2]);

  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add ("/store/salvage/" path, FpStoreFixture, NULL, fp_store_fixture_setup_closed, func, fp_store_fixture_teardown)
  ADD ("200-rounds", test_200_rounds);
  ADD ("header-destroyed", test_header_destroyed);
  ADD ("ids-go-on", test_ids_go_on);
  ADD ("truncated", test_truncated);
  ADD ("empty-file-beside-log", test_empty_file_beside_log);
  ADD ("damaged-log", test_damaged_log);
  ADD ("another-programs-file-is-refused", test_another_programs_file_is_refused);
  ADD ("newer-format-is-refused", test_newer_format_is_refused);
  ADD ("healthy-file-is-left-alone", test_healthy_file_is_left_alone);
  ADD ("lost-part-fails-its-item", test_lost_part_fails_its_item);
  ADD ("blobs-are-kept", test_blobs_are_kept);
  ADD ("waits-until-it-is-alone", test_waits_until_it_is_alone);
  ADD ("several-at-once", test_several_at_once);
  ADD ("killed-while-it-repairs", test_killed_while_it_repairs);
  ADD ("resumes-the-exchange", test_resumes_the_exchange);
  ADD ("without-room-nothing-changes", test_without_room_nothing_changes);
  ADD ("network-file-system", test_network_file_system);
  ADD ("unclean-end-is-looked-through", test_unclean_end_is_looked_through);
  ADD ("damage-after-unclean-end-is-found", test_damage_after_unclean_end_is_found);
  ADD ("damage-that-is-met-is-noted", test_damage_that_is_met_is_noted);

  return g_test_run ();
}
