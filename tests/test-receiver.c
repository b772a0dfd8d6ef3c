/* The receiver as the network sees it: bytes in over a socket, folders out. */
#include "fp-test.h"

#include <string.h>

#include <glib/gstdio.h>

#include "receiver/fp-part-reader.h"
#include "receiver/fp-receiver-error.h"
#include "receiver/fp-receiver.h"

#define XML(id, instance, answer)                                                                   \
  "<data id=\"" id "\" version=\"1\"><a>" answer "</a>"                                             \
  "<meta><instanceID>" instance "</instanceID></meta></data>"
#define PART(name, more, body)                                                                      \
  "--b\r\nContent-Disposition: form-data; name=\"" name "\"" more "\r\n\r\n" body "\r\n"
#define SUBMISSION(xml) PART ("xml_submission_file", "; filename=\"s.xml\"\r\nContent-Type: text/xml", xml)
#define ATTACHMENT(name, body) PART (name, "; filename=\"" name "\"", body)
#define END "--b--\r\n"

typedef struct
{
  char *folder;
  char *forms;
  FpReceiver *receiver;
  FpReceiverOptions options;
  GPtrArray *lines;
} Fixture;

static void
event_cb (FpReceiver *receiver,
          const char *line,
          gboolean    is_state,
          Fixture    *f)
{
  g_ptr_array_add (f->lines, g_strdup (line));
}

static void
start (Fixture *f)
{
  g_autoptr(GError) error = NULL;

  f->receiver = fp_receiver_new (&f->options, &error);
  g_assert_no_error (error);
  g_signal_connect (f->receiver, "event", G_CALLBACK (event_cb), f);
  g_assert_true (fp_receiver_listen (f->receiver, &error));
  g_assert_no_error (error);
}

static void
stop (Fixture *f)
{
  fp_receiver_close (f->receiver);
  fp_test_until (!fp_receiver_is_busy (f->receiver));
  fp_test_drain ();
  g_assert_finalize_object (f->receiver);
  f->receiver = NULL;
}

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  f->folder = fp_test_make_folder ();
  f->forms = fp_test_make_folder ();
  f->lines = g_ptr_array_new_with_free_func (g_free);
  f->options = (FpReceiverOptions) {
    .address = "127.0.0.1",
    .folder = f->folder,
    .forms_folder = f->forms,
    .max_size = 1000000,
  };
  start (f);
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  stop (f);
  fp_test_remove_folder (f->folder);
  fp_test_remove_folder (f->forms);
  g_free (f->folder);
  g_free (f->forms);
  g_ptr_array_unref (f->lines);
}

/* A client on a thread of its own: what it sends is exactly these bytes. */
typedef struct
{
  guint16 port;
  GBytes *request;
  gboolean cut; /* close without reading the answer */
  gboolean done;
  char *answer;
  GThread *thread;
} Client;

static gpointer
client_thread (gpointer data)
{
  Client *client = data;
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
      g_output_stream_write_all (out, g_bytes_get_data (client->request, NULL), g_bytes_get_size (client->request),
                                 NULL, NULL, NULL);
      while (!client->cut && n > 0)
        {
          n = g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (connection)), buffer, sizeof buffer,
                                   NULL, NULL);
          g_string_append_len (answer, buffer, MAX (n, 0));
        }
    }
  client->answer = g_string_free (answer, FALSE);
  g_atomic_int_set (&client->done, TRUE);
  g_main_context_wakeup (NULL);

  return NULL;
}

static Client *
client_start (Fixture    *f,
              const char *head,
              GBytes     *body,
              gboolean    cut)
{
  Client *client = g_new0 (Client, 1);
  GByteArray *request = g_byte_array_new ();

  g_byte_array_append (request, (const guint8 *) head, strlen (head));
  g_byte_array_append (request, g_bytes_get_data (body, NULL), g_bytes_get_size (body));
  client->request = g_byte_array_free_to_bytes (request);
  client->port = fp_receiver_get_port (f->receiver);
  client->cut = cut;
  client->thread = g_thread_new ("client", client_thread, client);

  return client;
}

