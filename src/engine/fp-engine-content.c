#include "engine/fp-engine-periodic.h"

#include "engine/fp-engine-private.h"
#include "net/fp-openrosa.h"
#include "store/fp-blob.h"
#include "store/fp-media-rows.h"

#define LIST_MAX (4 * 1024 * 1024)
#define MEDIA_MAX (100 * 1024 * 1024)

/* One thing after the other: the servers, the forms of a server, the files of a form; the last of each array first.
 * What fails is told at the end, and what was there of it stays. */
typedef struct {
  gint64     only;    /* server; 0 = all */
  GPtrArray *servers; /* FpServerRow */
  GPtrArray *known;   /* FpFormRow */
  GPtrArray *entries; /* FpFormListEntry of the server */
  GPtrArray *files;   /* FpMediaEntry of the form */
  gint64     form;
  GPtrArray *had;     /* FpMediaRow */
  GPtrArray *has;     /* FpMediaRow that it will have */
  GString   *reasons;
  gint       n;       /* files downloaded */
} Content;

static void
content_free (gpointer data)
{
  Content *content = data;

  g_clear_pointer (&content->servers, g_ptr_array_unref);
  g_clear_pointer (&content->known, g_ptr_array_unref);
  g_clear_pointer (&content->entries, g_ptr_array_unref);
  g_clear_pointer (&content->files, g_ptr_array_unref);
  g_clear_pointer (&content->had, g_ptr_array_unref);
  g_clear_pointer (&content->has, g_ptr_array_unref);
  g_string_free (content->reasons, TRUE);
  g_free (content);
}

static void next_server (GTask *task);
static void next_form (GTask *task);
static void next_file (GTask *task);

static gpointer
last (GPtrArray *array)
{
  return array && array->len > 0 ? g_ptr_array_index (array, array->len - 1) : NULL;
}

static void
drop_last (GPtrArray *array)
{
  g_ptr_array_set_size (array, (int) array->len - 1);
}

static void
add_reason (Content      *content,
            const char   *what,
            const GError *error)
{
  g_string_append_printf (content->reasons, "%s%s: %s", content->reasons->len > 0 ? "; " : "", what, error->message);
}

static void
get (GTask               *task, /* (transfer full) */
     const char          *url,
     GAsyncReadyCallback  callback)
{
  FpEngine *self = g_task_get_source_object (task);
  Content *content = g_task_get_task_data (task);

  fp_http_get_async (self->http, _fp_engine_new_get (last (content->servers), url), LIST_MAX,
                     g_task_get_cancellable (task), callback, task);
}

/* Files of a form. */

static gpointer
store_media (FpStoreTxn  *txn,
             gpointer     data,
             GError     **error)
{
  Content *content = data;

  return fp_media_rows_replace (txn, content->form, content->has, error) ? content : NULL;
}

