#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fp-json.h"
#include "secret/fp-secret-private.h"

/* {"ID": {"origin": "https://host:443", "label": "…", "secret": "…"}, …} */

static gboolean
fail (GError     **error,
      const char  *what,
      int          code)
{
  g_set_error (error, FP_SECRET_ERROR, FP_SECRET_ERROR_FAILED, "%s: %s", what, g_strerror (code));

  return FALSE;
}

/* A lock of its own: the file itself is replaced at every change. Never unlinked. */
static int
take_turn (const char  *path,
           int          operation,
           GError     **error)
{
  g_autofree char *lock = g_strconcat (path, ".lock", NULL);
  int fd = g_open (lock, O_CREAT | O_RDWR | O_CLOEXEC, 0600);

  if (fd < 0)
    {
      fail (error, _("The file of passwords cannot be used"), errno);
      return -1;
    }
  while (flock (fd, operation) < 0)
    if (errno != EINTR)
      {
        fail (error, _("The file of passwords cannot be used"), errno);
        close (fd);
        return -1;
      }

  return fd;
}

/* Through one descriptor, so that what was looked at is what is read. */
static char *
read_private_file (const char  *path,
                   GError     **error)
{
  int fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY, 0);
  g_autofree char *text = NULL;
  struct stat info;
  gssize length;

  if (fd < 0 && errno == ENOENT)
    return g_strdup ("{}");
  if (fd < 0 || fstat (fd, &info) < 0)
    {
      fail (error, _("The file of passwords cannot be read"), errno);
      if (fd >= 0)
        close (fd);
      return NULL;
    }
  if (!S_ISREG (info.st_mode) || (info.st_mode & 077) || info.st_size > 1024 * 1024)
    {
      close (fd);
      g_set_error (error, FP_SECRET_ERROR, FP_SECRET_ERROR_FAILED,
                   _("Others can read the file of passwords; it is not used until that is changed: "
                     "chmod 600 %s"),
                   path);
      return NULL;
    }

  text = g_malloc0 (info.st_size + 1);
  length = read (fd, text, info.st_size);
  close (fd);
  if (length != info.st_size)
    {
      fail (error, _("The file of passwords cannot be read"), errno);
      return NULL;
    }

  return g_steal_pointer (&text);
}

static JsonNode *
read_all (const char  *path,
          GError     **error)
{
  g_autofree char *text = read_private_file (path, error);
  g_autoptr(JsonNode) root = text ? fp_json_parse (text, -1, NULL) : NULL;

  if (text && (!root || !JSON_NODE_HOLDS_OBJECT (root)))
    {
      g_set_error (error, FP_SECRET_ERROR, FP_SECRET_ERROR_FAILED,
                   _("The file of passwords is damaged and left as it is: %s"), path);
      return NULL;
    }

  return g_steal_pointer (&root);
}

static gboolean
write_all (const char  *path,
           JsonNode    *root,
           GError     **error)
{
  g_autofree char *text = fp_json_print (root, TRUE);
  g_autoptr(GError) failure = NULL;

  if (g_file_set_contents_full (path, text, -1,
                                G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                &failure))
    return TRUE;

  g_set_error (error, FP_SECRET_ERROR, FP_SECRET_ERROR_FAILED, "%s: %s",
               _("The file of passwords cannot be written"), failure->message);
  return FALSE;
}

/* @entry: (nullable) (transfer full): NULL removes */
static gboolean
change_entry (const char  *path,
              const char  *id,
              JsonObject  *entry,
              GError     **error)
{
  g_autoptr(JsonObject) owned = entry;
  int turn = take_turn (path, LOCK_EX, error);
  g_autoptr(JsonNode) root = turn >= 0 ? read_all (path, error) : NULL;
  gboolean ok = FALSE;

  if (root && owned)
    json_object_set_object_member (json_node_get_object (root), id, g_steal_pointer (&owned));
  else if (root)
    json_object_remove_member (json_node_get_object (root), id);
  if (root)
    ok = write_all (path, root, error);
  if (turn >= 0)
    close (turn);

  return ok;
}

