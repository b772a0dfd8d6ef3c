#include "config.h"

#include "xml/fp-xml.h"

#include <glib/gi18n.h>
#include <string.h>

#include "xml/fp-xml-scan.h"

#define MAX_DEPTH 100
#define MAX_ELEMENTS 400000
#define MAX_ATTRIBUTES 256
#define MAX_NAMESPACES 1000

G_DEFINE_QUARK (fp-xml-error-quark, fp_xml_error)

/* Hangs on the parser context while it runs. */
typedef struct {
  xmlParserCtxt *parser; /* borrowed */
  GError        *error;
  guint          depth;
  guint          elements;
  guint          namespaces;
} Reader;

static Reader *
reader_of (void *context)
{
  return ((xmlParserCtxt *) context)->_private;
}

/* The first complaint counts: what libxml2 says after it is only noise of the stop. */
G_GNUC_PRINTF (2, 3)
static void
refuse (Reader     *reader,
        const char *format,
        ...)
{
  va_list args;

  if (!reader->error)
    {
      g_autofree char *words = NULL;

      va_start (args, format);
      words = g_strdup_vprintf (format, args);
      va_end (args);
      g_set_error (&reader->error, FP_XML_ERROR, FP_XML_ERROR_REFUSED, _("Line %d: %s"),
                   xmlSAX2GetLineNumber (reader->parser), words);
    }
  xmlStopParser (reader->parser);
}

static void
report_cb (void       *context,
           xmlErrorPtr report)
{
  Reader *reader = reader_of (context);
  g_autofree char *words = NULL;

  if (reader->error || report->level < XML_ERR_ERROR)
    return;

  words = g_utf8_make_valid (report->message ? report->message : "", -1);
  g_strchomp (words);
  g_set_error (&reader->error, FP_XML_ERROR, FP_XML_ERROR_NOT_WELL_FORMED, _("Line %d: %s"),
               report->line, words);
}

static void
start_element_cb (void           *context,
                  const xmlChar  *name,
                  const xmlChar  *prefix,
                  const xmlChar  *uri,
                  int             n_namespaces,
                  const xmlChar **namespaces,
                  int             n_attributes,
                  int             n_defaulted,
                  const xmlChar **attributes)
{
  Reader *reader = reader_of (context);

  reader->depth++;
  reader->elements++;
  reader->namespaces += n_namespaces;
  if (reader->depth > MAX_DEPTH)
    refuse (reader, _("elements are nested deeper than %d levels"), MAX_DEPTH);
  else if (reader->elements > MAX_ELEMENTS)
    refuse (reader, _("there are more than %d elements"), MAX_ELEMENTS);
  else if (reader->namespaces > MAX_NAMESPACES)
    refuse (reader, _("there are more than %d namespace declarations"), MAX_NAMESPACES);

  xmlSAX2StartElementNs (context, name, prefix, uri, n_namespaces, namespaces, n_attributes,
                         n_defaulted, attributes);
}

static void
end_element_cb (void          *context,
                const xmlChar *name,
                const xmlChar *prefix,
                const xmlChar *uri)
{
  reader_of (context)->depth--;
  xmlSAX2EndElementNs (context, name, prefix, uri);
}

static void
entity_decl_cb (void          *context,
                const xmlChar *name,
                int            type,
                const xmlChar *public_id,
                const xmlChar *system_id,
                xmlChar       *content)
{
  refuse (reader_of (context), _("it declares the entity “%s”; entities are not accepted"),
          (const char *) name);
}

static void
unparsed_entity_decl_cb (void          *context,
                         const xmlChar *name,
                         const xmlChar *public_id,
                         const xmlChar *system_id,
                         const xmlChar *notation)
{
  refuse (reader_of (context), _("it declares the entity “%s”; entities are not accepted"),
          (const char *) name);
}

static void
attribute_decl_cb (void             *context,
                   const xmlChar    *element,
                   const xmlChar    *name,
                   int               type,
                   int               def,
                   const xmlChar    *value,
                   xmlEnumerationPtr tree)
{
  xmlFreeEnumeration (tree);
  refuse (reader_of (context), _("it has declarations in its DOCTYPE, which are not accepted"));
}

