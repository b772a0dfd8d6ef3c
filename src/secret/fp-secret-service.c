#include "config.h"

#include <glib/gi18n.h>
#include <libsecret/secret.h>

#include "secret/fp-secret-private.h"

/* A keyring that does not answer within this is as good as none; storing may ask the person, so it may take longer. */
#define LOOKUP_SECONDS 5

static const SecretSchema schema = {
  "io.github.fieldpost.Fieldpost",
  SECRET_SCHEMA_NONE,
  {
    { "id", SECRET_SCHEMA_ATTRIBUTE_STRING },
    { "origin", SECRET_SCHEMA_ATTRIBUTE_STRING },
    { NULL, 0 },
  },
};

/* A look-up on its way. */
typedef struct
{
  /* Owned. */
  GTask *task;
  GCancellable *cancellable;
  GSource *limit;
  char *bound_to;

  gulong outer;
} Lookup;

static void
return_trouble (GTask  *task,
                GError *error)
{
  if (g_error_matches (error, SECRET_ERROR, SECRET_ERROR_IS_LOCKED))
    g_task_return_new_error (task, FP_SECRET_ERROR, FP_SECRET_ERROR_LOCKED,
                             _("The keyring is locked; unlock it or sign in to the desktop again"));
  else if (error->domain == SECRET_ERROR
           || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT)
           || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_FAILED))
    g_task_return_new_error (task, FP_SECRET_ERROR, FP_SECRET_ERROR_FAILED,
                             _("The keyring reports an error: %s"), error->message);
  else
    g_task_return_new_error (task, FP_SECRET_ERROR, FP_SECRET_ERROR_UNAVAILABLE,
                             _("There is no keyring here to keep passwords in; install one (for "
                               "example gnome-keyring), or let Fieldpost keep them in a file that "
                               "only you can read: FIELDPOST_SECRETS=file"));
}

static void
lookup_free (Lookup *lookup)
{
  g_cancellable_disconnect (g_task_get_cancellable (lookup->task), lookup->outer);
  g_source_destroy (lookup->limit);
  g_source_unref (lookup->limit);
  g_object_unref (lookup->cancellable);
  g_object_unref (lookup->task);
  g_free (lookup->bound_to);
  g_free (lookup);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Lookup, lookup_free)

static void
secret_retrieved_cb (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  g_autoptr(Lookup) lookup = user_data;
  g_autoptr(GError) error = NULL;
  FpSecretJob *job = g_task_get_task_data (lookup->task);
  SecretValue *value;
  const char *text;

  value = secret_retrievable_retrieve_secret_finish (SECRET_RETRIEVABLE (source), result, &error);
  text = value ? secret_value_get_text (value) : NULL;

  if (g_task_return_error_if_cancelled (lookup->task))
    ;
  else if (error)
    return_trouble (lookup->task, error);
  else
    _fp_secret_return_bound (lookup->task, text ? lookup->bound_to : NULL, job->origin,
                             g_strdup (text));
  if (value)
    secret_value_unref (value);
}

/* Of several of one id, left over from a change of servers, the one for this origin. */
static SecretRetrievable *
choose (GList       *found,
        const char  *origin,
        char       **bound_to)
{
  SecretRetrievable *chosen = NULL;
  GList *l;

  for (l = found; l; l = l->next)
    {
      g_autoptr(GHashTable) attributes = secret_retrievable_get_attributes (l->data);
      const char *theirs = g_hash_table_lookup (attributes, "origin");

      if (chosen && g_strcmp0 (theirs, origin) != 0)
        continue;
      chosen = l->data;
      g_free (*bound_to);
      *bound_to = g_strdup (theirs);
    }

  return chosen;
}

static void
found_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(Lookup) lookup = user_data;
  g_autoptr(GError) error = NULL;
  FpSecretJob *job = g_task_get_task_data (lookup->task);
  GList *found = secret_password_search_finish (result, &error);
  SecretRetrievable *chosen = choose (found, job->origin, &lookup->bound_to);

  if (g_task_return_error_if_cancelled (lookup->task))
    ;
  else if (error)
    return_trouble (lookup->task, error);
  else if (!chosen || g_strcmp0 (lookup->bound_to, job->origin) != 0)
    _fp_secret_return_bound (lookup->task, chosen ? lookup->bound_to : NULL, job->origin, NULL);
  else if (SECRET_IS_ITEM (chosen) && secret_item_get_locked (SECRET_ITEM (chosen)))
    g_task_return_new_error (lookup->task, FP_SECRET_ERROR, FP_SECRET_ERROR_LOCKED,
                             _("The keyring is locked; unlock it or sign in to the desktop again"));
  else
    {
      GCancellable *cancellable = lookup->cancellable;

      secret_retrievable_retrieve_secret (chosen, cancellable, secret_retrieved_cb,
                                          g_steal_pointer (&lookup));
    }

  g_list_free_full (found, g_object_unref);
}

