#include "config.h"

#include "engine/fp-engine-private.h"

#include <glib/gi18n.h>

#include "net/fp-host.h"

/* How often what is typed during a submit may send it back to the start. */
#define ROUNDS_MAX 5

typedef struct {
  FpDraft   *draft;
  FpFormDef *def;
  FpItem    *item;     /* as far as it is known */
  FpPredecessor *before; /* what the draft is a new version of */
  gint64     revision; /* of the draft that was frozen; 0 = it was never stored */
  guint      rounds;
} Submit;

static void
submit_free (gpointer data)
{
  Submit *submit = data;

  g_clear_object (&submit->draft);
  g_clear_pointer (&submit->def, fp_form_def_unref);
  g_clear_pointer (&submit->item, fp_item_free);
  g_clear_pointer (&submit->before, _fp_predecessor_free);
  g_free (submit);
}

static void
set_string (char       **field,
            const char  *value)
{
  g_free (*field);
  *field = g_strdup (value);
}

/* @path: a relative address in a form; it is meant from the server that the form came from. */
static char *
dup_server_address (const FpServerRow *server,
                    const char        *path)
{
  gsize length = strlen (server->url);

  while (length > 0 && server->url[length - 1] == '/')
    length--;
  while (*path == '/')
    path++;

  return g_strdup_printf ("%.*s/%s", (int) length, server->url, path);
}

char *
fp_form_dup_destination (const FpFormRow   *form,
                         FpFormDef         *def,
                         const FpServerRow *home)
{
  const char *own = fp_form_def_get_submit_url (def);

  if (form->submit_url)
    return g_strdup (form->submit_url);
  if (own && (!home || g_uri_peek_scheme (own)))
    return g_strdup (own);

  return home ? dup_server_address (home, own ? own : "submission") : NULL;
}

static gboolean
has_origin (const FpServerRow *server,
            const char        *origin)
{
  g_autofree char *its = fp_host_dup_origin (server->url, NULL);

  return g_strcmp0 (its, origin) == 0;
}

static gboolean
set_destination (FpStoreTxn       *txn,
                 const FpFormRow  *form,
                 FpFormDef        *def,
                 FpItem           *item,
                 GError          **error)
{
  g_autoptr(FpServerRow) home = NULL;
  g_autoptr(FpServerRow) server = NULL;
  g_autoptr(GError) local = NULL;

  if (form->server && !(home = fp_server_rows_get (txn, form->server, error)))
    return FALSE;

  g_free (item->url);
  item->url = fp_form_dup_destination (form, def, home);
  if (!item->url)
    {
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_NO_ADDRESS,
                   _("“%s” does not say where its answers go"), form->title);
      return FALSE;
    }

  g_free (item->host);
  item->host = fp_host_dup_origin (item->url, &local);
  if (!item->host)
    {
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_NO_ADDRESS,
                   _("“%s” sends its answers to something that is no web address: %s"), form->title, local->message);
      return FALSE;
    }

  /* The server the form came from, if the address is its; otherwise whichever is known at that place. */
  if (home && has_origin (home, item->host))
    server = g_steal_pointer (&home);
  else
    server = _fp_engine_find_server (txn, item->url, &local);
  if (local)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  item->reach = server ? server->reach : FP_REACH_AUTO;
  set_string (&item->secret_id, server ? server->secret_id : NULL);
  if (form->submit_url && strstr (form->submit_url, "{secret}"))
    {
      g_autofree char *name = _fp_engine_form_secret_setting (form->id);

      g_free (item->secret_id);
      item->secret_id = fp_setting_rows_get (txn, name, error);
      if (!item->secret_id)
        return FALSE;
    }

  return TRUE;
}

/* What the frozen bytes say of the version before has to be true in this transaction too. */
static gboolean
follow (FpStoreTxn  *txn,
        Submit      *submit,
        GError     **error)
{
  g_autoptr(FpPredecessor) now = _fp_engine_get_predecessor (txn, submit->item->uid, error);

  if (!now)
    return FALSE;
  if (_fp_predecessor_equal (now, submit->before))
    return _fp_engine_follow_predecessor (txn, now, submit->item, error);
  g_set_error_literal (error, FP_STORE_ERROR, FP_STORE_ERROR_CHANGED, "The version before was settled meanwhile");

  return FALSE;
}

static gpointer
insert_submission (FpStoreTxn  *txn,
                   gpointer     data,
                   GError     **error)
{
  Submit *submit = data;
  FpItem *item = submit->item;
  g_autoptr(FpFormRow) form = fp_form_rows_get (txn, item->form, error);

  if (!form || !set_destination (txn, form, submit->def, item, error) || !follow (txn, submit, error))
    return NULL;
  /* The draft first: that it is gone or newer is the better error than "this item exists". */
  if (submit->revision > 0 && !fp_draft_rows_delete (txn, item->uid, submit->revision, error))
    return NULL;
  item->id = 0;
  item->created = fp_store_txn_get_now (txn);
  if (!fp_item_rows_insert (txn, item, error))
    return NULL;

  return fp_item_rows_get (txn, item->id, FALSE, error);
}

