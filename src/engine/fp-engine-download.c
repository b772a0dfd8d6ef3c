#include "config.h"

#include "engine/fp-engine-private.h"

#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <unistd.h>

#include "store/fp-blob.h"

/* What comes from the server goes through a pipe to the thread that copies it into the store: neither holds more than
 * a piece, and the slower one sets the pace. */

/* At its end the bytes are those that were meant, or it fails: then the store keeps nothing. */
#define FP_TYPE_SUMMED_STREAM (fp_summed_stream_get_type ())
G_DECLARE_FINAL_TYPE (FpSummedStream, fp_summed_stream, FP, SUMMED_STREAM, GFilterInputStream)

struct _FpSummedStream
{
  GFilterInputStream parent_instance;

  GChecksum *checksum;
  char      *expected;
};

G_DEFINE_FINAL_TYPE (FpSummedStream, fp_summed_stream, G_TYPE_FILTER_INPUT_STREAM)

static gssize
fp_summed_stream_read (GInputStream  *stream,
                       void          *buffer,
                       gsize          count,
                       GCancellable  *cancellable,
                       GError       **error)
{
  FpSummedStream *self = FP_SUMMED_STREAM (stream);
  GInputStream *base = g_filter_input_stream_get_base_stream (G_FILTER_INPUT_STREAM (stream));
  gssize n = g_input_stream_read (base, buffer, count, cancellable, error);

  if (n > 0)
    g_checksum_update (self->checksum, buffer, n);
  if (n != 0 || g_ascii_strcasecmp (g_checksum_get_string (self->checksum), self->expected) == 0)
    return n;

  g_set_error_literal (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_SERVER,
                       _("what was downloaded does not match the server's checksum"));
  return -1;
}

static void
fp_summed_stream_finalize (GObject *object)
{
  FpSummedStream *self = FP_SUMMED_STREAM (object);

  g_checksum_free (self->checksum);
  g_free (self->expected);

  G_OBJECT_CLASS (fp_summed_stream_parent_class)->finalize (object);
}

static void
fp_summed_stream_class_init (FpSummedStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = fp_summed_stream_finalize;
  G_INPUT_STREAM_CLASS (klass)->read_fn = fp_summed_stream_read;
}

static void
fp_summed_stream_init (FpSummedStream *self)
{
  self->checksum = g_checksum_new (G_CHECKSUM_MD5);
}

typedef struct {
  GOutputStream *into;  /* the end of the pipe that is written; NULL = closed */
  GCancellable  *stop;  /* of the request */
  gulong         outer; /* of the caller's cancellable; 0 = none */
  GError        *error; /* of the request, or of keeping it */
  FpBlob        *blob;
  guint          open;  /* ends that are not through */
} Download;

static void
download_free (gpointer data)
{
  Download *download = data;

  g_clear_object (&download->into);
  g_object_unref (download->stop);
  g_clear_error (&download->error);
  g_clear_pointer (&download->blob, fp_blob_free);
  g_free (download);
}

/* One of the two ends. Takes @task. */
static void
end (GTask *task)
{
  g_autoptr(GTask) owned = task;
  Download *download = g_task_get_task_data (task);

  if (--download->open > 0)
    return;
  if (download->outer)
    g_signal_handler_disconnect (g_task_get_cancellable (task), download->outer);
  if (download->blob)
    g_task_return_pointer (task, g_steal_pointer (&download->blob), (GDestroyNotify) fp_blob_free);
  else
    g_task_return_error (task, g_steal_pointer (&download->error));
}

static void
closed_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_output_stream_close_finish (G_OUTPUT_STREAM (source), result, NULL);
}

/* Also where it broke off: what came so far is not what was meant, and the copy fails by that. */
static void
got_cb (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  GTask *task = user_data;
  Download *download = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) nothing = fp_http_get_finish (FP_HTTP (source), result, &error);

  /* The disk's words count more than those of the request that was stopped for it. */
  if (error && !download->error)
    download->error = g_steal_pointer (&error);
  g_output_stream_close_async (download->into, G_PRIORITY_DEFAULT, NULL, closed_cb, NULL);
  g_clear_object (&download->into);
  end (task);
}

static void
imported_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  GTask *task = user_data;
  Download *download = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;

  download->blob = fp_blob_import_finish (FP_STORE (source), result, &error);
  if (error && !download->error)
    {
      /* It says itself what is wrong, and where. */
      if (error->domain == FP_ENGINE_ERROR)
        g_set_error_literal (&download->error, error->domain, error->code,
                             _("what was downloaded does not match the server's checksum"));
      else
        download->error = g_steal_pointer (&error);
    }
  /* Nobody reads what it would write. */
  g_cancellable_cancel (download->stop);
  end (task);
}

static void
cancelled_cb (GCancellable *outer,
              gpointer      stop)
{
  g_cancellable_cancel (stop);
}

/* GIO asks whether there is room, and then writes all it has: where that is more, the main loop would wait for the
 * disk. */
static gboolean
open_pipe (int      ends[2],
           GError **error)
{
  if (!g_unix_open_pipe (ends, FD_CLOEXEC, error))
    return FALSE;
  if (g_unix_set_fd_nonblocking (ends[1], TRUE, error))
    return TRUE;

  close (ends[0]);
  close (ends[1]);
  return FALSE;
}

void
_fp_engine_download_async (FpEngine            *self,
                           FpRequest           *request,
                           gsize                limit,
                           const char          *md5,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr(FpRequest) owned = request;
  g_autoptr(GInputStream) pipe = NULL;
  g_autoptr(FpSummedStream) from = NULL;
  Download *download;
  GError *error = NULL;
  int ends[2];

  g_task_set_source_tag (task, _fp_engine_download_async);
  g_task_set_check_cancellable (task, FALSE);
  if (!open_pipe (ends, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  download = g_new0 (Download, 1);
  download->into = g_unix_output_stream_new (ends[1], TRUE);
  download->stop = g_cancellable_new ();
  download->open = 2;
  g_task_set_task_data (task, download, download_free);
  if (cancellable)
    download->outer = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb), g_object_ref (download->stop),
                                             g_object_unref);

  pipe = g_unix_input_stream_new (ends[0], TRUE);
  from = g_object_new (FP_TYPE_SUMMED_STREAM, "base-stream", pipe, NULL);
  from->expected = g_strdup (md5);
  request->into = g_object_ref (download->into);
  fp_blob_import_async (self->store, G_INPUT_STREAM (from), NULL, imported_cb, g_object_ref (task));
  fp_http_get_async (self->http, g_steal_pointer (&owned), limit, download->stop, got_cb, g_object_ref (task));
}
