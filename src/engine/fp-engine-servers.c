#include "engine/fp-engine-private.h"

#include "base/fp-random.h"
#include "net/fp-host.h"

/* Rows. */

FpServerRow *
_fp_engine_find_server (FpStoreTxn  *txn,
                        const char  *url,
                        GError     **error)
{
  g_autoptr(GPtrArray) servers = fp_server_rows_list (txn, error);
  g_autofree char *origin = servers && servers->len > 0 ? fp_host_dup_origin (url, NULL) : NULL;

  for (guint i = 0; origin && i < servers->len; i++)
    {
      const FpServerRow *server = g_ptr_array_index (servers, i);
      g_autofree char *its = fp_host_dup_origin (server->url, NULL);

      if (g_strcmp0 (its, origin) == 0)
        return fp_server_rows_get (txn, server->id, error);
    }

  return NULL;
}

static gpointer
list_servers (FpStoreTxn  *txn,
              gpointer     data,
              GError     **error)
{
  return fp_server_rows_list (txn, error);
}

void
fp_engine_list_servers_async (FpEngine            *self,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  _fp_engine_read (self, fp_engine_list_servers_async, list_servers, NULL, NULL, (GDestroyNotify) g_ptr_array_unref,
                   cancellable, callback, user_data);
}

/**
 * fp_engine_list_servers_finish:
 *
 * Returns: (transfer full) (element-type FpServerRow): all servers
 */
GPtrArray *
fp_engine_list_servers_finish (FpEngine      *self,
                               GAsyncResult  *result,
                               GError       **error)
{
  return _fp_engine_finish (self, result, error);
}

/* Adding. */

typedef struct {
  FpServerRow *row;
  char        *secret;
} AddServer;

static void
add_server_free (gpointer data)
{
  AddServer *add = data;

  g_clear_pointer (&add->row, fp_server_row_free);
  g_free (add->secret);
  g_free (add);
}

static void
secret_removed_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  /* It stays in the keyring, bound to its origin and without a row that names it. */
  if (!fp_secrets_remove_finish (FP_SECRETS (source), result, &error))
    g_debug ("a secret could not be removed: %s", error->message);
}

/* Nothing stays of a server that could not be added. Takes @error. */
static void
fail_add (GTask  *task,
          GError *error)
{
  FpEngine *self = g_task_get_source_object (task);
  AddServer *add = g_task_get_task_data (task);

  if (add->row->secret_id)
    fp_secrets_remove_async (self->secrets, add->row->secret_id, NULL, secret_removed_cb, NULL);
  g_task_return_error (task, error);
}

static void
added_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  FpServerRow *row = _fp_engine_refresh_finish (self, result, NULL, &error);

  if (row)
    g_task_return_pointer (task, row, (GDestroyNotify) fp_server_row_free);
  else
    fail_add (task, error);
}

static void
secret_stored_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  FpEngine *self = g_task_get_source_object (task);
  AddServer *add = g_task_get_task_data (task);
  GError *error = NULL;

  if (fp_secrets_store_finish (FP_SECRETS (source), result, &error))
    _fp_engine_refresh_async (self, add->row, g_task_get_cancellable (task), added_cb, g_object_ref (task));
  else
    g_task_return_error (task, error);
}

/* The base address: without the last slash, and without the /formList that people copy with it. */
static char *
dup_base (const char *url)
{
  g_autofree char *base = g_strdup (url);

  while (g_str_has_suffix (base, "/"))
    base[strlen (base) - 1] = '\0';
  if (g_str_has_suffix (base, "/formList"))
    base[strlen (base) - strlen ("/formList")] = '\0';

  return g_steal_pointer (&base);
}

static char *
dup_host (const char *url)
{
  g_autofree char *origin = fp_host_dup_origin (url, NULL);
  g_autoptr(GUri) uri = origin ? g_uri_parse (origin, G_URI_FLAGS_NONE, NULL) : NULL;

  return g_strdup (uri ? g_uri_get_host (uri) : url);
}

/**
 * fp_engine_add_server_async:
 * @url: base address of an OpenRosa server; a token in it goes to the keyring
 * @title: (nullable): %NULL = its host
 * @user: (nullable): user name for Basic authentication
 * @secret: (nullable): the password, or %NULL where @url holds a token or nothing is asked for
 * @reach: when it can be reached
 *
 * Asks the server for its forms, downloads and adds them. Nothing is added if the list cannot be read; a single form
 * that cannot be used is left out and named by fp_engine_peek_refused_forms().
 *
 * Errors: FP_ENGINE_ERROR_USAGE, FP_ENGINE_ERROR_SERVER with the server's or the network's words, FP_SECRET_ERROR.
 */
