#include "config.h"

#include "receiver/fp-receiver-store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "base/fp-worker.h"
#include "receiver/fp-files.h"
#include "receiver/fp-receiver-error.h"
#include "receiver/fp-receiver-meta.h"

struct _FpReceiverStore
{
  GObject parent_instance;

  /* Owned. */
  char *folder;
  char *incoming;
  FpWorker *worker;
  GHashTable *index;   /* key -> FpReceiverEntry; the worker's alone once it runs */

  guint64 last_number; /* the worker's */
  gboolean dedupe;
  int lock;            /* .lock, held while the store is open; -1 = none */
  int count;           /* atomic */
};

G_DEFINE_FINAL_TYPE (FpReceiverStore, fp_receiver_store, G_TYPE_OBJECT)

void
fp_receiver_receipt_free (FpReceiverReceipt *receipt)
{
  g_free (receipt->folder);
  g_free (receipt);
}

static gboolean
take_lock (FpReceiverStore  *self,
           GError          **error)
{
  g_autofree char *path = g_build_filename (self->folder, ".lock", NULL);

  self->lock = g_open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (self->lock < 0)
    return fp_receiver_set_errno (error, errno, "open the lock file");
  if (flock (self->lock, LOCK_EX | LOCK_NB) != 0)
    {
      g_set_error (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_BUSY,
                   _("Another receiver uses the folder %s"), self->folder);
      return FALSE;
    }

  return TRUE;
}

/* What is in there was never answered for. */
static gboolean
clear_incoming (FpReceiverStore  *self,
                GError          **error)
{
  g_autoptr(GDir) dir = NULL;
  const char *name;

  if (g_mkdir (self->incoming, 0700) != 0 && errno != EEXIST)
    return fp_receiver_set_errno (error, errno, "create a folder");
  dir = g_dir_open (self->incoming, 0, NULL);
  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (self->incoming, name, NULL);

      fp_files_remove (path);
    }

  return TRUE;
}

static void
read_folder (FpReceiverStore *self,
             const char      *name)
{
  g_autofree char *path = g_build_filename (self->folder, name, FP_RECEIVER_META, NULL);
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;
  FpReceiverEntry *entry = NULL;
  guint64 number;

  /* The name counts also where the note is broken: a number is never given twice. */
  if (sscanf (name, "%*4u-%*2u-%*2u-%" G_GINT64_MODIFIER "u-", &number) == 1)
    self->last_number = MAX (self->last_number, number);
  if (g_file_get_contents (path, &text, NULL, &error))
    entry = fp_receiver_meta_read (text, name, &error);
  if (!entry)
    {
      g_message ("%s is left alone: %s", name, error->message);
      return;
    }

  self->count++;
  self->last_number = MAX (self->last_number, entry->number);
  if (entry->key && !g_hash_table_contains (self->index, entry->key))
    g_hash_table_insert (self->index, entry->key, entry);
  else
    fp_receiver_entry_free (entry);
}

static gboolean
read_index (FpReceiverStore  *self,
            GError          **error)
{
  g_autoptr(GError) lower = NULL;
  g_autoptr(GDir) dir = g_dir_open (self->folder, 0, &lower);
  const char *name;

  if (!dir)
    {
      g_set_error_literal (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_FAILED, lower->message);
      return FALSE;
    }
  while ((name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (self->folder, name, NULL);

      if (*name != '.' && g_file_test (path, G_FILE_TEST_IS_DIR))
        read_folder (self, name);
    }

  return TRUE;
}

/**
 * fp_receiver_store_open:
 * @folder: made where it does not exist; absolute
 * @dedupe: FALSE stores every arrival, also what was stored before
 *
 * Reads what is there. Blocks: call it before the main loop runs.
 *
 * Returns: (transfer full): the store; NULL with FP_RECEIVER_ERROR_BUSY where another process has it, otherwise
 *   with _FULL or _FAILED
 */
FpReceiverStore *
fp_receiver_store_open (const char  *folder,
                        gboolean     dedupe,
                        GError     **error)
{
  g_autoptr(FpReceiverStore) self = g_object_new (FP_TYPE_RECEIVER_STORE, NULL);

  self->folder = g_strdup (folder);
  self->incoming = g_build_filename (folder, ".incoming", NULL);
  self->dedupe = dedupe;
  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      fp_receiver_set_errno (error, errno, "create the folder");
      return NULL;
    }
  if (!take_lock (self, error) || !clear_incoming (self, error) || !read_index (self, error))
    return NULL;
  self->worker = fp_worker_new ("receiver-store");

  return g_steal_pointer (&self);
}

