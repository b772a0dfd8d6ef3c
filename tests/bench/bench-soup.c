/* bench-soup.c — plain libsoup, nothing stored: bench-soup URL N sends N small POSTs, four at once
 *
 * What the library alone needs: the second reference of send-small. */
#include <libsoup/soup.h>
#include <stdlib.h>

#define AT_ONCE 4

static struct
{
  SoupSession *session;
  GMainLoop *loop;
  GBytes *body;
  const char *url;
  int left;
  int open;
} run;

static void start (void);

static void
sent_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) answer = soup_session_send_and_read_finish (run.session, result, &error);

  if (!answer)
    g_error ("%s", error->message);
  run.open--;
  start ();
  if (run.open == 0)
    g_main_loop_quit (run.loop);
}

static void
start (void)
{
  for (; run.open < AT_ONCE && run.left > 0; run.left--, run.open++)
    {
      g_autoptr(SoupMessage) message = soup_message_new ("POST", run.url);

      soup_message_add_flags (message, SOUP_MESSAGE_IDEMPOTENT);
      soup_message_set_request_body_from_bytes (message, "application/json", run.body);
      soup_session_send_and_read_async (run.session, message, G_PRIORITY_DEFAULT, NULL, sent_cb, NULL);
    }
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *text = g_strnfill (200, 'x');

  if (argc != 3)
    return 2;

  run.session = soup_session_new_with_options ("max-conns-per-host", AT_ONCE, NULL);
  run.loop = g_main_loop_new (NULL, FALSE);
  run.body = g_bytes_new (text, 200);
  run.url = argv[1];
  run.left = atoi (argv[2]);
  start ();
  g_main_loop_run (run.loop);
  g_bytes_unref (run.body);
  g_main_loop_unref (run.loop);
  g_object_unref (run.session);

  return 0;
}
