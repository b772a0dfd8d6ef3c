#include "config.h"

#include "ui/fp-question-private.h"

#include <glib/gi18n.h>
#include <string.h>

#include "ui/fp-thumbnail.h"
#include "ui/fp-ui.h"

/* Device-independent pixels of the preview's longest side. */
#define PREVIEW 260

/* A picture: chosen, dropped or pasted; kept durably before it counts as the answer. */
struct _FpImageQuestion
{
  FpQuestion parent_instance;

  /* Owned. */
  GCancellable         *cancellable;
  GtkFileChooserNative *chooser;
  char                 *previewed; /* the path that the picture shows */

  /* Borrowed: children. */
  GtkStack   *stack;
  GtkWidget  *choose;
  GtkSpinner *spinner;
  GtkPicture *picture;
  GtkLabel   *file_name;

  guint       busy; /* pictures being kept */
};

G_DEFINE_FINAL_TYPE (FpImageQuestion, fp_image_question, FP_TYPE_QUESTION)

static void
preview_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(FpImageQuestion) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GdkTexture) texture = fp_thumbnail_load_finish (result, &error);

  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  if (!texture)
    g_debug ("No preview: %s", error->message);
  gtk_picture_set_paintable (self->picture, GDK_PAINTABLE (texture));
  gtk_widget_set_visible (GTK_WIDGET (self->picture), texture != NULL);
  if (texture)
    {
      gint scale = gtk_widget_get_scale_factor (GTK_WIDGET (self));

      gtk_widget_set_size_request (GTK_WIDGET (self->picture), gdk_texture_get_width (texture) / scale,
                                   gdk_texture_get_height (texture) / scale);
    }
}

static void
fp_image_question_show_value (FpQuestion *question)
{
  FpImageQuestion *self = FP_IMAGE_QUESTION (question);
  FpFormNode *node = fp_question_get_node (question);
  const char *value = fp_form_node_get_value (node);
  gboolean filled = value && *value;
  g_autofree char *path = filled ? fp_draft_dup_file_path (fp_question_get_draft (question), node) : NULL;

  gtk_spinner_set_spinning (self->spinner, self->busy > 0);
  gtk_stack_set_visible_child_name (self->stack, self->busy > 0 ? "busy" : filled ? "filled" : "empty");
  gtk_label_set_label (self->file_name, filled ? value : "");
  if (g_strcmp0 (path, self->previewed) == 0)
    return;
  g_free (self->previewed);
  self->previewed = g_strdup (path);
  gtk_widget_set_visible (GTK_WIDGET (self->picture), FALSE);
  if (path)
    fp_thumbnail_load_async (path, PREVIEW * gtk_widget_get_scale_factor (GTK_WIDGET (self)), self->cancellable,
                             preview_cb, g_object_ref (self));
}

static void
show_trouble (FpImageQuestion *self,
              const char      *text)
{
  fp_question_refuse (FP_QUESTION (self), text);
}

static void
end_busy (FpImageQuestion *self)
{
  self->busy--;
  fp_image_question_show_value (FP_QUESTION (self));
}

static void
attach_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(FpImageQuestion) self = user_data;
  g_autoptr(GError) error = NULL;

  if (!fp_draft_attach_finish (FP_DRAFT (source), result, &error)
      && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_autofree char *text = g_strdup_printf (_("The picture could not be kept: %s"), error->message);

      show_trouble (self, text);
    }
  if (!g_cancellable_is_cancelled (self->cancellable))
    end_busy (self);
}

static void
attach (FpImageQuestion *self,
        GInputStream    *stream,
        const char      *name,
        const char      *media_type)
{
  self->busy++;
  fp_question_refuse (FP_QUESTION (self), NULL);
  fp_image_question_show_value (FP_QUESTION (self));
  /* Not cancelled with the page: what was dropped here is wanted in the draft. */
  fp_draft_attach_async (fp_question_get_draft (FP_QUESTION (self)), fp_question_get_node (FP_QUESTION (self)), stream,
                         name, media_type, NULL, attach_cb, g_object_ref (self));
}

static void
refuse_file (FpImageQuestion *self,
             const char      *name)
{
  g_autofree char *text = g_strdup_printf (_("“%s” is not a picture"), name);

  show_trouble (self, text);
}

