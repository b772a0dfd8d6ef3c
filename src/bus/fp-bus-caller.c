#include "bus/fp-bus-caller.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fp-worker.h"
#include "engine/fp-engine.h"

#define INFO_MAX (64 * 1024)

static void
set_unknown (GError    **error,
             const char *why)
{
  g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED, "who calls cannot be told: %s", why);
}

static char *
read_info (int      fd,
           GError **error)
{
  g_autoptr(GKeyFile) info = g_key_file_new ();
  g_autofree char *text = g_malloc (INFO_MAX);
  gsize length = 0;
  ssize_t n;
  char *app;

  while (length < INFO_MAX && (n = read (fd, text + length, INFO_MAX - length)) != 0)
    {
      if (n < 0 && errno != EINTR)
        break;
      length += n > 0 ? (gsize) n : 0;
    }
  if (!g_key_file_load_from_data (info, text, length, G_KEY_FILE_NONE, NULL)
      || !(app = g_key_file_get_string (info, "Application", "name", NULL)))
    {
      set_unknown (error, "its sandbox has no name");
      return NULL;
    }
  if (!g_application_id_is_valid (app))
    {
      g_free (app);
      set_unknown (error, "its sandbox has no valid name");
      return NULL;
    }

  return app;
}

/**
 * fp_bus_caller_read_root:
 * @root: the root folder of a process
 *
 * Source: Flatpak, "/.flatpak-info"; a process cannot take the file out of its own sandbox.
 *
 * Returns: (transfer full): the app id; "" = no sandbox
 */
char *
fp_bus_caller_read_root (const char  *root,
                         GError     **error)
{
  int folder = open (root, O_RDONLY | O_NONBLOCK | O_DIRECTORY | O_CLOEXEC | O_NOCTTY);
  struct stat status;
  char *app = NULL;
  int fd;

  if (folder < 0)
    {
      set_unknown (error, g_strerror (errno));
      return NULL;
    }
  fd = openat (folder, ".flatpak-info", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd >= 0 && fstat (fd, &status) == 0 && S_ISREG (status.st_mode))
    app = read_info (fd, error);
  else if (fd < 0 && errno == ENOENT)
    app = g_strdup ("");
  else
    set_unknown (error, "its sandbox cannot be read");
  if (fd >= 0)
    close (fd);
  close (folder);

  return app;
}

static void
read_process (GTask        *task,
              gpointer      source,
              gpointer      pid,
              GCancellable *cancellable)
{
  g_autofree char *root = g_strdup_printf ("/proc/%u/root", GPOINTER_TO_UINT (pid));
  GError *error = NULL;
  char *app = fp_bus_caller_read_root (root, &error);

  if (app)
    g_task_return_pointer (task, app, g_free);
  else
    g_task_return_error (task, error);
}

static void
pid_got_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  g_autoptr(GVariant) credentials = reply ? g_variant_get_child_value (reply, 0) : NULL;
  GError *error = NULL;
  guint32 pid = 0;

  if (!credentials || !g_variant_lookup (credentials, "ProcessID", "u", &pid) || pid == 0)
    {
      set_unknown (&error, "the bus does not know its process");
      g_task_return_error (task, error);
      return;
    }
  g_task_set_task_data (task, GUINT_TO_POINTER (pid), NULL);
  fp_pool_push (task, read_process);
}

void
fp_bus_caller_ask_async (GDBusMethodInvocation *invocation,
                         GCancellable          *cancellable,
                         GAsyncReadyCallback    callback,
                         gpointer               user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, fp_bus_caller_ask_async);
  g_dbus_connection_call (g_dbus_method_invocation_get_connection (invocation), "org.freedesktop.DBus",
                          "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionCredentials",
                          g_variant_new ("(s)", g_dbus_method_invocation_get_sender (invocation)),
                          G_VARIANT_TYPE ("(a{sv})"), G_DBUS_CALL_FLAGS_NONE, -1, cancellable, pid_got_cb, task);
}

char *
fp_bus_caller_ask_finish (GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

char *
fp_bus_caller_dup_own (const char *app,
                       const char *name)
{
  return *app ? g_strconcat (app, "/", name, NULL) : g_strdup (name);
}

gboolean
fp_bus_caller_owns (const char *app,
                    const char *bus_name)
{
  gsize length = strlen (app);

  if (length == 0)
    return TRUE;

  return strncmp (bus_name, app, length) == 0 && (bus_name[length] == '\0' || bus_name[length] == '.');
}

const char *
fp_bus_caller_strip (const char *name,
                     const char *bus_name)
{
  const char *slash = strchr (name, '/');
  g_autofree char *app = slash ? g_strndup (name, (gsize) (slash - name)) : NULL;

  return app && bus_name && g_application_id_is_valid (app) && fp_bus_caller_owns (app, bus_name) ? slash + 1 : name;
}
