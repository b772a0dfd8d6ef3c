#include "config.h"

#include "engine/fp-import-private.h"

#include <glib/gi18n.h>
#include <string.h>

#include "base/fp-worker.h"
#include "engine/fp-engine-private.h"
#include "store/fp-blob.h"

/* Items or drafts a transaction. */
#define PAGE 64
/* Larger parts, and every attached file, become blobs. */
#define INLINE_MAX (64 * 1024)

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->folder);
  g_clear_pointer (&entry->item, fp_incoming_item_free);
  g_clear_pointer (&entry->draft, fp_incoming_draft_free);
  g_free (entry);
}

static void
wanted_free (gpointer data)
{
  Wanted *wanted = data;

  g_free (wanted->path);
  g_free (wanted);
}

static void
import_free (gpointer data)
{
  Import *import = data;

  g_free (import->folder);
  g_clear_pointer (&import->in, fp_transfer_in_free);
  g_hash_table_unref (import->forms);
  g_hash_table_unref (import->accounts);
  g_ptr_array_unref (import->page);
  g_ptr_array_unref (import->wanted);
  g_free (import->count);
  g_free (import);
}

static void read_page (GTask *task);

/* Writing a page. */

static void
page_written_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Import *import = g_task_get_task_data (task);
  GError *error = NULL;

  if (!_fp_engine_finish (FP_ENGINE (source), result, &error))
    g_task_return_error (task, error);
  else if (import->more)
    read_page (g_steal_pointer (&task));
  else
    g_task_return_pointer (task, g_steal_pointer (&import->count), g_free);
}

/* Accounts: whether the keyring here has what the export only names. */

static void next_account (GTask *task);

static void
looked_up_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Import *import = g_task_get_task_data (task);
  Entry *entry = g_ptr_array_index (import->page, import->at++);
  const FpItem *item = entry->item->item;
  g_autoptr(GError) error = NULL;
  g_autofree char *secret = fp_secrets_lookup_finish (FP_SECRETS (source), result, &error);

  /* A keyring that is locked or does not answer is the sender's to tell. */
  entry->account = g_error_matches (error, FP_SECRET_ERROR, FP_SECRET_ERROR_NOT_FOUND)
                   || g_error_matches (error, FP_SECRET_ERROR, FP_SECRET_ERROR_ORIGIN);
  g_hash_table_insert (import->accounts, g_strdup_printf ("%s\n%s", item->secret_id, item->host),
                       GINT_TO_POINTER (entry->account));
  next_account (g_steal_pointer (&task));
}

/* Takes @task. */
static void
next_account (GTask *task)
{
  FpEngine *self = g_task_get_source_object (task);
  Import *import = g_task_get_task_data (task);

  for (; import->at < import->page->len; import->at++)
    {
      Entry *entry = g_ptr_array_index (import->page, import->at);
      const FpItem *item = entry->item ? entry->item->item : NULL;
      g_autofree char *key = NULL;
      gpointer missing;

      if (!item || !item->secret_id || entry->known)
        continue;
      key = g_strdup_printf ("%s\n%s", item->secret_id, item->host);
      if (!g_hash_table_lookup_extended (import->accounts, key, NULL, &missing))
        {
          fp_secrets_lookup_async (self->secrets, item->secret_id, item->host, NULL, looked_up_cb, task);
          return;
        }
      entry->account = GPOINTER_TO_INT (missing);
    }
  _fp_engine_write (self, fp_engine_import_async, _fp_import_write_page, import, NULL, NULL, g_task_get_cancellable (task),
                    page_written_cb, task);
}

/* Files. */

static void next_file (GTask *task);

static void
file_imported_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Import *import = g_task_get_task_data (task);
  Wanted *wanted = g_ptr_array_index (import->wanted, import->at++);
  GError *error = NULL;
  g_autoptr(FpBlob) blob = fp_blob_import_finish (FP_STORE (source), result, &error);

  if (blob && g_strcmp0 (blob->sha256, wanted->sha256) != 0)
    g_set_error (&error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED, _("%s: changed while it was imported"), wanted->path);
  if (error)
    g_task_return_error (task, error);
  else
    next_file (g_steal_pointer (&task));
}

