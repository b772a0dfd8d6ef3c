#include "net/fp-host.h"

#include <gio/gio.h>
#include <string.h>

typedef struct
{
  const char *url;
  FpHostKind kind;
  const char *origin; /* NULL = no http(s) URL */
} Case;

static const Case cases[] = {
  { "http://localhost/", FP_HOST_LOOPBACK, "http://localhost:80" },
  { "http://LOCALHOST.:8080/x", FP_HOST_LOOPBACK, "http://localhost.:8080" },
  { "http://api.localhost", FP_HOST_LOOPBACK, "http://api.localhost:80" },
  { "http://127.0.0.1", FP_HOST_LOOPBACK, "http://127.0.0.1:80" },
  { "http://127.255.0.9", FP_HOST_LOOPBACK, "http://127.255.0.9:80" },
  { "http://[::1]:81/", FP_HOST_LOOPBACK, "http://[::1]:81" },
  { "http://0.0.0.0/", FP_HOST_LOOPBACK, "http://0.0.0.0:80" },
  { "http://[::]/", FP_HOST_LOOPBACK, "http://[::]:80" },
  { "http://[::ffff:127.0.0.1]/", FP_HOST_LOOPBACK, "http://[::ffff:127.0.0.1]:80" },
  /* What getaddrinfo() takes for numbers, though they look like names. */
  { "http://127.1/", FP_HOST_LOOPBACK, "http://127.1:80" },
  { "http://2130706433/", FP_HOST_LOOPBACK, "http://2130706433:80" },
  { "http://134744072/", FP_HOST_PUBLIC, "http://134744072:80" },
  { "http://0x08080808/", FP_HOST_PUBLIC, "http://0x08080808:80" },

  { "http://10.0.0.1", FP_HOST_PRIVATE, "http://10.0.0.1:80" },
  { "http://172.16.0.1", FP_HOST_PRIVATE, "http://172.16.0.1:80" },
  { "http://172.31.255.255", FP_HOST_PRIVATE, "http://172.31.255.255:80" },
  { "http://192.168.1.1", FP_HOST_PRIVATE, "http://192.168.1.1:80" },
  { "http://169.254.1.1", FP_HOST_PRIVATE, "http://169.254.1.1:80" },
  { "http://100.64.0.1", FP_HOST_PRIVATE, "http://100.64.0.1:80" },
  { "http://100.127.255.255", FP_HOST_PRIVATE, "http://100.127.255.255:80" },
  { "http://[fd00::1]/", FP_HOST_PRIVATE, "http://[fd00::1]:80" },
  { "http://[fe80::1%25eth0]/", FP_HOST_PRIVATE, "http://[fe80::1%eth0]:80" },
  { "http://[::ffff:10.1.2.3]/", FP_HOST_PRIVATE, "http://[::ffff:10.1.2.3]:80" },
  { "https://printer.local/", FP_HOST_PRIVATE, "https://printer.local:443" },
  { "https://KoboBox/", FP_HOST_PRIVATE, "https://kobobox:443" },

  { "http://172.15.0.1", FP_HOST_PUBLIC, "http://172.15.0.1:80" },
  { "http://172.32.0.1", FP_HOST_PUBLIC, "http://172.32.0.1:80" },
  { "http://100.63.255.255", FP_HOST_PUBLIC, "http://100.63.255.255:80" },
  { "http://100.128.0.0", FP_HOST_PUBLIC, "http://100.128.0.0:80" },
  { "http://192.169.0.1", FP_HOST_PUBLIC, "http://192.169.0.1:80" },
  { "http://[2001:db8::1]/", FP_HOST_PUBLIC, "http://[2001:db8::1]:80" },
  { "http://[::ffff:8.8.8.8]/", FP_HOST_PUBLIC, "http://[::ffff:8.8.8.8]:80" },
  { "HTTPS://Example.ORG:8443/a", FP_HOST_PUBLIC, "https://example.org:8443" },
  { "https://xn--mnchen-3ya.de", FP_HOST_PUBLIC, "https://xn--mnchen-3ya.de:443" },
  { "https://m\303\274nchen.de", FP_HOST_PUBLIC, "https://xn--mnchen-3ya.de:443" },

  /* Names and user info that only look like a private address. */
  { "http://10.0.0.1@evil.com/x", FP_HOST_PUBLIC, "http://evil.com:80" },
  { "http://localhost:80@evil.com/", FP_HOST_PUBLIC, "http://evil.com:80" },
  { "http://192.168.1.1.evil.com/", FP_HOST_PUBLIC, "http://192.168.1.1.evil.com:80" },
  { "http://evil.com/localhost", FP_HOST_PUBLIC, "http://evil.com:80" },
  { "http://evil.com?@10.0.0.1/", FP_HOST_PUBLIC, "http://evil.com:80" },
  { "http://evil.com#@10.0.0.1/", FP_HOST_PUBLIC, "http://evil.com:80" },
  { "http://notlocal/..", FP_HOST_PRIVATE, "http://notlocal:80" },
  { "http://evillocal.com", FP_HOST_PUBLIC, "http://evillocal.com:80" },

  /* Refused: readers of URLs disagree on them. */
  { "http://evil.com%2f.local/", FP_HOST_PUBLIC, NULL },
  { "http://evil.com%23.local/", FP_HOST_PUBLIC, NULL },
  { "http://evil.com%00.local/", FP_HOST_PUBLIC, NULL },
  { "http://a%40b/", FP_HOST_PUBLIC, NULL },
  { "http://10.0.0.1\\@evil.com/", FP_HOST_PUBLIC, NULL },
  { "http://10.0.0.1 .evil.com/", FP_HOST_PUBLIC, NULL },
  { "http://10.0.0.1\n/", FP_HOST_PUBLIC, NULL },
  { "http://{secret}.evil.com/", FP_HOST_PUBLIC, NULL },
  { "http://a:0/", FP_HOST_PUBLIC, NULL },
  { "http://a:99999/", FP_HOST_PUBLIC, NULL },
  { "http://", FP_HOST_PUBLIC, NULL },
  { "http:///x", FP_HOST_PUBLIC, NULL },
  { "http:localhost", FP_HOST_PUBLIC, NULL },
  { "//localhost/", FP_HOST_PUBLIC, NULL },
  { "localhost", FP_HOST_PUBLIC, NULL },
  { "ftp://localhost/", FP_HOST_PUBLIC, NULL },
  { "file:///etc/passwd", FP_HOST_PUBLIC, NULL },
  { "javascript:alert(1)", FP_HOST_PUBLIC, NULL },
  { "", FP_HOST_PUBLIC, NULL },
  { "http://\xff/", FP_HOST_PUBLIC, NULL },
};

