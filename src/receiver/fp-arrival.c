#include "config.h"

#include "receiver/fp-arrival.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "base/fp-json.h"
#include "base/fp-random.h"
#include "base/fp-sha256.h"
#include "receiver/fp-files.h"
#include "receiver/fp-part-reader.h"
#include "receiver/fp-receiver-error.h"
#include "receiver/fp-receiver-meta.h"
#include "receiver/fp-submission.h"

#define SUBMISSION_PART "xml_submission_file"
#define MAX_FIELDS_BYTES (8 * FP_ARRIVAL_MAX_FIELD)
#define MAX_JSON_BYTES (16 * 1024 * 1024)

/* What is only needed while the bytes come. */
typedef struct _FpArrivalStage
{
  char *folder;
  FpPartReader *parts;    /* NULL = the body is one file */
  GHashTable *names;      /* of char *: the file names taken */
  FpArrivalFile *file;    /* borrowed: being written */
  FpSha256 *checksum;    /* of file */
  GString *field;         /* being collected; NULL = a file is */
  gsize field_bytes;      /* of all fields together */
  gboolean released;
  int fd;                 /* of file, -1 = none */
} FpArrivalStage;

void
fp_arrival_file_free (FpArrivalFile *file)
{
  g_free (file->field);
  g_free (file->name);
  g_free (file->file);
  g_free (file->type);
  g_free (file->sha256);
  g_free (file);
}

static void
field_free (FpArrivalField *field)
{
  g_free (field->name);
  g_free (field->value);
  g_free (field);
}

/**
 * fp_arrival_new:
 *
 * Returns: (transfer full): an arrival whose first block of members is for the caller to fill
 */
FpArrival *
fp_arrival_new (void)
{
  FpArrival *self = g_new0 (FpArrival, 1);

  self->headers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->files = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_arrival_file_free);
  self->fields = g_ptr_array_new_with_free_func ((GDestroyNotify) field_free);

  return self;
}

static gboolean
media_type_is_json (const char *type)
{
  g_autofree char *bare = g_strndup (type, strcspn (type, "; \t"));

  return g_ascii_strcasecmp (bare, "application/json") == 0
         || (strlen (bare) > 5 && g_ascii_strcasecmp (bare + strlen (bare) - 5, "+json") == 0);
}

static gboolean
open_file (FpArrival   *self,
           const char  *field,
           const char  *name,
           const char  *file,
           const char  *type,
           GError     **error)
{
  FpArrivalStage *stage = self->stage;
  g_autofree char *path = g_build_filename (stage->folder, file, NULL);
  FpArrivalFile *entry;

  stage->fd = g_open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (stage->fd < 0)
    return fp_receiver_set_errno (error, errno, "create a file");

  entry = g_new0 (FpArrivalFile, 1);
  entry->field = g_strdup (field);
  entry->name = g_strdup (name);
  entry->file = g_strdup (file);
  entry->type = g_strdup (type);
  stage->file = entry;
  stage->checksum = fp_sha256_new ();
  g_ptr_array_add (self->files, entry);

  return TRUE;
}

static void
close_file (FpArrivalStage *stage)
{
  if (stage->checksum && stage->file)
    stage->file->sha256 = g_strdup (fp_sha256_get_string (stage->checksum));
  g_clear_pointer (&stage->checksum, fp_sha256_free);
  stage->file = NULL;
  if (stage->fd >= 0)
    close (stage->fd);
  stage->fd = -1;
}

static FpArrivalFile *
find_file (FpArrival  *self,
           const char *name)
{
  for (guint i = 0; i < self->files->len; i++)
    {
      FpArrivalFile *file = self->files->pdata[i];

      if (strcmp (file->name, name) == 0)
        return file;
    }

  return NULL;
}

static gboolean
begin_attachment (FpArrival     *self,
                  const FpPart  *part,
                  GError       **error)
{
  /* OpenRosa servers go by the field name, forms on the web by the file name. */
  const char *name = self->openrosa ? part->name : part->filename;
  g_autofree char *safe = NULL;
  g_autofree char *file = NULL;

  /* What a browser sends for a file question that was left empty. */
  if (!self->openrosa && !*name)
    name = part->name;
  if (!(safe = fp_files_safe_name (name, error)))
    return FALSE;
  if (self->openrosa && find_file (self, name))
    {
      g_set_error (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_MALFORMED,
                   _("Two files are called “%s”"), name);
      return FALSE;
    }
  file = fp_files_take_name (self->stage->names, safe);

  return open_file (self, part->name, name, file, part->type, error);
}

static gboolean
begin_part_cb (const FpPart  *part,
               gpointer       user_data,
               GError       **error)
{
  FpArrival *self = user_data;

  if (self->openrosa && strcmp (part->name, SUBMISSION_PART) == 0)
    {
      if (find_file (self, SUBMISSION_PART))
        {
          g_set_error_literal (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_MALFORMED,
                               _("There are two parts “xml_submission_file”"));
          return FALSE;
        }
      return open_file (self, SUBMISSION_PART, SUBMISSION_PART, "submission.xml", part->type, error);
    }
  if (part->filename)
    return begin_attachment (self, part, error);
  if (!self->openrosa && part->type && media_type_is_json (part->type)
      && g_hash_table_add (self->stage->names, g_strdup ("body.json")))
    return open_file (self, part->name, part->name, "body.json", part->type, error);

  self->stage->field = g_string_new (NULL);
  g_ptr_array_add (self->fields, g_new0 (FpArrivalField, 1));
  ((FpArrivalField *) self->fields->pdata[self->fields->len - 1])->name = g_strdup (part->name);

  return TRUE;
}

