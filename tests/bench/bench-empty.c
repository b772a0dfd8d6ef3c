/* bench-empty.c — what a program costs that links what the agent links, makes one request and rests
 *
 * bench-empty URL. Prints "done" after the answer and sleeps in the main loop until it is killed. */
#include <libsoup/soup.h>

static void
sent_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) body = soup_session_send_and_read_finish (SOUP_SESSION (source), result, &error);

  if (!body)
    g_error ("%s", error->message);
  g_print ("done\n");
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(SoupSession) session = soup_session_new ();
  g_autoptr(SoupMessage) message = NULL;
  g_autoptr(GBytes) bytes = g_bytes_new_static ("{}", 2);

  if (argc != 2)
    return 2;

  message = soup_message_new ("POST", argv[1]);
  soup_message_set_request_body_from_bytes (message, "application/json", bytes);
  soup_session_send_and_read_async (session, message, G_PRIORITY_DEFAULT, NULL, sent_cb, NULL);
  g_main_loop_run (loop);

  return 0;
}
