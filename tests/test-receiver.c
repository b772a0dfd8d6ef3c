/* The receiver as the network sees it: bytes in over a socket, folders out. */
#include "fp-receiver-fixture.h"

#include <string.h>

#include <glib/gstdio.h>

#include "receiver/fp-part-reader.h"
#include "receiver/fp-receiver-error.h"

#define assert_submit(f, body, status) g_assert_cmpint (fp_rx_submit ((f), body), ==, (status))

static void
test_stored (FpRx         *f,
             gconstpointer data)
{
  const char *xml = XML ("crops", "uuid:1", "ä");
  g_autofree char *answer = NULL;
  g_autofree char *stored = NULL;
  g_autofree char *photo = NULL;
  g_autofree char *meta = NULL;

  g_assert_cmpint (fp_rx_post (f, "/submission?deviceID=secret-device",
                               MULTIPART "X-Api-Token: tok123\r\nAuthorization: Basic c2VjcmV0\r\n",
                               SUBMISSION (XML ("crops", "uuid:1", "ä")) ATTACHMENT ("photo ü.jpg", "\r\n-b--\r--\r\n")
                                 PART ("*isIncomplete*", "", "yes") END,
                               &answer), ==, 201);
  g_assert_nonnull (strstr (answer, "<OpenRosaResponse xmlns=\"http://openrosa.org/http/response\">"));
  g_assert_nonnull (strstr (answer, "X-OpenRosa-Version: 1.0"));
  stored = fp_rx_read_stored (f, "submission.xml");
  g_assert_cmpstr (stored, ==, xml);
  photo = fp_rx_read_stored (f, "photo ü.jpg");
  g_assert_cmpstr (photo, ==, "\r\n-b--\r--\r\n");
  meta = fp_rx_read_stored (f, "meta.json");
  g_assert_nonnull (strstr (meta, "\"instance_id\" : \"uuid:1\""));
  g_assert_null (strstr (meta, "tok123"));
  g_assert_null (strstr (meta, "c2VjcmV0"));
  g_assert_null (strstr (meta, "secret-device"));
  g_assert_cmpuint (f->lines->len, ==, 2);
  g_assert_nonnull (strstr (f->lines->pdata[1], "  #1  crops  "));
  g_assert_nonnull (strstr (f->lines->pdata[1], " bytes  stored  "));
  fp_rx_assert_nothing_incoming (f);
}

static void
test_again (FpRx         *f,
            gconstpointer data)
{
  g_autofree char *photo = NULL;
  g_autofree char *stored = NULL;

  assert_submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) END, 201);
  assert_submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) END, 201);
  assert_submit (f, SUBMISSION (XML ("crops", "uuid:1", "b")) END, 409);
  /* What was missing is added, what is there stays. */
  assert_submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) ATTACHMENT ("p.jpg", "one") END, 201);
  assert_submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) ATTACHMENT ("p.jpg", "two") END, 409);
  assert_submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) ATTACHMENT ("p.jpg", "one") END, 201);
  g_assert_cmpuint (fp_rx_count (f), ==, 1);
  photo = fp_rx_read_stored (f, "p.jpg");
  g_assert_cmpstr (photo, ==, "one");
  stored = fp_rx_read_stored (f, "submission.xml");
  g_assert_cmpstr (stored, ==, XML ("crops", "uuid:1", "a"));
  g_assert_nonnull (strstr (f->lines->pdata[4], "  added  "));
  g_assert_nonnull (strstr (f->lines->pdata[6], "  duplicate  "));

  /* An instanceID belongs to its form. */
  assert_submit (f, SUBMISSION (XML ("wells", "uuid:1", "b")) END, 201);
  g_assert_cmpuint (fp_rx_count (f), ==, 2);
  fp_rx_assert_nothing_incoming (f);
}

