#include "config.h"

#include "engine/fp-transfer-files.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fp-json.h"
#include "base/fp-random.h"
#include "base/fp-sha256.h"
#include "engine/fp-engine.h"

#define CHUNK (64 * 1024)

struct _FpTransferOut
{
  /* Owned. */
  char      *folder;
  int        fd;
  FILE      *sums;
  FpSha256 *sums_hash;
};

static gboolean
fail (GError     **error,
      const char  *folder,
      const char  *path,
      int          code)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s/%s: %s", folder, path, g_strerror (code));

  return FALSE;
}

void
fp_manifest_free (FpManifest *manifest)
{
  g_free (manifest->uid);
  g_free (manifest->store_id);
  g_free (manifest);
}

static char *
manifest_to_text (const FpManifest *manifest,
                  const char       *sums)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "fieldpost-export", FP_TRANSFER_FORMAT);
  json_object_set_string_member (object, "export", manifest->uid);
  json_object_set_string_member (object, "store", manifest->store_id);
  json_object_set_boolean_member (object, "moved", manifest->moved);
  json_object_set_int_member (object, "items", manifest->items);
  json_object_set_int_member (object, "drafts", manifest->drafts);
  json_object_set_int_member (object, "forms", manifest->forms);
  fp_json_set_given (object, "sha256sums", sums);

  return fp_json_print_object (object, TRUE);
}