static gboolean
limit_cb (gpointer user_data)
{
  g_cancellable_cancel (user_data);

  return G_SOURCE_REMOVE;
}

static void
outer_cancelled_cb (GCancellable *outer,
                    gpointer      inner)
{
  g_cancellable_cancel (inner);
}

/* Neither unlocks nor prompts: it is called from the background, again and again. */
void
_fp_secret_service_lookup (GTask *task)
{
  FpSecretJob *job = g_task_get_task_data (task);
  Lookup *lookup = g_new0 (Lookup, 1);

  lookup->task = task;
  lookup->cancellable = g_cancellable_new ();
  lookup->limit = g_timeout_source_new_seconds (LOOKUP_SECONDS);
  g_source_set_callback (lookup->limit, limit_cb, g_object_ref (lookup->cancellable),
                         g_object_unref);
  g_source_attach (lookup->limit, g_main_context_get_thread_default ());
  if (g_task_get_cancellable (task))
    lookup->outer = g_cancellable_connect (g_task_get_cancellable (task),
                                           G_CALLBACK (outer_cancelled_cb),
                                           g_object_ref (lookup->cancellable), g_object_unref);

  secret_password_search (&schema, SECRET_SEARCH_ALL, lookup->cancellable, found_cb, lookup, "id",
                          job->id, NULL);
}

/* Old copies that are being cleared after a secret was stored. */
typedef struct
{
  GTask *task; /* owned */
  guint left;
} Clearing;

static void
clearing_step (Clearing *clearing)
{
  if (--clearing->left > 0)
    return;

  g_task_return_boolean (clearing->task, TRUE);
  g_object_unref (clearing->task);
  g_free (clearing);
}

/* That the new one is kept is what was asked for, so trouble with an old one is none of the caller's. */
static void
stale_cleared_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  secret_password_clear_finish (result, NULL);
  clearing_step (user_data);
}

/* After a change of servers the old one's copy goes. */
static void
stale_found_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  Clearing *clearing = g_new0 (Clearing, 1);
  FpSecretJob *job = g_task_get_task_data (user_data);
  GList *found = secret_password_search_finish (result, NULL);
  GList *l;

  clearing->task = user_data;
  clearing->left = 1;
  for (l = found; l; l = l->next)
    {
      g_autoptr(GHashTable) attributes = secret_retrievable_get_attributes (l->data);
      const char *theirs = g_hash_table_lookup (attributes, "origin");

      if (!theirs || g_str_equal (theirs, job->origin))
        continue;
      clearing->left++;
      secret_password_clear (&schema, NULL, stale_cleared_cb, clearing, "id", job->id, "origin",
                             theirs, NULL);
    }
  g_list_free_full (found, g_object_unref);
  clearing_step (clearing);
}

static void
stored_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GError) error = NULL;
  FpSecretJob *job = g_task_get_task_data (task);

  secret_password_store_finish (result, &error);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (error)
    return_trouble (task, error);
  else
    secret_password_search (&schema, SECRET_SEARCH_ALL, NULL, stale_found_cb,
                            g_steal_pointer (&task), "id", job->id, NULL);
}

void
_fp_secret_service_store (GTask *task)
{
  FpSecretJob *job = g_task_get_task_data (task);

  secret_password_store (&schema, SECRET_COLLECTION_DEFAULT, job->label, job->secret,
                         g_task_get_cancellable (task), stored_cb, task, "id", job->id, "origin",
                         job->origin, NULL);
}

static void
cleared_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GError) error = NULL;

  secret_password_clear_finish (result, &error);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (error)
    return_trouble (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

void
_fp_secret_service_remove (GTask *task)
{
  FpSecretJob *job = g_task_get_task_data (task);

  secret_password_clear (&schema, g_task_get_cancellable (task), cleared_cb, task, "id", job->id,
                         NULL);
}