/* Three names of the sender that want the same names on disk, the note's among them, over two requests. */
static void
test_names_do_not_collide (FpRx         *f,
                           gconstpointer data)
{
  g_autofree char *hidden = NULL;
  g_autofree char *plain = NULL;
  g_autofree char *meta = NULL;
  g_autofree char *stored = NULL;

  assert_submit (f, SUBMISSION (XML ("f", "1", "a")) ATTACHMENT (".a", "hidden")
                                ATTACHMENT ("submission.xml", "fake") END, 201);
  assert_submit (f, SUBMISSION (XML ("f", "1", "a")) ATTACHMENT ("_.a", "plain")
                                ATTACHMENT ("meta.json", "fake note") END, 201);
  hidden = fp_rx_read_stored (f, "_.a");
  g_assert_cmpstr (hidden, ==, "hidden");
  plain = fp_rx_read_stored (f, "_-2.a");
  g_assert_cmpstr (plain, ==, "plain");
  meta = fp_rx_read_stored (f, "meta-2.json");
  g_assert_cmpstr (meta, ==, "fake note");
  stored = fp_rx_read_stored (f, "submission.xml");
  g_assert_cmpstr (stored, ==, XML ("f", "1", "a"));

  fp_rx_stop (f);
  fp_rx_start (f);
  assert_submit (f, SUBMISSION (XML ("f", "1", "a")) ATTACHMENT ("_.a", "other") END, 409);
}

static void
test_parallel (FpRx         *f,
               gconstpointer data)
{
  const char *body = SUBMISSION (XML ("crops", "uuid:1", "a")) ATTACHMENT ("p.jpg", "one") END;
  const char *json = "{\"a\":1}";
  g_autofree char *form_head = fp_rx_make_head ("POST", "/submission", MULTIPART, strlen (body));
  g_autofree char *json_head = fp_rx_make_head ("POST", "/json/x", JSON "Idempotency-Key: \"k\"\r\n", strlen (json));
  g_autoptr(GBytes) form_bytes = g_bytes_new_static (body, strlen (body));
  g_autoptr(GBytes) json_bytes = g_bytes_new_static (json, strlen (json));
  FpRxClient *clients[24];

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    clients[i] = fp_rx_client_start (f, i % 2 ? form_head : json_head, i % 2 ? form_bytes : json_bytes, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      g_autofree char *answer = fp_rx_client_finish (clients[i]);

      g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 201"));
    }
  g_assert_cmpuint (fp_rx_count (f), ==, 2);
  fp_rx_assert_nothing_incoming (f);
}

static void
test_restart (FpRx         *f,
              gconstpointer data)
{
  g_autofree char *leftover = g_build_filename (f->folder, ".incoming", "half", NULL);
  g_autofree char *foreign = g_build_filename (f->folder, "notes", NULL);
  g_auto(GStrv) names = NULL;

  assert_submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) ATTACHMENT ("p.jpg", "one") END, 201);
  g_assert_cmpint (fp_rx_post (f, "/json/x", JSON "Idempotency-Key: \"k\"\r\n", "[1]", NULL), ==, 201);
  fp_rx_stop (f);
  g_assert_cmpint (g_mkdir (leftover, 0700), ==, 0);
  g_assert_cmpint (g_mkdir (foreign, 0700), ==, 0);
  fp_rx_start (f);

  g_assert_false (g_file_test (leftover, G_FILE_TEST_EXISTS));
  assert_submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) ATTACHMENT ("p.jpg", "one") END, 201);
  assert_submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) ATTACHMENT ("p.jpg", "two") END, 409);
  assert_submit (f, SUBMISSION (XML ("crops", "uuid:1", "b")) END, 409);
  g_assert_cmpint (fp_rx_post (f, "/json/x", JSON "Idempotency-Key: \"k\"\r\n", "[1]", NULL), ==, 201);
  g_assert_cmpint (fp_rx_post (f, "/json/x", JSON "Idempotency-Key: \"k\"\r\n", "[2]", NULL), ==, 422);
  g_assert_cmpint (fp_rx_post (f, "/json/x", JSON, "[1]", NULL), ==, 201);
  names = fp_rx_list (f->folder);
  g_assert_cmpuint (g_strv_length (names), ==, 4);
  g_assert_nonnull (strstr (names[2], "-000003-json-x"));
}

static void
test_one_at_a_time (FpRx         *f,
                    gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(FpReceiver) second = fp_receiver_new (&f->options, &error);

  g_assert_null (second);
  g_assert_error (error, FP_RECEIVER_ERROR, FP_RECEIVER_ERROR_BUSY);
}