static char *
client_finish (Client *client)
{
  char *answer;

  fp_test_until (g_atomic_int_get (&client->done));
  g_thread_join (client->thread);
  g_bytes_unref (client->request);
  answer = client->answer;
  g_free (client);

  return answer;
}

static char *
make_head (const char *method,
           const char *path,
           const char *headers,
           gsize       length)
{
  return g_strdup_printf ("%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: %" G_GSIZE_FORMAT
                          "\r\n%s\r\n", method, path, length, headers);
}

static int
post (Fixture    *f,
      const char *path,
      const char *headers,
      const char *body,
      char      **answer)
{
  g_autofree char *head = make_head ("POST", path, headers, strlen (body));
  g_autoptr(GBytes) bytes = g_bytes_new_static (body, strlen (body));
  g_autofree char *text = client_finish (client_start (f, head, bytes, FALSE));
  int status = 0;

  sscanf (text, "HTTP/1.1 %d", &status);
  if (answer)
    *answer = g_steal_pointer (&text);

  return status;
}

#define MULTIPART "Content-Type: multipart/form-data; boundary=b\r\n"
#define JSON "Content-Type: application/json\r\n"

static int
submit (Fixture    *f,
        const char *body)
{
  return post (f, "/submission", MULTIPART, body, NULL);
}

static char *
fetch (Fixture    *f,
       const char *path)
{
  g_autofree char *head = make_head ("GET", path, "", 0);
  g_autoptr(GBytes) nothing = g_bytes_new (NULL, 0);

  return client_finish (client_start (f, head, nothing, FALSE));
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* The names of the folders that are stored, sorted, without what the receiver keeps for itself. */
static char **
list (const char *folder)
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

static guint
count (Fixture *f)
{
  g_auto(GStrv) names = list (f->folder);

  return g_strv_length (names);
}

static char *
read_stored (Fixture    *f,
             const char *file)
{
  g_auto(GStrv) names = list (f->folder);
  g_autofree char *path = g_build_filename (f->folder, names[0], file, NULL);
  char *text = NULL;

  g_assert_cmpuint (g_strv_length (names), ==, 1);
  g_file_get_contents (path, &text, NULL, NULL);

  return text;
}

static void
assert_nothing_incoming (Fixture *f)
{
  g_autofree char *incoming = g_build_filename (f->folder, ".incoming", NULL);
  g_auto(GStrv) names = list (incoming);

  g_assert_cmpuint (g_strv_length (names), ==, 0);
}

static void
test_stored (Fixture      *f,
             gconstpointer data)
{
  const char *xml = XML ("crops", "uuid:1", "ä");
  g_autofree char *answer = NULL;
  g_autofree char *stored = NULL;
  g_autofree char *photo = NULL;
  g_autofree char *meta = NULL;

  g_assert_cmpint (post (f, "/submission?deviceID=secret-device",
                         MULTIPART "X-Api-Token: tok123\r\nAuthorization: Basic c2VjcmV0\r\n",
                         SUBMISSION (XML ("crops", "uuid:1", "ä")) ATTACHMENT ("photo ü.jpg", "\r\n-b--\r--\r\n")
                           PART ("*isIncomplete*", "", "yes") END,
                         &answer), ==, 201);
  g_assert_nonnull (strstr (answer, "<OpenRosaResponse xmlns=\"http://openrosa.org/http/response\">"));
  g_assert_nonnull (strstr (answer, "X-OpenRosa-Version: 1.0"));
  stored = read_stored (f, "submission.xml");
  g_assert_cmpstr (stored, ==, xml);
  photo = read_stored (f, "photo ü.jpg");
  g_assert_cmpstr (photo, ==, "\r\n-b--\r--\r\n");
  meta = read_stored (f, "meta.json");
  g_assert_nonnull (strstr (meta, "\"instance_id\" : \"uuid:1\""));
  g_assert_null (strstr (meta, "tok123"));
  g_assert_null (strstr (meta, "c2VjcmV0"));
  g_assert_null (strstr (meta, "secret-device"));
  g_assert_cmpuint (f->lines->len, ==, 2);
  g_assert_nonnull (strstr (f->lines->pdata[1], "  #1  crops  "));
  g_assert_nonnull (strstr (f->lines->pdata[1], " bytes  stored  "));
  assert_nothing_incoming (f);
}

static void
test_again (Fixture      *f,
            gconstpointer data)
{
  g_autofree char *photo = NULL;
  g_autofree char *stored = NULL;

  g_assert_cmpint (submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) END), ==, 201);
  g_assert_cmpint (submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) END), ==, 201);
  g_assert_cmpint (submit (f, SUBMISSION (XML ("crops", "uuid:1", "b")) END), ==, 409);
  /* What was missing is added, what is there stays. */
  g_assert_cmpint (submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) ATTACHMENT ("p.jpg", "one") END), ==, 201);
  g_assert_cmpint (submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) ATTACHMENT ("p.jpg", "two") END), ==, 409);
  g_assert_cmpint (submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) ATTACHMENT ("p.jpg", "one") END), ==, 201);
  g_assert_cmpuint (count (f), ==, 1);
  photo = read_stored (f, "p.jpg");
  g_assert_cmpstr (photo, ==, "one");
  stored = read_stored (f, "submission.xml");
  g_assert_cmpstr (stored, ==, XML ("crops", "uuid:1", "a"));
  g_assert_nonnull (strstr (f->lines->pdata[4], "  added  "));
  g_assert_nonnull (strstr (f->lines->pdata[6], "  duplicate  "));

  /* An instanceID belongs to its form. */
  g_assert_cmpint (submit (f, SUBMISSION (XML ("wells", "uuid:1", "b")) END), ==, 201);
  g_assert_cmpuint (count (f), ==, 2);
  assert_nothing_incoming (f);
}

