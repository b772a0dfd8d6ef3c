#include "config.h"

#include "store/fp-salvage-private.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fp-json.h"
#include "store/fp-files.h"
#include "store/fp-salvage.h"

/* Names the file of a part that was lost: no bytes have it, so that such an item can never be sent by mistake. */
#define LOST_SHA256 "0000000000000000000000000000000000000000000000000000000000000000"

#define UNSENT "state BETWEEN 1 AND 4"

/* Items of which bytes are missing. What is still being copied in has no size yet. */
#define INCOMPLETE                                                                                  \
  "id IN (SELECT id FROM item WHERE state <> 6 AND coalesce(hold, '') <> 'staging' AND body_size <>" \
  " (SELECT coalesce(sum(size), 0) FROM item_part WHERE item_part.item = item.id))"

/* Where nobody can tell whether a row is the newest, the server is to be asked again rather than the row believed. */
static const char *const doubt[] = {
  "UPDATE item SET maybe_delivered = 1 WHERE " UNSENT,
  "DELETE FROM draft WHERE uid IN (SELECT uid FROM item) OR uid IN (SELECT uid FROM receipt)",
};

static const char *const repairs[] = {
  /* Design 5.1: nobody sends now. */
  "UPDATE item SET state = 1, maybe_delivered = 1 WHERE state = 2",
  /* A receipt proves it; a sent item whose receipt is lost is sent all the same. */
  "UPDATE item SET state = 6, hold = NULL WHERE " UNSENT
  " AND EXISTS (SELECT 1 FROM receipt WHERE receipt.item = item.id AND receipt.uid = item.uid)",
  "INSERT INTO receipt (item, uid, instance_id, url, status, headers, body, time)"
  " SELECT id, uid, instance_id, url, status, '{}', NULL, changed FROM item"
  " WHERE state = 6 AND id NOT IN (SELECT item FROM receipt)",
  /* What a draft was begun with is lost: what was typed is not. */
  "INSERT INTO form (id, form_id, version, title, md5, server, submit_url, added, hidden, xml)"
  " SELECT DISTINCT form, 'lost-' || form, '', 'lost-' || form, '', NULL, NULL, 0, 1, x'' FROM draft"
  " WHERE form NOT IN (SELECT id FROM form)",
  "UPDATE item SET form = NULL WHERE form NOT IN (SELECT id FROM form)",
  "UPDATE form SET server = NULL WHERE server NOT IN (SELECT id FROM server)",
  "DELETE FROM draft_file WHERE draft NOT IN (SELECT id FROM draft)",
  "DELETE FROM item_part WHERE item NOT IN (SELECT id FROM item)",
  "UPDATE event SET item = NULL WHERE item NOT IN (SELECT id FROM item)",
  "UPDATE item SET waits_for = NULL, hold = NULL, state = CASE state WHEN 4 THEN 1 ELSE state END"
  " WHERE hold = 'after' AND waits_for NOT IN (SELECT id FROM item)",
  "INSERT OR IGNORE INTO blob (sha256, size) SELECT '" LOST_SHA256 "', 0 FROM item WHERE " INCOMPLETE " LIMIT 1",
  "UPDATE item SET state = 3, hold = NULL, reason_code = 'item-file-missing', reason = NULL"
  " WHERE " UNSENT " AND " INCOMPLETE,
  "INSERT INTO item_part (item, position, filename, sha256, size)"
  " SELECT id, (SELECT coalesce(max(position), -1) + 1 FROM item_part WHERE item_part.item = item.id), 'lost', '"
  LOST_SHA256 "', body_size - (SELECT coalesce(sum(size), 0) FROM item_part WHERE item_part.item = item.id)"
  " FROM item WHERE " INCOMPLETE,
  "UPDATE item_count SET n = (SELECT count(*) FROM item WHERE item.state = item_count.state)",
  "UPDATE event_count SET n = (SELECT count(*) FROM event WHERE item IS NULL)",
};

static gboolean
run (FpSalvage         *self,
     const char *const *statements,
     gsize              n,
     GError           **error)
{
  for (gsize i = 0; i < n; i++)
    if (!fp_db_exec (self->db, statements[i], error))
      return FALSE;

  return TRUE;
}

