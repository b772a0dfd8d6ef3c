#include "bus/fp-bus-descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <glib-unix.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/fp-engine.h"

/* A pipe that brings nothing for so long keeps a thread of the pool from others. */
#define SILENCE_MS 60000
/* How often a silent pipe looks whether it is still wanted. */
#define LOOK_MS 250

#define FP_TYPE_DESCRIPTOR_STREAM (fp_descriptor_stream_get_type ())
G_DECLARE_FINAL_TYPE (FpDescriptorStream, fp_descriptor_stream, FP, DESCRIPTOR_STREAM, GInputStream)

struct _FpDescriptorStream
{
  GInputStream parent_instance;

  int      fd;       /* owned */
  gboolean pipe;
  gint64   position; /* of a file: its own, for the descriptor's is shared with who sent it */
  gint64   left;     /* bytes that it may still bring */
  gint64   size;     /* of a pipe: how many its writer announced; -1 = it ends where it ends */
};

G_DEFINE_FINAL_TYPE (FpDescriptorStream, fp_descriptor_stream, G_TYPE_INPUT_STREAM)

static gssize
read_file (FpDescriptorStream *self,
           void               *buffer,
           gsize               count,
           GError            **error)
{
  gssize n;

  do
    n = pread (self->fd, buffer, MIN (count, (guint64) self->left), self->position);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s", g_strerror (errno));
  else if (n == 0 && self->left > 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT, "the file became shorter while it was copied");
      return -1;
    }
  if (n > 0)
    {
      self->position += n;
      self->left -= n;
    }

  return n;
}

/* TRUE: there are bytes, or the end. */
static gboolean
wait_for_pipe (FpDescriptorStream  *self,
               GCancellable        *cancellable,
               GError             **error)
{
  for (int waited = 0; waited < SILENCE_MS; waited += LOOK_MS)
    {
      struct pollfd pipe = { .fd = self->fd, .events = POLLIN };
      int ready = poll (&pipe, 1, LOOK_MS);

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (ready > 0)
        return TRUE;
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "the pipe brought nothing for %d s", SILENCE_MS / 1000);

  return FALSE;
}

/* After @n more bytes, 0 = the end. */
static gboolean
check_size (FpDescriptorStream  *self,
            gssize               n,
            GError             **error)
{
  self->left -= n;
  if (self->left < 0 && self->size < 0)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "the pipe brought more than 8 GiB");
  else if (self->left < 0)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "the pipe brought more than the %" G_GINT64_FORMAT " bytes that were announced", self->size);
  else if (n == 0 && self->size >= 0 && self->left > 0)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
                 "the pipe brought %" G_GINT64_FORMAT " of the %" G_GINT64_FORMAT " bytes that were announced",
                 self->size - self->left, self->size);
  else
    return TRUE;

  return FALSE;
}

static gssize
read_pipe (FpDescriptorStream *self,
           void               *buffer,
           gsize               count,
           GCancellable       *cancellable,
           GError            **error)
{
  gssize n;

  do
    {
      if (!wait_for_pipe (self, cancellable, error))
        return -1;
      n = read (self->fd, buffer, count);
    }
  while (n < 0 && (errno == EINTR || errno == EAGAIN));
  if (n < 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s", g_strerror (errno));

  return n < 0 || !check_size (self, n, error) ? -1 : n;
}

static gssize
fp_descriptor_stream_read (GInputStream  *stream,
                           void          *buffer,
                           gsize          count,
                           GCancellable  *cancellable,
                           GError       **error)
{
  FpDescriptorStream *self = FP_DESCRIPTOR_STREAM (stream);

  if (self->pipe)
    return read_pipe (self, buffer, count, cancellable, error);

  return self->left == 0 ? 0 : read_file (self, buffer, count, error);
}

static void
fp_descriptor_stream_finalize (GObject *object)
{
  close (FP_DESCRIPTOR_STREAM (object)->fd);

  G_OBJECT_CLASS (fp_descriptor_stream_parent_class)->finalize (object);
}

static void
fp_descriptor_stream_class_init (FpDescriptorStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = fp_descriptor_stream_finalize;
  G_INPUT_STREAM_CLASS (klass)->read_fn = fp_descriptor_stream_read;
}

static void
fp_descriptor_stream_init (FpDescriptorStream *self)
{
}

/* NULL = it can be read. */
static const char *
get_refusal (int                fd,
             const struct stat *file)
{
  int flags = fcntl (fd, F_GETFL);

  if (flags >= 0 && (flags & O_PATH))
    return "is only a path (O_PATH)";
  if (S_ISDIR (file->st_mode))
    return "is a folder";
  if (S_ISCHR (file->st_mode) || S_ISBLK (file->st_mode))
    return "is a device";
  if (S_ISSOCK (file->st_mode))
    return "is a socket";
  if (!S_ISREG (file->st_mode) && !S_ISFIFO (file->st_mode))
    return "is no file";
  if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY)
    return "is not open for reading";

  return NULL;
}

/* Its own open description that never blocks a thread, however many others read the same pipe. */
static void
reopen_pipe (FpDescriptorStream *self)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", self->fd);
  int own = open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

  if (own < 0)
    {
      g_unix_set_fd_nonblocking (self->fd, TRUE, NULL);
      return;
    }
  close (self->fd);
  self->fd = own;
}

GInputStream *
fp_bus_descriptor_open (int          fd,
                        const char  *where,
                        gint64       announced,
                        gint64      *size,
                        gboolean    *pipe,
                        GError     **error)
{
  g_autoptr(FpDescriptorStream) stream = g_object_new (FP_TYPE_DESCRIPTOR_STREAM, NULL);
  struct stat file = { 0 };
  const char *refusal;
  gint64 offset;

  stream->fd = fd;
  refusal = fstat (fd, &file) < 0 ? "cannot be looked at" : get_refusal (fd, &file);
  if (refusal)
    {
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE,
                   "%skey \"file\": the descriptor %s; a file or a pipe is needed", where, refusal);
      return NULL;
    }

  stream->pipe = S_ISFIFO (file.st_mode);
  offset = stream->pipe ? 0 : lseek (fd, 0, SEEK_CUR);
  stream->position = MAX (0, offset);
  stream->left = stream->pipe ? FP_BUS_DESCRIPTOR_MAX : MAX (0, (gint64) file.st_size - stream->position);
  stream->size = announced;
  if (stream->pipe && announced >= 0)
    stream->left = announced;
  *size = stream->pipe ? announced : stream->left;
  if (stream->pipe)
    reopen_pipe (stream);
  if (announced >= 0 && announced != stream->left)
    {
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE,
                   "%skey \"size\": there are %" G_GINT64_FORMAT " bytes from where the descriptor stands", where,
                   stream->left);
      return NULL;
    }
  if (stream->left > FP_BUS_DESCRIPTOR_MAX)
    {
      g_set_error (error, FP_ENGINE_ERROR, FP_ENGINE_ERROR_USAGE, "%skey \"file\": larger than 8 GiB", where);
      return NULL;
    }

  *pipe = stream->pipe;

  return G_INPUT_STREAM (g_steal_pointer (&stream));
}