static FpReceiverReceipt *
make_receipt (FpReceiverStore   *self,
              FpReceiverOutcome  outcome,
              guint64            number,
              const char        *folder)
{
  FpReceiverReceipt *receipt = g_new0 (FpReceiverReceipt, 1);

  receipt->outcome = outcome;
  receipt->number = number;
  receipt->folder = g_build_filename (self->folder, folder, NULL);

  return receipt;
}

/* The folder gets its real name last of all: under that name it is whole. */
static FpReceiverReceipt *
store (FpReceiverStore  *self,
       FpArrival        *arrival,
       GError          **error)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *date = g_date_time_format (now, "%Y-%m-%d");
  g_autofree char *slug = fp_files_slug (arrival->openrosa ? arrival->form_id : arrival->path);
  guint64 number = self->last_number + 1;
  g_autofree char *name = g_strdup_printf ("%s-%06" G_GUINT64_FORMAT "-%s", date, number, slug);
  g_autofree char *path = g_build_filename (self->folder, name, NULL);
  g_autofree char *meta = g_build_filename (fp_arrival_get_folder (arrival), FP_RECEIVER_META, NULL);
  g_autofree char *text = fp_receiver_meta_write (arrival, number, now);
  FpReceiverEntry *entry;

  if (!fp_files_put (meta, text, error) || !fp_files_sync (fp_arrival_get_folder (arrival), error))
    return NULL;
  if (g_rename (fp_arrival_get_folder (arrival), path) != 0)
    {
      fp_receiver_set_errno (error, errno, "rename a folder");
      return NULL;
    }
  fp_arrival_release (arrival);
  /* From here on the arrival exists, also where the next line fails: it must be found by its key. */
  self->last_number = number;
  g_atomic_int_inc (&self->count);
  entry = fp_receiver_entry_new (number, name, arrival);
  if (entry->key && !g_hash_table_contains (self->index, entry->key))
    g_hash_table_insert (self->index, entry->key, entry);
  else
    fp_receiver_entry_free (entry);
  if (!fp_files_sync (self->folder, error))
    return NULL;

  return make_receipt (self, FP_RECEIVER_STORED, number, name);
}

/* The files of @arrival that @entry lacks; NULL with an error where one is there with other bytes. */
static GPtrArray *
find_missing (const FpReceiverEntry *entry,
              const FpArrival       *arrival,
              GError               **error)
{
  g_autoptr(GPtrArray) missing = g_ptr_array_new ();

  for (guint i = 0; i < arrival->files->len; i++)
    {
      FpArrivalFile *file = arrival->files->pdata[i];
      const char *sha256 = g_hash_table_lookup (entry->files, file->name);

      if (!sha256)
        g_ptr_array_add (missing, file);
      else if (strcmp (sha256, file->sha256) != 0)
        {
          g_set_error (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_CONFLICT,
                       _("“%s” of this submission is already stored with other content"), file->name);
          return NULL;
        }
    }

  return g_steal_pointer (&missing);
}

/* Two names of the sender can want one name on disk (".a" and "_a"), also in different requests. */
static gboolean
move_file (FpReceiverEntry  *entry,
           const char       *stage,
           const char       *folder,
           FpArrivalFile    *file,
           GError          **error)
{
  g_autofree char *from = g_build_filename (stage, file->file, NULL);
  char *name = fp_files_take_name (entry->names, file->file);
  g_autofree char *to = g_build_filename (folder, name, NULL);

  g_free (file->file);
  file->file = name;
  if (g_rename (from, to) != 0)
    return fp_receiver_set_errno (error, errno, "rename a file");

  return TRUE;
}

/* The files first, then the note that names them: a note never names what is not there. */
static gboolean
add_files (FpReceiverStore  *self,
           FpReceiverEntry  *entry,
           FpArrival        *arrival,
           GPtrArray        *missing,
           GError          **error)
{
  g_autofree char *folder = g_build_filename (self->folder, entry->folder, NULL);
  g_autofree char *meta = g_build_filename (folder, FP_RECEIVER_META, NULL);
  g_autofree char *next = g_build_filename (folder, FP_RECEIVER_META_NEW, NULL);
  g_autofree char *old = NULL;
  g_autofree char *text = NULL;

  for (guint i = 0; i < missing->len; i++)
    {
      if (!move_file (entry, fp_arrival_get_folder (arrival), folder, missing->pdata[i], error))
        return FALSE;
    }
  if (g_file_get_contents (meta, &old, NULL, NULL))
    text = fp_receiver_meta_extend (old, missing);
  if (!text)
    return fp_receiver_set_errno (error, ENOENT, "read a note");
  if (!fp_files_sync (folder, error) || !fp_files_put (next, text, error))
    return FALSE;
  if (g_rename (next, meta) != 0)
    return fp_receiver_set_errno (error, errno, "rename a note");
  for (guint i = 0; i < missing->len; i++)
    {
      FpArrivalFile *file = missing->pdata[i];

      g_hash_table_insert (entry->files, g_strdup (file->name), g_strdup (file->sha256));
    }

  return fp_files_sync (folder, error);
}