static void
test_removed_by_hand (FpRx         *f,
                      gconstpointer data)
{
  g_auto(GStrv) names = NULL;
  g_autofree char *path = NULL;

  assert_submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) END, 201);
  names = fp_rx_list (f->folder);
  path = g_build_filename (f->folder, names[0], NULL);
  fp_test_remove_folder (path);
  assert_submit (f, SUBMISSION (XML ("crops", "uuid:1", "b")) END, 201);
  g_assert_cmpuint (fp_rx_count (f), ==, 1);
}

static void
test_hostile (FpRx         *f,
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
      int status = fp_rx_post (f, "/submission", cases[i].headers, cases[i].body, &answer);

      if (status != cases[i].status)
        g_error ("case %u: %s", i, answer);
      g_assert_nonnull (strstr (answer, "<message nature=\"submit_error\">"));
    }
  g_assert_cmpuint (fp_rx_count (f), ==, 0);
  g_assert_cmpuint (f->lines->len, ==, 1 + G_N_ELEMENTS (cases));
  fp_rx_assert_nothing_incoming (f);
}

static void
test_limits (FpRx         *f,
             gconstpointer data)
{
  g_autofree char *big = g_strnfill (1000001, 'x');
  g_autoptr(GString) parts = g_string_new (NULL);
  g_autoptr(GString) chunked = g_string_new (NULL);
  g_autofree char *answer = NULL;
  g_autoptr(GBytes) bytes = NULL;

  g_assert_cmpint (fp_rx_post (f, "/inbox/big", "", big, NULL), ==, 413);
  g_assert_cmpint (fp_rx_post (f, "/inbox/big", "", big + 1, NULL), ==, 201);

  /* Without a length beforehand. */
  g_string_append_printf (chunked, "%x\r\n%s\r\n0\r\n\r\n", (guint) strlen (big), big);
  bytes = g_bytes_new (chunked->str, chunked->len);
  answer = fp_rx_client_finish (fp_rx_client_start (f,
                                        "POST /inbox/big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                        "Transfer-Encoding: chunked\r\n\r\n",
                                        bytes, FALSE));
  g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 413"));

  for (guint i = 0; i <= FP_PART_MAX_PARTS; i++)
    g_string_append (parts, PART ("x", "", "y"));
  g_string_append (parts, END);
  g_assert_cmpint (fp_rx_post (f, "/inbox/parts", MULTIPART, parts->str, NULL), ==, 413);
  g_assert_cmpuint (fp_rx_count (f), ==, 1);
  fp_rx_assert_nothing_incoming (f);
}

static void
test_idempotency (FpRx         *f,
                  gconstpointer data)
{
  g_autofree char *answer = NULL;

#define KEY(key) "Idempotency-Key: " key "\r\n"
  g_assert_cmpint (fp_rx_post (f, "/json/a", JSON KEY ("\"k\\\"1\""), "{\"a\":1}", NULL), ==, 201);
  g_assert_cmpint (fp_rx_post (f, "/json/a", JSON KEY ("\"k\\\"1\""), "{\"a\":1}", &answer), ==, 201);
  g_assert_nonnull (strstr (answer, "\"ok\":true,\"id\":1,"));
  g_assert_nonnull (strstr (answer, "\"duplicate\":true"));
  g_assert_cmpint (fp_rx_post (f, "/json/a", JSON KEY ("\"k\\\"1\""), "{\"a\":2}", NULL), ==, 422);
  g_assert_cmpuint (fp_rx_count (f), ==, 1);
  g_assert_cmpint (fp_rx_post (f, "/json/b", JSON KEY ("\"k\\\"1\""), "{\"a\":2}", NULL), ==, 201);
  g_assert_cmpint (fp_rx_post (f, "/json/a", JSON KEY ("bare-token"), "{\"a\":1}", NULL), ==, 201);
  g_assert_cmpint (fp_rx_post (f, "/json/a", JSON, "{\"a\":1}", NULL), ==, 201);
  g_assert_cmpuint (fp_rx_count (f), ==, 4);
  g_assert_cmpint (fp_rx_post (f, "/json/a", JSON KEY ("\"open"), "{}", NULL), ==, 400);
  g_assert_cmpint (fp_rx_post (f, "/json/a", JSON KEY ("\"\""), "{}", NULL), ==, 400);
  g_assert_cmpint (fp_rx_post (f, "/json/a", JSON KEY ("\"a\", \"b\""), "{}", NULL), ==, 400);
  g_assert_cmpint (fp_rx_post (f, "/json/a", JSON KEY ("\"\\"), "{}", NULL), ==, 400);
  g_assert_cmpint (fp_rx_post (f, "/json/a", JSON, "{", NULL), ==, 400);
  g_assert_cmpint (fp_rx_post (f, "/json/a", JSON, "", NULL), ==, 400);
  g_assert_cmpuint (fp_rx_count (f), ==, 4);
}

