#include "config.h"

#include "cli/fp-cli-doctor-private.h"

#include <glib/gi18n.h>
#include <sys/statvfs.h>

#include "engine/fp-engine-periodic.h"
#include "engine/fp-engine-tags.h"
#include "store/fp-blob.h"

/* The sender claims nothing below it (design 5.1). */
#define SPACE_FAIL (16 * G_GINT64_CONSTANT (1048576))
#define SPACE_WARN (256 * G_GINT64_CONSTANT (1048576))

static gpointer
check_file (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  return fp_store_check (txn, error);
}

static gpointer
write_nothing (FpStoreTxn  *txn,
               gpointer     data,
               GError     **error)
{
  return NULL;
}

void
_fp_doctor_look_at_file (FpDoctor *doctor)
{
  FpStore *store = fp_engine_get_store (doctor->cli->engine);
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(GError) error = NULL;
  g_autofree char *damage = NULL;

  fp_store_read_async (store, check_file, NULL, NULL, g_free, NULL, fp_cli_await_cb, &await);
  damage = fp_store_read_finish (store, fp_cli_wait (&await), &error);
  g_clear_object (&await.result);
  if (damage || error)
    {
      _fp_doctor_tell (doctor, "store", FP_DOCTOR_FAIL,
                       _("the file in %s is damaged; it is repaired when every program of Fieldpost was closed and "
                         "one is started again: %s"),
                       fp_store_get_folder (store), damage ? damage : error->message);
      doctor->code = FP_EXIT_STORE;
      return;
    }

  fp_store_write_async (store, write_nothing, NULL, NULL, NULL, NULL, fp_cli_await_cb, &await);
  fp_store_write_finish (store, fp_cli_wait (&await), &error);
  if (error)
    {
      _fp_doctor_tell (doctor, "store", FP_DOCTOR_FAIL,
                       _("%s cannot be written: %s"), fp_store_get_folder (store), error->message);
      doctor->code = FP_EXIT_STORE;
      return;
    }
  if (fp_store_get_warning (store))
    _fp_doctor_tell (doctor, "store", FP_DOCTOR_WARN, "%s", fp_store_get_warning (store));
  else
    _fp_doctor_tell (doctor, "store", FP_DOCTOR_OK, _("%s is whole and can be written"), fp_store_get_folder (store));
}

static gpointer
verify_files (FpStoreTxn  *txn,
              gpointer     data,
              GError     **error)
{
  return fp_blob_verify (txn, error);
}

void
_fp_doctor_look_at_attachments (FpDoctor *doctor)
{
  FpStore *store = fp_engine_get_store (doctor->cli->engine);
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(GError) error = NULL;
  g_autofree char *damaged = NULL;

  fp_store_read_async (store, verify_files, NULL, NULL, g_free, NULL, fp_cli_await_cb, &await);
  damaged = fp_store_read_finish (store, fp_cli_wait (&await), &error);
  if (!damaged && !error)
    return;

  _fp_doctor_tell (doctor, "files", FP_DOCTOR_FAIL, _("%s in %s is damaged and is not sent: attach the file again"),
                   damaged ? damaged : error->message, fp_store_get_folder (store));
  doctor->code = FP_EXIT_STORE;
}

static gpointer
count_foreign (FpStoreTxn  *txn,
               gpointer     data,
               GError     **error)
{
  return GUINT_TO_POINTER (fp_item_rows_count_held (txn, "machine", error));
}

/* What became of the store: a repair, and a copy of another machine's. */
void
_fp_doctor_look_at_history (FpDoctor *doctor)
{
  FpStore *store = fp_engine_get_store (doctor->cli->engine);
  g_auto(FpCliAwait) await = { NULL };
  guint foreign;

  if (fp_store_get_repair (store, NULL))
    _fp_doctor_tell (doctor, "repair", FP_DOCTOR_WARN, "%s", fp_store_get_repair (store, NULL));

  fp_store_read_async (store, count_foreign, NULL, NULL, NULL, NULL, fp_cli_await_cb, &await);
  foreign = GPOINTER_TO_UINT (fp_store_read_finish (store, fp_cli_wait (&await), NULL));
  if (foreign > 0)
    _fp_doctor_tell (doctor, "machine", FP_DOCTOR_WARN,
                     ngettext ("%u item came with the store from another computer, which may send it too, and is "
                               "held; “fieldpostctl release --all --reason machine” sends it from here",
                               "%u items came with the store from another computer, which may send them too, and are "
                               "held; “fieldpostctl release --all --reason machine” sends them from here", foreign),
                     foreign);
}