/* What a file is called says little about what is in it. */
static char *
dup_picture_type (const char           *name,
                  GBufferedInputStream *stream)
{
  gsize size;
  const guint8 *start = g_buffered_input_stream_peek_buffer (stream, &size);
  g_autofree char *by_name = g_content_type_guess (name, NULL, 0, NULL);
  g_autofree char *by_content = g_content_type_guess (NULL, start, size, NULL);

  if (g_content_type_is_a (by_content, "image/*"))
    return g_content_type_get_mime_type (by_content);
  if (size > 0 && g_content_type_is_unknown (by_content) && g_content_type_is_a (by_name, "image/*"))
    return g_content_type_get_mime_type (by_name);

  return NULL;
}

static void
file_started_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(FpImageQuestion) self = user_data;
  g_autoptr(GError) error = NULL;
  GBufferedInputStream *stream = G_BUFFERED_INPUT_STREAM (source);
  const char *name = g_object_get_data (source, "fp-name");
  g_autofree char *media_type = NULL;

  if (g_buffered_input_stream_fill_finish (stream, result, &error) < 0)
    {
      show_trouble (self, error->message);
      return;
    }
  media_type = dup_picture_type (name, stream);
  if (media_type)
    attach (self, G_INPUT_STREAM (stream), name, media_type);
  else
    refuse_file (self, name);
}

static void
file_opened_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr(FpImageQuestion) self = user_data;
  g_autoptr(GError) error = NULL;
  char *name = g_file_get_basename (G_FILE (source));
  g_autoptr(GFileInputStream) file = g_file_read_finish (G_FILE (source), result, &error);
  g_autoptr(GInputStream) stream = file ? g_buffered_input_stream_new (G_INPUT_STREAM (file)) : NULL;

  if (stream)
    {
      g_object_set_data_full (G_OBJECT (stream), "fp-name", name, g_free);
      g_buffered_input_stream_fill_async (G_BUFFERED_INPUT_STREAM (stream), -1, G_PRIORITY_DEFAULT, NULL,
                                          file_started_cb, g_object_ref (self));
      return;
    }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY))
    refuse_file (self, name);
  else
    show_trouble (self, error->message);
  g_free (name);
}

static void
attach_file (FpImageQuestion *self,
             GFile           *file)
{
  fp_question_refuse (FP_QUESTION (self), NULL);
  g_file_read_async (file, G_PRIORITY_DEFAULT, NULL, file_opened_cb, g_object_ref (self));
}

static void
encoded_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(FpImageQuestion) self = user_data;
  g_autoptr(GBytes) bytes = fp_texture_encode_finish (result, NULL);
  g_autoptr(GInputStream) stream = NULL;

  if (!bytes)
    return;
  stream = g_memory_input_stream_new_from_bytes (bytes);
  attach (self, stream, "pasted.png", "image/png");
}

static gboolean
drop_cb (FpImageQuestion *self,
         const GValue    *value)
{
  if (G_VALUE_HOLDS (value, G_TYPE_FILE))
    attach_file (self, g_value_get_object (value));
  else if (G_VALUE_HOLDS (value, GDK_TYPE_TEXTURE))
    fp_texture_encode_async (g_value_get_object (value), NULL, encoded_cb, g_object_ref (self));
  else
    return FALSE;

  return TRUE;
}

static void
pasted_texture_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr(FpImageQuestion) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GdkTexture) texture = gdk_clipboard_read_texture_finish (GDK_CLIPBOARD (source), result, &error);

  if (texture)
    fp_texture_encode_async (texture, NULL, encoded_cb, g_object_ref (self));
  else
    show_trouble (self, _("There is no picture to paste"));
}

static void
pasted_file_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr(FpImageQuestion) self = user_data;
  const GValue *value = gdk_clipboard_read_value_finish (GDK_CLIPBOARD (source), result, NULL);

  if (value && g_value_get_object (value))
    attach_file (self, g_value_get_object (value));
}

static gboolean
paste_cb (GtkWidget *widget,
          GVariant  *args,
          gpointer   user_data)
{
  FpImageQuestion *self = FP_IMAGE_QUESTION (widget);
  GdkClipboard *clipboard = gtk_widget_get_clipboard (widget);
  GdkContentFormats *formats = gdk_clipboard_get_formats (clipboard);

  if (gdk_content_formats_contain_mime_type (formats, "text/uri-list")
      || gdk_content_formats_contain_gtype (formats, G_TYPE_FILE))
    gdk_clipboard_read_value_async (clipboard, G_TYPE_FILE, G_PRIORITY_DEFAULT, NULL, pasted_file_cb,
                                    g_object_ref (self));
  else
    gdk_clipboard_read_texture_async (clipboard, NULL, pasted_texture_cb, g_object_ref (self));

  return TRUE;
}