/* Three names of the sender that want the same names on disk, the note's among them, over two requests. */
static void
test_names_do_not_collide (Fixture      *f,
                           gconstpointer data)
{
  g_autofree char *hidden = NULL;
  g_autofree char *plain = NULL;
  g_autofree char *meta = NULL;
  g_autofree char *stored = NULL;

  g_assert_cmpint (submit (f, SUBMISSION (XML ("f", "1", "a")) ATTACHMENT (".a", "hidden")
                                ATTACHMENT ("submission.xml", "fake") END), ==, 201);
  g_assert_cmpint (submit (f, SUBMISSION (XML ("f", "1", "a")) ATTACHMENT ("_.a", "plain")
                                ATTACHMENT ("meta.json", "fake note") END), ==, 201);
  hidden = read_stored (f, "_.a");
  g_assert_cmpstr (hidden, ==, "hidden");
  plain = read_stored (f, "_-2.a");
  g_assert_cmpstr (plain, ==, "plain");
  meta = read_stored (f, "meta-2.json");
  g_assert_cmpstr (meta, ==, "fake note");
  stored = read_stored (f, "submission.xml");
  g_assert_cmpstr (stored, ==, XML ("f", "1", "a"));

  stop (f);
  start (f);
  g_assert_cmpint (submit (f, SUBMISSION (XML ("f", "1", "a")) ATTACHMENT ("_.a", "other") END), ==, 409);
}

static void
test_parallel (Fixture      *f,
               gconstpointer data)
{
  const char *body = SUBMISSION (XML ("crops", "uuid:1", "a")) ATTACHMENT ("p.jpg", "one") END;
  const char *json = "{\"a\":1}";
  g_autofree char *form_head = make_head ("POST", "/submission", MULTIPART, strlen (body));
  g_autofree char *json_head = make_head ("POST", "/json/x", JSON "Idempotency-Key: \"k\"\r\n", strlen (json));
  g_autoptr(GBytes) form_bytes = g_bytes_new_static (body, strlen (body));
  g_autoptr(GBytes) json_bytes = g_bytes_new_static (json, strlen (json));
  Client *clients[24];

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    clients[i] = client_start (f, i % 2 ? form_head : json_head, i % 2 ? form_bytes : json_bytes, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      g_autofree char *answer = client_finish (clients[i]);

      g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 201"));
    }
  g_assert_cmpuint (count (f), ==, 2);
  assert_nothing_incoming (f);
}