static void
media_stored_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Content *content = g_task_get_task_data (task);
  GError *error = NULL;

  if (!_fp_engine_finish (FP_ENGINE (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  drop_last (content->entries);
  next_form (g_steal_pointer (&task));
}

/* The row of that name as it was; NULL = there was none. */
static FpMediaRow *
take_had (Content    *content,
          const char *name)
{
  for (guint i = 0; i < content->had->len; i++)
    if (g_str_equal (((FpMediaRow *) g_ptr_array_index (content->had, i))->name, name))
      return g_ptr_array_steal_index (content->had, i);

  return NULL;
}

/* Takes @row; with the last file of the form its rows are written. */
static void
end_file (GTask      *task,
          FpMediaRow *row)
{
  Content *content = g_task_get_task_data (task);

  if (row)
    g_ptr_array_add (content->has, row);
  drop_last (content->files);
  next_file (task);
}

/* What was there stays where nothing better came. */
static void
file_got_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Content *content = g_task_get_task_data (task);
  const FpMediaEntry *file = last (content->files);
  g_autoptr(GError) error = NULL;
  g_autoptr(FpBlob) blob = _fp_engine_finish (FP_ENGINE (source), result, &error);
  FpMediaRow *row;

  /* Neither this one nor the others can be kept. */
  if (error && error->domain == FP_STORE_ERROR)
    {
      g_prefix_error (&error, "%s: ", file->name);
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (error)
    {
      add_reason (content, file->name, error);
      end_file (g_steal_pointer (&task), take_had (content, file->name));
      return;
    }

  row = fp_media_row_new ();
  row->name = g_strdup (file->name);
  row->hash = g_strdup (file->hash);
  row->sha256 = g_strdup (blob->sha256);
  row->url = g_strdup (file->download_url);
  content->n++;
  end_file (g_steal_pointer (&task), row);
}

/* Takes @task. */
static void
next_file (GTask *task)
{
  Content *content = g_task_get_task_data (task);
  const FpMediaEntry *file;

  while ((file = last (content->files)))
    {
      FpMediaRow *row = take_had (content, file->name);

      if (!row || g_ascii_strcasecmp (row->hash, file->hash) != 0)
        {
          if (row)
            g_ptr_array_add (content->had, row);
          _fp_engine_download_async (g_task_get_source_object (task),
                                     _fp_engine_new_get (last (content->servers), file->download_url), MEDIA_MAX,
                                     file->hash, g_task_get_cancellable (task), file_got_cb, task);
          return;
        }
      g_ptr_array_add (content->has, row);
      drop_last (content->files);
    }
  _fp_engine_write (g_task_get_source_object (task), next_file, store_media, content, NULL, NULL,
                    g_task_get_cancellable (task), media_stored_cb, task);
}

/* Forms of a server. */

static gpointer
list_media (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  return fp_media_rows_list (txn, ((Content *) data)->form, error);
}

static void
media_listed_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Content *content = g_task_get_task_data (task);
  GError *error = NULL;

  g_clear_pointer (&content->had, g_ptr_array_unref);
  content->had = _fp_engine_finish (FP_ENGINE (source), result, &error);
  if (!content->had)
    {
      g_task_return_error (task, error);
      return;
    }
  g_clear_pointer (&content->has, g_ptr_array_unref);
  content->has = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_media_row_free);
  next_file (g_steal_pointer (&task));
}

static void
manifest_got_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Content *content = g_task_get_task_data (task);
  const FpFormListEntry *entry = last (content->entries);
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) body = fp_http_get_finish (FP_HTTP (source), result, &error);

  g_clear_pointer (&content->files, g_ptr_array_unref);
  content->files = body ? fp_openrosa_parse_manifest (body, &error) : NULL;
  if (!content->files)
    {
      add_reason (content, entry->name, error);
      drop_last (content->entries);
      next_form (g_steal_pointer (&task));
      return;
    }
  _fp_engine_read (g_task_get_source_object (task), manifest_got_cb, list_media, content, NULL,
                   (GDestroyNotify) g_ptr_array_unref, g_task_get_cancellable (task), media_listed_cb,
                   g_object_ref (task));
}

/* The version that the server offers, if it is here. */
static gint64
find_form (Content               *content,
           const FpFormListEntry *entry)
{
  const FpServerRow *server = last (content->servers);

  for (guint i = 0; i < content->known->len; i++)
    {
      const FpFormRow *form = g_ptr_array_index (content->known, i);

      if (form->server == server->id && g_str_equal (form->form_id, entry->form_id)
          && g_ascii_strcasecmp (form->md5, entry->hash) == 0)
        return form->id;
    }

  return 0;
}

/* Takes @task. */
static void
next_form (GTask *task)
{
  Content *content = g_task_get_task_data (task);
  const FpFormListEntry *entry;

  while ((entry = last (content->entries)))
    {
      content->form = entry->manifest_url ? find_form (content, entry) : 0;
      if (content->form)
        {
          get (task, entry->manifest_url, manifest_got_cb);
          return;
        }
      drop_last (content->entries);
    }
  drop_last (content->servers);
  next_server (task);
}

/* Servers. */

