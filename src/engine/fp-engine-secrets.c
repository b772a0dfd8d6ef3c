#include "engine/fp-engine-private.h"

#include "net/fp-host.h"

typedef struct {
  char    *origin;
  char    *secret;
  char    *id;
  guint    number;
  gboolean stored;
} Keep;

static void
keep_free (gpointer data)
{
  Keep *keep = data;

  g_free (keep->origin);
  g_free (keep->secret);
  g_free (keep->id);
  g_free (keep);
}

static void look_up (GTask *task);

static void
stored_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Keep *keep = g_task_get_task_data (task);
  GError *error = NULL;

  if (!fp_secrets_store_finish (FP_SECRETS (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  keep->stored = TRUE;
  look_up (g_steal_pointer (&task));
}

static void
looked_up_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Keep *keep = g_task_get_task_data (task);
  FpSecrets *secrets = FP_SECRETS (source);
  g_autoptr(GError) error = NULL;
  g_autofree char *found = fp_secrets_lookup_finish (secrets, result, &error);

  if (g_strcmp0 (found, keep->secret) == 0)
    {
      g_task_return_pointer (task, g_strdup (keep->id), g_free);
      return;
    }
  if (!found && g_error_matches (error, FP_SECRET_ERROR, FP_SECRET_ERROR_NOT_FOUND) && !keep->stored)
    {
      fp_secrets_store_async (secrets, keep->id, keep->origin, keep->origin, keep->secret,
                              g_task_get_cancellable (task), stored_cb, g_object_ref (task));
      return;
    }
  if (!found)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  /* Another secret of this origin has the number, or another process took it in between. */
  keep->number++;
  keep->stored = FALSE;
  look_up (g_steal_pointer (&task));
}

/* Takes @task. */
static void
look_up (GTask *task)
{
  FpEngine *self = g_task_get_source_object (task);
  Keep *keep = g_task_get_task_data (task);

  g_free (keep->id);
  keep->id = g_strdup_printf ("%s#%u", keep->origin, keep->number);
  fp_secrets_lookup_async (self->secrets, keep->id, keep->origin, g_task_get_cancellable (task), looked_up_cb, task);
}

/* Secrets of one origin are numbered, and an equal one is found again: a thousand requests with one token make one
 * entry in the keyring. What is written is read back, since another process may have taken the number. */
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
  keep->number = 1;
  if (keep->origin)
    look_up (g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}
