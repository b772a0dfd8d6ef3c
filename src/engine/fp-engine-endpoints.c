#include "config.h"

#include "engine/fp-engine-endpoints.h"

#include <glib/gi18n.h>
#include <string.h>

#include "base/fp-random.h"
#include "engine/fp-engine-private.h"
#include "store/fp-hold-rows.h"

#define TEST_SECONDS 20

static const char * const success_words[] = {
  [FP_SUCCESS_2XX] = "2xx", [FP_SUCCESS_JSON] = "json", [FP_SUCCESS_REDIRECT] = "redirect",
};

static const char * const lost_words[] = { [FP_LOST_SEND] = "send", [FP_LOST_ASK] = "ask" };

static gboolean
find_word (const char * const *words,
           guint               n,
           const char         *word,
           guint              *found)
{
  for (guint i = 0; i < n; i++)
    if (g_strcmp0 (words[i], word) == 0)
      {
        *found = i;
        return TRUE;
      }

  return FALSE;
}

const char *
fp_success_to_string (FpSuccess success)
{
  return (guint) success < G_N_ELEMENTS (success_words) ? success_words[success] : success_words[0];
}

gboolean
fp_success_from_string (const char *word,
                        FpSuccess  *success)
{
  guint found = 0;

  if (!find_word (success_words, G_N_ELEMENTS (success_words), word, &found))
    return FALSE;
  *success = (FpSuccess) found;

  return TRUE;
}

const char *
fp_lost_to_string (FpLost lost)
{
  return (guint) lost < G_N_ELEMENTS (lost_words) ? lost_words[lost] : lost_words[0];
}

gboolean
fp_lost_from_string (const char *word,
                     FpLost     *lost)
{
  guint found = 0;

  if (!find_word (lost_words, G_N_ELEMENTS (lost_words), word, &found))
    return FALSE;
  *lost = (FpLost) found;

  return TRUE;
}

/* Adding and changing. */

typedef struct {
  gint64       id;
  FpServerRow *row;    /* as it is to be */
  char        *secret; /* (nullable): another one */
  char        *old;    /* (nullable): id of the one before */
  char        *host;   /* (nullable): of the server, with @secret */
  FpServerChanges changes;
} Change;

static void
change_free (gpointer data)
{
  Change *change = data;

  g_clear_pointer (&change->row, fp_server_row_free);
  g_free (change->secret);
  g_free (change->old);
  g_free (change->host);
  g_free (change->changes.title);
  g_free (change->changes.user);
  g_free (change);
}

static Change *
change_new (const FpServerChanges *changes)
{
  Change *change = g_new0 (Change, 1);

  change->changes = *changes;
  change->changes.title = g_strdup (changes->title);
  change->changes.user = g_strdup (changes->user);
  change->changes.secret = NULL;
  change->secret = g_strdup (changes->secret);

  return change;
}

static void
apply (FpServerRow           *row,
       const FpServerChanges *changes)
{
  if (changes->title && *changes->title)
    {
      g_free (row->title);
      row->title = g_strdup (changes->title);
    }
  if (changes->user)
    {
      g_free (row->user);
      row->user = *changes->user ? g_strdup (changes->user) : NULL;
    }
  if (changes->has_reach)
    row->reach = changes->reach;
  if (changes->has_success)
    row->success = changes->success;
  if (changes->has_lost)
    row->lost = changes->lost;
}

/* Two rules for one address: nobody could tell which holds. */
static gboolean
check_address (FpStoreTxn  *txn,
               const char  *url,
               GError     **error)
{
  g_autoptr(GPtrArray) servers = fp_server_rows_list (txn, error);

  for (guint i = 0; servers && i < servers->len; i++)
    {
      const FpServerRow *server = g_ptr_array_index (servers, i);

      if (!fp_host_covers (server->url, url) || !fp_host_covers (url, server->url))
        continue;
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED,
                   _("server %" G_GINT64_FORMAT " (%s) has this address already"), server->id, server->title);
      return FALSE;
    }

  return servers != NULL;
}

static gpointer
write_server (FpStoreTxn  *txn,
              gpointer     data,
              GError     **error)
{
  Change *change = data;
  FpServerRow *row = change->row;
  g_autoptr(FpServerRow) now = NULL;
  g_autofree char *old = NULL;

  if (row->id == 0)
    return check_address (txn, row->url, error) && fp_server_rows_add (txn, row, error)
             ? fp_server_rows_get (txn, row->id, error) : NULL;

  /* Only what was said: a refresh may have written the row meanwhile. */
  now = fp_server_rows_get (txn, row->id, error);
  if (!now)
    return NULL;
  apply (now, &change->changes);
  old = g_steal_pointer (&now->secret_id);
  now->secret_id = g_strdup (change->secret ? row->secret_id : old);
  if (!fp_server_rows_update (txn, now, error)
      || (change->secret && !fp_hold_rows_change_account (txn, now, old, change->host, error)))
    return NULL;

  return fp_server_rows_get (txn, row->id, error);
}

