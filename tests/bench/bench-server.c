/* bench-server.c — takes requests as fast as it can and says 201; prints its port, counts on request
 *
 * One thread, epoll, keep-alive, bodies by Content-Length are read and thrown away. So small that in the bench the
 * clients are what is measured. GET /count answers with the number of other requests so far. */
#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_MAX 16384
#define EVENTS 64

typedef struct {
  int fd;
  char head[HEAD_MAX];
  gsize used;     /* bytes in @head */
  gint64 body;    /* bytes of the body still to come; -1 = in the head */
  gboolean count; /* the request asks for the number */
} Client;

static guint64 n_requests;

static gboolean
answer (Client *client)
{
  char text[160];
  char number[32];
  int length;

  if (client->count)
    {
      int digits = snprintf (number, sizeof number, "%" G_GUINT64_FORMAT, n_requests);

      length = snprintf (text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", digits, number);
    }
  else
    {
      n_requests++;
      length = snprintf (text, sizeof text, "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok");
    }

  return send (client->fd, text, (size_t) length, MSG_NOSIGNAL) == length;
}

/* Takes a whole head off the buffer; FALSE where it is not there yet. */
static gboolean
take_head (Client *client)
{
  char *end = memmem (client->head, client->used, "\r\n\r\n", 4);
  const char *length;
  gsize size;

  if (!end)
    return FALSE;

  *end = '\0';
  size = (gsize) (end - client->head) + 4;
  length = strcasestr (client->head, "\r\ncontent-length:");
  client->body = length ? g_ascii_strtoll (length + strlen ("\r\ncontent-length:"), NULL, 10) : 0;
  client->count = g_str_has_prefix (client->head, "GET /count ");
  client->used -= size;
  memmove (client->head, client->head + size, client->used);

  return TRUE;
}

/* FALSE: the connection is over. */
static gboolean
digest (Client *client)
{
  for (;;)
    {
      gsize part;

      if (client->body < 0 && !take_head (client))
        return client->used < HEAD_MAX;

      part = (gsize) MIN ((gint64) client->used, client->body);
      client->body -= (gint64) part;
      client->used -= part;
      memmove (client->head, client->head + part, client->used);
      if (client->body > 0)
        return TRUE;
      if (!answer (client))
        return FALSE;
      client->body = -1;
    }
}

static gboolean
receive (Client *client)
{
  static char waste[1 << 18];
  gboolean in_body = client->body > 0;
  char *into = in_body ? waste : client->head + client->used;
  gsize room = in_body ? MIN (sizeof waste, (gsize) client->body) : HEAD_MAX - client->used;
  ssize_t n = recv (client->fd, into, room, 0);

  if (n <= 0)
    return n < 0 && (errno == EAGAIN || errno == EINTR);
  if (in_body)
    client->body -= n;
  else
    client->used += (gsize) n;
  if (in_body && client->body == 0)
    {
      client->body = -1;
      return answer (client);
    }

  return in_body || digest (client);
}

static int
listen_on_loopback (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd < 0 || bind (fd, (struct sockaddr *) &address, size) < 0 || listen (fd, 512) < 0
      || getsockname (fd, (struct sockaddr *) &address, &size) < 0)
    {
      perror ("bench-server");
      exit (1);
    }
  printf ("%d\n", ntohs (address.sin_port));
  fflush (stdout);

  return fd;
}

static void
welcome (int epoll,
         int listener)
{
  static const int yes = 1;
  Client *client = g_new0 (Client, 1);
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };

  client->fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
  client->body = -1;
  if (client->fd < 0)
    {
      g_free (client);
      return;
    }
  setsockopt (client->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  epoll_ctl (epoll, EPOLL_CTL_ADD, client->fd, &event);
}

int
main (void)
{
  int listener = listen_on_loopback ();
  int epoll = epoll_create1 (EPOLL_CLOEXEC);
  struct epoll_event events[EVENTS] = { { .events = EPOLLIN, .data.ptr = NULL } };

  epoll_ctl (epoll, EPOLL_CTL_ADD, listener, &events[0]);
  for (;;)
    {
      int n = epoll_wait (epoll, events, EVENTS, -1);

      for (int i = 0; i < n; i++)
        {
          Client *client = events[i].data.ptr;

          if (!client)
            {
              welcome (epoll, listener);
            }
          else if (!receive (client))
            {
              close (client->fd);
              g_free (client);
            }
        }
    }
}
