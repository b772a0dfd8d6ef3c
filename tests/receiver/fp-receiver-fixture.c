#include "fp-receiver-fixture.h"

#include <stdio.h>
#include <string.h>

struct _FpRxClient
{
  guint16 port;
  GBytes *request;
  gboolean cut; /* close without reading the answer */
  gboolean done;
  char *answer;
  GThread *thread;
};

static void
event_cb (FpReceiver *receiver,
          const char *line,
          gboolean    is_state,
          FpRx       *f)
{
  g_ptr_array_add (f->lines, g_strdup (line));
}

void
fp_rx_start (FpRx *f)
{
  g_autoptr(GError) error = NULL;

  /* A task on its way home may hold the store of the receiver before for a moment. */
  fp_test_until ((f->receiver = fp_receiver_new (&f->options, NULL)) != NULL);
  g_signal_connect (f->receiver, "event", G_CALLBACK (event_cb), f);
  g_assert_true (fp_receiver_listen (f->receiver, &error));
  g_assert_no_error (error);
}

void
fp_rx_stop (FpRx *f)
{
  fp_receiver_close (f->receiver);
  fp_test_until (!fp_receiver_is_busy (f->receiver));
  /* Tasks on their way home hold it for a moment; nothing else may. */
  g_object_add_weak_pointer (G_OBJECT (f->receiver), (gpointer *) &f->receiver);
  g_object_unref (f->receiver);
  fp_test_until (f->receiver == NULL);
}

void
fp_rx_set_up (FpRx         *f,
              gconstpointer data)
{
  f->folder = fp_test_make_folder ();
  f->forms = fp_test_make_folder ();
  f->lines = g_ptr_array_new_with_free_func (g_free);
  f->options = (FpReceiverOptions){
    .address = "127.0.0.1",
    .folder = f->folder,
    .forms_folder = f->forms,
    .max_size = 1000000,
  };
  fp_rx_start (f);
}

void
fp_rx_tear_down (FpRx         *f,
                 gconstpointer data)
{
  fp_rx_stop (f);
  fp_test_remove_folder (f->folder);
  fp_test_remove_folder (f->forms);
  g_free (f->folder);
  g_free (f->forms);
  g_ptr_array_unref (f->lines);
}

static gpointer
client_thread (gpointer data)
{
  FpRxClient *client = data;
  g_autoptr(GSocketClient) socket = g_socket_client_new ();
  g_autoptr(GSocketConnection) connection = NULL;
  GOutputStream *out;
  GString *answer = g_string_new (NULL);
  char buffer[4096];
  gssize n = 1;

  connection = g_socket_client_connect_to_host (socket, "127.0.0.1", client->port, NULL, NULL);
  if (connection)
    {
      out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
      g_output_stream_write_all (out, g_bytes_get_data (client->request, NULL),
                                 g_bytes_get_size (client->request), NULL, NULL, NULL);
      while (!client->cut && n > 0)
        {
          n = g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (connection)), buffer,
                                   sizeof buffer, NULL, NULL);
          g_string_append_len (answer, buffer, MAX (n, 0));
        }
    }
  client->answer = g_string_free (answer, FALSE);
  g_atomic_int_set (&client->done, TRUE);
  g_main_context_wakeup (NULL);

  return NULL;
}

FpRxClient *
fp_rx_client_start (FpRx       *f,
                    const char *head,
                    GBytes     *body,
                    gboolean    cut)
{
  FpRxClient *client = g_new0 (FpRxClient, 1);
  GByteArray *request = g_byte_array_new ();

  g_byte_array_append (request, (const guint8 *) head, strlen (head));
  g_byte_array_append (request, g_bytes_get_data (body, NULL), g_bytes_get_size (body));
  client->request = g_byte_array_free_to_bytes (request);
  client->port = fp_receiver_get_port (f->receiver);
  client->cut = cut;
  client->thread = g_thread_new ("client", client_thread, client);

  return client;
}

char *
fp_rx_client_finish (FpRxClient *client)
{
  char *answer;

  fp_test_until (g_atomic_int_get (&client->done));
  g_thread_join (client->thread);
  g_bytes_unref (client->request);
  answer = client->answer;
  g_free (client);

  return answer;
}

char *
fp_rx_make_head (const char *method,
                 const char *path,
                 const char *headers,
                 gsize       length)
{
  return g_strdup_printf (
      "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: %" G_GSIZE_FORMAT
      "\r\n%s\r\n",
      method, path, length, headers);
}

int
fp_rx_post (FpRx       *f,
            const char *path,
            const char *headers,
            const char *body,
            char      **answer)
{
  g_autofree char *head = fp_rx_make_head ("POST", path, headers, strlen (body));
  g_autoptr(GBytes) bytes = g_bytes_new_static (body, strlen (body));
  g_autofree char *text = fp_rx_client_finish (fp_rx_client_start (f, head, bytes, FALSE));
  int status = 0;

  sscanf (text, "HTTP/1.1 %d", &status);
  if (answer)
    *answer = g_steal_pointer (&text);

  return status;
}

int
fp_rx_submit (FpRx       *f,
              const char *body)
{
  return fp_rx_post (f, "/submission", MULTIPART, body, NULL);
}

char *
fp_rx_fetch (FpRx       *f,
             const char *path)
{
  g_autofree char *head = fp_rx_make_head ("GET", path, "", 0);
  g_autoptr(GBytes) nothing = g_bytes_new (NULL, 0);

  return fp_rx_client_finish (fp_rx_client_start (f, head, nothing, FALSE));
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

char **
fp_rx_list (const char *folder)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new ();
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)))
    {
      if (*name != '.')
        g_ptr_array_add (names, g_strdup (name));
    }
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);

  return (char **) g_ptr_array_steal (names, NULL);
}

guint
fp_rx_count (FpRx *f)
{
  g_auto(GStrv) names = fp_rx_list (f->folder);

  return g_strv_length (names);
}

char *
fp_rx_read_stored (FpRx       *f,
                   const char *file)
{
  g_auto(GStrv) names = fp_rx_list (f->folder);
  g_autofree char *path = g_build_filename (f->folder, names[0], file, NULL);
  char *text = NULL;

  g_assert_cmpuint (g_strv_length (names), ==, 1);
  g_file_get_contents (path, &text, NULL, NULL);

  return text;
}

void
fp_rx_assert_nothing_incoming (FpRx *f)
{
  g_autofree char *incoming = g_build_filename (f->folder, ".incoming", NULL);
  g_auto(GStrv) names = fp_rx_list (incoming);

  g_assert_cmpuint (g_strv_length (names), ==, 0);
}