static void
test_multipart (FpRx         *f,
                gconstpointer data)
{
  const char *other = "--zz\r\nContent-Disposition: form-data; name=\"data\"\r\nContent-Type: application/json\r\n\r\n"
                      "{\"a\":1}\r\n--zz\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nhe llo\r\n--zz--\r\n";
  g_autofree char *json = NULL;
  g_autofree char *meta = NULL;

  g_assert_cmpint (fp_rx_post (f, "/json/x", MULTIPART KEY ("\"k\""),
                               PART ("data", "\r\nContent-Type: application/json", "{\"a\":1}")
                                 PART ("t", "", "he llo") END, NULL), ==, 201);
  /* Another boundary is the same body. */
  g_assert_cmpint (fp_rx_post (f, "/json/x", "Content-Type: multipart/form-data; boundary=zz\r\n" KEY ("\"k\""), other,
                               NULL), ==, 201);
  g_assert_cmpint (fp_rx_post (f, "/json/x", MULTIPART KEY ("\"k\""),
                               PART ("data", "\r\nContent-Type: application/json", "{\"a\":1}")
                                 PART ("t", "", "he ll") END, NULL), ==, 422);
  json = fp_rx_read_stored (f, "body.json");
  g_assert_cmpstr (json, ==, "{\"a\":1}");
  meta = fp_rx_read_stored (f, "meta.json");
  g_assert_nonnull (strstr (meta, "\"value\" : \"he llo\""));
}

static void
test_store_all (FpRx         *f,
                gconstpointer data)
{
  fp_rx_stop (f);
  f->options.store_all = TRUE;
  fp_rx_start (f);
  assert_submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) END, 201);
  assert_submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) END, 201);
  assert_submit (f, SUBMISSION (XML ("crops", "uuid:1", "b")) END, 201);
  g_assert_cmpuint (fp_rx_count (f), ==, 3);
}

/* Cut in the body, cut after the body, and closed under a request that is being answered. */
static void
test_cut (FpRx         *f,
          gconstpointer data)
{
  const char *body = SUBMISSION (XML ("crops", "uuid:1", "a")) END;
  g_autoptr(GBytes) bytes = g_bytes_new_static (body, strlen (body));
  g_autofree char *longer = fp_rx_make_head ("POST", "/submission", MULTIPART, strlen (body) + 1);
  g_autofree char *whole = fp_rx_make_head ("POST", "/submission", MULTIPART, strlen (body));
  g_autofree char *page = fp_rx_make_head ("GET", "/", "", 0);
  g_autoptr(GBytes) nothing = g_bytes_new (NULL, 0);

  for (guint i = 0; i < 5; i++)
    g_free (fp_rx_client_finish (fp_rx_client_start (f, longer, bytes, TRUE)));
  for (guint i = 0; i < 5; i++)
    {
      FpRxClient *client = fp_rx_client_start (f, whole, bytes, TRUE);
      FpRxClient *reader = fp_rx_client_start (f, page, nothing, FALSE);

      fp_test_iterate (G_MAXINT64, "one turn", __FILE__, __LINE__);
      fp_receiver_close (f->receiver);
      g_free (fp_rx_client_finish (client));
      g_free (fp_rx_client_finish (reader));
      g_assert_true (fp_receiver_listen (f->receiver, NULL));
    }
  fp_test_until (!fp_receiver_is_busy (f->receiver));
  assert_submit (f, body, 201);
  g_assert_cmpuint (fp_rx_count (f), ==, 1);
}