static void
chooser_response_cb (FpImageQuestion *self,
                     gint             response)
{
  if (response == GTK_RESPONSE_ACCEPT)
    {
      g_autoptr(GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (self->chooser));

      attach_file (self, file);
    }
  g_clear_object (&self->chooser);
}

static void
choose_cb (FpImageQuestion *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkFileFilter *filter = gtk_file_filter_new ();

  gtk_file_filter_set_name (filter, _("Pictures"));
  gtk_file_filter_add_mime_type (filter, "image/*");
  g_clear_object (&self->chooser);
  self->chooser = gtk_file_chooser_native_new (_("Choose Picture"), GTK_WINDOW (root), GTK_FILE_CHOOSER_ACTION_OPEN,
                                               _("_Choose"), NULL);
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (self->chooser), filter);
  g_object_unref (filter);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (self->chooser), TRUE);
  g_signal_connect_object (self->chooser, "response", G_CALLBACK (chooser_response_cb), self, G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

static void
remove_cb (FpImageQuestion *self)
{
  fp_question_answer (FP_QUESTION (self), "");
  gtk_widget_grab_focus (self->choose);
}

static void
add_drop_target (FpImageQuestion *self)
{
  GType types[] = { G_TYPE_FILE, GDK_TYPE_TEXTURE };
  GtkDropTarget *target = gtk_drop_target_new (G_TYPE_INVALID, GDK_ACTION_COPY);

  gtk_drop_target_set_gtypes (target, types, G_N_ELEMENTS (types));
  g_signal_connect_object (target, "drop", G_CALLBACK (drop_cb), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (target));
}

static void
fp_image_question_constructed (GObject *object)
{
  FpImageQuestion *self = FP_IMAGE_QUESTION (object);
  g_autoptr(GtkBuilder) builder = gtk_builder_new_from_resource (FP_UI_TEMPLATE ("fp-image-question"));

  G_OBJECT_CLASS (fp_image_question_parent_class)->constructed (object);

  self->stack = GTK_STACK (gtk_builder_get_object (builder, "child"));
  self->choose = GTK_WIDGET (gtk_builder_get_object (builder, "choose"));
  self->spinner = GTK_SPINNER (gtk_builder_get_object (builder, "spinner"));
  self->picture = GTK_PICTURE (gtk_builder_get_object (builder, "picture"));
  self->file_name = GTK_LABEL (gtk_builder_get_object (builder, "file_name"));
  g_signal_connect_object (self->choose, "clicked", G_CALLBACK (choose_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (gtk_builder_get_object (builder, "replace"), "clicked", G_CALLBACK (choose_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (gtk_builder_get_object (builder, "remove"), "clicked", G_CALLBACK (remove_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->picture), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _("Preview of the picture"), -1);
  add_drop_target (self);
  fp_question_set_control (FP_QUESTION (self), GTK_WIDGET (self->stack), GTK_WIDGET (self->stack));
}

static void
fp_image_question_dispose (GObject *object)
{
  FpImageQuestion *self = FP_IMAGE_QUESTION (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->chooser);

  G_OBJECT_CLASS (fp_image_question_parent_class)->dispose (object);
}

static void
fp_image_question_finalize (GObject *object)
{
  FpImageQuestion *self = FP_IMAGE_QUESTION (object);

  g_clear_object (&self->cancellable);
  g_free (self->previewed);

  G_OBJECT_CLASS (fp_image_question_parent_class)->finalize (object);
}

static void
fp_image_question_class_init (FpImageQuestionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = fp_image_question_constructed;
  object_class->dispose = fp_image_question_dispose;
  object_class->finalize = fp_image_question_finalize;
  FP_QUESTION_CLASS (klass)->show_value = fp_image_question_show_value;
  gtk_widget_class_add_binding (GTK_WIDGET_CLASS (klass), GDK_KEY_v, GDK_CONTROL_MASK, paste_cb, NULL);
}

static void
fp_image_question_init (FpImageQuestion *self)
{
  self->cancellable = g_cancellable_new ();
}
