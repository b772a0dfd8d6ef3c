/* Each fault of the receiver's scripts as the network sees it; what is accepted is stored whatever becomes of the
 * answer, and nothing else is. */
#include "fp-receiver-fixture.h"

#include <string.h>

#define FAULTS_ADD(path, func) g_test_add (path, FpRx, NULL, fp_rx_set_up, func, fp_rx_tear_down)
#define BODY SUBMISSION (XML ("crops", "uuid:1", "a")) END

static void
play (FpRx       *f,
      const char *text)
{
  g_autoptr(GError) error = NULL;
  FpFaultScript *script = fp_fault_script_parse (text, &error);

  g_assert_no_error (error);
  fp_receiver_set_faults (f->receiver, script);
}

static int
submit (FpRx  *f,
        char **answer)
{
  return fp_rx_post (f, "/submission", MULTIPART, BODY, answer);
}

/* Whether an answer has a line that begins with @text. */
static gboolean
has (const char *answer,
     const char *text)
{
  return strstr (answer, text) != NULL;
}

/* Before it is stored: nothing is kept, and the next one goes as always. */
static void
test_instead (FpRx         *f,
              gconstpointer data)
{
  static const struct
  {
    const char *acts;
    int status;
    const char *answer;
  } cases[] = {
    { "drop", 0, "" },
    { "503", 503, "submit_error" },
    { "413", 413, "submit_error" },
    { "429 retry-after=7", 429, "Retry-After: 7\r\n" },
    { "429 retry-date=7", 429, " GMT\r\n" },
    { "200", 200, "submit_success" },
    { "portal", 200, "<form action=\"/login\">" },
    { "redirect 307 /elsewhere", 307, "Location: /elsewhere\r\n" },
    { "closed-form", 409, "not currently accepting submissions" },
    { "cut-after-bytes 1", 0, "" },
    { "delay 20ms, 500", 500, "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *script = g_strconcat ("on POST /submission first 1: ", cases[i].acts, NULL);
      g_autofree char *answer = NULL;

      play (f, script);
      g_assert_cmpint (submit (f, &answer), ==, cases[i].status);
      g_assert_nonnull (strstr (answer, cases[i].answer));
      g_assert_cmpuint (fp_rx_count (f), ==, 0);
      g_assert_nonnull (strstr (f->lines->pdata[f->lines->len - 1], cases[i].acts));
    }
  g_assert_cmpint (submit (f, NULL), ==, 201);
  g_assert_cmpuint (fp_rx_count (f), ==, 1);
  fp_rx_assert_nothing_incoming (f);
}

/* After it is stored: it is there, and stored once when it comes again. */
static void
test_after_accept (FpRx         *f,
                   gconstpointer data)
{
  static const struct
  {
    const char *acts;
    int status;
    const char *answer;
  } cases[] = {
    { "after-accept drop", 0, "" },
    { "after-accept 500", 500, "submit_error" },
    { "after-accept portal", 200, "<form action=\"/login\">" },
    { "cut-answer 9", 201, "\r\n\r\n<?xml ver" },
    { "cut-answer 0", 201, "\r\n\r\n" },
    { "delay 20ms", 201, "submit_success" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *script = g_strconcat ("on POST /submission first 1: ", cases[i].acts, NULL);
      g_autofree char *body = g_strdup_printf (SUBMISSION (XML ("crops", "uuid:%u", "a")) END, i);
      g_autofree char *answer = NULL;

      play (f, script);
      g_assert_cmpint (fp_rx_post (f, "/submission", MULTIPART, body, &answer), ==, cases[i].status);
      if (g_str_has_prefix (cases[i].acts, "cut"))
        g_assert_true (g_str_has_suffix (answer, cases[i].answer));
      else
        g_assert_nonnull (strstr (answer, cases[i].answer));
      g_assert_cmpuint (fp_rx_count (f), ==, i + 1);
      g_assert_cmpint (fp_rx_submit (f, body), ==, 201);
      g_assert_cmpuint (fp_rx_count (f), ==, i + 1);
    }
  fp_rx_assert_nothing_incoming (f);
}

static void
test_once (FpRx         *f,
           gconstpointer data)
{
  play (f, "on POST once: 409");
  for (guint i = 0; i < 3; i++)
    {
      g_assert_cmpint (submit (f, NULL), ==, i == 0 ? 409 : 201);
      g_assert_cmpint (fp_rx_post (f, "/json/x", JSON "Idempotency-Key: \"k\"\r\n", "[1]", NULL), ==,
                       i == 0 ? 409 : 201);
    }
  g_assert_cmpuint (fp_rx_count (f), ==, 2);
}

static void
test_without_openrosa (FpRx         *f,
                       gconstpointer data)
{
  static const struct
  {
    const char *acts;
    gboolean headers;
  } cases[] = {
    { "404", TRUE }, { "404, no-openrosa-headers", FALSE }, { "portal", FALSE }, { "no-openrosa-headers", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *script = g_strconcat ("on POST: ", cases[i].acts, NULL);
      g_autofree char *answer = NULL;

      play (f, script);
      submit (f, &answer);
      g_assert_cmpint (has (answer, "X-OpenRosa-Version"), ==, cases[i].headers);
    }
  g_assert_cmpuint (fp_rx_count (f), ==, 1);
}

/* What asks and brings nothing is treated badly as well. */
static void
test_questions (FpRx         *f,
                gconstpointer data)
{
  g_autofree char *refused = NULL;
  g_autofree char *cut = NULL;
  g_autofree char *late = NULL;
  g_autofree char *dropped = NULL;

  play (f, "on GET /formList: 401\n"
           "on GET /inbox/drop: drop\n"
           "on GET /inbox: delay 20ms\n"
           "on GET /: cut-answer 5\n");
  refused = fp_rx_fetch (f, "/formList");
  g_assert_true (g_str_has_prefix (refused, "HTTP/1.1 401 "));
  dropped = fp_rx_fetch (f, "/inbox/drop");
  g_assert_cmpstr (dropped, ==, "");
  late = fp_rx_fetch (f, "/inbox");
  g_assert_true (g_str_has_prefix (late, "HTTP/1.1 200 "));
  cut = fp_rx_fetch (f, "/");
  g_assert_true (g_str_has_suffix (cut, "\r\n\r\n<!DOC"));
}

/* It costs the sender its time and the receiver nothing: once the sender has gone all is as before. */
static void
test_hang (FpRx         *f,
           gconstpointer data)
{
  g_autofree char *head = fp_rx_make_head ("POST", "/inbox/x", JSON, 3);
  g_autoptr(GBytes) body = g_bytes_new_static ("[1]", 3);

  play (f, "on /inbox/x: hang\non /inbox/y: after-accept hang");
  for (guint i = 0; i < 100; i++) /* more than are taken at once */
    g_free (fp_rx_client_finish (fp_rx_client_start (f, head, body, TRUE)));
  g_assert_cmpuint (fp_rx_count (f), ==, 0);
  fp_test_until (submit (f, NULL) == 201);
  g_assert_cmpuint (fp_rx_count (f), ==, 1);
  fp_test_until (f->lines->len == 1 + 100 + 1);
  fp_rx_assert_nothing_incoming (f);
}

static void
test_slow_and_cut (FpRx         *f,
                   gconstpointer data)
{
  gsize size = 100000;
  g_autofree char *bytes = g_malloc0 (size);
  g_autoptr(GBytes) body = g_bytes_new_static (bytes, size);
  g_autofree char *slow = fp_rx_make_head ("POST", "/inbox/slow", "", size);
  g_autofree char *cut = fp_rx_make_head ("POST", "/inbox/cut", "", size);
  g_autofree char *late = fp_rx_make_head ("POST", "/inbox/late", "", size);
  g_autofree char *slow_answer = NULL;
  g_autofree char *cut_answer = NULL;
  g_autofree char *late_answer = NULL;
  gint64 start = g_get_monotonic_time ();

  play (f, "on /inbox/slow: slow-read 10ms\n"
           "on /inbox/cut: cut-after-bytes 50000\n"
           "on /inbox/late: cut-after-bytes 1000000\n");
  slow_answer = fp_rx_client_finish (fp_rx_client_start (f, slow, body, FALSE));
  g_assert_true (g_str_has_prefix (slow_answer, "HTTP/1.1 201 "));
  g_assert_cmpint (g_get_monotonic_time () - start, >, 50000);
  g_assert_cmpuint (fp_rx_count (f), ==, 1);
  cut_answer = fp_rx_client_finish (fp_rx_client_start (f, cut, body, FALSE));
  g_assert_cmpstr (cut_answer, ==, "");
  g_assert_cmpuint (fp_rx_count (f), ==, 1);
  late_answer = fp_rx_client_finish (fp_rx_client_start (f, late, body, FALSE));
  g_assert_true (g_str_has_prefix (late_answer, "HTTP/1.1 201 "));
  fp_test_drain ();
  fp_rx_assert_nothing_incoming (f);
}

static void
test_off_again (FpRx         *f,
                gconstpointer data)
{
  play (f, "on: 500");
  g_assert_cmpint (submit (f, NULL), ==, 500);
  fp_receiver_set_faults (f->receiver, NULL);
  g_assert_cmpint (submit (f, NULL), ==, 201);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  FAULTS_ADD ("/receiver-faults/instead-of-storing", test_instead);
  FAULTS_ADD ("/receiver-faults/after-accept-it-is-stored", test_after_accept);
  FAULTS_ADD ("/receiver-faults/once-for-each-item", test_once);
  FAULTS_ADD ("/receiver-faults/without-openrosa-headers", test_without_openrosa);
  FAULTS_ADD ("/receiver-faults/questions-too", test_questions);
  FAULTS_ADD ("/receiver-faults/hanging-takes-no-place-for-ever", test_hang);
  FAULTS_ADD ("/receiver-faults/slow-and-cut-while-it-comes", test_slow_and_cut);
  FAULTS_ADD ("/receiver-faults/off-again", test_off_again);

  return g_test_run ();
}