static void
test_restart (Fixture      *f,
              gconstpointer data)
{
  g_autofree char *leftover = g_build_filename (f->folder, ".incoming", "half", NULL);
  g_autofree char *foreign = g_build_filename (f->folder, "notes", NULL);
  g_auto(GStrv) names = NULL;

  g_assert_cmpint (submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) ATTACHMENT ("p.jpg", "one") END), ==, 201);
  g_assert_cmpint (post (f, "/json/x", JSON "Idempotency-Key: \"k\"\r\n", "[1]", NULL), ==, 201);
  stop (f);
  g_assert_cmpint (g_mkdir (leftover, 0700), ==, 0);
  g_assert_cmpint (g_mkdir (foreign, 0700), ==, 0);
  start (f);

  g_assert_false (g_file_test (leftover, G_FILE_TEST_EXISTS));
  g_assert_cmpint (submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) ATTACHMENT ("p.jpg", "one") END), ==, 201);
  g_assert_cmpint (submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) ATTACHMENT ("p.jpg", "two") END), ==, 409);
  g_assert_cmpint (submit (f, SUBMISSION (XML ("crops", "uuid:1", "b")) END), ==, 409);
  g_assert_cmpint (post (f, "/json/x", JSON "Idempotency-Key: \"k\"\r\n", "[1]", NULL), ==, 201);
  g_assert_cmpint (post (f, "/json/x", JSON "Idempotency-Key: \"k\"\r\n", "[2]", NULL), ==, 422);
  g_assert_cmpint (post (f, "/json/x", JSON, "[1]", NULL), ==, 201);
  names = list (f->folder);
  g_assert_cmpuint (g_strv_length (names), ==, 4);
  g_assert_nonnull (strstr (names[2], "-000003-json-x"));
}

static void
test_one_at_a_time (Fixture      *f,
                    gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(FpReceiver) second = fp_receiver_new (&f->options, &error);

  g_assert_null (second);
  g_assert_error (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_BUSY);
}

static void
test_removed_by_hand (Fixture      *f,
                      gconstpointer data)
{
  g_auto(GStrv) names = NULL;
  g_autofree char *path = NULL;

  g_assert_cmpint (submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) END), ==, 201);
  names = list (f->folder);
  path = g_build_filename (f->folder, names[0], NULL);
  fp_test_remove_folder (path);
  g_assert_cmpint (submit (f, SUBMISSION (XML ("crops", "uuid:1", "b")) END), ==, 201);
  g_assert_cmpuint (count (f), ==, 1);
}

