#include "config.h"

#include "net/fp-body-stream.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fp-sha256.h"
#include "base/fp-worker.h"

/* A disk may change bytes unnoticed. What is small is looked at before it goes; what is large while it goes, so that its
 * first byte does not wait for its last. */
#define VERIFY_MAX_BYTES (1024 * 1024)
#define VERIFIED_MAX 4096

/* How much of a file is read ahead in one go where the disk has to be waited for: libsoup asks for 8 KiB, and each trip
 * to the pool has its price. */
#define AHEAD_BYTES (128 * 1024)

struct _FpBodyStream
{
  GInputStream parent_instance;

  /* Owned. */
  GPtrArray *segments;
  guint8 *ahead; /* allocated by the first file */
  int fd;        /* of the file at @index, or -1 */
  FpSha256 *checksum; /* of what was read of it; NULL: its bytes are known to be right */

  guint index;   /* the segment being read */
  gint64 done;   /* bytes of it that were taken, or read ahead */
  gsize ahead_start;
  gsize ahead_end;
};

G_DEFINE_QUARK (fp-body-error-quark, _fp_body_error)
G_DEFINE_FINAL_TYPE (FpBodyStream, _fp_body_stream, G_TYPE_INPUT_STREAM)

/* Bytes that were right once in this process; TRUE if @sha256 is, or with @add becomes, one of them. */
static gboolean
is_verified (const char *sha256,
             gboolean    add)
{
  static GMutex mutex;
  static GHashTable *verified;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&mutex);

  if (!verified)
    verified = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (g_hash_table_contains (verified, sha256))
    return TRUE;
  if (!add)
    return FALSE;

  if (g_hash_table_size (verified) >= VERIFIED_MAX)
    g_hash_table_remove_all (verified);
  return g_hash_table_add (verified, g_strdup (sha256));
}

static gboolean
fail (const FpSegment  *segment,
      int               code,
      GError          **error)
{
  if (code == ENOENT)
    g_set_error_literal (error, FP_BODY_ERROR, 0, _("A file that belongs to it is no longer there"));
  else if (code == 0)
    g_set_error_literal (error, FP_BODY_ERROR, 0, _("A file that belongs to it has changed"));
  else if (code == EMFILE || code == ENFILE)
    /* As of a socket: nothing is wrong with the file. */
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES, g_strerror (code));
  else
    g_set_error (error, FP_BODY_ERROR, 0, _("A file that belongs to it cannot be read: %s"),
                 g_strerror (code));
  if (segment->name)
    g_prefix_error (error, "%s: ", segment->name);

  return FALSE;
}

/* The end of its bytes: are they those it is called by? */
static gboolean
check_bytes (const FpSegment  *segment,
             FpSha256         *checksum,
             GError          **error)
{
  if (!g_str_equal (fp_sha256_get_string (checksum), segment->sha256))
    return fail (segment, 0, error);

  return is_verified (segment->sha256, TRUE);
}

