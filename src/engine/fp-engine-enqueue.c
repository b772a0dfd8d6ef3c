#include "engine/fp-engine-private.h"

#include "base/fp-json.h"
#include "base/fp-random.h"
#include "net/fp-host.h"
#include "store/fp-hold-rows.h"
#include "sync/fp-sync-hold.h"

#define TAG_MAX 200

/* Headers whose value is a secret: it goes to the keyring and never into the store. */
static const char * const secret_headers[] = {
  "authorization", "cookie", "x-api-key", "api-key", "x-auth-token", "x-access-token", NULL,
};

/* Headers that belong to the transport. */
static const char * const own_headers[] = {
  "connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization", "te",
  "trailer", "transfer-encoding", "upgrade", NULL,
};

/* Where a secret is in a stored URL or header. */
#define PLACEHOLDER "{secret}"

/* Characters of a path in a title. */
#define TITLE_PATH_MAX 40

typedef struct {
  FpEnqueue *request;
  FpItem    *item;
  char      *secret;
  char      *known_id; /* (nullable): of the secret that the placeholder in @request stands for */
} Enqueue;

static void
enqueue_free (gpointer data)
{
  Enqueue *enqueue = data;

  fp_enqueue_free (enqueue->request);
  g_clear_pointer (&enqueue->item, fp_item_free);
  g_free (enqueue->secret);
  g_free (enqueue->known_id);
  g_free (enqueue);
}

/* RFC 9110, "token": what methods and header names are made of. */
static gboolean
is_token (const char *text)
{
  if (!*text)
    return FALSE;
  for (const char *c = text; *c; c++)
    if (!g_ascii_isalnum (*c) && !strchr ("!#$%&'*+-.^_`|~", *c))
      return FALSE;

  return TRUE;
}

static gboolean
has_control (const char *text)
{
  for (const char *c = text; *c; c++)
    if (g_ascii_iscntrl (*c) && *c != '\t')
      return TRUE;

  return FALSE;
}

static gboolean
usage (GError     **error,
       const char  *format,
       ...) G_GNUC_PRINTF (2, 3);

static gboolean
usage (GError     **error,
       const char  *format,
       ...)
{
  va_list args;
  g_autofree char *message = NULL;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE, message);

  return FALSE;
}

static gboolean
keep_secret_once (Enqueue     *enqueue,
                  const char  *where,
                  const char  *secret,
                  GError     **error)
{
  if (enqueue->secret && !g_str_equal (enqueue->secret, secret))
    return usage (error, "%s: the request already holds another secret; one request can carry one", where);
  g_free (enqueue->secret);
  enqueue->secret = g_strdup (secret);

  return TRUE;
}

/* Checks one header and puts it into @out, a secret as "{secret}". */
static gboolean
take_header (Enqueue     *enqueue,
             const char  *name,
             const char  *value,
             GHashTable  *out,
             GError     **error)
{
  g_autofree char *lower = g_ascii_strdown (name, -1);
  const char *space;

  if (!is_token (name))
    return usage (error, "header \"%s\": no header name", name);
  if (has_control (value))
    return usage (error, "header %s: its value has a control character", name);
  if (g_strv_contains (own_headers, lower))
    return usage (error, "header %s: Fieldpost sets it itself", name);

  if (g_str_equal (lower, "content-type"))
    {
      FpEnqueuePart *body = enqueue->request->parts->len == 1 ? g_ptr_array_index (enqueue->request->parts, 0) : NULL;

      if (!body || body->name)
        return usage (error, "header Content-Type: there is no single body that it could describe");
      g_free (body->media_type);
      body->media_type = g_strdup (value);
      return TRUE;
    }
  if (!g_strv_contains (secret_headers, lower))
    {
      g_hash_table_insert (out, g_strdup (name), g_strdup (value));
      return TRUE;
    }

  space = g_str_equal (lower, "authorization") ? strchr (value, ' ') : NULL;
  g_hash_table_insert (out, g_strdup (name),
                       space ? g_strdup_printf ("%.*s {secret}", (int) (space - value), value)
                             : g_strdup ("{secret}"));

  return keep_secret_once (enqueue, name, space ? space + 1 : value, error);
}

