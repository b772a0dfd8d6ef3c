/* power-check.c — opens the stores whose folders it reads from standard input, a line each, and prints what is in them
 *
 * One line of JSON a store: {"items": {UID: [id, state, maybe_delivered, receipt, [SHA256, …]]},
 * "drafts": {UID: [revision, INSTANCE in base64, [SHA256, …]]}, "receipts": [UID, …] and "events": [JSON, …] in base64,
 * "problems": [TEXT, …]}. Opened as any program opens it, and written to once. Every body and file is read and hashed:
 * one that is not there or not itself is a problem. */
#include <stdio.h>
#include <string.h>

#include "base/fp-sha256.h"
#include "fp-test-store.h"
#include "store/fp-blob.h"
#include "store/fp-draft-rows.h"
#include "store/fp-form-rows.h"
#include "store/fp-item-rows.h"
#include "store/fp-store-private.h"

typedef struct {
  GString *items;
  GString *drafts;
  GString *receipts;
  GString *events;
  GString *problems;
} Found;

G_GNUC_PRINTF (2, 3)
static void
add_problem (Found      *found,
             const char *format,
             ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_strcanon (text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS " .,:;-_/()=", '?');
  g_string_append_printf (found->problems, "%s\"%s\"", found->problems->len ? ", " : "", text);
}

/* What is really in the file, as its SHA-256. */
static void
check_blob (Found      *found,
            FpStoreTxn *txn,
            const char *whose,
            const char *sha256,
            gint64      size)
{
  g_autofree char *path = fp_blob_dup_path (fp_store_txn_get_store (txn), sha256);
  g_autofree char *content = NULL;
  g_autofree char *hash = NULL;
  gsize length = 0;

  if (!g_file_get_contents (path, &content, &length, NULL))
    {
      add_problem (found, "%s: its file %s is not there", whose, sha256);
      return;
    }
  hash = fp_sha256_of (content, length);
  if ((gint64) length != size || !g_str_equal (hash, sha256))
    add_problem (found, "%s: its file %s is damaged", whose, sha256);
}

static void
add_word (GString    *list,
          const char *word)
{
  g_string_append_printf (list, "%s\"%s\"", list->len ? ", " : "", word);
}

static gboolean
look_at_item (Found       *found,
              FpStoreTxn  *txn,
              gint64       id,
              GError     **error)
{
  g_autoptr(FpItem) item = fp_item_rows_get (txn, id, TRUE, error);
  g_autoptr(FpReceipt) receipt = NULL;
  g_autoptr(GString) hashes = g_string_new (NULL);
  gint64 size = 0;

  if (!item)
    return FALSE;
  receipt = fp_item_rows_get_receipt (txn, id, NULL);
  for (guint i = 0; i < item->parts->len; i++)
    {
      const FpItemPart *part = g_ptr_array_index (item->parts, i);
      g_autofree char *hash = part->data ? fp_sha256_of_bytes (part->data)
                                         : g_strdup (part->sha256);

      size += part->size;
      add_word (hashes, hash);
      if (part->sha256)
        check_blob (found, txn, item->uid, part->sha256, part->size);
    }
  if (size != item->body_size)
    add_problem (found, "%s: its parts have %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " bytes", item->uid, size,
                 item->body_size);
  g_string_append_printf (found->items, "%s\"%s\": [%" G_GINT64_FORMAT ", %d, %d, %d, [%s]]",
                          found->items->len ? ", " : "", item->uid, item->id, item->state, item->maybe_delivered,
                          receipt != NULL, hashes->str);

  return TRUE;
}

static gboolean
look_at_draft (Found       *found,
               FpStoreTxn  *txn,
               const char  *uid,
               GError     **error)
{
  g_autoptr(FpDraftRow) draft = fp_draft_rows_get (txn, uid, error);
  g_autoptr(GString) hashes = g_string_new (NULL);
  g_autofree char *instance = NULL;

  if (!draft)
    return FALSE;
  for (guint i = 0; i < draft->files->len; i++)
    {
      const FpDraftFile *file = g_ptr_array_index (draft->files, i);

      add_word (hashes, file->sha256);
      check_blob (found, txn, uid, file->sha256, file->size);
    }
  instance = g_base64_encode (g_bytes_get_data (draft->instance, NULL), g_bytes_get_size (draft->instance));
  g_string_append_printf (found->drafts, "%s\"%s\": [%" G_GINT64_FORMAT ", \"%s\", [%s]]",
                          found->drafts->len ? ", " : "", uid, draft->revision, instance, hashes->str);

  return TRUE;
}