static void
removed_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  /* It stays in the keyring, bound to its origin and without a row that names it. */
  if (!fp_secrets_remove_finish (FP_SECRETS (source), result, &error))
    g_debug ("a secret could not be removed: %s", error->message);
}

static void
written_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  FpEngine *self = g_task_get_source_object (task);
  Change *change = g_task_get_task_data (task);
  GError *error = NULL;
  FpServerRow *row = _fp_engine_finish (FP_ENGINE (source), result, &error);
  /* The one that no row names. */
  const char *unused = row ? change->old : change->secret ? change->row->secret_id : NULL;

  if (unused)
    fp_secrets_remove_async (self->secrets, unused, NULL, removed_cb, NULL);
  if (row)
    g_task_return_pointer (task, row, (GDestroyNotify) fp_server_row_free);
  else
    g_task_return_error (task, error);
}

static void
stored_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Change *change = g_task_get_task_data (task);
  GError *error = NULL;

  if (fp_secrets_store_finish (FP_SECRETS (source), result, &error))
    _fp_engine_write (g_task_get_source_object (task), fp_engine_set_server_async, write_server, change, NULL,
                      (GDestroyNotify) fp_server_row_free, NULL, written_cb, g_object_ref (task));
  else
    g_task_return_error (task, error);
}

/* The secret first: a row never names one that was not kept. Takes @task. */
static void
keep (GTask *task)
{
  FpEngine *self = g_task_get_source_object (task);
  Change *change = g_task_get_task_data (task);
  FpServerRow *row = change->row;
  g_autofree char *origin = fp_host_dup_origin (row->url, NULL);
  g_autofree char *label = g_strdup_printf ("Fieldpost: %s", row->title);

  if (!change->secret)
    {
      _fp_engine_write (self, fp_engine_set_server_async, write_server, change, NULL,
                        (GDestroyNotify) fp_server_row_free, NULL, written_cb, task);
      return;
    }
  /* Another name, so that a refusal of the old one that is on its way says nothing of the new one. */
  change->host = g_strdup (origin);
  change->old = g_steal_pointer (&row->secret_id);
  row->secret_id = fp_uuid_new ();
  fp_secrets_store_async (self->secrets, row->secret_id, origin, label, change->secret, NULL, stored_cb, task);
}

static gpointer
look_at_address (FpStoreTxn  *txn,
                 gpointer     data,
                 GError     **error)
{
  return check_address (txn, ((Change *) data)->row->url, error) ? _FP_ENGINE_DONE : NULL;
}

static void
address_looked_at_cb (GObject      *source,
                      GAsyncResult *result,
                      gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;

  if (_fp_engine_finish (FP_ENGINE (source), result, &error))
    keep (g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

/**
 * fp_engine_add_endpoint_async:
 *
 * Errors: FP_ENGINE_ERROR_USAGE where @url is no web address, or holds a token and a password is given as well;
 * FP_ENGINE_ERROR_REFUSED where a server has that address.
 */
void
fp_engine_add_endpoint_async (FpEngine               *self,
                              const char             *url,
                              const FpServerChanges  *changes,
                              GCancellable           *cancellable,
                              GAsyncReadyCallback     callback,
                              gpointer                user_data)
{
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  Change *change = change_new (changes);
  g_autofree char *secret = NULL;
  g_autoptr(GUri) uri = NULL;
  g_autofree char *origin = NULL;
  GError *error = NULL;

  g_task_set_source_tag (task, fp_engine_add_endpoint_async);
  g_task_set_task_data (task, change, change_free);
  origin = fp_host_dup_origin (url, &error);
  if (!origin)
    {
      g_task_return_new_error (task, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE, "%s", error->message);
      g_error_free (error);
      return;
    }
  uri = g_uri_parse (origin, G_URI_FLAGS_NONE, NULL);
  change->row = fp_server_row_new ();
  change->row->url = fp_secret_split_url (url, &secret);
  change->row->title = g_strdup (uri ? g_uri_get_host (uri) : origin);
  change->row->protocol = FP_PROTOCOL_PLAIN;
  if (secret && change->secret)
    {
      g_task_return_new_error (task, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE,
                               _("the address holds a token already; a password beside it makes no sense"));
      return;
    }
  if (secret)
    change->secret = g_steal_pointer (&secret);
  apply (change->row, &change->changes);
  /* Before a password is kept for nothing. */
  _fp_engine_read (self, fp_engine_add_endpoint_async, look_at_address, change, NULL, NULL, cancellable,
                   address_looked_at_cb, g_steal_pointer (&task));
}

FpServerRow *
fp_engine_add_endpoint_finish (FpEngine      *self,
                               GAsyncResult  *result,
                               GError       **error)
{
  return _fp_engine_finish (self, result, error);
}

static gpointer
get_server (FpStoreTxn  *txn,
            gpointer     data,
            GError     **error)
{
  GError *local = NULL;
  FpServerRow *row = fp_server_rows_get (txn, *(gint64 *) data, &local);

  if (g_error_matches (local, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND))
    {
      g_clear_error (&local);
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_NOT_FOUND, _("server %" G_GINT64_FORMAT ": there is none"),
                   *(gint64 *) data);
    }
  else if (local)
    g_propagate_error (error, local);

  return row;
}

static void
read_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Change *change = g_task_get_task_data (task);
  GError *error = NULL;

  change->row = _fp_engine_finish (FP_ENGINE (source), result, &error);
  if (change->row && change->row->protocol != FP_PROTOCOL_PLAIN
      && (change->changes.has_success || change->changes.has_lost))
    g_set_error (&error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE,
                 _("server %" G_GINT64_FORMAT " is an OpenRosa server: what its answers mean is fixed"), change->id);
  if (error)
    {
      g_task_return_error (task, error);
      return;
    }
  apply (change->row, &change->changes);
  keep (g_steal_pointer (&task));
}