static gboolean
write_file (FpArrivalStage *stage,
            const guint8   *data,
            gsize           length,
            GError        **error)
{
  fp_sha256_update (stage->checksum, data, length);
  stage->file->bytes += length;

  return fp_files_write (stage->fd, data, length, error);
}

static gboolean
part_data_cb (const guint8  *data,
              gsize          length,
              gpointer       user_data,
              GError       **error)
{
  FpArrival *self = user_data;
  FpArrivalStage *stage = self->stage;

  if (!stage->field)
    return write_file (stage, data, length, error);

  stage->field_bytes += length;
  if (stage->field->len + length > FP_ARRIVAL_MAX_FIELD || stage->field_bytes > MAX_FIELDS_BYTES)
    {
      g_set_error_literal (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_TOO_LARGE,
                           _("A text field is longer than 1 MiB: send it as a file"));
      return FALSE;
    }
  g_string_append_len (stage->field, (const char *) data, length);

  return TRUE;
}

static gboolean
end_part_cb (gpointer   user_data,
             GError   **error)
{
  FpArrival *self = user_data;
  FpArrivalStage *stage = self->stage;
  FpArrivalField *field;

  if (!stage->field)
    {
      close_file (stage);
      return TRUE;
    }

  field = self->fields->pdata[self->fields->len - 1];
  field->value = g_utf8_make_valid (stage->field->str, stage->field->len);
  g_string_free (g_steal_pointer (&stage->field), TRUE);

  return TRUE;
}

static const FpPartFuncs part_funcs = { begin_part_cb, part_data_cb, end_part_cb };

static const char *
body_name (const char *content_type)
{
  if (!content_type)
    return "body.bin";
  if (media_type_is_json (content_type))
    return "body.json";
  if (strstr (content_type, "xml"))
    return "body.xml";
  if (g_ascii_strncasecmp (content_type, "text/", 5) == 0
      || g_ascii_strncasecmp (content_type, "application/x-www-form-urlencoded", 33) == 0)
    return "body.txt";

  return "body.bin";
}

/**
 * fp_arrival_begin:
 * @incoming: where the arrival makes its folder, on the file system of the store
 *
 * Gets ready for the first byte. One short disk operation.
 */
gboolean
fp_arrival_begin (FpArrival   *self,
                  const char  *incoming,
                  GError     **error)
{
  g_autofree char *uuid = fp_uuid_new ();
  gboolean multipart;

  g_return_val_if_fail (!self->stage, FALSE);

  self->stage = g_new0 (FpArrivalStage, 1);
  self->stage->fd = -1;
  self->stage->folder = g_build_filename (incoming, uuid, NULL);
  self->stage->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_add (self->stage->names, g_strdup (FP_RECEIVER_META));
  g_hash_table_add (self->stage->names, g_strdup (FP_RECEIVER_META_NEW));
  if (g_mkdir (self->stage->folder, 0700) != 0)
    return fp_receiver_set_errno (error, errno, "create a folder");

  multipart = self->content_type
              && g_ascii_strncasecmp (self->content_type, "multipart/form-data", 19) == 0;
  if (self->openrosa)
    g_hash_table_add (self->stage->names, g_strdup ("submission.xml"));
  if (self->openrosa && !multipart)
    {
      g_set_error_literal (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_MALFORMED,
                           _("A submission is sent as multipart/form-data"));
      return FALSE;
    }
  if (!multipart)
    return open_file (self, "body", "body", body_name (self->content_type), self->content_type, error);

  self->stage->parts = fp_part_reader_new (self->content_type, &part_funcs, self, error);
  return self->stage->parts != NULL;
}

/**
 * fp_arrival_feed:
 *
 * Takes the next bytes of the body. They go to the page cache: nothing waits for the disk.
 */
gboolean
fp_arrival_feed (FpArrival     *self,
                 const guint8  *data,
                 gsize          length,
                 GError       **error)
{
  self->bytes += length;
  if (self->stage->parts)
    return fp_part_reader_feed (self->stage->parts, data, length, error);

  return write_file (self->stage, data, length, error);
}

