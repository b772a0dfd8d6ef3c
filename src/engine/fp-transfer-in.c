#include "config.h"

#include "engine/fp-transfer-files.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fp-json.h"
#include "base/fp-random.h"
#include "base/fp-sha256.h"
#include "engine/fp-engine.h"

#define SMALL_MAX (64 * 1024)
#define PATH_MAX_BYTES 300
#define DEPTH_MAX 3
#define COUNT_MAX (10 * 1000 * 1000)

struct _FpTransferIn
{
  /* Owned. */
  char       *folder;
  int         fd;
  FILE       *sums;
  FpManifest *manifest;
};

static gboolean
refuse (FpTransferIn  *self,
        const char    *path,
        const char    *why,
        GError       **error)
{
  g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED, "%s/%s: %s", self->folder, path, why);

  return FALSE;
}

gboolean
fp_transfer_path_is_safe (const char *path)
{
  gboolean start = TRUE;
  guint depth = 1;

  if (!path || strlen (path) > PATH_MAX_BYTES)
    return FALSE;
  for (const char *c = path; *c; c++)
    {
      if (*c == '/')
        {
          if (start || ++depth > DEPTH_MAX)
            return FALSE;
          start = TRUE;
          continue;
        }
      /* No hidden file, no "..". */
      if (!(g_ascii_isalnum (*c) || *c == '-' || *c == '_' || (*c == '.' && !start)))
        return FALSE;
      start = FALSE;
    }

  return !start;
}

/* Step by step, so that no component may be a link. -1 on error. */
static int
open_file (FpTransferIn  *self,
           const char    *path,
           gint64        *size,
           GError       **error)
{
  g_auto(GStrv) steps = NULL;
  struct stat info;
  int fd;

  if (!fp_transfer_path_is_safe (path))
    {
      g_autofree char *shown = g_strescape (path, NULL);

      refuse (self, shown, _("this name does not belong into an export"), error);
      return -1;
    }
  steps = g_strsplit (path, "/", -1);
  fd = dup (self->fd);
  for (guint i = 0; fd >= 0 && steps[i]; i++)
    {
      int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (steps[i + 1] ? O_DIRECTORY : 0);
      int next = openat (fd, steps[i], flags);
      int code = errno;

      close (fd);
      errno = code;
      fd = next;
    }
  if (fd < 0)
    {
      refuse (self, path, errno == ELOOP ? _("a link, not a file") : g_strerror (errno), error);
      return -1;
    }
  if (fstat (fd, &info) < 0 || !S_ISREG (info.st_mode))
    {
      close (fd);
      refuse (self, path, _("no ordinary file"), error);
      return -1;
    }
  *size = info.st_size;

  return fd;
}

GBytes *
fp_transfer_in_read (FpTransferIn  *self,
                     const char    *path,
                     gsize          max,
                     const char    *sha256,
                     GError       **error)
{
  gint64 size = 0;
  int fd = open_file (self, path, &size, error);
  g_autofree char *data = NULL;
  g_autofree char *hash = NULL;
  gsize done = 0;

  if (fd < 0)
    return NULL;
  if (size > (gint64) max)
    {
      close (fd);
      refuse (self, path, _("too large"), error);
      return NULL;
    }
  data = g_malloc ((gsize) size + 1);
  while (done < (gsize) size)
    {
      gssize n = read (fd, data + done, (gsize) size - done);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        break;
      done += (gsize) n;
    }
  close (fd);
  hash = fp_sha256_of (data, done);
  if (done != (gsize) size || (sha256 && g_strcmp0 (hash, sha256) != 0))
    {
      refuse (self, path, _("not what it was when it was exported"), error);
      return NULL;
    }

  return g_bytes_new_take (g_steal_pointer (&data), done);
}

GInputStream *
fp_transfer_in_open (FpTransferIn  *self,
                     const char    *path,
                     GError       **error)
{
  gint64 size;
  int fd = open_file (self, path, &size, error);

  return fd < 0 ? NULL : g_unix_input_stream_new (fd, TRUE);
}

gboolean
fp_transfer_in_check (FpTransferIn  *self,
                      const char    *path,
                      gint64         size,
                      const char    *sha256,
                      GError       **error)
{
  g_autoptr(FpSha256) hash = fp_sha256_new ();
  g_autofree char *chunk = g_malloc (SMALL_MAX);
  gint64 real = 0;
  int fd = open_file (self, path, &real, error);
  gssize n = 0;

  if (fd < 0)
    return FALSE;
  while (real == size && (n = read (fd, chunk, SMALL_MAX)) != 0)
    {
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        break;
      fp_sha256_update (hash, chunk, n);
    }
  close (fd);
  if (real != size || n < 0 || g_strcmp0 (fp_sha256_get_string (hash), sha256) != 0)
    return refuse (self, path, _("not what it was when it was exported"), error);

  return TRUE;
}

static gboolean
read_count (FpTransferIn  *self,
            JsonObject    *object,
            const char    *key,
            gint64        *count,
            GError       **error)
{
  *count = fp_json_get_int (object, key, -1);

  return *count >= 0 && *count <= COUNT_MAX ? TRUE : refuse (self, "manifest.json", _("its numbers make no sense"), error);
}