/* Takes @task. */
static void
next_file (GTask *task)
{
  FpEngine *self = g_task_get_source_object (task);
  Import *import = g_task_get_task_data (task);
  g_autoptr(GInputStream) stream = NULL;
  GError *error = NULL;

  if (import->at == import->wanted->len)
    {
      import->at = 0;
      next_account (task);
      return;
    }
  stream = fp_transfer_in_open (import->in, ((Wanted *) g_ptr_array_index (import->wanted, import->at))->path, &error);
  if (stream)
    {
      fp_blob_import_async (self->store, stream, g_task_get_cancellable (task), file_imported_cb, task);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

static void
want (Import      *import,
      const Entry *entry,
      const char  *file,
      char        *sha256)
{
  Wanted *wanted = g_new0 (Wanted, 1);

  wanted->path = g_strdup_printf ("%s/%s", entry->folder, file);
  wanted->sha256 = sha256;
  g_ptr_array_add (import->wanted, wanted);
}

/* Reading a page. */

static gboolean
take_small_part (Import      *import,
                 Entry       *entry,
                 guint        i,
                 GError     **error)
{
  FpItemPart *part = g_ptr_array_index (entry->item->item->parts, i);
  g_autofree char *path = g_strdup_printf ("%s/%s", entry->folder,
                                           (const char *) g_ptr_array_index (entry->item->files, i));

  part->data = fp_transfer_in_read (import->in, path, INLINE_MAX, part->sha256, error);
  g_clear_pointer (&part->sha256, g_free);

  return part->data != NULL;
}

static gboolean
take_parts (Import  *import,
            Entry   *entry,
            GError **error)
{
  for (guint i = 0; i < entry->item->item->parts->len; i++)
    {
      FpItemPart *part = g_ptr_array_index (entry->item->item->parts, i);

      /* The first is the submission itself; the others are attached files. */
      if (part->size > INLINE_MAX || (part->filename && i > 0))
        want (import, entry, g_ptr_array_index (entry->item->files, i), part->sha256);
      else if (!take_small_part (import, entry, i, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
take_files (Import  *import,
            GError **error)
{
  for (guint i = 0; i < import->page->len; i++)
    {
      Entry *entry = g_ptr_array_index (import->page, i);

      if (entry->known)
        continue;
      if (entry->item && !take_parts (import, entry, error))
        return FALSE;
      for (guint j = 0; entry->draft && j < entry->draft->files->len; j++)
        want (import, entry, g_ptr_array_index (entry->draft->files, j),
              ((FpDraftFile *) g_ptr_array_index (entry->draft->row->files, j))->sha256);
    }

  return TRUE;
}

/* What is known here already is not copied for nothing; of the others the small files are read at once. */
static gpointer
look_over (FpStoreTxn  *txn,
               gpointer     data,
               GError     **error)
{
  Import *import = data;

  for (guint i = 0; i < import->page->len; i++)
    {
      Entry *entry = g_ptr_array_index (import->page, i);
      const char *uid = entry->item ? entry->item->item->uid : entry->draft->row->uid;
      g_autoptr(FpDraftRow) draft = entry->draft ? fp_draft_rows_get (txn, uid, NULL) : NULL;

      entry->known = _fp_import_find_uid (txn, uid) || fp_transfer_rows_is_done (txn, uid) || draft;
    }

  return take_files (import, error) ? _FP_ENGINE_DONE : NULL;
}

static void
known_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Import *import = g_task_get_task_data (task);
  GError *error = NULL;

  if (!_fp_engine_finish (FP_ENGINE (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  import->at = 0;
  next_file (g_steal_pointer (&task));
}

static Entry *
read_entry (Import          *import,
            FpTransferKind   kind,
            const char      *path,
            const char      *sha256,
            GError         **error)
{
  g_autoptr(GBytes) json = fp_transfer_in_read (import->in, path, FP_TRANSFER_JSON_MAX, sha256, error);
  Entry *entry = g_new0 (Entry, 1);

  fp_transfer_kind_of (path, &entry->folder);
  if (json && kind == FP_TRANSFER_ITEM)
    entry->item = fp_transfer_item_from_json (json, error);
  else if (json)
    entry->draft = fp_transfer_draft_from_json (json, error);
  if (entry->item)
    _fp_import_own_key (import, &entry->item->item->secret_id);
  if (entry->draft)
    {
      g_autofree char *instance = g_strdup_printf ("%s/instance.xml", entry->folder);

      entry->draft->row->instance = fp_transfer_in_read (import->in, instance, FP_TRANSFER_XML_MAX, NULL, error);
    }
  if (entry->item || (entry->draft && entry->draft->row->instance))
    return entry;

  entry_free (entry);
  return NULL;
}

/* On a thread of the pool. */
static void
read_page_thread (GTask        *task,
                  gpointer      source,
                  gpointer      data,
                  GCancellable *cancellable)
{
  Import *import = *(Import **) data;
  GError *error = NULL;

  g_ptr_array_set_size (import->page, 0);
  g_ptr_array_set_size (import->wanted, 0);
  import->more = FALSE;
  while (!error && import->page->len < PAGE)
    {
      g_autofree char *path = NULL;
      g_autofree char *sha256 = NULL;
      g_autofree char *folder = NULL;
      FpTransferKind kind;
      Entry *entry;

      if (!fp_transfer_in_next (import->in, &path, &sha256, &error))
        break;
      kind = fp_transfer_kind_of (path, &folder);
      if (kind != FP_TRANSFER_ITEM && kind != FP_TRANSFER_DRAFT)
        continue;
      entry = read_entry (import, kind, path, sha256, &error);
      if (entry)
        g_ptr_array_add (import->page, entry);
      import->more = import->page->len == PAGE;
    }
  if (error)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
page_read_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autoptr(GTask) task = user_data;
  Import *import = g_task_get_task_data (task);
  GError *error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    _fp_engine_read (self, fp_engine_import_async, look_over, import, NULL, NULL, NULL, known_cb,
                     g_object_ref (task));
  else
    g_task_return_error (task, error);
}

/* Runs @func on the pool; its task data is a pointer to the Import, which @task keeps alive. */
static void
push (GTask               *task,
      GTaskThreadFunc      func,
      GAsyncReadyCallback  callback)
{
  GTask *job = g_task_new (g_task_get_source_object (task), g_task_get_cancellable (task), callback, task);
  Import *import = g_task_get_task_data (task);

  g_task_set_task_data (job, g_memdup2 (&import, sizeof import), g_free);
  fp_pool_push (job, func);
  g_object_unref (job);
}

/* Takes @task. */
static void
read_page (GTask *task)
{
  push (task, read_page_thread, page_read_cb);
}

/* Forms, before what was begun with them. */

/* The server with the address and the user; added where there is none. 0 without error: @home is NULL. */
static gint64
find_home (FpStoreTxn   *txn,
           FpServerRow  *home,
           GError      **error)
{
  g_autoptr(GPtrArray) servers = home ? fp_server_rows_list (txn, error) : NULL;

  for (guint i = 0; servers && i < servers->len; i++)
    {
      const FpServerRow *server = g_ptr_array_index (servers, i);

      if (g_strcmp0 (server->url, home->url) == 0 && g_strcmp0 (server->user, home->user) == 0)
        return server->id;
    }
  if (!servers || !fp_server_rows_add (txn, home, error))
    return 0;

  return home->id;
}

/* A tag that is known here keeps its settings. */
static gboolean
write_tags (FpStoreTxn  *txn,
            Import      *import,
            const char  *path,
            const char  *sha256,
            GError     **error)
{
  g_autoptr(GBytes) json = fp_transfer_in_read (import->in, path, FP_TRANSFER_JSON_MAX, sha256, error);
  g_autoptr(GPtrArray) tags = json ? fp_transfer_tags_from_json (json, error) : NULL;

  for (guint i = 0; tags && i < tags->len; i++)
    {
      FpTagRow *row = g_ptr_array_index (tags, i);
      g_autoptr(FpTagRow) here = fp_tag_rows_get (txn, row->name, NULL);

      row->added = fp_store_txn_get_now (txn);
      _fp_import_own_key (import, &row->secret_id);
      if (!here && !fp_tag_rows_set (txn, row, error))
        return FALSE;
      import->count->tags += !here;
    }

  return tags != NULL;
}

/* And tags of events. */
static gpointer
write_forms (FpStoreTxn  *txn,
             gpointer     data,
             GError     **error)
{
  Import *import = data;
  GError *local = NULL;

  for (;;)
    {
      g_autofree char *path = NULL;
      g_autofree char *sha256 = NULL;
      g_autofree char *folder = NULL;
      g_autoptr(FpFormRow) row = fp_form_row_new ();
      g_autoptr(FpServerRow) home = NULL;
      g_autoptr(GBytes) xml = NULL;
      FpTransferKind kind;
      gint64 number;

      if (!fp_transfer_in_next (import->in, &path, &sha256, &local))
        break;
      kind = fp_transfer_kind_of (path, &folder);
      if (kind == FP_TRANSFER_TAGS && !write_tags (txn, import, path, sha256, &local))
        break;
      if (kind != FP_TRANSFER_FORM)
        continue;
      number = g_ascii_strtoll (folder + strlen ("forms/"), NULL, 10);
      xml = fp_transfer_read_form (import->in, folder, sha256, row, &home, &local);
      if (home)
        _fp_import_own_key (import, &home->secret_id);
      row->server = xml ? find_home (txn, home, &local) : 0;
      if (local || !fp_transfer_rows_add_form (txn, row, xml, &local))
        break;
      g_hash_table_insert (import->forms, g_memdup2 (&number, sizeof number), g_memdup2 (&row->id, sizeof row->id));
      import->count->forms++;
    }
  if (!local && fp_transfer_in_rewind (import->in, &local))
    return _FP_ENGINE_DONE;
  g_propagate_error (error, local);

  return NULL;
}

static void
forms_written_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;

  if (_fp_engine_finish (FP_ENGINE (source), result, &error))
    read_page (g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

/* Everything is read and checked before the first change; on a thread of the pool. */
static void
check_thread (GTask        *task,
              gpointer      source,
              gpointer      data,
              GCancellable *cancellable)
{
  Import *import = *(Import **) data;
  FpEngine *self = source;
  GError *error = NULL;
  gboolean ok;

  import->in = fp_transfer_in_new (import->folder, &error);
  import->own = import->in && g_str_equal (fp_transfer_in_get_manifest (import->in)->store_id,
                                           fp_store_get_id (self->store));
  ok = import->in && fp_transfer_check (import->in, &error) && fp_transfer_in_rewind (import->in, &error);
  if (ok && fp_transfer_in_get_manifest (import->in)->moved)
    ok = fp_transfer_in_take (import->in, fp_store_get_id (self->store), &error);
  if (ok)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
checked_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autoptr(GTask) task = user_data;
  Import *import = g_task_get_task_data (task);
  GError *error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    _fp_engine_write (self, fp_engine_import_async, write_forms, import, NULL, NULL, NULL, forms_written_cb,
                      g_object_ref (task));
  else
    g_task_return_error (task, error);
}

/**
 * fp_engine_import_async:
 * @folder: of an export
 * @send: a copy is sent from here, too; otherwise its items are held
 *
 * Takes an export over. First all of it is read and checked, and nothing is changed if anything is wrong with it. Then
 * forms, then items and drafts page by page; broken off, the same call goes on. What is known here by its uid, or was
 * sent from here, is left as it is; what was moved from here comes back. A move is imported by one store only.
 *
 * Errors: FP_ENGINE_ERROR_REFUSED in words; those of the disk and of the store.
 */
void
fp_engine_import_async (FpEngine            *self,
                        const char          *folder,
                        gboolean             send,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Import *import = g_new0 (Import, 1);

  import->folder = g_canonicalize_filename (folder, NULL);
  import->send = send;
  import->forms = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  import->accounts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  import->page = g_ptr_array_new_with_free_func (entry_free);
  import->wanted = g_ptr_array_new_with_free_func (wanted_free);
  import->count = g_new0 (FpTransferCount, 1);
  g_task_set_source_tag (task, fp_engine_import_async);
  g_task_set_task_data (task, import, import_free);
  push (task, check_thread, checked_cb);
}

FpTransferCount *
fp_engine_import_finish (FpEngine      *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  return _fp_engine_finish (self, result, error);
}