static void
test_hostile (Fixture      *f,
              gconstpointer data)
{
  static const struct
  {
    const char *headers;
    const char *body;
    int status;
  } cases[] = {
    { MULTIPART, SUBMISSION (XML ("f", "1", "a")) ATTACHMENT ("../x", "a") END, 400 },
    { MULTIPART, SUBMISSION (XML ("f", "1", "a")) ATTACHMENT ("/etc/x", "a") END, 400 },
    { MULTIPART, SUBMISSION (XML ("f", "1", "a")) ATTACHMENT ("..", "a") END, 400 },
    { MULTIPART, SUBMISSION (XML ("f", "1", "a")) ATTACHMENT ("a\\\\b", "a") END, 400 },
    { MULTIPART, SUBMISSION (XML ("f", "1", "a")) ATTACHMENT ("a\tb", "a") END, 400 },
    { MULTIPART, SUBMISSION (XML ("f", "1", "a")) ATTACHMENT ("", "a") END, 400 },
    { MULTIPART, SUBMISSION (XML ("f", "1", "a")) ATTACHMENT ("\xff", "a") END, 400 },
    { MULTIPART, SUBMISSION (XML ("f", "1", "a")) ATTACHMENT ("x", "a") ATTACHMENT ("x", "b") END, 400 },
    { MULTIPART, SUBMISSION (XML ("f", "1", "a")) SUBMISSION (XML ("f", "1", "a")) END, 400 },
    { MULTIPART, SUBMISSION (XML ("f", "1", "a")), 400 },
    { MULTIPART, SUBMISSION (XML ("f", "1", "a")) "--b", 400 },
    { MULTIPART, SUBMISSION (XML ("f", "1", "a")) "--bb--\r\n", 400 },
    { MULTIPART, "--b\r\n\r\nno headers\r\n" END, 400 },
    { MULTIPART, "--b\r\nContent-Disposition: attachment; name=\"x\"\r\n\r\n\r\n" END, 400 },
    { MULTIPART, "--b\r\nContent-Disposition: form-data\r\n\r\n\r\n" END, 400 },
    { MULTIPART, "--b\r\nbad name: x\r\n\r\n\r\n" END, 400 },
    { MULTIPART, "--b\r\nno colon\r\n\r\n\r\n" END, 400 },
    { MULTIPART, "--b\r\nX: a\rb\r\n\r\n\r\n" END, 400 },
    { MULTIPART, END, 400 },
    { MULTIPART, "", 400 },
    { MULTIPART, PART ("a", "", "b") END, 400 },
    { "Content-Type: multipart/form-data\r\n", SUBMISSION (XML ("f", "1", "a")) END, 400 },
    { "Content-Type: multipart/form-data; boundary=\"\"\r\n", SUBMISSION (XML ("f", "1", "a")) END, 400 },
    { "Content-Type: text/xml\r\n", XML ("f", "1", "a"), 400 },
    { "", XML ("f", "1", "a"), 400 },
    { MULTIPART, SUBMISSION ("<data id=\"f\">") END, 400 },
    { MULTIPART, SUBMISSION ("") END, 400 },
    { MULTIPART, SUBMISSION ("<data id=\"f\"/>") END, 400 },
    { MULTIPART, SUBMISSION ("<data><meta><instanceID>1</instanceID></meta></data>") END, 400 },
    { MULTIPART, SUBMISSION ("<data id=\" \"><meta><instanceID>1</instanceID></meta></data>") END, 400 },
    { MULTIPART,
      SUBMISSION ("<!DOCTYPE d [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>"
                  "<data id=\"f\"><a>&x;</a><meta><instanceID>1</instanceID></meta></data>") END,
      400 },
    { MULTIPART "Origin: http://evil.example\r\n", SUBMISSION (XML ("f", "1", "a")) END, 403 },
    { MULTIPART "Origin: null\r\n", SUBMISSION (XML ("f", "1", "a")) END, 403 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *answer = NULL;
      int status = post (f, "/submission", cases[i].headers, cases[i].body, &answer);

      if (status != cases[i].status)
        g_error ("case %u: %s", i, answer);
      g_assert_nonnull (strstr (answer, "<message nature=\"submit_error\">"));
    }
  g_assert_cmpuint (count (f), ==, 0);
  g_assert_cmpuint (f->lines->len, ==, 1 + G_N_ELEMENTS (cases));
  assert_nothing_incoming (f);
}

static void
test_limits (Fixture      *f,
             gconstpointer data)
{
  g_autofree char *big = g_strnfill (1000001, 'x');
  g_autoptr(GString) parts = g_string_new (NULL);
  g_autoptr(GString) chunked = g_string_new (NULL);
  g_autofree char *answer = NULL;
  g_autoptr(GBytes) bytes = NULL;

  g_assert_cmpint (post (f, "/inbox/big", "", big, NULL), ==, 413);
  g_assert_cmpint (post (f, "/inbox/big", "", big + 1, NULL), ==, 201);

  /* Without a length beforehand. */
  g_string_append_printf (chunked, "%x\r\n%s\r\n0\r\n\r\n", (guint) strlen (big), big);
  bytes = g_bytes_new (chunked->str, chunked->len);
  answer = client_finish (client_start (f,
                                        "POST /inbox/big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                        "Transfer-Encoding: chunked\r\n\r\n",
                                        bytes, FALSE));
  g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 413"));

  for (guint i = 0; i <= FP_PART_MAX_PARTS; i++)
    g_string_append (parts, PART ("x", "", "y"));
  g_string_append (parts, END);
  g_assert_cmpint (post (f, "/inbox/parts", MULTIPART, parts->str, NULL), ==, 413);
  g_assert_cmpuint (count (f), ==, 1);
  assert_nothing_incoming (f);
}

static void
test_idempotency (Fixture      *f,
                  gconstpointer data)
{
  g_autofree char *answer = NULL;

#define KEY(key) "Idempotency-Key: " key "\r\n"
  g_assert_cmpint (post (f, "/json/a", JSON KEY ("\"k\\\"1\""), "{\"a\":1}", NULL), ==, 201);
  g_assert_cmpint (post (f, "/json/a", JSON KEY ("\"k\\\"1\""), "{\"a\":1}", &answer), ==, 201);
  g_assert_nonnull (strstr (answer, "\"ok\":true,\"id\":1,"));
  g_assert_nonnull (strstr (answer, "\"duplicate\":true"));
  g_assert_cmpint (post (f, "/json/a", JSON KEY ("\"k\\\"1\""), "{\"a\":2}", NULL), ==, 422);
  g_assert_cmpuint (count (f), ==, 1);
  g_assert_cmpint (post (f, "/json/b", JSON KEY ("\"k\\\"1\""), "{\"a\":2}", NULL), ==, 201);
  g_assert_cmpint (post (f, "/json/a", JSON KEY ("bare-token"), "{\"a\":1}", NULL), ==, 201);
  g_assert_cmpint (post (f, "/json/a", JSON, "{\"a\":1}", NULL), ==, 201);
  g_assert_cmpuint (count (f), ==, 4);
  g_assert_cmpint (post (f, "/json/a", JSON KEY ("\"open"), "{}", NULL), ==, 400);
  g_assert_cmpint (post (f, "/json/a", JSON KEY ("\"\""), "{}", NULL), ==, 400);
  g_assert_cmpint (post (f, "/json/a", JSON KEY ("\"a\", \"b\""), "{}", NULL), ==, 400);
  g_assert_cmpint (post (f, "/json/a", JSON KEY ("\"\\"), "{}", NULL), ==, 400);
  g_assert_cmpint (post (f, "/json/a", JSON, "{", NULL), ==, 400);
  g_assert_cmpint (post (f, "/json/a", JSON, "", NULL), ==, 400);
  g_assert_cmpuint (count (f), ==, 4);
}

static void
test_multipart (Fixture      *f,
                gconstpointer data)
{
  const char *other = "--zz\r\nContent-Disposition: form-data; name=\"data\"\r\nContent-Type: application/json\r\n\r\n"
                      "{\"a\":1}\r\n--zz\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nhe llo\r\n--zz--\r\n";
  g_autofree char *json = NULL;
  g_autofree char *meta = NULL;

  g_assert_cmpint (post (f, "/json/x", MULTIPART KEY ("\"k\""),
                         PART ("data", "\r\nContent-Type: application/json", "{\"a\":1}")
                           PART ("t", "", "he llo") END, NULL), ==, 201);
  /* Another boundary is the same body. */
  g_assert_cmpint (post (f, "/json/x", "Content-Type: multipart/form-data; boundary=zz\r\n" KEY ("\"k\""), other,
                         NULL), ==, 201);
  g_assert_cmpint (post (f, "/json/x", MULTIPART KEY ("\"k\""),
                         PART ("data", "\r\nContent-Type: application/json", "{\"a\":1}")
                           PART ("t", "", "he ll") END, NULL), ==, 422);
  json = read_stored (f, "body.json");
  g_assert_cmpstr (json, ==, "{\"a\":1}");
  meta = read_stored (f, "meta.json");
  g_assert_nonnull (strstr (meta, "\"value\" : \"he llo\""));
}

static void
test_store_all (Fixture      *f,
                gconstpointer data)
{
  stop (f);
  f->options.store_all = TRUE;
  start (f);
  g_assert_cmpint (submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) END), ==, 201);
  g_assert_cmpint (submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) END), ==, 201);
  g_assert_cmpint (submit (f, SUBMISSION (XML ("crops", "uuid:1", "b")) END), ==, 201);
  g_assert_cmpuint (count (f), ==, 3);
}