static void
look_at_events (FpDoctor *doctor)
{
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(FpTagList) list = NULL;
  guint sum = 0;

  fp_engine_list_tags_async (doctor->cli->engine, NULL, fp_cli_await_cb, &await);
  list = fp_engine_list_tags_finish (doctor->cli->engine, fp_cli_wait (&await), NULL);
  for (guint i = 0; list && i < list->tags->len; i++)
    {
      const FpTagRow *tag = g_ptr_array_index (list->tags, i);

      sum += tag->events;
      if (tag->events > 0)
        _fp_doctor_tell (doctor, "events", FP_DOCTOR_WARN,
                         ngettext ("%u of the tag “%s” was not sent yet; “fieldpostctl sync” sends it, or says what "
                                   "stops it",
                                   "%u of the tag “%s” were not sent yet; “fieldpostctl sync” sends them, or says "
                                   "what stops it",
                                   tag->events), tag->events, tag->name);
    }
  if (list && sum == 0)
    _fp_doctor_tell (doctor, "events", FP_DOCTOR_OK, _("none waits"));
}

/* What does not go by itself. */
void
_fp_doctor_look_at_outbox (FpDoctor *doctor)
{
  const FpItemCounts *counts = fp_agent_client_get_status (doctor->cli->client)->counts;

  if (counts->failed > 0)
    _fp_doctor_tell (doctor, "failed", FP_DOCTOR_WARN,
                     ngettext ("%u could not be sent: “fieldpostctl list --state failed” says why",
                               "%u could not be sent: “fieldpostctl list --state failed” says why", counts->failed),
                     counts->failed);
  else
    _fp_doctor_tell (doctor, "failed", FP_DOCTOR_OK, _("nothing has failed"));

  if (counts->held > 0)
    _fp_doctor_tell (doctor, "held", FP_DOCTOR_WARN,
                     ngettext ("%u is held back: “fieldpostctl list --state held” says why, “release” sends it",
                               "%u are held back: “fieldpostctl list --state held” says why, “release” sends them",
                               counts->held), counts->held);
  else
    _fp_doctor_tell (doctor, "held", FP_DOCTOR_OK, _("nothing is held back"));
  if (counts->moved > 0)
    _fp_doctor_tell (doctor, "moved", FP_DOCTOR_OK,
                     ngettext ("%u was moved to another place and is kept here; “discard” ends that",
                               "%u were moved to another place and are kept here; “discard” ends that", counts->moved),
                     counts->moved);
  look_at_events (doctor);
}

void
_fp_doctor_look_at_space (FpDoctor *doctor)
{
  FpStore *store = fp_engine_get_store (doctor->cli->engine);
  struct statvfs file_system;
  g_autofree char *size = NULL;
  gint64 free_bytes;

  if (statvfs (fp_store_get_folder (store), &file_system) != 0)
    return;

  free_bytes = (gint64) file_system.f_bavail * (gint64) file_system.f_frsize;
  size = g_format_size (free_bytes);
  if (free_bytes < SPACE_FAIL)
    {
      _fp_doctor_tell (doctor, "space", FP_DOCTOR_FAIL,
                       _("only %s are free: nothing is sent before there is room for receipts"), size);
      doctor->code = FP_EXIT_STORE;
    }
  else if (free_bytes < SPACE_WARN)
    {
      _fp_doctor_tell (doctor, "space", FP_DOCTOR_WARN, _("only %s are free"), size);
    }
  else
    {
      _fp_doctor_tell (doctor, "space", FP_DOCTOR_OK, _("%s are free"), size);
    }
}

void
_fp_doctor_look_at_clean_up (FpDoctor *doctor)
{
  g_auto(FpCliAwait) await = { NULL };
  g_autoptr(FpPeriodicList) list = NULL;

  fp_engine_list_periodic_async (doctor->cli->engine, NULL, fp_cli_await_cb, &await);
  list = fp_engine_list_periodic_finish (doctor->cli->engine, fp_cli_wait (&await), NULL);
  for (guint i = 0; list && i < list->jobs->len; i++)
    {
      const FpPeriodicRow *row = g_ptr_array_index (list->jobs, i);
      g_autofree char *when = fp_time_dup_words (row->last_run);

      if (!g_str_equal (row->name, FP_PERIODIC_CLEAN_UP))
        continue;
      if (row->last_run == 0)
        _fp_doctor_tell (doctor, "clean-up", FP_DOCTOR_OK,
                         _("what is old was never cleaned up; the agent does it once a day"));
      else if (row->last_result)
        _fp_doctor_tell (doctor, "clean-up", FP_DOCTOR_WARN,
                         _("the last one, %s, failed: %s"), when, row->last_result);
      else
        _fp_doctor_tell (doctor, "clean-up", FP_DOCTOR_OK, _("the last one was %s"), when);
    }
}
