/* fp-xml.h — libxml2 behind a fence: a hardened reader, autoptrs, and small helpers
 *
 * Nothing here touches the network or a file, and nothing is written to stderr. All functions may be called from any
 * thread; a document belongs to one thread at a time. */
#pragma once

#include <glib.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xpath.h>

G_BEGIN_DECLS

typedef enum {
  FP_XML_ERROR_NOT_WELL_FORMED, /* the message names the line */
  FP_XML_ERROR_REFUSED,         /* well-formed perhaps, but with declarations or beyond a limit */
} FpXmlError;

#define FP_XML_ERROR (fp_xml_error_quark ())
GQuark fp_xml_error_quark (void);

#define FP_XML_MAX_BYTES (16 * 1024 * 1024)

G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlDoc, xmlFreeDoc)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlParserCtxt, xmlFreeParserCtxt)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlXPathContext, xmlXPathFreeContext)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlXPathObject, xmlXPathFreeObject)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlXPathCompExpr, xmlXPathFreeCompExpr)

/* UTF-8 only. No DTD declarations, no entities but the five of XML, at most FP_XML_MAX_BYTES, 100 levels, 400,000
 * elements, 256 attributes an element, 1,000 namespace declarations. Comments and processing instructions are kept. */
xmlDoc     *fp_xml_parse         (GBytes      *bytes,
                                  GError     **error);
xmlDoc     *fp_xml_parse_text    (const char  *text,
                                  gssize       length,
                                  GError     **error);

/* @ns: (nullable): NULL matches any namespace, "" none. */
gboolean    fp_xml_is            (xmlNode     *node,
                                  const char  *ns,
                                  const char  *name);
xmlNode    *fp_xml_first         (xmlNode     *parent); /* first child element or NULL */
xmlNode    *fp_xml_next          (xmlNode     *node);   /* next sibling element or NULL */
xmlNode    *fp_xml_child         (xmlNode     *parent,
                                  const char  *ns,
                                  const char  *name);
/* Text of the element and all below it; never NULL. */
char       *fp_xml_dup_text      (xmlNode     *node);
/* @ns: "" = an attribute without prefix. NULL = no such attribute. */
char       *fp_xml_dup_attribute (xmlNode     *node,
                                  const char  *ns,
                                  const char  *name);
/* Text as it stands in a document: escaped for element content and attribute values alike. */
void        fp_xml_append_escaped(GString     *out,
                                  const char  *text);
/* @text without the characters that XML 1.0 cannot carry, and valid UTF-8. */
char       *fp_xml_dup_legal     (const char  *text);

G_END_DECLS
