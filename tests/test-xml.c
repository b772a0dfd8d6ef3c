#include "xml/fp-xml.h"

#include <string.h>

static void
assert_refused (const char *text,
                FpXmlError  code,
                const char *words)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(xmlDoc) doc = fp_xml_parse_text (text, -1, &error);

  g_assert_null (doc);
  g_assert_error (error, FP_XML_ERROR, (int) code);
  if (!strstr (error->message, words))
    g_error ("“%s” is not in “%s”", words, error->message);
}

static void
test_well_formed (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(xmlDoc) doc
      = fp_xml_parse_text ("<?xml version='1.0' encoding='UTF-8'?><!-- hello --><a x='1'>"
                           "<b>&lt;&amp;&#233;</b><![CDATA[<c>]]></a>",
                           -1, &error);
  xmlNode *root;
  g_autofree char *text = NULL;
  g_autofree char *attribute = NULL;

  g_assert_no_error (error);
  root = xmlDocGetRootElement (doc);
  text = fp_xml_dup_text (root);
  attribute = fp_xml_dup_attribute (root, "", "x");
  g_assert_cmpstr (text, ==, "<&é<c>");
  g_assert_cmpstr (attribute, ==, "1");
  g_assert_true (fp_xml_is (fp_xml_first (root), "", "b"));
}

static void
test_broken (void)
{
  assert_refused ("<a>\n<b>\n</a>", FP_XML_ERROR_NOT_WELL_FORMED, "Line 3");
  assert_refused ("", FP_XML_ERROR_NOT_WELL_FORMED, "empty");
  assert_refused ("hello", FP_XML_ERROR_NOT_WELL_FORMED, "Line 1");
  assert_refused ("<a>\xff</a>", FP_XML_ERROR_NOT_WELL_FORMED, "UTF-8");
  assert_refused ("<a>\x01</a>", FP_XML_ERROR_NOT_WELL_FORMED, "Line 1");
  assert_refused ("<a/><b/>", FP_XML_ERROR_NOT_WELL_FORMED, "Line 1");
}

static void
test_entities (void)
{
  assert_refused ("<!DOCTYPE a [<!ENTITY x 'boom'>]><a>&x;</a>", FP_XML_ERROR_REFUSED, "“x”");
  assert_refused ("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
                  FP_XML_ERROR_REFUSED, "“x”");
  assert_refused ("<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://127.0.0.1:1/x'>%p;]><a/>",
                  FP_XML_ERROR_REFUSED, "“p”");
  assert_refused (
      "<!DOCTYPE a [<!ENTITY a0 'x'><!ENTITY a1 '&a0;&a0;&a0;&a0;'><!ENTITY a2 '&a1;&a1;&a1;'>]>"
      "<a b='&a2;'/>",
      FP_XML_ERROR_REFUSED, "“a0”");
  assert_refused ("<!DOCTYPE a [<!ENTITY x SYSTEM 'x' NDATA y>]><a/>", FP_XML_ERROR_REFUSED, "“x”");
  assert_refused ("<!DOCTYPE a [<!ATTLIST a b CDATA 'c'>]><a/>", FP_XML_ERROR_REFUSED, "DOCTYPE");
  assert_refused ("<!DOCTYPE a [<!ELEMENT a (#PCDATA)>]><a/>", FP_XML_ERROR_REFUSED, "DOCTYPE");
  assert_refused ("<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/a.dtd'><a>&x;</a>",
                  FP_XML_ERROR_NOT_WELL_FORMED, "x");
  assert_refused ("<a>&x;</a>", FP_XML_ERROR_NOT_WELL_FORMED, "x");
}

static void
test_doctype_is_not_fetched (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(xmlDoc) doc
      = fp_xml_parse_text ("<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/a.dtd'><a>x</a>", -1, &error);

  g_assert_no_error (error);
  g_assert_nonnull (doc);
}

static char *
repeat (const char *start,
        const char *piece,
        guint       n,
        const char *end)
{
  GString *text = g_string_new (start);

  for (guint i = 0; i < n; i++)
    g_string_append (text, piece);
  g_string_append (text, end);

  return g_string_free (text, FALSE);
}