static gboolean
take_headers (Enqueue  *enqueue,
              GError  **error)
{
  g_autoptr(GHashTable) out = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  GHashTableIter iter;
  gpointer name, value;

  if (enqueue->request->headers)
    {
      g_hash_table_iter_init (&iter, enqueue->request->headers);
      while (g_hash_table_iter_next (&iter, &name, &value))
        if (!take_header (enqueue, name, value, out, error))
          return FALSE;
    }
  enqueue->item->headers = fp_json_from_string_map (out);

  return TRUE;
}

static gboolean
check_parts (const FpEnqueue  *request,
             const char       *method,
             GError          **error)
{
  if (request->parts->len > 0 && (g_str_equal (method, "GET") || g_str_equal (method, "HEAD")))
    return usage (error, "a %s request has no body", method);

  for (guint i = 0; i < request->parts->len; i++)
    {
      const FpEnqueuePart *part = g_ptr_array_index (request->parts, i);

      if (!part->name && request->parts->len > 1)
        return usage (error, "part %u has no name, and it is not the only one", i + 1);
      if (part->name && (!*part->name || has_control (part->name)))
        return usage (error, "part %u: \"%s\" is no field name", i + 1, part->name);
      if (part->filename && has_control (part->filename))
        return usage (error, "part %u: its file name has a control character", i + 1);
      if (part->media_type && has_control (part->media_type))
        return usage (error, "part %u: its media type has a control character", i + 1);
    }

  return TRUE;
}

/* "/inbox/crops": without query and secret; of a long one the end, which tells more. */
static char *
dup_short_path (const char *url)
{
  const char *host = strstr (url, "://");
  const char *start = host ? host + 3 + strcspn (host + 3, "/?#") : "";
  g_autofree char *path = g_strndup (start, strcspn (start, "?#"));
  g_auto(GStrv) parts = g_strsplit (path, "{secret}", -1);
  g_autofree char *shown = g_strjoinv ("…", parts);
  glong length;

  if (!g_utf8_validate (shown, -1, NULL) || g_str_equal (shown, "/"))
    return g_strdup ("");
  length = g_utf8_strlen (shown, -1);
  if (length <= TITLE_PATH_MAX)
    return g_steal_pointer (&shown);

  return g_strdup_printf ("/…%s", g_utf8_offset_to_pointer (shown, length - TITLE_PATH_MAX + 2));
}

char *
_fp_engine_dup_title (const FpItem *item)
{
  g_autoptr(GUri) uri = g_uri_parse (item->host, G_URI_FLAGS_NONE, NULL);
  g_autofree char *path = dup_short_path (item->url);

  return g_strdup_printf ("%s %s%s", item->method, uri ? g_uri_get_host (uri) : item->host, path);
}