static gboolean
write_all (int           fd,
           const char   *data,
           gsize         length)
{
  while (length > 0)
    {
      gssize n = write (fd, data, length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;
      data += n;
      length -= (gsize) n;
    }

  return TRUE;
}

/* A whole small file, durable under its name. */
static gboolean
put_file (FpTransferOut  *self,
          const char     *name,
          const char     *text,
          GError        **error)
{
  g_autofree char *temporary = g_strconcat (name, ".tmp", NULL);
  int fd = openat (self->fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  gboolean ok = fd >= 0 && write_all (fd, text, strlen (text)) && fsync (fd) == 0;
  int code = errno;

  if (fd >= 0 && close (fd) < 0 && ok)
    {
      ok = FALSE;
      code = errno;
    }
  if (!ok)
    return fail (error, self->folder, name, code);
  if (renameat (self->fd, temporary, self->fd, name) < 0 || (fsync (self->fd) < 0 && errno != EINVAL))
    return fail (error, self->folder, name, errno);

  return TRUE;
}

char *
fp_transfer_dup_begun (const char       *folder,
                       const FpManifest *manifest)
{
  g_autofree char *path = g_build_filename (folder, "partial.json", NULL);
  g_autofree char *text = NULL;
  g_autoptr(JsonNode) node = NULL;
  JsonObject *object = NULL;
  gsize length = 0;

  if (g_file_get_contents (path, &text, &length, NULL))
    node = fp_json_parse (text, (gssize) length, NULL);
  if (node && JSON_NODE_HOLDS_OBJECT (node))
    object = json_node_get_object (node);
  if (!object || !fp_uuid_is_valid (fp_json_peek_string (object, "export"))
      || g_strcmp0 (fp_json_peek_string (object, "store"), manifest->store_id) != 0
      || json_object_get_boolean_member_with_default (object, "moved", FALSE) != manifest->moved)
    return NULL;

  return g_strdup (fp_json_peek_string (object, "export"));
}

/* An export that was broken off is begun anew under its own name: what it holds here is held as moved by it. */
static gboolean
go_on (FpTransferOut  *self,
       FpManifest     *manifest,
       GError        **error)
{
  char *begun = fp_transfer_dup_begun (self->folder, manifest);

  if (!begun)
    {
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED,
                   _("%s is not empty, and not an export like this one that was broken off"), self->folder);
      return FALSE;
    }
  g_free (manifest->uid);
  manifest->uid = begun;

  return TRUE;
}

static gboolean
begin (FpTransferOut  *self,
       FpManifest     *manifest,
       GError        **error)
{
  g_autoptr(GDir) dir = g_dir_open (self->folder, 0, error);
  g_autofree char *text = NULL;
  const char *name;

  if (!dir)
    return FALSE;
  if (faccessat (self->fd, "manifest.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
    {
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED, _("%s holds an export already; name another folder"),
                   self->folder);
      return FALSE;
    }
  while ((name = g_dir_read_name (dir)) && g_str_equal (name, "partial.json.tmp"))
    ; /* broken off before it had a name */
  if (name && !go_on (self, manifest, error))
    return FALSE;

  text = manifest_to_text (manifest, NULL);
  return put_file (self, "partial.json", text, error);
}

FpTransferOut *
fp_transfer_out_new (const char  *folder,
                     FpManifest  *manifest,
                     GError     **error)
{
  g_autoptr(FpTransferOut) self = g_new0 (FpTransferOut, 1);
  int sums;

  self->folder = g_strdup (folder);
  self->sums_hash = fp_sha256_new ();
  self->fd = -1;
  if (g_mkdir_with_parents (folder, 0700) < 0 || (self->fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
    {
      fail (error, folder, "", errno);
      return NULL;
    }
  if (!begin (self, manifest, error) || !fp_transfer_out_folder (self, "items", error)
      || !fp_transfer_out_folder (self, "drafts", error) || !fp_transfer_out_folder (self, "forms", error))
    return NULL;

  sums = openat (self->fd, "SHA256SUMS", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  self->sums = sums >= 0 ? fdopen (sums, "w") : NULL;
  if (!self->sums)
    {
      fail (error, folder, "SHA256SUMS", errno);
      return NULL;
    }

  return g_steal_pointer (&self);
}

gboolean
fp_transfer_out_folder (FpTransferOut  *self,
                        const char     *path,
                        GError        **error)
{
  if (mkdirat (self->fd, path, 0700) == 0 || errno == EEXIST)
    return TRUE;

  return fail (error, self->folder, path, errno);
}

static gboolean
note (FpTransferOut  *self,
      const char     *path,
      const char     *sha256,
      GError        **error)
{
  g_autofree char *line = g_strdup_printf ("%s  %s\n", sha256, path);

  fp_sha256_update (self->sums_hash, line, strlen (line));
  if (fputs (line, self->sums) < 0)
    return fail (error, self->folder, "SHA256SUMS", errno);

  return TRUE;
}

gboolean
fp_transfer_out_write (FpTransferOut  *self,
                       const char     *path,
                       const char     *data,
                       gsize           length,
                       GError        **error)
{
  g_autofree char *sha256 = fp_sha256_of (data, length);
  int fd = openat (self->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  gboolean ok = fd >= 0 && write_all (fd, data, length);
  int code = errno;

  if (fd >= 0 && close (fd) < 0 && ok)
    {
      ok = FALSE;
      code = errno;
    }

  return ok ? note (self, path, sha256, error) : fail (error, self->folder, path, code);
}

static gboolean
copy (int        from,
      int        to,
      FpSha256 *hash)
{
  g_autofree char *chunk = g_malloc (CHUNK);
  gssize n;

  while ((n = read (from, chunk, CHUNK)) != 0)
    {
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;
      fp_sha256_update (hash, chunk, n);
      if (!write_all (to, chunk, (gsize) n))
        return FALSE;
    }

  return TRUE;
}

gboolean
fp_transfer_out_copy (FpTransferOut  *self,
                      const char     *path,
                      const char     *from,
                      const char     *sha256,
                      GError        **error)
{
  g_autoptr(FpSha256) hash = fp_sha256_new ();
  int source = open (from, O_RDONLY | O_CLOEXEC);
  int target = source < 0 ? -1 : openat (self->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  gboolean ok = target >= 0 && copy (source, target, hash);
  int code = errno;

  if (source >= 0)
    close (source);
  if (target >= 0 && close (target) < 0 && ok)
    {
      ok = FALSE;
      code = errno;
    }
  if (!ok)
    return fail (error, self->folder, path, code);
  if (g_strcmp0 (fp_sha256_get_string (hash), sha256) != 0)
    {
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_REFUSED, _("the file %s of the store is damaged"), sha256);
      return FALSE;
    }

  return note (self, path, sha256, error);
}

/* One syncfs() for all the files: a hundred thousand items would be as many fsyncs. It tells write errors, too. */
gboolean
fp_transfer_out_finish (FpTransferOut     *self,
                        const FpManifest  *manifest,
                        GError           **error)
{
  g_autofree char *text = manifest_to_text (manifest, fp_sha256_get_string (self->sums_hash));

  if (fflush (self->sums) != 0 || fsync (fileno (self->sums)) < 0)
    return fail (error, self->folder, "SHA256SUMS", errno);
  if (syncfs (self->fd) < 0)
    return fail (error, self->folder, "", errno);
  if (!put_file (self, "manifest.json", text, error))
    return FALSE;
  if (!manifest->moved)
    unlinkat (self->fd, "partial.json", 0);

  return TRUE;
}

void
fp_transfer_out_settled (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "partial.json", NULL);

  unlink (path);
}

void
fp_transfer_out_free (FpTransferOut *self)
{
  if (self->sums)
    fclose (self->sums);
  if (self->fd >= 0)
    close (self->fd);
  fp_sha256_free (self->sums_hash);
  g_free (self->folder);
  g_free (self);
}