/* -1 and error if it is not the file that was meant. */
static int
open_segment (const FpSegment  *segment,
              GError          **error)
{
  int fd = g_open (segment->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
  struct stat info;
  gboolean right;

  if (fd < 0)
    {
      fail (segment, errno, error);
      return -1;
    }

  right = fstat (fd, &info) == 0 && S_ISREG (info.st_mode) && info.st_size == segment->size;
  if (!right)
    {
      fail (segment, 0, error);
      close (fd);
      return -1;
    }

  return fd;
}

static void
close_file (FpBodyStream *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  g_clear_pointer (&self->checksum, fp_sha256_free);
}

static void
next_segment (FpBodyStream *self)
{
  close_file (self);
  self->index++;
  self->done = 0;
}

/* Of the open file what the system has in memory. 0: the disk would have to be waited for, or the pool has to find out
 * why not, or to look at the bytes. */
static gsize
take_cached (FpBodyStream    *self,
             const FpSegment *segment,
             guint8          *buffer,
             gsize            count)
{
  struct iovec piece = { buffer, MIN (count, (gsize) (segment->size - self->done)) };
  gssize n = self->fd >= 0 && !self->checksum ? preadv2 (self->fd, &piece, 1, -1, RWF_NOWAIT) : 0;

  if (n <= 0)
    return 0;

  self->done += n;
  return (gsize) n;
}

/* What is in memory already; 0 means that a file has to be waited for, or that this is the end. */
static gsize
take (FpBodyStream *self,
      guint8       *buffer,
      gsize         count)
{
  if (self->ahead_start < self->ahead_end)
    {
      gsize n = MIN (count, self->ahead_end - self->ahead_start);

      memcpy (buffer, self->ahead + self->ahead_start, n);
      self->ahead_start += n;
      return n;
    }

  while (self->index < self->segments->len)
    {
      const FpSegment *segment = g_ptr_array_index (self->segments, self->index);
      gsize n;

      if (!segment->data && self->done < segment->size)
        return take_cached (self, segment, buffer, count);
      n = segment->data ? MIN (count, (gsize) (segment->size - self->done)) : 0;
      if (n > 0)
        {
          const guint8 *bytes = g_bytes_get_data (segment->data, NULL);

          memcpy (buffer, bytes + self->done, n);
          self->done += n;
          return n;
        }
      next_segment (self);
    }

  return 0;
}

static gboolean
is_at_end (FpBodyStream *self)
{
  return self->index >= self->segments->len;
}

static gboolean
open_file (FpBodyStream     *self,
           const FpSegment  *segment,
           GError          **error)
{
  if (!self->ahead)
    self->ahead = g_malloc (AHEAD_BYTES);
  self->fd = open_segment (segment, error);
  if (self->fd >= 0 && segment->sha256 && !is_verified (segment->sha256, FALSE))
    self->checksum = fp_sha256_new ();

  return self->fd >= 0;
}

/* Blocks on the disk. Of wrong bytes the last are never given: no server takes a body that is shorter than announced. */
static gboolean
read_ahead (FpBodyStream  *self,
            GError       **error)
{
  const FpSegment *segment = g_ptr_array_index (self->segments, self->index);
  gssize n;

  if (self->fd < 0 && !open_file (self, segment, error))
    return FALSE;

  do
    n = read (self->fd, self->ahead, MIN (AHEAD_BYTES, segment->size - self->done));
  while (n < 0 && errno == EINTR);
  if (n <= 0)
    return fail (segment, n < 0 ? errno : 0, error);
  if (self->checksum)
    fp_sha256_update (self->checksum, self->ahead, n);
  if (self->checksum && self->done + n == segment->size && !check_bytes (segment, self->checksum, error))
    return FALSE;

  self->ahead_start = 0;
  self->ahead_end = n;
  self->done += n;

  return TRUE;
}

static gssize
_fp_body_stream_read (GInputStream  *stream,
                      void          *buffer,
                      gsize          count,
                      GCancellable  *cancellable,
                      GError       **error)
{
  FpBodyStream *self = FP_BODY_STREAM (stream);
  gsize n;

  while ((n = take (self, buffer, count)) == 0 && count > 0 && !is_at_end (self))
    if (g_cancellable_set_error_if_cancelled (cancellable, error) || !read_ahead (self, error))
      return -1;

  return n;
}

/* What a read on the pool needs; the buffer is the caller's and outlives it. */
typedef struct
{
  void *buffer;
  gsize count;
} ReadJob;

static void
read_on_pool (GTask        *task,
              gpointer      source,
              gpointer      data,
              GCancellable *cancellable)
{
  ReadJob *job = data;
  GError *error = NULL;
  gssize n = _fp_body_stream_read (source, job->buffer, job->count, cancellable, &error);

  if (n < 0)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, n);
}

static void
_fp_body_stream_read_async (GInputStream        *stream,
                            void                *buffer,
                            gsize                count,
                            int                  priority,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  FpBodyStream *self = FP_BODY_STREAM (stream);
  g_autoptr(GTask) task = g_task_new (stream, cancellable, callback, user_data);
  gsize n = take (self, buffer, count);
  ReadJob *job;

  g_task_set_source_tag (task, _fp_body_stream_read_async);
  g_task_set_priority (task, priority);
  if (n > 0 || count == 0 || is_at_end (self))
    {
      g_task_return_int (task, n);
      return;
    }

  job = g_new0 (ReadJob, 1);
  job->buffer = buffer;
  job->count = count;
  g_task_set_task_data (task, job, g_free);
  fp_pool_push (task, read_on_pool);
}