/* @entry: (nullable) (transfer full) */
static void
change_and_return (GTask       *task,
                   FpSecretJob *job,
                   JsonObject  *entry)
{
  g_autoptr(GError) error = NULL;

  if (change_entry (job->path, job->id, entry, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

void
_fp_secret_file_store (GTask        *task,
                       gpointer      source,
                       gpointer      data,
                       GCancellable *cancellable)
{
  FpSecretJob *job = data;
  JsonObject *entry = json_object_new ();

  json_object_set_string_member (entry, "origin", job->origin);
  json_object_set_string_member (entry, "label", job->label);
  json_object_set_string_member (entry, "secret", job->secret);
  change_and_return (task, job, entry);
}

void
_fp_secret_file_remove (GTask        *task,
                        gpointer      source,
                        gpointer      data,
                        GCancellable *cancellable)
{
  change_and_return (task, data, NULL);
}

/* Needs no turn: the file is only ever replaced as a whole. */
void
_fp_secret_file_lookup (GTask        *task,
                        gpointer      source,
                        gpointer      data,
                        GCancellable *cancellable)
{
  FpSecretJob *job = data;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) root = read_all (job->path, &error);
  JsonNode *member;
  JsonObject *entry;

  if (!root)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  member = json_object_get_member (json_node_get_object (root), job->id);
  entry = member && JSON_NODE_HOLDS_OBJECT (member) ? json_node_get_object (member) : NULL;
  if (entry && fp_json_peek_string (entry, "secret"))
    _fp_secret_return_bound (task, fp_json_peek_string (entry, "origin"), job->origin,
                             g_strdup (fp_json_peek_string (entry, "secret")));
  else
    _fp_secret_return_bound (task, NULL, job->origin, NULL);
}

char *
_fp_secret_dup_credential_path (const char *id)
{
  const char *folder = g_getenv ("CREDENTIALS_DIRECTORY");
  g_autofree char *path = NULL;

  if (!folder || !*folder || !*id || *id == '.' || strchr (id, '/'))
    return NULL;

  path = g_build_filename (folder, id, NULL);
  return g_file_test (path, G_FILE_TEST_IS_REGULAR) ? g_steal_pointer (&path) : NULL;
}

/* As a person writes it: the port may be left out. */
static char *
dup_full_origin (const char *text)
{
  g_autofree char *origin = g_strstrip (g_ascii_strdown (text, -1));
  const char *host = strstr (origin, "://");
  gsize length = strlen (origin);

  if (length && origin[length - 1] == '/')
    origin[length - 1] = '\0';
  if (!host || strrchr (host + 3, ':') > strrchr (host, ']'))
    return g_steal_pointer (&origin);

  return g_strconcat (origin, g_str_has_prefix (origin, "https:") ? ":443" : ":80", NULL);
}

void
_fp_secret_credential_lookup (GTask        *task,
                              gpointer      source,
                              gpointer      data,
                              GCancellable *cancellable)
{
  FpSecretJob *job = data;
  g_autofree char *path = _fp_secret_dup_credential_path (job->id);
  g_autofree char *text = NULL;
  g_autofree char *origin = NULL;
  g_auto(GStrv) lines = NULL;

  if (!path || !g_file_get_contents (path, &text, NULL, NULL))
    {
      g_task_return_new_error (task, FP_SECRET_ERROR, FP_SECRET_ERROR_FAILED,
                               _("The credential “%s” cannot be read"), job->id);
      return;
    }

  lines = g_strsplit (text, "\n", 3);
  if (!lines[0] || !lines[1] || !*g_strchomp (lines[1]))
    {
      g_task_return_new_error (task, FP_SECRET_ERROR, FP_SECRET_ERROR_FAILED,
                               _("The credential “%s” needs two lines: the server’s address, and "
                                 "the password"),
                               job->id);
      return;
    }

  origin = dup_full_origin (lines[0]);
  _fp_secret_return_bound (task, origin, job->origin, g_strdup (lines[1]));
}