static void flush (GTask *task);

static void
inserted_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Submit *submit = g_task_get_task_data (task);
  GError *error = NULL;
  FpItem *item = _fp_engine_finish (FP_ENGINE (source), result, &error);

  if (item)
    {
      fp_draft_end (submit->draft);
      g_task_return_pointer (task, item, (GDestroyNotify) fp_item_free);
      return;
    }
  /* An autosave came in between: freeze what it saved. */
  if (g_error_matches (error, FP_STORE_ERROR, FP_STORE_ERROR_CHANGED) && submit->rounds < ROUNDS_MAX)
    {
      g_error_free (error);
      flush (g_steal_pointer (&task));
      return;
    }
  g_task_return_error (task, error);
}

static void
parts_stored_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autoptr(GTask) task = user_data;
  Submit *submit = g_task_get_task_data (task);
  FpItem *item = submit->item;
  GError *error = NULL;
  g_autoptr(GPtrArray) stored = _fp_engine_finish (self, result, &error);

  if (!stored)
    {
      g_task_return_error (task, error);
      return;
    }
  g_ptr_array_insert (item->parts, 0, g_ptr_array_steal_index (stored, 0));
  for (guint i = 0; i < item->parts->len; i++)
    item->body_size += ((FpItemPart *) g_ptr_array_index (item->parts, i))->size;

  _fp_engine_write (self, fp_engine_submit_async, insert_submission, submit, NULL, (GDestroyNotify) fp_item_free,
                    g_task_get_cancellable (task), inserted_cb, g_object_ref (task));
}

static const FpDraftFile *
find_file (GPtrArray  *files,
           const char *name)
{
  for (guint i = 0; i < files->len; i++)
    {
      const FpDraftFile *file = g_ptr_array_index (files, i);

      if (g_str_equal (file->name, name))
        return file;
    }

  return NULL;
}

/* The attached files that the answers still name; the field name is the file name (ODK Central goes by it). A name
 * without its file would be taken by every server, and the file be missed only when it is looked for. */
static gboolean
add_files (FpItem       *item,
           FpDraft      *draft,
           FpFormModel  *model,
           GError      **error)
{
  g_auto(GStrv) names = fp_form_model_list_files (model);
  GPtrArray *files = fp_draft_list_files (draft);

  for (guint i = 0; names[i]; i++)
    {
      const FpDraftFile *file = find_file (files, names[i]);
      FpItemPart *part;

      if (!file)
        {
          g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_INVALID,
                       _("The file “%s” is named in the answers but was not attached"), names[i]);
          return FALSE;
        }
      part = fp_item_part_new (file->name, file->name, file->media_type);
      part->sha256 = g_strdup (file->sha256);
      part->size = file->size;
      g_ptr_array_add (item->parts, part);
    }

  return TRUE;
}

static FpItem *
make_item (Submit  *submit,
           GError **error)
{
  FpFormModel *model = fp_draft_get_model (submit->draft);
  g_autofree char *summary = fp_form_model_dup_summary (model);
  const char *title = fp_form_def_get_title (submit->def);
  gboolean openrosa = fp_form_def_get_serialization (submit->def) == FP_SERIALIZE_OPENROSA;
  g_autoptr(FpItem) item = fp_item_new ();

  item->uid = g_strdup (fp_draft_get_uid (submit->draft));
  item->kind = FP_ITEM_SUBMISSION;
  item->protocol = openrosa ? FP_PROTOCOL_OPENROSA : FP_PROTOCOL_PLAIN;
  item->title = *summary ? g_strdup_printf ("%s · %s", title, summary) : g_strdup (title);
  item->tag = g_strdup ("form-sync");
  item->method = g_strdup (openrosa ? "POST" : fp_form_def_get_submit_method (submit->def));
  item->headers = g_strdup ("{}");
  item->form = fp_draft_get_form (submit->draft);
  item->instance_id = g_strdup (fp_form_model_get_instance_id (model));
  item->state = FP_ITEM_PENDING;
  item->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_item_part_free);

  return add_files (item, submit->draft, model, error) ? g_steal_pointer (&item) : NULL;
}

/* FALSE and INVALID, naming the first question, if the answers cannot be submitted. */
static gboolean
check_answers (FpFormModel  *model,
               GError      **error)
{
  g_autoptr(GPtrArray) invalid = fp_form_model_validate (model);
  FpFormNode *first;
  const char *label;

  if (invalid->len == 0)
    return TRUE;

  first = g_ptr_array_index (invalid, 0);
  label = fp_form_node_get_label (first);
  g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_INVALID, "%s: %s",
               label && *label ? label : fp_form_node_get_path (first), fp_form_node_get_error (first));

  return FALSE;
}

