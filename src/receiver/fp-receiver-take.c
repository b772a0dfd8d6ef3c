#include "config.h"

#include "receiver/fp-receiver-private.h"

#include <glib/gi18n.h>

#include "base/fp-worker.h"
#include "receiver/fp-receiver-forms.h"
#include "receiver/fp-receiver-log.h"
#include "receiver/fp-receiver-page.h"

/* Tells the log, and makes the answer that is due. */
static void
finish (FpReceiver        *self,
        FpReceiverUpload  *upload,
        FpReceiverReceipt *receipt,
        const GError      *error)
{
  const char *thanks = _("Stored. Thank you.");
  gboolean again = receipt && receipt->outcome != FP_RECEIVER_STORED;

  if (error)
    _fp_receiver_emit (self, fp_receiver_log_refusal (upload->arrival, error, self->json), FALSE);
  else
    _fp_receiver_emit (self, fp_receiver_log_arrival (upload->arrival, receipt, self->json), FALSE);
  if (upload->gone)
    return;

  if (error)
    _fp_receiver_refuse (self, upload->message, error);
  else if (upload->arrival->openrosa)
    _fp_receiver_answer (self, upload->message, SOUP_STATUS_CREATED, "text/xml; charset=utf-8",
                         fp_receiver_page_openrosa ("submit_success",
                                                    again ? _("Already stored. Thank you.") : thanks));
  else
    _fp_receiver_answer (self, upload->message, SOUP_STATUS_CREATED, "application/json",
                         fp_receiver_page_stored (receipt->number, receipt->folder, again));
}

static void
stored_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  FpReceiver *self = g_task_get_source_object (task);
  FpReceiverUpload *upload = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;
  g_autoptr(FpReceiverReceipt) receipt = fp_receiver_store_add_finish (FP_RECEIVER_STORE (source), result,
                                                                       &error);

  self->busy--;
  finish (self, upload, receipt, error);
  _fp_receiver_end (self, upload->message, error ? NULL : upload->fault);
}

/* The request is whole and right; the script may want otherwise. */
static void
go_on (GTask *task)
{
  FpReceiver *self = g_task_get_source_object (task);
  FpReceiverUpload *upload = g_task_get_task_data (task);

  if (upload->fault && _fp_fault_replaces (upload->fault))
    {
      _fp_receiver_end (self, upload->message, upload->fault);
      return;
    }
  self->busy++;
  fp_receiver_store_add_async (self->store, upload->arrival, stored_cb, g_object_ref (task));
}

static gboolean
waited_cb (gpointer user_data)
{
  go_on (user_data);
  return G_SOURCE_REMOVE;
}

static void
complete_on_pool (GTask        *task,
                  gpointer      source,
                  gpointer      data,
                  GCancellable *cancellable)
{
  FpReceiver *self = source;
  FpReceiverUpload *upload = data;
  g_autoptr(GPtrArray) forms = NULL;
  GError *error = NULL;
  gboolean ok = fp_arrival_complete (upload->arrival, &error);

  if (ok && self->known_forms_only && upload->arrival->openrosa)
    {
      forms = _fp_receiver_read_forms (self, FALSE, &error);
      ok = forms != NULL;
      if (ok && !fp_receiver_forms_find (forms, upload->arrival->form_id))
        {
          ok = FALSE;
          g_set_error_literal (&error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_NOT_FOUND,
                               _("There is no form of this name here"));
        }
    }
  if (ok)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
completed_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  FpReceiver *self = FP_RECEIVER (source);
  FpReceiverUpload *upload = g_task_get_task_data (G_TASK (result));
  g_autoptr(GError) error = NULL;
  FpFault *fault;

  self->busy--;
  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      finish (self, upload, NULL, error);
      _fp_receiver_resume (self, upload->message);
      return;
    }

  fault = _fp_receiver_choose (self, upload->message, FP_FAULT_BY_BODY, upload->arrival);
  g_clear_pointer (&upload->fault, fp_fault_unref);
  upload->fault = fault ? fp_fault_ref (fault) : NULL;
  if (fault && fault->wait_ms > 0)
    g_timeout_add_full (G_PRIORITY_DEFAULT, (guint) fault->wait_ms, waited_cb, g_object_ref (result), g_object_unref);
  else
    go_on (G_TASK (result));
}

/**
 * _fp_receiver_take:
 * @upload: whose body is here, or that is to be refused
 *
 * Checks it on the pool, lets the store decide, and answers.
 */
void
_fp_receiver_take (FpReceiver       *self,
                   FpReceiverUpload *upload)
{
  g_autoptr(GTask) task = NULL;

  if (upload->error)
    {
      finish (self, upload, NULL, upload->error);
      return;
    }
  task = g_task_new (self, NULL, completed_cb, NULL);
  g_task_set_source_tag (task, _fp_receiver_take);
  g_task_set_task_data (task, fp_receiver_upload_ref (upload), (GDestroyNotify) fp_receiver_upload_unref);
  self->busy++;
  _fp_receiver_hold (self, upload->message);
  fp_pool_push (task, complete_on_pool);
}