/* Cut in the body, cut after the body, and closed under a request that is being answered. */
static void
test_cut (Fixture      *f,
          gconstpointer data)
{
  const char *body = SUBMISSION (XML ("crops", "uuid:1", "a")) END;
  g_autoptr(GBytes) bytes = g_bytes_new_static (body, strlen (body));
  g_autofree char *longer = make_head ("POST", "/submission", MULTIPART, strlen (body) + 1);
  g_autofree char *whole = make_head ("POST", "/submission", MULTIPART, strlen (body));
  g_autofree char *page = make_head ("GET", "/", "", 0);
  g_autoptr(GBytes) nothing = g_bytes_new (NULL, 0);
  g_autofree char *incoming = g_build_filename (f->folder, ".incoming", NULL);

  for (guint i = 0; i < 5; i++)
    g_free (client_finish (client_start (f, longer, bytes, TRUE)));
  for (guint i = 0; i < 5; i++)
    {
      Client *client = client_start (f, whole, bytes, TRUE);
      Client *reader = client_start (f, page, nothing, FALSE);

      fp_test_iterate (G_MAXINT64, "one turn", __FILE__, __LINE__);
      fp_receiver_close (f->receiver);
      g_free (client_finish (client));
      g_free (client_finish (reader));
      g_assert_true (fp_receiver_listen (f->receiver, NULL));
    }
  fp_test_until (!fp_receiver_is_busy (f->receiver));
  g_assert_cmpint (submit (f, body), ==, 201);
  g_assert_cmpuint (count (f), ==, 1);
}