static void
test_depth (void)
{
  g_autofree char *deep = repeat ("", "<a>", 101, "");
  g_autofree char *very_deep = repeat ("", "<a>", 500000, "");
  g_autofree char *inner = repeat ("", "<a>", 100, "");
  g_autofree char *fine = repeat (inner, "</a>", 100, "");
  g_autoptr(GError) error = NULL;
  g_autoptr(xmlDoc) doc G_GNUC_UNUSED = fp_xml_parse_text (fine, -1, &error);

  g_assert_no_error (error);
  assert_refused (deep, FP_XML_ERROR_REFUSED, "100 levels");
  assert_refused (very_deep, FP_XML_ERROR_REFUSED, "100 levels");
}

static void
test_sizes (void)
{
  g_autofree char *many = repeat ("<a>", "<b/>", 400001, "</a>");
  g_autofree char *large = repeat ("<a>", "0123456789abcdef", 1024 * 1024, "</a>");

  assert_refused (many, FP_XML_ERROR_REFUSED, "400000");
  assert_refused (large, FP_XML_ERROR_REFUSED, "16 MiB");
}

/* With libxml2 alone these take minutes. */
static void
test_attributes (void)
{
  GString *attributes = g_string_new ("<a");
  GString *spaces = g_string_new ("<a>");
  g_autofree char *one = NULL;
  g_autofree char *other = NULL;
  gint64 start = g_get_monotonic_time ();

  for (guint i = 0; i < 500000; i++)
    g_string_append_printf (attributes, " a%u=''", i);
  g_string_append (attributes, "/>");
  for (guint i = 0; i < 1001; i++)
    g_string_append_printf (spaces, "<b xmlns:n%u='u'/>", i);
  g_string_append (spaces, "</a>");
  one = g_string_free (attributes, FALSE);
  other = g_string_free (spaces, FALSE);
  assert_refused (one, FP_XML_ERROR_REFUSED, "256 attributes");
  assert_refused (other, FP_XML_ERROR_REFUSED, "1000 namespace");
  g_assert_cmpint (g_get_monotonic_time () - start, <, 20 * G_USEC_PER_SEC);
}

static void
test_signs_outside_tags_are_no_attributes (void)
{
  g_autofree char *comment = repeat ("<a><!-- <b ", "x='' ", 300, "--><![CDATA[<c ");
  g_autofree char *cdata = repeat (comment, "y='' ", 300, "]]><?p ");
  g_autofree char *pi = repeat (cdata, "z='' ", 300, "?><d e='>");
  g_autofree char *text = repeat (pi, "f=", 300, "'/></a>");
  g_autoptr(GError) error = NULL;
  g_autoptr(xmlDoc) doc = fp_xml_parse_text (text, -1, &error);

  g_assert_no_error (error);
  g_assert_nonnull (doc);
}

static void
test_escaping (void)
{
  g_autoptr(GString) out = g_string_new ("<a>");
  g_autoptr(GError) error = NULL;
  g_autoptr(xmlDoc) doc = NULL;
  g_autofree char *back = NULL;
  const char *hard = " <&>\"']]>\r\n\té😀 ";

  fp_xml_append_escaped (out, hard);
  g_string_append (out, "</a>");
  doc = fp_xml_parse_text (out->str, (gssize) out->len, &error);
  g_assert_no_error (error);
  back = fp_xml_dup_text (xmlDocGetRootElement (doc));
  g_assert_cmpstr (back, ==, hard);
}

static void
test_legal (void)
{
  g_autofree char *legal = fp_xml_dup_legal ("a\x01" "b\tc\x0b\xef\xbf\xbe" "d\xf0\x9f\x98\x80");
  g_autofree char *broken = fp_xml_dup_legal ("a\xffz");

  g_assert_cmpstr (legal, ==, "ab\tcd😀");
  g_assert_true (g_utf8_validate (broken, -1, NULL));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/xml/well-formed-is-read", test_well_formed);
  g_test_add_func ("/xml/broken-is-refused-with-its-line", test_broken);
  g_test_add_func ("/xml/declarations-are-refused-by-name", test_entities);
  g_test_add_func ("/xml/an-external-doctype-is-not-fetched", test_doctype_is_not_fetched);
  g_test_add_func ("/xml/deep-nesting-is-refused", test_depth);
  g_test_add_func ("/xml/too-large-is-refused", test_sizes);
  g_test_add_func ("/xml/many-attributes-are-refused-at-once", test_attributes);
  g_test_add_func ("/xml/signs-outside-tags-are-no-attributes",
                   test_signs_outside_tags_are_no_attributes);
  g_test_add_func ("/xml/escaped-text-comes-back", test_escaping);
  g_test_add_func ("/xml/only-legal-characters-stay", test_legal);

  return g_test_run ();
}
