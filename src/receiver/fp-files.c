#include "config.h"

#include "receiver/fp-files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "receiver/fp-receiver-error.h"

#define MAX_NAME 200
#define MAX_SLUG 48

char *
fp_files_safe_name (const char  *name,
                    GError     **error)
{
  g_return_val_if_fail (name, NULL);

  for (const char *p = name; *p; p++)
    {
      if (*p == '/' || *p == '\\' || g_ascii_iscntrl (*p))
        {
          g_autofree char *shown = g_strescape (name, NULL);

          g_set_error (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_MALFORMED,
                       _("“%s” is not a file name"), shown);
          return NULL;
        }
    }
  if (!*name || strlen (name) > MAX_NAME || strcmp (name, ".") == 0 || strcmp (name, "..") == 0)
    {
      g_set_error (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_MALFORMED,
                   _("A file’s name is empty, only dots, or longer than %d bytes"), MAX_NAME);
      return NULL;
    }

  return *name == '.' ? g_strconcat ("_", name, NULL) : g_strdup (name);
}

char *
fp_files_take_name (GHashTable *names,
                    const char *wanted)
{
  const char *dot = strrchr (wanted, '.');
  g_autofree char *stem = g_strndup (wanted, dot ? (gsize) (dot - wanted) : strlen (wanted));
  char *name = g_strdup (wanted);

  for (guint n = 2; g_hash_table_contains (names, name); n++)
    {
      g_free (name);
      name = g_strdup_printf ("%s-%u%s", stem, n, dot ? dot : "");
    }
  g_hash_table_add (names, g_strdup (name));

  return name;
}

char *
fp_files_slug (const char *text)
{
  g_autoptr(GString) slug = g_string_new (NULL);

  for (const char *p = text; *p && slug->len < MAX_SLUG; p++)
    {
      if (g_ascii_isalnum (*p) || *p == '_' || (*p == '.' && slug->len > 0))
        g_string_append_c (slug, *p);
      else if (slug->len > 0 && slug->str[slug->len - 1] != '-')
        g_string_append_c (slug, '-');
    }
  while (slug->len > 0 && strchr ("-.", slug->str[slug->len - 1]))
    g_string_truncate (slug, slug->len - 1);

  return g_strdup (slug->len > 0 ? slug->str : "body");
}

gboolean
fp_files_write (int           fd,
                const guint8 *data,
                gsize         length,
                GError      **error)
{
  while (length > 0)
    {
      gssize written = write (fd, data, length);

      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0)
        return fp_receiver_set_errno (error, errno, "write a file");
      data += written;
      length -= written;
    }

  return TRUE;
}

gboolean
fp_files_sync (const char  *path,
               GError     **error)
{
  int fd = g_open (path, O_RDONLY | O_CLOEXEC, 0);
  gboolean ok;

  if (fd < 0)
    return fp_receiver_set_errno (error, errno, "open what was written");
  ok = fsync (fd) == 0;
  if (!ok)
    fp_receiver_set_errno (error, errno, "sync a file");
  close (fd);

  return ok;
}

gboolean
fp_files_put (const char  *path,
              const char  *text,
              GError     **error)
{
  int fd = g_open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  gboolean ok;

  if (fd < 0)
    return fp_receiver_set_errno (error, errno, "create a file");
  ok = fp_files_write (fd, (const guint8 *) text, strlen (text), error);
  if (ok && fsync (fd) != 0)
    ok = fp_receiver_set_errno (error, errno, "sync a file");
  close (fd);
  if (!ok)
    g_unlink (path);

  return ok;
}

void
fp_files_remove (const char *folder)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (folder);
}