static gboolean
read_manifest (FpTransferIn  *self,
               char         **sums,
               GError       **error)
{
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(JsonNode) node = NULL;
  JsonObject *object;
  FpManifest *manifest = self->manifest;

  if (faccessat (self->fd, "manifest.json", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
    return refuse (self, "manifest.json",
                   faccessat (self->fd, "partial.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0
                     ? _("this export was broken off; run the same export again, or release its items where they are")
                     : _("there is no export in this folder"),
                   error);
  bytes = fp_transfer_in_read (self, "manifest.json", SMALL_MAX, NULL, error);
  if (!bytes)
    return FALSE;
  node = fp_json_parse (g_bytes_get_data (bytes, NULL), (gssize) g_bytes_get_size (bytes), NULL);
  if (!node || !JSON_NODE_HOLDS_OBJECT (node))
    return refuse (self, "manifest.json", _("no JSON object"), error);
  object = json_node_get_object (node);
  if (fp_json_get_int (object, "fieldpost-export", 0) != FP_TRANSFER_FORMAT)
    return refuse (self, "manifest.json", _("written in a format that this Fieldpost does not know"), error);

  manifest->uid = g_strdup (fp_json_peek_string (object, "export"));
  manifest->store_id = g_strdup (fp_json_peek_string (object, "store"));
  *sums = g_strdup (fp_json_peek_string (object, "sha256sums"));
  manifest->moved = json_object_has_member (object, "moved")
                    && JSON_NODE_HOLDS_VALUE (json_object_get_member (object, "moved"))
                    && json_object_get_boolean_member (object, "moved");
  if (!fp_uuid_is_valid (manifest->uid) || !manifest->store_id || !*sums)
    return refuse (self, "manifest.json", _("something is missing"), error);

  return read_count (self, object, "items", &manifest->items, error)
         && read_count (self, object, "drafts", &manifest->drafts, error)
         && read_count (self, object, "forms", &manifest->forms, error);
}

/* The list of the hashes is as the manifest says, and stays open. */
static gboolean
open_sums (FpTransferIn  *self,
           const char    *sha256,
           GError       **error)
{
  gint64 size = 0;
  int fd = open_file (self, "SHA256SUMS", &size, error);

  if (fd < 0)
    return FALSE;
  self->sums = fdopen (fd, "r");
  if (!self->sums)
    {
      close (fd);
      return refuse (self, "SHA256SUMS", g_strerror (errno), error);
    }

  return fp_transfer_in_check (self, "SHA256SUMS", size, sha256, error);
}

FpTransferIn *
fp_transfer_in_new (const char  *folder,
                    GError     **error)
{
  g_autoptr(FpTransferIn) self = g_new0 (FpTransferIn, 1);
  g_autofree char *sums = NULL;

  self->folder = g_strdup (folder);
  self->manifest = g_new0 (FpManifest, 1);
  self->fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (self->fd < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s", folder, g_strerror (errno));
      return NULL;
    }

  return read_manifest (self, &sums, error) && open_sums (self, sums, error) ? g_steal_pointer (&self) : NULL;
}

const FpManifest *
fp_transfer_in_get_manifest (FpTransferIn *self)
{
  return self->manifest;
}

gboolean
fp_transfer_in_next (FpTransferIn  *self,
                     char         **path,
                     char         **sha256,
                     GError       **error)
{
  char line[64 + 2 + PATH_MAX_BYTES + 2];
  gsize length;

  errno = 0;
  if (!fgets (line, sizeof line, self->sums))
    return ferror (self->sums) ? refuse (self, "SHA256SUMS", g_strerror (errno), error) : FALSE;

  length = strlen (line);
  if (length < 68 || line[length - 1] != '\n' || line[64] != ' ' || line[65] != ' ')
    return refuse (self, "SHA256SUMS", _("a line makes no sense"), error);
  line[length - 1] = '\0';
  line[64] = '\0';
  if (strspn (line, "0123456789abcdef") != 64 || !fp_transfer_path_is_safe (line + 66))
    return refuse (self, "SHA256SUMS", _("a line makes no sense"), error);
  *sha256 = g_strdup (line);
  *path = g_strdup (line + 66);

  return TRUE;
}

gboolean
fp_transfer_in_rewind (FpTransferIn  *self,
                       GError       **error)
{
  return fseek (self->sums, 0, SEEK_SET) == 0 ? TRUE : refuse (self, "SHA256SUMS", g_strerror (errno), error);
}

static gboolean
note_taken (FpTransferIn  *self,
            const char    *store_id,
            GError       **error)
{
  int fd = openat (self->fd, "taken.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  g_autofree char *text = g_strdup_printf ("{\"store\": \"%s\"}\n", store_id);
  g_autoptr(GBytes) taken = NULL;
  gboolean ok;

  if (fd >= 0)
    {
      ok = write (fd, text, strlen (text)) == (gssize) strlen (text) && fsync (fd) == 0;
      close (fd);
      return ok && (fsync (self->fd) == 0 || errno == EINVAL) ? TRUE
                                                              : refuse (self, "taken.json", g_strerror (errno), error);
    }
  if (errno != EEXIST)
    return TRUE;

  taken = fp_transfer_in_read (self, "taken.json", SMALL_MAX, NULL, error);
  if (!taken)
    return FALSE;
  /* Empty: it was broken off while it was noted. Then it was only noted. */
  if (g_bytes_get_size (taken) == 0
      || g_strstr_len (g_bytes_get_data (taken, NULL), (gssize) g_bytes_get_size (taken), store_id))
    return TRUE;

  return refuse (self, "taken.json", _("another store has imported this move already; both would send it"), error);
}

gboolean
fp_transfer_in_take (FpTransferIn  *self,
                     const char    *store_id,
                     GError       **error)
{
  if (!note_taken (self, store_id, error))
    return FALSE;
  /* It came back: nothing of the move is left to do. */
  if (g_str_equal (self->manifest->store_id, store_id))
    unlinkat (self->fd, "partial.json", 0);

  return TRUE;
}

void
fp_transfer_in_free (FpTransferIn *self)
{
  if (self->sums)
    fclose (self->sums);
  if (self->fd >= 0)
    close (self->fd);
  g_clear_pointer (&self->manifest, fp_manifest_free);
  g_free (self->folder);
  g_free (self);
}