static gssize
_fp_body_stream_read_finish (GInputStream  *stream,
                             GAsyncResult  *result,
                             GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, stream), -1);

  return g_task_propagate_int (G_TASK (result), error);
}

static gboolean
_fp_body_stream_close (GInputStream  *stream,
                       GCancellable  *cancellable,
                       GError       **error)
{
  close_file (FP_BODY_STREAM (stream));

  return TRUE;
}

/* Left to itself GIO would start a thread for it, once a request. A file that was only read has nothing to wait for. */
static void
_fp_body_stream_close_async (GInputStream        *stream,
                             int                  priority,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, _fp_body_stream_close_async);
  g_task_set_priority (task, priority);
  close_file (FP_BODY_STREAM (stream));
  g_task_return_boolean (task, TRUE);
}

static gboolean
_fp_body_stream_close_finish (GInputStream  *stream,
                              GAsyncResult  *result,
                              GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, stream), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
_fp_body_stream_finalize (GObject *object)
{
  FpBodyStream *self = FP_BODY_STREAM (object);

  close_file (self);
  g_free (self->ahead);
  g_ptr_array_unref (self->segments);

  G_OBJECT_CLASS (_fp_body_stream_parent_class)->finalize (object);
}

static void
_fp_body_stream_class_init (FpBodyStreamClass *klass)
{
  GInputStreamClass *stream_class = G_INPUT_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = _fp_body_stream_finalize;
  stream_class->read_fn = _fp_body_stream_read;
  stream_class->read_async = _fp_body_stream_read_async;
  stream_class->read_finish = _fp_body_stream_read_finish;
  stream_class->close_fn = _fp_body_stream_close;
  stream_class->close_async = _fp_body_stream_close_async;
  stream_class->close_finish = _fp_body_stream_close_finish;
}

static void
_fp_body_stream_init (FpBodyStream *self)
{
  self->fd = -1;
}

GInputStream *
_fp_body_stream_new (GPtrArray *segments)
{
  FpBodyStream *self = g_object_new (FP_TYPE_BODY_STREAM, NULL);

  self->segments = g_ptr_array_ref (segments);

  return G_INPUT_STREAM (self);
}

static gboolean
verify (const FpSegment  *segment,
        int               fd,
        GError          **error)
{
  g_autoptr(FpSha256) checksum = NULL;
  g_autofree guint8 *buffer = NULL;
  gssize n;

  if (!segment->sha256 || segment->size > VERIFY_MAX_BYTES || is_verified (segment->sha256, FALSE))
    return TRUE;

  checksum = fp_sha256_new ();
  buffer = g_malloc (AHEAD_BYTES);
  while ((n = read (fd, buffer, AHEAD_BYTES)) > 0)
    fp_sha256_update (checksum, buffer, n);
  if (n < 0)
    return fail (segment, errno, error);

  return check_bytes (segment, checksum, error);
}

static void
check_on_pool (GTask        *task,
               gpointer      source,
               gpointer      data,
               GCancellable *cancellable)
{
  GPtrArray *segments = data;
  GError *error = NULL;
  guint i;

  for (i = 0; i < segments->len && !error; i++)
    {
      const FpSegment *segment = g_ptr_array_index (segments, i);
      int fd = segment->data ? -1 : open_segment (segment, &error);

      if (fd >= 0)
        {
          verify (segment, fd, &error);
          close (fd);
        }
    }

  if (error)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

gboolean
_fp_body_has_file (GPtrArray *segments)
{
  for (guint i = 0; i < segments->len; i++)
    if (!((const FpSegment *) g_ptr_array_index (segments, i))->data)
      return TRUE;

  return FALSE;
}

void
_fp_body_check_async (GPtrArray           *segments,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, _fp_body_check_async);
  g_task_set_task_data (task, g_ptr_array_ref (segments), (GDestroyNotify) g_ptr_array_unref);
  fp_pool_push (task, check_on_pool);
}

gboolean
_fp_body_check_finish (GAsyncResult  *result,
                       GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
