#include "config.h"

#include "engine/fp-engine-private.h"

#include <glib/gi18n.h>

#include "net/fp-host.h"
#include "net/fp-openrosa.h"

#define LIST_MAX (4 * 1024 * 1024)
#define FORM_MAX (16 * 1024 * 1024)

typedef struct {
  FpServerRow *row;     /* borrowed from the caller's task */
  char        *origin;
  GPtrArray   *entries; /* FpFormListEntry: what is still to be downloaded, the last first */
  GBytes      *xml;     /* of the last entry */
  GPtrArray   *rows;    /* FpFormRow of what was downloaded */
  GPtrArray   *xmls;    /* GBytes beside them */
  GPtrArray   *refused; /* sentences */
} Refresh;

static void
refresh_free (gpointer data)
{
  Refresh *refresh = data;

  g_free (refresh->origin);
  g_clear_pointer (&refresh->entries, g_ptr_array_unref);
  g_clear_pointer (&refresh->xml, g_bytes_unref);
  g_ptr_array_unref (refresh->rows);
  g_ptr_array_unref (refresh->xmls);
  g_ptr_array_unref (refresh->refused);
  g_free (refresh);
}

FpRequest *
_fp_engine_new_get (const FpServerRow *server,
                    const char        *url)
{
  FpRequest *request = fp_request_new ("GET", url);
  g_autofree char *home = fp_host_dup_origin (server->url, NULL);
  g_autofree char *origin = fp_host_dup_origin (url, NULL);
  gboolean own = g_strcmp0 (origin, home) == 0;

  fp_request_add_header (request, "X-OpenRosa-Version", "1.0");
  request->secret_id = own ? g_strdup (server->secret_id) : NULL;
  request->user = own ? g_strdup (server->user) : NULL;
  /* Whoever typed an http address chose it. */
  request->allow_cleartext = own && !server->secret_id;

  return request;
}

static void
refuse (Refresh               *refresh,
        const FpFormListEntry *entry,
        const char            *words)
{
  g_ptr_array_add (refresh->refused,
                   g_strdup_printf ("%s: %s", entry->name && *entry->name ? entry->name : entry->form_id, words));
}

/* Storing. */

static gpointer
store_forms (FpStoreTxn  *txn,
             gpointer     data,
             GError     **error)
{
  Refresh *refresh = data;
  FpServerRow *row = refresh->row;

  row->refreshed = fp_store_txn_get_now (txn);
  if (row->id == 0 ? !fp_server_rows_add (txn, row, error) : !fp_server_rows_update (txn, row, error))
    return NULL;

  for (guint i = 0; i < refresh->rows->len; i++)
    {
      FpFormRow *form = g_ptr_array_index (refresh->rows, i);

      form->server = row->id;
      if (!fp_form_rows_add (txn, form, g_ptr_array_index (refresh->xmls, i), error))
        return NULL;
    }

  return fp_server_rows_get (txn, row->id, error);
}

static void
stored_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autoptr(GTask) task = user_data;
  Refresh *refresh = g_task_get_task_data (task);
  GError *error = NULL;
  FpServerRow *row = _fp_engine_finish (self, result, &error);

  if (!row)
    {
      g_task_return_error (task, error);
      return;
    }
  if (refresh->refused->len > 0)
    {
      g_ptr_array_add (refresh->refused, NULL);
      g_hash_table_insert (self->refused, g_memdup2 (&row->id, sizeof row->id),
                           g_ptr_array_steal (refresh->refused, NULL));
    }
  else
    {
      g_hash_table_remove (self->refused, &row->id);
    }
  g_task_return_pointer (task, row, (GDestroyNotify) fp_server_row_free);
}

/* Downloading. */

static void next_form (GTask *task);

static void
parsed_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Refresh *refresh = g_task_get_task_data (task);
  const FpFormListEntry *entry = g_ptr_array_index (refresh->entries, refresh->entries->len - 1);
  g_autoptr(GError) error = NULL;
  g_autoptr(FpFormDef) def = _fp_engine_finish (FP_ENGINE (source), result, &error);

  if (!def)
    {
      refuse (refresh, entry, error->message);
    }
  else if (!g_str_equal (fp_form_def_get_id (def), entry->form_id))
    {
      refuse (refresh, entry, _("the file is that of another form"));
    }
  else
    {
      FpFormRow *row = fp_form_row_new ();

      row->form_id = g_strdup (entry->form_id);
      row->version = g_strdup (fp_form_def_get_version (def));
      row->title = g_strdup (fp_form_def_get_title (def));
      row->md5 = g_strdup (fp_form_def_get_md5 (def));
      g_ptr_array_add (refresh->rows, row);
      g_ptr_array_add (refresh->xmls, g_steal_pointer (&refresh->xml));
    }
  g_ptr_array_set_size (refresh->entries, refresh->entries->len - 1);
  next_form (g_steal_pointer (&task));
}