static FpReceiverReceipt *
recognise (FpReceiverStore  *self,
           FpReceiverEntry  *entry,
           FpArrival        *arrival,
           GError          **error)
{
  g_autoptr(GPtrArray) missing = NULL;

  if (strcmp (entry->sha256, arrival->sha256) != 0 && arrival->openrosa)
    {
      g_set_error_literal (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_CONFLICT,
                           _("A submission with this instanceID is already stored with other content"));
      return NULL;
    }
  if (strcmp (entry->sha256, arrival->sha256) != 0)
    {
      g_set_error_literal (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_KEY_REUSED,
                           _("This Idempotency-Key was used for another body"));
      return NULL;
    }
  /* "Known" promises as much as "stored", also where the sync behind the first answer had failed. */
  if (!fp_files_sync (self->folder, error))
    return NULL;
  if (!arrival->openrosa)
    return make_receipt (self, FP_RECEIVER_DUPLICATE, entry->number, entry->folder);

  if (!(missing = find_missing (entry, arrival, error)))
    return NULL;
  if (missing->len == 0)
    return make_receipt (self, FP_RECEIVER_DUPLICATE, entry->number, entry->folder);
  if (!add_files (self, entry, arrival, missing, error))
    return NULL;

  return make_receipt (self, FP_RECEIVER_ADDED, entry->number, entry->folder);
}

/* A folder that somebody took away is forgotten: what comes again is stored again. */
static FpReceiverEntry *
look_up (FpReceiverStore *self,
         FpArrival       *arrival)
{
  g_autofree char *key = self->dedupe ? fp_receiver_meta_key (arrival) : NULL;
  FpReceiverEntry *entry = key ? g_hash_table_lookup (self->index, key) : NULL;
  g_autofree char *path = NULL;

  if (!entry)
    return NULL;
  path = g_build_filename (self->folder, entry->folder, FP_RECEIVER_META, NULL);
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return entry;
  g_hash_table_remove (self->index, key);

  return NULL;
}

static void
add_on_worker (GTask        *task,
               gpointer      source,
               gpointer      data,
               GCancellable *cancellable)
{
  FpReceiverStore *self = source;
  FpArrival *arrival = data;
  FpReceiverEntry *entry = look_up (self, arrival);
  GError *error = NULL;
  FpReceiverReceipt *receipt = entry ? recognise (self, entry, arrival, &error)
                                     : store (self, arrival, &error);

  if (receipt)
    g_task_return_pointer (task, receipt, (GDestroyNotify) fp_receiver_receipt_free);
  else
    g_task_return_error (task, error);
}

/**
 * fp_receiver_store_add_async:
 * @arrival: (transfer none): complete; stays alive and untouched until the answer
 * @callback: (scope async): runs in the caller's thread-default main context
 *
 * Decides what an arrival is, and stores it where it is new. A receipt means that it survives a power cut.
 */
void
fp_receiver_store_add_async (FpReceiverStore     *self,
                             FpArrival           *arrival,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, fp_receiver_store_add_async);
  g_task_set_task_data (task, arrival, NULL);
  fp_worker_push (self->worker, task, add_on_worker);
}

/**
 * fp_receiver_store_add_finish:
 *
 * Returns: (transfer full): a receipt; NULL with FP_RECEIVER_ERROR_CONFLICT, _KEY_REUSED, _FULL or _FAILED
 */
FpReceiverReceipt *
fp_receiver_store_add_finish (FpReceiverStore  *self,
                              GAsyncResult     *result,
                              GError          **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

const char *
fp_receiver_store_get_incoming (FpReceiverStore *self)
{
  return self->incoming;
}

guint
fp_receiver_store_get_count (FpReceiverStore *self)
{
  return g_atomic_int_get (&self->count);
}

static void
fp_receiver_store_finalize (GObject *object)
{
  FpReceiverStore *self = FP_RECEIVER_STORE (object);

  g_clear_pointer (&self->worker, fp_worker_free);
  g_hash_table_unref (self->index);
  if (self->lock >= 0)
    close (self->lock);
  g_free (self->folder);
  g_free (self->incoming);

  G_OBJECT_CLASS (fp_receiver_store_parent_class)->finalize (object);
}

static void
fp_receiver_store_class_init (FpReceiverStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = fp_receiver_store_finalize;
}

static void
fp_receiver_store_init (FpReceiverStore *self)
{
  self->lock = -1;
  self->index = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                                       (GDestroyNotify) fp_receiver_entry_free);
}