/**
 * fp_engine_set_server_async:
 *
 * Errors: FP_ENGINE_ERROR_NOT_FOUND; FP_ENGINE_ERROR_USAGE; those of the keyring, with nothing changed.
 */
void
fp_engine_set_server_async (FpEngine               *self,
                            gint64                  server,
                            const FpServerChanges  *changes,
                            GCancellable           *cancellable,
                            GAsyncReadyCallback     callback,
                            gpointer                user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Change *change = change_new (changes);

  change->id = server;
  g_task_set_source_tag (task, fp_engine_set_server_async);
  g_task_set_task_data (task, change, change_free);
  _fp_engine_read (self, fp_engine_set_server_async, get_server, &change->id, NULL,
                   (GDestroyNotify) fp_server_row_free, cancellable, read_cb, task);
}

FpServerRow *
fp_engine_set_server_finish (FpEngine      *self,
                             GAsyncResult  *result,
                             GError       **error)
{
  return _fp_engine_finish (self, result, error);
}

/* Testing. */

static void
answered_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;

  g_task_return_pointer (task, fp_http_send_finish (FP_HTTP (source), result), (GDestroyNotify) fp_answer_free);
}

static FpRequest *
make_sample (const FpServerRow *row)
{
  static const char body[] = "{\"fieldpost_test\":true}";
  gboolean plain = row->protocol == FP_PROTOCOL_PLAIN;
  g_autofree char *list = g_strconcat (row->url, "/formList", NULL);
  FpRequest *request = fp_request_new (plain ? "POST" : "GET", plain ? row->url : list);

  request->secret_id = g_strdup (row->secret_id);
  request->user = g_strdup (row->user);
  request->timeout_s = TEST_SECONDS;
  request->allow_cleartext = row->secret_id == NULL;
  if (plain)
    {
      g_autofree char *key = fp_uuid_new ();
      g_autoptr(GBytes) bytes = g_bytes_new_static (body, strlen (body));

      fp_request_add_header (request, "X-Fieldpost-Test", "1");
      fp_request_add_header (request, "Idempotency-Key", key);
      fp_request_add_header (request, "Content-Type", "application/json");
      fp_request_add_bytes (request, bytes);
    }
  else
    {
      fp_request_add_header (request, "X-OpenRosa-Version", "1.0");
    }

  return request;
}

static void
test_read_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  g_autoptr(FpServerRow) row = _fp_engine_finish (self, result, &error);

  if (row)
    fp_http_send_async (self->http, make_sample (row), NULL, NULL, g_task_get_cancellable (task), answered_cb,
                        g_object_ref (task));
  else
    g_task_return_error (task, error);
}

/**
 * fp_engine_test_server_async:
 *
 * Whoever calls it for a plain server has asked the person: it posts something there. The outbox is not touched.
 */
void
fp_engine_test_server_async (FpEngine            *self,
                             gint64               server,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, fp_engine_test_server_async);
  _fp_engine_read (self, fp_engine_test_server_async, get_server, g_memdup2 (&server, sizeof server), g_free,
                   (GDestroyNotify) fp_server_row_free, cancellable, test_read_cb, task);
}

FpAnswer *
fp_engine_test_server_finish (FpEngine      *self,
                              GAsyncResult  *result,
                              GError       **error)
{
  return _fp_engine_finish (self, result, error);
}
