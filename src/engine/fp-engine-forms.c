#include "engine/fp-engine-private.h"

#include "base/fp-worker.h"
#include "net/fp-host.h"

/* Parsing. */

static void
parse_on_pool (GTask        *task,
               gpointer      source,
               gpointer      data,
               GCancellable *cancellable)
{
  GError *error = NULL;
  FpFormDef *def = fp_form_def_parse (data, &error);

  if (def)
    g_task_return_pointer (task, def, (GDestroyNotify) fp_form_def_unref);
  else
    g_task_return_error (task, error);
}

void
_fp_engine_parse_async (FpEngine            *self,
                        GBytes              *xml,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, _fp_engine_parse_async);
  g_task_set_task_data (task, g_bytes_ref (xml), (GDestroyNotify) g_bytes_unref);
  fp_pool_push (task, parse_on_pool);
}

/* Adding. */

typedef struct {
  GBytes    *xml;
  FpFormRow *row;
  char      *submit_secret; /* what the submit URL held, until it is kept */
  char      *secret_id;
} AddForm;

static void
add_form_free (gpointer data)
{
  AddForm *add = data;

  g_clear_pointer (&add->xml, g_bytes_unref);
  g_clear_pointer (&add->row, fp_form_row_free);
  g_free (add->submit_secret);
  g_free (add->secret_id);
  g_free (add);
}

static gpointer
insert_form (FpStoreTxn  *txn,
             gpointer     data,
             GError     **error)
{
  AddForm *add = data;

  if (!fp_form_rows_add (txn, add->row, add->xml, error))
    return NULL;
  if (add->secret_id)
    {
      g_autofree char *name = _fp_engine_form_secret_setting (add->row->id);

      if (!fp_setting_rows_set (txn, name, add->secret_id, error))
        return NULL;
    }

  return fp_form_rows_get (txn, add->row->id, error);
}

static void
form_inserted_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  FpFormRow *row = _fp_engine_finish (FP_ENGINE (source), result, &error);

  if (row)
    g_task_return_pointer (task, row, (GDestroyNotify) fp_form_row_free);
  else
    g_task_return_error (task, error);
}

/* Takes @task; the transaction borrows what the task holds. */
static void
begin_insert (GTask *task)
{
  _fp_engine_write (g_task_get_source_object (task), begin_insert, insert_form, g_task_get_task_data (task), NULL,
                    (GDestroyNotify) fp_form_row_free, g_task_get_cancellable (task), form_inserted_cb, task);
}

