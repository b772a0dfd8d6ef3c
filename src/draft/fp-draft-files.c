#include "config.h"

#include "draft/fp-draft-private.h"

#include <string.h>

#include <glib/gi18n.h>

#include "store/fp-blob.h"

/* File systems and servers take 255 bytes; a number may follow. */
#define MAX_NAME_BYTES 200

typedef struct
{
  FpFormNode *node; /* owned */
  char *name;
  char *media_type;
} Attach;

static void
attach_free (Attach *attach)
{
  g_object_unref (attach->node);
  g_free (attach->name);
  g_free (attach->media_type);
  g_free (attach);
}

static FpDraftFile *
find_file (FpDraft    *self,
           const char *name)
{
  guint i;

  for (i = 0; i < self->files->len; i++)
    if (g_str_equal (((FpDraftFile *) g_ptr_array_index (self->files, i))->name, name))
      return g_ptr_array_index (self->files, i);

  return NULL;
}

GPtrArray *
_fp_draft_dup_files (FpDraft *self)
{
  GPtrArray *files = g_ptr_array_new_with_free_func ((GDestroyNotify) fp_draft_file_free);
  g_autoptr(GPtrArray) questions = fp_form_model_list_questions (self->model);
  guint i;

  for (i = 0; self->files->len > 0 && i < questions->len; i++)
    {
      FpDraftFile *file = find_file (self, fp_form_node_get_value (g_ptr_array_index (questions, i)));
      FpDraftFile *copy;

      if (!file)
        continue;
      copy = g_new0 (FpDraftFile, 1);
      copy->name = g_strdup (file->name);
      copy->media_type = g_strdup (file->media_type);
      copy->sha256 = g_strdup (file->sha256);
      copy->size = file->size;
      g_ptr_array_add (files, copy);
    }

  return files;
}

/**
 * fp_draft_list_files:
 *
 * Returns: (transfer none) (element-type FpDraftFile): the files that go with a submission: those that
 *   relevant questions name; valid until the next call
 */
GPtrArray *
fp_draft_list_files (FpDraft *self)
{
  g_auto(GStrv) names = NULL;
  guint i;

  g_return_val_if_fail (FP_IS_DRAFT (self), NULL);

  g_ptr_array_set_size (self->listed, 0);
  names = fp_form_model_list_files (self->model);
  for (i = 0; names && names[i]; i++)
    {
      FpDraftFile *file = find_file (self, names[i]);

      if (file)
        g_ptr_array_add (self->listed, file);
    }

  return self->listed;
}

/**
 * fp_draft_dup_file_path:
 *
 * Returns: (transfer full) (nullable): path of the file that @node's value names; NULL where it names none
 */
char *
fp_draft_dup_file_path (FpDraft    *self,
                        FpFormNode *node)
{
  FpDraftFile *file;

  g_return_val_if_fail (FP_IS_DRAFT (self) && FP_IS_FORM_NODE (node), NULL);

  file = find_file (self, fp_form_node_get_value (node));
  return file ? fp_blob_dup_path (self->store, file->sha256) : NULL;
}

/* Last part of the path, without what XML, a header or a file system could stumble over. */
static char *
clean_name (const char *name)
{
  g_autofree char *valid = g_utf8_make_valid (name ? name : "", -1);
  const char *slash = strrchr (valid, '/');
  g_autoptr(GString) clean = g_string_new (NULL);
  const char *p;

  for (p = slash ? slash + 1 : valid; *p; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (g_unichar_iscntrl (c) || !g_unichar_isdefined (c) || strchr ("\\\"<>:*?|", (int) MIN (c, 127)))
        c = '_';
      g_string_append_unichar (clean, c);
    }
  while (clean->len > 0 && (clean->str[0] == '.' || clean->str[0] == ' '))
    g_string_erase (clean, 0, 1);
  if (clean->len == 0)
    g_string_assign (clean, "file");

  return g_string_free (g_steal_pointer (&clean), FALSE);
}

/* "photo.jpg", "photo-2.jpg", …: a name never means another file, not even after an undo. */
static char *
free_name (FpDraft    *self,
           const char *wanted)
{
  g_autofree char *clean = clean_name (wanted);
  char *dot = strrchr (clean, '.');
  g_autofree char *extension = g_strdup (dot && strlen (dot) <= 16 ? dot : "");
  g_autofree char *stem = g_strndup (clean, strlen (clean) - strlen (extension));
  char *name = NULL;
  guint i;

  while (strlen (stem) > MAX_NAME_BYTES)
    *g_utf8_find_prev_char (stem, stem + strlen (stem)) = '\0';

  for (i = 1; !name || find_file (self, name); i++)
    {
      g_free (name);
      name = i == 1 ? g_strconcat (stem, extension, NULL)
                    : g_strdup_printf ("%s-%u%s", stem, i, extension);
    }

  return name;
}

static void
imported_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  FpDraft *self = g_task_get_source_object (task);
  Attach *attach = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr(FpBlob) blob = fp_blob_import_finish (FP_STORE (source), result, &error);
  FpDraftFile *file;

  if (!blob)
    {
      g_task_return_error (task, error);
      return;
    }
  if (self->ended || self->state == FP_DRAFT_GONE)
    {
      g_task_return_new_error (task, FP_STORE_ERROR, FP_STORE_ERROR_NOT_FOUND,
                               _("This draft was submitted or discarded elsewhere."));
      return;
    }

  file = g_new0 (FpDraftFile, 1);
  file->name = free_name (self, attach->name);
  file->media_type = g_strdup (attach->media_type);
  file->sha256 = g_strdup (blob->sha256);
  file->size = blob->size;
  g_ptr_array_add (self->files, file);

  fp_form_model_set_value (self->model, attach->node, file->name);
  if (g_strcmp0 (fp_form_node_get_value (attach->node), file->name) != 0)
    {
      g_ptr_array_remove (self->files, file);
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                               _("This question takes no file."));
      return;
    }

  _fp_draft_save_now (self);
  g_task_return_boolean (task, TRUE);
}

/**
 * fp_draft_attach_async:
 * @node: an upload question
 * @stream: (transfer none): read on a thread to its end, not to be used meanwhile
 * @name: what the file was called; only its last part is used
 * @media_type: (nullable): e.g. "image/jpeg"
 * @cancellable: (nullable): has effect until the file is copied
 * @callback: (scope async): runs in the caller's thread-default main context
 *
 * The file itself is durable when this is done; the answer that names it is being saved then.
 */
void
fp_draft_attach_async (FpDraft            *self,
                       FpFormNode         *node,
                       GInputStream       *stream,
                       const char         *name,
                       const char         *media_type,
                       GCancellable       *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer            user_data)
{
  g_autoptr(GTask) task = NULL;
  Attach *attach;

  g_return_if_fail (FP_IS_DRAFT (self) && FP_IS_FORM_NODE (node) && G_IS_INPUT_STREAM (stream));

  attach = g_new0 (Attach, 1);
  attach->node = g_object_ref (node);
  attach->name = g_strdup (name);
  attach->media_type = g_strdup (media_type);
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, fp_draft_attach_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, attach, (GDestroyNotify) attach_free);
  fp_blob_import_async (self->store, stream, cancellable, imported_cb, g_object_ref (task));
}

gboolean
fp_draft_attach_finish (FpDraft      *self,
                        GAsyncResult *result,
                        GError      **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