static void
test_down_and_up (Fixture      *f,
                  gconstpointer data)
{
  guint16 port = fp_receiver_get_port (f->receiver);

  fp_receiver_close (f->receiver);
  g_assert_cmpint (submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) END), ==, 0);
  g_assert_true (fp_receiver_listen (f->receiver, NULL));
  g_assert_cmpuint (fp_receiver_get_port (f->receiver), ==, port);
  g_assert_cmpint (submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) END), ==, 201);
  g_assert_cmpuint (f->lines->len, ==, 4);
}

static void
write_form (Fixture    *f,
            const char *name,
            const char *xml)
{
  g_autofree char *path = g_build_filename (f->forms, name, NULL);

  g_assert_true (g_file_set_contents (path, xml, -1, NULL));
}

#define FORM(id, title)                                                                             \
  "<h:html xmlns=\"http://www.w3.org/2002/xforms\" xmlns:h=\"http://www.w3.org/1999/xhtml\"><h:head>" \
  "<h:title>" title "</h:title><model><instance><data id=\"" id "\" version=\"7\"/></instance></model>" \
  "</h:head><h:body/></h:html>"

static void
test_forms (Fixture      *f,
            gconstpointer data)
{
  g_autofree char *list_text = NULL;
  g_autofree char *form = NULL;
  g_autofree char *page = NULL;
  g_autofree char *missing = NULL;
  g_autofree char *outside = NULL;
  g_autofree char *md5 = g_compute_checksum_for_string (G_CHECKSUM_MD5, FORM ("a b/ü", "&lt;b&gt;T"), -1);

  write_form (f, "1.xml", FORM ("a b/ü", "&lt;b&gt;T"));
  write_form (f, "2.xml", FORM ("a b/ü", "Taken"));
  write_form (f, "3.xml", "<html/>");
  list_text = fetch (f, "/formList");
  g_assert_nonnull (strstr (list_text, "<formID>a b/ü</formID>"));
  g_assert_nonnull (strstr (list_text, "<name>&lt;b&gt;T</name>"));
  g_assert_nonnull (strstr (list_text, md5));
  g_assert_nonnull (strstr (list_text, "/forms/a%20b%2F%C3%BC.xml</downloadUrl>"));
  g_assert_null (strstr (list_text, "Taken"));
  form = fetch (f, "/forms/a%20b%2F%C3%BC.xml");
  g_assert_true (g_str_has_suffix (form, FORM ("a b/ü", "&lt;b&gt;T")));
  page = fetch (f, "/");
  g_assert_nonnull (strstr (page, "&lt;b&gt;T"));
  g_assert_null (strstr (page, "<b>"));
  missing = fetch (f, "/forms/none.xml");
  g_assert_true (g_str_has_prefix (missing, "HTTP/1.1 404"));
  outside = fetch (f, "/forms/..%2F..%2Fetc%2Fpasswd.xml");
  g_assert_true (g_str_has_prefix (outside, "HTTP/1.1 40"));
}