static void
form_secret_kept_cb (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  AddForm *add = g_task_get_task_data (task);

  add->secret_id = _fp_engine_finish (FP_ENGINE (source), result, &error);
  if (add->secret_id)
    begin_insert (g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

static void
form_parsed_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  g_autoptr(FpFormDef) def = _fp_engine_finish (self, result, &error);
  AddForm *add = g_task_get_task_data (task);

  if (!def)
    {
      g_task_return_error (task, error);
      return;
    }

  add->row->form_id = g_strdup (fp_form_def_get_id (def));
  add->row->version = g_strdup (fp_form_def_get_version (def));
  add->row->title = g_strdup (fp_form_def_get_title (def));
  add->row->md5 = g_strdup (fp_form_def_get_md5 (def));
  if (add->submit_secret)
    _fp_engine_keep_secret_async (self, add->row->submit_url, add->submit_secret, g_task_get_cancellable (task),
                                  form_secret_kept_cb, g_object_ref (task));
  else
    begin_insert (g_steal_pointer (&task));
}

/**
 * fp_engine_add_form_async:
 * @xml: the XForm, at most 16 MiB
 * @submit_url: (nullable): where its submissions go instead of where the form itself says; a token in it goes to
 *   the keyring
 *
 * Checks and keeps a form. A version that is there already is found, not doubled.
 *
 * Errors: those of the form, FP_ENGINE_ERROR_USAGE for @submit_url, those of the store.
 */
void
fp_engine_add_form_async (FpEngine            *self,
                          GBytes              *xml,
                          const char          *submit_url,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  AddForm *add = g_new0 (AddForm, 1);
  g_autofree char *origin = NULL;
  GError *error = NULL;

  g_task_set_source_tag (task, fp_engine_add_form_async);
  g_task_set_task_data (task, add, add_form_free);
  add->xml = g_bytes_ref (xml);
  add->row = fp_form_row_new ();
  if (submit_url)
    {
      origin = fp_host_dup_origin (submit_url, &error);
      if (!origin)
        {
          g_task_return_new_error (task, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE,
                                   "the form's address is no http or https URL: %s", error->message);
          g_error_free (error);
          return;
        }
      add->row->submit_url = fp_secret_split_url (submit_url, &add->submit_secret);
    }
  _fp_engine_parse_async (self, xml, cancellable, form_parsed_cb, g_steal_pointer (&task));
}

/**
 * fp_engine_add_form_finish:
 *
 * Returns: (transfer full): the row as it is stored
 */
FpFormRow *
fp_engine_add_form_finish (FpEngine      *self,
                           GAsyncResult  *result,
                           GError       **error)
{
  return _fp_engine_finish (self, result, error);
}

char *
_fp_engine_form_secret_setting (gint64 form)
{
  return g_strdup_printf ("form-secret-%" G_GINT64_FORMAT, form);
}

/* Listing. */

static gpointer
list_forms (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  return fp_form_rows_list (txn, error);
}

void
fp_engine_list_forms_async (FpEngine            *self,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  _fp_engine_read (self, fp_engine_list_forms_async, list_forms, NULL, NULL, (GDestroyNotify) g_ptr_array_unref,
                   cancellable, callback, user_data);
}

/**
 * fp_engine_list_forms_finish:
 *
 * Returns: (transfer full) (element-type FpFormRow): the forms that can be filled, by title
 */
GPtrArray *
fp_engine_list_forms_finish (FpEngine      *self,
                             GAsyncResult  *result,
                             GError       **error)
{
  return _fp_engine_finish (self, result, error);
}

/* Loading. */

static gpointer
read_xml (FpStoreTxn  *txn,
          gpointer     data,
          GError     **error)
{
  gint64 *form = data;

  return fp_form_rows_get_xml (txn, *form, error);
}

static void
loaded_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  FpFormDef *def = _fp_engine_finish (FP_ENGINE (source), result, &error);

  if (def)
    g_task_return_pointer (task, def, (GDestroyNotify) fp_form_def_unref);
  else
    g_task_return_error (task, error);
}

static void
xml_read_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  g_autoptr(GBytes) xml = _fp_engine_finish (self, result, &error);

  if (xml)
    _fp_engine_parse_async (self, xml, g_task_get_cancellable (task), loaded_cb, g_object_ref (task));
  else
    g_task_return_error (task, error);
}

/**
 * fp_engine_load_form_async:
 * @form: row of table form; a hidden version too, for the drafts that were begun with it
 *
 * Reads and parses a form.
 */
void
fp_engine_load_form_async (FpEngine            *self,
                           gint64               form,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, fp_engine_load_form_async);
  _fp_engine_read (self, fp_engine_load_form_async, read_xml, g_memdup2 (&form, sizeof form), g_free,
                   (GDestroyNotify) g_bytes_unref, cancellable, xml_read_cb, task);
}

FpFormDef *
fp_engine_load_form_finish (FpEngine      *self,
                            GAsyncResult  *result,
                            GError       **error)
{
  return _fp_engine_finish (self, result, error);
}

/* Removing. */

static gpointer
hide_form (FpStoreTxn  *txn,
           gpointer     data,
           GError     **error)
{
  gint64 *form = data;

  if (!fp_form_rows_hide (txn, *form, error))
    return NULL;

  return _FP_ENGINE_DONE;
}

/**
 * fp_engine_remove_form_async:
 *
 * Takes a form out of the list. Drafts and submissions of it stay, and can be finished.
 */
void
fp_engine_remove_form_async (FpEngine            *self,
                             gint64               form,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  _fp_engine_write (self, fp_engine_remove_form_async, hide_form, g_memdup2 (&form, sizeof form), g_free, NULL,
                    cancellable, callback, user_data);
}

gboolean
fp_engine_remove_form_finish (FpEngine      *self,
                              GAsyncResult  *result,
                              GError       **error)
{
  return _fp_engine_finish (self, result, error) != NULL;
}