/* Unlike the raw bytes it does not depend on the boundary, which most programs make up anew for each try. */
static char *
digest_parts (FpArrival *self)
{
  g_autoptr(FpSha256) sum = fp_sha256_new ();

  /* With the null bytes no two lists of parts can give the same text. */
  for (guint i = 0; i < self->fields->len; i++)
    {
      FpArrivalField *field = self->fields->pdata[i];

      fp_sha256_update (sum, "field", 6);
      fp_sha256_update (sum, field->name, strlen (field->name) + 1);
      fp_sha256_update (sum, field->value, strlen (field->value) + 1);
    }
  for (guint i = 0; i < self->files->len; i++)
    {
      FpArrivalFile *file = self->files->pdata[i];

      fp_sha256_update (sum, "file", 5);
      fp_sha256_update (sum, file->field, strlen (file->field) + 1);
      fp_sha256_update (sum, file->name, strlen (file->name) + 1);
      fp_sha256_update (sum, file->sha256, strlen (file->sha256) + 1);
    }

  return g_strdup (fp_sha256_get_string (sum));
}

static GBytes *
read_file (FpArrival      *self,
           FpArrivalFile  *file,
           gsize           limit,
           GError        **error)
{
  g_autofree char *path = g_build_filename (self->stage->folder, file->file, NULL);
  g_autoptr(GError) lower = NULL;
  char *text;
  gsize length;

  if (file->bytes > (gint64) limit)
    {
      g_set_error (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_TOO_LARGE,
                   _("“%s” is larger than 16 MiB"), file->file);
      return NULL;
    }
  if (!g_file_get_contents (path, &text, &length, &lower))
    {
      g_set_error_literal (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_FAILED, lower->message);
      return NULL;
    }

  return g_bytes_new_take (text, length);
}

static gboolean
check_submission (FpArrival  *self,
                  GError    **error)
{
  FpArrivalFile *file = find_file (self, SUBMISSION_PART);
  g_autoptr(GBytes) xml = NULL;

  if (!file)
    {
      g_set_error_literal (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_MALFORMED,
                           _("There is no part “xml_submission_file”"));
      return FALSE;
    }
  if (!(xml = read_file (self, file, MAX_JSON_BYTES, error)))
    return FALSE;
  self->sha256 = g_strdup (file->sha256);

  return fp_submission_read (xml, &self->form_id, &self->version, &self->instance_id,
                             &self->deprecated_id, error);
}

static gboolean
check_json (FpArrival      *self,
            FpArrivalFile  *file,
            GError        **error)
{
  g_autoptr(GBytes) bytes = read_file (self, file, MAX_JSON_BYTES, error);
  g_autoptr(GError) lower = NULL;
  g_autoptr(JsonNode) node = NULL;
  gsize length;
  const char *text;

  if (!bytes)
    return FALSE;
  text = g_bytes_get_data (bytes, &length);
  if (!(node = fp_json_parse (text ? text : "", length, &lower)))
    {
      /* Translators: %s is the reason, with line and column. */
      g_set_error (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_MALFORMED,
                   _("The body is not JSON: %s"), lower->message);
      return FALSE;
    }

  return TRUE;
}

static gboolean
check (FpArrival  *self,
       GError    **error)
{
  if (self->openrosa)
    return check_submission (self, error);

  for (guint i = 0; i < self->files->len; i++)
    {
      FpArrivalFile *file = self->files->pdata[i];

      if (strcmp (file->file, "body.json") == 0 && !check_json (self, file, error))
        return FALSE;
    }
  self->sha256 = self->stage->parts
                 ? digest_parts (self)
                 : g_strdup (((FpArrivalFile *) self->files->pdata[0])->sha256);

  return TRUE;
}

/**
 * fp_arrival_complete:
 *
 * Checks that all has come and is what it says, and makes every file durable. Blocks: not on the main context.
 *
 * Returns: FALSE with a FP_RECEIVER_ERROR, also where the body ended too early
 */
gboolean
fp_arrival_complete (FpArrival  *self,
                     GError    **error)
{
  if (self->stage->parts && !fp_part_reader_finish (self->stage->parts, error))
    return FALSE;
  close_file (self->stage);
  if (!check (self, error))
    return FALSE;

  for (guint i = 0; i < self->files->len; i++)
    {
      FpArrivalFile *file = self->files->pdata[i];
      g_autofree char *path = g_build_filename (self->stage->folder, file->file, NULL);

      if (!fp_files_sync (path, error))
        return FALSE;
    }

  return TRUE;
}

const char *
fp_arrival_get_folder (FpArrival *self)
{
  return self->stage->folder;
}

void
fp_arrival_release (FpArrival *self)
{
  self->stage->released = TRUE;
}

static void
stage_free (FpArrivalStage *stage)
{
  close_file (stage);
  if (!stage->released)
    fp_files_remove (stage->folder);
  if (stage->field)
    g_string_free (stage->field, TRUE);
  g_clear_pointer (&stage->parts, fp_part_reader_free);
  g_hash_table_unref (stage->names);
  g_free (stage->folder);
  g_free (stage);
}

void
fp_arrival_free (FpArrival *self)
{
  g_clear_pointer (&self->stage, stage_free);
  g_free (self->method);
  g_free (self->path);
  g_free (self->from);
  g_free (self->content_type);
  g_free (self->key);
  g_hash_table_unref (self->headers);
  g_ptr_array_unref (self->files);
  g_ptr_array_unref (self->fields);
  g_free (self->sha256);
  g_free (self->form_id);
  g_free (self->version);
  g_free (self->instance_id);
  g_free (self->deprecated_id);
  g_free (self);
}