/* A reference to a file without a row: the row comes back, with the size of the file if that is there. */
static gboolean
register_blobs (FpSalvage *self,
                GError   **error)
{
  g_autoptr(FpStmt) stmt = NULL;
  FpStep step;

  stmt = fp_stmt_new (self->db,
                      "SELECT sha256, max(size) FROM (SELECT sha256, 0 AS size FROM draft_file UNION ALL"
                      " SELECT sha256, size FROM item_part WHERE sha256 IS NOT NULL)"
                      " WHERE length(sha256) = 64 AND sha256 NOT IN (SELECT sha256 FROM blob) GROUP BY sha256",
                      error);
  if (!stmt)
    return FALSE;
  while ((step = fp_stmt_step (stmt, error)) == FP_STEP_ROW)
    {
      g_autofree char *sha256 = fp_stmt_dup_text (stmt, 0);
      g_autofree char *path = g_build_filename (self->folder, "blobs", sha256, NULL);
      gint64 size = fp_stmt_get_int (stmt, 1);
      g_autoptr(FpStmt) row = NULL;
      struct stat file;

      if (size == 0 && stat (path, &file) == 0)
        size = file.st_size;
      row = fp_stmt_new (self->db, "INSERT OR IGNORE INTO blob (sha256, size) VALUES (?, ?)", error);
      if (!row)
        return FALSE;
      fp_stmt_bind_text (row, 1, sha256);
      fp_stmt_bind_int (row, 2, size);
      if (!fp_stmt_run (row, NULL, error))
        return FALSE;
    }

  return step == FP_STEP_DONE;
}

static gboolean
is_referred (FpSalvage  *self,
             const char *sha256)
{
  g_autoptr(FpStmt) stmt = NULL;

  stmt = fp_stmt_new (self->db,
                      "SELECT 1 WHERE EXISTS (SELECT 1 FROM draft_file WHERE sha256 = ?1)"
                      " OR EXISTS (SELECT 1 FROM item_part WHERE sha256 = ?1)",
                      NULL);
  if (!stmt)
    return TRUE;
  fp_stmt_bind_text (stmt, 1, sha256);

  return fp_stmt_step (stmt, NULL) != FP_STEP_DONE;
}

/* What referred to them may be among what was lost: clean-up must not have them. */
static gboolean
put_strays_aside (FpSalvage *self,
                  GError   **error)
{
  g_autofree char *folder = g_build_filename (self->folder, "blobs", NULL);
  g_autofree char *name = g_strconcat (self->aside, ".blobs", NULL);
  g_autofree char *aside = g_build_filename (self->folder, name, NULL);
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *file;

  while (dir && (file = g_dir_read_name (dir)))
    {
      g_autofree char *from = g_build_filename (folder, file, NULL);
      g_autofree char *to = g_build_filename (aside, file, NULL);

      if (strlen (file) != 64 || is_referred (self, file))
        continue;
      if (!fp_files_make_folder (aside, error))
        return FALSE;
      if (rename (from, to) < 0)
        {
          fp_store_set_errno (error, errno, "The file %s could not be put aside", from);
          return FALSE;
        }
    }

  return TRUE;
}

gboolean
_fp_salvage_repair (FpSalvage *self,
                    GError   **error)
{
  if (!self->certain && !run (self, doubt, G_N_ELEMENTS (doubt), error))
    return FALSE;

  return fp_db_get_int (self->db, "SELECT count(*) FROM item WHERE " INCOMPLETE, &self->incomplete, error)
         && run (self, repairs, G_N_ELEMENTS (repairs), error) && register_blobs (self, error)
         && put_strays_aside (self, error);
}

static gint64
count (FpSalvage  *self,
       const char *what)
{
  g_autofree char *sql = g_strconcat ("SELECT count(*) FROM ", what, NULL);
  gint64 n = 0;

  fp_db_get_int (self->db, sql, &n, NULL);
  return n;
}

/* Drafts that the index still names and the table has no more. */
static gint64
count_lost_drafts (FpSalvage *self)
{
  GHashTableIter iter;
  gpointer id;
  gint64 lost = 0;

  g_hash_table_iter_init (&iter, self->ids);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    {
      g_autoptr(FpStmt) stmt = fp_stmt_new (self->db, "SELECT 1 FROM draft WHERE id = ?", NULL);

      if (!stmt)
        continue;
      fp_stmt_bind_int (stmt, 1, *(gint64 *) id);
      lost += fp_stmt_step (stmt, NULL) == FP_STEP_DONE;
    }

  return lost;
}