void
fp_engine_add_server_async (FpEngine            *self,
                            const char          *url,
                            const char          *title,
                            const char          *user,
                            const char          *secret,
                            FpReach              reach,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  AddServer *add = g_new0 (AddServer, 1);
  g_autofree char *split = fp_secret_split_url (url, &add->secret);
  g_autofree char *origin = NULL;
  g_autofree char *label = NULL;
  GError *error = NULL;

  g_task_set_source_tag (task, fp_engine_add_server_async);
  add->row = fp_server_row_new ();
  g_task_set_task_data (task, add, add_server_free);

  origin = fp_host_dup_origin (url, &error);
  if (!origin)
    {
      g_task_return_new_error (task, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE, "%s", error->message);
      g_error_free (error);
      return;
    }
  if (secret && add->secret)
    {
      g_task_return_new_error (task, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE,
                               "the address holds a token already; a password beside it makes no sense");
      return;
    }
  if (secret)
    add->secret = g_strdup (secret);

  add->row->url = dup_base (split);
  add->row->title = title && *title ? g_strdup (title) : dup_host (url);
  add->row->protocol = FP_PROTOCOL_OPENROSA;
  add->row->reach = reach;
  add->row->user = g_strdup (user);
  if (!add->secret)
    {
      _fp_engine_refresh_async (self, add->row, cancellable, added_cb, g_steal_pointer (&task));
      return;
    }
  add->row->secret_id = fp_uuid_new ();
  label = g_strdup_printf ("Fieldpost: %s", add->row->title);
  fp_secrets_store_async (self->secrets, add->row->secret_id, origin, label, add->secret, cancellable,
                          secret_stored_cb, g_steal_pointer (&task));
}

/**
 * fp_engine_add_server_finish:
 *
 * Returns: (transfer full): the row as it is stored
 */
FpServerRow *
fp_engine_add_server_finish (FpEngine      *self,
                             GAsyncResult  *result,
                             GError       **error)
{
  return _fp_engine_finish (self, result, error);
}

/* Refreshing. */

typedef struct {
  gint64       id;
  FpServerRow *row;
} Refresh;

static void
refresh_free (gpointer data)
{
  Refresh *refresh = data;

  g_clear_pointer (&refresh->row, fp_server_row_free);
  g_free (refresh);
}

static gpointer
get_server (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  Refresh *refresh = data;

  return fp_server_rows_get (txn, refresh->id, error);
}

static void
refreshed_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  guint n = 0;
  g_autoptr(FpServerRow) row = _fp_engine_refresh_finish (FP_ENGINE (source), result, &n, &error);

  if (row)
    g_task_return_int (task, n);
  else
    g_task_return_error (task, error);
}

static void
server_read_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autoptr(GTask) task = user_data;
  Refresh *refresh = g_task_get_task_data (task);
  GError *error = NULL;

  refresh->row = _fp_engine_finish (self, result, &error);
  if (refresh->row)
    _fp_engine_refresh_async (self, refresh->row, g_task_get_cancellable (task), refreshed_cb,
                              g_object_ref (task));
  else
    g_task_return_error (task, error);
}

void
fp_engine_refresh_server_async (FpEngine            *self,
                                gint64               server,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Refresh *refresh = g_new0 (Refresh, 1);

  refresh->id = server;
  g_task_set_source_tag (task, fp_engine_refresh_server_async);
  g_task_set_task_data (task, refresh, refresh_free);
  _fp_engine_read (self, fp_engine_refresh_server_async, get_server, refresh, NULL,
                   (GDestroyNotify) fp_server_row_free, cancellable, server_read_cb, task);
}

/**
 * fp_engine_refresh_server_finish:
 *
 * Returns: how many forms are new or changed, or -1 on error
 */
gint
fp_engine_refresh_server_finish (FpEngine      *self,
                                 GAsyncResult  *result,
                                 GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), -1);

  return g_task_propagate_int (G_TASK (result), error);
}

const char * const *
fp_engine_peek_refused_forms (FpEngine *self,
                              gint64    server)
{
  return g_hash_table_lookup (self->refused, &server);
}

/* Removing. */

static gpointer
remove_server (FpStoreTxn  *txn,
               gpointer     data,
               GError     **error)
{
  Refresh *refresh = data;

  refresh->row = fp_server_rows_get (txn, refresh->id, error);
  if (!refresh->row || !fp_server_rows_remove (txn, refresh->id, error))
    return NULL;

  return _FP_ENGINE_DONE;
}

static void
removed_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autoptr(GTask) task = user_data;
  Refresh *refresh = g_task_get_task_data (task);
  GError *error = NULL;

  if (!_fp_engine_finish (self, result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (refresh->row->secret_id)
    fp_secrets_remove_async (self->secrets, refresh->row->secret_id, NULL, secret_removed_cb, NULL);
  g_task_return_boolean (task, TRUE);
}

/**
 * fp_engine_remove_server_async:
 *
 * Forgets a server, its forms and its password. Refused while drafts or unsent items of its forms exist.
 */
void
fp_engine_remove_server_async (FpEngine            *self,
                               gint64               server,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Refresh *refresh = g_new0 (Refresh, 1);

  refresh->id = server;
  g_task_set_source_tag (task, fp_engine_remove_server_async);
  g_task_set_task_data (task, refresh, refresh_free);
  _fp_engine_write (self, fp_engine_remove_server_async, remove_server, refresh, NULL, NULL, cancellable, removed_cb,
                    task);
}

gboolean
fp_engine_remove_server_finish (FpEngine      *self,
                                GAsyncResult  *result,
                                GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