/* Fills the item with what needs no store; the parts come later. */
static gboolean
make_item (Enqueue  *enqueue,
           GError  **error)
{
  FpEnqueue *request = enqueue->request;
  FpItem *item = enqueue->item = fp_item_new ();
  g_autofree char *secret = NULL;
  g_autoptr(GError) local = NULL;

  item->host = fp_host_dup_origin (request->url, &local);
  if (!item->host)
    return usage (error, "%s", local->message);
  item->url = fp_secret_split_url (request->url, &secret);
  if (!secret && enqueue->known_id && strstr (item->url, PLACEHOLDER))
    secret = g_strdup (PLACEHOLDER);
  if (secret && !keep_secret_once (enqueue, "URL", secret, error))
    return FALSE;

  item->method = request->method ? g_ascii_strup (request->method, -1)
                                 : g_strdup (request->parts->len > 0 ? "POST" : "GET");
  if (!is_token (item->method) || g_str_equal (item->method, "CONNECT") || g_str_equal (item->method, "TRACE"))
    return usage (error, "\"%s\" is no method that can be queued", item->method);
  if (request->tag && (!*request->tag || strlen (request->tag) > TAG_MAX || has_control (request->tag)
                       || !g_utf8_validate (request->tag, -1, NULL)))
    return usage (error, "tag: 1 to %d bytes of text without control characters", TAG_MAX);
  if (request->title && !g_utf8_validate (request->title, -1, NULL))
    return usage (error, "title: no valid UTF-8");
  if (!check_parts (request, item->method, error) || !take_headers (enqueue, error))
    return FALSE;

  item->uid = fp_uuid_new ();
  item->kind = FP_ITEM_REQUEST;
  item->protocol = FP_PROTOCOL_PLAIN;
  item->tag = g_strdup (request->tag ? request->tag : "data-sync");
  item->title = request->title && *request->title ? g_strdup (request->title) : _fp_engine_dup_title (item);
  item->reach = request->reach;
  item->meta = request->meta && g_hash_table_size (request->meta) > 0 ? fp_json_from_string_map (request->meta) : NULL;
  item->state = FP_ITEM_PENDING;
  if (request->parts->len > 0 && ((FpEnqueuePart *) g_ptr_array_index (request->parts, 0))->name)
    item->boundary = g_strdup_printf ("fieldpost-%s", item->uid);
  if (enqueue->known_id && g_strcmp0 (enqueue->secret, PLACEHOLDER) == 0)
    {
      item->secret_id = g_strdup (enqueue->known_id);
      g_clear_pointer (&enqueue->secret, g_free);
    }

  return TRUE;
}

/* The item that @request would become, without its parts; @secret: (out): what belongs into the keyring, or NULL. */
FpItem *
_fp_engine_check_request (FpEnqueue  *request,
                          char      **secret,
                          GError    **error)
{
  Enqueue enqueue = { .request = request };

  if (make_item (&enqueue, error))
    {
      *secret = enqueue.secret;
      return enqueue.item;
    }
  g_clear_pointer (&enqueue.item, fp_item_free);
  g_free (enqueue.secret);

  return NULL;
}

/* What brings no credentials of its own goes with those of its endpoint. */
static gboolean
take_account (FpStoreTxn  *txn,
              FpItem      *item,
              GError     **error)
{
  g_autoptr(FpServerRow) endpoint = NULL;
  GError *local = NULL;

  if (item->secret_id)
    return TRUE;
  endpoint = fp_sync_find_endpoint (txn, item->url, &local);
  if (local)
    {
      g_propagate_error (error, local);
      return FALSE;
    }
  if (endpoint && endpoint->user)
    item->secret_id = g_strdup (endpoint->secret_id);

  return TRUE;
}

/* A password that was missing is there again: it came with @item. */
static gboolean
end_missing (FpStoreTxn    *txn,
             const FpItem  *item,
             GError       **error)
{
  GError *local = NULL;
  g_autoptr(FpHoldRow) row = item->secret_id ? fp_hold_rows_find (txn, item, &local) : NULL;

  if (local)
    {
      g_propagate_error (error, local);
      return FALSE;
    }

  return !row || row->kind != FP_HOLD_ACCOUNT || g_strcmp0 (row->code, "account-missing") != 0
         || fp_hold_rows_repair (txn, item->secret_id, error);
}

gpointer
_fp_engine_insert_request (FpStoreTxn  *txn,
                           gpointer     data,
                           GError     **error)
{
  FpItem *item = data;

  if (item->reach == FP_REACH_AUTO)
    {
      GError *local = NULL;
      g_autoptr(FpServerRow) server = _fp_engine_find_server (txn, item->url, &local);

      if (local)
        {
          g_propagate_error (error, local);
          return NULL;
        }
      item->reach = server ? server->reach : FP_REACH_AUTO;
    }
  if (!end_missing (txn, item, error) || !take_account (txn, item, error))
    return NULL;
  item->created = fp_store_txn_get_now (txn);
  if (!fp_item_rows_insert (txn, item, error))
    return NULL;

  return fp_item_rows_get (txn, item->id, FALSE, error);
}

