#include "engine/fp-engine-private.h"

#include <string.h>

#include "base/fp-random.h"
#include "net/fp-host.h"
#include "store/fp-form-rows.h"

/* Keys of one origin that are looked through for a secret that is given again; of more the oldest are let go. */
#define KEYS_MAX 64

typedef struct {
  char  *origin;
  char  *secret;
  GStrv  keys; /* of this origin and store, the newest first */
  guint  at;   /* the one that is looked up */
  char  *id;   /* a new one */
} Keep;

static void
keep_free (gpointer data)
{
  Keep *keep = data;

  g_free (keep->origin);
  g_free (keep->secret);
  g_strfreev (keep->keys);
  g_free (keep->id);
  g_free (keep);
}

/* The setting with the keys that were made here, one a line. */
static char *
dup_setting (const Keep *keep)
{
  return g_strconcat ("secret-keys-", keep->origin, NULL);
}

static gpointer
read_keys (FpStoreTxn  *txn,
           gpointer     data,
           GError     **error)
{
  Keep *keep = data;
  g_autofree char *name = dup_setting (keep);
  GError *local = NULL;
  g_autofree char *keys = fp_setting_rows_get (txn, name, &local);

  if (local)
    {
      g_propagate_error (error, local);
      return NULL;
    }
  keep->keys = g_strsplit (keys ? keys : "", "\n", -1);

  return _FP_ENGINE_DONE;
}

/* Another process may have noted one meanwhile. */
static gpointer
note_key (FpStoreTxn  *txn,
          gpointer     data,
          GError     **error)
{
  Keep *keep = data;
  g_autofree char *name = dup_setting (keep);
  GError *local = NULL;
  g_autofree char *before = fp_setting_rows_get (txn, name, &local);
  g_autofree char *after = before ? g_strconcat (keep->id, "\n", before, NULL) : g_strdup (keep->id);
  char *end = after;

  if (local)
    {
      g_propagate_error (error, local);
      return NULL;
    }
  for (guint i = 0; i < KEYS_MAX && end; i++)
    end = strchr (end + 1, '\n');
  if (end)
    *end = '\0';

  return fp_setting_rows_set (txn, name, after, error) ? _FP_ENGINE_DONE : NULL;
}

static void begin_next (FpEngine *self);

/* Takes @task; @error: (nullable) (transfer full): otherwise @id is the result. */
static void
end (GTask      *task,
     const char *id,
     GError     *error)
{
  g_autoptr(FpEngine) self = g_object_ref (g_task_get_source_object (task));

  g_queue_pop_head (self->keeping);
  if (error)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_strdup (id), g_free);
  g_object_unref (task);
  begin_next (self);
}

static void
noted_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Keep *keep = g_task_get_task_data (user_data);
  GError *error = NULL;

  _fp_engine_finish (FP_ENGINE (source), result, &error);
  end (user_data, keep->id, error);
}

static void
stored_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  GTask *task = user_data;
  Keep *keep = g_task_get_task_data (task);
  GError *error = NULL;

  if (!fp_secrets_store_finish (FP_SECRETS (source), result, &error))
    end (task, NULL, error);
  else
    _fp_engine_write (g_task_get_source_object (task), _fp_engine_keep_secret_async, note_key, keep, NULL, NULL, NULL,
                      noted_cb, task);
}

static void look_up (GTask *task);

static void
looked_up_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  GTask *task = user_data;
  Keep *keep = g_task_get_task_data (task);
  GError *error = NULL;
  g_autofree char *found = fp_secrets_lookup_finish (FP_SECRETS (source), result, &error);

  if (g_strcmp0 (found, keep->secret) == 0)
    {
      end (task, keep->keys[keep->at], NULL);
      return;
    }
  /* One that is gone is never given to another secret: what names it would be sent with that. */
  if (error && !g_error_matches (error, FP_SECRET_ERROR, FP_SECRET_ERROR_NOT_FOUND))
    {
      end (task, NULL, error);
      return;
    }
  g_clear_error (&error);
  keep->at++;
  look_up (task);
}

/* Takes @task. */
static void
look_up (GTask *task)
{
  FpEngine *self = g_task_get_source_object (task);
  Keep *keep = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_autofree char *uuid = NULL;

  if (keep->keys[keep->at])
    {
      fp_secrets_lookup_async (self->secrets, keep->keys[keep->at], keep->origin, cancellable, looked_up_cb, task);
      return;
    }
  uuid = fp_uuid_new ();
  keep->id = g_strdup_printf ("%s#%s", keep->origin, uuid);
  fp_secrets_store_async (self->secrets, keep->id, keep->origin, keep->origin, keep->secret, cancellable, stored_cb, task);
}

static void
keys_read_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  GError *error = NULL;

  if (_fp_engine_finish (FP_ENGINE (source), result, &error))
    look_up (user_data);
  else
    end (user_data, NULL, error);
}

/* One after the other: two at once that bring the same secret would each make an entry. */
static void
begin_next (FpEngine *self)
{
  GTask *task = g_queue_peek_head (self->keeping);

  if (task)
    _fp_engine_read (self, _fp_engine_keep_secret_async, read_keys, g_task_get_task_data (task), NULL, NULL, NULL,
                     keys_read_cb, task);
}

/* A key is random, so that it means one secret wherever an export takes it. An equal secret is found again: a thousand
 * requests with one token make one entry in the keyring. */
void
_fp_engine_keep_secret_async (FpEngine            *self,
                              const char          *url,
                              const char          *secret,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  Keep *keep = g_new0 (Keep, 1);
  GError *error = NULL;

  g_task_set_source_tag (task, _fp_engine_keep_secret_async);
  g_task_set_task_data (task, keep, keep_free);
  keep->origin = fp_host_dup_origin (url, &error);
  keep->secret = g_strdup (secret);
  if (!keep->origin)
    {
      g_task_return_error (task, error);
      return;
    }
  g_queue_push_tail (self->keeping, g_steal_pointer (&task));
  if (self->keeping->length == 1)
    begin_next (self);
}