static guint
count_incoming (FpRx *f)
{
  g_autofree char *incoming = g_build_filename (f->folder, ".incoming", NULL);
  g_auto(GStrv) names = fp_rx_list (incoming);

  return g_strv_length (names);
}

static void
test_closed_in_the_body (FpRx         *f,
                         gconstpointer data)
{
  const char *half = SUBMISSION (XML ("crops", "uuid:1", "a"));
  g_autoptr(GBytes) bytes = g_bytes_new_static (half, strlen (half));
  g_autofree char *head = fp_rx_make_head ("POST", "/submission", MULTIPART, 10000);
  FpRxClient *client = fp_rx_client_start (f, head, bytes, FALSE);
  g_autofree char *answer = NULL;

  fp_test_until (count_incoming (f) == 1);
  fp_receiver_close (f->receiver);
  answer = fp_rx_client_finish (client);
  g_assert_cmpstr (answer, ==, "");
  fp_test_until (count_incoming (f) == 0);
  g_assert_true (fp_receiver_listen (f->receiver, NULL));
  g_assert_cmpuint (fp_rx_count (f), ==, 0);
}

static void
test_down_and_up (FpRx         *f,
                  gconstpointer data)
{
  guint16 port = fp_receiver_get_port (f->receiver);

  fp_receiver_close (f->receiver);
  assert_submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) END, 0);
  g_assert_true (fp_receiver_listen (f->receiver, NULL));
  g_assert_cmpuint (fp_receiver_get_port (f->receiver), ==, port);
  assert_submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) END, 201);
  g_assert_cmpuint (f->lines->len, ==, 4);
}

static void
write_form (FpRx    *f,
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
test_forms (FpRx         *f,
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
  list_text = fp_rx_fetch (f, "/formList");
  g_assert_nonnull (strstr (list_text, "<formID>a b/ü</formID>"));
  g_assert_nonnull (strstr (list_text, "<name>&lt;b&gt;T</name>"));
  g_assert_nonnull (strstr (list_text, md5));
  g_assert_nonnull (strstr (list_text, "/forms/a%20b%2F%C3%BC.xml</downloadUrl>"));
  g_assert_null (strstr (list_text, "Taken"));
  form = fp_rx_fetch (f, "/forms/a%20b%2F%C3%BC.xml");
  g_assert_true (g_str_has_suffix (form, FORM ("a b/ü", "&lt;b&gt;T")));
  page = fp_rx_fetch (f, "/");
  g_assert_nonnull (strstr (page, "&lt;b&gt;T"));
  g_assert_null (strstr (page, "<b>"));
  missing = fp_rx_fetch (f, "/forms/none.xml");
  g_assert_true (g_str_has_prefix (missing, "HTTP/1.1 404"));
  outside = fp_rx_fetch (f, "/forms/..%2F..%2Fetc%2Fpasswd.xml");
  g_assert_true (g_str_has_prefix (outside, "HTTP/1.1 40"));
}

static void
test_known_forms_only (FpRx         *f,
                       gconstpointer data)
{
  g_autofree char *answer = NULL;

  fp_rx_stop (f);
  f->options.known_forms_only = TRUE;
  write_form (f, "1.xml", FORM ("crops", "Crops"));
  fp_rx_start (f);
  assert_submit (f, SUBMISSION (XML ("crops", "uuid:1", "a")) END, 201);
  g_assert_cmpint (fp_rx_post (f, "/submission", MULTIPART, SUBMISSION (XML ("wells", "uuid:1", "a")) END,
                               &answer), ==, 404);
  g_assert_nonnull (strstr (answer, "<OpenRosaResponse"));
  g_assert_cmpuint (fp_rx_count (f), ==, 1);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add (path, FpRx, NULL, fp_rx_set_up, func, fp_rx_tear_down)
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
  ADD ("/receiver/closing-drops-what-is-half-here", test_closed_in_the_body);
  ADD ("/receiver/down-and-up-on-the-same-port", test_down_and_up);
  ADD ("/receiver/forms-are-offered-escaped", test_forms);
  ADD ("/receiver/unknown-forms-on-request-refused", test_known_forms_only);

  return g_test_run ();
}