static void
form_got_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Refresh *refresh = g_task_get_task_data (task);
  const FpFormListEntry *entry = g_ptr_array_index (refresh->entries, refresh->entries->len - 1);
  g_autoptr(GError) error = NULL;
  g_autofree char *md5 = NULL;

  g_clear_pointer (&refresh->xml, g_bytes_unref);
  refresh->xml = fp_http_get_finish (FP_HTTP (source), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  md5 = refresh->xml ? g_compute_checksum_for_bytes (G_CHECKSUM_MD5, refresh->xml) : NULL;
  if (md5 && g_ascii_strcasecmp (md5, entry->hash) == 0)
    {
      _fp_engine_parse_async (g_task_get_source_object (task), refresh->xml, g_task_get_cancellable (task), parsed_cb,
                              g_object_ref (task));
      return;
    }

  refuse (refresh, entry, error ? error->message : _("what was downloaded does not match the server's checksum"));
  g_ptr_array_set_size (refresh->entries, refresh->entries->len - 1);
  next_form (g_steal_pointer (&task));
}

/* Takes @task. */
static void
next_form (GTask *task)
{
  FpEngine *self = g_task_get_source_object (task);
  Refresh *refresh = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);

  if (refresh->entries->len > 0)
    {
      const FpFormListEntry *entry = g_ptr_array_index (refresh->entries, refresh->entries->len - 1);

      fp_http_get_async (self->http, _fp_engine_new_get (refresh->row, entry->download_url), FORM_MAX, cancellable,
                         form_got_cb, task);
      return;
    }
  _fp_engine_write (self, next_form, store_forms, refresh, NULL, (GDestroyNotify) fp_server_row_free, cancellable,
                    stored_cb, task);
}

/* Listing. */

static gpointer
list_known (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  return fp_form_rows_list (txn, error);
}

static gboolean
is_known (GPtrArray             *forms,
          gint64                 server,
          const FpFormListEntry *entry)
{
  for (guint i = 0; i < forms->len; i++)
    {
      const FpFormRow *form = g_ptr_array_index (forms, i);

      /* A server that is only being added has no forms yet; 0 would mean those from files. */
      if (server != 0 && form->server == server && g_str_equal (form->form_id, entry->form_id)
          && g_ascii_strcasecmp (form->md5, entry->hash) == 0)
        return TRUE;
    }

  return FALSE;
}

static void
known_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Refresh *refresh = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr(GPtrArray) known = _fp_engine_finish (FP_ENGINE (source), result, &error);

  if (!known)
    {
      g_task_return_error (task, error);
      return;
    }
  for (guint i = refresh->entries->len; i > 0; i--)
    if (is_known (known, refresh->row->id, g_ptr_array_index (refresh->entries, i - 1)))
      g_ptr_array_remove_index (refresh->entries, i - 1);
  next_form (g_steal_pointer (&task));
}

static void
list_got_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  FpEngine *self = g_task_get_source_object (task);
  Refresh *refresh = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) body = fp_http_get_finish (FP_HTTP (source), result, &error);

  if (body)
    refresh->entries = fp_openrosa_parse_list (body, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_task_return_error (task, g_steal_pointer (&error));
  else if (!refresh->entries)
    g_task_return_new_error (task, FP_ENGINE_ERROR, FP_ENGINE_ERROR_SERVER, "%s: no form list: %s", refresh->origin,
                             error->message);
  else
    _fp_engine_read (self, list_got_cb, list_known, NULL, NULL, (GDestroyNotify) g_ptr_array_unref,
                     g_task_get_cancellable (task), known_cb, g_object_ref (task));
}

/* Reads the form list of @row and adds what is new, in one transaction with the server itself where it has no id yet.
 * @row must live until the callback; its id is set. */
void
_fp_engine_refresh_async (FpEngine            *self,
                          FpServerRow         *row,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Refresh *refresh = g_new0 (Refresh, 1);
  g_autofree char *url = g_strconcat (row->url, "/formList", NULL);

  refresh->row = row;
  refresh->origin = fp_host_dup_origin (row->url, NULL);
  refresh->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_form_row_free);
  refresh->xmls = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  refresh->refused = g_ptr_array_new_with_free_func (g_free);
  g_task_set_source_tag (task, _fp_engine_refresh_async);
  g_task_set_task_data (task, refresh, refresh_free);
  fp_http_get_async (self->http, _fp_engine_new_get (refresh->row, url), LIST_MAX, cancellable, list_got_cb, task);
}

/* @n: (out) (optional): how many forms were added. Returns: (transfer full): the row as it is stored. */
FpServerRow *
_fp_engine_refresh_finish (FpEngine      *self,
                           GAsyncResult  *result,
                           guint         *n,
                           GError       **error)
{
  Refresh *refresh = g_task_get_task_data (G_TASK (result));

  if (n)
    *n = refresh->rows->len;

  return _fp_engine_finish (self, result, error);
}
