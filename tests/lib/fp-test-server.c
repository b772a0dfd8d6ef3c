#include "fp-test-server.h"

#include <string.h>

#define KEPT_BYTES (1024 * 1024)
#define DRIP_USEC (20 * 1000)

typedef struct
{
  FpServe how;
  gint64 after;
  char *raw;
} Step;

struct _FpTestServer
{
  /* Owned. */
  GSocketListener *listener;
  GTlsCertificate *certificate;
  GCancellable *cancellable;
  GThread *acceptor;

  guint16 port;

  /* Under the lock. */
  GMutex lock;
  GQueue steps;
  GPtrArray *requests; /* FpTestRequest */
  GPtrArray *threads;
  guint n_connections;
  guint n_open;
};

/* One connection, on its own thread. */
typedef struct
{
  FpTestServer *server;
  GIOStream *stream;
  GDataInputStream *in;
  guint number;
} Visit;

static void
step_free (gpointer data)
{
  Step *step = data;

  g_free (step->raw);
  g_free (step);
}

static void
request_free (gpointer data)
{
  FpTestRequest *request = data;

  g_free (request->method);
  g_free (request->target);
  g_free (request->head);
  g_clear_pointer (&request->body, g_bytes_unref);
  g_free (request);
}

static char *
read_head (Visit *visit)
{
  GString *head = g_string_new (NULL);

  for (;;)
    {
      gsize length;
      g_autofree char *line = g_data_input_stream_read_line (visit->in, &length,
                                                             visit->server->cancellable, NULL);

      if (!line)
        {
          g_string_free (head, TRUE);
          return NULL;
        }
      if (*line == '\0')
        return g_string_free (head, FALSE);
      g_string_append_printf (head, "%s\r\n", line);
    }
}

static gint64
content_length (const FpTestRequest *request)
{
  g_autofree char *value = fp_test_request_dup_header (request, "Content-Length");

  return value ? g_ascii_strtoll (value, NULL, 10) : 0;
}

/* FALSE if the client went away, or @limit bytes were read. */
static gboolean
read_body (Visit         *visit,
           FpTestRequest *request,
           gint64         limit)
{
  gint64 left = content_length (request);
  g_autoptr(GByteArray) kept = g_byte_array_new ();
  static const gsize chunk = 64 * 1024;
  g_autofree guint8 *buffer = g_malloc (chunk);

  while (left > 0 && request->body_size < limit)
    {
      gint64 want = MIN (MIN (left, (gint64) chunk), limit - request->body_size);
      gssize n = g_input_stream_read (G_INPUT_STREAM (visit->in), buffer, want,
                                      visit->server->cancellable, NULL);

      if (n <= 0)
        break;
      if (kept->len < KEPT_BYTES)
        g_byte_array_append (kept, buffer, MIN (n, KEPT_BYTES - (gssize) kept->len));
      request->body_size += n;
      left -= n;
    }
  request->body = g_byte_array_free_to_bytes (g_steal_pointer (&kept));

  return left == 0;
}

static gboolean
write_text (Visit      *visit,
            const char *text,
            gsize       length)
{
  return g_output_stream_write_all (g_io_stream_get_output_stream (visit->stream), text, length,
                                    NULL, visit->server->cancellable, NULL);
}

/* The head at once: libsoup tells nobody of a part of it. */
static void
drip (Visit      *visit,
      const char *text)
{
  const char *body = strstr (text, "\r\n\r\n") + 4;
  gboolean open = write_text (visit, text, (gsize) (body - text));

  for (; open && *body; body++)
    {
      g_usleep (DRIP_USEC);
      open = write_text (visit, body, 1);
    }
}

static void
flood (Visit      *visit,
       const char *head)
{
  g_autofree char *junk = g_strnfill (16 * 1024, 'x');
  gboolean open = write_text (visit, head, strlen (head));

  while (open)
    open = write_text (visit, junk, 16 * 1024);
}

static void
hang (Visit *visit)
{
  char byte;

  /* Until the client goes away or the server ends. */
  while (g_input_stream_read (G_INPUT_STREAM (visit->in), &byte, 1, visit->server->cancellable,
                              NULL)
         > 0)
    ;
}

/* FALSE closes the connection. */
static gboolean
act (Visit      *visit,
     const Step *step)
{
  switch (step->how)
    {
    case FP_SERVE_ANSWER:
      return write_text (visit, step->raw, strlen (step->raw));
    case FP_SERVE_CLOSE:
      write_text (visit, step->raw, strlen (step->raw));
      return FALSE;
    case FP_SERVE_DRIP:
      drip (visit, step->raw);
      return FALSE;
    case FP_SERVE_FLOOD:
      flood (visit, step->raw);
      return FALSE;
    case FP_SERVE_HANG:
      hang (visit);
      return FALSE;
    case FP_SERVE_DROP:
    case FP_SERVE_CUT:
    default:
      return FALSE;
    }
}

static Step *
next_step (FpTestServer *self)
{
  Step *step;

  g_mutex_lock (&self->lock);
  step = g_queue_pop_head (&self->steps);
  g_mutex_unlock (&self->lock);
  if (!step)
    {
      step = g_new0 (Step, 1);
      step->raw = g_strdup ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }

  return step;
}

static gboolean
serve_one (Visit *visit)
{
  g_autofree char *head = read_head (visit);
  g_auto(GStrv) words = NULL;
  FpTestRequest *request;
  gboolean go_on;
  Step *step;

  if (!head)
    return FALSE;

  words = g_strsplit (head, " ", 3);
  request = g_new0 (FpTestRequest, 1);
  request->method = g_strdup (words[0]);
  request->target = g_strdup (words[1]);
  request->head = g_steal_pointer (&head);
  request->connection = visit->number;

  step = next_step (visit->server);
  go_on = read_body (visit, request, step->how == FP_SERVE_CUT ? step->after : G_MAXINT64);

  g_mutex_lock (&visit->server->lock);
  g_ptr_array_add (visit->server->requests, request);
  g_mutex_unlock (&visit->server->lock);

  go_on = go_on && act (visit, step);
  step_free (step);

  return go_on;
}