/* What is on the screen is durable: freezes it. Takes @task. */
static void
freeze (GTask *task)
{
  g_autoptr(GTask) owned = task;
  FpEngine *self = g_task_get_source_object (task);
  Submit *submit = g_task_get_task_data (task);
  FpFormModel *model = fp_draft_get_model (submit->draft);
  gboolean openrosa = fp_form_def_get_serialization (submit->def) == FP_SERIALIZE_OPENROSA;
  g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func ((GDestroyNotify) _fp_enqueue_part_free);
  g_autoptr(GBytes) bytes = NULL;
  const char *media_type = NULL;
  FpEnqueuePart *first;
  GError *error = NULL;

  fp_form_model_set_deprecated_id (model, submit->before->instance_id);
  if (check_answers (model, &error))
    bytes = fp_form_model_freeze (model, &media_type, &error);
  if (!bytes)
    {
      g_task_return_error (task, error);
      return;
    }

  submit->revision = fp_draft_get_revision (submit->draft);
  g_clear_pointer (&submit->item, fp_item_free);
  submit->item = make_item (submit, &error);
  if (!submit->item)
    {
      g_task_return_error (task, error);
      return;
    }

  first = g_new0 (FpEnqueuePart, 1);
  first->data = g_steal_pointer (&bytes);
  first->media_type = g_strdup (media_type);
  if (openrosa)
    {
      first->name = g_strdup ("xml_submission_file");
      first->filename = g_strdup ("submission.xml");
    }
  else if (submit->item->parts->len > 0)
    first->name = g_strdup ("data");
  if (first->name)
    submit->item->boundary = g_strdup_printf ("fieldpost-%s", submit->item->uid);
  g_ptr_array_add (parts, first);

  _fp_engine_store_parts_async (self, parts, g_task_get_cancellable (task), parts_stored_cb,
                                g_steal_pointer (&owned));
}

static gpointer
find_before (FpStoreTxn  *txn,
             gpointer     data,
             GError     **error)
{
  return _fp_engine_get_predecessor (txn, data, error);
}

static void
found_before_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Submit *submit = g_task_get_task_data (task);
  GError *error = NULL;

  g_clear_pointer (&submit->before, _fp_predecessor_free);
  submit->before = _fp_engine_finish (FP_ENGINE (source), result, &error);
  if (submit->before)
    freeze (g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

static void
flushed_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  FpDraft *draft = FP_DRAFT (source);

  if (!fp_draft_flush_finish (draft, result, &error))
    g_task_return_error (task, error);
  else if (fp_draft_get_state (draft) == FP_DRAFT_SAVED || fp_draft_get_state (draft) == FP_DRAFT_EMPTY)
    _fp_engine_read (g_task_get_source_object (task), fp_engine_submit_async, find_before,
                     g_strdup (fp_draft_get_uid (draft)), g_free, (GDestroyNotify) _fp_predecessor_free,
                     g_task_get_cancellable (task), found_before_cb, g_object_ref (task));
  else
    flush (g_steal_pointer (&task)); /* something was typed in between */
}

/* Takes @task. */
static void
flush (GTask *task)
{
  Submit *submit = g_task_get_task_data (task);

  if (submit->rounds++ < ROUNDS_MAX)
    {
      fp_draft_flush_async (submit->draft, g_task_get_cancellable (task), flushed_cb, task);
      return;
    }
  g_task_return_new_error (task, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED,
                           _("The answers change faster than they can be submitted"));
  g_object_unref (task);
}

/**
 * fp_engine_submit_async:
 * @draft: what to submit; it is ended by success
 *
 * Checks the answers, saves them, freezes the submission, and moves it to the outbox in one transaction: item, files
 * and the end of the draft. Never both and never neither (design 3.2). No network.
 *
 * Errors: FP_ENGINE_ERROR_INVALID names the first question; FP_ENGINE_ERROR_NO_ADDRESS; those of the store, with the
 * draft unchanged.
 */
void
fp_engine_submit_async (FpEngine            *self,
                        FpDraft             *draft,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  Submit *submit = g_new0 (Submit, 1);
  FpFormModel *model = fp_draft_get_model (draft);
  GError *error = NULL;

  g_task_set_source_tag (task, fp_engine_submit_async);
  g_task_set_task_data (task, submit, submit_free);
  submit->draft = g_object_ref (draft);
  submit->def = fp_form_def_ref (fp_form_model_get_def (model));

  if (!check_answers (model, &error))
    g_task_return_error (task, error);
  else
    flush (g_steal_pointer (&task));
}

/**
 * fp_engine_submit_finish:
 *
 * Returns: (transfer full): the item in the outbox, without parts
 */
FpItem *
fp_engine_submit_finish (FpEngine      *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  return _fp_engine_finish (self, result, error);
}