static void
parts_stored_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autoptr(GTask) task = user_data;
  Enqueue *enqueue = g_task_get_task_data (task);
  FpItem *item = enqueue->item;
  GError *error = NULL;

  item->parts = _fp_engine_finish (self, result, &error);
  if (!item->parts)
    {
      g_task_return_error (task, error);
      return;
    }
  for (guint i = 0; i < item->parts->len; i++)
    item->body_size += ((FpItemPart *) g_ptr_array_index (item->parts, i))->size;

  g_task_return_pointer (task, g_steal_pointer (&enqueue->item), (GDestroyNotify) fp_item_free);
}

/* Takes @task. */
static void
store_parts (GTask *task)
{
  Enqueue *enqueue = g_task_get_task_data (task);

  if (enqueue->request->staged)
    {
      g_task_return_pointer (task, g_steal_pointer (&enqueue->item), (GDestroyNotify) fp_item_free);
      g_object_unref (task);
      return;
    }
  _fp_engine_store_parts_async (g_task_get_source_object (task), enqueue->request->parts,
                                g_task_get_cancellable (task), parts_stored_cb, task);
}

static void
secret_kept_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Enqueue *enqueue = g_task_get_task_data (task);
  GError *error = NULL;

  enqueue->item->secret_id = _fp_engine_finish (FP_ENGINE (source), result, &error);
  if (enqueue->item->secret_id)
    store_parts (g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

void
_fp_engine_prepare_async (FpEngine            *self,
                          FpEnqueue           *request,
                          const char          *known_id,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  Enqueue *enqueue = g_new0 (Enqueue, 1);
  GError *error = NULL;

  enqueue->request = request;
  enqueue->known_id = g_strdup (known_id);
  g_task_set_source_tag (task, _fp_engine_prepare_async);
  g_task_set_task_data (task, enqueue, enqueue_free);

  if (!make_item (enqueue, &error))
    g_task_return_error (task, error);
  else if (enqueue->secret)
    _fp_engine_keep_secret_async (self, enqueue->item->url, enqueue->secret, cancellable, secret_kept_cb,
                                  g_steal_pointer (&task));
  else
    store_parts (g_steal_pointer (&task));
}

static void
inserted_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  FpItem *item = _fp_engine_finish (FP_ENGINE (source), result, &error);

  if (item)
    g_task_return_pointer (task, item, (GDestroyNotify) fp_item_free);
  else
    g_task_return_error (task, error);
}

static void
prepared_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  FpEngine *self = FP_ENGINE (source);
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  FpItem *item = _fp_engine_finish (self, result, &error);

  if (item)
    _fp_engine_write (self, fp_engine_enqueue_async, _fp_engine_insert_request, item, (GDestroyNotify) fp_item_free,
                      (GDestroyNotify) fp_item_free, g_task_get_cancellable (task), inserted_cb, g_object_ref (task));
  else
    g_task_return_error (task, error);
}

/**
 * fp_engine_enqueue_async:
 * @request: (transfer full): what to send
 *
 * Puts a request into the outbox durably. A token in the URL, and the value of a header that holds credentials, go to
 * the keyring; the store keeps "{secret}" in their place.
 *
 * Errors: FP_ENGINE_ERROR_USAGE names what is wrong; a file that cannot be read; no keyring for a secret; those of
 * the store. Nothing is queued then.
 */
void
fp_engine_enqueue_async (FpEngine            *self,
                         FpEnqueue           *request,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, fp_engine_enqueue_async);
  _fp_engine_prepare_async (self, request, NULL, cancellable, prepared_cb, task);
}

/**
 * fp_engine_enqueue_finish:
 *
 * Returns: (transfer full): the item in the outbox, without parts
 */
FpItem *
fp_engine_enqueue_finish (FpEngine      *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  return _fp_engine_finish (self, result, error);
}