/* What is there of it stays. Takes @task. */
static void
skip_server (GTask        *task,
             const GError *error)
{
  Content *content = g_task_get_task_data (task);

  add_reason (content, ((const FpServerRow *) last (content->servers))->title, error);
  drop_last (content->servers);
  next_server (task);
}

static void
list_got_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Content *content = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) body = fp_http_get_finish (FP_HTTP (source), result, &error);

  g_clear_pointer (&content->entries, g_ptr_array_unref);
  content->entries = body ? fp_openrosa_parse_list (body, &error) : NULL;
  if (content->entries)
    next_form (g_steal_pointer (&task));
  else
    skip_server (g_steal_pointer (&task), error);
}

static void
forms_listed_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Content *content = g_task_get_task_data (task);
  const FpServerRow *server = last (content->servers);
  g_autofree char *url = g_strconcat (server->url, "/formList", NULL);
  GError *error = NULL;

  g_clear_pointer (&content->known, g_ptr_array_unref);
  content->known = fp_engine_list_forms_finish (FP_ENGINE (source), result, &error);
  if (content->known)
    get (g_steal_pointer (&task), url, list_got_cb);
  else
    g_task_return_error (task, error);
}

/* The forms themselves first: their new versions are what the files belong to. */
static void
refreshed_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GError) error = NULL;

  if (fp_engine_refresh_server_finish (FP_ENGINE (source), result, &error) < 0)
    skip_server (g_steal_pointer (&task), error);
  else
    fp_engine_list_forms_async (FP_ENGINE (source), g_task_get_cancellable (task), forms_listed_cb,
                                g_object_ref (task));
}

/* Takes @task. */
static void
next_server (GTask *task)
{
  Content *content = g_task_get_task_data (task);
  const FpServerRow *server;

  while ((server = last (content->servers)))
    {
      if (server->protocol == FP_PROTOCOL_OPENROSA && (content->only == 0 || content->only == server->id))
        {
          fp_engine_refresh_server_async (g_task_get_source_object (task), server->id,
                                          g_task_get_cancellable (task), refreshed_cb, task);
          return;
        }
      drop_last (content->servers);
    }
  if (content->reasons->len > 0)
    g_task_return_new_error (task, FP_ENGINE_ERROR, FP_ENGINE_ERROR_SERVER, "%s", content->reasons->str);
  else
    g_task_return_int (task, content->n);
  g_object_unref (task);
}

static void
servers_listed_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Content *content = g_task_get_task_data (task);
  GError *error = NULL;

  content->servers = fp_engine_list_servers_finish (FP_ENGINE (source), result, &error);
  if (content->servers)
    next_server (g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

/**
 * fp_engine_update_content_async:
 * @server: 0 = every server
 *
 * Files are compared by the hash in the manifest; what is as it was is not downloaded. Each may have 100 MiB. What the
 * manifest does not name any more goes with the next clean-up.
 */
void
fp_engine_update_content_async (FpEngine            *self,
                                gint64               server,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Content *content = g_new0 (Content, 1);

  g_task_set_source_tag (task, fp_engine_update_content_async);
  g_task_set_task_data (task, content, content_free);
  content->only = server;
  content->reasons = g_string_new (NULL);
  fp_engine_list_servers_async (self, cancellable, servers_listed_cb, task);
}

gint
fp_engine_update_content_finish (FpEngine      *self,
                                 GAsyncResult  *result,
                                 GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), -1);

  return (gint) g_task_propagate_int (G_TASK (result), error);
}

static gpointer
list_form_media (FpStoreTxn  *txn,
                 gpointer     data,
                 GError     **error)
{
  return fp_media_rows_list (txn, *(gint64 *) data, error);
}

void
fp_engine_list_media_async (FpEngine            *self,
                            gint64               form,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  _fp_engine_read (self, fp_engine_list_media_async, list_form_media, g_memdup2 (&form, sizeof form), g_free,
                   (GDestroyNotify) g_ptr_array_unref, cancellable, callback, user_data);
}

GPtrArray *
fp_engine_list_media_finish (FpEngine      *self,
                             GAsyncResult  *result,
                             GError       **error)
{
  return _fp_engine_finish (self, result, error);
}