/* One column of text. */
static gboolean
look_at_words (GString     *list,
               FpStoreTxn  *txn,
               const char  *sql,
               GError     **error)
{
  g_autoptr(FpStmt) stmt = fp_stmt_new (txn->db, sql, error);
  FpStep step = FP_STEP_ERROR;

  while (stmt && (step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    {
      g_autofree char *text = fp_stmt_dup_text (stmt, 0);
      g_autofree char *word = g_base64_encode ((const guchar *) text, strlen (text));

      add_word (list, word);
    }

  return step == FP_STEP_DONE;
}

static gpointer
look_func (FpStoreTxn  *txn,
           gpointer     data,
           GError     **error)
{
  FpItemQuery query = { .states = ~0u, .limit = 100000 };
  Found *found = data;
  g_autofree char *integrity = fp_db_dup_text (txn->db, "PRAGMA integrity_check(1)", error);
  gint64 strangers = 0;
  g_autoptr(GPtrArray) items = NULL;
  g_autoptr(GPtrArray) drafts = NULL;

  if (!integrity || !fp_db_get_int (txn->db, "SELECT count(*) FROM pragma_foreign_key_check", &strangers, error))
    return NULL;
  if (!g_str_equal (integrity, "ok") || strangers > 0)
    add_problem (found, "integrity: %s, %" G_GINT64_FORMAT " rows refer to nothing", integrity, strangers);

  items = fp_item_rows_list (txn, &query, error);
  for (guint i = 0; items && i < items->len; i++)
    if (!look_at_item (found, txn, ((FpItem *) g_ptr_array_index (items, i))->id, error))
      return NULL;
  drafts = items ? fp_draft_rows_list (txn, error) : NULL;
  for (guint i = 0; drafts && i < drafts->len; i++)
    if (!look_at_draft (found, txn, ((FpDraftRow *) g_ptr_array_index (drafts, i))->uid, error))
      return NULL;
  if (drafts && look_at_words (found->receipts, txn, "SELECT uid FROM receipt", error))
    look_at_words (found->events, txn, "SELECT data FROM event", error);

  return NULL;
}

/* A store that can be read only is not whole. */
static gpointer
write_func (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  fp_setting_rows_set (txn, "power-check", "1", error);

  return NULL;
}

static void
check (const char *folder,
       FpClock    *clock)
{
  FpStore *store = fp_store_new (folder, clock);
  Found found = { g_string_new (NULL), g_string_new (NULL), g_string_new (NULL), g_string_new (NULL),
                  g_string_new (NULL) };
  g_autoptr(GError) error = NULL;

  if (fp_test_store_try_open (store, &error))
    {
      fp_test_store_write (store, write_func, NULL, &error);
      if (!error)
        fp_test_store_read (store, look_func, &found, &error);
      if (error)
        add_problem (&found, "%s", error->message);
      fp_test_store_close (store);
    }
  else
    {
      add_problem (&found, "not opened: %s", error->message);
      fp_test_finalize (store);
    }

  printf ("{\"items\": {%s}, \"drafts\": {%s}, \"receipts\": [%s], \"events\": [%s], \"problems\": [%s]}\n",
          found.items->str, found.drafts->str, found.receipts->str, found.events->str, found.problems->str);
  fflush (stdout);
  g_string_free (found.items, TRUE);
  g_string_free (found.drafts, TRUE);
  g_string_free (found.receipts, TRUE);
  g_string_free (found.events, TRUE);
  g_string_free (found.problems, TRUE);
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr(FpClock) clock = fp_clock_new ();
  char line[4096];

  while (fgets (line, sizeof line, stdin))
    check (g_strchomp (line), clock);

  return 0;
}
