/* fp-xml-scan.h — a look at the bytes before libxml2 sees them */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The largest number of attributes in one tag. libxml2 compares each attribute of a tag with every other one, so this
 * must be known before it parses. */
gsize fp_xml_scan_attributes (const char *text,
                              gsize       length);

G_END_DECLS
