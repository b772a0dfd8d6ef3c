#include "config.h"

#include "engine/fp-permission.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/fp-random.h"
#include "base/fp-worker.h"
#include "engine/fp-engine.h"

#define FILE_NAME "io.github.fieldpost.Fieldpost.Agent.desktop"
#define AGENT "fieldpost-agent"
#define GROUP "Desktop Entry"
/* Marks a file that we wrote and may take away. */
#define OWN_KEY "X-Fieldpost-Periodic"

#define PORTAL_NAME "org.freedesktop.portal.Desktop"
#define PORTAL_PATH "/org/freedesktop/portal/desktop"
#define REQUEST_INTERFACE "org.freedesktop.portal.Request"

/* Outside a sandbox. */

char *
fp_permission_dup_path (void)
{
  return g_build_filename (g_get_user_config_dir (), "autostart", FILE_NAME, NULL);
}

static gboolean
has_key (const char *path,
         const char *key,
         gboolean   *is_there)
{
  g_autoptr(GKeyFile) file = g_key_file_new ();

  *is_there = g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL);

  return *is_there && g_key_file_get_boolean (file, GROUP, key, NULL);
}

static gboolean
write_autostart (const char  *path,
                 GError     **error)
{
  g_autoptr(GKeyFile) file = g_key_file_new ();
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *program = g_find_program_in_path (AGENT);
  g_autofree char *exec = g_shell_quote (program ? program : AGENT);
  g_autofree char *text = NULL;
  gsize length;

  if (g_mkdir_with_parents (folder, 0700) < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s", folder, g_strerror (errno));
      return FALSE;
    }
  g_key_file_set_string (file, GROUP, "Type", "Application");
  g_key_file_set_string (file, GROUP, "Name", "Fieldpost");
  g_key_file_set_string (file, GROUP, "Comment", "Sends what waits in the outbox");
  g_key_file_set_string (file, GROUP, "Exec", program && !strchr (program, ' ') ? program : program ? exec : AGENT);
  g_key_file_set_string (file, GROUP, "Icon", "io.github.fieldpost.Fieldpost");
  g_key_file_set_boolean (file, GROUP, "NoDisplay", TRUE);
  g_key_file_set_boolean (file, GROUP, OWN_KEY, TRUE);
  text = g_key_file_to_data (file, &length, NULL);

  return g_file_set_contents_full (path, text, (gssize) length,
                                   G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0644, error);
}

/* On the pool. A file that is there says what a person wants: with Hidden=true, not to be started. */
static void
settle_autostart (GTask        *task,
                  gpointer      source,
                  gpointer      wanted,
                  GCancellable *cancellable)
{
  g_autofree char *path = fp_permission_dup_path ();
  GError *error = NULL;
  gboolean is_there;

  if (!GPOINTER_TO_INT (wanted))
    {
      if (has_key (path, OWN_KEY, &is_there) && !has_key (path, "Hidden", &is_there))
        g_unlink (path);
      g_task_return_boolean (task, TRUE);
    }
  else if (has_key (path, "Hidden", &is_there))
    {
      g_task_return_boolean (task, FALSE);
    }
  else if (is_there || write_autostart (path, &error))
    {
      g_task_return_boolean (task, TRUE);
    }
  else
    {
      g_task_return_error (task, error);
    }
}

/* Inside one. */

typedef struct {
  GDBusConnection *bus;
  gboolean         wanted;
  guint            subscription;
  gboolean         returned;
} Ask;

/* Lets go of the task that the subscription holds. */
static void
unsubscribe (Ask *ask)
{
  guint subscription = ask->subscription;

  ask->subscription = 0;
  if (subscription > 0)
    g_dbus_connection_signal_unsubscribe (ask->bus, subscription);
}

static void
ask_free (gpointer data)
{
  Ask *ask = data;

  g_object_unref (ask->bus);
  g_free (ask);
}

static void
response_cb (GDBusConnection *bus,
             const char      *sender,
             const char      *path,
             const char      *interface,
             const char      *signal,
             GVariant        *parameters,
             gpointer         user_data)
{
  GTask *task = user_data;
  Ask *ask = g_task_get_task_data (task);
  g_autoptr(GVariant) results = NULL;
  gboolean background = FALSE;
  guint32 response;

  if (ask->returned || !g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(ua{sv})")))
    return;
  ask->returned = TRUE;
  g_variant_get (parameters, "(u@a{sv})", &response, &results);
  g_variant_lookup (results, "background", "b", &background);
  g_task_return_boolean (task, response == 0 && background);
  unsubscribe (ask);
}

static void
subscribe (GTask      *task,
           const char *path)
{
  Ask *ask = g_task_get_task_data (task);

  ask->subscription = g_dbus_connection_signal_subscribe (ask->bus, PORTAL_NAME, REQUEST_INTERFACE, "Response", path,
                                                          NULL, G_DBUS_SIGNAL_FLAGS_NONE, response_cb,
                                                          g_object_ref (task), g_object_unref);
}

static void
asked_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Ask *ask = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr(GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply || ask->returned)
    {
      g_clear_error (&error);
      return;
    }
  ask->returned = TRUE;
  g_dbus_error_strip_remote_error (error);
  g_task_return_new_error (task, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED, "the background portal: %s",
                           error->message);
  g_error_free (error);
  unsubscribe (ask);
}

/* The answer may come before the reply to the call: its path is known beforehand by the token. Without "autostart" the
 * portal would take the autostart away. */
static void
ask_portal (GTask *task)
{
  Ask *ask = g_task_get_task_data (task);
  g_autofree char *uuid = fp_uuid_new ();
  g_autofree char *token = g_strdelimit (g_strdup_printf ("fieldpost_%s", uuid), "-", '_');
  g_autofree char *sender = g_strdelimit (g_strdup (g_dbus_connection_get_unique_name (ask->bus) + 1), ".", '_');
  g_autofree char *path = g_strdup_printf (PORTAL_PATH "/request/%s/%s", sender, token);
  const char *const command[] = { AGENT, NULL };
  GVariantBuilder options;

  subscribe (task, path);
  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&options, "{sv}", "handle_token", g_variant_new_string (token));
  g_variant_builder_add (&options, "{sv}", "reason",
                         g_variant_new_string (_("To send what waits and look for new forms")));
  g_variant_builder_add (&options, "{sv}", "autostart", g_variant_new_boolean (ask->wanted));
  g_variant_builder_add (&options, "{sv}", "commandline", g_variant_new_strv (command, -1));
  g_variant_builder_add (&options, "{sv}", "dbus-activatable", g_variant_new_boolean (FALSE));
  g_dbus_connection_call (ask->bus, PORTAL_NAME, PORTAL_PATH, "org.freedesktop.portal.Background",
                          "RequestBackground", g_variant_new ("(sa{sv})", "", &options), G_VARIANT_TYPE ("(o)"),
                          G_DBUS_CALL_FLAGS_NONE, -1, g_task_get_cancellable (task), asked_cb, g_object_ref (task));
}

void
fp_permission_ask_async (GDBusConnection     *portal,
                         gboolean             wanted,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Ask *ask;

  g_task_set_source_tag (task, fp_permission_ask_async);
  if (!portal)
    {
      g_task_set_task_data (task, GINT_TO_POINTER (wanted), NULL);
      fp_pool_push (task, settle_autostart);
      return;
    }
  ask = g_new0 (Ask, 1);
  ask->bus = g_object_ref (portal);
  ask->wanted = wanted;
  g_task_set_task_data (task, ask, ask_free);
  ask_portal (task);
}

gboolean
fp_permission_ask_finish (GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