gboolean
_fp_salvage_report (FpSalvage *self,
                    GError   **error)
{
  g_autofree char *text = NULL;
  g_autoptr(FpStmt) stmt = NULL;
  JsonObject *report = json_object_new ();
  gint64 unsent = count (self, "item WHERE " UNSENT);

  json_object_set_int_member (report, "time", self->now);
  json_object_set_string_member (report, "file", self->aside);
  json_object_set_int_member (report, "unsent", unsent);
  /* -1: nobody knows. */
  json_object_set_int_member (report, "unsent-lost", self->expected < 0 ? -1 : MAX (0, self->expected - unsent));
  json_object_set_int_member (report, "incomplete-lost", self->incomplete);
  json_object_set_int_member (report, "drafts", count (self, "draft WHERE discarded = 0"));
  json_object_set_int_member (report, "drafts-lost", count_lost_drafts (self));
  json_object_set_int_member (report, "forms", count (self, "form WHERE hidden = 0"));
  json_object_set_int_member (report, "receipts", count (self, "receipt"));
  text = fp_json_print_object (report, FALSE);

  stmt = fp_stmt_new (self->db, "INSERT OR REPLACE INTO meta (name, value) VALUES ('salvage', ?)", error);
  if (!stmt)
    return FALSE;
  fp_stmt_bind_text (stmt, 1, text);

  return fp_stmt_run (stmt, NULL, error);
}

static const char *const things[] = { "unsent", "incomplete", "drafts", "forms", "receipts" };

static char *
dup_count (gsize thing,
           int   n)
{
  switch (thing)
    {
    case 0:
      return g_strdup_printf (ngettext ("%d unsent item", "%d unsent items", (gulong) n), n);
    case 1:
      return g_strdup_printf (ngettext ("a part of %d item", "parts of %d items", (gulong) n), n);
    case 2:
      return g_strdup_printf (ngettext ("%d draft", "%d drafts", (gulong) n), n);
    case 3:
      return g_strdup_printf (ngettext ("%d form", "%d forms", (gulong) n), n);
    default:
      return g_strdup_printf (ngettext ("%d receipt", "%d receipts", (gulong) n), n);
    }
}

/* "3 unsent items, 1 draft": what @report says under the keys with this suffix. */
static char *
dup_counts (JsonObject *report,
            const char *suffix)
{
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func (g_free);

  for (gsize i = 0; i < G_N_ELEMENTS (things); i++)
    {
      g_autofree char *key = g_strconcat (things[i], suffix, NULL);
      gint64 n = fp_json_get_int (report, key, 0);

      if (n > 0)
        g_ptr_array_add (words, dup_count (i, (int) MIN (n, G_MAXINT)));
    }
  g_ptr_array_add (words, NULL);

  return g_strjoinv (", ", (char **) words->pdata);
}

char *
fp_salvage_dup_words (FpDb   *db,
                      gint64 *time)
{
  g_autofree char *text = fp_db_dup_text (db, "SELECT value FROM meta WHERE name = 'salvage'", NULL);
  g_autoptr(JsonNode) node = text ? fp_json_parse (text, -1, NULL) : NULL;
  g_autofree char *saved = NULL;
  g_autofree char *lost = NULL;
  g_autoptr(GDateTime) when = NULL;
  g_autofree char *date = NULL;
  JsonObject *report;

  if (!node || !JSON_NODE_HOLDS_OBJECT (node))
    return NULL;
  report = json_node_get_object (node);
  *time = fp_json_get_int (report, "time", 0);
  when = g_date_time_new_from_unix_local (*time / 1000);
  date = when ? g_date_time_format (when, "%c") : NULL;

  saved = dup_counts (report, "");
  lost = dup_counts (report, "-lost");

  return g_strdup_printf (_("The store was damaged and was repaired on %s. Saved: %s. Lost: %s. The damaged file is kept "
                            "as %s."),
                          date ? date : "?", *saved ? saved : _("nothing"),
                          *lost                                            ? lost
                          : fp_json_get_int (report, "unsent-lost", 0) < 0 ? _("nobody can tell")
                                                                           : _("nothing that is known of"),
                          fp_json_peek_string (report, "file"));
}