static void
test_classify (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("%s", g_utf8_validate (cases[i].url, -1, NULL) ? cases[i].url : "not UTF-8");
      g_assert_cmpint (fp_host_classify (cases[i].url), ==, cases[i].kind);
    }
  g_assert_cmpint (fp_host_classify (NULL), ==, FP_HOST_PUBLIC);
}

static void
test_origin (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *origin = fp_host_dup_origin (cases[i].url, &error);

      g_assert_cmpstr (origin, ==, cases[i].origin);
      g_assert_true ((origin == NULL) == (error != NULL));
    }
}

static void
test_display (void)
{
  static const struct
  {
    const char *url;
    const char *display;
  } shown[] = {
    { "https://anna:pw@h.org/a/b?st=TOKEN#TOKEN", "https://h.org/a/b" },
    { "https://{secret}@h.org/", "https://h.org/" },
    { "https://h.org/v1/key/TO!KE$N/projects/1", "https://h.org/v1/key/…/projects/1" },
    { "https://h.org/v1/test/TOKEN/projects/1", "https://h.org/v1/test/…/projects/1" },
    { "https://h.org/collector/TOKEN", "https://h.org/collector/…" },
    { "https://h.org/hook/{secret}?{secret}", "https://h.org/hook/…" },
    { "https://h.org/hook/a{secret}b", "https://h.org/hook/…" },
    { "https://h.org/key/", "https://h.org/key/" },
    { "HTTP://H.org:80/x", "http://h.org/x" },
    { "https://h.org:8443/x", "https://h.org:8443/x" },
    { "http://[::1]:80/x", "http://[::1]/x" },
    { "TOKEN", "…" },
    { "ftp://anna:TOKEN@h.org", "…" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (shown); i++)
    {
      g_autofree char *display = fp_host_dup_display (shown[i].url);

      g_assert_cmpstr (display, ==, shown[i].display);
    }
}

static void
test_covers (void)
{
  static const struct
  {
    const char *base;
    const char *url;
    gsize shared;
  } rows[] = {
    { "https://h.org", "https://h.org/", 1 },
    { "https://h.org/", "https://H.org:443/api/v1", 1 },
    { "https://h.org/api", "https://h.org/api", 5 },
    { "https://h.org/api/", "https://h.org/api?x=1", 5 },
    { "https://h.org/api/v1", "https://h.org/api/v1/things", 8 },
    { "https://h.org/api", "https://h.org/apiary", 0 },
    { "https://h.org/api", "https://h.org/", 0 },
    { "https://h.org/key/{secret}/p", "https://h.org/key/{secret}/p/submission", 16 },
    { "http://h.org/api", "https://h.org/api", 0 },
    { "https://h.org:8443/", "https://h.org/", 0 },
    { "https://g.org/", "https://h.org/", 0 },
    { NULL, "https://h.org/", 0 },
    { "nonsense", "https://h.org/", 0 },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_test_message ("row %u", i);
      g_assert_cmpuint (fp_host_covers (rows[i].base, rows[i].url), ==, rows[i].shared);
    }
}

static void
test_error_repeats_nothing (void)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (fp_host_dup_origin ("ftp://anna:TOKEN@h.org/key/TOKEN", &error));
  g_assert_null (strstr (error->message, "TOKEN"));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/host/kind-is-judged-by-the-literal-text", test_classify);
  g_test_add_func ("/host/origin-is-complete-or-refused", test_origin);
  g_test_add_func ("/host/covers-whole-segments-of-one-origin", test_covers);
  g_test_add_func ("/host/display-shows-no-secret", test_display);
  g_test_add_func ("/host/error-repeats-nothing-of-the-url", test_error_repeats_nothing);

  return g_test_run ();
}
