#include "xml/fp-xml.h"

#include <string.h>

gboolean
fp_xml_is (xmlNode    *node,
           const char *ns,
           const char *name)
{
  if (node->type != XML_ELEMENT_NODE || strcmp ((const char *) node->name, name) != 0)
    return FALSE;
  if (!ns)
    return TRUE;

  return strcmp (node->ns ? (const char *) node->ns->href : "", ns) == 0;
}

xmlNode *
fp_xml_first (xmlNode *parent)
{
  return xmlFirstElementChild (parent);
}

xmlNode *
fp_xml_next (xmlNode *node)
{
  return xmlNextElementSibling (node);
}

/**
 * fp_xml_child:
 * @ns: (nullable): namespace; %NULL = any, "" = none
 *
 * Returns: (transfer none) (nullable): the first child element of that name
 */
xmlNode *
fp_xml_child (xmlNode    *parent,
              const char *ns,
              const char *name)
{
  for (xmlNode *child = fp_xml_first (parent); child; child = fp_xml_next (child))
    if (fp_xml_is (child, ns, name))
      return child;

  return NULL;
}

/* libxml2's allocator need not be GLib's. */
static char *
take (xmlChar *text)
{
  char *copy = g_strdup ((const char *) text);

  if (text)
    xmlFree (text);

  return copy;
}

char *
fp_xml_dup_text (xmlNode *node)
{
  char *text = take (xmlNodeGetContent (node));

  return text ? text : g_strdup ("");
}

char *
fp_xml_dup_attribute (xmlNode    *node,
                      const char *ns,
                      const char *name)
{
  if (*ns == '\0')
    return take (xmlGetNoNsProp (node, (const xmlChar *) name));

  return take (xmlGetNsProp (node, (const xmlChar *) name, (const xmlChar *) ns));
}

void
fp_xml_append_escaped (GString    *out,
                       const char *text)
{
  for (const char *c = text; *c; c++)
    switch (*c)
      {
      case '&':
        g_string_append (out, "&amp;");
        break;
      case '<':
        g_string_append (out, "&lt;");
        break;
      case '>':
        g_string_append (out, "&gt;");
        break;
      case '"':
        g_string_append (out, "&quot;");
        break;
      case '\r':
        /* A reader would turn a bare one into a line feed. */
        g_string_append (out, "&#13;");
        break;
      default:
        g_string_append_c (out, *c);
      }
}

static gboolean
is_legal (gunichar c)
{
  return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0xd7ff)
         || (c >= 0xe000 && c <= 0xfffd) || (c >= 0x10000 && c <= 0x10ffff);
}

/**
 * fp_xml_dup_legal:
 * @text: anything
 *
 * Source: XML 1.0, production 2 (Char).
 *
 * Returns: (transfer full): @text less what a document cannot hold
 */
char *
fp_xml_dup_legal (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *out = g_string_sized_new (strlen (valid));

  for (const char *c = valid; *c; c = g_utf8_next_char (c))
    if (is_legal (g_utf8_get_char (c)))
      g_string_append_len (out, c, g_utf8_next_char (c) - c);

  return g_string_free (out, FALSE);
}
