#include "config.h"

#include "secret/fp-secret.h"

#include <glib/gi18n.h>
#include <string.h>

#include "base/fp-worker.h"
#include "secret/fp-secret-private.h"

typedef enum
{
  BACKEND_SERVICE,
  BACKEND_FILE,
  BACKEND_MEMORY,
} Backend;

struct _FpSecrets
{
  GObject parent_instance;

  /* Owned. */
  char *path;
  GHashTable *memory; /* id -> FpSecretJob */

  Backend fixed;
};

G_DEFINE_QUARK (fp-secret-error-quark, fp_secret_error)
G_DEFINE_FINAL_TYPE (FpSecrets, fp_secrets, G_TYPE_OBJECT)

static void
wipe (char *secret)
{
  if (secret)
    explicit_bzero (secret, strlen (secret));
  g_free (secret);
}

static void
job_free (FpSecretJob *job)
{
  g_free (job->path);
  g_free (job->id);
  g_free (job->origin);
  g_free (job->label);
  wipe (job->secret);
  g_free (job);
}

static FpSecretJob *
job_new (FpSecrets  *self,
         const char *id,
         const char *origin,
         const char *label,
         const char *secret)
{
  FpSecretJob *job = g_new0 (FpSecretJob, 1);

  job->path = g_strdup (self->path);
  job->id = g_strdup (id);
  job->origin = g_strdup (origin);
  job->label = g_strdup (label);
  job->secret = g_strdup (secret);

  return job;
}

static void
fp_secrets_finalize (GObject *object)
{
  FpSecrets *self = FP_SECRETS (object);

  g_free (self->path);
  g_clear_pointer (&self->memory, g_hash_table_unref);

  G_OBJECT_CLASS (fp_secrets_parent_class)->finalize (object);
}

static void
fp_secrets_class_init (FpSecretsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = fp_secrets_finalize;
}

static void
fp_secrets_init (FpSecrets *self)
{
}

/**
 * fp_secrets_new:
 * @folder: the data folder
 *
 * Secrets of the keyring, and of $CREDENTIALS_DIRECTORY. A file secrets.json in @folder is the
 * person's choice to keep them there instead; FIELDPOST_SECRETS=file makes that choice.
 */
FpSecrets *
fp_secrets_new (const char *folder)
{
  FpSecrets *self = g_object_new (FP_TYPE_SECRETS, NULL);

  self->path = g_build_filename (folder, "secrets.json", NULL);
  self->fixed = g_strcmp0 (g_getenv ("FIELDPOST_SECRETS"), "file") == 0 ? BACKEND_FILE
                                                                         : BACKEND_SERVICE;

  return self;
}

/**
 * fp_secrets_new_memory:
 *
 * Returns: (transfer full): secrets that go with the object; for tests
 */
FpSecrets *
fp_secrets_new_memory (void)
{
  FpSecrets *self = g_object_new (FP_TYPE_SECRETS, NULL);

  self->fixed = BACKEND_MEMORY;
  self->memory = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) job_free);

  return self;
}

/* One look at the file's name, not at its content; another program may have made the choice since. */
static Backend
get_backend (FpSecrets *self)
{
  if (self->fixed == BACKEND_SERVICE && g_file_test (self->path, G_FILE_TEST_EXISTS))
    return BACKEND_FILE;

  return self->fixed;
}

static GTask *
task_new (FpSecrets           *self,
          FpSecretJob         *job,
          GCancellable        *cancellable,
          GAsyncReadyCallback  callback,
          gpointer             user_data,
          gpointer             tag)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  g_task_set_task_data (task, job, (GDestroyNotify) job_free);

  return task;
}

void
_fp_secret_return_bound (GTask      *task,
                         const char *bound_to,
                         const char *wanted,
                         char       *secret)
{
  if (bound_to && g_str_equal (bound_to, wanted))
    {
      g_task_return_pointer (task, secret, g_free);
      return;
    }

  wipe (secret);
  if (bound_to)
    g_task_return_new_error (task, FP_SECRET_ERROR, FP_SECRET_ERROR_ORIGIN,
                             _("The password belongs to another server"));
  else
    g_task_return_new_error (task, FP_SECRET_ERROR, FP_SECRET_ERROR_NOT_FOUND,
                             _("No password is stored for this server"));
}

