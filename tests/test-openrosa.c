#include "net/fp-openrosa.h"

#include <gio/gio.h>
#include <string.h>

static char *
message_of (const char *text)
{
  g_autoptr(GBytes) body = g_bytes_new_static (text, strlen (text));

  return fp_openrosa_dup_message (body);
}

static void
test_message (void)
{
  g_autofree char *central = message_of (
      "\n<OpenRosaResponse xmlns=\"http://openrosa.org/http/response\" items=\"0\">\n"
      "  <message nature=\"\"> full submission upload was successful! </message>\n"
      "</OpenRosaResponse>");
  g_autofree char *kobo = message_of (
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<OpenRosaResponse "
      "xmlns=\"http://openrosa.org/http/response\"><message>Duplicate &amp; done</message>"
      "<submissionMetadata xmlns=\"http://www.opendatakit.org/xforms\" id=\"x\"/>"
      "</OpenRosaResponse>");
  g_autofree char *bare = message_of ("<OpenRosaResponse/>");

  g_assert_cmpstr (central, ==, "full submission upload was successful!");
  g_assert_cmpstr (kobo, ==, "Duplicate & done");
  g_assert_cmpstr (bare, ==, "");
}

static void
test_no_message (void)
{
  static const char *const others[] = {
    "",
    " ",
    "ok",
    "{\"message\":\"OpenRosaResponse\"}",
    "<html><body>OpenRosaResponse</body></html>",
    "<x><OpenRosaResponse/></x>",
    "<OpenRosaResponse><message>cut off",
    ("<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>"
     "<OpenRosaResponse><message>&e;</message></OpenRosaResponse>"),
  };
  guint i;

  g_assert_null (fp_openrosa_dup_message (NULL));
  for (i = 0; i < G_N_ELEMENTS (others); i++)
    g_assert_null (message_of (others[i]));
}

static GPtrArray *
list_of (const char  *text,
         GError     **error)
{
  g_autoptr(GBytes) body = g_bytes_new_static (text, strlen (text));

  return fp_openrosa_parse_list (body, error);
}

#define MD5 "0123456789abcdef0123456789ABCDEF"

static void
test_list (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) list = list_of (
      "<?xml version=\"1.0\"?><xforms xmlns=\"http://openrosa.org/xforms/xformsList\">"
      "<xforms-group><groupID>g</groupID></xforms-group>"
      "<xform><formID>a</formID><name>Site &lt;1&gt;</name><version>2</version>"
      "<hash>md5:" MD5 "</hash><unknown xmlns=\"urn:x\">?</unknown>"
      "<downloadUrl> https://h/a.xml </downloadUrl><manifestUrl>https://h/m</manifestUrl></xform>"
      "<xform><formID>b</formID><hash>" MD5 "</hash><downloadUrl>https://h/b</downloadUrl></xform>"
      "<xform><formID>no-hash</formID><downloadUrl>https://h/c</downloadUrl></xform>"
      "<xform><formID>odd-hash</formID><hash>sha1:12</hash><downloadUrl>https://h/c</downloadUrl>"
      "</xform>"
      "<xform><formID>no-url</formID><hash>" MD5 "</hash></xform>"
      "<xform><hash>" MD5 "</hash><downloadUrl>https://h/no-id</downloadUrl></xform>"
      "</xforms>",
      &error);
  const FpFormListEntry *a;
  const FpFormListEntry *b;

  g_assert_no_error (error);
  g_assert_cmpuint (list->len, ==, 2);
  a = g_ptr_array_index (list, 0);
  g_assert_cmpstr (a->form_id, ==, "a");
  g_assert_cmpstr (a->name, ==, "Site <1>");
  g_assert_cmpstr (a->version, ==, "2");
  g_assert_cmpstr (a->hash, ==, "0123456789abcdef0123456789abcdef");
  g_assert_cmpstr (a->download_url, ==, "https://h/a.xml");
  g_assert_cmpstr (a->manifest_url, ==, "https://h/m");
  b = g_ptr_array_index (list, 1);
  g_assert_cmpstr (b->name, ==, "b");
  g_assert_cmpstr (b->version, ==, "");
  g_assert_null (b->manifest_url);
}

static void
test_empty_list (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) list
      = list_of ("<xforms xmlns=\"http://openrosa.org/xforms/xformsList\"></xforms>", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (list->len, ==, 0);
}

static void
test_no_list (void)
{
  static const char *const others[] = {
    "", "<!doctype html><html><body>Sign in</body></html>", "{\"forms\":[]}", "<xforms><xform>",
    "<forms/>",
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (list_of (others[i], &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/openrosa/message/is-read", test_message);
  g_test_add_func ("/openrosa/message/anything-else-is-none", test_no_message);
  g_test_add_func ("/openrosa/list/keeps-what-can-be-fetched-and-compared", test_list);
  g_test_add_func ("/openrosa/list/may-be-empty", test_empty_list);
  g_test_add_func ("/openrosa/list/a-sign-in-page-is-no-list", test_no_list);

  return g_test_run ();
}