static void
test_known_forms_only (Fixture      *f,
                       gconstpointer data)
{
  g_autofree char *answer = NULL;

  stop (f);
  f->options.known_forms_only = TRUE;
  write_form (f, "1.xml", FORM ("crops", "Crops"));
  start (f);
  g_assert_cmpint (submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) END), ==, 201);
  g_assert_cmpint (post (f, "/submission", MULTIPART, SUBMISSION (XML ("wells", "uuid:1", "a")) END, &answer), ==, 404);
  g_assert_nonnull (strstr (answer, "<OpenRosaResponse"));
  g_assert_cmpuint (count (f), ==, 1);
}

/* The parser alone: cut anywhere, the same parts come out. */

static gboolean
begin_cb (const FpPart  *part,
          gpointer       user_data,
          GError       **error)
{
  g_string_append_printf (user_data, "[%s|%s|%s]", part->name, part->filename ? part->filename : "-",
                          part->type ? part->type : "-");
  return TRUE;
}

static gboolean
data_cb (const guint8  *data,
         gsize          length,
         gpointer       user_data,
         GError       **error)
{
  g_string_append_len (user_data, (const char *) data, length);
  return TRUE;
}

static gboolean
end_cb (gpointer   user_data,
        GError   **error)
{
  g_string_append (user_data, "#");
  return TRUE;
}

static void
test_any_cut (void)
{
  static const FpPartFuncs funcs = { begin_cb, data_cb, end_cb };
  const char *body = "preamble\r\n--b  \r\nContent-Type: Text/XML; charset=x\r\n"
                     "content-disposition: form-data; name=\"a\"; filename=\"f\"\r\n\r\n\r\n--\r\n--a\r\n--b\r\n"
                     "Content-Disposition: form-data; name=\"e\"\r\n\r\n\r\n--b--\r\nepilogue --b";
  const char *expected = "[a|f|text/xml]\r\n--\r\n--a#[e|-|-]#";
  gsize length = strlen (body);

  for (gsize first = 0; first <= length; first++)
    {
      for (gsize size = 1; size <= 40; size += 3)
        {
          g_autoptr(GString) out = g_string_new (NULL);
          g_autoptr(GError) error = NULL;
          g_autoptr(FpPartReader) reader = NULL;

          reader = fp_part_reader_new ("multipart/form-data; boundary=b", &funcs, out, &error);
          g_assert_no_error (error);
          g_assert_true (fp_part_reader_feed (reader, (const guint8 *) body, first, &error));
          for (gsize i = first; i < length; i += size)
            g_assert_true (fp_part_reader_feed (reader, (const guint8 *) body + i, MIN (size, length - i), &error));
          g_assert_true (fp_part_reader_finish (reader, &error));
          g_assert_cmpstr (out->str, ==, expected);
        }
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/receiver/submission-is-stored-without-credentials", test_stored);
  ADD ("/receiver/same-submission-is-stored-once", test_again);
  ADD ("/receiver/file-names-do-not-collide", test_names_do_not_collide);
  ADD ("/receiver/equal-requests-in-parallel-are-stored-once", test_parallel);
  ADD ("/receiver/restart-remembers", test_restart);
  ADD ("/receiver/a-folder-has-one-receiver", test_one_at_a_time);
  ADD ("/receiver/what-was-taken-away-is-stored-again", test_removed_by_hand);
  ADD ("/receiver/hostile-bodies-are-refused-in-words", test_hostile);
  ADD ("/receiver/limits-hold", test_limits);
  ADD ("/receiver/idempotency-key", test_idempotency);
  ADD ("/receiver/multipart-is-its-parts", test_multipart);
  ADD ("/receiver/store-all-stores-all", test_store_all);
  ADD ("/receiver/cut-connections-leave-nothing", test_cut);
  ADD ("/receiver/down-and-up-on-the-same-port", test_down_and_up);
  ADD ("/receiver/forms-are-offered-escaped", test_forms);
  ADD ("/receiver/unknown-forms-on-request-refused", test_known_forms_only);
  g_test_add_func ("/receiver/parts-cut-anywhere", test_any_cut);

  return g_test_run ();
}