/**
 * fp_secrets_store_async:
 * @id: the endpoint's key: a UUID or another word of letters, digits, "-", "_" and "."
 * @origin: "https://host:443", the only place it will be given to
 * @label: what a keyring program shows
 * @secret: a password or token
 *
 * Keeps a secret; one of the same id is replaced.
 */
void
fp_secrets_store_async (FpSecrets           *self,
                        const char          *id,
                        const char          *origin,
                        const char          *label,
                        const char          *secret,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  FpSecretJob *job;
  GTask *task;

  g_return_if_fail (FP_IS_SECRETS (self));
  g_return_if_fail (id && *id && origin && *origin && label && secret);

  job = job_new (self, id, origin, label, secret);
  task = task_new (self, job, cancellable, callback, user_data, fp_secrets_store_async);
  switch (get_backend (self))
    {
    case BACKEND_SERVICE:
      _fp_secret_service_store (task);
      return;

    case BACKEND_FILE:
      fp_pool_push (task, _fp_secret_file_store);
      break;

    case BACKEND_MEMORY:
    default:
      job = job_new (self, id, origin, label, secret);
      g_hash_table_replace (self->memory, job->id, job);
      g_task_return_boolean (task, TRUE);
    }
  g_object_unref (task);
}

/**
 * fp_secrets_store_finish:
 *
 * Returns: FALSE and [error@SecretError] if it could not be kept
 */
gboolean
fp_secrets_store_finish (FpSecrets     *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
lookup_in_memory (FpSecrets *self,
                  GTask     *task)
{
  FpSecretJob *job = g_task_get_task_data (task);
  FpSecretJob *found = g_hash_table_lookup (self->memory, job->id);

  _fp_secret_return_bound (task, found ? found->origin : NULL, job->origin,
                           found ? g_strdup (found->secret) : NULL);
}

/**
 * fp_secrets_lookup_async:
 * @origin: where the secret is about to be sent
 *
 * Never shows a prompt: a locked keyring is [error@SecretError.LOCKED].
 */
void
fp_secrets_lookup_async (FpSecrets           *self,
                         const char          *id,
                         const char          *origin,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_autofree char *credential = NULL;
  Backend backend;
  GTask *task;

  g_return_if_fail (FP_IS_SECRETS (self));
  g_return_if_fail (id && origin);

  task = task_new (self, job_new (self, id, origin, NULL, NULL), cancellable, callback, user_data,
                   fp_secrets_lookup_async);
  backend = get_backend (self);
  credential = backend == BACKEND_MEMORY ? NULL : _fp_secret_dup_credential_path (id);
  if (credential)
    {
      fp_pool_push (task, _fp_secret_credential_lookup);
    }
  else if (backend == BACKEND_SERVICE)
    {
      _fp_secret_service_lookup (task);
      return;
    }
  else if (backend == BACKEND_FILE)
    {
      fp_pool_push (task, _fp_secret_file_lookup);
    }
  else
    {
      lookup_in_memory (self, task);
    }
  g_object_unref (task);
}

/**
 * fp_secrets_lookup_finish:
 *
 * Returns: (transfer full): the secret; NULL and [error@SecretError] otherwise
 */
char *
fp_secrets_lookup_finish (FpSecrets     *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * fp_secrets_remove_async:
 *
 * Forgets a secret for every origin; one that is not there is no error.
 */
void
fp_secrets_remove_async (FpSecrets           *self,
                         const char          *id,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  GTask *task;

  g_return_if_fail (FP_IS_SECRETS (self));
  g_return_if_fail (id);

  task = task_new (self, job_new (self, id, NULL, NULL, NULL), cancellable, callback, user_data,
                   fp_secrets_remove_async);
  switch (get_backend (self))
    {
    case BACKEND_SERVICE:
      _fp_secret_service_remove (task);
      return;

    case BACKEND_FILE:
      fp_pool_push (task, _fp_secret_file_remove);
      break;

    case BACKEND_MEMORY:
    default:
      g_hash_table_remove (self->memory, id);
      g_task_return_boolean (task, TRUE);
    }
  g_object_unref (task);
}

gboolean
fp_secrets_remove_finish (FpSecrets     *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