static gpointer
visit_thread (gpointer data)
{
  Visit *visit = data;
  FpTestServer *server = visit->server;

  while (serve_one (visit))
    ;
  g_io_stream_close (visit->stream, NULL, NULL);
  g_object_unref (visit->in);
  g_object_unref (visit->stream);
  g_free (visit);

  g_mutex_lock (&server->lock);
  server->n_open--;
  g_mutex_unlock (&server->lock);

  return NULL;
}

static void
receive (FpTestServer      *self,
         GSocketConnection *connection)
{
  Visit *visit = g_new0 (Visit, 1);

  visit->server = self;
  visit->stream = self->certificate ? g_tls_server_connection_new (G_IO_STREAM (connection),
                                                                   self->certificate, NULL)
                                    : g_object_ref (G_IO_STREAM (connection));
  visit->in = g_data_input_stream_new (g_io_stream_get_input_stream (visit->stream));
  g_data_input_stream_set_newline_type (visit->in, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);

  g_mutex_lock (&self->lock);
  visit->number = ++self->n_connections;
  self->n_open++;
  g_ptr_array_add (self->threads, g_thread_new ("visit", visit_thread, visit));
  g_mutex_unlock (&self->lock);
}

static gpointer
accept_thread (gpointer data)
{
  FpTestServer *self = data;

  for (;;)
    {
      g_autoptr(GSocketConnection) connection
          = g_socket_listener_accept (self->listener, NULL, self->cancellable, NULL);

      if (!connection)
        return NULL;
      receive (self, connection);
    }
}

FpTestServer *
fp_test_server_new (GTlsCertificate *certificate)
{
  FpTestServer *self = g_new0 (FpTestServer, 1);
  g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr(GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr(GSocketAddress) bound = NULL;
  g_autoptr(GError) error = NULL;

  g_mutex_init (&self->lock);
  self->listener = g_socket_listener_new ();
  self->cancellable = g_cancellable_new ();
  self->requests = g_ptr_array_new_with_free_func (request_free);
  self->threads = g_ptr_array_new ();
  g_set_object (&self->certificate, certificate);
  g_socket_listener_add_address (self->listener, any, G_SOCKET_TYPE_STREAM,
                                 G_SOCKET_PROTOCOL_DEFAULT, NULL, &bound, &error);
  g_assert_no_error (error);
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  self->acceptor = g_thread_new ("accept", accept_thread, self);

  return self;
}

void
fp_test_server_free (FpTestServer *self)
{
  guint i;

  g_cancellable_cancel (self->cancellable);
  g_thread_join (self->acceptor);
  for (i = 0; i < self->threads->len; i++)
    g_thread_join (g_ptr_array_index (self->threads, i));
  g_socket_listener_close (self->listener);
  g_object_unref (self->listener);
  g_object_unref (self->cancellable);
  g_clear_object (&self->certificate);
  g_queue_clear_full (&self->steps, step_free);
  g_ptr_array_unref (self->requests);
  g_ptr_array_unref (self->threads);
  g_mutex_clear (&self->lock);
  g_free (self);
}

guint16
fp_test_server_get_port (FpTestServer *self)
{
  return self->port;
}

char *
fp_test_server_dup_url (FpTestServer *self,
                        const char   *path)
{
  return g_strdup_printf ("%s://127.0.0.1:%u%s", self->certificate ? "https" : "http", self->port,
                          path);
}

void
fp_test_server_forget (FpTestServer *self)
{
  g_mutex_lock (&self->lock);
  g_queue_clear_full (&self->steps, step_free);
  g_mutex_unlock (&self->lock);
}

void
fp_test_server_script (FpTestServer *self,
                       FpServe       how,
                       gint64        after,
                       const char   *raw)
{
  Step *step = g_new0 (Step, 1);

  step->how = how;
  step->after = after;
  step->raw = g_strdup (raw);
  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->steps, step);
  g_mutex_unlock (&self->lock);
}

void
fp_test_server_answer (FpTestServer *self,
                       guint         status,
                       const char   *headers,
                       const char   *body)
{
  g_autofree char *raw
      = g_strdup_printf ("HTTP/1.1 %u Because\r\n%sContent-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s",
                         status, headers, strlen (body), body);

  fp_test_server_script (self, FP_SERVE_ANSWER, 0, raw);
}

guint
fp_test_server_get_n_requests (FpTestServer *self)
{
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);

  return self->requests->len;
}

guint
fp_test_server_get_n_connections (FpTestServer *self)
{
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);

  return self->n_connections;
}

guint
fp_test_server_get_n_open (FpTestServer *self)
{
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);

  return self->n_open;
}

const FpTestRequest *
fp_test_server_get_request (FpTestServer *self,
                            guint         index)
{
  g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);

  g_assert_cmpuint (index, <, self->requests->len);
  return g_ptr_array_index (self->requests, index);
}

char *
fp_test_request_dup_header (const FpTestRequest *request,
                            const char          *name)
{
  g_auto(GStrv) lines = g_strsplit (request->head, "\r\n", -1);
  gsize length = strlen (name);
  guint i;

  for (i = 1; lines[i]; i++)
    if (g_ascii_strncasecmp (lines[i], name, length) == 0 && lines[i][length] == ':')
      return g_strstrip (g_strdup (lines[i] + length + 1));

  return NULL;
}
