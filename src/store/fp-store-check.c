#include "store/fp-database.h"
#include "store/fp-mark.h"
#include "store/fp-store-private.h"

/* SQLite's steps between two looks at whether the store is being closed: about a millisecond. */
#define STEPS 20000
#define INTERRUPT_EVERY_US 500

/* Smaller ones are looked at before they are sent. */
#define LARGE_BYTES (1024 * 1024)

static gboolean
is_stopped (const gint *stop)
{
  return stop && g_atomic_int_get (stop);
}

/* Notes what was found for the next start. (transfer full) (nullable): the damage. The whole check, not the quick one:
 * a damaged index hides rows as well as a damaged table. @stop: (nullable) */
static char *
check (FpDb        *db,
       const gint  *stop,
       GError     **error)
{
  g_autofree char *found = fp_db_dup_text (db, "PRAGMA integrity_check(1)", error);
  FpMark mark = fp_mark_get (db->folder, NULL);

  /* Interrupted, it has not looked everywhere, and what it then says is worth nothing. */
  if (!found || is_stopped (stop))
    return NULL;
  if (!g_str_equal (found, "ok"))
    {
      if (mark < FP_MARK_DAMAGED)
        fp_mark_set (db->folder, FP_MARK_DAMAGED, NULL, NULL);
      return g_steal_pointer (&found);
    }
  if (mark == FP_MARK_UNCLEAN)
    fp_mark_set (db->folder, FP_MARK_NONE, NULL, NULL);

  return NULL;
}

/**
 * fp_store_check:
 *
 * Lets SQLite look through the file: pages, indexes, constraints; some ten seconds a gigabyte. For a read transaction.
 *
 * Returns: (transfer full) (nullable): the first thing that is wrong; NULL without error if nothing is
 */
char *
fp_store_check (FpStoreTxn *txn,
                GError    **error)
{
  g_return_val_if_fail (txn, NULL);

  return check (txn->db, NULL, error);
}

static int
is_stopped_cb (void *data)
{
  return is_stopped (data);
}

static void
look_through (FpStore *self,
              FpDb    *db)
{
  g_autofree char *found = NULL;
  g_autofree char *file = NULL;

  /* Before the look at the rows, which notes that all was looked at. */
  file = _fp_blob_verify (db, LARGE_BYTES, &self->stop_check, NULL);
  if (file)
    g_message ("A stored file was damaged on the disk and is put aside: blobs/%s", file);
  if (is_stopped (&self->stop_check))
    return;
  sqlite3_progress_handler (db->handle, STEPS, is_stopped_cb, &self->stop_check);
  found = check (db, &self->stop_check, NULL);
  if (found)
    g_message ("The store is damaged; it is repaired when nobody uses it and it is opened again: %s", found);
}

static void
set_checking (FpStore *self,
              sqlite3 *handle)
{
  g_mutex_lock (&self->check_lock);
  self->checking = handle;
  g_mutex_unlock (&self->check_lock);
}

/* With a connection of its own: neither a read nor a write waits for it. */
static gpointer
check_thread (gpointer data)
{
  FpStore *self = data;
  g_autoptr(FpDb) db = fp_database_open (self->folder, FP_DATABASE_READER, FALSE, NULL);

  if (!db)
    return NULL;
  set_checking (self, db->handle);
  look_through (self, db);
  set_checking (self, NULL);

  return NULL;
}

/* FALSE: there is nothing to interrupt. */
static gboolean
interrupt (FpStore *self)
{
  gboolean is_checking;

  g_mutex_lock (&self->check_lock);
  is_checking = self->checking != NULL;
  if (is_checking)
    sqlite3_interrupt (self->checking);
  g_mutex_unlock (&self->check_lock);

  return is_checking;
}

void
_fp_store_start_check (FpStore *self)
{
  if (fp_mark_get (self->folder, NULL) != FP_MARK_UNCLEAN)
    return;

  g_atomic_int_set (&self->stop_check, FALSE);
  self->check = g_thread_new ("fp-check", check_thread, self);
}

void
_fp_store_stop_check (FpStore *self)
{
  g_atomic_int_set (&self->stop_check, TRUE);
  if (!self->check)
    return;

  /* The pages of a file are one step, during which nobody is asked; an interrupt that comes before it is not heard. */
  while (interrupt (self))
    g_usleep (INTERRUPT_EVERY_US);
  g_thread_join (g_steal_pointer (&self->check));
}