static void
element_decl_cb (void                *context,
                 const xmlChar       *name,
                 int                  type,
                 xmlElementContentPtr content)
{
  refuse (reader_of (context), _("it has declarations in its DOCTYPE, which are not accepted"));
}

static void
reference_cb (void          *context,
              const xmlChar *name)
{
  refuse (reader_of (context), _("it uses the entity “%s”; entities are not accepted"),
          (const char *) name);
}

/* No external subset is ever looked for. */
static void
external_subset_cb (void          *context,
                    const xmlChar *name,
                    const xmlChar *public_id,
                    const xmlChar *system_id)
{
}

static void
install (xmlParserCtxt *parser,
         Reader        *reader)
{
  reader->parser = parser;
  parser->_private = reader;
  parser->sax->serror = report_cb;
  parser->sax->startElementNs = start_element_cb;
  parser->sax->endElementNs = end_element_cb;
  parser->sax->entityDecl = entity_decl_cb;
  parser->sax->unparsedEntityDecl = unparsed_entity_decl_cb;
  parser->sax->attributeDecl = attribute_decl_cb;
  parser->sax->elementDecl = element_decl_cb;
  parser->sax->reference = reference_cb;
  parser->sax->externalSubset = external_subset_cb;
}

static gboolean
check_bytes (const char *text,
             gsize       length,
             GError    **error)
{
  if (length > FP_XML_MAX_BYTES)
    g_set_error (error, FP_XML_ERROR, FP_XML_ERROR_REFUSED, _("It is larger than %d MiB"),
                 FP_XML_MAX_BYTES / (1024 * 1024));
  else if (length == 0)
    g_set_error_literal (error, FP_XML_ERROR, FP_XML_ERROR_NOT_WELL_FORMED, _("It is empty"));
  else if (!g_utf8_validate_len (text, length, NULL))
    g_set_error_literal (error, FP_XML_ERROR, FP_XML_ERROR_NOT_WELL_FORMED,
                         _("It is not text in UTF-8"));
  else if (fp_xml_scan_attributes (text, length) > MAX_ATTRIBUTES)
    g_set_error (error, FP_XML_ERROR, FP_XML_ERROR_REFUSED,
                 _("An element has more than %d attributes"), MAX_ATTRIBUTES);
  else
    return TRUE;

  return FALSE;
}

/**
 * fp_xml_parse_text:
 * @text: UTF-8, need not be terminated
 * @length: bytes, or -1 for a terminated string
 *
 * Reads a document from a stranger. Any thread.
 *
 * Returns: (transfer full): the document, or %NULL with [error@XmlError]: a sentence with the line
 */
xmlDoc *
fp_xml_parse_text (const char *text,
                   gssize      length,
                   GError    **error)
{
  g_autoptr(xmlParserCtxt) parser = NULL;
  Reader reader = { 0 };
  xmlDoc *doc;

  if (length < 0)
    length = strlen (text);
  if (!check_bytes (text, length, error))
    return NULL;

  xmlInitParser ();
  parser = xmlNewParserCtxt ();
  install (parser, &reader);
  /* The bytes are known to be UTF-8, whatever the declaration says: no converter that could complain on stderr. */
  doc = xmlCtxtReadMemory (parser, text, (int) length, NULL, "UTF-8",
                           XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_BIG_LINES);
  if (!doc && !reader.error)
    g_set_error_literal (&reader.error, FP_XML_ERROR, FP_XML_ERROR_NOT_WELL_FORMED,
                         _("It is not an XML document"));
  if (reader.error)
    {
      g_clear_pointer (&doc, xmlFreeDoc);
      g_propagate_error (error, reader.error);
    }

  return doc;
}

/**
 * fp_xml_parse:
 * @bytes: at most %FP_XML_MAX_BYTES
 *
 * As [func@xml_parse_text].
 */
xmlDoc *
fp_xml_parse (GBytes  *bytes,
              GError **error)
{
  gsize length;
  const char *text = g_bytes_get_data (bytes, &length);

  return fp_xml_parse_text (text ? text : "", length, error);
}
